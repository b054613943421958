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
from cxkit.sem.sample.groups import GroupData
from cxkit.sem.sample.patterns import MOST_MOMENTS, AllMoments, IncompleteNormal, cells_of
from cxkit.sem.search.model import GroupModel, Implied
from cxkit.sem.search.saturated import lowest

CHUNK = 500_000
LARGEST = 1e100
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


@dataclass(slots=True)
class IncompleteState:
    """State of the likelihood of incomplete answers: implied moments, and the likelihood there."""

    at: Implied
    normal: IncompleteNormal

    @property
    def weight(self) -> np.ndarray:
        """The inverse of every pattern's observed block, 0 elsewhere."""
        return self.normal.weight


class MaximumLikelihood:
    """Complete answers, or published moments."""

    exact = True

    def __init__(self, model: GroupModel, data: GroupData, means: bool) -> None:
        self.model, self.data, self.means = model, data, means
        sd = np.sqrt(np.diag(data.cov))
        if not sd.all() or np.linalg.eigvalsh(data.cov / np.outer(sd, sd))[0] < SINGULAR:
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
        w = state.weight
        return self.model.hessian(state.at, w, w @ state.scatter @ w, state.gap)

    def scores(self, state: Normal) -> np.ndarray:
        """Casewise derivatives of the log-likelihood; without a mean structure around the sample means."""
        assert self.data.answers is not None
        centre = state.at.mu if self.means else self.data.mean
        return self.model.scores(state.at, state.weight, self.data.answers - centre)


