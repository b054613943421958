"""Finding the parameters: Fisher scoring that turns into Newton's method, and quasi-Newton where it stalls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn

import numpy as np
from scipy.linalg.lapack import dposv

from cxkit.errors import ModelError
from cxkit.sem.sample.coverage import scarcest
from cxkit.sem.sample.groups import GroupData
from cxkit.sem.search.bifactor import advice_for_nested_predictors
from cxkit.sem.search.discrepancy import SINGULAR, InItsUnit, Objective
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.starts import free_values

Searched = Objective | InItsUnit
# A second end is taken only if it is better by more than rounding.
GAINED = 1e-9
# Newton decrements: where the search ends, where one last step is enough, where Newton's method takes over.
DONE = 1e-16
LAST = 1e-9
CLOSE = 0.05
# Steps by a matrix that is only near the Hessian gain a digit or so each: they end where there is nothing left to gain.
UPDATED_DONE = 1e-2
# A Hessian of incomplete answers costs as much as eight steps.
# Where no other was needed, models of the tests took 14 at most.
MOST_UPDATED = 15
# Every model of the tests needs at most 52 steps and no quasi-Newton search.
MOST_STEPS = 150
# A good step lowers the discrepancy by half of its decrement. A search that did not gain as much in so many steps
# crawls towards infinite estimates.
PATIENCE = 20
# The quasi-Newton search tries so many points, fewer in large models, each point of which costs more.
MOST_POINTS, FEWEST_POINTS, POINTS_TIMES_VARIABLES = 1500, 300, 30_000
# How many times what a point costs more where answers of many patterns are incomplete.
INCOMPLETE = 5
LARGEST_RIDGE = 1e12
# Variances of latent variables where a search begins plainly, as shares of the average observed variance.
PLAIN_FACTORS, SMALL_FACTORS = 0.1, 0.04
# Variances whose standard deviations differ by this factor differ by as much as a search tells apart in one sum.
FAR_APART = 1000


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search: attempts (five are known), steps of Newton's method in each, points of a quasi-Newton search.

    `points` 0 follows from the size of the model. A search by Newton's method that took more than `evaluations` of the
    discrepancy is the last.
    """

    attempts: int = 5
    steps: int = MOST_STEPS
    points: int = 0
    evaluations: float = np.inf


