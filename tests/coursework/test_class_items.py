"""Item statistics of an assignment against R's psych; the calls stand in tests/reference/scripts/class_items.R."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.class_view import class_statistics, misbehaving
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks


def marks_of(points: Any, out_of: Any, **changes: Any) -> list[SubmissionMarks]:
    """Marks of a class from its points; `changes` by the name of a question replace parts of its marks."""
    return [
        SubmissionMarks(
            student=f"s{number:03d}",
            assignment="a",
            submission_sha256="0" * 64,
            questions=tuple(
                QuestionMark(**{
                    "question": f"q{q}", "points": p, "out_of": top, "outcome": "right" if p == top else "partly",
                    **changes.get(f"q{q}", {}),
                })
                for q, (p, top) in enumerate(zip(row, out_of, strict=True), 1)
            ),
        )
        for number, row in enumerate(points)
    ]  # fmt: skip


def nobody(student: str) -> SubmissionMarks:
    questions = tuple(QuestionMark(question=f"q{n}", points=0, out_of=1, outcome="missing") for n in (1, 2, 3))
    return SubmissionMarks(student=student, assignment="a", submission_sha256="", questions=questions)


@pytest.mark.parametrize("name", ["large", "small"])
def test_statistics_equal_psych(reference, name):
    # R: alpha(points, check.keys = FALSE), r.con(r.drop, n)
    wanted = reference("class_items")[name]
    found = class_statistics(marks_of(wanted["points"], wanted["out_of"]))
    assert found.alpha == pytest.approx(wanted["raw_alpha"], abs=1e-12)
    assert found.alpha_interval == pytest.approx(tuple(wanted["feldt"]), abs=1e-12)
    assert found.measurement_error == pytest.approx(wanted["sem"], abs=1e-12)
    for field, column in {
        "discrimination": "r_drop", "alpha_without": "alpha_drop", "mean": "mean", "sd": "sd",
        "difficulty": "difficulty",
    }.items():  # fmt: skip
        assert [getattr(item, field) for item in found.items] == pytest.approx(wanted[column], abs=1e-12), field
    assert [item.interval[0] for item in found.items] == pytest.approx(wanted["fisher_low"], abs=1e-9)
    assert [item.interval[1] for item in found.items] == pytest.approx(wanted["fisher_high"], abs=1e-9)


@pytest.mark.parametrize("name", ["large", "small"])
def test_upper_and_lower_groups_equal_the_mean_over_random_orders(reference, name):
    wanted = reference("class_items")[name]
    found = class_statistics(marks_of(wanted["points"], wanted["out_of"]))
    for item, value, error in zip(found.items, wanted["upper_lower"], wanted["simulation_error"], strict=True):
        assert item.upper_lower == pytest.approx(value, abs=5 * error + 1e-12)


@given(st.integers(0, 10_000))
def test_the_order_of_students_changes_nothing(seed):
    chance = random.Random(seed)
    marks = marks_of([[chance.randint(0, 2), chance.randint(0, 3)] for _ in range(14)], [2, 3])
    assert class_statistics(marks) == class_statistics(chance.sample(marks, len(marks)))


def test_who_handed_nothing_in_is_no_part_of_the_statistics(reference):
    wanted = reference("class_items")["small"]
    marks = marks_of(wanted["points"], wanted["out_of"])
    found = class_statistics([*marks, nobody("zz1"), nobody("zz2")])
    assert found.without == ("zz1", "zz2")
    assert found.items == class_statistics(marks).items
    assert found.alpha == class_statistics(marks).alpha


def test_a_question_that_waits_for_a_marker_is_left_out_and_said(reference):
    wanted = reference("class_items")["large"]
    marks = marks_of(wanted["points"], wanted["out_of"], q3={"outcome": "awaiting", "points": 0})
    found = class_statistics(marks)
    assert found.waiting == {"q3": 120}
    assert [item.question for item in found.items] == ["q1", "q2", "q4", "q5", "q6"]
    assert found.totals == pytest.approx([sum(row) - row[2] for row in wanted["points"]])


def test_constants_and_small_classes_give_no_number_instead_of_a_false_one():
    same = class_statistics(marks_of([[2.0, 0.1 + 0.2, 1.0]] * 20, [2, 1, 1]))
    assert same.alpha is None
    assert [item.discrimination for item in same.items] == [None, None, None]
    assert [item.upper_lower for item in same.items] == [None, None, None]
    few = class_statistics(marks_of([[0, 1], [1, 2], [2, 0]], [2, 2]))
    assert (few.alpha, few.items[0].discrimination, few.items[0].mean) == (None, None, 1)
    assert misbehaving(few) == ()
    assert class_statistics([]).items == ()
    assert class_statistics([nobody("a")]).students == ()


def rules_of(points: Any, out_of: Any, **changes: Any) -> set[tuple[str, str]]:
    return {(f.question, f.rule.name) for f in misbehaving(class_statistics(marks_of(points, out_of, **changes)))}


def test_each_rule_finds_the_question_that_was_made_for_it():
    chance = np.random.default_rng(3)
    able = chance.normal(size=200)

    def column(load: float, ease: float = 0.0) -> np.ndarray:
        return (load * able + np.sqrt(1 - load**2) * chance.normal(size=200) + ease > 0).astype(float)

    good = [column(0.8), column(0.8), column(0.8)]
    points = np.column_stack([*good, column(-0.7), column(0.3), column(0.7, -1.6), column(0.7, 2.6), np.zeros(200)])
    found = rules_of(points, [1] * 8)
    assert ("q4", "works against the rest") in found
    assert ("q4", "lowers the reliability") in found
    assert ("q5", "hardly tells students apart") in found
    assert ("q6", "hard") in found
    assert ("q7", "easy for all") in found
    assert ("q8", "nobody solved it") in found
    assert not {question for question, _ in found} & {"q1", "q2", "q3"}


def test_outcomes_and_mistakes_are_counted_against_their_thresholds():
    points = [[n % 2, (n // 2) % 2, (n // 3) % 2] for n in range(40)]
    assert ("q2", "stops many notebooks") in rules_of(points, [1, 1, 1], q2={"outcome": "timed_out"})
    assert ("q1", "often left out") in rules_of(points, [1, 1, 1], q1={"outcome": "missing"})
    assert ("q3", "one mistake is common") in rules_of(points, [1, 1, 1], q3={"mistakes": ("unreversed",)})
    names = {name for _, name in rules_of(points, [1, 1, 1])}
    assert not names & {"stops many notebooks", "often left out", "one mistake is common"}
