"""Which few people follow from the totals of larger groups: the linear algebra of differencing attacks.

A reader who holds exact sums over several groups can add and subtract them. What he can work out in this way is exactly
the row space of the matrix that says who is in which group. People who are in the same groups throughout are one cell:
no sum tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import qr, solve_triangular

ROUNDING = 1e-7
"""Entries of the reduced matrix are fractions of small whole numbers; what is nearer to a whole number is that."""
LARGE_FIRST = 1e3
"""Factor on the columns of large cells, so that the elimination takes its pivots there as long as it can."""
NULL = 1e-9
"""Sums of random numbers of size one that are nearer to zero than this are suspected to be zero."""
MOST_SETS = 50
"""Sets found at once; whoever hides groups because of them searches again."""
MOST_PAIRS = 4_000_000
"""Pairs of cells that are held in memory at once."""
SEED = 20260101
"""The search multiplies by random numbers, which decide nothing: whatever they suggest is checked exactly."""


def derivable_few(groups: np.ndarray, sizes: np.ndarray, *, minimum: int) -> list[np.ndarray]:
    """Which sets of fewer than `minimum` people can be worked out from exact sums over groups?

    Parameters
    ----------
    groups
        A row a group whose sum is known, a column a cell: whether the people of the cell are in the group.
    sizes
        How many people are in every cell.
    minimum
        The size from which a set may be known.

    Returns
    -------
    list
        The sets found, each as the positions of its cells; empty if nobody few can be worked out. Sets that one row of
        the reduced matrix shows come alone; only where there are none, those that take several rows.

    Notes
    -----
    A set is derivable if its indicator is in the row space of `groups`. With the matrix in reduced form (identity on
    the pivot cells) every vector x of the row space is the sum of the reduced rows times the values of x at the pivots.
    An indicator of a few people has a 1 at some of the pivots and a 0 at all others, so it is the plain sum of one to
    `minimum` - 1 reduced rows. Single rows are looked at one by one. A set of up to four cells that takes more of them
    is two pairs with a pivot in each: with any vector h of the null space, h adds up to zero over the set, so the sums
    of h over the two pairs are each other's negatives, which sorting finds for a random h. The search is thus complete
    for sets of up to four cells, and so for `minimum` up to 5 (while there are fewer pairs than `MOST_PAIRS`; beyond
    that, pairs with a cell that is no pivot are left out). Nothing is said of differences between two sets of people,
    or of what intervals of possible answers tell.
    """
    if not len(sizes) or not len(groups):
        return []
    pivots, reduced = _reduced(groups, sizes, minimum)
    few = np.flatnonzero(sizes[pivots] < minimum)
    pivots, reduced = pivots[few], reduced[few]
    found = _single_rows(reduced, sizes, minimum)
    return found or _several_rows(pivots, reduced, sizes, minimum)


def _reduced(groups: np.ndarray, sizes: np.ndarray, minimum: int) -> tuple[np.ndarray, np.ndarray]:
    """The pivot cells, and the rows of the reduced form: the identity there, what follows from it elsewhere."""
    scale = np.where(sizes < minimum, 1.0, LARGE_FIRST)
    triangle, order = qr(groups * scale, mode="r", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > ROUNDING).sum())
    pivots, others = order[:rank], order[rank:]
    reduced = np.zeros((rank, len(sizes)))
    reduced[np.arange(rank), pivots] = 1
    weights = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    reduced[:, others] = weights * scale[pivots][:, None] / scale[others]
    return pivots, reduced


def _single_rows(reduced: np.ndarray, sizes: np.ndarray, minimum: int) -> list[np.ndarray]:
    inside = np.abs(reduced - 1) < ROUNDING
    whole = (inside | (np.abs(reduced) < ROUNDING)).all(axis=1)
    rows = np.flatnonzero(whole & (inside @ sizes < minimum))
    return [np.flatnonzero(inside[row]) for row in rows]


def _several_rows(pivots: np.ndarray, reduced: np.ndarray, sizes: np.ndarray, minimum: int) -> list[np.ndarray]:
    """The sets of two pairs of cells with a pivot in each; the second cell of a pair may be missing (-1)."""
    firsts, seconds, sums = _pairs(pivots, reduced, sizes, minimum)
    found: dict[tuple[int, ...], np.ndarray] = {}
    for one, other in _opposites(sums):
        cells = np.unique([c for c in (firsts[one], seconds[one], firsts[other], seconds[other]) if c >= 0])
        if _follows(cells, pivots, reduced, sizes, minimum):
            found[tuple(cells)] = cells
        if len(found) == MOST_SETS:
            break
    return list(found.values())


def _opposites(sums: np.ndarray) -> Iterator[tuple[int, int]]:
    """Two places whose sums are each other's negatives, the smallest sums first."""
    order = np.argsort(np.abs(sums), kind="stable")
    ordered = np.abs(sums)[order]
    last = np.searchsorted(ordered, ordered + NULL, side="right")
    for rank in np.flatnonzero(last > np.arange(len(order)) + 1):
        for partner in order[rank + 1 : last[rank]]:
            if abs(sums[order[rank]] + sums[partner]) < NULL:
                yield int(order[rank]), int(partner)


def _pairs(
    pivots: np.ndarray, reduced: np.ndarray, sizes: np.ndarray, minimum: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pivots with a second cell or none, few people together, and the sum of a random null vector over both."""
    null = np.random.default_rng(SEED).normal(size=len(sizes))
    null[pivots] = 0
    null[pivots] = -reduced @ null
    second = np.flatnonzero(sizes < minimum)
    if len(second) * len(pivots) > MOST_PAIRS:
        second = pivots
    second = np.append(second, -1)
    people = np.append(sizes, 0)  # place -1: nobody
    few = (people[pivots][:, None] + people[second] < minimum) & (pivots[:, None] != second)
    first_place, second_place = np.nonzero(few)
    firsts, seconds = pivots[first_place], second[second_place]
    return firsts, seconds, null[firsts] + np.append(null, 0)[seconds]


def _follows(cells: np.ndarray, pivots: np.ndarray, reduced: np.ndarray, sizes: np.ndarray, minimum: int) -> bool:
    """Whether these are few people whose indicator is the sum of the reduced rows of its pivots."""
    if sizes[cells].sum() >= minimum:
        return False
    indicator = np.zeros(reduced.shape[1])
    indicator[cells] = 1
    return bool(np.abs(reduced[np.isin(pivots, cells)].sum(axis=0) - indicator).max() < ROUNDING)


def shares_of(groups: np.ndarray, sets: list[np.ndarray]) -> Iterator[np.ndarray]:
    """How often every group is counted to make each of the derivable sets: the smallest such weights."""
    indicators = np.zeros((groups.shape[1], len(sets)))
    for place, cells in enumerate(sets):
        indicators[cells, place] = 1
    counted = groups.astype(float)
    yield from np.linalg.lstsq(counted @ counted.T, counted @ indicators, rcond=None)[0].T
