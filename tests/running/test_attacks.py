"""Attacks on the machine: each works in an unprotected kernel, and none in a contained one.

An attack is a cell that prints WORKED if it did. Attacks on marks are in tests/coursework.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running.isolation.contained import run_contained
from cxkit.running.kernels.forked import Template
from cxkit.running.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")

LIMITS = Limits(processes=40, work_bytes=4 << 20, file_bytes=2 << 20, temporary_bytes=4 << 20, cell_seconds=15)


@pytest.fixture
def victim():
    """A process of the instructor's."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)", "--password=hunter2"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def listener():
    """A server of the instructor's, on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def secret(tmp_path):
    """Another student's work, readable to all who may see the folder."""
    tmp_path.chmod(0o777)
    file = tmp_path / "solution.txt"
    file.write_text("the model answer")
    file.chmod(0o666)
    return file


def worked(attack, policy, **options):
    notebook = new_notebook(cells=[new_code_cell(attack)])
    run = run_contained(notebook, policy=policy, limits=LIMITS, **options)
    shown = "".join(output.get("text", "") for output in run.notebook.cells[0].outputs)
    return "WORKED" in shown


def only_unprotected(attack):
    assert worked(attack, "open"), "the attack itself is broken"
    assert not worked(attack, "contained")


def test_reading_another_students_work(secret):
    only_unprotected(f"print('WORKED' if 'model answer' in open({str(secret)!r}).read() else '')")


def test_changing_another_students_work(secret):
    attack = f"open({str(secret)!r}, 'w').write('ruined'); print('WORKED')"
    assert not worked(attack, "contained")
    assert secret.read_text() == "the model answer"
    assert worked(attack, "open")
    assert secret.read_text() == "ruined"


def test_reading_through_a_link_into_the_outside(secret):
    only_unprotected(
        f"import os; os.symlink({str(secret)!r}, 'x'); print('WORKED' if 'model' in open('x').read() else '')"
    )


def test_reading_secrets_of_the_environment(monkeypatch):
    monkeypatch.setenv("LMS_TOKEN", "0123456789")
    only_unprotected(
        "import os, glob\nseen = os.environ.get('LMS_TOKEN', '')\n"
        "for name in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: seen += open(name).read()\n    except OSError: pass\n"
        "print('WORKED' if '0123456789' in seen else '')"
    )


def test_reading_the_environment_that_the_process_was_started_with():
    only_unprotected("print('WORKED' if open('/proc/self/environ').read().strip('\\0') else '')")


def test_reading_what_an_earlier_open_run_was_told_from_the_memory_that_kernels_share(monkeypatch):
    """The template read the request of an open kernel, with its environment, before it forked the next."""
    monkeypatch.setenv("LMS_TOKEN", "TOKEN-" + "7" * 20)
    only_unprotected(
        "import re\nfound = []\nmemory = open('/proc/self/mem', 'rb', 0)\n"
        "for line in open('/proc/self/maps'):\n"
        "    place, rights, *rest = line.split()\n"
        "    if rights.startswith('rw') and (len(rest) < 4 or 'heap' in rest[3] or 'stack' in rest[3]):\n"
        "        begin, end = (int(part, 16) for part in place.split('-'))\n"
        "        try:\n            memory.seek(begin)\n"
        "            found += re.findall(rb'TOKEN-\\d{20}', memory.read(end - begin))\n"
        "        except (OSError, ValueError, OverflowError): pass\n"
        "print('WORKED' if found else '')"
    )


def test_telling_the_machine_to_end_others_first_when_memory_is_full():
    only_unprotected("open('/proc/self/oom_score_adj', 'w').write('500'); print('WORKED')")


def test_reading_other_command_lines(victim):
    only_unprotected(
        "import glob\nseen = ''.join(open(n).read() for n in glob.glob('/proc/[0-9]*/cmdline'))\n"
        "print('WORKED' if 'hunter2' in seen else '')"
    )


def test_the_network_of_the_machine(listener):
    only_unprotected(
        f"import socket; socket.create_connection(('127.0.0.1', {listener}), 2).close(); print('WORKED')"
    )  # fmt: skip


@pytest.mark.parametrize("family", ["AF_VSOCK", "AF_PACKET", "AF_ALG"])
def test_sockets_that_no_namespace_holds(family):
    attack = f"import socket; socket.socket(socket.{family}, socket.SOCK_{'RAW' if family == 'AF_PACKET' else 'STREAM' if family == 'AF_VSOCK' else 'SEQPACKET'}); print('WORKED')"  # noqa: E501
    try:
        socket.socket(getattr(socket, family), {"AF_PACKET": 3, "AF_VSOCK": 1, "AF_ALG": 5}[family]).close()
    except OSError:
        pytest.skip(f"this machine has no {family}, so there is nothing to protect")
    only_unprotected(attack)


def test_killing_a_process_of_the_grader(victim):
    attack = f"import os; os.kill({victim.pid}, 9); print('WORKED')"
    assert not worked(attack, "contained")
    assert victim.poll() is None
    assert worked(attack, "open")


def test_killing_everything_within_reach(victim):
    """Too dangerous to be shown at work outside: kill(-1) takes every process of the user along."""
    template = Template.get().process.pid
    worked("import os, signal; os.kill(-1, signal.SIGKILL)", "contained")
    worked("import os, signal; os.kill(0, signal.SIGKILL)", "contained")
    worked(
        "import os, signal\nfor p in range(1, 70000):\n    try: os.kill(p, 9)\n    except OSError: pass", "contained"
    )
    assert victim.poll() is None
    assert Template.get().process.pid == template


