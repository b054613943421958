"""Whose file is this, and from when? Told by its path alone, in the ways that five systems and people name files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cxkit.coursework.collecting.archives import Item
from cxkit.coursework.people.csv_text import CsvText
from cxkit.coursework.people.moodle_worksheet import time_of, worksheet_of
from cxkit.coursework.people.roster import Roster, folded
from cxkit.errors import MarkingError

ROOTS = {"submitted", "submissions"}
"""Folders that stand above the students'; nbgrader's is `submitted`."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """What a path says.

    Attributes
    ----------
    students : frozenset of str
        Ids that fit: exactly one where all is well.
    layout : str
        `"canvas"`, `"moodle"`, `"blackboard"`, `"brightspace"`, `"folder"` or `"flat"`.
    depth : int
        How many parts of the path name the student; what follows is the student's own.
    time : datetime or None
        When it was handed in, where the name tells; without a zone, as these systems write it.
    attempt : int
        The number that Canvas gives a file handed in again; else 0.
    stem : str
        Files of one stem are attempts at the same file.
    late : bool
        Canvas says so.
    """

    students: frozenset[str]
    layout: str
    depth: int
    time: datetime | None = None
    attempt: int = 0
    stem: str = ""
    late: bool = False


_Recognised = tuple[set[str], dict[str, object]] | None


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """What Moodle's grading worksheet says of one participant: which students fit, and when they handed in."""

    students: frozenset[str]
    time: datetime | None


def sheet_rows(table: CsvText, roster: Roster) -> tuple[dict[str, SheetRow], str]:
    """The rows of a grading worksheet by Moodle's numbers, and the word that stands for people without names.

    Raises
    ------
    MarkingError
        If the table is no grading worksheet with points.
    """
    sheet = worksheet_of(table)
    if sheet is None:
        raise MarkingError(
            f"{table.source} is not a grading worksheet of Moodle's (Assignment, Download grading worksheet)."
        )
    rows: dict[str, SheetRow] = {}
    for row, number in enumerate(sheet.numbers):
        email = table.cell(row, sheet.email).strip() if sheet.email is not None else ""
        name = table.cell(row, sheet.name).strip() if sheet.name is not None else ""
        students = (roster.with_key(email) if email else set()) or (roster.with_name(name) if name else set())
        time = time_of(table.cell(row, sheet.handed_in)) if sheet.handed_in is not None else None
        if number:
            rows[number] = SheetRow(students=frozenset(students) if len(students) == 1 else frozenset(), time=time)
    return rows, re.sub(r"\W", "", folded(sheet.word))


@dataclass(frozen=True, kw_only=True)
class _Class:
    """The roster, with the numbers of the learning management system looked up once."""

    roster: Roster
    by_number: Mapping[str, set[str]]
    assignment_id: str
    sheet: Mapping[str, SheetRow] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset({"participant"})

    def of(self, number: str, name: set[str]) -> set[str]:
        """Who has this name; among several the one with this number, which may be another number than the roster's."""
        return self.by_number.get(number, set()) & name or name


