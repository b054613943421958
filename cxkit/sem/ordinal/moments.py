"""Sample statistics of ordered answers: thresholds, polychoric and polyserial correlations and their covariance.

`ordinal_moments` is what a structural equation model by weighted least squares is fitted to (lavaan's WLSMV and its
relatives); `polychoric` is the correlation matrix alone, for factor and reliability analysis of ordered items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxkit.errors import ModelError, Problems
from cxkit.sem.ordinal.asymptotic_covariance import LatentSample, asymptotic_covariance
from cxkit.sem.ordinal.bivariate_normal import Array
from cxkit.sem.ordinal.correlations import MOST_CATEGORIES, polychoric, refuse_twins
from cxkit.sem.ordinal.latent_correlations import (
    Codes,
    category_codes,
    contingency_tables,
    cut_points,
    item_pairs,
    polychoric_estimates,
    polyserial_estimates,
    share_empty_cell,
)
from cxkit.without_contents import without_contents

__all__ = ["OrdinalMoments", "ordinal_moments", "polychoric"]

# Two continuous variables correlated beyond this leave no rank for a covariance matrix.
PEARSON_LIMIT = 1.0 - 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalMoments:
    """Statistics of one group that a model of ordered (and continuous) variables is fitted to.

    Attributes
    ----------
    names, ordered
        All variables, and those of them that are ordered, in the order of every array below.
    thresholds
        For each ordered item its cut points on the standard normal scale, one fewer than categories.
    th
        Thresholds of ordered and negative means of continuous variables, variable by variable, in one vector.
    variances
        One per variable; 1 for ordered items.
    corr
        Matrix (variables, variables): polychoric correlations between ordered items; covariances where a continuous
        variable takes part; variances on the diagonal (divisor n).
    statistics
        `th`, then the variances of continuous variables, then the strict lower triangle of `corr` column by column.
    gamma
        n times the covariance matrix of `statistics` over samples; None if it was not asked for.
    n
        Number of respondents.
    empty_cells
        Pairs of ordered items with a combination of answers that nobody gave.
    """

    names: tuple[str, ...]
    ordered: tuple[str, ...]
    thresholds: dict[str, Array]
    th: Array
    variances: Array
    corr: Array
    statistics: Array
    gamma: Array | None
    n: int
    empty_cells: list[tuple[str, str]]

    __repr__ = without_contents

    @property
    def statistic_names(self) -> list[str]:
        """A label for each statistic, as lavaan writes them: `A1|t1`, `age~1`, `age~~age`, `A1~~A2`."""
        of_th = [
            label
            for name in self.names
            for label in (
                [f"{name}|t{cut + 1}" for cut in range(self.thresholds[name].size)]
                if name in self.thresholds
                else [f"{name}~1"]
            )
        ]
        variances = [f"{name}~~{name}" for name in self.names if name not in self.thresholds]
        pairs = [f"{self.names[j]}~~{self.names[i]}" for j, i in zip(*item_pairs(len(self.names)), strict=True)]
        return [*of_th, *variances, *pairs]


def ordinal_moments(
    columns: Mapping[str, ArrayLike],
    names: Sequence[str],
    ordered: Sequence[str],
    *,
    covariance: bool = True,
    categories: Mapping[str, ArrayLike] | None = None,
    label: str = "",
    pairwise: bool = False,
    weights: Array | None = None,
) -> OrdinalMoments:
    """What do ordered answers say about the normal variables behind them, and how surely?

    Thresholds come from each item alone and correlations from each pair given its thresholds, both by maximum
    likelihood. Missing answers (NaN) are refused unless `pairwise`: leave out incomplete rows first.

    Parameters
    ----------
    columns
        Numbers for each variable, all of one length (one group).
    names
        Which variables, and in which order.
    ordered
        Which of them are ordered answers. Their codes may be any distinct numbers (0, 1, 2 or 1, 3, 7); only the
        order counts.
    covariance
        Whether to compute `gamma`, which takes most of the time.
    categories
        The codes that each ordered item can have, where other groups show more of them than this one; without it,
        those that occur.
    label
        Name of the group for messages, such as "group 'north'".
    pairwise
        Whether answers may be missing: thresholds, means and variances then come from everybody who answered the item,
        correlations from everybody who answered both, and `gamma` allows for it. Unbiased where answers are missing
        completely at random.
    weights
        Sampling weights of the rows, where all variables are ordered; their mean is taken to be 1.

    Raises
    ------
    ModelError
        If an answer is missing without `pairwise`, nobody answered two items together, an item is constant, lacks a
        category of `categories` or has one too many, or two variables measure the same thing perfectly. All findings
        at once.

    Notes
    -----
    Agrees with R's lavaan 0.6-14: `lavInspect(fit, "sampstat")`, `"wls.obs"` and `"gamma"` of a WLSMV fit, and
    `lavCor(data, ordered = names)`; all of them with `missing = "pairwise"` too. As there, half an answer is moved into
    the one empty cell of a two by two table, its margins kept. Unlike there, the likelihood of a continuous variable
    does not lose cases when its unit is small (lavaan drops those of density below 1.5e-8). Sources: Olsson (1979) and
    Olsson, Drasgow and Dorans (1982), Psychometrika 44 and 47; Muthen (1984), Psychometrika 49.
    """
    where = f"Statistics of ordered answers{f' in {label}' if label else ''}"
    data = usable_columns(columns, names, where, pairwise=pairwise)
    order = tuple(name for name in names if name in set(ordered))
    known = categories or {}
    answers = coded_answers(data, order, {name: known[name] for name in order if name in known}, where, label)
    continuous = {name: data[name] for name in names if name not in answers}
    sample = _second_step(_first_step(tuple(names), answers, continuous, weights), names, where)
    means = {name: float(np.mean(column[~np.isnan(column)])) for name, column in continuous.items()}
    moments = _moments(tuple(names), order, sample, means)
    return replace(moments, gamma=asymptotic_covariance(sample)) if covariance else moments


def usable_columns(
    columns: Mapping[str, ArrayLike], names: Sequence[str], where: str, *, pairwise: bool = False
) -> dict[str, Array]:
    """The columns named, as vectors of one length that vary; complete, unless `pairwise`."""
    problems = Problems(where)
    data = {name: np.asarray(columns[name], dtype=float) for name in names}
    lengths = {column.size for column in data.values()}
    if len(lengths) > 1:
        problems.add(f"the variables have different numbers of rows: {sorted(lengths)}")
    for name, column in data.items():
        missing = int(np.count_nonzero(~np.isfinite(column)))
        given = column[np.isfinite(column)]
        if missing and not pairwise:
            problems.add(f"{name} has {missing} missing answers", remedy="leave out incomplete rows before")
        elif given.size == 0 or given.min() == given.max():
            found = f"is {given[0]:g} in every row" if given.size else "has no rows"
            problems.add(f"{name} {found}", remedy="a variable that does not vary cannot be in the model: leave it out")
    if pairwise:
        _refuse_apart(data, problems)
    if problems:
        problems.raise_as(ModelError)
    return data


def _refuse_apart(data: Mapping[str, Array], problems: Problems) -> None:
    """Note pairs of variables that nobody answered together, which have no correlation."""
    names, seen = list(data), np.isfinite(np.array(list(data.values()))).astype(float)
    for i, j in np.argwhere(np.triu(seen @ seen.T == 0, 1)):
        problems.add(f"nobody answered both {names[i]} and {names[j]}", remedy="leave one of the two out")


def coded_answers(
    data: Mapping[str, Array], order: Sequence[str], known: Mapping[str, ArrayLike], where: str, label: str
) -> dict[str, tuple[Codes, int]]:
    """Categories from 0 and their number, for each ordered item."""
    problems = Problems(where)
    answers = {}
    for name in order:
        codes, seen = category_codes(data[name])
        possible = np.unique(np.asarray(known.get(name, seen), dtype=float))
        _check_categories(problems, name, seen, possible, label or "these rows")
        answers[name] = codes, possible.size
    if problems:
        problems.raise_as(ModelError)
    return answers


def _check_categories(problems: Problems, name: str, seen: Array, possible: Array, place: str) -> None:
    """Note categories that nobody chose, that are unknown, or that are too many."""
    unused, unknown = np.setdiff1d(possible, seen), np.setdiff1d(seen, possible)
    if unused.size:
        problems.add(
            f"nobody in {place} answered {_listed(unused)} on {name}, but others did",
            remedy="join that category with its neighbour in every group, or leave the item or the group out",
        )
    if unknown.size:
        problems.add(f"{name} has the answer {_listed(unknown)}, which is not one of {_listed(possible)}")
    if seen.size > MOST_CATEGORIES:
        problems.add(f"{name} has {seen.size} different answers", remedy="treat it as continuous, or group its values")


def _listed(values: Array) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _first_step(
    names: tuple[str, ...], answers: Mapping[str, tuple[Codes, int]], continuous: Mapping[str, Array],
    weights: Array | None,
) -> LatentSample:  # fmt: skip
    """Thresholds, means and variances from each variable alone; the correlations still zero."""
    n = next(iter([*continuous.values(), *(codes for codes, _ in answers.values())])).size
    codes = np.array([codes for codes, _ in answers.values()], dtype=np.intp).reshape(len(answers), n)
    weights = None if weights is None else weights * (n / weights.sum())
    tables = contingency_tables(codes, max([2, *(width for _, width in answers.values())]), weights)
    values = np.array(list(continuous.values()), dtype=float).reshape(len(continuous), n)
    mean, spreads = values.mean(axis=1, keepdims=True), values.std(axis=1)
    if np.isnan(values).any():
        mean, spreads = np.nanmean(values, axis=1, keepdims=True), np.nanstd(values, axis=1)
    return LatentSample(
        ordered=np.array([names.index(name) for name in answers], dtype=np.intp),
        numeric=np.array([names.index(name) for name in continuous], dtype=np.intp),
        codes=codes,
        cuts=cut_points(np.einsum("ikik->ik", tables)),
        tables=tables,
        z=(values - mean) / spreads[:, None],
        spreads=spreads,
        correlations=np.eye(len(names)),
        weights=weights,
    )


def _second_step(first: LatentSample, names: Sequence[str], where: str) -> LatentSample:
    """Correlations, given the first step."""
    correlations = np.eye(first.variables)
    twins: list[tuple[str, str]] = []
    tables: list[Array | None] = []
    for j, i, rho, perfect in _correlations(first):
        correlations[j, i] = correlations[i, j] = rho
        for one, other in zip(np.minimum(j, i)[perfect], np.maximum(j, i)[perfect], strict=True):
            twins.append((names[one], names[other]))
            tables.append(_table_of(first, int(one), int(other)))
    refuse_twins(twins, where, tables=tables)
    return replace(first, correlations=correlations)


def _table_of(sample: LatentSample, one: int, other: int) -> Array | None:
    """How often every two answers to these variables were given together; None unless both are ordered."""
    places = {int(variable): place for place, variable in enumerate(sample.ordered)}
    if one not in places or other not in places:
        return None
    table: Array = sample.tables[places[one], :, places[other], :]
    return table


def _correlations(first: LatentSample) -> Iterator[tuple[Codes, Codes, Array, NDArray[np.bool_]]]:
    """Two lists of variables, their correlations, and which of these are perfect: for each kind of pair."""
    a, b = item_pairs(first.ordered.size)
    tables = share_empty_cell(first.tables[a, :, b, :], first.cuts[a], first.cuts[b])
    yield first.ordered[a], first.ordered[b], *polychoric_estimates(tables, first.cuts[a], first.cuts[b])
    if first.ordered.size:
        for z, variable in zip(first.z, first.numeric, strict=True):
            yield np.full_like(first.ordered, variable), first.ordered, *_polyserial(z, first)
    x, y = item_pairs(first.numeric.size)
    pearson = (first.z @ first.z.T)[x, y] / first.n
    if np.isnan(first.z).any():
        pearson = np.array([_of_pair(first.z[i], first.z[j]) for i, j in zip(x, y, strict=True)], dtype=float)
    yield first.numeric[x], first.numeric[y], pearson, np.abs(pearson) > PEARSON_LIMIT


def _polyserial(z: Array, first: LatentSample) -> tuple[Array, NDArray[np.bool_]]:
    """Correlations of a continuous variable with every ordered item, each from those who answered both."""
    if not np.isnan(z).any() and (first.codes >= 0).all():
        return polyserial_estimates(z, first.codes, first.cuts)
    rho, perfect = np.empty(len(first.codes)), np.empty(len(first.codes), dtype=bool)
    for item, codes in enumerate(first.codes):
        both = (codes >= 0) & ~np.isnan(z)
        found = polyserial_estimates(z[both], codes[None, both], first.cuts[item : item + 1])
        rho[item], perfect[item] = found[0][0], found[1][0]
    return rho, perfect


def _of_pair(first: Array, second: Array) -> float:
    """Correlation of two continuous variables from those who have both, given means and variances from all.

    The score of rho, times (1 - rho^2)^2, is a cubic; of its roots within -1 and 1 the likeliest is taken.
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    x, y = first[both], second[both]
    product, squares = float(np.mean(x * y)), float(np.mean(x * x) + np.mean(y * y))
    roots = np.roots([-1.0, product, 1.0 - squares, product])
    real = roots[np.abs(roots.imag) < 1e-9].real  # rounding leaves a trace of an imaginary part
    within = real[np.abs(real) < 1.0]
    free = (1.0 - within) * (1.0 + within)
    likelihood = -0.5 * np.log(free) - (squares - 2.0 * within * product) / (2.0 * free)
    return float(within[np.argmax(likelihood)]) if within.size else float(np.sign(product))


