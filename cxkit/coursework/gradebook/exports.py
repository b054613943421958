"""Grades as the files that learning management systems import, and that people and nbgrader's users read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxkit.coursework.gradebook.grades import NOT_FINAL, AssignmentSettings, Grade, State, Total
from cxkit.coursework.gradebook.systems import GradeColumn, System, grade_columns, system_of
from cxkit.coursework.marks.points import points_text
from cxkit.coursework.people.csv_text import CsvText, csv_lines, read_csv_text
from cxkit.coursework.people.roster import Roster, Student, folded, people_of
from cxkit.errors import MarkingError, counted, install_command, nearest

# The wide forms count where East Asian letters are typed (OWASP, CSV Injection)
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
FORMULA_SIGNS = (*_SIGNS, "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula."""
# Where lists are separated by semicolons, or tabs, a spreadsheet begins a cell there, whatever is quoted
_CELL_MAY_BEGIN = re.compile(f"(?<=[;\t\r\n])(?=[{re.escape(_SIGNS)}])")
_HELD = re.compile(f"(?<=[;\t\r\n])'(?=[{re.escape(_SIGNS)}])")


@dataclass(frozen=True, kw_only=True)
class Export:
    """A file to be written, and what its reader should know.

    Attributes
    ----------
    data : bytes
    notes : tuple of str
        Who is not in it and why.
    """

    data: bytes
    notes: tuple[str, ...] = ()


def harmless(text: str) -> str:
    """A stranger's text as a cell that no spreadsheet computes."""
    return ("'" if text.startswith(FORMULA_SIGNS) else "") + _CELL_MAY_BEGIN.sub("'", text)


def as_written(text: str) -> str:
    """The text of which `harmless` made this."""
    return _HELD.sub("", text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_SIGNS) else text)


def filled(
    path: str | Path,
    grades: Iterable[Grade],
    settings: AssignmentSettings,
    roster: Roster,
    *,
    column: str | None = None,
    scale: bool = False,
) -> Export:
    """Fill the gradebook that a system gave out; all else stays as it is, byte for byte.

    Parameters
    ----------
    path : str or Path
        The csv that was downloaded from Canvas, Moodle (gradebook or grading worksheet), Blackboard or Brightspace.
    grades : iterable of Grade
        Of one assignment. Those that wait for a marker are left as they are in the file.
    settings : AssignmentSettings
    roster : Roster
        Its ids, logins, numbers and e-mail addresses find the rows.
    column : str, optional
        The assignment's name in the system, if that is not its title or id here.
    scale : bool
        Whether points are converted where the system has another maximum. Without it that is refused.

    Raises
    ------
    MarkingError
        If the file is of none of these systems, the column is not found, or the points possible differ.
    """
    table = read_csv_text(path)
    system = system_of(table)
    if system is None:
        raise MarkingError(
            f"{table.source} is not a gradebook of Canvas, Moodle, Blackboard or Brightspace. Download it again as csv."
        )
    target = _column(table, system, settings, column)
    factor = _factor(target, settings, scale, table.source)
    by_student = {grade.student: grade for grade in grades}
    notes: list[str] = []
    changes: dict[tuple[int, int], str] = {}
    seen = set()
    for row, person in people_of(table):
        student = _in_roster(person, roster)
        if student is None:
            notes.append(f"Row {row + 1} ({harmless(person.name)}) is nobody of the roster: left as it is.")
            continue
        seen.add(student)
        text = _cell(by_student.get(student), system, factor)
        if text is None:
            continue
        if target.index >= len(table.rows[row]):
            raise MarkingError(f"{table.source}: row {row + 1} ends before its column '{table.header[target.index]}'.")
        changes[row, target.index] = text
    notes += left_out(by_student.values())
    absent = [grade.student for grade in by_student.values() if grade.student not in seen]
    notes += [f"Not in {table.source}: {', '.join(absent)}."] * bool(absent)
    return Export(data=table.replaced(changes), notes=tuple(notes))


def _column(table: CsvText, system: System, settings: AssignmentSettings, wanted: str | None) -> GradeColumn:
    found = grade_columns(table, system)
    if system == "moodle" and len(found) == 1 and found[0].name == "Grade" and wanted is None:
        return found[0]
    names = [wanted] if wanted is not None else [settings.title, settings.id]
    keys = {folded(name) for name in names}
    fit = [one for one in found if {folded(one.name), folded(table.header[one.index])} & keys]
    if len(fit) == 1:
        return fit[0]
    if fit:
        raise MarkingError(f"{table.source} has {len(fit)} columns '{names[0]}'. Give the whole heading with --column.")
    raise MarkingError(
        f"{table.source} has no column '{names[0]}' that takes points.{nearest(names[0], [one.name for one in found])} "
        "Name it with --column."
    )


