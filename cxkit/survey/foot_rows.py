"""Rows of means, totals and the like that a spreadsheet left below the answers: they are nobody's answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.answers import CellReader
from cxkit.survey.codes import is_on_scale
from cxkit.survey.instrument import Instrument
from cxkit.survey.labels import Code, fold_label
from cxkit.survey.ledger import LeftOut
from cxkit.survey.likeness import is_unlike
from cxkit.survey.tables import Table
from cxkit.without_contents import without_contents

ROWS_LOOKED_AT = 5
"""Foot rows are looked for among so many rows at the end."""
ROWS_COMPARED = 1_000
"""A name is compared with those of so many rows above."""
NAMED = ("mean", "sd", "sd of the population", "median", "sum", "count", "minimum", "maximum")
"""Statistics that a row with a name of its own may hold; a row without a name is known by the first two only."""
_WORDS = frozenset({
    "mean", "means", "average", "averages", "avg", "median", "sd", "std", "stdev", "std dev", "standard deviation",
    "total", "totals", "sum", "n", "count", "mittelwert", "durchschnitt", "summe", "gesamt", "anzahl",
    "standardabweichung", "moyenne", "total général", "écart type", "media", "promedio", "gemiddelde", "medelvärde",
    "ø", "minimum", "maximum", "min", "max", "average score", "mean score", "benchmark", "top box",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FootRows:
    """The foot rows, rows that look like one and count as respondents, and rows that no respondent could have given."""

    left_out: LeftOut
    suspects: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    __repr__ = without_contents


def find_foot_rows(
    table: Table,
    columns: Mapping[str, str],
    instrument: Instrument,
    codes: Mapping[str, tuple[Code, ...]],
    *,
    decimal_comma: bool,
    weights: Collection[str] = (),
) -> FootRows:
    """Which rows at the end of a file sum up the columns instead of answering?

    A row is one if it stands apart from the rows above (its name is unlike all of theirs, or empty where all others
    have one) and its numbers are one statistic of the columns, or if it stands apart and holds nothing else. So is a
    row of means or standard deviations printed with decimals. A row that only stands apart counts and is said.
    """
    last = list(table.cells.index[-ROWS_LOOKED_AT:])
    numbers = {row: _numbers(table, columns, row, decimal_comma) for row in last}
    spare = [name for name in table.cells.columns if name not in {*columns.values(), *weights}]
    feet: list[int] = []
    suspects: list[int] = []
    statistics = None
    for row in last:
        above = int(table.cells.index.get_loc(feet[0] if feet else row))
        if above < 3:
            continue
        if statistics is None or statistics.rows != above:
            statistics = _Statistics(table, columns, instrument, codes, decimal_comma, above)
        signs = _Signs(table.cells.iloc[:above][spare], table.cells.loc[row, spare])
        named = (signs.is_apart and signs.is_alone) or _is_named(table, columns, row)
        if _is_foot(numbers[row], statistics, signs, is_named=named):
            feet.append(row)
        elif (
            (signs.is_apart and signs.is_alone)
            or _is_named(table, columns, row)
            or _only_here(numbers, row, statistics)
        ):
            suspects.append(row)
    refused = [row for row in suspects if not _could_be_answers(numbers[row], instrument)]
    kept = sorted(set(suspects) - set(refused))
    return FootRows(left_out=_left_out(feet), suspects=tuple(kept), refused=tuple(refused), notes=_notes(table, kept))


def without_feet(table: Table, feet: FootRows, problems: Problems) -> Table:
    """The table without its foot; rows that look like one and hold numbers that nobody can answer are refused."""
    if feet.refused:
        problems.add(
            f"{counted(len(feet.refused), 'row')} at the end that no respondent can have given: probably a foot row, "
            "such as means, totals or a benchmark.",
            [f"row {row}: begins with '{_first_cell(table, row)[:40]}'" for row in feet.refused],
            "delete it in the file; if it is a respondent, correct its answers.",
        )
    return table.without(feet.left_out)


def _is_foot(
    numbers: dict[str, tuple[float, int]] | None, statistics: _Statistics, signs: _Signs, *, is_named: bool
) -> bool:
    if numbers is not None and not numbers:  # a line such as "Exported by ..." or "n = 30"
        return signs.is_apart and signs.n_filled <= 1
    if statistics.describes(numbers, is_named=is_named):
        return is_named or _has_decimals(numbers)
    return False


def _only_here(numbers: Mapping[int, dict[str, tuple[float, int]] | None], row: int, statistics: _Statistics) -> bool:
    """Whether a row has decimals where no answer above has any."""
    return _has_decimals(numbers[row]) and not statistics.has_decimals


def _could_be_answers(numbers: dict[str, tuple[float, int]] | None, instrument: Instrument) -> bool:
    """Whether every number of a row lies on its scale."""
    for key, (number, _) in (numbers or {}).items():
        scale = instrument.items[key].scale
        if not is_on_scale(number, scale) or (not scale.continuous and number % 1 != 0):
            return False
    return True


class _Signs:
    """How a row differs from those above in the columns beside the items."""

    def __init__(self, body: pd.DataFrame, row: pd.Series) -> None:
        self.n_filled = int((row != "").sum())
        kept = [name for name in body.columns if (body[name] != "").all()]
        # A column that tells respondents apart: an id, a time, a code. A department is none.
        telling = [name for name in kept if body[name].is_unique]
        self.is_apart = any(is_unlike(row[name], body[name].iloc[-ROWS_COMPARED:]) for name in telling)
        if not telling and self.n_filled == 0:
            self.is_apart = bool(kept)
        others = [name for name in kept if name not in telling or not row[name]]
        self.is_alone = all(not row[name] for name in others) and self.n_filled <= 1


def _notes(table: Table, rows: list[int]) -> tuple[str, ...]:
    """What to say of rows that look like a foot and count as respondents."""
    notes = []
    for row in rows:
        first = _first_cell(table, row)
        begins = f"begins with '{first}'"
        notes.append(f"Row {row} {begins} and counts as a respondent.")
    return tuple(notes)


def _left_out(rows: list[int]) -> LeftOut:
    return LeftOut(
        what="foot row", rows=tuple(map(int, rows)), reason="it sums up the columns or says something of the file"
    )


def _first_cell(table: Table, row: int) -> str:
    return next((str(cell) for cell in table.cells.loc[row] if cell), "")


def _is_named(table: Table, columns: Mapping[str, str], row: int) -> bool:
    items = set(columns.values())
    first = next((name for name, cell in table.cells.loc[row].items() if cell and name not in items), None)
    if first is None:
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
        codes: Mapping[str, tuple[Code, ...]],
        decimal_comma: bool,
        rows: int,
    ) -> None:
        self.rows = rows
        self._body = table.cells.iloc[:rows]
        self._columns = columns
        self._readers = {
            key: CellReader(key, instrument.items[key].scale, codes[key], decimal_comma) for key in columns
        }
        self._known: dict[str, dict[str, float]] = {}

    def describes(self, numbers: dict[str, tuple[float, int]] | None, *, is_named: bool) -> bool:
        """Whether all numbers of a row are the same statistic of their columns."""
        # One number is no evidence, unless the row bears a name.
        if not numbers or (len(numbers) < 2 and not is_named):
            return False
        names = NAMED if is_named else ("mean", "sd")
        return any(all(self._equals(key, name, *numbers[key]) for key in numbers) for name in names)

    @cached_property
    def has_decimals(self) -> bool:
        """Whether any cell of the body is a number between two whole ones."""
        cells = self._body[list(self._columns.values())].stack()
        return bool(cells.str.fullmatch(r"[+-]?\d*[.,]\d*[1-9]\d*").any())

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
        return dict.fromkeys(NAMED, float("nan"))
    return {
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "sd of the population": float(values.std(ddof=0)),
        "median": float(np.median(values)),
        "sum": float(values.sum()),
        "count": float(len(values)),
        "minimum": float(values.min()),
        "maximum": float(values.max()),
    }
