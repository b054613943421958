"""Items that do not vary, dimensions that nobody answered, coefficients beyond their range: each is said alone."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.sem import polychoric
from cxkit.statistics.correlation import fisher_interval
from tests.conftest import tiny_survey
from tests.validation.building import factor_answers, survey_of

COEFFICIENTS = {
    "alpha": cx.cronbach_alpha,
    "bootstrapped alpha": lambda s: cx.cronbach_alpha(s, interval="bootstrap", bootstraps=20),
    "alpha of complete answers": lambda s: cx.cronbach_alpha(s, missing="complete"),
    "omega": lambda s: cx.omega(s, bootstraps=0),
    "ordinal": cx.ordinal_reliability,
    "split half": cx.split_half,
    "error": cx.measurement_error,
}
PER_DIMENSION = {
    **COEFFICIENTS,
    "scores": cx.score_distribution,
    "retest": cx.retest_reliability,
    "dimension scores": cx.dimension_scores,
    "group reliability": cx.group_reliability,
    "norm": lambda s: cx.build_norm(s, by="organisation"),
    "benchmark": lambda s: cx.percentile_benchmark(
        s.subset(organisation="3"), cx.build_norm(s, leave_out="3"), seed=1, draws=50
    ),
}
N = 240
ROLES = {
    "organisation": [str(i % 12) for i in range(N)],
    "unit": [str(i % 12) for i in range(N)],
    "id": [str(i // 2) for i in range(N)],
    "wave": [1, 2] * (N // 2),
}


def roles_of(name: str) -> dict[str, list[object]]:
    """All roles; several answer sheets of one person only where an analysis compares them."""
    return ROLES if name == "retest" else {role: values for role, values in ROLES.items() if role != "id"}


STATED = cx.About(population="test", period="2026", selection="random draws")


pytestmark = pytest.mark.filterwarnings("ignore:Categorical omega of:cxkit.errors.CxkitWarning")  # of empty cells


def whole_answers(seed: int, *, n: int = N, items: int = 6, factors: int = 2) -> np.ndarray:
    """Answers from 1 to 5 to items of uncorrelated dimensions."""
    return np.clip(np.round(3 + factor_answers(seed, n=n, items=items, factors=factors)), 1, 5)


def rows_of(result) -> pd.DataFrame:
    return result.frame.set_index("dimension").select_dtypes("number")


@pytest.mark.parametrize("name", COEFFICIENTS)
@pytest.mark.parametrize("value", [3.0, np.nan], ids=["constant", "unanswered"])
def test_an_item_without_variance_is_dropped_and_named(name, value):
    """As `psych::alpha`: left in, it lowers k / (k - 1) and alpha with it."""
    answers = whole_answers(1, items=8)
    with_it = answers.copy()
    with_it[:, 1] = value
    dimensions = {"one": ["q1", "q2", "q3", "q4"], "two": ["q5", "q6", "q7", "q8"]}
    without = survey_of(pd.DataFrame(answers, columns=[f"q{i}" for i in range(1, 9)]),
                        {"one": ["q1", "q3", "q4"], "two": dimensions["two"]})  # fmt: skip
    found = COEFFICIENTS[name](survey_of(with_it, dimensions))
    pd.testing.assert_frame_equal(rows_of(found), rows_of(COEFFICIENTS[name](without)))
    why = "Nobody answered" if np.isnan(value) else "Everybody who answered gave the same answer to"
    assert f"{why} q2 of 'One', which is left out of" in found.note


def test_too_few_items_that_vary_are_refused_with_their_names():
    answers = whole_answers(1, items=3, factors=1)
    answers[:, 1:] = 3
    with pytest.raises(cx.AnalysisError, match=r"same answer to q2, q3 of 'All', .* It takes 2 items that vary, and "):
        cx.cronbach_alpha(survey_of(answers))


@pytest.mark.parametrize("name", PER_DIMENSION)
def test_each_dimension_stands_alone(name):
    """One that nobody answered is left out with the true reason, and changes no digit of the others."""
    answers = whole_answers(2)
    holed = answers.copy()
    holed[:, :3] = np.nan
    whole = PER_DIMENSION[name](tiny_survey(answers, about=STATED, **roles_of(name)))
    found = PER_DIMENSION[name](tiny_survey(holed, about=STATED, **roles_of(name)))
    assert rows_of(found).index.tolist() == ["d2"]
    if name != "benchmark":  # its draws are those of another place in the stream
        alone, beside = rows_of(found), rows_of(whole).loc[["d2"]]
        if name == "group reliability":  # one comparison instead of two
            np.testing.assert_allclose(2 * alone.pop("p_adjusted"), beside.pop("p_adjusted"), rtol=1e-12)
        pd.testing.assert_frame_equal(alone, beside, check_dtype=False)
    assert "'Dimension 1' is left out." in found.note
    assert "give their answers away" not in found.note


@pytest.mark.parametrize("name", ["alpha", "omega", "split half", "error", "scores"])
def test_where_no_dimension_is_left_the_reason_is_raised(name):
    answers = np.full((N, 6), np.nan)
    with pytest.raises(cx.AnalysisError, match="nobody answered any of its items|nobody answered enough of its items"):
        PER_DIMENSION[name](tiny_survey(answers, about=STATED, **roles_of(name)))


def test_the_total_goes_on_without_an_unanswered_dimension():
    answers = whole_answers(3, items=9, factors=3)
    holed = answers.copy()
    holed[:, :3] = np.nan
    without = cx.stratified_alpha(tiny_survey(answers), dimensions=["d2", "d3"])
    found = cx.stratified_alpha(tiny_survey(holed))
    assert found.stratified == pytest.approx(without.stratified, abs=1e-12)
    assert "'Dimension 1' is left out." in found.note


def test_the_error_of_a_negative_alpha_is_refused_for_that_dimension_alone():
    answers = whole_answers(4)
    answers[:, 0] = 6 - answers[:, 1]
    with pytest.warns(cx.CxkitWarning, match="is negative"):
        found = cx.measurement_error(tiny_survey(answers))
    assert found.frame["dimension"].tolist() == ["d2"]
    assert "its alpha is negative" in found.note
    with pytest.warns(cx.CxkitWarning, match="probably one is worded against the dimension and not marked reversed"):
        alpha = cx.cronbach_alpha(tiny_survey(answers))
    assert np.isnan(alpha.frame["sem"].iloc[0])


def quiet_items(survey):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", cx.CxkitWarning)
        found = cx.item_analysis(survey)
    return found, [str(warning.message) for warning in caught]


def test_not_reversed_is_said_only_where_the_interval_excludes_0():
    rng = np.random.default_rng(5)
    common = rng.standard_normal((30, 1))
    weak = np.column_stack([common + rng.standard_normal((30, 3)), -0.1 * common + rng.standard_normal((30, 1))])
    found, said = quiet_items(survey_of(weak))
    item = found.frame.set_index("item").loc["q4"]
    assert item["item_rest_r"] < 0 < item["item_rest_high"]
    assert not any("not reversed" in words for words in said)
    assert found.verdicts.items[-1].verdict == "cannot be told from no relation"
    clear, said = quiet_items(survey_of(np.column_stack([weak[:, :3], -common + 0.3 * rng.standard_normal((30, 1))])))
    assert clear.frame["item_rest_high"].iloc[-1] < 0
    assert any("probably not reversed: item q4" in words for words in said)


def test_intervals_of_correlations_equal_psych(reference):
    # R: psych::r.con(r, n)
    wanted = np.array(reference("validation_more")["r_con"])
    low, high = fisher_interval(np.array([-0.04, -0.31, 0.5, 0.5]), np.array([30, 2800, 10, 3]))
    assert np.column_stack([low, high])[:3] == pytest.approx(wanted, abs=1e-12)
    assert np.isnan([low[3], high[3]]).all()


def test_alpha_drops_what_psych_drops(reference, shipped):
    # R: psych::alpha(d) with A4 = 3 for everybody, or NA
    answers = shipped("bfi").answers[[f"A{i}" for i in range(1, 6)]]
    for value, name in ((3.0, "constant"), (np.nan, "unanswered")):
        wanted = reference("validation_more")["alphas"][name]
        survey = survey_of(answers.assign(A4=value))
        row = cx.cronbach_alpha(survey).frame.iloc[0]
        assert row["alpha"] == pytest.approx(wanted["alpha"], abs=1e-12)
        assert row["alpha_standardized"] == pytest.approx(wanted["standardized"], abs=1e-12)
        items = cx.item_analysis(survey).frame.set_index("item").loc[wanted["items"]]
        assert items["item_rest_r"].to_numpy() == pytest.approx(wanted["r_drop"], abs=1e-12)
        assert items["alpha_if_dropped"].to_numpy() == pytest.approx(wanted["alpha_drop"], abs=1e-12)
    complete = cx.cronbach_alpha(survey_of(answers.assign(A4=3.0)), missing="complete").frame["alpha"].iloc[0]
    assert complete == pytest.approx(reference("validation_more")["alphas"]["complete"]["alpha"], abs=1e-12)


def test_shares_of_scores_at_the_ends_equal_r(reference, shipped):
    # R: mean(rowMeans(x) == 1), mean(rowMeans(x) == 6)
    wanted = reference("validation_more")["ends"]
    frame = cx.score_distribution(shipped("bfi"), answered=1).frame.set_index("dimension")
    for key, shares in wanted.items():
        people = np.round(np.array(shares) * frame.loc[key, "n"])
        shown = np.where((people > 0) & (people < 5), np.nan, shares)  # not that of one to four people
        assert frame.loc[key, ["floor", "ceiling"]].to_numpy(dtype=float) == pytest.approx(
            shown, abs=1e-12, nan_ok=True
        )


def test_floor_and_ceiling_belong_to_scores():
    answers = whole_answers(6)
    answers[:60, :3] = 5  # a quarter at the very top of the first dimension
    survey = tiny_survey(answers)
    found = cx.score_distribution(survey)
    scores = survey.scores()
    assert found.frame["ceiling"].tolist() == [float((scores[key] == 5).mean()) for key in ("d1", "d2")]
    lowest = [int((scores[key] == 1).sum()) for key in ("d1", "d2")]
    shown = [count / survey.n if count >= 5 else np.nan for count in lowest]
    assert found.frame["floor"].tolist() == pytest.approx(shown, nan_ok=True)
    words = {verdict.subject: verdict.verdict for verdict in found.verdicts}
    assert words["Dimension 1"] == "floor or ceiling effect"
    assert "Dimension 1." in found.text
    items = cx.item_analysis(survey)
    assert {verdict.measure for verdict in items.verdicts} == {"item-rest correlation"}
    assert "ceiling" in items.frame


def test_empty_cells_are_named_where_two_items_do_not_repeat_each_other():
    first = np.repeat([1.0, 1.0, 2.0, 2.0, 3.0], [20, 10, 20, 15, 20])
    second = np.repeat([1.0, 2.0, 2.0, 3.0, 3.0], [20, 10, 20, 15, 20])
    with pytest.raises(cx.ModelError) as refused:
        polychoric(pd.DataFrame({"a": first, "b": second}))
    cells = (
        "4 of 9 combinations of answers were given by nobody, the first of them category 1 of a with category 3 of b"
    )
    assert cells in str(refused.value)
    assert "same thing twice" not in str(refused.value)
    with pytest.raises(cx.ModelError, match="they ask the same thing twice"):
        polychoric(pd.DataFrame({"a": first, "b": 4 - first}))


def test_ordered_models_name_the_empty_cells_too():
    first = np.repeat([1.0, 1.0, 2.0, 2.0, 3.0], [20, 10, 20, 15, 20])
    second = np.repeat([1.0, 2.0, 2.0, 3.0, 3.0], [20, 10, 20, 15, 20])
    third = np.tile([1.0, 2.0, 3.0], 29)[:85]
    answers = pd.DataFrame({"a": first, "b": second, "c": third})
    with pytest.raises(cx.ModelError, match="4 of 9 combinations of answers were given by nobody"):
        cx.sem.cfa("f =~ a + b + c", answers, ordered=True)


def heywood(n: int) -> np.ndarray:
    """Answers with exactly these correlations, which one factor explains only with a residual variance near 0."""
    cov = np.array([[1.0, 0.8, 0.8, 0.2], [0.8, 1.0, 0.62, 0.2], [0.8, 0.62, 1.0, 0.2], [0.2, 0.2, 0.2, 1.0]])
    raw = np.random.default_rng(1).standard_normal((n, 4))
    raw -= raw.mean(axis=0)
    values, vectors = np.linalg.eigh(cov)
    return raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T @ (vectors * np.sqrt(values)).T


def test_the_interval_of_omega_stays_within_its_range_and_says_what_is_left_out():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        found = cx.omega(survey_of(heywood(25)), bootstraps=200)
    assert found.frame["ci_high"].iloc[0] <= 1
    assert "'All', of 200 resamples: in " in found.note


def test_two_group_factors_carry_the_caution_of_psych():
    answers = factor_answers(7, n=300, items=8, factors=2)
    answers[:, 4:] += answers[:, :4]  # what all items share
    two = cx.hierarchical_omega(survey_of(answers), n_factors=2)
    assert "With two group factors the general factor is not identified" in two.note
    three = cx.hierarchical_omega(survey_of(answers), n_factors=3)
    assert "not identified" not in three.note


def test_two_omegas_in_one_report_have_two_names():
    answers = factor_answers(7, n=300, items=8, factors=2)
    answers[:, 4:] += answers[:, :4]
    survey = survey_of(answers)
    one, total = cx.omega(survey, bootstraps=0), cx.hierarchical_omega(survey, n_factors=2)
    assert "ω, one factor" in str(one)
    assert "ω total, several factors" in str(total)
    assert one.text.startswith("Omega (one factor) of All")
