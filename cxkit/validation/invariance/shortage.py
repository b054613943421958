"""Groups that are too small for a model, said once for all dimensions that lack people for the same reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxkit.errors import AnalysisError
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.validation.invariance.grouping import FEWER_GROUPS, SMALLER_GROUPS

MOST_NAMED = 5


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
    needed = _range([own.needed for own in shortages])
    parameters = [own.parameters for own in shortages]
    floor = _range([count + 1 for count in parameters])
    why = "in smaller groups only large differences are found"
    if first.needed > first.minimum:
        why = f"more than the {_range(parameters)} parameters that the model estimates in each"
        fewer = "examine fewer dimensions in one model"
        remedy = fewer if first.factors > 1 else "examine shorter dimensions: no smaller minimum helps"
    elif not first.fit_in_two:
        remedy = f"collect more answers: the model cannot be fitted in groups below {floor}, whatever the minimum"
    else:
        remedy = f"{SMALLER_GROUPS}, down to {floor} for {'this model' if len(shortages) == 1 else 'these models'}"
    return (
        f"Too few respondents by {first.by}: {_groups(shortages)}; every group needs {needed} ({why})."
        f"{_incomplete(shortages)} {FEWER_GROUPS} {remedy}."
    )


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"


def _groups(shortages: Sequence[Shortage]) -> str:
    """The groups that are too small in any of the models, with how many people they have where it may be told."""
    names = dict.fromkeys(name for own in shortages for name in own.short)
    told = [f"'{name}' has {_people([own.short[name] for own in shortages if name in own.short])}" for name in names]
    more = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more


def _people(numbers: Sequence[int]) -> str:
    if min(numbers) >= MINIMUM_CELL:
        return _range(numbers)
    return f"fewer than {MINIMUM_CELL}" if max(numbers) < MINIMUM_CELL else f"at most {max(numbers)}"


def _incomplete(shortages: Sequence[Shortage]) -> str:
    """How many of the small groups answered at all, where complete answers alone make them small."""
    names = dict.fromkeys(name for own in shortages for name in own.answered)
    if not names:
        return ""
    told = [
        f"'{name}' has {_range([own.answered[name] for own in shortages if name in own.answered])} who answered some "
        "of the items"
        for name in names
    ]
    return (
        f" Only respondents who answered every item count here (missing='complete'): {', '.join(told[:MOST_NAMED])}; "
        f"missing='{shortages[0].every}' uses them too."
    )
