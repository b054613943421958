"""Files of statistics programs: SPSS (.sav, .zsav, .por) and Stata (.dta), which say what every number stands for.

Reading them takes pyreadstat, an extra of cxkit, as few surveys come this way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cxkit.errors import SurveyError, counted, reason_of
from cxkit.survey.excel import cell_text
from cxkit.survey.readers.header import Question, named_once, split_row
from cxkit.without_contents import without_contents

KINDS_BY_ENDING = {".sav": "spss", ".zsav": "spss", ".por": "spss", ".dta": "stata"}
VARIABLES_NAMED = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class StatisticsFile:
    """The cells of a file as text, its variables, and notes on what was set aside."""

    cells: pd.DataFrame
    questions: tuple[Question, ...]
    kind: str
    notes: tuple[str, ...]

    __repr__ = without_contents


def read_statistics_file(path: Path, encoding: str | None) -> StatisticsFile:
    """Read a file of SPSS or Stata; cases are numbered from 1.

    Values that the file declares as missing (SPSS: values and ranges; Stata: .a to .z) become empty and are counted.

    Raises
    ------
    SurveyError
        If pyreadstat is not installed, or the file is damaged.
    """
    frame, meta = _read(path, encoding)
    cells, notes = {}, []
    set_aside: dict[str, int] = {}
    for name in frame.columns:
        missing = _declared_missing(
            frame[name], meta.missing_ranges.get(name, ()), meta.missing_user_values.get(name, ())
        )
        if missing.any():
            set_aside[name] = int(missing.sum())
        cells[name] = [_text(value) for value in frame[name].mask(missing)]
    if set_aside:
        shown = ", ".join(f"{name}: {count}" for name, count in list(set_aside.items())[:VARIABLES_NAMED])
        more = ", ..." if len(set_aside) > VARIABLES_NAMED else ""
        total = counted(sum(set_aside.values()), "value")
        notes.append(f"{total} that the file declares as missing set aside ({shown}{more}).")
    labels = meta.variable_value_labels
    questions = [_question(name, meta.column_names_to_labels.get(name), labels.get(name, {})) for name in frame.columns]
    return StatisticsFile(
        cells=pd.DataFrame(cells, index=pd.RangeIndex(1, len(frame) + 1, name="row"), dtype="object"),
        questions=named_once(questions),
        kind=KINDS_BY_ENDING[path.suffix.casefold()],
        notes=tuple(notes),
    )


def _read(path: Path, encoding: str | None) -> tuple[pd.DataFrame, Any]:
    try:
        import pyreadstat
    except ImportError:
        raise SurveyError(
            f"{path.name}: files of SPSS and Stata need pyreadstat, which is not installed. Install it with: "
            "python -m pip install pyreadstat (or save the file as .csv or .xlsx)."
        ) from None
    readers: dict[str, Any] = {".por": pyreadstat.read_por, ".dta": pyreadstat.read_dta}
    read = readers.get(path.suffix.casefold(), pyreadstat.read_sav)
    try:
        if path.suffix.casefold() == ".por":  # which has no codes for "no answer" that the reader could tell
            frame, meta = read(str(path))
        else:
            frame, meta = read(str(path), user_missing=True, encoding=encoding)
    except Exception as error:  # the reader raises its own kinds and those of the codecs
        kind = KINDS_BY_ENDING[path.suffix.casefold()].upper()
        raise SurveyError(
            f"{path.name} cannot be read as a file of {kind}: {reason_of(error).rstrip('.')}. Save it again, or export "
            "it as .csv."
        ) from None
    return frame, meta


def _declared_missing(values: pd.Series, ranges: Iterable[Mapping[str, Any]], marks: Iterable[Any]) -> pd.Series:
    """Which values lie in a range that the file declares as missing, or are one of its marks (Stata's .a to .z)."""
    missing = values.isin(list(marks)) if marks else pd.Series(data=False, index=values.index)
    for span in ranges:
        low, high = span["lo"], span["hi"]
        if isinstance(low, str):
            missing |= values == low
        else:
            missing |= pd.to_numeric(values, errors="coerce").between(low, high)
    return missing


def _question(name: str, label: str | None, labels: Mapping[Any, str]) -> Question:
    stem, text = split_row(label or "")
    words = {_text(value): str(word).strip() for value, word in labels.items()}
    return Question(column=name, text=text, stem=stem, labels=words)


def _text(value: Any) -> str:
    """A value as a cell of a sheet has it; nothing for none."""
    is_none = value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    return "" if is_none else cell_text(value).strip()
