"""Qualtrics: names, question texts, and a row of {"ImportId": ...}, which no other system writes.

The older format has the names V1 to V10 for what Qualtrics adds, and two rows. Whoever tidied a file may have deleted
the second or third row.
"""

from __future__ import annotations

from cxkit.survey.readers.header import (
    NO_ROW,
    Header,
    Question,
    Rows,
    System,
    count_signs,
    fold_sign,
    named_once,
    row_of,
)

_OWN = frozenset({
    "startdate", "enddate", "status", "ipaddress", "progress", "duration(inseconds)", "finished", "recordeddate",
    "responseid", "recipientlastname", "recipientfirstname", "recipientemail", "externalreference", "locationlatitude",
    "locationlongitude", "locationaccuracy", "distributionchannel", "userlanguage", "responseset", "name",
    "externaldatareference", "emailaddress", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
})  # fmt: skip
_OWN_TEXTS = frozenset({
    "startdate", "enddate", "responsetype", "recordeddate", "responseid", "responseset", "distributionchannel",
    "userlanguage", "externaldatareference",
})  # fmt: skip
_CHOICES = (" - Selected Choice", " - Selected Choices")
_LEAST = 4


def recognises(rows: Rows) -> bool:
    """By its row of ImportId, else by what it adds: alone, these names may be questions of a study."""
    return _row_of_ids(rows) > 0 or _has_own(rows) or _is_legacy(rows)


def _has_own(rows: Rows) -> bool:
    return count_signs(rows[0], _OWN) >= _LEAST and count_signs(rows[0], {"responseid", "recordeddate"}) > 0


def _is_legacy(rows: Rows) -> bool:
    of_old = {f"v{number}" for number in range(1, 11)}
    return count_signs(rows[0], of_old) >= _LEAST and count_signs(row_of(rows, 1), _OWN_TEXTS) >= 2


def _row_of_ids(rows: Rows) -> int:
    """How many rows stand above the one of ImportId; 0 if there is none."""
    for number in (1, 2, 3):
        if any(cell.lstrip().startswith('{"ImportId"') for cell in row_of(rows, number)):
            return number
    return 0


def read_header(rows: Rows) -> Header:
    """Names, texts and ids as far as they are there."""
    ids = _row_of_ids(rows)
    has_texts = ids >= 2 or count_signs(row_of(rows, 1), _OWN_TEXTS) >= 2
    last = ids or int(has_texts)
    texts = row_of(rows, 1 if has_texts else NO_ROW)
    return Header(questions=named_once(map(_question, rows[0], texts)), rows=last + 1)


def _question(name: str, text: str) -> Question:
    if fold_sign(name) in _OWN:
        return Question(column=name, text=text, is_own=True)
    if name.endswith("_TEXT"):
        return Question(column=name, text=text)
    for ending in _CHOICES:
        text = text.removesuffix(ending)
    stem, dash, row = text.rpartition(" - ")
    return Question(column=name, text=row if dash else text, stem=stem, names=(text,) if dash else ())


SYSTEM = System(key="qualtrics", title="Qualtrics", recognises=recognises, read_header=read_header)
