"""The kernel a run gets, and the client that feeds it cells."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from traitlets import Any as AnyTrait

from cxkit.running.kernels.modules import FOLDER_VARIABLE
from cxkit.running.kernels.provisioner import LAUNCHER
from cxkit.running.notebooks import failure
from cxkit.running.provenance.surroundings import QUESTION
from cxkit.running.sandbox.confinement import Confinement
from cxkit.running.temporary import OwnFolder
from cxkit.running.untrusted import read_json, text_of_repr

# What goes wrong is told once, by the error that is raised; nbclient's log would tell it a second time.
logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())
logger.propagate = False

CELL_TIMEOUT = 600.0
_LAST_REPLY = 1.0  # seconds in which what a kernel sent before its end is read
START_TIMEOUT = 120.0
_LAST_ANSWER = 30.0  # seconds for the kernel to say what it computed with

# One BLAS thread: sums come out in the same order on every machine, and parallel runs do not fight for cores.
# A fixed hash seed: sets and dicts of text iterate alike. The last one silences debugpy's remark on frozen modules.
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "CXKIT_DECLARE": "1",  # results leave their unrounded numbers for the report's provenance
}
# Unix sockets have paths of about 100 bytes at most.
_LONGEST_SOCKET_FOLDER = 70


class OwnInterpreter(KernelSpecManager):
    """Whatever kernel a notebook names, it gets the Python that cxkit itself runs in.

    A registered kernelspec called python3 may belong to another environment, which would compute with other versions
    than the report claims.
    """

    folder: str = ""
    confinement: Confinement | None = None

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The one kernelspec there is, with a folder of the run's own in place of the user's IPython profile."""
        config = {} if self.confinement is None else {"confinement": self.confinement.as_data()}
        return KernelSpec(
            argv=[sys.executable, "-m", LAUNCHER, "-f", "{connection_file}"],
            display_name="Python 3 (cxkit)",
            language="python",
            env={**KERNEL_ENVIRONMENT, "IPYTHONDIR": self.folder},
            metadata={"kernel_provisioner": {"provisioner_name": "cxkit", "config": config}},
        )


class NotebookEnded(Exception):
    """A cell ended its notebook on purpose, with nothing wrong: `exit()`, `quit`, `sys.exit(0)`."""


