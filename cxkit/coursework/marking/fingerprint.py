"""Has the assignment changed, and which marks follow an earlier version of it?

Everything in its folder that marks depend on goes into one hash, which marks carry with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.collecting.submission import Submission, ask_again
from cxkit.coursework.marking.notebook_file import read_submission
from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.errors import MarkingError, counted

_TO_DO = "Have their notebooks among the submissions, then run cxkit mark and cxkit gradebook record again."


def fingerprint(assignment: Assignment) -> str:
    """The SHA-256 of description, source, mistakes, data and further files."""
    paths = [assignment.folder / "assignment.toml", assignment.source, *(file.path for file in assignment.files)]
    paths += [path for _, path in sorted(assignment.extras.items())]
    paths += sorted((assignment.folder / "mistakes").glob("*.py"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(assignment.folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def version_notes(marks: Iterable[SubmissionMarks], now: str) -> tuple[str, ...]:
    """Which marks were not given by the assignment as it is now, and what is to be done?

    Parameters
    ----------
    marks : iterable of SubmissionMarks
        Those of students of whom nothing was marked are passed over: they follow no key.
    now : str
        `fingerprint` of the assignment.

    Returns
    -------
    tuple of str
        A sentence or two for marks by another version, and for marks that do not tell theirs; empty where all follow
        this version.
    """
    marked = [one for one in marks if one.submission_sha256]
    earlier = [one.student for one in marked if one.assignment_sha256 not in {"", now}]
    unknown = [one.student for one in marked if not one.assignment_sha256]
    told = []
    if earlier:
        told.append(
            f"The marks of {counted(len(earlier), 'student')} follow an earlier version of the assignment (it was "
            f"changed since, or is another copy): {', '.join(earlier)}. By this version they may earn other points. "
            f"{_TO_DO}"
        )
    if unknown:
        told.append(
            f"The marks of {counted(len(unknown), 'student')} do not say which version of the assignment they follow "
            f"(key not known: an older cxkit did not keep it): {', '.join(unknown)}. To be sure: {_TO_DO}"
        )
    return tuple(told)


def stale_notes(marks: Iterable[SubmissionMarks], rows: Iterable[Submission]) -> tuple[str, ...]:
    """Whose collected notebook is not the one that was marked, and whose cannot be marked?

    Parameters
    ----------
    marks : iterable of SubmissionMarks
    rows : iterable of Submission
        What was collected; those without a notebook, or whose SHA-256 is not known, are passed over.

    Returns
    -------
    tuple of str
        A sentence for students whose notebook cannot be read, one for those of whom another was marked, one for those
        of whom none was; empty where the marks are of what was collected.
    """
    rows = tuple(rows)
    marked = {one.student: one.submission_sha256 for one in marks}
    collected = {row.student: row.sha256 for row in rows if row.path is not None and row.sha256}
    other = [student for student, sha256 in collected.items() if marked.get(student) not in {None, "", sha256}]
    none = [student for student in collected if not marked.get(student)]
    # To mark again would end the same way for what cannot be read as a notebook
    unreadable = [row.student for row in rows if row.student in {*other, *none} and not _can_be_read(row)]
    other, none = ([one for one in listed if one not in unreadable] for listed in (other, none))
    told = []
    if unreadable:
        told.append(
            f"The notebooks of {counted(len(unreadable), 'student')} are collected and cannot be marked: cxkit mark "
            f"says why. {ask_again(unreadable)}"
        )
    if other:
        told.append(
            f"The marks of {counted(len(other), 'student')} are not of the notebook that is collected now, but of "
            f"another one: {', '.join(other)}. Run cxkit mark, then cxkit gradebook record again."
        )
    if none:
        told.append(
            f"The notebooks of {counted(len(none), 'student')} are collected and have no marks here: "
            f"{', '.join(none)}. Run cxkit mark, then cxkit gradebook record again."
        )
    return tuple(told)


def _can_be_read(row: Submission) -> bool:
    if row.path is None or not row.path.is_file():
        return True  # which is said elsewhere
    try:
        read_submission(row.path)
    except MarkingError:
        return False
    return True


def notes_on(
    marks: Sequence[SubmissionMarks], assignment: Assignment, rows: Iterable[Submission] = ()
) -> tuple[str, ...]:
    """What is to be said of marks that are not of the collected notebooks, the points and the version of today."""
    return (
        *stale_notes(marks, rows),
        *points_notes(marks, assignment),
        *version_notes(marks, fingerprint(assignment)),
    )


def fits_points(marks: SubmissionMarks, assignment: Assignment) -> bool:
    """Whether the marks are of the questions and out of the points that the assignment has now."""
    return _out_of(marks) == {question.id: question.points for question in assignment.questions}


def points_notes(marks: Iterable[SubmissionMarks], assignment: Assignment) -> tuple[str, ...]:
    """Which marks are out of other points, or of other questions, than the assignment has now?

    Parameters
    ----------
    marks : iterable of SubmissionMarks
        Those of students of whom nothing was marked are passed over: nothing was earned.
    assignment : Assignment

    Returns
    -------
    tuple of str
        One sentence with the students and what differs, empty where all fit.
    """
    now = {question.id: question.points for question in assignment.questions}
    others = [one for one in marks if one.submission_sha256 and not fits_points(one, assignment)]
    if not others:
        return ()
    listed = "; ".join(f"{one.student} ({_differences(_out_of(one), now)})" for one in others)
    return (
        f"The marks of {counted(len(others), 'student')} are by other points than the assignment has now: {listed}. "
        f"They stay as they were given, each out of the points of its own time. {_TO_DO}",
    )


def _out_of(marks: SubmissionMarks) -> dict[str, float]:
    return {mark.question: mark.out_of for mark in marks.questions}


def _differences(then: Mapping[str, float], now: Mapping[str, float]) -> str:
    """The points of each question that differ; "none" where a question was not or is not there."""
    told = []
    for key in dict.fromkeys([*then, *now]):
        before, after = (f"{of[key]:g}" if key in of else "none" for of in (then, now))
        told += [f"'{key}' {before}, now {after}"] if before != after else []
    return ", ".join(told)
