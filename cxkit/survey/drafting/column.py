"""What one column of a file seems to hold: answers on a scale, a group of respondents, or something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from cxkit.survey.answers import NOT_ANSWERED
from cxkit.survey.drafting.wordings import NO_ANSWER, ordered
from cxkit.survey.labels import fold_label
from cxkit.survey.readers import limesurvey
from cxkit.survey.readers.header import Question
from cxkit.without_contents import without_contents

MOST_ANSWERS = 12
"""More different answers than this are no rating scale: 0 to 10 and one code for "no answer" are twelve."""
CODES = frozenset({"-99", "-98", "-9", "-8", "-7", "-1", "9", "88", "98", "99", "97", "999", "998"})
"""Numbers that files use for "no answer"; each counts as one only where it lies apart from all other answers."""
_NUMBERED = re.compile(r"^(\d{1,2}) ?[-–=:.)] ?(\D.*)$|^(\D.*?) ?[\[(](\d{1,2})[\])]$")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scale that some answers come from; `is_whole` says that the file shows every answer of it.

    `kind` says what the cells hold: "numbers", "numbered" labels, "codes", "labels" of the file, or usual words.
    """

    kind: str
    low: int
    high: int
    labels: Mapping[int, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)
    is_whole: bool = True


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


def look_at(question: Question, cells: pd.Series) -> Column:
    """What a column holds, by its cells and what the file says of them."""
    filled = cells[~cells.str.casefold().isin(NOT_ANSWERED)]
    words = filled.unique().tolist()
    scale = scale_of(words, question.labels)
    is_choice = scale is None and 2 < len(words) <= MOST_ANSWERS and len(filled) > 2 * len(words)
    return Column(question=question, filled=filled, scale=scale, unordered=tuple(words) if is_choice else ())


def scale_of(words: list[str], labels: Mapping[str, str]) -> Scale | None:
    """The scale that these answers come from, if they come from one; `labels` are those of the file."""
    if not words:
        return None
    return _of_file(labels, words) or _numbers(words) or _numbered(words) or _in_words(words) or _coded(words)


def _of_file(given: Mapping[str, str], words: list[str]) -> Scale | None:
    """The scale that the value labels of a statistics file give."""
    labels = {}
    for value, word in given.items():
        if value.isdigit() and fold_label(word) not in NO_ANSWER:
            labels[int(value)] = word
    if len(labels) < 2 or not set(words) <= set(given):
        return None
    low, high = min(labels), max(labels)
    if high - low >= MOST_ANSWERS:
        return None
    missing = [value for value in given if not value.isdigit() or int(value) not in labels]
    return Scale(kind="labels", low=low, high=high, labels=dict(sorted(labels.items())), missing=tuple(missing))


def _numbers(words: list[str]) -> Scale | None:
    """A scale of whole numbers; numbers that lie apart and are usual codes count as codes."""
    if not all(re.fullmatch(r"-?\d{1,3}", word) for word in words):
        return None
    codes = sorted(set(words) & CODES, key=int)
    answers = sorted(set(map(int, words)) - set(map(int, codes)))
    if answers and "9" in codes and answers[-1] >= 8:  # an answer from 1 to 9 or 10, as its neighbours are there
        codes.remove("9")
        answers = sorted({*answers, 9})
    missing = tuple(codes)
    if not answers or answers[0] < 0 or len(answers) + len(missing) > MOST_ANSWERS or answers[-1] > 10:
        return None
    low, high = _ends(answers)
    return Scale(kind="numbers", low=low, high=high, missing=missing, is_whole=_is_whole(answers, low, high))


USUAL_ENDS = (5, 7, 10)


def _ends(answers: list[int]) -> tuple[int, int]:
    """From 1, or 0 where that was answered, to the highest answer; to 5 at least, where hardly any can be missing.

    An answer that nobody chose in any question of a family is rarer than a scale of four or six.
    """
    low, high = answers[0], answers[-1]
    if low == 0:
        return (0, 1) if high == 1 else (0, 10) if high > 6 else (0, high)
    return (1, high) if high > 3 else (1, 5)


def _is_whole(answers: list[int], low: int, high: int) -> bool:
    """Whether the file shows every answer of a usual scale; of another one, its ends are asked."""
    return len(answers) == high - low + 1 and (low == 0 or high in USUAL_ENDS)


def _numbered(words: list[str]) -> Scale | None:
    """A scale whose labels have their numbers: "5 - Strongly agree", "Agree (6)"."""
    labels: dict[int, str] = {}
    numbers, missing = [], []
    for word in words:
        match = _NUMBERED.match(word)
        if word.isdigit():
            numbers.append(int(word))
        elif fold_label(word) in NO_ANSWER:
            missing.append(word)
        elif match is None:
            return None
        else:
            number, label = int(match.group(1) or match.group(4)), (match.group(2) or match.group(3)).strip()
            if labels.setdefault(number, label) != label:
                return None
    if len(labels) < 2:
        return None
    numbers = sorted({*numbers, *labels})
    low, high = _ends(numbers)
    return Scale(
        kind="numbered", low=low, high=high, labels=dict(sorted(labels.items())), missing=tuple(missing),
        is_whole=_is_whole(numbers, low, high),
    )  # fmt: skip


def _in_words(words: list[str]) -> Scale | None:
    """A scale whose words are usual ones."""
    missing = tuple(word for word in words if fold_label(word) in NO_ANSWER)
    found = ordered([word for word in words if word not in missing])
    if found is None:
        return None
    row, labels, is_whole = found
    low = 0 if len(labels) == 2 else 1
    numbered = dict(enumerate(labels, start=low))
    high = low + len(labels) - 1
    return Scale(kind=f"words {row}", low=low, high=high, labels=numbered, missing=missing, is_whole=is_whole)


def _coded(words: list[str]) -> Scale | None:
    """A scale of LimeSurvey's codes."""
    numbers = limesurvey.numbered(words)
    if len(numbers) < 2:
        return None
    given = sorted(map(int, numbers.values()))
    low, high = _ends(given)
    template = next(iter(numbers))
    start = template[: len(template) - len(numbers[template])]
    codes = {f"{start}{number}": number for number in range(low, high + 1)}
    return Scale(kind="codes", low=low, high=high, codes=codes, is_whole=_is_whole(given, low, high))
