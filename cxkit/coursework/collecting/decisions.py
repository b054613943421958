"""What a person has decided, kept in `decisions.toml`: which file of a student counts, and who has more time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cxkit.coursework.assignment.toml_tables import read_toml
from cxkit.errors import AssignmentError, MarkingError
from cxkit.files import write_atomically

DECISIONS_FILE = "decisions.toml"
NOTHING = "nothing"
"""In place of a file: nothing of what the student handed in counts."""
_ABOUT = """\
# Which file of a student counts, where that was not clear: STUDENT = "the file's name as cxkit collect shows it",
# or "nothing" if none does.
"""
_ABOUT_DUE = "# Students with a deadline of their own, whatever --due says: STUDENT = the time.\n"


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Student to the file that counts, and student to an own deadline."""

    files: Mapping[str, str] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)


def read_decisions(folder: str | Path) -> Decisions:
    """What was decided in a folder of submissions; empty if nothing was.

    Raises
    ------
    MarkingError
        If the file is damaged or holds something else.
    """
    path = Path(folder) / DECISIONS_FILE
    if not path.is_file():
        return Decisions()
    try:
        told = read_toml(path)
    except AssignmentError as error:
        raise MarkingError(str(error)) from None
    files, due = told.get("files", {}), told.get("due", {})
    if not isinstance(files, dict) or not all(isinstance(name, str) for name in files.values()):
        raise MarkingError(f'{path}: below [files] each line must be STUDENT = "FILE" or STUDENT = "{NOTHING}".')
    if not isinstance(due, dict) or not all(isinstance(time, datetime) for time in due.values()):
        raise MarkingError(
            f"{path}: below [due] each line must be STUDENT = a time, such as 2026-03-01T23:59:00+01:00."
        )
    return Decisions(files=files, due={student: time.astimezone(time.tzinfo) for student, time in due.items()})


def write_decisions(folder: str | Path, decisions: Decisions) -> Path:
    """Keep them, in the order of the students' ids."""
    # A basic string of TOML is written as one of JSON is; ASCII, since a stranger's name may hold half a character.
    lines = [f"{json.dumps(student)} = {json.dumps(_whole(file))}" for student, file in sorted(decisions.files.items())]
    text = "\n".join([f"{_ABOUT}[files]", *lines]) + "\n"
    if decisions.due:
        own = [f"{json.dumps(student)} = {time.isoformat()}" for student, time in sorted(decisions.due.items())]
        text += "\n".join([f"\n{_ABOUT_DUE}[due]", *own]) + "\n"
    return write_atomically(Path(folder) / DECISIONS_FILE, text)


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
