"""The marks of one notebook: run with the public and every held-out parameter set, and compared each time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cxkit
from cxkit.coursework.assignment.data import PUBLIC, Assignment, ParameterSet, Question
from cxkit.coursework.marking.follow_through import SecondTry, follow_through
from cxkit.coursework.marking.lost_metadata import Recovered, recover
from cxkit.coursework.marking.places import unanswered
from cxkit.coursework.marking.question import NOT_TRIED, mark_question, nothing_written
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.running import Left, data_for, parameters_lost, run_for_answers
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import Outcome, QuestionMark, SubmissionMarks
from cxkit.errors import counted
from cxkit.running.sandbox.limits import Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.coursework.collecting.submission import Submission


def mark_notebook(
    references: References,
    notebook: NotebookNode,
    *,
    seed: int | None = None,
    student: str = "",
    sha256: str = "",
    stop: threading.Event | None = None,
) -> SubmissionMarks:
    """What does this notebook earn?

    Parameters
    ----------
    references : References
        Of the assignment.
    notebook : NotebookNode
        The student's. Outputs in it count for nothing.
    seed : int or None
        Of the student's own data; None: the common data.
    student, sha256 : str
        For the record.
    stop : Event, optional
        Ends the run when it is set.

    Returns
    -------
    SubmissionMarks
        The same notebook gives the same marks. Written answers await a person.

    Raises
    ------
    MarkingError
        If the model answer fails: the fault is not the student's.
    NotebookError
        If there is no sandbox.
    """
    import nbformat

    assignment = references.assignment
    recovered = recover(assignment, references.released_cells, notebook["cells"])
    notebook = nbformat.from_dict({**notebook, "cells": recovered.cells})
    trials = _tried_with_each(references, notebook, seed, stop)
    lost = "" if recovered.parameters == "code" else parameters_lost(assignment, recovered.parameters)
    marks = {question.id: mark_question(question, trials, lost) for question in assignment.questions}
    for key in unanswered(assignment, recovered.cells, references.released_cells):
        marks[key] = nothing_written(assignment.question(key))
    second = follow_through(
        assignment,
        notebook,
        trials,
        marks,
        lambda trial, other: _tried(references, other, trial.parameters, seed, stop, again=False),
        lambda question, again: mark_question(question, again, lost),
        lambda name, other, trial: references.varied(
            name, other, trial.parameters, trial.parameters.data_seed, stop=stop
        ),
    )
    causes = (*_causes(trials), *([lost] if lost and _differ(second.marks.values()) else []))
    runs = [trial.left.run for trial in trials if trial.left.run is not None]
    return SubmissionMarks(
        student=student,
        assignment=assignment.id,
        submission_sha256=sha256,
        questions=_final(assignment, second),
        causes=causes,
        notes=(*_recovery_notes(recovered, lost), *_absent_notes(trials[0].left), *_notes(trials), *second.notes),
        protection=runs[0].protection if runs else "",
        source=f"cxkit {cxkit.__version__}",
        assignment_sha256=references.assignment_sha256,
    )


def _final(assignment: Assignment, second: SecondTry) -> tuple[QuestionMark, ...]:
    """The mark of each question, in order, once it is known which earn something only together with others."""
    return tuple(
        second.marks[one.id] if one.id in second.followed else _gated(one, second.marks, assignment)
        for one in assignment.questions
    )


def _tried_with_each(
    references: References, notebook: NotebookNode, seed: int | None, stop: threading.Event | None
) -> list[Trial]:
    """Run a notebook with each parameter set, as long as something may come of it."""
    trials: list[Trial] = []
    for parameters in references.assignment.parameter_sets:
        # Whoever ran into the clock alone as well has no claim to more time of everybody's
        again = not any(trial.left.run is not None and trial.left.run.starved for trial in trials)
        trials.append(_tried(references, notebook, parameters, seed, stop, again))
        if _left_nothing(trials[0].left):
            break  # nothing is right on held-out data that is not there on the student's own
    return trials


def _left_nothing(left: Left) -> bool:
    """Whether no answer is there, nor can be with the right values of a task whose cell is gone or failed."""
    is_tried_again = bool(left.troubles) and left.run is not None and left.run.ending == "completed"
    return not (left.at_end or any(left.at_question.values()) or is_tried_again)


def _tried(
    references: References,
    notebook: NotebookNode,
    parameters: ParameterSet,
    seed: int | None,
    stop: threading.Event | None,
    again: bool,
) -> Trial:
    public = parameters.id == PUBLIC
    own = seed if public else parameters.data_seed
    # Foreseen mistakes are told by the sets that the whole class shares: their runs are made once.
    reference = references.of(parameters, own, with_mistakes=not public or seed is None, stop=stop)
    data = data_for(references.assignment, own, references.folder / "data")
    left = run_for_answers(
        references.assignment, notebook, parameters, data, policy=references.policy, stop=stop, again=again
    )
    return Trial(parameters, left, reference)


def _gated(question: Question, marks: Mapping[str, QuestionMark], assignment: Assignment) -> QuestionMark:
    """A question that can be guessed earns nothing before those that it rests on are right."""
    mark = marks[question.id]
    lacking = [key for key in question.after if marks[key].outcome != "right"]
    if not lacking or mark.points == 0:
        return mark
    first = " and ".join(f"'{assignment.question(key).title}'" for key in lacking)
    return QuestionMark(
        question=mark.question,
        points=0.0,
        out_of=mark.out_of,
        outcome="wrong",
        feedback=(f"It counts only together with {first}, which is not right yet.", *mark.feedback),
        answers=mark.answers,
        mistakes=mark.mistakes,
    )


def _causes(trials: Sequence[Trial]) -> list[str]:
    """What stands first on the student's page. Of runs on other data only how they were ended, said once."""
    public = trials[0].left
    causes = list(public.causes)
    for trial in trials[1:]:
        if trial.left.ended and trial.left.ended != public.ended:
            causes.append(f"When your notebook was run on other data of the same form: {trial.left.ended}")
    return list(dict.fromkeys(causes))


