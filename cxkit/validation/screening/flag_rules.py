"""When an index of careless responding raises a flag, and how often it would do so to attentive people.

No published cut-off holds for every questionnaire: below zero, the person-total correlation flags half of all attentive
people where the means of the items hardly differ, and few where they do. The cut-offs are therefore found for each
survey, by simulating attentive respondents (`attentive.py`) and asking how extreme they get.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from cxkit.errors import OptionError, nearest
from cxkit.results.references import cite
from cxkit.results.thresholds import (
    EVEN_ODD_JOHNSON,
    IRV_LEYS,
    LONGSTRING_CURRAN,
    MAHALANOBIS_TABACHNICK,
    SECONDS_HUANG,
    Cutoff,
)

MAD_OF_NORMAL = 1.4826
"""The standard deviation of normal numbers in units of their median absolute deviation."""

MOST_FALSE_FLAGS = 0.05
"""Of attentive respondents, each index flags at most so many: the usual risk of a single test."""
MOST_FALSE_PAIRS = 0.01
"""Of attentive respondents, at most so many get two flags or more, which is where people are looked at again."""
FEWEST_COPIES = 2

Side = Literal["above", "from", "below", "far"]
_SIDES: dict[Side, str] = {"above": "above", "from": "at least", "below": "below", "far": "more than"}


@dataclass(frozen=True, kw_only=True)
class FlagRule:
    """When an index raises a flag.

    `cutoff` is None where the index raises none. `published` is a cut-off from the literature with its `source`; it
    applies only if the caller names it. `too_common` says that even the most extreme value is common among attentive
    respondents. `false_flags` is the share of simulated attentive respondents that the rule
    flags, of those who have the index; NaN where nobody can be simulated.
    """

    index: str
    title: str
    side: Side
    cutoff: float | None = None
    unit: str = ""
    published: float | None = None
    source: str = ""
    items: int = 0
    named: bool = False
    too_common: bool = False
    false_flags: float = math.nan

    @property
    def words(self) -> str:
        """The rule for the table."""
        if self.cutoff is None:
            return self._why_never
        origin = ""
        if self.named:
            origin = f"({cite(self.source)})" if self.is_published else "(your cut-off)"
        elif self.index == SECONDS:
            origin = f"({cite(self.source)})"
        return " ".join(part for part in (_SIDES[self.side], self._value(self.cutoff), self.unit, origin) if part)

    @property
    def _why_never(self) -> str:
        if self.named or self.index in OFF_UNLESS_NAMED:
            return "never: switched off"
        return "never: attentive people reach its end" if self.too_common else "never: not calibrated"

    def _value(self, cutoff: float) -> str:
        if self.counts_items:
            return f"{math.ceil(cutoff * self.items - 1e-9)} of {self.items} items"
        return f"{cutoff:.3g}".replace("-", "−")

    @property
    def counts_items(self) -> bool:
        """Whether the index is a number of items, compared as a share of all of them."""
        return self.index.startswith("longstring")

    @property
    def is_published(self) -> bool:
        """Whether the cut-off is the one from the literature."""
        return self.cutoff is not None and self.cutoff == self.published

    @property
    def heading(self) -> str:
        """The name of the index at the start of a line."""
        return self.title[0].upper() + self.title[1:]

    def raised(self, compared: np.ndarray) -> np.ndarray:
        """Which respondents are flagged; a missing index raises none."""
        if self.cutoff is None:
            return np.zeros(len(compared), dtype=bool)
        with np.errstate(invalid="ignore"):
            match self.side:
                case "from":
                    return np.asarray(compared >= self.cutoff)
                case "below":
                    return np.asarray(compared < self.cutoff)
                case _:
                    return np.asarray(compared > self.cutoff)


def _rule(index: str, title: str, side: Side, published: Cutoff, unit: str = "") -> FlagRule:
    value = published.bands[-1][0]
    return FlagRule(index=index, title=title, side=side, unit=unit, published=value, source=published.source)


SECONDS = "seconds_per_item"
OFF_UNLESS_NAMED = ("longstring_mean",)
"""The mean run says the same as the longest one: two flags for one manner would count twice."""

RULES = (
    _rule("longstring_max", "longest run of one answer", "from", LONGSTRING_CURRAN),
    FlagRule(index="longstring_mean", title="mean run of one answer", side="from"),
    _rule("irv", "variability of the answers", "far", IRV_LEYS, "MADs from the median"),
    _rule("mahalanobis_p", "Mahalanobis distance (p)", "below", MAHALANOBIS_TABACHNICK),
    _rule("even_odd", "even-odd consistency", "below", EVEN_ODD_JOHNSON),
    FlagRule(index="synonyms", title="psychometric synonyms", side="below"),
    FlagRule(index="antonyms", title="psychometric antonyms", side="above"),
    FlagRule(index="person_total", title="person-total correlation", side="below"),
    FlagRule(index="identical", title="answers identical to others'", side="from", unit="respondents"),
    replace(_rule(SECONDS, "seconds an item", "below", SECONDS_HUANG), cutoff=SECONDS_HUANG.bands[-1][0]),
)
"""Every index with its direction; cut-offs come from the calibration or from the caller."""


def named_rules(cutoffs: Mapping[str, float | None] | None, items: int) -> tuple[FlagRule, ...]:
    """Every index with its rule, with the caller's cut-offs; a misspelt index is refused."""
    wanted = dict(cutoffs or {})
    known = [rule.index for rule in RULES]
    for index, value in wanted.items():
        if index not in known:
            raise OptionError(f"cutoffs names '{index}', which is no index.{nearest(str(index), known)}")
        if value is not None and not (isinstance(value, Real) and np.isfinite(float(value))):
            raise OptionError(f"cutoffs: {index}={value} must be a number, or None for no flag.")
    rules = (replace(rule, items=items) for rule in RULES)
    return tuple(
        replace(rule, cutoff=wanted[rule.index], named=True) if rule.index in wanted else rule for rule in rules
    )


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Rules with their cut-offs, and how many simulated attentive respondents have one flag or more, or two or more.

    `level` is the share that each calibrated index may flag; NaN where nobody could be simulated.
    """

    rules: tuple[FlagRule, ...]
    level: float = math.nan
    any_flag: float = math.nan
    two_flags: float = math.nan
    simulated: int = 0


def calibrate(rules: tuple[FlagRule, ...], compared: Mapping[str, np.ndarray]) -> Calibration:
    """Choose the cut-offs from the indices of simulated attentive respondents.

    All calibrated indices share one level: the largest, up to 5 %, at which no more than 1 % of attentive respondents
    get two flags or more. Indices of one respondent hang together, so no formula gives that level.
    """
    free = [rule for rule in rules if not _is_set(rule)]
    level = _common_level([_tail(rule, compared[rule.index]) for rule in free])
    found = tuple(rule if _is_set(rule) else _at_level(rule, compared[rule.index], level) for rule in rules)
    return _with_rates(found, compared, level)


def _is_set(rule: FlagRule) -> bool:
    """Whether the caller, or the source of a rule that cannot be simulated, has decided already."""
    return rule.named or rule.index == SECONDS or rule.index in OFF_UNLESS_NAMED


def _tail(rule: FlagRule, compared: np.ndarray) -> np.ndarray:
    """The share of respondents whose index is at least as extreme as one's own; 1 where there is none."""
    extreme = _extremity(rule, compared)
    known = np.sort(extreme[~np.isnan(extreme)])
    at_least = len(known) - np.searchsorted(known, extreme, side="left")
    return np.where(np.isnan(extreme), 1.0, at_least / max(len(known), 1))


