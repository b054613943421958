"""Omega hierarchical against R's psych 2.2.9 and semTools 0.5-6 (tests/reference/scripts/reliability.R)."""

import numpy as np
import pytest

from cxkit.errors import AnalysisError, CxkitWarning, OptionError
from cxkit.validation.reliability.hierarchical_omega import hierarchical_omega, uncontaminated
from cxkit.validation.reliability.schmid_leiman import schmid_leiman
from tests.validation.building import Case, factor_answers, survey_of

CASES = [
    Case("bfi25_listwise", "bfi"),
    Case("bfi25_pairwise", "bfi", missing="pairwise"),
    Case("hs9", "hs1939"),
    Case("customersat", "customersat"),
    Case("lq2002_lead", "lq2002", ["leadership"]),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)


@pytest.mark.filterwarnings("ignore:The general factor goes against")
@each_case
def test_schmid_leiman_equals_psych(reference, shipped, case):
    # R: omega(x, nfactors = k). psych's minimiser and GPArotation's oblimin stop within 1e-5 of the best loadings.
    wanted = reference("validation_reliability")["hierarchical"][case.key]
    found = hierarchical_omega(shipped(case.name), n_factors=wanted["k"], **case.options)
    assert found.omega_hierarchical == pytest.approx(wanted["omega_h"], abs=1e-5)
    assert found.omega_limit == pytest.approx(wanted["omega_limit"], abs=1e-5)
    assert found.omega_total == pytest.approx(wanted["omega_total"], abs=1e-6)
    assert found.alpha == pytest.approx(wanted["alpha"], abs=1e-12)
    assert found.ecv == pytest.approx(wanted["ecv"], abs=1e-5)
    loadings = np.array(wanted["sl"])  # columns: general, group factors, communality, uniqueness
    assert found.loadings["general"].to_numpy() == pytest.approx(loadings[:, 0], abs=2e-5)
    assert found.loadings["communality"].to_numpy() == pytest.approx(loadings[:, -2], abs=2e-5)
    ours = found.loadings.filter(like="group_").to_numpy()
    theirs = loadings[:, 1:-2]
    order = [np.abs(ours.T @ column).argmax() for column in theirs.T]
    assert sorted(order) == list(range(wanted["k"]))
    assert np.abs(ours[:, order]) == pytest.approx(np.abs(theirs), abs=5e-5)


@pytest.mark.filterwarnings("ignore:The general factor goes against")
@each_case
def test_groups_equal_psych(reference, shipped, case):
    # R: omega(x, nfactors = k)$omega.group; its factors stand in another order.
    wanted = reference("validation_reliability")["hierarchical"][case.key]
    found = hierarchical_omega(shipped(case.name), n_factors=wanted["k"], **case.options).frame
    for column, key in (("omega_total", "total"), ("omega_general", "general"), ("omega_group", "group")):
        theirs = wanted["groups"][key]
        assert found[column].iloc[0] == pytest.approx(theirs[0], abs=1e-5)
        assert sorted(found[column].iloc[1:]) == pytest.approx(sorted(theirs[1:]), abs=5e-5)


@pytest.mark.filterwarnings("ignore:The bifactor model. Heywood case")
def test_bifactor_equals_semtools(reference, shipped):
    # R: compRelSEM(cfa("g =~ ...; visual =~ ...", x, std.lv = TRUE, orthogonal = TRUE)), taken on to the optimum. The
    # fit has a Heywood case, around which the likelihood is flat: loadings are found to about 1e-5.
    wanted = reference("validation_reliability")["bifactor"]["hs1939"]
    found = hierarchical_omega(shipped("hs1939"), method="bifactor")
    assert found.omega_hierarchical == pytest.approx(wanted["compRelSEM"]["g"], abs=2e-5)
    for row, key in zip(found.frame.iloc[1:].itertuples(), ("visual", "textual", "speed"), strict=True):
        assert row.omega_group == pytest.approx(wanted["compRelSEM"][key], abs=2e-5)
    assert found.ecv == pytest.approx(wanted["ecv"], abs=2e-5)


