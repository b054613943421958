"""Do the items share enough for a factor analysis? Kaiser's measure and a test that no two items correlate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from cxkit import ties
from cxkit.results import figures
from cxkit.results.options import check_choice
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS, probability, whole
from cxkit.results.thresholds import KMO_KAISER, Verdicts, judge
from cxkit.results.weighted import weights_at
from cxkit.sem.sample.patterns import IncompleteNormal
from cxkit.sem.sample.saturated_moments import moments_of_answers
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, Moments, handling, handling_note, select
from cxkit.validation.factors.associations import Correlation, definite_correlations, used_answers

MISERABLE = KMO_KAISER.bands[1][0]
SIGNIFICANT = 0.05


Kind = Literal["Bartlett's test", "likelihood-ratio test of independence", ""]
BARTLETT: Kind = "Bartlett's test"
LIKELIHOOD: Kind = "likelihood-ratio test of independence"
NOT_POLYCHORIC = (
    "No test of whether the items correlate: of polychoric correlations Bartlett's statistic has no chi-square "
    "distribution"
)
NOT_PAIRWISE = (
    "No test of whether the items correlate: each pairwise correlation rests on other respondents, so that Bartlett's "
    "statistic has no n and no chi-square distribution; missing='fiml' gives a test from all answers"
)
TOO_FEW_WEIGHTED = (
    "No test of whether the items correlate: by their weights the respondents are worth only {0:.1f} of equal weight, "
    "too few for this number of items"
)
TOO_FEW = (
    "No test of whether the items correlate: two items were answered together by too few respondents, {0:.1f} on "
    "average (harmonic mean)"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class SamplingAdequacy(Result):
    """KMO of every item in the frame, and overall in `kmo`; a test that no two items correlate.

    `test` names it, with `chi_square`, `df` and `p_value`; where there is none, `test` is empty, chi-square and p are
    NaN, and `no_test` says why.
    """

    kmo: float
    chi_square: float
    df: int
    p_value: float
    test: Kind = BARTLETT
    no_test: str = ""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Sampling adequacy (KMO) and test of uncorrelated items"
    cites: ClassVar[tuple[str, ...]] = ("kaiser1974", "bartlett1951")
    shown: ClassVar[tuple[str, ...]] = ("title", "item", "text", "kmo")
    grouped: ClassVar[str] = "title"

    @property
    def text(self) -> str:
        """KMO with Kaiser's word for it, the weakest item, and the test."""
        weakest = self.frame.loc[ties.smallest(self.frame["kmo"])]
        return (
            f"KMO is {KMO_KAISER.shown(self.kmo)}, which Kaiser (1974) called {KMO_KAISER.verdict(self.kmo)}; the "
            f"lowest item is {weakest['item']} with {TWO_DIGITS(weakest['kmo'])}. {self._finding}"
        )

    @property
    def _finding(self) -> str:
        if not self.test:
            return f"{self.no_test}."
        if self.p_value < SIGNIFICANT:
            return f"{self._tested}: the items are correlated, which says nothing of how strongly."
        return f"{self._tested}: the items are not shown to be correlated, so that factors found in them may be chance."

    @property
    def _tested(self) -> str:
        """The test with its numbers, or why there is none."""
        if not self.test:
            return self.no_test
        p = probability(self.p_value)
        equal = "" if p.startswith("<") else "= "
        name = self.test[:1].upper() + self.test[1:]
        return f"{name}: χ²({whole(self.df)}) = {self.chi_square:,.1f}, p {equal}{p}"

    @property
    def references(self) -> tuple[str, ...]:
        """The sources; of the test only where there is one."""
        return tuple(key for key in super().references if self.test or key != "bartlett1951")

    @property
    def note(self) -> str:
        """Overall KMO and test, what is left out, and the usual line."""
        return " ".join([f"Overall KMO {KMO_KAISER.shown(self.kmo)}. {self._tested}.", super().note])

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more items."""
        return 7.0, 1.6 + 0.24 * max(len(self.frame), 4)

    @property
    def alt(self) -> str:
        """The measure of every item."""
        each = ", ".join(f"{row['item']} {TWO_DIGITS(row['kmo'])}" for _, row in self.frame.iterrows())
        return f"Sampling adequacy of each item, from 0 to 1; overall {KMO_KAISER.shown(self.kmo)}. {each}."

    def draw(self, axes: Axes) -> None:
        """The measure of each item, with Kaiser's lowest acceptable value and the overall measure."""
        heights = figures.rows(axes, self.frame["item"].tolist())
        axes.plot(self.frame["kmo"], heights, "o", color=figures.BLUE)
        axes.axvline(self.kmo, color=figures.BLUE, linewidth=1.2)
        axes.axvline(MISERABLE, color=figures.GREY, linewidth=1, linestyle="--")
        axes.set_xlim(0, 1)
        axes.set_xlabel(
            f"Measure of sampling adequacy (MSA)\nline: all items together, {KMO_KAISER.shown(self.kmo)}; dashed line: "
            f"{TWO_DIGITS(MISERABLE)}, unacceptable below ({cite(KMO_KAISER.source)})"
        )


