"""Which rows of a survey system's export are answers of a respondent: previews, tests and unfinished ones are not.

Survey systems say so in columns of their own: Qualtrics in Status, Finished and Progress, LimeSurvey in submitdate,
SoSci Survey in FINISHED. A column counts as the system's only if neither an item nor a role stands there.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cxkit.errors import CxkitWarning, Problems, counted, nearest
from cxkit.survey.instrument import fold_name
from cxkit.survey.ledger import LeftOut, named_rows
from cxkit.survey.tables import Table

Unfinished = Literal["drop", "keep"]
UNFINISHED = ("drop", "keep")

# Columns by which an export of Qualtrics is known; one alone, such as "Status", may be a question of the study.
_SYSTEM = frozenset({
    "startdate", "enddate", "status", "progress", "finished", "responseid", "recordeddate", "distributionchannel",
    "userlanguage", "duration(inseconds)", "ipaddress",
})  # fmt: skip
# Qualtrics' codes and words of Status: 0 answers by a link, 1 preview, 2 test, 4 imported, 8 spam, 9 preview marked as
# spam, 12 imported and marked as spam, 16 offline, 17 offline preview.
_RESPONDENT = frozenset(
    {"", "0", "4", "16", "ip address", "imported", "offline response", "offline app", "ip-adresse", "importiert"}
)
_PREVIEW = frozenset({
    "1", "2", "9", "17", "survey preview", "preview", "survey test", "test", "offline preview",
    "offline survey preview", "survey preview spam", "umfragevorschau", "umfrage-vorschau", "vorschau", "umfragetest",
})  # fmt: skip
_SPAM = frozenset({"8", "12", "spam", "imported spam", "imported (spam)"})
_WORDS_OF_STATUS = frozenset(word for word in _PREVIEW | _SPAM if not word.isdigit() and " " in word)
_YES, _NO = (
    frozenset(
        {"true", "1", "yes", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "sì", "waar", "verdadeiro", "sim"}
    ),
    frozenset({"false", "0", "no", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "não"}),
)
_COMPLETE = 100.0


@dataclass(frozen=True, kw_only=True)
class Responses:
    """Rows that are left out, by reason, and what to know of those that are not."""

    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def check_unfinished(unfinished: str, problems: Problems) -> None:
    """Refuse what `unfinished` does not know."""
    if unfinished not in UNFINISHED:
        problems.add(f"unfinished={unfinished!r} must be 'drop' or 'keep'.{nearest(str(unfinished), UNFINISHED)}")


def find_responses(table: Table, claimed: Collection[str], unfinished: Unfinished, problems: Problems) -> Responses:
    """Which rows the survey system itself says are no finished answers of a respondent?"""
    columns = {_bare(name): name for name in reversed(list(table.cells.columns)) if name not in claimed}
    is_export = len(_SYSTEM & set(columns)) > 1
    status = _status(table, columns, is_export)
    tests = status.isin(_PREVIEW)
    spam = status.isin(_SPAM)
    open_rows, said_by = _unfinished(table, columns, is_export)
    open_rows &= ~tests & ~spam
    left_out = [
        LeftOut(what="preview or test answer", rows=_rows(tests), reason="Status"),
        LeftOut(what="answer marked as spam", rows=_rows(spam), reason="Status"),
    ]
    notes = _unknown_status(status) if is_export else []
    if unfinished == "keep" and open_rows.any():
        rows = _rows(open_rows)
        notes.append(f"{counted(len(rows), 'unfinished response')} kept ({named_rows(rows)}: {said_by}).")
    elif open_rows.any():
        left_out.append(LeftOut(what="unfinished response", rows=_rows(open_rows), reason=said_by))
        notes.append("Read the file with unfinished='keep' to count unfinished responses as respondents.")
    left_out = [entry for entry in left_out if entry.rows]
    if left_out and sum(len(entry.rows) for entry in left_out) == len(table.cells):
        whole = "; ".join(entry.text for entry in left_out)
        problems.add(
            f"No respondent is left: {whole}.", remedy="unfinished='keep' counts unfinished responses as well."
        )
        return Responses()
    return Responses(left_out=tuple(left_out), notes=tuple(notes))


def _bare(name: str) -> str:
    """The code of a column: LimeSurvey writes "submitdate. Date submitted"."""
    return fold_name(name.partition(". ")[0])


def _status(table: Table, columns: dict[str, str], is_export: bool) -> pd.Series:
    """What the system says of each response, in lower case; blank where the column is the study's own."""
    nothing = pd.Series("", index=table.cells.index)
    if "status" not in columns:
        return nothing
    status = table.cells[columns["status"]].str.casefold().str.strip()
    return status if is_export or status.isin(_WORDS_OF_STATUS).any() else nothing


def _unknown_status(status: pd.Series) -> list[str]:
    unknown = status[~status.isin(_RESPONDENT | _PREVIEW | _SPAM)]
    if unknown.empty:
        return []
    words = ", ".join(f"'{word}'" for word in list(dict.fromkeys(unknown))[:3])
    note = f"Status says {words} in {counted(len(unknown), 'row')}; these count as respondents."
    if unknown.value_counts().min() * 2 < len(status):
        # What most rows say in an unknown language is that they are answers; what few say may be previews.
        warnings.warn(f"{note} Delete them if they are previews or tests.", CxkitWarning, stacklevel=2)
    return [note]


def _unfinished(table: Table, columns: dict[str, str], is_export: bool) -> tuple[pd.Series, str]:
    """Which responses were not handed in, and the column that says so."""
    nobody = pd.Series(data=False, index=table.cells.index)
    if "finished" in columns:
        finished = table.cells[columns["finished"]].str.casefold()
        if finished.isin(_YES | _NO | {""}).all() and finished.isin(_YES | _NO).any():
            return ~finished.isin(_YES), f"{columns['finished']} does not say yes"
    if "progress" in columns:
        progress = pd.to_numeric(table.cells[columns["progress"]], errors="coerce")
        if progress.between(0, _COMPLETE).all() and (is_export or (progress == _COMPLETE).any()):
            return progress < _COMPLETE, f"{columns['progress']} is below 100"
    for name in ("submitdate", "datesubmitted"):
        if name in columns:
            return table.cells[columns[name]] == "", f"{columns[name]} is empty"
    return nobody, ""


def _rows(which: pd.Series) -> tuple[int, ...]:
    return tuple(int(row) for row in which.index[which])
