"""Whether cells of a column are alike: names unlike all others, and names that only look different."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_INVISIBLE_KEPT = "\u200c\u200d"  # joiners: they change how Persian, Hindi and emoji are written


def clean_name(cell: str) -> str:
    """A name without signs that nobody sees: control and zero-width signs, odd blanks, a stray quotation mark."""
    seen = []
    for sign in cell:
        kind = unicodedata.category(sign)
        if kind == "Cf" and sign not in _INVISIBLE_KEPT:
            continue
        seen.append(" " if kind == "Cc" else sign)
    text = " ".join("".join(seen).split())
    return text.replace('"', "").strip() if text.count('"') % 2 else text


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names that differ by capitals, width, blanks, invisible signs or punctuation only."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(_folded(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    text = re.sub(r"(?<=\d)[^\w\s](?=\d)", "_", text)  # "1.1" is not "11"
    return "".join(sign for sign in text if sign == "_" or unicodedata.category(sign)[0] in "LNMS") or text


def is_unlike(cell: str, others: Iterable[str]) -> bool:
    """Whether a cell lacks a feature that all others share: digits, letters, blanks, punctuation, their length."""
    others = list(others)
    known = [_features(other) for other in others]
    if not known or not cell:
        return bool(known)
    if _is_number(cell) and all(map(_is_number, others)):
        return False  # "2" below "1.5" and "0.5"
    mine = _features(cell)
    return any(
        all(other[place] == known[0][place] for other in known) and mine[place] != known[0][place]
        for place in range(len(mine))
    )


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)*", cell) is not None


def _features(cell: str) -> tuple[object, ...]:
    # Runs of digits count as one: "R_999" and "R_1000" are alike.
    short = re.sub(r"\d+", "0", cell)
    punctuation = "".join(sorted({sign for sign in cell if not sign.isalnum() and not sign.isspace()}))
    return ("0" in short, any(map(str.isalpha, cell)), " " in cell, punctuation, len(short))
