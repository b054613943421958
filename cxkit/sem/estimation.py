"""Finding the parameters: the discrepancy of each group, and Fisher scoring that turns into Newton's method.

Every discrepancy is scaled as lavaan's `fmin`: chi-square is 2 n times its sum over groups weighted by n_g / n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, Protocol

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.model import GroupModel, Implied
from cxkit.sem.moments import GroupData, pattern_inverses

CHUNK = 3_000_000
DONE = 1e-16
LAST = 1e-9
SINGULAR = 1e-10
CLOSE = 0.05
MOST_STEPS = 150


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

    def state(self, theta: np.ndarray) -> Normal | None:
        at = self.model.implied(theta)
        try:
            half = np.linalg.cholesky(at.sigma)
        except np.linalg.LinAlgError:
            return None
        gap = self.data.mean - at.mu if self.means else np.zeros(self.model.p)
        scatter = self.data.cov + np.outer(gap, gap) if self.means else self.data.cov
        return Normal(at, np.linalg.inv(at.sigma), 2 * np.log(half.diagonal()).sum(), scatter, gap)

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
        gap = np.where(self.patterns.seen, self.patterns.mean - mu, 0.0)
        return weight, logdet, self.patterns.cov + gap[:, :, None] * gap[:, None, :], gap

    def _loss(self, weight: np.ndarray, logdet: np.ndarray, scatter: np.ndarray, _gap: np.ndarray) -> float:
        return float(0.5 * self.share @ (logdet + np.einsum("kij,kij->k", weight, scatter)) - self.floor)

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
        """Let every group weigh n - 1 in the discrepancy, as least squares and the Wishart likelihood do in lavaan."""
        sizes = np.array([part.data.n - 1 for part in self.parts], dtype=float)
        self.n = int(sizes.sum())
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


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended: free parameters, their states and the discrepancy."""

    z: np.ndarray
    states: list[Any]
    value: float
    steps: int
    tried: tuple[str, ...]


def _singular(data: GroupData) -> str:
    where = f" of group '{data.label}'" if data.label else ""
    sd = np.sqrt(np.diag(data.cov))
    roots, vectors = np.linalg.eigh(data.cov / np.outer(sd, sd))
    heavy = [data.names[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:3] if abs(vectors[i, 0]) > 0.1]
    return (
        f"The covariance matrix{where} is singular (smallest eigenvalue {roots[0]:.1e}): some items are exact "
        f"combinations of others, most of all {', '.join(heavy)}. Drop one of them."
    )


def minimise(objective: Objective, start: np.ndarray, tolerance: float = DONE) -> Solution:
    """Fisher scoring with a line search, Newton near the optimum, quasi-Newton if that stalls; else a ModelError."""
    if not len(start):
        states = objective.states(start)
        return Solution(start, states or [], objective.value(states), 0, ())
    tried: list[str] = []
    for name, begin in _beginnings(objective, start):
        for method, search in (("Fisher scoring", _newton), ("L-BFGS", _quasi_newton)):
            tried.append(f"{method} from {name}")
            solution = search(objective, begin, tuple(tried), tolerance)
            if solution is not None:
                return solution
    raise ModelError(
        "The model did not converge. Tried: "
        + "; ".join(tried)
        + ". Look for items with loadings near 0, factors with "
        "fewer than three items, or correlations above .95 between factors; or give start() values."
    )


