"""How a run was ended and in which cell: one fact, from which the page's first lines and every task's reason are told.

Nothing of what the notebook left or said is in these sentences, so that they may be shown of runs on held-out data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.data import Assignment, Question
from cxkit.coursework.assignment.source import questions_of
from cxkit.coursework.marks.data import Outcome

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.running.isolation.endings import Contained

KITS_OWN = "cxkit_injected"
"""In the metadata of cells that the kit puts into a notebook: they are not counted among the student's."""
_OUT_OF_TIME = ("cell_timeout", "total_timeout", "out_of_cpu")
_LONGEST_LINE = 60


@dataclass(frozen=True)
class Lost:
    """Why the answers of a task were not seen in a run, though its code may be right.

    Attributes
    ----------
    outcome : Outcome
        `not_run`; of a task in whose cell the run was ended `timed_out` or `stopped`; `missing` where its cells ran and
        the answers could not be read.
    task : str
        A sentence for the task.
    answer : str
        The end of a sentence that begins with the name of an answer.
    clause : str
        What happened, for a sentence on a run on other data.
    has_no_cell : bool
        Whether no code cell of the task is in the notebook.
    """

    outcome: Outcome
    task: str
    answer: str
    clause: str
    has_no_cell: bool = False


def cell_named(cells: Sequence[NotebookNode], index: int, of: str = "") -> str:
    """A cell by its number among the student's own and the first line that does something."""
    number = sum(KITS_OWN not in cell["metadata"] for cell in cells[: index + 1])
    if KITS_OWN in cells[index]["metadata"]:
        return f"what is run after cell {number}{of}"
    lines = [line.strip() for line in cells[index]["source"].splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith(("#", "%"))), "")[:_LONGEST_LINE].replace("`", "'")
    return f"cell {number}{of}" + (f" (`{first}`)" if first else "")


def how_ended(run: Contained) -> str:
    """How a run was ended before its last cell was over, as a clause; empty if it was not."""
    if run.ended_in is None:
        return ""
    where = cell_named(run.notebook.cells, run.ended_in)
    if run.ending == "died" and not run.why:
        return f"the kernel died in {where}"
    return f"the run was ended in {where}, {run.why}"


def ended_sentence(run: Contained) -> str:
    """How a run was ended, and what did not run for it; empty if it was not ended."""
    if run.ended_in is None:
        return ""
    has_more = any(cell.cell_type == "code" for cell in run.notebook.cells[run.ended_in + 1 :])
    said = how_ended(run)
    return f"{said[0].upper()}{said[1:]}.{' The cells below it did not run.' if has_more else ''}"


def unread_clause(run: Contained, unread: Collection[int]) -> str:
    """After which cell the answers could not be read, as a clause; empty if they could."""
    if not unread:
        return ""
    return f"after {cell_named(run.notebook.cells, min(unread))} the answers could not be read"


def unread_sentence(run: Contained, unread: Collection[int]) -> str:
    """The same as a sentence, with what mostly is the cause."""
    said = unread_clause(run, unread)
    why = (
        ": what ran until there keeps Python from running the code that reads them. Leave `sys.modules`, "
        "`sys.meta_path`, `builtins` and IPython's own objects as they are."
    )
    return f"{said[0].upper()}{said[1:]}{why}" if said else ""


def lost_answers(assignment: Assignment, run: Contained, unread: Collection[int]) -> dict[str, Lost]:
    """The tasks whose answers the run did not show, by their ids.

    Parameters
    ----------
    assignment : Assignment
    run : Contained
    unread : collection of int
        Cells of tasks that ran and after which the answers could not be read.
    """
    places = _places(run, assignment.questions)
    found = {}
    for key, cells in places.items():
        if run.ended_in is not None and cells[-1] >= run.ended_in:
            found[key] = _ended(run, cells)
        elif cells[-1] in unread:
            clause = unread_clause(run, unread)
            found[key] = Lost("missing", "", f"could not be read: {clause}.", clause)
    return found


def without_cell(assignment: Assignment, run: Contained, seen: Collection[str]) -> dict[str, Lost]:
    """Tasks of which no code cell is in the notebook and no answer was seen, by their ids.

    Parameters
    ----------
    assignment : Assignment
    run : Contained
    seen : collection of str
        Names of answers that the run left, in whichever cell they were computed, and ids of questions of which
        something else is known.
    """
    there = {key for cell in run.notebook.cells for key in questions_of(cell) if cell.cell_type == "code"}
    clause = how_ended(run)
    also = f", and {clause}" if clause else ""
    gone = f"no code cell of this task was found in your notebook{also}."
    task = f"N{gone[1:]} Put it back from the notebook that you were given."
    return {
        question.id: Lost("missing", task, f"was not seen, since {gone}", clause or gone[:-1], True)
        for question in assignment.questions
        if question.answers
        and question.id not in there
        and not {question.id, *(one.name for one in question.answers)} & set(seen)
    }


def _places(run: Contained, questions: Sequence[Question]) -> Mapping[str, list[int]]:
    """From the id of a computed question to the indices of its code cells; without those that have none."""
    places: dict[str, list[int]] = {}
    known = {question.id for question in questions if question.answers}
    for index, cell in enumerate(run.notebook.cells):
        for key in questions_of(cell) if cell.cell_type == "code" else ():
            if key in known:
                places.setdefault(key, []).append(index)
    return places


def _ended(run: Contained, cells: Sequence[int]) -> Lost:
    """A task of which a cell was the last that began, or came after it."""
    assert run.ended_in is not None
    clause = how_ended(run)
    if run.ended_in in cells:
        outcome: Outcome = "timed_out" if run.ending in _OUT_OF_TIME else "stopped"
        answer = "could not be read, since the run was ended in a cell of this task."
        return Lost(outcome, f"In this task {clause}.", answer, clause)
    what = "This task did not run" if cells[0] > run.ended_in else "Not all cells of this task ran"
    return Lost(
        "not_run", f"{what}, because {clause}.", "could not be read, since this task did not run to its end.", clause
    )
