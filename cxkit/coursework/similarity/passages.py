"""Where two submissions say the same: matched passages, longest first, and the lines in which they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from cxkit.coursework.similarity.code import Code
from cxkit.coursework.similarity.fingerprints import RUN, run_hashes


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of tokens that stands in both submissions.

    Attributes
    ----------
    tokens : int
        Its length.
    left, right : tuple of int
        Indices of the lines (in `Code.lines`) that it covers in the one and in the other.
    """

    tokens: int
    left: tuple[int, ...]
    right: tuple[int, ...]


def matched_passages(left: Code, right: Code, common: np.ndarray, *, most: int = 60) -> tuple[Passage, ...]:
    """Which passages do two submissions share, beyond what everybody has?

    Greedy tiling: the longest common stretch first, then the longest of what is left; each token is used once.

    Parameters
    ----------
    left, right : Code
    common : array of uint64
        Runs that are no evidence: of the released notebook, of the model solution, of many in the class.
    most : int
        Passages at most; what is beyond them is short.

    Returns
    -------
    tuple of Passage
        In the order of the left submission.
    """
    left_free, right_free = _own(left.tokens, common), _own(right.tokens, common)
    waiting = [_grow(left, right, left_free, right_free, i, j) for i, j in _seeds(left, right, common)]
    heap = [(-length, i, j) for length, i, j in waiting if length >= RUN]
    heapify(heap)
    found: list[tuple[int, int, int]] = []
    while heap and len(found) < most:
        negative, i, j = heappop(heap)
        length = -negative
        taken = np.flatnonzero(~(left_free[i : i + length] & right_free[j : j + length]))
        if len(taken) == 0:
            left_free[i : i + length] = right_free[j : j + length] = False
            found.append((i, j, length))
            continue
        # Part of it went to a longer passage: what is before and what is behind it wait for their turn.
        for start, end in ((0, int(taken[0])), (int(taken[-1]) + 1, length)):
            if end - start >= RUN:
                heappush(heap, (start - end, i + start, j + start))
    return tuple(
        Passage(tokens=n, left=_lines(left.token_lines[i : i + n]), right=_lines(right.token_lines[j : j + n]))
        for i, j, n in sorted(found)
    )


def _own(tokens: np.ndarray, common: np.ndarray) -> np.ndarray:
    """For each token, whether it stands in any run that is not common: the rest may be matched by nobody."""
    own = np.zeros(len(tokens), dtype=bool)
    for start in np.flatnonzero(~np.isin(run_hashes(tokens), common)):
        own[start : start + RUN] = True
    return own


def _seeds(left: Code, right: Code, common: np.ndarray) -> list[tuple[int, int]]:
    """Starts of equal stretches. A run that stands in many places of one submission counts in its first five."""
    places: dict[int, list[int]] = defaultdict(list)
    hashes = run_hashes(right.tokens)
    for start in np.flatnonzero(~np.isin(hashes, common)):
        places[int(hashes[start])].append(int(start))
    hashes = run_hashes(left.tokens)
    kept = np.flatnonzero(~np.isin(hashes, common))
    pairs = [(int(i), j) for i in kept for j in places.get(int(hashes[i]), [])[:5]]
    # A run whose predecessor is shared, too, lies within the same stretch.
    known = set(pairs)
    return [(i, j) for i, j in pairs if (i - 1, j - 1) not in known]


def _grow(
    left: Code, right: Code, left_free: np.ndarray, right_free: np.ndarray, i: int, j: int
) -> tuple[int, int, int]:
    """How many equal tokens that are free follow from this place on, with the place."""
    room = min(len(left.tokens) - i, len(right.tokens) - j)
    same = left.tokens[i : i + room] == right.tokens[j : j + room]
    same &= left_free[i : i + room] & right_free[j : j + room]
    return (room if same.all() else int(np.argmin(same))), i, j


def _lines(places: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({int(place) for place in places}))
