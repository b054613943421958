"""The client's side of the template: start it, ask it for kernels, notice when it is gone."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from cxkit.errors import NotebookError
from cxkit.running.temporary import OwnFolder, clear_left

PRELOADED = ("numpy", "pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "seaborn", "scipy.stats")
"""What the template imports beyond the kernel itself before it takes requests."""
PRELOADED_LATER = (
    "cxkit.validation", "cxkit.benchmarking", "cxkit.gaps", "cxkit.sem", "ipywidgets", "openpyxl",
    "sklearn.decomposition", "factor_analyzer", "statsmodels.api",
)  # fmt: skip
"""What it imports while nobody asks, as far as it is installed."""

PRELOADED_OF_CLIENTS = ("cxkit.running.isolation.apart", "cxkit.running.isolation.contained_client")

START_SECONDS = 120.0
_SECONDS_TO_END = 6.0  # that a warden has to end all that its kernel has started, before it is killed itself

# Each of these starts threads on import or first use unless told otherwise; and one BLAS thread makes sums come out in
# the same order everywhere.
TEMPLATE_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
# All that the template is told of its caller's environment: every kernel that it forks could read it in its own memory,
# tokens and passwords among them. What Python and the loader read before the first import, then what imports look up.
STARTUP_NAMES = (
    "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR", "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX", "PYTHONUTF8", "PYTHONCOERCECLOCALE", "PYTHONWARNINGS", "PYTHONHASHSEED", "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    # For which processor libraries compute: a digit that moves must move in a kernel as it does elsewhere
    "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS",
    "GLIBC_TUNABLES",
)  # fmt: skip
ALLOWED_NAMES = (
    *STARTUP_NAMES, "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH",
)  # fmt: skip


class TemplateLost(NotebookError):
    """The template cannot be started, has died, or refuses to fork. An infrastructure fault, none of the notebook."""


def can_fork() -> bool:
    """Whether forking a process that has numpy and matplotlib loaded is safe here: on Linux alone."""
    return sys.platform.startswith("linux")


class Template:
    """One template process of this process, started at first need and again after its death.

    Its kernels end when this process ends: the template reads from a pipe that only we hold open.
    """

    _current: Template | None = None
    _clients: Template | None = None
    _borrowed: Borrowed | None = None
    _lock = threading.Lock()

    def __init__(
        self, now: Sequence[str] = PRELOADED, later: Sequence[str] = PRELOADED_LATER, kernels: bool = True
    ) -> None:
        self.owner, self.begun_with = os.getpid(), _startup_environment()
        _clear_left_once()
        self._own = OwnFolder("t-")
        self.folder = self._own.path
        self.socket = self.folder / "s"
        self.log = self.folder / "log"
        program = [sys.executable, "-P", "-m", "cxkit.running.kernels.template"]
        command = [*program, str(self.socket), ",".join(now), ",".join(later), *([] if kernels else ["clients"])]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**_named(ALLOWED_NAMES), **TEMPLATE_ENVIRONMENT},
                cwd=self.folder,
                start_new_session=True,
            )
        self.threads = 0
        self._listening = threading.Lock()

    def wait_until_ready(self) -> None:
        """Wait for its imports.

        Raises
        ------
        TemplateLost
            If it does not come up.
        """
        assert self.process.stdout is not None
        with self._listening:
            if self.threads:
                return
            ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
            line = self.process.stdout.readline() if ready else b""
            if not line:
                last_words = self._last_words()
                self.close()
                raise TemplateLost(f"The template of the kernels did not come up. It said: {last_words}")
            self.threads = json.loads(line)["threads"]

    def _last_words(self) -> str:
        with suppress(OSError):
            return self.log.read_text(errors="replace")[-1000:].strip() or "nothing"
        return "nothing"

    @classmethod
    def begin(cls) -> Template:
        """Start the template of this process, if it does not live, and do not wait for it: other work can go on."""
        with cls._lock:
            current = cls._current
            if current is not None and current.owner == os.getpid():
                if current.process.poll() is None and current.begun_with == _startup_environment():
                    return current
                current.close()
            cls._current = cls()
            return cls._current

    @classmethod
    def begin_clients(cls) -> Template:
        """The template of the clients of contained runs: small, since it imports nothing that notebooks do."""
        with cls._lock:
            current = cls._clients
            if current is not None and current.owner == os.getpid():
                if current.process.poll() is None and current.begun_with == _startup_environment():
                    return current
                current.close()
            cls._clients = cls(PRELOADED_OF_CLIENTS, (), kernels=False)
            return cls._clients

    @classmethod
    def borrow(cls, path: str) -> None:
        """From here on this process has its kernels from the template of another."""
        cls._borrowed = Borrowed(path)

    @classmethod
    def get(cls) -> Template | Borrowed:
        """The living template of this process, ready for requests.

        Raises
        ------
        TemplateLost
            If none can be started.
        """
        if cls._borrowed is not None:
            return cls._borrowed
        template = cls.begin()
        template.wait_until_ready()
        return template

    @classmethod
    def stop(cls) -> None:
        """End this process's templates, if there are any, and with them every kernel that they forked."""
        with cls._lock:
            both = (cls._clients, cls._current)
            cls._current = cls._clients = None
        for current in both:
            if current is not None and current.owner == os.getpid():
                current.close()

    def close(self) -> None:
        """End the template and all its kernels, and remove its folder."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._own.remove()

    def fork(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> ForkedProcess:
        """Ask for a kernel; it is there when `ForkedProcess.ready` says so.

        Raises
        ------
        TemplateLost
            If the template does not answer.
        """
        return _fork(str(self.socket), request, descriptors)


class Borrowed:
    """The template of another process, known by its socket."""

    threads = 1  # it was asked before its socket was lent

    def __init__(self, path: str) -> None:
        self.socket = path

    def fork(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> ForkedProcess:
        """As of `Template`."""
        return _fork(self.socket, request, descriptors)


def _fork(path: str, request: Mapping[str, Any], descriptors: Sequence[int]) -> ForkedProcess:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
        data = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(connection, [data], list(descriptors))
        connection.sendall(data[sent:])
    except OSError as error:
        connection.close()
        raise TemplateLost(
            f"The process that starts kernels has ended ({error}): it was killed, or memory ran out."
        ) from None
    return ForkedProcess(connection)


atexit.register(Template.stop)


@cache
def _clear_left_once() -> None:
    """What killed processes left goes when the next one starts its first template."""
    with suppress(OSError):
        clear_left()


def _startup_environment() -> dict[str, str]:
    """What Python and the loader read before the first import: a template that began with other values is stale."""
    return _named(STARTUP_NAMES)


def _named(names: Sequence[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


class ForkedProcess:
    """A kernel forked by the template, with those members of `subprocess.Popen` that jupyter_client uses.

    Attributes
    ----------
    pid : int
        The process to signal; it leads a group of its own.
    returncode : int or None
        As of Popen: negative for a signal; None while it runs. -9 if the template died, which takes all along.
    ending : dict
        What the warden of a confined kernel said about its end.
    is_interrupting : bool
        Whether an interrupt was sent of which its warden has not said yet that the kernel has it; without a warden it
        stays so.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.setblocking(False)
        self.pid = 0
        self.returncode: int | None = None
        self.ending: dict[str, Any] = {}
        self.is_ready = self.is_interrupting = False
        self.refusal = ""
        self.ends_by_word, self._told_to_end = False, 0.0
        self._unread = b""

    def fileno(self) -> int:
        """Readable whenever there is news; -1 after the end."""
        return self.connection.fileno()

    def listen(self) -> None:
        """Take in what has been said since; never waits."""
        if self.returncode is not None:
            return
        try:
            while data := self.connection.recv(65536):
                self._take(data)
        except BlockingIOError:
            return
        except OSError:
            pass
        if self.returncode is None:  # the connection broke without a last word
            self._end(-signal.SIGKILL)

    def _take(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.pid = message.get("pid", self.pid)
            self.is_ready = self.is_ready or "ready" in message
            self.is_interrupting = self.is_interrupting and "interrupted" not in message
            self.refusal = message.get("refused", self.refusal)
            self.ending.update(message.get("ended", {}))
            if "exit" in message:
                self._end(message["exit"])

    def _end(self, code: int) -> None:
        self.returncode = code
        self.connection.close()

    def poll(self) -> int | None:
        """The return code, or None while it runs."""
        self.listen()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the code.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            select.select([self.connection], [], [], left)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        # What it has said is taken in first: until then nobody knows its number, and no signal was sent.
        if self.poll() is None and self.pid:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, and with it whatever it has started.

        Where no namespace ends with its first process the warden must do that, and lives until it has: it is told by
        the end of what we say.
        """
        if self.poll() is not None:
            return
        if self.ends_by_word and not self._told_to_end:
            self._told_to_end = time.monotonic()
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
        elif time.monotonic() > self._told_to_end + _SECONDS_TO_END:
            self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)
