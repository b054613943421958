"""The panel on a marking sheet in a file: what is chosen is there when everything is closed and opened again."""

from __future__ import annotations

from threading import Thread

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.feedback import feedback_content, feedback_html
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.written import make_sheet, marking_panel, open_sheet
from cxkit.coursework.written.blind import read_key
from cxkit.coursework.written.results import outcome_of_sheet
from tests.coursework import small_assignment
from tests.coursework.test_panel import level, type_in, widgets, words

ME, OTHER = "A. Example", "B. Second"
STUDENTS = {f"syn{n}": f"What I, number {n}, think." for n in range(6)}


@pytest.fixture
def folder(tmp_path):
    assignment = read_assignment(small_assignment.write_assignment(tmp_path))
    make_sheet(tmp_path / "written", assignment, {"words": STUDENTS}, dict.fromkeys(STUDENTS, "0" * 64), seed="s")
    return tmp_path / "written", assignment


def test_marks_are_in_the_file_and_become_feedback(folder):
    with open_sheet(*folder) as sheet:
        panel = marking_panel(sheet, ME)
        for _ in STUDENTS:
            type_in(panel, "4", enter=True)
        level(panel, "nothing").click()
        widgets(panel, "Textarea")[0].value = "Say what the number carries."
    with open_sheet(*folder) as sheet:
        assert "6 of 6" in words(marking_panel(sheet, ME))
        assert "0 of 6" in words(marking_panel(sheet, OTHER))
        results = outcome_of_sheet(sheet, read_key(folder[0])).results
    assert set(results) == set(STUDENTS)
    (lowest,) = [student for student, (one,) in results.items() if one.points == 0]
    waiting = QuestionMark(question="words", points=0, out_of=4, outcome="awaiting")
    marks = SubmissionMarks(student=lowest, assignment="small", submission_sha256="0" * 64, questions=(waiting,))
    html = feedback_html(feedback_content(folder[1], marks, written=results[lowest]))
    assert "Say what the number carries." in html
    assert STUDENTS[lowest] in html


def test_nobody_is_named_in_the_panel(folder):
    with open_sheet(*folder) as sheet:
        panel = marking_panel(sheet, ME)
        for _ in range(6):
            assert not [student for student in STUDENTS if student in words(panel)]
            level(panel, "Next →").click()


def test_two_windows_of_one_marker_lose_nothing(folder):
    with open_sheet(*folder) as one, open_sheet(*folder) as two:
        first, second = marking_panel(one, ME), marking_panel(two, ME)
        widgets(first, "Textarea")[0].value = "From the first."
        widgets(second, "Textarea")[0].value = "From the second."
        level(second, "all of it").click()
        code = one.answers("words")[0].code
        mark = one.mark("words", code, ME)
        assert mark.comment == "From the first.\nFrom the second."
        assert mark.points == {"claim": 4}
        level(first, "Next →").click()
        assert one.mark("words", code, ME) == mark


def test_clicks_come_in_another_thread_than_the_cell_that_opened_the_sheet(folder):
    with open_sheet(*folder) as sheet:
        panel = marking_panel(sheet, ME)
        clicks = Thread(target=lambda: type_in(panel, "4", enter=True))
        clicks.start()
        clicks.join()
        assert "1 of 6" in words(panel)
        assert sheet.mark("words", sheet.answers("words")[0].code, ME).points == {"claim": 4}


def test_what_goes_wrong_in_a_click_is_never_called_saved(folder):
    with open_sheet(*folder) as sheet:
        panel = marking_panel(sheet, ME)
    level(panel, "all of it").click()
    assert "Not saved." in words(panel)
    assert "Saved." not in words(panel)
