"""Why an outcome cannot be predicted by a general factor and its specific factors at once, in the model's own names.

Within the items of a specific factor, the covariance of an item with the outcome is its general loading times one
unknown plus its specific loading times another. Two unknowns are told apart only as far as the two rows of loadings are
not proportional: never where loadings are equal, and hardly where they are nearly so (Eid, Krumm, Koch & Schulze, 2018,
Journal of Intelligence, 6, 42, https://doi.org/10.3390/jintelligence6030042).
"""

from __future__ import annotations

from collections.abc import Sequence

from cxkit.sem.language.rows import loadings_by_factor
from cxkit.sem.search.model import GroupModel

MOST_NAMED = 4


def advice_for_nested_predictors(models: Sequence[GroupModel]) -> str:
    """What to do where factors that share their items predict one outcome; empty where none do."""
    measured, predictors = _relations(models)
    for outcome, factors in predictors.items():
        for general in factors:
            inside = [name for name in factors if measured[name] < measured[general]]
            if inside:
                return _advice(outcome, general, inside)
    return ""


def _relations(models: Sequence[GroupModel]) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """The items of every factor, and the factors that predict each variable."""
    rows = [row for model in models for row in model.all_rows]  # markers are fixed, and items as well
    measured = {factor: {row.rhs for row in own} for factor, own in loadings_by_factor(rows).items()}
    predictors: dict[str, list[str]] = {}
    for row in rows:
        if row.op == "~" and row.rhs in measured and row.rhs not in predictors.setdefault(row.lhs, []):
            predictors[row.lhs].append(row.rhs)
    return measured, predictors


def _advice(outcome: str, general: str, inside: Sequence[str]) -> str:
    parameters = ", ".join(f"'{outcome} ~ {name}'" for name in [general, *inside][:MOST_NAMED])
    more = len(inside) + 1 - MOST_NAMED
    listed = parameters + (f" and {more} more" if more > 0 else "")
    specific = ", ".join(f"'{name}'" for name in inside)
    return (
        f"'{outcome}' is predicted by '{general}' and by {specific}, whose items measure '{general}' as well: {listed} "
        f"can be told apart only as far as an item's loading on '{general}' is not proportional to its loading on the "
        f"specific factor (Eid et al., 2018). Predict '{outcome}' by '{general}' alone, leave out one specific factor "
        "altogether, so that its items define the general one (bifactor S-1), or let correlated factors without "
        f"'{general}' predict it."
    )
