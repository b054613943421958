"""How many factors stand behind the answers? What several methods say, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxkit.errors import counted
from cxkit.results import figures
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing
from cxkit.validation.factors.associations import Correlation
from cxkit.validation.factors.average_partial import MinimumAveragePartial, minimum_average_partial
from cxkit.validation.factors.parallel import Method, ParallelAnalysis, parallel_analyses

_METHODS: dict[Method, str] = {"factor": "factors", "components": "components"}
_CALLED: dict[Correlation, str] = {"pearson": "", "polychoric": ", polychoric"}

INSTRUMENT = "Dimensions of the instrument"
KAISER = "Eigenvalues above 1 (Kaiser)"


@dataclass(frozen=True, eq=False, kw_only=True)
class NumberOfFactors(Result):
    """What each method says; `n_factors` is the number that most of those that count agree on."""

    n_factors: int
    lowest: int
    highest: int

    title: ClassVar[str] = "Number of factors: what the methods say"
    shown: ClassVar[tuple[str, ...]] = ("method", "n_factors", "counts", "remark")

    @property
    def references(self) -> tuple[str, ...]:
        """The sources of the methods."""
        return tuple(dict.fromkeys(key for key in self.frame["source"] if key))

    @property
    def text(self) -> str:
        """The number, how many methods say so, the range, and what Kaiser's rule would have said."""
        counted_in = self.frame[self.frame["counts"]]
        agree = int((counted_in["n_factors"] == self.n_factors).sum())
        if agree == 1 < len(counted_in):
            each = sorted(counted_in["n_factors"].astype(int))
            return (
                f"The methods do not agree: {', '.join(map(str, each[:-1]))} and {each[-1]} factors, one method each. "
                f"n_factors is {self.n_factors}, that of {self._decides(counted_in)}. {self._beside()}"
            )
        others = f"the suggestions range from {self.lowest} to {self.highest}"
        if self.lowest == self.highest:
            others = "none disagrees"
        votes = counted_in["n_factors"].value_counts()
        tied = sorted(int(number) for number in votes.index[votes == agree] if number != self.n_factors)
        tie = f" (as many suggest {' and '.join(map(str, tied))})" if tied else ""
        return (
            f"{agree} of {len(counted_in)} methods suggest {counted(self.n_factors, 'factor')}{tie}; {others}. "
            f"{self._beside()}"
        )

    def _decides(self, counted_in: pd.DataFrame) -> str:
        """The method whose number is taken where no two agree."""
        method = counted_in.loc[counted_in["n_factors"] == self.n_factors, "method"].iloc[0]
        return f"{method[:1].lower()}{method[1:]}"

    @property
    def _agreed_on(self) -> str:
        """What the number is, below a figure."""
        counted_in = self.frame[self.frame["counts"]]
        agree = int((counted_in["n_factors"] == self.n_factors).sum())
        if agree == 1 < len(counted_in):
            return f"that of {self._decides(counted_in)}, since no two methods agree"
        return "what most agree on" if agree > 1 else "what the only method says"

    def _beside(self) -> str:
        rows = self.frame.set_index("method")["n_factors"]
        return (
            f"The instrument has {counted(int(rows[INSTRUMENT]), 'dimension')}. Kaiser's rule would say "
            f"{int(rows[KAISER])}, and is known to be a poor guide."
        )

    @property
    def note(self) -> str:
        """How ties are decided, what is left out, and the usual line."""
        made = f"{self.settings['simulations']} random data sets, seed {self.settings['seed']}."
        rule = "Ties go to parallel analysis of factors, else to the larger number."
        return " ".join([made, rule, super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for every method and the legend."""
        return 7.0, 1.8 + 0.42 * len(self.frame)

    @property
    def alt(self) -> str:
        """Every method's number."""
        each = "; ".join(f"{row['method']}: {row['n_factors']}" for _, row in self.frame.iterrows())
        return f"Number of factors by method, with a line at {self.n_factors}, {self._agreed_on}. {each}."

    def draw(self, axes: Axes) -> None:
        """Each method's number; those that do not count are open squares."""
        heights = figures.rows(axes, self.frame["method"].tolist())
        number, counts = self.frame["n_factors"].to_numpy(), self.frame["counts"].to_numpy(dtype=bool)
        axes.axvline(self.n_factors, color=figures.GREY, linewidth=1, linestyle="--")
        axes.plot(number[counts], heights[counts], "o", color=figures.BLUE, markersize=8, label="counts")
        axes.plot(
            number[~counts], heights[~counts], "s", mfc="none", mec=figures.RED, mew=1.5, markersize=8,
            label="for contrast only",
        )  # fmt: skip
        axes.set_xlim(-0.5, float(number.max()) + 0.8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(f"Suggested number of factors; dashed line: {self._agreed_on}")
        figures.legend_below(axes)


def number_of_factors(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "fiml",
    ordinal: bool = False,
    simulations: int = 100,
    seed: int = 1,
) -> NumberOfFactors:
    """How many factors should be taken, going by everything that is commonly asked?

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "fiml" uses all answers: covariances by maximum likelihood (EM) for the minimum average partial, pairs of items
        for parallel analysis, whose random data sets are not worth an estimation each. "pairwise" uses for each pair of
        items the respondents who answered both, "complete" only those who answered every item.
    ordinal
        Whether parallel analysis and minimum average partial are done on polychoric correlations too, whose numbers
        then take part in the vote in place of those of the answers as numbers.
    simulations, seed
        Random data sets of parallel analysis, and of their random numbers.

    Returns
    -------
    NumberOfFactors
        A row a method: method, n_factors, counts (whether it takes part in the vote), remark, source. Kaiser's rule and
        the number of dimensions are there for contrast and do not count.

    Raises
    ------
    AnalysisError
        As `parallel_analysis` and `minimum_average_partial`.

    Notes
    -----
    Parallel analysis as R's `psych::fa.parallel`, minimum average partial as `psych::vss(r)$map`. Scree: optimal
    coordinates, the eigenvalues from the first on that lie above 1 and above the line through the next and the last one
    (Raîche et al. 2013). A vote is a summary, not a test: read the loadings of the neighbouring numbers too.
    """
    check_options(ordinal=ordinal)
    kinds: list[Correlation] = ["pearson", "polychoric"] if ordinal else ["pearson"]
    parallel: dict[tuple[Method, Correlation], ParallelAnalysis] = {}
    for kind in kinds:
        found = _parallel(survey, kind, dimensions, missing, simulations, seed)
        parallel |= {(method, kind): own for method, own in found.items()}
    partial = {
        kind: minimum_average_partial(survey, dimensions=dimensions, missing=missing, correlation=kind)
        for kind in kinds
    }
    first = parallel["factor", "pearson"]
    eigenvalues = parallel["components", "pearson"].frame["observed"].to_numpy()
    keys = first.settings["dimensions"]
    frame = _frame(parallel, partial, eigenvalues, len(keys) if isinstance(keys, list) else 1)
    votes = frame.loc[frame["counts"], "n_factors"].tolist()
    return NumberOfFactors(
        frame=frame,
        n=first.n,
        n_dropped=first.n_dropped,
        settings={
            "dimensions": first.settings["dimensions"], "missing": first.settings["missing"],
            "missing_partial": partial["pearson"].settings["missing"], "ordinal": ordinal, "simulations": simulations,
            "seed": seed,
        },
        data=survey.stamp,
        n_factors=most_agreed(votes),
        lowest=min(votes),
        highest=max(votes),
        notes=tuple(dict.fromkeys([*first.notes, *_partial_note(first, missing)])),
    )  # fmt: skip


def _parallel(
    survey: Survey, kind: Correlation, dimensions: Sequence[str] | None, missing: Missing, simulations: int, seed: int
) -> dict[Method, ParallelAnalysis]:
    """Parallel analyses of both kinds of eigenvalues, against the 95th percentile of resampled answers."""
    return parallel_analyses(
        survey, methods=list(_METHODS), dimensions=dimensions, missing=missing, correlation=kind,
        random_data="resampled", simulations=simulations, quantile=0.95, seed=seed,
    )  # fmt: skip


NO_SECOND_VOTE = "beside the polychoric version, which counts"


def _partial_note(parallel: ParallelAnalysis, missing: Missing) -> list[str]:
    """That the minimum average partial takes other correlations than parallel analysis, where answers are missing."""
    if missing == parallel.settings["missing"] or "both items" not in " ".join(parallel.notes):
        return []
    return ["That is for parallel analysis; the minimum average partial of numbers uses maximum likelihood (EM)."]


def _frame(
    parallel: Mapping[tuple[Method, Correlation], ParallelAnalysis],
    partial: Mapping[Correlation, MinimumAveragePartial],
    eigenvalues: np.ndarray,
    n_dimensions: int,
) -> pd.DataFrame:
    rows: list[tuple[str, int, bool, str, str]] = []
    # One vote a method: the same rule on two kinds of correlations of the same answers is not two witnesses.
    voting = "polychoric" if "polychoric" in partial else "pearson"
    for (method, kind), result in parallel.items():
        vote = (kind == voting, "" if kind == voting else NO_SECOND_VOTE)
        rows.append((f"Parallel analysis, {_METHODS[method]}{_CALLED[kind]}", result.n_factors, *vote, "horn1965"))
    for kind, found in partial.items():
        vote = (kind == voting, "" if kind == voting else NO_SECOND_VOTE)
        rows.append((f"Minimum average partial{_CALLED[kind]}", found.n_factors, *vote, "velicer1976"))
        rows.append((f"Average partial, fourth power{_CALLED[kind]}", found.n_factors_fourth, *vote, "velicer2000"))
    rows.append(("Scree, optimal coordinates", optimal_coordinates(eigenvalues), True, "", "raiche2013"))
    kaiser = int((eigenvalues > 1).sum())
    rows.append((KAISER, kaiser, False, "for contrast: takes too many", "kaiser1960"))
    rows.append((INSTRUMENT, n_dimensions, False, "what it was made for", ""))
    return pd.DataFrame(rows, columns=["method", "n_factors", "counts", "remark", "source"])


def most_agreed(votes: Sequence[int]) -> int:
    """The number named most often; of several, that of the first vote if it is among them, else the largest."""
    counts = np.bincount(votes)
    best = np.flatnonzero(counts == counts.max())
    return int(votes[0] if votes[0] in best else best.max())


def optimal_coordinates(eigenvalues: np.ndarray) -> int:
    """How many eigenvalues, from the first on, lie above 1 and above the line through the next one and the last."""
    last = len(eigenvalues) - 1
    for i in range(last - 1):
        slope = (eigenvalues[last] - eigenvalues[i + 1]) / (last - i - 1)
        if not (eigenvalues[i] > 1 and eigenvalues[i] >= eigenvalues[i + 1] - slope):
            return i
    return max(last - 1, 0)
