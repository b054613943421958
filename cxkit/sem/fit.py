"""What a fit shows: estimates, measures, tables and sentences, and the way to everything computed from them."""

from __future__ import annotations

import html
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxkit.errors import CxkitError, CxkitWarning, closest
from cxkit.sem.indices.absent import absent_measures, changed_default, without_distribution, without_variance
from cxkit.sem.indices.measured import Measured
from cxkit.sem.indices.variants import chi_square_variant, index_variant, measure, named
from cxkit.sem.language.words import FIT, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cxkit.sem.after.bootstrap import Bootstrap
    from cxkit.sem.after.comparison import Comparison
    from cxkit.sem.after.reliability import Reliability
    from cxkit.sem.after.residuals import MomentTables


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit(Measured):
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

    @property
    def is_proper(self) -> bool:
        """Whether no variance is negative and no two latent variables correlate beyond 1 (lavaan: `post.check`)."""
        from cxkit.sem.after.improper import indefinite_groups, negative_variances

        return not any(True for _ in negative_variances(self)) and not indefinite_groups(self)

    def implied(self) -> MomentTables | dict[str, MomentTables]:
        """Model-implied covariances, means and thresholds; a dict by group if there are several."""
        from cxkit.sem.after.residuals import moment_tables

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
        from cxkit.sem.after.residuals import residual_tables

        return self._by_group([residual_tables(self, g, kind) for g in range(len(self.models))])

    def modification_indices(self, minimum: float = 0.0) -> pd.DataFrame:
        """What would freeing one fixed parameter change? Columns lhs op rhs group mi epc sepc_lv sepc_all, by mi."""
        from cxkit.sem.after.modification import modification_indices

        return modification_indices(self, minimum)

    def score_tests(self) -> pd.DataFrame:
        """What would releasing one equality constraint change? One row per constraint: chi-square, df, p."""
        from cxkit.sem.after.modification import release_tests

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
        from cxkit.sem.after.scores import factor_scores

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
        from cxkit.sem.after.comparison import compare

        return compare(self, other, method)

    def bootstrap(
        self, n: int = 1000, *, seed: int = 1, ci: str = "percentile", level: float = 0.95, progress: bool = False,
        workers: int | None = None,
    ) -> Bootstrap:  # fmt: skip
        """Resample respondents and refit; see `Bootstrap`."""
        from cxkit.sem.after.bootstrap import bootstrap

        return bootstrap(self, n, seed=seed, ci=ci, level=level, progress=progress, workers=workers)

    def reliability(self) -> Reliability:
        """Omega, alpha and average variance extracted of every factor; see `Reliability`.

        Warns with a CxkitWarning if items of a factor load on it in both directions.
        """
        from cxkit.sem.after.reliability import reliability

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
        from cxkit.sem.after.path_diagram import path_diagram

        return path_diagram(self, ax, group=group, estimates=estimates, stars=stars)

    @property
    def alt(self) -> str:
        """What the path diagram shows, in words."""
        from cxkit.sem.after.path_diagram import describe

        return describe(self)

    @cached_property
    def text(self) -> str:
        """One sentence fit for a report."""
        if self.df == 0:
            return f"The model is saturated (0 degrees of freedom), so its fit cannot be tested (n = {self.n})."
        if self.doubt and self.doubt.everything:
            df = f"{self.df} degree{'' if self.df == 1 else 's'} of freedom"
            return f"{self.settings['estimator']} ({df}, n = {self.n}): {self.doubt.sentence}."
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
        parts = [
            f"n = {self.n}{dropped}.",
            *self.warnings,
            without_variance(self),
            changed_default(self),
            without_distribution(self),
        ]
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
