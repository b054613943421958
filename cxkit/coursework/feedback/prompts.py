"""The questions as they were set: the words of the student's notebook, for the feedback page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.source import is_written, questions_of, student_notebook
from cxkit.running.pages.prose import Prose

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment

_LINK_TO_HEADING = re.compile(r'<a class="anchor".*?</a>', re.DOTALL)
_HEADING = re.compile(r"<(/?)h[1-6]\b[^>]*>")


def question_prompts(assignment: Assignment) -> dict[str, str]:
    """What did the notebook say about each question?

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    dict
        By question, safe html: its own markdown cells, and those between the question before and its first cell.
        Questions about which nothing is said are not in it.
    """
    said: dict[str, list[str]] = {question.id: [] for question in assignment.questions}
    waiting: list[str] = []
    for cell in student_notebook(assignment)["cells"]:
        own = questions_of(cell)
        words = cell["source"] if cell["cell_type"] == "markdown" and not is_written(cell) else ""
        if not own and words:
            waiting.append(words)
        elif own:
            for question in own:
                said.setdefault(question, []).extend([*waiting, words] if words else waiting)
            waiting = []
        elif cell["cell_type"] == "code":
            waiting = []
    return {question: html for question, words in said.items() if (html := _html(assignment, words))}


def _html(assignment: Assignment, words: list[str]) -> str:
    """Safe html whose headings are paragraphs: the page has an order of its own."""
    text = "\n\n".join(filter(str.strip, words))
    if not text:
        return ""
    prose: Any = Prose(folder=assignment.folder, title=assignment.title)
    html = _LINK_TO_HEADING.sub("", prose.html(text))
    return _HEADING.sub(lambda found: "</p>" if found[1] else '<p class="heading">', html).strip()
