"""What goes into a gradebook stays there, once, with its reason; and what it comes to is worked out by hand here."""

import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from cxkit.coursework.gradebook import AssignmentSettings, CoursePolicy, Gradebook
from cxkit.coursework.gradebook.grades import late_share
from cxkit.coursework.gradebook.lateness import lateness_text
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult
from cxkit.errors import MarkingError
from tests.coursework import gradebook_writer
from tests.coursework.synthetic_class import synthetic_class

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HW1 = AssignmentSettings(id="hw1", title="Homework 1", points=10, grace_minutes=10, per_day=0.1, at_most=0.25)
HW2 = AssignmentSettings(id="hw2", title="Homework 2", points=20, weight=3)
HW3 = AssignmentSettings(id="hw3", title="Homework 3", points=10)
DAY = 86_400.0


def marks(student="s1", points=8.0, assignment="hw1", version="v1", out_of=10.0, outcome="right"):
    question = QuestionMark(question="q", points=points, out_of=out_of, outcome=outcome)
    return SubmissionMarks(
        student=student, assignment=assignment, submission_sha256=version, questions=(question,), source="cxkit test"
    )


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "gradebook.db") as book:
        for settings in (HW1, HW2, HW3):
            assert book.describe(settings, at=NOON)
        yield book


def grade(book, student="s1", assignment="hw1"):
    (found,) = (one for one in book.grades(assignment) if one.student == student)
    return found


def test_the_same_marks_again_add_nothing(book, tmp_path):
    class_marks = list(synthetic_class(40).marks.values())
    book.describe(AssignmentSettings(id="validate-instrument", title="T", points=40))
    assert book.record(class_marks).added == 40
    size, before = book.path.stat().st_size, book.history()
    again = book.record(class_marks)
    assert (again.added, again.unchanged) == (0, 40)
    assert not book.describe(HW1)
    assert (book.path.stat().st_size, book.history()) == (size, before)
    assert book.record([marks(points=7)]).added == 1
    assert book.record([marks(points=8)]).added == 1
    assert book.record([marks(points=7)]).added == 1  # back to the first is news
    assert [entry.points for entry in book.history("hw1", "s1")] == [7, 8, 7]


def test_a_reason_is_kept_with_marks_that_are_new_and_with_no_others(book):
    """A reason for one student stood beside the marks of the whole class, each recorded once more."""
    book.record([marks("s1"), marks("s2")])
    book.record([marks("s1"), marks("s2", points=0)], may_be_zero=["s2"], reason="Empty now.")
    assert [[entry.reason for entry in book.history("hw1", who)] for who in ("s1", "s2")] == [[""], ["", "Empty now."]]
    again = book.record([marks("s1"), marks("s2", points=0)], reason="Again.")
    assert (again.added, again.unchanged) == (0, 2)


@pytest.mark.parametrize(
    ("late", "told"),
    [
        ({}, "lateness not known"), ({("s1", "v1"): 0.0}, "in time"), ({("s1", "v1"): 90.0}, "late by 0:02 h"),
        ({("s1", "v1"): DAY + 3600}, "late by 1 day 1:00 h"), ({("s1", "v1"): 2 * DAY}, "late by 2 days 0:00 h"),
        ({("s1", "v1"): None}, "late, by a time that is not known"),
    ],
)  # fmt: skip
def test_the_history_tells_how_late_a_submission_was_recorded_as(book, late, told):
    """Three lines with the same points and no reason differed in lateness alone, which none of them told."""
    book.record([marks()], late=late)
    assert lateness_text(book.history("hw1", "s1")[-1]) == told
    book.override("hw1", "s1", 9, reason="Appeal.", by="A. Example")
    assert lateness_text(book.history("hw1", "s1")[-1]) == ""


