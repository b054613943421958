"""Notebooks in real kernels: what comes out, and what is said when something goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from cxkit.errors import NotebookError
from cxkit.running.run import run_notebook
from tests.running.building import code, names_in, words

SESSION = (
    "from IPython.display import display\n"
    "display({'text/plain': '', 'application/vnd.cxkit.session+json': {'seed': x, 'summary': 'All well.'}}, raw=True)"
)


def texts(executed: nbformat.NotebookNode) -> list[str]:
    return [
        output.text for cell in executed.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    ]


def test_parameters_interpreter_folder_and_session(write_notebook, tmp_path):
    (tmp_path / "my.csv").write_text("1", encoding="utf-8")
    notebook = write_notebook(
        "import os, sys\nprint(sys.executable)\nprint(os.getcwd())\nprint(x, name, open(name).read())",
        "print(os.environ['OMP_NUM_THREADS'], os.environ['PYTHONHASHSEED'])",
        SESSION,
    )
    before = notebook.read_bytes()
    run = run_notebook(notebook, {"x": 5, "name": "my.csv"})
    assert texts(run.executed) == [f"{sys.executable}\n{tmp_path}\n5 my.csv 1\n", "1 0\n"]
    assert run.parameters == {"x": 5, "name": "my.csv", "interactive": False}
    assert run.given == ("x", "name")
    assert run.session == {"seed": 5, "summary": "All well."}
    assert run.output is None
    assert notebook.read_bytes() == before


def test_a_notebook_without_parameters_runs_but_takes_none(write_notebook):
    notebook = write_notebook("print('ran')", parameters=None)
    assert texts(run_notebook(notebook).executed) == ["ran\n"]
    with pytest.raises(NotebookError, match=r"lesson\.ipynb has no parameters cell"):
        run_notebook(notebook, {"x": 1})


def test_wrong_parameters_are_refused_before_anything_runs(write_notebook):
    notebook = write_notebook("open('ran', 'w')")
    with pytest.raises(
        NotebookError, match=r"(?s)lesson\.ipynb: 2 problems.*Did you mean 'name'.*x = 'a' does not fit"
    ):
        run_notebook(notebook, {"nam": "b", "x": "a"}, output="out.html")
    assert names_in() == ["lesson.ipynb"]


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("out.docx", r"A run is written as \.html, \.pdf or \.ipynb, not as 'out\.docx'"),
        ("lesson.ipynb", "overwritten by its own run"),
    ],
)
def test_outputs_that_are_refused(write_notebook, output, complaint):
    with pytest.raises(NotebookError, match=complaint):
        run_notebook(write_notebook("1"), output=output)


def test_widgets_do_not_hang_a_run(write_notebook):
    notebook = write_notebook(
        "from ipywidgets import interact, Output\n@interact(y=(0, 5))\ndef show(y=1):\n    print(y)",
        "out = Output()\nwith out:\n    print('inside')\nout",
        "print('after')",
    )
    assert texts(run_notebook(notebook, timeout=60).executed)[-1] == "after\n"


def test_two_runs_give_the_same_bytes(write_notebook):
    notebook = write_notebook(
        words("# Title\n\nText."),
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])",
        "print(hash('text'), set('abcdef'))",
        SESSION,
    )
    for output in ("a.html", "b.html"):
        run_notebook(notebook, {"x": 3}, output=output)
    assert Path("a.html").read_bytes() == Path("b.html").read_bytes()
    assert b"data:image/png" in Path("a.html").read_bytes()


def test_executed_notebooks_hold_no_clock_and_no_random_name(write_notebook):
    notebook = write_notebook(words("# Title"), "print(set('abcdef'))")
    for output in ("a.ipynb", "b.ipynb"):
        run_notebook(notebook, {"x": 3}, output=output)
    assert Path("a.ipynb").read_bytes() == Path("b.ipynb").read_bytes()


def test_failing_cell(write_notebook):
    notebook = write_notebook(
        words("# T"),
        "def f(y):\n    raise ValueError('first line\\n  second line')",
        words("## B"),
        "y = 2\n\nf(y)  # here",
        "z = 1",
    )
    with pytest.raises(NotebookError) as error:
        run_notebook(notebook, {"x": 2}, output="reports/a.html")
    assert str(error.value) == (
        "lesson.ipynb: code cell 3 (cell 5 of 6) failed in line 3:\n"
        "    f(y)  # here\n"
        "ValueError: first line\n"
        "  second line\n"
        f"The notebook up to there is kept in {Path('reports/a.partial.ipynb')}."
    )
    assert names_in("reports") == ["a.partial.ipynb"]
    partial = nbformat.read("reports/a.partial.ipynb", as_version=4)
    assert partial.cells[-2].outputs[0].ename == "ValueError"
    assert partial.cells[-1].outputs == []


def test_a_failing_line_says_the_parameters_that_it_names(write_notebook):
    """Whoever set a parameter on the command line may never have seen the line that it broke."""
    notebook = write_notebook("z = int(\n    name,\n    base=x,\n)")
    with pytest.raises(NotebookError) as error:
        run_notebook(notebook, {"name": "not a number", "x": 10})
    assert "ValueError: invalid literal for int() with base 10: 'not a number'\n" in str(error.value)
    assert "\nParameters in that line: name = 'not a number', x = 10.\n" in str(error.value)


def test_syntax_error_is_placed(write_notebook):
    with pytest.raises(
        NotebookError, match=r"code cell 2 \(cell 2 of 2\) failed in line 2:\n    y = = 2\nSyntaxError: invalid"
    ):
        run_notebook(write_notebook("x = 1\ny = = 2"))


def test_without_output_nothing_is_kept_and_said_so(write_notebook):
    with pytest.raises(NotebookError, match="Nothing was kept, since no output was asked for"):
        run_notebook(write_notebook("1 / 0"))
    assert names_in() == ["lesson.ipynb"]


def test_an_older_report_survives_a_failed_run_and_a_good_run_clears_the_partial(write_notebook):
    report = Path("a.html")
    run_notebook(write_notebook("1"), output=report)
    good = report.read_bytes()
    with pytest.raises(NotebookError):
        run_notebook(write_notebook("1 / 0"), output=report)
    assert report.read_bytes() == good
    assert Path("a.partial.ipynb").exists()
    run_notebook(write_notebook("2"), output=report)
    assert report.read_bytes() != good
    assert names_in() == ["a.crate", "a.html", "lesson.ipynb"]


def test_errors_shown_on_purpose_do_not_fail_a_run(write_notebook):
    run = run_notebook(write_notebook(code("1 / 0", "raises-exception"), "print('on')"))
    assert texts(run.executed) == ["on\n"]


def test_a_cell_that_takes_too_long(write_notebook):
    notebook = write_notebook("print('before')", "# wait\nimport time; time.sleep(60)", "print('never')")
    with pytest.raises(NotebookError) as error:
        run_notebook(notebook, output="a.html", timeout=1)
    assert str(error.value) == (
        "lesson.ipynb: code cell 3 (cell 3 of 4) ran longer than 1 s and was stopped:\n"
        "    # wait\n"
        "Give it more time with timeout=... (command line: --timeout), or look for an endless loop.\n"
        "The notebook up to there is kept in a.partial.ipynb."
    )
    partial = nbformat.read("a.partial.ipynb", as_version=4)
    assert texts(partial) == ["before\n"]
    assert "completed" not in Path("a.partial.ipynb").read_text(encoding="utf-8")


def test_a_kernel_that_dies(write_notebook):
    with pytest.raises(
        NotebookError, match=r"the kernel died in code cell 2 \(cell 2 of 2\): out of memory, or a crash"
    ):
        run_notebook(write_notebook("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), output="a.html")


def test_a_kernel_that_never_comes_up_says_why(write_notebook, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('no kernel today')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(
        NotebookError, match=r"(?s)the kernel died before the first cell.*It last wrote:.*no kernel today"
    ):
        run_notebook(write_notebook("1"))


def test_running_from_inside_an_event_loop(write_notebook):
    import asyncio

    async def inside() -> list[str]:
        return texts(run_notebook(notebook).executed)

    notebook = write_notebook("print('ran')")
    assert asyncio.run(inside()) == ["ran\n"]


def test_runs_leave_no_files_threads_or_descriptors(write_notebook, monkeypatch, tmp_path):
    import threading

    notebook = write_notebook("1")
    run_notebook(notebook)  # starts the template, which serves all runs of this process and has files of its own
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    time.sleep(0.2)  # a thread that has said it is done needs a moment to be gone
    before = len(names_in("/proc/self/fd")), threading.active_count()
    for _ in range(3):
        run_notebook(notebook)
    time.sleep(0.2)
    assert (len(names_in("/proc/self/fd")), threading.active_count()) == before
    assert names_in(folder) == []


def test_ctrl_c_stops_the_kernel_and_keeps_what_there_is(write_notebook, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    write_notebook("print('before')", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-m", "cxkit.cli", "run", "lesson.ipynb", "-o", "a.html"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    kernel = wait_for_pid(Path("pid"))
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == ""
    assert complaint == (
        "cxkit: lesson.ipynb was interrupted in code cell 3 (cell 3 of 3). Its kernel is stopped. "
        "The notebook up to there is kept in a.partial.ipynb.\n"
    )
    assert texts(nbformat.read("a.partial.ipynb", as_version=4)) == ["before\n"]
    assert not is_running(kernel)
    assert names_in("temporary") == []


def wait_for_pid(file: Path, seconds: float = 60) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text(encoding="utf-8")):
            return int(text)
        time.sleep(0.05)
    raise AssertionError(f"{file} never came")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
