"""Releases an assignment: built aside, proved, and only then put where students get it from."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cxkit
from cxkit.coursework.assignment import Assignment
from cxkit.coursework.data_variants import student_seed
from cxkit.coursework.release.folders import new_folder, notebook_bytes, write_folders
from cxkit.coursework.release.proof import Mark, Proof, fingerprint, marking_checks
from cxkit.coursework.release.record import Released, check_released, write_released
from cxkit.coursework.release.secrecy import secrecy_checks
from cxkit.coursework.roster import Roster
from cxkit.errors import AssignmentError, counted

TRIED = 2
"""Students whose own data the model answer is tried on."""

OnStep = Callable[[str], object]


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
    varies = any(file.vary == "rows" for file in assignment.files)
    if roster is None:
        if varies and not common:
            raise AssignmentError(
                f"The data of '{assignment.id}' vary from student to student. Give the class with --roster "
                "roster.csv, or say --common for one data set that all share."
            )
        return Plan(deadline=deadline)
    if common or not varies:
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
    mark: Mark,
    *,
    every_student: bool = False,
    on_step: OnStep | None = None,
) -> Proof:
    """Does the assignment hold what it promises?

    Parameters
    ----------
    assignment : Assignment
    plan : Plan
    built : Path
        The release as it was built.
    mark : callable
        Marks one notebook.
    every_student : bool
        Try the model answer on the data of every student, not only of the first few.
    on_step : callable, optional
        Is told what was checked, as it comes.
    """
    checks = secrecy_checks(assignment, built)
    own = list(plan.own_seeds.values())
    seeds: list[int | None] = [None, *(own if every_student else own[:TRIED])]
    protection = ""
    for check, marks in marking_checks(assignment, mark, seeds):
        checks.append(check)
        protection = marks.protection or protection
        if on_step is not None:
            on_step(check.what)
    return Proof(
        assignment=assignment.id,
        fingerprint=fingerprint(assignment),
        checks=tuple(checks),
        protection=protection,
        version=cxkit.__version__,
    )


def check_only(
    assignment: Assignment, plan: Plan, mark: Mark, *, every_student: bool = False, on_step: OnStep | None = None
) -> Proof:
    """The same proof without a release: everything is built in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="cxkit-release-") as folder:
        write_folders(Path(folder), assignment, plan.seeds, plan.deadline)
        return prove(assignment, plan, Path(folder), mark, every_student=every_student, on_step=on_step)


def release(
    assignment: Assignment,
    plan: Plan,
    output: Path,
    mark: Mark,
    *,
    replace: bool = False,
    every_student: bool = False,
    on_step: OnStep | None = None,
) -> tuple[Path, Proof]:
    """Build, prove, and put into `output/ID`; nothing is there before the proof holds.

    Parameters
    ----------
    assignment, plan, mark, every_student, on_step
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
        seeds=plan.own_seeds,
    )
    check_released(assignment, released)
    with new_folder(target, replace=replace) as built:
        write_folders(built, assignment, plan.seeds, plan.deadline)
        proof = prove(assignment, plan, built, mark, every_student=every_student, on_step=on_step)
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
