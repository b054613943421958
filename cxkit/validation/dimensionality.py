"""How many factors stand behind the answers? Horn's parallel analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxkit.errors import AnalysisError, counted, nearest
from cxkit.results import figures
from cxkit.results.result import Result
from cxkit.results.tables import TWO_DIGITS
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, moments, regular_correlations, select
from cxkit.validation.extraction import SMALLEST_UNIQUENESS

Method = Literal["factor", "components"]
RandomData = Literal["resampled", "normal"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ParallelAnalysis(Result):
    """Eigenvalues of the answers beside those of random data; `n_factors` is the number that stand out."""

    n_factors: int
    notes: tuple[str, ...] = ()

    title: ClassVar[str] = "Parallel analysis: how many factors"
    cites: ClassVar[tuple[str, ...]] = ("horn1965",)
    shown: ClassVar[tuple[str, ...]] = ("factor", "observed", "random_mean", "random", "stands_out")

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
        kinds = {"resampled": "every item's own answers, drawn anew", "normal": "normal random numbers"}
        made = (
            f"Random data: {self.settings['simulations']} data sets of {kinds[str(self.settings['random_data'])]}, "
            f"seed {self.settings['seed']}."
        )
        return " ".join([made, *self.notes, super().note])

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
        axes.legend(frameon=False)


def _pair(row: pd.Series) -> str:
    return f"{TWO_DIGITS(row['observed'])} against {TWO_DIGITS(row['random'])}"


def parallel_analysis(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    method: Method = "factor",
    missing: Missing = "complete",
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
        "complete" uses respondents who answered every item, "pairwise" those who answered both items of a pair.
    random_data
        "resampled" draws every item's answers anew, each item by itself, which keeps their distribution and their
        gaps; "normal" draws correlations of independent normal numbers, at a cost that does not grow with respondents.
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
        If an item is constant or follows from others, or there are no more respondents than items.

    Notes
    -----
    Follows R's `psych::fa.parallel(x, fm = "minres", quant = .95)`: communalities come from a minres solution with one
    factor, for the answers and for every random data set. With both kinds of random data at hand, psych's suggested
    number rests on the normal ones.
    """
    _check_options(method, random_data, simulations, quantile)
    selection = select(survey, dimensions, items=1, analysis="parallel analysis")
    found = regular_correlations(survey, selection, missing, analysis="Parallel analysis")
    rng = np.random.default_rng(seed)
    if random_data == "normal":
        random = _normal_correlations(found.n, len(found.items), simulations, rng)
    else:
        answers = survey.answers[selection.item_keys]
        used = answers.dropna() if missing == "complete" else answers.dropna(how="all")
        random = _resampled_correlations(used, missing, simulations, rng)
    values = _EIGENVALUES[method]
    simulated = values(random)
    frame = _compare(values(found.correlation[np.newaxis])[0], simulated, quantile)
    return ParallelAnalysis(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        settings={
            "dimensions": [d.key for d in selection.dimensions], "method": method, "missing": missing,
            "random_data": random_data, "simulations": simulations, "quantile": quantile, "seed": seed,
        },
        data=survey.stamp,
        n_factors=int(frame["stands_out"].sum()),
        notes=selection.notes,
    )  # fmt: skip


def _check_options(method: str, random_data: str, simulations: int, quantile: float) -> None:
    for name, value, known in (
        ("method", method, ("factor", "components")),
        ("random_data", random_data, ("resampled", "normal")),
    ):
        if value not in known:
            raise AnalysisError(f"{name}='{value}' is not known.{nearest(str(value), known)}")
    if simulations < 1:
        raise AnalysisError(f"simulations={simulations} must be at least 1; 100 or more give a steady count.")
    if not 0 < quantile < 1:
        raise AnalysisError(f"quantile={quantile} must lie between 0 and 1, such as 0.95.")


