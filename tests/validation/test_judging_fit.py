"""Indices say which variant they are, ordered answers get no cut-offs of others, verdicts carry the model's misfit."""

import warnings

import numpy as np
import pytest

import cxkit as cx
from cxkit.survey.survey import typed_role
from cxkit.validation.invariance.dif import differential_item_functioning
from cxkit.validation.invariance.grouping import detectable_shift
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.structure.comparison import compare_structures
from cxkit.validation.structure.confirmatory import confirm_structure
from cxkit.validation.validity.convergent import convergent_validity
from cxkit.validation.validity.discriminant import discriminant_validity
from tests.validation.building import factor_answers, survey_of

BLOCKS = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6", "q7", "q8"]}
FIVE = {"low": 1, "high": 5}


def two_dimensions(seed: int = 1, *, n: int = 300, shared: float = 0.0) -> cx.Survey:
    """Two dimensions; with `shared`, two items of each also share something that the model does not know."""
    answers = factor_answers(seed, n=n, items=8, factors=2)
    answers[:, [0, 1, 4, 5]] += shared * np.random.default_rng(seed).standard_normal((n, 1))
    return survey_of(np.clip(np.round(answers + 3), 1, 5), BLOCKS, scale=FIVE)


@pytest.fixture(scope="module")
def ordered():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        return confirm_structure(two_dimensions(), ordered=True)


def test_ordered_answers_are_told_in_one_variant_without_cutoffs(ordered):
    # lavaan: fitMeasures(fit, c("chisq.scaled", "pvalue.scaled", "rmsea.scaled")): test and RMSEA say the same
    m = ordered.fit.measures
    assert ordered.variant == "scaled"
    for name, own in (("cfi", "cfi"), ("tli", "tli"), ("rmsea", "rmsea"), ("rmsea_high", "rmsea.ci.upper")):
        assert ordered.indices[name] == m[f"{own}.scaled"]
    assert ordered.indices["p_value"] == m["pvalue.scaled"]
    assert f"scaled χ²({m['df']:.0f})" in ordered.text
    assert "; scaled CFI" in ordered.text
    assert "robust" not in ordered.text
    assert len(ordered.verdicts) == 0
    assert "indices are good" not in ordered.text
    assert "No cut-off was made for indices of ordered answers (Xia & Yang 2019)" in ordered.text


def test_continuous_answers_tell_the_scaled_test_from_robust_indices():
    found = confirm_structure(two_dimensions(), ordered=False)
    assert found.variant == "robust"
    assert "scaled χ²(" in found.text
    assert "; robust CFI" in found.text
    plain = confirm_structure(two_dimensions(), ordered=False, estimator="ML", missing="listwise")
    assert plain.variant == ""
    assert "robust" not in plain.text
    assert "scaled" not in plain.text
    assert len(plain.verdicts) == 5


def test_competing_models_of_ordered_answers_are_compared_and_not_judged():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        found = compare_structures(two_dimensions(), models=["first-order", "one-factor"], ordered=True)
    assert set(found.frame["verdict"]) == {"not judged"}
    assert set(found.frame["variant"]) == {"scaled"}
    assert "(scaled CFI" in found.text
    assert "Hu & Bentler" not in found.text


def test_verdicts_carry_the_misfit_of_their_model():
    poor = two_dimensions(3, shared=2.0)
    model = confirm_structure(poor, ordered=False)
    assert model.indices["cfi"] < 0.90
    found = discriminant_validity(poor, ordered=False, bootstraps=0)
    assert "fits poorly (robust CFI " in found.text
    assert found.text.startswith("No verdict on the dimensions can be relied on yet:")
    words = [v.verdict for v in found.verdicts if v.source == "ronkko2022"]
    assert all(word.endswith("if the model held, which fits poorly") for word in words)
    assert "fits poorly" in convergent_validity(poor, ordered=False).text
    good = discriminant_validity(two_dimensions(), ordered=False, bootstraps=0)
    assert "poorly" not in good.text + str(good.verdicts)
    assert not good.misfit


