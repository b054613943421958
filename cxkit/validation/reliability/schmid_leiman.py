"""One general factor above several: loadings by Schmid and Leiman's transformation, or by a bifactor model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.errors import AnalysisError, CxkitWarning, counted
from cxkit.validation.correlations import Selection
from cxkit.validation.factors.eigenvalues import one_factor_loadings
from cxkit.validation.factors.extraction import Extraction, rotate, unrotated_loadings
from cxkit.validation.reliability.measurement_models import fitted, handling, item_name


@dataclass(frozen=True, kw_only=True)
class GeneralAndGroup:
    """Loadings of items on a general factor and on group factors that are uncorrelated with it and one another.

    `general` (items,), `group` (items, factors), `uniqueness` (items,), all of standardised items.
    """

    general: np.ndarray
    group: np.ndarray
    uniqueness: np.ndarray


def schmid_leiman(
    correlation: np.ndarray, n_factors: int, *, method: Extraction = "minres", tolerance: float = 1e-5
) -> GeneralAndGroup:
    """Rotate correlated factors, find the one factor behind these, and divide what they explain between it and them.

    With two factors the second level has one correlation for two loadings; they are taken to be equal. Agrees with R's
    `psych::schmid(r, nfactors)`.
    """
    rotated = rotate(unrotated_loadings(correlation, n_factors, method), "oblimin", tolerance)
    signs = np.where(rotated.loadings.sum(axis=0) < 0, -1.0, 1.0)
    loadings, phi = rotated.loadings * signs, rotated.phi * np.outer(signs, signs)
    top = _second_level(phi)
    general = loadings @ top
    if general.sum() < 0:
        general = -general
    communality = ((loadings @ phi) * loadings).sum(axis=1)
    group = loadings * np.sqrt(np.maximum(1 - top**2, 0))
    return GeneralAndGroup(general=general, group=_in_order_of_items(group), uniqueness=1 - communality)


def _in_order_of_items(group: np.ndarray) -> np.ndarray:
    """Group factors in the order in which their items stand in the instrument."""
    weight = group**2
    place = np.arange(len(group)) @ weight / weight.sum(axis=0)
    return group[:, np.argsort(place, kind="stable")]


def _second_level(phi: np.ndarray) -> np.ndarray:
    if len(phi) == 2:
        shared = np.sqrt(abs(phi[0, 1]))
        return np.array([shared, np.sign(phi[0, 1]) * shared])
    return one_factor_loadings(phi[np.newaxis])[0]


def bifactor(answers: pd.DataFrame, selection: Selection, weights: np.ndarray | None = None) -> GeneralAndGroup:
    """Maximum-likelihood loadings of a general factor and of one factor a dimension, all uncorrelated.

    A dimension of two items has equal loadings on its factor, which could not be told apart. Where answers are missing,
    those that are given are used (full information maximum likelihood).

    Raises
    ------
    AnalysisError
        If there are fewer than two dimensions, one has a single item, or the model cannot be estimated.
    """
    sizes = [len(d.items) for d in selection.dimensions]
    if len(sizes) < 2:
        raise AnalysisError(
            f"A bifactor model needs two dimensions; there is {counted(len(sizes), 'dimension')}. "
            "Use method='schmid_leiman'."
        )
    model, own = _bifactor_model(sizes)
    fit = fitted(
        model, answers, weights, subject="The bifactor model", std_lv=True, orthogonal=True, missing=handling(answers)
    )
    rows = fit.estimates[fit.estimates["op"] == "=~"]
    general = rows.loc[rows["lhs"] == "g", "std_all"].to_numpy()
    specific = rows.loc[rows["lhs"] != "g", "std_all"].to_numpy()
    group = np.zeros((len(general), len(sizes)))
    group[np.arange(len(general)), own] = specific
    return _upright(GeneralAndGroup(general=general, group=group, uniqueness=1 - general**2 - specific**2))


def _bifactor_model(sizes: list[int]) -> tuple[str, np.ndarray]:
    """The model's lines, and the dimension of each item."""
    own = np.repeat(np.arange(len(sizes)), sizes)
    lines = ["g =~ " + " + ".join(item_name(i) for i in range(len(own)))]
    for d, size in enumerate(sizes):
        weight = f"equal{d}*" if size == 2 else ""
        lines.append(f"d{d} =~ " + " + ".join(f"{weight}{item_name(int(i))}" for i in np.flatnonzero(own == d)))
    return "\n".join(lines), own


def _upright(found: GeneralAndGroup) -> GeneralAndGroup:
    """Each factor turned so that its loadings add up to a positive number."""
    turn = np.where(found.group.sum(axis=0) < 0, -1.0, 1.0)
    sign = -1.0 if found.general.sum() < 0 else 1.0
    return GeneralAndGroup(general=sign * found.general, group=found.group * turn, uniqueness=found.uniqueness)


def turned_to_general(found: GeneralAndGroup, items: list[str]) -> tuple[GeneralAndGroup, np.ndarray]:
    """The same with items turned round that the general factor goes against, and the signs that do it."""
    key = np.where(found.general < 0, -1.0, 1.0)
    against = [item for item, sign in zip(items, key, strict=True) if sign < 0]
    if against:
        warnings.warn(
            f"The general factor goes against {', '.join(against)}: for the total these items are turned round here. A "
            "total in which they are not means little.",
            CxkitWarning,
            stacklevel=4,
        )
    turned = GeneralAndGroup(
        general=found.general * key, group=found.group * key[:, np.newaxis], uniqueness=found.uniqueness
    )
    return turned, key
