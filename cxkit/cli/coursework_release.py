"""Commands that make and release assignments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxkit.cli.commands import add_command


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_import(commands)


def _add_import(commands: Any) -> None:
    parser = add_command(
        commands, "import-nbgrader", import_command, "make an assignment from nbgrader's, and list what is left to do"
    )
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, help="a course (with source/), an assignment, or a notebook"
    )
    parser.add_argument(
        "-o", metavar="DIR", dest="output", type=Path, required=True, help="the new assignment, such as assignments/ID"
    )
    parser.add_argument("--notebook", metavar="NAME", help="which one, if the assignment has several")


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
