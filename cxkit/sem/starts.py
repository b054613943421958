"""Where the search begins: one-factor solutions per factor, then least squares for every regression.

Good starting values are what makes Fisher scoring converge in a handful of steps.
"""

from __future__ import annotations

import numpy as np

from cxkit.sem.model import GroupModel
from cxkit.sem.moments import GroupData


def starting_values(models: list[GroupModel], data: list[GroupData], z_size: int) -> np.ndarray:
    """Free parameters to begin with; equal parameters begin at the mean over groups."""
    values = np.concatenate([_group_values(model, group) for model, group in zip(models, data, strict=True)])
    basis = np.concatenate([model.basis for model in models])
    offset = np.concatenate([model.offset for model in models])
    if not z_size:
        return np.zeros(0)
    # Every free parameter has a row of its own, so the normal equations are regular.
    return np.asarray(np.linalg.solve(basis.T @ basis, basis.T @ (values - offset)))


def _group_values(model: GroupModel, data: GroupData) -> np.ndarray:
    phi = _all_covariances(model, data.cov)
    values = np.zeros(len(model.rows))
    weights, residual = _regressions(model, phi)
    explained = np.asarray(_predictors(model).any(axis=1))
    thresholds = data.extra.get("thresholds", {})
    for k, row in enumerate(model.rows):
        if row.start is not None:
            values[k] = row.start
        elif row.op in ("=~", "~"):
            values[k] = weights[model.cell(row)]
        elif row.op == "~~":
            i, j = model.cell(row)
            values[k] = residual[i] if i == j else _covariance_start(explained, phi, i, j)
        elif row.op == "~1":
            i = model.index[row.lhs]
            values[k] = data.mean[i] if i < model.p and row.lhs not in model.ordered else 0.0
        else:
            values[k] = thresholds[row.lhs][int(row.rhs[1:]) - 1] if row.op == "|" else 1.0
    return values


def _covariance_start(explained: np.ndarray, phi: np.ndarray, i: int, j: int) -> float:
    if explained[i] or explained[j]:
        return 0.0
    bound = 0.8 * np.sqrt(phi[i, i] * phi[j, j])
    return float(np.clip(phi[i, j], -bound, bound))


def _predictors(model: GroupModel) -> np.ndarray:
    mask = model.a0 != 0
    mask[model.a] = True
    return mask


def _all_covariances(model: GroupModel, cov: np.ndarray) -> np.ndarray:
    """Covariances of observed and latent variables, the latent ones by their factor scores."""
    p, v = model.p, model.v
    phi = np.zeros((v, v))
    phi[:p, :p] = cov
    mask = _predictors(model)
    known = set(range(p))
    waiting = list(range(p, v))
    loadings = {model.cell(row) for row in model.all_rows if row.op == "=~"}
    loads = {k: [i for i in np.flatnonzero(mask[:, k]).tolist() if (i, k) in loadings] for k in waiting}
    while waiting:
        ready = [k for k in waiting if set(loads[k]) <= known] or waiting[:1]
        for k in ready:
            _add_factor(model, phi, k, [i for i in loads[k] if i in known], sorted(known))
            known.add(k)
            waiting.remove(k)
    return phi


def _add_factor(model: GroupModel, phi: np.ndarray, k: int, indicators: list[int], known: list[int]) -> None:
    if not indicators:
        phi[k, k] = 1.0
        return
    sd = np.sqrt(np.diag(phi)[indicators])
    loading = one_factor(phi[np.ix_(indicators, indicators)] / np.outer(sd, sd))
    scale = _scale(model, k, indicators, loading * sd)
    weight = loading / (sd * (loading @ loading)) * scale
    phi[k, known] = phi[known, k] = weight @ phi[np.ix_(indicators, known)]
    phi[k, indicators] = phi[indicators, k] = loading * sd * scale
    phi[k, k] = scale**2


def _scale(model: GroupModel, k: int, indicators: list[int], loading: np.ndarray) -> float:
    """Standard deviation (signed) of the factor that honours a fixed loading or a fixed variance."""
    for i, size in zip(indicators, loading, strict=True):
        if model.a0[i, k]:
            return float(size / model.a0[i, k]) or 1.0
    return float(np.sqrt(abs(model.s0[k, k])) or 1.0)


def one_factor(r: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Loadings of one factor by iterated principal factoring, kept away from 0 and 1."""
    size = len(r)
    if size == 1:
        return np.array([0.9])
    if size == 2:
        root = np.sqrt(np.clip(abs(r[0, 1]), 0.04, 0.9))
        return np.array([root, root * (1.0 if r[0, 1] >= 0 else -1.0)])
    off = r - np.eye(size)
    common = np.max(np.abs(off), axis=1)
    for _ in range(rounds):
        roots, vectors = np.linalg.eigh(off + np.diag(common))
        loading = vectors[:, -1] * np.sqrt(max(roots[-1], 0.05))
        common = np.clip(loading**2, 0.02, 0.95)
    loading = np.sign(loading) * np.sqrt(np.clip(loading**2, 0.02, 0.95))
    # The first item sets the direction of the factor, as a marker would.
    return loading if loading[0] >= 0 else -loading


def _regressions(model: GroupModel, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope of every variable on its predictors, and its residual variance."""
    mask = _predictors(model)
    slopes, residual = np.zeros(mask.shape), np.diag(phi).copy()
    diagonal = np.diag(phi)
    alone = mask & (mask.sum(1) == 1)[:, None]
    one, of = np.nonzero(alone)
    slopes[one, of] = np.where(model.a0[one, of] != 0, model.a0[one, of], phi[one, of] / diagonal[of])
    residual[one] = np.clip(diagonal[one] - slopes[one, of] * phi[one, of], 0.15 * diagonal[one], diagonal[one])
    for i in np.flatnonzero(mask.sum(1) > 1):
        on = np.flatnonzero(mask[i])
        block = phi[np.ix_(on, on)] + np.diag(0.02 * np.diag(phi)[on])
        fixed = np.where(model.a0[i, on] != 0, model.a0[i, on], np.nan)
        free = np.isnan(fixed)
        slope = np.where(free, 0.0, fixed)
        if free.any():
            rest = phi[on, i] - block @ slope
            slope[free] = np.linalg.solve(block[np.ix_(free, free)], rest[free])
        slopes[i, on] = slope
        residual[i] = np.clip(phi[i, i] - slope @ phi[on, i], 0.15 * phi[i, i], phi[i, i])
    return slopes, residual
