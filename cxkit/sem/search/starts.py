"""Where the search begins: one-factor solutions per factor, then least squares for every regression.

Good starting values are what makes Fisher scoring converge in a handful of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cxkit.sem.language.rows import loadings_by_factor
from cxkit.sem.sample.groups import GroupData
from cxkit.sem.search.model import GroupModel

# Loadings begin at a hundredth of their start and not at 0, where loadings that count by their squares would stay.
NEARLY_NONE = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What starting values need to know of a model, whatever the data.

    `mask[i, k]` says that variable i depends on k. `factors` lists the latent variables in the order in which their
    indicators become known, with the indicators and any fixed loading among them. `single` are the pairs of a variable
    and its only predictor, `several` the variables with more than one. `curve` are the loadings of a change that is
    fixed in part only, with where they begin; `given` are values that the user wants.
    """

    mask: np.ndarray
    explained: np.ndarray
    factors: tuple[tuple[int, list[int], tuple[int, float] | None], ...]
    single: tuple[np.ndarray, np.ndarray]
    several: list[int]
    curve: tuple[tuple[int, float], ...]
    given: tuple[tuple[int, float], ...]


def starting_values(models: list[GroupModel], data: list[GroupData], z_size: int) -> np.ndarray:
    """Free parameters to begin with; equal parameters begin at the mean over groups."""
    if not z_size:
        return np.zeros(0)
    return free_values(models, [_group_values(model, group) for model, group in zip(models, data, strict=True)])


def free_values(models: Sequence[GroupModel], values: Sequence[np.ndarray]) -> np.ndarray:
    """The free parameters that come nearest to these values of each group's rows."""
    basis = np.concatenate([model.basis for model in models])
    offset = np.concatenate([model.offset for model in models])
    # Every free parameter has a row of its own, so the normal equations are regular.
    return np.asarray(np.linalg.solve(basis.T @ basis, basis.T @ (np.concatenate(values) - offset)))


def has_negative_variance(models: Sequence[GroupModel], z: np.ndarray) -> bool:
    """Whether a free variance is negative at these free parameters."""
    for model in models:
        values = model.basis @ z + model.offset
        if any(row.op == "~~" and row.lhs == row.rhs and values[k] < 0 for k, row in enumerate(model.rows)):
            return True
    return False


def without_further_loadings(models: Sequence[GroupModel], z: np.ndarray) -> np.ndarray | None:
    """The same start with free loadings near 0 where an item has others before them; None if there is none.

    The first loading of an item stays, unless another is fixed; so does one whose start the user gave. Slopes on
    factors that are only guessed can begin far out, from where the search may end beside the optimum: an item of a
    growth factor that loads on another one began at -37 instead of -.3.
    """
    values = [model.basis @ z + model.offset for model in models]
    further = False
    for model, own in zip(models, values, strict=True):
        several = set(_plan_of(model).several)
        first = {row.rhs for row in model.all_rows if row.op == "=~" and row.fixed}
        for k, row in enumerate(model.rows):
            if row.op != "=~" or model.index[row.rhs] not in several:
                continue
            if row.rhs in first and row.start is None:
                own[k], further = own[k] * NEARLY_NONE, True
            first.add(row.rhs)
    return free_values(models, values) if further else None


def _plan_of(model: GroupModel) -> Plan:
    """The plan of a model, made once."""
    if model.start_plan is None:
        model.start_plan = _make_plan(model)
    plan: Plan = model.start_plan
    return plan


def _make_plan(model: GroupModel) -> Plan:
    mask = model.a0 != 0
    mask[model.a] = True
    count = mask.sum(1)
    return Plan(
        mask=mask,
        explained=count > 0,
        factors=tuple(_ordered_factors(model, mask)),
        single=np.nonzero(mask & (count == 1)[:, None]),  # type: ignore[arg-type]
        several=np.flatnonzero(count > 1).tolist(),
        curve=tuple(_open_loadings(model)),
        given=tuple((k, row.start) for k, row in enumerate(model.rows) if row.start is not None),
    )


def _open_loadings(model: GroupModel) -> Iterator[tuple[int, float]]:
    """Free loadings of factors of which two are fixed: growth whose course is estimated in part, and the like.

    The scale and the direction of such a factor are known, and the items' correlations, from which other loadings
    begin, can point the other way. These begin on the straight line through the fixed ones, in the order of items.
    """
    position = {id(row): k for k, row in enumerate(model.rows)}
    for rows in loadings_by_factor(model.all_rows).values():
        known = {at: float(row.fixed) for at, row in enumerate(rows) if row.fixed is not None}
        if len(known) < 2 or not any(known.values()):
            continue
        slope, level = np.polyfit(list(known), list(known.values()), 1)
        yield from ((position[id(row)], level + slope * at) for at, row in enumerate(rows) if row.fixed is None)


def _ordered_factors(model: GroupModel, mask: np.ndarray) -> list[tuple[int, list[int], tuple[int, float] | None]]:
    known = set(range(model.p))
    waiting = list(range(model.p, model.v))
    loadings = {model.cell(row) for row in model.all_rows if row.op == "=~"}
    loads = {k: [i for i in np.flatnonzero(mask[:, k]).tolist() if (i, k) in loadings] for k in waiting}
    out = []
    while waiting:
        ready = [k for k in waiting if set(loads[k]) <= known] or waiting[:1]
        for k in ready:
            indicators = [i for i in loads[k] if i in known]
            fixed = next(((at, float(model.a0[i, k])) for at, i in enumerate(indicators) if model.a0[i, k]), None)
            out.append((k, indicators, fixed))
            known.add(k)
            waiting.remove(k)
    return out


