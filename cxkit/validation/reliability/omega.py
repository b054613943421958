"""How precisely does a dimension's score measure, if its items measure unequally well? McDonald's omega."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, CxkitWarning
from cxkit.results.each_dimension import of_each
from cxkit.results.options import check_choice, check_options
from cxkit.results.thresholds import OMEGA_NUNNALLY, judge
from cxkit.results.weighted import effective_among, weights_at
from cxkit.sem.after.reliability import reliability
from cxkit.statistics.bootstrap import (
    bootstrap_note,
    lost_too_many,
    percentile_interval,
    resampled_covariances,
)
from cxkit.statistics.normal import Z_95
from cxkit.survey.instrument import Dimension
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import select
from cxkit.validation.reliability.coefficients import (
    DimensionReliability,
    answers_to_items,
    contributors,
    every_answer_note,
)
from cxkit.validation.reliability.measurement_models import fitted, handling, item_name
from cxkit.validation.reliability.one_factor import congeneric_fits
from cxkit.validation.reliability.usable import Usable

Handling = Literal["fiml", "complete"]
FULL = "full information maximum likelihood"


@dataclass(frozen=True, eq=False, kw_only=True)
class Omega(DimensionReliability):
    """Omega by dimension. `notes` says which dimensions are left out, and why."""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Reliability: McDonald's omega (one factor)"
    cites: ClassVar[tuple[str, ...]] = ("mcdonald1999",)
    shown: ClassVar[tuple[str, ...]] = ("title", "items", "n", "omega", "ci_low..ci_high", "alpha", "sem")
    coefficient: ClassVar[str] = "omega"
    called: ClassVar[str] = "Omega (one factor)"
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
    missing: Handling = "fiml",
    confidence: float = 0.95,
    bootstraps: int = 1000,
    seed: int = 1,
) -> Omega:
    """Which share of the variance of a dimension's score is due to the one factor behind its items?

    Unlike alpha, omega lets items measure unequally well (congeneric items). Like alpha, it takes for granted that one
    factor is behind them; it does not show it.

    Parameters
    ----------
    survey
        The survey; reversed items are already turned round in its answers.
    dimensions
        Keys of the dimensions; all of them where None. Formative ones and those with fewer than three items are left
        out, and `notes` says so.
    missing
        "fiml" uses all answers to a dimension's items by full information maximum likelihood, "complete" only
        respondents who answered all of them.
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
    Agrees with R's `semTools::compRelSEM(cfa("f =~ ...", x))`, with `missing = "fiml"` where answers are missing;
    `omega_implied` with `obs.var = FALSE`. Intervals are percentiles of maximum-likelihood refits to resampled
    respondents; where answers are missing, to the covariances of those who answered both items of a pair.
    """
    check_choice("missing", missing, Handling)
    check_options(confidence=confidence, seed=seed)
    if bootstraps != 0:  # 0 leaves the intervals out
        check_options(bootstraps=bootstraps)
    selection = select(survey, dimensions, items=3, analysis="omega", weighted=True)
    found, left_out = of_each(selection.dimensions, lambda d: _row(survey, d, missing, confidence, bootstraps, seed))
    frame = pd.DataFrame([one.row for one in found.values()])
    behind = contributors(survey, [one.usable for one in found.values()])
    n = int(behind.sum())
    notes = [*selection.notes, *left_out, *every_answer_note((one.usable for one in found.values()), FULL)]
    if bootstraps:
        notes += [bootstrap_note(bootstraps, seed)]
    notes += [note for one in found.values() for note in one.notes]
    return Omega(
        frame=frame,
        n=n,
        n_dropped=survey.n - n,
        n_effective=effective_among(survey, behind),
        settings={
            "dimensions": [d.key for d in selection.dimensions], "missing": missing, "confidence": confidence,
            "bootstraps": bootstraps, "seed": seed,
        },
        data=survey.stamp,
        verdicts=judge(OMEGA_NUNNALLY, frame["title"], frame["omega"]),
        notes=tuple(notes),
    )  # fmt: skip


class _Found(NamedTuple):
    """One dimension: its row, the answers behind it, and what to know of it."""

    row: dict[str, object]
    usable: Usable
    notes: tuple[str, ...]


def _row(
    survey: Survey, dimension: Dimension, missing: Handling, confidence: float, bootstraps: int, seed: int
) -> _Found:
    usable = answers_to_items(survey, dimension, "Omega", missing)
    answers = usable.answers
    values, weights = answers.to_numpy(dtype="float64"), weights_at(survey, answers.index)
    solution = one_factor(answers, dimension, weights)
    loadings, residuals, found = solution.loadings, solution.residuals, solution.reliability
    _warn_against(dimension, usable.items, solution)
    if found["omega"] > 1:
        raise AnalysisError(
            f"Omega of '{dimension.title}' cannot be computed: a residual variance is so negative that the factor "
            f"would explain {found['omega']:.0%} of the variance of the sum. One factor does not describe these items."
        )
    covariance = solution.covariance
    variance = float(covariance.sum()) * len(answers) / (len(answers) - 1)
    replicates = np.empty(0)
    if bootstraps:
        replicates = bootstrap_omegas(values, loadings, residuals, weights, resamples=bootstraps, seed=seed)
    low, high = percentile_interval(np.minimum(replicates, 1.0), confidence)
    standardised = loadings / np.sqrt(np.diag(covariance))
    row: dict[str, object] = {
        "dimension": dimension.key,
        "title": dimension.title,
        "items": len(usable.items),
        "n": len(answers),
        "omega": found["omega"],
        "ci_low": low,
        "ci_high": high,
        "omega_implied": found["omega_implied"],
        "alpha": found["alpha"],
        "lowest_loading": float(standardised.min()),
        "sem": float(np.sqrt(max(variance * (1 - found["omega"]), 0.0))) / len(usable.items),
    }
    notes = (usable.note, _improper_note(dimension, usable.items, residuals), _replicates_note(dimension, replicates))
    return _Found(row=row, usable=usable, notes=tuple(filter(None, notes)))


def _improper_note(dimension: Dimension, items: Sequence[str], residuals: np.ndarray) -> str:
    negative = [item for item, value in zip(items, residuals, strict=True) if value < 0]
    if not negative:
        return ""
    return (
        f"'{dimension.title}': the residual variance of {', '.join(negative)} is negative (a Heywood case), so one "
        "factor does not describe these items well; its omega and interval are not to be relied on."
    )


def _replicates_note(dimension: Dimension, replicates: np.ndarray) -> str:
    """How many resamples have no omega, and in how many it would exceed 1, which a share of a variance cannot."""
    failed = int((~np.isfinite(replicates)).sum())
    beyond = int((replicates > 1).sum())
    if not failed and not beyond:
        return ""
    of = f"{len(replicates):,} resamples"
    if lost_too_many(replicates):
        return (
            f"'{dimension.title}' has no interval: in {failed:,} of {of} the search for one factor came to no end, and "
            "the others do not stand for all. So few answers do not tell how sure omega is."
        )
    parts = []
    if failed:
        parts.append(f"in {failed:,} the search for one factor came to no end, and they are left out")
    if beyond:
        parts.append(f"in {beyond:,} omega would exceed 1 (a negative residual variance), and they count as 1")
    return f"'{dimension.title}', of {of}: {'; '.join(parts)}."


class _OneFactor(NamedTuple):
    """Loadings with standard errors and residual variances, an item each, and the reliability of the sum.

    `covariance` is that of the items (divisor n), by maximum likelihood where answers are missing.
    """

    loadings: np.ndarray
    errors: np.ndarray
    residuals: np.ndarray
    reliability: pd.Series
    covariance: np.ndarray


def one_factor(answers: pd.DataFrame, dimension: Dimension, weights: np.ndarray | None = None) -> _OneFactor:
    """One factor of variance 1 by maximum likelihood, turned so that its loadings add up to a positive number."""
    names = [item_name(j) for j in range(answers.shape[1])]
    subject = f"Omega of '{dimension.title}'"
    fit = fitted(f"f =~ {' + '.join(names)}", answers, weights, subject=subject, std_lv=True, missing=handling(answers))
    estimates = fit.estimates
    loading = estimates["op"] == "=~"
    loadings = estimates.loc[loading, "est"].to_numpy()
    own = (estimates["op"] == "~~") & (estimates["lhs"] == estimates["rhs"]) & (estimates["lhs"] != "f")
    residuals = estimates.loc[own].set_index("lhs")["est"].loc[names].to_numpy()
    sign = -1.0 if loadings.sum() < 0 else 1.0
    errors = estimates.loc[loading, "se"].to_numpy()
    covariance = fit.sample.groups[0].cov
    return _OneFactor(sign * loadings, errors, residuals, reliability(fit).frame.iloc[0], covariance)


def bootstrap_omegas(
    values: np.ndarray, loadings: np.ndarray, residuals: np.ndarray, weights: np.ndarray | None = None, *,
    resamples: int, seed: int,
) -> np.ndarray:  # fmt: skip
    """Omega of every resample of respondents, (resamples,); NaN where the search came to no end."""
    blocks = []
    shrink = 1 - 1 / len(values)  # the model's covariances divide by n
    for covariances in resampled_covariances(values, weights, resamples=resamples, seed=seed):
        fits = congeneric_fits(covariances * shrink, loadings, residuals)
        share = fits.loadings.sum(axis=1) ** 2 / (covariances.sum(axis=(1, 2)) * shrink)
        blocks.append(np.where(fits.converged, share, np.nan))
    return np.concatenate(blocks)


def _warn_against(dimension: Dimension, items: Sequence[str], solution: _OneFactor) -> None:
    """Name the items whose loading is negative beyond chance: its interval of 95 % excludes 0."""
    upper = solution.loadings + Z_95 * solution.errors
    against = [item for item, end in zip(items, upper, strict=True) if end < 0]
    if against:
        warnings.warn(
            f"{', '.join(against)} of '{dimension.title}' load against the other items; their sum cancels what it "
            "should measure. Probably they are worded against the dimension and not marked reversed. See "
            "item_analysis.",
            CxkitWarning,
            stacklevel=4,
        )