FULL = Effort()
# Incomplete answers are searched from where the model fits their estimated moments. No model of the tests takes more
# than 20 evaluations from there.
NEAR = Effort(evaluations=60)
# Where even the estimated moments of incomplete answers are out of reach, the costly search rarely ends elsewhere: no
# model of the tests needs it.
BRIEF = Effort(attempts=1, steps=20)
# With few patterns of few items an evaluation costs so little that the search may go on: samples of some dozen people
# with a loading near 0 need more than a hundred.
PATIENT = Effort(evaluations=300)
# A second look for another optimum
ONCE = Effort(attempts=1)
# A resample is near the sample, whose estimates are where it starts.
RESAMPLE = Effort(attempts=3, steps=60, points=100)


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended: free parameters, their states and the discrepancy.

    `passed_over` says that another end fits better and is no possible model, with a variance below 0.
    """

    z: np.ndarray
    states: list[Any]
    value: float
    steps: int
    tried: tuple[str, ...]
    passed_over: bool = False
    unit: float = 1.0

    def fits_better_than(self, other: Solution) -> bool:
        """Whether the discrepancy is lower by more than rounding."""
        return self.value < other.value - GAINED * max(self.unit, abs(other.value))


def minimise(objective: Objective, start: np.ndarray, tolerance: float = DONE, effort: Effort = FULL) -> Solution:
    """Fisher scoring with a line search, Newton near the optimum, quasi-Newton if that stalls; else a ModelError."""
    if not len(start):
        states = objective.states(start)
        return Solution(start, states or [], objective.value(states), 0, ())
    if objective.unit == 1.0:
        return _minimise(objective, start, tolerance, effort)
    found = _minimise(InItsUnit(objective), start, tolerance, effort)
    return replace(found, value=found.value * objective.unit, unit=objective.unit)


def _minimise(objective: Searched, start: np.ndarray, tolerance: float, effort: Effort) -> Solution:
    tried: list[str] = []
    beginnings = _beginnings(objective, start)
    attempts = ((beginning, searched) for beginning, names in beginnings for searched in names.items())
    for (name, begin), (method, search) in islice(attempts, effort.attempts):
        tried.append(f"{method} from {name}")
        before = objective.evaluations
        solution = search(objective, begin, tuple(tried), tolerance, effort)
        if solution is not None:
            return solution
        if search is _newton and objective.evaluations - before > effort.evaluations:
            break
    raise ModelError(f"The model did not converge. Tried: {'; '.join(tried)}. {_advice(objective)}")


def _advice(objective: Searched) -> str:
    """Where to look: other things go wrong in a model whose loadings are all fixed, such as one of growth."""
    models = [part.model for part in objective.parts]
    nested = advice_for_nested_predictors(models)
    if nested:
        return nested
    measured = any(row.op == "=~" for model in models for row in model.rows)
    if measured:
        look = (
            "items with loadings near 0, factors with fewer than three items, or correlations above .95 between factors"
        )
    else:
        look = "variances near 0, and variables whose units differ by a factor of a hundred or more"
    data = [part.data for part in objective.parts if part.data.patterns is not None]
    scarce = [found for group in data if (found := scarcest(group.known_answers, group.names))]
    few = f" {scarce[0]}: see whether the model is found without." if scarce else ""
    return f"Look for {look}; or give start() values.{few}{advice_on_units([part.data for part in objective.parts])}"


def advice_on_units(groups: Sequence[GroupData]) -> str:
    """A sentence, after a space, on units so far apart that small numbers are lost beside large ones; or empty."""
    sizes = {name: sd for data in groups for name, sd in zip(data.names, np.sqrt(np.diag(data.cov)), strict=True)}
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if not sizes[large] > FAR_APART * sizes[small]:
        return ""
    return (
        f" The standard deviations of the variables run from {sizes[small]:.2g} ('{small}') to {sizes[large]:.2g} "
        f"('{large}'): rescale the variables to similar sizes first."
    )


def _beginnings(objective: Searched, start: np.ndarray) -> Iterator[tuple[tuple[str, np.ndarray], dict[str, Any]]]:
    """The given start, then plain ones; and by which methods each is searched from."""
    yield ("data-based starts", start), SEARCHES
    yield ("plain starts", plain_start(objective)), SEARCHES
    # Factors that hardly vary, as lavaan's start = "simple" has them: of some dozen people the only way to some ends.
    yield ("starts without much in common", plain_start(objective, SMALL_FACTORS)), {"Fisher scoring": _newton}


def plain_start(objective: Searched, factors: float = PLAIN_FACTORS) -> np.ndarray:
    """Equal loadings, half of each variance unexplained, nothing correlated.

    `factors` are the variances of latent variables, as a share of the average observed one.
    """
    models = [part.model for part in objective.parts]
    return free_values(models, [_plain_values(part.model, part.data, factors) for part in objective.parts])


def _plain_values(model: GroupModel, data: GroupData, factors: float) -> np.ndarray:
    variance = np.append(np.diag(data.cov), np.full(model.v - model.p, factors * np.mean(np.diag(data.cov))))
    cuts = data.thresholds
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


def _or_one(sizes: np.ndarray) -> np.ndarray:
    """The sizes that are above 0, and 1 for the others, which have no unit to go by."""
    return np.where(sizes > 0, sizes, 1.0)


def _direction(objective: Searched, states: list[Any], gradient: np.ndarray, near: bool) -> np.ndarray | None:
    """Newton's step near the optimum where the Hessian allows it, else Fisher's, with a ridge if singular.

    None if not even that gives a step: some derivative is infinite.
    """
    if near:
        step = _solve(objective.second(states, "hessian"), gradient)
        if step is not None:
            return -step
    expected = objective.second(states, "information")
    ridge = 0.0
    while ridge < LARGEST_RIDGE and np.isfinite(expected).all():
        step = _solve(expected + np.diag(ridge * _or_one(np.diag(expected))) if ridge else expected, gradient)
        if step is not None:
            return -step
        ridge = max(10 * ridge, 1e-8)
    return None


def _newton(
    objective: Searched, z: np.ndarray, tried: tuple[str, ...], tolerance: float, effort: Effort
) -> Solution | None:
    last_evaluation = objective.evaluations + effort.evaluations
    states = objective.states(z)
    if states is None:
        return None
    begin, decrement = _updated_steps(objective, Solution(z, states, objective.value(states), 0, tried), tolerance)
    if decrement < UPDATED_DONE * tolerance:
        return begin
    z, states, value = begin.z, begin.states, begin.value
    near = decrement < CLOSE * max(1.0, value)
    passed: list[float] = []
    for step_count in range(begin.steps, begin.steps + effort.steps):
        gradient = objective.gradient(states)
        step = _direction(objective, states, gradient, near)
        passed.append(value)
        if step is None or _crawls(passed, float(-gradient @ step)) or objective.evaluations > last_evaluation:
            return None
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
            break
        z, states, value = found
    return Solution(z, states, value, step_count, tried) if found is None and decrement < 1e-9 else None


def _updated_steps(objective: Searched, at: Solution, tolerance: float) -> tuple[Solution, float]:
    """Steps by matrices that are near the Hessian and learn from each step; and the last decrement.

    With incomplete answers a Hessian costs as much as eight gradients. One of averages over patterns costs nothing:
    see `FullInformation.nearby`. Where that is not positive definite or leads nowhere, the Hessian itself is the first.
    """
    last = np.inf
    for kind in ("nearby", "hessian") if objective.knows_nearby else ():
        if not np.isfinite(at.value) or last < UPDATED_DONE * tolerance:
            break
        at, last = _steps_by(objective, objective.second(at.states, kind), at, UPDATED_DONE * tolerance)
    return at, last


def _steps_by(objective: Searched, matrix: np.ndarray, at: Solution, tolerance: float) -> tuple[Solution, float]:
    """Where steps by this matrix end: there is nothing to gain, or they gain nothing; and the last decrement."""
    last, gradient = np.inf, objective.gradient(at.states)
    for _ in range(MOST_UPDATED):
        step = _solve(matrix, gradient)
        decrement = np.inf if step is None else float(gradient @ step)
        if step is None or not decrement < last:
            break
        last = decrement
        found = None if decrement < tolerance else _line_search(objective, at.z, at.value, -step, decrement)
        if found is None:
            break
        before, at = at, Solution(*found, at.steps + 1, at.tried)
        slope, gradient = gradient, objective.gradient(at.states)
        matrix = _updated(matrix, at.z - before.z, gradient - slope)
    return at, last


def _updated(matrix: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The nearest matrix that explains how the gradient changed: BFGS (Nocedal & Wright, 2006, equation 6.19)."""
    curved, along = float(change @ step), matrix @ step
    if curved <= 0:  # the next matrix would not be positive definite
        return matrix
    return np.asarray(matrix + np.outer(change, change) / curved - np.outer(along, along) / float(step @ along))


