"""The paragraph and the checklist are filled from results, and say what is missing."""

import importlib
import pkgutil

import numpy as np
import pytest

import cxkit as cx
import cxkit.validation
from cxkit.errors import OptionError
from cxkit.results.result import Result
from cxkit.validation.methods import methods_paragraph
from cxkit.validation.reporting import report_standards
from cxkit.validation.standards import TOPICS
from cxkit.validation.structure.confirmatory import confirm_structure
from tests.conftest import tiny_survey
from tests.test_degenerate_surveys import N
from tests.test_weights import made_up, ordinary
from tests.validation.building import factor_answers, survey_of


@pytest.fixture(scope="module")
def study(shipped):
    survey = shipped("bfi")
    structure = confirm_structure(survey, missing="listwise")
    return survey, [cx.item_analysis(survey), cx.cronbach_alpha(survey), structure, structure.misfit]


def rows(found):
    return found.frame.set_index(["standard", "topic"])


def topic(key, standard="JARS-Quant"):
    return standard, next(t.title for t in TOPICS if (t.key, t.standard) == (key, standard))


class TestParagraph:
    def test_says_who_what_and_how(self, study):
        survey, results = study
        said = str(methods_paragraph(survey, *results))
        for words in (
            "2,800 respondents took part. Population: people who took a personality test on the web.",
            "5 dimensions, 25 items, 7 of them reversed and turned round before scoring; answers: 1-6.",
            "0.7% of all answers are missing; 2,436 respondents answered everything.",
            "estimator: MLR; missing answers: listwise",
            f"Computed with cxkit {cx.__version__} from the answers with the hash {survey.hash}.",
        ):
            assert words in said
        for result in results:
            assert result.text in said

    def test_what_is_not_known_is_bracketed(self):
        said = str(methods_paragraph(tiny_survey([[1, 2, 3]] * 4)))
        people = ("[population not stated]", "[period not stated]", "[not stated how respondents came to take part]")
        for words in (*people, "[No result is given.]"):
            assert words in said

    def test_synthetic_answers_are_called_so(self, shipped):
        survey = shipped("culture_synthetic")
        assert "The answers are synthetic: nobody was asked." in methods_paragraph(survey).method

    def test_html_is_escaped_and_sources_are_named(self, study):
        survey, results = study
        found = methods_paragraph(survey, *results)
        assert "p &lt; .001" in found._repr_html_()
        assert "<h3>Results</h3>" in found._repr_html_()
        assert [name for name, _ in found.parts] == [
            "Participants", "Instrument", "Missing answers", "Analyses", "Software",
        ]  # fmt: skip
        assert found.results == " ".join(result.text for result in results)
        assert {"appelbaum2018", "hu1999", "feldt1987"} <= set(found.references)
        assert "Appelbaum" in str(cx.bibliography(found))


class TestStandards:
    def test_what_is_there_and_what_is_missing(self, study):
        survey, results = study
        found = rows(report_standards(survey, *results))
        for key in ("population", "selection", "numbers", "same_answers", "treatment", "instrument", "descriptives",
                    "reliability", "validity", "misfit", "uncertainty"):  # fmt: skip
            assert found.loc[topic(key), "status"] == "there", key
        for key in ("missing", "screening", "alternatives"):
            assert found.loc[topic(key), "status"] == "missing", key
        assert found.loc[topic("seed"), "status"] == "does not apply"
        assert found.loc[topic("numbers"), "where"] == "2,436 to 2,800 respondents"
        assert found.loc[topic("treatment"), "where"] == "listwise, pairwise"
        assert found.loc[topic("structure", "COSMIN"), "status"] == "there"
        assert found.loc[topic("invariance", "COSMIN"), "status"] == "missing"

    def test_text_counts_and_remedies_are_given(self, study):
        survey, results = study
        found = report_standards(survey, *results)
        assert found.text.startswith("JARS-Quant (Appelbaum et al. 2018): 11 of 14 topics are there. Missing: ")
        assert "COSMIN (Mokkink et al. 2018): 2 of 9 topics are there." in found.text
        assert (found.missing["remedy"].str.len() > 20).all()
        assert (found.frame.loc[found.frame["status"] != "missing", "remedy"] == "").all()

    def test_internal_consistency_wants_a_tested_structure(self, study):
        survey, results = study
        alone = rows(report_standards(survey, *results[:2]))
        assert alone.loc[topic("consistency", "COSMIN"), "status"] == "missing"
        assert alone.loc[topic("reliability"), "status"] == "there"

    def test_the_ends_of_the_answer_scale_are_no_interval(self, study):
        survey, _ = study
        effect = cx.exclusion_effect(survey, cx.screen_respondents(survey, seed=1), flags=1)
        assert effect.frame["scale_low"].notna().any()
        told = cx.report_standards(survey, effect).frame.set_index("topic")
        assert told.loc["How sure one can be: intervals", "status"] == "missing"

    def test_the_remedy_of_a_missing_description_works_in_a_notebook(self):
        survey = tiny_survey(np.tile([1.0, 2.0, 3.0], (6, 1)))
        missing = cx.report_standards(survey).missing.set_index("topic")["remedy"]
        remedy = missing["Who took part, where and when"]
        assert remedy.endswith(
            'of a notebook, in its parameter reading: {"about": {"population": "...", "period": "..."}}.'
        )
        about = {"population": "nurses of a clinic", "period": "May 2025"}
        described = cx.load_survey("culture_synthetic", about=about).about
        assert (described.population, described.period) == tuple(about.values())
        assert described.synthetic  # what a dict leaves out stays as the data set says
        with pytest.raises(OptionError, match="a dict of these"):
            cx.load_survey("culture_synthetic", about={"place": "here"})

    def test_results_on_other_answers_are_named(self, study, shipped):
        _, results = study
        found = report_standards(shipped("hs1939"), *results[:1])
        assert rows(found).loc[topic("same_answers"), "status"] == "missing"
        assert "'Item analysis' rests on other answers (bfi, answers " in found.note

    def test_formative_instruments_are_not_asked_for_reliability(self):
        survey = survey_of(factor_answers(1), formative=["all"])
        found = rows(report_standards(survey))
        assert found.loc[topic("reliability"), "status"] == "does not apply"
        assert found.loc[topic("reliability"), "where"] == "every dimension is formative"
        assert found.loc[topic("descriptives"), "status"] == "missing"

    def test_nothing_given(self):
        found = report_standards(tiny_survey([[1, 2, 3]] * 4))
        assert set(found.frame.loc[found.frame["status"] == "there", "topic"]) == {
            topic("instrument")[1], topic("treatment")[1],
        }  # fmt: skip

    def test_only_results_are_taken(self, study):
        survey, _ = study
        with pytest.raises(cx.AnalysisError, match="A report is written from results.*; str is none."):
            report_standards(survey, "alpha")

    def test_every_kind_of_result_exists(self):
        for module in pkgutil.walk_packages(cxkit.validation.__path__, "cxkit.validation."):
            importlib.import_module(module.name)
        known, open_ = set(), [Result]
        while open_:
            kind = open_.pop()
            known.add(kind.__name__)
            open_ += kind.__subclasses__()
        named = {kind for topic in TOPICS for kind in topic.kinds}
        assert named <= known


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    """A survey from a file whose weights stand in the column 'waga'; what it allows and what it refuses."""
    path = tmp_path_factory.mktemp("weights") / "mine.csv"
    answers = ordinary(missing=0.1).given.assign(waga=made_up(N))
    answers.to_csv(path, index=False)
    survey = cx.read_survey(path, tiny_survey([[1, 2, 3]]).instrument, {"weight": "waga"})
    analyses = (cx.missing_pattern, cx.little_mcar, cx.cronbach_alpha, cx.number_of_factors)
    return survey, [cx.attempt(analysis, survey) for analysis in analyses]


