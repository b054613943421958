"""From marking sheets to marks: who stands behind each code, what two markers come to, and where they should talk."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from cxkit.coursework.marks.points import points_text
from cxkit.coursework.marks.written import CriterionResult, WrittenResult
from cxkit.coursework.written.agreement import Agreement, agreement
from cxkit.coursework.written.blind import Key
from cxkit.coursework.written.panel_state import PanelMark, levels_of
from cxkit.coursework.written.sheet import COMMENT, MarkingSheet

if TYPE_CHECKING:
    from cxkit.coursework.assignment.data import Question

AGREED = "agreed"
"""A marker of this name is the outcome of the markers' talk and stands above them."""
DISCUSS = 0.2
"""Share of a question's points; where two markers are further apart, no mark is made of theirs."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the marking sheet comes to.

    Attributes
    ----------
    results : mapping of str to tuple of WrittenResult
        By student.
    markers : mapping of (str, str) to str
        Who marked, by student and question: a name, or several with "+".
    versions : mapping of str to str
        SHA-256 of the submission that was marked, by student.
    unmarked : tuple of (str, str)
        Question and code of answers that nobody has marked completely.
    to_discuss : tuple of str
        Answers whose markers are too far apart, in words.
    """

    results: Mapping[str, tuple[WrittenResult, ...]]
    markers: Mapping[tuple[str, str], str]
    versions: Mapping[str, str]
    unmarked: tuple[tuple[str, str], ...]
    to_discuss: tuple[str, ...]


def outcome_of_sheet(sheet: MarkingSheet, key: Key, *, discuss: float = DISCUSS) -> Outcome:
    """What do the marks come to?

    Parameters
    ----------
    sheet : MarkingSheet
    key : Key
        From `read_key`.
    discuss : float
        The largest difference between two markers, as a share of the question's points, of which the mean is taken.

    Returns
    -------
    Outcome
        One complete marker counts as it is; of several the mean on each criterion, if their totals are close enough;
        a marker named "agreed" counts before all.
    """
    results: dict[str, list[WrittenResult]] = defaultdict(list)
    markers: dict[tuple[str, str], str] = {}
    versions: dict[str, str] = {}
    unmarked, to_discuss = [], []
    for question in sheet.questions():
        marks = _complete(sheet, question)
        for answer in sheet.answers(question.id):
            given = marks.get(answer.code, {})
            if AGREED in given:
                given = {AGREED: given[AGREED]}
            totals = {who: math.fsum(mark.points.values()) for who, mark in given.items()}
            if not given:
                unmarked.append((question.id, answer.code))
            elif max(totals.values()) - min(totals.values()) > discuss * question.points + 1e-9:
                told = ", ".join(f"{who} {points_text(total)}" for who, total in totals.items())
                to_discuss.append(f"{question.id}, {answer.code}: {told} of {points_text(question.points)}")
            else:
                student = key.students[question.id, answer.code]
                results[student].append(_joined(question, given, answer.text))
                versions[student] = key.versions[question.id, answer.code]
                markers[student, question.id] = " + ".join(given)
    return Outcome(
        results={student: tuple(found) for student, found in sorted(results.items())},
        markers=markers,
        versions=versions,
        unmarked=tuple(unmarked),
        to_discuss=tuple(to_discuss),
    )


def _complete(sheet: MarkingSheet, question: Question) -> dict[str, dict[str, PanelMark]]:
    """Marks that have every criterion, by code and marker."""
    wanted = {criterion.id for criterion in question.rubric}
    points: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    comments: dict[tuple[str, str], str] = {}
    for (of, code, marker, field), value in sheet.values().items():
        if of != question.id or value is None:
            continue
        if field == COMMENT:
            comments[code, marker] = str(value)
        elif field in wanted:
            points[code, marker][field] = float(value)
    found: dict[str, dict[str, PanelMark]] = defaultdict(dict)
    for (code, marker), own in sorted(points.items()):
        if own.keys() == wanted:
            found[code][marker] = PanelMark(points=own, comment=comments.get((code, marker), ""))
    return found


def _joined(question: Question, given: Mapping[str, PanelMark], text: str) -> WrittenResult:
    criteria = []
    for criterion in question.rubric:
        points = math.fsum(mark.points[criterion.id] for mark in given.values()) / len(given)
        level = next((one.text for one in levels_of(criterion) if one.points == points), "")
        criteria.append(CriterionResult(criterion=criterion.id, points=round(points, 4), level=level))
    comments = dict.fromkeys(mark.comment.strip() for mark in given.values() if mark.comment.strip())
    return WrittenResult(question=question.id, criteria=tuple(criteria), comment="\n".join(comments), text=text)


def agreements(sheet: MarkingSheet) -> Sequence[Agreement]:
    """How far do the markers agree, for each criterion and each two of them, on answers that both have marked?"""
    found = []
    for question in sheet.questions():
        marks = _complete(sheet, question)
        names = sorted({who for given in marks.values() for who in given} - {AGREED})
        for one, other in combinations(names, 2):
            both = [given for _, given in sorted(marks.items()) if one in given and other in given]
            for criterion in question.rubric:
                first, second = ([given[who].points[criterion.id] for given in both] for who in (one, other))
                if both:
                    found.append(agreement(question.id, criterion.id, (one, other), first, second))
    return found
