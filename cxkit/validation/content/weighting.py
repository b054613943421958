"""How much does an index hang on the weights of its topics? The weights are a decision, so try all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.errors import counted
from cxkit.results import figures, tables
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.statistics.bootstrap import percentile_intervals
from cxkit.survey.privacy import cover_rows, hidden_note, rows_to_hide


@dataclass(frozen=True, eq=False, kw_only=True)
class FormativeIndex(Result):
    """The index of each organisation with equal weights, and what other weights would make of it."""

    limits: tuple[float, float] | None
    topics: int
    """How many topics it is made up of."""

    title: ClassVar[str] = "Index and its weights"
    cites: ClassVar[tuple[str, ...]] = ("diamantopoulos2001", "oecd2008")
    shown: ClassVar[tuple[str, ...]] = (
        "organisation", "raters", "index", "ci_low..ci_high", "weighted_low..weighted_high", "rank",
        "rank_low..rank_high",
    )  # fmt: skip

    @property
    def visible(self) -> pd.DataFrame:
        """The organisations that may be shown and have an index."""
        return self.frame[~self.frame["hidden"] & self.frame["index"].notna()]

    @property
    def table(self) -> pd.DataFrame:
        """What a reader needs; without ranks where there is nothing to rank, and weights where there is one topic."""
        headings = dict(zip(self.shown, ("Organisation", "Raters", "Index", f"{self.level} raters",
                                         f"{self.level} weights", "Rank", f"Rank, {self.level} weights"),
                            strict=True))  # fmt: skip
        ranks, weights = self.shown[-2:], ("weighted_low..weighted_high", "rank_low..rank_high")
        left_out = {*(() if self.frame["rank"].notna().any() else ranks), *(() if self._is_weighted else weights)}
        names = tuple(name for name in self.shown if name not in left_out)
        table = tables.printed(self.frame, names, level=self.level)
        table.columns = [headings[name] for name in names]
        return table

    @property
    def _is_weighted(self) -> bool:
        """Whether there are weights to vary: an index of one topic is the score on it, whatever the weight."""
        return self.topics > 1

    @property
    def text(self) -> str:
        """The index with equal weights, the spread over weights, and how many ranks hold."""
        visible = self.visible
        if visible.empty:
            return "No index can be shown. " + hidden_note(self.frame, minimum=self._minimum, noun="organisation")
        if not self._is_weighted:
            return self._of_one_topic(visible)
        if len(self.frame) == 1:
            row = visible.iloc[0]
            return (
                f"The index is {TWO_DIGITS(row['index'])} with equal weights; {self.level} of all weightings give "
                f"{TWO_DIGITS(row['weighted_low'])} to {TWO_DIGITS(row['weighted_high'])}."
            )
        lowest, highest = visible["index"].min(), visible["index"].max()
        firm = int((visible["rank_low"] == visible["rank_high"]).sum())
        hidden = hidden_note(self.frame, minimum=self._minimum, noun="organisation")
        return (
            f"With equal weights the index{self._shown} runs from {TWO_DIGITS(lowest)} to {TWO_DIGITS(highest)}; "
            f"{firm} of {counted(len(visible), 'organisation')} {'keeps its' if firm == 1 else 'keep their'} rank in "
            f"{self.level} of all weightings. {hidden}"
        ).strip()

    def _of_one_topic(self, visible: pd.DataFrame) -> str:
        """The index as a score alone: no weights were varied."""
        what = "With one topic there are no weights to vary: the index is the score on it"
        if len(self.frame) == 1:
            return f"{what}, {TWO_DIGITS(visible['index'].iloc[0])}."
        lowest, highest = TWO_DIGITS(visible["index"].min()), TWO_DIGITS(visible["index"].max())
        hidden = hidden_note(self.frame, minimum=self._minimum, noun="organisation")
        return f"{what}{self._shown}, from {lowest} to {highest}. {hidden}".strip()

    @property
    def _shown(self) -> str:
        """Whose index a range is that of, where some organisations are hidden."""
        return " of the organisations shown" if len(self.visible) < len(self.frame) else ""

    @property
    def _minimum(self) -> int:
        return int(str(self.settings["minimum"]))

    @property
    def note(self) -> str:
        """What the two intervals are."""
        if not self._is_weighted:
            return f"Interval of raters: across raters. {super().note}"
        draws = int(str(self.settings["draws"]))
        return (
            f"Interval of raters: across raters, equal weights. Interval of weights: {draws:,} sets of weights, every "
            f"set as likely as every other. {super().note}"
        )

    @property
    def alt(self) -> str:
        """Every index with its interval over weights, or of raters where there is one topic."""
        _, low, high = self._drawn
        each = "; ".join(
            f"{row['organisation']} {TWO_DIGITS(row['index'])} ({TWO_DIGITS(row[low])} to {TWO_DIGITS(row[high])})"
            for _, row in self.visible.iterrows()
        )
        what = f"Index with equal weights, and its range over {self.level} of weightings"
        if not self._is_weighted:
            what = f"Index, with {self.level} interval of raters"
        return f"{what}: {each or 'none shown'}."

    @property
    def _drawn(self) -> tuple[str, str, str]:
        """The columns of the figure."""
        return ("index", "weighted_low", "weighted_high") if self._is_weighted else ("index", "ci_low", "ci_high")

    def draw(self, axes: Axes) -> None:
        """The index and its range over weights, highest first, on the full answer scale."""
        rows = ties.largest_first(self.visible, "index")
        heights = figures.rows(axes, rows["organisation"].tolist())
        figures.intervals(axes, heights, *(rows[name].to_numpy() for name in self._drawn))
        if self.limits:
            axes.set_xlim(*self.limits)
        bar = f"Index with equal weights; bar: {self.level} of all weightings"
        axes.set_xlabel(bar if self._is_weighted else f"Index; bar: {self.level} interval of raters")


def index_rows(
    scores: pd.DataFrame,
    organisations: pd.Series,
    *,
    draws: int,
    confidence: float,
    minimum: int | None,
    concealed: Collection[str] | None = None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The index of each organisation with its intervals; small ones hidden, ranks among those that are shown.

    Parameters
    ----------
    scores
        A row a rater, a column a topic.
    organisations
        Of each rater.
    draws
        Sets of weights, drawn evenly from all sets that add up to one.
    minimum
        Fewest raters of an organisation that is shown; None to show all.
    concealed
        The organisations to hide, where other tables decide it; None hides by the number of raters.
    """
    rows, profiles = [], []
    for name, mine in scores.groupby(organisations, observed=True, sort=False):
        profiles.append(mine.mean().to_numpy())
        rows.append({"organisation": str(name), "raters": len(mine), **_index(mine.to_numpy(), confidence)})
    frame = pd.DataFrame(rows)
    is_weighted = scores.shape[1] > 1
    weights = rng.dirichlet(np.ones(scores.shape[1]), size=draws)
    weighted = weights @ np.stack(profiles).T  # draws x organisations
    frame["weighted_low"], frame["weighted_high"] = quantiles(weighted, confidence) if is_weighted else (np.nan, np.nan)
    if concealed is None:
        concealed = frame["organisation"][rows_to_hide(frame["raters"].to_numpy(), minimum or 1)]
    if minimum is None:
        frame = frame.assign(hidden=False)
    else:
        frame = cover_rows(frame, frame["organisation"].isin(list(concealed)).to_numpy())
    ranked = (~frame["hidden"] & frame["index"].notna()).to_numpy()
    ranks = {name: np.full(len(frame), np.nan) for name in ("rank", "rank_low", "rank_high")}
    if ranked.sum() > 1:
        ranks["rank"][ranked] = ranks_of(frame.loc[ranked, "index"].to_numpy()[None])[0]
        if is_weighted:
            ranks["rank_low"][ranked], ranks["rank_high"][ranked] = quantiles(ranks_of(weighted[:, ranked]), confidence)
    return frame.assign(**ranks)


