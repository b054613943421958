"""Which item, or pair of items, was answered by few: what keeps incomplete answers from telling their moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# An item stands out below this share of the respondents of the item that most answered, and a pair below this share of
# those of the middle pair. Elsewhere answers are missing everywhere, and no item is the one to leave out.
SCARCE = 0.5
# A smaller number of people is not told.
FEWEST_TOLD = 5
MOST_NAMED = 3


def scarcest(answers: np.ndarray, names: Sequence[str]) -> str:
    """`'N5' was answered by 18 of 320 respondents`; empty where no item and no pair of items stands out."""
    seen = (~np.isnan(answers)).astype(float)
    together = seen.T @ seen
    count = together.diagonal()
    if count.min() <= SCARCE * count.max():
        return _items(count, len(answers), names)
    rows, columns = np.triu_indices(len(count), 1)
    pairs = together[rows, columns]
    if not pairs.size or pairs.min() > SCARCE * np.median(pairs):
        return ""
    k = int(np.argmin(pairs))
    both = f"'{names[rows[k]]}' and '{names[columns[k]]}'"
    return f"{both} were answered together by {_count_text(int(pairs[k]), len(answers))}"


def pairs_apart(answers: np.ndarray, names: Sequence[str]) -> list[str]:
    """`'x1' and 'x2'`, for every pair of items that nobody answered together."""
    seen = (~np.isnan(answers)).astype(float)
    return [f"'{names[i]}' and '{names[j]}'" for i, j in np.argwhere(np.triu(seen.T @ seen == 0, 1))]


def _items(count: np.ndarray, n: int, names: Sequence[str]) -> str:
    """The items that fewest answered."""
    least = np.flatnonzero(count == count.min())
    listed = ", ".join(f"'{names[i]}'" for i in least[:MOST_NAMED])
    more = f" and {len(least) - MOST_NAMED} more" if len(least) > MOST_NAMED else ""
    return f"{listed}{more} {'was' if len(least) == 1 else 'were each'} answered by {_count_text(int(count.min()), n)}"


def _count_text(count: int, n: int) -> str:
    few = f"fewer than {FEWEST_TOLD}" if count < FEWEST_TOLD else f"{count:,}"
    return f"{few} of {n:,} respondents"
