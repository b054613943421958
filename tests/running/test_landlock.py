"""The weaker mechanism, which leaves the grader's files and processes in sight: what it holds, it holds by a test."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running import temporary
from cxkit.running.isolation import contained, contained_client
from cxkit.running.kernels.forked import Template
from cxkit.running.sandbox import landlock
from cxkit.running.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or landlock.version() == 0, reason="this system has no Landlock"
)

KEEPS_OUT = """
import fcntl, os, struct
def keeps_out(name, command):
    lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, command, 1, 0)
    fcntl.fcntl(os.open(name, os.O_RDWR), command, lock)
    if (other := os.fork()) == 0:
        try: fcntl.fcntl(os.open(name, os.O_RDWR), command, lock)
        except OSError: os._exit(1)
        os._exit(0)
    return os.waitpid(other, 0)[1] != 0
"""
# From what somebody wants to the attempt; FILE, PROCESS and the like are the grader's.
ATTACKS = {
    "open a file to all": "os.chmod(FILE, 0o666)\nworked(os.stat(FILE).st_mode & 0o777 == 0o666)",
    "the same by another call": "libc.fchmodat(-100, FILE.encode(), 0o666, 0)\nworked(os.stat(FILE).st_mode & 0o2)",
    "lock a part of a device": "worked(keeps_out('/dev/null', 6) or keeps_out('/dev/zero', 37))",
    "set the times of a device": "was = os.stat('/dev/full').st_mtime_ns\nos.utime('/dev/full')\n"
    "worked(os.stat('/dev/full').st_mtime_ns != was)",
    "make an old file new": "os.utime(FILE, (7, 7))\nworked(os.stat(FILE).st_mtime == 7)",
    "give a file away": "os.chown(FILE, os.getuid(), os.getgid())\nworked(True)",
    "write into a file's attributes": "os.setxattr(FILE, 'user.carried', b'bits')\nworked(True)",
    "change an installed package": "f = os.open(os.__file__, os.O_RDONLY)\nos.fchown(f, -1, -1)\nworked(True)",
    "bound the grader": "resource.prlimit(PROCESS, resource.RLIMIT_CORE, (0, 0))\nworked(True)",
    "slow the grader down": "os.setpriority(os.PRIO_PROCESS, PROCESS, 5)\nworked(True)",
    "slow down all that the user runs": "os.setpriority(os.PRIO_USER, os.getuid(), 5)\nworked(True)",
    "drive the grader off its cores": "os.sched_setaffinity(PROCESS, os.sched_getaffinity(PROCESS))\nworked(True)",
    "take the grader's turn": "os.sched_setscheduler(PROCESS, os.SCHED_IDLE, os.sched_param(0))\nworked(True)",
    "signal the grader": "os.kill(PROCESS, 0)\nworked(True)",
    "stop the grader's disk": "worked(libc.syscall(251, 1, PROCESS, 3 << 13) == 0)",
    "read the grader's environment": "worked(open(f'/proc/{PROCESS}/environ').read())",
    "read the grader's memory": "worked(open(f'/proc/{PROCESS}/maps').read())",
}


@pytest.fixture
def landlocked(monkeypatch):
    """Kernels under Landlock with the caller's own user, as for a grader who is not root."""
    monkeypatch.setattr(contained, "can_fork", lambda: False)  # the client in this process, where these hold
    monkeypatch.setattr(contained, "required_protection", lambda: "landlock")
    monkeypatch.setattr(contained_client, "own_user", lambda: None)


@pytest.fixture
def victim():
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
    yield process.pid
    process.kill()
    process.wait()


def ran(*sources, **options):
    return contained.run_contained(new_notebook(cells=[new_code_cell(source) for source in sources]), **options)


def printed(run, index):
    return "".join(output.get("text", "") for output in run.notebook.cells[index].outputs)


@pytest.mark.usefixtures("landlocked")
def test_what_works_in_an_open_kernel_does_not_under_landlock(tmp_path, victim):
    head = (
        f"{KEEPS_OUT}\nimport ctypes, resource\nlibc = ctypes.CDLL(None)\nPROCESS = {victim}\nFILE = 'FILE_NAME'\n"
        "def worked(it): print('WORKED' if it else '')"
    )
    expected = set(ATTACKS) if os.uname().machine == "x86_64" else set(ATTACKS) - {"stop the grader's disk"}
    for policy, wanted in (("contained", set()), ("open", expected)):
        file = tmp_path / policy
        file.write_text("the grader's")
        file.chmod(0o600)
        run = ran(head.replace("FILE_NAME", str(file)), *ATTACKS.values(), policy=policy)
        found = {name for index, name in enumerate(ATTACKS, start=1) if "WORKED" in printed(run, index)}
        assert (run.ending, found) == ("completed", wanted), policy


