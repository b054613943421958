"""How much more do coders agree than chance would make them? The coefficients themselves, from counts or pairs.

Codes come as a matrix, a row a unit and a column a coder, NaN where a coder left the unit out. Most coefficients need
no more than the counts of categories by unit; Cohen's kappa also needs to know who gave which code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy import stats

from cxkit.without_contents import without_contents

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
SCALES: tuple[str, ...] = get_args(Scale)
Weighting = Literal["identity", "linear", "quadratic"]

NO_CHANCE = 1e-12
"""An expected disagreement below this is none: everybody used one category, and no coefficient exists."""


class Estimate(NamedTuple):
    """A coefficient with its standard error; NaN where it does not exist."""

    value: float
    se: float


NONE = Estimate(float("nan"), float("nan"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Counts:
    """How many coders put each unit (row) into each category (column).

    `values` are the numbers that the categories stand for; their ranks where the categories are words.
    """

    table: np.ndarray
    values: np.ndarray

    __repr__ = without_contents

    @property
    def coders(self) -> np.ndarray:
        """How many coders coded each unit."""
        return np.asarray(self.table.sum(axis=1))

    @property
    def pairable(self) -> np.ndarray:
        """Units that at least two coders coded: only those say anything about agreement."""
        return self.coders >= 2


def counted_codes(codes: np.ndarray, values: np.ndarray) -> Counts:
    """The counts of each of these values, by unit; units that nobody coded are left out."""
    table = (codes[:, :, None] == values).sum(axis=1).astype("float64")
    return Counts(table=table[table.sum(axis=1) > 0], values=values)


def agreement_weights(values: np.ndarray, weighting: Weighting) -> np.ndarray:
    """How much two categories count as agreement: 1 for the same, less the further apart, 0 for the ends.

    "linear" loses in proportion to the distance of the values (Cicchetti-Allison weights), "quadratic" to its square
    (Fleiss-Cohen weights).
    """
    if weighting == "identity":
        return np.eye(len(values))
    distance = np.abs(values[:, None] - values[None, :])
    widest = distance.max() if distance.max() > 0 else 1.0
    return np.asarray(1 - (distance / widest) ** (1 if weighting == "linear" else 2))


def percent_agreement(counts: Counts, weights: np.ndarray) -> float:
    """The share of pairs of coders that agree, averaged over units; NaN without a unit that two coders coded."""
    return float(_agreement_by_unit(counts, weights)[counts.pairable].mean()) if counts.pairable.any() else float("nan")


def cohen_kappa(codes: np.ndarray, values: np.ndarray, weights: np.ndarray) -> Estimate:
    """Cohen's kappa of two coders, weighted or not, with its large-sample standard error.

    Only units that both coded count. The standard error is that of Fleiss, Cohen & Everitt (1969). Agrees with R's
    `psych::cohen.kappa(x, w)` in both estimates and in the unweighted interval; psych's weighted interval is
    mistaken (it multiplies by a coder's margins where it should average over them) and is not reproduced.
    """
    both = codes[~np.isnan(codes).any(axis=1)]
    if not len(both):
        return NONE
    joint = np.array([[np.mean((both[:, 0] == a) & (both[:, 1] == b)) for b in values] for a in values])
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    observed, expected = float((weights * joint).sum()), float((weights * np.outer(rows, columns)).sum())
    if 1 - expected < NO_CHANCE:
        return NONE
    kappa = (observed - expected) / (1 - expected)
    typical = (weights @ columns)[:, None] + (weights.T @ rows)[None, :]
    spread = (joint * (weights - typical * (1 - kappa)) ** 2).sum() - (kappa - expected * (1 - kappa)) ** 2
    return Estimate(kappa, float(np.sqrt(max(spread, 0.0) / len(both)) / (1 - expected)))


def fleiss_kappa(counts: Counts, weights: np.ndarray) -> Estimate:
    """Fleiss' kappa of any number of coders, with the standard error of Gwet (2008); coders may leave units out.

    Agrees with `irrCAC::fleiss.kappa.raw(ratings)`.
    """
    return _corrected(counts, weights, _fleiss_chance(counts, weights), _fleiss_chance_by_unit(counts, weights))


def gwet_coefficient(counts: Counts, weights: np.ndarray) -> Estimate:
    """Gwet's AC1 (AC2 with weights), which stays sensible where nearly all codes are the same, with its standard error.

    Agrees with `irrCAC::gwet.ac1.raw(ratings, weights)`.
    """
    share = _mean_shares(counts)
    q = len(share)
    if q < 2:
        return NONE
    factor = weights.sum() / (q * (q - 1))
    by_unit = factor * (_shares(counts) @ (1 - share))
    return _corrected(counts, weights, float(factor * (share * (1 - share)).sum()), by_unit)


def _corrected(counts: Counts, weights: np.ndarray, chance: float, chance_by_unit: np.ndarray) -> Estimate:
    """(agreement - chance) / (1 - chance), and its standard error from the units' own contributions (Gwet 2008)."""
    n, pairable = len(counts.table), counts.pairable
    if not pairable.any() or not 1 - chance > NO_CHANCE:
        return NONE
    agreement = _agreement_by_unit(counts, weights)
    value = (agreement[pairable].mean() - chance) / (1 - chance)
    if n < 2:
        return Estimate(float(value), float("nan"))
    own = np.where(pairable, n / pairable.sum() * (agreement - chance) / (1 - chance), 0.0)
    own = own - 2 * (1 - value) * (chance_by_unit - chance) / (1 - chance)
    return Estimate(float(value), float(np.sqrt(((own - value) ** 2).sum() / (n * (n - 1)))))


def _agreement_by_unit(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Of each unit, the share of its pairs of coders that agree; 0 where there is no pair."""
    table, coders = counts.table, counts.coders
    agreeing = (table * (table @ weights.T - 1)).sum(axis=1)
    return np.asarray(np.divide(agreeing, coders * (coders - 1), out=np.zeros(len(table)), where=coders >= 2))


def _shares(counts: Counts) -> np.ndarray:
    return np.asarray(counts.table / counts.coders[:, None])


def _mean_shares(counts: Counts) -> np.ndarray:
    return np.asarray(_shares(counts).mean(axis=0))


def _fleiss_chance(counts: Counts, weights: np.ndarray) -> float:
    share = _mean_shares(counts)
    return float(share @ weights @ share)


def _fleiss_chance_by_unit(counts: Counts, weights: np.ndarray) -> np.ndarray:
    return np.asarray(_shares(counts) @ (weights + weights.T) / 2 @ _mean_shares(counts))


def krippendorff_alpha(counts: Counts, scale: Scale) -> float:
    """Krippendorff's alpha: one minus observed by expected disagreement, at any number of coders and with gaps.

    NaN where no unit has two codes, or all codes are the same: without any difference, alpha does not exist.
    """
    return float(_alpha_of(_coincidences(counts).sum(axis=0)[None], counts.values, scale)[0])


def resampled_alpha(counts: Counts, scale: Scale, *, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Alpha of that many samples of units, drawn with replacement; NaN where a sample has no differences."""
    pairs = _coincidences(counts)
    units, q = len(pairs), len(counts.values)
    if not units:
        return np.full(resamples, np.nan)
    drawn = rng.multinomial(units, np.full(units, 1 / units), size=resamples).astype("float64")
    return _alpha_of((drawn @ pairs.reshape(units, q * q)).reshape(resamples, q, q), counts.values, scale)


def _coincidences(counts: Counts) -> np.ndarray:
    """Of each unit with two codes, how often each two values meet, every code weighing one (units x q x q)."""
    table = counts.table[counts.pairable]
    pairs = table[:, :, None] * table[:, None, :]
    i = np.arange(table.shape[1])
    pairs[:, i, i] -= table
    return np.asarray(pairs / (table.sum(axis=1) - 1)[:, None, None])


def _alpha_of(coincidences: np.ndarray, values: np.ndarray, scale: Scale) -> np.ndarray:
    """Alpha of each matrix of coincidences (samples x q x q)."""
    margins = coincidences.sum(axis=1)
    n = margins.sum(axis=1)
    difference = _differences(margins, values, scale)
    observed = (coincidences * difference).sum(axis=(1, 2))
    expected = (margins[:, :, None] * margins[:, None, :] * difference).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(expected > NO_CHANCE, 1 - (n - 1) * observed / expected, np.nan))


def _differences(margins: np.ndarray, values: np.ndarray, scale: Scale) -> np.ndarray:
    """Squared difference of each two values; on an ordinal scale, of how many codes lie between them."""
    if scale == "ordinal":
        middle = np.cumsum(margins, axis=1) - margins / 2
        return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)
    if scale == "nominal":
        return np.asarray(1 - np.eye(len(values)))
    apart = values[:, None] - values[None, :]
    if scale == "interval":
        return np.asarray(apart**2)
    together = values[:, None] + values[None, :]
    return np.asarray(np.divide(apart, together, out=np.zeros_like(apart), where=together != 0) ** 2)


def wilson_interval(successes: np.ndarray, n: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a proportion from the score test, which holds for few trials and for shares of 0 and 1.

    Agrees with R's `prop.test(successes, n, conf.level = confidence, correct = FALSE)$conf.int`; NaN without trials.
    """
    successes, n = np.asarray(successes, dtype="float64"), np.asarray(n, dtype="float64")
    z = float(stats.norm.ppf((1 + confidence) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (successes + z**2 / 2) / (n + z**2)
        half = z / (n + z**2) * np.sqrt(successes * (n - successes) / n + z**2 / 4)
    return centre - half, centre + half
