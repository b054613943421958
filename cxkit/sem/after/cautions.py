"""What is odd about a fit whose numbers stand: improper estimates, weak markers, too few units."""

from __future__ import annotations

import warnings as warning_system
from collections.abc import Iterator

import numpy as np

from cxkit.errors import CxkitWarning
from cxkit.sem.after.improper import implied_covariances, indefinite_groups, negative_variances
from cxkit.sem.language.rows import Row, loadings_by_factor
from cxkit.sem.solved import Solved

# Standardised: a marker that shares less than 1 % of its variance with its factor, beside an item that shares 10 %.
WEAK, STRONG = 0.1, 0.32


def find_cautions(fit: Solved) -> tuple[str, ...]:
    """Findings that leave the numbers valid, each raised as a CxkitWarning as well."""
    found = [*fit.sample.warnings, *_improper(fit), *_weak_markers(fit), *_undefined(fit), *_few_clusters(fit)]
    found += [f"The bound {text}." for text in fit.table.fixed_in_bounds]
    for message in found:
        warning_system.warn(message, CxkitWarning, stacklevel=5)
    return tuple(found)


def _undefined(fit: Solved) -> list[str]:
    """Definitions without a value at the estimates: a logarithm of a negative number, a division by 0."""
    values = fit.row_table.plain(fit.solution.z)[len(fit.row_table.rows) :]
    pairs = zip(fit.table.definitions, values, strict=True)
    empty = [f"'{e.lhs.text} := {e.rhs.text}'" for e, value in pairs if not np.isfinite(value)]
    return [f"Definitions without a finite value at the estimates are left empty: {', '.join(empty)}."] * bool(empty)


def _few_clusters(fit: Solved) -> list[str]:
    """The middle of the sandwich is a sum over units: with fewer of them than parameters it has no inverse."""
    if fit.settings["cluster"] is None:
        return []
    units = sum(len(np.unique(data.clusters)) for data in fit.sample.groups if data.clusters is not None)
    if units >= fit.n_parameters:
        return []
    return [
        f"Only {units} units ('{fit.settings['cluster']}') for {fit.n_parameters} parameters: robust standard errors "
        "and the scaled test rest on differences between units and cannot be trusted with so few. Use a smaller model "
        "or more units."
    ]


def negative_variance(row: Row, value: float, where: str, observed: bool) -> str:
    """What a variance below 0 means; one that was fixed there is the model's and not the data's."""
    so = ", so that its R-squared is left empty" if observed else ""
    if row.fixed is not None and np.isclose(value, row.fixed, rtol=1e-9, atol=0):
        return f"The variance of '{row.lhs}'{where} is fixed at {value:.3f}{so}: no variance is negative."
    # The delta parameterisation has no residual variance to estimate: it is what the factors leave of a variance of 1.
    found = "is estimated at" if row.fixed is None else "comes out at"
    return (
        f"Heywood case{where}: the variance of '{row.lhs}' {found} {value:.3f}{so}. Read the factor with care; "
        "too few items, too small a sample or a wrong model are the usual reasons."
    )


def _improper(fit: Solved) -> list[str]:
    out = []
    if fit.solution.passed_over:
        out.append(
            "The search has two ends. The one that fits better has a negative variance, so the other is reported; "
            "start() with other values leads from one to the other."
        )
    several = len(fit.models) > 1
    for g, row, value in negative_variances(fit):
        where = f" in group '{fit.sample.labels[g]}'" if several else ""
        out.append(negative_variance(row, value, where, row.lhs in fit.models[g].observed))
    for g in indefinite_groups(fit):
        where = f" in group '{fit.sample.labels[g]}'" if several else ""
        out.append(
            f"The covariance matrix of the latent variables{where} is not positive definite: two factors correlate "
            "beyond 1, or one has a negative variance."
        )
    return out


def _weak_markers(fit: Solved) -> list[str]:
    """Factors whose scale is that of an item which hardly measures them: no number about them is known well."""
    out: dict[str, str] = {}
    for g in range(len(fit.models)):
        for factor, item, loading in _markers(fit, g):
            out.setdefault(
                factor,
                f"'{factor}' takes its scale from '{item}', which hardly measures it (standardised loading "
                f"{loading:.3f}): its variance, loadings and slopes have wide standard errors for that reason alone. "
                "Name another item first, or fix the variance of factors: std_lv=True.",
            )
    return list(out.values())


def _markers(fit: Solved, g: int) -> Iterator[tuple[str, str, float]]:
    """Factor, item and standardised loading where that loading is weak and another one is not."""
    model, full = fit.models[g], implied_covariances(fit, g)
    values = fit.row_table.groups[g].values(model.values(fit.solution.z))
    value_of = {id(row): value for row, value in zip(model.all_rows, values, strict=True)}
    for factor, rows in loadings_by_factor(model.all_rows).items():
        sizes = []
        for row in rows:
            i, k = model.cell(row)
            ratio = full[k, k] / full[i, i] if full[i, i] else 0.0
            sizes.append(value_of[id(row)] * np.sqrt(max(ratio, 0.0)))
        markers = [(row.rhs, size) for row, size in zip(rows, sizes, strict=True) if row.fixed]
        if len(markers) == 1 and abs(markers[0][1]) < WEAK and np.abs(sizes).max() > STRONG:
            yield factor, *markers[0]
