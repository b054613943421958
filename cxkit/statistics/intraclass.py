"""Intraclass correlations from mean squares, with their intervals (Shrout & Fleiss, 1979; McGraw & Wong, 1996)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from cxkit.statistics.unequal_spread import brown_forsythe


@dataclass(frozen=True, kw_only=True)
class MeanSquares:
    """Two-way table of n objects by k ratings: mean squares of objects, raters, the rest, and within objects."""

    n: int
    k: int
    objects: float
    raters: float
    rest: float
    within: float


def mean_squares(ratings: np.ndarray) -> MeanSquares:
    """The analysis of variance of complete ratings, (objects, raters)."""
    n, k = ratings.shape
    away = ratings - ratings.mean()
    rows, columns = away.mean(axis=1), away.mean(axis=0)
    between = k * float(rows @ rows) / (n - 1)
    raters = n * float(columns @ columns) / (k - 1)
    within = float(((away - rows[:, np.newaxis]) ** 2).sum())
    rest = float(((away - rows[:, np.newaxis] - columns) ** 2).sum())
    return MeanSquares(
        n=n, k=k, objects=between, raters=raters, rest=rest / ((n - 1) * (k - 1)), within=within / (n * (k - 1))
    )


def from_f(f: float, k: int, df: tuple[int, int], tail: float) -> tuple[float, float, float]:
    """(F - 1) / (F + k - 1), and the same of the ends of the interval of F."""
    if not np.isfinite(f):
        return 1.0, float("nan"), float("nan")
    low, high = f / stats.f.isf(tail, *df), f * stats.f.isf(tail, df[1], df[0])
    value, least, most = ((x - 1) / (x + k - 1) for x in (f, low, high))
    return float(value), float(least), float(most)


def random_raters(found: MeanSquares, tail: float) -> tuple[float, float, float]:
    """Agreement with raters as a random sample: the interval takes Satterthwaite's degrees of freedom."""
    n, k, msb, msj, mse = found.n, found.k, found.objects, found.raters, found.rest
    icc = (msb - mse) / (msb + (k - 1) * mse + k * (msj - mse) / n)
    if not mse > 0:
        return icc, float("nan"), float("nan")
    fj, spread = msj / mse, n * (1 + (k - 1) * icc) - k * icc
    df = (k - 1) * (n - 1) * (k * icc * fj + spread) ** 2 / ((n - 1) * k**2 * icc**2 * fj**2 + spread**2)
    upper, lower = stats.f.isf(tail, n - 1, df), stats.f.isf(tail, df, n - 1)
    rest = (k * n - k - n) * mse
    low = n * (msb - upper * mse) / (upper * (k * msj + rest) + n * msb)
    high = n * (lower * msb - mse) / (k * msj + rest + n * lower * msb)
    return icc, float(low), float(high)


def stepped_up(icc: float, k: int) -> float:
    """The reliability of the mean of k such ratings (Spearman and Brown)."""
    return k * icc / (1 + (k - 1) * icc)


def icc2(f: float) -> float:
    """The reliability of a group's mean from F of the one-way analysis of variance (Bartko, 1976)."""
    return 1 - 1 / f if f != 0 else -np.inf


def icc1(f: float, size: float) -> float:
    """The share of variance between groups of this mean size, from F of a one-way ANOVA (Bartko, 1976)."""
    return 1.0 if f == np.inf else float((f - 1) / (f + size - 1))


def one_way(y: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """The one-way analysis of variance of scores by group, and the intraclass correlations that follow from it.

    Parameters
    ----------
    y, groups
        The score and the group of each person; two groups or more, and more people than groups.

    Returns
    -------
    dict
        Mean squares, F with p, F* of Brown and Forsythe with p, ICC(1) and ICC(2) with 95 % intervals from F.
    """
    names, member = np.unique(groups, return_inverse=True)
    n, k = len(y), len(names)
    sizes = np.bincount(member)
    means = np.bincount(member, weights=y) / sizes
    squares = np.bincount(member, weights=(y - means[member]) ** 2)
    between = float(np.sum(sizes * (means - y.mean()) ** 2)) / (k - 1)
    within = float(squares.sum()) / (n - k)
    size = n / k
    f = between / within if within > 0 else np.inf if between > 0 else np.nan
    star = brown_forsythe(means, squares / (sizes - 1), sizes)
    by_chance = [float(stats.f.ppf(p, k - 1, n - k)) for p in (0.975, 0.025)]
    low, high = (icc1(f / quantile, size) for quantile in by_chance)
    icc2_low, icc2_high = (icc2(f / quantile) for quantile in by_chance)
    return {
        "n": n,
        "n_groups": k,
        "mean_group_size": size,
        "ms_between": between,
        "ms_within": within,
        "df_between": k - 1,
        "df_within": n - k,
        "f_value": f,
        "p_value": float(stats.f.sf(f, k - 1, n - k)),
        "f_star": star.f,
        "df1_star": star.df1,
        "df2_star": star.df2,
        "p_star": star.p,
        "icc1": icc1(f, size),
        "ci_low": low,
        "ci_high": high,
        "icc2": icc2(f),
        "icc2_low": icc2_low,
        "icc2_high": icc2_high,
    }
