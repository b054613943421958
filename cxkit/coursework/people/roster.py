"""Who is in the class: a csv file of our own form, or one that a learning management system or nbgrader wrote."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cxkit.coursework.people.csv_text import CsvText, read_csv_text
from cxkit.coursework.people.moodle_worksheet import worksheet_of
from cxkit.errors import AssignmentError, Problems, nearest

KNOWN_COLUMNS = {
    "id": ("student", "student id", "sis user id", "orgdefinedid", "id number", "student number"),
    "login": ("username", "user name", "sis login id", "login", "login id"),
    "lms_id": ("canvas id", "moodle id", "lms user id", "identifier"),
    "name": ("name", "full name", "student name"),
    "last": ("last name", "surname", "lastname"),
    "first": ("first name", "given name", "firstname"),
    "email": ("email", "email address", "e mail"),
    "section": ("section", "sections", "groups", "group"),
}
"""What a column means, by its folded name; the first that is there counts."""

LONGEST_ID = 64
_NUMBERED = re.compile(r"^[^\W\d][^\d]*?(\d+)$")  # "Participant 77", in any language
_ID = re.compile(r"[^\W_][\w.@+-]*")
_WINDOWS_NAMES = {"con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, kw_only=True)
class Student:
    """One person of the class.

    Attributes
    ----------
    id : str
        The name under which everything about this student is kept; fit for a folder's name.
    name : str
        As people write it: "Jane Smith".
    email, section : str
        Empty where not known.
    login, lms_id : str
        The name to log in with, and the number that the learning management system uses within itself.
    sortable_name : str
        "Smith, Jane" where the file tells the family name; else the name.
    """

    id: str
    name: str
    email: str = ""
    section: str = ""
    login: str = ""
    lms_id: str = ""
    sortable_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Roster:
    """All students of a class, in the order of their ids.

    Attributes
    ----------
    students : tuple of Student
    source : str
        The file they were read from.
    notes : tuple of str
        What was left out of that file and why.
    """

    students: tuple[Student, ...]
    source: str = ""
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Student]:
        return iter(self.students)

    def __len__(self) -> int:
        return len(self.students)

    @cached_property
    def by_id(self) -> dict[str, Student]:
        """Students by their ids."""
        return {student.id: student for student in self.students}

    @cached_property
    def _by_key(self) -> dict[str, set[str]]:
        keys: dict[str, set[str]] = defaultdict(set)
        for student in self.students:
            for key in (student.id, student.login, student.lms_id, student.email, student.email.partition("@")[0]):
                if key:
                    keys[folded(key)].add(student.id)
        # An id is stronger than another student's login that looks the same.
        return dict(keys) | {folded(student.id): {student.id} for student in self.students}

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        for student in self.students:
            for key in {name_key(student.name), name_key(student.sortable_name)} - {""}:
                names[key].add(student.id)
        return names

    @cached_property
    def _by_compact_name(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = defaultdict(set)
        for student in self.students:
            for key in compact_names(student.name) | compact_names(student.sortable_name):
                names[key].add(student.id)
        return names

    def with_key(self, key: str) -> set[str]:
        """Ids of the students who have this id, login, number, or e-mail address."""
        return self._by_key.get(folded(key), set())

    def with_name(self, name: str) -> set[str]:
        """Ids of the students of this name, in any order of its parts."""
        return self._by_name.get(name_key(name), set())

    def with_compact_name(self, name: str) -> set[str]:
        """Ids of the students whose name reads like this once spaces and signs are gone: "smithjane"."""
        return self._by_compact_name.get(_compact(name), set())


def folded(text: str) -> str:
    """A key as it is compared: composed letters, no outer spaces, no difference of case."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def name_key(name: str) -> str:
    """A name as it is compared: its parts in the order of the alphabet, without signs."""
    return " ".join(sorted(re.findall(r"[^\W_]+", folded(name))))


def _compact(name: str) -> str:
    return re.sub(r"[\W_]", "", folded(name))


def compact_names(name: str) -> set[str]:
    """The name without spaces and signs, starting with each of its parts: systems put the family name first."""
    parts = re.findall(r"[^\W_]+", folded(name))
    return {"".join(parts[n:] + parts[:n]) for n in range(len(parts))}