def test_many_processes():
    attack = (
        "import os, time\nstarted = []\ntry:\n    for _ in range(120):\n        pid = os.fork()\n"
        "        if pid == 0:\n            time.sleep(20); os._exit(0)\n        started.append(pid)\n"
        "finally:\n    for pid in started: os.kill(pid, 9)\nprint('WORKED')"
    )
    only_unprotected(attack)


def test_a_fork_bomb_ends_with_its_run():
    """Not shown at work outside: it would take the machine along."""
    before = len(psutil.pids())
    bomb = new_notebook(cells=[new_code_cell("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")])
    started = time.monotonic()
    run_contained(bomb, limits=Limits(processes=60, cell_seconds=1, total_seconds=2, cpu_seconds=20))
    assert time.monotonic() - started < 60
    deadline = time.monotonic() + 10
    while len(psutil.pids()) > before + 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(psutil.pids()) <= before + 20


def test_a_process_that_outlives_the_run(tmp_path):
    marker = f"left-behind-{os.getpid()}"
    attack = (
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', {marker!r}], "
        "start_new_session=True)\nprint('STARTED')"
    )

    def survivors():
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if marker in process.cmdline():
                    found.append(process)
        return found

    assert not worked(attack, "contained")
    assert survivors() == []
    worked(attack, "open")
    left = survivors()
    assert left, "the attack itself is broken"
    for process in left:
        process.kill()


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm", "/home", "/var/tmp"])
def test_filling_the_disk(folder):
    fill = (
        "import os\nnames = []\ntry:\n    for i in range(100):\n"
        f"        names.append(os.path.join({folder!r}, f'full{{i}}'))\n"
        "        open(names[-1], 'wb').write(b'x' * (1 << 20))\n    print('WORKED')\n"
        "finally:\n    [os.remove(n) for n in names if os.path.exists(n)]"
    )
    only_unprotected(fill)


def test_one_huge_file():
    only_unprotected("open('big', 'wb').write(b'x' * (8 << 20)); print('WORKED'); import os; os.remove('big')")


def test_filling_the_folder_of_the_sockets():
    fill = (
        "import os, json, ipykernel\nfolder = os.path.dirname(ipykernel.get_connection_file())\n"
        "open(os.path.join(folder, 'x'), 'w').write('x' * 100); print('WORKED')"
    )
    only_unprotected(fill)


def test_memory_that_belongs_to_no_process():
    only_unprotected("import os; f = os.memfd_create('x'); os.write(f, b'x' * 100); print('WORKED')")


def test_rights_beyond_those_of_a_notebook():
    if os.geteuid() != 0:
        pytest.skip("only root has rights to lose")
    only_unprotected("import os; os.chown(os.getcwd(), 0, 0); os.setuid(0); print('WORKED')")


@pytest.mark.parametrize(
    "call",
    [
        "libc.unshare(0x10000000)",  # a user namespace, in which it would be root again
        "libc.ptrace(0, 0, 0, 0)",
        "libc.prctl(1, 0)",  # to survive its warden
    ],
)
def test_system_calls_that_a_notebook_never_needs(call):
    only_unprotected(
        f"import os, ctypes\nif os.fork() == 0:\n    libc = ctypes.CDLL(None)\n"
        f"    os._exit(0 if {call} == 0 else 1)\nprint('WORKED' if os.wait()[1] == 0 else '')"
    )


def test_stopping_the_template():
    template = Template.get().process.pid
    only_unprotected(f"import os; os.kill({template}, 19); os.kill({template}, 18); print('WORKED')")


def test_what_one_kernel_patches_the_next_does_not_see():
    """A fork copies: this holds in either kind of kernel."""
    poison = (
        "import numpy, pandas, builtins\nnumpy.mean = lambda *a, **k: 42\nbuiltins.open = None\npandas.read_csv = None"
    )
    look = "import numpy, pandas; print('WORKED' if numpy.mean([1, 3]) == 42 or open is None else '')"
    for policy in ("open", "contained"):
        worked(poison, policy)
        assert not worked(look, policy)


def test_writing_to_the_installed_packages():
    attack = (
        "import numpy, os\nplace = os.path.join(os.path.dirname(numpy.__file__), 'planted_by_a_test.py')\n"
        "open(place, 'w').close(); os.remove(place); print('WORKED')"
    )
    only_unprotected(attack)


def test_pipes_and_devices_in_place_of_results():
    """Nothing is read back from the folder, so there is nothing to fool; devices cannot be made at all."""
    assert not worked(
        "import os, stat; os.mknod('d', 0o666 | stat.S_IFCHR, os.makedev(1, 8)); print('WORKED')", "contained"
    )


def test_a_checkout_shows_the_file_by_which_its_data_are_found():
    """Without it the kit looked for the data of an installed package, and no assignment could load an instrument."""
    from cxkit import shipped
    from cxkit.running.sandbox.confinement import readable_paths

    beside = shipped.PACKAGE.parent
    if shipped.datasets_folder() == beside / "datasets":
        assert {str(beside / "datasets"), str(beside / "pyproject.toml")} <= set(readable_paths())


def test_an_environment_in_the_folder_of_a_course_does_not_show_the_course(tmp_path, monkeypatch):
    """`python -m venv .` in that folder: solutions and submissions lie beside `bin` and `lib`."""
    from cxkit.running.sandbox.confinement import readable_paths

    for name in ("bin", "lib", "assignments", "submissions"):
        (tmp_path / name).mkdir()
    for name in ("pyvenv.cfg", "roster.csv"):
        (tmp_path / name).touch()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    shown = [path for path in readable_paths.__wrapped__() if path.startswith(str(tmp_path))]
    assert sorted(shown) == [str(tmp_path / name) for name in ("bin", "lib", "pyvenv.cfg")]
