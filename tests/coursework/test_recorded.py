"""What the gradebook adds to feedback and class view: written answers, lateness, decisions, another attempt."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.collecting.collection import Collection, as_json
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.feedback import feedback_content, feedback_html, recorded
from cxkit.coursework.gradebook import CoursePolicy, Gradebook
from cxkit.coursework.gradebook.exports import as_csv, for_nbgrader, from_roster, overview
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import write_marks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult
from cxkit.coursework.people.roster import Student, roster_of
from cxkit.errors import MarkingError
from tests.coursework import small_assignment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = WrittenResult(question="words", criteria=(CriterionResult(criterion="claim", points=4),), text="My <view>.")


def marks_of(student: str, centre: float = 4, sha256: str = "a" * 64) -> SubmissionMarks:
    questions = (
        QuestionMark(question="centre", points=centre, out_of=4, outcome="right" if centre == 4 else "partly"),
        QuestionMark(question="spread", points=2, out_of=2, outcome="right"),
        QuestionMark(question="words", points=0, out_of=4, outcome="awaiting"),
    )
    return SubmissionMarks(student=student, assignment="small", submission_sha256=sha256, questions=questions)


@pytest.fixture
def assignment(tmp_path):
    return read_assignment(small_assignment.write_assignment(tmp_path))


@pytest.fixture
def book(tmp_path, assignment):
    with Gradebook(tmp_path / "gradebook.db") as opened:
        opened.describe(assignment, at=NOW)
        yield opened


def test_written_answers_and_lateness(book, assignment):
    marks = [marks_of("anna"), marks_of("ben")]
    book.record(marks, late={("anna", "a" * 64): 3 * 3600.0}, at=NOW)
    book.record_written(assignment, {"anna": [WORDS]}, by="A. Example", at=NOW)
    found = recorded(book, assignment, marks)
    assert found.written == {"anna": (WORDS,), "ben": ()}
    # A tenth of the ten points a day.
    assert [(one.points, one.reason) for one in found.deductions["anna"]] == [(1.0, "1 day late")]
    assert (set(found.deductions), found.decisions) == ({"anna"}, {})


def test_the_last_decision_counts_until_it_is_taken_back(book, assignment):
    marks = [marks_of(student) for student in ("anna", "ben", "cleo")]
    book.record(marks, late={("anna", "a" * 64): 1e6}, at=NOW)
    book.override("small", "anna", 9, reason="Broken file", by="A. Example", at=NOW)
    book.excuse("small", "ben", reason="Ill", by="A. Example", at=NOW)
    book.override("small", "cleo", 1, reason="A slip", by="A. Example", at=NOW)
    book.lift("small", "cleo", reason="It was another", by="A. Example", at=NOW)
    found = recorded(book, assignment, marks)
    assert {who: (one.points, one.reason) for who, one in found.decisions.items()} == {
        "anna": (9, "Broken file"), "ben": (None, "Ill"),
    }  # fmt: skip
    assert found.deductions == {}


def test_a_better_attempt_that_counts_is_told(book, assignment):
    first, last = marks_of("anna", 4, "a" * 64), marks_of("anna", 1, "b" * 64)
    book.set_policy(CoursePolicy(attempts="best"), by="A. Example", reason="Syllabus", at=NOW)
    book.record([first], at=NOW)
    book.record([last], at=NOW)
    decision = recorded(book, assignment, [last]).decisions["anna"]
    assert decision.points == 6
    assert "Another of your submissions counts" in decision.reason
    page = feedback_html(feedback_content(assignment, last, decision=decision))
    assert "Another of your submissions counts" in page
    assert "by hand" not in page
    by_hand = replace(decision, is_by_hand=True)
    assert "Set by hand: Another" in feedback_html(feedback_content(assignment, last, decision=by_hand))


def of_hundredths(number: int) -> SubmissionMarks:
    """Points in hundredths, thirds and eighths, so that a tenth less of them ends between two hundredths as often."""
    centre = min(4, number * 37 % 400 / (100, 3 * 100, 8 * 100)[number % 3] + number % 2)
    questions = [replace(one, outcome="right") for one in marks_of("x", centre).questions]
    return SubmissionMarks(
        student=f"s{number:03d}", assignment="small", submission_sha256="a" * 64, questions=tuple(questions)
    )


def test_points_are_the_same_to_the_hundredth_on_pages_and_in_every_file(book, assignment, capsys):
    """24.75 less a tenth and a half stood as 17.32 on the page, and as 17.33 in gradebook and exports."""
    marks = [of_hundredths(number) for number in range(240)]
    book.record(marks, late={(one.student, "a" * 64): (n % 4) * 86400.0 for n, one in enumerate(marks)}, at=NOW)
    grades, settings = book.grades("small"), book.assignments()
    roster = roster_of([Student(id=one.student, name=one.student, lms_id=one.student) for one in marks])
    exact = {grade.student: grade.points for grade in grades}
    assert sum(abs(points * 100 % 1 - 0.5) < 1e-6 for points in exact.values()) > 20
    said = {grade.student: set() for grade in grades}

    def rows_of(export):
        return csv.reader(io.StringIO(export.data.decode("utf-8-sig"), newline=""))

    for row in rows_of(for_nbgrader(grades, roster)):
        if row[3] in said:
            said[row[3]].add(row[9])
            assert float(row[7]) - float(row[8]) == pytest.approx(float(row[9]), abs=0.0101)
    for system, key, cell in (("canvas", 2, 5), ("moodle", 0, 2), ("blackboard", 3, 4)):
        for row in rows_of(from_roster(system, grades, settings["small"], roster)):
            said.get(row[key], set()).add(row[cell])
    for row in rows_of(as_csv(*overview(grades, book.totals(), settings, roster))):
        said.get(row[0], set()).add(row[3])
    assert main(["gradebook", "show", "--assignment", "small", "--gradebook", str(book.path)]) == 0
    for line in capsys.readouterr().out.splitlines():
        said[line.split("\t")[1]].add(line.split("\t")[2].split()[0])
    found = recorded(book, assignment, marks)
    for one in marks:
        content = feedback_content(assignment, one, deductions=found.deductions.get(one.student, ()))
        said[one.student].add(re.search(r"<strong>([\d.]+)</strong> of 10", feedback_html(content))[1])
    assert {who: texts for who, texts in said.items() if len(texts) > 1} == {}
    for who, (text,) in said.items():
        assert float(text) - exact[who] == pytest.approx(0, abs=0.005 + 1e-9)


def test_marks_that_the_gradebook_does_not_hold_are_refused(book, assignment):
    with pytest.raises(MarkingError, match="does not hold the marks of 'anna'"):
        recorded(book, assignment, [marks_of("anna")])
    book.record([marks_of("anna", 2)], at=NOW)
    with pytest.raises(MarkingError, match=r"has 4 points for 'anna' before lateness, the marks have 6"):
        recorded(book, assignment, [marks_of("anna", 4)])


def test_the_commands_take_the_gradebook(tmp_path, book, assignment, capsys):
    marks = [marks_of("anna"), marks_of("ben")]
    write_marks(tmp_path / "marks", marks)
    book.record(marks, late={("anna", "a" * 64): 3600.0}, at=NOW)
    book.record_written(assignment, {who: [WORDS] for who in ("anna", "ben")}, by="A. Example", at=NOW)
    common = [str(assignment.folder), str(tmp_path / "marks"), "--gradebook", str(book.path)]
    assert main(["feedback", *common, "-o", str(tmp_path / "pages")]) == 0
    html = (tmp_path / "pages" / "anna.html").read_text(encoding="utf-8")
    for words in ("My &lt;view&gt;.", "1 day late", "Full marks", "<strong>9</strong> of 10"):
        assert words in html
    assert main(["class", *common, "-o", str(tmp_path / "class.html")]) == 0
    assert "answers wait for a marker" not in (tmp_path / "class.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["class", *common[:2], "--gradebook", str(tmp_path / "none.db")]) == 1
    assert "There is no gradebook" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()


@pytest.fixture
def two_handed_in(tmp_path, assignment):
    """Anna's notebook in time is marked; another one, three days late, is collected. Ben's was not marked at all."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    rows = (
        Submission(
            student="anna", path=folder / "anna.ipynb", status="late", late_seconds=3 * 86400.0, sha256="b" * 64
        ),
        Submission(student="ben", path=folder / "ben.ipynb", sha256="c" * 64),
        Submission(student="cleo", path=None, status="missing"),
    )
    (folder / "collection.json").write_text(as_json(Collection(assignment="small", submissions=rows)), encoding="utf-8")
    write_marks(tmp_path / "marks", [marks_of("anna")])
    return [str(assignment.folder), str(tmp_path / "marks")], ["--submissions", str(folder)]


