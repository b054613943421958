"""The freer of two nested models, searched as well from where the narrower one ended.

A model that holds another as a special case fits at least as well. The search for it begins at values of its own, from
which it can end at a local optimum that fits worse than the special case, as with equal loadings of a method factor.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from cxkit.errors import ModelError
from cxkit.one_thread import in_one_thread
from cxkit.sem.after.comparison import fits_worse, values_found
from cxkit.sem.after.finishing import finished
from cxkit.sem.indices.measured import Measured
from cxkit.sem.search.estimation import FULL, NEAR, minimise
from cxkit.sem.search.objectives import as_if_complete
from cxkit.sem.search.searching import warm_start
from cxkit.sem.search.starts import NEARLY_NONE, free_values, has_negative_variance, starting_values

M = TypeVar("M", bound=Measured)


@in_one_thread
def searched_from(free: M, narrower: Measured) -> M:
    """The freer model by the better of two ends: its own, and that of a search from the narrower model's estimates.

    Parameters
    ----------
    free, narrower
        Two fits of the same answers with the same options, the second a special case of the first.

    Returns
    -------
    Fit
        `free` itself where the other search ends no better. An end with a negative variance counts only where `free`
        has one as well, or fits worse than its special case, so that it is no optimum.
    """
    objective, solution = free.frame.objective, free.solution
    if free.table.inequalities or not len(solution.z):
        return free
    try:
        begin = _start(free, narrower)
        if objective.knows_nearby:  # first among the moments that incomplete answers estimate, as every fit is searched
            near = warm_start(as_if_complete(objective), begin)
            begin = begin if near is None else near.z
        found = minimise(objective, begin, effort=NEAR if objective.knows_nearby else FULL)
        if not found.fits_better_than(solution):
            return free
        if has_negative_variance(free.models, found.z) and not _takes_anything(free, narrower):
            return free
        kept = {"model": free.model, "settings": free.settings, "table": free.table, "sample": free.sample}
        return finished(type(free), objective, found, free.frame.spaces, free.frame.estimator, kept)
    except ModelError:  # the model as it was found is still a fit
        return free


def _takes_anything(free: Measured, narrower: Measured) -> bool:
    return has_negative_variance(free.models, free.solution.z) or fits_worse(free, narrower)


def _start(free: Measured, narrower: Measured) -> np.ndarray:
    """The narrower model's estimates; what it does not have begins near 0, and variances where they usually do."""
    usual = starting_values(free.models, list(free.sample.groups), len(free.solution.z))
    values = []
    for model, known in zip(free.models, values_found(free, narrower), strict=True):
        own = model.basis @ usual + model.offset
        for k, (row, value) in enumerate(zip(model.rows, known, strict=True)):
            if value is not None:
                own[k] = value
            elif not (row.op == "~~" and row.lhs == row.rhs):
                own[k] *= NEARLY_NONE
        values.append(own)
    return free_values(free.models, values)
