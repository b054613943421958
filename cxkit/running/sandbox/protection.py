"""Which protection can this machine give? Found out by trying, not by reading version numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cxkit.errors import NotebookError
from cxkit.running.sandbox.confinement import Mechanism

MECHANISMS: tuple[Mechanism, ...] = ("namespaces", "bubblewrap", "landlock")
"""From the best to the least; the first that works is used."""

_SHUT_IN = (
    "a stranger's notebook has files, processes and a network of its own, no rights, filtered system calls, and bounds "
    "on memory, processor time, processes, files and output"
)
IN_FORCE: Mapping[str, str] = {
    "namespaces": f"namespaces: {_SHUT_IN}",
    "bubblewrap": f"bubblewrap: {_SHUT_IN}; its kernels start slowly",
    "landlock": "Landlock: a stranger's notebook can open none of your files, use no network and signal none of your "
    "processes, within bounds on memory, processor time, processes, files and output; it sees the machine's name, its "
    "list of connections, and which processes there are, without their commands",
}
UNPROTECTED = (
    "none: a stranger's notebook runs with all your rights; it can read and change every file that you can, "
    "other submissions, solutions and marks among them, and it can use the network"
)
_PROBE_SECONDS = 60
_TRYING = threading.Lock()  # so that workers that start together try once


@dataclass(frozen=True)
class Protection:
    """What was found.

    Attributes
    ----------
    mechanism : str or None
        The best that works; None if none does.
    failed : dict
        For each better one that was tried, what went wrong.
    """

    mechanism: Mechanism | None
    failed: Mapping[str, str]

    @property
    def text(self) -> str:
        """What is in force, in plain words."""
        return UNPROTECTED if self.mechanism is None else IN_FORCE[self.mechanism]


def find_protection() -> Protection:
    """The best protection that works here; tried once a process."""
    with _TRYING:
        return _found()


@cache
def _found() -> Protection:
    failed: dict[str, str] = {}
    wanted = os.environ.get("CXKIT_SANDBOX", "")
    for mechanism in MECHANISMS:
        if wanted and mechanism != wanted:
            failed[mechanism] = f"not tried: CXKIT_SANDBOX names {wanted}"
            continue
        problem = probe(mechanism)
        if not problem:
            return Protection(mechanism, failed)
        failed[mechanism] = problem
    return Protection(None, failed)


def required_protection() -> Mechanism:
    """The mechanism for a contained run.

    Raises
    ------
    NotebookError
        If there is none: what was tried, what went wrong, and what can be done.
    """
    found = find_protection()
    if found.mechanism is not None:
        return found.mechanism
    tried = "\n".join(f"  {name}: {problem}" for name, problem in found.failed.items())
    raise NotebookError(
        f"This machine offers no sandbox, so nothing was run.\n{tried}\n"
        "On Linux, install bubblewrap or allow user namespaces; `cxkit doctor` tells more. With --accept-no-sandbox "
        "(accept_no_sandbox=True) strangers' notebooks run with all your rights."
    )


def probe(mechanism: Mechanism) -> str:
    """Shut a harmless program in and let it try to get out; empty if it could not, else what went wrong."""
    if not sys.platform.startswith("linux"):
        return "it needs Linux"
    command = [sys.executable, "-P", "-m", "cxkit.running.sandbox.probe", mechanism]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it did not answer within {_PROBE_SECONDS} s"
    if tried.returncode == 0:
        return ""
    return (tried.stderr.strip().splitlines() or [f"it ended with code {tried.returncode}"])[-1]
