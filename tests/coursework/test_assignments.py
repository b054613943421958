"""The assignments that the kit ships are in order, with data that can be made anew; release proves their marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxkit.coursework.declarations import read_assignment
from tools import write_assignment_data

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"
SHIPPED = sorted(path.parent.name for path in ASSIGNMENTS.glob("*/assignment.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_an_assignment_is_in_order(name):
    assignment = read_assignment(ASSIGNMENTS / name)
    mistakes = [mistake for question in assignment.questions for mistake in question.mistakes]
    assert len(mistakes) >= 8
    assert any(question.kind == "written" for question in assignment.questions)
    assert len(assignment.held_out) >= 2
    assert assignment.canary
    assert (assignment.folder / "notes.md").is_file()


def test_the_data_are_those_of_the_generator():
    for name, text in write_assignment_data.files().items():
        assert (ASSIGNMENTS / name).read_bytes() == text.encode("utf-8"), name


def test_the_data_say_that_they_are_synthetic():
    for path in ASSIGNMENTS.glob("*/data/*.csv"):
        assert "Synthetic" in path.read_text(encoding="utf-8").splitlines()[1], path
