"""The world of a kernel on systems that let bubblewrap make namespaces, but not us: an ordinary kernel within it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxkit.running.sandbox import processes, seccomp
from cxkit.running.sandbox.namespaces import COUNTS_OF_ALL, LOCKS_OF_ALL, SHARED_MEMORY

KERNEL_PROGRAM = "cxkit.running.kernels.template"


class BubblewrapWorld:
    """A kernel that bubblewrap starts: it imports everything anew, so it takes seconds where a fork takes none."""

    has_own_network = True

    def __init__(self, confinement: Mapping[str, Any]) -> None:
        self.confinement = confinement

    def before_fork(self) -> None:
        """Bubblewrap does it."""

    def enter(self) -> None:
        """Give up root, where there is one, and become bubblewrap; does not return."""
        user = self.confinement["user"]
        if user is not None:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        hearing, telling = os.pipe()
        os.write(telling, seccomp.notebook_filter(pretend_times=True))  # bubblewrap's device files are writable
        os.close(telling)
        os.set_inheritable(hearing, True)
        os.set_inheritable(3, True)
        program = shutil.which("bwrap") or "bwrap"
        os.execv(program, [program, *self.arguments(hearing), *self.kernel_command()])

    def kernel_command(self) -> list[str]:
        """The program that runs an ordinary kernel and tells us on descriptor 3 when it is ready."""
        return [sys.executable, "-P", "-m", KERNEL_PROGRAM, "--kernel", self.confinement["folder"], *sys.argv[1:]]

    def arguments(self, filter_descriptor: int) -> list[str]:
        """Bubblewrap's options for what the confinement says."""
        limits, folder = self.confinement["limits"], self.confinement["folder"]
        words = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "notebook"]
        words += ["--seccomp", str(filter_descriptor), "--proc", "/proc", "--dev", "/dev"]
        words += ["--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # else without bounds
        words += ["--size", str(limits["temporary_bytes"]), "--tmpfs", "/tmp"]
        words += [word for name in LOCKS_OF_ALL for word in ("--ro-bind-try", "/dev/null", name)]
        words += [word for name in COUNTS_OF_ALL for word in ("--size", "4096", "--tmpfs", name, "--remount-ro", name)]
        for path in self.confinement["readable"]:
            words += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
        words += ["--size", str(limits["work_bytes"]), "--tmpfs", folder]
        for name, source in self.confinement["inputs"].items():
            words += ["--ro-bind", source, f"{folder}/{name}"]
        sockets = self.confinement["sockets"]
        return [*words, "--bind", sockets, sockets, "--remount-ro", "/", "--chdir", folder]

    def sockets_bound(self) -> None:
        """Never called: the kernel is another program."""

    def close_sockets(self) -> None:
        """Cannot be measured from outside the sandbox; what is written there counts as written."""

    def inside(self, kernel: int) -> list[int]:
        """Every process of the run, bubblewrap's own among them."""
        return [kernel, *processes.descendants(kernel)]

    def interrupt(self, kernel: int, number: int) -> None:
        """Signal the first process within that is not bubblewrap's own."""
        for process in processes.descendants(kernel):
            with suppress(OSError):
                if Path(f"/proc/{process}/comm").read_text().strip() != "bwrap":
                    os.kill(process, number)
                    return

    def end(self, kernel: int) -> None:
        """Kill bubblewrap, which takes its namespaces along."""
        with suppress(ProcessLookupError):
            os.kill(kernel, 9)

    def written_bytes(self) -> float:
        """What has been written outside the bounded folders."""
        return processes.folder_bytes(self.confinement["sockets"])
