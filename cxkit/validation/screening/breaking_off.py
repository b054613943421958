"""Who stopped before the end, and who merely left out the last items by chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.without_contents import without_contents

SHORTEST = 2
"""One blank at the end is an item left out like any other; from two on there is an end to speak of."""


@dataclass(frozen=True)
class BreakingOff:
    """What the blanks at the end of the questionnaire say.

    Attributes
    ----------
    blank
        How many respondents left the last two items or more blank, after at least one answer.
    blank_by_chance
        How many would be expected to, if they left out the last items as they leave out the others.
    stopped
        How many stopped: their blanks at the end number `from_items` or more, which chance hardly gives.
    by_chance
        How many would have so many blanks at the end by chance; NaN where nobody stopped.
    from_items
        The fewest blanks at the end that chance does not explain; 0 where nobody stopped.
    shares
        By item, the share of those who stopped who had stopped there; 0 for fewer than five.
    """

    blank: int
    blank_by_chance: float
    stopped: int
    by_chance: float
    from_items: int
    shares: pd.Series

    __repr__ = without_contents


def breaking_off(kinds: np.ndarray, counts: np.ndarray, keys: list[str]) -> BreakingOff:
    """Tell break-offs from items that were left out at the end by chance.

    Parameters
    ----------
    kinds
        A row a pattern of answers and a column an item in the order of the questionnaire; true where answered.
    counts
        How many respondents have each pattern.
    keys
        The items.

    Notes
    -----
    By chance, k blanks at the end are as probable as k blanks in a row before a later answer, since whoever answers
    later has not stopped. The smallest k is taken for which chance explains at most one in twenty of those with k
    blanks or more: the rule of Benjamini and Hochberg (1995), with the expected number in place of n times p.
    """
    if not kinds.any():
        nothing = pd.Series(0.0, index=keys, name="stopped")
        return BreakingOff(0, 0.0, stopped=0, by_chance=float("nan"), from_items=0, shares=nothing)
    trailing = np.argmax(kinds[:, ::-1], axis=1)
    began = kinds.any(axis=1)
    people = int(counts[began].sum())
    chance = _Chance(kinds[began], counts[began])
    blank = began & (trailing >= SHORTEST)
    nobody = BreakingOff(
        blank=int(counts[blank].sum()),
        blank_by_chance=people * chance.of_blanks(SHORTEST) if blank.any() else 0.0,
        stopped=0,
        by_chance=float("nan"),
        from_items=0,
        shares=pd.Series(0.0, index=keys, name="stopped"),
    )
    for length in np.unique(trailing[blank]):
        stopped = began & (trailing >= length)
        expected = people * chance.of_blanks(int(length))
        if expected <= FAMILY_ERROR * counts[stopped].sum():
            return BreakingOff(
                blank=nobody.blank,
                blank_by_chance=nobody.blank_by_chance,
                stopped=int(counts[stopped].sum()),
                by_chance=expected,
                from_items=int(length),
                shares=_shares(kinds[stopped], counts[stopped], keys),
            )
    return nobody


class _Chance:
    """How probable blanks in a row are among people who go on to answer a later item."""

    def __init__(self, kinds: np.ndarray, counts: np.ndarray) -> None:
        width = kinds.shape[1]
        self.last = width - 1 - np.argmax(kinds[:, ::-1], axis=1)
        self.counts = counts
        before_last = np.arange(width) < self.last[:, np.newaxis]
        left_out = ~kinds & before_last
        self.sums = np.concatenate([np.zeros((len(kinds), 1), dtype=int), np.cumsum(left_out, axis=1)], axis=1)
        self.rate, self.alike = self._rates(left_out.sum(axis=1))

    def _rates(self, left_out: np.ndarray) -> tuple[float, float]:
        """The rate at which items are left out, and how much alike the items of one person are in it.

        Half an item more keeps a rate of nothing from being taken for impossible. Likeness is the intraclass
        correlation of a beta-binomial distribution, by moments: some people leave out far more than others.
        """
        items = float(self.counts @ self.last)
        rate = (float(self.counts @ left_out) + 0.5) / (items + 1)
        spread = float(self.counts @ (left_out - self.last * rate) ** 2) / (rate * (1 - rate))
        pairs = float(self.counts @ (self.last * (self.last - 1)))
        return rate, min(max((spread - items) / pairs, 0.0), 1.0) if pairs else 0.0

    def of_blanks(self, length: int) -> float:
        """The probability of so many blanks in a row: that of the rates, or the share seen where it is larger.

        What is seen counts, too, because people turn two pages at once or pass over a block of items.
        """
        place = np.arange(length)
        free = 1 - self.alike
        model = float(np.prod((self.rate * free + place * self.alike) / (free + place * self.alike)))
        return max(model, self._seen(length))

    def _seen(self, length: int) -> float:
        """The share blank of all stretches of this length that stand before the last answer of a respondent."""
        starts = np.arange(max(self.sums.shape[1] - length, 0))
        inside = starts + length <= self.last[:, np.newaxis]
        blank = inside & (self.sums[:, length:] - self.sums[:, : self.sums.shape[1] - length] == length)
        stretches = int(self.counts @ inside.sum(axis=1))
        return int(self.counts @ blank.sum(axis=1)) / stretches if stretches else 0.0


def _shares(stopping: np.ndarray, counts: np.ndarray, keys: list[str]) -> pd.Series:
    """The share of those who stopped who answer nothing from this item on; 0 for fewer than five people."""
    answered_later = np.cumsum(stopping[:, ::-1], axis=1)[:, ::-1] > 0
    people = counts @ ~answered_later
    share = np.where(people < MINIMUM_CELL, 0, people) / max(int(counts.sum()), 1)
    return pd.Series(share, index=keys, name="stopped")
