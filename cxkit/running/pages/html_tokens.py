"""Html taken apart into tags and text, in a time that grows with its length and not with its square.

Python's own parser goes back to every unfinished tag, comment or character at the end of a text: 40 kB of ``<a b=``
cost it 15 s. Here nothing is read twice: what has no end reaches to the end of the text, as the standard has it
(https://html.spec.whatwg.org/multipage/parsing.html). What tags mean together is judged later, by a sanitiser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Protocol

Attributes = list[tuple[str, str]]

# Contents of these are text up to their end tag, whatever it looks like.
_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}
_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_BETWEEN = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"[^\s/>][^\s/>=]*")
_EQUALS = re.compile(r"\s*=\s*")
_UNQUOTED = re.compile(r"[^\s>]*")
_END_OF_COMMENT = re.compile(r"--!?>")


class Receiver(Protocol):
    """Takes what is found, in its order."""

    def start(self, tag: str, attributes: Attributes) -> None:
        """A start tag; names in lower case, values with their character references resolved."""

    def end(self, tag: str) -> None:
        """An end tag."""

    def text(self, text: str) -> None:
        """Text between tags; that of a style as it stands."""


def tell_tokens(html: str, receiver: Receiver) -> None:
    """Tell `receiver` every tag and text of `html`; comments, declarations and instructions are passed over."""
    at = 0
    while (begin := html.find("<", at)) >= 0:
        if begin > at:
            receiver.text(unescape(html[at:begin]))
        at = _tag(html, begin, receiver)
    if at < len(html):
        receiver.text(unescape(html[at:]))


def _tag(html: str, begin: int, receiver: Receiver) -> int:
    """What stands at a `<`; returns where it ends."""
    closes = html.startswith("</", begin)
    named = _NAME.match(html, begin + 1 + closes)
    if named is None:
        return _no_tag(html, begin, receiver)
    attributes, at, is_closed = _attributes(html, named.end())
    if at < 0:
        return len(html)  # a tag without an end is none, and nothing comes after it
    tag = named[0].lower()
    if not closes:
        receiver.start(tag, attributes)
    if closes or is_closed:
        receiver.end(tag)
        return at
    return _raw(html, at, tag, receiver.text) if tag in _RAW else at


def _no_tag(html: str, begin: int, receiver: Receiver) -> int:
    if html.startswith("<!--", begin):
        return _after_comment(html, begin)
    if html.startswith(("</", "<!", "<?"), begin):
        end = html.find(">", begin + 2)
        return end + 1 if end >= 0 else len(html)
    receiver.text("<")
    return begin + 1


def _attributes(html: str, at: int) -> tuple[Attributes, int, bool]:
    """The attributes of a tag (the first of each name), where it ends (-1: nowhere), and whether it closes itself."""
    found: dict[str, str] = {}
    while True:
        between = _BETWEEN.match(html, at)
        at = between.end() if between else at
        if at >= len(html):
            return [], -1, False
        if html[at] == ">":
            return list(found.items()), at + 1, html[at - 1] == "/"
        name = _ATTRIBUTE.match(html, at)
        assert name is not None, "neither white space, a slash nor a bracket"
        value, at = _value(html, name.end())
        if at < 0:
            return [], -1, False
        found.setdefault(name[0].lower(), value)


def _value(html: str, at: int) -> tuple[str, int]:
    """The value that may follow an attribute's name, and where it ends; -1 if it does nowhere."""
    equals = _EQUALS.match(html, at)
    if equals is None:
        return "", at
    at = equals.end()
    quote = html[at : at + 1]
    if quote in {'"', "'"}:
        end = html.find(quote, at + 1)
        return (unescape(html[at + 1 : end]), end + 1) if end >= 0 else ("", -1)
    bare = _UNQUOTED.match(html, at)
    return (unescape(bare[0]), bare.end()) if bare else ("", at)


def _raw(html: str, at: int, tag: str, text: Callable[[str], None]) -> int:
    end = _RAW[tag].search(html, at)
    stop = end.start() if end else len(html)
    if stop > at:
        text(html[at:stop])
    return stop


def _after_comment(html: str, begin: int) -> int:
    for short in ("<!-->", "<!--->"):
        if html.startswith(short, begin):
            return begin + len(short)
    end = _END_OF_COMMENT.search(html, begin + 4)
    return end.end() if end else len(html)