def _crawls(passed: list[float], decrement: float) -> bool:
    """Whether the last steps together gained less than one good step does."""
    return len(passed) > PATIENCE and decrement > LAST and passed[-1 - PATIENCE] - passed[-1] < decrement / 2


def _line_search(
    objective: Searched, z: np.ndarray, value: float, step: np.ndarray, decrement: float
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
    objective: Searched, z: np.ndarray, tried: tuple[str, ...], tolerance: float, effort: Effort
) -> Solution | None:
    from scipy.optimize import minimize

    states = objective.states(z)
    if states is None:
        return None
    scale = 1 / np.sqrt(_or_one(np.diag(objective.second(states, "information"))))

    def target(x: np.ndarray) -> tuple[float, np.ndarray]:
        here = objective.states(x * scale)
        if here is None:
            return 1e10, np.zeros_like(x)
        return objective.value(here), objective.gradient(here) * scale

    points = effort.points or _most_points(objective)
    limits = {"maxiter": points, "maxfun": points}
    result = minimize(target, z / scale, jac=True, method="L-BFGS-B", options=limits)
    if not np.isfinite(result.x).all():
        return None
    return _newton(objective, result.x * scale, tried, tolerance, effort)


def _most_points(objective: Searched) -> int:
    """How many points a quasi-Newton search may try: fewer where each costs more."""
    variables = sum(part.model.v for part in objective.parts)
    points = float(np.clip(POINTS_TIMES_VARIABLES / variables, FEWEST_POINTS, MOST_POINTS))
    return int(points / INCOMPLETE if objective.knows_nearby else points)


SEARCHES = {"Fisher scoring": _newton, "L-BFGS": _quasi_newton}


@dataclass(frozen=True)
class Normalised:
    """A positive semi-definite second-derivative matrix, inverted with an eye on identification."""

    matrix: np.ndarray
    names: Callable[[np.ndarray], list[str]]
    advice: Callable[[], str] = str

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
        # What is of no weight beside the largest is rounding.
        weighty = int(np.count_nonzero(np.abs(vector) > 1e-3 * np.abs(vector).max()))
        if weighty == 1:
            raise ModelError(
                f"The model is not identified: the data say nothing of the value of {self.names(vector)[0]}. Fix it, "
                f"or leave it out.{self.advice()}"
            )
        involved = ", ".join(self.names(vector)[: min(weighty, 4)])
        raise ModelError(
            f"The model is not identified: the data cannot tell apart the values of {involved}. Fix or equate one "
            f"of them, or give the factor more items.{self.advice()}"
        )


def clearly_positive(scaled: np.ndarray) -> bool:
    """True if the pivots of a matrix with unit diagonal leave no doubt; eigenvalues decide otherwise."""
    try:
        return bool(np.all(np.linalg.cholesky(scaled).diagonal() > 1e-3))
    except np.linalg.LinAlgError:
        return False
