"""Which items may belong together, and which run against the others: guesses that a person has to confirm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from cxkit.survey.drafting.column import Column, scale_of

LEAST_TO_SPLIT = 6
"""Fewer items than this are not looked at for more than one dimension."""
PERMUTATIONS, SEED = 50, 20260101
"""Parallel analysis (Horn 1965) with answers shuffled within items; the seed is fixed, so that a draft repeats."""
LEAST_PEOPLE = 20
"""Correlations of fewer people say nothing of what belongs together."""
_CODE = re.compile(r"^([A-Za-z]+\d*?)[_. -]?\d+$|^(.+?)(?:_\d+|\[[^\]]+\])$")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Columns that may be one dimension, and those among them that run against the rest.

    `code` is what stands before the number of each, blank where they have none or are a part of those that share it.
    """

    columns: tuple[Column, ...]
    turned: frozenset[str] = frozenset()
    is_split: bool = False
    code: str = ""


def families(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns that were asked together: under one stem, by one code, or one after the other with answers alike."""
    found: dict[tuple[object, ...], list[Column]] = {}
    run, before = 0, ""
    for column in columns:
        kind = column.scale.kind if column.scale else ""
        run += kind != before
        before = kind
        code = _code(column)
        key = (kind, column.question.stem, code) if code or column.question.stem else (kind, run)
        found.setdefault(key, []).append(column)
    return [_of_one_scale(members) for members in found.values()]


def _code(column: Column) -> str:
    """The code before the number of a column, "Q3" of "Q3_1"; blank where it has none."""
    name = min((column.name, *column.question.names), key=len)
    match = None if " " in name else _CODE.match(name)
    return (match.group(1) or match.group(2)) if match else ""


def _of_one_scale(members: list[Column]) -> list[Column]:
    """The same columns on the scale of all their answers together, where half of them or more show its ends.

    Not every answer is chosen in every question.
    """
    words: list[str] = []
    for column in members:
        words += column.filled.unique().tolist()
    pooled = scale_of(list(dict.fromkeys(words)), members[0].question.labels)
    if pooled is None:
        return members
    alike = 0
    for column in members:
        alike += column.scale is not None and (column.scale.low, column.scale.high) == (pooled.low, pooled.high)
    return members if 2 * alike < len(members) else [replace(column, scale=pooled) for column in members]


def split(family: Sequence[Column], answers: np.ndarray) -> list[Group]:
    """The groups of one family, by the correlations of its answers: a row a respondent, NaN where not answered."""
    parts = _parts(answers)
    groups = []
    for part in range(int(parts.max()) + 1):
        inside = np.flatnonzero(parts == part)
        turned = _turned(answers[:, inside])
        names = frozenset(family[int(place)].name for place in inside[turned])
        chosen = tuple(family[int(place)] for place in inside)
        is_split = bool(parts.max())
        groups.append(Group(columns=chosen, turned=names, is_split=is_split, code="" if is_split else _code(chosen[0])))
    return groups


def _parts(answers: np.ndarray) -> np.ndarray:
    """The part of each item: as many as parallel analysis finds factors, by average linkage of 1 - |r|."""
    items = answers.shape[1]
    one = np.zeros(items, dtype=int)
    complete = answers[~np.isnan(answers).any(axis=1)]
    if items < LEAST_TO_SPLIT or len(complete) < LEAST_PEOPLE or (complete.std(axis=0) == 0).any():
        return one
    correlations = np.corrcoef(complete, rowvar=False)
    factors = _count_factors(correlations, complete)
    if factors < 2:
        return one
    apart = squareform(1 - np.abs(correlations), checks=False)
    found = fcluster(linkage(apart, "average"), min(factors, items // 2), "maxclust") - 1
    if np.bincount(found).min() < 2:  # an item on its own is no dimension
        return one
    first = [int(np.flatnonzero(found == part)[0]) for part in range(found.max() + 1)]
    return np.argsort(np.argsort(first))[found]


def _count_factors(correlations: np.ndarray, answers: np.ndarray) -> int:
    """How many eigenvalues are larger than 95 of 100 of shuffled answers."""
    random = np.random.default_rng(SEED)
    shuffled = []
    for _ in range(PERMUTATIONS):
        shuffled.append(np.linalg.eigvalsh(np.corrcoef(random.permuted(answers, axis=0), rowvar=False))[::-1])
    larger = np.linalg.eigvalsh(correlations)[::-1] > np.quantile(shuffled, 0.95, axis=0)
    return int(larger.argmin()) if not larger.all() else len(larger)


def _turned(answers: np.ndarray) -> np.ndarray:
    """Which items run against the first principal component, where fewer than half do."""
    complete = answers[~np.isnan(answers).any(axis=1)]
    if answers.shape[1] < 3 or len(complete) < LEAST_PEOPLE or (complete.std(axis=0) == 0).any():
        return np.zeros(answers.shape[1], dtype=bool)
    first = np.linalg.eigh(np.corrcoef(complete, rowvar=False))[1][:, -1]
    against = first * np.sign(np.median(np.sign(first)) or 1) < 0
    return against if 2 * against.sum() < len(against) else np.zeros(len(against), dtype=bool)
