"""A notebook as a file: finding it and reading it.

Nothing here executes a notebook or imports Jupyter: a misspelt parameter must be refused in the blink before a kernel
would start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError, nearest


def find_notebook(name: str | Path, folder: str | Path = "notebooks") -> Path:
    """Which notebook is meant by a path, a file name, or the start of one such as ``01``?

    Parameters
    ----------
    name : str or Path
        A path; else a name, with or without ``.ipynb``, in the current folder or in `folder`; else the unambiguous
        start of a name in `folder`.
    folder : str or Path
        Where notebooks are looked up by name.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    NotebookError
        If nothing or more than one notebook fits; the nearest name is offered.
    """
    given, shelf = Path(name), Path(folder)
    with_suffix = given if given.suffix == ".ipynb" else given.with_name(given.name + ".ipynb")
    for candidate in (given, with_suffix, shelf / with_suffix):
        if candidate.is_file() and candidate.suffix == ".ipynb":
            return candidate
    known = sorted(path.stem for path in shelf.glob("*.ipynb"))
    matches = [stem for stem in known if stem.startswith(given.name)]
    if len(matches) == 1:
        return shelf / f"{matches[0]}.ipynb"
    if matches:
        raise NotebookError(f"'{name}' could mean {' or '.join(matches)}. Write a little more of the name.")
    if given.is_file():
        raise NotebookError(f"{given} is not a notebook: its name does not end in .ipynb.")
    raise NotebookError(
        f"There is no notebook '{name}', neither as a path nor in {shelf}/.{nearest(given.stem, known)}"
    )


def read_notebook(path: str | Path) -> dict[str, Any]:
    """What is in this notebook file?

    Sources and stream texts are joined to one string each, whatever way the file splits them.

    Parameters
    ----------
    path : str or Path
        A notebook in format 4.

    Returns
    -------
    dict
        The notebook as plain data.

    Raises
    ------
    NotebookError
        If the file is missing, is not JSON, or is not a notebook in format 4.
    """
    path = Path(path)
    try:
        notebook = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook {path}.") from None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise NotebookError(f"{path} is not a notebook: it is not JSON ({error}).") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or notebook.get("nbformat") != 4:
        raise NotebookError(f"{path} is not a notebook in format 4. Open it in JupyterLab and save it again.")
    for cell in notebook["cells"]:
        cell["source"] = joined(cell.get("source", ""))
        cell.setdefault("metadata", {})
    return notebook


def joined(text: Any) -> str:
    """A notebook's text field as one string; the format allows a list of lines as well."""
    return "".join(text) if isinstance(text, list) else str(text)


def tags(cell: Mapping[str, Any]) -> list[str]:
    """The tags of a cell, in the order they were set."""
    return list(cell.get("metadata", {}).get("tags", []))


def parameters_cell(notebook: Mapping[str, Any]) -> int | None:
    """The index of the first cell tagged ``parameters``, or None."""
    return next((index for index, cell in enumerate(notebook["cells"]) if "parameters" in tags(cell)), None)
