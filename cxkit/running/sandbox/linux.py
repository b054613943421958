"""The Linux calls that Python does not offer, through the C library. Each raises OSError with the call's name."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
from functools import cache
from pathlib import Path

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
BIND, RECURSIVE, PRIVATE = 4096, 16384, 1 << 18
DETACH = 2

_SET_DEATH_SIGNAL, _SET_SUBREAPER, _SET_DUMPABLE, _DROP_BOUNDING, _NO_NEW_PRIVILEGES, _CLEAR_AMBIENT = (
    1,
    36,
    4,
    24,
    38,
    (47, 4),
)
_CAPABILITY_VERSION_3 = 0x20080522
_CALLS = {
    "x86_64": {
        "pivot_root": 155,
        "capset": 126,
        "seccomp": 317,
        "mount_setattr": 442,
        "landlock_create": 444,
        "landlock_allow": 445,
        "landlock_restrict": 446,
    },
    "aarch64": {
        "pivot_root": 41,
        "capset": 91,
        "seccomp": 277,
        "mount_setattr": 442,
        "landlock_create": 444,
        "landlock_allow": 445,
        "landlock_restrict": 446,
    },
}
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def is_known_machine() -> bool:
    """Whether the numbers of system calls are known here."""
    return platform.machine() in _CALLS


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def _call(name: str, *arguments: object) -> int:
    return _checked(_library().syscall(_CALLS[platform.machine()][name], *arguments), name)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones."""
    _checked(_library().unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Mount a file system, or with BIND a folder or file."""
    names = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    result = _library().mount(names[0], names[1], names[2], ctypes.c_ulong(flags), names[3])
    _checked(result, f"mount {kind or source or ''} on {target}")


def bind(source: str, target: str) -> None:
    """Show a folder or file of the host, with all that is mounted beneath, at `target` as well."""
    mount(source, target, None, BIND | RECURSIVE)


def restrict(target: str, flags: int, *, recursive: bool = True) -> None:
    """Add READ_ONLY, NO_SUID, NO_DEVICES or NO_EXEC to a mount and to all beneath; what they had stays."""
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)  # to set, to clear, propagation, user namespace
    at_current_folder, beneath = -100, 0x8000 if recursive else 0
    _call("mount_setattr", at_current_folder, os.fsencode(target), beneath, attributes, len(attributes))


def unmount(target: str) -> None:
    """Detach a mount, whoever still uses it."""
    _checked(_library().umount2(os.fsencode(target), DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root folder, and show the old one at `old`."""
    _call("pivot_root", os.fsencode(new), os.fsencode(old))


def die_with_parent(signal_number: int) -> None:
    """Get this signal when the parent's thread ends. Lost at a change of user: call it after that."""
    _checked(_library().prctl(_SET_DEATH_SIGNAL, signal_number, 0, 0, 0), "prctl")


def drop_privileges(uid: int | None, gid: int | None) -> None:
    """Become that user for good: no groups, no capabilities, none to be gained."""
    capability = 0
    while _library().prctl(_DROP_BOUNDING, capability, 0, 0, 0) >= 0:
        capability += 1
    _library().prctl(*_CLEAR_AMBIENT, 0, 0, 0)
    if uid is not None and gid is not None:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _library().prctl(_SET_DUMPABLE, 1, 0, 0, 0)  # lost with the user: without it /proc/self is closed to its owner
    _call("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), b"\0" * 24)
    forbid_new_privileges()


def forbid_new_privileges() -> None:
    """From here on no program gives more rights than its caller has."""
    _checked(_library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")


def forget_startup_environment() -> None:
    """Overwrite the environment that this process was started with, which /proc/self/environ shows for ever.

    Call it when `os.environ` is empty: no variable may point there any more.
    """
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[47]), int(fields[48])  # env_start and env_end, numbers 50 and 51 of proc(5)
    if 0 < begin < end:
        ctypes.memset(begin, 0, end - begin)


def install_filter(program: bytes, *, all_threads: bool = False) -> None:
    """Have every later system call judged by this BPF program; there is no way back."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(program, len(program))
    told = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p).value)
    set_mode_filter, synchronise = 1, 1
    _call("seccomp", set_mode_filter, synchronise if all_threads else 0, ctypes.byref(told))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_library().prctl(_SET_SUBREAPER, 1, 0, 0, 0), "prctl")


def landlock_version() -> int:
    """The version of Landlock's interface; 0 where there is none."""
    if not is_known_machine():
        return 0
    ask_version = 1
    return max(0, _library().syscall(_CALLS[platform.machine()]["landlock_create"], None, 0, ask_version))


def landlock_create(attributes: bytes) -> int:
    """A ruleset as a descriptor; it refuses what `attributes` handle and no rule allows."""
    return _call("landlock_create", attributes, len(attributes), 0)


def landlock_allow(ruleset: int, kind: int, rule: ctypes.Array[ctypes.c_char]) -> None:
    """Add a rule to the set."""
    _call("landlock_allow", ruleset, kind, rule, 0)


def landlock_restrict(ruleset: int) -> None:
    """Put this process and all it starts under the rules, for good."""
    _call("landlock_restrict", ruleset, 0)


def bring_up_loopback() -> None:
    """A new network namespace has its loopback switched off; the kernel's own parts talk over it."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
