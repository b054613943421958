"""What would change if one fixed parameter were freed, or one equality released: score tests and expected changes.

Sorbom (1989, https://doi.org/10.1007/BF02294623); Lagrange multiplier and its expected parameter change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from cxkit import ties
from cxkit.errors import ModelError
from cxkit.one_thread import in_one_thread
from cxkit.sem.language.constraints import of_free
from cxkit.sem.language.table import Row
from cxkit.sem.sample.chi_square import chi_square_tail
from cxkit.sem.search.discrepancy import LeastSquares
from cxkit.sem.search.model import GroupModel
from cxkit.sem.solved import Solved

NOT_IDENTIFIED = 1e-8
"""A candidate of which less than this share of its information is left beside the free parameters repeats them."""
ROUNDING = 1e-24
"""A candidate that tells less than this share of what others do, in standard deviations, moves no moment: the square of
a derivative that is rounding, 1e-16 of one that is not, lies eight digits lower."""


def _score_tests(
    fit: Solved, models: list[GroupModel], base: np.ndarray, extra: np.ndarray, units: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lagrange multiplier and expected change of each extra direction, given derivatives over all positions.

    `units` are the directions' standard deviations, in which it is judged whether they move any moment.
    """
    slope, information = _derivatives(fit, models)
    bb = base.T @ information @ base
    ab = extra.T @ information @ base
    aa = np.einsum("ij,ik,kj->j", extra, information, extra, optimize=True)
    explained = _solve(bb, ab.T)
    left = aa - np.einsum("ij,ij->i", ab, explained.T)
    # The change that lowers the discrepancy: against its slope, whatever the estimator.
    push = -(extra.T @ slope - explained.T @ (base.T @ slope))
    usable = left > NOT_IDENTIFIED * aa
    if units is not None:
        told = aa * units**2  # NaN where something has no variance to measure in
        usable &= ~(told <= ROUNDING * np.nanmax(told, initial=0.0))
    left = np.where(usable, left, np.nan)
    return fit.n * push**2 / left, push / left


def _derivatives(fit: Solved, models: list[GroupModel]) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the discrepancy by every free position of every group, and its expected information."""
    from cxkit.sem.search.objectives import parts_for

    frame = fit.frame
    parts = parts_for(models, frame.spaces, fit.sample, frame.estimator, dict(fit.settings))
    gradient, blocks = [], []
    for share, pull, part in zip(frame.objective.shares, _pull(fit), parts, strict=True):
        state = part.state(part.model.values(fit.solution.z))
        gradient.append(pull * part.gradient(state))
        blocks.append(share * _information(part, state, fit.table.variables.exogenous))
    return np.concatenate(gradient), np.asarray(block_diag(*blocks))


def _information(part: Any, state: Any, exogenous: tuple[str, ...]) -> np.ndarray:
    """Expected information of one group; moments of given predictors tell nothing, even where a candidate moves them.

    As lavaan: a likelihood given x has no information on the moments of x. Least squares leaves them out by itself.
    """
    information: np.ndarray = part.information(state)
    if isinstance(part, LeastSquares) or not exogenous:
        return information
    model, at = part.model, state.at
    given = np.array([model.index[name] for name in exogenous])
    block = np.ix_(given, given)
    rows, columns = (given[k] for k in np.tril_indices(len(given)))
    moved = np.concatenate([model.covariance_jacobian(at, rows, columns), model.mean_jacobian(at)[given]])
    stacked = state.weight.ndim == 3
    weight, shares = (state.weight, part.share) if stacked else (state.weight[None], np.ones(1))
    for k in np.flatnonzero(np.abs(moved).max(axis=0) > 0):
        u, v = at.x[:, model.ui[k]], model.w[k] * at.x[:, model.vi[k]]
        change, slope = np.outer(u, v) + np.outer(v, u), u * at.mean_slope[k]
        change[block], slope[given] = 0.0, 0.0
        lean, pull = np.tensordot(shares, weight @ change @ weight, 1), shares @ (weight @ slope)
        lean[block], pull[given] = 0.0, 0.0
        # 1/2 tr(W dS W dS') + dmu' W dmu' is a gradient whose matrix is W dS W.
        information[k] = information[:, k] = model.gradient(at, lean, -pull)
    return information


def _pull(fit: Solved) -> np.ndarray:
    """Weight of each group's slope as in lavaan: n_g / n for a likelihood, (n_g - 1) / n for least squares.

    The Wishart likelihood keeps n_g / n: what it counts less is in its covariances, not in its weights.
    """
    objective = fit.frame.objective
    if any(isinstance(part, LeastSquares) for part in objective.parts):
        return np.asarray(objective.pull * (objective.n / fit.n))
    return objective.pull


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """matrix^-1 right for the information of the model's own parameters, scaled to a unit diagonal first."""
    scale = 1 / np.sqrt(np.maximum(matrix.diagonal(), 1e-300))
    try:
        return np.asarray(scale[:, None] * np.linalg.solve(matrix * np.outer(scale, scale), scale[:, None] * right))
    except np.linalg.LinAlgError:
        raise ModelError(
            "Score tests need the expected information, which is singular at these estimates. Look for variances of 0 "
            "and correlations of 1 in the estimates, and simplify the model there."
        ) from None


