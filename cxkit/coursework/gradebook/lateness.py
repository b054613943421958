"""How late was each submission, and of which is that not known? Lateness belongs to a submission, not to a student."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cxkit.coursework.gradebook.store import Entry
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.errors import counted


def late_seconds_of(entries: Sequence[Entry]) -> dict[tuple[str, str, str], float | None]:
    """How late each submission was when it was last recorded, by assignment, student and version.

    Those recorded while that was not known are not there.
    """
    return {
        (entry.assignment, entry.student, entry.version): entry.detail["late_seconds"]
        for entry in entries
        if entry.kind == "marks" and entry.version and entry.detail.get("late_is_known", True)
    }


def lateness(
    marks: SubmissionMarks,
    now: Mapping[tuple[str, str], float | None],
    before: Mapping[tuple[str, str, str], float | None],
) -> dict[str, Any]:
    """What an entry keeps of lateness: as told now, else as recorded before, else in time and marked as not known."""
    version = marks.submission_sha256
    if not version:
        return {"late_seconds": 0.0}  # nothing was handed in
    if (marks.student, version) in now:
        return {"late_seconds": now[marks.student, version]}
    if (marks.assignment, marks.student, version) in before:
        return {"late_seconds": before[marks.assignment, marks.student, version]}
    return {"late_seconds": 0.0, "late_is_known": False}


def lateness_text(entry: Entry) -> str:
    """How late the submission of marks came, as they were recorded; empty for other entries and where there is none."""
    if entry.kind != "marks" or not entry.version:
        return ""
    if not entry.detail.get("late_is_known", True):
        return "lateness not known"
    seconds = entry.detail["late_seconds"]
    if seconds is None:
        return "late, by a time that is not known"
    if seconds <= 0:
        return "in time"
    # Rounded up, as a day that has begun counts
    days, minutes = divmod(math.ceil(seconds / 60), 24 * 60)
    parts = [counted(days, "day")] if days else []
    parts.append(f"{minutes // 60}:{minutes % 60:02d} h")
    return f"late by {' '.join(parts)}"
