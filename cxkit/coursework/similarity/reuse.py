"""Answers that belong to another student's data: visible where every student has data of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Value = float | int | str

CHANCE_SHARE = 0.02
"""A value that fits the data of more than this share of the class (and of more than one) points at nobody."""


@dataclass(frozen=True, kw_only=True)
class ReusedAnswer:
    """An answer that does not follow from the student's own data, but from another's.

    Attributes
    ----------
    student, other : str
        Who gave it, and whose data it follows from.
    answer : str
        The name of the answer.
    given, own, others : str
        What was given, what follows from the student's own data, and what from the other's. `own` and `others` are for
        the instructor alone.
    fits : int
        From how many students' data this value would follow, to the digits given: 1 points at one, more point less.
    """

    student: str
    other: str
    answer: str
    given: str
    own: str
    others: str
    fits: int


def reused_answers(
    given: Mapping[str, Mapping[str, Value]],
    expected: Mapping[str, Mapping[str, Value]],
) -> tuple[ReusedAnswer, ...]:
    """Which answers belong to another student's variant of the data?

    Parameters
    ----------
    given : mapping
        By student, the answers that were handed in, by name: numbers or words.
    expected : mapping
        By student, what the model solution gives with that student's data.

    Returns
    -------
    tuple of ReusedAnswer
        Only where the value does not fit the student's own data, and fits so few others' that it points at somebody.
        A number fits if it is the expected one rounded to as many digits as were given (at least three).
    """
    found: list[ReusedAnswer] = []
    limit = max(1, math.floor(CHANCE_SHARE * len(expected)))
    for student, answers in sorted(given.items()):
        own = expected.get(student)
        if own is None:
            continue
        for name, value in sorted(answers.items()):
            if name not in own or _fits(value, own[name]):
                continue
            others = [who for who, theirs in sorted(expected.items()) if name in theirs and _fits(value, theirs[name])]
            if 0 < len(others) <= limit:
                found.extend(
                    ReusedAnswer(
                        student=student, other=other, answer=name, given=str(value), own=_shown(own[name]),
                        others=_shown(expected[other][name]), fits=len(others),
                    )
                    for other in others
                )  # fmt: skip
    return tuple(found)


def _shown(value: Value) -> str:
    """Enough digits to see that the given one is this, rounded."""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _fits(value: Value, expected: Value) -> bool:
    """Whether a value is the expected one, as far as its own digits tell."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, str) or isinstance(expected, str):
        return str(value).strip().casefold() == str(expected).strip().casefold() != ""
    if not (math.isfinite(value) and math.isfinite(expected)):
        return False
    try:
        shown = Decimal(repr(value)).normalize()
    except InvalidOperation:  # pragma: no cover - repr of a finite number is always a decimal
        return False
    digits = len(shown.as_tuple().digits)
    if digits < 3 and value != expected:
        return False  # 0.8 fits half the class
    exponent = shown.as_tuple().exponent
    step = 10.0 ** int(exponent)
    # Sixteen digits of the same computation may differ in the last ones.
    return abs(value - expected) <= max(0.5000001 * step, 1e-9 * abs(expected))
