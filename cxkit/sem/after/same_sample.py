"""Whether two fits rest on the same sample, read and judged in the same way: only then can their chi-squares differ."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from cxkit.sem.solved import Solved

if TYPE_CHECKING:
    from cxkit.sem.sample.groups import GroupData

# Options that decide what a chi-square is compared with, in words for the reason.
DECISIVE = {
    "group": "groups were formed by",
    "weights": "answers were weighted by",
    "cluster": "units are those of",
    "missing": "missing answers were treated by",
    "ordered": "the ordered items are",
    "likelihood": "the likelihood is",
    "fixed_x": "fixed_x is",
}
# These change a scaled test, and leave a plain one alone.
DECISIVE_IF_SCALED = {"information": "the information is", "meanstructure": "meanstructure is"}


def difference(first: Solved, second: Solved) -> str:
    """What sets two samples apart, as the end of a sentence; empty where they are the same."""
    one, two = (set(fit.table.variables.observed) for fit in (first, second))
    if one != two:
        apart = ", ".join(f"'{name}'" for name in sorted(one ^ two)[:5])
        return f"they hold {len(one)} and {len(two)} variables; {apart} in one of them only"
    if len(first.models) != len(second.models):
        return f"one has {len(first.models)} group{'s'[: len(first.models) - 1]}, the other {len(second.models)}"
    if first.frame.estimator.name != second.frame.estimator.name:
        return f"one was fitted by {first.frame.estimator.name}, the other by {second.frame.estimator.name}"
    found = _option(first, second)
    return found or _answers(first, second)


def _option(first: Solved, second: Solved) -> str:
    scaled = first.frame.estimator.test != "standard"
    for name, words in {**DECISIVE, **(DECISIVE_IF_SCALED if scaled else {})}.items():
        one, two = first.settings[name], second.settings[name]
        if name == "ordered":
            one, two = (sorted(value) for value in (one, two))
        if one != two:
            return f"{words} {_shown(one)} in one and {_shown(two)} in the other"
    given = [set(fit.table.variables.exogenous) for fit in (first, second)]
    if first.settings["ordered"] and given[0] != given[1]:
        return "their ordered items are modelled given different predictors"
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) if value else "none"
    return "nothing" if value is None else str(value)


def _answers(first: Solved, second: Solved) -> str:
    """Rows may stand in another order; what they hold must be the same, group by group."""
    if first.n != second.n:
        return f"they hold {first.n} and {second.n} respondents"
    one, two = (dict(zip(fit.sample.labels, fit.sample.groups, strict=True)) for fit in (first, second))
    if set(one) != set(two):
        return f"their groups are {', '.join(sorted(one))} and {', '.join(sorted(two))}"
    for label, group in one.items():
        if fingerprint(group) != fingerprint(two[label]):
            where = f" in group '{label}'" if label else ""
            return f"their answers{where} are not the same, though as many"
    return ""


def fingerprint(group: GroupData) -> bytes:
    """A number for everything that a group holds, whatever the order of its rows and variables."""
    order = np.argsort(group.names)
    digest = blake2b(repr([group.names[k] for k in order]).encode())
    if group.answers is None:
        digest.update(repr(group.n).encode())
        digest.update(np.ascontiguousarray(group.cov[np.ix_(order, order)]).tobytes())
        digest.update(np.ascontiguousarray(group.mean[order]).tobytes())
        return digest.digest()
    columns = [group.answers[:, k] for k in order]
    if group.weights is not None:
        columns.append(group.weights)
    if group.clusters is not None:
        # Codes follow the order of appearance; the size of each respondent's unit does not.
        _, codes, sizes = np.unique(group.clusters, return_inverse=True, return_counts=True)
        columns.append(sizes[codes].astype(float))
    rows = np.column_stack(columns)
    digest.update(np.ascontiguousarray(rows[np.lexsort(rows.T)]).tobytes())
    return digest.digest()