def test_every_mark_is_kept_with_who_when_and_why(book):
    book.record([marks(points=8)], at=NOON)
    book.override("hw1", "s1", 9, reason="The data file was broken.", by="A. Example", at=NOON)
    first, second = book.history("hw1", "s1")
    assert (first.kind, first.points, first.marker, first.version, first.time) == ("marks", 8, "cxkit test", "v1", NOON)
    assert (second.kind, second.points, second.marker) == ("override", 9, "A. Example")
    assert second.reason == "The data file was broken."
    assert first.detail["marks"]["questions"][0]["outcome"] == "right"


@pytest.mark.parametrize("statement", ["UPDATE entries SET points = 10", "DELETE FROM entries"])
def test_nothing_is_changed_or_removed(book, statement):
    book.record([marks()])
    with sqlite3.connect(book.path) as other, pytest.raises(sqlite3.IntegrityError, match="entries are never"):
        other.execute(statement)
    other.close()
    book.check()


def test_what_was_changed_by_other_means_is_found(book):
    book.record([marks()])
    with sqlite3.connect(book.path) as other:
        other.execute("DROP TRIGGER never_changed")
        other.execute("UPDATE entries SET points = 10 WHERE kind = 'marks'")
    other.close()
    with pytest.raises(MarkingError, match="entries 4 were changed by other means"):
        book.check()


def test_a_class_is_recorded_whole_or_not_at_all(book):
    with pytest.raises(
        MarkingError, match=r"2 problems found(?s:.*)'s3' has 12 points out of 10(?s:.*)marked out of 5"
    ):
        book.record([marks("s2"), marks("s3", 12), marks("s4", 5, out_of=5.0)])
    with pytest.raises(MarkingError, match="'hw9' is not in the gradebook"):
        book.record([marks("s2"), marks(assignment="hw9")])
    assert book.grades() == ()


@pytest.mark.parametrize("points", [float("nan"), float("inf"), -1.0])
def test_points_that_are_none_are_refused(book, points):
    with pytest.raises(MarkingError):
        book.record([marks(points=points)])
    with pytest.raises(MarkingError, match="are no points"):
        book.override("hw1", "s1", points, reason="x", by="y")


def test_decisions_need_a_reason_and_a_person(book):
    with pytest.raises(MarkingError, match="Say why"):
        book.override("hw1", "s1", 1, reason=" ", by="A")
    with pytest.raises(MarkingError, match="Say who"):
        book.excuse("hw1", "s1", reason="ill", by="")
    with pytest.raises(MarkingError, match="Did you mean 'hw1'"):
        book.override("hw_1", "s1", 1, reason="x", by="A")


@pytest.mark.parametrize(
    ("seconds", "days", "share"),
    [(0, 0, 0.0), (600, 0, 0.0), (601, 1, 0.1), (600 + DAY, 1, 0.1), (601 + DAY, 2, 0.2), (601 + 5 * DAY, 6, 0.25)],
)
def test_lateness_costs_a_share_for_every_day_begun(seconds, days, share):
    assert late_share(seconds, HW1) == (days, pytest.approx(share))


def test_late_points(book):
    book.record([marks("s1", 8), marks("s2", 8), marks("s3", 8)], late={("s1", "v1"): 2 * DAY, ("s3", "v1"): None})
    one, two, three = (grade(book, student) for student in ("s1", "s2", "s3"))
    assert (one.earned, one.penalty, one.points, one.late_days, one.note) == (8, 1.6, 6.4, 2, "2 days late: 20% off.")
    assert (two.points, two.note) == (8, "")
    assert three.points == 8
    assert "not known" in three.note


def test_the_latest_attempt_counts_or_the_best(book):
    for version, points in (("v1", 6), ("v2", 9), ("v3", 7)):
        book.record([marks(points=points, version=version)])
    assert (grade(book).points, grade(book).attempts) == (7, 3)
    book.set_policy(CoursePolicy(attempts="best"), by="A", reason="As announced.")
    assert grade(book).points == 9
    book.record([marks(points=5, version="v2")])  # marked again: the corrected mark of that attempt counts
    assert grade(book).points == 7
    with pytest.raises(MarkingError, match="'latest' or 'best'"):
        book.set_policy(CoursePolicy(attempts="worst"), by="A", reason="x")


