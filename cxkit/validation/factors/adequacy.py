"""Do the items share enough for a factor analysis? Kaiser's measure and Bartlett's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.results import figures
from cxkit.results.options import check_choice
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, probability, whole
from cxkit.results.thresholds import KMO_KAISER, Verdicts, judge
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, handling, handling_note, select
from cxkit.validation.factors.associations import Correlation, item_correlations

MISERABLE = KMO_KAISER.bands[1][0]
SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class SamplingAdequacy(Result):
    """KMO of every item in the frame, and overall in `kmo`; Bartlett's test in `chi_square`, `df` and `p_value`."""

    kmo: float
    chi_square: float
    df: int
    p_value: float
    notes: tuple[str, ...] = ()

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Sampling adequacy (KMO) and Bartlett's test"
    cites: ClassVar[tuple[str, ...]] = ("kaiser1974", "bartlett1951")
    shown: ClassVar[tuple[str, ...]] = ("title", "item", "text", "kmo")
    grouped: ClassVar[str] = "title"

    @property
    def text(self) -> str:
        """KMO with Kaiser's word for it, the weakest item, and Bartlett's test."""
        weakest = self.frame.loc[ties.smallest(self.frame["kmo"])]
        shown = "" if self.p_value < SIGNIFICANT else "not shown to be "
        return (
            f"KMO is {KMO_KAISER.shown(self.kmo)}, which Kaiser (1974) called {KMO_KAISER.verdict(self.kmo)}; the "
            f"lowest item is {weakest['item']} with {TWO_DIGITS(weakest['kmo'])}. {self._bartlett}: the items are "
            f"{shown}correlated, which says nothing of how strongly."
        )

    @property
    def _bartlett(self) -> str:
        p = probability(self.p_value)
        equal = "" if p.startswith("<") else "= "
        return f"Bartlett's test: χ²({whole(self.df)}) = {self.chi_square:,.1f}, p {equal}{p}"

    @property
    def note(self) -> str:
        """Overall KMO and test, what is left out, and the usual line."""
        return " ".join([f"Overall KMO {KMO_KAISER.shown(self.kmo)}. {self._bartlett}.", *self.notes, super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items."""
        return 7.0, 1.6 + 0.24 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The measure of every item."""
        each = ", ".join(f"{row['item']} {TWO_DIGITS(row['kmo'])}" for _, row in self.frame.iterrows())
        return f"Sampling adequacy of each item, from 0 to 1; overall {KMO_KAISER.shown(self.kmo)}. {each}."

    def draw(self, axes: Axes) -> None:
        """The measure of each item, with Kaiser's lowest acceptable value and the overall measure."""
        heights = figures.rows(axes, self.frame["item"].tolist())
        axes.plot(self.frame["kmo"], heights, "o", color=figures.BLUE)
        axes.axvline(self.kmo, color=figures.BLUE, linewidth=1.2)
        axes.axvline(MISERABLE, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(0, 1)
        axes.set_xlabel(
            f"Measure of sampling adequacy (MSA)\nline: all items together, {KMO_KAISER.shown(self.kmo)}; dashed line: "
            f"{TWO_DIGITS(MISERABLE)}, unacceptable below ({cite(KMO_KAISER.source)})"
        )


def sampling_adequacy(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "fiml",
    correlation: Correlation = "pearson",
) -> SamplingAdequacy:
    """Do the items share enough for a factor analysis?

    KMO compares correlations with what is left of them when all other items are held constant: near 1, items share
    factors; below .50, correlations are a matter of single pairs. Bartlett's test asks only whether there is any
    correlation at all; with many respondents it always finds some.

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "fiml" uses all answers (the covariances that maximum likelihood gives them, by EM), "pairwise" for each pair of
        items the respondents who answered both, "complete" only those who answered every item. Polychoric correlations
        are taken pair by pair under "fiml" too.
    correlation
        "pearson" takes answers as numbers, "polychoric" the normal variables behind ordered answers.

    Returns
    -------
    SamplingAdequacy
        A row an item (dimension, title, item, text, reversed, kmo); overall numbers in the fields kmo, chi_square, df
        and p_value.

    Raises
    ------
    AnalysisError
        If an item is constant or follows from others, or there are no more respondents than items.

    Notes
    -----
    Agrees with R's `psych::KMO(r)` and `psych::cortest.bartlett(r, n)`. With "pairwise", n is the number of respondents
    with any answer, as that call is commonly made; the chi-square is then somewhat too large.
    """
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)
    selection = select(survey, dimensions, items=1, analysis="sampling adequacy", weighted=True)
    found = item_correlations(survey, selection, missing, correlation, analysis="Sampling adequacy")
    overall, per_item = kaiser_meyer_olkin(found.correlation)
    chi_square, df = bartlett(found.correlation, found.effective)
    frame = selection.item_frame.assign(kmo=per_item)
    return SamplingAdequacy(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={
            "dimensions": [d.key for d in selection.dimensions],
            "missing": handling(missing, correlation),
            "correlation": correlation,
        },
        data=survey.stamp,
        verdicts=Verdicts(
            judge(KMO_KAISER, ["all items"], [overall]).items + judge(KMO_KAISER, frame["item"], frame["kmo"]).items
        ),
        kmo=overall,
        chi_square=chi_square,
        df=df,
        p_value=float(stats.chi2.sf(chi_square, df)),
        notes=(*selection.notes, *handling_note(found, missing, correlation)),
    )


def kaiser_meyer_olkin(correlation: np.ndarray) -> tuple[float, np.ndarray]:
    """KMO overall and by item, from correlations and partial correlations."""
    inverse = np.linalg.inv(correlation)
    scale = 1 / np.sqrt(np.diag(inverse))
    off_diagonal = ~np.eye(len(correlation), dtype=bool)
    r2 = np.where(off_diagonal, correlation, 0.0) ** 2
    partial2 = np.where(off_diagonal, inverse * np.outer(scale, scale), 0.0) ** 2
    by_item = r2.sum(axis=0) / (r2.sum(axis=0) + partial2.sum(axis=0))
    return float(r2.sum() / (r2.sum() + partial2.sum())), by_item


def bartlett(correlation: np.ndarray, n: float) -> tuple[float, int]:
    """Chi-square and df of the test that no two items correlate."""
    p = len(correlation)
    _, log_determinant = np.linalg.slogdet(correlation)
    return float(-(n - 1 - (2 * p + 5) / 6) * log_determinant), p * (p - 1) // 2
