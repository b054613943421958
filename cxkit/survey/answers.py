"""From text cells to answers: numbers on the item's scale, or a problem that quotes the cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.codes import declare_words, how_to_declare
from cxkit.survey.decimal_marks import GROUPED, UNGROUP, may_be_thousands
from cxkit.survey.instrument import READ_TWICE, AnswerScale, Instrument
from cxkit.survey.labels import (
    Code,
    exact_wordings,
    find_collisions,
    fold_label,
    folded_words,
    loose_wordings,
    plain_words,
)
from cxkit.survey.tables import Table
from cxkit.without_contents import without_contents

NOT_ANSWERED = frozenset({"", "na", "n/a", "nan", "none", "null", "-", ".", "#n/a"})
VALUES_NAMED = 4

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?")


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Numbers, a row a respondent, a column an item; NaN where not answered. `notes` say what was translated.

    `set_aside` counts by item the cells with a code or words for "no answer".
    """

    numbers: pd.DataFrame
    set_aside: Mapping[str, int]
    notes: tuple[str, ...]

    __repr__ = without_contents


@dataclass
class _Findings:
    """Cells that are no answers, by kind, over all items: the reader wants one list, not one for every item."""

    text: list[str] = field(default_factory=list)
    commas: list[str] = field(default_factory=list)
    thousands: list[str] = field(default_factory=list)
    grouped: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    uncoded: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    outside_values: dict[str, set[float]] = field(default_factory=dict)
    words: dict[str, Counter[str]] = field(default_factory=dict)

    def add_words(self, cell: str, row: Hashable, item: str, *, may_be_thousands: bool) -> None:
        """Note a cell that is neither number nor label, under what it seems to be."""
        commas = self.thousands if may_be_thousands else self.commas
        kinds = ((_DECIMAL_COMMA, commas), (GROUPED, self.grouped), (_DATE, self.dates))
        found = next((listed for pattern, listed in kinds if pattern.fullmatch(cell)), self.text)
        found.append(f"row {row}, item {item}: '{cell[:40]}'")
        if found is self.text:
            self.words.setdefault(item, Counter())[cell] += 1


def read_answers(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    missing_codes: Mapping[str, tuple[Code, ...]],
    problems: Problems,
    *,
    decimal_comma: bool = False,
) -> Answers:
    """Turn the item columns of a table into numbers, adding what cannot be one to `problems`.

    `missing_codes` holds every item's codes for "no answer", those of its scale included.
    """
    _refuse_collisions(columns, instrument, missing_codes, problems)
    findings = _Findings()
    read: dict[str, np.ndarray] = {}
    set_aside: dict[str, int] = {}
    labelled = 0
    for key, column in columns.items():
        reader = CellReader(key, instrument.items[key].scale, missing_codes[key], decimal_comma)
        found = reader.numbers(table, column, findings)
        read[key] = found.values
        labelled += found.labels
        if found.set_aside:
            set_aside[key] = found.set_aside
    numbers = {}
    for key, values in read.items():
        numbers[key] = _within_scale(table, values, key, instrument.items[key].scale, findings)
    _report(findings, instrument, columns, problems)
    frame = pd.DataFrame(numbers, index=table.cells.index, dtype="float64")
    return Answers(numbers=frame, set_aside=set_aside, notes=tuple(_notes(frame, labelled)))


def _refuse_collisions(
    keys: Collection[str], instrument: Instrument, codes: Mapping[str, tuple[Code, ...]], problems: Problems
) -> None:
    """Refuse labels that collide with this file's codes, or in an instrument that was not read from a TOML file."""
    found: dict[str, list[str]] = {}
    for key in keys:
        scale = instrument.items[key].scale
        for collision in find_collisions(scale.wordings, scale.low, scale.high, codes[key]):
            found.setdefault(collision, []).append(key)
    for collision, items in found.items():
        shown = ", ".join(items[:4]) + (", ..." if len(items) > 4 else "")
        problems.add(f"The cell {collision}{READ_TWICE} (Items: {shown}.)")


class _Read(NamedTuple):
    """The cells of one item as numbers; how many were labels, and how many a code or words for "no answer"."""

    values: np.ndarray
    labels: int
    set_aside: int


