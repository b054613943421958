"""Which names does a stranger's code use? Read without a parser, which a short text can make take any memory."""

from __future__ import annotations

import re

_LONGEST = 1_000_000
_OPENING = re.compile(r"""#|\"\"\"|'''|["']""")
_CLOSING = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"\\.|['\n]", re.DOTALL),
    '"""': re.compile(r'\\.|"""', re.DOTALL),
    "'''": re.compile(r"\\.|'''", re.DOTALL),
}
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")  # after a point it is a part of something else
_HOLE = re.compile(r"\{([^{}]*)")
_QUERIED = re.compile(r"@([^\W\d]\w*)")


def names_used(text: str) -> set[str]:
    """The names in code, without comments and texts.

    Of a formatted string what stands in its braces counts, and of any string what `query` and `eval` of pandas take
    from the notebook: `@name`.
    """
    text = text[:_LONGEST]
    code, place = list[str](), 0
    while (opening := _OPENING.search(text, place)) is not None:
        code.append(text[place : opening.start()])
        if opening[0] == "#":
            end = text.find("\n", opening.end())
            place = len(text) if end < 0 else end
            continue
        body, place = _string(text, opening.end(), opening[0])
        prefix = re.search(r"[A-Za-z]*$", code[-1][-3:])
        if prefix is not None and "f" in prefix[0].lower():
            code += _HOLE.findall(body)
        code += _QUERIED.findall(body)
        code.append(" ")
    code.append(text[place:])
    return set(_NAME.findall("\n".join(code)))


def _string(text: str, begin: int, quote: str) -> tuple[str, int]:
    """What stands between the quotes, and where the code goes on; a string without an end ends with the text."""
    place = begin
    while (found := _CLOSING[quote].search(text, place)) is not None:
        if not found[0].startswith("\\"):
            return text[begin : found.start()], found.end()
        place = found.end()
    return text[begin:], len(text)
