"""Moments that a model implies, and what is left of the observed ones: raw, of correlations, and over their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxkit.errors import ModelError
from cxkit.sem.inference.covariance import gamma_of, times
from cxkit.sem.sample.singular import inverse as inverse_of
from cxkit.sem.sample.singular import root, solve
from cxkit.sem.search.discrepancy import LeastSquares
from cxkit.sem.search.saturated import Saturated
from cxkit.sem.search.statistics import OrdinalStatistics
from cxkit.sem.solved import Solved
from cxkit.without_contents import without_contents

KINDS = ("raw", "cor", "standardized")
# Below this share of the variance of a statistic, that of its residual is rounding: the model reproduces it exactly.
NO_VARIANCE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentTables:
    """Means, covariances and thresholds of one group, with names; parts that the model has not are None.

    Of ordered items: `thresholds` also holds the negative means of continuous ones (`x~1`); with observed predictors
    everything is given these, and `slopes` (outcomes by predictors) says how they act.
    """

    cov: pd.DataFrame
    mean: pd.Series | None = None
    thresholds: pd.Series | None = None
    slopes: pd.DataFrame | None = None

    __repr__ = without_contents


def moment_tables(fit: Solved, group: int) -> MomentTables:
    """Implied moments of one group."""
    part = fit.frame.objective.parts[group]
    model = part.model
    theta = model.values(fit.solution.z)
    if _is_ordinal(part):
        return _ordinal_tables(part.statistics, part.statistics.implied(theta)[0])
    at = model.implied(theta)
    return _tables(fit, model.observed, at.sigma, at.mu)


def residual_tables(fit: Solved, group: int, kind: str) -> MomentTables:
    """Observed minus implied moments of one group."""
    if kind not in KINDS:
        raise ModelError(f"residuals() does not know kind='{kind}'. Known: {', '.join(KINDS)}.")
    part = fit.frame.objective.parts[group]
    if not fit.sample.groups[group].settled:
        raise ModelError(
            "residuals() compare the model with the means and covariances of all answers, which did not settle; "
            "fit.note says why. modification_indices() do not need them."
        )
    if _is_ordinal(part):
        return _ordinal_residuals(fit, group, kind)
    model, data = part.model, part.data
    at = model.implied(model.values(fit.solution.z))
    cov, mean = data.cov - at.sigma, data.mean - at.mu
    if kind == "cor":
        cov, mean = _correlation(data.cov) - _correlation(at.sigma), mean / np.sqrt(np.diag(data.cov))
    elif kind == "standardized":
        space = fit.frame.spaces[group]
        values = _standardised_residuals(fit, group, space.vector(cov, mean))
        # Moments of predictors are given, so nothing is left of them.
        cov, mean = np.zeros_like(cov), np.zeros_like(mean)
        cov[space.r, space.c] = cov[space.c, space.r] = values[: len(space.r)]
        mean[space.m] = values[len(space.r) :]
    return _tables(fit, data.names, cov, mean)


def _is_ordinal(part: Any) -> bool:
    return isinstance(part, LeastSquares) and isinstance(part.statistics, OrdinalStatistics)


def _tables(fit: Solved, names: Any, cov: np.ndarray, mean: np.ndarray) -> MomentTables:
    labels = list(names)
    means = pd.Series(mean, index=labels) if fit.settings["meanstructure"] else None
    return MomentTables(cov=pd.DataFrame(cov, index=labels, columns=labels), mean=means)


def _correlation(cov: np.ndarray) -> np.ndarray:
    sd = root(np.diag(cov))
    return np.asarray(cov / np.outer(sd, sd))


@dataclass(frozen=True, kw_only=True, eq=False)
class _OrdinalPieces:
    """The statistics of one group of ordered items, by kind; `slopes` are those on each predictor in turn."""

    thresholds: np.ndarray
    slopes: np.ndarray
    cov: np.ndarray


def _pieces(statistics: OrdinalStatistics, values: np.ndarray, diagonal: float) -> _OrdinalPieces:
    """Values in the order of the statistics, put into tables; `diagonal` stands for the variance of ordered items."""
    n_th, n_x, first = len(statistics.th_variable), len(statistics.predictors), statistics.n_thresholds
    p = statistics.model.p
    cov = np.eye(p) * diagonal
    cov[statistics.numeric, statistics.numeric] = values[first - len(statistics.numeric) : first]
    cov[statistics.r, statistics.c] = cov[statistics.c, statistics.r] = values[first:]
    slopes = values[n_th : n_th + n_x * len(statistics.outcomes)].reshape(n_x, len(statistics.outcomes)).T
    keep = np.ix_(statistics.outcomes, statistics.outcomes)
    return _OrdinalPieces(thresholds=values[:n_th], slopes=slopes, cov=cov[keep])


def _ordinal_tables(statistics: OrdinalStatistics, values: np.ndarray) -> MomentTables:
    return _named(statistics, _pieces(statistics, values, diagonal=1.0))


def _named(statistics: OrdinalStatistics, pieces: _OrdinalPieces) -> MomentTables:
    observed = statistics.model.observed
    outcomes = [observed[i] for i in statistics.outcomes]
    predictors = [observed[i] for i in statistics.predictors]
    return MomentTables(
        cov=pd.DataFrame(pieces.cov, index=outcomes, columns=outcomes),
        thresholds=pd.Series(pieces.thresholds, index=statistics.labels),
        slopes=pd.DataFrame(pieces.slopes, index=outcomes, columns=predictors) if predictors else None,
    )


def _ordinal_residuals(fit: Solved, group: int, kind: str) -> MomentTables:
    part = fit.frame.objective.parts[group]
    statistics = part.statistics
    implied = statistics.implied(part.model.values(fit.solution.z))[0]
    values = part.target - implied
    if kind == "standardized":
        values = _standardised_residuals(fit, group, values)
    raw = _pieces(statistics, values, diagonal=0.0)
    if kind != "cor":
        return _named(statistics, raw)
    seen, expected = (_pieces(statistics, v, diagonal=1.0) for v in (part.target, implied))
    sd = np.ones(part.model.p)
    sd[statistics.outcomes] = np.sqrt(np.diag(seen.cov))
    pieces = _OrdinalPieces(
        thresholds=raw.thresholds / sd[statistics.th_variable],
        slopes=raw.slopes / sd[statistics.outcomes, None],
        cov=_correlation(seen.cov) - _correlation(expected.cov),
    )
    return _named(statistics, pieces)


def _standardised_residuals(fit: Solved, group: int, values: np.ndarray) -> np.ndarray:
    """Residuals over their standard errors: Q Gamma Q' / n with Q = I - Delta E^-1 Delta' V (Browne, 1984).

    0 where the model reproduces a statistic exactly, so that there is no residual and no error of it.
    """
    frame = fit.frame
    pairs = [_residual_metric(fit, g) for g in range(len(fit.models))]
    jacobians, shares = frame.jacobians(), frame.objective.shares
    information = sum(f * j.T @ times(v, j) for f, j, (v, _) in zip(shares, jacobians, pairs, strict=True))
    v, gamma = pairs[group]
    j = jacobians[group]
    q = np.eye(len(values)) - shares[group] * j @ solve(information, times(v, j).T)
    # lavaan divides by the whole sample where answers are ordered.
    n = fit.n if fit.settings["ordered"] else frame.objective.parts[group].data.size
    variance = np.einsum("ij,jk,ik->i", q, gamma, q, optimize=True) / n
    known = variance > NO_VARIANCE * np.diag(gamma) / n
    return np.where(known, values / np.sqrt(np.where(known, variance, 1.0)), 0.0)


def _residual_metric(fit: Solved, group: int) -> tuple[np.ndarray, np.ndarray]:
    """V at the model's moments, and the covariance of root-n times the statistics, of one group."""
    frame, space = fit.frame, fit.frame.spaces[group]
    part, state = frame.objective.parts[group], frame.states[group]
    if isinstance(part, LeastSquares):
        # Under GLS the weight is the inverse of what normal answers give; under ULS and DWLS it is no such thing.
        normal = frame.estimator.discrepancy == "GLS"
        if not normal and part.data.answers is None:
            raise ModelError(
                f"residuals('standardized') of a fit by {frame.estimator.name} need the answers, from which the errors "
                "of the moments are taken; this model was fitted to published moments. Use residuals('cor'), or "
                "estimator='ML' or 'GLS', whose errors follow from the moments."
            )
        return part.weight, inverse_of(part.weight) if normal else gamma_of(part, space)
    expected = frame.estimator.information == "expected"
    if expected and frame.estimator.se == "standard" and part.data.patterns is None:
        observed = space.normal_weight(inverse_of(part.data.cov))
        return space.normal_weight(inverse_of(state.at.sigma)), inverse_of(observed)
    if frame.estimator.se == "robust.sem":
        return space.normal_weight(inverse_of(state.at.sigma)), gamma_of(part, space)
    saturated = Saturated(data=part.data, space=space)
    inverse = inverse_of(saturated.expected_information if expected else saturated.information)
    if frame.estimator.se != "standard":
        inverse = inverse @ saturated.cross_products @ inverse
    implied = saturated.stack(state.at.mu, state.at.sigma)
    return implied.expected_curvature(space) if expected else implied.curvature(space), inverse
