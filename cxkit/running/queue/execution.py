"""One notebook of a batch, here or on a worker elsewhere: what it left, and why it counts as failed if it does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.running.jobs.workers import Stopped
from cxkit.running.plan import CELL_TIMEOUT, Plan
from cxkit.running.sandbox.limits import Limits, Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.running.isolation.endings import Contained

OPEN_MEMORY = 1 << 30
"""What an open run is taken to need, when it is decided whether memory holds one more."""


@dataclass(frozen=True, kw_only=True)
class HowToRun:
    """How the notebooks of a batch are run.

    Attributes
    ----------
    policy : {"open", "contained"}
    limits : Limits
        Of a contained run.
    timeout : float
        Seconds that a cell of an open run may take.
    accept_no_sandbox : bool
        Whether contained runs go on without protection where there is none.
    """

    policy: Policy = "open"
    limits: Limits
    timeout: float = CELL_TIMEOUT
    accept_no_sandbox: bool = False

    @property
    def memory_bytes(self) -> int:
        """What one run may take at most."""
        return self.limits.memory_bytes if self.policy == "contained" else OPEN_MEMORY


@dataclass(frozen=True)
class Executed:
    """What is left of a run.

    Attributes
    ----------
    executed : NotebookNode or None
        With its outputs, without times and places; None if nothing ran.
    complaint : str
        Why it counts as failed; empty if every cell ran through.
    seconds : float
    """

    executed: NotebookNode | None
    complaint: str
    seconds: float


def execute(
    plan: Plan, inputs: Mapping[str, Path], how: HowToRun, stop: threading.Event, folder: Path | None = None
) -> Executed:
    """Run one notebook.

    Parameters
    ----------
    plan : Plan
    inputs : mapping
        What a contained run is shown, by relative name.
    how : HowToRun
    stop : Event
        Ends the run when it is set.
    folder : Path, optional
        Where an open run works; by default in the current folder.

    Raises
    ------
    TemplateLost
        If no kernel could be started: a fault of the machine.
    Stopped
        If `stop` was set.
    NotebookError
        If there is no sandbox and that is not accepted.
    """
    if how.policy == "contained":
        return _contained(plan, inputs, how, stop)
    from cxkit.running.run import Execution, without_clock

    execution = Execution(plan, timeout=how.timeout, folder=folder)
    execution.start()
    while not execution.wait(0.1):
        if stop.is_set():
            execution.stop()
            raise Stopped("The run was stopped.")
    executed = None if execution.executed is None else without_clock(execution.executed)
    return Executed(executed, execution.complaint() or "", execution.seconds)


def _contained(plan: Plan, inputs: Mapping[str, Path], how: HowToRun, stop: threading.Event) -> Executed:
    from cxkit.running.isolation.fairly import run_fairly
    from cxkit.running.run import parameterised, without_clock
    from cxkit.running.sandbox.protection import find_protection

    bare = how.accept_no_sandbox and find_protection().mechanism is None
    left = run_fairly(
        parameterised(plan),
        policy="open" if bare else "contained",
        limits=how.limits,
        inputs=inputs,
        stops_at_exit=True,
        stop=stop,
    )
    return Executed(without_clock(left.notebook), _complaint(left), left.seconds)


def _complaint(left: Contained) -> str:
    """Why a contained run counts as failed; empty if every cell ran through."""
    from cxkit.running.notebooks import failure

    if left.ending != "completed":
        return left.note
    failed, cut = failure.failed_cell(left.notebook), min(left.cuts, default=None)
    if cut is not None and (failed is None or cut <= failed):
        reason = {
            "time": "took too long and was interrupted",
            "output": "printed too much and was cut",
            "left_running": "left something running that went on printing in the cells after it",
        }
        return f"{failure.place_of(left.notebook, cut)} {reason[left.cuts[cut]]}"
    return "" if failed is None else failure.describe_exception(left.notebook, failed)
