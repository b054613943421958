"""A dimension whose low scores are good says so wherever it is named, and no sentence praises its high scores."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import cxkit as cx
from cxkit.survey.instrument import LOW_IS_GOOD
from cxkit.survey.instrument_file import instrument_from
from cxkit.validation.reliability.total_score import stratified_alpha
from tests.conftest import tiny_instrument, tiny_survey
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N

DESCRIBED = {
    "name": "directed", "title": "Directed", "citation": "made in a test", "licence": "CC0-1.0",
    "scale": {"low": 1, "high": 5},
    "dimension": [
        {
            "key": key, "title": title, "higher_is": higher_is,
            "items": [{"key": f"{key}_{i}", "text": f"Question {i} on {key}"} for i in (1, 2, 3)],
        }
        for key, title, higher_is in (("d1", "Climate", "better"), ("d2", "Stress", "worse"))
    ],
}  # fmt: skip


def directed(shift: float = 0.0, *, higher_is: str = "worse"):
    """Climate and stress, which go against each other; `shift` moves the stress of the first third (the bosses)."""
    rng = np.random.default_rng(3)
    factor = rng.standard_normal((N, 1))
    noise = 0.8 * rng.standard_normal((N, 6))
    latent = np.hstack([np.repeat(factor, 3, axis=1), np.repeat(-factor, 3, axis=1)]) + noise
    survey = tiny_survey(np.clip(np.round(latent + 3), 1, 5), about=STATED, **ROLES)
    described = {**DESCRIBED, "dimension": [dict(d) for d in DESCRIBED["dimension"]]}
    described["dimension"][1]["higher_is"] = higher_is
    given = survey.given.copy()
    bosses = (survey.respondents["level"] == "Boss").to_numpy()
    stress = ["d2_1", "d2_2", "d2_3"]
    given.loc[bosses, stress] = np.clip(given.loc[bosses, stress] + shift, 1, 5)
    return replace(survey, instrument=instrument_from(described, where="test"), given=given)


def told(result) -> str:
    """Everything that a reader sees of a result, in one line."""
    axes = result.plot() if hasattr(type(result), "draw") else None
    drawn = [] if axes is None else [t.get_text() for t in axes.get_figure(root=True).findobj(Text)]
    parts = [str(result), result._repr_html_(), str(result.verdicts), result.text, result.alt, *drawn]
    return " ".join(" ".join(parts).split())


@pytest.fixture(autouse=True)
def no_open_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


VARIANTS = ("bootstrapped alpha", "bifactor", "number_of_factors", "polychoric parallel analysis")
WALKED = [name for name in ANALYSES if "," not in name and name not in VARIANTS]


@pytest.mark.parametrize("analysis", WALKED)
def test_every_analysis_repeats_the_direction(analysis):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        try:
            shown = told(ANALYSES[analysis](directed()))
        except cx.CxkitError as refusal:
            shown = str(refusal)
    bare = shown.replace("Stress" + LOW_IS_GOOD, "")
    assert "Stress" not in bare, bare[max(0, bare.find("Stress") - 60) : bare.find("Stress") + 60]


def test_the_instrument_says_which_way_a_dimension_points():
    dimension = directed().instrument.dimension("d2")
    assert (dimension.title, dimension.name, dimension.higher_is) == ("Stress (low is good)", "Stress", "worse")
    with pytest.raises(cx.InstrumentError, match="higher_is is 'bad'; it must be 'better' or 'worse'"):
        directed(higher_is="bad")
    assert cx.load_instrument("lq2002").dimension("hostility").higher_is == "worse"


def test_high_hostility_is_no_praise():
    survey = cx.load_survey("lq2002")
    scores = cx.dimension_scores(survey)
    assert "Hostility (low is good) scores" in scores.text
    assert "lowest Hostility" not in scores.text


def _organisation(stress: float) -> tuple[cx.Survey, str]:
    """Fifteen organisations whose stress rises from first to last, and the one at this share of the way."""
    rng = np.random.default_rng(1)
    organisation = np.repeat(np.arange(15), 40)
    answers = rng.normal(3, 0.5, (600, 6))
    answers[:, 3:] += ((organisation - 7) / 7)[:, None]
    answers = np.clip(np.round(answers), 1, 5)
    survey = tiny_survey(answers, about=STATED, organisation=[str(o) for o in organisation])
    survey = replace(survey, instrument=instrument_from(DESCRIBED, where="test"))
    return survey, str(round(14 * stress))


@pytest.mark.parametrize(
    ("stress", "words", "low", "high"),
    [
        (1.0, "above the middle, which is unfavourable, on Stress (low is good)", 0.0, 0.01),
        (0.0, "below the middle, which is favourable, on Stress (low is good)", 0.5, 1.0),
    ],
)
def test_the_best_tenth_is_the_lowest_where_low_is_good(stress, words, low, high):
    survey, organisation = _organisation(stress)
    norm = cx.build_norm(survey, leave_out=organisation)
    result = cx.percentile_benchmark(survey.subset(organisation=organisation), norm, seed=1)
    row = result.frame.set_index("dimension").loc["d2"]
    assert words in result.text
    assert low <= row["p_top_tenth"] <= high
    assert (row["percentile"] > 50) == (stress > 0.5)
    assert "P(best tenth)" in result.table.columns
    shaded = {patch.get_x() for patch in result.plot().patches if patch.get_width() == 10}
    assert shaded == {0, 90}


@pytest.mark.parametrize(("shift", "word"), [(2.0, "less favourable"), (-2.0, "more favourable")])
def test_gaps_of_levels_are_judged(shift, word):
    gap = cx.level_gap(directed(shift), leaders=["Boss"])
    assert f"{'higher' if shift > 0 else 'lower'}, which is {word} (95 % interval of the gap" in gap.text
    assert "which is" not in cx.level_gap(directed(shift, higher_is="better"), leaders=["Boss"]).text


@pytest.mark.parametrize(("shift", "word"), [(2.0, "unfavourable"), (-2.0, "favourable")])
def test_groups_are_judged_and_coloured(shift, word):
    profile = cx.group_profile(directed(shift), by="level")
    boss = profile.text
    assert "Stress (low is good)" in boss
    side_word = {"above": "unfavourable", "below": "favourable"}
    side = "above" if "points above it" in boss else "below"
    assert f"points {side} it, which is {side_word[side]}" in boss
    axes = profile.plot()
    assert axes.get_xlabel() == "Mean score; blue better than the rest, orange worse"
    gap = profile.frame.query("dimension == 'd2' and group == 'Boss'")["gap"].item()
    colours = axes.collections[0].get_array().reshape(2, -1)
    stress = colours[list(dict.fromkeys(profile.frame["group"])).index("Boss"), 1]
    assert np.sign(stress) == -np.sign(gap), word


def test_a_total_turns_unfavourable_dimensions_round():
    survey = directed()
    turned = survey.given.copy()
    turned.iloc[:, 3:] = 6 - turned.iloc[:, 3:]
    favourable = replace(survey, given=turned, instrument=tiny_instrument())
    found, wanted = stratified_alpha(survey), stratified_alpha(favourable)
    assert found.stratified == pytest.approx(wanted.stratified, abs=1e-12)
    assert found.alpha == pytest.approx(wanted.alpha, abs=1e-12)
    pd.testing.assert_series_equal(found.frame["share_of_variance"], wanted.frame["share_of_variance"])
    assert "Turned round in the total: Stress (low is good)." in found.note
    assert "Turned round" not in wanted.note
