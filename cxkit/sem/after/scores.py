"""Factor scores: where each respondent stands on the latent variables, under the row labels of the data.

Regression scores are the posterior means given all answers (Thurstone, 1935); Bartlett scores are generalised least
squares on the measurement equations alone (Bartlett, 1937, https://doi.org/10.1111/j.2044-8295.1937.tb00863.x).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, ModelError, nearest
from cxkit.one_thread import in_one_thread
from cxkit.sem.after.ordered_scores import posterior_modes
from cxkit.sem.sample.groups import GroupData, Sample
from cxkit.sem.sample.singular import solve
from cxkit.sem.search.model import GroupModel
from cxkit.sem.solved import Solved

# lavPredict's words: EBM of continuous answers are regression scores, ML are Bartlett scores.
METHODS = {"regression": "regression", "ebm": "regression", "bartlett": "bartlett", "ml": "bartlett"}
# Relative size of a singular value, in units of the standard deviations, below which it is rounding.
NO_RANK = 1e-9


@in_one_thread
def factor_scores(fit: Solved, method: str) -> pd.DataFrame:
    """Scores of every respondent used, in the order and under the row labels of the data; see `Fit.scores`."""
    chosen = _check(fit, method)
    names = list(fit.table.variables.latent)
    frames = []
    for group, data in enumerate(fit.sample.groups):
        part = pd.DataFrame(_group_scores(fit, group, chosen), columns=names)
        if len(fit.models) > 1:
            part.insert(0, "group", data.label)
        frames.append(part)
    return in_data_order(pd.concat(frames, ignore_index=True), fit.sample)


def in_data_order(table: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """One row per respondent, given group by group, put into the order of the data with the labels of the data."""
    positions = np.concatenate([np.asarray(data.rows) for data in sample.groups])
    order = np.argsort(positions, kind="stable")
    out = table.iloc[order]
    out.index = sample.index[positions[order]]
    return out


def _check(fit: Solved, method: str) -> str:
    """The method's own name; a ModelError where there can be no scores."""
    known = str(method).lower()
    if known not in METHODS:
        raise ModelError(f"scores() does not know method='{method}'.{nearest(known, METHODS)}")
    if not fit.table.variables.latent:
        raise ModelError("The model has no latent variables, so there is nothing to score.")
    if any(data.answers is None for data in fit.sample.groups):
        raise ModelError("Factor scores need the answers; this model was fitted to published moments.")
    if fit.settings["ordered"] and METHODS[known] == "bartlett":
        raise ModelError(
            "Bartlett scores of ordered answers are infinite for whoever gave only the lowest or only the highest "
            "answers. Use method='EBM' (posterior modes)."
        )
    return METHODS[known]


def _group_scores(fit: Solved, group: int, method: str) -> np.ndarray:
    part, data = fit.frame.objective.parts[group], fit.sample.groups[group]
    theta = part.model.values(fit.solution.z)
    if fit.settings["ordered"]:
        return posterior_modes(part, theta)
    mean = part.model.full_moments(theta)[1]
    if not fit.settings["meanstructure"]:
        mean = _saturated_means(part.model, theta, data)
    if method == "regression":
        return _regression_scores(part.model, theta, data, mean)
    return _bartlett_scores(part.model, theta, data, mean)


def _saturated_means(model: GroupModel, theta: np.ndarray, data: GroupData) -> np.ndarray:
    """Means of all variables where the model leaves those of the observed ones free and latent intercepts are 0."""
    a, p = model.matrices(theta)[0], model.p
    latent = np.linalg.solve(np.eye(model.v - p) - a[p:, p:], a[p:, :p] @ data.mean)
    return np.concatenate([data.mean, latent])


def _patterns(data: GroupData) -> list[tuple[np.ndarray, Any]]:
    """Which variables are answered, and by which rows."""
    if data.patterns is None:
        return [(np.ones(len(data.names), dtype=bool), slice(None))]
    return list(zip(data.patterns.seen, data.patterns.rows, strict=True))


def _regression_scores(model: GroupModel, theta: np.ndarray, data: GroupData, mean: np.ndarray) -> np.ndarray:
    """E(eta | whatever was answered), of normal variables."""
    full, p = model.full_moments(theta)[0], model.p
    answers = np.asarray(data.answers)
    out = np.empty((data.n, model.v - p))
    for seen, rows in _patterns(data):
        inner, cross = full[:p, :p][np.ix_(seen, seen)], full[p:, :p][:, seen]
        gaps = answers[rows][:, seen] - mean[:p][seen]
        out[rows] = mean[p:] + gaps @ solve(inner, cross.T)
    if np.isnan(out).any():
        raise ModelError(
            "Scores need the inverse of the model-implied covariances, which are singular at these estimates. Look for "
            "variances of 0 in the estimates, or use method='bartlett'."
        )
    return out


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """How items follow from latent variables: y = mean + direct (o - mean of o) + loadings (eta - mean) + e.

    Items are all variables on which a latent variable acts, by `=~` or by `~`, and those whose residuals covary with
    theirs, as in `lavPredict`. `direct` are effects of other observed variables, so that scores are those given
    predictors. `loadings` and `residual` are in units of `sd_items` and `sd_factors`.
    """

    items: np.ndarray
    loadings: np.ndarray
    direct: np.ndarray
    residual: np.ndarray
    sd_items: np.ndarray
    sd_factors: np.ndarray


