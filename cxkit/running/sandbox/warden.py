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
from typing import Any, NoReturn, Protocol

from cxkit.running.sandbox import linux, processes
from cxkit.running.sandbox.bubblewrap import BubblewrapWorld
from cxkit.running.sandbox.landlock import LandlockWorld
from cxkit.running.sandbox.namespaces import NamespaceWorld

_GLANCE = 0.1  # seconds between two looks at what is used
_CROWD, _LAST = 4, 10  # more processes than this go behind others; further back, killed ones take half a minute to end


class World(Protocol):
    """One way to shut a kernel in."""

    has_own_network: bool

    def before_fork(self) -> None:
        """In the warden, before the kernel's process is made."""

    def enter(self) -> None:
        """In the kernel's process, before any stranger's code: give up every right."""

    def sockets_bound(self) -> None:
        """In the kernel's process, once its sockets are bound, still before any stranger's code."""

    def close_sockets(self) -> None:
        """In the warden, at the same time."""

    def inside(self, kernel: int) -> list[int]:
        """Every process of the run."""

    def interrupt(self, kernel: int, number: int) -> None:
        """Pass a signal on to the kernel."""

    def end(self, kernel: int) -> None:
        """End all processes of the run."""

    def written_bytes(self) -> float:
        """What it has written where nothing but the warden bounds it."""


WORLDS: Mapping[str, Callable[[Mapping[str, Any]], World]] = {
    "namespaces": NamespaceWorld,
    "bubblewrap": BubblewrapWorld,
    "landlock": LandlockWorld,
}


def confine(confinement: Mapping[str, Any], control: int, run_kernel: Callable[[Callable[[], None]], None]) -> NoReturn:
    """Run `run_kernel` in the world that `confinement` describes, and exit as it exited.

    `control` is the connection to the client; the kernel gets a pipe under the same number in its place. `run_kernel`
    takes what it must call between binding its sockets and saying so.
    """
    world = WORLDS[confinement["mechanism"]](confinement)
    world.before_fork()
    hearing, telling = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(hearing)
        os.dup2(telling, control, inheritable=False)
        os.close(telling)
        os.setsid()  # so that it cannot signal the warden by its group
        _bound(confinement)
        world.enter()
        run_kernel(world.sockets_bound)
        os._exit(0)
    os.close(telling)
    linux.die_with_parent(signal.SIGKILL)
    code = _Watch(confinement, world, control, hearing, kernel).until_the_end()
    os._exit(code if code >= 0 else 128 - code)


def _bound(confinement: Mapping[str, Any]) -> None:
    """The limits that hold for each process by itself; the watch bounds their sum."""
    limits = confinement["limits"]
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    others = 0 if confinement["user"] is not None else processes.tasks_of(os.geteuid())
    for which, most in (
        (resource.RLIMIT_DATA, processes.data_bytes() + limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"] + 2),  # of each process, should the watch be late
        (resource.RLIMIT_NPROC, limits["processes"] + others),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 1 << 20),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))


def _line(descriptor: int) -> bytes:
    """A line from a pipe, all of it: a probe's tells a reason of any length."""
    said = b""
    while not said.endswith(b"\n") and (more := os.read(descriptor, 4096)):
        said += more
    return said


class _Watch:
    """Waits for the kernel's end and brings it about when a limit is passed or the client has gone."""

    def __init__(self, confinement: Mapping[str, Any], world: World, control: int, hearing: int, kernel: int) -> None:
        self.limits, self.user, self.world = confinement["limits"], confinement["user"], world
        self.is_back = False
        self.control, self.hearing, self.kernel = control, hearing, kernel
        self.reason = ""
        self.peak = self.base = 0
        self.cpu_now: dict[tuple[int, int], float] = {}
        self.cpu_gone = 0.0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.pass_on)

    def pass_on(self, number: int, _: object) -> None:
        """Signal the kernel, and say so: what runs next in it must not be interrupted in place of what ran before."""
        self.world.interrupt(self.kernel, number)
        self.say(b'{"interrupted": true}\n')

    def until_the_end(self) -> int:
        ended = os.pidfd_open(self.kernel)
        poll = select.poll()
        for source in (ended, self.control, self.hearing):
            poll.register(source, select.POLLIN)
        is_watching = False
        while True:
            events = {source for source, _ in poll.poll(_GLANCE * 1000)}
            if self.hearing in events:  # before its end, which a short-lived one tells at the same time
                poll.unregister(self.hearing)
                is_watching = self.let_in()
            if ended in events:
                break
            if self.control in events and not os.read(self.control, 64):
                poll.unregister(self.control)
                self.world.end(self.kernel)  # the client has gone, and nobody will ask for the reason
            if is_watching and not self.reason:
                self.look()
        _, status = os.waitpid(self.kernel, 0)
        self.world.end(self.kernel)  # what it may have left behind
        self.say(json.dumps({"ended": {"reason": self.reason, "peak_bytes": self.peak}}).encode() + b"\n")
        return os.waitstatus_to_exitcode(status)

    def let_in(self) -> bool:
        """The kernel has bound its sockets, and no stranger's code has run yet: close their folder, then say so."""
        said = _line(self.hearing)
        os.close(self.hearing)
        if not said:
            return False  # it died while it started; the end is near
        self.world.close_sockets()
        self.base = self.memory_bytes(self.world.inside(self.kernel))
        self.say(said)
        return True

    def look(self) -> None:
        inside = self.world.inside(self.kernel)
        self.step_back(len(inside))
        if self.cpu_seconds(inside) > self.limits["cpu_seconds"]:
            self.end("cpu")
        elif self.world.written_bytes() > self.limits["work_bytes"]:
            self.end("files")
        # Pages shared by forked children count once for each of them here: an upper bound, and cheap to read
        elif self.memory_bytes(inside, processes.resident_bytes) > max(self.peak, self.limits["memory_bytes"] // 4):
            self.peak = max(self.peak, self.memory_bytes(inside) - self.base)
            if self.peak > self.limits["memory_bytes"]:
                self.end("memory")

    def memory_bytes(self, inside: list[int], of_process: Callable[[int], int] = processes.proportional_bytes) -> int:
        """Memory of all processes, and what waits in their sockets."""
        of_sockets = processes.socket_bytes(inside[-1]) if inside and self.world.has_own_network else 0
        return sum(map(of_process, inside)) + of_sockets

    def cpu_seconds(self, inside: list[int]) -> float:
        """Processor time of all, those that have ended among them.

        A parent is told the time of a child that it waits for. One that ignores SIGCHLD is not, so what was last seen
        of each process counts as well; both are less than the truth, and the larger is taken.
        """
        seen = dict(map(processes.own_cpu, inside))
        self.cpu_gone += sum(seconds for process, seconds in self.cpu_now.items() if process not in seen)
        self.cpu_now = seen
        return max(sum(map(processes.cpu_seconds, inside)), self.cpu_gone + sum(seen.values()))

    def step_back(self, count: int) -> None:
        """Let a run of many processes go behind others: cores are divided among processes, not among students.

        What it starts from then on comes with the same low priority.
        """
        if count > _CROWD and not self.is_back:
            self.is_back = True
            which, who = (os.PRIO_PGRP, self.kernel) if self.user is None else (os.PRIO_USER, self.user)
            with suppress(OSError):
                os.setpriority(which, who, _LAST)

    def end(self, reason: str) -> None:
        self.reason = reason
        self.world.end(self.kernel)

    def say(self, line: bytes) -> None:
        with suppress(OSError):
            os.write(self.control, line)