def _differ(marks: Iterable[QuestionMark]) -> bool:
    """Whether an answer is right for the public data and not for other data, for want of parameters."""
    return any(check.reason == NOT_TRIED for mark in marks for check in mark.answers)


def _recovery_notes(recovered: Recovered, lost: str) -> list[str]:
    notes = []
    if recovered.count:
        cells = counted(recovered.count, "cell")
        notes.append(f"The metadata of {cells} was lost; found again by the cells' ids, text or order.")
    if lost:
        notes.append("No code cell with the parameters was found: held-out values could only be set before all cells.")
    return notes


def _absent_notes(left: Left) -> list[str]:
    gone = [f"'{key}'" for key, one in left.lost.items() if one.has_no_cell and key not in left.at_question]
    return [f"No code cell of these tasks was found in the notebook: {', '.join(gone)}."] if gone else []


def _notes(trials: Sequence[Trial]) -> tuple[str, ...]:
    """What the instructor should know of the runs; seconds and megabytes are left out, so that marks stay the same."""
    notes: list[str] = []
    for trial in trials:
        ended = trial.left.ended
        notes += [f"Run '{trial.parameters.id}': {ended}"] if ended else []
        for said in filter(None, (trial.left.first_failure, trial.left.unread)):
            if not any(said in note for note in notes):
                notes.append(f"Run '{trial.parameters.id}': {said}")
    return tuple(notes)


# --- what cannot be run -----------------------------------------------------------------------------------------------


def unmarked(assignment: Assignment, submission: Submission) -> SubmissionMarks:
    """Marks where there is nothing to run: 0 where nothing was handed in, undecided where something was; and why.

    The student reads what to do, the instructor which files there are.
    """
    outcome: Outcome = "undecided" if submission.is_undecided else "refused"
    questions = tuple(
        QuestionMark(question=q.id, points=0.0, out_of=q.points, outcome=outcome, feedback=(submission.for_student,))
        for q in assignment.questions
    )
    return SubmissionMarks(
        student=submission.student,
        assignment=assignment.id,
        submission_sha256="",
        questions=questions,
        notes=(submission.note or submission.for_student,),
        source=f"cxkit {cxkit.__version__}",
    )


def marker(references: References) -> Any:
    """The same as a function of notebook and seed, as a release's proof wants it."""

    def mark(notebook: NotebookNode, seed: int | None) -> SubmissionMarks:
        return mark_notebook(references, notebook, seed=seed)

    return mark


def policy_for(accept_no_sandbox: bool) -> Policy:
    """`"contained"`; `"open"` only where there is no sandbox and the instructor accepts that.

    Raises
    ------
    NotebookError
        If there is no sandbox and that is not accepted.
    """
    from cxkit.running.sandbox.protection import find_protection, required_protection

    if find_protection().mechanism is not None:
        return "contained"
    if not accept_no_sandbox:
        required_protection()  # raises, with what was tried
    return "open"
