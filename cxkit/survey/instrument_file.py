"""From the description of an instrument in a TOML file, written once and by hand, to an Instrument.

`docs/instrument.md` shows every key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cxkit.errors import InstrumentError, Problems, nearest
from cxkit.survey.description import is_complete, well_formed
from cxkit.survey.instrument import (
    ANSWERS,
    LOW_IS_GOOD,
    MEASURES,
    READ_TWICE,
    AnswerScale,
    Dimension,
    HigherIs,
    HigherOrder,
    Instrument,
    Item,
    Kind,
    fold_name,
)
from cxkit.survey.labels import Code, exact_wordings, find_collisions, fold_label, plain_words, printed
from cxkit.survey.reading_options import OPTIONS


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


def open_questions(described: Mapping[str, Any]) -> Iterator[str]:
    """What stands under `check` in the description and its tables, each with its place."""
    places: list[tuple[str, Any]] = [("", described), ("[scale]", described.get("scale", {}))]
    places += [(f"[scales.{name}]", scale) for name, scale in described.get("scales", {}).items()]
    for kind, called in (("dimension", "dimension"), ("single", "single item")):
        for table in described.get(kind, ()):
            places.append((f"{called} {table.get('key')}", table))
            places += [(f"item {item.get('key')}", item) for item in table.get("items", ())]
    places += [(f"[respondent] {role}", entry) for role, entry in described.get("respondent", {}).items()]
    for place, table in places:
        if isinstance(table, Mapping) and table.get("check"):
            yield f"{place}: {table['check']}" if place else str(table["check"])


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
        respondent = self.respondent(table.get("respondent", {}))
        reading = self.reading(table.get("reading", {}))
        if self.problems:
            self.problems.raise_as(InstrumentError)
        about = ("name", "title", "citation", "licence", "version", "language", "status", "source", "file")
        words = {key: str(table[key]) for key in about if key in table}
        return Instrument(
            dimensions=dimensions, singles=singles, higher_order=higher, respondent=respondent, reading=reading,
            open_questions=tuple(open_questions(table)), **words,
        )  # fmt: skip

    def respondent(self, described: Mapping[str, Any]) -> Mapping[str, str | Mapping[str, Any]]:
        """Role to column, or to a table with the column; `read_survey` knows the roles."""
        roles: dict[str, str | Mapping[str, Any]] = {}
        for role, entry in described.items():
            if isinstance(entry, str):
                roles[role] = entry
                continue
            table = well_formed(entry, "role", f"[respondent] {role}", self.problems)
            roles[role] = {key: value for key, value in table.items() if key != "check"}
        return MappingProxyType(roles)

    def reading(self, described: Mapping[str, Any]) -> Mapping[str, Any]:
        """Options of `read_survey`, whose values it checks itself."""
        for name in described:
            if name not in OPTIONS:
                self.problems.add(f"[reading]: there is no option '{name}'.{nearest(name, OPTIONS)}")
        return MappingProxyType(dict(described))

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
            if measure not in MEASURES:
                self.problems.add(f"{where}: unknown measure '{measure}'.{nearest(measure, MEASURES)}")
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
