"""The answers to one dimension that a coefficient can use: items that vary, of enough respondents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cxkit.errors import AnalysisError, counted
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import REQUIRED, Missing, constant_items, refuse_unsafe
from cxkit.without_contents import without_contents


@dataclass(frozen=True, kw_only=True)
class Usable:
    """Answers to the items that vary, and in a sentence which items do not; empty where all do."""

    answers: pd.DataFrame
    note: str = ""

    __repr__ = without_contents

    @property
    def items(self) -> list[str]:
        """The keys of the items that vary."""
        return [str(key) for key in self.answers.columns]


def usable_answers(survey: Survey, dimension: Dimension, missing: Missing, *, items: int, analysis: str) -> Usable:
    """The answers to the items of a dimension that vary, which is what `psych::alpha` keeps too.

    An item with one answer from everybody has no variance to share, yet counts as an item: left in, it lowers
    k / (k - 1) and with it alpha.

    Parameters
    ----------
    survey, dimension, missing
        Whose answers to what, from complete rows or from all.
    items
        How many items the coefficient takes.
    analysis
        Its name, for sentences.

    Raises
    ------
    AnalysisError
        If fewer than five respondents answered, or too few items vary.
    """
    answers = survey.items_of(dimension.key)
    refuse_unsafe(
        int(answers.notna().any(axis=1).sum()), analysis=analysis, title=dimension.title, answered="any of its items"
    )
    unanswered = [str(key) for key in answers.columns if not answers[key].notna().any()]
    dropped = constant_items(answers)
    kept = answers.drop(columns=dropped)
    if missing == "complete":
        kept = kept.dropna()
        refuse_unsafe(len(kept), analysis=analysis, title=dimension.title, answered=REQUIRED["complete"])
        dropped += constant_items(kept)
        kept = kept.drop(columns=dropped, errors="ignore")
    note = _dropped_note(dimension, [key for key in dropped if key not in unanswered], unanswered, analysis)
    if kept.shape[1] < items:
        raise AnalysisError(
            f"{analysis} of '{dimension.title}' cannot be computed. {note} It takes "
            f"{counted(items, 'item')} that vary, and there {'is' if kept.shape[1] == 1 else 'are'} {kept.shape[1]}."
        )
    return Usable(answers=kept, note=note)


def rows_behind(survey: Survey, used: Sequence[Usable], missing: Missing) -> pd.Index:
    """Whose answers stand behind coefficients of several dimensions: all who answered any of their items.

    With "complete" these differ from dimension to dimension, and are those of the dimension that has most.
    """
    if missing == "complete":
        return max((one.answers.index for one in used), key=len)
    answered = survey.answers[[key for one in used for key in one.items]].notna().any(axis=1)
    return answered.index[answered]


def _dropped_note(dimension: Dimension, constant: Sequence[str], unanswered: Sequence[str], analysis: str) -> str:
    """Which items are left out, and why; empty where none is."""
    name = analysis[0].lower() + analysis[1:]
    reasons = (("Nobody answered", unanswered), ("Everybody who answered gave the same answer to", constant))
    sentences = [
        f"{why} {', '.join(keys)} of '{dimension.title}', which {'is' if len(keys) == 1 else 'are'} left out of {name}."
        for why, keys in reasons
        if keys
    ]
    return " ".join(sentences)
