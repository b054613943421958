"""How the gradebook files of Canvas, Moodle, Blackboard and Brightspace are laid out; docs/gradebook.md has sources."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cxkit.coursework.people.csv_text import CsvText, number_in
from cxkit.coursework.people.moodle_worksheet import worksheet_of

System = Literal["canvas", "moodle", "blackboard", "brightspace"]
SYSTEMS: tuple[System, ...] = ("canvas", "moodle", "blackboard", "brightspace")


@dataclass(frozen=True, kw_only=True)
class GradeColumn:
    """A column that takes points.

    Attributes
    ----------
    index : int
    name : str
        Of the assignment, without what the system adds.
    most : float or None
        The points that the system thinks there are, where the file tells.
    """

    index: int
    name: str
    most: float | None


# "Homework 1 (881)": Canvas knows its assignment by the number.
_CANVAS = re.compile(r"(?P<name>.+) \(\d+\)", re.DOTALL)
# "Homework 1 Points Grade <Numeric MaxPoints:10 Weight:5>"
_BRIGHTSPACE = re.compile(r"(?P<name>.+?) Points Grade(?: <[^>]*?MaxPoints:(?P<most>[\d.]+)[^>]*>)?.*", re.DOTALL)
# "Homework 1 [Total Pts: 10 Score] |118854", also "up to 10"
_BLACKBOARD = re.compile(r"(?P<name>.+?) \[Total Pts: (?:up to )?(?P<most>[\d.,]+)[^\]]*\] ?\|\d+", re.DOTALL)
# "Assignment: Homework 1 (Real)" of the gradebook; "Grade" of a grading worksheet
_MOODLE = re.compile(r"(?:[^:]+: ?)?(?P<name>.+?)(?: \(Real\))?", re.DOTALL)


def system_of(table: CsvText) -> System | None:
    """Which system wrote this file?"""
    names = {cell.strip().casefold() for cell in table.header}
    if "orgdefinedid" in names or "end-of-line indicator" in names:
        return "brightspace"
    if any(_BLACKBOARD.fullmatch(cell) for cell in table.header) or {"last name", "username", "availability"} <= names:
        return "blackboard"
    if {"student", "id"} <= names and names & {"section", "sis login id", "sis user id"}:
        return "canvas"
    if worksheet_of(table) is not None or names & {"identifier", "email address", "id number"}:
        return "moodle"
    return None


def grade_columns(table: CsvText, system: System) -> list[GradeColumn]:
    """The columns of a file that take points."""
    return _COLUMNS[system](table)


def _canvas(table: CsvText) -> list[GradeColumn]:
    points = next((n for n in range(1, min(4, len(table.rows))) if "points possible" in table.cell(n, 0).lower()), None)
    found = []
    for index, heading in enumerate(table.header):
        match = _CANVAS.fullmatch(heading.strip())
        told = table.cell(points, index).strip() if points is not None else ""
        if match and told != "(read only)":
            found.append(GradeColumn(index=index, name=match["name"], most=number_in(told)))
    return found


def _brightspace(table: CsvText) -> list[GradeColumn]:
    matches = ((index, _BRIGHTSPACE.fullmatch(heading.strip())) for index, heading in enumerate(table.header))
    return [GradeColumn(index=n, name=one["name"], most=number_in(one["most"] or "")) for n, one in matches if one]


def _blackboard(table: CsvText) -> list[GradeColumn]:
    matches = ((index, _BLACKBOARD.fullmatch(heading.strip())) for index, heading in enumerate(table.header))
    return [GradeColumn(index=n, name=one["name"], most=number_in(one["most"])) for n, one in matches if one]


_MOODLE_OTHER = {
    "identifier", "first name", "last name", "surname", "full name", "id number", "institution", "department",
    "email address", "status", "groups", "group", "maximum grade", "grade can be changed", "feedback comments",
    "last modified (submission)", "last modified (grade)", "last downloaded from this course", "course total (real)",
}  # fmt: skip


def _moodle(table: CsvText) -> list[GradeColumn]:
    if (sheet := worksheet_of(table)) is not None:
        return [GradeColumn(index=sheet.grade, name="Grade", most=sheet.most)]
    headings = [heading.strip() for heading in table.header]
    folded = [heading.casefold() for heading in headings]
    if "grade" in folded and "identifier" in folded:
        most = folded.index("maximum grade") if "maximum grade" in folded else None
        told = {number_in(table.cell(row, most)) for row in range(1, len(table.rows))} if most is not None else set()
        return [GradeColumn(index=folded.index("grade"), name="Grade", most=told.pop() if len(told) == 1 else None)]
    found = []
    for index, heading in enumerate(headings):
        match = _MOODLE.fullmatch(heading)
        if match and heading.casefold() not in _MOODLE_OTHER and not heading.endswith(("(Percentage)", "(Letter)")):
            found.append(GradeColumn(index=index, name=match["name"], most=None))
    return found


_COLUMNS: dict[System, Callable[[CsvText], list[GradeColumn]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
}
