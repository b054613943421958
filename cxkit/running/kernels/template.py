"""The template process: imports what notebooks import, once, and forks a kernel from that at every request.

Started by `forked.Template` with ``python -m cxkit.running.kernels.template SOCKET NOW LATER``: two lists of modules;
the second is imported while nobody asks for a kernel. It talks in lines of JSON. A request comes with three
descriptors, which become the kernel's stdin, stdout and stderr:

    {"argv": [...], "env": {...}, "cwd": "...", "confinement": null or {...}}

Answers, each on the connection of its request: ``{"pid": 12}``, then ``{"ready": true}`` once the kernel has bound
its sockets, at the end ``{"exit": 0}``; a confined kernel says how it ended before that (see sandbox/warden.py).
When the client goes, by whatever death, its end of our stdin closes, and every kernel goes as well.

A template of clients is the same with other imports: ``{"client": true, ...}`` makes the child the client of one
contained run, which reads its work from its stdin (see apart.py).

Nothing here may start a thread before a fork: a forked child inherits the locks of threads that it does not have.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

KERNEL_MODULES = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger", "IPython.core.completer",
    "IPython.core.magics", "IPython.core.historyapp", "IPython.core.completerlib", "IPython.core.oinspect",
    "IPython.core.logger", "IPython.extensions.storemagic", "matplotlib_inline.config", "zmq.eventloop.zmqstream",
    "IPython.core.debugger", "tornado.ioloop", "tornado.platform.asyncio", "asyncio", "comm", "psutil",
    "jupyter_client.session", "cxkit.running.sandbox.warden", "cxkit.running.kernels.speaking",
)  # fmt: skip
"""What every kernel needs to start: a fork finds it imported."""

KERNEL_NAME = "ipykernel_launcher"
_LARGEST_REQUEST = 1 << 20
_IDLE = 0.05  # seconds without a request, after which there is time for another import
_CONTROL = 3  # the descriptor on which a child talks to the client, until it is ready


def main(arguments: Sequence[str]) -> None:
    """Import, listen, and fork until stdin closes. After ``--kernel FOLDER``: be one kernel, nothing more."""
    if arguments[0] == "--kernel":
        _run_kernel([KERNEL_NAME, *arguments[2:]], arguments[1])
        return
    path, (now, later) = arguments[0], ([name for name in words.split(",") if name] for words in arguments[1:3])
    is_of_kernels = "clients" not in arguments[3:]
    gc.disable()  # a collection in a child would touch, and so copy, every page of what is shared
    for name in (*(KERNEL_MODULES if is_of_kernels else ()), *now):
        _import(name)
    _draw_once()
    _prepare_clients()
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(128)
    _say({"ready": True, "threads": _threads()})
    _Server(listener, later).serve()


def _import(name: str) -> None:
    """Import a module if it is installed."""
    with warnings.catch_warnings(), suppress(ImportError):
        warnings.simplefilter("ignore")
        importlib.import_module(name)


def _draw_once() -> None:
    """The first figure of a process costs a quarter of a second: fonts and styles are looked up. Once will do."""
    if "matplotlib" not in sys.modules:
        return
    from io import BytesIO

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    figure.subplots().set_title("Aa")
    canvas.print_png(BytesIO())


def _prepare_clients() -> None:
    """What is done once a process: an output's schema is read and compiled (60 ms), and every installed package is
    asked whether it starts kernels (20 ms).
    """
    if "nbformat" in sys.modules:
        from nbformat.v4 import new_output

        new_output("stream")
    if "nbclient" in sys.modules:
        from jupyter_client.provisioning import KernelProvisionerFactory

        KernelProvisionerFactory.instance()


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names are enough


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class _Server:
    """Takes requests, forks, and tells each client how its kernel ended."""

    def __init__(self, listener: socket.socket, later: list[str]) -> None:
        self.listener, self.later = listener, later
        self.kernels: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.wakeup, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the wake-up descriptor is what we listen to
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client, which closes our stdin
        for source, handler in ((listener, self.accept), (self.wakeup, self.reap), (0, self.leave)):
            self.selector.register(source, selectors.EVENT_READ, handler)

    def serve(self) -> NoReturn:
        while True:
            events = self.selector.select(_IDLE if self.later else None)
            for key, _ in events:
                key.data()
            if not events:
                _import(self.later.pop(0))
                gc.freeze()

    def leave(self) -> None:
        """The client is gone: take every kernel along."""
        if os.read(0, 64):
            return
        for pid in self.kernels:
            with suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        os._exit(0)

    def accept(self) -> None:
        """Fork first and let the child read the request: it may hold the environment of an open kernel, of which
        nothing may stay in the memory that the next kernel gets.
        """
        connection, _ = self.listener.accept()
        if (count := _threads()) != 1:
            self.refuse(connection, f"the template has {count} threads, and a fork would inherit their locks.")
            return
        pid = os.fork()
        if pid == 0:
            _serve_request(connection)
        self.kernels[pid] = connection
        _send(connection, {"pid": pid})

    def refuse(self, connection: socket.socket, reason: str) -> None:
        """Answer a request without a kernel."""
        with suppress(OSError, ValueError):
            _, descriptors = _request(connection)
            for descriptor in descriptors:
                os.close(descriptor)
        _send(connection, {"refused": reason})
        connection.close()

    def reap(self) -> None:
        with suppress(BlockingIOError):
            os.read(self.wakeup, 4096)
        while self.kernels:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self.kernels.pop(pid, None)
            if connection is not None:
                _send(connection, {"exit": os.waitstatus_to_exitcode(status)})
                connection.close()


def _serve_request(connection: socket.socket) -> NoReturn:
    """In the child: read the request, and become what it asks for."""
    try:
        request, descriptors = _request(connection)
    except (OSError, ValueError):
        os._exit(1)
    _become_kernel(request, descriptors, connection)


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    connection.settimeout(10)
    received = _receive(connection)
    connection.settimeout(None)
    return received


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, descriptors, _, _ = socket.recv_fds(connection, 65536, 3)
    while not data.endswith(b"\n"):
        more = connection.recv(65536)
        if not more or len(data) > _LARGEST_REQUEST:
            raise ValueError("half a request")
        data += more
    return json.loads(data), list(descriptors)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    with suppress(OSError):  # the client may have gone
        connection.sendall(json.dumps(message).encode() + b"\n")


def _become_kernel(request: dict[str, Any], descriptors: list[int], connection: socket.socket) -> NoReturn:
    """In the child: forget what was the template's, then run a kernel to its end."""
    code = 1
    try:
        _start_afresh(request, descriptors, connection)
        confinement = request.get("confinement")
        if request.get("client"):
            from cxkit.running.isolation.apart import be_client

            os.chdir(request["cwd"])
            be_client()
        elif confinement is None:
            _run_kernel(request["argv"], request["cwd"])
        else:
            from cxkit.running.sandbox.warden import confine

            sys.argv = request["argv"]
            confine(confinement, _CONTROL, lambda bound: _run_kernel(request["argv"], confinement["folder"], bound))
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _start_afresh(request: dict[str, Any], descriptors: list[int], connection: socket.socket) -> None:
    """A session, signals, descriptors, environment, clock zone and random numbers of the child's own."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
    os.dup2(connection.detach(), _CONTROL, inheritable=False)
    os.closerange(_CONTROL + 1, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536))
    os.environ.clear()
    if request.get("confinement") is not None:
        from cxkit.running.sandbox.linux import forget_startup_environment

        forget_startup_environment()
    os.environ.update(request["env"])
    time.tzset()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(int.from_bytes(os.urandom(4), "little"))


def _find_modules_beside(notebook_folder: str) -> None:
    """Let modules of the working folder, and of the notebook's, be imported, as a kernel of Jupyter's does.

    After the standard library and before packages, where IPython puts the working folder. It leaves it out for us,
    since the template was started with -P.
    """
    packages = (n for n, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages")))
    place = next(packages, len(sys.path))
    sys.path[place:place] = [path for path in dict.fromkeys(("", notebook_folder)) if path not in sys.path]


def _do_without_terminal() -> None:
    """Let IPython's `!` run commands where there is no terminal, as in a sandbox: it asks for one."""
    from ipykernel import zmqshell

    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError:
        zmqshell.system = _run_by_pipe