def _group_values(model: GroupModel, data: GroupData) -> np.ndarray:
    plan = _plan_of(model)
    phi = _all_covariances(model, plan, data.cov)
    weights, residual = _regressions(model, plan, phi)
    mean = np.append(data.mean, np.zeros(model.v - model.p))
    mean[[model.index[name] for name in model.ordered]] = 0.0
    values = np.ones(len(model.rows))
    values[: model.n_moment] = np.concatenate(
        [weights[model.a], _covariance_starts(plan, phi, residual, *model.s), mean[model.m]]
    )
    if model.nt:
        cuts = data.thresholds
        rows = model.rows[model.n_moment : model.n_moment + model.nt]
        values[model.n_moment : model.n_moment + model.nt] = [cuts[r.lhs][int(r.rhs[1:]) - 1] for r in rows]
    for k, value in (*plan.curve, *plan.given):
        values[k] = value
    return values


def _covariance_starts(plan: Plan, phi: np.ndarray, residual: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Residual variances, and covariances of what nothing explains, kept from being perfect."""
    spread = phi.diagonal()
    bound = 0.8 * np.sqrt(spread[i] * spread[j])
    apart = np.where(plan.explained[i] | plan.explained[j], 0.0, np.minimum(np.maximum(phi[i, j], -bound), bound))
    return np.where(i == j, residual[i], apart)


def _all_covariances(model: GroupModel, plan: Plan, cov: np.ndarray) -> np.ndarray:
    """Covariances of observed and latent variables, the latent ones by their factor scores."""
    phi = np.zeros((model.v, model.v))
    phi[: model.p, : model.p] = cov
    for k, indicators, fixed in plan.factors:
        _add_factor(model, phi, k, indicators, fixed)
    return phi


def _add_factor(
    model: GroupModel, phi: np.ndarray, k: int, indicators: list[int], fixed: tuple[int, float] | None
) -> None:
    """Fill in row and column k of phi, in which latent variables not yet known are 0."""
    if not indicators:
        phi[k, k] = 1.0
        return
    rows = phi[indicators]
    block = rows[:, indicators]
    sd = np.sqrt(block.diagonal())
    loading = one_factor(block / (sd[:, None] * sd))
    # The standard deviation (signed) of the factor honours a fixed loading or a fixed variance.
    scale = float(loading[fixed[0]] * sd[fixed[0]] / fixed[1]) if fixed else float(np.sqrt(abs(model.s0[k, k])))
    scale = scale or 1.0
    phi[k] = (loading / (sd * (loading @ loading)) * scale) @ rows
    phi[k, indicators] = loading * sd * scale
    phi[k, k] = scale**2
    phi[:, k] = phi[k]


def one_factor(r: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Loadings of one factor by iterated principal factoring, kept away from 0 and 1."""
    size = len(r)
    if size == 1:
        return np.array([0.9])
    if size == 2:
        root = np.sqrt(np.clip(abs(r[0, 1]), 0.04, 0.9))
        return np.array([root, root * (1.0 if r[0, 1] >= 0 else -1.0)])
    reduced = r.copy()
    diagonal = reduced.reshape(-1)[:: size + 1]
    diagonal[:] = 0.0
    common = np.abs(reduced).max(axis=1)
    for _ in range(rounds):
        diagonal[:] = common
        roots, vectors = np.linalg.eigh(reduced)
        loading = vectors[:, -1] * np.sqrt(max(roots[-1], 0.05))
        common = np.minimum(np.maximum(loading * loading, 0.02), 0.95)
    loading = np.sign(loading) * np.sqrt(common)
    # The first item sets the direction of the factor, as a marker would.
    return loading if loading[0] >= 0 else -loading


def _regressions(model: GroupModel, plan: Plan, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope of every variable on its predictors, and its residual variance."""
    diagonal = phi.diagonal()
    slopes, residual = np.zeros(phi.shape), diagonal.copy()
    one, of = plan.single
    fixed, beside = model.a0[plan.single], phi[plan.single]
    slope = np.where(fixed != 0, fixed, beside / diagonal[of])
    slopes[plan.single] = slope
    residual[one] = np.minimum(np.maximum(diagonal[one] - slope * beside, 0.15 * diagonal[one]), diagonal[one])
    for i in plan.several:
        on = np.flatnonzero(plan.mask[i])
        slopes[i, on] = slope = _several_slopes(phi, model.a0[i, on], i, on)
        residual[i] = np.clip(phi[i, i] - slope @ phi[on, i], 0.15 * phi[i, i], phi[i, i])
    return slopes, residual


def _several_slopes(phi: np.ndarray, fixed: np.ndarray, i: int, on: np.ndarray) -> np.ndarray:
    """Slopes of variable i on several predictors, some of them perhaps fixed."""
    block = phi[np.ix_(on, on)] + np.diag(0.02 * np.diag(phi)[on])
    free = fixed == 0
    slope = fixed.copy()
    if free.any():
        rest = phi[on, i] - block @ slope
        slope[free] = np.linalg.solve(block[np.ix_(free, free)], rest[free])
    return slope
