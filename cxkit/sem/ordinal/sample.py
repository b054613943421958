"""Samples of ordered answers: thresholds, polychoric correlations and their covariance, added to every group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import comb

import numpy as np

from cxkit.sem.ordinal.conditional import conditional_moments
from cxkit.sem.ordinal.moments import ordinal_moments
from cxkit.sem.sample.groups import GroupData, Sample, Shared


def with_ordinal(sample: Sample, items: Sequence[str], exogenous: Sequence[str] = ()) -> Sample:
    """Add thresholds, polychoric correlations and their covariance to every group."""
    warnings = []
    groups = []
    stacked = {i: np.concatenate([g.known_answers[:, g.names.index(i)] for g in sample.groups]) for i in items}
    categories = {name: np.unique(values[~np.isnan(values)]) for name, values in stacked.items()}
    for data in sample.groups:
        answers = data.known_answers
        columns = {name: answers[:, k] for k, name in enumerate(data.names)}
        label = f"group '{data.label}'" if data.label else ""
        if exogenous:
            groups.append(_given_predictors(data, columns, items, exogenous, categories, label))
            continue
        # Answers are only missing here under missing="pairwise": the other ways leave their rows out.
        holes = bool(np.isnan(answers).any())
        moments = ordinal_moments(
            columns, data.names, items, categories=categories, label=label, pairwise=holes, weights=data.weights
        )
        if moments.empty_cells:
            pairs = [f"{a} x {b}" for a, b in moments.empty_cells]
            more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
            warnings.append(
                f"{len(pairs)} of {comb(len(items), 2)} pairs of items have combinations of answers that nobody gave"
                f"{' in ' + label if label else ''}: {', '.join(pairs[:5])}{more}. With few respondents or many "
                "answers to choose from this is usual; correlations and errors of rarely chosen answers are then "
                "uncertain, and joining rare categories shows whether a conclusion depends on them."
            )
        groups.append(replace(data, cov=moments.corr, ordinal=moments, shared=Shared()))
    return replace(sample, groups=tuple(groups), warnings=tuple(warnings))


def _given_predictors(
    data: GroupData,
    columns: dict[str, np.ndarray],
    items: Sequence[str],
    exogenous: Sequence[str],
    categories: dict[str, np.ndarray],
    label: str,
) -> GroupData:
    """One group with the statistics of its ordered items given predictors; covariances put back together for starts."""
    outcomes = [name for name in data.names if name not in exogenous]
    moments = conditional_moments(columns, outcomes, items, exogenous, categories=categories, label=label)
    y, x = ([data.names.index(name) for name in names] for names in (outcomes, exogenous))
    cov, mean = np.zeros_like(data.cov), data.mean.copy()
    spread = moments.slopes @ moments.exogenous_cov
    cov[np.ix_(x, x)], cov[np.ix_(y, x)], cov[np.ix_(x, y)] = moments.exogenous_cov, spread, spread.T
    cov[np.ix_(y, y)] = moments.corr + spread @ moments.slopes.T
    return replace(data, cov=cov, mean=mean, ordinal=moments, shared=Shared())
