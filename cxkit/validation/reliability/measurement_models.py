"""Factor models of a survey's items, their findings told in the survey's own names."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, CxkitWarning, ModelError
from cxkit.validation.weighted_models import WEIGHT

if TYPE_CHECKING:
    from cxkit.sem import Fit


def item_name(position: int) -> str:
    """What an item is called within the model: its key may be no name of the model language."""
    return f"item{position + 1}"


def handling(answers: pd.DataFrame) -> str:
    """What `cxkit.sem.cfa` calls the use of every answer: full information where some are missing."""
    return "fiml" if answers.isna().to_numpy().any() else "listwise"


def fitted(
    model: str, answers: pd.DataFrame, weights: np.ndarray | None = None, *, subject: str, **options: Any
) -> Fit:
    """Fit a model in which the columns of the answers are called item1, item2, ... in their order.

    Parameters
    ----------
    weights
        Of the respondents; None where everybody counts alike.
    subject
        What is estimated, for the sentences: "Omega of 'Loyalty'".
    options
        As `cxkit.sem.cfa` takes them.

    Raises
    ------
    AnalysisError
        If the model cannot be estimated.

    Warns
    -----
    CxkitWarning
        What the model has to report, with the items' own keys.
    """
    from cxkit.sem import cfa

    keys = list(map(str, answers.columns))

    def in_keys(words: str) -> str:
        return re.sub(r"\bitem(\d+)\b", lambda found: keys[int(found[1]) - 1], words)

    renamed = answers.set_axis([item_name(i) for i in range(len(keys))], axis=1)
    column = None if weights is None else WEIGHT
    data = renamed if weights is None else renamed.assign(**{WEIGHT: weights})
    with warnings.catch_warnings(record=True) as findings:
        warnings.simplefilter("always", CxkitWarning)
        try:
            fit = cfa(model, data, weights=column, **options)
        except ModelError as error:
            raise AnalysisError(f"{subject} cannot be estimated. {in_keys(str(error))}") from error
    if not fit.sample.settled:
        raise AnalysisError(
            f"{subject} cannot be estimated: too few people answered some items together to know the covariances of "
            "all items. Leave out the items that fewest answered."
        )
    for finding in findings:
        warnings.warn(f"{subject}: {in_keys(str(finding.message))}", CxkitWarning, stacklevel=5)
    return fit
