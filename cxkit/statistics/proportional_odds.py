"""Ordered logistic regression of many items at once, by Newton's method.

logit P(Y <= k) = cut[k] - x @ slope, as R's `MASS::polr` writes it. People with the same predictors are one cell, and
all items climb to their maxima together: forty items cost little more than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from cxkit.without_contents import without_contents

STEPS = 60
TOLERANCE = 1e-9
FARTHEST = 15.0
"""A log odds ratio beyond this has run away: some cell's answers are all at one end, and no maximum exists."""
SMALLEST = 1e-100
"""Probabilities are kept from zero, where their square would be lost."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Counts and predictors of several items, an array a quantity.

    Attributes
    ----------
    counts
        Items x cells x categories: how many people of the cell gave the answer. Cells without people do not matter.
    predictors
        Items x cells x predictors.
    """

    counts: np.ndarray
    predictors: np.ndarray

    __repr__ = without_contents


@dataclass(frozen=True, kw_only=True)
class OrderedLogits:
    """The maxima: log-likelihoods (items), cuts (items x categories - 1), slopes (items x predictors), and whether each
    was found; where it was not, the others are NaN.
    """

    loglik: np.ndarray
    cuts: np.ndarray
    slopes: np.ndarray
    converged: np.ndarray


def fit_ordered_logits(cells: Cells) -> OrderedLogits:
    """Maximum likelihood for every item.

    Every category must occur. The log-likelihood is concave, so that Newton's steps, halved where they overshoot, end
    at its only maximum; where an item has none, it is said not to have converged.
    """
    theta = _start(cells)
    value, gradient, information = _derivatives(cells, theta)
    converged = np.zeros(len(theta), dtype=bool)
    for _ in range(STEPS):
        step = _solve(information, gradient)
        # Half the squared Newton decrement is how much log-likelihood is still to be gained.
        converged = np.einsum("ji,ji->j", gradient, step) < TOLERANCE
        if converged.all():
            break
        theta = _walk(cells, theta, np.where(converged[:, None], 0.0, step), value)
        value, gradient, information = _derivatives(cells, theta)
    # One step more, which doubles the digits: the log-likelihood is flat where it is nearly reached.
    theta = theta + np.where(converged[:, None], step, 0.0)
    value = _loglik(cells, theta)
    size = cells.counts.shape[2] - 1
    converged &= (np.abs(theta[:, size:]) < FARTHEST).all(axis=1) & np.isfinite(value)
    lost = ~converged
    value, theta = value.copy(), theta.copy()
    value[lost], theta[lost] = np.nan, np.nan
    return OrderedLogits(loglik=value, cuts=theta[:, :size], slopes=theta[:, size:], converged=converged)


def information_at(cells: Cells, theta: np.ndarray) -> np.ndarray:
    """Minus the second derivatives of each item's log-likelihood at these cuts and slopes."""
    return _derivatives(cells, theta)[2]


def null_loglik(counts: np.ndarray) -> np.ndarray:
    """The log-likelihood of each item without predictors: every answer has its overall share."""
    totals = counts.sum(axis=1)
    shares = totals / totals.sum(axis=1, keepdims=True)
    return np.asarray(np.sum(totals * np.log(np.where(totals > 0, shares, 1.0)), axis=1))


def _start(cells: Cells) -> np.ndarray:
    """Cuts at the observed shares, slopes zero."""
    totals = cells.counts.sum(axis=1)
    below = np.cumsum(totals, axis=1)[:, :-1] / totals.sum(axis=1, keepdims=True)
    return np.concatenate([np.log(below / (1 - below)), np.zeros((len(totals), cells.predictors.shape[2]))], axis=1)


def _walk(cells: Cells, theta: np.ndarray, step: np.ndarray, value: np.ndarray) -> np.ndarray:
    """A step for every item, halved until it does not lead downhill."""
    size = np.ones(len(theta))
    for _ in range(30):
        candidate = theta + size[:, None] * step
        worse = ~(_loglik(cells, candidate) >= value - 1e-10 * np.abs(value))
        if not worse.any():
            return candidate
        size = np.where(worse, size / 2, size)
    return np.where(worse[:, None], theta, candidate)


def _solve(information: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Newton's step; a tiny ridge keeps a flat direction (an empty one) from stopping all others."""
    scale = np.maximum(np.einsum("jii->ji", information).max(axis=1), 1e-300)
    ridge = 1e-13 * scale[:, None, None] * np.eye(information.shape[1])
    return np.asarray(np.linalg.solve(information + ridge, gradient[:, :, None])[:, :, 0])


def _cumulative(cells: Cells, theta: np.ndarray) -> np.ndarray:
    """P(Y <= k) of every item and cell, for k below the last category."""
    size = cells.counts.shape[2] - 1
    eta = np.einsum("jmp,jp->jm", cells.predictors, theta[:, size:])
    return np.asarray(expit(theta[:, None, :size] - eta[:, :, None]))


def _probabilities(below: np.ndarray) -> np.ndarray:
    edge = np.zeros((*below.shape[:2], 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=2), axis=2)


def _loglik(cells: Cells, theta: np.ndarray) -> np.ndarray:
    """Minus infinity where an answer that was given is impossible, as with cuts out of order."""
    p = _probabilities(_cumulative(cells, theta))
    possible = ((p > 0) | (cells.counts == 0)).all(axis=(1, 2))
    total = np.einsum("jmk,jmk->j", cells.counts, np.log(np.maximum(p, SMALLEST)))
    return np.where(possible, total, -np.inf)


def _derivatives(cells: Cells, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood, its gradient, and minus its second derivatives."""
    counts, x = cells.counts, cells.predictors
    below = _cumulative(cells, theta)
    density = below * (1 - below)
    p = np.maximum(_probabilities(below), SMALLEST)
    ratio = counts / p
    lift = ratio[:, :, :-1] - ratio[:, :, 1:]
    slope = density * lift  # derivative by each cumulative logit
    square = ratio / p
    diagonal = density**2 * (square[:, :, :-1] + square[:, :, 1:]) - density * (1 - 2 * below) * lift
    beside = -density[:, :, :-1] * density[:, :, 1:] * square[:, :, 1:-1]
    return (
        _loglik(cells, theta),
        np.concatenate([slope.sum(axis=1), -np.einsum("jmk,jmp->jp", slope, x)], axis=1),
        _information(diagonal, beside, x),
    )


def _information(diagonal: np.ndarray, beside: np.ndarray, x: np.ndarray) -> np.ndarray:
    """From the tridiagonal second derivatives by cumulative logits to those by cuts and slopes."""
    size, predictors = diagonal.shape[2], x.shape[2]
    full = np.zeros((len(x), size + predictors, size + predictors))
    k = np.arange(size)
    full[:, k, k] = diagonal.sum(axis=1)
    full[:, k[:-1], k[1:]] = full[:, k[1:], k[:-1]] = beside.sum(axis=1)
    rows = diagonal.copy()
    rows[:, :, :-1] += beside
    rows[:, :, 1:] += beside
    cross = -np.einsum("jmk,jmp->jkp", rows, x)
    full[:, :size, size:] = cross
    full[:, size:, :size] = cross.transpose(0, 2, 1)
    full[:, size:, size:] = np.einsum("jm,jmp,jmq->jpq", rows.sum(axis=2), x, x, optimize=True)
    return full
