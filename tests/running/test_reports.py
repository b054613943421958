"""The list of runs, and all of its reports: checked first, kept while nothing changes, none stopped by another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cxkit.errors import NotebookError
from cxkit.running.provenance import fingerprint
from cxkit.running.queue.reports import report_all
from cxkit.running.queue.runs import PlannedRun, read_runs
from tests.running.building import names_in, words
from tests.running.test_run import SESSION, is_running, wait_for_pid


@pytest.fixture(autouse=True)
def _kit_stands_still(monkeypatch):
    """The fingerprint holds the kit's own files; whoever edits them while tests run should not fail these."""
    monkeypatch.setattr(fingerprint, "kit_hash", lambda: "kit")


def write_runs(*runs: str) -> Path:
    Path("runs.toml").write_text("\n".join(f"[[run]]\n{run}" for run in runs), encoding="utf-8")
    return Path("runs.toml")


def test_a_list_of_runs_is_read(write_notebook):
    write_notebook("1")
    path = write_runs(
        'notebook = "lesson.ipynb"\nname = "one"',
        'notebook = "lesson.ipynb"\nname = "two"\ntitle = "Two"\ndata = "real"\n[run.parameters]\nx = 2',
    )
    assert read_runs(path) == [
        PlannedRun(name="one", notebook=Path("lesson.ipynb")),
        PlannedRun(name="two", notebook=Path("lesson.ipynb"), title="Two", data="real", parameters={"x": 2}),
    ]


def test_all_problems_of_a_list_at_once(write_notebook):
    write_notebook("open('ran', 'w')")
    path = write_runs(
        'notebook = "lesson.ipynb"\nname = "one"\ntitel = "T"',
        'notebook = "lessn.ipynb"\nname = "two"',
        'notebook = "lesson.ipynb"\nname = "ONE"\ndata = "fake"\n[run.parameters]\ny = 2\nx = "a"',
        'name = "three"',
        'notebook = "lesson.ipynb"\nname = "../four"',
    )
    with pytest.raises(NotebookError) as error:
        report_all(path)
    assert str(error.value) == (
        "runs.toml: 7 problems found.\n"
        "  run 1 (one): 'titel' is not known. Did you mean 'title'?\n"
        "  run 2 (two): there is no notebook lessn.ipynb. Did you mean 'lesson.ipynb'?\n"
        '  run 3 (ONE): data is \'fake\'; it must be "real" or "synthetic"\n'
        "  run 3 (ONE): lesson.ipynb: 2 problems found.\n"
        "      there is no parameter 'y'. Known: x, name, interactive.\n"
        "      x = 'a' does not fit: a whole number is wanted (default 1)\n"
        "  run 4 (three): notebook must be given as text\n"
        "  run 5 (../four): the name becomes a file name: use letters, digits, '-', '_' and '.' only\n"
        "  the name 'ONE' is used twice: the second report would replace the first"
    )
    assert not Path("ran").exists()
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", r"runs\.toml lists no runs\. Add a table \[\[run\]\]"),
        ("run = 1", r"runs\.toml lists no runs"),
        ("[[run", r"runs\.toml is not valid TOML"),
    ],
)
def test_lists_that_cannot_be_read(content, complaint):
    Path("runs.toml").write_text(content, encoding="utf-8")
    with pytest.raises(NotebookError, match=complaint):
        read_runs("runs.toml")


def test_missing_list():
    with pytest.raises(NotebookError, match=r"There is no list of runs nowhere\.toml"):
        read_runs("nowhere.toml")


def test_unknown_names_and_workers_are_refused(write_notebook):
    write_notebook("1")
    runs = write_runs('notebook = "lesson.ipynb"\nname = "validate"')
    with pytest.raises(NotebookError, match=r"there is no run 'validat'\. Did you mean 'validate'?"):
        report_all(runs, only=["validat"])
    with pytest.raises(NotebookError, match="workers is 0; it must lie between 1 and 64"):
        report_all(runs, workers=0)


