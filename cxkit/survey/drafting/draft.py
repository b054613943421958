"""A draft of an instrument: what the columns of a file seem to be, before it is written as TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cxkit.survey.drafting.column import Column, Scale, look_at
from cxkit.survey.drafting.groups import Group, families, split
from cxkit.survey.drafting.roles import Role, guess_roles
from cxkit.survey.instrument import Measure
from cxkit.survey.labels import plain_words
from cxkit.survey.tables import Table

LEAST_ITEMS = 3
"""So many columns of one scale and family are taken for items without a doubt that they may describe people."""
MOST_WORDS = 6
"""A short question on a scale, outside such a family, may ask who somebody is."""
_MEASURES: tuple[tuple[Measure, str], ...] = (
    (
        "enps",
        r"recommend.*(work|employer)|(work|employer).*recommend|arbeitgeber.*empfehl|empfehl.*arbeitgeber|\benps\b",
    ),
    ("nps", r"recommend|weiterempfehl|empfehlen|recommand|recomend|consigli|aanbevel|\bnps\b"),
    (
        "csat",
        r"overall.*satisf|satisf.*overall|how satisfied|gesamtzufrieden|insgesamt zufrieden|satisfacción|\bcsat\b",
    ),
    ("ces", r"how (easy|much effort)|made it easy|\beffort\b|\bces\b|wie einfach|aufwand"),
)


@dataclass(frozen=True, kw_only=True)
class Single:
    """A column that is an item of its own, with the measure that it seems to be."""

    column: Column
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the columns of a file seem to be; `left` are those that an instrument has no place for, with the reason."""

    table: Table
    groups: tuple[Group, ...]
    singles: tuple[Single, ...]
    roles: tuple[Role, ...]
    left: Mapping[str, str]


def draft(table: Table) -> Draft:
    """Sort the columns of a table into items, single items, attributes of respondents, and others."""
    columns = [look_at(question, table.cells[question.column]) for question in table.questions if not question.is_own]
    singles = [_single(one, measure) for one in columns if (measure := _measure_of(one))]
    asked = {one.column.name for one in singles}
    rated = [column for column in columns if _is_rating(column) and column.name not in asked]
    groups: list[Group] = []
    for family in families(rated):
        by_scale: dict[tuple[int, int], list[Column]] = {}
        for column in family:
            by_scale.setdefault(_ends(column), []).append(column)
        for alike in by_scale.values():
            groups += split(alike, _answers(alike))
    sure = {column.name for one in groups if len(one.columns) >= LEAST_ITEMS for column in one.columns}
    roles = guess_roles([column for column in columns if column.name not in sure | asked and _may_describe(column)])
    taken = {role.column.name for role in roles}
    kept = [trimmed for one in groups if (trimmed := _without(one, taken)) is not None]
    items = {column.name for one in kept for column in one.columns}
    left = {column.name: _reason(column) for column in columns if column.name not in items | asked | taken}
    return Draft(table=table, groups=tuple(kept), singles=tuple(singles), roles=tuple(roles), left=left)


def _ends(column: Column) -> tuple[int, int]:
    return (column.scale.low, column.scale.high) if column.scale else (0, 0)


def _single(column: Column, measure: Measure) -> Single:
    """The item on its scale; NPS is asked from 0, which not every file shows."""
    if measure in ("nps", "enps") and column.scale is not None and column.scale.low:
        column = replace(column, scale=replace(column.scale, low=0, is_whole=False))
    return Single(column=column, measure=measure)


def _is_rating(column: Column) -> bool:
    """Whether a column has three answers or more: of two, most are boxes that could be ticked."""
    return column.scale is not None and column.scale.high - column.scale.low > 1


def _measure_of(column: Column) -> Measure | None:
    """The usual measure that a question on a scale seems to be; for NPS, up to 10 only."""
    if column.scale is None or column.question.stem:
        return None
    for measure, pattern in _MEASURES:
        if re.search(pattern, column.text.casefold()):
            return measure if column.scale.high == 10 or measure in ("csat", "ces") else None
    return None


def _may_describe(column: Column) -> bool:
    return column.scale is None or len(column.text.split()) <= MOST_WORDS


def _without(one: Group, names: set[str]) -> Group | None:
    """The group without columns that describe respondents; None where too few are left for a dimension."""
    rest = tuple(column for column in one.columns if column.name not in names)
    return replace(one, columns=rest) if len(rest) > 1 else None


def _reason(column: Column) -> str:
    """Why a column is not used."""
    if column.filled.empty:
        return "nobody answered it"
    if column.scale is not None:
        return "the only question on its scale" if _is_rating(column) else "two answers only, as of a box to tick"
    if column.unordered:
        shown = ", ".join(f"'{word}'" for word in column.unordered[:4])
        return f"choices without a known order ({shown}{', ...' if len(column.unordered) > 4 else ''})"
    return "free text, or numbers of no scale"


def _answers(columns: Sequence[Column]) -> np.ndarray:
    """The answers as numbers, a row a respondent, a column an item."""
    if not columns:
        return np.zeros((0, 0))
    people = columns[0].filled.index
    for column in columns[1:]:
        people = people.union(column.filled.index)
    answers = np.full((len(people), len(columns)), np.nan)
    for place, column in enumerate(columns):
        scale = column.scale or Scale(kind="", low=0, high=0)
        meaning = {str(number): float(number) for number in range(scale.low, scale.high + 1)}
        meaning |= scale.codes
        for number, label in scale.labels.items():
            meaning |= {plain_words(label): number, f"{number} {plain_words(label)}": number}
        read = column.filled.map(lambda cell, meaning=meaning: _read(cell, meaning))
        answers[people.get_indexer(column.filled.index), place] = read.to_numpy(dtype="float64")
    return answers


def _read(cell: str, meaning: Mapping[str, float]) -> float:
    """The number of a cell for the correlations of a draft; what needs more care is left out of them."""
    if cell in meaning:
        return meaning[cell]
    digits = re.search(r"(?<!\d)\d{1,2}(?!\d)", cell)
    number = str(int(digits.group())) if digits else ""
    return meaning.get(plain_words(cell), meaning.get(number, np.nan))
