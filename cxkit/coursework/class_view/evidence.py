"""What two submissions share, laid out side by side for a person to judge. Evidence, never a verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cxkit.coursework.marks.data import SubmissionMarks
from cxkit.coursework.page.words import plain_text
from cxkit.coursework.similarity import ReusedAnswer, reused_answers
from cxkit.coursework.similarity.code import Code, read_code
from cxkit.coursework.similarity.pairs import ClassSimilarity, SimilarPair
from cxkit.coursework.similarity.reuse import Value

CONTEXT = 1
"""Lines shown before and after a passage."""

_NUMBER = re.compile(r"[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class ShownLine:
    """One line of a submission; `matched` if it belongs to the passage."""

    cell: int
    text: str
    matched: bool


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """A passage as it stands in the one and in the other submission."""

    left: tuple[ShownLine, ...]
    right: tuple[ShownLine, ...]


@dataclass(frozen=True, kw_only=True)
class ShownPair:
    """Two submissions side by side.

    Attributes
    ----------
    pair : SimilarPair
    passages : tuple of ShownPassage
        The longest ones, in the order of the left submission.
    left_out : int
        Shorter passages that are not shown.
    same_lines, lines : int
        Of the left one's matched lines (`lines`), those that the right one has letter for letter; the others differ in
        names, numbers, texts or spaces.
    """

    pair: SimilarPair
    passages: tuple[ShownPassage, ...]
    left_out: int
    same_lines: int
    lines: int


def shown_pairs(
    similarity: ClassSimilarity, given: Iterable[Mapping[str, Any]] = (), *, most_passages: int = 12
) -> tuple[ShownPair, ...]:
    """Each listed pair with its passages side by side.

    Parameters
    ----------
    similarity : ClassSimilarity
    given : iterable of mapping
        The notebooks that were given to `class_similarity` as released: passages are runs of tokens and may begin
        within their last lines; those lines are never marked as matched.
    most_passages : int
        For each pair.

    Returns
    -------
    tuple of ShownPair
        The most similar first. What the class was given, and what many have, is in no passage.
    """
    known = frozenset({"", *(line.text.strip() for notebook in given for line in read_code(notebook).lines)})
    return tuple(_shown(similarity, pair, known, most_passages) for pair in similarity.pairs)


def _shown(similarity: ClassSimilarity, pair: SimilarPair, known: frozenset[str], most: int) -> ShownPair:
    left, right = similarity.codes[pair.left], similarity.codes[pair.right]
    passages = [
        own
        for passage in pair.passages
        if (own := replace(passage, left=_own(left, passage.left, known), right=_own(right, passage.right, known))).left
        and own.right
    ]
    longest = sorted(passages, key=lambda passage: -passage.tokens)[:most]
    kept = [passage for passage in passages if passage in longest]
    ours, theirs = _texts(left, (p.left for p in passages)), set(_texts(right, (p.right for p in passages)))
    return ShownPair(
        pair=pair,
        passages=tuple(
            ShownPassage(left=_lines(left, passage.left), right=_lines(right, passage.right)) for passage in kept
        ),
        left_out=len(passages) - len(kept),
        same_lines=sum(text in theirs for text in ours),
        lines=len(ours),
    )


def _own(code: Code, lines: tuple[int, ...], known: frozenset[str]) -> tuple[int, ...]:
    return tuple(line for line in lines if code.lines[line].text.strip() not in known)


def _texts(code: Code, places: Iterable[tuple[int, ...]]) -> list[str]:
    """The matched lines, each once, without the blanks around them."""
    lines = sorted({line for covered in places for line in covered})
    return [text for line in lines if (text := code.lines[line].text.strip())]


def _lines(code: Code, covered: tuple[int, ...]) -> tuple[ShownLine, ...]:
    if not covered:
        return ()
    first, last = max(0, covered[0] - CONTEXT), min(len(code.lines) - 1, covered[-1] + CONTEXT)
    matched = set(covered)
    return tuple(
        ShownLine(cell=code.lines[n].cell, text=plain_text(code.lines[n].text, 300), matched=n in matched)
        for n in range(first, last + 1)
    )


def data_reuse(
    marks: Iterable[SubmissionMarks], expected: Mapping[str, Mapping[str, Value]]
) -> tuple[ReusedAnswer, ...]:
    """Which numbers follow from another student's data instead of the student's own?

    Parameters
    ----------
    marks : iterable of SubmissionMarks
        Their answers as given; those that are not a single number are passed over, for a word fits half the class.
    expected : mapping
        By student and answer, what the model solution gives with that student's variant of the data.

    Returns
    -------
    tuple of ReusedAnswer
        Empty where all students have the same data.
    """
    given = {
        one.student: {
            answer.name: value
            for mark in one.questions
            for answer in mark.answers
            if answer.outcome != "right" and (value := number_in(answer.given)) is not None
        }
        for one in marks
    }
    return reused_answers(given, expected)


def number_in(text: str) -> float | None:
    """The number that a text is, if it is one and nothing else."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace("−", "-"))
    return value if math.isfinite(value) else None
