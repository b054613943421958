"""Notebooks whose cells lost their metadata, changed their kind or were left open: found again, said as they are."""

from __future__ import annotations

import json

import nbformat
import pytest

from cxkit.coursework.assignment.available import PACKAGES
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.feedback.content import feedback_content
from cxkit.coursework.feedback.page import feedback_html
from cxkit.coursework.marking.lost_metadata import names_set, recover
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.coursework.marking.reference import References, _complete
from cxkit.coursework.marking.running import Left
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.coursework.written.answers import written_texts
from cxkit.errors import MarkingError
from tests.coursework.small_assignment import write_assignment

SOLVED = {
    "centre": "average = data['x'].mean() * factor\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'",
    "spread": "spread = data['x'].std() * factor",
    "words": "My own words.",
}
PLACES = [1, 3, 4, 5]
"""Of the cells with parameters, `centre`, `spread` and `words` in the released notebook."""


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return read_assignment(write_assignment(tmp_path_factory.mktemp("lost")))


@pytest.fixture(scope="module")
def references(assignment, tmp_path_factory):
    return References(assignment, tmp_path_factory.mktemp("cache"))


def solved(assignment):
    notebook = student_notebook(assignment)
    for cell in notebook.cells:
        cell.source = SOLVED.get(cell.metadata.get("cxkit", {}).get("question"), cell.source)
    return notebook


def new_ids(cells):
    for number, cell in enumerate(cells):
        cell["id"] = f"other-{number}"


def ids_in_metadata(cells):
    for cell in cells:
        cell["metadata"]["id"] = cell.pop("id")


def other_path(cells):
    new_ids(cells)
    cells[1]["source"] = 'data_path = r"C:\\work\\scores.csv"\nfactor = 2'


def written_anew(cells):
    """Nothing of the released text is left, nor any name."""
    new_ids(cells)
    cells[3]["source"], cells[4]["source"] = "print('one')", "print('other')"


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("change", [lambda cells: None, new_ids, ids_in_metadata, other_path, written_anew])
def test_cells_are_found_by_id_then_by_text_then_by_order(assignment, change, more):
    cells = json.loads(json.dumps(solved(assignment)))["cells"]
    own = [{"cell_type": "code", "source": f"x{n} = {n}", "metadata": {}, "id": f"own-{n}"} for n in range(3)]
    for cell in cells:
        cell["metadata"] = {"colab": {"base_uri": "https://colab.example"}}
    change(cells)
    places = PLACES
    if more and change is not written_anew:
        cells = [own[0], *cells[:3], own[1], *cells[3:5], own[2], *cells[5:]]
        places = [2, 5, 6, 8]
    found = recover(assignment, student_notebook(assignment)["cells"], cells)
    labels = {n: cell["metadata"].get("cxkit", cell["metadata"].get("tags")) for n, cell in enumerate(found.cells)}
    parameters, centre, spread, words = places
    assert {n: label for n, label in labels.items() if label} == {
        parameters: ["parameters"], centre: {"question": "centre"}, spread: {"question": "spread"},
        words: {"question": "words", "role": "written"},
    }  # fmt: skip
    assert (found.count, found.parameters) == (4, "code")
    assert [cell["source"] for cell in found.cells] == [cell["source"] for cell in cells]


def test_what_is_there_or_malformed_is_left_as_it_is(assignment):
    released = student_notebook(assignment)["cells"]
    whole = recover(assignment, released, solved(assignment)["cells"])
    assert (whole.count, whole.parameters) == (0, "code")
    odd = [{}, {"cell_type": "code", "metadata": [], "source": 3}, {"metadata": {"cxkit": 3, "tags": "x"}, "id": 7}]
    assert recover(assignment, released, odd).parameters == ""
    assert recover(assignment, released, []).cells == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a, b = 1, 2", {"a", "b"}), ("a: int = 3  # b = 4", {"a"}), ("a += 1", {"a"}), ("a == 1", set()),
        ("f(a=1)", set()), ("a['b'] = 1", set()), ("def f(a=1):\n    c = 2", {"c"}), ("a <= b\n# c = 1", set()),
        ("0," * 1_000_000 + "a = 1", set()), ("-" * 100_000 + "1", set()), ("a = " + "(" * 100_000, {"a"}),
    ],
)  # fmt: skip
def test_names_are_read_without_parsing_a_strangers_code(text, names):
    assert names_set(text) == names


