"""Factor analysis against R's psych 2.2.9 and GPArotation; the calls stand in tests/reference/scripts/validation.R."""

import subprocess
import sys
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import sklearn
from factor_analyzer import ConfirmatoryFactorAnalyzer, FactorAnalyzer, ModelSpecificationParser
from hypothesis import given, settings
from hypothesis import strategies as st

import cxkit as cx
from cxkit.validation.factors import extraction
from cxkit.validation.factors.eigenvalues import one_factor_loadings
from tests.sem import cases
from tests.validation.building import each_case, factor_answers, survey_of, with_gaps


def matched(found, wanted):
    """The order and signs that bring the found factors nearest to the wanted ones."""
    k = wanted.shape[1]
    orders = [list(order) for order in permutations(range(k))]
    signs = [np.where((found[:, order] * wanted).sum(axis=0) < 0, -1.0, 1.0) for order in orders]
    distance = [np.abs(found[:, o] * s - wanted).max() for o, s in zip(orders, signs, strict=True)]
    best = int(np.argmin(distance))
    return orders[best], signs[best]


def differences(solution, wanted):
    """Largest differences of loadings and factor correlations after matching."""
    found, target = solution.loadings.to_numpy(), np.array(wanted["loadings"])
    order, sign = matched(found, target)
    phi = solution.phi.to_numpy()[np.ix_(order, order)] * np.outer(sign, sign)
    in_phi = np.abs(phi - np.array(wanted["phi"])).max() if "phi" in wanted else 0.0
    return np.abs(found[:, order] * sign - target).max(), in_phi


# psych's extraction stops (L-BFGS-B, factr 1e7) within 1e-5 of the optimum, and its rotations stop at eps = 1e-5; with
# the same stop for the rotation, that is what remains.
PSYCH_STOP = 1e-5


@each_case
@pytest.mark.parametrize("rotation", ["oblimin", "varimax", "promax", "none"])
@pytest.mark.parametrize("method", ["minres", "ml"])
def test_equals_psych(reference, shipped, case, method, rotation):
    # R: fa(x, nfactors = k, fm = method, rotate = rotation)
    wanted = reference("validation_factors")["sets"][case.key]
    target = wanted["fa"][f"{method}_{rotation}"]
    solution = cx.exploratory_factors(
        shipped(case.name), n_factors=wanted["k"], method=method, rotation=rotation, **case.options
    )
    in_loadings, in_phi = differences(solution, target)
    assert in_loadings < PSYCH_STOP
    assert in_phi < PSYCH_STOP
    frame = solution.frame
    assert frame["item"].tolist() == wanted["items"]
    assert frame["communality"].to_numpy() == pytest.approx(target["communality"], abs=PSYCH_STOP)
    assert frame["complexity"].to_numpy() == pytest.approx(target["complexity"], abs=10 * PSYCH_STOP)
    assert solution.variance["ss_loadings"].to_numpy() == pytest.approx(target["ss_loadings"], abs=10 * PSYCH_STOP)
    assert solution.variance["proportion"].to_numpy() == pytest.approx(target["proportion"], abs=PSYCH_STOP)
    assert solution.n == wanted["n"]


@each_case
@pytest.mark.parametrize("method", ["minres", "ml"])
def test_ends_at_the_optimum_when_asked_to(reference, shipped, case, method):
    # R: the same objectives minimised by nlminb to machine precision, then oblimin(eps = 1e-9), varimax(eps = 1e-15)
    wanted = reference("validation_factors")["sets"][case.key]
    for rotation, tolerance in (("oblimin", 1e-7), ("varimax", 1e-12)):
        solution = cx.exploratory_factors(
            shipped(case.name),
            n_factors=wanted["k"],
            method=method,
            rotation=rotation,
            tolerance=tolerance,
            **case.options,
        )
        in_loadings, in_phi = differences(solution, wanted["exact"][method][rotation])
        # Varimax stops when its criterion no longer grows by 1e-12 of itself, which leaves 1e-6 in the loadings.
        assert in_loadings < (1e-6 if rotation == "oblimin" else 5e-6)
        assert in_phi < 1e-6
        # Both minimisers stop where the discrepancy is flat to 1e-15, which leaves 1e-6 in the uniquenesses.
        uniqueness = np.array(wanted["exact"][method]["uniqueness"])
        assert solution.frame["uniqueness"].to_numpy() == pytest.approx(uniqueness, abs=2e-6)


