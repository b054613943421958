"""Who enters an analysis of groups, and how it says who does not: the same for every table of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxkit.errors import counted
from cxkit.results.accounting import Rule, account, contributing, not_stated, too_few
from cxkit.results.weighted import effective_among
from cxkit.survey.instrument import Dimension
from cxkit.survey.shared_suppression import FEW_UNSTATED, ShownGroups, kept_in_any
from cxkit.survey.survey import Survey


def hidden_sentence(hidden_groups: int, minimum: int) -> list[str]:
    """How many groups are in no number of the analysis, and why; nothing if all are."""
    if not hidden_groups:
        return []
    return [
        f"{counted(hidden_groups, 'group')} left out to protect their members, as in the tables of groups: fewer than "
        f"{minimum} people, or needed to protect a group that is."
    ]


def may_enter(groups: pd.Series, by: str, shown: ShownGroups) -> pd.Series:
    """Who is in the tables of groups: other people in a second table would be the difference of the two."""
    return shown.kept & groups.notna() & ~groups.astype("str").isin(shown.hidden.get(by, frozenset()))


def rules_of_entry(groups: pd.Series, by: str, shown: ShownGroups, minimum: int) -> list[Rule]:
    """Why people with answers do not enter, each reason with who stays in."""
    return [
        (not_stated(by), groups.notna()),
        (FEW_UNSTATED, shown.kept),
        (too_few(minimum, protected=True), may_enter(groups, by, shown)),
    ]


def account_of_tables(
    survey: Survey, scores: pd.DataFrame, by: str, groups: pd.Series, shown: Mapping[str, ShownGroups]
) -> dict[str, Any]:
    """The fields of a result that say who is in some table of groups, and how many of equal weight they amount to."""
    answered = scores.notna().any(axis=1)
    rules = ((not_stated(by), groups.notna()), (FEW_UNSTATED, kept_in_any(shown)))
    amount = effective_among(survey, contributing(answered, *rules))
    return {**account(answered, *rules), "n_effective": amount}


def too_few_groups(dimension: Dimension, by: str, hidden: int) -> str:
    """Say why nothing is shown where all but one group are hidden."""
    return (
        f"Of '{dimension.title}', fewer than two groups by {by} may be shown: {counted(hidden, 'group')} hidden to "
        f"protect their members. Join small groups to larger ones under '{by}', or choose another attribute."
    )
