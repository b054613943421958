"""The model that leaves every moment free: its information and casewise scores; they belong to a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxkit.sem.sample.groups import GroupData
from cxkit.sem.sample.patterns import AllMoments, IncompleteNormal, cells_of, one_pattern
from cxkit.sem.sample.singular import inverse as inverse_of
from cxkit.sem.sample.singular import solve
from cxkit.sem.search.statistics import MomentSpace

# What a sample keeps for later fits: two tables of at most so many rows.
MOST_KEPT = 1500


def free_information(data: GroupData) -> np.ndarray:
    """Observed information of all means and covariances of incomplete answers, where it is largest; kept with them."""
    assert data.patterns is not None
    patterns, cells = data.patterns, AllMoments(len(data.cov))
    return data.shared.matrices.get(
        ("all moments", cells.size), lambda: IncompleteNormal(patterns, data.mean, data.cov).curvature(cells)
    )


def lowest(data: GroupData) -> float:
    """F of the saturated model of incomplete answers, below which no model gets; kept with them."""
    assert data.patterns is not None
    patterns = data.patterns
    return data.shared.numbers.get(
        ("lowest", len(data.cov)), lambda: IncompleteNormal(patterns, data.mean, data.cov).value
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Saturated:
    """All moments of one group that `space` counts, as parameters; derivatives are in its order."""

    data: GroupData
    space: MomentSpace

    @property
    def information(self) -> np.ndarray:
        """Observed information at the sample's own moments, per respondent; kept with the sample."""
        data = self.data
        if data.patterns is None or self.space.size > MOST_KEPT:
            return self._kept("information", lambda: self.hessian(self.stack(data.mean, data.cov)))
        if not len(self.space.given):
            return free_information(data)
        return self._kept("information", lambda: free_information(data)[np.ix_(self._place, self._place)])

    @property
    def expected_information(self) -> np.ndarray:
        """What is expected of it at the sample's own moments; kept with the sample. The same of complete answers."""
        data, space = self.data, self.space
        if data.patterns is None:
            return self.information
        return self._kept("expected information", lambda: self.stack(data.mean, data.cov).expected_curvature(space))

    @property
    def _place(self) -> np.ndarray:
        """Where the moments of `space` stand among all moments of incomplete answers."""
        p, space = len(self.data.cov), self.space
        columns, rows = np.triu_indices(p)
        index = np.empty((p, p), dtype=int)
        index[rows, columns] = np.arange(len(rows))
        return np.concatenate([index[space.r, space.c], len(rows) + space.m])

    @property
    def cross_products(self) -> np.ndarray:
        """Cross products of the scores there, per respondent; kept with the sample."""
        scores = self.scores
        return self._kept(
            "cross products", lambda: self.data.cross_products(scores(self.stack(self.data.mean, self.data.cov)))
        )

    @property
    def spread(self) -> np.ndarray:
        """Covariance of root-n times the moments, by the sandwich; kept with the sample."""
        return self._kept("spread", lambda: solve(self.information, solve(self.information, self.cross_products).T))

    @property
    def complete(self) -> np.ndarray:
        """The information that complete answers with the same moments would give; kept with the sample."""
        return self._kept("complete", lambda: self.space.normal_weight(inverse_of(self.data.cov)))

    def _kept(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        if self.space.size > MOST_KEPT:
            return np.asarray(compute())
        return self.data.shared.matrices.get((name, self.space.size), compute)

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
        constant = cells_of(at.weight, space.r, space.c)
        if patterns is None:
            pulled = (answers - at.mean) @ at.weight[0]
        else:
            pulled, kind = at.each(np.where(np.isnan(answers), 0.0, answers - at.mean))
            constant = constant[kind]
        products = pulled.take(space.r, axis=1) * pulled.take(space.c, axis=1)
        return np.concatenate([space.w * (products - constant), pulled[:, space.m]], axis=1)
