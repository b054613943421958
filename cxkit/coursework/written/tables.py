"""Marking sheets as csv and xlsx: what a marker fills in, and what came back from one."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.gradebook.exports import as_written, harmless
from cxkit.coursework.marks.points import points_text
from cxkit.coursework.page.words import cut_text
from cxkit.coursework.people.csv_text import csv_lines, read_csv_text
from cxkit.coursework.written.sheet import COMMENT, MarkingSheet, Place, Value
from cxkit.errors import AssignmentError, MarkingError, Problems, reason_of
from cxkit.files import write_atomically

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Question

LARGEST = 64 << 20
LONGEST_CELL = 32_000
"""Characters; Excel holds 32,767 in a cell. A longer answer says in the file that it is cut."""
_FIXED = ("question", "code", "answer")
_LAST = (COMMENT, "marker", "revision")
_HEADING = re.compile(r"(?P<criterion>.+?) \[0-[\d.]+\]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def table_of(sheet: MarkingSheet, question: Question, marker: str) -> list[list[str]]:
    """The rows of one question for one marker, header first, as texts."""
    values, revision = sheet.values(), str(sheet.revision)
    criteria = [criterion.id for criterion in question.rubric]
    header = [*_FIXED, *(f"{one.id} [0-{points_text(one.points)}]" for one in question.rubric), *_LAST]
    rows = [header]
    for answer in sheet.answers(question.id):
        own = [values.get((question.id, answer.code, marker, field)) for field in (*criteria, COMMENT)]
        rows.append([question.id, answer.code, cut_text(answer.text, LONGEST_CELL), *map(_text, own), marker, revision])
    return rows


def _text(value: Value) -> str:
    return "" if value is None else value if isinstance(value, str) else points_text(value)


def write_table(path: str | Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write a table for a marker, by the end of its name: `.csv` or `.xlsx`. Texts that compute are made harmless.

    Raises
    ------
    MarkingError
        If the file is there already and differs: a marker's work may be in it.
    """
    path = Path(path)
    data = _as_xlsx(rows) if path.suffix.lower() == ".xlsx" else _as_csv(rows)
    if path.is_file() and path.read_bytes() != data:
        if path.suffix.lower() != ".xlsx" or _read_rows(path) != _read_rows_of(data):
            raise MarkingError(
                f"{path} is there already, perhaps with marks in it. Bring it in first (cxkit written merge), then "
                "move it away."
            )
        return path
    return write_atomically(path, data)


def _as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    # The byte order mark tells Excel that it is UTF-8.
    return b"\xef\xbb\xbf" + csv_lines([[harmless(_clean(cell)) for cell in row] for row in rows]).encode("utf-8")


def _clean(text: str) -> str:
    return _CONTROL.sub("�", text)[:LONGEST_CELL]


def _as_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "Marks"
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            cell = page.cell(number, column)
            is_number = number > 1 and column > 3 and column != len(row) - 1 and re.fullmatch(r"\d+(\.\d+)?", text)
            if is_number and rows[0][column - 1] != COMMENT:
                cell.value = float(text) if "." in text else int(text)
            elif text:
                cell.value = _clean(text)
                cell.data_type = "s"  # never a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
    for column, name in enumerate(rows[0], 1):
        width = 70 if name == "answer" else 40 if name == COMMENT else 12
        page.column_dimensions[page.cell(1, column).column_letter].width = width
    page.freeze_panes = "D2"
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What came back: each cell with the value that the file began with and the one that it has."""

    changes: Mapping[Place, tuple[Value, Value]]
    rows: int


def read_table(path: str | Path, sheet: MarkingSheet) -> Returned:
    """Read a marker's csv or xlsx.

    Rows may be in any order and may lack; further columns are passed over.

    Raises
    ------
    MarkingError
        All problems at once, with rows: missing columns, codes twice, points that are no number, no revision.
    """
    path = Path(path)
    rows = _read_rows(path)
    header = [cell.strip() for cell in rows[0]]
    problems = Problems(path.name)
    lacking = [name for name in ("question", "code", *_LAST) if name not in header]
    if lacking:
        problems.add(f"the columns {', '.join(lacking)} are missing.", remedy="fill in the sheet as it was written.")
        problems.raise_as(MarkingError)
    place = {name: header.index(name) for name in ("question", "code", *_LAST)}
    criteria = {match["criterion"]: n for n, name in enumerate(header) if (match := _HEADING.fullmatch(name))}
    bases: dict[int, dict[Place, Value]] = {}
    changes: dict[Place, tuple[Value, Value]] = {}
    count = 0
    for number, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        question, code, marker, revision = (
            row[place[name]].strip() for name in ("question", "code", "marker", "revision")
        )
        if not re.fullmatch(r"\d{1,15}", revision) or int(revision) > sheet.revision:
            problems.add(f"row {number}: '{revision}' is not a revision of this sheet")
            continue
        base = bases.setdefault(int(revision), sheet.values(int(revision)))
        for field, column in (*criteria.items(), (COMMENT, place[COMMENT])):
            about = (question, code, marker, field)
            try:
                value = _comment(row[column]) if field == COMMENT else _points(row[column])
            except ValueError:
                problems.add(f"row {number}: '{row[column].strip()}' is no number of points for '{field}'")
                continue
            if about in changes:
                problems.add(f"row {number}: the code '{code}' of '{question}' occurs twice")
                break
            changes[about] = (base.get(about), value)
        count += 1
    if problems:
        problems.raise_as(MarkingError)
    return Returned(changes=changes, rows=count)


def _points(text: str) -> Value:
    text = text.strip().replace(",", ".")
    if text and not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text):
        raise ValueError(text)
    return float(text) if text else None


def _comment(text: str) -> Value:
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    return as_written(text) or None


def _read_rows(path: Path) -> list[list[str]]:
    if path.suffix.lower() == ".xlsx":
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise MarkingError(f"{path} cannot be read: {error.strerror}.") from None
        return _read_rows_of(data)
    try:
        table = read_csv_text(path)
    except AssignmentError as error:
        raise MarkingError(str(error)) from None
    return [[table.cell(row, column) for column in range(len(table.header))] for row in range(len(table.rows))]


def _read_rows_of(data: bytes) -> list[list[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    if len(data) > LARGEST:
        raise MarkingError(f"The file is larger than {LARGEST >> 20} MB: that is no marking sheet.")
    try:
        page = load_workbook(io.BytesIO(data)).active
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise MarkingError(f"This is not an Excel file ({reason_of(error)}). Save it as xlsx or csv.") from None
    rows = [[_cell(value) for value in row] for row in page.iter_rows(values_only=True)] if page is not None else []
    if not rows:
        raise MarkingError("The Excel file is empty.")
    return rows


def _cell(value: object) -> str:
    if isinstance(value, float):
        return points_text(value) if round(value, 2) == value else repr(value)
    return "" if value is None else str(value)
