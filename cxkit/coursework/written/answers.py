"""What did each student write? Read from notebooks as text; nothing is run and nothing is shown as html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.marking.lost_metadata import recover
from cxkit.coursework.marking.places import texts_in
from cxkit.coursework.page.words import cut_text
from cxkit.errors import MarkingError, reason_of
from cxkit.running.untrusted import read_json

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment
    from cxkit.coursework.collecting.submission import Submission

LONGEST = 100_000


def written_texts(assignment: Assignment, submissions: Iterable[Submission]) -> dict[str, dict[str, str]]:
    """What was written, by question and student.

    Parameters
    ----------
    assignment : Assignment
    submissions : iterable of Submission
        Those without a notebook are passed over.

    Returns
    -------
    dict of str to dict
        The markdown in the place for the answer and in the student's own cells right below it, without lines that
        were released there; empty where the place is as it was released, or gone.

    Raises
    ------
    MarkingError
        If the assignment has no written question, or a collected notebook cannot be read any more.
    """
    wanted = [question.id for question in assignment.questions if question.kind == "written"]
    if not wanted:
        raise MarkingError(f"The assignment '{assignment.id}' has no written question.")
    released = student_notebook(assignment)["cells"]
    found: dict[str, dict[str, str]] = {question: {} for question in wanted}
    for submission in submissions:
        if submission.path is None:
            continue
        try:
            cells = read_json(submission.path.read_bytes())["cells"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MarkingError(f"{submission.path} cannot be read: {reason_of(error)}. Collect again.") from None
        cells = recover(assignment, released, [cell for cell in cells if isinstance(cell, dict)]).cells
        texts = texts_in(cells, released).by_question
        for question in wanted:
            found[question][submission.student] = _bounded(texts.get(question, ""))
    return found


def _bounded(text: str) -> str:
    """Whole, with pictures, if it can be: what a text is marked under goes by it."""
    return text if len(text) <= LONGEST else cut_text(text, LONGEST)