@in_one_thread
def modification_indices(fit: Solved, minimum: float = 0.0) -> pd.DataFrame:
    """Every parameter that could be added, by its modification index.

    Returns
    -------
    DataFrame
        lhs op rhs group mi epc sepc_lv sepc_all, largest first; those that are not identified are left out.

    Notes
    -----
    Agrees with R's `modindices(fit)` of lavaan 0.6-14 (expected information).
    """
    fresh = [row for g in range(len(fit.models)) for row in _candidates(fit, g)]
    if not fresh:
        return _present(fit, fresh, np.zeros(0), np.zeros(0), minimum)
    models = _extended_models(fit, fresh)
    base = np.concatenate([model.basis for model in models])
    which = np.concatenate([model.parameter for model in models]) - fit.table.n_parameters
    extra = np.zeros((len(which), len(fresh)))
    extra[np.flatnonzero(which >= 0), which[which >= 0]] = 1.0
    scales = [_scales(fit, g) for g in range(len(fit.models))]
    standardising = np.array([scales[row.group](row)[1] for row in fresh])
    units = np.divide(1.0, standardising, out=np.full(len(fresh), np.nan), where=standardising > 0)
    mi, epc = _score_tests(fit, models, base, extra, units)
    return _present(fit, fresh, mi, epc, minimum)


def _extended_models(fit: Solved, fresh: list[Row]) -> list[GroupModel]:
    """The groups' models with every candidate freed at its present value, none of which the parameters z move."""
    size, count = fit.table.n_parameters, len(fresh)
    freed = [replace(row, fixed=None, parameter=size + k) for k, row in enumerate(fresh)]
    cells = {(row.group, fit.models[row.group].place(row)) for row in fresh}
    kept = [row for row in _implied_rows(fit) if (row.group, fit.models[row.group].place(row)) not in cells]
    basis = np.zeros((size + count, fit.n_parameters))
    basis[:size] = fit.table.basis
    offset = np.concatenate([fit.table.offset, [row.fixed or 0.0 for row in fresh]])
    table = replace(fit.table, rows=(*kept, *freed), basis=basis, offset=offset)
    return [GroupModel(table, g, fit.settings["ordered"]) for g in range(table.groups)]


def _implied_rows(fit: Solved) -> list[Row]:
    """The model's rows; fixed residual variances of ordered items at what they are, for the effects of these items.

    Under "delta" the table holds 1 there, while the variance follows from the scale.
    """
    values = [value for group, model in zip(fit.row_table.groups, fit.models, strict=True)
              for value in group.values(model.values(fit.solution.z))]  # fmt: skip
    rows = []
    for row, value in zip(fit.row_table.rows, values, strict=True):
        implied = row.op == "~~" and row.fixed is not None and _follows(fit, row)
        rows.append(replace(row, fixed=float(value)) if implied else row)
    return rows


def _present(fit: Solved, rows: list[Row], mi: np.ndarray, epc: np.ndarray, minimum: float) -> pd.DataFrame:
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
    return ties.largest_first(table, "mi").reset_index(drop=True)


def _scales(fit: Solved, group: int) -> Any:
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
        # Without residual variance there is no residual correlation.
        below = ((sds[a], sds[b] * sds[c]) for a, b, c in pairs)
        lv, everything = (float(above / under) if under else float("nan") for above, under in below)
        return lv, everything

    return scale


def _candidates(fit: Solved, group: int) -> list[Row]:
    """What could be freed in one group: one row per place of the model that holds no free parameter yet."""
    model = fit.models[group]
    taken = {model.place(row) for row in model.all_rows if row.fixed is None or row.exogenous or _follows(fit, row)}
    fixed = [row for row in model.all_rows if model.place(row) not in taken]
    out: dict[tuple[Any, ...], Row] = {}
    for key in (*(row.key for row in fixed), *_wanted(fit, model)):
        row = Row(*key, group)
        place = model.place(row)
        if place not in taken and place not in out:
            out[place] = row
    for row in fixed:
        # Thresholds and scales are no entries of the matrices.
        if row.op in ("|", "~*~"):
            out[model.place(row)].fixed = row.fixed
    return [replace(row, fixed=model.constant(row) if row.fixed is None else row.fixed) for row in out.values()]


