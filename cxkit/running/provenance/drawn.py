"""Which outputs show what their text does not tell, by scripts, by style sheets that write or choose, from elsewhere?

Of these the text is compared, and what comes of it is not; the verdict says how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cxkit.running.notebooks.notebook import joined
from cxkit.running.pages.html_tokens import Attributes, tell_tokens
from cxkit.running.provenance.inputs import texts_of

_TAGS = frozenset({"script", "iframe", "frame", "object", "embed", "link", "base", "set", "animate"})
_FROM = frozenset({"src", "srcset", "poster", "data", "background"})
# Escapes of CSS (a backslash) can write any of these words otherwise; [id^=...] chooses by the letters of a random name
_WRITES = re.compile(
    r"(?<![-\w])(?:content|attr|counters?|@import)\b|url\((?![\s'\"]*(?:#|data:))|\\|\[", re.IGNORECASE
)


def is_drawn(bundle: Mapping[str, Any]) -> bool:
    """Whether an output, by its contents in their media types, shows more than its text tells."""
    found = _Drawing()
    for kind, held in bundle.items():
        found.draws |= "javascript" in kind
        is_text = kind.startswith("text/") or "svg" in kind
        for text in [joined(held)] if is_text else texts_of([held]):
            if kind != "text/plain" and "<" in text:
                tell_tokens(text, found)
    return found.draws


class _Drawing:
    """Looks through tags and style sheets of html for what draws, writes or comes from elsewhere."""

    def __init__(self) -> None:
        self.draws = False
        self._within = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        self._within = tag
        self.draws |= tag in _TAGS or any(_acts(tag, *one) for one in attributes)

    def end(self, tag: str) -> None:
        self._within = ""

    def text(self, text: str) -> None:
        self.draws |= self._within == "style" and _WRITES.search(text) is not None


def _acts(tag: str, name: str, value: str) -> bool:
    if name in _FROM or (name in {"href", "xlink:href"} and tag != "a"):
        return not value.strip().startswith(("data:", "#"))
    is_script = name.startswith("on") or value.strip().lower().startswith("javascript:")
    return is_script or (name == "style" and _WRITES.search(value) is not None)
