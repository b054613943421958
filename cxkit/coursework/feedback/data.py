"""A student's feedback page as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from cxkit.coursework.marks.data import AnswerCheck, Outcome

NOT_MARKED = ("awaiting", "undecided")


@dataclass(frozen=True, kw_only=True)
class Deduction:
    """Points taken off the whole, such as for lateness. `points` is how many, above 0."""

    points: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What counts, whatever this submission earned: `points`, or None where the assignment does not count.

    A person has set it (`is_by_hand`), or the rule of the course has: another submission counts. `out_of` is the total
    that the points are out of, which the assignment may have had only then; None for that of the questions.
    """

    points: float | None
    reason: str
    is_by_hand: bool = True
    out_of: float | None = None


@dataclass(frozen=True, kw_only=True)
class CriterionLine:
    """One criterion on the page: what was asked, what was reached."""

    text: str
    points: float
    out_of: float
    level: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class QuestionFeedback:
    """One question on the page; `prompt` is safe html."""

    id: str
    title: str
    kind: str
    points: float
    out_of: float
    outcome: Outcome
    sentences: tuple[str, ...]
    answers: tuple[AnswerCheck, ...]
    criteria: tuple[CriterionLine, ...]
    text: str
    read: str
    prompt: str

    @property
    def lost(self) -> float:
        """Points that were not earned; none while the answer waits for a marker or a decision."""
        return 0.0 if self.outcome in NOT_MARKED else max(0.0, self.out_of - self.points)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One student's page.

    Attributes
    ----------
    student, name : str
    assignment, title : str
    questions : tuple of QuestionFeedback
        In the order of the assignment; each of its questions is there.
    deductions : tuple of Deduction
    decision : Decision or None
        Set by a person: it counts instead of all that.
    submission_sha256, source : str
        Which file was marked, and by whom.
    refusal : str
        Why nothing was marked; empty where something was.
    causes : tuple of str
        What stands first, since much else may follow from it: the first cell that failed, and the cell
        in which a run was ended.
    how : tuple of str
        How the marks came about, of this student only what is so.
    synthetic : bool
        Whether the marks say of themselves that they are made up.
    """

    student: str
    name: str
    assignment: str
    title: str
    questions: tuple[QuestionFeedback, ...]
    deductions: tuple[Deduction, ...]
    decision: Decision | None
    submission_sha256: str
    source: str
    refusal: str
    synthetic: bool
    causes: tuple[str, ...] = ()
    how: tuple[str, ...] = ()

    @property
    def earned(self) -> float:
        """Points before deductions."""
        return sum(question.points for question in self.questions)

    @property
    def points(self) -> float:
        """What counts: after deductions, never below 0, or what a person has set; 0 where it does not count."""
        if self.decision is not None:
            return self.decision.points or 0.0
        return max(0.0, self.earned - sum(one.points for one in self.deductions))

    @property
    def out_of(self) -> float:
        """What the points are out of: what a perfect submission earned when they were given."""
        if self.decision is not None and self.decision.points is not None and self.decision.out_of is not None:
            return self.decision.out_of
        return self.out_of_questions

    @property
    def out_of_questions(self) -> float:
        """What the questions that stand on the page come to."""
        return sum(question.out_of for question in self.questions)

    @property
    def undecided(self) -> bool:
        """Whether nobody can say yet what was handed in is worth."""
        return self.decision is None and any(question.outcome == "undecided" for question in self.questions)

    @property
    def waiting(self) -> float:
        """Points of answers that no person has marked yet; none where a person has set the whole."""
        if self.decision is not None:
            return 0.0
        return sum(question.out_of for question in self.questions if question.outcome == "awaiting")

    @property
    def most_to_gain(self) -> tuple[QuestionFeedback, ...]:
        """The two questions that cost most; none where a person has set the whole."""
        if self.decision is not None:
            return ()
        losing = [question for question in self.questions if question.lost > 0]
        return tuple(sorted(losing, key=lambda question: -question.lost)[:2])
