"""From a file to a Survey: csv and Excel, with every problem reported at once.

The way of a file: `tables.read_table` gives cells as text -> columns are matched with the instrument -> cells become
numbers -> the respondents' attributes get their types -> Survey. Each step adds what it finds to one `Problems`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cxkit.errors import CxkitWarning, Problems, SurveyError, counted, nearest
from cxkit.survey.answers import NOT_ANSWERED, Answers, read_answers
from cxkit.survey.codes import MissingCodes, codes_by_item
from cxkit.survey.decimal_marks import check_decimal_marks, weight_remedy
from cxkit.survey.foot_rows import find_foot_rows, without_feet
from cxkit.survey.header_rows import refuse_header_rows
from cxkit.survey.instrument import Instrument
from cxkit.survey.likeness import clean_name, look_alikes, map_distinct
from cxkit.survey.matching import ColumnFinder, item_columns, names_in_files, renamed
from cxkit.survey.reading_options import as_about, check_options, with_defaults
from cxkit.survey.repeated import missing_id_note, refuse_repeated, repeated_notes
from cxkit.survey.responses import Unfinished, check_unfinished, find_responses
from cxkit.survey.shipped_instruments import as_instrument
from cxkit.survey.survey import ROLES, About, Survey, typed_role
from cxkit.survey.system_codes import without_system_codes
from cxkit.survey.tables import Table, read_table
from cxkit.survey.wrong_encoding import mangled_notes

RoleColumn = str | Mapping[str, Any]


def read_survey(
    path: str | Path,
    instrument: Instrument | str | Path,
    respondent: Mapping[str, RoleColumn] | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    missing_codes: MissingCodes | None = None,
    decimal: Literal[".", ","] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
    kind: str | None = None,
    unfinished: Unfinished | None = None,
    name: str | None = None,
    about: About | Mapping[str, Any] | None = None,
) -> Survey:
    """Read answers to an instrument from the file of a survey.

    What is not given here is taken from the instrument's own file, where it says how its answers are read (`[reading]`,
    `[respondent]`).

    Empty cells, "NA", "n/a", "-" and the missing codes of the scale become "not answered"; so do such
    cells in respondents' attributes ("NA", "None", "null", "nan", "#N/A", "-" and others), unless `order` or `labels`
    name them. Labels of the answer scale ("Strongly agree",
    "7 - Strongly agree") are read as their numbers, in any case. Left out are rows that are empty throughout, previews,
    test answers, answers marked as spam, unfinished responses (by the columns in which survey systems say so, such as
    Status, MODE, Finished, Progress and submitdate) and foot rows of means; `survey.ledger` counts every row.

    Parameters
    ----------
    path
        A .csv, .tsv, .txt or .xlsx file with a row of column names and a row a respondent, as survey systems export
        it; .ods and .xls with `cxkit[ods]`, files of SPSS (.sav, .zsav, .por) and Stata (.dta) with `cxkit[spss]`.
    instrument
        The instrument, the name of a shipped one (`"culture8"`), or the path of its TOML file.
    respondent
        Which columns describe the respondent: `{"level": "Job level", "unit": "Team"}`; the roles are id, level,
        function, unit, organisation, wave and weight. Instead of a column name, a table with `column` and, as
        needed, `order` (names from lowest to highest) and `labels` (`{"1": "Staff"}`, codes to names).
    rename
        Column names of the file to item keys, where they differ: `{"Q1": "CI1"}`.
    missing_codes
        Numbers or words that mean "no answer" in this file, beside those of the instrument: a list for all items,
        `[9, "Don't know"]`, or by item or dimension, `{"loyalty": [9]}`. Capitals and punctuation of words do not
        matter. A code that is an answer on the scale of an item is refused there.
    decimal
        What stands before the decimals of a number: "," for files that say 3,5.
    delimiter, encoding
        How the csv file is written; found out where not given.
    sheet, header_row
        In which sheet of an Excel file the answers stand (the first), and in which row the column names (the first
        that is not empty).
    kind
        The survey system that exported the file, such as "qualtrics"; told by its header where not given. `plain` is a
        table with one row of names.
    unfinished
        What becomes of responses that were begun and not handed in: "drop" or "keep".
    name
        What to call the survey in results (the file's name).
    about
        Origin, population, period and selection, as `About` or a dict of these; needed before others are compared
        with it.

    Raises
    ------
    OptionError
        If an option is of the wrong kind; every such option at once.
    InstrumentError
        If there is no such instrument (the nearest name is offered), or its description has problems.
    SurveyError
        With all problems at once: missing file, wrong delimiter, missing or doubled columns, answers off the scale,
        text that is no label, respondents that occur twice. Row numbers are those of the file.
    """
    given = {
        "rename": rename, "missing_codes": missing_codes, "decimal": decimal, "delimiter": delimiter,
        "encoding": encoding, "sheet": sheet, "header_row": header_row, "kind": kind, "unfinished": unfinished,
        "name": name, "about": about,
    }  # fmt: skip
    check_options(**given)
    _refuse_instrument(Path(path))
    described = as_instrument(instrument)
    options = with_defaults(given, described.reading)
    table = read_table(
        Path(path), known=[*names_in_files(described), *options["rename"]], delimiter=options["delimiter"],
        encoding=options["encoding"], sheet=options["sheet"], header_row=options["header_row"], kind=options["kind"],
    )  # fmt: skip
    return survey_from_table(
        table, described, described.respondent if respondent is None else respondent, rename=options["rename"],
        missing_codes=options["missing_codes"], decimal=options["decimal"], unfinished=options["unfinished"],
        name=options["name"], about=as_about(options["about"]),
    )  # fmt: skip


def _refuse_instrument(path: Path) -> None:
    if path.suffix.casefold() == ".toml":
        raise SurveyError(
            f"{path.name} looks like an instrument; the file of answers is wanted here (in a notebook, in its "
            "parameter survey_path). Are the two swapped?"
        )


def survey_from_table(
    table: Table,
    instrument: Instrument,
    respondent: Mapping[str, RoleColumn],
    *,
    rename: Mapping[str, str],
    missing_codes: MissingCodes = (),
    decimal: Literal[".", ","] = ".",
    unfinished: Unfinished = "drop",
    name: str | None = None,
    about: About | None = None,
) -> Survey:
    """Turn a table of text cells into a Survey; `read_survey` says what becomes of them."""
    problems = _problems_of(table, unfinished, decimal)
    table = renamed(table, rename, problems)
    used, said = _used(table, instrument, respondent, problems)
    table, decoded = without_system_codes(table, used.items, instrument)
    codes = codes_by_item(missing_codes, instrument, used.items, problems)
    table = refuse_header_rows(table, used.items, rename, instrument, codes, problems)
    responses = find_responses(table, used.columns, used.items.values(), unfinished, problems)
    table = table.without(*responses.left_out)
    comma = decimal == ","
    feet = find_foot_rows(table, used.items, instrument, codes, decimal_comma=comma, weights=used.of("weight"))
    table = without_feet(table, feet, problems)
    table, marks = _with_decimal_points(table, used.items, instrument, used.of("weight"), decimal, problems)
    answers = read_answers(
        _without_rows(table, feet.refused), used.items, instrument, codes, problems, decimal_comma=comma
    )
    respondents = _respondents(table, used.roles, problems)
    if problems:
        problems.raise_as(SurveyError)
    ignored = table.cells.columns[~table.cells.columns.isin(used.columns)].tolist()
    doubted = _doubted(table, used.roles, respondents, repeated_notes(table, respondents, used.items.values(), ignored))
    _warn(table.source, doubted, feet.notes)
    lost = _lost_ids(table, used.roles, respondents)
    said += [*decoded, *responses.notes, *feet.notes, *marks, *doubted, *lost]
    return Survey(
        name=name or Path(table.source).stem, instrument=instrument, given=answers.numbers, respondents=respondents,
        about=about or About(), ledger=replace(table.ledger, set_aside=answers.set_aside), columns=used.by_role,
        notes=tuple(_notes(table, said, answers, ignored, instrument.open_questions)),
    )  # fmt: skip


def _problems_of(table: Table, unfinished: Unfinished, decimal: str) -> Problems:
    """Where problems of a file are gathered; those of the options come first."""
    problems = Problems(table.source)
    check_unfinished(unfinished, problems)
    if decimal not in (".", ","):
        problems.add(f"decimal={decimal!r} must be '.' or ','.")
        problems.raise_as(SurveyError)
    return problems


@dataclass(frozen=True, kw_only=True)
class _Role:
    role: str
    column: str
    order: tuple[str, ...] | None = None
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class _Used:
    """The columns of a file that are read: those of items, and those that describe the respondents."""

    items: Mapping[str, str]
    roles: tuple[_Role, ...]

    @property
    def columns(self) -> set[str]:
        """All of them."""
        return {*self.items.values(), *self.by_role.values()}

    @property
    def by_role(self) -> dict[str, str]:
        """Role to column."""
        return {role.role: role.column for role in self.roles}

    def of(self, name: str) -> list[str]:
        """The column of a role, if one has it."""
        return [self.by_role[name]] if name in self.by_role else []


def _used(
    table: Table, instrument: Instrument, respondent: Mapping[str, RoleColumn], problems: Problems
) -> tuple[_Used, list[str]]:
    """The columns that answer items or describe respondents, and notes on how they were found."""
    roles = tuple(_roles(respondent, table, problems))
    matched = item_columns(table, instrument, [role.column for role in roles], problems)
    return _Used(items=matched.columns, roles=roles), list(matched.notes)


def _roles(respondent: Mapping[str, RoleColumn], table: Table, problems: Problems) -> list[_Role]:
    """The roles that were asked for and whose columns exist."""
    if not isinstance(respondent, Mapping):
        problems.add(f"respondent={respondent!r} must name a column for each role, such as {{'level': 'Job level'}}.")
        return []
    found = []
    for role, described in respondent.items():
        if role not in ROLES:
            problems.add(f"'{role}' is not a respondent attribute.{nearest(role, ROLES)}")
            continue
        entry: Mapping[str, Any] = {"column": described} if isinstance(described, str) else described
        if not _is_role_entry(entry):
            problems.add(
                f"The {role} is described by {described!r}; it takes a column name, or a table with column and, as "
                "needed, order (a list of different names) and labels (codes to names)."
            )
            continue
        column = ColumnFinder(table).only(entry["column"])
        if column not in table.cells.columns:
            problems.add(f"The {role} should stand in the column '{column}'.{nearest(column, table.cells.columns)}")
            continue
        order, labels = entry.get("order"), entry.get("labels")
        found.append(
            _Role(
                role=role,
                column=column,
                order=None if order is None else tuple(clean_name(str(name)) for name in order),
                labels=None if labels is None else {clean_name(str(code)): str(name) for code, name in labels.items()},
            )
        )
    return found


def _is_role_entry(entry: Any) -> bool:
    """Whether an entry of `respondent` has the form that a role takes."""
    if not isinstance(entry, Mapping) or set(entry) - {"column", "order", "labels"}:
        return False
    order, labels = entry.get("order", ()), entry.get("labels", {})
    is_order = isinstance(order, list | tuple) and len(set(map(str, order))) == len(order)
    return isinstance(entry.get("column"), str) and is_order and isinstance(labels, Mapping)


def _respondents(table: Table, roles: Sequence[_Role], problems: Problems) -> pd.DataFrame:
    columns = {}
    labels_of_file = {question.column: dict(question.labels) for question in table.questions}
    for role in roles:
        named = {*(role.labels or ()), *(role.order or ())}
        cells = map_distinct(table.cells[role.column], clean_name)
        cells = cells.mask(cells.str.casefold().isin(NOT_ANSWERED) & ~cells.isin(named), "")
        if role.labels is not None:
            cells = _labelled(cells, role, problems)
        else:
            cells = cells.replace(labels_of_file.get(role.column, {}))
        if role.order is not None and not _in_order(cells, role, problems):
            continue
        try:
            columns[role.role] = typed_role(role.role, cells, order=role.order)
        except SurveyError as error:
            remedy = weight_remedy(cells) if role.role == "weight" else ""
            problems.add(f"column '{role.column}': {error}", remedy=remedy)
    respondents = pd.DataFrame(columns, index=table.cells.index)
    refuse_repeated(respondents, problems)
    return respondents


def _with_decimal_points(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    weights: list[str],
    decimal: str,
    problems: Problems,
) -> tuple[Table, list[str]]:
    """The table with points for the decimal marks of weights, and notes on marks that may be meant otherwise."""
    scales = {key: instrument.items[key].scale for key in columns}
    notes = check_decimal_marks(table, columns, scales, weights, decimal, problems)
    return table.with_decimal_points(weights) if decimal == "," else table, notes


def _without_rows(table: Table, refused: Iterable[Any]) -> Table:
    """Rows that are refused as feet need no second complaint about their numbers."""
    return replace(table, cells=table.cells.drop(index=list(refused)))


def _doubted(table: Table, roles: Sequence[_Role], respondents: pd.DataFrame, repeated: Sequence[str]) -> list[str]:
    """What may be wrong with the respondents: names that were damaged or written in two ways, people twice."""
    mangled = [note for role in roles for note in mangled_notes(role.role, table.cells[role.column])]
    return [*mangled, *_alike_notes(respondents), *repeated]


def _warn(source: str, doubted: Sequence[str], feet: Sequence[str]) -> None:
    told = [*doubted, *(f"{note} If it sums up the columns, delete it." for note in feet)]
    for note in told:
        warnings.warn(f"{source}: {note}", CxkitWarning, stacklevel=4)  # at the call of who reads the survey


def _alike_notes(respondents: pd.DataFrame) -> list[str]:
    """Names of groups that are probably one group written in two ways."""
    notes = []
    for role in respondents.columns.difference(["id", "weight"], sort=False):
        for group in look_alikes(map(str, respondents[role].dropna().unique())):
            shown = " and ".join(f"'{name}'" for name in group)
            notes.append(f"The {role} names {shown} differ only in how they are written; they count as different.")
    return notes


def _lost_ids(table: Table, roles: Sequence[_Role], respondents: pd.DataFrame) -> list[str]:
    """What to say of respondents without an id."""
    columns = [role.column for role in roles if role.role == "id"]
    return missing_id_note(table.cells[columns[0]], respondents["id"]) if columns else []


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


def _in_order(cells: pd.Series, role: _Role, problems: Problems) -> bool:
    outside = cells[~cells.isin(list(role.order or ())) & (cells != "")]
    if outside.empty:
        return True
    problems.add(
        f"{counted(len(outside), 'value')} of the {role.role} in column '{role.column}' outside its order.",
        [f"row {index}: {value}" for index, value in outside.items()],
        f"the order names {', '.join(role.order or ())}; name every value there.",
    )
    return False


def _notes(
    table: Table, rows: list[str], answers: Answers, ignored: list[str], open_questions: Sequence[str]
) -> list[str]:
    notes = [*table.notes, *rows, *answers.notes]
    if open_questions:
        is_open = "question of the instrument is" if len(open_questions) == 1 else "questions of the instrument are"
        first = "" if len(open_questions) == 1 else "the first: "
        notes.append(f"{len(open_questions):,} {is_open} still open: {first}{open_questions[0]}")
    if ignored:
        shown = ", ".join(ignored[:6]) + (", ..." if len(ignored) > 6 else "")
        notes.append(f"Columns not used: {shown}.")
    return notes
