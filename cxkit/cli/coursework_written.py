"""Commands for written answers that people mark."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command, local_path


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    parser = commands.add_parser("written", help="mark written answers: sheets, merging, agreement", allow_abbrev=False)
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    sheet = _add(own, "sheet", sheet_command, "make a marking sheet, and files for markers to fill in")
    sheet.add_argument("submissions", metavar="SUBMISSIONS", type=local_path, help="what cxkit collect made")
    sheet.add_argument("--roster", metavar="CSV", type=local_path, required=True, help="class list")
    sheet.add_argument(
        "--marker", metavar="NAME", action="append", default=[], help="a file for this marker; repeat it"
    )
    sheet.add_argument("--xlsx", action="store_true", help="Excel files instead of csv")
    sheet.add_argument("--seed", metavar="TEXT", help="makes codes and order; drawn if not given")
    merge = _add(own, "merge", merge_command, "bring in what markers filled in; nothing is lost, conflicts are named")
    merge.add_argument("files", metavar="FILE", type=local_path, nargs="+", help="csv or xlsx")
    _add(own, "agreement", agreement_command, "show how far markers agree")
    record = _add(own, "record", record_command, "record the marks of written answers in the gradebook")
    record.add_argument("-g", "--gradebook", metavar="FILE", type=local_path, default=Path("gradebook.db"),
                        help="the gradebook (gradebook.db)")  # fmt: skip
    record.add_argument("--reason", metavar="TEXT", default="")


def _add(own: Any, name: str, function: Any, summary: str) -> argparse.ArgumentParser:
    parser = add_command(own, name, function, summary)
    parser.add_argument("assignment", metavar="ASSIGNMENT", type=local_path, help="folder with assignment.toml")
    parser.add_argument("-w", "--written", metavar="DIR", type=local_path, default=Path("written"),
                        help="folder of the marking sheet (written)")  # fmt: skip
    return parser


def sheet_command(options: argparse.Namespace) -> int:
    """``cxkit written sheet``: answers under codes."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.collecting.folder import submissions_in
    from cxkit.coursework.page.words import without_pictures
    from cxkit.coursework.people.roster import read_roster
    from cxkit.coursework.written.answers import written_texts
    from cxkit.coursework.written.blind import KEY_FILE, make_sheet, open_sheet
    from cxkit.coursework.written.tables import LONGEST_CELL, table_of, write_table
    from cxkit.errors import counted
    from cxkit.files import sha256_of

    assignment = read_assignment(options.assignment)
    rows = submissions_in(options.submissions, read_roster(options.roster))
    versions = {row.student: row.sha256 or sha256_of(row.path) for row in rows if row.path is not None}
    texts = written_texts(assignment, rows)
    make_sheet(options.written, assignment, texts, versions, seed=options.seed)
    for question, answers in texts.items():
        empty = sum(not text for text in answers.values())
        long = sum(len(without_pictures(text)) > LONGEST_CELL for text in answers.values())
        cut = f"; {long} longer than {LONGEST_CELL:,} characters and cut in files, which say so" if long else ""
        print(f"{question}: {counted(len(answers), 'answer')}, {empty} of them empty{cut}")
    print(f"{options.written / KEY_FILE} tells whose codes they are: keep it from the markers.")
    ending = ".xlsx" if options.xlsx else ".csv"
    with open_sheet(options.written, assignment) as sheet:
        for marker in options.marker:
            of_marker = re.sub(r"\W+", "_", marker).strip("_")
            for one in sheet.questions():
                print(write_table(options.written / f"{one.id}-{of_marker}{ending}", table_of(sheet, one, marker)))
    return 0


def merge_command(options: argparse.Namespace) -> int:
    """``cxkit written merge``: three-way, cell by cell; exit 1 if something needs a person."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.written.blind import open_sheet
    from cxkit.coursework.written.tables import read_table
    from cxkit.errors import counted

    conflicts = 0
    with open_sheet(options.written, read_assignment(options.assignment)) as sheet:
        returned = [(file, read_table(file, sheet)) for file in options.files]
        for file, table in returned:
            done = sheet.merge(table.changes)
            print(f"{file}: {counted(done.changed, 'cell')} brought in.")
            for conflict in done.conflicts:
                sys.stderr.write(f"cxkit: conflict: {conflict}\n")
            conflicts += len(done.conflicts)
    if conflicts:
        sys.stderr.write(
            "cxkit: the sheet is as it was there. Write a new file, settle these cells in it, merge again.\n"
        )
    return EXIT_FAILED if conflicts else 0


def agreement_command(options: argparse.Namespace) -> int:
    """``cxkit written agreement``: kappa for each criterion."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.written.blind import open_sheet
    from cxkit.coursework.written.results import agreements

    with open_sheet(options.written, read_assignment(options.assignment)) as sheet:
        found = agreements(sheet)
    if not found:
        print("No answer has the complete marks of two markers yet.")
    for one in found:
        print(
            f"{one.question}, {one.criterion}: {' and '.join(one.markers)}, n = {one.count}, same {one.same:.0%}, "
            f"mean difference {one.mean_difference:+.2f}, {one.kappa_text}"
        )
    return 0


def record_command(options: argparse.Namespace) -> int:
    """``cxkit written record``: into the gradebook; what markers must talk about is left out and named."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.gradebook import Gradebook
    from cxkit.coursework.written.blind import open_sheet, read_key
    from cxkit.coursework.written.results import outcome_of_sheet
    from cxkit.errors import counted

    assignment = read_assignment(options.assignment)
    with open_sheet(options.written, assignment) as sheet:
        outcome = outcome_of_sheet(sheet, read_key(options.written))
    with Gradebook(options.gradebook) as book:
        done = book.record_written(assignment, outcome.results, by=outcome.markers, versions=outcome.versions,
                                   reason=options.reason)  # fmt: skip
    print(f"{options.gradebook}: {counted(done.added, 'mark')} recorded, {done.unchanged} were there already.")
    if outcome.unmarked:
        print(f"{counted(len(outcome.unmarked), 'answer')} without complete marks.")
    for told in outcome.to_discuss:
        sys.stderr.write(f"cxkit: to discuss: {told}. Marks of a marker named 'agreed' settle it.\n")
    return 0
