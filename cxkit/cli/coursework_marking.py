"""The command that marks a class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command, heeding_signals, local_path


def add_to(commands: Any) -> None:
    """Add the command of this module."""
    parser = add_command(commands, "mark", mark_command, "mark the submissions of a class")
    parser.add_argument("assignment", metavar="ASSIGNMENT", type=local_path, help="the assignment's folder")
    parser.add_argument("submissions", metavar="SUBMISSIONS", type=local_path, help="what was handed in")
    parser.add_argument("--roster", metavar="CSV", type=local_path, required=True, help="the class list")
    parser.add_argument(
        "-o", metavar="DIR", dest="output", type=local_path, default=Path("out") / "marks",
        help="folder for the marks (default out/marks); the same one goes on after an interruption",
    )  # fmt: skip
    parser.add_argument("-j", "--jobs", metavar="N", type=int, help="submissions at a time (default: one a core)")
    parser.add_argument("--accept-no-sandbox", action="store_true",
                        help="run the students' code also where this machine offers no sandbox")  # fmt: skip


def mark_command(options: argparse.Namespace) -> int:
    """``cxkit mark``: marks for every student; exit 1 if somebody could not be marked."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.collecting.folder import submissions_in
    from cxkit.coursework.marking.class_run import mark_class
    from cxkit.coursework.people.roster import read_roster

    assignment = read_assignment(options.assignment)
    submissions = submissions_in(options.submissions, read_roster(options.roster))
    try:
        with heeding_signals():
            result = mark_class(
                assignment,
                submissions,
                options.output,
                jobs=options.jobs,
                accept_no_sandbox=options.accept_no_sandbox,
            )
    except KeyboardInterrupt as stop:
        if str(stop):
            raise
        told = "Interrupted before the first student was marked. The same command goes on from here."
        raise KeyboardInterrupt(told) from None
    print(result.text)
    print(options.output)
    return EXIT_FAILED if result.faults else 0
