"""How do people answer each item? Every answer of every item, as diverging bars around the middle of the scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.results import figures, rounding, tables
from cxkit.results.result import Result
from cxkit.results.weighted import effective_among, weights_at
from cxkit.statistics.weighted import mean_of
from cxkit.survey.instrument import AnswerScale, Dimension, Item
from cxkit.survey.privacy import MINIMUM_CELL, hide_few
from cxkit.survey.survey import Survey
from cxkit.survey.wording import as_ticked, without_stop
from cxkit.validation.correlations import asked_for

DIVERGING = LinearSegmentedColormap.from_list(
    "cxkit_diverging", ["#8C4A00", "#E69F00", "#F6DDA6", "#E4E4E4", "#A9D3EC", "#3C8FC4", "#00436B"]
)
"""From brown over grey to blue: dark at both ends, and told apart with any kind of colour vision."""

BANDS = (-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0, np.inf)
BAND_LABELS = ("below −2 SD", "−2 to −1 SD", "−1 SD to the mean", "the mean to 1 SD", "1 to 2 SD", "2 SD and above")
BAND_HEADINGS = ("< −2 SD", "−2 to −1 SD", "−1 to 0 SD", "0 to 1 SD", "1 to 2 SD", "≥ 2 SD")
"""Answers without a scale of whole numbers are shown by how far they lie from their item's mean."""

