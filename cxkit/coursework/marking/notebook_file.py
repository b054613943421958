"""A student's notebook as a file: read within bounds, and of it only what counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.coursework.collecting.contents import MOST_CELLS
from cxkit.coursework.marking.lost_metadata import RELEASED_ID, id_of
from cxkit.errors import MarkingError, reason_of
from cxkit.running.untrusted import Unbounded, read_json

if TYPE_CHECKING:
    from nbformat import NotebookNode

LARGEST_FILE = 50 << 20


def read_submission(path: Path) -> tuple[NotebookNode, str]:
    """A student's notebook, and the hash of its file.

    Raises
    ------
    MarkingError
        If it is too large, or no notebook: in words for the student.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise MarkingError(f"{path.name} is not an ordinary file.")
        if path.stat().st_size > LARGEST_FILE:
            raise MarkingError(f"{path.name} is larger than {LARGEST_FILE >> 20} MB. Clear its outputs.")
        content = path.read_bytes()
    except OSError as error:
        raise MarkingError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    return _notebook(content, path.name), hashlib.sha256(content).hexdigest()


def _notebook(content: bytes, name: str) -> NotebookNode:
    import nbformat

    try:
        data = read_json(content)
        if data.get("nbformat") != 4:
            data = nbformat.reads(json.dumps(data), as_version=4)
        cells = [cell for cell in map(_plain_cell, data["cells"], count()) if cell is not None]
        spec = _named_only(data.get("metadata"), ("kernelspec", "language_info"))
    except Unbounded as error:
        raise MarkingError(f"{name} is not a notebook that can be read: {error}.") from None
    except Exception as error:
        raise MarkingError(f"{name} is not a notebook that can be read: {reason_of(error)}.") from None
    if len(cells) > MOST_CELLS:
        raise MarkingError(f"{name} has {len(cells):,} cells; at most {MOST_CELLS:,} are run.")
    made: NotebookNode = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": cells})
    return made


_CELL_TYPES = ("code", "markdown", "raw")
_MOST_TAGS = 100


def _plain_cell(cell: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """What counts of a cell, and nothing else: whatever format it came from, and whatever else is in it.

    Outputs are a claim, and may be large or malformed; ids may be missing, double or forged.
    """
    source = cell.get("source", "")
    source = "".join(source) if isinstance(source, list) else source
    if not isinstance(source, str) or cell.get("cell_type") not in _CELL_TYPES:
        return None
    metadata = cell.get("metadata")
    kept: dict[str, Any] = {}
    if isinstance(metadata, dict):
        named = metadata.get("tags")
        tags = [tag for tag in named if isinstance(tag, str)][:_MOST_TAGS] if isinstance(named, list) else []
        kept = {**({"tags": tags} if tags else {}), **_named_only(metadata, ("cxkit",))}
    if own := id_of(cell):
        kept[RELEASED_ID] = own
    made = {"cell_type": cell["cell_type"], "source": source, "metadata": kept, "id": f"cell-{number}"}
    return made | ({"outputs": [], "execution_count": None} if made["cell_type"] == "code" else {})


def _named_only(metadata: Any, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of these entries of metadata the texts and lists of texts, which are all that is ever read of them."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        entry = metadata.get(name) if isinstance(metadata, dict) else None
        if isinstance(entry, dict):
            found[name] = {key: value for key, value in list(entry.items())[:_MOST_TAGS] if _is_short(value)}
    return found


def _is_short(value: Any) -> bool:
    """A text, or a list of not too many texts."""
    if isinstance(value, list):
        return len(value) <= _MOST_TAGS and all(isinstance(one, str) for one in value)
    return isinstance(value, str)