def read_roster(path: str | Path) -> Roster:
    """Who is in this class?

    Parameters
    ----------
    path : str or Path
        A csv file with a header row. Own form: `student` (the id), `name`, and as wanted `email`, `section`, `login`.
        The gradebooks and lists of participants that Canvas, Moodle, Blackboard, Brightspace and nbgrader export are
        read as they are; points and totals in them are ignored.

    Returns
    -------
    Roster
        Where a file holds several ids, the institution's number is taken if every student has one, else the login.

    Raises
    ------
    AssignmentError
        All problems at once: no column of ids, ids that are empty, twice or unfit for a folder's name; with rows.
    """
    table = read_csv_text(path)
    problems = Problems(table.source)
    columns = _columns(table, problems)
    if problems:
        problems.raise_as(AssignmentError)
    rows, notes = _people(table, columns)
    key = _id_column(table, columns, rows)
    students = [_student(table, columns, key, row) for row in rows]
    _check(table, [(row + 1, student) for row, student in zip(rows, students, strict=True)], problems)
    if problems:
        problems.raise_as(AssignmentError)
    return Roster(students=tuple(sorted(students, key=lambda s: s.id)), source=table.source, notes=tuple(notes))


def people_of(table: CsvText) -> tuple[tuple[int, Student], ...]:
    """Who stands in which row of a list that a learning management system exported; ids are not checked."""
    problems = Problems(table.source)
    columns = _columns(table, problems)
    if problems:
        problems.raise_as(AssignmentError)
    rows, _ = _people(table, columns)
    key = _id_column(table, columns, rows)
    return tuple((row, _student(table, columns, key, row)) for row in rows)


def roster_of(students: Iterable[Student], source: str = "") -> Roster:
    """A roster from students; their ids are checked as those of a file are.

    Raises
    ------
    AssignmentError
        As `read_roster`.
    """
    listed = list(students)
    problems = Problems(source or "the roster")
    _check_ids(list(enumerate(listed, 1)), problems)
    if problems:
        problems.raise_as(AssignmentError)
    return Roster(students=tuple(sorted(listed, key=lambda s: s.id)), source=source)


