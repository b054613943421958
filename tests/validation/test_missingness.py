"""Missing answers against lavaan's saturated moments and base R; calls in tests/reference/scripts/screening.R."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.survey.screening import answer_patterns
from cxkit.validation.screening.breaking_off import breaking_off
from cxkit.validation.screening.little import little_mcar
from cxkit.validation.screening.missingness import missing_pattern
from tests.conftest import tiny_instrument, tiny_survey
from tests.validation.building import factor_answers, survey_of, with_gaps

HS = [f"x{i}" for i in range(1, 10)]


@pytest.fixture(scope="module")
def holed():
    """Holzinger and Swineford's tests with holes made where answers were low: not missing completely at random."""
    return survey_of(pd.read_csv(Path("tests/sem/data/hs1939_missing.csv"))[HS])


# --- Little's test --------------------------------------------------------------------------------------------------


def test_little_equals_the_sum_of_r_mahalanobis_over_patterns(reference, shipped, holed):
    # R: S <- lavInspect(fit, "sampstat")$cov * n / (n - 1); sum of n_j * mahalanobis(mean_j, mu, S)
    for name, survey in (("hs1939_missing", holed), ("bfi", shipped("bfi"))):
        wanted = reference("screening")["little"][name]
        row = little_mcar(survey).frame.iloc[0]
        assert (row["n"], row["patterns"], row["df"]) == (wanted["n"], wanted["patterns"], wanted["df"])
        assert row["chi_square"] == pytest.approx(wanted["chi_square"], rel=1e-10)
        assert row["p_value"] == pytest.approx(wanted["p_value"], rel=1e-8)


@pytest.mark.parametrize("few", [1, 4])
def test_little_of_few_who_left_items_out_is_not_shown(few):
    """With one of them the chi-square is the distance of one person's other answers from the means."""
    answers = np.random.default_rng(4).integers(1, 6, (80, 6)).astype(float)
    answers[:few, 2] = np.nan
    with pytest.raises(cx.AnalysisError, match="not shown: fewer than 5 respondents left items out"):
        little_mcar(tiny_survey(answers))
    answers[few:5, 2] = np.nan
    assert little_mcar(tiny_survey(answers)).frame["df"][0] == 5


def test_little_words(holed):
    result = little_mcar(holed)
    assert result.text == (
        "Little's test, which takes answers as normal: χ²(121) = 201.6, p < .001: the answers are not missing "
        "completely at random; those who left "
        "items out answered the others differently. Use methods that keep incomplete answers, and say who left out "
        "what."
    )
    assert result.verdicts.items[0].verdict == "not missing completely at random"
    assert result.references == ("little1988",)
    with pytest.raises(cx.AnalysisError, match="There is no figure of 'Missing completely at random"):
        result.plot()


def test_little_finds_nothing_in_answers_at_a_floor():
    """Of 40 surveys at a floor with gaps by chance eight have p below .05; none is told as a fact."""
    rng = np.random.default_rng(3)
    small = 0
    for _ in range(40):
        latent = 0.8 * rng.standard_normal((150, 1)) + rng.standard_normal((150, 6))
        answers = np.digitize(latent, (1.2, 1.7, 2.3, 2.8)) + 1.0
        answers[rng.random(answers.shape) < 0.1] = np.nan
        found = little_mcar(survey_of(answers))
        small += found.frame["p_value"].iloc[0] < 0.05
        assert "not missing completely at random" not in found.text
        assert found.is_doubtful == (len(found.verdicts.items) == 0)
        assert not found.is_doubtful or "are skewed (2." in found.text or "are skewed (3." in found.text
    assert small > 4


def test_little_of_holes_made_by_chance_is_as_often_below_a_tenth_as_it_should_be():
    # 200 surveys with holes made by chance: binomial, SD .021 around .10.
    p = [
        little_mcar(survey_of(with_gaps(factor_answers(seed, n=150, items=4), seed, 0.1))).frame["p_value"].iloc[0]
        for seed in range(200)
    ]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.10, abs=0.065)


