"""What a marker does with written answers, apart from how it looks: where one is, what is chosen, what is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cxkit.coursework.assignment.data import Criterion, Question
from cxkit.coursework.marks.points import points_text
from cxkit.errors import MarkingError


@dataclass(frozen=True, kw_only=True)
class BlindAnswer:
    """A written answer without its author: a code, and what was written."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PanelMark:
    """What one marker gave one answer: points by criterion (those chosen so far) and a comment."""

    points: Mapping[str, float] = field(default_factory=dict)
    comment: str = ""


class PanelSheet(Protocol):
    """What the panel needs of a marking sheet. Every `save` is on disk when it returns, or raises `MarkingError`."""

    def questions(self) -> Sequence[Question]:
        """The written questions."""

    def answers(self, question: str) -> Sequence[BlindAnswer]:
        """The answers to a question, in the blind order."""

    def mark(self, question: str, code: str, marker: str) -> PanelMark | None:
        """What this marker gave this answer so far."""

    def others(self, question: str, code: str, marker: str) -> Mapping[str, PanelMark]:
        """What other markers gave it."""

    def save(self, question: str, code: str, marker: str, mark: PanelMark) -> None:
        """Keep this mark."""

    def bank(self, question: str) -> Sequence[str]:
        """Comments to choose from."""

    def add_to_bank(self, question: str, comment: str) -> None:
        """One more of them."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A step of a criterion: the key to type, its points, and what it looks like."""

    key: str
    points: float
    text: str


_WITH_POINTS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*:\s*(.*)", re.DOTALL)


def levels_of(criterion: Criterion) -> tuple[Level, ...]:
    """The steps of a criterion.

    A level written as `"2: most claims have a number"` is worth 2 points; levels without points share the criterion's
    evenly, and a criterion without levels has one for every whole point. The key is the points where they are single
    digits, else the number of the step from 0.
    """
    texts = criterion.levels or tuple("" for _ in range(int(criterion.points) + 1))
    found = [_WITH_POINTS.fullmatch(text) for text in texts]
    if all(found) and criterion.levels:
        steps = [(float(one[1]), one[2].strip()) for one in found if one]
    else:
        top = max(1, len(texts) - 1)
        steps = [(round(criterion.points * n / top, 2), text) for n, text in enumerate(texts)]
    digits = all(points == int(points) and points < 10 for points, _ in steps)
    return tuple(
        Level(key=str(int(points)) if digits else str(n), points=points, text=text)
        for n, (points, text) in enumerate(steps)
    )


