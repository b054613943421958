"""What a sandbox claims, tried by a notebook that attempts the opposite: nothing is said that was not seen to hold."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.running.kernels.forked import Template
from cxkit.running.sandbox.limits import Limits, Policy
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from cxkit.running.isolation.endings import Contained

_MIB = 1 << 20
LIMITS = Limits(
    memory_bytes=256 * _MIB, cpu_seconds=20, cell_seconds=10, total_seconds=40, processes=40, open_files=128,
    file_bytes=2 * _MIB, work_bytes=8 * _MIB, temporary_bytes=8 * _MIB, output_bytes=100_000,
)  # fmt: skip
_PLANTED = "CXKIT_PLANTED_BY_DOCTOR"
CHANGES = "change times, rights or attributes of your files"
# Each by itself. A lock counts where another process is kept out by it; a time where it is another than before.
_SIGNS = """
import fcntl, os, struct
seen, devices = os.open(os.__file__, os.O_RDONLY), ("null", "zero", "full", "random", "urandom")
def keeps_out(device, command):
    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, command, 1, 0)
    fcntl.fcntl(os.open(device, os.O_RDWR), command, lock)
    if (other := os.fork()) == 0:
        try: fcntl.fcntl(os.open(device, os.O_RDWR), command, lock)
        except OSError: os._exit(1)
        os._exit(0)
    return os.waitpid(other, 0)[1] != 0
def sets_time(device):
    before = os.stat(device).st_mtime_ns
    os.utime(device)
    return os.stat(device).st_mtime_ns != before
def answers(file, command, what):
    fcntl.fcntl(file, command, what)
    return True
attempts = [lambda: fcntl.flock(seen, fcntl.LOCK_SH) is None, lambda: answers(seen, 1036, struct.pack("Q", 3)),
            lambda: answers(seen, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)),
            lambda: os.preadv(seen, [bytearray(1)], 0, os.RWF_NOWAIT)]
for device in map("/dev/{}".format, devices):
    attempts += [lambda device=device, command=command: keeps_out(device, command) for command in (fcntl.F_SETLK, 37)]
    attempts.append(lambda device=device: sets_time(device))
for attempt in attempts:
    try: print("WORKED" if attempt() else "")
    except OSError: pass
