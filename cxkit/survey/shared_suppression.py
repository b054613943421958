"""Which groups of a survey may be shown, decided once for all tables of a report.

A table that protects its own hidden rows does not protect them from the table beside it: the others' sum in one table
minus the staff's sum in another is the executives'. A reader holds every table, unrounded (`declared.json`). So the
groups of all roles are looked at together, and every table takes its hidden groups from here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.errors import counted
from cxkit.survey.privacy import MINIMUM_CELL, rows_to_hide
from cxkit.survey.survey import Survey
from cxkit.without_contents import without_contents

GROUPING_ROLES = ("level", "function", "unit", "organisation", "wave")
"""The roles whose groups may come to be compared in some table of a report."""

ZERO = 1e-6
"""Overlaps of groups are whole numbers of respondents; what is left of one below this is rounding."""


@dataclass(frozen=True, kw_only=True)
class ShownGroups:
    """What may be shown of the respondents who have a score.

    Attributes
    ----------
    kept
        The respondents who enter comparisons of groups. Left out are those who do not state a role where fewer than the
        minimum do not: any two tables by different roles would give their mean away.
    hidden
        Role to the names of its groups that no table may show.
    """

    kept: np.ndarray
    hidden: Mapping[str, frozenset[str]]

    __repr__ = without_contents

    def allows(self, role: str, names: Collection[str], known: Collection[str]) -> bool:
        """Whether these groups taken together, and all the others together, say nothing of a hidden group.

        They do not if the hidden groups of the role are all on one side. As every such division then follows from
        what is shown anyway, no number of them gives more away.
        """
        present = self.hidden.get(role, frozenset()) & set(known)
        return present <= set(names) or not present & set(names)


def shown_groups(survey: Survey, scored: pd.Series, *, minimum: int = MINIMUM_CELL) -> ShownGroups:
    """Which groups of every role may be shown, whatever other tables stand in the same report?

    Parameters
    ----------
    survey
        The survey.
    scored
        A truth value a respondent: who has the score that the tables are about.
    minimum
        The smallest group whose numbers are shown.

    Notes
    -----
    The published numbers are sums (means times n) over shown groups and over everybody; the unknowns are the scores of
    the respondents. A hidden group can be worked out exactly if its indicator is a linear combination of the
    published ones. Hidden is, in every role, what `hide_small_cells` hides; and then, until neither finds anything, the
    smallest shown group that helps to combine to a small one, or that leaves fewer than the minimum of a shown
    group that it lies within. Linear attacks on overlapping tables: Hundepool et al. (2012).
    """
    roles = [role for role in GROUPING_ROLES if role in survey.respondents]
    labels = survey.respondents[roles].astype("object")
    kept = _without_the_few_unstated(labels, scored.to_numpy(dtype=bool), minimum)
    groups = _Groups.of(labels[kept], minimum)
    groups = groups.protected(minimum)
    hidden = {role: groups.hidden_names(role) for role in roles}
    return ShownGroups(kept=kept, hidden=hidden)


def shown_by_dimension(survey: Survey, scores: pd.DataFrame, *, minimum: int = MINIMUM_CELL) -> dict[str, ShownGroups]:
    """What `shown_groups` says of every dimension; worked out once where the same people have a score."""
    found: dict[bytes, ShownGroups] = {}
    out = {}
    for key in scores.columns:
        scored = scores[key].notna()
        people = scored.to_numpy().tobytes()
        if people not in found:
            found[people] = shown_groups(survey, scored, minimum=minimum)
        out[str(key)] = found[people]
    return out


def unstated_note(left_out: int) -> str:
    """The sentence that says how many were left out because too few do not state a role; nothing if nobody was."""
    if not left_out:
        return ""
    verb = "is" if left_out == 1 else "are"
    return (
        f"{counted(left_out, 'respondent')} {verb} left out: so few do not state one of their attributes that tables "
        "by different attributes would give their answers away."
    )


def _without_the_few_unstated(labels: pd.DataFrame, scored: np.ndarray, minimum: int) -> np.ndarray:
    """Leave out who does not state a role, where so few do not; leaving some out can make others few."""
    unstated = labels.isna().to_numpy()
    kept = scored.copy()
    while True:
        count = unstated[kept].sum(axis=0)
        few = (count > 0) & (count < minimum)
        if not few.any():
            return kept
        kept &= ~unstated[:, few].any(axis=1)


@dataclass(frozen=True)
class _Groups:
    """All groups of all roles with their overlaps; the last one is everybody."""

    roles: np.ndarray
    names: np.ndarray
    overlaps: np.ndarray
    shown: np.ndarray

    @classmethod
    def of(cls, labels: pd.DataFrame, minimum: int) -> _Groups:
        """Count who is in which two groups. Who does not state a role makes a group that no table prints."""
        roles: list[str] = []
        names: list[str | None] = []
        columns = []
        for role in labels:
            codes, known = pd.factorize(labels[role], sort=True, use_na_sentinel=True)
            places = np.unique(codes)
            columns.append(codes[:, None] == places)
            roles += [role] * len(places)
            names += [None if place < 0 else str(known[place]) for place in places]
        members = np.column_stack([*columns, np.ones(len(labels), dtype=bool)]).astype(float)
        overlaps = members.T @ members
        shown = np.diag(overlaps) >= minimum
        shown[-1] = True  # the mean of everybody follows from any table
        return cls(np.array([*roles, ""], dtype=object), np.array([*names, None], dtype=object), overlaps, shown)

    @property
    def sizes(self) -> np.ndarray:
        return np.diag(self.overlaps)

    def hidden_names(self, role: str) -> frozenset[str]:
        of_role = (self.roles == role) & ~self.shown & (self.names != None)  # noqa: E711 - elementwise
        return frozenset(self.names[of_role])

    def protected(self, minimum: int) -> _Groups:
        """Hide until nothing small can be worked out."""
        shown = self.shown.copy()
        for role in np.unique(self.roles[:-1].astype(str)):
            rows = np.flatnonzero((self.roles == role) & (self.names != None))  # noqa: E711 - elementwise
            shown[rows] = ~rows_to_hide(self.sizes[rows], minimum)
        groups = _Groups(self.roles, self.names, self.overlaps, shown)
        while (leak := groups._leak(minimum)) is not None:
            shown[leak] = False
            groups = _Groups(self.roles, self.names, self.overlaps, shown)
        return groups

    def _leak(self, minimum: int) -> int | None:
        """The smallest shown group that helps to work out a small one; None if none does."""
        if not (~self.shown).any() and len(np.unique(self.roles)) < 3:
            return None  # one role, all of it shown: nothing to protect
        helpers = self._combination(minimum)
        if helpers is None:
            helpers = self._remainder(minimum)
        if helpers is None or not len(helpers):
            return None
        return int(helpers[np.argmin(self.sizes[helpers])])

    def _can_hide(self, rows: np.ndarray) -> np.ndarray:
        """Those of the rows that stand in a table; everybody and who states nothing do not."""
        return rows[self.names[rows] != None]  # noqa: E711 - elementwise

    def _combination(self, minimum: int) -> np.ndarray | None:
        """The shown groups whose combination is a small group.

        The part of a group's indicator that no combination of the shown ones reaches has the squared length
        n - b' G^-1 b, with the overlaps G of the shown groups and b of the group with them.
        """
        shown, small = np.flatnonzero(self.shown), np.flatnonzero((self.sizes < minimum) & ~self.shown)
        if not len(small):
            return None
        known = self.overlaps[np.ix_(shown, small)]
        weights = np.linalg.lstsq(self.overlaps[np.ix_(shown, shown)], known, rcond=None)[0]
        unreached = self.sizes[small] - (known * weights).sum(axis=0)
        for place in np.flatnonzero(unreached < ZERO):
            helpers = self._can_hide(shown[np.abs(weights[:, place]) > ZERO])
            if len(helpers):
                return helpers
        return None

    def _remainder(self, minimum: int) -> np.ndarray | None:
        """The shown groups within another shown group that leave too few of it."""
        shown = np.flatnonzero(self.shown)
        within = (self.overlaps[np.ix_(shown, shown)] == self.sizes[shown]) & (
            self.roles[shown][:, None] != self.roles[shown]
        )
        for role in np.unique(self.roles[shown].astype(str)):
            parts = within & (self.roles[shown] == role)
            left = self.sizes[shown] - parts @ self.sizes[shown]
            for outer in np.flatnonzero(parts.any(axis=1) & (left > 0) & (left < minimum)):
                helpers = self._can_hide(shown[parts[outer]])
                if len(helpers):
                    return helpers
        return None
