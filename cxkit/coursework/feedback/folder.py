"""The feedback pages of a whole class as a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.feedback.content import feedback_content
from cxkit.coursework.feedback.data import Decision, Deduction
from cxkit.coursework.feedback.page import feedback_html
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.coursework.marks.folder import safe_name, write_if_changed
from cxkit.coursework.marks.written import WrittenResult

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment


def write_feedback(
    folder: str | Path,
    assignment: Assignment,
    marks: Iterable[SubmissionMarks],
    *,
    names: Mapping[str, str] | None = None,
    written: Mapping[str, Iterable[WrittenResult]] | None = None,
    deductions: Mapping[str, Iterable[Deduction]] | None = None,
    decisions: Mapping[str, Decision] | None = None,
    prompts: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Write one page for each student, `STUDENT.html`.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    assignment : Assignment
    marks : iterable of SubmissionMarks
    names, written, deductions, decisions : mapping, optional
        By student's id; see `feedback_content`.
    prompts : mapping, optional
        By question; from `question_prompts`.

    Returns
    -------
    tuple of Path
        One for each of `marks`. A page that has not changed is left alone, with its time.

    Raises
    ------
    MarkingError
        See `feedback_content`. Every page is made before the first is written.
    """
    pages = [
        (
            Path(folder) / f"{safe_name(one.student)}.html",
            feedback_html(
                feedback_content(
                    assignment,
                    one,
                    name=(names or {}).get(one.student, ""),
                    written=(written or {}).get(one.student, ()),
                    deductions=(deductions or {}).get(one.student, ()),
                    decision=(decisions or {}).get(one.student),
                    prompts=prompts,
                )
            ),
        )
        for one in marks
    ]
    return tuple(write_if_changed(path, html) for path, html in pages)
