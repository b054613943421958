"""The answers that one model of invariance takes, by group; groups in which it cannot be fitted are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxkit.survey.instrument import Dimension
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.invariance.grouping import Grouping
from cxkit.validation.invariance.models import GROUP, Design, parameters_per_group
from cxkit.validation.invariance.ordered_answers import RareAnswers, with_shared_categories
from cxkit.validation.invariance.shortage import Shortage, TooFewInGroups
from cxkit.validation.weighted_models import with_weights


def design_of(
    survey: Survey, members: Sequence[Dimension], grouped: Grouping, ordinal: bool, rare: RareAnswers,
    options: Mapping[str, str],
) -> tuple[Design, list[str]]:  # fmt: skip
    """The answers of one model with their groups, in the order of the groups; and remarks on joined answers."""
    factors = {d.key: tuple(d.item_keys) for d in members}
    items = [item for keys in factors.values() for item in keys]
    answers = survey.answers[items].astype("float64")
    data = answers[used_by(survey, items, options) & grouped.members.notna()]
    members_of = grouped.members[data.index]
    remarks: list[str] = []
    if ordinal:
        data, remarks = with_shared_categories(data, members_of, rare)
    data, _ = with_weights(data, survey)
    order = np.argsort([grouped.groups.index(name) for name in members_of], kind="stable")
    data = data.assign(**{GROUP: members_of.astype("object")}).iloc[order]
    return Design(factors=factors, data=data, groups=grouped.groups, ordinal=ordinal, options=options), remarks


def used_by(survey: Survey, items: list[str], options: Mapping[str, str]) -> pd.Series:
    """Who gave the answers that a model of these items takes."""
    given = survey.answers[items].notna()
    return given.all(axis=1) if options["missing"] == "listwise" else given.any(axis=1)


def fewest_for(answers: pd.DataFrame, ordinal: bool) -> int:
    """How many respondents a group needs so that the model of one dimension can be fitted in it at all."""
    return 1 + parameters_per_group(answers, factors=1, ordinal=ordinal)


def refuse_small_groups(design: Design, grouped: Grouping, minimum: int, answers: pd.DataFrame) -> None:
    """Raise `TooFewInGroups` where a group is below the minimum, or too small for the parameters of the model."""
    counts = design.data[GROUP].value_counts()
    sizes = {name: int(counts.get(name, 0)) for name in grouped.groups}
    parameters = design.parameters_per_group
    needed = max(minimum, parameters + 1)
    if min(sizes.values()) >= needed:
        return
    below = {name: n for name, n in sizes.items() if n < needed}
    raise TooFewInGroups(
        Shortage(
            by=grouped.name, short=below, needed=needed, minimum=minimum, parameters=parameters,
            factors=len(design.factors), fit_in_two=sum(n > parameters for n in sizes.values()) >= 2,
            answered=_answered(design, grouped, below, answers), every="pairwise" if design.ordinal else "fiml",
        )
    )  # fmt: skip


def _answered(design: Design, grouped: Grouping, short: Mapping[str, int], answers: pd.DataFrame) -> dict[str, int]:
    """How many of the small groups answered at all, where complete answers alone make them small."""
    if design.options["missing"] != "listwise":
        return {}
    # Neither a group below the smallest cell nor a difference below it is told: the rest would follow.
    return {
        name: n
        for name, n in grouped.sizes(answers.notna().any(axis=1)).items()
        if short.get(name, 0) >= MINIMUM_CELL and n - short[name] >= MINIMUM_CELL
    }
