"""Structure from the instrument against R's lavaan 0.6-14; the calls stand in tests/reference/scripts/structure.R."""

import warnings
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey
from cxkit.validation.structure.blueprints import Names
from cxkit.validation.structure.comparison import compare_structures
from cxkit.validation.structure.confirmatory import confirm_structure
from tests.validation.building import factor_answers, survey_of, with_gaps

# What the models' own tests allow: lavaan's search stops up to 1e-5 before the optimum.
ESTIMATE, FIT = 1e-5, 1e-5
END = 3 * ESTIMATE  # an estimate and 1.96 standard errors, each as far off
LISTWISE = {"missing": "listwise"}
CASES = [
    *(("hs1939", "hs1939_mlr", kind, {}) for kind in ("one-factor", "first-order", "orthogonal", "second-order")),
    *(("hs1939", "hs1939_ml", kind, {"estimator": "ML"}) for kind in ("one-factor", "first-order", "second-order")),
    *(("bfi", "bfi_mlr", kind, LISTWISE) for kind in ("one-factor", "first-order", "second-order", "bifactor")),
    *(
        ("bfi", "bfi_wlsmv", kind, {"ordered": True} | LISTWISE)
        for kind in ("one-factor", "first-order", "second-order")
    ),
    ("bfi", "bfi_fiml", "first-order", {}),
    *(("culture_synthetic", "culture_mlr", kind, LISTWISE) for kind in ("first-order", "second-order")),
    *(("customersat", "customersat_mlr", kind, {}) for kind in ("one-factor", "first-order")),
]
INDICES = {
    "chi_square": "chisq", "df": "df", "p_value": "pvalue", "cfi": "cfi", "tli": "tli", "rmsea": "rmsea",
    "rmsea_low": "rmsea.ci.lower", "rmsea_high": "rmsea.ci.upper", "srmr": "srmr", "aic": "aic", "bic": "bic",
}  # fmt: skip


@pytest.fixture
def confirmed(shipped):
    """A fitted structure without the warnings that other tests look at."""

    def fit(name, **options):
        with warnings.catch_warnings() if options.get("ordered") else nullcontext():
            if options.get("ordered"):  # rare answers leave combinations empty
                warnings.simplefilter("ignore", cx.CxkitWarning)
            return confirm_structure(shipped(name), **options)

    return fit


def lavaans(fit, name, *, ordered=False):
    """The version of an index that is reported: robust where finite, else scaled, else plain; scaled if ordered."""
    ends = (".scaled", "") if ordered or name in ("chisq", "df", "pvalue") else (".robust", ".scaled", "")
    return next((fit[name + end] for end in ends if fit.get(name + end) is not None), np.nan)


@pytest.mark.parametrize(("name", "key", "kind", "options"), CASES, ids=str)
def test_equals_lavaan(reference, confirmed, name, key, kind, options):
    # R: cfa(model, x, std.lv = TRUE, orthogonal = , estimator = , missing = ); fitMeasures; standardizedSolution
    wanted = reference("validation_structure")[key][kind]
    found = confirmed(name, model=kind, **options)
    assert found.n == wanted["n"]
    for ours, theirs in INDICES.items():
        target = lavaans(wanted["fit"], theirs, ordered=bool(options.get("ordered")))
        assert found.indices[ours] == pytest.approx(target, rel=FIT, abs=1e-6, nan_ok=True), ours


@pytest.mark.parametrize(("name", "key", "options"), [
    ("hs1939", "hs1939_mlr", {}), ("bfi", "bfi_mlr", LISTWISE), ("bfi", "bfi_wlsmv", {"ordered": True} | LISTWISE),
    ("customersat", "customersat_mlr", {}),
])  # fmt: skip
def test_misfit_equals_lavaan(reference, confirmed, name, key, options):
    # R: modindices(f, sort. = TRUE, maximum.number = 20)
    wanted = reference("validation_structure")[key]["first-order"]["modindices"]
    frame = confirmed(name, **options).misfit.frame
    by_pair = {frozenset((r.item, r.other)): r for r in frame.itertuples()}
    for lhs, rhs, mi, sepc in zip(*(wanted[k] for k in ("lhs", "rhs", "mi", "sepc")), strict=True):
        row = by_pair[frozenset((lhs, rhs))]
        assert row.mi == pytest.approx(mi, rel=1e-4)
        assert row.epc == pytest.approx(sepc, rel=1e-3, abs=1e-4)
    assert frame["mi"].head(20).to_numpy() == pytest.approx(wanted["mi"], rel=1e-4)


