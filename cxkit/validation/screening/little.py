"""Little's test: are answers missing completely at random?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from cxkit.errors import AnalysisError, counted
from cxkit.results import rounding
from cxkit.results.result import Result
from cxkit.results.thresholds import MCAR_LITTLE, judge
from cxkit.results.weighted import refuse_weights
from cxkit.sem.sample.saturated_moments import moments_of_answers
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import constant_items, why_constant

SKEWED = 0.75
"""Mean size of the items' skewness above which a small p is no finding.

Five-point answers whose gaps are chance, p below .05 in so many of 100 surveys (`benchmarks/little.py`; 300 each, 80 of
the largest): at a skewness of .75, 4 of 6 items, 150 people and 10 % missing, 5 of 12 items, 1,500 people and 3 %, and
8 of 24 items, 3,000 people and 2 %; at 1.2 and 1.6, 10 and 17 of 12 items and 1,500 people; at 2.7, up to 21 of 150.
Patterns of one person each weigh that person's distance from the mean, whose spread grows with the tails of answers.
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class LittleTest(Result):
    """Little's test. `notes` says which items were left out, and why, `left_out` the same within a sentence.

    `skewness` is the items' mean absolute one.
    """

    skewness: float = 0.0
    left_out: str = ""

    title: ClassVar[str] = "Missing completely at random: Little's test"
    cites: ClassVar[tuple[str, ...]] = ("little1988",)
    shown: ClassVar[tuple[str, ...]] = ("n", "items", "patterns", "missing", "chi_square", "df", "p_value")

    @property
    def text(self) -> str:
        """The test and what it means, either way."""
        row = self.frame.iloc[0]
        if not row["missing"]:
            every = f"every item that varies ({self.left_out})" if self.left_out else "every item"
            return f"All {self.n:,} respondents answered {every}: nothing is missing that could be missing by chance."
        if not row["df"]:
            return "Too little is missing in common for a test: it has no degrees of freedom."
        p = rounding.probability(row["p_value"])
        test = (
            f"Little's test, which takes answers as normal: χ²({row['df']:,.0f}) = {row['chi_square']:,.1f}, p "
            f"{p if p[0] == '<' else f'= {p}'}"
        )
        if self.is_doubtful:
            return (
                f"{test}. These answers are skewed ({self.skewness:.1f} on average), and of such answers the "
                "test often has a small p where the gaps are chance: it shows nothing here."
            )
        if row["p_value"] < MCAR_LITTLE.bands[-1][0]:
            return (
                f"{test}: the answers are not missing completely at random; those who left items out answered the "
                "others differently. Use methods that keep incomplete answers, and say who left out what."
            )
        return (
            f"{test}: no sign that those who left items out answered the others differently, which does not show that "
            "the answers are missing by chance."
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether p is small, and the answers are too skewed for that to be a finding."""
        return bool(self.frame["p_value"].iloc[0] < MCAR_LITTLE.bands[-1][0]) and self.skewness > SKEWED


def little_mcar(survey: Survey) -> LittleTest:
    """Did those who left items out answer the other items like everybody else?

    Compares the means of the items, within each pattern of missing answers, with the maximum-likelihood means of all
    respondents. Only items of the dimensions take part, and respondents who answered at least one. A large p does not
    show that answers are missing completely at random; a small one in a large sample may be a small difference. The
    test takes answers as normal: where they are skewed, as at a floor, a small p has no verdict.

    Parameters
    ----------
    survey
        The survey.

    Returns
    -------
    LittleTest
        One row: n, items, patterns, missing (share of the answers), chi_square, df, p_value. Without missing answers
        the last three are NaN, 0 and NaN.

    Raises
    ------
    AnalysisError
        If one to four respondents left items out, of whose other answers alone the test would be; or if the means and
        covariances cannot be estimated: no more respondents than items, two items that nobody answered together, or
        items that follow from others.

    Notes
    -----
    Little (1988), with his covariance matrix n / (n - 1) times the maximum-likelihood one. The moments are those of R's
    `lavInspect(cfa(model, x, missing = "fiml"), "sampstat")`; the statistic is then the sum of
    `n_j * mahalanobis(mean_j, mu, Sigma)` over patterns j, on the items that each answered.
    """
    refuse_weights(survey, "Little's test", "its chi-square is that of respondents who all count alike")
    keys = [key for dimension in survey.dimensions for key in dimension.item_keys]
    if not keys:
        raise AnalysisError(f"'{survey.instrument.name}' has no dimensions, only single items; nothing to test.")
    constant = constant_items(survey.given[keys])
    used = survey.given[[key for key in keys if key not in constant]].dropna(how="all")
    left_out = why_constant(survey.given, constant)
    notes = (f"Items that do not vary are left out: {left_out}.",) if constant else ()
    if 0 < used.isna().any(axis=1).sum() < MINIMUM_CELL:
        raise AnalysisError(
            f"Little's test of '{survey.name}' is not shown: fewer than {MINIMUM_CELL} respondents left items out. It "
            "would say little of chance, and much of how unusual the other answers of these few are."
        )
    if used.empty:
        raise AnalysisError(f"No item of '{survey.name}' has two different answers; there is nothing to test.")
    row = _test(survey, used.to_numpy(dtype="float64"))
    frame = pd.DataFrame([{"n": len(used), "items": used.shape[1], **row}])
    skewness = float(np.abs(stats.skew(used.to_numpy(dtype="float64"), axis=0, nan_policy="omit")).mean())
    doubtful = row["p_value"] < MCAR_LITTLE.bands[-1][0] and skewness > SKEWED
    tested = row["df"] > 0 and not doubtful
    return LittleTest(
        skewness=skewness,
        left_out=f"left out: {left_out}" if constant else "",
        frame=frame,
        n=len(used),
        n_dropped=survey.n - len(used),
        settings={},
        data=survey.stamp,
        verdicts=judge(MCAR_LITTLE, ["all items"] if tested else [], [row["p_value"]] if tested else []),
        notes=notes,
    )


def _test(survey: Survey, values: np.ndarray) -> dict[str, float]:
    n, width = values.shape
    missing = float(np.isnan(values).mean())
    if not missing:
        return {"patterns": 1, "missing": 0.0, "chi_square": np.nan, "df": 0, "p_value": np.nan}
    _check(survey, values)
    patterns, found = moments_of_answers(values)
    if not found.converged:
        raise AnalysisError(_unusable(survey, "some items follow exactly from others, or are rarely answered together"))
    chi_square = _distance(patterns.seen, patterns.counts, patterns.mean - found.mean, found.cov * n / (n - 1))
    if not np.isfinite(chi_square):
        raise AnalysisError(_unusable(survey, "the answers that were given leave them open"))
    df = int(patterns.seen.sum()) - width
    p = float(stats.chi2.sf(chi_square, df)) if df else float("nan")
    return {"patterns": len(patterns.counts), "missing": missing, "chi_square": chi_square, "df": df, "p_value": p}


def _distance(seen: np.ndarray, counts: np.ndarray, away: np.ndarray, covariance: np.ndarray) -> float:
    """The sum over patterns of n times the squared distance of their means."""
    total = 0.0
    for part, n, gap in zip(seen, counts, away, strict=True):
        root = np.linalg.cholesky(covariance[np.ix_(part, part)])
        total += n * float((np.linalg.solve(root, gap[part]) ** 2).sum())
    return total


def _check(survey: Survey, values: np.ndarray) -> None:
    n, width = values.shape
    if n <= width:
        few = (
            f"{counted(n, 'respondent')} answered any of the {counted(width, 'item')}; it takes more people than items"
        )
        raise AnalysisError(_unusable(survey, few))
    given = ~np.isnan(values)
    together = given.T.astype("float64") @ given.astype("float64")
    if together.min() < 2:
        raise AnalysisError(_unusable(survey, "fewer than two respondents answered two of the items together"))


def _unusable(survey: Survey, why: str) -> str:
    return f"Little's test cannot estimate the means and covariances of '{survey.name}': {why}."