def _factor(target: GradeColumn, settings: AssignmentSettings, scale: bool, source: str) -> float:
    if target.most is None or abs(target.most - settings.points) < 1e-9:
        return 1.0
    if scale and target.most > 0:
        return target.most / settings.points
    raise MarkingError(
        f"{source} has {target.most:g} points for '{target.name}', the assignment {settings.points:g}. "
        "Set the same there, or convert the points with --scale."
    )


def _in_roster(person: Student, roster: Roster) -> str | None:
    """The one student whom all of a row's keys fit that fit anybody."""
    found = [
        ids for key in (person.id, person.login, person.lms_id, person.email) if key and (ids := roster.with_key(key))
    ]
    common = set.intersection(*found) if found else set()
    return common.pop() if len(common) == 1 else None


def _cell(grade: Grade | None, system: System, factor: float = 1.0) -> str | None:
    """What to write for a grade; None: nothing, leave it."""
    if grade is None or grade.state in NOT_FINAL:
        return None
    if grade.points is None:
        return "EX" if system == "canvas" else None
    return points_text(grade.points * factor)


def left_out(grades: Iterable[Grade]) -> list[str]:
    """Whose points are in no export, and why, in words."""
    total = "out of another total than the assignment has now"
    whys: dict[tuple[State, bool], str] = {
        ("awaiting", False): "whose answers wait for a marker",
        ("undecided", False): "whose work is undecided",
        ("other_points", False): f"marked {total}",
        ("other_points", True): f"whose points were set by hand {total} (set them again, or --lift)",
    }
    who: dict[tuple[State, bool], dict[str, None]] = {key: {} for key in whys}
    for grade in grades:
        if grade.state in NOT_FINAL:
            who[grade.state, grade.is_by_hand][grade.student] = None
    notes = []
    for key, why in whys.items():
        if who[key]:
            notes.append(f"{counted(len(who[key]), 'student')} left out, {why}: {', '.join(who[key])}.")
    return notes


def from_roster(
    system: System,
    grades: Iterable[Grade],
    settings: AssignmentSettings,
    roster: Roster,
    *,
    column: str | None = None,
) -> Export:
    """A file for a system without one of its own to fill: it makes the column, or finds it by its name.

    Parameters
    ----------
    system : str
        `"canvas"`, `"moodle"`, `"blackboard"` or `"brightspace"`.
    grades, settings, roster
        As for `filled`.
    column : str, optional
        The assignment's name there, with Canvas' or Blackboard's number if it has one: "Homework 1 (881)",
        "Homework 1 [Total Pts: 10 Score] |118854". The title here if not given.
    """
    by_student = {grade.student: grade for grade in grades}
    given = [student for student in roster if student.id in by_student]
    cells = {student.id: _cell(by_student[student.id], system) or "" for student in given}
    notes = left_out(by_student.values())
    strangers = sorted(set(by_student) - {student.id for student in given})
    notes += [f"Not in the roster and so not in the file: {', '.join(strangers)}."] * bool(strangers)
    if system == "blackboard" and "|" not in (column or ""):
        notes.append("Without its number Blackboard makes a new column of text: download its file and fill that.")
    header, rows = _TABLES[system](given, cells, settings, column or settings.title)
    text = csv_lines([[harmless(cell) for cell in header], *rows], always=system == "blackboard")
    return Export(data=text.encode("utf-8"), notes=tuple(notes))


def _key(text: str) -> str:
    """A key must be exact, so one that a spreadsheet would compute is left out rather than changed."""
    return "" if harmless(text) != text else text


_Table = tuple[list[str], list[list[str]]]


def _for_canvas(given: Sequence[Student], cells: Mapping[str, str], settings: AssignmentSettings, name: str) -> _Table:
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    possible = ["    Points Possible", "", "", "", "", points_text(settings.points)]
    rows = [
        [harmless(one.sortable_name or one.name), one.lms_id, one.id if one.id != one.login else "", _key(one.login),
         harmless(one.section), cells[one.id]]
        for one in given
    ]  # fmt: skip
    return header, [possible, *rows]


def _for_moodle(given: Sequence[Student], cells: Mapping[str, str], _: AssignmentSettings, name: str) -> _Table:
    header = ["ID number", "Email address", name]
    return header, [[one.id, _key(one.email), cells[one.id]] for one in given]


