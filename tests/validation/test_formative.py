"""Formative topics: what refuses them and why, and their profile against R (content_and_agreement.R)."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.validation.content.formative import formative_profile
from cxkit.validation.content.weighting import index_rows, quantiles, ranks_of
from tests.conftest import tiny_instrument
from tests.validation.building import factor_answers, survey_of

AUDIT = Path(__file__).parents[2] / "docs" / "examples" / "customer_audit_synthetic.csv"
SCALE = {"low": 0, "high": 4}
REASON = (
    "16 dimensions are left out: they are formative ('Management commitment', 'Customer value proposition', "
    "'Measurements' and 13 more). Their items make the score up, as courses make up a menu, and need not go together; "
)
REFUSING = {
    "cronbach_alpha": {},
    "omega": {},
    "sampling_adequacy": {},
    "parallel_analysis": {},
    "exploratory_factors": {"n_factors": 2},
    "confirm_structure": {},
    "convergent_validity": {},
    "discriminant_validity": {},
    "measurement_invariance": {"by": "organisation"},
    "differential_item_functioning": {"by": "organisation"},
}


@pytest.fixture(scope="module")
def audit():
    return cx.load_survey(
        AUDIT,
        instrument="customer_audit16",
        respondent={"id": "rater", "organisation": "organisation"},
        about=cx.About(synthetic=True),
    )


@pytest.fixture(scope="module")
def profile(audit):
    return formative_profile(audit)


def topics_of(answers, **options):
    """A survey of one-item topics, all of them formative."""
    frame = pd.DataFrame(answers)
    frame.columns = [f"t{i}_1" for i in range(1, frame.shape[1] + 1)]
    dimensions = {f"t{i}": [f"t{i}_1"] for i in range(1, frame.shape[1] + 1)}
    return survey_of(frame, dimensions, formative=list(dimensions), scale=SCALE, **options)


class TestTheInstrument:
    instrument = cx.load_instrument("customer_audit16")

    def test_sixteen_formative_topics_of_two_or_three_questions(self):
        assert len(self.instrument.dimensions) == 16
        assert {d.kind for d in self.instrument.dimensions} == {"formative"}
        assert {len(d.items) for d in self.instrument.dimensions} == {2, 3}
        assert all(d.definition for d in self.instrument.dimensions)

    def test_a_labelled_scale_of_evidence(self):
        scale = self.instrument.dimensions[0].scale
        assert (scale.low, scale.high, sorted(scale.labels), scale.missing_codes) == (0, 4, [0, 1, 2, 3, 4], (99,))
        assert scale.labels[0] == "No evidence"

    def test_the_index_above_them_is_formative_too(self):
        (index,) = self.instrument.higher_order
        assert index.kind == "formative"
        assert list(index.dimensions) == self.instrument.dimension_keys

    def test_it_says_that_it_is_a_demonstration(self):
        assert self.instrument.status == "demonstration instrument, not validated"
        assert self.instrument.licence == "CC-BY-4.0"

    def test_one_idea_a_question_and_none_reversed(self):
        for item in self.instrument.items.values():
            assert not {"and", "or"} & set(item.text.casefold().split()), item.text
            assert item.text.endswith(".")
            assert len(item.text.split()) <= 20
            assert not item.reversed


class TestWhoRefusesIt:
    @pytest.mark.parametrize("analysis", REFUSING)
    def test_with_the_reason_and_what_to_do_instead(self, audit, analysis):
        with pytest.raises(cx.AnalysisError) as refused:
            getattr(cx, analysis)(audit, **REFUSING[analysis])
        said = str(refused.value)
        assert said.startswith("No dimension of 'customer_audit_synthetic' is left for ")
        assert REASON in said
        assert "takes items as signs of one thing behind them and would mislead." in said
        assert said.endswith("formative_profile says what can be said instead.")
        assert said.count("formative") == 2  # once for all sixteen, and the name of the analysis

    def test_item_analysis_gives_no_correlations(self, audit):
        result = cx.item_analysis(audit)
        assert result.frame["item_rest_r"].isna().all()
        assert result.notes[0].startswith("16 dimensions are formative ('Management commitment', ")
        assert result.notes[0].endswith("their items need not correlate, and no correlation is given.")

    def test_one_formative_dimension_among_others_is_left_out(self):
        survey = survey_of(factor_answers(1), {"audit": ["q1", "q2"], "rest": ["q3", "q4", "q5"]}, formative=["audit"])
        assert cx.cronbach_alpha(survey).note.startswith(
            "'Audit' is left out: it is formative. Its items make the score up"
        )


class TestAgainstR:
    def test_topics_of_one_organisation(self, audit, reference):
        # R: t.test(scores)$conf.int of each topic
        wanted = reference("content_and_agreement")["formative"]["north"]
        frame = formative_profile(audit.subset(organisation="Synthetic North")).frame
        for column, key in {"score": "mean", "ci_low": "low", "ci_high": "high"}.items():
            assert frame[column].to_numpy() == pytest.approx(wanted[key], abs=1e-12), column

    def test_topics_of_several_organisations(self, profile, reference):
        wanted = reference("content_and_agreement")["formative"]["organisations"]
        for column, key in {"score": "mean", "ci_low": "low", "ci_high": "high"}.items():
            assert profile.frame[column].to_numpy() == pytest.approx(wanted[key], abs=1e-12), column

    def test_agreement(self, audit, profile, reference):
        wanted = reference("content_and_agreement")["alpha"]
        assert profile.agreement.alpha == pytest.approx(wanted["audit"][0], abs=1e-12)
        north = formative_profile(audit.subset(organisation="Synthetic North")).agreement
        assert north.alpha == pytest.approx(wanted["north"][0], abs=1e-12)
        assert north.units == 41
        raters = audit.given.notna().groupby(audit.role("organisation")).sum()  # of each question in each organisation
        assert profile.agreement.units == (raters >= 2).to_numpy().sum() == 6 * 41 - 1
        assert profile.agreement.low < profile.agreement.alpha < profile.agreement.high

    def test_index(self, profile, reference):
        wanted = reference("content_and_agreement")["formative"]["index"]
        shown = profile.index.frame.dropna(subset="index").set_index("organisation")["index"]
        assert sorted(shown.index) == ["Synthetic East", "Synthetic Hills", "Synthetic North", "Synthetic South"]
        assert shown.to_dict() == pytest.approx({name: wanted[name] for name in shown.index}, abs=1e-12)

    def test_the_interval_of_the_index_is_the_t_interval_where_nothing_is_missing(self, audit, reference):
        # R: t.test(rowMeans(topic scores)), gaps filled with 2
        wanted = reference("content_and_agreement")["formative"]["complete_north"]
        north = audit.subset(organisation="Synthetic North")
        complete = cx.Survey(
            name="complete", instrument=north.instrument, given=north.given.fillna(2), respondents=north.respondents
        )
        row = formative_profile(complete).index.frame.iloc[0]
        assert row[["index", "ci_low", "ci_high"]].tolist() == pytest.approx(list(wanted.values()), abs=1e-12)


class TestWeights:
    def test_two_topics_have_a_uniform_index(self):
        # With weights w and 1 - w, w uniform, an index between topics of 1 and 3 is uniform from 1 to 3.
        survey = topics_of([[1, 3]] * 6)
        row = formative_profile(survey, draws=20_000).index.frame.iloc[0]
        assert row["index"] == 2
        assert row[["weighted_low", "weighted_high"]].tolist() == pytest.approx([1.05, 2.95], abs=0.01)

    def test_equal_topics_leave_nothing_to_weights(self):
        row = formative_profile(topics_of([[2, 2, 2]] * 5)).index.frame.iloc[0]
        assert row[["weighted_low", "weighted_high"]].tolist() == pytest.approx([2, 2])

    def test_an_organisation_that_is_better_on_every_topic_is_first_whatever_the_weights(self):
        better, worse = np.full((5, 3), 3.0), np.array([[1.0, 2.0, 0.0]] * 5)
        index = self.rows(np.vstack([worse, better]), [*["worse"] * 5, *["better"] * 5]).set_index("organisation")
        assert index.loc["better", ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
        assert index.loc["worse", ["rank", "rank_low", "rank_high"]].tolist() == [2, 2, 2]

    def test_organisations_with_opposite_strengths_change_places(self):
        index = self.rows(np.array([[4.0, 0.0]] * 5 + [[0.0, 3.0]] * 5), [*["a"] * 5, *["b"] * 5])
        assert index["rank"].tolist() == [1, 2]
        assert index[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]

    @pytest.mark.parametrize("organisations", [1, 3])
    def test_one_topic_has_no_weights_to_vary_and_no_rank(self, organisations):
        answers = np.tile([1.0, 2, 3, 4, 2, 3], (2, 5)).T
        survey = topics_of(answers[:, :1])
        names = pd.Categorical([f"O{i % organisations}" for i in range(len(answers))])
        respondents = survey.respondents.assign(organisation=names)
        found = formative_profile(dataclasses.replace(survey, respondents=respondents), draws=200)
        assert found.text.startswith("The only topic with a score is T1 (")
        assert "With one topic there are no weights to vary: the index is the score on it, " in found.text
        told = " ".join([found.text, found.index.text, found.index.note, found.index.alt])
        assert not re.search("weighting|equal weights|keeps? their|Highest", told)
        assert list(found.table)[-1] == "95 % interval"
        assert not any("weights" in heading for heading in found.index.table)
        assert ("Rank" in found.index.table) == (organisations > 1)
        empty = ["weighted_low", "weighted_high", "rank_low", "rank_high"]
        assert found.index.frame[empty].isna().all(axis=None)
        assert found.index.picture().png
        assert found.picture().png

    def test_the_seed_decides_and_is_kept(self, audit, profile):
        again, other = formative_profile(audit), formative_profile(audit, seed=2)
        pd.testing.assert_frame_equal(again.frame, profile.frame)
        pd.testing.assert_frame_equal(again.index.frame, profile.index.frame)
        assert again.agreement == profile.agreement
        assert not other.index.frame["weighted_low"].equals(profile.index.frame["weighted_low"])
        assert profile.settings["seed"] == 1

    @staticmethod
    def rows(scores, organisations):
        return index_rows(
            pd.DataFrame(scores),
            pd.Series(organisations),
            draws=500,
            confidence=0.95,
            minimum=5,
            rng=np.random.default_rng(1),
        )

    @given(seed=st.integers(0, 10_000))
    def test_ranks(self, seed):
        values = np.random.default_rng(seed).integers(0, 5, (3, 6)).astype(float)
        wanted = pd.DataFrame(values).rank(axis=1, ascending=False, method="min").to_numpy()
        np.testing.assert_array_equal(ranks_of(values), wanted)

    def test_quantiles_are_values_that_occur(self):
        low, high = quantiles(np.array([[1.0, np.nan], [2, np.nan], [3, np.nan], [9, np.nan]]), 0.5)
        assert (low[0], high[0]) == (1, 3)
        assert np.isnan([low[1], high[1]]).all()


class TestPrivacy:
    def test_small_organisations_are_hidden_with_all_their_numbers(self, audit, profile):
        """Coast and East have six raters each, and one must protect West: the one that all tables of groups hide."""
        frame = profile.index.frame.set_index("organisation")
        assert frame["hidden"].to_dict() == {
            "Synthetic North": False, "Synthetic South": False, "Synthetic East": False, "Synthetic West": True,
            "Synthetic Coast": True, "Synthetic Hills": False,
        }  # fmt: skip
        profiled = cx.group_profile(audit, by="organisation").frame
        assert set(profiled.loc[profiled["hidden"].astype(bool), "group"]) >= set(frame.index[frame["hidden"]])
        assert frame[frame["hidden"]].drop(columns="hidden").isna().all(axis=None)
        assert "Synthetic West   hidden" in str(profile.index)
        assert "Synthetic West" not in profile.index.alt
        assert "2 of 6 organisations are hidden: fewer than 5 respondents" in profile.text
        assert "the index of the organisations shown runs from" in profile.text

    def test_ranks_are_among_those_that_are_shown(self, profile):
        assert sorted(profile.index.frame["rank"].dropna()) == [1, 2, 3, 4]

    def test_few_raters_of_one_organisation_are_refused_unless_they_agreed_to_be_seen(self, audit):
        west = audit.subset(organisation="Synthetic West")
        with pytest.raises(cx.AnalysisError, match=r"is not shown: \d raters answered, and numbers of fewer"):
            formative_profile(west)
        with pytest.raises(cx.OptionError, match="minimum=1 must be a whole number, at least 5"):
            formative_profile(west, minimum=1)
        shown = formative_profile(west, minimum=1, consent="the auditors, in writing.")
        assert not shown.index.frame["hidden"].any()
        assert "Answers of fewer than 5 raters are shown with their consent: the auditors, in writing." in shown.note

    def test_a_topic_that_few_raters_answered_has_no_score(self):
        ratings = [[1, 3, 2 if i < 4 else np.nan] for i in range(6)]
        frame = formative_profile(topics_of(ratings)).frame
        assert frame["score"].isna().tolist() == [False, False, True]


class TestWords:
    def test_of_one_organisation(self, audit):
        result = formative_profile(audit.subset(organisation="Synthetic North"))
        assert result.text == (
            "Highest is Retention and loyalty (3.62, 95 % interval 3.35 to 3.90), lowest Consequences (1.00, 95 % "
            "interval 0.74 to 1.26). Raters' agreement by Krippendorff's alpha is 0.524, 95 % interval 0.35 to 0.64: "
            "too low to rely on (Krippendorff 2004). The index is 2.51 with equal weights; 95 % of all weightings give "
            "2.15 to 2.81."
        )
        assert result.note.startswith("Intervals are across raters. Synthetic data. n = 8.")

    def test_of_several(self, profile):
        assert profile.note.startswith(
            "Each of 6 organisations counts once, with the mean of its raters. Synthetic data."
        )
        assert "the index of the organisations shown runs from 1.21 to 2.51; 1 of 4 organisations keeps its rank" in (
            profile.text
        )
        assert {v.source for v in profile.verdicts} == {"krippendorff2004"}

    def test_the_table_is_ranked(self, profile):
        assert list(profile.table.columns) == ["Topic", "Items", "n", "Score", "95 % interval", "Rank", "Rank, 95 %"]
        assert profile.table["Rank"].tolist() == [str(i) for i in range(1, 17)]
        assert list(profile.frame["dimension"]) == profile.settings["dimensions"]

    def test_pictures_on_the_full_scale(self, profile):
        for result in (profile, profile.index):
            low, high = result.plot().get_xlim()
            assert (low, high) == pytest.approx((-0.08, 4.08))
            assert result.picture().png.startswith(b"\x89PNG")
        assert profile.alt.startswith("Score of each topic with 95 % interval, highest first: Customer feedback (2.63")


class TestEdges:
    def shown(self, result):
        parts = [result, result.index]
        return " ".join(f"{p}{p._repr_html_()}{p.text}{p.alt}{p.note}" for p in parts)

    def test_one_rater_has_scores_and_no_intervals(self):
        result = formative_profile(topics_of([[1, 3, 2]]), minimum=1, consent="the rater")
        assert result.frame["score"].tolist() == [1, 3, 2]
        assert result.frame[["ci_low", "rank_low"]].isna().all(axis=None)
        assert "How well raters agree cannot be computed" in result.text
        assert "nan" not in self.shown(result)

    def test_a_topic_without_answers_leaves_the_index_open(self):
        result = formative_profile(topics_of([[1, 3, np.nan]] * 6))
        assert result.frame["n"].tolist() == [6, 6, 0]
        assert result.index.frame["index"].isna().all()
        assert "No index can be shown" in result.text
        assert "nan" not in self.shown(result)
        assert result.index.picture().png

    def test_raters_without_answers_are_dropped_and_counted(self):
        result = formative_profile(topics_of([[1, 3, 2], [2, 2, 2], [np.nan] * 3]), minimum=1, consent="both raters")
        assert (result.n, result.n_dropped) == (2, 1)

    def test_everybody_says_the_same(self):
        result = formative_profile(topics_of([[2, 2, 2]] * 6))
        assert np.isnan(result.agreement.alpha)
        assert [verdict.verdict for verdict in result.verdicts] == ["cannot be judged"]
        assert "nan" not in self.shown(result)

    @pytest.mark.parametrize(
        ("survey", "words"),
        [
            (topics_of([[np.nan] * 3] * 4), r"Nobody in 'small' answered enough questions of any topic for a score\."),
            (survey_of(factor_answers(1)), r"No dimension of 'small' that was asked for is formative .*cronbach_alpha"),
        ],
    )
    def test_refusals(self, survey, words):
        with pytest.raises(cx.AnalysisError, match=words):
            formative_profile(survey)

    def test_reflective_dimensions_are_named_as_left_out(self):
        survey = survey_of(factor_answers(1), {"audit": ["q1", "q2"], "rest": ["q3", "q4", "q5"]}, formative=["audit"])
        result = formative_profile(survey)
        assert result.frame["dimension"].tolist() == ["audit"]
        assert result.note.startswith(
            "'Rest' is reflective and left out; cronbach_alpha and exploratory_factors are for"
        )

    def test_options_are_checked(self, audit):
        with pytest.raises(cx.OptionError, match="draws=0 must be a whole number, at least 2"):
            formative_profile(audit, draws=0)
        with pytest.raises(cx.OptionError, match="confidence=1 must lie between 0 and 1"):
            formative_profile(audit, confidence=1)
        with pytest.raises(cx.OptionError, match="has no dimension 'complaint'. Did you mean 'complaints'"):
            formative_profile(audit, dimensions=["complaint"])

    def test_nothing_of_the_survey_is_changed(self, audit):
        before = audit.given.copy()
        formative_profile(audit, draws=10)
        pd.testing.assert_frame_equal(audit.given, before)


def test_topics_of_different_scales_make_no_index():
    survey = survey_of(np.ones((4, 2)), {"a": ["q1"], "b": ["q2"]}, formative=["a", "b"], scale=SCALE)
    other = tiny_instrument(dimensions=1, items=1).dimensions[0]
    first = survey.instrument.dimensions[0]
    mixed = cx.Instrument(
        name="mixed", title="Mixed", citation="x", licence="x",
        dimensions=(first, type(first)(key=other.key, title="Other", items=other.items, kind="formative")),
    )  # fmt: skip
    given = pd.DataFrame({"q1": [1.0, 2, 3], "d1_1": [1.0, 5, 3]})
    with pytest.raises(cx.AnalysisError, match=r"different answer scales \(0-4, 1-5\), so they add up to no index"):
        formative_profile(
            cx.Survey(name="m", instrument=mixed, given=given, respondents=pd.DataFrame(index=given.index))
        )
