"""Does an answer follow from those of an earlier task? Tried with other values in their place.

A question that counts only `after` others has an answer of few values: whoever guesses it needs none of theirs. So what
the student's code makes of other values is looked at where the model's answer changes with them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.data import Assignment, Question
from cxkit.coursework.assignment.source import model_notebook
from cxkit.coursework.marking.answers import Answers, Number, Refused, Series, Table, Value
from cxkit.coursework.marking.closeness import is_number
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.given import place_of, with_values
from cxkit.coursework.marking.reference import answers_as_data, answers_of
from cxkit.coursework.marking.trial import Trial

if TYPE_CHECKING:
    from nbformat import NotebookNode

Vary = Callable[[str, "NotebookNode", Trial], Answers]
"""The answers that a notebook of ours leaves with a trial's parameters and data; kept under a name."""
_MOST_TRIED = 3


def follows(
    assignment: Assignment,
    question: Question,
    gates: Sequence[Question],
    trials: Sequence[tuple[Trial, Trial]],
    vary: Vary,
    leave: Callable[[Trial, Answers], Trial],
) -> bool:
    """Whether the student's answers change with those of the questions that must be right before.

    Parameters
    ----------
    assignment : Assignment
    question : Question
        Which is right once the values of `gates` are.
    gates : sequence of Question
    trials : sequence of (Trial, Trial)
        The student's runs, without and with the model's values: those on data that the whole class shares.
    vary : callable
        Runs the model.
    leave : callable
        Runs the student's notebook with a trial's parameters and these values of the gates.

    Returns
    -------
    bool
        True as well where nothing that was tried changes the model's answer: then it cannot be told.
    """
    names = [answer.name for gate in gates for answer in gate.answers]
    tried = 0
    for first, second in trials:
        model = first.reference.model
        for values in _other_values(names, model, [one.reference.model for one, _ in trials if one is not first]):
            theirs = vary(_key(gates, values), _model_with(assignment, gates, {**model, **values}), first)
            if not _is_told(question, theirs, model):
                continue
            given, right = (answers_of(question, one.left) for one in (leave(first, values), second))
            if _differ(question, given, right):
                return True
            tried += 1
            if tried == _MOST_TRIED:
                return False
    return not tried


def _other_values(names: Sequence[str], model: Answers, others: Sequence[Answers]) -> Iterator[dict[str, Value]]:
    """Values that fit together first: those of another parameter set; then the model's own with the other sign."""
    for other in others:
        yield {name: other[name] for name in names}
    yield {name: _turned(model[name]) for name in names}


def _turned(value: Value) -> Value:
    if isinstance(value, Number) and value.value is not None:
        return Number(-value.value)
    if isinstance(value, Series):
        return replace(value, values=tuple(-one if is_number(one) else one for one in value.values))  # type: ignore[operator]
    if isinstance(value, Table):
        cells = tuple(tuple(-one if is_number(one) else one for one in column) for column in value.cells)  # type: ignore[operator]
        return replace(value, cells=cells)
    return value


def _model_with(assignment: Assignment, gates: Sequence[Question], values: Answers) -> NotebookNode:
    notebook = model_notebook(assignment)
    places = {gate.id: place_of(assignment, notebook, gate.id) for gate in gates}
    return with_values(notebook, gates, places, values)


def _key(gates: Sequence[Question], values: Answers) -> str:
    told = json.dumps([[gate.id for gate in gates], answers_as_data(values)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _is_told(question: Question, theirs: Answers, model: Answers) -> bool:
    """Whether the model leaves every answer, and another one than before."""
    values = [theirs.get(answer.name) for answer in question.answers]
    is_whole = all(value is not None and not isinstance(value, Refused) for value in values)
    return is_whole and _differ(question, theirs, model)


def _differ(question: Question, given: Mapping[str, Value], right: Mapping[str, Value]) -> bool:
    """Whether an answer is not what it was."""
    for answer in question.answers:
        before = right.get(answer.name)
        if before is not None and not compare(answer, given.get(answer.name), before).is_right:
            return True
    return False
