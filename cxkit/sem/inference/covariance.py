"""How sure we are: information, robust covariance of the estimates, and plain and scaled tests of fit.

Sources: Huber-White and Yuan-Bentler (Mplus form): Yuan & Bentler (2000); Satorra & Bentler (1994); scaled and shifted:
Asparouhov & Muthen (2010). All traces are those of U Gamma, with U of the fitted model and Gamma the covariance of the
statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cxkit.sem.sample.chi_square import FitTest
from cxkit.sem.sample.groups import GroupData
from cxkit.sem.sample.singular import inverse as inverse_of
from cxkit.sem.sample.singular import solve
from cxkit.sem.search.discrepancy import LeastSquares, Objective
from cxkit.sem.search.estimators import Estimator
from cxkit.sem.search.saturated import Saturated
from cxkit.sem.search.statistics import MomentSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A fitted model seen from inference: objective, states, and derivatives by the free parameters z."""

    objective: Objective
    states: list[Any]
    spaces: tuple[MomentSpace, ...]
    estimator: Estimator
    bread_inverse: np.ndarray

    @property
    def n(self) -> int:
        return self.objective.n

    def jacobians(self) -> list[np.ndarray]:
        """Derivative of each group's statistics by z."""
        out = []
        for part, state, space in zip(self.objective.parts, self.states, self.spaces, strict=True):
            own = state[1] if isinstance(part, LeastSquares) else space.jacobian(part.model, state.at)
            out.append(own @ part.model.basis)
        return out

    def weights(self) -> list[np.ndarray]:
        """V of each group: matrix, or vector for a diagonal one."""
        pairs = zip(self.objective.parts, self.states, self.spaces, strict=True)
        return [
            part.weight if isinstance(part, LeastSquares) else space.normal_weight(inverse_of(state.at.sigma))
            for part, state, space in pairs
        ]

    @cached_property
    def cross_products(self) -> np.ndarray:
        """Cross products of the casewise scores by z, per respondent."""
        total = np.zeros_like(self.bread_inverse)
        objective = self.objective
        for share, part, state in zip(objective.shares, objective.parts, self.states, strict=True):
            total += share * (part.model.basis.T @ part.data.cross_products(part.scores(state)) @ part.model.basis)
        return total

    def gammas(self) -> list[np.ndarray]:
        """Covariance of root-n times the statistics of each group."""
        return [gamma_of(part, space) for part, space in zip(self.objective.parts, self.spaces, strict=True)]


def gamma_of(part: Any, space: MomentSpace) -> np.ndarray:
    """Gamma of one group, computed once and kept with its data."""
    data: GroupData = part.data
    if data.ordinal is not None:
        return np.asarray(data.ordinal.gamma)
    return data.shared.matrices.get(("gamma", space.size), lambda: space.gamma(data))


