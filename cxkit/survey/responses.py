"""Which rows of a survey system's export are answers of a respondent: previews, tests and unfinished ones are not.

Survey systems say so in columns of their own: Qualtrics in Status, DistributionChannel, Finished and Progress (V7 and
V10 in its older format), LimeSurvey in submitdate (or its name in the language of the survey), SoSci Survey in MODE and
FINISHED, Typeform in Response Type and Submit Date (UTC), REDCap in a column `<form>_complete` behind the fields of
each form, others in words such as "Partial" and "Complete".
A column counts as the system's only if neither an item nor a role stands there. One that only looks like it is said.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cxkit.errors import CxkitWarning, Problems, counted, nearest
from cxkit.survey.instrument import fold_name
from cxkit.survey.ledger import LeftOut, named_rows
from cxkit.survey.note_rows import find_note_rows
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
# DistributionChannel of Qualtrics, the same in every language; MODE of SoSci Survey, where others than "interview" are
# tests by those who make the questionnaire.
_CHANNEL_OF_PREVIEWS = "preview"
_REGULAR_MODES, _TEST_MODES = frozenset({"", "interview"}), frozenset({"admin", "debug", "pretest", "preview", "test"})
_SIGNS_OF_SOSCI = frozenset({"case", "serial", "ref", "questnnr", "mode", "started"})
_SIGNS_NEEDED = 4
_SPAM = frozenset({"8", "12", "spam", "imported spam", "imported (spam)"})
_WORDS_OF_STATUS = frozenset(word for word in _PREVIEW | _SPAM if not word.isdigit() and " " in word)
_YES, _NO = (
    frozenset(
        {"true", "1", "yes", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "sì", "waar", "verdadeiro", "sim"}
    ),
    frozenset({"false", "0", "no", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "não"}),
)
_COMPLETE = 100.0
# Columns of words: Typeform, Alchemer, SurveyMonkey's collectors, QuestionPro and others.
_NAMES_OF_STATE = frozenset({
    "responsetype", "responsestatus", "completionstatus", "surveystatus", "submissionstatus", "completionstate",
})  # fmt: skip
_DONE = frozenset({"complete", "completed", "finished", "submitted", "abgeschlossen", "vollständig", "beendet"})
_NOT_DONE = frozenset({
    "partial", "partially complete", "partially completed", "incomplete", "in progress", "started", "not completed",
    "not complete", "disqualified", "screened out", "terminated", "abandoned", "unfinished", "unvollständig",
    "nicht abgeschlossen",
})  # fmt: skip
# How LimeSurvey names submitdate in its languages, and Typeform; without blanks and accents.
_DATES_OF_SUBMISSION = frozenset({
    "submitdate", "datesubmitted", "submitdate(utc)", "datumabgeschickt", "abgeschicktam", "datedesoumission",
    "fechadeenvio", "fechaenvio", "datainvio", "datadiinvio", "datadeenvio", "datumingediend", "datumverzonden",
    "inzenddatum", "datawyslania", "datawysania", "datumodeslani",
})  # fmt: skip
_NOT_COMPLETED = "[not completed]"  # REDCap, in <form>_timestamp
_SIGNS_OF_REDCAP = frozenset({"record_id", "redcap_event_name", "redcap_survey_identifier", "redcap_repeat_instance"})
_FORM_DONE, _FORM_OPEN = frozenset({"2", "complete"}), frozenset({"0", "1", "", "incomplete", "unverified"})
_LIKE_COMPLETION = re.compile(
    r"_complete$|^(is[ _]?)?(complete|completed|finished|submitted)\??$|completion|abgeschlossen|beendet|vollst.ndig|"
    r"termin(é|ado|ada)|completado|achev",
    re.IGNORECASE,
)
_OF_TIME = re.compile(r"time|date|zeit|datum|heure|hora", re.IGNORECASE)
_LIKE_SUBMISSION = re.compile(r"submi(t|ssion)|abgeschickt|soumis|envío|envio|_timestamp$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Responses:
    """Rows that are left out, by reason, and what to know of those that are not."""

    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def check_unfinished(unfinished: str, problems: Problems) -> None:
    """Refuse what `unfinished` does not know."""
    if unfinished not in UNFINISHED:
        problems.add(f"unfinished={unfinished!r} must be 'drop' or 'keep'.{nearest(str(unfinished), UNFINISHED)}")


def find_responses(
    table: Table, claimed: Collection[str], items: Collection[str], unfinished: Unfinished, problems: Problems
) -> Responses:
    """Which rows the survey system itself says are no finished answers of a respondent?"""
    columns = _columns_by_name(table, claimed)
    is_export = len(_SYSTEM & set(columns)) > 1
    remarks = find_note_rows(table.cells, items)
    left_out, notes = _tests_and_spam(table.without(remarks), columns, is_export=is_export)
    left_out.insert(0, remarks)
    gone = pd.Series(data=False, index=table.cells.index)
    for entry in left_out:
        gone[list(entry.rows)] = True
    open_rows, said_by = _unfinished(table.without(remarks), columns, items, is_export=is_export)
    open_rows &= ~gone[open_rows.index]
    if not said_by:
        notes += _unused_states(table.without(remarks), columns)
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


def _tests_and_spam(table: Table, columns: dict[str, str], *, is_export: bool) -> tuple[list[LeftOut], list[str]]:
    """Rows that the system calls previews, tests or spam, by the column that says so, and notes on unknown words."""
    is_sosci = len(_SIGNS_OF_SOSCI & set(map(_bare, table.cells.columns))) >= _SIGNS_NEEDED
    # STATUS of SoSci Survey is a remark on a data record, and no status in the sense of Qualtrics.
    status = _cells_of(table, {} if is_sosci else columns, "status")
    if not is_export and not status.isin(_WORDS_OF_STATUS).any():
        status[:] = ""
    mode = _cells_of(table, columns if is_sosci else {}, "mode")
    channel = _cells_of(table, columns if is_export else {}, "distributionchannel")
    left_out = []
    gone = pd.Series(data=False, index=table.cells.index)
    for rows, what, reason in (
        (status.isin(_PREVIEW), "preview or test answer", "Status"),
        (channel == _CHANNEL_OF_PREVIEWS, "preview or test answer", "DistributionChannel"),
        (mode.isin(_TEST_MODES), "preview or test answer", "MODE"),
        (status.isin(_SPAM), "answer marked as spam", "Status"),
    ):
        left_out.append(LeftOut(what=what, rows=_rows(rows & ~gone), reason=reason))
        gone |= rows
    notes = _unknown_words("Status", status[~gone], _RESPONDENT | _PREVIEW | _SPAM)
    return left_out, [*notes, *_unknown_words("MODE", mode, _REGULAR_MODES | _TEST_MODES)]


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def _bare(name: str) -> str:
    """The code of a column: LimeSurvey writes "submitdate. Date submitted"."""
    return fold_name(name.partition(". ")[0])


def _columns_by_name(table: Table, claimed: Collection[str]) -> dict[str, str]:
    """The columns that neither an item nor a role claims, by the names under which systems are known.

    Where the system itself says what a column of its own holds, as the older Qualtrics does of V1 to V10, that is a
    name of it as well.
    """
    columns = {_bare(name): name for name in reversed(list(table.cells.columns)) if name not in claimed}
    for question in table.questions:
        if question.is_own and question.text and question.column in columns.values():
            columns.setdefault(fold_name(question.text), question.column)
    return columns


def _cells_of(table: Table, columns: dict[str, str], name: str) -> pd.Series:
    """What stands in a column of the system, in lower case; blank where there is no such column."""
    if name not in columns:
        return pd.Series("", index=table.cells.index)
    return table.cells[columns[name]].str.casefold().str.strip()


def _unknown_words(column: str, cells: pd.Series, known: Collection[str]) -> list[str]:
    """What to say of words that may stand for previews or tests."""
    unknown = cells[~cells.isin(known)]
    if unknown.empty:
        return []
    words = ", ".join(f"'{word}'" for word in list(dict.fromkeys(unknown))[:3])
    note = f"{column} says {words} in {counted(len(unknown), 'row')}; these count as respondents."
    if unknown.value_counts().min() * 2 < len(cells):
        # What most rows say in an unknown language is that they are answers; what few say may be previews.
        warnings.warn(f"{note} Delete them if they are previews or tests.", CxkitWarning, stacklevel=2)
    return [note]


def _unfinished(
    table: Table, columns: dict[str, str], items: Collection[str], *, is_export: bool
) -> tuple[pd.Series, str]:
    """Which responses were not handed in, and the column that says so."""
    nobody = pd.Series(data=False, index=table.cells.index)
    if "finished" in columns:
        finished = table.cells[columns["finished"]].str.casefold()
        if finished.isin(_YES | _NO | {""}).all() and finished.isin(_YES | _NO).any():
            return ~finished.isin(_YES), f"{columns['finished']} does not say yes"
    if "progress" in columns:
        progress = _percentages(table.cells[columns["progress"]])
        if progress.between(0, _COMPLETE).all() and (is_export or (progress == _COMPLETE).any()):
            return progress < _COMPLETE, f"{columns['progress']} is below 100"
    for folded, name in columns.items():
        words = table.cells[name].str.casefold().str.strip()
        if folded in _NAMES_OF_STATE and _says_state(words):
            return ~words.isin(_DONE), f"{name} does not say complete"
    for folded, name in columns.items():
        if _without_accents(folded) in _DATES_OF_SUBMISSION:
            return table.cells[name].isin(["", _NOT_COMPLETED]), f"{name} is empty"
    return _open_forms(table, columns, items) or (nobody, "")


def _percentages(cells: pd.Series) -> pd.Series:
    """Progress as a number: "38", "38%", "38 %"."""
    return pd.to_numeric(cells.str.replace(r"\s*%$", "", regex=True), errors="coerce")


def _says_state(words: pd.Series) -> bool:
    """Whether all cells are words for how far a response has come, some of them for the end."""
    return bool(words.isin(_DONE | _NOT_DONE | {""}).all() and words.isin(_DONE).any())


def _open_forms(table: Table, columns: dict[str, str], items: Collection[str]) -> tuple[pd.Series, str] | None:
    """Responses with an unfinished form of REDCap that holds items: 0 incomplete, 1 unverified, 2 complete."""
    names = list(table.cells.columns)
    ends = [name for name in names if name.casefold().endswith("_complete") and name in columns.values()]
    starts = [name for name in names if name.casefold().endswith("_timestamp") and name in columns.values()]
    has_pairs = bool({name[: -len("_complete")] for name in ends} & {name[: -len("_timestamp")] for name in starts})
    if not has_pairs and not _SIGNS_OF_REDCAP & set(map(fold_name, names)):
        return None
    # The state of a form stands behind its fields and its time before them; forms without an item do not count.
    closing = [end for end in _nearest_to_items(names, ends, items, after=True) if _is_form(table.cells[end])]
    if closing:
        is_open = ~table.cells[closing].map(str.casefold).isin(_FORM_DONE).all(axis=1)
        return is_open, f"{' or '.join(closing)} is not 2 (complete)"
    begun = _nearest_to_items(names, starts, items, after=False)
    opening = [start for start in begun if (table.cells[start] == _NOT_COMPLETED).any()]
    if opening:
        return (table.cells[opening] == _NOT_COMPLETED).any(axis=1), f"{' or '.join(opening)} says {_NOT_COMPLETED}"
    return None


def _nearest_to_items(names: list[str], marks: list[str], items: Collection[str], *, after: bool) -> list[str]:
    """Of these columns, the first after (or the last before) each item; each once, in the order of the items."""
    found = []
    for item in items:
        place = names.index(item)
        beside = [mark for mark in marks if (names.index(mark) > place) == after and mark != item]
        if beside:
            found.append(beside[0] if after else beside[-1])
    return list(dict.fromkeys(found))


def _is_form(cells: pd.Series) -> bool:
    return bool(cells.str.casefold().isin(_FORM_DONE | _FORM_OPEN).all())


def _unused_states(table: Table, columns: dict[str, str]) -> list[str]:
    """What to say of columns that look like completion and are not used."""
    notes = []
    for name in dict.fromkeys(columns.values()):
        words = table.cells[name].str.casefold().str.strip()
        if _looks_like_completion(name, words):
            shown = ", ".join(f"'{cell}'" for cell in list(dict.fromkeys(table.cells[name]))[:3])
            notes.append(
                f"The column '{name}' ({shown}) looks as if it said who finished; it is not used, and all its rows "
                "count as respondents."
            )
    return notes


def _looks_like_completion(name: str, words: pd.Series) -> bool:
    """Whether a column has words for unfinished responses, or a name and two or three values that may say it."""
    different = words.nunique()
    if _says_state(words) and words.isin(_NOT_DONE).any():
        return True
    if _LIKE_SUBMISSION.search(name) is not None and bool((words == "").any()) and different > 1:
        return True
    is_named = _LIKE_COMPLETION.search(name) is not None and _OF_TIME.search(name) is None
    return is_named and 2 <= different <= 3 and different < len(words)


def _rows(which: pd.Series) -> tuple[int, ...]:
    return tuple(int(row) for row in which.index[which])
