"""What did each student write? Read from notebooks as text; nothing is run and nothing is shown as html."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.source import is_written, questions_of, student_notebook
from cxkit.coursework.marking.lost_metadata import recover
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
        texts = _texts(cells, released)
        for question in wanted:
            found[question][submission.student] = _bounded(texts.get(question, ""))
    return found


def _bounded(text: str) -> str:
    """Whole, with pictures, if it can be: what a text is marked under goes by it."""
    return text if len(text) <= LONGEST else cut_text(text, LONGEST)


def _texts(cells: Iterable[Any], given: Iterable[Any]) -> dict[str, str]:
    given = list(given)
    released = {_source(cell) for cell in given}
    lines = {key: _source(cell).splitlines() for cell in given if is_written(cell) for key in questions_of(cell)}
    pieces: dict[str, list[str]] = {}
    current: list[str] | None = None
    for cell in cells:
        text = _source(cell)
        own = _questions(cell)
        if own and is_written(cell):
            current = pieces.setdefault(own[0], [])
            text = text if text in released else _without(text, lines.get(own[0], ()))
        elif own or cell.get("cell_type") != "markdown" or text in released:
            current = None
        if current is not None and text not in released and text:
            current.append(text)
    return {question: "\n\n".join(texts) for question, texts in pieces.items()}


def _without(text: str, released: Iterable[str]) -> str:
    """The lines of a text that were not given with its place, such as the question and "Your answer here".

    Each given line takes out one: whoever writes it again means it.
    """
    given = Counter(line.strip() for line in released if line.strip())
    kept = []
    for line in text.splitlines():
        if given[line.strip()] > 0:
            given[line.strip()] -= 1
        else:
            kept.append(line)
    return "\n".join(kept).strip()


def _questions(cell: Mapping[str, Any]) -> list[str]:
    """As declared in the cell, which a student may have changed into anything."""
    try:
        return [str(one) for one in questions_of(cell)]
    except (TypeError, AttributeError, KeyError):
        return []


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    text = "".join(source) if isinstance(source, list) else str(source)
    return text.replace("\0", "").strip()
