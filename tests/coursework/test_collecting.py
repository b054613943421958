"""Folders and zips as five systems make them, and as people who mean harm make them."""

import io
import json
import os
import shutil
import stat
import struct
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cxkit.cli import main
from cxkit.cli.commands import moment
from cxkit.coursework.collecting import archives, choice, collect, read_collection
from cxkit.coursework.collecting.folder import submissions_in
from cxkit.coursework.people.moodle_worksheet import time_of
from cxkit.coursework.people.roster import Student, roster_of
from cxkit.errors import MarkingError

ASSIGNMENT = "hw1"
ROSTER = roster_of(
    [
        Student(id="s100", name="Jane Smith", login="jsmith", lms_id="4711", sortable_name="Smith, Jane"),
        Student(id="s200", name="Zoë van Löwe", login="z_lowe", lms_id="4712", sortable_name="van Löwe, Zoë"),
        Student(id="s300", name="Ann Other", login="aother", lms_id="4713"),
    ]
)
DUE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def book(text="x = 1", assignment=ASSIGNMENT):
    own = {"cxkit": {"assignment": assignment}} if assignment else {}
    cell = {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": own, "nbformat": 4, "nbformat_minor": 5}).encode()


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return whole.getvalue()


def collected(tmp_path, files, roster=ROSTER, due=None, as_zip=True):
    """Collect files once from a zip, or from a folder, into a new folder."""
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    if as_zip:
        source = tmp_path / "download.zip"
        source.write_bytes(files if isinstance(files, bytes) else zip_of(files))
    else:
        source = tmp_path / "handed-in"
        for name, data in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
    found = collect(source, roster, ASSIGNMENT, due, into=tmp_path / "out")
    assert [one.student for one in found.submissions] == [one.id for one in roster]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"collection.json"} | {
        one.path.name for one in found.submissions if one.path
    }
    return found


def statuses(found):
    return {one.student: one.status for one in found.submissions}


CANVAS = {
    "smithjane_4711_88123_hw1.ipynb": book("jane"),
    "vanlowezoe_LATE_4712_88124_hw1-2.ipynb": book("zoe newest"),
    "vanlowezoe_LATE_4712_88120_hw1-1.ipynb": book("zoe older"),
}
MOODLE = {
    "Jane Smith_77_assignsubmission_file_/hw1.ipynb": book("jane"),
    "Lab 1-Zoë van Löwe_78_assignsubmission_file_/my work.ipynb": book("zoe newest"),
    "Jane Smith_77_assignsubmission_onlinetext_/onlinetext.html": b"hello",
}
MOODLE_FLAT = {
    "Jane Smith_77_assignsubmission_file_hw1.ipynb": book("jane"),
    "Zoë van Löwe_78_assignsubmission_file_hw1.ipynb": book("zoe newest"),
}
BLACKBOARD = {
    "Week 1_hw_jsmith_attempt_2026-03-01-10-15-30_hw1.ipynb": book("jane"),
    "Week 1_hw_jsmith_attempt_2026-03-01-10-15-30.txt": b"Name: Jane Smith",
    "Week 1_hw_z_lowe_attempt_2026-03-01-11-00-00_hw1.ipynb": book("zoe older"),
    "Week 1_hw_z_lowe_attempt_2026-03-02-12-00-00_hw1.ipynb": book("zoe newest"),
}
BRIGHTSPACE = {
    "4711-99 - Jane Smith - Mar 1, 2026 1015 AM/hw1.ipynb": book("jane"),
    "9999-99 - Zoë van Löwe - Mar 1, 2026 930 AM/hw1.ipynb": book("zoe older"),
    "9999-99 - Zoë van Löwe - Mar 2, 2026 1200 PM/hw1.ipynb": book("zoe newest"),
    "index.html": b"<html></html>",
}
NBGRADER = {
    "submitted/s100/hw1/hw1.ipynb": book("jane"),
    "submitted/s100/hw1/timestamp.txt": b"2026-03-01 10:15:30.5 UTC\n",
    "submitted/s200/hw1/hw1.ipynb": book("zoe newest"),
    "submitted/s200/hw1/timestamp.txt": b"2026-03-02 13:00:00.0 Europe/Berlin",
    "submitted/s200/hw0/hw0.ipynb": book("zoe of another week", "hw0"),
}
FOLDERS = {"s100/hw1.ipynb": book("jane"), "Zoë van Löwe/x/hw1.ipynb": book("zoe newest"), "s100/survey.csv": b"a,b\n"}
FLAT = {"s100.ipynb": book("jane"), "hw1_z_lowe.ipynb": book("zoe newest")}
ZIPS = {
    "s100.zip": zip_of({"hw1/hw1.ipynb": book("jane"), "hw1/.ipynb_checkpoints/hw1.ipynb": book("old")}),
    "z_lowe-hw1.zip": zip_of({"hw1.ipynb": book("zoe newest")}),
}
LAYOUTS = {
    "canvas": CANVAS, "moodle": MOODLE, "moodle flat": MOODLE_FLAT, "blackboard": BLACKBOARD,
    "brightspace": BRIGHTSPACE, "nbgrader": NBGRADER, "folders": FOLDERS, "flat": FLAT, "zips": ZIPS,
    "a folder round it": {f"class of 2026/{name}": data for name, data in FOLDERS.items()},
}  # fmt: skip
DAY = 86_400.0
LATE = {"canvas": None, "blackboard": DAY, "brightspace": DAY, "nbgrader": DAY}


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_student_gets_a_row_with_the_newest_notebook(layout, as_zip, tmp_path):
    found = collected(tmp_path, LAYOUTS[layout], due=DUE, as_zip=as_zip)
    jane, zoe, ann = found.submissions
    assert (jane.status, jane.late_seconds, jane.path.read_bytes()) == ("collected", 0.0, book("jane"))
    assert zoe.path.read_bytes() == book("zoe newest")
    assert zoe.late_seconds == LATE.get(layout, 0.0)
    assert zoe.status == ("late" if layout in LATE else "collected")
    assert (ann.status, ann.path) == ("missing", None)
    assert found.unmatched == ()
    assert read_collection(tmp_path / "out") == found
    assert submissions_in(tmp_path / "out", ROSTER) == found.submissions