@dataclass(frozen=True, eq=False)
class CellReader:
    """How the cells of one item become numbers."""

    key: str
    scale: AnswerScale
    codes: tuple[Code, ...]
    decimal_comma: bool

    def numbers(self, table: Table, column: str, findings: _Findings) -> _Read:
        """The cells as numbers, NaN where not answered; how many of them were labels, and how many say "no answer"."""
        cells = table.cells[column]
        codes, different = pd.factorize(cells)  # few different cells, many rows: each is asked once
        meanings = [self.meaning(cell) for cell in different]
        values = np.array([value for value, _ in meanings], dtype="float64")
        labels = np.array([is_label for _, is_label in meanings], dtype=bool)
        silent = np.array([self.is_silent(cell) for cell in different], dtype=bool) & np.isnan(values)
        unread = np.isnan(values) & ~silent
        thousands = may_be_thousands(set(different[unread]), ",", self.scale)
        for position in np.flatnonzero(unread[codes]) if unread.any() else ():
            row, cell = cells.index[position], different[codes[position]]
            if self.scale.codes and not np.isnan(self.number(cell)):
                findings.uncoded.append(f"row {row}, item {self.key}: {cell}")
            else:
                findings.add_words(cell, row, self.key, may_be_thousands=thousands)
        counts = np.bincount(codes, minlength=len(different))
        set_aside = silent & (different != "")
        return _Read(values[codes], int(counts[labels].sum()), int(counts[set_aside].sum()))

    def meaning(self, cell: str) -> tuple[float, bool]:
        """The answer that a cell stands for, NaN for none, and whether a label said so.

        A label as printed counts before everything else: on some scales "None" or "50%" is an answer.
        """
        exact = self.exact.get(plain_words(cell))
        if exact is not None:
            return exact, True
        if cell.casefold() in NOT_ANSWERED:
            return np.nan, False
        coded = self.coded(cell)
        if coded is not None:
            return coded, False
        number = self.number(cell)
        if not np.isnan(number):
            return (np.nan if number in self.codes or self.scale.codes else number), False
        if fold_label(cell) in self.words:
            return np.nan, False
        loose = self.loose.get(fold_label(cell))
        return (np.nan, False) if loose is None else (loose, True)

    def coded(self, cell: str) -> float | None:
        """The answer whose code the cell holds, if the scale has codes for answers; 21 and 21.0 are the same code."""
        if not self.scale.codes:
            return None
        number = self.number(cell)
        return self.answer_codes.get(plain_words(cell) if np.isnan(number) else f"{number:.15g}")

    def number(self, cell: str) -> float:
        """The cell as a number, NaN if it is none; "inf" is a word here: no scale ends there."""
        if self.decimal_comma and _DECIMAL_COMMA.fullmatch(cell):
            cell = cell.replace(",", ".")
        try:
            number = float(cell) if "_" not in cell else np.nan  # Python alone takes 1_000 for a number
        except ValueError:
            return np.nan
        return number if np.isfinite(number) else np.nan

    def is_silent(self, cell: str) -> bool:
        """Whether the cell says that the item was not answered."""
        return cell.casefold() in NOT_ANSWERED or self.number(cell) in self.codes or fold_label(cell) in self.words

    @cached_property
    def answer_codes(self) -> Mapping[str, float]:
        """The scale's codes for answers, as cells have them; numbers in their shortest form."""
        codes = {code: self.number(code) for code in self.scale.codes}
        return {
            plain_words(code) if np.isnan(number) else f"{number:.15g}": self.scale.codes[code]
            for code, number in codes.items()
        }

    @cached_property
    def words(self) -> frozenset[str]:
        """Words for "no answer", folded as labels are."""
        return folded_words(self.codes)

    @cached_property
    def exact(self) -> Mapping[str, float]:
        """Labels as printed."""
        return exact_wordings(self.scale.wordings)

    @cached_property
    def loose(self) -> Mapping[str, float]:
        """Other ways to write the labels."""
        return loose_wordings(self.scale.wordings, self.scale.low, self.scale.high)


def _within_scale(table: Table, values: np.ndarray, key: str, scale: AnswerScale, findings: _Findings) -> np.ndarray:
    """The answers on the scale; the others go to `findings`."""
    if scale.low is not None and scale.high is not None:
        outside = (values < scale.low) | (values > scale.high)
        for position in np.flatnonzero(outside):
            row = table.cells.index[position]
            findings.outside.append(f"row {row}, item {key}: {values[position]:.15g} (scale {scale})")
        if outside.any():
            findings.outside_values[key] = set(values[outside])
        values = np.where(outside, np.nan, values)
    if not scale.continuous:
        for position in np.flatnonzero((values % 1 != 0) & np.isfinite(values)):
            row = table.cells.index[position]
            findings.between.append(f"row {row}, item {key}: {values[position]:.15g}")
    return values


