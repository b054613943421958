"""What may count as moved: how far a number may go, and how grave it is that something is otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

Degree = Literal["order", "picture", "number", "words"]
"""From harmless to grave: equal rows in another order, the look of a picture, a number, a word of what is said."""


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was.

    Attributes
    ----------
    name : str
        The table, picture, value or cell.
    text : str
        What moved, from where to where, and by how much.
    degree : {"order", "picture", "number", "words"}
    """

    name: str
    text: str
    degree: Degree = "number"


@dataclass(frozen=True)
class Moved:
    """A number that moved by no more than it may.

    Attributes
    ----------
    name : str
        Where it stands.
    by : float
        The distance, as a share of its size where that is above 1.
    """

    name: str
    by: float


@dataclass(frozen=True)
class Allowed:
    """How far a number may move.

    Attributes
    ----------
    relative : float
        As a share of its size: the last bits of a computation.
    absolute : float
        At all: what is 0 but for those bits has no size to speak of.
    """

    relative: float = 1e-9
    absolute: float = 1e-14

    def distance(self, before: float, now: float) -> float | None:
        """How far a number moved, as `Moved` says it; None if that is further than it may.

        Whole numbers are counts and do not move.
        """
        if before == now:
            return 0.0
        if isinstance(before, int) and isinstance(now, int):
            return None
        size, by = max(abs(before), abs(now)), abs(now - before)
        if not math.isfinite(by) or by > max(self.relative * size, self.absolute):
            return None
        return by / max(size, 1.0)


def first_difference(before: str, now: str) -> int:
    """The place of the first sign by which two texts differ; where one goes on after the other, the shorter's end."""
    signs = enumerate(zip(before, now, strict=False))
    return next((place for place, (a, b) in signs if a != b), min(len(before), len(now)))


def gravest(found: Iterable[Change]) -> Degree:
    """The gravest degree among some changes."""
    return max((one.degree for one in found), key=get_args(Degree).index)


def is_number(value: Any) -> bool:
    """Whether a value of JSON is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
