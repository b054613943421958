"""Do the dimensions go with what they should go with? Correlations with a criterion, and prediction of new people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.errors import AnalysisError, OptionError, counted, nearest
from cxkit.results import figures
from cxkit.results.accounting import account, not_stated
from cxkit.results.options import check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import CORRELATION_COHEN, judge
from cxkit.results.weighted import refuse_weights
from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import asked_for

LABEL = 70
"""Letters in a line below the figure."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CriterionValidity(Result):
    """Correlations of the dimensions with a criterion, and how well they predict it together.

    Attributes
    ----------
    r_squared, r_squared_adjusted
        Share of the criterion's variance that the dimensions explain among these respondents.
    r_squared_new, r_squared_new_sd
        The share that they explain of respondents who were left out of the estimation: mean over repeats, and standard
        deviation of the repeats. Below zero: worse than guessing the mean.
    notes
        Where the criterion comes from.
    """

    r_squared: float
    r_squared_adjusted: float
    r_squared_new: float
    r_squared_new_sd: float

    title: ClassVar[str] = "Criterion validity"
    cites: ClassVar[tuple[str, ...]] = ("stone1974",)
    shown: ClassVar[tuple[str, ...]] = ("title", "n", "r", "ci_low..ci_high", "p_value", "beta")

    @property
    def criterion(self) -> str:
        """What was predicted."""
        return str(self.settings["criterion"])

    @property
    def text(self) -> str:
        """The strongest correlation, and the explained share in sample and among people left out."""
        row = self.frame.loc[ties.largest(self.frame["r"].abs())]
        interval = f"{self.level} interval {TWO_DIGITS(row['ci_low'])} to {TWO_DIGITS(row['ci_high'])}"
        alone = len(self.frame) == 1
        goes = "correlates" if alone else "goes most closely"
        explain = "It explains" if alone else f"Together, {counted(len(self.frame), 'dimension')} explain"
        return (
            f"{row['title']} {goes} with {self.criterion}: r = {TWO_DIGITS(row['r'])} ({interval}). "
            f"{explain} {self.r_squared:.0%} of its variance among "
            f"these respondents and {_share(self.r_squared_new)} among respondents left out (mean of "
            f"{self.settings['repeats']} times {self.settings['folds']} parts)."
        )

    @property
    def alt(self) -> str:
        """The correlation of every dimension with its interval."""
        each = "; ".join(
            f"{r['title']} {TWO_DIGITS(r['r'])} ({TWO_DIGITS(r['ci_low'])} to {TWO_DIGITS(r['ci_high'])})"
            for _, r in self.frame.iterrows()
        )
        return f"Correlations of the dimensions with {self.criterion}, with {self.level} intervals: {each}."

    def draw(self, axes: Axes) -> None:
        """Correlations with intervals, a row a dimension."""
        heights = figures.rows(axes, self.frame["title"].tolist())
        figures.intervals(axes, heights, *(self.frame[name].to_numpy() for name in ("r", "ci_low", "ci_high")))
        axes.axvline(0, color=figures.GREY, linewidth=1)
        axes.set_xlim(min(0.0, float(self.frame["ci_low"].min()) - 0.05), 1.0)
        axes.set_xlabel(fill(f"Correlation with {self.criterion}, with {self.level} interval", LABEL))


def _share(value: float) -> str:
    return f"{value:.0%}" if value > 0 else "nothing (worse than their mean)"


