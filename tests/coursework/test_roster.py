import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.people.csv_text import csv_lines, csv_text_of, read_csv_text
from cxkit.coursework.people.roster import Student, read_roster, roster_of
from cxkit.errors import AssignmentError


def roster_from(text, tmp_path, encoding="utf-8"):
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


def test_our_own_form(tmp_path):
    roster = roster_from("student,name,email,section\nzoe,Zoë Löwe,zoe@uni.example,B\nabe,Abe Lee,,A\n", tmp_path)
    assert [student.id for student in roster] == ["abe", "zoe"]
    assert roster.by_id["zoe"] == Student(
        id="zoe", name="Zoë Löwe", email="zoe@uni.example", section="B", sortable_name="Zoë Löwe"
    )


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (881),Final Score\r\n"
    ",,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,10,(read only)\r\n"
    '"Smith, Jane",4711,s100,jsmith,"Lab 1 and Lab 2",,\r\n'
    '"Student, Test",4799,,f1e2d3,Lab 1,,\r\n'
)
MOODLE = "First name,Last name,ID number,Email address,Groups\nJane,Smith,s100,jane@uni.example,G1\n"
MOODLE_SHEET = "Identifier,Full name,Email address,Status,Grade\nParticipant 77,Jane Smith,jane@uni.example,-,\n"
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Essay [Total Pts: 10 Score] |118854"\r\n'
    '"Smith"\t"Jane"\t"jsmith"\t"s100"\t""\r\n'
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,HW Points Grade <Numeric MaxPoints:10>,End-of-Line Indicator\r\n"
    "#s100,#jsmith,Smith,Jane,,#\r\n"
)
NBGRADER = "id,first_name,last_name,email,lms_user_id\ns100,Jane,Smith,jane@uni.example,4711\n"


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (CANVAS, "utf-8-sig", {"id": "s100", "login": "jsmith", "lms_id": "4711", "section": "Lab 1 and Lab 2"}),
        (MOODLE, "utf-8", {"id": "s100", "email": "jane@uni.example", "section": "G1"}),
        (MOODLE_SHEET, "utf-8", {"id": "77", "lms_id": "77", "email": "jane@uni.example"}),
        (BLACKBOARD, "utf-16", {"id": "s100", "login": "jsmith"}),
        (BRIGHTSPACE, "utf-8-sig", {"id": "s100", "login": "jsmith"}),
        (NBGRADER, "utf-8", {"id": "s100", "email": "jane@uni.example", "lms_id": "4711"}),
    ],
)
def test_lists_of_learning_management_systems(text, encoding, expected, tmp_path):
    (student,) = roster_from(text, tmp_path, encoding)
    assert student.name == "Jane Smith"
    assert {key: getattr(student, key) for key in expected} == expected


def test_what_was_left_out_is_said(tmp_path):
    assert roster_from(CANVAS, tmp_path).notes == ("row 5 is the system's test student and was left out",)


def test_logins_where_not_everybody_has_a_number(tmp_path):
    text = "Username,Student ID,First Name,Last Name\nann,,Ann,A\nbob,s2,Bob,B\n"
    assert [student.id for student in roster_from(text, tmp_path)] == ["ann", "bob"]


def test_all_problems_at_once(tmp_path):
    with pytest.raises(AssignmentError) as error:
        roster_from("student,name\n../x,Eve\n,Bob\nann,Ann\nANN,Anna\nnul,N\nb\u202eob,B\nan,n,a\n", tmp_path)
    assert str(error.value) == (
        "class.csv: 4 problems found.\n"
        "  rows with more cells than the header has names.\n"
        "    row 8\n"
        "    -> put cells that hold the delimiter in quotation marks.\n"
        "  students without an id.\n"
        "    row 3: Bob\n"
        "    -> fill in their ids, or delete the rows.\n"
        "  ids that cannot name a folder.\n"
        "    row 2: '../x'\n"
        "    row 6: 'nul'\n"
        "    row 7: 'b\\u202eob'\n"
        "    -> use letters, digits and . _ - @ + only, at most 64, beginning with a letter or digit.\n"
        "  ids that stand for more than one student (case does not matter).\n"
        "    'ann' in rows 4, 5\n"
        "    -> keep one row for each student."
    )


def test_no_column_of_ids_offers_the_nearest(tmp_path):
    with pytest.raises(
        AssignmentError, match="no column of student ids; its columns are studnet, name. Did you mean 'student'"
    ):
        roster_from("studnet,name\na,A\n", tmp_path)


def test_missing_and_empty_files(tmp_path):
    (tmp_path / "roster.csv").write_text("", encoding="utf-8")
    with pytest.raises(AssignmentError, match="roster.csv is empty"):
        read_roster(tmp_path / "roster.csv")
    with pytest.raises(AssignmentError, match="Did you mean 'roster.csv'"):
        read_roster(tmp_path / "rooster.csv")


def test_finding_people_by_what_systems_call_them(tmp_path):
    roster = roster_from(CANVAS, tmp_path)
    for key in ("S100", "jsmith", "4711"):
        assert roster.with_key(key) == {"s100"}
    assert roster.with_name("smith JANE") == {"s100"}
    assert roster.with_compact_name("smithjane") == roster.with_compact_name("janesmith") == {"s100"}
    assert roster.with_key("smith") == roster.with_name("Jane") == set()


def test_two_of_one_name_are_both_found():
    roster = roster_of([Student(id="a", name="Li Wei"), Student(id="b", name="Wei Li")])
    assert roster.with_name("Li Wei") == {"a", "b"}


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from('",;\n'), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=4), st.booleans())
def test_csv_is_read_as_written(rows, always):
    rows = [["a", "b"], *rows]
    read = csv_text_of(csv_lines(rows, always=always).encode(), "x.csv")
    if read.delimiter == ",":
        assert [list(row) for row in read.rows] == rows
    assert read.replaced({}) == csv_lines(rows, always=always).encode()


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_one_cell_is_replaced_and_every_other_byte_stays(mark, tmp_path):
    encoding = {b"": "cp1252", codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le"}.get(mark, "utf-16-be")
    text = 'Naïve;"Mark"\n"é; x";""\r\n\r\nlast;'
    (tmp_path / "a.csv").write_bytes(mark + text.encode(encoding))
    table = read_csv_text(tmp_path / "a.csv")
    assert table.rows == (("Naïve", "Mark"), ("é; x", ""), ("",), ("last", ""))
    expected = text.replace('""', '"7.5"') + '"a;b"'
    assert table.replaced({(1, 1): "7.5", (3, 1): "a;b"}) == mark + expected.encode(encoding)


def test_a_spreadsheet_is_no_csv(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(AssignmentError, match="not a text file. Save it as csv"):
        read_csv_text(tmp_path / "a.csv")


def test_a_quotation_mark_never_closed():
    with pytest.raises(AssignmentError, match="a quotation mark in row 2 is opened and never closed"):
        csv_text_of(b'a,b\n"1,2\n', "x.csv")
