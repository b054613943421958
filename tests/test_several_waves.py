"""One person in five waves is one person: no analysis takes their answer sheets for those of five."""

from __future__ import annotations

import ast
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.results.result import Result
from cxkit.survey.survey import Survey
from tests.conftest import tiny_survey
from tests.test_allowed import NOTEBOOKS, parameters_of, reading_cells
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N

OF_SEVERAL_SHEETS = {
    "retest_reliability": "it compares the sheets of each person",
    "report_standards": "it has no numbers of its own",
    "rater_reliability": "it takes a table of ratings and no survey",
    "coder_agreement": "it takes a table of codings and no survey",
    "bifactor": "it is refused for two dimensions, whoever answered",
    "confirm_structure, bifactor": "it is refused for two dimensions, whoever answered",
}
"""The analyses that are not asked, and why."""


def answers(rows: int = N, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(rows, 2)) @ np.array([[1, 0.4], [0, 0.9]])
    return np.clip(np.round(3 + np.repeat(factor, 3, axis=1) + rng.normal(0, 0.8, (rows, 6))), 1, 5)


def in_waves(*, ids: list[str] | None = None, waves: int = 2) -> Survey:
    """All roles, and people who answered once in each wave; without ids unless they are given."""
    roles = {**ROLES, "wave": [str(1 + row * waves // N) for row in range(N)]}
    return tiny_survey(answers(), about=STATED, **roles, **({} if ids is None else {"id": ids}))


def same_people(waves: int = 2) -> list[str]:
    return [f"p{row % (N // waves)}" for row in range(N)]


def one_boss(waves: int = 5) -> Survey:
    """30 people in each wave; on the board sits one of them, every time."""
    people = 31
    unit = ["Board", *(["Sales"] * 15), *(["Service"] * 15)] * waves
    level = ["Head", *(["Staff"] * 30)] * waves
    given = answers(people * waves)
    given[::people] = 1
    ids = [f"p{row % people}" for row in range(people * waves)]
    wave = [str(1 + row // people) for row in range(people * waves)]
    return tiny_survey(given, unit=unit, level=level, id=ids, wave=wave)


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("analysis", sorted(ANALYSES.keys() - OF_SEVERAL_SHEETS))
def test_every_analysis_refuses_sheets_of_the_same_people(analysis):
    survey = in_waves(ids=same_people())
    with pytest.raises(cx.AnalysisError) as refusal:
        ANALYSES[analysis](survey)
    said = str(refusal.value)
    assert "120 answer sheets of 60 people, 60 of them in both waves" in said
    assert "survey.subset(wave='2')" in said
    assert "-p wave=2" in said


SLOW = (
    "confirm_structure", "compare_structures", "convergent_validity", "discriminant_validity", "common_method", "omega",
    "hierarchical_omega", "ordinal_reliability", "parallel_analysis", "number_of_factors", "sampling_adequacy",
    "split_half",
)  # fmt: skip


@pytest.mark.parametrize("analysis", SLOW)
def test_they_are_refused_before_anything_is_computed(analysis, monkeypatch):
    def too_late(*arguments, **options):
        raise AssertionError("the result was computed first")

    monkeypatch.setattr(Result, "__post_init__", too_late)
    monkeypatch.setattr(sem, "cfa", too_late)
    survey = in_waves(ids=same_people())
    with pytest.raises(cx.AnalysisError, match="120 answer sheets of 60 people"):
        getattr(cx, analysis)(survey)
    assert "120 answer sheets of 60 people" in cx.attempt(getattr(cx, analysis), survey).text


@pytest.mark.parametrize("analysis", ["group_profile", "level_gap", "cronbach_alpha", "dimension_scores", "build_norm"])
def test_other_people_in_each_wave_are_other_people(analysis):
    """Ids that say so change nothing; without ids every table says what nobody can know."""
    ours = ANALYSES[analysis](in_waves(ids=[f"p{row}" for row in range(N)]))
    unknown = ANALYSES[analysis](in_waves())
    pd.testing.assert_frame_equal(ours.frame, unknown.frame)
    assert "answer sheet" not in ours.note
    assert "120 answer sheets of 2 waves without an id" in unknown.note
    assert "answer sheets" in unknown.picture().caption if analysis != "build_norm" else True


@pytest.mark.parametrize("wave", ["1", "2", "3", "4", "5"])
def test_one_person_on_the_board_is_never_shown(wave):
    survey = one_boss()
    for ask in (
        lambda s: cx.group_profile(s, by="unit"),
        lambda s: cx.within_group_agreement(s, by="unit"),
        lambda s: cx.level_gap(s, leaders=["Head"]),
        cx.missing_pattern,
        cx.answer_distribution,
    ):
        with pytest.raises(cx.AnalysisError, match="155 answer sheets of 31 people"):
            ask(survey)
    then = survey.subset(wave=wave)
    profile = cx.group_profile(then, by="unit").frame
    assert profile.loc[profile["group"] == "Board", "hidden"].all()
    assert cx.level_gap(then, leaders=["Head"]).frame["hidden"].all()
    assert "Board" not in set(cx.within_group_agreement(then, by="unit").groups["group"])


def test_a_shipped_panel_shows_no_unit_of_fewer_than_five():
    panel = cx.load_survey("univbct")
    with pytest.raises(cx.AnalysisError, match=r"1,485 answer sheets of 495 people, 495 of them in more than one of 3"):
        cx.group_profile(panel, by="unit")
    latest = cx.one_wave(panel)
    assert latest.name == "univbct, wave 2"
    assert latest.people.several == 0
    assert latest.text.splitlines()[6].startswith(
        "Only wave 2 is analysed, the latest of 0, 1, 2: the file holds 1,485"
    )
    shown = cx.group_profile(latest, by="unit").frame.dropna(subset="n")
    assert shown["n"].min() >= 5


def test_groups_that_are_waves_are_compared_and_others_are_not():
    survey = in_waves(ids=same_people())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        across = (
            cx.measurement_invariance(survey, by="wave", minimum=20, up_to="configural"),
            cx.differential_item_functioning(survey, by="wave", minimum=20),
        )
    for found in across:
        assert "60 answer sheets come from people who answered more than once" in found.note
        assert "The data are 120 answer sheets of 60 people" in found.note
    for ask in (cx.measurement_invariance, cx.differential_item_functioning):
        with pytest.raises(cx.AnalysisError, match="takes every sheet in one group for another person"):
            ask(survey, by="level", minimum=20)


def test_no_wave_to_choose():
    """Rows made in Python may repeat an id without any wave."""
    survey = tiny_survey(answers(), id=same_people())
    with pytest.raises(cx.AnalysisError, match=r"60 of them with more than one sheet\. .* Keep one sheet of each pers"):
        cx.cronbach_alpha(survey)
    assert cx.one_wave(survey) is survey


def test_which_wave_a_report_looks_at():
    survey = in_waves(ids=same_people())
    assert cx.one_wave(survey, "1").name == "tiny, wave 1"
    assert cx.one_wave(survey).name == "tiny, wave 2"
    assert cx.one_wave(in_waves()).n == N
    with pytest.raises(cx.OptionError, match=r"No wave '3' in 'tiny'\. Known: 1, 2\."):
        cx.one_wave(survey, "3")
    wave = survey.respondents["wave"].astype("str")
    gone = survey.subset(~((wave == "2") & (survey.role("organisation") == "3")))
    assert cx.one_wave(gone, organisation="3").name == "tiny, wave 1"
    assert "the latest of 1, 2 in which 3 answered" in cx.one_wave(gone, organisation="3").notes[0]


def test_sheets_and_people_are_both_said(tmp_path):
    """`cxkit check` and a report's draft count people, not rows."""
    survey = in_waves(ids=[*[f"p{row}" for row in range(60)], *[f"p{row + 10}" for row in range(60)]])
    assert survey.text.startswith("tiny: 120 answer sheets of 70 people, 50 of them in both waves, 6 items")
    assert "120 answer sheets of 70 people, 50 of them in both waves" in repr(survey)
    draft = str(cx.methods_paragraph(survey))
    assert "70 people took part, 50 of them in both waves, and handed in 120 answer sheets" in draft
    assert "120 respondents" not in draft
    alone = str(cx.methods_paragraph(survey.subset(wave="2")))
    assert "60 respondents took part in wave 2." in alone


def means_missed(surveys: int, *, stacked: bool) -> int:
    """How many intervals miss the true mean, of so many surveys of two waves (r = .75)."""
    rng, missed, people = np.random.default_rng(5), 0, 60
    for _ in range(surveys):
        first = rng.normal(size=people)
        both = np.concatenate([first, 0.75 * first + 0.4375**0.5 * rng.normal(size=people)])
        ids = np.arange(2 * people) if stacked else np.arange(2 * people) % people
        survey = tiny_survey(
            np.repeat(both[:, None], 3, axis=1), wave=["1"] * people + ["2"] * people, id=[f"p{name}" for name in ids]
        )
        row = cx.dimension_scores(cx.one_wave(survey)).frame.iloc[0]
        missed += not row["ci_low"] < 0 < row["ci_high"]
    return missed


def test_one_wave_keeps_the_promised_error_rate():
    """Of 100 intervals 5 miss by chance; with both waves' rows as if of different people 14 are expected to."""
    assert means_missed(100, stacked=False) <= 11  # the 99 % point of a binomial variable, 100 times .05
    assert means_missed(100, stacked=True) >= 12


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize("wave", ["", "0"])
def test_notebooks_take_one_wave_and_say_so_on_top(name, wave):
    """Without the parameter the latest wave, so that a student gets a report in which everybody counts once."""
    cells = reading_cells(name)[1]
    values = {p.name: p.default for p in parameters_of(name).values()}
    values |= {"survey_path": "univbct", "wave": wave, "organisation": "4", "leaders": ["Sergeants"]}
    values |= {"groups": "organisation", "compared_groups": [], "group": "unit"}
    exec(compile(ast.parse(cells), name, "exec"), values)
    survey = values["own" if name == "02_benchmark" else "survey"]
    assert survey.people.several == 0
    assert survey.name.startswith(f"univbct, wave {wave or 2}")
    said = [line for line in survey.text.splitlines() if line.startswith("Only wave 2 is analysed, the latest of 0, 1")]
    assert len(said) == (not wave)
    with pytest.raises(cx.NotebookError, match="wave = \"3\": 'univbct' has no wave '3'"):
        exec(compile(ast.parse(cells), name, "exec"), values | {"wave": "3"})


def test_a_year_mistyped_is_told_all_waves():
    years = in_waves(ids=same_people())
    waves = years.respondents["wave"].astype("str").map({"1": "2023", "2": "2025"}).astype("category")
    survey = replace(years, respondents=years.respondents.assign(wave=waves))
    with pytest.raises(cx.OptionError, match=r"Did you mean '202\d'\? Known: 2023, 2025\.$"):
        cx.one_wave(survey, "2024")
    with pytest.raises(cx.NotebookError, match=r"Did you mean '202\d'\? Known: 2023, 2025\."):
        cx.check_notebook_names({"wave": "2024"}, survey, wave="wave")
