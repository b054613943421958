"""Where in nbgrader's folders an assignment stands: its source, its data, what was handed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxkit.errors import AssignmentError, nearest

_LEFT_OUT = (".ipynb_checkpoints", "__pycache__")


@dataclass(frozen=True, kw_only=True)
class Found:
    """An assignment in nbgrader's folders.

    Attributes
    ----------
    name : str
        As nbgrader calls it.
    notebook : Path
        The instructor's version.
    files : tuple of Path
        Everything else in its folder.
    folder : Path
        That folder.
    submissions : tuple of Path
        The notebooks of this name in `submitted/`.
    other_notebooks : tuple of str
        Notebooks of the same assignment, which become assignments of their own.
    """

    name: str
    notebook: Path
    files: tuple[Path, ...]
    folder: Path
    submissions: tuple[Path, ...] = ()
    other_notebooks: tuple[str, ...] = ()


def find_assignment(folder: Path, wanted: str, notebook: str | None = None) -> Found:
    """Which notebook is meant?

    Parameters
    ----------
    folder : Path
        A course (with `source/`), the folder of one assignment, or a notebook.
    wanted : str
        The assignment's name, if the course has several.
    notebook : str, optional
        The notebook's name, if the assignment has several.

    Raises
    ------
    AssignmentError
        If there is none, or more than one fits.
    """
    if folder.is_file() and folder.suffix == ".ipynb":
        folder, notebook = folder.parent, folder.stem
    if not folder.is_dir():
        beside = [one.name for one in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise AssignmentError(f"There is no folder {folder}.{nearest(folder.name, beside)}")
    course, own = _assignment_folder(folder, wanted)
    notebooks = sorted(path for path in own.glob("*.ipynb") if path.is_file())
    if not notebooks:
        raise AssignmentError(f"{own} has no notebook. Give the folder of an assignment, or of a course with source/.")
    names = [path.stem for path in notebooks]
    if notebook is None and len(notebooks) > 1:
        raise AssignmentError(
            f"{own.name} has {len(notebooks)} notebooks: {', '.join(names)}. Each becomes an assignment; "
            "choose one with --notebook NAME."
        )
    chosen = notebook.removesuffix(".ipynb") if notebook else names[0]
    if chosen not in names:
        raise AssignmentError(f"{own} has no notebook '{chosen}'.{nearest(chosen, names)}")
    return Found(
        name=own.name,
        notebook=own / f"{chosen}.ipynb",
        files=tuple(_data_files(own)),
        folder=own,
        submissions=tuple(sorted((course / "submitted").glob(f"*/{own.name}/{chosen}.ipynb"))) if course else (),
        other_notebooks=tuple(name for name in names if name != chosen),
    )


def _assignment_folder(folder: Path, wanted: str) -> tuple[Path | None, Path]:
    """The course, if there is one, and the folder of the assignment's source."""
    if folder.name == "source" and any(folder.glob("*/*.ipynb")):
        folder = folder.parent  # a notebook that stands there is no assignment: nbgrader puts its header there
    source = folder / "source"
    if not source.is_dir():
        is_in_course = folder.parent.name == "source"
        return (folder.parent.parent if is_in_course else None), folder
    names = sorted(path.name for path in source.iterdir() if path.is_dir() and any(path.glob("*.ipynb")))
    if not names:
        raise AssignmentError(f"{source} has no assignment: no folder in it holds a notebook.")
    if len(names) == 1:
        return folder, source / names[0]
    fits = [name for name in names if name.casefold() == wanted.casefold()]
    if not fits:
        raise AssignmentError(
            f"{source} has {len(names)} assignments: {', '.join(names)}. Choose one: give {source}/NAME, "
            f"or call the new folder like it.{nearest(wanted, names)}"
        )
    return folder, source / fits[0]


def _data_files(folder: Path) -> Iterator[Path]:
    """Files that are not notebooks; links are left where they are, they could lead anywhere."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb":
            continue
        if any(part in _LEFT_OUT or part.startswith(".") for part in relative.parts):
            continue
        yield path
