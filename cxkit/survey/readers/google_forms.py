"""Google Forms: the time of each response first, its name in the language of the form, then a column a question."""

from __future__ import annotations

import re

from cxkit.survey.readers.header import (
    Header,
    Question,
    Rows,
    System,
    count_signs,
    fold_sign,
    named_once,
    row_of,
    split_row,
)

_TIMES = frozenset({
    "timestamp", "zeitstempel", "horodateur", "marcatemporal", "carimbodedata/hora", "informazionicronologiche",
    "tijdstempel", "sygnaturaczasowa", "отметкавремени", "タイムスタンプ", "时间戳记", "時間戳記", "타임스탬프",
    "zamandamgası", "tidstampel", "tidsstempel", "aikaleima", "casovarazitka", "casoveoznaceni", "idobelyeg",
})  # fmt: skip
_OWN = _TIMES | {"emailaddress", "e-mail-adresse", "emailadresse", "adressee-mail", "direcciondecorreoelectronico",
                 "enderecodee-mail", "indirizzoemail", "username", "score", "punkte", "puntuacion"}  # fmt: skip
_TIME = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[ T]+\d{1,2}[:.]\d{2}([:.]\d{2})?( ?[^\d\W]\D*( ?GMT.*)?)?$")


def recognises(rows: Rows) -> bool:
    """By the name of its first column, and by the times below it."""
    if count_signs(rows[0][:1], map(fold_sign, _TIMES)) == 0:
        return False
    below = filter(None, (row_of(rows, number)[0] for number in range(1, len(rows))))
    return all(map(_TIME.match, below))


def read_header(rows: Rows) -> Header:
    """One row: "Question [row]" or the question."""
    own = set(map(fold_sign, _OWN))
    questions = []
    for name in rows[0]:
        stem, text = split_row(name)
        questions.append(Question(column=name, text=text, stem=stem, is_own=fold_sign(name) in own))
    return Header(questions=named_once(questions))


SYSTEM = System(key="google_forms", title="Google Forms", recognises=recognises, read_header=read_header)
