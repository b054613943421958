"""What experts said of the items before anybody was asked: an input of its own, for judgements are not answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, Problems, SurveyError, closest, counted, nearest
from cxkit.survey.answers import NOT_ANSWERED
from cxkit.survey.codes import Code, read_codes
from cxkit.survey.instrument import Instrument, fold_name, fold_words
from cxkit.survey.shipped_instruments import load_instrument
from cxkit.survey.survey import SHORT_HASH, DataStamp
from cxkit.survey.tables import Table, read_table
from cxkit.without_contents import without_contents

Kind = Literal["essential", "relevance", "assignment"]
KINDS: tuple[str, ...] = get_args(Kind)

OTHER = "(none of them)"
"""The assignment of an item that an expert found to fit no dimension."""

_ESSENTIAL = {
    "essential": 1.0, "yes": 1.0, "y": 1.0, "true": 1.0, "1": 1.0,
    "no": 0.0, "n": 0.0, "false": 0.0, "0": 0.0, "not essential": 0.0, "useful": 0.0, "not necessary": 0.0,
    "useful but not essential": 0.0, "useful, not essential": 0.0, "unnecessary": 0.0,
}  # fmt: skip
_RELEVANCE = {
    "1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0,
    "not relevant": 1.0, "somewhat relevant": 2.0, "quite relevant": 3.0, "highly relevant": 4.0,
}  # fmt: skip
_NO_DIMENSION = ("none", "other", "none of them", "none of these", "elsewhere", "unclear")
_IGNORED = frozenset({"text", "wording", "dimension", "title", "comment", "comments"})
_ITEM_COLUMN, _EXPERT_COLUMN = "item", "expert"
_TAKES = {
    "essential": "essential or not (yes and no, 1 and 0)",
    "relevance": "a whole number from 1 (not relevant) to 4 (highly relevant)",
    "assignment": "the key or title of a dimension, or none",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpertRatings:
    """Judgements of experts on the items of an instrument. Made by `read_expert_ratings`; never changed afterwards.

    Attributes
    ----------
    name
        What to call them in results.
    kind
        "essential" (1 or 0), "relevance" (1 to 4) or "assignment" (the key of a dimension, or `OTHER`).
    instrument
        The instrument whose items were judged.
    judgements
        A row an item that was judged, a column an expert; NaN where an expert passed over an item.
    synthetic
        Whether nobody was asked.
    notes
        What the reader did or noticed, in sentences.
    """

    name: str
    kind: Kind
    instrument: Instrument
    judgements: pd.DataFrame
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())

    __repr__ = without_contents

    def __post_init__(self) -> None:
        object.__setattr__(self, "judgements", self.judgements.copy(deep=False))

    @property
    def items(self) -> list[str]:
        """The keys of the items that were judged, in the order of the instrument."""
        return [str(key) for key in self.judgements.index]

    @property
    def experts(self) -> list[str]:
        """The names of the experts."""
        return [str(name) for name in self.judgements.columns]

    @property
    def item_frame(self) -> pd.DataFrame:
        """A row an item: dimension (its key, "" for a single item), title, item, text, reversed."""
        homes = {item.key: (d.key, d.title) for d in self.instrument.dimensions for item in d.items}
        judged = [self.instrument.items[key] for key in self.items]
        rows = [(*homes.get(item.key, ("", "")), item.key, item.text, item.reversed) for item in judged]
        return pd.DataFrame(rows, columns=["dimension", "title", "item", "text", "reversed"])

    @property
    def stamp(self) -> DataStamp:
        """The name and hash that results carry."""
        cells = [str(cell) for cell in self.judgements.to_numpy().ravel()]
        named = [self.kind, self.instrument.name, self.instrument.version, *self.items, *self.experts, *cells]
        digest = hashlib.sha256("\x1f".join(named).encode()).hexdigest()[:SHORT_HASH]
        return DataStamp(name=self.name, hash=digest, synthetic=self.synthetic)

    def need(self, kind: Kind, analysis: str) -> pd.DataFrame:
        """The judgements, if they are of that kind and two experts gave some.

        Raises
        ------
        AnalysisError
            If they are of another kind, or of fewer than two experts.
        """
        if self.kind != kind:
            raise AnalysisError(
                f"{analysis} takes judgements of the kind '{kind}' ({_TAKES[kind]}); '{self.name}' holds '{self.kind}'."
            )
        speaking = int(self.judgements.notna().any().sum())
        if speaking < 2:
            raise AnalysisError(
                f"{analysis} needs two experts at the very least; in '{self.name}' {counted(speaking, 'expert')} "
                "judged any item."
            )
        return self.judgements

    @property
    def text(self) -> str:
        """What they hold, in a sentence or two."""
        given = self.judgements.notna().to_numpy()
        share = given.mean() if given.size else 0.0
        synthetic = " The judgements are synthetic." if self.synthetic else ""
        first = (
            f"{self.name}: {counted(len(self.experts), 'expert')} on {counted(len(self.items), 'item')} of "
            f"'{self.instrument.title}' (kind: {self.kind}), {share:.1%} of all judgements given.{synthetic}"
        )
        return "\n".join([first, *self.notes])

    def __str__(self) -> str:
        return self.text


def read_expert_ratings(
    path: str | Path,
    *,
    kind: Kind,
    items: Instrument | str | Path,
    name: str | None = None,
    synthetic: bool = False,
    missing_codes: Sequence[float | str] = (),
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_row: int | None = None,
) -> ExpertRatings:
    """Read what experts said of the items from a csv or Excel file.

    Either way round: a row an item, with a column `item` and a column an expert; or a row an expert, with a column an
    item and, as you like, a column `expert` with names. Empty cells, "NA" and "-" mean that an expert passed over the
    item; they count neither for it nor against it.

    Parameters
    ----------
    path
        A .csv, .tsv, .txt or .xlsx file.
    kind
        "essential": essential, or yes, 1, true; anything less (useful but not essential, not necessary, no, 0) is not.
        "relevance": 1 (not relevant), 2 (somewhat), 3 (quite), 4 (highly relevant), or these words.
        "assignment": to which dimension the expert put the item, by key or title; "none" where to none of them.
    items
        The instrument, the name of a shipped one, or the path of its TOML file. Not every item needs to be judged.
    name
        What to call the judgements in results (the file's name).
    synthetic
        Whether they are made up; every result then says so.
    missing_codes
        Numbers or words that mean "not judged" in this file, such as `[9, "Cannot say"]`; none that is a judgement of
        this kind.
    delimiter, encoding, sheet, header_row
        How the file is written, as in `read_survey`; found out where None.

    Raises
    ------
    SurveyError
        With all problems at once: missing file, items that the instrument does not have, items or experts that occur
        twice, cells that are no judgement of this kind. Row numbers are those of the file.
    """
    if kind not in KINDS:
        raise SurveyError(f"kind='{kind}' is not known.{nearest(str(kind), KINDS)}")
    instrument = items if isinstance(items, Instrument) else load_instrument(items)
    table = read_table(
        Path(path),
        known=[_ITEM_COLUMN, *instrument.items],
        delimiter=delimiter,
        encoding=encoding,
        sheet=sheet,
        header_row=header_row,
    )
    problems = Problems(table.source)
    grid, notes = _items_down(table, instrument, problems)
    codes = {_folded(str(code)): code for code in read_codes(missing_codes, "missing_codes", problems)}
    judgements = _judged(grid, kind, instrument, codes, problems)
    if problems:
        problems.raise_as(SurveyError)
    return ExpertRatings(
        name=name or Path(table.source).stem,
        kind=kind,
        instrument=instrument,
        judgements=judgements,
        synthetic=synthetic,
        notes=(*table.notes, *notes, *_unjudged(judgements, instrument)),
    )


class _Grid(NamedTuple):
    """Cells as text, a row an item, a column an expert, with where each stands in the file."""

    cells: pd.DataFrame
    where: Callable[[object, object], str]


def _items_down(table: Table, instrument: Instrument, problems: Problems) -> tuple[_Grid, list[str]]:
    """The cells with items down and experts across, whichever way the file has them."""
    folded = {fold_name(str(column)): column for column in table.cells.columns}
    if _ITEM_COLUMN in folded:
        return _from_item_rows(table, folded[_ITEM_COLUMN], instrument, problems)
    if not any(fold_name(key) in folded for key in instrument.items):
        problems.add(
            f"Neither a column '{_ITEM_COLUMN}' nor a column named as an item of '{instrument.name}'.",
            [f"'{column}'" for column in table.cells.columns],
            f"name the column with the items' keys '{_ITEM_COLUMN}', or the columns by the items ({_few(instrument)}).",
        )
        problems.raise_as(SurveyError)
    return _from_expert_rows(table, folded, instrument, problems)


def _few(instrument: Instrument) -> str:
    return ", ".join(list(instrument.items)[:3]) + ", ..."


def _from_item_rows(
    table: Table, item_column: str, instrument: Instrument, problems: Problems
) -> tuple[_Grid, list[str]]:
    aside = [c for c in table.cells.columns if c != item_column and fold_name(c) in _IGNORED]
    cells = table.cells.drop(columns=[item_column, *aside])
    places = _claimed(
        [(row, name, f"row {row}") for row, name in table.cells[item_column].items()], instrument, problems
    )
    rows = {key: row for row, key in places.items()}
    used = cells.loc[[rows[key] for key in instrument.items if key in rows]]
    used.index = pd.Index([key for key in instrument.items if key in rows])
    notes = [f"Columns not used: {', '.join(aside)}."] if aside else []
    return _Grid(used, lambda item, expert: f"row {rows[str(item)]}, expert {expert}"), notes


def _from_expert_rows(
    table: Table, folded: Mapping[str, str], instrument: Instrument, problems: Problems
) -> tuple[_Grid, list[str]]:
    named = folded.get(_EXPERT_COLUMN)
    aside = [c for c in table.cells.columns if c == named or fold_name(c) in _IGNORED]
    offered = [(column, column, f"column '{column}'") for column in table.cells.columns if column not in aside]
    places = _claimed(offered, instrument, problems)
    columns = {key: column for column, key in places.items()}
    used = table.cells[[columns[key] for key in instrument.items if key in columns]].T
    used.index = pd.Index([key for key in instrument.items if key in columns])
    rows = list(table.cells.index)
    experts = [str(name) for name in table.cells[named]] if named else [str(n) for n in range(1, len(rows) + 1)]
    _refuse_repeated_experts(experts, rows, problems)
    used.columns = pd.Index(experts)
    of = dict(zip(experts, rows, strict=True))
    notes = [f"Columns not used: {', '.join(c for c in aside if c != named)}."] if len(aside) > bool(named) else []
    return _Grid(used, lambda item, expert: f"row {of[str(expert)]}, item {item}"), notes


def _claimed(
    offered: Sequence[tuple[object, object, str]], instrument: Instrument, problems: Problems
) -> dict[object, str]:
    """Which place of the file holds which item; unknown and doubled ones go to `problems`."""
    known = {fold_name(key): key for key in instrument.items}
    places: dict[object, str] = {}
    first: dict[str, str] = {}
    unknown, doubled = [], []
    for place, name, where in offered:
        key = known.get(fold_name(str(name)))
        if key is None:
            unknown.append(f"{where}: '{name}'.{closest(str(name), instrument.items)}")
        elif key in first:
            doubled.append(f"{where}: {key}, first in {first[key]}")
        else:
            first[key] = where
            places[place] = key
    if unknown:
        remedy = "correct the names, or leave these out of the file."
        problems.add(f"{counted(len(unknown), 'name')} that no item of '{instrument.name}' has.", unknown, remedy)
    if doubled:
        problems.add(f"{counted(len(doubled), 'item')} more than once.", doubled, "keep one of each.")
    return places


def _refuse_repeated_experts(experts: list[str], rows: list[object], problems: Problems) -> None:
    seen: dict[str, object] = {}
    again = []
    for expert, row in zip(experts, rows, strict=True):
        if expert in seen:
            again.append(f"row {row}: {expert}, first in row {seen[expert]}")
        seen.setdefault(expert, row)
    if again:
        problems.add(f"{counted(len(again), 'expert')} more than once.", again, "keep one row an expert.")


def _judged(
    grid: _Grid, kind: Kind, instrument: Instrument, codes: Mapping[str, Code], problems: Problems
) -> pd.DataFrame:
    """The cells as judgements; what is none goes to `problems`."""
    meanings = _meanings(kind, instrument)
    _refuse_codes_that_judge(kind, codes, meanings, problems)
    if kind == "assignment":
        _refuse_shared_names(instrument, problems)
    wrong: list[str] = []

    def judgement(item: object, expert: object, cell: str) -> object:
        folded = _folded(cell)
        if folded in meanings:
            return meanings[folded]
        if folded not in NOT_ANSWERED and folded not in codes:
            wrong.append(f"{grid.where(item, expert)}: '{cell[:40]}'{closest(cell, _words(kind, instrument))}")
        return np.nan

    values = [
        [judgement(item, expert, str(cell)) for expert, cell in zip(grid.cells.columns, row, strict=True)]
        for item, row in zip(grid.cells.index, grid.cells.to_numpy(), strict=True)
    ]
    if wrong:
        remedy = f"this kind takes {_TAKES[kind]}; correct the cells, or read the file with another kind=."
        problems.add(f"{counted(len(wrong), 'cell')} without a judgement of the kind '{kind}'.", wrong, remedy)
    dtype = "object" if kind == "assignment" else "float64"
    return pd.DataFrame(values, index=grid.cells.index, columns=grid.cells.columns, dtype=dtype)


def _refuse_codes_that_judge(
    kind: Kind, codes: Mapping[str, Code], meanings: Mapping[str, object], problems: Problems
) -> None:
    """A code that is a judgement of this kind would be read as one, whatever the caller meant by it."""
    both = [code if isinstance(code, str) else f"{code:g}" for folded, code in codes.items() if folded in meanings]
    if both:
        listed = ", ".join(f"'{code}'" for code in both)
        are = "is a judgement" if len(both) == 1 else "are judgements"
        problems.add(
            f"missing_codes names {listed}, which {are} of the kind '{kind}' ({_TAKES[kind]}).",
            remedy="leave that out of missing_codes; where a cell shall not count, empty it in the file.",
        )


def _refuse_shared_names(instrument: Instrument, problems: Problems) -> None:
    """A word that is the key of one dimension and the title of another could be read as either."""
    named: dict[str, list[str]] = {}
    for dimension in instrument.dimensions:
        for name in {_folded(dimension.key), _folded(dimension.title)}:
            named.setdefault(name, []).append(dimension.key)
    for keys in named.values():
        if len(keys) > 1:
            both = " and ".join(f"'{key}'" for key in keys)
            problems.add(f"The dimensions {both} share a name (key or title): an assignment could mean either.")


def _meanings(kind: Kind, instrument: Instrument) -> dict[str, object]:
    if kind == "essential":
        return {_folded(word): value for word, value in _ESSENTIAL.items()}
    if kind == "relevance":
        return {_folded(word): value for word, value in _RELEVANCE.items()}
    nowhere: dict[str, object] = {_folded(word): OTHER for word in _NO_DIMENSION}
    titles = {_folded(d.title): d.key for d in instrument.dimensions}
    titles |= {_folded(d.name): d.key for d in instrument.dimensions}
    return {**nowhere, **titles, **{_folded(d.key): d.key for d in instrument.dimensions}}


def _folded(cell: str) -> str:
    """A cell as it is compared: numbers without needless decimals ("3.0" is 3), words without case and punctuation."""
    try:
        return f"{float(cell):g}"
    except ValueError:
        return fold_words(cell)


def _words(kind: Kind, instrument: Instrument) -> list[str]:
    """What to offer for a misspelt cell."""
    if kind == "assignment":
        return [name for d in instrument.dimensions for name in (d.key, d.title)]
    return [word for word in (_ESSENTIAL if kind == "essential" else _RELEVANCE) if len(word) > 3]


def _unjudged(judgements: pd.DataFrame, instrument: Instrument) -> list[str]:
    asked = [key for dimension in instrument.dimensions for key in dimension.item_keys]
    left = [key for key in asked if key not in judgements.index or judgements.loc[key].isna().all()]
    if not left:
        return []
    shown = ", ".join(left[:6]) + (", ..." if len(left) > 6 else "")
    return [f"{counted(len(left), 'item')} of '{instrument.name}' nobody judged: {shown}."]
