"""What one student handed in, and what there is to do where that is not clear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxkit.coursework.collecting.decisions import DECISIONS_FILE

Status = Literal[
    "collected",
    "late",
    "missing",
    "unreadable",
    "wrong_assignment",
    "two_files",
    "refused",
    "unclear_owner",
    "withdrawn",
]
"""Only `collected` and `late` have a notebook that is run. `withdrawn`: a person decided that nothing counts."""


UNDECIDED: dict[Status, str] = {
    "unreadable": "Your file could not be read as a notebook. Save your notebook in JupyterLab and hand in that file, "
    "which ends in .ipynb, again.",
    "refused": "What you handed in is not a notebook that can be read. Hand in the file in which you worked: its "
    "name ends in .ipynb.",
    "wrong_assignment": "The notebook that you handed in is that of another assignment. Hand in the one of this "
    "assignment.",
    "two_files": "You handed in more than one notebook, and it is not decided yet which one counts.",
    "unclear_owner": "It is not decided yet which file is yours.",
}
"""Something was handed in, and nobody can say yet what it is worth; and what the student is told."""


ASK_AGAIN: tuple[Status, ...] = ("unreadable", "refused", "wrong_assignment")
"""What only the student can mend."""


COLLECTION_FILE = "collection.json"
"""In a folder that `cxkit collect` made: why each student has a notebook there or has none."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
        The id in the roster.
    path : Path or None
        The notebook; None where there is none that counts.
    status : str
        See `Status`.
    late_seconds : float or None
        After the deadline; 0 in time or where that is not known, None if late by a time that the system does not tell.
    late_is_known : bool
        Whether deadline and time are known, or the system says itself that it came late.
    sha256 : str
        Of the notebook; empty where there is none.
    note : str
        For the instructor: why a file does not count, which of several did.
    """

    student: str
    path: Path | None
    status: Status = "collected"
    late_seconds: float | None = 0.0
    late_is_known: bool = True
    sha256: str = ""
    note: str = ""

    @property
    def is_undecided(self) -> bool:
        """Whether something was handed in that a person, or the student, must see to before it can be marked."""
        return self.status in UNDECIDED

    @property
    def for_student(self) -> str:
        """Why there is nothing to mark, for the student: without names of files and questions to the instructor."""
        if self.status == "withdrawn":
            return "It was decided that nothing of what you handed in counts."
        return UNDECIDED.get(self.status, "Nothing was handed in.")


def ask_again(students: Iterable[str]) -> str:
    """What to do about notebooks that only the student can mend."""
    return f"Ask for a notebook again: {', '.join(students)}."


def what_to_do(submissions: Iterable[Submission]) -> list[str]:
    """What the instructor has to do about undecided work, in lines."""
    undecided = [one for one in submissions if one.is_undecided]
    again = [one.student for one in undecided if one.status in ASK_AGAIN]
    choose = [one.student for one in undecided if one.status not in ASK_AGAIN]
    lines = []
    if again:
        lines.append(ask_again(again))
    if choose:
        lines.append(
            f"Decide which file counts: {', '.join(choose)}. cxkit collect --decide STUDENT=FILE, or {DECISIONS_FILE}."
        )
    return lines
