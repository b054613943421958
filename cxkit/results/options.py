"""Options are checked here, once and in the same words, before an analysis computes anything.

What the caller asked wrongly is an `OptionError`, which `attempt` raises; what the answers do not allow is an
`AnalysisError`, which `attempt` prints in the place of the result. An option that means the same in several analyses
has one rule below, under its name; `check_options(confidence=confidence, seed=seed)` applies those of the names given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, SupportsFloat, TypeGuard, get_args

from cxkit.errors import OptionError, nearest
from cxkit.survey.privacy import MINIMUM_CELL

PERCENT_END = 100
"""A number above 1 and up to this, where a share is asked for, is probably a percentage: 95 for 0.95."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number from `low` to `high`; whether an end itself may be given says `low_included` and `high_included`."""

    low: float
    high: float
    example: float
    low_included: bool = False
    high_included: bool = False

    def check(self, name: str, value: object) -> None:
        """Refuse anything else than a number of the range; a percentage is told how to write it as a share."""
        number = float(value) if _is_number(value) else math.nan
        above = number >= self.low if self.low_included else number > self.low
        below = number <= self.high if self.high_included else number < self.high
        if not (above and below):
            raise OptionError(
                f"{name}={_shown(value)} must {self._bounds()}, such as {self.example:.2f}.{self._hint(number)}"
            )

    def _bounds(self) -> str:
        if self.low_included == self.high_included:
            return f"lie between {self.low:g} and {self.high:g}"
        if self.high_included:
            return f"be a number above {self.low:g} and at most {self.high:g}"
        return f"be a number from {self.low:g} and below {self.high:g}"

    def _hint(self, number: float) -> str:
        if self.high != 1 or not 1 < number <= PERCENT_END:
            return ""
        return f" For {number:g} %, write {number / 100:g}." if number < PERCENT_END or self.high_included else ""


@dataclass(frozen=True, kw_only=True)
class Count:
    """A whole number of at least `least`. `advice` says what a good number is, or why there is a lower end."""

    least: int
    advice: str = ""

    def check(self, name: str, value: object) -> None:
        """Refuse truth values, texts, fractions and numbers below the lower end."""
        if isinstance(value, Integral) and not _is_truth_value(value) and int(value) >= self.least:
            return
        advice = f"; {self.advice}" if self.advice else ""
        number = float(value) if _is_number(value) else math.nan
        hint = f" Write {number:.0f}." if number.is_integer() and number >= self.least else ""
        raise OptionError(f"{name}={_shown(value)} must be a whole number, at least {self.least}{advice}.{hint}")


@dataclass(frozen=True, kw_only=True)
class Flag:
    """True or False: a text such as "no" would otherwise count as true."""

    def check(self, name: str, value: object) -> None:
        """Refuse anything that is not a truth value (numpy's count too)."""
        if not _is_truth_value(value):
            raise OptionError(f"{name}={_shown(value)} must be True or False.")


SHARE = Range(low=0, high=1, example=0.95)
STEADY = "1000 or more give a steady interval"

RULES: Mapping[str, Range | Count | Flag] = {
    "confidence": SHARE,
    "quantile": SHARE,
    "alpha": Range(low=0, high=1, example=0.05),
    "answered": Range(low=0, high=1, example=0.5, high_included=True),
    "share": Range(low=0, high=1, example=0.33, low_included=True),
    "synonym_r": Range(low=0, high=1, example=0.6),
    "antonym_r": Range(low=-1, high=0, example=-0.6),
    "bootstraps": Count(least=2, advice=STEADY),
    "resamples": Count(least=2, advice=STEADY),
    "draws": Count(least=2, advice=STEADY),
    "permutations": Count(least=99, advice="fewer make p-values too coarse"),
    "simulations": Count(least=1, advice="100 or more give a steady count"),
    "most_splits": Count(least=1),
    "folds": Count(least=2),
    "repeats": Count(least=1),
    "flags": Count(least=1, advice="with 0 everybody would be left out"),
    "n_factors": Count(least=1),
    "seed": Count(least=0, advice="the same seed gives the same numbers again"),
    "minimum": Count(least=MINIMUM_CELL, advice="numbers of fewer people would give their answers away"),
    "ordinal": Flag(),
    "synthetic": Flag(),
    "together": Flag(),
    "purify": Flag(),
    "standardized": Flag(),
}
"""What an option may be, by its name, which means the same in every analysis."""


def check_options(**options: object) -> None:
    """Check options by the rules of their names.

    Raises
    ------
    OptionError
        If a value is not allowed; the message says what is.
    """
    for name, value in options.items():
        RULES[name].check(name, value)


def check_choice(name: str, value: object, known: Any) -> None:
    """Refuse a value that is none of the words that an option takes, with the nearest of them.

    Parameters
    ----------
    name, value
        The option, and what the caller gave.
    known
        The words: any iterable, or the `Literal` that annotates the option.

    Raises
    ------
    OptionError
        If the value is not among them.
    """
    words = list(get_args(known) or known)
    if not isinstance(value, str) or value not in words:
        raise OptionError(f"{name}={_shown(value)} is not known.{nearest(str(value), words)}")


def check_whole(name: str, value: object, *, least: int, advice: str = "") -> None:
    """Refuse what is no whole number of at least `least`, where an option's range depends on the analysis.

    Raises
    ------
    OptionError
        If it is none.
    """
    Count(least=least, advice=advice).check(name, value)


def check_positive(name: str, value: object, *, example: float) -> None:
    """Refuse what is no finite number above 0.

    Raises
    ------
    OptionError
        If it is none.
    """
    if not (_is_number(value) and 0 < float(value) < math.inf):
        raise OptionError(f"{name}={_shown(value)} must be a number above 0, such as {example:g}.")


def check_names(name: str, given: object, known: Sequence[str], *, of: str) -> list[str]:
    """The names that an option lists, each once; one name may stand alone.

    Parameters
    ----------
    name
        The option.
    given
        What the caller gave: names, or one name.
    known
        The names there are.
    of
        Names of what, for the sentence: "Instrument 'bfi' has no dimension".

    Raises
    ------
    OptionError
        If a name is not among the known ones, or there is none.
    """
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Iterable):
        raise OptionError(f"{name}={_shown(given)} must be a list of names.{nearest('', known)}")
    names = list(dict.fromkeys(given))
    for wanted in names:
        if wanted not in known:
            raise OptionError(f"{of} '{wanted}'.{nearest(str(wanted), known)}")
    if not names:
        raise OptionError(f"{name}=[] names nothing; leave the option out to take all.{nearest('', known)}")
    return names


def _is_number(value: object) -> TypeGuard[SupportsFloat]:
    """Whether it is a number; True and False are none here."""
    return isinstance(value, Real) and not _is_truth_value(value)


def _is_truth_value(value: object) -> bool:
    """Whether it is True or False, of Python or of numpy (whose class has the same name)."""
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def _shown(value: object) -> str:
    """The value as the caller would write it: numpy's numbers as plain ones, a text in quotes."""
    return str(value) if isinstance(value, Real) else repr(value)
