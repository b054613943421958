"""The part of a file's name that a student writes decides neither whose the file is nor when it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from cxkit.coursework.collecting import collect
from cxkit.coursework.collecting.archives import Item
from cxkit.coursework.collecting.files_of import FilesOf
from cxkit.coursework.people.roster import Student, roster_of
from tests.coursework.test_collecting import ASSIGNMENT, BLACKBOARD, ROSTER, book, collected, zip_of

NUMBERED = roster_of(
    [
        Student(id="s01", name="Ada Alder", email="ada@x.org", lms_id="901"),
        Student(id="s02", name="Ben Birch", email="ben@x.org", lms_id="902"),
        Student(id="s04", name="Dan Dogwood", email="dan@x.org", lms_id="904"),
    ]
)
NAMED = roster_of([replace(one, lms_id="") for one in NUMBERED])
DUE = datetime(2026, 12, 4, 12, tzinfo=UTC)
# What each system writes before the name that the student gave the file: late, of s01 and s02.
SYSTEMS = {
    "canvas": ("alderada_LATE_901_71_", "birchben_LATE_902_72_"),
    "moodle": ("Ada Alder_901_assignsubmission_file_", "Ben Birch_902_assignsubmission_file_"),
    "moodle, numbers of its own": ("Ada Alder_11_assignsubmission_file_", "Ben Birch_12_assignsubmission_file_"),
    "moodle, names hidden": ("Participant_901_assignsubmission_file_", "Participant_902_assignsubmission_file_"),
    "blackboard": ("hw_s01_attempt_2026-12-05-12-00-00_", "hw_s02_attempt_2026-12-05-12-00-00_"),
    "brightspace": ("901-5 - Ada Alder - Dec 5, 2026 1200 PM - ", "902-5 - Ben Birch - Dec 5, 2026 1200 PM - "),
}
# Another student and another time, as each system would write them.
EMBEDDED = [
    "dogwooddan_904_8_",
    "x_904_8_",
    "Dan Dogwood_904_assignsubmission_file_",
    "x-s04_904_assignsubmission_file_",
    "x-Participant_904_assignsubmission_file_",
    "s04_attempt_2026-12-01-10-00-00_",
    "x_s04_attempt_2026-12-01-10-00-00_",
    "x_s01_attempt_2026-12-01-10-00-00_",
    "904-5 - Dan Dogwood - Dec 1, 2026 1000 AM - ",
]
CASES = [one for one in product(SYSTEMS, ["numbers", "names"]) if one != ("moodle, names hidden", "names")]


def settled(row):
    return row.status, row.late_seconds, row.late_is_known


def divided(names, people):
    """Whose each file is and from when, and what is told of those of which nobody can say."""
    files_of = FilesOf([Item(name=name, read=lambda _: book()) for name in names], people, ASSIGNMENT)
    own = {one.id: files_of.student(one.id)[0] for one in people}
    times = {student: [(one.time, one.owner.late) for one in files] for student, files in own.items()}
    return times, files_of.unmatched


@pytest.mark.parametrize("alone", [False, True], ids=["in a class", "alone"])
@pytest.mark.parametrize(("system", "roster"), CASES)
def test_a_students_own_part_looks_like_another_systems(system, roster, alone):
    own, others = SYSTEMS[system]
    honest = [] if alone else [f"{others}hw1.ipynb"]
    people = NUMBERED if roster == "numbers" else NAMED
    plain, unmatched = divided([*honest, f"{own}hw1.ipynb"], people)
    assert unmatched == []
    assert (len(plain["s01"]), len(plain["s02"]), len(plain["s04"])) == (1, len(honest), 0)
    for embedded in EMBEDDED:
        times, unmatched = divided([*honest, f"{own}{embedded}hw1.ipynb"], people)
        if unmatched:
            assert alone, "the download's other names tell the system"
            assert system in {"blackboard", "moodle, numbers of its own"} or roster == "names", "the number settles it"
            assert times == plain | {"s01": []}
            assert "s01" in unmatched[0][1], "not told"
        else:
            assert times == plain, "another's, or of another time"


def test_a_file_that_fits_two_systems_is_told_and_can_be_decided(tmp_path):
    name = "nick_31_7_x_s04_attempt_2026-12-01-10-00-00_hw1.ipynb"
    found = collected(tmp_path, {name: book()}, NAMED, DUE)
    why = "could be a name of Canvas's (nobody of the roster) or Blackboard's (s04)"
    assert found.unmatched == ((name, why),)
    assert found.by_student["s04"].status == "unclear_owner"
    source = tmp_path / "download.zip"
    row = collect(source, NAMED, ASSIGNMENT, DUE, into=tmp_path / "out", decide={"s01": name}).by_student["s01"]
    assert settled(row) == ("collected", 0, False)


def test_names_of_two_systems_in_one_folder_are_still_read(tmp_path):
    files = {f"{SYSTEMS['canvas'][0]}hw1.ipynb": book("a"), f"{SYSTEMS['blackboard'][1]}hw1.ipynb": book("b")}
    for people in (NUMBERED, NAMED):
        rows = collected(tmp_path, files, people, DUE).by_student
        assert {one: row.status for one, row in rows.items()} == {"s01": "late", "s02": "late", "s04": "missing"}


def test_titles_that_look_like_canvas_or_hold_an_attempt(tmp_path):
    tail = "attempt_2026-12-05-12-00-00_hw1.ipynb"
    files = {f"Unit_1_2_{student}_{tail}": book(student) for student in ("s01", "s02")}
    for people in (NUMBERED, NAMED):
        assert collected(tmp_path, files, people, DUE).unmatched == ()
    twice = {f"hw_attempt_2026-01-01-00-00-00_x_{student}_{tail}": book(student) for student in ("s01", "s02")}
    found = collected(tmp_path, twice, NAMED, DUE)
    assert [found.by_student[student].status for student in ("s01", "s02")] == ["unclear_owner"] * 2
    assert found.unmatched[0][1] == "names nobody before the first '_attempt_', and s01 before a later one"


SHEET = "Identifier,Full name,{}Status,Grade,Maximum Grade\nParticipant 901,Ben Birch,{}Submitted,,10\n"


@pytest.mark.parametrize(
    ("sheet", "of"),
    [("", ""), (SHEET.format("", ""), ""), (SHEET.format("Email address,", "ada@x.org,"), "s01")],
    ids=["no worksheet", "with names alone", "with addresses"],
)
def test_a_display_name_against_the_number_of_the_class_list_is_of_both(sheet, of, tmp_path):
    for name in ("Ben Birch", "Ada x-s02") if not sheet else ("Ben Birch",):
        (tmp_path / "download.zip").write_bytes(zip_of({f"{name}_901_assignsubmission_file_/hw1.ipynb": book()}))
        (tmp_path / "sheet.csv").write_text(sheet, encoding="utf-8")
        found = collect(
            tmp_path / "download.zip", NUMBERED, ASSIGNMENT, into=tmp_path / "out",
            worksheet=tmp_path / "sheet.csv" if sheet else None,
        )  # fmt: skip
        assert [one.student for one in found.submissions if one.path] == ([of] if of else [])
        assert [why for _, why in found.unmatched] == ([] if of else ["could be of s01, s02"])


def test_the_note_of_several_attempts_names_those_that_do_not_count(tmp_path):
    note = collected(tmp_path, BLACKBOARD, ROSTER).by_student["s200"].note
    assert note == ("The newest of 2 attempts, without Week 1_hw_z_lowe_attempt_2026-03-01-11-00-00_hw1.ipynb.")