def test_an_override_stands_until_it_is_lifted(book):
    book.record([marks(points=6)])
    assert book.override("hw1", "s1", 9.5, reason="Appeal.", by="A")
    assert not book.override("hw1", "s1", 9.5, reason="Appeal.", by="A")
    book.record([marks(points=3, version="v2")])
    assert (grade(book).points, grade(book).note) == (9.5, "Set by hand: Appeal. (A)")
    book.record([marks(points=3, version="v3")], late={("s1", "v3"): None})
    told = "Set by hand: Appeal. (A) Without that: Late by a time that is not known: nothing was taken off."
    assert (grade(book).points, grade(book).note) == (9.5, told)
    book.record([marks(points=3, version="v2")], late={("s1", "v2"): 0})
    book.excuse("hw1", "s1", reason="Ill.", by="B")
    assert (grade(book).points, grade(book).state) == (None, "excused")
    book.lift("hw1", "s1", reason="By mistake.", by="B")
    assert (grade(book).points, grade(book).state) == (3, "marked")
    assert book.override("hw1", "s1", 9.5, reason="Appeal.", by="A")  # after the lift the same is news


def test_totals_by_weight_after_drops_and_without_what_is_excused(book):
    book.record([marks("s1", 5), marks("s1", 18, "hw2", out_of=20.0), marks("s1", 10, "hw3")])
    book.record([marks("s2", 5), marks("s2", 18, "hw2", out_of=20.0)])
    shares = {total.student: total.share for total in book.totals()}
    assert shares == {"s1": pytest.approx((0.5 + 3 * 0.9 + 1.0) / 5), "s2": pytest.approx((0.5 + 3 * 0.9) / 4)}
    book.set_policy(CoursePolicy(drop_lowest=1), by="A", reason="As announced.")
    one, two = book.totals()
    assert (one.share, one.dropped) == (pytest.approx((3 * 0.9 + 1.0) / 4), ("hw1",))
    assert (two.share, two.dropped) == (pytest.approx(0.9), ("hw1",))
    book.excuse("hw2", "s2", reason="Ill.", by="A")
    assert book.totals()[1].share == pytest.approx(0.5)  # the last one left is not dropped
    book.excuse("hw1", "s2", reason="Ill.", by="A")
    assert book.totals()[1].share is None


def test_written_marks_join_those_of_the_same_submission(tmp_path):
    made = synthetic_class(10, without_written=True)
    student, one = next((key, one) for key, one in made.marks.items() if one.submission_sha256)
    full = {
        question.id: WrittenResult(
            question=question.id,
            criteria=tuple(CriterionResult(criterion=c.id, points=c.points) for c in question.rubric),
        )
        for question in made.assignment.questions
        if question.kind == "written"
    }
    partial = WrittenResult(question="argument", criteria=(CriterionResult(criterion="claim", points=3),))
    with Gradebook(tmp_path / "g.db") as book:
        book.describe(made.assignment)
        with pytest.raises(MarkingError, match="has no marks"):
            book.record_written(made.assignment, {student: full.values()}, by="A")
        book.record([one])
        assert grade(book, student, made.assignment.id).state == "awaiting"
        assert book.record_written(made.assignment, {student: [partial]}, by="A").added == 0
        assert book.record_written(made.assignment, {student: [full["argument"]]}, by="A").added == 1
        assert grade(book, student, made.assignment.id).state == "awaiting"
        assert book.record_written(made.assignment, {student: full.values()}, by="A").added == 1
        now = grade(book, student, made.assignment.id)
        assert (now.state, now.points) == ("marked", pytest.approx(one.points + 12))
        assert book.record([one]).added == 0  # the machine's marks again do not take them away
        assert grade(book, student, made.assignment.id) == now
        book.record([SubmissionMarks(**(one.__dict__ | {"submission_sha256": "other"}))])
        assert grade(book, student, made.assignment.id).state == "awaiting"


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at " * 40)
    with pytest.raises(MarkingError, match="is not a gradebook"):
        Gradebook(tmp_path / "text.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE grade (id)")
    other.close()
    with pytest.raises(MarkingError, match="the database of another program"):
        Gradebook(tmp_path / "other.db")
    Gradebook(tmp_path / "new.db").close()
    with sqlite3.connect(tmp_path / "new.db") as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(MarkingError, match="a newer version of cxkit"):
        Gradebook(tmp_path / "new.db")


