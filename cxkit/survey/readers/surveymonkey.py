"""SurveyMonkey: two rows, the question over blanks and below it its rows, its choices, or "Response"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from cxkit.survey.readers.header import Header, Question, Rows, System, count_signs, fold_sign, named_once, row_of

_OWN = frozenset({
    "respondentid", "collectorid", "startdate", "enddate", "ipaddress", "emailaddress", "firstname", "lastname",
    "customdata1", "customdata", "customvalue",
})  # fmt: skip
_WHOLE = frozenset({"response", "open-endedresponse", "antwort", "beantwortungenmitoffenemende", "reponse",
                    "reponseouverte", "respuesta", "respuestaabierta", "resposta", "risposta",
                    "antwoord", "odpowiedz", "svar", "vastaus", "yanıt", "ответ", "回答", "응답"})  # fmt: skip
"""What stands below a question that has one column; the question itself is its text."""


_NUMBERS = re.compile(r"\d+")
_DATE = re.compile(r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}")
_LEAD = (_NUMBERS, _NUMBERS, _DATE, _DATE)
"""What stands first, in every language: the numbers of respondent and collector, and when it was begun and ended."""


def recognises(rows: Rows) -> bool:
    """By the numbers of respondent and collector; in other languages than English by what stands below their names."""
    return count_signs(rows[0], {"respondentid", "collectorid"}) == 2 or _is_translated(rows)


def _is_translated(rows: Rows) -> bool:
    """Whether two numbers and two dates stand under names that the second row leaves without a further one."""
    people = rows[2:]
    if not people or _n_leading(rows) < len(_LEAD) or not any(rows[1]):
        return False
    for place, pattern in enumerate(_LEAD):
        if not all(pattern.match(row[place]) for row in people if len(row) > place and row[0]):
            return False
    return True


def _n_leading(rows: Rows) -> int:
    """How many columns at the left have a name and nothing in the second row: those that the system adds."""
    number = 0
    for name, below in zip(rows[0], row_of(rows, 1), strict=True):
        if not name or below:
            break
        number += 1
    return number


def read_header(rows: Rows) -> Header:
    """The question of each column, from the left where its own cell is blank."""
    below = row_of(rows, 1)
    own = {place for place, name in enumerate(rows[0]) if fold_sign(name) in _OWN}
    whole = set(_WHOLE)
    if len(own) < 2:  # in another language, where the words for an open question are not known either
        own = set(range(_n_leading(rows)))
        whole |= _below_single_columns(rows[0], below)
    has_second = len(own) > 1 and not any(below[place] for place in own)
    if not has_second:
        return Header(questions=named_once([Question(column=name) for name in rows[0]]))
    questions, question = [], ""
    for place, (name, row) in enumerate(zip(rows[0], below, strict=True)):
        question = name or question
        questions.append(_question(question, row, whole, is_own=place in own and not row))
    return Header(questions=named_once(questions), rows=2)


def _below_single_columns(names: Sequence[str], below: Sequence[str]) -> set[str]:
    """What stands below questions of one column."""
    found = set()
    for place, name in enumerate(names):
        if name and below[place] and (place + 1 == len(names) or names[place + 1]):
            found.add(fold_sign(below[place]))
    return found


def _question(question: str, row: str, whole: Collection[str], *, is_own: bool) -> Question:
    if is_own:
        return Question(column=question, is_own=True)
    if not row or fold_sign(row) in whole:
        return Question(column=question, text=question)
    return Question(column=f"{question} [{row}]", text=row, stem=question)


SYSTEM = System(key="surveymonkey", title="SurveyMonkey", recognises=recognises, read_header=read_header)