def test_residuals_equal_lavaan(reference, confirmed):
    # R: residuals(f, type = "cor")$cov; lavResiduals(f, type = "raw")$cov.z
    wanted = reference("validation_structure")["hs1939_residuals"]
    found = confirmed("hs1939", estimator="ML").misfit
    names = wanted["cor"]["rows"]
    target = np.array(wanted["cor"]["values"])
    assert found.residuals.loc[names, names].to_numpy() == pytest.approx(target, abs=ESTIMATE)
    z = pd.DataFrame(wanted["z"]["values"], index=wanted["z"]["rows"], columns=wanted["z"]["rows"])
    pairs = found.frame[found.frame["other_is_item"]]
    assert len(pairs) == 36
    for row in pairs.itertuples():
        assert row.z_value == pytest.approx(z.loc[row.item, row.other], rel=1e-3)
        assert row.residual_r == found.residuals.loc[row.item, row.other]


def test_bifactor_shares(reference, confirmed):
    # From lavaan's standardised loadings, by the formulae of Rodriguez et al. (2016); see structure.R
    wanted = reference("validation_structure")["bfi_bifactor"]
    found = confirmed("bfi", model="bifactor", missing="listwise").indices
    for name in ("ecv", "omega_h", "puc"):
        assert found[name] == pytest.approx(wanted[name], abs=ESTIMATE)


class TestModelFromTheInstrument:
    def test_syntax(self, confirmed):
        assert confirmed("customersat").model == "price =~ q2 + q3 + q4\neffectiveness =~ q5 + q6 + q7 + q8 + q9 + q10"

    def test_the_construct_above_the_dimensions_is_the_instruments(self, confirmed):
        found = confirmed("culture_synthetic", model="second-order", missing="listwise")
        assert found.model.splitlines()[-1].startswith("customer_culture =~ customer_insight + customer_foresight + ")
        assert found.frame["title"].iloc[-1] == "Customer culture"
        assert not any("is assumed over all of them" in note for note in found.notes)

    def test_without_one_a_general_factor_is_assumed_and_said(self, confirmed):
        found = confirmed("bfi", model="second-order", missing="listwise")
        assert "is assumed over all of them" in " ".join(found.notes)
        assert found.model.splitlines()[-1].startswith("general =~ agreeableness + ")

    def test_three_dimensions_cannot_decide_about_a_second_order(self, confirmed):
        found = confirmed("hs1939", model="second-order")
        assert "so the answers cannot decide between the two" in found.note
        first = confirmed("hs1939")
        assert found.indices["chi_square"] == pytest.approx(first.indices["chi_square"], rel=1e-4)

    def test_reversed_items_are_turned_round(self, confirmed):
        loadings = confirmed("bfi").frame.set_index("item")["loading"]
        assert (loadings > 0).all()

    def test_a_dimension_of_one_item_is_left_out_and_said(self, confirmed):
        note = confirmed("customersat").note
        assert "'Overall satisfaction' is left out: confirmatory factor analysis needs 2 items, and it has 1." in note

    def test_formative_dimensions_are_left_out_and_said(self):
        dimensions = {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]}
        survey = survey_of(factor_answers(1, factors=2), dimensions, formative=["b"])
        found = confirm_structure(survey)
        assert found.frame["factor"].unique().tolist() == ["a"]
        assert "'B' is left out: it is formative" in found.note

    def test_names_that_the_model_language_cannot_read(self):
        answers = pd.DataFrame(factor_answers(2), columns=["Q 1", "2b", "c-d", "e.f", "Q_1", "ü"])
        found = confirm_structure(survey_of(answers, {"my dimension": list(answers.columns)}))
        assert found.frame["item"].tolist() == list(answers.columns)
        assert Names.of(["Q 1", "Q_1"]).safe == {"Q 1": "Q_1", "Q_1": "Q_1_"}

    def test_the_order_of_the_items_is_irrelevant(self):
        answers = pd.DataFrame(factor_answers(3, factors=2), columns=list("abcdef"))
        one = confirm_structure(survey_of(answers, {"x": list("abc"), "y": list("def")}))
        other = confirm_structure(survey_of(answers, {"y": list("fde"), "x": list("cab")}))
        assert one.indices["chi_square"] == pytest.approx(other.indices["chi_square"], rel=1e-7)
        both = [s.frame.set_index("item")["loading"].sort_index().to_numpy() for s in (one, other)]
        assert both[0] == pytest.approx(both[1], abs=1e-6)


