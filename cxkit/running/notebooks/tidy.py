"""A notebook as it belongs into a repository: the source, and of the outputs only those that a test compares."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxkit.files import write_atomically
from cxkit.running.notebooks.notebook import joined, read_notebook, tags

GOLDEN_TAG = "nbval-check-output"
_KEPT_METADATA = ("cxkit", "deletable", "editable", "name", "nbgrader", "slideshow", "tags")
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def tidy(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Which part of this notebook is its source?

    Execution counts, times, widget states, editor settings and outputs go; outputs of cells tagged
    ``nbval-check-output`` stay, since they are the numbers that a test compares. Cell ids stay; missing or repeated
    ones are made from the cell's text, so that the same notebook always gets the same.

    Parameters
    ----------
    notebook : mapping
        As `read_notebook` gives it.

    Returns
    -------
    dict
        A new notebook in format 4.5; tidying it again changes nothing.
    """
    used: set[str] = set()
    cells = [_tidy_cell(cell, used) for cell in notebook["cells"]]
    metadata: dict[str, Any] = {"kernelspec": dict(_KERNEL)}
    own = notebook.get("metadata", {})
    if own.get("kernelspec", {}).get("language", "python").lower() != "python":
        kernel = own["kernelspec"]
        metadata["kernelspec"] = {key: kernel[key] for key in sorted(_KERNEL) if key in kernel}
    if "cxkit" in own:
        metadata["cxkit"] = own["cxkit"]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _tidy_cell(cell: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    source = joined(cell["source"]).rstrip("\n")
    kept = {key: value for key, value in cell["metadata"].items() if key in _KEPT_METADATA and value != []}
    clean: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": _cell_id(cell.get("id"), f"{cell['cell_type']}\n{source}", used),
        "metadata": kept,
        "source": source.splitlines(keepends=True),
    }
    if cell.get("attachments"):
        clean["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        golden = GOLDEN_TAG in tags(cell)
        clean["outputs"] = [_tidy_output(output) for output in cell.get("outputs", [])] if golden else []
        clean["execution_count"] = 1 if clean["outputs"] else None  # nbval refuses outputs of a cell without a count
    return clean


def _cell_id(own: Any, text: str, used: set[str]) -> str:
    cell_id = own if isinstance(own, str) and _CELL_ID.fullmatch(own) else None
    attempt = 0
    while cell_id is None or cell_id in used:
        cell_id = hashlib.sha256(f"{text}\n{attempt}".encode()).hexdigest()[:8]
        attempt += 1
    used.add(cell_id)
    return cell_id


def _tidy_output(output: Mapping[str, Any]) -> dict[str, Any]:
    clean = dict(output)
    if "execution_count" in clean:
        clean["execution_count"] = 1
    if "text" in clean:
        clean["text"] = joined(clean["text"]).splitlines(keepends=True)
    if "data" in clean:
        clean["data"] = {kind: _tidy_data(kind, value) for kind, value in clean["data"].items()}
    return clean


def _tidy_data(kind: str, value: Any) -> Any:
    if kind.startswith("text/") or kind == "image/svg+xml":
        return joined(value).splitlines(keepends=True)
    return value


def as_text(notebook: Mapping[str, Any]) -> str:
    """The notebook as the text of its file: keys in a fixed order, one trailing newline, like Jupyter's own."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def tidy_file(path: str | Path, *, check: bool = False) -> bool:
    """Tidy a notebook file.

    Parameters
    ----------
    path : str or Path
        The notebook.
    check : bool
        Only look, change nothing.

    Returns
    -------
    bool
        Whether the file was (or with `check` would be) changed.

    Raises
    ------
    NotebookError
        If it is no notebook, or cannot be written.
    """
    path = Path(path)
    text = as_text(tidy(read_notebook(path)))
    if path.read_bytes() == text.encode("utf-8"):
        return False
    if not check:
        write_atomically(path, text)
    return True
