"""What people do between the commands of the documents: they bring files, write an assignment, hand in, and mark."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from openpyxl import load_workbook

from tests.coursework import small_assignment
from tests.coursework.nbgrader_course import write_course
from tests.running.building import notebook_of

STUDENTS = {"s100": "Synthetic One", "s200": "Synthetic Two", "s300": "Synthetic Three"}
TOML = (
    small_assignment.TOML.replace('id = "small"', 'id = "hw1"')
    .replace('id = "words"', 'id = "argument"')
    .replace('[[held_out]]\nid = "b"\ndata_seed = 12\n', "")
)
"""The smallest assignment, under the names that the documents give it."""


def list_runs(folder: Path) -> None:
    """A list of runs as docs/batch.md shows it, with its notebook and data."""
    listed = Path(__file__).parents[2].joinpath("docs", "batch.md").read_text(encoding="utf-8")
    (folder / "my_runs.toml").write_text(re.search(r"```toml\n(.*?)```", listed, re.DOTALL)[1], encoding="utf-8")
    study = notebook_of("survey_path = ''", "print(len(open(survey_path).read()))")
    study.cells[0].metadata.tags = ["parameters"]
    nbformat.write(study, folder / "study.ipynb")
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "north.csv").write_text("a,b\n1,2\n", encoding="utf-8")


def export_answers(folder: Path) -> None:
    """An export of a survey system."""
    shutil.copyfile(
        Path(__file__).parents[1] / "survey" / "exports" / "google_forms_grid.csv", folder / "responses.csv"
    )


def answer_questions(folder: Path) -> None:
    """The questions of a draft are answered: four titles typed, and the questions deleted."""
    drafted = (folder / "study.toml").read_text(encoding="utf-8")
    for before, after in (
        ('citation = "not stated"', 'citation = "Our own questionnaire"'),
        ('title = "Part 1: How much do you agree?"', 'title = "Service"'),
        ('title = "Part 2: How much do you agree?"', 'title = "Loyalty"'),
    ):
        assert before in drafted
        drafted = drafted.replace(before, after)
    answered = re.sub(r'(?:^|, )check = "[^"]*"\n?', "", drafted, flags=re.MULTILINE)
    (folder / "study.toml").write_text(answered, encoding="utf-8")


def begin_course(folder: Path) -> None:
    """A class list, and a course of nbgrader's."""
    lines = [f"{student},{name},{student}@example.org" for student, name in STUDENTS.items()]
    (folder / "class.csv").write_text("\n".join(["student,name,email", *lines]) + "\n", encoding="utf-8")
    write_course(folder / "COURSE")


def finish_assignment(folder: Path) -> None:
    """What the list of `import-nbgrader` asks for; here the tests' small assignment takes the place of what it made."""
    target = folder / "assignments" / "hw1"
    assert (target / "assignment.toml").is_file()
    shutil.rmtree(target)
    cells = small_assignment.cells()
    for cell in cells:
        if cell.metadata.get("cxkit", {}).get("question") == "words":
            cell.metadata.cxkit.question = "argument"
    small_assignment.write_assignment(folder / "assignments", toml=TOML, cells=cells, name="hw1")


def hand_in(folder: Path) -> None:
    """One student hands in the model answer twice, one a text of their own with it, one the notebook as it came."""
    model = nbformat.read(folder / "assignments" / "hw1" / "source.ipynb", as_version=4)
    whole = nbformat.writes(model)
    other = whole.replace("The centre moves", "I think that the centre moves")
    blank = (folder / "release" / "hw1" / "s300" / "hw1.ipynb").read_text(encoding="utf-8")
    with zipfile.ZipFile(folder / "download.zip", "w") as download:
        for name, text in {"s100/draft": whole, "s100/final": whole, "s200/hw1": other, "s300/hw1": blank}.items():
            download.writestr(f"{name}.ipynb", text)


def fill_in(folder: Path) -> None:
    """Two markers give the answers their levels."""
    for file in (folder / "written").glob("argument-*.xlsx"):
        book = load_workbook(file)
        (column,) = (cell.column for cell in book.active[1] if str(cell.value).startswith("claim"))
        for row in range(2, book.active.max_row + 1):
            book.active.cell(row, column).value = 4
        book.save(file)


def download_canvas(folder: Path) -> None:
    """The file that Canvas offers for download."""
    rows = [f'"{name}",47{n},{student},{student},Lab 1,' for n, (student, name) in enumerate(STUDENTS.items())]
    head = ["Student,ID,SIS User ID,SIS Login ID,Section,A small assignment (881)", "    Points Possible,,,,,10.00"]
    (folder / "canvas.csv").write_text("\r\n".join([*head, *rows]) + "\r\n", encoding="utf-8-sig")


BEFORE: dict[str, Callable[[Path], None]] = {
    "cxkit start my-study": export_answers,
    "cxkit report my_runs.toml": list_runs,
    "cxkit import-nbgrader": begin_course,
    "cxkit written merge": fill_in,
    "cxkit gradebook export --fill": download_canvas,
}
"""What must be there before a command that begins so."""

AFTER: dict[str, Callable[[Path], None]] = {
    "cxkit check data/responses.csv": answer_questions,
    "cxkit import-nbgrader": finish_assignment,
    "cxkit release assignments/hw1 -o release/ --roster": hand_in,
}
"""What people do when such a command is done."""
