"""Omega and its interval against R's semTools 0.5-6; the calls stand in tests/reference/scripts/reliability.R."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxkit.errors import AnalysisError, CxkitWarning, OptionError
from cxkit.sem import cfa
from cxkit.sem.after.cautions import negative_variance
from cxkit.sem.language.rows import Row
from cxkit.statistics.bootstrap import resampled_covariances
from cxkit.validation.reliability.alpha import cronbach_alpha
from cxkit.validation.reliability.omega import bootstrap_omegas, omega, one_factor
from cxkit.validation.reliability.one_factor import congeneric_fits
from cxkit.validation.reliability.ordinal import ordinal_reliability
from tests.validation.building import factor_answers, survey_of, with_gaps


@pytest.mark.parametrize("name", ["bfi", "lq2002", "customersat", "hs1939"])
def test_omega_equals_semtools(reference, shipped, name):
    # R: compRelSEM(cfa("f =~ ...", x, std.lv = TRUE)), with obs.var = FALSE and tau.eq = TRUE; lavaan's search
    # is taken on to the optimum by the reference script.
    frame = omega(shipped(name), missing="complete", bootstraps=0).frame.set_index("dimension")
    wanted = reference("validation_reliability")["omega"][name]
    assert set(frame.index) == set(wanted)
    for dimension, values in wanted.items():
        found = frame.loc[dimension]
        assert found["n"] == values["n"]
        assert found["omega"] == pytest.approx(values["omega"], abs=1e-9)
        assert found["omega_implied"] == pytest.approx(values["implied"], abs=1e-9)
        assert found["alpha"] == pytest.approx(values["alpha"], abs=1e-12)


@pytest.mark.parametrize("name", ["bfi", "lq2002", "customersat"])
def test_categorical_omega_equals_semtools(reference, shipped, name):
    # R: f <- cfa("f =~ ...", x, ordered = names(x)); compRelSEM(f), compRelSEM(f, ord.scale = FALSE),
    # reliability(f)[c("alpha", "alpha.ord"), ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)  # pairs of answers that nobody gave
        frame = ordinal_reliability(shipped(name), missing="complete").frame.set_index("dimension")
    for dimension, values in reference("validation_reliability")["ordinal"][name].items():
        found = frame.loc[dimension]
        assert found["n"] == values["n"]
        assert found["omega_categorical"] == pytest.approx(values["omega"], abs=1e-8)
        assert found["omega_latent"] == pytest.approx(values["omega_latent"], abs=1e-8)
        assert found["alpha"] == pytest.approx(values["alpha"], abs=1e-12)
        assert found["ordinal_alpha"] == pytest.approx(values["alpha_ordinal"], abs=1e-8)


def graded(seed, *, n=300, values=(1, 2, 3, 4, 5)):
    """Five answers to four items of one factor, coded by `values`; the last item lacks some of them."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=(n, 4))
    answers = pd.DataFrame(np.digitize(latent, [-1.5, -0.5, 0.4, 1.2]), columns=["q1", "q2", "q3", "q4"])
    answers["q4"] = answers["q4"].replace({1: 0, 2: 0, 3: 4})
    return answers.replace(dict(enumerate(map(float, values))))


@pytest.mark.parametrize("values", [(1, 2, 3, 4, 5), (1, 2, 4, 8, 16), (0, 25, 50, 75, 100)])
@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_the_observed_sum_takes_answers_as_scored(values):
    # An answer that nobody gave does not bring its neighbours nearer: alpha is that of cronbach_alpha, and categorical
    # omega of a model that holds is the squared correlation of the sum with what the factor makes of it.
    survey = survey_of(graded(3, values=values))
    found = ordinal_reliability(survey).frame.iloc[0]
    assert found["alpha"] == pytest.approx(cronbach_alpha(survey).frame["alpha"].iloc[0], abs=1e-12)
    large = graded(4, n=100_000, values=values)
    omega_large = ordinal_reliability(survey_of(large)).frame["omega_categorical"].iloc[0]
    assert omega_large == pytest.approx(parallel_halves(values), abs=0.006)


def parallel_halves(values):
    """Correlation of the sums of two sets of answers that share the factor and nothing else."""
    rng = np.random.default_rng(9)
    factor, sums = rng.normal(size=(200_000, 1)), []
    for _ in range(2):
        answers = np.digitize(factor + 0.8 * rng.normal(size=(200_000, 4)), [-1.5, -0.5, 0.4, 1.2])
        answers[:, 3] = np.array([0, 0, 0, 4, 4])[answers[:, 3]]
        sums.append(np.array(values)[answers].sum(axis=1))
    return np.corrcoef(sums)[0, 1]


