"""Try one mechanism with a harmless program: ``python -m cxkit.running.sandbox.probe MECHANISM``.

Exits with 0 if the program was shut in and could not get out; else the last line of standard error says why.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cxkit.running.sandbox import landlock, linux
from cxkit.running.sandbox.bubblewrap import BubblewrapWorld
from cxkit.running.sandbox.confinement import WORK_FOLDER, Confinement, Mechanism, own_user, readable_paths
from cxkit.running.sandbox.seccomp import notebook_filter
from cxkit.running.sandbox.warden import confine
from cxkit.running.temporary import own_folder

_CONTROL = 3


def main(mechanism: Mechanism) -> str:
    """Empty if the mechanism holds, else what went wrong."""
    if not linux.is_known_machine():
        return f"system calls of {os.uname().machine} are not known to cxkit"
    if mechanism == "bubblewrap" and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if mechanism == "landlock" and landlock.version() == 0:
        return "this system has no Landlock"
    with own_folder("p-") as place:
        confinement = _confinement(mechanism, place)
        secret = place / "secret"
        secret.write_text("not for strangers")
        secret.chmod(0o644)
        if mechanism == "bubblewrap":
            return _try_bubblewrap(confinement, secret)
        return _try_fork(confinement, secret)


def _confinement(mechanism: Mechanism, place: Path) -> Confinement:
    for name in ("sockets", "root", "work"):
        (place / name).mkdir()
    user = own_user()
    if user is not None:
        place.chmod(0o711)
        os.chown(place / "sockets", user, user)
    confinement = Confinement(
        mechanism=mechanism,
        sockets=str(place / "sockets"),
        root=str(place / "root"),
        readable=readable_paths(),
        user=user,
        folder=WORK_FOLDER,
    )
    return replace(confinement, folder=str(place / "work")) if mechanism == "landlock" else confinement


def _try_fork(confinement: Confinement, secret: Path) -> str:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.dup2(theirs.fileno(), _CONTROL, inheritable=False)
        try:
            confine(confinement.as_data(), _CONTROL, lambda bound: _try_to_get_out(secret, bound))
        except BaseException as error:
            os.write(_CONTROL, json.dumps({"problem": str(error)}).encode() + b"\n")
        os._exit(1)
    theirs.close()
    with ours, ours.makefile() as said:
        lines = [json.loads(line) for line in said]
    os.waitpid(pid, 0)
    for line in lines:
        if "problem" in line:
            return str(line["problem"])
    told = next((line for line in lines if "leaks" in line), None)
    if told is None:
        return "it could not be entered"
    if secret.with_name("planted").exists():
        told["leaks"].append("write files outside")
    return "" if told["leaks"] == [] else f"a notebook could still {' and '.join(told['leaks'])}"


def _try_to_get_out(secret: Path, bound: Callable[[], None]) -> None:
    bound()
    leaks = []
    with suppress(OSError):
        secret.read_text()
        leaks.append("read files outside")
    with suppress(OSError):
        secret.with_name("planted").write_text("x")  # whether it was the host's folder is seen from there
    with suppress(OSError), socket.create_connection(("192.0.2.1", 9), 0.2):
        leaks.append("use the network")
    with suppress(OSError):
        os.setuid(0)
        if os.getuid() == 0:
            leaks.append("become root")
    os.write(_CONTROL, json.dumps({"leaks": leaks}).encode() + b"\n")


def _try_bubblewrap(confinement: Confinement, secret: Path) -> str:
    hearing, telling = os.pipe()
    os.write(telling, notebook_filter(pretend_times=True))
    os.close(telling)
    arguments = BubblewrapWorld(confinement.as_data()).arguments(hearing)
    program = [sys.executable, "-c", f"import os, sys; sys.exit(7 if os.path.exists({str(secret)!r}) else 0)"]
    user = confinement.user
    tried = subprocess.run(
        ["bwrap", *arguments, *program],
        pass_fds=[hearing], capture_output=True, text=True, check=False, user=user, group=user,
        extra_groups=None if user is None else [],
    )  # fmt: skip
    if tried.returncode == 7:
        return "a notebook could still read files outside"
    return "" if tried.returncode == 0 else (tried.stderr.strip() or f"bwrap ended with code {tried.returncode}")


if __name__ == "__main__":
    problem = main(sys.argv[1])  # type: ignore[arg-type]
    if problem:
        sys.stderr.write(problem + "\n")
    sys.exit(1 if problem else 0)
