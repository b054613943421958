"""Which submissions of a class resemble each other, and how unusual that is among all pairs of the class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxkit.coursework.similarity.code import Code, read_code
from cxkit.coursework.similarity.fingerprints import run_hashes, winnowed
from cxkit.coursework.similarity.passages import Passage, matched_passages

COMMON_SHARE = 0.25
"""A fragment that more than this share of the class has is common, and no evidence."""

COMMON_COUNT = 5
"""But never if five or fewer have it: in a small class a quarter is two."""

LEAST_FRAGMENTS = 10
"""Own code of fewer rare runs of tokens is counted as if it had so many: three equal lines are not 100 %."""

LEAST_SUBTREES = 20
"""The same for subtrees, of which a line has several, one within the other."""

FENCES = 3.0
"""A pair is listed above the third quartile of all pairs plus so many interquartile ranges (Tukey 1977: far out)."""

LEAST_LISTED = 0.3
"""And never below three tenths of the shorter one's own code."""


@dataclass(frozen=True, kw_only=True)
class SimilarPair:
    """Two submissions and what they share beyond the released notebook, the model and what many have.

    Attributes
    ----------
    left, right : str
        Ids of the students.
    similarity : float
        From 0 to 1: the mean of `tokens` and `structure`, or `tokens` alone where one of the two does not parse.
    tokens, structure : float, float or None
        Share of the shorter one's own code that stands in the other, too; rare fragments weigh more.
    larger_than : float
        The share of all pairs of the class that are less similar.
    passages : tuple of Passage
        Where it stands.
    """

    left: str
    right: str
    similarity: float
    tokens: float
    structure: float | None
    larger_than: float
    passages: tuple[Passage, ...] = ()

    @property
    def lines(self) -> tuple[int, int]:
        """Lines in matched passages, of the one and of the other."""
        return (
            len({line for passage in self.passages for line in passage.left}),
            len({line for passage in self.passages for line in passage.right}),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassSimilarity:
    """The pairs of a class.

    Attributes
    ----------
    codes : dict
        The code of each student whose notebook has any.
    pairs : tuple of SimilarPair
        Those that stand out, the most similar first.
    all_similarities : array
        Of every pair, sorted: what a pair is to be compared with.
    listed_from : float
        Pairs of at least this similarity stand out.
    without_code : tuple of str
        Students who handed in no code of their own.
    unparsable : dict
        Cells (from 1) that are no valid Python, by student; compared by tokens alone.
    cut : tuple of str
        Students whose notebooks were too long to be compared to the end.
    settings : dict
        What was compared, and how.
    """

    codes: Mapping[str, Code]
    pairs: tuple[SimilarPair, ...]
    all_similarities: np.ndarray
    listed_from: float
    without_code: tuple[str, ...] = ()
    unparsable: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def class_similarity(
    notebooks: Mapping[str, Mapping[str, Any]],
    *,
    released: Iterable[Mapping[str, Any]] = (),
    model: Iterable[Mapping[str, Any]] = (),
    most: int = 30,
) -> ClassSimilarity:
    """Which submissions share more than honest work on the same assignment does?

    Parameters
    ----------
    notebooks : mapping
        The submitted notebooks as plain data, by student.
    released, model : iterable of mapping
        The released notebook and the model solution (and its planted variants): fragments of these are no evidence.
    most : int
        Pairs to list at most.

    Returns
    -------
    ClassSimilarity
        Evidence for a person to look at, never a verdict.
    """
    codes = {student: read_code(notebook) for student, notebook in sorted(notebooks.items())}
    given = [read_code(notebook) for notebook in (*released, *model)]
    given_runs = np.unique(np.concatenate([run_hashes(code.tokens) for code in given])) if given else _NONE
    given_trees = frozenset().union(*(code.subtrees for code in given))
    runs = [np.setdiff1d(winnowed(run_hashes(code.tokens)), given_runs) for code in codes.values()]
    trees = [np.array(sorted(code.subtrees - given_trees), dtype=np.uint64) for code in codes.values()]
    tokens, own_tokens, common = _shared(runs, LEAST_FRAGMENTS)
    structure, own_trees, _ = _shared(trees, LEAST_SUBTREES)
    parses = np.array([not code.unparsable for code in codes.values()], dtype=bool)
    # Where hardly a tree is left the structure says nothing, and its zero would halve what the tokens say.
    known = np.logical_and.outer(parses & (own_trees > 0), parses & (own_trees > 0))
    found = _Similarities(tokens, structure, known, both=np.where(known, (tokens + structure) / 2, tokens))
    everything = np.sort(found.both[np.triu_indices(len(codes), 1)])
    listed_from = _far_out(everything)
    no_evidence = np.union1d(given_runs, common)
    pairs = [
        _similar_pair(codes, i, j, found, everything, no_evidence)
        for i, j in found.most_similar(most)
        if found.both[i, j] >= listed_from
    ]
    return ClassSimilarity(
        codes=codes,
        pairs=tuple(pairs),
        all_similarities=everything,
        listed_from=listed_from,
        without_code=tuple(name for name, own in zip(codes, own_tokens, strict=True) if own == 0),
        unparsable={name: code.unparsable for name, code in codes.items() if code.unparsable},
        cut=tuple(name for name, code in codes.items() if code.cut),
        settings={"common_share": COMMON_SHARE, "most": most},
    )


_NONE = np.array([], dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class _Similarities:
    """Of each two by tokens and by structure, where the structure is `known`, and of both together."""

    tokens: np.ndarray
    structure: np.ndarray
    known: np.ndarray
    both: np.ndarray

    def most_similar(self, most: int) -> list[tuple[int, int]]:
        """The first so many pairs, the most similar first; equal ones in the order of the class."""
        upper = np.triu_indices(len(self.both), 1)
        ordered = sorted(zip(-self.both[upper], *upper, strict=True))
        return [(int(i), int(j)) for _, i, j in ordered[:most]]


def _similar_pair(
    codes: Mapping[str, Code], i: int, j: int, found: _Similarities, everything: np.ndarray, no_evidence: np.ndarray
) -> SimilarPair:
    left, right = list(codes)[i], list(codes)[j]
    both = float(found.both[i, j])
    return SimilarPair(
        left=left,
        right=right,
        similarity=both,
        tokens=float(found.tokens[i, j]),
        structure=float(found.structure[i, j]) if found.known[i, j] else None,
        # A pair is not less similar than itself, whatever its last bits are.
        larger_than=float(np.searchsorted(everything, both - 1e-12) / len(everything)),
        passages=matched_passages(codes[left], codes[right], no_evidence),
    )


def _shared(fingerprints: Sequence[np.ndarray], fewest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each two, the weighted share of the shorter one's fingerprints (at least `fewest`) that the other has.

    An inverted index (fingerprint -> who has it) as a sparse matrix: its product with itself visits only pairs that
    share something.

    Returns
    -------
    array (n, n), array (n,), array
        Shares; the weight of each one's own fingerprints; the fingerprints that are common and do not count.
    """
    from scipy.sparse import csr_array

    n = len(fingerprints)
    if n == 0 or sum(map(len, fingerprints)) == 0:
        return np.zeros((n, n)), np.zeros(n), _NONE
    known, column = np.unique(np.concatenate(fingerprints), return_inverse=True)
    row = np.repeat(np.arange(n), [len(one) for one in fingerprints])
    holders = np.bincount(column, minlength=len(known))
    common = (holders > COMMON_COUNT) & (holders > COMMON_SHARE * n)
    # What two of 300 have says more than what fifty have: the logarithm of how rare it is, as in a search engine.
    weight = np.where(common, 0.0, np.log((n + 1) / holders))
    index = csr_array((np.sqrt(weight)[column], (row, column)), shape=(n, len(known)))
    shared = (index @ index.T).toarray()
    own = shared.diagonal().copy()
    least = fewest * np.log((n + 1) / 2)
    shared /= np.maximum(np.minimum.outer(own, own), least)
    return np.clip(shared, 0.0, 1.0), own, known[common]


def _far_out(everything: np.ndarray) -> float:
    """From which similarity on a pair stands out among all pairs of the class."""
    if len(everything) == 0:
        return LEAST_LISTED
    lower, upper = np.quantile(everything, [0.25, 0.75])
    return float(max(LEAST_LISTED, min(upper + FENCES * (upper - lower), 0.9)))
