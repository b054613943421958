"""What a marker hands on: marks with their reasons, as plain data that a gradebook can keep and a page can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal[
    "right",
    "partly",
    "wrong",
    "missing",
    "crashed",
    "timed_out",
    "stopped",
    "not_run",
    "refused",
    "awaiting",
    "undecided",
]
"""How a question ended. `stopped`: its cell was stopped, or the run ended in it, for another reason than time;
`not_run`: the run was ended in an earlier cell, or its code stands in a cell of another kind; `awaiting`: a written
answer that no person has marked yet; `refused`: nothing was handed in; `undecided`: something was, and a person must
see to it before it can be marked."""


@dataclass(frozen=True, kw_only=True)
class AnswerCheck:
    """One answer of a question beside what was asked for.

    Attributes
    ----------
    name : str
        The variable that should hold the answer.
    outcome : Outcome
        How this one ended.
    given, asked : str
        Both as a person reads them. `asked` says what kind of thing was wanted and never quotes a held-out value.
    reason : str
        One sentence for the student, empty where the answer is right.
    """

    name: str
    outcome: Outcome
    given: str = ""
    asked: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class QuestionMark:
    """The marks of one question and why.

    Attributes
    ----------
    question : str
        The question's id in assignment.toml.
    points, out_of : float
        What was earned, and what could have been.
    outcome : Outcome
        In one word; `awaiting` counts 0 points until a person has marked it.
    feedback : tuple of str
        Sentences for the student, the most helpful first.
    answers : tuple of AnswerCheck
        Each declared answer; empty for written questions.
    mistakes : tuple of str
        Ids of the foreseen mistakes that were recognised.
    """

    question: str
    points: float
    out_of: float
    outcome: Outcome
    feedback: tuple[str, ...] = ()
    answers: tuple[AnswerCheck, ...] = ()
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SubmissionMarks:
    """All marks of one submission by one marker.

    Attributes
    ----------
    student, assignment : str
        Ids: of the roster's row, and of assignment.toml.
    submission_sha256 : str
        Of the file that was marked; empty where there was none.
    questions : tuple of QuestionMark
        In the order of assignment.toml; every question is there, whatever happened.
    causes : tuple of str
        What stands first on the student's page, since much else may follow from it: the first cell that failed, and the
        cell in which a run was ended.
    notes : tuple of str
        What the instructor should know: a crash, a limit that cut in, a file that was refused.
    protection : str
        In plain words, what kept the student's code away from everything else.
    source : str
        Who marked: `"cxkit 0.1.0"` or a person's name.
    assignment_sha256 : str
        Of the assignment that was marked by (`fingerprint`): answers are right by this version of it. Empty where
        nothing was marked, and in marks that were written before this was kept.
    """

    student: str
    assignment: str
    submission_sha256: str
    questions: tuple[QuestionMark, ...]
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    protection: str = ""
    source: str = ""
    assignment_sha256: str = ""

    @property
    def points(self) -> float:
        """The sum over questions, before any late penalty."""
        return sum(mark.points for mark in self.questions)

    @property
    def out_of(self) -> float:
        """What a perfect submission earns."""
        return sum(mark.out_of for mark in self.questions)

    @property
    def is_undecided(self) -> bool:
        """Whether something was handed in that a person must see to before it can be marked."""
        return any(mark.outcome == "undecided" for mark in self.questions)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a journal or a store; `marks_from_data` reads it back equal."""
        data = asdict(self)
        if not self.assignment_sha256:
            # Marks that were written before this was kept stay the same bytes, and are not recorded a second time.
            del data["assignment_sha256"]
        return data


def marks_from_data(data: Mapping[str, Any]) -> SubmissionMarks:
    """The marks that `SubmissionMarks.as_data` wrote, also after a journey through JSON."""
    questions = tuple(
        QuestionMark(
            **{
                **question,
                "feedback": tuple(question["feedback"]),
                "mistakes": tuple(question["mistakes"]),
                "answers": tuple(AnswerCheck(**answer) for answer in question["answers"]),
            }
        )
        for question in data["questions"]
    )
    texts = {"notes": tuple(data["notes"]), "causes": tuple(data.get("causes", ()))}
    return SubmissionMarks(**{**data, **texts, "questions": questions})