def _empty_cells(sample: LatentSample, names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of ordered items with a combination of existing categories that nobody gave."""
    widths = np.isfinite(sample.cuts).sum(axis=1) + 1
    a, b = item_pairs(sample.ordered.size)
    filled = np.count_nonzero(sample.tables[a, :, b, :], axis=(1, 2))
    holed = filled < widths[a] * widths[b]
    return [(names[sample.ordered[j]], names[sample.ordered[i]]) for j, i in zip(a[holed], b[holed], strict=True)]


def _moments(
    names: tuple[str, ...], order: tuple[str, ...], sample: LatentSample, means: Mapping[str, float]
) -> OrdinalMoments:
    """Arrange the results of the two steps in lavaan's order; gamma still missing."""
    thresholds = {name: cuts[np.isfinite(cuts)] for name, cuts in zip(order, sample.cuts, strict=True)}
    th = np.concatenate([thresholds[name] if name in thresholds else [-means[name]] for name in names])
    scale = np.ones(len(names))
    scale[sample.numeric] = sample.spreads
    corr = sample.correlations * np.outer(scale, scale)
    return OrdinalMoments(
        names=names,
        ordered=order,
        thresholds=thresholds,
        th=th,
        variances=scale**2,
        corr=corr,
        statistics=np.concatenate([th, scale[sample.numeric] ** 2, corr[item_pairs(len(names))]]),
        gamma=None,
        n=sample.n,
        empty_cells=_empty_cells(sample, names),
    )
