"""A synthetic class: an assignment, its marks, written marks and notebooks, for tests and for looking at the pages.

    python -m tests.coursework.synthetic_class out/class     writes marks/, submissions/, feedback/ and class.html

Nobody in it exists, and no notebook was run: abilities are drawn, and from them points and what is said about them.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment.data import Answer, Assignment, Criterion, Mistake, ParameterSet, Question, Tolerance
from cxkit.coursework.class_view import class_html, data_reuse
from cxkit.coursework.feedback import write_feedback
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark, SubmissionMarks
from cxkit.coursework.marks.folder import write_if_changed, write_marks
from cxkit.coursework.marks.written import CriterionResult, WrittenResult, with_written
from cxkit.coursework.similarity import class_similarity
from tests.coursework.classes import STARTER, honest, notebook, sources

SOURCE = "synthetic class generator"
READ = "notebooks/01_validate_instrument.ipynb"


def _number(name: str, points: float) -> Answer:
    return Answer(name=name, type="number", points=points, tolerance=Tolerance(absolute=0.005))


def example_assignment(folder: Path = Path("assignments/validate-instrument")) -> Assignment:
    """An assignment as a course could set it; it has no notebook."""
    screening = Question(
        id="screening", title="Who answered with care", points=4, kind="computed", read=f"{READ}, Care",
        answers=(_number("n_careless", 2), _number("share_missing", 2)),
        mistakes=(Mistake(id="ids_counted", points=2, feedback="You counted the column of ids as an item.", code=""),),
    )  # fmt: skip
    reliability = Question(
        id="reliability", title="Reliability", points=6, kind="computed", after=("screening",),
        read=f"{READ}, Reliability", answers=(_number("alpha", 2), _number("alpha_low", 2), _number("omega", 2)),
        mistakes=(
            Mistake(
                id="unreversed", points=2, code="",
                feedback="You did not turn the reversed items round: high answers to them mean low loyalty. "
                "Alpha falls, and an item-total correlation becomes negative.",
            ),
        ),
    )  # fmt: skip
    factors = Question(
        id="factors", title="How many factors", points=6, kind="computed", read=f"{READ}, Factors",
        answers=(
            Answer(name="n_factors", type="choice", points=2, options=("one", "two", "eight")),
            Answer(name="loadings", type="table", points=4, tolerance=Tolerance(absolute=0.02)),
        ),
    )  # fmt: skip
    structure = Question(
        id="structure", title="Does the structure fit?", points=8, kind="computed", read=f"{READ}, Structure",
        answers=(_number("cfi", 4), _number("rmsea", 4)),
    )  # fmt: skip
    picture = Question(
        id="picture", title="A figure for the board", points=4, kind="computed", read=f"{READ}, Items",
        answers=(Answer(name="figure", type="figure", points=4, facts={"n_bars": 8}),),
    )  # fmt: skip
    levels = ("missing", "says it, without grounds", "says it and shows the number", "and says how sure one can be")
    argument = Question(
        id="argument", title="Would you use this questionnaire?", points=8, kind="written", read=f"{READ}, Reporting",
        rubric=(
            Criterion(id="claim", points=3, text="Takes a position and rests it on the results", levels=levels),
            Criterion(id="doubt", points=3, text="Names what the results cannot show", levels=levels),
            Criterion(id="language", points=2, text="Says it so that a manager can act on it", levels=levels[:3]),
        ),
    )  # fmt: skip
    limits = Question(
        id="limits", title="What would you measure next?", points=4, kind="written", read=f"{READ}, Validity",
        rubric=(Criterion(id="plan", points=4, text="Names one measurement and what it would decide", levels=levels),),
    )  # fmt: skip
    return Assignment(
        id="validate-instrument",
        title="Does the questionnaire measure what it claims?",
        points=40,
        folder=folder,
        source=folder / "source.ipynb",
        public=ParameterSet(id="public", values={}),
        held_out=(ParameterSet(id="a", values={}, data_seed=11),),
        questions=(screening, reliability, factors, structure, picture, argument, limits),
    )


@dataclass(frozen=True, kw_only=True)
class SyntheticClass:
    """Everything that the pages need. `expected` holds the model's answers with each student's own data."""

    assignment: Assignment
    names: dict[str, str]
    marks: dict[str, SubmissionMarks]
    written: dict[str, tuple[WrittenResult, ...]]
    notebooks: dict[str, dict[str, Any]]
    expected: dict[str, dict[str, float]]


# How able one must be for a question (in sd), and how much it depends on ability; the figure is the odd one out.
HARDNESS = {
    "screening": (-1.6, 0.7), "reliability": (-0.3, 0.8), "factors": (0.2, 0.8), "structure": (1.1, 0.75),
    "picture": (-0.2, -0.35), "argument": (0.0, 0.7), "limits": (0.3, 0.6),
}  # fmt: skip


def synthetic_class(size: int = 40, seed: int = 1, *, without_written: bool = False) -> SyntheticClass:
    """A class in which two copy code, one copies a number, some crash, and some hand nothing in."""
    chance = random.Random(seed)
    assignment = example_assignment()
    ids = [f"syn{number:03d}" for number in range(1, size + 1)]
    expected = {one: {"alpha": round(0.7 + 0.2 * chance.random(), 9)} for one in ids}
    marks, written, notebooks = {}, {}, {}
    for number, student in enumerate(ids):
        absent = number in {size - 1, size // 2}
        able = chance.gauss(0, 1)
        marks[student] = _marks(assignment, student, able, absent, expected[student], chance)
        if not absent:
            notebooks[student] = honest(seed * 1000 + number)
            written[student] = () if without_written else _written(assignment, able, chance)
    _copy(ids, marks, notebooks, expected)
    names = {student: f"Synthetic Student {number:02d}" for number, student in enumerate(ids, 1)}
    return SyntheticClass(
        assignment=assignment, names=names, marks=marks, written=written, notebooks=notebooks, expected=expected
    )


def _level(question: str, able: float, chance: random.Random) -> float:
    hard, load = HARDNESS[question]
    return load * able + (1 - load**2) ** 0.5 * chance.gauss(0, 1) - hard


def _marks(
    assignment: Assignment, student: str, able: float, absent: bool, expected: dict[str, float], chance: random.Random
) -> SubmissionMarks:
    questions = []
    for question in assignment.questions:
        empty = QuestionMark(question=question.id, points=0, out_of=question.points, outcome="missing")
        if absent:
            questions.append(empty)
        elif question.kind == "written":
            questions.append(QuestionMark(question=question.id, points=0, out_of=question.points, outcome="awaiting"))
        else:
            questions.append(_computed(question, _level(question.id, able, chance), expected, chance))
    return SubmissionMarks(
        student=student,
        assignment=assignment.id,
        submission_sha256="" if absent else hashlib.sha256(student.encode()).hexdigest(),
        questions=tuple(questions),
        source=SOURCE,
    )


def _computed(question: Question, level: float, expected: dict[str, float], chance: random.Random) -> QuestionMark:
    if level < -1.5 and chance.random() < 0.5:
        return QuestionMark(
            question=question.id, points=0, out_of=question.points, outcome="crashed",
            feedback=("Cell 7 stopped: NameError: name 'survey_clean' is not defined. What follows it was not run.",),
            answers=tuple(AnswerCheck(name=a.name, outcome="missing", asked=_asked(a)) for a in question.answers),
        )  # fmt: skip
    mistake = question.mistakes[0] if question.mistakes and level < -0.1 and chance.random() < 0.8 else None
    checks, points = [], 0.0
    for answer in question.answers:
        right = mistake is None and level + 0.4 * chance.gauss(0, 1) > 0
        points += answer.points * right
        value = expected.get(answer.name, 0.42)
        given = f"{value if right else value - 0.2 + 0.1 * chance.random():.6f}"
        if answer.type == "choice":
            given = "eight" if right else "two"
        elif answer.type in {"table", "figure"}:
            given = f"a {answer.type}" + (" of 40 rows and 8 columns" if answer.type == "table" else " with 8 bars")
        checks.append(
            AnswerCheck(
                name=answer.name, outcome="right" if right else "wrong", given=given, asked=_asked(answer),
                reason="" if right else _reason(answer),
            )
        )  # fmt: skip
    if mistake:
        points = mistake.points
    outcome = "right" if points == question.points else "partly" if points else "wrong"
    return QuestionMark(
        question=question.id, points=points, out_of=question.points, outcome=outcome, answers=tuple(checks),
        feedback=(mistake.feedback,) if mistake else (), mistakes=(mistake.id,) if mistake else (),
    )  # fmt: skip


def _asked(answer: Answer) -> str:
    if answer.type == "number":
        return "a number, within 0.005 of the model's"
    if answer.type == "choice":
        return f"one of {', '.join(answer.options)}"
    return "a figure with 8 bars and named axes" if answer.type == "figure" else "a table of loadings, within 0.02"


def _reason(answer: Answer) -> str:
    return {
        "number": "It is further from the model's result than rounding explains.",
        "choice": "The eigenvalues above those of random data speak for another number.",
        "table": "Loadings of 6 of 40 items differ by more than 0.02.",
        "figure": "The vertical axis has no name.",
    }[answer.type]


def _written(assignment: Assignment, able: float, chance: random.Random) -> tuple[WrittenResult, ...]:
    results = []
    for question in (q for q in assignment.questions if q.kind == "written"):
        criteria = []
        for criterion in question.rubric:
            top = len(criterion.levels) - 1
            step = min(top, max(0, round(top * (0.55 + 0.3 * _level(question.id, able, chance)))))
            criteria.append(
                CriterionResult(
                    criterion=criterion.id, points=round(criterion.points * step / top, 2),
                    level=criterion.levels[step], comment="Which number says so?" if step == 1 else "",
                )
            )  # fmt: skip
        results.append(
            WrittenResult(
                question=question.id, criteria=tuple(criteria), comment="Short and to the point." if able > 0.5 else "",
                text="I would use it for teams, not for persons. Alpha is high enough for a mean of a team, and the "
                "factors are those that the authors claim.\n\nWhat I cannot say is whether the answers mean the same "
                "in both departments: 14 people are too few for that.",
            )
        )  # fmt: skip
    return tuple(results)


def _copy(
    ids: list[str],
    marks: dict[str, SubmissionMarks],
    notebooks: dict[str, dict[str, Any]],
    expected: dict[str, dict[str, float]],
) -> None:
    """The fourth hands in the third's code with other names; the sixth gives the fifth's alpha."""
    notebooks[ids[3]] = notebook(
        *(
            source.replace("items", "answers_mine").replace("survey", "frame_mine")
            for source in sources(notebooks[ids[2]])
        )
    )
    sixth, wanted = marks[ids[5]], expected[ids[4]]["alpha"]
    questions = []
    for mark in sixth.questions:
        answers = tuple(
            AnswerCheck(name="alpha", outcome="wrong", given=f"{wanted:.6f}", asked=one.asked, reason=_alpha_reason())
            if one.name == "alpha"
            else one
            for one in mark.answers
        )
        changes = {"answers": answers, "points": 0, "outcome": "wrong"} if mark.question == "reliability" else {}
        questions.append(QuestionMark(**(mark.__dict__ | changes)))
    marks[ids[5]] = SubmissionMarks(**(sixth.__dict__ | {"questions": tuple(questions)}))


def _alpha_reason() -> str:
    return "It is not what your notebook gives with your data."


def write_class(folder: Path, size: int = 40) -> None:
    """Everything as files, to be looked at."""
    made = synthetic_class(size)
    marks = [with_written(made.assignment, made.marks[s], made.written.get(s, ())) for s in made.marks]
    write_marks(folder / "marks", marks)
    for student, book in made.notebooks.items():
        write_if_changed(folder / "submissions" / f"{student}.ipynb", json.dumps(book))
    write_feedback(folder / "feedback", made.assignment, marks, names=made.names, written=made.written)
    released = [notebook(STARTER)]
    html = class_html(
        made.assignment, marks, names=made.names, similarity=class_similarity(made.notebooks, released=released),
        released=released, reuse=data_reuse(marks, made.expected),
    )  # fmt: skip
    write_if_changed(folder / "class.html", html)


if __name__ == "__main__":
    write_class(Path(sys.argv[1]))
