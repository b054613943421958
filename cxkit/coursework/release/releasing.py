"""Releases an assignment: built aside, proved, and only then put where students get it from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cxkit
from cxkit.coursework.assignment import Assignment
from cxkit.coursework.data_variants import student_seed
from cxkit.coursework.fingerprint import fingerprint
from cxkit.coursework.release.folders import new_folder, notebook_bytes, write_folders
from cxkit.coursework.release.links import link_checks
from cxkit.coursework.release.proof import Proof
from cxkit.coursework.release.record import Released, with_earlier, write_released
from cxkit.coursework.release.secrecy import secrecy_checks
from cxkit.coursework.release.trying import Judge, try_all
from cxkit.coursework.roster import Roster
from cxkit.errors import AssignmentError, counted
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from cxkit.running.progress import Teller

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


def prove(
    assignment: Assignment,
    plan: Plan,
    built: Path,
    judge: Judge,
    *,
    every_student: bool = False,
    workers: int | None = None,
    teller: Teller | None = None,
) -> Proof:
    """Does the assignment hold what it promises?

    Parameters
    ----------
    assignment : Assignment
    plan : Plan
    built : Path
        The release as it was built.
    judge : Judge
        What marks.
    every_student : bool
        Try the model answer on the data of every student, not only of the first few.
    workers : int, optional
        Notebooks at a time; by default one a core.
    teller : Teller, optional
        Says how far it is.
    """
    seeds = plan.tried(every_student=every_student)
    checks = [*secrecy_checks(assignment, built), *link_checks(assignment)]
    tried, protection = try_all(assignment, judge, seeds, workers=workers, teller=teller)
    return Proof(
        assignment=assignment.id,
        fingerprint=fingerprint(assignment),
        checks=(*checks, *tried),
        protection=protection,
        version=cxkit.__version__,
    )


def check_only(assignment: Assignment, plan: Plan, judge: Judge, **how: Any) -> Proof:
    """The same proof without a release: everything is built in a temporary folder."""
    with own_folder("release-") as folder:
        write_folders(folder, assignment, plan.seeds, plan.deadline)
        return prove(assignment, plan, folder, judge, **how)


def release(
    assignment: Assignment, plan: Plan, output: Path, judge: Judge, *, replace: bool = False, **how: Any
) -> tuple[Path, Proof]:
    """Build, prove, and put into `output/ID`; nothing is there before the proof holds.

    Parameters
    ----------
    assignment, plan, judge, how
        As for `prove`.
    output : Path
        The folder of releases.
    replace : bool
        Whether an earlier release with other files may give way.

    Returns
    -------
    (Path, Proof)
        The release's folder.

    Raises
    ------
    AssignmentError
        If a check does not hold (the proof is kept beside the assignment all the same), if an earlier release would
        change, or if students were given other data before.
    """
    target = Path(output).resolve() / assignment.id
    if target.is_relative_to(assignment.folder):
        raise AssignmentError(f"{target} lies in the assignment's own folder. Give another -o.")
    released = Released(
        assignment=assignment.id,
        notebook_sha256=hashlib.sha256(notebook_bytes(assignment)).hexdigest(),
        seeds=plan.seeds or {},
        is_for_all=plan.seeds is None,
    )
    with_earlier(assignment, released)
    with new_folder(target, replace=replace) as built:
        write_folders(built, assignment, plan.seeds, plan.deadline)
        proof = prove(assignment, plan, built, judge, **how)
        proof.write(assignment.folder)
        if not proof.holds:
            raise AssignmentError(refusal(proof))
        # Before the release is in place: data that somebody has and nobody knows of could not be marked.
        write_released(assignment, released)
    return target, proof


def refusal(proof: Proof) -> str:
    """Why nothing is released."""
    return (
        f"{proof.text}\n"
        f"Nothing was released: {counted(len(proof.failed), 'check')} of {len(proof.checks)} did not hold."
    )
