"""What the gradebook knows beyond the machine's marks: written answers, lateness, and what a person has set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxkit.coursework.feedback.data import Decision, Deduction
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult, with_written
from cxkit.errors import MarkingError, counted

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment
    from cxkit.coursework.gradebook import Entry, Grade, Gradebook


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """By student: written answers that were marked, points taken off, and what a person has set."""

    written: Mapping[str, tuple[WrittenResult, ...]] = field(default_factory=dict)
    deductions: Mapping[str, tuple[Deduction, ...]] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)


def recorded(book: Gradebook, assignment: Assignment, marks: Iterable[SubmissionMarks]) -> Recorded:
    """What does the gradebook add to these marks?

    Parameters
    ----------
    book : Gradebook
    assignment : Assignment
    marks : iterable of SubmissionMarks
        Those that the pages are about.

    Returns
    -------
    Recorded
        Written marks of these very submissions only. Where another submission of the student counts, that is told as a
        decision.

    Raises
    ------
    MarkingError
        If the gradebook does not hold the assignment or a student's marks, or others than these.
    """
    grades = {grade.student: grade for grade in book.grades(assignment.id)}
    written: dict[str, tuple[WrittenResult, ...]] = {}
    deductions: dict[str, tuple[Deduction, ...]] = {}
    decisions: dict[str, Decision] = {}
    for one in marks:
        history = book.history(assignment.id, one.student)
        if not any(entry.kind == "marks" and entry.version == one.submission_sha256 for entry in history):
            raise MarkingError(
                f"The gradebook {book.path} does not hold the marks of '{one.student}' that the pages are about. "
                "Record them first."
            )
        grade = grades[one.student]
        written[one.student] = _written(history, one)
        decided = _decided(history) or _other_attempt(grade, with_written(assignment, one, written[one.student]).points)
        if decided is not None:
            decisions[one.student] = decided
        elif grade.penalty > 0:
            late = f"{counted(grade.late_days, 'day')} late"
            deductions[one.student] = (Deduction(points=grade.penalty, reason=late),)
    return Recorded(written=written, deductions=deductions, decisions=decisions)


def _written(history: Iterable[Entry], marks: SubmissionMarks) -> tuple[WrittenResult, ...]:
    """The last result of each question; not one given when the question had other points."""
    found: dict[str, Entry] = {}
    out_of = {mark.question: mark.out_of for mark in marks.questions}
    for entry in history:
        if entry.kind == "written" and entry.version == marks.submission_sha256:
            found[entry.question] = entry
    return tuple(_result(entry.detail) for key, entry in found.items() if entry.out_of == out_of.get(key))


def _result(detail: Mapping[str, Any]) -> WrittenResult:
    return WrittenResult(**{**detail, "criteria": tuple(CriterionResult(**one) for one in detail["criteria"])})


def _decided(history: Iterable[Entry]) -> Decision | None:
    """The last decision of a person that was not taken back."""
    last: Entry | None = None
    for entry in history:
        if entry.kind in {"override", "excuse", "lift"}:
            last = None if entry.kind == "lift" else entry
    return None if last is None else Decision(points=last.points, reason=last.reason, out_of=last.out_of)


def _other_attempt(grade: Grade, points: float) -> Decision | None:
    """With several submissions, another one may count."""
    if abs(grade.earned - points) < 1e-6:
        return None
    if grade.attempts > 1:
        return Decision(
            points=grade.points,
            reason="Another of your submissions counts; this page is about the last one.",
            is_by_hand=False,
            out_of=grade.out_of,
        )
    raise MarkingError(
        f"The gradebook has {grade.earned:g} points for '{grade.student}' before lateness, the marks have {points:g}. "
        "Record these marks first."
    )
