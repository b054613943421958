"""What students get, and that nothing is given out before it is proved.

Notebooks are marked here by a few lines in this process: what is tested is what the release makes of marks. The same
with the sandbox stands in test_release_proof.py.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.released import read_released
from cxkit.coursework.assignment.source import read_source, student_notebook
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark, SubmissionMarks
from cxkit.coursework.people.roster import Student, roster_of
from cxkit.coursework.release.folders import new_folder
from cxkit.coursework.release.instructions import instructions
from cxkit.coursework.release.leaks import leaks_in, leaks_in_bytes, planted
from cxkit.coursework.release.plan import Plan, plan_for
from cxkit.coursework.release.releasing import check_only, release
from cxkit.coursework.release.secret import FILE_NAME, course_secret
from cxkit.coursework.release.trying import Judge
from cxkit.errors import AssignmentError, MarkingError
from cxkit.running.sandbox.limits import Limits
from tests.coursework.small_assignment import CANARY, TOML, cells, write_assignment

ROSTER = roster_of([Student(id="anna", name="Anna"), Student(id="ben", name="Ben")])


class Marker:
    """Marks by looking which text a cell holds; `lenient` names questions that earn everything always."""

    def __init__(self, assignment: Assignment, lenient: tuple[str, ...] = ()) -> None:
        self.assignment, self.lenient = assignment, lenient
        self.seeds: list[int | None] = []

    def __call__(self, notebook: NotebookNode, seed: int | None, stop: object = None) -> SubmissionMarks:
        self.seeds.append(seed)
        text = "\n".join(cell.source for cell in notebook.cells)
        marks = tuple(self._question(question, text) for question in self.assignment.questions)
        return SubmissionMarks(student="", assignment="small", submission_sha256="", questions=marks, protection="none")

    def _question(self, question: Any, text: str) -> QuestionMark:
        own: dict[str, Any] = {"question": question.id, "out_of": question.points}
        if question.kind == "written":
            return QuestionMark(points=0, outcome="awaiting", **own)
        for mistake in question.mistakes:
            if mistake.code.splitlines()[0] in text:
                return QuestionMark(
                    points=mistake.points, outcome="partly", feedback=(mistake.feedback,), mistakes=(mistake.id,), **own
                )
        if f"{question.answers[0].name} = None" in text and question.id not in self.lenient:
            checks = (AnswerCheck(name=question.answers[0].name, outcome="missing", reason="It is None."),)
            return QuestionMark(points=0, outcome="missing", answers=checks, **own)
        return QuestionMark(points=question.points, outcome="right", **own)


def judge(assignment: Assignment, lenient: tuple[str, ...] = ()) -> Judge:
    return Judge(mark=Marker(assignment, lenient))


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return read_assignment(write_assignment(tmp_path))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_one_release_for_all(assignment: Assignment, tmp_path: Path) -> None:
    plan = plan_for(assignment, roster=None, common=True, secret=None)
    target, proof = release(assignment, plan, tmp_path / "out", judge(assignment))
    assert sorted(files_of(target)) == ["INSTRUCTIONS.md", "data/scores.csv", "small.ipynb", "small.zip"]
    assert len((target / "data" / "scores.csv").read_text().splitlines()) == 31
    with zipfile.ZipFile(target / "small.zip") as archive:
        assert archive.read("small/small.ipynb") == (target / "small.ipynb").read_bytes()
    assert proof.holds
    kept = json.loads((assignment.folder / "proof.json").read_text())
    assert kept["holds"]
    assert [check["what"] for check in kept["checks"]][2:] == [
        "model answer on public, a, b (common data)",
        "released notebook as it is",
        "centre: median",
        "spread: variance",
        "answers that a constant would pass for",
    ]


def test_each_student_gets_own_rows_and_the_record_knows_whose(assignment: Assignment, tmp_path: Path) -> None:
    plan = plan_for(assignment, roster=ROSTER, common=False, secret="a secret of the course")
    marker = Marker(assignment)
    target, _ = release(assignment, plan, tmp_path / "out", Judge(mark=marker), workers=1)
    files = files_of(target)
    assert files["anna/data/scores.csv"] != files["ben/data/scores.csv"]
    assert files["anna/small.ipynb"] == files["ben/small.ipynb"]
    with zipfile.ZipFile(target / "anna.zip") as archive:
        assert archive.read("small/data/scores.csv") == files["anna/data/scores.csv"]
    record = read_released(assignment)
    assert record is not None
    assert record.seed_of("anna") == plan.own_seeds["anna"]
    assert record.seed_of("nobody") is None
    assert marker.seeds[:3] == [None, plan.own_seeds["anna"], plan.own_seeds["ben"]]  # the model, on theirs as well


def test_a_release_is_the_same_bytes_again(assignment: Assignment, tmp_path: Path) -> None:
    plan = plan_for(assignment, roster=ROSTER, common=False, secret="a secret of the course")
    one, _ = release(assignment, plan, tmp_path / "one", judge(assignment))
    two, _ = release(assignment, plan, tmp_path / "two", judge(assignment))
    assert files_of(one) == files_of(two)


def test_varying_data_need_a_roster_or_a_word(assignment: Assignment) -> None:
    with pytest.raises(AssignmentError, match="Give the class with --roster roster.csv, or say --common"):
        plan_for(assignment, roster=None, common=False, secret=None)
    assert plan_for(assignment, roster=ROSTER, common=True, secret=None).seeds == {"anna": None, "ben": None}


def test_an_earlier_release_gives_way_only_on_request(assignment: Assignment, tmp_path: Path) -> None:
    out, plan = tmp_path / "out", Plan()
    target, _ = release(assignment, plan, out, judge(assignment))
    release(assignment, plan, out, judge(assignment))  # the same again is no change
    before = files_of(target)
    later = Plan(deadline=datetime(2026, 12, 4, 23, 59))
    with pytest.raises(AssignmentError, match=r"holds an earlier release, and 2 of its files would change"):
        release(assignment, later, out, judge(assignment))
    assert files_of(target) == before
    release(assignment, later, out, judge(assignment), replace=True)
    assert "4 December 2026, 23:59" in (target / "INSTRUCTIONS.md").read_text()
    assert [path.name for path in out.iterdir()] == ["small"]


def test_a_student_who_comes_later_changes_nothing_for_the_others(assignment: Assignment, tmp_path: Path) -> None:
    secret = "a secret of the course"
    early = roster_of(list(ROSTER)[:1])
    release(
        assignment,
        plan_for(assignment, roster=early, common=False, secret=secret),
        tmp_path / "out",
        judge(assignment),
    )
    target, _ = release(
        assignment,
        plan_for(assignment, roster=ROSTER, common=False, secret=secret),
        tmp_path / "out",
        judge(assignment),
    )
    assert (target / "ben.zip").is_file()


def test_another_secret_is_refused_once_somebody_has_data(assignment: Assignment, tmp_path: Path) -> None:
    first = plan_for(assignment, roster=ROSTER, common=False, secret="a secret of the course")
    release(assignment, first, tmp_path / "out", judge(assignment))
    other = plan_for(assignment, roster=ROSTER, common=False, secret="another secret, by accident")
    with pytest.raises(AssignmentError, match="2 students got other data in an earlier release, such as anna"):
        release(assignment, other, tmp_path / "other", judge(assignment))


def test_own_data_and_common_data_do_not_follow_each_other(assignment: Assignment, tmp_path: Path) -> None:
    own = plan_for(assignment, roster=ROSTER, common=False, secret="a secret of the course")
    release(assignment, own, tmp_path / "own", judge(assignment))
    for later in (Plan(), plan_for(assignment, roster=ROSTER, common=True, secret=None)):
        with pytest.raises(AssignmentError, match="would be marked on data that they do not have"):
            release(assignment, later, tmp_path / "later", judge(assignment))
    (assignment.folder / "released.json").unlink()
    release(assignment, Plan(), tmp_path / "later", judge(assignment))
    with pytest.raises(AssignmentError, match="2 students got other data in an earlier release"):
        release(assignment, own, tmp_path / "own", judge(assignment), replace=True)


def test_nothing_is_written_where_the_blank_notebook_earns_points(assignment: Assignment, tmp_path: Path) -> None:
    with pytest.raises(AssignmentError) as caught:
        release(assignment, Plan(), tmp_path / "out", judge(assignment, lenient=("spread",)))
    assert "NO: released notebook as it is: 'spread' earns 2 points: what students see of it is enough." in str(
        caught.value
    )
    assert "Nothing was released: 1 check of 7 did not hold." in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []
    assert not json.loads((assignment.folder / "proof.json").read_text())["holds"]
    assert read_released(assignment) is None


def test_a_mistake_that_is_not_recognised(assignment: Assignment, tmp_path: Path) -> None:
    marker = Marker(assignment)

    def forgetful(notebook: NotebookNode, seed: int | None, stop: object = None) -> SubmissionMarks:
        text = "\n".join(cell.source for cell in notebook.cells)
        if "median" not in text:
            return marker(notebook, seed)
        for cell in notebook.cells:
            cell.source = cell.source.replace("median", "mean")
        return marker(notebook, seed)

    proof = check_only(assignment, Plan(), Judge(mark=forgetful))
    (failed,) = proof.failed
    assert failed.what == "centre: median"
    assert "it earns 4 points instead of 1 point. recognised: none." in failed.reason
    assert "its feedback is not shown." in failed.reason
    assert "NO  centre: median" in proof.text


def test_a_model_that_does_not_pass_itself(assignment: Assignment) -> None:
    marker = Marker(assignment)

    def failing(notebook: NotebookNode, seed: int | None, stop: object = None) -> SubmissionMarks:
        if any("values.std()" in cell.source for cell in notebook.cells):
            for cell in notebook.cells:
                cell.source += "\nspread = None"
        return marker(notebook, seed)

    check = next(
        one for one in check_only(assignment, Plan(), Judge(mark=failing)).checks if one.what.startswith("model")
    )
    assert (check.wanted, check.found, check.holds) == ("6 points", "4 points", False)
    assert check.reason == "'spread' (missing): spread: It is None."


def test_a_canary_that_students_would_see_stops_the_release(tmp_path: Path) -> None:
    own = cells()
    own[0].source += f"\n\n{CANARY}"
    assignment = read_assignment(write_assignment(tmp_path, cells=own))
    with pytest.raises(AssignmentError, match=f"'{CANARY}' in small.ipynb; '{CANARY}' in small.zip, small/small.ipynb"):
        release(assignment, Plan(), tmp_path / "out", judge(assignment))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_canary_that_no_solution_holds_proves_nothing(tmp_path: Path) -> None:
    toml = TOML.replace("points = 10", 'points = 10\ncanary = "not there"')
    assignment = read_assignment(write_assignment(tmp_path, toml=toml))
    (failed,) = check_only(assignment, Plan(), judge(assignment)).failed
    assert "no solution holds 'not there', so the search means nothing" in failed.reason


def test_canaries_are_found_wherever_they_hide(tmp_path: Path) -> None:
    canary = "the-canary-5x"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep.txt", f"xx {canary}")
    hidden = {
        "plain.txt": canary.encode(),
        "escaped.json": json.dumps({"a": ["the-", "canary-5x"]}).encode(),
        "unicode.json": b'{"a": "the\\u002dcanary-5x"}',
        "utf16.txt": canary.encode("utf-16"),
        "zip.zip": inner.getvalue(),
        **{f"base{n}.txt": base64.b64encode(b"p" * n + canary.encode() + b"rest") for n in range(6)},
    }
    for name, data in hidden.items():
        assert leaks_in_bytes(data, [canary], name), name
        assert not leaks_in_bytes(data, ["another-canary"], name), name
    (tmp_path / f"{canary}.txt").write_text("nothing")
    assert leaks_in(tmp_path, [canary]) == [f"'{canary}' in the name {canary}.txt"]


def test_planted_canaries_would_be_found(assignment: Assignment) -> None:
    source, canaries = planted(read_source(assignment.source))
    untouched = json.dumps(source).encode()
    assert len(leaks_in_bytes(untouched, canaries, "source")) == len(canaries) > 15
    assert not leaks_in_bytes(json.dumps(student_notebook(assignment, source)).encode(), canaries, "released")


def test_instructions_say_what_to_do_and_nothing_of_the_solution(assignment: Assignment) -> None:
    page = instructions(assignment, datetime(2026, 12, 4, 23, 59))
    assert "Plan about 2 hours." in page
    assert "| Where is the centre? | 4 | `average` (a number), `bigger` (a choice); " in page
    assert "counts only if 'Where is the centre?' is right, or if this is right once the values of" in page
    assert "it can import Python's own modules and `cxkit`, `numpy`, `pandas`" in page
    assert "The columns of `data/scores.csv`: `" in page
    assert "| **together** | **10** | |" in page
    assert "Hand in by **4 December 2026, 23:59**." in page
    assert (
        "10 minutes more cost nothing. After that, each day begun costs 10 % of the points you earn, at most 50 %."
        in page
    )
    assert "median" not in page
    assert "It may have 20 MB and 2,000 cells" in page
    limits = Limits(cell_seconds=7, total_seconds=70, cpu_seconds=1234, memory_bytes=3 << 30, work_bytes=17 << 20,
                    output_bytes=5 << 20)  # fmt: skip
    said = instructions(replace(assignment, limits=limits))
    assert "A cell may take 7 seconds and print and show 5 MB: what goes on printing is cut." in said
    assert "take 70 seconds, 1,234 seconds of processor time on all cores together, 3,072 MB of memory" in said
    assert "and 17 MB for files that it writes." in said
    assert "`average` (a number), `bigger` (a choice); `bigger` counts only together with `average` |" in page
    assert "The deadline stands where you were given this assignment." in instructions(assignment)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_what_a_killed_release_has_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Every student's data lay in `release/.NAME.XXXX.part` for good; a release that goes on keeps its own."""
    target = tmp_path / "small"
    left, others = tmp_path / ".small.a1.part", tmp_path / ".smaller.a1.part"
    for folder in (left, others):
        folder.mkdir()
        (folder / "anna.zip").write_bytes(b"hers")
    with new_folder(target, replace=False) as building:
        assert (left.exists(), others.exists()) == (False, True)
        (building / "a").write_text("1")
        with new_folder(target, replace=False):
            assert building.is_dir(), "it goes on"
    target.rename(tmp_path / ".small.b2.old")  # as killed between the two steps
    with pytest.raises(AssignmentError, match="refused"), new_folder(target, replace=True):
        raise AssignmentError("refused")
    assert (target / "a").read_text() == "1"
    (tmp_path / ".small.b3.old").mkdir()
    with new_folder(target, replace=True) as building:
        (building / "a").write_text("2")
    assert sorted(path.name for path in tmp_path.iterdir()) == [others.name, "small"]
    assert (target / "a").read_text() == "2"


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    secret, is_new = course_secret(tmp_path)
    assert is_new
    assert course_secret(tmp_path) == (secret, False)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    (tmp_path / FILE_NAME).write_text("short")
    with pytest.raises(AssignmentError, match="too few for a secret. Restore it from your backup"):
        course_secret(tmp_path)


