"""What an organisation scores on each dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.results import figures
from cxkit.results.accounting import account
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.scales import ends_of, share_one_scale
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.weighted import mean_of
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class DimensionScores(Result):
    """Mean scores with their intervals.

    `ends_differ` is whether the highest and the lowest score, of dimensions whose high scores are good, differ by more
    than chance; None where that is not compared.
    """

    ends_differ: bool | None = None

    title: ClassVar[str] = "Scores by dimension"
    uses_weights: ClassVar[bool] = True
    shown: ClassVar[tuple[str, ...]] = ("title", "n", "n_effective", "score", "ci_low..ci_high", "sd")

    @property
    def text(self) -> str:
        alike = self.frame[self.frame["higher_is"] == "better"]
        against = self.frame[self.frame["higher_is"] == "worse"]
        parts = [_ends(alike, self._compared) if len(alike) > 1 else self._each(alike), self._each(against)]
        return " ".join(part for part in parts if part)

    @property
    def _compared(self) -> str:
        """What the comparison of the highest and the lowest score shows, as the end of a sentence."""
        if self.ends_differ is None:
            return ""
        said = "the two differ by more than chance" if self.ends_differ else "their difference may be chance"
        return f"; {said} (paired t-test, allowing for the choice among all pairs of dimensions)"

    def _each(self, frame: pd.DataFrame) -> str:
        scores = (
            f"{row['title']} scores {row['score']:.2f} ({self.level} interval {row['ci_low']:.2f} to "
            f"{row['ci_high']:.2f})."
            for _, row in frame.iterrows()
        )
        return " ".join(scores)

    def draw(self, axes: Axes) -> None:
        frame = self.frame
        heights = figures.rows(axes, frame["title"].tolist())
        low, high = frame["ci_low"].to_numpy(), frame["ci_high"].to_numpy()
        figures.intervals(axes, heights, frame["score"].to_numpy(), low, high)
        if frame["scale_low"].notna().all():
            axes.set_xlim(frame["scale_low"].min() - 0.1, frame["scale_high"].max() + 0.1)
        axes.set_xlabel(f"Mean score on the full answer scale, with {self.level} interval")


def _ends(frame: pd.DataFrame, compared: str) -> str:
    """The highest and the lowest score, among dimensions of one direction: others are not on one ladder."""
    level = _levels(frame)
    if level is None:
        return "The dimensions have no answer scale in common, so that their scores do not compare."
    worst, best = ties.ends(level)
    if not share_one_scale(ends_of(frame)):
        return (
            f"The dimensions have different answer scales. By how far up its scale a score is, "
            f"{frame.at[best, 'title']} is highest ({level[best]:.0%} of the way), {frame.at[worst, 'title']} lowest "
            f"({level[worst]:.0%}){compared}."
        )
    return (
        f"The highest score is {frame.at[best, 'title']} ({level[best]:.2f}), the lowest {frame.at[worst, 'title']} "
        f"({level[worst]:.2f}){compared}."
    )


def _levels(frame: pd.DataFrame) -> pd.Series | None:
    """What the dimensions are ranked by: their scores, or how far up its scale each is, as a 4 of 5 is not a 4 of 7."""
    if share_one_scale(ends_of(frame)):
        return frame["score"]
    share = (frame["score"] - frame["scale_low"]) / (frame["scale_high"] - frame["scale_low"])
    return None if share.isna().any() else share


def _as_ranked(scores: pd.DataFrame, frame: pd.DataFrame, row: object) -> pd.Series:
    """The respondents' scores on one dimension, in the units by which the dimensions are ranked."""
    own = scores[frame.at[row, "dimension"]]
    if share_one_scale(ends_of(frame)):
        return own
    low, high = frame.at[row, "scale_low"], frame.at[row, "scale_high"]
    return (own - low) / (high - low)


