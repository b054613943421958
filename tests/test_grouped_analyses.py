"""Every public analysis that takes groups: whom it leaves out and why, and whether its numbers give few people away."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.result import Result
from cxkit.survey.privacy import MINIMUM_CELL
from tests.conftest import tiny_survey
from tests.survey.attacks import few_in_span

ABOUT = cx.About(population="a test", period="2026", selection="all")
ANALYSES: dict[str, Callable[[cx.Survey], Result]] = {
    "group_profile level": lambda s: cx.group_profile(s, by="level"),
    "group_profile function": lambda s: cx.group_profile(s, by="function"),
    "group_profile unit": lambda s: cx.group_profile(s, by="unit"),
    "level_gap": lambda s: cx.level_gap(s, leaders=["Executives", "Managers"]),
    "group_reliability": lambda s: cx.group_reliability(s, by="unit"),
    "within_group_agreement": lambda s: cx.within_group_agreement(s, by="unit"),
    "measurement_invariance": lambda s: cx.measurement_invariance(s, by="level", dimensions=["d1"]),
    "differential_item_functioning": lambda s: cx.differential_item_functioning(s, by="level"),
    "build_norm": lambda s: cx.build_norm(s, by="organisation", about=ABOUT),
    "criterion_validity": lambda s: cx.criterion_validity(s, criterion="d2_1", groups="organisation"),
}
GROUPING = {"by", "groups", "leaders"}


def firm(*, missing: bool = False) -> cx.Survey:
    """Levels with three executives; two functions that are two units and two people; an organisation of four."""
    rows = [("A", "North", 26), ("B", "South", 26), ("A", "South", 10), ("B", "North", 10), ("A", "East", 2)]
    rows += [("C", "East", 20), ("C", "West", 20), ("D", "West", 16)]
    function, unit, counts = zip(*rows, strict=True)
    n = sum(counts)
    rng = np.random.default_rng(8)
    trait = np.repeat(rng.normal(size=(n, 2)), 3, axis=1)
    answers = np.clip(np.round(3 + trait + rng.normal(size=(n, 6))), 1, 5)
    organisation = rng.permutation([f"Firm {place % 11:02d}" for place in range(n - 4)] + ["Small firm"] * 4)
    level = rng.permutation(["Executives"] * 3 + ["Managers"] * 45 + ["Staff"] * (n - 54) + [None] * 6)
    if missing:
        answers[::17] = np.nan
    return tiny_survey(
        answers, level=level, function=np.repeat(function, counts), unit=np.repeat(unit, counts),
        organisation=organisation,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    survey = firm()
    return {name: analysis(survey) for name, analysis in ANALYSES.items()}


def test_the_walk_knows_every_analysis_that_takes_groups():
    taking = set()
    for name in cx.__all__:
        value = getattr(cx, name)
        if inspect.isfunction(value) and GROUPING & set(inspect.signature(value).parameters):
            taking.add(name)
    assert taking == {name.split()[0] for name in ANALYSES}


@pytest.mark.parametrize("name", ANALYSES)
def test_whoever_answered_is_not_said_to_lack_answers(results, name):
    """Everybody answered everything: whoever does not contribute is left out by a rule, and the note names it."""
    result = results[name]
    assert result.n + result.n_dropped == firm().n
    assert sum(result.by_rule.values()) == result.n_dropped
    assert "missing answers" not in result.origin
    assert all(f"left out: {reason}" in result.origin for reason in result.by_rule)


@pytest.mark.parametrize("name", ["group_profile unit", "level_gap", "group_reliability", "build_norm"])
def test_missing_answers_and_rules_are_told_apart(name):
    survey = firm(missing=True)
    result = ANALYSES[name](survey)
    lacking = int(survey.answers.isna().all(axis=1).sum())
    assert result.n_dropped - sum(result.by_rule.values()) == lacking
    assert f"{lacking} dropped for missing answers" in result.origin
    assert result.n + result.n_dropped == survey.n


def test_the_reasons_are_named():
    survey = firm()
    assert "6 left out: their level is not stated" in ANALYSES["level_gap"](survey).origin
    protected = "their groups have fewer than 5 respondents, or protect such a group"
    assert ANALYSES["build_norm"](survey).by_rule == {protected: 4 + 11}
    assert f"15 left out: {protected}" in ANALYSES["build_norm"](survey).note
    invariance = ANALYSES["differential_item_functioning"](survey)
    assert invariance.by_rule == {"their level is not stated": 6, "their groups have fewer than 30 respondents": 3}


def test_who_is_not_asked_for_is_told_apart():
    level = ["Staff"] * 40 + ["Managers"] * 40 + ["Executives"] * 20
    answers = firm().given.to_numpy()[:100]
    found = cx.differential_item_functioning(tiny_survey(answers, level=level), groups=["Staff", "Managers"])
    assert found.by_rule == {"their groups are not among those asked for": 20}


def test_waves_that_people_missed_are_no_missing_answers():
    rng = np.random.default_rng(9)
    ids, waves = [*range(20), *range(14)], ["1"] * 20 + ["2"] * 14
    answers = rng.integers(1, 6, (34, 6)).astype(float)
    answers[:2] = np.nan
    found = cx.retest_reliability(tiny_survey(answers, id=[f"p{place}" for place in ids], wave=waves))
    assert (found.n, found.n_dropped) == (12, 8)
    assert found.by_rule == {"they did not take part in every wave": 6}
    assert "2 dropped for missing answers; 6 left out: they did not take part in every wave" in found.note


def told_sizes(result: Result, role: str) -> Iterator[tuple[str, int]]:
    """Every group with the number of its people, from the tables and from what is printed below them."""
    for frame in (result.frame, getattr(result, "groups", None)):
        if isinstance(frame, pd.DataFrame) and {"group", "n"} <= set(frame):
            yield from ((str(row["group"]), int(row["n"])) for _, row in frame.dropna(subset="n").iterrows())
    for name, n in re.findall(r"([\w ]+?) \(n = (\d+)\)", f"{result.text} {result.note}".replace("Groups: ", ", ")):
        yield name.strip(), int(n)
    if "n_leaders" in result.frame and role == "level":
        for _, row in result.frame.dropna(subset="n_leaders").iterrows():
            yield "Executives, Managers", int(row["n_leaders"])
            yield "Staff", int(row["n_others"])


def test_no_sizes_of_groups_give_few_away(results):
    """All groups whose size is told by any analysis are sums; the attacker adds and subtracts them."""
    survey = firm()
    known = [np.ones(survey.n, dtype=bool)]
    for role in ("level", "function", "unit", "organisation"):
        labels = survey.role(role).astype("object")
        known += [labels.isna().to_numpy()] if labels.isna().any() else []
        for result in results.values():
            if result.settings.get("by", "level") != role:
                continue
            for name, n in told_sizes(result, role):
                members = labels.isin(name.split(", ")).to_numpy()
                assert n >= MINIMUM_CELL
                assert members.sum() == n
                known.append(members)
    assert len(known) > 10
    assert few_in_span(np.unique(np.array(known), axis=0)) == []


def test_small_groups_are_in_no_number_printed(results):
    for result in results.values():
        for row in result.table.astype(str).itertuples(index=False):
            if {"Executives", "Small firm"} & set(row):
                assert not re.search(r"\d", " ".join(value for value in row if value not in {"Executives"}))


def test_groups_that_agreement_leaves_out_are_said():
    survey = firm()
    hidden = cx.group_profile(survey, by="function").frame.drop_duplicates("group")["hidden"].sum()
    for analysis in (cx.within_group_agreement, cx.group_reliability):
        found = analysis(survey, by="function")
        assert found.hidden_groups == hidden == 2
        assert "2 groups left out to protect their members, as in the tables of groups" in found.note
        assert "left out: their groups have fewer than 5 respondents, or protect such a group" in found.note


def test_everybody_minus_the_groups_is_nobody_few():
    """Three do not state their level: all scores minus those of the table of functions must not be theirs alone."""
    survey = tiny_survey(
        np.random.default_rng(4).integers(1, 6, (53, 3)),
        level=["Boss"] * 10 + [None] * 3 + ["Staff"] * 40, function=list("ab") * 26 + ["a"],
    )  # fmt: skip
    everybody = cx.dimension_scores(survey).frame["n"].iloc[0]
    profile = cx.group_profile(survey, by="function")
    assert everybody - profile.frame["n"].sum() == MINIMUM_CELL
    assert "5 left out: so few do not state one of their attributes" in profile.note
