"""Which modules lie beside a notebook and are imported by it? Jupyter finds them, since it works in that folder."""

from __future__ import annotations

import re
from pathlib import Path

from cxkit.errors import NotebookError
from cxkit.running.notebooks.notebook import joined, read_notebook

FOLDER_VARIABLE = "CXKIT_NOTEBOOK_FOLDER"
"""In the environment of a kernel: a folder whose modules can be imported although the kernel works in another."""
_IMPORT = re.compile(r"^[ \t]*(?:import[ \t]+([\w., \t]+)|from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import\b)", re.MULTILINE)
_LARGEST = 1_000_000
ITSELF = "cxkit"
"""Whose code a crate records by its own hash."""


def imported_names(code: str) -> set[str]:
    """The first parts of what a text of Python imports; read by lines and not parsed."""
    names: set[str] = set()
    for several, one in _IMPORT.findall(code):
        parts = [one, *(part.strip().split(" ")[0].partition(".")[0] for part in several.split(","))]
        names |= {part for part in parts if part.isidentifier()}
    return names


def modules_beside(notebook: Path, folder: Path | None = None) -> dict[str, Path]:
    """Files of modules beside a notebook, or in another folder, that it imports, and those that these import, by name.

    Only what is imported by its name counts: other files of the folder are nobody's business. Links are passed over,
    and so is cxkit itself, which lies beside notebooks in a checkout.
    """
    try:
        cells = read_notebook(notebook)["cells"]
    except (NotebookError, KeyError):
        return {}
    code = "\n".join(joined(cell["source"]) for cell in cells if cell.get("cell_type") == "code")
    folder = notebook.parent if folder is None else folder
    found: dict[str, Path] = {}
    waiting = imported_names(code) - {ITSELF}
    looked_for = waiting | {ITSELF}
    while waiting:
        for path in module_files(folder, waiting.pop()):
            found[path.relative_to(folder).as_posix()] = path
            further = imported_names(path.read_text(encoding="utf-8", errors="replace")) - looked_for
            looked_for |= further
            waiting |= further
    return dict(sorted(found.items()))


def module_files(folder: Path, name: str) -> list[Path]:
    """The files of one module in a folder: `NAME.py`, or all of the package `NAME`; empty if it is not there."""
    single, package = folder / f"{name}.py", folder / name
    if (package / "__init__.py").is_file() and not package.is_symlink():
        files = sorted(package.rglob("*.py"))
    else:
        files = [single]
    return [file for file in files if file.is_file() and not file.is_symlink() and file.stat().st_size <= _LARGEST]
