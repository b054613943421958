"""How far what is computed from a fit lies from lavaan's: modification indices, residual correlations, scores.

lavaan's values stand in tests/reference/sem_after.json, made by scripts/sem_exported.R for every model of cases.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.fit import Fit

Found = dict[str, tuple[float, str]]
"""Largest deviation and where it lies, by kind."""

# An index below 1 says that freeing the parameter changes nothing; relative to itself its rounding would count.
SMALL_INDEX = 1.0


@cache
def after() -> Mapping[str, Any]:
    """lavaan's values by case."""
    path = Path(__file__).parent.parent / "reference" / "sem_after.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"]  # type: ignore[no-any-return]


def deviations_after(fit: Fit, reference: Mapping[str, Any]) -> Found:
    """The largest deviation of each kind that lavaan gives a value for."""
    found: Found = {}
    for kind, (part, measure) in KINDS.items():
        if part not in reference or not _comparable(fit, kind):
            continue
        try:
            pairs = list(measure(fit, reference))
        except ModelError as refusal:
            found[kind] = (float("inf"), str(refusal)[:80])
            continue
        if pairs:
            found[kind] = max(pairs, key=lambda pair: np.nan_to_num(pair[0], nan=np.inf))
    return found


def _comparable(fit: Fit, kind: str) -> bool:
    """lavaan writes residuals of ordered items given predictors in another form; test_residuals.py compares those."""
    if kind == "factor scores":
        return bool(fit.table.variables.latent)
    return kind != "residual correlations" or not (fit.settings["ordered"] and fit.table.variables.exogenous)


def _indices(fit: Fit, reference: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    labels = list(fit.sample.labels)
    mine = {
        (_key(row.lhs, row.op, row.rhs), labels.index(row.group) + 1): row.mi
        for row in fit.modification_indices().itertuples()
    }
    theirs = reference["mi"]
    for name, group, value in zip(theirs["row"], theirs["group"], theirs["mi"], strict=True):
        if " ~*~ " in name and fit.settings["parameterization"] == "theta":
            continue  # the scale follows from the residual variance there; lavaan lists it all the same
        key = (_key(*name.split(" ", 2)), group)
        distance = abs(mine.get(key, np.inf) - value) / max(abs(value), SMALL_INDEX)
        yield distance, f"{name} group {group}"


def _key(lhs: str, op: str, rhs: str) -> tuple[str, ...]:
    return (op, *sorted((lhs, rhs))) if op == "~~" else (op, lhs, rhs)


def _residuals(fit: Fit, reference: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for label, table, theirs in zip(fit.sample.labels, _tables(fit), reference["residuals"], strict=True):
        matrix = np.zeros((len(theirs["names"]),) * 2)
        # R writes the lower triangle by column, numpy reads the upper one by row.
        matrix[np.triu_indices(len(matrix), 1)] = theirs["values"]
        ours = table.cov.loc[theirs["names"], theirs["names"]].to_numpy()
        gap = np.abs(ours - matrix)[np.triu_indices(len(matrix), 1)]
        if gap.size:
            yield float(gap.max()), f"group {label}"


def _tables(fit: Fit) -> list[Any]:
    tables = fit.residuals("cor")
    return list(tables.values()) if isinstance(tables, dict) else [tables]


def _scores(fit: Fit, reference: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    ours = fit.scores()
    for label, theirs in zip(fit.sample.labels, reference["scores"], strict=True):
        rows = ours[ours["group"] == label] if "group" in ours else ours
        for name, values in zip(theirs["names"], np.array(theirs["values"], dtype=float).T, strict=True):
            scale = max(float(np.abs(values).max()), 1.0)
            gap = np.abs(rows[name].to_numpy()[: len(values)] - values)
            yield float(gap.max()) / scale, f"{name} group {label}"


KINDS = {
    "modification indices": ("mi", _indices),
    "residual correlations": ("residuals", _residuals),
    "factor scores": ("scores", _scores),
}
