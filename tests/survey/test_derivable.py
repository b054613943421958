"""Whom sums over groups give away, checked by attackers that know nothing of how the kit searches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxkit.survey.derivable import derivable_few
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import GROUPING_ROLES, ShownGroups, shown_groups
from cxkit.survey.survey import Survey
from tests.conftest import tiny_survey
from tests.survey.attacks import few_by_signed_sums, few_in_span


def known_sets(survey: Survey, shown: ShownGroups) -> np.ndarray:
    """Everybody, every group that is shown, and all others who state the role: whom the tables give means of."""
    rows = [shown.kept]
    for role in (name for name in GROUPING_ROLES if name in survey.respondents):
        labels = survey.role(role).astype("object")
        stated = shown.kept & labels.notna().to_numpy()
        for name in labels.dropna().unique():
            inside = stated & (labels == name).to_numpy()
            if name not in shown.hidden[role] and inside.any():
                rows += [inside, stated & ~inside]
    return np.unique(np.array(rows)[:, shown.kept], axis=0)


def two_functions_and_two_sites(beyond: int) -> Survey:
    """Sales and Operations work in North and South; some of the two, few, and many of other functions do not."""
    rows = [("Sales", "North", 20), ("Operations", "South", 20), ("Sales", "South", 10), ("Operations", "North", 10)]
    rows += [("Sales", "East", beyond), ("Finance", "East", 15), ("Finance", "West", 15), ("Law", "West", 12)]
    function, unit, counts = zip(*rows, strict=True)
    answers = np.random.default_rng(3).integers(1, 6, (sum(counts), 3))
    return tiny_survey(answers, function=np.repeat(function, counts), unit=np.repeat(unit, counts))


@pytest.mark.parametrize("beyond", [1, 2, 3, 4])
def test_two_functions_minus_two_sites_leave_nobody_few(beyond):
    survey = two_functions_and_two_sites(beyond)
    everybody = pd.Series(True, index=survey.given.index)
    all_shown = ShownGroups(kept=everybody.to_numpy(), hidden={"function": frozenset(), "unit": frozenset()})
    assert few_by_signed_sums(known_sets(survey, all_shown))  # the attack works where all is shown
    shown = shown_groups(survey, everybody)
    assert any(shown.hidden.values())
    assert not few_by_signed_sums(known_sets(survey, shown))
    assert not few_in_span(known_sets(survey, shown))


def test_five_who_are_left_by_sums_may_be_left():
    survey = two_functions_and_two_sites(5)
    shown = shown_groups(survey, pd.Series(True, index=survey.given.index))
    assert not any(shown.hidden.values())


def test_leaders_minus_a_function_leave_nobody_few():
    """All 12 of Direction and 3 of Sales are leaders: leaders minus Direction would be these three."""
    level = ["Executives"] * 7 + ["Managers"] * 8 + ["Staff"] * 40
    function = ["Direction"] * 12 + ["Sales"] * 23 + ["Service"] * 20
    survey = tiny_survey(np.random.default_rng(3).integers(1, 6, (55, 3)), level=level, function=function)
    shown = shown_groups(survey, pd.Series(True, index=survey.given.index))
    assert any(shown.hidden.values())
    assert not few_in_span(known_sets(survey, shown))


def random_roles(rng: np.random.Generator) -> Survey:
    """Three or four roles: nested, nearly the same with few exceptions, or independent; some do not state one."""
    n = int(rng.integers(30, 90))
    first = rng.choice(5, n, p=rng.dirichlet(np.full(5, 2.0)))
    second = np.where(rng.random(n) < rng.choice([0.03, 0.1, 1]), rng.integers(0, 5, n), first)
    third = first * 3 + rng.integers(0, 3, n) if rng.random() < 0.5 else rng.integers(0, 4, n)
    fourth = np.where(rng.random(n) < 0.05, rng.integers(0, 4, n), second // 2)
    codes = {"function": first, "organisation": second, "unit": third, "level": fourth}
    roles = {}
    for role in list(codes)[: rng.integers(3, 5)]:
        values = np.array([f"{role} {code}" for code in codes[role]], dtype=object)
        values[rng.random(n) < rng.choice([0, 0, 0.02, 0.2])] = None
        roles[role] = values
    return tiny_survey(rng.integers(1, 6, (n, 3)), **roles)


def test_no_few_follow_from_what_is_shown_of_random_surveys():
    rng = np.random.default_rng(20260104)
    groups = hidden = 0
    for _ in range(40):
        survey = random_roles(rng)
        shown = shown_groups(survey, pd.Series(True, index=survey.given.index))
        assert few_in_span(known_sets(survey, shown)) == []
        hidden += sum(len(names) for names in shown.hidden.values())
        groups += sum(survey.role(role).nunique() for role in shown.hidden)
    assert hidden < 0.75 * groups  # the surveys are made of groups that give each other away, and yet some are shown


def test_what_is_found_is_what_the_projection_finds():
    """The search finds somebody exactly where going through all sets does, also sets that take several rows."""
    rng = np.random.default_rng(7)
    outcomes = []
    for _ in range(300):
        groups = rng.random((rng.integers(2, 6), rng.integers(6, 15))) < rng.choice([0.3, 0.6])
        groups = np.unique(groups, axis=1)
        sizes = rng.choice([1, 1, 2, 3, 6, 7], groups.shape[1])
        people = np.repeat(groups, sizes, axis=1)
        expected = few_in_span(np.vstack([people, np.zeros(people.shape[1])]))
        found = derivable_few(groups, sizes, minimum=MINIMUM_CELL)
        assert bool(found) == bool(expected)
        outcomes.append(bool(found))
    assert 30 < sum(outcomes) < 270


def test_a_set_that_takes_several_groups_added_and_subtracted_is_found():
    """Two groups minus two others are two people, of whom no two groups leave few."""
    groups = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 1, 1], [1, 0, 1, 0, 0], [0, 1, 0, 1, 1]], dtype=bool)
    found = derivable_few(groups, np.array([9, 8, 7, 6, 2]), minimum=5)
    assert few_in_span(np.repeat(groups, [9, 8, 7, 6, 2], axis=1))
    assert [cells.tolist() for cells in found] == [[4]]


def test_the_same_groups_are_hidden_in_any_order_of_the_respondents():
    survey = random_roles(np.random.default_rng(5))
    shuffled = np.random.default_rng(6).permutation(survey.n)
    roles = {role: survey.role(role).to_numpy(dtype=object)[shuffled] for role in survey.respondents if role != "id"}
    other = tiny_survey(survey.given.to_numpy()[shuffled], **roles)
    one = shown_groups(survey, pd.Series(True, index=survey.given.index))
    assert shown_groups(other, pd.Series(True, index=other.given.index)).hidden == one.hidden


def test_who_keeps_the_few_unstated_company_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(8)
    answers = rng.integers(1, 6, (40, 3))
    level = np.array([None, None, *["Boss"] * 14, *["Staff"] * 24], dtype=object)
    left_out = []
    for order in (np.arange(40), rng.permutation(40)):
        survey = tiny_survey(answers[order], level=level[order])
        kept = shown_groups(survey, pd.Series(True, index=survey.given.index)).kept
        assert (~kept).sum() == MINIMUM_CELL
        left_out.append(sorted(map(tuple, answers[order][~kept])))
    assert left_out[0] == left_out[1]
