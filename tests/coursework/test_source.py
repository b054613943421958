"""Solutions go, and nothing else; each thing wrong with a region is named."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import cells_of, mistake_notebook, model_notebook, student_notebook
from cxkit.errors import AssignmentError
from tests.coursework.small_assignment import CANARY, cells, code, write_assignment, written


def refusal(folder: Path, *changed: tuple[int, nbformat.NotebookNode | None]) -> str:
    """What is said of the small assignment with other cells; None takes a cell away."""
    own: list[nbformat.NotebookNode | None] = list(cells())
    for number, cell in changed:
        own[number] = cell
    with pytest.raises(AssignmentError) as caught:
        read_assignment(write_assignment(folder, cells=[cell for cell in own if cell is not None]))
    return str(caught.value)


def test_students_get_the_source_without_its_solutions(tmp_path: Path) -> None:
    assignment = read_assignment(write_assignment(tmp_path))
    made = student_notebook(assignment)
    nbformat.validate(made)
    sources = [cell.source for cell in made.cells]
    assert sources[3] == "# YOUR CODE HERE\naverage = None  # YOUR CODE\nbigger = None  # YOUR CODE"
    assert sources[4] == (
        "def spread_of(values):\n    # YOUR CODE HERE\n    raise NotImplementedError\n\n\n"
        "# YOUR CODE HERE\nspread = None  # YOUR CODE"
    )
    assert sources[5] == "*Your answer here*"
    assert sources[:3] == [cell.source for cell in cells()[:3]]
    assert made.metadata.cxkit == {"assignment": "small", "title": "A small assignment"}
    assert CANARY not in json.dumps(made)


def test_a_region_that_sets_no_answer_raises_until_it_is_filled(tmp_path: Path) -> None:
    own = cells()
    own[3].source = f"# BEGIN SOLUTION\ntotal = data.sum()  # {CANARY}\n# END SOLUTION\n" + own[3].source
    made = student_notebook(read_assignment(write_assignment(tmp_path, cells=own)))
    assert made.cells[3].source.startswith("# YOUR CODE HERE\nraise NotImplementedError\n# YOUR CODE HERE\naverage")


def test_outputs_foreign_metadata_and_pictures_of_the_solution_stay_behind(tmp_path: Path) -> None:
    own = cells()
    own[3].outputs = [nbformat.v4.new_output("stream", text=CANARY)]
    own[3].metadata.update({"author": CANARY, "nbgrader": {"comment": CANARY}, "tags": ["nbval-check-output"]})
    own[3].metadata.cxkit["note"] = CANARY
    own[5].attachments = {"solution.png": {"image/png": "AAAA"}}
    own[0].attachments = {"plan.png": {"image/png": "BBBB"}}
    own[0].source += "\n![plan](attachment:plan.png)"
    made = student_notebook(read_assignment(write_assignment(tmp_path, cells=own)))
    text = json.dumps(made)
    assert CANARY not in text
    assert "AAAA" not in text
    assert "BBBB" in text
    assert all(not cell.get("outputs") for cell in made.cells)


def test_the_model_is_the_source_without_its_marks(tmp_path: Path) -> None:
    made = model_notebook(read_assignment(write_assignment(tmp_path)))
    assert made.cells[4].source == (
        "def spread_of(values):\n    return values.std()\n\n\nspread = spread_of(data['x']) * factor"
    )
    assert "SOLUTION" not in json.dumps(made)


def test_a_mistake_takes_the_place_of_all_regions_of_its_question(tmp_path: Path) -> None:
    assignment = read_assignment(write_assignment(tmp_path))
    question = assignment.question("spread")
    made = mistake_notebook(assignment, question, question.mistakes[0])
    whole = "def spread_of(values):\n    return values.var()\n\n\nspread = spread_of(data['x']) * factor"
    assert made.cells[4].source == whole
    assert made.cells[3].source == model_notebook(assignment).cells[3].source


def test_a_mistake_may_say_what_stands_in_each_region(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    (folder / "mistakes" / "variance.py").write_text("return values.var()\n# NEXT REGION\nspread = 0\n")
    assignment = read_assignment(folder)
    question = assignment.question("spread")
    made = mistake_notebook(assignment, question, question.mistakes[0])
    assert made.cells[4].source == "def spread_of(values):\n    return values.var()\n\n\nspread = 0"


def test_a_mistake_with_more_parts_than_there_are_regions(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    (folder / "mistakes" / "variance.py").write_text("a = 1\n# NEXT REGION\nb = 2\n# NEXT REGION\nc = 3\n")
    with pytest.raises(AssignmentError, match=r"variance\.py has 3 parts.* has 2 regions of solution"):
        read_assignment(folder)


def test_one_cell_may_answer_two_questions(tmp_path: Path) -> None:
    own = cells()
    own[3].source += "\n# BEGIN SOLUTION\nspread = data['x'].std() * factor\n# END SOLUTION"
    own[3].metadata.cxkit = {"question": ["centre", "spread"]}
    del own[4]
    assignment = read_assignment(write_assignment(tmp_path, cells=own))
    assert cells_of(assignment) == {"centre": (3,), "spread": (3,), "words": (4,)}
    assert "spread = None  # YOUR CODE" in student_notebook(assignment).cells[3].source


def test_a_region_that_never_ends(tmp_path: Path) -> None:
    said = refusal(tmp_path, (3, code("x = 1\n# BEGIN SOLUTION\naverage = 2", "centre")))
    assert "source.ipynb, cell 4: the region that begins in line 2 never ends. Put '# END SOLUTION' below" in said


def test_nested_regions(tmp_path: Path) -> None:
    nested = "# BEGIN SOLUTION\nx = 1\n# BEGIN SOLUTION\naverage = 2\n# END SOLUTION"
    assert "line 3 begins a region within the one that began in line 1" in refusal(
        tmp_path, (3, code(nested, "centre"))
    )


def test_an_end_without_a_beginning(tmp_path: Path) -> None:
    said = refusal(tmp_path, (3, code("average = 1\n# END SOLUTION", "centre")))
    assert "line 2 ends a region that never began. Put '# BEGIN SOLUTION' above its first line." in said


@pytest.mark.parametrize("almost", ["# END SOLUTIONS", "#end solution", "# END OF SOLUTION", "# END SOLUTION of this"])
def test_a_mark_that_is_almost_one(tmp_path: Path, almost: str) -> None:
    said = refusal(tmp_path, (3, code(f"# BEGIN SOLUTION\naverage = 2\n{almost}", "centre")))
    assert f"line 3, '{almost}', looks like a mark of a solution but is none. Write '# END SOLUTION'" in said


def test_a_question_without_a_cell(tmp_path: Path) -> None:
    assert "the question 'spread' has no cell.\n    -> give its cell the metadata" in refusal(tmp_path, (4, None))


def test_a_question_whose_answer_another_cell_sets(tmp_path: Path) -> None:
    both = code("# BEGIN SOLUTION\naverage = bigger = 1\nspread = 2\n# END SOLUTION", "centre")
    said = refusal(tmp_path, (4, None), (3, both))
    assert 'cell 4 sets \'spread\': if it answers both, give it "question": ["centre", "spread"].' in said


def test_a_question_without_a_solution(tmp_path: Path) -> None:
    said = refusal(tmp_path, (4, code("spread = 1", "spread")))
    assert "the question 'spread' has no solution in its cells" in said


def test_a_solution_that_belongs_to_no_question(tmp_path: Path) -> None:
    said = refusal(tmp_path, (2, code("# BEGIN SOLUTION\nx = 1\n# END SOLUTION")))
    assert "source.ipynb, cell 3 holds a solution and belongs to no question." in said


def test_a_cell_of_an_unknown_question(tmp_path: Path) -> None:
    said = refusal(tmp_path, (4, code("# BEGIN SOLUTION\nspread = 1\n# END SOLUTION", "spraed")))
    assert "cell 5 belongs to the question 'spraed', which is not declared. Did you mean 'spread'?" in said


def test_a_written_question_without_a_place(tmp_path: Path) -> None:
    cell = written("<!-- BEGIN SOLUTION -->\nx\n<!-- END SOLUTION -->", "words")
    del cell.metadata.cxkit["role"]
    assert "no cell of the question 'words' is the place for its written answer" in refusal(tmp_path, (5, cell))


def test_hidden_tests_are_no_part_of_a_source(tmp_path: Path) -> None:
    tested = cells()[4].source + "\n# BEGIN HIDDEN TESTS\nassert spread > 0\n# END HIDDEN TESTS"
    assert "cell 5 has a region of hidden tests" in refusal(tmp_path, (4, code(tested, "spread")))