@pytest.mark.parametrize("rotation", ["oblimin", "promax", "varimax", "none"])
@pytest.mark.parametrize("method", ["minres", "ml"])
def test_identities(shipped, method, rotation):
    solution = cx.exploratory_factors(shipped("bfi"), n_factors=5, method=method, rotation=rotation)
    loadings, phi, frame = solution.loadings, solution.phi, solution.frame
    pd.testing.assert_frame_equal(solution.structure, loadings @ phi)
    unrotated = cx.exploratory_factors(shipped("bfi"), n_factors=5, method=method, rotation="none").loadings
    reproduced = loadings @ phi @ loadings.T
    np.testing.assert_allclose(reproduced, unrotated @ unrotated.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(reproduced), frame["communality"], atol=1e-12)
    np.testing.assert_allclose(frame["communality"] + frame["uniqueness"], 1, atol=1e-12)
    np.testing.assert_allclose(np.diag(phi), 1, atol=1e-12)
    assert (loadings.sum() > 0).all()
    assert solution.variance["ss_loadings"].is_monotonic_decreasing
    assert solution.variance["ss_loadings"].sum() == pytest.approx(frame["communality"].sum(), abs=1e-10)
    assert (frame[list(loadings.columns)].to_numpy() == loadings.to_numpy()).all()


def test_minres_leaves_smaller_residuals_than_ml_and_both_than_a_neighbour(shipped):
    correlation = shipped("hs1939").answers.corr().to_numpy()
    minres, ml = (extraction.unrotated_loadings(correlation, 3, method) for method in ("minres", "ml"))

    def residual(loadings):
        return (np.tril(correlation - loadings @ loadings.T, -1) ** 2).sum()

    assert residual(minres) < residual(ml)
    rng = np.random.default_rng(1)
    assert all(residual(minres) < residual(minres + 1e-3 * rng.standard_normal(minres.shape)) for _ in range(50))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_order_of_items_is_irrelevant(seed, order):
    answers = pd.DataFrame(factor_answers(seed, n=300, factors=2), columns=list("abcdef"))
    straight = cx.exploratory_factors(survey_of(answers), n_factors=2)
    shuffled = cx.exploratory_factors(survey_of(answers.iloc[:, list(order)]), n_factors=2)
    target = straight.loadings
    found = shuffled.loadings.loc[target.index].to_numpy()
    in_order, sign = matched(found, target.to_numpy())
    np.testing.assert_allclose(found[:, in_order] * sign, target, atol=1e-5)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_an_item_the_other_way_round_only_changes_its_sign(seed):
    answers = pd.DataFrame(factor_answers(seed, n=300, factors=2), columns=list("abcdef"))
    straight = cx.exploratory_factors(survey_of(answers), n_factors=2)
    turned = cx.exploratory_factors(survey_of(answers.assign(b=-answers["b"])), n_factors=2)
    np.testing.assert_allclose(turned.loadings.abs(), straight.loadings.abs(), atol=1e-6)
    assert (np.sign(turned.loadings.loc["b"]) != np.sign(straight.loadings.loc["b"])).any()
    np.testing.assert_allclose(turned.phi, straight.phi, atol=1e-6)


