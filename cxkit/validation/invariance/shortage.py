"""Groups that are too small for a model, said once for all dimensions that lack people for the same reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxkit.errors import AnalysisError
from cxkit.validation.invariance.grouping import (
    FEWER_GROUPS,
    MOST_NAMED,
    SMALLER_GROUPS,
    told_range,
    told_sizes,
)


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """What one model lacks.

    `short` holds the groups below the number that is `needed`; `parameters` how many the model estimates in a group;
    `answered` those who gave some answers by group, where complete answers alone make it small, and `every` the value
    of `missing` that uses them.
    """

    by: str
    short: Mapping[str, int]
    needed: int
    minimum: int
    parameters: int
    factors: int
    fit_in_two: bool
    answered: Mapping[str, int]
    every: str

    @property
    def kind(self) -> tuple[object, ...]:
        """What is the same in all models that one sentence can be about."""
        return self.by, self.needed > self.minimum, self.fit_in_two, self.factors > 1, self.every


class TooFewInGroups(AnalysisError):
    """Groups are too small; carries what is lacking, so that several such refusals are said as one."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(explain([shortage]))
        self.shortage = shortage


def explain(shortages: Sequence[Shortage]) -> str:
    """What is lacking and what to do, of models that lack it for the same reason; ranges where numbers differ."""
    first = shortages[0]
    needed = told_range([own.needed for own in shortages])
    parameters = [own.parameters for own in shortages]
    floor = told_range([count + 1 for count in parameters])
    why = "in smaller groups only large differences are found"
    if first.needed > first.minimum:
        why = f"more than the {told_range(parameters)} parameters that the model estimates in each"
        fewer = "examine fewer dimensions in one model"
        remedy = fewer if first.factors > 1 else "examine shorter dimensions: no smaller minimum helps"
    elif not first.fit_in_two:
        remedy = f"collect more answers: the model cannot be fitted in groups below {floor}, whatever the minimum"
    else:
        remedy = f"{SMALLER_GROUPS}, down to {floor} for {'this model' if len(shortages) == 1 else 'these models'}"
    short = told_sizes([own.short for own in shortages])
    return (
        f"Too few respondents by {first.by}: {short}; every group needs {needed} "
        f"({why}).{_incomplete(shortages)} {FEWER_GROUPS} {remedy}."
    )


def _incomplete(shortages: Sequence[Shortage]) -> str:
    """How many of the small groups answered at all, where complete answers alone make them small."""
    names = dict.fromkeys(name for own in shortages for name in own.answered)
    if not names:
        return ""
    told = [
        f"'{name}' has {told_range([own.answered[name] for own in shortages if name in own.answered])} who answered "
        "some of the items"
        for name in names
    ]
    return (
        f" Only respondents who answered every item count here (missing='complete'): {', '.join(told[:MOST_NAMED])}; "
        f"missing='{shortages[0].every}' uses them too."
    )
