"""Whose marks would fall by what is about to be recorded, and whose would a new total leave behind?

Most marks that go to 0 are of work that got lost on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from cxkit.coursework.gradebook.grades import Grade, grades_of
from cxkit.coursework.gradebook.store import Entry
from cxkit.coursework.marks.points import points_text
from cxkit.errors import MarkingError, counted

Fall = tuple[str, float, float]
"""A student, the points earned so far, and those that would be earned then."""


def falls(held: Sequence[Entry], new: Sequence[Entry]) -> tuple[Fall, ...]:
    """Who would earn less than now, before lateness and decisions of a person?

    Parameters
    ----------
    held, new : sequence of Entry
        What the gradebook holds, and the marks that shall be added.
    """
    touched = {(entry.assignment, entry.student) for entry in new}
    before = {key: points for key, points in _earned(held).items() if key in touched}
    after = _earned([*held, *new])
    return tuple((key[1], points, after[key]) for key, points in before.items() if after[key] < points - 1e-9)


def set_by_hand_notes(grades: Iterable[Grade]) -> tuple[str, ...]:
    """Whose points a person has set out of another total than the assignment has now, and what is to be done?

    Parameters
    ----------
    grades : iterable of Grade
        Of one assignment.

    Returns
    -------
    tuple of str
        One sentence or none.
    """
    others = [grade for grade in grades if grade.is_by_hand and grade.state == "other_points"]
    if not others:
        return ()
    listed = ", ".join(
        f"{one.student} ({points_text(one.points or 0.0)} of {points_text(one.out_of)})" for one in others
    )
    return (
        f"The points of {counted(len(others), 'student')} were set by hand out of another total than the assignment "
        f"has now: {listed}. Marking again does not change them, and exports leave them out: set them again with cxkit "
        "gradebook override, or --lift.",
    )


def _earned(entries: Sequence[Entry]) -> dict[tuple[str, str], float]:
    return {(grade.assignment, grade.student): grade.earned for grade in grades_of(entries)}


def check_falls(fell: Sequence[Fall], may_be_zero: Collection[str]) -> None:
    """Stop where marks would fall to 0 and nobody has said that they may.

    Raises
    ------
    MarkingError
        With everybody whom it would strike.
    """
    struck = [(student, before) for student, before, after in fell if after <= 0 and student not in may_be_zero]
    if not struck:
        return
    listed = "\n".join(f"  {student}: {points_text(before)} points now" for student, before in struck)
    raise MarkingError(
        f"Nothing was recorded: the marks of {counted(len(struck), 'student')} would fall to 0:\n{listed}\n"
        "Most often their work was not there when it was marked: collect and mark again. If it is meant, say so for "
        "each: --may-be-zero STUDENT."
    )
