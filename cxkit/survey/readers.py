"""From a file to a Survey: csv and Excel, with every problem reported at once.

The way of a file: `tables.read_table` gives cells as text -> columns are matched with the instrument -> cells become
numbers -> the respondents' attributes get their types -> Survey. Each step adds what it finds to one `Problems`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cxkit.errors import Problems, SurveyError, counted, nearest
from cxkit.survey.answers import Answers, read_answers
from cxkit.survey.instrument import Instrument, read_instrument
from cxkit.survey.survey import ROLES, About, Survey, typed_role
from cxkit.survey.tables import Table, read_table

RoleColumn = str | Mapping[str, Any]


def read_survey(
    path: str | Path,
    instrument: Instrument | str | Path,
    respondent: Mapping[str, RoleColumn] | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    missing_codes: Sequence[float] = (),
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
    name: str | None = None,
    about: About | None = None,
) -> Survey:
    """Read answers to an instrument from a csv or Excel file.

    Empty cells, "NA", "n/a", "-" and the missing codes of the scale become "not answered". Labels of the answer scale
    ("Strongly agree") are read as their numbers, in any case. Rows that are empty throughout are left out.

    Parameters
    ----------
    path
        A .csv, .tsv, .txt or .xlsx file with a row of column names and a row a respondent.
    instrument
        The instrument, or the path of its TOML file.
    respondent
        Which columns describe the respondent: `{"level": "Job level", "unit": "Team"}`; the roles are id, level,
        function, unit, organisation, wave and weight. Instead of a column name, a table with `column` and, as
        needed, `order` (names from lowest to highest) and `labels` (`{"1": "Staff"}`, codes to names).
    rename
        Column names of the file to item keys, where they differ: `{"Q1": "CI1"}`.
    missing_codes
        Numbers that mean "no answer" in this file, beside those of the instrument.
    delimiter, encoding
        How the csv file is written; found out where not given.
    sheet, header_row
        For Excel: which sheet (first), and in which row the column names stand (1).
    name
        What to call the survey in results (the file's name).
    about
        Origin, population, period and selection; needed before others are compared with it.

    Raises
    ------
    SurveyError
        With all problems at once: missing file, wrong delimiter, missing or doubled columns, answers off the scale,
        text that is no label, respondents that occur twice. Row numbers are those of the file.
    """
    described = instrument if isinstance(instrument, Instrument) else read_instrument(instrument)
    table = read_table(
        Path(path),
        known=described.items,
        delimiter=delimiter,
        encoding=encoding,
        sheet=sheet,
        header_row=header_row,
    )
    return survey_from_table(
        table, described, respondent or {}, rename=rename or {}, missing_codes=missing_codes, name=name, about=about
    )


def survey_from_table(
    table: Table,
    instrument: Instrument,
    respondent: Mapping[str, RoleColumn],
    *,
    rename: Mapping[str, str],
    missing_codes: Sequence[float] = (),
    name: str | None = None,
    about: About | None = None,
) -> Survey:
    """Turn a table of text cells into a Survey; `read_survey` says what becomes of them."""
    problems = Problems(table.source)
    table = _renamed(table, rename, problems)
    roles = _roles(respondent, table, problems)
    claimed = {role.column for role in roles}
    columns = _item_columns(table, instrument, claimed, problems)
    answers = read_answers(table, columns, instrument, tuple(missing_codes), problems)
    respondents = _respondents(table, roles, problems)
    _check_repeated(respondents, problems)
    if problems:
        problems.raise_as(SurveyError)
    ignored = [c for c in table.cells.columns if c not in set(columns.values()) | claimed]
    return Survey(
        name=name or Path(table.source).stem,
        instrument=instrument,
        given=answers.numbers,
        respondents=respondents,
        about=about or About(),
        notes=tuple(_notes(table, answers, ignored)),
    )


@dataclass(frozen=True, kw_only=True)
class _Role:
    role: str
    column: str
    order: tuple[str, ...] | None = None
    labels: Mapping[str, str] | None = None


def _renamed(table: Table, rename: Mapping[str, str], problems: Problems) -> Table:
    for column in rename:
        if column not in table.cells.columns:
            problems.add(f"rename: there is no column '{column}'.{nearest(column, table.cells.columns)}")
    return table.renamed(rename)


def _roles(respondent: Mapping[str, RoleColumn], table: Table, problems: Problems) -> list[_Role]:
    """The roles that were asked for and whose columns exist."""
    found = []
    for role, described in respondent.items():
        if role not in ROLES:
            problems.add(f"'{role}' is not a respondent attribute.{nearest(role, ROLES)}")
            continue
        if isinstance(described, str):
            described = {"column": described}
        unknown = set(described) - {"column", "order", "labels"}
        if unknown or "column" not in described:
            problems.add(f"The {role} is described by {dict(described)}; it takes column, order and labels.")
            continue
        column = str(described["column"])
        if column not in table.cells.columns:
            problems.add(f"The {role} should stand in the column '{column}'.{nearest(column, table.cells.columns)}")
            continue
        order = described.get("order")
        found.append(
            _Role(
                role=role,
                column=column,
                order=tuple(str(o) for o in order) if order is not None else None,
                labels={str(k): str(v) for k, v in described["labels"].items()} if "labels" in described else None,
            )
        )
    return found


def _item_columns(table: Table, instrument: Instrument, claimed: set[str], problems: Problems) -> dict[str, str]:
    """Item key to column name. Case and blanks do not matter; single items may be left out of a survey."""
    folded = {column.casefold().replace(" ", ""): column for column in table.cells.columns if column not in claimed}
    columns: dict[str, str] = {}
    missing = []
    singles = {item.key for item in instrument.singles}
    for key in instrument.items:
        column = folded.get(key.casefold())
        if column is not None:
            columns[key] = column
        elif key not in singles or not instrument.dimensions:
            missing.append(key)
    if missing:
        spare = [c for c in table.cells.columns if c not in claimed and c not in columns.values()]
        problems.add(
            f"{len(missing)} of the {len(instrument.items)} items of '{instrument.name}' without a column.",
            [f"{key}: no such column.{nearest(key, spare)}" for key in missing],
            "correct the names in the file, or say rename={'<column>': '<item>'}.",
        )
    return columns


def _respondents(table: Table, roles: list[_Role], problems: Problems) -> pd.DataFrame:
    columns = {}
    for role in roles:
        cells = table.cells[role.column]
        if role.labels is not None:
            cells = _labelled(cells, role, problems)
        if role.order is not None:
            _check_order(cells, role, problems)
        try:
            columns[role.role] = typed_role(role.role, cells, order=role.order)
        except SurveyError as error:
            problems.add(f"column '{role.column}': {error}")
    return pd.DataFrame(columns, index=table.cells.index)


def _labelled(cells: pd.Series, role: _Role, problems: Problems) -> pd.Series:
    labels = role.labels or {}
    unlabelled = cells[~cells.isin(list(labels)) & (cells != "")]
    if len(unlabelled):
        problems.add(
            f"{counted(len(unlabelled), 'value')} of the {role.role} in column '{role.column}' without a label.",
            [f"row {index}: {value}" for index, value in unlabelled.items()],
            f"add them to the labels of the {role.role}.",
        )
    return cells.map(lambda cell: labels.get(cell, cell))


def _check_order(cells: pd.Series, role: _Role, problems: Problems) -> None:
    outside = cells[~cells.isin(list(role.order or ())) & (cells != "")]
    if len(outside):
        problems.add(
            f"{counted(len(outside), 'value')} of the {role.role} in column '{role.column}' outside its order.",
            [f"row {index}: {value}" for index, value in outside.items()],
            f"the order names {', '.join(role.order or ())}; name every value there.",
        )


def _check_repeated(respondents: pd.DataFrame, problems: Problems) -> None:
    """A respondent answers once (once a wave)."""
    if "id" not in respondents:
        return
    key = [role for role in ("id", "wave") if role in respondents]
    known = respondents[respondents["id"].notna()]
    repeated = known[known.duplicated(key, keep="first")]
    if len(repeated):
        first = {name: index for index, name in reversed(list(known["id"].items()))}
        examples = [
            f"row {index}: respondent {name}, first seen in row {first[name]}" for index, name in repeated["id"].items()
        ]
        per_wave = " in the same wave" if "wave" in respondents else ""
        problems.add(
            f"{counted(len(repeated), 'row')} of respondents who have answered before{per_wave}.",
            examples,
            "keep one row a respondent; name the wave if people answered several times.",
        )


def _notes(table: Table, answers: Answers, ignored: list[str]) -> list[str]:
    notes = [*table.notes, *answers.notes]
    if ignored:
        shown = ", ".join(ignored[:6]) + (", ..." if len(ignored) > 6 else "")
        notes.append(f"Columns not used: {shown}.")
    return notes
