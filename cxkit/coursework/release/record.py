"""Who was given which data: kept beside the assignment, so that marking finds each student's rows again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cxkit.coursework.assignment import Assignment
from cxkit.errors import AssignmentError, counted
from cxkit.running.files import write_atomically

FILE_NAME = "released.json"


@dataclass(frozen=True, kw_only=True)
class Released:
    """What was given out of an assignment.

    Attributes
    ----------
    assignment : str
        Its id.
    notebook_sha256 : str
        Of the students' notebook.
    seeds : mapping
        From student to the seed of the own data; a student who is not in it has what the class has in common.
    """

    assignment: str
    notebook_sha256: str
    seeds: Mapping[str, int] = field(default_factory=dict)

    def seed_of(self, student: str) -> int | None:
        """The seed of this student's data; None for the common data."""
        return self.seeds.get(student)


def read_released(assignment: Assignment) -> Released | None:
    """What was released of this assignment; None if nothing was.

    Raises
    ------
    AssignmentError
        If the record cannot be read.
    """
    path = assignment.folder / FILE_NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        seeds = {str(student): int(seed) for student, seed in data["seeds"].items()}
        return Released(assignment=data["assignment"], notebook_sha256=data["notebook_sha256"], seeds=seeds)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AssignmentError(
            f"{path} cannot be read ({error}): who got which data is not known. Restore it, or release again "
            "with the same roster and secret, which gives everybody the same data."
        ) from None


def check_released(assignment: Assignment, released: Released) -> dict[str, int]:
    """The seeds of all students who ever got own data, if none of them would get other data now.

    Raises
    ------
    AssignmentError
        If one would.
    """
    before = read_released(assignment)
    earlier = dict(before.seeds) if before else {}
    changed = [student for student, seed in released.seeds.items() if earlier.get(student, seed) != seed]
    if changed:
        raise AssignmentError(
            f"{counted(len(changed), 'student')} got other data in an earlier release, such as {changed[0]}: the "
            f"course's secret has changed. Restore it; or, if nobody has begun, delete {assignment.folder / FILE_NAME}."
        )
    return earlier | dict(released.seeds)


def write_released(assignment: Assignment, released: Released) -> Path:
    """Keep it; students of an earlier release stay in it. Raises as `check_released`."""
    seeds = check_released(assignment, released)
    data = {
        "assignment": released.assignment,
        "notebook_sha256": released.notebook_sha256,
        "seeds": dict(sorted(seeds.items())),
    }
    return write_atomically(assignment.folder / FILE_NAME, json.dumps(data, indent=1) + "\n")
