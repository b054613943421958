"""Codes that a survey system gives to answers by itself, in place of the numbers of the scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cxkit.errors import counted
from cxkit.survey.instrument import AnswerScale, Instrument
from cxkit.survey.labels import exact_wordings, plain_words
from cxkit.survey.readers import limesurvey
from cxkit.survey.tables import Table


def without_system_codes(table: Table, columns: Mapping[str, str], instrument: Instrument) -> tuple[Table, list[str]]:
    """The table with LimeSurvey's A1, A2, ... as 1, 2, ... in the columns of items, and a note on that.

    Only where every answer to an item is such a code, the scale runs from 1 at least as far, and neither labels nor
    codes of the instrument say what the cells stand for.
    """
    if table.kind != limesurvey.SYSTEM.key:
        return table, []
    cells = {}
    for key, column in columns.items():
        numbers = limesurvey.numbered(table.cells[column].unique())
        if _may_be_answers(numbers, instrument.items[key].scale):
            cells[column] = table.cells[column].replace(numbers)
    if not cells:
        return table, []
    note = (
        f"The codes A1, A2, ... of LimeSurvey are read as 1, 2, ... in {counted(len(cells), 'item')}: check that A1 is "
        "the lowest answer of the scale; if not, say what each stands for (codes in the scale)."
    )
    return replace(table, cells=table.cells.assign(**cells)), [note]


def _may_be_answers(numbers: Mapping[str, str], scale: AnswerScale) -> bool:
    if not numbers or scale.codes or scale.low != 1 or scale.high is None:
        return False
    labels = exact_wordings(scale.wordings)
    return not any(plain_words(cell) in labels for cell in numbers) and max(map(int, numbers.values())) <= scale.high
