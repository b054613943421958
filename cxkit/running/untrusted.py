"""The one place where text from strangers is read: it can be written again, and reading it cannot fill memory.

JSON can hold half a character (one of the two surrogates of an emoji that was cut in two). Python reads it, and no file
encoding can write it: one student's text would stop whatever writes a whole class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

MOST_PARTS = 1_500_000
"""Values, containers and keys of one JSON text. An empty container takes 64 bytes of memory for 3 of text."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_END_OF_STRING = re.compile(r'(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Unbounded(ValueError):
    """JSON that would take much more memory than its text, or lies too deep within itself."""


def writable(text: str) -> str:
    """Join halves of characters that belong together, and replace those that stand alone."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def printable(text: str) -> str:
    """The text with signs that turn, hide or move what a terminal shows written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def writable_data(value: Any) -> Any:
    """The same for every text and every key of nested lists and dictionaries."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {writable_data(key): writable_data(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [writable_data(inner) for inner in value]
    return value


def read_json(
    content: str | bytes,
    *,
    most_parts: int | None = MOST_PARTS,
    deepest: int | None = None,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    """What does this JSON say, if whoever wrote it may want to do harm?

    Parameters
    ----------
    content : str or bytes
        Bytes in any encoding that JSON allows, with or without a byte order mark.
    most_parts : int or None
        How many values it may have; None for text of one's own.
    deepest : int, optional
        How many lists and dictionaries may lie within one another; by default as many as Python can read.
    parse_constant : callable, optional
        As of `json.loads`: for NaN and Infinity.

    Returns
    -------
    Any
        Plain data, every text of which can be written as UTF-8.

    Raises
    ------
    ValueError
        If it is no JSON, lies too deep within itself, or has too many parts (both `Unbounded`).
    """
    text = content if isinstance(content, str) else _decoded(content)
    text = text.removeprefix("\ufeff")
    if most_parts is not None and parts_of(text) > most_parts:
        raise Unbounded(f"it has more than {most_parts:,} values; clear its outputs")
    has_halves = _ESCAPED_SURROGATE.search(text) is not None or _SURROGATE.search(text) is not None
    try:
        data = json.loads(text, parse_constant=parse_constant)
        if deepest is not None and is_deeper(data, deepest):
            raise Unbounded(f"its data lie more than {deepest} deep within one another")
        return writable_data(data) if has_halves else data
    except RecursionError:
        raise Unbounded("its data lie within one another without end") from None


def is_deeper(value: Any, deepest: int) -> bool:
    """Whether more lists and dictionaries than that lie within one another."""
    layer = [value]
    for _ in range(deepest + 1):
        held = [one for one in layer if isinstance(one, (dict, list))]
        layer = [inner for one in held for inner in (one.values() if isinstance(one, dict) else one)]
        if not held:
            return False
    return True


def _decoded(content: bytes) -> str:
    return content.decode(json.detect_encoding(content), "surrogatepass")


def parts_of(text: str) -> int:
    """At most so many values a JSON text has: each but the first follows a bracket, a comma or a colon."""
    quick = 1 + _marks(text)
    # Commas within texts are no values; taking the texts out costs time, so only where it matters
    return quick if quick < MOST_PARTS // 10 else sum(map(_marks, _outside_texts(text))) + 1


def _outside_texts(text: str) -> Iterator[str]:
    """The pieces of a JSON text between its strings: each sign is looked at once, also where a string has no end."""
    start = 0
    while (begin := text.find('"', start)) >= 0:
        yield text[start:begin]
        end = _END_OF_STRING.match(text, begin + 1)
        assert end is not None  # it matches everywhere
        start = end.end()
    yield text[start:]


def _marks(text: str) -> int:
    return sum(map(text.count, ("[", "{", ",", ":")))


def text_of_repr(shown: str) -> str | None:
    """The text whose `repr` this is; None if it is that of anything else.

    Not by `ast.literal_eval`, which builds a tree of the whole first: "0,0,0, ..." takes 800 times its size.
    """
    if len(shown) < 2 or shown[0] not in "'\"" or shown[-1] != shown[0]:
        return None
    try:
        return writable(_ESCAPE.sub(_unescaped, shown[1:-1]))
    except (ValueError, OverflowError):
        return None


def _unescaped(found: re.Match[str]) -> str:
    letter = found[0][1]
    if len(found[0]) > 2:
        return chr(int(found[0][2:], 16))
    return _PLAIN_ESCAPES.get(letter, letter)
