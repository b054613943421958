"""A fitted model of an instrument, read: indices and what the rules say of them, loadings, latent correlations."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, ModelError
from cxkit.kept import Kept, fingerprint
from cxkit.results.references import cite
from cxkit.results.rounding import fixed
from cxkit.results.thresholds import CFI_BENTLER, CFI_HU, RMSEA_BROWNE, RMSEA_HU, SRMR_HU, TLI_HU, Verdicts, judge
from cxkit.sem.indices.variants import ROBUST, SCALED, chi_square_variant, index_variant, measure, named
from cxkit.survey.survey import Survey
from cxkit.validation.structure.blueprints import Blueprint, Model, Plan, blueprint, plan, refuse_unusable
from cxkit.validation.weighted_models import with_weights

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit

INDICES = ("chi_square", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high", "srmr", "aic", "bic")
RULES = (("cfi", CFI_HU), ("tli", TLI_HU), ("rmsea", RMSEA_HU), ("srmr", SRMR_HU), ("rmsea", RMSEA_BROWNE))


# The latest fits: structure, convergent and discriminant validity and the comparison of structures rest on one model,
# whose estimation from incomplete answers takes seconds, and more where it does not converge.
FITS: Kept[bytes, tuple[Fit, tuple[str, ...]]] = Kept(4, refusals=(ModelError,))


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """A model of an instrument with its fit; everything else is computed when asked for."""

    fit: Fit
    blueprint: Blueprint
    plan: Plan
    notes: tuple[str, ...]

    @property
    def settings(self) -> dict[str, object]:
        """The options that produced it."""
        return {
            "model": self.blueprint.kind,
            "dimensions": [d.key for d in self.blueprint.dimensions],
            "estimator": self.plan.estimator,
            "missing": self.plan.missing,
            "ordered": list(self.plan.ordered),
        }

    @cached_property
    def loadings(self) -> pd.DataFrame:
        """A row a loading; see `standardised_loadings`."""
        return standardised_loadings(self.fit, self.blueprint)

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """A row a pair of dimensions; see `latent_correlations`."""
        return latent_correlations(self.fit, self.blueprint)


def fitted_model(
    survey: Survey,
    *,
    model: Model = "first-order",
    dimensions: Sequence[str] | None,
    estimator: str | None,
    missing: str | None,
    ordered: Sequence[str] | bool | None,
) -> FittedModel:
    """The model of `confirm_structure`, for it and for analyses that rest on a model and judge no fit."""
    drawn = blueprint(survey, model, dimensions)
    how = plan(survey, drawn.items, estimator=estimator, missing=missing, ordered=ordered)
    refuse_unusable(survey, list(drawn.items), how.missing)
    fit, found = fit_blueprint(survey, drawn, how)
    notes = tuple(filter(None, [*drawn.notes, *how.reasons, *found]))
    return FittedModel(fit=fit, blueprint=drawn, plan=how, notes=notes)


def fit_blueprint(survey: Survey, drawn: Blueprint, how: Plan) -> tuple[Fit, tuple[str, ...]]:
    """The model fitted to the survey's answers, and what the search found worth knowing."""
    answers, weights = with_weights(drawn.answers(survey), survey)
    fit, found = fit_answers(answers, weights, drawn, how)
    for message in found:
        warnings.warn(message, CxkitWarning, stacklevel=4)
    return fit, found


def fit_answers(answers: pd.DataFrame, weights: str | None, drawn: Blueprint, how: Plan) -> tuple[Fit, tuple[str, ...]]:
    """The same for answers under the names that the model has for them, one column of them the weights."""
    return FITS.get(_key(answers, drawn, how), lambda: _fit(answers, drawn, how, weights))


def _fit(answers: pd.DataFrame, drawn: Blueprint, how: Plan, weights: str | None) -> tuple[Fit, tuple[str, ...]]:
    from cxkit import sem

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CxkitWarning)
        fit = sem.cfa(
            drawn.syntax,
            answers,
            estimator=how.estimator,
            missing=how.missing,
            ordered=[drawn.names.safe[key] for key in how.ordered] or None,
            std_lv=True,
            orthogonal=drawn.orthogonal,
            weights=weights,
        )
    return fit, tuple(str(w.message) for w in caught if issubclass(w.category, CxkitWarning))


