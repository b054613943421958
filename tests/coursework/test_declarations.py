"""assignment.toml: read as declared, and every kind of slip named with its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cxkit.coursework.assignment.data import Tolerance
from cxkit.coursework.assignment.format import FORMS, format_page
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.errors import AssignmentError
from tests.coursework.small_assignment import CANARY, TOML, cells, code, rows, write_assignment, written


def refusal(folder: Path, toml: str) -> str:
    """What is said of the small assignment with this description."""
    with pytest.raises(AssignmentError) as caught:
        read_assignment(write_assignment(folder, toml=toml))
    return str(caught.value)


def test_an_assignment_is_read_as_declared(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    one = read_assignment(folder)
    assert (one.id, one.title, one.points, one.weight, one.expected_hours) == ("small", "A small assignment", 10, 1, 2)
    assert one.canary == CANARY  # from the comment in the solution
    assert one.limits.cell_seconds == 20
    assert one.limits.memory_bytes == 1536 << 20
    assert one.late.per_day == 0.1
    (file,) = one.files
    assert (file.parameter, file.relative, file.vary, file.rows) == ("data_path", "data/scores.csv", "rows", 30)
    assert one.public.values == {"factor": 2, "data_path": "data/scores.csv"}
    assert [(s.id, s.data_seed, s.values["factor"]) for s in one.held_out] == [("a", 11, 3), ("b", 12, 2)]
    average = one.question("centre").answer("average")
    assert average.tolerance == Tolerance(absolute=0.001)
    assert average.partial[0].share == 0.5
    assert one.question("spread").after == ("centre",)
    assert one.question("centre").mistakes[0].code.startswith("average = data['x'].median()")
    assert one.question("words").rubric[0].levels == ("0: nothing", "4: all of it")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "A small', 'titel = "A small', "At the top: there is no key 'titel' here. Did you mean 'title'?"),
        ('title = "A small assignment"\n', "", "At the top: 'title' is missing. It must be a text."),
        ('id = "small"', 'id = "smal"', "id = 'smal', but the folder is called 'small'"),
        ("points = 10", "points = 12", "points = 12, but the points of the questions sum to 10"),
        ("points = 10", "points = true", "points = True does not fit: it must be a number above 0"),
        ("per_day", "perday", "[late]: there is no key 'perday' here. Did you mean 'per_day'?"),
        ("at_most = 0.5", "at_most = 50", "[late]: at_most = 50 does not fit: it must be a share from 0 to 1."),
        ("cell_seconds = 20", "cell_seconds = 90", "one cell may take 90 s, more than all together (60 s)"),
        ("data/scores.csv", "data/score.csv", "there is no file 'data/score.csv'. Did you mean 'scores.csv'?"),
        ("data/scores.csv", "../scores.csv", "'../scores.csv' lies outside the assignment's folder"),
        ("rows = 30\n", "", "[files.data_path]: 'rows' is missing"),
        ("rows = 30", "rows = 60", "rows = 60, but scores.csv has 60 rows: all students would get the same"),
        ('vary = "rows"', 'vary = "no"', 'rows = 30 has no effect without vary = "rows"'),
        ("factor = 2", "faktor = 2", "the parameter 'faktor' is not set in the cell tagged 'parameters'. "
         "Did you mean 'factor'?"),
        ("factor = 2", "factor = 4", "the parameter 'factor' is 4 here and 2 in the cell tagged 'parameters'"),
        ("factor = 3", 'factor = "3"', "factor = '3' does not fit: a whole number is wanted"),
        ("factor = 3", "fctor = 3", "[[held_out]] 'a': 'fctor' is not in [parameters]. Did you mean 'factor'?"),
        ("factor = 3", 'data_path = "x"', "'data_path' is the path of [files.data_path]: give a data_seed"),
        ("data_seed = 12\n", "", "[[held_out]] 'b' is no different from the set 'public'"),
        ('id = "b"', 'id = "a"', "[[held_out]] 'a': the id 'a' is already that of another set"),
        ("type = \"number\"\npoints = 3", "type = \"nummer\"\npoints = 3", "type = 'nummer' does not fit: it must be "
         'one of "number"'),
        ("points = 3", "points = 2", "[[questions]] 'centre': points = 4, but the points of its answers sum to 3"),
        ('name = "average"', 'name = "my average"', "name = 'my average' does not fit: it must be the name of a "
         "variable"),
        ('name = "spread"', 'name = "average"', "the answer 'average' is declared twice: in 'centre' and in 'spread'"),
        ('id = "spread"', 'id = "centre"', "two questions have the id 'centre'"),
        ('options = ["x", "y"]', 'options = ["x"]', "a choice needs at least two options"),
        ("relative = 0.001", 'options = ["a", "b"]', "'options' is for choice, and this is a number"),
        ("absolute = 0.1,", "absolute = 0.0001,", "partial no. 1 is not wider than what stands before it"),
        ('after = ["centre"]', 'after = ["center"]', "after = ['center'] names no question. Did you mean 'centre'?"),
        ('after = ["centre"]', 'after = ["words"]', "after = ['words'] must name a question that stands before it"),
        ('id = "median"', 'id = "medain"', "there is no file mistakes/medain.py. Did you mean 'median'?"),
        ('id = "median"', 'id = "medain"', "mistakes/median.py belongs to no declared mistake. Did you mean 'medain'?"),
        ('id = "median"\npoints = 1', 'id = "median"\npoints = 4', "a mistake must cost something"),
        ('kind = "written"', 'kind = "computed"', "a computed question has no rubric"),
        ('kind = "written"', 'kind = "computed"', "for a written answer, but 'words' is declared as computed"),
        ('points = 4\ntext', 'points = 3\ntext', "points = 4, but the points of its rubric's criteria sum to 3"),
        ("[[questions.rubric.criteria]]", "[[questions.rubric.criterion]]", "there is no key 'criterion' here. "
         "Did you mean 'criteria'?"),
    ],
)  # fmt: skip
def test_each_slip_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TOML
    message = refusal(tmp_path, TOML.replace(old, new, 1))
    assert said in message
    assert message.startswith("small/assignment.toml: ")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    toml = TOML.replace("at_most", "at_moest").replace('name = "bigger"', 'name = "average"').replace("rows = 30", "")
    message = refusal(tmp_path, toml)
    assert message.startswith("small/assignment.toml: 3 problems found.")


def test_an_assignment_needs_a_held_out_set(tmp_path: Path) -> None:
    toml = re.sub(r"\[\[held_out\]\]\n(?:\w.*\n)+", "", TOML)
    assert "there is no held-out parameter set, so a result typed in by hand would pass" in refusal(tmp_path, toml)


def test_a_question_that_asks_for_a_choice_alone_must_rest_on_another(tmp_path: Path) -> None:
    toml = TOML.replace(
        'type = "number"\npoints = 2\nrelative = 0.001', 'type = "choice"\noptions = ["a", "b"]\npoints = 2'
    )
    assert read_assignment(write_assignment(tmp_path / "gated", toml=toml)).question("spread").after == ("centre",)
    message = refusal(tmp_path, toml.replace('after = ["centre"]\n', ""))
    assert "[[questions]] 'spread': it asks for a choice alone, which can be guessed." in message


def test_a_number_of_few_values_counts_only_beside_another_answer(tmp_path: Path) -> None:
    spread = 'name = "spread"\ntype = "number"\n'
    assert spread in TOML
    toml = TOML.replace(spread, f"{spread}few_values = true\n").replace('after = ["centre"]\n', "")
    message = refusal(tmp_path, toml)
    assert "[[questions]] 'spread': it asks for a number of few values alone, which can be guessed." in message
    average = 'name = "average"\ntype = "number"\n'
    toml = TOML.replace('name = "bigger"\ntype = "choice"\noptions = ["x", "y"]\n', 'name = "bigger"\ntype = "number"\n'
                        "few_values = true\n")  # fmt: skip
    assert average in toml
    question = read_assignment(write_assignment(tmp_path / "counted", toml=toml)).question("centre")
    assert [answer.name for answer in question.guessable] == ["bigger"]


def test_a_mistake_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    (folder / "mistakes" / "median.py").write_text("x = 1\ny = = 2\n", encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"mistakes/median\.py, line 2 is not Python"):
        read_assignment(folder)


def test_what_is_no_toml_or_no_folder_is_said(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    with pytest.raises(AssignmentError, match=r"There is no folder .*smal\. Did you mean 'small'\?"):
        read_assignment(tmp_path / "smal")
    (folder / "assignment.toml").write_text("id = \n", encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"is not TOML: .*line 1"):
        read_assignment(folder)
    (folder / "assignment.toml").unlink()
    with pytest.raises(AssignmentError, match=r"has no assignment\.toml, so it is no assignment"):
        read_assignment(folder)


def test_the_source_may_be_missing_or_without_parameters(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path, cells=cells()[2:])
    with pytest.raises(AssignmentError, match="no cell is tagged 'parameters'"):
        read_assignment(folder)
    (folder / "source.ipynb").unlink()
    with pytest.raises(AssignmentError, match=r"there is no file 'source\.ipynb'"):
        read_assignment(folder)


def test_the_folder_may_be_moved(tmp_path: Path) -> None:
    folder = write_assignment(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    shutil.move(folder, tmp_path / "elsewhere" / "small")
    assert read_assignment(tmp_path / "elsewhere" / "small").files[0].path.is_file()


def test_the_page_for_authors_knows_every_key() -> None:
    page = format_page()
    for form in FORMS:
        for key in form.keys:
            assert f"| `{key}` |" in page


def test_the_page_for_authors_is_written_from_the_code() -> None:
    page = Path(__file__).parents[2] / "docs" / "assignments.md"
    assert format_page() in page.read_text(encoding="utf-8"), "run tools/write_assignment_format.py"


def test_the_example_on_the_page_for_authors_is_an_assignment(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "assignments.md").read_text(encoding="utf-8")
    toml = page.split("```toml\n")[1].split("```")[0]
    parameters = page.split("```python\n")[1].split("```")[0]
    solution = page.split("```python\n")[2].split("```")[0]
    own = [
        code(parameters, "", "parameters"),
        code(solution, "reliability"),
        written("<!-- BEGIN SOLUTION -->\nx\n<!-- END SOLUTION -->", "defence"),
    ]
    folder = write_assignment(tmp_path, toml=toml, cells=own, name="my-assignment")
    (folder / "data" / "survey.csv").write_text(rows(1000))
    for path in (folder / "mistakes").iterdir():
        path.unlink()
    (folder / "mistakes" / "unreversed.py").write_text("alpha = 0.5\n")
    assignment = read_assignment(folder)
    assert assignment.canary == "heron-4471"
    assert assignment.question("reliability").answer("alpha").units == ("proportion", "percent")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ('{ xlable = "x" }', "facts: there is no key 'xlable' here. Did you mean 'xlabel'?"),
        ('{ kind = "bars" }', "facts: kind = 'bars' does not fit: it must be one of"),
        ('{ n_bars = "four" }', "facts: n_bars = 'four' does not fit: it must be a whole number, 0 or above"),
        ("{ n_bars = [3, 4] }", "facts: n_bars = [3, 4] does not fit"),
        ('{ orientation = "across" }', "facts: orientation = 'across' does not fit"),
        ("{}", "a figure needs facts to be compared"),
    ],
)
def test_facts_that_no_figure_has_are_refused(facts: str, said: str, tmp_path: Path) -> None:
    """A slip in a name, or in a value, made the task impossible without a word."""
    number = 'name = "spread"\ntype = "number"\npoints = 2\nrelative = 0.001\n'
    assert number in TOML
    figure = 'name = "spread"\ntype = "figure"\npoints = 2\nfacts = '
    assert said in refusal(tmp_path, TOML.replace(number, figure + facts + "\n"))
    fine = TOML.replace(number, figure + '{ kind = "bar", n_bars = "*", legend = false, title = "*" }\n')
    one = read_assignment(write_assignment(tmp_path / "fine", toml=fine))
    assert one.question("spread").answer("spread").facts == {
        "kind": "bar",
        "n_bars": "*",
        "legend": False,
        "title": "*",
    }
