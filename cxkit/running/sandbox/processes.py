"""Looking at processes through /proc: who descends from whom, what each uses."""

from __future__ import annotations

import math
import os
import signal
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_BLOCK = 512  # bytes, the unit of st_blocks
_OF_A_NAME = 4096  # what an empty file takes of a disk, by and large: names run out as well as room
_TICKS = os.sysconf("SC_CLK_TCK")
_LARGEST_BUFFER = 425_984  # twice net.core.wmem_max, which is this everywhere unless somebody has raised it


def all_processes() -> list[int]:
    """Every process that /proc shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(ancestor: int) -> list[int]:
    """Living children, their children and so on, parents before children."""
    children: dict[int, list[int]] = {}
    for process in all_processes():
        fields = _stat(process)
        if fields and fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(process)
    found, waiting = [], [ancestor]
    while waiting:
        for child in children.get(waiting.pop(0), []):
            found.append(child)
            waiting.append(child)
    return found


def kill_all(which: Callable[[], list[int]], seconds: float = 5.0) -> None:
    """Kill until none is left: a process may start another while we look."""
    deadline = time.monotonic() + seconds
    while (alive := which()) and time.monotonic() < deadline:
        for process in alive:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.005)


def resident_bytes(process: int) -> int:
    """Bytes in memory that belong to no file, those of shared mappings among them; 0 if it has gone.

    With the tables of its pages: reading one byte of every 2 MiB of an empty mapping takes memory nowhere else.
    """
    return _sum_of(f"/proc/{process}/status", ("RssAnon:", "RssShmem:", "VmPTE:"))


def proportional_bytes(process: int) -> int:
    """Bytes in memory without those of files, each page divided by the number of processes that share it.

    With the tables of its pages, which it shares with none.
    """
    pages = _sum_of(f"/proc/{process}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:", "SwapPss:"))
    return pages + _sum_of(f"/proc/{process}/status", ("VmPTE:",))


def _sum_of(file: str, lines: tuple[str, ...]) -> int:
    """Bytes that lines of a file in /proc come to, which count by KiB; 0 if it is not there."""
    try:
        told = Path(file).read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in told if line.startswith(lines))


def socket_bytes(process: int) -> int:
    """At most so much waits in the buffers of all sockets of a process's network; 0 if it has gone.

    Of sockets within the machine the system tells no more than their number, and each may hold what a program is let
    to ask for; those of TCP and UDP may hold more, and their queues are told.
    """
    place = f"/proc/{process}/net"
    total = 0
    with suppress(OSError, ValueError, IndexError):
        total += int(Path(f"{place}/sockstat").read_text().split()[2]) * _LARGEST_BUFFER
        for kind in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"{place}/{kind}").read_text().splitlines()[1:]:
                sent, received = line.split()[4].split(":")
                total += int(sent, 16) + int(received, 16)
    return total


def cpu_seconds(process: int) -> float:
    """Processor time of a process and of its children that have ended and were asked for."""
    return sum(int(value) for value in _stat(process)[11:15]) / _TICKS


def own_cpu(process: int) -> tuple[tuple[int, int], float]:
    """A name for this process that no later one of the same number has, and its own processor time."""
    fields = _stat(process)
    if not fields:
        return (process, 0), 0.0
    return (process, int(fields[19])), sum(map(int, fields[11:13])) / _TICKS


def data_bytes(process: int | str = "self") -> int:
    """The size of a process's private data, touched or not."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def tasks_of(user: int) -> int:
    """Processes and threads of a user."""
    count = 0
    for process in all_processes():
        with suppress(OSError):
            if os.stat(f"/proc/{process}").st_uid == user:
                count += len(os.listdir(f"/proc/{process}/task"))
    return count


def folder_bytes(folder: str) -> float:
    """What all files beneath take on the disk; links are not followed.

    Infinite where a folder cannot be looked into, since its name is too long or it is closed: whatever lies there
    would not count.
    """
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = list(found)
        except FileNotFoundError:
            continue
        except OSError:
            return math.inf
        for entry in entries:
            with suppress(OSError):
                total += max(entry.stat(follow_symlinks=False).st_blocks * _BLOCK, _OF_A_NAME)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return total


def deleted_bytes(processes: Iterable[int], folders: Iterable[str]) -> int:
    """What files take that have no name any more: those that processes have open, and of these folders the mapped.

    Of the mapped ones is told how far they are mapped, which may be more than they take.
    """
    mapped, opened = dict[tuple[int, int], int](), dict[tuple[int, int], int]()
    beginnings = tuple(f"{folder}/" for folder in folders)
    for process in processes:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{process}/fd"):
                opened |= _if_deleted(f"/proc/{process}/fd/{name}")
        with suppress(OSError):
            for line in Path(f"/proc/{process}/maps").read_text(errors="replace").splitlines():
                if line.endswith(" (deleted)") and line.split(maxsplit=5)[5].startswith(beginnings):
                    file, reach = _reach(line)
                    mapped[file] = max(mapped.get(file, 0), reach)
    return sum((mapped | opened).values())


def _if_deleted(file: str) -> dict[tuple[int, int], int]:
    """What an open file takes, by its device and number, if it is an ordinary one without a name."""
    with suppress(OSError):
        about = os.stat(file)
        if stat.S_ISREG(about.st_mode) and not about.st_nlink:
            return {(about.st_dev, about.st_ino): about.st_blocks * _BLOCK}
    return {}


def _reach(line: str) -> tuple[tuple[int, int], int]:
    """Device and number of a file that a line of /proc/PID/maps tells, and how far it is mapped."""
    addresses, _, offset, device, number, _ = line.split(maxsplit=5)
    begin, end = (int(part, 16) for part in addresses.split("-"))
    major, minor = (int(part, 16) for part in device.split(":"))
    return (os.makedev(major, minor), int(number)), int(offset, 16) + end - begin


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, from the state on; none if it has gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