def criterion_validity(
    survey: Survey,
    *,
    criterion: pd.Series | str,
    dimensions: Sequence[str] | None = None,
    folds: int = 10,
    repeats: int = 20,
    seed: int = 1,
    groups: str | None = None,
    answered: float = 0.5,
    confidence: float = 0.95,
) -> CriterionValidity:
    """Do the scores go with an outcome that they should go with, and predict it for people not yet seen?

    Least squares on all dimension scores; respondents are put into parts at random, each part is predicted from the
    others, and this is repeated. The share explained in sample always flatters; the other one is what to report.

    Parameters
    ----------
    survey
        The survey. Respondents without a score or without the criterion are left out.
    criterion
        One number a respondent (with the survey's row numbers), better from another source; or the key of an item.
    dimensions
        Keys of the dimensions; all of them where None (a criterion item's own dimension is left out).
    folds, repeats, seed
        How many parts, how often they are drawn anew, and of the random numbers.
    groups
        A respondent attribute, such as "organisation", whose members stay in one part: the prediction is then of
        respondents of other organisations.
    answered
        The share of a dimension's items that must be answered for a score.
    confidence
        Probability of the intervals of the correlations.

    Returns
    -------
    CriterionValidity
        A row a dimension: dimension, title, n, r, ci_low, ci_high (by Fisher's z), p_value, beta (standardised weight
        among all dimensions).

    Raises
    ------
    AnalysisError
        If the criterion is unknown, not numeric, does not vary or belongs to other rows, a score does not vary, scores
        follow from one another, or there are too few respondents.

    Notes
    -----
    Agrees with R's `cor.test(x, y)` and `summary(lm(y ~ .))`; with as many folds as respondents `r_squared_new` is one
    minus PRESS over the squared deviations from the mean of the others.
    """
    refuse_weights(survey, "Criterion validity", "its folds and intervals take respondents who all count alike")
    check_options(folds=folds, repeats=repeats, confidence=confidence, seed=seed, answered=answered)
    name, values, notes, own = _criterion(survey, criterion)
    chosen = _predictors(survey, dimensions, name, own)
    scores = survey.scores(answered=answered)[[d.key for d in chosen]]
    parts = survey.role(groups) if groups else pd.Series(survey.given.index, index=survey.given.index)
    usable = scores.notna().all(axis=1) & values.notna() & parts.notna()
    x, y = scores[usable].to_numpy(), values[usable].to_numpy(dtype=float)
    units = pd.factorize(parts[usable])[0]
    _refuse(chosen, x, y, units, folds, groups)
    new = _predicted_shares(x, y, units, folds=folds, repeats=repeats, seed=seed)
    r2, weights = _least_squares(x, y)
    frame = pd.DataFrame(_rows(chosen, x, y, weights, confidence))
    return CriterionValidity(
        frame=frame,
        **account(scores.notna().all(axis=1) & values.notna(), (not_stated(groups or name), parts.notna())),
        settings={
            "criterion": name, "dimensions": [d.key for d in chosen], "folds": folds, "repeats": repeats, "seed": seed,
            "groups": groups, "answered": answered, "confidence": confidence,
        },
        data=survey.stamp,
        verdicts=judge(CORRELATION_COHEN, frame["title"], frame["r"].abs()),
        r_squared=r2,
        r_squared_adjusted=_adjusted(r2, *x.shape),
        r_squared_new=float(new.mean()),
        r_squared_new_sd=float(new.std(ddof=1)) if repeats > 1 else float("nan"),
        notes=notes,
    )  # fmt: skip


def _adjusted(r2: float, n: int, k: int) -> float:
    """R² less what k predictors explain of n criteria by chance (Ezekiel 1930; R's `summary(lm)$adj.r.squared`)."""
    return 1 - (1 - r2) * (n - 1) / (n - k - 1)


def _criterion(survey: Survey, criterion: pd.Series | str) -> tuple[str, pd.Series, tuple[str, ...], set[str]]:
    """Its name, its values, what to know of it, and the dimension that it is part of."""
    if isinstance(criterion, str):
        if criterion not in survey.instrument.items:
            known = list(survey.instrument.items)
            raise OptionError(f"criterion='{criterion}' is no item of '{survey.name}'.{nearest(criterion, known)}")
        own = {d.key for d in survey.dimensions if criterion in d.item_keys}
        note = (
            "The criterion comes from the same questionnaire, so the way of asking may account for part of the "
            f"correlations ({cite('podsakoff2003')})."
        )
        return survey.instrument.items[criterion].quoted, survey.answers[criterion], (note,), own
    if not isinstance(criterion, pd.Series) or not criterion.index.equals(survey.given.index):
        raise OptionError(
            f"The criterion must be a Series with the {survey.n:,} row numbers of '{survey.name}', or an item's key."
        )
    if not pd.api.types.is_numeric_dtype(criterion) and not pd.api.types.is_bool_dtype(criterion):
        raise AnalysisError(f"The criterion '{criterion.name}' is not numeric; give its categories numbers first.")
    name = "the criterion" if criterion.name is None else str(criterion.name)
    return name, criterion.astype("float64"), (), set()


