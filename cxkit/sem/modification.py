"""What would change if one fixed parameter were freed, or one equality released: score tests and expected changes.

Sorbom (1989, https://doi.org/10.1007/BF02294623); Lagrange multiplier and its expected parameter change.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxkit.sem.inference import chi_square_tail
from cxkit.sem.model import GroupModel
from cxkit.sem.table import Row

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit


def _score_tests(
    fit: Fit, models: list[GroupModel], base: np.ndarray, extra: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lagrange multiplier and expected change of each extra direction, given derivatives over all positions."""
    from cxkit.sem.fitting import parts_for

    frame = fit.frame
    parts = parts_for(models, frame.spaces, fit.sample, frame.estimator, dict(fit.settings))
    gradient, blocks = [], []
    objective = frame.objective
    for share, pull, part in zip(objective.shares, objective.pull * (objective.n / fit.n), parts, strict=True):
        state = part.state(part.model.values(fit.solution.z))
        gradient.append(pull * part.gradient(state))
        blocks.append(share * part.information(state))
    slope = np.concatenate(gradient)
    size = len(slope)
    information, place = np.zeros((size, size)), 0
    for block in blocks:
        information[place : place + len(block), place : place + len(block)] = block
        place += len(block)
    bb = base.T @ information @ base
    ab = extra.T @ information @ base
    aa = np.einsum("ij,ik,kj->j", extra, information, extra, optimize=True)
    left = aa - np.einsum("ij,ij->i", ab, np.linalg.solve(bb, ab.T).T)
    push = -(extra.T @ slope - ab @ np.linalg.solve(bb, base.T @ slope))
    usable = left > 1e-8 * np.maximum(aa, 1e-12)
    left = np.where(usable, left, np.nan)
    return fit.n * push**2 / left, push / left


def modification_indices(fit: Fit, minimum: float = 0.0) -> pd.DataFrame:
    """Every parameter that could be added, by its modification index.

    Returns
    -------
    DataFrame
        lhs op rhs group mi epc sepc_lv sepc_all, largest first; those that are not identified are left out.

    Notes
    -----
    Agrees with R's `modindices(fit)` of lavaan 0.6-14 (expected information).
    """
    groups = [_candidates(fit, g) for g in range(len(fit.models))]
    size = fit.table.n_parameters
    count = sum(map(len, groups))
    fresh = [replace(row, fixed=None, parameter=size + k) for k, row in enumerate(r for g in groups for r in g)]
    dropped = {(row.group, *row.key) for row in fresh}
    rows = (*(row for row in fit.table.rows if (row.group, *row.key) not in dropped), *fresh)
    basis = np.zeros((size + count, fit.n_parameters))
    basis[:size] = fit.table.basis
    start = np.array([row.fixed or 0.0 for group in groups for row in group])
    table = replace(fit.table, rows=rows, basis=basis, offset=np.concatenate([fit.table.offset, start]))
    models = [GroupModel(table, g, fit.settings["ordered"]) for g in range(table.groups)]
    base = np.concatenate([model.basis for model in models])
    which = np.concatenate([model.parameter for model in models]) - size
    extra = np.zeros((len(which), count))
    extra[np.flatnonzero(which >= 0), which[which >= 0]] = 1.0
    mi, epc = _score_tests(fit, models, base, extra)
    return _present(fit, fresh, mi, epc, minimum)


def _present(fit: Fit, rows: list[Row], mi: np.ndarray, epc: np.ndarray, minimum: float) -> pd.DataFrame:
    scales = [_scales(fit, g) for g in range(len(fit.models))]
    out: list[dict[str, Any]] = []
    for row, value, change in zip(rows, mi, epc, strict=True):
        if not value >= minimum:
            continue
        lv, everything = scales[row.group](row)
        out.append({"lhs": row.lhs, "op": row.op, "rhs": row.rhs, "group": fit.sample.labels[row.group], "mi": value,
                    "epc": change, "sepc_lv": change * lv, "sepc_all": change * everything})  # fmt: skip
    columns = ["lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all"]
    table = pd.DataFrame(out, columns=columns)
    return table.sort_values("mi", ascending=False, kind="stable", ignore_index=True)