def _beginnings(objective: Objective, start: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The given start, and a plain one: equal loadings, half of each variance unexplained, nothing correlated."""
    values = np.concatenate([_plain_values(part.model, part.data) for part in objective.parts])
    basis = np.concatenate([part.model.basis for part in objective.parts])
    offset = np.concatenate([part.model.offset for part in objective.parts])
    plain = np.linalg.lstsq(basis, values - offset, rcond=None)[0]
    return [("data-based starts", start), ("plain starts", plain)]


def _plain_values(model: GroupModel, data: GroupData) -> np.ndarray:
    variance = np.append(np.diag(data.cov), np.full(model.v - model.p, 0.1 * np.mean(np.diag(data.cov))))
    cuts = data.extra.get("thresholds", {})
    values = np.zeros(len(model.rows))
    for k, row in enumerate(model.rows):
        i = model.index[row.lhs]
        if row.op == "~~" and row.lhs == row.rhs:
            values[k] = (0.5 if i < model.p else 1.0) * variance[i]
        elif row.op == "~1" and i < model.p and row.lhs not in model.ordered:
            values[k] = data.mean[i]
        elif row.op in ("=~", "~*~"):
            values[k] = 1.0
        elif row.op == "|":
            values[k] = cuts[row.lhs][int(row.rhs[1:]) - 1]
    return values


def _solve(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray | None:
    """matrix^-1 vector for a positive definite matrix, else None."""
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    scaled = matrix * np.outer(scale, scale)
    try:
        half = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(scale * np.linalg.solve(half.T, np.linalg.solve(half, scale * vector)))


def _direction(objective: Objective, states: list[Any], gradient: np.ndarray, near: bool) -> np.ndarray:
    """Newton's step near the optimum where the Hessian allows it, else Fisher's, with a ridge if singular."""
    if near:
        step = _solve(objective.second(states, "hessian"), gradient)
        if step is not None:
            return -step
    expected = objective.second(states, "information")
    ridge = 0.0
    while True:
        step = _solve(expected + np.diag(ridge * (np.diag(expected) + 1e-12)), gradient)
        if step is not None:
            return -step
        ridge = max(10 * ridge, 1e-8)


def _newton(objective: Objective, z: np.ndarray, tried: tuple[str, ...], tolerance: float = DONE) -> Solution | None:
    states = objective.states(z)
    if states is None:
        return None
    value, near = objective.value(states), False
    for step_count in range(MOST_STEPS):
        gradient = objective.gradient(states)
        step = _direction(objective, states, gradient, near)
        decrement = float(-gradient @ step)
        if decrement < tolerance:
            return Solution(z, states, value, step_count, tried) if np.isfinite(value) else None
        if near and decrement < LAST and all(part.exact for part in objective.parts):
            # Newton's error is the square of this one, far below rounding: no need to look again.
            final = objective.states(z + step)
            if final is not None:
                return Solution(z + step, final, objective.value(final), step_count + 1, tried)
        near = decrement < CLOSE * max(1.0, value)
        found = _line_search(objective, z, value, step, decrement)
        if found is None:
            return Solution(z, states, value, step_count, tried) if decrement < 1e-9 else None
        z, states, value = found
    return None


def _line_search(
    objective: Objective, z: np.ndarray, value: float, step: np.ndarray, decrement: float
) -> tuple[np.ndarray, list[Any], float] | None:
    length = 1.0
    for _ in range(25):
        states = objective.states(z + length * step)
        now = objective.value(states)
        # Near the optimum rounding hides the descent; the step itself is then trusted.
        if states is not None and now <= value - 1e-4 * length * decrement + 1e-13 * max(1.0, abs(value)):
            return z + length * step, states, now
        length /= 2
    return None


def _quasi_newton(
    objective: Objective, z: np.ndarray, tried: tuple[str, ...], tolerance: float = DONE
) -> Solution | None:
    from scipy.optimize import minimize

    states = objective.states(z)
    if states is None:
        return None
    scale = 1 / np.sqrt(np.maximum(np.diag(objective.second(states, "information")), 1e-12))

    def target(x: np.ndarray) -> tuple[float, np.ndarray]:
        here = objective.states(x * scale)
        if here is None:
            return 1e10, np.zeros_like(x)
        return objective.value(here), objective.gradient(here) * scale

    result = minimize(target, z / scale, jac=True, method="L-BFGS-B", options={"maxiter": 3000, "maxfun": 6000})
    return _newton(objective, result.x * scale, tried, tolerance)


@dataclass(frozen=True)
class Normalised:
    """A positive semi-definite second-derivative matrix, inverted with an eye on identification."""

    matrix: np.ndarray
    names: Callable[[np.ndarray], list[str]]

    @cached_property
    def inverse(self) -> np.ndarray:
        scale = 1 / np.sqrt(np.maximum(np.diag(self.matrix), 1e-300))
        scaled = self.matrix * np.outer(scale, scale)
        if not _clearly_positive(scaled):
            roots, vectors = np.linalg.eigh(scaled)
            if roots[0] < SINGULAR:
                self._refuse(vectors[:, 0] * scale)
        return np.asarray(np.linalg.inv(scaled) * np.outer(scale, scale))

    def _refuse(self, vector: np.ndarray) -> NoReturn:
        involved = ", ".join(self.names(vector)[:4])
        raise ModelError(
            f"The model is not identified: the data cannot tell apart the values of {involved}. Fix or equate one "
            "of them, or give the factor more items."
        )


def _clearly_positive(scaled: np.ndarray) -> bool:
    """True if the pivots of a matrix with unit diagonal leave no doubt; eigenvalues decide otherwise."""
    try:
        return bool(np.all(np.linalg.cholesky(scaled).diagonal() > 1e-3))
    except np.linalg.LinAlgError:
        return False
