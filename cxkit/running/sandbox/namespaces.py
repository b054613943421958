"""The world of a confined kernel, built inside a freshly forked child: own root, processes, network and names."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxkit.running.sandbox import linux, processes, seccomp

_DEVICES = ("null", "zero", "full", "random", "urandom")
_INODES = 20_000
SHARED_MEMORY = 64 << 20
LOCKS_OF_ALL = ("/proc/locks",)
"""Files of /proc that show what other runs do to files which they share."""
COUNTS_OF_ALL = ("/proc/sys/fs", "/proc/sys/kernel/pty")
"""Folders of /proc with counts of the whole machine: what another run opens is read there to the unit."""


class NamespaceWorld:
    """Own root, processes, network and names."""

    has_own_network = True

    def __init__(self, confinement: Mapping[str, Any]) -> None:
        self.confinement = confinement

    def before_fork(self) -> None:
        """Enter new namespaces; that of processes holds from the fork on."""
        _leave_the_host()

    def enter(self) -> None:
        """Stand on a root folder with nothing in it but what is named, and give up every right."""
        _build_world(self.confinement)
        user = self.confinement["user"]
        linux.drop_privileges(user, user)
        linux.die_with_parent(signal.SIGKILL)
        linux.install_filter(seccomp.notebook_filter())

    def sockets_bound(self) -> None:
        """In the kernel: nothing to do, the filter is in place."""

    def close_sockets(self) -> None:
        """In the warden: what lies on the host is read-only from here on; connecting is still possible."""
        linux.restrict(self.confinement["sockets"], linux.READ_ONLY)

    def inside(self, kernel: int) -> list[int]:
        """Every process of the run: /proc shows no other."""
        return processes.all_processes()

    def interrupt(self, kernel: int, number: int) -> None:
        """Signal the kernel."""
        with suppress(ProcessLookupError):
            os.kill(kernel, number)

    def end(self, kernel: int) -> None:
        """Kill the first process of the namespace, and with it all others."""
        with suppress(ProcessLookupError):
            os.kill(kernel, signal.SIGKILL)

    def written_bytes(self) -> float:
        """Its folders are bounded by the system: nothing to count."""
        return 0


def _leave_the_host() -> None:
    if os.geteuid() != 0:
        _become_root_of_a_user_namespace()
    linux.unshare(linux.NEWNS | linux.NEWNET | linux.NEWIPC | linux.NEWUTS | linux.NEWPID)
    socket.sethostname("notebook")
    linux.bring_up_loopback()
    os.chdir("/")  # whoever shares the namespace and stands at the old root is moved to the new one with it


def _build_world(confinement: Mapping[str, Any]) -> None:
    _build_root(confinement)
    # A user without rights may mount /proc only while the host's is still in sight: so before the old root goes
    # Read-only: otherwise a run lowers its own oom_score_adj, and the machine's memory is freed by ending others
    flags = linux.READ_ONLY | linux.NO_SUID | linux.NO_DEVICES | linux.NO_EXEC
    linux.mount("proc", confinement["root"] + "/proc", "proc", flags)
    for name in LOCKS_OF_ALL:
        _cover(confinement["root"] + name)
    for name in COUNTS_OF_ALL:
        _cover_folder(confinement["root"] + name)
    _enter(confinement["root"])


def _cover(file: str) -> None:
    """Let nothing be seen in a file."""
    if os.path.exists(file):
        linux.bind("/dev/null", file)
        linux.restrict(file, linux.READ_ONLY | linux.NO_DEVICES)


def _cover_folder(folder: str) -> None:
    """Let a folder be empty."""
    if os.path.isdir(folder):
        _mount_memory(folder, 1 << 12, "0555")
        linux.restrict(folder, linux.READ_ONLY)


def _become_root_of_a_user_namespace() -> None:
    """Where the caller is no root: all rights, over nothing but the namespaces made from here on."""
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _build_root(confinement: Mapping[str, Any]) -> None:
    root, limits = confinement["root"], confinement["limits"]
    linux.mount(None, "/", None, linux.RECURSIVE | linux.PRIVATE)
    _mount_memory(root, 1 << 20, "0755")
    for path in confinement["readable"]:
        _show(path, root + path, linux.READ_ONLY)
    _mount_memory(root + "/tmp", limits["temporary_bytes"], "1777")
    for path in confinement["readable"]:  # again what /tmp now hides
        if path.startswith("/tmp/"):
            _show(path, root + path, linux.READ_ONLY)
    _mount_devices(root + "/dev")
    folder = root + confinement["folder"]
    _mount_memory(folder, limits["work_bytes"], "0777")
    for name, source in confinement["inputs"].items():
        _show(source, f"{folder}/{name}", linux.READ_ONLY)
    _show(confinement["sockets"], root + confinement["sockets"], 0)
    os.makedirs(root + "/proc", exist_ok=True)


def _mount_memory(target: str, size: int, mode: str) -> None:
    os.makedirs(target, exist_ok=True)
    options = f"size={size},nr_inodes={_INODES},mode={mode}"
    linux.mount("tmpfs", target, "tmpfs", linux.NO_SUID | linux.NO_DEVICES, options)


def _show(source: str, target: str, flags: int) -> None:
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    linux.bind(source, target)
    linux.restrict(target, flags | linux.NO_SUID | linux.NO_DEVICES)


def _mount_devices(folder: str) -> None:
    os.makedirs(folder)
    for name in _DEVICES:
        os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY, 0o644))
        linux.bind(f"/dev/{name}", f"{folder}/{name}")
        # It can be written to as before; its times, which all runs would see, cannot be set
        linux.restrict(f"{folder}/{name}", linux.READ_ONLY | linux.NO_SUID | linux.NO_EXEC)
    _mount_memory(f"{folder}/shm", SHARED_MEMORY, "1777")
    os.symlink("/proc/self/fd", f"{folder}/fd")
    # Terminals of its own, through which IPython runs `!command`
    os.makedirs(f"{folder}/pts")
    options = "newinstance,ptmxmode=0666,mode=0600,max=16"
    linux.mount("devpts", f"{folder}/pts", "devpts", linux.NO_SUID | linux.NO_EXEC, options)
    os.symlink("pts/ptmx", f"{folder}/ptmx")


def _enter(root: str) -> None:
    os.makedirs(root + "/.host")
    os.chdir(root)
    linux.pivot_root(".", ".host")
    os.chdir("/")
    linux.unmount("/.host")
    os.rmdir("/.host")
    linux.restrict("/", linux.READ_ONLY | linux.NO_SUID | linux.NO_DEVICES, recursive=False)
