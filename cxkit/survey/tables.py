"""From a file to a table of text cells, whatever program wrote it.

Nothing is interpreted here: cells stay text, so that a message can quote what stands in the file, and row numbers stay
those of the file.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, Problems, SurveyError, counted, nearest
from cxkit.survey.excel import ROWS_LOOKED_AT, excel_rows
from cxkit.survey.instrument import fold_name

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
EXCEL = {".xlsx", ".xlsm"}
TEXT = {".csv", ".tsv", ".txt", ""}
_END = "\x1eend"

CountNames = Callable[[Iterable[str]], int]
"""How many of some cells are names of items."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Cells as text, a row a respondent; the index holds the row numbers of the file, as a spreadsheet counts them."""

    source: str
    cells: pd.DataFrame
    notes: tuple[str, ...] = ()

    def with_decimal_points(self, columns: Iterable[str]) -> Table:
        """The same cells with "3,5" written as "3.5" in these columns."""
        changed = {c: self.cells[c].str.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True) for c in columns}
        return replace(self, cells=self.cells.assign(**changed))

    def renamed(self, names: Mapping[str, str]) -> Table:
        """The same cells under other column names."""
        return replace(self, cells=self.cells.rename(columns=dict(names)))


def read_table(
    path: Path,
    *,
    known: Iterable[str],
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
) -> Table:
    """Read a csv or Excel file as text.

    Parameters
    ----------
    path
        The file.
    known
        Item keys; they tell a header from other rows, and the right delimiter from a wrong one.
    delimiter, encoding, sheet, header_row
        How the file is written, as in `read_survey`; found out where None.

    Raises
    ------
    SurveyError
        If there is no such file, it is empty, or it is not a table with one header row.
    """
    if not path.is_file():
        raise SurveyError(_no_file(path))
    if path.stat().st_size == 0:
        raise SurveyError(f"{path.name} is empty (0 bytes). Export the survey again.")
    if header_row is not None and header_row < 1:
        raise SurveyError(f"header_row={header_row} must be a row of the file; the first is 1.")
    count_names = _counter_of(known)
    suffix = path.suffix.casefold()
    if suffix in EXCEL:
        rows, notes = excel_rows(path, sheet, count_names)
    elif suffix in TEXT:
        rows, notes = _csv_rows(path, count_names, delimiter, encoding)
    else:
        raise SurveyError(f"{path.name}: files of type '{suffix}' cannot be read. Save it as .csv or .xlsx.")
    return _table(path.name, rows, count_names, header_row, notes)


def _counter_of(known: Iterable[str]) -> CountNames:
    folded = {fold_name(name) for name in known}
    return lambda cells: sum(fold_name(cell) in folded for cell in cells)


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a file. Name the file in it."
    if not path.parent.is_dir():
        return f"There is no file {path}: the folder {path.parent} does not exist either."
    beside = [p.name for p in path.parent.iterdir() if p.suffix.casefold() in EXCEL | {".csv", ".tsv", ".txt"}]
    return f"There is no file {path}.{nearest(path.name, beside)}"


def _csv_rows(
    path: Path, count_names: CountNames, delimiter: str | None, encoding: str | None
) -> tuple[list[list[str]], list[str]]:
    text, notes = _decoded(path, encoding)
    if not text.strip():
        raise SurveyError(f"{path.name} holds nothing but white space. Export the survey again.")
    separator = _delimiter(path.name, text, count_names, delimiter)
    if separator != ",":
        notes.append(f"The columns are separated by {_plural(separator)}.")
    # The last row tells whether the end of the file stands inside quotation marks: the reader itself would not say.
    gap = "" if text.endswith(("\n", "\r")) else "\n"
    lines = io.StringIO(f"{text}{gap}{_END}\n", newline="")
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise SurveyError(f"{path.name} cannot be read as csv: {error}.") from None
    if rows.pop() != [_END]:
        raise SurveyError(
            f"{path.name}: a quotation mark in row {len(rows) + 1} is opened and never closed, so that all that "
            "follows would be one cell. Close or delete it."
        )
    return rows, notes


def _plural(separator: str) -> str:
    return f"{DELIMITERS[separator]}s" if separator in DELIMITERS else f"the character {separator!r}"


