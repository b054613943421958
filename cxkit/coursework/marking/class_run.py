"""The marks of a whole class: every student once, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.released import read_released
from cxkit.coursework.collecting.submission import Submission, what_to_do
from cxkit.coursework.marking.falls import Falls
from cxkit.coursework.marking.fingerprint import fits_points, points_notes, version_notes
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.coursework.marking.reference import References
from cxkit.coursework.marking.submission import mark_notebook, policy_for, unmarked
from cxkit.coursework.marks.data import SubmissionMarks, marks_from_data
from cxkit.coursework.marks.folder import earlier_marks, write_marks
from cxkit.coursework.marks.points import points_text
from cxkit.errors import MarkingError, NotebookError, counted, fault_of
from cxkit.running.jobs.journal import Journal
from cxkit.running.jobs.progress import Teller
from cxkit.running.jobs.workers import Job, Outcome, check_workers, run_jobs
from cxkit.running.sandbox.protection import UNPROTECTED, find_protection
from cxkit.running.untrusted import writable

_JOURNAL = ".journal"
_RUN = ("collected", "late")


@dataclass(frozen=True, kw_only=True)
class ClassMarks:
    """The marks of a class.

    Attributes
    ----------
    marks : tuple of SubmissionMarks
        One a student, in the order of the submissions.
    faults : mapping
        Students who could not be marked through no fault of theirs, and why; marking again tries them again.
    submissions : tuple of Submission
    protection : str
        What kept the students' code away from everything else.
    weak : tuple of str
        Answers for which a constant would pass.
    kept : tuple of str
        Students of whom nothing that can be run lies there any more, and whose earlier marks stay.
    versions : tuple of str
        Whose marks, of those that stay, were given by an earlier version of the assignment or by other points, and
        what to do.
    fell : tuple of (str, float, float)
        Students whose same notebook earns less than by the marks that lay there: who, points before and now. Also
        those who fell before an interruption; each is told once.
    comparable : tuple of SubmissionMarks
        Those of `marks` by the points that the assignment has now, of which the median is told.
    """

    marks: tuple[SubmissionMarks, ...]
    faults: Mapping[str, str]
    submissions: tuple[Submission, ...]
    protection: str
    weak: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    fell: tuple[tuple[str, float, float], ...] = ()
    comparable: tuple[SubmissionMarks, ...] = ()

    @property
    def text(self) -> str:
        """A summary for a terminal."""
        states: dict[str, int] = {}
        for submission in self.submissions:
            states[submission.status] = states.get(submission.status, 0) + 1
        told = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(states.items()))
        ran = [one for one in self.comparable if one.submission_sha256]
        lines = [f"{counted(len(self.submissions), 'student')}: {told}."]
        if ran:
            middle = sorted(one.points for one in ran)[len(ran) // 2]
            # Who has left one open does not wait for it
            waiting = {mark.question for one in ran for mark in one.questions if mark.outcome == "awaiting"}
            awaiting = sum(mark.out_of for mark in ran[0].questions if mark.question in waiting)
            computed = ran[0].out_of - awaiting
            lines.append(
                f"Computed questions: median {points_text(middle)} of {points_text(computed)} points"
                + (f"; {points_text(awaiting)} points await a person." if awaiting else ".")
            )
        lines += [f"  not marked: {student}: {why}" for student, why in self.faults.items()]
        if self.kept:
            lines.append(
                f"  {counted(len(self.kept), 'student')} without a notebook here keep the marks of an earlier one: "
                f"{', '.join(self.kept)}. To let them go, delete their files from the folder of marks."
            )
        lines += [f"  note: {text}" for text in self.versions]
        lines += [
            f"  fell: {student}, {points_text(before)} -> {points_text(after)} points, by the assignment as it is now"
            for student, before, after in self.fell
        ]
        undecided = [one for one in self.marks if one.is_undecided]
        lines += [f"  undecided: {one.student}: {' '.join(one.notes)}" for one in undecided]
        lines += [f"  {text}" for text in what_to_do(self._as_they_turned_out())]
        lines += [f"  note: {text}" for text in self.weak]
        return "\n".join([*lines, f"Protection: {self.protection}."])

    def _as_they_turned_out(self) -> list[Submission]:
        """The submissions; those that were collected and could not be read as what is marked among the unreadable."""
        undecided = {one.student for one in self.marks if one.is_undecided}
        return [
            replace(row, status="unreadable") if row.status in _RUN and row.student in undecided else row
            for row in self.submissions
        ]


def mark_class(
    assignment: Assignment,
    submissions: Sequence[Submission],
    output: str | Path,
    *,
    jobs: int | None = None,
    accept_no_sandbox: bool = False,
    progress: bool = True,
    cache: str | Path | None = None,
) -> ClassMarks:
    """What does everybody earn?

    A journal in `output` holds what is finished. Marking again, after a crash or a change, runs only what is new:
    the same submission under the same assignment and the same kit keeps its marks, byte for byte. Who was marked
    before and has nothing here that can be run keeps those marks.

    Parameters
    ----------
    assignment : Assignment
    submissions : sequence of Submission
        One a student.
    output : str or Path
        Folder for `STUDENT.json`.
    jobs : int, optional
        Submissions at a time; by default one a core, and never more than memory holds.
    accept_no_sandbox : bool
        Where this machine offers no sandbox, nothing is run unless this is true.
    progress : bool
    cache : str or Path, optional
        For references; by default `.references` beside the marks. Held-out answers are in it: keep it from students.

    Returns
    -------
    ClassMarks

    Raises
    ------
    MarkingError
        If the model answer fails, or a student is there twice.
    NotebookError
        If there is no sandbox, or another process marks into `output`.
    KeyboardInterrupt
        After Ctrl-C; marking again goes on from there.
    """
    output = Path(output)
    _check(submissions, jobs)
    policy = policy_for(accept_no_sandbox)
    references = References(assignment, Path(cache) if cache else output / ".references", policy=policy)
    about = {"work": "marking", "assignment": assignment.id}
    # Faults of the model answer are the author's, and told before any student's notebook runs.
    weak = tuple(references.weak_answers())
    with Journal.open(output / _JOURNAL, about=about, resume=True) as journal:
        tasks = _tasks_of(assignment, submissions)
        marking = _Marking(assignment, output, references, journal)
        waiting = [task.job(references) for task in tasks if marking.has_to_run(task)]
        marking.run(waiting, jobs, progress)
        fell = marking.falls.tell(set(marking.done) - set(marking.kept))
    done, faults = marking.done, marking.faults
    return ClassMarks(
        marks=tuple(done[task.student] for task in tasks if task.student in done),
        faults=faults,
        submissions=tuple(submissions),
        protection=UNPROTECTED if policy == "open" else find_protection().text,
        weak=weak,
        kept=tuple(marking.kept),
        versions=_versions(output, assignment, done.values(), faults, references.assignment_sha256),
        fell=tuple(fell),
        comparable=tuple(one for one in done.values() if fits_points(one, assignment)),
    )


class _Marking:
    """How far the marking of a class is: who is done, whose marks were kept, and whose could not be made."""

    def __init__(self, assignment: Assignment, output: Path, references: References, journal: Journal) -> None:
        self.assignment, self.output, self.references, self.journal = assignment, output, references, journal
        self.falls = Falls(journal)
        self.done: dict[str, SubmissionMarks] = {}
        self.faults: dict[str, str] = {}
        self.kept: list[str] = []
        self._seeds: dict[str, int | None] = {}

    @property
    def finished(self) -> int:
        """How many have marks of a notebook. Who handed nothing in has marks from the first time on, and none such."""
        return sum(bool(one.submission_sha256) for one in self.done.values())

    def has_to_run(self, task: _Task) -> bool:
        """Whether a notebook is to be run; what is finished, or needs no run, is written at once."""
        self._seeds[task.student] = task.seed
        try:
            ready = task.without_a_run(self.assignment, self.journal.finished.get(task.student), self.references.state)
            if ready is None:
                return True
            if not ready.submission_sha256 and not task.is_withdrawn:
                earlier = earlier_marks(self.output, self.assignment, task.student)
                if earlier:
                    self.kept.append(task.student)
                    ready = earlier
            write_marks(self.output, [ready])
        except NotebookError:
            raise  # a full disk is everybody's
        except Exception as error:
            self.faults[task.student] = _fault(error)
        else:
            self.done[task.student] = ready
        return False

    def run(self, waiting: Sequence[Job[SubmissionMarks]], jobs: int | None, progress: bool) -> None:
        """Run what is left to run, and tell how far it is."""
        teller = Teller(len(waiting) + self.finished, kept=self.finished, shown=progress, unit="student")

        def ended(outcome: Outcome[SubmissionMarks]) -> None:
            fault = self.ended(outcome)
            teller.ended(outcome.key, failed=outcome.key in self.faults, note=fault)

        try:
            run_jobs(waiting, workers=jobs, on_start=teller.started, on_end=ended)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_interrupted(self.done.values(), teller.total)) from None
        finally:
            teller.close()

    def ended(self, outcome: Outcome[SubmissionMarks]) -> str:
        """Keep what a run came to; a sentence if it failed, else empty."""
        if outcome.value is None:
            fault = writable(str(outcome.error))
            self.faults[outcome.key] = fault
            return fault
        line = {"state": self.references.state, "seed": self._seeds[outcome.key]}
        fault = _written(self.output, self.assignment, outcome.value, self.falls, line)
        if fault:
            self.faults[outcome.key] = fault
        else:
            self.done[outcome.key] = outcome.value
        return fault


def _interrupted(done: Iterable[SubmissionMarks], total: int) -> str:
    """How far it is, as the next run will count: those of whom there is something to mark."""
    marked = sum(bool(one.submission_sha256) for one in done)
    return f"Interrupted: {marked} of {counted(total, 'student')} marked. The same command goes on from here."


def _versions(
    output: Path, assignment: Assignment, done: Iterable[SubmissionMarks], faults: Iterable[str], now: str
) -> tuple[str, ...]:
    """What is to be said of marks by an earlier version: also of those of students who could not be marked now."""
    stayed = [earlier_marks(output, assignment, student) for student in faults]
    lying = [*done, *filter(None, stayed)]
    return (*points_notes(lying, assignment), *version_notes(lying, now))


def _check(submissions: Sequence[Submission], jobs: int | None) -> None:
    check_workers(jobs)
    students = [one.student for one in submissions]
    twice = sorted({student for student in students if students.count(student) > 1})
    if twice:
        raise MarkingError(f"These students are in the list more than once: {', '.join(twice)}.")


def _tasks_of(assignment: Assignment, submissions: Sequence[Submission]) -> list[_Task]:
    released = read_released(assignment)
    return [_Task(one, None if released is None else released.seed_of(one.student)) for one in submissions]


def _written(
    output: Path, assignment: Assignment, marks: SubmissionMarks, falls: Falls, line: Mapping[str, Any]
) -> str:
    """Write one student's marks, and then the journal's line: what the journal tells of is there.

    Returns why that cannot be done, so that the next student is marked; what concerns everybody, such as a full disk,
    is raised.
    """
    try:
        fell = falls.before(earlier_marks(output, assignment, marks.student), marks)
        write_marks(output, [marks])
        falls.journal.record(marks.student, {**line, "fell": fell, "marks": marks.as_data()})
    except NotebookError:
        raise
    except Exception as error:
        return _fault(error)
    return ""


def _fault(error: Exception) -> str:
    """What went wrong inside cxkit with one student's work."""
    return writable(f"the result cannot be handled: {fault_of(error)}")


