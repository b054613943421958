"""Microsoft Forms: an Excel sheet that begins with ID, two times, e-mail and name, in the language of the form."""

from __future__ import annotations

from cxkit.survey.readers.header import Header, Question, Rows, System, count_signs, fold_sign, named_once, split_row

_OWN = frozenset({
    "id", "starttime", "completiontime", "email", "name", "lastmodifiedtime", "language", "totalpoints", "quizfeedback",
    "gradepostedtime", "startzeit", "fertigstellungszeit", "e-mail", "zeitpunktderletztenanderung",
    "uhrzeitderletztenanderung", "heurededebut", "heuredefin", "adressedemessagerie", "nom",
    "heuredeladernieremodification", "horadeinicio", "horadefinalizacion", "correoelectronico", "nombre",
    "horadelaultimamodificacion", "oradiinizio", "oradicompletamento", "nome", "begintijd", "tijdvanvoltooien", "naam",
    "horadeconclusao", "postaelettronica",
})  # fmt: skip
_TIMES = frozenset({
    "starttime", "completiontime", "startzeit", "fertigstellungszeit", "heurededebut", "heuredefin", "horadeinicio",
    "horadefinalizacion", "oradiinizio", "oradicompletamento", "begintijd", "tijdvanvoltooien", "horadeconclusao",
})  # fmt: skip
_OF_QUIZ = ("points - ", "feedback - ", "punkte - ", "punkte – ")


def recognises(rows: Rows) -> bool:
    """By the number and the two times."""
    first = [fold_sign(name) for name in rows[0][:6]]
    return first[:1] == ["id"] and count_signs(first, _TIMES) == 2


def read_header(rows: Rows) -> Header:
    """One row: each name is the question; a question in rows has a column a row, named by the row alone."""
    questions = []
    last_own = max(place for place, name in enumerate(rows[0][:8]) if fold_sign(name) in _OWN)
    for place, name in enumerate(rows[0]):
        is_own = (place <= last_own and fold_sign(name) in _OWN) or name.casefold().startswith(_OF_QUIZ)
        stem, text = split_row(name)
        questions.append(Question(column=name, text=text, stem=stem, is_own=is_own))
    return Header(questions=named_once(questions))


SYSTEM = System(key="microsoft_forms", title="Microsoft Forms", recognises=recognises, read_header=read_header)
