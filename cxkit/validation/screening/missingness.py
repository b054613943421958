"""Who left out what? Patterns of missing answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap

from cxkit.errors import AnalysisError, counted, first_of
from cxkit.results import figures, rounding, tables
from cxkit.results.result import Result
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.screening import answer_patterns
from cxkit.survey.survey import Survey
from cxkit.validation.screening.breaking_off import breaking_off

PATTERNS_DRAWN = 15
ITEMS_NAMED = 6
OTHERS = "other patterns"

STOPPED_COLOURS = LinearSegmentedColormap.from_list("stopped", ["#EEF3F7", "#3B3B3B"])


@dataclass(frozen=True, eq=False, kw_only=True)
class MissingPattern(Result):
    """Patterns of missing answers, the frequent ones one by one and the rare ones together.

    `items` has a row an item (dimension, title, item, text, reversed, n, missing); `answered` a row a listed pattern
    and a column an item, true where answered. `n_blank_end` is how many left the last two items or more blank;
    `n_stopped` is how many stopped before the end, because they left `stopped_from` items or more blank there and
    chance would give so many blanks to `stopped_by_chance` respondents only. `stopped` is, by item, the share of those
    who stopped who had stopped there; 0 where that is fewer than five. Text, table and figure print none of these
    counts below five; how many answered every item is a count of the file's rows and printed as it is.
    """

    items: pd.DataFrame
    answered: pd.DataFrame
    n_complete: int
    n_nothing: int
    n_stopped: int
    stopped: pd.Series
    stopped_from: int = 0
    stopped_by_chance: float = float("nan")
    n_blank_end: int = 0
    blank_by_chance: float = 0.0

    why_unweighted: ClassVar[str] = "patterns of those who answered are counted"
    title: ClassVar[str] = "Missing answers"
    cites: ClassVar[tuple[str, ...]] = ("benjamini1995",)
    shown: ClassVar[tuple[str, ...]] = ("pattern", "n", "share", "items_missing", "missing_items")

    @property
    def table(self) -> pd.DataFrame:
        """The most frequent patterns; all that may be shown are in `frame`."""
        frame = self.frame
        is_listed = frame["pattern"] != OTHERS
        more = frame[is_listed].iloc[PATTERNS_DRAWN:]
        rest = frame[~is_listed]
        shown = frame[is_listed].head(PATTERNS_DRAWN)
        shown = shown.assign(missing_items=shown["missing_items"].map(_name_a_few))
        together = _together(int(more["n"].sum() + rest["n"].sum()), int(len(more) + rest["patterns"].sum()), self.n)
        parts = [shown, pd.DataFrame([together])] if len(more) or len(rest) else [shown]
        return tables.printed(pd.concat(parts, ignore_index=True), self.shown)

    @property
    def text(self) -> str:
        """How many answers are missing, who answered everything, and which items were left out most."""
        share = float(self.items["missing"].mean())
        if not share:
            return f"All {self.n:,} respondents answered all {self._asked}."
        told = [
            f"{rounding.share(share)} of the answers are missing; {self.n_complete:,} of {self.n:,} respondents "
            f"({rounding.share(self.n_complete / self.n)}) answered all {self._asked}."
        ]
        if len(self.items) > 1:
            most = self.items.sort_values("missing", ascending=False, kind="stable").iloc[0]
            told.append(f"Most often left out: {most['item']} ({rounding.share(most['missing'])}).")
        if self.n_blank_end:
            told.append(self._end_in_words)
        if self.n_nothing:
            told.append(f"{_respondents(self.n_nothing)} answered nothing.")
        return " ".join(told)

    @property
    def _asked(self) -> str:
        """How many items were asked, and how many of them belong to no dimension: other tables do not count these."""
        single = int(self.items["dimension"].isna().sum())
        beside = f" ({single:,} of them beside the dimensions)" if single else ""
        return f"{counted(len(self.items), 'item')}{beside}"

    @property
    def _end_in_words(self) -> str:
        """Who stopped before the end, and how many blanks there chance explains."""
        if not self.n_stopped:
            blank = f"{_respondents(self.n_blank_end)} left the last two items or more blank"
            expected = f"expected by chance: {_expected(self.blank_by_chance)}"
            return f"{blank} ({expected}); that any of them stopped before the end cannot be told from chance."
        stopped = f"{_respondents(self.n_stopped)} stopped before the end, or the last items did not apply to them: "
        ends = f"the last {self.stopped_from} or more are blank"
        others = self.n_blank_end - self.n_stopped
        fewer = f" {_number(others)} more left fewer of the last items blank, which may be chance." if others else ""
        return f"{stopped}{ends} (expected by chance: {_expected(self.stopped_by_chance)}).{fewer}"

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more patterns."""
        return 7.0, 2.2 + 0.22 * max(len(self.answered.head(PATTERNS_DRAWN)), 4)

    @property
    def alt(self) -> str:
        """The most frequent patterns in words, then each item's share."""
        listed = self.frame[self.frame["pattern"] != OTHERS].head(PATTERNS_DRAWN)
        each = "; ".join(_pattern_in_words(row) for _, row in listed.iterrows())
        shares = ", ".join(f"{row['item']} {rounding.share(row['missing'])}" for _, row in self.items.iterrows())
        return f"Patterns of missing answers: {each or 'none shared by five respondents'}. Share missing: {shares}."

    def draw(self, axes: Axes) -> None:
        """The most frequent patterns, a row each, over the items with the share that is missing of each."""
        grid = self.answered.head(PATTERNS_DRAWN)
        rows = self.frame.head(len(grid))
        if len(grid):
            axes.pcolormesh(
                ~grid.to_numpy()[::-1], cmap=ListedColormap(["#EEF3F7", figures.RED]), vmin=0, vmax=1,
                edgecolors="white", linewidth=0.8,
            )  # fmt: skip
        counts = zip(rows["n"], rows["share"], strict=True)
        labels = [f"{number}:  {n:,} ({rounding.share(share)})" for number, (n, share) in enumerate(counts, start=1)]
        labels += self._draw_stopped(axes, len(grid))
        names = [f"{row['item']}  {rounding.share(row['missing'])}" for _, row in self.items.iterrows()]
        size = 8 if len(names) <= 25 else 6.5
        axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90, fontsize=size)
        axes.set_xlim(0, len(names))
        places = [*(np.arange(len(grid))[::-1] + 0.5), len(grid) + 1.0]
        axes.set_yticks(places[: len(labels)], labels, fontsize=8)
        axes.set_ylim(0, max(len(grid), 1) + (1.5 if self._shows_stopped else 0.0))
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.set_ylabel("Respondents")
        above = "\ntop row: the darker, the more of those who stopped had stopped" if self._shows_stopped else ""
        axes.set_xlabel(f"Item, with the share missing; filled: left out{above}")

    @property
    def _shows_stopped(self) -> bool:
        return self.n_stopped >= MINIMUM_CELL

    def _draw_stopped(self, axes: Axes, height: int) -> list[str]:
        """A row above the patterns: where people stopped. Their patterns differ, so that none of them is frequent."""
        if not self._shows_stopped:
            return []
        axes.pcolormesh(
            np.arange(len(self.stopped) + 1), [height + 0.5, height + 1.5], self.stopped.to_numpy()[np.newaxis],
            cmap=STOPPED_COLOURS, vmin=0, vmax=1, edgecolors="white", linewidth=0.8,
        )  # fmt: skip
        return [f"stopped:  {self.n_stopped:,} ({rounding.share(self.n_stopped / self.n)})"]


