"""Which structure describes the answers best? Competing models of one instrument side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError, CxkitError, CxkitWarning, ModelError, counted
from cxkit.results import figures
from cxkit.results.options import check_names
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import probability
from cxkit.results.thresholds import CFI_HU, RMSEA_HU, SRMR_HU, Verdicts
from cxkit.sem.after.comparison import NAMES as NAMES_OF_TESTS
from cxkit.sem.after.comparison import NO_EFFECT, Comparison, default_method
from cxkit.survey.survey import Survey
from cxkit.validation.structure.blueprints import MODELS, Model, Plan, blueprint, plan, refuse_unusable
from cxkit.validation.structure.confirmatory import GOOD, NAMES, THREE_DIGITS
from cxkit.validation.structure.fit import (
    INDICES,
    Variant,
    difference_source,
    fit_blueprint,
    fit_verdicts,
    is_proper,
    read_indices,
    variant,
)
from cxkit.validation.weighted_models import effective_of

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit

COMPARED: tuple[Model, ...] = ("one-factor", "first-order", "second-order", "bifactor")
SAME = {"bic": 0.01, "rmsea": 1e-6}
"""Models with as many degrees of freedom that differ by less than this differ by where their search ended."""
CLOSE = {"bic": 2.0, "rmsea": 0.0005}
"""A difference of BIC below 2 is weak evidence for either model (Raftery 1995, table 6); RMSEA is printed to .001."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StructureComparison(Result):
    """Models of one instrument with their fit. `notes` say which model could not be fitted, and why.

    `kind` says which variant of chi-square and of the indices all rows show, `difference` by which test nested models
    were compared, `doubt` why incomplete answers leave the robust indices of a model without value.
    """

    kind: Variant
    difference: str = ""
    doubt: str = ""
    notes: tuple[str, ...] = ()

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Competing structures"
    cites: ClassVar[tuple[str, ...]] = ("marsh1985", "marsh2004")
    shown: ClassVar[tuple[str, ...]] = (
        "name", "chi_square", "df", "cfi", "rmsea", "rmsea_low..rmsea_high", "srmr", "bic", "target_coefficient",
        "verdict",
    )  # fmt: skip

    @property
    def references(self) -> tuple[str, ...]:
        """The sources; of the bifactor's flexibility only where there is one."""
        more = ["bonifay2017"] if "bifactor" in self.frame["model"].tolist() else []
        more += difference_source(self.difference)
        more += ["raftery1995"] if self._rivals()[1] and self._criterion == "bic" else []
        return tuple(dict.fromkeys([*super().references, *more]))

    @property
    def headings(self) -> Mapping[str, str]:
        """The variant of chi-square and indices."""
        return self.kind.headings

    @property
    def level(self) -> str:
        """The interval of RMSEA is one of 90 %, by custom."""
        return "90 %"

    @property
    def text(self) -> str:
        """Which model fits best and what that means, and what the construct above the dimensions costs."""
        return " ".join(filter(None, [self._best(), self._order(), self._flexible()]))

    def _best(self) -> str:
        usable = self._usable
        if usable.empty and self.doubt:
            return f"The models are not ranked by their fit: {self.doubt}."
        if usable.empty:
            return "No model gave a proper solution that could be tested."
        row = self._best_row
        judged = f"it is {row['verdict']} by {cite(CFI_HU.source)}"
        if row["verdict"] == NOT_JUDGED:
            judged = f"no cut-off was made for ordered answers ({cite('xia2019')})"
        name = "BIC" if self._criterion == "bic" else self.kind.name("RMSEA")
        found = f"Of {counted(len(usable), 'proper model')}, {row['name']} has the smallest {name}"
        if len(usable) == 1:
            found = f"There is one proper model, {row['name']}, and nothing to compare it with"
        return (
            f"{found} ({self.kind.name('CFI')} {CFI_HU.shown(row['cfi'], 3)}, {self.kind.name('RMSEA')} "
            f"{RMSEA_HU.shown(row['rmsea'], 3)}, SRMR {SRMR_HU.shown(row['srmr'], 3)}); {judged}.{self._ties()}"
        )

    @property
    def _usable(self) -> pd.DataFrame:
        fitted = self.frame.dropna(subset=["cfi"])
        return fitted[fitted["proper"].astype(bool) & (fitted["df"] > 0)]

    @property
    def _criterion(self) -> str:
        """By what models are ranked: BIC where there is a likelihood, else RMSEA.

        Of weighted answers the likelihood is a pseudo-likelihood, whose BIC does not choose as a BIC does (Lumley &
        Scott 2015, https://doi.org/10.1093/jssam/smu021).
        """
        return "bic" if self._usable["bic"].notna().all() and self.n_effective is None else "rmsea"

    @property
    def _best_row(self) -> pd.Series:
        """The best of the usable models; of equal ones the first."""
        usable, by = self._usable, self._criterion
        away = usable[by] - usable[by].min()
        return usable[away < SAME[by]].iloc[0]

    def _rivals(self) -> tuple[list[str], list[str]]:
        """The models that fit as well as the best one with its degrees of freedom, and others too close to it."""
        usable, by = self._usable, self._criterion
        if usable.empty:
            return [], []
        best = self._best_row
        others = usable.drop(index=best.name)
        away = others[by] - best[by]
        same = (away < SAME[by]) & (others["df"] == best["df"])
        close = ~same & (away < CLOSE[by])
        return others.loc[same, "name"].tolist(), others.loc[close, "name"].tolist()

    def _ties(self) -> str:
        same, close = self._rivals()
        said = ""
        if same:
            names = ", ".join(same)
            said += f" Equally good with as many degrees of freedom: {names}; these answers cannot tell them apart."
        if close and self._criterion == "bic":
            said += (
                f" Within {CLOSE['bic']:g} of its BIC, too close to prefer one ({cite('raftery1995')}): "
                f"{', '.join(close)}."
            )
        elif close:
            index = self.kind.name("RMSEA")
            said += f" With practically the same {index}, so that it ranks none first: {', '.join(close)}."
        return said

    def _order(self) -> str:
        row, first = self._row("second-order"), self._row("first-order")
        if row is None or first is None or not np.isfinite(row["target_coefficient"]):
            return ""
        if row["df"] == first["df"]:
            return "" if self._rivals()[0] else SAME_MODEL
        unscaled = ", from unscaled chi-squares" if self.kind.test else ""
        test = ""
        if np.isfinite(row["p_difference"]):
            test = (
                f" Its {NAMES_OF_TESTS[self.difference]} from correlated dimensions: p {_equals(row['p_difference'])}."
            )
        return (
            f"A second-order factor accounts for the correlations of the dimensions with a target coefficient of "
            f"{THREE_DIGITS(row['target_coefficient'])}{unscaled}; 1 would lose nothing ({cite('marsh1985')}).{test}"
        )

    def _flexible(self) -> str:
        if self._row("bifactor") is None:
            return ""
        return (
            f"That a bifactor model fits better proves little: it bends to almost any answers ({cite('bonifay2017')})."
        )

    def _row(self, model: str) -> pd.Series | None:
        rows = self.frame[(self.frame["model"] == model) & self.frame["cfi"].notna()]
        return None if rows.empty else rows.iloc[0]

    @property
    def note(self) -> str:
        """What was not fitted, what the target is, and the usual line."""
        target = ""
        if self.frame["target_coefficient"].notna().any():
            unscaled = ", from unscaled chi-squares" if self.kind.test else ""
            target = (
                f"Target: how much of the dimensions' correlations one factor above them keeps, 1 being all{unscaled}. "
            )
        return " ".join([*self.notes, target + super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Room for the axis below."""
        return 7.0, 1.6 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """RMSEA with its interval, and CFI, of every model."""
        each = "; ".join(
            f"{row['name']}: "
            + (
                f"{self.kind.name('RMSEA')} {THREE_DIGITS(row['rmsea'])} ({THREE_DIGITS(row['rmsea_low'])} to "
                f"{THREE_DIGITS(row['rmsea_high'])}), {self.kind.name('CFI')} {THREE_DIGITS(row['cfi'])}"
                if np.isfinite(row["rmsea"])
                else ("not fitted" if row["verdict"] == NOT_FITTED else "no value")
            )
            for _, row in self.frame.iterrows()
        )
        return f"{_capital(self.kind.name('RMSEA'))} of competing models with 90 % intervals. {each}."

    def draw(self, axes: Axes) -> None:
        """RMSEA with its interval, a row a model; a line where the convention wants it to stay below."""
        heights = figures.rows(axes, [str(name).capitalize() for name in self.frame["name"]])
        rmsea, low, high = (self.frame[name].to_numpy(dtype=float) for name in ("rmsea", "rmsea_low", "rmsea_high"))
        figures.intervals(axes, heights, rmsea, low, high)
        limit = round(RMSEA_HU.bands[-1][0], 2)
        figures.reference_line(axes, limit, f"{limit:.2f}: good up to here ({cite(RMSEA_HU.source)})")
        ends = [limit, *high[np.isfinite(high)]]
        axes.set_xlim(0, 1.15 * max(ends))
        axes.set_xlabel(f"{_capital(self.kind.name('RMSEA'))}, with 90 % interval (smaller is better)")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _equals(p: float) -> str:
    shown = probability(p)
    return shown if shown.startswith("<") else f"= {shown}"


def compare_structures(
    survey: Survey,
    *,
    models: Sequence[Model] = COMPARED,
    dimensions: Sequence[str] | None = None,
    estimator: str | None = None,
    missing: str | None = None,
    ordered: Sequence[str] | bool | None = None,
) -> StructureComparison:
    """Which of several structures describes the answers best, and what does a construct above the dimensions cost?

    Every model is fitted to the same answers by the same estimator. A model that cannot be fitted keeps its row, and
    the result's `notes` say why.

    Parameters
    ----------
    survey, dimensions, estimator, missing, ordered
        As for `confirm_structure`.
    models
        Which models, in this order; see `confirm_structure`.

    Returns
    -------
    StructureComparison
        A row a model: model, name, chi_square, df, p_value, cfi, tli, rmsea, rmsea_low, rmsea_high (90 %), srmr, aic,
        bic (both NaN without a likelihood), target_coefficient (chi-square of the correlated dimensions over that of
        the second-order model, both unscaled; NaN for others), chi_square_difference, df_difference, p_difference (from
        the correlated dimensions, for models nested in them; the scaled difference of Satorra & Bentler 2001 or Satorra
        2000 where the test is scaled, see `difference`), good (indices that are good by Hu & Bentler 1999), proper (no
        negative variance), verdict, test ("scaled", or "" for the plain chi-square) and variant (of CFI, TLI and RMSEA:
        "robust", "scaled" or ""). All rows show one variant; a model that lacks it has none of the three.

    Raises
    ------
    AnalysisError
        If no model could be fitted, or the answers cannot carry any.

    Notes
    -----
    Agrees with R's `lavaan::cfa`, `fitMeasures` and `lavTestLRT(first_order, second_order)`.
    """
    wanted = _known(models)
    base = blueprint(survey, "first-order", dimensions)
    how = plan(survey, base.items, estimator=estimator, missing=missing, ordered=ordered)
    refuse_unusable(survey, list(base.items), how.missing)
    fits, reasons = _fits(survey, wanted, dimensions, how)
    if not fits:
        raise AnalysisError(f"None of the models could be fitted. {' '.join(reasons)}")
    kind = variant(list(fits.values()))
    rows = [_row(model, fits, kind) for model in wanted]
    doubts = {NAMES[model]: fit.doubt.sentence for model, fit in fits.items() if fit.doubt}
    first = next(iter(fits.values()))
    return StructureComparison(
        frame=pd.DataFrame(rows),
        n=first.n,
        n_dropped=survey.n - first.n,
        n_effective=effective_of(first),
        settings={
            "models": wanted, "dimensions": [d.key for d in base.dimensions], "estimator": how.estimator,
            "missing": how.missing, "ordered": list(how.ordered),
        },
        data=survey.stamp,
        verdicts=_all_verdicts({m: fits[m] for m in wanted if m in fits}, kind),
        kind=kind,
        difference=default_method(next(iter(fits.values()))),
        doubt=next(iter(doubts.values()), ""),
        notes=tuple(filter(None, [*base.notes, *how.reasons, *reasons, _not_judged(how), *_doubted(doubts)])),
    )  # fmt: skip


def _doubted(doubts: Mapping[str, str]) -> list[str]:
    """Which models' fit is not judged, a sentence for each reason."""
    return [
        f"Not judged: {', '.join(name for name, own in doubts.items() if own == reason)}; {reason}."
        for reason in dict.fromkeys(doubts.values())
    ]


def _not_judged(how: Plan) -> str:
    """Why the column of verdicts is empty; `confirm_structure` gives the reason at length."""
    if not how.ordered:
        return ""
    return f"Indices of ordered answers have no cut-offs ({cite('xia2019')}): compare the models."


def _known(models: Sequence[Model] | Model) -> list[Model]:
    named = check_names("models", models, MODELS, of="There is no model")
    return [model for name in named for model in MODELS if model == name]


def _fits(
    survey: Survey, models: Sequence[Model], dimensions: Sequence[str] | None, how: Plan
) -> tuple[dict[Model, Fit], list[str]]:
    """The models that could be fitted, and in sentences why others could not."""
    fits: dict[Model, Fit] = {}
    reasons = []
    for model in models:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CxkitWarning)  # improper solutions have a column of their own
                drawn = blueprint(survey, model, dimensions)
                if len(drawn.dimensions) == 1 and model in ONE_DIMENSION_SAME and "one-factor" in fits:
                    reasons.append(f"Not fitted: {NAMES[model]}. Of one dimension it is the model of one factor.")
                    continue
                fits[model] = fit_blueprint(survey, drawn, how)[0]
        except (AnalysisError, ModelError) as refusal:
            reasons.append(f"Not fitted: {NAMES[model]}. {_first_sentence(refusal)}")
    improper = [NAMES[model] for model, fit in fits.items() if not is_proper(fit)]
    if improper:
        reasons.append(
            f"Improper (a negative variance, or a correlation beyond 1), not to be interpreted: {', '.join(improper)}."
        )
    return fits, [*reasons, *_untested(fits)]


def _untested(fits: Mapping[Model, Fit]) -> list[str]:
    """Why a model has no difference test although it is nested in the correlated dimensions."""
    found = []
    for model in NESTED:
        difference = _difference(model, fits)
        if isinstance(difference, ModelError):
            found.append(f"No difference test of {NAMES[model]}: {_first_sentence(difference)}")
        elif difference is not None and difference.vanished:
            found.append(f"No difference test of {NAMES[model]}: {NO_EFFECT}.")
        elif difference is not None and np.isnan(difference.p):
            found.append(f"No difference test of {NAMES[model]}: its scaling correction is not positive in these data.")
    return found


def _difference(model: Model, fits: Mapping[Model, Fit]) -> Comparison | ModelError | None:
    """The test of a nested model against the correlated dimensions, why there is none, or None: nothing to test."""
    if model not in NESTED or model not in fits or "first-order" not in fits:
        return None
    first, fit = fits["first-order"], fits[model]
    if fit.df <= first.df:
        return None
    try:
        return first.compare(fit)
    except ModelError as refusal:
        return refusal


def _all_verdicts(fits: Mapping[Model, Fit], kind: Variant) -> Verdicts:
    found = (fit_verdicts(NAMES[model], fit, read_indices(fit, kind), kind) for model, fit in fits.items())
    return Verdicts(tuple(verdict for verdicts in found for verdict in verdicts))


def _first_sentence(refusal: CxkitError) -> str:
    return str(refusal).split(". ")[0].rstrip(".") + "."


def _row(model: Model, fits: Mapping[Model, Fit], kind: Variant) -> dict[str, object]:
    row: dict[str, object] = {"model": model, "name": NAMES[model]}
    if model not in fits:
        return (
            row
            | dict.fromkeys([*INDICES, *COMPARISON], np.nan)
            | {"good": 0, "proper": False, "verdict": NOT_FITTED, "test": "", "variant": ""}
        )
    fit = fits[model]
    indices = read_indices(fit, kind)
    verdicts = [v.verdict for v in fit_verdicts(model, fit, indices, kind) if v.source == CFI_HU.source]
    good = verdicts.count(GOOD)
    judged = _verdict(good, len(verdicts), is_proper(fit))
    if (fit.settings["ordered"] and fit.df > 0) or fit.doubt:
        judged = NOT_JUDGED if is_proper(fit) else f"improper ({NOT_JUDGED})"
    return (
        row
        | indices.to_dict()
        | _from_dimensions(model, fits)
        | {"good": good, "proper": is_proper(fit), "verdict": judged, "test": kind.test, "variant": kind.indices}
    )


NOT_JUDGED = "not judged"
NOT_FITTED = "not fitted"
SAME_MODEL = (
    "With so few dimensions a second-order factor has as many degrees of freedom as correlated dimensions: its target "
    "coefficient of 1 is no finding."
)
ONE_DIMENSION_SAME: tuple[Model, ...] = ("first-order", "orthogonal")
"""What is the model of one factor where there is one dimension: no alternative to it."""
NESTED: tuple[Model, ...] = ("one-factor", "second-order", "orthogonal")
"""What follows from the correlated dimensions by restrictions."""
COMPARISON = ("target_coefficient", "chi_square_difference", "df_difference", "p_difference")


def _verdict(good: int, of: int, proper: bool) -> str:
    words = f"good on {good} of {of} indices" if of else "not testable"
    return words if proper else f"improper ({words})"


def _from_dimensions(model: Model, fits: Mapping[Model, Fit]) -> dict[str, float]:
    """The cost of a model that is nested in the correlated dimensions, against these."""
    found = dict.fromkeys(COMPARISON, np.nan)
    difference = _difference(model, fits)
    if isinstance(difference, ModelError):  # `_untested` says why
        return found
    if difference is None:
        same = model == "second-order" and "first-order" in fits
        return found | ({"target_coefficient": 1.0} if same else {})
    found |= {
        "chi_square_difference": difference.chisq_diff,
        "df_difference": float(difference.df_diff),
        "p_difference": difference.p,
    }
    if model == "second-order":
        found["target_coefficient"] = fits["first-order"].test.chisq / fits[model].test.chisq
    return found
