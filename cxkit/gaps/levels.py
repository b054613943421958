"""Do leaders see their organisation as those do whom they lead?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, OptionError, counted
from cxkit.gaps.shown_groups import account_of_tables
from cxkit.results import figures
from cxkit.results.invariance import NOT_EXAMINED, HoldsEvidence, InvarianceEvidence, comparability
from cxkit.results.options import check_names, check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, clear_of
from cxkit.results.scales import share_one_scale
from cxkit.results.thresholds import GAP_COHEN, judge
from cxkit.results.weighted import weights_at
from cxkit.statistics.effect_sizes import (
    TwoGroups,
    detectable_in,
    in_standard_deviations,
    simultaneous_interval,
    welch,
)
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.statistics.permutations import PERMUTATIONS, SOURCES, MaxT, error_rate_note, permuted_tables
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import (
    ShownGroups,
    left_out_of_some,
    shown_by_dimension,
    unstated_note,
)
from cxkit.survey.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class LevelGap(Result):
    """Leaders minus everyone else, by dimension.

    `comparability` says whether their means may be compared, `tests` how many comparisons share the error rate,
    `why_hidden` why nothing of a dimension is shown, and `one_scale` whether points of all dimensions are the same
    unit.
    """

    comparability: str = NOT_EXAMINED
    tests: int = 0
    why_hidden: str = ""
    left_out_of_some: bool = False
    one_scale: bool = True

    title: ClassVar[str] = "Gap between leaders and everyone else"
    cites: ClassVar[tuple[str, ...]] = ("hedges1981", *SOURCES)
    uses_weights: ClassVar[bool] = True
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n_leaders", "n_others", "mean_leaders", "mean_others", "gap", "gap_low..gap_high",
        "p_adjusted", "g", "smallest_detectable_g",
    )  # fmt: skip

    @property
    def text(self) -> str:
        if self.frame["hidden"].all():
            return f"No gap can be shown: {self.why_hidden}"
        # g has no value where nobody differs from their own group; the gap then has a test all the same
        shown = self.frame[self.frame["g"].notna() | (self.frame["p_adjusted"].notna() & self.frame["gap"].ne(0))]
        if shown.empty:
            return "No gap can be shown: within both groups everybody scores the same."
        clear = shown[shown["p_adjusted"] < FAMILY_ERROR]
        found = (
            f"Leaders' and others' scores can be told apart on {len(clear)} of {counted(len(shown), 'dimension')}"
            f"{' shown' if self.frame['hidden'].any() else ''}"
            f"{', allowing for their number' if len(shown) > 1 else ''}."
        )
        return f"{found} {self._widest(clear) if len(clear) else self._none(shown)} {self._detectable(shown)}"

    @property
    def _unit(self) -> str:
        """The column by which gaps on several dimensions compare: points, as the text says, or SDs if scales differ."""
        return "gap" if self.one_scale else "g"

    @staticmethod
    def _in_sds(row: pd.Series) -> str:
        if np.isnan(row["g"]):
            return "without a g, since within both groups everybody scores the same"
        return f"g = {TWO_DIGITS(row['g'])}"

    def _widest(self, clear: pd.DataFrame) -> str:
        # Where groups agree wholly within themselves a gap is wider than any number of standard deviations
        widest = clear.loc[ties.largest(clear[self._unit].abs().fillna(np.inf))]
        side = "higher" if widest["gap"] > 0 else "lower"
        measured = "" if self.one_scale else " in standard deviations, because the answer scales differ,"
        which, picked = f"The widest of these gaps{measured} is on", "Picked as the widest"
        if len(clear) == 1:
            which, picked = "This gap is on", "Found because it passed a test"
        return (
            f"{which} {widest['title']}: leaders score "
            f"{TWO_DIGITS(abs(widest['gap']))} points {side}{_judged(widest)} ({self.level} interval of the gap "
            f"{clear_of(widest['gap_low'], 0.0)} to {clear_of(widest['gap_high'], 0.0)}; {self._in_sds(widest)}). "
            f"{picked}, it is likely to be smaller in truth."
        )

    def _none(self, shown: pd.DataFrame) -> str:
        low, high = TWO_DIGITS(shown[f"{self._unit}_low"].min()), TWO_DIGITS(shown[f"{self._unit}_high"].max())
        reach = f"from {low} to {high} points" if self.one_scale else f"from g = {low} to {high}"
        return (
            "Whatever gaps are seen may be chance; the true ones may lie anywhere within their intervals, which reach "
            f"{reach}."
        )

    def _detectable(self, shown: pd.DataFrame) -> str:
        low, high = shown["smallest_detectable_g"].min(), shown["smallest_detectable_g"].max()
        if np.isnan(low):
            return "In standard deviations, which nobody's answers here have, no detectable gap can be told."
        size = TWO_DIGITS(low) if TWO_DIGITS(low) == TWO_DIGITS(high) else f"{TWO_DIGITS(low)} to {TWO_DIGITS(high)}"
        return f"A true gap of g = {size} would be found in 80 of 100 such surveys or more, a smaller one less often."

    @property
    def note(self) -> str:
        """Whether groups may be compared, what the intervals allow for, and the usual line."""
        rate = error_rate_note(
            self.tests, self.settings, what="Intervals, p and detectable g", found="any gap is found"
        )
        hidden = "" if self.frame["hidden"].all() or not self.why_hidden else f"Hidden: {self.why_hidden}"
        parts = (self.comparability, rate, hidden, unstated_note(self.left_out_of_some), super().note)
        return " ".join(part for part in parts if part)

    def draw(self, axes: Axes) -> None:
        if self.frame["hidden"].all():
            figures.say_instead(axes, "Every gap is hidden.")
            return
        frame = self.frame
        heights = figures.rows(axes, frame["title"].tolist())
        smallest = float(np.nanmax(frame["smallest_detectable_g"].to_numpy(dtype=float), initial=0.0))
        axes.axvspan(-smallest, smallest, color="#EFEFEF", label="true gaps found in fewer than 80 of 100 such surveys")
        low, high = (frame[end].to_numpy(dtype=float) for end in ("g_low", "g_high"))
        figures.intervals(
            axes, heights, frame["g"].to_numpy(), low, high, label=f"gap with {self.level} interval, all at once"
        )
        axes.axvline(0, color=figures.GREY, linewidth=1)
        axes.set_xlabel("Hedges g: leaders lower  ←  0  →  leaders higher")
        figures.legend_below(axes)


def _judged(row: pd.Series) -> str:
    """Whose scores are the more favourable, where low scores are the good ones and the number alone misleads."""
    if row["higher_is"] != "worse":
        return ""
    return ", which is less favourable" if row["gap"] > 0 else ", which is more favourable"


def level_gap(
    survey: Survey,
    *,
    leaders: Sequence[str],
    answered: float = 0.5,
    minimum: int = MINIMUM_CELL,
    invariance: InvarianceEvidence | HoldsEvidence | None = None,
    override: str = "",
    permutations: int = PERMUTATIONS,
    seed: int = 1,
) -> LevelGap:
    """How far apart are leaders and everyone else, and can the gap be told from chance?

    Respondents whose level is not stated are left out. Dimensions with fewer than `minimum` leaders or others are
    hidden: their numbers are NaN. So is a gap that together with other tables of the same report would give the answers
    of a small group away, such as that of managers alone where the executives are four (see `shown_groups`).

    Parameters
    ----------
    survey
        A survey with the role level. Of several organisations, take one (`Survey.subset`).
    leaders
        The levels that count as leaders, such as `["Executives", "Managers"]`.
    answered
        The share of items that must be answered for a score.
    minimum
        The smallest group whose numbers are shown.
    invariance
        What `measurement_invariance(survey, by="level")` returned, or its evidence; the note says if there is none.
    override
        The reason for comparing means although the evidence speaks against it.
    permutations, seed
        How often people are permuted between the two sides, and the seed of it.

    Returns
    -------
    LevelGap
        A row a dimension: n and mean of both, gap (leaders minus others, points of the answer scale) with gap_low and
        gap_high, Hedges' g with g_low and g_high (the gap's interval in pooled standard deviations), p_value (Welch,
        of this dimension alone), p_adjusted, and smallest_detectable_g: the true gap that would be found in 80 of 100
        surveys of such sides, whether they spread alike or as these do. All of them but p_value keep one error rate:
        5 % for all shown dimensions together.

    Raises
    ------
    AnalysisError
        If a level does not occur, everyone or nobody is a leader, or the evidence on measurement invariance does not
        allow comparing means and no reason is given.

    Notes
    -----
    A gap counts in standard errors of its own, the larger of Welch's and the pooled one, and is told from chance where
    it lies further out than the widest gap does in 95 of 100 surveys whose people are permuted between the sides, with
    their scores on all dimensions (Westfall & Young 1993, single step; p with Phipson & Smyth's correction). That
    critical value makes p_adjusted, the interval, g's and the detectable gap. It holds whatever the shape of the
    scores, if leaders and others do not differ at all; where only their means are equal it holds for large groups
    (Chung & Romano 2013), and sides that differ in spread or skew only are told apart more often, in over 10 of 100
    simulated surveys even with 30 and 30 people (`benchmarks/error_rates.py`).

    p_value is that of R's `t.test(leaders, others)`, g that of `effectsize::hedges_g(leaders, others)`. Weighted means
    have design-based errors, as R's `svymean` gives them for each group. Respondents count as independent; where they
    come from several units the intervals are somewhat too narrow.
    """
    check_options(answered=answered, minimum=minimum, permutations=permutations, seed=seed)
    named = _as_list(leaders)
    is_leader = _leaders(survey, named)
    present = survey.role("level").dropna().astype("str").unique()
    allowed = comparability(survey, survey.dimensions, invariance, by="level", groups=present, override=override)
    scores = survey.scores(answered=answered)
    shown = shown_by_dimension(survey, scores, minimum=minimum)
    sides = {d.key: _sides(scores[d.key], is_leader, shown[d.key].kept) for d in survey.dimensions}
    reasons = {d.key: _reason_to_hide(sides[d.key], shown[d.key], named, present, minimum) for d in survey.dimensions}
    tests = sum(not reason for reason in reasons.values())
    table = _table(survey, sides, [key for key, reason in reasons.items() if not reason], permutations, seed)
    rows = [_gap_row(survey, d, sides[d.key], table, hidden=bool(reasons[d.key])) for d in survey.dimensions]
    frame = pd.DataFrame(rows)
    visible = frame[~frame["hidden"]]
    return LevelGap(
        frame=frame,
        **account_of_tables(survey, scores, "level", is_leader, shown),
        settings={"leaders": tuple(named), "answered": answered, "minimum": minimum, "override": override}
        | {"permutations": permutations, "seed": seed},
        data=survey.stamp,
        verdicts=judge(GAP_COHEN, visible["title"], visible["g"].abs()),
        comparability=allowed,
        tests=tests,
        why_hidden=" ".join(dict.fromkeys(reason for reason in reasons.values() if reason)),
        left_out_of_some=left_out_of_some(scores, shown),
        one_scale=share_one_scale((d.scale.low, d.scale.high) for d in survey.dimensions),
    )


def _as_list(leaders: object) -> list[str]:
    if not isinstance(leaders, Iterable):
        raise OptionError(f"leaders={leaders!r} must be a list of levels.")
    return [leaders] if isinstance(leaders, str) else list(leaders)


def _leaders(survey: Survey, leaders: Sequence[str]) -> pd.Series:
    """True, False, or NA where the level is not stated."""
    level = survey.role("level")
    known = [str(name) for name in level.cat.categories]
    if not len(leaders):
        raise OptionError(f"leaders=[] makes nobody a leader. Levels: {', '.join(known)}.")
    named = check_names("leaders", leaders, known, of=f"'{survey.name}' has no level")
    if set(known) <= set(named):
        raise AnalysisError(f"leaders={named} makes everyone a leader. Levels: {', '.join(known)}.")
    return level.astype("str").isin(named).astype("boolean").mask(level.isna())


@dataclass(frozen=True)
class _Sides:
    """The scores on one dimension of leaders and of everyone else."""

    leaders: pd.Series
    others: pd.Series


def _sides(scores: pd.Series, is_leader: pd.Series, kept: np.ndarray) -> _Sides:
    usable = scores[kept]
    side = is_leader[usable.index]
    return _Sides(usable[side.fillna(False)], usable[~side.fillna(True)])


def _reason_to_hide(sides: _Sides, shown: ShownGroups, leaders: list[str], present: Sequence[str], minimum: int) -> str:
    """Why nothing of this dimension may be shown; empty if it may."""
    if min(len(sides.leaders), len(sides.others)) < minimum:
        return "there are too few leaders or too few others."
    if shown.allows("level", leaders, present):
        return ""
    names = [name for name in present if name in shown.hidden["level"]]
    return (
        f"{' and '.join(names)} must stay on one side, because some of them are too few to be shown and the other "
        "tables by level would give their answers away. Count all of them among the leaders, or none."
    )


def _table(survey: Survey, sides: dict[str, _Sides], visible: list[str], permutations: int, seed: int) -> MaxT:
    """What chance alone does to the gaps of these dimensions: people change sides with all their scores."""
    scores = pd.DataFrame({key: pd.concat([sides[key].leaders, sides[key].others]) for key in visible})
    leaders = [sides[key].leaders.index for key in visible]
    is_leader = scores.index.isin(np.concatenate(leaders)) if leaders else np.zeros(0, dtype=bool)
    return permuted_tables(
        scores.to_numpy(dtype="float64"), np.where(is_leader, 0, -1), np.ones((1, len(visible)), dtype=bool),
        weights_at(survey, scores.index), permutations=permutations, seed=seed,
    )  # fmt: skip


def _gap_row(survey: Survey, dimension: Dimension, sides: _Sides, table: MaxT, *, hidden: bool) -> dict[str, object]:
    row: dict[str, object] = {"dimension": dimension.key, "title": dimension.title, "higher_is": dimension.higher_is}
    if hidden:
        return row | dict.fromkeys(_NUMBERS, np.nan) | {"hidden": True}
    weights = None
    if survey.weights is not None:
        weights = (survey.weights[sides.leaders.index].to_numpy(), survey.weights[sides.others.index].to_numpy())
    groups = TwoGroups.of(sides.leaders.to_numpy(), sides.others.to_numpy(), weights)
    gap_low, gap_high, adjusted = simultaneous_interval(groups, table)
    g, g_low, g_high = in_standard_deviations(groups, groups.difference, gap_low, gap_high)
    alone = welch(groups)[2]
    numbers = (
        *groups.n, *groups.mean, *groups.sd, groups.difference, gap_low, gap_high, g, g_low, g_high, alone, adjusted,
        detectable_in(groups, critical=table.critical),
    )  # fmt: skip
    return row | dict(zip(_NUMBERS, numbers, strict=True)) | {"hidden": False}


_NUMBERS = (
    "n_leaders", "n_others", "mean_leaders", "mean_others", "sd_leaders", "sd_others",
    "gap", "gap_low", "gap_high", "g", "g_low", "g_high", "p_value", "p_adjusted", "smallest_detectable_g",
)  # fmt: skip