def test_lateness_is_that_of_the_marked_notebook(tmp_path, book, assignment, two_handed_in, capsys):
    marks, submissions = two_handed_in
    record = ["gradebook", "record", *marks, *submissions, "-g", str(book.path)]
    book.record([marks_of("anna")], late={("anna", "a" * 64): 0.0}, at=NOW)
    before = book.history()
    assert main(record) == 0
    told = capsys.readouterr()
    assert "0 marks recorded, 1 were there" in told.out
    assert "1 student are not of the notebook that is collected now, but of another one: anna." in told.err
    assert "have no marks here: ben." in told.err
    assert "cleo" not in told.err
    assert [(one.points, one.penalty) for one in book.grades()] == [(6, 0)]
    assert book.history() == before
    write_marks(tmp_path / "marks", [marks_of("anna", sha256="b" * 64), marks_of("ben", sha256="c" * 64)])
    assert main(record) == 0
    assert "collected" not in capsys.readouterr().err
    assert {one.student: one.points for one in book.grades()} == {"anna": pytest.approx(4.2), "ben": 6}
    book.set_policy(CoursePolicy(attempts="best"), by="A. Example", reason="Syllabus", at=NOW)
    assert {one.student: one.points for one in book.grades()} == {"anna": 6, "ben": 6}


