"""Numbers that mean "no answer" in one file, for the items that they belong to.

9 is "no answer" beside a 1-5 scale and an answer on a 0-10 scale. A code is therefore refused wherever it lies on the
scale of an item: taking it out there would wipe valid answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import isfinite

from cxkit.errors import Problems, nearest
from cxkit.survey.instrument import AnswerScale, Instrument, fold_name

MissingCodes = Sequence[float] | Mapping[str, Sequence[float]]
"""Codes for every item of a file, or by item or dimension: `{"loyalty": [9]}`."""


def codes_by_item(
    given: MissingCodes, instrument: Instrument, items: Collection[str], problems: Problems
) -> dict[str, tuple[float, ...]]:
    """The codes of every item of the file, those of its scale included; a code that is an answer goes to `problems`."""
    added: dict[str, set[float]] = {key: set() for key in items}
    if isinstance(given, Mapping):
        for name, codes in given.items():
            for key in _items_named(str(name), instrument, problems):
                added.get(key, set()).update(_numbers(codes, f"missing_codes[{name!r}]", problems))
    else:
        codes = _numbers(given, "missing_codes", problems)
        for key in items:
            added[key].update(codes)
    wiped = {key: _answers_among(added[key], instrument.items[key].scale) for key in items}
    for code in sorted(set().union(*wiped.values())):
        _refuse_answer(code, [key for key in items if code in wiped[key]], instrument, items, problems)
    return {key: (*instrument.items[key].scale.missing_codes, *sorted(added[key])) for key in items}


def is_on_scale(number: float, scale: AnswerScale) -> bool:
    """Whether a number is an answer on this scale; without ends every number is one."""
    if scale.low is None or scale.high is None:
        return True
    return scale.low <= number <= scale.high


def _answers_among(codes: set[float], scale: AnswerScale) -> set[float]:
    declared = set() if scale.is_bounded else set(scale.missing_codes)
    return {code for code in codes - declared if is_on_scale(code, scale)}


def _numbers(codes: Sequence[float], where: str, problems: Problems) -> tuple[float, ...]:
    try:
        numbers = tuple(float(code) for code in ([codes] if isinstance(codes, str) else codes))
    except (TypeError, ValueError):
        numbers = (float("nan"),)
    if all(map(isfinite, numbers)):
        return numbers
    problems.add(f"{where}={codes!r} must be a list of numbers, such as [99].")
    return ()


def _items_named(name: str, instrument: Instrument, problems: Problems) -> list[str]:
    """The items that a name stands for: one item, or all of a dimension."""
    of: dict[str, list[str]] = {fold_name(key): [key] for key in instrument.items}
    of |= {fold_name(dimension.key): dimension.item_keys for dimension in instrument.dimensions}
    if fold_name(name) not in of:
        known = [*instrument.dimension_keys, *instrument.items]
        problems.add(f"missing_codes: '{name}' is neither an item nor a dimension.{nearest(name, known)}")
    return of.get(fold_name(name), [])


def _refuse_answer(
    code: float, wiped: Sequence[str], instrument: Instrument, items: Collection[str], problems: Problems
) -> None:
    scales = list(dict.fromkeys(str(instrument.items[key].scale) for key in wiped))
    shown = ", ".join(wiped[:4]) + (", ..." if len(wiped) > 4 else "")
    scale = f"scale {scales[0]}" if len(scales) == 1 else f"scales {', '.join(scales)}"
    found = f"missing_codes: {code:g} is an answer on the {scale} of {shown}; as a code it would wipe valid answers."
    others = [key for key in items if key not in wiped]
    if not others:
        problems.add(found, remedy="leave it out, or correct the scale in the instrument.")
        return
    named = example_of_codes([code], others, instrument)
    problems.add(found, remedy=f'name the items where it means "no answer", such as missing_codes={named}.')


def example_of_codes(codes: Sequence[float], keys: Collection[str], instrument: Instrument) -> str:
    """How to write codes for these items alone, whole dimensions by their keys."""
    listed = f"[{', '.join(f'{code:g}' for code in codes)}]"
    names: list[str] = []
    left = list(keys)
    for dimension in instrument.dimensions:
        inside = [key for key in dimension.item_keys if key in left]
        if len(inside) == len(dimension.item_keys):
            names.append(dimension.key)
            left = [key for key in left if key not in inside]
    entries = ", ".join(f"'{name}': {listed}" for name in [*names, *left][:4])
    return f"{{{entries}{', ...' if len(names) + len(left) > 4 else ''}}}"