@pytest.mark.usefixtures("landlocked")
def test_children_do_not_outlive_a_run_that_is_ended_by_the_clock():
    """The warden was killed with its kernel, and nobody was left to end what that had started."""
    deaf = (
        "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid(); time.sleep(60); os._exit(0)\ntime.sleep(60)"
    )
    template = Path(f"/proc/{Template.get().process.pid}/cmdline").read_bytes()

    def kernels():
        return [p.pid for p in psutil.process_iter() if cmdline(p.pid) == template]

    before = len(kernels())
    assert ran(deaf, limits=Limits(cell_seconds=1)).ending == "cell_timeout"
    deadline = time.monotonic() + 10
    while len(kernels()) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(kernels()) <= before


def cmdline(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.usefixtures("landlocked")
def test_ordinary_work_goes_on_and_the_folder_of_the_sockets_counts():
    work = (
        "import shutil\nopen('a', 'w').write('x')\nshutil.copy('a', 'b'); shutil.copy2('a', 'c')\n"
        "print(open('c').read()); print('x' * 300_000)"
    )
    fill = (
        "import os, time, ipykernel\nfolder = os.path.dirname(ipykernel.get_connection_file())\n"
        "for k in range(50):\n    open(f'{folder}/{k}', 'wb').write(b'x' * (1 << 20))\n    time.sleep(0.05)"
    )
    run = ran(work, fill, limits=Limits(work_bytes=4 << 20, file_bytes=2 << 20))
    # Any output beyond 64 kB killed the kernel
    assert (printed(run, 0), run.ending) == ("x\n" + "x" * 300_000 + "\n", "out_of_space")


# From what somebody wants to the cell; more than eight megabytes each, where four are allowed
HIDDEN = {
    "write files that have no name": (
        "import os, time\nkept = []\nfor k in range(6):\n    kept.append(open('x', 'wb', 0)); "
        "kept[-1].write(b'x' * 1_500_000)\n"
        "    os.remove('x')\ntime.sleep(1); print('WORKED')"
    ),
    "write files that are only in memory's reach": (
        "import mmap, os, time\nkept = []\nfor k in range(6):\n    f = os.open('x', os.O_CREAT | os.O_RDWR)\n"
        "    os.ftruncate(f, 1_500_000); kept.append(mmap.mmap(f, 1_500_000)); kept[-1].write(b'x' * 1_500_000)\n"
        "    os.close(f); os.remove('x')\ntime.sleep(1); print('WORKED')"
    ),
    "make names without end": (
        "import os, time\nfor k in range(3000): os.close(os.open(f'{k}', os.O_CREAT | os.O_WRONLY))\n"
        "time.sleep(1); print('WORKED')"
    ),
    "write files deeper than names reach": (
        "import os, time\nfor k in range(30): os.mkdir('d' * 200); os.chdir('d' * 200)\n"
        "for k in range(6): open(f'{k}', 'wb').write(b'x' * 1_500_000)\ntime.sleep(1); print('WORKED')"
    ),
}


@pytest.mark.usefixtures("landlocked")
@pytest.mark.parametrize("wanted", HIDDEN)
def test_files_count_wherever_they_are_hidden(wanted):
    run = ran(HIDDEN[wanted], limits=Limits(work_bytes=4 << 20, file_bytes=2 << 20))
    assert (printed(run, 0), run.ending) == ("", "out_of_space")


def noting(made):
    """The making of a folder, and where it is."""
    begin = temporary.OwnFolder.__init__

    def make(self, kind=""):
        begin(self, kind)
        made.append(self.path)

    return make


@pytest.mark.usefixtures("landlocked")
def test_folders_within_folders_without_end_are_counted_and_removed(monkeypatch):
    """The run died of them, its folder stayed, and from then on every command of this user ended with the same."""
    made = []
    monkeypatch.setattr(temporary.OwnFolder, "__init__", noting(made))
    deep = "import os, time\nfor k in range(1500): os.mkdir('d'); os.chdir('d')\nopen('x', 'w').close()\nprint('dug')"
    run = ran(deep, "print('on')")
    assert (printed(run, 1), run.ending) == ("on\n", "completed")
    assert made
    assert [path for path in made if path.exists() and not path.name.startswith("cxkit-t-")] == []


@pytest.mark.parametrize("closed", [0o700, 0])
def test_what_was_left_deep_down_is_removed_by_the_next_process(tmp_path, monkeypatch, closed):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = temporary.OwnFolder()
    here = os.open(left.path, os.O_RDONLY)
    for number in range(1200):
        os.mkdir("d", dir_fd=here)
        next_one = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        if number == 1100:
            os.fchmod(here, closed)
        os.close(here)
        here = next_one
    os.close(here)
    os.close(left._lock)
    with pytest.raises(RecursionError):
        shutil.rmtree(left.path / "d", ignore_errors=True)
    assert temporary.clear_left() == 1
    assert list(tmp_path.iterdir()) == []
