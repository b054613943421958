"""Do two markers agree? Cohen's kappa, plain and weighted, with the standard error of Fleiss, Cohen and Everitt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cxkit.errors import MarkingError
from cxkit.statistics.normal import Z_95


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """Agreement beyond chance.

    Attributes
    ----------
    value : float
        1: always the same; 0: as by chance. NaN where a marker gave one and the same mark to all, or nothing was
        marked: then they cannot agree beyond chance, and 0 with an interval of no width would say nothing.
    low, high : float
        The 95 % interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two markers on one criterion.

    Attributes
    ----------
    question, criterion : str
    markers : (str, str)
    count : int
        Answers that both have marked.
    same : float
        The share of them with the same points.
    mean_difference : float
        Of the first marker's points from the second's: who is the milder.
    kappa, weighted : Kappa
        Plain; and weighted by the square of the difference in points, so that a near miss counts little.
    constant : tuple of str
        Markers who gave the same points to all.
    """

    question: str
    criterion: str
    markers: tuple[str, str]
    count: int
    same: float
    mean_difference: float
    kappa: Kappa
    weighted: Kappa
    constant: tuple[str, ...] = ()

    @property
    def kappa_text(self) -> str:
        """Both kappas with their intervals, or why they say nothing."""
        if self.constant:
            who = " and ".join(self.constant)
            return f"kappa says nothing, since {who} gave the same points to all: have answers of each level marked"
        both = [
            f"{name} {one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
            for name, one in (("kappa", self.kappa), ("weighted", self.weighted))
        ]
        return ", ".join(both)


def kappas(first: Sequence[float], second: Sequence[float]) -> tuple[Kappa, Kappa]:
    """Cohen's kappa, and kappa with quadratic weights, of two markers' points for the same answers.

    Parameters
    ----------
    first, second : sequence of float
        Of the same length, in the same order.

    Returns
    -------
    (Kappa, Kappa)
        Plain and weighted.

    References
    ----------
    Cohen, J. (1968). Weighted kappa. *Psychological Bulletin*, 70, 213-220.
    Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Large sample standard errors of kappa and weighted kappa.
    *Psychological Bulletin*, 72, 323-327.
    """
    if len(first) != len(second):
        raise MarkingError("Two markers can be compared on the same answers only.")
    # scipy's import takes half a second, and most commands of a course need none of it
    import numpy as np

    from cxkit.statistics.agreement import agreement_weights, cohen_kappa

    codes = np.column_stack([first, second]).astype(float).reshape(-1, 2)
    levels = np.unique(codes)
    if len(levels) < 2 or min(len(np.unique(column)) for column in codes.T) < 2:
        return Kappa(value=math.nan, low=math.nan, high=math.nan), Kappa(value=math.nan, low=math.nan, high=math.nan)
    plain, weighted = (
        cohen_kappa(codes, levels, agreement_weights(levels, kind)) for kind in ("identity", "quadratic")
    )
    return _with_interval(plain.value, plain.se), _with_interval(weighted.value, weighted.se)


def _with_interval(value: float, error: float) -> Kappa:
    return Kappa(value=value, low=value - Z_95 * error, high=min(1.0, value + Z_95 * error))


def agreement(
    question: str, criterion: str, markers: tuple[str, str], first: Sequence[float], second: Sequence[float]
) -> Agreement:
    """How far two markers agree on one criterion; see `kappas`."""
    plain, weighted = kappas(first, second)
    count = len(first)
    return Agreement(
        question=question,
        criterion=criterion,
        markers=markers,
        count=count,
        same=sum(a == b for a, b in zip(first, second, strict=True)) / count if count else math.nan,
        mean_difference=(math.fsum(first) - math.fsum(second)) / count if count else math.nan,
        kappa=plain,
        weighted=weighted,
        constant=tuple(who for who, points in zip(markers, (first, second), strict=True) if len(set(points)) == 1),
    )
