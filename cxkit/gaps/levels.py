"""Do leaders see their organisation as those do whom they lead?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, counted
from cxkit.gaps.effect_sizes import TwoGroups, hedges_g, smallest_detectable_g, welch
from cxkit.results import figures
from cxkit.results.invariance import NOT_EXAMINED, HoldsEvidence, InvarianceEvidence, comparability
from cxkit.results.multiplicity import holm
from cxkit.results.options import check_names, check_options
from cxkit.results.result import Result
from cxkit.results.tables import TWO_DIGITS
from cxkit.results.thresholds import GAP_COHEN, judge
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class LevelGap(Result):
    """Leaders minus everyone else, by dimension. `comparability` says whether their means may be compared."""

    comparability: str = NOT_EXAMINED

    title: ClassVar[str] = "Gap between leaders and everyone else"
    cites: ClassVar[tuple[str, ...]] = ("hedges1981", "welch1947", "holm1979")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n_leaders", "n_others", "mean_leaders", "mean_others", "gap",
        "g", "g_low..g_high", "p_holm", "smallest_detectable_g",
    )  # fmt: skip

    @property
    def text(self) -> str:
        if self.frame["hidden"].all():
            return "No gap can be shown: there are too few leaders or too few others."
        shown = self.frame[self.frame["g"].notna()]
        if shown.empty:
            return "No gap can be shown: within both groups everybody scores the same."
        clear = int((shown["p_holm"] < 0.05).sum())
        widest = shown.loc[shown["g"].abs().idxmax()]
        side = "higher" if widest["g"] > 0 else "lower"
        return (
            f"Leaders' and others' scores can be told apart on {clear} of {counted(len(shown), 'dimension')}"
            f"{', allowing for their number' if len(shown) > 1 else ''}. The "
            f"widest gap is on {widest['title']}: leaders score {TWO_DIGITS(abs(widest['gap']))} points {side}"
            f"{_judged(widest)} (g = {TWO_DIGITS(widest['g'])}, 95 % interval {TWO_DIGITS(widest['g_low'])} to "
            f"{TWO_DIGITS(widest['g_high'])}). With this many people, gaps below g = "
            f"{TWO_DIGITS(widest['smallest_detectable_g'])} would often go unnoticed."
        )

    @property
    def note(self) -> str:
        """Whether groups may be compared, and the usual line."""
        return f"{self.comparability} {super().note}"

    def draw(self, axes: Axes) -> None:
        frame = self.frame
        heights = figures.rows(axes, frame["title"].tolist())
        smallest = float(np.nanmax(frame["smallest_detectable_g"].to_numpy(dtype=float), initial=0.0))
        axes.axvspan(-smallest, smallest, color="#EFEFEF", label="too small to be found with this many people")
        low, high = frame["g_low"].to_numpy(), frame["g_high"].to_numpy()
        figures.intervals(axes, heights, frame["g"].to_numpy(), low, high, label="gap with 95 % interval")
        axes.axvline(0, color=figures.GREY, linewidth=1)
        axes.set_xlabel("Hedges g: leaders lower  ←  0  →  leaders higher")
        figures.legend_below(axes)


def _judged(row: pd.Series) -> str:
    """Whose scores are the more favourable, where low scores are the good ones and the number alone misleads."""
    if row["higher_is"] != "worse":
        return ""
    return ", which is less favourable" if row["g"] > 0 else ", which is more favourable"


def level_gap(
    survey: Survey,
    *,
    leaders: Sequence[str],
    answered: float = 0.5,
    minimum: int = MINIMUM_CELL,
    invariance: InvarianceEvidence | HoldsEvidence | None = None,
    override: str = "",
) -> LevelGap:
    """How far apart are leaders and everyone else, and can the gap be told from chance?

    Respondents whose level is not stated are left out. Dimensions with fewer than `minimum` leaders or others are
    hidden: their numbers are NaN.

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

    Returns
    -------
    LevelGap
        A row a dimension: n and mean of both, gap (leaders minus others, points of the answer scale) with Welch's
        95 % interval, Hedges' g with its interval, p_value (Welch), p_holm over the dimensions, and
        smallest_detectable_g: the true gap that would be found in 80 of 100 such surveys.

    Raises
    ------
    AnalysisError
        If a level does not occur, everyone or nobody is a leader, or the evidence on measurement invariance does not
        allow comparing means and no reason is given.

    Notes
    -----
    Equal to R's `t.test(leaders, others)` and `effectsize::hedges_g(leaders, others)`. Respondents count as
    independent; where they come from several units the intervals are somewhat too narrow.
    """
    check_options(answered=answered, minimum=minimum)
    is_leader = _leaders(survey, leaders)
    present = survey.role("level").dropna().astype("str").unique()
    allowed = comparability(survey, survey.dimensions, invariance, by="level", groups=present, override=override)
    scores = survey.scores(answered=answered)
    rows = [_gap_row(d, scores[d.key], is_leader, minimum) for d in survey.dimensions]
    frame = pd.DataFrame(rows)
    frame["p_holm"] = holm(frame["p_value"].to_numpy(dtype=float))
    shown = frame[~frame["hidden"]]
    return LevelGap(
        frame=frame,
        n=int(is_leader.notna().sum()),
        n_dropped=int(is_leader.isna().sum()),
        settings={"leaders": tuple(leaders), "answered": answered, "minimum": minimum, "override": override},
        data=survey.stamp,
        verdicts=judge(GAP_COHEN, shown["title"], shown["g"].abs()),
        comparability=allowed,
    )


def _leaders(survey: Survey, leaders: Sequence[str]) -> pd.Series:
    """True, False, or NA where the level is not stated."""
    level = survey.role("level")
    known = [str(name) for name in level.cat.categories]
    named = check_names("leaders", leaders, known, of=f"'{survey.name}' has no level")
    if set(known) <= set(named):
        raise AnalysisError(f"leaders={named} makes everyone a leader. Levels: {', '.join(known)}.")
    return level.astype("str").isin(named).astype("boolean").mask(level.isna())


def _gap_row(dimension: Dimension, scores: pd.Series, is_leader: pd.Series, minimum: int) -> dict[str, object]:
    first = scores[is_leader.fillna(False) & scores.notna()].to_numpy()
    second = scores[~is_leader.fillna(True) & scores.notna()].to_numpy()
    row: dict[str, object] = {"dimension": dimension.key, "title": dimension.title, "higher_is": dimension.higher_is}
    if min(len(first), len(second)) < minimum:
        return row | dict.fromkeys(_NUMBERS, np.nan) | {"hidden": True}
    groups = TwoGroups.of(first, second)
    gap_low, gap_high, p = welch(groups)
    g, g_low, g_high = hedges_g(groups)
    numbers = (
        *groups.n, *groups.mean, *groups.sd, groups.difference, gap_low, gap_high, g, g_low, g_high, p,
        smallest_detectable_g(*groups.n),
    )  # fmt: skip
    return row | dict(zip(_NUMBERS, numbers, strict=True)) | {"hidden": False}


_NUMBERS = (
    "n_leaders", "n_others", "mean_leaders", "mean_others", "sd_leaders", "sd_others",
    "gap", "gap_low", "gap_high", "g", "g_low", "g_high", "p_value", "smallest_detectable_g",
)  # fmt: skip
