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
    keep = _used(values, names, missing, exogenous) & _known(codes) & _known(clusters)
    left_out = _without_predictors(values, names, exogenous) if missing == "fiml" else ()
    given: np.ndarray | None = None
    if weights is not None:
        given, keep, weightless = _weighing(frame, weights, keep, problems)
        left_out += weightless
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


def _without_predictors(values: np.ndarray, names: Sequence[str], exogenous: Sequence[str]) -> tuple[str, ...]:
    """A note on those whose holes are in predictors that the model takes as given, if there are any."""
    holes = np.isnan(values)
    fixed = [i for i, name in enumerate(names) if name in exogenous]
    count = int((holes[:, fixed].any(1) & ~holes.all(1)).sum())
    if not count:
        return ()
    who = "1 respondent" if count == 1 else f"{count:,} respondents"
    predictors = list_names([names[i] for i in fixed], holes[:, fixed].any(0))
    return (
        f"Left out: {who} without an answer to {predictors}. Predictors are taken as given, so that no model fills "
        "their gaps; fixed_x=False models them and keeps everybody.",
    )


def _weighing(
    frame: Any, column: str, keep: np.ndarray, problems: Problems
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Weights of mean 1 among those used, who is used, and a note on those who count nothing: they are nobody of n."""
    raw = read_weights(frame, column, problems)
    keep = keep & ~np.isnan(raw)
    left_out = _weightless(int((keep & (raw == 0)).sum()), column)
    keep &= raw != 0
    return raw * (keep.sum() / raw[keep].sum()), keep, left_out


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


def _used(values: np.ndarray, names: Sequence[str], missing: str, exogenous: Sequence[str]) -> np.ndarray:
    """Which rows have enough answers: all listwise, else any, and all predictors, whose holes no model fills."""
    holes = np.isnan(values)
    if missing == "listwise":
        return ~holes.any(1)
    fixed = [i for i, name in enumerate(names) if name in exogenous]
    return ~holes.all(1) & ~holes[:, fixed].any(1)


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
