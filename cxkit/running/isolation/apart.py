"""The client of one contained run as a small process of its own: what a stranger's kernel does to it stays there.

What a kernel sends must be taken in by somebody, and libzmq holds a whole message in memory before it hands it on. So
that is done by a process with little memory, forked from a template that has the client imported. It is told its work
in a file, as JSON, and tells what happens in lines of JSON; what it has told by the time it ends counts.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.errors import CxkitError, fault_of
from cxkit.running.sandbox.confinement import Mechanism
from cxkit.running.sandbox.limits import Limits
from cxkit.running.sandbox.processes import data_bytes

MEMORY_BYTES = 768 << 20
"""Beyond what it has at its start: messages of up to 32 MiB wait beside the one that is read. With less, a flood could
not be taken in, and ended as a cell that took too long."""
_OWN_SECONDS = 60
"""Processor time beyond that of the run's limits."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one client is to do.

    Attributes
    ----------
    notebook : mapping
        As plain data.
    limits, inputs
        As of `run_contained`.
    mechanism : str or None
        How the kernel is shut in; None for an open one.
    after_cell : mapping
        From a cell's index to the code that is run unseen after it.
    stops_at_exit : bool
        Whether a cell may end the run on purpose.
    folder : str
        For sockets and what the kernel's process itself says.
    template : str
        The socket of the template of kernels.
    env : mapping or None
        Of an open kernel.
    """

    notebook: Mapping[str, Any]
    limits: Mapping[str, Any]
    inputs: Mapping[str, str]
    mechanism: Mechanism | None
    after_cell: Mapping[str, str]
    stops_at_exit: bool
    folder: str
    template: str
    env: Mapping[str, str] | None


def be_client() -> None:
    """In the client's process: read the work from standard input, and tell on standard output how it goes."""
    gc.enable()
    work = Work(**json.loads(sys.stdin.buffer.read()))
    telling = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not stand among the lines
    _bound(work)
    tell = _Teller(telling)
    try:
        _run(work, tell)
    except Exception as error:
        text = str(error) if isinstance(error, CxkitError) else fault_of(error)
        tell({"error": type(error).__name__, "text": text})


def _bound(work: Work) -> None:
    seconds = work.limits["cpu_seconds"] + _OWN_SECONDS
    for which, most in ((resource.RLIMIT_DATA, data_bytes() + MEMORY_BYTES), (resource.RLIMIT_CPU, int(seconds))):
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Teller:
    """Writes lines of JSON, whole ones; from two threads as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()

    def __call__(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


def _run(work: Work, tell: _Teller) -> None:
    from nbformat import from_dict
    from papermill.engines import NotebookExecutionManager

    from cxkit.running.isolation.contained_client import ContainedClient
    from cxkit.running.kernels.client import own_event_loop
    from cxkit.running.kernels.forked import Template

    Template.borrow(work.template)
    code = {int(index): told for index, told in work.after_cell.items()}
    with own_event_loop():
        client = ContainedClient(
            NotebookExecutionManager(from_dict(work.notebook), progress_bar=False),
            mechanism=work.mechanism,
            limits=Limits(**work.limits),
            inputs=work.inputs,
            after_cell=lambda index, cell: code.get(index),
            tell=tell,
            stops_at_exit=work.stops_at_exit,
            folder=Path(work.folder),
        )
        error: Exception | None = None
        try:
            client.execute(**({} if work.env is None else {"env": dict(work.env)}))
        except Exception as caught:
            if not client.has_begun:
                raise
            error = caught
        tell({"left": client.left(error)})
