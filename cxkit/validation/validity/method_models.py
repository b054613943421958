"""Models with a method factor beside the dimensions: unmeasured, or measured by a marker."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.after.comparison import NO_EFFECT, fits_worse
from cxkit.sem.after.nested import searched_from
from cxkit.validation.structure.blueprints import Blueprint, Names, Plan
from cxkit.validation.structure.fit import Variant, fit_answers, read_indices
from cxkit.without_contents import without_contents

if TYPE_CHECKING:
    from cxkit.sem.after.comparison import Comparison
    from cxkit.sem.fit import Fit

METHOD = "method_factor"
SIGNIFICANT = 0.05
"""The level at which freely estimated method loadings replace equal ones in the marker technique."""

UNMEASURED, MARKER = "unmeasured method factor", "marker"
TRAITS, EQUAL, FREE = "dimensions only", "equal method loadings", "free method loadings"
LOCAL_OPTIMUM = "the search for the freer of the two models ended at a local optimum, where it fits worse"
"""Why there is no test where a freer model does not fit as well as its special case."""
CORRELATED, BASELINE, HELD = "marker correlated", "marker unrelated", "correlations held"


@dataclass(kw_only=True)
class Ladder:
    """The models of one technique as they are fitted; `compared` says with which earlier model each is compared."""

    technique: str
    answers: pd.DataFrame
    drawn: Blueprint
    names: Names
    how: Plan
    weights: str | None = None
    fits: dict[str, Fit] = field(default_factory=dict)
    compared: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    __repr__ = without_contents

    @property
    def traits(self) -> list[str]:
        """The names of the dimensions in the models."""
        return [self.names.safe[f.key] for f in self.drawn.factors]

    @property
    def items(self) -> list[str]:
        """The names of their items."""
        return [self.names.safe[key] for key in self.drawn.items]

    @property
    def equal(self) -> list[str]:
        """The items, each with the same loading on the method factor."""
        return [f"method_loading*{item}" for item in self.items]

    def add(self, model: str, lines: Sequence[str], *, against: str | None = None) -> None:
        """Fit one model to be compared with an earlier one; a model that cannot be fitted leaves a reason.

        The freer of the two is searched from the narrower one as well, which is the case of no method loadings.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CxkitWarning)  # an improper solution is said in the row's own words
                fit = self._fit(list(lines))
        except ModelError as refusal:
            self.reasons.append(f"Not fitted: {self.technique}, {model}. {str(refusal).split('. ')[0].rstrip('.')}.")
            return
        self.fits[model] = fit
        if against in self.fits:
            self.compared[model] = against
            free, narrow = sorted((model, against), key=lambda name: self.fits[name].df)
            self.fits[free] = searched_from(self.fits[free], self.fits[narrow])

    def difference(self, model: str) -> Comparison | None:
        """The test of a model against the one that it is compared with; None where there is none."""
        if model not in self.compared:
            return None
        free, narrow = sorted((self.fits[model], self.fits[self.compared[model]]), key=lambda fit: fit.df)
        return None if fits_worse(free, narrow) else free.compare(narrow)

    def _fit(self, lines: list[str]) -> Fit:
        from cxkit import sem

        if lines == self.drawn.syntax.splitlines():  # the model of the structure itself, which may be fitted already
            return fit_answers(self.answers, self.weights, self.drawn, self.how)[0]
        return sem.cfa(
            "\n".join(lines), self.answers, estimator=self.how.estimator, missing=self.how.missing, std_lv=True,
            weights=self.weights,
        )  # fmt: skip

    @property
    def remarks(self) -> list[str]:
        """What could not be fitted, which indices have no value, and where there is nothing to test (after `rows`)."""
        doubts: dict[str, list[str]] = {}
        for model, fit in self.fits.items():
            if fit.doubt:
                doubts.setdefault(fit.doubt.sentence, []).append(model)
        told = [f"{self.technique}, {', '.join(models)}: {reason}." for reason, models in doubts.items()]
        told += [f"{self.technique}, {model}: nothing to test, as {NO_EFFECT}." for model in self.vanished]
        told += [f"{self.technique}, {model}: no difference test, as {LOCAL_OPTIMUM}." for model in self.unfinished]
        return [*self.reasons, *(text[0].upper() + text[1:] for text in told)]

    def rows(self, kind: Variant) -> list[dict[str, object]]:
        """A row a fitted model, all in one variant."""
        return [self._row(model, fit, kind) for model, fit in self.fits.items()]

    def _changes(self, model: str, kind: Variant) -> dict[str, float]:
        """How BIC, CFI and RMSEA change from the model without method to one with it."""
        base = TRAITS if self.technique == UNMEASURED else BASELINE
        if model not in (EQUAL, FREE) or base not in self.fits:
            return dict.fromkeys(("d_bic", "d_cfi", "d_rmsea"), np.nan)
        own, first = (read_indices(self.fits[name], kind) for name in (model, base))
        return {f"d_{name}": own[name] - first[name] for name in ("bic", "cfi", "rmsea")}

    def _row(self, model: str, fit: Fit, kind: Variant) -> dict[str, object]:
        indices = read_indices(fit, kind)
        proper = fit.is_proper
        difference = self.difference(model)
        if difference is not None and difference.vanished:
            self.vanished.append(model)
        if difference is None and model in self.compared:
            self.unfinished.append(model)
        return {
            "technique": self.technique,
            "model": model,
            "chi_square": indices["chi_square"],
            "df": indices["df"],
            "cfi": indices["cfi"],
            "rmsea": indices["rmsea"],
            "bic": indices["bic"],
            "chi_square_difference": abs(difference.chisq_diff) if difference else np.nan,
            "df_difference": float(difference.df_diff) if difference else np.nan,
            "p_value": difference.p if difference and self.technique == MARKER else np.nan,
            **self._changes(model, kind),
            "method_share": self._share(fit) if proper else np.nan,
            "mean_correlation": self._mean_correlation(fit) if proper else np.nan,
            "proper": proper,
            "test": kind.test,
            "variant": kind.indices,
        }

    def _share(self, fit: Fit) -> float:
        """Mean share of the items' variance that the method factor explains."""
        rows = fit.estimates
        own = rows[(rows["op"] == "=~") & (rows["lhs"] == self.names.safe[METHOD]) & rows["rhs"].isin(self.items)]
        return float((own["std_all"] ** 2).mean()) if len(own) else float("nan")

    def _mean_correlation(self, fit: Fit) -> float:
        """Mean size of the correlations of the dimensions."""
        r = pd.DataFrame(fit.latent_correlations)
        sizes = [abs(float(r.loc[a, b])) for a, b in combinations(self.traits, 2)]
        return float(np.mean(sizes)) if sizes else float("nan")

    def method_lines(self, loadings: Sequence[str]) -> list[str]:
        """The method factor with these loadings, unrelated to the dimensions."""
        name = self.names.safe[METHOD]
        return [f"{name} =~ {' + '.join(loadings)}", f"{name} ~~ " + " + ".join(f"0*{trait}" for trait in self.traits)]


