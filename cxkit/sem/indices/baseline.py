"""The baseline model, in which the variables are independent: its chi-square, and its fit where that needs a search."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxkit.sem.inference.covariance import Frame, test_of_fit
from cxkit.sem.language.rows import Row
from cxkit.sem.sample.chi_square import FitTest
from cxkit.sem.search.discrepancy import Objective
from cxkit.sem.search.estimation import Normalised, minimise
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.objectives import parts_for
from cxkit.sem.search.shared_models import baseline_models
from cxkit.sem.solved import Solved, moments_of


def baseline_test(fit: Solved) -> FitTest:
    """Chi-square of the baseline model, in which only exogenous variables may correlate."""
    return fit.sample.groups[0].shared.baselines.get(baseline_key(fit), lambda: _baseline(fit))


def baseline_key(fit: Solved) -> tuple[Any, ...]:
    """What decides the baseline model of a sample."""
    options = (fit.settings[k] for k in ("meanstructure", "likelihood", "information"))
    roles = fit.table.variables
    return (fit.frame.estimator.name, *options, roles.exogenous, roles.random)


def _baseline(fit: Solved) -> FitTest:
    estimator = fit.frame.estimator
    if estimator.discrepancy == "ML" and estimator.test == "standard" and fit.settings["missing"] != "fiml":
        return _closed_baseline(fit)
    frame, value = baseline_frame(fit)
    df = moments_of(fit) - len(frame.bread_inverse)
    if df == 0:
        return FitTest(chisq=0.0, df=0, scaled=None if estimator.test == "standard" else 0.0, df_scaled=0)
    return test_of_fit(frame, value if fit.sample.settled else float("nan"), df, fit.frame.n)


def _closed_baseline(fit: Solved) -> FitTest:
    """Independence under a complete normal likelihood needs no search."""
    value, free = 0.0, 0
    objective = fit.frame.objective
    for share, part, space in zip(objective.tested, objective.parts, fit.frame.spaces, strict=True):
        s, names = part.data.cov, part.data.names
        random = fit.table.variables.random
        predictors = {*fit.table.variables.exogenous, *random}
        x = [i for i, name in enumerate(names) if name in predictors]
        y = [i for i, name in enumerate(names) if name not in predictors]
        given = log_determinant(s[np.ix_(x, x)]) if x else 0.0
        value += share * 0.5 * (np.log(s.diagonal()[y]).sum() + given - (2 * part.floor - len(s)))
        free += len(y) + len(space.m) + len(random) * (len(random) + 1) // 2
    df = moments_of(fit) - free
    return FitTest(chisq=2 * fit.frame.n * value if df else 0.0, df=df)


def log_determinant(matrix: np.ndarray) -> float:
    """The logarithm of a determinant; 0 of an empty matrix."""
    return float(np.linalg.slogdet(matrix)[1]) if len(matrix) else 0.0


def baseline_frame(fit: Solved) -> tuple[Frame, float]:
    """The baseline model with its chi-square, fitted once per sample and set of options."""
    return fit.sample.groups[0].shared.baseline_frames.get(baseline_key(fit), lambda: _fit_baseline(fit))


def _fit_baseline(fit: Solved) -> tuple[Frame, float]:
    ordered = fit.settings["ordered"]
    models = baseline_models(fit.table, means=fit.settings["meanstructure"], ordered=ordered)
    settings = {**fit.settings, "parameterization": "delta"}
    parts = parts_for(models, fit.frame.spaces, fit.sample, fit.frame.estimator, settings)
    objective = Objective(parts)
    if fit.settings["unbiased"]:
        objective.lose_one()
    start = np.concatenate([_independent_values(m, d) for m, d in zip(models, fit.sample.groups, strict=True)])
    solution = minimise(objective, start)
    kind = "hessian" if fit.frame.estimator.information == "observed" else "information"
    second = Normalised(objective.second(solution.states, kind), lambda vector: ["the baseline model"])
    frame = Frame(
        objective=objective, states=solution.states, spaces=fit.frame.spaces, estimator=fit.frame.estimator,
        bread_inverse=second.inverse,
    )  # fmt: skip
    return frame, objective.test_value(solution.states)


def _independent_values(model: GroupModel, data: Any) -> np.ndarray:
    """Means and variances of each item over those who answered it: the optimum, or close to it."""
    if data.patterns is None:
        mean, variance = data.mean, np.diag(data.cov)
    else:
        weight = data.patterns.counts[:, None] * data.patterns.seen
        mean = (weight * data.patterns.mean).sum(0) / weight.sum(0)
        spread = np.einsum("kii->ki", data.patterns.cov) + (data.patterns.mean - mean) ** 2
        variance = (weight * spread).sum(0) / weight.sum(0)
    cuts = data.thresholds
    return np.array([_independent_value(row, model, mean, variance, cuts, data) for row in model.rows])


def _independent_value(
    row: Row, model: GroupModel, mean: np.ndarray, variance: np.ndarray, cuts: dict[str, np.ndarray], data: Any
) -> float:
    if row.op == "|":
        return float(cuts[row.lhs][int(row.rhs[1:]) - 1])
    if row.op == "~":
        moments = data.ordinal
        return float(moments.slopes[moments.names.index(row.lhs), moments.exogenous.index(row.rhs)])
    if row.lhs != row.rhs and row.op == "~~":
        return float(data.cov[model.cell(row)])
    return float((variance if row.op == "~~" else mean)[model.index[row.lhs]])
