"""From marked submissions with own data to the page: a number that follows from another's data is found."""

from __future__ import annotations

import json

import nbformat
import pytest

from cxkit.cli import main
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.released import Released, write_released
from cxkit.coursework.assignment.source import model_notebook
from cxkit.coursework.class_view import data_reuse
from cxkit.coursework.class_view.own_data import expected_answers
from cxkit.coursework.collecting.folder import submissions_in
from cxkit.coursework.marking.class_run import mark_class
from cxkit.coursework.marks.folder import read_marks
from cxkit.coursework.people.roster import Student, roster_of
from tests.coursework import small_assignment

STUDENTS = ("anna", "ben", "cleo")


def _marked(folder, seeds, average=""):
    """Three submissions, marked; with `average`, the third one types that in."""
    assignment = read_assignment(small_assignment.write_assignment(folder))
    write_released(assignment, Released(assignment="small", notebook_sha256="0" * 64, seeds=seeds))
    model = model_notebook(assignment)
    (folder / "in").mkdir()
    for student in STUDENTS:
        book = nbformat.from_dict(json.loads(json.dumps(model)))
        if student == "cleo" and average:
            book.cells.append(nbformat.v4.new_code_cell(f"average = {average}"))
            book.cells[3].source = f"average = {average}\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
        nbformat.write(book, folder / "in" / f"{student}.ipynb")
    roster = roster_of(Student(id=one, name=one.title()) for one in STUDENTS)
    mark_class(assignment, submissions_in(folder / "in", roster), folder / "marks", progress=False)
    return assignment


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Each with data of their own; the third gives the first one's average."""
    first = tmp_path_factory.mktemp("first")
    seeds = {"anna": 101, "ben": 102, "cleo": 103}
    assignment = _marked(first, seeds)
    anna = expected_answers(assignment, first / "marks", STUDENTS)["anna"]["average"]
    folder = tmp_path_factory.mktemp("course")
    return _marked(folder, seeds, average=f"{anna:.5f}"), folder


def test_the_number_points_at_whose_data_give_it(course):
    assignment, folder = course
    expected = expected_answers(assignment, folder / "marks", STUDENTS)
    assert set(expected) == set(STUDENTS)
    assert len({answers["average"] for answers in expected.values()}) == 3
    found = data_reuse(read_marks(folder / "marks", "small"), expected)
    assert [(one.student, one.other, one.answer, one.fits) for one in found] == [("cleo", "anna", "average", 1)]


def test_the_page_shows_it_and_says_what_is_not_known(course):
    assignment, folder = course
    page = folder / "class.html"
    arguments = ["class", str(assignment.folder), str(folder / "marks"), "-o", str(page)]
    assert main(arguments) == 0
    html = page.read_text(encoding="utf-8")
    row = html[html.index("Fits the data of") :]
    assert row.index("cleo") < row.index("<code>average</code>") < row.index("anna")
    assert "not known any more" not in html
    for reference in (folder / "marks" / ".references").glob("*.json"):
        reference.rename(reference.with_suffix(".away"))
    try:
        assert main(arguments) == 0
        html = page.read_text(encoding="utf-8")
        assert "3 of 3 students are not in this: what their data give is not known any more" in html
        assert "Every answer that was given fits" not in html
    finally:
        for reference in (folder / "marks" / ".references").glob("*.away"):
            reference.rename(reference.with_suffix(".json"))


def test_with_common_data_nothing_is_looked_for(course):
    assignment, folder = course
    (assignment.folder / "released.json").rename(assignment.folder / "kept.json")
    try:
        assert expected_answers(assignment, folder / "marks", STUDENTS) is None
    finally:
        (assignment.folder / "kept.json").rename(assignment.folder / "released.json")
