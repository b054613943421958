"""Why a column is no item of a draft, and the lines with which such columns are described by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cxkit.survey.drafting.column import MOST_ANSWERS, Column
from cxkit.survey.drafting.numbers import CODES
from cxkit.survey.drafting.toml_text import entry, written
from cxkit.survey.drafting.wordings import is_no_answer

WORDS_SHOWN = 7
ITEMS_SHOWN = 12
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_LEAST_NUMBERS = 5
"""With fewer different numbers, a column is too short to tell a scale by."""


def reason_for(column: Column, *, is_ranked: bool) -> str:
    """Why a column is not used."""
    if column.filled.empty:
        return "nobody answered it"
    if is_ranked:
        return "a place in a ranking: nobody gave one twice, so that no column varies without the others"
    if column.scale is not None:
        return "the only question on its scale" if column.is_rating else "two answers only, as of a box to tick"
    numbers = _numbers_of(column)
    if numbers:
        shown = f"{min(numbers):g} to {max(numbers):g}"
        return f"{len(numbers)} different numbers from {shown}, on no scale that can be told from them"
    if column.unordered:
        return f"choices without a known order ({_listed(column.unordered)})"
    return "free text"


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(f"'{' '.join(word.split())[:40]}'" for word in words[:WORDS_SHOWN])
    return f"{shown}, ..." if len(words) > WORDS_SHOWN else shown


def _numbers_of(column: Column) -> list[float]:
    """The different numbers of a column in their order; none where a cell is no number."""
    words = column.words
    if not all(map(_NUMBER.fullmatch, words)):
        return []
    return sorted({float(word.replace(",", ".")) for word in words})


def by_hand(columns: Sequence[Column]) -> str:
    """The description of the largest set of columns with answers alike, as TOML to be completed; blank without one."""
    alike = _most_alike(columns)
    if len(alike) < 2:
        return ""
    return "\n".join(_toml(alike))


def _most_alike(columns: Sequence[Column]) -> list[Column]:
    """The largest set of columns in which nobody can tell a scale and whose answers are mostly the same."""
    best: list[Column] = []
    for first in columns:
        if not _may_be_rated(first):
            continue
        members = [first]
        for other in columns:
            if other is not first and _may_be_rated(other) and _are_alike(first, other):
                members.append(other)
        if len(members) > len(best):
            best = members
    order = [column.name for column in columns]
    return sorted(best, key=lambda column: order.index(column.name))


def _may_be_rated(column: Column) -> bool:
    if column.scale is not None:
        return False
    return bool(column.unordered) or len(_numbers_of(column)) >= _LEAST_NUMBERS


def _are_alike(one: Column, other: Column) -> bool:
    """Whether half of the words of two columns are the same, or both hold numbers of the same length."""
    if _numbers_of(one) and _numbers_of(other):
        highest = {len(str(int(max(_answers_among(_numbers_of(column)))))) for column in (one, other)}
        return len(highest) == 1
    words, others = set(one.words), set(other.words)
    return 2 * len(words & others) >= len(words | others)


def _answers_among(numbers: Sequence[float]) -> list[float]:
    """The numbers, rising, without usual codes above all others and without those below zero, where most are not."""
    kept = [number for number in numbers if number >= 0]
    if 2 * len(kept) < len(numbers):
        return list(numbers)
    while len(kept) > 1 and kept[-1] in CODES and kept[-1] > kept[-2] + 1:
        kept.pop()
    return kept


def _toml(columns: Sequence[Column]) -> Iterator[str]:
    yield entry("name", "study")
    yield entry("title", "Study")
    yield entry("citation", "not stated")
    yield entry("licence", "not stated")
    yield ""
    yield "[scale]"
    yield from _number_lines(columns) if _numbers_of(columns[0]) else _word_lines(columns)
    yield ""
    yield "[[dimension]]"
    yield entry("key", "all_items")
    yield entry("title", "All items")
    yield "items = ["
    for number, column in enumerate(columns[:ITEMS_SHOWN], start=1):
        item = {"key": f"item_{number}", "text": column.text, "column": column.name}
        yield f"  {written(item)},"
    if len(columns) > ITEMS_SHOWN:
        yield f"  # and {len(columns) - ITEMS_SHOWN} more"
    yield "]"


def _word_lines(columns: Sequence[Column]) -> Iterator[str]:
    words: dict[str, None] = {}
    for column in columns:
        words |= dict.fromkeys(column.words)
    answers = [word for word in words if not is_no_answer(word)]
    yield entry("low", 1)
    yield entry("high", len(answers))
    yield f"{entry('labels', dict(enumerate(answers, start=1)))}  # put them in order, words of one answer in one list"
    if len(answers) < len(words):
        yield entry("missing_codes", [word for word in words if word not in answers])


def _number_lines(columns: Sequence[Column]) -> Iterator[str]:
    numbers: set[float] = set()
    for column in columns:
        numbers |= set(_numbers_of(column))
    answers = _answers_among(sorted(numbers))
    yield f"{entry('low', min(answers))}  # the lowest answer that people could give"
    yield f"{entry('high', max(answers))}  # the highest"
    if len(answers) > MOST_ANSWERS or any(number % 1 for number in answers):
        yield entry("continuous", value=True)
    codes = sorted(numbers - set(answers))
    if codes:
        yield f'{entry("missing_codes", codes)}  # do these mean "no answer"?'
