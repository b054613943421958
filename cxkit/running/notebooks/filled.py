"""A notebook with other defaults: what its parameters cell says is written anew, comments and order stay."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from cxkit.errors import NotebookError
from cxkit.running.notebooks.notebook import joined, parameters_cell


def fill_parameters(notebook: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook whose parameters cell sets these values; a name that the cell does not set is left out.

    Raises
    ------
    NotebookError
        If the notebook has no parameters cell.
    """
    index = parameters_cell(notebook)
    if index is None:
        raise NotebookError("The notebook has no parameters cell: no cell is tagged 'parameters'.")
    cells = [dict(cell) for cell in notebook["cells"]]
    source = _filled(joined(cells[index]["source"]), values)
    cells[index]["source"] = source.splitlines(keepends=True)
    return {**notebook, "cells": cells}


def _filled(source: str, values: Mapping[str, Any]) -> str:
    lines = source.encode("utf-8").splitlines(keepends=True)  # ast counts columns in bytes
    for statement in reversed(ast.parse(source).body):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Name) or target.id not in values:
            continue
        first, last = statement.value.lineno - 1, (statement.value.end_lineno or statement.value.lineno) - 1
        before = lines[first][: statement.value.col_offset]
        after = lines[last][statement.value.end_col_offset :]
        written = python_text(values[target.id]).encode("utf-8")
        lines[first : last + 1] = [before + written + after]
    return b"".join(lines).decode("utf-8")


def python_text(value: Any) -> str:
    """A value as Python writes it, texts in double quotation marks where they hold none."""
    if isinstance(value, str):
        shown = repr(value)
        return f'"{shown[1:-1]}"' if shown.startswith("'") and '"' not in shown else shown
    if isinstance(value, list):
        return f"[{', '.join(map(python_text, value))}]"
    return repr(value)
