"""Whose file is this, and from when? Told by its path alone, in the ways that five systems and people name files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cxkit.coursework.collecting.archives import Item, some_of
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
    doubt : str
        Why nobody can say whose it is, although names fit; else empty.
    """

    students: frozenset[str]
    layout: str
    depth: int
    time: datetime | None = None
    attempt: int = 0
    stem: str = ""
    late: bool = False
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What a name says if a certain system wrote its beginning.

    `end` is where the student's own part begins. `exact` says that the class list has the system's number.
    """

    students: set[str]
    end: int
    exact: bool = False
    layout: str = ""
    time: datetime | None = None
    attempt: int = 0
    stem: str = ""
    late: bool = False
    doubt: str = ""

    @property
    def owner(self) -> Owner:
        return Owner(
            students=frozenset(self.students), layout=self.layout, depth=1,
            time=self.time, attempt=self.attempt, stem=self.stem, late=self.late, doubt=self.doubt,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """What Moodle's grading worksheet says of one participant.

    Attributes
    ----------
    students : frozenset of str
        Who fits.
    time : datetime or None
        When they handed in.
    by_email : bool
        Whether the address told who fits; names can be changed by whoever bears them.
    """

    students: frozenset[str]
    time: datetime | None
    by_email: bool = False


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
        addressed = roster.with_key(email) if email else set()
        students = addressed or (roster.with_name(name) if name else set())
        time = time_of(table.cell(row, sheet.handed_in)) if sheet.handed_in is not None else None
        if number:
            known = frozenset(students) if len(students) == 1 else frozenset()
            rows[number] = SheetRow(students=known, time=time, by_email=bool(addressed))
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
        """Who has this name; among several the one with this number, which may be another number than the roster's.

        Everybody where the number is somebody else's: then name and number name two people.
        """
        numbered = self.by_number.get(number, set())
        return (numbered & name or numbered | name) if name else set()


# Canvas: smithjane_LATE_4711_88123_homework-1.ipynb. The numbers are its own of the person and of the file.
_CANVAS = re.compile(r"(?P<who>[^/_]+(?:-\d+)?)(?P<late>_LATE)?_(?P<lms>\d+)_(?P<file>\d+)_(?P<name>.+)", re.DOTALL)
_CANVAS_AGAIN = re.compile(r"(?P<stem>.*?)(?:-(?P<attempt>\d{1,3}))?(?P<end>\.[^.]*)", re.DOTALL)
# Moodle: Jane Smith_77_assignsubmission_file_, a folder or how a file's name begins; with groups "Lab 1-Jane".
# Moodle writes "_" in names and groups as a space.
_MOODLE = re.compile(
    r"(?P<who>[^_]*)_(?P<number>\d+)_assignsubmission_(?P<what>file|onlinetext)_?(?P<rest>.*)", re.DOTALL
)
# Blackboard: Homework 1_jsmith_attempt_2026-03-01-10-15-30_homework.ipynb
# The file's own name, all after the first time, is the student's and may hold anything, as may the title before it.
_BLACKBOARD = re.compile(r"_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_|\.txt\Z)")
# Brightspace: 4711-88123 - Jane Smith - Mar 1, 2026 1015 AM, a folder or the beginning of a file's name.
_BRIGHTSPACE = re.compile(
    r"(?P<lms>\d+)-\d+ ?- (?P<who>.+?) ?- (?P<time>[^\W\d]+\.? \d{1,2},? \d{4} \d{1,2}[:_]?\d\d ?[AaPp][Mm]|"
    r"\d{1,2} [^\W\d]+\.?,? \d{4} \d{1,2}[:_]?\d\d(?: ?[AaPp][Mm])?)(?: ?- (?P<rest>.+))?",
    re.DOTALL,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _canvas(part: str, known_class: _Class) -> _Reading | None:
    found = _CANVAS.fullmatch(part)
    if found is None:
        return None
    # The number is exact; the name decides only where the roster knows no numbers.
    known = known_class.by_number.get(found["lms"], set())
    exact = bool(known)
    if not known_class.by_number:
        known = known_class.roster.with_compact_name(found["who"])
    again = _CANVAS_AGAIN.fullmatch(found["name"])
    attempt = int(again["attempt"] or 0) if again else 0
    stem = f"{again['stem']}{again['end']}" if again else found["name"]
    late, end = bool(found["late"]), found.start("name")
    return _Reading(students=known, end=end, exact=exact, attempt=attempt, stem=stem, late=late)


def _moodle(part: str, known_class: _Class) -> _Reading | None:
    found = _MOODLE.fullmatch(part)
    if found is None:
        return None
    number, end = found["number"], found.start("rest")
    numbered = known_class.by_number.get(number, set())
    row = known_class.sheet.get(number)
    time = row.time if row is not None else None
    if row is not None and row.students:
        students = set(row.students) if row.by_email else known_class.of(number, set(row.students))
        return _Reading(students=students, end=end, exact=True, time=time)
    if re.sub(r"\W", "", folded(found["who"])) in known_class.hidden:  # names are hidden from markers
        return _Reading(students=numbered, end=end, exact=bool(numbered), time=time)
    known, dash, name = set[str](), "-", found["who"]
    while dash and not known:
        known = known_class.roster.with_name(name) or known_class.roster.with_key(name)
        _, dash, name = name.partition("-")  # what stands before the name is a group
    return _Reading(students=known_class.of(number, known), end=end, exact=bool(numbered), time=time)


def _blackboard(part: str, known_class: _Class) -> _Reading | None:
    found = [*_BLACKBOARD.finditer(part)]
    if not found:
        return None
    first, *later = found
    try:
        time = datetime.strptime(first["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        time = None
    known = _blackboard_user(part[: first.start()], known_class)
    others = set[str]().union(*(_blackboard_user(part[: one.start()], known_class) for one in later))
    if known or not others:
        return _Reading(students=known, end=first.end(), time=time)
    # The first may stand in the title of the assignment.
    why = f"names nobody before the first '_attempt_', and {some_of(others)} before a later one"
    return _Reading(students=others, end=first.end(), doubt=why)


def _blackboard_user(before: str, known_class: _Class) -> set[str]:
    """Whose user name ends this; it may hold "_" as well: the longest end that somebody has counts."""
    pieces = before.split("_")
    tails = ("_".join(pieces[n:]) for n in range(len(pieces)))
    return next((who for tail in tails if (who := known_class.roster.with_key(tail))), set())


def _brightspace(part: str, known_class: _Class) -> _Reading | None:
    found = _BRIGHTSPACE.fullmatch(part)
    if found is None:
        return None
    known = known_class.of(found["lms"], known_class.roster.with_name(found["who"]))
    exact = found["lms"] in known_class.by_number
    return _Reading(students=known, end=found.end("time"), exact=exact, time=_brightspace_time(found["time"]))


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


_SYSTEMS: tuple[tuple[str, Callable[[str, _Class], _Reading | None]], ...] = (
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
    after them. Folders above all students are passed over only if several students lie within. Which system wrote the
    names is decided for all of them together: a student's own part of one name may look like another system's.

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
    systems = _common_systems({item.parts[skipped] for item in items}, known_class)
    return [_owner(item.parts, skipped, known_class, systems) for item in items]


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


def _common_systems(names: Iterable[str], known_class: _Class) -> set[str]:
    """The systems that can have written all the names that any system can have written."""
    systems = {layout for layout, _ in _SYSTEMS}
    from_canvas: list[str] = []
    for name in names:
        readings = _readings(name, known_class)
        if readings:
            systems &= {one.layout for one in readings}
        from_canvas += [name[: one.end] for one in readings if one.layout == "canvas"]
    # Canvas gives each file a number of its own; a title such as "Unit_1_2" gives all files the same ones.
    if len(set(from_canvas)) < len(from_canvas):
        systems = systems - {"canvas"} or systems
    return systems


def _readings(part: str, known_class: _Class) -> list[_Reading]:
    """What the name says by each system that can have written it, first the one whose part of it ends first."""
    found = [(layout, recognise(part, known_class)) for layout, recognise in _SYSTEMS]
    readings = [replace(one, layout=layout) for layout, one in found if one is not None]
    return sorted(readings, key=lambda one: one.end)


def _by_systems(part: str, known_class: _Class, systems: Collection[str]) -> Owner | None:
    """Whom the name names by the systems of the whole download; a doubt where several are left and say different."""
    readings = _readings(part, known_class)
    readings = [one for one in readings if one.layout in systems] or readings
    if not readings:
        return None
    first = readings[0]
    others = [one for one in readings if (one.students, one.time, one.late) != (first.students, first.time, first.late)]
    if first.exact or not others:  # what follows an exact number cannot change whose it is
        return first.owner
    told = [f"{one.layout.title()}'s ({some_of(one.students) or 'nobody of the roster'})" for one in (first, *others)]
    students = frozenset[str]().union(*(one.students for one in readings))
    why = f"could be a name of {' or '.join(told)}"
    # No time either: it may be the student's own words.
    return Owner(students=students, layout="flat", depth=1, late=any(one.late for one in readings), doubt=why)


def _owner(parts: tuple[str, ...], skipped: int, known_class: _Class, systems: Collection[str]) -> Owner | None:
    found = _named(parts[skipped], known_class, systems, file=len(parts) == skipped + 1)
    return found and replace(found, depth=skipped + 1)


def _named(part: str, known_class: _Class, systems: Collection[str] = (), *, file: bool) -> Owner | None:
    """Whom one part of a path names."""
    written = _by_systems(part, known_class, systems)
    if written is not None:
        return written
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
