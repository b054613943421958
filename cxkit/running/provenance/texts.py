"""Two texts: the same words, and numbers that agree but for rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from unicodedata import normalize

from cxkit.running.provenance.changes import Allowed, Change, Moved, first_difference
from cxkit.running.provenance.declared import allowed_by

_SHOWN = 60
# What is taken is not given back: a shorter piece of a number is none, and to try each takes the square of its length
_NUMBERS = re.compile(r"(?<![\w.])[-+]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?\d++)?+(?![\w.]*\w)")
_LAST_BITS = Allowed()
_DIGITS_OF_LAST_BITS = 15  # as many decimal digits as a binary64 always keeps (IEEE 754)
Distance = Callable[[str, str], float | None]
_EMPTY_LINE = re.compile(r"\n[ \t]*+(?=\n)")
_WORD, _REPEATED = re.compile(r"[^ ]++"), re.compile(r"([-= ])\1+")
_RULE = re.compile(r"[ |+:]*+(?:[-=]{3,}+[ |+:]*+)++")


def text_changes(place: str, before: str, now: str, far: Distance) -> Iterator[Change | Moved]:
    """The first difference of two texts; or how far their numbers moved, each as far as `far` lets it."""
    if before == now:
        return
    numbers, other_numbers = _NUMBERS.findall(before), _NUMBERS.findall(now)
    if numbers == other_numbers or not _has_words_of(before, now, numbers, other_numbers):
        was, is_ = _first_difference(before, now)
        yield Change(place, f"{place} shows '{is_}' where it showed '{was}'", "words")
        return
    pairs = zip(_NUMBERS.finditer(before), _NUMBERS.finditer(now), strict=True)
    moved = [(a, b, far(a[0], b[0])) for a, b in pairs if a[0] != b[0]]
    beyond = next(((a, b) for a, b, by in moved if by is None), None)
    if beyond is None:
        yield Moved(place, max(by for _, _, by in moved if by is not None))
        return
    was, is_ = (_line_up_to(text, match) for text, match in zip((before, now), beyond, strict=True))
    yield Change(place, f"{place} shows '{is_}' where it showed '{was}'", "number")


def _line_up_to(text: str, number: re.Match[str]) -> str:
    """The line of a number from its begin to the number, or the end of that."""
    begin = max(text.rfind("\n", 0, number.start()) + 1, min(number.start(), number.end() - _SHOWN))
    return cut(text[begin : number.end()])


def declared_text_changes(
    place: str, before: str, now: str, then: Mapping[str, Any], since: Mapping[str, Any]
) -> Iterator[Change | Moved]:
    """Two texts that only show what is declared, then and now: their numbers move as that may, and are rounded."""
    head = f"{since['name']}: "
    if since["kind"] == "value" and before.startswith(head) and now.startswith(head):
        values = before.removeprefix(head), now.removeprefix(head)
        yield from text_changes(place, *values, partial(value_distance, then=then, since=since))
    else:
        yield from text_changes(place, before, now, partial(rounded_distance, table=since))


def value_distance(before: str, now: str, then: Mapping[str, Any], since: Mapping[str, Any]) -> float | None:
    """The same for a declared value, as far as its author lets it move; other numbers beside it have no tolerance."""
    if _shows(before, then) and _shows(now, since):
        return distance(before, now, allowed_by(since))
    return distance(before, now)


def _shows(number: str, declared: Mapping[str, Any]) -> bool:
    """Whether a printed number is the declared value, rounded to the digits that are shown."""
    value = declared.get("value")
    if declared.get("kind") != "value" or not isinstance(value, float) or not math.isfinite(float(number)):
        return False
    mantissa, _, exponent = re.sub("E", "e", number).partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(float(number) - value) <= 0.5 * unit + _LAST_BITS.relative * abs(value) + _LAST_BITS.absolute


def distance(before: str, now: str, allowed: Allowed = _LAST_BITS) -> float | None:
    """How far two unlike numbers of a text lie apart, within what is allowed; whole ones are exact, as written.

    One number has one form: 1.1 and 1.10 differ, as 1e5 and 100000 do. Only where the last bits show does the number of
    digits go with them. A value whose author lets it move further may show more digits, or fewer. What is 0 but for
    rounding has any sign, as -0.0 and 1.5e-16: that is another one on another processor.
    """
    one, other = float(before), float(now)
    if not set(before + now) & set(".eE") or math.isinf(one) or math.isinf(other):
        return None  # 1e999 and 2e999 differ, and are one number to a computer
    digits = max(len(re.sub(r"[eE].*|\D", "", number).lstrip("0")) for number in (before, now))
    is_rounding = max(abs(one), abs(other)) <= allowed.absolute
    forms = {_form_of(number.lstrip("+-" if is_rounding else "")) for number in (before, now)}
    has_one_form = (one != other or is_rounding) and (len(forms) == 1 or allowed is not _LAST_BITS)
    return allowed.distance(one, other) if digits >= _DIGITS_OF_LAST_BITS or has_one_form else None


def _form_of(number: str) -> tuple[str, str, int]:
    """Sign, letter of the exponent, and decimals of a number."""
    mantissa, exponent, _ = re.split("([eE]|$)", number, maxsplit=1)
    return number[0] if number[0] in "+-" else "", exponent, len(mantissa.partition(".")[2])


def rounded_distance(before: str, now: str, table: Mapping[str, Any]) -> float | None:
    """The same for a printed table: a number whose last bits moved may be rounded to the other side.

    It is if the unrounded number, which the table declares, lies where the two rounded ones meet.
    """
    exact = distance(before, now)
    places = {len(number.partition(".")[2]) for number in (before, now)}
    if exact is not None or len(places) > 1 or places == {0} or set(before + now) & set("eE"):
        return exact  # what has no decimals may be a count
    one, other, unit = abs(float(before)), abs(float(now)), 10.0 ** -places.pop()
    if not 0.9 * unit < abs(other - one) < 1.1 * unit:
        return None
    allowed, meeting = allowed_by(table), (one + other) / 2
    cells = (cell for column in table.get("columns", {}).values() for cell in column if isinstance(cell, float))
    scaled = (abs(cell) * scale for cell in cells for scale in (1, 100))  # as it is, and in per cent
    is_between = any(abs(cell - meeting) <= 100 * max(allowed.relative * cell, allowed.absolute) for cell in scaled)
    return 0.0 if is_between else None


def _has_words_of(before: str, now: str, numbers: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the same stands between the numbers of two texts.

    Where numbers of a paragraph grew or shrank, its spaces and the rules of its table go with them, and no further.
    """
    parts, now_parts = _NUMBERS.split(before), _NUMBERS.split(now)
    if parts == now_parts or len(parts) != len(now_parts):
        return parts == now_parts
    pieces, now_pieces = [*map(_EMPTY_LINE.split, parts)], [*map(_EMPTY_LINE.split, now_parts)]
    grown, paragraph = [0], 0
    for place, held in enumerate(pieces):
        if len(held) != len(now_pieces[place]):
            return False
        grown += [0] * (len(held) - 1)
        if place < len(numbers):
            grown[-1] += abs(len(numbers[place]) - len(others[place]))
    for place, held in enumerate(pieces):
        for number, (one, other) in enumerate(zip(held, now_pieces[place], strict=True)):
            paragraph += number > 0
            if one != other and not _is_as_wide(one, other, grown[paragraph], place == number == 0):
                return False
    return True


