"""A file of no known system: one row of names, each the question itself or a short name for it."""

from __future__ import annotations

from cxkit.survey.readers.header import Header, Question, Rows, System, named_once, split_row


def read_header(rows: Rows) -> Header:
    """One row of names; "Question [row]" is a question in rows."""
    questions = []
    for name in rows[0]:
        stem, text = split_row(name)
        questions.append(Question(column=name, text=text, stem=stem))
    return Header(questions=named_once(questions))


SYSTEM = System(key="plain", title="a plain table", recognises=lambda rows: True, read_header=read_header)
