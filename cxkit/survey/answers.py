"""From text cells to answers: numbers on the item's scale, or a problem that quotes the cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.instrument import AnswerScale, Instrument
from cxkit.survey.tables import Table

NOT_ANSWERED = {"", "na", "n/a", "nan", "none", "null", "-", ".", "#n/a"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Numbers, a row a respondent, a column an item; NaN where not answered. `notes` say what was translated."""

    numbers: pd.DataFrame
    notes: tuple[str, ...]


@dataclass
class _Findings:
    """Cells that are no answers, by kind, over all items: the reader wants one list, not one for every item."""

    text: list[str]
    outside: list[str]
    between: list[str]
    outside_values: set[float]


def read_answers(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    missing_codes: tuple[float, ...],
    problems: Problems,
) -> Answers:
    """Turn the item columns of a table into numbers, adding what cannot be one to `problems`."""
    findings = _Findings(text=[], outside=[], between=[], outside_values=set())
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


def _numbers(
    table: Table, column: str, key: str, scale: AnswerScale, findings: _Findings
) -> tuple[np.ndarray, int]:
    """The cells of one item as numbers, and how many of them were labels."""
    cells = table.cells[column]
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype="float64", na_value=np.nan, copy=True)
    open_cells = cells[np.isnan(values)]
    folded = open_cells.str.casefold()
    open_cells = open_cells[~folded.isin(NOT_ANSWERED)]
    if open_cells.empty:
        return values, 0
    translated = open_cells.map(lambda cell: _label_value(cell, scale))
    for row, cell in open_cells[translated.isna()].items():
        findings.text.append(f"row {row}, item {key}: '{cell[:40]}'")
    values[table.cells.index.get_indexer(open_cells.index)] = translated.to_numpy(dtype="float64")
    return values, int(translated.notna().sum())


def _label_value(cell: str, scale: AnswerScale) -> float:
    """The number that a label stands for: "Agree", "6 - Agree" and "6 (Agree)" alike; NaN if it is no label."""
    wanted = _fold(cell)
    for value, label in scale.labels.items():
        if wanted in (_fold(label), _fold(f"{value:g} {label}")):
            return value
    return np.nan


def _fold(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _check_scale(table: Table, values: np.ndarray, key: str, scale: AnswerScale, findings: _Findings) -> None:
    if not np.isfinite(values[~np.isnan(values)]).all():
        findings.text.append(f"item {key}: infinite numbers")
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
        labels = sorted({label for item in instrument.items.values() for label in item.scale.labels.values()})
        known = f"the labels are {', '.join(labels[:9])}" if labels else "the answer scale has no labels"
        problems.add(
            f"{counted(len(findings.text), 'answer')} in words that are no label of '{instrument.name}'.",
            findings.text,
            f"{known}; correct the answers, or add [scale] labels to the instrument.",
        )
    if findings.outside:
        values = sorted(findings.outside_values)
        shown = ", ".join(f"{value:g}" for value in values[:4])
        problems.add(
            f"{counted(len(findings.outside), 'answer')} outside the scale of '{instrument.name}'.",
            findings.outside,
            f"if {shown} mean{'s' if len(values) == 1 else ''} \"no answer\", say missing_codes=[{shown}]; "
            "otherwise correct them in the file.",
        )
    if findings.between:
        problems.add(
            f"{counted(len(findings.between), 'answer')} between two points of the scale.",
            findings.between,
            "the items take whole numbers; if these are averages, set continuous = true in the scale.",
        )


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