def test_one_factor_is_not_rotated_and_equals_the_one_of_parallel_analysis(shipped):
    solution = cx.exploratory_factors(shipped("hs1939"), n_factors=1)
    correlation = shipped("hs1939").answers.corr().to_numpy()
    assert solution.phi.to_numpy().tolist() == [[1.0]]
    other = one_factor_loadings(correlation[np.newaxis])[0]
    assert solution.loadings["factor_1"].to_numpy() == pytest.approx(other * np.sign(other.sum()), abs=1e-6)
    assert solution.text == (
        "1 factor (minres) explains 29% of the variance of 9 items. x2, x3, x7, x8 load below 0.40 on it. "
        "Not told apart: all items of Visual ability and Verbal ability and Mental speed on F1 (largest loading "
        "of each item)."
    )


class TestTrapsOfTheLibrary:
    """What factor-analyzer 0.5.1 does by itself, and what does not happen here."""

    def test_it_crashes_on_new_scikit_learn_and_not_here(self, shipped):
        answers = shipped("customersat").answers.dropna()
        if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
            with pytest.raises(TypeError, match="force_all_finite"):
                sklearn.utils.check_array(answers, force_all_finite=True)  # as the library calls it
        fitted = FactorAnalyzer(n_factors=2, rotation=None).fit(answers)
        mine = cx.exploratory_factors(shipped("customersat"), n_factors=2, rotation="none", missing="complete")
        communalities = (mine.loadings.filter(like="factor_") ** 2).sum(axis=1).to_numpy()
        assert fitted.get_communalities() == pytest.approx(communalities, abs=1e-3)
        assert fitted.transform(answers).shape == (len(answers), 2)

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of scipy, for options that the library gives
    def test_its_confirmatory_model_can_be_given_a_table(self, shipped):
        # pandas 3 hands out read-only arrays, into which the library writes.
        answers = shipped("hs1939").answers.dropna()
        asked = {"one": list(answers.columns[:3]), "two": list(answers.columns[3:6])}
        specification = ModelSpecificationParser.parse_model_specification_from_dict(answers, asked)
        fitted = ConfirmatoryFactorAnalyzer(specification, disp=False).fit(answers.iloc[:, :6].to_numpy())
        assert (np.count_nonzero(fitted.loadings_, axis=0) == 3).all()

    def test_the_guard_mends_what_was_imported_before_cxkit(self):
        code = (
            "import sys; from factor_analyzer import FactorAnalyzer; assert 'cxkit' not in sys.modules; import cxkit; "
            "import numpy as np; x = np.random.default_rng(1).normal(size=(50, 4)); "
            "print(FactorAnalyzer(1).fit(x).loadings_.shape)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "(4, 1)"

    def test_its_phi_can_stand_in_another_order_than_its_loadings(self, shipped):
        # fit() sorts the columns of the loadings and leaves phi as it was: loadings @ phi @ loadings.T then does not
        # give back the communalities. Seen on these answers when its own steps are repeated.
        unrotated = extraction.unrotated_loadings(
            shipped("bfi").answers.dropna().corr().to_numpy()[:25, :25], 5, "minres"
        )
        rotated = extraction.rotate(unrotated, "promax", 1e-5)
        by_size = np.argsort(-(rotated.loadings**2).sum(axis=0))
        wrong = rotated.loadings[:, by_size] @ rotated.phi @ rotated.loadings[:, by_size].T
        right = unrotated @ unrotated.T
        assert np.abs(wrong - right).max() > 0.05
        solution = cx.exploratory_factors(shipped("bfi"), n_factors=5, rotation="promax", missing="complete")
        reproduced = (solution.structure @ solution.loadings.T).to_numpy()
        np.testing.assert_allclose(reproduced, right, atol=1e-10)

    def test_nothing_is_imputed(self):
        answers = with_gaps(factor_answers(4, n=300), 4)
        complete = answers[~np.isnan(answers).any(axis=1)]
        found = cx.exploratory_factors(survey_of(answers), n_factors=1, missing="complete")
        alone = cx.exploratory_factors(survey_of(complete), n_factors=1)
        np.testing.assert_allclose(found.loadings, alone.loadings, atol=1e-12)
        assert (found.n, found.n_dropped) == (len(complete), 300 - len(complete))
        filled = pd.DataFrame(answers).fillna(pd.DataFrame(answers).median()).to_numpy()
        median = cx.exploratory_factors(survey_of(filled), n_factors=1)
        assert np.abs(found.loadings - median.loadings).max(axis=None) > 0.02

    def test_it_gives_up_its_correlations_unchanged(self, shipped):
        # Its objective writes uniquenesses into the diagonal of the matrix that it is given.
        correlation = shipped("hs1939").answers.corr().to_numpy()
        before = correlation.copy()
        extraction.unrotated_loadings(correlation, 3, "minres")
        np.testing.assert_array_equal(correlation, before)


def test_a_heywood_case_is_named():
    # Correlations .8, .8, .4 need a loading above 1 on the first item.
    # R: fa(matrix(c(1, .8, .8, .8, 1, .4, .8, .4, 1), 3), 1, fm = "ml")$communality is .9951, .6389, .6389
    rng = np.random.default_rng(1)
    wanted = np.array([[1, 0.8, 0.8], [0.8, 1, 0.4], [0.8, 0.4, 1]])
    raw = rng.standard_normal((50, 3))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw)).T
    survey = survey_of(white @ np.linalg.cholesky(wanted).T)
    with pytest.warns(cx.CxkitWarning, match=r"Heywood case: .* of q1 \(1\.00\) \(communality in brackets\)"):
        solution = cx.exploratory_factors(survey, n_factors=1, method="ml")
    assert solution.frame["communality"].to_numpy() == pytest.approx([0.9951, 0.6389, 0.6389], abs=1e-4)
    with pytest.warns(cx.CxkitWarning, match=r"Heywood case: .* of q1 \(1\.08\)"):
        cx.exploratory_factors(survey, n_factors=1)


