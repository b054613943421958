"""Do dimensions correlate only because the same people answered the same questionnaire? Common method variance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, OptionError, nearest
from cxkit.results.weighted import effective_among, weights_at
from cxkit.sem.after.comparison import default_method
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import asked_for, moments
from cxkit.validation.structure.blueprints import (
    FULL_INFORMATION,
    Blueprint,
    Names,
    Plan,
    blueprint,
    plan,
    refuse_unusable,
)
from cxkit.validation.structure.fit import variant
from cxkit.validation.validity.common_method_result import PLAIN, CommonMethod
from cxkit.validation.validity.method_models import MARKER, METHOD, UNMEASURED, Ladder, unmeasured
from cxkit.validation.validity.method_models import marker as marker_models
from cxkit.validation.weighted_models import effective_of, with_weights

HARMAN = "Harman's single factor"
COLUMNS = [
    "technique", "model", "chi_square", "df", "cfi", "rmsea", "bic", "chi_square_difference", "df_difference",
    "p_value", "d_bic", "d_cfi", "d_rmsea", "method_share", "mean_correlation", "proper", "test", "variant",
]  # fmt: skip


def common_method(
    survey: Survey,
    *,
    marker: str | Sequence[str] | None = None,
    dimensions: Sequence[str] | None = None,
    estimator: str = "MLR",
    missing: str | None = None,
) -> CommonMethod:
    """How much of what the dimensions share could come from the way of asking?

    Harman's test is reported because reviewers ask for it, and labelled as what it is. An unmeasured method factor
    shows the most that method could explain; only a marker (items that theory says are unrelated to the dimensions)
    separates method from substance.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    marker
        The key of a dimension, or the keys of two items or more; None leaves the marker technique out.
    dimensions
        Keys of the dimensions whose correlations are in question; all others but the marker where None.
    estimator
        "MLR" or "ML".
    missing
        "fiml" or "listwise"; None is "fiml".

    Returns
    -------
    CommonMethod
        A row a model: technique, model, chi_square, df, cfi, rmsea, bic, chi_square_difference, df_difference, p_value
        (of the difference; NaN of an unmeasured method factor, where it has no chi-square distribution), d_bic, d_cfi
        and d_rmsea (changes from the model without method), method_share (mean squared standardised loading on the
        method factor), mean_correlation (mean size of the dimensions' correlations; both NaN where the solution is
        improper), proper (no negative variance, no correlation beyond 1), test and variant
        (which chi-square, and which CFI and RMSEA: "robust", "scaled" or "" for the plain ones; under MLR differences
        are scaled as in Satorra & Bentler 2001). `harman` is the share of the first principal component.

    Raises
    ------
    AnalysisError
        If there are fewer than two dimensions, the marker is unknown or has one item, or the answers cannot carry a
        model.

    Notes
    -----
    Agrees with R's `lavaan::cfa` and `lavTestLRT` on the models that the reference script spells out; the marker's
    models are those of Williams, Hartman & Cavazotte (2010). Harman: `prcomp(x, scale. = TRUE)`. An unmeasured method
    factor is said to fit better where its solution is proper and BIC falls by more than 10: at most 5 of 100 simulated
    surveys without method (`benchmarks/method_factors.py`).
    """
    if str(estimator).upper() not in FULL_INFORMATION:
        raise OptionError(f"common_method takes estimator='MLR' or 'ML', not '{estimator}'.")
    own = _marker_items(survey, marker)
    drawn = _drawn(survey, _substantive(survey, dimensions, own))
    keys = [*drawn.items, *own]
    items = {key: survey.instrument.items[key] for key in keys}
    how = plan(survey, items, estimator=estimator, missing=missing, ordered=False)
    refuse_unusable(survey, keys, how.missing)
    ladders = _ladders(survey, drawn, own, how)
    harman = _first_component(survey, list(drawn.items), how)
    first = {"technique": HARMAN, "model": "first component: no evidence", "method_share": harman, "proper": True}
    fitted = [fit for ladder in ladders for fit in ladder.fits.values()]
    kind = variant(fitted) if fitted else PLAIN
    complete = survey.answers[keys].notna().all(axis=1)
    n = fitted[0].n if fitted else int(complete.sum())
    return CommonMethod(
        frame=pd.DataFrame([first, *(row for ladder in ladders for row in ladder.rows(kind))]).reindex(columns=COLUMNS),
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_of(fitted[0]) if fitted else effective_among(survey, complete),
        settings={
            "marker": own, "dimensions": [d.key for d in drawn.dimensions], "estimator": how.estimator,
            "missing": how.missing,
        },
        data=survey.stamp,
        harman=harman,
        kind=kind,
        difference=default_method(fitted[0]) if fitted else "standard",
        notes=tuple(filter(None, [*drawn.notes, *how.reasons, *(r for ladder in ladders for r in ladder.remarks)])),
    )  # fmt: skip


def _drawn(survey: Survey, dimensions: Sequence[str] | None) -> Blueprint:
    drawn = blueprint(survey, "first-order", dimensions)
    if len(drawn.dimensions) < 2:
        raise AnalysisError(
            "Common method variance is a question about how dimensions correlate: it needs two dimensions of two "
            "items or more, without the marker."
        )
    return drawn


def _marker_items(survey: Survey, marker: str | Sequence[str] | None) -> list[str]:
    if marker is None:
        return []
    if isinstance(marker, str) and marker in survey.instrument.dimension_keys:
        own = survey.instrument.dimension(marker).item_keys
    else:
        own = [marker] if isinstance(marker, str) else list(marker)
        for key in own:
            if key not in survey.instrument.items:
                known = [*survey.instrument.dimension_keys, *survey.instrument.items]
                raise OptionError(f"marker= names '{key}', neither a dimension nor an item.{nearest(key, known)}")
    if len(own) < 2:
        raise AnalysisError(
            f"The marker {', '.join(own)} has one item. The technique needs a factor, which needs two items or more: "
            "with one, its own error cannot be told from method."
        )
    return own


def _substantive(survey: Survey, dimensions: Sequence[str] | None, own: list[str]) -> list[str]:
    """The dimensions in question, none of which may hold an item of the marker."""
    if dimensions is not None:
        keys = [dimension.key for dimension in asked_for(survey, dimensions)]
    else:
        keys = [d.key for d in survey.dimensions if not set(d.item_keys) & set(own)]
    shared = [key for key in keys if set(survey.instrument.dimension(key).item_keys) & set(own)]
    if shared:
        raise AnalysisError(
            f"The marker holds items of '{shared[0]}', whose correlations are in question: leave it out."
        )
    return keys


def _ladders(survey: Survey, drawn: Blueprint, own: list[str], how: Plan) -> list[Ladder]:
    names = Names.of([*drawn.items, *own, *(f.key for f in drawn.factors), METHOD])
    chosen = survey.answers[[*drawn.items, *own]]
    answers = chosen.set_axis([names.safe[key] for key in chosen.columns], axis=1)
    answers, weights = with_weights(answers, survey)
    if how.missing == "listwise":
        answers = answers.dropna()
    ladders = [
        Ladder(technique=technique, answers=answers, drawn=drawn, names=names, how=how, weights=weights)
        for technique in ((UNMEASURED, MARKER) if own else (UNMEASURED,))
    ]
    unmeasured(ladders[0])
    if own:
        marker_models(ladders[1], [names.safe[key] for key in own])
    return ladders


def _first_component(survey: Survey, keys: list[str], how: Plan) -> float:
    """Share of the first principal component, from complete respondents or from pairs of answers, as the models."""
    answers = survey.answers[keys]
    weights = weights_at(survey, answers.index)
    r = moments(answers, "complete" if how.missing == "listwise" else "pairwise", weights).correlation
    return float(np.linalg.eigvalsh(r)[-1] / len(r))
