"""A student's answers as they come out of the kernel: strictly read, since whoever runs in there can say anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cxkit.coursework.assignment.data import Answer, Assignment
from cxkit.coursework.marking.collector import LONGEST_TEXT, MOST_CELLS, MOST_CHARACTERS
from cxkit.running.isolation.endings import COLLECTED
from cxkit.running.untrusted import read_json

Cell = float | str | bool | None
_LONGEST_REASON = 200
_MOST_FACTS = 30


@dataclass(frozen=True)
class Number:
    """A number; None where it is missing (NaN)."""

    value: float | None


@dataclass(frozen=True)
class Text:
    """A text or a choice."""

    value: str


@dataclass(frozen=True)
class Series:
    """Values with their labels; no labels where they came as a list.

    `form` is read by `restored` alone, of the model's answers: what labels and the whole were in the notebook.
    """

    labels: tuple[str, ...] | None
    values: tuple[Cell, ...]
    form: str = field(default="", compare=False)


@dataclass(frozen=True)
class Table:
    """Columns of equal length, with labels of rows and columns; `form` as of a series.

    `unread` names what is of no type that is read, and why: ("column", its name, reason), or ("index", "", reason).
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    form: str = field(default="", compare=False)
    unread: tuple[tuple[str, ...], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Figure:
    """What could be seen of a figure."""

    facts: Mapping[str, Cell]


@dataclass(frozen=True)
class Refused:
    """Something that is no answer, and why."""

    reason: str


VARIABLES = "(lambda: 0).__globals__"
"""The notebook's variables, in code that runs among them: by no name, since students may give each another meaning."""

Value = Number | Text | Series | Table | Figure | Refused
Answers = Mapping[str, Value]
"""From the name of an answer to what was left; names that were not there are missing."""


def collecting_code(answers: Iterable[Answer]) -> str:
    """Python that leaves these answers as text in the variable that `run_contained` reads."""
    asked = [[answer.name, answer.type] for answer in answers]
    return (
        "from cxkit.coursework.marking.collector import collect as _cxkit_collect\n"
        f"{COLLECTED} = _cxkit_collect({VARIABLES}, {asked!r})"
    )


def read_answers(text: str, assignment: Assignment) -> dict[str, Value]:
    """What a notebook says that it left.

    Parameters
    ----------
    text : str
        From `collecting_code`, or from whatever a stranger made of it.
    assignment : Assignment
        Whose answers count; everything else is ignored.

    Returns
    -------
    dict
        Values in order; what is malformed is `Refused`. Never raises on account of the text.
    """
    told = _parse_collected(text) or {}
    names = [answer.name for question in assignment.questions for answer in question.answers]
    return {name: _value(told[name]) for name in names if name in told}


def can_be_read(text: str) -> bool:
    """Whether this is what `collecting_code` leaves, with any answers or none."""
    return _parse_collected(text) is not None


def _parse_collected(text: str) -> dict[str, Any] | None:
    if len(text) > MOST_CHARACTERS + 10_000:
        return None
    try:
        told = read_json(text, parse_constant=_no_constant)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


class _Malformed(ValueError):
    """Not what the collector writes."""


def _value(said: Any) -> Value:
    try:
        if not isinstance(said, dict):
            raise _Malformed
        return _READERS[said["kind"]](said)
    except (KeyError, TypeError, ValueError, OverflowError):
        return Refused("it was not handed over as an answer is")


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        number = float(value)
        if not math.isfinite(number):
            raise _Malformed
        # A whole number stays one, as which the model's answers come back; beyond 2**53 not every one is a float
        return value if isinstance(value, int) and abs(value) <= 2**53 else number
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise _Malformed


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) and len(v) <= LONGEST_TEXT for v in values):
        raise _Malformed
    return tuple(values)


def _cells(values: Any) -> tuple[Cell, ...]:
    if not isinstance(values, list) or len(values) > MOST_CELLS:
        raise _Malformed
    return tuple(_cell(value) for value in values)


def _read_number(said: Mapping[str, Any]) -> Value:
    value = _cell(said["value"])
    if isinstance(value, (bool, str)):
        raise _Malformed
    return Number(value)


def _read_text(said: Mapping[str, Any]) -> Value:
    value = _cell(said["value"])
    if value is None:
        return Refused("it is empty")
    if not isinstance(value, str):
        raise _Malformed
    return Text(value)


def _read_series(said: Mapping[str, Any]) -> Value:
    labels = None if said["index"] is None else _texts(said["index"])
    values = _cells(said["values"])
    if labels is not None and len(labels) != len(values):
        raise _Malformed
    return Series(labels, values, _form(said))


def _read_table(said: Mapping[str, Any]) -> Value:
    rows, columns = _texts(said["index"]), _texts(said["columns"])
    cells = said["cells"]
    if not isinstance(cells, list) or len(cells) != len(columns) or len(rows) * len(columns) > MOST_CELLS:
        raise _Malformed
    read = tuple(_cells(column) for column in cells)
    if any(len(column) != len(rows) for column in read):
        raise _Malformed
    unread = said.get("unread", [])
    if not isinstance(unread, list) or len(unread) > MOST_CELLS:
        raise _Malformed
    return Table(rows, columns, read, _form(said), tuple(_parts(one) for one in unread))


def _parts(unread: Any) -> tuple[str, ...]:
    what, name, reason = _texts(unread)
    return what, name, reason[:_LONGEST_REASON]


def _form(said: Mapping[str, Any]) -> str:
    form = said.get("form", "")
    if not isinstance(form, str) or len(form) > MOST_CHARACTERS:
        raise _Malformed
    return form


def _read_figure(said: Mapping[str, Any]) -> Value:
    facts = said["facts"]
    if not isinstance(facts, dict) or len(facts) > _MOST_FACTS:
        raise _Malformed
    return Figure({str(name): _cell(fact) for name, fact in facts.items()})


def _read_refused(said: Mapping[str, Any]) -> Value:
    reason = said["reason"]
    if not isinstance(reason, str):
        raise _Malformed
    return Refused(reason[:_LONGEST_REASON])


_READERS = {
    "number": _read_number,
    "text": _read_text,
    "series": _read_series,
    "table": _read_table,
    "figure": _read_figure,
    "refused": _read_refused,
}
