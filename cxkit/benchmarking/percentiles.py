"""At which percentile of a norm does an organisation stand, and how sure can one be?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtr

from cxkit.benchmarking.norms import Norm
from cxkit.benchmarking.random_effects import posterior_draws
from cxkit.benchmarking.scores import dimension_scores
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.thresholds import ICC2_LEBRETON, judge
from cxkit.survey.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class PercentileBenchmark(Result):
    """Where an organisation stands among others, by dimension, with its uncertainty."""

    norm: Norm

    title: ClassVar[str] = "Where the organisation stands among the others"
    cites: ClassVar[tuple[str, ...]] = ("crawford2009", "efron1975", "goldstein1996")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "score", "norm_mean", "percentile", "shrunken_percentile", "percentile_low..percentile_high",
        "p_top_tenth", "reliability",
    )  # fmt: skip

    @property
    def text(self) -> str:
        frame = self.frame
        above, below = frame["percentile_low"] > 50, frame["percentile_high"] < 50
        against = frame["higher_is"] == "worse"
        higher, lower = frame.loc[above & ~against, "title"], frame.loc[below & ~against, "title"]
        unsure = int((~above & ~below).sum())
        parts = [
            f"The organisation stands above the middle of the norm on {', '.join(higher)}." if len(higher) else "",
            f"The organisation stands below the middle on {', '.join(lower)}." if len(lower) else "",
            *_against(frame[above & against], "above", "unfavourable"),
            *_against(frame[below & against], "below", "favourable"),
            f"On {unsure} of {counted(len(self.frame), 'dimension')} the organisation cannot be told from the middle."
            if unsure
            else "",
        ]
        return " ".join(part for part in parts if part)

    @property
    def note(self) -> str:
        about = self.norm.about
        organisations = int(self.norm.frame["organisations"].max())
        return (
            f"{super().note} Norm: {organisations:,} organisations, {self.norm.n:,} respondents; population: "
            f"{about.population}; period: {about.period}; selection: {about.selection.rstrip('.')}."
        )

    def draw(self, axes: Axes) -> None:
        frame = self.frame
        heights = figures.rows(axes, frame["title"].tolist())
        low, high = frame["percentile_low"].to_numpy(), frame["percentile_high"].to_numpy()
        best = np.where(frame["higher_is"] == "worse", 0, 90)
        axes.barh(heights, 10, left=best, height=1.0, color="#E8F3EC", label="best tenth")
        figures.intervals(
            axes,
            heights,
            frame["shrunken_percentile"].to_numpy(),
            low,
            high,
            label=f"likely standing, {self.level} interval",
        )
        axes.plot(
            frame["percentile"], heights, "o", markerfacecolor="none", color=figures.ORANGE, markersize=9,
            markeredgewidth=1.6, linestyle="none", label="as observed",
        )  # fmt: skip
        axes.axvline(50, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(-2, 102)
        axes.set_xlabel("Percentile among the organisations of the norm")
        figures.legend_below(axes)


def _against(frame: pd.DataFrame, side: str, judgement: str) -> tuple[str, ...]:
    """The sentence on dimensions whose low scores are good; none for no dimension."""
    if frame.empty:
        return ()
    return (f"It stands {side} the middle, which is {judgement}, on {', '.join(frame['title'])}.",)


def percentile_benchmark(
    survey: Survey,
    norm: Norm,
    *,
    seed: int,
    draws: int = 20_000,
    confidence: float = 0.95,
) -> PercentileBenchmark:
    """At which percentile does the organisation stand, and how far could that be off?

    Two percentiles are given. The observed one places the observed mean among the norm's observed means (mid-rank:
    half of those who score the same count as below). It moves with who happened to answer, most of all in small
    organisations. The shrunken one is the median of what the true standing may be, given how much organisations truly
    differ and how few respondents there are; its interval and the probability of the best tenth belong to it.

    Parameters
    ----------
    survey
        The answers of the organisation; must not be part of the norm.
    norm
        From `build_norm`, on the same instrument.
    seed
        Of the random draws.
    draws
        How many draws; with 20,000 the ends of an interval move by less than one point from seed to seed.
    confidence
        The probability of the interval.

    Returns
    -------
    PercentileBenchmark
        A row a dimension: n, score, norm_mean, norm_sd, percentile (observed), shrunken_percentile, percentile_low,
        percentile_high, p_top_tenth (of belonging to the best tenth: the lowest where low is good), reliability (of the
        organisation's mean, 0 to 1), higher_is.

    Raises
    ------
    AnalysisError
        If the organisation has too few respondents, or the norm measures other dimensions.

    Notes
    -----
    Mid-rank percentile: Crawford et al. (2009). Shrinkage: Efron & Morris (1975), with the uncertainty of the norm
    itself carried along (see `random_effects.posterior_draws`). The tests show the interval's coverage by simulation.
    """
    check_options(seed=seed, draws=draws, confidence=confidence)
    unknown = [key for key in survey.instrument.dimension_keys if key not in norm.groups]
    if unknown:
        raise AnalysisError(f"The norm from '{norm.data.name}' does not measure {', '.join(unknown)}.")
    minimum, answered = int(str(norm.settings["minimum"])), float(str(norm.settings["answered"]))
    scores = dimension_scores(survey, answered=answered, minimum=minimum)
    rng = np.random.default_rng(seed)
    rows = [_percentile_row(row, norm, draws, confidence, rng) for row in scores.frame.to_dict("records")]
    frame = pd.DataFrame(rows)
    return PercentileBenchmark(
        frame=frame,
        n=scores.n,
        n_dropped=scores.n_dropped,
        settings={"seed": seed, "draws": draws, "confidence": confidence},
        data=survey.stamp,
        norm=norm,
        verdicts=judge(ICC2_LEBRETON, frame["title"], frame["reliability"]),
    )


def _percentile_row(
    row: dict[str, object], norm: Norm, draws: int, confidence: float, rng: np.random.Generator
) -> dict[str, object]:
    key, n, score = str(row["dimension"]), int(str(row["n"])), float(str(row["score"]))
    groups, components = norm.groups[key], norm.components[key]
    mean, between, own = posterior_draws(groups, score, n, draws=draws, rng=rng)
    standing = 100 * ndtr((own - mean) / between)
    tail = 50 * (1 - confidence)
    low, middle, high = np.percentile(standing, [tail, 50, 100 - tail])
    return {
        "dimension": key,
        "title": row["title"],
        "n": n,
        "score": score,
        "norm_mean": components.mean,
        "norm_sd": components.between**0.5,
        "percentile": mid_rank(groups.means, score),
        "shrunken_percentile": middle,
        "percentile_low": low,
        "percentile_high": high,
        "p_top_tenth": float(np.mean(standing < 10 if row["higher_is"] == "worse" else standing > 90)),
        "reliability": components.reliability(n),
        "higher_is": row["higher_is"],
    }


def mid_rank(norm_scores: np.ndarray, score: float) -> float:
    """The percentage of the norm below a score, counting half of those equal to it."""
    below = np.count_nonzero(norm_scores < score)
    equal = np.count_nonzero(norm_scores == score)
    return 100 * (below + 0.5 * equal) / len(norm_scores)
