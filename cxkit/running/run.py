"""One notebook, one kernel, one report."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict, writes
from papermill.engines import papermill_engines
from papermill.parameterize import parameterize_notebook
from tqdm import tqdm

from cxkit import mime
from cxkit.errors import CxkitWarning, NotebookError, fault_of, reason_of
from cxkit.files import write_atomically
from cxkit.running.kernels.client import own_event_loop
from cxkit.running.kernels.loading import load_lightly
from cxkit.running.notebooks import failure
from cxkit.running.pages.pdf import write_pdf
from cxkit.running.pages.report import report_html, write_report
from cxkit.running.plan import CELL_TIMEOUT, Plan, Run, plan_run
from cxkit.running.provenance.crate import write_crate
from cxkit.running.provenance.places import without_places
from cxkit.running.untrusted import writable_data

__all__ = ["Execution", "Run", "run_notebook"]

INJECTED = "injected-parameters"
_PATIENCE = 10.0


def run_notebook(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output: str | Path | Sequence[str | Path] | None = None,
    progress: bool | None = None,
    timeout: float = CELL_TIMEOUT,
    show_code: bool = False,
    ask_surroundings: bool = False,
) -> Run:
    """What does this notebook say with these parameters?

    The notebook runs from top to bottom in a fresh kernel of the Python that cxkit runs in, in the current folder:
    relative paths among the parameters mean what they mean to the caller.

    Parameters
    ----------
    notebook : str or Path
        The notebook; it is not changed.
    parameters : mapping, optional
        Values for names of its parameters cell; the others keep their defaults.
    output : str or Path or sequence of them, optional
        ``.html`` for a report in one file, ``.pdf`` for the same on paper, ``.ipynb`` for the executed notebook;
        several come from one run. Written at the end, each in one step: a failed run leaves an older one as it was.
    progress : bool, optional
        Whether to show a bar; by default where standard error is a terminal.
    timeout : float
        Seconds that one cell may take.
    show_code : bool
        Whether the report shows the code of each cell unfolded.
    ask_surroundings : bool
        Whether the kernel is asked in the end what it loaded and computed with; for an ``.html`` it always is.

    Returns
    -------
    Run

    Raises
    ------
    NotebookError
        Before anything runs: unknown or mistyped parameters. Else a cell that failed or took too long, with its
        number, line and message; the notebook up to there is kept beside `output` as ``NAME.partial.ipynb``.
    KeyboardInterrupt
        After Ctrl-C, once the kernel is gone and the notebook up to there is kept.
    """
    plan = plan_run(notebook, parameters, output=output)
    return run_plan(plan, progress=progress, timeout=timeout, show_code=show_code, ask_surroundings=ask_surroundings)


def run_plan(
    plan: Plan,
    *,
    progress: bool | None = None,
    timeout: float = CELL_TIMEOUT,
    show_code: bool = False,
    ask_surroundings: bool = False,
) -> Run:
    """Run what has been planned; options, errors and result as of `run_notebook`."""
    with _bar(plan, progress) as bar:
        execution = Execution(plan, timeout=timeout, on_cell=bar.update, ask_surroundings=ask_surroundings)
        execution.start()
        try:
            while not execution.wait(0.2):  # in short waits, because Windows lets Ctrl-C through only between them
                pass
        except KeyboardInterrupt:
            execution.stop()
            raise KeyboardInterrupt(execution.interrupted_message()) from None
    return execution.finish(show_code=show_code)


def _bar(plan: Plan, progress: bool | None) -> Any:
    shown = sys.stderr.isatty() if progress is None else progress
    return tqdm(total=plan.code_cells, desc=plan.notebook.stem, unit="cell", disable=not shown, leave=False)


@dataclass(eq=False)
class Execution:
    """A plan on its way through a kernel, in a thread of its own.

    The thread keeps Ctrl-C out of the kernel client's event loop, which does not survive it, and lets a run be
    started from inside a notebook, where a loop is already turning. It works in `folder`; by default in the current
    one.
    """

    plan: Plan
    timeout: float = CELL_TIMEOUT
    on_cell: Callable[[], Any] = lambda: None
    folder: Path | None = None
    ask_surroundings: bool = False
    executed: NotebookNode | None = None
    surroundings: Mapping[str, Any] | None = None
    error: Exception | None = None
    current: int | None = None
    seconds: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    _kernel: Any = None

    def start(self) -> None:
        """Begin in the background."""
        threading.Thread(target=self.run, daemon=True, name=f"cxkit {self.plan.notebook.name}").start()

    def wait(self, seconds: float) -> bool:
        """Whether all is done, after waiting that long at most; Ctrl-C gets through.

        Not by Thread.join: in Python 3.11 a thread whose join was interrupted counts as ended while it still runs.
        """
        return self.ended.wait(seconds)

    def run(self) -> None:
        """Execute all cells; what goes wrong is kept in `error` for `finish` to tell."""
        started = time.perf_counter()
        try:
            with own_event_loop():
                self._execute()
        except Exception as error:
            self.error = error
        finally:
            self.seconds = time.perf_counter() - started
            self.ended.set()

    def _execute(self) -> None:
        notebook = parameterised(self.plan)
        self.executed = notebook
        papermill_engines.execute_notebook_with_engine(
            "cxkit",
            notebook,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=self.timeout,
            record_timing=False,
            folder=self.folder,
            modules_in=self.plan.modules_in or self.plan.notebook.parent,
            on_kernel=self._kernel_made,
            on_cell_start=self._cell_started,
            on_cell_complete=self._cell_ended,
            on_surroundings=self._keep_surroundings if self._writes_crate or self.ask_surroundings else None,
        )

    @property
    def _writes_crate(self) -> bool:
        targets = (self.plan.output, *self.plan.copies)
        return any(path is not None and path.suffix == ".html" for path in targets)

    def _keep_surroundings(self, told: Mapping[str, Any]) -> None:
        self.surroundings = told

    def _kernel_made(self, kernel: Any) -> None:
        self._kernel = kernel
        self._give_up_if_stopped()

    def _cell_started(self, cell: NotebookNode, cell_index: int) -> None:
        self.current = cell_index
        self._give_up_if_stopped()

    def _cell_ended(self, cell: NotebookNode, cell_index: int) -> None:
        self.on_cell()

    def _give_up_if_stopped(self) -> None:
        if self.stopped.is_set():
            raise RuntimeError("stopped")

    def stop(self) -> None:
        """Kill the kernel with all it has started, and return when the thread is gone or patience ends."""
        self.stopped.set()
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self.kill_kernel()
            if self.wait(0.2):
                return

    def kill_kernel(self) -> None:
        """Kill the kernel's processes, if it has any by now."""
        provisioner = getattr(self._kernel, "provisioner", None)
        process = getattr(provisioner, "process", None)
        if process is None:
            return
        with suppress(OSError, ValueError):
            _kill_group(process, getattr(provisioner, "pgid", None))

    def finish(self, *, show_code: bool = False, title: str | None = None, badge: str | None = None) -> Run:
        """Write the output and return the run, or raise what went wrong with the unfinished notebook kept."""
        complaint = self.complaint()
        if complaint is not None:
            partial = self.keep_partial()
            raise NotebookError(f"{self.plan.notebook.name}: {complaint}\n{failure.kept(partial)}")
        assert self.executed is not None  # without a complaint there is a notebook
        if end := failure.describe_end(self.executed):
            warnings.warn(f"{self.plan.notebook.name}: {end}", CxkitWarning, stacklevel=2)
        run = self._finished_run(without_places(without_clock(self.executed), self.plan.effective, self.plan.told))
        if self.plan.output is not None:
            write_run(run, self.plan, show_code=show_code, title=title, badge=badge)
        return run

    def _finished_run(self, executed: NotebookNode) -> Run:
        return Run(
            notebook=self.plan.notebook,
            notebook_sha256=self.plan.notebook_sha256,
            parameters=self.plan.effective,
            given=tuple(self.plan.values),
            executed=executed,
            output=self.plan.output,
            seconds=self.seconds,
            session=find_session(executed),
            surroundings=self.surroundings,
            told=self.plan.told,
            modules_in=self.plan.modules_in,
        )

    def complaint(self) -> str | None:
        """What went wrong, in words; None if every cell ran."""
        if self.executed is not None and (index := failure.failed_cell(self.executed)) is not None:
            return failure.describe_exception(self.executed, index, with_parameters=True)
        if self.error is None:
            return None
        if self.executed is None:
            return f"it could not be read ({reason_of(self.error)})."
        notes = "\n".join(getattr(self.error, "__notes__", []))
        if isinstance(self.error, CellTimeoutError) and self.current is not None:
            return failure.describe_timeout(self.executed, self.current, self.timeout)
        if isinstance(self.error, DeadKernelError) or (isinstance(self.error, RuntimeError) and self.current is None):
            return failure.describe_death(self.executed, self.current, notes)
        return f"the run broke down: {fault_of(self.error)}"

    def keep_partial(self) -> Path | None:
        """Write the unfinished notebook beside the output; None if no output was asked for."""
        return None if self.executed is None else keep_partial(self.plan, without_clock(self.executed))

    def interrupted_message(self) -> str:
        """What to say after Ctrl-C; keeps the unfinished notebook."""
        partial = self.keep_partial()
        where = "before its first cell"
        if self.executed is not None and self.current is not None:
            where = f"in {failure.place_of(self.executed, self.current)}"
        return f"{self.plan.notebook.name} was interrupted {where}. Its kernel is stopped. {failure.kept(partial)}"


