"""How an item's wording is quoted: a reversed item says the opposite of the numbers beside it, so it is marked."""

from __future__ import annotations

REVERSED = " (reversed)"


def wording(text: object, *, turned: bool) -> str:
    """The wording as tables and the keys of figures give it; `turned` where answers to the item are turned round."""
    return f"{text}{REVERSED}" if turned else str(text)


def quoted(text: str, *, turned: bool) -> str:
    """The wording within a sentence: in quotation marks, without its full stop."""
    return wording(f"'{without_stop(text)}'", turned=turned)


def without_stop(text: str) -> str:
    """The wording without its full stop, where a sentence or a list goes on behind it; an ellipsis stays."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text


def as_ticked(name: object, *, against: bool) -> str:
    """The name of an item whose answers are shown as ticked; `against` where it is worded against its dimension."""
    return f"{name} (reversed, as ticked)" if against else str(name)
