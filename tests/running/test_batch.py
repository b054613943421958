"""The queue of runs: every run once, whatever happens in between."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cxkit import files
from cxkit.cli import main
from cxkit.errors import NotebookError
from cxkit.running.jobs.journal import Journal
from cxkit.running.provenance import fingerprint
from cxkit.running.queue import batch
from cxkit.running.queue.batch import run_batch
from cxkit.running.queue.reports import report_all
from cxkit.running.queue.runs import read_runs
from cxkit.running.sandbox.limits import Limits
from cxkit.running.sandbox.protection import UNPROTECTED, Protection
from tests.conftest import KILLS

COUNT = "import pathlib, os\nwith open('ran', 'a') as file: file.write(f'{x}\\n')\nx"


@pytest.fixture(autouse=True)
def _kit_stands_still(monkeypatch):
    """The fingerprint holds the kit's own files; whoever edits them while tests run should not fail these."""
    monkeypatch.setattr(fingerprint, "kit_hash", lambda: "kit")


def write_runs(count, notebook="lesson.ipynb", extra=""):
    text = "".join(
        f'[[run]]\nnotebook = "{notebook}"\nname = "run-{k}"\n{extra}[run.parameters]\nx = {k}\n' for k in range(count)
    )
    Path("runs.toml").write_text(text, encoding="utf-8")
    return Path("runs.toml")


def ran():
    return sorted(Path("ran").read_text().split(), key=int) if Path("ran").exists() else []


def test_every_run_once_in_the_order_of_the_list(write_notebook, capsys):
    write_notebook(COUNT)
    result = run_batch(write_runs(4), jobs=2)
    assert [run.name for run in result.runs] == ["run-0", "run-1", "run-2", "run-3"]
    assert {run.state for run in result.runs} == {"completed"}
    assert ran() == ["0", "1", "2", "3"]
    told = json.loads(Path("out/batch/results.json").read_text())
    assert [run["name"] for run in told["runs"]] == ["run-0", "run-1", "run-2", "run-3"]
    assert ">3</pre>" in Path("out/batch/run-3.html").read_text(encoding="utf-8")
    assert capsys.readouterr().err.count("done (") == 4


def test_a_failing_run_stops_no_other_and_is_not_tried_again(write_notebook):
    write_notebook(COUNT, "1 / (x - 1)")
    result = run_batch(write_runs(3), progress=False)
    assert [run.state for run in result.runs] == ["completed", "failed", "completed"]
    assert "ZeroDivisionError" in result.runs[1].note
    assert result.runs[1].output == "run-1.partial.ipynb"
    assert "2 of 3 runs completed, 1 failed. Results:" in result.text
    again = run_batch("runs.toml", progress=False, resume=True)
    assert again == result
    assert ran() == ["0", "1", "2"]


def test_a_finished_batch_is_not_begun_anew_by_accident(write_notebook):
    write_notebook(COUNT)
    run_batch(write_runs(1), progress=False)
    with pytest.raises(NotebookError, match="holds 1 finished run. Go on from there with --resume"):
        run_batch("runs.toml", progress=False)
    assert ran() == ["0"]


def test_changed_inputs_and_lost_outputs_are_run_again(write_notebook):
    write_notebook("open(name).read()", COUNT)
    Path("a").write_text("1")
    Path("b").write_text("1")
    Path("runs.toml").write_text(
        "".join(
            f'[[run]]\nnotebook = "lesson.ipynb"\nname = "{name}"\n[run.parameters]\nname = "{file}"\nx = {k}\n'
            for k, (name, file) in enumerate([("one", "a"), ("two", "b"), ("three", "b")])
        )
    )
    run_batch("runs.toml", progress=False)
    Path("a").write_text("2")
    Path("out/batch/two.html").unlink()
    run_batch("runs.toml", progress=False, resume=True)
    assert ran() == ["0", "0", "1", "1", "2"]


