"""Commands that show marks: feedback to each student, and the class to its instructor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxkit.cli.commands import add_command, local_path

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Assignment
    from cxkit.coursework.feedback import Recorded
    from cxkit.coursework.marks.data import SubmissionMarks
    from cxkit.coursework.similarity import ClassSimilarity, ReusedAnswer


def add_to(commands: Any) -> None:
    """Add the commands of this module."""
    _add_feedback(commands)
    _add_class(commands)


def _add_feedback(commands: Any) -> None:
    parser = add_command(commands, "feedback", feedback_command, "write a feedback page for each student")
    _add_common(parser)
    parser.add_argument(
        "-o",
        metavar="DIR",
        dest="output",
        type=local_path,
        default=Path("feedback"),
        help="folder for the pages (feedback)",
    )
    parser.add_argument("--submissions", metavar="DIR", type=local_path,
                        help="what cxkit collect made: tells whose notebook is not the marked one")  # fmt: skip


def _add_class(commands: Any) -> None:
    parser = add_command(commands, "class", class_command, "show the class: questions, findings, alike submissions")
    _add_common(parser)
    parser.add_argument(
        "-o",
        metavar="FILE",
        dest="output",
        type=local_path,
        default=Path("class.html"),
        help="page to write (class.html)",
    )
    parser.add_argument(
        "--submissions", metavar="DIR", type=local_path, help="the students' notebooks, to compare them"
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", metavar="ASSIGNMENT", type=local_path, help="folder with assignment.toml")
    parser.add_argument("marks", metavar="MARKS", type=local_path, help="folder that cxkit mark has written")
    parser.add_argument("--roster", metavar="CSV", type=local_path, help="class list, for the names of students")
    parser.add_argument(
        "--gradebook", metavar="FILE", type=local_path, help="gradebook, for written answers, lateness and decisions"
    )


def feedback_command(options: argparse.Namespace) -> int:
    """``cxkit feedback``: one page a student."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.feedback import question_prompts, write_feedback
    from cxkit.coursework.marks.folder import read_marks
    from cxkit.errors import counted

    assignment = read_assignment(options.assignment)
    marks = read_marks(options.marks, assignment.id)
    _tell_versions(assignment, marks, options.submissions)
    known = _recorded(options.gradebook, assignment, marks)
    written = write_feedback(
        options.output,
        assignment,
        marks,
        names=_names(options.roster),
        written=known.written,
        deductions=known.deductions,
        decisions=known.decisions,
        prompts=question_prompts(assignment),
    )
    print(f"{counted(len(written), 'page')} in {options.output}")
    return 0


def class_command(options: argparse.Namespace) -> int:
    """``cxkit class``: the page for the instructor."""
    from cxkit.coursework.assignment.reading import read_assignment
    from cxkit.coursework.assignment.source import student_notebook
    from cxkit.coursework.class_view import class_html
    from cxkit.coursework.marking.fingerprint import fits_points
    from cxkit.coursework.marks.folder import read_marks, write_if_changed
    from cxkit.coursework.marks.written import with_written

    assignment = read_assignment(options.assignment)
    marks = read_marks(options.marks, assignment.id)
    _tell_versions(assignment, marks, options.submissions)
    # Shares of questions are told of marks by the same points; whose are not is named above
    marks = tuple(one for one in marks if not one.submission_sha256 or fits_points(one, assignment))
    written = _recorded(options.gradebook, assignment, marks).written
    marks = tuple(with_written(assignment, one, written.get(one.student, ())) for one in marks)
    students = [one.student for one in marks]
    reuse, unknown = _reuse(assignment, options.marks, marks)
    html = class_html(
        assignment,
        marks,
        names=_names(options.roster),
        similarity=_similarity(assignment, options.submissions, students),
        released=[student_notebook(assignment)] if options.submissions else (),
        reuse=reuse,
        unknown=unknown,
    )
    print(write_if_changed(options.output, html))
    return 0


def _tell_versions(assignment: Assignment, marks: Sequence[SubmissionMarks], folder: Path | None) -> None:
    from cxkit.coursework.collecting import read_collection
    from cxkit.coursework.collecting.submission import COLLECTION_FILE
    from cxkit.coursework.marking.fingerprint import notes_on

    # Notebooks may also lie in a folder that nothing was collected into: then there is no list of them
    is_collected = folder is not None and (folder / COLLECTION_FILE).is_file()
    rows = read_collection(folder).submissions if folder is not None and is_collected else ()
    for note in notes_on(marks, assignment, rows):
        sys.stderr.write(f"cxkit: note: {note}\n")


def _recorded(gradebook: Path | None, assignment: Assignment, marks: Sequence[SubmissionMarks]) -> Recorded:
    from cxkit.coursework.feedback import Recorded, recorded
    from cxkit.coursework.gradebook import Gradebook
    from cxkit.errors import MarkingError

    if gradebook is None:
        return Recorded()
    if not gradebook.is_file():
        raise MarkingError(f"There is no gradebook {gradebook}.")
    with Gradebook(gradebook) as book:
        known = recorded(book, assignment, marks)
        for note in book.notes(assignment.id):
            sys.stderr.write(f"cxkit: note: {note}\n")
    return known


def _similarity(assignment: Assignment, folder: Path | None, students: list[str]) -> ClassSimilarity | None:
    from cxkit.coursework.assignment.source import mistake_notebook, model_notebook, student_notebook
    from cxkit.coursework.class_view.submissions import read_notebooks
    from cxkit.coursework.similarity import class_similarity

    if folder is None:
        return None
    notebooks, unread = read_notebooks(folder, students)
    for reason in dict.fromkeys(unread.values()):
        who = ", ".join(student for student, why in unread.items() if why == reason)
        sys.stderr.write(f"cxkit: note: not compared, {reason} in {folder}: {who}.\n")
    model = [
        mistake_notebook(assignment, question, mistake)
        for question in assignment.questions
        for mistake in question.mistakes
    ]
    return class_similarity(
        notebooks, released=[student_notebook(assignment)], model=[model_notebook(assignment), *model]
    )


def _reuse(
    assignment: Assignment, folder: Path, marks: Sequence[SubmissionMarks]
) -> tuple[tuple[ReusedAnswer, ...] | None, int]:
    """Answers that follow from another's data, and of how many students it is not known what their data give."""
    from cxkit.coursework.class_view import data_reuse
    from cxkit.coursework.class_view.own_data import expected_answers

    marked = [one.student for one in marks if one.submission_sha256]
    expected = expected_answers(assignment, folder, marked)
    if expected is None:
        return None, 0
    return data_reuse(marks, expected), len(marked) - len(expected)


def _names(roster: Path | None) -> dict[str, str]:
    from cxkit.coursework.people.roster import read_roster

    return {student.id: student.name for student in read_roster(roster) if student.name} if roster else {}
