"""Which columns were asked together, and the scale that they share: not every answer is chosen in every question."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from cxkit.survey.drafting.column import Column
from cxkit.survey.drafting.scale import Scale, scale_of
from cxkit.survey.drafting.word_scales import places_of
from cxkit.survey.drafting.wordings import ROWS
from cxkit.survey.labels import fold_label

MOST_STRANGE = 2
"""So many answers that no other question of a matrix has can be ways not to answer; more are another scale."""
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
_CODE = re.compile(r"^([A-Za-z]+\d*?)[_. -]?\d+$|^(.+?)(?:_\d+|\[[^\]]+\])$")


def families(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns that were asked together: under one stem, by one code, or one after the other with answers alike.

    Those with two answers belong to a family where the stem says so, or where their words are some of a longer row.
    """
    found: dict[tuple[object, ...], list[Column]] = {}
    run, before = 0, ""
    for column in columns:
        kind, code = _kind_of(column), code_of(column)
        if column.question.stem:
            found.setdefault(("matrix", column.question.stem, code), []).append(column)
        elif code and _may_join(column):
            found.setdefault((kind, code), []).append(column)
        elif _may_join(column):
            run += kind != before
            before = kind
            found.setdefault((kind, run), []).append(column)
    told = []
    for key, members in found.items():
        if key[0] == "matrix":
            told += _matrix(members)
        else:
            told.append(_on_one_scale(members))
    return told


def _kind_of(column: Column) -> str:
    """What the cells of a column hold; labels of the file are of one kind where they are the same."""
    if column.scale is None:
        return ""
    labels = list(column.scale.labels.values()) if column.scale.kind == "labels" else ""
    return f"{column.scale.kind} {labels}"


def _may_join(column: Column) -> bool:
    """Whether a column is rated, or shows two words only of a row that has more."""
    if column.scale is None:
        return False
    return column.is_rating or (column.scale.row is not None and len(ROWS[column.scale.row]) > 2)


def code_of(column: Column) -> str:
    """The code before the number of a column, "Q3" of "Q3_1"; blank where it has none."""
    name = min((column.name, *column.question.names), key=len)
    match = None if " " in name else _CODE.match(name)
    return (match.group(1) or match.group(2)) if match else ""


def _matrix(members: list[Column]) -> list[list[Column]]:
    """The rows of one question, on the scale of all their answers; by kind where these come from no single scale."""
    scaled = [column for column in members if column.scale is not None]
    pooled = None
    if len({tuple(column.question.labels.items()) for column in scaled}) == 1:
        pooled = _pooled(scaled, _words_without_scale(members))
    if pooled is None:
        by_kind: dict[str, list[Column]] = {}
        for column in scaled:
            by_kind.setdefault(_kind_of(column), []).append(column)
        return [_on_one_scale(alike) for alike in by_kind.values()]
    rows = []
    for column in members:
        strange = _strange_words(column, pooled, len(scaled))
        if strange is not None:
            rows.append(replace(column, unordered=(), scale=replace(pooled, missing=(*pooled.missing, *strange))))
    return [rows]


def _words_without_scale(members: Sequence[Column]) -> list[str]:
    """The answers of rows that show no scale by themselves, such as one in which everybody says the same."""
    words: list[str] = []
    for column in members:
        if column.scale is None:
            words += column.words
    return words


def _strange_words(column: Column, pooled: Scale, rows: int) -> list[str] | None:
    """The answers of a column that no other row of its matrix has; None where it does not belong on their scale."""
    if column.scale is not None:
        return []
    numbers = pooled.numbers_of(column.words)
    silent = set(pooled.missing)
    strange = [word for word, number in numbers.items() if math.isnan(number) and word not in silent]
    answered = len(numbers) - len(strange)
    if not strange and answered:
        return []
    if rows < 2 or not answered or len(strange) > min(MOST_STRANGE, answered) or any(map(_NUMBER.fullmatch, strange)):
        return None
    return strange


def _pooled(members: Sequence[Column], others: Sequence[str] = ()) -> Scale | None:
    """The scale of all answers of some columns together, and of `others` if it has them."""
    words: list[str] = []
    for column in members:
        words += column.words
    labels = members[0].question.labels
    pooled = scale_of(list(dict.fromkeys(words)), labels)
    if pooled is None or pooled.row is None or not others:
        return pooled
    further = [word for word in others if places_of(ROWS[pooled.row], [fold_label(word)]) is not None]
    return scale_of(list(dict.fromkeys([*words, *further])), labels) or pooled


def _on_one_scale(members: list[Column]) -> list[Column]:
    """The same columns on the scale of all their answers together, unless most show that they have scales of their own.

    Of words, a column shows that by all labels of a shorter scale; of numbers, by its ends.
    """
    pooled = _pooled(members)
    if pooled is None:
        return members
    alike = 0
    for column in members:
        alike += column.scale is not None and _may_be(column, column.scale, pooled)
    return members if 2 * alike < len(members) else [replace(column, scale=pooled) for column in members]


def _may_be(column: Column, own: Scale, pooled: Scale) -> bool:
    """Whether the answers of a column could come from the scale of all; 0 may be there for "no answer" alone."""
    if own.row is not None:
        shown = set(own.numbers_of(column.words).values()) & set(own.labels)
        is_whole = len(shown) == len(own.labels) > 2 and len(own.labels) % 2 == 1
        return own.key == pooled.key or not is_whole
    return own.high == pooled.high and own.low in (pooled.low, pooled.low + 1)
