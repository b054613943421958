"""Rows below the header that belong to it: question texts under the names, and the header once more further down.

They are nobody's answers. They are refused and not skipped, because a row that is skipped by mistake is a person lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from cxkit.errors import Problems
from cxkit.survey.answers import CellReader
from cxkit.survey.instrument import Instrument, fold_name
from cxkit.survey.labels import Code
from cxkit.survey.ledger import named_rows
from cxkit.survey.likeness import map_distinct
from cxkit.survey.tables import Table

ROWS_LOOKED_AT = 3
"""Survey systems write up to two rows of texts and types below the names."""


def refuse_header_rows(
    table: Table,
    columns: Mapping[str, str],
    rename: Mapping[str, str],
    instrument: Instrument,
    codes: Mapping[str, tuple[Code, ...]],
    problems: Problems,
) -> Table:
    """The table without rows of the header, which go to `problems`.

    Parameters
    ----------
    table
        The rows below the header.
    columns
        Item to column.
    rename
        Names of the file to names of the items.
    instrument, codes
        The items with their scales, and their codes for "no answer".
    problems
        Where to say which rows they are.
    """
    repeated = _repeated(table, columns, rename)
    if repeated:
        problems.add(
            f"{named_rows(repeated).capitalize()} {'repeats' if len(repeated) == 1 else 'repeat'} the header.",
            remedy="delete what is repeated; where files were joined, see that nobody stands in both.",
        )
    rest = table.cells.drop(index=list(repeated))
    texts = _texts(rest.head(ROWS_LOOKED_AT), columns, instrument, codes)
    if texts:
        problems.add(
            f"{named_rows(texts).capitalize()} {'holds' if len(texts) == 1 else 'hold'} question texts and no answers.",
            remedy="delete what stands between the names and the answers, or export the file without it.",
        )
    return replace(table, cells=rest.drop(index=list(texts)))


def _repeated(table: Table, columns: Mapping[str, str], rename: Mapping[str, str]) -> tuple[int, ...]:
    """Rows in which more than half of the items' cells are the names of their columns."""
    before = {new: old for old, new in rename.items()}
    written = {column: {fold_name(column), fold_name(before.get(column, column))} for column in columns.values()}
    folded = {column: map_distinct(table.cells[column], fold_name) for column in written}
    is_name = pd.DataFrame({column: cells.isin(written[column]) for column, cells in folded.items()})
    hits = is_name.sum(axis=1)
    return tuple(int(row) for row in hits.index[hits * 2 > len(columns)])


def _texts(
    first: pd.DataFrame, columns: Mapping[str, str], instrument: Instrument, codes: Mapping[str, tuple[Code, ...]]
) -> tuple[int, ...]:
    """The first rows in which most items' cells are words that are no answers, if a row of answers follows.

    Words in every row are labels that the instrument does not have.
    """
    unread = pd.Series(0, index=first.index)
    for key, column in columns.items():
        reader = CellReader(key, instrument.items[key].scale, codes[key], decimal_comma=True)
        unread += first[column].map(lambda cell, reader=reader: _is_text(cell, reader)).astype(int)
    is_text = (unread * 2 > len(columns)).tolist()
    if len(columns) < 2 or False not in is_text:  # one cell in words is a wrong answer
        return ()
    return tuple(int(row) for row in first.index[: is_text.index(False)])


def _is_text(cell: str, reader: CellReader) -> bool:
    """Whether a cell has letters and is no answer, nor a word for none."""
    return any(map(str.isalpha, cell)) and not reader.is_silent(cell) and bool(np.isnan(reader.meaning(cell)[0]))
