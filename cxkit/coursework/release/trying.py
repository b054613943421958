"""Marks every notebook of the proof, some at a time, and none stopping another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.coursework.release.proof import Check, Mark, Trial, tables_of, trials_of
from cxkit.errors import CxkitError, NotebookError
from cxkit.running.jobs.workers import Job, Outcome, run_jobs

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cxkit.coursework.release.plan import Plan
    from cxkit.running.jobs.progress import Teller

REFERENCES = ".references"
"""Folder within the assignment's for references, which marking needs as well."""

Step = Callable[[threading.Event], object]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What marks the notebooks of a proof.

    Attributes
    ----------
    mark : callable
        `mark(notebook, seed, stop=event)` gives a `SubmissionMarks`.
    prepare : mapping of str to callable
        What is made before, by name, each called with the event that stops it: references.
    weak : callable
        Tells in words which answers a constant would pass for; asked at the end.
    """

    mark: Mark
    prepare: tuple[tuple[str, Step], ...] = ()
    weak: Callable[[], Sequence[str]] = tuple


def judge_of(assignment: Assignment, *, accept_no_sandbox: bool = False) -> Judge:
    """The one that marks students' work as well.

    Raises
    ------
    NotebookError
        If there is no sandbox and that is not accepted.
    """
    from cxkit.coursework.marking.reference import References
    from cxkit.coursework.marking.submission import mark_notebook, policy_for

    references = References(assignment, assignment.folder / REFERENCES, policy=policy_for(accept_no_sandbox))

    def mark(notebook: NotebookNode, seed: int | None, *, stop: threading.Event | None = None) -> SubmissionMarks:
        return mark_notebook(references, notebook, seed=seed, stop=stop)

    def reference(number: int) -> Step:
        parameters = assignment.parameter_sets[number]
        return lambda stop: references.of(parameters, parameters.data_seed, stop=stop)

    names = [f"model and mistakes with the set '{one.id}'" for one in assignment.parameter_sets]
    prepare = tuple((name, reference(number)) for number, name in enumerate(names))
    return Judge(mark=mark, prepare=prepare, weak=references.weak_answers)


def try_all(
    assignment: Assignment,
    judge: Judge,
    seeds: Sequence[int | None],
    *,
    workers: int | None = None,
    teller: Teller | None = None,
) -> tuple[list[Check], str]:
    """The checks in their fixed order, and how the notebooks were contained.

    Raises
    ------
    NotebookError
        If notebooks cannot be run here at all.
    """
    memory = assignment.limits.memory_bytes
    steps = [Job(name, _caught(step), memory) for name, step in judge.prepare]
    failed = [outcome.value for outcome in _run(steps, workers, teller) if isinstance(outcome.value, CxkitError)]
    if failed:  # without references nothing can be marked, and every trial would tell the same
        return [_unmarkable(str(error)) for error in failed], ""
    trials = trials_of(assignment, seeds)
    jobs = [Job(trial.what, _caught(_marking(judge, trial)), memory) for trial in trials]
    checks, protection = [], ""
    for trial, outcome in zip(trials, _run(jobs, workers, teller), strict=True):
        marks = outcome.value
        if isinstance(marks, SubmissionMarks):
            protection = marks.protection or protection
            checks.append(trial.check(marks))
        else:
            checks.append(Check(what=trial.what, wanted="marks", found="none", holds=False, reason=str(marks)))
    weak = list(judge.weak())
    checks.append(
        Check(
            what="answers that a constant would pass for",
            wanted="none",
            found=f"{len(weak)}" if weak else "none",
            holds=not weak,
            reason=" ".join(weak),
        )
    )
    return checks, protection


def trials_in(assignment: Assignment, judge: Judge, plan: Plan, *, every_student: bool = False) -> int:
    """How many steps `try_all` takes, for a progress bar."""
    mistakes = sum(len(question.mistakes) for question in assignment.questions)
    others = 1 + bool(tables_of(assignment))
    return len(judge.prepare) + len(plan.tried(every_student=every_student)) + others + mistakes


def _unmarkable(reason: str) -> Check:
    return Check(what="model answer and mistakes run", wanted="answers", found="none", holds=False, reason=reason)


def _marking(judge: Judge, trial: Trial) -> Step:
    return lambda stop: judge.mark(trial.notebook, trial.seed, stop=stop)


def _caught(step: Step) -> Callable[[threading.Event], object]:
    """What went wrong with one notebook is a finding; only a machine that cannot run any stops all."""

    def run(stop: threading.Event) -> object:
        try:
            return step(stop)
        except NotebookError:
            raise
        except CxkitError as error:
            return error

    return run


def _run(jobs: Sequence[Job[object]], workers: int | None, teller: Teller | None) -> list[Outcome[object]]:
    def on_start(key: str) -> None:
        if teller is not None:
            teller.started(key)

    def on_end(outcome: Outcome[object]) -> None:
        if outcome.error is not None:
            raise outcome.error
        if teller is not None:
            teller.ended(outcome.key)

    return run_jobs(jobs, workers=workers, on_start=on_start, on_end=on_end)