def test_stacked_fits_equal_single_fits():
    # The same maximum of the likelihood whether a matrix is fitted alone by the models or in a stack.
    rng = np.random.default_rng(5)
    surveys = [survey_of(factor_answers(seed, n=150, items=5)) for seed in range(8)]
    covariances = np.array([np.cov(s.answers.to_numpy().T, ddof=0) for s in surveys])
    start = rng.uniform(0.7, 1.2, 5)
    fits = congeneric_fits(covariances, start, start)
    assert fits.converged.all()
    for survey, loadings, residuals in zip(surveys, fits.loadings, fits.residuals, strict=True):
        found = one_factor(survey.answers, survey.dimensions[0])
        np.testing.assert_allclose(loadings, found.loadings, atol=1e-5)
        np.testing.assert_allclose(residuals, found.residuals, atol=1e-5)


def test_resampled_covariances_are_those_of_the_rows_drawn():
    for answers in (factor_answers(2, n=80, items=4), with_gaps(factor_answers(2, n=80, items=4), 2)):
        found = np.concatenate(list(resampled_covariances(answers, resamples=3, seed=9)))
        rng = np.random.default_rng(9)
        for matrix in found:
            drawn = pd.DataFrame(answers[rng.integers(0, 80, size=80)])
            np.testing.assert_allclose(matrix, drawn.cov().to_numpy(), atol=1e-12)


def test_bootstrapped_omega_is_that_of_the_rows_drawn():
    answers = factor_answers(4, n=200, items=5)
    survey = survey_of(answers)
    found = one_factor(survey.answers, survey.dimensions[0])
    loadings, residuals = found.loadings, found.residuals
    found = bootstrap_omegas(answers, loadings, residuals, resamples=4, seed=3)
    rng = np.random.default_rng(3)
    for value in found:
        drawn = survey_of(answers[rng.integers(0, 200, size=200)])
        assert value == pytest.approx(omega(drawn, bootstraps=0).frame["omega"].iloc[0], abs=1e-6)


def test_interval_covers_about_as_often_as_it_says():
    # 200 surveys of a known omega: loadings .8 on every item, residual variance 1.
    true = (4 * 0.8) ** 2 / ((4 * 0.8) ** 2 + 4)
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        answers = 0.8 * rng.standard_normal((150, 1)) + rng.standard_normal((150, 4))
        row = omega(survey_of(answers), bootstraps=300, seed=seed).frame.iloc[0]
        inside += row["ci_low"] <= true <= row["ci_high"]
    assert 0.90 * 200 <= inside <= 0.98 * 200  # 95 % with 200 draws: standard error 1.5 %


def test_no_interval_is_made_from_the_few_resamples_that_have_an_end():
    """Of 40 people with gaps many resamples failed, and the interval was that of the others alone."""
    survey = survey_of(with_gaps(factor_answers(2, n=40, items=4), 2, share=0.25))
    result = omega(survey, bootstraps=200)
    assert result.frame[["ci_low", "ci_high"]].isna().all(axis=None)
    assert "has no interval: in " in result.notes[-1]
    assert "interval" not in result.text
    many = omega(survey_of(factor_answers(3, n=400, items=4)), bootstraps=200)
    assert many.frame[["ci_low", "ci_high"]].notna().all(axis=None)


def test_the_seed_decides():
    survey = survey_of(factor_answers(1))
    one, same, other = (omega(survey, bootstraps=50, seed=seed).frame["ci_low"].iloc[0] for seed in (1, 1, 2))
    assert one == same != other


def test_equally_good_items_have_omega_equal_to_alpha():
    # Exactly parallel covariances: variance 2, covariance 1.
    root = np.linalg.cholesky(np.eye(4) + 1)
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((60, 4))
    raw -= raw.mean(axis=0)
    exact = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T @ root.T
    row = omega(survey_of(exact), bootstraps=0).frame.iloc[0]
    assert row["omega"] == pytest.approx(16 / 20, abs=1e-8)
    assert row["alpha"] == pytest.approx(16 / 20, abs=1e-12)
    assert row["sem"] == pytest.approx(np.sqrt(20 * 0.2) / 4, abs=1e-8)


def test_an_unreversed_item_is_named():
    answers = factor_answers(1, n=200, items=5)
    answers[:, 2] *= -1
    with pytest.warns(CxkitWarning, match=r"q3 of 'All' load against the other items.*not marked reversed"):
        omega(survey_of(answers), bootstraps=0)