def _key(answers: pd.DataFrame, drawn: Blueprint, how: Plan) -> bytes:
    """What tells one fit from another: the model, how it is fitted, every answer and weight, and the rows' labels."""
    words = (drawn.syntax, drawn.orthogonal, how.estimator, how.missing, how.ordered, list(answers.columns))
    return fingerprint((*words, list(answers.index)), [answers.to_numpy(dtype="float64")])


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Which variant of each fit measure is shown: `test` of chi-square, `indices` of CFI, TLI and RMSEA.

    Both are "scaled" or "" for the plain one, `indices` also "robust". SRMR has no variants.
    """

    test: str
    indices: str

    @property
    def headings(self) -> dict[str, str]:
        """The headings of the columns, each with its variant: "Scaled χ²", "Robust CFI"."""
        names = {"chi_square": (self.test, "χ²"), "chi_square_difference": (self.test, "Δχ²")}
        names |= {name.lower(): (self.indices, name) for name in ("CFI", "TLI", "RMSEA")}
        return {column: named(kind.capitalize(), name) for column, (kind, name) in names.items()}

    def name(self, index: str) -> str:
        """One of CFI, TLI and RMSEA as a sentence names it: "robust CFI"."""
        return named(self.indices, index)


def variant(fits: Sequence[Fit]) -> Variant:
    """The variant in which these fits are reported side by side.

    Of continuous answers the robust indices, which estimate what the index would be in the population (Brosseau-Liard,
    Savalei & Li 2012). Of ordered answers the scaled ones, which belong to the scaled test: a robust RMSEA of .083
    beside its p of .061 says two things at once. An improper model does not decide for the others: where it lacks a
    variant, its numbers stay empty.
    """
    order = (SCALED,) if any(fit.settings["ordered"] for fit in fits) else (ROBUST, SCALED)
    deciding = [fit for fit in fits if fit.is_proper] or list(fits)
    return Variant(test=chi_square_variant(fits[0]), indices=index_variant(deciding, order))


def read_indices(fit: Fit, kind: Variant | None = None) -> pd.Series:
    """The indices that are reported, each in its variant; NaN where a robust estimator cannot correct one."""
    m = fit.measures
    kind = kind or variant([fit])
    mark = f".{kind.test}" if kind.test else ""
    values = [float(m[f"{name}{mark}"]) for name in ("chisq", "df", "pvalue")]
    values += [measure(fit, name, kind.indices) for name in ("cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper")]
    values += [float(m.get(name, np.nan)) for name in ("srmr", "aic", "bic")]
    return pd.Series(values, index=list(INDICES), dtype="float64", name="value")


DIFFERENCE_SOURCES = {"satorra.bentler.2001": "satorra2001", "satorra.2000": "satorra2000"}


def difference_source(method: str) -> tuple[str, ...]:
    """The key of the source of a scaled chi-square difference; none for the plain one."""
    return (DIFFERENCE_SOURCES[method],) if method in DIFFERENCE_SOURCES else ()


def general_share(fit: Fit, drawn: Blueprint) -> pd.Series:
    """How much of what the items share is general: ECV, omega hierarchical, PUC (Rodriguez et al. 2016)."""
    rows = fit.estimates[fit.estimates["op"] == "=~"]
    general = drawn.names.safe[drawn.factors[0].key]
    own = rows[rows["lhs"] != general].set_index("rhs")
    loading = rows[rows["lhs"] == general].set_index("rhs")["std_all"].loc[own.index].to_numpy()
    specific, group = own["std_all"].to_numpy(), own["lhs"].to_numpy()
    sums = np.array([specific[group == g].sum() for g in dict.fromkeys(group)])
    sizes = np.array([(group == g).sum() for g in dict.fromkeys(group)])
    common = float((loading**2).sum() + (specific**2).sum())
    total = loading.sum() ** 2 + float((sums**2).sum()) + len(loading) - common
    pairs = len(loading) * (len(loading) - 1)
    values = {
        "ecv": float((loading**2).sum()) / common,
        "omega_h": float(loading.sum() ** 2) / total,
        "puc": 1 - float((sizes * (sizes - 1)).sum()) / pairs,
    }
    return pd.Series(values, name="value")


def fit_verdicts(subject: str, fit: Fit, indices: pd.Series, kind: Variant) -> Verdicts:
    """What the rules say of each index; nothing without degrees of freedom or a test, nothing of ordered answers.

    Nothing either where incomplete answers leave the robust indices without value (`Fit.doubt`).

    The rules come from maximum likelihood on continuous answers; of ordered answers under least squares the same
    misfit gives better-looking indices, by an amount that depends on thresholds and loadings (Xia & Yang 2019).
    """
    # Where the robust indices have no value, SRMR is as uncertain: it rests on the same estimated covariances.
    if not indices["df"] or fit.settings["ordered"] or np.isnan(indices["chi_square"]) or fit.doubt:
        return Verdicts()
    found = (v for name, rule in RULES for v in judge(rule, [subject], [indices[name]]))
    return Verdicts(tuple(replace(v, measure=kind.name(v.measure) if v.measure != "SRMR" else "SRMR") for v in found))


def caution_on_ordered(how: Plan) -> str:
    """That the cut-offs come from another estimator, where it is so."""
    if not how.ordered:
        return ""
    return (
        f"No cut-off is applied: those for CFI, TLI and RMSEA were made for maximum likelihood on continuous answers; "
        f"under {how.estimator} on ordered answers the same misfit gives better-looking numbers ({cite('xia2019')}). "
        "Compare models with one another, and read the largest misfits."
    )


POORLY = "fits poorly"
"""How `poor_fit` tells poor fit from fit that cannot be known."""


def poor_fit(fit: Fit) -> str:
    """Why numbers that rest on this model must wait, or nothing: that it is improper, or its fit where it is poor.

    Poor is a CFI below .90 (Bentler & Bonett 1980) or an SRMR of .08 or more (Hu & Bentler 1999). Of ordered answers
    neither rule was made; there, too, such values are beyond what their optimistic indices excuse.
    """
    if not fit.is_proper:
        return (
            "the model of correlated dimensions that this rests on has an improper solution (a negative variance, or a "
            "correlation beyond 1)"
        )
    indices = read_indices(fit)
    if not indices["df"]:
        return ""
    if fit.doubt:
        return f"the fit of the model of correlated dimensions that this rests on is not judged ({fit.doubt.sentence})"
    if np.isnan(indices["cfi"]):
        return "the model of correlated dimensions that this rests on cannot be tested (its χ² cannot be scaled)"
    if indices["cfi"] >= CFI_BENTLER.bands[-1][0] and indices["srmr"] < SRMR_HU.bands[-1][0]:
        return ""
    cfi = variant([fit]).name("CFI")
    return (
        f"the model of correlated dimensions that this rests on {POORLY} ({cfi} {fixed(3)(indices['cfi'])}, "
        f"SRMR {fixed(3)(indices['srmr'])})"
    )


def standardised_loadings(fit: Fit, drawn: Blueprint) -> pd.DataFrame:
    """A row a loading, under the keys and words of the instrument."""
    rows = fit.standardized[fit.standardized["op"] == "=~"]
    plain = fit.estimates.loc[rows.index]
    key, title = drawn.names.key, drawn.title_of
    explained = fit.r_squared
    items = [key[name] for name in rows["rhs"]]
    return pd.DataFrame(
        {
            "factor": [key[name] for name in rows["lhs"]],
            "title": [title[key[name]] for name in rows["lhs"]],
            "item": items,
            "text": [drawn.items[i].text if i in drawn.items else title[i] for i in items],
            "reversed": [i in drawn.items and drawn.items[i].reversed for i in items],
            "loading": rows["est_std"].to_numpy(),
            "se": rows["se"].to_numpy(),
            "ci_low": rows["ci_low"].to_numpy(),
            "ci_high": rows["ci_high"].to_numpy(),
            "p_value": rows["p"].to_numpy(),
            "estimate": plain["est"].to_numpy(),
            "r_squared": [float(explained[name]) for name in rows["rhs"]],
        }
    )


def latent_correlations(fit: Fit, drawn: Blueprint) -> pd.DataFrame:
    """How the dimensions correlate without measurement error: those that the model estimates, with intervals."""
    rows = fit.standardized
    latent = {drawn.names.safe[f.key] for f in drawn.factors}
    rows = rows[(rows["op"] == "~~") & (rows["lhs"] != rows["rhs"]) & rows["lhs"].isin(latent) & (rows["se"] > 0)]
    key, title = drawn.names.key, drawn.title_of
    return pd.DataFrame(
        {
            "dimension": [key[name] for name in rows["lhs"]],
            "other": [key[name] for name in rows["rhs"]],
            "title": [title[key[name]] for name in rows["lhs"]],
            "other_title": [title[key[name]] for name in rows["rhs"]],
            "r": rows["est_std"].to_numpy(),
            "ci_low": rows["ci_low"].to_numpy(),
            "ci_high": rows["ci_high"].to_numpy(),
        }
    )
