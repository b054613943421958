"""The gradebook: marks go in with who, when and why; grades come out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cxkit.coursework.gradebook.falling import check_falls, falls, set_by_hand_notes
from cxkit.coursework.gradebook.grades import (
    AssignmentSettings,
    CoursePolicy,
    Grade,
    Total,
    grades_of,
    policy_of,
    settings_of,
    totals_of,
)
from cxkit.coursework.gradebook.lateness import late_seconds_of, lateness
from cxkit.coursework.gradebook.store import Entry, Kind, Store, with_reasons_held
from cxkit.coursework.marks.data import SubmissionMarks, marks_from_data
from cxkit.errors import MarkingError, Problems, nearest

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment
    from cxkit.coursework.marks.written import WrittenResult


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What came of recording.

    Attributes
    ----------
    added, unchanged : int
        Entries that were new, and those that the gradebook held already.
    fell : tuple of (str, float, float)
        Students who earn less than before by the new marks, before lateness: who, points before and now.
    late_unknown : tuple of str
        Students of whose submission it is not known how late it came: it counts as in time.
    """

    added: int = 0
    unchanged: int = 0
    fell: tuple[tuple[str, float, float], ...] = ()
    late_unknown: tuple[str, ...] = ()


class Gradebook:
    """All marks of a course, with their history.

    Parameters
    ----------
    path : str or Path
        One file; made if it is not there. Nothing in it is ever changed or removed: a new mark stands beside the old.

    Raises
    ------
    MarkingError
        If the file is something else, damaged, of a newer version, or cannot be written.

    Examples
    --------
    >>> with Gradebook("gradebook.db") as book:          # doctest: +SKIP
    ...     book.describe(assignment)
    ...     book.record(marks, late={("s100", marks[0].submission_sha256): 3600.0})
    ...     book.override("hw1", "s200", 7, reason="The data file was broken.", by="A. Example")
    """

    def __init__(self, path: str | Path) -> None:
        self._store = Store(path)
        self.path = self._store.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def check(self) -> None:
        """Raise `MarkingError` if the file is damaged or was changed by other means."""
        self._store.check()

    # What goes in

    def describe(
        self, assignment: Assignment | AssignmentSettings, *, by: str = "", at: datetime | None = None
    ) -> bool:
        """Record an assignment's title, points, weight and late policy; whether this was new."""
        if not isinstance(assignment, AssignmentSettings):
            assignment = AssignmentSettings(
                id=assignment.id, title=assignment.title, points=assignment.points, weight=assignment.weight,
                **asdict(assignment.late),
            )  # fmt: skip
        if not (math.isfinite(assignment.points) and assignment.points > 0):
            raise MarkingError(
                f"The assignment '{assignment.id}' has {assignment.points:g} points; it needs more than 0."
            )
        entry = Entry(
            kind="assignment", assignment=assignment.id, out_of=assignment.points, marker=by,
            detail=asdict(assignment), time=at or _now(),
        )  # fmt: skip
        return self._add([entry]).added == 1

    def set_policy(self, policy: CoursePolicy, *, by: str, reason: str, at: datetime | None = None) -> bool:
        """Record how attempts and drops are treated from now on; whether this was new."""
        if policy.attempts not in {"latest", "best"} or policy.drop_lowest < 0:
            raise MarkingError("A policy's attempts are 'latest' or 'best', and it drops 0 or more assignments.")
        entry = Entry(
            kind="policy", marker=_named(by), reason=_reasoned(reason), detail=asdict(policy), time=at or _now()
        )
        return self._add([entry]).added == 1

    def record(
        self,
        marks: Iterable[SubmissionMarks],
        *,
        late: Mapping[tuple[str, str], float | None] | None = None,
        may_be_zero: Collection[str] = (),
        reason: str = "",
        at: datetime | None = None,
    ) -> Recorded:
        """Record marks, all or none.

        Parameters
        ----------
        marks : iterable of SubmissionMarks
        late : mapping of (str, str) to float or None
            Seconds after the deadline by student and SHA-256 of the submission, since another one of the same student
            may come on another day; None where late by an unknown time. A submission that is not there is as late as
            was recorded with its last marks, else it counts as in time, and its student is among `late_unknown`.
        may_be_zero : collection of str
            Students whose points may fall to 0. Those of anybody else who has points may not.
        reason : str
            Why they are recorded, such as "marked again with the corrected model"; kept with those that are new.
        at : datetime, optional
            Now if not given.

        Returns
        -------
        Recorded
            The same marks again add nothing.

        Raises
        ------
        MarkingError
            All problems at once: assignments that were not described, points that cannot be, points that would fall
            to 0 although nobody said that they may.
        """
        held = self._store.entries()
        known_late = late_seconds_of(held)
        entries = [
            Entry(
                kind="marks", assignment=one.assignment, student=one.student, points=one.points, out_of=one.out_of,
                marker=one.source, reason=reason, version=one.submission_sha256, time=at or _now(),
                detail={"marks": one.as_data(), **lateness(one, late or {}, known_late)},
            )
            for one in marks
        ]  # fmt: skip
        entries = with_reasons_held(entries, held)
        self._check_marks(entries)
        fell = falls(held, entries)
        check_falls(fell, may_be_zero)
        late_unknown = tuple(entry.student for entry in entries if not entry.detail.get("late_is_known", True))
        return replace(self._add(entries), fell=fell, late_unknown=late_unknown)

    def record_written(
        self,
        assignment: Assignment,
        results: Mapping[str, Iterable[WrittenResult]],
        *,
        by: str | Mapping[tuple[str, str], str],
        versions: Mapping[str, str] | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> Recorded:
        """Record what a person gave written answers.

        Parameters
        ----------
        assignment : Assignment
        results : mapping of str to iterable of WrittenResult
            By student. Answers that lack criteria are passed over: they go on waiting.
        by : str or mapping of (str, str) to str
            Who marked; by student and question where it differs.
        versions : mapping of str to str, optional
            SHA-256 of the submissions that were read, by student; those that were marked last if not given.
        reason : str
        at : datetime, optional

        Raises
        ------
        MarkingError
            If a result does not fit the rubric, or a student has no marks yet that it could belong to.
        """
        from cxkit.coursework.marks.written import check_result, is_complete

        marked = self._versions(assignment.id)
        entries = []
        for student, given in results.items():
            for result in given:
                question = assignment.question(result.question)
                check_result(question, result)
                if not is_complete(question, result):
                    continue
                version = (versions or {}).get(student) or next(reversed(marked.get(student, {})), "")
                if version not in marked.get(student, {}):
                    raise MarkingError(
                        f"'{student}' has no marks in '{assignment.id}' for the submission that was read. "
                        "Record the machine's marks of it first."
                    )
                entries.append(
                    Entry(
                        kind="written", assignment=assignment.id, student=student, question=question.id,
                        points=result.points, out_of=question.points, reason=reason,
                        marker=_named(by if isinstance(by, str) else by[student, question.id]),
                        version=version, detail=asdict(result), time=at or _now(),
                    )
                )  # fmt: skip
        return self._add(with_reasons_held(entries, self._store.entries(assignment.id)))

    def override(
        self, assignment: str, student: str, points: float, *, reason: str, by: str, at: datetime | None = None
    ) -> bool:
        """Set a student's points by hand, whatever was earned and however late; whether this was new."""
        if isinstance(points, bool) or not math.isfinite(points) or points < 0:
            raise MarkingError(f"{points} are no points. Give a number from 0.")
        return self._decide("override", assignment, student, float(points), reason, by, at)

    def excuse(self, assignment: str, student: str, *, reason: str, by: str, at: datetime | None = None) -> bool:
        """Let an assignment not count for a student; whether this was new."""
        return self._decide("excuse", assignment, student, None, reason, by, at)

    def lift(self, assignment: str, student: str, *, reason: str, by: str, at: datetime | None = None) -> bool:
        """Take an override or excuse back: what was earned counts again; whether this was new."""
        return self._decide("lift", assignment, student, None, reason, by, at)

    # What comes out

    def history(self, assignment: str | None = None, student: str | None = None) -> tuple[Entry, ...]:
        """Everything that happened, oldest first, or what is about an assignment or a student."""
        return tuple(self._store.entries(assignment, student))

    def last_marks(self, assignment: str) -> tuple[SubmissionMarks, ...]:
        """The marks of an assignment that were recorded last, one for each student."""
        entries = [entry for entry in self._store.entries(assignment) if entry.kind == "marks"]
        last = {entry.student: entry.detail["marks"] for entry in entries}
        return tuple(marks_from_data(data) for data in last.values())

    def assignments(self) -> dict[str, AssignmentSettings]:
        """The assignments that were described, in their order."""
        return settings_of(self._store.entries())

    def policy(self) -> CoursePolicy:
        """How attempts and drops are treated."""
        return policy_of(self._store.entries())

    def grades(self, assignment: str | None = None) -> tuple[Grade, ...]:
        """What everybody has in every assignment, or in one."""
        entries = self._store.entries()
        if assignment is not None:
            _known(assignment, settings_of(entries))
        return tuple(one for one in grades_of(entries) if assignment in {None, one.assignment})

    def notes(self, assignment: str) -> tuple[str, ...]:
        """Which grades of an assignment wait for a person to decide again, in words."""
        return set_by_hand_notes(self.grades(assignment))

    def totals(self) -> tuple[Total, ...]:
        """What everybody has in the course."""
        entries = self._store.entries()
        return totals_of(grades_of(entries), settings_of(entries), policy_of(entries))

    # How

    def _decide(
        self, kind: Kind, assignment: str, student: str, points: float | None, reason: str, by: str, at: datetime | None
    ) -> bool:
        settings = _known(assignment, self.assignments())
        self._check_student(student)
        entry = Entry(
            kind=kind, assignment=assignment, student=student, points=points, out_of=settings.points,
            marker=_named(by), reason=_reasoned(reason), detail={}, time=at or _now(),
        )  # fmt: skip
        return self._add([entry], ("override", "excuse", "lift")).added == 1

    def _check_student(self, student: str) -> None:
        """Refuse somebody of whom nothing is held, where others are: marks of all on a roster are recorded."""
        students = dict.fromkeys(entry.student for entry in self._store.entries() if entry.student)
        if students and student not in students:
            raise MarkingError(
                f"The student '{student}' is not in the gradebook.{nearest(student, students)} Somebody new is there "
                "once marks are recorded: add the row to the roster, then cxkit collect, mark and gradebook record."
            )

    def _add(self, entries: Iterable[Entry], kinds: tuple[Kind, ...] = ()) -> Recorded:
        added = unchanged = 0
        with self._store.writing():
            for entry in entries:
                if self._store.last_digest(entry, kinds or (entry.kind,)) == entry.digest:
                    unchanged += 1
                else:
                    self._store.add(entry)
                    added += 1
        return Recorded(added=added, unchanged=unchanged)

    def _versions(self, assignment: str) -> dict[str, dict[str, None]]:
        """The submissions that were marked, by student, the last one last."""
        found: dict[str, dict[str, None]] = {}
        for one in self._store.entries(assignment):
            if one.kind == "marks":
                own = found.setdefault(one.student, {})
                own.pop(one.version, None)
                own[one.version] = None
        return found

    def _check_marks(self, entries: list[Entry]) -> None:
        known = self.assignments()
        problems = Problems("The marks")
        for assignment in dict.fromkeys(entry.assignment for entry in entries):
            if assignment not in known:
                problems.add(f"the assignment '{assignment}' is not in the gradebook.{nearest(assignment, known)}")
        for entry in entries:
            settings = known.get(entry.assignment)
            points, out_of = entry.points or 0.0, entry.out_of or 0.0
            if not (math.isfinite(points) and 0 <= points <= out_of + 1e-9):
                problems.add(f"'{entry.student}' has {points:g} points out of {out_of:g} in '{entry.assignment}'")
            elif settings and abs(out_of - settings.points) > 1e-6 and not self._is_held(entry):
                problems.add(
                    f"'{entry.student}' was marked out of {out_of:g}; '{entry.assignment}' has {settings.points:g}: "
                    "mark the notebook again, or take the file out of the folder of marks"
                )
        if problems:
            problems.raise_as(MarkingError)

    def _is_held(self, entry: Entry) -> bool:
        """Whether the gradebook has these very marks: those by earlier points stay beside those by new ones."""
        return self._store.last_digest(entry, ("marks",)) == entry.digest


def _now() -> datetime:
    return datetime.now(UTC)


def _known(assignment: str, known: Mapping[str, AssignmentSettings]) -> AssignmentSettings:
    if assignment not in known:
        raise MarkingError(f"The assignment '{assignment}' is not in the gradebook.{nearest(assignment, known)}")
    return known[assignment]


def _named(by: str) -> str:
    if not by.strip():
        raise MarkingError("Say who decides: every mark is kept with its marker.")
    return by.strip()


def _reasoned(reason: str) -> str:
    if not reason.strip():
        raise MarkingError("Say why: every decision is kept with its reason.")
    return reason.strip()
