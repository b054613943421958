"""What the model gives with each student's own data, as the marking found it: nothing is run here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cxkit.coursework.similarity.reuse import Value

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment


def expected_answers(
    assignment: Assignment, marks: str | Path, students: Iterable[str]
) -> dict[str, dict[str, Value]] | None:
    """Which numbers follow from each student's data?

    Parameters
    ----------
    assignment : Assignment
    marks : str or Path
        The folder that `cxkit mark` has written; its references are read.
    students : iterable of str

    Returns
    -------
    dict or None
        By student and answer, single numbers only. Students whose reference is not there, because nothing of theirs
        was marked or because the kit has changed since, are not in it. None where all have the same data.

    Raises
    ------
    AssignmentError
        If the record of who got which data cannot be read.
    """
    from cxkit.coursework.assignment.released import read_released
    from cxkit.coursework.marking.answers import Number
    from cxkit.coursework.marking.reference import References

    released = read_released(assignment)
    if released is None or len({seed for seed in released.seeds.values() if seed is not None}) < 2:
        return None
    references = References(assignment, Path(marks) / ".references")
    found: dict[str, dict[str, Value]] = {}
    for student in students:
        seed = released.seed_of(student)
        kept = None if seed is None else references.kept(assignment.public, seed, with_mistakes=False)
        if kept is not None:
            found[student] = {
                name: answer.value
                for name, answer in kept.model.items()
                if isinstance(answer, Number) and answer.value is not None
            }
    return found
