"""How points are written, one way for pages, commands and exports: two that differ by a hundredth raise a question."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")
_EXACT_TO = 6  # digits that a gradebook keeps; beyond them stands what binary fractions leave behind


def points_text(points: float) -> str:
    """Points with at most two decimals: `"6"`, `"4.5"`, `"17.33"` for 17.325.

    Half a hundredth goes upwards, below 0 as well: so what is left of points in hundredths agrees with what was taken
    off (24.75 - 7.42 = 17.33 where 7.425 were).
    """
    exact = Decimal(repr(round(float(points), _EXACT_TO)))
    rounded = exact.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP if exact >= 0 else ROUND_HALF_DOWN)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def points_in_words(points: float) -> str:
    """`"1 point"`, `"1.5 points"`."""
    text = points_text(points)
    return f"{text} {'point' if text == '1' else 'points'}"
