"""The world of a kernel where namespaces are not available: files by Landlock, the rest by the filter on system calls.

It sees the same files as the user but may open only those named; it can reach no network, because no new socket is
made once the kernel's own are bound; and it signals no process but its own. What it may not do, unlike in namespaces:
be bounded in the sum of its files by the system itself (the warden looks and ends it).
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxkit.running.sandbox import linux, processes, seccomp

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _REFER, _DEVICE_CONTROL = 1 << 14, 1 << 13, 1 << 15
_MAKE_AND_REMOVE = 0x1FF0  # folders, files, sockets, pipes, links, devices
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_BY_VERSION = {1: _READING | _WRITE_FILE | _MAKE_AND_REMOVE, 2: _REFER, 3: _TRUNCATE, 5: _DEVICE_CONTROL}
_PATH_BENEATH = 1
_NAMED = 3.0  # seconds that threads may take to begin on a busy machine
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def version() -> int:
    """The version of Landlock that this system offers; 0 for none."""
    return linux.landlock_version()


class LandlockWorld:
    """Same files, few of them open; no sockets; no signals."""

    has_own_network = False

    def __init__(self, confinement: Mapping[str, Any]) -> None:
        self.confinement = confinement

    def before_fork(self) -> None:
        """Whatever loses its parent becomes the warden's child, and so stays in sight."""
        linux.adopt_orphans()

    def enter(self) -> None:
        """Give up every right, and all files that are not named."""
        user = self.confinement["user"]
        if user is not None:
            for folder in (self.confinement["folder"], self.confinement["sockets"]):
                os.chown(folder, user, user)
        linux.drop_privileges(user, user)
        private = self.confinement["folder"] + "/.tmp"  # there is no /tmp of its own
        os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), private))
        os.makedirs(self.confinement["folder"] + "/.tmp", exist_ok=True)
        _restrict_files(self.confinement)
        linux.die_with_parent(signal.SIGKILL)

    def sockets_bound(self) -> None:
        """In the kernel, before it says that it is ready: no sockets from here on, in any of its threads.

        With the first large output pyzmq starts a thread that asks for a place among threads by its own number; where
        that is refused libzmq ends the process. So that thread begins here, with those of its context, which ask for
        their place before they give themselves a name.
        """
        from zmq.utils.garbage import gc

        gc.start()
        _wait_for_names()
        linux.install_filter(seccomp.silent_filter(os.getpid()), all_threads=True)

    def close_sockets(self) -> None:
        """No-op: the seccomp filter already blocks new sockets."""

    def inside(self, kernel: int) -> list[int]:
        """Every process of the run."""
        return processes.descendants(os.getpid())

    def interrupt(self, kernel: int, number: int) -> None:
        """Signal the kernel."""
        with suppress(ProcessLookupError):
            os.kill(kernel, number)

    def end(self, kernel: int) -> None:
        """Kill every process of the run, until none is left that could have started another."""
        processes.kill_all(lambda: processes.descendants(os.getpid()))

    def written_bytes(self) -> float:
        """What the run has written, beside its sockets as well, and what it has deleted and still holds."""
        folders = [self.confinement[name] for name in ("folder", "sockets")]
        named = sum(map(processes.folder_bytes, folders))
        return named + processes.deleted_bytes(processes.descendants(os.getpid()), folders)


def _wait_for_names() -> None:
    """Until every thread of libzmq has its name, for a few seconds at most."""
    until = time.monotonic() + _NAMED
    while time.monotonic() < until:
        of_python = {thread.native_id for thread in threading.enumerate()}
        names = []
        for task in os.listdir("/proc/self/task"):
            if int(task) not in of_python:
                with suppress(OSError):
                    names.append(Path(f"/proc/self/task/{task}/comm").read_text())
        if all(name.startswith("ZMQ") for name in names):
            return
        time.sleep(0.002)


def _restrict_files(confinement: Mapping[str, Any]) -> None:
    handled = 0
    for needed, rights in _BY_VERSION.items():
        handled |= rights if version() >= needed else 0
    # From version 6 on Landlock keeps signals and abstract sockets within; TCP from version 4 on.
    network = 3 if version() >= 4 else 0
    scoped = 3 if version() >= 6 else 0
    size = 24 if version() >= 6 else 16 if version() >= 4 else 8
    ruleset = linux.landlock_create(struct.pack("QQQ", handled, network, scoped)[:size])
    for path in (*confinement["readable"], f"/proc/{os.getpid()}"):
        _allow(ruleset, path, _READING & handled)
    for path in _DEVICES:
        _allow(ruleset, path, (_READ_FILE | _WRITE_FILE | _DEVICE_CONTROL) & handled)
    for path in (confinement["folder"], confinement["sockets"]):
        _allow(ruleset, path, handled & ~_DEVICE_CONTROL)
    linux.landlock_restrict(ruleset)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if os.path.isdir(path) else rights & (_OF_FILES | _DEVICE_CONTROL)
        rule = ctypes.create_string_buffer(struct.pack("<Qi", allowed, beneath))
        linux.landlock_allow(ruleset, _PATH_BENEATH, rule)
        os.close(beneath)
