"""What was asked: items, their dimensions, and the scale on which they are answered.

Everything that needs to know which item is reversed or which answers are possible asks it here; `instrument_file.py`
reads the description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from cxkit.errors import InstrumentError, counted, nearest
from cxkit.survey.labels import Code
from cxkit.survey.wording import quoted

Kind = Literal["reflective", "formative"]
HigherIs = Literal["better", "worse"]
ANSWERS = (
    ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods", ".xls", ".xlsb", ".sav", ".zsav", ".por", ".dta",
)  # fmt: skip
"""Endings of files that hold answers."""
LOW_IS_GOOD = " (low is good)"
"""Follows the title of a dimension whose high scores are unfavourable, wherever the title stands."""

Measure = Literal["nps", "enps", "csat", "ces"]
MEASURES = ("nps", "enps", "csat", "ces")
READ_TWICE = (
    " Which of them the file means, nobody could tell: choose other words, or number the scale as its labels say"
    " (low = 0 where the labels are 0, 1, 2, ...)."
)


@dataclass(frozen=True, kw_only=True)
class AnswerScale:
    """The answers that an item can have.

    `low` and `high` are the lowest and highest possible answer, `labels` the words printed beside answers, `wordings`
    these and further words for the same answers, `codes` what the file has in place of answers (`{"A1": 1}`),
    `missing_codes` numbers or words that stand for "no answer". A `continuous` scale (test scores, scale means) takes
    any number between its ends; without ends it takes any number at all and cannot be reversed.
    """

    low: float | None = None
    high: float | None = None
    labels: Mapping[float, str] = field(default_factory=dict)
    missing_codes: tuple[Code, ...] = ()
    continuous: bool = False
    further_labels: Mapping[float, tuple[str, ...]] = field(default_factory=dict)
    codes: Mapping[str, float] = field(default_factory=dict)

    @property
    def wordings(self) -> Mapping[float, tuple[str, ...]]:
        """All words for each answer, the printed label first."""
        return {value: (label, *self.further_labels.get(value, ())) for value, label in self.labels.items()}

    @property
    def is_bounded(self) -> bool:
        """Whether both ends of the scale are known."""
        return self.low is not None and self.high is not None

    @property
    def points(self) -> int | None:
        """How many different answers there are; None for a continuous scale."""
        if self.continuous or self.low is None or self.high is None:
            return None
        return int(self.high - self.low) + 1

    def __str__(self) -> str:
        if not self.is_bounded:
            return "any number"
        ends = f"{self.low:g}-{self.high:g}"
        return f"{ends} (continuous)" if self.continuous else ends


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question, as the respondent read it. `reversed` items are worded against their dimension.

    `column` names the column of the file where that is not the key.
    """

    key: str
    text: str
    scale: AnswerScale
    reversed: bool = False
    measure: Measure | None = None
    column: str = ""

    @property
    def quoted(self) -> str:
        """The wording within a sentence about answers that are turned round where the item is reversed."""
        return quoted(self.text, turned=self.reversed)


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """Items that are averaged into one score.

    `kind` is "reflective" where the items are symptoms of the dimension (they should correlate) and "formative" where
    they make it up, as the topics of an audit do (reliability and factor analysis do not apply to those). `higher_is`
    is "worse" where a low score is the favourable one, as for complaints or stress; the title then says so.
    """

    key: str
    title: str
    items: tuple[Item, ...]
    definition: str = ""
    kind: Kind = "reflective"
    higher_is: HigherIs = "better"

    @property
    def name(self) -> str:
        """The title as the instrument gives it, without a word on direction."""
        return self.title.removesuffix(LOW_IS_GOOD) if self.higher_is == "worse" else self.title

    @property
    def item_keys(self) -> list[str]:
        """The keys of the items, in the order of the instrument."""
        return [item.key for item in self.items]

    @property
    def scale(self) -> AnswerScale:
        """The answer scale that all items of the dimension share."""
        return self.items[0].scale


@dataclass(frozen=True, kw_only=True)
class HigherOrder:
    """A construct above the dimensions, such as customer culture above its eight disciplines."""

    key: str
    title: str
    dimensions: tuple[str, ...]
    definition: str = ""
    kind: Kind = "reflective"


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A questionnaire: its dimensions with their items, its single items, and where it comes from.

    Attributes
    ----------
    file
        The file of answers that it was described for; "" if none is named.
    respondent, reading
        What `read_survey` takes for such files where the caller says nothing else: which columns describe the
        respondents, and how the file is written.
    open_questions
        What whoever drafted the description was unsure of, each with its place.
    """

    name: str
    title: str
    citation: str
    licence: str
    dimensions: tuple[Dimension, ...]
    singles: tuple[Item, ...] = ()
    higher_order: tuple[HigherOrder, ...] = ()
    version: str = ""
    language: str = "en"
    status: str = ""
    source: str = ""
    file: str = ""
    respondent: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    open_questions: tuple[str, ...] = ()

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item by key: those of the dimensions first, then the single items."""
        listed = [item for dimension in self.dimensions for item in dimension.items]
        return MappingProxyType({item.key: item for item in [*listed, *self.singles]})

    @property
    def dimension_keys(self) -> list[str]:
        """The keys of the dimensions, in the order of the instrument."""
        return [dimension.key for dimension in self.dimensions]

    def dimension(self, key: str) -> Dimension:
        """The dimension of that key.

        Raises
        ------
        InstrumentError
            If there is none; the nearest key is offered.
        """
        for dimension in self.dimensions:
            if dimension.key == key:
                return dimension
        raise InstrumentError(f"Instrument '{self.name}' has no dimension '{key}'.{nearest(key, self.dimension_keys)}")

    def __str__(self) -> str:
        n_items = sum(len(dimension.items) for dimension in self.dimensions)
        parts = [
            counted(len(self.dimensions), "dimension") if self.dimensions else "",
            counted(n_items, "item") if self.dimensions else "",
            counted(len(self.singles), "single item") if self.singles else "",
        ]
        status = f" Status: {self.status}." if self.status else ""
        return f"{self.title}: {', '.join(part for part in parts if part)}.{status} Licence: {self.licence}."


def fold_name(name: str) -> str:
    """A column or item name without what people write differently: capitals and blanks."""
    return "".join(name.casefold().split())


def fold_words(words: str) -> str:
    """The letters and digits of an answer in words, in lower case; the words themselves if they have none, as "++"."""
    return "".join(character for character in words.casefold() if character.isalnum()) or words
