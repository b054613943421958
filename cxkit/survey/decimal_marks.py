"""Whether a point or comma in a number separates decimals or thousands: read wrongly, 27,100 becomes 27.1.

One column cannot use a mark for both. What tells them apart is a number with other than three digits behind the mark,
a leading zero, or a scale on which the thousandfold cannot lie; where nothing does, it is said or refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.codes import is_on_scale
from cxkit.survey.instrument import AnswerScale
from cxkit.survey.labels import exact_wordings, plain_words
from cxkit.survey.tables import Table

NAMES = {".": "point", ",": "comma"}
UNGROUP = "take the marks between thousands out of the file (1.234,5 becomes 1234,5)."

_GROUPS = r"[+-]?[1-9]\d{0,2}"
# Thousands beyond doubt: two groups, another mark before the decimals, or a mark that separates no decimals.
GROUPED = re.compile(
    rf"{_GROUPS}(?:(?:,\d{{3}}){{2,}}(?:\.\d+)?|(?:\.\d{{3}}){{2,}}(?:,\d+)?|,\d{{3}}\.\d+|\.\d{{3}},\d+"
    rf"|(?:[ '’\u00a0\u202f\u2009]\d{{3}})+(?:[.,]\d+)?)"
)
_MARKED = {mark: re.compile(rf"[+-]?\d+{re.escape(mark)}\d+") for mark in NAMES}
_ONE_GROUP = {mark: re.compile(rf"{_GROUPS}{re.escape(mark)}\d{{3}}") for mark in NAMES}


def may_be_thousands(cells: Iterable[str], mark: str, scale: AnswerScale | None) -> bool:
    """Whether each number with the mark has exactly three digits behind it and could be on the scale as thousands.

    `scale` is None for weights, which have no ends.
    """
    marked = [cell for cell in cells if _MARKED[mark].fullmatch(cell)]
    if not marked or not all(map(_ONE_GROUP[mark].fullmatch, marked)):
        return False
    return scale is None or all(is_on_scale(float(cell.replace(mark, "")), scale) for cell in marked)


def weight_remedy(cells: pd.Series) -> str:
    """What to do about weights that are no numbers because of their marks; nothing if the marks are not to blame."""
    different = cells.unique()
    if any(map(GROUPED.fullmatch, different)):
        return UNGROUP
    if not any(map(_MARKED[","].fullmatch, different)):
        return ""
    remedy = "read the file with decimal=',' (`--read decimal=,`)."
    if may_be_thousands(different, ",", None):
        return f"if the comma separates thousands, take it out in the file; otherwise {remedy}"
    return remedy


@dataclass(eq=False)
class _Found:
    """Cells in doubt, over all columns."""

    mixed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_decimal_marks(
    table: Table,
    columns: Mapping[str, str],
    scales: Mapping[str, AnswerScale],
    weights: Sequence[str],
    decimal: str,
    problems: Problems,
) -> list[str]:
    """Refuse points that cannot be decimals under `decimal=','`, and note marks that may separate thousands.

    Parameters
    ----------
    table
        The cells of the respondents, as they stand in the file.
    columns, scales
        Item key to column, and item key to scale.
    weights
        Columns of weights.
    decimal
        What stands before the decimals, as the caller says it.
    """
    if table.is_sheet:
        return []  # a number of a spreadsheet is one, however it is shown
    found = _Found()
    for key, column in columns.items():
        labels = exact_wordings(scales[key].wordings)
        cells = table.cells[column]
        different = [cell for cell in cells.unique() if plain_words(cell) not in labels]
        numbers = cells[cells.isin(different)]
        _check_column(key, numbers, scales[key], decimal, found)
    for column in weights:
        _check_column(column, table.cells[column], None, decimal, found)
    if found.mixed:
        problems.add(
            f"{counted(len(found.mixed), 'number')} with a point in a file that is read with decimal=','.",
            found.mixed,
            "if the point separates thousands, take it out in the file; otherwise write every number with one mark.",
        )
    return found.notes


def _check_column(name: str, cells: pd.Series, scale: AnswerScale | None, decimal: str, found: _Found) -> None:
    different = cells.unique()
    if may_be_thousands(different, decimal, scale):
        marked = cells[cells.isin([*filter(_MARKED[decimal].fullmatch, different)])]
        what = NAMES[decimal]
        found.notes.append(
            f"{name}: all {len(marked):,} numbers with a {what} have three digits behind it (row {marked.index[0]}: "
            f"'{marked.iloc[0]}' is read as {float(marked.iloc[0].replace(',', '.')):g}). If the {what} separates "
            "thousands, take it out in the file."
        )
    if decimal != ",":
        return
    points = cells[cells.isin([*filter(_MARKED["."].fullmatch, different)])]
    if points.empty:
        return
    has_commas = any(map(_MARKED[","].fullmatch, different))
    if has_commas or may_be_thousands(different, ".", scale):
        found.mixed += [f"row {row}, {name}: '{cell}'" for row, cell in points.items()]
    else:
        found.notes.append(
            f"{name}: numbers with a decimal point, although decimal=',' was said; they are read as such."
        )