"""
_LEFT_BEHIND = (
    "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n    os._exit(0)\nwhile True: pass"
)
_SECONDS_TO_END = 2.0


@dataclass(frozen=True)
class Claim:
    """One thing that a contained notebook cannot do.

    Attributes
    ----------
    says : str
        What it cannot do, as it follows "a stranger's notebook cannot".
    attempt : str
        A cell that tries, and prints WORKED if it could. The names in `Bait` are set before it.
    """

    says: str
    attempt: str


CLAIMS = (
    Claim("read your files", "print('WORKED' if open(FILE).read() else '')"),
    Claim("change your files", "open(FILE, 'a').write('x'); print('WORKED')"),
    Claim(
        CHANGES,
        "import os\n"
        "for attempt in (lambda: os.chmod(FILE, 0o600), lambda: os.utime(FILE, (1, 1)),\n"
        "                lambda: os.setxattr(FILE, 'user.x', b'1')):\n"
        "    try: attempt()\n    except OSError: pass",
    ),
    Claim("see your processes", "import os; print('WORKED' if os.path.exists(f'/proc/{PROCESS}/cmdline') else '')"),
    Claim(
        "signal, slow down or bound your processes",
        "import os, resource\n"
        "for attempt in (lambda: os.kill(PROCESS, 0),\n"
        "                lambda: resource.prlimit(PROCESS, resource.RLIMIT_CORE, (0, 0)),\n"
        "                lambda: os.setpriority(os.PRIO_PROCESS, PROCESS, 19),\n"
        "                lambda: os.sched_setaffinity(PROCESS, os.sched_getaffinity(0))):\n"
        "    try:\n        attempt(); print('WORKED')\n    except OSError: pass",
    ),
    Claim("use the network", "import socket; socket.create_connection(('127.0.0.1', PORT), 2); print('WORKED')"),
    Claim(
        "see your environment",
        "import glob, os\nseen = repr(dict(os.environ))\nfor name in glob.glob('/proc/*/environ'):\n"
        "    try: seen += open(name, errors='replace').read()\n    except OSError: pass\n"
        "print('WORKED' if SECRET[::-1] in seen else '')",
    ),
    Claim("gain rights", "import os; os.setuid(0); print('WORKED')"),
    Claim(
        "start more processes than its limit",
        "import os, time\nstarted = []\ntry:\n    for _ in range(60):\n        pid = os.fork()\n        if pid == 0:\n"
        "            time.sleep(9); os._exit(0)\n        started.append(pid)\n    print('WORKED')\n"
        "finally:\n    for pid in started: os.kill(pid, 9); os.waitpid(pid, 0)",
    ),
    Claim("open more files than its limit", "kept = [open('/dev/null') for _ in range(200)]; print('WORKED')"),
    Claim(
        "call on parts of the system that no notebook needs",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
        "if os.fork() == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)\n"
        "print('WORKED' if os.wait()[1] == 0 else '')",
    ),
    Claim("leave signs for other runs on files and devices that both see", _SIGNS),
    Claim(
        "leave signs for other runs by the times at which files were read",
        "import os\nprint('' if os.statvfs(os.__file__).f_flag & (os.ST_NOATIME | os.ST_RDONLY) else 'WORKED')",
    ),
    Claim("count what other runs open", "print('WORKED' if open('/proc/sys/fs/file-nr').read() else '')"),
    Claim("write larger files than its limit", "open('big', 'wb').write(b'x' * (4 << 20)); print('WORKED')"),
    Claim("print more than its limit", "print('x' * 300_000)"),
    Claim("take more memory than its limit", "x = b'x' * (400 << 20); print('WORKED')"),
    Claim(
        "take more memory than its limit in pages that processes share",
        "import mmap, time\nx = mmap.mmap(-1, 400 << 20)\n"
        "for k in range(0, 400 << 20, 4096): x[k] = 1\ntime.sleep(1); print('WORKED')",
    ),
)
"""In this order: the last may end the run."""
ALONE = (
    Claim(
        "write more files than its limit",
        "import time\nfor k in range(20): open(f'part{k}', 'wb').write(b'x' * 1_500_000)\n"
        "time.sleep(1); print('WORKED')",
    ),
    Claim(
        "hold more files than its limit that it has deleted",
        "import os, time\nkept = []\nfor k in range(20):\n    kept.append(open('gone', 'wb', 0)); os.remove('gone')\n"
        "    kept[-1].write(b'x' * 1_500_000)\ntime.sleep(1); print('WORKED')",
    ),
    Claim(
        "take more memory than its limit in what the system keeps for it",
        "import mmap, time\nkind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # nothing is reserved\n"
        "x = mmap.mmap(-1, 1 << 38, kind, mmap.PROT_READ)\nx.madvise(mmap.MADV_NOHUGEPAGE)\n"
        "for k in range(0, 1 << 38, 2 << 20): x[k]\ntime.sleep(1); print('WORKED')",
    ),
    Claim(
        "take more memory than its limit in what waits to be read",
        "import socket, time\nkept, server = [], socket.create_server(('127.0.0.1', 0))\nfor _ in range(60):\n"
        "    sending = socket.create_connection(server.getsockname()); kept += [sending, server.accept()[0]]\n"
        "    sending.setblocking(False)\n    try:\n        while True: sending.send(b'x' * 65536)\n"
        "    except BlockingIOError: pass\ntime.sleep(1); print('WORKED')",
    ),
)
"""Each in a run of its own, which it may end."""
UNPROTECTED_CLAIMS = ("read your files", "change your files", "use the network")
"""Of CLAIMS, what is said of a machine without a sandbox to be possible there."""
_CPU, _SURVIVORS = "take more processor time than its limit", "leave processes behind"
ALL_CLAIMS = (*(claim.says for claim in (*CLAIMS, *ALONE)), _CPU, _SURVIVORS)
NOT_HELD = (
    "What no sandbox here holds: of processor time, that of processes is not counted which end within a tenth of a "
    "second and are waited for by nobody (the clock ends such a run); and runs that were written to talk can do so: "
    "while they go on at the same time by how busy the machine is, by a page of a library on which threads of one wait "
    "until the other wakes them (a futex), and, where the grader is not root, by what the system counts for each user; "
    "later as well by how fast a file is read that another has brought into memory. One run at a time (--jobs 1) "
    "leaves them only the last"
)
"""Said beside the claims, since no attempt could show that it holds."""


@dataclass(frozen=True)
class Bait:
    """What is laid out for the attempts: a file, a process, a server and a variable of the caller's."""

    file: Path
    process: int
    port: int
    secret: str

    def cell(self) -> str:
        """Python that names them. The secret is spelt backwards, lest an attempt should find its own question."""
        return f"FILE, PROCESS, PORT, SECRET = {str(self.file)!r}, {self.process}, {self.port}, {self.secret[::-1]!r}"


