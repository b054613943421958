"""Statistics of ordered answers: R's values, exact identities, recovery of a known truth, and every refusal.

R values: tests/reference/scripts/sem_ordinal.R (lavaan 0.6-14, psych 2.2.9).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from cxkit.errors import ModelError
from cxkit.sem.ordinal.moments import OrdinalMoments, ordinal_moments, polychoric

ROOT = Path(__file__).parents[2]
R: dict[str, Any] = json.loads((ROOT / "tests/reference/sem_ordinal.json").read_text(encoding="utf-8"))
BFI = pd.read_csv(ROOT / "datasets/bfi/data.csv").assign(age=lambda d: d["age"] / 100)
CUSTOMERS = pd.read_csv(ROOT / "datasets/customersat/data.csv")[[f"q{q}" for q in range(1, 11)]]
ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
AGREE = ITEMS[:5]

# lavaan's optimiser stops once its steps are around 1e-8, psych's `optimize` at 6e-5 (R's default tolerance).
LAVAAN_RHO = 1e-7
PSYCH_RHO = 5e-5
LAVAAN_GAMMA = 1e-6


def moments_of(data: pd.DataFrame, ordered: list[str], **options: Any) -> OrdinalMoments:
    columns = {str(name): column.to_numpy(dtype=float) for name, column in data.items()}
    return ordinal_moments(columns, list(columns), ordered, **options)


def case(key: str) -> tuple[OrdinalMoments, dict[str, Any]]:
    reference = R[key]
    data = pd.DataFrame(reference["data"]) if "data" in reference else BFI[reference["names"]].dropna()
    return moments_of(data[reference["names"]], reference["ordered"]), reference


def simulated(n: int, rho: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    return common, rho * common + np.sqrt(1 - rho**2) * rng.normal(size=n)


# R's values


@pytest.mark.parametrize("key", ["agree", "bfi25", "mixed", "binary"])
def test_statistics_are_lavaans(key: str) -> None:
    # R: lavInspect(cfa(..., ordered=), "sampstat") and "wls.obs". "mixed" interleaves continuous and ordered variables;
    # "binary" holds a two by two table with an empty cell. Age is in centuries: in years lavaan leaves the respondent
    # aged 86 out of the correlation of age and A3, because that density is below 1.5e-8 (age~~A3 then differs by .024).
    moments, reference = case(key)
    assert moments.n == reference["n"]
    assert_allclose(moments.statistics, reference["obs"], rtol=0, atol=LAVAAN_RHO)
    assert_allclose(moments.corr, np.array(reference["cov"]), rtol=0, atol=LAVAAN_RHO)
    thresholds = np.concatenate([moments.thresholds[name] for name in moments.ordered])
    assert_allclose(thresholds, reference["th"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("key", ["agree", "mixed", "binary"])
def test_gamma_is_lavaans(key: str) -> None:
    # R: lavInspect(cfa(..., ordered=), "gamma"). Relative to the standard errors,
    # since covariances near 0 have no scale.
    moments, reference = case(key)
    gamma = np.array(reference["gamma"])
    scale = np.sqrt(np.diag(gamma))
    assert moments.gamma is not None
    assert_allclose(moments.gamma / np.outer(scale, scale), gamma / np.outer(scale, scale), rtol=0, atol=LAVAAN_GAMMA)


def test_gamma_of_25_items_has_lavaans_diagonal() -> None:
    # R: diag(lavInspect(cfa(..., ordered=), "gamma")); many of these 300 tables have empty cells.
    moments, reference = case("bfi25")
    assert moments.gamma is not None
    assert_allclose(np.diag(moments.gamma), reference["gamma"], rtol=LAVAAN_GAMMA, atol=0)
    assert moments.statistics.size == 125 + 300


@pytest.mark.parametrize(
    ("key", "data"),
    [("agree_pairwise", BFI[AGREE]), ("bfi25_pairwise", BFI[ITEMS]), ("customersat", CUSTOMERS)],
    ids=["agree", "bfi25", "customersat"],
)
def test_polychoric_is_lavcor(key: str, data: pd.DataFrame) -> None:
    # R: lavCor(data, ordered = names(data), missing = "pairwise")
    assert_allclose(polychoric(data), np.array(R["lavcor"][key]), rtol=0, atol=LAVAAN_RHO)


@pytest.mark.parametrize(
    ("key", "data", "options"),
    [
        ("agree_pairwise_correct0", BFI[AGREE], {"thresholds": "pair"}),
        ("bfi25_correct0.5", BFI[ITEMS], {"correct": 0.5}),
        ("customersat_correct0.5", CUSTOMERS, {"correct": 0.5}),
    ],
    ids=["uncorrected", "bfi25", "customersat"],
)
def test_polychoric_is_psychs(key: str, data: pd.DataFrame, options: dict[str, Any]) -> None:
    # R: psych::polychoric(data, global = FALSE, correct = ...)
    assert_allclose(polychoric(data, **options), np.array(R["psych"][key]), rtol=0, atol=PSYCH_RHO)


# Identities


def test_thresholds_reproduce_the_margins() -> None:
    data = BFI[ITEMS].dropna()
    moments = moments_of(data, ITEMS, covariance=False)
    for name in ITEMS:
        below = [(data[name] <= answer).mean() for answer in range(1, 6)]
        assert_allclose(ndtr(moments.thresholds[name]), below, rtol=0, atol=1e-14)


def test_the_tetrachoric_correlation_at_the_medians_is_sheppards() -> None:
    table = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [37, 13, 13, 37], axis=0).astype(float)
    assert_allclose(polychoric(table)[0, 1], np.sin(np.pi / 2 * (4 * 0.37 - 1)), rtol=0, atol=1e-12)


def test_independent_answers_have_correlation_zero() -> None:
    first, second = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(4), np.arange(3)))
    assert_allclose(polychoric(np.column_stack([first, second])), np.eye(2), rtol=0, atol=1e-12)


def test_codes_count_only_by_their_order() -> None:
    data = BFI[["age", "A1", "N1", "gender"]].dropna()
    recoded = data.assign(
        A1=data["A1"].map({1: 0, 2: 1, 3: 2, 4: 3.5, 5: 40, 6: 7000}), N1=np.exp(data["N1"]), gender=data["gender"] - 9
    )
    ordered = ["A1", "N1", "gender"]
    before, after = moments_of(data, ordered), moments_of(recoded, ordered)
    assert_array_equal(before.statistics, after.statistics)
    assert before.gamma is not None
    assert_array_equal(before.gamma, after.gamma)


def test_another_unit_scales_a_continuous_variable_and_nothing_else() -> None:
    data = BFI[["age", "A1", "education", "N1"]].dropna()
    ordered = ["A1", "N1"]
    before = moments_of(data, ordered)
    after = moments_of(data.assign(age=1e6 * data["age"] + 5), ordered)
    unit = np.array([1e6 if "age" in name else 1.0 for name in before.statistic_names])
    unit[before.statistic_names.index("age~~age")] = 1e12
    shift = np.where(np.array(before.statistic_names) == "age~1", -5.0, 0.0)
    assert before.gamma is not None
    assert after.gamma is not None
    assert_allclose(after.statistics, before.statistics * unit + shift, rtol=1e-11, atol=0)
    scale = np.outer(unit, unit)
    assert_allclose(after.gamma / scale, before.gamma, rtol=1e-8, atol=1e-11)


def test_reversing_an_item_turns_its_correlations() -> None:
    data = BFI[AGREE].dropna()
    turned = polychoric(data.assign(A1=7 - data["A1"]))
    sign = np.array([-1.0, 1, 1, 1, 1])
    assert_allclose(turned, polychoric(data) * np.outer(sign, sign), rtol=0, atol=1e-10)


def test_order_of_items_and_rows_is_irrelevant() -> None:
    data = BFI[["age", "A1", "education", "A4", "N1"]].dropna()
    ordered = ["A1", "A4", "N1"]
    before = moments_of(data, ordered)
    after = moments_of(data.sample(frac=1, random_state=3)[["N1", "education", "A1", "age", "A4"]], ordered)

    def key(name: str) -> frozenset[str] | str:
        return frozenset(name.split("~~")) if "~~" in name else name

    place = {key(name): position for position, name in enumerate(after.statistic_names)}
    order = [place[key(name)] for name in before.statistic_names]
    assert before.gamma is not None
    assert after.gamma is not None
    assert_allclose(after.statistics[order], before.statistics, rtol=0, atol=1e-10)
    assert_allclose(after.gamma[np.ix_(order, order)], before.gamma, rtol=0, atol=1e-8)


def test_doubling_the_sample_leaves_gamma() -> None:
    data = BFI[["age", "A1", "N1"]].dropna()
    once, twice = (moments_of(pd.concat([data] * times), ["A1", "N1"]) for times in (1, 2))
    assert once.gamma is not None
    assert twice.gamma is not None
    assert_allclose(once.gamma, twice.gamma, rtol=0, atol=1e-9)


def test_many_rows_go_through_in_chunks() -> None:
    data = BFI[["age", "education", "A1", "N1", "gender"]].dropna()
    repeated = pd.concat([data] * 9)  # more than two chunks of 8192 rows
    once, often = (moments_of(rows, ["A1", "N1", "gender"]) for rows in (data, repeated))
    assert once.gamma is not None
    assert often.gamma is not None
    assert_allclose(once.statistics, often.statistics, rtol=0, atol=1e-9)
    assert_allclose(once.gamma, often.gamma, rtol=0, atol=1e-8)


def test_gamma_of_continuous_normal_variables_is_that_of_a_covariance_matrix() -> None:
    # For normal data the covariances of variances and covariances are s_ik s_jl + s_il s_jk (Anderson 1958).
    x, y = simulated(400_000, 0.6, seed=5)
    moments = moments_of(pd.DataFrame({"x": x, "y": 2 * y}), [])
    s = moments.corr
    expected = np.array(
        [
            [2 * s[0, 0] ** 2, 2 * s[0, 1] ** 2, 2 * s[0, 0] * s[0, 1]],
            [2 * s[0, 1] ** 2, 2 * s[1, 1] ** 2, 2 * s[1, 1] * s[0, 1]],
            [2 * s[0, 0] * s[0, 1], 2 * s[1, 1] * s[0, 1], s[0, 0] * s[1, 1] + s[0, 1] ** 2],
        ]
    )
    assert moments.gamma is not None
    # The bread is a mean of products of scores, so this holds in large samples only.
    assert_allclose(moments.gamma[:2, :2], s, rtol=1e-3, atol=0)
    assert_allclose(moments.gamma[2:, 2:], expected, rtol=0.02, atol=0)
    assert_allclose(moments.gamma[:2, 2:], 0.0, rtol=0, atol=0.05)


def test_a_pair_alone_has_the_correlation_it_has_among_others() -> None:
    whole = polychoric(BFI[AGREE])
    pair = polychoric(BFI[["A2", "A5"]])
    assert_allclose(whole.loc["A2", "A5"], pair.loc["A2", "A5"], rtol=0, atol=1e-12)


def test_an_array_gives_an_array_and_a_frame_a_frame() -> None:
    data = BFI[AGREE]
    assert_array_equal(polychoric(data.to_numpy(dtype=float)), polychoric(data).to_numpy())
    assert list(polychoric(data).index) == AGREE


def test_nullable_and_categorical_columns_are_read_as_numbers_are() -> None:
    data = BFI[AGREE]
    nullable = data.astype("Int64")
    ranked = data.assign(A3=pd.Categorical(data["A3"], categories=[1, 2, 3, 4, 5, 6], ordered=True))
    assert_array_equal(polychoric(nullable), polychoric(data))
    assert_array_equal(polychoric(ranked), polychoric(data))


def test_arguments_are_left_as_they_were() -> None:
    data = BFI[["age", "A1", "N1"]].dropna()
    before = data.copy(deep=True)
    moments_of(data, ["A1", "N1"])
    polychoric(data[["A1", "N1"]], correct=0.5)
    pd.testing.assert_frame_equal(data, before)


# A known truth


@pytest.mark.parametrize("rho", [-0.985, -0.5, 0.0, 0.35, 0.8, 0.97])
@pytest.mark.parametrize("cuts", [[0.3], [-0.5, 0.5], [-2, -1, 0, 0.8]], ids=["two", "three", "five"])
def test_simulated_correlations_are_recovered(rho: float, cuts: list[float]) -> None:
    x, y = simulated(20_000, rho, seed=11)
    data = pd.DataFrame({"x": np.digitize(x, [-1, 0, 0.8]), "y": np.digitize(y, cuts)})
    both, mixed = moments_of(data, ["x", "y"]), moments_of(data.assign(x=x), ["y"])
    for moments in (both, mixed):
        assert moments.gamma is not None
        error = np.sqrt(moments.gamma[-1, -1] / moments.n)
        found = moments.corr[0, 1] / np.sqrt(moments.variances[0])
        assert abs(found - rho) < 4 * error
        assert error < 0.015
    assert_allclose(both.thresholds["x"], [-1, 0, 0.8], rtol=0, atol=0.03)


def test_gamma_says_how_estimates_scatter_over_samples() -> None:
    rng = np.random.default_rng(7)
    found, promised = [], []
    for _ in range(400):
        common = rng.normal(size=(600, 1))
        latent = 0.75 * common + np.sqrt(1 - 0.75**2) * rng.normal(size=(600, 3))
        data = pd.DataFrame(np.digitize(latent[:, :2], [-0.6, 0.7]).astype(float), columns=["a", "b"]).assign(
            c=latent[:, 2]
        )
        moments = moments_of(data, ["a", "b"])
        assert moments.gamma is not None
        found.append(moments.statistics)
        promised.append(np.diag(moments.gamma) / moments.n)
    ratio = np.std(found, axis=0, ddof=1) / np.sqrt(np.mean(promised, axis=0))
    # The standard deviation of 400 draws has a relative standard error of 3.5 %.
    assert_allclose(ratio, 1.0, rtol=0, atol=0.15)


# What is noted and what is refused


def test_pairs_with_empty_cells_are_named() -> None:
    data = BFI[ITEMS].dropna()
    moments = moments_of(data, ITEMS, covariance=False)
    expected = [
        (first, second)
        for place, first in enumerate(ITEMS)
        for second in ITEMS[place + 1 :]
        if (pd.crosstab(data[first], data[second]) == 0).any(axis=None)
    ]
    assert expected
    assert moments.empty_cells == expected


def test_gamma_is_left_out_on_request() -> None:
    assert moments_of(BFI[AGREE].dropna(), AGREE, covariance=False).gamma is None


def test_names_of_statistics() -> None:
    names = moments_of(BFI[["age", "A1", "gender"]].dropna(), ["A1", "gender"]).statistic_names
    assert names == [
        *("age~1", "A1|t1", "A1|t2", "A1|t3", "A1|t4", "A1|t5", "gender|t1"),
        *("age~~age", "age~~A1", "age~~gender", "A1~~gender"),
    ]


ANSWERS = pd.DataFrame(
    {"a": [1, 2, 3, 1, 2, 3, 1, 3.0], "b": [1, 1, 2, 2, 3, 3, 2, 3.0], "c": [1, 2, 2, 1, 2, 2, 1, 1.0]}
)


def test_perfectly_correlated_items_are_named() -> None:
    data = BFI[AGREE].dropna()
    with pytest.raises(ModelError, match=r"A1 and again are perfectly correlated\n.*keep one of them"):
        moments_of(data.assign(again=7 - data["A1"]), [*AGREE, "again"])
    with pytest.raises(ModelError, match="A1 and again are perfectly correlated"):
        polychoric(data.assign(again=10 * data["A1"]))
    with pytest.raises(ModelError, match="column 1 and column 2 are perfectly correlated"):
        polychoric(np.repeat([[0, 0], [1, 1.0]], [10, 12], axis=0))


def test_perfectly_correlated_continuous_variables_are_named() -> None:
    data = BFI[["age", "A1"]].dropna()
    with pytest.raises(ModelError, match="age and months are perfectly correlated"):
        moments_of(data.assign(months=12 * data["age"]), ["A1"])
    height = simulated(2000, 0.5, seed=1)[0]
    with pytest.raises(ModelError, match="height and tall are perfectly correlated"):
        moments_of(pd.DataFrame({"height": height, "tall": np.digitize(height, [-0.5, 0.8])}), ["tall"])


def test_all_findings_come_at_once() -> None:
    with pytest.raises(ModelError) as refusal:
        moments_of(ANSWERS.assign(a=4.0, b=[np.nan, *ANSWERS["b"][1:]]), ["a", "b", "c"], label="group 'north'")
    words = str(refusal.value)
    assert words.startswith("Statistics of ordered answers in group 'north': 2 problems found.")
    assert "a is 4 in every row" in words
    assert "b has 1 missing answers" in words


def test_a_category_that_only_other_groups_show_is_named() -> None:
    with pytest.raises(ModelError, match=r"nobody in group 'north' answered 4 on a, but others did\n.*join"):
        moments_of(ANSWERS, ["a", "b", "c"], categories={"a": [1, 2, 3, 4]}, label="group 'north'")


def test_an_answer_outside_the_known_categories_is_named() -> None:
    with pytest.raises(ModelError, match="a has the answer 3, which is not one of 1, 2"):
        moments_of(ANSWERS, ["a"], categories={"a": [1, 2]})


def test_too_many_categories_are_refused() -> None:
    data = pd.DataFrame({"income": np.arange(200.0), "b": np.tile([1.0, 2], 100)})
    with pytest.raises(ModelError, match=r"income has 200 different answers\n.*continuous"):
        moments_of(data, ["income", "b"])
    with pytest.raises(ModelError, match=r"income has 200 different answers\n.*continuous"):
        polychoric(data)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ModelError, match=r"different numbers of rows: \[2, 3\]"):
        ordinal_moments({"a": [1, 2, 3], "b": [1, 2]}, ["a", "b"], ["a", "b"])


def test_no_rows_are_refused() -> None:
    with pytest.raises(ModelError, match="a has no rows"):
        ordinal_moments({"a": [], "b": []}, ["a", "b"], ["a", "b"])


def test_polychoric_refuses_items_that_do_not_vary_or_are_text() -> None:
    with pytest.raises(ModelError, match="a is 2 wherever it is answered"):
        polychoric(ANSWERS.assign(a=[2, np.nan] * 4))
    with pytest.raises(ModelError, match="a is never answered"):
        polychoric(ANSWERS.assign(a=np.nan))
    with pytest.raises(ModelError, match=r"a holds (str|object), not numbers"):
        polychoric(ANSWERS.assign(a="often"))


def test_polychoric_refuses_items_that_nobody_answered_together() -> None:
    apart = ANSWERS.assign(a=[1, 2, 3, 1, *[np.nan] * 4], b=[*[np.nan] * 4, 3, 3, 2, 3])
    with pytest.raises(ModelError, match="nobody answered both a and b"):
        polychoric(apart)
    with pytest.raises(ModelError, match="among those who answered both a and b, b does not vary"):
        polychoric(ANSWERS.assign(a=[1, 2, *[np.nan] * 6]))


def test_a_correction_needs_thresholds_of_the_pair() -> None:
    with pytest.raises(ModelError, match=r"correct is 0\.5 and thresholds are from each item"):
        polychoric(ANSWERS, correct=0.5, thresholds="item")
