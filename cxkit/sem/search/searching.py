"""The search for the best parameters: where it begins, how long it may take, and which of its ends counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.language.constraints import ROUNDING, null_space, of_free
from cxkit.sem.language.table import Table
from cxkit.sem.sample.coverage import scarcest
from cxkit.sem.sample.groups import Sample
from cxkit.sem.search.discrepancy import Objective
from cxkit.sem.search.estimation import BRIEF, FULL, NEAR, ONCE, PATIENT, Effort, Solution, minimise, plain_start
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.starts import has_negative_variance, without_further_loadings

# Patterns times squared items: below it an evaluation of incomplete answers takes less than a millisecond.
FEW_NUMBERS = 20_000


def warm_start(plain: Objective, start: np.ndarray) -> Solution | None:
    """Where the model fits the moments that missing answers estimate, which is nearly there; None if it fails."""
    try:
        found = minimise(plain, start, tolerance=1e-6)
    except ModelError:
        return None
    return _better_end(plain, found, start, FULL)


def has_scarce_items(sample: Sample) -> bool:
    """Whether some item, or pair of items, was answered by few."""
    return any(bool(scarcest(group.known_answers, group.names)) for group in sample.groups)


def effort_for(sample: Sample, complete: bool, warm: Solution | None) -> Effort:
    """How long to search: an evaluation with incomplete answers costs many of those with complete ones."""
    if complete:
        return FULL
    if sum(group.patterns.seen.size * len(group.cov) for group in sample.groups if group.patterns) < FEW_NUMBERS:
        return PATIENT
    return BRIEF if warm is None else NEAR


def search(
    objective: Objective, start: np.ndarray, table: Table, models: list[GroupModel], effort: Effort
) -> tuple[Solution, Table, list[GroupModel]]:
    """Minimise; an inequality that the solution breaks is then held as an equality."""
    solution = minimise(objective, start, effort=effort)
    # A second search is cheap with complete answers; with incomplete ones it was made where their moments were fitted.
    if effort is FULL or has_negative_variance(models, solution.z):
        solution = _better_end(objective, solution, start, effort)
    if effort is FULL and has_negative_variance(models, solution.z):
        solution = _better_improper_end(objective, solution)
    held: list[int] = []
    while True:
        values = table.basis @ solution.z + table.offset
        size = np.abs(table.basis) @ np.abs(solution.z) + np.abs(table.offset)
        known = len(held)
        for k, (a, b, _) in enumerate(table.inequalities):
            if k not in held and _is_broken(a, b, values, size):
                held.append(k)
        if len(held) == known:
            return solution, table, models
        active = [of_free(*table.inequalities[k][:2], table.basis, table.offset) for k in held]
        basis, offset = null_space(active, len(solution.z))
        table = replace(table, basis=table.basis @ basis, offset=table.basis @ offset + table.offset)
        for model in models:
            model.basis, model.offset = table.basis[model.parameter], table.offset[model.parameter]
        begin = np.linalg.lstsq(table.basis, values - table.offset, rcond=None)[0]
        solution = minimise(objective, begin)


def _is_broken(a: np.ndarray, b: float, values: np.ndarray, size: np.ndarray) -> bool:
    """Whether `a @ values >= b` is not kept; `size` is what the values would be if nothing in them cancelled."""
    return bool(a @ values < b - ROUNDING * (np.abs(a) @ size + abs(b)))


def _better_improper_end(objective: Objective, solution: Solution) -> Solution:
    """The better of two ends with a negative variance: few answers may have several such optima."""
    try:
        found = minimise(objective, plain_start(objective), effort=ONCE)
    except ModelError:
        return solution
    return found if found.fits_better_than(solution) else solution


def _better_end(objective: Objective, solution: Solution, start: np.ndarray, effort: Effort) -> Solution:
    """The better of two ends, where items with several loadings may have led the first search beside the optimum.

    A lower value with a negative variance does not replace an end without one.
    """
    models = [part.model for part in objective.parts]
    other = without_further_loadings(models, start)
    if other is None:
        return solution
    try:
        found = minimise(objective, other, effort=effort)
    except ModelError:
        return solution
    if not found.fits_better_than(solution):
        return solution
    if has_negative_variance(models, found.z) and not has_negative_variance(models, solution.z):
        return replace(solution, passed_over=True)
    return found
