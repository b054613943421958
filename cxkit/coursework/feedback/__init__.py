"""What did I get, how far was I, why, and where do I read on? One page for each student."""

from cxkit.coursework.feedback.content import feedback_content
from cxkit.coursework.feedback.data import Decision, Deduction, Feedback
from cxkit.coursework.feedback.folder import write_feedback
from cxkit.coursework.feedback.page import feedback_html
from cxkit.coursework.feedback.prompts import question_prompts
from cxkit.coursework.feedback.recorded import Recorded, recorded

__all__ = [
    "Decision",
    "Deduction",
    "Feedback",
    "Recorded",
    "feedback_content",
    "feedback_html",
    "question_prompts",
    "recorded",
    "write_feedback",
]
