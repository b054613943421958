"""Models of weighted answers: the column of weights that they take, and which estimators take one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxkit.results.weighted import refuse_weights
from cxkit.statistics.weighted import effective_n
from cxkit.survey.survey import Survey

if TYPE_CHECKING:
    from cxkit.sem.fit import Fit

WEIGHT = "weight of the respondent"
"""The column of the weights; a model's variables cannot have a name with spaces."""

INSTEAD_OF_ML = (
    "The respondents have weights: instead of ML the estimator is MLR, which gives the same estimates and allows for "
    "the weights in their errors and in the test."
)


def with_weights(answers: pd.DataFrame, survey: Survey) -> tuple[pd.DataFrame, str | None]:
    """The answers with their respondents' weights beside them, and the name of that column; None without weights."""
    if survey.weights is None:
        return answers, None
    return answers.assign(**{WEIGHT: survey.weights[answers.index]}), WEIGHT


def estimator_for(survey: Survey, estimator: str, *, analysis: str, ordered: int, items: int) -> str:
    """The estimator that gives weighted answers their due: MLR for ML, itself where nobody has a weight.

    Parameters
    ----------
    survey, estimator, analysis
        Whose answers, by what, and for what; the latter for the sentences.
    ordered, items
        How many items are treated as ordered, of how many.

    Raises
    ------
    AnalysisError
        If the respondents have weights and the estimator cannot take them, or only some items are ordered.
    """
    if survey.weights is None:
        return estimator
    if ordered and ordered < items:
        refuse_weights(
            survey,
            f"{analysis} with ordered answers beside numbers",
            "either all items or none may be ordered where respondents have weights (ordered=True or ordered=False)",
        )
    if ordered and estimator == "WLSMV":
        return estimator
    if ordered:
        refuse_weights(
            survey, f"{analysis} by {estimator}", "of the estimators of ordered answers only WLSMV takes weights"
        )
    if estimator not in ("ML", "MLR"):
        refuse_weights(survey, f"{analysis} by {estimator}", "of the estimators only MLR takes weights")
    return "MLR"


def effective_of(fit: Fit) -> float | None:
    """How many respondents of equal weight a fit rests on (Kish, over all groups); None without weights."""
    parts = [group.weights for group in fit.sample.groups if group.weights is not None]
    return effective_n(np.concatenate(parts)) if parts else None
