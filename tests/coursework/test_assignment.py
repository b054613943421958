"""The plain data of an assignment."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxkit.coursework.assignment.data import Answer, Assignment, ParameterSet, Question
from cxkit.errors import AssignmentError


@pytest.fixture
def assignment() -> Assignment:
    alpha = Answer(name="alpha", type="number", points=2)
    return Assignment(
        id="one",
        title="One",
        points=2,
        folder=Path("one"),
        source=Path("one/source.ipynb"),
        public=ParameterSet(id="public", values={"seed": 1}),
        held_out=(ParameterSet(id="a", values={"seed": 2}, data_seed=11),),
        questions=(Question(id="reliability", title="Reliability", points=2, kind="computed", answers=(alpha,)),),
    )


def test_questions_and_answers_by_name(assignment: Assignment) -> None:
    assert assignment.question("reliability").answer("alpha").points == 2
    assert [one.id for one in assignment.parameter_sets] == ["public", "a"]


def test_an_unknown_name_offers_the_nearest(assignment: Assignment) -> None:
    with pytest.raises(AssignmentError, match="no question 'reliabilty'. Did you mean 'reliability'"):
        assignment.question("reliabilty")
    with pytest.raises(AssignmentError, match="no answer 'alhpa'. Did you mean 'alpha'"):
        assignment.question("reliability").answer("alhpa")
