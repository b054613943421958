"""What is right, and what each foreseen mistake gives: by running the instructor's own notebooks, once for a class."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.data import Answer, Assignment, ParameterSet, Question
from cxkit.coursework.assignment.source import mistake_notebook, model_notebook, student_notebook
from cxkit.coursework.marking.answers import Answers, Figure, Number, Refused, Series, Table, Text, Value
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.fingerprint import fingerprint
from cxkit.coursework.marking.running import Left, data_for, run_for_answers
from cxkit.errors import MarkingError
from cxkit.files import write_atomically
from cxkit.running.provenance.fingerprint import installed_versions, kit_hash
from cxkit.running.sandbox.limits import Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

_KINDS: Mapping[str, type] = {
    "number": Number, "text": Text, "series": Series, "table": Table, "figure": Figure, "refused": Refused,
}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """What belongs to one parameter set and one part of the data.

    Attributes
    ----------
    model : mapping
        The model's answers.
    mistakes : mapping
        From a mistake's id (`"QUESTION/MISTAKE"`) to the answers that it gives for its question.
    """

    model: Answers
    mistakes: Mapping[str, Answers]


class References:
    """References of an assignment, made when they are first needed and kept in a folder.

    Parameters
    ----------
    assignment : Assignment
    folder : Path
        For the cache. What is in it holds for this assignment, these versions and this kit only; anything else is made
        anew. Not for students' eyes.
    policy : {"contained", "open"}
    """

    def __init__(self, assignment: Assignment, folder: Path, *, policy: Policy = "contained") -> None:
        self.assignment, self.folder, self.policy = assignment, folder, policy
        self.assignment_sha256 = fingerprint(assignment)
        self.state = _state_of(self.assignment_sha256)
        self._known: dict[str, Reference] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @cached_property
    def released_cells(self) -> tuple[Mapping[str, Any], ...]:
        """The cells of the notebook that students were given."""
        return tuple(student_notebook(self.assignment)["cells"])

    def of(
        self,
        parameters: ParameterSet,
        seed: int | None,
        *,
        with_mistakes: bool = True,
        stop: threading.Event | None = None,
    ) -> Reference:
        """The reference of a parameter set on the data of a seed; from the cache if it is there.

        Parameters
        ----------
        parameters : ParameterSet
        seed : int or None
        with_mistakes : bool
            Whether the foreseen mistakes are wanted as well: a run each.
        stop : Event, optional

        Raises
        ------
        MarkingError
            If the model answer itself fails or leaves something out.
        """
        key = self._key(parameters, seed, with_mistakes)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:  # two workers that need the same one make it once
            if key not in self._known:
                self._known[key] = self._read(key) or self._make(key, parameters, seed, with_mistakes, stop)
        return self._known[key]

    def kept(self, parameters: ParameterSet, seed: int | None, *, with_mistakes: bool = True) -> Reference | None:
        """The reference if it is in the cache; nothing is run."""
        key = self._key(parameters, seed, with_mistakes)
        return self._known.get(key) or self._read(key)

    def varied(
        self,
        name: str,
        notebook: NotebookNode,
        parameters: ParameterSet,
        seed: int | None,
        *,
        stop: threading.Event | None = None,
    ) -> Answers:
        """What a variation of the model leaves; from the cache if it is there under this name."""
        key = self._key(parameters, seed, False, name)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._known:
                self._known[key] = self._read(key) or self._vary(key, notebook, parameters, seed, stop)
        return self._known[key].model

    def _vary(
        self,
        key: str,
        notebook: NotebookNode,
        parameters: ParameterSet,
        seed: int | None,
        stop: threading.Event | None,
    ) -> Reference:
        data = data_for(self.assignment, seed, self.folder / "data")
        left = run_for_answers(self.assignment, notebook, parameters, data, policy=self.policy, stop=stop)
        answers = dict[str, Value]()
        for question in self.assignment.questions:
            answers |= answers_of(question, left)
        made = Reference(model=answers, mistakes={})
        self._write(key, made)
        return made

    def _key(self, parameters: ParameterSet, seed: int | None, with_mistakes: bool, name: str = "") -> str:
        told = json.dumps([self.state, parameters.id, dict(parameters.values), seed, with_mistakes, name])
        return hashlib.sha256(told.encode()).hexdigest()

    def _read(self, key: str) -> Reference | None:
        try:
            told = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return Reference(
                model=_answers_from(told["model"]),
                mistakes={name: _answers_from(answers) for name, answers in told["mistakes"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _make(
        self, key: str, parameters: ParameterSet, seed: int | None, with_mistakes: bool, stop: threading.Event | None
    ) -> Reference:
        data = data_for(self.assignment, seed, self.folder / "data")

        def run(notebook: NotebookNode) -> Left:
            return run_for_answers(self.assignment, notebook, parameters, data, policy=self.policy, stop=stop)

        model: Answers
        mistakes: dict[str, Answers] = {}
        if with_mistakes:
            model = self.of(parameters, seed, with_mistakes=False, stop=stop).model
            for question in self.assignment.questions:
                for mistake in question.mistakes:
                    left = run(mistake_notebook(self.assignment, question, mistake))
                    mistakes[f"{question.id}/{mistake.id}"] = answers_of(question, left)
        else:
            model = _complete(self.assignment, run(model_notebook(self.assignment)), parameters)
        made = Reference(model=model, mistakes=mistakes)
        self._write(key, made)
        return made

    def _write(self, key: str, made: Reference) -> None:
        told = {
            "model": answers_as_data(made.model),
            "mistakes": {name: answers_as_data(answers) for name, answers in made.mistakes.items()},
        }
        write_atomically(self.folder / f"{key}.json", json.dumps(told))

    def weak_answers(self) -> list[str]:
        """Answers for which a constant would earn something with every parameter set. In words.

        Where students have data of their own, what they type in is close to any value by chance, so the held-out sets
        must differ among themselves.
        """
        sets = [self.of(one, one.data_seed, with_mistakes=False).model for one in self.assignment.parameter_sets]
        weak = []
        for question in self.assignment.questions:
            for answer in question.answers:
                if answer.type == "figure" or question.after or (answer.few_values and question.guessable):
                    continue  # what counts only beside another answer may be the same everywhere
                values = [one[answer.name] for one in sets]
                apart = self.assignment.varies and len(values) > 2 and answer not in question.guessable
                if told := _passes_as_constant(answer, values, values[1:] if apart else values):
                    weak.append(
                        f"'{answer.name}' of '{question.id}' {told} Choose other held-out parameters or seeds, or make "
                        "the question depend on another (after)."
                    )
        return weak


def _passes_as_constant(answer: Answer, values: Sequence[Value], against: Sequence[Value]) -> str:
    """Whether one of the values, or the middle of two numbers, earns something against each; how, in words."""
    constants = list(values)
    numbers = [one.value for one in values if isinstance(one, Number) and one.value is not None]
    constants += [Number((a + b) / 2) for a, b in combinations(numbers, 2)]
    shares = [min(compare(answer, one, other).share for other in against) for one in constants]
    if all(compare(answer, values[0], other).is_right for other in values):
        return "is the same on every parameter set, so a constant passes."
    if max(shares) > 0:
        return (
            "differs less between parameter sets than its tolerance or `partial` is wide, so a constant would earn "
            f"{max(shares):.0%} of its points."
        )
    return ""


def answers_of(question: Question, left: Left) -> dict[str, Value]:
    """A question's answers: as they were after its own cells, and where they were not there yet, at the end."""
    names = [answer.name for answer in question.answers]
    found = {name: left.at_end[name] for name in names if name in left.at_end}
    return {**found, **left.at_question.get(question.id, {})}


