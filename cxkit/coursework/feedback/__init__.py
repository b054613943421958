"""What did I get, how far was I, why, and where do I read on? One page for each student."""

from cxkit.coursework.feedback.content import CriterionResult, Deduction, Feedback, WrittenResult, feedback_content
from cxkit.coursework.feedback.folder import write_feedback
from cxkit.coursework.feedback.page import feedback_html

__all__ = [
    "CriterionResult",
    "Deduction",
    "Feedback",
    "WrittenResult",
    "feedback_content",
    "feedback_html",
    "write_feedback",
]
