"""A notebook as a file: finding it and reading it.

Nothing here executes a notebook or imports Jupyter: a misspelt parameter must be refused in the blink before a kernel
would start.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxkit.errors import NotebookError, nearest, reason_of
from cxkit.files import read_regular, refuse_address, write_atomically
from cxkit.running.untrusted import Unbounded, read_json
from cxkit.shipped import notebooks_folder

LARGEST, MOST_VALUES = 200 << 20, 6_000_000
"""Of a notebook's file: bytes, and values in it. Each value takes 60 to 200 bytes of memory once it is read."""
_PYTHON = {"python", "python3", "ipython"}
"""How notebooks name Python; it is said in `kernelspec` or `language_info`."""


STUDY = "study.toml"
"""The instrument in a folder that `cxkit start` made; the notebooks beside it are set to the study's data."""


def find_notebook(
    name: str | Path, folder: str | Path = "notebooks", *, why_none: Callable[[str], str] = lambda stem: ""
) -> Path:
    """Which notebook is meant by a path, a file name, or the start of one such as ``01``?

    Parameters
    ----------
    name : str or Path
        A path; else a name, with or without ``.ipynb``, in the current folder or in `folder`; else the unambiguous
        start of a name in `folder`, in the current folder or, if none there fits, of one of cxkit's own notebooks.
    folder : str or Path
        Where notebooks are looked up by name before those of cxkit.
    why_none : callable
        Says in a sentence why a study has no notebook of the name that it is given.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    NotebookError
        If nothing or more than one notebook fits; the nearest name is offered. If the name is an address. If the
        current folder is a study with notebooks of its own, and only one of cxkit's fits.
    """
    refuse_address(name)
    given, shelf = Path(name), Path(folder)
    with_suffix = given if given.suffix == ".ipynb" else given.with_name(given.name + ".ipynb")
    for candidate in (given, with_suffix, shelf / with_suffix):
        if candidate.is_file() and candidate.suffix == ".ipynb":
            return candidate
    if given.is_file():
        raise NotebookError(f"{given} is not a notebook: its name does not end in .ipynb.")
    known: list[str] = []
    for place in (shelf, Path(), notebooks_folder()):
        here = sorted(path.stem for path in place.glob("*.ipynb"))
        matches = [stem for stem in here if stem.startswith(given.name.removesuffix(".ipynb"))]
        if len(matches) == 1 and (place in (shelf, Path()) or len(given.parts) == 1):
            refusal = "" if place in (shelf, Path()) else not_of_study(matches[0], shelf, why_none(matches[0]))
            if refusal:
                raise NotebookError(refusal)
            return place / f"{matches[0]}.ipynb"
        if len(matches) > 1:
            raise NotebookError(f"'{name}' could mean {' or '.join(matches)}. Write a little more of the name.")
        known += here
    raise NotebookError(
        f"There is no notebook '{name}', neither as a path nor in {shelf}/ nor among those of cxkit."
        f"{nearest(given.stem, dict.fromkeys(known))}"
    )


def not_of_study(stem: str, folder: Path, why: str = "") -> str:
    """Why cxkit's own notebook is not run for a study that has notebooks of its own; nothing where there is no study.

    Parameters
    ----------
    stem : str
        The name of cxkit's notebook.
    folder : Path
        A folder of notebooks within the one that may be a study's.
    why : str
        Why the study has no such notebook.
    """
    study = folder.parent
    kit = {path.stem for path in shipped_notebooks()}
    own = sorted(kit & {path.stem for place in (folder, study) for path in place.glob("*.ipynb")})
    if not own or not (study / STUDY).is_file():
        return ""
    return (
        f"{stem} is not among the notebooks of this study ({', '.join(own)}), and cxkit's own would report on "
        f"synthetic data. {why + ' ' if why else ''}`cxkit notebooks {stem}` makes one with this study's data."
    )


def shipped_notebooks() -> list[Path]:
    """List cxkit's own notebooks, in the order of their names."""
    return sorted(notebooks_folder().glob("*.ipynb"))


