"""Weights: R's values where they are honoured; and of every public analysis, that it honours them or says why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.running.notebooks.notebook import find_notebook, read_notebook
from cxkit.statistics.weighted import mean_of, weighted_median
from cxkit.survey.survey import Survey, typed_role
from cxkit.validation.correlations import moments
from tests.conftest import tiny_survey
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N


def made_up(rows: int) -> np.ndarray:
    """The weights of tests/reference/scripts/weights.R."""
    return 1 + ((7 * np.arange(1, rows + 1)) % 5) / 2


def with_weights(survey: Survey, weights: np.ndarray) -> Survey:
    column = typed_role("weight", pd.Series(weights, index=survey.given.index))
    return replace(survey, respondents=survey.respondents.assign(weight=column))


@pytest.fixture(scope="module")
def companies():
    survey = cx.load_survey("lq2002")
    return with_weights(survey, made_up(survey.n))


class TestAgainstR:
    def test_scores(self, reference, companies):
        # R: svymean(~score, d), svyvar(~score, d), confint(..., df = n - 1); d <- svydesign(ids = ~1, weights = ~w)
        for survey, key in ((companies, "everybody"), (companies.subset(organisation="2"), "company_2")):
            wanted = reference("weights")[f"lq2002_{key}"]
            found = cx.dimension_scores(survey).frame.set_index("dimension").loc["leadership"]
            assert found[["n", "score", "sd", "n_effective"]].tolist() == pytest.approx(
                [wanted["n"], wanted["mean"], wanted["sd"], wanted["n_effective"]], rel=1e-10
            )
            assert found[["ci_low", "ci_high"]].tolist() == pytest.approx(wanted["interval"], rel=1e-10)

    def test_gap_of_a_group(self, reference, companies):
        # the same two means and errors; Welch's interval from them
        own, rest = (reference("weights")[f"lq2002_{key}"] for key in ("company_2", "others"))
        profile = cx.group_profile(companies, by="organisation")
        row = profile.frame.set_index(["group", "dimension"]).loc[("2", "leadership")]
        assert row["mean"] == pytest.approx(own["mean"], rel=1e-10)
        assert row["gap"] == pytest.approx(own["mean"] - rest["mean"], rel=1e-9)
        middle = (row["gap_low"] + row["gap_high"]) / 2
        assert middle == pytest.approx(row["gap"], rel=1e-9)
        assert "Weighted" in profile.note

    def test_moments_alpha_adequacy_and_factors(self, reference):
        # R: psych::cor.wt(x, w), survey::svyvar, alpha from it; KMO(r), fa(r, 1, fm = "minres")
        wanted = reference("weights")["bfi_conscientiousness"]
        survey = cx.load_survey("bfi")
        survey = with_weights(survey, made_up(survey.n))
        answers = survey.items_of("conscientiousness")
        found = moments(answers, "complete", survey.weights.to_numpy())
        np.testing.assert_allclose(found.correlation, wanted["correlation"], atol=1e-12)
        np.testing.assert_allclose(found.covariance, wanted["covariance"], rtol=1e-10)
        alpha = cx.cronbach_alpha(survey, dimensions=["conscientiousness"], missing="complete")
        assert alpha.frame["alpha"].item() == pytest.approx(wanted["alpha_raw"], rel=1e-10)
        assert alpha.frame["alpha_standardized"].item() == pytest.approx(wanted["alpha"], rel=1e-10)
        adequacy = cx.sampling_adequacy(survey, dimensions=["conscientiousness"], missing="complete")
        assert adequacy.kmo == pytest.approx(wanted["kmo"], rel=1e-10)
        factors = cx.exploratory_factors(survey, dimensions=["conscientiousness"], n_factors=1, missing="complete")
        # psych's own search stops at about 1e-5
        np.testing.assert_allclose(factors.loadings["factor_1"], wanted["loadings"], atol=2e-5)

    def test_shares_of_answers(self, reference):
        # R: svymean(~factor(C1), d) among those who answered all five items
        survey = cx.load_survey("bfi")
        survey = with_weights(survey, made_up(survey.n))
        complete = survey.subset(survey.items_of("conscientiousness").notna().all(axis=1))
        frame = cx.answer_distribution(complete, dimensions=["conscientiousness"]).frame
        shares = frame.loc[frame["item"] == "C1", "share"].tolist()
        assert shares == pytest.approx(reference("weights")["bfi_conscientiousness"]["share_c1"], rel=1e-10)


def ordinary(
    weights: np.ndarray | None = None, *, doubled: np.ndarray | None = None, missing: float = 0.0, dimensions: int = 2
) -> Survey:
    """A survey with some sense in it and all roles; with weights, or with rows twice."""
    rng = np.random.default_rng(11)
    together = np.eye(dimensions) + 0.4 * np.triu(np.ones((dimensions, dimensions)), 1)
    factor = rng.normal(0, 1, (N, dimensions)) @ (together * np.r_[1, np.full(dimensions - 1, 0.9)])
    items = 3 * dimensions
    answers = np.clip(np.round(3 + np.repeat(factor, 3, axis=1) + rng.normal(0, 0.8, (N, items))), 1, 5)
    answers[rng.random(answers.shape) < missing] = np.nan
    rows = np.arange(N) if doubled is None else np.repeat(np.arange(N), doubled)
    roles = {role: np.array(values)[rows] for role, values in ROLES.items()}
    if weights is not None:
        roles["weight"] = weights
    return tiny_survey(answers[rows], about=STATED, **roles)


TWICE = np.where(np.arange(N) % 5 == 0, 2, 1)
POINT_ESTIMATES = {
    "score", "mean", "median", "gap", "share", "missing", "floor", "ceiling", "alpha", "alpha_standardized", "mean_r",
    "item_rest_r", "alpha_if_dropped", "kmo", "factor_1", "factor_2", "communality", "uniqueness", "squared",
    "fourth_power", "share_of_variance", "lambda1", "lambda2", "lambda5", "lambda6", "glb", "reliability", "percentile",
    "mean_leaders", "mean_others", "observed_sd", "loading", "estimate", "r", "r_squared", "ave", "other_ave", "htmt",
    "htmt2", "omega", "omega_implied", "lowest_loading", "smallest_loading", "mean_loading", "omega_total",
    "omega_general", "omega_group", "ecv", "srmr", "target_coefficient", "method_share", "mean_correlation", "epc",
    "residual_r",
}  # fmt: skip
"""Columns that a population of twice the people does not change. SDs, g and what rests on them have n - 1 in them."""

OF_FEW_HIDDEN = {"share", "floor", "ceiling"}
"""Shares of one to four people are hidden, who are more in rows that stand twice."""

DEPENDS_ON_PRECISION = {"percentile_benchmark": {"reliability", "percentile"}}


LEAST_SQUARES = {"confirm_structure, ordered": 0.02, "ordinal_reliability": 0.02}
"""WLSMV takes each threshold and correlation as precise as it is, which weights lower: estimates move within errors."""


def run(analysis: Callable[[Survey], object], survey: Survey) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        try:
            return analysis(survey)
        except cx.AnalysisError as refusal:
            return refusal


SEARCHED = {"measurement_invariance", "measurement_invariance, incomplete", "measurement_invariance, together"}
"""What they let go depends on tests, and these on n: rows are compared as far as both runs went the same way."""

SORTED_BY_A_TEST = {"misfit": ["finding", "item", "other"]}
"""Of equal test values either may stand first."""

MORE_DIMENSIONS = {"bifactor", "confirm_structure, bifactor"}
"""A bifactor model of six items is not identified."""

NO_RESPONDENTS = {"coder_agreement", "rater_reliability"}
"""They take a table of ratings and no survey."""


@pytest.fixture(scope="module")
def surveys():
    """By number of dimensions: without weights, weights of 1, weights of 1 and 2, and rows once and twice."""
    return {
        k: (
            ordinary(dimensions=k), ordinary(np.ones(N), dimensions=k), ordinary(TWICE, dimensions=k),
            ordinary(doubled=TWICE, dimensions=k),
        )
        for k in (2, 3)
    }  # fmt: skip


def surveys_for(analysis: str, surveys):
    return surveys[3 if analysis in MORE_DIMENSIONS else 2]


def same_rows(analysis: str, found: pd.DataFrame, wanted: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both that say the same thing, in one order."""
    if analysis in SEARCHED:
        found, wanted = (frame[frame["freed"] == ""].set_index(["unit", "level"]) for frame in (found, wanted))
        both = found.index.intersection(wanted.index)
        return found.loc[both], wanted.loc[both]
    if analysis in SORTED_BY_A_TEST:
        found, wanted = (frame.sort_values(SORTED_BY_A_TEST[analysis]) for frame in (found, wanted))
    return found, wanted


