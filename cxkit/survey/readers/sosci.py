"""SoSci Survey: names of variables, often a row of their labels below; -9 stands for "not answered"."""

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
    "case", "serial", "ref", "questnnr", "mode", "language", "started", "finished", "lastdata", "lastpage", "maxpage",
    "missing", "missrel", "time_sum", "time_rsi", "deg_time", "q_viewer", "status", "mailsent",
})  # fmt: skip


def recognises(rows: Rows) -> bool:
    """By what it writes of each interview."""
    return count_signs(rows[0], {"case", "serial", "ref", "questnnr", "mode", "started"}) >= 4


def read_header(rows: Rows) -> Header:
    """One row, or two where the number of the first interview is in words."""
    case = next((cell for name, cell in zip(rows[0], row_of(rows, 1), strict=True) if fold_sign(name) == "case"), "")
    has_labels = bool(case) and not case.isdigit()
    texts = row_of(rows, 1 if has_labels else NO_ROW)
    return Header(questions=named_once(map(_question, rows[0], texts)), rows=1 + has_labels)


def _question(name: str, text: str) -> Question:
    is_own = fold_sign(name) in _OWN or fold_sign(name).startswith("time0")
    stem, colon, row = text.partition(": ")
    return Question(column=name, text=row if colon else text, stem=stem if colon else "", is_own=is_own)


SYSTEM = System(key="sosci", title="SoSci Survey", recognises=recognises, read_header=read_header)
