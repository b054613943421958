"""How precisely does the total of several dimensions measure? Stratified alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import ALPHA_NUNNALLY, judge
from cxkit.results.weighted import weights_at
from cxkit.statistics.alpha import alpha_from_covariance
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import REQUIRED, Missing, Moments, moments, refuse_unsafe, select
from cxkit.validation.reliability.usable import usable_answers

TOTAL = "Total"


@dataclass(frozen=True, eq=False, kw_only=True)
class StratifiedAlpha(Result):
    """Alpha of each dimension and, in the last row, stratified alpha of their total.

    `stratified` is the reliability of the total; `alpha` that of Cronbach, which takes all items for one dimension.
    """

    stratified: float
    alpha: float

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Reliability of the total of several dimensions: stratified alpha"
    cites: ClassVar[tuple[str, ...]] = ("rajaratnam1965",)
    shown: ClassVar[tuple[str, ...]] = ("title", "items", "alpha", "share_of_variance", "sem")

    @property
    def text(self) -> str:
        """Both alphas of the total."""
        return (
            f"The total of {counted(len(self.frame) - 1, 'dimension')} has a stratified alpha of "
            f"{TWO_DIGITS(self.stratified)}; Cronbach's alpha, which takes all items for one dimension, gives "
            f"{TWO_DIGITS(self.alpha)}."
        )

    @property
    def note(self) -> str:
        """What the last row is, what is left out, and the usual line."""
        last = "Last row: stratified alpha. Shares are of the variance of the total, without what dimensions share."
        return " ".join([last, super().note])

    @property
    def alt(self) -> str:
        """Every alpha."""
        each = ", ".join(f"{row['title']} {TWO_DIGITS(row['alpha'])}" for _, row in self.frame.iterrows())
        return f"Alpha of each dimension and stratified alpha of the total: {each}."

    def draw(self, axes: Axes) -> None:
        """Alpha of each dimension and of the total."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        values = self.frame["alpha"].to_numpy()
        axes.hlines(heights, min(0.0, float(values.min())), values, color="#BBBBBB", linewidth=1.5)
        axes.plot(values[:-1], heights[:-1], "o", color=figures.BLUE)
        axes.plot(values[-1:], heights[-1:], "D", color=figures.ORANGE, markersize=8)
        axes.set_xlim(min(0.0, float(values.min()) - 0.05), 1.0)
        axes.set_xlabel("Cronbach's alpha; diamond: stratified alpha of the total")


def stratified_alpha(
    survey: Survey, *, dimensions: Sequence[str] | None = None, missing: Missing = "complete"
) -> StratifiedAlpha:
    """How precisely does the total of all items measure, if they belong to several dimensions?

    Cronbach's alpha of such a total is too low, because items of different dimensions are not meant to measure the
    same; stratified alpha counts as error only what each dimension's own alpha leaves.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions in the total; all of them where None. Formative ones and those with one item are left
        out, and `notes` says so.
    missing
        "complete" uses respondents who answered every item, "pairwise" those who answered both items of a pair.

    Returns
    -------
    StratifiedAlpha
        A row a dimension, then the total: dimension, title, items, alpha, share_of_variance (0 to 1), sem (standard
        error of measurement of the mean of the items, in units of the answer scale).

    Raises
    ------
    AnalysisError
        If fewer than two dimensions are left, fewer than five respondents, or the answers to one do not vary.

    Notes
    -----
    1 - sum(variance of the dimension's sum * (1 - its alpha)) / variance of the total (Rajaratnam, Cronbach & Gleser
    1965). R: the same from `psych::alpha(x)$total$raw_alpha` of each dimension.
    """
    check_choice("missing", missing, Missing)
    selection = select(survey, dimensions, items=2, analysis="stratified alpha", weighted=True)
    usable, left_out = of_each(
        selection.dimensions, lambda d: usable_answers(survey, d, "pairwise", items=2, analysis="Stratified alpha")
    )
    if len(usable) < 2:
        raise AnalysisError(
            f"Stratified alpha needs two dimensions; '{survey.name}' has {len(usable)}. "
            f"Use cronbach_alpha. {' '.join(left_out)}".strip()
        )
    answers = survey.answers[[key for one in usable.values() for key in one.items]]
    found = moments(answers, missing, weights_at(survey, answers.index))
    refuse_unsafe(found.n, analysis="Stratified alpha", title=survey.name, answered=REQUIRED[missing])
    used = [dimension for dimension in selection.dimensions if dimension.key in usable]
    sizes = [len(usable[dimension.key].items) for dimension in used]
    frame = _frame(used, sizes, found)
    last = frame.iloc[-1]
    return StratifiedAlpha(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={"dimensions": [d.key for d in selection.dimensions], "missing": missing},
        data=survey.stamp,
        verdicts=judge(ALPHA_NUNNALLY, frame["title"], frame["alpha"]),
        stratified=float(last["alpha"]),
        alpha=alpha_from_covariance(_towards_favourable(used, sizes, found)),
        notes=(
            *_turned_note(used), *selection.notes, *left_out, *(one.note for one in usable.values() if one.note),
        ),
    )  # fmt: skip


def _towards_favourable(dimensions: Sequence[Dimension], sizes: Sequence[int], found: Moments) -> np.ndarray:
    """The covariances with dimensions whose low scores are good turned round: a total must not cancel itself out."""
    signs = np.repeat([-1.0 if d.higher_is == "worse" else 1.0 for d in dimensions], sizes)
    return np.asarray(found.covariance * np.outer(signs, signs))


def _turned_note(dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    against = [d.title for d in dimensions if d.higher_is == "worse"]
    return (f"Turned round in the total: {', '.join(against)}.",) if against else ()


def _frame(dimensions: Sequence[Dimension], sizes: Sequence[int], found: Moments) -> pd.DataFrame:
    total = float(_towards_favourable(dimensions, sizes, found).sum())
    rows, error, start = [], 0.0, 0
    for dimension, k in zip(dimensions, sizes, strict=True):
        own = found.covariance[start : start + k, start : start + k]
        start += k
        alpha = alpha_from_covariance(own)
        if not np.isfinite(alpha):
            raise AnalysisError(
                f"Stratified alpha cannot be computed: the usable answers of {counted(found.n, 'respondent')} to "
                f"'{dimension.title}' do not vary. Leave that dimension out with dimensions=[...], or use "
                "missing='pairwise' if few answered everything."
            )
        variance = float(own.sum())
        error += variance * (1 - alpha)
        rows.append((dimension.key, dimension.title, k, alpha, variance / total, _sem(variance, alpha, k)))
    stratified = 1 - error / total
    rows.append(("total", TOTAL, start, stratified, 1.0, _sem(total, stratified, start)))
    return pd.DataFrame(rows, columns=["dimension", "title", "items", "alpha", "share_of_variance", "sem"])


def _sem(variance: float, reliability: float, items: int) -> float:
    """The standard error of the mean; none where the reliability is negative, as that is no share of a variance."""
    return float(np.sqrt(variance * (1 - reliability))) / items if reliability >= 0 else float("nan")
