"""The cells of an Excel sheet as text, as a reader of the sheet sees them."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from cxkit.errors import Problems, SurveyError, counted, nearest
from cxkit.survey.ledger import named_rows
from cxkit.survey.likeness import drop_invisible
from cxkit.survey.other_formats import remedy_for_sheet

if TYPE_CHECKING:
    from openpyxl import Workbook

SHEETS_NAMED = 3
ROWS_LOOKED_AT = 6
"""Item names are looked for in so many rows at the top of a sheet."""
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"  # the container of .xls files, and of .xlsx files with a password

_EXACT = 10.0**15
"""A spreadsheet keeps 15 digits of a number."""
_PERCENT = re.compile(r'numFmtId="(?:9|10)"|formatCode="[^"]*%')
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell ")
_HIDDEN = re.compile(rb'<(?:\w+:)?row [^>]*hidden="(?:1|true)"')

Rows = list[list[str]]


def excel_rows(
    path: Path, sheet: str | int | None, count_names: Callable[[Iterable[str]], int], header_row: int | None = None
) -> tuple[Rows, list[str]]:
    """The rows of one sheet as text, and notes on what was read.

    Parameters
    ----------
    path
        An .xlsx or .xlsm file.
    sheet
        Its name or place (the first is 0); None for the first.
    count_names
        How many of some cells are item names; tells the sheet with the answers from others.
    header_row
        The row of the column names, as far as that is known.

    Raises
    ------
    SurveyError
        If it is no Excel file, there is no such sheet or nothing in it, the item names stand in another sheet, or
        formulas were saved without their results.
    """
    with _opened(path, data_only=True) as book:
        names = [page.title for page in book.worksheets]
        hidden = {page.title for page in book.worksheets if page.sheet_state != "visible"}
        # The first that a reader of the file sees: what stands in a hidden sheet is often an older version.
        visible = [name for name in names if name not in hidden] or names
        chosen = visible[0] if sheet is None and visible else _chosen(path.name, names, sheet)
        rows = _rows(book, chosen, path)
        others = [name for name in names if name != chosen]
        _refuse_empty(path, chosen, rows, others)
        if sheet is None and not _has_names(rows, count_names):
            _refuse_names_elsewhere(book, path, chosen, others, count_names)
    _check_formulas(path, chosen, rows)
    notes = [sheet_note(chosen, others, is_given=sheet is not None)] if others else []
    if chosen in hidden:
        notes.append(f"The sheet '{chosen}' is hidden.")
    header = header_row or _header_of(rows, count_names)
    try:
        return rows, [*notes, *look_notes(path, chosen, rows, header)]
    except SurveyError as error:
        if sheet is not None or not others:
            raise
        raise SurveyError(f"{error}\n    (This is the sheet '{chosen}'. {_others_in_words(others)})") from None


def sheet_note(chosen: str, others: Sequence[str], *, is_given: bool) -> str:
    """Which sheet was read; where the caller named none, how to read another."""
    elsewhere = "" if is_given else f" {_others_in_words(others)}"
    return f"Read from sheet '{chosen}', one of {len(others) + 1}.{elsewhere}"


def _others_in_words(others: Sequence[str]) -> str:
    shown = " or ".join(f"sheet={name!r}" for name in others[:SHEETS_NAMED])
    return f"Say {shown} to read another."


def _header_of(rows: Rows, count_names: Callable[[Iterable[str]], int]) -> int:
    """The row at the top with most item names, the first where there are none."""
    names = [count_names(row) for row in rows[:ROWS_LOOKED_AT]]
    return names.index(max(names)) + 1 if any(names) else 1


def _refuse_empty(path: Path, chosen: str, rows: Rows, others: list[str]) -> None:
    if any(cell.strip() for row in rows for cell in row):
        return
    elsewhere = f" Other sheets: {', '.join(others)}." if others else ""
    raise SurveyError(f"{path.name} has no filled cells in sheet '{chosen}'.{elsewhere}")


def _refuse_names_elsewhere(
    book: Workbook, path: Path, chosen: str, others: list[str], count_names: Callable[[Iterable[str]], int]
) -> None:
    for name in others:
        if _has_names(_rows(book, name, path, last=ROWS_LOOKED_AT), count_names):
            raise SurveyError(
                f"{path.name}: the item names stand in sheet '{name}', not in the first sheet '{chosen}'. "
                f"Read the file with sheet='{name}'."
            )


@contextmanager
def _opened(path: Path, *, data_only: bool, read_only: bool = True) -> Iterator[Workbook]:
    import openpyxl  # half a second that only Excel files should cost

    with path.open("rb") as file:
        start = file.read(4)
    if start == _OLD_OR_LOCKED:
        raise SurveyError(
            f"{path.name} is protected with a password or is an old .xls file. "
            "Open it in Excel and save it as .xlsx without a password."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # openpyxl tells of styles it does not know
            book = openpyxl.load_workbook(path, read_only=read_only, data_only=data_only)
    except Exception:  # whatever its parser stumbles upon
        remedy = remedy_for_sheet(path.read_bytes())
        if not remedy or "Excel file" in remedy:  # an Excel file that is damaged
            remedy = "Save it again as .xlsx."
        raise SurveyError(f"{path.name} is not an Excel file, whatever its ending. {remedy}") from None
    try:
        yield book
    finally:
        book.close()


def _chosen(source: str, names: list[str], sheet: str | int | None) -> str:
    if not names:
        raise SurveyError(f"{source} has no sheet with cells.")
    if isinstance(sheet, str):
        if sheet not in names:
            raise SurveyError(f"{source} has no sheet '{sheet}'.{nearest(sheet, names)}")
        return sheet
    if sheet is not None and not 0 <= sheet < len(names):
        raise SurveyError(f"{source} has {counted(len(names), 'sheet')}; there is no sheet={sheet} (the first is 0).")
    return names[sheet or 0]


def _rows(book: Workbook, name: str, path: Path, last: int | None = None) -> Rows:
    """Rows of equal length; a damaged sheet shows only now, when its rows are read."""
    page = book[name]
    try:
        page.reset_dimensions()  # some programs write a wrong size, by which cells would be left out
        rows = [[cell_text(cell) for cell in row] for row in page.iter_rows(max_row=last, values_only=True)]
    except Exception:
        raise SurveyError(f"{path.name}: sheet '{name}' is damaged. Open it in Excel and save it again.") from None
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _has_names(rows: Rows, count_names: Callable[[Iterable[str]], int]) -> bool:
    """Whether item names stand somewhere at the top."""
    return any(count_names(row) for row in rows[:ROWS_LOOKED_AT])


def cell_text(cell: Any) -> str:
    """A cell as the sheet shows it: whole numbers without a point, dates without midnight, one form of every accent."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime):
        return str(cell).removesuffix(" 00:00:00")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) >= _EXACT:
        return f"{cell:.0f}"  # 12345678901234568, not 1.23456789012346e+16: such numbers are ids
    # NFC: "Müller" typed on two systems is one department.
    return f"{cell:.15g}" if isinstance(cell, float) else drop_invisible(unicodedata.normalize("NFC", str(cell)))


