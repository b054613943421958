"""What a fit holds: estimates, measures, moments, residuals, scores, and the way to everything computed from them."""

from __future__ import annotations

import html
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from cxkit.errors import CxkitError, CxkitWarning, closest
from cxkit.sem.absent import absent_measures, changed_default, without_variance
from cxkit.sem.estimation import Solution
from cxkit.sem.inference import FitTest, Frame, test_of_fit
from cxkit.sem.model import GroupModel
from cxkit.sem.moments import Sample
from cxkit.sem.standardised import RowTable
from cxkit.sem.table import Table
from cxkit.sem.variants import chi_square_variant, index_variant, measure, named
from cxkit.sem.words import FIT, Summary
from cxkit.without_contents import without_contents

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cxkit.sem.bootstrap import Bootstrap
    from cxkit.sem.comparison import Comparison
    from cxkit.sem.corrections import Doubt
    from cxkit.sem.fit_measures import Corrected
    from cxkit.sem.reliability import Reliability

Z_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentTables:
    """Means, covariances and thresholds of one group, with names; parts that the model has not are None.

    Of ordered items: `thresholds` also holds the negative means of continuous ones (`x~1`); with observed predictors
    everything is given these, and `slopes` (outcomes by predictors) says how they act.
    """

    cov: pd.DataFrame
    mean: pd.Series | None = None
    thresholds: pd.Series | None = None
    slopes: pd.DataFrame | None = None

    __repr__ = without_contents


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted structural equation model.

    Attributes
    ----------
    estimates
        One row per parameter and group: lhs op rhs group label est se z p ci_low ci_high std_lv std_all. Fixed
        parameters have se 0 and no z. Defined parameters (`:=`) have standard errors by the delta method.
    measures
        Fit indices under the names of lavaan's `fitMeasures`.
    n, n_dropped
        Respondents used, and those left out (missing answers, group, cluster or weight).
    warnings
        Findings that leave the numbers valid but that the reader should know.
    """

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
        """Chi-square of the model, scaled as the estimator asks."""
        value = 0.0 if self.df == 0 else max(self.frame.objective.test_value(self.solution.states), 0.0)
        return test_of_fit(self.frame, value, self.df, self.frame.n)

    @cached_property
    def _as_if_complete(self) -> tuple[Corrected, Corrected | None]:
        """Chi-squares of model and baseline as if incomplete answers (FIML) were complete, for robust CFI and RMSEA."""
        from cxkit.sem.corrections import missing_answers

        return missing_answers(self)

    @cached_property
    def doubt(self) -> Doubt | None:
        """Why CFI, TLI and RMSEA of incomplete answers have no robust value; None where they have one."""
        if self.df == 0 or self.settings["missing"] != "fiml":
            return None
        from cxkit.sem.corrections import doubt
        from cxkit.sem.measures import baseline_test

        return doubt(self, *self._as_if_complete, baseline_test(self).df)

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
        frame = self._row_names()
        return pd.DataFrame({**frame, **_wald(values, errors), "std_lv": lv, "std_all": everything})

    @cached_property
    def standardized(self) -> pd.DataFrame:
        """Completely standardised parameters (std.all) with delta-method standard errors."""
        values = self.row_table.standardised(self.solution.z)[1]
        errors = self.row_table.errors(self.solution.z, self.parameter_covariance, standardised=True)
        names = self._row_names()
        table = _wald(values, errors)
        return pd.DataFrame({**names, "est_std": table.pop("est"), **table})

    def _row_names(self) -> dict[str, Any]:
        """Columns that say which parameter a row is, as pandas holds text: to find out that it is text takes time."""
        kept = self.table.kept
        if "names" not in kept or kept["names"][0] != self.sample.labels:
            columns = {name: pd.Series(values).array for name, values in self._list_row_names().items()}
            kept["names"] = (self.sample.labels, columns)
        return dict(kept["names"][1])

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
    def measures(self) -> pd.Series:
        """All fit measures, by lavaan's names."""
        from cxkit.sem.measures import all_measures

        found = all_measures(self)
        return pd.Series(np.fromiter(found.values(), float, len(found)), index=_index_of(tuple(found)), name="value")

    @cached_property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the free parameters."""
        names = [f"{row.lhs}{row.op}{row.rhs}" + (f".g{m + 1}" if m else "") for m, model in enumerate(self.models)
                 for row in model.rows]  # fmt: skip
        basis = np.concatenate([model.basis for model in self.models])
        return pd.DataFrame(basis @ self.parameter_covariance @ basis.T, index=names, columns=names)

    def _by_group(self, tables: list[Any]) -> Any:
        return tables[0] if len(tables) == 1 else dict(zip(self.sample.labels, tables, strict=True))

    def implied(self) -> MomentTables | dict[str, MomentTables]:
        """Model-implied covariances, means and thresholds; a dict by group if there are several."""
        from cxkit.sem.residuals import moment_tables

        return self._by_group([moment_tables(self, g) for g in range(len(self.models))])

    def residuals(self, kind: str = "raw") -> MomentTables | dict[str, MomentTables]:
        """What does the model leave unexplained? Observed minus implied moments; a dict by group if there are several.

        Parameters
        ----------
        kind
            "raw"; "cor": differences of correlations, and of means, thresholds and slopes in standard deviations of the
            answers; "standardized": z-values, over standard errors that allow for estimation. A moment that the model
            reproduces exactly has 0 in all three.

        Notes
        -----
        Agrees with R's lavaan 0.6-14: `residuals(fit, type = "raw")`, `"cor.bollen"` (which leaves slopes on predictors
        as they are), `"standardized"`. Under ULS and DWLS of continuous items, and where ordered items come with
        predictors or continuous items, lavaan has no z-values; here they come from the distribution-free covariance of
        the moments (Browne, 1984).
        """
        from cxkit.sem.residuals import residual_tables

        return self._by_group([residual_tables(self, g, kind) for g in range(len(self.models))])

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

    def modification_indices(self, minimum: float = 0.0) -> pd.DataFrame:
        """What would freeing one fixed parameter change? Columns lhs op rhs group mi epc sepc_lv sepc_all, by mi."""
        from cxkit.sem.modification import modification_indices

        return modification_indices(self, minimum)

    def score_tests(self) -> pd.DataFrame:
        """What would releasing one equality constraint change? One row per constraint: chi-square, df, p."""
        from cxkit.sem.modification import release_tests

        return release_tests(self)

    def scores(self, method: str = "regression") -> pd.DataFrame:
        """Where does each respondent stand on the latent variables?

        Parameters
        ----------
        method
            "regression" (posterior means), or "bartlett" (generalised least squares on the measurement equations). Of
            ordered answers, and of these together with continuous ones, posterior modes, which lavaan calls "EBM".

        Returns
        -------
        DataFrame
            A column per latent variable (and first the group, if there are several), one row per respondent who was
            used, in the order and with the index of the data: `data.assign(**fit.scores())` puts each score beside its
            respondent and leaves it missing for those who were dropped. Where row labels repeat and some respondents
            were dropped, reset the index of the data before the fit.

        Raises
        ------
        ModelError
            If the model was fitted to moments or has no latent variables; if Bartlett scores do not exist.

        Notes
        -----
        Incomplete respondents (FIML) are scored from what they answered; on a factor that their
        answers do not determine their Bartlett score is NaN, with a warning. Observed predictors are conditioned on.
        Modes take items as independent given the latent variables, as `lavPredict` does. Agrees with R's lavaan
        0.6-14: `lavPredict(fit, method = )`, but for ordered answers of several groups, where it takes the loadings of
        the first group for all, and for `parameterization = "theta"`, where it compares scaled thresholds with
        unscaled residuals.
        """
        from cxkit.sem.scores import factor_scores

        return factor_scores(self, method)

    def summary(self) -> Summary:
        """The fit as text, under lavaan's name for it: sentence, parameters and notes as `str(fit)` shows them."""
        return Summary(
            f"{self}\n\nAs tables: fit.estimates, fit.measures, fit.standardized; in one sentence: fit.text."
        )

    def __getattr__(self, name: str) -> Any:
        """Say what lavaan's or semopy's word for something is called here."""
        if name in _members():
            return object.__getattribute__(self, name)  # its own error is the one to see
        if name in FIT:
            raise AttributeError(f"A Fit has no '{name}': {FIT[name]} here.")
        known = [member for member in _members() if not member.startswith("_")]
        raise AttributeError(f"A Fit has no '{name}'.{closest(name, known)}")

    def compare(self, other: Fit, method: str = "default") -> Comparison:
        """Does the model with more degrees of freedom fit worse? See `Comparison`."""
        from cxkit.sem.comparison import compare

        return compare(self, other, method)

    def bootstrap(
        self, n: int = 1000, *, seed: int = 1, ci: str = "percentile", level: float = 0.95, progress: bool = False,
        workers: int | None = None,
    ) -> Bootstrap:  # fmt: skip
        """Resample respondents and refit; see `Bootstrap`."""
        from cxkit.sem.bootstrap import bootstrap

        return bootstrap(self, n, seed=seed, ci=ci, level=level, progress=progress, workers=workers)

    def reliability(self) -> Reliability:
        """Omega, alpha and average variance extracted of every factor; see `Reliability`.

        Warns with a CxkitWarning if items of a factor load on it in both directions.
        """
        from cxkit.sem.reliability import reliability

        found = reliability(self)
        for message in found.warnings:
            warnings.warn(message, CxkitWarning, stacklevel=2)
        return found

    def plot(
        self, ax: Axes | None = None, *, group: int | str = 0, estimates: str = "std_all", stars: bool = False
    ) -> Axes:
        """Path diagram with standardised estimates; `estimates="est"`: unstandardised ones.

        `stars=True` adds * for p < .05, ** for p < .01, *** for p < .001 of the unstandardised estimates.
        """
        from cxkit.sem.path_diagram import path_diagram

        return path_diagram(self, ax, group=group, estimates=estimates, stars=stars)

    @property
    def alt(self) -> str:
        """What the path diagram shows, in words."""
        from cxkit.sem.path_diagram import describe

        return describe(self)

    @cached_property
    def text(self) -> str:
        """One sentence fit for a report."""
        if self.df == 0:
            return f"The model is saturated (0 degrees of freedom), so its fit cannot be tested (n = {self.n})."
        m, test, kind = self.measures, chi_square_variant(self), index_variant([self])
        mark = f".{test}" if test else ""
        if test and np.isnan(m[f"pvalue{mark}"]):
            return self._unscaled_text()
        tested = (
            f"{self.settings['estimator']}: {named(test, 'chi-square')}({m[f'df{mark}']:g}, n = {self.n}) = "
            f"{m[f'chisq{mark}']:.2f}, {_p_value(m[f'pvalue{mark}'])}; "
        )
        cfi, tli, rmsea, low, high = (
            f"{measure(self, name, kind):.3f}" for name in ("cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper")
        )
        comparative = f"{named(kind, 'CFI')} = {cfi}, {named(kind, 'TLI')} = {tli}, "
        root = f"{named(kind, 'RMSEA')} = {rmsea} 90 % CI [{low}, {high}], "
        srmr = f"SRMR = {m['srmr']:.3f}"
        if self.doubt:
            return f"{tested}{'' if self.doubt.rmsea else root}{srmr}; {self.doubt.sentence}."
        return f"{tested}{comparative}{root}{srmr}."

    def _unscaled_text(self) -> str:
        """What can be said where the correction of the test has no value."""
        m = self.measures
        return (
            f"{self.settings['estimator']}: the chi-square of {m['chisq']:.2f} ({self.df} degrees of freedom, n = "
            f"{self.n}) cannot be scaled, so the fit is not tested; SRMR = {m['srmr']:.3f}."
        )

    @property
    def note(self) -> str:
        """Who contributed, what to know, and why a measure has no value."""
        dropped = f", {self.n_dropped} dropped" if self.n_dropped else ""
        parts = [f"n = {self.n}{dropped}.", *self.warnings, without_variance(self), changed_default(self)]
        with suppress(CxkitError):  # measures that are refused say why where they are asked for
            parts.append(absent_measures(self, dict(self.measures)))
        return " ".join(filter(None, parts))

    def __str__(self) -> str:
        columns = ["lhs", "op", "rhs", *(["group"] if len(self.models) > 1 else []), "est", "se", "z", "p", "std_all"]
        table = self.estimates[columns].to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="")
        return f"{self.text}\n\n{table}\n\n{self.note}"

    def __repr__(self) -> str:
        return f"<Fit {self.settings['estimator']}, n = {self.n}, df = {self.df}>"

    def _repr_html_(self) -> str:
        columns = ["lhs", "op", "rhs", *(["group"] if len(self.models) > 1 else []), "est", "se", "z", "p", "std_all"]
        table = self.estimates[columns].to_html(
            index=False, float_format=lambda value: f"{value:.3f}", na_rep="", border=0, escape=True
        )
        return f"<p>{html.escape(self.text)}</p>\n{table}\n<p>{html.escape(self.note)}</p>"


def _p_value(p: float) -> str:
    if np.isnan(p):
        return "without a p-value"
    return "p < .001" if p < 0.001 else f"p = {p:.3f}"


@lru_cache(maxsize=1)
def _members() -> frozenset[str]:
    return frozenset(dir(Fit)) | frozenset(Fit.__dataclass_fields__)


@lru_cache(maxsize=32)
def _index_of(names: tuple[str, ...]) -> pd.Index:
    """The index of measures, remembered: each estimator has the same ones every time."""
    return pd.Index(names)


def moments_of(fit: Fit) -> int:
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
