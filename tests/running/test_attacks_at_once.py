"""Many attacks in one notebook: each works in an open kernel, and none in a contained one.

From what somebody wants to the cell that tries, and prints WORKED if it could. Attacks that need a run of their own are
in test_attacks.py.
"""

import os
import platform
import socket
import sys
from functools import partial
from pathlib import Path

import pytest

from cxkit.running.kernels.forked import Template
from cxkit.running.sandbox.limits import Limits
from tests.running.attacking import printed, what_worked

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64",
    reason="the sandbox is Linux's, and system calls are named here by the numbers of one processor",
)

CHECKOUT = Path(__file__).parents[2]
HEAD = """
import ctypes, fcntl, glob, os, pwd, re, resource, socket, stat, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def worked(it=True): print('WORKED' if it else '')
def called(*call): worked(libc.syscall(*call) >= 0)
def keeps_out(name, command):
    lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, command, 1, 0)
    fcntl.fcntl(os.open(name, os.O_RDWR), command, lock)
    if (other := os.fork()) == 0:
        try: fcntl.fcntl(os.open(name, os.O_RDWR), command, lock)
        except OSError: os._exit(1)
        os._exit(0)
    return os.waitpid(other, 0)[1] != 0
def times(name): return os.stat(name).st_atime_ns, os.stat(name).st_mtime_ns
"""
DEVICES = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")]
LOCKS = {"for a process": 6, "for an open file": 37}  # F_SETLK, F_OFD_SETLK
BITS_BETWEEN_RUNS = {
    **{
        f"lock a part of {device} {way}": f"worked(keeps_out({device!r}, {command}))"
        for device in DEVICES
        for way, command in LOCKS.items()
    },
    **{
        f"set the times of {device}": f"was = times({device!r}); os.utime({device!r}); worked(times({device!r}) != was)"
        for device in DEVICES
    },
    "write a hint beside a file": "fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1036, struct.pack('Q', 3)); worked()",
    "ask what of a file lies in memory": (
        "f = os.open(os.__file__, os.O_RDONLY); os.read(f, 9); worked(os.preadv(f, [bytearray(1)], 0, os.RWF_NOWAIT))"
    ),
    "ask how much of a file lies in memory": (
        "called(451, os.open(os.__file__, os.O_RDONLY), struct.pack('QQ', 0, 0), ctypes.create_string_buffer(40), 0)"
    ),
    "leave the time at which a file was read": (
        "worked(not os.statvfs(os.__file__).f_flag & (os.ST_NOATIME | os.ST_RDONLY))"
    ),
    "count the files that others open": "worked(open('/proc/sys/fs/file-nr').read())",
    "count the terminals of others": "worked(open('/proc/sys/kernel/pty/nr').read())",
    "have the system count what is written at once": "called(206, 8, ctypes.create_string_buffer(8))",
    "use up the pipes of a user": "worked(fcntl.fcntl(os.pipe()[0], 1031, 1 << 17) > 0)",
    "lock a file that others see": "fcntl.flock(open(os.__file__), fcntl.LOCK_SH); worked()",
    "ask for the locks of others": (
        "ask = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)\n"
        "fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 5, ask); worked()"
    ),
    "ask for locks that belong to open files": (
        "ask = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)\n"
        "fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 36, ask); worked()"
    ),
    "read the table of all locks": "worked(isinstance(open('/proc/locks').read(), str))",
    "lease a file": (
        "open('leased', 'w').close(); fcntl.fcntl(os.open('leased', os.O_RDONLY), 1024, fcntl.F_RDLCK); worked()"
    ),
    "be told who reads a file": "worked(libc.inotify_add_watch(libc.inotify_init1(0), os.__file__.encode(), 0x21) > 0)",
    "be told of changes in a folder": "fcntl.fcntl(os.open('/usr', os.O_RDONLY), 1026, 0x80000001); worked()",
    "leave a key in the keyring": "called(248, b'user', b'cxkit-test', b'bits', 4, -3)",
    "leave shared memory": "i = libc.shmget(0, 4096, 0o1600); worked(i >= 0); libc.shmctl(i, 0, None)",
    "leave a queue of messages": "i = libc.msgget(0, 0o1600); worked(i >= 0); libc.msgctl(i, 0, None)",
    "leave a semaphore": "i = libc.semget(0, 1, 0o1600); worked(i >= 0); libc.semctl(i, 0, 0)",
}
PARTS_OF_THE_SYSTEM = {
    "make a user namespace with a new process": "pid = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\n"
    "if pid == 0: os._exit(0)\nworked(pid > 0)",
    "make a namespace of names": "if (pid := os.fork()) == 0: os._exit(0 if libc.unshare(0x10000000) == 0 else 1)\n"
    "worked(os.waitpid(pid, 0)[1] == 0)",
    "set up a ring for calls that no filter sees": "called(425, 8, ctypes.create_string_buffer(120))",
    "stop a process at its page faults": "called(323, 1)",
    "count what the processor does": (
        "called(298, ctypes.create_string_buffer(struct.pack('IIQ', 1, 112, 0), 112), 0, -1, -1, 0)"
    ),
    "open a file by its number": (
        "handle = ctypes.create_string_buffer(struct.pack('Ii', 120, 0), 136)\n"
        "called(303, -100, b'/usr', handle, ctypes.create_string_buffer(8), 0)"
    ),
    "read another process through its memory": (
        "told = ctypes.create_string_buffer(b'told'); piece = struct.pack('QQ', ctypes.addressof(told), 4)\n"
        "called(310, os.getpid(), piece, 1, piece, 1, 0)"
    ),
    "write into another process": (
        "told = ctypes.create_string_buffer(b'told'); piece = struct.pack('QQ', ctypes.addressof(told), 4)\n"
        "called(311, os.getpid(), piece, 1, piece, 1, 0)"
    ),
    "take a descriptor of another process": "called(438, os.pidfd_open(os.getpid()), 1, 0)",
    "give up the random places of memory": "worked(libc.personality(0x0040000) >= 0); libc.personality(0)",
    "choose where memory lies": "called(238, 0, None, 0)",
    "run a program from memory alone": "f = os.memfd_create('x'); worked(os.write(f, b'x') == 1)",
    "read the processes of others": f"worked(os.path.exists('/proc/{os.getpid()}/stat'))",
    "look into the grader's files through its process": "worked(os.listdir(f'/proc/{GRADER}/root'))",
    "look at the grader's open files": "worked(os.listdir(f'/proc/{GRADER}/fd'))",
    "ask the template for a kernel": "one = socket.socket(socket.AF_UNIX); one.connect(TEMPLATE); worked()",
    "speak to a service by its abstract name": "one = socket.socket(socket.AF_UNIX); one.connect(ABSTRACT); worked()",
    # Where nobody listens, the second sending is told so
    "send a datagram to the machine": "one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "one.connect(('127.0.0.1', UDP)); one.send(b'x'); time.sleep(0.1); one.send(b'x'); worked()",
    "learn the machine's name": "worked(socket.gethostname() != 'notebook')",
    "learn who has an account": "worked(len(pwd.getpwall()) > 1)",
    "read the list of hosts": "worked(isinstance(open('/etc/hosts').read(), str))",
    "read the machine's number or name from a file": "worked(open('/etc/hostname').read())",
    "look at the hardware": "worked(os.listdir('/sys'))",
    "see what others left in /tmp": "worked(any(name.startswith('cxkit-t-') for name in os.listdir('/tmp')))",
    "read the solutions of assignments": "worked(os.listdir(CHECKOUT + '/assignments'))",
    "read how the kit is tested": "worked(os.listdir(CHECKOUT + '/tests'))",
    "write beside the kit": "open(CHECKOUT + '/planted', 'w').close(); os.remove(CHECKOUT + '/planted'); worked()",
    "walk up out of the folder": "worked(open('../' * 40 + SECRET[1:]).read())",
    "link a file of others into the folder": "os.link(SECRET, 'linked'); worked(open('linked').read())",
    "reach a file through a process": "worked(open('/proc/self/root' + SECRET).read())",
    "move a file away": "os.rename(SECRET, SECRET + '.moved'); os.rename(SECRET + '.moved', SECRET); worked()",
    "truncate a file": "os.truncate(SECRET, 3); worked()",
    "gain rights by a program that has them": ("worked('NoNewPrivs:\\t0' in open('/proc/self/status').read())"),
    "open more files than the limit": "kept = [open('/dev/null') for _ in range(200)]; worked(); del kept",
    "start more threads than the limit": (
        "done = threading.Event(); started = []\ntry:\n    for _ in range(80):\n"
        "        started.append(threading.Thread(target=done.wait)); started[-1].start()\n    worked()\n"
        "finally: done.set()"
    ),
    "make a file of a terabyte with nothing in it": "with open('hole', 'wb') as f: f.truncate(1 << 40)\nworked()",
    "make more names than the folder may hold": (
        "os.mkdir('many')\ntry:\n    for k in range(21_000): os.close(os.open(f'many/{k}', os.O_CREAT | os.O_WRONLY))\n"
        "    worked()\nfinally:\n    for name in os.listdir('many'): os.remove('many/' + name)"
    ),
    "keep pages from being put aside": "x = ctypes.create_string_buffer(4 << 20); worked(libc.mlock(x, 4 << 20) == 0)",
    "ask for a call that is newer than the filter": "worked(libc.syscall(470, 0) != -1 or ctypes.get_errno() != 38)",
}
# Systems differ in these: some refuse them to all, to users without rights or in containers, or have no such file.
NOT_EVERYWHERE = {
    "ask for a call that is newer than the filter", "leave a key in the keyring", "lease a file",
    "make a user namespace with a new process", "make a namespace of names", "stop a process at its page faults",
    "set up a ring for calls that no filter sees", "count what the processor does", "open a file by its number",
    "give up the random places of memory", "choose where memory lies", "read another process through its memory",
    "write into another process", "take a descriptor of another process", "learn the machine's name",
    "learn who has an account", "read the list of hosts", "read the machine's number or name from a file",
    "look into the grader's files through its process", "look at the grader's open files", "look at the hardware",
    "keep pages from being put aside", "gain rights by a program that has them", "see what others left in /tmp",
    "make a file of a terabyte with nothing in it", "link a file of others into the folder",
    "read the table of all locks", "ask for locks that belong to open files", "write a hint beside a file",
    "ask what of a file lies in memory", "ask how much of a file lies in memory",
    "leave the time at which a file was read", "have the system count what is written at once",
    "use up the pipes of a user",
}  # fmt: skip
ATTACKS = {**BITS_BETWEEN_RUNS, **PARTS_OF_THE_SYSTEM}
HONEST = {
    "a shell": ("!echo from a shell; timeout 5 echo in time; sleep 0.1 & wait", "from a shell\r\nin time\r\n"),
    "a database": (
        "import sqlite3\na, b = sqlite3.connect('a.db'), sqlite3.connect('a.db')\na.execute('create table t (x)')\n"
        "a.execute('insert into t values (1)'); a.commit(); print(b.execute('select * from t').fetchall())",
        "[(1,)]\n",
    ),
    "a database of two processes": (
        "import os, sqlite3\nif (pid := os.fork()) == 0:\n    one = sqlite3.connect('b.db', timeout=9)\n"
        "    with one: one.execute('create table t (x)'); one.execute('insert into t values (3)')\n    os._exit(0)\n"
        "os.waitpid(pid, 0); print(sqlite3.connect('b.db').execute('select x from t').fetchall())",
        "[(3,)]\n",
    ),
    "what is thrown away, and what is random": (
        "with open('/dev/null', 'w') as f: f.write('x')\n"
        "print(len(open('/dev/urandom', 'rb').read(4)), open('/dev/zero', 'rb').read(2))",
        "4 b'\\x00\\x00'\n",
    ),
    "times of own files": (
        "import os\nopen('own', 'w').close(); os.utime('own', (5, 5)); print(os.stat('own').st_mtime)", "5.0\n",
    ),
    "processes": (
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, 2]))",
        "[1, 2]\n",
    ),
    "a program": (
        "import subprocess\nprint(subprocess.run(['/bin/echo', 'x'], capture_output=True, text=True).stdout)", "x\n\n",
    ),
    "threads": (
        "import concurrent.futures as f\nwith f.ThreadPoolExecutor(3) as e: print(list(e.map(abs, [-1])))", "[1]\n",
    ),
    "copies": ("import shutil\nopen('a', 'w').write('x'); shutil.copy2('a', 'b'); print(open('b').read())", "x\n"),
    "an event loop": ("import asyncio\nawait asyncio.sleep(0); print('on')", "on\n"),
}  # fmt: skip
LIMITS = Limits(processes=40, open_files=128, work_bytes=16 << 20, file_bytes=8 << 20, cell_seconds=15)