class MarkingRound:
    """One marker going through the answers to one question.

    Parameters
    ----------
    sheet : PanelSheet
    marker : str
        Who marks: kept with every mark.
    question : str, optional
        Its id; the first written question if not given.

    Raises
    ------
    MarkingError
        If there is nothing to mark, no marker, or no such question.
    """

    def __init__(self, sheet: PanelSheet, marker: str, question: str | None = None) -> None:
        self.sheet, self.marker = sheet, marker.strip()
        if not self.marker:
            raise MarkingError("Say who marks, such as marker='A. Example': every mark is kept with its marker.")
        self._questions = {one.id: one for one in sheet.questions() if one.rubric}
        if not self._questions:
            raise MarkingError("There is no written question with a rubric in this sheet.")
        self.open_question(question or next(iter(self._questions)))

    def open_question(self, question: str) -> None:
        """Go to another question, and there to the first answer that is not marked."""
        if question not in self._questions:
            raise MarkingError(f"There is no written question '{question}'. Known: {', '.join(self._questions)}.")
        self.question = self._questions[question]
        self.answers = tuple(self.sheet.answers(question))
        self.levels = {criterion.id: levels_of(criterion) for criterion in self.question.rubric}
        self.place = 0
        if self.answers and self.complete():
            self.go_to_unmarked()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The written questions."""
        return tuple(self._questions.values())

    @property
    def answer(self) -> BlindAnswer | None:
        """The answer that is shown."""
        return self.answers[self.place] if self.answers else None

    @property
    def mark(self) -> PanelMark:
        """What this marker gave it so far."""
        return self._mark_at(self.place)

    def _mark_at(self, place: int) -> PanelMark:
        if not self.answers:
            return PanelMark()
        return self.sheet.mark(self.question.id, self.answers[place].code, self.marker) or PanelMark()

    def complete(self, place: int | None = None) -> bool:
        """Whether every criterion has its points."""
        return self.levels.keys() <= self._mark_at(self.place if place is None else place).points.keys()

    @property
    def marked(self) -> int:
        """How many answers to this question have all their points."""
        return sum(map(self.complete, range(len(self.answers))))

    @property
    def total(self) -> float:
        """Points of the answer that is shown, so far."""
        return sum(self.mark.points.values())

    def choose(self, criterion: str, points: float) -> None:
        """Give points on a criterion; saved at once.

        Raises
        ------
        MarkingError
            If the criterion has no level of so many points.
        """
        if points not in {level.points for level in self.levels.get(criterion, ())}:
            raise MarkingError(f"'{criterion}' has no level of {points_text(points)} points.")
        self._save(PanelMark(points={**self.mark.points, criterion: points}, comment=self.mark.comment))

    def comment(self, text: str, was: str | None = None) -> None:
        """Set the comment; saved at once, unless it is the same.

        `was` is what the marker saw before changing it. If the sheet has something else by now, from another window or
        a file, both are kept, one below the other.
        """
        now = self.mark.comment
        if was is not None and now not in {was, text}:
            text = f"{now}\n{text}".strip()
        if text != now:
            self._save(PanelMark(points=self.mark.points, comment=text))

    def add_comment(self, text: str) -> None:
        """Add a line to the comment, unless it is there already."""
        lines = self.mark.comment.splitlines()
        if text not in lines:
            self.comment("\n".join([*lines, text]))

    def _save(self, mark: PanelMark) -> None:
        if self.answer is not None:
            self.sheet.save(self.question.id, self.answer.code, self.marker, mark)

    def bank(self) -> tuple[str, ...]:
        """Comments to choose from."""
        return tuple(self.sheet.bank(self.question.id))

    def keep_comment(self) -> bool:
        """Put the comment into the bank; whether it was new there."""
        text = self.mark.comment.strip()
        if not text or text in self.bank():
            return False
        self.sheet.add_to_bank(self.question.id, text)
        return True

    def go(self, steps: int) -> None:
        """Some answers on or back; stops at both ends."""
        self.place = max(0, min(len(self.answers) - 1, self.place + steps)) if self.answers else 0

    def go_to_unmarked(self) -> bool:
        """The next answer that lacks points, round the end; False if there is none."""
        for step in range(1, len(self.answers) + 1):
            place = (self.place + step) % len(self.answers)
            if not self.complete(place):
                self.place = place
                return True
        return False

    def others(self) -> dict[str, PanelMark]:
        """What other markers gave: shown only once the own mark is complete, so that it is independent."""
        if self.answer is None or not self.complete():
            return {}
        return dict(self.sheet.others(self.question.id, self.answer.code, self.marker))

    def type_keys(self, text: str) -> None:
        """Carry out what was typed: a key for each criterion in order, then `c1`, `c2` for comments of the bank.

        `"31-"` gives the third level on the first criterion and so on; `-` leaves a criterion as it is.

        Raises
        ------
        MarkingError
            If something in it means nothing here; then nothing is changed.
        """
        points: dict[str, float] = {}
        comments: list[str] = []
        for word in text.lower().split():
            if re.fullmatch(r"c\d+", word):
                comments.append(self._bank_comment(int(word[1:])))
            elif len(word) > len(self.levels):
                raise MarkingError(f"'{word}' has {len(word)} keys, the rubric {len(self.levels)} criteria.")
            else:
                points |= self._keys(word)
        for criterion, value in points.items():
            self.choose(criterion, value)
        for comment in comments:
            self.add_comment(comment)

    def _keys(self, word: str) -> dict[str, float]:
        points: dict[str, float] = {}
        for key, (criterion, levels) in zip(word, self.levels.items(), strict=False):
            if key == "-":
                continue
            level = next((one for one in levels if one.key == key), None)
            if level is None:
                keys = ", ".join(one.key for one in levels)
                raise MarkingError(f"'{key}' is no level of the criterion '{criterion}': {keys}.")
            points[criterion] = level.points
        return points

    def _bank_comment(self, number: int) -> str:
        bank = self.bank()
        if not 1 <= number <= len(bank):
            raise MarkingError(f"There is no comment c{number} in the bank; it has {len(bank)}.")
        return bank[number - 1]
