"""The header of a file: what each column is called, the question as people read it, and who put the column there."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

Rows = Sequence[Sequence[str]]
"""The header row of a file and some rows below it, without blanks round the cells."""


NO_ROW = 10_000
"""A row that no header has: its cells are empty."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One column of a file.

    Attributes
    ----------
    column
        Its name in the table: as the file has it, and no other column's.
    text
        The question as people read it; of a question in rows, the row alone.
    stem
        What a question in rows asks above all of them.
    names
        Other names by which the column may be called, such as a code; the name before it was told from its double.
    labels
        Numbers of the file to their words, where the file says so.
    is_own
        Whether the system itself adds the column, as it adds the time of the answers.
    """

    column: str
    text: str = ""
    stem: str = ""
    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class Header:
    """The columns of a file in their order, and how many rows tell of them; a column without a name is called ""."""

    questions: tuple[Question, ...]
    rows: int = 1

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [question.column for question in self.questions]


@dataclass(frozen=True, kw_only=True)
class System:
    """A survey system whose files can be told from others.

    `recognises` and `read_header` take the header row and what stands below it.
    """

    key: str
    title: str
    recognises: Callable[[Rows], bool]
    read_header: Callable[[Rows], Header]


def fold_sign(name: str) -> str:
    """A name by which a system is recognised, without capitals, blanks and accents."""
    bare = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in bare.casefold() if not sign.isspace() and not unicodedata.combining(sign))


def count_signs(cells: Iterable[str], signs: Iterable[str]) -> int:
    """How many of the signs of a system stand among some cells."""
    return len(set(map(fold_sign, cells)) & set(signs))


def row_of(rows: Rows, number: int) -> Sequence[str]:
    """One of the rows, as long as the first; empty cells where there is none."""
    width = len(rows[0])
    row: list[str] = list(*rows[number : number + 1])[:width]
    return row + [""] * (width - len(row))


def named_once(questions: Iterable[Question]) -> tuple[Question, ...]:
    """The same columns, each with a name of its own: doubles are told apart by their places.

    A name that belonged to several stays among the `names` of each, so that whoever asks for it learns of all.
    Questions stand on one line, whatever line ends they have on the page of the survey.
    """
    listed = [
        replace(question, text=" ".join(question.text.split()), stem=" ".join(question.stem.split()))
        for question in questions
    ]
    count = Counter(question.column for question in listed)
    told = []
    for place, question in enumerate(listed, start=1):
        name = question.column
        if not name or count[name] == 1:
            told.append(question)
            continue
        own = Question(
            column=f"{name} (column {place})",
            text=question.text or name,
            stem=question.stem,
            names=(*question.names, name),
            is_own=question.is_own,
        )
        told.append(own)
    return tuple(told)


def split_row(header: str) -> tuple[str, str]:
    """The stem and the row of "How much do you agree? [My order arrives.]"; no stem where there are no brackets."""
    text = header.strip()
    if not text.endswith("]") or "[" not in text:
        return "", text
    stem, _, row = text[:-1].rpartition(" [")
    return (stem.strip(), row.strip()) if stem and row.strip() else ("", text)