@contextmanager
def bait() -> Iterator[Bait]:
    """Lay it out, and clear it away."""
    secret = secrets.token_hex(12)
    sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(300)"]
    with own_folder("doctor-") as place, socket.create_server(("127.0.0.1", 0)) as server:
        place.chmod(0o777)
        file = place / "yours.txt"
        file.write_text("not for strangers")
        file.chmod(0o666)
        with subprocess.Popen(sleeper) as process:
            os.environ[_PLANTED] = secret
            try:
                yield Bait(file, process.pid, server.getsockname()[1], secret)
            finally:
                del os.environ[_PLANTED]
                process.kill()


def broken_claims(laid: Bait, policy: Policy = "contained") -> Mapping[str, str]:
    """Which claims do not hold with the protection in force here?

    Lay the bait out before the template of kernels starts: what it was told then is what its kernels could find. Takes
    some seconds.

    Parameters
    ----------
    laid : Bait
    policy : {"contained", "open"}
        Open: whether the attempts themselves are any good, for tests.

    Returns
    -------
    mapping
        From what could be done to what was seen; empty if every claim held.

    Raises
    ------
    NotebookError
        If no contained run can be made here.
    """
    before = laid.file.stat()
    run = _tried_in_one(laid, CLAIMS, policy)
    after = laid.file.stat()
    broken = {}
    for index, claim in enumerate(CLAIMS, start=1):
        cell = run.notebook.cells[index]
        said = "".join(output.get("text", "") for output in cell.outputs if output.output_type == "stream")
        if "WORKED" in said or len(said) > 2 * LIMITS.output_bytes:
            broken[claim.says] = "it could"
        elif cell.execution_count is None and run.ending != "out_of_memory":
            broken[claim.says] = f"not tried: {run.note}"
    if (before.st_mode, before.st_mtime) != (after.st_mode, after.st_mtime):
        broken[CHANGES] = "it could"
    broken |= _broken_alone(policy)
    return broken if policy == "open" else {**broken, **_broken_at_the_end()}


def open_to_strangers(laid: Bait) -> tuple[str, ...]:
    """Of `UNPROTECTED_CLAIMS`, what a notebook can do here that is run without a sandbox.

    Raises
    ------
    NotebookError
        If no kernel can be had.
    """
    claims = [one for one in CLAIMS if one.says in UNPROTECTED_CLAIMS]
    run = _tried_in_one(laid, claims, "open")
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in run.notebook.cells[1:]]
    return tuple(claim.says for claim, one in zip(claims, said, strict=True) if "WORKED" in one)


def _tried_in_one(laid: Bait, claims: Sequence[Claim], policy: Policy) -> Contained:
    """A run whose first cell names the bait, and each further one makes the attempt of a claim."""
    from nbformat.v4 import new_code_cell, new_notebook

    from cxkit.running.isolation.contained import run_contained

    sources = [laid.cell(), *(one.attempt for one in claims)]
    return run_contained(new_notebook(cells=[new_code_cell(one) for one in sources]), policy=policy, limits=LIMITS)


def _broken_alone(policy: Policy) -> dict[str, str]:
    """Claims on what may end a run."""
    from nbformat.v4 import new_code_cell, new_notebook

    from cxkit.running.isolation.contained import run_contained

    broken, limits = {}, replace(LIMITS, memory_bytes=LIMITS.memory_bytes // 2)
    for claim in ALONE:
        run = run_contained(new_notebook(cells=[new_code_cell(claim.attempt)]), policy=policy, limits=limits)
        if any("WORKED" in output.get("text", "") for output in run.notebook.cells[0].outputs):
            broken[claim.says] = "it could"
        elif run.ending not in {"completed", "out_of_memory", "out_of_space"}:
            broken[claim.says] = f"not tried: {run.note}"
    return broken


def _broken_at_the_end() -> dict[str, str]:
    """Claims on how a run is ended: by its processor time, and with everything that it started."""
    from nbformat.v4 import new_code_cell, new_notebook

    from cxkit.running.isolation.contained import run_contained

    run = run_contained(new_notebook(cells=[new_code_cell(_LEFT_BEHIND)]), limits=replace(LIMITS, cpu_seconds=1))
    broken = {}
    if run.ending != "out_of_cpu":
        broken[_CPU] = f"it ended as {run.ending}"
    deadline = time.monotonic() + _SECONDS_TO_END
    while (left := _kernels_of_the_template()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        broken[_SURVIVORS] = f"{len(left)} of its processes went on"
    return broken


def _kernels_of_the_template() -> list[int]:
    """Processes that were forked by the template: they have its command line, and no program of their own."""
    from cxkit.running.sandbox.processes import all_processes  # Linux alone has what it reads

    template = Template.begin().process.pid
    wanted = Path(f"/proc/{template}/cmdline").read_bytes()
    found = []
    for process in all_processes():
        with suppress(OSError):
            if process != template and Path(f"/proc/{process}/cmdline").read_bytes() == wanted:
                found.append(process)
    return found