def _pattern_in_words(row: pd.Series) -> str:
    left_out = f"left out {_name_a_few(row['missing_items'])}" if row["missing_items"] else "answered everything"
    return f"{counted(row['n'], 'respondent')} {left_out}"


def _number(people: int) -> str:
    """A number of people at the beginning of a sentence; fewer than five are not counted out."""
    return f"Fewer than {MINIMUM_CELL}" if people < MINIMUM_CELL else f"{people:,}"


def _respondents(people: int) -> str:
    return f"{_number(people)} respondents"


def _expected(number: float) -> str:
    """An expected number of respondents: with one decimal where it is small."""
    if number < 0.1:
        return "fewer than 0.1"
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def _name_a_few(listed: str) -> str:
    """The first items of a list of them."""
    return first_of(listed.split(", "), ITEMS_NAMED) if listed else "none"


def _together(n: int, patterns: int, everybody: int) -> dict[str, object]:
    """The row of the patterns that are not listed one by one."""
    return {
        "pattern": OTHERS,
        "patterns": patterns,
        "n": n,
        "share": n / everybody,
        "items_missing": np.nan,
        "missing_items": f"{counted(patterns, 'pattern')}",
    }


def missing_pattern(survey: Survey) -> MissingPattern:
    """Which answers are missing, how often, and which of them together?

    Every item that the survey asked counts, single items included. Codes such as 99 are missing if the instrument's
    scale or the reader names them; other numbers off the scale are refused when the file is read. Answers that
    `protect_incomplete` leaves out of the other analyses count as given.

    Parameters
    ----------
    survey
        The survey.

    Returns
    -------
    MissingPattern
        A row a pattern, the most frequent first: pattern, patterns (how many the row stands for), n, share (of all
        respondents), items_missing, missing_items (their keys). Patterns of fewer than five respondents are one row:
        an unusual pattern may be known to belong to somebody. Where these are fewer than five people together, the
        rarest of the other patterns joins them. `items` holds the share missing by item, `n_complete`,
        `n_nothing` and `n_stopped` how many answered everything, nothing, and nothing from some item on (in the
        instrument's order, after at least one answer). Blanks at the end are a break-off only where they are more than
        chance gives: the smallest number of them is sought that at most one in twenty of those with so many has by
        chance, by how often others leave out as many in a row and still answer later. Blanks beyond chance may also
        be items at the end that did not apply to everybody.

    Raises
    ------
    AnalysisError
        If the survey holds no respondents or no items.
    """
    given = survey.was_answered
    if not given.size:
        raise AnalysisError(f"'{survey.name}' holds {survey.n:,} respondents and {given.shape[1]:,} items.")
    kinds, which = answer_patterns(np.where(given, 1.0, np.nan))
    counts = np.bincount(which, minlength=len(kinds))
    listed = _may_be_listed(kinds, counts)
    asked = kinds.any(axis=0)  # nobody stopped before items that were never asked
    end = breaking_off(kinds[:, asked], counts, list(given.columns[asked]))
    return MissingPattern(
        frame=_pattern_rows(kinds, counts, listed, list(given.columns)),
        n=survey.n,
        settings={},
        data=replace(survey.stamp, withholds=False),  # what is left out elsewhere counts as answered here
        items=_item_rows(survey),
        answered=pd.DataFrame(kinds[listed], columns=given.columns),
        n_complete=int(counts[kinds.all(axis=1)].sum()),
        n_nothing=int(counts[~kinds.any(axis=1)].sum()),
        n_stopped=end.stopped,
        stopped=end.shares,
        stopped_from=end.from_items,
        stopped_by_chance=end.by_chance,
        n_blank_end=end.blank,
        blank_by_chance=end.blank_by_chance,
    )


