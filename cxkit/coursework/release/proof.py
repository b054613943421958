"""Does the assignment mark as its author says? Tried out on notebooks whose marks are known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.coursework.assignment.data import Answer, Assignment, Mistake, Question
from cxkit.coursework.assignment.source import mistake_notebook, model_notebook, questions_of, student_notebook
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.points import points_in_words
from cxkit.files import write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

FILE_NAME = "proof.json"

Mark = Callable[..., SubmissionMarks]
"""Marks a notebook as a student's, `mark(notebook, seed)`, on the data of a seed; None stands for the common data."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold before an assignment is given out.

    Attributes
    ----------
    what : str
        What was tried.
    wanted, found : str
        What must come out, and what did.
    holds : bool
    reason : str
        Where it does not hold: why, as far as it can be told, and what to do.
    """

    what: str
    wanted: str
    found: str
    holds: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All checks of an assignment.

    Attributes
    ----------
    assignment, fingerprint : str
        Its id, and the SHA-256 over everything in its folder that the checks depend on.
    checks : tuple of Check
    protection : str
        How the notebooks were contained while they ran.
    version : str
        Of cxkit.
    """

    assignment: str
    fingerprint: str
    checks: tuple[Check, ...]
    protection: str = ""
    version: str = ""

    @property
    def holds(self) -> bool:
        """Whether all of them do."""
        return all(check.holds for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """Those that do not."""
        return tuple(check for check in self.checks if not check.holds)

    @property
    def text(self) -> str:
        """A table for a terminal; the reasons of failed checks stand below it."""
        rows = [("", "what was tried", "wanted", "found")]
        rows += [("ok" if check.holds else "NO", check.what, check.wanted, check.found) for check in self.checks]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "-" * min(sum(widths) + 6, 118))
        lines += [f"NO: {check.what}: {check.reason}" for check in self.failed]
        return "\n".join(lines)

    def as_data(self) -> dict[str, Any]:
        """Plain data, for proof.json."""
        return {**asdict(self), "holds": self.holds}

    def write(self, folder: Path) -> Path:
        """Keep it beside the assignment, where the instructor finds it and no student does."""
        return write_atomically(folder / FILE_NAME, json.dumps(self.as_data(), indent=1, ensure_ascii=False) + "\n")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A notebook whose marks are known beforehand.

    Attributes
    ----------
    what : str
        In words, for progress and the proof.
    notebook : NotebookNode
    seed : int or None
        Of the data that it is marked on.
    check : callable
        Whether the marks are those that are wanted.
    """

    what: str
    notebook: NotebookNode
    seed: int | None
    check: Callable[[SubmissionMarks], Check]


def trials_of(assignment: Assignment, seeds: Sequence[int | None] = (None,)) -> list[Trial]:
    """Everything that is tried: the model answer, the released notebook, rows too many, each foreseen mistake.

    Parameters
    ----------
    assignment : Assignment
    seeds : sequence of int or None
        Data on which the model answer is tried; the first also for everything else.
    """
    model, first = model_notebook(assignment), seeds[0]
    sets = ", ".join(one.id for one in assignment.parameter_sets)
    trials = []
    for number, seed in enumerate(seeds):
        what = f"model answer on {sets} ({'common data' if seed is None else f'own data of student {number}'})"
        trials.append(Trial(what=what, notebook=model, seed=seed, check=partial(_full, assignment, what)))
    blank = student_notebook(assignment)
    trials.append(
        Trial(what="released notebook as it is", notebook=blank, seed=first, check=partial(_nothing, assignment))
    )
    if named := tables_of(assignment):
        check = partial(_not_with_further_rows, named)
        trials.append(Trial(what=_FURTHER, notebook=with_further_rows(assignment), seed=first, check=check))
    for question in assignment.questions:
        for mistake in question.mistakes:
            notebook = mistake_notebook(assignment, question, mistake)
            check = partial(_as_foreseen, question, mistake)
            trials.append(Trial(what=f"{question.id}: {mistake.id}", notebook=notebook, seed=first, check=check))
    return trials


_FURTHER = "tables with a row too many"


def tables_of(assignment: Assignment) -> dict[str, list[Answer]]:
    """The tables, by question, that a row which nobody asked for makes wrong."""
    found = dict[str, list[Answer]]()
    for question in assignment.questions:
        for one in question.answers:
            if one.type == "table" and not one.further_rows:
                found.setdefault(question.id, []).append(one)
    return found


def with_further_rows(assignment: Assignment) -> NotebookNode:
    """The model, but that each of these tables keeps a row that it should not: none may be right."""
    from nbformat.v4 import new_code_cell

    made = model_notebook(assignment)
    for key, tables in tables_of(assignment).items():
        cells = [n for n, cell in enumerate(made.cells) if cell.cell_type == "code" and key in questions_of(cell)]
        lines = ["from pandas import concat as _concat"]
        for one in tables:
            lines.append(f"_further = {one.name}.iloc[:1].rename(index=lambda label: 'a further row')")
            lines += [f"_further = _further.assign(**{{{column!r}: 'a further row'}})" for column in one.key]
            lines.append(f"{one.name} = _concat([{one.name}, _further])")
        made.cells.insert(cells[-1] + 1, new_code_cell("\n".join(lines), metadata={"cxkit": {"question": key}}))
    return made


def _not_with_further_rows(named: Mapping[str, Sequence[Answer]], marks: SubmissionMarks) -> Check:
    right = []
    for mark in marks.questions:
        names = {answer.name for answer in named.get(mark.question, ())}
        for check in mark.answers:
            if check.name in names and check.outcome == "right":
                right.append(f"'{check.name}' of '{mark.question}'")
    return Check(
        what=_FURTHER,
        wanted="none right",
        found=f"{len(right)} right" if right else "none right",
        holds=not right,
        reason=f"{', '.join(right)}: whoever leaves every row earns the points of choosing. Declare a key, or let rows "
        "have labels."
        if right
        else "",
    )


def marking_checks(
    assignment: Assignment, mark: Mark, seeds: Sequence[int | None] = (None,)
) -> Iterator[tuple[Check, SubmissionMarks]]:
    """Each check of the marks as soon as it is known, one after the other, with the marks it rests on."""
    for trial in trials_of(assignment, seeds):
        marks = mark(trial.notebook, trial.seed)
        yield trial.check(marks), marks


def _computed(assignment: Assignment) -> list[Question]:
    return [question for question in assignment.questions if question.kind == "computed"]


def _of(marks: SubmissionMarks, question: Question) -> QuestionMark:
    return next(one for one in marks.questions if one.question == question.id)


def _equal(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


def _full(assignment: Assignment, what: str, marks: SubmissionMarks) -> Check:
    questions = _computed(assignment)
    wrong = [one for one in questions if not _equal(_of(marks, one).points, one.points)]
    wanted = sum(one.points for one in questions)
    return Check(
        what=what,
        wanted=points_in_words(wanted),
        found=points_in_words(sum(_of(marks, one).points for one in questions)),
        holds=not wrong,
        reason=" ".join(_why(one, _of(marks, one)) for one in wrong) + _notes(marks, bool(wrong)),
    )


def _nothing(assignment: Assignment, marks: SubmissionMarks) -> Check:
    earned = [one for one in _computed(assignment) if _of(marks, one).points > 0]
    why = "; ".join(f"'{one.id}' earns {points_in_words(_of(marks, one).points)}" for one in earned)
    return Check(
        what="released notebook as it is",
        wanted=points_in_words(0),
        found=points_in_words(sum(_of(marks, one).points for one in _computed(assignment))),
        holds=not earned,
        reason=f"{why}: what students see of it is enough. Put more of it between the marks of the solution."
        if earned
        else "",
    )


def _as_foreseen(question: Question, mistake: Mistake, marks: SubmissionMarks) -> Check:
    mark, problems = _of(marks, question), []
    if not _equal(mark.points, mistake.points):
        problems.append(f"it earns {points_in_words(mark.points)} instead of {points_in_words(mistake.points)}.")
    if mark.mistakes != (mistake.id,):
        seen = ", ".join(mark.mistakes) or "none"
        problems.append(f"recognised: {seen}." + (" Its answers are those of the model on these data, or could not be "
                        "collected; see the reasons." if not mark.mistakes else ""))  # fmt: skip
    if mistake.feedback not in mark.feedback:
        problems.append("its feedback is not shown.")
    if problems:
        problems.append(_why(question, mark))
    told = "its feedback" if mistake.feedback in mark.feedback else "other feedback"
    return Check(
        what=f"{question.id}: {mistake.id}",
        wanted=f"{points_in_words(mistake.points)}, its feedback",
        found=f"{points_in_words(mark.points)}, {told}",
        holds=not problems,
        reason=" ".join(problems),
    )


def _why(question: Question, mark: QuestionMark) -> str:
    """What the marker said about each answer that is not right."""
    said = [f"{one.name}: {one.reason or one.outcome}" for one in mark.answers if one.outcome != "right"]
    return f"'{question.id}' ({mark.outcome}): " + (" ".join(said) or " ".join(mark.feedback) or "no reason was given.")


def _notes(marks: SubmissionMarks, wanted: bool) -> str:
    return "".join(f" {note}" for note in marks.notes) if wanted else ""
