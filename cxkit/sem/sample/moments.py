"""What was answered, as numbers: per group the means, covariances, missing patterns, weights and clusters.

Everything that real surveys get wrong is found here, all at once, and said in words; nothing below this module has to
fear text, constants or holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from cxkit.errors import EXAMPLES_SHOWN, ModelError, Problems, closest, counted, nearest
from cxkit.kept import Kept, fingerprint
from cxkit.sem.language.names import WRITABLE
from cxkit.sem.sample.chi_square import Corrected, FitTest
from cxkit.sem.sample.coverage import pairs_apart, scarcest
from cxkit.sem.sample.patterns import Patterns, mean_and_cov
from cxkit.sem.sample.saturated_moments import moments_of_answers
from cxkit.without_contents import without_contents

ALMOST_ONE = 1 - 1e-9
# How far from 1 the diagonal of printed correlations may be.
ROUNDED = 1e-4
# Cudeck (1989, https://doi.org/10.1037/0033-2909.105.2.317).
STANDARDISED = (
    "cor= without sd=: the correlations are analysed as if they were covariances. Estimates are those of standardised "
    "variables, but their standard errors (and chi-square, where parameters are held equal) are not. Give the standard "
    "deviations as sd=."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Published moments in place of answers: a covariance (or correlation and SDs), n and, if known, means.

    Parameters
    ----------
    cov, cor
        p x p table with variable names (DataFrame), or a matrix together with `names`. A covariance is taken to be
        computed with n - 1 and is rescaled by (n - 1)/n as `lavaan(sample.cov=)` does.
    n
        Number of respondents.
    mean, sd
        Means, and standard deviations that go with `cor`, in the same order (or a Series by name). With means the
        model has a mean structure, unless `meanstructure=False`, as `lavaan(sample.mean=)` does. Without `sd` all
        variables are standardised, which standard errors under ML do not know: fits then warn.
    """

    n: int
    cov: Any = None
    cor: Any = None
    sd: Any = None
    mean: Any = None
    names: Sequence[str] = ()

    __repr__ = without_contents

    def select(self, wanted: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Covariance and means of the wanted variables, in their order."""
        table = self.cov if self.cov is not None else self.cor
        if table is None:
            raise ModelError("Moments needs cov=, or cor= together with sd=.")
        names = [str(c) for c in (table.columns if hasattr(table, "columns") else self.names)]
        values = np.asarray(table, dtype=float)
        if values.shape != (len(names), len(names)):
            raise ModelError(
                f"Moments: the matrix is {' x '.join(map(str, values.shape))} but {len(names)} variables are named. "
                "Give a DataFrame with names, or names=[...] as well."
            )
        self._check(values, names, wanted)
        if self.cov is None:
            sd = self._along(self.sd, names, "sd") if self.sd is not None else np.ones(len(names))
            if not np.all(sd > 0):
                raise ModelError(f"Moments: standard deviations are positive; sd= holds {float(np.min(sd)):g}.")
            values = values * np.outer(sd, sd)
        pick = [names.index(name) for name in wanted]
        mean = None if self.mean is None else self._along(self.mean, names, "mean")[pick]
        return values[np.ix_(pick, pick)] * (self.n - 1) / self.n, mean

    def _along(self, values: Any, names: list[str], what: str) -> np.ndarray:
        picked = [values[name] for name in names] if hasattr(values, "keys") else values
        array = np.asarray(picked, dtype=float).ravel()
        if array.size != len(names):
            raise ModelError(f"Moments: {what} has {array.size} entries for {len(names)} variables.")
        return array

    def _check(self, values: np.ndarray, names: list[str], wanted: Sequence[str]) -> None:
        problems = Problems("Moments")
        if self.cov is not None and (self.cor is not None or self.sd is not None):
            problems.add("cov= together with cor= or sd=", remedy="give the covariances alone, or cor= with sd=")
        size = self.n if isinstance(self.n, int | float | np.number) else float("nan")
        if not (np.isfinite(size) and float(size).is_integer()):
            problems.add(f"n is {self.n!r}", remedy="n is the number of respondents, a whole number")
        elif size <= len(wanted):
            problems.add(f"{self.n} respondents for {len(wanted)} items", remedy="use fewer items")
        if self.cov is None and np.abs(np.diag(values) - 1).max(initial=0.0) > ROUNDED:
            largest = float(np.diag(values)[np.argmax(np.abs(np.diag(values) - 1))])
            problems.add(
                f"cor= has {largest:g} on its diagonal, where correlations have 1",
                remedy="covariances are given as cov=",
            )
        for name in wanted:
            if name not in names:
                problems.add(f"the model speaks of '{name}', which the matrix does not hold.{nearest(name, names)}")
        if not np.all(np.isfinite(values)):
            problems.add("the matrix has empty or infinite cells")
        elif np.max(np.abs(values - values.T)) > 1e-6 * np.max(np.abs(values)):
            problems.add("the matrix is not symmetric")
        elif np.linalg.eigvalsh(values)[0] <= 0:
            problems.add("the matrix is not positive definite", remedy="look for a misprint, or pairwise deletion")
        if problems:
            problems.raise_as(ModelError)


class Shared:
    """What the fits of one group's answers have in common: computed when the first asks, kept as long as the answers.

    `matrices` by name and number of moments, `numbers` by name and number of moments; the tests of the baseline
    model, its fits (a Frame and its chi-square), and its chi-squares as if answers were complete, by the options that
    they depend on.
    """

    def __init__(self) -> None:
        self.matrices: Kept[tuple[str, int], np.ndarray] = Kept(8)
        self.numbers: Kept[tuple[str, int], float] = Kept(8)
        self.baselines: Kept[tuple[Any, ...], FitTest] = Kept(4)
        self.baseline_frames: Kept[tuple[Any, ...], tuple[Any, float]] = Kept(4)
        self.corrected: Kept[tuple[Any, ...], Corrected] = Kept(4)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupData:
    """The answers of one group.

    `cov` has divisor n; `answers` is n x p with NaN where missing, None for Moments; `rows` are their positions in the
    data frame; `ordinal` are the statistics of ordered items. `settled` is False where incomplete answers have no
    maximum-likelihood estimates, or none that a search finds: `mean` and `cov` then serve as starting values only.
    """

    label: str
    names: tuple[str, ...]
    n: int
    mean: np.ndarray
    cov: np.ndarray
    answers: np.ndarray | None = None
    weights: np.ndarray | None = None
    clusters: np.ndarray | None = None
    rows: np.ndarray | None = None
    patterns: Patterns | None = None
    ordinal: Any = None
    settled: bool = True
    shared: Shared = field(default_factory=Shared)

    __repr__ = without_contents

    @property
    def size(self) -> float:
        """Number of respondents, or the sum of their weights."""
        return float(self.n if self.weights is None else self.weights.sum())

    @property
    def thresholds(self) -> dict[str, np.ndarray]:
        """Where each ordered item is cut; empty without ordered items."""
        found: dict[str, np.ndarray] = {} if self.ordinal is None else self.ordinal.thresholds
        return found

    @property
    def known_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Covariances and means to compare a model with: NaN where incomplete answers have none."""
        if self.settled:
            return self.cov, self.mean
        return np.full_like(self.cov, np.nan), np.full_like(self.mean, np.nan)

    @cached_property
    def centred(self) -> np.ndarray:
        """Answers minus means; for complete data."""
        return self.known_answers - self.mean

    @property
    def known_answers(self) -> np.ndarray:
        """The answers, which published moments do not have: a ModelError says so."""
        if self.answers is None:
            raise ModelError(
                "What does not rest on normal answers (robust errors, scaled tests, scores of respondents) needs the "
                "answers; this model was fitted to published moments. Fit it to the answers."
            )
        return self.answers

    def by_unit(self, scores: np.ndarray) -> np.ndarray:
        """Casewise values times the weights, and summed within clusters."""
        if self.weights is not None:
            scores = scores * self.weights[:, None]
        if self.clusters is None:
            return scores
        _, codes = np.unique(self.clusters, return_inverse=True)
        sums = np.zeros((codes.max() + 1, scores.shape[1]))
        np.add.at(sums, codes, scores)
        count = len(sums)
        return np.asarray(sums * np.sqrt(count / max(count - 1, 1)))

    def cross_products(self, scores: np.ndarray) -> np.ndarray:
        """Cross products of such values, per respondent."""
        scores = self.by_unit(scores)
        return scores.T @ scores / self.size


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """All groups, who was dropped and why; `index` is that of the whole data frame, None for Moments."""

    groups: tuple[GroupData, ...]
    n_dropped: int
    labels: tuple[str, ...]
    has_means: bool = True
    warnings: tuple[str, ...] = ()
    index: Any = None

    __repr__ = without_contents

    @property
    def n(self) -> int:
        return sum(group.n for group in self.groups)

    @property
    def settled(self) -> bool:
        """Whether the moments of every group are known: incomplete answers may have none (see `GroupData`)."""
        return all(group.settled for group in self.groups)


def read_moments(data: Moments | Sequence[Moments], names: Sequence[str]) -> Sample:
    """Moments in place of answers, one per group."""
    parts = [data] if isinstance(data, Moments) else list(data)
    groups, means = [], []
    for i, part in enumerate(parts):
        cov, mean = part.select(names)
        means.append(mean is not None)
        filled = np.zeros(len(names)) if mean is None else mean
        label = str(i + 1) if len(parts) > 1 else ""
        groups.append(GroupData(label=label, names=tuple(names), n=int(part.n), mean=filled, cov=cov))
    warnings = (STANDARDISED,) if any(part.cov is None and part.sd is None for part in parts) else ()
    return Sample(groups=tuple(groups), n_dropped=0, labels=tuple(g.label for g in groups), has_means=all(means),
                  warnings=warnings)  # fmt: skip


def numbers(frame: Any, names: Sequence[str], ordered: Sequence[str], problems: Problems) -> np.ndarray:
    """The named columns as floats, NaN where missing; what cannot be a number becomes a finding."""
    known = [str(c) for c in frame.columns]
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            # A name that no model can write, such as 'Item 1', is only reached after renaming.
            remedy = "sem.clean_names(data) renames it" if _misnamed(name, known) else ""
            problems.add(f"the model speaks of '{name}', which is not a column of the data.{hint}", remedy=remedy)
        elif known.count(name) > 1:
            problems.add(f"the column '{name}' occurs {known.count(name)} times")
    if problems:
        problems.raise_as(ModelError)
    out = np.empty((len(frame), len(names)))
    for k, name in enumerate(names):
        series = frame[name]
        plain = getattr(series.dtype, "kind", "O") in "fiu" and isinstance(series.dtype, np.dtype)
        out[:, k] = series.to_numpy() if plain else _column(series, name, name in ordered, problems)
    return out


def _misnamed(name: str, known: Sequence[str]) -> bool:
    """Whether the column that was probably meant has a name that no model can write."""
    return bool(closest(name, known)) and not closest(name, [column for column in known if WRITABLE.fullmatch(column)])


def _column(series: Any, name: str, ordered: bool, problems: Problems) -> np.ndarray:
    import pandas as pd

    if series.dtype.kind in "mM":
        problems.add(f"the column '{name}' holds dates or times", remedy="turn it into a number, such as years")
        return np.full(len(series), np.nan)
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = pd.to_numeric(pd.Series(series.cat.categories), errors="coerce").to_numpy(dtype=float)
        if np.isnan(categories).any():
            # Words have an order only if the column says so.
            if not (ordered and series.cat.ordered):
                problems.add(
                    f"the column '{name}' holds the categories {', '.join(map(str, series.cat.categories[:5]))}",
                    remedy=f"name it in ordered= and make it an ordered categorical, or recode '{name}' to numbers",
                )
                return np.full(len(series), np.nan)
            categories = np.arange(1.0, len(categories) + 1)
        codes = series.cat.codes.to_numpy()
        return np.where(codes < 0, np.nan, categories[codes])
    values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    lost = np.isnan(values) & series.notna().to_numpy()
    if lost.any():
        rows = np.flatnonzero(lost)
        shown = [f"row {series.index[i]}: {series.iloc[i]!r}" for i in rows]
        problems.add(
            f"the column '{name}' holds text", shown, "recode it to numbers, or read the file with missing codes"
        )
    return np.asarray(values)


def read_frame(
    frame: Any,
    names: Sequence[str],
    *,
    missing: str = "listwise",
    ordered: Sequence[str] = (),
    exogenous: Sequence[str] = (),
    group: str | None = None,
    cluster: str | None = None,
    weights: str | None = None,
) -> Sample:
    """Answers of the named variables by group; a ModelError lists everything that stands in the way."""
    if not hasattr(frame, "columns"):
        raise ModelError(
            f"data is a {type(frame).__name__}; expected a DataFrame with one row per respondent, or Moments."
        )
    problems = Problems("The data do not fit the model")
    values = numbers(frame, names, ordered, problems)
    if problems:
        problems.raise_as(ModelError)
    if not np.isfinite(values).all() and np.isinf(values).any():
        problems.add(f"infinite values in {_listed(names, np.isinf(values).any(0))}", remedy="make them missing")
        problems.raise_as(ModelError)
    codes, labels = _keys(frame, group, "group")
    clusters, _ = _keys(frame, cluster, "cluster")
    w = None if weights is None else _weights(frame, weights, problems)
    keep = _kept(values, names, missing, exogenous)
    for column in (codes, clusters):
        keep &= True if column is None else column >= 0
    if w is not None:
        keep &= ~np.isnan(w)
        w = w * (keep.sum() / w[keep].sum())
    table = _Table(
        names=tuple(names), values=values, labels=labels, codes=codes, clusters=clusters, weights=w, keep=keep,
        index=frame.index,
    )  # fmt: skip
    if missing != "fiml":
        return _in_groups(table, missing, ordered, cluster, problems)
    # Moments of incomplete answers take far longer than any one model of them: its sample serves the next ones.
    key = fingerprint((tuple(names), labels, tuple(exogenous)), (values, codes, clusters, w))
    kept = SAMPLES.get(key, lambda: _locked(_in_groups(table, missing, ordered, cluster, problems)))
    # The same answers may come with other row labels.
    return kept if kept.index.equals(frame.index) else replace(kept, index=frame.index)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """A data frame in numbers: answers, and which group, cluster and weight each row has; `keep` the rows used."""

    names: tuple[str, ...]
    values: np.ndarray
    labels: tuple[str, ...]
    codes: np.ndarray | None
    clusters: np.ndarray | None
    weights: np.ndarray | None
    keep: np.ndarray
    index: Any

    __repr__ = without_contents


def _in_groups(table: _Table, missing: str, ordered: Sequence[str], cluster: str | None, problems: Problems) -> Sample:
    """The moments of every group; a ModelError lists what stands in their way."""
    names, values, codes, keep = table.names, table.values, table.codes, table.keep
    clusters, w = table.clusters, table.weights
    parts: list[GroupData] = []
    warnings: list[str] = []
    for g, label in enumerate(table.labels):
        rows = np.flatnonzero(keep if codes is None else keep & (codes == g))
        subset = values if rows.size == len(values) else values[rows]
        _look(subset, names, label, missing, ordered, problems)
        if problems:
            continue
        roles = {
            "weights": None if w is None else w[rows],
            "clusters": None if clusters is None else clusters[rows],
            "rows": rows,
        }
        _refuse_one_unit(roles["clusters"], cluster, label, problems)
        if problems:
            continue
        parts.append(_group(label, names, subset, roles, missing == "fiml", warnings))
        if missing == "fiml":
            warnings += _open_covariances(pairs_apart(subset, names), label)
    if problems:
        problems.raise_as(ModelError)
    return Sample(
        groups=tuple(parts), n_dropped=int((~keep).sum()), labels=table.labels, index=table.index,
        warnings=tuple(warnings),
    )  # fmt: skip


def _refuse_one_unit(clusters: np.ndarray | None, name: str | None, label: str, problems: Problems) -> None:
    if clusters is not None and clusters.size and np.all(clusters == clusters[0]):
        where = f" in group '{label}'" if label else ""
        problems.add(
            f"all respondents{where} belong to one unit of '{name}'",
            remedy="standard errors by units need several, better 30: leave out cluster=",
        )


# The latest samples with incomplete answers.
SAMPLES: Kept[bytes, Sample] = Kept(4)


def _locked(sample: Sample) -> Sample:
    """A sample whose answers nobody may change, as others will use them."""
    for group in sample.groups:
        assert group.answers is not None
        group.answers.setflags(write=False)
    return sample


def _require_column(frame: Any, name: str, option: str) -> None:
    if name not in frame.columns:
        near = nearest(str(name), [str(column) for column in frame.columns])
        raise ModelError(f"{option}= names '{name}', but there is no column '{name}' in the data.{near}")


def _keys(frame: Any, name: str | None, option: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Codes by order of appearance, -1 where missing, and the labels."""
    import pandas as pd

    if name is None:
        return None, ("",)
    _require_column(frame, name, option)
    codes, labels = pd.factorize(frame[name])
    return codes, tuple(str(label) for label in labels)


def _weights(frame: Any, name: str, problems: Problems) -> np.ndarray:
    _require_column(frame, name, "weights")
    w = numbers(frame, [name], (), problems)[:, 0]
    if problems:
        problems.raise_as(ModelError)
    if np.isnan(w).all():
        raise ModelError(f"Every sampling weight in '{name}' is missing.")
    if np.any(w < 0) or not np.nansum(w) > 0:
        raise ModelError(
            f"The sampling weights in '{name}' must be positive numbers; the smallest is {np.nanmin(w):g}."
        )
    return w


def _kept(values: np.ndarray, names: Sequence[str], missing: str, exogenous: Sequence[str]) -> np.ndarray:
    holes = np.isnan(values)
    if missing == "listwise":
        return ~holes.any(1)
    keep = ~holes.all(1)
    fixed = [i for i, name in enumerate(names) if name in exogenous]
    return keep & ~holes[:, fixed].any(1)


def _look(
    values: np.ndarray, names: Sequence[str], label: str, missing: str, ordered: Sequence[str], problems: Problems
) -> None:
    """Whatever would end in a singular matrix, by the name of the item."""
    where = f" in group '{label}'" if label else ""
    n, p = values.shape
    holes = np.isnan(values)
    if n == 0:
        problems.add(
            f"no respondent{where} has complete answers", remedy="missing='fiml' uses incomplete answers as well"
        )
        return
    empty = holes.all(0)
    if empty.any():
        problems.add(f"nobody answered {_listed(names, empty)}{where}", remedy="drop the item from the model")
        return
    # The versions for holes take far longer.
    least, most = (np.nanmin, np.nanmax) if holes.any() else (np.min, np.max)
    low, high = least(values, axis=0), most(values, axis=0)
    if (low == high).any():
        problems.add(f"everyone{where} gave the same answer to {_listed(names, low == high)}",
                     remedy="an item without variance cannot be modelled: drop it")  # fmt: skip
        return
    if n <= p and not ordered:
        problems.add(f"{n} respondents{where} for {p} items", remedy="use fewer items or collect more answers")
        return
    if missing != "listwise":
        pairs = pairs_apart(values, names) if missing == "pairwise" else []
        if pairs:
            problems.add(f"pairs of items that nobody{where} answered together", pairs,
                         "their correlation cannot be estimated: leave one of each pair out")  # fmt: skip
        return
    twins = _twins(values, names, ordered)
    if twins:
        problems.add(f"items that are copies of each other{where}", twins, "drop one of each pair")


def _open_covariances(pairs: Sequence[str], label: str) -> list[str]:
    """What a reader must know where the likelihood says nothing of a covariance except through the model."""
    if not pairs:
        return []
    where = f" in group '{label}'" if label else ""
    listed = "; ".join(pairs[:EXAMPLES_SHOWN]) + ("; ..." if len(pairs) > EXAMPLES_SHOWN else "")
    this, covariance = ("this pair", "its covariance") if len(pairs) == 1 else ("these pairs", "their covariances")
    return [
        f"Nobody{where} answered both items of {counted(len(pairs), 'pair')}: {listed}. Only the model says how {this} "
        f"hang{'s' * (len(pairs) == 1)} together, and nothing tests that. The degrees of freedom count {covariance}, "
        f"as in lavaan: without, there are {len(pairs):,} fewer, and p is lower. SRMR and the residuals of {this} mean "
        "nothing."
    ]


def _listed(names: Sequence[str], mask: np.ndarray) -> str:
    return ", ".join(f"'{name}'" for name, hit in zip(names, mask, strict=True) if hit)


def _twins(values: np.ndarray, names: Sequence[str], ordered: Sequence[str]) -> list[str]:
    gaps = values - values.mean(0)
    cross = gaps.T @ gaps
    sd = np.sqrt(cross.diagonal())
    alike = np.abs(cross / (sd[:, None] * sd)) > ALMOST_ONE
    if np.count_nonzero(alike) <= len(names):
        return []
    pairs = np.argwhere(np.triu(alike, 1))
    return [f"'{names[i]}' and '{names[j]}' correlate perfectly" for i, j in pairs]


def _unsettled(label: str, scarce: str) -> str:
    """What a reader must know where incomplete answers have no moments of their own."""
    where = f" of group '{label}'" if label else ""
    remedy = f"{scarce}: leave that out" if scarce else "Too few people answered some items together: use fewer items"
    return (
        f"The means and covariances that maximum likelihood gives all answers{where} did not settle: chi-square and "
        "all that is made of it have no value. Estimates, their standard errors, the log-likelihood, AIC, BIC and "
        f"differences between nested models do not rest on them. {remedy}."
    )


def _is_hopeless(values: np.ndarray) -> bool:
    """Whether some item was answered by no more people than there are items.

    The other items and an intercept then predict it without error, so that its residual variance can be made as small,
    and the likelihood as large, as one likes.
    """
    return bool((~np.isnan(values)).sum(0).min() <= values.shape[1])


def _too_incomplete(values: np.ndarray, label: str, scarce: str) -> str:
    """Why the covariances of all items have no estimate, and what would help."""
    where = f" in group {label!r}" if label else ""
    if scarce:
        return (
            f"The covariances of all items{where} cannot be estimated from these answers: {scarce}. Leave that out, or "
            "collect more answers to it."
        )
    return (
        f"{len(values)} respondents{where} are too few, or their answers too incomplete, to estimate the covariances "
        "of all items. Use fewer items or collect more answers."
    )


def _group(
    label: str, names: Sequence[str], values: np.ndarray, roles: dict[str, Any], fiml: bool, warnings: list[str],
    once: bool = False,
) -> GroupData:  # fmt: skip
    patterns, settled = None, True
    w = roles["weights"]
    if fiml:
        patterns, found = moments_of_answers(values, w, once=once)
        mean, cov, settled = found.mean, found.cov, found.converged
        if not settled and _is_hopeless(values):
            raise ModelError(_too_incomplete(values, label, scarcest(values, names)))
        if not settled:
            warnings.append(_unsettled(label, scarcest(values, names)))
    elif np.isnan(values).any():
        # missing="pairwise" is for ordered items, whose correlations take the place of these covariances.
        mean, cov = np.nanmean(values, axis=0), np.diag(np.nanvar(values, axis=0))
    else:
        mean, cov = mean_and_cov(values, w)
    return GroupData(label=label, names=tuple(names), n=len(values), mean=mean, cov=cov, answers=values,
                     patterns=patterns, settled=settled, **roles)  # fmt: skip


def regroup(data: GroupData, rows: np.ndarray) -> GroupData:
    """The same group with other rows, for resampling."""
    roles: dict[str, Any] = {"weights": None, "clusters": None}
    return _group(data.label, data.names, data.known_answers[rows], roles, data.patterns is not None, [], once=True)
