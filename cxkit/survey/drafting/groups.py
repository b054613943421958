"""Which items may belong together, and which run against the others: guesses that a person has to confirm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from cxkit.survey.drafting.column import Column
from cxkit.survey.drafting.families import code_of

LEAST_TO_SPLIT = 6
"""Fewer items than this are not looked at for more than one dimension."""
PERMUTATIONS, SEED = 50, 20260101
"""Parallel analysis (Horn 1965) with answers shuffled within items; the seed is fixed, so that a draft repeats."""
LEAST_PEOPLE = 20
"""Correlations of fewer people say nothing of what belongs together."""
BY_CHANCE = 0.001
"""Columns are a ranking where answers at random would hardly look like one."""
OPPOSED = 1.96
"""Halves run against each other where their negative correlation exceeds so many standard errors, 1/sqrt(n)."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Columns that may be one dimension, and those among them that run against the rest.

    `code` is what stands before the number of each, blank where they have none or are a part of those that share it.
    `opposed` are two halves of which nobody can tell which one is turned round.
    """

    columns: tuple[Column, ...]
    turned: frozenset[str] = frozenset()
    is_split: bool = False
    code: str = ""
    opposed: tuple[tuple[str, ...], ...] = ()


def split(family: Sequence[Column], answers: np.ndarray) -> list[Group]:
    """The groups of one family, by the correlations of its answers: a row a respondent, NaN where not answered."""
    parts = _parts(answers)
    groups = []
    for part in range(int(parts.max()) + 1):
        inside = np.flatnonzero(parts == part)
        against = _against(answers[:, inside])
        is_half = 2 * against.sum() == len(against)
        turned = against & (not is_half)
        names = frozenset(family[int(place)].name for place in inside[turned])
        chosen = tuple(family[int(place)] for place in inside)
        is_split = bool(parts.max())
        code = "" if is_split else code_of(chosen[0])
        groups.append(
            Group(columns=chosen, turned=names, is_split=is_split, code=code, opposed=_halves(chosen, against))
        )
    return groups


def _halves(columns: Sequence[Column], against: np.ndarray) -> tuple[tuple[str, ...], ...]:
    """The names of both halves where as many items run one way as the other."""
    halves: dict[bool, list[str]] = {}
    for column, is_against in zip(columns, against, strict=True):
        halves.setdefault(bool(is_against), []).append(column.name)
    is_even = len(halves) == 2 and len(halves[True]) == len(halves[False])
    return tuple(map(tuple, halves.values())) if is_even else ()


def is_ranking(answers: np.ndarray) -> bool:
    """Whether people put the columns in order: nobody gives a place twice, and there are no more places than columns.

    Such columns add up to the same sum for everybody. Whoever answers m of k columns at random gives no place twice
    with a probability of k!/((k - m)! k^m); over all people that has to be small.
    """
    columns = answers.shape[1]
    if columns < 2 or np.isnan(answers).all() or np.nanmin(answers) != 1 or np.nanmax(answers) > columns:
        return False
    chance = 0.0
    for row in answers:
        places = row[~np.isnan(row)]
        if len(set(places)) < len(places):
            return False
        chance += math.lgamma(columns + 1) - math.lgamma(columns - len(places) + 1) - len(places) * math.log(columns)
    return chance < math.log(BY_CHANCE)


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


def _against(answers: np.ndarray) -> np.ndarray:
    """Which items run against the first principal component, where half or fewer do."""
    items = answers.shape[1]
    none = np.zeros(items, dtype=bool)
    complete = answers[~np.isnan(answers).any(axis=1)]
    if items < 2 or len(complete) < LEAST_PEOPLE or (complete.std(axis=0) == 0).any():
        return none
    correlations = np.corrcoef(complete, rowvar=False)
    if items == 2:
        is_opposed = correlations[0, 1] * math.sqrt(len(complete)) < -OPPOSED
        return np.array([False, is_opposed])
    first = np.linalg.eigh(correlations)[1][:, -1]
    against = first * (np.sign(np.median(np.sign(first))) or np.sign(first[0])) < 0
    if 2 * against.sum() < items:
        return against
    across = correlations[np.ix_(against, ~against)].mean()
    is_half = 2 * against.sum() == items and across * math.sqrt(len(complete)) < -OPPOSED
    return against if is_half else none