def test_pages_of_a_notebook_that_is_not_the_collected_one_are_told(tmp_path, two_handed_in, capsys):
    marks, submissions = two_handed_in
    assert main(["feedback", *marks, *submissions, "-o", str(tmp_path / "pages")]) == 0
    assert "but of another one: anna." in capsys.readouterr().err


def test_whose_lateness_is_not_known_is_named_until_it_is(tmp_path, book, assignment, two_handed_in, capsys):
    marks, submissions = two_handed_in
    record = ["gradebook", "record", *marks, "-g", str(book.path)]
    nothing = marks_of("cleo", sha256="")
    write_marks(tmp_path / "marks", [marks_of("anna", sha256="b" * 64), marks_of("ben", sha256="c" * 64), nothing])
    for added in (3, 0):
        assert main(record) == 0
        told = capsys.readouterr()
        assert f"{added} marks recorded" in told.out
        assert "Lateness is not known of anna, ben: recorded as in time. Give --submissions" in told.err
    assert main([*record, *submissions]) == 0
    assert "Lateness is not known" not in capsys.readouterr().err
    assert main(record) == 0  # known from now on
    told = capsys.readouterr()
    assert "0 marks recorded, 3 were there" in told.out
    assert "Lateness is not known" not in told.err
    assert [(one.student, one.late_days) for one in book.grades()] == [("anna", 3), ("ben", 0), ("cleo", 0)]


def test_whose_lateness_a_collection_does_not_know_is_named_too(tmp_path, book, two_handed_in, capsys):
    marks, submissions = two_handed_in
    path = Path(submissions[1]) / "collection.json"
    content = json.loads(path.read_text())
    for row in content["submissions"]:
        row.update(late_is_known=False, late_seconds=0.0)
    path.write_text(json.dumps(content))
    write_marks(tmp_path / "marks", [marks_of("ben", sha256="c" * 64)])
    assert main(["gradebook", "record", *marks, *submissions, "-g", str(book.path)]) == 0
    assert (
        "Lateness is not known of anna, ben: recorded as in time. Collect again with --due" in capsys.readouterr().err
    )


def test_of_a_marked_notebook_that_gave_way_lateness_is_not_that_of_the_other(book, two_handed_in, capsys):
    marks, submissions = two_handed_in  # marked, not yet recorded, and another one collected since
    assert main(["gradebook", "record", *marks, *submissions, "-g", str(book.path)]) == 0
    assert "Lateness is not known of anna:" in capsys.readouterr().err
    assert [one.penalty for one in book.grades()] == [0]


@pytest.mark.parametrize("what", [["--points", "3"], ["--excuse"], ["--lift"]])
def test_decisions_about_nobody_are_refused(what, book, capsys):
    book.record([marks_of("anna"), marks_of("ben")], at=NOW)
    before = book.history()
    why = ["--reason", "Appeal", "--by", "A. Example", "-g", str(book.path)]
    assert main(["gradebook", "override", "small", "anma", *what, *why]) == 1
    assert "The student 'anma' is not in the gradebook. Did you mean 'anna'?" in capsys.readouterr().err
    assert book.history() == before
    assert main(["gradebook", "override", "small", "anna", *what, *why]) == 0
    assert capsys.readouterr().err == ""


def test_points_above_those_of_the_assignment_are_noted(book, capsys):
    book.record([marks_of("anna")], at=NOW)
    why = ["--reason", "Appeal", "--by", "A. Example", "-g", str(book.path)]
    assert main(["gradebook", "override", "small", "anna", "--points", "35", *why]) == 0
    assert "35 points are more than the 10 of small" in capsys.readouterr().err
    assert main(["gradebook", "override", "small", "anna", "--points", "10", *why]) == 0
    assert capsys.readouterr().err == ""
