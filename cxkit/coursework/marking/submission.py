"""The marks of one notebook: run with the public and every held-out parameter set, and compared each time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cxkit
from cxkit.coursework.assignment.data import ANSWER_KINDS, PUBLIC, Answer, Assignment, Mistake, ParameterSet, Question
from cxkit.coursework.marking.answers import Answers, Number, Refused, Text, Value
from cxkit.coursework.marking.closeness import folded
from cxkit.coursework.marking.compare import Verdict, compare, is_open
from cxkit.coursework.marking.elsewhere import why_not_there
from cxkit.coursework.marking.follow_through import follow_through
from cxkit.coursework.marking.lost_metadata import Recovered, recover
from cxkit.coursework.marking.reference import References, answers_of
from cxkit.coursework.marking.running import TROUBLES, Left, data_for, parameters_lost, run_for_answers
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import AnswerCheck, Outcome, QuestionMark, SubmissionMarks
from cxkit.errors import counted
from cxkit.running.sandbox.limits import Policy

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.coursework.collecting.submission import Submission

_SHOWN = 120
_BY_MISTAKE = "This follows from the mistake that is named above."
_NOT_TRIED = (
    "It is right for the data that you were given. Whether it is right for other data could not be seen, since the "
    "parameters did not reach your notebook: see the top of this page."
)


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
        The same notebook gives the same marks. Written questions await a person.

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
    trials: list[Trial] = []
    for parameters in assignment.parameter_sets:
        # Whoever ran into the clock alone as well has no claim to more time of everybody's
        again = not any(trial.left.run is not None and trial.left.run.starved for trial in trials)
        trials.append(_tried(references, notebook, parameters, seed, stop, again))
        if _left_nothing(trials[0].left):
            break  # nothing is right on held-out data that is not there on the student's own
    lost = "" if recovered.parameters == "code" else parameters_lost(assignment, recovered.parameters)
    marks = {question.id: _marked(question, trials, lost) for question in assignment.questions}
    second = follow_through(
        assignment,
        notebook,
        trials,
        marks,
        lambda trial, other: _tried(references, other, trial.parameters, seed, stop, again=False),
        lambda question, again: _marked(question, again, lost),
        lambda name, other, trial: references.varied(
            name, other, trial.parameters, trial.parameters.data_seed, stop=stop
        ),
    )
    marks = second.marks
    causes = (*_causes(trials), *([lost] if lost and _differ(marks.values()) else []))
    final = tuple(
        marks[question.id] if question.id in second.followed else _gated(question, marks, assignment)
        for question in assignment.questions
    )
    runs = [trial.left.run for trial in trials if trial.left.run is not None]
    return SubmissionMarks(
        student=student,
        assignment=assignment.id,
        submission_sha256=sha256,
        questions=final,
        causes=causes,
        notes=(
            *_recovery_notes(recovered, lost),
            *_absent_notes(trials[0].left),
            *_notes(trials),
            *second.notes,
        ),
        protection=runs[0].protection if runs else "",
        source=f"cxkit {cxkit.__version__}",
        assignment_sha256=references.assignment_sha256,
    )


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


# --- one question -----------------------------------------------------------------------------------------------------


def _marked(question: Question, trials: Sequence[Trial], lost: str = "") -> QuestionMark:
    """The mark of a question; `lost` says that the parameters did not reach the notebook."""
    if question.kind == "written":
        return QuestionMark(question=question.id, points=0.0, out_of=question.points, outcome="awaiting")
    verdicts = {answer.name: [_verdict(question, answer, trial) for trial in trials] for answer in question.answers}
    shares = {name: min(verdict.share for verdict in of_answer) for name, of_answer in verdicts.items()}
    mistakes = () if min(shares.values()) >= 1 else _recognised(question, trials)
    by_mistake = {name for name in shares if mistakes and _touches(question, mistakes[0], name, trials)}
    checks = [
        _check(question, answer, verdicts[answer.name], trials, lost, by_mistake=answer.name in by_mistake)
        for answer in question.answers
    ]
    points = sum(answer.points * shares[answer.name] for answer in question.answers)
    feedback = [mistake.feedback for mistake in mistakes]
    if mistakes:
        is_all = _nothing_else_is_wrong(question, mistakes[0], verdicts, trials)
        points = mistakes[0].points if is_all else min(points, mistakes[0].points)
    elif points > 0 and (alone := _guessed_alone(question, shares)):
        points = 0.0
        feedback.append(alone)
    gone, trouble = trials[0].left.lost.get(question.id), trials[0].left.troubles.get(question.id)
    if gone and gone.task and min(shares.values()) < 1:
        feedback.append(gone.task)
    if trouble and min(shares.values()) < 1:
        feedback.append(trouble)
    if points < question.points and question.read:
        feedback.append(f"Read: {question.read}.")
    return QuestionMark(
        question=question.id,
        points=round(points, 6),
        out_of=question.points,
        outcome=_outcome(points, question, checks, trials),
        feedback=tuple(feedback),
        answers=tuple(checks),
        mistakes=tuple(mistake.id for mistake in mistakes),
    )


def _guessed_alone(question: Question, shares: Mapping[str, float]) -> str:
    """Why answers of few values earn nothing: of the answers that they follow from none is right."""
    few = question.guessable
    others = [answer.name for answer in question.answers if answer not in few]
    if not few or any(shares[name] > 0 for name in others):
        return ""
    guessed = " and ".join(f"`{answer.name}`" for answer in few)
    computed = " or ".join(f"`{name}`" for name in others)
    return f"{guessed}: this counts only together with {computed}, and nothing of that is right yet."


def _verdict(question: Question, answer: Answer, trial: Trial) -> Verdict:
    """The better of an answer as it was after the question's cells, and as it was at the end.

    Of answers of few values the last counts.
    """
    own, last = answers_of(question, trial.left).get(answer.name), trial.left.at_end.get(answer.name)
    wanted = trial.reference.model[answer.name]
    first = compare(answer, own, wanted)
    if last == own:
        return first
    at_end = compare(answer, last, wanted)
    if _is_second_guess(answer, own, last):
        return (
            at_end if at_end.is_right else Verdict(at_end.share, f"{_two_answers(answer, own, last)} {at_end.reason}")
        )
    return at_end if at_end.share > first.share else first


def _is_second_guess(answer: Answer, own: Value | None, last: Value | None) -> bool:
    """Whether another answer of few values was left at the end: the better of two would make a guess certain."""
    if answer.type == "choice":
        options = {folded(option) for option in answer.options}
        return all(isinstance(one, Text) and folded(one.value) in options for one in (own, last))
    kind = Text if answer.type == "text" else Number if answer.few_values else None
    return kind is not None and isinstance(own, kind) and isinstance(last, kind)


def _two_answers(answer: Answer, own: Value | None, last: Value | None) -> str:
    where = f"after its task and {shown(last)} at the end of the notebook"
    return f"`{answer.name}` was {shown(own)} {where}; the last counts."


def _check(
    question: Question,
    answer: Answer,
    verdicts: Sequence[Verdict],
    trials: Sequence[Trial],
    lost: str,
    *,
    by_mistake: bool,
) -> AnswerCheck:
    given = answers_of(question, trials[0].left).get(answer.name)
    share = min(verdict.share for verdict in verdicts)
    reason = verdicts[0].reason
    outcome: Outcome = "right" if share >= 1 else "partly" if share > 0 else "wrong"
    if by_mistake:  # whose points count, whatever else could be said of a value that is close as well
        reason, outcome = _BY_MISTAKE, "wrong" if share < 1 else outcome
    elif verdicts[0].share > share:
        left = [answers_of(question, trial.left).get(answer.name) for trial in trials]
        gone = [trial.left.lost.get(question.id) for trial in trials]
        reason = _NOT_TRIED if lost and verdicts[0].is_right else why_not_there(answer, left, verdicts, trials, gone)
    elif (given is None or is_open(given)) and share == 0:
        outcome = _absent(question, trials[0].left)
        if gone_here := trials[0].left.lost.get(question.id):
            reason = f"`{answer.name}` {gone_here.answer}"
    return AnswerCheck(
        name=answer.name, outcome=outcome, given=shown(given), asked=_asked(answer), reason="" if share >= 1 else reason
    )


def _absent(question: Question, left: Left) -> Outcome:
    if question.id in left.lost:
        return left.lost[question.id].outcome
    trouble = left.troubles.get(question.id, "")
    return next((outcome for begin, outcome in TROUBLES.items() if trouble.startswith(begin)), "missing")


def _outcome(points: float, question: Question, checks: Sequence[AnswerCheck], trials: Sequence[Trial]) -> Outcome:
    if points >= question.points:
        return "right"
    if points > 0:
        return "partly"
    kinds = {check.outcome for check in checks}
    for outcome in ("timed_out", "crashed", "stopped", "not_run", "missing"):
        if kinds == {outcome}:
            return outcome
    return "wrong"


def _recognised(question: Question, trials: Sequence[Trial]) -> tuple[Mistake, ...]:
    """The foreseen mistake whose answers are the student's wherever they differ from what is right.

    If several fit, the one that explains the most answers: a smaller mistake may leave one answer as a larger one does.
    """
    explained = [(_explains(question, mistake, trials), mistake) for mistake in question.mistakes]
    most = max((count for count, _ in explained), default=0)
    return tuple(mistake for count, mistake in explained if count == most > 0)[:1]


def _explains(question: Question, mistake: Mistake, trials: Sequence[Trial]) -> int:
    """How many answers of the student a mistake explains; 0 if it does not fit."""
    explained: set[str] = set()
    for trial in trials:
        theirs = trial.reference.mistakes.get(f"{question.id}/{mistake.id}")
        if theirs is None:
            continue
        given = answers_of(question, trial.left)
        telling = [answer for answer in question.answers if _differs(answer, theirs, trial.reference.model)]
        if not all(_alike(answer, given.get(answer.name), theirs.get(answer.name)) for answer in telling):
            return 0
        explained |= {answer.name for answer in telling}
    return len(explained)


def _differs(answer: Answer, theirs: Answers, model: Answers) -> bool:
    return not compare(answer, theirs.get(answer.name), model[answer.name]).is_right


def _touches(question: Question, mistake: Mistake, name: str, trials: Sequence[Trial]) -> bool:
    """Whether a mistake makes this answer wrong with some parameter set."""
    key = f"{question.id}/{mistake.id}"
    answer = question.answer(name)
    return any(
        _differs(answer, trial.reference.mistakes[key], trial.reference.model)
        for trial in trials
        if key in trial.reference.mistakes
    )


def _nothing_else_is_wrong(
    question: Question, mistake: Mistake, verdicts: Mapping[str, Sequence[Verdict]], trials: Sequence[Trial]
) -> bool:
    """Whether the answers that a mistake leaves right are right in the runs of which it is known what it gives.

    On a student's own data that is not known: there it may touch an answer that it leaves right on the others.
    """
    known = [k for k, trial in enumerate(trials) if f"{question.id}/{mistake.id}" in trial.reference.mistakes]
    spared = [name for name in verdicts if not _touches(question, mistake, name, trials)]
    return all(verdicts[name][k].is_right for name in spared for k in known)


def _alike(answer: Answer, given: Value | None, theirs: Value | None) -> bool:
    if theirs is None or isinstance(theirs, Refused):
        return False  # a mistake that leaves nothing cannot be told from an empty cell
    return compare(answer, given, theirs).is_right


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
    return any(check.reason == _NOT_TRIED for mark in marks for check in mark.answers)


def _recovery_notes(recovered: Recovered, lost: str) -> list[str]:
    notes = []
    if recovered.count:
        cells = counted(recovered.count, "cell")
        notes.append(f"The metadata of {cells} was lost; found again by the cells' ids, text or order.")
    if lost:
        notes.append("No code cell with the parameters was found: held-out values could only be set before all cells.")
    return notes


def _absent_notes(left: Left) -> list[str]:
    gone = [f"'{key}'" for key, one in left.lost.items() if one.outcome == "missing" and key not in left.at_question]
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


# --- for people -------------------------------------------------------------------------------------------------------


def shown(value: Value | None) -> str:
    """An answer as a person reads it, in one short line."""
    if value is None:
        return ""
    if isinstance(value, Number):
        return "NaN" if value.value is None else f"{value.value:.6g}"
    if isinstance(value, Text):
        return value.value[:_SHOWN]
    if isinstance(value, Refused):
        return ""
    return _shown_larger(value)


def _shown_larger(value: Value) -> str:
    from cxkit.coursework.marking.answers import Series, Table

    if isinstance(value, Series):
        labels = value.labels or tuple(str(k) for k in range(len(value.values)))
        parts = [f"{label}: {_cell(cell)}" for label, cell in zip(labels[:4], value.values[:4], strict=True)]
        more = f", ... ({len(labels)} values)" if len(labels) > 4 else ""
        while len(parts) > 1 and len(", ".join(parts)) + len(more) > _SHOWN:
            more = f", ... ({len(labels)} values)"
            parts.pop()
        return ", ".join(parts)[:_SHOWN] + more
    if isinstance(value, Table):
        return f"{len(value.rows)} rows, {len(value.columns)} columns: {', '.join(value.columns)}"[:_SHOWN]
    return "a figure"


def _cell(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _asked(answer: Answer) -> str:
    """What kind of thing was wanted, and how exactly."""
    close = answer.tolerance.absolute
    if answer.type == "choice":
        return " or ".join(f'"{option}"' for option in answer.options)
    return ANSWER_KINDS[answer.type] + (f", to within {_plain(close)}" if close and answer.type != "text" else "")


def _plain(tolerance: float) -> str:
    """Without an exponent: 0.00006, not 6e-05."""
    return f"{tolerance:.12f}".rstrip("0").rstrip(".") or f"{tolerance:g}"


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
