"""From nbgrader's folders to the folder of an assignment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment.format import ID
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.regions import split
from cxkit.coursework.assignment.source import read_source
from cxkit.coursework.import_nbgrader.cells import NEWEST, Marked, marked
from cxkit.coursework.import_nbgrader.course import Found, find_assignment
from cxkit.coursework.import_nbgrader.questions import Group, group
from cxkit.coursework.import_nbgrader.writing import description, notes, source_notebook
from cxkit.coursework.release.folders import new_folder
from cxkit.errors import AssignmentError, NotebookError, Problems, counted
from cxkit.running.notebooks.notebook import parameters_cell, refuse_other_language
from cxkit.running.notebooks.parameters import Parameter, read_parameters
from cxkit.running.notebooks.tidy import as_text


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of an import.

    Attributes
    ----------
    folder : Path
        The new assignment.
    questions, answers : int
        How many of each were taken over.
    todo : tuple of str
        What is left to its author; also in notes.md.
    submissions : int
        Notebooks in `submitted/`.
    """

    folder: Path
    questions: int
    answers: int
    todo: tuple[str, ...]
    submissions: int = 0


def import_nbgrader(folder: str | Path, output: str | Path, *, notebook: str | None = None) -> Imported:
    """Make an assignment from nbgrader's.

    Parameters
    ----------
    folder : str or Path
        A course of nbgrader, the folder of one of its assignments in `source/`, or its notebook. Nothing is
        changed there, and nothing in it is run.
    output : str or Path
        The folder of the new assignment, which must not exist; its name becomes the assignment's id.
    notebook : str, optional
        Which one, if the assignment has several.

    Returns
    -------
    Imported

    Raises
    ------
    AssignmentError
        If there is nothing to import, a region of a solution is not in order, or the output exists.
    """
    target = Path(output).resolve()
    if not ID.fits(target.name):
        raise AssignmentError(f"-o {output}: the folder's name becomes the assignment's id. It must be {ID.words}.")
    if target.exists():
        raise AssignmentError(f"{target} exists already; nothing was changed. Give another -o, or move it away first.")
    found = find_assignment(Path(folder).resolve(), target.name, notebook)
    read = read_source(found.notebook)
    _refuse_otter(read, found.notebook)
    cells = [marked(cell, number) for number, cell in enumerate(read["cells"], 1)]
    _check(read, cells, found)
    groups = group(cells)
    if not groups:
        raise AssignmentError(f"{found.notebook} has no cell that nbgrader marks: is it the instructor's version?")
    parameters, todo = _parameters(read, found)
    todo += _todo(found, cells, groups)
    title = _title(cells) or found.name
    with new_folder(target, replace=False) as part:
        own = part / target.name  # an assignment knows itself by its folder's name
        own.mkdir()
        for path in found.files:
            to = own / path.relative_to(found.folder)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())
        (own / "source.ipynb").write_text(as_text(source_notebook(read, cells, groups)), encoding="utf-8")
        (own / "assignment.toml").write_text(description(target.name, title, groups, parameters), encoding="utf-8")
        (own / "notes.md").write_text(notes(found, groups, todo, _still(own)), encoding="utf-8")
        for path in own.iterdir():
            path.rename(part / path.name)
        own.rmdir()
    return Imported(
        folder=target,
        questions=len(groups),
        answers=sum(len(one.asked) for one in groups),
        todo=tuple(todo),
        submissions=len(found.submissions),
    )


_OTTER = re.compile(r"#\s*(ASSIGNMENT CONFIG|BEGIN QUESTION|BEGIN SOLUTION NO PROMPT)\s*$", re.MULTILINE)


def _refuse_otter(read: Mapping[str, Any], path: Path) -> None:
    """Otter-grader marks its cells with comments of its own, which look like ours."""
    for number, cell in enumerate(read["cells"], 1):
        if isinstance(source := cell.get("source"), str) and (mark := _OTTER.search(source)):
            raise AssignmentError(
                f"{path}, cell {number}: '{mark[0].strip()}' is otter-grader's, whose format is not read; this command "
                "reads nbgrader's. Write the assignment anew: docs/assignments.md, or take its tests into answers."
            )


def _check(read: Mapping[str, Any], cells: Sequence[Marked], found: Found) -> None:
    try:
        refuse_other_language(read, found.notebook.name)
    except NotebookError as error:
        raise AssignmentError(str(error)) from None
    problems = Problems(found.notebook.name)
    for cell in cells:
        if cell.cell_type == "code" or (cell.cell_type == "markdown" and cell.role != "plain"):
            kind = "code" if cell.cell_type == "code" else "markdown"
            split(cell.source, kind, lambda text, number=cell.number: problems.add(f"cell {number}: {text}"))  # type: ignore[misc, arg-type]
    if problems:
        problems.raise_as(AssignmentError)


def _parameters(read: Mapping[str, Any], found: Found) -> tuple[tuple[Parameter, ...], list[str]]:
    if parameters_cell(read) is None:
        return (), ["name in the first code cell, tagged 'parameters', what should vary: the path of the data, a seed, "
                    "a group. Declare the same in [parameters] and [files.NAME]."]  # fmt: skip
    try:
        return read_parameters(read, where=found.notebook.name), []
    except NotebookError as error:
        return (), [f"the cell tagged 'parameters' cannot be read: {error}"]


def _todo(found: Found, cells: Sequence[Marked], groups: Sequence[Group]) -> list[str]:
    todo = ["declare at least one held-out parameter set, or a result that was typed in passes."]
    for path in found.files:
        name = path.relative_to(found.folder).as_posix()
        readers = [cell.number for cell in cells if cell.cell_type == "code" and path.name in cell.source]
        if readers:
            todo.append(
                f"cell {readers[0]} reads '{name}': let a parameter hold that path, and declare it as [files.NAME]; "
                'with vary = "rows" every student gets other rows.'
            )
    newer = sorted({cell.version for cell in cells if cell.version > NEWEST})
    if newer:
        todo.append(f"its metadata are of schema version {newer[0]}, newer than {NEWEST}, the newest known here: "
                    "compare points and kinds of all questions.")  # fmt: skip
    todo += [f"'{one.id}': {line}" for one in groups for line in one.todo]
    todo.append("declare foreseen mistakes: a file in mistakes/ and what it earns; nbgrader knows none.")
    if found.other_notebooks:
        todo.append(f"import its other notebooks as assignments of their own: {', '.join(found.other_notebooks)}.")
    if found.submissions:
        todo.append(f"{counted(len(found.submissions), 'notebook')} stand in submitted/, which cxkit collect reads. "
                    "They were written for nbgrader's release, so check that their variables have the names of "
                    "the answers.")  # fmt: skip
    return todo


def _title(cells: Sequence[Marked]) -> str:
    """The first heading of the first level."""
    for cell in cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if line.startswith("# ") and line[2:].strip():
                return line[2:].strip()
    return ""


def _still(folder: Path) -> str:
    """What would be said if the new assignment was released as it is."""
    try:
        read_assignment(folder)
    except AssignmentError as error:
        return str(error)
    return ""