def test_a_failing_run_stops_no_other(write_notebook, capfd):
    write_notebook(words("# The good one"), SESSION, to="good.ipynb")
    write_notebook("1 / 0", to="bad.ipynb")
    runs = write_runs(
        'notebook = "bad.ipynb"\nname = "bad"\ndata = "real"',
        'notebook = "good.ipynb"\nname = "good"\ndata = "synthetic"\n[run.parameters]\nx = 4',
    )
    with pytest.raises(NotebookError) as error:
        report_all(runs, output_folder="reports", workers=1)
    assert str(error.value) == (
        "1 of 2 reports failed; the others are in reports.\n"
        "  bad: bad.ipynb: code cell 2 (cell 2 of 2) failed in line 1:\n"
        "        1 / 0\n"
        "    ZeroDivisionError: division by zero\n"
        f"    The notebook up to there is kept in {Path('reports/bad.partial.ipynb')}."
    )
    assert names_in("reports") == ["bad.partial.ipynb", "good.crate", "good.html", "good.json", "index.html"]
    index = Path("reports/index.html").read_text(encoding="utf-8")
    assert '<a href="good.html">The good one</a>' in index
    assert '<span class="badge synthetic">Synthetic data</span>' in index
    assert "All well." in index
    assert '<span class="badge failed">Failed</span>' in index
    assert "ZeroDivisionError: division by zero" in index
    said = capfd.readouterr().err
    assert "bad: FAILED\n" in said
    assert f"good: {Path('reports/good.html')} (" in said


def test_only_changed_runs_run_again(write_notebook, capfd):
    Path("my.csv").write_text("1", encoding="utf-8")
    count = "with open('log', 'a') as log:\n    print(name, file=log)"
    write_notebook(words("# Title"), count, SESSION)
    runs = write_runs(
        'notebook = "lesson.ipynb"\nname = "plain"',
        'notebook = "lesson.ipynb"\nname = "file"\n[run.parameters]\nname = "my.csv"',
    )

    def ran(**options: object) -> list[str]:
        Path("log").unlink(missing_ok=True)
        results = report_all(runs, output_folder="reports", **options)
        ran = sorted(Path("log").read_text(encoding="utf-8").split()) if Path("log").exists() else []
        assert [run.output.name for run in results] == (
            ["plain.html", "file.html"] if "only" not in options else ["file.html"]
        )
        assert [run.kept for run in results].count(False) == len(ran)
        return ran

    assert ran() == ["a", "my.csv"]
    bytes_before = {path: path.read_bytes() for path in Path("reports").rglob("*.*") if path.is_file()}
    capfd.readouterr()
    assert ran() == []
    assert f"plain: kept, nothing changed since ({Path('reports/plain.html')})\n" in capfd.readouterr().err
    assert {path: path.read_bytes() for path in Path("reports").rglob("*.*") if path.is_file()} == bytes_before
    kept = report_all(runs, output_folder="reports", progress=False)[0]
    assert (kept.session["summary"], kept.executed, kept.parameters["name"]) == ("All well.", None, "a")

    Path("my.csv").write_text("2", encoding="utf-8")
    assert ran() == ["my.csv"]
    Path("reports/plain.html").write_text("spoilt", encoding="utf-8")
    assert ran() == ["a"]
    Path("reports/plain.json").write_text("{", encoding="utf-8")
    assert ran() == ["a"]
    assert ran(fresh=True, only=["file"]) == ["my.csv"]
    assert "plain.html" in Path("reports/index.html").read_text(encoding="utf-8")
    write_notebook(words("# Other title"), count, SESSION)
    assert ran() == ["a", "my.csv"]
    assert {path: path.read_bytes() for path in Path("reports").rglob("*.*") if path.is_file()} != bytes_before


