"""What was asked: items, their dimensions, and the scale on which they are answered.

An instrument is described once, by hand, in a TOML file (`docs/instrument.md` shows every key); everything that needs
to know which item is reversed or which answers are possible asks it here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cxkit.errors import InstrumentError, Problems, counted, nearest

Kind = Literal["reflective", "formative"]
Measure = Literal["nps", "enps", "csat", "ces"]

_KEYS = {
    "instrument": {
        "name", "title", "version", "language", "status", "citation", "licence", "source", "scale", "scales",
        "dimension", "single", "higher_order",
    },
    "scale": {"low", "high", "labels", "missing_codes", "continuous"},
    "dimension": {"key", "title", "definition", "kind", "scale", "items"},
    "item": {"key", "text", "reversed"},
    "single": {"key", "text", "scale", "measure"},
    "higher_order": {"key", "title", "definition", "kind", "dimensions"},
}  # fmt: skip
_REQUIRED = {
    "instrument": ("name", "title", "citation", "licence"),
    "scale": (),
    "dimension": ("key", "title", "items"),
    "item": ("key", "text"),
    "single": ("key", "text", "measure"),
    "higher_order": ("key", "title", "dimensions"),
}


@dataclass(frozen=True, kw_only=True)
class AnswerScale:
    """The answers that an item can have.

    `low` and `high` are the lowest and highest possible answer, `labels` the words printed beside answers,
    `missing_codes` numbers that stand for "no answer". A `continuous` scale (test scores, scale means) takes any number
    between its ends; without ends it takes any number at all and cannot be reversed.
    """

    low: float | None = None
    high: float | None = None
    labels: Mapping[float, str] = field(default_factory=dict)
    missing_codes: tuple[float, ...] = ()
    continuous: bool = False

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
    """One question, as the respondent read it. `reversed` items are worded against their dimension."""

    key: str
    text: str
    scale: AnswerScale
    reversed: bool = False
    measure: Measure | None = None


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """Items that are averaged into one score.

    `kind` is "reflective" where the items are symptoms of the dimension (they should correlate) and "formative" where
    they make it up, as the topics of an audit do (reliability and factor analysis do not apply to those).
    """

    key: str
    title: str
    items: tuple[Item, ...]
    definition: str = ""
    kind: Kind = "reflective"

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
        If the file is missing or not TOML, or with every problem of its content at once: unknown or missing keys, keys
        used twice, a reversed item on a scale without ends, labels off the scale, mixed scales in a dimension.
    """
    file = Path(path)
    try:
        described = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        beside = [p.name for p in file.parent.glob("*.toml")] if file.parent.is_dir() else []
        raise InstrumentError(f"There is no instrument file {file}.{nearest(file.name, beside)}") from None
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{file} is not UTF-8 text ({error.reason}); save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise InstrumentError(f"{file} is not valid TOML: {error}.") from None
    return instrument_from(described, where=file.name)


def instrument_from(described: Mapping[str, Any], *, where: str) -> Instrument:
    """Build an instrument from its description as a mapping; `where` names the source in errors."""
    return _Builder(where).build(described)