def _decoded(path: Path, encoding: str | None) -> tuple[str, list[str]]:
    """The file as text. UTF-8 with or without mark, UTF-16 with mark; else Windows Latin-1, said aloud."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SurveyError(f"{path} cannot be opened: {error.strerror}.") from None
    if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        return _clean(path.name, raw.decode(encoding or "utf-8")), []
    except LookupError:
        raise SurveyError(f"'{encoding}' is not an encoding; 'utf-8' and 'cp1252' are the usual ones.") from None
    except UnicodeDecodeError as error:
        if encoding is not None:
            line = raw[: error.start].count(b"\n") + 1
            raise SurveyError(
                f"{path.name} is not {encoding}: byte 0x{raw[error.start]:02x} in line {line}. "
                "Leave encoding out, or save the file as UTF-8."
            ) from None
    if b"\x00" in raw:
        raise SurveyError(f"{path.name} is not a text file. If it is an Excel file, give it its ending .xlsx.")
    note = f"{path.name} is not UTF-8; it was read as Windows Latin-1 (encoding='cp1252')."
    warnings.warn(f"{note} Check names with accents.", CxkitWarning, stacklevel=2)
    return raw.decode("cp1252", errors="replace"), [note]


def _clean(name: str, text: str) -> str:
    """The text without the byte order mark that some programs write; refused if it cannot be text."""
    if "\x00" in text:
        raise SurveyError(
            f"{name} holds zero bytes: it is not text, or it is UTF-16 without a mark at its beginning. "
            "Save it as UTF-8, or say encoding='utf-16-le'."
        )
    return text.removeprefix("\ufeff")


def _delimiter(name: str, text: str, count_names: CountNames, given: str | None) -> str:
    """The delimiter under which a row at the top holds most item names; an error if a given one separates nothing."""

    def top(separator: str) -> list[list[str]]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            return list(islice((row for row in rows if len(row) > 1 or any(map(str.strip, row))), ROWS_LOOKED_AT))
        except csv.Error:  # such as a cell beyond all size, which reading will report
            return []

    def fit(separator: str) -> tuple[int, int]:
        rows = top(separator)
        return max(map(count_names, rows), default=0), max(map(len, rows), default=0)

    best = max(DELIMITERS, key=fit)
    if given is None:
        return best
    if len(given) != 1 or given in '"\r\n':
        raise SurveyError(f"delimiter={given!r} must be one character, neither a quotation mark nor the end of a line.")
    if fit(given)[1] <= 1 < fit(best)[1]:
        raise SurveyError(
            f"{name} is not separated by {_plural(given)}, but by {_plural(best)}. "
            f"Leave delimiter out, or say delimiter={best!r}."
        )
    return given


def _table(
    source: str, rows: list[list[str]], count_names: CountNames, header_row: int | None, notes: list[str]
) -> Table:
    filled = [n for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise SurveyError(f"{source} has no filled cells. Export the survey again.")
    header_row = filled[0] if header_row is None else header_row
    if header_row > len(rows):
        raise SurveyError(f"{source} has {counted(len(rows), 'row')}; header_row={header_row} is beyond them.")
    header = [cell.strip() for cell in rows[header_row - 1]]
    _check_header(source, rows, header_row, count_names)
    body = [n for n in filled if n > header_row]
    if not body:
        raise SurveyError(f"{source} has column names but no answers: nothing stands below row {header_row}.")
    _check_widths(source, rows, header, body)
    width = len(header)
    cells = pd.DataFrame(
        [_padded(rows[n - 1], width) for n in body], columns=header, index=pd.Index(body, name="row"), dtype="object"
    )
    named = np.array([column != "" for column in header])
    notes = [*notes, *_shape_notes(rows, body, width), *_unnamed_notes(cells.loc[:, ~named])]
    return Table(source=source, cells=cells.loc[:, named], notes=tuple(notes))


def _shape_notes(rows: list[list[str]], body: list[int], width: int) -> list[str]:
    short = [n for n in body if len(rows[n - 1]) < width]
    if not short:
        return []
    stop = "stops" if len(short) == 1 else "stop"
    return [f"{counted(len(short), 'row')} {stop} early (the first is row {short[0]}); the rest counts as empty."]


def _unnamed_notes(cells: pd.DataFrame) -> list[str]:
    filled = int((cells != "").any().sum())
    return [f"{counted(filled, 'column')} without a name left out."] if filled else []


def _padded(row: list[str], width: int) -> list[str]:
    return [*(cell.strip() for cell in row[:width]), *[""] * (width - len(row))]


def _check_header(source: str, rows: list[list[str]], header_row: int, count_names: CountNames) -> None:
    """Refuse a header that is a title, a merged band above the names, one single cell, or holds a name twice."""
    header = [cell.strip() for cell in rows[header_row - 1]]
    problems = Problems(source)
    for number, row in enumerate(rows[header_row : header_row + ROWS_LOOKED_AT], start=header_row + 1):
        if count_names(row) > max(count_names(header), 1):
            empty = header.count("")
            merged = f" with {counted(empty, 'empty or merged cell')}" if empty else ""
            problems.add(
                f"The item names stand in row {number}, not in row {header_row}: that is a title{merged}.",
                remedy=f"delete the rows above the item names, or read the file with header_row={number}.",
            )
            problems.raise_as(SurveyError)
    if len([cell for cell in header if cell]) == 1 and not count_names(header):
        problems.add(
            f"There is only one column: '{next(filter(None, header))[:60]}'.",
            remedy="the first row must name the items, one a column; for columns separated otherwise than by comma, "
            "semicolon, tab or bar say delimiter='...'.",
        )
        problems.raise_as(SurveyError)
    places: dict[str, list[int]] = {}
    for place, cell in enumerate(header, start=1):
        places.setdefault(cell.casefold(), []).append(place)
    doubled = [found for name, found in places.items() if name and len(found) > 1]
    if doubled:
        problems.add(
            f"{counted(len(doubled), 'column name')} used more than once (case does not matter).",
            [f"'{header[found[0] - 1]}' in columns {', '.join(map(str, found))}" for found in doubled],
            "rename or delete the doubled columns.",
        )
        problems.raise_as(SurveyError)


def _check_widths(source: str, rows: list[list[str]], header: list[str], body: list[int]) -> None:
    long = [n for n in body if any(cell.strip() for cell in rows[n - 1][len(header) :])]
    if long:
        problems = Problems(source)
        problems.add(
            f"{counted(len(long), 'row')} with more cells than the header has names ({len(header)}).",
            [f"row {n}: {len(rows[n - 1])} cells" for n in long],
            "a cell probably holds the delimiter without quotation marks round it.",
        )
        problems.raise_as(SurveyError)
