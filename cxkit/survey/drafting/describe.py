"""What is in a file of answers, and a draft of the instrument that was used: to be checked by a person."""

from __future__ import annotations

import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cxkit.errors import Problems, SurveyError, counted
from cxkit.files import write_atomically
from cxkit.survey.drafting.asking import Ask, mean_no_answer, questions_of
from cxkit.survey.drafting.column import Column
from cxkit.survey.drafting.draft import Draft, draft
from cxkit.survey.drafting.groups import Group
from cxkit.survey.drafting.left import by_hand
from cxkit.survey.drafting.scale import Scale
from cxkit.survey.drafting.toml_text import entry, written
from cxkit.survey.instrument import Instrument, fold_name
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.matching import ColumnFinder
from cxkit.survey.readers.kinds import SYSTEMS
from cxkit.survey.responses import find_responses
from cxkit.survey.tables import Table, read_table

LONGEST_KEY = 12
_TITLES = {system.key: system.title for system in SYSTEMS} | {"spss": "SPSS", "stata": "Stata"}
_MATRIX = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """What is in a file, and a draft of the instrument.

    Attributes
    ----------
    draft
        What the columns seem to be.
    path
        The file.
    reading
        How it is written, as far as that was said.
    """

    draft: Draft
    path: Path
    reading: Mapping[str, object]

    @property
    def toml(self) -> str:
        """The instrument as a TOML file; what needs a person's answer stands in it under `check`."""
        return self._toml_for(self.path)

    def _toml_for(self, path: Path) -> str:
        return "\n".join(_toml(self.draft, path, self.reading)) + "\n"

    @cached_property
    def instrument(self) -> Instrument:
        """The instrument as drafted."""
        return instrument_from(tomllib.loads(self.toml), where="the draft")

    @property
    def text(self) -> str:
        """What was found, in sentences."""
        return "\n".join(_sentences(self.draft, self.instrument))

    def __str__(self) -> str:
        return self.text

    def write(self, path: str | Path) -> Path:
        """Write the draft as a TOML file.

        Raises
        ------
        SurveyError
            If there is a file of that name already, which may hold somebody's answers to its questions.
        """
        target = Path(path)
        if target.exists():
            raise SurveyError(f"{target} exists already; name another file, or move it away.")
        beside = Path(os.path.relpath(self.path, target.parent))
        return write_atomically(target, self._toml_for(beside), error=SurveyError)


def describe_file(
    path: str | Path,
    *,
    kind: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
) -> FileDescription:
    """What is in this file of answers, and which instrument was used?

    Parameters
    ----------
    path
        A file that `read_survey` reads.
    kind, delimiter, encoding, sheet, header_row
        How the file is written, as in `read_survey`; found out where not given.

    Returns
    -------
    FileDescription
        The draft of an instrument with its questions, scales, groups of items and the columns about respondents.
        Whatever was guessed stands under `check` as a question; nothing of it is certain before somebody confirms it.

    Raises
    ------
    SurveyError
        If the file cannot be read, or has no question on a scale.
    """
    file = Path(path)
    table = read_table(
        file, known=(), delimiter=delimiter, encoding=encoding, sheet=sheet, header_row=header_row, kind=kind
    )
    found = draft(_of_respondents(table))
    if not found.groups and not found.singles:
        raise SurveyError(
            f"{file.name} has no two columns with answers on one scale, so there is nothing to draft an instrument "
            f"from: {_list_left(found.left)}. {_instead(found)}"
        )
    reading: dict[str, object] = {
        "kind": kind,
        "delimiter": delimiter,
        "encoding": encoding,
        "sheet": sheet,
        "header_row": header_row,
    }
    if any(role.role == "weight" and role.column.filled.str.contains(",").any() for role in found.roles):
        reading["decimal"] = ","
    said = {name: value for name, value in reading.items() if value is not None}
    return FileDescription(draft=found, path=file, reading=said)


def _of_respondents(table: Table) -> Table:
    """The table without previews, tests and unfinished responses."""
    problems = Problems(table.source)
    responses = find_responses(table, (), (), "drop", problems)
    if problems:
        problems.raise_as(SurveyError)
    return table.without(*responses.left_out)