def parameterised(plan: Plan) -> NotebookNode:
    """The notebook of a plan, with a cell that sets its values."""
    notebook = from_dict(writable_data(load_lightly(plan.notebook)))
    if plan.values:
        notebook = parameterize_notebook(
            notebook, dict(plan.values), kernel_name="python3", language="python", engine_name="cxkit"
        )
        for cell in notebook.cells:
            if INJECTED in cell.metadata.get("tags", []):
                cell["id"] = INJECTED  # papermill's is random
    return notebook


def _kill_group(process: Any, group: int | None) -> None:
    """A kernel leads a session of its own; killing that takes its children along. Never our own group."""
    if os.name == "posix" and group and group != os.getpgrp():
        os.killpg(group, signal.SIGKILL)
    else:
        process.kill()


def keep_partial(plan: Plan, executed: NotebookNode) -> Path | None:
    """Write an unfinished notebook beside the output; None if no output was asked for."""
    return None if plan.partial is None else write_atomically(plan.partial, writes(executed) + "\n")


def write_run(
    run: Run, plan: Plan, *, show_code: bool = False, title: str | None = None, badge: str | None = None
) -> None:
    """Write the output of a run, and remove the unfinished notebook of an earlier failure."""
    assert run.output is not None
    assert run.executed is not None
    for path in (run.output, *plan.copies):
        if path.suffix == ".ipynb":
            write_atomically(path, writes(run.executed) + "\n")
        elif path.suffix == ".pdf":
            write_pdf(report_html(run, show_code=show_code, title=title, badge=badge), path)
        else:
            write_report(run, path, show_code=show_code, title=title, badge=badge)
            write_crate(run, path)
    if plan.partial is not None:  # it told of an earlier failure, which is mended
        with suppress(OSError):
            plan.partial.unlink(missing_ok=True)


def without_clock(executed: NotebookNode) -> NotebookNode:
    """A copy without times and paths of this run, so that the same run twice gives the same file."""
    clean = deepcopy(executed)
    clean.metadata.pop("papermill", None)
    for cell in clean.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    return clean


def find_session(executed: NotebookNode) -> dict[str, Any] | None:
    """The last thing in the notebook's outputs that says under which versions, seed and data it ran."""
    for cell in reversed(executed.cells):
        for output in reversed(cell.get("outputs", []) if cell.get("cell_type") == "code" else []):
            found = output.get("data", {}).get(mime.SESSION)
            if output.get("output_type") in {"display_data", "execute_result"} and isinstance(found, Mapping):
                return dict(found)
    return None
