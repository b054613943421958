"""A client that starts work as soon as the kernel listens.

jupyter_client's own waits at the end of every start until IOPub has been silent for 0.2 seconds, to lose nothing. The
`idle` that answers our own question says the same at once: what was sent before it has arrived before it.
"""

from __future__ import annotations

import time
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient

_ASK_AGAIN = 0.5  # until IOPub is connected, messages on it are lost: then the question is asked once more


class ReadyClient(AsyncKernelClient):
    """An AsyncKernelClient whose `wait_for_ready` ends with the answer to its own question."""

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        deadline = time.monotonic() + (timeout or 60.0)
        while True:
            asked, until = self.kernel_info(), time.monotonic() + _ASK_AGAIN
            if await self._answered(asked, until) and await self._idle(asked, until):
                return
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _answered(self, asked: str, until: float) -> bool:
        while (left := until - time.monotonic()) > 0:
            try:
                message = await self.shell_channel.get_msg(timeout=left)
            except Empty:
                return False
            if message["msg_type"] == "kernel_info_reply" and message["parent_header"].get("msg_id") == asked:
                self._handle_kernel_info_reply(message)
                return True
        return False

    async def _idle(self, asked: str, until: float) -> bool:
        while (left := until - time.monotonic()) > 0:
            try:
                message = await self.iopub_channel.get_msg(timeout=left)
            except Empty:
                return False
            is_ours = message["parent_header"].get("msg_id") == asked
            if is_ours and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return True
        return False

    wait_for_ready = _async_wait_for_ready
