"""From a file to a table of text cells, whatever program wrote it.

Nothing is interpreted here: cells stay text, so that a message can quote what stands in the file, and row numbers stay
those of the file.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, Problems, SurveyError, counted, nearest
from cxkit.survey.csv_rows import DELIMITERS, CsvRows, plural_of
from cxkit.survey.decoding import Decoded, decode_file, stray_note
from cxkit.survey.excel import ROWS_LOOKED_AT, excel_rows
from cxkit.survey.instrument import ANSWERS, fold_name
from cxkit.survey.ledger import LeftOut, RowLedger, named_rows
from cxkit.survey.likeness import drop_invisible
from cxkit.survey.other_sheets import ENDINGS, rows_of_sheet
from cxkit.survey.readers.header import Header, Question
from cxkit.survey.readers.kinds import system_of
from cxkit.survey.readers.statistics_files import KINDS_BY_ENDING, read_statistics_file
from cxkit.without_contents import without_contents

EXCEL = {".xlsx", ".xlsm"}
TEXT = {".csv", ".tsv", ".txt", ""}
_DECLARED = re.compile('"?sep=([^\r\n"])"?(?=[\r\n])', re.IGNORECASE)
_END = "\x1eend"

CountNames = Callable[[Iterable[str]], int]
"""How many of some cells are names of items."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Cells as text, a row a respondent; the index holds the row numbers of the file, as a spreadsheet counts them."""

    source: str
    cells: pd.DataFrame
    ledger: RowLedger
    notes: tuple[str, ...] = ()
    kind: str = "plain"
    questions: tuple[Question, ...] = ()

    __repr__ = without_contents

    @property
    def is_sheet(self) -> bool:
        """Whether the cells come from a spreadsheet, which keeps numbers as such and not as text."""
        return Path(self.source).suffix.casefold() in EXCEL | ENDINGS

    def with_decimal_points(self, columns: Iterable[str]) -> Table:
        """The same cells with "3,5" written as "3.5" in these columns."""
        changed = {c: self.cells[c].str.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True) for c in columns}
        return replace(self, cells=self.cells.assign(**changed))

    def without(self, *left_out: LeftOut) -> Table:
        """The same table without rows that turned out to be no respondents."""
        gone = [row for entry in left_out for row in entry.rows]
        if not gone:  # a copy of a million rows takes a second
            return self
        return replace(self, cells=self.cells.drop(index=gone), ledger=self.ledger.without(*left_out))

    def renamed(self, names: Mapping[str, str]) -> Table:
        """The same cells under other column names."""
        questions = [replace(one, column=names.get(one.column, one.column)) for one in self.questions]
        return replace(self, cells=self.cells.rename(columns=dict(names)), questions=tuple(questions))


