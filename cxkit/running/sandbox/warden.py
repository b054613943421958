"""The warden of one confined kernel: builds its world, lets it in, watches what all its processes use, ends it.

The warden stands outside the kernel's process namespace: nothing within can see, signal or trace it, and when it goes,
the kernel goes. It says on the client's connection why a kernel ended: ``{"ended": {"reason": "memory", ...}}``.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from cxkit.running.sandbox import linux, namespaces, seccomp

_GLANCE = 0.1  # seconds between two looks at what is used
_PAGE = resource.getpagesize()
_TICKS = os.sysconf("SC_CLK_TCK")


def confine(confinement: Mapping[str, Any], control: int, run_kernel: Callable[[], None]) -> NoReturn:
    """Run `run_kernel` in the world that `confinement` describes, and exit as it exited.

    `control` is the connection to the client; the kernel gets a pipe under the same number in its place.
    """
    namespaces.leave_the_host(confinement)
    hearing, telling = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(hearing)
        os.dup2(telling, control, inheritable=False)
        os.close(telling)
        _enter(confinement)
        run_kernel()
        os._exit(0)
    os.close(telling)
    linux.die_with_parent(signal.SIGKILL)
    code = _Watch(confinement, control, hearing, kernel).until_the_end()
    os._exit(code if code >= 0 else 128 - code)


def _enter(confinement: Mapping[str, Any]) -> None:
    """In the kernel's process, still before any stranger's code: give up every right."""
    os.setsid()
    namespaces.mount_processes()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    _bound(confinement["limits"])
    user = confinement["user"]
    linux.drop_privileges(user, user)
    linux.die_with_parent(signal.SIGKILL)
    linux.install_filter(seccomp.notebook_filter())


def _bound(limits: Mapping[str, Any]) -> None:
    """The limits that hold for each process by itself; the watch bounds their sum."""
    data = _status_kib("self", "VmData") * 1024 + limits["memory_bytes"]
    for which, most in (
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 1 << 20),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))


def _status_kib(process: str, field: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


class _Watch:
    """Waits for the kernel's end and brings it about when a limit is passed or the client has gone."""

    def __init__(self, confinement: Mapping[str, Any], control: int, hearing: int, kernel: int) -> None:
        self.limits, self.sockets = confinement["limits"], confinement["sockets"]
        self.control, self.hearing, self.kernel = control, hearing, kernel
        self.reason = ""
        self.peak = self.base = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.pass_on)

    def pass_on(self, number: int, _frame: object) -> None:
        """The kernel leads a session of its own, so that it cannot signal us by our group; we signal it by number."""
        with suppress(ProcessLookupError):
            os.kill(self.kernel, number)

    def until_the_end(self) -> int:
        ended = os.pidfd_open(self.kernel)
        poll = select.poll()
        for source in (ended, self.control, self.hearing):
            poll.register(source, select.POLLIN)
        is_watching = False
        while True:
            events = {source for source, _ in poll.poll(_GLANCE * 1000)}
            if ended in events:
                break
            if self.hearing in events:
                poll.unregister(self.hearing)
                is_watching = self.let_in()
            if self.control in events and not os.read(self.control, 64):
                self.end("")  # the client has gone, and nobody will ask for the reason
                poll.unregister(self.control)
            if is_watching and not self.reason:
                self.look()
        _, status = os.waitpid(self.kernel, 0)
        return self.tell(os.waitstatus_to_exitcode(status))

    def let_in(self) -> bool:
        """The kernel has bound its sockets, and no stranger's code has run yet: close their folder, then say so."""
        said = os.read(self.hearing, 64)
        os.close(self.hearing)
        if not said:
            return False  # it died while it started; the end is near
        linux.restrict(self.sockets, linux.READ_ONLY)
        self.base = sum(_proportional(process) for process in _processes())
        self.say(said)
        return True

    def look(self) -> None:
        processes = _processes()
        if sum(_cpu_seconds(process) for process in processes) > self.limits["cpu_seconds"]:
            self.end("cpu")
        # Pages shared by forked children count once for each of them here: an upper bound, and cheap to read
        resident = sum(_resident(process) for process in processes)
        if resident > max(self.peak, self.limits["memory_bytes"] // 4):
            self.peak = max(self.peak, sum(_proportional(process) for process in processes) - self.base)
            if self.peak > self.limits["memory_bytes"]:
                self.end("memory")

    def end(self, reason: str) -> None:
        self.reason = self.reason or reason
        with suppress(ProcessLookupError):
            os.kill(self.kernel, signal.SIGKILL)  # it is the first process of its namespace: all others go as well

    def tell(self, code: int) -> int:
        self.say(json.dumps({"ended": {"reason": self.reason, "peak_bytes": self.peak}}).encode() + b"\n")
        return code

    def say(self, line: bytes) -> None:
        with suppress(OSError):
            os.write(self.control, line)


def _processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _resident(process: str) -> int:
    """Bytes in memory that belong to no file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _proportional(process: str) -> int:
    """Bytes in memory without those of files, each page divided by the number of processes that share it."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:", "SwapPss:")):
                total += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return total


def _cpu_seconds(process: str) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[11:15]) / _TICKS  # own and reaped children's, in user and system mode
