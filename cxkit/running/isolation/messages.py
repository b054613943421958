"""How much of what a kernel sends is read: a message beyond the bounds counts as too much, whatever it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from cxkit.running.untrusted import Unbounded, read_json, text_of_repr

_MOST_PARTS = 200_000  # values in one message; a figure drawn in JavaScript has some thousands
_PER_VALUE, _PER_NUMBER = 64, 32
_LONGEST_WORDS = 10_000  # characters of an error's message where its output is lost
_BYTES_OF_A_CHARACTER, _REST_OF_A_PART = 6, 1 << 16  # at most, as JSON writes it; what is no output


class TooMuch(dict[str, Any]):
    """Stands for a part of a message that was too large to be read."""


def read_bounded(part: bytes, output_bytes: int | None) -> Any:
    """One part of a message, if the number of its values is within bounds, and its size where a cell may print so much.

    Read, a flood would take the memory of this process and come faster than it is read.
    """
    if output_bytes is not None and len(part) > _BYTES_OF_A_CHARACTER * output_bytes + _REST_OF_A_PART:
        return TooMuch()
    try:
        return read_json(part, most_parts=_MOST_PARTS)
    except (Unbounded, MemoryError):  # the memory of this process is bounded as well
        return TooMuch()


def size_of(content: Any) -> int:
    """Bytes of memory that a message takes, near enough: every value and every name costs, and an empty list as well.

    In Python an empty list takes 56 bytes, an empty dictionary 64, a short text about 50.
    """
    total, waiting = 0, [content]
    while waiting:
        value = waiting.pop()
        total += _PER_NUMBER if isinstance(value, (int, float)) else _PER_VALUE
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
    return total


def text_of_reply(reply: Mapping[str, Any]) -> str | None:
    """The text of a user expression: the kernel sends its repr. Anything else counts as nothing."""
    try:
        shown = reply["content"]["user_expressions"]["text"]["data"]["text/plain"]
    except (KeyError, TypeError):
        return None
    return text_of_repr(shown) if isinstance(shown, str) else None


def error_of_reply(reply: Mapping[str, Any]) -> NotebookNode:
    """The error that ended a cell, from the reply alone.

    Its output can be lost on the way: a kernel without memory cannot write down where the error was.
    """
    content = reply["content"]
    name, said = (str(content.get(key, ""))[:_LONGEST_WORDS] for key in ("ename", "evalue"))
    return new_output("error", ename=name, evalue=said, traceback=[f"{name}: {said}" if said else name])