def _index(scores: np.ndarray, confidence: float) -> dict[str, float]:
    """The mean of the topics' means and its interval across raters; NaN where a topic has no score."""
    seen = ~np.isnan(scores)
    counts = seen.sum(axis=0)
    if not counts.all():
        return dict.fromkeys(("index", "ci_low", "ci_high"), float("nan"))
    means = np.nansum(scores, axis=0) / counts
    # What each rater adds: with complete scores, their own index minus the mean, divided by n.
    pulls = np.where(seen, scores - means, 0.0) @ (1 / counts) / len(means)
    low, high = t_interval(float(means.mean()), pulls, confidence)
    return {"index": float(means.mean()), "ci_low": low, "ci_high": high}


def t_interval(mean: float, pulls: np.ndarray, confidence: float) -> tuple[float, float]:
    """The interval of a mean from what each rater adds to it (deviation divided by n); NaN with one rater."""
    n = len(pulls)
    if n < 2:
        return float("nan"), float("nan")
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * float(np.sqrt(n / (n - 1) * (pulls**2).sum()))
    return mean - half, mean + half


def ranks_of(values: np.ndarray) -> np.ndarray:
    """The place of each value in its row, 1 for the highest; equal values share the better place."""
    places = 1.0 + (values[:, None, :] > values[:, :, None]).sum(axis=2)
    return np.asarray(np.where(np.isnan(values), np.nan, places))


def quantiles(draws: np.ndarray, confidence: float) -> np.ndarray:
    """Both ends of the middle part of each column, as values that were drawn; NaN where too many draws have none."""
    return percentile_intervals(draws, confidence, "inverted_cdf")
