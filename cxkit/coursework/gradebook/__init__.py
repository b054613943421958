"""Which marks were given, by whom, when and why, and what do they come to?"""

from cxkit.coursework.gradebook.book import Gradebook, Recorded
from cxkit.coursework.gradebook.grades import AssignmentSettings, CoursePolicy, Grade, Total
from cxkit.coursework.gradebook.store import Entry

__all__ = ["AssignmentSettings", "CoursePolicy", "Entry", "Grade", "Gradebook", "Recorded", "Total"]