def sampling_adequacy(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    missing: Missing = "fiml",
    correlation: Correlation = "pearson",
) -> SamplingAdequacy:
    """Do the items share enough for a factor analysis?

    KMO compares correlations with what is left of them when all other items are held constant: near 1, items share
    factors; below .50, correlations are a matter of single pairs. A test asks only whether there is any correlation at
    all; with many respondents it always finds some. Of complete answers it is Bartlett's; of incomplete answers under
    "fiml" the likelihood-ratio test of independence. Pairwise correlations of incomplete answers and polychoric
    correlations have no such test, and the result says why.

    Parameters
    ----------
    survey
        The survey; items of formative dimensions and single items do not take part.
    dimensions
        Keys of the dimensions; all of them where None.
    missing
        "fiml" uses all answers (the covariances that maximum likelihood gives them, by EM), "pairwise" for each pair of
        items the respondents who answered both, "complete" only those who answered every item. Polychoric correlations
        are taken pair by pair under "fiml" too.
    correlation
        "pearson" takes answers as numbers, "polychoric" the normal variables behind ordered answers.

    Returns
    -------
    SamplingAdequacy
        A row an item (dimension, title, item, text, reversed, kmo); overall numbers in the fields kmo, test,
        chi_square, df and p_value (chi-square and p NaN where there is no test).

    Raises
    ------
    AnalysisError
        If an item is constant or follows from others, or there are no more respondents than items.

    Notes
    -----
    Agrees with R's `psych::KMO(r)` and, of complete answers, `psych::cortest.bartlett(r, n)`. Of incomplete answers the
    chi-square is twice the difference of lavaan's FIML log-likelihoods of the saturated model and of the model without
    covariances (`fitMeasures(fit, "unrestricted.logl")` and `logLik` of `x1 ~~ x1; x2 ~~ x2; ...`), times Bartlett's
    factor 1 - (2p + 11) / 6m for p items, m respondents having answered two items together (harmonic mean over pairs).
    Without the factor it rejects uncorrelated items too often (17 of 100 surveys of 12 items and 100 people), with n in
    place of m too. With the n of everybody in Bartlett's own formula, 69 of 100 surveys with three tenths of the
    answers missing were called correlated without any correlation (`benchmarks/uncorrelated_items.py`).
    """
    check_choice("missing", missing, Missing)
    check_choice("correlation", correlation, Correlation)
    selection = select(survey, dimensions, items=1, analysis="sampling adequacy", weighted=True)
    found = definite_correlations(survey, selection, missing, correlation, analysis="Sampling adequacy")
    overall, per_item = kaiser_meyer_olkin(found.correlation)
    used = used_answers(survey, selection, missing)
    tested = _test(used.to_numpy(dtype="float64"), weights_at(survey, used.index), found, missing, correlation)
    frame = selection.item_frame.assign(kmo=per_item)
    return SamplingAdequacy(
        frame=frame,
        n=found.n,
        n_dropped=survey.n - found.n,
        n_effective=found.n_effective,
        settings={
            "dimensions": [d.key for d in selection.dimensions],
            "missing": handling(missing, correlation),
            "correlation": correlation,
        },
        data=survey.stamp,
        verdicts=Verdicts(
            judge(KMO_KAISER, ["all items"], [overall]).items + judge(KMO_KAISER, frame["item"], frame["kmo"]).items
        ),
        kmo=overall,
        chi_square=tested.chi_square,
        df=tested.df,
        p_value=float(stats.chi2.sf(tested.chi_square, tested.df)),
        test=tested.kind,
        no_test=tested.why_not,
        notes=(*selection.notes, *handling_note(found, missing, correlation)),
    )


