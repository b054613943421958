"""Notebooks as they belong into a repository."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from cxkit.errors import NotebookError
from cxkit.running.notebooks.notebook import read_notebook
from cxkit.running.notebooks.tidy import as_text, tidy, tidy_file
from tests.running.building import code, notebook_of, stream, words


def untidy_notebook() -> nbformat.NotebookNode:
    notebook = notebook_of(
        words("# T\n"),
        code("x = 1\n\n", "parameters", outputs=[stream("1\n")]),
        code("print(2)", "nbval-check-output", outputs=[stream("2\n3\n")]),
    )
    notebook.metadata |= {
        "language_info": {"name": "python", "version": "3.11.1"},
        "widgets": {},
        "cxkit": {"language": "de"},
    }
    notebook.metadata.kernelspec = {"name": "my-env", "display_name": "Mine", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata |= {"scrolled": True, "execution": {"iopub.execute_input": "2024"}}
        if cell.cell_type == "code":
            cell.execution_count = number
    return notebook


def test_what_is_left_of_a_notebook(tmp_path):
    nbformat.write(untidy_notebook(), "a.ipynb")
    assert tidy_file("a.ipynb")
    text = Path("a.ipynb").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "cells": [
            {"cell_type": "markdown", "id": "cell-0", "metadata": {}, "source": ["# T"]},
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "cell-1",
                "metadata": {"tags": ["parameters"]},
                "outputs": [],
                "source": ["x = 1"],
            },
            {
                "cell_type": "code",
                "execution_count": 1,
                "id": "cell-2",
                "metadata": {"tags": ["nbval-check-output"]},
                "outputs": [{"name": "stdout", "output_type": "stream", "text": ["2\n", "3\n"]}],
                "source": ["print(2)"],
            },
        ],
        "metadata": {
            "cxkit": {"language": "de"},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    nbformat.validate(nbformat.read("a.ipynb", as_version=4))


def test_tidying_twice_changes_nothing():
    nbformat.write(untidy_notebook(), "a.ipynb")
    assert tidy_file("a.ipynb")
    once = Path("a.ipynb").read_bytes()
    assert not tidy_file("a.ipynb")
    assert Path("a.ipynb").read_bytes() == once


def test_saving_a_tidy_notebook_in_jupyter_leaves_no_other_trace():
    nbformat.write(untidy_notebook(), "a.ipynb")
    tidy_file("a.ipynb")
    once = Path("a.ipynb").read_bytes()
    nbformat.write(nbformat.read("a.ipynb", as_version=4), "a.ipynb")
    assert Path("a.ipynb").read_bytes() == once


def test_checking_changes_nothing():
    nbformat.write(untidy_notebook(), "a.ipynb")
    before = Path("a.ipynb").read_bytes()
    assert tidy_file("a.ipynb", check=True)
    assert Path("a.ipynb").read_bytes() == before


def test_cell_ids_are_made_from_the_text_and_never_repeat():
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "same"} for _ in range(3)]
    cells.append({"cell_type": "markdown", "id": "not valid!", "metadata": {}, "source": "same"})
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    ids = [cell["id"] for cell in tidy(notebook)["cells"]]
    assert ids == [cell["id"] for cell in tidy(notebook)["cells"]]
    assert len(set(ids)) == 4
    assert "id" not in cells[0]


def test_golden_outputs_lose_their_counts():
    cell = code("2", "nbval-check-output")
    cell.outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "2"}, execution_count=7)]
    nbformat.write(notebook_of(cell), "a.ipynb")
    text = as_text(tidy(read_notebook("a.ipynb")))
    assert '"execution_count": 1' in text
    assert "7" not in json.loads(text)["cells"][0]["outputs"][0]["data"]["text/plain"]
    assert json.loads(text)["cells"][0]["outputs"][0]["execution_count"] == 1


def test_what_is_no_notebook_is_refused():
    Path("a.ipynb").write_text("[]", encoding="utf-8")
    with pytest.raises(NotebookError, match=r"a\.ipynb is not a notebook in format 4"):
        tidy_file("a.ipynb")