def _measurement(model: GroupModel, theta: np.ndarray, data: GroupData) -> Measurement:
    a, s, _ = model.matrices(theta)
    p = model.p
    acts = model.a0 != 0
    acts[model.a] = True
    items = _with_covarying(acts[:p, p:].any(1), s[:p])
    sd_items = np.sqrt(np.diag(data.cov))[items]
    variance = np.diag(model.full_moments(theta)[0])[p:]
    sd_factors = np.sqrt(np.where(variance > 0, variance, 1.0))
    return Measurement(
        items=items,
        loadings=a[items, p:] * sd_factors / sd_items[:, None],
        direct=a[items, :p],
        residual=s[np.ix_(items, items)] / np.outer(sd_items, sd_items),
        sd_items=sd_items,
        sd_factors=sd_factors,
    )


def _with_covarying(measured: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Positions of the items and of all observed variables that tell of the items' residuals.

    A variable without loadings whose residual covaries with an item's takes part of the error away, a predictor too:
    the scores are those given all predictors. Variables that covary with a factor tell of the factor, not of errors,
    and stay outside.
    """
    able = ~(covariances[:, len(measured) :] != 0).any(1)
    while True:
        more = able & ~measured & (covariances[:, : len(measured)][:, measured] != 0).any(1)
        if not more.any():
            return np.flatnonzero(measured)
        measured = measured | more


def _bartlett_scores(model: GroupModel, theta: np.ndarray, data: GroupData, mean: np.ndarray) -> np.ndarray:
    """(Lambda' Theta^-1 Lambda)^-1 Lambda' Theta^-1 (y - E y | x) added to E eta | x, from whatever was answered."""
    equations = _measurement(model, theta, data)
    _refuse_unmeasured(model, equations)
    p = model.p
    gaps = np.asarray(data.answers) - mean[:p]
    out = np.empty((data.n, model.v - p))
    for seen, rows in _patterns(data):
        # An indicator counts where it and what acts on it directly were answered.
        known = seen[equations.items] & ~(equations.direct[:, ~seen] != 0).any(1)
        weight, found = bartlett_weights(equations.loadings[known], equations.residual[np.ix_(known, known)])
        reach = np.where(seen, gaps[rows], 0.0)
        left = reach[:, equations.items[known]] - reach @ equations.direct[known].T
        scores = (left / equations.sd_items[known]) @ weight.T * equations.sd_factors
        out[rows] = np.where(found, mean[p:] + scores, np.nan)
    _warn_unmeasured(model, out)
    return out


def bartlett_weights(loadings: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (factors x items) of generalised least squares, and which factors the items tell.

    The system [Theta, Lambda; Lambda', 0] gives them also where an item has no error of its own and Theta therefore
    has no inverse (Rao, 1971, "Unified theory of linear estimation", Sankhya A 33).
    """
    k, q = loadings.shape
    system = np.zeros((k + q, k + q))
    system[:k, :k], system[:k, k:], system[k:, :k] = residual, loadings, loadings.T
    left, sizes, right = np.linalg.svd(system)
    solid = sizes > NO_RANK * max(sizes.max(initial=0.0), 1.0)
    inverse = (right[solid].T / sizes[solid]) @ left[:, solid].T
    # A factor is told unless some direction that leaves all equations as they are moves it.
    lost = right[~solid][:, k:]
    return inverse[k:, :k], ~(np.abs(lost) > np.sqrt(NO_RANK)).any(0)


def _refuse_unmeasured(model: GroupModel, equations: Measurement) -> None:
    _, found = bartlett_weights(equations.loadings, equations.residual)
    if found.all():
        return
    names = [f"'{name}'" for name, hit in zip(model.names[model.p :], found, strict=True) if not hit]
    raise ModelError(
        f"Bartlett scores of {', '.join(names)} do not exist: the items alone do not determine them (a factor of "
        "factors, or more factors than the items can tell apart). Use method='regression'."
    )


def _warn_unmeasured(model: GroupModel, scores: np.ndarray) -> None:
    """Whose answers do not tell a factor has no Bartlett score on it: no item answered, or too few (growth)."""
    missing = np.isnan(scores).sum(0)
    found = [f"'{n}' ({k})" for n, k in zip(model.names[model.p :], missing, strict=True) if k]
    if found:
        message = (
            f"Bartlett scores are missing (NaN) for respondents whose answers do not determine a factor (none of its "
            f"items answered, or fewer than it takes): {', '.join(found)}. "
            "method='regression' gives them the mean that their other answers suggest."
        )
        warnings.warn(message, CxkitWarning, stacklevel=5)