def look_notes(path: Path, sheet: str, rows: Rows, header: int) -> list[str]:
    """What a reader of the sheet sees and its cells do not hold: merged cells (refused), hidden rows, percentages.

    `header` is the row of the column names, below which the answers stand.
    """
    with ZipFile(path) as archive:
        pages = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
        styles = archive.read("xl/styles.xml").decode("utf-8", "replace") if _has(archive, "xl/styles.xml") else ""
    has_layout = any(_MERGED.search(page) or _HIDDEN.search(page) for page in pages)
    has_percent = _PERCENT.search(styles) is not None
    if not has_layout and not has_percent:
        return []
    # Only now the whole book, which takes a few times as long as the values alone.
    with _opened(path, data_only=True, read_only=not has_layout) as book:
        page = book[sheet]
        if has_layout:
            _refuse_merged(path.name, page, rows, header)
        notes = _hidden_notes(page, sheet, len(rows)) if has_layout else []
        return notes + (_percent_notes(page) if has_percent else [])


def _has(archive: ZipFile, name: str) -> bool:
    return name in archive.namelist()


def _refuse_merged(source: str, page: Any, rows: Rows, header: int) -> None:
    """Refuse merged cells among the answers: the file holds a value for the first of them only."""
    lost = []
    for area in page.merged_cells.ranges:
        first = page.cell(area.min_row, area.min_col).value
        below = rows[area.max_row - 1] if area.max_row <= len(rows) else []
        is_line = area.min_row == area.max_row and sum(map(bool, below)) <= 1  # such as "Exported by ..."
        if area.max_row > header and first is not None and not is_line:
            lost.append((area.min_row, str(area.coord)))
    if lost:
        problems = Problems(source)
        problems.add(
            f"{counted(len(lost), 'range')} of merged cells among the answers; only the first of each has a value.",
            [coordinates for _, coordinates in sorted(lost)],
            f"unmerge them in Excel and write the value into every cell that it holds for{_of_header(lost, page)}.",
        )
        problems.raise_as(SurveyError)


def _of_header(lost: Sequence[tuple[int, str]], page: Any) -> str:
    """What to do if merged cells at the top are part of a header of several rows."""
    ends = [area.max_row for area in page.merged_cells.ranges if area.min_row in {row for row, _ in lost}]
    last = max(ends)
    if last > ROWS_LOOKED_AT:
        return ""
    return f"; if they belong to the header, whose last row is row {last}, say header_row={last}"


def _hidden_notes(page: Any, sheet: str, n_rows: int) -> list[str]:
    rows = [number for number in sorted(page.row_dimensions) if number <= n_rows and page.row_dimensions[number].hidden]
    if not rows:
        return []
    are = "is" if len(rows) == 1 else "are"
    return [
        f"{counted(len(rows), 'row')} of the sheet '{sheet}' {are} hidden, as by a filter ({named_rows(rows)}), and "
        "read as the others; delete what does not belong to the survey."
    ]


def _percent_notes(page: Any) -> list[str]:
    """Columns whose numbers are shown as percentages."""
    columns: dict[str, str] = {}
    for row in page.iter_rows():
        for cell in row:
            if isinstance(cell.value, int | float) and "%" in str(cell.number_format):
                columns.setdefault(cell.column_letter, f"{cell.coordinate}, shown as {cell.value:.15g} x 100 %")
    return [
        f"Numbers of column {letter} are shown as percentages and read as shares ({first})."
        for letter, first in columns.items()
    ]


def _check_formulas(path: Path, sheet: str, rows: Rows) -> None:
    """A formula saved by a program that does not calculate looks like an empty cell: an answer would be lost."""
    with ZipFile(path) as archive:
        pages = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(b"<f>" in page or b"<f " in page for page in map(archive.read, pages)):
            return
    with _opened(path, data_only=False) as book:
        page = book[sheet]
        page.reset_dimensions()
        empty = [
            cell.coordinate
            for row, values in zip(page.iter_rows(), rows, strict=False)
            for cell, value in zip(row, values, strict=False)
            if cell.data_type == "f" and value == ""
        ]
    if empty:
        problems = Problems(path.name)
        problems.add(
            f"{counted(len(empty), 'formula')} saved without a result.",
            [f"cell {coordinate}" for coordinate in empty],
            "open the file in Excel and save it again, or put values in place of the formulas.",
        )
        problems.raise_as(SurveyError)
