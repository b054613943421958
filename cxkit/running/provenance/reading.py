"""Reads the files of a crate, which may come from anybody: regular files within it, of bounded size and depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxkit import mime
from cxkit.errors import NotebookError, reason_of
from cxkit.files import read_regular
from cxkit.running.notebooks.notebook import LARGEST, MOST_VALUES, read_notebook
from cxkit.running.provenance.claims import (
    DECLARED,
    DEEPEST,
    EXECUTED,
    Damaged,
    Manifest,
    has_usable_numbers,
    read_manifest_of,
)
from cxkit.running.untrusted import is_deeper, read_json

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 32 << 20
# As nbformat writes version 4 (nbformat.v4.schema.json), and of no other type or field
_CELLS = frozenset({"code", "markdown", "raw"})
_FIELDS_OF_OUTPUTS: Mapping[str, set[str]] = {
    "stream": {"name", "text"},
    "error": {"ename", "evalue", "traceback"},
    "display_data": {"data", "metadata"},
    "execute_result": {"data", "metadata", "execution_count"},
}


def read_manifest(folder: Path) -> Manifest:
    """Read what a crate says.

    Raises
    ------
    NotebookError
        If there is no finished crate, or it is of a later version of cxkit.
    Damaged
        If the manifest is not as cxkit writes one: which field, and in which file.
    """
    path = folder / MANIFEST
    try:
        content = read_regular(path, LARGEST_MANIFEST, follow_links=False)
        return read_manifest_of(read_json(content, deepest=DEEPEST))
    except (FileNotFoundError, NotADirectoryError):
        raise NotebookError(f"{folder} is no finished crate of a report: it has no {MANIFEST}.") from None
    except Damaged as error:
        raise Damaged(f"its manifest is damaged ({error}, in {path}).") from None
    except (OSError, ValueError) as error:
        raise Damaged(f"its manifest is damaged ({reason_of(error)}, in {path}).") from None
    except NotebookError as error:
        raise NotebookError(f"{path} cannot be read: {error}.") from None


def read_declared(folder: Path) -> list[dict[str, Any]]:
    """Read the tables, pictures and values of a crate.

    Raises
    ------
    NotebookError
        If it is no list of them, or holds a number that nothing can be computed with.
    """
    path = folder / DECLARED
    try:
        content = read_regular(path, LARGEST, follow_links=False)
        declared = read_json(content, most_parts=MOST_VALUES, deepest=DEEPEST)
    except (OSError, ValueError) as error:
        raise NotebookError(f"{path} cannot be read: {reason_of(error)}") from None
    if not isinstance(declared, list) or not all(map(_is_of_form, declared)):
        raise NotebookError(f"{path} is damaged: it is no list of tables, pictures and values")
    return declared


def read_executed(folder: Path) -> dict[str, Any]:
    """Read the notebook with its outputs in a crate.

    Raises
    ------
    NotebookError
        If it cannot be read, or is no notebook with outputs.
    """
    path = folder / EXECUTED
    if path.is_symlink():
        raise NotebookError(f"{path} is a link, and no file")
    notebook = read_notebook(path)
    if wrong := next(_wrong_forms(notebook), None):
        raise NotebookError(f"{path} is damaged: {wrong}")
    return notebook


def _is_of_form(one: Any) -> bool:
    is_table = isinstance(one, dict) and isinstance(one.get("kind"), str) and isinstance(one.get("name"), str)
    return is_table and has_usable_numbers(one)


def _wrong_forms(notebook: Mapping[str, Any]) -> Iterator[str]:
    """What in an executed notebook is of another form than the format has it."""
    if is_deeper(notebook, DEEPEST):
        yield f"its data lie more than {DEEPEST} deep within one another"
    if not isinstance(notebook.get("metadata", {}), dict):
        yield "its metadata are no table"
    held: Any = notebook.get("metadata", {}).get("widgets", {})
    for part in (mime.WIDGET_STATE, "state"):
        if not isinstance(held, dict):
            yield "its states of widgets are no table"
        held = held.get(part, {})
    for model in held.values() if isinstance(held, dict) else ():
        if not _is_state(model):
            yield "the state of a widget is no table"
    for number, cell in enumerate(notebook["cells"], 1):
        yield from _wrong_in_cell(cell, f"cell {number}")


def _wrong_in_cell(cell: Mapping[str, Any], place: str) -> Iterator[str]:
    """What notebooks do not have in a cell: nothing says how that is to be compared, and a page may show it."""
    kind, outputs = cell.get("cell_type"), cell.get("outputs", [])
    if kind not in _CELLS:
        yield f"{place} is of no type that notebooks have"
    if kind != "code" and "outputs" in cell:
        yield f"{place} has outputs, and is no code"
    if not isinstance(outputs, list):
        yield f"the outputs of {place} are no list"
        return
    for number, output in enumerate(outputs, 1):
        if not _is_output(output):
            yield f"output {number} of {place} is none that notebooks have"


def _is_state(model: Any) -> bool:
    if not isinstance(model, dict) or not isinstance(model.get("state", {}), dict):
        return False
    buffers = model.get("buffers", [])
    return isinstance(buffers, list) and all(isinstance(part, dict) for part in buffers)


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict) or not isinstance(output.get("data", {}), dict):
        return False
    kind = output.get("output_type")
    if not isinstance(kind, str) or output.keys() - {"output_type"} != _FIELDS_OF_OUTPUTS.get(kind):
        return False
    if kind == "stream" and output["name"] not in {"stdout", "stderr"}:
        return False
    data = output.get("data", {})
    if not isinstance(data.get(mime.WIDGET_VIEW, {}), dict):
        return False
    return mime.DECLARED not in data or _is_of_form(data[mime.DECLARED])
