"""Which groups of a survey may be shown, decided once for all tables of a report.

A table that protects its own hidden rows does not protect them from the table beside it: the others' sum in one table
minus the staff's sum in another is the executives'. A reader holds every table, unrounded (`declared.json`). So the
groups of all roles are looked at together, and every table takes its hidden groups from here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from cxkit.survey.derivable import derivable_few, shares_of
from cxkit.survey.privacy import MINIMUM_CELL, rows_to_hide
from cxkit.survey.survey import Survey
from cxkit.without_contents import without_contents

GROUPING_ROLES = ("level", "function", "unit", "organisation", "wave")
"""The roles whose groups may come to be compared in some table of a report."""

ZERO = 1e-6
"""Shares of groups in a sum are fractions of small whole numbers; what two differ by below this is rounding."""
MOST_TRIALS = 40
"""How many hidden groups are tried to be shown again; each trial is a search of the whole survey."""


@dataclass(frozen=True, kw_only=True)
class ShownGroups:
    """What may be shown of the respondents who have a score.

    Attributes
    ----------
    kept
        The respondents who enter comparisons of groups. Left out are those who do not state a role where fewer than the
        minimum do not: any two tables by different roles would give their mean away. As other analyses are of
        everybody, fewer than the minimum are never left out: others keep them company, drawn from the commonest
        combination of groups.
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
    The published numbers are sums (means times n) over shown groups and over everybody, so that a reader can work out
    whatever is a linear combination of these sums: Hundepool et al. (2012). The others of a group, leaders and all
    that `ShownGroups.allows` are such combinations. Hidden is, in every role, what `hide_small_cells` hides, and then
    further groups until no set of fewer than the minimum can be worked out, be it a group, an intersection, or what
    some groups have beyond others (see `derivable_few`, which is exhaustive for a minimum of 5). Each step hides the
    fewest people whose hiding makes one such sum impossible; in the end whatever need not be hidden is shown again. It
    is not always the least that can be hidden.

    Not covered: scores by another rule (`answered`) or of another survey, such as a subset, beside these; what two
    known sums say of the difference between two people; and means that can only have come from extreme answers. For
    sums over single items beside sums of scores see `protect_incomplete`.
    """
    found = _FOUND.setdefault(survey, {})
    asked = (scored.to_numpy(dtype=bool).tobytes(), minimum)
    if asked not in found:
        found[asked] = _shown_groups(survey, scored, minimum)
    return found[asked]


_FOUND: WeakKeyDictionary[Survey, dict[tuple[bytes, int], ShownGroups]] = WeakKeyDictionary()
"""What was worked out of a survey, as long as it lives: every table of a report asks the same."""


def _shown_groups(survey: Survey, scored: pd.Series, minimum: int) -> ShownGroups:
    roles = [role for role in GROUPING_ROLES if role in survey.respondents]
    labels = survey.respondents[roles].astype("object")
    kept = _with_company(survey, labels, scored.to_numpy(dtype=bool), minimum)
    return ShownGroups(kept=kept, hidden=_Tables.of(labels[kept], minimum).hidden_names())


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


FEW_UNSTATED = (
    "so few do not state one of their attributes that tables by different attributes would give their answers away "
    "(they, and others where they alone would be too few)"
)


def unstated_note(of_some: bool) -> str:
    """The sentence that more are left out of single dimensions because too few do not state a role, if so."""
    return f"Out of some dimensions more are left: {FEW_UNSTATED}." if of_some else ""


def kept_in_any(shown: Mapping[str, ShownGroups]) -> np.ndarray:
    """Who enters comparisons of groups on any dimension."""
    return np.any([found.kept for found in shown.values()], axis=0)


def left_out_of_some(scores: pd.DataFrame, shown: Mapping[str, ShownGroups]) -> bool:
    """Whether anybody is left out of comparisons on one dimension and enters those on another."""
    somewhere = kept_in_any(shown)
    return any((scores[key].notna().to_numpy() & somewhere & ~found.kept).any() for key, found in shown.items())


def _lots(survey: Survey) -> np.ndarray:
    """A number for every respondent that is as good as drawn, and the same in whatever order the rows come."""
    return pd.util.hash_pandas_object(survey.answers, index=False).to_numpy()


def _with_company(survey: Survey, labels: pd.DataFrame, scored: np.ndarray, minimum: int) -> np.ndarray:
    """Leave out who does not state a role where few do not, and others with them until they are enough together.

    Analyses that compare no groups are of everybody: their sums minus those of the groups are those left out. Who keeps
    them company states every role, so that no others become few, and is chosen by lot.
    """
    kept = _without_the_few_unstated(labels, scored, minimum)
    left_out = int((scored & ~kept).sum())
    if not 0 < left_out < minimum:
        return kept
    stating = np.flatnonzero(kept & labels.notna().to_numpy().all(axis=1))
    if len(stating):
        combinations = labels.iloc[stating].groupby(list(labels), sort=True, observed=True).ngroup().to_numpy()
        commonest = np.bincount(combinations).argmax()
        order = np.lexsort([_lots(survey)[stating], combinations != commonest])
        kept[stating[order[: minimum - left_out]]] = False
    return kept


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
class _Role:
    """The groups of one role over the cells; `unstated` says of which cells the role is not stated."""

    names: tuple[str, ...]
    members: np.ndarray
    sizes: np.ndarray
    unstated: np.ndarray

    def known(self, hidden: frozenset[int]) -> np.ndarray:
        """Which sums the tables of the role give: of its shown groups and, by the total, of who states none.

        The last one is asked for by place too, and stands for nobody where everybody states the role.
        """
        rows = np.vstack([self.members, self.unstated])
        rows[[*hidden]] = False
        return rows if len(hidden) < len(self.names) else np.zeros_like(rows)

    def is_possible(self, shares: np.ndarray, hidden: frozenset[int]) -> bool:
        """Whether a sum with these shares of the groups can be made where the hidden ones are known together only."""
        return not hidden or bool(np.ptp(shares[[*hidden]]) < ZERO)

    def next_to_hide(self, shares: np.ndarray, hidden: frozenset[int]) -> frozenset[int]:
        """The fewest people to hide so that a sum with these shares can no longer be made; nobody if that is no use.

        It needs two groups with different shares. One of any such pair has another share than the smallest group, and
        the pair of these two is no larger. Where all have the same share, the role tells only who states it.
        """
        places = sorted(set(range(len(self.names))) - hidden, key=lambda place: (self.sizes[place], place))
        if not places:
            return frozenset()
        like = shares[next(iter(hidden))] if hidden else shares[places[0]]
        unlike = [place for place in places if abs(shares[place] - like) > ZERO]
        if unlike:
            return frozenset({unlike[0]} if hidden else {places[0], unlike[0]})
        return frozenset(places) if self.unstated.any() and abs(shares[-1] - like) > ZERO else frozenset()


Hidden = dict[str, frozenset[int]]
"""Role to the places of its hidden groups."""


@dataclass(frozen=True)
class _Tables:
    """All groups of all roles over the cells: the people who are in the same groups throughout."""

    roles: dict[str, _Role]
    sizes: np.ndarray
    minimum: int

    @classmethod
    def of(cls, labels: pd.DataFrame, minimum: int) -> _Tables:
        coded = {role: pd.factorize(labels[role], sort=True, use_na_sentinel=True) for role in labels}
        codes = np.column_stack([np.zeros(len(labels), dtype=int), *(code for code, _ in coded.values())])
        cells, sizes = np.unique(codes, axis=0, return_counts=True)
        roles = {}
        for place, (role, (_, known)) in enumerate(coded.items(), start=1):
            members = cells[:, place] == np.arange(len(known))[:, None]
            names = tuple(str(name) for name in known)
            roles[str(role)] = _Role(names, members, members @ sizes, cells[:, place] < 0)
        return cls(roles, sizes, minimum)

    def hidden_names(self) -> dict[str, frozenset[str]]:
        """The names of the groups to hide, by role."""
        hidden = self._hidden()
        return {name: frozenset(role.names[place] for place in hidden[name]) for name, role in self.roles.items()}

    def _hidden(self) -> Hidden:
        hidden, first = self._small(), self._small()
        while found := self._leaks(hidden):
            more = self._protected(found, hidden)
            if more == hidden:
                break  # only the total is left
            hidden = more
        return hidden if hidden == first else self._restored(hidden)

    def _small(self) -> Hidden:
        """What every table hides by itself."""
        return {
            name: frozenset(np.flatnonzero(rows_to_hide(role.sizes, self.minimum)).tolist())
            for name, role in self.roles.items()
        }

    def _known(self, hidden: Hidden) -> np.ndarray:
        everybody = np.ones((1, len(self.sizes)), dtype=bool)
        return np.vstack([*(role.known(hidden[name]) for name, role in self.roles.items()), everybody])

    def _leaks(self, hidden: Hidden) -> list[np.ndarray]:
        known = self._known(hidden)
        return derivable_few(known[known.any(axis=1)], self.sizes, minimum=self.minimum)

    def _protected(self, found: list[np.ndarray], hidden: Hidden) -> Hidden:
        """Hide, for each of the sets that can be worked out, what makes its sum impossible."""
        ends = np.cumsum([len(role.names) + 1 for role in self.roles.values()])
        hidden = dict(hidden)
        for shares in shares_of(self._known(hidden), found):
            own = dict(zip(self.roles, np.split(shares, ends)[:-1], strict=True))
            if not all(role.is_possible(own[name], hidden[name]) for name, role in self.roles.items()):
                continue  # because of what was just hidden for another set
            choices = [(name, role.next_to_hide(own[name], hidden[name])) for name, role in self.roles.items()]
            costs = [(self.roles[name].sizes[[*more]].sum(), name, more) for name, more in choices if more]
            if costs:
                _, name, more = min(costs, key=lambda cost: cost[:2])
                hidden[name] |= more
        return hidden

    def _restored(self, hidden: Hidden) -> Hidden:
        """Show what need not be hidden after all, the largest groups first: later steps made earlier ones needless."""
        candidates = [
            (int(role.sizes[place]), name, place)
            for name, role in self.roles.items()
            for place in hidden[name]
            if role.sizes[place] >= self.minimum
        ]
        for _, name, place in sorted(candidates, reverse=True)[:MOST_TRIALS]:
            trial = {**hidden, name: hidden[name] - {place}}
            left = self.roles[name].sizes[[*trial[name]]]
            together = not len(left) or (len(left) > 1 and left.sum() >= self.minimum)
            if together and not self._leaks(trial):
                hidden = trial
        return hidden
