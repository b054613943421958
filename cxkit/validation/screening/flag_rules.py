"""When an index of careless responding raises a flag: conventions with their sources, which a caller may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

Side = Literal["above", "from", "below", "far"]
_SIDES: dict[Side, str] = {"above": "above", "from": "at least", "below": "below", "far": "more than"}


@dataclass(frozen=True, kw_only=True)
class FlagRule:
    """When an index raises a flag. `source` is empty where nobody has proposed a cut-off and zero is the kit's.

    `least` is the shortest run of one answer that counts, in items.
    """

    index: str
    title: str
    side: Side
    cutoff: float | None
    unit: str = ""
    source: str = ""
    least: int = 0

    @property
    def words(self) -> str:
        """The rule for the table."""
        if self.cutoff is None:
            return "never: no cut-off"
        value = f"{self.cutoff:.0%}" if self.unit.startswith("of ") else f"{self.cutoff:g}".replace("-", "−")
        origin = f"({cite(self.source)})" if self.source else "(no convention)"
        least = f"and {self.least} in all" if self.least else ""
        return " ".join(part for part in (_SIDES[self.side], value, self.unit, least, origin) if part)

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


def _rule(index: str, title: str, side: Side, cutoff: Cutoff, unit: str = "", least: int = 0) -> FlagRule:
    value = cutoff.bands[-1][0]
    return FlagRule(
        index=index, title=title, side=side, cutoff=value, unit=unit, source=cutoff.source, least=least
    )  # fmt: skip


SHORTEST_RUN = 10
"""Half of a short questionnaire is soon answered alike by attentive people too; runs below this raise no flag."""

RULES = (
    _rule("longstring_max", "longest run of one answer", "from", LONGSTRING_CURRAN, "of the items", SHORTEST_RUN),
    FlagRule(index="longstring_mean", title="mean run of one answer", side="from", cutoff=None),
    _rule("irv", "variability of the answers", "far", IRV_LEYS, "MADs from the median"),
    _rule("mahalanobis_p", "Mahalanobis distance (p)", "below", MAHALANOBIS_TABACHNICK),
    _rule("even_odd", "even-odd consistency", "below", EVEN_ODD_JOHNSON),
    FlagRule(index="synonyms", title="psychometric synonyms", side="below", cutoff=0.0),
    FlagRule(index="antonyms", title="psychometric antonyms", side="above", cutoff=0.0),
    FlagRule(index="person_total", title="person-total correlation", side="below", cutoff=0.0),
    _rule("seconds_per_item", "seconds an item", "below", SECONDS_HUANG),
)
"""Every index with the rule that applies where the caller names none."""


def chosen_rules(cutoffs: Mapping[str, float | None] | None) -> tuple[FlagRule, ...]:
    """Every index with its rule, changed where the caller says so; a misspelt index is refused."""
    wanted = dict(cutoffs or {})
    known = [rule.index for rule in RULES]
    for index, value in wanted.items():
        if index not in known:
            raise OptionError(f"cutoffs names '{index}', which is no index.{nearest(str(index), known)}")
        if value is not None and not (isinstance(value, Real) and np.isfinite(float(value))):
            raise OptionError(f"cutoffs: {index}={value} must be a number, or None for no flag.")
    return tuple(_changed(rule, wanted[rule.index]) if rule.index in wanted else rule for rule in RULES)


def _changed(rule: FlagRule, cutoff: float | None) -> FlagRule:
    """The same rule with the caller's cut-off, which no longer has the source's authority unless it is the same."""
    if cutoff == rule.cutoff:
        return rule
    unit = "of the items" if rule.index == "longstring_mean" else rule.unit
    return FlagRule(index=rule.index, title=rule.title, side=rule.side, cutoff=cutoff, unit=unit)


def flagged(frame: pd.DataFrame, rules: tuple[FlagRule, ...], items: int) -> pd.DataFrame:
    """The indices with who is flagged by which."""
    with_cutoff = [rule for rule in rules if rule.cutoff is not None]
    raised = np.column_stack(
        [np.zeros((len(frame), 0), dtype=bool), *(r.raised(_compared(r, frame, items)) for r in with_cutoff)]
    )
    names = np.array([rule.index for rule in with_cutoff], dtype=object)
    judged = frame[list(names)].notna().sum(axis=1) if len(names) else 0
    code = raised @ (2 ** np.arange(len(names)))  # few combinations of flags, many respondents
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    lists = np.array([", ".join(names[raised[row]]) for row in first], dtype=object)
    return frame.assign(judged=judged, flag_count=raised.sum(axis=1), flagged_by=lists[which])


def _compared(rule: FlagRule, frame: pd.DataFrame, items: int) -> np.ndarray:
    """What the cut-off is compared with."""
    values = frame[rule.index].to_numpy(dtype="float64")
    if rule.index.startswith("longstring"):
        return np.where(values < rule.least, 0.0, values / items)
    if rule.index == "irv":
        away = np.abs(values - frame["irv"].median())
        mad = MAD_OF_NORMAL * float(pd.Series(away).median())
        return away / mad if mad > 0 else np.full(len(values), np.nan)
    return values
