"""Missing answers: who answered what, and the normal likelihood of answers with gaps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cxkit.without_contents import without_contents

# Items whose pattern fits a whole number.
BITS = 62
# Largest table of second derivatives by all moments (53 items); with more items other ways are used.
MOST_MOMENTS = 1500


class Cells(Protocol):
    """Which moments are parameters: covariances of rows r and columns c (w: 1/2 for a variance), means m."""

    r: np.ndarray
    c: np.ndarray
    w: np.ndarray
    m: np.ndarray


class AllMoments:
    """Every covariance and mean, the lower triangle by column and then the means."""

    def __init__(self, p: int) -> None:
        self.c, self.r = np.triu_indices(p)
        self.w = np.where(self.r == self.c, 0.5, 1.0)
        self.m = np.arange(p)
        self.size = len(self.r) + p


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Respondents gathered by which items they answered; unanswered cells hold 0."""

    seen: np.ndarray
    counts: np.ndarray
    mean: np.ndarray
    cov: np.ndarray
    rows: tuple[np.ndarray, ...]

    __repr__ = without_contents

    @cached_property
    def share(self) -> np.ndarray:
        """The share of the sample that each pattern holds."""
        return np.asarray(self.counts / self.counts.sum())

    @cached_property
    def several(self) -> np.ndarray:
        """The patterns within which answers vary; those of one respondent have no covariances of their own."""
        return np.flatnonzero(self.cov.any(axis=(1, 2)))

    @cached_property
    def by_missing(self) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
        """Patterns with equally many gaps, to invert in one call: their numbers, missing items and seen items."""
        gaps = (~self.seen).sum(1)
        order = np.argsort(~self.seen, axis=1, kind="stable")
        out = []
        for count in np.unique(gaps):
            which = np.flatnonzero(gaps == count)
            width = self.seen.shape[1] - count
            out.append((which, order[which, width:], order[which, :width]))
        return tuple(out)


