"""One factor behind many covariance matrices at once, by maximum likelihood: what a bootstrap of omega needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_STEPS = 60
DONE = 1e-12
"""Of the decrement that the next step promises."""


@dataclass(frozen=True, kw_only=True)
class Congeneric:
    """Loadings and residual variances, (matrices, items) each, and which matrices have come to rest."""

    loadings: np.ndarray
    residuals: np.ndarray
    converged: np.ndarray


def congeneric_fits(covariances: np.ndarray, loadings: np.ndarray, residuals: np.ndarray) -> Congeneric:
    """Fit one factor of variance 1 to each covariance matrix, from the given start, by Fisher scoring.

    Residual variances are not held above zero, as in R's lavaan, so that replicates scatter round its estimate.

    Parameters
    ----------
    covariances
        (matrices, items, items).
    loadings, residuals
        The start: one value an item.
    """
    k = len(loadings)
    usable = np.isfinite(covariances).all(axis=(1, 2))
    theta = np.tile(np.concatenate([loadings, residuals]), (len(covariances), 1))
    good = np.zeros(len(covariances), dtype=bool)
    on = np.flatnonzero(usable)
    best, length, step = np.full(len(theta), np.inf), np.ones(len(theta)), np.zeros_like(theta)
    for _ in range(MOST_STEPS):
        if not len(on):
            break
        value, gradient, information = _evaluate(theta[on], covariances[on])
        worse = ~(value <= best[on] + 1e-10)
        back, forth = on[worse], on[~worse]
        length[back] /= 2
        theta[back] -= step[back] * length[back, np.newaxis]
        best[forth], length[forth] = value[~worse], 1.0
        move = _steps(information[~worse], gradient[~worse])
        good[forth[-np.einsum("bi,bi->b", gradient[~worse], move) < DONE]] = True
        step[forth] = move
        theta[forth] += move
        on = on[~good[on]]
    return Congeneric(loadings=theta[:, :k], residuals=theta[:, k:], converged=good)


def _evaluate(theta: np.ndarray, scatter: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half the discrepancy with its gradient and expected information by loadings and residual variances."""
    k = scatter.shape[1]
    loadings, residuals = theta[:, :k], theta[:, k:]
    sigma = loadings[:, :, np.newaxis] * loadings[:, np.newaxis, :]
    sigma[:, np.arange(k), np.arange(k)] += residuals
    sign, log_determinant = np.linalg.slogdet(sigma)
    usable = sign > 0
    sigma[~usable] = np.eye(k)  # its value is infinite: the step towards it is taken back
    weight = np.linalg.inv(sigma)
    ws = weight @ scatter
    value = np.where(usable, (log_determinant + np.trace(ws, axis1=1, axis2=2)) / 2, np.inf)
    lean = weight - ws @ weight
    wl = (weight @ loadings[:, :, np.newaxis])[:, :, 0]
    gradient = np.concatenate(
        [(lean @ loadings[:, :, np.newaxis])[:, :, 0], np.diagonal(lean, axis1=1, axis2=2) / 2], axis=1
    )
    information = np.empty((len(theta), 2 * k, 2 * k))
    reach = np.einsum("bi,bi->b", wl, loadings)
    information[:, :k, :k] = reach[:, np.newaxis, np.newaxis] * weight + wl[:, :, np.newaxis] * wl[:, np.newaxis, :]
    information[:, :k, k:] = weight * wl[:, np.newaxis, :]
    information[:, k:, :k] = information[:, :k, k:].transpose(0, 2, 1)
    information[:, k:, k:] = weight**2 / 2
    return value, gradient, information


def _steps(information: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The scoring step of each matrix; least squares where one of them leaves a direction undetermined."""
    if not len(gradient):
        return gradient
    try:
        return -np.linalg.solve(information, gradient[:, :, np.newaxis])[:, :, 0]
    except np.linalg.LinAlgError:
        return -(np.linalg.pinv(information) @ gradient[:, :, np.newaxis])[:, :, 0]
