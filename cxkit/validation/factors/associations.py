"""Correlations of items, of the answers as numbers or of the normal variables behind ordered answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, ModelError
from cxkit.results.options import check_choice
from cxkit.results.weighted import weights_at
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import SINGULAR, Missing, Moments, Selection, regular_correlations

Correlation = Literal["pearson", "polychoric"]


def item_correlations(
    survey: Survey, selection: Selection, missing: Missing, correlation: Correlation, *, analysis: str
) -> Moments:
    """Correlations that factors can be taken from; with "polychoric" the covariances stay those of the answers.

    Raises
    ------
    AnalysisError
        As `regular_correlations`; with "polychoric" also if an item has too many different answers or two items are
        perfectly related.
    """
    check_choice("correlation", correlation, get_args(Correlation))
    found = regular_correlations(survey, selection, missing, analysis=analysis)
    if correlation == "pearson":
        return found
    used = used_answers(survey, selection, missing)
    return replace(found, correlation=polychoric_correlations(used, analysis, weights_at(survey, used.index)))


def definite_correlations(
    survey: Survey, selection: Selection, missing: Missing, correlation: Correlation, *, analysis: str
) -> Moments:
    """As `item_correlations`, for analyses that invert them.

    Raises
    ------
    AnalysisError
        Also if polychoric correlations, each estimated on its own, are those of no answers.
    """
    found = item_correlations(survey, selection, missing, correlation, analysis=analysis)
    lowest = float(np.linalg.eigvalsh(found.correlation)[0])
    if lowest < SINGULAR:
        raise AnalysisError(
            f"{analysis} needs correlations that have an inverse; the polychoric ones of {found.n:,} respondents and "
            f"{len(found.items)} items have none (smallest eigenvalue {lowest:.2g}), since each was estimated on its "
            "own. Take the answers as numbers (ordinal = False in the notebook, correlation='pearson' in Python), "
            "choose fewer dimensions, or ask more respondents."
        )
    return found


def used_answers(survey: Survey, selection: Selection, missing: Missing) -> pd.DataFrame:
    """The answers that the correlations rest on."""
    answers = survey.answers[selection.item_keys]
    return answers.dropna() if missing == "complete" else answers.dropna(how="all")


def polychoric_correlations(answers: pd.DataFrame, analysis: str, weights: np.ndarray | None = None) -> np.ndarray:
    """Polychoric correlations, pair by pair where answers are missing.

    Agrees with R's `lavaan::lavCor(x, ordered = names(x))` for complete answers.
    """
    from cxkit.sem import polychoric

    try:
        return np.asarray(polychoric(answers, weights=weights), dtype="float64")
    except ModelError as error:
        raise AnalysisError(f"{analysis} with polychoric correlations is not possible. {error}") from error
