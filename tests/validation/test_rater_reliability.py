"""Intraclass correlations against R's psych 2.2.9 and Shrout & Fleiss (1979); test-retest; measurement error."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cxkit as cx
from cxkit.errors import AnalysisError, OptionError
from cxkit.survey.survey import Survey
from cxkit.validation.reliability.alpha import cronbach_alpha
from cxkit.validation.reliability.measurement_error import _sureness, measurement_error
from cxkit.validation.reliability.omega import omega
from cxkit.validation.reliability.raters import rater_reliability
from cxkit.validation.reliability.retest import retest_reliability
from tests.conftest import tiny_survey
from tests.validation.building import factor_answers, survey_of

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_published_table_of_shrout_and_fleiss():
    # Shrout & Fleiss (1979), table 4: .17 .29 .71 .44 .62 .91
    found = rater_reliability(SHROUT_FLEISS).frame["icc"]
    assert found.round(2).tolist() == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


@pytest.mark.parametrize(("key", "confidence"), [("shrout", 0.95), ("shrout90", 0.90)])
def test_raters_equal_psych(reference, key, confidence):
    # R: ICC(x, lmer = FALSE, alpha = )$results
    wanted = reference("validation_reliability")["icc"][key]
    found = rater_reliability(SHROUT_FLEISS, confidence=confidence).frame
    for column, name in (("icc", "icc"), ("ci_low", "low"), ("ci_high", "high"), ("f_value", "f"), ("df1", "df1"),
                         ("df2", "df2"), ("p_value", "p")):  # fmt: skip
        assert found[column].to_numpy() == pytest.approx(wanted[name], abs=1e-10)


@pytest.mark.parametrize("dimension", ["job_satisfaction", "commitment", "readiness"])
def test_waves_equal_psych(reference, shipped, dimension):
    # R: ICC(wide, lmer = FALSE)$results of the scores of complete respondents in three waves
    wanted = reference("validation_reliability")["icc"]["waves"][dimension]
    row = retest_reliability(shipped("univbct"), dimensions=[dimension]).frame.iloc[0]
    assert row["n"] == wanted["n"]
    names = ["icc_1_1", "agreement", "consistency", "icc_1_k", "icc_2_k", "icc_3_k"]
    assert row[names].tolist() == pytest.approx(wanted["icc"], abs=1e-12)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx([wanted["low"][1], wanted["high"][1]], abs=1e-10)
    assert row["change"] == pytest.approx(wanted["mean"][-1] - wanted["mean"][0], abs=1e-12)


def test_a_shift_of_one_rater_counts_against_agreement_alone():
    shifted = SHROUT_FLEISS + np.array([0, 3, 0, 0])
    before, after = (rater_reliability(x).frame.set_index("type")["icc"] for x in (SHROUT_FLEISS, shifted))
    assert after["ICC(3,1)"] == pytest.approx(before["ICC(3,1)"], abs=1e-12)
    assert after["ICC(2,1)"] != pytest.approx(before["ICC(2,1)"], abs=1e-3)


def test_perfect_agreement_has_no_interval_and_says_so_by_a_dash():
    result = rater_reliability(np.repeat([[1.0], [2.0], [4.0], [5.0]], 3, axis=1))
    assert result.frame["icc"].tolist() == pytest.approx([1] * 6)
    assert result.table["95 % interval"].tolist() == ["–"] * 6
    assert "interval" not in result.text
    assert "(ICC(2,1): excellent by the estimate alone, Koo & Li 2016)" in result.text
    assert result.picture().png.startswith(b"\x89PNG")


def test_objects_without_all_ratings_are_left_out():
    holed = np.vstack([SHROUT_FLEISS, [1, np.nan, 2, 3]])
    result = rater_reliability(holed)
    assert (result.n, result.n_dropped) == (6, 1)
    assert result.frame["icc"].tolist() == rater_reliability(SHROUT_FLEISS).frame["icc"].tolist()


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (SHROUT_FLEISS[:, :1], "needs two raters and three objects.*there are 1 and 6"),
        (SHROUT_FLEISS[:2], "there are 4 and 2"),
        (np.ones((5, 3)), "All 5 objects have the same mean rating"),
        (np.ones(5), "Ratings must be a table"),
        (pd.DataFrame({"a": ["x", "y"]}), "Ratings must be numbers"),
    ],
)
def test_refusals(ratings, message):
    with pytest.raises((AnalysisError, OptionError), match=message):
        rater_reliability(ratings)


def test_words_and_picture_of_raters():
    result = rater_reliability(SHROUT_FLEISS, name="Shrout and Fleiss")
    assert result.text == (
        "6 objects were rated by 4 raters each. One rating has a reliability of 0.29, 95 % interval 0.02 to 0.76 "
        "(ICC(2,1): poor to good, Koo & Li 2016), the mean of all 4 of 0.62, 95 % interval 0.07 to 0.93."
    )
    assert result.note.startswith("n = 6. Data: Shrout and Fleiss, answers ")
    assert result.alt.startswith(
        "Six intraclass correlations with intervals. ICC(1,1) 0.17, 95 % interval −0.13 to 0.72;"
    )
    assert result.picture().png.startswith(b"\x89PNG")


def waves(n: int = 40, *, repeat: int = 1) -> Survey:
    """People who answer twice, the second time half a point higher."""
    rng = np.random.default_rng(6)
    person = rng.normal(3, 1, (n, 1))
    first, second = (person + shift + rng.normal(0, 0.5, (n, 3)) for shift in (0, 0.5))
    answers = np.vstack([first, second])
    ids = [*range(n), *([0] * repeat + list(range(repeat, n)))]
    return tiny_survey(answers, id=ids, wave=["t1"] * n + ["t2"] * n)


def test_measurement_error_of_waves_counts_the_shift():
    row = retest_reliability(waves()).frame.iloc[0]
    assert row["change"] == pytest.approx(0.5, abs=0.25)
    assert row["agreement"] < row["consistency"]
    # Twice the squared error of agreement is the mean squared difference of two scores, less what n - 1 makes of it.
    survey = waves()
    score = survey.scores()["d1"].to_numpy()
    difference = score[40:] - score[:40]
    spread, shift = difference.var(ddof=1), difference.mean()
    assert 2 * row["sem"] ** 2 == pytest.approx(spread + shift**2 - spread / 40, rel=1e-12)
    assert row["smallest_change"] == pytest.approx(1.96 * np.sqrt(2) * row["sem"])


def test_refusals_of_waves(shipped):
    with pytest.raises(AnalysisError, match="does not say the id"):
        retest_reliability(tiny_survey(np.ones((4, 3)), wave=["t1", "t1", "t2", "t2"]))
    with pytest.raises(OptionError, match="'univbct' has no wave '9'"):
        retest_reliability(shipped("univbct"), waves=["0", "9"])
    with pytest.raises(AnalysisError, match="needs two waves; 'univbct' offers 1"):
        retest_reliability(shipped("univbct"), waves=["0"])
    with pytest.raises(AnalysisError, match="1 rows of 'tiny' repeat a respondent within a wave, the first in row 41"):
        retest_reliability(waves(repeat=2))
    with pytest.raises(AnalysisError, match="4 respondents with a score in every wave, and fewer than 5"):
        retest_reliability(waves(4))


def test_words_and_picture_of_waves(shipped):
    result = retest_reliability(shipped("univbct"), waves=["0", "2"])
    assert result.text.startswith("Over 2 waves (0, 2) the lowest agreement is that of ")
    row = result.frame.loc[result.frame["agreement"].idxmin()]
    # Koo & Li (2016, p. 161) judge the ends of the interval: poor below .50, moderate to .75, good to .90.
    bands = [int(np.searchsorted([0.5, 0.75, 0.9], end, side="right")) for end in row[["ci_low", "ci_high"]]]
    ends = [("poor", "moderate", "good", "excellent")[band] for band in bands]
    assert f"{' to '.join(dict.fromkeys(ends))} (Koo & Li 2016)" in result.text
    assert "True change in the time between the waves counts as error." in result.text
    assert result.note.startswith("ICC(2,1) counts a shift of everybody between waves against agreement")
    assert result.picture().png.startswith(b"\x89PNG")


def test_standard_error_follows_from_the_reliability(shipped):
    for coefficient, other in (("alpha", cronbach_alpha), ("omega", omega)):
        found = measurement_error(shipped("bfi"), coefficient=coefficient).frame
        assert found["sem"].to_numpy() == pytest.approx(other(shipped("bfi")).frame["sem"].to_numpy(), abs=1e-12)
        assert found["margin"].to_numpy() == pytest.approx(1.959964 * found["sem"].to_numpy(), rel=1e-6)


def test_standard_error_of_complete_answers_is_sd_times_root_of_what_alpha_leaves():
    # R: sd(rowMeans(x)) * sqrt(1 - alpha(x)$total$raw_alpha)
    answers = factor_answers(2, items=5)
    row = measurement_error(survey_of(answers), confidence=0.9).frame.iloc[0]
    sd = answers.mean(axis=1).std(ddof=1)
    assert row["sd"] == pytest.approx(sd, abs=1e-12)
    assert row["sem"] == pytest.approx(sd * np.sqrt(1 - row["reliability"]), abs=1e-12)
    assert row["margin"] == pytest.approx(1.644854 * row["sem"], rel=1e-6)


@pytest.mark.parametrize("weight", [None, "weight"])
def test_the_mean_of_a_dimension_is_one_whoever_shows_it(weight):
    """Answers that are missing for a reason: means of items and means of scores then differ."""
    rng = np.random.default_rng(8)
    answers = np.clip(np.round(rng.normal(3, 1, (120, 1)) + rng.normal(0, 0.7, (120, 6))), 1, 5)
    answers[(answers < 3) & (np.arange(6) % 3 < 2) & (rng.random((120, 6)) < 0.6)] = np.nan
    survey = tiny_survey(answers, **({weight: rng.uniform(0.5, 2, 120)} if weight else {}))
    found = measurement_error(survey)
    scores = cx.dimension_scores(survey)
    assert found.frame["mean"].to_numpy() == pytest.approx(scores.frame["score"].to_numpy(), abs=1e-12)
    assert cx.score_distribution(survey).frame["mean"].to_numpy() == pytest.approx(found.frame["mean"].to_numpy())
    assert "Mean: of the scores of respondents who answered at least half of the items" in found.note
    assert "Mean:" not in measurement_error(survey_of(factor_answers(2, items=5))).note


def test_the_margin_of_one_score_says_how_sure_it_is():
    # R: a <- anova(lm(y ~ person + item)); sqrt(a["Residuals", "Mean Sq"] / k) is sem; sem * sqrt(df / qchisq(p, df))
    answers = factor_answers(4, n=6, items=4)
    few = measurement_error(survey_of(answers))
    row = few.frame.iloc[0]
    x = np.asarray(answers, dtype="float64")
    residual = x - x.mean(axis=0) - x.mean(axis=1)[:, None] + x.mean()
    assert row["sem"] ** 2 == pytest.approx((residual**2).sum() / 15 / 4)
    bounds = [1.959964 * np.sqrt((residual**2).sum() / stats.chi2.ppf(p, 15) / 4) for p in (0.975, 0.025)]
    assert [row["margin_low"], row["margin_high"]] == pytest.approx(bounds, rel=1e-6)
    assert row["margin_low"] < row["margin"] < row["margin_high"]
    assert ", itself an estimate from 6 people (95 % interval " in few.text
    many = measurement_error(survey_of(factor_answers(4, n=600, items=4))).frame.iloc[0]
    assert many["margin_high"] / many["margin_low"] < 1.1


def test_the_interval_of_the_margin_holds_the_true_one_in_95_of_100_samples():
    rng = np.random.default_rng(12)
    true, held = 1.96 * 0.8 / np.sqrt(4), 0
    for _ in range(200):
        people = rng.normal(0, 1, (8, 1)) + rng.normal(0, 0.8, (8, 4))
        covariance = np.cov(people, rowvar=False)
        alpha = 4 / 3 * (1 - np.trace(covariance) / covariance.sum())
        margin = 1.96 * np.sqrt(covariance.sum()) / 4 * np.sqrt(1 - alpha)
        low, high = (margin * factor for factor in _sureness(8, 4))
        held += low <= true <= high
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200) <= held / 200


def test_words_and_picture_of_measurement_error(shipped):
    result = measurement_error(shipped("bfi"))
    assert result.text == (
        "One person's score on Extraversion is known to within 1.01 either way (95 %), the widest margin, itself an "
        "estimate from 2,800 people (95 % interval 1.00 to 1.03); two scores of that person must "
        "differ by more than 1.43 before that is a change. Means of groups are far more precise."
    )
    assert result.table["Margin"].iloc[0] == "± 0.96"
    assert result.plot().get_xlim() == (1.0, 6.0)
    assert result.picture().png.startswith(b"\x89PNG")
    with pytest.raises(OptionError, match=r"coefficient='omgea' is not known\. Did you mean 'omega'\?"):
        measurement_error(shipped("bfi"), coefficient="omgea")


def long_table(values):
    wide = pd.DataFrame(values, columns=list("abcd"))
    return wide.rename_axis("essay").reset_index().melt("essay", var_name="judge", value_name="points")


def test_a_long_table_is_recognised_and_gives_what_the_wide_one_gives(reference):
    # R: psych::ICC(sf, lmer = FALSE) of the ratings of Shrout and Fleiss (1979)
    wanted = reference("validation_more")["ratings"]
    table = long_table(wanted["values"])
    found = rater_reliability(table, targets="essay", raters="judge", scores="points").frame
    assert found["icc"].to_numpy() == pytest.approx(wanted["icc"], abs=1e-10)
    assert found["ci_low"].to_numpy() == pytest.approx(wanted["lower"], abs=1e-10)
    numbers = table.assign(judge=table["judge"].map({"a": 1, "b": 2, "c": 3, "d": 4}))
    with pytest.raises(OptionError, match="look like a long table: every 'essay' occurs once with every 'judge'"):
        rater_reliability(numbers)
    with pytest.raises(AnalysisError, match="Of a long table .a row a rating. say targets="):
        rater_reliability(table.iloc[1:])  # incomplete, and the names of the judges are no numbers
    with pytest.raises(OptionError, match="raters='jugde' is no column of the ratings. Did you mean 'judge'"):
        rater_reliability(table, targets="essay", raters="jugde", scores="points")
    with pytest.raises(AnalysisError, match="1 rows repeat a rating, the first of '0' by 'a'"):
        rater_reliability(pd.concat([table, table.iloc[:1]]), targets="essay", raters="judge", scores="points")