def _for_blackboard(given: Sequence[Student], cells: Mapping[str, str], _: AssignmentSettings, name: str) -> _Table:
    header = ["Last Name", "First Name", "Username", "Student ID", name]
    rows = []
    for one in given:
        last, _comma, first = one.sortable_name.partition(", ")
        rows.append([harmless(last), harmless(first), _key(one.login) or one.id, one.id, cells[one.id]])
    return header, rows


def _for_brightspace(given: Sequence[Student], cells: Mapping[str, str], _: AssignmentSettings, name: str) -> _Table:
    heading = name if name.endswith("Points Grade") else f"{name} Points Grade"
    header = ["OrgDefinedId", heading, "End-of-Line Indicator"]
    return header, [[f"#{one.id}", cells[one.id], "#"] for one in given]


_TABLES: dict[System, Callable[[Sequence[Student], Mapping[str, str], AssignmentSettings, str], _Table]] = {
    "canvas": _for_canvas,
    "moodle": _for_moodle,
    "blackboard": _for_blackboard,
    "brightspace": _for_brightspace,
}


def overview(
    grades: Iterable[Grade], totals: Iterable[Total], settings: Mapping[str, AssignmentSettings], roster: Roster
) -> tuple[list[str], list[list[str | float | None]]]:
    """A row for every student: points by assignment and the total in percent, as plain cells.

    What waits for a marker or a decision is left empty, and so are totals that it belongs to.
    """
    points = {(grade.student, grade.assignment): grade for grade in grades}
    shares = {total.student: total for total in totals}
    header = ["student", "name", "section", *settings, "total %", "dropped", "notes"]
    rows: list[list[str | float | None]] = []
    for student in roster:
        own = [points.get((student.id, assignment)) for assignment in settings]
        total = shares.get(student.id)
        told = [f"{one.assignment}: {_grade_text(one)}" for one in own if one is not None and _grade_text(one)]
        share = None
        if total is not None and total.share is not None and not total.awaiting:
            share = float(points_text(100 * total.share))
        rows.append(
            [student.id, student.name, student.section,
             *(_final(one) for one in own),
             share, ", ".join(total.dropped) if total else "", "; ".join(told)]
        )  # fmt: skip
    return header, rows


def _final(grade: Grade | None) -> float | None:
    if grade is None or grade.points is None or grade.state in NOT_FINAL:
        return None
    return float(points_text(grade.points))


def _grade_text(grade: Grade) -> str:
    return " ".join(filter(None, ["waits for a marker." if grade.state == "awaiting" else "", grade.note]))


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> Export:
    """The overview as csv; texts that a spreadsheet would compute are made harmless."""
    lines = [[_text(cell) for cell in row] for row in [header, *rows]]
    return Export(data=csv_lines(lines).encode("utf-8"))


def _text(cell: str | float | None) -> str:
    return "" if cell is None else harmless(cell) if isinstance(cell, str) else points_text(cell)


def as_xlsx(path: str | Path, header: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> Path:
    """The overview as an Excel file, written in one step; see `xlsx_bytes`."""
    from cxkit.files import write_atomically

    return write_atomically(Path(path), xlsx_bytes(header, rows))


def xlsx_bytes(header: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> bytes:
    """The overview as an Excel file; texts stay texts.

    Raises
    ------
    MarkingError
        If the extra `reports` is not installed.
    """
    import io

    try:
        import xlsxwriter
    except ImportError:
        raise MarkingError(f"Excel files need xlsxwriter. Install it: {install_command('xlsxwriter')}") from None
    whole = io.BytesIO()
    book = xlsxwriter.Workbook(whole, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Grades")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 2)
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, bold)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            else:
                sheet.write_number(number, column, cell)
    sheet.autofit()
    book.close()
    return whole.getvalue()


def for_nbgrader(grades: Iterable[Grade], roster: Roster) -> Export:
    """The columns of `nbgrader export`, so that what was built on them goes on working."""
    header = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
              "late_submission_penalty", "score", "max_score"]  # fmt: skip
    rows, listed = [], list(grades)
    for grade in listed:
        if grade.points is None or grade.state in NOT_FINAL:
            continue  # an excused student too: beside raw points an empty score would be read as 0
        student = roster.by_id.get(grade.student)
        last, _, first = (student.sortable_name if student else "").partition(", ")
        email = _key(student.email) if student else ""
        rows.append(
            [grade.assignment, "", "", grade.student, harmless(last), harmless(first), email,
             points_text(grade.earned), points_text(-grade.penalty).removeprefix("-"),
             "" if grade.points is None else points_text(grade.points), points_text(grade.out_of)]
        )  # fmt: skip
    return Export(data=csv_lines([header, *rows], end="\n").encode("utf-8"), notes=tuple(left_out(listed)))
