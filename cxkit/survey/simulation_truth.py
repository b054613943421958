"""What is true of a simulated survey: scores, gaps and items as infinitely many careful respondents would show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy.special import ndtr

from cxkit.survey.instrument import AnswerScale, Instrument
from cxkit.without_contents import without_contents

CENTRE = 4.0
"""The middle of the 7-point metric: an item with a high loading is not higher, only further apart."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemModel:
    """How an item's answers come from a position on the 7-point metric (graded response model, probit)."""

    key: str
    dimension: int
    reversed: bool
    low: float
    loading: float
    error_sd: float
    method_sd: float
    thresholds: np.ndarray

    __repr__ = without_contents

    def position(self, dimension: np.ndarray) -> np.ndarray:
        """Where the item stands, without error, for people at these positions of its dimension."""
        return CENTRE + self.loading * (dimension - CENTRE)

    def answer(self, position: np.ndarray) -> np.ndarray:
        """The answer ticked at a position: reversed items the other way round."""
        passed = (position[:, None] > self.thresholds).sum(axis=1)
        if self.reversed:
            passed = len(self.thresholds) - passed
        return self.low + passed

    def reached(self, dimension: np.ndarray, spread: float) -> np.ndarray:
        """P(answer above each threshold), turned towards the dimension; `spread` is the SD around the positions."""
        sd = np.sqrt((self.loading * spread) ** 2 + self.error_sd**2 + self.method_sd**2)
        return ndtr((self.position(dimension)[..., None] - self.thresholds) / sd)

    def mean(self, dimension: np.ndarray, spread: float = 0.0) -> np.ndarray:
        """The expected answer, turned towards the dimension."""
        return self.low + self.reached(dimension, spread).sum(axis=-1)

    def variance(self, dimension: np.ndarray) -> np.ndarray:
        """The variance of the answer of people who share one position."""
        reached = self.reached(dimension, 0.0)
        count = np.arange(1, len(self.thresholds) + 1)
        # E[X] = sum P(X >= t) and E[X^2] = sum (2t - 1) P(X >= t) for a count X of thresholds passed.
        return ((2 * count - 1) * reached).sum(axis=-1) - reached.sum(axis=-1) ** 2


def item_models(instrument: Instrument, *, method_sd: float) -> list[ItemModel]:
    """How each item of a dimension answers to its dimension; the five patterns are dealt out differently in each."""
    loadings = (1.05, 0.95, 1.10, 0.85, 0.90)
    errors = (0.90, 1.00, 0.95, 1.10, 1.05)
    shifts = (-0.20, 0.10, 0.30, -0.10, 0.00)
    models = []
    for k, dimension in enumerate(instrument.dimensions):
        for j, item in enumerate(dimension.items):
            models.append(
                ItemModel(
                    key=item.key,
                    dimension=k,
                    reversed=item.reversed,
                    low=float(item.scale.low or 0),
                    loading=loadings[(j + k) % 5],
                    error_sd=errors[(j + k) % 5],
                    method_sd=method_sd if item.reversed else 0.0,
                    thresholds=_thresholds(item.scale) + shifts[(j + 2 * k) % 5],
                )
            )
    return models


def _thresholds(scale: AnswerScale) -> np.ndarray:
    """Where on the 7-point metric one answer gives way to the next; for seven answers near 1.5, 2.5, ... 6.5."""
    points = scale.points or 2
    steps = np.arange(1, points)
    return 1 + 6 * (steps - 0.5) / (points - 1) + np.where(steps % 2 == 1, 0.05, -0.05)


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """What analyses of a simulated survey should find.

    Attributes
    ----------
    organisations
        A row an organisation and dimension: `n`; `culture`, how far it lies from the average organisation on the
        7-point metric; `true_score`, the mean score (in units of the answer scale) if infinitely many careful people
        with the same levels, functions and units had answered.
    gaps
        A row a dimension and level above staff: `effect` on the 7-point metric; `true_gap`, the expected difference
        between mean scores; `true_d`, that difference in SDs of the scores within the two levels.
    functions
        A row a function and dimension: `effect` on the 7-point metric.
    items
        A row an item: `loading`, `error_sd` and `method_sd` on the 7-point metric, `standardised` loading among all
        respondents, `threshold_1` and so on.
    respondents
        A row a respondent: `manner` (careful, straightliner or random) and `breaks_off`.
    """

    organisations: pd.DataFrame
    gaps: pd.DataFrame
    functions: pd.DataFrame
    items: pd.DataFrame
    respondents: pd.DataFrame

    __repr__ = without_contents

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {table.name: getattr(self, table.name) for table in fields(self)}


