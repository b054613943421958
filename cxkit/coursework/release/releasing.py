"""Releases an assignment: built aside, proved, and only then put where students get it from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cxkit
from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.released import Released, with_earlier, write_released
from cxkit.coursework.marking.fingerprint import fingerprint
from cxkit.coursework.release.folders import new_folder, notebook_bytes, write_folders
from cxkit.coursework.release.links import link_checks
from cxkit.coursework.release.plan import Plan
from cxkit.coursework.release.proof import Proof
from cxkit.coursework.release.secrecy import secrecy_checks
from cxkit.coursework.release.trying import Judge, try_all
from cxkit.errors import AssignmentError, counted
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from cxkit.running.jobs.progress import Teller


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
