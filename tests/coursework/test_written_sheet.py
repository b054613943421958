"""Marking sheets: blind, in files and in the panel, merged without loss whoever saves last."""

import csv
import io
import json
import multiprocessing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cxkit.cli import main
from cxkit.coursework.collecting.submission import Submission
from cxkit.coursework.gradebook import Gradebook
from cxkit.coursework.marking.places import unanswered
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import write_marks
from cxkit.coursework.written.answers import _bounded, written_texts
from cxkit.coursework.written.blind import KEY_FILE, make_sheet, open_sheet, read_key
from cxkit.coursework.written.panel_state import MarkingRound, PanelMark
from cxkit.coursework.written.results import agreements, outcome_of_sheet
from cxkit.coursework.written.sheet import MarkingSheet
from cxkit.coursework.written.tables import _read_rows, read_table, table_of, write_table
from cxkit.errors import MarkingError
from tests.coursework.synthetic_class import example_assignment

ASSIGNMENT = example_assignment()
CLAIM, DOUBT, LANGUAGE = "claim", "doubt", "language"
STUDENTS = [f"syn{n:02d}" for n in range(12)]
TEXTS = {
    "argument": {one: f'- My answer {n}: =1+1, "quoted",\nand another line' for n, one in enumerate(STUDENTS)},
    "limits": {one: "" if n % 3 else f"Limits {n}" for n, one in enumerate(STUDENTS)},
}
VERSIONS = {one: f"sha-{one}" for one in STUDENTS}


@pytest.fixture
def folder(tmp_path):
    make_sheet(tmp_path / "w", ASSIGNMENT, TEXTS, VERSIONS, seed="7")
    return tmp_path / "w"


@pytest.fixture
def sheet(folder):
    with open_sheet(folder, ASSIGNMENT) as sheet:
        yield sheet


def codes(sheet, question="argument"):
    return [answer.code for answer in sheet.answers(question)]


def fill(sheet, marker, points, question="argument"):
    """Give every answer these points, by place."""
    rubric = ASSIGNMENT.question(question).rubric
    for place, code in enumerate(codes(sheet, question)):
        given = {one.id: float(min(one.points, points[place % len(points)])) for one in rubric}
        sheet.save(question, code, marker, PanelMark(points=given))


def test_codes_and_order_tell_nothing_and_come_from_the_seed(folder, tmp_path):
    key = read_key(folder)
    assert sorted(student for (question, _), student in key.students.items() if question == "limits") == STUDENTS
    with open_sheet(folder, ASSIGNMENT) as sheet:
        in_order = [key.students["argument", code] for code in codes(sheet)]
        assert sorted(in_order) == STUDENTS
        assert in_order != STUDENTS
        assert in_order != [key.students["limits", code] for code in codes(sheet, "limits")]
    assert not any(student.encode() in (folder / "sheet.db").read_bytes() for student in STUDENTS)
    assert make_sheet(tmp_path / "again", ASSIGNMENT, TEXTS, VERSIONS, seed="7") == key
    assert make_sheet(tmp_path / "other", ASSIGNMENT, TEXTS, VERSIONS).students != key.students


def test_a_sheet_made_again_keeps_marks_and_gives_a_changed_text_a_new_code(folder):
    with open_sheet(folder, ASSIGNMENT) as sheet:
        fill(sheet, "A", [2])
        before = set(codes(sheet))
    texts = TEXTS | {"argument": TEXTS["argument"] | {"syn00": "Something else", "syn99": "Late"}}
    key = make_sheet(folder, ASSIGNMENT, texts, VERSIONS | {"syn00": "sha-new"})
    with open_sheet(folder, ASSIGNMENT) as sheet:
        new = set(codes(sheet)) - before
        assert {key.students["argument", code] for code in new} == {"syn00", "syn99"}
        assert len(codes(sheet)) == 13
        outcome = outcome_of_sheet(sheet, key)
        assert sorted(outcome.results) == STUDENTS[1:]


def test_the_panel_works_on_it(sheet):
    marking = MarkingRound(sheet, "A")
    marking.type_keys("321")
    marking.comment("Well said.")
    assert marking.keep_comment()
    assert not marking.keep_comment()
    assert marking.total == 6
    again = MarkingRound(sheet, "A")
    assert again.marked == 1
    assert again.bank() == ("Well said.",)
    assert MarkingRound(sheet, "B").others() == {}


