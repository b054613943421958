"""Is one model a special case of another? Asked of the moments that they imply (Bentler & Satorra 2010).

Whoever has all parameters of another model is freer by its syntax. Otherwise the freer model is fitted to the moments
that the restricted one implies: a model that holds the other as a special case reproduces them.

Bentler, P. M., & Satorra, A. (2010). Testing model nesting and equivalence. Psychological Methods, 15(2), 111-123.
https://doi.org/10.1037/a0019625
"""

from __future__ import annotations

from dataclasses import replace

from cxkit.errors import ModelError
from cxkit.sem.indices.measured import Measured
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
    if _has_every_parameter(free, tight):
        return True
    if free.settings["ordered"] or not (free.sample.settled and tight.sample.settled):
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


def _has_every_parameter(free: Measured, tight: Measured) -> bool:
    """Whether every parameter of the restricted model is one of the freer model, which restricts none of its own."""
    if free.table.equalities or free.table.inequalities:
        return False
    known = {_key(row): row for row in free.table.rows}
    shared = {row.parameter for row in free.table.rows if row.parameter >= 0}
    if len(shared) < sum(row.parameter >= 0 for row in free.table.rows):
        return False
    for row in tight.table.rows:
        own = known.get(_key(row))
        if own is None and row.fixed != 0:
            return False
        if own is not None and own.fixed is not None and own.fixed != row.fixed:
            return False
    return True


def _key(row: Row) -> tuple[object, ...]:
    ends = sorted((row.lhs, row.rhs)) if row.op == "~~" else [row.lhs, row.rhs]
    return (row.group, row.op, *ends)