def _compare(observed: np.ndarray, simulated: np.ndarray, quantile: float) -> pd.DataFrame:
    limit = np.quantile(simulated, quantile, axis=0)
    return pd.DataFrame(
        {
            "factor": np.arange(1, len(observed) + 1),
            "observed": observed,
            "random": limit,
            "random_mean": simulated.mean(axis=0),
            "stands_out": np.logical_and.accumulate(observed > limit),  # counting stops at the first that does not
        }
    )


def _resampled_correlations(
    answers: pd.DataFrame, missing: Missing, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    values = answers.to_numpy(dtype="float64")
    matrices = np.empty((simulations, values.shape[1], values.shape[1]))
    for i in range(simulations):
        drawn = np.take_along_axis(values, rng.integers(0, len(values), size=values.shape), axis=0)
        matrices[i] = moments(pd.DataFrame(drawn, copy=False), missing).correlation
    if not np.isfinite(matrices).all():
        raise AnalysisError(
            "In random data drawn from these answers some item no longer varies: too few respondents gave another "
            "answer than the rest. Use random_data='normal'."
        )
    return matrices


def _normal_correlations(n: int, items: int, simulations: int, rng: np.random.Generator) -> np.ndarray:
    """Correlations of n independent normal answers to each item, without drawing them.

    Their sums of squares and products follow a Wishart distribution, whose triangular root has chi-distributed
    diagonal and standard normal entries below it (Bartlett's decomposition).
    """
    root = np.tril(rng.standard_normal((simulations, items, items)), -1)
    diagonal = np.arange(items)
    root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(n - 1 - diagonal, size=(simulations, items)))
    root /= np.linalg.norm(root, axis=2, keepdims=True)
    return np.asarray(root @ root.transpose(0, 2, 1))


def component_eigenvalues(correlations: np.ndarray) -> np.ndarray:
    """Eigenvalues of each correlation matrix, largest first: (matrices, items, items) to (matrices, items)."""
    return np.asarray(np.linalg.eigvalsh(correlations)[:, ::-1])


def factor_eigenvalues(correlations: np.ndarray) -> np.ndarray:
    """Eigenvalues of each matrix with the communalities of its one-factor solution on the diagonal, largest first."""
    reduced = correlations.copy()
    diagonal = np.arange(correlations.shape[1])
    reduced[:, diagonal, diagonal] = one_factor_loadings(correlations) ** 2
    return component_eigenvalues(reduced)


_EIGENVALUES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "factor": factor_eigenvalues,
    "components": component_eigenvalues,
}


def one_factor_loadings(correlations: np.ndarray, *, tolerance: float = 1e-7, sweeps: int = 5000) -> np.ndarray:
    """Minres loadings on one factor for many matrices at once: (matrices, items, items) to (matrices, items).

    The original algorithm (Harman & Jones 1966) sets one loading after another to the value that leaves the smallest
    residuals, given the others; it never gets worse, and doing so for all matrices at once is what makes it quick.
    Loadings are held to communalities below 1 - 0.005. A matrix is done when no loading moves by more than `tolerance`.
    """
    r = correlations.copy()
    items = r.shape[1]
    r[:, np.arange(items), np.arange(items)] = 0.0
    values, vectors = np.linalg.eigh(r)
    loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 1e-3))
    result = loadings.copy()
    going = np.arange(len(r))
    for _ in range(sweeps):
        before = loadings.copy()
        _sweep(r, loadings)
        result[going] = loadings
        moving = np.abs(loadings - before).max(axis=1) > tolerance
        if not moving.any():
            break
        going, loadings, r = going[moving], loadings[moving], r[moving]
    return result


def _sweep(r: np.ndarray, loadings: np.ndarray) -> None:
    """Adjust every loading once, in place; `r` has an empty diagonal."""
    largest = np.sqrt(1 - SMALLEST_UNIQUENESS)
    total = (loadings**2).sum(axis=1)
    for i in range(loadings.shape[1]):
        rest = total - loadings[:, i] ** 2
        wanted = (r[:, i] * loadings).sum(axis=1) / np.maximum(rest, 1e-12)
        loadings[:, i] = np.clip(wanted, -largest, largest)
        total = rest + loadings[:, i] ** 2
