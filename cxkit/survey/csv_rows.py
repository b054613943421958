"""Whether the rows of a csv file are those that were written: nothing swallowed, joined, broken or cut off.

csv has no checksum. What can be seen is that a line inside a cell looks like a row of its own, that text follows a
closing quotation mark, that quotation marks join cells, that two short rows make up one, that another delimiter
separates some rows, or that the file stops in the middle of its last row. Each is refused: read on, it would lose or
invent respondents or answers.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from cxkit.errors import Problems, SurveyError, counted
from cxkit.survey.decoding import LINE_END
from cxkit.survey.likeness import Features

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ROWS_COMPARED = 5_000
CELL_SHOWN = 60
_NUMERIC_SHARE = 0.8
_LEAST_CELLS = 3  # two are a text with a semicolon in it
_PARTS_THAT_FIT = 0.75  # a comment may hold words that no other comment does

Rows = Sequence[Sequence[str]]


class CsvRows:
    """The rows of a csv file with the lines that each was read from.

    Parameters
    ----------
    text
        The file.
    rows
        What the csv reader made of it.
    ends
        The number of the last line of each row.
    separator
        The delimiter.
    """

    def __init__(self, text: str, rows: Rows, ends: Sequence[int], separator: str) -> None:
        self.rows = rows
        self.ends = ends
        self.separator = separator
        self._text = text
        lengths = Counter(len(row) for row in rows if row)
        self.width = lengths.most_common(1)[0][0] if lengths else 0

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file, without their ends."""
        return LINE_END.split(self._text)

    @cached_property
    def spanning(self) -> list[int]:
        """Positions of the rows that go over several lines."""
        starts = [0, *self.ends[:-1]]
        return [n for n, (start, end) in enumerate(zip(starts, self.ends, strict=True)) if end - start > 1]

    @cached_property
    def _spans(self) -> frozenset[int]:
        return frozenset(self.spanning)

    def row_of_line(self, line: int) -> int:
        """The number of the row, as a spreadsheet counts, that a line belongs to."""
        return bisect_left(self.ends, line) + 1

    def refuse_damage(self, source: str) -> None:
        """Refuse a file that has lost or gained rows, naming each place."""
        problems = Problems(source)
        self._refuse_other_delimiter(problems)
        swallowed = [found for n in self.spanning if (found := self._swallowed(n))]
        if swallowed:
            problems.add(
                f"{counted(len(swallowed), 'row')} in which quotation marks take other rows into a cell.",
                swallowed,
                "delete the stray quotation mark there, or double it within a text.",
            )
        joined = [n + 1 for n in self._short() if self._joins_cells(n)]
        if joined:
            problems.add(
                f"{counted(len(joined), 'row')} in which quotation marks join cells.",
                [f"row {number}: {self.lines[self.ends[number - 1] - 1][:CELL_SHOWN]}" for number in joined],
                "delete the stray quotation marks there.",
            )
        glued = [f"row {number}: {shown}" for number, shown in self._glued() if number not in set(joined)]
        if glued:
            problems.add(
                f"{counted(len(glued), 'cell')} with text after the closing quotation mark.",
                glued,
                "delete the stray quotation marks there, or double each one within a text.",
            )
        starts = sorted({m for n in self._short() for m in (n - 1, n) if m > 0})
        broken = [f"rows {n + 1} and {n + 2}" for n in starts if self._is_broken(n)]
        if broken:
            problems.add(
                f"{counted(len(broken), 'row')} broken in two by the end of a line within a cell.",
                broken,
                "join the two lines in the file.",
            )
        if self._is_cut_off():
            problems.add(
                f"The file ends in row {len(self.rows)} after {len(self.rows[-1])} of {self.width} cells, without the "
                "end of a line: it was cut off.",
                remedy="export or copy it again; if it is whole, end its last line.",
            )
        if problems:
            problems.raise_as(SurveyError)

    def _refuse_other_delimiter(self, problems: Problems) -> None:
        """Refuse rows that another delimiter separates, as where two files were joined: their answers would be lost."""
        shown: dict[str, list[str]] = {}
        for position, other in self._otherwise.items():
            shown.setdefault(other, []).append(f"row {position + 1}: {self._line(position)[:CELL_SHOWN]}")
        for other, rows in shown.items():
            problems.add(
                f"{counted(len(rows), 'row')} separated by {DELIMITERS[other]}s in a file that is separated by "
                f"{plural_of(self.separator)}.",
                rows,
                "export the file again, or separate these rows as the others are; where files were joined, see that "
                "nobody stands in both.",
            )

    @cached_property
    def _otherwise(self) -> dict[int, str]:
        """Positions of short rows that have all their cells under another delimiter, and that delimiter.

        A text may hold the other delimiter by chance: half of a row's cells are such as the columns hold elsewhere, or
        most rows of the file are so.
        """
        lengths = Counter(len(row) for row in self.rows if len(row) > 1)
        width = lengths.most_common(1)[0][0] if lengths else 0
        found, is_sure = {}, False
        if width < _LEAST_CELLS:
            return {}
        for position, row in enumerate(self.rows):
            if not 0 < len(row) < width:
                continue
            for other in DELIMITERS:
                cells = next(csv.reader([self._line(position)], delimiter=other), [])
                if other != self.separator and len(cells) == width:
                    found[position] = other
                    is_sure |= self._looks_like_a_row(cells)
        return found if is_sure or 2 * len(found) >= len(self.rows) > 1 else {}

    def _line(self, position: int) -> str:
        """A row as it stands in the file."""
        first = self.ends[position - 1] if position else 0
        return " ".join(self.lines[first : self.ends[position]])

    def _short(self) -> list[int]:
        return [n for n, row in enumerate(self.rows) if 0 < len(row) < self.width and n not in self._otherwise]

    def _swallowed(self, position: int) -> str:
        """What to say of a row inside whose cells stand lines that look like rows; nothing if there are none."""
        first = self.ends[position - 1] if position else 0
        if len(self.lines[first].split(self.separator)) < self.width:
            return ""  # a text of several lines in an early column: its last line holds the other cells
        inside = self.lines[first + 1 : self.ends[position]]
        alone = (next(csv.reader([line], delimiter=self.separator), []) for line in inside)
        n_rows = sum(map(self._looks_like_a_row, alone))
        if not n_rows:
            return ""
        return f"row {position + 1}, from line {first + 1} to {self.ends[position]}: {counted(n_rows, 'row')} inside"

    def _looks_like_a_row(self, cells: Sequence[str]) -> bool:
        """Whether a line has a cell for every column, half of them such as the column holds elsewhere."""
        if len(cells) != self.width or self.width < 2:
            return False
        fits = [self._fits(cell, column) for column, cell in enumerate(cells)]
        return sum(fits) * 2 >= self.width and any(fit and cell.strip() for fit, cell in zip(fits, cells, strict=True))

    def _fits(self, cell: str, column: int) -> bool:
        seen, numeric = self._columns[column]
        return cell.strip(' "') in seen or (numeric and _is_number(cell.strip(' "')))

    @cached_property
    def _columns(self) -> list[tuple[set[str], bool]]:
        """For every column the cells of whole rows of one line, and whether most are numbers."""
        spanning = self._spans
        whole = [row for n, row in enumerate(self.rows) if len(row) == self.width and n not in spanning][1:]
        columns = []
        for cells in zip(*whole[:ROWS_COMPARED], strict=True):
            seen = [cell.strip() for cell in cells]
            filled = [cell for cell in seen if cell]
            numbers = sum(map(_is_number, filled))
            columns.append((set(seen), numbers > _NUMERIC_SHARE * len(filled)))
        return columns or [(set(), False)] * self.width

    def _glued(self) -> list[tuple[int, str]]:
        """Rows with a cell that goes on after its closing quotation mark: the csv reader joins both parts silently."""
        found: list[tuple[int, str]] = []
        if '"' not in self._text:
            return found
        line, seen = 1, 0
        for match in _cell_pattern(self.separator).finditer(self._text):
            after = match.group(2)
            if not after or not after.strip():
                continue  # blanks between a quotation mark and the delimiter lose nothing
            line += len(LINE_END.findall(self._text, seen, match.end(1)))
            seen = match.end(1)
            found.append((self.row_of_line(line), f"{match.group(1)}{after}"[-CELL_SHOWN:]))
        return found

    def _joins_cells(self, position: int) -> bool:
        """Whether a row of one line has all its cells if quotation marks are letters, in the line or in one cell."""
        if position in self._spans:
            return False
        line = self.lines[self.ends[position] - 1]
        if '"' not in line:
            return False
        return len(line.split(self.separator)) == self.width or self._holds_cells(self.rows[position])

    def _holds_cells(self, row: Sequence[str]) -> bool:
        """Whether a cell of a short row holds the missing ones: its parts are such as the next columns hold."""
        for place, cell in enumerate(row):
            parts = cell.split(self.separator)
            # Two parts are a text with a comma; the last part may be the beginning of a text.
            if len(parts) < 3 or len(row) + len(parts) - 1 < self.width:
                continue
            columns = range(place, min(place + len(parts) - 1, self.width))
            fits = [self._fits(part, column) for part, column in zip(parts, columns, strict=False)]
            if sum(fits) >= _PARTS_THAT_FIT * len(fits):
                return True
        return False

    def _is_broken(self, position: int) -> bool:
        """Whether a short row and the next make up one: the next does not fit the columns as a row of its own."""
        if position + 1 >= len(self.rows):
            return False
        row, following = self.rows[position], self.rows[position + 1]
        if len(row) + len(following) != self.width + 1:
            return False
        if 1 in (len(row), len(following)):
            return self._is_one_cell_broken(row, following)
        return not all(self._fits(cell, column) for column, cell in enumerate(following) if cell.strip())

    def _is_one_cell_broken(self, row: Sequence[str], following: Sequence[str]) -> bool:
        """Whether the end of one row and the beginning of the next are halves of a cell of the first or last column."""
        if self.width < 3:
            return False
        if len(following) == 1:  # the last cell; what stands below the last row may be a foot
            known = self._columns[-1][0]
            joined = {f"{row[-1]}{gap}{following[0]}".strip(' "') for gap in ("", " ")}
            return bool(joined & known)
        first = following[0].strip()
        return any(self._first_column.lacks(cell, beside=first) for cell in (first, row[0].strip()))

    @cached_property
    def _first_column(self) -> Features:
        """What the cells of the first column share: computed anew for every short row, a broken file took minutes."""
        return Features(self._columns[0][0])

    def cut_note(self, source: str) -> tuple[str, bool]:
        """What to say of a file whose last line is not ended, and whether its last cell looks cut."""
        if self._text.endswith(("\n", "\r")) or not self.rows or len(self.rows[-1]) < self.width:
            return "", False
        last = self.rows[-1][-1].strip()
        others = [row[-1].strip() for row in self.rows[1:-1] if len(row) == self.width]
        whole = next((o for o in others if last and o != last and o.startswith(last)), "")
        note = f"{source} does not end with the end of a line: row {len(self.rows)} may be cut."
        if not whole or last in others:
            return note, False
        return f"{note[:-1]}; its last cell '{last}' is the beginning of '{whole}' above.", True

    def _is_cut_off(self) -> bool:
        ended = self._text.endswith(("\n", "\r"))
        return not ended and bool(self.rows) and 0 < len(self.rows[-1]) < self.width


def plural_of(separator: str) -> str:
    """The delimiter in words: "commas"."""
    return f"{DELIMITERS[separator]}s" if separator in DELIMITERS else f"the character {separator!r}"


def _cell_pattern(separator: str) -> re.Pattern[str]:
    """One cell and its end; for a quoted cell group 1 is the quoted part and group 2 what follows it."""
    sign = re.escape(separator)
    end = rf"(?:{sign}|\r\n|\r|\n|\Z)"
    return re.compile(rf'("[^"]*(?:""[^"]*)*")([^{sign}\r\n]*){end}|[^{sign}\r\n]*{end}')


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