class FullInformation:
    """Incomplete answers: one likelihood per missing pattern, all patterns in one stack.

    With many patterns, second derivatives by the parameters are J' H J plus what the bending of the moments adds, with
    H those by the moments: H costs one matrix product over all patterns, whatever the model.
    """

    exact = means = True

    def __init__(self, model: GroupModel, data: GroupData) -> None:
        assert data.patterns is not None
        self.model, self.data, self.patterns = model, data, data.patterns
        self.share, self.cells = self.patterns.share, AllMoments(len(data.cov))
        self.floor = lowest(data)

    @property
    def by_moments(self) -> bool:
        """Whether the moments' derivatives are cheaper than those of every pattern by the parameters."""
        q, moments = self.model.n_moment, self.cells.size
        return moments <= MOST_MOMENTS and 4 * len(self.share) * q**2 > moments**2

    def state(self, theta: np.ndarray) -> IncompleteState | None:
        at = self.model.implied(theta)
        try:
            return IncompleteState(at, IncompleteNormal(self.patterns, at.mu, at.sigma))
        except np.linalg.LinAlgError:
            return None

    def value(self, state: IncompleteState) -> float:
        return state.normal.value - self.floor

    def gradient(self, state: IncompleteState) -> np.ndarray:
        return self.model.gradient(state.at, state.normal.lean, state.normal.mean_pull)

    def jacobian(self, state: IncompleteState) -> np.ndarray:
        """Derivative of all moments, in the order of `cells`, by the free rows."""
        cells, model, at = self.cells, self.model, state.at
        return np.concatenate([model.covariance_jacobian(at, cells.r, cells.c), model.mean_jacobian(at)])

    def _chunks(self) -> list[slice]:
        size = max(1, CHUNK // (1 + self.model.n_moment**2))
        return [slice(k, k + size) for k in range(0, len(self.share), size)]

    def information(self, state: IncompleteState) -> np.ndarray:
        if self.by_moments:
            jacobian = self.jacobian(state)
            return np.asarray(jacobian.T @ state.normal.expected_curvature(self.cells) @ jacobian)
        return sum(self.model.information(state.at, state.weight[c], self.share[c]) for c in self._chunks())  # type: ignore[return-value]

    def nearby(self, state: IncompleteState) -> np.ndarray:
        """The Hessian as it would be if everybody had left out the same share of every item: no sum over patterns.

        Products of averages stand for averages of products.
        """
        normal = state.normal
        weight = normal.inverses.average()
        gap = np.linalg.solve(weight, normal.mean_pull)
        return self.model.hessian(state.at, weight, weight - normal.lean, gap)

    def hessian(self, state: IncompleteState) -> np.ndarray:
        model, normal = self.model, state.normal
        if self.by_moments:
            jacobian = self.jacobian(state)
            bending = model.bending(state.at, normal.lean, normal.mean_pull)
            return np.asarray(jacobian.T @ normal.curvature(self.cells) @ jacobian + bending)
        pulled = normal.pulled()
        return sum(  # type: ignore[return-value]
            model.hessian(state.at, normal.weight[c], pulled[c], normal.gap[c], self.share[c]) for c in self._chunks()
        )

    def scores(self, state: IncompleteState) -> np.ndarray:
        """Casewise derivatives of the log-likelihood."""
        answers = self.data.answers
        assert answers is not None
        cells, model, normal = self.cells, self.model, state.normal
        deviations = np.where(np.isnan(answers), 0.0, answers - state.at.mu)
        pulled, kind = normal.each(deviations)
        # Derivative of 1/2 log det Sigma_k by the free rows, for all patterns at once.
        halves = cells_of(normal.weight, cells.r, cells.c) * cells.w
        constant = halves @ model.covariance_jacobian(state.at, cells.r, cells.c)
        y = pulled @ state.at.x
        return y[:, model.ui] * (model.w * y[:, model.vi] + state.at.mean_slope) - constant[kind]


class LeastSquares:
    """1/2 (s - sigma)' V (s - sigma) for given statistics; V is a matrix, or a vector for its diagonal."""

    # Gauss-Newton leaves out how the statistics bend.
    exact = False

    def __init__(self, model: GroupModel, data: GroupData, statistics: Any, weight: np.ndarray) -> None:
        self.model, self.data, self.statistics, self.weight = model, data, statistics, weight
        self.target = statistics.observed
        # Of unweighted covariances the discrepancy grows with the fourth power of the answers' unit.
        self.unit = 1.0
        if data.ordinal is None and weight.ndim == 1 and np.all(weight == 1.0):
            self.unit = float(np.exp(2 * np.log(np.diag(data.cov)).mean()))

    def state(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        implied, jacobian = self.statistics.implied(theta)
        # What is beyond this, or no number, has no square.
        return (self.target - implied, jacobian) if np.all(np.abs(implied) < LARGEST) else None

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
        self.tested = self.shares
        self.unit = min((part.unit for part in self.parts if isinstance(part, LeastSquares)), default=1.0)
        self.evaluations = 0
        self._kept: tuple[list[Any], str, np.ndarray] | None = None

    def lose_one(self) -> None:
        """Count one respondent less per group; least squares, as in lavaan, also weighs groups so in the search.

        A Wishart likelihood is searched with the groups' sizes as weights and tested with one respondent less in each
        group, as in lavaan; with several groups the two weights differ.
        """
        sizes = np.array([part.data.n - 1 for part in self.parts], dtype=float)
        self.n = int(sizes.sum())
        self.tested = sizes / sizes.sum()
        if any(isinstance(part, LeastSquares) for part in self.parts):
            self.pull = self.tested

    def states(self, z: np.ndarray) -> list[Any] | None:
        """State of every group, or None where a covariance matrix is not positive definite."""
        self.evaluations += 1
        found = []
        # A step of the search may go so far that squares overflow; there is no state at such a point, and a shorter
        # step follows.
        with np.errstate(over="ignore", invalid="ignore"):
            for part in self.parts:
                state = part.state(part.model.values(z))
                if state is None:
                    return None
                found.append(state)
        return found

    def value(self, states: list[Any] | None) -> float:
        return float("inf") if states is None else self._weighted(self.pull, states)

    def test_value(self, states: list[Any]) -> float:
        """What chi-square is twice the respondents times of."""
        return self._weighted(self.tested, states)

    def _weighted(self, weights: np.ndarray, states: list[Any]) -> float:
        return float(sum(f * part.value(s) for f, part, s in zip(weights, self.parts, states, strict=True)))

    def gradient(self, states: list[Any]) -> np.ndarray:
        return sum(
            f * (part.gradient(s) @ part.model.basis) for f, part, s in zip(self.pull, self.parts, states, strict=True)
        )

    @property
    def knows_nearby(self) -> bool:
        """Whether a stand-in of the Hessian is worth its while: see `FullInformation.nearby`."""
        return all(isinstance(part, FullInformation) and part.by_moments for part in self.parts)

    def second(self, states: list[Any], kind: str) -> np.ndarray:
        """`kind`: "information" (expected), "hessian" (observed) or "nearby", per respondent; the last one is kept."""
        if self._kept is None or self._kept[0] is not states or self._kept[1] != kind:
            self._kept = (states, kind, self._second(states, kind))
        return self._kept[2]

    def _second(self, states: list[Any], kind: str) -> np.ndarray:
        total = 0.0
        for f, part, s in zip(self.shares, self.parts, states, strict=True):
            total = total + f * (part.model.basis.T @ getattr(part, kind)(s) @ part.model.basis)
        return np.asarray(total)


class InItsUnit:
    """An objective as the search sees it: in units in which one tolerance suits answers of any unit."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.parts, self.knows_nearby = objective.parts, objective.knows_nearby

    @property
    def evaluations(self) -> int:
        return self._objective.evaluations

    def states(self, z: np.ndarray) -> list[Any] | None:
        """As of the objective itself."""
        return self._objective.states(z)

    def value(self, states: list[Any] | None) -> float:
        return self._objective.value(states) / self._objective.unit

    def gradient(self, states: list[Any]) -> np.ndarray:
        return self._objective.gradient(states) / self._objective.unit

    def second(self, states: list[Any], kind: str) -> np.ndarray:
        """As of the objective itself, in its unit."""
        return self._objective.second(states, kind) / self._objective.unit


def _singular(data: GroupData) -> str:
    where = f" of group '{data.label}'" if data.label else ""
    sd = np.sqrt(np.diag(data.cov))
    if not sd.all():
        constant = [name for name, value in zip(data.names, sd, strict=True) if value == 0]
        return f"{', '.join(constant)}{where} does not vary: such a variable cannot be in the model, so leave it out."
    roots, vectors = np.linalg.eigh(data.cov / np.outer(sd, sd))
    heavy = [data.names[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:3] if abs(vectors[i, 0]) > 0.1]
    return (
        f"The covariance matrix{where} is singular (smallest eigenvalue {roots[0]:.1e}): some items are exact "
        f"combinations of others, most of all {', '.join(heavy)}. Drop one of them."
    )
