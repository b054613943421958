"""How far a model is from the data: the discrepancy of each group, its derivatives, and their sum over groups.

Every discrepancy is scaled as lavaan's `fmin`: chi-square is 2 n times its sum over groups weighted by n_g / n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.linalg.lapack import dposv

from cxkit.errors import ModelError
from cxkit.sem.model import GroupModel, Implied
from cxkit.sem.moments import GroupData
from cxkit.sem.patterns import pattern_inverses

CHUNK = 500_000
SINGULAR = 1e-10


class Part(Protocol):
    """One group's share of the discrepancy. A state holds what value and derivatives have in common."""

    model: GroupModel
    data: GroupData
    # Whether `hessian` is the second derivative itself, so that Newton's method converges quadratically.
    exact: bool

    def state(self, theta: np.ndarray) -> Any: ...
    def value(self, state: Any) -> float: ...
    def gradient(self, state: Any) -> np.ndarray: ...
    def information(self, state: Any) -> np.ndarray: ...
    def hessian(self, state: Any) -> np.ndarray: ...


@dataclass(slots=True)
class Normal:
    """State of a normal likelihood: implied moments, inverse covariance, log determinant, scatter and mean gap."""

    at: Implied
    weight: np.ndarray
    logdet: Any
    scatter: np.ndarray
    gap: np.ndarray


class MaximumLikelihood:
    """Complete answers, or published moments."""

    exact = True

    def __init__(self, model: GroupModel, data: GroupData, means: bool) -> None:
        self.model, self.data, self.means = model, data, means
        sd = np.sqrt(np.diag(data.cov))
        if np.linalg.eigvalsh(data.cov / np.outer(sd, sd))[0] < SINGULAR:
            raise ModelError(_singular(data))
        logdet = np.linalg.slogdet(data.cov)[1]
        self.floor = 0.5 * (logdet + len(data.cov))
        self.identity, self.no_gap = np.eye(len(data.cov)), np.zeros(len(data.cov))

    def state(self, theta: np.ndarray) -> Normal | None:
        at = self.model.implied(theta)
        # One call for the root, whose diagonal gives the determinant, and the inverse.
        root, inverse, failed = dposv(at.sigma, self.identity)
        if failed or not np.isfinite(inverse[0, 0]):
            return None
        logdet = 2 * np.log(root.diagonal()).sum()
        if not self.means:
            return Normal(at, inverse, logdet, self.data.cov, self.no_gap)
        gap = self.data.mean - at.mu
        return Normal(at, inverse, logdet, self.data.cov + np.outer(gap, gap), gap)

    def value(self, state: Normal) -> float:
        return float(0.5 * (state.logdet + np.vdot(state.weight, state.scatter)) - self.floor)

    def gradient(self, state: Normal) -> np.ndarray:
        w = state.weight
        return self.model.gradient(state.at, w - w @ state.scatter @ w, w @ state.gap)

    def information(self, state: Normal) -> np.ndarray:
        return self.model.information(state.at, state.weight)

    def hessian(self, state: Normal) -> np.ndarray:
        return self.model.hessian(state.at, state.weight, state.scatter, state.gap)

    def scores(self, state: Normal) -> np.ndarray:
        """Casewise derivatives of the log-likelihood; without a mean structure around the sample means."""
        assert self.data.answers is not None
        centre = state.at.mu if self.means else self.data.mean
        return self.model.scores(state.at, state.weight, self.data.answers - centre)


