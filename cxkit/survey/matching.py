"""Which column of a file answers which item: by its name, a code that the survey system gives it, or its question."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cxkit.errors import Problems, SurveyError, closest, counted, nearest
from cxkit.survey.instrument import Instrument, Item, fold_name, fold_words
from cxkit.survey.tables import Table

SPARE_SHOWN = 12
MATCHES_SHOWN = 4


@dataclass(frozen=True, eq=False)
class ColumnFinder:
    """Looks columns of one table up."""

    table: Table

    def named(self, name: str) -> list[str]:
        """The columns of that name, whatever its case and blanks; where there is none, those of another such name."""
        return self._folded.get(fold_column(name)) or self._others.get(fold_column(name), [])

    def asking(self, text: str) -> list[str]:
        """The columns of a question, whatever its capitals and punctuation, alone or behind its stem."""
        return self._texts.get(fold_text(text), [])

    def only(self, name: str) -> str:
        """The column that a name or a question means; the name itself where none or several can be meant."""
        if name in self.table.cells.columns:
            return name
        meant = self.named(name) or self.asking(name)
        return meant[0] if len(meant) == 1 else name

    @cached_property
    def _folded(self) -> Mapping[str, list[str]]:
        columns = self.table.cells.columns
        return _listed(zip(map(fold_column, columns), columns, strict=True))

    @cached_property
    def _others(self) -> Mapping[str, list[str]]:
        pairs = []
        for question in self.table.questions:
            pairs += [(fold_column(name), question.column) for name in question.names]
        return _listed(pairs)

    @cached_property
    def _texts(self) -> Mapping[str, list[str]]:
        pairs = []
        for question in self.table.questions:
            if not question.is_own:
                written = ["", question.text, f"{question.stem} {question.text}", *question.names]
                pairs += [(text, question.column) for text in dict.fromkeys(map(fold_text, written))]
        found = _listed(pairs)
        found.pop("", None)  # a question without words
        return found


def fold_column(name: str) -> str:
    """A name without capitals and blanks, its accents in one form."""
    return fold_name(unicodedata.normalize("NFC", name))


def fold_text(text: str) -> str:
    """The letters and digits of a question."""
    return fold_words(unicodedata.normalize("NFC", text))


def _listed(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, column in pairs:
        found.setdefault(key, []).append(column)
    return found


def names_in_files(instrument: Instrument) -> list[str]:
    """What a header can hold of an instrument: keys, columns and questions."""
    listed = instrument.items.values()
    return [name for item in listed for name in (item.column or item.key, item.text)]


def renamed(table: Table, rename: Mapping[str, str], problems: Problems) -> Table:
    """The table under the names of `rename`; names that no column has, and names for several, go to `problems`."""
    finder = ColumnFinder(table)
    names = {}
    for column, new in rename.items():
        found = [column] if column in table.cells.columns else finder.named(column)
        if len(found) == 1:
            names[found[0]] = new
        elif found:
            problems.add(f"rename: '{column}' could be {_either(found)}.")
        else:
            problems.add(f"rename: there is no column '{column}'.{nearest(column, table.cells.columns)}")
    renamed_table = table.renamed(names)
    columns = renamed_table.cells.columns
    doubled = list(dict.fromkeys(columns[columns.duplicated()]))
    if doubled:
        problems.add(
            f"rename gives {counted(len(doubled), 'name')} to more than one column.",
            [f"'{name}'" for name in doubled],
            "every column needs a name of its own.",
        )
        problems.raise_as(SurveyError)
    return renamed_table


@dataclass(frozen=True, kw_only=True)
class ItemColumns:
    """Item key to column name, and sentences on what was matched by its question."""

    columns: Mapping[str, str]
    notes: tuple[str, ...]


def item_columns(table: Table, instrument: Instrument, claimed: Collection[str], problems: Problems) -> ItemColumns:
    """The column of each item; a survey need not ask every single item.

    An item's `column` counts first, or else its key; where no column has that name, its question.
    """
    finder = ColumnFinder(table)
    columns: dict[str, str] = {}
    missing = []
    by_text = []
    for key, item in instrument.items.items():
        found = finder.named(item.column or key)
        if not found and not item.column:
            found = finder.asking(item.text)
            if len(found) == 1:
                by_text.append(key)
        if not found:
            missing.append(key)
        elif _may_stand(key, found, claimed, problems):
            columns[key] = found[0]
    _refuse_shared(columns, problems)
    _refuse_missing(missing, instrument, table, {*claimed, *columns.values()}, bool(columns), problems)
    return ItemColumns(columns=columns, notes=tuple(_matches(by_text, columns)))


def _may_stand(key: str, found: list[str], claimed: Collection[str], problems: Problems) -> bool:
    if len(found) > 1:
        problems.add(f"Item {key} could be {_either(found)}.", remedy=_tell_apart(key, found))
    elif found[0] in claimed:
        problems.add(f"The column '{found[0]}' holds item {key}; it cannot describe the respondents as well.")
    else:
        return True
    return False


def _either(columns: Iterable[str]) -> str:
    return "the columns " + " and ".join(f"'{column}'" for column in columns)


def _tell_apart(key: str, found: list[str]) -> str:
    return f"rename all but one of them in the file, or say which in the instrument: column = '{found[0]}' in {key}."


def _refuse_shared(columns: Mapping[str, str], problems: Problems) -> None:
    """Refuse a column that would answer two items."""
    for column, keys in _listed(zip(columns.values(), columns, strict=True)).items():
        if len(keys) > 1:
            problems.add(
                f"The column '{column}' would answer the items {' and '.join(keys)}.",
                remedy="name the column of each in the instrument: column = '...' in the item.",
            )


def _refuse_missing(
    missing: list[str], instrument: Instrument, table: Table, taken: set[str], has_any: bool, problems: Problems
) -> None:
    required = [item.key for dimension in instrument.dimensions for item in dimension.items]
    if has_any or required:
        missing = [key for key in missing if key in required or instrument.items[key].column]
    if not missing:
        return
    of = counted(len(required or instrument.items), "item")
    own = {question.column for question in table.questions if question.is_own}
    spare = [column for column in table.cells.columns if column not in taken | own]
    problems.add(
        f"{len(missing):,} of {of} of '{instrument.name}' without a column.",
        [f"{_wanted(instrument.items[key])}: no such column.{closest(key, spare)}" for key in missing],
        f"correct the names in the file, or say rename={{'<column>': '<item>'}}{_unused(spare)}.{_read_below(table)}",
    )


def _wanted(item: Item) -> str:
    return f"{item.key} (column '{item.column}')" if item.column else item.key


def _unused(columns: list[str]) -> str:
    if not columns:
        return ""
    return f"; not used yet: {', '.join(columns[:SPARE_SHOWN])}{', ...' if len(columns) > SPARE_SHOWN else ''}"


def _read_below(table: Table) -> str:
    """Where the names of a plain table were read, if not in the first row."""
    row = max(table.ledger.header, default=1) if table.kind == "plain" else 1
    return "" if row == 1 else f". The names were read in row {row}; if they stand elsewhere, say header_row=..."


def _matches(keys: list[str], columns: Mapping[str, str]) -> list[str]:
    shown = [f"{key} in '{columns[key]}'" for key in keys if key in columns]
    if not shown:
        return []
    more = ", ..." if len(shown) > MATCHES_SHOWN else ""
    return [f"{counted(len(shown), 'item')} found by the question: {', '.join(shown[:MATCHES_SHOWN])}{more}."]