def _write(path, writer, count):
    with Gradebook(path) as book:
        book.describe(HW1)
        for number in range(count):
            book.record([marks(f"w{writer}-{number}", number % 10)])


def test_writers_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "shared.db"
    writers = [context.Process(target=_write, args=(path, n, 25)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    with Gradebook(path) as book:
        book.check()
        assert len(book.grades()) == 75
        assert sum(entry.kind == "assignment" for entry in book.history()) == 1


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_killed_twenty_times_the_gradebook_is_as_if_nothing_had_happened(tmp_path):
    chance = random.Random(7)
    undisturbed, path = tmp_path / "undisturbed.db", tmp_path / "killed.db"
    gradebook_writer.write(undisturbed)
    held = []
    for _ in range(20):
        command = [sys.executable, "-m", "tests.coursework.gradebook_writer", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"begun\n"
            time.sleep(chance.uniform(0, 0.06))
            writer.kill()
        with Gradebook(path) as book:
            book.check()
            held.append(len(book.grades()))
    assert all(count % gradebook_writer.TOGETHER == 0 for count in held)  # recorded together, there together
    assert held == sorted(held)
    gradebook_writer.write(path)
    with Gradebook(path) as book, Gradebook(undisturbed) as wanted:
        book.check()
        assert book.grades() == wanted.grades()
        assert [entry.digest for entry in book.history()] == [entry.digest for entry in wanted.history()]


def test_marks_that_would_fall_to_nothing_stop_the_record_and_are_listed(book):
    book.record([marks("s1", 8), marks("s2", 7), marks("s3", 0)])
    lost = [marks(student, 0, version="", outcome="refused") for student in ("s1", "s2", "s3")]
    before = book.history()
    with pytest.raises(MarkingError, match=r"2 students would fall to 0:\n  s1: 8 points now\n  s2: 7 points now"):
        book.record([marks("s4", 5), *lost])
    assert book.history() == before
    with pytest.raises(MarkingError, match=r"1 student would fall to 0:\n  s2"):
        book.record(lost, may_be_zero=["s1"])
    assert book.record(lost, may_be_zero=["s1", "s2"]).fell == (("s1", 8, 0), ("s2", 7, 0))
    assert book.record([marks("s4", 5)]).fell == ()
    assert book.record([marks("s4", 3)]).fell == (("s4", 5, 3),)


def test_written_marks_count_among_those_that_may_not_fall(book):
    book.record([marks("s1", 0)])
    book.override("hw1", "s1", 9, reason="Appeal", by="A")
    assert book.record([marks("s1", 0, version="v2")]).fell == ()  # what a person has set stands above it
    book.set_policy(CoursePolicy(attempts="best"), by="A", reason="As announced.")
    book.record([marks("s2", 6)])
    assert book.record([marks("s2", 0, version="v2")]).fell == ()  # the better attempt counts


def test_lateness_of_a_submission_is_not_forgotten(book):
    book.record([marks("s1", 8)], late={("s1", "v1"): DAY})
    assert grade(book).penalty > 0
    assert book.record([marks("s1", 8)]).added == 0
    book.record([marks("s1", 7)])
    assert grade(book).penalty > 0
    book.record([marks("s1", 7)], late={("s1", "v1"): 0.0})
    assert grade(book).penalty == 0
