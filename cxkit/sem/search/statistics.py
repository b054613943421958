"""The statistics a model is compared with, in one vector, and their derivatives: for least squares and scaled tests.

`MomentSpace` orders covariances (lower triangle by column) and then means; exogenous moments, which the model takes as
given, are left out. `OrdinalStatistics` orders as lavaan does: thresholds and negative means, variances, correlations.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from cxkit.sem.language.table import Row, Table, Variables
from cxkit.sem.sample.groups import GroupData
from cxkit.sem.search.model import GroupModel, Implied


class MomentSpace:
    """Covariances and means of one group as a vector."""

    def __init__(self, variables: Variables, means: bool) -> None:
        names = variables.observed
        fixed = np.array([name in variables.exogenous for name in names])
        columns, rows = np.triu_indices(len(names))
        keep = ~(fixed[rows] & fixed[columns])
        self.r, self.c = rows[keep], columns[keep]
        self.w = np.where(self.r == self.c, 0.5, 1.0)
        self.given = np.flatnonzero(fixed)
        self.m = np.flatnonzero(~fixed) if means else np.zeros(0, dtype=int)
        self.size = len(self.r) + len(self.m)

    def vector(self, cov: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return np.concatenate([cov[self.r, self.c], mean[self.m]])

    def units(self, cov: np.ndarray) -> np.ndarray:
        """What each moment is measured in: standard deviations of the items and their products."""
        sd = np.sqrt(np.diag(cov))
        return np.concatenate([sd[self.r] * sd[self.c], sd[self.m]])

    def jacobian(self, model: GroupModel, at: Implied) -> np.ndarray:
        """Derivative of the vector by the group's free rows."""
        return np.concatenate([model.covariance_jacobian(at, self.r, self.c), model.mean_jacobian(at)[self.m]])

    def normal_weight(self, inverse: np.ndarray) -> np.ndarray:
        """Inverse covariance matrix of the statistics of normal answers whose inverse covariance is given."""
        rr, cc, rc = (inverse[np.ix_(i, j)] for i, j in ((self.r, self.r), (self.c, self.c), (self.r, self.c)))
        weight = np.zeros((self.size, self.size))
        k = len(self.r)
        weight[:k, :k] = np.outer(self.w, self.w) * (rr * cc + rc * rc.T)
        weight[k:, k:] = inverse[np.ix_(self.m, self.m)]
        return weight

    def gamma(self, data: GroupData) -> np.ndarray:
        """Distribution-free covariance matrix of root-n times the statistics (Browne, 1984)."""
        z = data.centred
        casewise = np.concatenate([z[:, self.r] * z[:, self.c], z[:, self.m]], axis=1)
        if len(self.given):
            # What predictors given in advance explain does not vary over samples.
            x = z[:, self.given]
            fixed = x @ np.linalg.lstsq(x, z, rcond=None)[0]
            casewise -= np.concatenate([fixed[:, self.r] * fixed[:, self.c], fixed[:, self.m]], axis=1)
        casewise -= casewise.mean(0)
        weighted = casewise if data.weights is None else casewise * data.weights[:, None]
        return casewise.T @ weighted / data.size


