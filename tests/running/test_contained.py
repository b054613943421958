"""A stranger's notebook: what it sees, what it may use, what is left of it."""

import json
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.errors import NotebookError
from cxkit.running.contained import COLLECTED, run_contained
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