def read_table(
    path: Path,
    *,
    known: Iterable[str],
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
    kind: str | None = None,
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
    kind
        The survey system that wrote the file, a key of `readers.kinds`; found out where None.

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
    if suffix in KINDS_BY_ENDING:
        return _of_statistics_file(path, encoding)
    if suffix in EXCEL:
        found = _Found(*excel_rows(path, sheet, count_names, header_row))
    elif suffix in ENDINGS:
        found = _Found(*rows_of_sheet(path, sheet))
    elif suffix in TEXT:
        if sheet is not None:
            raise SurveyError(f"{path.name} is a text file without sheets; leave sheet={sheet!r} out.")
        found = _csv_rows(path, count_names, delimiter, encoding)
    else:
        known = "csv, tsv, txt, xlsx, xlsm, ods, xls, xlsb, sav, zsav, por and dta"
        raise SurveyError(
            f"{path.name}: files of type '{suffix}' cannot be read, only {known}. Save it as .csv or .xlsx."
        )
    return _table(path.name, found, count_names, header_row, kind)


@dataclass(frozen=True, eq=False)
class _Found:
    """The rows of a file, notes on how it is written, rows over several lines, whether its last line is ended."""

    rows: list[list[str]]
    notes: list[str]
    spanning: tuple[int, ...] = ()
    has_last_line_end: bool = True


def _counter_of(known: Iterable[str]) -> CountNames:
    folded = {fold_name(name) for name in known}
    return lambda cells: sum(fold_name(cell) in folded for cell in cells)


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a file. Name the file in it."
    if not path.parent.is_dir():
        return f"There is no file {path}: the folder {path.parent} does not exist either."
    beside = [p.name for p in path.parent.iterdir() if p.suffix.casefold() in ANSWERS]
    return f"There is no file {path}.{nearest(path.name, beside)}"


def _csv_rows(path: Path, count_names: CountNames, delimiter: str | None, encoding: str | None) -> _Found:
    decoded = decode_file(path, encoding)
    # One form of every accent: one department, not two
    text = drop_invisible(unicodedata.normalize("NFC", decoded.text))
    if not text.strip():
        raise SurveyError(f"{path.name} holds nothing but white space. Export the survey again.")
    declared = _DECLARED.match(text)  # Excel's own first line, which says the delimiter
    if declared is not None:
        delimiter = delimiter or declared.group(1)
        text = text[declared.end() :]  # its end stays: row numbers are those of the file
    separator = _delimiter(path.name, text, count_names, delimiter)
    notes = [] if separator == "," else [f"The columns are separated by {plural_of(separator)}."]
    rows, ends = _parsed(path.name, text, separator)
    found = CsvRows(text, rows, ends, separator)
    notes = [*_encoding_notes(path.name, decoded, found), *notes]
    found.refuse_damage(path.name)
    cut, looks_cut = found.cut_note(path.name)
    notes += [cut] if cut else []
    if looks_cut:
        warnings.warn(cut, CxkitWarning, stacklevel=2)
    spanning = tuple(position + 1 for position in found.spanning)
    return _Found(rows, notes, spanning, text.endswith(("\n", "\r")))


def _parsed(name: str, text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """The rows, and the number of the last line of each."""
    # The last row tells whether the end of the file stands inside quotation marks: the reader itself would not say.
    gap = "" if text.endswith(("\n", "\r")) else "\n"
    reader = csv.reader(io.StringIO(f"{text}{gap}{_END}\n", newline=""), delimiter=separator)
    rows, ends = [], []
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error as error:
        raise SurveyError(f"{name} cannot be read as csv: {error}.") from None
    if rows.pop() != [_END]:
        raise SurveyError(
            f"{name}: a quotation mark in row {len(rows) + 1} is opened and never closed, so that all that "
            "follows would be one cell. Close or delete it."
        )
    return rows, ends[:-1]


def _encoding_notes(name: str, decoded: Decoded, found: CsvRows) -> list[str]:
    """What to know of bytes that are not UTF-8, also as a warning."""
    if decoded.is_latin:
        note = f"{name} is not UTF-8; it was read as Windows Latin-1 (encoding='cp1252'). Check names with accents."
        others = f" If they are wrong, say encoding={' or '.join(decoded.readings)}." if decoded.readings else ""
        warnings.warn(note + others, CxkitWarning, stacklevel=2)
        return [note + others]
    if decoded.strays:
        note = stray_note(name, decoded.strays, [found.row_of_line(stray.line) for stray in decoded.strays])
        warnings.warn(note, CxkitWarning, stacklevel=2)
        return [note]
    return []


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
            f"{name} is not separated by {plural_of(given)}, but by {plural_of(best)}. "
            f"Leave delimiter out, or say delimiter={best!r}."
        )
    return given


def _of_statistics_file(path: Path, encoding: str | None) -> Table:
    """The cases of a file of SPSS or Stata; cases without any value count as empty rows."""
    read = read_statistics_file(path, encoding)
    filled = (read.cells != "").any(axis=1)
    cells = read.cells[filled]
    ledger = RowLedger(
        source=path.name, rows=len(filled), header=(), empty=int((~filled).sum()), respondents=len(cells)
    )
    if cells.empty:
        raise SurveyError(f"{path.name} has no case with a value. Export the survey again.")
    return Table(
        source=path.name, cells=cells, ledger=ledger, notes=read.notes, kind=read.kind, questions=read.questions
    )


def _table(source: str, found: _Found, count_names: CountNames, header_row: int | None, kind: str | None) -> Table:
    rows = found.rows
    filled = [n for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise SurveyError(f"{source} has no filled cells. Export the survey again.")
    header_row = filled[0] if header_row is None else header_row
    if header_row > len(rows):
        raise SurveyError(f"{source} has {counted(len(rows), 'row')}; header_row={header_row} is beyond them.")
    top = [[cell.strip() for cell in row] for row in rows[header_row - 1 :][:ROWS_LOOKED_AT]]
    system = system_of(top, kind)
    if system.key == "plain":
        _check_header(source, rows, header_row, count_names)
    header = system.read_header(top)
    last_header = header_row + header.rows - 1
    body = [n for n in filled if n > last_header]
    if not body:
        raise SurveyError(f"{source} has column names but no answers: nothing stands below row {last_header}.")
    ledger = RowLedger(
        source=source,
        rows=len(rows),
        header=tuple(n for n in filled if n <= last_header),
        empty=len(rows) - len(filled),
        respondents=len(body),
        has_last_line_end=found.has_last_line_end,
    )
    return replace(_body(source, found, header, body, ledger), kind=system.key)


def _body(source: str, found: _Found, header: Header, body: list[int], ledger: RowLedger) -> Table:
    """The rows below the header under the names of their columns."""
    _check_widths(source, found.rows, header.columns, body)
    width = len(header.columns)
    padded = [_padded(found.rows[n - 1], width) for n in body]
    cells = pd.DataFrame(padded, columns=header.columns, index=pd.Index(body, name="row"), dtype="object")
    named = np.array([column != "" for column in header.columns])
    spanning = [n for n in found.spanning if n in cells.index]
    shape = [*_shape_notes(found.rows, body, width, spanning), *_unnamed_notes(cells.loc[:, ~named])]
    return Table(
        source=source,
        cells=cells.loc[:, named],
        ledger=ledger,
        notes=(*found.notes, *shape),
        questions=tuple(question for question in header.questions if question.column),
    )


def _shape_notes(rows: list[list[str]], body: list[int], width: int, spanning: list[int]) -> list[str]:
    notes = []
    short = [n for n in body if len(rows[n - 1]) < width]
    if short:
        stop = "stops" if len(short) == 1 else "stop"
        notes.append(f"{counted(len(short), 'row')} {stop} early ({named_rows(short)}); the rest counts as empty.")
    if spanning:
        go = "goes" if len(spanning) == 1 else "go"
        notes.append(f"{counted(len(spanning), 'row')} {go} over several lines of the file ({named_rows(spanning)}).")
    return notes


def _unnamed_notes(cells: pd.DataFrame) -> list[str]:
    filled = int((cells != "").any().sum())
    return [f"{counted(filled, 'column')} without a name left out."] if filled else []


def _padded(row: list[str], width: int) -> list[str]:
    cells = list(map(str.strip, row))
    return cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))]


def _check_header(source: str, rows: list[list[str]], header_row: int, count_names: CountNames) -> None:
    """Refuse a header that is a title, a merged band above the names, or one single cell."""
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


def _check_widths(source: str, rows: list[list[str]], header: list[str], body: list[int]) -> None:
    longer = [n for n in body if len(rows[n - 1]) > len(header)]
    long = [n for n in longer if any(cell.strip() for cell in rows[n - 1][len(header) :])]
    if len(longer) * 2 < len(body):
        # Where a program ends every row with a delimiter, all rows are longer; a single one has a delimiter too many,
        # and its answers stand one column to the right.
        long = longer
    if long:
        problems = Problems(source)
        problems.add(
            f"{counted(len(long), 'row')} with more cells than the header has names ({len(header)}).",
            [f"row {n}: {len(rows[n - 1])} cells" for n in long],
            "a cell probably holds the delimiter without quotation marks round it.",
        )
        problems.raise_as(SurveyError)