PAIRS = {"a": ["q1", "q2"], "b": ["q3", "q4"], "c": ["q5", "q6"]}


class TestPairsOfItems:
    def survey(self):
        rng = np.random.default_rng(5)
        common = rng.standard_normal((300, 1))
        return survey_of(factor_answers(4, n=300, factors=3) + 0.8 * common, PAIRS)

    def test_they_lean_on_other_dimensions(self):
        found = confirm_structure(self.survey())
        assert "'A' has two items: its factor rests on how these correlate with other dimensions." in found.notes

    def test_unrelated_pairs_have_equal_loadings(self):
        found = confirm_structure(self.survey(), model="orthogonal")
        assert found.model.splitlines()[0] == "a =~ equal_a*q1 + equal_a*q2"
        raw = found.frame.groupby("factor")["estimate"].nunique()
        assert (raw == 1).all()

    def test_one_pair_alone_fits_anything(self):
        found = confirm_structure(self.survey(), dimensions=["a"])
        assert found.indices["df"] == 0
        assert "Without degrees of freedom the model cannot be tested." in found.text
        assert len(found.verdicts) == 0
        assert "it fits any answers, so nothing can be said of misfit" in found.misfit.text

    def test_two_dimensions_below_one_construct_load_alike(self):
        found = confirm_structure(self.survey(), model="second-order", dimensions=["a", "b"])
        assert found.model.splitlines()[-1] == "general =~ equal_general*a + equal_general*b"
        assert "'General factor' has two dimensions: their loadings are held equal" in found.note


class TestEstimator:
    def test_few_answer_categories_are_ordered(self):
        raw = factor_answers(6, n=4000)
        answers = np.digitize(raw, [-1.0, 0.0, 1.0]) + 1.0
        survey = survey_of(answers, scale={"low": 1, "high": 4})
        found = confirm_structure(survey)
        assert str(found).count("were made for maximum likelihood on continuous answers") == 1  # said once, in the note
        assert found.settings["estimator"] == "WLSMV"
        assert "fewer than 5 categories are treated as ordered, hence WLSMV (Rhemtulla et al. 2012)" in found.note
        assert "(Xia & Yang 2019)" in found.note

    def test_many_are_numbers(self, confirmed):
        found = confirmed("customersat")
        assert found.settings["estimator"] == "MLR"
        assert "Answers with 5 or more categories are treated as numbers, hence MLR" in found.note

    def test_every_answer_given_is_used_where_possible(self, confirmed):
        assert confirmed("bfi").settings["missing"] == "fiml"
        assert confirmed("bfi").n == 2800
        assert confirmed("bfi", missing="listwise").n == 2436

    def test_without_gaps_both_are_one(self):
        survey = survey_of(factor_answers(7, factors=2), {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]})
        assert confirm_structure(survey).settings["missing"] == "listwise"

    def test_gaps_are_used(self):
        answers = with_gaps(factor_answers(7, n=200), 1)
        found = confirm_structure(survey_of(answers))
        assert found.n == int((~np.isnan(answers)).any(axis=1).sum())
        assert "Every answer given is used" in found.note

    @pytest.mark.parametrize(("options", "words"), [
        ({"estimator": "MLRR"}, r"estimator='MLRR' is not known. Did you mean 'MLR'\?"),
        ({"missing": "list"}, r"missing='list' is not known. Did you mean 'listwise'\?"),
        ({"missing": "pairwise"}, r"missing='pairwise' is for items treated as ordered. Use 'fiml', or ordered=True"),
        ({"estimator": "WLSMV", "missing": "fiml"}, "missing='fiml' goes with estimator='ML' or 'MLR', not 'WLSMV'"),
        ({"ordered": ["x10"]}, r"This model has no item 'x10'. Did you mean 'x1'\?"),
        ({"model": "second"}, r"model='second' is not known. Did you mean 'second-order'\?"),
        ({"dimensions": ["visuals"]}, r"has no dimension 'visuals'. Did you mean 'visual'\?"),
        ({"model": "bifactor", "dimensions": ["visual"]}, "A bifactor model needs at least 2 dimensions of two items"),
        ({"model": "second-order", "dimensions": ["visual"]}, "A second-order factor needs at least two dimensions"),
    ])  # fmt: skip
    def test_wrong_options(self, shipped, options, words):
        with pytest.raises((cx.AnalysisError, cx.OptionError), match=words):
            confirm_structure(shipped("hs1939"), **options)


