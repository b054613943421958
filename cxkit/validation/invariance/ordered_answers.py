"""Ordered answers in groups: a model of thresholds needs every answer in every group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, Problems
from cxkit.results.references import cite

RareAnswers = Literal["refuse", "join"]
MOST_ANSWERS = 12
"""More different answers than this are numbers rather than ordered categories."""


def with_shared_categories(
    answers: pd.DataFrame, groups: pd.Series, rare: RareAnswers
) -> tuple[pd.DataFrame, list[str]]:
    """The answers, each of which occurs in every group; and in sentences what was joined for it.

    Raises
    ------
    AnalysisError
        If an item has too many different answers, or some group lacks one and `rare` is "refuse".
    """
    _refuse_numbers(answers)
    joined = {item: _joined(answers[item], groups) for item in answers}
    touched = [item for item, mapping in joined.items() if any(old != new for old, new in mapping.items())]
    if touched and rare == "refuse":
        _refuse_rare(answers, groups, touched)
    data = answers.assign(**{item: answers[item].map(joined[item]) for item in touched})
    words = "; ".join(f"{item}: {_in_words(joined[item])}" for item in touched)
    return data, [f"Answers that some group never gave are joined with neighbours ({words})."] if touched else []


def _refuse_numbers(answers: pd.DataFrame) -> None:
    many = [str(item) for item in answers if answers[item].nunique() > MOST_ANSWERS]
    if many:
        raise AnalysisError(
            f"ordinal=True takes at most {MOST_ANSWERS} different answers an item; {', '.join(many[:5])} "
            f"{'has' if len(many) == 1 else 'have'} more. Use ordinal=False."
        )


def _joined(answers: pd.Series, groups: pd.Series) -> dict[float, float]:
    """Answer to the answer that stands for it: rare ones move towards the middle until all groups share them."""
    counts = pd.crosstab(answers, groups)
    stands: dict[float, float] = {float(value): float(value) for value in counts.index}
    while len(counts) > 1 and (counts == 0).any(axis=None):
        values = counts.index.to_numpy(dtype="float64")
        place = int(np.flatnonzero((counts == 0).any(axis=1))[0])
        neighbour = place + 1 if place < (len(values) - 1) / 2 else place - 1
        old, new = values[place], values[neighbour]
        stands = {value: new if to == old else to for value, to in stands.items()}
        counts.iloc[neighbour] += counts.iloc[place]
        counts = counts.drop(index=counts.index[place])
    return stands


def _refuse_rare(answers: pd.DataFrame, groups: pd.Series, touched: list[str]) -> None:
    problems = Problems("Ordered answers")
    unseen = []
    for item in touched:
        counts = pd.crosstab(answers[item], groups)
        for value, of_groups in counts.iterrows():
            unseen += [f"{item}: nobody in '{g}' answered {value:g}" for g in counts.columns if not of_groups[g]]
    problems.add(
        "some group lacks an answer that others give, so its threshold cannot be estimated there", unseen,
        'join such answers with their neighbours (rare="join"), treat answers as numbers (ordinal=False), or leave '
        "the group out (groups=[...])",
    )  # fmt: skip
    problems.raise_as(AnalysisError)


def _in_words(mapping: dict[float, float]) -> str:
    return ", ".join(f"{old:g} with {new:g}" for old, new in mapping.items() if old != new)


def two_answers_note(items: Sequence[str], binary: Sequence[str]) -> list[str]:
    """What cannot be tested of items with two answers."""
    if not binary:
        return []
    if set(binary) == set(items):
        return [
            "Of items with two answers, thresholds, loadings and intercepts can be tested only together "
            f"({cite('wu2016')}): scalar invariance follows configural in one step."
        ]
    return [
        f"{', '.join(binary)}: of items with two answers, thresholds, loadings and intercepts can be tested "
        f"only together ({cite('wu2016')}), so that thresholds and metric invariance are tested with the other items."
    ]
