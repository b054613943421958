"""A csv file as its cells and the exact text round them, so that one column can be filled and all else kept.

Gradebooks of learning management systems come in four encodings and three delimiters; what is sent back to them should
differ from what they gave in the filled cells only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxkit.errors import AssignmentError, nearest

DELIMITERS = ",;\t|"
LARGEST = 64 << 20
"""Bytes; a gradebook of 10,000 students has some 5 MB."""

Span = tuple[int, int]
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, kw_only=True)
class CsvText:
    """The cells of a csv file and where each stands in its text.

    Attributes
    ----------
    source : str
        The file's name, for messages.
    rows : tuple of tuple of str
        The cells without quotation marks, the header first.
    spans : tuple of tuple of (int, int)
        Beginning and end of each cell in `text`, quotation marks included.
    text, encoding, mark : str, str, bytes
        The file without its byte order mark, how it is encoded, and the mark.
    delimiter : str
        What separates the cells.
    """

    source: str
    rows: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[Span, ...], ...]
    text: str
    encoding: str
    mark: bytes
    delimiter: str

    @property
    def header(self) -> tuple[str, ...]:
        """The cells of the first row."""
        return self.rows[0]

    def cell(self, row: int, column: int) -> str:
        """A cell's text; empty where the row stops early."""
        return self.rows[row][column] if column < len(self.rows[row]) else ""

    def replaced(self, changes: Mapping[tuple[int, int], str]) -> bytes:
        """The file with other texts in some cells, given by row and column; every other byte stays."""
        pieces, done = [], 0
        for row, column in sorted(changes):
            start, end = self.spans[row][column]
            pieces += [self.text[done:start], self._as_before(self.text[start:end], changes[row, column])]
            done = end
        return self.mark + ("".join(pieces) + self.text[done:]).encode(self.encoding)

    def _as_before(self, old: str, new: str) -> str:
        return quoted(new) if old.startswith('"') else quoted_where_needed(new, self.delimiter)


def quoted(cell: str) -> str:
    """A cell in quotation marks."""
    return '"' + cell.replace('"', '""') + '"'


def quoted_where_needed(cell: str, delimiter: str = ",") -> str:
    """A cell as csv wants it: in quotation marks only if it holds the delimiter, a mark or the end of a line."""
    return quoted(cell) if any(sign in cell for sign in (delimiter, '"', "\n", "\r")) else cell


def csv_lines(rows: Sequence[Sequence[str]], *, delimiter: str = ",", always: bool = False, end: str = "\r\n") -> str:
    """Rows as the text of a csv file."""
    lines = (
        delimiter.join(quoted(cell) if always else quoted_where_needed(cell, delimiter) for cell in row) for row in rows
    )
    return "".join(line + end for line in lines)


def read_csv_text(path: str | Path) -> CsvText:
    """Read a csv file of any of the usual encodings and delimiters.

    Raises
    ------
    AssignmentError
        If it is missing, too large, no text, empty, or a quotation mark is never closed.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        beside = [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else []
        raise AssignmentError(f"There is no file {path}.{nearest(path.name, beside)}") from None
    except OSError as error:
        raise AssignmentError(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > LARGEST:
        raise AssignmentError(f"{path.name} is larger than {LARGEST >> 20} MB: that is no list of students.")
    return csv_text_of(raw, path.name)


def csv_text_of(raw: bytes, source: str) -> CsvText:
    """The same from bytes."""
    mark, encoding, text = _decoded(raw, source)
    if not text.strip():
        raise AssignmentError(f"{source} is empty. Export it again.")
    delimiter = max(DELIMITERS, key=lambda one: len(_parsed(text, one, source, first_only=True)[0][0]))
    rows, spans = _parsed(text, delimiter, source)
    return CsvText(source=source, rows=rows, spans=spans, text=text, encoding=encoding, mark=mark, delimiter=delimiter)


def _decoded(raw: bytes, source: str) -> tuple[bytes, str, str]:
    mark, encoding = next((one for one in _MARKS if raw.startswith(one[0])), (b"", "utf-8"))
    for one in (encoding, *(() if mark else ("cp1252", "latin-1"))):
        try:
            text = raw.removeprefix(mark).decode(one)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return mark, one, text
    raise AssignmentError(f"{source} is not a text file. Save it as csv (UTF-8), not as xlsx or ods.")


_PLAIN = {one: re.compile(rf"[^{re.escape(one)}\r\n]*") for one in DELIMITERS}
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def _parsed(
    text: str, delimiter: str, source: str, *, first_only: bool = False
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[Span, ...], ...]]:
    rows: list[tuple[str, ...]] = []
    spans: list[tuple[Span, ...]] = []
    cells: list[str] = []
    places: list[Span] = []
    at, plain = 0, _PLAIN[delimiter]
    while True:
        cell, end = _cell(text, at, plain, source, len(rows) + 1)
        cells.append(cell)
        places.append((at, end))
        at = end
        if text.startswith(delimiter, at):
            at += 1
            continue
        rows.append(tuple(cells))
        spans.append(tuple(places))
        cells, places = [], []
        at += 2 if text.startswith("\r\n", at) else 1
        if at >= len(text) or first_only:
            return tuple(rows), tuple(spans)


def _cell(text: str, at: int, plain: re.Pattern[str], source: str, row: int) -> tuple[str, int]:
    """One cell from here on, and where it ends. Text after a closing quotation mark is kept as it stands."""
    before = ""
    start = at
    if text.startswith('"', at):
        match = _QUOTED.match(text, at)
        if match is None:
            raise AssignmentError(f"{source}: a quotation mark in row {row} is opened and never closed.")
        before, at = match[1].replace('""', '"'), match.end()
    rest = plain.match(text, at)
    end = rest.end() if rest else at
    return (before + text[at:end], end) if end > start else ("", start)


def number_in(text: str) -> float | None:
    """The number that a cell holds, with a comma or a point; None if it holds none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
