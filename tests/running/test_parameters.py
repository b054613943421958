"""What a parameters cell says, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxkit.errors import NotebookError
from cxkit.running.notebook import find_notebook, read_notebook
from cxkit.running.parameters import Parameter, check_parameters, parse_parameters, read_parameters
from tests.running.building import code, notebook_of, words

CELL = '''"""What can be set."""
data = "bfi"  # a file, or the name of a data set
seed = 7
level: float = -0.5  # between -1 and 1
dimensions = ["a",
              "b"]  # which ones # really
options = {"k": 1}  # more
interactive = False
anything = None
# a comment of its own
text_with_hash = "# no help"  # help'''


def parameters_of(cell: str) -> tuple[Parameter, ...]:
    return read_parameters(notebook_of(words("# T"), code(cell, "parameters")), where="lesson.ipynb")


KNOWN = parameters_of(CELL)


def test_parameters_cell_is_read_without_running_it():
    assert [(p.name, p.default, p.kind, p.help) for p in KNOWN] == [
        ("data", "bfi", "str", "a file, or the name of a data set"),
        ("seed", 7, "int", ""),
        ("level", -0.5, "float", "between -1 and 1"),
        ("dimensions", ["a", "b"], "list", "which ones # really"),
        ("options", {"k": 1}, "dict", "more"),
        ("interactive", False, "bool", ""),
        ("anything", None, "any", ""),
        ("text_with_hash", "# no help", "str", "help"),
    ]


def test_no_parameters_cell():
    with pytest.raises(NotebookError, match=r"lesson\.ipynb has no parameters cell: no cell is tagged 'parameters'"):
        read_parameters(notebook_of("x = 1"), where="lesson.ipynb")


def test_all_problems_of_a_parameters_cell_at_once():
    with pytest.raises(NotebookError) as error:
        parameters_of("a = 1\nimport os\nb = a + 1\na = 2\nc, d = 1, 2\ne = (1, 2)")
    assert str(error.value) == (
        "lesson.ipynb, parameters cell: 5 problems found.\n"
        "  line 2: only 'name = value' belongs into this cell\n"
        "  line 3: the default of 'b' must be plain data: text, number, true, false, None, list or dict\n"
        "  line 4: 'a' is set twice\n"
        "  line 5: only 'name = value' belongs into this cell\n"
        "  line 6: the default of 'e' must be plain data: text, number, true, false, None, list or dict"
    )


def test_parameters_cell_that_is_not_python():
    with pytest.raises(NotebookError, match=r"parameters cell: line 1 is not Python: invalid syntax"):
        parameters_of("a = = 1")


def test_values_take_the_type_of_the_default():
    texts = [
        "data=my=file.csv",
        "seed=12",
        "level=1",
        "dimensions=['x', \"y\"]",
        'options={"a": true, "b": null}',
        "interactive=Yes",
        "anything=[1, 2]",
        "text_with_hash=007",
    ]
    values = parse_parameters(texts, KNOWN)
    assert values == {
        "data": "my=file.csv",
        "seed": 12,
        "level": 1.0,
        "dimensions": ["x", "y"],
        "options": {"a": True, "b": None},
        "interactive": True,
        "anything": [1, 2],
        "text_with_hash": "007",
    }
    assert isinstance(values["level"], float)


@pytest.mark.parametrize(
    ("text", "value"),
    [("anything=2", 2), ("anything=None", None), ("anything=my.csv", "my.csv"), ("anything=007", "007")],
)
def test_anything_goes_where_the_default_is_none(text, value):
    assert parse_parameters([text], KNOWN) == {"anything": value}


def test_all_problems_of_the_texts_at_once():
    texts = [
        "sed=1",
        "seed=1.5",
        "level=low",
        "dimensions=a",
        "options=[1]",
        "interactive=perhaps",
        "data",
        "data=a",
        "data=b",
    ]
    with pytest.raises(NotebookError) as error:
        parse_parameters(texts, KNOWN, where="lesson.ipynb")
    assert str(error.value) == (
        "lesson.ipynb: 8 problems found.\n"
        "  there is no parameter 'sed'. Did you mean 'seed'?\n"
        "  seed = '1.5' does not fit: a whole number is wanted (default 7)\n"
        "  level = 'low' does not fit: a number is wanted (default -0.5)\n"
        "  dimensions = 'a' does not fit: a list such as [\"a\", \"b\"] is wanted (default ['a', 'b'])\n"
        "  options = '[1]' does not fit: a dict such as {\"a\": 1} is wanted (default {'k': 1})\n"
        "  interactive = 'perhaps' does not fit: true or false is wanted (default False)\n"
        "  'data' has no '=': write name=value\n"
        "  'data' is given twice"
    )


def test_python_values_are_checked_alike():
    given = {"data": Path("my.csv"), "seed": np.int64(3), "level": 2, "dimensions": ("a",), "interactive": True}
    values = check_parameters(given, KNOWN)
    assert values == {"data": "my.csv", "seed": 3, "level": 2.0, "dimensions": ["a"], "interactive": True}
    assert type(values["seed"]) is int
    assert given["dimensions"] == ("a",)


def test_python_values_that_do_not_fit():
    given = {"seed": True, "interactive": 1, "data": None, "dimensions": [object], "sedd": 1, "anything": {1: 2}}
    with pytest.raises(NotebookError) as error:
        check_parameters(given, KNOWN)
    message = str(error.value)
    assert "6 problems found" in message
    assert "seed = True does not fit: a whole number is wanted" in message
    assert "interactive = 1 does not fit: true or false is wanted" in message
    assert "data = None does not fit: text is wanted" in message
    assert "there is no parameter 'sedd'. Did you mean 'seed'?" in message


def test_notebook_is_found_by_the_start_of_its_name(tmp_path):
    shelf = tmp_path / "notebooks"
    shelf.mkdir()
    for name in ("01_validate_instrument", "02_benchmark", "02_other"):
        (shelf / f"{name}.ipynb").touch()
    (tmp_path / "notes.txt").touch()
    assert find_notebook("01") == Path("notebooks/01_validate_instrument.ipynb")
    assert find_notebook("02_benchmark") == Path("notebooks/02_benchmark.ipynb")
    assert find_notebook("notebooks/02_other") == Path("notebooks/02_other.ipynb")
    with pytest.raises(NotebookError, match="'02' could mean 02_benchmark or 02_other"):
        find_notebook("02")
    with pytest.raises(NotebookError, match=r"There is no notebook '2_benchmark'.*Did you mean '02_benchmark'"):
        find_notebook("2_benchmark")
    with pytest.raises(NotebookError, match=r"notes\.txt is not a notebook: its name does not end in \.ipynb"):
        find_notebook("notes.txt")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not a notebook: it is not JSON"),
        ("{}", "is not a notebook in format 4. Open it in JupyterLab"),
        ('{"cells": [], "nbformat": 3}', "is not a notebook in format 4"),
    ],
)
def test_files_that_are_no_notebooks(content, complaint):
    Path("a.ipynb").write_text(content, encoding="utf-8")
    with pytest.raises(NotebookError, match=complaint):
        read_notebook("a.ipynb")


def test_missing_notebook():
    with pytest.raises(NotebookError, match=r"There is no notebook a\.ipynb"):
        read_notebook("a.ipynb")