def _sentences(found: Draft, instrument: Instrument) -> Iterator[str]:
    table = found.table
    system = _TITLES[table.kind]
    yield f"{table.source}: {'an export of ' if table.kind != 'plain' else ''}{system}. {table.ledger.text}"
    for dimension in instrument.dimensions:
        turned = [item.key for item in dimension.items if item.reversed]
        reverse = f"; probably reversed: {', '.join(turned)}" if turned else ""
        yield f"{dimension.title}: {counted(len(dimension.items), 'item')} on the scale {dimension.scale}{reverse}."
    for single in instrument.singles:
        yield f"{single.key}: {single.measure}, '{single.text}'."
    for role in found.roles:
        yield f"{role.role}: the column '{role.column.name}'."
    if found.left:
        yield f"Not used: {_list_left(found.left)}."
    open_ones = len(instrument.open_questions)
    yield f"{counted(open_ones, 'question')} to answer, each under `check` in the draft; `cxkit check` lists them."


def _list_left(left: Mapping[str, str]) -> str:
    return "; ".join(f"'{name[:60]}' ({reason})" for name, reason in left.items())


def _instead(found: Draft) -> str:
    """What to do where no instrument can be drafted."""
    lines = by_hand(found.columns)
    elsewhere = "If a header row stands elsewhere, say header_row=..."
    if not lines:
        return elsewhere
    return (
        f"{elsewhere} If the columns below are items all the same, describe them by hand (docs/instrument.md shows "
        f"how): save these lines as a .toml file and complete them.\n\n{lines}"
    )


def _toml(found: Draft, file: Path, reading: Mapping[str, object]) -> Iterator[str]:
    """The lines of the draft."""
    stem = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", file.stem).casefold()).strip("_") or "study"
    yield f"# A draft, made from {file.name}. Each `check` is a question: correct what is wrong, then delete it."
    yield entry("name", stem)
    yield entry("title", file.stem.replace("_", " ").capitalize())
    yield entry("citation", "not stated")
    yield entry("licence", "not stated")
    yield entry("file", file.as_posix())
    yield entry("check", "Whose questionnaire is this? Fill in title, citation and licence.")
    scales = _scales(found)
    for place, (name, (scale, columns)) in enumerate(scales.items()):
        yield ""
        yield from _scale_lines("[scale]" if place == 0 else f"[scales.{name}]", scale, columns)
    yield from _role_lines(found)
    if reading:
        yield ""
        yield "[reading]"
        for name, value in reading.items():
            yield entry(name, value)
    default = next(iter(scales))
    keys = _Keys(ColumnFinder(found.table))
    for number, one in enumerate(found.groups, start=1):
        yield from _dimension_lines(one, number, len(found.groups), keys, _scale_name(one.columns[0], scales, default))
    for single in found.singles:
        yield ""
        yield "[[single]]"
        for name, value in keys.named(single.column, "single").items():
            yield entry(name, value)
        yield entry("measure", single.measure)
        scale_name = _scale_name(single.column, scales, default)
        if scale_name:
            yield entry("scale", scale_name)
        yield entry("check", f"Is this a question for the {single.measure.upper()}?")


def _all_columns(found: Draft) -> Iterator[Column]:
    for one in found.groups:
        yield from one.columns
    for single in found.singles:
        yield single.column


def _scales(found: Draft) -> dict[str, tuple[Scale, list[Column]]]:
    """The scales by name with their columns, the one of most columns first; missing codes of all that share one."""
    shared: dict[tuple[object, ...], list[Column]] = {}
    for column in _all_columns(found):
        if column.scale is not None:
            shared.setdefault(column.scale.key, []).append(column)
    named = {}
    for number, alike in enumerate(sorted(shared.values(), key=len, reverse=True), start=1):
        scales = [column.scale for column in alike if column.scale is not None]
        missing: dict[str, None] = {}
        for scale in scales:
            missing |= dict.fromkeys(scale.missing)
        named[f"scale{number}"] = (replace(scales[0], missing=tuple(missing)), alike)
    return named


def _scale_name(column: Column, scales: Mapping[str, tuple[Scale, list[Column]]], default: str) -> str:
    """The name under which a column's scale stands, blank for the one that needs none."""
    for name, (scale, _) in scales.items():
        if column.scale is not None and scale.key == column.scale.key:
            return "" if name == default else name
    return ""


