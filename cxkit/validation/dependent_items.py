"""Items that follow exactly from others, by name: an item twice, a sum of others, the places of a ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxkit.errors import EXAMPLES_SHOWN, AnalysisError, first_of
from cxkit.statistics.covariances import SINGULAR


def refuse_following(analysis: str, values: np.ndarray, names: Sequence[str]) -> None:
    """Refuse items that follow from one another among those who answered everything, as the parts of a ranking do."""
    complete = values[~np.isnan(values).any(axis=1)]
    if len(complete) <= len(names) or not (complete.max(axis=0) > complete.min(axis=0)).all():
        return
    correlation = np.corrcoef(complete, rowvar=False)
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        refuse_involved(analysis, correlation, names)


def refuse_involved(analysis: str, correlation: np.ndarray, names: Sequence[str]) -> None:
    """Refuse the items of which some combination does not vary, by name."""
    values, vectors = np.linalg.eigh(correlation)
    weight = np.linalg.norm(vectors[:, values < SINGULAR], axis=1)
    involved = [item for item, w in zip(names, weight, strict=True) if w > 0.01]
    shown = first_of(involved, 2 * EXAMPLES_SHOWN)
    raise AnalysisError(
        f"{analysis} cannot use items that follow exactly from one another: {shown}. An item may be there "
        "twice, be the sum of others, or be a place in a ranking; leave one of them out of the instrument."
    )
