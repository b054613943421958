"""Estimates that no population can have: variances below 0, latent variables that correlate beyond 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cxkit.sem.language.rows import Row
from cxkit.sem.search.model import GroupModel
from cxkit.sem.solved import Solved

ROUNDING = 1e-9
"""A share of the variable's own variance: what is nearer to 0 is a 0 that the search has rounded."""


def negative_variances(fit: Solved) -> Iterator[tuple[int, Row, float]]:
    """Group, row and value of each variance below 0, whatever the units of the variables."""
    for g, model in enumerate(fit.models):
        values = fit.row_table.groups[g].values(model.values(fit.solution.z))
        units = _units(model, values, implied_covariances(fit, g))
        for row, value in zip(model.all_rows, values, strict=True):
            if row.op == "~~" and row.lhs == row.rhs and value < -ROUNDING * units.get(row.lhs, abs(value)):
                yield g, row, float(value)


def indefinite_groups(fit: Solved) -> list[int]:
    """The groups in which two latent variables correlate beyond 1, or one has a negative variance."""
    found = []
    for g, model in enumerate(fit.models):
        latent = implied_covariances(fit, g)[model.p :, model.p :]
        # A variance of 0 has no unit; its row is 0 in an admissible solution and needs none.
        scale = np.sqrt(np.where(np.diag(latent) == 0, 1.0, np.abs(np.diag(latent))))
        smallest = np.linalg.eigvalsh(latent / np.outer(scale, scale))[:1]
        if len(latent) > 1 and (smallest < -ROUNDING).any():
            found.append(g)
    return found


def implied_covariances(fit: Solved, g: int) -> np.ndarray:
    """Covariances of observed and latent variables in one group, as the estimates imply them."""
    model, state = fit.models[g], fit.frame.states[g]
    at = state.at if hasattr(state, "at") else model.implied(model.values(fit.solution.z))
    return np.asarray(at.full)


def _units(model: GroupModel, values: np.ndarray, full: np.ndarray) -> dict[str, float]:
    """What a variance of 1 is in the units of each variable: its own variance; of a factor, what its items make of it.

    The implied variance of a factor may itself be what is negative.
    """
    units = {name: float(full[place, place]) for place, name in enumerate(model.observed)}
    for row, value in zip(model.all_rows, values, strict=True):
        if row.op == "=~" and value and row.rhs in units:
            own = units[row.rhs] / float(value) ** 2
            units[row.lhs] = min(own, units.get(row.lhs, own))
    return units
