"""Written answers as people have marked them, and how they join the marks that a machine gave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cxkit.coursework.marks.data import Outcome, QuestionMark, SubmissionMarks
from cxkit.errors import MarkingError

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment, Question


@dataclass(frozen=True, kw_only=True)
class CriterionResult:
    """What a marker gave on one criterion of the rubric, the level in words, and a comment."""

    criterion: str
    points: float
    level: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class WrittenResult:
    """A written answer as a person has marked it.

    Attributes
    ----------
    question : str
    criteria : tuple of CriterionResult
        In any order.
    comment : str
        On the whole answer.
    text : str
        What the student wrote, so that the comment can be read beside it.
    """

    question: str
    criteria: tuple[CriterionResult, ...]
    comment: str = ""
    text: str = ""

    @property
    def points(self) -> float:
        """Over all criteria."""
        return sum(one.points for one in self.criteria)


def check_result(question: Question, result: WrittenResult) -> None:
    """Does this mark fit the rubric?

    Raises
    ------
    MarkingError
        If it names criteria that the rubric does not have, one of them twice, or more points than there are.
    """
    rubric = {criterion.id: criterion for criterion in question.rubric}
    names = [one.criterion for one in result.criteria]
    where = f"A written mark of question '{question.id}'"
    for one in result.criteria:
        if one.criterion not in rubric:
            raise MarkingError(
                f"{where} is for the criterion '{one.criterion}', which its rubric does not have. "
                "Write a new marking sheet from the assignment."
            )
        if names.count(one.criterion) > 1:
            raise MarkingError(f"{where} has the criterion '{one.criterion}' twice. Correct it in the marking sheet.")
        if not 0 <= one.points <= rubric[one.criterion].points:
            raise MarkingError(
                f"{where} gives {one.points:g} points for '{one.criterion}', which has 0 to "
                f"{rubric[one.criterion].points:g}. Correct it in the marking sheet."
            )


def is_complete(question: Question, result: WrittenResult) -> bool:
    """Whether every criterion has its points: until then the answer waits."""
    return {criterion.id for criterion in question.rubric} == {one.criterion for one in result.criteria}


def outcome_of(points: float, out_of: float) -> Outcome:
    """Points in one word."""
    return "right" if points >= out_of - 1e-9 else "partly" if points > 0 else "wrong"


def with_written(assignment: Assignment, marks: SubmissionMarks, results: Iterable[WrittenResult]) -> SubmissionMarks:
    """The marks with written answers in them.

    Parameters
    ----------
    assignment : Assignment
    marks : SubmissionMarks
    results : iterable of WrittenResult
        Of this student. One that lacks criteria changes nothing: its answer goes on waiting.

    Returns
    -------
    SubmissionMarks
        Equal to `marks` where there is no result.

    Raises
    ------
    MarkingError
        See `check_result`.
    """
    by_question: dict[str, WrittenResult] = {}
    for result in results:
        check_result(assignment.question(result.question), result)
        by_question[result.question] = result
    return replace(marks, questions=tuple(_joined(assignment, mark, by_question) for mark in marks.questions))


def _joined(assignment: Assignment, mark: QuestionMark, results: dict[str, WrittenResult]) -> QuestionMark:
    result = results.get(mark.question)
    if result is None or not is_complete(assignment.question(mark.question), result):
        return mark
    return replace(mark, points=result.points, outcome=outcome_of(result.points, mark.out_of))