def unmeasured(ladder: Ladder) -> None:
    """Dimensions only; then a factor on all items, with equal and with free loadings."""
    base = ladder.drawn.syntax.splitlines()
    ladder.add(TRAITS, base)
    ladder.add(EQUAL, [*base, *ladder.method_lines(ladder.equal)], against=TRAITS)
    ladder.add(FREE, [*base, *ladder.method_lines(ladder.items)], against=EQUAL if EQUAL in ladder.fits else TRAITS)


def marker(ladder: Ladder, own: Sequence[str]) -> None:
    """The five models of Williams, Hartman & Cavazotte (2010); `own` are the marker's items."""
    name = ladder.names.safe[METHOD]
    base = ladder.drawn.syntax.splitlines()
    ladder.add(CORRELATED, [*base, f"{name} =~ {' + '.join(own)}"])
    if CORRELATED not in ladder.fits:
        return
    held = _held_marker(ladder.fits[CORRELATED], name, own)
    equal, free = (ladder.method_lines(loadings) for loadings in (ladder.equal, ladder.items))
    base = [*base, *held]
    ladder.add(BASELINE, [*base, equal[-1]])
    ladder.add(EQUAL, [*base, *equal], against=BASELINE)
    ladder.add(FREE, [*base, *free], against=EQUAL)
    if {BASELINE, EQUAL, FREE} <= set(ladder.fits):
        found = ladder.difference(FREE)
        is_better = found is not None and found.p < SIGNIFICANT
        terms, against = (free, FREE) if is_better else (equal, EQUAL)
        ladder.add(HELD, [*base, *terms, *_held_correlations(ladder)], against=against)


def _held_marker(fit: Fit, name: str, own: Sequence[str]) -> list[str]:
    """Loadings and residual variances of the marker's items, fixed at what the first model found."""
    rows = fit.estimates.set_index(["lhs", "op", "rhs"])["est"]
    loadings = " + ".join(f"{rows[name, '=~', item]:.15g}*{item}" for item in own)
    return [f"{name} =~ {loadings}", *(f"{item} ~~ {rows[item, '~~', item]:.15g}*{item}" for item in own)]


def _held_correlations(ladder: Ladder) -> list[str]:
    """The dimensions' correlations, fixed at what the model without method found."""
    rows = ladder.fits[BASELINE].estimates
    between = rows[(rows["op"] == "~~") & rows["lhs"].isin(ladder.traits) & rows["rhs"].isin(ladder.traits)]
    between = between[between["lhs"] != between["rhs"]]
    return [f"{row.lhs} ~~ {row.est:.15g}*{row.rhs}" for row in between.itertuples()]
