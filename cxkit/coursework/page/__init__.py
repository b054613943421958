"""How do pages of the coursework wing look, and how is a stranger's text kept a text in them?"""

from cxkit.coursework.page.rendering import render_page
from cxkit.coursework.page.words import OUTCOME_WORDS, plain_text, points_on_page, share_text

__all__ = ["OUTCOME_WORDS", "plain_text", "points_on_page", "render_page", "share_text"]