def _run_by_pipe(cmd: str) -> int:
    """Run a command of the shell, show what it writes, and return its exit status."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(["/bin/sh", "-c", cmd], stdin=subprocess.DEVNULL, errors="replace", **options) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
    return process.returncode


def _run_kernel(argv: list[str], folder: str, sockets_bound: Callable[[], None] = lambda: None) -> None:
    """An ipykernel as ``python -m ipykernel_launcher`` runs it. No zmq context and no event loop exists before here."""
    from ipykernel.kernelapp import IPKernelApp

    from cxkit.running.kernels.speaking import print_no_faster_than_is_sent, send_every_text

    os.chdir(folder)
    sys.argv = argv
    gc.enable()
    # With a parent it ends when that ends. Process 1 of a namespace has none that it could see: its warden sees to it.
    app = IPKernelApp.instance(parent_handle=os.getppid() or 1)
    print_no_faster_than_is_sent()
    app.initialize(argv[1:])
    send_every_text(app.session)
    _find_modules_beside(os.environ.pop("CXKIT_NOTEBOOK_FOLDER", ""))
    _do_without_terminal()
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    if inline is not None:
        inline._enable_matplotlib_integration()  # it was imported before there was a shell: figures would be lost
    sockets_bound()
    os.write(_CONTROL, b'{"ready": true}\n')
    os.close(_CONTROL)
    app.start()


if __name__ == "__main__":
    main(sys.argv[1:])
