"""How many factors stand behind the answers? Horn's parallel analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxkit.errors import counted
from cxkit.results import figures
from cxkit.results.options import check_choice, check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, Moments, handling_note, select
from cxkit.validation.factors.associations import Correlation, item_correlations, used_answers
from cxkit.validation.factors.eigenvalues import EIGENVALUES
from cxkit.validation.factors.random_correlations import (
    RandomData,
    normal_correlations,
    resampled_correlations,
    resampled_polychoric,
    thresholded_polychoric,
)

Method = Literal["factor", "components"]
NOT_SIMULATED = (
    "its random data are respondents who all count alike, whose eigenvalues spread less than those of weighted "
    "answers; minimum_average_partial takes weights"
)
"""Why weighted answers are refused."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ParallelAnalysis(Result):
    """Eigenvalues of the answers beside those of random data; `n_factors` is the number that stand out."""

    n_factors: int

    title: ClassVar[str] = "Parallel analysis: how many factors"
    shown: ClassVar[tuple[str, ...]] = ("factor", "observed", "random_mean", "random", "stands_out")

    @property
    def references(self) -> tuple[str, ...]:
        """Of parallel analysis, and of polychoric correlations."""
        return ("horn1965", "olsson1979") if self.settings["correlation"] == "polychoric" else ("horn1965",)

    @property
    def text(self) -> str:
        """The number, with the last eigenvalue that stands out and the first that does not."""
        kind = "component" if self.settings["method"] == "components" else "factor"
        if self.n_factors == 0:
            first = _pair(self.frame.iloc[0])
            return f"Parallel analysis suggests no common {kind}: not even the first eigenvalue stands out ({first})."
        count = counted(self.n_factors, kind)
        said = f"Parallel analysis suggests {count}: eigenvalue {self.n_factors} stands out from random data"
        last = self.frame.iloc[self.n_factors - 1]
        if self.n_factors == len(self.frame):
            return f"{said} ({_pair(last)})."
        following = self.frame.iloc[self.n_factors]
        return f"{said} ({_pair(last)}), eigenvalue {self.n_factors + 1} does not ({_pair(following)})."

    @property
    def note(self) -> str:
        """How the random data were made, what is left out, and the usual line."""
        polychoric = self.settings["correlation"] == "polychoric"
        kinds = {
            "resampled": "every item's own answers, drawn anew",
            "normal": f"normal random numbers{', cut like the answers' if polychoric else ''}",
        }
        made = (
            f"Random data: {self.settings['simulations']} data sets of {kinds[str(self.settings['random_data'])]}, "
            f"seed {self.settings['seed']}.{' Polychoric correlations.' if polychoric else ''}"
        )
        return " ".join([made, super().note])

    @property
    def table(self) -> pd.DataFrame:
        """The printed table, headed by the percentile that was asked for."""
        return super().table.rename(columns=lambda name: name.replace("95th pct.", self._percentile))

    @property
    def _percentile(self) -> str:
        return f"{float(str(self.settings['quantile'])) * 100:g} % quantile"

    @property
    def figure_size(self) -> tuple[float, float]:
        """The same for any number of items."""
        return 7.0, 4.2

    @property
    def alt(self) -> str:
        """The first eigenvalues beside those of random data."""
        several = self.frame.head(self.n_factors + 2)
        pairs = "; ".join(f"{int(row['factor'])}: {_pair(row)}" for _, row in several.iterrows())
        return (
            f"Scree plot: eigenvalues of the answers beside the {self._percentile} of random data. {pairs}. {self.text}"
        )

    def draw(self, axes: Axes) -> None:
        """Observed and random eigenvalues by factor number."""
        number = self.frame["factor"].to_numpy()
        kept = self.frame["stands_out"].to_numpy()
        observed = self.frame["observed"].to_numpy()
        axes.plot(number, observed, "-", color=figures.BLUE, linewidth=1.4)
        axes.plot(
            number[kept], observed[kept], "o", color=figures.BLUE, markersize=8, label=f"stands out ({self.n_factors})"
        )
        axes.plot(number[~kept], observed[~kept], "o", mfc="white", mec=figures.BLUE, label="does not stand out")
        axes.plot(
            number, self.frame["random"], "x--", color=figures.RED, markersize=5, linewidth=1.2,
            label=f"random data, {self._percentile}",
        )  # fmt: skip
        axes.axhline(0, color=figures.GREY, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        kind = "Component" if self.settings["method"] == "components" else "Factor"
        axes.set_xlabel(f"{kind} number")
        axes.set_ylabel("Eigenvalue" if kind == "Component" else "Eigenvalue (common variance only)")
        figures.legend_below(axes)


def _pair(row: pd.Series) -> str:
    return f"{TWO_DIGITS(row['observed'])} against {TWO_DIGITS(row['random'])}"


def parallel_analysis(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    method: Method = "factor",
    missing: Missing = "pairwise",
    correlation: Correlation = "pearson",
    random_data: RandomData = "resampled",
    simulations: int = 100,
    quantile: float = 0.95,
    seed: int = 1,
) -> ParallelAnalysis:
    """How many factors do the answers need that random answers of the same shape would not show?

    Counts the eigenvalues, from the first on, that exceed the given quantile of those of random data.

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    dimensions
        Keys of the dimensions; all of them where None.
    method
        "factor" takes the eigenvalues of the correlations with communalities on the diagonal, "components" those of the
        correlations themselves.
    missing
        "pairwise" uses for each pair of items the respondents who answered both, in the answers and in every random
        data set alike; "complete" uses only respondents who answered every item. "fiml" is "pairwise" here, because
        random data sets are not worth an estimation by maximum likelihood each.
    correlation
        "pearson" takes answers as numbers; "polychoric" takes them as ordered categories of normal variables, for the
        answers and for every random data set.
    random_data
        "resampled" draws every item's answers anew, each item by itself, which keeps their distribution and their
        gaps; "normal" draws correlations of independent normal numbers, at a cost that does not grow with respondents
        (with "polychoric" it draws the numbers and cuts them where the answers are cut).
    simulations
        How many random data sets.
    quantile
        Which quantile of the random eigenvalues must be exceeded (0 to 1).
    seed
        Of the random numbers: the same seed gives the same result.

    Returns
    -------
    ParallelAnalysis
        A row a factor: factor (number), observed, random (the quantile), random_mean, stands_out; the count in
        `n_factors`.

    Raises
    ------
    AnalysisError
        If an item is constant or follows from others, there are no more respondents than items, or an item has too many
        different answers for "polychoric".

    Notes
    -----
    Follows R's `psych::fa.parallel(x, fm = "minres", quant = .95)`: communalities come from a minres solution with one
    factor, for the answers and for every random data set. With both kinds of random data at hand, psych's suggested
    number rests on the normal ones. Eigenvalues of polychoric correlations are those of
    `lavaan::lavCor(x, ordered = names(x))`.
    """
    found = parallel_analyses(
        survey, methods=[method], dimensions=dimensions, missing=missing, correlation=correlation,
        random_data=random_data, simulations=simulations, quantile=quantile, seed=seed,
    )  # fmt: skip
    return found[method]


def parallel_analyses(
    survey: Survey,
    *,
    methods: Sequence[Method],
    dimensions: Sequence[str] | None,
    missing: Missing,
    correlation: Correlation,
    random_data: RandomData,
    simulations: int,
    quantile: float,
    seed: int,
) -> dict[Method, ParallelAnalysis]:
    """The same for several methods, which share the random data; see `parallel_analysis`."""
    _check(methods, random_data, missing, correlation)
    check_options(simulations=simulations, quantile=quantile, seed=seed)
    # Both sides of the comparison must treat gaps alike, and EM for every random data set would take minutes.
    missing = "pairwise" if missing == "fiml" else missing
    selection = select(survey, dimensions, items=1, analysis="parallel analysis", why_not=NOT_SIMULATED)
    found = item_correlations(survey, selection, missing, correlation, analysis="Parallel analysis")
    used = used_answers(survey, selection, missing)
    random = _random_correlations(found, used, missing, correlation, random_data, simulations, seed)
    results: dict[Method, ParallelAnalysis] = {}
    for method in methods:
        eigenvalues = EIGENVALUES[method]
        frame = _compare(eigenvalues(found.correlation[np.newaxis])[0], eigenvalues(random), quantile)
        results[method] = ParallelAnalysis(
            frame=frame,
            n=found.n,
            n_dropped=survey.n - found.n,
            settings={
                "dimensions": [d.key for d in selection.dimensions], "method": method, "missing": missing,
                "correlation": correlation, "random_data": random_data, "simulations": simulations,
                "quantile": quantile, "seed": seed,
            },
            data=survey.stamp,
            n_factors=int(frame["stands_out"].sum()),
            notes=(*selection.notes, *handling_note(found, missing, correlation)),
        )  # fmt: skip
    return results


def _random_correlations(
    found: Moments, used: pd.DataFrame, missing: Missing, correlation: Correlation, random_data: RandomData,
    simulations: int, seed: int,
) -> np.ndarray:  # fmt: skip
    """Correlation matrices of as many random data sets, of normal or resampled answers."""
    rng = np.random.default_rng(seed)
    if correlation == "pearson" and random_data == "normal":
        return normal_correlations(found.n, len(found.items), simulations, rng)
    return _RANDOM[correlation, random_data](used, missing, simulations, rng)


def _check(methods: Sequence[Method], random_data: RandomData, missing: Missing, correlation: Correlation) -> None:
    for method in methods:
        check_choice("method", method, Method)
    check_choice("random_data", random_data, RandomData)
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)


_NOTHING = 1e-9
"""By less no eigenvalue stands out: with two items the second is 0 but for rounding, and so are those at random."""
_RANDOM = {
    ("pearson", "resampled"): resampled_correlations,
    ("polychoric", "resampled"): resampled_polychoric,
    ("polychoric", "normal"): thresholded_polychoric,
}


def _compare(observed: np.ndarray, simulated: np.ndarray, quantile: float) -> pd.DataFrame:
    limit = np.quantile(simulated, quantile, axis=0)
    return pd.DataFrame(
        {
            "factor": np.arange(1, len(observed) + 1),
            "observed": observed,
            "random": limit,
            "random_mean": simulated.mean(axis=0),
            "stands_out": np.logical_and.accumulate(
                observed - limit > _NOTHING
            ),  # counting stops at the first that does not
        }
    )
