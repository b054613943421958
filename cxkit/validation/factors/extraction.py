"""Factors out of correlations: unrotated loadings by minres or maximum likelihood, and their rotation.

The work is factor-analyzer's, with its traps kept away: only its extraction and its Rotator are called, never `fit`,
which fails on scikit-learn 1.8 and later, fills missing answers with medians without a word, and can leave the factor
correlations in another order than the loadings.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize

from cxkit.errors import AnalysisError, CxkitWarning
from cxkit.one_thread import in_one_thread
from cxkit.validation.factors.rotation import geomin, oblique, orthogonal, principal_axes, quartimax, target_of

Extraction = Literal["minres", "ml", "pa"]
Rotation = Literal["oblimin", "promax", "geomin", "target", "varimax", "quartimax", "none"]

ROTATION_REPEATS_TO = 1e-6
"""How far rotated loadings move at most from one processor to another: a rotation stops where its gradient is below
1e-5, as in psych, and the last bits decide after which step that is."""
SMALLEST_UNIQUENESS = 0.005
"""The bound of psych and factor-analyzer: a uniqueness that ends here wanted to go on (a Heywood case)."""

MOST_ITERATIONS = 1000
"""Of a rotation, as in GPArotation."""

OTHER_STARTS = 12
"""From how many other positions extraction and oblimin are started, to see whether the usual start ends in the best."""

CLEARLY_BETTER = 1e-4
"""Relative gain at which another extraction or rotation counts as better, far beyond the stopping rule."""


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """Loadings after rotation with the correlations of the factors, both in the same order."""

    loadings: np.ndarray
    phi: np.ndarray


@in_one_thread
def unrotated_loadings(correlation: np.ndarray, n_factors: int, method: Extraction) -> np.ndarray:
    """Loadings of `n_factors` uncorrelated factors, (items, factors), in the order of their size.

    factor-analyzer minimises with numerical derivatives and stops within about 1e-5 of the best loadings, a little
    differently on each machine; a few steps with exact derivatives from there end at the optimum itself.
    """
    if method == "pa":
        return principal_axes(correlation, n_factors)
    from factor_analyzer import FactorAnalyzer

    library = FactorAnalyzer(n_factors=n_factors, rotation=None, method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, after the last steps
        near = library._fit_factor_analysis(correlation.copy())
    start = np.clip(1 - (near**2).sum(axis=1), SMALLEST_UNIQUENESS, 1)
    usual = best = _minimise(start, correlation, n_factors, method)
    for other in _other_starts(correlation):
        found = _minimise(other, correlation, n_factors, method, rough=True)
        if found.fun < best.fun - CLEARLY_BETTER * (1 + best.fun):
            best = _minimise(found.x, correlation, n_factors, method)
    if best is not usual:
        warnings.warn(
            f"The {method} extraction has more than one optimum here. The one given fits better (discrepancy "
            f"{best.fun:.4f}) than that of a single start ({usual.fun:.4f}), which other programs may report. Fewer "
            "factors usually help.",
            CxkitWarning,
            stacklevel=4,
        )
    _warn_unfinished(best.x, best.jac, method)
    return _loadings(best.x, correlation, n_factors, method)


def _minimise(start: np.ndarray, correlation: np.ndarray, n_factors: int, method: str, *, rough: bool = False) -> Any:
    stop = {"ftol": 1e-7, "maxiter": 100} if rough else {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000}
    return minimize(
        _DISCREPANCY[method], start, args=(correlation, n_factors), jac=True, method="L-BFGS-B",
        bounds=[(SMALLEST_UNIQUENESS, 1.0)] * len(start), options=stop,
    )  # fmt: skip


def _other_starts(correlation: np.ndarray) -> Iterator[np.ndarray]:
    """Uniquenesses from which the search is begun anew, as `nstart` of R's `factanal` does; from a fixed seed.

    Mostly small ones: optima are missed where the best solution has items without error of their own.
    """
    draws = np.random.default_rng(1)
    for _ in range(OTHER_STARTS):
        yield np.maximum(draws.uniform(0, 1, len(correlation)) ** 3, SMALLEST_UNIQUENESS)


def _minres_discrepancy(uniqueness: np.ndarray, correlation: np.ndarray, n_factors: int) -> tuple[float, np.ndarray]:
    """Half the sum of squared residuals left by the largest factors, and its gradient."""
    values, vectors = np.linalg.eigh(correlation - np.diag(uniqueness))
    left, directions = values[:-n_factors], vectors[:, :-n_factors]
    return float(left @ left / 2), -(directions**2) @ left


def _ml_discrepancy(uniqueness: np.ndarray, correlation: np.ndarray, n_factors: int) -> tuple[float, np.ndarray]:
    """The likelihood's discrepancy for the best loadings at these uniquenesses, and its gradient."""
    scale = 1 / np.sqrt(uniqueness)
    values, vectors = np.linalg.eigh(correlation * np.outer(scale, scale))
    left, directions = values[:-n_factors], vectors[:, :-n_factors]
    return float(np.sum(left - np.log(left) - 1)), (directions**2) @ (1 - left) / uniqueness


