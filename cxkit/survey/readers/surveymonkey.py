"""SurveyMonkey: two rows, the question over blanks and below it its rows, its choices, or "Response"."""

from __future__ import annotations

from cxkit.survey.readers.header import Header, Question, Rows, System, count_signs, fold_sign, named_once, row_of

_OWN = frozenset({
    "respondentid", "collectorid", "startdate", "enddate", "ipaddress", "emailaddress", "firstname", "lastname",
    "customdata1", "customdata", "customvalue",
})  # fmt: skip
_WHOLE = frozenset({"response", "open-endedresponse", "antwort", "beantwortungenmitoffenemende", "reponse",
                    "reponseouverte", "respuesta", "respuestaabierta", "resposta", "risposta"})  # fmt: skip
"""What stands below a question that has one column; the question itself is its text."""


def recognises(rows: Rows) -> bool:
    """By the numbers of respondent and collector, with a second row that says nothing below them."""
    return count_signs(rows[0], {"respondentid", "collectorid"}) == 2


def read_header(rows: Rows) -> Header:
    """The question of each column, from the left where its own cell is blank."""
    below = row_of(rows, 1)
    has_second = not any(cell for cell, name in zip(below, rows[0], strict=True) if fold_sign(name) in _OWN)
    if not has_second:
        return Header(questions=named_once([Question(column=name) for name in rows[0]]))
    questions, question = [], ""
    for name, row in zip(rows[0], below, strict=True):
        question = name or question
        questions.append(_question(question, row))
    return Header(questions=named_once(questions), rows=2)


def _question(question: str, row: str) -> Question:
    if fold_sign(question) in _OWN and not row:
        return Question(column=question, is_own=True)
    if not row or fold_sign(row) in _WHOLE:
        return Question(column=question, text=question)
    return Question(column=f"{question} [{row}]", text=row, stem=question)


SYSTEM = System(key="surveymonkey", title="SurveyMonkey", recognises=recognises, read_header=read_header)