def times(weight: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """V M, for V a matrix or the vector of its diagonal."""
    return weight[:, None] * matrix if weight.ndim == 1 else weight @ matrix


def covariance(frame: Frame) -> np.ndarray:
    """Covariance matrix of the free parameters z."""
    inverse = frame.bread_inverse
    if frame.estimator.se == "standard":
        return inverse / frame.n
    return inverse @ meat(frame) @ inverse / frame.n


def meat(frame: Frame) -> np.ndarray:
    """What stands in the middle of the sandwich, per respondent."""
    if frame.estimator.se != "robust.sem":
        return frame.cross_products
    total = np.zeros_like(frame.bread_inverse)
    parts = zip(frame.objective.shares, frame.jacobians(), frame.weights(), frame.gammas(), strict=True)
    for share, jacobian, weight, gamma in parts:
        lever = times(weight, jacobian)
        total += share * (lever.T @ gamma @ lever)
    return total


def test_of_fit(frame: Frame, value: float, df: int, multiplier: float) -> FitTest:
    """Chi-square = 2 n F, scaled as the estimator asks."""
    chisq = 2 * multiplier * value
    kind = frame.estimator.test
    if kind == "standard":
        return FitTest(chisq=chisq, df=df)
    if kind == "yuan.bentler.mplus":
        return _yuan_bentler(frame, chisq, df)
    trace, square = u_gamma(frame, square=kind != "satorra.bentler")
    if df == 0:
        return FitTest(chisq=0.0, df=0, scaled=0.0, df_scaled=0)
    if kind == "satorra.bentler":
        factor = positive(trace / df)
        return FitTest(chisq=chisq, df=df, scaled=chisq / factor, df_scaled=df, factor=factor, trace=trace)
    if kind == "mean.var.adjusted":
        factor = positive(square / trace)
        return FitTest(
            chisq=chisq, df=df, scaled=chisq / factor, df_scaled=trace**2 / square, factor=factor, trace=trace
        )
    factor = float(np.sqrt(positive(square / df)))
    shift = df - trace / factor
    return FitTest(
        chisq=chisq, df=df, scaled=chisq / factor + shift, df_scaled=df, factor=factor, shift=shift, trace=trace
    )


def positive(factor: float) -> float:
    """A correction, or NaN where it is not positive: as in lavaan, an improper solution then has no scaled test."""
    return factor if factor > 0 else float("nan")


def u_gamma(frame: Frame, square: bool = False) -> tuple[float, float]:
    """tr(U Gamma), and tr((U Gamma)^2) if wanted, over all groups."""
    shares = frame.objective.shares
    jacobians, weights, gammas = frame.jacobians(), frame.weights(), frame.gammas()
    levers = [times(v, jacobian) for v, jacobian in zip(weights, jacobians, strict=True)]
    trace = 0.0
    for share, weight, gamma, lever in zip(shares, weights, gammas, levers, strict=True):
        whole = weight @ np.diag(gamma) if weight.ndim == 1 else np.vdot(weight, gamma)
        trace += float(whole - share * np.vdot(frame.bread_inverse, lever.T @ gamma @ lever))
    return trace, _square(frame, shares, weights, gammas, levers) if square else float("nan")


def _square(
    frame: Frame,
    shares: np.ndarray,
    weights: Sequence[np.ndarray],
    gammas: Sequence[np.ndarray],
    levers: Sequence[np.ndarray],
) -> float:
    """tr((U Gamma)^2) block by block: block (g, h) is delta_gh V_g Gamma_g - f_g L_g E L_h' Gamma_h."""
    total = 0.0
    groups = range(len(weights))
    reach = [lever @ frame.bread_inverse for lever in levers]

    def block(g: int, h: int) -> np.ndarray:
        out = -shares[g] * reach[g] @ (levers[h].T @ gammas[h])
        return out + times(weights[g], gammas[g]) if g == h else out

    for g in groups:
        for h in groups:
            total += float(np.vdot(block(g, h), block(h, g).T))
    return total


def _yuan_bentler(frame: Frame, chisq: float, df: int) -> FitTest:
    if df == 0:
        return FitTest(chisq=0.0, df=0, scaled=0.0, df_scaled=0)
    expected = frame.estimator.information == "expected"
    pairs = zip(frame.objective.parts, frame.spaces, strict=True)
    trace_h1 = sum(_saturated_trace(part, space, expected) for part, space in pairs)
    inverse = _h1_inverse(frame) if frame.estimator.test_information == "h1" else frame.bread_inverse
    trace_h0 = float(np.vdot(frame.cross_products, inverse))
    # lavaan counts the parameters before equality constraints here.
    npar = sum(len(part.model.rows) for part in frame.objective.parts)
    trace = trace_h1 - trace_h0
    factor = positive(trace / df)
    return FitTest(
        chisq=chisq, df=df, scaled=chisq / factor, df_scaled=df, factor=factor, trace=trace,
        factor_h1=trace_h1 / sum(space.size for space in frame.spaces),
        factor_h0=trace_h0 / npar if npar else float("nan"),
    )  # fmt: skip


def _h1_inverse(frame: Frame) -> np.ndarray:
    """Inverse of Delta' A1 Delta, A1 the observed information of the moments where they are as the model implies."""
    total = np.zeros_like(frame.bread_inverse)
    objective = frame.objective
    pieces = zip(objective.shares, objective.parts, frame.states, frame.spaces, frame.jacobians(), strict=True)
    for share, part, state, space, jacobian in pieces:
        saturated = Saturated(data=part.data, space=space)
        total += share * (jacobian.T @ saturated.hessian(saturated.stack(state.at.mu, state.at.sigma)) @ jacobian)
    return inverse_of(total)


def _saturated_trace(part: Any, space: MomentSpace, expected: bool) -> float:
    """tr(B1 A1^-1) of the saturated model of one group, by its expected or its observed information."""
    data: GroupData = part.data
    if not data.settled:
        return float("nan")
    name = f"saturated trace, {'expected' if expected else 'observed'}"
    return data.shared.numbers.get((name, space.size), lambda: _compute_saturated_trace(data, space, expected))


def _compute_saturated_trace(data: GroupData, space: MomentSpace, expected: bool) -> float:
    plain = data.weights is None and data.clusters is None and data.patterns is None and not len(space.given)
    if not plain:
        saturated = Saturated(data=data, space=space)
        information = saturated.expected_information if expected else saturated.information
        return float(np.trace(solve(information, saturated.cross_products)))
    # Closed form: the scores of the saturated model are quadratic in the Mahalanobis distance.
    p, z = len(data.cov), data.centred
    distance = np.einsum("ij,ij->i", z @ inverse_of(data.cov), z)
    return 0.5 * (float(distance @ distance) / data.n - p) + len(space.m)
