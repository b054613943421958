"""Numbers and words that mean "no answer" in one file, for the items that they belong to.

9 is "no answer" beside a 1-5 scale and an answer on a 0-10 scale; "not applicable" may be a label of one scale alone.
A code is therefore refused wherever it is an answer on the scale of an item: taking it out would wipe valid answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import isfinite
from typing import SupportsFloat

from cxkit.errors import Problems, nearest
from cxkit.survey.instrument import AnswerScale, Instrument, fold_name
from cxkit.survey.labels import Code, fold_label, loose_wordings

MissingCodes = Sequence[Code] | Mapping[str, Sequence[Code]]
"""Codes for every item of a file, or by item or dimension: `{"loyalty": [9, "Don't know"]}`."""

_WORDS_OFFERED = 4  # as many values as the advice on numbers names
_LONGEST_OFFERED = 40  # longer cells are remarks, not something to tick


def codes_by_item(
    given: MissingCodes, instrument: Instrument, items: Collection[str], problems: Problems
) -> dict[str, tuple[Code, ...]]:
    """The codes of every item of the file, those of its scale included; a code that is an answer goes to `problems`."""
    added: dict[str, set[Code]] = {key: set() for key in items}
    if isinstance(given, Mapping):
        for name, codes in given.items():
            for key in _items_named(str(name), instrument, problems):
                added.get(key, set()).update(read_codes(codes, f"missing_codes[{name!r}]", problems))
    else:
        codes = read_codes(given, "missing_codes", problems)
        for key in items:
            added[key].update(codes)
    wiped = {key: _answers_among(added[key], instrument.items[key].scale) for key in items}
    for code in sorted(set().union(*wiped.values()), key=_in_order):
        _refuse_answer(code, [key for key in items if code in wiped[key]], instrument, items, problems)
    words_wiped = {key: {code for code in wiped[key] if isinstance(code, str)} for key in items}
    return {
        key: (*instrument.items[key].scale.missing_codes, *sorted(added[key] - words_wiped[key], key=_in_order))
        for key in items
    }


def _in_order(code: Code) -> tuple[bool, Code]:
    """Numbers first, then words."""
    return isinstance(code, str), code


def is_on_scale(number: float, scale: AnswerScale) -> bool:
    """Whether a number is an answer on this scale; without ends every number is one."""
    if scale.low is None or scale.high is None:
        return True
    return scale.low <= number <= scale.high


def _answers_among(codes: set[Code], scale: AnswerScale) -> set[Code]:
    declared = set() if scale.is_bounded else set(scale.missing_codes)
    labels = loose_wordings(scale.wordings, scale.low, scale.high)
    return {code for code in codes - declared if _is_answer(code, scale, labels)}


def _is_answer(code: Code, scale: AnswerScale, labels: Collection[str]) -> bool:
    return fold_label(code) in labels if isinstance(code, str) else is_on_scale(code, scale)


def read_codes(codes: Sequence[Code], where: str, problems: Problems) -> tuple[Code, ...]:
    """The codes as numbers and words; a list that holds anything else goes to `problems`."""
    try:
        return tuple(map(_code, [codes] if isinstance(codes, str) else codes))
    except (TypeError, ValueError):
        problems.add(f'{where}={codes!r} must be a list of numbers or words, such as [99, "Don\'t know"].')
    return ()


def _code(given: SupportsFloat | str) -> Code:
    """A number, also where it is written as text or with a decimal comma, or words."""
    words = given.strip() if isinstance(given, str) else ""
    try:
        number = float(words.replace(",", ".") or given)
    except ValueError:
        if not words:
            raise
        return words
    if isfinite(number):
        return number
    if not words:  # "inf" in a cell is a word
        raise ValueError(given)
    return words


def _items_named(name: str, instrument: Instrument, problems: Problems) -> list[str]:
    """The items that a name stands for: one item, or all of a dimension."""
    of: dict[str, list[str]] = {fold_name(key): [key] for key in instrument.items}
    of |= {fold_name(dimension.key): dimension.item_keys for dimension in instrument.dimensions}
    if fold_name(name) not in of:
        known = [*instrument.dimension_keys, *instrument.items]
        problems.add(f"missing_codes: '{name}' is neither an item nor a dimension.{nearest(name, known)}")
    return of.get(fold_name(name), [])


def _refuse_answer(
    code: Code, wiped: Sequence[str], instrument: Instrument, items: Collection[str], problems: Problems
) -> None:
    scales = list(dict.fromkeys(str(instrument.items[key].scale) for key in wiped))
    shown = ", ".join(wiped[:4]) + (", ..." if len(wiped) > 4 else "")
    scale = f"scale {scales[0]}" if len(scales) == 1 else f"scales {', '.join(scales)}"
    found = (
        f"missing_codes: {_shown(code)} is an answer on the {scale} of {shown}; as a code it would wipe valid answers."
    )
    others = [key for key in items if key not in wiped]
    if not others:
        problems.add(found, remedy="leave it out, or correct the scale in the instrument.")
        return
    named = example_of_codes([code], others, instrument)
    problems.add(found, remedy=f'name the items where it means "no answer", such as missing_codes={named}.')


def _shown(code: Code) -> str:
    """A code as Python writes it, whole numbers without a point."""
    return repr(code) if isinstance(code, str) else f"{code:.15g}"


def example_of_codes(
    codes: Sequence[Code], keys: Collection[str], instrument: Instrument, *, at_most: int | None = 4
) -> str:
    """How to write codes for these items alone, whole dimensions by their keys; `at_most` so many of them."""
    names: list[str] = []
    left = list(keys)
    for dimension in instrument.dimensions:
        inside = [key for key in dimension.item_keys if key in left]
        if len(inside) == len(dimension.item_keys):
            names.append(dimension.key)
            left = [key for key in left if key not in inside]
    named = [*names, *left]
    entries = ", ".join(f"'{name}': {_listed(codes)}" for name in named[:at_most])
    return f"{{{entries}{', ...' if len(named) > len(named[:at_most]) else ''}}}"


def _listed(codes: Sequence[Code]) -> str:
    return f"[{', '.join(map(_shown, codes))}]"


def how_to_declare(by_item: Mapping[str, Collection[Code]], instrument: Instrument, keys: Collection[str]) -> str:
    """What to write so that the codes found count as "no answer": one list for the file where no scale forbids it.

    Otherwise every item gets the codes that were found in it and no other: another's may be an answer on its scale.
    """
    codes = list(dict.fromkeys(code for found in by_item.values() for code in found))
    if not any(_answers_among(set(codes), instrument.items[key].scale) for key in keys):
        return f"missing_codes={_listed(_ordered(codes))}"
    alike: dict[tuple[Code, ...], list[str]] = {}
    for key, found in by_item.items():
        alike.setdefault(tuple(_ordered(found)), []).append(key)
    entries = [example_of_codes(own, items, instrument, at_most=None)[1:-1] for own, items in alike.items()]
    return f"missing_codes={{{', '.join(entries)}}}"


def _ordered(codes: Collection[Code]) -> list[Code]:
    """Numbers rising; words in the order given."""
    return sorted(codes, key=lambda code: 0.0 if isinstance(code, str) else float(code))


def declare_words(words: Mapping[str, Counter[str]], instrument: Instrument, keys: Collection[str]) -> str:
    """How to declare the most frequent of these words (by item) as "no answer"; nothing where all are long remarks."""
    total: Counter[str] = Counter()
    for counts in words.values():
        total.update({word: count for word, count in counts.items() if len(word) <= _LONGEST_OFFERED})
    distinct = {fold_label(word): word for word, _ in reversed(total.most_common())}
    offered = [word for word, _ in total.most_common() if word in distinct.values()][:_WORDS_OFFERED]
    if not offered:
        return ""
    found_in = {key: [word for word in offered if word in counts] for key, counts in words.items()}
    declared = how_to_declare({key: own for key, own in found_in.items() if own}, instrument, keys)
    if len(distinct) == 1:
        return f'if {_shown(offered[0])} means "no answer", say {declared}; otherwise '
    return f'if some mean "no answer", list them, as in {declared}; otherwise '
