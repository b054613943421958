"""Forked kernels: the same results as ordinary ones, nothing of the template's state, and what happens when it dies."""

import os
import signal
import subprocess
import sys
import time

import nbclient
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.running.kernels import provisioner
from cxkit.running.kernels.forked import Template, TemplateLost

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks kernels")

LESSON = (
    "import numpy as np, pandas as pd, matplotlib.pyplot as plt, seaborn as sns, random",
    "frame = pd.DataFrame({'x': np.arange(5.0), 'y': np.random.default_rng(3).normal(size=5)})\nframe",
    "sns.lineplot(frame, x='x', y='y')\nplt.title('one figure');",
    "print(hash('text'), sorted({'b', 'a', 'c'}, key=hash))",
    "%matplotlib inline\nplt.plot([1, 2]); plt.show()",
    "!echo from a shell",
)


def ran(*sources, kernel="cxkit", **options):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, kernel_name=kernel, record_timing=False, **options).execute()
    return notebook


def outputs(notebook):
    return [cell.outputs for cell in notebook.cells]


def text(notebook, index=-1):
    return "".join(output.get("text", "") for output in notebook.cells[index].outputs)


def test_a_forked_kernel_gives_what_an_ordinary_one_gives(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    forked = ran(*LESSON)
    assert outputs(forked) == outputs(ran(*LESSON, kernel="python3"))
    assert sum("image/png" in output.get("data", {}) for cell in forked.cells for output in cell.outputs) == 2


def test_a_forked_kernel_is_a_child_of_the_template_in_a_session_of_its_own():
    pids = ran("import os; print(os.getpid(), os.getppid(), os.getsid(0))").cells[0].outputs[0].text.split()
    assert int(pids[1]) == Template.get().process.pid
    assert pids[0] == pids[2]


def test_random_numbers_differ_between_kernels():
    draw = "import random, numpy as np; print(random.random(), np.random.rand())"
    first, second = (text(ran(draw)).split() for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_the_environment_and_folder_are_those_of_now(monkeypatch, tmp_path):
    Template.get()
    monkeypatch.setenv("SAID_LATE", "yes")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    told = ran("import os, time; print(os.environ['SAID_LATE'], os.getcwd(), time.tzname[0])", resources={
        "metadata": {"path": str(tmp_path)}
    })  # fmt: skip
    assert text(told).split() == ["yes", str(tmp_path), "IST"]


def test_nothing_is_open_but_what_the_kernel_opened():
    links = "import os, glob\nprint(*[os.readlink(n) for n in glob.glob('/proc/self/fd/*') if os.path.exists(n)])"
    assert str(Template.get().folder) not in text(ran(links))


def test_an_interrupt_reaches_the_cell():
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="KeyboardInterrupt"):
        ran("while True: pass", timeout=2, interrupt_on_timeout=True)


def test_after_the_template_has_died_the_next_kernel_has_a_new_one():
    first = Template.get()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(5)
    assert text(ran("print(1)")) == "1\n"
    assert Template.get() is not first


def test_kernels_do_not_outlive_the_template():
    notebook = new_notebook(cells=[new_code_cell("import os; print(os.getpid())")])
    client = nbclient.NotebookClient(notebook, kernel_name="cxkit")
    client.create_kernel_manager()
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        kernel_pid = int(text(notebook))
        assert psutil.pid_exists(kernel_pid)
        os.kill(Template.get().process.pid, signal.SIGKILL)
        assert gone(kernel_pid)


def test_a_program_that_is_killed_leaves_neither_template_nor_kernels(tmp_path):
    program = (
        "import time, psutil\nfrom jupyter_client.manager import start_new_kernel\n"
        "manager, client = start_new_kernel(kernel_name='cxkit')\n"
        "print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)\ntime.sleep(60)"
    )
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    pids = [int(pid) for pid in started.stdout.readline().split()]
    started.kill()
    started.wait()
    started.stdout.close()
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


def test_nothing_is_left_of_kernels_that_have_ended():
    ran("1")
    before = open_things()
    for _ in range(10):
        ran("1")
    assert open_things() == before


def test_where_forking_is_unsafe_an_ordinary_kernel_starts_and_one_line_says_so(monkeypatch, caplog):
    monkeypatch.setattr(provisioner, "can_fork", lambda: False)
    with caplog.at_level("WARNING"):
        assert text(ran("print(1)")) == "1\n"
    assert caplog.messages.count(
        "cxkit starts an ordinary kernel: kernels cannot be forked safely on this system"
    ) == 1  # fmt: skip


def test_a_template_with_threads_refuses_to_fork(tmp_path, caplog):
    (tmp_path / "threaded.py").write_text(
        "import threading, time; threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    )
    program = (
        "from cxkit.running.kernels import forked\n"
        "t = forked.Template(('threaded',), ())\nt.wait_until_ready(); print(t.threads)\n"
        "import os; n = os.open(os.devnull, os.O_RDWR)\n"
        "p = t.fork({'argv': [], 'env': {}, 'cwd': '/', 'confinement': None}, [n, n, n])\n"
        "p.wait(10); print(p.refusal, p.pid)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert told.stdout.splitlines() == [
        "2",
        "the template has 2 threads, and a fork would inherit their locks. 0",
    ]


def test_a_template_that_cannot_start_is_lost_with_its_last_words(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TemplateLost, match="did not come up. It said: nothing"):
        Template().wait_until_ready()


def gone(pid, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def open_things():
    us, template = psutil.Process(), psutil.Process(Template.get().process.pid)
    return template.num_fds(), len(us.children(recursive=True))
