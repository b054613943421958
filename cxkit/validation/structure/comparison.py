"""Which structure describes the answers best? Competing models of one instrument side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, CxkitError, CxkitWarning, ModelError
from cxkit.results.options import check_names
from cxkit.results.references import cite
from cxkit.results.thresholds import CFI_HU, Verdicts
from cxkit.sem.after.comparison import NO_EFFECT, Comparison, default_method
from cxkit.survey.survey import Survey
from cxkit.validation.structure.blueprints import MODELS, Model, Plan, blueprint, plan, refuse_unusable
from cxkit.validation.structure.comparison_result import NOT_FITTED, NOT_JUDGED, StructureComparison
from cxkit.validation.structure.confirmatory import GOOD, NAMES
from cxkit.validation.structure.fit import (
    INDICES,
    Variant,
    fit_blueprint,
    fit_verdicts,
    read_indices,
    variant,
)
from cxkit.validation.weighted_models import effective_of

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit
COMPARED: tuple[Model, ...] = ("one-factor", "first-order", "second-order", "bifactor")


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
    improper = [NAMES[model] for model, fit in fits.items() if not fit.is_proper]
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
            reason = difference.no_p or "its scaling correction is not positive in these data"
            found.append(f"No difference test of {NAMES[model]}: {reason}.")
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
    judged = _verdict(good, len(verdicts), fit.is_proper)
    if (fit.settings["ordered"] and fit.df > 0) or fit.doubt:
        judged = NOT_JUDGED if fit.is_proper else f"improper ({NOT_JUDGED})"
    return (
        row
        | indices.to_dict()
        | _from_dimensions(model, fits)
        | {"good": good, "proper": fit.is_proper, "verdict": judged, "test": kind.test, "variant": kind.indices}
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
