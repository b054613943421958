"""A stranger's notebook, run so that it can hurt nobody, and what it left: its own outputs and data, bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cxkit.errors import NotebookError
from cxkit.running.isolation.endings import Contained, raise_if_stopped
from cxkit.running.kernels.forked import Template, TemplateLost, can_fork
from cxkit.running.sandbox.limits import Limits, Policy
from cxkit.running.sandbox.protection import required_protection

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.running.isolation.contained_client import ContainedClient


_LOOK = 0.2  # seconds between looks at whether a run is to stop


def run_contained(
    notebook: NotebookNode,
    *,
    policy: Policy = "contained",
    limits: Limits | None = None,
    inputs: Mapping[str, Path] | None = None,
    after_cell: Callable[[int, NotebookNode], str | None] | None = None,
    on_cell: Callable[[], Any] | None = None,
    stops_at_exit: bool = False,
    stop: threading.Event | None = None,
) -> Contained:
    """What does this notebook do, if it is not to be trusted?

    Cells run in order in a kernel of their own. An error in one does not stop the next, nor does a cell that takes too
    long or prints too much and can be interrupted.

    Parameters
    ----------
    notebook : NotebookNode
        Not changed.
    policy : {"contained", "open"}
        Open: with all the rights of the caller, in a temporary folder; for notebooks of one's own.
    limits : Limits, optional
        What the run may use. With `policy="open"` only times and output are bounded.
    inputs : mapping, optional
        From relative names in the work folder to files or folders that are shown there, read-only (copied if open).
    after_cell : callable, optional
        Called with index and cell after each; may return Python code, which is run unseen in the kernel and leaves
        a text in the variable `COLLECTED`. What it leaves is the stranger's word, not ours.
    on_cell : callable, optional
        Called after each cell, for a progress bar.
    stops_at_exit : bool
        Whether `sys.exit(0)`, `exit()` and `quit` end the run, as completed; else the first is an error like any other,
        and the kernel dies of the others.
    stop : Event, optional
        When another thread sets it, the run is ended.

    Returns
    -------
    Contained

    Raises
    ------
    NotebookError
        If there is no sandbox, or an input does not exist. Nothing has run then.
    TemplateLost
        If no kernel could be had, or the template died and took the kernel along: no fault of the notebook.
    Stopped
        If `stop` was set.
    """
    shown = _checked_inputs(inputs or {})
    template = None
    if can_fork():  # their imports go on while the sandbox is looked for
        template = Template.begin()
        Template.begin_clients()
    mechanism = None if policy == "open" else required_protection()
    options: dict[str, Any] = {
        "mechanism": mechanism, "limits": limits or Limits(), "inputs": shown, "after_cell": after_cell,
        "stops_at_exit": stops_at_exit,
    }  # fmt: skip
    prepared = _without_claims(notebook)
    if template is None:
        return _run_here(_Run(prepared, on_cell, options), stop)
    from cxkit.running.isolation.clients import run_in_client

    result = run_in_client(prepared, on_cell=on_cell, stop=stop, **options)
    if result.ending == "died" and template.process.poll() is not None:
        raise TemplateLost(
            "The process that starts kernels ended, and this run's kernel with it: it was killed, or memory ran out."
        )
    return result


def _without_claims(notebook: NotebookNode) -> NotebookNode:
    """A copy without outputs and marks of failure: those that came along are the stranger's claim."""
    copy = deepcopy(notebook)
    for cell in copy.cells:
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def _run_here(run: _Run, stop: threading.Event | None) -> Contained:
    """By a thread of this process: where none can be forked."""
    thread = threading.Thread(target=run.run, daemon=True, name="cxkit contained run")
    thread.start()
    try:
        while not run.ended.wait(_LOOK):  # in short waits, so that Ctrl-C gets through
            raise_if_stopped(stop)
    except BaseException:
        run.stop()
        raise
    return run.result()


def _checked_inputs(inputs: Mapping[str, Path]) -> dict[str, str]:
    shown = {}
    for name, source in inputs.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise NotebookError(f"The input '{name}' is not a name within the work folder.")
        if not Path(source).exists():
            raise NotebookError(f"The input '{name}' is not there: {source}.")
        shown[str(relative)] = str(Path(source).resolve())
    return shown


class _Run:
    """One contained run, in a thread of its own with its own event loop."""

    def __init__(self, notebook: NotebookNode, on_cell: Callable[[], Any] | None, options: dict[str, Any]) -> None:
        self.notebook, self.on_cell, self.options = notebook, on_cell, options
        self.ended = threading.Event()
        self.client: ContainedClient | None = None
        self.error: Exception | None = None
        self.seconds = 0.0

    def tell(self, said: Mapping[str, Any]) -> None:
        """What the client tells while it goes on."""
        if "done" in said and self.on_cell is not None:
            self.on_cell()

    def run(self) -> None:
        # papermill's import takes seconds
        from papermill.engines import NotebookExecutionManager

        from cxkit.running.isolation.contained_client import ContainedClient
        from cxkit.running.kernels.client import own_event_loop

        started = time.monotonic()
        try:
            with own_event_loop():
                self.client = ContainedClient(
                    NotebookExecutionManager(self.notebook, progress_bar=False), tell=self.tell, **self.options
                )
                self.client.execute()
        except Exception as error:
            self.error = error
        finally:
            self.seconds = time.monotonic() - started
            self.ended.set()

    def stop(self) -> None:
        """End the kernel, and with it the thread."""
        if self.client is not None:
            self.client.kill()
        self.ended.wait(10)

    def result(self) -> Contained:
        client = self.client
        if self.error is not None and (client is None or not client.has_begun):
            raise self.error  # ours, not the stranger's
        assert client is not None
        return Contained(collected=client.collected, seconds=self.seconds, **client.left(self.error))
