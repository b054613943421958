"""The correlation matrix of ordered items, for factor analysis, parallel analysis and ordinal reliability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from cxkit.errors import ModelError, Problems
from cxkit.sem.ordinal.bivariate_normal import Array
from cxkit.sem.ordinal.latent_correlations import (
    category_codes,
    contingency_tables,
    cut_points,
    item_pairs,
    polychoric_estimates,
    share_empty_cell,
)

# More categories than this are measurements, not answers; the tables of all pairs would fill the memory.
MOST_CATEGORIES = 60
WHERE = "Polychoric correlations"


def polychoric(
    data: pd.DataFrame | Array, *, correct: float = 0.0, thresholds: Literal["item", "pair"] | None = None,
    weights: Array | None = None,
) -> pd.DataFrame | Array:  # fmt: skip
    """How do the attitudes behind ordered answers correlate, had they been measured without coarse categories?

    Missing answers are left out pair by pair.

    Parameters
    ----------
    data : DataFrame or array, shape (respondents, items)
        Numbers, or ordered categoricals; the codes may have gaps, only their order counts.
    correct
        Count put into every empty cell of a pair's table. 0 leaves tables as they are, but for the one empty cell of a
        two by two table, into which half an answer is moved, the margins kept (lavaan). 0.5 is what psych does.
    thresholds
        "item": from everyone who answered the item. "pair": from those who answered both. By default "item" when
        `correct` is 0, else "pair".
    weights
        Sampling weights of the respondents.

    Returns
    -------
    DataFrame or array, shape (items, items)
        As `data`. Not necessarily positive definite.

    Raises
    ------
    ModelError
        If an item is constant, is no number, or measures the same as another; if nobody answered two items together.

    Notes
    -----
    Agrees with R's `lavaan::lavCor(data, ordered = names(data))` by default, with
    `psych::polychoric(data, global = FALSE, correct = 0)` for thresholds="pair", and with
    `psych::polychoric(data, global = FALSE)` for correct=0.5. As in psych, thresholds then come from the margins of the
    corrected table, divided by the number of respondents before the correction. (With `global = TRUE` psych applies no
    correction at all.) Source: Olsson (1979), Psychometrika 44.
    """
    thresholds = thresholds or ("pair" if correct else "item")
    if correct < 0.0 or (correct and thresholds == "item"):
        raise ModelError(
            f"correct is {correct:g} and thresholds are from each item. A correction needs a positive count and "
            "thresholds='pair'; or leave correct at 0."
        )
    names, values = _numbers(data)
    tables = contingency_tables(*_codes(names, values), weights)
    j, i = item_pairs(len(names))
    pairs = tables[j, :, i, :]
    _check_pairs(names, pairs)
    if thresholds == "item":
        cuts = cut_points(np.einsum("ikik->ik", tables))
        rows, columns = cuts[j], cuts[i]
    else:
        pairs, rows, columns = _within_pairs(pairs, correct)
    rho, perfect = polychoric_estimates(share_empty_cell(pairs, rows, columns), rows, columns)
    twins = [(names[a], names[b]) for a, b in zip(j[perfect], i[perfect], strict=True)]
    refuse_twins(twins, WHERE, tables=pairs[perfect])
    matrix = np.eye(len(names))
    matrix[j, i] = matrix[i, j] = rho
    return pd.DataFrame(matrix, index=data.columns, columns=data.columns) if isinstance(data, pd.DataFrame) else matrix


def _numbers(data: pd.DataFrame | Array) -> tuple[list[str], list[Array]]:
    """Names and columns of numbers, missing answers as nan."""
    if not isinstance(data, pd.DataFrame):
        values = np.asarray(data, dtype=float)
        return [f"column {place + 1}" for place in range(values.shape[1])], list(values.T)
    problems = Problems(WHERE)
    columns = []
    for name, column in data.items():
        if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
            columns.append(np.where(column.cat.codes < 0, np.nan, column.cat.codes))
        elif pd.api.types.is_numeric_dtype(column.dtype):
            columns.append(column.to_numpy(dtype=float, na_value=np.nan))
        else:
            problems.add(f"{name} holds {column.dtype}, not numbers", remedy="give each answer a number first")
    if problems:
        problems.raise_as(ModelError)
    return [str(name) for name in data.columns], columns


def _codes(names: Sequence[str], values: Sequence[Array]) -> tuple[NDArray[np.intp], int]:
    """Categories from 0 (-1 for missing), shape (items, respondents), and the largest number of categories."""
    problems = Problems(WHERE)
    coded = [category_codes(column) for column in values]
    for name, (_, seen) in zip(names, coded, strict=True):
        if seen.size < 2:
            found = f"is {seen[0]:g} wherever it is answered" if seen.size else "is never answered"
            problems.add(f"{name} {found}", remedy="an item that does not vary has no correlations: leave it out")
        if seen.size > MOST_CATEGORIES:
            problems.add(f"{name} has {seen.size} different answers", remedy="it looks continuous; group its values")
    if problems:
        problems.raise_as(ModelError)
    return np.array([codes for codes, _ in coded]), max(seen.size for _, seen in coded)


def _check_pairs(names: Sequence[str], pairs: Array) -> None:
    """Refuse pairs whose common respondents do not vary on both items."""
    problems = Problems(WHERE)
    rows = np.count_nonzero(pairs.sum(axis=2), axis=1)
    columns = np.count_nonzero(pairs.sum(axis=1), axis=1)
    for j, i, in_first, in_second in zip(*item_pairs(len(names)), rows, columns, strict=True):
        if in_first == 0:
            problems.add(f"nobody answered both {names[j]} and {names[i]}", remedy="leave one of them out")
        elif min(in_first, in_second) < 2:
            constant = names[j] if in_first < 2 else names[i]
            problems.add(
                f"among those who answered both {names[j]} and {names[i]}, {constant} does not vary",
                remedy="leave one of them out",
            )
    if problems:
        problems.raise_as(ModelError)


def _within_pairs(pairs: Array, correct: float) -> tuple[Array, Array, Array]:
    """Tables with their empty cells corrected, and cut points of rows and columns from these tables."""
    used = (pairs.sum(axis=2) > 0)[:, :, None] & (pairs.sum(axis=1) > 0)[:, None, :]
    corrected = np.where(used & (pairs == 0.0), correct, pairs)
    n = pairs.sum(axis=(1, 2))
    return corrected, _cuts_of(corrected.sum(axis=2), n), _cuts_of(corrected.sum(axis=1), n)


def _cuts_of(margins: Array, n: Array) -> Array:
    """Cut points from margins that may sum to more than n; infinite from the last category used upwards."""
    cumulated = np.cumsum(margins, axis=1)
    last = cumulated[:, :-1] >= cumulated[:, -1:]
    inner = np.where(last, np.inf, ndtri(np.minimum(cumulated[:, :-1] / n[:, None], 1.0)))
    ends = np.full((n.size, 1), np.inf)
    return np.concatenate([-ends, inner, ends], axis=1)


def refuse_twins(
    twins: Sequence[tuple[str, str]], where: str, *, tables: Sequence[Array | None] | Array | None = None
) -> None:
    """Raise if there are pairs of perfectly correlated variables.

    Parameters
    ----------
    twins
        Their names.
    where
        What was computed, for the message.
    tables
        Of each pair how often every two answers were given together, or None where that is not known. A correlation of
        1 or -1 may mean that two items ask the same thing, or only that some answers were never given together.
    """
    problems = Problems(where)
    for (first, second), table in zip(twins, [None] * len(twins) if tables is None else tables, strict=True):
        empty = "" if table is None else _empty_cells(first, second, table)
        if empty:
            problems.add(
                f"the correlation of {first} and {second} cannot be estimated: the likelihood rises up to 1 or -1, "
                f"though their answers differ, because {empty}",
                remedy="join rare answers with their neighbours, leave one of the two out, or treat answers as numbers",
            )
        else:
            problems.add(
                f"{first} and {second} are perfectly correlated",
                remedy="they ask the same thing twice, or one was computed from the other: keep one of them",
            )
    if problems:
        problems.raise_as(ModelError)


def _empty_cells(first: str, second: str, table: Array) -> str:
    """Which combinations of answers nobody gave; nothing where every answer to one goes with a single one to the other.

    Categories are counted from the lowest answer that was given.
    """
    used = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    together = used > 0
    if (together.sum(axis=0) == 1).all() and (together.sum(axis=1) == 1).all():
        return ""
    cells = np.argwhere(~together)
    if not len(cells):
        return "a few respondents carry almost all of the weight"
    row, column = cells[0] + 1
    return (
        f"{len(cells)} of {used.size} combinations of answers were given by nobody, the first of them category {row} "
        f"of {first} with category {column} of {second}"
    )
