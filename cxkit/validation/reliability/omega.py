"""How precisely does a dimension's score measure, if its items measure unequally well? McDonald's omega."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from cxkit.errors import CxkitWarning
from cxkit.results.options import check_options
from cxkit.results.thresholds import OMEGA_NUNNALLY, judge
from cxkit.sem.reliability import reliability
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import select
from cxkit.validation.reliability.coefficients import DimensionReliability, complete_answers, contributors
from cxkit.validation.reliability.measurement_models import fitted, item_name
from cxkit.validation.reliability.one_factor import congeneric_fits
from cxkit.validation.reliability.resampling import (
    bootstrap_note,
    percentile_interval,
    resampled_covariances,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Omega(DimensionReliability):
    """Omega by dimension. `notes` says which dimensions are left out, and why."""

    title: ClassVar[str] = "Reliability: McDonald's omega"
    cites: ClassVar[tuple[str, ...]] = ("mcdonald1999",)
    shown: ClassVar[tuple[str, ...]] = ("title", "items", "n", "omega", "ci_low..ci_high", "alpha", "sem")
    coefficient: ClassVar[str] = "omega"
    called: ClassVar[str] = "Omega"
    beside: ClassVar[Mapping[str, str]] = {"alpha": "Alpha"}

    @property
    def references(self) -> tuple[str, ...]:
        """Of omega, of the bootstrap where there is one, and of the cut-off."""
        interval = ("efron1993",) if self.settings["bootstraps"] else ()
        return tuple(dict.fromkeys([*self.cites, *interval, *super().references]))


def omega(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    confidence: float = 0.95,
    bootstraps: int = 1000,
    seed: int = 1,
) -> Omega:
    """Which share of the variance of a dimension's score is due to the one factor behind its items?

    Unlike alpha, omega lets items measure unequally well (congeneric items). Like alpha, it takes for granted that one
    factor is behind them; it does not show it. Only respondents who answered every item of a dimension contribute.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None. Formative ones and those with fewer than three items are left
        out, and `notes` says so.
    confidence
        Probability of the interval, such as .95.
    bootstraps, seed
        Resamples of respondents behind the interval (0: no interval), and of the random numbers.

    Returns
    -------
    Omega
        A row a dimension: dimension, title, items, n, omega, ci_low, ci_high, omega_implied (divided by the variance
        that the model implies instead of the observed one), alpha (of the same respondents), lowest_loading
        (standardised), sem (standard error of measurement of the mean of the items, in units of the answer scale).

    Raises
    ------
    AnalysisError
        If no dimension is left, an item does not vary, too few respondents answered, or the model of one factor cannot
        be estimated.

    Warns
    -----
    CxkitWarning
        If an item loads against the others (probably not reversed) or has a negative residual variance.

    Notes
    -----
    Agrees with R's `semTools::compRelSEM(cfa("f =~ ...", x))`; `omega_implied` with `obs.var = FALSE`. Intervals are
    percentiles of maximum-likelihood refits to resampled respondents.
    """
    check_options(confidence=confidence, seed=seed)
    if bootstraps != 0:  # 0 leaves the intervals out
        check_options(bootstraps=bootstraps)
    selection = select(survey, dimensions, items=3, analysis="omega")
    rows, failed = [], 0
    for dimension in selection.dimensions:
        row, without = _row(survey, dimension, confidence, bootstraps, seed)
        rows.append(row)
        failed += without
    frame = pd.DataFrame(rows)
    n = contributors(survey, selection.dimensions)
    notes = (*selection.notes, bootstrap_note(bootstraps, seed, failed)) if bootstraps else selection.notes
    return Omega(
        frame=frame,
        n=n,
        n_dropped=survey.n - n,
        settings={
            "dimensions": [d.key for d in selection.dimensions], "confidence": confidence, "bootstraps": bootstraps,
            "seed": seed,
        },
        data=survey.stamp,
        verdicts=judge(OMEGA_NUNNALLY, frame["title"], frame["omega"]),
        notes=notes,
    )  # fmt: skip


def _row(
    survey: Survey, dimension: Dimension, confidence: float, bootstraps: int, seed: int
) -> tuple[dict[str, object], int]:
    """One dimension, and how many of its resamples could not be fitted."""
    answers = complete_answers(survey, dimension, "Omega")
    values = answers.to_numpy(dtype="float64")
    loadings, residuals, found = one_factor(answers, dimension)
    _warn_against(dimension, loadings)
    variance = float(values.sum(axis=1).var(ddof=1))
    replicates = np.array([np.nan])
    if bootstraps:
        replicates = bootstrap_omegas(values, loadings, residuals, resamples=bootstraps, seed=seed)
    low, high = percentile_interval(replicates, confidence)
    standardised = loadings / values.std(axis=0)
    row: dict[str, object] = {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": len(dimension.items),
        "n": len(answers),
        "omega": found["omega"],
        "ci_low": low,
        "ci_high": high,
        "omega_implied": found["omega_implied"],
        "alpha": found["alpha"],
        "lowest_loading": float(standardised.min()),
        "sem": float(np.sqrt(max(variance * (1 - found["omega"]), 0.0))) / len(dimension.items),
    }
    return row, int((~np.isfinite(replicates)).sum()) if bootstraps else 0


def one_factor(answers: pd.DataFrame, dimension: Dimension) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    """Loadings and residual variances of one factor by maximum likelihood, and the reliability of the sum.

    Loadings add up to a positive number; the factor has variance 1.
    """
    names = [item_name(j) for j in range(answers.shape[1])]
    subject = f"Omega of '{dimension.title}'"
    fit = fitted(f"f =~ {' + '.join(names)}", answers, subject=subject, std_lv=True)
    estimates = fit.estimates
    loadings = estimates.loc[estimates["op"] == "=~", "est"].to_numpy()
    own = (estimates["op"] == "~~") & (estimates["lhs"] == estimates["rhs"]) & (estimates["lhs"] != "f")
    residuals = estimates.loc[own].set_index("lhs")["est"].loc[names].to_numpy()
    sign = -1.0 if loadings.sum() < 0 else 1.0
    return sign * loadings, residuals, reliability(fit).frame.iloc[0]


def bootstrap_omegas(
    values: np.ndarray, loadings: np.ndarray, residuals: np.ndarray, *, resamples: int, seed: int
) -> np.ndarray:
    """Omega of every resample of respondents, (resamples,); NaN where one factor could not be fitted."""
    blocks = []
    shrink = 1 - 1 / len(values)  # the model's covariances divide by n
    for covariances in resampled_covariances(values, resamples=resamples, seed=seed):
        fits = congeneric_fits(covariances * shrink, loadings, residuals)
        share = fits.loadings.sum(axis=1) ** 2 / (covariances.sum(axis=(1, 2)) * shrink)
        blocks.append(np.where(fits.converged, share, np.nan))
    return np.concatenate(blocks)


def _warn_against(dimension: Dimension, loadings: np.ndarray) -> None:
    against = [item.key for item, value in zip(dimension.items, loadings, strict=True) if value < 0]
    if against:
        warnings.warn(
            f"{', '.join(against)} of '{dimension.title}' load against the other items; their sum cancels what it "
            "should measure. Probably they are worded against the dimension and not marked reversed. See "
            "item_analysis.",
            CxkitWarning,
            stacklevel=4,
        )
