"""From entries to grades: which attempt counts, what lateness costs, what an override says, what it all comes to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cxkit.coursework.gradebook.store import Entry
from cxkit.coursework.marks.points import points_text

State = Literal["marked", "awaiting", "missing", "excused", "undecided", "other_points"]
"""`awaiting`: some answers wait for a marker and count 0 so far; `excused`: does not count at all; `undecided`:
something was handed in that a person must see to, so that there are no points yet; `other_points`: they were given out
of another total than the assignment has now, and are not final before it is marked, or set by hand, again."""
NOT_FINAL: tuple[State, ...] = ("awaiting", "undecided", "other_points")
Attempts = Literal["latest", "best"]
DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class AssignmentSettings:
    """What the gradebook must know of an assignment.

    Attributes
    ----------
    id, title : str
    points : float
        What a perfect submission earns.
    weight : float
        In the course.
    grace_minutes, per_day, at_most : float
        See `LatePolicy`.
    """

    id: str
    title: str
    points: float
    weight: float = 1.0
    grace_minutes: float = 0.0
    per_day: float = 0.0
    at_most: float = 1.0


@dataclass(frozen=True, kw_only=True)
class CoursePolicy:
    """How attempts and assignments are put together.

    Attributes
    ----------
    attempts : {"latest", "best"}
        Which of several marked submissions of one assignment counts.
    drop_lowest : int
        So many assignments with the lowest share of their points do not count, for each student; one always counts.
    """

    attempts: Attempts = "latest"
    drop_lowest: int = 0


@dataclass(frozen=True, kw_only=True)
class Grade:
    """What one student has in one assignment.

    Attributes
    ----------
    student, assignment : str
    points : float or None
        What counts; None where the student is excused, or it is undecided.
    out_of : float
        What could be earned when the points were given.
    earned : float
        By the submission that counts, before lateness and override.
    penalty : float
        Points that lateness cost.
    late_days : int
        Days begun after the grace.
    state : str
        See `State`.
    attempts : int
        How many different submissions were marked.
    questions : mapping of str to float
        Points by question, before lateness.
    note : str
        Why it is not simply what was earned.
    is_by_hand : bool
        Whether a person has set the points: marking again does not change them.
    """

    student: str
    assignment: str
    points: float | None
    out_of: float
    earned: float = 0.0
    penalty: float = 0.0
    late_days: int = 0
    state: State = "marked"
    attempts: int = 1
    questions: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    is_by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class Total:
    """What a student has in the course.

    Attributes
    ----------
    student : str
    share : float or None
        Of all that could be earned, by weight, 0 to 1; None where nothing counts yet.
    dropped : tuple of str
        Assignments that do not count.
    awaiting : bool
        Whether something still waits for a marker or a decision.
    """

    student: str
    share: float | None
    dropped: tuple[str, ...] = ()
    awaiting: bool = False


def late_share(late_seconds: float, settings: AssignmentSettings) -> tuple[int, float]:
    """Days begun after the grace, and the share of the earned points that they cost."""
    over = late_seconds - settings.grace_minutes * 60
    days = math.ceil(over / DAY) if over > 0 else 0
    return days, min(days * settings.per_day, settings.at_most)


def settings_of(entries: Iterable[Entry]) -> dict[str, AssignmentSettings]:
    """Assignments as they were last described, in the order in which they came."""
    found: dict[str, AssignmentSettings] = {}
    for entry in entries:
        if entry.kind == "assignment":
            found[entry.assignment] = AssignmentSettings(**entry.detail)
    return found


def policy_of(entries: Iterable[Entry]) -> CoursePolicy:
    """The last policy that was recorded."""
    last = [entry for entry in entries if entry.kind == "policy"][-1:]
    return CoursePolicy(**last[0].detail) if last else CoursePolicy()


def grades_of(entries: Sequence[Entry]) -> tuple[Grade, ...]:
    """What everybody has, by assignment and student."""
    settings, policy = settings_of(entries), policy_of(entries)
    about: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.student:
            about[entry.assignment, entry.student].append(entry)
    order = {assignment: place for place, assignment in enumerate(settings)}
    return tuple(
        _grade(settings[assignment], policy, student, about[assignment, student])
        for assignment, student in sorted(about, key=lambda key: (order[key[0]], key[1]))
    )


def _grade(settings: AssignmentSettings, policy: CoursePolicy, student: str, entries: list[Entry]) -> Grade:
    # The last marks of each submission; the submission that was recorded last is the latest attempt.
    marks: dict[str, Entry] = {}
    written: dict[tuple[str, str], Entry] = {}
    decided: Entry | None = None
    for entry in entries:
        if entry.kind == "marks":
            marks.pop(entry.version, None)
            marks[entry.version] = entry
        elif entry.kind == "written":
            written[entry.version, entry.question] = entry
        else:
            decided = None if entry.kind == "lift" else entry
    attempts = [_attempt(settings, student, entry, written) for entry in marks.values()]
    if attempts and policy.attempts == "best":
        grade = max(reversed(attempts), key=lambda one: one.points or 0.0)
    elif attempts:
        grade = attempts[-1]
    else:
        grade = Grade(student=student, assignment=settings.id, points=0.0, out_of=settings.points, state="missing")
    grade = replace(grade, attempts=sum(bool(version) for version in marks))
    if decided is None:
        return grade
    told = f"{decided.reason} ({decided.marker})"
    if decided.kind == "excuse":
        return replace(grade, points=None, state="excused", note=f"Excused: {told}")
    out_of = settings.points if decided.out_of is None else decided.out_of
    state: State = "marked" if _is_total(out_of, settings) else "other_points"
    notes = [f"Set by hand: {told}"]
    if state == "other_points":
        then, now = points_text(out_of), points_text(settings.points)
        notes.append(f"Set out of {then}; the assignment has {now} points now: set it again, or lift it.")
    if grade.note:
        notes.append(f"Without that: {grade.note}")
    return replace(
        grade, points=decided.points, out_of=out_of, penalty=0.0, state=state, note=" ".join(notes), is_by_hand=True
    )


def _is_total(out_of: float, settings: AssignmentSettings) -> bool:
    return abs(out_of - settings.points) < 1e-6


def _attempt(
    settings: AssignmentSettings, student: str, entry: Entry, written: Mapping[tuple[str, str], Entry]
) -> Grade:
    questions: dict[str, float] = {}
    awaiting = undecided = False
    for mark in entry.detail["marks"]["questions"]:
        by_hand = written.get((entry.version, mark["question"]))
        if by_hand is not None and by_hand.out_of != mark["out_of"]:
            by_hand = None  # given when the question had other points: it waits for a marker again
        points = mark["points"] if by_hand is None or by_hand.points is None else by_hand.points
        questions[mark["question"]] = points
        awaiting |= mark["outcome"] == "awaiting" and by_hand is None
        undecided |= mark["outcome"] == "undecided"
    if undecided:
        return Grade(
            student=student, assignment=settings.id, points=None, out_of=settings.points, state="undecided",
            note=" ".join(["Undecided:", *entry.detail["marks"]["notes"]]),
        )  # fmt: skip
    earned = round(math.fsum(questions.values()), 6)
    late = entry.detail["late_seconds"]
    days, share = late_share(late or 0.0, settings)
    penalty = round(earned * share, 6)
    notes = [f"{days} {'day' if days == 1 else 'days'} late: {share:.0%} off."] if days else []
    out_of = settings.points if entry.out_of is None or not entry.version else entry.out_of
    if not (is_now := _is_total(out_of, settings)):
        now = points_text(settings.points)
        notes.append(f"Marked out of {points_text(out_of)}; the assignment has {now} points now.")
    if late is None:
        notes.append("Late by a time that is not known: nothing was taken off.")
    return Grade(
        student=student, assignment=settings.id, points=round(earned - penalty, 6), out_of=out_of,
        earned=earned, penalty=penalty, late_days=days, questions=questions, note=" ".join(notes),
        state="other_points" if not is_now else "awaiting" if awaiting else "marked" if entry.version else "missing",
    )  # fmt: skip


def totals_of(
    grades: Iterable[Grade], settings: Mapping[str, AssignmentSettings], policy: CoursePolicy
) -> tuple[Total, ...]:
    """What every student has in the course, by weight and after drops."""
    by_student: dict[str, list[Grade]] = defaultdict(list)
    for grade in grades:
        by_student[grade.student].append(grade)
    return tuple(_total(student, by_student[student], settings, policy) for student in sorted(by_student))


def _total(
    student: str, grades: list[Grade], settings: Mapping[str, AssignmentSettings], policy: CoursePolicy
) -> Total:
    counting = [(grade.points / grade.out_of, grade.assignment) for grade in grades if grade.points is not None]
    dropped = sorted(counting)[: max(0, min(policy.drop_lowest, len(counting) - 1))]
    kept = [one for one in counting if one not in dropped]
    weights = math.fsum(settings[assignment].weight for _, assignment in kept)
    share = math.fsum(value * settings[name].weight for value, name in kept) / weights if weights > 0 else None
    return Total(
        student=student,
        share=share,
        dropped=tuple(name for _, name in dropped),
        awaiting=any(grade.state in NOT_FINAL for grade in grades),
    )