def test_canvas_says_who_is_late_and_so_who_is_not(tmp_path):
    found = collected(tmp_path, CANVAS, due=DUE).by_student
    assert (found["s100"].late_is_known, found["s200"].late_is_known) == (True, True)
    assert "not known" not in found["s100"].note


def test_a_module_of_a_students_own_is_said_to_stay_behind(tmp_path):
    files = {**FOLDERS, "s100/helper.py": b"x = 1", "s100/survey.csv": b"a,b"}
    found = collected(tmp_path, files)
    why = "a module beside a notebook: marking has the assignment's own alone"
    assert found.refused == (("s100/helper.py", why),)
    assert f"Not read:\n  s100/helper.py: {why}" in found.text


def test_an_extension_is_a_collecting_with_a_later_deadline(tmp_path):
    before = collected(tmp_path, BLACKBOARD, due=DUE).by_student
    own = {name: data for name, data in BLACKBOARD.items() if "z_lowe" in name}
    after = added(tmp_path, own, due=DUE + timedelta(days=7)).by_student
    assert (before["s200"].late_seconds, after["s200"].late_seconds) == (DAY, 0)
    assert after["s100"] == before["s100"]


def test_an_extension_counts_in_every_later_collecting_of_the_whole_class(tmp_path):
    """It was undone by the next one, which measured everybody by its own deadline."""
    late = collected(tmp_path, BRIGHTSPACE, due=DUE - timedelta(days=30)).by_student
    assert all(row.late_seconds for row in late.values() if row.path)
    download = tmp_path / "download.zip"
    for extend in ({"s200": DUE.replace(tzinfo=None) + timedelta(days=400)}, None):
        found = collect(
            download, ROSTER, ASSIGNMENT, DUE - timedelta(days=30), into=tmp_path / "out", extend=extend
        ).by_student
        assert found["s200"].late_seconds == 0
        assert found["s200"].status == "collected"
        assert "By an extension due" in found["s200"].note
        assert found["s100"].late_seconds == late["s100"].late_seconds
    with pytest.raises(MarkingError, match="'s20' is nobody of the roster. Did you mean 's200'"):
        collect(download, ROSTER, ASSIGNMENT, DUE, into=tmp_path / "out", extend={"s20": DUE})
    with pytest.raises(MarkingError, match=r"that of 's100' ends .*, before the deadline of the class, 2026-"):
        collect(download, ROSTER, ASSIGNMENT, DUE, into=tmp_path / "out", extend={"s100": DUE - timedelta(minutes=1)})
    # An extension that the deadline of the class has overtaken takes no time away
    (tmp_path / "out" / "decisions.toml").write_text("[due]\ns200 = 2025-01-01T00:00:00Z\n", encoding="utf-8")
    rows = [collect(download, ROSTER, ASSIGNMENT, DUE, into=tmp_path / into).by_student for into in ("out", "other")]
    assert rows[0]["s200"].late_seconds == rows[1]["s200"].late_seconds
    (tmp_path / "out" / "decisions.toml").write_text('[due]\ns200 = "tomorrow"\n', encoding="utf-8")
    with pytest.raises(MarkingError, match=r"below \[due\] each line must be STUDENT = a time"):
        collect(download, ROSTER, ASSIGNMENT, DUE, into=tmp_path / "out")