@pytest.mark.filterwarnings("ignore:The general factor goes against")
def test_bifactor_with_items_turned_to_the_general_factor_equals_semtools(reference, shipped):
    # R: the same with N1 to N5 and O4 as 7 - x, which the general factor goes against.
    wanted = reference("validation_reliability")["bifactor"]["bfi_against"]
    found = hierarchical_omega(shipped("bfi"), method="bifactor", missing="complete")
    assert found.n == wanted["n"]
    assert found.omega_hierarchical == pytest.approx(wanted["compRelSEM"]["g"], abs=1e-10)
    by_title = found.frame.set_index("scale")["omega_group"]
    for key, value in wanted["compRelSEM"].items():
        if key != "g":
            assert by_title[key.capitalize()] == pytest.approx(value, abs=1e-10)
    assert found.ecv == pytest.approx(wanted["ecv"], abs=1e-10)


def test_schmid_leiman_keeps_what_the_factors_explain():
    # An identity: general and group factors reproduce the loadings and correlations of the factors they replace.
    phi = np.array([[1, 0.42, 0.35], [0.42, 1, 0.3], [0.35, 0.3, 1]])
    pattern = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
    r = pattern @ phi @ pattern.T
    np.fill_diagonal(r, 1)
    found = schmid_leiman(r, 3, tolerance=1e-10)
    again = np.outer(found.general, found.general) + found.group @ found.group.T + np.diag(found.uniqueness)
    np.testing.assert_allclose(again, r, atol=1e-4)
    # The one factor behind three: .42 = .7 .6, .35 = .7 .5, .3 = .6 .5.
    np.testing.assert_allclose(found.general[[0, 4, 8]], 0.8 * np.array([0.7, 0.6, 0.5]), atol=1e-4)


def test_pairs_that_share_the_general_factor_only():
    # Six items in two groups of three: of 15 pairs 3 + 3 are within a group.
    assert uncontaminated(np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(9 / 15)


def test_items_against_the_general_factor_are_named(shipped):
    with pytest.warns(
        CxkitWarning, match="The general factor goes against N1, N2, N3, N4, N5, O4: for the total these"
    ):
        hierarchical_omega(shipped("bfi"))


def test_a_dimension_of_two_items_has_equal_loadings():
    answers = factor_answers(3, n=400, items=8, factors=2) + np.random.default_rng(1).standard_normal((400, 1))
    dimensions = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6", "q7"], "c": ["q8"]}
    with pytest.raises(AnalysisError, match="The bifactor model cannot be estimated"):
        hierarchical_omega(survey_of(answers, dimensions), method="bifactor")
    pair = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6"]}
    found = hierarchical_omega(survey_of(answers, pair), method="bifactor").loadings
    spread = answers.std(axis=0)[4:6]
    own = found["group_2"].to_numpy()[4:] * spread
    assert own[0] == pytest.approx(own[1], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "bi"}, r"method='bi' is not known\. Known: schmid_leiman, bifactor"),
        (
            {"method": "bifactor", "missing": "pairwise"},
            "method='bifactor' is fitted by maximum likelihood to answers as numbers",
        ),
        ({"method": "bifactor"}, "A bifactor model needs two dimensions; there is 1 dimension"),
        ({"n_factors": 4}, "with n_factors=4: it needs two group factors, and of 6 items 2 to 3 can be told apart"),
        ({"correlation": "spearman"}, "correlation='spearman' is not known"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises((AnalysisError, OptionError), match=message):
        hierarchical_omega(survey_of(factor_answers(1)), **options)


def test_words_and_picture(shipped):
    result = hierarchical_omega(shipped("hs1939"))
    assert result.text.startswith(
        "Of the variance of the total, 45% is due to one general factor (omega hierarchical 0.45) and 85% to general "
        "and group factors together (omega total 0.85). The general factor makes up "
    )
    assert result.text.endswith(
        " By the rule of Reise et al. 2013 (omega hierarchical of 0.70 and, where fewer than 80% of the pairs share it "
        "alone, ECV of 0.60 or more) the total may not be read as one factor."
    )
    assert result.note.startswith("Factors: Schmid-Leiman, 3 factors, minres and oblimin. n = 301.")
    assert result.frame["scale"].tolist() == [
        "All items", "Factor 1, mostly Visual ability", "Factor 2, mostly Verbal ability",
        "Factor 3, mostly Mental speed",
    ]  # fmt: skip
    assert "All items: general 45%, group 35%, the rest 15%" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    assert [v.verdict for v in result.verdicts] == ["several factors share the total", "group factors matter"]
