"""What an assignment asks, as plain data: questions, the answers they must leave, foreseen mistakes, parameters, rules.

`cxkit.coursework.assignment.reading.read_assignment` makes it from a folder; everything else in this wing reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cxkit.errors import AssignmentError, nearest
from cxkit.running.sandbox.limits import Limits

AnswerType = Literal["number", "text", "choice", "table", "series", "figure"]
QuestionKind = Literal["computed", "written"]
Vary = Literal["no", "rows"]
Unit = Literal["proportion", "percent"]

ANSWER_KINDS: Mapping[AnswerType, str] = {
    "number": "a number",
    "text": "a text",
    "choice": "a choice",
    "table": "a table",
    "series": "a series",
    "figure": "a figure",
}
"""What a type of answer is called in a sentence."""

PUBLIC = "public"
"""The id of the parameter set that students are given."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a number may be from the reference: within `absolute`, or within `relative` times its size."""

    absolute: float = 0.0
    relative: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Partial:
    """A part of an answer's points for numbers that are close.

    Attributes
    ----------
    tolerance : Tolerance
        Wider than the answer's own.
    share : float
        Of the answer's points, above 0 and below 1.
    feedback : str
        What the student is told.
    """

    tolerance: Tolerance
    share: float
    feedback: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A variable that the notebook must leave behind, and how it is compared with the reference.

    Attributes
    ----------
    name : str
        The variable.
    type : {"number", "text", "choice", "table", "series", "figure"}
        What it must hold.
    points : float
        The answers' points sum to the question's.
    tolerance : Tolerance
        For every number in it; both parts 0 mean equal but for the last bits.
    units : tuple of {"proportion", "percent"}
        Which are accepted, for numbers, the model answer's first; empty where the unit is not at issue.
    options : tuple of str
        What a choice chooses from.
    accept : tuple of str
        Further texts that count as right, whatever the data.
    key : tuple of str
        Columns that tell a table's rows apart; empty: its index does.
    columns : tuple of str
        Columns that are compared; empty: those of the reference.
    further_rows : bool
        A table may have rows that the reference has not; else one with more rows than are wanted is wrong.
    any_order : bool
        Rows need not stand in the reference's order where nothing tells them apart.
    sign_free : tuple of str
        Columns whose sign may be turned as a whole, such as factors.
    factor_columns : tuple of str
        Columns that are loadings: compared whatever the order and sign of the factors.
    facts : mapping
        Of a figure, what must be so, by the names in `format.FACTS`.
    partial : tuple of Partial
        The narrowest first.
    few_values : bool
        Of a number: it has so few possible values that it can be guessed, so it counts only beside another answer.
    """

    name: str
    type: AnswerType
    points: float
    tolerance: Tolerance = field(default_factory=Tolerance)
    units: tuple[Unit, ...] = ()
    options: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    further_rows: bool = False
    any_order: bool = False
    sign_free: tuple[str, ...] = ()
    factor_columns: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    partial: tuple[Partial, ...] = ()
    few_values: bool = False

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """Its own, and those of what is close, the narrowest first."""
        return (self.tolerance, *(partial.tolerance for partial in self.partial))


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake that the instructor foresees.

    Attributes
    ----------
    id : str
        Also the name of its file, `mistakes/ID.py`.
    points : float
        What it earns on its question.
    feedback : str
        What the student is told.
    code : str
        Python that takes the place of the question's solution regions.
    """

    id: str
    points: float
    feedback: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of a rubric: what is looked for, for how many points, and what each level looks like."""

    id: str
    text: str
    points: float
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question.

    Attributes
    ----------
    id, title : str
        For files, and for people.
    points : float
        For all of it.
    kind : {"computed", "written"}
        Compared with a reference, or read by a person.
    answers, mistakes : tuple
        Of a computed question.
    rubric : tuple of Criterion
        Of a written one.
    after : tuple of str
        Ids of questions whose answers must be right, or this one earns nothing: for answers that can be guessed.
    read : str
        Where to read about it, shown in the feedback.
    """

    id: str
    title: str
    points: float
    kind: QuestionKind
    answers: tuple[Answer, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    after: tuple[str, ...] = ()
    read: str = ""

    @property
    def guessable(self) -> tuple[Answer, ...]:
        """Answers of few values beside others, from which they follow, so that alone they earn nothing."""
        few = tuple(answer for answer in self.answers if answer.type in ("choice", "text") or answer.few_values)
        return few if len(few) < len(self.answers) else ()

    def answer(self, name: str) -> Answer:
        """The answer of this name.

        Raises
        ------
        AssignmentError
            If there is none.
        """
        found = next((answer for answer in self.answers if answer.name == name), None)
        if found is None:
            known = [answer.name for answer in self.answers]
            raise AssignmentError(f"The question '{self.id}' has no answer '{name}'.{nearest(name, known)}")
        return found


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A data file that comes with the assignment.

    Attributes
    ----------
    parameter : str
        The notebook's parameter that holds the file's path, relative to the notebook.
    path : Path
        The whole file, in the assignment's folder.
    relative : str
        The same as the notebook names it, with `/` between folders.
    vary : {"no", "rows"}
        Whether every parameter set and student gets the whole file or a random part of its rows.
    rows : int or None
        How many rows a part has.
    """

    parameter: str
    path: Path
    relative: str
    vary: Vary = "no"
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class ParameterSet:
    """Values that a notebook runs with.

    Attributes
    ----------
    id : str
        `"public"` for those that students are given.
    values : mapping
        Every parameter of the notebook, the public values included where the set does not override them.
    data_seed : int or None
        Which part of the varied files; None: the student's own, or the common one.
    """

    id: str
    values: Mapping[str, Any]
    data_seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class LatePolicy:
    """What lateness costs: a share of the points earned for every day begun after the grace, up to a largest share."""

    grace_minutes: float = 0.0
    per_day: float = 0.0
    at_most: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """An assignment as its folder declares it.

    Attributes
    ----------
    id, title : str
        The folder's name, and what people call it.
    points : float
        The sum over the questions.
    weight : float
        In the course.
    expected_hours : float or None
        Of work, told to the students.
    folder, source : Path
        The assignment's folder, and the notebook with the solutions in it.
    limits : Limits
        Of one run of a submission.
    late : LatePolicy
    files : tuple of DataFile
    public : ParameterSet
    held_out : tuple of ParameterSet
        At least one; never shown to students.
    questions : tuple of Question
        In the order of assignment.toml.
    extras : mapping of str to Path
        Further files that students get, by the name under which the notebook finds them.
    canary : str
        A text of the solution that must appear nowhere in a release; empty if none is declared.
    """

    id: str
    title: str
    points: float
    folder: Path
    source: Path
    public: ParameterSet
    held_out: tuple[ParameterSet, ...]
    questions: tuple[Question, ...]
    weight: float = 1.0
    expected_hours: float | None = None
    limits: Limits = field(default_factory=Limits)
    late: LatePolicy = field(default_factory=LatePolicy)
    files: tuple[DataFile, ...] = ()
    extras: Mapping[str, Path] = field(default_factory=dict)
    canary: str = ""

    def question(self, key: str) -> Question:
        """The question with this id.

        Raises
        ------
        AssignmentError
            If there is none; the nearest is offered.
        """
        found = next((question for question in self.questions if question.id == key), None)
        if found is None:
            known = [question.id for question in self.questions]
            raise AssignmentError(f"The assignment '{self.id}' has no question '{key}'.{nearest(key, known)}")
        return found

    @property
    def varies(self) -> bool:
        """Whether students can have data of their own."""
        return any(file.vary == "rows" for file in self.files)

    @property
    def parameter_sets(self) -> tuple[ParameterSet, ...]:
        """The public set, then the held-out ones."""
        return (self.public, *self.held_out)
