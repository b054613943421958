"""Missing answers: who answered what, and the moments that maximum likelihood gives the whole sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Items whose pattern fits a whole number.
BITS = 62


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Respondents gathered by which items they answered; unanswered cells hold 0."""

    seen: np.ndarray
    counts: np.ndarray
    mean: np.ndarray
    cov: np.ndarray
    rows: tuple[np.ndarray, ...]

    @cached_property
    def both(self) -> np.ndarray:
        """1 where a pattern sees both items of a pair, patterns x items x items."""
        return (self.seen[:, :, None] & self.seen[:, None, :]).astype(float)

    @cached_property
    def filler(self) -> np.ndarray:
        """1 on the diagonal where an item is not seen, which makes an observed block invertible as a whole."""
        return np.eye(self.seen.shape[1]) * ~self.seen[:, None, :]


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
    """Per pattern the inverse of sigma's observed block (0 elsewhere) and its log determinant."""
    padded = sigma * patterns.both + patterns.filler
    logdet = 2 * np.log(np.linalg.cholesky(padded).diagonal(axis1=1, axis2=2)).sum(1)
    return np.linalg.inv(padded) * patterns.both, logdet


def saturated(patterns: Patterns, tolerance: float = 1e-10, most: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Maximum-likelihood means and covariances under missing at random, by EM over patterns.

    Steps are extrapolated (Varadhan & Roland, 2008, https://doi.org/10.1111/j.1467-9469.2007.00585.x).
    """
    share = patterns.counts / patterns.counts.sum()
    if len(share) == 1:
        return patterns.mean[0], patterns.cov[0]
    weight = share[:, None] * patterns.seen
    mean = (weight * patterns.mean).sum(0) / weight.sum(0)
    within = np.einsum("kii->ki", patterns.cov) + (patterns.mean - mean) ** 2
    sd = np.sqrt((weight * within).sum(0) / weight.sum(0))
    # One symmetric table in units of sd holds both: means in the last row.
    here = np.eye(len(mean) + 1)
    here[-1, -1] = 0.0
    scaled = _Scaled(patterns, share, mean, sd)
    for _ in range(most):
        first = scaled.step(here)
        second = scaled.step(first)
        gap, bend = first - here, second - 2 * first + here
        if np.max(np.abs(second - first)) < tolerance:
            here = second
            break
        reach = max(1.0, float(np.linalg.norm(gap)) / max(float(np.linalg.norm(bend)), 1e-300))
        ahead = here + 2 * reach * gap + reach**2 * bend
        usable = reach < 1e3 and np.linalg.eigvalsh(ahead[:-1, :-1])[0] > 0
        here = scaled.step(ahead) if usable else second
    return scaled.restore(here)


class _Scaled:
    """EM steps on standardised moments, so that one tolerance suits items of any unit."""

    def __init__(self, patterns: Patterns, share: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> None:
        z = np.where(patterns.seen, (patterns.mean - mean) / sd, 0.0)
        self.patterns = Patterns(
            seen=patterns.seen, counts=patterns.counts, mean=z, cov=patterns.cov / np.outer(sd, sd), rows=patterns.rows
        )
        self.share, self.mean, self.sd = share, mean, sd

    def step(self, table: np.ndarray) -> np.ndarray:
        cov, mean = table[:-1, :-1], table[-1, :-1]
        patterns = self.patterns
        inverse = np.linalg.inv(cov * patterns.both + patterns.filler) * patterns.both
        # The inverse is 0 where an item is not seen, so that its gap does not matter.
        pull = (inverse @ (patterns.mean - mean)[:, :, None])[:, :, 0]
        lean = np.tensordot(self.share, inverse @ patterns.cov @ inverse - inverse, 1)
        lean += (self.share[:, None] * pull).T @ pull
        shift = cov @ (self.share @ pull)
        out = np.zeros_like(table)
        out[:-1, :-1] = cov + cov @ lean @ cov - np.outer(shift, shift)
        out[-1, :-1] = out[:-1, -1] = mean + shift
        return out

    def restore(self, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.mean + table[-1, :-1] * self.sd, table[:-1, :-1] * np.outer(self.sd, self.sd)
