"""Do the keys of the kit's assignments hold on every student's data?

    python benchmarks/assignment_keys.py [--students 40] [ASSIGNMENT ...]

Marks the model answer, every foreseen mistake and every answer of `tests/coursework/other_answers.py` on the common
data and on the data of so many students, in this process, and prints what is not as declared. The exit code is 1 if
anything is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.coursework.in_process import Class
from tests.coursework.other_answers import OTHER


def deviations(course: Class, seed: int | None) -> Iterator[str]:
    """What earns other points than declared on the data of one student, in words."""
    for key, mark in course.mark_model(seed).items():
        if course.question(key).kind == "computed" and mark.points < mark.out_of:
            yield f"model of '{key}': {mark.points:g} of {mark.out_of:g} points; {reasons(mark.answers)}"
    for question in course.assignment.questions:
        for mistake in question.mistakes:
            mark = course.mark_mistake(question, mistake, seed)
            if mark.points != mistake.points or mark.mistakes != (mistake.id,):
                seen = f"{mark.points:g} instead of {mistake.points:g} points, {mark.mistakes}"
                yield f"{question.id}/{mistake.id}: {seen}"
        for label, (code, points) in OTHER.get(course.assignment.id, {}).get(question.id, {}).items():
            mark = course.mark_code(question, code, seed)
            if mark.points != points:
                said = reasons(mark.answers)
                yield f"{question.id}, {label}: {mark.points:g} instead of {points:g} points; {said}"


def reasons(answers: tuple[object, ...]) -> str:
    """Why answers are not right."""
    return " ".join(str(getattr(answer, "reason", "")) for answer in answers).strip()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("assignments", nargs="*", default=list(OTHER), metavar="ASSIGNMENT")
    options.add_argument("--students", type=int, default=40)
    given = options.parse_args()
    count = 0
    for name in given.assignments:
        with tempfile.TemporaryDirectory() as folder:
            course = Class(name, Path(folder))
            for seed in (None, *range(1001, 1001 + given.students)):
                for said in deviations(course, seed):
                    count += 1
                    print(f"{name}, {'common data' if seed is None else f'student {seed}'}: {said}", flush=True)
                course.forget(seed)
        print(f"{name}: {given.students} students tried", flush=True)
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