_DISCREPANCY: dict[str, Callable[[np.ndarray, np.ndarray, int], tuple[float, np.ndarray]]] = {
    "minres": _minres_discrepancy,
    "ml": _ml_discrepancy,
}


def _loadings(uniqueness: np.ndarray, correlation: np.ndarray, n_factors: int, method: Extraction) -> np.ndarray:
    """The loadings that belong to these uniquenesses."""
    scale = np.ones(len(uniqueness)) if method == "minres" else np.sqrt(uniqueness)
    taken_off = np.diag(uniqueness) / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation / np.outer(scale, scale) - taken_off)
    largest = slice(-1, -n_factors - 1, -1)
    return np.asarray(scale[:, np.newaxis] * vectors[:, largest] * np.sqrt(np.maximum(values[largest], 0)))


def _warn_unfinished(uniqueness: np.ndarray, gradient: np.ndarray, method: str) -> None:
    inside = (uniqueness > SMALLEST_UNIQUENESS) & (uniqueness < 1)
    if inside.any() and np.abs(gradient[inside]).max() > 1e-4:
        warnings.warn(
            f"The {method} extraction did not converge: treat the loadings as rough. Fewer factors usually help.",
            CxkitWarning,
            stacklevel=4,
        )


def rotate(loadings: np.ndarray, rotation: Rotation, tolerance: float, target: np.ndarray | None = None) -> Rotated:
    """Turn the factors as R's psych does, so that results agree; `tolerance` is where the iteration stops.

    Oblimin is quartimin without Kaiser's weights; promax has power 4 and varimax comes before it, both with them.
    Geomin and target are oblique (`geominQ`, `targetQ`), quartimax is orthogonal, all without these weights. `target`
    holds NaN where a loading is free.
    """
    n_factors = loadings.shape[1]
    if n_factors == 1 or rotation == "none":
        return Rotated(loadings=loadings, phi=np.eye(n_factors))
    if rotation == "oblimin":
        return _oblimin(loadings, tolerance)
    if rotation in ("geomin", "quartimax", "target"):
        return _projected(loadings, rotation, tolerance, target)
    return _rotator(loadings, rotation, tolerance)


def _projected(loadings: np.ndarray, rotation: str, tolerance: float, target: np.ndarray | None) -> Rotated:
    """A rotation by gradient projection from the unrotated factors, as psych starts it."""
    if rotation == "quartimax":
        turned, phi, settled = orthogonal(loadings, quartimax, tolerance)
    else:
        criterion = geomin if rotation == "geomin" or target is None else target_of(target)
        turned, phi, settled = oblique(loadings, criterion, tolerance)
    if not settled:
        warnings.warn(
            f"The {rotation} rotation did not come to rest; factors may be poorly defined. Fewer factors usually help.",
            CxkitWarning,
            stacklevel=5,
        )
    return Rotated(loadings=turned, phi=phi)


