"""What can be said of topics that make an index up, where alpha and factor analysis do not apply?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures, rounding, tables
from cxkit.results.accounting import account, not_stated
from cxkit.results.options import check_options, check_whole
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import KRIPPENDORFF, judge
from cxkit.results.weighted import refuse_weights
from cxkit.statistics.agreement import Counts, counted_codes, krippendorff_alpha, resampled_alpha
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import FEW_UNSTATED, ShownGroups, shown_groups
from cxkit.survey.survey import Survey
from cxkit.validation.content.weighting import FormativeIndex, index_rows, quantiles, ranks_of, t_interval
from cxkit.validation.correlations import asked_for

THREE_DIGITS = rounding.fixed(3)
"""For Krippendorff's alpha, whose lower cut-off is .667."""

FEWEST_RESAMPLED = 3
"""With fewer raters than this, drawing among them says nothing about ranks."""


@dataclass(frozen=True, kw_only=True)
class RaterAgreement:
    """Krippendorff's alpha over everything that two raters rated (`units`), with its bootstrap interval."""

    alpha: float
    low: float
    high: float
    units: int


@dataclass(frozen=True, eq=False, kw_only=True)
class FormativeProfile(Result):
    """Topic by topic; `agreement` says how well raters agree, `index` what the topics add up to.

    `notes` says what was left out, and what counts as one observation.
    """

    agreement: RaterAgreement
    index: FormativeIndex
    limits: tuple[float, float] | None

    title: ClassVar[str] = "Topic profile"
    cites: ClassVar[tuple[str, ...]] = ("jarvis2003", "diamantopoulos2001", "hayes2007")
    shown: ClassVar[tuple[str, ...]] = (
        "title",
        "items",
        "n",
        "score",
        "ci_low..ci_high",
        "rank",
        "rank_low..rank_high",
    )

    @property
    def ranked(self) -> pd.DataFrame:
        """The topics, highest score first."""
        return ties.largest_first(self.frame, "score")

    @property
    def table(self) -> pd.DataFrame:
        """The topics, highest score first."""
        headings = ["Topic", "Items", "n", "Score", f"{self.level} interval", "Rank", f"Rank, {self.level}"]
        shown = self.shown if len(self.frame) > 1 else self.shown[:-2]  # one topic has no rank
        table = tables.printed(self.ranked, shown, level=self.level)
        table.columns = headings[: len(shown)]
        return table

    @property
    def text(self) -> str:
        """The ends of the profile, the agreement of raters, and the index over weights."""
        scored = self.ranked.dropna(subset="score")
        if scored.empty:
            return f"No topic has a score. {self._agreed}"
        highest, lowest = (_with_interval(scored.iloc[place], self.level) for place in (0, -1))
        ends = (
            f"Highest is {highest}, lowest {lowest}" if len(scored) > 1 else f"The only topic with a score is {highest}"
        )
        return f"{ends}. {self._agreed} {self.index.text}"

    @property
    def _agreed(self) -> str:
        found = self.agreement
        if np.isnan(found.alpha):
            return (
                "How well raters agree cannot be computed: that needs two raters of the same thing, and answers that "
                "differ."
            )
        interval = "" if np.isnan(found.low) else f", {self.level} interval {_span(found.low, found.high)}"
        verdict = KRIPPENDORFF.verdict(found.alpha)
        return (
            f"Raters' agreement by Krippendorff's alpha is {KRIPPENDORFF.shown(found.alpha, 3)}{interval}: {verdict} "
            f"({cite(KRIPPENDORFF.source)}){KRIPPENDORFF.reaching_down(found.alpha, found.low)}."
        )

    @property
    def alt(self) -> str:
        """Every topic with its interval, highest first."""
        each = "; ".join(_with_interval(row, self.level) for _, row in self.ranked.dropna(subset="score").iterrows())
        return f"Score of each topic with {self.level} interval, highest first: {each or 'none'}."

    def draw(self, axes: Axes) -> None:
        """Topics from the highest score to the lowest, on the full answer scale."""
        rows = self.ranked
        heights = figures.rows(axes, rows["title"].tolist())
        figures.intervals(axes, heights, *(rows[name].to_numpy() for name in ("score", "ci_low", "ci_high")))
        if self.limits:
            axes.set_xlim(*self.limits)
        axes.set_xlabel(f"Mean score, with {self.level} interval")


