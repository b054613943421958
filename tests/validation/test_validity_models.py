"""Validity by models against R's lavaan 0.6-14 and semTools 0.5-6; the calls stand in reference/scripts/structure.R."""

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.validation.validity.common_method import common_method
from cxkit.validation.validity.convergent import convergent_validity
from cxkit.validation.validity.criterion import criterion_validity
from cxkit.validation.validity.discriminant import discriminant_validity
from tests.validation.building import factor_answers, survey_of, with_gaps

ESTIMATE = 1e-5  # lavaan's search stops up to this far before the optimum
CASES = [("hs1939", "hs1939", {}), ("bfi", "bfi", {"missing": "listwise"}), ("customersat", "customersat", {})]
each_case = pytest.mark.parametrize(("name", "key", "options"), CASES, ids=str)
TWO = {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]}


def matrix(wanted):
    return pd.DataFrame(wanted["values"], index=wanted["rows"], columns=wanted["rows"])


class TestConvergent:
    @each_case
    def test_equals_semtools(self, shipped, reference, name, key, options):
        # R: AVE(f); compRelSEM(f)
        wanted = reference("validation_structure")["validity"][key]
        frame = convergent_validity(shipped(name), **options).frame.set_index("dimension")
        assert frame["ave"].to_dict() == pytest.approx(wanted["ave"], abs=ESTIMATE)
        assert frame["omega"].to_dict() == pytest.approx(wanted["omega"], abs=ESTIMATE)

    def test_ordered_equals_semtools(self, shipped, reference):
        # R: AVE(cfa(model, x, ordered = TRUE)); that items have empty pairs is said, fit is not judged
        wanted = reference("validation_structure")["validity"]["bfi_ordered"]
        with pytest.warns(cx.CxkitWarning, match="combinations of answers that nobody gave"):
            found = convergent_validity(shipped("bfi"), ordered=True, missing="listwise")
        assert found.frame.set_index("dimension")["ave"].to_dict() == pytest.approx(wanted["ave"], abs=ESTIMATE)
        assert "Xia" not in found.note

    def test_equals_alpha_of_the_answers(self, shipped):
        frame = convergent_validity(shipped("hs1939")).frame.set_index("dimension")
        alpha = cx.cronbach_alpha(shipped("hs1939")).frame.set_index("dimension")["alpha"]
        assert frame["alpha"].to_dict() == pytest.approx(alpha.to_dict(), abs=1e-12)

    def test_words(self, shipped):
        found = convergent_validity(shipped("hs1939"))
        assert found.text == (
            "1 of 3 dimensions explain at least half of their items' variance (AVE 0.50, Fornell & Larcker 1981); "
            "less: Visual ability 0.37, Mental speed 0.42. Composite reliability runs from 0.61 to 0.89."
        )
        assert "Composite reliability" in found.table.columns
        assert found.note.startswith("Composite reliability: omega of the model of correlated dimensions (ML")
        assert found.frame["weakest"].tolist() == ["x2", "x6", "x7"]
        assert found.picture().png.startswith(b"\x89PNG")
        by_rule = found.verdicts.frame.set_index(["measure", "subject"])["verdict"]
        assert by_rule["average variance extracted", "Visual ability"] == "more error than dimension"
        assert by_rule["composite reliability", "Visual ability"] == "enough"
        assert by_rule["smallest standardised loading", "Verbal ability"] == "ideal"


