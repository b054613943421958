"""Do the means of groups differ, whatever the spread of each group?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class BrownForsythe:
    """F*, its degrees of freedom and p."""

    f: float
    df1: float
    df2: float
    p: float


def brown_forsythe(means: np.ndarray, variances: np.ndarray, sizes: np.ndarray) -> BrownForsythe:
    """Test whether the means of groups differ without assuming that all groups spread alike.

    Parameters
    ----------
    means, variances, sizes
        Of each group; a variance has n - 1 in its denominator, and every group two members or more.

    Returns
    -------
    BrownForsythe
        NaN throughout where nobody differs from anybody; p = 0 where members of a group never differ, groups do.

    Notes
    -----
    F* of Brown & Forsythe (1974) with the numerator's degrees of freedom by Mehrotra (1997): those of the chi-square
    distribution with the same first two moments, as the denominator's are. For two groups it is Welch's test, R's
    `oneway.test(y ~ g)`. A group of five that happen to give nearly the same answer makes F* large where answers are
    skewed; the plain F test is not misled by that, so ask both.
    """
    share = sizes / sizes.sum()
    between = float(sizes @ (means - share @ means) ** 2)
    parts = (1 - share) * variances
    expected = float(parts.sum())
    if expected <= 0:
        nothing = between <= 0
        return BrownForsythe(np.nan if nothing else np.inf, np.nan, np.nan, np.nan if nothing else 0.0)
    squares = float((1 - 2 * share) @ variances**2 + (share @ variances) ** 2)
    df1 = expected**2 / squares
    df2 = expected**2 / float(np.sum(parts**2 / (sizes - 1)))
    f = between / expected
    return BrownForsythe(f, df1, df2, float(stats.f.sf(f, df1, df2)))
