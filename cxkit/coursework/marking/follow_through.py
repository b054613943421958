"""Follow-through marks: a task that builds on a failed one is tried once more with the right values in its place.

Only data go into the sandbox, as the model's answers for one parameter set, and what comes back counts for later tasks
alone: the failed task keeps the marks of the first run. Which task is later is the assignment's word and not that of
the student's notebook: where a later task's cells were moved above an earlier one's, its values are set below both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.data import PUBLIC, Assignment, Question
from cxkit.coursework.assignment.source import cells_of
from cxkit.coursework.marking.answers import Answers
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.dependence import Vary, follows
from cxkit.coursework.marking.given import place_of, with_values
from cxkit.coursework.marking.names_used import names_used
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark

if TYPE_CHECKING:
    from nbformat import NotebookNode

Marks = dict[str, QuestionMark]
_FOLLOWS = "It is right once the values that it builds on are."
_EARNING = ("right", "partly")
_NOT_EVEN_THEN = "It is not right once the values that it builds on are."


@dataclass(frozen=True)
class SecondTry:
    """What came of the second try.

    Attributes
    ----------
    marks : dict
        By question, none lower than before.
    followed : mapping
        From each question that counts by it to those whose values it was given.
    failed : mapping
        The same for questions whose code failed with these values and not with the student's own. For the instructor
        alone: code can be made to fail by what the values are.
    """

    marks: Marks
    followed: Mapping[str, Sequence[Question]] = field(default_factory=dict)
    failed: Mapping[str, Sequence[Question]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """For the instructor."""
        told = []
        for key, earlier in self.followed.items():
            told.append(f"'{key}' was marked with the model's values of {_listed(earlier)}, which failed.")
        for key, earlier in self.failed.items():
            tried = f"'{key}' was tried with the model's values of {_listed(earlier)}, which failed,"
            told.append(f"{tried} and ended with an error that it had not had before.")
        return tuple(told)


def _listed(questions: Sequence[Question]) -> str:
    return " and ".join(f"'{one.id}'" for one in questions)


@dataclass(frozen=True)
class Builds:
    """Which questions build on failed ones.

    Attributes
    ----------
    on : mapping
        From a question's id to the earlier ones, not right, whose answers it uses.
    places : mapping
        From a failed question's id to the index of the cell below which its answers are set.
    """

    on: Mapping[str, Sequence[Question]]
    places: Mapping[str, int]


def follow_through(
    assignment: Assignment,
    notebook: NotebookNode,
    trials: Sequence[Trial],
    marks: Mapping[str, QuestionMark],
    rerun: Callable[[Trial, NotebookNode], Trial],
    mark: Callable[[Question, Sequence[Trial]], QuestionMark],
    vary: Vary,
) -> SecondTry:
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
    vary : callable
        Runs the model with other values.
    """
    found = dependants(assignment, notebook, marks)
    on = {key: one for key, one in found.on.items() if not _a_constant_passes(assignment.question(key), trials)}
    ended = [trial.left.run is not None and trial.left.run.ending == "completed" for trial in trials]
    if not on or not all(ended) or len(trials) < len(assignment.parameter_sets):
        return SecondTry(dict(marks))
    runs = _Runs(assignment, notebook, trials, Builds(on, found.places), rerun, vary)
    made, followed, in_vain = dict(marks), dict[str, Sequence[Question]](), dict[str, Sequence[Question]]()
    for key, earlier in on.items():
        new = mark(assignment.question(key), [_answers_alone(one) for one in runs.again])
        # What counts only after a question that is not right earns nothing so far, whatever it left
        before = 0.0 if runs.failed.keys() & set(assignment.question(key).after) else marks[key].points
        if new.points > before and not runs.is_guess(key):
            made[key] = _joined(marks[key], new, earlier)
            followed[key] = earlier
            continue
        made[key] = replace(marks[key], feedback=(_in_vain(earlier), *marks[key].feedback))
        if _fails_anew(key, trials, runs.again):
            in_vain[key] = earlier
    return SecondTry(made, followed, in_vain)


@dataclass(frozen=True)
class _Runs:
    """The runs of the second try: with the model's values, and with others where a guess is to be told."""

    assignment: Assignment
    notebook: NotebookNode
    trials: Sequence[Trial]
    builds: Builds
    rerun: Callable[[Trial, NotebookNode], Trial]
    vary: Vary

    @cached_property
    def failed(self) -> dict[str, Question]:
        """The questions whose values are given, by id."""
        return {question.id: question for earlier in self.builds.on.values() for question in earlier}

    @cached_property
    def again(self) -> list[Trial]:
        """With the model's values."""
        return [self._with(trial, trial.reference.model) for trial in self.trials]

    def is_guess(self, key: str) -> bool:
        """Whether a question that others guard is right whatever these leave."""
        question, shared = self.assignment.question(key), list[tuple[Trial, Trial]]()
        for first, second in zip(self.trials, self.again, strict=True):
            if first.parameters.id != PUBLIC:
                shared.append((first, second))
        gates = [one for one in self.builds.on[key] if one.id in question.after]
        return bool(gates) and not follows(self.assignment, question, gates, shared, self.vary, self._with_others)

    def _with_others(self, trial: Trial, values: Answers) -> Trial:
        return self._with(trial, {**trial.reference.model, **values})

    def _with(self, trial: Trial, values: Answers) -> Trial:
        cut = {key for key in self.failed if "too long" in self.trials[0].left.troubles.get(key, "")}
        given = with_values(self.notebook, list(self.failed.values()), self.builds.places, values, cut)
        left = self.rerun(trial, given).left
        # At the end the values that were set stand in the variables: only what each task left after its cells counts.
        return replace(trial, left=replace(left, at_end={}, troubles=without_messages(left.troubles)))