def _span(low: float, high: float) -> str:
    return f"{TWO_DIGITS(low)} to {TWO_DIGITS(high)}"


def _with_interval(row: pd.Series, level: str) -> str:
    interval = "" if np.isnan(row["ci_low"]) else f", {level} interval {_span(row['ci_low'], row['ci_high'])}"
    return f"{row['title']} ({TWO_DIGITS(row['score'])}{interval})"


def formative_profile(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    answered: float = 0.5,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 1,
    minimum: int = MINIMUM_CELL,
    consent: str = "",
) -> FormativeProfile:
    """How does each topic stand, do its raters agree, and does the index depend on how topics are weighted?

    The analysis for formative dimensions: their items make the score up, so that nothing can be learnt from how well
    they go together, and what is left to ask is whether raters see the same and whether the weights decide.

    A rater's topic score is the mean of the questions answered, if at least the share `answered` of them was. A rater
    without any topic score is dropped. Where the survey names several organisations, each counts once, with the mean
    of its raters, and the intervals of topics are across organisations instead of raters.

    Parameters
    ----------
    survey
        The survey: a row a rater, of one organisation or several.
    dimensions
        Keys of formative dimensions; all of them where None.
    answered
        The share of a topic's questions that must be answered for a score.
    confidence
        Probability of all intervals.
    draws
        How many sets of weights are tried, and how many resamples drawn for agreement and ranks.
    seed
        Seed of both.
    minimum
        Organisations of fewer raters are hidden, and topics that fewer have a score on have none; at least 5, or any
        number with `consent`.
    consent
        Who agreed that the answers of fewer than five raters are seen, such as "the three auditors, in writing"; the
        note repeats it.

    Returns
    -------
    FormativeProfile
        A row a topic: dimension, title, items, n (raters, or organisations where there are several), score, ci_low,
        ci_high (t distribution), sd, rank (1 is highest), rank_low and rank_high (over resampled raters or
        organisations; NaN below three, and all three of a single topic). `agreement` holds Krippendorff's ordinal alpha
        over all questions of all organisations, `index` a result with a row an organisation: raters, index with equal
        weights, ci_low and ci_high across raters, weighted_low and weighted_high over random weights, rank with
        rank_low and rank_high over random weights (what is of weights is NaN where there is one topic).

    Raises
    ------
    AnalysisError
        If no formative dimension is left, a dimension is unknown, topics have different answer scales, or fewer
        than `minimum` raters answered.

    Notes
    -----
    Formative measurement: Jarvis et al. (2003), Diamantopoulos & Winklhofer (2001). Weights are drawn evenly from all
    sets that add up to one, as a sensitivity analysis of a composite indicator (OECD 2008). Alpha's interval resamples
    the rated questions, not the raters: with few raters it is too narrow. Topic intervals agree with R's
    `t.test(scores)$conf.int`.
    """
    refuse_weights(survey, "A profile of topics", "its raters are an audit team, in which everybody counts once")
    check_options(confidence=confidence, draws=draws, seed=seed, answered=answered)
    _check_minimum(minimum, consent)
    topics, notes = _formative(survey, dimensions)
    shown = _shown(survey, topics, answered, minimum)
    scores, organisations, taking_part = _taking_part(survey, topics, answered, minimum, shown)
    several = organisations.nunique() > 1
    observations = scores.groupby(organisations, observed=True).mean() if several else scores
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)]
    agreement = _agreement(survey.answers.loc[scores.index], organisations, topics, confidence, draws, streams[0])
    what: dict[str, Any] = {
        **taking_part, "data": survey.stamp, "limits": _limits(topics),
        "settings": {
            "dimensions": [topic.key for topic in topics], "answered": answered, "confidence": confidence,
            "draws": draws, "seed": seed, "minimum": minimum, "consent": consent,
        },
    }  # fmt: skip
    index = index_rows(
        scores, organisations, draws=draws, confidence=confidence, minimum=minimum if several else None,
        concealed=shown.hidden["organisation"] if shown else None, rng=streams[1],
    )  # fmt: skip
    return FormativeProfile(
        **what,
        frame=_topic_rows(topics, observations.to_numpy(), confidence, draws, streams[2]),
        agreement=agreement,
        index=FormativeIndex(**what, frame=index, topics=len(topics)),
        verdicts=judge(KRIPPENDORFF, ["all questions"], [agreement.alpha]),
        notes=(*notes, _counts_what(several, observations), *_consent_note(minimum, consent)),
    )


