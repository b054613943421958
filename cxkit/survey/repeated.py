"""People who stand in a file more than once: under one id, under one id written in two ways, or as a copied row.

Each check holds without the role id too: a block that was pasted twice doubles every person in it, and every standard
error is too small by a factor of the square root of two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from cxkit.errors import Problems, counted
from cxkit.survey.answers import NOT_ANSWERED
from cxkit.survey.ledger import named_rows
from cxkit.survey.likeness import fold_writing
from cxkit.survey.tables import Table

PAIRS_NAMED = 3
FILLED = 0.8
"""A column names people only if so many rows have a cell there."""
DIFFERENT = 0.2
"""A column names people only if so many of its cells differ: "case" may be one of four vignettes."""

_LONG_NUMBER = r"\d{16,}"

_OF_PEOPLE = frozenset({
    "id", "responseid", "respondentid", "respondent", "participantid", "participant", "recordid", "caseid", "case",
    "subjectid", "subject", "personid", "userid", "employeeid", "memberid", "customerid", "studentid", "workerid",
    "prolificid", "prolificpid", "token", "responsenumber", "respondentnumber", "submissionid", "responsecode",
    "antwortid", "antwort-id", "teilnehmer", "teilnehmerid", "iddelaréponse", "iddelarespuesta", "idderespuesta",
})  # fmt: skip


def refuse_repeated(respondents: pd.DataFrame, problems: Problems) -> None:
    """A respondent answers once (once a wave)."""
    if "id" not in respondents:
        return
    key = [role for role in ("id", "wave") if role in respondents]
    known = respondents[respondents["id"].notna()]
    repeated = known[known.duplicated(key, keep="first")]
    if repeated.empty:
        return
    first = known.drop_duplicates(key).reset_index(names="first")
    seen = repeated[key].merge(first, on=key, how="left")["first"]
    again = zip(repeated.index, repeated["id"], seen, strict=True)
    before, remedy = "", "keep one row a respondent; name the wave if people answered several times."
    if "wave" in key:
        before, remedy = " in the same wave", "keep one row a respondent and wave."
    if repeated["id"].str.fullmatch(_LONG_NUMBER).any():
        remedy += " A spreadsheet keeps 15 digits of a number: store longer ids as text."
    problems.add(
        f"{counted(len(repeated), 'row')} of respondents who have answered before{before}.",
        [f"row {row}: respondent {name}, first seen in row {first_row}" for row, name, first_row in again],
        remedy,
    )


def repeated_notes(
    table: Table, respondents: pd.DataFrame, items: Collection[str], unused: Collection[str]
) -> list[str]:
    """What to say of rows that are probably the same person once more; all of them count as respondents.

    Parameters
    ----------
    table
        The cells of the respondents.
    respondents
        Their attributes.
    items, unused
        The columns of the items, and those that are neither item nor attribute.
    """
    copies = copied_rows(table.cells, items)
    notes = []
    if copies:
        notes.append(
            f"{counted(len(copies), 'row')} {_equals(len(copies))} an earlier row in all "
            f"{table.cells.shape[1]} columns ({_pairs(copies)}): pasted twice? They count as respondents; "
            "delete the copies."
        )
    if "id" in respondents:
        return [*notes, *_alike_ids(respondents["id"])]
    waves = respondents.get("wave")
    known = {row for row, _ in copies}
    for column in unused:
        again = [pair for pair in _repeated_names(table.cells[column], column, waves) if pair[0] not in known]
        if again:
            notes.append(
                f"{counted(len(again), 'row')} {_has(len(again))} the '{column}' of an earlier row "
                f"({_pairs(again)}) and {_counts(len(again))} as another respondent. If '{column}' names people, read "
                "it as the id."
            )
    return notes


def missing_id_note(cells: pd.Series, ids: pd.Series) -> list[str]:
    """What to say of respondents without an id where others have one."""
    lost = ids.isna()
    if not lost.any() or lost.all():
        return []
    rows = [int(row) for row in ids.index[lost]]
    words = [f"'{word}'" for word in dict.fromkeys(cells[lost]) if word]
    instead = f"; {' and '.join(words[:3])} {'counts' if len(words) == 1 else 'count'} as no id" if words else ""
    return [
        f"{counted(len(rows), 'respondent')} without an id ({named_rows(rows)}{instead}): whether they answered twice "
        "cannot be checked."
    ]


def copied_rows(cells: pd.DataFrame, items: Collection[str]) -> list[tuple[int, int]]:
    """Rows that equal an earlier row in every column, each with that row; none where chance may have made them equal.

    Rows with one answer to all items are left aside: many people give it. If the columns are few enough that two people
    can be equal by chance, far more pairs differ in exactly one column than in none. So equal rows are copies if they
    are more than such pairs.
    """
    varied = cells[_has_different_answers(cells[[column for column in cells.columns if column in set(items)]])]
    if varied.empty or not varied.duplicated().any():
        return []
    numbers = _row_numbers(varied)
    total = numbers.sum(axis=1, dtype="uint64")
    values, first, which = np.unique(total, return_index=True, return_inverse=True)
    n_copies = len(total) - len(values)
    distinct = numbers[first]
    n_close = sum(_equal_pairs(values - distinct[:, column]) for column in range(distinct.shape[1]))
    if n_copies <= n_close:
        return []
    rows = varied.index
    return [(int(rows[n]), int(rows[first[group]])) for n, group in enumerate(which.ravel()) if n != first[group]]


def _has_different_answers(answers: pd.DataFrame) -> np.ndarray:
    """Whether a row holds two answers that differ; empty cells are none."""
    flat, values = pd.factorize(answers.to_numpy().ravel())
    numbers = np.ma.masked_array(flat, values[flat] == "").reshape(answers.shape)
    return np.asarray((numbers.max(axis=1) > numbers.min(axis=1)).filled(False))


def _row_numbers(cells: pd.DataFrame) -> np.ndarray:
    """A random number for every value of every column: rows are equal if their sums (modulo 2^64) are."""
    generator = np.random.default_rng(0)
    numbers = np.empty(cells.shape, dtype="uint64")
    for place, column in enumerate(cells.columns):
        codes, values = pd.factorize(cells[column])
        numbers[:, place] = generator.integers(0, 2**64, size=len(values), dtype="uint64", endpoint=False)[codes]
    return numbers


def _equal_pairs(values: np.ndarray) -> int:
    counts = np.unique(values, return_counts=True)[1].astype("int64")
    return int((counts * (counts - 1) // 2).sum())


def _alike_ids(ids: pd.Series) -> list[str]:
    """Ids that are probably one id written in two ways."""
    known = ids.dropna()
    folded = known.map(fold_id)
    spellings = known.groupby(folded).transform("nunique")
    alike = known[spellings > 1]
    if alike.empty:
        return []
    groups = [list(map(int, rows)) for rows in alike.groupby(folded, sort=False).groups.values()]
    shown = "; ".join(named_rows(rows) for rows in groups[:PAIRS_NAMED])
    more = "; ..." if len(groups) > PAIRS_NAMED else ""
    what = "One id is" if len(groups) == 1 else f"{len(groups):,} ids are"
    return [
        f"{what} written in more than one way ({shown}{more}): they differ only in capitals, width, zeros or "
        "punctuation, and count as different people."
    ]


def fold_id(name: str) -> str:
    """An id without what programs and people write differently: "r005", "R5", "5.0", "05"."""
    text = unicodedata.normalize("NFKC", name).casefold()
    if "0" in text:
        text = re.sub(r"^(\d+)[.,]0+$", r"\1", text)  # a number that a spreadsheet wrote with decimals
        text = re.sub(r"(?<![\d.,])0+(?=\d)", "", text)
    return fold_writing(text)


def _repeated_names(cells: pd.Series, column: str, waves: pd.Series | None) -> list[tuple[int, int]]:
    """Rows with a cell of an earlier row in a column that seems to name people, each with that row."""
    code = column.partition(". ")[0]  # LimeSurvey writes "id. Response ID"
    if "".join(code.casefold().split()).replace("_", "") not in _OF_PEOPLE:
        return []
    filled = cells[~cells.str.casefold().isin(NOT_ANSWERED)]
    if len(filled) < FILLED * len(cells) or filled.nunique() < DIFFERENT * len(filled):
        return []
    keys = pd.DataFrame({"name": filled})
    if waves is not None:
        keys["wave"] = waves
    again = keys.duplicated()
    rows = pd.Series(keys.index, index=keys.index)
    first = rows.groupby([keys[name] for name in keys], observed=True, dropna=False).transform("first")
    return list(zip(map(int, keys.index[again]), map(int, first[again]), strict=True))


def _pairs(pairs: Sequence[tuple[int, int]]) -> str:
    shown = ", ".join(f"row {row} as row {earlier}" for row, earlier in pairs[:PAIRS_NAMED])
    return shown + (", ..." if len(pairs) > PAIRS_NAMED else "")


def _equals(count: int) -> str:
    return "equals" if count == 1 else "equal"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _counts(count: int) -> str:
    return "counts" if count == 1 else "count"