@pytest.mark.parametrize("analysis", sorted(set(ANALYSES) - NO_RESPONDENTS))
def test_weights_are_honoured_or_the_reason_is_said(analysis, surveys):
    """Weights of 2 give what rows twice would give, or a sentence with the reason; never silence."""
    _, _, weighted, doubled = surveys_for(analysis, surveys)
    found = run(ANALYSES[analysis], weighted)
    if isinstance(found, cx.AnalysisError):
        assert "have weights" in str(found)
        assert "without_weights()" in str(found)
        return
    if not found.uses_weights:
        assert "Weights are not used: " in found.note
        return
    assert f"Weighted (effective n = {found.n_effective:,.1f})" in found.note
    # as many as Kish says, who all answered everything here; of an organisation or its norm those of a part
    part = analysis in {"percentile_benchmark", "build_norm"}
    assert (
        found.n_effective < found.n if part else found.n_effective == pytest.approx(TWICE.sum() ** 2 / (TWICE**2).sum())
    )
    wanted = run(ANALYSES[analysis], doubled)
    compared = [c for c in found.frame if c in POINT_ESTIMATES - DEPENDS_ON_PRECISION.get(analysis, set())]
    assert compared, f"no point estimate of {analysis} was compared"
    ours, theirs = same_rows(analysis, found.frame, wanted.frame)
    for column in compared:
        both = (ours[column].notna() & theirs[column].notna()).to_numpy()
        shown = both if column in OF_FEW_HIDDEN else np.ones(len(ours), dtype=bool)
        np.testing.assert_allclose(
            ours[column][shown].astype(float), theirs[column][shown].astype(float), rtol=1e-8,
            atol=LEAST_SQUARES.get(analysis, 1e-10), err_msg=column,
        )  # fmt: skip