def test_two_panels_save_into_one_sheet_and_neither_undoes_the_other(folder):
    with open_sheet(folder, ASSIGNMENT) as one, open_sheet(folder, ASSIGNMENT) as two:
        code = codes(one)[0]
        assert one.mark("argument", code, "A") is None
        assert two.mark("argument", code, "A") is None
        one.save("argument", code, "A", PanelMark(points={CLAIM: 3}))
        two.save("argument", code, "A", PanelMark(points={DOUBT: 1}))  # has not seen what the first saved
        assert one.mark("argument", code, "A").points == {CLAIM: 3, DOUBT: 1}
        two.mark("argument", code, "A")
        one.save("argument", code, "A", PanelMark(points={CLAIM: 2, DOUBT: 1}))
        with pytest.raises(MarkingError, match=r"claim \(A\): it was '3'; the sheet has '2' now, your file '0'"):
            two.save("argument", code, "A", PanelMark(points={CLAIM: 0, DOUBT: 1}))
        assert two.mark("argument", code, "A").points == {CLAIM: 2, DOUBT: 1}


def filled_in(rows, changes):
    """The rows as a marker has changed them: by code, the heading's beginning and a text."""
    header = rows[0]
    done = [list(row) for row in rows]
    for (code, name), text in changes.items():
        (row,) = (row for row in done[1:] if row[1] == code)
        row[next(n for n, head in enumerate(header) if head.startswith(name))] = text
    return done


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_files_go_out_and_come_back(ending, sheet, tmp_path):
    first, second = codes(sheet)[:2]
    question = ASSIGNMENT.question("argument")
    rows = table_of(sheet, question, "A. Example")
    path = write_table(tmp_path / f"a{ending}", rows)
    assert sheet.merge(read_table(path, sheet).changes).changed == 0
    write_table(path, rows)  # the same again is no harm
    changes = {(first, "claim"): "2", (first, "comment"): "=HYPERLINK(1)\nand more", (second, "doubt"): "1.5"}
    path = write_table(tmp_path / f"b{ending}", [filled_in(rows, changes)[0], *reversed(filled_in(rows, changes)[1:])])
    returned = read_table(path, sheet)
    assert returned.rows == 12
    assert sheet.merge(returned.changes).changed == 3
    assert sheet.merge(read_table(path, sheet).changes) == sheet.merge({})  # bringing it in again changes nothing
    mark = sheet.mark("argument", first, "A. Example")
    assert (mark.points, mark.comment) == ({CLAIM: 2}, "=HYPERLINK(1)\nand more")
    assert sheet.mark("argument", second, "A. Example").points == {DOUBT: 1.5}
    with pytest.raises(MarkingError, match="perhaps with marks in it"):
        write_table(path, table_of(sheet, question, "A. Example"))


def test_no_cell_of_a_file_is_computed(sheet, tmp_path):
    question = ASSIGNMENT.question("argument")
    sheet.save("argument", codes(sheet)[0], "A", PanelMark(comment="=1+1"))
    rows = table_of(sheet, question, "A")
    for row in csv.reader(io.StringIO(write_table(tmp_path / "a.csv", rows).read_text("utf-8-sig"), newline="")):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    book = load_workbook(write_table(tmp_path / "a.xlsx", rows))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} == {"s", "n"}
    assert book.active["C2"].value.startswith("- My answer")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_long_answer_says_that_it_is_cut_and_a_picture_pushes_no_word_out(ending, tmp_path):
    """A picture pasted above the text filled the cell with base64, and the marker saw an answer without words."""
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 3_000
    words = "The mean of sales is 49.3."
    answers = {"syn00": f"![plot]({picture})\n\n{words}", "syn01": f"{words} " * 2_000, "syn02": words,
               "syn03": f"<img src='{picture}' alt='x'>{words}" * 4, "syn04": f"{words} " * 5_000}  # fmt: skip
    limits = dict.fromkeys(answers, "")
    make_sheet(tmp_path / "w", ASSIGNMENT, {"argument": answers, "limits": limits}, VERSIONS)
    with open_sheet(tmp_path / "w", ASSIGNMENT) as sheet:
        rows = table_of(sheet, ASSIGNMENT.question("argument"), "A")
        path = write_table(tmp_path / f"a{ending}", rows)
        assert sheet.merge(read_table(path, sheet).changes).changed == 0
        key = read_key(tmp_path / "w").students
        found = {key["argument", row[1]]: row[2] for row in _read_rows(path)[1:]}
    note = f"[a picture of {len(picture):,} characters stands here in the notebook]"
    assert found["syn00"] == f"![plot]({note})\n\n{words}"
    assert found["syn02"] == words
    assert found["syn03"].count(words) == found["syn03"].count(note) == 4
    for one in ("syn01", "syn04"):
        kept, _, said = found[one].rpartition("\n[cut: ")
        assert answers[one].startswith(kept)
        assert said == f"{len(answers[one]) - len(kept):,} characters more; they stand in the notebook]"
        assert len(found[one]) <= 32_000
    assert _bounded(answers["syn00"]) == answers["syn00"]
    assert _bounded(f"![plot]({picture * 4}) {words}").endswith(words)


