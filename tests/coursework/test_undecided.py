"""Work of which nobody can say yet what it is worth: undecided at every step, never 0, settled by a person."""

from __future__ import annotations

import csv

import pytest
from openpyxl import load_workbook

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.collecting import collect
from cxkit.coursework.collecting.folder import submissions_in
from cxkit.coursework.collecting.submission import UNDECIDED
from cxkit.coursework.feedback.content import feedback_content
from cxkit.coursework.feedback.data import Decision
from cxkit.coursework.feedback.page import feedback_html
from cxkit.coursework.gradebook import Gradebook
from cxkit.coursework.marking.submission import unmarked
from cxkit.coursework.marks.folder import write_marks
from cxkit.coursework.people.roster import Student, roster_of
from cxkit.errors import MarkingError
from tests.coursework import small_assignment
from tests.coursework.test_collecting import book, zip_of
from tests.coursework.test_gradebook import marks

NAMES = {"j1": "Jane Smith", "j2": "Jane Smith"}
STUDENTS = ("two", "torn", "old", "word", "other", "j1", "j2", "fine", "none")
ROSTER = roster_of([Student(id=student, name=NAMES.get(student, student)) for student in STUDENTS])
FILES = {
    "two/first-secret.ipynb": book("1", "small"), "two/last-secret.ipynb": book("2", "small"),
    "torn.ipynb": b"{", "old.ipynb": b'{"worksheets": [], "nbformat": 3, "nbformat_minor": 0}', "word.docx": b"PK",
    "other.ipynb": book("1", "hw7"), "Jane Smith.ipynb": book("3", "small"), "fine.ipynb": book("4", "small"),
}  # fmt: skip
EXPECTED = {
    "two": "two_files", "torn": "unreadable", "old": "unreadable", "word": "refused", "other": "wrong_assignment",
    "j1": "unclear_owner", "j2": "unclear_owner", "fine": "collected", "none": "missing",
}  # fmt: skip
HELD_UP = [student for student, status in EXPECTED.items() if status in UNDECIDED]


@pytest.fixture
def download(tmp_path):
    path = tmp_path / "download.zip"
    path.write_bytes(zip_of(FILES))
    return path


def collected(download, **options):
    found = collect(download, ROSTER, "small", into=download.parent / "in", **options)
    assert submissions_in(download.parent / "in", ROSTER) == found.submissions
    return found


def statuses(found):
    return {one.student: one.status for one in found.submissions}


def test_each_is_undecided_and_what_to_do_is_said(download):
    found = collected(download)
    assert statuses(found) == EXPECTED
    assert "Ask for a notebook again: old, other, torn, word." in found.text
    assert "Decide which file counts: j1, j2, two. cxkit collect --decide STUDENT=FILE" in found.text


def test_a_decision_says_which_file_counts_and_is_kept(download):
    decided = {"two": "last-secret.ipynb", "j2": "Jane Smith.ipynb", "other": "other.ipynb", "word": "nothing"}
    found = collected(download, decide=decided)
    folder = download.parent / "in"
    settled = {"two": "collected", "j2": "collected", "other": "collected", "word": "withdrawn", "j1": "missing"}
    assert statuses(found) == EXPECTED | settled
    assert (folder / "two.ipynb").read_bytes() == FILES["two/last-secret.ipynb"]
    assert (folder / "j2.ipynb").read_bytes() == FILES["Jane Smith.ipynb"]
    assert found.unmatched == ()
    assert collected(download) == found
    # By hand in the file, and against what was collected before.
    text = (folder / "decisions.toml").read_text(encoding="utf-8")
    (folder / "decisions.toml").write_text(text.replace("last-secret", "first-secret"), encoding="utf-8")
    again = collected(download)
    assert (folder / "two.ipynb").read_bytes() == FILES["two/first-secret.ipynb"]
    assert [student for student, _ in again.replaced] == ["two"]
    # A download without the file leaves the decision and the notebook.
    download.write_bytes(zip_of({"none.ipynb": book("late", "small")}))
    assert statuses(collected(download)) == EXPECTED | settled | {"none": "collected"}


def test_decisions_that_name_nothing_are_refused(download):
    with pytest.raises(MarkingError, match=r"2 problems(?s:.*)'twoo' is nobody(?s:.*)Did you mean 'fine.ipynb'"):
        collected(download, decide={"twoo": "nothing", "fine": "fime.ipynb"})
    assert not (download.parent / "in").exists()
    (download.parent / "in").mkdir()
    (download.parent / "in" / "decisions.toml").write_text("files = 3\n", encoding="utf-8")
    with pytest.raises(MarkingError, match=r"decisions.toml: below \[files\]"):
        collected(download)


