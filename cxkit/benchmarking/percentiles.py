"""At which percentile of a norm does an organisation stand, and how sure can one be?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats
from scipy.special import ndtr

from cxkit import ties
from cxkit.benchmarking.norms import Norm
from cxkit.benchmarking.scores import dimension_scores
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.columns import find_column
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.rounding import share_of_draws, signed, whole
from cxkit.results.thresholds import ICC2_LEBRETON, judge
from cxkit.statistics.random_effects import Groups, VarianceComponents, posterior_draws
from cxkit.survey.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class PercentileBenchmark(Result):
    """Where an organisation stands among others, by dimension, with its uncertainty."""

    norm: Norm

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Where the organisation stands among the others"
    cites: ClassVar[tuple[str, ...]] = ("crawford2009", "efron1975", "goldstein1996")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "score", "norm_mean", "percentile", "smoothed_percentile", "likely_percentile",
        "percentile_low..percentile_high", "p_top_tenth", "reliability",
    )  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """As every result's; the probability says what the number of draws allows."""
        table, draws = super().table, int(str(self.settings["draws"]))
        chances = [share_of_draws(float(value), draws) for value in self.frame["p_top_tenth"]]
        return table.assign(**{find_column("p_top_tenth").heading: chances})

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
            f"Every dimension is judged on its own ({self.level} each)." if len(self.frame) > 1 else "",
        ]
        return " ".join(part for part in [*parts, self._what_moved] if part)

    @property
    def _what_moved(self) -> str:
        """Where the likely percentile is farthest from the observed one, and which of the two steps made it so."""
        row = self.frame.loc[ties.largest((self.frame["moved_by_smoothing"] + self.frame["moved_by_error"]).abs())]
        # of the percentiles as printed, so that the parts add up to what the table shows
        observed, smoothed, likely = (
            round(row[name]) for name in ("percentile", "smoothed_percentile", "likely_percentile")
        )
        smoothing, error = smoothed - observed, likely - smoothed
        if smoothing == error == 0:
            return ""
        more = "smoothing" if abs(smoothing) > abs(error) else "error"
        mostly = f"It is mostly {more} that moves it." if abs(smoothing) != abs(error) else "Both move it as far."
        moves = "moves" if len(self.frame) == 1 else f"moves most on {row['title']},"
        return (
            f"The percentile {moves} from {whole(observed)} as observed to "
            f"{whole(likely)}: {signed(smoothing)} by drawing a smooth curve through "
            f"the norm's organisations (smoothing) and {signed(error)} by taking off the chance of who "
            f"answered (error). {mostly}"
        )

    @property
    def note(self) -> str:
        about = self.norm.about
        organisations = int(self.norm.frame["organisations"].max())
        return super().note + (
            f" Norm: {organisations:,} organisations, {self.norm.n:,} respondents; population: "
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
            frame["likely_percentile"].to_numpy(),
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

    Three percentiles are given, so that it can be seen what moves the number. The observed one ranks the observed mean
    among the norm's observed means (mid-rank: half of those who score the same count as below); `norm_low` and
    `norm_high` say how far it could be off only because the norm is a sample of organisations. The smoothed one places
    the same mean in a smooth distribution of observed means (normal true means, and the error of each organisation's
    respondents): it differs from the first by smoothing alone. The likely one is the median of what the true standing
    among true means may be, given how much organisations truly differ and how few respondents there are: it differs
    from the second by error, in the organisation and in the norm; its interval and the probability of the best tenth
    belong to it.

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
        A row a dimension: n, score, norm_mean, norm_sd, percentile (observed) with norm_low and norm_high,
        smoothed_percentile, likely_percentile with percentile_low and percentile_high, moved_by_smoothing (smoothed
        minus observed), moved_by_error (likely minus smoothed), p_top_tenth (of belonging to the best tenth: the
        lowest where low is good), reliability (of the organisation's mean, 0 to 1), higher_is.

    Raises
    ------
    AnalysisError
        If the organisation has too few respondents, or the norm measures other dimensions.

    Notes
    -----
    Mid-rank percentile: Crawford et al. (2009). Its interval is Jeffreys' (R's `qbeta(c(.025, .975), b + .5,
    k - b + .5)` with b of k organisations below). Shrinkage: Efron & Morris (1975), with the uncertainty of the norm
    itself carried along (see `random_effects.posterior_draws`). The tests show the interval's coverage by simulation.
    """
    check_options(seed=seed, draws=draws, confidence=confidence)
    unknown = [key for key in survey.instrument.dimension_keys if key not in norm.groups]
    if len(unknown) == len(survey.dimensions):
        raise AnalysisError(f"The norm from '{norm.data.name}' does not measure {', '.join(unknown)}.")
    minimum, answered = int(str(norm.settings["minimum"])), float(str(norm.settings["answered"]))
    scores = dimension_scores(survey, answered=answered, minimum=minimum)
    rng = np.random.default_rng(seed)
    in_norm = scores.frame[scores.frame["dimension"].isin(list(norm.groups))]
    if in_norm.empty:
        raise AnalysisError(f"Nothing can be compared with the norm from '{norm.data.name}'. {' '.join(scores.notes)}")
    rows = [_percentile_row(row, norm, draws, confidence, rng) for row in in_norm.to_dict("records")]
    frame = pd.DataFrame(rows)
    titles = ", ".join(f"'{survey.instrument.dimension(key).title}'" for key in unknown)
    outside = (f"The norm does not measure {titles}.",) if unknown else ()
    return PercentileBenchmark(
        frame=frame,
        n=scores.n,
        n_dropped=scores.n_dropped,
        by_rule=scores.by_rule,
        n_effective=scores.n_effective,
        settings={"seed": seed, "draws": draws, "confidence": confidence},
        data=survey.stamp,
        norm=norm,
        notes=(*scores.notes, *outside),
        verdicts=judge(ICC2_LEBRETON, frame["title"], frame["reliability"]),
    )


def _percentile_row(
    row: dict[str, object], norm: Norm, draws: int, confidence: float, rng: np.random.Generator
) -> dict[str, object]:
    key, n, score = str(row["dimension"]), int(str(row["n"])), float(str(row["score"]))
    precise_as = float(str(row.get("n_effective", n)))
    groups, components = norm.groups[key], norm.components[key]
    mean, between, own = posterior_draws(groups, score, precise_as, draws=draws, rng=rng)
    standing = 100 * ndtr((own - mean) / between)
    tail = 50 * (1 - confidence)
    low, middle, high = np.percentile(standing, [tail, 50, 100 - tail])
    observed, smoothed = mid_rank(groups.means, score), smoothed_rank(groups, components, score)
    norm_low, norm_high = rank_interval(observed, len(groups.means), confidence)
    return {
        "dimension": key,
        "title": row["title"],
        "n": n,
        "score": score,
        "norm_mean": components.mean,
        "norm_sd": components.between**0.5,
        "percentile": observed,
        "norm_low": norm_low,
        "norm_high": norm_high,
        "smoothed_percentile": smoothed,
        "likely_percentile": middle,
        "percentile_low": low,
        "percentile_high": high,
        "moved_by_smoothing": smoothed - observed,
        "moved_by_error": middle - smoothed,
        "p_top_tenth": float(np.mean(standing < 10 if row["higher_is"] == "worse" else standing > 90)),
        "reliability": components.reliability(precise_as),
        "higher_is": row["higher_is"],
    }


def mid_rank(norm_scores: np.ndarray, score: float) -> float:
    """The percentage of the norm below a score, counting half of those equal to it."""
    below = np.count_nonzero(norm_scores < score)
    equal = np.count_nonzero(norm_scores == score)
    return 100 * (below + 0.5 * equal) / len(norm_scores)


def smoothed_rank(groups: Groups, components: VarianceComponents, score: float) -> float:
    """The percentage of observed means below a score, if true means are normal and every mean has its own error.

    A mixture of normal distributions, one for each organisation of the norm, which differ only in the number of
    respondents. It takes no account of the error in the score itself.
    """
    spread = np.sqrt(components.between + components.within / groups.sizes)
    return float(100 * np.mean(ndtr((score - components.mean) / spread)))


def rank_interval(percentile: float, organisations: int, confidence: float) -> tuple[float, float]:
    """Jeffreys' interval for a percentile among so many organisations, the score taken as known."""
    below = percentile / 100 * organisations
    tail = (1 - confidence) / 2
    ends = stats.beta.ppf([tail, 1 - tail], below + 0.5, organisations - below + 0.5)
    return float(100 * ends[0]), float(100 * ends[1])
