"""Commands that keep marks and hand them on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.cli.commands import add_command, local_path

if TYPE_CHECKING:
    from cxkit.coursework.gradebook import Entry, Gradebook

SYSTEMS = ("canvas", "moodle", "blackboard", "brightspace")


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    parser = commands.add_parser("gradebook", help="keep marks with their history, and export them", allow_abbrev=False)
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    record = _add(own, "record", record_command, "record the marks of an assignment; the same again adds nothing")
    record.add_argument("assignment", metavar="ASSIGNMENT", type=local_path, help="folder with assignment.toml")
    record.add_argument("marks", metavar="MARKS", type=local_path, help="folder that cxkit mark has written")
    record.add_argument(
        "--submissions", metavar="DIR", type=local_path, help="what cxkit collect made: tells who was late"
    )
    record.add_argument(
        "--reason", metavar="TEXT", default="", help="why they are recorded; kept with marks that are new"
    )
    record.add_argument("--may-be-zero", metavar="STUDENT", action="append", default=[],
                        help="let the points of this student fall to 0; repeat it")  # fmt: skip
    show = _add(own, "show", show_command, "show grades and totals")
    show.add_argument("--student", metavar="ID")
    show.add_argument("--assignment", metavar="ID")
    override = _add(own, "override", override_command, "set points by hand, excuse, or take that back")
    override.add_argument("assignment", metavar="ASSIGNMENT_ID")
    override.add_argument("student", metavar="STUDENT")
    what = override.add_mutually_exclusive_group(required=True)
    what.add_argument("--points", metavar="N", type=float)
    what.add_argument("--excuse", action="store_true", help="the assignment does not count for this student")
    what.add_argument("--lift", action="store_true", help="what was earned counts again")
    _add_why(override)
    policy = _add(own, "policy", policy_command, "say which attempts count and how many assignments are dropped")
    policy.add_argument("--attempts", choices=("latest", "best"), help="which attempt counts; as before if not given")
    policy.add_argument("--drop-lowest", metavar="N", type=int, help="assignments to drop; as before if not given")
    _add_why(policy)
    history = _add(own, "history", history_command, "show every mark: when, by whom, why")
    history.add_argument("--student", metavar="ID")
    history.add_argument("--assignment", metavar="ID")
    _add_export(own)


def _add_export(own: Any) -> None:
    export = _add(own, "export", export_command, "write grades for a learning management system, Excel or nbgrader")
    export.add_argument("--to", choices=(*SYSTEMS, "csv", "xlsx", "nbgrader"), help="default: the system of --fill")
    export.add_argument("--roster", metavar="CSV", type=local_path, required=True, help="class list")
    export.add_argument("--assignment", metavar="ID", help="needed for learning management systems")
    export.add_argument("--fill", metavar="CSV", type=local_path, help="the gradebook that the system gave out: best")
    export.add_argument("--column", metavar="NAME", help="the assignment's name there, if it is not its title")
    export.add_argument("--scale", action="store_true", help="convert points if the system has another maximum")
    export.add_argument("-o", metavar="FILE", dest="output", type=local_path, required=True)


def _add(own: Any, name: str, function: Any, summary: str) -> argparse.ArgumentParser:
    parser = add_command(own, name, function, summary)
    parser.add_argument("-g", "--gradebook", metavar="FILE", type=local_path, default=Path("gradebook.db"),
                        help="the gradebook (gradebook.db)")  # fmt: skip
    return parser


def _add_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", metavar="TEXT", required=True)
    parser.add_argument("--by", metavar="NAME", required=True, help="who decides")


def _existing(path: Path) -> Gradebook:
    from cxkit.coursework.gradebook import Gradebook
    from cxkit.errors import MarkingError

    if not path.is_file():
        raise MarkingError(f"There is no gradebook {path}. Record marks first: cxkit gradebook record.")
    return Gradebook(path)


def record_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook record``: marks into the gradebook, once each."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.collecting import read_collection
    from cxkit.coursework.gradebook import Gradebook
    from cxkit.coursework.marking.fingerprint import notes_on
    from cxkit.coursework.marks.folder import read_marks
    from cxkit.coursework.marks.points import points_text
    from cxkit.errors import counted

    assignment = read_assignment(options.assignment)
    marks = read_marks(options.marks, assignment.id)
    rows = read_collection(options.submissions).submissions if options.submissions else ()
    # Of this very notebook: the marks may be of one that the student handed in before
    late = {(row.student, row.sha256): row.late_seconds for row in rows if row.path and row.late_is_known}
    with Gradebook(options.gradebook) as book:
        book.describe(assignment)
        done = book.record(marks, late=late, may_be_zero=options.may_be_zero, reason=options.reason)
        # Of all that the gradebook holds: a folder with the marks of a few stands beside those recorded before.
        notes = (*notes_on(book.last_marks(assignment.id), assignment, rows), *book.notes(assignment.id))
    print(f"{options.gradebook}: {counted(done.added, 'mark')} recorded, {done.unchanged} were there already.")
    for student, before, after in done.fell:
        print(f"  fell: {student}, {points_text(before)} -> {points_text(after)} points before lateness")
    if done.late_unknown and assignment.late.per_day > 0:
        who = ", ".join(done.late_unknown)
        todo = (
            "Collect again with --due, from a download that tells times,"
            if options.submissions
            else "Give --submissions"
        )
        notes = (f"Lateness is not known of {who}: recorded as in time. {todo} and record again.", *notes)
    for note in notes:
        sys.stderr.write(f"cxkit: note: {note}\n")
    return 0


def show_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook show``: grades, and totals of the course."""
    from cxkit.coursework.marks.points import points_text

    with _existing(options.gradebook) as book:
        grades = [one for one in book.grades(options.assignment) if options.student in {None, one.student}]
        totals = [one for one in book.totals() if options.student in {None, one.student}]
    for grade in grades:
        points = "-" if grade.points is None else points_text(grade.points)
        told = f"  {grade.note}" if grade.note else ""
        print(f"{grade.assignment}\t{grade.student}\t{points} of {points_text(grade.out_of)}\t{grade.state}{told}")
    if options.assignment is None:
        for total in totals:
            share = "-" if total.share is None else f"{points_text(100 * total.share)} %"
            dropped = f"\twithout {', '.join(total.dropped)}" if total.dropped else ""
            print(f"total\t{total.student}\t{share}{dropped}")
    return 0


