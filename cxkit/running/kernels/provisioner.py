"""The kernel provisioner ``cxkit``: what jupyter_client, nbclient, papermill and nbgrader start kernels through.

A kernelspec names it under ``metadata.kernel_provisioner``; nothing else in those tools changes. The kernelspec that
cxkit installs under the name ``cxkit`` asks for open kernels; confined ones are asked for by cxkit's own client.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Dict, Unicode

from cxkit.running.kernels.forked import START_SECONDS, ForkedProcess, Template, TemplateLost, can_fork
from cxkit.running.kernels.modules import FOLDER_VARIABLE
from cxkit.running.kernels.ready import ReadyClient
from cxkit.running.sandbox.confinement import environment as confined_environment

logger = logging.getLogger(__name__)

LAUNCHER = "ipykernel_launcher"
_PATIENCE = 0.2  # seconds for a killed kernel to end before jupyter_client's own, slower looks take over


class ForkProvisioner(LocalProvisioner):
    """Forks ipykernels from the template; where that is unsafe or fails, starts an ordinary one and says so.

    A kernel with a confinement is never started the ordinary way: it is refused instead.
    """

    confinement = Dict(
        default_value=None, allow_none=True, help="A sandbox.Confinement as data; without it the kernel is open."
    )
    remark = Unicode("", help="Why the kernel is not a forked one; empty if it is.")

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """As usual, with a client that does not wait longer than it must."""
        manager = self.parent
        if manager is not None and getattr(manager, "client_factory", None) is AsyncKernelClient:
            manager.client_factory = ReadyClient
        prepared: dict[str, Any] = await super().pre_launch(**options)
        if manager is not None and self.confinement is not None and self.confinement["user"] is not None:
            os.chown(manager.connection_file, self.confinement["user"], -1)  # it is the kernel's to read
        return prepared

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Fork; `cmd` is the ordinary command, of which the arguments count."""
        if LAUNCHER not in cmd or not can_fork():
            return await self._launch_plainly(cmd, "kernels cannot be forked safely on this system", options)
        try:
            process: Any = await self._fork(cmd, options)
        except TemplateLost as error:
            return await self._launch_plainly(cmd, str(error), options)
        self.process = process
        self.pid = self.pgid = process.pid
        return self.connection_info

    async def _launch_plainly(self, cmd: list[str], reason: str, options: dict[str, Any]) -> Any:
        if self.confinement is not None:
            raise TemplateLost(f"The sandbox cannot be entered: {reason} Nothing was run.")
        self.remark = f"ordinary kernel: {reason}"
        logger.warning("cxkit starts an ordinary kernel: %s", reason)
        options["env"] = _with_modules_beside(dict(options.get("env") or os.environ))
        return await super().launch_kernel(cmd, **options)

    async def _fork(self, cmd: list[str], options: dict[str, Any]) -> ForkedProcess:
        template = await asyncio.get_running_loop().run_in_executor(None, Template.get)
        request = {
            "argv": cmd[cmd.index(LAUNCHER) :],
            "env": dict(options.get("env") or os.environ) if self.confinement is None else confined_environment(),
            "cwd": str(options.get("cwd") or Path.cwd()),
            "confinement": self.confinement,
        }
        with ExitStack() as stack:
            nothing = os.open(os.devnull, os.O_RDWR)
            stack.callback(os.close, nothing)
            streams = [_descriptor(options.get(name), default) for name, default in (("stdout", 1), ("stderr", 2))]
            process = template.fork(request, [nothing, *streams])
        await _until_ready(process)
        process.ends_by_word = self.confinement is not None and self.confinement["mechanism"] == "landlock"
        return process

    async def send_signal(self, signum: int) -> None:
        """Signal the group of the kernel or of its warden, which says when the kernel has an interrupt."""
        if isinstance(self.process, ForkedProcess) and signum == signal.SIGINT:
            self.process.is_interrupting = True
        await super().send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel: not by its process group where that is a warden's who is to end what the kernel started."""
        if isinstance(self.process, ForkedProcess) and self.process.ends_by_word:
            self.process.kill()
        else:
            await super().kill(restart)
        await self._see_it_end()

    async def _see_it_end(self) -> None:
        """Wait for a killed kernel, whose end takes milliseconds: jupyter_client looks every tenth of a second."""
        pause, deadline = 0.002, time.monotonic() + _PATIENCE
        while isinstance(self.process, ForkedProcess) and self.process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause *= 1.5

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of a kernel whose end the template has not told in time: it may be in the midst of an import."""
        await super().cleanup(restart)
        if not restart and self.confinement is None and isinstance(self.process, ForkedProcess):
            self.process.connection.close()

    async def wait(self) -> int | None:
        """Wait for the kernel's end; its return code."""
        if not isinstance(self.process, ForkedProcess):
            return await super().wait()
        pause = 0.002
        while self.process.poll() is None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)
        code, self.process = self.process.returncode, None
        return code


def _with_modules_beside(environment: dict[str, str]) -> dict[str, str]:
    """The environment of an ordinary kernel, which finds further modules by PYTHONPATH alone."""
    folder = environment.pop(FOLDER_VARIABLE, "")
    if folder:
        paths = [environment.get("PYTHONPATH", ""), folder]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


def _descriptor(stream: Any, default: int) -> int:
    if isinstance(stream, int) and stream >= 0:
        return stream
    return int(stream.fileno()) if hasattr(stream, "fileno") else default


async def _until_ready(process: ForkedProcess) -> None:
    """Wait until the kernel has bound its sockets.

    Raises
    ------
    TemplateLost
        If it ended, or was refused, before that.
    """
    deadline = time.monotonic() + START_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        process.listen()
        if process.is_ready:
            return
        if process.refusal or process.returncode is not None or time.monotonic() > deadline:
            process.kill()
            process.connection.close()
            reason = process.refusal or f"a forked kernel ended while it started (code {process.returncode})."
            raise TemplateLost(reason)
        await _readable(loop, process.fileno(), deadline - time.monotonic())


async def _readable(loop: asyncio.AbstractEventLoop, descriptor: int, seconds: float) -> None:
    news = loop.create_future()
    loop.add_reader(descriptor, _settle, news)
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(news, seconds)
    finally:
        loop.remove_reader(descriptor)


def _settle(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)
