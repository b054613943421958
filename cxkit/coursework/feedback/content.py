"""What stands on a student's feedback page, as plain data: nothing here knows of html."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cxkit.coursework.feedback.data import (
    CriterionLine,
    Decision,
    Deduction,
    Feedback,
    QuestionFeedback,
)
from cxkit.coursework.feedback.marked import how_marked
from cxkit.coursework.marks.data import AnswerCheck, Outcome, QuestionMark, SubmissionMarks
from cxkit.coursework.marks.written import WrittenResult, check_result, is_complete, outcome_of
from cxkit.coursework.page.words import plain_text, without_pictures
from cxkit.errors import MarkingError

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment, Question


LONGEST_TEXT = 20_000
"""Characters of a written answer that are shown."""

_NOTHING_RUN = ("refused", "undecided")


def feedback_content(
    assignment: Assignment,
    marks: SubmissionMarks,
    *,
    name: str = "",
    written: Iterable[WrittenResult] = (),
    deductions: Iterable[Deduction] = (),
    decision: Decision | None = None,
    prompts: Mapping[str, str] | None = None,
) -> Feedback:
    """What stands on this student's page?

    Parameters
    ----------
    assignment : Assignment
    marks : SubmissionMarks
        The student's marks in this assignment.
    name : str
        As people write it; else the id stands there.
    written : iterable of WrittenResult
        Written answers that a person has marked; they take the place of the mark that waits.
    deductions : iterable of Deduction
        For lateness and the like, in the order in which they are to be read.
    decision : Decision, optional
        Set by a person; it counts instead of what was earned.
    prompts : mapping, optional
        What the notebook said about each question, as safe html: `question_prompts` makes it.

    Returns
    -------
    Feedback
        Nothing in it but this student's own, and no value from held-out data: those are not in the marks.

    Raises
    ------
    MarkingError
        If the marks are of another assignment, name unknown questions, or a written mark exceeds its criterion.
    """
    _refuse_other_assignment(assignment, marks)
    own = {mark.question: mark for mark in marks.questions}
    by_question = {result.question: result for result in written}
    refusal = _refusal(marks)
    questions = tuple(
        _question(
            question,
            own.get(question.id) or _not_asked(question, marks),
            by_question.get(question.id),
            prompt=(prompts or {}).get(question.id, ""),
            said=refusal,
        )
        for question in assignment.questions
    )
    return Feedback(
        student=marks.student,
        name=plain_text(name or marks.student, 200),
        assignment=assignment.id,
        title=assignment.title,
        questions=questions,
        deductions=tuple(Deduction(points=one.points, reason=plain_text(one.reason)) for one in deductions),
        decision=None if decision is None else replace(decision, reason=plain_text(decision.reason)),
        submission_sha256=marks.submission_sha256,
        source="" if refusal else plain_text(marks.source, 200),
        refusal=refusal,
        causes=tuple(plain_text(cause) for cause in marks.causes),
        how=how_marked(assignment, marks, questions, refusal),
        synthetic=marks.source.startswith("synthetic"),
    )


def _refuse_other_assignment(assignment: Assignment, marks: SubmissionMarks) -> None:
    if marks.assignment != assignment.id:
        raise MarkingError(
            f"The marks of '{marks.student}' are of assignment '{marks.assignment}', not of '{assignment.id}'. "
            "Name the folder of the assignment that was marked."
        )
    known = {question.id for question in assignment.questions}
    if unknown := sorted({mark.question for mark in marks.questions} - known):
        raise MarkingError(
            f"The marks of '{marks.student}' hold the question '{unknown[0]}', which '{assignment.id}' does not have. "
            "Mark again with the assignment as it is now."
        )


def _not_asked(question: Question, marks: SubmissionMarks) -> QuestionMark:
    """A question that is not in the marks: of nothing handed in, or from before it was in the assignment."""
    said = (
        ("This question was not in the assignment when your notebook was marked.",) if marks.submission_sha256 else ()
    )
    outcome: Outcome = "refused" if said else "missing"
    return QuestionMark(question=question.id, points=0, out_of=question.points, outcome=outcome, feedback=said)


def _refusal(marks: SubmissionMarks) -> str:
    """Why nothing was marked, in one sentence for the whole page."""
    if marks.submission_sha256 and any(mark.outcome not in _NOTHING_RUN for mark in marks.questions):
        return ""
    said = [sentence for mark in marks.questions if mark.outcome in _NOTHING_RUN for sentence in mark.feedback]
    return plain_text(said[0], 2_000) if said else "Nothing was handed in."


def _question(
    question: Question, mark: QuestionMark, result: WrittenResult | None, *, prompt: str, said: str
) -> QuestionFeedback:
    points, outcome = mark.points, mark.outcome
    criteria: tuple[CriterionLine, ...] = ()
    if question.kind == "written" and mark.out_of == question.points:  # else the rubric is another one by now
        criteria = _criteria(question, result)
    if result is not None and is_complete(question, result):
        points, outcome = result.points, outcome_of(result.points, mark.out_of)
    # What to read, and why nothing was marked, stand on the page in places of their own.
    elsewhere = {"", said, f"Read: {question.read}."}
    comment = (plain_text(result.comment, 4_000),) if result is not None and result.comment.strip() else ()
    return QuestionFeedback(
        id=question.id,
        title=question.title,
        kind=question.kind,
        points=points,
        out_of=mark.out_of,
        outcome=outcome,
        sentences=comment + tuple(text for one in mark.feedback if (text := plain_text(one, 2_000)) not in elsewhere),
        answers=tuple(_shown(answer) for answer in mark.answers),
        criteria=criteria,
        text=plain_text(without_pictures(result.text.strip()), LONGEST_TEXT) if result is not None else "",
        read=question.read,
        prompt=prompt,
    )


def _shown(answer: AnswerCheck) -> AnswerCheck:
    return AnswerCheck(
        name=plain_text(answer.name, 100),
        outcome=answer.outcome,
        given=plain_text(answer.given),
        asked=plain_text(answer.asked),
        reason=plain_text(answer.reason, 2_000),
    )


def _criteria(question: Question, result: WrittenResult | None) -> tuple[CriterionLine, ...]:
    if result is not None:
        check_result(question, result)
    given = (
        {one.criterion: one for one in result.criteria} if result is not None and is_complete(question, result) else {}
    )
    lines = []
    for criterion in question.rubric:
        one = given.get(criterion.id)
        lines.append(
            CriterionLine(
                text=criterion.text,
                points=one.points if one else 0.0,
                out_of=criterion.points,
                level=plain_text(one.level) if one else "",
                comment=plain_text(one.comment, 4_000) if one else "",
            )
        )
    return tuple(lines)
