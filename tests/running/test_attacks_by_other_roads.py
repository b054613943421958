"""Attacks by other roads: terminals, pipes, services, numbers of processes, clocks, queues, what a run leaves behind.

From what somebody wants to the cell that tries, and prints WORKED if it could, as in test_attacks_at_once.py.
"""

from __future__ import annotations

import os
import platform
import pty
import socket
import sys
import uuid
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from cxkit.running.sandbox.limits import Limits
from tests.running.attacking import printed, what_worked

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64",
    reason="the sandbox is Linux's, and system calls are named here by the numbers of one processor",
)

HEAD = """
import array, ctypes, errno, fcntl, glob, mmap, os, pty, resource, signal, socket, struct, time
libc = ctypes.CDLL(None, use_errno=True)
def worked(it=True): print('WORKED' if it else '')
def called(*call): worked(libc.syscall(*call) >= 0)
def done(by):
    pid = os.fork()
    if pid == 0:
        try: by(); os._exit(0)
        finally: os._exit(1)
    worked(os.waitpid(pid, 0)[1] == 0)
def room(size, start=b''): return ctypes.create_string_buffer(start, size)
"""
# What the grader's other programs offer by a name: a terminal, a pipe, a service, a file in memory
BY_NAME = {
    "write to the instructor's terminal": (
        "os.write(os.open(TERMINAL, os.O_WRONLY | os.O_NOCTTY), b'pay here'); worked()"
    ),
    "read what the instructor types": "os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK); worked()",
    "take the instructor's terminal for its own": (
        "def take():\n    os.setsid(); fcntl.ioctl(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY), 0x540E, 1)\ndone(take)"
    ),
    "speak to a service by its path": "one = socket.socket(socket.AF_UNIX); one.connect(SERVICE); worked()",
    "write into a pipe of the grader's": "os.write(os.open(PIPE, os.O_RDWR | os.O_NONBLOCK), b'x'); worked()",
    "read what others left in shared memory": "worked('left' in open('/dev/shm/' + LEFT).read())",
    "read what others left in /tmp": "worked('left' in open('/tmp/' + LEFT).read())",
    "read what others left in /var/tmp": "worked('left' in open('/var/tmp/' + LEFT).read())",
    "change a setting of the system": "open('/proc/sys/kernel/core_pattern', 'r+').close(); worked()",
    "read the log of the system's kernel": "called(103, 3, room(64), 64)",
    "read the machine's memory": "worked(os.open('/dev/mem', os.O_RDONLY))",
    "have a file system of another user in it": "called(430, b'tmpfs', 0)",
    "hold on to a part of the tree": "called(428, -100, b'/usr', 0x80000)",
    "stand on another root": "done(lambda: os.chroot('/usr'))",
    "put a compiled module in place of the kit's": (
        "import cxkit\nplace = os.path.dirname(cxkit.__file__) + '/__pycache__/planted.pyc'\n"
        "open(place, 'wb').close(); os.remove(place); worked()"
    ),
}  # fmt: skip
# What can be done to, and learnt of, a process whose number is known
BY_NUMBER = {
    "hold a process of the grader's": "os.pidfd_open(GRADER); worked()",
    "queue a signal for the grader": "called(129, GRADER, 0, room(128, struct.pack('iii', 0, 0, -1)))",
    "signal its own parent": "worked(os.getppid() > 1 and os.kill(os.getppid(), 0) is None)",
    "ask for the grader's bounds": "resource.prlimit(GRADER, resource.RLIMIT_NOFILE); worked()",
    "ask which session the grader has": "worked(os.getsid(GRADER) >= 0)",
    "ask which cores the grader has": "worked(os.sched_getaffinity(GRADER))",
    "ask how the grader is scheduled": "worked(os.sched_getscheduler(GRADER) >= 0)",
    "ask for the grader's group": "worked(os.getpgid(GRADER) >= 0)",
    "see how much the grader computes": "worked(time.clock_gettime((~GRADER << 3) | 2) > 0)",
    "learn where the grader's memory lies": "called(274, GRADER, room(8), room(8))",
    "compare open files with the grader's": "called(312, os.getpid(), GRADER, 0, 0, 0)",
    "move the grader's pages": "called(256, GRADER, 64, room(8, b'\\1'), room(8, b'\\1'))",
    "enter the grader's network": "worked(os.open(f'/proc/{GRADER}/ns/net', os.O_RDONLY))",
    "read what the grader computes on": "worked(open(f'/proc/{GRADER}/stat').read())",
    "read the grader's threads": "worked(os.listdir(f'/proc/{GRADER}/task'))",
    "see which ports are listened on": "worked(f':{PORT:04X} ' in open('/proc/net/tcp').read())",
    "see which services the machine has": "worked(SERVICE in open('/proc/net/unix').read())",
    "see the machine's networks": "worked([name for _, name in socket.if_nameindex() if name != 'lo'])",
    "be told of every process that starts": (
        "one = socket.socket(16, socket.SOCK_DGRAM, 11); one.bind((0, 1)); worked()"
    ),
    "read the log of audits": "one = socket.socket(16, socket.SOCK_RAW, 9); one.bind((0, 1)); worked()",
    "have the system load a protocol": "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); worked()",
    "be told which devices come and go": "one = socket.socket(16, socket.SOCK_DGRAM, 15); one.bind((0, 1)); worked()",
    "send packets of its own making": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); worked()",
}  # fmt: skip
# Clocks, bounds, priorities and what the system keeps when a process has gone
OF_THE_SYSTEM = {
    "turn the machine's clock": (
        "libc.syscall(227, 0, room(16, struct.pack('qq', 0, -1))); worked(ctypes.get_errno() == errno.EINVAL)"
    ),
    "see and set how the clock is steered": "called(159, room(208))",
    "have its memory written to a file when it dies": (
        "resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1])); "
        "worked()"
    ),
    "raise its own bound on files": (
        "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\nresource.setrlimit(resource.RLIMIT_NOFILE, "
        "(most, most + 1)); worked()"
    ),
    "compute before all others": (
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); os.sched_setscheduler(0, "
        "os.SCHED_OTHER, os.sched_param(0)); worked()"
    ),
    "go before others": "os.nice(-1); worked()",
    "use the disk before others": "called(251, 1, 0, 1 << 13)",
    "leave a queue of messages by a name": (
        "called(240, LEFT.encode(), 0o102, 0o600, None); libc.syscall(241, LEFT.encode())"
    ),
    "leave a queue that a later one opens": (
        "libc.mq_open.restype = ctypes.c_int\nworked(libc.mq_open(b'/' + LEFT.encode(), 0o102, 0o600, "
        "None) >= 0); libc.mq_unlink(b'/' + LEFT.encode())"
    ),
    "ask for a key of the keyring": "called(250, 0, -3, 1)",
    "hide memory from who looks": "called(447, 0)",
    "be told of what all read": "called(300, 0x4, 0)",
    "load a part of the system": (
        "libc.syscall(313, -1, b'', 0); worked(ctypes.get_errno() in (errno.EBADF, errno.ENOEXEC))"
    ),
    "run a program of its own in the system": (
        "libc.syscall(321, 5, room(128), 128); worked(ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS))"
    ),
    "reach the machine's ports": "called(173, 0x80, 1, 1)",
    "hang up the terminals": "worked(libc.syscall(153) == 0)",
    "keep records of processes": "libc.syscall(163, b'/no/such'); worked(ctypes.get_errno() == errno.ENOENT)",
    "hold a hundred megabytes in pipes": (
        "pipes = [os.pipe() for _ in range(100)]\ntry:\n    for _, end in pipes: fcntl.fcntl(end, 1031, "
        "1 << 20)\n    worked()\n"
        "finally: [os.close(end) for pair in pipes for end in pair]"
    ),
}  # fmt: skip
# Systems differ in these: some refuse them to all, to users without rights or in containers, or have no such file.
NOT_EVERYWHERE = {
    "change a setting of the system", "read the log of the system's kernel", "read the machine's memory",
    "have a file system of another user in it", "hold on to a part of the tree", "stand on another root",
    "move the grader's pages", "enter the grader's network", "compare open files with the grader's",
    "learn where the grader's memory lies", "see the machine's networks", "be told of every process that starts",
    "read the log of audits", "have the system load a protocol", "be told which devices come and go",
    "send packets of its own making", "see and set how the clock is steered",
    "turn the machine's clock", "raise its own bound on files",
    "compute before all others", "go before others", "use the disk before others",
    "leave a queue of messages by a name", "leave a queue that a later one opens", "ask for a key of the keyring",
    "hide memory from who looks", "be told of what all read", "load a part of the system",
    "run a program of its own in the system", "reach the machine's ports", "hang up the terminals",
    "keep records of processes", "hold a hundred megabytes in pipes",
    "have its memory written to a file when it dies", "take the instructor's terminal for its own",
    "put a compiled module in place of the kit's",
}  # fmt: skip
ATTACKS = {**BY_NAME, **BY_NUMBER, **OF_THE_SYSTEM}
# What one run leaves for the next: a cell of the first, and the cell of the second that finds it
LEFT_FOR_THE_NEXT = {
    "a file in /tmp": ("open('/tmp/' + LEFT, 'w').write('left')", "worked(open('/tmp/' + LEFT).read())"),
    "a file in /var/tmp": ("open('/var/tmp/' + LEFT, 'w').write('left')", "worked(open('/var/tmp/' + LEFT).read())"),
    "shared memory": ("open('/dev/shm/' + LEFT, 'w').write('left')", "worked(open('/dev/shm/' + LEFT).read())"),
    "a file in the home folder": (
        "open(os.path.expanduser('~/') + LEFT, 'w').write('left')",
        "worked(os.path.exists(os.path.expanduser('~/') + LEFT))",
    ),
    "settings of figures": (
        "import matplotlib; open(os.path.join(matplotlib.get_configdir(), LEFT), 'w').write('left')",
        "import matplotlib; worked(os.path.exists(os.path.join(matplotlib.get_configdir(), LEFT)))",
    ),
    "a service under an abstract name": (
        "if os.fork() == 0:\n    os.setsid(); one = socket.socket(socket.AF_UNIX); one.bind('\\0' + LEFT); "
        "one.listen()\n"
        "    time.sleep(30); os._exit(0)\ntime.sleep(0.2)",
        "one = socket.socket(socket.AF_UNIX); one.connect('\\0' + LEFT); worked()",
    ),
    "a process with a name that the next one sees": (
        "if os.fork() == 0:\n    os.setsid(); libc.prctl(15, LEFT[-12:].encode()); time.sleep(30); "
        "os._exit(0)\ntime.sleep(0.2)",
        "names = [open(n).read().strip() for n in glob.glob('/proc/[0-9]*/comm')]; worked(LEFT[-12:] in names)",
    ),
}  # fmt: skip
LIMITS = Limits(processes=40, open_files=256, work_bytes=16 << 20, file_bytes=8 << 20, cell_seconds=15)


