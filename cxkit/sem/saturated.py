"""The model that leaves every moment free: its information and casewise scores; they belong to a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxkit.sem.moments import GroupData
from cxkit.sem.patterns import IncompleteNormal, one_pattern
from cxkit.sem.statistics import MomentSpace

# What a sample keeps for later fits: two tables of at most so many rows.
MOST_KEPT = 1500


@dataclass(frozen=True, kw_only=True, eq=False)
class Saturated:
    """All moments of one group that `space` counts, as parameters; derivatives are in its order."""

    data: GroupData
    space: MomentSpace

    @property
    def information(self) -> np.ndarray:
        """Observed information at the sample's own moments, per respondent; kept with the sample."""
        return self._kept("information", lambda: self.hessian(self.stack(self.data.mean, self.data.cov)))

    @property
    def cross_products(self) -> np.ndarray:
        """Cross products of the scores there, per respondent; kept with the sample."""
        scores = self.scores
        return self._kept(
            "cross products", lambda: self.data.cross_products(scores(self.stack(self.data.mean, self.data.cov)))
        )

    def _kept(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        key, kept = f"saturated {name} {self.space.size}", self.data.extra
        if key in kept:
            return np.asarray(kept[key])
        found = compute()
        if self.space.size <= MOST_KEPT:
            kept[key] = found
        return found

    def stack(self, mean: np.ndarray, cov: np.ndarray) -> IncompleteNormal:
        """The likelihood where these are the moments; without a mean structure, means are as found."""
        patterns = self.data.patterns
        if patterns is None:
            mean = mean if len(self.space.m) else self.data.mean
            patterns = one_pattern(self.data.n, self.data.mean, self.data.cov)
        return IncompleteNormal(patterns, mean, cov)

    def hessian(self, at: IncompleteNormal) -> np.ndarray:
        """Observed information of one respondent."""
        return at.curvature(self.space)

    def scores(self, at: IncompleteNormal) -> np.ndarray:
        """Derivative of each respondent's log-likelihood."""
        data, space = self.data, self.space
        answers = data.answers
        assert answers is not None
        patterns = data.patterns
        groups: Sequence[Any] = [slice(None)] if patterns is None else patterns.rows
        deviations = answers - at.mean if patterns is None else np.where(np.isnan(answers), 0.0, answers - at.mean)
        pulled, constant = np.empty_like(answers), np.empty((len(answers), len(space.r)))
        for rows, weight in zip(groups, at.weight, strict=True):
            pulled[rows] = deviations[rows] @ weight
            constant[rows] = weight[space.r, space.c]
        products = pulled[:, space.r] * pulled[:, space.c]
        return np.concatenate([space.w * (products - constant), pulled[:, space.m]], axis=1)
