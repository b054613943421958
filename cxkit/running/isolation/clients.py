"""The grader's side of a client that is a process of its own: give it work, take in what it tells, bound both."""

from __future__ import annotations

import json
import os
import select
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxkit.errors import NotebookError
from cxkit.running.isolation.apart import Work
from cxkit.running.isolation.endings import Contained, raise_if_stopped
from cxkit.running.isolation.stopwatch import PATIENCE
from cxkit.running.kernels.forked import ForkedProcess, Template, TemplateLost
from cxkit.running.sandbox.confinement import Mechanism
from cxkit.running.sandbox.limits import Limits
from cxkit.running.sandbox.protection import IN_FORCE, UNPROTECTED
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LOOK = 0.2  # seconds between looks at whether to stop
_MOST_TOLD = 192 << 20  # bytes: more than the outputs and answers that a client keeps can come to
_START_AND_END = 180.0  # seconds beyond those of the run


@dataclass
class _Heard:
    """What a client has told so far."""

    on_cell: Callable[[], Any] | None
    size: int = 0
    at: int = -1
    kernel: int = 0
    collected: list[tuple[int, str]] = field(default_factory=list)
    left: dict[str, Any] | None = None
    error: tuple[str, str] | None = None
    _unread: list[bytes] = field(default_factory=list)

    def take(self, data: bytes) -> None:
        self.size += len(data)
        self._unread.append(data)
        if b"\n" in data:
            *lines, rest = b"".join(self._unread).split(b"\n")
            self._unread = [rest]
            for line in lines:
                self.take_line(json.loads(line))

    def take_line(self, said: Mapping[str, Any]) -> None:
        self.at = said.get("at", self.at)
        self.kernel = said.get("kernel", self.kernel)
        if "collected" in said:
            index, text = said["collected"]
            self.collected.append((index, text))
        if "done" in said and self.on_cell is not None:
            self.on_cell()
        if "error" in said:
            self.error = (said["error"], said["text"])
        self.left = said.get("left", self.left)


def run_in_client(
    notebook: NotebookNode,
    *,
    mechanism: Mechanism | None,
    limits: Limits,
    inputs: Mapping[str, str],
    after_cell: Callable[[int, NotebookNode], str | None] | None,
    stops_at_exit: bool,
    on_cell: Callable[[], Any] | None,
    stop: threading.Event | None,
) -> Contained:
    """Run a notebook by a client of its own; see `run_contained`.

    Whatever becomes of the client once the first cell has begun is the notebook's doing, and the run is one that died.

    Raises
    ------
    TemplateLost
        If no client or no kernel could be started.
    Stopped
        If `stop` was set.
    """
    began = time.monotonic()
    code = {str(index): after_cell(index, cell) for index, cell in enumerate(notebook.cells)} if after_cell else {}
    heard = _Heard(on_cell)
    with ExitStack() as stack:
        folder = str(stack.enter_context(own_folder()))
        work = Work(
            notebook=notebook,
            limits=limits.as_data(),
            inputs=inputs,
            mechanism=mechanism,
            after_cell={index: text for index, text in code.items() if text is not None},
            stops_at_exit=stops_at_exit,
            folder=folder,
            template=str(Template.begin().socket),
            env=dict(os.environ) if mechanism is None else None,
        )
        process, hearing = _started(work, stack)
        stack.callback(_end, process, heard)
        patience = limits.total_seconds * PATIENCE + _START_AND_END
        _listen(hearing, heard, process, stop, began + patience)
    return _result_of(notebook, heard, mechanism, time.monotonic() - began)


def _started(work: Work, stack: ExitStack) -> tuple[ForkedProcess, int]:
    Template.begin().wait_until_ready()
    clients = Template.begin_clients()
    clients.wait_until_ready()
    hearing, telling = os.pipe()
    stack.callback(os.close, hearing)
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        with tempfile.TemporaryFile() as told:
            told.write(json.dumps(vars(work)).encode())
            told.seek(0)
            request = {"client": True, "argv": [], "env": dict(os.environ), "cwd": work.folder}
            process = clients.fork(request, [told.fileno(), telling, nowhere])
    finally:
        os.close(telling)
        os.close(nowhere)
    return process, hearing


def _end(process: ForkedProcess, heard: _Heard) -> None:
    """See to it that the client is gone, and its kernel: a confined one ends because its connection closes."""
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        select.select([process.connection], [], [], 0.05)
    with suppress(OSError):
        if process.poll() is None and process.pid:
            os.kill(process.pid, signal.SIGKILL)
    if heard.kernel and heard.left is None:
        with suppress(OSError):
            os.killpg(heard.kernel, signal.SIGKILL)
    process.connection.close()


def _listen(hearing: int, heard: _Heard, process: ForkedProcess, stop: threading.Event | None, deadline: float) -> None:
    """Take in what is told until the client closes its end; end it when it tells too much or takes too long."""
    try:
        while True:
            ready, _, _ = select.select([hearing], [], [], _LOOK)
            raise_if_stopped(stop)
            data = os.read(hearing, 1 << 20) if ready else b"-"
            if not data:
                return
            if ready:
                heard.take(data)
            if heard.size > _MOST_TOLD or time.monotonic() > deadline:
                break
    except BaseException:
        _stop(process)
        raise
    _stop(process)


def _stop(process: ForkedProcess) -> None:
    with suppress(OSError):
        process.terminate()


def _result_of(notebook: NotebookNode, heard: _Heard, mechanism: Mechanism | None, seconds: float) -> Contained:
    from nbformat import from_dict

    if heard.left is not None:
        told = heard.left
        told["notebook"] = from_dict(told["notebook"])
        told["cuts"] = {int(index): cut for index, cut in told["cuts"].items()}
        return Contained(collected=heard.collected, seconds=seconds, **told)
    if heard.at < 0:  # ours, not the stranger's
        kind, text = heard.error or ("TemplateLost", "The client of the kernel ended while it started.")
        if kind == "NotebookError":
            raise NotebookError(text)
        raise TemplateLost(text if kind == "TemplateLost" else f"The kernel's client failed: {text}")
    return Contained(
        notebook=notebook,
        collected=heard.collected,
        ending="died",
        ended_in=heard.at,
        why="which sent more than can be taken in",
        seconds=seconds,
        protection=UNPROTECTED if mechanism is None else IN_FORCE[mechanism],
    )
