"""A stranger's notebook: what it sees, what it may use, what is left of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from types import SimpleNamespace

import psutil
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.errors import NotebookError
from cxkit.running.isolation.contained import run_contained
from cxkit.running.isolation.contained_client import ContainedClient
from cxkit.running.isolation.endings import COLLECTED, Contained
from cxkit.running.jobs.workers import Stopped
from cxkit.running.kernels.forked import Template
from cxkit.running.kernels.speaking import PIECE
from cxkit.running.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")


def contained(*sources, **options):
    return run_contained(new_notebook(cells=[new_code_cell(source) for source in sources]), **options)


def printed(run, index):
    return "".join(output.get("text", "") for output in run.notebook.cells[index].outputs)


def test_cells_run_in_order_and_an_error_does_not_stop_the_next():
    run = contained("x = 1", "x += 1; 1 / 0", "print(x)")
    assert (run.ending, run.note, run.cuts) == ("completed", "", {})
    assert printed(run, 2) == "2\n"
    assert run.notebook.cells[1].outputs[0].ename == "ZeroDivisionError"


def test_the_given_notebook_is_not_changed_and_outputs_that_came_along_are_dropped():
    given = new_notebook(cells=[new_code_cell("1 / 0", outputs=[], execution_count=7)])
    before = json.dumps(given)
    run = run_contained(given)
    assert json.dumps(given) == before
    assert run.notebook.cells[0].execution_count == 1


def test_inputs_are_seen_under_their_names_and_cannot_be_written(tmp_path):
    (tmp_path / "survey.csv").write_text("a\n1\n")
    run = contained(
        "print(open('data/survey.csv').read())", "open('data/survey.csv', 'w')", "open('mine.txt', 'w').write('x')",
        inputs={"data/survey.csv": tmp_path / "survey.csv"},
    )  # fmt: skip
    assert printed(run, 0) == "a\n1\n\n"
    assert run.notebook.cells[1].outputs[0].ename in {"OSError", "PermissionError"}
    assert run.notebook.cells[2].outputs[0].data["text/plain"] == "1"
    assert (tmp_path / "survey.csv").read_text() == "a\n1\n"


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", ""])
def test_an_input_outside_the_work_folder_is_refused(tmp_path, name):
    with pytest.raises(NotebookError, match="not a name within the work folder"):
        contained("1", inputs={name: tmp_path})


def test_a_missing_input_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(NotebookError, match="The input 'x.csv' is not there"):
        contained("1", inputs={"x.csv": tmp_path / "nothing"})


def test_what_collecting_code_leaves_comes_back_as_text():
    run = contained("x = 3", "x = 4", after_cell=lambda index, cell: f"{COLLECTED} = str(x * 10)")
    assert run.collected == [(0, "30"), (1, "40")]


def test_collecting_code_that_leaves_no_text_counts_as_nothing():
    run = contained("x = 3", after_cell=lambda index, cell: f"{COLLECTED} = x")
    assert (run.collected, run.ending) == ([], "completed")


def test_an_endless_loop_is_interrupted_and_the_run_goes_on():
    run = contained("while True: pass", "print('on')", limits=Limits(cell_seconds=1))
    assert (run.ending, run.cuts, printed(run, 1)) == ("completed", {0: "time"}, "on\n")


def test_a_loop_that_ignores_interrupts_ends_the_run():
    stubborn = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    run = contained("print(1)", stubborn, "print('on')", limits=Limits(cell_seconds=1))
    assert (run.ending, printed(run, 0), printed(run, 2)) == ("cell_timeout", "1\n", "")
    assert run.note == "It was ended in cell 2 of 3, which took more than 1 s and could not be interrupted."


def test_the_time_of_all_cells_is_bounded():
    run = contained(*["import time; time.sleep(1)"] * 5, limits=Limits(total_seconds=2))
    assert run.ending == "total_timeout"


def test_a_cell_that_prints_for_ever_is_cut_and_the_run_goes_on():
    run = contained("while True: print('x' * 1000)", "print('on')", limits=Limits(output_bytes=100_000))
    assert (run.ending, run.cuts, printed(run, 1)) == ("completed", {0: "output"}, "on\n")
    assert len(json.dumps(run.notebook)) < 200_000
    assert "output cut here, after 100,000 bytes" in printed(run, 0)


def test_printing_that_ignores_interrupts_ends_the_run():
    flood = "while True:\n    try:\n        while True: print('x' * 10000)\n    except BaseException: pass"
    run = contained(flood, limits=Limits(output_bytes=100_000))
    assert run.ending == "output_flood"
    assert len(json.dumps(run.notebook)) < 300_000


def test_one_enormous_output_is_not_kept():
    run = contained("'x' * 50_000_000", "print('on')", limits=Limits(output_bytes=100_000, cell_seconds=10))
    assert len(json.dumps(run.notebook)) < 300_000
    assert run.cuts == {0: "output"}


def test_memory_beyond_the_limit_is_an_error_of_the_cell():
    run = contained(
        "import numpy as np; x = np.ones(10**9)", "print('on')", limits=Limits(memory_bytes=300 << 20, cell_seconds=20)
    )
    assert run.notebook.cells[0].outputs[0].ename.endswith("MemoryError")
    assert printed(run, 1) == "on\n"


def test_memory_of_all_processes_together_is_bounded():
    hog = (
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        x = b'x' * (200 << 20); time.sleep(60)\n"
        "time.sleep(60)"
    )
    run = contained(hog, limits=Limits(memory_bytes=400 << 20, cell_seconds=30))
    assert run.ending == "out_of_memory"
    assert "400 MiB of memory" in run.note


def test_processor_time_is_bounded():
    run = contained("while True: pass", limits=Limits(cpu_seconds=2, cell_seconds=30))
    assert run.ending == "out_of_cpu"


def test_a_kernel_that_leaves_is_told_with_its_cell():
    run = contained("print(1)", "import os; os._exit(3)", "print(2)")
    assert run.ending == "died"
    assert "in cell 2 of 3" in run.note
    assert printed(run, 0) == "1\n"


def test_an_open_run_has_its_inputs_copied(tmp_path):
    (tmp_path / "survey.csv").write_text("a\n")
    run = contained(
        "open('survey.csv', 'w').write('mine')", policy="open", inputs={"survey.csv": tmp_path / "survey.csv"}
    )
    assert run.ending == "completed"
    assert (tmp_path / "survey.csv").read_text() == "a\n"
    assert run.protection.startswith("none: a stranger's notebook runs with all your rights")


@pytest.mark.parametrize("limit", [{"memory_bytes": 0}, {"cell_seconds": -1}, {"processes": True}])
def test_limits_are_numbers_above_zero(limit):
    with pytest.raises(ValueError, match="a limit is a number above 0"):
        Limits(**limit)


def test_one_message_of_many_frames_costs_the_grader_no_memory():
    """One of 60 frames took 1.8 GB of the grader's memory: libzmq holds a message until it is whole.

    The client has less than that, and either its connection breaks or it does; what was collected before counts.
    """
    flood = (
        "import time\nframe = b'x' * (20 << 20)\n"
        "get_ipython().kernel.iopub_thread.socket.send_multipart([frame] * 60, copy=False)\ntime.sleep(5)"
    )
    before = psutil.Process().memory_info().rss
    run = contained("x = 1", flood, "print('on')", after_cell=lambda index, cell: f"{COLLECTED} = str(x)")
    assert psutil.Process().memory_info().rss < before + (200 << 20)
    assert run.collected[0] == (0, "1")
    assert run.ending in {"completed", "died"}
    assert contained("print(1)").ending == "completed"


def test_whatever_becomes_of_the_client_is_the_notebooks_doing(monkeypatch):
    """It is ended here as the system would end it, in the midst of a cell."""
    fork = Template.fork

    def forked(self, request, descriptors):
        process = fork(self, request, descriptors)
        if request.get("client"):
            threading.Timer(3.0, lambda: process.poll() or os.kill(process.pid, signal.SIGKILL)).start()
        return process

    monkeypatch.setattr(Template, "fork", forked)
    run = contained("x = 1", "while True: pass", after_cell=lambda index, cell: f"{COLLECTED} = str(x)")
    assert (run.ending, run.collected) == ("died", [(0, "1")])
    assert run.note == "It was ended in cell 2 of 2, which sent more than can be taken in."


def test_a_run_that_is_stopped_leaves_neither_client_nor_kernel_nor_folder(tmp_path, monkeypatch):
    contained("1")  # the templates have folders of their own, for as long as they live
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for policy in ("contained", "open"):
        stop = threading.Event()
        threading.Timer(3.0, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            contained("while True: pass", policy=policy, stop=stop)
        assert time.monotonic() - began < 3.0 + 4.5, "its client was killed, five seconds later, and not asked to end"
        deadline = time.monotonic() + 10
        ours = Template.begin().process.pid, Template.begin_clients().process.pid
        while (left := [p for p in ours if psutil.Process(p).children()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == [], policy
    assert list(tmp_path.iterdir()) == []


def test_values_of_an_output_count_and_not_only_its_text():
    """A million empty lists were counted as nothing."""
    lists = "from IPython.display import display\ndisplay({'application/json': [[]] * 150_000}, raw=True)"
    run = contained(lists, "print('on')", limits=Limits(output_bytes=1 << 20))
    assert (run.cuts, printed(run, 1)) == ({0: "output"}, "on\n")


@pytest.fixture
def busy_cores():
    """Two processes that leave the others little time."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("busy_cores")
