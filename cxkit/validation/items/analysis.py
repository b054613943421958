"""Does each item belong to its dimension, and does it tell respondents apart?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, CxkitWarning, counted, first_of
from cxkit.results import figures, tables
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import ITEM_REST_NUNNALLY, Verdicts, judge
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.alpha import alpha_from_covariance
from cxkit.statistics.correlation import fisher_interval
from cxkit.statistics.weighted import effective_n, mean_of, weighted_median
from cxkit.survey.instrument import Dimension, Item
from cxkit.survey.privacy import MINIMUM_CELL, hidden_note, hide_few, hide_small_cells
from cxkit.survey.survey import Survey
from cxkit.survey.wording import wording
from cxkit.validation.correlations import asked_for, constant_items, moments

BELONGS = ITEM_REST_NUNNALLY.bands[-1][0]
NAMED = 5
NOT_TOLD_FROM_0 = "cannot be told from no relation"


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemAnalysis(Result):
    """What each item does, item by item. `notes` says for which dimensions no correlation is given, and why."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Item analysis"
    shown: ClassVar[tuple[str, ...]] = (
        "title", "item", "text", "n", "missing", "mean", "sd", "floor", "ceiling", "item_rest_r", "alpha_if_dropped",
    )  # fmt: skip
    grouped: ClassVar[str] = "title"

    @property
    def table(self) -> pd.DataFrame:
        """What a reader needs of each item; median, skew and kurtosis are in `frame`."""
        return tables.printed(self.frame, self.shown)

    @property
    def text(self) -> str:
        """The range of item-rest correlations, and which items fall short."""
        judged = self.frame.dropna(subset="item_rest_r")
        if judged.empty:
            return "No item has an item-rest correlation: that takes a reflective dimension of two items."
        lowest, highest = (judged.loc[i] for i in ties.ends(judged["item_rest_r"]))
        weak = judged.loc[judged["item_rest_r"] < BELONGS, "item"].tolist()
        short = f"all reach {TWO_DIGITS(BELONGS)}"
        if weak:
            verb = "falls" if len(weak) == 1 else "fall"
            items = counted(len(judged), "item")
            short = f"{len(weak)} of {items} {verb} below {TWO_DIGITS(BELONGS)} ({first_of(weak, NAMED)})"
        low, high = TWO_DIGITS(lowest["item_rest_r"]), TWO_DIGITS(highest["item_rest_r"])
        if low == high:
            start = "All item-rest correlations" if not self._of_those_shown else f"{self._of_those_shown}all"
            return f"{start} are {low} ({first_of(judged['item'].tolist(), NAMED)}); {short}."
        start = "Item-rest correlations" if not self._of_those_shown else f"{self._of_those_shown}they"
        return f"{start} run from {low} ({lowest['item']}) to {high} ({highest['item']}); {short}."

    @property
    def _of_those_shown(self) -> str:
        """The start of a sentence on all items where some are hidden."""
        hidden = int(self.frame["hidden"].sum())
        return f"Item-rest correlations of the {len(self.frame) - hidden} items shown: " if hidden else ""

    @property
    def note(self) -> str:
        """The usual line, and where no correlation is given."""
        turned = ["Reversed items are turned round."] if self.frame["reversed"].any() else []
        return " ".join([*self.notes, *turned, self._usual_line])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items, and with a line of space between dimensions."""
        n_groups = self.frame["dimension"].nunique()
        return 7.0, 1.5 + 0.25 * (max(len(self.frame), 4) + n_groups)

    @property
    def alt(self) -> str:
        """The correlations of every item, dimension by dimension."""
        parts = []
        for title, rows in self.frame.groupby("title", sort=False):
            values = [
                f"{r['item']} {TWO_DIGITS(r['item_rest_r'])}" for _, r in rows.iterrows() if pd.notna(r["item_rest_r"])
            ]
            parts.append(f"{title}: {', '.join(values) or 'none'}")
        return f"Item-rest correlation of each item, with a line at {TWO_DIGITS(BELONGS)}. {'; '.join(parts)}."

    def draw(self, axes: Axes) -> None:
        """The item-rest correlation of each item, grouped by dimension."""
        heights = figures.grouped_heights(self.frame["dimension"].tolist())
        values = self.frame["item_rest_r"].to_numpy()
        weak = values < BELONGS
        axes.hlines(heights, 0, values, color="#BBBBBB", linewidth=1.5)
        axes.plot(values[~weak], heights[~weak], "o", color=figures.BLUE, label=f"{TWO_DIGITS(BELONGS)} or more")
        if weak.any():
            axes.plot(
                values[weak], heights[weak], "X", color=figures.RED, markersize=8, label=f"below {TWO_DIGITS(BELONGS)}"
            )
        axes.set_yticks(heights, [wording(row["item"], turned=row["reversed"]) for _, row in self.frame.iterrows()])
        self._name_dimensions(axes, heights)
        axes.set_ylim(-0.8, heights[0] + 1.4)
        lowest, highest = (float(f(values[np.isfinite(values)], initial=0.0)) for f in (np.min, np.max))
        axes.set_xlim(min(lowest - 0.05, -0.02), max(highest, 0.6) + 0.1)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.axvline(BELONGS, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlabel(
            "Correlation with the other items of the dimension\n"
            f"dashed line: {TWO_DIGITS(BELONGS)}, from which on an item belongs ({cite(ITEM_REST_NUNNALLY.source)})"
        )

    def _name_dimensions(self, axes: Axes, heights: np.ndarray) -> None:
        firsts = ~self.frame["dimension"].duplicated().to_numpy()
        for height, title in zip(heights[firsts], self.frame.loc[firsts, "title"], strict=True):
            axes.annotate(
                title, (0, height + 0.75), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", fontsize=9, fontweight="bold", va="center",
            )  # fmt: skip


def item_analysis(survey: Survey, *, dimensions: Sequence[str] | None = None) -> ItemAnalysis:
    """Does each item belong to its dimension, and does it tell respondents apart?

    Each number uses the answers that were given: means and shares those to the item, correlations those to both items
    of a pair. Reversed items are turned round, so that their mean and their ceiling point the way of the dimension.

    Parameters
    ----------
    survey
        The survey.
    dimensions
        Keys of the dimensions; all of them where None. Single items belong to no dimension and are not covered.

    Returns
    -------
    ItemAnalysis
        A row an item: dimension, title, item, text, reversed, n, missing (share), mean, median, sd, skew, kurtosis (0
        for a normal distribution), floor and ceiling (share of answers at the lowest and highest answer of the scale;
        NaN where the scale has no ends, fewer than five gave that answer, or it would tell of a rare answer beside it,
        as in `answer_distribution`), item_rest_r (correlation with the sum of the dimension's other items; NaN
        where there are none, or the dimension is formative) with item_rest_low and item_rest_high (95 %, Fisher's z),
        alpha_if_dropped and hidden (fewer than five respondents answered the item; all its numbers are NaN, and it
        takes no part in those of the other items; nor does an item with one answer from everybody).

    Raises
    ------
    AnalysisError
        If a dimension is unknown, or the instrument has none.

    Warns
    -----
    CxkitWarning
        If an item correlates negatively with the others of its dimension and the interval excludes 0; the message names
        it.

    Notes
    -----
    Agrees with R's `psych::describe(x, type = 3)` for the moments, and with `psych::alpha(x)` for r.drop and the alpha
    of the items without one of them, both computed from pairwise covariances. The interval is that of
    `psych::r.con(r, n)`. Shares at the ends of the scale are shown without a verdict: the 15 % of Terwee et al. (2007)
    are about scores of scales, which `score_distribution` judges.
    """
    chosen = asked_for(survey, dimensions)
    if not chosen:
        raise AnalysisError(
            f"'{survey.instrument.name}' has no dimensions, only single items; there is nothing to analyse."
        )
    frame = pd.concat([_dimension_rows(survey, dimension) for dimension in chosen], ignore_index=True)
    _warn_against(frame, survey)
    answered = survey.given[frame["item"].tolist()].notna().any(axis=1)
    n = int(answered.sum())
    # An item is no part of a whole: what is shown of the others does not give it away.
    frame = hide_small_cells(frame, total_shown=False, keep=["reversed"])
    notes = [*_why_no_correlation(chosen), *_constant_notes(survey, chosen), hidden_note(frame, noun="item")]
    notes.append(_rare_ends_note(frame, survey))
    return ItemAnalysis(
        frame=frame,
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_among(survey, answered),
        settings={"dimensions": [dimension.key for dimension in chosen]},
        data=survey.stamp,
        verdicts=_verdicts(frame),
        notes=tuple(filter(None, notes)),
    )


def _rare_ends_note(frame: pd.DataFrame, survey: Survey) -> str:
    ended = frame["item"].map(lambda key: survey.instrument.items[key].scale.is_bounded)
    if not frame.loc[~frame["hidden"] & ended, ["floor", "ceiling"]].isna().any(axis=None):
        return ""
    return (
        f"Floor and ceiling are left out where fewer than {MINIMUM_CELL} respondents gave that answer, or where it "
        "would tell of a rare answer beside it."
    )


def _dimension_rows(survey: Survey, dimension: Dimension) -> pd.DataFrame:
    answers = survey.items_of(dimension.key)
    frame = pd.DataFrame(
        [
            _row(dimension, item, answers[item.key].to_numpy(dtype="float64"), weights_at(survey, answers.index))
            for item in dimension.items
        ]
    )
    if dimension.kind == "formative":
        return frame.assign(item_rest_r=np.nan, item_rest_low=np.nan, item_rest_high=np.nan, alpha_if_dropped=np.nan)
    safe = frame["n"] >= MINIMUM_CELL  # else the others' correlations would show what a hidden item was answered
    used = safe & ~frame["item"].isin(constant_items(answers))  # as psych::alpha: they count as items and share nothing
    related = answers.loc[:, used.to_numpy()]
    covariance = moments(related, "pairwise", weights_at(survey, answers.index)).covariance
    r = item_rest(covariance)
    low, high = fisher_interval(r, _answered_with_others(related, weights_at(survey, answers.index)))
    columns = {"item_rest_r": r, "item_rest_low": low, "item_rest_high": high}
    columns["alpha_if_dropped"] = np.asarray(_alphas_without_each(covariance))
    return frame.join(pd.DataFrame(columns, index=frame.index[used], dtype="float64"))


def _answered_with_others(answers: pd.DataFrame, weights: np.ndarray | None) -> np.ndarray:
    """How many respondents (of equal weight) answered each item and at least one of the others."""
    given = answers.notna().to_numpy(dtype=bool)  # without columns numpy would take objects
    both = given & (given.sum(axis=1, keepdims=True) > 1)
    if weights is None:
        return np.asarray(both.sum(axis=0))
    return np.array([effective_n(weights[rows]) if rows.any() else 0.0 for rows in both.T])


def _row(dimension: Dimension, item: Item, answers: np.ndarray, weights: np.ndarray | None) -> dict[str, object]:
    answered = ~np.isnan(answers)
    given, everybody = answers[answered], np.ones(len(answers)) if weights is None else weights
    own = everybody[answered]
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "item": item.key,
        "text": item.text,
        "reversed": item.reversed,
        "n": len(given),
        "missing": 1 - own.sum() / everybody.sum() if len(answers) else np.nan,
        **_moments_of(given, own),
        **_ends_of(item, given, own),
    }


def _moments_of(given: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Mean, median, SD, and skew and kurtosis as means of powers divided by powers of the SD with n - 1 ("type 3")."""
    if not len(given):
        return dict.fromkeys(("mean", "median", "sd", "skew", "kurtosis"), float("nan"))
    found = mean_of(given, weights)
    away, share = given - found.mean, weights / weights.sum()
    varies = found.sd > 0
    return {
        "mean": found.mean,
        "median": weighted_median(given, weights),
        "sd": found.sd,
        "skew": float(share @ away**3) / found.sd**3 if varies else float("nan"),
        "kurtosis": float(share @ away**4) / found.sd**4 - 3 if varies else float("nan"),
    }


def _ends_of(item: Item, given: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    if not item.scale.is_bounded or not len(given):
        return {"floor": float("nan"), "ceiling": float("nan")}
    low, high = _shown_ends(item, given)
    share = weights / weights.sum()
    return {
        "floor": float(share[given == item.scale.low].sum()) if low else float("nan"),
        "ceiling": float(share[given == item.scale.high].sum()) if high else float("nan"),
    }


def _shown_ends(item: Item, given: np.ndarray) -> tuple[bool, bool]:
    """Whether the shares at both ends may be shown: where `answer_distribution` shows these answers."""
    low, high = float(item.scale.low or 0), float(item.scale.high or 0)
    if not item.scale.points:
        at_ends = np.array([(given == low).sum(), (given == high).sum()])
        few = (at_ends > 0) & (at_ends < MINIMUM_CELL)
        return not few[0], not few[1]
    counts = np.bincount((given - low).astype("int64"), minlength=item.scale.points)
    as_ticked = counts[::-1] if item.reversed else counts  # of two equally rare answers both hide the same one
    hidden = hide_few(as_ticked)[:: -1 if item.reversed else 1]
    return not hidden[0], not hidden[-1]


def item_rest(covariance: np.ndarray) -> np.ndarray:
    """Each item's correlation with the sum of the others, from their covariances; NaN where nothing varies."""
    variance = np.diag(covariance)
    with_rest = covariance.sum(axis=1) - variance
    rest = covariance.sum() - 2 * covariance.sum(axis=1) + variance
    product = variance * rest
    return np.divide(with_rest, np.sqrt(np.abs(product)), out=np.full(len(variance), np.nan), where=product > 0)


def _alphas_without_each(covariance: np.ndarray) -> list[float]:
    return [
        alpha_from_covariance(np.delete(np.delete(covariance, i, axis=0), i, axis=1)) for i in range(len(covariance))
    ]


def _verdicts(frame: pd.DataFrame) -> Verdicts:
    """That an item works against its dimension is said only where the interval excludes 0: -.04 of 30 may be chance."""
    related = frame.dropna(subset="item_rest_r")
    judged = judge(ITEM_REST_NUNNALLY, related["item"], related["item_rest_r"])
    unsure = (related["item_rest_r"] < 0) & ~_is_against(related)
    items = [
        replace(verdict, verdict=NOT_TOLD_FROM_0) if open_ else verdict
        for verdict, open_ in zip(judged, unsure, strict=True)
    ]
    return Verdicts(tuple(items))


def _why_no_correlation(dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    formative = [dimension.title for dimension in dimensions if dimension.kind == "formative"]
    single = [d.title for d in dimensions if d.kind == "reflective" and len(d.items) < 2]
    notes = [f"'{title}' has one item, which has no others to correlate with." for title in single]
    if len(formative) == 1:
        notes.insert(0, f"'{formative[0]}' is formative: its items need not correlate, and no correlation is given.")
    elif formative:
        which = f"{len(formative)} dimensions are formative ({first_of([repr(title) for title in formative], NAMED)})"
        notes.insert(0, f"{which}: their items need not correlate, and no correlation is given.")
    return tuple(notes)


def _constant_notes(survey: Survey, dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    notes = []
    for dimension in dimensions:
        answers = survey.items_of(dimension.key)
        constant = [key for key in constant_items(answers) if answers[key].notna().sum() >= MINIMUM_CELL]
        if constant and dimension.kind == "reflective":
            notes.append(
                f"Everybody gave the same answer to {', '.join(constant)} of '{dimension.title}': no correlation, and "
                "no part in those of the others."
            )
    return tuple(notes)


def _is_against(frame: pd.DataFrame) -> pd.Series:
    """Whose interval lies below 0; a correlation of -1 has none."""
    return (frame["item_rest_high"] < 0) | (frame["item_rest_high"].isna() & (frame["item_rest_r"] <= -1 + 1e-12))


def _interval_of(row: pd.Series) -> str:
    if pd.isna(row["item_rest_low"]):
        return ""
    return f" (95 % interval {TWO_DIGITS(row['item_rest_low'])} to {TWO_DIGITS(row['item_rest_high'])})"


def _warn_against(frame: pd.DataFrame, survey: Survey) -> None:
    for _, row in frame[_is_against(frame)].iterrows():
        marked = survey.instrument.items[row["item"]].reversed
        why = "marked reversed, though it is probably not worded so" if marked else "probably not reversed"
        warnings.warn(
            f"{why}: item {row['item']} of '{row['title']}' correlates {TWO_DIGITS(row['item_rest_r'])} with the "
            f"dimension's other items{_interval_of(row)}. "
            f"Read its wording, {survey.instrument.items[row['item']].quoted}, and set reversed = "
            f"{'false' if marked else 'true'} in the instrument if it is so.",
            CxkitWarning,
            stacklevel=3,
        )