def _rotator(loadings: np.ndarray, rotation: str, tolerance: float) -> Rotated:
    from factor_analyzer import Rotator

    rotator = Rotator(
        method=rotation, normalize=rotation != "oblimin", power=4, max_iter=MOST_ITERATIONS, tol=tolerance
    )
    turned = rotator.fit_transform(loadings)
    return Rotated(loadings=turned, phi=np.eye(loadings.shape[1]) if rotator.phi_ is None else rotator.phi_)


def _oblimin(loadings: np.ndarray, tolerance: float) -> Rotated:
    """Oblimin from the unrotated factors, as psych starts it; from a better end if another start finds one."""
    usual = _rotator(loadings, "oblimin", tolerance)
    _warn_not_at_rest(usual, tolerance)
    rng = np.random.default_rng(0)  # starting positions only: where they all end alike, nothing random is left
    best = usual
    for _ in range(OTHER_STARTS):
        turn, _ = np.linalg.qr(rng.standard_normal((loadings.shape[1],) * 2))
        other = _rotator(loadings @ turn, "oblimin", tolerance)
        if quartimin(other.loadings) < quartimin(best.loadings) * (1 - CLEARLY_BETTER):
            best = other
    if best is not usual:
        warnings.warn(
            "Oblimin has more than one resting place here. The one given has the lower criterion "
            f"({quartimin(best.loadings):.4f}) than that of a single start ({quartimin(usual.loadings):.4f}), which "
            "other programs may report.",
            CxkitWarning,
            stacklevel=5,
        )
    return best


def quartimin(loadings: np.ndarray) -> float:
    """The oblimin criterion with gamma 0: products of an item's squared loadings on different factors, over 2."""
    squared = loadings**2
    return float((squared.sum(axis=1) ** 2 - (squared**2).sum(axis=1)).sum() / 4)


def _warn_not_at_rest(rotated: Rotated, tolerance: float) -> None:
    """The Rotator does not say whether it converged: the slope of the criterion at its end does.

    A turn of the factors changes the criterion by gradient' @ change of the axes; on axes of unit length only the part
    at right angles to each axis counts.
    """
    loadings = rotated.loadings
    squared = loadings**2
    slope = loadings * (squared.sum(axis=1, keepdims=True) - squared)
    axes = np.linalg.cholesky(rotated.phi).T
    gradient = -np.linalg.solve(axes.T, slope.T @ loadings)
    across = gradient - axes * (axes * gradient).sum(axis=0)
    if np.linalg.norm(across) > max(100 * tolerance, 1e-6):
        warnings.warn(
            f"The oblimin rotation did not come to rest in {MOST_ITERATIONS} iterations; factors may be poorly "
            "defined. Fewer factors usually help.",
            CxkitWarning,
            stacklevel=6,
        )


def most_factors(n_items: int) -> int:
    """How many factors of so many items can be told apart: as many as leave no negative degrees of freedom."""
    return max((k for k in range(1, n_items) if (n_items - k) ** 2 >= n_items + k), default=0)


def check_number(n_factors: int, n_items: int) -> None:
    """A model with more factors than degrees of freedom allow has no single answer."""
    most = most_factors(n_items)
    if not most:
        raise AnalysisError(f"Factor analysis needs at least three items; there are {n_items}.")
    if n_factors == 0:
        raise AnalysisError("There is no factor to extract: n_factors is 0. Give another number to look all the same.")
    if not 1 <= n_factors <= most:
        many = "only 1 factor" if most == 1 else f"1 to {most} factors"
        raise AnalysisError(f"n_factors={n_factors}: with {n_items} items, {many} can be told apart.")