def _is_as_wide(before: str, now: str, most: int, is_begin: bool) -> bool:
    """Whether two pieces of text differ by the width of spaces and of a table's rules, and each by so many signs.

    The first line of a piece follows on a number, unless the text begins there, and the last has one after it.
    """
    lines, now_lines = before.split("\n"), now.split("\n")
    if not most or len(lines) != len(now_lines):
        return False
    whole = range(0 if is_begin else 1, len(lines) - 1)
    pairs = enumerate(zip(lines, now_lines, strict=True))
    return all(_is_line(one, other, most, may_be_rule=place in whole) for place, (one, other) in pairs)


def _is_line(before: str, now: str, most: int, *, may_be_rule: bool) -> bool:
    if before == now:
        return True
    if may_be_rule and _RULE.fullmatch(before) and _RULE.fullmatch(now):
        return abs(len(before) - len(now)) <= most and _REPEATED.sub(r"\1", before) == _REPEATED.sub(r"\1", now)
    if _WORD.findall(before) != _WORD.findall(now):
        return False
    widths = zip(_WORD.split(before), _WORD.split(now), strict=True)
    return all(abs(len(gap) - len(now_gap)) <= most for gap, now_gap in widths)


def _first_difference(before: str, now: str) -> tuple[str, str]:
    """What stands on either side where two texts first differ, with signs that nobody sees written out."""
    start = first_difference(before, now)
    begin = max(before.rfind("\n", 0, start) + 1, start - _SHOWN // 2)
    was, is_ = cut(before[begin:]), cut(now[begin:])
    if was and is_ and normalize("NFC", was) != normalize("NFC", is_):
        return was, is_
    begin = max(0, start - _SHOWN // 2)
    whole = (ascii(text[begin : start + _SHOWN // 2])[1:-1] for text in (before, now))
    return next(whole), next(whole)


def cut(text: str) -> str:
    """The first line of a text, as far as a message shows it."""
    line = text.split("\n", 1)[0].strip()
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
