"""Which groups are compared: those of a role, or of any Series that belongs to the survey's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cxkit.errors import AnalysisError, OptionError, counted
from cxkit.results.options import check_names
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey, natural_order

FEWEST = 100
"""Respondents that a group needs unless the caller says otherwise: with fewer, only large differences are found."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The group of every respondent (NaN: none of them), and the groups in their order."""

    name: str
    members: pd.Series
    groups: tuple[str, ...]

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
            "a comparison takes two."
        )
    return Grouping(name=name, members=text.where(text.isin(kept)), groups=kept)


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
    short = [
        f"'{name}' has {f'fewer than {MINIMUM_CELL}' if n < MINIMUM_CELL else n}"
        for name, n in sizes.items()
        if n < needed
    ]
    more = f" and {len(short) - 5} more" if len(short) > 5 else ""
    return ", ".join(short[:5]) + more
