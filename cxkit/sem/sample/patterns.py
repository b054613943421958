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
    counts = np.bincount(which, weights, minlength=len(kinds)).astype(float)
    filled = np.where(seen, values, 0.0)
    sizes = np.diff(ends, prepend=0)
    # Most patterns of a real survey are those of one respondent, who does not vary.
    mean[sizes == 1] = filled[order[ends[sizes == 1] - 1]]
    for k in np.flatnonzero(sizes > 1):
        mean[k], cov[k] = mean_and_cov(filled[rows[k]], None if weights is None else weights[rows[k]])
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


class PatternInverses:
    """Per pattern the inverse of sigma's observed block (0 elsewhere) and its log determinant.

    With K the inverse of the whole, the inverse of the observed block is K_oo - K_om K_mm^-1 K_mo, and its log
    determinant that of sigma plus that of K_mm (partitioned inverse, Horn & Johnson, 2012, section 0.7.3). A block of
    the few missing items is far cheaper to solve than one of the many observed: what is kept is `root`, with
    K - root' root the inverse, whose rows of missing items hold rounding only. A LinAlgError says that sigma is not
    positive definite.
    """

    def __init__(self, patterns: Patterns, sigma: np.ndarray) -> None:
        self.patterns = patterns
        half = np.linalg.inv(np.linalg.cholesky(sigma))
        self.whole = half.T @ half
        self.logdet = np.full(len(patterns.seen), -2 * float(np.log(half.diagonal()).sum()))
        self.roots: list[tuple[np.ndarray, np.ndarray]] = []
        self.blocks: list[tuple[np.ndarray, np.ndarray]] = []
        for which, missing, seen in patterns.by_missing:
            if missing.shape[1] > seen.shape[1]:
                block, self.logdet[which] = _within(sigma, seen)
                self.blocks.append((which, block))
            elif missing.shape[1]:
                root, more = _without(self.whole, missing)
                self.logdet[which] += more
                self.roots.append((which, root))

    def times(self, gap: np.ndarray) -> np.ndarray:
        """Each pattern's inverse times its vector, which is 0 for missing items: one row a pattern."""
        out = gap @ self.whole
        for which, root in self.roots:
            out[which] -= ((root @ gap[which, :, None]).swapaxes(1, 2) @ root)[:, 0]
        for which, block in self.blocks:
            out[which] = (block @ gap[which, :, None])[:, :, 0]
        return np.asarray(out * self.patterns.seen)

    def average(self) -> np.ndarray:
        """The average of the inverses over respondents."""
        share, p = self.patterns.share, len(self.whole)
        beside = sum(float(share[which].sum()) for which, _ in self.blocks)
        out = (1 - beside) * self.whole
        for which, root in self.roots:
            # A row a missing item, weighted by the root of its pattern's share: one product over all patterns.
            rows = (np.sqrt(share[which])[:, None, None] * root).reshape(-1, p)
            out -= rows.T @ rows
        for which, block in self.blocks:
            out += np.tensordot(share[which], block, 1)
        return np.asarray(out)

    def stack(self, chosen: np.ndarray | None = None) -> np.ndarray:
        """The inverses themselves, of all patterns or of the chosen ones."""
        seen = self.patterns.seen if chosen is None else self.patterns.seen[chosen]
        place = np.full(len(self.patterns.seen), -1)
        place[slice(None) if chosen is None else chosen] = np.arange(len(seen))
        out = np.empty((len(seen), *self.whole.shape))
        out[seen.all(1)] = self.whole
        for which, root in self.roots:
            own = place[which] >= 0
            out[place[which[own]]] = self.whole - root[own].swapaxes(1, 2) @ root[own]
        for which, block in self.blocks:
            own = place[which] >= 0
            out[place[which[own]]] = block[own]
        # What is left in the rows of missing items is rounding.
        kind, item = np.nonzero(~seen)
        out[kind, item] = 0.0
        out[kind, :, item] = 0.0
        return out


