"""What stands in the places for written answers, and whether words of the student stand anywhere else?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.source import is_written, questions_of

_BEGINS_WORDS = ("#", "'", '"')


@dataclass(frozen=True)
class Texts:
    """What a student wrote.

    Attributes
    ----------
    by_question : dict
        From a question's id to the text in its place; without those whose place is not in the notebook.
    has_others : bool
        Whether words of the student stand outside these places, where somebody may have put an answer.
    """

    by_question: dict[str, str]
    has_others: bool


def texts_in(cells: Iterable[Any], given: Iterable[Any]) -> Texts:
    """The words in a notebook, without those that were released.

    Parameters
    ----------
    cells : iterable of cell
        The student's, with the metadata that they were released with.
    given : iterable of cell
        The released ones.
    """
    given = list(given)
    released = {_source(cell) for cell in given}
    lines = {key: _source(cell).splitlines() for cell in given if is_written(cell) for key in questions_of(cell)}
    pieces: dict[str, list[str]] = {}
    current: list[str] | None = None
    has_others = False
    for cell in cells:
        text = _source(cell)
        own = _questions(cell)
        if own and is_written(cell):
            current = pieces.setdefault(own[0], [])
            text = text if text in released else _without(text, lines.get(own[0], ()))
        elif own or cell.get("cell_type") != "markdown" or text in released:
            current = None
        if not text or text in released:
            continue
        if current is not None:
            current.append(text)
        elif cell.get("cell_type") != "code" or _is_words(text):
            has_others = True
    return Texts({question: "\n\n".join(texts) for question, texts in pieces.items()}, has_others)


def unanswered(assignment: Assignment, cells: Iterable[Any], given: Iterable[Any]) -> set[str]:
    """The written questions that were surely left open: their places are empty, as they were released, or gone.

    None where the student has written words anywhere else: a person has to see whether they are the answer.
    """
    texts = texts_in(cells, given)
    if texts.has_others:
        return set()
    return {one.id for one in assignment.questions if one.kind == "written" and not texts.by_question.get(one.id)}


def _is_words(code: str) -> bool:
    """Whether a cell of code holds nothing but comments, or a text."""
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    return lines[0].startswith(_BEGINS_WORDS[1:]) or all(line.startswith(_BEGINS_WORDS) for line in lines)


def _without(text: str, released: Iterable[str]) -> str:
    """The lines of a text that were not given with its place, such as the question and "Your answer here".

    Each given line takes out one: whoever writes it again means it.
    """
    given = Counter(line.strip() for line in released if line.strip())
    kept = []
    for line in text.splitlines():
        if given[line.strip()] > 0:
            given[line.strip()] -= 1
        else:
            kept.append(line)
    return "\n".join(kept).strip()


def _questions(cell: Mapping[str, Any]) -> list[str]:
    """As declared in the cell, which a student may have changed into anything."""
    try:
        return [str(one) for one in questions_of(cell)]
    except (TypeError, AttributeError, KeyError):
        return []


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    text = "".join(source) if isinstance(source, list) else str(source)
    return text.replace("\0", "").strip()
