"""Marks of single notebooks: what earns what, what happens elsewhere in the notebook, and that nothing counts twice."""

from __future__ import annotations

import json

import nbformat
import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import model_notebook, student_notebook
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook, marker
from cxkit.coursework.release.proof import marking_checks
from cxkit.errors import MarkingError
from tests.coursework.small_assignment import TOML, write_assignment

RIGHT = "average = data['x'].mean() * factor\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
SPREAD = "spread = data['x'].std() * factor"


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marking")
    return References(read_assignment(write_assignment(folder)), folder / "cache")


def submission(references, centre=RIGHT, spread=SPREAD, last="", words=""):
    """The released notebook with these cells filled in."""
    notebook = student_notebook(references.assignment)
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and question in ("centre", "spread"):
            cell.source = centre if question == "centre" else spread
        if words and question == "words":
            cell.source = words
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    return notebook


def marks_of(references, **cells):
    marks = mark_notebook(references, submission(references, **cells))
    return {mark.question: mark for mark in marks.questions}


def earned(references, **cells):
    marks = marks_of(references, **cells)
    return marks["centre"].points, marks["spread"].points


def test_a_release_proves_itself(references):
    checks = [check for check, _ in marking_checks(references.assignment, marker(references), [None, 7])]
    assert [check.what for check in checks if not check.holds] == []
    assert len(checks) == 5


@pytest.mark.parametrize(
    ("centre", "points"),
    [
        ("average = sum(data['x']) / len(data) * factor\nbigger = ' X ' if data.x.mean() > data.y.mean() else 'Y'", 4),
        ("average = data.x.values.mean(keepdims=True) * factor\nbigger = 'yx'[int(sum(data.x - data.y) > 0)]", 4),
        ("average = data['x'].mean() * factor + 0.05\nbigger = 'neither'", 1.5),
        ("average = str(data['x'].mean() * factor)\nbigger = None", 0),
        ("average = float('nan')", 0),
        ("average = True", 0),
    ],
)  # fmt: skip
def test_right_in_another_way_close_and_wrong(references, centre, points):
    assert earned(references, centre=centre)[0] == points


def test_a_result_that_is_typed_in_is_right_only_for_the_public_data(references):
    model = references.of(references.assignment.public, None).model
    marks = marks_of(references, centre=f"average = {model['average'].value!r}\nbigger = {model['bigger'].value!r}")
    average = marks["centre"].answers[0]
    assert (average.outcome, marks["centre"].answers[0].given) == ("wrong", f"{model['average'].value:.6g}")
    assert "not when your notebook runs on other data" in average.reason


def test_a_guess_counts_only_with_what_it_rests_on(references):
    marks = marks_of(references, centre="average = 0\nbigger = 'x'")
    assert marks["spread"].points == 0
    assert marks["spread"].feedback[0] == "It counts only together with 'Where is the centre?', which is not right yet."


def test_a_word_counts_only_with_the_number_that_it_follows_from(references):
    right = RIGHT.partition("\n")[2]
    marks = marks_of(references, centre=f"average = 0\n{right}")["centre"]
    assert (marks.points, marks.outcome) == (0, "wrong")
    assert [check.outcome for check in marks.answers] == ["wrong", "right"]
    assert marks.feedback[0] == (
        "`bigger`: this counts only together with `average`, and nothing of that is right yet."
    )
    assert marks_of(references, centre=f"average = data['x'].mean() * factor + 0.05\n{right}")["centre"].points == 2.5


def test_a_crash_costs_its_own_question_only(references):
    marks = marks_of(references, spread="1 / 0")
    assert marks["centre"].points == 4
    # The place for it is as it was released: there is nothing for which it could wait
    assert (marks["words"].points, marks["words"].outcome) == (0, "missing")
    assert marks["words"].feedback[0].startswith("Nothing was written")
    assert marks["spread"].outcome == "crashed"
    assert marks["spread"].feedback[0] == "Its cell ended with ZeroDivisionError: division by zero."


