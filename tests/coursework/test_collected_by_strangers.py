"""Whatever comes out of a student's kernel: the next student is marked, and everything can be written to the disk."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.feedback import write_feedback
from cxkit.coursework.marking import class_run, running
from cxkit.coursework.marking.class_run import mark_class
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.errors import MarkingError
from cxkit.running.isolation.endings import Contained
from tests.coursework.small_assignment import TOML, cells, code, write_assignment

MORE = """
[[questions]]
id = "shapes"
title = "Shapes"
points = 4

[[questions.answers]]
name = "by"
type = "series"
points = 1
absolute = 0.001

[[questions.answers]]
name = "loadings"
type = "table"
points = 2
absolute = 0.001
factor_columns = ["F1", "F2"]

[[questions.answers]]
name = "drawn"
type = "figure"
points = 1
facts = { kind = "bar" }
"""
LOADINGS = {"kind": "table", "index": ["a", "b", "c"], "columns": ["F1", "F2"], "cells": [[0.8, 0.7, 0], [0.1, 0, 0.9]]}
MODEL = {
    "average": {"kind": "number", "value": 3.5},
    "bigger": {"kind": "text", "value": "x"},
    "spread": {"kind": "number", "value": 1.25},
    "by": {"kind": "series", "index": ["a", "b"], "values": [1.0, 2.0]},
    "loadings": LOADINGS,
    "drawn": {"kind": "figure", "facts": {"kind": "bar"}},
}
HALF = "\ud83d"


def of_all_kinds(folder):
    """An assignment that asks for an answer of every kind."""
    toml = TOML.replace("points = 10", "points = 14", 1).replace(
        '[[questions]]\nid = "words"', MORE + '\n[[questions]]\nid = "words"'
    )
    given_cells = [*cells(), code("# BEGIN SOLUTION\nby = loadings = drawn = None\n# END SOLUTION", "shapes")]
    return read_assignment(write_assignment(folder, toml=toml, cells=given_cells))


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return of_all_kinds(tmp_path_factory.mktemp("collected"))


@pytest.fixture
def marked(assignment, tmp_path, monkeypatch):
    """Mark a class of two: one whose kernel leaves a given text, and then one who is right."""
    told = {"runs": []}

    def pretend(notebook, *, after_cell, again, **_):
        told["runs"].append(("hostile" if "hostile" in notebook.cells[-1].source else "other", again))
        says = told["text"] if any("hostile" in cell.source for cell in notebook.cells) else json.dumps(MODEL)
        asked = [(n, says) for n, cell in enumerate(notebook.cells) if after_cell(n, cell) is not None]
        return Contained(notebook=notebook, collected=asked, starved="starved" in says)

    monkeypatch.setattr(running, "run_fairly", pretend)
    monkeypatch.setattr(class_run, "policy_for", lambda accept: "open")
    for name in ("hostile", "honest"):
        nbformat.write(new_notebook(cells=[new_code_cell(name)]), tmp_path / f"{name}.ipynb")
    people = [
        Submission(student=name, status="collected", path=tmp_path / f"{name}.ipynb") for name in ("hostile", "honest")
    ]

    def mark(text: str, number: list[int] = [0]) -> class_run.ClassMarks:  # noqa: B006 - a counter
        number[0] += 1
        told["text"], folder = text, tmp_path / f"marks-{number[0]}"
        made = mark_class(assignment, people, folder, jobs=1, progress=False, cache=tmp_path / "cache")
        made.text.encode("utf-8")
        for file in folder.rglob("*"):
            if file.is_file():
                file.read_bytes().decode("utf-8")
        return made

    mark.runs = told["runs"]
    return mark


def hostile_runs(marked):
    return [again for whose, again in marked.runs if whose == "hostile"]


def points(made, student):
    found = [one for one in made.marks if one.student == student]
    return found[0].points if found else None


@pytest.mark.parametrize(
    "answers",
    [
        {"by": {"kind": "series", "index": [HALF], "values": [1.0]}},
        {"bigger": {"kind": "text", "value": f"cut {HALF}"}},
        {"loadings": {**LOADINGS, "cells": [[1.7e308] * 3, [-1.7e308] * 3]}},
        {"loadings": {**LOADINGS, "cells": [[5e-324] * 3, [0.0, 0.0, 0.0]]}},
        {"drawn": {"kind": "figure", "facts": {HALF: HALF}}},
        {"average": {"kind": "refused", "reason": HALF}},
    ],
    ids=["half an emoji as a label", "in a text", "beyond the square root", "next to nothing", "in a figure", "reason"],
)
def test_one_students_answer_stops_nobody_else(marked, assignment, answers, tmp_path):
    made = marked(json.dumps({**MODEL, **answers}))
    assert points(made, "honest") == 10
    assert points(made, "hostile") is not None
    assert made.faults == {}
    write_feedback(tmp_path / "feedback", assignment, made.marks)


def test_what_cannot_be_handled_is_that_students_fault_and_the_next_is_marked(marked, monkeypatch):
    def broken(self):
        if self.student == "hostile":
            raise ZeroDivisionError(f"something nobody foresaw {HALF}")
        return kept(self)

    kept = class_run.SubmissionMarks.as_data
    monkeypatch.setattr(class_run.SubmissionMarks, "as_data", broken)
    made = marked(json.dumps(MODEL))
    assert points(made, "honest") == 10
    assert "ZeroDivisionError: something nobody foresaw" in made.faults["hostile"]


NAMES = st.sampled_from([*MODEL, "a", "b", "F1", "F2", "x", "y", "", HALF, "NaN"])
NUMBERS = st.floats() | st.integers() | st.sampled_from([1.7e308, -1.7e308, 1e154, 5e-324, 10**400, True, None])
TEXTS = st.text(st.characters(categories=("L", "N", "P", "S", "Z", "Cc", "Cs")), max_size=12) | NAMES
CELLS = NUMBERS | TEXTS
ROWS = st.lists(CELLS, min_size=3, max_size=3)
ANSWERS = st.one_of(
    st.fixed_dictionaries({"kind": st.just("number"), "value": CELLS}),
    st.fixed_dictionaries({"kind": st.just("text"), "value": CELLS}),
    st.fixed_dictionaries({"kind": st.just("series"), "index": st.lists(NAMES, max_size=3), "values": st.lists(CELLS, max_size=3)}),  # noqa: E501
    st.fixed_dictionaries({**{key: st.just(LOADINGS[key]) for key in ("kind", "index", "columns")}, "cells": st.lists(ROWS, min_size=2, max_size=2)}),  # noqa: E501
    st.fixed_dictionaries({"kind": st.just("figure"), "facts": st.dictionaries(NAMES, CELLS, max_size=4)}),
    st.fixed_dictionaries({"kind": st.just("refused"), "reason": CELLS}),
    st.recursive(CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8),  # noqa: E501
)  # fmt: skip


@given(told=st.dictionaries(st.sampled_from(list(MODEL)), ANSWERS, max_size=6), escaped=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_collected_the_next_student_is_marked(marked, told, escaped):
    made = marked(json.dumps({**MODEL, **told}, ensure_ascii=escaped))
    assert points(made, "honest") == 10
    assert points(made, "hostile") is not None
    assert made.faults == {}


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "1", '{"average": 1e999}', '{"average": {"kind": "number"}}', "[" * 10**5]
)
def test_text_that_is_no_answers_is_nothing(marked, text):
    made = marked(text)
    assert (points(made, "honest"), points(made, "hostile")) == (10, 0)


def test_held_out_sets_are_not_run_for_whoever_left_nothing(marked):
    marked("")
    assert hostile_runs(marked) == [True]


def test_whoever_ran_into_the_clock_alone_is_not_run_alone_again(marked):
    marked(json.dumps({**MODEL, "bigger": {"kind": "text", "value": "starved"}}))
    assert hostile_runs(marked) == [True, False, False]


# --- notebooks as they are handed in ----------------------------------------------------------------------------------


def handed_in(tmp_path: Path, book) -> Path:
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps(book))
    return path


def test_metadata_of_the_wrong_kind_are_dropped_before_anything_is_made_of_them(tmp_path):
    cell = {"cell_type": "code", "source": "x = 1", "metadata": [["tags"]], "outputs": 5, "id": [1]}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": ["a", "list"], "cells": [cell]}
    notebook, _ = read_submission(handed_in(tmp_path, book))
    assert (notebook.cells[0].source, notebook.cells[0].metadata, notebook.metadata) == ("x = 1", {}, {})


def test_a_notebook_of_format_3_with_a_list_as_metadata_is_refused_or_read_and_never_breaks(tmp_path):
    cell = {"cell_type": "code", "input": "x = 1", "language": "python", "metadata": ["a"], "outputs": []}
    book = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell], "metadata": {}}]}
    try:
        notebook, _ = read_submission(handed_in(tmp_path, book))
        assert all(isinstance(one.metadata, dict) for one in notebook.cells)
    except MarkingError as refusal:
        assert "not a notebook that can be read" in str(refusal)  # noqa: PT017 - either is right


def test_metadata_that_fill_memory_are_dropped_or_refused(tmp_path):
    """4 MB of empty dictionaries took 3.5 GB and 136 s."""
    few = {"nbformat": 4, "metadata": {"x": [{}] * 10_000}, "cells": [{"cell_type": "markdown", "source": HALF}]}
    notebook, _ = read_submission(handed_in(tmp_path, few))
    assert notebook.metadata == {}
    assert notebook.cells[0].source == "\N{REPLACEMENT CHARACTER}"
    path = tmp_path / "work.ipynb"
    path.write_text('{"nbformat": 4, "cells": [], "metadata": {"x": [' + "{}," * 2_000_000 + "{}]}}")
    with pytest.raises(MarkingError, match="more than 1,500,000 values; clear its outputs"):
        read_submission(path)
