"""What one column of a file seems to hold: answers on a scale, a group of respondents, or something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.survey.answers import NOT_ANSWERED
from cxkit.survey.drafting.scale import Scale, scale_of
from cxkit.survey.readers.header import Question
from cxkit.without_contents import without_contents

MOST_ANSWERS = 12
"""More different answers than this are no choices from a list: 0 to 10 and one for "no answer" are twelve."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its question, its filled cells, the scale they come from, and words whose order nobody can tell."""

    question: Question
    filled: pd.Series
    scale: Scale | None = None
    unordered: tuple[str, ...] = ()

    __repr__ = without_contents

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.question.column

    @property
    def text(self) -> str:
        """The question, or the name where the file has no question."""
        return self.question.text or self.question.column

    @property
    def words(self) -> list[str]:
        """Its different cells."""
        return self.filled.unique().tolist()

    @property
    def is_rating(self) -> bool:
        """Whether it has three answers or more: of two, most are boxes that could be ticked."""
        return self.scale is not None and self.scale.is_rating


def look_at(question: Question, cells: pd.Series) -> Column:
    """What a column holds, by its cells and what the file says of them."""
    filled = cells[~cells.str.casefold().isin(NOT_ANSWERED)]
    words = filled.unique().tolist()
    scale = scale_of(words, question.labels)
    is_choice = scale is None and 2 < len(words) <= MOST_ANSWERS and len(filled) > 2 * len(words)
    return Column(question=question, filled=filled, scale=scale, unordered=tuple(words) if is_choice else ())


def answers_of(columns: list[Column]) -> np.ndarray:
    """The answers as numbers, a row a respondent, a column an item; NaN where there is none."""
    if not columns:
        return np.zeros((0, 0))
    people = columns[0].filled.index
    for column in columns[1:]:
        people = people.union(column.filled.index)
    answers = np.full((len(people), len(columns)), np.nan)
    for place, column in enumerate(columns):
        if column.scale is not None:
            read = column.filled.map(column.scale.numbers_of(column.words))
            answers[people.get_indexer(column.filled.index), place] = read.to_numpy(dtype="float64")
    return answers
