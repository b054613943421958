"""A class whose marks are foreseen: everyone gets exactly these, whatever happens in between."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.collecting.folder import submissions_in
from cxkit.coursework.marking import class_run
from cxkit.coursework.marking.class_run import mark_class
from cxkit.coursework.marking.fingerprint import stale_notes
from cxkit.coursework.marks.folder import read_marks
from cxkit.coursework.people.roster import read_roster
from cxkit.errors import MarkingError
from cxkit.running.jobs.workers import Stopped
from tests.conftest import KILLS
from tests.coursework.in_order import in_order
from tests.coursework.small_assignment import TOML, write_assignment

CENTRE = "average = data['x'].mean() * factor\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
SPREAD = "spread = data['x'].std() * factor"
KINDS = {
    # name: (cell of `centre`, cell of `spread`, points of each)
    "model": (CENTRE, SPREAD, (4, 2)),
    "otherwise": (
        "average = float(sum(data.x) / len(data.x)) * factor\nbigger = ('y', 'x')[int(data.x.mean() > data.y.mean())]",
        "spread = ((data.x - data.x.mean()) ** 2).sum() / (len(data) - 1)\nspread = spread ** 0.5 * factor",
        (4, 2),
    ),
    "median": (
        "average = data['x'].median() * factor\nbigger = 'x' if data.x.sum() > data.y.sum() else 'y'",
        SPREAD,
        (1, 0),
    ),
    "variance": (CENTRE, "spread = data['x'].var() * factor", (4, 0)),
    "crash": (CENTRE, "spread = undefined_name", (4, 0)),
    "crash-first": ("raise ValueError('no idea')", SPREAD, (0, 0)),
    "hard-coded": ("average, bigger = 7.0, 'x'", "spread = 4.2", (0, 0)),
    "forgets-factor": (CENTRE.replace(" * factor", " * 2"), SPREAD, (0, 0)),
    "endless": (CENTRE, "while True:\n    pass", (4, 0)),
    "dies": (CENTRE, "import os\nos._exit(1)", (4, 0)),
    "noisy": (CENTRE + "\nprint('x' * 10_000)", SPREAD, (4, 2)),
    "blank": (None, None, (0, 0)),
}


def write_class(folder, kinds):
    """Submissions and a roster: one student a kind, called after it; and what each should get."""
    assignment = read_assignment(write_assignment(folder, toml=TOML.replace("cell_seconds = 20", "cell_seconds = 1.5")))
    (folder / "in").mkdir()
    expected = {}
    for kind in kinds:
        centre, spread, points = KINDS[kind]
        notebook = student_notebook(assignment)
        for cell in notebook.cells:
            question = cell.metadata.get("cxkit", {}).get("question")
            if cell.cell_type == "code" and centre is not None and question in ("centre", "spread"):
                cell.source = centre if question == "centre" else spread
            if question == "words":
                cell.source = "My own words."
        (folder / "in" / kind).mkdir()
        nbformat.write(notebook, folder / "in" / kind / "work.ipynb")
        expected[kind] = points
    (folder / "roster.csv").write_text("student\n" + "".join(f"{kind}\n" for kind in kinds))
    return assignment, expected


def earned(marks):
    return {one.student: tuple(q.points for q in one.questions if q.question != "words") for one in marks}


def mark(folder, assignment, **options):
    submissions = submissions_in(folder / "in", read_roster(folder / "roster.csv"))
    return mark_class(assignment, submissions, folder / "marks", progress=False, **options)


def test_everyone_gets_what_is_foreseen(tmp_path):
    assignment, expected = write_class(tmp_path, KINDS)
    for name, content in {"missing": None, "broken": "{", "two": None}.items():
        expected[name] = (0, 0)
        with (tmp_path / "roster.csv").open("a") as file:
            file.write(f"{name}\n")
        if content is not None:
            (tmp_path / "in" / f"{name}.ipynb").write_text(content)
    (tmp_path / "in" / "two").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        shutil.copy(tmp_path / "in" / "model" / "work.ipynb", tmp_path / "in" / "two" / name)
    result = mark(tmp_path, assignment)
    assert earned(result.marks) == expected
    assert result.faults == {}
    assert earned(read_marks(tmp_path / "marks", "small")) == expected
    outcomes = {one.student: [q.outcome for q in one.questions] for one in result.marks}
    assert outcomes["endless"] == ["right", "timed_out", "awaiting"]
    assert outcomes["dies"] == ["right", "stopped", "awaiting"]
    assert outcomes["broken"] == outcomes["two"] == ["undecided"] * 3
    assert "undecided: two: 2 notebooks were handed in: a.ipynb, b.ipynb." in result.text
    assert "15 students: 13 collected, 1 missing, 1 two files." in result.text
    assert next(q.mistakes for one in result.marks if one.student == "median" for q in one.questions) == ("median",)


def test_marking_again_changes_no_byte_and_runs_nothing(tmp_path, monkeypatch):
    assignment, _ = write_class(tmp_path, ["model", "median"])
    mark(tmp_path, assignment)
    before = {path.name: path.read_bytes() for path in (tmp_path / "marks").glob("*.json")}

    def never(*arguments, **options):
        raise AssertionError("nothing should run")

    with monkeypatch.context() as patch:
        patch.setattr("cxkit.coursework.marking.class_run.mark_notebook", never)
        mark(tmp_path, assignment)
        # Work that is no longer seen keeps its marks, and that is said; a second file beside it does no harm either.
        (tmp_path / "in" / "model" / "work.ipynb").rename(tmp_path / "model.ipynb")
        shutil.copy(tmp_path / "model.ipynb", tmp_path / "in" / "median" / "again.ipynb")
        result = mark(tmp_path, assignment)
        assert result.kept == ("median", "model")
        assert "2 students without a notebook here keep the marks of an earlier one: median, model." in result.text
        (tmp_path / "model.ipynb").rename(tmp_path / "in" / "model" / "work.ipynb")
        (tmp_path / "in" / "median" / "again.ipynb").unlink()
    assert {path.name: path.read_bytes() for path in (tmp_path / "marks").glob("*.json")} == before
    shutil.rmtree(tmp_path / "marks")
    mark(tmp_path, assignment, jobs=1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "marks").glob("*.json")} == before


def test_a_changed_submission_is_marked_again(tmp_path):
    assignment, _ = write_class(tmp_path, ["model", "median"])
    mark(tmp_path, assignment)
    shutil.copy(tmp_path / "in" / "model" / "work.ipynb", tmp_path / "in" / "median" / "work.ipynb")
    assert earned(mark(tmp_path, assignment).marks) == {"model": (4, 2), "median": (4, 2)}


def test_after_a_change_of_the_key_marks_of_two_keys_do_not_stand_side_by_side_unsaid(tmp_path, capsys):
    assignment, _ = write_class(tmp_path, ["model", "median"])
    assert mark(tmp_path, assignment).versions == ()
    own = [str(tmp_path / name) for name in ("small", "marks")]
    record = ["gradebook", "record", *own, "-g", str(tmp_path / "book.db")]
    assert main(record) == 0
    assert capsys.readouterr().err.count("version of the assignment") == 0
    toml = tmp_path / "small" / "assignment.toml"
    toml.write_text(toml.read_text().replace('id = "median"\npoints = 1', 'id = "median"\npoints = 2'))
    changed = read_assignment(tmp_path / "small")
    (tmp_path / "in" / "model" / "work.ipynb").unlink()
    result = mark(tmp_path, changed)
    assert earned(result.marks) == {"model": (4, 2), "median": (2, 0)}
    told = "The marks of 1 student follow an earlier version of the assignment"
    assert f"note: {told}" in result.text
    for command in (record, ["feedback", *own, "-o", str(tmp_path / "pages")]):
        assert main(command) == 0
        said = capsys.readouterr().err
        assert told in said
        assert "model. By this version" in said
    # Also where the folder of marks holds only those that were marked now: the gradebook has the others.
    (tmp_path / "marks" / "model.json").unlink()
    assert main(record) == 0
    assert "model. By this version" in capsys.readouterr().err


def test_whoever_fell_before_an_interruption_is_named_when_the_marks_are_whole(tmp_path, monkeypatch, capsys):
    """After Ctrl-C and a kill only those who fell in the last session were named."""
    assignment, _ = write_class(tmp_path, ["crash", "model", "noisy", "variance"])
    command = ["mark", str(assignment.folder), str(tmp_path / "in"), "--roster", str(tmp_path / "roster.csv"),
               "-o", str(tmp_path / "marks"), "-j", "1", "--accept-no-sandbox"]  # fmt: skip
    calls, real = [], class_run.mark_notebook

    def marked(*arguments, **options):
        calls.append(options["student"])
        if len(calls) == 6:
            signal.raise_signal(signal.SIGTERM)
            options["stop"].wait(30)
            raise Stopped("The run was stopped.")
        return real(*arguments, **options)

    monkeypatch.setattr(class_run, "mark_notebook", marked)
    with in_order(tmp_path):
        assert main(command) == 0
        source = assignment.folder / "source.ipynb"
        source.write_text(source.read_text().replace("data['x'].mean() * factor", "data['y'].mean() * factor"))
        with (tmp_path / "roster.csv").open("a") as roster:
            roster.write("nothing\n")  # who handed nothing in is no part of the count, before and after
        assert main(command) == 130
        said = capsys.readouterr()
        assert "Interrupted: 1 of 4 students marked. The same command goes on from here." in said.err
        assert main(command) == 0
        said, err = capsys.readouterr()
        assert "1 of 4 were finished before and are kept" in err
        assert [line.split(",")[0].strip() for line in said.splitlines() if "fell:" in line] == [
            "fell: crash", "fell: model", "fell: noisy", "fell: variance",
        ]  # fmt: skip
        assert main(command) == 0
        assert "fell:" not in capsys.readouterr().out
    assert len(calls) == 9
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("cxkit.coursework.marking.class_run.References", lambda *_, **__: signal.raise_signal(15))
    assert main(command) == 130
    assert "before the first student was marked. The same command goes on from here." in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_notebook_that_cannot_be_marked_is_asked_for_again_and_not_marked_for_ever(tmp_path, monkeypatch):
    """`mark` said "undecided" and no more, and `record` sent people back to `mark`, which changed nothing."""
    assignment, _ = write_class(tmp_path, ["model"])
    path = tmp_path / "in" / "model" / "work.ipynb"
    path = path if path.is_file() else next((tmp_path / "in" / "model").glob("*.ipynb"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "nbformat": 99}))
    monkeypatch.setattr(class_run.References, "weak_answers", lambda _: ())
    rows = submissions_in(tmp_path / "in", read_roster(tmp_path / "roster.csv"))
    done = mark_class(assignment, rows, tmp_path / "marks", progress=False, accept_no_sandbox=True)
    assert "undecided: model: " in done.text
    assert "  Ask for a notebook again: model." in done.text
    collected = [replace(row, sha256="c" * 64) for row in rows]
    (said,) = stale_notes(done.marks, collected)
    assert said.endswith("cannot be marked: cxkit mark says why. Ask for a notebook again: model.")
    earlier = [replace(one, submission_sha256="a" * 64) for one in done.marks]
    assert stale_notes(earlier, collected) == (said,)


def test_people_who_are_not_in_the_class_are_told(tmp_path):
    write_class(tmp_path, ["model"])
    (tmp_path / "in" / "modle").mkdir()
    with pytest.raises(MarkingError, match=r"'modle' belongs to nobody in the roster\. Did you mean 'model'\?"):
        submissions_in(tmp_path / "in", read_roster(tmp_path / "roster.csv"))


def test_the_command(tmp_path, capsys):
    write_class(tmp_path, ["model", "blank"])
    with (tmp_path / "roster.csv").open("a") as roster:
        roster.write("nothing\n")
    where = [str(tmp_path / name) for name in ("small", "in")]
    options = ["--roster", str(tmp_path / "roster.csv"), "-o", str(tmp_path / "marks")]
    assert main(["mark", *where, *options]) == 0
    said = capsys.readouterr()
    assert "3 students: 2 collected, 1 missing." in said.out
    assert "Protection: " in said.out
    assert said.err.count("done (") == 2
    assert "finished before" not in said.err  # nothing was: who handed nothing in is no run that was kept
    assert main(["mark", *where, *options]) == 0
    assert "2 of 2 were finished before and are kept" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_at_any_moment_the_marks_are_as_if_nothing_had_happened(tmp_path):
    assignment, expected = write_class(tmp_path, ["model", "median", "variance", "crash", "otherwise", "blank"])
    for kind in list(expected):
        for copy in range(2):
            name = f"{kind}-{copy}"
            shutil.copytree(tmp_path / "in" / kind, tmp_path / "in" / name)
            expected[name] = expected[kind]
    (tmp_path / "roster.csv").write_text("student\n" + "".join(f"{name}\n" for name in expected))
    command = [
        sys.executable, "-m", "cxkit.cli", "mark", "small", "in", "--roster", "roster.csv", "-o", "marks",
    ]  # fmt: skip
    chance, finished = random.Random(7), set()
    for _ in range(KILLS):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.0 + 2.5 * chance.random())
        process.kill()
        process.wait()
        now = {path.name for path in (tmp_path / "marks").glob("*.json")}
        assert finished <= now
        for path in (tmp_path / "marks").glob("*.json"):
            json.loads(path.read_text())
        finished = now
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed = {path.name: path.read_bytes() for path in Path(tmp_path / "marks").glob("*.json")}
    assert earned(read_marks(tmp_path / "marks", "small")) == expected
    shutil.rmtree(tmp_path / "marks")
    mark(tmp_path, assignment)
    assert {path.name: path.read_bytes() for path in (tmp_path / "marks").glob("*.json")} == killed