def _complete(assignment: Assignment, left: Left, parameters: ParameterSet) -> dict[str, Value]:
    """The model's answers, all of which must be there."""
    answers: dict[str, Value] = {}
    problems = []
    for question in assignment.questions:
        own = answers_of(question, left)
        answers |= own
        for answer in question.answers:
            value = own.get(answer.name)
            if why := _why_no_answer(value):
                problems.append(
                    f"  '{answer.name}' of '{question.id}' {why}. {left.troubles.get(question.id, '')}".rstrip()
                )
    if problems:
        ending = "".join(f"\n  {cause}" for cause in left.causes)
        raise MarkingError(
            f"The model answer of '{assignment.id}' does not give every answer with the parameter set "
            f"'{parameters.id}'.\n" + "\n".join(problems) + ending
        )
    return answers


def _why_no_answer(value: Value | None) -> str:
    """Why the model's value cannot be compared with; empty if it can."""
    if value is None:
        return "is not there"
    if isinstance(value, Refused):
        return f"is no answer: {value.reason}"
    if isinstance(value, Table) and value.unread:
        what, name, reason = value.unread[0]
        return (
            f"cannot be compared with: its {what} {name!r} is not read, since {reason}"
            if name
            else (f"cannot be compared with: its {what} is not read, since {reason}")
        )
    return ""


def _state_of(assignment_sha256: str) -> str:
    """Everything that answers can depend on but the parameters."""
    told = json.dumps([assignment_sha256, kit_hash(), installed_versions()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def answers_as_data(answers: Answers) -> dict[str, Any]:
    """Answers as JSON can hold them; `restored` makes variables of them, the cache reads them back."""
    names = {kind: name for name, kind in _KINDS.items()}
    return {name: {"kind": names[type(value)], **asdict(value)} for name, value in answers.items()}


def _answers_from(told: Mapping[str, Any]) -> dict[str, Value]:
    return {name: _value_from(dict(value)) for name, value in told.items()}


def _value_from(told: dict[str, Any]) -> Value:
    kind = _KINDS[told.pop("kind")]
    value: Value = kind(**{name: _frozen(part) for name, part in told.items()})
    return value


def _frozen(part: Any) -> Any:
    return tuple(_frozen(one) for one in part) if isinstance(part, list) else part
