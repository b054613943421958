"""How a number is printed: digits, shares, probabilities, counts."""

from __future__ import annotations

from collections.abc import Callable


def fixed(digits: int) -> Callable[[float], str]:
    """A number with that many digits after the point, and a true minus sign."""

    def show(value: float) -> str:
        rounded = f"{value:.{digits}f}"
        return rounded.lstrip("-") if float(rounded) == 0 else rounded.replace("-", "−")

    return show


TWO_DIGITS = fixed(2)


def digits_that_keep(side: Callable[[float], object], value: float, least: int = 2) -> int:
    """How many digits leave the rounded value on the value's side: so many, or more where they round it across."""
    return next((n for n in range(least, 6) if side(round(value, n)) == side(value)), 6)


def clear_of(value: float, bound: float, least: int = 2) -> str:
    """The value with at least so many digits, and more where fewer would show it at the bound or beyond."""
    return fixed(digits_that_keep(lambda shown: (shown > bound, shown < bound), value, least))(value)


def probability(value: float) -> str:
    """A p-value as journals print it."""
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def share(value: float) -> str:
    """A share as a percentage."""
    if 0 < value < 0.001:
        return "< 0.1%"
    return f"{value:.0%}" if value == 0 or value >= 0.01 else f"{value:.1%}"


def share_of_draws(value: float, draws: int) -> str:
    """A probability counted among random draws: that none or all of them had it does not make it 0 or 1.

    Of an event that never occurred in n draws, the probability is below 3 / n with 95 % confidence (the rule of three).
    """
    least = max(0.001, 3 / draws)
    if value == 0:
        return f"< {share(least)}"
    if value == 1:
        return f"> {1 - least:.1%}"
    return f"{min(value, 0.999):.1%}" if value > 0.99 else share(value)


def share_exactly(value: float) -> str:
    """A share as a percentage with one decimal, for rates of error of a few percent."""
    return f"{value:.1%}"


def whole(value: float) -> str:
    """A count."""
    return fixed(0)(value) if abs(value) < 1000 else f"{value:,.0f}".replace("-", "−")


def signed(value: float) -> str:
    """A move up or down, with its sign, in whole steps."""
    return whole(value) if round(value) <= 0 else f"+{whole(value)}"


def plus_minus(value: float) -> str:
    """Half the width of an interval."""
    return f"± {TWO_DIGITS(value)}"
