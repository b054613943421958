"""Columns of a data frame as numbers; what cannot be a number is said in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxkit.errors import ModelError, Problems, closest, nearest
from cxkit.sem.language.names import WRITABLE


def read_numbers(frame: Any, names: Sequence[str], ordered: Sequence[str], problems: Problems) -> np.ndarray:
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


def codes_and_labels(frame: Any, name: str | None, option: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Codes by order of appearance, -1 where missing, and the labels."""
    import pandas as pd

    if name is None:
        return None, ("",)
    _require_column(frame, name, option)
    codes, labels = pd.factorize(frame[name])
    return codes, tuple(str(label) for label in labels)


def read_weights(frame: Any, name: str, problems: Problems) -> np.ndarray:
    """The sampling weights as they stand, NaN where missing; a ModelError says why they cannot be any."""
    _require_column(frame, name, "weights")
    w = read_numbers(frame, [name], (), problems)[:, 0]
    if problems:
        problems.raise_as(ModelError)
    if np.isnan(w).all():
        raise ModelError(f"Every sampling weight in '{name}' is missing.")
    if np.any(w < 0) or not np.nansum(w) > 0:
        raise ModelError(
            f"The sampling weights in '{name}' must be positive numbers, or 0 for rows to leave out; the smallest is "
            f"{np.nanmin(w):g}, the largest {np.nanmax(w):g}."
        )
    return w


def _require_column(frame: Any, name: str, option: str) -> None:
    if name not in frame.columns:
        near = nearest(str(name), [str(column) for column in frame.columns])
        raise ModelError(f"{option}= names '{name}', but there is no column '{name}' in the data.{near}")
