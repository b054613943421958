"""Follow-through marks: a task that builds on a failed one is tried once more with the right values in its place.

Only data go into the sandbox, as the model's answers for one parameter set, and what comes back counts for later tasks
alone: the failed task keeps the marks of the first run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.data import Assignment, Question
from cxkit.coursework.assignment.source import questions_of
from cxkit.coursework.marking.answers import Answers, Figure, Refused
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.ending import KITS_OWN
from cxkit.coursework.marking.reference import answers_as_data
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark

if TYPE_CHECKING:
    from nbformat import NotebookNode

Marks = dict[str, QuestionMark]
_FOLLOWS = "It is right once the values that it builds on are."
_NOT_EVEN_THEN = "It is not right once the values that it builds on are."


def follow_through(
    assignment: Assignment,
    notebook: NotebookNode,
    trials: Sequence[Trial],
    marks: Mapping[str, QuestionMark],
    rerun: Callable[[Trial, NotebookNode], Trial],
    mark: Callable[[Question, Sequence[Trial]], QuestionMark],
) -> tuple[Marks, list[str]]:
    """Which later tasks are right, given what earlier ones should have left?

    Parameters
    ----------
    assignment : Assignment
    notebook : NotebookNode
        The student's.
    trials : sequence of Trial
        Its first runs, one a parameter set.
    marks : mapping of str to QuestionMark
        By question, of these runs.
    rerun : callable
        Runs another notebook with a trial's parameters and data.
    mark : callable
        Marks one question by trials.

    Returns
    -------
    dict, list of str
        The marks, none lower than before; and the ids of the questions that count by it.
    """
    found = dependants(assignment, notebook, marks)
    builds_on = {key: one for key, one in found.items() if not _a_constant_passes(assignment.question(key), trials)}
    ended = [trial.left.run is not None and trial.left.run.ending == "completed" for trial in trials]
    if not builds_on or not all(ended) or len(trials) < len(assignment.parameter_sets):
        return dict(marks), []
    failed = {question.id: question for earlier in builds_on.values() for question in earlier}
    cut = {key for key in failed if "too long" in trials[0].left.troubles.get(key, "")}
    again = []
    for trial in trials:
        run = rerun(trial, with_model_values(assignment, notebook, list(failed.values()), trial.reference.model, cut))
        # At the end the model's own values stand in the variables: only what each task left after its cells counts.
        again.append(replace(run, left=replace(run.left, at_end={}, troubles=without_messages(run.left.troubles))))
    made, followed = dict(marks), []
    for key, earlier in builds_on.items():
        new = mark(assignment.question(key), again)
        # What counts only after a question that is not right earns nothing so far, whatever it left
        before = 0.0 if failed.keys() & set(assignment.question(key).after) else marks[key].points
        if new.points > before:
            made[key] = _joined(marks[key], new, earlier)
            followed.append(key)
    return made, followed


def without_messages(troubles: Mapping[str, str]) -> dict[str, str]:
    """That a cell failed, without what its error said: that may hold a value of the model's."""
    return {
        key: "Its cell ended with an error." if said.startswith("Its cell ended with") else said
        for key, said in troubles.items()
    }


def dependants(
    assignment: Assignment, notebook: NotebookNode, marks: Mapping[str, QuestionMark]
) -> dict[str, list[Question]]:
    """Questions that earn less than all and use what an earlier one, which is not right, should have left.

    Not those that were left open. One that counts only after others must use all of these that are not right: what it
    leaves without them may be a guess.
    """
    computed = [question for question in assignment.questions if question.kind == "computed"]
    failed = {question.id: question for question in computed if marks[question.id].points < question.points}
    places = {question.id: _place(assignment, notebook, question.id) for question in computed}
    found: dict[str, list[Question]] = {}
    for question in computed:
        gates = failed.keys() & set(question.after)
        is_open = all(check.outcome == "missing" for check in marks[question.id].answers)
        if is_open or not (gates or question.id in failed):
            continue
        earlier = [one for one in failed.values() if -1 < places[one.id] < places[question.id]]
        used = [one for one in earlier if _uses(notebook, one, places[one.id], places[question.id])]
        if used and gates <= {one.id for one in used}:
            found[question.id] = used
    return found