def test_a_deadline_without_times_is_said_to_be_unchecked(tmp_path):
    found = collected(tmp_path, FLAT, due=DUE)
    assert found.by_student["s100"].note == "When it was handed in is not known."


def test_times_in_names_are_in_the_zone_of_the_deadline(tmp_path):
    due = datetime(2026, 3, 2, 11, 59, 30, tzinfo=timezone(timedelta(hours=5)))
    assert collected(tmp_path, BRIGHTSPACE, due=due).by_student["s200"].late_seconds == 30


def test_one_who_is_not_on_the_roster_hands_in_for_nobody(tmp_path):
    for outer in ("Eve Il_99_assignsubmission_file_", "99-1 - Eve Il - Mar 1, 2026 1015 AM", "eve"):
        found = collected(tmp_path, {f"{outer}/s100.ipynb": book(), f"{outer}/s200.ipynb": book()}
                          | ({"s300/hw1.ipynb": book()} if outer == "eve" else {}))  # fmt: skip
        assert statuses(found) | {"s300": "missing"} == {"s100": "missing", "s200": "missing", "s300": "missing"}
        assert len(found.unmatched) == 2


def test_a_student_cannot_hand_in_for_another(tmp_path):
    found = collected(tmp_path, {"s100/s200/hw1.ipynb": book("a"), "s100/s200.zip": zip_of({"s300.ipynb": book("a")})})
    assert statuses(found) == {"s100": "collected", "s200": "missing", "s300": "missing"}


def test_a_timestamp_counts_in_nbgraders_tree_alone(tmp_path):
    early = b"2020-01-01 00:00:00 UTC"
    files = {
        "Jane Smith_77_assignsubmission_file_/hw1/hw1.ipynb": book(),
        "Jane Smith_77_assignsubmission_file_/hw1/timestamp.txt": early,
    }
    assert "not known" in collected(tmp_path, files, due=DUE).by_student["s100"].note


