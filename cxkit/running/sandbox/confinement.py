"""What one confined kernel sees and may use, as plain data that the trusted side hands to the template."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from cxkit.running.sandbox.limits import Limits

Mechanism = Literal["namespaces", "bubblewrap", "landlock"]

WORK_FOLDER = "/notebook"
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/nix/store")
# Of /etc only what libraries look up; the rest tells a stranger about the machine.
_SETTINGS = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone", "/etc/fonts",
    "/etc/alternatives", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/locale.alias",
)  # fmt: skip
_OF_AN_ENVIRONMENT = ("bin", "etc", "include", "lib", "share", "pyvenv.cfg")
_FIRST_USER, _USERS = 1_900_000_000, 100_000_000


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """One sandbox.

    Attributes
    ----------
    mechanism : {"namespaces", "bubblewrap", "landlock"}
        How the kernel is shut in.
    sockets : str
        The folder for the kernel's sockets, at the same path inside and out; read-only once they are bound.
    root : str
        An empty folder of the host, on which the new root is built (seen by the kernel alone).
    readable : tuple of str
        Paths of the system that keep their names, read-only.
    inputs : dict
        From the name within the work folder to the file or folder of the host that is shown there, read-only.
    user : int or None
        The user id that the kernel gets; None where the caller is no root and keeps their own.
    limits : Limits
        What it may use.
    folder : str
        Where the kernel starts: the one place to write, of bounded size.
    """

    mechanism: Mechanism
    sockets: str
    root: str
    readable: tuple[str, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    limits: Limits = field(default_factory=Limits)
    folder: str = WORK_FOLDER

    def as_data(self) -> dict[str, Any]:
        """Plain data for the request."""
        return {**asdict(self), "inputs": dict(self.inputs), "limits": self.limits.as_data()}


def environment() -> dict[str, str]:
    """All that a confined kernel is told of the outside: nothing of the caller's environment, no secrets with it."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": "/tmp",
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": "/tmp",
        "IPYTHONDIR": "/tmp/.ipython",
        "MPLCONFIGDIR": "/tmp/.matplotlib",
        "CXKIT_CONTAINED": "1",
        "CXKIT_DECLARE": "1",
    }


def own_user() -> int | None:
    """A user id that no other run has, where the caller may give one: limits on processes count by user."""
    if os.geteuid() != 0:
        return None
    draw = random.SystemRandom()
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first <= _FIRST_USER and first + count >= _FIRST_USER + _USERS:
            return _FIRST_USER + draw.randrange(_USERS)
    return 60_000 + draw.randrange(5_000)  # a container that maps 65,536 users


@cache
def readable_paths() -> tuple[str, ...]:
    """What a kernel of this Python needs to see: the system's programs and libraries, this Python, and cxkit.

    Of a checkout only the package, the data sets and the file that tells a checkout are shown: assignments with their
    solutions lie beside them. So they may beside the parts of a virtual environment that was made in the course's own
    folder.
    """
    package = Path(find_spec("cxkit").origin or "").parent  # type: ignore[union-attr]
    of_checkout = [str(package.parent / name) for name in ("datasets", "pyproject.toml")]  # by which it is known as one
    own = [sys.prefix]
    if sys.prefix != sys.base_prefix:
        own = [str(Path(sys.prefix, name)) for name in _OF_AN_ENVIRONMENT]
    wanted = [*_SYSTEM, *_SETTINGS, *own, sys.base_prefix, str(package), *of_checkout]
    return tuple(_without_nested(path for path in wanted if Path(path).exists()))


def _without_nested(paths: Iterable[str]) -> list[str]:
    """Each path once, and none that lies within another."""
    kept: list[str] = []
    for path in sorted(set(paths), key=len):
        inside = any(path == other or path.startswith(other.rstrip("/") + "/") for other in kept)
        if path != "/" and not inside:
            kept.append(path)
    return kept
