"""Many attacks in one notebook: each works in an open kernel, and none in a contained one.

From what somebody wants to the cell that tries, and prints WORKED if it could. Attacks that need a run of their own are
in test_attacks.py.
"""

import os
import platform
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running.contained import run_contained
from cxkit.running.kernels.forked import Template
from cxkit.running.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64",
    reason="the sandbox is Linux's, and system calls are named here by the numbers of one processor",
)

HEAD = """
import ctypes, fcntl, glob, os, pwd, re, resource, socket, stat, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def worked(it=True): print('WORKED' if it else '')
def called(*call): worked(libc.syscall(*call) >= 0)
"""
BITS_BETWEEN_RUNS = {
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
ATTACKS = {**BITS_BETWEEN_RUNS}
LIMITS = Limits(processes=40, open_files=128, work_bytes=16 << 20, file_bytes=8 << 20, cell_seconds=15)


@pytest.fixture
def held_out(tmp_path):
    """Data whose place on the host tells what the notebook must not know."""
    (tmp_path / "held-out-seed-4711").mkdir()
    file = tmp_path / "held-out-seed-4711" / "survey.csv"
    file.write_text("a\n1\n")
    return file


def outcomes(policy, cells, **options):
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    run = run_contained(notebook, policy=policy, limits=LIMITS, **options)
    assert run.ending == "completed", run.note
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in run.notebook.cells]


@pytest.mark.parametrize("policy", ["open", "contained"])
def test_what_works_in_an_open_kernel_does_not_in_a_contained_one(policy):
    head = f"{HEAD}\nTEMPLATE, GRADER = {str(Template.get().socket)!r}, {os.getpid()}"
    found = outcomes(policy, [head, *ATTACKS.values()])
    could = {name for name, said in zip(ATTACKS, found[1:], strict=True) if "WORKED" in said}
    assert could == (set(ATTACKS) if policy == "open" else set())


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
