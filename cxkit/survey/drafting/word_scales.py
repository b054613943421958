"""From usual words to a scale: their order, and the answers that nobody chose but that such a scale has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cxkit.survey.drafting.wordings import FROM_NO_TO_YES, QUALITY, ROWS
from cxkit.survey.labels import fold_label

Places = tuple[int, ...]
POLES = 7
"""The length of the rows that run from one pole to the other."""
MIDDLE = 3
"""The place of the middle answer in such a row."""

# The scales in use, by the length of the row, the commonest first. A file shows no answer that nobody chose.
_FIVE_OF_SEVEN: tuple[Places, ...] = ((0, 1, 3, 5, 6), (0, 2, 3, 4, 6), (1, 2, 3, 4, 5))
_EVEN_OF_SEVEN: tuple[Places, ...] = ((0, 1, 5, 6), (0, 2, 4, 6), (1, 2, 4, 5), (0, 1, 2, 4, 5, 6))
_FIVE_OF_SIX: tuple[Places, ...] = ((0, 1, 2, 3, 5), (0, 1, 2, 3, 4), (0, 1, 2, 4, 5))
_FROM_POOR: tuple[Places, ...] = ((1, 2, 3, 4, 5), (1, 2, 3, 5))
"""Scales of quality often begin with "poor"; those of how often begin with "never"."""
_FOUR_OF_SIX: Places = (0, 1, 3, 5)
_FOUR_OF_FIVE: Places = (0, 1, 3, 4)
_TWO_SIDES: Places = (1, 5)
"""Disagree and agree alone are a question with two answers."""


@dataclass(frozen=True, kw_only=True)
class WordScale:
    """A list of usual words, the labels of a scale from it by their numbers, and whether the file shows every one."""

    row: int
    labels: Mapping[int, str]
    is_whole: bool


def ordered(words: Collection[str]) -> WordScale | None:
    """The scale that some words of a file come from; None if no row of usual words has them all.

    Words round a missing middle are taken as a scale without one. Otherwise an answer that nobody chose is taken in
    where the usual scale has it.
    """
    given = {fold_label(word): word for word in words}
    for number, row in enumerate(ROWS):
        places = places_of(row, given)
        if places is None or len(places) < 2:
            continue
        shown = {place: given[word] for word, place in places.items()}
        chosen = _choose(tuple(sorted(shown)), row)
        return WordScale(row=number, labels=number_labels(row, chosen, shown), is_whole=len(chosen) == len(shown))
    return None


def number_labels(row: tuple[str, ...], places: Iterable[int], shown: Mapping[int, str]) -> dict[int, str]:
    """The labels of some places, numbered from 1, two from 0; where none was shown, the usual word."""
    chosen = sorted(places)
    start = 0 if len(chosen) == 2 else 1
    return {number: shown.get(place) or _usual(row, place, shown) for number, place in enumerate(chosen, start=start)}


def _usual(row: tuple[str, ...], place: int, shown: Mapping[int, str]) -> str:
    """The usual word of a place, in the manner of its opposite: "completely agree" beside "completely disagree"."""
    words = row[place].split("|")
    opposite = len(row) - 1 - place
    theirs = list(map(fold_label, row[opposite].split("|")))
    told = fold_label(shown.get(opposite, ""))
    manner = theirs.index(told) if told in theirs and len(theirs) == len(words) else 0
    is_lower = all(word[:1].islower() for word in shown.values())
    return words[manner] if is_lower else words[manner].capitalize()


def places_of(row: tuple[str, ...], folded: Iterable[str]) -> dict[str, int] | None:
    """Word to its place in the row; None where a word is not in it, or two share a place."""
    known: dict[str, int] = {}
    for place, words in enumerate(row):
        for word in words.split("|"):
            known[fold_label(word)] = place
    places: dict[str, int] = {}
    for word in folded:
        if word not in known or known[word] in places.values():
            return None
        places[word] = known[word]
    return places


def _choose(seen: Places, row: tuple[str, ...]) -> Places:
    """The places that the answers were offered from."""
    length = len(row)
    if length == POLES:
        return _between_poles(seen)
    if seen in _even(row):
        return seen
    if row in FROM_NO_TO_YES:
        return _FOUR_OF_FIVE if set(seen) < set(_FOUR_OF_FIVE) else tuple(range(length))
    if length == 6:
        for five in _fives(row):
            if set(seen) <= set(five):
                return five
    return tuple(range(length))


def _even(row: tuple[str, ...]) -> tuple[Places, ...]:
    """The scales of four from a row of five or six; all of their answers have to be seen."""
    if len(row) == 5:
        return (_FOUR_OF_FIVE,)
    if len(row) != 6:
        return ()
    return (_FOUR_OF_SIX, *_FROM_POOR) if row is QUALITY else (_FOUR_OF_SIX,)


def _fives(row: tuple[str, ...]) -> tuple[Places, ...]:
    """The scales of five from a row of six, the commonest first."""
    return (_FIVE_OF_SIX[1], *_FIVE_OF_SIX, _FROM_POOR[0]) if row is QUALITY else _FIVE_OF_SIX


def _between_poles(seen: Places) -> Places:
    """The answers seen and their opposites; a middle answer only where somebody chose it."""
    both = tuple(sorted({*seen, *(POLES - 1 - place for place in seen)}))
    known = (*_FIVE_OF_SEVEN, *_EVEN_OF_SEVEN, tuple(range(POLES)))
    if both in known or both == _TWO_SIDES:
        return both
    for places in known:
        if set(both) <= set(places) and (MIDDLE in places) == (MIDDLE in both):
            return places
    return tuple(range(POLES))


def wider(places: Places, row: tuple[str, ...]) -> list[Places]:
    """Longer scales that the same answers could come from: those that a person has to be asked about."""
    whole = tuple(range(len(row)))
    if len(row) == POLES and len(places) > 2:
        found = []
        if MIDDLE not in places:
            found.append(tuple(sorted((*places, MIDDLE))))
        if 0 not in places:
            found.append((0, *places, POLES - 1))
        return found
    if places == _FOUR_OF_FIVE and len(row) == 5:
        return [whole]
    if places in _even(row):
        return [five for five in dict.fromkeys(_fives(row)) if set(places) < set(five)] or [whole]
    return []