def test_two_of_one_name_are_told_apart_or_left_to_a_person(tmp_path):
    roster = roster_of(
        [Student(id="a1", name="Jane Smith", lms_id="77"), Student(id="a2", name="Jane Smith", lms_id="78")]
    )
    found = collected(tmp_path, MOODLE_FLAT | {"Jane Smith_90_assignsubmission_file_hw1.ipynb": book("b")}, roster)
    assert statuses(found) == {"a1": "collected", "a2": "unclear_owner"}
    assert (
        "Zoë van Löwe_78_assignsubmission_file_hw1.ipynb",
        "its name fits no student of the roster",
    ) in found.unmatched
    hidden = collected(tmp_path, {"Participant_78_assignsubmission_file_/x.ipynb": book()}, roster)
    assert statuses(hidden) == {"a1": "missing", "a2": "collected"}
    assert ("Jane Smith_90_assignsubmission_file_hw1.ipynb", "could be of a1, a2") in found.unmatched


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"a.ipynb": book("1"), "b.ipynb": book("2")}, "two_files", "Which one counts? s100/a.ipynb, s100/b.ipynb."),
        ({"a.ipynb": book("1"), "b.ipynb": book("1")}, "collected", ""),
        ({"a.ipynb": book("1"), "b.ipynb": book("2", "hw0")}, "collected", ""),
        ({"a.ipynb": book("1", "hw0")}, "wrong_assignment", "s100/a.ipynb is of 'hw0'."),
        ({"a.ipynb": book("1", "")}, "collected", "The notebook does not say of which assignment it is."),
        ({"a.ipynb": b"{"}, "unreadable", "s100/a.ipynb: it is damaged or no notebook (line 1)."),
        ({"a.ipynb": b'{"cells": [], "n": ' + b"9" * 5_000 + b"}"}, "unreadable",
         "s100/a.ipynb: it holds a number of more digits than can be read."),
        ({"a.ipynb": b"\xff\xfe\x00"}, "unreadable", "s100/a.ipynb: it is not text."),
        ({"a.ipynb": b"[]"}, "unreadable", "s100/a.ipynb: it has no cells."),
        ({"a.ipynb": b"[" * 200_000}, "unreadable", "s100/a.ipynb: its data lie within one another without end."),
        ({"a.ipynb": b'{"cells": [{"cell_type": "x"}]}'}, "unreadable", "s100/a.ipynb: one of its cells is none."),
        ({"a.pdf": b"%PDF", "x.py": b"1"}, "refused", "s100/a.pdf: not a notebook. s100/x.py: not a notebook."),
        ({"a.ipynb": b" " * (archives.LARGEST_NOTEBOOK + 1)}, "refused", "s100/a.ipynb: larger than 20 MB."),
        ({"a.zip": b"PK nonsense"}, "refused", "s100/a.zip: not a zip, or damaged (File is not a zip file)."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_zip", [True, False])
def test_what_cannot_be_marked_says_why(files, status, said, as_zip, tmp_path):
    found = collected(tmp_path, {f"s100/{name}": data for name, data in files.items()}, as_zip=as_zip)
    row = found.by_student["s100"]
    assert (row.status, row.note) == (status, said)
    assert (row.path is not None) == (status == "collected")
    assert bool(found.refused) == (status == "refused")


def entry(name, data=b"", mode=0, flags=0, method=zipfile.ZIP_STORED):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.flag_bits, info.compress_type = mode << 16, flags, method
    return info, data


def raw_zip(*entries):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for info, data in entries:
            archive.writestr(info, data)
    return whole.getvalue()


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize(
    ("made", "why"),
    [
        (entry("../../s100.ipynb", book()), "a path that leads out of the zip"),
        (entry("..\\s100.ipynb", book()), "a path that leads out of the zip"),
        (entry("/s100.ipynb", book()), "an absolute path"),
        (entry("C:/s100.ipynb", book()), "an absolute path"),
        (entry("s100/./a.ipynb", book()), "an unusable name"),
        (entry("/".join("d" * 20) + "/s100.ipynb", book()), "an unusable name"),
        (entry("s100.ipynb", b"/etc/passwd", stat.S_IFLNK | 0o777), "a link, not a file"),
        (entry("s100.ipynb", b"", stat.S_IFIFO | 0o666), "a device or pipe, not a file"),
        (entry("s100.ipynb", book(), method=zipfile.ZIP_LZMA), "packed in a way that zips of these systems do not use"),
    ],
)
def test_a_zip_that_means_harm_leaves_nothing_outside(made, why, inner, tmp_path):
    data = raw_zip(made)
    found = collected(tmp_path, zip_of({"s100.zip": data}) if inner else data)
    ((_, said),) = found.refused
    assert said == why
    assert found.unmatched == (), "told twice"
    assert {p.name for p in tmp_path.iterdir()} == {"download.zip", "out"}
    assert statuses(found)["s100"] in ({"refused"} if inner else {"refused", "missing"})
    assert inner or found.by_student["s100"].path is None


def test_encrypted_and_doubled_entries_are_refused(tmp_path):
    data = bytearray(zip_of({"s100.ipynb": book()}))
    at = data.index(b"PK\x01\x02") + 8
    data[at] |= 1
    assert collected(tmp_path, bytes(data)).refused == (("s100.ipynb", "encrypted"),)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = raw_zip(entry("s100.ipynb", book("1")), entry("s100.ipynb", book("2")))
    with pytest.warns(UserWarning, match="Duplicate"):
        inner = raw_zip(*(entry("a.ipynb", book(text)) for text in "122"))
    for source, name in ((twice, "s100.ipynb"), (zip_of({"s100.zip": inner}), "s100.zip/a.ipynb")):
        found = collected(tmp_path, source)
        why = "its name occurs more than once in the zip, so nobody can tell which file counts"
        assert set(found.refused) == {(name, why)}
        assert statuses(found)["s100"] == "refused", "the first of the two was taken"


def test_a_download_of_too_many_files_is_not_to_be_downloaded_again(tmp_path, monkeypatch):
    path = tmp_path / "download.zip"
    path.write_bytes(zip_of({f"{n}.ipynb": b"" for n in range(3)}))
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    with pytest.raises(MarkingError, match=r"lists more than 2 files\. Unpack it, and collect in parts"):
        archives.list_files(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(MarkingError, match=r"damaged .*Download it again\.$"):
        archives.list_files(path)


def test_a_size_that_the_zip_lies_about_is_found_while_reading(tmp_path):
    bomb = bytearray(zip_of({"s100.ipynb": b" " * (archives.LARGEST_NOTEBOOK + 50_000_000)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = bomb.index(mark) + offset
        bomb[at : at + 4] = struct.pack("<I", 1_000)
    assert len(bomb) < 200_000
    for source in (bytes(bomb), zip_of({"s100.zip": bytes(bomb)})):
        found = collected(tmp_path, source)
        assert statuses(found)["s100"] == "refused"
        ((name, why),) = found.refused
        assert name.startswith("s100.")
        assert "damaged" in why or "larger" in why


def test_many_small_bombs_stop_at_what_the_zip_may_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_INNER_BYTES", 3_000_000)
    inner = zip_of({f"{n}.ipynb": b" " * 1_000_000 for n in range(9)})
    found = collected(tmp_path, zip_of({"s100.zip": inner, "s200.ipynb": book()}))
    assert [why for _, why in found.refused] == ["the zip unpacks to more than 3 MB"] * 6
    assert statuses(found) == {"s100": "unreadable", "s200": "collected", "s300": "missing"}


def test_a_list_of_too_many_files_is_not_even_parsed(tmp_path):
    inner = zip_of({f"{n}": b"" for n in range(archives.MOST_INNER_ENTRIES + 1)})
    found = collected(tmp_path, zip_of({"s100.zip": inner}))
    assert found.refused == (("s100.zip", "it lists more than 2,000 files"),)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(book("the solution"))
    for name in ("s100", "s200", "s300"):
        (tmp_path / "handed-in" / name).mkdir(parents=True)
    (tmp_path / "handed-in/s100/hw1.ipynb").symlink_to(secret)
    (tmp_path / "handed-in/s200/all").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "handed-in/s300/hw1.ipynb")
    found = collect(tmp_path / "handed-in", ROSTER, ASSIGNMENT, into=tmp_path / "out")
    assert set(statuses(found).values()) == {"refused"}
    assert dict(found.refused) == {
        "s100/hw1.ipynb": "a link, not a file",
        "s200/all": "a link, not a file",
        "s300/hw1.ipynb": "a device or pipe, not a file",
    }


def test_names_cannot_turn_or_hide_text(tmp_path):
    found = collected(tmp_path, {"s100/\u202ebypni.exe": b"x", "eve\x1b[2J.ipynb": book(), "s300/hw1.ipynb": book()})
    assert "\\u202ebypni.exe: not a notebook." in found.by_student["s100"].note
    assert "\x1b" not in found.text
    assert ("eve\\x1b[2J.ipynb", "its name fits no student of the roster") in found.unmatched


def added(tmp_path, files, **options):
    """Collect one more download into the same folder."""
    source = tmp_path / "download.zip"
    source.write_bytes(zip_of(files))
    return collect(source, ROSTER, ASSIGNMENT, options.pop("due", None), into=tmp_path / "out", **options)


def test_collecting_again_gives_the_same(tmp_path):
    first = collected(tmp_path, FLAT)
    before = (tmp_path / "out/s100.ipynb").stat().st_mtime_ns
    assert added(tmp_path, FLAT) == first
    assert (tmp_path / "out/s100.ipynb").stat().st_mtime_ns == before


@pytest.mark.parametrize("replace", [False, True])
def test_one_late_notebook_is_added_and_nobody_elses_goes(tmp_path, replace):
    collected(tmp_path, FLAT)
    found = added(tmp_path, {"s300.ipynb": book("late")}, replace=replace)
    assert statuses(found) == {"s100": "collected", "s200": "collected", "s300": "collected"}
    assert {path.name for path in (tmp_path / "out").glob("*.ipynb")} == {"s100.ipynb", "s200.ipynb", "s300.ipynb"}
    assert "2 students not in this download: what was collected before stays." in found.text
    assert (
        submissions_in(tmp_path / "out", ROSTER) == found.submissions == read_collection(tmp_path / "out").submissions
    )


@pytest.mark.parametrize("later", [book("another"), b"{", b"%PDF", book("", "hw0")])
def test_another_file_of_a_student_counts_only_if_that_is_said(tmp_path, later):
    first = collected(tmp_path, FLAT)
    name = "s100.pdf" if later == b"%PDF" else "s100.ipynb"
    found = added(tmp_path, {name: later})
    assert found.submissions == first.submissions
    assert (tmp_path / "out/s100.ipynb").read_bytes() == book("jane")
    assert "What was collected before stays, although this download has something else:\n  s100: " in found.text
    again = added(tmp_path, {name: later}, replace=True)
    readable = later == book("another")
    assert ((tmp_path / "out/s100.ipynb").read_bytes() == later) == readable
    assert bool(again.replaced) == readable
    assert ("Replaced:\n  s100: " in again.text) == readable


def test_lateness_stays_where_the_deadline_is_not_given_again(tmp_path):
    first = collected(tmp_path, BLACKBOARD, due=DUE)
    assert added(tmp_path, BLACKBOARD).by_student["s200"].late_seconds == DAY
    assert added(tmp_path, BLACKBOARD, due=DUE + timedelta(days=2)).by_student["s200"].late_seconds == 0
    assert first.by_student["s200"].late_seconds == DAY


@pytest.mark.parametrize("layout", ["flat", "folders", "moodle", "moodle flat", "zips"])
@pytest.mark.parametrize("due", [DUE, None])
def test_lateness_stays_where_a_download_does_not_tell_of_it(tmp_path, layout, due):
    """The same notebooks from a download without times: nobody's lateness is forgiven, and nobody becomes late."""
    collected(tmp_path, BLACKBOARD, due=DUE)
    found = added(tmp_path, LAYOUTS[layout], due=due).by_student
    assert (found["s200"].status, found["s200"].late_seconds, found["s200"].late_is_known) == ("late", DAY, True)
    assert "Its lateness is that of an earlier download." in found["s200"].note
    assert (found["s100"].status, found["s100"].late_seconds, found["s100"].late_is_known) == ("collected", 0, True)
    again = added(tmp_path, BLACKBOARD, due=DUE + timedelta(days=2)).by_student["s200"]
    assert (again.status, again.late_seconds, again.late_is_known) == ("collected", 0, True)


@pytest.mark.parametrize(("layout", "due", "known"), [("flat", DUE, False), ("blackboard", None, False),
                                                      ("blackboard", DUE, True), ("canvas", DUE, True)])  # fmt: skip
def test_whether_lateness_is_known_is_kept(tmp_path, layout, due, known):
    assert collected(tmp_path, LAYOUTS[layout], due=due).by_student["s200"].late_is_known is known
    assert read_collection(tmp_path / "out").by_student["s200"].late_is_known is known


def test_a_collection_of_an_earlier_version_is_read(tmp_path):
    collected(tmp_path, BLACKBOARD, due=DUE)
    path = tmp_path / "out" / "collection.json"
    content = json.loads(path.read_text())
    for row in content["submissions"]:
        del row["late_is_known"]
    path.write_text(json.dumps(content))
    assert read_collection(tmp_path / "out").by_student["s200"].late_seconds == DAY


def test_who_left_the_roster_and_what_was_put_there_by_hand_stay(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/s200.ipynb").write_bytes(book("by hand"))
    assert added(tmp_path, FLAT).stayed[0][0] == "s200"
    assert (tmp_path / "out/s200.ipynb").read_bytes() == book("by hand")
    (tmp_path / "download.zip").write_bytes(zip_of({"s300.ipynb": book()}))
    collect(tmp_path / "download.zip", roster_of([ROSTER.by_id["s300"]]), ASSIGNMENT, into=tmp_path / "out")
    assert {one.student for one in submissions_in(tmp_path / "out", ROSTER) if one.path} == {"s100", "s200", "s300"}


def test_two_assignments_do_not_share_a_folder(tmp_path):
    collected(tmp_path, FLAT)
    with pytest.raises(MarkingError, match="holds what was collected for 'hw1', not for 'hw2'"):
        collect(tmp_path / "download.zip", ROSTER, "hw2", into=tmp_path / "out")
    assert (tmp_path / "out/s100.ipynb").is_file()


def test_where_nothing_can_be_collected(tmp_path):
    with pytest.raises(MarkingError, match="no folder and no zip"):
        collect(tmp_path / "no", ROSTER, ASSIGNMENT, into=tmp_path / "out")
    (tmp_path / "a.zip").write_bytes(b"nothing")
    with pytest.raises(MarkingError, match="not a zip that can be collected"):
        collect(tmp_path / "a.zip", ROSTER, ASSIGNMENT, into=tmp_path / "out")
    with pytest.raises(MarkingError, match="into another folder"):
        collect(tmp_path, ROSTER, ASSIGNMENT, into=tmp_path / "out")
    with pytest.raises(MarkingError, match="Collect the submissions first"):
        read_collection(tmp_path)


def test_the_command(tmp_path, capsys):
    (tmp_path / "class.csv").write_text("student,name\ns100,Jane Smith\ns200,Ann Other\n", encoding="utf-8")
    (tmp_path / "d.zip").write_bytes(zip_of(FLAT))
    arguments = [
        "collect",
        str(tmp_path / "d.zip"),
        "--roster",
        str(tmp_path / "class.csv"),
        "--assignment",
        ASSIGNMENT,
    ]
    assert main([*arguments, "-o", str(tmp_path / "out"), "--due", "2026-03-01 23:59"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 students: 1 collected, 1 missing.\n")
    assert "  missing: s200." in out
    assert "hw1_z_lowe.ipynb: its name fits no student of the roster" in out


SHEETS = {
    "English": (
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),"
        "Last modified (grade),Feedback comments\n"
        'Participant 77,Jane Smith,jane@uni.example,Submitted,,10.00,Yes,"Sunday, 1 March 2026, 11:59 AM",-,\n'
        'Participant 78,Zoë van Löwe,,Submitted,,10.00,Yes,"Sunday, March 1, 2026, 1:00 PM","2 May 2026, 9:00 AM",\n'
        "Participant 79,Ann Other,,No submission,,10.00,Yes,-,-,\n"
    ),
    "German": (
        "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;"
        "Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung);Feedback als Kommentar\n"
        "Teilnehmer/in77;Jane Smith;;Zur Bewertung abgegeben;;10,00;Ja;Sonntag, 1. März 2026, 11:59;-;\n"
        "Teilnehmer/in78;Zoë van Löwe;;Zur Bewertung abgegeben;;10,00;Ja;Sonntag, 1. März 2026, 13:00;-;\n"
    ),
    "French, names hidden": (
        "Identifiant,Statut,Note,Note maximale,La note peut être modifiée,Dernière modification (travail remis),"
        "Dernière modification (note),Feedback par commentaires\n"
        'Participant 77,Remis,,"10,00",Oui,"dimanche 1 mars 2026, 11:59",-,\n'
        'Participant 78,Remis,,"10,00",Oui,"dimanche 1 mars 2026, 13:00",-,\n'
    ),
}


@pytest.mark.parametrize("language", SHEETS)
def test_moodles_worksheet_tells_in_any_language_who_was_late(language, tmp_path):
    (tmp_path / "sheet.csv").write_text(SHEETS[language], encoding="utf-8")
    roster, files = ROSTER, MOODLE
    if "hidden" in language:
        roster = roster_of([replace(one, lms_id=str(77 + n)) for n, one in enumerate(ROSTER)])
        files = {f"Participant_{77 + n}_assignsubmission_file_/hw1.ipynb": book(str(n)) for n in range(2)}
    (tmp_path / "download.zip").write_bytes(zip_of(files))
    found = collect(
        tmp_path / "download.zip", roster, ASSIGNMENT, DUE, into=tmp_path / "out", worksheet=tmp_path / "sheet.csv"
    )
    assert {one.student: (one.status, one.late_seconds) for one in found.submissions} == {
        "s100": ("collected", 0), "s200": ("late", 3600), "s300": ("missing", 0),
    }  # fmt: skip
    assert not [one.note for one in found.submissions if "not known" in one.note]


def test_words_for_people_without_names_are_those_of_the_worksheet(tmp_path):
    (tmp_path / "sheet.csv").write_text(SHEETS["German"].replace("Jane Smith", "-"), encoding="utf-8")
    roster = roster_of([replace(one, lms_id=str(77 + n)) for n, one in enumerate(ROSTER)])
    (tmp_path / "download.zip").write_bytes(zip_of({"Teilnehmerin_77_assignsubmission_file_/a.ipynb": book()}))
    into, sheet = tmp_path / "out", tmp_path / "sheet.csv"
    assert collect(tmp_path / "download.zip", roster, ASSIGNMENT, DUE, into=into, worksheet=sheet).unmatched == ()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(MarkingError, match="other.csv is not a grading worksheet of Moodle's"):
        collect(tmp_path / "download.zip", roster, ASSIGNMENT, DUE, into=into, worksheet=tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Sunday, 1 March 2026, 12:15 AM", (1, 3, 0, 15)), ("domingo, 1 de marzo de 2026, 10:15", (1, 3, 10, 15)),
        ("martes, 3 de febrero de 2026, 10:15", (3, 2, 10, 15)), ("mardi 3 février 2026, 10:15", (3, 2, 10, 15)),
        ("sábado, 4 de julho de 2026 às 23:59", (4, 7, 23, 59)), ("3.2.2026 10:15", None), ("-", None), ("", None),
        ("niedziela, 1 września 2026, 10:15", (1, 9, 10, 15)), ("Sunday, 31 February 2026, 10:15 AM", None),
    ],
)  # fmt: skip
def test_times_of_moodle_in_words(text, time):
    found = time_of(text)
    assert (found and (found.day, found.month, found.hour, found.minute)) == time


def test_a_day_alone_is_due_at_its_end_and_that_is_said(capsys):
    assert moment("2026-12-02") == datetime(2026, 12, 2, 23, 59)
    assert "'2026-12-02' names no time of day: 23:59 was taken." in capsys.readouterr().err
    assert moment("2026-12-02 00:00") == datetime(2026, 12, 2)
    assert moment("2026-12-02T10:00+01:00").utcoffset() == timedelta(hours=1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("s100/{:05}.txt", b"", "refused"),
        ("s100/{:05}.ipynb", b"{", "two_files"),
        ("s100 s200/{:05}.ipynb", b"", "missing"),
    ],
    ids=["no notebooks", "notebooks", "of nobody"],
)
def test_thousands_of_files_of_one_student_are_named_in_short(tmp_path, name, data, status):
    """49,000 files made a note of 1.4 MB, which stood in every table."""
    many = {name.format(number): data for number in range(1_200)}
    found = collected(tmp_path, many)
    row = found.by_student["s100"]
    assert row.status == status
    assert len(row.note) < 2_000
    assert "more" in row.note or status == "missing"
    assert (tmp_path / "out" / "collection.json").stat().st_size < 100_000
    assert len(found.text) < 10_000


def test_of_many_notebooks_of_one_student_none_is_read(tmp_path, monkeypatch):
    """All of them would be in memory at once."""
    files = {f"s100/{number}.ipynb": book(str(number)) for number in range(60)}
    source = tmp_path / "download.zip"
    source.write_bytes(zip_of(files))
    monkeypatch.setattr(choice, "LARGEST_NOTEBOOK", 0)  # whatever is read is refused
    found = collect(source, ROSTER, ASSIGNMENT, into=tmp_path / "out")
    assert found.by_student["s100"].status == "two_files"
    assert found.by_student["s100"].note.endswith("and 50 more.")
    assert found.refused == ()
