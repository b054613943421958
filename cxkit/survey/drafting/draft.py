"""A draft of an instrument: what the columns of a file seem to be, before it is written as TOML."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cxkit.survey.drafting.column import Column, answers_of, look_at
from cxkit.survey.drafting.families import families
from cxkit.survey.drafting.groups import Group, is_ranking, split
from cxkit.survey.drafting.left import reason_for
from cxkit.survey.drafting.numbers import HIGHEST
from cxkit.survey.drafting.roles import Role, guess_roles
from cxkit.survey.instrument import Measure
from cxkit.survey.tables import Table

LEAST_ITEMS = 3
"""So many columns of one scale and family are taken for items without a doubt that they may describe people."""
LEAST_TOP = 8
"""From 0 to 10 somebody chose at least this; the scales that end lower end at 7."""
MOST_WORDS = 6
"""A short question on a scale, outside such a family, may ask who somebody is."""
_MEASURES: tuple[tuple[Measure, str], ...] = (
    (
        "enps",
        r"recommend.*(work|employer)|(work|employer).*recommend|arbeitgeber.*empfehl|empfehl.*arbeitgeber|\benps\b",
    ),
    ("nps", r"recommend|weiterempfehl|empfehlen|recommand|recomend|consigli|aanbevel|推荐|\bnps\b"),
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
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    singles: tuple[Single, ...]
    roles: tuple[Role, ...]
    left: Mapping[str, str]


def draft(table: Table) -> Draft:
    """Sort the columns of a table into items, single items, attributes of respondents, and others."""
    columns = [look_at(question, table.cells[question.column]) for question in table.questions if not question.is_own]
    singles = [_single(one, measure) for one in columns if (measure := _measure_of(one))]
    asked = {one.column.name for one in singles}
    groups, rankings = _groups([column for column in columns if column.name not in asked])
    sure = {column.name for one in groups if len(one.columns) >= LEAST_ITEMS for column in one.columns}
    roles = guess_roles(_describing(columns, sure | asked | rankings))
    taken = {role.column.name for role in roles}
    kept = [trimmed for one in groups if (trimmed := _without(one, taken)) is not None]
    items = {column.name for one in kept for column in one.columns}
    left = {}
    for column in columns:
        if column.name not in items | asked | taken:
            left[column.name] = reason_for(column, is_ranked=column.name in rankings)
    return Draft(
        table=table, columns=tuple(columns), groups=tuple(kept), singles=tuple(singles), roles=tuple(roles), left=left
    )


def _groups(columns: list[Column]) -> tuple[list[Group], set[str]]:
    """The items by what may belong together, and the names of columns that are places in a ranking."""
    groups: list[Group] = []
    rankings: set[str] = set()
    for family in families(columns):
        by_scale: dict[tuple[object, ...], list[Column]] = {}
        for column in family:
            if column.scale is not None and (column.is_rating or column.question.stem):
                by_scale.setdefault(column.scale.key, []).append(column)
        for alike in by_scale.values():
            answers = answers_of(alike)
            if is_ranking(answers):
                rankings |= {column.name for column in alike}
            elif alike[0].is_rating:
                groups += split(alike, answers)
    return groups, rankings


def _describing(columns: list[Column], items: Collection[str]) -> list[Column]:
    """The columns that may say who somebody is: no items, and no rows of a matrix."""
    stems = [column.question.stem for column in columns]
    kept = []
    for column in columns:
        is_row = bool(column.question.stem) and stems.count(column.question.stem) > 1
        if column.name not in items and not is_row and _may_describe(column):
            kept.append(column)
    return kept


def _single(column: Column, measure: Measure) -> Single:
    """The item on its scale; NPS is asked from 0 to 10, of which not every file shows the ends."""
    if measure in ("nps", "enps") and column.scale is not None:
        column = replace(column, scale=replace(column.scale, low=0, high=HIGHEST))
    return Single(column=column, measure=measure)


def _measure_of(column: Column) -> Measure | None:
    """The usual measure that a question on a scale seems to be; for NPS, up to 10 only, or a little less."""
    if column.scale is None or column.question.stem:
        return None
    for measure, pattern in _MEASURES:
        if re.search(pattern, column.text.casefold()):
            return measure if LEAST_TOP <= column.scale.high <= HIGHEST or measure in ("csat", "ces") else None
    return None


def _may_describe(column: Column) -> bool:
    if column.scale is None:
        return True
    is_opinion = column.scale.row is not None and column.scale.is_rating
    return not is_opinion and len(column.text.split()) <= MOST_WORDS


def _without(one: Group, names: set[str]) -> Group | None:
    """The group without columns that describe respondents; None where too few are left for a dimension."""
    rest = tuple(column for column in one.columns if column.name not in names)
    opposed = one.opposed if len(rest) == len(one.columns) else ()
    return replace(one, columns=rest, opposed=opposed) if len(rest) > 1 else None
