"""Commands that make and release assignments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command, local_path, moment


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_release(commands)
    _add_import(commands)


def _add_release(commands: Any) -> None:
    parser = add_command(
        commands, "release", release_command, "make what students get, and prove that it marks as declared"
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", type=local_path, help="folder with assignment.toml")
    parser.add_argument("-o", metavar="DIR", dest="output", type=local_path, default=Path("release"),
                        help="folder of releases (default release)")  # fmt: skip
    parser.add_argument(
        "--roster", metavar="CSV", type=local_path, help="class list: a folder and a zip for each student"
    )
    parser.add_argument("--common", action="store_true", help="the same data for all, also where they could vary")
    parser.add_argument("--deadline", metavar="WHEN", type=moment,
                        help="for the instructions, such as 2026-12-04T23:59")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="prove only; write nothing but proof.json")
    parser.add_argument("--replace", action="store_true", help="let an earlier release with other files give way")
    parser.add_argument("--every-student", action="store_true",
                        help="try the model answer on the data of every student, not of the first few")  # fmt: skip
    parser.add_argument("-j", "--jobs", metavar="N", type=int, help="notebooks at a time (default: one a core)")
    parser.add_argument("--accept-no-sandbox", action="store_true",
                        help="run your own notebooks also where this machine offers no sandbox")  # fmt: skip


def _add_import(commands: Any) -> None:
    parser = add_command(
        commands, "import-nbgrader", import_command, "make an assignment from nbgrader's, and list what is left to do"
    )
    parser.add_argument(
        "folder", metavar="FOLDER", type=local_path, help="a course (with source/), an assignment, or a notebook"
    )
    parser.add_argument(
        "-o",
        metavar="DIR",
        dest="output",
        type=local_path,
        required=True,
        help="the new assignment, such as assignments/ID",
    )
    parser.add_argument("--notebook", metavar="NAME", help="which one, if the assignment has several")


def release_command(options: argparse.Namespace) -> int:
    """``cxkit release``: what students get, once every check holds; exit 1 and nothing written if one does not."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.people.roster import read_roster
    from cxkit.coursework.release.plan import plan_for
    from cxkit.coursework.release.releasing import check_only, release
    from cxkit.coursework.release.secret import course_secret
    from cxkit.coursework.release.trying import judge_of, trials_in
    from cxkit.running.jobs.progress import Teller

    assignment = read_assignment(options.assignment)
    roster = read_roster(options.roster) if options.roster else None
    secret = None
    if roster is not None and not options.common and assignment.varies:
        secret, is_new = course_secret(assignment.folder.parent)
        if is_new:
            print(f"A new secret of the course is in {assignment.folder.parent / '.course-secret'}: back it up.")
    # To try an assignment out, nobody needs to be on a roster yet.
    common = options.common or (options.check and roster is None)
    plan = plan_for(assignment, roster=roster, common=common, secret=secret, deadline=options.deadline)
    judge = judge_of(assignment, accept_no_sandbox=options.accept_no_sandbox)
    teller = Teller(trials_in(assignment, judge, plan, every_student=options.every_student), unit="notebook")
    how = {"every_student": options.every_student, "workers": options.jobs, "teller": teller}
    try:
        if options.check:
            proof = check_only(assignment, plan, judge, **how)
            proof.write(assignment.folder)
            target = None
        else:
            target, proof = release(assignment, plan, options.output, judge, replace=options.replace, **how)
    finally:
        teller.close()
    print(proof.text)
    if proof.protection:
        print(f"Contained: {proof.protection}")
    if target is not None:
        print(f"Released: {target}" + (f", for {len(roster)} students" if roster is not None else ""))
    return 0 if proof.holds else EXIT_FAILED


def import_command(options: argparse.Namespace) -> int:
    """``cxkit import-nbgrader``: an assignment, and what its author has to do still."""
    from cxkit.coursework.import_nbgrader.importing import import_nbgrader
    from cxkit.errors import counted

    done = import_nbgrader(options.folder, options.output, notebook=options.notebook)
    print(f"{options.output}: {counted(done.questions, 'question')}, {counted(done.answers, 'answer')} taken over.")
    print(f"Left to do, also in {options.output / 'notes.md'}:")
    for line in done.todo:
        print(f"  - {line}")
    return 0