@pytest.mark.parametrize("analysis", sorted(set(ANALYSES) - NO_RESPONDENTS))
def test_weights_of_one_change_nothing(analysis, surveys):
    plain, ones, *_ = surveys_for(analysis, surveys)
    wanted, found = (run(ANALYSES[analysis], survey) for survey in (plain, ones))
    if isinstance(wanted, cx.AnalysisError):
        assert str(found) == str(wanted)
        return
    pd.testing.assert_frame_equal(found.frame, wanted.frame)
    assert found.n_effective is None
    assert found.note.replace(found.data.hash, "") == wanted.note.replace(wanted.data.hash, "")


@pytest.mark.parametrize("analysis", ["dimension_scores", "answer_distribution", "item_analysis", "cronbach_alpha"])
def test_missing_answers_are_weighted_pair_by_pair(analysis):
    """As above with holes. Pairwise covariances keep R's n - 1 of each pair, so that alpha agrees to 1/n only."""
    weighted, doubled = ordinary(TWICE, missing=0.05), ordinary(doubled=TWICE, missing=0.05)
    found, wanted = (run(ANALYSES[analysis], survey).frame for survey in (weighted, doubled))
    for column in POINT_ESTIMATES & set(found):
        pairwise = column.startswith(("alpha", "mean_r", "item_rest"))
        shown = found[column].notna() & wanted[column].notna() if column in OF_FEW_HIDDEN else found.index >= 0
        np.testing.assert_allclose(
            found[column][shown].astype(float), wanted[column][shown].astype(float),
            atol=5e-4 if pairwise else 1e-10, err_msg=column,
        )  # fmt: skip


def test_sds_differ_from_those_of_twice_the_rows_by_n_minus_one_only(surveys):
    _, _, weighted, doubled = surveys[2]
    a, b = (cx.dimension_scores(survey).frame for survey in (weighted, doubled))
    without = [f["sd"] * np.sqrt((f["n"] - 1) / f["n"]) for f in (a, b)]
    np.testing.assert_allclose(without[0], without[1], rtol=1e-12)


@pytest.mark.parametrize(
    "analysis",
    ["dimension_scores", "level_gap", "group_profile", "build_norm", "cronbach_alpha", "item_analysis", "omega"],
)
def test_equal_weights_change_nothing(analysis, surveys):
    """Weights say how respondents count beside one another: all 2 is no weight at all."""
    plain = run(ANALYSES[analysis], surveys[2][0])
    found = run(ANALYSES[analysis], ordinary(np.full(N, 2)))
    pd.testing.assert_frame_equal(found.frame, plain.frame)
    assert "eight" not in found.note.replace("weighted", "")


