"""`cxkit feedback` and `cxkit class` from folders to pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxkit.cli import main
from cxkit.coursework.class_view.submissions import read_notebooks
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import write_marks
from tests.coursework import small_assignment
from tests.coursework.classes import honest, notebook


@pytest.fixture
def course(tmp_path) -> Path:
    """The small assignment, marks of twelve, their notebooks, and a roster; one notebook is another's."""
    small_assignment.write_assignment(tmp_path)
    students = [f"syn{n:02d}" for n in range(12)]
    write_marks(
        tmp_path / "marks",
        [
            SubmissionMarks(
                student=student, assignment="small", submission_sha256="0" * 64, source="synthetic",
                questions=tuple(
                    QuestionMark(question=question, points=n % 3, out_of=top, outcome="partly")
                    for question, top in (("centre", 4), ("spread", 2), ("words", 4))
                ),
            )
            for n, student in enumerate(students)
        ],
    )  # fmt: skip
    for n, student in enumerate(students):
        file = tmp_path / "submissions" / student / "small.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(honest(3 if n == 7 else n)), encoding="utf-8")
    lines = [f"{student},Synthetic Student {n}" for n, student in enumerate(students)]
    (tmp_path / "class.csv").write_text("\n".join(["student,name", *lines]) + "\n", encoding="utf-8")
    return tmp_path


def test_feedback_makes_a_page_for_each(course, capsys):
    folder, pages = course / "small", course / "pages"
    arguments = [str(folder), str(course / "marks"), "-o", str(pages), "--roster", str(course / "class.csv")]
    assert main(["feedback", *arguments]) == 0
    assert capsys.readouterr().out == f"12 pages in {pages}\n"
    assert len(list(pages.iterdir())) == 12
    assert "Synthetic Student 3<" in (pages / "syn03.html").read_text(encoding="utf-8")


def test_class_compares_submissions_where_they_are_named(course, capsys):
    folder, page = course / "small", course / "class.html"
    arguments = [str(folder), str(course / "marks"), "-o", str(page), "--roster", str(course / "class.csv")]
    assert main(["class", *arguments]) == 0
    assert "Submissions were not compared" in page.read_text(encoding="utf-8")
    (course / "submissions" / "syn05" / "small.ipynb").write_text("{}", encoding="utf-8")
    assert main(["class", *arguments, "--submissions", str(course / "submissions")]) == 0
    html = page.read_text(encoding="utf-8")
    assert html.count('<details class="pair"') == 1
    assert "Synthetic Student 3</bdi>" in html[html.index('<details class="pair"') :]
    assert f"not compared, not a notebook in {course / 'submissions'}: syn05." in capsys.readouterr().err
    assert small_assignment.CANARY not in html


def test_without_marks_the_command_says_what_comes_first(course, capsys):
    assert main(["class", str(course / "small"), str(course / "nothing")]) == 1
    assert "Mark the submissions first: cxkit mark." in capsys.readouterr().err


def test_notebooks_are_read_as_data_and_links_are_not_followed(tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook("x = 1")), encoding="utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.ipynb").symlink_to(tmp_path / "a.ipynb")
    (tmp_path / "c").symlink_to(tmp_path)
    (tmp_path / "d").mkdir()
    for name in ("1", "2"):
        (tmp_path / "d" / f"{name}.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "e.ipynb").write_text("[" * 100_000, encoding="utf-8")
    found, unread = read_notebooks(tmp_path, "abcdef")
    assert list(found) == ["a"]
    assert unread == {
        "b": "no notebook", "c": "no notebook", "d": "2 notebooks", "e": "not a notebook", "f": "no notebook"
    }  # fmt: skip