def _scale_lines(head: str, scale: Scale, columns: list[Column]) -> Iterator[str]:
    yield head
    yield entry("low", scale.low)
    yield entry("high", scale.high)
    if scale.labels:
        yield entry("labels", scale.labels)
    if scale.codes:
        yield entry("codes", scale.codes)
    missing = [int(code) if re.fullmatch(r"-?\d+", code) else code for code in scale.missing]
    if missing:
        yield entry("missing_codes", missing)
    asks = questions_of(scale, columns)
    questions = [ask.question for ask in asks if ask.question]
    if missing:
        asked = mean_no_answer(missing)
        questions.append(f"{asked[0].upper()}{asked[1:]}?")
    if questions:
        yield entry("check", " ".join(questions))
    for ask in asks:
        yield from _lines_instead(ask, missing)


def _lines_instead(ask: Ask, missing: list[int | str]) -> Iterator[str]:
    """The lines that correct a scale, as comments that need but their # taken away."""
    if not ask.instead:
        return
    yield f"# {' '.join(ask.when.split())}, put these lines in place of the same lines above:"
    for name, value in ask.instead.items():
        further = [*missing, *value] if name == "missing_codes" and isinstance(value, list) else value
        yield f"# {entry(name, further)}"


def _role_lines(found: Draft) -> Iterator[str]:
    if not found.roles:
        return
    yield ""
    yield "[respondent]"
    for role in found.roles:
        described: dict[str, object] = {"column": role.column.name}
        if role.order:
            described["order"] = list(role.order)
        if role.check:
            described["check"] = role.check
        yield entry(role.role, described)


def _dimension_lines(one: Group, number: int, of: int, keys: _Keys, scale_name: str) -> Iterator[str]:
    stem = " ".join(one.columns[0].question.stem.split())
    own = one.code or (f"Part {number}" if of > 1 else "All items")
    title = f"{own}: {stem}" if stem else own
    yield ""
    yield "[[dimension]]"
    key = keys.free(re.sub(r"\W+", "_", own).strip("_").casefold() or f"part{number}")
    yield entry("key", key)
    yield entry("title", title)
    if scale_name:
        yield entry("scale", scale_name)
    why = "their answers go together" if one.is_split else "they were asked together"
    check = f"Do these items measure one thing ({why})? Give it a title and a key."
    if one.columns[0].scale is not None and one.columns[0].scale.kind == "numbers":
        check += ' Is a high number the better answer? If not, say higher_is = "worse".'
    if one.opposed:
        texts = {column.name: f"'{' '.join(column.text.split())}'" for column in one.columns}
        halves = " against ".join(", ".join(map(texts.__getitem__, half)) for half in one.opposed)
        check += f" Their answers run against each other ({halves}): which of them need reversed = true?"
    yield entry("check", check)
    yield "items = ["
    for column in one.columns:
        item = keys.named(column, key)
        if column.name in one.turned:
            item |= {"reversed": True, "check": "Its answers run against the others: is it worded against them?"}
        yield f"  {written(item)},"
    yield "]"


class _Keys:
    """Keys of items that nobody has used: the column's name or code where it is short, else a number."""

    def __init__(self, finder: ColumnFinder) -> None:
        self.finder = finder
        self.used: set[str] = set()

    def named(self, column: Column, family: str) -> dict[str, object]:
        """Key and text of an item, and its column where neither of them finds it."""
        short = min((column.name, *column.question.names), key=len)
        key = re.sub(r"\W+", "_", short).strip("_")
        if len(short) > LONGEST_KEY or " " in short or not _MATRIX.fullmatch(key) or fold_name(key) in self.used:
            key = self._numbered(family)
        self.used.add(fold_name(key))
        item: dict[str, object] = {"key": key, "text": column.text}
        by_key = self.finder.named(key)
        if by_key != [column.name] and (by_key or self.finder.asking(column.text) != [column.name]):
            item["column"] = short if self.finder.named(short) == [column.name] else column.name
        return item

    def free(self, name: str) -> str:
        """The name, or with a number what nobody uses: neither a column nor a dimension before it."""
        if fold_name(name) in self.used or self.finder.named(name):
            return self._numbered(name)
        self.used.add(fold_name(name))
        return name

    def _numbered(self, family: str) -> str:
        number = 1
        while fold_name(f"{family}_{number}") in self.used or self.finder.named(f"{family}_{number}"):
            number += 1
        return f"{family}_{number}"
