"""All fit measures of a fit: where the formulae of `fit_measures` get numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxkit.one_thread import in_one_thread
from cxkit.sem.indices import fit_measures as fm
from cxkit.sem.indices.baseline import baseline_test, log_determinant
from cxkit.sem.indices.corrections import Doubt, ordered_answers
from cxkit.sem.sample.chi_square import Corrected, FitTest
from cxkit.sem.sample.singular import root
from cxkit.sem.search.discrepancy import FullInformation, LeastSquares
from cxkit.sem.search.statistics import MomentSpace
from cxkit.sem.solved import Solved

LOG_2PI = float(np.log(2 * np.pi))


@in_one_thread
def all_measures(
    fit: Solved, as_if_complete: tuple[Corrected, Corrected | None] | None, doubt: Doubt | None
) -> dict[str, float]:
    """Every index that applies to the estimator, in lavaan's order.

    `as_if_complete` are the chi-squares of incomplete answers as if these were complete, None where they are;
    `doubt` is why no robust index can rest on them.
    """
    test, base = fit.test, baseline_test(fit)
    groups, n = len(fit.models), fit.frame.n
    npar = fit.n_parameters
    likely = fit.frame.estimator.discrepancy == "ML"
    known = fit.sample.settled
    fmin = max(fit.solution.value, 0.0) if likely and test.df and known else test.chisq / (2 * fit.n)
    out: dict[str, float] = {"npar": npar, "fmin": fmin}
    out |= fm.chisq_block(test, base)
    if fit.frame.estimator.discrepancy == "ULS":
        # Under ULS the statistic has no chi-square distribution.
        out |= {"pvalue": float("nan"), "baseline.pvalue": float("nan")}
    out |= fm.comparative(test, base) | fm.comparative_scaled(test, base)
    if likely:
        logl, unrestricted = log_likelihoods(fit)
        out |= fm.likelihood_block(logl, unrestricted, npar, fit.n, test)
    out["ntotal"] = fit.n
    out |= fm.rmsea_block(test.chisq, test.df, n, groups, "")
    out |= {"rmsea.ci.level": fm.LEVEL, "rmsea.close.h0": fm.CLOSE, "rmsea.notclose.h0": fm.NOT_CLOSE}
    out |= _scaled_rmsea(test, n, groups)
    corrected = _corrected(fit, test, base, as_if_complete)
    if corrected is not None:
        robust = fm.robust_block(*corrected, test.df, base.df, n, groups)
        out |= _without_doubtful(robust, doubt)
    out |= residual_measures(fit)
    out |= fm.absolute_block(test.chisq, test.df, npar, n)
    gfi, size = goodness_of_fit(fit)
    out |= fm.goodness_block(gfi, size, test.df)
    if fit.settings["ordered"]:
        # lavaan divides by the number of statistics of one group.
        out["wrmr"] = float(np.sqrt(test.chisq / len(fit.sample.groups[0].ordinal.statistics)))
        del out["ecvi"]
    return out


def _without_doubtful(robust: dict[str, float], doubt: Doubt | None) -> dict[str, float]:
    """The robust indices, without value where missing answers leave them none."""
    if doubt is None:
        return robust
    return {name: float("nan") if doubt.rmsea or "rmsea" not in name else value for name, value in robust.items()}


def _scaled_rmsea(test: FitTest, n: float, groups: int) -> dict[str, float]:
    if test.scaled is None:
        return {}
    if test.df == 0:
        return dict.fromkeys((name + ".scaled" for name in fm.RMSEA), float("nan"))
    if test.factor is not None and np.isnan(test.factor):
        return dict.fromkeys((name + ".scaled" for name in fm.RMSEA), float("nan"))
    if test.shift:
        return fm.rmsea_block(test.scaled, test.df, n, groups, ".scaled")
    return fm.rmsea_block(test.chisq, test.trace or 0.0, n, groups, ".scaled")


def log_likelihoods(fit: Solved) -> tuple[float, float]:
    """Of the model and of the saturated model; exogenous variables are conditioned on."""
    logl = unrestricted = 0.0
    for part, state in zip(fit.frame.objective.parts, fit.frame.states, strict=True):
        data = part.data
        count = data.size
        seen = len(data.names) if data.patterns is None else (data.patterns.counts @ data.patterns.seen).sum() / count
        x = [i for i, name in enumerate(data.names) if name in fit.table.variables.exogenous]
        given = 0.5 * (len(x) * (LOG_2PI + 1) + log_determinant(data.cov[np.ix_(x, x)])) if x else 0.0
        top = -count * (0.5 * seen * LOG_2PI + part.floor - given)
        unrestricted += top if data.settled else float("nan")
        logl += top - count * (0.0 if fit.df == 0 and data.settled else part.value(state))
    return float(logl), float(unrestricted)


def residual_measures(fit: Solved) -> dict[str, float]:
    """SRMR and its relatives, averaged over groups by size."""
    shares = fit.frame.objective.shares
    blocks = []
    for part, state in zip(fit.frame.objective.parts, fit.frame.states, strict=True):
        if part.data.ordinal is not None:
            statistics, first = part.statistics, part.statistics.n_thresholds
            th = state[0][: len(statistics.th_variable)][statistics.th_ordered]
            sds = _deviations(part, state)
            units = [1 / (sd[statistics.r] * sd[statistics.c]) for sd in sds]
            implied = (part.target - state[0])[first:]
            apart = part.target[first:] * units[0] - implied * units[1]
            blocks.append(fm.ordinal_residual_block(th, state[0][first:], units[0], apart, part.model.p))
        else:
            at = part.model.implied(part.model.values(fit.solution.z))
            cov, mean = part.data.known_moments
            blocks.append(fm.residual_block(cov, mean, at.sigma, at.mu, fit.settings["meanstructure"]))
    out = {name: float(sum(f * b[name] for f, b in zip(shares, blocks, strict=True))) for name in blocks[0]}
    return {**out, "srmr": out["srmr_bentler_nomean" if fit.settings["ordered"] else "srmr_bentler"]}


def _deviations(part: Any, state: Any) -> tuple[np.ndarray, np.ndarray]:
    """Observed and implied standard deviations behind the answers of one group; those of ordered items are 1."""
    statistics, first = part.statistics, part.statistics.n_thresholds
    numeric = slice(first - len(statistics.numeric), first)
    seen, expected = np.ones(part.model.p), np.ones(part.model.p)
    seen[statistics.numeric] = root(part.target[numeric])
    expected[statistics.numeric] = root((part.target - state[0])[numeric])
    return seen, expected


def goodness_of_fit(fit: Solved) -> tuple[float, int]:
    """GFI averaged over groups, and the number of statistics it rests on."""
    total, size = 0.0, 0
    objective = fit.frame.objective
    pieces = zip(objective.shares, objective.parts, fit.frame.states, fit.frame.spaces, strict=True)
    for share, part, state, space in pieces:
        if isinstance(part, LeastSquares):
            off, whole = part.value(state), float(0.5 * part.target @ part.times(part.target))
            size += len(part.target)
        else:
            at, data, weight = state.at, part.data, state.weight
            full = isinstance(part, FullInformation)
            # lavaan compares with the pairwise moments under FIML, but with weights with the estimated ones.
            pairwise = full and data.weights is None
            m, s = available_moments(data.answers) if pairwise else data.known_moments[::-1]
            gap, mean = (m - at.mu, m) if fit.settings["meanstructure"] else (None, None)
            over = part.share if full else np.ones(1)
            if fit.table.variables.exogenous:
                off, whole = _given_square(space, over, weight, (s - at.sigma, m - at.mu), (s, m))
            else:
                off, whole = over @ _normal_square(weight, s - at.sigma, gap), over @ _normal_square(weight, s, mean)
            p = len(data.cov)
            size += p * (p + 1) // 2 + (p if fit.settings["meanstructure"] else 0)
        total += share * (1 - off / whole)
    return float(total), size


def _given_square(
    space: MomentSpace, over: np.ndarray, weight: np.ndarray, off: tuple[Any, Any], whole: tuple[Any, Any]
) -> tuple[float, float]:
    """The two squared lengths where exogenous moments are given and count for nothing."""
    stack = weight if weight.ndim == 3 else weight[None]
    v = sum(f * space.normal_weight(w) for f, w in zip(over, stack, strict=True))
    short, long = (space.vector(*moments) for moments in (off, whole))
    return float(short @ v @ short), float(long @ v @ long)


def available_moments(answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances over whoever answered each item or pair: what lavaan's GFI compares with under FIML."""
    seen = ~np.isnan(answers)
    mean = np.nanmean(answers, axis=0)
    z = np.where(seen, answers - mean, 0.0)
    count = seen.T.astype(float) @ seen
    sums = z.T @ seen
    n = len(answers)
    with np.errstate(divide="ignore", invalid="ignore"):  # a pair that one person answered has no covariance
        return mean, (z.T @ z - sums * sums.T / count) / (count - 1) * (n - 1) / n