def _check_minimum(minimum: int, consent: str) -> None:
    """Refuse groups below the smallest cell, unless their raters consent to be seen."""
    if consent.strip():
        check_whole("minimum", minimum, least=1)
    else:
        check_options(minimum=minimum)


def _formative(survey: Survey, dimensions: Sequence[str] | None) -> tuple[list[Dimension], tuple[str, ...]]:
    asked = asked_for(survey, dimensions)
    topics = [dimension for dimension in asked if dimension.kind == "formative"]
    if not topics:
        raise AnalysisError(
            f"No dimension of '{survey.name}' that was asked for is formative (its items make the score up). For "
            "reflective ones, whose items are signs of one thing, see item_analysis and cronbach_alpha; what a "
            'dimension is stands in the instrument: kind = "formative".'
        )
    scales = sorted({str(topic.scale) for topic in topics})
    if len(scales) > 1:
        raise AnalysisError(
            f"The topics have different answer scales ({', '.join(scales)}), so they add up to no index. "
            "Choose dimensions=[...] of one scale."
        )
    left = [dimension.title for dimension in asked if dimension.kind != "formative"]
    if not left:
        return topics, ()
    are = "is reflective and" if len(left) == 1 else "are reflective and"
    named = ", ".join(f"'{title}'" for title in left)
    return topics, (f"{named} {are} left out; cronbach_alpha and exploratory_factors are for such dimensions.",)


def _taking_part(
    survey: Survey, topics: list[Dimension], answered: float, minimum: int, shown: ShownGroups | None
) -> tuple[pd.DataFrame, pd.Series, dict[str, Any]]:
    """The topic scores of raters who have any, the organisation of each (the survey where it names none), and counts.

    A topic that fewer than `minimum` raters have a score on is left without scores.
    """
    scores = survey.scores(answered=answered)[[topic.key for topic in topics]]
    organisations = pd.Series(survey.name, index=scores.index)
    if "organisation" in survey.respondents:
        organisations = survey.role("organisation")
    scored, stated = scores.notna().any(axis=1), organisations.notna()
    kept = shown.kept if shown else np.ones(len(scores), dtype=bool)
    used = scored & stated & kept
    if not used.any():
        raise AnalysisError(f"Nobody in '{survey.name}' answered enough questions of any topic for a score.")
    if used.sum() < minimum:
        raise AnalysisError(
            f"The profile of '{survey.name}' is not shown: {counted(int(used.sum()), 'rater')} answered, and numbers "
            f"of fewer than {minimum} would give their answers away. Ask more raters; of an audit team that agreed to "
            'be seen, say minimum=1 with consent="<who agreed>".'
        )
    few = scores[used].notna().sum() < minimum
    taking_part = account(scored, (not_stated("organisation"), stated), (FEW_UNSTATED, kept))
    return scores[used].mask(np.broadcast_to(few.to_numpy(), scores[used].shape)), organisations[used], taking_part


