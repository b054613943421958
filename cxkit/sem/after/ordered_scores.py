"""Factor scores of ordered answers: the mode of the posterior distribution of each respondent (empirical Bayes modal).

Given the latent variables each answer follows its own probit (or, where continuous, normal) distribution; the latent
variables are normal given predictors. The logarithm of the posterior is concave, so Newton steps find its one mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from cxkit.errors import ModelError
from cxkit.sem.search.model import GroupModel

# A step of this size, in standard deviations of the latent variables, ends the search.
STEP = 1e-10
MOST_STEPS = 200
MOST_HALVINGS = 40
# An answer that the model gives no chance must not end in log 0.
LEAST_CHANCE = 1e-300
# Below this variance a direction of the standardised latent variables has none.
NO_VARIANCE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class _Items:
    """Items in units of their residual, as functions of independent standard normal u: eta = mean + root u.

    `low` and `high` are the bounds between which the latent response of an ordered answer lies, at u = 0; both are the
    standardised deviation of a continuous answer. Shape (respondents, items); `slopes` (items, directions).
    """

    low: np.ndarray
    high: np.ndarray
    seen: np.ndarray
    ordered: np.ndarray
    slopes: np.ndarray


def posterior_modes(part: Any, theta: np.ndarray) -> np.ndarray:
    """Modes of the latent variables of one group, shape (respondents, latent variables)."""
    model: GroupModel = part.model
    at = model.implied(theta)
    _refuse_chains(model, part.statistics.outcomes)
    root = _root(at.full[model.p :, model.p :])
    base = _given_predictors(model, part.data.known_answers, theta, at.effects)
    items = _items(part, theta, base[:, : model.p], root)
    return base[:, model.p :] + _climb(items) @ root.T


def _refuse_chains(model: GroupModel, outcomes: np.ndarray) -> None:
    """Where one answer acts on another, the answers are not independent given the latent variables."""
    acts = model.a0[:, outcomes] != 0
    acts |= np.isin(outcomes, model.a[1])
    if acts.any():
        name = model.names[int(outcomes[acts.any(0)][0])]
        raise ModelError(
            f"Factor scores of ordered answers are not covered where an answer acts on another variable, as '{name}' "
            "does here. Leave that regression out to score the measurement model."
        )


def _root(cov: np.ndarray) -> np.ndarray:
    """A matrix L with L L' = cov, one column per direction in which the latent variables vary."""
    sd = np.sqrt(np.abs(np.diag(cov)))
    sd[sd == 0] = 1.0
    # In the unit of each, since one may be measured in millionths of another's.
    values, vectors = np.linalg.eigh(cov / np.outer(sd, sd))
    if values[0] < -NO_VARIANCE:
        raise ModelError(
            "There are no factor scores: the covariance matrix of the latent variables is not positive definite, so "
            "that it belongs to no distribution. Fewer factors, or a look at the warnings of the fit, may help."
        )
    keep = values > NO_VARIANCE
    return np.asarray(sd[:, np.newaxis] * vectors[:, keep] * np.sqrt(values[keep]))


