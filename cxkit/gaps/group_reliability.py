"""How much do groups differ, and how reliably do their means tell them apart?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.gaps.shown_groups import hidden_sentence, rules_of_entry, too_few_groups
from cxkit.results import figures, tables
from cxkit.results.accounting import account, whose_n
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.thresholds import ICC1_LEBRETON, ICC2_LEBRETON, Verdicts, judge
from cxkit.statistics.intraclass import one_way
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import ShownGroups, shown_by_dimension
from cxkit.survey.survey import Survey

_INTERVALS = {"ICC(1)": ("ci_low", "ci_high"), "ICC(2)": ("icc2_low", "icc2_high")}


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupReliability(Result):
    """ICC(1) and ICC(2) by dimension; `hidden_groups` is how many groups were left out to protect their members.

    `notes` says which dimensions are left out, and why.
    """

    hidden_groups: int = 0

    title: ClassVar[str] = "How much groups differ: ICC(1) and ICC(2)"
    cites: ClassVar[tuple[str, ...]] = (
        "bliese2000", "shrout1979", "mcgraw1996", "brown1974", "mehrotra1997", "holm1979",
    )  # fmt: skip
    why_unweighted: ClassVar[str] = "the mean squares are of the members who answered, each of whom counts once"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "n_groups", "mean_group_size", "f_value", "f_star", "p_adjusted", "icc1", "ci_low..ci_high",
        "icc2", "icc2_low..icc2_high",
    )  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """Both intervals by name: each stands beside its own coefficient."""
        ends = {f"{ends[0]}..{ends[1]}": f"{name}, {self.level} interval" for name, ends in _INTERVALS.items()}
        return tables.printed(self.frame, self.shown, level=self.level, headings=ends)

    @property
    def text(self) -> str:
        by = self.settings["by"]
        if self.frame["icc1"].isna().all():
            return f"Everybody scores the same, so that no difference lies between one {by} and another."
        known = self.frame[self.frame["icc1"].notna()]
        clear = known[known["p_adjusted"] < FAMILY_ERROR]
        return (
            f"The share of the variance of scores that lies between one {by} and another (ICC(1)) can be told from 0 "
            f"on {len(clear)} of {counted(len(known), 'dimension')}{', allowing for their number' * (len(known) > 1)}"
            f"{self._extent(known, clear)}; {self._reliable(known)}."
        )

    def _reliable(self, known: pd.DataFrame) -> str:
        """On how many dimensions means may be compared, as far as the intervals of ICC(2) tell."""
        enough = ICC2_LEBRETON.bands[-1][0]
        sure, never = int((known["icc2_low"] >= enough).sum()), int((known["icc2_high"] < enough).sum())
        left_open = len(known) - sure - never
        return (
            "the means are reliable enough to be compared (ICC(2) of .70 or more in the whole "
            f"{self.level} interval) on {sure} of {counted(len(known), 'dimension')}"
            + (f", not reliable enough on {never}" if never else "")
            + (f", and on {left_open} the interval leaves it open" if left_open else "")
        )

    def _extent(self, known: pd.DataFrame, clear: pd.DataFrame) -> str:
        """The largest share that is no chance; where all may be chance, how far the intervals reach."""
        if clear.empty:
            return f", and may be up to {known['ci_high'].max():.0%} (upper end of the {self.level} intervals)"
        most = clear.loc[ties.largest(clear["icc1"])]
        low, high = (max(float(most[end]), 0.0) for end in ("ci_low", "ci_high"))
        return f"; it is {most['icc1']:.0%} ({self.level} interval {low:.0%} to {high:.0%}) on {most['title']}" + (
            ", the largest of these" if len(clear) > 1 else ""
        )

    @property
    def note(self) -> str:
        """Which dimensions and groups had to be left out, and the usual line."""
        hidden = hidden_sentence(self.hidden_groups, MINIMUM_CELL)
        told = [_SHARED_P] if len(self.frame) > 1 else []
        told.append(_UNEQUAL_SPREAD)
        told += [_NEGATIVE_ICC2] if (self.frame["icc2"] < 0).any() else []
        return " ".join([*self.notes, *told, *hidden, self._usual_line, *whose_n(self.frame)])

    def draw(self, axes: Axes) -> None:
        heights = figures.rows(axes, self.frame["title"].tolist())
        low, high = self.frame["ci_low"].to_numpy(), self.frame["ci_high"].to_numpy()
        figures.intervals(axes, heights, self.frame["icc1"].to_numpy(), low, high)
        for start, words in ICC1_LEBRETON.bands[1:]:
            figures.reference_line(axes, start, words)
        axes.set_xlim(float(np.nanmin(low, initial=0.0)) - 0.01, float(np.nanmax(high, initial=0.28)) + 0.02)
        axes.set_xlabel("ICC(1): share of variance between groups, with 95 % interval")


def group_reliability(survey: Survey, *, by: str = "unit", answered: float = 0.5) -> GroupReliability:
    """How much of the differences between people are differences between their groups, and are group means reliable?

    Respondents without a group or a score are left out of that dimension. So is everybody whom the tables of groups
    leave out, and every group that they may not show (see `shown_groups`): with the totals, mean squares over hidden
    groups give their means away, because sums of answers are whole numbers and few of them fit. The interval of ICC(1)
    inverts the F test at the mean group size; with very unequal groups it is approximate.

    Parameters
    ----------
    survey
        The survey.
    by
        The role that makes the groups: unit, organisation, function or level.
    answered
        The share of items that must be answered for a score, as in `Survey.scores`.

    Returns
    -------
    GroupReliability
        A row a dimension: n, n_groups, mean_group_size, ms_between, ms_within, df_between, df_within, f_value,
        p_value (of the analysis of variance); f_star, df1_star, df2_star, p_star (of Brown and Forsythe's test, which
        lets groups spread differently; p_value and p_star are of this dimension alone), p_adjusted (the larger of both
        by Holm's method over the dimensions: 5 % for all together), icc1, ci_low, ci_high (of this dimension alone),
        icc2, icc2_low, icc2_high (95 % interval, which decides whether means are called reliable).

    Raises
    ------
    AnalysisError
        If the role is not known or there are fewer than two groups.

    Notes
    -----
    ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW) with the mean group size k, ICC(2) = (MSB - MSW) / MSB (Bliese 2000);
    equal to R's `multilevel::ICC1(aov(y ~ factor(g)))` and `ICC2`. The interval of ICC(2) is that of the mean of k
    raters in a one-way model (Shrout & Fleiss 1979; McGraw & Wong 1996): 1 - 1/F with F divided by the quantiles of F;
    equal to `psych::ICC(x, lmer = FALSE)`'s row ICC1k. The plain F test finds differences that are none where small
    groups spread more widely than large ones; F* (Brown & Forsythe 1974, Mehrotra 1997) finds some where the few
    members of a group happen to give nearly the same skewed score. Asked together they keep the rate in both; of one
    small group that is both skewed and of wider spread it is 13 to 17 % (simulated).
    """
    check_options(answered=answered)
    groups = survey.role(by)
    scores = survey.scores(answered=answered)
    shown = shown_by_dimension(survey, scores)
    found, left_out = of_each(survey.dimensions, lambda d: _reliability_row(d, scores[d.key], groups, by, shown[d.key]))
    frame = pd.DataFrame([row for row, _ in found.values()])
    adjusted = holm(frame[["p_value", "p_star"]].max(axis=1, skipna=False).to_numpy(dtype="float64"))
    frame.insert(frame.columns.get_loc("p_star") + 1, "p_adjusted", adjusted)
    largest = frame.loc[frame["n"].idxmax(), "dimension"]
    return GroupReliability(
        frame=frame,
        **account(scores[largest].notna(), *rules_of_entry(groups, by, shown[largest], MINIMUM_CELL)),
        settings={"by": by, "answered": answered},
        data=survey.stamp,
        hidden_groups=max(hidden for _, hidden in found.values()),
        notes=left_out,
        verdicts=Verdicts(judge(ICC1_LEBRETON, frame["title"], frame["icc1"]).items + _by_interval(frame).items),
    )


def _by_interval(frame: pd.DataFrame) -> Verdicts:
    """Whether the means are reliable, by both ends of the interval of ICC(2); where these differ, it is left open."""
    cutoff = ICC2_LEBRETON
    rows = zip(judge(cutoff, frame["title"], frame["icc2"]), frame["icc2_low"], frame["icc2_high"], strict=True)
    return Verdicts(
        tuple(
            v if cutoff.verdict(low) == cutoff.verdict(high) else replace(v, verdict="left open by the interval")
            for v, low, high in rows
        )
    )


def _reliability_row(
    dimension: Dimension, scores: pd.Series, groups: pd.Series, by: str, shown: ShownGroups
) -> tuple[dict[str, object], int]:
    """One dimension, and how many groups are left out of it to protect their members."""
    scored = shown.kept & groups.notna()
    hidden = shown.hidden.get(by, frozenset()) if groups[scored].nunique() > 1 else frozenset()
    usable = scored & ~groups.astype("str").isin(hidden)
    if hidden and groups[usable].nunique() < 2:
        raise AnalysisError(too_few_groups(dimension, by, len(hidden)))
    y, g = scores[usable].to_numpy(), groups[usable].astype("str").to_numpy()
    n, k = len(y), len(np.unique(g))
    if k < 2 or n <= k:
        raise AnalysisError(
            f"'{dimension.title}' has {n} scores in {k} groups by {by}; it needs two groups and more people than "
            "groups."
        )
    return {"dimension": dimension.key, "title": dimension.title, **one_way(y, g)}, len(hidden)


_SHARED_P = "p is adjusted for the number of dimensions (Holm's method); each interval is of its dimension alone."


_UNEQUAL_SPREAD = (
    "ICC(1) is told from 0 where two tests do so: F, which assumes that scores spread alike in all groups, as the "
    "intervals of ICC(1) and ICC(2) do, and Brown and Forsythe's F*, which does not; p is the larger of both. Where a "
    "small group of skewed scores spreads more widely than large ones, that still happens too often."
)


_NEGATIVE_ICC2 = (
    "A negative ICC(2) (its values have no lower end) means that groups differ less than chance alone would make them: "
    "read it as no reliability."
)
