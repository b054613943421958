"""From text cells to answers: numbers on the item's scale, or a problem that quotes the cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.instrument import AnswerScale, Instrument, fold_words
from cxkit.survey.tables import Table

NOT_ANSWERED = frozenset({"", "na", "n/a", "nan", "none", "null", "-", ".", "#n/a"})
TRUTH = {"true": 1.0, "false": 0.0}
VALUES_NAMED = 4

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?")


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Numbers, a row a respondent, a column an item; NaN where not answered. `notes` say what was translated."""

    numbers: pd.DataFrame
    notes: tuple[str, ...]


@dataclass
class _Findings:
    """Cells that are no answers, by kind, over all items: the reader wants one list, not one for every item."""

    text: list[str] = field(default_factory=list)
    commas: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    outside_values: set[float] = field(default_factory=set)

    def add_words(self, cell: str, where: str) -> None:
        """Note a cell that is neither number nor label, under what it seems to be."""
        kinds = ((_DECIMAL_COMMA, self.commas), (_DATE, self.dates))
        found = next((listed for pattern, listed in kinds if pattern.fullmatch(cell)), self.text)
        found.append(f"{where}: '{cell[:40]}'")


def read_answers(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    missing_codes: tuple[float, ...],
    problems: Problems,
) -> Answers:
    """Turn the item columns of a table into numbers, adding what cannot be one to `problems`."""
    findings = _Findings()
    numbers: dict[str, np.ndarray] = {}
    labelled = 0
    for key, column in columns.items():
        scale = instrument.items[key].scale
        values, n_labels = _numbers(table, column, key, scale, findings)
        values[np.isin(values, [*scale.missing_codes, *missing_codes])] = np.nan
        _check_scale(table, values, key, scale, findings)
        numbers[key] = values
        labelled += n_labels
    _report(findings, instrument, problems)
    frame = pd.DataFrame(numbers, index=table.cells.index, dtype="float64")
    return Answers(numbers=frame, notes=tuple(_notes(frame, labelled)))


def _numbers(table: Table, column: str, key: str, scale: AnswerScale, findings: _Findings) -> tuple[np.ndarray, int]:
    """The cells of one item as numbers, and how many of them were labels."""
    cells = table.cells[column]
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype="float64", na_value=np.nan, copy=True)
    values[np.isinf(values)] = np.nan  # "inf" is a word here: no scale ends there
    words = cells[np.isnan(values) & (cells != "").to_numpy()]
    if words.empty:
        return values, 0
    meaning = _meanings(scale)
    known = {cell: meaning.get(fold_words(cell), np.nan) for cell in words.unique()}  # few different words, many cells
    translated = words.map(known).astype("float64")
    for row, cell in words[translated.isna()].items():
        if cell.casefold() not in NOT_ANSWERED:
            findings.add_words(cell, f"row {row}, item {key}")
    values[table.cells.index.get_indexer(words.index)] = translated.to_numpy()
    return values, int(translated.notna().sum())


def _meanings(scale: AnswerScale) -> dict[str, float]:
    """What words stand for, folded: "Agree", "6 - Agree" and "6 (Agree)" alike; true and false on a 0-1 scale.

    A label counts before "no answer" does: on some scales "None" is an answer.
    """
    meanings = dict(TRUTH) if (scale.low, scale.high) == (0, 1) else {}
    for value, label in scale.labels.items():
        meanings |= {fold_words(label): value, fold_words(f"{value:g} {label}"): value}
    return meanings


def _check_scale(table: Table, values: np.ndarray, key: str, scale: AnswerScale, findings: _Findings) -> None:
    if scale.low is not None and scale.high is not None:
        outside = (values < scale.low) | (values > scale.high)
        for position in np.flatnonzero(outside):
            row = table.cells.index[position]
            findings.outside.append(f"row {row}, item {key}: {values[position]:g} (scale {scale})")
        findings.outside_values.update(values[outside])
        values = np.where(outside, np.nan, values)
    if not scale.continuous:
        for position in np.flatnonzero((values % 1 != 0) & np.isfinite(values)):
            row = table.cells.index[position]
            findings.between.append(f"row {row}, item {key}: {values[position]:g}")


def _report(findings: _Findings, instrument: Instrument, problems: Problems) -> None:
    if findings.text:
        labels = list(dict.fromkeys(word for item in instrument.items.values() for word in item.scale.labels.values()))
        known = f"the labels are {', '.join(labels[:9])}" if labels else "the answer scale has no labels"
        problems.add(
            f"{counted(len(findings.text), 'answer')} in words that are no label of '{instrument.name}'.",
            findings.text,
            f"{known}; correct the answers, or add [scale] labels to the instrument.",
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
    if findings.outside:
        problems.add(
            f"{counted(len(findings.outside), 'answer')} outside the scale of '{instrument.name}'.",
            findings.outside,
            _outside_remedy(sorted(findings.outside_values)),
        )
    if findings.between:
        problems.add(
            f"{counted(len(findings.between), 'answer')} between two points of the scale.",
            findings.between,
            "the items take whole numbers; if these are averages, set continuous = true in the scale.",
        )


def _outside_remedy(values: list[float]) -> str:
    """A few different values may be codes; many say that the scale is another one."""
    if len(values) > VALUES_NAMED:
        return f"they run from {values[0]:g} to {values[-1]:g}: does the instrument describe the scale that was used?"
    shown = ", ".join(f"{value:g}" for value in values)
    means = "means" if len(values) == 1 else "mean"
    return f'if {shown} {means} "no answer", say missing_codes=[{shown}]; otherwise correct the answers in the file.'


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
