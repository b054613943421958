"""Whose same notebook has fewer points than before, told once, also where the command was interrupted meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cxkit.coursework.marks.data import SubmissionMarks, marks_from_data
from cxkit.running.jobs.journal import Journal

Fall = tuple[str, float, float]
"""A student, and the points before and now."""
_TOLD = " told"
"""In the journal: no student's id begins with a space."""


class Falls:
    """The falls that a journal of marks knows of and nobody has been told.

    Parameters
    ----------
    journal : Journal
        Each student's line holds, as `fell`, the points from which they fell.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def before(self, earlier: SubmissionMarks | None, now: SubmissionMarks) -> float | None:
        """The points that the same notebook fell from; None if it did not, or another one was handed in."""
        if earlier is None or earlier.submission_sha256 != now.submission_sha256:
            return None
        untold = {student: before for student, before, _ in self.untold([now.student])}
        most = max(earlier.points, untold.get(now.student, 0.0))
        return most if now.points < most - 1e-9 else None

    def untold(self, students: Iterable[str]) -> list[Fall]:
        """Those of these students, in the order of their ids."""
        told: Mapping[str, Any] = self.journal.finished.get(_TOLD, {})
        found = []
        for student in sorted(students):
            line = self.journal.finished.get(student)
            if line is not None and line.get("fell") is not None and told.get(student) != line["state"]:
                found.append((student, line["fell"], marks_from_data(line["marks"]).points))
        return found

    def tell(self, students: Iterable[str]) -> list[Fall]:
        """The same, of whom nobody need be told again."""
        falls = self.untold(students)
        states = {student: self.journal.finished[student]["state"] for student, _, _ in falls}
        if states:
            self.journal.record(_TOLD, {**self.journal.finished.get(_TOLD, {}), **states})
        return falls
