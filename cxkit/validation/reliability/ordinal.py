"""How precisely does a dimension's score measure, when answers are a few ordered categories?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, ModelError
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice
from cxkit.results.thresholds import OMEGA_NUNNALLY, judge
from cxkit.results.weighted import effective_among, weights_at
from cxkit.sem.after.reliability import reliability
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import select
from cxkit.validation.reliability.coefficients import (
    DimensionReliability,
    answers_to_items,
    contributors,
    every_answer_note,
)
from cxkit.validation.reliability.measurement_models import fitted, item_name
from cxkit.validation.reliability.usable import Usable

Handling = Literal["pairwise", "complete"]
MOST_CATEGORIES = 15
"""Answers of more different values are measurements, and omega() is made for them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OrdinalReliability(DimensionReliability):
    """Categorical omega by dimension, with ordinal alpha beside it, labelled as what it is."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Reliability of ordered answers: categorical omega"
    cites: ClassVar[tuple[str, ...]] = ("green2009", "zumbo2007", "chalmers2018")
    shown: ClassVar[tuple[str, ...]] = ("title", "items", "n", "omega_categorical", "alpha", "ordinal_alpha")
    coefficient: ClassVar[str] = "omega_categorical"
    called: ClassVar[str] = "Categorical omega"
    beside: ClassVar[Mapping[str, str]] = {"alpha": "Alpha", "ordinal_alpha": "Ordinal alpha (not of the score)"}

    @property
    def note(self) -> str:
        """What ordinal alpha is, and the usual line."""
        return (
            "Ordinal alpha and latent omega are those of the continuous variables imagined behind the answers; nobody "
            f"has their sum, and they are not the reliability of the score. {super().note}"
        )


def ordinal_reliability(
    survey: Survey, *, dimensions: Sequence[str] | None = None, missing: Handling = "pairwise"
) -> OrdinalReliability:
    """Which share of the variance of a dimension's score is due to its factor, categories and all?

    One factor is fitted to polychoric correlations; categorical omega then asks what the factor contributes to the sum
    of the answers as they were given. Ordinal alpha is shown because it is often reported: it belongs to variables that
    nobody observed and is nearly always higher.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None. Formative ones and those with fewer than three items are left
        out, and `notes` says so.
    missing
        "pairwise" uses all answers to a dimension's items (thresholds from all who answered the item, correlations from
        all who answered both), "complete" only respondents who answered all of them.

    Returns
    -------
    OrdinalReliability
        A row a dimension: dimension, title, items, n, omega_categorical (of the observed sum), alpha (of the observed
        sum), ordinal_alpha and omega_latent (of the variables behind the answers).

    Raises
    ------
    AnalysisError
        If no dimension is left, an item does not vary or has more than 15 different answers, too few respondents
        answered, or the model cannot be estimated.

    Warns
    -----
    CxkitWarning
        If the model of a dimension has a finding to report, such as a negative residual variance.

    Notes
    -----
    Agrees with R's `semTools::compRelSEM(cfa("f =~ ...", x, ordered = names(x)))`, with `missing = "pairwise"` where
    answers are missing, ordinal alpha with
    `semTools::reliability(fit)["alpha.ord", ]`, latent omega with `compRelSEM(fit, ord.scale = FALSE)`. The sum
    takes the answers as scored, so that alpha is `cronbach_alpha`'s of the same respondents; semTools numbers the
    answers anew, which differs where an answer between two others was given by nobody.
    """
    check_choice("missing", missing, Handling)
    selection = select(survey, dimensions, items=3, analysis="categorical omega", weighted=True)
    found, left_out = of_each(selection.dimensions, lambda d: _row(survey, d, missing))
    frame = pd.DataFrame([row for row, _ in found.values()])
    behind = contributors(survey, [usable for _, usable in found.values()])
    n = int(behind.sum())
    told = every_answer_note((usable for _, usable in found.values()), "pairs of items")
    dropped = [usable.note for _, usable in found.values() if usable.note]
    return OrdinalReliability(
        frame=frame,
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_among(survey, behind),
        settings={"dimensions": [d.key for d in selection.dimensions], "missing": missing},
        data=survey.stamp,
        verdicts=judge(OMEGA_NUNNALLY, frame["title"], frame["omega_categorical"]),
        notes=(*selection.notes, *left_out, *told, *dropped),
    )


def _row(survey: Survey, dimension: Dimension, missing: Handling) -> tuple[dict[str, object], Usable]:
    usable = answers_to_items(survey, dimension, "Categorical omega", missing)
    answers = usable.answers
    _refuse_continuous(answers, dimension)
    found = _one_ordinal_factor(answers, dimension, weights_at(survey, answers.index))
    return {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": len(usable.items),
        "n": len(answers),
        "omega_categorical": found["omega"],
        "alpha": found["alpha"],
        "ordinal_alpha": found["alpha_latent"],
        "omega_latent": found["omega_latent"],
    }, usable


def _refuse_continuous(answers: pd.DataFrame, dimension: Dimension) -> None:
    many = [str(key) for key in answers.columns if answers[key].nunique() > MOST_CATEGORIES]
    if many:
        raise AnalysisError(
            f"{', '.join(many)} of '{dimension.title}' have more than {MOST_CATEGORIES} different answers: these are "
            "measurements and not ordered categories. Use omega(survey)."
        )


def _one_ordinal_factor(answers: pd.DataFrame, dimension: Dimension, weights: np.ndarray | None) -> pd.Series:
    names = [item_name(j) for j in range(answers.shape[1])]
    subject = f"Categorical omega of '{dimension.title}'"
    how = "pairwise" if answers.isna().to_numpy().any() else "listwise"
    fit = fitted(f"f =~ {' + '.join(names)}", answers, weights, subject=subject, ordered=True, std_lv=True, missing=how)
    try:
        return reliability(fit).frame.iloc[0]
    except ModelError as error:  # a Heywood case: shares of variance beyond 1
        raise AnalysisError(f"{subject} cannot be computed. {error} Or choose other dimensions=[...].") from error
