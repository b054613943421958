"""How far from the truth may one person's score lie? Standard error of measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.results import figures
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice, check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, share
from cxkit.results.scales import ends_of, share_one_scale
from cxkit.results.weighted import weights_at
from cxkit.statistics.weighted import mean_of
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, moments
from cxkit.validation.reliability.alpha import cronbach_alpha
from cxkit.validation.reliability.omega import omega
from cxkit.validation.reliability.usable import usable_answers

Coefficient = Literal["alpha", "omega"]


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasurementError(Result):
    """By dimension: how precise a single respondent's score is, in the units of the answer scale."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Standard error of measurement of one person's score"
    shown: ClassVar[tuple[str, ...]] = ("title", "n", "mean", "sd", "reliability", "sem", "margin", "smallest_change")

    @property
    def references(self) -> tuple[str, ...]:
        """Of the coefficient, and of the smallest change."""
        source = "cronbach1951" if self.settings["coefficient"] == "alpha" else "mcdonald1999"
        return source, "devet2006"

    @property
    def text(self) -> str:
        """The widest margin, and what two scores of a person must differ by."""
        row, widest = self._widest()
        return (
            f"One person's score on {row['title']} is known to within {TWO_DIGITS(row['margin'])} either way "
            f"({self.level}){widest}{_how_sure(row)}; two scores of that person must differ by more than "
            f"{TWO_DIGITS(row['smallest_change'])} before that is a change. Means of groups are far more precise."
        )

    def _widest(self) -> tuple[pd.Series, str]:
        """The dimension with the widest margin, and what it is the widest by: points of two scales do not compare."""
        frame = self.frame
        of_scale = frame["margin"] / (frame["scale_high"] - frame["scale_low"])
        if share_one_scale(ends_of(frame)):
            row = frame.loc[ties.largest(frame["margin"])]
            return row, "" if len(frame) == 1 else ", the widest margin"
        if of_scale.notna().all():
            widest = ties.largest(of_scale)
            return frame.loc[widest], f", the widest margin for its answer scale ({share(of_scale[widest])} of it)"
        of_spread = frame["margin"] / frame["sd"]
        widest = ties.largest(of_spread)
        return frame.loc[widest], f", the widest margin beside the spread of its scores ({of_spread[widest]:.2f} SD)"

    @property
    def note(self) -> str:
        """Where the reliability comes from, what is left out, and the usual line."""
        made = f"Reliability: {self.settings['coefficient']}. Margin: {self.level} either way of one score."
        sure = "How sure a margin is itself: 95 % interval, as if all items measured equally well."
        return " ".join([made, sure, super().note])

    @property
    def alt(self) -> str:
        """Every margin."""
        each = "; ".join(
            f"{row['title']} {TWO_DIGITS(row['mean'])} plus or minus {TWO_DIGITS(row['margin'])}"
            for _, row in self.frame.iterrows()
        )
        return f"Mean score of each dimension on its answer scale, with the margin of one person's score: {each}."

    def draw(self, axes: Axes) -> None:
        """The margin of one score round each dimension's mean, on the full answer scale."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        mean, margin = self.frame["mean"].to_numpy(), self.frame["margin"].to_numpy()
        figures.intervals(axes, heights, mean, mean - margin, mean + margin)
        low, high = self.frame["scale_low"].min(), self.frame["scale_high"].max()
        if np.isfinite(low) and np.isfinite(high):
            axes.set_xlim(float(low), float(high))
        axes.set_xlabel(f"Answer scale; dot: mean score, line: {self.level} margin of one person's score")


def measurement_error(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    coefficient: Coefficient = "alpha",
    confidence: float = 0.95,
) -> MeasurementError:
    """How far from the truth may one person's score on a dimension lie?

    A reliability says how well people are told apart in this group; the standard error says it in the units of the
    answer scale, and does not depend on how different people are.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None. Those that the coefficient does not apply to are left out.
    coefficient
        "alpha" (pairwise covariances) or "omega" (full information maximum likelihood). Both use every answer.
    confidence
        Probability of the margin.

    Returns
    -------
    MeasurementError
        A row a dimension: dimension, title, n, mean (of the respondents' scores, as in `dimension_scores`, but for
        items that do not vary), sd (of the mean of the items, from the covariances behind the reliability),
        reliability, sem (sd * sqrt(1 - reliability)), margin (half the interval of one score), margin_low, margin_high
        (95 % interval of the margin: with few respondents it is hardly known), smallest_change (between two scores of
        one person, at 95 %), scale_low, scale_high. All but n and reliability are in units of the answer
        scale.

    Raises
    ------
    AnalysisError
        As `cronbach_alpha` and `omega`.

    Notes
    -----
    Exact from variance and reliability. R: `sd(rowMeans(x)) * sqrt(1 - psych::alpha(x)$total$raw_alpha)` for complete
    answers. With alpha, sem² is the residual mean square of persons by items over the number of items; its interval is
    that of chi-square with (n - 1)(items - 1) degrees of freedom, under the assumptions of Feldt's interval of alpha
    (normal, items that measure equally well). With missing answers and with omega it is approximate.
    """
    check_options(confidence=confidence)
    check_choice("coefficient", coefficient, Coefficient)
    found = (
        cronbach_alpha(survey, dimensions=dimensions)
        if coefficient == "alpha"
        else omega(survey, dimensions=dimensions, bootstraps=0)
    )
    by_key = found.frame.set_index("dimension")[coefficient]
    rows, left_out = of_each(
        [survey.instrument.dimension(str(key)) for key in by_key.index],
        lambda d: _row(survey, d, float(by_key[d.key]), coefficient, confidence),
    )
    return MeasurementError(
        frame=pd.DataFrame(list(rows.values())),
        n=found.n,
        n_dropped=found.n_dropped,
        n_effective=found.n_effective,
        settings={"dimensions": list(by_key.index), "coefficient": coefficient, "confidence": confidence},
        data=survey.stamp,
        notes=(*(note for note in found.notes if "left out" in note), *left_out, *_on_incomplete(survey, rows)),
    )


def _on_incomplete(survey: Survey, keys: Iterable[str]) -> list[str]:
    """What mean and SD rest on, where it matters: somebody left an item out."""
    if not any(survey.items_of(key).isna().to_numpy().any() for key in keys):
        return []
    return [
        "Mean: of the scores of respondents who answered at least half of the items, as in tables of scores; SD: from "
        "the covariances behind the reliability, which use every answer."
    ]


def _how_sure(row: pd.Series) -> str:
    """The interval of the margin, within the sentence."""
    low, high = TWO_DIGITS(row["margin_low"]), TWO_DIGITS(row["margin_high"])
    return f", itself an estimate from {int(row['n']):,} people (95 % interval {low} to {high})"


def _sureness(n: float, items: int) -> tuple[float, float]:
    """By what the standard error of measurement is multiplied to have its 95 % interval.

    The residual mean square of persons by items, times its degrees of freedom, follows chi-square: Feldt's model.
    """
    df = (n - 1) * (items - 1)
    low, high = (float(np.sqrt(df / stats.chi2.ppf(p, df))) for p in (0.975, 0.025))
    return low, high


def _row(
    survey: Survey, dimension: Dimension, reliability: float, coefficient: Coefficient, confidence: float
) -> dict[str, object]:
    if reliability < 0:  # the square root of 1 - reliability would exceed 1: more error than there is spread
        raise AnalysisError(
            f"The error of measurement of '{dimension.title}' cannot be computed: its {coefficient} is negative "
            f"({TWO_DIGITS(reliability)}), and no share of a variance is. Look at item_analysis first: items that are "
            "worded against the dimension must be marked reversed."
        )
    missing: Missing = "pairwise" if coefficient == "alpha" else "fiml"
    used = usable_answers(survey, dimension, missing, items=2, analysis=coefficient).answers
    found = moments(used, missing, weights_at(survey, used.index))
    # The rule of Survey.scores, so that a dimension has one mean in all tables, but for items that do not vary.
    scores = used.mean(axis=1)[used.notna().mean(axis=1) >= 0.5]
    items = [item for item in dimension.items if item.key in used]
    sd = float(np.sqrt(found.covariance.sum())) / len(items)
    sem = sd * float(np.sqrt(max(1 - reliability, 0.0)))
    margin = float(stats.norm.isf((1 - confidence) / 2)) * sem
    margin_low, margin_high = (margin * factor for factor in _sureness(found.n, len(items)))
    lows = [np.nan if item.scale.low is None else item.scale.low for item in items]
    highs = [np.nan if item.scale.high is None else item.scale.high for item in items]
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "n": found.n,
        "mean": mean_of(scores.to_numpy(), weights_at(survey, scores.index)).mean,
        "sd": sd,
        "reliability": reliability,
        "sem": sem,
        "margin": margin,
        "margin_low": margin_low,
        "margin_high": margin_high,
        "smallest_change": 1.96 * float(np.sqrt(2)) * sem,
        "scale_low": float(np.min(lows)),
        "scale_high": float(np.max(highs)),
    }
