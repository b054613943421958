"""The weights of a survey's respondents, and refusals of weights by analyses that have no weighted form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError
from cxkit.statistics.weighted import effective_n
from cxkit.survey.survey import Survey


def weights_at(survey: Survey, rows: pd.Index) -> np.ndarray | None:
    """The weights of these respondents; None where everybody counts alike."""
    return None if survey.weights is None else survey.weights[rows].to_numpy(dtype="float64")


def effective_among(survey: Survey, rows: pd.Index | pd.Series | np.ndarray) -> float | None:
    """How many respondents of equal weight these are worth; None where everybody counts alike, 0 for nobody.

    Parameters
    ----------
    survey
        The survey.
    rows
        Row labels of the respondents, or a truth value for each of the survey's rows.
    """
    if survey.weights is None:
        return None
    chosen = survey.weights.loc[rows].to_numpy(dtype="float64")
    return effective_n(chosen) if len(chosen) else 0.0


def refuse_weights(survey: Survey, analysis: str, why: str) -> None:
    """Refuse an analysis of weighted answers that has no weighted form here.

    Raises
    ------
    AnalysisError
        If respondents count differently; with the reason, and how to go on without weights.
    """
    if survey.weights is not None:
        raise AnalysisError(
            f"{analysis} of '{survey.name}' is not computed, because its respondents have weights: {why}. To let every "
            "respondent count alike, set weights = False (notebook 01; in Python, survey.without_weights()), and say "
            "so where you report it."
        )
