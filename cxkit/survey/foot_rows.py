"""Rows of means, totals and the like that a spreadsheet left below the answers: they are nobody's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cxkit.survey.answers import CellReader
from cxkit.survey.instrument import Instrument
from cxkit.survey.labels import fold_label
from cxkit.survey.ledger import LeftOut
from cxkit.survey.tables import Table
from cxkit.without_contents import without_contents

ROWS_LOOKED_AT = 5
"""Foot rows are looked for among so many rows at the end."""
_WORDS = frozenset({
    "mean", "means", "average", "averages", "avg", "median", "sd", "std", "stdev", "std dev", "standard deviation",
    "total", "totals", "sum", "n", "count", "mittelwert", "durchschnitt", "summe", "gesamt", "anzahl",
    "standardabweichung", "moyenne", "total général", "écart type", "media", "promedio", "gemiddelde", "medelvärde",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FootRows:
    """The foot rows, and what to know of rows that only look like one."""

    left_out: LeftOut
    notes: tuple[str, ...] = ()

    __repr__ = without_contents


def find_foot_rows(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    codes: Mapping[str, tuple[float, ...]],
    *,
    decimal_comma: bool,
) -> FootRows:
    """Which rows at the end of a file sum up the columns instead of answering?

    A row is one if it is named so ("Mean", in the first filled cell) and its numbers are statistics of the columns
    above, or if it has no name and its numbers, printed with decimals, are the columns' means or standard deviations.
    """
    last = list(table.cells.index[-ROWS_LOOKED_AT:])
    named = {row for row in last if _is_named(table, columns, row)}
    numbers = {row: _numbers(table, columns, row, decimal_comma) for row in last}
    candidates = [row for row in last if row in named or _has_decimals(numbers[row])]
    for first in candidates:  # the rows above the first foot row are the respondents
        above = int(table.cells.index.get_loc(first))
        statistics = _Statistics(table, columns, instrument, codes, decimal_comma, above)
        if above > 1 and statistics.describes(numbers[first], is_named=first in named):
            below = [row for row in candidates if row >= first]
            feet = [row for row in below if statistics.describes(numbers[row], is_named=row in named)]
            return FootRows(left_out=_left_out(feet), notes=_notes(table, named - set(feet)))
    return FootRows(left_out=_left_out([]), notes=_notes(table, named))


def _notes(table: Table, rows: set[int]) -> tuple[str, ...]:
    """What to say of rows that are named like a foot and count as respondents."""
    return tuple(
        f"Row {row} begins with '{_first_cell(table, row)}' and counts as a respondent." for row in sorted(rows)
    )


def _left_out(rows: list[int]) -> LeftOut:
    return LeftOut(what="foot row", rows=tuple(map(int, rows)), reason="it holds means or totals of the columns")


def _first_cell(table: Table, row: int) -> str:
    return next((str(cell) for cell in table.cells.loc[row] if cell), "")


def _is_named(table: Table, columns: Mapping[str, str], row: int) -> bool:
    first = next((name for name, cell in table.cells.loc[row].items() if cell), None)
    if first is None or first in columns.values():
        return False
    word = table.cells.at[row, first]
    # A name that stands elsewhere in the column is a department, not a foot.
    return fold_label(word) in _WORDS and int((table.cells[first] == word).sum()) == 1


def _numbers(
    table: Table, columns: Mapping[str, str], row: int, decimal_comma: bool
) -> dict[str, tuple[float, int]] | None:
    """The row's numbers by item, each with its decimals; None if a filled cell is no number."""
    found = {}
    for key, column in columns.items():
        cell = str(table.cells.at[row, column])
        if not cell:
            continue
        text = cell.replace(",", ".") if decimal_comma else cell
        try:
            found[key] = (float(text), len(text.partition(".")[2]))
        except ValueError:
            return None
    return found


def _has_decimals(numbers: dict[str, tuple[float, int]] | None) -> bool:
    """Whether at least half of two or more numbers lie between whole numbers."""
    if not numbers or len(numbers) < 2:
        return False
    between = sum(number % 1 != 0 for number, _ in numbers.values())
    return between * 2 >= len(numbers)


class _Statistics:
    """What a spreadsheet can print below the columns, computed as needed."""

    def __init__(
        self,
        table: Table,
        columns: Mapping[str, str],
        instrument: Instrument,
        codes: Mapping[str, tuple[float, ...]],
        decimal_comma: bool,
        rows: int,
    ) -> None:
        self._body = table.cells.iloc[:rows]
        self._columns = columns
        self._readers = {
            key: CellReader(key, instrument.items[key].scale, codes[key], decimal_comma) for key in columns
        }
        self._known: dict[str, dict[str, float]] = {}

    def describes(self, numbers: dict[str, tuple[float, int]] | None, *, is_named: bool) -> bool:
        """Whether all numbers of a row are the same statistic of their columns."""
        if not numbers:
            return False
        names = ("mean", "sd", "sd of the population", "median", "sum", "count") if is_named else ("mean", "sd")
        return any(all(self._equals(key, name, *numbers[key]) for key in numbers) for name in names)

    def _equals(self, key: str, name: str, number: float, decimals: int) -> bool:
        # Half a unit of the last digit printed: a spreadsheet rounds either way.
        return abs(number - self._of(key)[name]) <= 0.5 * 10.0**-decimals + 1e-9

    def _of(self, key: str) -> dict[str, float]:
        if key not in self._known:
            cells = self._body[self._columns[key]]
            meaning = {cell: self._readers[key].meaning(cell)[0] for cell in cells.unique()}
            values = cells.map(meaning).dropna().to_numpy(dtype="float64")
            self._known[key] = _statistics(values)
        return self._known[key]


def _statistics(values: np.ndarray) -> dict[str, float]:
    if len(values) < 2:
        nothing = ("mean", "sd", "sd of the population", "median", "sum", "count")
        return dict.fromkeys(nothing, float("nan"))
    return {
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "sd of the population": float(values.std(ddof=0)),
        "median": float(np.median(values)),
        "sum": float(values.sum()),
        "count": float(len(values)),
    }
