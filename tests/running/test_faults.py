"""What can happen to a machine in the middle of a batch: afterwards every run is there, and none twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cxkit.errors import NotebookError
from cxkit.running.kernels.forked import Template
from cxkit.running.provenance import fingerprint
from cxkit.running.queue.batch import run_batch
from cxkit.running.run import run_notebook
from tests.running.test_batch import COUNT, ran, write_runs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes and mounts are Linux's")


@pytest.fixture(autouse=True)
def _kit_stands_still(monkeypatch):
    monkeypatch.setattr(fingerprint, "kit_hash", lambda: "kit")


@contextmanager
def meanwhile(act):
    """Do something once two runs have begun."""

    def wait_and_act():
        while len(ran()) < 2:
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=wait_and_act, daemon=True)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


def states(result):
    return [run.state for run in result.runs]


def test_the_template_is_killed_under_contained_runs_and_they_are_run_again(write_notebook):
    """No fault of theirs: another template starts, and every run is completed, in the sandbox as before."""
    write_notebook("import time\ntime.sleep(1.0)")
    write_runs(4)
    killed = threading.Event()

    template = psutil.Process(Template.get().process.pid)

    def kill():
        while not template.children():
            time.sleep(0.01)
        time.sleep(0.5)
        template.kill()
        killed.set()

    threading.Thread(target=kill, daemon=True).start()
    result = run_batch("runs.toml", policy="contained", jobs=2, progress=False)
    assert killed.wait(10)
    assert states(result) == ["completed"] * 4
    assert max(run.attempts for run in result.runs) >= 2


def test_a_kernel_that_is_killed_fails_its_own_run_only(write_notebook):
    write_notebook(COUNT, "import time, os\nopen(f'pid{x}', 'w').write(str(os.getpid()))\ntime.sleep(1.5)")
    write_runs(4)

    def kill():
        while not Path("pid1").exists() or not Path("pid1").read_text():
            time.sleep(0.02)
        os.kill(int(Path("pid1").read_text()), signal.SIGKILL)

    with meanwhile(kill):
        result = run_batch("runs.toml", jobs=2, progress=False)
    assert states(result) == ["completed", "failed", "completed", "completed"]
    assert "the kernel died in code cell 3" in result.runs[1].note


def test_a_notebook_that_deletes_its_folder_harms_nobody_else(write_notebook):
    write_notebook("import shutil, os\nif x == 1: shutil.rmtree(os.getcwd(), ignore_errors=True)", "print(x)")
    Path("data").mkdir()
    Path("data/in.txt").write_text("1")
    write_runs(3, extra='inputs = ["data"]\n')
    result = run_batch("runs.toml", policy="contained", progress=False)
    assert states(result) == ["completed"] * 3
    assert Path("data/in.txt").read_text() == "1"


def test_the_clock_is_set_back_and_forward(write_notebook, monkeypatch):
    write_notebook("import time\ntime.sleep(0.2)", COUNT)
    write_runs(6)
    whole, steps = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: whole() + (-86400 if next(steps) % 2 else 86400))
    result = run_batch("runs.toml", jobs=2, progress=False)
    assert states(result) == ["completed"] * 6
    assert all(0 < run.seconds < 60 for run in result.runs)
    assert run_batch("runs.toml", progress=False, resume=True) == result


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=False,
                             capture_output=True)  # fmt: skip
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_the_disk_is_full_and_after_room_was_made_the_batch_goes_on(write_notebook, small_disk):
    write_notebook(COUNT, "print('x' * 150_000)")
    write_runs(12)
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * 1_200_000)
    with pytest.raises(NotebookError, match="No space left on device"):
        run_batch("runs.toml", output_folder=small_disk / "out", jobs=1, progress=False, to="ipynb")
    before = ran()
    assert 0 < len(before) < 12 or shutil.disk_usage(small_disk).free < 100_000
    filler.unlink()
    result = run_batch("runs.toml", output_folder=small_disk / "out", jobs=1, progress=False, to="ipynb", resume=True)
    assert states(result) == ["completed"] * 12
    # The run that did not fit was made twice and counted once; every other one was made once.
    assert len(ran()) <= 13
    assert set(ran()) == {str(k) for k in range(12)}


def test_fifty_runs_with_widgets_that_other_engines_hang_on(write_notebook):
    """nbclient waits for ever where a cell shows an Output or interact widget; ours must not, fifty times in a row."""
    notebook = write_notebook(
        "from ipywidgets import Output, interact, IntSlider\nfrom IPython.display import display",
        "out = Output()\ndisplay(out)\nwith out:\n    print('inside')",
        "@interact(k=IntSlider(x, 0, 9))\ndef show(k=1):\n    print(k)",
        "with out:\n    display('more')\nout.clear_output()\nprint('done')",
    )
    children = len(psutil.Process().children(recursive=True))
    began = time.monotonic()
    for _ in range(50):
        run = run_notebook(notebook, {"x": 3}, progress=False, timeout=20)
        assert "done" in str(run.executed.cells[-1].outputs)
    assert time.monotonic() - began < 150
    assert len(psutil.Process().children(recursive=True)) <= children + 3  # the template at most