def test_two_files_and_a_panel_merge_whoever_comes_last(sheet, tmp_path):
    first, second, third = codes(sheet)[:3]
    rows = table_of(sheet, ASSIGNMENT.question("argument"), "A")
    one = write_table(tmp_path / "one.csv", filled_in(rows, {(first, "claim"): "3", (second, "claim"): "1"}))
    two = write_table(tmp_path / "two.csv", filled_in(rows, {(second, "claim"): "2", (third, "claim"): "2"}))
    sheet.save("argument", first, "A", PanelMark(points={DOUBT: 2}))
    assert sheet.merge(read_table(one, sheet).changes).changed == 2
    done = sheet.merge(read_table(two, sheet).changes)
    assert done.changed == 1
    (conflict,) = done.conflicts
    assert str(conflict) == f"argument, {second}, claim (A): it was empty; the sheet has '1' now, your file '2'."
    assert [sheet.mark("argument", code, "A").points for code in (first, second, third)] == [
        {CLAIM: 3, DOUBT: 2}, {CLAIM: 1}, {CLAIM: 2},
    ]  # fmt: skip
    newer = table_of(sheet, ASSIGNMENT.question("argument"), "A")
    settled = write_table(tmp_path / "settled.csv", filled_in(newer, {(second, "claim"): "2"}))
    assert sheet.merge(read_table(settled, sheet).changes).conflicts == ()
    assert sheet.mark("argument", second, "A").points == {CLAIM: 2}


cells = st.dictionaries(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 3).map(float)), max_size=6)