def test_contained_runs_see_what_they_name_and_go_on_after_errors(write_notebook):
    write_notebook("1 / x", "print(open('data/in.csv').read())", "open('secret').read()")
    Path("data").mkdir()
    Path("data/in.csv").write_text("shown")
    Path("secret").write_text("hidden")
    result = run_batch(write_runs(2, extra='inputs = ["data"]\n'), policy="contained", to="ipynb", progress=False)
    if result.protection == UNPROTECTED:
        pytest.skip("no sandbox here: test_no_sandbox covers what happens then")
    assert [run.state for run in result.runs] == ["failed", "failed"]
    assert "ZeroDivisionError" in result.runs[0].note
    assert "FileNotFoundError" in result.runs[1].note
    left = Path("out/batch/run-0.partial.ipynb").read_text()
    assert "shown" in left
    assert "hidden" not in left


def test_limits_hold_for_each_contained_run(write_notebook):
    write_notebook("if x == 1:\n    hog = bytearray(900 << 20)", COUNT)
    result = run_batch(write_runs(3), policy="contained", limits=Limits(memory_bytes=300 << 20), progress=False, jobs=2)
    assert [run.state for run in result.runs] == ["completed", "failed", "completed"]
    assert "300 MiB" in result.runs[1].note or "MemoryError" in result.runs[1].note


def test_contained_runs_cannot_be_shown_files_elsewhere(write_notebook):
    write_notebook(COUNT)
    with pytest.raises(NotebookError, match=r"run-0: '\.\./x' does not lie in the current folder or below it"):
        run_batch(write_runs(1, extra='inputs = ["../x"]\n'), policy="contained", progress=False)


def test_no_sandbox_means_no_contained_run_unless_accepted(write_notebook, monkeypatch, capsys):
    write_notebook(COUNT)
    nothing = Protection(None, {"namespaces": "not permitted"})
    monkeypatch.setattr(batch, "find_protection", lambda: nothing)
    monkeypatch.setattr("cxkit.running.sandbox.protection.find_protection", lambda: nothing)
    write_runs(1)
    assert main(["batch", "runs.toml", "--policy", "contained"]) == 1
    assert "This machine offers no sandbox, so nothing was run." in capsys.readouterr().err
    assert not Path("out").exists()
    assert main(["batch", "runs.toml", "--policy", "contained", "--accept-no-sandbox"]) == 0
    assert f"Protection: {UNPROTECTED}." in capsys.readouterr().out


def test_the_list_says_that_its_notebooks_are_contained(write_notebook, monkeypatch, capsys):
    write_notebook(COUNT)
    runs = write_runs(1)
    runs.write_text('policy = "contained"\n' + runs.read_text())
    nothing = Protection(None, {"namespaces": "not permitted"})
    monkeypatch.setattr(batch, "find_protection", lambda: nothing)
    monkeypatch.setattr("cxkit.running.sandbox.protection.find_protection", lambda: nothing)
    assert main(["batch", "runs.toml"]) == 1
    assert "This machine offers no sandbox, so nothing was run." in capsys.readouterr().err
    with pytest.raises(NotebookError, match="wants its notebooks contained, and reports are run with your rights"):
        report_all("runs.toml", progress=False)
    with pytest.raises(NotebookError, match="This machine offers no sandbox"):
        run_batch(read_runs("runs.toml"), progress=False)
    assert ran() == []
    assert run_batch("runs.toml", policy="open", progress=False).protection.startswith("none asked for")
    runs.write_text('policy = "bare"\n' + write_runs(1).read_text())
    with pytest.raises(NotebookError, match="policy is 'bare'; it must be"):
        run_batch("runs.toml", progress=False)


