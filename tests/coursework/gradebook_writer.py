"""Records marks of a class in small steps, in a process of its own that a test may kill; imports next to nothing.

python -m tests.coursework.gradebook_writer gradebook.db
"""

import sys

from cxkit.coursework.gradebook import AssignmentSettings, Gradebook
from cxkit.coursework.marks.data import QuestionMark, SubmissionMarks

STUDENTS, TOGETHER = 300, 3


def write(path):
    print("begun", flush=True)
    with Gradebook(path) as book:
        book.describe(AssignmentSettings(id="hw1", title="Homework 1", points=10))
        for start in range(0, STUDENTS, TOGETHER):
            book.record(map(_marks, range(start, start + TOGETHER)))


def _marks(number):
    question = QuestionMark(question="q", points=number % 10, out_of=10, outcome="partly")
    return SubmissionMarks(
        student=f"s{number:03d}", assignment="hw1", submission_sha256="v1", questions=(question,), source="cxkit test"
    )


if __name__ == "__main__":
    write(sys.argv[1])
