"""Order by size, the same on every machine: values that are equal but for the last bits of a computation are ties.

The last bits of a sum depend on the processor. What is sorted or chosen by them swaps its place from one machine to the
next; so keys are rounded first, and ties keep the order in which they stand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_DIGITS = 9
"""Significant digits of the largest value that count: numbers of a computation agree in more."""


def rounded(values: Any) -> np.ndarray:
    """Values to as many decimals as are sure; missing and infinite ones stay.

    Parameters
    ----------
    values : array-like of numbers
        Of one kind: what is sure of the smallest follows from the size of the largest.
    """
    array = np.asarray(values, dtype=float)
    finite = np.abs(array[np.isfinite(array)])
    largest = finite.max(initial=0.0)
    if largest == 0:
        return array
    decimals = _DIGITS - 1 - int(np.floor(np.log10(largest)))
    # Not above 300: 10 to that power is a float still
    return np.round(array, min(decimals, 300)) + 0.0


def largest(values: pd.Series) -> Any:
    """The label of the largest value; of ties the first. As `Series.idxmax` where there are none."""
    return pd.Series(rounded(values), index=values.index).idxmax()


def smallest(values: pd.Series) -> Any:
    """The label of the smallest value; of ties the first. As `Series.idxmin` where there are none."""
    return pd.Series(rounded(values), index=values.index).idxmin()


def ends(values: pd.Series) -> tuple[Any, Any]:
    """The labels of the smallest and of the largest value."""
    return smallest(values), largest(values)


def order_of(values: Any) -> np.ndarray:
    """The places of the values from the smallest to the largest, ties as they stand, missing ones last."""
    return np.argsort(rounded(values), kind="stable")


def largest_first(frame: pd.DataFrame, column: str, *, by_size: bool = False) -> pd.DataFrame:
    """The rows by a column of numbers, the largest first, ties as they stand, missing ones last; labels are kept.

    Parameters
    ----------
    frame : DataFrame
    column : str
    by_size : bool
        Whether the sign does not count.
    """
    values = frame[column].to_numpy(dtype=float)
    return frame.iloc[order_of(-(np.abs(values) if by_size else values))]
