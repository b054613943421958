"""Do the scores of a dimension crowd at an end of its scale, where they can tell nobody apart?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, counted
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.thresholds import FLOOR_CEILING_TERWEE, judge
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.weighted import mean_of
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import asked_for, refuse_unsafe

FEWEST_FOR_ENDS = 50
"""Respondents from which on Terwee et al. (2007) judge floor and ceiling effects."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreDistribution(Result):
    """How the scores of each dimension are spread, with the shares at both ends of the scale."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Scores of the dimensions: spread, floor and ceiling"
    shown: ClassVar[tuple[str, ...]] = ("title", "n", "mean", "sd", "lowest", "highest", "floor", "ceiling")

    @property
    def text(self) -> str:
        """Which dimensions have more than 15 % of the scores at one end."""
        ends = self.frame[["floor", "ceiling"]].max(axis=1)
        if self.frame[["lowest", "highest"]].isna().any(axis=1).all():
            return "The answer scales have no ends, so there is no floor and no ceiling."
        effect = FLOOR_CEILING_TERWEE.bands[-1]
        crowded = self.frame.loc[ends >= effect[0], "title"].tolist()
        judged = counted(int(_told_from_crowded(self.frame).sum()), "dimension")
        named = f": {', '.join(crowded)}" if crowded else ""
        return (
            f"On {len(crowded)} of {judged} more than {effect[0]:.0%} of the respondents "
            f"have the lowest or the highest possible score, a floor or ceiling effect "
            f"({cite(FLOOR_CEILING_TERWEE.source)}){named}."
        )

    @property
    def note(self) -> str:
        """What is left out, how many respondents the rule asks for, and the usual line."""
        few = self.frame["n"] < FEWEST_FOR_ENDS
        bounded = self.frame[["lowest", "highest"]].notna().all(axis=1)
        rare = self.frame.loc[bounded, ["floor", "ceiling"]].isna().any(axis=None)
        left_out = [f"Shares of fewer than {MINIMUM_CELL} respondents are left out."] if rare else []
        rule = [f"The rule asks for {FEWEST_FOR_ENDS} respondents or more."] if few.any() else []
        return " ".join([*self.notes, *left_out, *rule, self._usual_line])


def score_distribution(
    survey: Survey, *, dimensions: Sequence[str] | None = None, answered: float = 0.5
) -> ScoreDistribution:
    """How are the scores spread, and do more than 15 % of the respondents stand at an end of the scale?

    A respondent at the end cannot be told from others there, and cannot move further. The rule of 15 % is one about
    scores of scales; single items have few answers, and most of them pass it.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None.
    answered
        The share of a dimension's items that must be answered for a score.

    Returns
    -------
    ScoreDistribution
        A row a dimension: dimension, title, n (respondents with a score), mean, sd, lowest and highest (the ends of the
        scale), floor and ceiling (shares of the scores at these ends; NaN where the scale has none, or one to four
        respondents stand there).

    Raises
    ------
    AnalysisError
        If there is no dimension, or none of which five respondents have a score.

    Notes
    -----
    R: `mean(rowMeans(x) == 1)`. Cut-off: Terwee et al. (2007), more than 15 %, of 50 respondents or more.
    """
    check_options(answered=answered)
    chosen = asked_for(survey, dimensions)
    if not chosen:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; there is no score.")
    scores = survey.scores(answered=answered)
    rows, left_out = of_each(chosen, lambda d: _row(survey, d, scores[d.key].dropna()))
    frame = pd.DataFrame(list(rows.values()))
    ends = frame[["floor", "ceiling"]].max(axis=1)
    judged = ends.notna() & _told_from_crowded(frame)
    used = scores[list(rows)].notna().any(axis=1)
    return ScoreDistribution(
        frame=frame,
        n=int(used.sum()),
        n_dropped=survey.n - int(used.sum()),
        n_effective=effective_among(survey, used),
        settings={"dimensions": [dimension.key for dimension in chosen], "answered": answered},
        data=survey.stamp,
        verdicts=judge(FLOOR_CEILING_TERWEE, frame.loc[judged, "title"], ends[judged]),
        notes=left_out,
    )


def _told_from_crowded(frame: pd.DataFrame) -> pd.Series:
    """Of which dimensions with ends it is known whether an end has too many, although shares of few are not shown."""
    shares = frame[["floor", "ceiling"]]
    limit = FLOOR_CEILING_TERWEE.bands[-1][0]
    few_are_no_crowd = frame["n"] > (MINIMUM_CELL - 1) / limit
    known = few_are_no_crowd | shares.notna().all(axis=1) | (shares.max(axis=1) >= limit)
    return known & frame[["lowest", "highest"]].notna().all(axis=1)


def _row(survey: Survey, dimension: Dimension, answered: pd.Series) -> dict[str, object]:
    scores, weights = answered.to_numpy(dtype="float64"), weights_at(survey, answered.index)
    refuse_unsafe(len(scores), analysis="The spread of scores", title=dimension.title, answered="enough of its items")
    scale = dimension.scale
    low, high = (np.nan if end is None else float(end) for end in (scale.low, scale.high))
    found = mean_of(scores, weights)
    at_ends = [_share_at(scores, end, weights) for end in (low, high)]
    floor, ceiling = at_ends if scale.is_bounded else (np.nan, np.nan)
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "n": len(scores),
        "mean": found.mean,
        "sd": found.sd,
        "lowest": low,
        "highest": high,
        "floor": floor,
        "ceiling": ceiling,
    }


def _share_at(scores: np.ndarray, end: float, weights: np.ndarray | None) -> float:
    """The share of the scores at one end of the scale; NaN where it would be that of one to four people."""
    there = np.isclose(scores, end)
    if 0 < there.sum() < MINIMUM_CELL:
        return float("nan")
    return mean_of(there.astype("float64"), weights).mean