def several_resting_places():
    rng = np.random.default_rng(0)
    loadings = rng.standard_normal((10, 3))
    return loadings * 0.7 / np.linalg.norm(loadings, axis=1, keepdims=True)


def test_the_better_of_several_rotations_is_given_and_told():
    loadings = several_resting_places()
    with pytest.warns(cx.CxkitWarning, match=r"more than one resting place.*\(0\.1732\).*\(0\.1819\)"):
        rotated = extraction.rotate(loadings, "oblimin", 1e-5)
    assert extraction.quartimin(rotated.loadings) == pytest.approx(0.1732, abs=5e-5)


def test_the_better_of_several_extractions_is_given_and_told():
    """factanal(hs, 4, control = list(nstart = 10, opt = list(factr = 100, pgtol = 1e-9))): criteria, uniquenesses."""
    correlation = cases.hs()[[f"x{i}" for i in range(1, 10)]].corr().to_numpy()
    with pytest.warns(cx.CxkitWarning, match=r"more than one optimum.*\(discrepancy 0\.0173\).*\(0\.0190\)"):
        loadings = extraction.unrotated_loadings(correlation, 4, "ml")
    wanted = [
        0.521976777,
        0.76924766,
        0.501041397,
        0.262691974,
        0.198314397,
        0.314256533,
        0.005,
        0.555859008,
        0.458798099,
    ]
    assert 1 - (loadings**2).sum(1) == pytest.approx(wanted, abs=1e-6)


