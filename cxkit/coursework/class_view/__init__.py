"""How did the class as a whole do, which questions misbehave, and which submissions resemble each other?"""

from cxkit.coursework.class_view.evidence import data_reuse
from cxkit.coursework.class_view.items import ClassStatistics, ItemStatistics, class_statistics
from cxkit.coursework.class_view.page import class_html
from cxkit.coursework.class_view.rules import RULES, Finding, misbehaving

__all__ = [
    "RULES",
    "ClassStatistics",
    "Finding",
    "ItemStatistics",
    "class_html",
    "class_statistics",
    "data_reuse",
    "misbehaving",
]