def test_a_constant_that_would_pass_stops_the_release(assignment: Assignment) -> None:
    weak = Judge(mark=Marker(assignment), weak=lambda: ["'bigger' is the same on every parameter set."])
    (failed,) = check_only(assignment, Plan(), weak).failed
    assert (failed.what, failed.found) == ("answers that a constant would pass for", "1")


def test_a_model_that_fails_is_told_once_and_nothing_more_is_tried(assignment: Assignment) -> None:
    marker = Marker(assignment)

    def broken(stop: object) -> None:
        raise MarkingError("The model answer of 'small' does not give every answer.")

    proof = check_only(assignment, Plan(), Judge(mark=marker, prepare=(("a", broken),)))
    assert [check.reason for check in proof.failed] == ["The model answer of 'small' does not give every answer."]
    assert marker.seeds == []


def test_what_goes_wrong_with_one_notebook_hides_no_other(assignment: Assignment) -> None:
    marker = Marker(assignment)

    def mark(notebook: NotebookNode, seed: int | None, stop: object = None) -> SubmissionMarks:
        if any("median" in cell.source for cell in notebook.cells):
            raise MarkingError("It cannot be marked.")
        return marker(notebook, seed)

    proof = check_only(assignment, Plan(), Judge(mark=mark))
    assert [(check.what, check.reason) for check in proof.failed] == [("centre: median", "It cannot be marked.")]
    assert len(proof.checks) == 7
