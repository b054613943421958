"""Can answers, however many, tell the parameters apart? Asked of the model before any search.

A model is identified around almost every point if the derivatives of its moments by its parameters have full rank at
one point (Bekker, Merckens & Wansbeek, 1994, Identification, Equivalent Models, and Computer Algebra). A rank that
falls short at random points falls short everywhere, so no identified model is refused; a model that only these data
leave undetermined is found after the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cxkit.errors import ModelError, first_of
from cxkit.sem.language.table import Row
from cxkit.sem.search.bifactor import advice_for_nested_predictors
from cxkit.sem.search.discrepancy import SINGULAR, Objective
from cxkit.sem.search.estimation import advice_on_units, clearly_positive
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.statistics import MomentSpace

POINTS = 3
MOST_NAMED = 6
INVOLVED = 1e-6
"""Share of the largest weight below which a parameter plays no part in what cannot be told apart."""


def refuse_unidentified(
    objective: Objective, spaces: Sequence[MomentSpace], start: np.ndarray, settings: Mapping[str, Any]
) -> None:
    """Raise a ModelError that names the parameters which no answers could tell apart."""
    if not len(start) or _plainly_identified(objective, start):
        return
    rng = np.random.default_rng(1)
    undetermined, size = None, 0
    away = 0.1 * _units(objective, start) + 0.3 * np.abs(start)
    for _ in range(POINTS):
        point = start + away * rng.standard_normal(len(start))
        jacobian = _jacobian(objective, spaces, point)
        if jacobian is None:
            continue
        undetermined, size = _null_space(jacobian), len(jacobian)
        if not len(undetermined):
            return
    if undetermined is not None:
        told = _explain([part.model for part in objective.parts], undetermined, size, settings)
        raise ModelError(f"{told}{advice_on_units([part.data for part in objective.parts])}")


def _plainly_identified(objective: Objective, start: np.ndarray) -> bool:
    """Whether the information at the start leaves no doubt: the usual case, which costs one evaluation."""
    states = objective.states(start)
    if states is None:
        return False
    information = objective.second(states, "information")
    diagonal = information.diagonal()
    return bool(np.all(diagonal > 0)) and clearly_positive(information / np.sqrt(np.outer(diagonal, diagonal)))


def _units(objective: Objective, start: np.ndarray) -> np.ndarray:
    """What each parameter is measured in, by its information; 1 where nothing tells."""
    states = objective.states(start)
    told = np.zeros(len(start)) if states is None else objective.second(states, "information").diagonal()
    known = np.isfinite(told) & (told > 0)
    return np.where(known, 1 / np.sqrt(np.where(known, told, 1.0)), 1.0)


def _jacobian(objective: Objective, spaces: Sequence[MomentSpace], z: np.ndarray) -> np.ndarray | None:
    """Derivatives of the moments of all groups by z; None where the model has no moments."""
    blocks = []
    for part, space in zip(objective.parts, spaces, strict=True):
        theta = part.model.values(z)
        try:
            if part.data.ordinal is not None:
                own = part.statistics.implied(theta)[1]
            else:
                own = space.jacobian(part.model, part.model.implied(theta)) / space.units(part.data.cov)[:, None]
        except np.linalg.LinAlgError:
            return None
        blocks.append(own @ part.model.basis)
    whole = np.concatenate(blocks)
    return whole if np.all(np.isfinite(whole)) else None


def _null_space(jacobian: np.ndarray) -> np.ndarray:
    """Directions of z that move no moment, one per row, each of as few parameters as possible; often none."""
    scale = np.linalg.norm(jacobian, axis=0)
    scale[scale == 0] = 1.0
    _, roots, vectors = np.linalg.svd(jacobian / scale)
    rank = int(np.sum(roots > SINGULAR * max(roots[0], 1.0)))
    return _reduced(vectors[rank:]) / scale


def _reduced(rows: np.ndarray) -> np.ndarray:
    """Gauss-Jordan elimination with the largest pivots: the same space, spanned by sparser rows."""
    out = rows.copy()
    for k in range(len(out)):
        rest = np.abs(out[k:])
        i, j = divmod(int(rest.argmax()), rest.shape[1])
        out[[k, k + i]] = out[[k + i, k]]
        out[k] /= out[k, j]
        others = np.arange(len(out)) != k
        out[others] -= np.outer(out[others, j], out[k])
    return out


def _explain(models: Sequence[GroupModel], vectors: np.ndarray, moments: int, settings: Mapping[str, Any]) -> str:
    sets = [_involved(models, vector) for vector in vectors]
    told = list(dict.fromkeys(_list_names(rows, len(models) > 1) for rows in sets))[:2]
    apart = [rows for rows in sets if len(rows) == 1]
    alone = len(apart) == len(sets)
    what = f"the value of {told[0]} makes no difference" if alone else f"no answers can tell apart {'; or '.join(told)}"
    count = vectors.shape[1]
    many = f" It has {count} free parameters for {moments} moments." if count > moments else ""
    missing = f"{len(vectors)} restrictions are" if len(vectors) > 1 else "One restriction is"
    involved = [row for rows in sets for row in rows]
    remedy = _threshold_remedy(involved, len(models), settings)
    if not remedy and any(row.op == "~" for row in involved):
        remedy = advice_for_nested_predictors(models)
    return (
        f"The model is not identified: {what}.{many} {missing} missing. "
        f"{remedy or 'Fix or equate one of these parameters, or give the factor more items.'}"
    )


def _involved(models: Sequence[GroupModel], vector: np.ndarray) -> list[Row]:
    """The rows that a direction moves, in the order of the model."""
    sizes = np.concatenate([np.abs(model.basis @ vector) for model in models])
    rows = [row for model in models for row in model.rows]
    return [rows[k] for k in np.flatnonzero(sizes > INVOLVED * sizes.max())]


def _list_names(rows: Sequence[Row], groups: bool) -> str:
    """The first parameters, and how many more there are."""
    keys = [(f"'{row.lhs} {row.op} {row.rhs}'".replace("~1 '", "~ 1'"), row.group) for row in rows]
    repeated = groups and len({group for _, group in keys}) > 1
    names = [f"{name} (group {group + 1})" if groups and not repeated else name for name, group in keys]
    return first_of(list(dict.fromkeys(names)), MOST_NAMED)


def _threshold_remedy(rows: Sequence[Row], groups: int, settings: Mapping[str, Any]) -> str:
    """Ordered answers of groups have a common scale only through their thresholds (Wu & Estabrook, 2016)."""
    ordered = set(settings["ordered"])
    if not ordered or groups < 2 or "thresholds" in settings["equal"]:
        return ""
    if not any(row.op in ("|", "~*~", "~1") or (row.op == "~~" and row.lhs in ordered) for row in rows):
        return ""
    equal = ", ".join(f'"{name}"' for name in ("thresholds", *settings["equal"]))
    return (
        "Hold the thresholds equal first: without them nothing ties the scale of ordered answers of one group to that "
        f"of another. Give equal=({equal}{',' if not settings['equal'] else ''})."
    )
