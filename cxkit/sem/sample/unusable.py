"""Say which answers no model can be fitted to, and what of incomplete answers rests on the model alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxkit.errors import EXAMPLES_SHOWN, Problems, counted
from cxkit.sem.sample.coverage import pairs_apart

# A correlation from here on is 1 but for rounding, and the covariances have no inverse.
ALMOST_ONE = 1 - 1e-9


def refuse_unusable(
    values: np.ndarray, names: Sequence[str], label: str, missing: str, ordered: Sequence[str], problems: Problems
) -> None:
    """Add whatever would end in a singular matrix to the problems, by the name of the item."""
    where = f" in group '{label}'" if label else ""
    n, p = values.shape
    holes = np.isnan(values)
    if n == 0:
        remedy = "missing='fiml' uses incomplete answers as well; if the table is empty, look at how it was made"
        problems.add(f"no respondent{where} has complete answers", remedy=remedy)
        return
    if n == 1:
        problems.add(f"one respondent{where}, whose answers do not vary", remedy="collect more answers")
        return
    empty = holes.all(0)
    if empty.any():
        problems.add(f"nobody answered {list_names(names, empty)}{where}", remedy="drop the item from the model")
        return
    # The versions for holes take far longer.
    least, most = (np.nanmin, np.nanmax) if holes.any() else (np.min, np.max)
    low, high = least(values, axis=0), most(values, axis=0)
    if (low == high).any():
        problems.add(f"everyone{where} gave the same answer to {list_names(names, low == high)}",
                     remedy="an item without variance cannot be modelled: drop it")  # fmt: skip
        return
    if n <= p and not ordered:
        problems.add(f"{n} respondents{where} for {p} items", remedy="use fewer items or collect more answers")
        return
    if missing != "listwise":
        pairs = pairs_apart(values, names) if missing == "pairwise" else []
        if pairs:
            problems.add(f"pairs of items that nobody{where} answered together", pairs,
                         "their correlation cannot be estimated: leave one of each pair out")  # fmt: skip
        return
    twins = _twins(values, names)
    if twins:
        problems.add(f"items that are copies of each other{where}", twins, "drop one of each pair")


def refuse_one_unit(clusters: np.ndarray | None, name: str | None, label: str, problems: Problems) -> None:
    """Add to the problems that all respondents are of one unit: nothing then varies between units."""
    if clusters is not None and clusters.size and np.all(clusters == clusters[0]):
        where = f" in group '{label}'" if label else ""
        problems.add(
            f"all respondents{where} belong to one unit of '{name}'",
            remedy="standard errors by units need several, better 30: leave out cluster=",
        )


def list_names(names: Sequence[str], mask: np.ndarray) -> str:
    """`'x1', 'x2'`: the names where the mask is true."""
    return ", ".join(f"'{name}'" for name, hit in zip(names, mask, strict=True) if hit)


def _twins(values: np.ndarray, names: Sequence[str]) -> list[str]:
    """Pairs of items that correlate perfectly."""
    gaps = values - values.mean(0)
    cross = gaps.T @ gaps
    sd = np.sqrt(cross.diagonal())
    alike = np.abs(cross / (sd[:, None] * sd)) > ALMOST_ONE
    if np.count_nonzero(alike) <= len(names):
        return []
    pairs = np.argwhere(np.triu(alike, 1))
    return [f"'{names[i]}' and '{names[j]}' correlate perfectly" for i, j in pairs]


def open_covariances(pairs: Sequence[str], label: str) -> list[str]:
    """What a reader must know where the likelihood says nothing of a covariance except through the model."""
    if not pairs:
        return []
    where = f" in group '{label}'" if label else ""
    listed = "; ".join(pairs[:EXAMPLES_SHOWN]) + ("; ..." if len(pairs) > EXAMPLES_SHOWN else "")
    this, covariance = ("this pair", "its covariance") if len(pairs) == 1 else ("these pairs", "their covariances")
    return [
        f"Nobody{where} answered both items of {counted(len(pairs), 'pair')}: {listed}. Only the model says how {this} "
        f"hang{'s' * (len(pairs) == 1)} together, and nothing tests that. The degrees of freedom count {covariance}, "
        f"as in lavaan: without, there are {len(pairs):,} fewer, and p is lower. SRMR and the residuals of {this} mean "
        "nothing."
    ]


def unsettled(label: str, scarce: str) -> str:
    """What a reader must know where incomplete answers have no moments of their own."""
    where = f" of group '{label}'" if label else ""
    remedy = f"{scarce}: leave that out" if scarce else "Too few people answered some items together: use fewer items"
    return (
        f"The means and covariances that maximum likelihood gives all answers{where} did not settle: chi-square and "
        "all that is made of it have no value. Estimates, their standard errors, the log-likelihood, AIC, BIC and "
        f"differences between nested models do not rest on them. {remedy}."
    )


def is_hopeless(values: np.ndarray) -> bool:
    """Whether some item was answered by no more people than there are items.

    The other items and an intercept then predict it without error, so that its residual variance can be made as small,
    and the likelihood as large, as one likes.
    """
    return bool((~np.isnan(values)).sum(0).min() <= values.shape[1])


def too_incomplete(values: np.ndarray, label: str, scarce: str) -> str:
    """Why the covariances of all items have no estimate, and what would help."""
    where = f" in group {label!r}" if label else ""
    if scarce:
        return (
            f"The covariances of all items{where} cannot be estimated from these answers: {scarce}. Leave that out, or "
            "collect more answers to it."
        )
    return (
        f"{len(values)} respondents{where} are too few, or their answers too incomplete, to estimate the covariances "
        "of all items. Use fewer items or collect more answers."
    )