def _shown(survey: Survey, topics: list[Dimension], answered: float, minimum: int) -> ShownGroups | None:
    """Whom the tables of a report may show; None for one organisation, or where raters consent to be seen."""
    several = "organisation" in survey.respondents and survey.role("organisation").nunique() > 1
    if not several or minimum < MINIMUM_CELL:
        return None
    scores = survey.scores(answered=answered)[[topic.key for topic in topics]]
    return shown_groups(survey, scores.notna().any(axis=1), minimum=minimum)


def _limits(topics: list[Dimension]) -> tuple[float, float] | None:
    """Both ends of the answer scale, with a little air, for the axis; None for a scale without ends."""
    scale = topics[0].scale
    if scale.low is None or scale.high is None:
        return None
    air = 0.02 * (scale.high - scale.low)
    return scale.low - air, scale.high + air


def _consent_note(minimum: int, consent: str) -> tuple[str, ...]:
    if minimum >= MINIMUM_CELL:
        return ()
    return (
        f"Answers of fewer than {MINIMUM_CELL} raters are shown with their consent: {consent.strip().rstrip('.')}.",
    )


def _counts_what(several: bool, observations: pd.DataFrame) -> str:
    if several:
        return f"Each of {counted(len(observations), 'organisation')} counts once, with the mean of its raters."
    return "Intervals are across raters."


def _topic_rows(
    topics: list[Dimension], observations: np.ndarray, confidence: float, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    frame = pd.DataFrame([_topic_row(topic, observations[:, i], confidence) for i, topic in enumerate(topics)])
    ranks = np.full((3, len(topics)), np.nan)
    scored = frame["score"].notna().to_numpy()
    if len(topics) == 1:
        return frame.assign(rank=np.nan, rank_low=np.nan, rank_high=np.nan)
    ranks[0] = ranks_of(frame["score"].to_numpy()[None])[0]
    if len(observations) >= FEWEST_RESAMPLED:
        resampled = ranks_of(_resampled_means(observations[:, scored], draws, rng))
        ranks[1, scored], ranks[2, scored] = quantiles(resampled, confidence)
    return frame.assign(rank=ranks[0], rank_low=ranks[1], rank_high=ranks[2])


def _topic_row(topic: Dimension, scores: np.ndarray, confidence: float) -> dict[str, object]:
    given = scores[~np.isnan(scores)]
    n = len(given)
    mean = float(given.mean()) if n else float("nan")
    low, high = t_interval(mean, (given - mean) / max(n, 1), confidence)
    return {
        "dimension": topic.key,
        "title": topic.title,
        "items": len(topic.items),
        "n": n,
        "score": mean,
        "ci_low": low,
        "ci_high": high,
        "sd": float(given.std(ddof=1)) if n > 1 else float("nan"),
    }


def _resampled_means(observations: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Means of each column in samples of the rows, drawn with replacement (draws x columns)."""
    n = len(observations)
    times = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype("float64")
    seen = (~np.isnan(observations)).astype("float64")
    with np.errstate(invalid="ignore"):
        return np.asarray(times @ np.nan_to_num(observations) / (times @ seen))


def _agreement(
    answers: pd.DataFrame,
    organisations: pd.Series,
    topics: list[Dimension],
    confidence: float,
    draws: int,
    rng: np.random.Generator,
) -> RaterAgreement:
    """Over every question of every organisation: what its raters answered is one unit."""
    items = answers[[key for topic in topics for key in topic.item_keys]]
    values = np.unique(items.to_numpy()[items.notna().to_numpy()])
    rated = [counted_codes(mine.to_numpy().T, values).table for _, mine in items.groupby(organisations, observed=True)]
    counts = Counts(table=np.concatenate(rated), values=values)
    low, high = quantiles(resampled_alpha(counts, "ordinal", resamples=draws, rng=rng)[:, None], confidence)
    alpha = krippendorff_alpha(counts, "ordinal")
    return RaterAgreement(alpha=alpha, low=float(low[0]), high=float(high[0]), units=int(counts.pairable.sum()))