def _a_constant_passes(question: Question, trials: Sequence[Trial]) -> bool:
    """Whether a question that others guard could be guessed: one value is right for all of its answers everywhere."""
    models = [trial.reference.model for trial in trials]
    return bool(question.after) and all(
        compare(answer, models[0][answer.name], one[answer.name]).is_right
        for answer in question.answers
        for one in models[1:]
    )


def _last_cell(notebook: NotebookNode, question: str) -> int:
    """The index of a question's last code cell; -1 if it has none."""
    cells = enumerate(notebook.cells)
    return max((n for n, cell in cells if cell.cell_type == "code" and question in questions_of(cell)), default=-1)


def _place(assignment: Assignment, notebook: NotebookNode, question: str) -> int:
    """Below which cell a question's answers are there; -1 if nothing tells.

    Where its code cell was deleted or made a text, that is its last cell of any kind, or else the cell above the next
    question that is left.
    """
    place = _last_cell(notebook, question)
    if place >= 0:
        return place
    of_cells = [questions_of(cell) for cell in notebook.cells]
    own = [n for n, questions in enumerate(of_cells) if question in questions]
    if own:
        return own[-1]
    order = [one.id for one in assignment.questions]
    later = set(order[order.index(question) + 1 :])
    return next((n - 1 for n, questions in enumerate(of_cells) if later & set(questions)), -1)


def _uses(notebook: NotebookNode, earlier: Question, begin: int, end: int) -> bool:
    """Whether a name that the earlier question should have left occurs in the code between two cells."""
    names = re.compile(rf"\b(?:{'|'.join(re.escape(answer.name) for answer in earlier.answers)})\b")
    between = (cell for cell in notebook.cells[begin + 1 : end + 1] if cell.cell_type == "code")
    return any(names.search(cell.source) for cell in between)


def with_model_values(
    assignment: Assignment, notebook: NotebookNode, failed: Sequence[Question], model: Answers, cut: set[str]
) -> NotebookNode:
    """A copy in which a cell below each failed question's sets its answers; cells that ran out of time are emptied."""
    from nbformat import from_dict
    from nbformat.v4 import new_code_cell

    copy = from_dict(dict(notebook))
    for cell in copy.cells:
        if cell.cell_type == "code" and cut & set(questions_of(cell)):
            cell.source = ""
    places = {question.id: _place(assignment, copy, question.id) for question in failed}
    for question in sorted(failed, key=lambda one: -places[one.id]):
        code = _code({answer.name: model[answer.name] for answer in question.answers})
        given = new_code_cell(code, id=f"given-{question.id}"[:64], metadata={KITS_OWN: True})
        copy.cells.insert(places[question.id] + 1, given)
    return copy


def _code(answers: Answers) -> str:
    lines = ["from cxkit.coursework.marking.restored import restored as _cxkit_restored"]
    for name, value in answers.items():
        if not isinstance(value, (Figure, Refused)):
            told: dict[str, Any] = answers_as_data({name: value})[name]
            lines.append(f"{name} = _cxkit_restored({json.dumps(told)!r})")
    return "\n".join(lines)


def _joined(before: QuestionMark, new: QuestionMark, earlier: Sequence[Question]) -> QuestionMark:
    """The new mark, with the values that the student's own run left: the model's are nobody's business."""
    titles = " and ".join(f"'{question.title}'" for question in earlier)
    told = (
        f"This task builds on {titles}, where your notebook's own values are not right. It was tried once more with "
        "the right values in place of yours, and what you made of them counts."
    )
    checks = tuple(_check(old, one) for old, one in zip(before.answers, new.answers, strict=True))
    return replace(new, feedback=(told, *new.feedback), answers=checks)


def _check(old: AnswerCheck, new: AnswerCheck) -> AnswerCheck:
    """The new outcome beside the old value and reason: a new reason may quote what was made of the model's values."""
    reason = old.reason
    if new.outcome != old.outcome:
        reason = _FOLLOWS if new.outcome == "right" else _NOT_EVEN_THEN
    return replace(new, given=old.given, asked=old.asked, reason=reason)
