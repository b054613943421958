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


def few_by_items_and_scores(given: np.ndarray, scored: np.ndarray, groups: np.ndarray) -> list[tuple[int, ...]]:
    """Sets of few people of whose answers a sum follows, given item sums over everybody beside sums of scores.

    Unknown is every answer. An item's sum counts each of its answers once, a sum of scores (over everybody and over
    every row of `groups`) each answer divided by how many items its respondent answered. A set is exposed if some
    combination of these sums holds answers of nobody else. What the sums of scores tell without the items is left to
    the other attackers. Goes through all sets of up to four kinds of people, who left the same items out and are in
    the same groups.
    """
    codes = np.column_stack([given, scored, groups.T])
    _, first, kind, sizes = np.unique(codes, axis=0, return_index=True, return_inverse=True, return_counts=True)
    answered, share = given[first].astype(float), (scored / np.maximum(given.sum(axis=1), 1))[first]
    everybody_too = np.vstack([np.ones(len(first)), groups[:, first]])
    by_item = np.array([np.where(np.arange(given.shape[1]) == item, answered, 0) for item in range(given.shape[1])])
    by_score = np.array([(row * share)[:, None] * answered for row in everybody_too])
    small = [place for place in range(len(first)) if sizes[place] < MINIMUM_CELL and answered[place].any()]
    found = []
    for count in range(1, MINIMUM_CELL):
        for places in combinations(small, count):
            if sizes[list(places)].sum() < MINIMUM_CELL:
                others = np.setdiff1d(np.arange(len(first)), places)
                if _is_exposed(np.concatenate([by_item, by_score]), others) and not _is_exposed(by_score, others):
                    found.append(tuple(np.flatnonzero(np.isin(kind, places)).tolist()))
    return found


def _is_exposed(sums: np.ndarray, others: np.ndarray) -> bool:
    """Whether some combination of the sums, which is not nothing, leaves the others out."""
    rank = np.linalg.matrix_rank(sums.reshape(len(sums), -1), tol=1e-9)
    return bool(rank > np.linalg.matrix_rank(sums[:, others].reshape(len(sums), -1), tol=1e-9))