def test_a_kernel_that_dies_leaves_what_was_there_before(references):
    marks = mark_notebook(references, submission(references, spread="import os\nos._exit(0)", words="My own words."))
    points = {mark.question: (mark.points, mark.outcome) for mark in marks.questions}
    assert points == {"centre": (4, "right"), "spread": (0, "stopped"), "words": (0, "awaiting")}
    assert marks.causes[0] == "The kernel died in cell 5 (`import os`)."
    assert marks.notes[0] == f"Run 'public': {marks.causes[0]}"
    assert marks.questions[1].feedback[0] == "In this task the kernel died in cell 5 (`import os`)."


def test_a_name_that_is_used_again_later_does_not_harm(references):
    assert earned(references, last="average = spread = None") == (4, 2)


def test_an_answer_that_is_there_only_at_the_end_counts(references):
    assert earned(references, centre="pass", last=RIGHT)[0] == 4


def test_marks_are_the_same_every_time(references):
    notebook = model_notebook(references.assignment)
    first, second = (json.dumps(mark_notebook(references, notebook).as_data()) for _ in range(2))
    assert first == second


def test_a_model_answer_that_fails_is_the_authors_fault(tmp_path):
    folder = write_assignment(tmp_path)
    notebook = nbformat.read(folder / "source.ipynb", 4)
    notebook.cells[4].source = "# BEGIN SOLUTION\nspread = 1 / (factor - 3)\n# END SOLUTION"
    nbformat.write(notebook, folder / "source.ipynb")
    references = References(read_assignment(folder), tmp_path / "cache")
    with pytest.raises(MarkingError, match=r"(?s)parameter set 'a'.*'spread' of 'spread' is not there\. Its cell ended "
                                           "with ZeroDivisionError"):  # fmt: skip
        mark_notebook(references, student_notebook(references.assignment))


def test_held_out_sets_that_cannot_tell_a_constant_are_named(tmp_path):
    folder = write_assignment(tmp_path)
    notebook = nbformat.read(folder / "source.ipynb", 4)
    notebook.cells[3].source = "# BEGIN SOLUTION\naverage = 1.5\nbigger = 'x'\n# END SOLUTION"
    nbformat.write(notebook, folder / "source.ipynb")
    weak = References(read_assignment(folder), tmp_path / "cache").weak_answers()
    assert len(weak) == 2
    assert weak[0].startswith("'average' of 'centre' is the same on every parameter set, so a constant passes.")


def test_tolerances_wider_than_what_tells_the_sets_apart_are_named(tmp_path):
    toml = TOML.replace("absolute = 0.1, share = 0.5", "absolute = 8, share = 0.5")
    assignment = read_assignment(write_assignment(tmp_path, toml=toml))
    (told,) = References(assignment, tmp_path / "cache").weak_answers()
    assert told.startswith(
        "'average' of 'centre' differs less between parameter sets than its tolerance or `partial` is wide, so a "
        "constant would earn 50% of its points."
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"nbformat": 4, "cells": 3}', b"\xff\xfe", b"[" * 100_000,
     b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}'],
)  # fmt: skip
def test_files_that_are_no_notebooks(tmp_path, content):
    (tmp_path / "work.ipynb").write_bytes(content)
    with pytest.raises(MarkingError, match="work.ipynb is not a notebook that can be read"):
        read_submission(tmp_path / "work.ipynb")


def test_links_are_not_followed(tmp_path):
    (tmp_path / "real.ipynb").write_text("{}")
    (tmp_path / "work.ipynb").symlink_to(tmp_path / "real.ipynb")
    with pytest.raises(MarkingError, match="is not an ordinary file"):
        read_submission(tmp_path / "work.ipynb")


def test_forged_ids_metadata_and_outputs_are_dropped(tmp_path, references):
    notebook = submission(references)
    for cell in notebook.cells:
        cell.id = "same"
        cell.metadata["nbgrader"] = {"points": 99}
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), 7]
        if cell.cell_type == "code":
            cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "average = 99"}]
    (tmp_path / "work.ipynb").write_text(json.dumps(notebook))
    read, digest = read_submission(tmp_path / "work.ipynb")
    assert len({cell.id for cell in read.cells}) == len(read.cells)
    assert all("nbgrader" not in cell.metadata for cell in read.cells)
    assert len(digest) == 64
    marks = mark_notebook(references, read)
    assert marks.points == 6
