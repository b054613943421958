"""Which row of a student's table is meant by which of the model's, where only what they hold tells rows apart?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.data import Tolerance
from cxkit.coursework.marking.answers import Cell
from cxkit.coursework.marking.closeness import allowance, folded, is_number

if TYPE_CHECKING:
    import numpy as np

Columns = Mapping[str, Sequence[Cell]]
MOST_ROWS = 2_000
"""Beyond it rows are paired by their order alone: every row is held against every other, in a table of its own."""


def pairings(
    given: Columns, wanted: Columns, tolerances: Sequence[Tolerance], scales: Sequence[float], turned: Collection[str]
) -> Iterator[list[int]]:
    """Ways to pair rows, the likeliest first: for each row that is wanted, the index of the given one.

    Parameters
    ----------
    given, wanted : mapping
        Columns of the same names and of equal lengths.
    tolerances : sequence of Tolerance
        For each, rows are paired so that as many as possible are within it.
    scales : sequence of float
        Factors that take given numbers to the unit of those that are wanted.
    turned : collection of str
        Columns whose sign is free.
    """
    ours, theirs = _in_order(given), _in_order(wanted)
    order = dict(zip(theirs, ours, strict=True))
    rows = [order[k] for k in range(len(order))]
    yield rows
    if len(rows) > MOST_ROWS:
        return
    for scale in scales:
        for tolerance in tolerances:
            yield _paired(_fitting(given, wanted, tolerance, scale, turned), rows)


def _in_order(columns: Columns) -> list[int]:
    """The indices of rows, sorted by their contents."""
    rows = list(zip(*columns.values(), strict=True))
    return sorted(range(len(rows)), key=lambda k: [_sorting(value) for value in rows[k]])


def _sorting(value: Cell) -> tuple[int, float, str]:
    """Something by which cells can be sorted whatever they hold; digits beyond the tenth do not decide."""
    number = float(f"{value:.10g}") if is_number(value) else 0.0
    return (0 if value is None else 1, number, folded(value) if isinstance(value, str) else str(value))


def _fitting(
    given: Columns, wanted: Columns, tolerance: Tolerance, scale: float, turned: Collection[str]
) -> np.ndarray[Any, Any]:
    """Whether the row that is wanted (down) and the one that is given (across) agree in every cell."""
    import numpy as np

    length = len(next(iter(wanted.values()), ()))
    fits = np.ones((length, length), dtype=bool)
    for name, values in wanted.items():
        right, mine = _numbers(values), _numbers(given[name]) * scale
        if name in turned:
            right, mine = np.abs(right), np.abs(mine)
        allowed = np.array([allowance(value, tolerance) for value in right])
        with np.errstate(over="ignore", invalid="ignore"):  # infinitely far apart; missing numbers fit nothing
            near = np.abs(mine[None, :] - right[:, None]) <= allowed[:, None]
        kinds = dict[Any, int]()
        same = _codes(values, kinds, -1)[:, None] == _codes(given[name], kinds, -2)[None, :]
        fits &= near | same
    return fits


def _numbers(values: Sequence[Cell]) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.array([float(value) if is_number(value) else np.nan for value in values])  # type: ignore[arg-type]


def _codes(values: Sequence[Cell], kinds: dict[Any, int], number: int) -> np.ndarray[Any, Any]:
    """A whole number for each cell that is no number, the same for what is the same; `number` for the others."""
    import numpy as np

    keys = [(type(value), folded(value) if isinstance(value, str) else value) for value in values]
    codes = [number if is_number(key[1]) else kinds.setdefault(key, len(kinds)) for key in keys]
    return np.array(codes, dtype=int)


def _paired(fits: np.ndarray[Any, Any], rows: Sequence[int]) -> list[int]:
    """As many rows as possible with one that fits them; the others as they stand in order.

    By Hopcroft and Karp (1973), SIAM Journal on Computing 2, 225-231, as scipy has it.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    found = [int(k) for k in maximum_bipartite_matching(csr_matrix(fits), perm_type="column")]
    taken = set(found)
    left = iter([k for k in rows if k not in taken])
    return [next(left) if k < 0 else k for k in found]
