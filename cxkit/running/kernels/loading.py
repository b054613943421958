"""A notebook as papermill's node, at a price that its author cannot drive up.

Checking and copying a notebook costs a kilobyte and ten microseconds for each value in it: 4 MB of empty dictionaries
in a cell's metadata took 3.5 GB and two minutes. What a run does not need is left out of such notebooks first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.iorw import load_notebook_node

from cxkit.errors import NotebookError
from cxkit.files import read_regular
from cxkit.running.notebooks.notebook import LARGEST, read_notebook, tags
from cxkit.running.temporary import own_folder
from cxkit.running.untrusted import parts_of

MOST_CELLS = 5_000
_FEW = 20_000  # values; more make a notebook that is lightened: figures drawn in JavaScript, or harm
_MOST_OF_ONE = 1_000  # values in the metadata of one cell, or in its attachments
_NAMED = ("kernelspec", "language_info", "cxkit", "tags")


def load_lightly(path: Path) -> NotebookNode:
    """The notebook, with papermill's entries in its metadata.

    Raises
    ------
    NotebookError
        If it cannot be read, or has more cells than anybody runs.
    """
    if parts_of(read_regular(path, LARGEST).decode("utf-8", "replace")) <= _FEW:
        return load_notebook_node(str(path))
    light = _lightened(read_notebook(path), path.name)
    with own_folder() as folder:
        copy = folder / path.name
        copy.write_text(json.dumps(light), encoding="utf-8")
        return load_notebook_node(str(copy))


def _lightened(notebook: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What of it a run needs: no outputs, which are made anew, and no large metadata."""
    cells = notebook["cells"]
    if len(cells) > MOST_CELLS:
        raise NotebookError(f"{name} has {len(cells):,} cells; at most {MOST_CELLS:,} are run.")
    light = [{"id": f"cell-{number}", **_light_cell(cell)} for number, cell in enumerate(cells)]
    metadata = _small(notebook.get("metadata"), {})
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": light}


def _light_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    named = tags(cell)[:_MOST_OF_ONE]
    light = {key: cell[key] for key in ("cell_type", "id", "source") if isinstance(cell.get(key), str)}
    light["metadata"] = _small(cell["metadata"], {"tags": named} if named else {})
    if light.get("cell_type") == "code":
        light |= {"outputs": [], "execution_count": None}
    elif attachments := _small(cell.get("attachments"), {}):
        light["attachments"] = attachments
    return light


def _small(entries: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """These entries if they are few, else those of them that are read, as far as they are few."""
    if not isinstance(entries, dict):
        return kept
    if _values_in(entries) <= _MOST_OF_ONE:
        return entries
    few = {key: entries[key] for key in _NAMED if key in entries and _values_in(entries[key]) <= _MOST_OF_ONE}
    return {**few, **kept}


def _values_in(data: Any) -> int:
    """How many values there are, counted no further than is of interest."""
    count, waiting = 0, [data]
    while waiting and count <= _MOST_OF_ONE:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value[: _MOST_OF_ONE + 1]
    return count
