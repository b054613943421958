"""The command that makes a report again and compares."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cxkit.cli.commands import EXIT_FAILED, add_command, local_path, seconds

if TYPE_CHECKING:
    from cxkit.running.provenance.verification import Verification

EXIT_CANNOT_TELL, EXIT_NOTHING_TO_COMPARE = 2, 3
# Of several reports the gravest counts
_GRAVITY = (0, EXIT_NOTHING_TO_COMPARE, EXIT_FAILED, EXIT_CANNOT_TELL)


def add_to(commands: Any) -> None:
    """Add the command of this module."""
    parser = add_command(commands, "verify", verify_command, "make reports again and say what moved")
    parser.add_argument(
        "reports",
        metavar="REPORT",
        nargs="+",
        type=local_path,
        help="a report, the crate beside it, or a folder of reports",
    )
    parser.add_argument("--allow-versions", action="store_true",
                        help="accept other versions of libraries and of cxkit as long as the numbers hold")  # fmt: skip
    parser.add_argument("--rebuild", action="store_true",
                        help="make each also with the libraries and the code of then, in an environment of its own: "
                        "what moved since stands above, and the exit status is that of then")  # fmt: skip
    parser.add_argument("--commit", metavar="COMMIT",
                        help="cxkit's code for --rebuild, where the crate names no commit")  # fmt: skip
    parser.add_argument("--timeout", metavar="S", type=seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--json", action="store_true", help="findings as JSON")


def verify_command(options: argparse.Namespace) -> int:
    """``cxkit verify``: exit 0 if all come out the same, 1 if something moved, 2 if one cannot be made again.

    3 if one shows nothing that could be compared: that proves nothing.
    """
    import json

    from cxkit.errors import NotebookError
    from cxkit.running.provenance.verify import reports_in, verify_report

    code, told = 0, []
    for path in (report for given in options.reports for report in reports_in(given)):
        try:
            found = verify_report(
                path,
                allow_versions=options.allow_versions,
                timeout=options.timeout,
                rebuild=options.rebuild,
                commit=options.commit,
            )
        except NotebookError as error:  # says nothing of the others
            told.append({"report": path.name, "holds": False, "compared": 0, "problem": str(error)})
            text, own = f"{path.name} cannot be verified: {error}", EXIT_CANNOT_TELL
        else:
            told.append(found.as_data())
            text, own = found.text, _exit_code(found.rebuilt or found)
        code = max(code, own, key=_GRAVITY.index)
        if not options.json:
            print(text, flush=True)
    if options.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
    return code


def _exit_code(found: Verification) -> int:
    if not found.can_be_told:
        return EXIT_CANNOT_TELL
    if not found.compares:
        return EXIT_NOTHING_TO_COMPARE
    return 0 if found.holds else EXIT_FAILED