def _follows(fit: Solved, row: Row) -> bool:
    """Whether a fixed row is no parameter: an ordered item's residual variance under delta, its scale under theta."""
    own = "~~" if fit.settings["parameterization"] == "delta" else "~*~"
    return row.op == own and row.lhs == row.rhs and row.lhs in fit.settings["ordered"]


def _wanted(fit: Solved, model: GroupModel) -> Iterator[tuple[str, str, str]]:
    """Loadings, residual covariances, latent covariances and regressions, as lavaan's full parameter table.

    Two more than there: a loading of an indicator that is also regressed, and residual covariances of outcomes that are
    no indicators. A place with two names (`f =~ x` and `x ~ f`) bears the first.
    """
    variables = fit.table.variables
    regressed = _regressed(model)
    modelled = [name for name in variables.observed if name not in variables.exogenous]
    measured = {row.rhs for row in model.all_rows if row.op == "=~"}
    for factor in variables.latent:
        yield from ((factor, "=~", item) for item in modelled if item in measured or item not in regressed)
    for names in (modelled, variables.latent):
        yield from ((a, "~~", b) for a, b in combinations(names, 2))
    for outcome in regressed:
        # Where answers are modelled given their predictors, these cannot be outcomes.
        if not model.given or outcome not in variables.exogenous:
            yield from ((outcome, "~", predictor) for predictor in regressed if predictor != outcome)


def _regressed(model: GroupModel) -> list[str]:
    """Outcomes of regressions, then their predictors, each once."""
    regressions = [row for row in model.all_rows if row.op == "~"]
    return list(dict.fromkeys([*(row.lhs for row in regressions), *(row.rhs for row in regressions)]))


@in_one_thread
def release_tests(fit: Solved) -> pd.DataFrame:
    """Each equality over groups, by label or by `==`, tested on its own: would releasing it improve the fit?

    Returns
    -------
    DataFrame
        lhs op rhs group mi df p epc, largest first: one row per parameter that shares another one's value (epc is how
        far it would move away from the others) and per `==` of the model (epc is left minus right once released). An
        equality by which the model is identified cannot be tested, and is left out. Under ULS p is NaN: what is not
    weighted has no chi-square distribution, and `mi` depends on the items' units.

    Notes
    -----
    Agrees with R's `lavTestScore(fit)$uni` of lavaan 0.6-14, which has no epc of single releases, and a p under ULS.
    """
    rows = [row for model in fit.models for row in model.rows]
    base = np.concatenate([model.basis for model in fit.models])
    first: dict[int, int] = {}
    shared = []
    for k, row in enumerate(rows):
        if row.parameter in first:
            shared.append(k)
        first.setdefault(row.parameter, k)
    texts, written = _written_equalities(fit)
    extra = np.zeros((len(rows), len(shared) + len(texts)))
    extra[shared, np.arange(len(shared))] = 1.0
    extra[:, len(shared) :] = written[[row.parameter for row in rows]]
    mi, epc = _score_tests(fit, fit.models, base, extra) if extra.size else (np.zeros(0), np.zeros(0))
    names = [(*rows[k].key, fit.sample.labels[rows[k].group]) for k in shared]
    names += [(left, "==", right, "") for left, right in texts]
    table = pd.DataFrame(names, columns=["lhs", "op", "rhs", "group"])
    unweighted = fit.frame.estimator.discrepancy == "ULS"
    p = np.full(len(mi), np.nan) if unweighted else np.array([chi_square_tail(value, 1) for value in mi])
    table = table.assign(mi=mi, df=1, p=p, epc=epc).dropna(subset=["mi"])
    return ties.largest_first(table, "mi").reset_index(drop=True)


def _written_equalities(fit: Solved) -> tuple[list[tuple[str, str]], np.ndarray]:
    """The sides of every `==` of the model, and by column how the parameters move when it alone opens by 1."""
    table = fit.table
    bounds = [a for a, b, _ in table.inequalities if not of_free(a, b, table.basis, table.offset)[0].any()]
    left = np.zeros((len(table.equalities) + len(bounds), table.n_parameters))
    for k, restriction in enumerate([*(a for a, _, _ in table.equalities), *bounds]):
        left[k] = restriction
    # The pseudo-inverse moves one constraint and leaves the others as they are.
    moves = np.linalg.pinv(left)[:, : len(table.equalities)]
    texts = [sides for _, _, sides in table.equalities]
    return texts, moves
