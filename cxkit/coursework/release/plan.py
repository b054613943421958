"""Who gets which data of an assignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.data_variants import student_seed
from cxkit.coursework.people.roster import Roster
from cxkit.errors import AssignmentError

TRIED = 2
"""Students whose own data the model answer is tried on."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Who gets which data.

    Attributes
    ----------
    seeds : mapping or None
        From student to the seed of the own data (None: the common data); None: one folder for all.
    deadline : datetime or None
    """

    seeds: Mapping[str, int | None] | None = None
    deadline: datetime | None = None

    @property
    def own_seeds(self) -> dict[str, int]:
        """Only those of students with data of their own."""
        return {student: seed for student, seed in (self.seeds or {}).items() if seed is not None}

    def tried(self, *, every_student: bool) -> list[int | None]:
        """Data on which the model answer is tried: the common ones, and those of the first students, or of all."""
        own = list(self.own_seeds.values())
        return [None, *(own if every_student else own[:TRIED])]


def plan_for(
    assignment: Assignment,
    *,
    roster: Roster | None,
    common: bool,
    secret: str | None,
    deadline: datetime | None = None,
) -> Plan:
    """Who gets which data?

    Raises
    ------
    AssignmentError
        If it is not clear: the data vary, and neither a roster nor `common` is given.
    """
    if roster is None:
        if assignment.varies and not common:
            raise AssignmentError(
                f"The data of '{assignment.id}' vary from student to student. Give the class with --roster "
                "roster.csv, or say --common for one data set that all share."
            )
        return Plan(deadline=deadline)
    if common or not assignment.varies:
        return Plan(seeds={student.id: None for student in roster}, deadline=deadline)
    if secret is None:
        raise AssignmentError("Own data for every student need the course's secret.")
    return Plan(
        seeds={student.id: student_seed(secret, assignment.id, student.id) for student in roster}, deadline=deadline
    )