def _may_be_listed(kinds: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which patterns stand in a row of their own, so that the others are no group of fewer than five.

    Everything answered stays a row of its own, because the table of items tells how many answers are missing anyway.
    """
    listed: np.ndarray = counts >= MINIMUM_CELL
    incomplete = listed & ~kinds.all(axis=1)
    if incomplete.any() and 0 < counts[~listed].sum() < MINIMUM_CELL:
        listed[np.where(incomplete, counts, counts.max() + 1).argmin()] = False
    return listed


def _pattern_rows(kinds: np.ndarray, counts: np.ndarray, listed: np.ndarray, keys: list[str]) -> pd.DataFrame:
    everybody = int(counts.sum())
    rows: list[dict[str, object]] = [
        {
            "pattern": str(number),
            "patterns": 1,
            "n": int(count),
            "share": count / everybody,
            "items_missing": float((~kind).sum()),
            "missing_items": ", ".join(np.array(keys, dtype=object)[~kind]),
        }
        for number, (kind, count) in enumerate(zip(kinds[listed], counts[listed], strict=True), start=1)
    ]
    if not listed.all():
        rows.append(_together(int(counts[~listed].sum()), int((~listed).sum()), everybody))
    return pd.DataFrame(rows)


def _item_rows(survey: Survey) -> pd.DataFrame:
    home = {item.key: dimension for dimension in survey.dimensions for item in dimension.items}
    rows = []
    for key, was_answered in survey.was_answered.items():
        answered = int(was_answered.sum())
        rows.append(
            {
                "dimension": home[key].key if key in home else None,
                "title": home[key].title if key in home else "Single items",
                "item": key,
                "text": survey.instrument.items[key].text,
                "reversed": survey.instrument.items[key].reversed,
                "n": answered,
                "missing": 1 - answered / survey.n,
            }
        )
    return pd.DataFrame(rows)
