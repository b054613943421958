"""Which groups are compared: those of a role, or of any Series that belongs to the survey's rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from cxkit.errors import AnalysisError, OptionError, counted
from cxkit.results.accounting import Rule, not_stated, too_few
from cxkit.results.options import check_names
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.survey.privacy import MINIMUM_CELL, rows_to_hide
from cxkit.survey.shared_suppression import GROUPING_ROLES, shown_groups
from cxkit.survey.survey import Survey, natural_order
from cxkit.without_contents import without_contents

FEWEST = 30
MOST_NAMED = 5
"""Respondents that a group needs at least unless the caller says otherwise."""
POWER = 0.80
FEWEST_PER_ITEM = 6
"""Two respondents for each parameter of a group: an item has a loading, an intercept and a residual variance. With
fewer than five for each (Bentler & Chou 1987) the result is a first look; the note says what can be found."""


def smallest_group(minimum: int | None, items: int) -> int:
    """How many respondents a group needs for a model of so many items: what the caller says, or by the items."""
    return max(FEWEST, FEWEST_PER_ITEM * items) if minimum is None else minimum


def large_enough(grouped: Grouping, answered: pd.Series, needed: int) -> tuple[Grouping, str]:
    """The groups that are large enough, and which are left out; all of them where fewer than two would remain."""
    sizes = grouped.sizes(answered)
    kept = tuple(name for name in grouped.groups if sizes[name] >= needed)
    if len(kept) < 2 or len(kept) == len(grouped.groups):
        return grouped, ""
    left_out = f"Left out, as a group needs {needed} respondents: {too_small(sizes, needed)}."
    members = grouped.members.where(grouped.members.isin(kept))
    rules = (*grouped.rules, (too_few(needed), members.notna()))
    return Grouping(name=grouped.name, members=members, groups=kept, rules=rules), left_out


def detectable_shift(sizes: Sequence[int], *, tests: int = 1) -> float:
    """The shift of one item, in standard deviations, found in 80 of 100 such surveys between the two smallest groups.

    Two-sided test of two means (Cohen 1988) at 5 % shared by so many tests, the first step of Holm's method:
    (z_[1 - .025/tests] + z_.80) sqrt(1/n + 1/m). A level tests all items at once, which takes more, given the other
    items, which takes less; at usual loadings the two about cancel out.
    """
    first, second = sorted(sizes)[:2]
    rate = FAMILY_ERROR / max(tests, 1)
    return float((norm.isf(rate / 2) + norm.ppf(POWER)) * (1 / first + 1 / second) ** 0.5)


def power_note(sizes: Mapping[str, int], *, tests: int, concealed: Collection[str] = ()) -> str:
    """What groups of these sizes let one find at the error rate of so many tests; concealed sizes are not told."""
    (first, n), (second, m) = sorted(sizes.items(), key=lambda size: size[1])[:2]
    told = "so few" if {first, second} & set(concealed) else f"{n} and {m}"
    return (
        f"With {told} respondents in the smallest groups, a shift of one item below "
        f"{detectable_shift([n, m], tests=tests):.2f} standard deviations would often go unnoticed (power about "
        f"{POWER:.0%} at the error rate used): that a level holds means that no difference was found."
    )


def concealed_sizes(survey: Survey, grouped: Grouping, answered: pd.Series) -> frozenset[str]:
    """The groups whose size is not told: those that no table of groups shows, as the others' sizes gave it away."""
    if grouped.name in GROUPING_ROLES and grouped.name in survey.respondents:
        return frozenset(shown_groups(survey, answered).hidden[grouped.name])
    sizes = grouped.sizes(answered)
    hidden = rows_to_hide(np.array(list(sizes.values())), MINIMUM_CELL)
    return frozenset(name for name, is_hidden in zip(sizes, hidden, strict=True) if is_hidden)


