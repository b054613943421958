"""The kit's client for kernels that may lie, flood, hang and die."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.engines import NotebookExecutionManager

from cxkit.running.isolation.endings import COLLECTED, ENDED_BY_WARDEN, Cut, Ending, why_ended
from cxkit.running.isolation.inputs import copy_inputs
from cxkit.running.isolation.messages import TooMuch, error_of_reply, read_bounded, size_of, text_of_reply
from cxkit.running.isolation.stopwatch import PATIENCE, Stopwatch, innermost_child
from cxkit.running.kernels.client import START_TIMEOUT, CxkitClient, NotebookEnded, logger
from cxkit.running.kernels.forked import ForkedProcess
from cxkit.running.notebooks import failure
from cxkit.running.notebooks.notebook import tags
from cxkit.running.sandbox.confinement import WORK_FOLDER, Confinement, Mechanism, own_user, readable_paths
from cxkit.running.sandbox.limits import Limits
from cxkit.running.sandbox.protection import IN_FORCE, UNPROTECTED

_GRACE = 3.0  # seconds of its own, as a stopwatch counts them, that an interrupted cell has to end by itself
# An interrupt that came when the cell had ended already can have cost its reply, which is then taken to be this.
_LOST: dict[str, Any] = {"content": {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}}
_LARGEST_MESSAGE = 32 << 20  # bytes; the connection of whoever sends more is closed
_CELLS_OF_OUTPUT = 8  # of all cells together as much as of so many that print all that one may
_MOST_COLLECTED = 32 << 20  # characters of all answers together
# Printed between two cells, which nothing does that ended with its cell; a process that ends late leaves less
_LEFT_RUNNING = 16 << 10
_OUTPUTS = {"stream", "display_data", "execute_result", "error", "update_display_data"}


class ContainedClient(CxkitClient):
    """Runs cells whatever happens; keeps what fits; knows how it ended."""

    def __init__(
        self,
        nb_man: NotebookExecutionManager,
        *,
        mechanism: Mechanism | None,
        limits: Limits,
        inputs: Mapping[str, str],
        after_cell: Callable[[int, NotebookNode], str | None] | None,
        tell: Callable[[Mapping[str, Any]], Any],
        stops_at_exit: bool = False,
        folder: Path | None = None,
    ) -> None:
        super().__init__(
            nb_man,
            kernel_name="python3",
            timeout=math.ceil(limits.cell_seconds),  # whole seconds, for nbclient's messages; the limit is watched here
            startup_timeout=START_TIMEOUT,
            allow_errors=True,
            record_timing=False,
            log=logger,
            folder=folder,
        )
        self.mechanism, self.limits, self.inputs = mechanism, limits, inputs
        self.after_cell, self.tell = after_cell, tell
        self.stops_at_exit = stops_at_exit
        self.collected: list[tuple[int, str]] = []
        self.cuts: dict[int, Cut] = {}
        self.ending: Ending = "completed"
        self.protection = UNPROTECTED if self.mechanism is None else IN_FORCE[self.mechanism]
        self.shutdown_kernel = "immediate"
        self.starved = self._is_asking = False
        self._process: Any = None
        self._kernel = 0  # the kernel's process as seen from here
        self._current, self._printed, self._replied = -1, 0, False
        self._between, self._is_anothers = 0, False  # printed before the cell began; whether that goes on
        self._has_charged = False
        self._since_cut = Stopwatch(0, _GRACE)
        self._interrupting: asyncio.Future[None] | None = None
        self._room, self._collected_room = _CELLS_OF_OUTPUT * limits.output_bytes, _MOST_COLLECTED

    # --- the kernel -----------------------------------------------------------------------------------------------

    def confinement(self) -> Confinement | None:
        """The sandbox, with folders that belong to the kernel's own user."""
        if self.mechanism is None:
            return None
        root = self._folder / "root"
        root.mkdir()
        user = own_user()
        if user is not None:
            self._folder.chmod(0o711)
            os.chown(self._sockets, user, user)
        copies = copy_inputs(self.inputs, self._folder / "work")
        inputs = {name: str(copies / name) for name in self.inputs}
        return Confinement(
            mechanism=self.mechanism,
            folder=str(copies) if self.mechanism == "landlock" else WORK_FOLDER,
            sockets=str(self._sockets),
            root=str(root),
            readable=readable_paths(),
            inputs=inputs,
            user=user,
            limits=self.limits,
        )

    def execute(self, **options: Any) -> NotebookNode:
        """Run all cells, in a temporary folder if the policy is open."""
        if self.mechanism is None:
            options["cwd"] = str(copy_inputs(self.inputs, self._folder / "work"))
        return super().execute(**options)

    def start_new_kernel_client(self, **options: Any) -> Any:
        """Connect by sockets that take no message beyond a size; the clock of the run starts here."""
        self._process = getattr(self.km.provisioner, "process", None)
        if self.mechanism is None and self._process is not None:
            self.tell({"kernel": self._process.pid})  # which has no warden that ends it with us
        self._kernel = innermost_child(self._process.pid) if self._process is not None else 0
        self.km.context.setsockopt(zmq.MAXMSGSIZE, _LARGEST_MESSAGE)  # for all sockets made from here on
        watch = Stopwatch(self._kernel, self.limits.total_seconds)
        ensure_event_loop().call_later(self.limits.total_seconds, self._time_is_up, watch)
        return super().start_new_kernel_client(**options)

    def _time_is_up(self, watch: Stopwatch) -> None:
        if (left := watch.left()) > 0:
            ensure_event_loop().call_later(left, self._time_is_up, watch)
            return
        self.ending = "total_timeout"
        self.starved = self.starved or watch.may_have_starved()
        self.kill()

    def kill(self) -> None:
        """End the kernel at once; callable from any thread."""
        if self._process is not None:
            self._process.kill()

    def read_part(self, part: bytes) -> Any:
        """One part of a message, within the bounds of the run; what is asked for unseen has its own."""
        return read_bounded(part, None if self._is_asking else self.limits.output_bytes)

    @property
    def has_begun(self) -> bool:
        """Whether any of the stranger's code may have run."""
        return self._current >= 0

    # --- the cells ------------------------------------------------------------------------------------------------

    def papermill_execute_cells(self) -> None:
        """Give every cell its turn, until the kernel is gone."""
        for index, cell in enumerate(self.nb.cells):
            self._room -= min(self._printed, self.limits.output_bytes)
            self._current, self._printed, self._replied = index, 0, False
            self._between, self._is_anothers = 0, False
            self.tell({"at": index})
            try:
                self.execute_cell(cell, index)
                if index in self.cuts:
                    self._let_the_interrupt_pass()
                self._collect(index, cell)
            except NotebookEnded:
                self.tell({"done": index})
                break
            except CellTimeoutError:
                self.ending = self.ending if self.ending != "completed" else "cell_timeout"
                break
            self.tell({"done": index})

    async def _check_raise_for_error(
        self, cell: NotebookNode, cell_index: int, exec_reply: dict[str, Any] | None
    ) -> None:
        """Note that a cell failed, which not every one shows; the next has its turn."""
        if exec_reply is not None and exec_reply["content"].get("status") == "error":
            cell.metadata["papermill"] = {"exception": failure.MAY_RAISE not in tags(cell)}
            if cell_index not in self.cuts and not any(one.output_type == "error" for one in cell.outputs):
                cell.outputs.append(error_of_reply(exec_reply))
        await super()._check_raise_for_error(cell, cell_index, exec_reply)

    def wait_for_reply(self, msg_id: str, cell: NotebookNode | None = None) -> dict[str, Any]:
        """The language is known, and a kernel that was ended cannot answer."""
        return {"content": {"language_info": {"name": "python"}}}

    def set_widgets_metadata(self) -> None:
        """Widgets of strangers are not kept."""

    def handle_comm_msg(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """Nor is what they send."""

    async def _async_poll_kernel_alive(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            if not await self.kc.is_alive():
                self.task_poll_for_reply.cancel()
                return

    async def _async_poll_for_reply(
        self,
        msg_id: str,
        cell: NotebookNode,
        timeout: float | None,
        task_poll_output_msg: asyncio.Future[Any],
        task_poll_kernel_alive: asyncio.Future[Any],
    ) -> dict[str, Any]:
        """Wait for the cell's end; when its time is up interrupt it, and when that does not help give up."""
        try:
            reply = await self._reply_in_time(msg_id, idle=task_poll_output_msg)
            if reply is None:
                self.cuts[self._current] = "time"
                await self.km.interrupt_kernel()
                reply = await self._reply_before(Stopwatch(self._kernel, _GRACE), msg_id)
            if reply is None:
                raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", int(timeout or 0), cell)
            self._replied = True
            # What a flood has left on its way must not be taken for output of the next cell
            patience = PATIENCE if self._current in self.cuts else 1.0
            try:
                await asyncio.wait_for(task_poll_output_msg, patience * (self.iopub_timeout or _GRACE))
            except TimeoutError:
                if not self._is_anothers:
                    self.cuts.setdefault(self._current, "output")
            return reply
        finally:
            task_poll_kernel_alive.cancel()

    async def _reply_in_time(self, msg_id: str, idle: asyncio.Future[Any] | None = None) -> dict[str, Any] | None:
        """The reply, if it comes in the time of a cell; the time that the kernel waits for a core is not its own."""
        watch = Stopwatch(self._kernel, self.limits.cell_seconds)
        reply = await self._reply_before(watch, msg_id, idle)
        self.starved = self.starved or (reply is None and watch.may_have_starved())
        return reply

    async def _reply_before(
        self, watch: Stopwatch, msg_id: str, idle: asyncio.Future[Any] | None = None
    ) -> dict[str, Any] | None:
        while (left := watch.left()) > 0:
            was_idle = idle is not None and idle.done()
            reply = await self._reply_to(msg_id, left if idle is None else min(left, _GRACE))
            if reply is not None:
                return reply
            if was_idle and self._current in self.cuts:
                return _LOST
        return None

    def _let_the_interrupt_pass(self) -> None:
        """Wait until the kernel has taken the interrupt, which must not end what it runs next.

        The cell may have ended before it came. What the kernel handles just then goes without a reply.
        """
        loop = ensure_event_loop()
        if self._interrupting is not None:
            loop.run_until_complete(self._interrupting)
            self._interrupting = None
        deadline = time.monotonic() + _GRACE
        while self.mechanism is not None and self._process.is_interrupting and time.monotonic() < deadline:
            time.sleep(0.002)
            self._process.poll()
        for _ in range(2):
            asked = self.kc.execute("", silent=True, store_history=False, stop_on_error=False)
            if loop.run_until_complete(self._reply_before(Stopwatch(self._kernel, _GRACE), asked)) is not None:
                break

    async def _reply_to(self, msg_id: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                message: dict[str, Any] = await self.kc.shell_channel.get_msg(timeout=left)
            except Empty:
                return None
            if message["parent_header"].get("msg_id") == msg_id:
                return message
        return None

    # --- what it says ---------------------------------------------------------------------------------------------

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Hand a cell its own messages; of others only count what was printed before it began."""
        while True:
            msg = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
            await asyncio.sleep(0)  # a message that waits already comes at once: without this a flood stops every clock
            if msg["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(msg, cell, cell_index)
                except CellExecutionComplete:
                    return
            elif msg["msg_type"] == "stream":
                too_much = isinstance(msg["content"], TooMuch)
                self._between += _LEFT_RUNNING if too_much else size_of(msg["content"])

    def _charge_before(self, cell_index: int) -> bool:
        """Whether what floods this cell was left running by one before, which is then charged with it."""
        code = [index for index in range(cell_index) if self.nb.cells[index].cell_type == "code"]
        if self._between < _LEFT_RUNNING or not code:
            return False
        if not self._has_charged and self.cuts.get(code[-1]) != "time":
            self.cuts[code[-1]] = "left_running"
        self._has_charged = True
        return True

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Keep an output if there is still room for it; at the first that is too much interrupt the cell."""
        if msg["msg_type"] not in _OUTPUTS:
            return super().process_message(msg, cell, cell_index)
        too_much = isinstance(msg["content"], TooMuch) or isinstance(msg["metadata"], TooMuch)
        size = self.limits.output_bytes + 1 if too_much else size_of(msg["content"]) + size_of(msg["metadata"])
        before, self._printed = self._printed, self._printed + size
        most = self.limits.output_bytes
        if self._room < self._printed <= most:
            # Many cells of much output each are a flood as well; it is left out, and costs no cell its work
            if before <= max(0, self._room):
                text = "[cxkit: output left out here: that of the cells before is as much as is kept]\n"
                cell.outputs.append(new_output("stream", name="stderr", text=text))
            return None
        if self._printed <= most:
            return super().process_message(msg, cell, cell_index)
        self._is_anothers = self._is_anothers or (before <= most and self._charge_before(cell_index))
        if self._is_anothers:
            return None  # this cell goes on: it does not print that, and an interrupt would end its work
        if before <= most:
            self._since_cut = Stopwatch(self._kernel, _GRACE)
            self.cuts.setdefault(cell_index, "output")
            cell.outputs.append(
                new_output("stream", name="stderr", text=f"[cxkit: output cut here, after {most:,} bytes]\n")
            )
            self._interrupting = asyncio.ensure_future(self.km.interrupt_kernel())
        elif not self._replied and self._since_cut.left() <= 0:
            self.ending = "output_flood"
            self.starved = self.starved or self._since_cut.may_have_starved()
            self.kill()
        return None

    def _collect(self, index: int, cell: NotebookNode) -> None:
        code = self.after_cell(index, cell) if self.after_cell is not None else None
        if code is not None:
            self._is_asking = True
            try:
                text = asyncio.get_event_loop().run_until_complete(self._ask(code))
            finally:
                self._is_asking = False
            if text is not None and len(text) <= self._collected_room:
                self._collected_room -= len(text)
                self.collected.append((index, text))
                self.tell({"collected": [index, text]})

    async def _ask(self, code: str) -> str | None:
        """Run code unseen, and take what it leaves in COLLECTED; None if there is nothing that reads as text."""
        asked = self.kc.execute(
            code, silent=True, store_history=False, stop_on_error=False, user_expressions={"text": COLLECTED}
        )
        watch = asyncio.ensure_future(self._reply_in_time(asked))
        while not watch.done():
            await asyncio.wait([watch], timeout=0.1)
            if not watch.done() and not await self.kc.is_alive():
                watch.cancel()
                raise DeadKernelError("Kernel died")
        reply = watch.result()
        if reply is None:
            raise CellTimeoutError("The answers could not be collected in time.")
        return text_of_reply(reply)

    def warden_said(self) -> dict[str, Any]:
        """Why the kernel was ended and how much memory it had, as far as it was confined and has ended."""
        if isinstance(self._process, ForkedProcess):
            self._process.poll()
            return self._process.ending
        return {}

    def left(self, error: Exception | None) -> dict[str, Any]:
        """What is left of the run, as plain data and without what was collected: the attributes of `Contained`."""
        ending, why = self.told_ending(error)
        return {
            "notebook": self.nb,
            "cuts": self.cuts,
            "ending": ending,
            "ended_in": None if ending == "completed" else self._current,
            "why": why,
            "peak_bytes": self.warden_said().get("peak_bytes", 0),
            "protection": self.protection,
            "starved": self.starved,
        }

    def told_ending(self, error: Exception | None) -> tuple[Ending, str]:
        """How the run ended, and why, as a clause that follows the cell; empty where the kernel died by itself."""
        ending = self.ending
        if error is not None and ending == "completed":
            ending = ENDED_BY_WARDEN.get(self.warden_said().get("reason", ""), "died")
        if ending == "died" and error is not None and not isinstance(error, DeadKernelError):
            # What the kernel sent is the stranger's: it can break anything here, and its words are not passed on
            return ending, "which sent messages that cannot be read"
        return ending, why_ended(ending, self.limits)
