"""The notebooks that come from an assignment's source: the students', the model, and the one with a planted mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.data import Assignment, Mistake, Question
from cxkit.coursework.assignment.regions import Piece, assigned, blank, indented, split
from cxkit.errors import AssignmentError, NotebookError, Problems, counted, nearest
from cxkit.running.notebooks.notebook import read_notebook
from cxkit.running.notebooks.tidy import tidy

if TYPE_CHECKING:
    from nbformat import NotebookNode

WRITTEN_PLACE = "*Your answer here*"
WRITTEN = "written"
_NEXT_REGION = re.compile(r"^[ \t]*# NEXT REGION[ \t]*$\n?", re.MULTILINE)

Fill = Callable[[Piece, Mapping[str, Any]], str]


def student_notebook(assignment: Assignment, notebook: Mapping[str, Any] | None = None) -> NotebookNode:
    """What do students get?

    Parameters
    ----------
    assignment : Assignment
    notebook : mapping, optional
        Another source in place of the assignment's, such as one with planted canaries.

    Returns
    -------
    NotebookNode
        Without solutions, outputs and foreign metadata; it names its assignment in `metadata.cxkit`.

    Raises
    ------
    AssignmentError
        If regions of the source are not in order.
    """
    answers = {question.id: [answer.name for answer in question.answers] for question in assignment.questions}

    def fill(piece: Piece, cell: Mapping[str, Any]) -> str:
        if cell["cell_type"] == "markdown":
            return WRITTEN_PLACE
        return blank(piece, [name for key in questions_of(cell) for name in answers.get(key, [])])

    made = _filled(assignment, fill, notebook)
    for cell in made["cells"]:
        _keep_used_attachments(cell)
        # Tags such as nbval's say what the author did with the cell.
        cell["metadata"] = {
            k: v for k, v in cell["metadata"].items() if k in ("cxkit", "tags", "editable", "deletable")
        }
        if "cxkit" in cell["metadata"]:
            own = cell["metadata"]["cxkit"]
            cell["metadata"]["cxkit"] = {key: own[key] for key in ("question", "role") if key in own}
    made["metadata"] = {
        "kernelspec": made["metadata"]["kernelspec"],
        "cxkit": {"assignment": assignment.id, "title": assignment.title},
    }
    return _node(made)


def model_notebook(assignment: Assignment, notebook: Mapping[str, Any] | None = None) -> NotebookNode:
    """The source with its solutions, without the marks round them."""
    return _node(_filled(assignment, lambda piece, _: piece.text, notebook))


def mistake_notebook(assignment: Assignment, question: Question, mistake: Mistake) -> NotebookNode:
    """The model, but for one question answered with a foreseen mistake.

    The mistake's code takes the place of the question's first region. A line `# NEXT REGION` in it begins what takes
    the place of the next one; regions that it says nothing of keep the model's.
    """
    left = _NEXT_REGION.split(mistake.code)

    def fill(piece: Piece, cell: Mapping[str, Any]) -> str:
        if question.id not in questions_of(cell) or cell["cell_type"] != "code":
            return piece.text
        return indented(left.pop(0).strip("\n"), piece.indent) if left else piece.text

    return _node(_filled(assignment, fill))


def cells_of(assignment: Assignment) -> dict[str, tuple[int, ...]]:
    """The indices of each question's cells in the source, and so in every notebook made from it."""
    cells = read_source(assignment.source)["cells"]
    return {
        question.id: tuple(n for n, cell in enumerate(cells) if question.id in questions_of(cell))
        for question in assignment.questions
    }