def test_a_result_is_on_the_disk_before_the_journal_tells_of_it(write_notebook, monkeypatch):
    """The file, then its name in the folder, then the journal's line: a power cut leaves no line without its file."""
    steps = []

    def following(module, name, what):
        whole = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: (whole(*a, **k), steps.append((what, a)))[0])

    following(files, "sync_folder", "folder")
    following(Journal, "record", "line")
    write_notebook(COUNT)
    run_batch(write_runs(1), progress=False, to="ipynb")
    kinds = [what for what, _ in steps]
    assert kinds.index("folder") < kinds.index("line")
    assert steps[0][1] == (Path("out/batch"),)


def test_without_a_scheduler_nothing_of_dask_is_imported(write_notebook):
    write_notebook("x")
    write_runs(1)
    asked = (
        "import sys; from cxkit.cli import main; main(['batch', 'runs.toml'])\n"
        "print({'dask', 'distributed'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes by their folder")
@pytest.mark.parametrize("policy", ["open", "contained"])
def test_a_killed_batch_leaves_no_kernel_behind(write_notebook, policy):
    write_notebook("import time\ntime.sleep(60)")
    write_runs(2)
    process = subprocess.Popen(command("--policy", policy), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    told = psutil.Process(process.pid)
    while len(children := told.children(recursive=True)) < 3:  # a template or forks of it, and kernels
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(2)
    children = told.children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_a_fault_of_the_machine_is_not_recorded_and_a_resumed_batch_tries_again(write_notebook, monkeypatch):
    from cxkit.running.isolation import fairly
    from cxkit.running.jobs import workers
    from cxkit.running.kernels.forked import TemplateLost

    write_notebook("x")
    monkeypatch.setattr(workers, "_PAUSE", 0.01)
    whole = fairly.run_contained

    def lost(*arguments, **options):
        raise TemplateLost("no template")

    monkeypatch.setattr(fairly, "run_contained", lost)
    result = run_batch(write_runs(1), policy="contained", progress=False)
    assert [(run.state, run.attempts, run.note) for run in result.runs] == [("fault", 3, "no template")]
    assert "1 could not be run (resume to try again)" in result.text
    monkeypatch.setattr(fairly, "run_contained", whole)
    result = run_batch("runs.toml", policy="contained", progress=False, resume=True)
    assert [run.state for run in result.runs] == ["completed"]


def command(*arguments):
    return [sys.executable, "-m", "cxkit.cli", "batch", "runs.toml", "--jobs", "2", *arguments]


def test_ctrl_c_stops_cleanly_and_resume_goes_on(write_notebook):
    write_notebook("import time\ntime.sleep(0 if x < 2 else 30)", COUNT)
    write_runs(4)
    process = subprocess.Popen(command(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while len(list(Path().glob("out/batch/run-*.crate/manifest.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Interrupted: 2 of 4 runs done. --resume goes on from here." in said
    assert journalled() == {"run-0", "run-1"}


def journalled():
    about = {"work": "batch", "policy": "open", "format": "html"}
    with Journal.open("out/batch/journal", about=about, resume=True) as journal:
        return set(journal.finished)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_at_any_moment_every_run_is_done_and_none_that_was_counted_is_done_again(write_notebook):
    write_notebook("import time\ntime.sleep(0.02)", COUNT)
    write_runs(60)
    chance = random.Random(4)
    counted = {}  # how often a run had been made when the journal first told of it
    for _ in range(KILLS):
        process = subprocess.Popen(command("--resume"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(1.5 + 2.0 * chance.random())
        process.kill()
        process.wait()
        finished = journalled()
        assert counted.keys() <= finished
        counted |= {name: ran().count(name.removeprefix("run-")) for name in finished - counted.keys()}
    assert subprocess.run(command("--resume"), capture_output=True, check=False).returncode == 0
    assert all(ran().count(name.removeprefix("run-")) == count for name, count in counted.items())
    assert set(ran()) == {str(k) for k in range(60)}
    told = json.loads(Path("out/batch/results.json").read_text())
    assert [(run["name"], run["state"]) for run in told["runs"]] == [(f"run-{k}", "completed") for k in range(60)]
