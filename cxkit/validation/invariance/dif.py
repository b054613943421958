"""Do people of different groups but the same standing answer an item differently? Differential item functioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxkit import ties
from cxkit.errors import AnalysisError
from cxkit.results.accounting import account
from cxkit.results.options import check_choice, check_options
from cxkit.results.thresholds import DIF_JODOIN, judge
from cxkit.statistics.multiplicity import benjamini_hochberg, holm
from cxkit.survey.instrument import Dimension
from cxkit.survey.people import refuse_several_sheets_in_a_group, same_people_note
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Selection, select
from cxkit.validation.invariance.dif_models import PSEUDO_R2, ItemData, compare_models, detectable
from cxkit.validation.invariance.dif_result import MODERATE, ItemFunctioning
from cxkit.validation.invariance.grouping import (
    FEWER_GROUPS,
    HOW_TO_COMPARE,
    POWER,
    Grouping,
    grouping,
    large_enough,
    smallest_group,
    too_small,
)
from cxkit.validation.invariance.ordered_answers import MOST_ANSWERS

Adjust = Literal["holm", "bh", "none"]
Effect = Literal["nagelkerke", "mcfadden"]
Criterion = Literal["size", "p"]
CRITERIA = ("size", "p")
ADJUSTMENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": np.copy,
}
ROUNDS = 10
LIKELIHOOD_RATIOS = (
    "its likelihood-ratio tests are those of respondents who all count alike; measurement_invariance takes weights"
)
"""Why weighted answers are refused."""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """When an item counts as functioning differently."""

    alpha: float
    adjust: str
    effect: str
    criterion: str


def differential_item_functioning(
    survey: Survey,
    *,
    by: str | pd.Series = "level",
    groups: Sequence[str] | None = None,
    dimensions: Sequence[str] | None = None,
    alpha: float = 0.01,
    adjust: Adjust = "holm",
    effect: Effect = "nagelkerke",
    criterion: Criterion = "size",
    purify: bool = True,
    minimum: int | None = None,
) -> ItemFunctioning:
    """Which items do people of one group answer higher than people of another who stand the same on the dimension?

    Three ordered logistic regressions an item: on the sum of the dimension's items; on the sum and the group (uniform
    difference); and on their product too (non-uniform: the difference changes along the dimension). Purification takes
    items that function differently out of the sum, except for the item's own regression, and starts again until the
    same items are found twice.

    Parameters
    ----------
    survey
        The survey; formative dimensions and those of fewer than three items do not take part. Used are respondents who
        answered every item of the dimension.
    by
        A role, or a named Series with the survey's row numbers. The first group is the one others are compared with.
    groups
        Which of the groups; all where None.
    dimensions
        Keys of the dimensions; all of them where None.
    alpha
        The p-value below which a difference counts, after the adjustment.
    adjust
        For the number of items: "holm", "bh" (Benjamini and Hochberg) or "none".
    effect
        Which pseudo R² measures the size. The cut-offs were proposed for Nagelkerke's.
    criterion
        When an item counts as functioning differently, and is taken out of the sum: with "size" if p is small enough
        and the effect is moderate or large, with "p" if p is small enough, as screenings often do.
    purify
        Whether to purify.
    minimum
        The smallest group; None is six respondents for each item of a dimension, at least 30. Smaller groups are left
        out if two remain and `groups` is None.

    Returns
    -------
    ItemFunctioning
        A row an item: dimension, title, item, text, reversed, n; chi_uniform, p_uniform, chi_nonuniform, p_nonuniform,
        chi_square, df and p_value (both together), p_adjusted; r2_change (of both, in the chosen R²), r2_uniform,
        nagelkerke and mcfadden (of both); log_odds (of a higher answer, highest minus lowest group, at the same
        score), highest, lowest; kind, effect, flagged, and in_sum (whether the item is part of the purified sum);
        detectable_log_odds and detectable_r2 (what would be found in 80 of 100 such surveys, if the smallest group
        alone differed, at alpha divided by the number of items; by alpha alone where `adjust` is "none").

    Raises
    ------
    AnalysisError
        If there are fewer than two groups, one is too small, or no item can be tested.

    Notes
    -----
    Likelihoods and coefficients agree with R's `MASS::polr(item ~ sum * group)`. Swaminathan & Rogers (1990), extended
    to ordered answers; cut-offs of Jodoin & Gierl (2001). With only few items a sum holds a good part of the item
    itself, which hides differences; compare with `measurement_invariance`.
    """
    rule = _Rule(alpha=alpha, adjust=adjust, effect=effect, criterion=criterion)
    _check(rule, purify, minimum)
    grouped, selection, notes = _groups_and_items(survey, by, groups, dimensions, minimum)
    data, small, notes = _items_to_test(survey, selection.dimensions, grouped, minimum, notes)
    found, rounds, unsettled = _purified(data, grouped, rule, purify=purify)
    frame = _with_words(survey, found)
    lost = _not_found(frame)
    if frame["p_value"].isna().all():
        raise AnalysisError(f"No item can be tested by {grouped.name}. {' '.join([*notes, *lost])}")
    most_answers = survey.items_of(max(data, key=lambda one: one.n).dimension)
    judged = frame.dropna(subset="r2_change")
    return ItemFunctioning(
        frame=frame,
        **account(most_answers.notna().all(axis=1), *grouped.rules),
        settings={
            "by": grouped.name, "groups": grouped.groups, "dimensions": [d.key for d in selection.dimensions],
            **asdict(rule), "purify": purify, "minimum": minimum, "rounds": rounds,
            "tests": int(frame["p_value"].notna().sum()),
        },
        data=survey.stamp,
        verdicts=judge(DIF_JODOIN, judged["item"], judged["r2_change"]),
        notes=(*notes, *unsettled, *lost),
        untested=_in_short(small, selection.dimensions, frame),
        asked=len(selection.item_keys),
    )  # fmt: skip


def _check(rule: _Rule, purify: bool, minimum: int | None) -> None:
    check_options(alpha=rule.alpha)
    for name, known in (("adjust", ADJUSTMENTS), ("effect", PSEUDO_R2), ("criterion", CRITERIA)):
        check_choice(name, getattr(rule, name), known)
    check_options(purify=purify)
    if minimum is not None:
        check_options(minimum=minimum)


def _groups_and_items(
    survey: Survey, by: str | pd.Series, groups: Sequence[str] | None, dimensions: Sequence[str] | None,
    minimum: int | None,
) -> tuple[Grouping, Selection, list[str]]:  # fmt: skip
    """Those asked for, less groups that are too small where none were named; and what there is to note of them."""
    grouped = grouping(survey, by, groups)
    selection = select(
        survey, dimensions, items=3, analysis="differential item functioning", why_not=LIKELIHOOD_RATIOS,
        several_sheets=True,
    )  # fmt: skip
    refuse_several_sheets_in_a_group(survey.name, survey.respondents, grouped.members, "Differential item functioning")
    notes = [*selection.notes, *same_people_note(survey.respondents, grouped.members)]
    if groups is not None:
        return grouped, selection, notes
    largest = max(len(d.items) for d in selection.dimensions)
    answered = survey.answers[selection.item_keys].notna().any(axis=1)
    grouped, left_out = large_enough(grouped, answered, smallest_group(minimum, largest))
    return grouped, selection, [*notes, *filter(None, [left_out])]


def _items_to_test(
    survey: Survey, dimensions: Sequence[Dimension], grouped: Grouping, minimum: int | None, notes: Sequence[str]
) -> tuple[list[ItemData], dict[str, list[str]], list[str]]:
    """The items that can be tested, the dimensions whose groups are too small by the reason, and more notes on both."""
    data: list[ItemData] = []
    told = [*notes]
    small: dict[str, list[str]] = {}
    for dimension in dimensions:
        found, short, problem = _item_data(survey, dimension, grouped, smallest_group(minimum, len(dimension.items)))
        data += found
        told += filter(None, [problem])
        if short:
            small.setdefault(short, []).append(f"'{dimension.title}'")
    told += _too_small_notes(small, minimum)
    if not data:
        raise AnalysisError(f"No item can be tested by {grouped.name}. {' '.join(told)}")
    return data, small, told


def _too_small_notes(small: Mapping[str, Sequence[str]], minimum: int | None) -> list[str]:
    """One sentence on all dimensions whose groups are too small, and what to do about it."""
    if not small:
        return []
    listed = "; ".join(f"{', '.join(titles)} ({short})" for short, titles in small.items())
    how = f"{FEWER_GROUPS} collect more answers" if minimum == MINIMUM_CELL else HOW_TO_COMPARE
    return [
        "Not tested, as only respondents who answered every item of the dimension count, and groups of these are too "
        f"small: {listed}. In smaller groups only large differences are found. {how}."
    ]


def _item_data(
    survey: Survey, dimension: Dimension, grouped: Grouping, minimum: int
) -> tuple[list[ItemData], str, str]:
    """The items of one dimension with complete answers, which groups are too small, and which items are unfit."""
    answers = survey.items_of(dimension.key)
    used = answers.notna().all(axis=1) & grouped.members.notna()
    short = too_small(grouped.sizes(used), minimum)
    if short:
        return [], f"{short}; every group needs {minimum}", ""
    values = answers[used].to_numpy(dtype="float64")
    codes = grouped.members[used].map({name: i for i, name in enumerate(grouped.groups)}).to_numpy(dtype="int64")
    different = {key: len(np.unique(column)) for key, column in zip(answers, values.T, strict=True)}
    unfit = [key for key, number in different.items() if not 2 <= number <= MOST_ANSWERS]
    fit = [place for place, key in enumerate(answers) if key not in unfit]
    problem = (
        f"Not tested in '{dimension.title}': {', '.join(unfit)} (between 2 and {MOST_ANSWERS} different answers are "
        "needed)." if unfit else ""
    )  # fmt: skip
    return [ItemData(dimension=dimension.key, place=place, answers=values, group=codes) for place in fit], "", problem


def _purified(
    data: Sequence[ItemData], grouped: Grouping, rule: _Rule, *, purify: bool
) -> tuple[pd.DataFrame, int, list[str]]:
    """The last table, how many rounds it took, and a note if the same items were not found twice."""
    left_out = np.zeros(len(data), dtype=bool)
    for round_number in range(1, ROUNDS + 1):
        frame = _tested(data, left_out, grouped.groups, rule)
        following = _left_out_next(data, frame)
        if not purify or (following == left_out).all():
            return frame, round_number, []
        left_out = following
    return frame, ROUNDS, [f"The purification found no end within {ROUNDS} rounds; the last of them is shown."]


def _left_out_next(data: Sequence[ItemData], frame: pd.DataFrame) -> np.ndarray:
    """The items to take out of the sums; at least two of a dimension stay, those that differ least."""
    left_out = frame["flagged"].to_numpy(dtype=bool, copy=True)
    keys = np.array([one.dimension for one in data])
    for key in dict.fromkeys(keys):
        own = np.flatnonzero(keys == key)
        staying = int((~left_out[own]).sum()) + data[own[0]].answers.shape[1] - len(own)
        order = own[ties.order_of(frame["r2_change"].to_numpy()[own])]
        for place in (i for i in order if left_out[i]):
            if staying >= 2:
                break
            left_out[place] = False
            staying += 1
    return left_out


def _tested(data: Sequence[ItemData], left_out: np.ndarray, groups: Sequence[str], rule: _Rule) -> pd.DataFrame:
    frame = compare_models(data, left_out, groups)
    p_adjusted = ADJUSTMENTS[rule.adjust](frame["p_value"].to_numpy(dtype="float64"))
    change = frame[rule.effect]
    uniform = frame[f"{rule.effect}_uniform"]
    flagged = (p_adjusted < rule.alpha) & ((change >= MODERATE) | (rule.criterion == "p"))
    crossing = frame["p_nonuniform"] < rule.alpha
    tests = 1 if rule.adjust == "none" else max(int(frame["p_value"].notna().sum()), 1)
    # One item that differs among many that do not has to pass the first step of Holm's method, and of BH's.
    found = detectable(frame, alpha=rule.alpha / tests, power=POWER, effect=rule.effect)
    return frame.assign(
        p_adjusted=p_adjusted,
        r2_change=change,
        r2_uniform=uniform,
        flagged=flagged,
        kind=np.where(flagged, np.where(crossing, "non-uniform", "uniform"), ""),
        effect=[DIF_JODOIN.verdict(value) for value in change],
        in_sum=~left_out,
        **found,
    )


def _with_words(survey: Survey, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with what a reader needs to recognise dimension and item."""
    owners = [survey.instrument.dimension(key) for key in frame["dimension"]]
    items = [owner.items[place] for owner, place in zip(owners, frame["place"], strict=True)]
    words = pd.DataFrame(
        {
            "dimension": frame["dimension"],
            "title": [owner.title for owner in owners],
            "item": [item.key for item in items],
            "text": [item.text for item in items],
            "reversed": [item.reversed for item in items],
        }
    )
    dropped = ["dimension", "place", "nagelkerke_uniform", "mcfadden_uniform", "information", "gain_alone", "null"]
    return pd.concat([words, frame.drop(columns=dropped)], axis=1)


def _in_short(
    small: Mapping[str, Sequence[str]], dimensions: Sequence[Dimension], frame: pd.DataFrame
) -> tuple[str, ...]:
    """Which items have no test: those of dimensions whose groups are too small, and the others one by one."""
    titles = [title for listed in small.values() for title in listed]
    tried = set(frame["item"])
    open_ones = [key for d in dimensions if f"'{d.title}'" not in titles for key in d.item_keys if key not in tried]
    lost = frame.loc[frame["p_value"].isna(), "item"].astype(str).tolist()
    reasons = (
        (f"those of {', '.join(titles)}", titles, "too few complete answers in a group"),
        (", ".join(open_ones), open_ones, f"not between 2 and {MOST_ANSWERS} different answers"),
        (", ".join(lost), lost, "no regression was found"),
    )
    return tuple(f"{which} ({why})" for which, keys, why in reasons if keys)


def _not_found(frame: pd.DataFrame) -> list[str]:
    lost = frame.loc[frame["p_value"].isna(), "item"].tolist()
    if not lost:
        return []
    why = "the answers follow from the sum, or in some group nearly all gave the same"
    return [f"No regression was found for {', '.join(map(str, lost))}: {why}."]
