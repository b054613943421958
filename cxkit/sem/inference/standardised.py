"""Estimates row by row, plain and standardised, and their standard errors by the delta method.

Derivatives of standardised and defined parameters are taken by a complex step, which is exact to rounding and costs one
evaluation for all parameters at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxkit.sem.language.constraints import in_order
from cxkit.sem.language.table import Row, Table
from cxkit.sem.search.model import GroupModel

ROUNDING = 1e-12
"""A standard error below this, in the unit of a standardised value, is none."""
STEP = 1e-30


class GroupRows:
    """Values of all rows of one group, free, fixed or implied by others, as a function of its free rows."""

    def __init__(self, model: GroupModel, theta_form: bool) -> None:
        self.model, self.theta_form = model, theta_form
        rows = model.all_rows
        free = {id(row): k for k, row in enumerate(model.rows)}
        self.position = np.array([free.get(id(row), -1) for row in rows], dtype=int)
        self.free = np.flatnonzero(self.position >= 0)
        self.fixed = np.array([np.nan if row.fixed is None else row.fixed for row in rows])
        self.index = np.array([model.index[row.lhs] for row in rows], dtype=int)
        self.own_variance = np.array([k for k, r in enumerate(rows) if r.op == "~~" and r.lhs == r.rhs], dtype=int)
        ordered = set(model.ordered)
        self.ordered = np.array([i for i, name in enumerate(model.observed) if name in ordered], dtype=int)
        at = {(row.op, row.lhs): k for k, row in enumerate(rows) if row.lhs == row.rhs and row.lhs in ordered}
        names = [model.observed[i] for i in self.ordered]
        self.variance_row = np.array([at[("~~", name)] for name in names], dtype=int)
        self.scale_row = np.array([at[("~*~", name)] for name in names], dtype=int)
        self.all_scales = np.array([self._scaling(row, everything=True) for row in rows], dtype=int).reshape(-1, 3)
        self.lv_scales = np.array([self._scaling(row, everything=False) for row in rows], dtype=int).reshape(-1, 3)

    def _scaling(self, row: Row, everything: bool) -> tuple[int, int, int]:
        """Which of (1, SDs, residual SDs) multiplies a row's value and which two divide it."""
        model, v = self.model, self.model.v

        def sd(name: str, residual: bool = False) -> int:
            i = model.index[name]
            return 0 if not everything and i < model.p else 1 + i + (v if residual else 0)

        if row.op == "=~":
            return sd(row.lhs), sd(row.rhs), 0
        if row.op == "~":
            return sd(row.rhs), sd(row.lhs), 0
        if row.op == "~~":
            apart = row.lhs != row.rhs
            return 0, sd(row.lhs, apart), sd(row.rhs, apart)
        return (0, sd(row.lhs), 0) if row.op in ("~1", "|") else (0, 0, 0)

    def values(self, theta: np.ndarray) -> np.ndarray:
        """Value of every row; the last axis runs over rows."""
        return self._evaluate(theta)[0]

    def _evaluate(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out = np.empty((*theta.shape[:-1], len(self.fixed)), dtype=theta.dtype)
        out[...] = self.fixed
        out[..., self.free] = theta[..., self.position[self.free]]
        full, _, _ = self.model.full_moments(theta)
        variance = np.diagonal(full, axis1=-2, axis2=-1).copy()
        if len(self.ordered):
            i = self.ordered
            alone = self._variance_given_predictors(theta, variance)[..., i]
            if self.theta_form:
                out[..., self.scale_row] = alone**-0.5
            else:
                wanted = out[..., self.scale_row] ** -2
                out[..., self.variance_row] = wanted - (alone - out[..., self.variance_row])
                variance[..., i] += wanted - alone
        return out, variance

    def _variance_given_predictors(self, theta: np.ndarray, variance: np.ndarray) -> np.ndarray:
        if not self.model.given:
            return variance
        a, s, _ = self.model.matrices(theta)
        effects = np.linalg.inv(np.eye(self.model.v) - a)
        return np.einsum("...ij,...jk,...ik->...i", effects, s, effects)

    def standardised(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows standardised by latent variables only (std.lv) and by all variables (std.all)."""
        values, variance = self._evaluate(theta)
        residual = variance.copy()
        residual[..., self.index[self.own_variance]] = values[..., self.own_variance]
        # As lavaan: a negative residual variance (Heywood case) enters residual correlations by its size.
        size = np.where(np.real(residual) < 0, -residual, residual)
        one = np.ones((*values.shape[:-1], 1), dtype=values.dtype)
        sds = np.concatenate([one, _root(variance), _root(size)], axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = [
                values * sds[..., s[:, 0]] / (sds[..., s[:, 1]] * sds[..., s[:, 2]])
                for s in (self.lv_scales, self.all_scales)
            ]
        # What is divided by the standard deviation of a variable without variance has no standardised value.
        lv, everything = (np.where(np.isfinite(each), each, np.nan) for each in scaled)
        if len(self.scale_row):
            # A standardised scale is 1 whatever the parameterisation.
            everything[..., self.scale_row] = 1.0
        return lv, everything


def _root(variance: np.ndarray) -> np.ndarray:
    """Square root, NaN for a negative variance even when it is complex."""
    with np.errstate(invalid="ignore"):
        return np.where(np.real(variance) >= 0, np.sqrt(variance), np.nan)


def _rows_of(model: GroupModel, theta_form: bool) -> GroupRows:
    """The rows of a model, gathered once."""
    if theta_form not in model.group_rows:
        model.group_rows[theta_form] = GroupRows(model, theta_form)
    rows: GroupRows = model.group_rows[theta_form]
    return rows


class RowTable:
    """All rows of all groups and the defined parameters, as functions of the free parameters z."""

    def __init__(self, table: Table, models: list[GroupModel], theta_form: bool = False) -> None:
        self.table = table
        self.groups = [_rows_of(model, theta_form) for model in models]
        self.rows = [row for group in self.groups for row in group.model.all_rows]
        self.order = in_order(table.definitions)
        self.label_at: dict[str, int] = {}
        for k, row in enumerate(self.rows):
            if row.label:
                self.label_at.setdefault(row.label, k)

    def defined(self, values: np.ndarray) -> list[np.ndarray]:
        """Defined parameters from the values of all rows."""
        scope: dict[str, Any] = {label: values[..., k] for label, k in self.label_at.items()}
        out = [np.zeros(0)] * len(self.order)
        for k in self.order:
            equation = self.table.definitions[k]
            value = equation.rhs(scope) + np.zeros_like(values[..., 0])
            out[k] = np.where(np.isfinite(value), value, np.nan)  # no statistic is infinite
            scope[equation.lhs.text] = out[k]
        return out

    def _with_defined(self, values: np.ndarray) -> np.ndarray:
        extra = self.defined(values)
        return np.concatenate([values, np.stack(extra, axis=-1)], axis=-1) if extra else values

    def plain(self, z: np.ndarray) -> np.ndarray:
        """Estimates of all rows, then of the defined parameters."""
        return self._with_defined(np.concatenate([g.values(self._theta(g, z)) for g in self.groups], axis=-1))

    def standardised(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same, standardised: std.lv and std.all."""
        both = [g.standardised(self._theta(g, z)) for g in self.groups]
        lv, everything = (np.concatenate([pair[k] for pair in both], axis=-1) for k in (0, 1))
        return self._with_defined(lv), self._with_defined(everything)

    @staticmethod
    def _theta(group: GroupRows, z: np.ndarray) -> np.ndarray:
        return z @ group.model.basis.T + group.model.offset

    def errors(self, z: np.ndarray, covariance: np.ndarray, standardised: bool = False) -> np.ndarray:
        """Standard errors of all rows and defined parameters (0 where a row is fixed)."""
        if not len(z):
            return np.zeros(len(self.rows))
        shifted = z + 1j * STEP * np.eye(len(z))
        values = self.standardised(shifted)[1] if standardised else self.plain(shifted)
        jacobian = np.imag(values) / STEP
        # What cannot be standardised has no error either, nor has a definition so steep that its square has no number.
        with np.errstate(invalid="ignore", over="ignore"):
            variances = np.einsum("ir,ij,jr->r", jacobian, covariance, jacobian, optimize=True)
        errors = np.sqrt(np.maximum(np.where(np.isfinite(variances), variances, np.nan), 0.0))
        # Standardised constants, such as the variance of a latent variable, come out with an error of rounding only.
        return np.where(errors < ROUNDING, 0.0, errors) if standardised else errors

    def simple_errors(self, covariance: np.ndarray) -> np.ndarray:
        """Standard errors of the rows when none is implied by others: no derivative is needed."""
        out = []
        for group in self.groups:
            basis = group.model.basis
            own = np.sqrt(np.maximum(((basis @ covariance) * basis).sum(1), 0.0))
            out.append(np.where(group.position >= 0, own[group.position] if len(own) else 0.0, 0.0))
        return np.concatenate(out)
