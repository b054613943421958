"""The mark of one question: each answer compared in every run, and the foreseen mistake that explains what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxkit.coursework.assignment.data import Answer, Mistake, Question
from cxkit.coursework.marking.answers import Answers, Number, Refused, Text, Value
from cxkit.coursework.marking.closeness import folded
from cxkit.coursework.marking.compare import Verdict, compare, is_open
from cxkit.coursework.marking.elsewhere import why_not_there
from cxkit.coursework.marking.in_words import asked, shown
from cxkit.coursework.marking.reference import answers_of
from cxkit.coursework.marking.running import TROUBLES, Left
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import AnswerCheck, Outcome, QuestionMark

_BY_MISTAKE = "This follows from the mistake that is named above."
NOT_TRIED = (
    "It is right for the data that you were given. Whether it is right for other data could not be seen, since the "
    "parameters did not reach your notebook: see the top of this page."
)


def mark_question(question: Question, trials: Sequence[Trial], lost: str = "") -> QuestionMark:
    """The mark of a question; `lost` says that the parameters did not reach the notebook."""
    if question.kind == "written":
        return QuestionMark(question=question.id, points=0.0, out_of=question.points, outcome="awaiting")
    verdicts = {answer.name: [_verdict(question, answer, trial) for trial in trials] for answer in question.answers}
    shares = {name: min(verdict.share for verdict in of_answer) for name, of_answer in verdicts.items()}
    mistakes = () if min(shares.values()) >= 1 else _recognised(question, trials)
    by_mistake = {name for name in shares if mistakes and _touches(question, mistakes[0], name, trials)}
    checks = [
        _check(question, answer, verdicts[answer.name], trials, lost, by_mistake=answer.name in by_mistake)
        for answer in question.answers
    ]
    points = sum(answer.points * shares[answer.name] for answer in question.answers)
    alone = "" if mistakes or points == 0 else _guessed_alone(question, shares)
    if mistakes:
        is_all = _nothing_else_is_wrong(question, mistakes[0], verdicts, trials)
        points = mistakes[0].points if is_all else min(points, mistakes[0].points)
    elif alone:
        points = 0.0
    what_happened = [] if min(shares.values()) >= 1 else _mishaps(question, trials[0].left)
    read = f"Read: {question.read}." if points < question.points and question.read else ""
    feedback = [*(mistake.feedback for mistake in mistakes), alone, *what_happened, read]
    return QuestionMark(
        question=question.id,
        points=round(points, 6),
        out_of=question.points,
        outcome=_outcome(points, question, checks, trials),
        feedback=tuple(filter(None, feedback)),
        answers=tuple(checks),
        mistakes=tuple(mistake.id for mistake in mistakes),
    )


def nothing_written(question: Question) -> QuestionMark:
    """The mark of a written question that was left open: there is nothing for which it could wait."""
    said = "Nothing was written: the place for this answer is empty, as you were given it, or gone."
    return QuestionMark(question=question.id, points=0.0, out_of=question.points, outcome="missing", feedback=(said,))


def _mishaps(question: Question, left: Left) -> list[str]:
    """What befell the cells of a question in the student's notebook."""
    gone = left.lost.get(question.id)
    return [gone.task if gone else "", left.troubles.get(question.id, "")]


def _guessed_alone(question: Question, shares: Mapping[str, float]) -> str:
    """Why answers of few values earn nothing: of the answers that they follow from none is right."""
    few = question.guessable
    others = [answer.name for answer in question.answers if answer not in few]
    if not few or any(shares[name] > 0 for name in others):
        return ""
    guessed = " and ".join(f"`{answer.name}`" for answer in few)
    computed = " or ".join(f"`{name}`" for name in others)
    return f"{guessed}: this counts only together with {computed}, and nothing of that is right yet."


def _verdict(question: Question, answer: Answer, trial: Trial) -> Verdict:
    """The better of an answer as it was after the question's cells, and as it was at the end.

    Of answers of few values the last counts.
    """
    own, last = answers_of(question, trial.left).get(answer.name), trial.left.at_end.get(answer.name)
    wanted = trial.reference.model[answer.name]
    first = compare(answer, own, wanted)
    if last == own:
        return first
    at_end = compare(answer, last, wanted)
    if _is_second_guess(answer, own, last):
        return (
            at_end if at_end.is_right else Verdict(at_end.share, f"{_two_answers(answer, own, last)} {at_end.reason}")
        )
    return at_end if at_end.share > first.share else first


def _is_second_guess(answer: Answer, own: Value | None, last: Value | None) -> bool:
    """Whether another answer of few values was left at the end: the better of two would make a guess certain."""
    if answer.type == "choice":
        options = {folded(option) for option in answer.options}
        return all(isinstance(one, Text) and folded(one.value) in options for one in (own, last))
    kind = Text if answer.type == "text" else Number if answer.few_values else None
    return kind is not None and isinstance(own, kind) and isinstance(last, kind)


