"""When two numbers, and two cells of a table, count as the same."""

from __future__ import annotations

import unicodedata

from cxkit.coursework.assignment.data import Tolerance
from cxkit.coursework.marking.answers import Cell

LAST_BITS = 1e-9
"""Relative: where no tolerance is declared, numbers may still be summed in another order."""
_ROUNDING = 1 + 1e-12
"""A number may lie on the edge of its tolerance, where the last bit would decide."""


def within(given: float, wanted: float, tolerance: Tolerance) -> bool:
    """Whether a number is as close as is asked."""
    return abs(given - wanted) <= allowance(wanted, tolerance)


def allowance(wanted: float, tolerance: Tolerance) -> float:
    """How far a number may be from the one that is wanted."""
    allowed = max(tolerance.absolute, tolerance.relative * abs(wanted), LAST_BITS * abs(wanted), 1e-12)
    return allowed * _ROUNDING


def folded(text: str) -> str:
    """A text without what does not matter: case, spaces at the ends and doubled, forms of letters."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_number(value: Cell) -> bool:
    """Whether a cell holds a number that is not missing."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_same(given: Cell, wanted: Cell) -> bool:
    """Whether two cells that are no numbers hold the same."""
    if isinstance(given, str) and isinstance(wanted, str):
        return folded(given) == folded(wanted)
    return type(given) is type(wanted) and given == wanted


def one_spaced(label: str) -> str:
    """A label with single spaces, as labels are compared."""
    return " ".join(label.split())
