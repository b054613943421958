"""Per group the means, covariances, missing patterns, weights and clusters: what estimators work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cxkit.errors import ModelError
from cxkit.kept import Kept
from cxkit.sem.sample.chi_square import Corrected, FitTest
from cxkit.sem.sample.patterns import Patterns
from cxkit.without_contents import without_contents


class Shared:
    """What the fits of one group's answers have in common: computed when the first asks, kept as long as the answers.

    `matrices` by name and number of moments, `numbers` by name and number of moments; the tests of the baseline
    model, its fits (a Frame and its chi-square), and its chi-squares as if answers were complete, by the options that
    they depend on.
    """

    def __init__(self) -> None:
        self.matrices: Kept[tuple[str, int], np.ndarray] = Kept(8)
        self.numbers: Kept[tuple[str, int], float] = Kept(8)
        self.baselines: Kept[tuple[Any, ...], FitTest] = Kept(4)
        self.baseline_frames: Kept[tuple[Any, ...], tuple[Any, float]] = Kept(4)
        self.corrected: Kept[tuple[Any, ...], Corrected] = Kept(4)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupData:
    """The answers of one group.

    `cov` has divisor n; `answers` is n x p with NaN where missing, None for Moments; `rows` are their positions in the
    data frame; `ordinal` are the statistics of ordered items. `settled` is False where incomplete answers have no
    maximum-likelihood estimates, or none that a search finds: `mean` and `cov` then serve as starting values only.
    """

    label: str
    names: tuple[str, ...]
    n: int
    mean: np.ndarray
    cov: np.ndarray
    answers: np.ndarray | None = None
    weights: np.ndarray | None = None
    clusters: np.ndarray | None = None
    rows: np.ndarray | None = None
    patterns: Patterns | None = None
    ordinal: Any = None
    settled: bool = True
    shared: Shared = field(default_factory=Shared)

    __repr__ = without_contents

    @property
    def size(self) -> float:
        """Number of respondents, or the sum of their weights."""
        return float(self.n if self.weights is None else self.weights.sum())

    @property
    def thresholds(self) -> dict[str, np.ndarray]:
        """Where each ordered item is cut; empty without ordered items."""
        found: dict[str, np.ndarray] = {} if self.ordinal is None else self.ordinal.thresholds
        return found

    @property
    def known_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Covariances and means to compare a model with: NaN where incomplete answers have none."""
        if self.settled:
            return self.cov, self.mean
        return np.full_like(self.cov, np.nan), np.full_like(self.mean, np.nan)

    @cached_property
    def centred(self) -> np.ndarray:
        """Answers minus means; for complete data."""
        return self.known_answers - self.mean

    @property
    def known_answers(self) -> np.ndarray:
        """The answers, which published moments do not have: a ModelError says so."""
        if self.answers is None:
            raise ModelError(
                "What does not rest on normal answers (robust errors, scaled tests, scores of respondents) needs the "
                "answers; this model was fitted to published moments. Fit it to the answers."
            )
        return self.answers

    def by_unit(self, scores: np.ndarray) -> np.ndarray:
        """Casewise values times the weights, and summed within clusters."""
        if self.weights is not None:
            scores = scores * self.weights[:, None]
        if self.clusters is None:
            return scores
        _, codes = np.unique(self.clusters, return_inverse=True)
        sums = np.zeros((codes.max() + 1, scores.shape[1]))
        np.add.at(sums, codes, scores)
        count = len(sums)
        return np.asarray(sums * np.sqrt(count / max(count - 1, 1)))

    def cross_products(self, scores: np.ndarray) -> np.ndarray:
        """Cross products of such values, per respondent."""
        scores = self.by_unit(scores)
        return scores.T @ scores / self.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """All groups, who was dropped and why; `index` is that of the whole data frame, None for Moments."""

    groups: tuple[GroupData, ...]
    n_dropped: int
    labels: tuple[str, ...]
    has_means: bool = True
    warnings: tuple[str, ...] = ()
    index: Any = None

    __repr__ = without_contents

    @property
    def n(self) -> int:
        return sum(group.n for group in self.groups)

    @property
    def settled(self) -> bool:
        """Whether the moments of every group are known: incomplete answers may have none (see `GroupData`)."""
        return all(group.settled for group in self.groups)