def _scales(fit: Fit, group: int) -> Any:
    """Function from a row to the factors that standardise its expected change."""
    rows = fit.row_table.groups[group]
    model = rows.model
    values, variance = rows._evaluate(model.values(fit.solution.z))
    residual = variance.copy()
    for k, row in enumerate(model.all_rows):
        if row.op == "~~" and row.lhs == row.rhs:
            residual[rows.index[k]] = values[k]
    sds = np.concatenate([[1.0], np.sqrt(np.abs(variance)), np.sqrt(np.abs(residual))])

    def scale(row: Row) -> tuple[float, float]:
        pairs = (rows._scaling(row, everything) for everything in (False, True))
        lv, everything = (sds[a] / (sds[b] * sds[c]) for a, b, c in pairs)
        return float(lv), float(everything)

    return scale


def _candidates(fit: Fit, group: int) -> list[Row]:
    """Fixed rows and rows the model does not have: loadings, residual covariances, latent covariances, regressions."""
    variables = fit.table.variables
    own = fit.table.group_rows(group)
    taken = {row.key for row in own if row.fixed is None or row.exogenous}
    taken |= {(c, op, a) for a, op, c in taken if op == "~~"}
    fixed = {row.key: row for row in own if row.fixed is not None and not row.exogenous}
    measured = [r.rhs for r in own if r.op == "=~"]
    indicators = [name for name in variables.observed if name in measured]
    wanted = [row.key for row in own if row.key in fixed and row.user]
    wanted += [(f, "=~", item) for f in variables.latent for item in indicators]
    free_observed = [name for name in variables.observed if name not in variables.exogenous]
    wanted += [(a, "~~", b) for a, b in combinations(free_observed, 2)]
    wanted += [(a, "~~", b) for a, b in combinations(variables.latent, 2)]
    explained = list(dict.fromkeys(r.lhs for r in own if r.op == "~"))
    predictors = list(dict.fromkeys(r.rhs for r in own if r.op == "~"))
    regressed = [name for name in dict.fromkeys([*explained, *predictors]) if name not in variables.exogenous]
    wanted += [(a, "~", b) for a in regressed for b in dict.fromkeys([*explained, *predictors]) if a != b]
    out: dict[tuple[str, str, str], Row] = {}
    for key in wanted:
        mirror = (key[2], "~~", key[0])
        known = key in taken or (key[1] == "~~" and (mirror in taken or mirror in out))
        if not known and key not in out:
            out[key] = Row(*key, group, fixed=fixed[key].fixed if key in fixed else 0.0)
    return list(out.values())


def release_tests(fit: Fit) -> pd.DataFrame:
    """Each equality over groups (or by label), tested on its own: would releasing it improve the fit?

    Returns
    -------
    DataFrame
        lhs op rhs group mi df p epc, largest first, one row per parameter that shares another one's value.

    Notes
    -----
    Agrees with R's `lavTestScore(fit)$uni` of lavaan 0.6-14.
    """
    rows = [row for model in fit.models for row in model.rows]
    base = np.concatenate([model.basis for model in fit.models])
    first: dict[int, int] = {}
    shared = []
    for k, row in enumerate(rows):
        if row.parameter in first:
            shared.append(k)
        first.setdefault(row.parameter, k)
    extra = np.zeros((len(rows), len(shared)))
    extra[shared, np.arange(len(shared))] = 1.0
    mi, epc = _score_tests(fit, fit.models, base, extra) if shared else (np.zeros(0), np.zeros(0))
    table = pd.DataFrame(
        {
            **{name: [getattr(rows[k], name) for k in shared] for name in ("lhs", "op", "rhs")},
            "group": [fit.sample.labels[rows[k].group] for k in shared],
            "mi": mi,
            "df": 1,
            "p": [chi_square_tail(value, 1) for value in mi],
            "epc": epc,
        }
    )
    return table.sort_values("mi", ascending=False, kind="stable", ignore_index=True)
