"""LimeSurvey: the codes of questions, "code. text [row]", or texts alone; its own columns come first.

Where answers are exported as codes, every question has codes of its own, A1 upwards (AO01 in newer versions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cxkit.survey.readers.header import Header, Question, Rows, System, count_signs, fold_sign, named_once, split_row

_CODES = frozenset({"id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp", "ipaddr",
                    "refurl", "token"})  # fmt: skip
_TEXTS = frozenset({
    "responseid", "datesubmitted", "lastpage", "startlanguage", "seed", "datestarted", "datelastaction", "ipaddress",
    "antwortid", "datumabgeschickt", "letzteseite", "start-sprache", "zufallsstartwert", "datumgestartet",
    "datumletzteaktivitat", "iddelareponse", "datedesoumission", "dernierepage", "languededepart", "tetedeserie",
    "iddereepuesta", "iddelarespuesta", "fechadeenvio", "ultimapagina", "lenguajeinicial", "semilla",
})  # fmt: skip
_TIMES = re.compile(r"(interviewtime|groupTime\d+|\w+Time)$")
_ANSWER = re.compile(r"AO?0*(\d+)")
_DIGITS_OF_AO = 2  # AO01; A1 has as many digits as its number
_CODE = re.compile(r"^([A-Za-z]\w*(?:\[[^\]]*\]){0,2})\. +(.*)$", re.DOTALL)
_OWN_TEXTS_NEEDED = 3


def recognises(rows: Rows) -> bool:
    """By its own columns, as codes or in words."""
    codes = [name.partition(". ")[0] for name in rows[0]]
    return (
        count_signs(codes, {"id", "submitdate", "lastpage", "startlanguage", "seed"}) >= _OWN_TEXTS_NEEDED
        or count_signs(rows[0], _TEXTS) >= _OWN_TEXTS_NEEDED
    )


def read_header(rows: Rows) -> Header:
    """One row; a code is another name for its column."""
    return Header(questions=named_once(_question(name) for name in rows[0]))


def _question(name: str) -> Question:
    coded = _CODE.match(name)
    code = coded.group(1) if coded else name
    is_own = fold_sign(code) in _CODES or fold_sign(name) in _TEXTS or _TIMES.match(code) is not None
    if coded is None:
        stem, text = split_row(name)
        return Question(column=name, text="" if is_own else text, stem=stem, is_own=is_own)
    stem, text = split_row(coded.group(2))
    return Question(column=name, text=text, stem=stem, names=(code,), is_own=is_own)


def numbered(cells: Iterable[str]) -> dict[str, str]:
    """Codes such as A1 or AO01 to their numbers, if all filled cells are such codes; else nothing."""
    filled = [cell for cell in cells if cell]
    found = {cell: match.group(1) for cell in filled if (match := _ANSWER.fullmatch(cell))}
    return found if len(found) == len(filled) else {}


def code_of(number: int, codes: Iterable[str]) -> str:
    """The code of an answer, written as the codes of others are: AO10 beside AO01, A10 beside A1."""
    letters, digits = "A", []
    for code in codes:
        letters = "AO" if code.startswith("AO") else letters
        digits.append(code.removeprefix("A").removeprefix("O"))
    shortest = min(digits, key=len)
    if len(shortest) > 1 and not any(one.startswith("0") for one in digits):  # 10 and above only
        return f"{letters}{number:0{_DIGITS_OF_AO if letters == 'AO' else 1}}"
    return f"{letters}{number:0{len(shortest)}}"


SYSTEM = System(key="limesurvey", title="LimeSurvey", recognises=recognises, read_header=read_header)