class ContinuousStatistics:
    """Observed and implied moments of continuous answers for least squares."""

    def __init__(self, model: GroupModel, data: GroupData, space: MomentSpace) -> None:
        self.model, self.space = model, space
        self.observed = space.vector(data.cov, data.mean)

    def implied(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = self.model.implied(theta)
        return self.space.vector(at.sigma, at.mu), self.space.jacobian(self.model, at)


class OrdinalStatistics:
    """Observed and implied thresholds, variances and correlations of one group.

    Under "delta" the scale of an ordered item is a parameter and its residual variance follows; under "theta" the
    residual variance is a parameter and the scale follows (Muthen & Asparouhov, 2002).
    """

    def __init__(self, model: GroupModel, moments: Any, parameterization: str) -> None:
        self.model, self.theta_form = model, parameterization == "theta"
        self.observed, self.moments = moments.statistics, moments
        given = np.array(model.given, dtype=int)
        outcome = ~np.isin(np.arange(model.p), given)
        self.predictors, self.outcomes = given, np.flatnonzero(outcome)
        self.is_ordered = np.array([name in moments.ordered for name in model.observed])
        self.numeric = np.flatnonzero(~self.is_ordered & outcome)
        columns, rows = np.triu_indices(len(self.outcomes), 1)
        self.r, self.c = self.outcomes[rows], self.outcomes[columns]
        self._place_thresholds()
        self._place_scales()

    def _place_thresholds(self) -> None:
        """Where each threshold (or negative mean) stands among the parameters: -1 for a fixed one, with its value."""
        model, cuts = self.model, self.moments.thresholds
        position = {(row.lhs, row.rhs): k for k, row in enumerate(model.rows) if row.op == "|"}
        fixed = {(row.lhs, row.rhs): row.fixed for row in model.all_rows if row.op == "|"}
        keys: list[tuple[str, str]] = []
        self.labels: list[str] = []
        for i in self.outcomes:
            name = model.observed[i]
            thresholds = [f"t{k + 1}" for k in range(len(cuts[name]) if name in cuts else 1)]
            keys += [(name, threshold) for threshold in thresholds]
            self.labels += [f"{name}|{threshold}" for threshold in thresholds] if name in cuts else [f"{name}~1"]
        self.th_variable = np.array([model.index[name] for name, _ in keys])
        self.th_ordered = self.is_ordered[self.th_variable]
        self.th_position = np.array([position.get(key, -1) for key in keys])
        self.th_fixed = np.array([fixed.get(key) or 0.0 for key in keys])

    def _place_scales(self) -> None:
        """Where each free scale stands among the parameters, and the values of fixed ones."""
        model = self.model
        free = [(k, model.index[row.lhs]) for k, row in enumerate(model.rows) if row.op == "~*~"]
        self.scale_position, self.scale_variable = np.array(free, dtype=int).reshape(-1, 2).T
        self.fixed_scale = np.ones(model.p)
        for row in model.all_rows:
            if row.op == "~*~" and row.fixed is not None:
                self.fixed_scale[model.index[row.lhs]] = row.fixed

    def scales(self, theta: np.ndarray, at: Implied) -> np.ndarray:
        """What each latent response is multiplied by before it is cut: 1 for continuous variables."""
        delta = self.fixed_scale.copy()
        if self.theta_form:
            with np.errstate(invalid="ignore"):
                delta[self.is_ordered] = 1 / np.sqrt(np.diag(at.sigma)[self.is_ordered])
        delta[self.scale_variable] = theta[self.scale_position]
        return delta

    def implied(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        model = self.model
        at = model.implied(theta)
        delta = self.scales(theta, at)
        d_delta = self._scale_jacobian(at, delta)
        tau = np.where(self.th_position >= 0, theta[self.th_position], self.th_fixed)
        on = self.th_variable
        raw = np.where(self.th_ordered, tau, 0.0) - at.mu[on]
        th = delta[on] * raw
        corr = at.sigma[self.r, self.c] * delta[self.r] * delta[self.c]
        y, x = self.outcomes, self.predictors
        slopes = (delta[y, None] * at.effects[np.ix_(y, x)]).T.ravel()
        values = np.concatenate([th, slopes, np.diag(at.sigma)[self.numeric], corr])
        jacobian = np.zeros((len(values), len(model.rows)))
        nth, nm = len(th), model.n_moment
        jacobian[:nth, :nm] = -delta[on, None] * model.mean_jacobian(at)[on]
        free = self.th_position >= 0
        jacobian[np.flatnonzero(free), self.th_position[free]] = delta[on[free]]
        jacobian[:nth] += d_delta[on] * raw[:, None]
        for k, predictor in enumerate(x):
            block = slice(nth + k * len(y), nth + (k + 1) * len(y))
            jacobian[block, :nm] = delta[y, None] * model.slope_jacobian(at, y, int(predictor))
            jacobian[block] += d_delta[y] * at.effects[y, predictor, None]
        middle, lower = nth + len(slopes), self.n_thresholds
        jacobian[middle:lower, :nm] = model.covariance_jacobian(at, self.numeric, self.numeric)
        both = (delta[self.r] * delta[self.c])[:, None]
        jacobian[lower:, :nm] = both * model.covariance_jacobian(at, self.r, self.c)
        if self.theta_form or len(self.scale_position):
            bent = d_delta[self.r] * delta[self.c, None] + d_delta[self.c] * delta[self.r, None]
            jacobian[lower:] += bent * at.sigma[self.r, self.c][:, None]
        return values, jacobian

    def _scale_jacobian(self, at: Implied, delta: np.ndarray) -> np.ndarray:
        out = np.zeros((self.model.p, len(self.model.rows)))
        if self.theta_form:
            i = np.flatnonzero(self.is_ordered)
            out[i, : self.model.n_moment] = -0.5 * delta[i, None] ** 3 * self.model.covariance_jacobian(at, i, i)
        out[self.scale_variable, self.scale_position] = 1.0
        return out

    @cached_property
    def n_thresholds(self) -> int:
        """Where the correlations begin: after thresholds, slopes and variances."""
        return len(self.th_variable) + len(self.predictors) * len(self.outcomes) + len(self.numeric)


def baseline_table(table: Table, means: bool, ordered: bool = False) -> Table:
    """The baseline model of the same variables, as a table of its own; one parameter per row."""
    variables = Variables(
        latent=(),
        observed=table.variables.observed,
        exogenous=table.variables.exogenous,
        random=table.variables.random,
        latent_exogenous=(),
        outcomes=(),
        single=frozenset(),
    )
    space = MomentSpace(variables, means)
    rows: list[Row] = []
    for group in range(table.groups):
        rows += _baseline_rows(table, variables, space, group)
        if ordered:
            rows = _given_predictors(rows, table, variables, group)
    free = [row for row in rows if row.fixed is None]
    for k, row in enumerate(free):
        row.parameter = k
    size = len(free)
    return Table(
        rows=tuple(rows), variables=variables, groups=table.groups, n_parameters=size, basis=np.eye(size),
        offset=np.zeros(size), inequalities=(), definitions=(), labels={},
    )  # fmt: skip


def _baseline_rows(table: Table, variables: Variables, space: MomentSpace, group: int) -> list[Row]:
    """Variances and means of every variable, covariances of random predictors, and what is given."""
    names = variables.observed
    rows = []
    for i, j in zip(space.r, space.c, strict=True):
        if i == j or {names[i], names[j]} <= set(variables.random):
            rows.append(Row(names[i], "~~", names[j], group))
    rows += [Row(names[i], "~1", "", group) for i in space.m]
    exogenous = [row for row in table.rows if row.exogenous and row.group == group]
    return rows + [Row(row.lhs, row.op, row.rhs, group, row.fixed, exogenous=True) for row in exogenous]


def _given_predictors(rows: list[Row], table: Table, variables: Variables, group: int) -> list[Row]:
    """The rows of ordered answers: slopes on given predictors and thresholds; unit variances, means of 0."""
    given = set(variables.exogenous)
    outcomes = [name for name in variables.observed if name not in given]
    rows = [row for row in rows if row.op == "~" or row.exogenous or not {row.lhs, row.rhs} & given]
    rows += [Row(outcome, "~", predictor, group) for predictor in variables.exogenous for outcome in outcomes]
    rows += [Row(row.lhs, "|", row.rhs, group) for row in table.rows if row.op == "|" and row.group == group]
    ordered = _ordered_names(table)
    for row in rows:
        if row.lhs in ordered and row.op in ("~~", "~1"):
            row.fixed = 1.0 if row.op == "~~" else 0.0
    return rows


def _ordered_names(table: Table) -> set[str]:
    return {row.lhs for row in table.rows if row.op == "|"}
