"""Whether numbers of several dimensions are on one answer scale: a point of 1 to 5 is not a point of 1 to 7."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

Ends = tuple[float | None, float | None]
"""The lowest and the highest answer; None or NaN where a scale is open."""


def share_one_scale(ends: Iterable[Ends]) -> bool:
    """Whether points of all these scales are the same unit. Open scales share none: nobody says what their points are.

    One scale alone is always on one scale.
    """
    all_ends = list(ends)
    if len(all_ends) < 2:
        return True
    return len(set(all_ends)) == 1 and not any(map(pd.isna, all_ends[0]))


def ends_of(frame: pd.DataFrame) -> list[Ends]:
    """The ends of the scale of each row of a table with the columns scale_low and scale_high."""
    return list(zip(frame["scale_low"], frame["scale_high"], strict=True))