def _given_predictors(model: GroupModel, answers: np.ndarray, theta: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Expected values of all variables, observed and latent, given each respondent's predictors."""
    m = np.tile(model.matrices(theta)[2], (len(answers), 1))
    m[:, model.given] = answers[:, model.given]
    return np.asarray(m @ effects.T)


def _items(part: Any, theta: np.ndarray, mean: np.ndarray, root: np.ndarray) -> _Items:
    statistics, model = part.statistics, part.model
    a, s, _ = model.matrices(theta)
    at = model.implied(theta)
    loadings, sigma = a[: model.p, model.p :], np.diag(at.sigma).copy()
    own = np.diag(s)[: model.p].copy()
    ordered = statistics.is_ordered
    if not statistics.theta_form:
        # Under "delta" the residual variance is what the loadings leave of 1 / scale squared.
        own[ordered] = statistics.scales(theta, at)[ordered] ** -2 - (sigma - own)[ordered]
    used = statistics.outcomes
    if (own[used] <= 0).any():
        name = model.names[int(used[own[used] <= 0][0])]
        raise ModelError(f"There are no factor scores: the residual variance of '{name}' is not positive.")
    answers = part.data.known_answers
    low, high = np.empty((len(answers), len(used))), np.empty((len(answers), len(used)))
    for k, i in enumerate(used):
        bounds = _bounds(part, theta, int(i), answers[:, i])
        low[:, k], high[:, k] = ((bound - mean[:, i]) / np.sqrt(own[i]) for bound in bounds)
    return _Items(
        low=low, high=high, seen=~np.isnan(answers[:, used]), ordered=ordered[used],
        slopes=loadings[used] @ root / np.sqrt(own[used])[:, None],
    )  # fmt: skip


def _bounds(part: Any, theta: np.ndarray, item: int, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between which values of its latent response each answer lies; the answer itself where it is continuous."""
    statistics = part.statistics
    if not statistics.is_ordered[item]:
        return answers, answers
    at = np.flatnonzero(statistics.th_variable == item)
    free = statistics.th_position[at]
    cuts = np.where(free >= 0, theta[free], statistics.th_fixed[at])
    if np.any(np.diff(cuts) <= 0):
        name = statistics.model.names[item]
        raise ModelError(
            f"There are no factor scores: the thresholds of '{name}' do not rise, so that some of its answers have no "
            "probability. Fix none of them, or all in ascending order."
        )
    padded = np.concatenate([[-np.inf], cuts, [np.inf]])
    seen = ~np.isnan(answers)
    codes = np.zeros(len(answers), dtype=int)
    codes[seen] = np.unique(answers[seen], return_inverse=True)[1]
    return padded[codes], padded[codes + 1]


def _climb(items: _Items) -> np.ndarray:
    """The u of highest posterior density for every respondent; Newton steps, halved where they overshoot."""
    u = np.zeros((len(items.low), items.slopes.shape[1]))
    value, gradient, curvature = _posterior(items, u)
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        ahead = _posterior(items, u + step)
        for _ in range(MOST_HALVINGS):
            worse = ahead[0] < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            step[worse] /= 2
            ahead = _posterior(items, u + step)
        u = u + step
        value, gradient, curvature = ahead
        if np.abs(step).max(initial=0.0) < STEP:
            return u
    raise ModelError("The search for the scores of ordered answers did not converge. Look at the warnings of the fit.")


def _posterior(items: _Items, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log posterior of every respondent, its gradient and minus its second derivatives by u."""
    shift = u @ items.slopes.T
    value, slope, bend = np.empty_like(shift), np.empty_like(shift), np.empty_like(shift)
    o = items.ordered
    value[:, o], slope[:, o], bend[:, o] = _interval(items.low[:, o] - shift[:, o], items.high[:, o] - shift[:, o])
    gap = items.low[:, ~o] - shift[:, ~o]
    value[:, ~o], slope[:, ~o], bend[:, ~o] = -0.5 * gap**2, gap, 1.0
    value, slope, bend = (np.where(items.seen, part, 0.0) for part in (value, slope, bend))
    curvature = np.einsum("ni,ij,ik->njk", bend, items.slopes, items.slopes, optimize=True)
    total = value.sum(1) - 0.5 * (u * u).sum(1)
    return total, slope @ items.slopes - u, curvature + np.eye(u.shape[1])


def _interval(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log P(low < z < high) of standard normal z, its slope by a shift of z, and minus the slope of that."""
    # In the upper tail differences of probabilities near 1 would cancel; the lower tail is its mirror image.
    flip = low > 0
    first, second = np.where(flip, -high, low), np.where(flip, -low, high)
    chance = np.maximum(ndtr(second) - ndtr(first), LEAST_CHANCE)
    densities = [np.exp(-0.5 * bound**2) / np.sqrt(2 * np.pi) for bound in (low, high)]
    slope = (densities[0] - densities[1]) / chance
    moments = [np.where(np.isinf(b), 0.0, b) * d for b, d in zip((low, high), densities, strict=True)]
    return np.log(chance), slope, slope**2 - (moments[0] - moments[1]) / chance