class CxkitClient(PapermillNotebookClient):
    """papermill's client on a private kernel: own interpreter, own folder, no port that another process could take."""

    on_kernel = AnyTrait(None, allow_none=True)
    on_surroundings = AnyTrait(None, allow_none=True)
    stops_at_exit = True

    def __init__(self, nb_man: NotebookExecutionManager, *, folder: Path | None = None, **options: Any) -> None:
        super().__init__(nb_man, **options)
        # nbclient imitates Output widgets by sending on the shell channel in the midst of a cell, and then waits for
        # ever for a reply that it has already thrown away. Reports need no such imitation.
        self.widget_registry: dict[str, dict[str, Any]] = {}
        self._own: OwnFolder | None = None
        if folder is None:
            self._own = OwnFolder()
            folder = self._own.path
        self._folder = folder
        self._sockets = self._folder / "s"
        self._sockets.mkdir()

    def read_part(self, part: bytes) -> Any:
        """One part of a message of the kernel as data: every text in it can be written to a file."""
        return read_json(part, most_parts=None)

    def confinement(self) -> Confinement | None:
        """The sandbox that the kernel is to stand in; None for an open one."""
        return None

    def create_kernel_manager(self) -> KernelManager:
        """A manager for one private kernel, handed to `on_kernel` so that another thread can stop it."""
        specs = OwnInterpreter()
        specs.folder = str(self._folder / "ipython")
        specs.confinement = self.confinement()
        short = len(str(self._sockets)) <= _LONGEST_SOCKET_FOLDER
        self.km = AsyncKernelManager(
            kernel_name=self.kernel_name,
            kernel_spec_manager=specs,
            connection_file=str(self._sockets / "kernel.json"),
            transport="ipc" if os.name == "posix" and short else "tcp",
        )
        self.km.session.unpack = self.read_part  # the client's session is the same
        if self.on_kernel is not None:
            self.on_kernel(self.km)
        return self.km

    def execute(self, **options: Any) -> NotebookNode:
        """Run all cells; on any failure the kernel is killed at once instead of being asked to leave."""
        with (self._folder / "kernel.log").open("wb") as log:
            try:
                return super().execute(stdout=log, stderr=log, **options)
            except RuntimeError as error:
                error.add_note(self._last_words())
                raise
            finally:
                self._clear_away()

    def _clear_away(self) -> None:
        if self._own is not None:
            self._own.remove()
        else:
            shutil.rmtree(self._folder, ignore_errors=True)

    def papermill_execute_cells(self) -> None:
        """Run the cells one after the other, as papermill does, until one ends the notebook; then ask, if wanted."""
        try:
            super().papermill_execute_cells()
            if self.on_surroundings is not None:
                run_sync(self._ask_surroundings)()
        except NotebookEnded:
            self.shutdown_kernel = "immediate"
        except BaseException:
            self.shutdown_kernel = "immediate"
            raise

    async def _ask_surroundings(self) -> None:
        """Hand over what the kernel says that it loaded and computed with; a kernel that says nothing is let be."""
        with suppress(TimeoutError, RuntimeError, ValueError, AttributeError):  # late, dead, or no such answer
            reply = await self.kc.execute(
                "", silent=True, store_history=False, user_expressions={"told": QUESTION}, reply=True,
                timeout=_LAST_ANSWER,
            )  # fmt: skip
            told = reply["content"].get("user_expressions", {}).get("told", {})
            text = text_of_repr(told.get("data", {}).get("text/plain", ""))
            if text is not None:
                self.on_surroundings(read_json(text))

    def wait_for_reply(self, msg_id: str, cell: NotebookNode | None = None) -> dict[str, Any]:
        """What papermill asks after the last cell: the language, which is known. A kernel that ended cannot answer."""
        if self.shutdown_kernel == "immediate":
            return {"content": {"language_info": {"name": "python"}}}
        reply: dict[str, Any] = super().wait_for_reply(msg_id, cell)
        return reply

    async def _check_raise_for_error(
        self, cell: NotebookNode, cell_index: int, exec_reply: dict[str, Any] | None
    ) -> None:
        """Raise what a cell came to: an exception, or the end of the notebook that it asks for."""
        content = exec_reply["content"] if exec_reply is not None else {}
        if self.stops_at_exit and _asks_for_the_end(content):
            # The kernel leaves within moments. Whether further cells ran would be chance, so none does
            cell.outputs.append(new_output("error", ename="SystemExit", evalue="", traceback=["SystemExit"]))
        if self.stops_at_exit and failure.ended_cleanly(cell) is not None:
            raise NotebookEnded
        if "status" in content:
            await super()._check_raise_for_error(cell, cell_index, exec_reply)

    async def _async_check_alive(self) -> None:
        """A kernel that ended itself has replied before: the reply may have come and not be read yet."""
        if not await self.kc.is_alive():
            await asyncio.sleep(_LAST_REPLY)
        await super()._async_check_alive()

    def _last_words(self) -> str:
        """The end of what the kernel's process itself wrote: the only trace of one that never came up."""
        log = self._folder / "kernel.log"
        return log.read_text(errors="replace")[-2000:].strip() if log.exists() else ""


def _asks_for_the_end(content: Mapping[str, Any]) -> bool:
    """Whether the reply to a cell says that the kernel is to leave: `exit()` and `quit` do, `exit(1)` keeps it."""
    payload = content.get("payload")
    asked = [one for one in payload if isinstance(one, Mapping)] if isinstance(payload, list) else []
    return any(one.get("source") == "ask_exit" and not one.get("keepkernel") for one in asked)


class ManagedEngine(NBClientEngine):
    """papermill's engine with our client in it."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float = START_TIMEOUT,
        execution_timeout: float | None = None,
        on_kernel: Callable[[KernelManager], None] | None = None,
        on_surroundings: Callable[[Mapping[str, Any]], None] | None = None,
        folder: Path | None = None,
        modules_in: Path | None = None,
        **options: Any,
    ) -> NotebookNode:
        """Execute what `nb_man` holds; no cell runs longer than `execution_timeout` seconds (600 unless given).

        The kernel works in `folder`, and finds modules in `modules_in` as well.
        """
        for replaced in ("input_path", "timeout", "startup_timeout"):
            options.pop(replaced, None)
        client = CxkitClient(
            nb_man,
            kernel_name=kernel_name,
            timeout=execution_timeout or CELL_TIMEOUT,
            startup_timeout=start_timeout,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            on_kernel=on_kernel,
            on_surroundings=on_surroundings,
            **options,
        )
        where: dict[str, Any] = {} if folder is None else {"cwd": str(folder)}
        if modules_in is not None:
            where["env"] = {**os.environ, FOLDER_VARIABLE: str(modules_in.resolve())}
        return client.execute(**where)


@contextmanager
def own_event_loop() -> Iterator[None]:
    """An event loop for this thread's kernel client, closed at the end.

    Otherwise each run leaves a loop with its open files behind, and a cancelled task that complains when it is
    collected.
    """
    loop = ensure_event_loop()
    try:
        yield
    finally:
        unfinished = asyncio.all_tasks(loop)
        for task in unfinished:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*unfinished, return_exceptions=True))
        loop.close()
