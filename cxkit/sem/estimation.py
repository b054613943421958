"""Finding the parameters: Fisher scoring that turns into Newton's method, and quasi-Newton where it stalls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from scipy.linalg.lapack import dposv

from cxkit.errors import ModelError
from cxkit.sem.discrepancy import SINGULAR, Objective
from cxkit.sem.model import GroupModel
from cxkit.sem.moments import GroupData

# Newton decrements: where the search ends, where one last step is enough, where Newton's method takes over.
DONE = 1e-16
LAST = 1e-9
CLOSE = 0.05
MOST_STEPS = 150


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended: free parameters, their states and the discrepancy."""

    z: np.ndarray
    states: list[Any]
    value: float
    steps: int
    tried: tuple[str, ...]


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


def _beginnings(objective: Objective, start: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The given start, then a plain one: equal loadings, half of each variance unexplained, nothing correlated."""
    yield "data-based starts", start
    values = np.concatenate([_plain_values(part.model, part.data) for part in objective.parts])
    basis = np.concatenate([part.model.basis for part in objective.parts])
    offset = np.concatenate([part.model.offset for part in objective.parts])
    yield "plain starts", np.linalg.lstsq(basis, values - offset, rcond=None)[0]


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
    scale = 1 / np.sqrt(np.maximum(np.abs(matrix.diagonal()), 1e-300))
    _, solution, failed = dposv(matrix * (scale[:, None] * scale), scale * vector)
    return None if failed else scale * solution


def _direction(objective: Objective, states: list[Any], gradient: np.ndarray, near: bool) -> np.ndarray:
    """Newton's step near the optimum where the Hessian allows it, else Fisher's, with a ridge if singular."""
    if near:
        step = _solve(objective.second(states, "hessian"), gradient)
        if step is not None:
            return -step
    expected = objective.second(states, "information")
    ridge = 0.0
    while True:
        step = _solve(expected + np.diag(ridge * (np.diag(expected) + 1e-12)) if ridge else expected, gradient)
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
        if not clearly_positive(scaled):
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


def clearly_positive(scaled: np.ndarray) -> bool:
    """True if the pivots of a matrix with unit diagonal leave no doubt; eigenvalues decide otherwise."""
    try:
        return bool(np.all(np.linalg.cholesky(scaled).diagonal() > 1e-3))
    except np.linalg.LinAlgError:
        return False
