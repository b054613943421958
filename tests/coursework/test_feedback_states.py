"""Every sentence of a feedback page is so of this student: a page of each state, and what it may and may not say."""

from __future__ import annotations

import re

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.feedback import Decision, Deduction, feedback_content, feedback_html
from cxkit.coursework.marking.submission import unmarked
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark, SubmissionMarks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult
from tests.coursework.small_assignment import write_assignment

RAN = "Your notebook was run with the data that you were given."
COMPARED = "What it left was compared"
JUDGED = "A person marked the written answer with the criteria shown."
WILL_JUDGE = "A person will mark the written answer with the criteria shown."
WAITS = "Not final: 4 points wait"
GAIN = "Most to gain"
BY = "marked by cxkit"
LATE = "1 day late"
UNDECIDED = "Not decided yet"
REFUSED = "If you think that this is wrong"
ERROR = "Stopped with an error"
STOPPED = "Was stopped"
NOT_RUN = "Did not run"
SENTENCES = (RAN, COMPARED, JUDGED, WILL_JUDGE, WAITS, GAIN, BY, LATE, UNDECIDED, REFUSED, ERROR, STOPPED, NOT_RUN)
MACHINE = {RAN, COMPARED, BY}
WRITTEN = WrittenResult(question="words", criteria=(CriterionResult(criterion="claim", points=4),), text="Mine.")


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return read_assignment(write_assignment(tmp_path_factory.mktemp("states")))


def marked(*outcomes, **changes):
    questions = tuple(
        QuestionMark(
            question=key, points=of if outcome == "right" else 0, out_of=of, outcome=outcome,
            answers=() if key == "words" else (AnswerCheck(name="x", outcome=outcome, given=given),),
        )
        for key, of, outcome, given in zip(
            ("centre", "spread", "words"), (4, 2, 4), outcomes, ("3", "", ""), strict=False
        )
    )  # fmt: skip
    own = {"student": "ann", "assignment": "small", "submission_sha256": "ab" * 32, "source": "cxkit 1"}
    return SubmissionMarks(**(own | {"questions": questions} | changes))


def nothing(assignment, status):
    return unmarked(assignment, Submission(student="ann", path=None, status=status))


def page(assignment, marks, **more):
    html = feedback_html(feedback_content(assignment, marks, **more))
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL).split())


ENDED = "The run was ended in cell 4. The cells below it did not run."
LATENESS = [Deduction(points=1, reason=LATE)]
STATES = {
    "marked": ({"outcomes": ("right", "wrong", "awaiting"), "written": [WRITTEN]}, MACHINE | {JUDGED, GAIN}),
    "written pending": ({"outcomes": ("right", "wrong", "awaiting")}, MACHINE | {WILL_JUDGE, WAITS, GAIN}),
    "late": ({"outcomes": ("right", "wrong", "awaiting"), "deductions": LATENESS},
             MACHINE | {WILL_JUDGE, WAITS, GAIN, LATE}),
    "set by hand": ({"outcomes": ("right", "wrong", "awaiting"), "decision": Decision(points=5, reason="Agreed."),
                     "deductions": LATENESS}, MACHINE | {WILL_JUDGE}),
    "ended run": ({"outcomes": ("stopped", "not_run", "awaiting")},
                  MACHINE | {WILL_JUDGE, WAITS, GAIN, STOPPED, NOT_RUN}),
    "an error": ({"outcomes": ("right", "crashed", "awaiting")}, MACHINE | {WILL_JUDGE, WAITS, GAIN, ERROR}),
    "missing": ({"status": "missing"}, {REFUSED}),
    "withdrawn": ({"status": "withdrawn"}, {REFUSED}),
    "undecided": ({"status": "two_files"}, {REFUSED, UNDECIDED}),
    "not run": ({"status": "unreadable"}, {REFUSED, UNDECIDED}),
    "undecided, set by hand": ({"status": "two_files", "decision": Decision(points=None, reason="Ill.")},
                               {REFUSED, UNDECIDED}),
    "made up": ({"outcomes": ("right", "wrong", "awaiting"), "source": "synthetic class"}, {WAITS, GAIN}),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_a_page_says_what_is_so_and_nothing_else(state, assignment):
    how, said = STATES[state]
    more = {key: value for key, value in how.items() if key in ("written", "deductions", "decision")}
    changes = {"source": how["source"]} if "source" in how else {}
    if "not_run" in how.get("outcomes", ()):
        changes["causes"] = (ENDED,)
    marks = nothing(assignment, how["status"]) if "status" in how else marked(*how["outcomes"], **changes)
    text = page(assignment, marks, **more)
    assert {sentence for sentence in SENTENCES if sentence in text} == said
    assert (ENDED in text) == ("causes" in changes)
    assert ("Nothing of what you handed in has been run." in text) == (how.get("status") in {"two_files", "unreadable"})


def test_what_was_not_seen_is_not_called_nothing_and_a_later_question_was_not_asked(assignment):
    assert "Yours nothing was seen" in page(assignment, marked("right", "not_run", "awaiting"))
    assert "Yours nothing that can be shown here" in page(assignment, marked("right", "wrong", "awaiting"))
    earlier = marked("right", "wrong")
    assert "was not in the assignment when your notebook was marked" in page(assignment, earlier)