@given(st.lists(cells, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_saving_loses_a_change(tmp_path_factory, edits):
    folder = tmp_path_factory.mktemp("sheet")
    make_sheet(folder, ASSIGNMENT, TEXTS, VERSIONS, seed="7")
    with open_sheet(folder, ASSIGNMENT) as sheet:
        listed = codes(sheet)
        base = {("argument", code, "A", CLAIM): 1.0 for code in listed[:3]}
        sheet.merge({place: (None, value) for place, value in base.items()})
        told = []
        for edit in edits:  # all began with the same base
            changes = {
                place: (base.get(place), value)
                for n, value in edit.items()
                for place in [("argument", listed[n], "A", CLAIM)]
            }
            done = sheet.merge(changes)
            told += [(conflict.place, conflict.mine) for conflict in done.conflicts]
        now = sheet.values()
        for edit in edits:
            for n, value in edit.items():
                place = ("argument", listed[n], "A", CLAIM)
                assert value == base.get(place) or now.get(place) == value or (place, value) in told


def _mark_all(folder, marker, question):
    with open_sheet(folder, ASSIGNMENT) as sheet:
        fill(sheet, marker, [1, 2], question)


def test_markers_in_several_processes_lose_nothing(folder):
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_mark_all, args=(folder, who, "argument")) for who in ("A", "B", "C")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    with open_sheet(folder, ASSIGNMENT) as sheet:
        assert len(sheet.values()) == 3 * 12 * 3
        assert sheet.markers() == ["A", "B", "C"]


def test_a_full_disk_is_told_and_changes_nothing(sheet):
    code = codes(sheet)[0]
    sheet.save("argument", code, "A", PanelMark(points={CLAIM: 1}))
    pages = sheet.connection.execute("PRAGMA page_count").fetchone()[0]
    sheet.connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way to run out of room
    with pytest.raises(MarkingError, match=r"full\. Nothing was changed"):
        sheet.save("argument", code, "A", PanelMark(points={CLAIM: 1}, comment="long " * 20_000))
    sheet.connection.execute("PRAGMA max_page_count = 1000000")
    assert sheet.mark("argument", code, "A") == PanelMark(points={CLAIM: 1})
    sheet.save("argument", code, "A", PanelMark(points={CLAIM: 2}))
    assert sheet.mark("argument", code, "A").points == {CLAIM: 2}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claim": "4"}, "'4' is not 0 to 3 points for 'claim'"),
        ({"claim": "two"}, "row 2: 'two' is no number of points for 'claim'"),
        ({"claim": "nan"}, "row 2: 'nan' is no number of points"),
        ({"revision": "99"}, "row 2: '99' is not a revision of this sheet"),
        ({"code": "XXXXX"}, "no answer has this code"),
        ({"question": "argumnt"}, "Did you mean 'argument'"),
        ({"marker": ""}, "there is no marker"),
    ],
)
def test_slips_are_named_and_nothing_is_brought_in(changes, said, sheet, tmp_path):
    rows = table_of(sheet, ASSIGNMENT.question("argument"), "A")
    changes = {"comment": "Kept out as well."} | changes
    path = write_table(
        tmp_path / "a.csv", filled_in(rows, {(rows[1][1], name): text for name, text in changes.items()})
    )
    with pytest.raises(MarkingError, match=said.replace("(", r"\(")):
        sheet.merge(read_table(path, sheet).changes)
    assert sheet.values() == {}


def test_other_files_are_refused(sheet, tmp_path, folder):
    (tmp_path / "a.csv").write_text("code,claim\nA,1\n", encoding="utf-8")
    with pytest.raises(MarkingError, match="columns question, comment, marker, revision are missing"):
        read_table(tmp_path / "a.csv", sheet)
    (tmp_path / "a.xlsx").write_bytes(b"no")
    with pytest.raises(MarkingError, match="not an Excel file"):
        read_table(tmp_path / "a.xlsx", sheet)
    with pytest.raises(MarkingError, match="no marking sheet"):
        open_sheet(tmp_path, ASSIGNMENT)
    (tmp_path / "sheet.db").write_bytes(b"something else " * 100)
    with pytest.raises(MarkingError, match="not a marking sheet"):
        open_sheet(tmp_path, ASSIGNMENT)
    Gradebook(tmp_path / "g.db").close()
    with pytest.raises(MarkingError, match="not a marking sheet"):
        MarkingSheet(tmp_path / "g.db", ASSIGNMENT)
    (folder / KEY_FILE).write_text("{}")
    with pytest.raises(MarkingError, match="damaged"):
        read_key(folder)


def test_two_markers_come_to_a_mean_or_must_talk(sheet, folder):
    fill(sheet, "A", [3, 2, 1])
    fill(sheet, "B", [3, 2, 2, 0])
    listed, key = codes(sheet), read_key(folder)
    outcome = outcome_of_sheet(sheet, key)
    # points by place: A 3,2,1 and B 3,2,2,0 in turn; at most 2 for language. 20 % of 8 points is 1.6.
    a = [min(3, p) * 2 + min(2, p) for p in [3, 2, 1] * 4]
    b = [min(3, p) * 2 + min(2, p) for p in [3, 2, 2, 0] * 3]
    apart = [code for code, x, y in zip(listed, a, b, strict=True) if abs(x - y) > 1.6]
    assert [told.split(", ")[1].split(":")[0] for told in outcome.to_discuss] == apart
    assert apart
    for code, x, y in zip(listed, a, b, strict=True):
        if code not in apart:
            (result,) = outcome.results[key.students["argument", code]]
            assert result.points == pytest.approx((x + y) / 2)
    sheet.save("argument", apart[0], "agreed", PanelMark(points={CLAIM: 1, DOUBT: 1, LANGUAGE: 1}, comment="Settled."))
    (settled,) = outcome_of_sheet(sheet, key).results[key.students["argument", apart[0]]]
    assert (settled.points, settled.comment) == (3, "Settled.")
    assert [(one.criterion, one.count) for one in agreements(sheet)] == [(CLAIM, 12), (DOUBT, 12), (LANGUAGE, 12)]


