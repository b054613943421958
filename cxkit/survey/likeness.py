"""Whether cells of a column are alike: names unlike all others, and names that only look different."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

import pandas as pd

_INVISIBLE_KEPT = "\u200c\u200d"  # joiners: they change how Persian, Hindi and emoji are written

# Soft hyphen, zero-width blank, word joiner and invisible operators, byte order mark; marks, embeddings and isolates of
# writing direction, which programs put round what is copied from pages in Arabic or Hebrew, and round phone numbers.
_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def map_distinct(cells: pd.Series, function: Callable[[str], object]) -> pd.Series:
    """`cells.map(function)`, with each different cell asked once: columns of a survey repeat a few answers."""
    return cells.map({cell: function(cell) for cell in cells.unique()})


def drop_invisible(text: str) -> str:
    """A text without signs that nobody sees and that make two of equal words: zero-width blanks, marks of direction."""
    return _INVISIBLE.sub("", text)


def clean_name(cell: str) -> str:
    """A name without signs that nobody sees: control and zero-width signs, odd blanks, a stray quotation mark."""
    if cell.isascii() and cell.isprintable() and '"' not in cell:  # most names, and there may be a million
        return " ".join(cell.split())
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
        groups.setdefault(fold_writing(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def fold_writing(name: str) -> str:
    """A name without what people write differently: capitals, width, blanks, invisible signs, punctuation."""
    text = unicodedata.normalize("NFKC", name).casefold()
    if text.isascii() and text.isalnum():
        return text
    text = re.sub(r"(?<=\d)[^\w\s](?=\d)", "_", text)  # "1.1" is not "11"
    return "".join(sign for sign in text if sign == "_" or unicodedata.category(sign)[0] in "LNMS") or text


class Features:
    """What the different cells of a column have in common, counted once: each comparison then costs the same.

    Parameters
    ----------
    cells
        The cells that others are compared with.
    """

    def __init__(self, cells: Iterable[str]) -> None:
        self._cells = set(cells)
        self._n_words = sum(not _is_number(cell) for cell in self._cells)
        described = [_features(cell) for cell in self._cells]
        self._counts = [Counter(place) for place in zip(*described, strict=True)]

    def lacks(self, cell: str, *, beside: str | None = None) -> bool:
        """Whether a cell lacks a feature that all others share: digits, letters, blanks, punctuation, their length.

        `beside` is a cell that does not count among the others.
        """
        left_out = [beside] if beside in self._cells and beside is not None else []
        if len(self._cells) == len(left_out) or not cell:
            return len(self._cells) > len(left_out)
        n_words = self._n_words - sum(not _is_number(other) for other in left_out)
        if _is_number(cell) and not n_words:
            return False  # "2" below "1.5" and "0.5"
        for place, (counts, mine) in enumerate(zip(self._counts, _features(cell), strict=True)):
            if len(counts) > 2:
                continue
            others = counts - Counter(_features(other)[place] for other in left_out)
            if len(others) == 1 and mine not in others:
                return True
        return False


def is_unlike(cell: str, others: Iterable[str]) -> bool:
    """Whether a cell lacks a feature that all others share: digits, letters, blanks, punctuation, their length."""
    return Features(others).lacks(cell)


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)*", cell) is not None


def _features(cell: str) -> tuple[object, ...]:
    # Runs of digits count as one: "R_999" and "R_1000" are alike.
    short = re.sub(r"\d+", "0", cell)
    punctuation = "".join(sorted({sign for sign in cell if not sign.isalnum() and not sign.isspace()}))
    return ("0" in short, any(map(str.isalpha, cell)), " " in cell, punctuation, len(short))