RARE = "#FFFFFF"
"""The colour of answers that are not shown, because few gave them."""
PRINTED_FROM = 0.09
"""A segment narrower than this share has no room for its number."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AnswerDistribution(Result):
    """How often each answer was given to each item, as respondents gave it: reversed items are not turned round."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Distribution of the answers"
    grouped: ClassVar[str] = "title"

    @property
    def table(self) -> pd.DataFrame:
        """A row an item, a column an answer."""
        names = self._answer_names()
        wide = self._by_item().assign(hidden=lambda f: f["n"].isna())
        for name in names:
            wide[name] = [cells.get(name, np.nan) for cells in wide["cells"]]
        shown = tables.printed(wide, ("title", "item", "n"))
        for name in names:
            shown[name] = [
                _printed_share(value, hidden=bool(hidden or (name in cells and np.isnan(value))))
                for value, hidden, cells in zip(wide[name], wide["hidden"], wide["cells"], strict=True)
            ]
        return shown

    def _answer_names(self) -> list[str]:
        """Headings: the numbers of the answers, or the names of the bands; in order."""
        pairs = self.frame[["answer", "heading"]].drop_duplicates("heading")
        pairs = pairs.assign(band=pairs["heading"].isin(BAND_HEADINGS)).sort_values(["band", "answer"])
        return [str(heading) for heading in pairs["heading"]]

    def _by_item(self) -> pd.DataFrame:
        """A row an item, its shares as a mapping from heading."""
        rows = []
        for _, answers in self.frame.groupby("item", sort=False):
            first = answers.iloc[0]
            rows.append(
                {
                    "dimension": first["dimension"],
                    "title": first["title"],
                    "item": as_ticked(first["item"], against=first["reversed"]),
                    "key": first["item"],
                    "n": first["n"],
                    "cells": dict(zip(answers["heading"], answers["share"], strict=True)),
                    "below": _side_share(answers, answers["place"] < 0.5),
                    "above": _side_share(answers, answers["place"] > 0.5),
                }
            )
        return pd.DataFrame(rows)

    @property
    def _item_wording(self) -> dict[str, str]:
        firsts = self.frame.drop_duplicates("item")[["item", "text", "reversed"]].itertuples(index=False)
        return {str(key): as_ticked(without_stop(text), against=against) for key, text, against in firsts}

    @property
    def note(self) -> str:
        """That reversed items are as they were answered, then the usual line."""
        as_given = (
            ["Reversed items are shown as they were ticked, not turned round."] if self.frame["reversed"].any() else []
        )
        few = (
            [
                f"Answers that fewer than {MINIMUM_CELL} respondents gave to an item are hidden, and where they would "
                "follow from the others, the next rarest answer."
            ]
            if (self.frame["share"].isna() & self.frame["n"].notna()).any()
            else []
        )
        return " ".join([*as_given, *few, super().note])

    @property
    def text(self) -> str:
        """The items with most answers above and below the middle."""
        answered = self._by_item().dropna(subset="n")
        if answered.empty:
            return f"No item was answered by {MINIMUM_CELL} respondents; the answers are hidden."
        # Of an item with a hidden side it is not known whether it is the one with most
        by_item = answered.dropna(subset=["above", "below"])
        middle = "the middle of the scale" if not self._is_banded() else "the item's mean"
        if by_item.empty:
            return (
                f"How many answers lie above and below {middle} is not told: on every item fewer than {MINIMUM_CELL} "
                "gave one of the answers there."
            )
        hidden = len(answered) - len(by_item)
        highest, lowest = by_item.loc[ties.largest(by_item["above"])], by_item.loc[ties.largest(by_item["below"])]
        if not highest["above"] and not lowest["below"] and not hidden:
            return f"All answers lie at {middle}."
        if len(answered) == 1:
            return (
                f"Of the answers to {highest['item']}, {rounding.share(highest['above'])} lie above {middle} and "
                f"{rounding.share(lowest['below'])} below."
            )
        return (
            f"{f'Of the {len(by_item)} items of {len(answered)} without hidden answers: most' if hidden else 'Most'} "
            f"answers above {middle}: {highest['item']} ({rounding.share(highest['above'])}); most below: "
            f"{lowest['item']} ({rounding.share(lowest['below'])})."
        )

    def _is_banded(self) -> bool:
        return bool(self.frame["heading"].isin(BAND_HEADINGS).all())

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items, and with a line of space between dimensions."""
        return 7.4, 1.7 + 0.24 * (max(self.frame["item"].nunique(), 3) + self.frame["dimension"].nunique())

    @property
    def alt(self) -> str:
        """Each item's share below and above the middle."""
        each = "; ".join(
            f"{row['item']}: hidden"
            if np.isnan(row["n"])
            else f"{row['item']}: {_told_share(row['below'])} below, {_told_share(row['above'])} above"
            for _, row in self._by_item().iterrows()
        )
        return f"Diverging stacked bars of the answers to each item, around the middle of the scale. {each}."

    def draw(self, axes: Axes) -> None:
        """A bar an item, its answers from low (left) to high (right), the middle of the scale at zero."""
        by_item = self._by_item()
        heights = figures.grouped_heights(by_item["dimension"].tolist())
        reach = 0.1
        for height, row in zip(heights, by_item.to_dict("records"), strict=True):
            answers = self.frame[self.frame["item"] == row["key"]]
            reach = max(reach, *_bar(axes, height, answers))
        axes.set_yticks(heights, by_item["item"], fontsize=8.5)
        axes.axvline(0, color="#444444", linewidth=0.8, zorder=0.5)  # behind the bars and their numbers
        axes.set_xlim(-reach * 1.03, reach * 1.22)
        _counts(axes, heights, by_item["n"], reach)
        axes.set_ylim(-0.8, heights[0] + 1.5)
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0%}" if value <= reach * 1.05 else "")
        axes.set_xlabel("Share of the answers, below and above the " + ("mean" if self._is_banded() else "middle"))
        self._name_dimensions(axes, heights, by_item)
        self._legend(axes)

    def _name_dimensions(self, axes: Axes, heights: np.ndarray, by_item: pd.DataFrame) -> None:
        firsts = ~by_item["dimension"].duplicated().to_numpy()
        for height, title in zip(heights[firsts], by_item.loc[firsts, "title"], strict=True):
            axes.annotate(
                title, (0, height + 0.78), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", fontsize=9, fontweight="bold", va="center",
            )  # fmt: skip

    def _legend(self, axes: Axes) -> None:
        """The labels of the scale; where scales differ, the ends and the middle that they have in common."""
        answers = self.frame[["answer", "place", "legend", "scale"]].drop_duplicates()
        if answers["scale"].nunique() == 1:
            entries = [(row["place"], row["legend"]) for _, row in answers.iterrows()]
        else:
            entries = [(0.0, "lowest answer"), (0.5, "middle of the scale"), (1.0, "highest answer")]
        for place, label in entries:
            axes.barh([np.nan], [np.nan], color=DIVERGING(place), label=label)
        figures.legend_below(axes)


