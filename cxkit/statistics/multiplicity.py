"""Many tests at once find something by chance: p-values that allow for their number."""

from __future__ import annotations

import numpy as np

FAMILY_ERROR = 0.05
"""How often a table in which nothing differs may name a finding at all."""


def holm(p_values: np.ndarray) -> np.ndarray:
    """P-values adjusted so that any false alarm at all is rare; NaN stays NaN. Equal to R's `p.adjust(p, "holm")`."""
    known, order = _ranked(p_values)
    steps = p_values[order] * np.arange(known, 0, -1)
    return _spread(len(p_values), order, np.maximum.accumulate(steps))


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """P-values adjusted so that few of the findings are false; NaN stays NaN. Equal to R's `p.adjust(p, "BH")`."""
    known, order = _ranked(p_values)
    steps = p_values[order] * known / np.arange(1, known + 1)
    return _spread(len(p_values), order, np.minimum.accumulate(steps[::-1])[::-1])


def _ranked(p_values: np.ndarray) -> tuple[int, np.ndarray]:
    """How many p-values are known, and their places from the smallest up."""
    places = np.flatnonzero(~np.isnan(p_values))
    return len(places), places[np.argsort(p_values[places], kind="stable")]


def _spread(size: int, order: np.ndarray, steps: np.ndarray) -> np.ndarray:
    adjusted = np.full(size, np.nan)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