def expected_answers(models: Sequence[ItemModel], positions: np.ndarray, *, spread: float) -> pd.DataFrame:
    """Every respondent's expected score on every dimension, given a position known up to a normal error.

    Parameters
    ----------
    models
        The items of all dimensions.
    positions
        A row a respondent, a column a dimension, on the 7-point metric.
    spread
        The SD of persons around these positions.
    """
    return pd.DataFrame({k: _mean_score(_of(models, k), positions[:, k], spread) for k in range(positions.shape[1])})


def true_gaps(
    models: Sequence[ItemModel],
    keys: Sequence[str],
    *,
    starts: np.ndarray,
    levels: Mapping[str, np.ndarray],
    shares: Mapping[str, float],
    functions: Sequence[tuple[float, np.ndarray]],
    spread: float,
) -> pd.DataFrame:
    """The gap between each level and the first, over organisations, functions and units as they are drawn."""
    first, *others = levels
    rows = []
    for k, key in enumerate(keys):
        moments = {
            level: _score_moments(
                _of(models, k), [(share, starts[k] + effect[k] + own[k]) for share, own in functions], spread
            )
            for level, effect in levels.items()
        }
        for level in others:
            gap = moments[level][0] - moments[first][0]
            weights = shares[level], shares[first]
            pooled = (weights[0] * moments[level][1] + weights[1] * moments[first][1]) / sum(weights)
            rows.append(
                {
                    "dimension": key,
                    "level": level,
                    "against": first,
                    "effect": levels[level][k],
                    "true_gap": gap,
                    "true_d": gap / np.sqrt(pooled),
                }
            )
    return pd.DataFrame(rows)


def true_items(models: Sequence[ItemModel], keys: Sequence[str], *, spread: float) -> pd.DataFrame:
    """Loadings, errors and thresholds, a row an item; `spread` is the SD of respondents on a dimension."""
    rows = []
    for model in models:
        total = np.sqrt((model.loading * spread) ** 2 + model.error_sd**2 + model.method_sd**2)
        rows.append(
            {
                "item": model.key,
                "dimension": keys[model.dimension],
                "reversed": model.reversed,
                "loading": model.loading,
                "error_sd": model.error_sd,
                "method_sd": model.method_sd,
                "standardised": model.loading * spread / total,
                **{f"threshold_{t}": value for t, value in enumerate(model.thresholds, start=1)},
            }
        )
    return pd.DataFrame(rows)


def _of(models: Sequence[ItemModel], dimension: int) -> list[ItemModel]:
    return [model for model in models if model.dimension == dimension]


def _mean_score(models: Sequence[ItemModel], positions: np.ndarray, spread: float) -> np.ndarray:
    total = np.zeros(len(positions))
    for model in models:
        total = total + model.mean(positions, spread)
    return total / len(models)


def _score_moments(
    models: Sequence[ItemModel], groups: Sequence[tuple[float, float]], spread: float
) -> tuple[float, float]:
    """Mean and variance of the score in a mixture of normal groups (share, position), by summing over a fine grid."""
    steps = np.arange(-6, 6.01, 0.05)
    weights = np.exp(-(steps**2) / 2)
    weights = weights / weights.sum()
    mean = square = 0.0
    for share, position in groups:
        at = position + spread * steps
        score = _mean_score(models, at, 0.0)
        error = sum(model.variance(at) for model in models) / len(models) ** 2
        mean += share * float((weights * score).sum())
        square += share * float((weights * (score**2 + error)).sum())
    return mean, square - mean**2
