"""Chi-squares for the robust CFI and RMSEA where the plain ones mislead: missing answers, ordered answers.

With missing answers the model is held against the moments as if they had been complete (Zhang & Savalei, 2023, FIML-C);
with ordered answers the least-squares solution is judged by the normal discrepancy of the polychoric correlations
(Savalei, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxkit.sem.indices.baseline import baseline_frame, baseline_key
from cxkit.sem.indices.fit_measures import NOT_CLOSE
from cxkit.sem.inference.covariance import Frame, positive, times
from cxkit.sem.sample.chi_square import Corrected
from cxkit.sem.sample.coverage import scarcest
from cxkit.sem.sample.singular import inverse as inverse_of
from cxkit.sem.sample.singular import solve
from cxkit.sem.search.discrepancy import MaximumLikelihood
from cxkit.sem.search.saturated import Saturated
from cxkit.sem.solved import Solved

# Traces are differences of sums of this relative accuracy; what is smaller is rounding.
NO_RESTRICTION = 1e-9
# By how much missing answers may widen what chance alone gives RMSEA. The chi-square as if answers were complete is a
# sum of squares with unequal weights; an item that few answered gives a few of them weights of hundreds. Skewed answers
# of a small group widen it too (2.2 times in one of 30 with a tenth of its answers missing), and are no reason.
MOST_WIDENED = 2.5


NOTHING = Corrected(chisq=float("nan"), c=1.0, scaled=float("nan"))
"""Where no correction can be computed: what rests on it stays empty, and the note of the fit says so."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Why robust indices of missing answers have no value.

    `rmsea` says whether RMSEA has none either, `everything` whether chi-square and SRMR have none.
    """

    reason: str
    rmsea: bool = True
    everything: bool = False

    @property
    def sentence(self) -> str:
        """`robust CFI, TLI and RMSEA have no value: ...`, without a stop; SRMR compares with the same covariances."""
        if self.everything:
            return f"chi-square, robust CFI, TLI and RMSEA, and SRMR have no value: {self.reason}"
        if self.rmsea:
            srmr = "SRMR is of the same covariances, and as uncertain"
            return f"robust CFI, TLI and RMSEA have no value: {self.reason}; {srmr}"
        return f"robust CFI and TLI have no value: {self.reason}"


def missing_answers(fit: Solved) -> tuple[Corrected, Corrected | None]:
    """FIML-corrected chi-squares of the model and of the baseline; nothing where moments are singular or unknown."""
    if not fit.sample.settled:
        return NOTHING, NOTHING
    try:
        return _missing_answers(fit)
    except np.linalg.LinAlgError:  # the moments of few answers need not be positive definite
        return NOTHING, NOTHING


def doubt(fit: Solved, model: Corrected, baseline: Corrected | None, baseline_df: float) -> Doubt | None:
    """Why the indices made of these chi-squares would mislead; None where they can be trusted.

    They rest on covariances as if everybody had answered everything. Where an item was answered by few, its covariances
    are all but unknown, and the correction c exceeds what it corrects: CFI then comes out as 1 and RMSEA as 0 for
    models that the answers themselves refute.
    """
    if not fit.sample.settled:
        reason = f"the means and covariances of all answers did not settle{_because(fit)}"
        return Doubt(reason=reason, everything=True)
    if np.isnan(model.chisq + model.c):
        return None
    if _is_too_wide(fit, model):
        return Doubt(
            reason="so little is known of some covariances that a model which holds would show an RMSEA of "
            f"{NOT_CLOSE:.2f} by chance alone{_because(fit)}"
        )
    if baseline is not None and not baseline.chisq > baseline.c * baseline_df:
        return Doubt(
            reason="corrected for missing answers, the baseline model has no misfit to compare with", rmsea=False
        )
    return None


def _because(fit: Solved) -> str:
    scarce = [
        f"{found} of group '{group.label}'" if group.label else found
        for group in fit.sample.groups
        if group.answers is not None and (found := scarcest(group.answers, group.names))
    ]
    return f" ({'; '.join(scarce)})" if scarce else ""


def _is_too_wide(fit: Solved, model: Corrected) -> bool:
    """Whether one standard deviation of chance makes an RMSEA of .08 or more, and missing answers are the reason."""
    unit = len(fit.models) * np.sqrt(2 / fit.df) / fit.frame.n
    # The weights of the sum are positive, so that its variance is at most that of a single square.
    if model.c * np.sqrt(fit.df) * unit < NOT_CLOSE**2:
        return False
    widened = np.sqrt(max(_square_as_if_complete(fit.frame), 0.0) / fit.df)
    return bool(widened > MOST_WIDENED**2 and widened * unit > NOT_CLOSE**2)


def _square_as_if_complete(frame: Frame) -> float:
    """tr[(U Gamma)^2], the sum of the squared weights of the chi-square as if answers were complete.

    U = F^1/2 (I - P)' W_c (I - P) F^1/2 with P = Delta E^-1 Delta' W_m F, block by block of groups with shares F.
    """
    shares, jacobians = frame.objective.shares, frame.jacobians()
    free = [
        Saturated(data=part.data, space=space) for part, space in zip(frame.objective.parts, frame.spaces, strict=True)
    ]
    robust = frame.estimator.test != "standard"
    gammas = [own.spread if robust else inverse_of(own.information) for own in free]
    levers = [own.information @ j for own, j in zip(free, jacobians, strict=True)]
    heavy = [own.complete @ j for own, j in zip(free, jacobians, strict=True)]
    information = sum(f * j.T @ lever for f, j, lever in zip(shares, jacobians, levers, strict=True))
    inverse = inverse_of(np.asarray(information))
    middle = sum(f * j.T @ h for f, j, h in zip(shares, jacobians, heavy, strict=True))
    inner = inverse @ middle @ inverse

    def block(g: int, h: int) -> np.ndarray:
        out = levers[g] @ inner @ levers[h].T - heavy[g] @ inverse @ levers[h].T - levers[g] @ inverse @ heavy[h].T
        return (shares[g] * out + free[g].complete if g == h else shares[g] * out) @ gammas[h]

    groups: Sequence[int] = range(len(free))
    return sum(float(np.vdot(block(g, h), block(h, g).T)) for g in groups for h in groups)


def _missing_answers(fit: Solved) -> tuple[Corrected, Corrected | None]:
    base, _ = baseline_frame(fit)
    df = sum(space.size for space in base.spaces) - len(base.bread_inverse)
    if not df:  # a single variable in every group: no two that could be uncorrelated
        return _as_if_complete(fit.frame, fit.df), None
    of_base = fit.sample.groups[0].shared.corrected.get(baseline_key(fit), lambda: _as_if_complete(base, df))
    return _as_if_complete(fit.frame, fit.df), of_base


def _as_if_complete(frame: Frame, df: int) -> Corrected:
    objective = frame.objective
    free = [Saturated(data=part.data, space=space) for part, space in zip(objective.parts, frame.spaces, strict=True)]
    robust = frame.estimator.test != "standard"
    shares = objective.shares
    value = 0.0
    for share, part, state in zip(shares, objective.parts, frame.states, strict=True):
        plain = MaximumLikelihood(part.model, part.data, means=True)
        gap = part.data.mean - state.at.mu
        scatter = part.data.cov + np.outer(gap, gap)
        inverse = inverse_of(state.at.sigma)
        logdet = np.linalg.slogdet(state.at.sigma)[1]
        value += share * (0.5 * (logdet + np.vdot(inverse, scatter)) - plain.floor)
    jacobians = frame.jacobians()
    levers = [own.information @ j for own, j in zip(free, jacobians, strict=True)]
    information = sum(f * j.T @ lever for f, j, lever in zip(shares, jacobians, levers, strict=True))
    inverse = inverse_of(np.asarray(information))
    total = 0.0
    # With M = W_c in the metric of W_m, both versions are traces of small products.
    middle = np.zeros_like(inverse)
    for share, own, j in zip(shares, free, jacobians, strict=True):
        seen = j.T @ own.complete @ j
        if not robust:
            total += float(np.trace(solve(own.information, own.complete)) - share * np.vdot(inverse, seen))
        middle += share * seen
    if robust:
        total = _robust_trace(shares, free, jacobians, levers, inverse, middle)
    return _corrected(2 * frame.n * value, positive(total / df))


def _robust_trace(
    shares: np.ndarray,
    free: list[Saturated],
    jacobians: list[np.ndarray],
    levers: list[np.ndarray],
    inverse: np.ndarray,
    middle: np.ndarray,
) -> float:
    """tr[(I - P)' W_c (I - P) W_m^-1 J W_m^-1] with P = Delta E^-1 Delta' W_m, over all groups."""
    total = 0.0
    for share, own, j, lever in zip(shares, free, jacobians, levers, strict=True):
        reach = own.spread @ lever
        inner = lever.T @ reach
        total += float(np.vdot(own.complete, own.spread))
        total -= 2 * share * float(np.vdot(inverse, reach.T @ own.complete @ j))
        total += share * float(np.vdot(inverse @ middle @ inverse, inner))
    return total


def ordered_answers(fit: Solved) -> tuple[Corrected, Corrected | None] | None:
    """Chi-squares of the polychoric correlations under the least-squares solution."""
    if any(len(part.statistics.numeric) or part.model.given for part in fit.frame.objective.parts):
        return None
    try:
        return _polychoric_normal(fit)
    except np.linalg.LinAlgError:
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Correlations:
    """One group's polychoric correlations under the least-squares solution, and what the traces are made of.

    `misfit` and `base_misfit` are its normal discrepancies times its size, `v` the normal weight of the correlations at
    the solution, `jacobian` and `lever` their derivatives, plain and times the weight that was fitted with.
    """

    share: float
    misfit: float
    base_misfit: float
    v: np.ndarray
    gamma: np.ndarray
    jacobian: np.ndarray
    lever: np.ndarray


def _correlations(share: float, part: Any, state: Any, j: np.ndarray, w: np.ndarray) -> _Correlations:
    """A group's part; `j` and `w` are the derivatives and the weights of its thresholds and correlations."""
    first, r, c = part.statistics.n_thresholds, part.statistics.r, part.statistics.c
    corr, implied = part.data.cov, np.eye(part.model.p)
    implied[r, c] = implied[c, r] = (part.target - state[0])[first:]
    np.linalg.cholesky(corr)  # raises where they are not positive definite: they have no normal discrepancy
    inverse = inverse_of(implied)
    logdets = np.linalg.slogdet(implied)[1], np.linalg.slogdet(corr)[1]
    cross = inverse[np.ix_(r, c)]
    jacobian = j[first:]
    return _Correlations(
        share=share,
        misfit=part.data.n * (logdets[0] - logdets[1] + np.vdot(inverse, corr) - len(corr)),
        base_misfit=part.data.n * -logdets[1],
        v=inverse[np.ix_(r, r)] * inverse[np.ix_(c, c)] + cross * cross.T,
        gamma=part.data.ordinal.gamma[first:, first:],
        jacobian=jacobian,
        lever=times(w[first:] if w.ndim == 1 else w[first:, first:], jacobian),
    )


def _polychoric_normal(fit: Solved) -> tuple[Corrected, Corrected | None] | None:
    """None where the model leaves the correlations free: its restrictions then lie on thresholds alone."""
    frame, objective, inverse = fit.frame, fit.frame.objective, fit.frame.bread_inverse
    by_group = zip(
        objective.shares, objective.parts, frame.states, frame.jacobians(), frame.weights(), strict=True
    )  # fmt: skip
    groups = [_correlations(*of_group) for of_group in by_group]
    middle = sum(own.share * own.jacobian.T @ own.v @ own.jacobian for own in groups)
    outer = inverse @ middle @ inverse
    whole = sum(float(np.vdot(own.v, own.gamma)) for own in groups)
    crossed = sum(
        2 * own.share * float(np.vdot(inverse, own.lever.T @ own.gamma @ own.v @ own.jacobian)) for own in groups
    )
    squared = sum(own.share * float(np.vdot(outer, own.lever.T @ own.gamma @ own.lever)) for own in groups)
    trace = (whole + squared) - crossed
    if not trace > NO_RESTRICTION * whole:  # NaN where something is singular
        return None
    # The chi-square above is that of the correlations alone. What restricts only thresholds (equal over groups, fixed)
    # leaves the correlations as free as before, and is no degree of freedom of theirs.
    pairs = sum(len(own.v) for own in groups)
    df = pairs - int(np.linalg.matrix_rank(np.concatenate([own.jacobian for own in groups])))
    if df == 0:
        return None
    # With several groups lavaan 0.6-14 leaves the share of the group in this trace; kept for agreement.
    base_trace = sum(float(np.trace(own.gamma)) / own.share for own in groups)
    return (
        _corrected(sum(own.misfit for own in groups), trace / df, df),
        _corrected(sum(own.base_misfit for own in groups), base_trace / pairs),
    )


def _corrected(chisq: float, c: float, df: int | None = None) -> Corrected:
    return Corrected(chisq=chisq, c=c, scaled=chisq / c, df=df)
