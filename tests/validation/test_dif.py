"""Differential item functioning against R's MASS::polr; calls in tests/reference/scripts/invariance.R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxkit as cx
from cxkit.statistics.proportional_odds import Cells, fit_ordered_logits, null_loglik
from cxkit.survey.datasets import dataset_path
from cxkit.validation.invariance.dif import differential_item_functioning
from cxkit.validation.invariance.dif_models import _compared, detectable, noncentrality
from tests.validation.building import survey_of

CASES = {
    "neuro_gender": ("neuroticism", "gender", 100),
    "agree_education": ("agreeableness", "education", 50),
}
ITEMS = 8


@pytest.fixture(scope="module")
def bfi(shipped):
    return shipped("bfi")


@pytest.fixture(scope="module")
def people(bfi):
    return pd.read_csv(dataset_path("bfi")).set_axis(bfi.given.index)


def planted(seed=1, *, n=700, shift=0.0, slope=0.0, items=1, answers=5):
    """Two groups that answer alike, but for the first items of the second."""
    rng = np.random.default_rng(seed)
    second = np.arange(2 * n) >= n
    standing = rng.standard_normal(2 * n) + 0.5 * second
    latent = 1.2 * standing[:, None] + rng.logistic(size=(2 * n, ITEMS)) * 0.6
    latent[:, :items] += (second * (shift + slope * standing))[:, None]
    survey = survey_of(np.digitize(latent, np.linspace(-2, 2, answers - 1)) + 1.0)
    return survey, pd.Series(np.where(second, "two", "one"), index=survey.given.index, name="half")


@pytest.mark.parametrize("case", CASES)
def test_tests_and_effects_equal_polr(reference, bfi, people, case):
    # R: polr(item ~ z), polr(item ~ z + g), polr(item ~ z * g); Nagelkerke's and McFadden's R2 from their logLik
    dimension, by, minimum = CASES[case]
    result = differential_item_functioning(
        bfi, by=people[by], dimensions=dimension, purify=False, minimum=minimum, effect="nagelkerke"
    )
    wanted = reference("invariance")["dif"][case]
    frame = result.frame.set_index("item")
    assert list(frame.index) == list(wanted)
    for item, values in wanted.items():
        _, alone, uniform, full = values["loglik"]
        row = frame.loc[item]
        assert row["n"] == values["n"]
        assert row["chi_uniform"] == pytest.approx(2 * (uniform - alone), abs=1e-8)
        assert row["chi_nonuniform"] == pytest.approx(2 * (full - uniform), abs=1e-8)
        assert row["chi_square"] == pytest.approx(2 * (full - alone), abs=1e-8)
        assert row["nagelkerke"] == pytest.approx(values["nagelkerke"], abs=1e-11)
        assert row["mcfadden"] == pytest.approx(values["mcfadden"], abs=1e-11)
        assert row["r2_uniform"] == pytest.approx(values["nagelkerke_uniform"], abs=1e-11)
        by_group = np.array([0.0, *values["uniform"][1:]])
        assert row["log_odds"] == pytest.approx(np.ptp(by_group), abs=1e-5)
        assert [row["highest"], row["lowest"]] == [str(by_group.argmax() + 1), str(by_group.argmin() + 1)]


def test_coefficients_equal_polr(reference, bfi, people):
    # R: polr(N1 ~ z * g), coef and zeta; R's optimiser stops about 1e-6 from the maximum
    data = pd.concat([bfi.items_of("neuroticism"), people["gender"]], axis=1).dropna()
    total = data.iloc[:, :5].sum(axis=1)
    z = ((total - total.mean()) / total.std(ddof=0)).to_numpy()
    second = (data["gender"] == 2).to_numpy(dtype=float)
    x = np.stack([z, second, z * second], axis=1)[None]
    counts = (data["N1"].to_numpy()[:, None] == np.arange(1, 7)).astype(float)[None]
    fit = fit_ordered_logits(Cells(counts=counts, predictors=x))
    wanted = reference("invariance")["dif"]["neuro_gender"]["N1"]
    assert fit.loglik[0] == pytest.approx(wanted["loglik"][3], abs=1e-8)
    assert fit.slopes[0] == pytest.approx(wanted["slopes"], abs=2e-5)
    assert fit.cuts[0] == pytest.approx(wanted["cuts"], abs=2e-5)
    assert null_loglik(counts)[0] == pytest.approx(wanted["loglik"][0], abs=1e-8)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_cells_are_as_good_as_people_and_items_do_not_disturb_one_another(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (60, 1)).astype(float)
    answers = np.digitize(0.8 * x[:, 0] + rng.logistic(size=60), [0.5, 2.0])
    if len(np.unique(answers)) < 3:
        return
    people = (answers[:, None] == np.arange(3)).astype(float)
    cells = np.stack([people[x[:, 0] == value].sum(axis=0) for value in range(4)])
    alone = fit_ordered_logits(Cells(counts=people[None], predictors=x[None]))
    joined = fit_ordered_logits(
        Cells(counts=np.stack([cells, cells[:, ::-1]]), predictors=np.repeat(np.arange(4.0)[None, :, None], 2, axis=0))
    )
    assert joined.loglik[0] == pytest.approx(alone.loglik[0], abs=1e-8)
    assert joined.slopes[0] == pytest.approx(alone.slopes[0], abs=1e-5)
    # Counting answers from the other end turns every sign round.
    assert joined.slopes[1] == pytest.approx(-joined.slopes[0], abs=1e-5)
    assert joined.cuts[1] == pytest.approx(-joined.cuts[0][::-1], abs=1e-5)
    assert joined.loglik[1] == pytest.approx(joined.loglik[0], abs=1e-8)


def test_two_answers_are_plain_logistic_regression():
    counts = np.array([[[30.0, 10.0], [12.0, 28.0]]])
    fit = fit_ordered_logits(Cells(counts=counts, predictors=np.array([[[0.0], [1.0]]])))
    assert fit.cuts[0, 0] == pytest.approx(np.log(30 / 10), abs=1e-8)
    assert fit.slopes[0, 0] == pytest.approx(np.log(28 / 12) - np.log(10 / 30), abs=1e-8)


def test_an_item_without_a_maximum_is_said_to_have_none():
    apart = np.array([[20.0, 0.0], [0.0, 20.0]])
    usual = np.array([[15.0, 5.0], [5.0, 15.0]])
    x = np.repeat(np.array([[0.0], [1.0]])[None], 2, axis=0)
    fit = fit_ordered_logits(Cells(counts=np.stack([apart, usual]), predictors=x))
    assert fit.converged.tolist() == [False, True]
    assert np.isnan(fit.slopes[0]).all()
    assert fit.slopes[1, 0] == pytest.approx(2 * np.log(3), abs=1e-8)


@pytest.mark.parametrize("answers", [2, 5, 7])
def test_what_was_planted_is_found(answers):
    survey, half = planted(shift=1.6, answers=answers)
    result = differential_item_functioning(survey, by=half)
    flagged = result.frame[result.frame["flagged"]]
    assert flagged["item"].tolist() == ["q1"]
    assert flagged["kind"].item() == "uniform"
    assert [flagged["highest"].item(), flagged["lowest"].item()] == ["two", "one"]
    assert not flagged["in_sum"].item()
    assert result.frame["in_sum"].sum() == ITEMS - 1


def test_a_difference_that_changes_along_the_dimension_is_called_so():
    survey, half = planted(slope=-1.1)
    row = differential_item_functioning(survey, by=half).frame.set_index("item").loc["q1"]
    assert row["kind"] == "non-uniform"
    assert row["p_nonuniform"] < 1e-10


def test_nothing_is_found_where_nothing_is():
    # 20 surveys of 8 items at alpha = .01: 1.6 false alarms of unadjusted p, hardly one by Holm.
    found = [
        differential_item_functioning(_with_level(*planted(seed, n=300)), criterion="p").frame["flagged"].sum()
        for seed in range(20)
    ]
    assert sum(found) <= 1


def _with_level(survey, half):
    level = pd.Categorical(half, categories=["one", "two"], ordered=True)
    respondents = pd.DataFrame({"level": level}, index=survey.given.index)
    return cx.Survey(name="small", instrument=survey.instrument, given=survey.given, respondents=respondents)


def test_purification_clears_the_innocent():
    survey, half = planted(shift=1.0, items=3)
    plain = differential_item_functioning(survey, by=half, criterion="p", purify=False)
    pure = differential_item_functioning(survey, by=half, criterion="p")
    guilty = ["q1", "q2", "q3"]
    assert plain.frame["flagged"].sum() > len(guilty)
    assert pure.frame.loc[pure.frame["flagged"], "item"].tolist() == guilty
    assert pure.settings["rounds"] > 1
    assert plain.settings["rounds"] == 1
    assert plain.frame["in_sum"].all()


def test_two_items_stay_in_the_sum():
    survey, half = planted(shift=1.5, items=4)
    survey = survey_of(survey.given[["q1", "q2", "q3", "q7"]])
    result = differential_item_functioning(survey, by=half, criterion="p", adjust="none", alpha=0.05)
    assert result.frame["in_sum"].sum() >= 2


@settings(max_examples=8)
@given(order=st.permutations(range(ITEMS)), seed=st.integers(0, 50))
def test_order_of_items_and_rows_is_irrelevant(order, seed):
    survey, half = planted(seed, n=150, shift=0.8)
    rows = np.random.default_rng(seed).permutation(len(survey))
    shuffled = survey_of(survey.given.iloc[rows, list(order)])
    straight, found = (
        differential_item_functioning(s, by=h).frame.set_index("item")
        for s, h in ((survey, half), (shuffled, half.iloc[rows].reset_index(drop=True)))
    )
    for name in ("chi_square", "r2_change", "p_adjusted", "log_odds"):
        expected = straight.loc[found.index, name].to_numpy()
        assert found[name].to_numpy() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_adjustments_and_effects(bfi, people):
    results = {
        adjust: differential_item_functioning(bfi, by=people["gender"], adjust=adjust, purify=False).frame
        for adjust in ("none", "bh", "holm")
    }
    none, bh, holm = (results[name]["p_adjusted"].to_numpy() for name in ("none", "bh", "holm"))
    assert np.array_equal(none, results["none"]["p_value"])
    assert (none <= bh).all()
    assert (bh <= holm).all()
    result = differential_item_functioning(bfi, by=people["gender"], adjust="bh", effect="mcfadden", purify=False)
    assert result.frame["r2_change"].equals(result.frame["mcfadden"])
    assert {"benjamini1995", "mcfadden1974", "jodoin2001", "swaminathan1990"} == set(result.references)


def test_groups_too_small_and_items_without_variance_are_named():
    survey, half = planted(n=120)
    answers = survey.given.assign(q2=3.0)
    result = differential_item_functioning(survey_of(answers), by=half)
    assert "q2" not in set(result.frame["item"])
    assert "Not tested in 'All': q2 (between 2 and 12 different answers are needed)." in result.note
    assert "1 item could not be tested: q2 (not between 2 and 12 different answers)." in result.text
    assert "answers differently at the same sum score, which holds the item itself, is told from chance" in result.note
    half = half.copy()
    half.iloc[:3] = "few"
    with pytest.raises(cx.AnalysisError, match=r"too small: 'All' \('few' has fewer than 5; every group needs \d+\)"):
        differential_item_functioning(survey, by=half, groups=["few", "two"])
    assert "'few' has fewer than 5." in differential_item_functioning(survey, by=half).note


def test_that_complete_answers_count_is_said_and_a_minimum_that_cannot_help_is_not_advised():
    survey, half = planted(n=60)
    half = half.copy()
    half.iloc[:5] = "exec"  # five people, one of whom left an item out
    answers = survey.given.copy()
    answers.iloc[0, 1] = np.nan
    with pytest.raises(cx.AnalysisError) as refused:
        differential_item_functioning(survey_of(answers), by=half, groups=["exec", "two"], minimum=5)
    words = str(refused.value)
    assert "only respondents who answered every item of the dimension count" in words
    assert "('exec' has fewer than 5; every group needs 5)" in words
    assert "smaller minimum" not in words
    assert "collect more answers" in words


def test_what_cannot_be_asked_is_said(bfi, people):
    refusals = {
        r"alpha=5 must lie between 0 and 1": {"alpha": 5},
        r"adjust='bonferroni' is not known\. Known: holm, bh, none": {"adjust": "bonferroni"},
        r"effect='nagelkerk' is not known\. Did you mean 'nagelkerke'": {"effect": "nagelkerk"},
        r"criterion='chi' is not known\. Known: size, p": {"criterion": "chi"},
        r"minimum=2 must be a whole number, at least 5": {"minimum": 2},
        r"Instrument 'bfi' has no dimension 'x'": {"dimensions": "x"},
    }
    for words, options in refusals.items():
        with pytest.raises(cx.CxkitError, match=words):
            differential_item_functioning(bfi, by=people["gender"], **options)


GOLDEN = """\
Differential item functioning
Dimension    Item  Wording                     p uniform  p non-uniform  p adjusted   Δ R²  Log odds  Kind     Effect
-------------------------------------------------------------------------------------------------------------------------
Neuroticism  N1    Get angry easily.              < .001           .390      < .001  0.002      0.41  uniform  negligible
Neuroticism  N2    Get irritated easily.            .122           .758        .289  0.000      0.13           negligible
Neuroticism  N3    Have frequent mood swings.       .057           .323        .201  0.000      0.16           negligible
Neuroticism  N4    Often feel blue.               < .001           .045      < .001  0.005      0.43  uniform  negligible
Neuroticism  N5    Panic easily.                  < .001           .444      < .001  0.007      0.52  uniform  negligible
"""  # noqa: E501
GOLDEN_TEXT = (
    "By gender, 3 of 5 items function differently: N5 (uniform, negligible, change of R² 0.007; answered highest by"
    " 2, lowest by 1); N4 (uniform, negligible, change of R² 0.005; answered highest by 1, lowest by 2); N1 "
    "(uniform, negligible, change of R² 0.002; answered highest by 1, lowest by 2)."
)


def test_words_table_and_picture(bfi, people):
    before = bfi.given.copy()
    result = differential_item_functioning(bfi, by=people["gender"], dimensions="neuroticism", criterion="p")
    assert result.text == GOLDEN_TEXT
    assert str(result).startswith(GOLDEN)
    assert "An item functions differently if p adjusted by Holm's method is below 0.01." in result.note
    assert [v.verdict for v in result.verdicts] == ["negligible"] * 5
    assert result.verdicts.frame["subject"].tolist() == ["N1", "N2", "N3", "N4", "N5"]
    assert "lines at 0.035 and 0.07" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    plain = differential_item_functioning(bfi, by=people["gender"], dimensions="neuroticism")
    assert plain.text == (
        "By gender, 0 of 5 items function differently to a degree that matters; 3 differences can be told from chance "
        "but are negligible."
    )
    pd.testing.assert_frame_equal(bfi.given, before)


def simulated_item(rng, shift, sizes=(60, 120)):
    """Counts, score and group of every cell of one item, as `_compared` takes them."""
    group = np.repeat([0, 1], sizes)
    score = np.round(2 * rng.standard_normal(len(group))) / 2
    answer = np.digitize(1.5 * score + shift * group + rng.logistic(size=len(group)), [-2, -0.7, 0.7, 2])
    values, place = np.unique(score, return_inverse=True)
    counts = np.zeros((2 * len(values), 5))
    np.add.at(counts, (2 * place + group, answer), 1)
    used = counts.any(axis=1)
    return counts[used], np.repeat(values, 2)[used], np.tile([0, 1], len(values))[used]


def test_the_difference_that_is_called_detectable_is_found_in_eighty_of_a_hundred():
    rng = np.random.default_rng(1)

    def compared(shift, times):
        return _compared([simulated_item(rng, shift) for _ in range(times)], np.full(times, 180), ["a", "b"])

    promised = detectable(compared(0.0, 100), alpha=0.01 / 8, power=0.80, effect="nagelkerke").median()
    found = compared(promised["detectable_log_odds"], 400)
    assert 0.76 < (found["p_value"] < 0.01 / 8).mean() < 0.84  # two standard errors are .04
    assert found["nagelkerke"].median() == pytest.approx(promised["detectable_r2"], rel=0.1)


def test_noncentrality_equals_r():
    # R: uniroot(function(x) pchisq(qchisq(.95, 2), 2, x, lower = FALSE) - .8, c(1, 50), tol = 1e-10)$root
    assert noncentrality(2, alpha=0.05, power=0.80) == pytest.approx(9.634689, abs=1e-5)


def test_the_note_says_what_could_be_found():
    survey, half = planted(n=60)
    result = differential_item_functioning(survey, by=half)
    known = result.frame[["detectable_log_odds", "detectable_r2"]]
    assert known.notna().all(axis=None)
    assert "is told from chance in 80% of such surveys (p below 0.01 for 8 items)" in result.note
    assert f"differ by {known['detectable_log_odds'].median():.2f}" in result.note
    assert "smaller differences often go unnoticed" in result.note
    alone = differential_item_functioning(survey, by=half, adjust="none").frame
    assert (alone["detectable_log_odds"] < known["detectable_log_odds"]).all()
    larger, half = planted(n=700)
    assert "so that here Δ R² of 0.035 decides" in differential_item_functioning(larger, by=half).note


def test_where_nothing_could_be_found_the_note_says_so():
    answers = np.full((120, 4), 3.0)
    answers[0], answers[60] = 1, 2  # one person of each group differs, in every item
    survey = survey_of(answers)
    half = pd.Series(np.arange(120) // 60, index=survey.given.index, name="half")
    result = differential_item_functioning(survey, by=half)
    assert result.frame["detectable_log_odds"].isna().all()
    assert "no difference would be told from chance" in result.note
