"""Attackers who hold exact sums over groups of people; written without the kit's own rules and search."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from cxkit.survey.privacy import MINIMUM_CELL


def few_in_span(known: np.ndarray, minimum: int = MINIMUM_CELL) -> list[tuple[int, ...]]:
    """Sets of people that follow from sums over the known groups: the projection onto these leaves nothing of them.

    Goes through all sets of up to four kinds of people, where people of the same groups are of one kind.
    """
    kinds, sizes = np.unique(known.astype(float), axis=1, return_counts=True)
    unreached = np.eye(len(sizes)) - np.linalg.pinv(kinds) @ kinds
    small = np.flatnonzero(sizes < minimum)
    found = []
    for count in range(1, 5):
        sets = np.array(list(combinations(small, count)), dtype=int).reshape(-1, count)
        sets = sets[sizes[sets].sum(axis=1) < minimum]
        lengths = sum(unreached[sets[:, i], sets[:, j]] for i in range(count) for j in range(count))
        found += [tuple(cells) for cells in sets[np.abs(lengths) < 1e-9]] if len(sets) else []
    return found


def few_by_signed_sums(known: np.ndarray, most: int = 4) -> bool:
    """Whether adding and subtracting up to four of the known groups leaves few people."""
    for count in range(1, most + 1):
        for places in combinations(range(len(known)), count):
            for signs in product((1, -1), repeat=count):
                left = np.array(signs) @ known[list(places)].astype(int)
                if set(np.unique(left)) <= {0, 1} and 0 < left.sum() < MINIMUM_CELL:
                    return True
    return False
