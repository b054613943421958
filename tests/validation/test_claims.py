"""What a sentence may say: refused where there is no number, and no more claimed than the numbers beside it allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.survey.survey import Survey, typed_role
from cxkit.validation.factors.adequacy import bartlett
from tests.validation.building import factor_answers, survey_of, with_gaps

FIVE = {"low": 1, "high": 5}
BLOCKS = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6", "q7", "q8"]}


def rounded(answers: np.ndarray) -> np.ndarray:
    return np.clip(np.round(answers + 3), 1, 5)


def weighted(survey: Survey, weights: np.ndarray) -> Survey:
    respondents = survey.respondents.assign(weight=weights)
    respondents["level"] = typed_role("level", pd.Series(np.where(np.arange(len(weights)) % 2, "a", "b")))
    return Survey(name="weighted", instrument=survey.instrument, given=survey.given, respondents=respondents)


def two_with_all_the_weight(weight: float) -> Survey:
    survey = survey_of(rounded(factor_answers(1, n=200, items=8, factors=2)), BLOCKS, scale=FIVE)
    return weighted(survey, np.where(np.arange(200) < 2, weight, 1.0))


class TestNumbersThatDoNotExist:
    def test_polychoric_correlations_without_an_inverse_are_refused(self):
        """KMO was NaN, and its sentence ended in a ValueError of pandas, which stopped the whole report."""
        survey = survey_of(rounded(factor_answers(3, n=15, items=12)), scale=FIVE)
        with pytest.raises(cx.AnalysisError, match="correlations that have an inverse|is not possible"):
            cx.sampling_adequacy(survey, correlation="polychoric")

    @pytest.mark.parametrize("weight", [1e4, 1e6])
    def test_two_people_with_all_the_weight_are_two_people(self, weight: float):
        """Bartlett's chi-square came out as -200, and "not shown to be correlated" followed from it."""
        survey = two_with_all_the_weight(weight)
        with pytest.raises(cx.AnalysisError, match=r"200 respondents of 'weighted' are worth only 2\.\d of equal"):
            cx.sampling_adequacy(survey)
        with pytest.raises(cx.CxkitError, match="a few respondents carry almost all of the weight|worth only"):
            cx.ordinal_reliability(survey)
        assert bartlett(np.eye(8), 2.0)[0] == 0.0

    @pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
    def test_a_level_without_anything_to_let_go_ends_the_ladder(self):
        """A KeyError where no parameter could be tested."""
        assert "by level" in cx.measurement_invariance(two_with_all_the_weight(1e6)).text.casefold()

    @pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
    @pytest.mark.parametrize("missing", ["fiml", "pairwise", "complete"])
    def test_the_places_of_a_ranking_are_named(self, missing):
        """A LinAlgError in the report; "too few: use pairwise" and "contradict one another: use fiml" in turn."""
        rng = np.random.default_rng(5)
        places = np.array([rng.permutation(3) + 1.0 for _ in range(80)])
        answers = np.hstack([rounded(factor_answers(5, n=80, items=4)), places])
        answers[:6, :4] = with_gaps(answers[:6, :4], 1, share=0.3)
        survey = survey_of(answers)
        for analysis in (cx.hierarchical_omega, cx.sampling_adequacy, cx.minimum_average_partial):
            with pytest.raises(cx.AnalysisError, match="follow exactly from one another: q5, q6, q7"):
                analysis(survey, missing=missing)

    def test_an_item_that_nobody_answered_is_no_item_with_one_answer(self):
        answers = rounded(factor_answers(1, n=60, items=4))
        answers[:, 2] = np.nan
        survey = survey_of(answers, scale=FIVE)
        said = "every item that varies (left out: nobody answered q3): nothing is missing"
        assert said in cx.little_mcar(survey).text
        for analysis in (cx.sampling_adequacy, cx.confirm_structure):
            with pytest.raises(cx.AnalysisError, match="nobody answered q3"):
                analysis(survey)

    def test_one_respondent_and_none(self):
        frame = pd.DataFrame({"x1": [1.0], "x2": [2.0], "x3": [3.0]})
        with pytest.raises(cx.ModelError, match="one respondent, whose answers do not vary"):
            sem.cfa("f =~ x1 + x2 + x3", frame)
        with pytest.raises(cx.ModelError, match="if the table is empty, look at how it was made"):
            sem.cfa("f =~ x1 + x2 + x3", frame.iloc[:0])


class TestSentences:
    @pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
    def test_an_improper_model_is_told_beside_what_rests_on_it(self):
        """q1 correlates with each more than they do with one another: a communality beyond 1."""
        correlations = np.array([[1.0, 0.7, 0.7], [0.7, 1.0, 0.4], [0.7, 0.4, 1.0]])
        rng = np.random.default_rng(2)
        one = rng.standard_normal((200, 3)) @ np.linalg.cholesky(correlations).T
        answers = np.hstack([one, factor_answers(2, n=200, items=3)])
        survey = survey_of(answers, {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]})
        assert not cx.confirm_structure(survey).fit.is_proper
        assert "has an improper solution" in cx.convergent_validity(survey).text
        assert "has an improper solution" in cx.discriminant_validity(survey, bootstraps=0).text

    @pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
    def test_the_total_of_three_plain_factors_is_no_single_factor(self):
        """Omega hierarchical alone said so: Reise et al. (2013) ask for ECV as well where few pairs share it alone."""
        found = cx.hierarchical_omega(survey_of(three_factors(1.1)), n_factors=3)
        assert found.omega_hierarchical >= 0.70
        assert found.ecv < 0.60
        assert "the total may not be read as one factor" in found.text
        one = cx.hierarchical_omega(survey_of(three_factors(1.6)), n_factors=3)
        assert "the total may be read as one factor" in one.text

    @pytest.mark.filterwarnings("ignore:Oblimin has more:cxkit.errors.CxkitWarning")
    def test_factors_without_items_are_named(self):
        answers = factor_answers(4, n=3000, items=8, factors=2)
        answers[:, [0, 1, 4, 5]] += 0.45 * np.random.default_rng(3).standard_normal((3000, 1))
        survey = survey_of(answers)
        assert "look at one factor fewer" in cx.exploratory_factors(survey, n_factors=3).text
        assert "fewer" not in cx.exploratory_factors(survey, n_factors=2).text
        with pytest.raises(cx.AnalysisError, match="There is no factor to extract"):
            cx.exploratory_factors(survey, n_factors=0)

    def test_noise_has_no_good_fit(self):
        """CFI of independent answers was 1, "good": it compares with a model that fits as well."""
        found = cx.confirm_structure(survey_of(np.random.default_rng(1).standard_normal((300, 6))))
        assert "The fit is not judged: the items are not shown to correlate" in found.text

    def test_alike_answer_sheets_are_no_straight_lines(self):
        rng = np.random.default_rng(1)
        answers = rng.integers(1, 6, (300, 12)).astype(float)
        answers[:20] = answers[0]
        found = cx.screen_respondents(survey_of(answers, scale=FIVE))
        assert "The largest set of answer sheets that equal one another in every item has 20 of 300" in found.text


def three_factors(shared: float) -> np.ndarray:
    """Four items each, with as much in common over all of them as `shared` says."""
    rng = np.random.default_rng(8)
    own = rng.standard_normal((1500, 3)) + shared * rng.standard_normal((1500, 1))
    return np.repeat(own, 4, axis=1) + 0.8 * rng.standard_normal((1500, 12))