def mean_and_cov(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances with divisor n (or the sum of the weights)."""
    if weights is None:
        mean = values.mean(0)
        gaps = values - mean
        return mean, gaps.T @ gaps / len(values)
    total = weights.sum()
    mean = weights @ values / total
    gaps = values - mean
    return mean, (gaps * weights[:, None]).T @ gaps / total


def find_patterns(values: np.ndarray, weights: np.ndarray | None = None) -> Patterns:
    """Group respondents by the items they answered."""
    seen = ~np.isnan(values)
    kinds, which = _kinds(seen)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(kinds)))
    rows = tuple(np.split(order, ends[:-1]))
    p = values.shape[1]
    mean, cov = np.zeros((len(kinds), p)), np.zeros((len(kinds), p, p))
    counts = np.zeros(len(kinds))
    filled = np.where(seen, values, 0.0)
    for k, members in enumerate(rows):
        part = None if weights is None else weights[members]
        mean[k], cov[k] = mean_and_cov(filled[members], part)
        counts[k] = len(members) if part is None else part.sum()
    return Patterns(seen=kinds, counts=counts, mean=mean, cov=cov, rows=rows)


def one_pattern(n: float, mean: np.ndarray, cov: np.ndarray) -> Patterns:
    """Complete answers as a single pattern."""
    rows = (np.arange(int(n)),)
    return Patterns(
        seen=np.ones((1, len(mean)), dtype=bool), counts=np.array([n]), mean=mean[None], cov=cov[None], rows=rows
    )


def _kinds(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of a table of truths in order, and which of them each row is."""
    p = seen.shape[1]
    if p > BITS:
        kinds, which = np.unique(seen, axis=0, return_inverse=True)
        return kinds, which.ravel()
    # Rows as binary numbers sort in the same order, and far faster.
    _, first, which = np.unique(
        seen @ (1 << np.arange(p, dtype=np.int64)[::-1]), return_index=True, return_inverse=True
    )
    return seen[first], which


def pattern_inverses(patterns: Patterns, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per pattern the inverse of sigma's observed block (0 elsewhere) and its log determinant.

    With K the inverse of the whole, the inverse of the observed block is K_oo - K_om K_mm^-1 K_mo, and its log
    determinant that of sigma plus that of K_mm (partitioned inverse, Horn & Johnson, 2012, section 0.7.3). A block of
    the few missing items is far cheaper to solve than one of the many observed. A LinAlgError says that sigma is not
    positive definite.
    """
    p = len(sigma)
    root = np.linalg.cholesky(sigma)
    half = np.linalg.inv(root)
    whole, base = half.T @ half, 2 * float(np.log(root.diagonal()).sum())
    weight, logdet = np.empty((len(patterns.seen), p, p)), np.full(len(patterns.seen), base)
    for which, missing, seen in patterns.by_missing:
        if not missing.shape[1]:
            weight[which] = whole
        elif missing.shape[1] <= seen.shape[1]:
            weight[which], more = _without(whole, missing)
            logdet[which] += more
        else:
            weight[which], logdet[which] = _within(sigma, seen)
    return weight, logdet


def _without(whole: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses of the blocks that leave items out, and by how much their log determinants exceed that of all items."""
    root = np.linalg.cholesky(whole[missing[:, :, None], missing[:, None, :]])
    half = np.linalg.solve(root, whole[missing])
    out = whole - half.transpose(0, 2, 1) @ half
    rows = np.arange(len(missing))[:, None]
    # What is left in the rows of missing items is rounding.
    out[rows, missing] = 0.0
    out[rows, :, missing] = 0.0
    return out, 2 * np.log(root.diagonal(axis1=1, axis2=2)).sum(1)


def _within(sigma: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses and log determinants of the blocks of few items, 0 elsewhere."""
    rows, columns = seen[:, :, None], seen[:, None, :]
    block = sigma[rows, columns]
    out = np.zeros((len(seen), *sigma.shape))
    out[np.arange(len(seen))[:, None, None], rows, columns] = np.linalg.inv(block)
    logdet = 2 * np.log(np.linalg.cholesky(block).diagonal(axis1=1, axis2=2)).sum(1)
    return out, logdet


class IncompleteNormal:
    """The likelihood of normal answers with gaps at given means and covariances, and what its derivatives are made of.

    Per respondent F = 1/2 sum of share_k [log det Sigma_k + tr(W_k T_k)], T_k = C_k + gap_k gap_k', with C_k the
    covariances within pattern k (divisor n_k), gap_k its means minus the given ones, W_k the inverse of its block of
    Sigma. Most patterns of a real survey hold one respondent: their C_k is 0 and is never multiplied.
    """

    def __init__(self, patterns: Patterns, mean: np.ndarray, cov: np.ndarray) -> None:
        self.patterns, self.mean = patterns, mean
        self.share = patterns.share
        self.weight, self.logdet = pattern_inverses(patterns, cov)
        self.gap = (patterns.mean - mean) * patterns.seen
        self.pull = (self.weight @ self.gap[:, :, None])[:, :, 0]

    @cached_property
    def value(self) -> float:
        """F, per respondent."""
        several, patterns = self.patterns.several, self.patterns
        within = (self.weight[several] * patterns.cov[several]).sum((1, 2))
        between = (self.pull * self.gap).sum(1)
        return float(0.5 * (self.share @ (self.logdet + between) + self.share[several] @ within))

    @cached_property
    def _within(self) -> np.ndarray:
        """W C W of the patterns within which answers vary."""
        several = self.patterns.several
        return np.asarray(self.weight[several] @ self.patterns.cov[several] @ self.weight[several])

    @cached_property
    def lean(self) -> np.ndarray:
        """The average of W - W T W: twice the derivative of F by the covariances."""
        several = self.patterns.several
        out = np.tensordot(self.share, self.weight, 1) - (self.share[:, None] * self.pull).T @ self.pull
        out -= np.tensordot(self.share[several], self._within, 1)
        return np.asarray(0.5 * (out + out.T))

    @cached_property
    def mean_pull(self) -> np.ndarray:
        """The average of W gap: minus the derivative of F by the means."""
        return np.asarray(self.share @ self.pull)

    def curvature(self, cells: Cells) -> np.ndarray:
        """Second derivative of F by the moments."""
        bent = self.pulled() - 0.5 * self.weight
        return second_derivatives(self.share, self.weight, bent, self.pull, cells)

    def expected_curvature(self, cells: Cells) -> np.ndarray:
        """What is expected of it where the moments are right: W T W averages to W."""
        return second_derivatives(self.share, self.weight, 0.5 * self.weight, np.zeros_like(self.pull), cells)

    def pulled(self) -> np.ndarray:
        """W T W of every pattern."""
        out = self.pull[:, :, None] * self.pull[:, None, :]
        out[self.patterns.several] += self._within
        return out


def second_derivatives(
    share: np.ndarray, weight: np.ndarray, bent: np.ndarray, pull: np.ndarray, cells: Cells
) -> np.ndarray:
    """Second derivatives of F by all moments, averaged over patterns by `share`.

    Those by two covariances are sums of W[a, c] bent[b, d], with bent = W T W - W / 2 (or W / 2 for what is expected of
    it), so over any number of patterns they come from one matrix product.
    """
    k = len(cells.r)
    size = k + len(cells.m)
    out = np.empty((size, size))
    out[:k, :k] = _by_covariances(share, weight, bent, cells)
    # Slope of the means' derivative by each covariance: w (W[:, a] pull[b] + W[:, b] pull[a]).
    cross = np.tensordot(weight[:, cells.m], share[:, None] * pull, (0, 0))
    out[k:, :k] = cells.w * (cross[:, cells.r, cells.c] + cross[:, cells.c, cells.r])
    out[:k, k:] = out[k:, :k].T
    out[k:, k:] = np.tensordot(share, weight, 1)[np.ix_(cells.m, cells.m)]
    return out


def _by_covariances(share: np.ndarray, weight: np.ndarray, bent: np.ndarray, cells: Cells) -> np.ndarray:
    p = weight.shape[1]
    rows, columns = np.tril_indices(p)
    index = np.empty((p, p), dtype=int)
    index[rows, columns] = index[columns, rows] = np.arange(len(rows))
    first, second = (stack[:, rows, columns] for stack in (weight, bent))
    product = (share[:, None] * first).T @ second
    a, b = cells.r, cells.c
    out = np.empty((len(a), len(a)))
    for j, (c, d) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        ac, ad, bc, bd = index[a, c], index[a, d], index[b, c], index[b, d]
        out[j] = product[ac, bd] + product[ad, bc] + product[bc, ad] + product[bd, ac]
    return out * np.outer(cells.w, cells.w)
