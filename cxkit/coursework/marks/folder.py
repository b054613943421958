"""Marks as files: one `STUDENT.json` for each student, so that one can be looked at, replaced or sent on alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.marks.data import SubmissionMarks, marks_from_data
from cxkit.errors import MarkingError, Problems, reason_of
from cxkit.files import write_atomically

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment

_FILE_NAME = re.compile(r"[^\W_][\w.@+-]*")


def write_marks(folder: str | Path, marks: Iterable[SubmissionMarks]) -> tuple[Path, ...]:
    """Write marks, one file for each student, each in one step.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; files of other students stay.
    marks : iterable of SubmissionMarks

    Returns
    -------
    tuple of Path
        The same marks give the same bytes; a file that holds them already is left alone.

    Raises
    ------
    MarkingError
        If an id is not fit for a file's name.
    """
    return tuple(_write(Path(folder), one) for one in marks)


def _write(folder: Path, marks: SubmissionMarks) -> Path:
    text = json.dumps(marks.as_data(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return write_if_changed(folder / f"{safe_name(marks.student)}.json", text)


def safe_name(student: str) -> str:
    """The id of a student, if a file may be called so: a roster's ids may.

    Raises
    ------
    MarkingError
        If it could lead out of the folder.
    """
    if not _FILE_NAME.fullmatch(student):
        raise MarkingError(
            f"The id '{student[:80]}' is not fit for a file's name. "
            "Use letters, digits and . _ @ + - in ids of students."
        )
    return student


def write_if_changed(path: Path, text: str) -> Path:
    """Write the file in one step, unless it holds these very bytes already."""
    if not (path.is_file() and path.read_bytes() == text.encode("utf-8")):
        write_atomically(path, text)
    return path


def earlier_marks(folder: str | Path, assignment: Assignment, student: str) -> SubmissionMarks | None:
    """The marks of a submission that a folder holds of this student.

    None where there are none, or they are of nothing that was handed in. Marks by other questions or points are earned
    as well: `points_notes` tells of them.
    """
    file = Path(folder) / f"{safe_name(student)}.json"
    try:
        marks = marks_from_data(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    is_of_this = (marks.student, marks.assignment) == (student, assignment.id)
    return marks if is_of_this and marks.submission_sha256 else None


def read_marks(folder: str | Path, assignment: str) -> tuple[SubmissionMarks, ...]:
    """Which marks were given in this assignment?

    Parameters
    ----------
    folder : str or Path
        With `STUDENT.json` files, as `write_marks` makes them.
    assignment : str
        The id that all of them must have.

    Returns
    -------
    tuple of SubmissionMarks
        In the order of the students' ids.

    Raises
    ------
    MarkingError
        All problems at once: no marks, files that hold none, another assignment, a student twice.
    """
    folder = Path(folder)
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise MarkingError(f"There are no marks in {folder}. Mark the submissions first: cxkit mark.")
    problems = Problems(str(folder))
    found: dict[str, tuple[str, SubmissionMarks]] = {}
    for file in files:
        try:
            marks = marks_from_data(json.loads(file.read_text(encoding="utf-8")))
            safe_name(marks.student)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            problems.add(f"{file.name} does not hold marks: {reason_of(error)}")
            continue
        except MarkingError as error:
            problems.add(f"{file.name}: {error}")
            continue
        if marks.assignment != assignment:
            problems.add(f"{file.name} is of assignment '{marks.assignment}', not of '{assignment}'")
        elif marks.student in found:
            problems.add(f"{file.name} and {found[marks.student][0]} are both of student '{marks.student}'")
        else:
            found[marks.student] = (file.name, marks)
    if problems:
        problems.raise_as(MarkingError)
    return tuple(marks for _, (_, marks) in sorted(found.items()))
