"""How long a kernel has had its turn: by the clock, without the time in which it waited for a core that others had."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 4.0
"""By the clock a run may take so many times its limit, however long it waits for a core."""
_COMPUTED = 0.9
"""A kernel that computed for this share of its time was not kept from it."""
_WAITED = 0.1
"""Nor was one, its threads and children included, that waited for a core for less than this share of it."""
_MOST_FOLLOWED = 64
"""Processes whose waiting is added up: whoever starts more of them waits for none but these."""


def computed_and_waited(process: int) -> tuple[float, float]:
    """Seconds that a process's main thread has run, and has waited for a core though it could run; 0 if unknown.

    From /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst of Linux): nanoseconds on a core, nanoseconds on
    the queue of one.
    """
    told = _schedstat(f"/proc/{process}/schedstat")
    return (0.0, 0.0) if told is None else told


def _schedstat(path: str) -> tuple[float, float] | None:
    try:
        computed, waited, *_ = Path(path).read_text().split()
        return int(computed) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return None


def waited_in_all(process: int) -> float | None:
    """Seconds that a process's threads and those of its children have waited for a core; None if unknown.

    A main thread that waits for its threads or children wants no core itself. Those that have ended are not counted.
    """
    if _schedstat(f"/proc/{process}/schedstat") is None:
        return None
    waited, found = 0.0, [process]
    for one in found:
        try:
            threads = [path.name for path in Path(f"/proc/{one}/task").iterdir()]
        except OSError:
            continue
        for thread in threads:
            told = _schedstat(f"/proc/{one}/task/{thread}/schedstat")
            waited += 0.0 if told is None else told[1]
            found += _children(one, thread)[: max(0, _MOST_FOLLOWED - len(found))]
    return waited


def _children(process: int, thread: str) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{thread}/children").read_text().split()]
    except (OSError, ValueError):
        return []


def innermost_child(process: int) -> int:
    """The last of a chain of only children, before any stranger's code has run: a kernel within its wardens."""
    while True:
        try:
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        except OSError:
            return process
        if not children:
            return process
        process = int(children[0])


class Stopwatch:
    """The time of one cell or one run.

    Parameters
    ----------
    process : int
        The kernel's.
    limit : float
        Seconds.
    """

    def __init__(self, process: int, limit: float) -> None:
        self.process, self.limit = process, limit
        self.begun = time.monotonic()
        self.computed, self.waited = computed_and_waited(process)
        self.waited_in_all = waited_in_all(process)

    def left(self) -> float:
        """Seconds until its time can be up at the earliest; 0 or less if it is."""
        by_the_clock = time.monotonic() - self.begun
        waited = computed_and_waited(self.process)[1] - self.waited
        own = self.limit - (by_the_clock - max(0.0, waited))
        return min(own, self.limit * PATIENCE - by_the_clock)

    def may_have_starved(self) -> bool:
        """Whether it was ended without the time that it should have had, as others had the cores that it waited for.

        A kernel that sleeps waits for none. Where the system does not say, whoever has not computed may have starved.
        """
        computed = computed_and_waited(self.process)[0] - self.computed
        waited = waited_in_all(self.process)
        is_known = waited is not None and self.waited_in_all is not None
        if is_known and waited - self.waited_in_all < _WAITED * self.limit:  # type: ignore[operator]
            return False
        return computed < _COMPUTED * self.limit
