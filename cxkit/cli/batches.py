"""Commands on queues of notebooks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cxkit.cli.commands import EXIT_FAILED, add_command, local_path, seconds


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    parser = add_command(commands, "batch", batch_command, "run a list of notebooks, and go on after any interruption")
    parser.add_argument("runs", metavar="RUNS_TOML", type=local_path, help="list of runs")
    parser.add_argument("-o", metavar="DIR", dest="output", type=local_path, default=Path("out") / "batch",
                        help="folder for results and journal (default out/batch)")  # fmt: skip
    parser.add_argument("-j", "--jobs", metavar="N", type=int, help="notebooks at a time (default: one a core)")
    parser.add_argument("--resume", action="store_true", help="go on with the batch that was begun in the folder")
    parser.add_argument("--policy", choices=("open", "contained"),
                        help="contained: in a sandbox, for notebooks that somebody else wrote "
                        "(default: what RUNS_TOML says, else open)")  # fmt: skip
    parser.add_argument("--accept-no-sandbox", action="store_true",
                        help="run contained notebooks also where this machine offers no sandbox")  # fmt: skip
    parser.add_argument("--timeout", metavar="S", type=seconds, help="seconds per cell (600 open, 60 contained)")
    parser.add_argument("--memory", metavar="MIB", type=int, help="MiB that a contained run may take (default 1536)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    parser.add_argument("--to", choices=("html", "ipynb"), default="html", help="reports, or executed notebooks")


def batch_command(options: argparse.Namespace) -> int:
    """``cxkit batch``: every run of a list, each once, whatever happens in between; exit 1 if one failed."""
    from cxkit.running.plan import CELL_TIMEOUT
    from cxkit.running.queue.batch import run_batch
    from cxkit.running.sandbox.limits import Limits

    limits: dict[str, Any] = {}
    if options.timeout:
        limits["cell_seconds"] = options.timeout
        limits["total_seconds"] = max(Limits().total_seconds, options.timeout)
    if options.memory:
        limits["memory_bytes"] = options.memory << 20
    result = run_batch(
        options.runs,
        output_folder=options.output,
        jobs=options.jobs,
        policy=options.policy,
        limits=Limits(**limits),
        accept_no_sandbox=options.accept_no_sandbox,
        timeout=options.timeout or CELL_TIMEOUT,
        to=options.to,
        resume=options.resume,
        scheduler=options.scheduler,
    )
    print(result.text)
    return 0 if all(run.state == "completed" for run in result.runs) else EXIT_FAILED