def test_written_answers_are_found_too(assignment, tmp_path):
    notebook = json.loads(json.dumps(solved(assignment)))
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"], cell["id"] = {}, f"other-{number}"
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    texts = written_texts(assignment, [Submission(student="a", path=tmp_path / "a.ipynb")])
    assert texts == {"words": {"a": "My own words."}}


def marks_of(references, notebook, folder):
    """Through the file, as a submission goes."""
    nbformat.write(notebook, folder / "work.ipynb")
    marks = mark_notebook(references, read_submission(folder / "work.ipynb")[0], student="a", sha256="0" * 64)
    return marks, feedback_html(feedback_content(references.assignment, marks))


def test_lost_metadata_costs_nothing(references, tmp_path):
    notebook = solved(references.assignment)
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = nbformat.from_dict({}), f"other-{number}"
    marks, html = marks_of(references, notebook, tmp_path)
    assert [mark.points for mark in marks.questions] == [4, 2, 0]
    assert marks.notes == ("The metadata of 4 cells was lost; found again by the cells' ids, text or order.",)
    assert (marks.causes, "notice cause" in html) == ((), False)


def test_without_parameters_both_are_told_and_nobody_is_accused(references, tmp_path):
    notebook = solved(references.assignment)
    del notebook.cells[1]
    notebook.cells[1].source = "import pandas as pd\n\ndata = pd.read_csv('data/scores.csv')"
    notebook.cells[2].source = SOLVED["centre"].replace("factor", "2")
    marks, html = marks_of(references, notebook, tmp_path)
    assert marks.questions[0].points < 4
    (cause,) = (cause for cause in marks.causes if "not found" in cause)
    assert cause.startswith("The cell that sets `factor`, `data_path` was not found in your notebook: put it back")
    assert "No code cell with the parameters was found" in marks.notes[0]
    assert "The cell that sets <code>factor</code>" in html
    assert "type no result in" not in html
    assert "parameters did not reach your notebook" in html


def test_the_first_failing_cell_stands_first_and_each_task_is_said_as_what_it_is(references, tmp_path):
    notebook = solved(references.assignment)
    notebook.cells[2].source = "# Packages\nimport pandas as pd\nimport no_such_package\ndata = pd.read_csv(data_path)"
    notebook.cells[3] = nbformat.from_dict({**notebook.cells[3], "cell_type": "markdown"})
    notebook.cells[4].source = "spread = None  # YOUR CODE"
    for name in ("outputs", "execution_count"):
        notebook.cells[3].pop(name, None)
    marks, html = marks_of(references, notebook, tmp_path)
    (cause,) = marks.causes
    assert cause == (
        "The first cell that failed is cell 3 of the notebook (`import pandas as pd`): it ended with "
        "ModuleNotFoundError: No module named 'no_such_package'. There is no 'no_such_package' where notebooks are "
        f"marked. Beside Python's own modules there are {', '.join(repr(name) for name in PACKAGES)}. "
        "If 'no_such_package.py' is a file of your own: only the notebook is read, so put its code into a cell of it."
    )
    assert marks.notes == (f"Run 'public': {cause}",)
    assert html.index("No module named") < html.index("Where is the centre?")
    centre, spread, _ = marks.questions
    assert centre.feedback[0] == "Its code stands in a markdown cell, so nothing in it ran: make it a code cell."
    assert spread.answers[0].reason == "`spread` is still `None`: this task was left open."
    assert (spread.outcome, spread.answers[0].outcome) == ("missing", "missing")


def test_a_check_of_the_release_names_the_first_failing_cell_too(assignment):
    left = Left(at_question={}, at_end={}, first_failure="The first cell that failed is cell 2 of the notebook.")
    with pytest.raises(MarkingError, match=r"'average' of 'centre' is not there(?s:.*)\n  The first cell that failed"):
        _complete(assignment, left, assignment.public)