def test_the_interrupt_of_a_cell_that_ended_first_strikes_no_other():
    """A flood in the last line of a cell: the interrupt came late and cost the next cell, and all that followed."""
    flood = "from IPython.display import display\ndisplay({'application/json': [[]] * 150_000}, raw=True)"
    for _ in range(3):
        run = contained(*[flood, "print('on')"] * 7, limits=Limits(output_bytes=1 << 20, cell_seconds=8))
        assert (run.ending, run.cuts) == ("completed", {2 * k: "output" for k in range(7)})
        assert [printed(run, 2 * k + 1) for k in range(7)] == ["on\n"] * 7


def test_what_is_printed_waits_in_bounds_and_costs_the_cells_below_no_memory():
    """What was printed faster than it was sent filled the kernel: which cell failed for want of memory was chance."""
    waiting = (
        "import sys\nmost = 0\nfor _ in range(200):\n    sys.stdout.write('x' * 100_000)\n"
        "    most = max(most, sum(buffer.tell() for buffer in sys.stdout._buffers.values()))"
    )
    run = contained(
        waiting, "print(most)", "print('y' * 10_000_000)", "x = bytearray(150 << 20); print('on')",
        limits=Limits(memory_bytes=400 << 20, output_bytes=30 << 20),
    )  # fmt: skip
    assert int(printed(run, 1)) <= 2 * PIECE
    assert (len(printed(run, 0)), len(printed(run, 2))) == (20_000_000, 10_000_001)
    assert (run.ending, run.cuts, printed(run, 3)) == ("completed", {}, "on\n")