def _two_answers(answer: Answer, own: Value | None, last: Value | None) -> str:
    where = f"after its task and {shown(last)} at the end of the notebook"
    return f"`{answer.name}` was {shown(own)} {where}; the last counts."


def _check(
    question: Question,
    answer: Answer,
    verdicts: Sequence[Verdict],
    trials: Sequence[Trial],
    lost: str,
    *,
    by_mistake: bool,
) -> AnswerCheck:
    given = answers_of(question, trials[0].left).get(answer.name)
    share = min(verdict.share for verdict in verdicts)
    reason = verdicts[0].reason
    outcome: Outcome = "right" if share >= 1 else "partly" if share > 0 else "wrong"
    if by_mistake:  # whose points count, whatever else could be said of a value that is close as well
        reason, outcome = _BY_MISTAKE, "wrong" if share < 1 else outcome
    elif verdicts[0].share > share:
        left = [answers_of(question, trial.left).get(answer.name) for trial in trials]
        gone = [trial.left.lost.get(question.id) for trial in trials]
        reason = NOT_TRIED if lost and verdicts[0].is_right else why_not_there(answer, left, verdicts, trials, gone)
    elif (given is None or is_open(given)) and share == 0:
        outcome = _absent(question, trials[0].left)
        if gone_here := trials[0].left.lost.get(question.id):
            reason = f"`{answer.name}` {gone_here.answer}"
    return AnswerCheck(
        name=answer.name, outcome=outcome, given=shown(given), asked=asked(answer), reason="" if share >= 1 else reason
    )


def _absent(question: Question, left: Left) -> Outcome:
    if question.id in left.lost:
        return left.lost[question.id].outcome
    trouble = left.troubles.get(question.id, "")
    return next((outcome for begin, outcome in TROUBLES.items() if trouble.startswith(begin)), "missing")


def _outcome(points: float, question: Question, checks: Sequence[AnswerCheck], trials: Sequence[Trial]) -> Outcome:
    if points >= question.points:
        return "right"
    if points > 0:
        return "partly"
    kinds = {check.outcome for check in checks}
    for outcome in ("timed_out", "crashed", "stopped", "not_run", "missing"):
        if kinds == {outcome}:
            return outcome
    return "wrong"


def _recognised(question: Question, trials: Sequence[Trial]) -> tuple[Mistake, ...]:
    """The foreseen mistake whose answers are the student's wherever they differ from what is right.

    If several fit, the one that explains the most answers: a smaller mistake may leave one answer as a larger one does.
    """
    found: tuple[Mistake, ...] = ()
    most = 0
    for mistake in question.mistakes:
        count = _explains(question, mistake, trials)
        if count > most:
            found, most = (mistake,), count
    return found


def _explains(question: Question, mistake: Mistake, trials: Sequence[Trial]) -> int:
    """How many answers of the student a mistake explains; 0 if it does not fit."""
    explained: set[str] = set()
    for trial in trials:
        theirs = trial.reference.mistakes.get(f"{question.id}/{mistake.id}")
        if theirs is None:
            continue
        given = answers_of(question, trial.left)
        telling = [answer for answer in question.answers if _differs(answer, theirs, trial.reference.model)]
        if not all(_alike(answer, given.get(answer.name), theirs.get(answer.name)) for answer in telling):
            return 0
        explained |= {answer.name for answer in telling}
    return len(explained)


def _differs(answer: Answer, theirs: Answers, model: Answers) -> bool:
    return not compare(answer, theirs.get(answer.name), model[answer.name]).is_right


def _touches(question: Question, mistake: Mistake, name: str, trials: Sequence[Trial]) -> bool:
    """Whether a mistake makes this answer wrong with some parameter set."""
    key = f"{question.id}/{mistake.id}"
    answer = question.answer(name)
    return any(
        _differs(answer, trial.reference.mistakes[key], trial.reference.model)
        for trial in trials
        if key in trial.reference.mistakes
    )


def _nothing_else_is_wrong(
    question: Question, mistake: Mistake, verdicts: Mapping[str, Sequence[Verdict]], trials: Sequence[Trial]
) -> bool:
    """Whether the answers that a mistake leaves right are right in the runs of which it is known what it gives.

    On a student's own data that is not known: there it may touch an answer that it leaves right on the others.
    """
    known = [k for k, trial in enumerate(trials) if f"{question.id}/{mistake.id}" in trial.reference.mistakes]
    spared = [name for name in verdicts if not _touches(question, mistake, name, trials)]
    return all(verdicts[name][k].is_right for name in spared for k in known)


def _alike(answer: Answer, given: Value | None, theirs: Value | None) -> bool:
    if theirs is None or isinstance(theirs, Refused):
        return False  # a mistake that leaves nothing cannot be told from an empty cell
    return compare(answer, given, theirs).is_right
