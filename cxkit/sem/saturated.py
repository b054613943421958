"""The model that leaves every moment free: its information and casewise scores, which belong to a sample, not a model.

Second derivatives of 1/2 [log det Sigma + tr(W T)] by two covariances are sums of W[a, c] (W T W - W / 2)[b, d], so
over any number of missing patterns they come from one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxkit.sem.moments import GroupData
from cxkit.sem.patterns import pattern_inverses
from cxkit.sem.statistics import MomentSpace

# What a sample keeps for later fits: two tables of at most so many rows.
MOST_KEPT = 1500


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One matrix or vector per missing pattern (one in all where answers are complete), and the pattern's share."""

    mean: np.ndarray
    share: np.ndarray
    weight: np.ndarray
    scatter: np.ndarray
    gap: np.ndarray


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

    def stack(self, mean: np.ndarray, cov: np.ndarray) -> Stack:
        """What the likelihood is made of where these are the moments; without a mean structure, means are as found."""
        patterns = self.data.patterns
        if patterns is None:
            mean = mean if len(self.space.m) else self.data.mean
            share, found, scatter, weight = np.ones(1), self.data.mean[None], self.data.cov, np.linalg.inv(cov)[None]
            gap = found - mean
        else:
            share, found, scatter = patterns.counts / patterns.counts.sum(), patterns.mean, patterns.cov
            weight, _ = pattern_inverses(patterns, cov)
            gap = (found - mean) * patterns.seen
        scatter = scatter + gap[:, :, None] * gap[:, None, :]
        return Stack(mean=mean, share=share, weight=weight, scatter=scatter, gap=gap)

    def hessian(self, at: Stack) -> np.ndarray:
        """Observed information of one respondent."""
        space = self.space
        size, k = space.size, len(space.r)
        out = np.empty((size, size))
        out[:k, :k] = self._covariances(at)
        mean_weight = np.tensordot(at.share, at.weight, 1)
        pull = (at.weight @ at.gap[:, :, None])[:, :, 0]
        # Slope of the means' derivative by each covariance: w (W[:, a] pull[b] + W[:, b] pull[a]).
        cross = np.tensordot(at.weight[:, space.m], at.share[:, None] * pull, (0, 0))
        out[k:, :k] = space.w * (cross[:, space.r, space.c] + cross[:, space.c, space.r])
        out[:k, k:] = out[k:, :k].T
        out[k:, k:] = mean_weight[np.ix_(space.m, space.m)]
        return out

    def _covariances(self, at: Stack) -> np.ndarray:
        p = at.weight.shape[1]
        rows, columns = np.tril_indices(p)
        index = np.empty((p, p), dtype=int)
        index[rows, columns] = index[columns, rows] = np.arange(len(rows))
        bent = at.weight @ at.scatter @ at.weight - 0.5 * at.weight
        first, second = (stack[:, rows, columns] for stack in (at.weight, bent))
        product = (at.share[:, None] * first).T @ second
        a, b, w = self.space.r, self.space.c, self.space.w
        out = np.empty((len(a), len(a)))
        for j, (c, d) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            ac, ad, bc, bd = index[a, c], index[a, d], index[b, c], index[b, d]
            out[j] = product[ac, bd] + product[ad, bc] + product[bc, ad] + product[bd, ac]
        return out * np.outer(w, w)

    def scores(self, at: Stack) -> np.ndarray:
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