def _predictors(survey: Survey, dimensions: Sequence[str] | None, name: str, own: set[str]) -> list[Dimension]:
    """The dimensions that predict; never the one that the criterion is part of."""
    wanted = asked_for(survey, dimensions)
    if dimensions is not None and own & {d.key for d in wanted}:
        raise AnalysisError(f"The criterion, {name}, is part of '{min(own)}' and would predict itself: leave it out.")
    chosen = [d for d in wanted if d.key not in own]
    if not chosen:
        raise AnalysisError("No dimension is left to predict the criterion.")
    return chosen


def _refuse(
    chosen: Sequence[Dimension], x: np.ndarray, y: np.ndarray, units: np.ndarray, folds: int, groups: str | None
) -> None:
    needed = max(MINIMUM_CELL, x.shape[1] + 3, folds)
    if len(y) < needed:
        raise AnalysisError(
            f"{counted(len(y), 'respondent')} with scores on {counted(len(chosen), 'dimension')} and a criterion: it "
            f"takes {needed} or more. Choose fewer dimensions=[...] or folds=."
        )
    if groups and len(np.unique(units)) < folds:
        raise AnalysisError(f"{folds} parts cannot be made of {counted(len(np.unique(units)), groups)}; lower folds=.")
    if not np.ptp(y) > 0:
        raise AnalysisError("The criterion does not vary, so nothing can go with it.")
    still = [d.title for d, column in zip(chosen, x.T, strict=True) if not np.ptp(column) > 0]
    if still:
        raise AnalysisError(f"These scores do not vary: {', '.join(still)}. Choose other dimensions=[...].")
    if np.linalg.matrix_rank(x - x.mean(axis=0)) < x.shape[1]:
        raise AnalysisError("Some dimensions' scores follow exactly from one another; choose fewer dimensions=[...].")


def _rows(
    chosen: Sequence[Dimension], x: np.ndarray, y: np.ndarray, weights: np.ndarray, confidence: float
) -> list[dict[str, object]]:
    rows = []
    for d, column, weight in zip(chosen, x.T, weights, strict=True):
        test = stats.pearsonr(column, y)
        low, high = test.confidence_interval(confidence)
        rows.append(
            {
                "dimension": d.key,
                "title": d.title,
                "n": len(y),
                "r": float(test.statistic),
                "ci_low": float(low),
                "ci_high": float(high),
                "p_value": float(test.pvalue),
                "beta": float(weight * column.std() / y.std()),
            }
        )
    return rows


def _least_squares(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Explained share and weights of the regression with intercept."""
    centred, target = x - x.mean(axis=0), y - y.mean()
    weights = np.linalg.lstsq(centred, target, rcond=None)[0]
    residual = target - centred @ weights
    return float(1 - residual @ residual / (target @ target)), weights


def _predicted_shares(
    x: np.ndarray, y: np.ndarray, units: np.ndarray, *, folds: int, repeats: int, seed: int
) -> np.ndarray:
    """The explained share of respondents left out, once a repeat."""
    rng = np.random.default_rng(seed)
    names = np.unique(units)
    shares = []
    for _ in range(repeats):
        part_of = np.empty(len(names), dtype=int)
        part_of[rng.permutation(len(names))] = np.arange(len(names)) % folds
        shares.append(_left_out_share(x, y, part_of[np.searchsorted(names, units)]))
    return np.array(shares)


def _left_out_share(x: np.ndarray, y: np.ndarray, part: np.ndarray) -> float:
    """One minus the squared errors of predictions over those of the others' mean."""
    missed = base = 0.0
    for k in np.unique(part):
        out = part == k
        centre, level = x[~out].mean(axis=0), y[~out].mean()
        weights = np.linalg.lstsq(x[~out] - centre, y[~out] - level, rcond=None)[0]
        missed += float(((y[out] - level - (x[out] - centre) @ weights) ** 2).sum())
        base += float(((y[out] - level) ** 2).sum())
    return 1 - missed / base
