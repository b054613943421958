"""Do two markers agree? Cohen's kappa, plain and weighted, with the standard error of Fleiss, Cohen and Everitt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from cxkit.errors import MarkingError

Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """Agreement beyond chance.

    Attributes
    ----------
    value : float
        1: always the same; 0: as by chance. NaN where both gave one and the same mark to all, or nothing was marked.
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
    """

    question: str
    criterion: str
    markers: tuple[str, str]
    count: int
    same: float
    mean_difference: float
    kappa: Kappa
    weighted: Kappa


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
    levels = sorted({*first, *second})
    widest = (levels[-1] - levels[0]) ** 2 if len(levels) > 1 else 1.0
    pairs = list(zip(first, second, strict=True))
    equal = {(a, b): float(a == b) for a, b in product(levels, repeat=2)}
    near = {(a, b): 1 - (a - b) ** 2 / widest for a, b in product(levels, repeat=2)}
    return _kappa(pairs, levels, equal), _kappa(pairs, levels, near)


def _kappa(
    pairs: Sequence[tuple[float, float]], levels: Sequence[float], weight: dict[tuple[float, float], float]
) -> Kappa:
    n = len(pairs)
    if len(levels) < 2:
        return Kappa(value=math.nan, low=math.nan, high=math.nan)
    cell = {pair: pairs.count(pair) / n for pair in weight}
    row = {a: sum(cell[a, b] for b in levels) for a in levels}
    column = {b: sum(cell[a, b] for a in levels) for b in levels}
    observed = sum(cell[pair] * weight[pair] for pair in weight)
    by_chance = sum(row[a] * column[b] * weight[a, b] for a, b in weight)
    kappa = (observed - by_chance) / (1 - by_chance)
    of_row = {a: sum(column[b] * weight[a, b] for b in levels) for a in levels}
    of_column = {b: sum(row[a] * weight[a, b] for a in levels) for b in levels}
    spread = sum(
        cell[a, b] * (weight[a, b] - (of_row[a] + of_column[b]) * (1 - kappa)) ** 2 for a, b in weight
    ) - (kappa - by_chance * (1 - kappa)) ** 2  # fmt: skip
    half = Z * math.sqrt(max(0.0, spread) / n) / (1 - by_chance)
    return Kappa(value=kappa, low=kappa - half, high=min(1.0, kappa + half))


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
    )
