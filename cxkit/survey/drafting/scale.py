"""The scale that the answers of some columns come from, told from their cells and from the labels of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cxkit.survey.answers import CellReader
from cxkit.survey.drafting.numbers import HIGHEST, NumberScale, find_scale, usual_ends
from cxkit.survey.drafting.word_scales import ordered
from cxkit.survey.drafting.wordings import is_no_answer
from cxkit.survey.instrument import AnswerScale
from cxkit.survey.readers import limesurvey

_NUMBER = re.compile(r"-?\d{1,3}")
_NUMBERED = re.compile(
    r"^(\d{1,2}) ?[-–—=:.)] ?(\D.*)$|^(\d{1,2}) ?\((\D[^()]*)\)$|^(\D.*?) ?[\[(](\d{1,2})[\])]$",
)  # "5 - Agree", "5 (agree)", "Agree [5]"
_LEAST_PLAIN = 3
"""With one label alone, so many numbers stand beside it before it is taken for the end of a scale."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scale that some answers come from.

    `kind` says what the cells hold: "numbers", "numbered" labels, "codes", "labels" of the file, or usual words of the
    list `row`.
    """

    kind: str
    low: int
    high: int
    labels: Mapping[int, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)
    row: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What two scales share that can stand in one table."""
        return self.kind, self.low, self.high, tuple(self.labels.values())

    @property
    def is_rating(self) -> bool:
        """Whether there are three answers or more: of two, most are boxes that could be ticked."""
        return self.high - self.low > 1

    def numbers_of(self, cells: Iterable[str]) -> dict[str, float]:
        """The number that each cell is read as; NaN for "no answer" and for what is none on this scale."""
        codes = tuple(float(code) if _NUMBER.fullmatch(code) else code for code in self.missing)
        asked = AnswerScale(
            low=self.low, high=self.high, labels={float(key): label for key, label in self.labels.items()},
            missing_codes=codes, codes={code: float(number) for code, number in self.codes.items()},
        )  # fmt: skip
        reader = CellReader("", asked, codes, decimal_comma=False)
        numbers = {}
        for cell in cells:
            number, _ = reader.meaning(cell)
            numbers[cell] = number if self.low <= number <= self.high and number % 1 == 0 else np.nan
        return numbers


def scale_of(words: list[str], labels: Mapping[str, str]) -> Scale | None:
    """The scale that these answers come from, if they come from one; `labels` are those of the file."""
    if not words:
        return None
    return _of_file(labels, words) or _numbers(words) or _numbered(words) or _in_words(words) or _coded(words)


def _of_file(given: Mapping[str, str], words: list[str]) -> Scale | None:
    """The scale that the value labels of a statistics file give, where they label all answers or the ends."""
    offered = {}
    silent = []
    for value, word in given.items():
        if not _NUMBER.fullmatch(value) or is_no_answer(word):
            silent.append(value)
        else:
            offered[int(value)] = re.sub(rf"^{value}[ .:=)–-]+(?=\D)", "", word)  # "10 very satisfied" of 10
    unlabelled = [word for word in words if word not in given]
    if len(offered) < 2 or not all(map(_NUMBER.fullmatch, unlabelled)):
        return None
    found = find_scale({*offered, *map(int, unlabelled)})
    if found is None:
        return None
    labels = {}
    for number in sorted(offered):
        if number in found.answers:
            labels[number] = offered[number]
        else:
            silent.append(str(number))
    if len(labels) < 2:
        return None
    silent += [word for word in unlabelled if int(word) in found.codes]
    low, high = (min(labels), max(labels)) if not unlabelled else usual_ends(found.answers)
    return Scale(kind="labels", low=low, high=high, labels=labels, missing=tuple(silent))


def _numbers(words: list[str]) -> Scale | None:
    """A scale of whole numbers; numbers that lie apart and are usual codes count as codes."""
    if not all(map(_NUMBER.fullmatch, words)):
        return None
    found = find_scale(set(map(int, words)))
    if found is None:
        return None
    return Scale(kind="numbers", low=found.low, high=found.high, missing=_written(found, words))


def _written(found: NumberScale, words: Iterable[str]) -> tuple[str, ...]:
    """The codes for "no answer" as the cells have them, the lowest first."""
    codes = [word for word in words if _NUMBER.fullmatch(word) and int(word) in found.codes]
    return tuple(sorted(codes, key=int))


def _numbered(words: list[str]) -> Scale | None:
    """A scale whose labels have their numbers, all of them or the ends: "5 - Strongly agree", "Agree (6)"."""
    labels: dict[int, str] = {}
    plain, missing = [], []
    for word in words:
        match = _NUMBERED.match(word)
        if _NUMBER.fullmatch(word):
            plain.append(int(word))
        elif is_no_answer(word):
            missing.append(word)
        elif match is None:
            return None
        else:
            number, label = _number_and_label(match)
            if is_no_answer(label):
                missing.append(word)
            elif labels.setdefault(number, label) != label:
                return None
    if not labels or (len(labels) == 1 and len(plain) < _LEAST_PLAIN):
        return None
    found = find_scale({*plain, *labels})
    if found is None or set(labels) & set(found.codes):
        return None
    return Scale(
        kind="numbered", low=found.low, high=found.high, labels=dict(sorted(labels.items())),
        missing=(*missing, *_written(found, words)),
    )  # fmt: skip


def _number_and_label(match: re.Match[str]) -> tuple[int, str]:
    groups = match.groups()
    if groups[4] is not None:
        return int(groups[5]), groups[4].strip()
    number, label = groups[0:2] if groups[0] is not None else groups[2:4]
    return int(number), label.strip()


def _in_words(words: list[str]) -> Scale | None:
    """A scale whose words are usual ones; beside words, a number above every scale or below zero is a code."""
    missing = []
    for word in words:
        is_code = _NUMBER.fullmatch(word) and not 0 <= int(word) <= HIGHEST
        if is_code or is_no_answer(word):
            missing.append(word)
    found = ordered([word for word in words if word not in missing])
    if found is None:
        return None
    return Scale(
        kind=f"words {found.row}", low=min(found.labels), high=max(found.labels), labels=found.labels,
        missing=tuple(missing), row=found.row,
    )  # fmt: skip


def _coded(words: list[str]) -> Scale | None:
    """A scale of LimeSurvey's codes."""
    numbers = limesurvey.numbered(words)
    if len(numbers) < 2:
        return None
    low, high = usual_ends(list(map(int, numbers.values())))
    codes = {limesurvey.code_of(number, numbers): number for number in range(low, high + 1)}
    return Scale(kind="codes", low=low, high=high, codes=codes)