class TestRefusals:
    def test_fewer_respondents_than_items(self):
        with pytest.raises(cx.AnalysisError, match="6 items, and 6 respondents answered any of them"):
            confirm_structure(survey_of(with_gaps(factor_answers(1, n=6), 1)))

    def test_fewer_respondents_than_may_be_shown(self):
        with pytest.raises(cx.AnalysisError, match="more respondents than items, and at least 5: .* 4 respondents"):
            confirm_structure(survey_of(factor_answers(1, n=4, items=3)))

    def test_constant_item(self):
        answers = factor_answers(1)
        answers[:, 2] = 3.0
        with pytest.raises(cx.AnalysisError, match="one answer from everybody: q3"):
            confirm_structure(survey_of(answers))

    def test_an_item_twice(self):
        answers = factor_answers(1)
        answers[:, 2] = answers[:, 1]
        with pytest.raises(cx.AnalysisError, match="follow exactly from one another: q2 and q3"):
            confirm_structure(survey_of(answers))

    def test_a_formative_construct_has_no_second_order_factor(self):
        found = survey_of(factor_answers(1, factors=2), {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"]})
        described = {
            "name": "small", "title": "Small", "citation": "made in a test", "licence": "CC0-1.0",
            "dimension": [
                {"key": d.key, "title": d.title, "items": [{"key": i.key, "text": i.text} for i in d.items]}
                for d in found.dimensions
            ],
            "higher_order": [{"key": "top", "title": "Top", "kind": "formative", "dimensions": ["a", "b"]}],
        }  # fmt: skip
        instrument = instrument_from(described, where="test")
        survey = Survey(name="s", instrument=instrument, given=found.given, respondents=found.respondents)
        with pytest.raises(cx.AnalysisError, match="'Top' is formative: its dimensions make it up"):
            confirm_structure(survey, model="second-order")


class TestWords:
    def test_text_and_verdicts(self, confirmed):
        found = confirmed("hs1939", estimator="ML")
        assert found.text == (
            "Correlated dimensions (3 dimensions, 9 items, ML): χ²(24) = 85.3, p < .001; CFI 0.931, TLI 0.896, "
            "RMSEA 0.092 (90 % interval 0.071 to 0.114), SRMR 0.065. 1 of 4 indices are good (SRMR) by Hu & Bentler "
            "1999; the test of exact fit rejects the model. Standardised loadings run from 0.42 to 0.86."
        )
        verdicts = found.verdicts.frame
        words = ["not good", "not good", "not good", "good", "more than reasonable error"]
        assert verdicts["verdict"].tolist() == words
        assert set(verdicts["source"]) == {"hu1999", "browne1993"}

    def test_an_improper_solution_is_said(self, shipped):
        with pytest.warns(cx.CxkitWarning, match="Heywood case: the variance of 'x1'"):
            found = confirm_structure(shipped("hs1939"), model="bifactor")
        assert "The solution is improper (a negative variance, or a correlation beyond 1)" in found.text

    def test_misfit_names_the_largest_residual_and_whether_it_stands_out(self):
        # One factor and nothing else: some residual is the largest all the same, and none is more than chance.
        survey = survey_of(np.round(factor_answers(12, n=150, items=8), 2))
        quiet = confirm_structure(survey, ordered=False).misfit
        assert "None of the residual correlations stands out from chance" in quiet.text
        answers = survey.given.to_numpy().copy()
        answers[:, :2] += np.random.default_rng(1).normal(size=(150, 1))
        loud = confirm_structure(survey_of(answers), ordered=False).misfit
        assert "out from chance once all pairs are allowed for (z tests of 28 pairs, Holm, 5%)" in loud.text
        assert "None of" not in loud.text
        for found in (quiet, loud):
            pairs = found.frame[found.frame["other_is_item"]]
            largest = pairs.loc[pairs["residual_r"].abs().idxmax(), "what"]
            assert f"The largest residual correlation: {largest} correlate" in found.text

    def test_the_pair_that_stands_out_is_named_where_the_largest_residual_is_chance(self):
        """Items that load weakly leave large residuals by chance; the pair that shares an error loads strongly."""
        rng = np.random.default_rng(5)
        loading = np.repeat([0.3, 0.8], [3, 5])
        answers = rng.normal(size=(200, 1)) * loading + rng.normal(size=(200, 8)) * np.sqrt(1 - loading**2)
        answers[:, 3:5] += 0.28 * rng.normal(size=(200, 1))
        text = confirm_structure(survey_of(np.round(answers, 2)), ordered=False).misfit.text
        assert "The largest residual correlation: q2 'Text of q2' and q3 'Text of q3' correlate" in text
        assert "2 of the residual correlations stand out from chance once all pairs are allowed for" in text
        assert "Holm, 5%): not the largest but q5 with q7 (−0.04, z = −3.2) and q4 with q5 (" in text

    def test_misfit_speaks_the_items_words(self, confirmed):
        found = confirmed("culture_synthetic", missing="listwise").misfit
        pair = (
            "CF4 'Our plans take for granted that customers will go on wanting what they want today' (reversed) and "
            "XC3 'A request from another department has to wait until our own work is done' (reversed) correlate"
        )
        assert pair in found.text
        assert "Both are worded against their dimension" in found.text
        assert "fits this sample by construction" in found.text
        assert found.alt.startswith("Heat map of 40 items' residual correlations. Largest: CF4 and XC3")

    @pytest.mark.parametrize("kind", ["first-order", "second-order", "bifactor"])
    def test_figures_and_tables(self, confirmed, kind):
        found = confirmed("bfi", model=kind, missing="listwise")
        assert found.picture().png.startswith(b"\x89PNG")
        assert found.alt.startswith("Standardised loadings with 95 % intervals. ")
        assert "Am indifferent to the feelings of others. (reversed)" in str(found)
        assert found.misfit.picture().png.startswith(b"\x89PNG")

    def test_latent_correlations(self, confirmed, reference):
        # R: standardizedSolution(f), rows ~~
        wanted = reference("validation_structure")["validity"]["bfi"]["correlations"]
        found = confirmed("bfi", missing="listwise").correlations
        assert found["dimension"].tolist() == wanted["lhs"]
        assert found["other"].tolist() == wanted["rhs"]
        for ours, theirs in {"r": "est", "ci_low": "low", "ci_high": "high"}.items():
            assert found[ours].to_numpy() == pytest.approx(wanted[theirs], abs=ESTIMATE)


class TestComparison:
    def test_rows_are_the_single_models(self, shipped, confirmed, reference):
        wanted = reference("validation_structure")["bfi_mlr"]
        found = compare_structures(shipped("bfi"), missing="listwise")
        assert found.frame["model"].tolist() == ["one-factor", "first-order", "second-order", "bifactor"]
        for row in found.frame.itertuples():
            fit = wanted[row.model]["fit"]
            assert row.chi_square == pytest.approx(fit["chisq.scaled"], rel=FIT)
            assert row.rmsea == pytest.approx(fit["rmsea.robust"], rel=FIT)
            assert row.bic == pytest.approx(fit["bic"], rel=1e-9)
        target = found.frame.set_index("model").loc["second-order", "target_coefficient"]
        first, second = (wanted[k]["fit"]["chisq"] for k in ("first-order", "second-order"))
        assert target == pytest.approx(first / second, rel=FIT)

    def test_equal_models_have_target_one_and_the_simpler_wins(self, shipped):
        found = compare_structures(shipped("hs1939"))
        rows = found.frame.set_index("model")
        assert rows.loc["second-order", "target_coefficient"] == 1
        assert found.text.startswith("Of 3 proper models, correlated dimensions has the smallest BIC")
        assert not rows.loc["bifactor", "proper"]
        assert rows.loc["bifactor", "verdict"].startswith("improper")
        assert "not to be interpreted: bifactor." in found.note

    def test_a_model_that_cannot_be_fitted_keeps_its_row(self, shipped):
        found = compare_structures(shipped("bhr2000"))
        rows = found.frame.set_index("model")
        assert rows.loc["bifactor", "verdict"] == "not fitted"
        assert np.isnan(rows.loc["bifactor", "cfi"])
        assert "Not fitted: bifactor. A bifactor model needs at least 2 dimensions" in found.note
        assert "not fitted" in found.alt

    def test_ordered_answers_have_no_bic_and_a_caution(self, shipped):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cx.CxkitWarning)
            found = compare_structures(
                shipped("bfi"), models=["one-factor", "first-order"], ordered=True, missing="listwise"
            )
        assert found.note.count("(Xia & Yang 2019)") == 1
        assert found.frame["bic"].isna().all()
        assert "has the smallest scaled RMSEA" in found.text
        assert found.picture().png.startswith(b"\x89PNG")

    def test_unknown_model(self, shipped):
        with pytest.raises(cx.OptionError, match=r"There is no model 'bi-factor'. Did you mean 'bifactor'\?"):
            compare_structures(shipped("hs1939"), models=["bi-factor"])
