"""Students are told which packages and columns there are, before they start and when they used something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxkit.coursework.assignment.available import PACKAGES, hint, in_short
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.coursework.release.instructions import instructions
from tests.coursework.small_assignment import write_assignment

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"
FACTORS = """\
from factor_analyzer import FactorAnalyzer
loadings = FactorAnalyzer(n_factors=1, rotation=None).fit(data.select_dtypes("number").dropna()).loadings_
average = data['x'].mean() * factor
bigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"""


@pytest.mark.parametrize("name", sorted(path.parent.name for path in ASSIGNMENTS.glob("*/assignment.toml")))
def test_the_instructions_of_each_assignment_name_packages_and_columns(name):
    assignment = read_assignment(ASSIGNMENTS / name)
    page = instructions(assignment)
    assert all(f"`{package}`" in page for package in PACKAGES)
    for file in assignment.files:
        header = file.path.read_text(encoding="utf-8").splitlines()[0].split(",")
        line = next(line for line in page.splitlines() if line.startswith(f"The columns of `{file.relative}`"))
        assert all(f"`{column}`" in line for column in header if not column[-1].isdigit())
    assert "`CI1` to `CI5`, `CF1` to `CF5`" in page


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "q9", "q10", "q11", "b"], ["`a`", "`q9` to `q11`", "`b`"]),
        (["q1", "q2"], ["`q1`", "`q2`"]),
        (["q1", "q3", "q4", "r5"], ["`q1`", "`q3`", "`q4`", "`r5`"]),
        (["1", "2", "3"], ["`1` to `3`"]),
        ([], []),
    ],
)
def test_runs_of_columns_are_told_in_short(names, said):
    assert in_short(names) == said


@pytest.mark.parametrize("name", ["__main__", "numpy", "..", "a" * 200, "cxkit.nothing"])
def test_what_an_error_of_a_strangers_notebook_says_is_not_looked_up(name):
    assignment = read_assignment(ASSIGNMENTS / "validate-instrument")
    told = hint(assignment, "ModuleNotFoundError", f"No module named '{name}'")
    assert told == "" or told.startswith(f" There is no `{name}` where notebooks are marked.")


def test_a_key_that_can_be_a_column_is_told_the_columns():
    assignment = read_assignment(ASSIGNMENTS / "validate-instrument")
    told = hint(assignment, "KeyError", "'Level'")
    assert told.startswith(
        " If a column was meant: Did you mean 'level'? The columns of `data/survey.csv`: `respondent`,"
    )
    assert not hint(assignment, "KeyError", "'level'")
    assert not hint(assignment, "KeyError", "3")
    assert not hint(assignment, "ValueError", "'Level'")


def test_a_package_that_is_not_there_is_named_and_factor_analyzer_works_where_notebooks_are_marked(tmp_path):
    references = References(read_assignment(write_assignment(tmp_path)), tmp_path / "cache")
    notebook = student_notebook(references.assignment)
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and question in ("centre", "spread"):
            cell.source = FACTORS if question == "centre" else "import statsmodels.api as sm\nspread = 0"
    marks = mark_notebook(references, notebook)
    first, second = marks.questions[:2]
    assert first.outcome == "right", first
    assert second.outcome == "crashed"
    said = (
        "There is no `statsmodels` where notebooks are marked. Beside Python's own modules there are `cxkit`, `numpy`"
    )
    assert said in second.feedback[0]
    assert said.replace("`", "'") in marks.causes[0]