@pytest.fixture
def held_out(tmp_path):
    """Data whose place on the host tells what the notebook must not know."""
    (tmp_path / "held-out-seed-4711").mkdir()
    file = tmp_path / "held-out-seed-4711" / "survey.csv"
    file.write_text("a\n1\n")
    return file


outcomes = partial(printed, limits=LIMITS)


@pytest.fixture
def baits(tmp_path):
    """What the attacks are after, as Python that names it: a file, a service by name, one by number, the grader."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the model answer")
    for place in (tmp_path, secret):
        place.chmod(0o777)
    name = f"\0cxkit-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as service, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        service.bind(name)
        service.listen()
        datagrams.bind(("127.0.0.1", 0))
        port = datagrams.getsockname()[1]
        yield (
            f"{HEAD}\nTEMPLATE, GRADER = {str(Template.get().socket)!r}, {os.getpid()}\n"
            f"SECRET, ABSTRACT, UDP, CHECKOUT = {str(secret)!r}, {name!r}, {port}, {str(CHECKOUT)!r}"
        )


@pytest.mark.parametrize("policy", ["open", "contained"])
def test_what_works_in_an_open_kernel_does_not_in_a_contained_one(policy, baits):
    could = what_worked(policy, baits, ATTACKS, limits=LIMITS)
    if policy == "open":
        assert set(ATTACKS) - could <= NOT_EVERYWHERE, "the attack itself is broken"
        assert len(ATTACKS) >= 50
    else:
        assert could == set()


def test_honest_work_goes_on():
    found = outcomes("contained", [source for source, _ in HONEST.values()])
    assert dict(zip(HONEST, found, strict=True)) == {name: said for name, (_, said) in HONEST.items()}


def test_where_inputs_lie_on_the_host_is_not_told(held_out):
    """A held-out run could tell by it that it was one, and the path of a course tells more."""
    look = "print(open('/proc/self/mountinfo').read(), open('survey.csv').read())"
    (said,) = outcomes("contained", [look], inputs={"survey.csv": held_out})
    assert "/notebook" in said
    assert said.endswith(held_out.read_text() + "\n")
    assert "held-out" not in said
    assert str(held_out.parents[1]) not in said


def test_an_input_that_only_the_grader_may_read_is_shown_as_one_that_all_may(held_out):
    held_out.chmod(0o600)
    held_out.parent.chmod(0o700)
    assert outcomes("contained", ["print(open('d/survey.csv').read())"], inputs={"d": held_out.parent}) == ["a\n1\n\n"]
