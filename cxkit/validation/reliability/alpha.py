"""How precisely does a dimension's score measure? Cronbach's alpha, with Feldt's or a bootstrap interval."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, CxkitWarning
from cxkit.results import figures
from cxkit.results.accounting import whose_n
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice, check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, clear_of
from cxkit.results.thresholds import ALPHA_NUNNALLY, judge
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.alpha import alpha_from_covariance, bootstrap_alphas, feldt_interval
from cxkit.statistics.bootstrap import (
    bootstrap_note,
    percentile_interval,
)
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, Selection, moments, select
from cxkit.validation.reliability.normality import note_on_normality, spread_ratio
from cxkit.validation.reliability.usable import Usable, rows_behind, usable_answers

Interval = Literal["feldt", "bootstrap"]

RESEARCH, RESEARCH_WORDS = ALPHA_NUNNALLY.bands[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reliability(Result):
    """Alpha by dimension. `notes` says which dimensions are left out, and why."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Reliability: Cronbach's alpha"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "items", "n", "n_complete", "alpha", "ci_low..ci_high", "alpha_standardized", "mean_r", "sem",
    )  # fmt: skip

    @property
    def references(self) -> tuple[str, ...]:
        """Of alpha, of its interval, and of the cut-off."""
        interval = "feldt1987" if self.settings["interval"] == "feldt" else "efron1993"
        return tuple(dict.fromkeys(["cronbach1951", interval, *super().references]))

    @property
    def text(self) -> str:
        """The range of alpha, and how many dimensions reach the usual cut-off."""
        values = self.frame["alpha"]
        lowest, highest = (self.frame.loc[i] for i in ties.ends(values))
        if len(self.frame) == 1:
            return f"Alpha of {_with_interval(lowest, self.level)}."
        enough = int((values >= RESEARCH).sum())
        return (
            f"Alpha runs from {_with_interval(lowest, self.level)} to {_with_interval(highest, self.level)}; "
            f"{enough} of {len(values)} dimensions reach {TWO_DIGITS(RESEARCH)} ({cite(ALPHA_NUNNALLY.source)})."
        )

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis below, whatever the number of dimensions."""
        return 7.0, 1.5 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """Every dimension with its interval."""
        each = "; ".join(_with_interval(row, self.level) for _, row in self.frame.iterrows())
        return f"Alpha by dimension, with a line at {TWO_DIGITS(RESEARCH)}: {each}."

    def draw(self, axes: Axes) -> None:
        """Alpha and its interval, a row a dimension."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        alpha, low, high = (self.frame[name].to_numpy() for name in ("alpha", "ci_low", "ci_high"))
        figures.intervals(axes, heights, alpha, low, high)
        axes.axvline(RESEARCH, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(min(0.0, float(np.nanmin([alpha, low])) - 0.05), 1.0)
        line = f"dashed line: {TWO_DIGITS(RESEARCH)}, {RESEARCH_WORDS} ({cite(ALPHA_NUNNALLY.source)})"
        axes.set_xlabel(f"Cronbach's alpha, with {self.level} interval\n{line}")


def _with_interval(row: pd.Series, level: str) -> str:
    interval = ""
    if np.isfinite(row["ci_low"]):
        interval = f", {level} interval {TWO_DIGITS(row['ci_low'])} to {TWO_DIGITS(row['ci_high'])}"
    return f"{row['title']} ({clear_of(row['alpha'], RESEARCH)}{interval})"


def cronbach_alpha(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "pairwise",
    confidence: float = 0.95,
    interval: Interval = "feldt",
    bootstraps: int = 1000,
    seed: int = 1,
) -> Reliability:
    """How much of the variance of a dimension's score would a second, equal set of items reproduce?

    Alpha assumes that the items measure one thing equally well; it does not show that they do. Dimensions with one
    item and formative ones are left out, and the result's `notes` say so.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "pairwise" takes each covariance from the respondents who answered both items, "complete" uses only those who
        answered every item of the dimension.
    confidence
        Probability of the interval, such as .95.
    interval
        "feldt" is exact for normal answers that measure equally well, and too narrow where many answers stand at one
        end of the scale (a note then says so); "bootstrap" draws respondents anew, all their answers together, and
        takes percentiles: for skewed answers, at the price of random numbers.
    bootstraps, seed
        How many resamples, and of the random numbers; "feldt" needs neither.

    Returns
    -------
    Reliability
        A row a dimension: dimension, title, items, n (who answered any item, or all of them with "complete"),
        n_complete, alpha, ci_low, ci_high, alpha_standardized, mean_r (mean correlation between items) and sem
        (standard error of measurement of the mean of the items, in the units of the answer scale).

    Raises
    ------
    AnalysisError
        If no dimension is left, a dimension is unknown, or one has fewer than five respondents or answers that do not
        vary.

    Warns
    -----
    CxkitWarning
        If alpha is negative.

    Notes
    -----
    Agrees with R's `psych::alpha(x)$total` ("pairwise" is its default). The interval is exact for complete
    normal answers (Feldt et al. 1987) and equals `psych::alpha.ci(alpha, n.obs = n, n.var = items)`. With missing
    answers its n is the harmonic mean, over pairs of items, of how many respondents answered both: simulated coverage
    of 95 % intervals is then 95 to 98 % with 4 to 10 items and 10 to 50 % missing at random, where counting every row,
    as `psych::alpha` does, gives 69 to 93 %. The bootstrap follows `psych::alpha(x, n.iter = 1000)`.
    """
    check_choice("interval", interval, Interval)
    check_choice("missing", missing, Missing)
    check_options(confidence=confidence, bootstraps=bootstraps, seed=seed)
    selection = select(survey, dimensions, items=2, analysis="alpha", weighted=True)
    frame, usable, notes = _of_each_dimension(survey, selection, missing, confidence)
    _warn_negative(frame)
    settings: dict[str, object] = {
        "dimensions": [d.key for d in selection.dimensions], "missing": missing, "confidence": confidence,
        "interval": interval,
    }  # fmt: skip
    if interval == "bootstrap":
        settings |= {"bootstraps": bootstraps, "seed": seed}
        frame, failed = _with_bootstrap(survey, usable, frame, missing, confidence, bootstraps, seed)
        notes = (*notes, bootstrap_note(bootstraps, seed, failed))
    else:
        notes = (*notes, *_normality_notes(usable, frame, confidence))
    rows = rows_behind(survey, list(usable.values()), missing)
    if missing == "complete":
        notes = (*notes, *whose_n(frame))
    return Reliability(
        frame=frame,
        n=len(rows),
        n_dropped=survey.n - len(rows),
        n_effective=effective_among(survey, rows),
        settings=settings,
        data=survey.stamp,
        verdicts=judge(ALPHA_NUNNALLY, frame["title"], frame["alpha"]),
        notes=notes,
    )


def _of_each_dimension(
    survey: Survey, selection: Selection, missing: Missing, confidence: float
) -> tuple[pd.DataFrame, dict[str, Usable], tuple[str, ...]]:
    """A row a dimension that alpha can be computed of, the answers behind it, and notes on these and on the others."""
    usable, left_out = of_each(
        selection.dimensions, lambda d: usable_answers(survey, d, missing, items=2, analysis="Alpha")
    )
    found, not_computed = of_each(
        [d for d in selection.dimensions if d.key in usable],
        lambda d: _row(survey, d, usable[d.key].answers, missing, confidence),
    )
    own = {key: usable[key] for key in found}
    notes = (*selection.notes, *left_out, *not_computed, *(one.note for one in own.values() if one.note))
    return pd.DataFrame(list(found.values())), own, notes


def _normality_notes(usable: Mapping[str, Usable], frame: pd.DataFrame, confidence: float) -> list[str]:
    """Where Feldt's interval is too narrow, as it takes answers as normal."""
    ratios = {}
    for key, title in zip(frame["dimension"], frame["title"], strict=True):
        ratios[title] = spread_ratio(usable[key].answers.dropna().to_numpy(dtype="float64"))
    return [note for note in [note_on_normality(ratios, confidence)] if note]


def _why_none(covariance: np.ndarray) -> str:
    """Why there is no alpha: a covariance that nobody's answers give, no variance of any item, or none of their sum."""
    if not np.isfinite(covariance).all():
        return "no two respondents answered the same two items"
    if not np.diag(covariance).any():
        return "these do not vary"
    return "the variance of their sum is not above 0, although the items vary; look for one that should be reversed"


def _row(
    survey: Survey, dimension: Dimension, answers: pd.DataFrame, missing: Missing, confidence: float
) -> dict[str, object]:
    found = moments(answers, missing, weights_at(survey, answers.index))
    k = answers.shape[1]
    alpha = alpha_from_covariance(found.covariance)
    if not np.isfinite(alpha):
        raise AnalysisError(
            f"Alpha of '{dimension.title}' cannot be computed: {found.n} respondents gave usable answers, and "
            f"{_why_none(found.covariance)}."
        )
    spread = np.sqrt(np.diag(found.covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = found.covariance / np.outer(spread, spread)  # as psych: not each pair's own standard deviations
    low, high = feldt_interval(alpha, n=found.n_pairs, items=k, confidence=confidence)
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": k,
        "n": found.n,
        "n_complete": found.n_complete,
        "alpha": alpha,
        "ci_low": low,
        "ci_high": high,
        "alpha_standardized": alpha_from_covariance(r),
        "mean_r": float((r.sum() - k) / (k * (k - 1))),
        # A negative alpha is no share of a variance, so no error follows from it.
        "sem": float(np.sqrt(found.covariance.sum() * (1 - alpha))) / k if alpha >= 0 else float("nan"),
    }


def _with_bootstrap(
    survey: Survey, usable: Mapping[str, Usable], frame: pd.DataFrame, missing: Missing, confidence: float,
    bootstraps: int, seed: int,
) -> tuple[pd.DataFrame, int]:  # fmt: skip
    """The rows with percentile intervals in place of Feldt's, and how many alphas could not be computed."""
    ends, failed = [], 0
    for key in frame["dimension"]:
        used = usable[key].answers.dropna(how="any" if missing == "complete" else "all")
        own = weights_at(survey, used.index)
        replicates = bootstrap_alphas(used.to_numpy(dtype="float64"), own, resamples=bootstraps, seed=seed)
        failed += int((~np.isfinite(replicates)).sum())
        ends.append(percentile_interval(replicates, confidence))
    low, high = zip(*ends, strict=True)
    return frame.assign(ci_low=low, ci_high=high), failed


def _warn_negative(frame: pd.DataFrame) -> None:
    for _, row in frame[frame["alpha"] < 0].iterrows():
        why = "its interval includes 0, so that chance may explain it: the items have hardly anything in common"
        if row["ci_high"] < 0:  # an interval that excludes 0
            why = "its items work against one another, and probably one is worded against the dimension and not marked "
            why += "reversed"
        warnings.warn(
            f"Alpha of '{row['title']}' is negative ({TWO_DIGITS(row['alpha'])}): {why}. See item_analysis.",
            CxkitWarning,
            stacklevel=3,
        )
