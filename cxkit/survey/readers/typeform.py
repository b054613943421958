"""Typeform: a column "#" first, the times of the answers and a network number last."""

from __future__ import annotations

from cxkit.survey.readers.header import Header, Question, Rows, System, count_signs, fold_sign, named_once

_OWN = frozenset({"#", "startdate(utc)", "submitdate(utc)", "networkid", "tags", "responsetype", "stagedate(utc)",
                  "ending"})  # fmt: skip


def recognises(rows: Rows) -> bool:
    """By its number sign and what it writes last."""
    return count_signs(rows[0], {"#", "networkid", "startdate(utc)", "submitdate(utc)"}) >= 3


def read_header(rows: Rows) -> Header:
    """One row: each name is the question."""
    questions = [Question(column=name, text=name, is_own=fold_sign(name) in _OWN) for name in rows[0]]
    return Header(questions=named_once(questions))


SYSTEM = System(key="typeform", title="Typeform", recognises=recognises, read_header=read_header)
