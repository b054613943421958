"""Cells for small notebooks, and an executed notebook without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from cxkit.running.plan import Run

PARAMETERS = 'x = 1  # how many\nname = "a"  # what to call it\ninteractive = False'


def code(source: str, *tags: str, outputs: list[dict[str, Any]] | None = None) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    if tags:
        cell.metadata.tags = list(tags)
    cell.outputs = [nbformat.from_dict(output) for output in outputs or []]
    return cell


def words(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(metadata: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    """An output with data by mime type; `__` stands for a slash, `_plus_` for a plus."""
    named = {
        kind.replace("__", "/").replace("_plus_", "+").replace("_dot_", "."): value for kind, value in data.items()
    }
    return {"output_type": "display_data", "data": named, "metadata": metadata or {}}


def notebook_of(*cells: str | nbformat.NotebookNode) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "no-such-kernel", "display_name": "x", "language": "python"}
    notebook.cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return notebook


def executed_run(*cells: str | nbformat.NotebookNode, folder: Path, **attributes: Any) -> Run:
    """A run whose notebook has these cells with these outputs; no kernel was needed for it."""
    given = {"parameters": {"x": 1, "name": "<a&b>"}, "given": ("name",), "notebook_sha256": "0" * 64} | attributes
    return Run(notebook=folder / "lesson.ipynb", executed=notebook_of(*cells), **given)


def names_in(folder: str | Path = ".") -> list[str]:
    """The names of the files in a folder, sorted."""
    return sorted(path.name for path in Path(folder).iterdir())
