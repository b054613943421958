"""The words of a model and where they stand; the first step of reading lavaan's language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from cxkit.errors import ModelError

# What word processors, PDFs and web pages put in the place of the signs of the language.
LOOKALIKES = {
    "~": "\u02dc\u223c\u223d\uff5e\u301c\u2053",
    "=": "\uff1d\ua78a",
    "*": "\u2217\u00d7\u22c5\u00b7\uff0a",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212",
    "+": "\uff0b",
    "|": "\u2223\u00a6\uff5c",
    "'": "\u2018\u2019\u00b4",
    '"': "\u201c\u201d\u201e\u00ab\u00bb",
    ">=": "\u2265",
    "<=": "\u2264",
    "nothing": "\u200b\u200c\u200d\ufeff\u00ad",
}
_ALIKE = frozenset("".join(LOOKALIKES.values()))
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v\xa0\u2000-\u200a\u202f\u3000]+|[#!][^\n]*)|(?P<newline>\n|;)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d][\w.]*|\.[^\W\d][\w.]*)|(?P<string>"[^"\n]*"|'[^'\n]*')
    |(?P<op>=~|~\*~|~~|<~|:=|==|<=|>=|[~|<>+*?(),/^:-])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the model and where it stands."""

    kind: str
    text: str
    line: int
    column: int


def read_tokens(text: str) -> list[Token]:
    """All tokens of a model, with two at its end so that a reader may look ahead."""
    tokens, place, line, start = [], 0, 1, 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            # A lone '=' is no sign of the language; what follows it may be meant for a part of '=~' or '=='.
            wrong = place + (text[place] == "=" and text[place + 1 : place + 2] in _ALIKE)
            _refuse(text[wrong], f"Model, line {line}, column {wrong - start + 1}")
        kind = str(match.lastgroup)
        if kind != "space":
            tokens.append(Token(kind, match.group(), line, place - start + 1))
        place = match.end()
        if match.group() == "\n":
            line, start = line + 1, place
    end = Token("end", "", line, place - start + 1)
    return [*tokens, end, end]


def _refuse(sign: str, where: str) -> NoReturn:
    """Name a sign outside the language; one that only looks like a sign of it comes from pasted text."""
    code = f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".rstrip()
    for meant, others in LOOKALIKES.items():
        if sign in others:
            instead = "Delete it" if meant == "nothing" else f"Type '{meant}' in its place"
            alike = "is invisible" if meant == "nothing" else f"only looks like '{meant}'"
            raise ModelError(f"{where}: '{sign}' {alike} ({code}), as pasted text has it. {instead}.")
    raise ModelError(
        f"{where}: '{sign}' does not belong to the model language. "
        "Expected a variable name, a number, or one of =~ ~ ~~ ~1 | := == < > + *."
    )