def _printed_share(value: float, *, hidden: bool) -> str:
    if hidden:
        return tables.HIDDEN
    return tables.MISSING if np.isnan(value) else rounding.share(value)


def _told_share(share: float) -> str:
    return tables.HIDDEN if np.isnan(share) else rounding.share(share)


def _side_share(answers: pd.DataFrame, there: pd.Series) -> float:
    """The share of the answers on one side; NaN where it would tell which of them the hidden ones are."""
    hidden = answers["share"].isna()
    if not (hidden & there).any():
        return float(answers.loc[there, "share"].sum())
    if hidden.all() or (hidden & ~there).any():
        return float("nan")
    return 1 - float(answers.loc[~there, "share"].sum())


def _bar(axes: Axes, height: float, answers: pd.DataFrame) -> tuple[float, float]:
    """One item's answers side by side, the middle of the scale at zero; how far they reach to either side."""
    shares, places = answers["share"].to_numpy(dtype="float64"), answers["place"].to_numpy()
    hidden = np.isnan(shares)
    if hidden.all():
        figures.text_within(axes, (0, height), "hidden", fontsize=7.5, color=figures.GREY)
        return 0.0, 0.0
    if hidden.any():  # together they are what the shown ones leave; divided evenly, the bar tells no more than that
        shares = np.where(hidden, (1 - np.nansum(shares)) / hidden.sum(), shares)
    left = -float(shares[places < 0.5].sum() + shares[places == 0.5].sum() / 2)
    starts = left + np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    colours = [RARE if covered else DIVERGING(place) for place, covered in zip(places, hidden, strict=True)]
    axes.barh(np.full(len(shares), height), shares, left=starts, color=colours, height=0.82, edgecolor="white",
              linewidth=0.4)  # fmt: skip
    if hidden.any():
        axes.barh(np.full(hidden.sum(), height), shares[hidden], left=starts[hidden], color=RARE, height=0.82,
                  edgecolor=figures.GREY, linewidth=0.6)  # fmt: skip
    for start, share, colour, covered in zip(starts, shares, colours, hidden, strict=True):
        if share >= PRINTED_FROM and not covered:
            middle = (start + share / 2, height)
            figures.text_within(axes, middle, f"{100 * share:.0f}", fontsize=7, color=figures.ink_on(colour))
    return -left, left + float(shares.sum())


def _counts(axes: Axes, heights: np.ndarray, counts: pd.Series, reach: float) -> None:
    for height, n in zip(heights, counts, strict=True):
        label = "" if np.isnan(n) else f"n = {n:,.0f}"
        figures.text_within(axes, (reach * 1.21, height), label, fontsize=7, ha="right", color=figures.GREY)