outcomes = partial(printed, limits=LIMITS)


@pytest.fixture
def left():
    """A name that nothing else has; whatever is found under it goes at the end."""
    name = f"cxkit-left-{uuid.uuid4().hex[:12]}"
    yield name
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        (Path(place) / name).unlink(missing_ok=True)


@pytest.fixture
def baits(tmp_path, left):
    """What the attacks are after, as Python that names it."""
    tmp_path.chmod(0o777)
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        (Path(place) / left).write_text("left by another")
    pipe, service = tmp_path / "pipe", f"/tmp/{left}.s"
    os.mkfifo(pipe)
    with ExitStack() as stack:
        stack.callback(Path(service).unlink)
        ours, terminal = pty.openpty()
        for one in (ours, terminal):
            stack.callback(os.close, one)
        offered = stack.enter_context(socket.socket(socket.AF_UNIX))
        offered.bind(service)
        offered.listen()
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for place in (pipe, Path(service), Path(os.ttyname(terminal))):
            place.chmod(0o777)
        yield (
            f"{HEAD}\nLEFT, SERVICE, PIPE = {left!r}, {service!r}, {str(pipe)!r}\n"
            f"GRADER, PORT, TERMINAL = {os.getpid()}, {server.getsockname()[1]}, {os.ttyname(terminal)!r}"
        )


