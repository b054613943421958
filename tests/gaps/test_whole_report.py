"""What the tables of one report give away together: attacks that treat all their numbers as equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.errors import AnalysisError
from cxkit.survey.privacy import MINIMUM_CELL
from tests.conftest import tiny_survey
from tests.survey.attacks import few_in_span

ROLES = ("level", "function", "unit")


class Attacker:
    """Knows who belongs to which group, holds every table unrounded, and solves for the groups that are hidden.

    Written without the kit's own rules: every published mean of a known set of people is an equation for the sum of
    their scores, and a set is exposed if its sum is a linear combination of the published sums.
    """

    def __init__(self, survey: cx.Survey, dimension: str = "d1") -> None:
        self.survey, self.dimension = survey, dimension
        self.scores = survey.scores()[dimension]
        self.scored = self.scores.notna().to_numpy()
        self.equations: list[np.ndarray] = []
        self.sums: list[float] = []

    def learn(self, members: np.ndarray, n: float, mean: float) -> None:
        members = members & self.scored
        if not np.isnan(n) and members.sum() == n:  # else the table rests on fewer people than he thinks
            self.equations.append(members.astype(float))
            self.sums.append(n * mean)

    def read_profile(self, by: str) -> None:
        profile = cx.group_profile(self.survey, by=by)
        frame = profile.frame[profile.frame["dimension"] == self.dimension]
        for row in frame[~frame["hidden"].astype(bool)].to_dict("records"):
            inside = (self.survey.role(by).astype("str") == row["group"]).to_numpy() & self.who_was_left(by)
            outside = self.who_was_left(by) & ~inside
            self.learn(inside, row["n"], row["mean"])
            self.learn(outside, float((outside & self.scored).sum()), row["mean"] - row["gap"])

    def read_gap(self, leaders: list[str]) -> None:
        gap = cx.level_gap(self.survey, leaders=leaders).frame.set_index("dimension").loc[self.dimension]
        level = self.survey.role("level")
        lead = level.astype("str").isin(leaders).to_numpy()
        stated = self.who_was_left("level")
        self.learn(lead & stated, gap["n_leaders"], gap["mean_leaders"])
        self.learn(~lead & stated, gap["n_others"], gap["mean_others"])

    def who_was_left(self, by: str) -> np.ndarray:
        """Whom the tables rest on: the note says that people are left out where few do not state an attribute."""
        labels = self.survey.respondents[[role for role in ROLES if role in self.survey.respondents]]
        kept = self.scored.copy()
        for _ in range(len(ROLES)):
            for role in labels:
                unstated = labels[role].isna().to_numpy() & kept
                if 0 < unstated.sum() < MINIMUM_CELL:
                    kept &= ~unstated
        company = MINIMUM_CELL - int((self.scored & ~kept).sum())
        if 0 < company < MINIMUM_CELL:
            of_all = labels[kept].dropna().astype("str").agg("|".join, axis=1)
            commonest = of_all.value_counts().pipe(lambda counts: counts[counts == counts.max()]).index.min()
            lots = pd.util.hash_pandas_object(self.survey.answers, index=False)[of_all.index[of_all == commonest]]
            kept[lots.sort_values().index[:company]] = False
        return kept & labels[by].notna().to_numpy()

    def exposed(self) -> list[str]:
        """The groups of fewer than five whose mean follows from the equations, and how well it was found."""
        if not self.equations:
            return []
        system = np.array(self.equations).T
        found = []
        for name, members in self.small_groups():
            weights = np.linalg.lstsq(system, members, rcond=None)[0]
            if np.abs(system @ weights - members).max() < 1e-8:
                truth = self.scores[members.astype(bool)].sum()
                assert weights @ np.array(self.sums) == pytest.approx(truth, abs=1e-6)
                found.append(name)
        return found

    def small_groups(self) -> list[tuple[str, np.ndarray]]:
        out = []
        for role in (r for r in ROLES if r in self.survey.respondents):
            labels = self.survey.role(role).astype("str").where(self.survey.role(role).notna(), "not stated")
            for name in labels.unique():
                members = (labels == name).to_numpy() & self.scored
                if 0 < members.sum() < MINIMUM_CELL:
                    out.append((f"{role} {name}", members.astype(float)))
        return out


def few_executives(seed: int = 1) -> cx.Survey:
    rng = np.random.default_rng(seed)
    return tiny_survey(
        rng.integers(1, 6, (94, 6)),
        level=["Executives"] * 4 + ["Managers"] * 20 + ["Staff"] * 70,
        function=rng.choice(list("ABCD"), 94),
    )


def test_the_executives_mean_does_not_follow_from_two_tables():
    """The others' mean of the gap table minus the staff's of the table of levels was the mean of four executives."""
    survey = few_executives()
    attacker = Attacker(survey)
    attacker.read_gap(["Managers"])
    attacker.read_profile("level")
    attacker.read_profile("function")
    assert attacker.equations
    assert attacker.exposed() == []
    gap = cx.level_gap(survey, leaders=["Managers"])
    assert gap.text == (
        "No gap can be shown: Executives and Managers must stay on one side, because some of them are too few to be "
        "shown and the other tables by level would give their answers away. Count all of them among the leaders, "
        "or none."
    )


def test_the_remedy_that_is_offered_works():
    gap = cx.level_gap(few_executives(), leaders=["Executives", "Managers"])
    assert not gap.frame["hidden"].any()
    assert gap.frame["n_leaders"].tolist() == [24, 24]


def test_the_attack_works_where_every_table_protects_only_itself():
    """The attacker is no straw man: with the numbers of the tables as they were he finds the four executives."""
    survey = few_executives()
    attacker = Attacker(survey)
    level = survey.role("level").astype("str").to_numpy()
    for members in (level == "Managers", level != "Managers", level == "Staff", level != "Staff"):
        attacker.learn(members, float(members.sum()), float(attacker.scores[members].mean()))
    assert attacker.exposed() == ["level Executives"]


def random_survey(rng: np.random.Generator) -> cx.Survey:
    """Small and overlapping groups, units within functions or across them, unstated attributes, missing answers."""
    n = int(rng.integers(30, 120))
    answers = rng.integers(1, 6, (n, 3)).astype(float)
    answers[rng.random(n) < rng.choice([0, 0.1, 0.3])] = np.nan
    function = rng.choice(list("ABCDE"), n, p=rng.dirichlet(np.ones(5)))
    unit = rng.integers(0, 4, n).astype(str)
    roles = {
        "level": rng.choice(["Executives", "Managers", "Staff"], n, p=[0.06, 0.24, 0.7]).astype(object),
        "function": function.astype(object),
        "unit": (np.char.add(function, unit) if rng.random() < 0.7 else unit).astype(object),
    }
    for values in roles.values():
        values[rng.random(n) < rng.choice([0, 0.03, 0.2])] = None
    return tiny_survey(answers, **roles)


def test_no_report_exposes_a_small_group_in_random_surveys():
    rng = np.random.default_rng(20260103)
    read = 0
    for _ in range(25):
        survey = random_survey(rng)
        attacker = Attacker(survey)
        levels = list(survey.role("level").cat.categories)
        readings = [lambda a, by=by: a.read_profile(by) for by in ROLES]
        readings += [lambda a, one=one: a.read_gap([one]) for one in levels]
        for reading in readings:
            try:
                reading(attacker)
            except AnalysisError:  # the whole table is refused: nothing was read
                continue
        read += len(attacker.equations)
        assert attacker.exposed() == []
        if attacker.equations:
            assert few_in_span(np.array(attacker.equations)) == []
    assert read > 200  # and yet most of the numbers are shown


def test_units_within_a_function_are_protected_by_its_total():
    """Function A has units of 3, 8 and 9: hiding only a unit of another function would leave A minus 8 and 9."""
    units = ["A1"] * 3 + ["A2"] * 8 + ["A3"] * 9 + ["B1"] * 6 + ["B2"] * 10
    survey = tiny_survey(
        np.random.default_rng(2).integers(1, 6, (36, 3)), unit=units, function=[unit[0] for unit in units]
    )
    hidden = cx.group_profile(survey, by="unit").frame.set_index("group")["hidden"]
    assert hidden.to_dict() == {"A1": True, "A2": True, "A3": False, "B1": False, "B2": False}
    assert not cx.group_profile(survey, by="function").frame["hidden"].any()


def test_what_is_left_of_a_function_is_no_small_group_either():
    """Ten people of a function, eight of them all of a unit: the difference would be the other two."""
    survey = tiny_survey(
        np.random.default_rng(2).integers(1, 6, (40, 3)),
        function=["Board"] * 10 + ["Rest"] * 30,
        unit=["Office"] * 8 + ["X"] * 12 + ["Y"] * 20,
    )
    assert cx.group_profile(survey, by="unit").frame.set_index("group").loc["Office", "hidden"]


def test_few_who_do_not_state_their_level_are_in_no_table():
    level = ["Boss"] * 10 + [None] * 3 + ["Staff"] * 40
    survey = tiny_survey(
        np.random.default_rng(4).integers(1, 6, (53, 3)), level=level, function=list("ab") * 26 + ["a"]
    )
    profile = cx.group_profile(survey, by="function")
    assert profile.frame["n"].sum() == 48  # as others are of everybody, five are left out and not three
    assert "5 left out: so few do not state one of their attributes" in profile.note
    attacker = Attacker(survey)
    attacker.read_profile("function")
    attacker.read_gap(["Boss"])
    assert len(attacker.equations) == 6
    assert attacker.exposed() == []


def test_mean_squares_rest_on_shown_groups_alone():
    """Sums of hidden groups are whole numbers: mean squares over them leave few candidates, however many they are."""
    rng = np.random.default_rng(5)
    function = ["A"] * 4 + ["B"] * 6 + ["C"] * 30 + ["D"] * 20
    survey = tiny_survey(rng.integers(1, 6, (60, 3)), function=function)
    result = cx.group_reliability(survey, by="function")
    assert result.frame["n_groups"].tolist() == [2]
    assert result.frame["n"].tolist() == [50]
    assert "2 groups left out" in result.note
    three = tiny_survey(rng.integers(1, 6, (56, 3)), function=["A", "B", "E"] * 2 + function[10:])
    assert cx.group_reliability(three, by="function").frame["n_groups"].tolist() == [2]


def test_agreement_rests_on_the_people_of_the_other_tables():
    """Three who state a unit and no level were in the ICC alone: the difference of the sums of squares was theirs."""
    rng = np.random.default_rng(7)
    level = ["Boss"] * 10 + [None] * 3 + ["Staff"] * 40
    survey = tiny_survey(rng.integers(1, 6, (53, 3)), level=level, unit=(list("ab") * 27)[:53])
    profile = cx.group_profile(survey, by="unit").frame.set_index("group")["n"]
    assert cx.group_reliability(survey, by="unit").frame["n"].tolist() == [48] == [profile.sum()]
    assert cx.within_group_agreement(survey, by="unit").groups.set_index("group")["n"].to_dict() == profile.to_dict()


def test_hidden_groups_are_in_no_table_of_agreement():
    function = ["A"] * 4 + ["B"] * 6 + ["C"] * 30 + ["D"] * 20
    survey = tiny_survey(np.random.default_rng(5).integers(1, 6, (60, 3)), function=function)
    assert cx.within_group_agreement(survey, by="function").groups["group"].tolist() == ["C", "D"]


def test_where_protection_leaves_one_group_the_message_says_so():
    survey = tiny_survey(np.random.default_rng(5).integers(1, 6, (40, 3)), function=["A"] * 4 + ["B"] * 6 + ["C"] * 30)
    with pytest.raises(AnalysisError, match="2 groups hidden to protect their members. Join small groups"):
        cx.group_reliability(survey, by="function")


def test_shown_numbers_of_a_survey_with_large_groups_only_are_untouched():
    survey = tiny_survey(
        np.random.default_rng(6).integers(1, 6, (60, 3)),
        level=["Boss"] * 12 + ["Staff"] * 48,
        function=list("abc") * 20,
    )
    assert not cx.group_profile(survey, by="function").frame["hidden"].any()
    assert not cx.level_gap(survey, leaders=["Boss"]).frame["hidden"].any()
    assert cx.group_reliability(survey, by="function").frame["n_groups"].tolist() == [3]