def _ends_differ(survey: Survey, scores: pd.DataFrame, frame: pd.DataFrame, confidence: float) -> bool | None:
    """Whether the highest and the lowest of these scores differ by more than chance.

    The same people have both, so that intervals that overlap show nothing: their differences are tested, by paired t.
    The two are picked from all pairs, which Bonferroni's correction allows for. Only the verdict is kept: the mean
    difference of those who have both scores, beside the means of all, would give away who has only one.
    """
    level = _levels(frame) if len(frame) > 1 else None
    if level is None:
        return None
    low, high = (_as_ranked(scores, frame, row) for row in ties.ends(level))
    differences = (high - low).dropna()
    found = mean_of(differences.to_numpy(), weights_at(survey, differences.index))
    if found.n < MINIMUM_CELL or not found.error > 0:
        return None
    pairs = len(frame) * (len(frame) - 1) / 2
    p_value = 2 * float(stats.t.sf(abs(found.mean) / found.error, found.n - 1))
    return p_value * pairs < 1 - confidence


def dimension_scores(
    survey: Survey,
    *,
    answered: float = 0.5,
    confidence: float = 0.95,
    minimum: int = MINIMUM_CELL,
) -> DimensionScores:
    """What does the organisation score on each dimension?

    A respondent's score is the mean of the items that they answered, if they answered enough of them; the
    organisation's is the mean of its respondents' scores.

    Parameters
    ----------
    survey
        The answers of one organisation.
    answered
        The share of a dimension's items that must be answered for a score.
    confidence
        The level of the intervals (Student's t; respondents counted as independent).
    minimum
        The smallest number of respondents whose mean is shown.

    Returns
    -------
    DimensionScores
        A row a dimension: n, score, sd, ci_low, ci_high, the ends of the answer scale, and higher_is. With weights
        also n_effective (Kish): so many respondents of equal weight would be as precise. The sentence compares the
        highest and the lowest score by a paired t-test, not by their intervals.

    Raises
    ------
    AnalysisError
        If no dimension has as many scores as `minimum`; a note names single dimensions that have not.

    Notes
    -----
    With weights equal to R's `svymean(~score, d)`, `sqrt(svyvar(~score, d))` and
    `confint(svymean(~score, d), df = n - 1)` of `d <- svydesign(ids = ~1, weights = ~w, data)`.
    """
    check_options(answered=answered, confidence=confidence, minimum=minimum)
    scores = survey.scores(answered=answered)
    rows, left_out = of_each(survey.dimensions, lambda d: _row(survey, d, scores[d.key].dropna(), confidence, minimum))
    frame = pd.DataFrame(list(rows.values())).astype({"scale_low": "float64", "scale_high": "float64"})
    contributing = scores[list(rows)].notna().any(axis=1)
    return DimensionScores(
        frame=frame,
        **account(contributing),
        n_effective=effective_among(survey, contributing),
        settings={"answered": answered, "confidence": confidence, "minimum": minimum},
        data=survey.stamp,
        ends_differ=_ends_differ(survey, scores, frame[frame["higher_is"] == "better"], confidence),
        notes=left_out,
    )


def _row(survey: Survey, dimension: Dimension, scores: pd.Series, confidence: float, minimum: int) -> dict[str, object]:
    if len(scores) < minimum:
        raise AnalysisError(
            f"Fewer than {minimum} respondents of '{survey.name}' have a score on {dimension.title}. Means of so few "
            "people are not shown, to protect them."
        )
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        **_mean_row(survey, scores, confidence),
        "scale_low": dimension.scale.low,
        "scale_high": dimension.scale.high,
        "higher_is": dimension.higher_is,
    }


def _mean_row(survey: Survey, scores: pd.Series, confidence: float) -> dict[str, float]:
    found = mean_of(scores.to_numpy(), weights_at(survey, scores.index))
    half = float(stats.t.ppf(0.5 + confidence / 2, found.n - 1)) * found.error
    row = {"n": found.n, "score": found.mean, "sd": found.sd}
    if survey.weights is not None:
        row["n_effective"] = found.n_effective
    return row | {"ci_low": found.mean - half, "ci_high": found.mean + half}
