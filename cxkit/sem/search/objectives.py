"""The discrepancy function that an estimator minimises, one part per group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.sample.groups import GroupData, Sample
from cxkit.sem.search.discrepancy import FullInformation, LeastSquares, MaximumLikelihood, Objective
from cxkit.sem.search.estimators import Estimator
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.statistics import ContinuousStatistics, MomentSpace, OrdinalStatistics

# Sampling variance of a moment that is rounding only, as a share of the variances of its items.
CERTAIN = 1e-14


def parts_for(
    models: Sequence[GroupModel],
    spaces: Sequence[MomentSpace],
    sample: Sample,
    chosen: Estimator,
    settings: dict[str, Any],
) -> list[Any]:
    """The discrepancy of each group."""
    means = settings["meanstructure"]
    out: list[Any] = []
    for model, space, data in zip(models, spaces, sample.groups, strict=True):
        if chosen.discrepancy == "ML":
            out.append(
                FullInformation(model, data) if data.patterns is not None else MaximumLikelihood(model, data, means)
            )
        elif data.ordinal is not None:
            statistics = OrdinalStatistics(model, data.ordinal, settings["parameterization"])
            out.append(LeastSquares(model, data, statistics, _ordinal_weight(chosen, data)))
        else:
            weight = _continuous_weight(chosen, data, space)
            out.append(LeastSquares(model, data, ContinuousStatistics(model, data, space), weight))
    return out


def _ordinal_weight(chosen: Estimator, data: GroupData) -> np.ndarray:
    gamma = data.ordinal.gamma
    if chosen.discrepancy == "ULS":
        return np.ones(len(gamma))
    return np.linalg.inv(gamma) if chosen.discrepancy == "WLS" else 1 / np.diag(gamma)


def _continuous_weight(chosen: Estimator, data: GroupData, space: MomentSpace) -> np.ndarray:
    if chosen.discrepancy == "GLS":
        return space.normal_weight(np.linalg.inv(data.cov))
    if chosen.discrepancy == "ULS":
        return np.ones(space.size)
    if data.n <= space.size and chosen.discrepancy == "WLS":
        raise ModelError(
            f"WLS needs more respondents than moments: {data.n} for {space.size}. Use estimator='MLR' or 'DWLS'."
        )
    gamma = space.gamma(data)
    if chosen.discrepancy == "WLS":
        return np.linalg.inv(gamma)
    size = np.diag(data.cov)
    rounding = CERTAIN * np.concatenate([size[space.r] * size[space.c], size[space.m]])
    certain = np.flatnonzero(np.diag(gamma) <= rounding)
    if len(certain):
        pair = dict.fromkeys(data.names[k] for k in (space.r[certain[0]], space.c[certain[0]]))
        raise ModelError(
            f"{chosen.name} weighs each moment by how much it varies over samples, and the "
            f"{'covariance' if len(pair) > 1 else 'variance'} of {' and '.join(map(repr, pair))} does not: all answers "
            "lie as far from the mean. Use estimator='MLR', or declare the item as ordered."
        )
    return 1 / np.diag(gamma)


def as_if_complete(objective: Objective) -> Objective:
    """The discrepancy of complete answers with the moments that the incomplete ones estimate."""
    return Objective([MaximumLikelihood(p.model, p.data, means=True) for p in objective.parts])
