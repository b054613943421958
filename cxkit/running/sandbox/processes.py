"""Looking at processes through /proc: who descends from whom, what each uses."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


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
    """Bytes in memory that belong to no file, those of shared mappings among them; 0 if it has gone."""
    total = 0
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total


def proportional_bytes(process: int) -> int:
    """Bytes in memory without those of files, each page divided by the number of processes that share it."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:", "SwapPss:")):
                total += int(line.split()[1]) * 1024
    except OSError:
        return 0
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


def folder_bytes(folder: str) -> int:
    """What all files beneath take on the disk; links are not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, from the state on; none if it has gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