def test_little_finds_answers_that_are_missing_because_others_are_low():
    answers = factor_answers(3, n=400)
    answers[answers[:, 0] < -1, 1] = np.nan
    result = little_mcar(survey_of(answers))
    assert result.frame["p_value"].iloc[0] < 1e-10
    assert result.frame["df"].iloc[0] == 5


@given(seed=st.integers(0, 1000), order=st.permutations(range(5)))
def test_units_and_order_of_items_do_not_matter_to_little(seed, order):
    answers = with_gaps(factor_answers(seed, n=80, items=5), seed)
    straight = little_mcar(survey_of(answers)).frame["chi_square"].iloc[0]
    other = little_mcar(survey_of(answers[:, list(order)] * 3 + 7)).frame["chi_square"].iloc[0]
    assert other == pytest.approx(straight, rel=1e-6)


def test_complete_answers_are_no_error(shipped):
    result = little_mcar(shipped("customersat"))
    assert result.text.startswith("All 1,811 respondents answered every item")
    assert result.frame["chi_square"].isna().all()
    assert len(result.verdicts) == 0


def test_items_left_out_and_respondents_without_answers():
    answers = with_gaps(factor_answers(5, n=90), 5)
    answers[:, 2] = 3
    answers[:4] = np.nan
    result = little_mcar(survey_of(answers))
    assert (result.n, result.n_dropped) == (86, 4)
    assert result.note.startswith(
        "Items that do not vary are left out: these have one answer from everybody: q3. n = 86"
    )
    assert result.frame["items"].iloc[0] == 5


def test_what_little_refuses():
    def refused(answers, message):
        with pytest.raises(cx.AnalysisError, match=message):
            little_mcar(survey_of(answers))

    refused(np.full((30, 4), 3.0), "No item of 'small' has two different answers")
    refused(with_gaps(factor_answers(1, n=5), 1, 0.3), "it takes more people than items")
    apart = factor_answers(2, n=40)
    apart[:20, 0], apart[20:, 1] = np.nan, np.nan
    refused(apart, "fewer than two respondents answered two of the items together")
    twice = with_gaps(factor_answers(4, n=60), 4)
    twice[:, 1] = twice[:, 0]
    refused(twice, "some items follow exactly from others")


# --- patterns -------------------------------------------------------------------------------------------------------


def test_patterns_equal_r(reference, shipped):
    # R: table(apply(is.na(x), 1, ...)); colMeans(is.na(x))
    wanted = reference("screening")["patterns"]
    result = missing_pattern(shipped("bfi"))
    assert result.items["missing"].tolist() == pytest.approx(wanted["missing"], abs=1e-15)
    assert result.n_complete == wanted["n_complete"]
    assert result.frame["patterns"].sum() == wanted["n_patterns"]
    listed = result.frame[result.frame["patterns"] == 1]
    found = dict(zip(listed["missing_items"], listed["n"], strict=True))
    assert {key: n for key, n in found.items() if key} == wanted["shared_by_five"]
    assert result.frame["n"].iloc[-1] == wanted["n_rare"]
    assert result.frame["n"].sum() == 2800


def test_patterns_of_few_respondents_are_one_row():
    answers = np.ones((20, 6))
    answers[:6, 0] = np.nan
    answers[6:9, 1] = np.nan
    answers[9, [1, 2]] = np.nan
    frame = missing_pattern(tiny_survey(answers)).frame
    assert frame["n"].tolist() == [10, 10]  # the other patterns would be those of four people
    assert frame["missing_items"].tolist() == ["", "3 patterns"]
    assert "d1_2" not in str(missing_pattern(tiny_survey(answers)))
    answers[10, 1:] = np.nan
    assert missing_pattern(tiny_survey(answers)).frame["n"].tolist() == [9, 6, 5]
    answers[9:11] = 1
    answers[:6, 0] = 1
    only = missing_pattern(tiny_survey(answers))
    assert only.frame["missing_items"].tolist() == ["", "1 pattern"]
    assert only.table["Pattern"].tolist() == ["1", "other patterns"]
    assert "3 respondents" not in only.alt