def _normal_square(weight: np.ndarray, cov: np.ndarray, mean: np.ndarray | None) -> np.ndarray:
    """The squared length of moments in the metric of normal answers; one value per missing pattern."""
    stack = weight if weight.ndim == 3 else weight[None]
    product = stack @ cov
    total = 0.5 * np.einsum("kij,kji->k", product, product)  # half the trace of its square, no third stack written
    return total if mean is None else total + (stack @ mean) @ mean


def _corrected(
    fit: Solved, test: FitTest, base: FitTest, as_if_complete: tuple[Corrected, Corrected | None] | None
) -> tuple[Corrected, Corrected | None] | None:
    """What the robust indices rest on, or None where lavaan has none."""
    if test.df == 0:
        if test.scaled is None and fit.settings["missing"] != "fiml":
            return None
        perfect = Corrected(chisq=0.0, c=1.0, scaled=0.0)
        return perfect, Corrected(chisq=1.0, c=0.0, scaled=1.0) if fit.settings["missing"] == "fiml" else None
    if as_if_complete is not None:
        return as_if_complete
    if test.scaled is None or fit.frame.estimator.test == "mean.var.adjusted":
        return None
    if fit.settings["ordered"]:
        none = Corrected(chisq=float("nan"), c=1.0, scaled=float("nan"))
        return ordered_answers(fit) or (none, none)
    return _from_scaled(test), _from_scaled(base)


def _from_scaled(t: FitTest) -> Corrected:
    factor = float(t.factor or 1.0)
    scaled = float(t.scaled if t.scaled is not None else t.chisq)
    c = factor * (t.df - t.shift) / t.df if t.df else factor
    return Corrected(chisq=t.chisq, c=c, scaled=scaled, c_interval=factor)
