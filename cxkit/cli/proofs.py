"""The command that makes a report again and compares."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
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
    parser.add_argument("--contained", action="store_true",
                        help="run the notebooks in the sandbox, where they see the inputs of their crates, read-only: "
                        "for reports that somebody else made. Without this a notebook runs with your rights, unless "
                        "the report was made contained")  # fmt: skip
    parser.add_argument("--data", metavar="FOLDER", type=local_path,
                        help="where files are that a parameter named outside the folder of the first run, and modules "
                        "that lay beside the notebook (with the notebook); files that the code names are looked for "
                        "under these names from the folder of this call")  # fmt: skip
    parser.add_argument("--keep", metavar="FOLDER", type=local_path,
                        help="keep the pages that are made here, each from what its notebook shows now")  # fmt: skip
    parser.add_argument("--timeout", metavar="S", type=seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--json", action="store_true", help="findings as JSON")


def verify_command(options: argparse.Namespace) -> int:
    """``cxkit verify``: exit 0 if all come out the same, 1 if something moved, 2 if one cannot be made again.

    3 if one shows nothing that could be compared: that proves nothing.
    """
    import json

    if options.commit is not None and not options.rebuild:
        sys.stderr.write("cxkit: --commit is for --rebuild: add that, or leave --commit out.\n")
        return EXIT_CANNOT_TELL
    code, told = 0, []
    for given in options.reports:
        for path in _reports_in(given):
            data, text, own = _verify(path, options)
            told.append(data)
            code = max(code, own, key=_GRAVITY.index)
            if not options.json:
                print(text, flush=True)
    if options.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
    return code


def _reports_in(given: Path) -> list[Path]:
    """The reports that an argument means; itself, if that cannot be told: why is said of it as of a report."""
    from cxkit.running.provenance.verify import reports_in

    try:
        return reports_in(given)
    except Exception:
        return [given]


def _verify(path: Path, options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """What is said of one report, as data and as text, and its exit code; whatever it is, the next one is checked."""
    from cxkit.errors import NotebookError, fault_of
    from cxkit.running.provenance.claims import Damaged
    from cxkit.running.provenance.verify import reports_in, verify_report
    from cxkit.running.untrusted import printable

    try:
        reports_in(path)
        found = verify_report(
            path,
            allow_versions=options.allow_versions,
            timeout=options.timeout,
            rebuild=options.rebuild,
            commit=options.commit,
            contained=options.contained,
            data=options.data,
            keep=options.keep,
        )
        return found.as_data(), found.text, _exit_code(found.rebuilt or found)
    except Damaged as error:
        verdict, problem = "could not be made again", str(error)
    except NotebookError as error:
        verdict, problem = "cannot be verified", str(error)
    except Exception as error:
        if os.environ.get("CXKIT_DEBUG") == "1":
            raise
        verdict = "could not be made again"
        problem = f"something went wrong inside cxkit: {fault_of(error)}. Please report it."
    lines = "\n".join(map(printable, problem.split("\n")))
    data = {"report": path.name, "holds": False, "compared": 0, "problem": problem}
    return data, f"{printable(path.name)} {verdict}: {lines}", EXIT_CANNOT_TELL


def _exit_code(found: Verification) -> int:
    if not found.can_be_told:
        return EXIT_CANNOT_TELL
    if not found.compares:
        return EXIT_NOTHING_TO_COMPARE
    return 0 if found.holds else EXIT_FAILED
