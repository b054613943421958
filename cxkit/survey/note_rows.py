"""Rows between the answers that hold a remark and nothing else: whoever typed it answered nothing in it.

What stands below the last answers is a foot (`foot_rows`).
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from cxkit.survey.ledger import LeftOut
from cxkit.survey.likeness import is_unlike

ROWS_COMPARED = 1_000


def find_note_rows(cells: pd.DataFrame, items: Collection[str]) -> LeftOut:
    """Which rows between others hold one cell only, in the first column, longer than all others there and unlike them?

    A respondent who left everything out but a name, a department or a comment has a cell like those of others, or one
    in another column. A cell in the column of an item is never a remark: it is told as a wrong answer.
    """
    n_filled = (cells != "").sum(axis=1)
    full = n_filled.index[n_filled > 1]
    found = []
    if len(full) and cells.columns[0] not in items:
        first = cells.iloc[:, 0]
        others = first[full][first[full] != ""].head(ROWS_COMPARED)
        longest = others.str.len().max()
        for row in n_filled.index[n_filled == 1]:
            if row < full[-1] and len(first[row]) > longest and is_unlike(first[row], others):
                found.append(int(row))
    return LeftOut(what="row with a remark", rows=tuple(found), reason="one text between the answers, and no answer")