class TestDiscriminant:
    @each_case
    def test_equals_semtools(self, shipped, reference, name, key, options):
        # R: htmt(model, data = x, htmt2 = FALSE); htmt(model, data = x, htmt2 = TRUE); standardizedSolution(f)
        wanted = reference("validation_structure")["validity"][key]
        frame = discriminant_validity(shipped(name), bootstraps=0, **options).frame
        plain, geometric = matrix(wanted["htmt"]), matrix(wanted["htmt2"])
        for row in frame.itertuples():
            assert row.htmt == pytest.approx(plain.loc[row.dimension, row.other], abs=1e-12)
            assert row.htmt2 == pytest.approx(geometric.loc[row.dimension, row.other], abs=1e-12)
        assert frame["r"].to_numpy() == pytest.approx(wanted["correlations"]["est"], abs=ESTIMATE)
        assert frame["ci_low"].to_numpy() == pytest.approx(wanted["correlations"]["low"], abs=ESTIMATE)
        assert frame["ci_high"].to_numpy() == pytest.approx(wanted["correlations"]["high"], abs=ESTIMATE)

    @pytest.mark.parametrize(("name", "options"), [("hs1939", {}), ("bfi", {"missing": "listwise"})])
    def test_intervals_equal_semtools(self, shipped, reference, name, options):
        # R: discriminantValidity(cfa(model, x, std.lv = TRUE), cutoff = .9)
        wanted = reference("validation_structure")["validity"][name]["discriminant"]
        frame = discriminant_validity(shipped(name), estimator="ML", bootstraps=0, **options).frame
        for ours, theirs in {"r": "est", "ci_low": "low", "ci_high": "high"}.items():
            assert frame[ours].to_numpy() == pytest.approx(wanted[theirs], abs=ESTIMATE)

    def test_ordered_equals_semtools(self, shipped, reference):
        # R: htmt(model, data = x, ordered = items, htmt2 = FALSE)
        wanted = matrix(reference("validation_structure")["validity"]["bfi_ordered"]["htmt"])
        with pytest.warns(cx.CxkitWarning, match="combinations of answers that nobody gave"):
            found = discriminant_validity(shipped("bfi"), ordered=True, missing="listwise", bootstraps=5)
        for row in found.frame.itertuples():
            assert row.htmt == pytest.approx(wanted.loc[row.dimension, row.other], abs=1e-6)
            assert row.htmt_low < row.htmt_high

    def test_bootstrap_interval_covers_and_repeats(self, shipped):
        one, again, other = (discriminant_validity(shipped("hs1939"), seed=seed).frame for seed in (1, 1, 2))
        assert one.equals(again)
        assert not one.equals(other)
        assert (one["htmt_low"] < one["htmt"]).all()
        assert (one["htmt"] < one["htmt_high"]).all()

    def test_bootstrap_equals_resampling_by_hand(self):
        # Percentiles over resamples: two different ways to draw must agree within the error of 2,000 draws.
        answers = factor_answers(3, n=300, factors=2) + np.random.default_rng(1).standard_normal((300, 1))
        found = discriminant_validity(survey_of(answers, TWO), bootstraps=2000).frame.iloc[0]
        rng = np.random.default_rng(99)
        by_hand = []
        for _ in range(2000):
            r = np.abs(np.corrcoef(answers[rng.integers(0, 300, 300)].T))
            within = [r[np.ix_(s, s)][np.triu_indices(3, 1)].mean() for s in ([0, 1, 2], [3, 4, 5])]
            by_hand.append(r[:3, 3:].mean() / np.sqrt(within[0] * within[1]))
        low, high = np.quantile(by_hand, [0.025, 0.975])
        assert found["htmt_low"] == pytest.approx(low, abs=0.02)
        assert found["htmt_high"] == pytest.approx(high, abs=0.02)

    def test_rule_of_fornell_and_larcker(self, shipped):
        found = discriminant_validity(shipped("bfi"), missing="listwise", bootstraps=0)
        frame, table = found.frame, found.fornell_larcker
        assert frame["ave_exceeds"].tolist() == (frame[["ave", "other_ave"]].min(axis=1) > frame["r"] ** 2).tolist()
        assert frame["ave_exceeds"].sum() == 9
        assert table.loc["Openness", "Openness"] == pytest.approx(np.sqrt(frame["other_ave"].iloc[-1]))
        assert np.isnan(table.loc["Agreeableness", "Openness"])
        assert table.loc["Openness", "Agreeableness"] == frame.set_index("pair").loc["Agreeableness – Openness", "r"]

    def test_one_thing_under_two_names_is_a_severe_problem(self):
        survey = survey_of(factor_answers(8, n=400), TWO)
        found = discriminant_validity(survey, bootstraps=50)
        verdict = next(iter(found.verdicts))
        assert (verdict.verdict, verdict.source) == ("severe problem", "ronkko2022")
        assert "0 of 1 pair of dimensions are no problem" in found.text

    def test_a_negative_correlation_counts_by_its_size(self):
        answers = factor_answers(8, n=400)
        answers[:, 3:] *= -1
        found = discriminant_validity(survey_of(answers, TWO), bootstraps=0)
        assert found.frame["r"].iloc[0] < -0.9
        assert next(iter(found.verdicts)).verdict == "severe problem"
        assert found.picture().png.startswith(b"\x89PNG")

    def test_pairs_of_answers_are_used_with_gaps(self):
        answers = with_gaps(factor_answers(8, n=400, factors=2), 3)
        answers += np.random.default_rng(1).standard_normal((400, 1))
        found = discriminant_validity(survey_of(answers, TWO), bootstraps=100)
        covariance = pd.DataFrame(answers).cov().to_numpy()
        sd = np.sqrt(np.diag(covariance))
        r = np.abs(covariance / np.outer(sd, sd))
        within = [r[np.ix_(s, s)][np.triu_indices(3, 1)].mean() for s in ([0, 1, 2], [3, 4, 5])]
        assert found.frame["htmt"].iloc[0] == pytest.approx(
            r[:3, 3:].mean() / np.sqrt(within[0] * within[1]), abs=1e-12
        )
        assert np.isfinite(found.frame["htmt_low"]).all()

    def test_one_dimension(self, shipped):
        with pytest.raises(cx.AnalysisError, match="compares dimensions: it needs two dimensions of two items or more"):
            discriminant_validity(shipped("bhr2000"))