def test_a_rotation_that_does_not_come_to_rest_is_told(monkeypatch):
    monkeypatch.setattr(extraction, "MOST_ITERATIONS", 2)
    monkeypatch.setattr(extraction, "OTHER_STARTS", 0)
    with pytest.warns(cx.CxkitWarning, match="did not come to rest in 2 iterations"):
        extraction.rotate(several_resting_places(), "oblimin", 1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_factors": 4}, "n_factors=4: with 6 items, 1 to 3 factors can be told apart"),
        ({"n_factors": 0}, "There is no factor to extract: n_factors is 0"),
        ({"n_factors": 1, "method": "pc"}, "method='pc' is not known"),
        ({"n_factors": 1, "rotation": "oblimim"}, r"rotation='oblimim' is not known\. Did you mean 'oblimin'\?"),
        ({"n_factors": 1, "missing": "median"}, "missing='median' is not known"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises((cx.AnalysisError, cx.OptionError), match=message):
        cx.exploratory_factors(survey_of(factor_answers(1)), **options)


def test_two_items_are_too_few():
    with pytest.raises(cx.AnalysisError, match="Factor analysis needs at least three items; there are 2"):
        cx.exploratory_factors(survey_of(factor_answers(1, items=2)), n_factors=1)


def test_unusable_answers_are_refused_by_name():
    answers = factor_answers(1)
    answers[:, 3] = 2
    with pytest.raises(cx.AnalysisError, match=r"Factor analysis cannot use items that do not vary.*q4"):
        cx.exploratory_factors(survey_of(answers), n_factors=1)
    answers[:, 3] = answers[:, 0]
    with pytest.raises(cx.AnalysisError, match="follow exactly from one another: q1, q4"):
        cx.exploratory_factors(survey_of(answers), n_factors=1)
    with pytest.raises(cx.AnalysisError, match="more respondents than items"):
        cx.exploratory_factors(survey_of(answers[:5]), n_factors=1)


def test_formative_items_do_not_take_part():
    answers = factor_answers(1, items=8)
    survey = survey_of(answers, {"audit": ["q1", "q2"], "rest": [f"q{i}" for i in range(3, 9)]}, formative=["audit"])
    solution = cx.exploratory_factors(survey, n_factors=1)
    assert solution.frame["item"].tolist() == [f"q{i}" for i in range(3, 9)]
    assert "'Audit' is left out: it is formative" in solution.note


def test_words_and_table(shipped):
    solution = cx.exploratory_factors(shipped("customersat"), n_factors=2)
    assert solution.text == (
        "2 factors (minres, oblimin) explain 67% of the variance of 10 items. Every item loads 0.40 or more on a "
        "factor. The factors correlate 0.60."
    )
    assert solution.note.startswith(
        "Loadings below 0.30 in size are not printed. n = 1,811. Data: customersat, answers "
    )
    assert "Harman & Jones 1966; Jennrich & Sampson 1966; Howard 2016" in solution.note
    lines = [" ".join(line.split()) for line in str(solution).splitlines()]
    assert lines[1] == "Item Wording F1 F2 h²"
    assert lines[3] == "q4 Prices: in line with the volume bought 0.92 0.83"
    assert lines[7] == "q6 Effectiveness: many customers reached 0.52 0.33 0.59"
    assert lines[9] == "q9 Effectiveness: distribution 0.88 0.70"
    assert solution.frame["factor_2"].notna().all()
    weak = cx.exploratory_factors(shipped("bfi"), n_factors=5, rotation="varimax").text
    assert "O4 loads below 0.40 on every factor." in weak
    assert "correlate" not in weak


def test_the_correlations_of_factors_are_a_table(shipped):
    solution = cx.exploratory_factors(shipped("hs1939"), n_factors=3)
    found = solution.correlations
    assert np.array_equal(found.values, solution.phi.to_numpy())
    assert found.table.columns.tolist() == ["Factor", "F1", "F2", "F3"]
    assert found.table.iloc[0].tolist() == ["F1", "1.00", "", ""]
    assert found.text == "F1 and F2 correlate most, 0.32."
    assert found.n == solution.n
    assert len(found.picture().png) > 1000
    unrelated = cx.exploratory_factors(shipped("hs1939"), n_factors=3, rotation="varimax").correlations
    assert unrelated.text == "The rotation keeps the factors uncorrelated."
    assert "no correlation" in cx.exploratory_factors(shipped("hs1939"), n_factors=1).correlations.text


def test_picture(shipped):
    solution = cx.exploratory_factors(shipped("culture_synthetic"), n_factors=8, missing="pairwise")
    axes = solution.plot()
    numbers = [text.get_text() for text in axes.texts]
    assert len([n for n in numbers if n.lstrip("−")[:2] in ("0.", "1.")]) == 40 * 8
    assert "Customer\nforesight" in numbers or "Customer foresight" in numbers
    height = axes.get_figure().get_size_inches()[1] / 40
    assert height > 0.25  # inches a row: text of 9 points is 0.125 inches high
    assert solution.alt.startswith("Heat map of the loadings of 40 items. Largest loading on factor 1: ")
    assert solution.picture().png.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["hs1939", "bfi"])
@pytest.mark.parametrize("rotation", ["geomin", "quartimax", "target"])
def test_further_rotations_equal_psych(reference, shipped, name, rotation):
    # R: fa(r, k, fm = "minres", rotate = "geominQ", "quartimax", "targetQ" with Target NA for an item's own dimension)
    wanted = reference("validation_more")["rotations"][name]
    solution = cx.exploratory_factors(shipped(name), n_factors=wanted["k"], rotation=rotation, missing="complete")
    assert max(differences(solution, wanted[rotation])) < PSYCH_STOP


@pytest.mark.parametrize("name", ["hs1939", "bfi"])
@pytest.mark.parametrize("rotation", ["none", "oblimin"])
def test_principal_axes_equal_psych(reference, shipped, name, rotation):
    # R: fa(r, k, fm = "pa", rotate = rotation), which ends where communalities change by less than .001 in all
    wanted = reference("validation_more")["rotations"][name]
    options = {"n_factors": wanted["k"], "method": "pa", "rotation": rotation, "missing": "complete"}
    solution = cx.exploratory_factors(shipped(name), **options)
    assert max(differences(solution, wanted[f"pa_{rotation}"])) < (1e-12 if rotation == "none" else PSYCH_STOP)


def test_a_target_needs_a_factor_a_dimension(shipped):
    with pytest.raises(cx.OptionError, match="the 3 dimensions of the instrument; n_factors=2 must be the same number"):
        cx.exploratory_factors(shipped("hs1939"), n_factors=2, rotation="target")


def test_polychoric_factors_equal_psych(reference, shipped):
    # R: r <- lavCor(d, ordered = names(d)); fa(r, 2, n), KMO(r), cortest.bartlett(r, n)
    wanted = reference("validation_more")["polychoric"]
    dimensions = ["agreeableness", "neuroticism"]
    options = {"dimensions": dimensions, "correlation": "polychoric", "missing": "complete"}
    solution = cx.exploratory_factors(shipped("bfi"), n_factors=2, **options)
    assert solution.n == wanted["n"]
    assert max(differences(solution, wanted["fa"])) < PSYCH_STOP
    adequacy = cx.sampling_adequacy(shipped("bfi"), **options)
    assert adequacy.kmo == pytest.approx(wanted["kmo"], abs=1e-5)
    assert adequacy.frame["kmo"].to_numpy() == pytest.approx(wanted["kmo_items"], abs=1e-5)
    assert adequacy.df == wanted["df"]  # R's chi-square of polychoric correlations has no such distribution
    assert np.isnan(adequacy.p_value)
    assert "polychoric" in adequacy.no_test


def test_dimensions_in_one_factor_are_named():
    one, other = (factor_answers(seed, n=400, items=6, factors=1) for seed in (2, 3))
    answers = np.hstack([one, other[:, :3]])
    survey = survey_of(answers, {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"], "c": ["q7", "q8", "q9"]})
    found = cx.exploratory_factors(survey, n_factors=2).text
    assert "Not told apart: all items of A and B on F1 (largest loading of each item)." in found
    apart = survey_of(answers[:, 3:], {"b": ["q1", "q2", "q3"], "c": ["q4", "q5", "q6"]})
    assert "Not told apart" not in cx.exploratory_factors(apart, n_factors=2).text
