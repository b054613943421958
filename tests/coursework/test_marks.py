import json

from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.marks import AnswerCheck, QuestionMark, SubmissionMarks, marks_from_data

words = st.text(max_size=12)
outcomes = st.sampled_from(
    ["right", "partly", "wrong", "missing", "crashed", "timed_out", "refused", "awaiting", "undecided"]
)
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
)


@given(submissions)
def test_marks_survive_a_journey_through_json(marks):
    assert marks_from_data(json.loads(json.dumps(marks.as_data()))) == marks


def test_points_are_the_sum_over_questions():
    two = tuple(QuestionMark(question=q, points=p, out_of=4, outcome="partly") for q, p in (("a", 1.5), ("b", 2)))
    marks = SubmissionMarks(student="s", assignment="x", submission_sha256="", questions=two)
    assert (marks.points, marks.out_of) == (3.5, 8)