PLAIN = {"estimator": "ML", "missing": "listwise"}


class TestCommonMethod:
    def row(self, found, technique, model):
        frame = found.frame
        return frame[(frame["technique"] == technique) & (frame["model"] == model)].iloc[0]

    def check(self, row, wanted):
        for ours, theirs in {"chi_square": "chisq", "df": "df", "cfi": "cfi", "rmsea": "rmsea"}.items():
            assert row[ours] == pytest.approx(wanted[theirs], rel=1e-6), ours

    def test_unmeasured_equals_lavaan(self, shipped, reference):
        # R: cfa() of the three models, lavTestLRT(f0, f1)
        wanted = reference("validation_structure")["unmeasured"]["bfi"]
        found = common_method(shipped("bfi"), **PLAIN)
        names = {"trait": "dimensions only", "equal": "equal method loadings", "free": "free method loadings"}
        for key, model in names.items():
            self.check(self.row(found, "unmeasured method factor", model), wanted[key])
        equal = self.row(found, "unmeasured method factor", "equal method loadings")
        assert equal["chi_square_difference"] == pytest.approx(wanted["equal_difference"]["chisq"], rel=1e-5)
        assert equal["df_difference"] == wanted["equal_difference"]["df"]
        assert equal["method_share"] == pytest.approx(wanted["share_equal"], abs=ESTIMATE)
        free = self.row(found, "unmeasured method factor", "free method loadings")
        assert free["method_share"] == pytest.approx(wanted["share_free"], abs=ESTIMATE)

    def test_harman_equals_prcomp(self, shipped, reference):
        # R: prcomp(x, scale. = TRUE)$sdev[1]^2 / 25
        found = common_method(shipped("bfi"), **PLAIN)
        assert found.harman == pytest.approx(reference("validation_structure")["harman"]["bfi"], abs=1e-12)
        assert "this number is no evidence for or against common method variance" in found.text
        assert found.frame["model"].iloc[0] == "first component: no evidence"

    def test_marker_equals_lavaan(self, shipped, reference):
        # R: the five models of Williams, Hartman & Cavazotte (2010)
        wanted = reference("validation_structure")["marker"]["bfi"]
        found = common_method(shipped("bfi"), marker="openness", **PLAIN)
        names = {"cfa": "marker correlated", "baseline": "marker unrelated", "equal": "equal method loadings",
                 "free": "free method loadings", "restricted": "correlations held"}  # fmt: skip
        for key, model in names.items():
            row = self.row(found, "marker", model)
            self.check(row, wanted[key])
            if f"{key}_difference" in wanted:
                difference = wanted[f"{key}_difference"]
                assert row["chi_square_difference"] == pytest.approx(difference["chisq"], rel=1e-4)
                assert row["df_difference"] == difference["df"]
                assert row["p_value"] == pytest.approx(difference["p"], rel=1e-3)
        assert self.row(found, "marker", "free method loadings")["method_share"] == pytest.approx(
            wanted["share_free"], abs=ESTIMATE
        )
        assert (
            "Holding the correlations as they were fits worse: chi-square difference (standard), p = .001."
            in found.text
        )
        assert found.picture().png.startswith(b"\x89PNG")
        assert found.settings["dimensions"] == ["agreeableness", "conscientiousness", "extraversion", "neuroticism"]

    def test_a_planted_method_is_found_by_its_marker(self):
        # Items = dimension + 0.6 method; the marker holds method alone. The true share is .36 / (1 + .36 + .25).
        rng = np.random.default_rng(12)
        method = rng.standard_normal((3000, 1))
        substance = np.repeat(rng.standard_normal((3000, 2)), 4, axis=1)
        items = substance + 0.6 * method + 0.5 * rng.standard_normal((3000, 8))
        own = 0.6 * method + 0.5 * rng.standard_normal((3000, 3))
        names = [f"q{i}" for i in range(11)]
        survey = survey_of(pd.DataFrame(np.hstack([items, own]), columns=names),
                           {"a": names[:4], "b": names[4:8], "m": names[8:]})  # fmt: skip
        found = common_method(survey, marker="m")
        row = self.row(found, "marker", "equal method loadings")
        assert row["method_share"] == pytest.approx(0.36 / 1.61, abs=0.02)
        before = self.row(found, "marker", "marker unrelated")["mean_correlation"]
        assert before == pytest.approx(0.36 / 1.36, abs=0.03)
        assert row["mean_correlation"] == pytest.approx(0.0, abs=0.05)

    def test_improper_models_are_marked_and_not_told(self, shipped):
        found = common_method(shipped("hs1939"))
        assert not self.row(found, "unmeasured method factor", "equal method loadings")["proper"]
        assert "equal method loadings (improper)" in str(found)

    @pytest.mark.parametrize(("options", "words"), [
        ({"marker": "opennes"}, r"marker= names 'opennes', neither a dimension nor an item. Did you mean 'openness'\?"),
        ({"marker": "O1"}, "The marker O1 has one item. The technique needs a factor"),
        ({"marker": ["O1", "O2"], "dimensions": ["openness", "neuroticism"]}, "The marker holds items of 'openness'"),
        ({"estimator": "WLSMV"}, "takes estimator='MLR' or 'ML', not 'WLSMV'"),
        ({"dimensions": ["openness"]}, "it needs two dimensions of two items or more, without the marker"),
    ])  # fmt: skip
    def test_refusals(self, shipped, options, words):
        with pytest.raises((cx.AnalysisError, cx.OptionError), match=words):
            common_method(shipped("bfi"), **options)


