"""Which answer the words of a cell stand for, and whether two answers could claim the same words.

A label as it is printed counts first, a number second, and last what people and programs write differently: capitals,
punctuation, the number before the label ("6 - Agree", "Agree [6]"). Where two of these could give different
answers for one cell, the instrument is refused: whichever reading won, some answers would change without a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from math import isfinite

from cxkit.survey.likeness import drop_invisible

TRUTH = {"true": 1.0, "false": 0.0}
"""What spreadsheets write for a ticked and an empty box; read on scales from 0 to 1."""

_SIGNS_KEPT = "%‰"  # "50%" is not "50": category P as most punctuation is, but part of the meaning
_SIGNS_DROPPED = "=|`^~"  # category S, but used as separators: "6 = Agree"
_APOSTROPHES = re.compile("['’]")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")
_PLAIN_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")

Claim = tuple[float, str]
"""An answer and the words by which a message names the reading."""

Labels = Mapping[float, str] | Mapping[float, tuple[str, ...]]
"""Answers to the words printed beside them, one or several."""

Code = float | str
"""A number or words that stand for "no answer"."""


def plain_words(words: str) -> str:
    """The words as printed, but for capitals, invisible signs and the width of blanks; accents in one form (NFC)."""
    return " ".join(drop_invisible(unicodedata.normalize("NFC", words)).casefold().split())


def fold_label(words: str) -> str:
    """The words without punctuation, in lower case, their tokens apart: "50+ times" is not "5, 0 times".

    Words without letters, digits and kept signs, such as "--", stay as they are.
    """
    text = _APOSTROPHES.sub("", plain_words(words))
    kept = "".join(character if _carries_meaning(character) else " " for character in _with_numbers_whole(text))
    return " ".join(_TOKEN.findall(kept.replace("\x00", "."))) or text


def _with_numbers_whole(text: str) -> str:
    """The same text with the point of a decimal number held by a sign that no file contains."""
    return re.sub(r"(?<=\d)[.,](?=\d)", "\x00", text)


def _carries_meaning(character: str) -> bool:
    kind = unicodedata.category(character)[0]
    if character in _SIGNS_DROPPED:
        return False
    return kind in "LNMS" or character in _SIGNS_KEPT or character == "\x00"


def printed(labels: Labels) -> list[tuple[float, str]]:
    """Each wording with its answer."""
    listed = [(value, (words,) if isinstance(words, str) else words) for value, words in labels.items()]
    return [(value, label) for value, words in listed for label in words]


def exact_wordings(labels: Labels) -> dict[str, float]:
    """Labels as printed, to their answers."""
    return {plain_words(label): value for value, label in printed(labels) if label.strip()}


def loose_wordings(labels: Labels, low: float | None, high: float | None) -> dict[str, float]:
    """What else stands for an answer, folded: "Agree!", "6 - Agree", "6 (Agree)"; true and false on a 0-1 scale."""
    wordings = dict(TRUTH) if (low, high) == (0, 1) else {}
    for value, label in printed(labels):
        wordings |= {fold_label(label): value, fold_label(f"{value:g} {label}"): value}
        if _has_letters(label):  # LimeSurvey writes "Agree [4]"
            wordings[fold_label(f"{label} {value:g}")] = value
    return wordings


def _has_letters(label: str) -> bool:
    return any(map(str.isalpha, label))


def folded_words(codes: Iterable[Code]) -> frozenset[str]:
    """Those of the codes that are words, folded as labels are."""
    return frozenset(fold_label(code) for code in codes if isinstance(code, str))


def find_collisions(labels: Labels, low: float | None, high: float | None, codes: Iterable[Code] = ()) -> list[str]:
    """Every cell that could be read in two ways with different answers, as a sentence that names both readings."""
    found = []
    for cell, claims in _claims(labels, low, high, tuple(codes)).items():
        first = claims[0]
        others = [claim for claim in claims if claim[0] != first[0]]
        if others:
            found.append(f"'{cell}' could be {first[1]} or {others[0][1]}.")
    return found


def _claims(labels: Labels, low: float | None, high: float | None, codes: tuple[Code, ...]) -> dict[str, list[Claim]]:
    """Each folded wording with every reading of it."""
    claims: dict[str, list[Claim]] = {}
    for value, label in printed(labels):
        if not label.strip():  # a blank cell is no answer, whatever the label
            continue
        claims.setdefault(fold_label(label), []).append((value, f"the label '{label}' of {value:g}"))
        numbered = claims.setdefault(fold_label(f"{value:g} {label}"), [])
        numbered.append((value, f"{value:g} with its label '{label}'"))
        if _has_letters(label):
            behind = claims.setdefault(fold_label(f"{label} {value:g}"), [])
            behind.append((value, f"the label '{label}' with its number {value:g}"))
        for number in _numbers_in(label):
            claims[fold_label(label)] += _as_number(number, low, high, codes)
    for code in codes:
        if isinstance(code, str):
            claims.setdefault(fold_label(code), []).append(_as_code(code))
    if (low, high) == (0, 1):
        for word, value in TRUTH.items():
            if word in claims:
                claims[word].append((value, f"the word {word.upper()} for {value:g}"))
    return claims


def _numbers_in(label: str) -> set[float]:
    """The numbers as which a cell with these words could be read: by its sign, or without its punctuation."""
    texts = {label.strip(), label.strip().replace(",", ".")}
    folded = fold_label(label)
    if _PLAIN_NUMBER.fullmatch(folded):
        texts.add(folded.replace(",", "."))
    numbers = set()
    for text in texts:
        try:
            numbers.add(float(text))
        except ValueError:
            continue
    return set(filter(isfinite, numbers))


def _as_code(code: Code) -> Claim:
    """The reading as "no answer", which differs from every answer."""
    named = f"the words '{code}'" if isinstance(code, str) else f"the code {code:g}"
    return (float("-inf"), f'{named} for "no answer"')


def _as_number(number: float, low: float | None, high: float | None, codes: tuple[Code, ...]) -> list[Claim]:
    """A number as a reading: on the scale it is an answer, among the codes "no answer", else it is none."""
    if number in codes:
        return [_as_code(number)]
    if low is None or high is None or low <= number <= high:
        return [(number, f"the number {number:g}")]
    return []
