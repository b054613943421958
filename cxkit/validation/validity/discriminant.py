"""Are the dimensions different things? Latent correlations, Fornell-Larcker, HTMT and HTMT2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxkit import ties
from cxkit.errors import AnalysisError, counted
from cxkit.results import figures
from cxkit.results.options import check_options
from cxkit.results.references import cite
from cxkit.results.result import Result
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.thresholds import CORRELATION_RONKKO, HTMT_HENSELER, Verdict, Verdicts, judge
from cxkit.results.weighted import weights_at
from cxkit.statistics.bootstrap import bootstrap_note, percentile_intervals, resampled_covariances
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import moments
from cxkit.validation.structure.fit import POORLY, FittedModel, fitted_model, poor_fit
from cxkit.validation.validity.convergent import convergence
from cxkit.validation.weighted_models import effective_of

PEARSON_BOOTSTRAPS, POLYCHORIC_BOOTSTRAPS = 1000, 200
LINES = tuple(start for start, _ in CORRELATION_RONKKO.bands[1:])
FINE = CORRELATION_RONKKO.bands[0][1]


@dataclass(frozen=True, eq=False, kw_only=True)
class DiscriminantValidity(Result):
    """Every pair of dimensions, and how far apart the answers keep them.

    Attributes
    ----------
    fornell_larcker
        Dimensions by dimensions: the root of AVE on the diagonal, latent correlations below it.
    misfit
        That the model of the latent correlations fits poorly, with its indices; empty where it does not.
    notes
        How intervals were made, and what is left out.
    """

    fornell_larcker: pd.DataFrame
    misfit: str = ""

    uses_weights: ClassVar[bool] = True
    title: ClassVar[str] = "Discriminant validity"
    cites: ClassVar[tuple[str, ...]] = ("fornell1981", "henseler2015", "roemer2021")
    shown: ClassVar[tuple[str, ...]] = (
        "pair", "r", "ci_low..ci_high", "htmt", "htmt2", "htmt2_low..htmt2_high", "ave_exceeds",
    )  # fmt: skip

    @property
    def text(self) -> str:
        """How many pairs are a problem, the closest pair, and what HTMT2 and Fornell-Larcker say."""
        end = _ends(self.frame)
        row = self.frame.loc[ties.largest(end)]
        words = [CORRELATION_RONKKO.verdict(value) for value in end]
        fine = words.count(FINE)
        held = int(self.frame["ave_exceeds"].sum())
        are = "is" if fine == 1 else "are"
        low, high = (CORRELATION_RONKKO.shown(row[name]) for name in ("ci_low", "ci_high"))
        interval = f"{self.level} interval {low} to {high}"
        closest = f"{row['pair']}, r = {TWO_DIGITS(row['r'])} ({interval}; {CORRELATION_RONKKO.verdict(end.max())})"
        pairs = f"{fine} of {counted(len(words), 'pair')} of dimensions {are} {FINE}"
        rule = f"by the interval of the latent correlation ({cite(CORRELATION_RONKKO.source)})"
        closest += self._correlate_most(row)
        ratio = self._highest_ratio(row)
        closest = closest if len(self.frame) == 1 else f"Closest: {closest}"
        old = f"The rule of Fornell and Larcker holds for {held} of {len(words)}."
        if self.misfit:
            return (
                f"No verdict on the dimensions can be relied on yet: {self.misfit}. If it held, {pairs} {rule}. "
                f"{closest}.{ratio} {old}"
            )
        return f"{pairs} {rule}. {closest}.{ratio} {old}"

    def _correlate_most(self, closest: pd.Series) -> str:
        """The pair of the largest correlation, where it is another one whose interval reaches farther."""
        most = self.frame.loc[ties.largest(self.frame["r"].abs())]
        if most.name == closest.name:
            return ""
        return f", by the end of its interval; {most['pair']} correlate most, r = {TWO_DIGITS(most['r'])}"

    def _highest_ratio(self, closest: pd.Series) -> str:
        """The largest HTMT2, with its pair where that is not the one that was named as the closest."""
        if self.frame["htmt2"].isna().all():
            return ""
        row = self.frame.loc[ties.largest(self.frame["htmt2"])]
        if len(self.frame) == 1:
            return f" HTMT2 is {TWO_DIGITS(row['htmt2'])}."
        whose = "" if row.name == closest.name else f" ({row['pair']})"
        return f" HTMT2 is at most {TWO_DIGITS(row['htmt2'])}{whose}."

    @property
    def figure_size(self) -> tuple[float, float]:
        """Taller with more pairs."""
        return 7.4, 1.9 + 0.4 * max(len(self.frame), 2)

    @property
    def alt(self) -> str:
        """The latent correlation of every pair with its interval."""
        each = "; ".join(
            f"{r['pair']} {TWO_DIGITS(r['r'])} ({TWO_DIGITS(r['ci_low'])} to {TWO_DIGITS(r['ci_high'])})"
            for _, r in self.frame.iterrows()
        )
        return f"Latent correlations with {self.level} intervals, lines at .80, .90 and 1: {each}."

    def draw(self, axes: Axes) -> None:
        """Latent correlations with intervals and HTMT2, a row a pair."""
        heights = figures.rows(axes, self.frame["pair"].tolist())
        r, low, high = (self.frame[name].to_numpy() for name in ("r", "ci_low", "ci_high"))
        figures.intervals(axes, heights, r, low, high, label=f"latent correlation, {self.level} interval")
        values = self.frame["htmt2"].to_numpy()
        axes.plot(
            values, heights - 0.2, linestyle="none", marker="D", markersize=5, color=figures.ORANGE,
            label="HTMT2 (size only)",
        )  # fmt: skip
        for line in LINES:
            axes.axvline(line, color=figures.GREY, linewidth=1, linestyle="--")
        seen = np.concatenate([low, values[np.isfinite(values)]])
        far = float(np.nanmax([high.max(), values.max()]))
        axes.set_xlim(min(0.0, float(seen.min()) - 0.05), max(1.05, far + 0.02))
        axes.set_xlabel(
            f"Latent correlation\nlines: marginal, moderate, severe problem ({cite(CORRELATION_RONKKO.source)})"
        )
        figures.legend_below(axes)


WALD = "Intervals of r: from the standard errors of the model (delta method)."


def _ends(frame: pd.DataFrame) -> pd.Series:
    """The end of each interval that lies farther from zero."""
    return frame["ci_high"].where(frame["r"] >= 0, -frame["ci_low"])


def discriminant_validity(
    survey: Survey,
    *,
    dimensions: Sequence[str] | None = None,
    estimator: str | None = None,
    missing: str | None = None,
    ordered: Sequence[str] | bool | None = None,
    bootstraps: int | None = None,
    seed: int = 1,
) -> DiscriminantValidity:
    """Do two dimensions measure two things, or one under two names?

    Parameters
    ----------
    survey, dimensions, estimator, missing, ordered
        As for `confirm_structure`. HTMT takes pairs of answers where the model uses every answer given,
        and polychoric correlations where all items are ordered.
    bootstraps
        Resamples for the intervals of HTMT and HTMT2; None is 1000, or 200 with ordered answers (each needs polychoric
        correlations); 0 leaves the intervals out.
    seed
        Of the random numbers.

    Returns
    -------
    DiscriminantValidity
        A row a pair: dimension, other, pair, r (latent correlation), ci_low, ci_high (95 %, Wald), htmt, htmt_low,
        htmt_high, htmt2, htmt2_low, htmt2_high (percentiles), ave, other_ave, ave_exceeds (the rule of Fornell and
        Larcker: both AVE above the squared correlation).

    Raises
    ------
    AnalysisError, ModelError
        With fewer than two dimensions, and as `confirm_structure`.

    Notes
    -----
    Agrees with R's semTools 0.5-6: `htmt(model, x, htmt2 = FALSE)`, `htmt(model, x, htmt2 = TRUE)`, `AVE(fit)`, and
    with `estimator = "ML"` `discriminantValidity(fit)` (est, ci.lower, ci.upper). HTMT takes the sizes of correlations.
    The rule for intervals is CI(cut) of Rönkkö & Cho (2022): the end farther from zero below .80, .90, 1.
    """
    check_options(seed=seed)
    if bootstraps:  # 0 leaves the intervals out, None is the usual number
        check_options(bootstraps=bootstraps)
    found = fitted_model(survey, dimensions=dimensions, estimator=estimator, missing=missing, ordered=ordered)
    if len(found.blueprint.dimensions) < 2:
        raise AnalysisError("Discriminant validity compares dimensions: it needs two dimensions of two items or more.")
    usual = POLYCHORIC_BOOTSTRAPS if _all_ordered(found) else PEARSON_BOOTSTRAPS
    count = usual if bootstraps is None else bootstraps
    ratios, lost = _htmt_columns(survey, found, count, seed)
    frame = _frame(found).join(ratios)
    subjects = frame["pair"].tolist()
    misfit = poor_fit(found.fit)
    return DiscriminantValidity(
        frame=frame,
        n=found.fit.n,
        n_dropped=survey.n - found.fit.n,
        n_effective=effective_of(found.fit),
        settings={**found.settings, "bootstraps": count, "seed": seed},
        data=survey.stamp,
        verdicts=Verdicts(
            _with_misfit(judge(CORRELATION_RONKKO, subjects, _ends(frame).tolist()), misfit)
            + judge(HTMT_HENSELER, subjects, frame["htmt"].tolist()).items
        ),
        fornell_larcker=_fornell_larcker(found),
        misfit=misfit,
        notes=(*found.notes, WALD, *((bootstrap_note(count, seed, lost, of="HTMT"),) if count else ())),
    )


def _with_misfit(verdicts: Verdicts, misfit: str) -> tuple[Verdict, ...]:
    """The verdicts, with the reservation that the model of the latent correlations does not hold."""
    if not misfit:
        return verdicts.items
    known = "which fits poorly" if POORLY in misfit else "whose fit is not known"
    return tuple(replace(v, verdict=f"{v.verdict}, if the model held, {known}") for v in verdicts)


def _frame(found: FittedModel) -> pd.DataFrame:
    ave = convergence(found).set_index("dimension")["ave"]
    pairs = found.correlations.reset_index(drop=True)
    own, other = (ave.loc[pairs[name]].to_numpy() for name in ("dimension", "other"))
    pair = pairs["title"] + " – " + pairs["other_title"]
    columns = pairs[["dimension", "other"]].assign(
        pair=pair, r=pairs["r"], ci_low=pairs["ci_low"], ci_high=pairs["ci_high"]
    )
    return columns.assign(ave=own, other_ave=other, ave_exceeds=np.minimum(own, other) > pairs["r"] ** 2)


def _fornell_larcker(found: FittedModel) -> pd.DataFrame:
    ave = convergence(found)
    table = pd.DataFrame(np.nan, index=ave["title"], columns=ave["title"])
    for title, value in zip(ave["title"], ave["ave"], strict=True):
        table.loc[title, title] = np.sqrt(value)
    for row in found.correlations.itertuples():
        table.loc[row.other_title, row.title] = row.r
    return table.rename_axis(index=None, columns=None)


def _htmt_columns(survey: Survey, found: FittedModel, bootstraps: int, seed: int) -> tuple[pd.DataFrame, int]:
    """Both ratios of every pair, in the order of the pairs, with percentile intervals; resamples that lack a ratio."""
    keys = list(found.blueprint.items)
    place = {key: i for i, key in enumerate(keys)}
    sets = [[place[key] for key in d.item_keys] for d in found.blueprint.dimensions]
    order = {d.key: i for i, d in enumerate(found.blueprint.dimensions)}
    ends = (found.correlations[name] for name in ("dimension", "other"))
    pairs = [(order[a], order[b]) for a, b in zip(*ends, strict=True)]
    answers = survey.answers[keys]
    if found.plan.missing == "listwise":
        answers = answers.dropna()
    weights = weights_at(survey, answers.index)
    point = _stack(_correlations(answers, found, weights)[np.newaxis], sets, pairs)
    draws = [_stack(block, sets, pairs) for block in _resampled(answers, found, weights, bootstraps, seed)]
    columns, lost = {}, 0
    for k, name in enumerate(("htmt", "htmt2")):
        columns[name] = point[k][0]
        replicates = np.concatenate([np.empty((0, len(pairs))), *(block[k] for block in draws)])
        columns[f"{name}_low"], columns[f"{name}_high"] = percentile_intervals(replicates, 0.95)
        lost = max(lost, int((~np.isfinite(replicates)).any(axis=1).sum()))
    return pd.DataFrame(columns), lost


def _correlations(answers: pd.DataFrame, found: FittedModel, weights: np.ndarray | None) -> np.ndarray:
    if _all_ordered(found):
        return _polychoric(answers, weights)
    return _scaled(moments(answers, "pairwise", weights).covariance[np.newaxis])[0]


def _all_ordered(found: FittedModel) -> bool:
    """Whether every item is treated as ordered; polychoric correlations are for such items alone."""
    return set(found.plan.ordered) == set(found.blueprint.items)


def _polychoric(answers: pd.DataFrame, weights: np.ndarray | None) -> np.ndarray:
    from cxkit import sem

    return np.asarray(sem.polychoric(answers, weights=weights), dtype=float)


def _resampled(
    answers: pd.DataFrame, found: FittedModel, weights: np.ndarray | None, bootstraps: int, seed: int
) -> Iterator[np.ndarray]:
    if not _all_ordered(found):
        for block in resampled_covariances(answers.to_numpy(dtype=float), weights, resamples=bootstraps, seed=seed):
            yield _scaled(block)
        return
    rng = np.random.default_rng(seed)
    for _ in range(bootstraps):
        drawn = rng.integers(0, len(answers), len(answers))
        yield _polychoric(answers.iloc[drawn], None if weights is None else weights[drawn])[np.newaxis]


def _scaled(covariances: np.ndarray) -> np.ndarray:
    """Covariances of a stack as correlations."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
        return np.asarray(covariances / (sd[:, :, np.newaxis] * sd[:, np.newaxis, :]))


def _stack(r: np.ndarray, sets: list[list[int]], pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """HTMT and HTMT2 of every pair for a stack of correlation matrices."""
    size = np.abs(r)
    with np.errstate(divide="ignore"):
        logs = np.log(size)
    within = [tuple(zip(*combinations(s, 2), strict=True)) for s in sets]
    plain = [size[:, list(i), list(j)].mean(axis=1) for i, j in within]
    geometric = [logs[:, list(i), list(j)].mean(axis=1) for i, j in within]
    htmt = [size[:, sets[a]][:, :, sets[b]].mean(axis=(1, 2)) / np.sqrt(plain[a] * plain[b]) for a, b in pairs]
    htmt2 = [
        np.exp(logs[:, sets[a]][:, :, sets[b]].mean(axis=(1, 2)) - (geometric[a] + geometric[b]) / 2) for a, b in pairs
    ]
    return np.stack(htmt, axis=1), np.stack(htmt2, axis=1)