def test_almost_equal_weights_change_almost_nothing():
    """The weighted formulas themselves, not the short cut for equal weights, come to the plain values."""
    nearly = np.where(np.arange(N) % 2, 1.0, 1 + 1e-12)
    survey, plain = ordinary(nearly), ordinary()
    for name in ("dimension_scores", "group_profile", "level_gap", "cronbach_alpha", "item_analysis", "build_norm",
                 "bootstrapped alpha", "omega", "discriminant_validity"):  # fmt: skip
        found, wanted = (run(ANALYSES[name], s).frame for s in (survey, plain))
        for column in wanted.select_dtypes("number"):
            np.testing.assert_allclose(
                found[column].astype(float), wanted[column].astype(float), rtol=1e-6, atol=1e-9, err_msg=column
            )


def test_weighted_median_is_that_of_repeated_values():
    rng = np.random.default_rng(3)
    for _ in range(50):
        values, times = rng.integers(1, 6, 9).astype(float), rng.integers(1, 4, 9)
        assert weighted_median(values, times.astype(float)) == np.median(np.repeat(values, times))


def test_error_of_a_weighted_mean_grows_with_unequal_weights():
    values = np.random.default_rng(4).normal(0, 1, 200)
    even, uneven = mean_of(values, np.full(200, 3.0)), mean_of(values, np.repeat([1.0, 9.0], 100))
    assert even.error == pytest.approx(values.std(ddof=1) / np.sqrt(200), rel=1e-12)
    assert even.n_effective == pytest.approx(200)
    assert uneven.n_effective == pytest.approx(1000**2 / 8200)
    assert uneven.error > even.error


def test_whoever_wants_no_weights_says_so():
    weighted = ordinary(TWICE)
    found = cx.dimension_scores(weighted.without_weights())
    pd.testing.assert_frame_equal(found.frame, cx.dimension_scores(ordinary()).frame)
    assert "eight" not in found.note


def test_a_weighted_result_cannot_forget_its_effective_n():
    found = cx.dimension_scores(ordinary(TWICE))
    with pytest.raises(TypeError, match="n_effective"):
        replace(found, n_effective=None)


def test_intervals_of_item_rest_correlations_rest_on_the_effective_n():
    row = cx.item_analysis(ordinary(TWICE)).frame.iloc[0]
    half = (np.arctanh(row["item_rest_high"]) - np.arctanh(row["item_rest_low"])) / 2
    assert half == pytest.approx(1.959964 / np.sqrt(TWICE.sum() ** 2 / (TWICE**2).sum() - 3), rel=1e-6)


def test_polychoric_correlations_and_their_alpha_are_those_of_rows_twice(surveys):
    _, _, weighted, doubled = surveys[2]
    for name in ("ordinal_alpha", "alpha"):
        found, wanted = (run(ANALYSES["ordinal_reliability"], survey).frame[name] for survey in (weighted, doubled))
        np.testing.assert_allclose(found, wanted, atol=1e-7)
    for analysis in (cx.sampling_adequacy, cx.exploratory_factors):
        options = {"n_factors": 2} if analysis is cx.exploratory_factors else {}
        found, wanted = (analysis(s, correlation="polychoric", **options).frame for s in (weighted, doubled))
        for column in POINT_ESTIMATES & set(found):
            np.testing.assert_allclose(found[column], wanted[column], atol=1e-6)


@pytest.mark.parametrize("weighted", [True, False])
def test_notebook_01_extracts_factors_of_weighted_answers(weighted):
    """Parallel analysis refuses weights; the minimum average partial, which takes them, then names the number."""
    rng = np.random.default_rng(4)
    factors = np.repeat(rng.standard_normal((200, 2)), 3, axis=1)
    answers = np.round(3 + factors + 0.6 * rng.standard_normal((200, 6))).clip(1, 5)
    survey = tiny_survey(answers, **({"weight": rng.uniform(0.5, 2, 200)} if weighted else {}))
    sources = [cell["source"] for cell in read_notebook(find_notebook("01"))["cells"] if cell["cell_type"] == "code"]
    first = next(i for i, source in enumerate(sources) if source.startswith("number = "))
    last = next(i for i, source in enumerate(sources) if source.startswith("how_many = "))
    names = {"cx": cx, "survey": survey, "used": "complete", "correlation": "pearson", "ordinal": False, "seed": 1,
             "n_factors": 0, "interactive": False}  # fmt: skip
    for source in sources[first : last + 1]:
        exec(compile(source, "01", "exec"), names)
    assert bool(names["number"]) != weighted
    assert bool(names["partial"]) == weighted
    assert names["factors"].settings["n_factors"] == 2
