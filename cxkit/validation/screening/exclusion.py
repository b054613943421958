"""What would change if flagged respondents were left out? Means and alpha with and without them, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures, rounding
from cxkit.results.options import check_options
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, fixed
from cxkit.results.scales import ends_of, share_one_scale
from cxkit.results.weighted import refuse_weights
from cxkit.statistics.alpha import alpha_from_covariance
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import moments
from cxkit.validation.screening.respondents_result import Screening

THREE_DIGITS = fixed(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class ExclusionEffect(Result):
    """Means and alpha of everybody beside those of the respondents with fewer flags."""

    excluded: int

    title: ClassVar[str] = "Effect of leaving out flagged respondents"
    cites: ClassVar[tuple[str, ...]] = ("curran2016", "meade2012")
    shown: ClassVar[tuple[str, ...]] = (
        "title", "n", "excluded", "mean", "mean_kept", "mean_change", "alpha", "alpha_kept", "alpha_change",
    )  # fmt: skip

    @property
    def text(self) -> str:
        """Who would be left out, and the largest changes."""
        flags = counted(int(str(self.settings["flags"])), "flag")
        if not self.excluded:
            return f"Nobody has {flags} or more: there is nobody to leave out."
        if self.excluded < MINIMUM_CELL or self.n - self.excluded < MINIMUM_CELL:
            which = "" if self.excluded < MINIMUM_CELL else "all but "
            return (
                f"{which}fewer than {MINIMUM_CELL} of {counted(self.n, 'respondent')} have {flags} or more; what "
                "leaving them out would change is hidden, because it would show their answers."
            ).capitalize()
        share = rounding.share(self.excluded / self.n)
        start = f"{counted(self.excluded, 'respondent')} of {self.n:,} ({share}) have {flags} or more"
        changes = [part for part in (self._largest("mean"), self._largest("alpha")) if part]
        if not changes:
            return f"{start}; what leaving them out would change is hidden, because it would show their answers."
        return f"{start}. {self._of_those_shown}eaving them out would move {' and '.join(changes)}."

    @property
    def _of_those_shown(self) -> str:
        """The start of a sentence on the largest changes: a hidden dimension may move farther."""
        hidden = int(self.frame["hidden"].sum())
        if not hidden:
            return "L"
        shown, of = len(self.frame) - hidden, counted(len(self.frame), "dimension")
        return f"Of the {shown} of {of} that {'is' if shown == 1 else 'are'} shown, l"

    def _largest(self, what: str) -> str:
        """The dimension whose mean, or alpha, would move most."""
        in_sd = what == "mean" and not share_one_scale(ends_of(self.frame))
        shown = self.frame[~self.frame["hidden"]]
        changes = shown["mean_change_sd" if in_sd else f"{what}_change"].abs()
        if changes.isna().all():
            return ""
        row = self.frame.loc[ties.largest(changes)]
        name, at_most = ("a dimension's mean" if what == "mean" else "alpha"), "at most "
        if len(shown) == 1:
            name, at_most = ("the mean" if what == "mean" else "alpha"), ""
        amount = THREE_DIGITS(changes[row.name]) + (" SD" if in_sd else "")
        values = f"{TWO_DIGITS(row[what])} to {TWO_DIGITS(row[f'{what}_kept'])}"
        return f"{name} by {at_most}{amount} ({row['title']}: {values})"

    @property
    def note(self) -> str:
        """What the change is in, which rows are hidden, then the usual line."""
        hidden = int(self.frame["hidden"].sum())
        why = (
            [
                f"{counted(hidden, 'dimension')} hidden: the difference would show the answers of fewer than "
                f"{MINIMUM_CELL} respondents."
            ]
            if hidden
            else []
        )
        return " ".join(["Nobody is left out of any other analysis.", *why, super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis and the legend below."""
        return 7.0, 1.8 + 0.45 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """Both means and both alphas of every dimension."""
        each = "; ".join(
            f"{row['title']}: mean {TWO_DIGITS(row['mean'])} and {TWO_DIGITS(row['mean_kept'])}{self._alphas(row)}"
            for _, row in self.frame[~self.frame["hidden"]].iterrows()
        )
        return f"Dimension means of everybody and without flagged respondents. {each or 'All of it is hidden'}."

    @staticmethod
    def _alphas(row: pd.Series) -> str:
        if pd.isna(row["alpha"]) or pd.isna(row["alpha_kept"]):
            return ""
        return f", α {TWO_DIGITS(row['alpha'])} and {TWO_DIGITS(row['alpha_kept'])}"

    def draw(self, axes: Axes) -> None:
        """Both means on the whole answer scale, with both alphas below."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        everybody, kept = self.frame["mean"].to_numpy(), self.frame["mean_kept"].to_numpy()
        axes.hlines(heights, everybody, kept, color=figures.GREY, linewidth=1.5)
        axes.plot(everybody, heights, "o", color=figures.BLUE, markersize=9, fillstyle="none", label="everybody")
        axes.plot(kept, heights, "X", color=figures.RED, markersize=6, label="without flagged respondents")
        for height, (_, row) in zip(heights, self.frame.iterrows(), strict=True):
            if row["hidden"]:
                continue
            alphas = self._alphas(row).removeprefix(", ").replace(" and ", " → ")
            axes.annotate(
                alphas, (row["mean"], height), xytext=(0, -9), textcoords="offset points", fontsize=8, ha="center",
                va="top", annotation_clip=False,
            )  # fmt: skip
        lows, highs = self.frame["scale_low"], self.frame["scale_high"]
        if lows.notna().all() and highs.notna().all():
            axes.set_xlim(lows.min(), highs.max())
        axes.set_xlabel("Mean, on the whole answer scale" if lows.notna().all() else "Mean")
        figures.legend_below(axes)


def exclusion_effect(survey: Survey, screened: Screening, *, flags: int = 2) -> ExclusionEffect:
    """Would the findings be others if the flagged respondents were left out?

    A dimension's mean is that of the respondents' scores (at least half of its items answered), alpha rests on pairwise
    covariances. Nothing is left out: the survey is not changed.

    Parameters
    ----------
    survey
        The survey that was screened.
    screened
        What `screen_respondents(survey)` returned.
    flags
        From how many flags on a respondent is left out.

    Returns
    -------
    ExclusionEffect
        A row a dimension: dimension, title, n (respondents with a score), excluded (of these), mean, mean_kept,
        mean_change, mean_change_sd (in standard deviations of everybody's scores), alpha, alpha_kept, alpha_change
        (NaN for formative dimensions and for one item), scale_low, scale_high and hidden. Where fewer than five would
        be left out, or fewer than five would remain, the row is hidden: the two means together would give away the
        answers of a handful of people.

    Raises
    ------
    AnalysisError
        If the screening is of other answers, flags is below 1, or everybody would be left out.
    """
    refuse_weights(
        survey,
        "The effect of leaving respondents out",
        "weights would have to be made anew without those left out",
    )
    if screened.data.hash != survey.hash:
        raise AnalysisError(
            f"The screening is of other answers ({screened.data}) than the survey ({survey.stamp}); screen this survey."
        )
    check_options(flags=flags)
    flagged = (screened.frame["flag_count"] >= flags).to_numpy()
    answered = (screened.frame["answered"] > 0).to_numpy()
    if not (answered & ~flagged).any():
        raise AnalysisError(f"Everybody in '{survey.name}' has {counted(flags, 'flag')} or more; nobody would be left.")
    scores = survey.scores()
    rows = [_row(survey, d, scores[d.key].to_numpy(dtype="float64"), flagged) for d in survey.dimensions]
    return ExclusionEffect(
        frame=_hidden(pd.DataFrame(rows)),
        n=screened.n,
        n_dropped=screened.n_dropped,
        settings={"flags": flags, "cutoffs": screened.settings["cutoffs"]},
        data=survey.stamp,
        excluded=int((answered & flagged).sum()),
    )


def _row(survey: Survey, dimension: Dimension, scores: np.ndarray, flagged: np.ndarray) -> dict[str, object]:
    scored = ~np.isnan(scores)
    mean, kept = _mean(scores[scored]), _mean(scores[scored & ~flagged])
    sd = float(scores[scored].std(ddof=1)) if scored.sum() > 1 else 0.0
    alpha, alpha_kept = (_alpha(survey, dimension, rows) for rows in (np.ones_like(flagged), ~flagged))
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "n": int(scored.sum()),
        "excluded": int((scored & flagged).sum()),
        "mean": mean,
        "mean_kept": kept,
        "mean_change": kept - mean,
        "mean_change_sd": (kept - mean) / sd if sd > 0 else np.nan,
        "alpha": alpha,
        "alpha_kept": alpha_kept,
        "alpha_change": alpha_kept - alpha,
        "scale_low": np.nan if dimension.scale.low is None else float(dimension.scale.low),
        "scale_high": np.nan if dimension.scale.high is None else float(dimension.scale.high),
    }


def _mean(scores: np.ndarray) -> float:
    return float(scores.mean()) if len(scores) else float("nan")


def _alpha(survey: Survey, dimension: Dimension, rows: np.ndarray) -> float:
    if dimension.kind == "formative" or len(dimension.items) < 2:
        return float("nan")
    return alpha_from_covariance(moments(survey.items_of(dimension.key)[rows], "pairwise").covariance)


def _hidden(frame: pd.DataFrame) -> pd.DataFrame:
    """Hide rows whose difference shows the answers of a few people: those who would go, or those who would stay."""
    few_go = (frame["excluded"] > 0) & (frame["excluded"] < MINIMUM_CELL)
    few_stay = (frame["excluded"] > 0) & (frame["n"] - frame["excluded"] < MINIMUM_CELL)
    hidden = few_go | few_stay | (frame["n"] < MINIMUM_CELL)
    findings = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c]) and not c.startswith("scale_")]
    covered = {name: frame[name].astype("float64").mask(hidden) for name in findings}
    return frame.assign(**covered, hidden=hidden)