def _without(whole: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L^-1 K_m. of the blocks that leave items out, L L' = K_mm; and by how much their log determinants are larger."""
    root = np.linalg.cholesky(whole[missing[:, :, None], missing[:, None, :]])
    more = 2 * np.log(root.diagonal(axis1=1, axis2=2)).sum(1)
    return np.linalg.inv(root) @ whole[missing], more


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
    Sigma. Most patterns of a real survey hold one respondent: their C_k is 0 and is never multiplied. F and its first
    derivatives are found without writing out any W_k of theirs.
    """

    def __init__(self, patterns: Patterns, mean: np.ndarray, cov: np.ndarray) -> None:
        self.patterns, self.mean = patterns, mean
        self.share = patterns.share
        self.inverses = PatternInverses(patterns, cov)
        self.gap = (patterns.mean - mean) * patterns.seen
        self.pull = self.inverses.times(self.gap)

    @cached_property
    def weight(self) -> np.ndarray:
        """W of every pattern."""
        return self.inverses.stack()

    @cached_property
    def value(self) -> float:
        """F, per respondent."""
        several, patterns = self.patterns.several, self.patterns
        within = (self._several * patterns.cov[several]).sum((1, 2))
        between = (self.pull * self.gap).sum(1)
        return float(0.5 * (self.share @ (self.inverses.logdet + between) + self.share[several] @ within))

    @cached_property
    def _several(self) -> np.ndarray:
        """W of the patterns within which answers vary."""
        return self.inverses.stack(self.patterns.several)

    @cached_property
    def _within(self) -> np.ndarray:
        """W C W of the patterns within which answers vary."""
        return np.asarray(self._several @ self.patterns.cov[self.patterns.several] @ self._several)

    @cached_property
    def lean(self) -> np.ndarray:
        """The average of W - W T W: twice the derivative of F by the covariances."""
        several = self.patterns.several
        out = self.inverses.average() - (self.share[:, None] * self.pull).T @ self.pull
        out -= np.tensordot(self.share[several], self._within, 1)
        return np.asarray(0.5 * (out + out.T))

    @cached_property
    def mean_pull(self) -> np.ndarray:
        """The average of W gap: minus the derivative of F by the means."""
        return np.asarray(self.share @ self.pull)

    def curvature(self, cells: Cells) -> np.ndarray:
        """Second derivative of F by the moments."""
        weight = _halves(self.weight)
        rows, columns = np.tril_indices(self.weight.shape[1])
        bent = self.pull.take(rows, axis=1) * self.pull.take(columns, axis=1)
        bent -= 0.5 * weight
        bent[self.patterns.several] += _halves(self._within)
        weight *= self.share[:, None]
        out = self._second(weight.T @ bent, cells)
        k = len(cells.r)
        out[k:, :k] = self._mean_by_covariances(cells)
        out[:k, k:] = out[k:, :k].T
        return out

    def expected_curvature(self, cells: Cells) -> np.ndarray:
        """What is expected of it where the moments are right: W T W averages to W, and nothing pulls at the means."""
        weight = _halves(self.weight)
        weight *= np.sqrt(0.5 * self.share)[:, None]
        return self._second(weight.T @ weight, cells)

    def _mean_by_covariances(self, cells: Cells) -> np.ndarray:
        """Slope of the means' derivative by each covariance: w (W[:, a] pull[b] + W[:, b] pull[a])."""
        patterns, p = self.pull.shape
        pull = self.share[:, None] * self.pull
        slopes = (pull.T @ self.weight.reshape(patterns, p * p)).reshape(p, p, p)
        both = slopes[cells.c, :, cells.r] + slopes[cells.r, :, cells.c]
        return np.asarray(cells.w * both[:, cells.m].T)

    def each(self, deviations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each respondent W times the deviations (0 where unanswered), and which pattern it is."""
        rows, out = self.patterns.rows, np.empty_like(deviations)
        sizes = np.array([len(members) for members in rows])
        kind = np.empty(len(deviations), dtype=int)
        kind[np.concatenate(rows)] = np.repeat(np.arange(len(rows)), sizes)
        alone = np.flatnonzero(sizes == 1)  # most of them in a real survey: one product for all
        own = np.concatenate([np.empty(0, dtype=int), *(rows[k] for k in alone)])
        out[own] = (deviations[own, None, :] @ self.weight[alone])[:, 0]
        for k in np.flatnonzero(sizes != 1):
            out[rows[k]] = deviations[rows[k]] @ self.weight[k]
        return out, kind

    def pulled(self) -> np.ndarray:
        """W T W of every pattern."""
        out = self.pull[:, :, None] * self.pull[:, None, :]
        out[self.patterns.several] += self._within
        return out

    def _second(self, product: np.ndarray, cells: Cells) -> np.ndarray:
        """Second derivatives of F by all moments; those by a covariance and a mean are left 0.

        `product` averages W[a, c] bent[b, d] over patterns, for the lower triangles of W and bent: one matrix product,
        whatever the number of patterns.
        """
        k = len(cells.r)
        out = np.zeros((k + len(cells.m), k + len(cells.m)))
        out[:k, :k] = _by_covariances(product, self.weight.shape[1], cells)
        out[k:, k:] = self.inverses.average()[np.ix_(cells.m, cells.m)]
        return out


def _halves(stack: np.ndarray) -> np.ndarray:
    """The lower triangles of symmetric matrices, by row."""
    return cells_of(stack, *np.tril_indices(stack.shape[1]))


def cells_of(stack: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The same cells of each matrix, a row a matrix; several times as fast as `stack[:, rows, columns]`."""
    p = stack.shape[1]
    return stack.reshape(len(stack), p * p).take(rows * p + columns, axis=1)


def _by_covariances(product: np.ndarray, p: int, cells: Cells) -> np.ndarray:
    """Second derivatives by two covariances: sums of W[a, c] bent[b, d], bent = W T W - W / 2 (expected: W / 2)."""
    rows, columns = np.tril_indices(p)
    index = np.empty((p, p), dtype=int)
    index[rows, columns] = index[columns, rows] = np.arange(len(rows))
    product = product + product.T
    out = np.empty((len(cells.r), len(cells.r)))
    for j in range(p):
        which = np.flatnonzero(cells.c == j)
        # For the cells (j, d): W[a, j] bent[b, d] + W[b, d] bent[a, j], and the same with a and b exchanged.
        part = product[index[:, j]].take(index[:, cells.r[which]], axis=1)
        out[which] = (part[cells.r, cells.c] + part[cells.c, cells.r]).T
    return out * np.outer(cells.w, cells.w)
