"""Cells that set answers: a notebook in which a failed task has left what it should have."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.data import Assignment, Question
from cxkit.coursework.assignment.source import questions_of
from cxkit.coursework.marking.answers import VARIABLES, Answers, Figure, Refused
from cxkit.coursework.marking.ending import KITS_OWN
from cxkit.coursework.marking.reference import answers_as_data

if TYPE_CHECKING:
    from nbformat import NotebookNode


def with_values(
    notebook: NotebookNode,
    failed: Sequence[Question],
    places: Mapping[str, int],
    values: Answers,
    cut: Collection[str] = (),
) -> NotebookNode:
    """A copy in which a cell sets the answers of each failed question.

    Parameters
    ----------
    notebook : NotebookNode
    failed : sequence of Question
    places : mapping
        From a question's id to the index of the cell below which its answers are set.
    values : mapping
        From the name of an answer to what it should have been.
    cut : collection of str
        Questions whose cells ran out of time: these are emptied.
    """
    from nbformat import from_dict
    from nbformat.v4 import new_code_cell

    copy = from_dict(dict(notebook))
    for cell in copy.cells:
        if cell.cell_type == "code" and set(cut) & set(questions_of(cell)):
            cell.source = ""
    for question in sorted(failed, key=lambda one: -places[one.id]):
        code = _code({answer.name: values[answer.name] for answer in question.answers})
        given = new_code_cell(code, id=f"given-{question.id}"[:64], metadata={KITS_OWN: True})
        copy.cells.insert(places[question.id] + 1, given)
    return copy


def _code(answers: Answers) -> str:
    lines = ["from cxkit.coursework.marking.restored import restored as _cxkit_restored"]
    for name, value in answers.items():
        if not isinstance(value, (Figure, Refused)):
            told = answers_as_data({name: value})[name]
            lines.append(f"{name} = _cxkit_restored({json.dumps(told)!r}, {VARIABLES}.get({name!r}))")
    return "\n".join(lines)


def place_of(assignment: Assignment, notebook: NotebookNode, question: str) -> int:
    """Below which cell a question's answers are there; -1 if nothing tells.

    Where its code cell was deleted or made a text, that is its last cell of any kind, or else the cell above the next
    question that is left.
    """
    of_cells = [questions_of(cell) for cell in notebook.cells]
    own = [n for n, questions in enumerate(of_cells) if question in questions]
    code = [n for n in own if notebook.cells[n].cell_type == "code"]
    if code or own:
        return (code or own)[-1]
    order = [one.id for one in assignment.questions]
    later = set(order[order.index(question) + 1 :])
    return next((n - 1 for n, questions in enumerate(of_cells) if later & set(questions)), -1)