FEWER_GROUPS = (
    "Name the groups to compare (compared_groups in the notebook, groups=[...] in Python), join small ones in a Series "
    "of your own (by=series), or"
)
SMALLER_GROUPS = "set a smaller minimum (smallest_group in the notebook, minimum=... in Python)"
HOW_TO_COMPARE = f"{FEWER_GROUPS} {SMALLER_GROUPS}"


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The group of every respondent (NaN: none of them), the groups in their order, and why some are in none."""

    name: str
    members: pd.Series
    groups: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    __repr__ = without_contents

    def sizes(self, answered: pd.Series) -> dict[str, int]:
        """How many of each group answered."""
        counts = self.members[answered].value_counts()
        return {name: int(counts.get(name, 0)) for name in self.groups}


def grouping(survey: Survey, by: str | pd.Series, groups: Sequence[str] | None = None) -> Grouping:
    """The groups that `by` makes.

    Parameters
    ----------
    survey
        The survey.
    by
        A role of the survey, such as "level", or a named Series with the survey's row numbers: whatever else is known
        of the respondents.
    groups
        Which of them; all where None.

    Raises
    ------
    AnalysisError
        If the Series belongs to other rows or has no name, a group does not occur, or fewer than two are left.
    """
    name, values = _values(survey, by)
    text = values.astype("object").map(_label, na_action="ignore")
    known = _order(values, text)
    if groups is not None:
        groups = check_names("groups", groups, known, of=f"'{survey.name}' has no {name}")
    kept = tuple(group for group in known if groups is None or group in groups)
    if len(kept) < 2:
        raise AnalysisError(
            f"'{survey.name}' has {counted(len(kept), 'group')} by {name}{' among those asked for' if groups else ''}; "
            "a comparison needs two."
        )
    members = text.where(text.isin(kept))
    rules = ((not_stated(name), text.notna()), ("their groups are not among those asked for", members.notna()))
    return Grouping(name=name, members=members, groups=kept, rules=rules)


def _values(survey: Survey, by: str | pd.Series) -> tuple[str, pd.Series]:
    if isinstance(by, str):
        return by, survey.role(by)
    if not isinstance(by, pd.Series):
        raise OptionError(f"by= is a {type(by).__name__}; give a role such as 'level', or a Series.")
    if not by.index.equals(survey.given.index):
        raise OptionError(f"by= must be a Series with the {survey.n:,} row numbers of '{survey.name}'.")
    if not isinstance(by.name, str) or not by.name.strip():
        raise OptionError("by= is a Series without a name; name it after what it tells: by.rename('gender').")
    return by.name, by


def _label(value: object) -> str:
    """The group's name; a whole number read as a float is still a whole number."""
    return f"{value:g}" if isinstance(value, float) and float(value).is_integer() else str(value)


def _order(values: pd.Series, text: pd.Series) -> list[str]:
    present = set(text.dropna())
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [name for name in map(_label, values.cat.categories) if name in present]
    return sorted(present, key=natural_order)


def too_small(sizes: dict[str, int], needed: int) -> str:
    """The groups below the number that is needed, with theirs where it may be seen; empty if there is none."""
    return told_sizes([{name: n for name, n in sizes.items() if n < needed}])


def told_sizes(of_models: Sequence[Mapping[str, int]]) -> str:
    """Groups with how many people they have in some models, where it may be told: ranges where models differ."""
    names = dict.fromkeys(name for own in of_models for name in own)
    told = [f"'{name}' has {_people([own[name] for own in of_models if name in own])}" for name in names]
    more = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more


def _people(numbers: Sequence[int]) -> str:
    if min(numbers) >= MINIMUM_CELL:
        return told_range(numbers)
    return f"fewer than {MINIMUM_CELL}" if max(numbers) < MINIMUM_CELL else f"at most {max(numbers)}"


def told_range(numbers: Sequence[int]) -> str:
    """`30`, or `30 to 40`."""
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
