"""Values as TOML writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(value: object) -> str:
    """A text, number, truth value, list or table within a line."""
    if isinstance(value, str):
        # JSON's escapes are TOML's; of the control characters JSON leaves one as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        entries = [f"{key_of(str(key))} = {written(one)}" for key, one in value.items()]
        return f"{{ {', '.join(entries)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def key_of(name: str) -> str:
    """A key, in quotation marks where it needs them."""
    return name if _BARE.fullmatch(name) else written(name)


def entry(name: str, value: object) -> str:
    """One line of a table."""
    return f"{key_of(name)} = {written(value)}"