# --- a normal organisation ------------------------------------------------------------------------------------------


def firm(*sizes: int, blocks=BLOCKS) -> cx.Survey:
    """An organisation with so many staff, managers and executives."""
    from dataclasses import replace

    n, items = sum(sizes), sum(len(keys) for keys in blocks.values())
    answers = np.clip(np.round(factor_answers(5, n=n, items=items, factors=len(blocks)) + 3), 1, 5)
    survey = survey_of(answers, blocks, scale=FIVE)
    names = np.repeat(["Staff", "Managers", "Executives"][: len(sizes)], sizes)
    level = typed_role("level", survey.given.index.to_series().map(dict(enumerate(names))), order=dict.fromkeys(names))
    return replace(survey, respondents=survey.respondents.assign(level=level))


def test_a_firm_of_three_hundred_is_examined_and_told_its_power():
    # R: 2.801585 * sqrt(1/40 + 1/250), with 2.801585 = qnorm(.975) + qnorm(.8)
    found = measurement_invariance(firm(250, 40, 10), up_to="metric")
    assert found.evidence.groups == ("Staff", "Managers")
    assert "Left out, as a group needs 30 respondents: 'Executives' has 10." in found.note
    assert detectable_shift([250, 40]) == pytest.approx(0.47709, abs=1e-5)
    # One error rate for its tests, so that the shift is larger: R: (qnorm(1 - .025/2) + qnorm(.8)) * sqrt(1/40 + 1/250)
    assert found.settings["tests"] == 2
    assert "a shift of one item below 0.53 standard deviations would often go unnoticed" in found.note
    assert found.text.endswith(
        "That a level holds means that no difference was found: in groups this small, a shift of one item below 0.53 "
        "standard deviations would often go unnoticed."
    )
    functioning = differential_item_functioning(firm(250, 40, 10))
    assert functioning.settings["groups"] == ("Staff", "Managers")
    assert "'Executives' has 10" in functioning.note


def test_the_smallest_group_follows_from_the_number_of_items():
    blocks = {"long": [f"q{i}" for i in range(1, 9)]}
    with pytest.raises(cx.AnalysisError, match="every group needs 48") as refusal:
        measurement_invariance(firm(200, 40, blocks=blocks))
    assert "smallest_group in the notebook" in str(refusal.value)
    assert "compared_groups in the notebook" in str(refusal.value)
    measurement_invariance(firm(200, 40, blocks=blocks), minimum=30, up_to="configural")


def test_named_groups_are_never_dropped():
    with pytest.raises(cx.AnalysisError, match="'Executives' has 10; every group needs 30"):
        measurement_invariance(firm(250, 40, 10), groups=["Staff", "Executives"])


def test_no_sentence_is_printed_once_for_each_dimension():
    blocks = {f"d{d}": [f"q{3 * d + i}" for i in (1, 2, 3)] for d in range(5)}
    for analysis in (measurement_invariance, differential_item_functioning):
        with pytest.raises(cx.AnalysisError) as refusal:
            analysis(firm(100, 12, blocks=blocks))
        said = str(refusal.value)
        assert said.count("'Managers' has 12") == 1
        assert said.count("compared_groups") == 1


@pytest.mark.parametrize(("n", "shared", "said"), [(300, 0.0, False), (3000, 0.3, True)])
def test_good_indices_do_not_hide_a_rejected_model(n: int, shared: float, said: bool):
    """All indices good, and not a word of the test of exact fit, which many respondents let fail."""
    found = confirm_structure(two_dimensions(n=n, shared=shared), ordered=False)
    assert "4 of 4 indices are good" in found.text
    assert bool(found.indices["p_value"] < 0.05) is said
    sentence = "; the test of exact fit rejects the model, so that it holds approximately and not exactly."
    assert (sentence in found.text) is said
