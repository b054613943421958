"""How a student's marks came about: of what may be said on a page, only what is so of this student."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cxkit.errors import counted

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment
    from cxkit.coursework.feedback.data import QuestionFeedback
    from cxkit.coursework.marks.data import SubmissionMarks

_JUDGED = ("right", "partly", "wrong")


def how_marked(
    assignment: Assignment, marks: SubmissionMarks, questions: Sequence[QuestionFeedback], refusal: str
) -> tuple[str, ...]:
    """How were these marks made?

    Parameters
    ----------
    assignment : Assignment
    marks : SubmissionMarks
    questions : sequence of QuestionFeedback
        As they stand on the page.
    refusal : str
        Why nothing was marked; empty where something was.

    Returns
    -------
    tuple of str
        Sentences; none where nothing was handed in.
    """
    if refusal:
        return ("Nothing of what you handed in has been run.",) if marks.is_undecided else ()
    written = [question for question in questions if question.kind == "written"]
    return (*_computed(assignment, questions), *_written(written))


def _computed(assignment: Assignment, questions: Sequence[QuestionFeedback]) -> list[str]:
    if all(question.kind == "written" for question in questions):
        return []
    said = ["Your notebook was run with the data that you were given."]
    if assignment.held_out:
        # What leaves nothing on its own data is not run on others
        said.append(
            "If it left an answer there, it was run again with data that you have not seen, so that a result counts "
            "only if the notebook computes it."
        )
    return [*said, "What it left was compared with the answers of a model solution on the same data."]


def _written(questions: Sequence[QuestionFeedback]) -> list[str]:
    """Who marked the written answers, or that nobody has yet."""
    judged = [question for question in questions if question.outcome in _JUDGED]
    waiting = [question for question in questions if question.outcome == "awaiting"]
    criteria = " with the criteria shown" if all(question.criteria for question in [*judged, *waiting]) else ""
    if judged and waiting:
        return [
            f"A person has marked {len(judged)} of {counted(len(judged) + len(waiting), 'written answer')}{criteria}."
        ]
    if judged:
        return [f"A person marked the written {_answers(judged)}{criteria}."]
    return [f"A person will mark the written {_answers(waiting)}{criteria}."] if waiting else []


def _answers(questions: Sequence[QuestionFeedback]) -> str:
    return "answer" if len(questions) == 1 else "answers"