def test_a_folder_without_collection_takes_decisions_as_well(tmp_path):
    (tmp_path / "two").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "two" / name).write_bytes(book())
    roster = roster_of([Student(id="two", name="two"), Student(id="x", name="x")])
    assert submissions_in(tmp_path, roster)[0].status == "two_files"
    (tmp_path / "decisions.toml").write_text('[files]\ntwo = "b.ipynb"\nx = "nothing"\n', encoding="utf-8")
    one, other = submissions_in(tmp_path, roster)
    assert one.path.name == "b.ipynb"
    assert other.status == "withdrawn"


@pytest.fixture
def course(download):
    """The marks of the collected class, recorded, and where all that lies."""
    folder = download.parent
    assignment = read_assignment(small_assignment.write_assignment(folder))
    rows = collected(download).submissions
    own = [unmarked(assignment, row) for row in rows if row.path is None]
    write_marks(folder / "marks", [*own, marks("fine", 7, "small")])
    ids = "\n".join(student.id for student in ROSTER)
    (folder / "class.csv").write_text(f"student\n{ids}\n", encoding="utf-8")
    record = ["gradebook", "record", str(assignment.folder), str(folder / "marks"), "-g", str(folder / "g.db")]
    assert main(record) == 0
    return folder, assignment, own


@pytest.mark.parametrize("to", ["canvas", "moodle", "blackboard", "brightspace", "csv", "xlsx", "nbgrader"])
def test_no_export_holds_a_number_for_them_and_they_are_named(to, course, capsys):
    folder, *_ = course
    file = folder / f"out.{'xlsx' if to == 'xlsx' else 'csv'}"
    arguments = ["--to", to, "--roster", str(folder / "class.csv"), "-g", str(folder / "g.db"), "-o", str(file)]
    assert main(["gradebook", "export", *arguments, "--assignment", "small"]) == 0
    said = f"{len(HELD_UP)} students left out, whose work is undecided: {', '.join(sorted(HELD_UP))}."
    assert said in capsys.readouterr().err
    if to == "xlsx":
        rows = [[str(cell.value or "") for cell in row] for row in load_workbook(file).active.iter_rows()]
    else:
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    held_up = [row for row in rows if {cell.lstrip("#") for cell in row} & set(HELD_UP)]
    assert not [cell for row in held_up for cell in row if cell.replace(".", "").isdigit()]
    assert any("fine" in cell for row in rows for cell in row)


def test_the_gradebook_has_no_points_for_them(course, capsys):
    folder, *_ = course
    with Gradebook(folder / "g.db") as opened:
        states = {grade.student: (grade.state, grade.points) for grade in opened.grades()}
        totals = {total.student: (total.share, total.awaiting) for total in opened.totals()}
    assert states == dict.fromkeys(HELD_UP, ("undecided", None)) | {
        "fine": ("marked", 7), "none": ("missing", 0),
    }  # fmt: skip
    assert totals["two"] == (None, True)
    assert totals["none"] == (0, False)
    capsys.readouterr()
    assert main(["gradebook", "show", "--student", "torn", "-g", str(folder / "g.db")]) == 0
    assert "- of 10\tundecided  Undecided: torn.ipynb: it is damaged" in capsys.readouterr().out


def test_the_students_page_tells_what_to_do_and_not_what_the_instructor_asks(course):
    _, assignment, own = course
    for one in own:
        html = feedback_html(feedback_content(assignment, one))
        assert not [word for word in ("secret", "Which one", "Whose is it", "hw7", "j1, j2", "docx") if word in html]
        assert ("<strong>Not decided yet</strong>" in html) == (one.student in HELD_UP)
        assert ("<strong>0</strong> of" in html) == (one.student not in HELD_UP)
        assert "Most to gain" not in html
        if one.student in {"torn", "old", "word"}:
            assert ".ipynb" in html
    settled = feedback_content(assignment, own[0], decision=Decision(points=4, reason="Agreed."))
    assert "<strong>4</strong> of 10 points" in feedback_html(settled)


def test_excel_is_not_written_into_a_csv_and_the_other_way_round(course, capsys):
    folder, *_ = course
    for to, name in (("xlsx", "x.csv"), ("csv", "x.xlsx"), ("nbgrader", "x.XLSX"), ("canvas", "x.xls")):
        arguments = ["--to", to, "--roster", str(folder / "class.csv"), "-g", str(folder / "g.db")]
        assert main(["gradebook", "export", *arguments, "--assignment", "small", "-o", str(folder / name)]) == 1
        assert f"say -o x.{'xlsx' if to == 'xlsx' else 'csv'}." in capsys.readouterr().err
        assert not (folder / name).exists()
