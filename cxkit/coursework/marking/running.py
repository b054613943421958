"""One run of somebody's notebook with given parameters, in the sandbox: which answers it left, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.available import hint
from cxkit.coursework.assignment.data import PUBLIC, Assignment, DataFile, ParameterSet
from cxkit.coursework.assignment.source import questions_of
from cxkit.coursework.marking.answers import Answers, can_be_read, collecting_code, read_answers
from cxkit.coursework.marking.ending import (
    KITS_OWN,
    Lost,
    cell_named,
    ended_sentence,
    lost_answers,
    unread_sentence,
    without_cell,
)
from cxkit.coursework.marking.lost_metadata import names_set
from cxkit.coursework.marks.data import Outcome
from cxkit.errors import MarkingError
from cxkit.files import sha256_of
from cxkit.running.isolation.endings import Contained, Cut
from cxkit.running.isolation.fairly import run_fairly
from cxkit.running.sandbox.limits import Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

_TAG = "parameters"
TROUBLES: dict[str, Outcome] = {
    "Its cell took too long": "timed_out",
    "Its cell printed too much": "stopped",
    "Its cell left something": "stopped",
    "Its cell ended with": "crashed",
    "Its code stands in": "not_run",
}
"""How a task ended of which nothing was left, by how the sentence on its trouble begins."""
_CUTS: dict[Cut, str] = {  # with the limits, and how many MB of output a cell may have
    "time": "Its cell took too long and was stopped (a cell may take {0.cell_seconds:g} seconds).",
    "output": "Its cell printed too much and was cut (a cell may print and show {1:g} MB).",
    "left_running": "Its cell left something running that went on printing in the cells after it.",
}


@dataclass(frozen=True)
class Left:
    """What one run left.

    Attributes
    ----------
    at_question : dict
        From a question's id to the answers as they were after its last cell that ran.
    at_end : mapping
        All answers when everything had run; what was last seen of them if the run was ended before.
    troubles : dict
        From a question's id to what went wrong in its cells: an error, or that one was cut.
    run : Contained
    first_failure : str
        The first cell that failed, whichever question it belongs to, in a sentence; empty if none did.
    ended, unread : str
        How the run was ended before its last cell was over, and after which cell answers could not be read, in a
        sentence each; empty if neither was so.
    lost : dict
        The questions whose answers were not seen for one of these.
    """

    at_question: Mapping[str, Answers]
    at_end: Answers
    troubles: Mapping[str, str] = field(default_factory=dict)
    run: Contained | None = None
    first_failure: str = ""
    ended: str = ""
    unread: str = ""
    lost: Mapping[str, Lost] = field(default_factory=dict)

    @property
    def causes(self) -> tuple[str, ...]:
        """What much else may follow from, in the order of the cells."""
        return tuple(filter(None, (self.first_failure, self.unread, self.ended)))


def run_for_answers(
    assignment: Assignment,
    notebook: NotebookNode,
    parameters: ParameterSet,
    data: Mapping[str, Path],
    *,
    policy: Policy = "contained",
    stop: threading.Event | None = None,
    again: bool = True,
) -> Left:
    """Which answers does this notebook leave with these parameters?

    Parameters
    ----------
    assignment : Assignment
    notebook : NotebookNode
        A student's, the model, or one with a planted mistake; not changed.
    parameters : ParameterSet
        Injected; which data they mean is said by `data`.
    data : mapping
        From the relative name of each data file to the file that is shown there, read-only.
    policy : {"contained", "open"}
    stop : Event, optional
        Ends the run when it is set.
    again : bool
        Whether a run that others may have kept from its time is made once more alone.
    """
    prepared, place = injected(assignment, notebook, parameters)
    asked = {question.id: collecting_code(question.answers) for question in assignment.questions if question.answers}
    everything = collecting_code(answer for question in assignment.questions for answer in question.answers)
    last = max((n for n, cell in enumerate(prepared.cells) if cell.cell_type == "code"), default=0)
    read: dict[int, tuple[str, ...]] = {}

    def after_cell(index: int, cell: NotebookNode) -> str | None:
        # Which question a cell belongs to is the student's word as well: it only decides when we look.
        named = tuple(key for key in questions_of(cell) if key in asked)
        if named and index != place:
            read[index] = named
        return everything if index == last or index in read else None

    run = run_fairly(
        prepared, policy=policy, limits=assignment.limits, inputs=data, after_cell=after_cell, stop=stop, again=again
    )
    at_question, latest, unread = _collected(assignment, run, read)
    troubles = _troubles(assignment, run)
    # What is missing in a run on other data alone is no matter of cells, unless that run was ended
    looks = parameters.id == PUBLIC or run.ended_in is not None
    gone = without_cell(assignment, run, {*latest, *troubles}) if looks else {}
    return Left(
        at_question=at_question, at_end=latest, troubles=troubles, run=run,
        first_failure=_first_failure(assignment, run, place), ended=ended_sentence(run),
        unread=unread_sentence(run, unread), lost=gone | lost_answers(assignment, run, unread),
    )  # fmt: skip


def _collected(
    assignment: Assignment, run: Contained, read: Mapping[int, Sequence[str]]
) -> tuple[dict[str, Answers], dict[str, Any], set[int]]:
    """The answers after the cells of each question, those at the end, and cells after which nothing could be read.

    `read` tells which questions' answers were asked for after which cell.
    """
    at_question: dict[str, Answers] = {}
    latest: dict[str, Any] = {}
    unread = {index for index in read if run.ended_in is None or index < run.ended_in}
    for index, text in run.collected:
        unread -= {index} if can_be_read(text) else set()
        answers = read_answers(text, assignment)
        latest |= answers
        for key in read.get(index, ()):
            names = [answer.name for answer in assignment.question(key).answers]
            at_question[key] = {name: answers[name] for name in names if name in answers}
    return at_question, latest, unread


def injected(assignment: Assignment, notebook: NotebookNode, parameters: ParameterSet) -> tuple[NotebookNode, int]:
    """A copy with a cell that sets the parameters, and where it stands.

    It follows the cell that is tagged for them; without one, it is the first. What students do to the tag cannot help
    them: values that do not reach their code give results for other data.
    """
    from nbformat import from_dict
    from nbformat.v4 import new_code_cell

    values = dict(parameters.values)
    values |= {file.parameter: file.relative for file in assignment.files}
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    copy = from_dict(dict(notebook))
    place = next((n + 1 for n, cell in enumerate(copy.cells) if cell.cell_type == "code" and _TAG in _tags(cell)), 0)
    cell = new_code_cell("\n".join(lines))
    cell.id, cell.metadata = "injected-parameters", from_dict({KITS_OWN: True})
    copy.cells = [*copy.cells[:place], cell, *copy.cells[place:]]
    return copy, place


def _tags(cell: Mapping[str, Any]) -> tuple[str, ...]:
    tags = cell["metadata"].get("tags", ())
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def parameters_lost(assignment: Assignment, kind: str) -> str:
    """What a student is told whose notebook has no code cell with the parameters; `kind` is what it became."""
    names = [*assignment.public.values, *(file.parameter for file in assignment.files)]
    listed = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
    if kind:
        found = (
            f"The cell that sets {listed} is a {kind} cell in your notebook, so nothing in it ran: make it a code cell"
        )
    else:
        found = f"The cell that sets {listed} was not found in your notebook: put it back, as the first code cell"
    return f"{found}. Without it your notebook cannot be run on other data, which is needed for most points."


def _first_failure(assignment: Assignment, run: Contained, place: int) -> str:
    """The first cell that ended with an error or was cut; open tasks, which are released to raise, do not count."""
    for index, cell in enumerate(run.notebook.cells):
        said = _trouble(assignment, index, cell, run) if cell.cell_type == "code" and index != place else ""
        if said and not said.startswith("Its cell ended with NotImplementedError"):
            what = said.removeprefix("Its cell ").replace("`", "'")
            named = cell_named(run.notebook.cells, index, " of the notebook")
            return f"The first cell that failed is {named}: it {what}"
    return ""


def _troubles(assignment: Assignment, run: Contained) -> dict[str, str]:
    """For each question, the first thing that went wrong in one of its cells."""
    troubles: dict[str, str] = {}
    for index, cell in enumerate(run.notebook.cells):
        said = _trouble(assignment, index, cell, run) if cell.cell_type == "code" else _not_code(assignment, cell)
        for key in questions_of(cell) if said else ():
            troubles.setdefault(key, said)
    return troubles


def _not_code(assignment: Assignment, cell: NotebookNode) -> str:
    """Whether the code of a task stands in a cell that does not run."""
    kinds = {question.id: question for question in assignment.questions}
    names = {one.name for key in questions_of(cell) if key in kinds for one in kinds[key].answers}
    if not names & names_set(cell.source):
        return ""
    return f"Its code stands in a {cell.cell_type} cell, so nothing in it ran: make it a code cell."


def _trouble(assignment: Assignment, index: int, cell: NotebookNode, run: Contained) -> str:
    cut = run.cuts.get(index) if index != run.ended_in else None  # which is told as how the run was ended
    if cut is not None:
        return _CUTS[cut].format(assignment.limits, assignment.limits.output_bytes / 2**20)
    for output in cell.outputs:
        if output.output_type == "error":
            name, said = str(output.get("ename", ""))[:60], str(output.get("evalue", "")).strip()[:300]
            ended = f"Its cell ended with {name}{f': {said}' if said else ''}".rstrip(".") + "."
            return ended + hint(assignment, name, said)
    return ""


def data_for(assignment: Assignment, seed: int | None, folder: Path) -> dict[str, Path]:
    """The data files of a seed and the further files of the release, by relative name; written once to `folder`.

    Raises
    ------
    MarkingError
        If they cannot be written.
    """
    from cxkit.coursework.assignment.data_variants import write_variant
    from cxkit.errors import CxkitError

    data = dict(assignment.extras)
    for file in assignment.files:
        if file.vary == "no":
            data[file.relative] = file.path
            continue
        try:
            path = folder / _version(file, seed) / file.relative
            if not path.is_file():
                write_variant(file, seed, path)
        except (CxkitError, OSError) as error:
            raise MarkingError(f"The data for marking cannot be prepared: {error}") from None
        data[file.relative] = path
    return data


def _version(file: DataFile, seed: int | None) -> str:
    """A name that changes with the file's bytes, with how many rows are drawn, and with the seed.

    It does not tell the seed: where a file lies on the host is seen in /proc/self/mountinfo.
    """
    return sha256(f"{sha256_of(file.path)} {file.rows} {seed}".encode()).hexdigest()[:16]
