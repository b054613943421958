"""What a parameters cell says, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxkit.errors import NotebookError
from cxkit.running.notebooks.defaults import Code
from cxkit.running.notebooks.notebook import find_notebook, read_notebook
from cxkit.running.notebooks.parameters import Parameter, check_parameters, parse_parameters, read_parameters
from cxkit.running.provenance.fingerprint import named_files
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


def test_what_is_literal_is_told_and_the_rest_stands_as_code():
    cell = (
        "import os\n'A sentence.'\na = 60 * 60\nb = a + 1  # more\na = 2\nc, (d, *e) = 1, (2, 3)\nf = (1, 2)\n"
        "g = Path('data') / 'x.csv'\nh = f'{a}.csv'\nif a:\n    i = 3\nj = k = -2 ** 3; l: int = None\nm: float\n"
        "n = {1: 'a'}\nfor o in []: pass\np = [q for q in 'ab']\ndef r():\n    s = 1\nt = 1e999"
    )
    told = {p.name: (p.default, p.kind) for p in parameters_of(cell)}
    assert told == {
        "a": (2, "int"), "b": ("a + 1", "any"), "c": (1, "int"), "d": ("(2, 3)", "any"), "e": ("(2, 3)", "any"),
        "f": ([1, 2], "list"), "g": ("Path('data') / 'x.csv'", "any"), "h": ("f'{a}.csv'", "str"),
        "i": ("(set in line 10)", "any"), "j": (-8, "int"), "k": (-8, "int"), "l": (None, "int"),
        "m": ("(no default)", "float"), "n": ("{1: 'a'}", "dict"), "o": ("(set in line 15)", "any"),
        "p": ("[q for q in 'ab']", "list"), "t": ("1e309", "any"),
    }  # fmt: skip
    computed = [name for name, (default, _) in told.items() if isinstance(default, Code)]
    assert computed == ["b", "d", "e", "g", "h", "i", "m", "n", "o", "p", "t"]
    assert repr(told["b"][0]) == "a + 1"
    assert next(p.help for p in parameters_of(cell) if p.name == "b") == "more"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("60*60*24", 86400), ("2**10", 1024), ("1 << 20", 1048576), ("-(1/4)", -0.25), ("7 // 2 % 2", 1),
        ("'a' 'b' + 'c'", "abc"), ("f'plain'", "plain"), ("Path('a/b')", "a/b"), ("pathlib.Path('a')", "a"),
        ("('a', ['b', (1,)])", ["a", ["b", [1]]]), ("{'k': (1, 2)}", {"k": [1, 2]}), ("(\n  1,\n  2)", [1, 2]),
    ],
)  # fmt: skip
def test_expressions_that_need_nothing_but_themselves(expression, value):
    assert [p.default for p in parameters_of(f"x = {expression}")] == [value]
    assert not isinstance(parameters_of(f"x = {expression}")[0].default, Code)


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9**9", "2**-1 * 10**5000", "'a' * 10**12", "1 / 0", "(-8) ** 0.5", "1 << 10**9", "1j", "b'a'", "{1, 2}",
        "date(2024, 1, 1)", "x", "1.0 ** 1e400", "10**1000 * 10**1000", "True + 1", "...",
        "{**{}}",
    ],
)  # fmt: skip
def test_what_is_costly_or_no_plain_data_stands_as_code(expression):
    assert isinstance(parameters_of(f"x = {expression}")[0].default, Code)


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nn = 1", "n = 1\n!pip install x", "files = !ls\nn = 1", "!echo (\nn = 1", "n = 1\nn?",
        "%%time\nn = 1", "%env A=b\nif True:\n    %time 1\nn = 1",
        't = """\n%d of n\n"""\n%cd ..\nn = 1', "!echo 'it\nn = 1",
    ],
)  # fmt: skip
def test_magics_among_parameters_are_passed_over(cell):
    known = {p.name: p.default for p in parameters_of(cell)}
    assert known["n"] == 1
    assert known.get("t", "\n%d of n\n") == "\n%d of n\n"


def test_a_cell_of_another_tongue_sets_nothing():
    assert parameters_of("%%bash\nn=1; if [ $n ]; then echo; fi") == ()


@pytest.mark.parametrize(
    ("line", "text", "value"),
    [
        ("x: float = 1", "0.5", 0.5), ("x = None  # type: int  how many", "7", 7), ("x: 'str' = None", "7", "7"),
        ("x: str = None", "None", None), ("x: list[int] = None", "[1]", [1]), ("x: int | None = 3", "None", None),
        ("x: Optional[int] = 3", "None", None), ("x = Path('a')", "007", "007"), ("x = f'{y}'", "7", "7"),
        ("x = date.today()", "2024-01-01", "2024-01-01"), ("x = int(y)", "7", 7), ("x = (1, 2)", "[3]", [3]),
        ("x: typing.Dict[str, int]", "{'a': 1}", {"a": 1}), ("x = not y", "no", False),
    ],
)  # fmt: skip
def test_what_is_overridden_is_checked_by_hint_or_default(line, text, value):
    known = parameters_of(line)
    assert parse_parameters([f"x={text}"], known) == {"x": value}
    assert check_parameters({"x": value}, known) == {"x": value}
    assert "how many" in known[0].help or "#" not in line


@pytest.mark.parametrize(
    ("line", "text"), [("x: int = None", "a"), ("x = int(y)", "1.5"), ("x = [y]", "1"), ("x = 60 * 60", "an hour")]
)
def test_what_is_overridden_by_another_kind_is_refused(line, text):
    with pytest.raises(NotebookError, match=r"x = '.*' does not fit: .* is wanted \(default .*\)"):
        parse_parameters([f"x={text}"], parameters_of(line))


def test_code_is_no_name_of_a_file():
    Path("data").touch()
    assert list(named_files([p.default for p in parameters_of("a = 'data'; b = data")])) == ["data"]


def test_choices_that_are_computed_are_left_to_the_notebook():
    cells = (
        code("way = 'a'; n = 1", "parameters"),
        code("%time 1\ncx.check_notebook(globals(), way=WAYS, n=[(0, 5)])"),
    )
    allowed = {p.name: p.allowed for p in read_parameters(notebook_of(*cells))}
    assert allowed == {"way": (), "n": ((0, 5),)}


@pytest.mark.parametrize(
    "source", ["a = = 1", "a = 1\n  b = 2", "a = '\0'", "(" * 300, "a = 1\n" * 40_000, "+".join("1" * 9000)]
)
def test_cells_that_cannot_be_read_are_refused_in_words(source):
    with pytest.raises(NotebookError, match=r"parameters cell: line \d+ is not Python: "):
        parameters_of(source)


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
