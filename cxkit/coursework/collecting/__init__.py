"""Who handed in what, and when? From a folder or a zip to one row for every student of the class."""

from cxkit.coursework.collecting.collection import Collection, read_collection
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.collecting.submissions import collect

__all__ = ["Collection", "Submission", "collect", "read_collection"]