# Canvas: smithjane_LATE_4711_88123_homework-1.ipynb. The numbers are its own of the person and of the file.
_CANVAS = re.compile(r"(?P<who>[^/_]+(?:-\d+)?)(?P<late>_LATE)?_(?P<lms>\d+)_(?P<file>\d+)_(?P<name>.+)", re.DOTALL)
_CANVAS_AGAIN = re.compile(r"(?P<stem>.*?)(?:-(?P<attempt>\d{1,3}))?(?P<end>\.[^.]*)", re.DOTALL)
# Moodle: Jane Smith_77_assignsubmission_file_, a folder or how a file's name begins; with groups "Lab 1-Jane".
_MOODLE = re.compile(
    r"(?P<who>.*?)_(?P<number>\d+)_assignsubmission_(?P<what>file|onlinetext)_?(?P<rest>.*)", re.DOTALL
)
# Blackboard: Homework 1_jsmith_attempt_2026-03-01-10-15-30_homework.ipynb
_BLACKBOARD = re.compile(
    r"(?P<before>.*)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.*)|(?P<receipt>\.txt))", re.DOTALL
)
# Brightspace: 4711-88123 - Jane Smith - Mar 1, 2026 1015 AM, a folder or the beginning of a file's name.
_BRIGHTSPACE = re.compile(
    r"(?P<lms>\d+)-\d+ ?- (?P<who>.+?) ?- (?P<time>[^\W\d]+\.? \d{1,2},? \d{4} \d{1,2}[:_]?\d\d ?[AaPp][Mm]|"
    r"\d{1,2} [^\W\d]+\.?,? \d{4} \d{1,2}[:_]?\d\d(?: ?[AaPp][Mm])?)(?: ?- (?P<rest>.+))?",
    re.DOTALL,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _canvas(part: str, known_class: _Class) -> _Recognised:
    found = _CANVAS.fullmatch(part)
    if found is None:
        return None
    # The number is exact; the name decides only where the roster knows no numbers.
    known = known_class.by_number.get(found["lms"], set())
    if not known_class.by_number:
        known = known_class.roster.with_compact_name(found["who"])
    again = _CANVAS_AGAIN.fullmatch(found["name"])
    attempt = int(again["attempt"] or 0) if again else 0
    stem = f"{again['stem']}{again['end']}" if again else found["name"]
    return known, {"attempt": attempt, "stem": stem, "late": bool(found["late"])}


def _moodle(part: str, known_class: _Class) -> _Recognised:
    found = _MOODLE.fullmatch(part)
    if found is None:
        return None
    row = known_class.sheet.get(found["number"])
    more: dict[str, object] = {} if row is None else {"time": row.time}
    if row is not None and row.students:
        return set(row.students), more
    if re.sub(r"\W", "", folded(found["who"])) in known_class.hidden:  # names are hidden from markers
        return known_class.by_number.get(found["number"], set()), more
    known, dash, name = set[str](), "-", found["who"]
    while dash and not known:
        known = known_class.roster.with_name(name) or known_class.roster.with_key(name)
        _, dash, name = name.partition("-")  # what stands before the name is a group
    return known_class.of(found["number"], known), more


def _blackboard(part: str, known_class: _Class) -> _Recognised:
    found = _BLACKBOARD.fullmatch(part)
    if found is None:
        return None
    # User names may hold "_" as well: the longest end that somebody has counts.
    pieces = found["before"].split("_")
    tails = ("_".join(pieces[n:]) for n in range(len(pieces)))
    known = next((who for tail in tails if (who := known_class.roster.with_key(tail))), set())
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        time = None
    return known, {"time": time}


def _brightspace(part: str, known_class: _Class) -> _Recognised:
    found = _BRIGHTSPACE.fullmatch(part)
    if found is None:
        return None
    known = known_class.of(found["lms"], known_class.roster.with_name(found["who"]))
    return known, {"time": _brightspace_time(found["time"])}


def _brightspace_time(text: str) -> datetime | None:
    """English months without regard to the machine's language."""
    words = re.findall(r"[^\W\d]+|\d+", text.lower())
    month = next((n for n, name in enumerate(_MONTHS, 1) for word in words if word.startswith(name)), None)
    numbers = [word for word in words if word.isdigit()]
    if month is None or len(numbers) < 3:
        return None
    clock = "".join(numbers[2:]).zfill(4)
    hour, minute = int(clock[:-2]), int(clock[-2:])
    if words[-1] in {"am", "pm"}:
        hour = hour % 12 + 12 * (words[-1] == "pm")
    try:
        return datetime(int(numbers[1]), month, int(numbers[0]), hour, minute)
    except ValueError:
        return None


_SYSTEMS: tuple[tuple[str, Callable[[str, _Class], _Recognised]], ...] = (
    ("moodle", _moodle),
    ("brightspace", _brightspace),
    ("blackboard", _blackboard),
    ("canvas", _canvas),
)


def owners(
    items: Sequence[Item], roster: Roster, assignment_id: str, worksheet: CsvText | None = None
) -> list[Owner | None]:
    """Whose is each file, and if the path or Moodle's grading worksheet tells, from when?

    The outermost part of a path that names a student counts, so that nobody can hand in for another by naming a file
    after them. Folders above all students are passed over only if several students lie within.

    Returns
    -------
    list of Owner or None
        None where the path names nobody. An Owner without students was named as a system names one, who is not on
        the roster.
    """
    numbers: dict[str, set[str]] = {}
    for student in roster:
        if student.lms_id:
            numbers.setdefault(student.lms_id, set()).add(student.id)
    sheet, word = ({}, "participant") if worksheet is None else sheet_rows(worksheet, roster)
    known_class = _Class(
        roster=roster, by_number=numbers, assignment_id=assignment_id, sheet=sheet,
        hidden=frozenset({"participant", word}),
    )  # fmt: skip
    skipped = _common_roots(items, known_class)
    return [_owner(item.parts, skipped, known_class) for item in items]


def _common_roots(items: Sequence[Item], known_class: _Class) -> int:
    """How many folders stand above the students'."""
    depth = 0
    while items and all(len(item.parts) > depth + 1 for item in items):
        heads = {item.parts[depth] for item in items}
        head = heads.pop()
        if heads or _named(head, known_class, file=False) is not None:
            break
        if folded(head) not in ROOTS | {folded(known_class.assignment_id)}:
            below = {item.parts[depth + 1] for item in items}
            named = [_named(part, known_class, file=True) for part in below]
            if len({one.students for one in named if one is not None}) < 2:
                break
        depth += 1
    return depth


def _owner(parts: tuple[str, ...], skipped: int, known_class: _Class) -> Owner | None:
    found = _named(parts[skipped], known_class, file=len(parts) == skipped + 1)
    return found and replace(found, depth=skipped + 1)


def _named(part: str, known_class: _Class, *, file: bool) -> Owner | None:
    """Whom one part of a path names."""
    for layout, recognise in _SYSTEMS:
        recognised = recognise(part, known_class)
        if recognised is not None:
            students, more = recognised
            return Owner(students=frozenset(students), layout=layout, depth=1, **more)  # type: ignore[arg-type]
    roster = known_class.roster
    # A file of any other kind is somebody's as well: they are asked for a notebook.
    ending = r"\.[a-z0-9]{1,5}$" if file else r"\.(ipynb|zip)$"
    stem = re.sub(ending, "", part, flags=re.IGNORECASE)
    students = roster.with_key(part) or roster.with_key(stem) or _beside_assignment(stem, known_class)
    if not students:
        students = roster.with_name(part) or roster.with_name(stem)
    return Owner(students=frozenset(students), layout="flat" if file else "folder", depth=1) if students else None


def _beside_assignment(stem: str, known_class: _Class) -> set[str]:
    """Of `STUDENT_ASSIGNMENT` or `ASSIGNMENT_STUDENT`, with `_`, `-`, `.` or a space between."""
    wanted = re.escape(known_class.assignment_id)
    found = re.fullmatch(rf"(?:{wanted}[-_. ]+(.+)|(.+?)[-_. ]+{wanted})", stem, flags=re.IGNORECASE | re.DOTALL)
    if found is None:
        return set()
    rest = found[1] or found[2]
    return known_class.roster.with_key(rest) or known_class.roster.with_name(rest)
