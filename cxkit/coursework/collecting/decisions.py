"""What a person has decided where a machine cannot tell which of a student's files counts: kept in `decisions.toml`."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def read_decisions(folder: str | Path) -> dict[str, str]:
    """What was decided in a folder of submissions, by student; empty if nothing was.

    Raises
    ------
    MarkingError
        If the file is damaged or holds something else.
    """
    path = Path(folder) / DECISIONS_FILE
    if not path.is_file():
        return {}
    try:
        files = read_toml(path).get("files", {})
    except AssignmentError as error:
        raise MarkingError(str(error)) from None
    if not isinstance(files, dict) or not all(isinstance(name, str) for name in files.values()):
        raise MarkingError(f'{path}: below [files] each line must be STUDENT = "FILE" or STUDENT = "{NOTHING}".')
    return dict(files)


def write_decisions(folder: str | Path, decisions: Mapping[str, str]) -> Path:
    """Keep them, in the order of the students' ids."""
    # A basic string of TOML is written as one of JSON is; ASCII, since a stranger's name may hold half a character.
    lines = [f"{json.dumps(student)} = {json.dumps(_whole(file))}" for student, file in sorted(decisions.items())]
    return write_atomically(Path(folder) / DECISIONS_FILE, "\n".join([f"{_ABOUT}[files]", *lines]) + "\n")


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