class _Builder:
    """Turns a parsed description into an Instrument, collecting every problem on the way."""

    def __init__(self, where: str) -> None:
        self.problems = Problems(where)
        self.seen: dict[str, str] = {}

    def build(self, described: Mapping[str, Any]) -> Instrument:
        self.check_keys(described, "instrument", "the top level")
        if not described.get("dimension") and not described.get("single"):
            self.problems.add("the top level: neither [[dimension]] nor [[single]]; an instrument asks something.")
        default = self.scale(described.get("scale", {}), "[scale]")
        scales = {name: self.scale(table, f"[scales.{name}]") for name, table in described.get("scales", {}).items()}
        dimensions = tuple(self.dimensions(described, default, scales))
        singles = tuple(self.singles(described, default, scales))
        higher = tuple(self.higher_order(described, [d.key for d in dimensions]))
        if self.problems:
            self.problems.raise_as(InstrumentError)
        about = ("name", "title", "citation", "licence", "version", "language", "status", "source")
        words = {key: str(described[key]) for key in about if key in described}
        return Instrument(dimensions=dimensions, singles=singles, higher_order=higher, **words)

    def check_keys(self, table: Mapping[str, Any], kind: str, where: str) -> bool:
        """Note unknown and missing keys; True if nothing required is missing."""
        for key in table:
            if key not in _KEYS[kind]:
                self.problems.add(f"{where}: unknown key '{key}'.{nearest(key, sorted(_KEYS[kind]))}")
        missing = [key for key in _REQUIRED[kind] if not table.get(key)]
        for key in missing:
            self.problems.add(f"{where}: '{key}' is missing.")
        return not missing

    def claim(self, key: str, where: str) -> None:
        """Every key of a dimension, item or higher-order construct names a column somewhere: it must be unique."""
        if key in self.seen:
            self.problems.add(f"{where}: the key '{key}' is already used by {self.seen[key]}.")
        self.seen.setdefault(key, where)

    def scale(self, table: Mapping[str, Any], where: str) -> AnswerScale:
        self.check_keys(table, "scale", where)
        low, high = table.get("low"), table.get("high")
        if low is not None and high is not None and not low < high:
            self.problems.add(f"{where}: low ({low}) must be below high ({high}).")
        labels = self.labels(table.get("labels", {}), low, high, where)
        codes = tuple(float(code) for code in table.get("missing_codes", ()))
        on_scale = [f"{c:g}" for c in codes if low is not None and high is not None and low <= c <= high]
        if on_scale:
            self.problems.add(f"{where}: missing code {', '.join(on_scale)} lies on the scale {low}-{high}.")
        continuous = bool(table.get("continuous", low is None or high is None))
        return AnswerScale(low=low, high=high, labels=labels, missing_codes=codes, continuous=continuous)

    def labels(self, table: Mapping[str, str], low: Any, high: Any, where: str) -> Mapping[float, str]:
        labels: dict[float, str] = {}
        for answer, label in table.items():
            try:
                value = float(answer)
            except ValueError:
                self.problems.add(f"{where}: the label '{label}' belongs to '{answer}', which is not a number.")
                continue
            if low is not None and high is not None and not low <= value <= high:
                self.problems.add(f"{where}: the label '{label}' belongs to {answer}, off the scale {low}-{high}.")
            labels[value] = str(label)
        return MappingProxyType(labels)

    def named_scale(
        self, table: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale], where: str
    ) -> AnswerScale:
        name = table.get("scale")
        if name is None:
            return default
        if name not in scales:
            self.problems.add(f"{where}: there is no [scales.{name}].{nearest(str(name), scales)}")
            return default
        return scales[name]

    def dimensions(
        self, described: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale]
    ) -> Iterator[Dimension]:
        for number, table in enumerate(described.get("dimension", ()), start=1):
            where = f"dimension {table.get('key', number)}"
            if not self.check_keys(table, "dimension", where):
                continue
            self.claim(table["key"], where)
            scale = self.named_scale(table, default, scales, where)
            items = tuple(self.items(table["items"], scale, where))
            kind = self.kind(table, where)
            if items:
                yield Dimension(
                    key=table["key"], title=table["title"], items=items, kind=kind, definition=table.get("definition", "")
                )

    def items(self, tables: list[Mapping[str, Any]], scale: AnswerScale, where: str) -> Iterator[Item]:
        for number, table in enumerate(tables, start=1):
            here = f"{where}, item {table.get('key', number)}"
            if not self.check_keys(table, "item", here):
                continue
            self.claim(table["key"], here)
            is_reversed = bool(table.get("reversed", False))
            if is_reversed and not scale.is_bounded:
                self.problems.add(f"{here}: a reversed item needs a scale with low and high.")
            yield Item(key=table["key"], text=table["text"], scale=scale, reversed=is_reversed)

    def singles(
        self, described: Mapping[str, Any], default: AnswerScale, scales: Mapping[str, AnswerScale]
    ) -> Iterator[Item]:
        for number, table in enumerate(described.get("single", ()), start=1):
            where = f"single item {table.get('key', number)}"
            if not self.check_keys(table, "single", where):
                continue
            self.claim(table["key"], where)
            measure = table["measure"]
            known = ("nps", "enps", "csat", "ces")
            if measure not in known:
                self.problems.add(f"{where}: unknown measure '{measure}'.{nearest(str(measure), known)}")
            scale = self.named_scale(table, default, scales, where)
            yield Item(key=table["key"], text=table["text"], scale=scale, measure=measure)

    def higher_order(self, described: Mapping[str, Any], dimensions: list[str]) -> Iterator[HigherOrder]:
        for number, table in enumerate(described.get("higher_order", ()), start=1):
            where = f"higher-order construct {table.get('key', number)}"
            if not self.check_keys(table, "higher_order", where):
                continue
            self.claim(table["key"], where)
            for key in table["dimensions"]:
                if key not in dimensions:
                    self.problems.add(f"{where}: there is no dimension '{key}'.{nearest(str(key), dimensions)}")
            yield HigherOrder(
                key=table["key"],
                title=table["title"],
                dimensions=tuple(table["dimensions"]),
                definition=table.get("definition", ""),
                kind=self.kind(table, where),
            )

    def kind(self, table: Mapping[str, Any], where: str) -> Kind:
        kind = table.get("kind", "reflective")
        if kind not in ("reflective", "formative"):
            self.problems.add(f"{where}: kind is '{kind}'; it must be 'reflective' or 'formative'.")
            return "reflective"
        return kind  # type: ignore[no-any-return]
