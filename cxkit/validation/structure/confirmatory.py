"""Do the items measure what the instrument says they measure? Confirmatory factor analysis from the instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import counted
from cxkit.results import figures, tables
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, fixed, probability
from cxkit.results.thresholds import CFI_HU, RMSEA_HU, SRMR_HU, TLI_HU
from cxkit.sem.indices.variants import named
from cxkit.survey.survey import Survey
from cxkit.survey.wording import wording
from cxkit.validation.structure.blueprints import Blueprint, Model, Plan
from cxkit.validation.structure.fit import (
    Variant,
    caution_on_ordered,
    fit_verdicts,
    fitted_model,
    general_share,
    read_indices,
    variant,
)
from cxkit.validation.structure.misfit import Misfit, misfit_of
from cxkit.validation.weighted_models import effective_of

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit

THREE_DIGITS = fixed(3)
GOOD = "good"
EXACT_FIT = 0.05
"""The p value below which the chi-square test is said to reject the model."""
HU = (("cfi", CFI_HU), ("tli", TLI_HU), ("rmsea", RMSEA_HU), ("srmr", SRMR_HU))
NAMES: dict[str, str] = {
    "first-order": "correlated dimensions", "second-order": "second-order", "bifactor": "bifactor",
    "one-factor": "one-factor", "orthogonal": "unrelated dimensions",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Structure(Result):
    """A fitted model of the instrument.

    Attributes
    ----------
    model
        The model in lavaan's language, as it was fitted.
    indices
        chi_square, df, p_value, cfi, tli, rmsea, rmsea_low, rmsea_high (90 %), srmr, aic, bic; for a bifactor model
        also ecv, omega_h and puc. Their variant is `variant`.
    correlations
        A row a pair of dimensions: dimension, other, their titles, r, ci_low, ci_high.
    fit
        The fit itself, for everything else: `fit.estimates`, `fit.measures`, `fit.plot()` (path diagram).
    notes
        How the estimator was chosen, which dimensions are left out, and what to know.
    """

    model: str
    indices: pd.Series
    correlations: pd.DataFrame
    fit: Fit
    plan: Plan
    blueprint: Blueprint

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Confirmatory factor analysis: standardised loadings"
    cites: ClassVar[tuple[str, ...]] = ("rhemtulla2012",)
    shown: ClassVar[tuple[str, ...]] = ("title", "item", "text", "loading", "ci_low..ci_high", "r_squared")
    grouped: ClassVar[str] = "title"

    @property
    def kind(self) -> Model:
        """Which model: first-order, second-order, bifactor, one-factor or orthogonal."""
        return self.blueprint.kind

    @property
    def text(self) -> str:
        """The model, its fit, what the convention says of it, and the range of the loadings."""
        b = self.blueprint
        size = f"{counted(len(b.dimensions), 'dimension')}, {counted(len(b.items), 'item')}"
        said = fit_in_words(self.indices, self._variant)
        whole = f"{NAMES[self.kind].capitalize()} ({size}, {self.plan.estimator}): {said}."
        low, high = self.frame["loading"].min(), self.frame["loading"].max()
        sizes = f"Standardised loadings run from {TWO_DIGITS(low)} to {TWO_DIGITS(high)}."
        return " ".join(filter(None, [whole, self._judged(), self._improper(), sizes, self._general()]))

    @property
    def variant(self) -> str:
        """Which variant CFI, TLI and RMSEA are: "robust", "scaled", or "" for the plain ones."""
        return self._variant.indices

    @property
    def _variant(self) -> Variant:
        return variant([self.fit])

    def _judged(self) -> str:
        if not self.indices["df"]:
            return "Without degrees of freedom the model cannot be tested."
        if self.plan.ordered:
            return f"No cut-off was made for indices of ordered answers ({cite('xia2019')}): compare models."
        if self.fit.doubt:
            return f"The fit is not judged: {self.fit.doubt.sentence}."
        if self.fit.measures.get("baseline.pvalue", 0.0) > EXACT_FIT:
            return (
                "The fit is not judged: the items are not shown to correlate at all (the model of unrelated items is "
                "not rejected either), so that indices which compare with it mean nothing."
            )
        own = [v for v in self.verdicts if v.source == CFI_HU.source]
        if not own:
            return ""
        good = [v for v in own if v.verdict == GOOD]
        which = f" ({', '.join(v.measure for v in good)})" if 0 < len(good) < len(own) else ""
        said = f"{len(good)} of {len(own)} indices are good{which} by {cite(CFI_HU.source)}"
        return f"{said}{self._against_exact_fit(all_good=good == own)}."

    def _against_exact_fit(self, *, all_good: bool) -> str:
        """What the chi-square test adds to good indices: they say how large a misfit is, it whether it is one."""
        if not self.indices["p_value"] < EXACT_FIT:
            return ""
        rest = ", so that it holds approximately and not exactly" if all_good and self.fit.is_proper else ""
        return f"; the test of exact fit rejects the model{rest}"

    def _improper(self) -> str:
        if self.fit.is_proper:
            return ""
        return "The solution is improper (a negative variance, or a correlation beyond 1): do not interpret it."

    def _general(self) -> str:
        if "ecv" not in self.indices:
            return ""
        return (
            f"The general factor explains {self.indices['ecv']:.0%} of the common variance; omega hierarchical is "
            f"{TWO_DIGITS(self.indices['omega_h'])}."
        )

    @property
    def table(self) -> pd.DataFrame:
        """Loadings with the items' wording, factor by factor."""
        return tables.printed(self.frame, self.shown, level=self.level)

    @cached_property
    def misfit(self) -> Misfit:
        """Where the model and the answers disagree most, in words; computed when first asked for."""
        return misfit_of(self, self.fit, self.blueprint)

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more loadings."""
        return 7.6, 1.6 + 0.27 * max(len(self._drawn), 4)

    @property
    def _drawn(self) -> pd.DataFrame:
        """One row an indicator: under its own dimension where it loads on a general factor too."""
        return self.frame[self.frame["factor"] != self._second] if self._second else self.frame

    @property
    def _second(self) -> str:
        """The factor that is drawn beside the others in the same rows."""
        return self.blueprint.factors[0].key if self.kind == "bifactor" else ""

    @property
    def alt(self) -> str:
        """The loadings of each factor."""
        parts = []
        for title, rows in self.frame.groupby("title", sort=False):
            each = (f"{i} {TWO_DIGITS(v)}" for i, v in zip(rows["item"], rows["loading"], strict=True))
            parts.append(f"{title}: {', '.join(each)}")
        return f"Standardised loadings with {self.level} intervals. {'; '.join(parts)}."

    def draw(self, axes: Axes) -> None:
        """Loadings with intervals, a row an indicator, the names of the factors at the right."""
        drawn = self._drawn
        heights = figures.rows(axes, [""] * len(drawn))
        items = self.blueprint.items
        labels = [
            wording(row["item"], turned=row["reversed"]) if row["item"] in items else str(row["text"])
            for _, row in drawn.iterrows()
        ]
        axes.set_yticks(heights, labels, fontsize=9)
        _draw_loadings(axes, heights, drawn, figures.BLUE, "o", "own dimension" if self._second else None)
        if self._second:
            general = self.frame[self.frame["factor"] == self._second].set_index("item").loc[drawn["item"]]
            _draw_loadings(axes, heights - 0.25, general, figures.RED, "D", str(general["title"].iloc[0]))
            figures.legend_below(axes)
        axes.set_xlim(min(0.0, float(self.frame["ci_low"].min()) - 0.05), max(1.0, float(self.frame["ci_high"].max())))
        axes.set_xlabel(f"Standardised loading, with {self.level} interval")
        _mark_factors(axes, drawn["title"].tolist(), heights)


def _draw_loadings(
    axes: Axes, heights: np.ndarray, rows: pd.DataFrame, colour: str, marker: str, label: str | None
) -> None:
    values, low, high = (rows[name].to_numpy() for name in ("loading", "ci_low", "ci_high"))
    figures.intervals(axes, heights, values, low, high, colour=colour, marker=marker, label=label)


def _mark_factors(axes: Axes, titles: list[str], heights: np.ndarray) -> None:
    edges = [0, *(k for k in range(1, len(titles)) if titles[k] != titles[k - 1]), len(titles)]
    for start, end in pairwise(edges):
        if start:
            axes.axhline(heights[start] + 0.5, color=figures.GREY, linewidth=0.8)
        axes.annotate(
            fill(titles[start], 18) if end - start > 1 else titles[start],
            (1, float(heights[start:end].mean())), xycoords=("axes fraction", "data"), xytext=(14, 0),
            textcoords="offset points", fontsize=8.5, color=figures.GREY, va="center", ha="left",
        )  # fmt: skip


def fit_in_words(indices: pd.Series, kind: Variant) -> str:
    """`scaled χ²(24) = 87.1, p < .001; robust CFI .930, ...`: the indices of one model for a sentence."""
    if not indices["df"]:
        return "0 degrees of freedom"
    if np.isnan(indices["srmr"]):
        return f"{indices['df']:,.0f} degrees of freedom"
    if np.isnan(indices["chi_square"]):
        return f"χ² cannot be scaled, so the fit is not tested; SRMR {THREE_DIGITS(indices['srmr'])}"
    cfi, tli, rmsea, srmr = (rule.shown(indices[name], 3) for name, rule in HU)
    low, high = THREE_DIGITS(indices["rmsea_low"]), THREE_DIGITS(indices["rmsea_high"])
    # Incomplete answers may leave CFI and TLI, or RMSEA as well, without value: what follows says why.
    comparative = f"{kind.name('CFI')} {cfi}, {kind.name('TLI')} {tli}, " if np.isfinite(indices["cfi"]) else ""
    absolute = (
        f"{kind.name('RMSEA')} {rmsea} (90 % interval {low} to {high}), " if np.isfinite(indices["rmsea"]) else ""
    )
    return (
        f"{named(kind.test, 'χ²')}({indices['df']:,.0f}) = {indices['chi_square']:,.1f}, {_p_in_words(indices)}; "
        f"{comparative}{absolute}SRMR {srmr}"
    )


def _p_in_words(indices: pd.Series) -> str:
    """The p value as a sentence says it; plain ULS has no distribution to take one from."""
    if np.isnan(indices["p_value"]):
        return "without a p value"
    p = probability(float(indices["p_value"]))
    return f"p {p}" if p.startswith("<") else f"p = {p}"


def confirm_structure(
    survey: Survey,
    *,
    model: Model = "first-order",
    dimensions: Sequence[str] | None = None,
    estimator: str | None = None,
    missing: str | None = None,
    ordered: Sequence[str] | bool | None = None,
) -> Structure:
    """Do the answers fit the structure that the instrument claims?

    The model is written from the instrument: no syntax is needed, and `.model` shows it. Dimensions with one item and
    formative ones are left out, and the result's `notes` say so; two items alone get equal loadings.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    model
        "first-order": the dimensions, correlated. "second-order": the constructs that the instrument puts above its
        dimensions explain their correlations. "bifactor": a general factor and, unrelated to it, what each dimension
        has of its own. "one-factor": everything measures one thing. "orthogonal": unrelated dimensions.
    dimensions
        Keys of the dimensions; all of them where None.
    estimator
        None chooses by the answer scale: WLSMV on ordered categories below five categories, MLR from five on
        (Rhemtulla et al. 2012). Or one of lavaan's names.
    missing
        "fiml" uses every answer given, "listwise" only complete respondents; "pairwise" uses every answer of ordered
        items (thresholds from all who answered the item, correlations from all who answered both). None is "fiml", or
        "pairwise" with ordered items; so is "fiml" where WLSMV follows from the answer scale or from `ordered`.
    ordered
        Items treated as ordered categories: their keys, True for all, False for none; None by the answer scale.

    Returns
    -------
    Structure
        A row a loading: factor, title, item (or dimension, below a second-order factor), text, reversed, loading
        (standardised), se, ci_low, ci_high, p_value, estimate (unstandardised, factor variances 1), r_squared (of the
        item, by all its factors).

    Raises
    ------
    AnalysisError
        If the answers cannot carry the model: too few respondents, constant or duplicate items, formative constructs.
    ModelError
        If the model is not identified or does not converge.

    Warns
    -----
    CxkitWarning
        If a variance is negative or factors correlate beyond 1. That no cut-off applies to least squares on ordered
        answers is said in the result's note and text.

    Notes
    -----
    Agrees with R's `lavaan::cfa(model, x, std.lv = TRUE, orthogonal = , estimator = , missing = , ordered = )`,
    `fitMeasures`, `standardizedSolution`. Factor variances are 1. With robust estimators, chi-square and its p are the
    scaled ones; CFI, TLI and RMSEA are the robust ones of continuous answers and the scaled ones of ordered answers
    (`variant` says which, and so does the text).
    """
    found = fitted_model(
        survey, model=model, dimensions=dimensions, estimator=estimator, missing=missing, ordered=ordered
    )
    indices = read_indices(found.fit)
    if model == "bifactor":
        indices = pd.concat([indices, general_share(found.fit, found.blueprint)])
    return Structure(
        frame=found.loadings,
        n=found.fit.n,
        n_dropped=survey.n - found.fit.n,
        n_effective=effective_of(found.fit),
        settings=found.settings,
        data=survey.stamp,
        verdicts=fit_verdicts(NAMES[model], found.fit, indices, variant([found.fit])),
        model=found.blueprint.syntax,
        indices=indices,
        correlations=found.correlations,
        fit=found.fit,
        plan=found.plan,
        blueprint=found.blueprint,
        notes=tuple(filter(None, [*found.notes, caution_on_ordered(found.plan)])),
    )


def find_misfit(structure: Structure) -> Misfit:
    """Compare what was observed with what the model of a `Structure` says.

    Parameters
    ----------
    structure
        What `confirm_structure` returned; ask for its `.misfit`.

    Returns
    -------
    Misfit
        A row a change, largest modification index first: finding, item, other (item or factor), other_is_item, what
        (in words), mi (modification index), epc (expected standardised change), residual_r and z_value (of a pair of
        items; NaN for loadings).

    Notes
    -----
    Agrees with R's `modindices(fit)`, `residuals(fit, type = "cor")` and `lavResiduals(fit, type = "raw")$cov.z`.
    With missing answers the residuals compare with the moments estimated from all answers.
    """
    return structure.misfit