def answer_distribution(survey: Survey, *, dimensions: Sequence[str] | None = None) -> AnswerDistribution:
    """How often was each answer given to each item?

    Shares are of the answers given to the item; missing answers are not counted. Where respondents have weights, shares
    are weighted and counts are not. Answers are shown as respondents gave them, so that the labels of the scale hold:
    reversed items are not turned round, and are marked.

    Parameters
    ----------
    survey
        The survey.
    dimensions
        Keys of the dimensions; all of them where None. Single items belong to no dimension and are not covered.

    Returns
    -------
    AnswerDistribution
        A row an item and answer: dimension, title, item, text, reversed, answer, label (of the scale, where it has
        one), count and share (NaN where fewer than five gave the answer, or where those would follow from it), n
        (answers to the item), place (of the answer between the lowest, 0, and the highest, 1), scale, heading and
        legend (of tables and figures), hidden (items that fewer than five answered). Items without a scale of whole
        numbers are counted in six bands of standard deviations around their mean, numbered 1 to 6.

    Raises
    ------
    AnalysisError
        If a dimension is unknown, there are none, or nobody answered.
    """
    chosen = asked_for(survey, dimensions)
    if not chosen:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; nothing to show.")
    keys = [key for dimension in chosen for key in dimension.item_keys]
    answered = survey.given[keys].notna().any(axis=1)
    n = int(answered.sum())
    if not n:
        raise AnalysisError(
            f"Nobody answered an item of these dimensions of '{survey.name}'; there is nothing to show."
        )
    frame = pd.concat(
        [_item_rows(d, item, survey.given[item.key], survey) for d in chosen for item in d.items], ignore_index=True
    )
    hidden = frame["n"] < MINIMUM_CELL
    rare = hidden | frame.groupby("item", sort=False)["count"].transform(lambda counts: hide_few(counts.to_numpy()))
    covered = {name: frame[name].astype("float64").mask(rare) for name in ("count", "share")}
    covered["n"] = frame["n"].astype("float64").mask(hidden)
    return AnswerDistribution(
        frame=frame.assign(**covered, hidden=hidden),
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_among(survey, answered),
        settings={"dimensions": [d.key for d in chosen]},
        data=survey.stamp,
    )


def _item_rows(dimension: Dimension, item: Item, answers: pd.Series, survey: Survey) -> pd.DataFrame:
    given = answers.dropna().to_numpy(dtype="float64")
    weights = weights_at(survey, answers.dropna().index)
    possible = _on_scale(item.scale, given, weights) if item.scale.points else _in_bands(given, weights)
    amount = possible.pop("amount").to_numpy()
    about = {
        "dimension": dimension.key,
        "title": dimension.title,
        "item": item.key,
        "text": item.text,
        "reversed": item.reversed,
    }
    return pd.DataFrame(about, index=possible.index).join(possible).assign(
        share=amount / amount.sum() if len(given) else np.nan, n=len(given)
    )  # fmt: skip


def _on_scale(scale: AnswerScale, given: np.ndarray, weights: np.ndarray | None) -> pd.DataFrame:
    """How often each answer of the scale was given; the answers nobody gave with 0."""
    low, points = float(scale.low or 0), int(scale.points or 1)
    answers = low + np.arange(points)
    labels = [scale.labels.get(answer) for answer in answers]
    return pd.DataFrame(
        {
            "answer": answers,
            "label": pd.Series(labels, dtype="object"),
            "count": np.bincount((given - low).astype("int64"), minlength=points),
            "amount": np.bincount((given - low).astype("int64"), weights, minlength=points),
            "place": np.arange(points) / (points - 1),
            "scale": f"{scale} {' '.join(scale.labels.values())}",
            "heading": [f"{answer:g}" for answer in answers],
            "legend": [f"{a:g} {label}" if label else f"{a:g}" for a, label in zip(answers, labels, strict=True)],
        }
    )


def _in_bands(given: np.ndarray, weights: np.ndarray | None) -> pd.DataFrame:
    """How many answers lie how far from their mean; without variance all of them at it, in the upper middle band."""
    all_of_them = mean_of(given, weights)
    z = (given - all_of_them.mean) / all_of_them.sd if all_of_them.sd > 0 else np.zeros(len(given))
    bands = len(BAND_LABELS)
    band = np.searchsorted(BANDS[1:-1], z, side="right")
    return pd.DataFrame(
        {
            "answer": np.arange(1.0, bands + 1),
            "label": list(BAND_LABELS),
            "count": np.bincount(band, minlength=bands),
            "amount": np.bincount(band, weights, minlength=bands),
            "place": np.arange(bands) / (bands - 1),
            "scale": "distance from the mean",
            "heading": list(BAND_HEADINGS),
            "legend": list(BAND_LABELS),
        }
    )