def _extremity(rule: FlagRule, compared: np.ndarray) -> np.ndarray:
    """The index, larger where it is more suspicious; rounded, so that equal correlations are equal."""
    return np.round(-compared if rule.side == "below" else compared, 9)


def _common_level(tails: list[np.ndarray]) -> float:
    """The largest share for each index that keeps the share of two flags or more within its limit."""
    if len(tails) < 2:
        return MOST_FALSE_FLAGS
    # A respondent has two flags from the level on at which the second most extreme of their indices is flagged.
    second = np.sort(np.sort(np.column_stack(tails), axis=1)[:, 1])
    allowed = int(MOST_FALSE_PAIRS * len(second))
    return float(min(MOST_FALSE_FLAGS, np.nextafter(second[allowed], 0.0)))


def _at_level(rule: FlagRule, compared: np.ndarray, level: float) -> FlagRule:
    """The rule with the most severe cut-off that flags no more than this share of attentive respondents."""
    known = compared[~np.isnan(compared)]
    if not len(known):
        return rule
    if rule.side == "from":
        count = _count_from(rule, known, level)
        return replace(rule, cutoff=count, too_common=count is None)
    tail = _tail(rule, known)
    extreme = _extremity(rule, known)
    flagged = tail <= level
    if not flagged.any():
        return replace(rule, too_common=True)
    edge, within = extreme[flagged].min(), extreme[~flagged].max(initial=-np.inf)
    middle = edge if np.isinf(within) else (edge + within) / 2
    return replace(rule, cutoff=_rounded(rule, middle))


