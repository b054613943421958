"""Who was given which data: kept beside the assignment, so that marking finds each student's rows again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cxkit.coursework.assignment.data import Assignment
from cxkit.errors import AssignmentError, counted, reason_of
from cxkit.files import write_atomically

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
        From student to the seed of the own data; None: what the class has in common.
    is_for_all : bool
        Whether the common data were also given out without a class list.
    """

    assignment: str
    notebook_sha256: str
    seeds: Mapping[str, int | None] = field(default_factory=dict)
    is_for_all: bool = False

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
        seeds = {str(student): None if seed is None else int(seed) for student, seed in data["seeds"].items()}
        return Released(
            assignment=data["assignment"],
            notebook_sha256=data["notebook_sha256"],
            seeds=seeds,
            is_for_all=bool(data["is_for_all"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AssignmentError(
            f"{path} cannot be read ({reason_of(error)}): who got which data is not known. Restore it, or release "
            "again with the same roster and secret, which gives everybody the same data."
        ) from None


def with_earlier(assignment: Assignment, released: Released) -> Released:
    """The record of this and all earlier releases, if nobody would be marked on other data than they were given.

    Raises
    ------
    AssignmentError
        If somebody would.
    """
    before = read_released(assignment)
    if before is None:
        return released
    changed = [
        student
        for student, seed in released.seeds.items()
        if (student in before.seeds and before.seeds[student] != seed)
        or (student not in before.seeds and before.is_for_all and seed is not None)
    ]
    if released.is_for_all:
        changed += [student for student, seed in before.seeds.items() if seed is not None]
    if changed:
        raise AssignmentError(
            f"{counted(len(changed), 'student')} got other data in an earlier release, such as {changed[0]}, and would "
            "be marked on data that they do not have. Release as before (own data or --common, the same secret of "
            f"the course); or, if nobody has begun, delete {assignment.folder / FILE_NAME}."
        )
    return replace(
        released,
        seeds={**before.seeds, **released.seeds},
        is_for_all=before.is_for_all or released.is_for_all,
    )


def write_released(assignment: Assignment, released: Released) -> Path:
    """Keep it; students of an earlier release stay in it. Raises as `with_earlier`."""
    data = asdict(with_earlier(assignment, released))
    data["seeds"] = dict(sorted(data["seeds"].items()))
    return write_atomically(assignment.folder / FILE_NAME, json.dumps(data, indent=1) + "\n")