def test_two_items_are_left_out_in_words():
    survey = survey_of(factor_answers(1, items=6), {"pair": ["q1", "q2"], "four": ["q3", "q4", "q5", "q6"]})
    result = omega(survey, bootstraps=0)
    assert result.frame["dimension"].tolist() == ["four"]
    assert result.notes == ("'Pair' is left out: omega needs 3 items, and it has 2.",)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (np.column_stack([factor_answers(1, items=2), np.ones(120)]), r"Omega of 'All' cannot be computed.*q3"),
        (factor_answers(1, n=5, items=5), r"takes more respondents than items: 5 answered any of its 5 items"),
        (
            factor_answers(1)[:, [0, 1, 1]],
            r"(?s)Omega of 'All' cannot be estimated\..*'q2' and 'q3' correlate perfectly",
        ),
    ],
)
def test_refusals(answers, message):
    with pytest.raises((AnalysisError, OptionError), match=message):
        omega(survey_of(answers))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 95}, "confidence=95 must lie between 0 and 1"),
        ({"bootstraps": 1}, "bootstraps=1 must be a whole number, at least 2"),
        ({"dimensions": ["al"]}, r"has no dimension 'al'\. Did you mean 'all'\?"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises((AnalysisError, OptionError), match=message):
        omega(survey_of(factor_answers(1)), **options)


def test_measurements_are_no_categories(shipped):
    with pytest.raises(AnalysisError, match=r"x1, x2, x3 of 'Visual ability' have more than 15 different answers"):
        ordinal_reliability(shipped("hs1939"))


def test_an_improper_solution_is_told_in_the_items_own_keys():
    cov = np.array([[1.0, 0.85, 0.85, 0.2], [0.85, 1.0, 0.6, 0.2], [0.85, 0.6, 1.0, 0.2], [0.2, 0.2, 0.2, 1.0]])
    rng = np.random.default_rng(1)
    raw = rng.standard_normal((80, 4))
    raw -= raw.mean(axis=0)
    values, vectors = np.linalg.eigh(cov)
    exact = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T @ (vectors * np.sqrt(values)).T
    with pytest.warns(CxkitWarning, match=r"Omega of 'All': Heywood case.*'q1'"):
        omega(survey_of(exact), bootstraps=0)


def test_words_and_picture(shipped):
    result = omega(shipped("hs1939"))
    assert result.text.startswith("Omega (one factor) runs from Visual ability (0.63, 95 % interval 0.5")
    assert result.text.endswith("1 of 3 dimensions reach 0.70 (Nunnally & Bernstein 1994).")
    assert result.note.startswith("Intervals: percentiles of 1,000 resamples of respondents, seed 1. n = 301.")
    assert list(result.table.columns) == ["Dimension", "Items", "n", "ω, one factor", "95 % interval", "α", "SEM"]
    assert "Verbal ability (0.89" in result.alt
    assert "Alpha 0.88" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    assert [v.verdict for v in result.verdicts][1] == "enough for comparing groups"


def test_ordinal_alpha_is_labelled_as_what_it_is(shipped):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        result = ordinal_reliability(shipped("bfi"), dimensions=["openness"], missing="complete")
    assert result.note.startswith(
        "Ordinal alpha and latent omega are those of the continuous variables imagined behind"
    )
    assert "Ordinal α (not of the score)" in result.table.columns
    assert result.text == "Categorical omega of Openness (0.64)."
    assert "Ordinal alpha (not of the score) 0.68" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")


def test_keys_that_are_no_names_of_the_model_language():
    answers = factor_answers(1, n=100, items=4)
    plain = omega(survey_of(answers), bootstraps=0).frame
    odd = survey_of(pd.DataFrame(answers, columns=["1a", "item1", "a b", "c=~d"]))
    assert omega(odd, bootstraps=0).frame["omega"].tolist() == plain["omega"].tolist()
    direct = cfa("f =~ a + b + c + d", pd.DataFrame(answers, columns=list("abcd"))).reliability().frame
    assert plain["omega"].iloc[0] == pytest.approx(direct["omega"].iloc[0], abs=1e-9)


def test_a_negative_variance_that_nobody_fixed_is_not_called_fixed():
    """The delta parameterisation computes residual variances: 1 less what the factor explains."""
    row = Row("q2", "~~", "q2", 0, fixed=1.0)
    said = negative_variance(row, -0.784, "", observed=True)
    assert said.startswith("Heywood case: the variance of 'q2' comes out at -0.784")
    assert "is fixed at -0.784" in negative_variance(replace(row, fixed=-0.784), -0.784, "", observed=False)