def _fold_heading(heading: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", folded(heading)))


def _columns(table: CsvText, problems: Problems) -> dict[str, int]:
    """Where each kind of column stands. In Canvas' gradebook "Student" is a name and "ID" Canvas' own number."""
    if (sheet := worksheet_of(table)) is not None:
        found = {"lms_id": 0, "name": sheet.name, "email": sheet.email}
        return {kind: column for kind, column in found.items() if column is not None}
    headings = [_fold_heading(cell) for cell in table.header]
    first = {heading: headings.index(heading) for heading in headings if heading}
    is_canvas = _is_canvas(table, first)
    columns = {}
    for kind, names in KNOWN_COLUMNS.items():
        usable = [name for name in names if name in first and not (is_canvas and kind == "id" and name == "student")]
        if usable:
            columns[kind] = first[usable[0]]
    if is_canvas and "student" in first:
        columns["name"] = first["student"]
    if "id" in first:
        if is_canvas:
            columns["lms_id"] = first["id"]
        else:
            columns.setdefault("id", first["id"])
    if not columns.keys() & {"id", "login", "lms_id", "email"}:
        _tell_no_ids(table, problems)
    return columns


def _is_canvas(table: CsvText, first: Mapping[str, int]) -> bool:
    """Whether this is Canvas' gradebook: by its login column, or its second row of points possible."""
    if "sis login id" in first:
        return True
    return len(table.rows) > 1 and "points possible" in _fold_heading(table.cell(1, 0))


def _tell_no_ids(table: CsvText, problems: Problems) -> None:
    known = [name for kind in ("id", "login") for name in KNOWN_COLUMNS[kind]]
    advice = [nearest(cell, known) for cell in table.header]
    near = next((words for words in advice if "Did you mean" in words), "")
    problems.add(
        f"there is no column of student ids; its columns are {', '.join(filter(None, table.header[:8]))}.{near}",
        remedy="name a column 'student', or export the class list of your learning management system again.",
    )


def _people(table: CsvText, columns: dict[str, int]) -> tuple[list[int], list[str]]:
    """Rows with people; Canvas adds rows with the points possible, and a student for tests."""
    rows, notes = [], []
    for number in range(1, len(table.rows)):
        cells = table.rows[number]
        if not any(map(str.strip, cells)) or _fold_heading(cells[0]) == "points possible":
            continue
        identified = [
            table.cell(number, columns[k]).strip() for k in ("id", "login", "lms_id", "email") if k in columns
        ]
        name = table.cell(number, columns["name"]).strip() if "name" in columns else ""
        if not any(identified) and not name:
            continue  # such as Canvas' row that says which columns are posted by hand
        if name_key(name) == "student test":
            notes.append(f"row {number + 1} is the system's test student and was left out")
            continue
        rows.append(number)
    return rows, notes


def _id_column(table: CsvText, columns: dict[str, int], rows: Sequence[int]) -> str:
    """The kind of column that every student has filled; the first if none is complete, so that gaps are told."""
    kinds = [kind for kind in ("id", "login", "lms_id", "email") if kind in columns]
    return next((k for k in kinds if all(table.cell(row, columns[k]).strip() for row in rows)), kinds[0])


def _student(table: CsvText, columns: dict[str, int], key: str, row: int) -> Student:
    def text(kind: str) -> str:
        cell = table.cell(row, columns[kind]) if kind in columns else ""
        return unicodedata.normalize("NFC", cell).strip()

    def plain(kind: str) -> str:
        """Without the sign that Brightspace puts before ids, and the word that Moodle puts before numbers."""
        return _NUMBERED.sub(r"\1", text(kind)).removeprefix("#") if kind == "lms_id" else text(kind).removeprefix("#")

    first, last, name = text("first"), text("last"), text("name")
    if first or last:
        name = name or f"{first} {last}".strip()
        sortable = f"{last}, {first}" if first and last else name
    else:
        sortable = name
        family, comma, given = name.partition(",")
        name = f"{given.strip()} {family.strip()}" if comma and given.strip() else name
    return Student(
        id=plain(key),
        name=name,
        email=text("email"),
        section=text("section"),
        login=plain("login"),
        lms_id=plain("lms_id"),
        sortable_name=sortable,
    )


def _check(table: CsvText, students: Sequence[tuple[int, Student]], problems: Problems) -> None:
    if not students:
        problems.add("there is no student in it: nothing stands below the header.")
    long = [n for n, row in enumerate(table.rows, 1) if any(map(str.strip, row[len(table.header) :]))]
    if long:
        problems.add("rows with more cells than the header has names.", [f"row {n}" for n in long],
                     "put cells that hold the delimiter in quotation marks.")  # fmt: skip
    _check_ids(students, problems)


def _check_ids(students: Sequence[tuple[int, Student]], problems: Problems) -> None:
    empty = [f"row {row}: {student.name or student.email}" for row, student in students if not student.id]
    if empty:
        problems.add("students without an id.", empty, "fill in their ids, or delete the rows.")
    unfit = [(row, student.id) for row, student in students if student.id and not _fit(student.id)]
    if unfit:
        problems.add(
            "ids that cannot name a folder.",
            [f"row {row}: {key!a}" for row, key in unfit],
            f"use letters, digits and . _ - @ + only, at most {LONGEST_ID}, beginning with a letter or digit.",
        )
    rows: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row, student in students:
        rows[folded(student.id)].append((row, student.id))
    twice = [found for key, found in rows.items() if key and len(found) > 1]
    if twice:
        problems.add(
            "ids that stand for more than one student (case does not matter).",
            [f"'{found[0][1]}' in rows {', '.join(str(row) for row, _ in found)}" for found in twice],
            "keep one row for each student.",
        )


def _fit(key: str) -> bool:
    return (
        len(key) <= LONGEST_ID
        and _ID.fullmatch(key) is not None
        and not key.endswith(".")
        and key.isprintable()
        and unicodedata.normalize("NFC", key) == key
        and key.partition(".")[0].casefold() not in _WINDOWS_NAMES
    )
