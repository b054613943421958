"""How long a kernel has had its turn: by the clock, without the time in which it waited for a core that others had."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 4.0
"""By the clock a run may take so many times its limit, however long it waits for a core."""
_COMPUTED = 0.9
"""A kernel that computed for this share of its time was not kept from it."""


def computed_and_waited(process: int) -> tuple[float, float]:
    """Seconds that a process's main thread has run, and has waited for a core though it could run; 0 if unknown.

    From /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst of Linux): nanoseconds on a core, nanoseconds on
    the queue of one.
    """
    try:
        computed, waited, *_ = Path(f"/proc/{process}/schedstat").read_text().split()
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(computed) / 1e9, int(waited) / 1e9


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

    def left(self) -> float:
        """Seconds until its time can be up at the earliest; 0 or less if it is."""
        by_the_clock = time.monotonic() - self.begun
        waited = computed_and_waited(self.process)[1] - self.waited
        own = self.limit - (by_the_clock - max(0.0, waited))
        return min(own, self.limit * PATIENCE - by_the_clock)

    def may_have_starved(self) -> bool:
        """Whether it computed for less than the time that it should have had. A sleeping kernel looks the same."""
        computed = computed_and_waited(self.process)[0] - self.computed
        return computed < _COMPUTED * self.limit