def override_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook override``: a decision of a person, with the reason."""
    from cxkit.coursework.marks.points import points_text

    with _existing(options.gradebook) as book:
        about = (options.assignment, options.student)
        if options.points is not None:
            new = book.override(*about, options.points, reason=options.reason, by=options.by)
            if options.points > (most := book.assignments()[options.assignment].points):
                more = f"{points_text(options.points)} points are more than the {points_text(most)} of"
                what_to_do = "If that is a slip, set others, or --lift it."
                sys.stderr.write(f"cxkit: note: {more} {options.assignment}. {what_to_do}\n")
        elif options.excuse:
            new = book.excuse(*about, reason=options.reason, by=options.by)
        else:
            new = book.lift(*about, reason=options.reason, by=options.by)
    print("recorded" if new else "this was recorded already")
    return 0


def policy_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook policy``: how attempts and assignments are put together from now on."""
    from dataclasses import replace

    given = {"attempts": options.attempts, "drop_lowest": options.drop_lowest}
    with _existing(options.gradebook) as book:
        # What is not named stays: to announce one rule must not take another back.
        policy = replace(book.policy(), **{name: value for name, value in given.items() if value is not None})
        new = book.set_policy(policy, reason=options.reason, by=options.by)
    print("recorded" if new else "this was recorded already")
    print(f"attempts: {policy.attempts}, dropped: {policy.drop_lowest}")
    return 0


def history_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook history``: every entry, oldest first."""
    from cxkit.coursework.gradebook.lateness import lateness_text

    with _existing(options.gradebook) as book:
        book.check()
        for entry in book.history(options.assignment, options.student):
            about = "/".join(filter(None, [entry.assignment, entry.student, entry.question]))
            print(
                "\t".join(
                    [f"{entry.time:%Y-%m-%d %H:%M:%S}", entry.kind, about, _points_of(entry), entry.marker,
                     entry.version[:12], lateness_text(entry), entry.reason]
                )
            )  # fmt: skip
    return 0


def _points_of(entry: Entry) -> str:
    """What an entry gives and out of how many, or of an assignment what it is out of."""
    from cxkit.coursework.marks.points import points_text

    total = "" if entry.out_of is None else f"of {points_text(entry.out_of)}"
    if entry.points is None:
        return total if entry.kind == "assignment" else ""
    return f"{points_text(entry.points)} {total}".strip()


def _check_ending(to: str | None, output: Path) -> None:
    """Refuse a file whose name says that it is of another kind: what opens it would call it damaged."""
    from cxkit.errors import MarkingError

    ending, kind = output.suffix.lower(), "xlsx" if to == "xlsx" else "csv"
    others = {"xlsx": (".csv", ".txt", ".tsv", ".xls", ".ods"), "csv": (".xlsx", ".xls", ".ods")}
    if ending in others[kind]:
        wanted = output.with_suffix(f".{kind}").name
        raise MarkingError(f"--to {to or 'SYSTEM'} writes {kind}, and {output.name} ends in {ending}: say -o {wanted}.")


def export_command(options: argparse.Namespace) -> int:
    """``cxkit gradebook export``: a file that a system imports as it is."""
    from cxkit.coursework.gradebook import exports
    from cxkit.coursework.people.roster import read_roster
    from cxkit.errors import MarkingError
    from cxkit.files import write_atomically

    roster = read_roster(options.roster)
    to_system = options.fill is not None or options.to in SYSTEMS
    if options.to is None and options.fill is None:
        raise MarkingError("Say what to write: --to, or --fill with the file of your learning management system.")
    if to_system and options.assignment is None:
        raise MarkingError("Say which assignment: --assignment.")
    _check_ending(options.to, options.output)
    with _existing(options.gradebook) as book:
        grades, settings = book.grades(options.assignment), book.assignments()
        totals = book.totals()
    if options.fill is not None:
        export = exports.filled(options.fill, grades, settings[options.assignment], roster, column=options.column,
                                scale=options.scale)  # fmt: skip
    elif to_system:
        export = exports.from_roster(options.to, grades, settings[options.assignment], roster, column=options.column)
    elif options.to == "nbgrader":
        export = exports.for_nbgrader(grades, roster)
    else:
        wanted = {key: one for key, one in settings.items() if options.assignment in {None, key}}
        table = exports.overview(grades, totals, wanted, roster)
        notes = exports.left_out(grades)
        data = exports.xlsx_bytes(*table) if options.to == "xlsx" else exports.as_csv(*table).data
        export = exports.Export(data=data, notes=tuple(notes))
    for note in export.notes:
        sys.stderr.write(f"cxkit: note: {note}\n")
    print(write_atomically(options.output, export.data))
    return 0
