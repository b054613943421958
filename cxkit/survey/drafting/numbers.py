"""Which whole numbers of a column are answers on a scale, and which are plainly codes for "no answer"."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

CODES = frozenset({8, 9, 66, 77, 88, *range(96, 100), 666, 777, 888, *range(995, 1000)})
"""Numbers that files use for "no answer"; each counts as one only where it lies apart from all answers."""
HIGHEST = 10
"""Scales that end above it are rare, and numbers above it are ages and amounts more often than answers."""
FURTHEST_BELOW = -5
"""The lowest end of scales that run from minus to plus."""
USUAL_ENDS = (5, 7, 10)
LEAST_IN_A_ROW = 4
"""With fewer answers in a row, a small sample of a scale up to 10 has the same holes as a scale with codes."""


@dataclass(frozen=True, kw_only=True)
class NumberScale:
    """The ends of a scale, the answers that were given, and the numbers that mean "no answer"."""

    low: int
    high: int
    answers: tuple[int, ...]
    codes: tuple[int, ...]


def find_scale(numbers: Collection[int]) -> NumberScale | None:
    """The scale that some numbers come from; None where they come from no rating scale."""
    below = sorted(number for number in set(numbers) if number < 0)
    answers, codes = _without_codes(sorted(set(numbers) - set(below)))
    if not answers or answers[-1] > HIGHEST:
        return None
    if _runs_through_zero(below, answers):
        end = max(-below[0], answers[-1])
        return NumberScale(low=-end, high=end, answers=(*below, *answers), codes=tuple(codes))
    low, high = usual_ends(answers)
    return NumberScale(low=low, high=high, answers=tuple(answers), codes=(*below, *codes))


def _without_codes(numbers: list[int]) -> tuple[list[int], list[int]]:
    """The answers, and the codes above them; whatever follows a code is one too."""
    answers = [number for number in numbers if number not in CODES]
    codes: list[int] = []
    for number in numbers:
        if number not in CODES:
            continue
        if codes or (answers and _is_far(number, answers)):
            codes.append(number)
        else:
            answers = sorted([*answers, number])
    return answers, codes


def _is_far(number: int, answers: list[int]) -> bool:
    """Whether a usual code lies plainly apart from the answers."""
    top = answers[-1]
    if number <= top + 1:
        return False
    if number > HIGHEST:
        return top <= HIGHEST
    is_dense = answers[0] <= 2 and len(answers) == top - answers[0] + 1 >= LEAST_IN_A_ROW
    return is_dense and (number > top + 2 or top in USUAL_ENDS)


def _runs_through_zero(below: list[int], above: list[int]) -> bool:
    """Whether numbers below zero are answers, as on a scale from -3 to 3: they begin at zero and reach as far."""
    if not below or below[0] < FURTHEST_BELOW or above[-1] > -below[0]:
        return False
    meets_zero = -1 in below or 0 in above
    return meets_zero and (len(below) > 1 or above == [0, 1])


def usual_ends(answers: Collection[int]) -> tuple[int, int]:
    """From 1, or 0 where that was answered, to the highest answer; to 5 at least, unless there are but two answers.

    An answer that nobody chose in any question of a family is rarer than a scale of four or six.
    """
    low, high = min(answers), max(answers)
    if low < 0:
        return low, high
    if low == 0:
        return (0, 1) if high == 1 else (0, 10) if high > 6 else (0, high)
    if set(answers) == {1, 2}:
        return 1, 2
    return (1, high) if high > 3 else (1, 5)
