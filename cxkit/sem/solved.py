"""A solved model: its estimates with standard errors, its test, and the tables that follow from these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from cxkit.sem.inference.covariance import Frame, test_of_fit
from cxkit.sem.inference.standardised import RowTable
from cxkit.sem.language.table import Table
from cxkit.sem.sample.chi_square import FitTest
from cxkit.sem.sample.groups import Sample
from cxkit.sem.search.estimation import Solution
from cxkit.sem.search.model import GroupModel
from cxkit.statistics.normal import Z_95


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """A model whose parameters have been estimated; what `Fit` shows is computed from it."""

    model: str
    settings: Mapping[str, Any]
    table: Table
    sample: Sample
    solution: Solution
    frame: Frame
    parameter_covariance: np.ndarray
    warnings: tuple[str, ...]
    converged: bool = True

    @property
    def n(self) -> int:
        return self.sample.n

    @property
    def n_dropped(self) -> int:
        return self.sample.n_dropped

    @property
    def models(self) -> list[GroupModel]:
        return [part.model for part in self.frame.objective.parts]

    @property
    def n_parameters(self) -> int:
        """Free parameters after equality constraints."""
        return len(self.solution.z)

    @cached_property
    def df(self) -> int:
        """Degrees of freedom: moments minus free parameters."""
        return moments_of(self) - self.n_parameters

    @cached_property
    def test(self) -> FitTest:
        """Chi-square of the model, scaled as the estimator asks; NaN where incomplete answers have no moments."""
        value = 0.0 if self.df == 0 else max(self._test_value, 0.0)
        return test_of_fit(self.frame, value if self.sample.settled else float("nan"), self.df, self.frame.n)

    @cached_property
    def _test_value(self) -> float:
        return self.frame.objective.test_value(self.solution.states)

    @property
    def deviance(self) -> float:
        """Chi-square, or where the answers have none, a number whose differences between nested models are the same.

        What incomplete answers without moments leave unknown is how well the saturated model fits: one constant of all
        models of a sample.
        """
        return self.test.chisq if self.sample.settled else 2 * self.frame.n * self._test_value

    @cached_property
    def row_table(self) -> RowTable:
        return RowTable(self.table, self.models, self.settings["parameterization"] == "theta")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """Parameters with standard errors, tests, intervals and standardised values."""
        rows = self.row_table
        z = self.solution.z
        values = rows.plain(z)
        lv, everything = rows.standardised(z)
        errors = rows.simple_errors(self.parameter_covariance)
        if self.table.definitions:
            errors = np.concatenate([errors, rows.errors(z, self.parameter_covariance)[len(errors) :]])
            errors = np.where(np.isfinite(values), errors, np.nan)  # a definition without a value has no error
        frame = self._row_names()
        return pd.DataFrame({**frame, **_wald(values, errors), "std_lv": lv, "std_all": everything})

    @cached_property
    def standardized(self) -> pd.DataFrame:
        """Completely standardised parameters (std.all) with delta-method standard errors."""
        values = self.row_table.standardised(self.solution.z)[1]
        errors = self.row_table.errors(self.solution.z, self.parameter_covariance, standardised=True)
        errors = np.where(np.isfinite(values), errors, np.nan)
        names = self._row_names()
        table = _wald(values, errors)
        return pd.DataFrame({**names, "est_std": table.pop("est"), **table})

    def _row_names(self) -> dict[str, Any]:
        """Columns that say which parameter a row is, as pandas holds text: to find out that it is text takes time."""
        derived = self.table.derived
        if derived.names is None or derived.names[0] != self.sample.labels:
            columns = {name: pd.Series(values).array for name, values in self._list_row_names().items()}
            derived.names = (self.sample.labels, columns)
        return dict(derived.names[1])

    def _list_row_names(self) -> dict[str, list[str]]:
        labels = self.sample.labels
        rows = self.row_table.rows
        defined = self.table.definitions
        columns = {name: [getattr(row, name) for row in rows] for name in ("lhs", "op", "rhs", "label")}
        columns["group"] = [labels[row.group] for row in rows]
        for name, extra in (
            ("lhs", [e.lhs.text for e in defined]),
            ("op", [":="] * len(defined)),
            ("rhs", [e.rhs.text for e in defined]),
            ("label", [e.lhs.text for e in defined]),
            ("group", [""] * len(defined)),
        ):
            columns[name] += extra
        return {name: columns[name] for name in ("lhs", "op", "rhs", "group", "label")}

    @cached_property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the free parameters."""
        names = [f"{row.lhs}{row.op}{row.rhs}" + (f".g{m + 1}" if m else "") for m, model in enumerate(self.models)
                 for row in model.rows]  # fmt: skip
        basis = np.concatenate([model.basis for model in self.models])
        return pd.DataFrame(basis @ self.parameter_covariance @ basis.T, index=names, columns=names)

    def _by_group(self, tables: list[Any]) -> Any:
        return tables[0] if len(tables) == 1 else dict(zip(self.sample.labels, tables, strict=True))

    @cached_property
    def latent_correlations(self) -> pd.DataFrame | dict[str, pd.DataFrame]:
        """Model-implied correlations of the latent variables."""
        tables = []
        for model in self.models:
            full, _, _ = model.full_moments(model.values(self.solution.z))
            block = full[model.p :, model.p :]
            # A negative variance, which the note tells of, has no correlations: they stay empty.
            sd = np.sqrt(np.where(np.diag(block) > 0, np.diag(block), np.nan))
            names = list(self.table.variables.latent)
            tables.append(pd.DataFrame(block / np.outer(sd, sd), index=names, columns=names))
        return self._by_group(tables)

    @cached_property
    def r_squared(self) -> pd.Series | dict[str, pd.Series]:
        """Explained share of variance of every indicator and outcome; empty where its residual variance is negative.

        As R's `lavInspect(fit, "rsquare")`: a share above 1 (a Heywood case, which the note names) is none.
        """
        out = []
        for group in self.row_table.groups:
            model = group.model
            values, variance = group._evaluate(model.values(self.solution.z))
            residual = {
                r.lhs: v for r, v in zip(model.all_rows, values, strict=True) if r.op == "~~" and r.lhs == r.rhs
            }
            explained = (model.a0 != 0).any(1)
            explained[model.a[0]] = True
            names = [name for i, name in enumerate(model.names) if explained[i] and name in residual]
            own = np.array([residual[name] for name in names])
            shares = np.where(own < 0, np.nan, 1 - own / variance[[model.index[name] for name in names]])
            out.append(pd.Series(shares, index=names, name="r_squared"))
        return self._by_group(out)

    @cached_property
    def patterns(self) -> pd.DataFrame:
        """Missing patterns: one row per pattern and group, True where answered, with the number of respondents."""
        tables = []
        for data in self.sample.groups:
            seen = data.patterns.seen if data.patterns else np.ones((1, len(data.names)), dtype=bool)
            counts = [len(rows) for rows in data.patterns.rows] if data.patterns else [data.n]
            part = pd.DataFrame(seen, columns=list(data.names))
            part.insert(0, "n", counts)
            part.insert(0, "group", data.label)
            tables.append(part.sort_values("n", ascending=False, kind="stable"))
        return pd.concat(tables, ignore_index=True)


def moments_of(fit: Solved) -> int:
    """How many moments the data offer, exogenous ones left out."""
    total = 0
    for part, space in zip(fit.frame.objective.parts, fit.frame.spaces, strict=True):
        moments = part.data.ordinal
        total += len(moments.statistics) if moments is not None else space.size
    return total


def _wald(values: np.ndarray, errors: np.ndarray) -> dict[str, np.ndarray]:
    """Est se z p ci_low ci_high; z and p are missing where a parameter is fixed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(errors > 0, values / errors, np.nan)
    return {
        "est": values,
        "se": errors,
        "z": z,
        "p": 2 * ndtr(-np.abs(z)),
        "ci_low": values - Z_95 * errors,
        "ci_high": values + Z_95 * errors,
    }
