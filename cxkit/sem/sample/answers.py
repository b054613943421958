"""Respondents' answers as a sample: read, checked, divided into groups, and turned into moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cxkit.errors import ModelError, Problems
from cxkit.kept import Kept, fingerprint
from cxkit.sem.sample.columns import codes_and_labels, read_numbers, read_weights
from cxkit.sem.sample.coverage import pairs_apart, scarcest
from cxkit.sem.sample.groups import GroupData, Sample
from cxkit.sem.sample.patterns import mean_and_cov
from cxkit.sem.sample.saturated_moments import moments_of_answers
from cxkit.sem.sample.unusable import (
    is_hopeless,
    list_names,
    open_covariances,
    refuse_one_unit,
    refuse_unusable,
    too_incomplete,
    unsettled,
)
from cxkit.without_contents import without_contents

# The latest samples with incomplete answers.
SAMPLES: Kept[bytes, Sample] = Kept(4)


def read_frame(
    frame: Any,
    names: Sequence[str],
    *,
    missing: str,
    ordered: Sequence[str],
    exogenous: Sequence[str],
    group: str | None,
    cluster: str | None,
    weights: str | None,
) -> Sample:
    """Answers of the named variables by group; a ModelError lists everything that stands in the way."""
    if not hasattr(frame, "columns"):
        raise ModelError(
            f"data is a {type(frame).__name__}; expected a DataFrame with one row per respondent, or Moments."
        )
    problems = Problems("The data do not fit the model")
    values = _finite_answers(frame, names, ordered, problems)
    codes, labels = codes_and_labels(frame, group, "group")
    clusters, _ = codes_and_labels(frame, cluster, "cluster")
    keep = _used(values, missing) & _known(codes) & _known(clusters)
    given, keep, left_out = _usable(frame, values, names, keep, missing, exogenous, weights, problems)
    table = _Table(
        names=tuple(names), values=values, labels=labels, codes=codes, clusters=clusters, weights=given,
        keep=keep, index=frame.index,
    )  # fmt: skip
    if missing != "fiml":
        found = _in_groups(table, missing, ordered, cluster, problems)
        return replace(found, warnings=(*left_out, *found.warnings))
    # Moments of incomplete answers take far longer than any one model of them: its sample serves the next ones.
    key = fingerprint((tuple(names), labels, tuple(exogenous)), (values, codes, clusters, table.weights))
    kept = SAMPLES.get(key, lambda: _locked(_in_groups(table, missing, ordered, cluster, problems)))
    if left_out:
        kept = replace(kept, warnings=(*left_out, *kept.warnings))
    # The same answers may come with other row labels.
    return kept if kept.index.equals(frame.index) else replace(kept, index=frame.index)


def _usable(
    frame: Any,
    values: np.ndarray,
    names: Sequence[str],
    keep: np.ndarray,
    missing: str,
    exogenous: Sequence[str],
    weights: str | None,
    problems: Problems,
) -> tuple[np.ndarray | None, np.ndarray, tuple[str, ...]]:
    """Weights of mean 1 among those used, who of `keep` is used, and notes on who is left out."""
    given: np.ndarray | None = None
    left_out: tuple[str, ...] = ()
    if weights is not None:
        given = read_weights(frame, weights, problems)
        left_out = _weightless(int((keep & (given == 0)).sum()), weights)
        keep = keep & (given > 0)  # who counts nothing is nobody of n; NaN is no weight
    if missing != "listwise":
        lacking = keep & np.isnan(values[:, _places(names, exogenous)]).any(1)
        left_out += _without_predictors(values[lacking], names, exogenous)
        keep = keep & ~lacking
    if given is not None:
        given = given * (keep.sum() / given[keep].sum())
    return given, keep, left_out


def _without_predictors(lacking: np.ndarray, names: Sequence[str], exogenous: Sequence[str]) -> tuple[str, ...]:
    """A note on those who are left out for holes in predictors alone, which the model takes as given."""
    if not len(lacking):
        return ()
    who, them = ("1 respondent", "it") if len(lacking) == 1 else (f"{len(lacking):,} respondents", "them")
    fixed = _places(names, exogenous)
    predictors = list_names([names[i] for i in fixed], np.isnan(lacking[:, fixed]).any(0))
    return (
        f"Left out: {who} without an answer to {predictors}. Predictors are taken as given, so that no model fills "
        f"their gaps; fixed_x=False models the predictors and keeps {them}.",
    )


def _places(names: Sequence[str], exogenous: Sequence[str]) -> list[int]:
    """The columns of the predictors that a model takes as given."""
    return [i for i, name in enumerate(names) if name in exogenous]


def _weightless(count: int, column: str) -> tuple[str, ...]:
    """A note on those who count nothing, if there are any."""
    if not count:
        return ()
    who = "1 respondent" if count == 1 else f"{count:,} respondents"
    return (f"Left out: {who} whose weight in '{column}' is 0.",)


def _finite_answers(frame: Any, names: Sequence[str], ordered: Sequence[str], problems: Problems) -> np.ndarray:
    """The answers as numbers; a ModelError lists the columns that hold anything else."""
    values = read_numbers(frame, names, ordered, problems)
    if problems:
        problems.raise_as(ModelError)
    # NaN is no infinite value, but where everything is finite there is nothing to look for.
    if not np.isfinite(values).all() and np.isinf(values).any():
        problems.add(f"infinite values in {list_names(names, np.isinf(values).any(0))}", remedy="make them missing")
        problems.raise_as(ModelError)
    return values


def _used(values: np.ndarray, missing: str) -> np.ndarray:
    """Which rows have enough answers: all of them listwise, else any."""
    holes = np.isnan(values)
    return ~holes.any(1) if missing == "listwise" else ~holes.all(1)


def _known(codes: np.ndarray | None) -> np.ndarray | bool:
    """Which rows say where they belong; all of them where nothing divides the rows."""
    return True if codes is None else codes >= 0


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
        refuse_unusable(subset, names, label, missing, ordered, problems)
        if problems:
            continue
        roles = {
            "weights": None if w is None else w[rows],
            "clusters": None if clusters is None else clusters[rows],
            "rows": rows,
        }
        refuse_one_unit(roles["clusters"], cluster, label, problems)
        if problems:
            continue
        parts.append(_group(label, names, subset, roles, missing == "fiml", warnings))
        if missing == "fiml":
            warnings += open_covariances(pairs_apart(subset, names), label)
    if problems:
        problems.raise_as(ModelError)
    return Sample(
        groups=tuple(parts), n_dropped=int((~keep).sum()), labels=table.labels, index=table.index,
        warnings=tuple(warnings),
    )  # fmt: skip


def _locked(sample: Sample) -> Sample:
    """A sample whose answers nobody may change, as others will use them."""
    for group in sample.groups:
        assert group.answers is not None
        group.answers.setflags(write=False)
    return sample


def _group(
    label: str, names: Sequence[str], values: np.ndarray, roles: dict[str, Any], fiml: bool, warnings: list[str],
    once: bool = False,
) -> GroupData:  # fmt: skip
    patterns, settled = None, True
    w = roles["weights"]
    if fiml:
        patterns, found = moments_of_answers(values, w, once=once)
        mean, cov, settled = found.mean, found.cov, found.converged
        if not settled and is_hopeless(values):
            raise ModelError(too_incomplete(values, label, scarcest(values, names)))
        if not settled:
            warnings.append(unsettled(label, scarcest(values, names)))
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