def test_who_answered_nothing_and_who_stopped():
    answers = np.ones((12, 6))
    answers[0] = np.nan
    answers[1, 3:] = np.nan
    answers[2, 4:] = np.nan
    answers[3, 5] = np.nan
    answers[4, 1] = np.nan
    result = missing_pattern(tiny_survey(answers))
    assert (result.n_complete, result.n_nothing, result.n_stopped) == (7, 1, 2)
    stopped = (
        "Fewer than 5 respondents stopped before the end, or the last items did not apply to them: the last 2 or more "
        "are blank (expected by chance: fewer than"
    )
    assert f"{stopped} 0.1). Fewer than 5 respondents answered nothing." in result.text


@pytest.mark.parametrize("stopping", range(1, 9))
@pytest.mark.parametrize("silent", [0, 1, 4, 5])
@pytest.mark.parametrize("earlier", [0, 3, 6])
def test_fewer_than_five_people_are_not_counted_out(stopping, silent, earlier):
    answers = np.ones((60, 6))
    answers[:stopping, 2:] = np.nan
    answers[stopping : stopping + silent] = np.nan
    answers[40 : 40 + earlier, 4:] = np.nan
    found = missing_pattern(tiny_survey(answers))
    said = found.text + found.alt
    counted = re.findall(r"\b(\d+)(?: more)? (?:respondents?|left)", said)
    assert not [number for number in counted if 0 < int(number) < 5]
    n = dict(zip(found.frame["missing_items"], found.frame["n"], strict=True))
    incomplete = {key: number for key, number in n.items() if key}
    assert all(number >= 5 for number in incomplete.values()) or len(incomplete) == 1
    if silent:
        many = "Fewer than 5 respondents" if silent < 5 else f"{silent} respondents"
        assert f" {many} answered nothing." in found.text


def left_out(rng, manner, n, width, share):
    """True where an item was left out by chance; by respondents alike, or by some far more often."""
    rates = rng.beta(0.5, 0.5 / share - 0.5, size=(n, 1)) if manner == "people" else share
    return rng.random((n, width)) < rates


@pytest.mark.parametrize("manner", ["alike", "people"])
def test_blanks_at_the_end_by_chance_are_not_called_break_offs(manner):
    # In at most 5 % of surveys where nobody stops, anybody is said to; 120 of them allow for 12 at p = .01.
    rng = np.random.default_rng(5)
    found = []
    for n, width, share in [(60, 10, 0.1), (300, 10, 0.1), (300, 40, 0.05)] * 40:
        given = np.where(left_out(rng, manner, n, width, share), np.nan, 1.0)
        kinds, which = answer_patterns(given)
        found.append(breaking_off(kinds, np.bincount(which), [f"q{i}" for i in range(width)]))
    assert sum(f.stopped > 0 for f in found) <= 12
    expected, seen = sum(f.blank_by_chance for f in found), sum(f.blank for f in found)
    assert expected == pytest.approx(seen, rel=0.25)


def test_blanks_by_chance_and_real_break_offs_in_words():
    rng = np.random.default_rng(2)
    answers = with_gaps(factor_answers(2, n=400, items=10), 2, 0.12)
    by_chance = missing_pattern(survey_of(answers))
    assert by_chance.n_blank_end == 8
    assert by_chance.n_stopped == 0
    assert "8 respondents left the last two items or more blank (expected by chance: 6.0); that any" in by_chance.text
    assert "stopped:" not in str([t.get_text() for t in by_chance.plot().get_yticklabels()])
    for person, last in enumerate(rng.integers(2, 6, 30)):
        answers[person, last:] = np.nan
    real = missing_pattern(survey_of(answers))
    assert real.stopped_from == 5
    assert real.n_stopped == 30
    assert f"{real.n_stopped} respondents stopped before the end, or" in real.text
    assert "the last 5 or more are blank" in real.text
    assert "more left fewer of the last items blank, which may be chance." in real.text


