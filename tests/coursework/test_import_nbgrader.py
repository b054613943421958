"""nbgrader's notebooks become assignments, and nothing of theirs is lost on the way."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import nbformat
import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.import_nbgrader.asserts import read_tests
from cxkit.coursework.import_nbgrader.importing import import_nbgrader
from cxkit.coursework.import_nbgrader.questions import shares
from cxkit.errors import AssignmentError
from tests.coursework.nbgrader_course import cell, checks, lesson, solution, write, write_course


def imported(tmp_path: Path, version: int | None = 3) -> tuple[dict, nbformat.NotebookNode, str]:
    course = write_course(tmp_path / "course", {"ps1/lesson": lesson(version)})
    folder = import_nbgrader(course, tmp_path / "assignments" / "ps1").folder
    toml = tomllib.loads((folder / "assignment.toml").read_text())
    return toml, nbformat.read(folder / "source.ipynb", 4), (folder / "notes.md").read_text()


@pytest.mark.parametrize("version", [None, 1, 2, 3, 4])
def test_every_schema_gives_the_same_questions(tmp_path: Path, version: int | None) -> None:
    toml, _, _ = imported(tmp_path, version)
    found = [
        (one["id"], one["kind"], one["points"], [a["name"] for a in one.get("answers", [])])
        for one in toml["questions"]
    ]
    assert found[:4] == [
        ("mean", "computed", 3, ["mean"]),
        ("square", "computed", 2, ["square_1", "square_2"]),
        ("meaning", "written", 4, []),
        ("question-4", "computed", 2, []),
    ]
    assert len(found) == (5 if version in (3, 4) else 4)  # tasks came with version 3
    assert toml["title"] == "Means and spreads"
    assert [one["title"] for one in toml["questions"]][:3] == ["The mean", "A function", "In words"]


def test_tolerances_come_from_the_asserts(tmp_path: Path) -> None:
    toml, _, _ = imported(tmp_path)
    mean, square = toml["questions"][:2]
    assert mean["answers"] == [{"name": "mean", "type": "number", "points": 3, "absolute": 0.01}]
    assert [one["points"] for one in square["answers"]] == [0.5, 0.5]


def test_the_source_holds_solutions_and_no_tests(tmp_path: Path) -> None:
    _, notebook, _ = imported(tmp_path)
    sources = [cell.source for cell in notebook.cells]
    text = "\n".join(sources)
    assert "assert" not in text
    assert "# BEGIN SOLUTION\nmean = sum(values) / len(values)\n# END SOLUTION" in sources
    assert "def square(x):\n    # BEGIN SOLUTION\n    return x * x\n    # END SOLUTION" in sources
    assert (
        "# These results are marked; leave this cell as it is.\nsquare_1 = square(3)\nsquare_2 = square(-2)" in sources
    )
    assert "<!-- BEGIN SOLUTION -->\nThe mean is the centre of gravity.\n<!-- END SOLUTION -->" in sources
    assert "## Draw\nDraw a sketch." in sources
    assert "<!-- BEGIN SOLUTION -->\nTwo axes.\n<!-- END SOLUTION -->" in sources
    assert all("nbgrader" not in cell.metadata for cell in notebook.cells)
    assert notebook.cells[0].metadata.tags == ["parameters"]


def test_what_is_left_to_do_is_listed_and_tests_are_kept_in_the_notes(tmp_path: Path) -> None:
    _, _, notes = imported(tmp_path)
    for wanted in (
        "- [ ] declare at least one held-out parameter set",
        "- [ ] cell 2 reads 'values.csv': let a parameter hold that path",
        "- [ ] 'square': cell 9 tests `assert isinstance(square(1.5), float)`: declare what it asks for",
        "- [ ] 'square': cell 9 gives 1 points for nothing that could be read",
        "- [ ] 'square': cell 8 had hidden tests.",
        "- [ ] 'mean': cell 5 tests `assert mean > 0`",
        "- [ ] 'meaning': write the rubric",
        "- [ ] 'question-4': a person marked this code.",
        "2 notebooks stand in submitted/",
        "there is no held-out parameter set",
        "assert square(-2) == 4",
    ):
        assert wanted in notes


def test_once_the_list_is_done_the_assignment_can_be_read(tmp_path: Path) -> None:
    own = [one for one in lesson() if one.metadata.get("nbgrader", {}).get("grade_id") in (None, "mean", "mean-test")]
    own.insert(0, cell("factor = 2  # what to multiply with\nday = date(2024, 1, 1)\nrest = None"))
    own[0].metadata.tags = ["parameters"]
    course = write_course(tmp_path / "course", {"ps1/lesson": own})
    folder = import_nbgrader(course, tmp_path / "ps1").folder
    description = folder / "assignment.toml"
    with pytest.raises(AssignmentError, match="1 problem found"):
        read_assignment(folder)
    held_out = '[[held_out]]\nid = "a"\nparameters = { factor = 3 }\n\n'
    description.write_text(description.read_text().replace("[[questions]]", f"{held_out}[[questions]]", 1))
    assignment = read_assignment(folder)
    assert assignment.public.values == {"factor": 2}
    left = ("# day = TODO: a value, here and in the notebook, which has date(2024, 1, 1)", "# rest = TODO: a value")
    assert all(line in description.read_text() for line in left)
    assert "mean = None  # YOUR CODE" in json.dumps(student_notebook(assignment))
    assert (folder / "values.csv").is_file()
    assert not (folder / ".ipynb_checkpoints").exists()


def test_a_solution_cell_without_marks_is_a_solution_as_a_whole(tmp_path: Path) -> None:
    own = [solution("x = 3", "x"), checks("assert x == 3", "t", 1)]
    write(tmp_path / "one" / "one.ipynb", own)
    folder = import_nbgrader(tmp_path / "one", tmp_path / "new").folder
    assert "# BEGIN SOLUTION\nx = 3\n# END SOLUTION" in [
        c.source for c in nbformat.read(folder / "source.ipynb", 4).cells
    ]


def test_points_as_older_versions_kept_them(tmp_path: Path) -> None:
    own = [
        solution("x = y = z = 3", "x", version=None),
        checks("assert x == 3", "a", "2.5", version=None),
        checks("assert y == 3", "b", "", version=None),
    ]
    write(tmp_path / "one" / "one.ipynb", own)
    folder = import_nbgrader(tmp_path / "one", tmp_path / "new").folder
    (question,) = tomllib.loads((folder / "assignment.toml").read_text())["questions"]
    assert question["points"] == 2.5
    assert [answer["name"] for answer in question["answers"]] == ["x"]
    assert "cell 3 has no points, so what it tests is no answer: y." in (folder / "notes.md").read_text()


def test_a_variable_tested_twice_is_an_answer_once(tmp_path: Path) -> None:
    own = [
        solution("x = 3", "one"), checks("assert x == 3", "t1", 1),
        solution("y = 4", "two"), checks("assert x == 3 and y == 4", "t2", 2),
    ]  # fmt: skip
    write(tmp_path / "one" / "one.ipynb", own)
    folder = import_nbgrader(tmp_path / "one", tmp_path / "new").folder
    questions = tomllib.loads((folder / "assignment.toml").read_text())["questions"]
    assert [[a["name"] for a in q["answers"]] for q in questions] == [["x"], ["y"]]
    assert "cell 4 tests 'x', which is an answer of 'one' already" in (folder / "notes.md").read_text()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("assert abs(x - 3) < .1", ("x", "number", 0.1, 0)),
        ("assert np.abs(3 - x) <= 1e-3", ("x", "number", 0.001, 0)),
        ("assert 0.1 > abs(x - 1/3)", ("x", "number", 0.1, 0)),
        ("assert x == 3", ("x", "number", 0, 0)),
        ("assert 3 == x, 'message'", ("x", "number", 0, 0)),
        ("assert x == -3.5", ("x", "number", 0, 0)),
        ("assert x == 'blue'", ("x", "text", 0, 0)),
        ("assert 2.9 < x < 3.1", ("x", "number", pytest.approx(0.1), 0)),
        ("assert round(x, 2) == 3.14", ("x", "number", 0.005, 0)),
        ("assert math.isclose(x, 3, rel_tol=1e-4)", ("x", "number", 0, 1e-4)),
        ("assert np.isclose(x, 3)", ("x", "number", 1e-8, 1e-5)),
        ("assert np.isclose(x, 3, atol=.01, rtol=0)", ("x", "number", 0.01, 0)),
        ("np.testing.assert_allclose(x, 3, rtol=1e-3)", ("x", "number", 0, 1e-3)),
        ("np.testing.assert_almost_equal(x, 3, decimal=2)", ("x", "number", 0.005, 0)),
        ("assert_almost_equal(x, 3, 1)", ("x", "number", 0.05, 0)),
        ("assert_equal(x, 'a')", ("x", "text", 0, 0)),
        ("assert f(2) == 4", ("f(2)", "number", 0, 0)),
        ("assert df['a'].mean() == 4", ("df['a'].mean()", "number", 0, 0)),
        ("assert x == [1, 2]", ("x", "series", 0, 0)),
        ("assert_equal(f(2), ['a', 'b'])", ("f(2)", "series", 0, 0)),
        ("assert x == {'a': 1, 'b': 2.5}", ("x", "series", 0, 0)),
        ("assert np.allclose(x, np.array([1, 2]), rtol=1e-3)", ("x", "series", 1e-8, 1e-3)),
        ("assert answer in ['a', 'b']", ("answer", "choice", 0, 0)),
    ],
)
def test_asserts_that_can_be_read(line: str, wanted: tuple) -> None:
    found = read_tests(line)
    assert not found.unread
    (one,) = found.asked
    assert (one.expression, one.type, one.absolute, one.relative) == wanted


@pytest.mark.parametrize(
    "line",
    ["assert x", "assert x > 3", "assert x != 3", "assert x == True", "assert x is None", "assert x == [[1], [2]]",
     "assert x == []", "assert x == [True]",
     "assert isinstance(x, float)", "assert abs(x - y) < .1", "assert 3 == 3", "assert x == y", "assert x == 9**9**9",
     "assert x in [1, 2]", "assert hash(x) == other(x)"],
)  # fmt: skip
def test_asserts_that_cannot_are_told(line: str) -> None:
    assert read_tests(line).asked == ()
    assert len(read_tests(line).unread) == 1


def test_of_two_tests_the_stricter_counts() -> None:
    (one,) = read_tests("assert abs(x - 3) < .1\nassert abs(x - 3) < .001\nassert abs(x - 3) < 1").asked
    assert one.absolute == 0.001


@pytest.mark.parametrize(("points", "count"), [(1, 3), (10, 7), (0.01, 3), (2, 1), (5, 0)])
def test_shares_sum(points: float, count: int) -> None:
    parts = shares(points, count)
    assert len(parts) == count
    assert sum(parts) == pytest.approx(points if count else 0, abs=1e-12)
    assert all(part > 0 for part in parts)


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    (tmp_path / "ps1").mkdir()
    (tmp_path / "ps1" / "mine.txt").write_text("mine")
    with pytest.raises(AssignmentError, match="exists already; nothing was changed"):
        import_nbgrader(course, tmp_path / "ps1")
    assert [path.name for path in (tmp_path / "ps1").iterdir()] == ["mine.txt"]


def test_several_assignments_and_several_notebooks(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course", {"ps1/lesson": lesson(), "ps1/second": lesson(), "ps2/other": lesson()})
    with pytest.raises(AssignmentError, match=r"has 2 assignments: ps1, ps2.*Did you mean 'ps2'"):
        import_nbgrader(course, tmp_path / "ps22")
    with pytest.raises(AssignmentError, match="ps1 has 2 notebooks: lesson, second.* choose one with --notebook NAME"):
        import_nbgrader(course, tmp_path / "ps1")
    done = import_nbgrader(course, tmp_path / "ps1", notebook="lesson")
    assert any("import its other notebooks as assignments of their own: second" in line for line in done.todo)
    assert import_nbgrader(course / "source" / "ps2", tmp_path / "anything").questions == 5
    # As nbgrader's own example course has it: the header of all notebooks beside the assignments
    write(course / "source" / "header.ipynb", [cell("# A course", kind="markdown")])
    with pytest.raises(AssignmentError, match="has 2 assignments: ps1, ps2"):
        import_nbgrader(course / "source", tmp_path / "elsewhere")
    assert import_nbgrader(course / "source", tmp_path / "ps2").questions == 5


@pytest.mark.parametrize(
    "mark", ["# ASSIGNMENT CONFIG\nname: hw", "# BEGIN QUESTION\nname: q1", "x = 1\n# BEGIN SOLUTION NO PROMPT\ny = 2"]
)
def test_a_notebook_of_otter_is_said_to_be_one(mark: str, tmp_path: Path) -> None:
    """It had "no cell that nbgrader marks", or a mark that should be written otherwise."""
    write(tmp_path / "one" / "hw.ipynb", [cell("# Homework", kind="markdown"), cell(mark)])
    with pytest.raises(AssignmentError, match=r"hw\.ipynb, cell 2: '# .*' is otter-grader's, whose format is not read"):
        import_nbgrader(tmp_path / "one", tmp_path / "new")


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    write(tmp_path / "one" / "plain.ipynb", [cell("x = 1")])
    with pytest.raises(AssignmentError, match="has no cell that nbgrader marks"):
        import_nbgrader(tmp_path / "one", tmp_path / "new")
    write(tmp_path / "two" / "broken.ipynb", [solution("### BEGIN SOLUTION\nx = 1", "x")])
    with pytest.raises(AssignmentError, match="cell 1: the region that begins in line 1 never ends"):
        import_nbgrader(tmp_path / "two", tmp_path / "new")
    with pytest.raises(AssignmentError, match="There is no folder"):
        import_nbgrader(tmp_path / "three", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    (tmp_path / "private.txt").write_text("private")
    (course / "source" / "ps1" / "link.txt").symlink_to(tmp_path / "private.txt")
    folder = import_nbgrader(course, tmp_path / "ps1").folder
    assert not (folder / "link.txt").exists()


def test_the_command_prints_what_is_left_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = write_course(tmp_path / "course")
    assert main(["import-nbgrader", str(course), "-o", str(tmp_path / "ps1")]) == 0
    said = capsys.readouterr().out
    assert "5 questions, 3 answers taken over." in said
    assert "  - declare at least one held-out parameter set" in said
    assert main(["import-nbgrader", str(course), "-o", str(tmp_path / "ps1")]) == 1
    assert "exists already; nothing was changed" in capsys.readouterr().err


def test_a_function_tested_by_what_it_raises_is_left_to_its_author(tmp_path: Path) -> None:
    raising = "try:\n    f(0)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('did not raise')"
    own = [
        solution("def f(n):\n    return [1] * n", "f"),
        checks("assert f(1) == [1]\nassert f(2) == [1, 1]", "right", 1),
        checks(raising, "wrong", 1),
    ]
    write(tmp_path / "one" / "one.ipynb", own)
    folder = import_nbgrader(tmp_path / "one", tmp_path / "new").folder
    (question,) = tomllib.loads((folder / "assignment.toml").read_text())["questions"]
    assert [(one["name"], one["type"], one["points"]) for one in question["answers"]] == [
        ("f_1", "series", 0.5),
        ("f_2", "series", 0.5),
    ]
    notes = (folder / "notes.md").read_text()
    assert "'f': cell 3 gives 1 points for nothing that could be read: declare answers." in notes
    assert "raise AssertionError('did not raise')" in notes
    assert "points = 2, but the points of its answers sum to 1" in notes  # and so it cannot be released unseen