def _count_from(rule: FlagRule, known: np.ndarray, level: float) -> float | None:
    """The smallest number of items, or of copies, that no more than this share of attentive respondents reach."""
    unit = rule.items if rule.counts_items else 1
    counts = np.round(known * unit)
    least, most = (FEWEST_COPIES, int(counts.max()) + 1) if rule.index == "identical" else (1, rule.items)
    for count in range(least, max(least, most) + 1):
        if (counts >= count).mean() <= level:
            return count / unit
    return None


def _rounded(rule: FlagRule, extreme: float) -> float:
    """The cut-off as it is printed, rounded to the lenient side: three decimals, or two digits of a probability."""
    if rule.index == "mahalanobis_p":
        p = -extreme
        if p <= 0:
            return 0.0
        unit = 10.0 ** (math.floor(math.log10(p)) - 1)
        return float(f"{math.floor(p / unit + 1e-9) * unit:.2g}")
    up = math.ceil(extreme * 1000 - 1e-9) / 1000
    return -up + 0.0 if rule.side == "below" else up


def _with_rates(rules: tuple[FlagRule, ...], compared: Mapping[str, np.ndarray], level: float) -> Calibration:
    """The share of simulated respondents that each rule flags, and the shares with one flag and with two."""
    counts = np.zeros(len(next(iter(compared.values()))))
    rated = []
    for rule in rules:
        values = compared.get(rule.index)
        if values is None or rule.cutoff is None or np.isnan(values).all():
            rated.append(rule)
            continue
        raised = rule.raised(values)
        counts += raised
        rated.append(replace(rule, false_flags=float(raised.sum() / (~np.isnan(values)).sum())))
    return Calibration(
        rules=tuple(rated),
        level=level,
        any_flag=float((counts >= 1).mean()),
        two_flags=float((counts >= 2).mean()),
        simulated=len(counts),
    )


def flagged(frame: pd.DataFrame, rules: tuple[FlagRule, ...]) -> pd.DataFrame:
    """The indices with who is flagged by which."""
    with_cutoff = [rule for rule in rules if rule.cutoff is not None]
    raised = np.column_stack(
        [np.zeros((len(frame), 0), dtype=bool), *(r.raised(compared_values(r, frame)) for r in with_cutoff)]
    )
    names = np.array([rule.index for rule in with_cutoff], dtype=object)
    judged = frame[list(names)].notna().sum(axis=1) if len(names) else 0
    code = raised @ (2 ** np.arange(len(names)))  # few combinations of flags, many respondents
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    lists = np.array([", ".join(names[raised[row]]) for row in first], dtype=object)
    return frame.assign(judged=judged, flag_count=raised.sum(axis=1), flagged_by=lists[which])


def compared_values(rule: FlagRule, frame: pd.DataFrame) -> np.ndarray:
    """What the cut-off is compared with."""
    values = frame[rule.index].to_numpy(dtype="float64")
    if rule.counts_items:
        return values / rule.items
    if rule.index == "irv":
        away = np.abs(values - frame["irv"].median())
        mad = MAD_OF_NORMAL * float(pd.Series(away).median())
        return away / mad if mad > 0 else np.full(len(values), np.nan)
    return values