def test_words_and_picture(shipped):
    result = missing_pattern(shipped("bfi"))
    assert result.text == (
        "0.7% of the answers are missing; 2,436 of 2,800 respondents (87%) answered all 25 items. Most often left out: "
        "N4 (1%)."
    )
    assert result.table.iloc[-1].tolist() == ["other patterns", "152", "5%", "–", "72 patterns"]
    assert result.table.iloc[0]["Which"] == "none"
    assert "25 respondents left out N4" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    complete = missing_pattern(shipped("customersat"))
    assert complete.text == "All 1,811 respondents answered all 10 items."
    assert complete.picture().png.startswith(b"\x89PNG")


def test_items_beside_the_dimensions_are_counted_as_such():
    survey = cx.load_survey("culture_synthetic")
    assert "answered all 41 items (1 of them beside the dimensions)." in missing_pattern(survey).text


# --- codes, from the file to the pattern ----------------------------------------------------------------------------


def written(tmp_path, codes):
    """A file of 30 respondents whose first six answers to the first item are the codes."""
    answers = np.random.default_rng(1).integers(1, 6, (30, 6))
    answers[: len(codes), 0] = codes
    path = tmp_path / "survey.csv"
    pd.DataFrame(answers, columns=list(tiny_instrument().items)).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("code", [-99, 9, 0])
def test_a_code_off_the_scale_is_refused_until_it_is_named(tmp_path, code):
    path = written(tmp_path, [code] * 6)
    with pytest.raises(cx.SurveyError) as refusal:
        cx.read_survey(path, tiny_instrument())
    message = str(refusal.value)
    assert "6 answers outside the scale of 'tiny'" in message
    assert f"row 2, item d1_1: {code} (scale 1-5)" in message
    assert f'if {code} means "no answer", say missing_codes=[{code}]' in message
    survey = cx.read_survey(path, tiny_instrument(), missing_codes=[code])
    result = missing_pattern(survey)
    assert result.items.set_index("item")["missing"]["d1_1"] == pytest.approx(6 / 30)
    assert result.frame["missing_items"].tolist() == ["", "d1_1"]
    assert little_mcar(survey).frame["patterns"].iloc[0] == 2


def test_codes_of_the_instrument_need_no_naming(tmp_path):
    from cxkit.survey.instrument_file import instrument_from

    described = {
        "name": "coded", "title": "Coded", "citation": "made in a test", "licence": "CC0-1.0",
        "scale": {"low": 1, "high": 5, "missing_codes": [-99]},
        "dimension": [
            {
                "key": f"d{d}",
                "title": f"Dimension {d}",
                "items": [{"key": f"d{d}_{i}", "text": "?"} for i in (1, 2, 3)],
            }
            for d in (1, 2)
        ],
    }  # fmt: skip
    instrument = instrument_from(described, where="test")
    survey = cx.read_survey(written(tmp_path, [-99, -99]), instrument)
    assert missing_pattern(survey).items["missing"].tolist() == pytest.approx([2 / 30, 0, 0, 0, 0, 0])
    with pytest.raises(cx.SurveyError, match=r"1 answer outside the scale of 'coded'(.|\n)*row 3, item d1_1: 9"):
        cx.read_survey(written(tmp_path, [-99, 9]), instrument)


def test_items_that_nobody_answered_are_no_end():
    """Otherwise everybody would have stopped before them."""
    answers = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 4.0], (30, 1))
    answers[:, 4:] = np.nan
    result = missing_pattern(tiny_survey(answers))
    assert (result.n_stopped, result.n_blank_end) == (0, 0)
    assert "stopped" not in result.text
