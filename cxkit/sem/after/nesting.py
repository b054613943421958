"""Is one model a special case of another? Asked of the moments that they imply (Bentler & Satorra 2010).

A model whose parameters can take every value of another's is freer, whatever the answers. Otherwise it is fitted to the
moments that the restricted one implies: a model that holds the other as a special case reproduces them.

Bentler, P. M., & Satorra, A. (2010). Testing model nesting and equivalence. Psychological Methods, 15(2), 111-123.
https://doi.org/10.1037/a0019625
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.indices.measured import Measured
from cxkit.sem.language.constraints import ROUNDING
from cxkit.sem.language.rows import Row
from cxkit.sem.search.discrepancy import MaximumLikelihood, Objective
from cxkit.sem.search.estimation import minimise

NOT_NESTED = (
    "the models are not nested (the one with fewer degrees of freedom does not reproduce the moments that the other "
    "implies), so that the difference has no chi-square distribution; compare AIC or BIC in fit.measures"
)
"""Why a difference of two models neither of which is a special case of the other has no p."""
REPRODUCED = 1e-5
"""Discrepancy below which moments are reproduced: with 1,000 respondents a chi-square of .02."""


def is_special_case(free: Measured, tight: Measured) -> bool | None:
    """Whether the freer model holds the restricted one; None where it cannot be asked.

    It cannot be of ordered answers, nor where no search ends.
    """
    if free.settings["ordered"]:
        return None
    if _lies_within(free, tight):
        return True
    if not (free.sample.settled and tight.sample.settled):
        return None
    means = bool(free.settings["meanstructure"])
    parts = []
    try:
        for own, other in zip(free.frame.objective.parts, tight.frame.objective.parts, strict=True):
            at = other.model.implied(other.model.values(tight.solution.z))
            data = replace(own.data, cov=at.sigma, mean=at.mu if means else own.data.mean, answers=None, patterns=None)
            parts.append(MaximumLikelihood(own.model, data, means=means))
        return bool(minimise(Objective(parts), free.solution.z).value < REPRODUCED)
    except ModelError:
        return None


def _lies_within(free: Measured, tight: Measured) -> bool:
    """Whether whatever the restricted model can estimate is among what the freer one can, row by row of their tables.

    All rows are linear in the free parameters, with labels, equalities and fixed values; one that a model lacks is 0.
    """
    if free.table.inequalities:
        return False
    rows = dict.fromkeys(_key(row) for fit in (free, tight) for row in fit.row_table.rows)
    place = {key: k for k, key in enumerate(rows)}
    (wide, begin), (narrow, other) = (_reach(fit, place) for fit in (free, tight))
    wanted = np.column_stack([narrow, other - begin])
    found = wide @ np.linalg.lstsq(wide, wanted, rcond=None)[0]
    return bool(np.allclose(found, wanted, rtol=ROUNDING, atol=ROUNDING))


def _reach(fit: Measured, place: Mapping[tuple[object, ...], int]) -> tuple[np.ndarray, np.ndarray]:
    """How every row of both tables moves with each free parameter, and where it is if all of these are 0."""
    size, at = len(fit.solution.z), [place[_key(row)] for row in fit.row_table.rows]
    with np.errstate(all="ignore"):  # of the defined parameters, which are left out
        values = fit.row_table.plain(np.vstack([np.zeros(size), np.eye(size)]))[:, : len(at)]
    moves, begin = np.zeros((len(place), size)), np.zeros(len(place))
    moves[at], begin[at] = (values[1:] - values[0]).T, values[0]
    return moves, begin


def _key(row: Row) -> tuple[object, ...]:
    ends = sorted((row.lhs, row.rhs)) if row.op == "~~" else [row.lhs, row.rhs]
    return (row.group, row.op, *ends)
