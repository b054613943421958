"""Commands on many notebooks: all reports of a project."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from cxkit.cli.commands import add_command, local_path, seconds
from cxkit.errors import NotebookError


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_report(commands)


def _add_report(commands: Any) -> None:
    parser = add_command(commands, "report", report_command, "make all reports of a project")
    parser.add_argument(
        "runs",
        metavar="RUNS_TOML",
        nargs="?",
        type=local_path,
        help="list of runs (default: notebooks/runs.toml, here or above)",
    )
    parser.add_argument(
        "-o", metavar="DIR", dest="output", type=local_path, help="folder for the reports (out/reports)"
    )
    parser.add_argument("--only", metavar="NAME", nargs="+", help="only these runs")
    parser.add_argument("--workers", metavar="N", type=int, help="notebooks at a time (default 2, or 1 on one core)")
    parser.add_argument("--timeout", metavar="S", type=seconds, default=600.0, help="seconds per cell (default 600)")
    parser.add_argument("--fresh", action="store_true", help="run all, also where nothing has changed")
    parser.add_argument("--show-code", action="store_true", help="leave the code unfolded in the reports")
    parser.add_argument("--pdf", action="store_true", help="print each report as .pdf beside its .html")


def report_command(options: argparse.Namespace) -> int:
    """``cxkit report``: all reports of a project and their index."""
    from cxkit.running.pages.pdf import find_printer, print_beside
    from cxkit.running.queue.reports import report_all

    runs, folder = options.runs, options.output or Path("out") / "reports"
    if runs is None:
        project, runs = _project_folder(), Path("notebooks") / "runs.toml"
        if project != Path.cwd():
            # Paths among the parameters are meant from the project's folder, wherever below it the command is given.
            folder = options.output.absolute() if options.output else project / folder
            os.chdir(project)
    if options.pdf:
        find_printer()  # before anything runs
    done = report_all(
        runs,
        output_folder=folder,
        only=options.only,
        workers=options.workers,
        fresh=options.fresh,
        timeout=options.timeout,
        show_code=options.show_code,
    )
    if options.pdf:
        for run in done:
            assert run.output is not None
            print(print_beside(run.output))
    print(folder / "index.html")
    return 0


def _project_folder() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks" / "runs.toml").is_file():
            return folder
    raise NotebookError(f"There is no notebooks/runs.toml in {here} or above it. Name the list of runs.")