def notebook(path, *cells):
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return Submission(student=path.stem, path=path, sha256=path.stem)


def cell(text, kind="markdown", **own):
    return {"cell_type": kind, "source": text, "metadata": {"cxkit": own} if own else {}}


def test_what_was_written_is_found_in_notebooks(tmp_path, monkeypatch):
    released = {"cells": [cell("*Your answer here*", question="argument", role="written"), cell("## Next part")]}
    monkeypatch.setattr("cxkit.coursework.written.answers.student_notebook", lambda _: released)
    place = {"question": "argument", "role": "written"}
    books = [
        notebook(tmp_path / "in-place.ipynb", cell("An answer", **place), cell("## Next part"), cell("Not mine")),
        notebook(tmp_path / "below.ipynb", cell("*Your answer here*", **place), cell(["Be", "low"]), cell("x", "code")),
        notebook(tmp_path / "nothing.ipynb", cell("*Your answer here*", **place), cell("## Next part")),
        notebook(tmp_path / "gone.ipynb", cell("x = 1", "code"), cell("## Next part")),
        notebook(tmp_path / "by-order.ipynb", cell("x = 1", "code"), cell("Somewhere"), cell("## Next part")),
        notebook(
            tmp_path / "odd.ipynb", {**cell("\ud800 half"), "metadata": {"cxkit": place}}, cell("", question=[[]])
        ),
        Submission(student="absent", path=None, status="missing"),
    ]
    texts = written_texts(ASSIGNMENT, books)["argument"]
    assert texts == {
        "in-place": "An answer",
        "below": "Below",
        "nothing": "",
        "gone": "",
        "by-order": "Somewhere",
        "odd": "\N{REPLACEMENT CHARACTER} half",
    }


def test_what_was_released_is_no_part_of_the_answer(tmp_path, monkeypatch):
    """The question and "Your answer here" stood before markers and on the student's page as the student's words."""
    prompt = "## Defend\n\nHow sure are you?\n\n*Your answer here*"
    released = {"cells": [cell(prompt, question="argument", role="written")]}
    monkeypatch.setattr("cxkit.coursework.written.answers.student_notebook", lambda _: released)
    place, told = {"question": "argument", "role": "written"}, "Very.\n\nHow sure are you?  I am.\nVery."
    written = {
        "kept": f"{prompt}\n\n{told}", "in-place": prompt.replace("*Your answer here*", told), "alone": told,
        "above": f"{told}\n\n{prompt}", "spaced": f"  ## Defend\nHow sure are you? \n*Your answer here*\n\n{told}",
    }  # fmt: skip
    books = [notebook(tmp_path / f"{name}.ipynb", cell(text, **place)) for name, text in written.items()]
    books.append(notebook(tmp_path / "spaces.ipynb", cell(prompt.replace("\n\n", "\n"), **place)))
    books.append(notebook(tmp_path / "quoted.ipynb", cell(f"{prompt}\n\nHow sure are you?\n\nVery.", **place)))
    texts = written_texts(ASSIGNMENT, books)["argument"]
    assert texts == dict.fromkeys(written, told) | {"spaces": "", "quoted": "How sure are you?\n\nVery."}


PLACE = {"question": "argument", "role": "written"}
RELEASED = [cell("## Defend\n\n*Your answer here*", **PLACE), cell("x = 1", "code", question="code"), cell("## End")]


