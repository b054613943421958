"""What a table gives before any search: its models, moment spaces and plain companions, kept for later fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cxkit.sem.language.table import Table
from cxkit.sem.sample.groups import GroupData, Sample
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.statistics import MomentSpace, baseline_table

# A model holds a few square arrays of this many rows; what is larger takes more memory than its making takes time.
MOST_KEPT = 250


def with_exogenous(table: Table, sample: Sample) -> Table:
    """The table with the moments of given predictors filled in; itself if there are none."""
    if not any(row.exogenous for row in table.rows):
        return table
    rows = [
        replace(row, fixed=_exogenous_value(sample.groups[row.group], row.lhs, row.rhs)) if row.exogenous else row
        for row in table.rows
    ]
    return replace(table, rows=tuple(rows))


def models_of(table: Table, ordered: tuple[str, ...]) -> list[GroupModel]:
    """One model per group, shared with later fits of the same table unless an inequality may change its constraints."""
    if table.derived.models is not None:
        return list(table.derived.models)
    models = [GroupModel(table, g, ordered) for g in range(table.groups)]
    if not table.inequalities and table.n_parameters <= MOST_KEPT:
        table.derived.models = models
    return models


def spaces_of(table: Table, means: bool) -> tuple[MomentSpace, ...]:
    """The moments that each group's model is held against."""
    if table.derived.space is None:
        table.derived.space = MomentSpace(table.variables, means)
    return (table.derived.space,) * table.groups


def baseline_models(table: Table, means: bool, ordered: Sequence[str] = ()) -> list[GroupModel]:
    """The baseline model of the same variables, one per group; see `baseline_table`."""
    key = (means, bool(ordered))
    if key in table.derived.baseline_models:
        return list(table.derived.baseline_models[key])
    plain = baseline_table(table, means=means, ordered=bool(ordered))
    models = [GroupModel(plain, g, ordered) for g in range(table.groups)]
    if plain.n_parameters <= MOST_KEPT:
        table.derived.baseline_models[key] = models
    return models


def _exogenous_value(data: GroupData, lhs: str, rhs: str) -> float:
    i = data.names.index(lhs)
    return float(data.cov[i, data.names.index(rhs)] if rhs else data.mean[i])
