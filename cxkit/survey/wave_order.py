"""In which order do waves follow one another, as far as their names tell?

Sorted as text, "after" comes before "before" and "31.01.2025" after "15.06.2025". So only names that tell a time are
put in order; of others nobody says which is the latest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# The first letters of months and seasons of the year; a winter is taken for the end of its year
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEASONS = {"spring": 4, "summer": 7, "autumn": 10, "fall": 10, "winter": 13}
_STAGES = {
    "pre": 0, "before": 0, "baseline": 0, "start": 0, "pretest": 0, "mid": 1, "during": 1, "middle": 1, "post": 2,
    "after": 2, "end": 2, "posttest": 2, "follow up": 3, "followup": 3,
}  # fmt: skip
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4, "quarter": 91.3, "year": 365.0}

Key = tuple[float, ...]


def in_time(names: Sequence[str]) -> list[str] | None:
    """The names in the order of time; None where they do not tell it.

    Names tell a time if all of them are numbered alike ("wave 9", "wave 10"; "2024-03-01"), or are quarters, months,
    seasons or days of a year, stages ("before", "after"; "pre", "post"), or distances from a beginning ("baseline",
    "6 months", "1 year").
    """
    for reading in (_quarter, _month_or_season, _day, _stage, _distance):
        keys = [reading(name.strip().casefold()) for name in names]
        if all(key is not None for key in keys) and len(set(keys)) == len(names):
            return [name for _, name in sorted(zip(keys, names, strict=True), key=lambda pair: pair[0] or ())]
    return _numbered(names)


def _numbered(names: Sequence[str]) -> list[str] | None:
    """Names that differ in their numbers only, the first of which counts most: years before months before days."""
    if len({re.sub(r"\d+", "0", name) for name in names}) > 1 or not all(re.search(r"\d", name) for name in names):
        return None if len(names) > 1 else list(names)
    # A year at the end is no number of a wave: 3/2024 follows 5/2023
    if len(names) > 1 and any(re.search(r"\d.*\D(19|20)\d\d\D*$", name) for name in names):
        return None
    return sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def _quarter(name: str) -> Key | None:
    found = re.fullmatch(r"q([1-4])[ /.-]*((?:19|20)\d\d)", name)
    if found:
        return float(found[2]), float(found[1])
    found = re.fullmatch(r"((?:19|20)\d\d)[ /.-]*q([1-4])", name)
    return (float(found[1]), float(found[2])) if found else None


def _month_or_season(name: str) -> Key | None:
    year, words = re.findall(r"\b(?:19|20)\d\d\b", name), re.findall(r"[^\W\d_]+", name)
    if len(year) != 1 or len(words) != 1:
        return None
    word, rest = words[0], re.sub(rf"{year[0]}|{re.escape(words[0])}|\W", "", name)
    number = _SEASONS.get(word) or next((k for k, month in enumerate(_MONTHS, 1) if word.startswith(month)), None)
    return None if number is None or (rest and not rest.isdigit()) else (float(year[0]), number, float(rest or 0))


def _day(name: str) -> Key | None:
    """Day, month and year with dots. With slashes the first may be the month: they tell nothing."""
    found = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d\d)", name)
    return (float(found[3]), float(found[2]), float(found[1])) if found else None


def _stage(name: str) -> Key | None:
    stage = _STAGES.get(re.sub(r"[\s_-]+", " ", name))
    return None if stage is None else (float(stage),)


def _distance(name: str) -> Key | None:
    if _STAGES.get(name) == 0:
        return (0.0,)
    found = re.fullmatch(r"(?:after )?(\d+)[ -]?(day|week|month|quarter|year)s?", name)
    return (float(found[1]) * _DAYS[found[2]],) if found else None