class TestWeights:
    def test_the_draft_names_the_column_and_who_honours_it(self, weighted):
        survey, results = weighted
        told = dict(methods_paragraph(survey, *results).parts)
        assert told["Weights"] == (
            "Respondents were weighted by the column 'waga' [say how the weights were made]; the 120 respondents are "
            "as precise as 106.7 of equal weight (Kish's effective n). Weighted: reliability: Cronbach's alpha. Not "
            "weighted: missing answers (patterns of those who answered are counted)."
        )
        assert f"(n = {results[2].n}; weighted, effective n = {results[2].n_effective:.1f}; " in told["Analyses"]
        assert told["Not computed"].startswith("Missing completely at random: Little's test: Not computed. ")
        assert "is not computed, because its respondents have weights" in told["Not computed"]

    def test_the_draft_says_that_weights_were_not_used(self, weighted):
        survey, _ = weighted
        plain = survey.without_weights()
        told = dict(methods_paragraph(plain, cx.cronbach_alpha(plain)).parts)["Weights"]
        assert told == "Every respondent counts alike: the weights of the column 'waga' were not used."
        assert "Weights" not in dict(methods_paragraph(cx.load_survey("bfi")).parts)
        mixed = dict(methods_paragraph(survey, cx.cronbach_alpha(plain)).parts)["Weights"]
        assert "Not weighted: reliability: Cronbach's alpha (computed from answers without weights)." in mixed

    def test_the_checklist_ticks_nothing_that_was_refused(self, weighted):
        survey, results = weighted
        found = report_standards(survey, *results)
        assert rows(found).loc[topic("weights"), "where"] == "column 'waga': 1 of 2 results weighted"
        assert rows(found).loc[topic("missing"), ["status", "where"]].tolist() == ["partly", "Missing answers"]
        assert "because its respondents have weights" in rows(found).loc[topic("missing"), "remedy"]
        assert "In part: answers that are missing: how many, and whether at random. Missing: " in found.text
        refused = [cx.attempt(cx.criterion_validity, survey, criterion="d2_3")]
        assert not refused[0]
        found = rows(report_standards(survey, *refused))
        assert found.loc[topic("criterion", "COSMIN"), "status"] == "missing"
        assert "have weights" in found.loc[topic("criterion", "COSMIN"), "remedy"]
        unused = rows(report_standards(survey, results[0]))
        assert unused.loc[topic("weights"), "status"] == "missing"

    def test_the_checklist_ticks_nothing_without_an_estimate(self):
        answers = np.full((30, 6), np.nan)
        answers[:3] = 2
        survey = tiny_survey(answers)
        items = cx.item_analysis(survey)
        assert items.frame["mean"].isna().all()
        assert rows(report_standards(survey, items)).loc[topic("descriptives"), "status"] == "missing"

    def test_a_dimension_that_could_not_be_analysed_is_named(self):
        answers = ordinary().given.to_numpy(copy=True)
        answers[:, 3:] = 2
        survey = tiny_survey(answers)
        alpha = cx.cronbach_alpha(survey)
        found = rows(report_standards(survey, alpha)).loc[topic("reliability")]
        assert found[["status", "where"]].tolist() == [
            "partly", "Reliability: Cronbach's alpha (not of Dimension 2)",
        ]  # fmt: skip


def test_a_paragraph_takes_the_survey_first():
    with pytest.raises(OptionError, match="takes the survey first, then results"):
        methods_paragraph("alpha")
