"""How much memory is available, here and within what a container or a batch system allows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_GROUPS = (  # version 2 of control groups, then version 1
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def free_memory() -> int:
    """Bytes that new processes can take without driving others out."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for most, used in _GROUPS:
        with suppress(OSError, ValueError):  # not in a control group, or one without a limit ("max")
            free = min(free, int(most.read_text()) - int(used.read_text()))
    return max(free, 0)