@pytest.mark.parametrize("policy", ["open", "contained"])
def test_what_works_in_an_open_kernel_does_not_in_a_contained_one(policy, baits):
    could = what_worked(policy, baits, ATTACKS, limits=LIMITS)
    if policy == "open":
        assert set(ATTACKS) - could <= NOT_EVERYWHERE, "the attack itself is broken"
    else:
        assert could == set()


@pytest.fixture
def _own_home(tmp_path, monkeypatch):
    """What open kernels leave goes with the test."""
    for name in ("HOME", "IPYTHONDIR", "MPLCONFIGDIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))


@pytest.mark.usefixtures("_own_home")
@pytest.mark.parametrize("policy", ["open", "contained"])
def test_what_one_run_leaves_the_next_does_not_find(policy, left):
    head = f"{HEAD}\nLEFT = {left!r}"
    outcomes(policy, [head, *(leaving for leaving, _ in LEFT_FOR_THE_NEXT.values())])
    found = outcomes(policy, [head, *(finding for _, finding in LEFT_FOR_THE_NEXT.values())])
    could = {name for name, said in zip(LEFT_FOR_THE_NEXT, found[1:], strict=True) if "WORKED" in said}
    assert could == (set(LEFT_FOR_THE_NEXT) if policy == "open" else set())