def questions_of(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the questions that a cell belongs to; mostly one."""
    own = cell["metadata"].get("cxkit")
    named = own.get("question", ()) if isinstance(own, dict) else ()
    if isinstance(named, str):
        return (named,)
    return tuple(str(one) for one in named) if isinstance(named, list) else ()


def is_written(cell: Mapping[str, Any]) -> bool:
    """Whether this is the place for a written answer."""
    own = cell["metadata"].get("cxkit")
    return isinstance(own, dict) and own.get("role") == WRITTEN


def read_source(path: Path) -> dict[str, Any]:
    """The source notebook as plain data.

    Raises
    ------
    AssignmentError
        If it is missing or no notebook.
    """
    try:
        return read_notebook(path)
    except NotebookError as error:
        raise AssignmentError(str(error)) from None


def solutions(notebook: Mapping[str, Any]) -> list[Piece]:
    """Every solution of a source, code and words, in order."""
    return [
        piece
        for cell in notebook["cells"]
        if cell["cell_type"] in ("code", "markdown")
        for piece in split(cell["source"], cell["cell_type"], lambda _: None)
        if piece.is_solution
    ]


def check_source(notebook: Mapping[str, Any], questions: Sequence[Question], name: str, problems: Problems) -> None:
    """Note every region that is not in order, and every question whose cells do not fit it.

    Parameters
    ----------
    notebook : mapping
        From `read_source`.
    questions : sequence of Question
    name : str
        Of the source, for messages.
    problems : Problems
        Where to note them.
    """
    known = {question.id: question for question in questions}
    solved: dict[str, list[str]] = {key: [] for key in known}
    seen: set[str] = set()
    places_to_write: set[str] = set()
    for number, cell in enumerate(notebook["cells"], 1):
        place = f"{name}, cell {number}"
        pieces = _pieces(cell, place, problems)
        regions = [piece.text for piece in pieces if piece.is_solution]
        if regions and not questions_of(cell):
            problems.add(
                f"{place} holds a solution and belongs to no question.",
                remedy='give it the metadata {"cxkit": {"question": "ID"}} (JupyterLab: property inspector).',
            )
        if any(piece.is_hidden_test for piece in pieces):
            problems.add(f"{place} has a region of hidden tests: cxkit compares variables instead.",
                         remedy="declare what it tests as an answer, and delete the region.")  # fmt: skip
        for key in questions_of(cell):
            seen.add(key)
            places_to_write |= {key} if is_written(cell) else set()
            if key not in known:
                problems.add(f"{place} belongs to the question '{key}', which is not declared.{nearest(key, known)}")
                continue
            _check_kind(cell, known[key], place, problems)
            solved[key] += regions
    for key, question in known.items():
        if key not in seen:
            problems.add(f"{name}: the question '{key}' has no cell.", remedy=_remedy(question, notebook))
        elif question.kind == "written" and key not in places_to_write:
            problems.add(f"{name}: no cell of the question '{key}' is the place for its written answer.",
                         remedy='give a markdown cell of it the metadata "role": "written" as well.')  # fmt: skip
        elif not solved[key]:
            problems.add(f"{name}: the question '{key}' has no solution in its cells.",
                         remedy="put its model answer between the marks BEGIN SOLUTION and END SOLUTION.")  # fmt: skip
        _check_mistakes(question, notebook, problems)


def _check_mistakes(question: Question, notebook: Mapping[str, Any], problems: Problems) -> None:
    """A part of a mistake's code without a region would be lost."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and question.id in questions_of(cell)]
    regions = len(solutions({"cells": cells}))
    for mistake in question.mistakes:
        parts = len(_NEXT_REGION.split(mistake.code))
        if regions and parts > regions:
            problems.add(
                f"mistakes/{mistake.id}.py has {parts} parts, divided by '# NEXT REGION', but '{question.id}' has "
                f"{counted(regions, 'region')} of solution. Each part needs one."
            )


def _check_kind(cell: Mapping[str, Any], question: Question, place: str, problems: Problems) -> None:
    if question.kind == "computed" and is_written(cell):
        problems.add(f"{place} is for a written answer, but '{question.id}' is declared as computed.",
                     remedy='say kind = "written" in assignment.toml, or take "role" out of the cell.')  # fmt: skip
    if question.kind == "written" and is_written(cell) and cell["cell_type"] != "markdown":
        problems.add(f"{place}: a written answer needs a markdown cell; this is a {cell['cell_type']} cell.")


def _remedy(question: Question, notebook: Mapping[str, Any]) -> str:
    """How to give a question a cell; if another question's cell sets its answers, that one is named."""
    wanted = {answer.name for answer in question.answers}
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] == "code" and questions_of(cell) and wanted & assigned(cell["source"]):
            both = ", ".join(f'"{key}"' for key in (*questions_of(cell), question.id))
            return f'cell {number} sets {_listed(wanted)}: if it answers both, give it "question": [{both}].'
    role = ', "role": "written"' if question.kind == "written" else ""
    return f'give its cell the metadata {{"cxkit": {{"question": "{question.id}"{role}}}}}.'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


def _pieces(cell: Mapping[str, Any], place: str, problems: Problems) -> list[Piece]:
    if cell["cell_type"] not in ("code", "markdown"):
        return [Piece(lines=tuple(cell["source"].splitlines()))]
    return split(cell["source"], cell["cell_type"], lambda text: problems.add(f"{place}: {text}"))


def _filled(assignment: Assignment, fill: Fill, notebook: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A tidy copy of the source without outputs, its regions replaced by what `fill` gives for them."""
    problems = Problems(assignment.source.name)
    source = notebook if notebook is not None else read_source(assignment.source)
    made = tidy({**source, "cells": [{**cell, "outputs": []} for cell in source["cells"]]})
    for number, (cell, original) in enumerate(zip(made["cells"], source["cells"], strict=True), 1):
        pieces = _pieces(original, f"cell {number}", problems)
        texts = [fill(piece, original) if piece.is_solution else piece.text for piece in pieces]
        cell["source"] = "\n".join(texts).rstrip("\n")
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        else:
            cell.pop("outputs", None)
    if problems:
        problems.raise_as(AssignmentError)
    return made


def _keep_used_attachments(cell: dict[str, Any]) -> None:
    """A picture that only the solution shows must not stay in the file."""
    used = {name: data for name, data in cell.pop("attachments", {}).items() if f"attachment:{name}" in cell["source"]}
    if used:
        cell["attachments"] = used


def _node(notebook: Mapping[str, Any]) -> NotebookNode:
    import nbformat

    node: NotebookNode = nbformat.from_dict(dict(notebook))
    return node