class FullInformation:
    """Incomplete answers: one likelihood per missing pattern, all patterns in one stack."""

    exact = means = True

    def __init__(self, model: GroupModel, data: GroupData) -> None:
        assert data.patterns is not None
        self.model, self.data, self.patterns = model, data, data.patterns
        self.share = self.patterns.counts / self.patterns.counts.sum()
        self.floor = 0.0
        self.floor = self._loss(*self._stack(data.mean, data.cov))

    def _stack(self, mu: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        weight, logdet = pattern_inverses(self.patterns, sigma)
        gap = (self.patterns.mean - mu) * self.patterns.seen
        return weight, logdet, self.patterns.cov + gap[:, :, None] * gap[:, None, :], gap

    def _loss(self, weight: np.ndarray, logdet: np.ndarray, scatter: np.ndarray, _gap: np.ndarray) -> float:
        return float(0.5 * self.share @ (logdet + (weight * scatter).sum((1, 2))) - self.floor)

    def state(self, theta: np.ndarray) -> Normal | None:
        at = self.model.implied(theta)
        try:
            weight, logdet, scatter, gap = self._stack(at.mu, at.sigma)
        except np.linalg.LinAlgError:
            return None
        return Normal(at, weight, logdet, scatter, gap)

    def value(self, state: Normal) -> float:
        return self._loss(state.weight, state.logdet, state.scatter, state.gap)

    def gradient(self, state: Normal) -> np.ndarray:
        w = state.weight
        lean = np.tensordot(self.share, w - w @ state.scatter @ w, 1)
        pull = self.share @ (w @ state.gap[:, :, None])[:, :, 0]
        return self.model.gradient(state.at, lean, pull)

    def _chunks(self) -> list[slice]:
        size = max(1, CHUNK // (1 + self.model.n_moment**2))
        return [slice(k, k + size) for k in range(0, len(self.share), size)]

    def information(self, state: Normal) -> np.ndarray:
        return sum(self.model.information(state.at, state.weight[c], self.share[c]) for c in self._chunks())  # type: ignore[return-value]

    def hessian(self, state: Normal) -> np.ndarray:
        return sum(  # type: ignore[return-value]
            self.model.hessian(state.at, state.weight[c], state.scatter[c], state.gap[c], self.share[c])
            for c in self._chunks()
        )

    def scores(self, state: Normal) -> np.ndarray:
        """Casewise derivatives of the log-likelihood."""
        answers = self.data.answers
        assert answers is not None
        out = np.empty((len(answers), self.model.n_moment))
        for k, rows in enumerate(self.patterns.rows):
            deviations = np.where(self.patterns.seen[k], answers[rows] - state.at.mu, 0.0)
            out[rows] = self.model.scores(state.at, state.weight[k], deviations)
        return out


class LeastSquares:
    """1/2 (s - sigma)' V (s - sigma) for given statistics; V is a matrix, or a vector for its diagonal."""

    # Gauss-Newton leaves out how the statistics bend.
    exact = False

    def __init__(self, model: GroupModel, data: GroupData, statistics: Any, weight: np.ndarray) -> None:
        self.model, self.data, self.statistics, self.weight = model, data, statistics, weight
        self.target = statistics.observed

    def state(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        implied, jacobian = self.statistics.implied(theta)
        return (self.target - implied, jacobian) if np.all(np.isfinite(implied)) else None

    def times(self, matrix: np.ndarray) -> np.ndarray:
        """V times a vector or matrix."""
        if self.weight.ndim == 1:
            return self.weight * matrix if matrix.ndim == 1 else self.weight[:, None] * matrix
        return self.weight @ matrix

    def value(self, state: tuple[np.ndarray, np.ndarray]) -> float:
        return float(0.5 * state[0] @ self.times(state[0]))

    def gradient(self, state: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return -state[1].T @ self.times(state[0])

    def information(self, state: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return state[1].T @ self.times(state[1])

    hessian = information


class Objective:
    """The discrepancy over all groups as a function of the free parameters z."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts: list[Any] = list(parts)
        sizes = np.array([part.data.size for part in self.parts], dtype=float)
        self.n = round(sizes.sum())
        self.shares = sizes / sizes.sum()
        self.pull = self.shares
        self._kept: tuple[list[Any], str, np.ndarray] | None = None

    def lose_one(self) -> None:
        """Count one respondent less per group; least squares, as in lavaan, also weighs groups so in the search."""
        sizes = np.array([part.data.n - 1 for part in self.parts], dtype=float)
        self.n = int(sizes.sum())
        if any(isinstance(part, LeastSquares) for part in self.parts):
            self.pull = sizes / sizes.sum()

    def states(self, z: np.ndarray) -> list[Any] | None:
        """State of every group, or None where a covariance matrix is not positive definite."""
        found = []
        for part in self.parts:
            state = part.state(part.model.values(z))
            if state is None:
                return None
            found.append(state)
        return found

    def value(self, states: list[Any] | None) -> float:
        if states is None:
            return float("inf")
        return float(sum(f * part.value(s) for f, part, s in zip(self.pull, self.parts, states, strict=True)))

    def gradient(self, states: list[Any]) -> np.ndarray:
        return sum(
            f * (part.gradient(s) @ part.model.basis) for f, part, s in zip(self.pull, self.parts, states, strict=True)
        )

    def second(self, states: list[Any], kind: str) -> np.ndarray:
        """`kind` is "information" (expected) or "hessian" (observed), per respondent; the last one is kept."""
        if self._kept is None or self._kept[0] is not states or self._kept[1] != kind:
            self._kept = (states, kind, self._second(states, kind))
        return self._kept[2]

    def _second(self, states: list[Any], kind: str) -> np.ndarray:
        total = 0.0
        for f, part, s in zip(self.shares, self.parts, states, strict=True):
            total = total + f * (part.model.basis.T @ getattr(part, kind)(s) @ part.model.basis)
        return np.asarray(total)


def _singular(data: GroupData) -> str:
    where = f" of group '{data.label}'" if data.label else ""
    sd = np.sqrt(np.diag(data.cov))
    roots, vectors = np.linalg.eigh(data.cov / np.outer(sd, sd))
    heavy = [data.names[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:3] if abs(vectors[i, 0]) > 0.1]
    return (
        f"The covariance matrix{where} is singular (smallest eigenvalue {roots[0]:.1e}): some items are exact "
        f"combinations of others, most of all {', '.join(heavy)}. Drop one of them."
    )
