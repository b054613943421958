"""Whose answers follow from means of items beside means of scores: the few who answered a dimension in part."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.screening import answer_patterns
from cxkit.survey.shared_suppression import GROUPING_ROLES
from cxkit.survey.survey import Survey

SAME = 1e-9
"""Shares of an item in a sum are products of a few fractions of small whole numbers; what is nearer is the same."""
NAMED = 4
"""Dimensions named in a note."""

Shares = dict[Hashable, float]
"""Items and groups whose shares in a combination of sums follow from one another, with these shares."""


def protect_incomplete(survey: Survey) -> Survey:
    """Which answers may stand in tables of items and in tables of scores, so that together they tell nobody's?

    Where fewer than five respondents answered only some items of a dimension, their answers to this dimension are left
    out. Call it on a whole survey, read with the same attributes of the respondents, before its tables go to readers
    who may not see the answers; the notebooks do.

    Parameters
    ----------
    survey
        The survey as it was read. Subsets are taken afterwards; of several waves of the same people, the one to report
        is taken before (`one_wave`), because it counts rows.

    Returns
    -------
    Survey
        The survey without these answers, its `withheld` saying where they were and its notes of which dimensions; the
        same survey where there are none.

    Notes
    -----
    Of k items, somebody who answered m has the score (sum of the answers) / m. Scores added up over everybody, minus
    the items added up and divided by k, are thus (k - m) / k times the score of everybody who left items out, minus
    what those without a score answered, divided by k: those who answered all of it cancel. Where that is one person,
    unrounded means of items and of scores give the answers; where it is five or more, what follows is a sum over
    them. In groups of which nobody was asked an item, sums by group cancel those who answered the others. So people
    are looked for who cancel with no others, over everybody and by each attribute of the respondents, and must be
    nobody or five. Without them the sums of scores follow from those of items, and tell nothing more.

    Covered are sums of items over everybody beside sums of scores (of at least half of the items) over everybody and
    over groups of one attribute. Not covered are scores by another rule (`answered`), items or scores of a subset of
    the survey beside those of the whole, and what many unrounded numbers tell that are no sums (correlations, models).
    """
    withheld = pd.DataFrame(data=False, index=survey.given.index, columns=survey.given.columns)
    touched = []
    for dimension in survey.dimensions:
        few = _few(survey, dimension.item_keys)
        if few.any():
            withheld.loc[few, dimension.item_keys] = survey.given.loc[few, dimension.item_keys].notna()
            touched.append(dimension.title)
    if not touched:
        return survey
    return replace(
        survey,
        given=survey.given.mask(withheld),
        withheld=withheld if survey.withheld is None else withheld | survey.withheld,
        notes=(*survey.notes, _note(touched)),
    )


def _note(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    return (
        f"Fewer than {MINIMUM_CELL} respondents answered only some of the items of {', '.join(titles[:NAMED])}{more}. "
        "Their answers to them are left out of all analyses: means of items beside means of scores would give them "
        "away."
    )


def _few(survey: Survey, items: Sequence[str]) -> np.ndarray:
    """Whose answers to these items are left out, a truth value a respondent."""
    given = survey.given[[*items]].notna().to_numpy(dtype=bool)
    few = np.zeros(len(given), dtype=bool)
    if given.all() or given.shape[1] < 2:
        return few
    scored = given.mean(axis=1) >= 0.5  # the rule of Survey.scores for a score
    groupings = [*_groupings(survey)]
    while True:
        unscored = given.any(axis=1) & ~scored & ~few
        left = [unscored | _cancelling_with_none(given, scored & ~few, groups) for groups in groupings]
        more = np.any([who for who in left if 0 < who.sum() < MINIMUM_CELL], axis=0)
        if not np.any(more):
            return few
        few |= more


def _groupings(survey: Survey) -> Iterator[np.ndarray]:
    """Everybody as one group, then the groups of every role; those too small to be shown are one."""
    yield np.zeros(survey.n, dtype=int)
    for role in GROUPING_ROLES:
        if role in survey.respondents:
            codes, names = pd.factorize(survey.respondents[role].astype("object"))
            is_shown = np.bincount(codes[codes >= 0], minlength=len(names)) >= MINIMUM_CELL
            yield np.where(np.append(is_shown, False)[codes], codes, -1)  # code -1, not stated, takes the last place


def _cancelling_with_none(given: np.ndarray, scored: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Who is left where sums of items and of scores by group are combined so that most cancel: all, or five of more.

    People of group g who answered m items, these among them, cancel if each of these items counts 1/m of what a score
    of the group counts. Kinds of people are made to cancel one after another, the largest first, unless that
    contradicts those before. Where every kind but a few people's is of five or more, as it is where most answered
    everything, this leaves the fewest that can be left.
    """
    patterns, pattern = answer_patterns(np.where(given[scored], 1.0, np.nan))
    codes = (groups[scored] + 1) * len(patterns) + pattern  # group -1 is one, too
    kinds, which, counts = np.unique(codes, return_inverse=True, return_counts=True)
    linked: list[Shares] = []
    left = np.zeros(len(kinds), dtype=bool)
    for place in np.argsort(-counts, kind="stable"):
        items = np.flatnonzero(patterns[kinds[place] % len(patterns)]).tolist()
        wanted: Shares = dict.fromkeys(items, 1 / len(items))
        wanted["group", int(kinds[place]) // len(patterns)] = 1.0
        linked, left[place] = _joined(linked, wanted)
        if counts[left].sum() >= MINIMUM_CELL:
            break  # enough, however many more there are
    out = np.zeros(len(given), dtype=bool)
    out[np.flatnonzero(scored)[left[which]]] = True
    return out


def _joined(linked: list[Shares], wanted: Shares) -> tuple[list[Shares], bool]:
    """The links with those of one kind of people more; or the links as they were, and that these contradict them."""
    known = [[wanted[key] / shares[key] for key in wanted if key in shares] for shares in linked]
    if any(ratios and max(ratios) - min(ratios) > SAME * max(ratios) for ratios in known):
        return linked, True
    if len(linked) == 1 and len(known[0]) == len(wanted):
        return linked, False  # nothing new
    together, others = dict(wanted), []
    for shares, ratios in zip(linked, known, strict=True):
        if ratios:
            together |= {key: share * ratios[0] for key, share in shares.items()}
        else:
            others.append(shares)
    return [*others, together], False
