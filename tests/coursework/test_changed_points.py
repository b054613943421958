"""Points that change after the marking: nobody's earlier marks fall by it unsaid, or are mixed with new ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.feedback import feedback_content, recorded
from cxkit.coursework.gradebook import Gradebook
from cxkit.coursework.marking.class_run import mark_class
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import write_marks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult
from tests.coursework.small_assignment import TOML, write_assignment


def with_points(average, spread, words=4):
    """The description with points of its own for two answers and the written question."""
    total = average + 1 + spread + words
    made = TOML
    for old, new in (
        ("\npoints = 10\n", f"\npoints = {total}\n"),
        ('centre?"\npoints = 4', f'centre?"\npoints = {average + 1}'),
        ('"average"\ntype = "number"\npoints = 3', f'"average"\ntype = "number"\npoints = {average}'),
        ('it?"\npoints = 2', f'it?"\npoints = {spread}'),
        ('"spread"\ntype = "number"\npoints = 2', f'"spread"\ntype = "number"\npoints = {spread}'),
        ('mean?"\npoints = 4', f'mean?"\npoints = {words}'),
        ('"claim"\npoints = 4', f'"claim"\npoints = {words}'),
        ("4: all", f"{words}: all"),
    ):
        assert old in made
        made = made.replace(old, new)
    return made


MORE, MOVED = with_points(3, 4), with_points(1, 4)


def earned(student, points, outcome="right", sha256="ab" * 32):
    questions = tuple(
        QuestionMark(question=key, points=got, out_of=of, outcome="awaiting" if key == "words" else outcome)
        for (key, of), got in zip({"centre": 4, "spread": 2, "words": 4}.items(), points, strict=True)
    )
    return SubmissionMarks(student=student, assignment="small", submission_sha256=sha256, questions=questions)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A class of one whose notebook is not there any more; `change` gives the assignment other points."""
    monkeypatch.setattr(References, "weak_answers", lambda self: [])
    folder = write_assignment(tmp_path)
    write_marks(tmp_path / "marks", [earned("ann", (4, 2, 0))])
    missing = [Submission(student="ann", path=None, status="missing")]

    def change(toml):
        (folder / "assignment.toml").write_text(toml, encoding="utf-8")
        assignment = read_assignment(folder)
        return assignment, mark_class(assignment, missing, tmp_path / "marks", progress=False)

    return tmp_path, change


@pytest.mark.parametrize(("toml", "differs"), [(MORE, "'spread' 2, now 4"), (MOVED, "'centre' 4, now 2, 'spread' 2")])
def test_marks_of_a_notebook_that_is_not_there_stay_and_that_is_said(course, toml, differs):
    folder, change = course
    before = (folder / "marks" / "ann.json").read_bytes()
    assignment, result = change(toml)
    assert (folder / "marks" / "ann.json").read_bytes() == before
    assert result.kept == ("ann",)
    assert "are by other points than the assignment has now: ann (" + differs in result.text
    assert "median" not in result.text
    page = feedback_content(assignment, result.marks[0])
    assert [(one.points, one.out_of) for one in page.questions] == [(4, 4), (2, 2), (0, 4)]


def test_the_gradebook_keeps_them_out_of_their_own_total_and_exports_no_share_of_another(course, capsys):
    folder, change = course
    own = [str(folder / name) for name in ("small", "marks")]
    book = ["-g", str(folder / "book.db")]
    assert main(["gradebook", "record", *own, *book]) == 0
    change(MORE)
    assert main(["gradebook", "record", *own, *book]) == 0
    assert "by other points than the assignment has now: ann ('spread' 2, now 4)" in capsys.readouterr().err
    with Gradebook(folder / "book.db") as opened:
        (grade,) = opened.grades()
        assert (grade.points, grade.out_of, grade.state) == (6, 10, "other_points")
        assert opened.totals()[0].share == pytest.approx(0.6)
    (folder / "class.csv").write_text("student\nann\n", encoding="utf-8")
    options = ["--roster", str(folder / "class.csv"), *book, "-o", str(folder / "out.csv"), "--assignment", "small"]
    assert main(["gradebook", "export", "--to", "canvas", *options]) == 0
    assert (
        "1 student left out, marked out of another total than the assignment has now: ann." in capsys.readouterr().err
    )


def test_a_written_mark_of_other_points_waits_again_in_place_of_counting_beside_new_ones(course):
    folder, _ = course
    assignment = read_assignment(folder / "small")
    old = earned("ann", (4, 2, 0))
    new = SubmissionMarks(**{**vars(old), "questions": (*old.questions[:2], QuestionMark(
        question="words", points=0, out_of=8, outcome="awaiting"))})  # fmt: skip
    result = WrittenResult(question="words", criteria=(CriterionResult(criterion="claim", points=4),))
    with Gradebook(folder / "book.db") as book:
        book.describe(assignment)
        book.record([old])
        book.record_written(assignment, {"ann": [result]}, by="A marker")
        assert recorded(book, assignment, [old]).written == {"ann": (result,)}
        (folder / "small" / "assignment.toml").write_text(with_points(3, 2, 8), encoding="utf-8")
        book.describe(read_assignment(folder / "small"))
        book.record([new])
        (grade,) = book.grades()
        assert (grade.points, grade.state) == (6, "awaiting")
        assert recorded(book, assignment, [new]).written == {"ann": ()}


def test_points_set_by_hand_stay_out_of_their_total_on_the_page_and_are_named(course, capsys):
    """The gradebook had 7 of 10, the page 7 of 12, and "mark again" changed nothing of it."""
    folder, change = course
    own = [str(folder / name) for name in ("small", "marks")]
    book, roster = ["-g", str(folder / "book.db")], ["--roster", str(folder / "class.csv")]
    (folder / "class.csv").write_text("student\nann\n", encoding="utf-8")
    assert main(["gradebook", "record", *own, *book]) == 0
    points = ["gradebook", "override", "small", "ann", "--reason", "Agreed.", "--by", "A. Example", *book, "--points"]
    assert main([*points, "7"]) == 0
    assignment, _ = change(MORE)
    questions = tuple(
        QuestionMark(question=one.id, points=1, out_of=one.points, outcome="partly") for one in assignment.questions
    )
    write_marks(folder / "marks", [replace(earned("ann", (4, 2, 0)), questions=questions)])
    capsys.readouterr()
    assert main(["gradebook", "record", *own, *book]) == 0
    assert "total than the assignment has now: ann (7 of 10). Marking again does not change" in capsys.readouterr().err
    assert main(["gradebook", "show", *book]) == 0
    assert "Set out of 10; the assignment has 12 points now: set it again, or lift it." in capsys.readouterr().out
    pages = ["feedback", *own, "-o", str(folder / "pages"), *roster, "--gradebook", str(folder / "book.db")]
    assert main(pages) == 0
    assert "ann (7 of 10)" in capsys.readouterr().err
    page = (folder / "pages" / "ann.html").read_text("utf-8")
    assert "<strong>7</strong> of 10 points" in page
    assert "Not final: these points are out of 10; the questions below come to 12 points." in page
    export = ["gradebook", "export", "--to", "csv", *roster, *book, "-o", str(folder / "out.csv")]
    assert main(export) == 0
    assert "whose points were set by hand out of another total" in capsys.readouterr().err
    assert main([*points, "8"]) == 0
    assert main(pages) == main(export) == 0
    assert "by hand" not in capsys.readouterr().err
    page = (folder / "pages" / "ann.html").read_text("utf-8")
    assert "<strong>8</strong> of 12 points" in page
    assert "Not final" not in page