@dataclass(frozen=True)
class _Task:
    """One student's submission, and the seed of the data that the student has."""

    submission: Submission
    seed: int | None

    @property
    def student(self) -> str:
        return self.submission.student

    @property
    def is_withdrawn(self) -> bool:
        return self.submission.status == "withdrawn"

    def without_a_run(
        self, assignment: Assignment, finished: Mapping[str, Any] | None, state: str
    ) -> SubmissionMarks | None:
        """Marks that are clear without running anything: nothing to run, or marked before and unchanged."""
        submission = self.submission
        if submission.path is None or submission.status not in _RUN:
            return unmarked(assignment, submission)
        try:
            _, sha256 = read_submission(submission.path)
        except MarkingError as error:
            return unmarked(assignment, replace(submission, path=None, status="unreadable", note=str(error)))
        if finished is None or finished["state"] != state or finished["seed"] != self.seed:
            return None
        marks = marks_from_data(finished["marks"])
        return marks if marks.submission_sha256 == sha256 else None

    def job(self, references: References) -> Job[SubmissionMarks]:
        path = self.submission.path
        assert path is not None

        def run(stop: threading.Event) -> SubmissionMarks:
            notebook, sha256 = read_submission(path)
            return mark_notebook(references, notebook, seed=self.seed, student=self.student, sha256=sha256, stop=stop)

        return Job(self.student, run, memory_bytes=references.assignment.limits.memory_bytes)
