"""What was asked: items, their dimensions, and the scale on which they are answered.

An instrument is described once, by hand, in a TOML file (`docs/instrument.md` shows every key); everything that needs
to know which item is reversed or which answers are possible asks it here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cxkit.errors import InstrumentError, Problems, counted, nearest
from cxkit.survey.description import KEYS as _KEYS  # noqa: F401
from cxkit.survey.description import is_complete, well_formed
from cxkit.survey.labels import Code, exact_wordings, find_collisions, fold_label, plain_words, printed
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
_MEASURES = ("nps", "enps", "csat", "ces")
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
    """A questionnaire: its dimensions with their items, its single items, and where it comes from."""

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


def read_instrument(path: str | Path) -> Instrument:
    """Read the description of an instrument from a TOML file.

    Parameters
    ----------
    path
        The file. Every key is described in `docs/instrument.md`.

    Raises
    ------
    InstrumentError
        If the file is missing or not TOML, or with every problem of its content at once: unknown or missing keys,
        entries of the wrong form, keys used twice, a reversed item on a scale without ends, labels off the scale.
    """
    file = Path(path)
    if file.suffix.casefold() in ANSWERS and file.is_file():
        raise InstrumentError(
            f"{file.name} looks like a file of answers; the instrument's TOML file is wanted here (in a notebook, in "
            "its parameter instrument_path). Are the two swapped?"
        )
    try:
        described = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError):
        beside = [p.name for p in file.parent.glob("*.toml")] if file.parent.is_dir() else []
        is_name = not file.suffix and str(path) == file.name
        shipped = f" A shipped instrument is read by its name: load_instrument('{file}')." if is_name else ""
        raise InstrumentError(f"There is no instrument file {file}.{nearest(file.name, beside)}{shipped}") from None
    except OSError as error:
        raise InstrumentError(f"{file} cannot be opened: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{file} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise InstrumentError(f"{file} is not valid TOML: {error}.") from None
    return instrument_from(described, where=file.name)


def instrument_from(described: Mapping[str, Any], *, where: str) -> Instrument:
    """Build an instrument from its description as a mapping; `where` names the source in errors."""
    return _Builder(where).build(described)


def fold_name(name: str) -> str:
    """A column or item name without what people write differently: capitals and blanks."""
    return "".join(name.casefold().split())


def fold_words(words: str) -> str:
    """The letters and digits of an answer in words, in lower case; the words themselves if they have none, as "++"."""
    return "".join(character for character in words.casefold() if character.isalnum()) or words


def _as_code_word(code: Code) -> str:
    """A code as one word: 21 and "21" are the same."""
    return plain_words(code if isinstance(code, str) else f"{code:.15g}")


class _Builder:
    """Turns a parsed description into an Instrument, collecting every problem on the way."""

    def __init__(self, where: str) -> None:
        self.problems = Problems(where)
        self.seen: dict[str, str] = {}

    def build(self, described: Mapping[str, Any]) -> Instrument:
        table = well_formed(described, "instrument", "the top level", self.problems)
        if not described.get("dimension") and not described.get("single"):
            self.problems.add("the top level: neither [[dimension]] nor [[single]]; an instrument asks something.")
        default = self.scale(table.get("scale", {}), "[scale]")
        scales = {name: self.scale(entry, f"[scales.{name}]") for name, entry in table.get("scales", {}).items()}
        dimensions = tuple(self.dimensions(table, default, scales))
        singles = tuple(self.singles(table, default, scales))
        higher = tuple(self.higher_order(table))
        if self.problems:
            self.problems.raise_as(InstrumentError)
        about = ("name", "title", "citation", "licence", "version", "language", "status", "source")
        words = {key: str(table[key]) for key in about if key in table}
        return Instrument(dimensions=dimensions, singles=singles, higher_order=higher, **words)

    def entries(
        self, tables: Iterable[Mapping[str, Any]], kind: str, called: str
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The complete tables of one kind, each with its name for messages."""
        for number, described in enumerate(tables, start=1):
            where = f"{called} {described.get('key', number)}"
            table = well_formed(described, kind, where, self.problems)
            if is_complete(table, kind):
                self.claim(table["key"], where)
                yield where, table

    def claim(self, key: str, where: str) -> None:
        """Every key names a column somewhere: it must be unique, whatever its case and blanks."""
        folded = fold_name(key)
        if folded in self.seen:
            self.problems.add(f"{where}: the key '{key}' is already used by {self.seen[folded]}.")
        self.seen.setdefault(folded, where)

    def scale(self, described: Mapping[str, Any], where: str) -> AnswerScale:
        table = well_formed(described, "scale", where, self.problems)
        low, high = table.get("low"), table.get("high")
        continuous = table.get("continuous", low is None and high is None)
        self.check_ends(low, high, continuous, {"low", "high"} & set(described), where)
        codes = tuple(code if isinstance(code, str) else float(code) for code in table.get("missing_codes", ()))
        wordings = self.wordings(table.get("labels", {}), low, high, where)
        self.check_readings(wordings, low, high, codes, where)
        numbers = [code for code in codes if not isinstance(code, str)]
        on_scale = [f"{c:g}" for c in numbers if low is not None and high is not None and low <= c <= high]
        if on_scale:
            lies = "code {} lies" if len(on_scale) == 1 else "codes {} lie"
            self.problems.add(f"{where}: missing {lies.format(', '.join(on_scale))} on the scale {low}-{high}.")
        labels = {value: words[0] for value, words in wordings.items()}
        further = {value: words[1:] for value, words in wordings.items() if words[1:]}
        return AnswerScale(
            low=low, high=high, labels=MappingProxyType(labels), missing_codes=codes, continuous=continuous,
            further_labels=further, codes=self.answer_codes(table.get("codes", {}), low, high, codes, wordings, where),
        )  # fmt: skip

    def check_ends(self, low: float | None, high: float | None, continuous: bool, named: set[str], where: str) -> None:
        if len(named) == 1:
            (there,) = named
            other = "high" if there == "low" else "low"
            self.problems.add(f"{where}: {there} without {other}; give both ends or none.")
        if low is None or high is None:
            return
        if not low < high:
            self.problems.add(f"{where}: low ({low}) must be below high ({high}).")
        elif not continuous and (low % 1 or high % 1):
            self.problems.add(f"{where}: the ends {low} and {high} are not whole numbers; say continuous = true.")

    def wordings(
        self, table: Mapping[str, str | list[str]], low: Any, high: Any, where: str
    ) -> Mapping[float, tuple[str, ...]]:
        """The words for each answer, a single one as a list of one."""
        wordings: dict[float, tuple[str, ...]] = {}
        for answer, words in table.items():
            listed = (words,) if isinstance(words, str) else tuple(words)
            label = listed[0]
            try:
                value = float(answer)
            except ValueError:
                self.problems.add(f"{where}: the label '{label}' belongs to '{answer}', which is not a number.")
                continue
            if low is not None and high is not None and not low <= value <= high:
                self.problems.add(f"{where}: the label '{label}' belongs to {answer}, off the scale {low}-{high}.")
            if value in wordings:
                self.problems.add(
                    f"{where}: the answer {value:g} has two labels, '{wordings[value][0]}' and '{label}'."
                )
            wordings[value] = listed
        return wordings

    def answer_codes(
        self,
        table: Mapping[str, float],
        low: Any,
        high: Any,
        missing: tuple[Code, ...],
        labels: Mapping[float, tuple[str, ...]],
        where: str,
    ) -> Mapping[str, float]:
        """What the file has in place of answers; each stands for one answer on the scale, none for "no answer"."""
        taken = {_as_code_word(code) for code in missing}
        printed_as = exact_wordings(labels)
        for code, answer in table.items():
            if printed_as.get(plain_words(code), answer) != answer:
                self.problems.add(f"{where}: {code} is the code of {answer:g} and the label of another answer.")
            if low is not None and high is not None and not low <= answer <= high:
                self.problems.add(f"{where}: the code {code} belongs to {answer:g}, off the scale {low}-{high}.")
            if _as_code_word(code) in taken:
                self.problems.add(f"{where}: {code} is among codes and among missing_codes.")
        return {code: float(answer) for code, answer in table.items()}

    def check_readings(
        self, labels: Mapping[float, tuple[str, ...]], low: Any, high: Any, codes: tuple[Code, ...], where: str
    ) -> None:
        """Refuse labels by which a cell of the file could be read as either of two answers."""
        answers: dict[str, list[str]] = {}
        for value, label in printed(labels):
            answers.setdefault(fold_label(label), []).append(f"{value:g}")
        doubled = [found for found in answers.values() if len(set(found)) > 1]
        for found in doubled:
            self.problems.add(f"{where}: the answers {' and '.join(found)} have the same label.")
        if not doubled:
            for collision in find_collisions(labels, low, high, codes):
                self.problems.add(f"{where}: the cell {collision}{READ_TWICE}")

    def named_scale(
        self, table: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale], where: str
    ) -> AnswerScale:
        name = table.get("scale")
        if name is None:
            return default
        if name not in scales:
            self.problems.add(f"{where}: there is no [scales.{name}].{nearest(name, scales)}")
            return default
        return scales[name]

    def dimensions(
        self, described: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale]
    ) -> Iterator[Dimension]:
        for where, table in self.entries(described.get("dimension", ()), "dimension", "dimension"):
            scale = self.named_scale(table, default, scales, where)
            items = tuple(self.items(table["items"], scale, where))
            words = {key: table[key] for key in ("key", "title", "definition") if key in table}
            direction = self.direction(table, where)
            if direction == "worse":
                words["title"] += LOW_IS_GOOD
            yield Dimension(items=items, kind=self.kind(table, where), higher_is=direction, **words)

    def direction(self, table: Mapping[str, Any], where: str) -> HigherIs:
        direction = table.get("higher_is", "better")
        if direction == "worse":
            return "worse"
        if direction != "better":
            self.problems.add(f"{where}: higher_is is '{direction}'; it must be 'better' or 'worse'.")
        return "better"

    def items(self, tables: Iterable[Mapping[str, Any]], scale: AnswerScale, where: str) -> Iterator[Item]:
        for here, table in self.entries(tables, "item", f"{where}, item"):
            is_reversed = table.get("reversed", False)
            if is_reversed and not scale.is_bounded:
                self.problems.add(f"{here}: a reversed item needs a scale with low and high.")
            column = table.get("column", "")
            yield Item(key=table["key"], text=table["text"], scale=scale, reversed=is_reversed, column=column)

    def singles(
        self, described: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale]
    ) -> Iterator[Item]:
        for where, table in self.entries(described.get("single", ()), "single", "single item"):
            measure = table["measure"]
            if measure not in _MEASURES:
                self.problems.add(f"{where}: unknown measure '{measure}'.{nearest(measure, _MEASURES)}")
            scale = self.named_scale(table, default, scales, where)
            column = table.get("column", "")
            yield Item(key=table["key"], text=table["text"], scale=scale, measure=measure, column=column)

    def higher_order(self, described: Mapping[str, Any]) -> Iterator[HigherOrder]:
        known = [str(table["key"]) for table in described.get("dimension", ()) if "key" in table]
        for where, table in self.entries(described.get("higher_order", ()), "higher_order", "higher-order construct"):
            for key in table["dimensions"]:
                if key not in known:
                    self.problems.add(f"{where}: there is no dimension '{key}'.{nearest(key, known)}")
            words = {key: table[key] for key in ("key", "title", "definition") if key in table}
            yield HigherOrder(dimensions=tuple(table["dimensions"]), kind=self.kind(table, where), **words)

    def kind(self, table: Mapping[str, Any], where: str) -> Kind:
        kind = table.get("kind", "reflective")
        if kind == "formative":
            return "formative"
        if kind != "reflective":
            self.problems.add(f"{where}: kind is '{kind}'; it must be 'reflective' or 'formative'.")
        return "reflective"