def test_an_error_is_told_whatever_its_message_holds_and_whether_it_can_be_shown_or_not():
    """Half a character, or a byte of a name, in the message: no error was seen, or the run was over."""
    run = contained(
        "raise ValueError('a' + chr(0xd800))", "raise OSError(b'x\\xff'.decode('utf-8', 'surrogateescape'))",
        "raise ValueError('a' + chr(0) + 'b')", "print('a' + chr(0xd800))",
        "get_ipython()._showtraceback = lambda *_: None\n1 / 0", "print('on')",
    )  # fmt: skip
    errors = [(one.ename, one.evalue) for cell in run.notebook.cells for one in cell.outputs if "ename" in one]
    replaced = "\N{REPLACEMENT CHARACTER}"
    assert errors == [
        ("ValueError", f"a{replaced}"), ("OSError", f"x{replaced}"), ("ValueError", "a\0b"),
        ("ZeroDivisionError", "division by zero"),
    ]  # fmt: skip
    assert (run.ending, printed(run, 3), printed(run, 5)) == ("completed", f"a{replaced}\n", "on\n")


def test_many_cells_that_print_all_that_one_may_are_a_flood_as_well():
    run = contained(*["print('x' * 90_000)"] * 12, limits=Limits(output_bytes=100_000))
    assert sum(len(printed(run, index)) for index in range(12)) < 9 * 100_000
    assert (run.ending, run.cuts) == ("completed", {}), "what one cell may print costs no other its work"
    assert "output left out here" in printed(run, 11)


def test_half_an_emoji_comes_out_of_a_kernel_as_something_that_can_be_written():
    half = "print('cut ' + chr(0xd83d))\n{'x': chr(0xd83d)}"
    run = contained(half, after_cell=lambda index, cell: f"{COLLECTED} = 'a' + chr(0xd83d)")
    json.dumps(run.notebook, ensure_ascii=False).encode("utf-8")
    assert run.collected == [(0, "a\N{REPLACEMENT CHARACTER}")]


def test_a_death_is_told_once_and_a_broken_message_without_its_key():
    notebook = new_notebook(cells=[new_code_cell("1"), new_code_cell("2")])
    client = SimpleNamespace(
        ending="completed",
        warden_said=dict,
        limits=Limits(),
        cuts={},
        nb=notebook,
        _current=1,
        protection="",
        starved=False,
    )  # fmt: skip
    for error, note in (
        (DeadKernelError("Kernel died"), "Its kernel died in cell 2 of 2."),
        (KeyError("msg_id"), "It was ended in cell 2 of 2, which sent messages that cannot be read."),
    ):
        client.told_ending = partial(ContainedClient.told_ending, client)
        assert Contained(**ContainedClient.left(client, error)).note == note


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nwriter = subprocess.Popen('yes something', shell=True)",
        # It prints once its cell is over and answered for: before that, what it prints is the cell's own
        "import threading\nover = threading.Event()\ndef write():\n    over.wait()\n    while True:\n"
        "        print('something' * 100)\nthreading.Thread(target=write, daemon=True).start()\n"
        "get_ipython().events.register('pre_execute', over.set)",
    ],
    ids=["process", "thread"],
)
def test_what_a_cell_left_running_is_charged_to_it_and_not_to_the_cell_in_which_it_prints(source):
    # The pause between cells is longer than any other on a busy machine, so that something is printed in it
    collect = f"import time\ntime.sleep(0.3)\n{COLLECTED} = repr(sorted({{'y', 'z'}} & set(globals())))"
    run = contained(
        source, "import time\ntime.sleep(0.6)\ny = 1", "z = 1",
        limits=Limits(output_bytes=100_000, cell_seconds=20), after_cell=lambda index, cell: collect,
    )  # fmt: skip
    assert (run.ending, run.cuts) == ("completed", {0: "left_running"})
    assert run.collected[-1] == (2, "['y', 'z']"), "an interrupt for another's output ended the work of a cell"
