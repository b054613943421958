"""Statistics of an assignment and its questions: classical test theory on the points that a class has earned."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cxkit.coursework.marks.data import Outcome, QuestionMark, SubmissionMarks

TAIL = 0.27
"""Share of the class in the upper and in the lower group (Kelley 1939)."""

LEAST_FOR_CORRELATION = 10
"""Below so many submissions a correlation says nothing, and none is given."""


@dataclass(frozen=True, kw_only=True)
class ItemStatistics:
    """One question in the eyes of the class. A value that cannot be computed is None.

    Attributes
    ----------
    question : str
    out_of : float
        Points that could be earned.
    points : tuple of float
        What each submission earned, in the order of `ClassStatistics.students`.
    mean, sd : float
        Of the points; the sd with n - 1.
    difficulty : float
        The mean as a share of `out_of`: 0 nobody, 1 everybody. (High means easy; the word is the field's.)
    full, none : float
        Shares of the class with all points, and with none.
    discrimination : float or None
        Corrected item-total correlation: with the total of the *other* questions.
    interval : tuple of float or None
        Its 95 % interval (Fisher's z).
    upper_lower : float or None
        Mean share of points in the upper 27 % of the class minus that in the lower 27 %, by the total. Of students who
        tie at the border each counts in part, so that no order of names decides.
    alpha_without : float or None
        Cronbach's alpha of the other questions.
    outcomes : mapping
        How many submissions ended how.
    mistakes : mapping
        How often each foreseen mistake was recognised.
    """

    question: str
    out_of: float
    points: tuple[float, ...]
    mean: float
    sd: float
    difficulty: float
    full: float
    none: float
    discrimination: float | None
    interval: tuple[float, float] | None
    upper_lower: float | None
    alpha_without: float | None
    outcomes: Mapping[Outcome, int]
    mistakes: Mapping[str, int]

    @property
    def shares(self) -> np.ndarray:
        """Points as shares of what could be earned."""
        return np.array(self.points) / self.out_of if self.out_of else np.zeros(len(self.points))


@dataclass(frozen=True, kw_only=True)
class ClassStatistics:
    """An assignment in the eyes of the class.

    Attributes
    ----------
    students : tuple of str
        Who handed in something that could be marked; the statistics are about these alone.
    without : tuple of str
        Who did not.
    items : tuple of ItemStatistics
        Questions that are marked for everybody.
    waiting : mapping
        Questions left out because answers wait for a marker, with how many.
    totals : tuple of float
        Points of each student over `items`.
    alpha : float or None
        Cronbach's alpha of the points.
    alpha_interval : tuple of float or None
        Feldt's 95 % interval.
    measurement_error : float or None
        Standard error of measurement of a total, in points: sd * sqrt(1 - alpha).
    """

    students: tuple[str, ...]
    without: tuple[str, ...]
    items: tuple[ItemStatistics, ...]
    waiting: Mapping[str, int]
    totals: tuple[float, ...]
    alpha: float | None
    alpha_interval: tuple[float, float] | None
    measurement_error: float | None

    @property
    def out_of(self) -> float:
        """Points that could be earned over `items`."""
        return sum(item.out_of for item in self.items)


def class_statistics(marks: Iterable[SubmissionMarks]) -> ClassStatistics:
    """How did the class do, question by question?

    Parameters
    ----------
    marks : iterable of SubmissionMarks
        Of one assignment, one for each student.

    Returns
    -------
    ClassStatistics
        Students without a submission that could be marked are left out: their zeros would be the same in all questions
        and make them look consistent. A crash in a question counts as the points that it earned, mostly none.

    References
    ----------
    Crocker & Algina 1986, Introduction to Classical and Modern Test Theory, chapters 7 and 14. Feldt 1965,
    Psychometrika 30. Kelley 1939, Journal of Educational Psychology 30.
    """
    listed = sorted(marks, key=lambda one: one.student)
    present = [one for one in listed if attended(one)]
    order = list(dict.fromkeys(mark.question for one in listed for mark in one.questions))
    by_question = {name: [_mark_of(one, name) for one in present] for name in order}
    waiting = {}
    marked = {}
    for name, column in by_question.items():
        count = sum(mark.outcome == "awaiting" for mark in column)
        if count:
            waiting[name] = count
        else:
            marked[name] = column
    points = _points(marked, len(present))
    totals = points.sum(axis=1)
    alpha = cronbach_alpha(points)
    interval, error = None, None
    if alpha is not None:
        interval = _alpha_interval(alpha, points)
        error = float(np.std(totals, ddof=1) * math.sqrt(max(0.0, 1 - alpha)))
    return ClassStatistics(
        students=tuple(one.student for one in present),
        without=tuple(one.student for one in listed if not attended(one)),
        items=tuple(_item(name, column, points, n) for n, (name, column) in enumerate(marked.items()) if present),
        waiting=waiting,
        totals=tuple(map(float, totals)),
        alpha=alpha,
        alpha_interval=interval,
        measurement_error=error,
    )


def _points(marked: Mapping[str, list[QuestionMark]], students: int) -> np.ndarray:
    """Students by questions; of the right shape even without either."""
    columns = [[mark.points for mark in column] for column in marked.values()]
    return np.array(columns, dtype=float).T.reshape(students, len(marked))


def attended(marks: SubmissionMarks) -> bool:
    """Whether there was a submission that could be marked."""
    return bool(marks.submission_sha256) and any(
        mark.outcome not in ("refused", "undecided") for mark in marks.questions
    )


def _mark_of(marks: SubmissionMarks, question: str) -> QuestionMark:
    found = next((mark for mark in marks.questions if mark.question == question), None)
    return found or QuestionMark(question=question, points=0, out_of=0, outcome="missing")


def _item(name: str, column: list[QuestionMark], points: np.ndarray, number: int) -> ItemStatistics:
    own, rest = points[:, number], np.delete(points, number, axis=1)
    out_of = max(mark.out_of for mark in column)
    enough = len(column) >= LEAST_FOR_CORRELATION and rest.shape[1] > 0
    r = correlation(own, rest.sum(axis=1)) if enough else None
    return ItemStatistics(
        question=name,
        out_of=out_of,
        points=tuple(map(float, own)),
        mean=float(own.mean()),
        sd=float(own.std(ddof=1)) if len(own) > 1 else 0.0,
        difficulty=float(own.mean() / out_of) if out_of else 0.0,
        full=float(np.mean(own >= out_of - 1e-9)),
        none=float(np.mean(own <= 1e-9)),
        discrimination=r,
        interval=None if r is None else _correlation_interval(r, len(own)),
        upper_lower=_upper_lower(own / out_of, points.sum(axis=1)) if enough and out_of else None,
        alpha_without=cronbach_alpha(rest),
        outcomes=dict(Counter(mark.outcome for mark in column)),
        mistakes=dict(Counter(mistake for mark in column for mistake in mark.mistakes).most_common()),
    )


def correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's correlation; None where one of the two does not vary."""
    if _constant(one) or _constant(other):
        return None
    return float(np.clip(np.corrcoef(one, other)[0, 1], -1, 1))


def _constant(values: np.ndarray) -> bool:
    # Sums of floats that differ in the last digit do not vary.
    return len(values) < 2 or bool(np.ptp(values) <= 1e-9 * max(1.0, float(np.abs(values).max())))


def cronbach_alpha(points: np.ndarray) -> float | None:
    """Alpha of the columns; None with fewer than two columns or ten rows, or where totals do not vary."""
    n, k = points.shape
    totals = points.sum(axis=1)
    if k < 2 or n < LEAST_FOR_CORRELATION or _constant(totals):
        return None
    from cxkit.statistics.alpha import alpha_from_covariance

    return alpha_from_covariance(np.cov(points, rowvar=False))


def _alpha_interval(alpha: float, points: np.ndarray) -> tuple[float, float]:
    from cxkit.statistics.alpha import feldt_interval

    n, k = points.shape
    return feldt_interval(alpha, n=n, items=k)


def _correlation_interval(r: float, n: int) -> tuple[float, float]:
    """Fisher's; a correlation of -1 or 1, where it does not exist, stands alone."""
    from cxkit.statistics.correlation import fisher_interval

    if abs(r) >= 1:
        return r, r
    low, high = fisher_interval(np.array([r]), np.array([n]))
    return float(low[0]), float(high[0])


def _upper_lower(shares: np.ndarray, totals: np.ndarray) -> float | None:
    if _constant(totals):
        return None
    size = max(1, round(TAIL * len(totals)))
    return float(np.average(shares, weights=_top(totals, size)) - np.average(shares, weights=_top(-totals, size)))


def _top(values: np.ndarray, size: int) -> np.ndarray:
    """Weights of the `size` largest: those who tie at the border share the places that are left."""
    values = np.round(values, 9)
    border = np.sort(values)[-size]
    above, tied = values > border, values == border
    return above + tied * ((size - above.sum()) / tied.sum())
