"""From the end of a search to a fit: the covariance of its estimates, and what is odd about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from cxkit.sem.after.cautions import find_cautions
from cxkit.sem.inference.covariance import Frame, covariance
from cxkit.sem.search.discrepancy import Objective
from cxkit.sem.search.estimation import Normalised, Solution, advice_on_units
from cxkit.sem.search.estimators import Estimator
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.statistics import MomentSpace
from cxkit.sem.solved import Solved

S = TypeVar("S", bound=Solved)


def finished(
    kind: type[S],
    objective: Objective,
    solution: Solution,
    spaces: tuple[MomentSpace, ...],
    chosen: Estimator,
    kept: dict[str, Any],
) -> S:
    """The fit, as this kind of class, of a search that has ended; `kept` are model, settings, table and sample."""
    models = [part.model for part in objective.parts]
    information = "hessian" if chosen.information == "observed" else "information"
    groups = [part.data for part in objective.parts]
    second = Normalised(
        objective.second(solution.states, information), _names_of(models), lambda: advice_on_units(groups)
    )
    frame = Frame(
        objective=objective, states=solution.states, spaces=spaces, estimator=chosen, bread_inverse=second.inverse
    )
    fit = kind(**kept, solution=solution, frame=frame, parameter_covariance=covariance(frame), warnings=())
    found = find_cautions(fit)
    return replace(fit, warnings=found) if found else fit


def _names_of(models: Sequence[GroupModel]) -> Any:
    """Function from a vector over z to the parameters that weigh most in it."""

    def names(vector: np.ndarray) -> list[str]:
        weights: dict[str, float] = {}
        for model in models:
            for row, size in zip(model.rows, np.abs(model.basis @ vector), strict=True):
                name = f"'{row.lhs} {row.op} {row.rhs}'".replace("~1 '", "~ 1'")
                weights[name] = max(weights.get(name, 0.0), float(size))
        return sorted(weights, key=lambda name: -weights[name])

    return names
