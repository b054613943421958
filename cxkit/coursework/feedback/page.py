"""The feedback page as html."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from cxkit.coursework.feedback.data import Feedback
from cxkit.coursework.page import render_page

TEMPLATE = Path(__file__).parent / "template" / "feedback.html.j2"


def feedback_html(feedback: Feedback) -> str:
    """One self-contained page for one student: it loads nothing, reads well on a phone and in print.

    Parameters
    ----------
    feedback : Feedback
        From `feedback_content`.

    Returns
    -------
    str
        The same bytes for the same content. Everything that the student wrote stands there as text; the
        instructor's question is the one part that is html, cleaned of all that could run or load.
    """
    prompts = {question.id: Markup(question.prompt) for question in feedback.questions}
    return render_page(TEMPLATE, page=feedback, prompts=prompts)
