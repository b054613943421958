"""The assignments that the kit ships are in order, with data that can be made anew; release proves their marks."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import model_notebook, questions_of
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


def names_in(code: str) -> tuple[set[str], set[str]]:
    """The names that code sets, and those that it reads."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    given = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    given |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    given |= {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    return given, {node.id for node in names if isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize("name", SHIPPED)
def test_each_task_stands_alone(name):
    """Nothing of a task is read by others but its declared answers, which a failed task is given for the later ones."""
    assignment = read_assignment(ASSIGNMENTS / name)
    there = {*dir(builtins), *assignment.public.values, *(file.parameter for file in assignment.files)}
    declared: set[str] = set()
    for cell in model_notebook(assignment).cells:
        if cell.cell_type != "code":
            continue
        own, read = names_in(cell.source)
        questions = [assignment.question(key) for key in questions_of(cell)]
        if not questions:
            assert not (read & declared) - own - there, "released code breaks where a task is left open"
            there |= own
            continue
        assert read <= own | there | declared
        for question in questions:
            for key in question.after:
                before = {answer.name for answer in assignment.question(key).answers}
                assert read & before, f"{question.id} counts after {key} and gets no second try: it uses nothing of it"
        declared |= {answer.name for question in questions for answer in question.answers}