def kaiser_meyer_olkin(correlation: np.ndarray) -> tuple[float, np.ndarray]:
    """KMO overall and by item, from correlations and partial correlations."""
    inverse = np.linalg.inv(correlation)
    scale = 1 / np.sqrt(np.diag(inverse))
    off_diagonal = ~np.eye(len(correlation), dtype=bool)
    r2 = np.where(off_diagonal, correlation, 0.0) ** 2
    partial2 = np.where(off_diagonal, inverse * np.outer(scale, scale), 0.0) ** 2
    by_item = r2.sum(axis=0) / (r2.sum(axis=0) + partial2.sum(axis=0))
    return float(r2.sum() / (r2.sum() + partial2.sum())), by_item


def bartlett(correlation: np.ndarray, n: float) -> tuple[float, int]:
    """Chi-square and df of the test that no two items correlate."""
    p = len(correlation)
    _, log_determinant = np.linalg.slogdet(correlation)
    return float(-_counted(p, n) * log_determinant), p * (p - 1) // 2


@dataclass(frozen=True, kw_only=True)
class _Test:
    """A test that no two items correlate, or why there is none."""

    chi_square: float
    df: int
    kind: Kind
    why_not: str = ""


def _test(
    answers: np.ndarray, weights: np.ndarray | None, found: Moments, missing: Missing, correlation: Correlation
) -> _Test:
    """The test that these correlations allow."""
    p = answers.shape[1]
    df = p * (p - 1) // 2
    if correlation == "polychoric":
        return _Test(chi_square=float("nan"), df=df, kind="", why_not=NOT_POLYCHORIC)
    if found.n_complete == found.n or missing == "complete":
        if _counted(p, found.effective) <= 0:
            return _Test(chi_square=float("nan"), df=df, kind="", why_not=TOO_FEW_WEIGHTED.format(found.effective))
        chi_square, df = bartlett(found.correlation, found.effective)
        return _Test(chi_square=chi_square, df=df, kind=BARTLETT)
    if missing == "pairwise":
        return _Test(chi_square=float("nan"), df=df, kind="", why_not=NOT_PAIRWISE)
    factor = _small_sample_factor(p, found.n_pairs)
    if factor <= 0:
        return _Test(chi_square=float("nan"), df=df, kind="", why_not=TOO_FEW.format(found.n_pairs))
    return _Test(chi_square=factor * likelihood_ratio(answers, weights, found.effective), df=df, kind=LIKELIHOOD)


def likelihood_ratio(answers: np.ndarray, weights: np.ndarray | None, n: float) -> float:
    """Twice the difference of the log-likelihoods of the saturated model and of uncorrelated items, for n respondents.

    Uncorrelated items have the means and variances of their own answers.
    """
    patterns, saturated = moments_of_answers(answers, weights)
    own = np.ones(len(answers)) if weights is None else weights
    share = own[:, None] * ~np.isnan(answers)
    mean = np.nansum(share * answers, axis=0) / share.sum(axis=0)
    variance = np.nansum(share * (answers - mean) ** 2, axis=0) / share.sum(axis=0)
    alone = IncompleteNormal(patterns, mean, np.diag(variance)).value
    return float(2 * n * (alone - IncompleteNormal(patterns, saturated.mean, saturated.cov).value))


def _small_sample_factor(items: int, n: float) -> float:
    """Share of n that Bartlett (1951) counts: n - 1 - (2p + 5) / 6 of n."""
    return _counted(items, n) / n if n > 0 else 0.0


def _counted(items: int, n: float) -> float:
    return n - 1 - (2 * items + 5) / 6
