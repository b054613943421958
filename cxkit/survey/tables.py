"""From a file to a table of text cells, whatever program wrote it.

Nothing is interpreted here: cells stay text, so that a message can quote what stands in the file, and row numbers stay
those of the file.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from cxkit.errors import CxkitWarning, Problems, SurveyError, counted, nearest

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
EXCEL = {".xlsx", ".xlsm"}
TEXT = {".csv", ".tsv", ".txt", ""}


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Cells as text, a row a respondent; the index holds the row numbers of the file, as a spreadsheet counts them."""

    source: str
    cells: pd.DataFrame
    notes: tuple[str, ...] = ()

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

    Raises
    ------
    SurveyError
        If there is no such file, it is empty, or it is not a table with one header row.
    """
    if not path.is_file():
        raise SurveyError(_no_file(path))
    if path.stat().st_size == 0:
        raise SurveyError(f"{path.name} is empty (0 bytes). Export the survey again.")
    suffix = path.suffix.casefold()
    if suffix in EXCEL:
        rows, notes = _excel_rows(path, sheet), []
    elif suffix in TEXT:
        rows, notes = _csv_rows(path, set(known), delimiter, encoding)
    else:
        raise SurveyError(f"{path.name}: files of type '{suffix}' cannot be read. Save it as .csv or .xlsx.")
    return _table(path.name, rows, set(known), header_row or 1, notes)


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a file. Name the file in it."
    if not path.parent.is_dir():
        return f"There is no file {path}: the folder {path.parent} does not exist either."
    beside = [p.name for p in path.parent.iterdir() if p.suffix.casefold() in EXCEL | {".csv", ".tsv", ".txt"}]
    return f"There is no file {path}.{nearest(path.name, beside)}"


def _csv_rows(
    path: Path, known: set[str], delimiter: str | None, encoding: str | None
) -> tuple[list[list[str]], list[str]]:
    text, notes = _decoded(path, encoding)
    if not text.strip():
        raise SurveyError(f"{path.name} holds nothing but white space. Export the survey again.")
    separator = _delimiter(path.name, text, known, delimiter)
    if separator != ",":
        notes.append(f"The columns are separated by {DELIMITERS.get(separator, repr(separator))}s.")
    csv.field_size_limit(10_000_000)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False))
    except csv.Error as error:
        raise SurveyError(f"{path.name} cannot be read as csv: {error}.") from None
    return rows, notes


def _decoded(path: Path, encoding: str | None) -> tuple[str, list[str]]:
    """The file as text. UTF-8 with or without mark, UTF-16 with mark; else Windows Latin-1, said aloud."""
    raw = path.read_bytes()
    if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        return raw.decode(encoding or "utf-8-sig"), []
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


def _delimiter(name: str, text: str, known: set[str], given: str | None) -> str:
    """The delimiter under which the first line holds most item names; an error if a given one finds none."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    folded = {key.casefold() for key in known}

    def hits(separator: str) -> int:
        cells = next(csv.reader([header], delimiter=separator), [])
        return sum(cell.strip().casefold() in folded for cell in cells)

    best = max(DELIMITERS, key=lambda separator: (hits(separator), header.count(separator)))
    if given is None:
        return best
    if len(given) != 1:
        raise SurveyError(f"delimiter='{given}' must be one character.")
    if given not in header and best in header:
        raise SurveyError(
            f"{name} is not separated by {DELIMITERS.get(given, repr(given))}s: its first line has none, but "
            f"{header.count(best)} {DELIMITERS[best]}s. Leave delimiter out, or say delimiter={best!r}."
        )
    return given


def _excel_rows(path: Path, sheet: str | int | None) -> list[list[str]]:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # openpyxl tells of styles it does not know
            book = openpyxl.load_workbook(path, read_only=False, data_only=True)
    except (BadZipFile, KeyError, OSError, ValueError):
        raise SurveyError(f"{path.name} is not an Excel file, whatever its ending. Save it again as .xlsx.") from None
    names = book.sheetnames
    if isinstance(sheet, str) and sheet not in names:
        raise SurveyError(f"{path.name} has no sheet '{sheet}'.{nearest(sheet, names)}")
    if isinstance(sheet, int) and not 0 <= sheet < len(names):
        raise SurveyError(f"{path.name} has {len(names)} sheets; sheet={sheet} is not among them (the first is 0).")
    page = book[sheet] if isinstance(sheet, str) else book.worksheets[sheet or 0]
    return [[_excel_text(cell) for cell in row] for row in page.iter_rows(values_only=True)]


def _excel_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _table(source: str, rows: list[list[str]], known: set[str], header_row: int, notes: list[str]) -> Table:
    filled = [n for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise SurveyError(f"{source} has no filled cells. Export the survey again.")
    if header_row == 1:
        header_row = filled[0]
    if header_row > len(rows):
        raise SurveyError(f"{source} has {len(rows)} rows; header_row={header_row} is beyond them.")
    header = [cell.strip() for cell in rows[header_row - 1]]
    _check_header(source, rows, header, header_row, known)
    body = [n for n in filled if n > header_row]
    if not body:
        raise SurveyError(f"{source} has column names but no answers: nothing stands below row {header_row}.")
    _check_widths(source, rows, header, body)
    width = len(header)
    cells = pd.DataFrame(
        [_padded(rows[n - 1], width) for n in body], columns=header, index=pd.Index(body, name="row"), dtype="object"
    )
    unnamed = [column for column in cells.columns if not column]
    return Table(source=source, cells=cells.drop(columns=unnamed) if unnamed else cells, notes=tuple(notes))


def _padded(row: list[str], width: int) -> list[str]:
    return [*(cell.strip() for cell in row[:width]), *[""] * (width - len(row))]


def _check_header(source: str, rows: list[list[str]], header: list[str], header_row: int, known: set[str]) -> None:
    folded = {key.casefold() for key in known}

    def hits(row: list[str]) -> int:
        return sum(cell.strip().casefold() in folded for cell in row)

    problems = Problems(source)
    here = hits(header)
    for number, row in enumerate(rows[header_row : header_row + 5], start=header_row + 1):
        if hits(row) > max(here, 1):
            problems.add(
                f"The item names stand in row {number}, below a header in row {header_row} "
                f"({sum(not cell for cell in header)} of its {len(header)} cells are empty or merged).",
                remedy=f"delete the rows above the item names, or read the file with header_row={number}.",
            )
            problems.raise_as(SurveyError)
    if len([cell for cell in header if cell]) == 1 and here == 0:
        problems.add(
            f"There is only one column: '{header[0][:60]}'.",
            remedy="columns must be separated by comma, semicolon, tab or bar; say delimiter='...' for another one.",
        )
        problems.raise_as(SurveyError)
    counts = Counter(cell.casefold() for cell in header if cell)
    doubled = {name: [i for i, cell in enumerate(header) if cell.casefold() == name] for name in counts}
    doubled = {name: places for name, places in doubled.items() if len(places) > 1}
    if doubled:
        problems.add(
            f"{counted(len(doubled), 'column name')} used more than once (case does not matter).",
            [
                f"'{header[places[0]]}' in columns {', '.join(str(place + 1) for place in places)}"
                for places in doubled.values()
            ],
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