def test_what_a_fingerprint_rests_on(monkeypatch):
    Path("folder").mkdir()
    Path("folder/a.csv").write_text("1", encoding="utf-8")

    def mark() -> str:
        return fingerprint.fingerprint("0", {"a": "folder", "b": ["folder/a.csv", {"c": "no file"}]}, {"title": None})

    marks = [mark()]
    assert mark() == marks[0]
    Path("folder/a.csv").write_text("2", encoding="utf-8")
    marks.append(mark())
    Path("folder/b.csv").write_text("2", encoding="utf-8")
    marks.append(mark())
    monkeypatch.setattr(fingerprint, "kit_hash", lambda: "other kit")
    marks.append(mark())
    monkeypatch.setattr(fingerprint, "installed_versions", lambda: {"numpy": "0"})
    marks.append(mark())
    assert len(set(marks)) == 5


def test_two_run_side_by_side(write_notebook):
    wait = "import os, time\nopen(name, 'w').close()\nwhile not os.path.exists({other!r}):\n    time.sleep(.05)"
    write_notebook(wait.format(other="second"), to="a.ipynb")
    write_notebook(wait.format(other="first"), to="b.ipynb")
    runs = write_runs(
        'notebook = "a.ipynb"\nname = "a"\n[run.parameters]\nname = "first"',
        'notebook = "b.ipynb"\nname = "b"\n[run.parameters]\nname = "second"',
    )
    assert [run.output.name for run in report_all(runs, output_folder="reports", workers=2, timeout=60)] == [
        "a.html",
        "b.html",
    ]


def test_a_warning_of_the_notebook_names_synthetic_data_as_such(write_notebook):
    made = SESSION.replace("'seed': x", "'seed': x, 'data': [{'name': 'made', 'n': 1000, 'synthetic': True}]")
    write_notebook(words("# T"), made)
    report_all(
        write_runs('notebook = "lesson.ipynb"\nname = "one"\ndata = "real"'), output_folder="reports", progress=False
    )
    index = Path("reports/index.html").read_text(encoding="utf-8")
    assert "Synthetic data" in index
    assert "Real data" not in index
    assert "lesson.ipynb · made, n = 1,000" in index


def test_ctrl_c_stops_all_kernels_and_says_what_is_done(write_notebook, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    write_notebook("1", to="quick.ipynb")
    wait = "import os, time\nopen(name, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    write_notebook(wait, to="slow.ipynb")
    write_runs(
        'notebook = "quick.ipynb"\nname = "quick"',
        'notebook = "slow.ipynb"\nname = "slow1"\n[run.parameters]\nname = "pid1"',
        'notebook = "slow.ipynb"\nname = "slow2"\n[run.parameters]\nname = "pid2"',
    )
    command = [sys.executable, "-m", "cxkit.cli", "report", "runs.toml", "-o", "reports", "--workers", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    kernels = [wait_for_pid(Path("pid1")), wait_for_pid(Path("pid2"))]
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == ""
    assert "cxkit: Interrupted. Finished reports: quick. The same command goes on from here.\n" in complaint
    assert "  slow1: slow.ipynb was interrupted in code cell 2 (cell 2 of 2). Its kernel is stopped." in complaint
    assert "Traceback" not in complaint
    assert names_in("reports") == [
        "index.html", "quick.crate", "quick.html", "quick.json", "slow1.partial.ipynb", "slow2.partial.ipynb"
    ]  # fmt: skip
    assert names_in("temporary") == []
    assert not any(is_running(kernel) for kernel in kernels)


def test_the_record_beside_a_report(write_notebook):
    write_notebook(words("# Title"), SESSION)
    report_all(write_runs('notebook = "lesson.ipynb"\nname = "one"'), output_folder="reports", progress=False)
    record = json.loads(Path("reports/one.json").read_text(encoding="utf-8"))
    assert record["title"] == "Title"
    assert record["parameters"] == {"x": 1, "name": "a", "interactive": False}
    assert record["session"] == {"seed": 1, "summary": "All well."}
