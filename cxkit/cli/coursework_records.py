"""Commands that collect submissions and keep marks."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from cxkit.cli.commands import add_command, local_path, moment


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_collect(commands)


def _add_collect(commands: Any) -> None:
    parser = add_command(commands, "collect", collect_command, "collect submissions: one row for every student")
    parser.add_argument("source", metavar="PATH", type=local_path, help="folder, or zip from Canvas, Moodle, "
                        "Blackboard, Brightspace")  # fmt: skip
    parser.add_argument("--roster", metavar="CSV", type=local_path, required=True, help="class list")
    parser.add_argument("--assignment", metavar="ID", required=True, help="id of the assignment")
    parser.add_argument("--due", metavar="TIME", type=moment, help='when it was due, as "2026-03-01 23:59" or with a '
                        'zone, "2026-03-01T23:59+01:00"; a day alone means 23:59')  # fmt: skip
    parser.add_argument("--worksheet", metavar="CSV", type=local_path,
                        help="Moodle's grading worksheet: tells when each handed in, which its zip lacks")  # fmt: skip
    parser.add_argument("-o", metavar="DIR", dest="output", type=local_path, default=Path("submissions"),
                        help="folder for STUDENT.ipynb and collection.json (submissions); this download adds to "
                        "it")  # fmt: skip
    parser.add_argument("--replace", action="store_true",
                        help="let notebooks of this download take the place of others that the same students handed "
                        "in before; each is named")  # fmt: skip
    parser.add_argument("--decide", metavar="STUDENT=FILE", type=_decision, action="append", default=[],
                        help="the file of this download that counts, where that is not clear, or STUDENT=nothing; "
                        "repeat it. Kept in decisions.toml")  # fmt: skip
    parser.add_argument("--extend", metavar="STUDENT=TIME", type=_extension, action="append", default=[],
                        help="a deadline of this student's own, in place of --due now and in every later collecting; "
                        "repeat it. Kept in decisions.toml")  # fmt: skip


def _decision(text: str) -> tuple[str, str]:
    student, equals, file = text.partition("=")
    if not (student and equals and file):
        raise argparse.ArgumentTypeError(f"'{text}' is not STUDENT=FILE or STUDENT=nothing")
    return student.strip(), file.strip()


def _extension(text: str) -> tuple[str, datetime]:
    student, equals, time = text.partition("=")
    if not (student and equals and time):
        raise argparse.ArgumentTypeError(f"'{text}' is not STUDENT=TIME")
    return student.strip(), moment(time.strip())


def collect_command(options: argparse.Namespace) -> int:
    """``cxkit collect``: from whatever the learning management system offers to one notebook a student."""
    from cxkit.coursework.collecting import collect
    from cxkit.coursework.people.roster import read_roster

    found = collect(options.source, read_roster(options.roster), options.assignment, options.due, into=options.output,
                    replace=options.replace, decide=dict(options.decide), extend=dict(options.extend),
                    worksheet=options.worksheet)  # fmt: skip
    print(found.text)
    return 0