@pytest.mark.parametrize(
    ("cells", "is_open"),
    [
        (RELEASED, True), ([], True), (RELEASED[1:], True), ([cell(" ", **PLACE), *RELEASED[1:]], True),
        ([cell("*Your answer here*", **PLACE), cell("x = 2", "code", question="code"), cell("y = 3", "code")], True),
        ([cell("Very.", **PLACE), *RELEASED[1:]], False), ([RELEASED[0], cell("Very."), *RELEASED[1:]], False),
        ([cell("Very.", "code", **PLACE), *RELEASED[1:]], False), ([cell("Very.", "raw", **PLACE)], False),
        # Elsewhere: a person has to see whether it is the answer
        ([*RELEASED, cell("Very.")], False), ([cell("Very."), *RELEASED], False), ([cell("Very.", "raw")], False),
        ([*RELEASED[:2], cell("## End\n\nVery.")], False), ([*RELEASED, cell("# Very.\n# Indeed.", "code")], False),
        ([*RELEASED, cell('"""Very.\n\nIndeed."""', "code")], False),
    ],
)  # fmt: skip
def test_a_written_answer_was_left_open_where_no_words_of_the_student_are(cells, is_open):
    """A notebook without a cell, and one whose place was untouched, waited for a marker and were in no export."""
    assert ("argument" in unanswered(ASSIGNMENT, cells, RELEASED)) is is_open


def test_the_commands(tmp_path, capsys, monkeypatch):
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.assignment.source import model_notebook
    from tests.coursework.small_assignment import write_assignment

    monkeypatch.chdir(tmp_path)
    assignment = read_assignment(write_assignment(tmp_path))
    (question,) = (one for one in assignment.questions if one.kind == "written")
    (tmp_path / "class.csv").write_text("student,name\ns1,Jane Smith\ns2,Zoe Lowe\n", encoding="utf-8")
    (tmp_path / "in").mkdir()
    for student in ("s1", "s2"):
        (tmp_path / "in" / f"{student}.ipynb").write_text(json.dumps(model_notebook(assignment)), encoding="utf-8")
    folder = str(assignment.folder)
    assert main(["collect", "in", "--roster", "class.csv", "--assignment", assignment.id]) == 0
    sheet = [
        "written",
        "sheet",
        folder,
        "submissions",
        "--roster",
        "class.csv",
        "--marker",
        "A. Example",
        "--marker",
        "B",
    ]
    assert main([*sheet, "--xlsx"]) == 0
    assert "2 answers, 0 of them empty" in capsys.readouterr().out
    digest = read_key(tmp_path / "written").versions
    marks = [
        SubmissionMarks(
            student=student, assignment=assignment.id, submission_sha256=next(iter(digest.values())), source="test",
            questions=tuple(
                QuestionMark(question=one.id, points=0, out_of=one.points,
                             outcome="awaiting" if one.kind == "written" else "wrong")
                for one in assignment.questions
            ),
        )
        for student in ("s1", "s2")
    ]  # fmt: skip
    write_marks("marks", marks)
    assert main(["gradebook", "record", folder, "marks", "--submissions", "submissions"]) == 0
    names = {"A. Example": "A_Example", "B": "B"}
    for marker, name in names.items():
        file = tmp_path / "written" / f"{question.id}-{name}.xlsx"
        book = load_workbook(file)
        for row in (2, 3):
            for n, criterion in enumerate(question.rubric):
                assert book.active.cell(1, 4 + n).value.startswith(criterion.id)
                book.active.cell(row, 4 + n).value = criterion.points
        assert book.active.cell(2, 5 + len(question.rubric)).value == marker
        book.save(file)
        assert main(["written", "merge", folder, str(file)]) == 0
    assert main(["written", "agreement", folder]) == 0
    assert "same 100%" in capsys.readouterr().out
    assert main(["written", "record", folder]) == 0
    assert "2 marks recorded" in capsys.readouterr().out
    with Gradebook("gradebook.db") as book:
        assert {(one.points, one.state) for one in book.grades()} == {(question.points, "marked")}
        assert book.history(student="s1")[-1].marker == "A. Example + B"


def test_one_late_answer_leaves_the_marks_of_all_others(folder, sheet):
    question = ASSIGNMENT.question("argument")
    whole = {one.id: one.points for one in question.rubric}
    before = codes(sheet)
    for code in before:
        sheet.save("argument", code, "A", PanelMark(points=whole))
    make_sheet(folder, ASSIGNMENT, {name: {"straggler": "Late, but here."} for name in TEXTS}, {"straggler": "sha"})
    assert set(before) < set(codes(sheet))
    assert len(codes(sheet)) == len(before) + 1
    outcome = outcome_of_sheet(sheet, read_key(folder))
    assert {student for student, of in outcome.markers if of == "argument"} == set(TEXTS["argument"])