def _answers_alone(trial: Trial) -> Trial:
    """A run by the answers that it left: how its cells ended can be made to tell what values they were given."""
    return replace(trial, left=replace(trial.left, troubles={}, lost={}, ended=""))


def without_messages(troubles: Mapping[str, str]) -> dict[str, str]:
    """That a cell failed, without what its error said: that may hold a value of the model's."""
    return {
        key: "Its cell ended with an error." if said.startswith("Its cell ended with") else said
        for key, said in troubles.items()
    }


def dependants(assignment: Assignment, notebook: NotebookNode, marks: Mapping[str, QuestionMark]) -> Builds:
    """Questions that earn less than all and use what an earlier one, which is not right, should have left.

    Not those that were left open. One that counts only after others must use all of these that are not right: what it
    leaves without them may be a guess. The values of a failed question are set below its own cells and below those of
    every earlier question that is tried again, so that none sees what comes after it in the assignment.
    """
    found, given, places = dict[str, list[Question]](), list[Question](), dict[str, int]()
    failed = {key for key, mark in marks.items() if mark.points < mark.out_of}
    lowest = -1
    for question in _in_order(assignment):
        place = place_of(assignment, notebook, question.id)
        gates = failed & set(question.after)
        is_open = all(check.outcome == "missing" for check in marks[question.id].answers)
        if (gates or question.id in failed) and not is_open:
            used = [one for one in given if _uses(notebook, one, places[one.id], place)]
            if used and gates <= {one.id for one in used}:
                found[question.id] = used
                lowest = max(lowest, place)
        if question.id in failed and place >= 0:
            given.append(question)
            places[question.id] = max(place, lowest)
    return Builds(found, places)


def _in_order(assignment: Assignment) -> list[Question]:
    """Computed questions in the order of their last cells in the released notebook."""
    cells = cells_of(assignment)
    computed = [question for question in assignment.questions if question.kind == "computed"]
    return sorted(computed, key=lambda one: max(cells[one.id], default=-1))


def _a_constant_passes(question: Question, trials: Sequence[Trial]) -> bool:
    """Whether a question that others guard could be guessed: one value is right for all of its answers everywhere."""
    models = [trial.reference.model for trial in trials]
    return bool(question.after) and all(
        compare(answer, models[0][answer.name], one[answer.name]).is_right
        for answer in question.answers
        for one in models[1:]
    )


def _uses(notebook: NotebookNode, earlier: Question, begin: int, end: int) -> bool:
    """Whether the code between two cells uses a name that the earlier question should have left."""
    names = {answer.name for answer in earlier.answers}
    for cell in notebook.cells[begin + 1 : end + 1]:
        if cell.cell_type == "code" and names & names_used(cell.source):
            return True
    return False


def _fails_anew(key: str, trials: Sequence[Trial], again: Sequence[Trial]) -> bool:
    """Whether a task's cell failed, or the run was ended, with the right values and not with the student's own."""
    return any(
        (key in new.left.troubles and key not in old.left.troubles) or (bool(new.left.ended) and not old.left.ended)
        for old, new in zip(trials, again, strict=True)
    )


def _titles(questions: Sequence[Question]) -> str:
    return " and ".join(f"'{question.title}'" for question in questions)


def _in_vain(earlier: Sequence[Question]) -> str:
    """That nothing came of it, the same for every way in which that can be: each would tell something of the values."""
    names = ", ".join(f"`{answer.name}`" for question in earlier for answer in question.answers)
    return (
        f"This task builds on {_titles(earlier)}, where your notebook's own values are not right. It was tried once "
        "more with the right values in place of yours, and earned nothing more by that. See whether it is right by "
        f"itself, and write its code so that it works with any right {names}, of whatever type."
    )


def _joined(before: QuestionMark, new: QuestionMark, earlier: Sequence[Question]) -> QuestionMark:
    """The new mark, with the values that the student's own run left: the model's are nobody's business."""
    told = (
        f"This task builds on {_titles(earlier)}, where your notebook's own values are not right. It was tried once "
        "more with the right values in place of yours, and what you made of them counts."
    )
    checks = tuple(_check(old, one) for old, one in zip(before.answers, new.answers, strict=True))
    return replace(new, feedback=(told, *new.feedback), answers=checks)


def _check(old: AnswerCheck, new: AnswerCheck) -> AnswerCheck:
    """The new outcome beside the old value and reason: a new reason may quote what was made of the model's values.

    Of an answer that earns nothing the outcome stays as well, since it tells whether something was left.
    """
    if new.outcome == old.outcome:
        return old
    if new.outcome == "right":
        return replace(old, outcome="right", reason=_FOLLOWS)
    if new.outcome == "partly":
        return replace(old, outcome="partly", reason=_NOT_EVEN_THEN)
    return replace(old, outcome="wrong", reason=_NOT_EVEN_THEN) if old.outcome in _EARNING else old
