"""Columns whose sign, or whose order too, means nothing: as those of factors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cxkit.coursework.assignment.data import Answer
from cxkit.coursework.marking.answers import Cell
from cxkit.coursework.marking.closeness import is_number, one_spaced


def with_free_signs(
    answer: Answer, cells: dict[str, list[Cell]], wanted: dict[str, tuple[Cell, ...]]
) -> dict[str, list[Cell]]:
    """Columns of which the sign means nothing, turned to that of the reference."""
    return {
        column: _turned(values, wanted[column]) if column in map(one_spaced, answer.sign_free) else values
        for column, values in cells.items()
    }


def _turned(values: Sequence[Cell], wanted: Sequence[Cell]) -> list[Cell]:
    return [-v if is_number(v) else v for v in values] if _together(values, wanted) < 0 else list(values)  # type: ignore[operator]


def _together(a: Sequence[Cell], b: Sequence[Cell]) -> float:
    """The cosine of two columns; 0 where one of them holds no numbers."""
    pairs = [(float(x), float(y)) for x, y in zip(a, b, strict=True) if is_number(x) and is_number(y)]  # type: ignore[arg-type]
    # Scaled first: the square of a number beyond 1e154 is infinite, and infinite by infinite is no number
    ours, theirs = (max((abs(pair[k]) for pair in pairs), default=0.0) for k in (0, 1))
    if ours == 0 or theirs == 0:
        return 0.0
    pairs = [(x / ours, y / theirs) for x, y in pairs]
    size = math.sqrt(sum(x * x for x, _ in pairs) * sum(y * y for _, y in pairs))
    return sum(x * y for x, y in pairs) / size


def with_matched_factors(
    answer: Answer, cells: dict[str, list[Cell]], wanted: dict[str, tuple[Cell, ...]]
) -> dict[str, list[Cell]]:
    """Factors have neither order nor sign: each of the reference's takes the column that is most like it."""
    names = [one_spaced(column) for column in answer.factor_columns if one_spaced(column) in cells]
    if not names:
        return cells
    from scipy.optimize import linear_sum_assignment

    likeness = [[abs(_together(cells[column], wanted[name])) for column in names] for name in names]
    order = linear_sum_assignment(likeness, maximize=True)[1]
    matched = {name: _turned(cells[names[k]], wanted[name]) for name, k in zip(names, order, strict=True)}
    return {**cells, **matched}