def _report(findings: _Findings, instrument: Instrument, keys: Collection[str], problems: Problems) -> None:
    _report_words(findings, instrument, keys, problems)
    _report_thousands(findings, problems)
    _report_numbers(findings, instrument, keys, problems)


def _report_words(findings: _Findings, instrument: Instrument, keys: Collection[str], problems: Problems) -> None:
    if findings.text:
        labels = list(dict.fromkeys(word for item in instrument.items.values() for word in item.scale.labels.values()))
        known = f"the labels are {', '.join(labels[:9])}" if labels else "the answer scale has no labels"
        problems.add(
            f"{counted(len(findings.text), 'answer')} in words that are no label of '{instrument.name}'.",
            findings.text,
            f"{known}; {declare_words(findings.words, instrument, keys)}correct the answers, or add [scale] labels "
            "to the instrument.",
        )
    if findings.commas:
        problems.add(
            f"{counted(len(findings.commas), 'answer')} with a decimal comma.",
            findings.commas,
            "read the file with decimal=','.",
        )
    if findings.dates:
        problems.add(
            f"{counted(len(findings.dates), 'date')} where an answer should be.",
            findings.dates,
            "spreadsheets turn entries such as 3-5 into dates; type them again in cells of the format 'text'.",
        )


def _report_numbers(findings: _Findings, instrument: Instrument, keys: Collection[str], problems: Problems) -> None:
    if findings.uncoded:
        problems.add(
            f"{counted(len(findings.uncoded), 'number')} among none of the codes for answers of '{instrument.name}'.",
            findings.uncoded,
            "add what each stands for to codes in the scale, or to missing_codes.",
        )
    if findings.outside:
        problems.add(
            f"{counted(len(findings.outside), 'answer')} outside the scale of '{instrument.name}'.",
            findings.outside,
            _outside_remedy(findings.outside_values, instrument, keys),
        )
    if findings.between:
        problems.add(
            f"{counted(len(findings.between), 'answer')} between two points of the scale.",
            findings.between,
            "the items take whole numbers; if these are averages, set continuous = true in the scale.",
        )


def _report_thousands(findings: _Findings, problems: Problems) -> None:
    if findings.thousands:
        problems.add(
            f"{counted(len(findings.thousands), 'answer')} with a comma and three digits behind it.",
            findings.thousands,
            "if the comma separates thousands, take it out in the file; otherwise read the file with decimal=','.",
        )
    if findings.grouped:
        problems.add(
            f"{counted(len(findings.grouped), 'answer')} with marks between thousands.", findings.grouped, UNGROUP
        )


def _outside_remedy(by_item: Mapping[str, set[float]], instrument: Instrument, keys: Collection[str]) -> str:
    """Ask first whether the declared scale is right; then how to say that a few values are codes.

    Taking 0 for a code where the scale ran from 0 would turn the clearest answers into missing ones.
    """
    values = sorted(set().union(*by_item.values()))
    by_scale: dict[str, set[float]] = {}
    for key, found in by_item.items():
        by_scale.setdefault(str(instrument.items[key].scale), set()).update(found)
    if len(values) > VALUES_NAMED:
        return f"they run from {values[0]:g} to {values[-1]:g}: does the instrument describe the scale that was used?"
    seen = "was {} the scale" if len(by_scale) == 1 else "were {} the scales"
    ask = (
        f"{seen.format(' and '.join(by_scale))} that people saw? If they could choose {_choices(by_scale)}, correct "
        "low and high in the instrument; "
    )
    means = "means" if len(values) == 1 else "mean"
    shown = ", ".join(f"{value:g}" for value in values)
    declared = how_to_declare(by_item, instrument, keys)
    return f'{ask}if {shown} {means} "no answer", say {declared}; otherwise correct the answers in the file.'


def _choices(by_scale: Mapping[str, set[float]]) -> str:
    """The values outside each scale, "6 or 55 on the scale 1-5, or 8 on the scale 1-7"."""
    each = {scale: " or ".join(f"{value:g}" for value in sorted(values)) for scale, values in by_scale.items()}
    if len(each) == 1:
        return next(iter(each.values()))
    return ", or ".join(f"{values} on the scale {scale}" for scale, values in each.items())


def _notes(frame: pd.DataFrame, labelled: int) -> list[str]:
    notes = []
    if labelled:
        notes.append(f"{counted(labelled, 'answer')} given as labels, read as their numbers.")
    silent = int(frame.isna().all(axis=1).sum())
    if silent:
        notes.append(f"{counted(silent, 'respondent')} answered no item.")
    never = [key for key in frame if frame[key].isna().all()]
    if never:
        notes.append(f"Nobody answered {', '.join(never)}.")
    return notes
