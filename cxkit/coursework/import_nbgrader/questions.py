"""Groups nbgrader's cells into questions: solutions and the tests that follow, or an answer that a person marks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cxkit.coursework.assignment.regions import assigned, split
from cxkit.coursework.import_nbgrader.asserts import Asked, read_tests
from cxkit.coursework.import_nbgrader.cells import Marked

_POINTS = re.compile(r"\s*[(\[]\d+(\.\d+)?\s*(points?|pts?|marks?)[)\]]$", re.IGNORECASE)
"""Headings tell them; the description has them as well, and only one of both would be kept up to date."""
_MADE_BY_NBGRADER = re.compile(r"cell-[0-9a-f]{6,}")


@dataclass(kw_only=True)
class Group:
    """The cells of one question, by their numbers in the notebook.

    Attributes
    ----------
    id, title : str
    kind : {"computed", "written"}
    solutions, tests : list of Marked
        What is solved and what tests it; of a written question the first only.
    points : float
    asked : dict
        Answers by the variable's name.
    made : list of (str, str)
        Variables that did not exist in the notebook, and the expressions that they hold.
    todo : list of str
        What is left to its author.
    """

    id: str
    title: str
    kind: Literal["computed", "written"] = "computed"
    solutions: list[Marked] = field(default_factory=list)
    tests: list[Marked] = field(default_factory=list)
    points: float = 0.0
    asked: dict[str, tuple[Asked, float]] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


def group(cells: Sequence[Marked]) -> list[Group]:
    """The questions of a notebook, in order."""
    groups: list[Group] = []
    current: Group | None = None
    heading = ""
    for cell in cells:
        heading = _heading(cell) or heading
        if cell.role in ("manual", "task"):
            by_hand = _by_hand(cell, heading, groups)
            groups.append(by_hand)
            current = None
        elif cell.role in ("solution", "tests"):
            if current is None or (cell.role == "solution" and current.tests):
                current = Group(id=_free_id(cell, groups), title=heading)
                groups.append(current)
            (current.solutions if cell.role == "solution" else current.tests).append(cell)
            current.points += cell.points
    _read_answers([one for one in groups if one.kind == "computed" and one.tests], cells)
    for one in groups:
        one.title = one.title or one.id
        _note_gaps(one)
    return groups


def _by_hand(cell: Marked, heading: str, groups: Sequence[Group]) -> Group:
    made = Group(id=_free_id(cell, groups), title=heading, points=cell.points, solutions=[cell])
    if cell.cell_type == "markdown":
        made.kind = "written"
        made.todo.append("write the rubric: nbgrader had none, so one criterion holds all points.")
    else:
        made.todo.append(
            "a person marked this code. Declare the variables that it must leave behind as answers; what only a "
            "person can judge becomes a written question of its own."
        )
    if cell.role == "task":
        made.todo.append("write the model answer: nbgrader's task had no place for one.")
    return made


def _heading(cell: Marked) -> str:
    """The last heading in a cell of words."""
    if cell.cell_type != "markdown":
        return ""
    found = re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", cell.source, flags=re.MULTILINE)
    return _POINTS.sub("", str(found[-1])) if found and "SOLUTION" not in found[-1] else ""


def _free_id(cell: Marked, groups: Sequence[Group]) -> str:
    """The grade_id of the question's first cell; a number where nbgrader made that up."""
    own = re.sub(r"[^A-Za-z0-9_-]+", "-", cell.grade_id).strip("-_")[:48]
    if not own or _MADE_BY_NBGRADER.fullmatch(cell.grade_id):
        own = f"question-{len(groups) + 1}"
    taken = {one.id for one in groups}
    return next(name for n in range(1, len(groups) + 3) if (name := own if n == 1 else f"{own}-{n}") not in taken)


def _read_answers(groups: Sequence[Group], cells: Sequence[Marked]) -> None:
    """Declare what the tests ask for; a variable belongs to the first question that tests it."""
    known = {
        name for cell in cells if cell.cell_type == "code" and cell.role != "tests" for name in assigned(cell.source)
    }
    owner: dict[str, str] = {}
    for one in groups:
        for cell in one.tests:
            _read_cell(cell, one, known, owner)


def _read_cell(cell: Marked, one: Group, known: set[str], owner: dict[str, str]) -> None:
    tests = read_tests(_without_marks(cell))
    one.todo += [f"cell {cell.number} tests `{line}`: declare what it asks for as an answer." for line in tests.unread]
    answers: list[tuple[str, Asked]] = []
    for asked in tests.asked:
        if not _names(asked.expression) & known:
            one.todo.append(f"cell {cell.number} tests `{asked.line}`, but no cell sets what it tests.")
        elif not asked.is_variable:
            name = f"{re.sub(r'[^A-Za-z0-9]+', '_', one.id).strip('_').lower()}_{len(one.made) + 1}"
            name = name if name.isidentifier() else f"answer_{name}"
            one.made.append((name, asked.expression))
            answers.append((name, asked))
        elif asked.expression in owner:
            one.todo.append(f"cell {cell.number} tests '{asked.expression}', which is an answer of "
                            f"'{owner[asked.expression]}' already: take the points there.")  # fmt: skip
        else:
            answers.append((asked.expression, asked))
    if cell.points == 0 and answers:
        one.todo.append(f"cell {cell.number} has no points, so what it tests is no answer: "
                        f"{', '.join(name for name, _ in answers)}.")  # fmt: skip
        one.made = [(name, text) for name, text in one.made if name not in {made for made, _ in answers}]
        return
    for (name, asked), points in zip(answers, shares(cell.points, len(answers)), strict=True):
        one.asked[name] = (asked, points)
        owner[name] = one.id
        one.todo += [f"'{name}' may be {_listed(asked.options)}: are these all options?"] if asked.options else []
    if cell.points and not answers:
        one.todo.append(
            f"cell {cell.number} gives {cell.points:g} points for nothing that could be read: declare answers."
        )
    if one.made and "HIDDEN TESTS" in cell.source:
        one.todo.append(f"cell {cell.number} had hidden tests. The calls in them now stand where students see them: "
                        "let the arguments depend on parameters.")  # fmt: skip


def shares(points: float, count: int) -> list[float]:
    """Points in equal parts of at most two decimals that sum; the last takes the rest."""
    if not count:
        return []
    part = max(int(100 * points / count) / 100, 0.0) or points / count
    return [part] * (count - 1) + [round(points - part * (count - 1), 12)]


def _without_marks(cell: Marked) -> str:
    pieces = split(cell.source, "code", lambda _: None)
    return "\n".join(piece.text for piece in pieces)


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}


def _note_gaps(one: Group) -> None:
    if one.kind == "computed" and not one.solutions:
        one.todo.append("no solution stands before its tests: give the cell that answers it the question's id.")
    if one.points <= 0:
        one.todo.append("it has no points in nbgrader: give it some, or make it part of another question.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