def copy_shipped(name: str, target: str | Path = ".") -> Path:
    """Copy one of cxkit's notebooks out, to change it.

    Parameters
    ----------
    name : str
        Its name or the start of it.
    target : str or Path
        The new file, or the folder it goes into.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    NotebookError
        If cxkit has no such notebook, or there is a file of that name already.
    """
    stem = name.removesuffix(".ipynb")
    matches = [path for path in shipped_notebooks() if path.stem.startswith(stem)]
    if len(matches) != 1:
        known = [path.stem for path in matches or shipped_notebooks()]
        raise NotebookError(
            f"cxkit has {'more than one' if matches else 'no'} notebook '{name}'.{nearest(stem, known)}"
        )
    source = matches[0]
    copy = Path(target)
    copy = copy if copy.suffix == ".ipynb" else copy / source.name
    if copy.exists():
        raise NotebookError(f"{copy} exists already; name another file with -o.")
    copy.parent.mkdir(parents=True, exist_ok=True)
    return write_atomically(copy, source.read_bytes())


def title_of(path: str | Path) -> str:
    """The first heading of a notebook; nothing if it has none."""
    for cell in read_notebook(path)["cells"]:
        for line in cell["source"].splitlines() if cell["cell_type"] == "markdown" else ():
            if line.startswith("#"):
                return str(line.lstrip("#").strip())
    return ""


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
        notebook = read_json(read_regular(path, LARGEST), most_parts=MOST_VALUES)
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook {path}.") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise NotebookError(f"{path} is larger than {LARGEST >> 20} MB. Clear its outputs.") from None
        raise NotebookError(f"{path} cannot be read: {error.strerror}.") from None
    except Unbounded as error:
        raise NotebookError(f"{path} cannot be read: {error}.") from None
    except ValueError as error:
        raise NotebookError(f"{path} is not a notebook: {reason_of(error)}.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or notebook.get("nbformat") != 4:
        raise NotebookError(f"{path} is not a notebook in format 4. Open it in JupyterLab and save it again.")
    for number, cell in enumerate(notebook["cells"], start=1):
        if not isinstance(cell, dict):
            raise NotebookError(f"{path} is not a notebook: its cell {number} is none.")
        cell["source"] = joined(cell.get("source", ""))
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
    return notebook


def joined(text: Any) -> str:
    """A notebook's text field as one string; the format allows a list of lines as well."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def tags(cell: Mapping[str, Any]) -> list[str]:
    """The tags of a cell, in the order they were set."""
    named = cell.get("metadata", {}).get("tags", [])
    return [tag for tag in named if isinstance(tag, str)] if isinstance(named, list) else []


# Names of kernels that say their language nowhere else; others begin like it: ir, julia-1.10.
_KERNELS = {"ir": "R", "julia": "Julia", "bash": "Bash", "scala": "Scala", "deno": "TypeScript", "octave": "Octave"}


def language_of(notebook: Mapping[str, Any]) -> str:
    """The language that a notebook's metadata name, as they write it; "python" where they name none."""
    metadata = notebook.get("metadata")
    parts = [metadata.get(key) for key in ("kernelspec", "language_info")] if isinstance(metadata, Mapping) else []
    spec, info = [part if isinstance(part, Mapping) else {} for part in parts] or ({}, {})
    kernel = str(spec.get("name") or "").split("-")[0].lower()
    named = spec.get("language") or info.get("name") or _KERNELS.get(kernel)
    return named if isinstance(named, str) else "python"


def refuse_other_language(notebook: Mapping[str, Any], where: str) -> None:
    """Refuse a notebook that is not written in Python.

    Raises
    ------
    NotebookError
        With the language.
    """
    language = language_of(notebook)
    if language.lower() not in _PYTHON:
        raise NotebookError(f"{where} is written in {language}, and cxkit runs Python notebooks only.")


def parameters_cell(notebook: Mapping[str, Any]) -> int | None:
    """The index of the first cell tagged ``parameters``, or None."""
    return next((index for index, cell in enumerate(notebook["cells"]) if "parameters" in tags(cell)), None)
