import json
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.marking.fingerprint import version_notes
from cxkit.coursework.marks.data import AnswerCheck, Outcome, QuestionMark, SubmissionMarks, marks_from_data

words = st.text(max_size=12)
outcomes = st.sampled_from(get_args(Outcome))
points = st.floats(0, 100)
answers = st.builds(AnswerCheck, name=words, outcome=outcomes, given=words, asked=words, reason=words)
questions = st.builds(
    QuestionMark,
    question=words,
    points=points,
    out_of=points,
    outcome=outcomes,
    feedback=st.lists(words, max_size=2).map(tuple),
    answers=st.lists(answers, max_size=2).map(tuple),
    mistakes=st.lists(words, max_size=2).map(tuple),
)
submissions = st.builds(
    SubmissionMarks,
    student=words,
    assignment=words,
    submission_sha256=words,
    questions=st.lists(questions, max_size=3).map(tuple),
    notes=st.lists(words, max_size=2).map(tuple),
    protection=words,
    source=words,
    assignment_sha256=words,
)


@given(submissions)
def test_marks_survive_a_journey_through_json(marks):
    assert marks_from_data(json.loads(json.dumps(marks.as_data()))) == marks


def test_points_are_the_sum_over_questions():
    two = tuple(QuestionMark(question=q, points=p, out_of=4, outcome="partly") for q, p in (("a", 1.5), ("b", 2)))
    marks = SubmissionMarks(student="s", assignment="x", submission_sha256="", questions=two)
    assert (marks.points, marks.out_of) == (3.5, 8)


def marks_by(student, key, submission="v1"):
    return SubmissionMarks(
        student=student, assignment="x", submission_sha256=submission, questions=(), assignment_sha256=key
    )


def test_marks_of_before_the_key_was_kept_are_read_and_stay_the_same_bytes():
    earlier = marks_by("s", "").as_data()
    assert "assignment_sha256" not in earlier
    assert marks_from_data(earlier).as_data() == earlier


def test_marks_by_another_version_are_told_with_what_to_do():
    marks = [marks_by("a", "now"), marks_by("b", "before"), marks_by("c", ""), marks_by("d", "", submission="")]
    earlier, unknown = version_notes(marks, "now")
    assert "The marks of 1 student follow an earlier version of the assignment" in earlier
    assert ": b. " in earlier
    assert "key not known" in unknown
    assert ": c. " in unknown
    assert all("run cxkit mark and cxkit gradebook record again" in note for note in (earlier, unknown))
    assert version_notes([marks[0], marks[3]], "now") == ()