class TestCriterion:
    def test_equals_r(self, shipped, reference):
        # R: summary(lm(overall ~ price + effectiveness)); cor.test(price, overall)
        wanted = reference("validation_structure")["criterion"]["customersat"]
        found = criterion_validity(shipped("customersat"), criterion="q1")
        assert found.r_squared == pytest.approx(wanted["r2"], abs=1e-12)
        assert found.r_squared_adjusted == pytest.approx(wanted["adjusted"], abs=1e-12)
        for row, r in zip(found.frame.itertuples(), wanted["correlations"], strict=True):
            assert (row.r, row.ci_low, row.ci_high) == pytest.approx((r["r"], r["low"], r["high"]), abs=1e-12)

    def test_leaving_out_one_equals_press(self, shipped, reference):
        # R: residuals(m) / (1 - hatvalues(m)), squared and summed
        wanted = reference("validation_structure")["criterion"]["customersat"]["leave_one_out"]
        survey = shipped("customersat")
        found = criterion_validity(survey, criterion="q1", folds=survey.n, repeats=1)
        assert found.r_squared_new == pytest.approx(wanted, abs=1e-12)
        assert np.isnan(found.r_squared_new_sd)

    def test_noise_predicts_nothing_new(self):
        survey = survey_of(factor_answers(5, n=60, factors=2), TWO)
        noise = pd.Series(np.random.default_rng(6).standard_normal(60), name="sales")
        found = criterion_validity(survey, criterion=noise)
        assert found.r_squared > 0
        assert found.r_squared_new < 0
        assert "nothing (worse than their mean) among respondents left out" in found.text

    def test_the_seed_decides(self, shipped):
        one, again, other = (criterion_validity(shipped("customersat"), criterion="q1", seed=s) for s in (1, 1, 2))
        assert one.r_squared_new == again.r_squared_new
        assert one.r_squared_new != other.r_squared_new

    def test_groups_stay_together(self):
        # The criterion is a matter of the organisation alone: it can be told from colleagues, not from other firms.
        rng = np.random.default_rng(3)
        firm = np.repeat(np.arange(12), 20)
        place = rng.standard_normal((12, 2))[firm]
        answers = np.repeat(place, 3, axis=1) + 0.1 * rng.standard_normal((240, 6))
        survey = survey_of(answers, TWO)
        outcome = pd.Series(rng.standard_normal(12)[firm])
        respondents = pd.DataFrame({"organisation": pd.Categorical([f"Firm {k:02}" for k in firm])})
        survey = type(survey)(name="firms", instrument=survey.instrument, given=survey.given, respondents=respondents)
        within = criterion_validity(survey, criterion=outcome).r_squared_new
        across = criterion_validity(survey, criterion=outcome, groups="organisation", folds=6).r_squared_new
        assert across < within

    def test_words(self, shipped):
        found = criterion_validity(shipped("customersat"), criterion="q1")
        assert found.text.startswith(
            "Price goes most closely with 'Satisfaction overall': r = 0.75 (95 % interval 0.72 to"
        )
        assert "65% of its variance among these respondents and 65% among respondents left out" in found.text
        assert "comes from the same questionnaire" in found.note
        assert found.settings["dimensions"] == ["price", "effectiveness"]
        assert found.picture().png.startswith(b"\x89PNG")

    @pytest.mark.parametrize(("options", "words"), [
        ({"criterion": "q11"}, r"criterion='q11' is no item of 'customersat'. Did you mean 'q1'\?"),
        ({"criterion": pd.Series([1.0, 2.0])}, "The criterion must be a Series with the 1,811 row numbers"),
        ({"criterion": "q2", "dimensions": ["price"]}, "is part of 'price' and would predict itself"),
        ({"criterion": "q1", "folds": 1}, "folds=1 must be a whole number, at least 2"),
        ({"criterion": "q1", "confidence": 95}, "confidence=95 must lie between 0 and 1"),
        ({"criterion": "q1", "groups": "organisation"}, "does not say the organisation of its respondents"),
    ])  # fmt: skip
    def test_refusals(self, shipped, options, words):
        with pytest.raises((cx.AnalysisError, cx.OptionError), match=words):
            criterion_validity(shipped("customersat"), **options)

    def test_words_are_no_criterion(self, shipped):
        survey = shipped("hs1939")
        with pytest.raises(cx.AnalysisError, match="The criterion 'school' is not numeric"):
            criterion_validity(survey, criterion=pd.Series("Pasteur", index=survey.given.index, name="school"))
        with pytest.raises(cx.AnalysisError, match="The criterion does not vary"):
            criterion_validity(survey, criterion=pd.Series(1.0, index=survey.given.index))


def test_the_structure_is_not_fitted_again_as_the_first_method_model(monkeypatch):
    survey = survey_of(
        pd.DataFrame(with_gaps(factor_answers(5, n=300, items=9, factors=3), 6, 0.05), columns=list("abcdefghi")),
        {"one": "abc", "two": "def", "three": "ghi"},
    )
    structure = cx.confirm_structure(survey)
    fitted = []
    cfa = cx.sem.cfa
    monkeypatch.setattr(cx.sem, "cfa", lambda *given, **how: fitted.append(given[0]) or cfa(*given, **how))
    found = common_method(survey).frame
    assert len(fitted) == 2
    assert found.set_index("model").loc["dimensions only", "chi_square"] == pytest.approx(
        structure.indices["chi_square"], rel=1e-12
    )
