"""Agreement of coders against R's psych, published examples, and the definitions written out in R.

The calls stand in tests/reference/scripts/content_and_agreement.R.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.statistics.agreement import (
    agreement_weights,
    cohen_kappa,
    counted_codes,
    fleiss_kappa,
    gwet_coefficient,
    krippendorff_alpha,
    percent_agreement,
)
from cxkit.validation.content.coders import coder_agreement

GAP = np.nan
# Four observers, twelve units, values 1 to 5: the worked example of Krippendorff's "Computing Krippendorff's
# alpha-reliability" (2011), also the data cac.raw4raters of R's irrCAC.
FOUR = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, GAP],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
).T
# Six psychiatrists, five diagnoses, fifteen patients: R's irrCAC::distrib.6raters.
SIX = np.array(
    [
        [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0], [2, 0, 4, 0, 0],
        [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1],
    ]
)  # fmt: skip


def codes_of(table):
    return np.array([np.repeat(np.arange(len(row)), row) for row in table], dtype=float)


def row(result, coefficient, weights=""):
    frame = result.frame
    return frame[(frame["coefficient"] == coefficient) & (frame["weights"] == weights)].iloc[0]


class TestKrippendorff:
    @pytest.mark.parametrize(
        ("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
    )
    def test_the_worked_example_of_its_author(self, scale, alpha):
        assert krippendorff_alpha(counted_codes(FOUR, np.arange(1.0, 6)), scale) == pytest.approx(alpha, abs=0.0005)

    @pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
    def test_equals_its_definition_pair_by_pair(self, reference, scale):
        wanted = reference("content_and_agreement")["alpha"]["customersat"][scale]
        codes = cx.load_survey("customersat").given[["q1", "q2", "q3"]].to_numpy()[:300]
        assert krippendorff_alpha(counted_codes(codes, np.unique(codes)), scale) == pytest.approx(wanted, abs=1e-12)

    def test_of_a_distribution_as_printed_by_irrcac(self):
        # R: krippen.alpha.dist(distrib.6raters)
        counts = counted_codes(codes_of(SIX), np.arange(5.0))
        assert krippendorff_alpha(counts, "nominal") == pytest.approx(0.4204384, abs=5e-8)

    @given(seed=st.integers(0, 10_000))
    def test_of_two_coders_with_two_categories_is_scotts_pi_with_its_correction(self, seed):
        codes = np.random.default_rng(seed).integers(0, 2, (40, 2)).astype(float)
        n, share = codes.size, codes.mean()
        observed = np.mean(codes[:, 0] != codes[:, 1])
        pi = 1 - observed / (2 * share * (1 - share))
        alpha = krippendorff_alpha(counted_codes(codes, np.array([0.0, 1.0])), "nominal")
        assert alpha == pytest.approx(1 - (1 - pi) * (n - 1) / n, abs=1e-12)

    @given(seed=st.integers(0, 10_000))
    def test_on_an_ordinal_scale_only_the_order_counts(self, seed):
        codes = np.random.default_rng(seed).integers(0, 4, (25, 3)).astype(float)
        stretched = np.exp(codes)
        found = [krippendorff_alpha(counted_codes(c, np.unique(c)), "ordinal") for c in (codes, stretched)]
        assert found[0] == pytest.approx(found[1], abs=1e-12)


class TestKappa:
    @pytest.mark.parametrize(("weighting", "key"), [("identity", "psych"), ("quadratic", "psych_quadratic")])
    def test_equals_psych(self, reference, weighting, key):
        # R: cohen.kappa(cbind(cs$q1, cs$q2)), the first 300 rows of customersat
        wanted = reference("content_and_agreement")["kappa"]
        codes, values = self.customersat()
        found = cohen_kappa(codes, values, agreement_weights(values, weighting))
        assert found.value == pytest.approx(wanted[key], abs=1e-13)

    def test_the_unweighted_interval_equals_psych(self, reference):
        codes, _ = self.customersat()
        found = row(coder_agreement(pd.DataFrame(codes)), "Cohen's kappa")
        wanted = reference("content_and_agreement")["kappa"]["psych_ci"]
        assert found[["ci_low", "ci_high"]].tolist() == pytest.approx(wanted, abs=1e-12)

    @pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic"])
    def test_the_standard_error_equals_the_delta_method(self, reference, weighting):
        # R: numDeriv::grad of kappa in the cells of the table; its own precision is some 1e-9
        wanted = reference("content_and_agreement")["kappa"][weighting]
        codes, values = self.customersat()
        found = cohen_kappa(codes, values, agreement_weights(values, weighting))
        assert found.value == pytest.approx(wanted["kappa"], abs=1e-13)
        assert found.se == pytest.approx(wanted["se"], rel=1e-7)

    def test_the_abstractors_of_irrcac(self):
        # R: kappa2.table(cont3x3abstractors), gwet.ac1.table(cont3x3abstractors)
        codes = np.repeat([[0, 0], [1, 1], [1, 2], [2, 1], [2, 2]], [13, 20, 7, 4, 56], axis=0).astype(float)
        kappa = cohen_kappa(codes, np.arange(3.0), np.eye(3))
        assert (kappa.value, kappa.se) == pytest.approx((0.7964094, 0.05891072), abs=5e-8)
        ac1 = gwet_coefficient(counted_codes(codes, np.arange(3.0)), np.eye(3))
        # For tables of two raters irrCAC divides by n, for raw ratings (as here) by n - 1.
        assert (ac1.value, ac1.se * np.sqrt(0.99)) == pytest.approx((0.8493305, 0.04321747), abs=5e-8)

    def test_with_two_categories_weights_change_nothing(self):
        codes = np.random.default_rng(2).integers(0, 2, (60, 2)).astype(float)
        found = [
            cohen_kappa(codes, np.arange(2.0), agreement_weights(np.arange(2.0), w)) for w in ("identity", "linear")
        ]
        assert found[0] == pytest.approx(found[1], abs=1e-14)

    @staticmethod
    def customersat():
        codes = cx.load_survey("customersat").given[["q1", "q2"]].to_numpy()[:300]
        return codes, np.arange(1.0, 11)


class TestManyCoders:
    def test_with_gaps_as_printed_by_irrcac(self):
        # R: fleiss.kappa.raw(cac.raw4raters), gwet.ac1.raw(cac.raw4raters), pa.coeff.raw(cac.raw4raters)
        counts = counted_codes(FOUR, np.arange(1.0, 6))
        assert percent_agreement(counts, np.eye(5)) == pytest.approx(0.8181818, abs=5e-8)
        assert tuple(fleiss_kappa(counts, np.eye(5))) == pytest.approx((0.76117, 0.15302), abs=5e-6)
        assert tuple(gwet_coefficient(counts, np.eye(5))) == pytest.approx((0.77544, 0.14295), abs=5e-6)

    @pytest.mark.parametrize(("weighting", "value", "se"), [("linear", 0.859, 0.117), ("quadratic", 0.914, 0.104)])
    def test_ac2_as_printed_by_irrcac(self, weighting, value, se):
        # R: gwet.ac1.raw(cac.raw4raters, weights = "linear")
        counts = counted_codes(FOUR, np.arange(1.0, 6))
        found = gwet_coefficient(counts, agreement_weights(counts.values, weighting))
        assert tuple(found) == pytest.approx((value, se), abs=5e-4)

    def test_of_a_distribution_as_printed_by_irrcac(self):
        # R: fleiss.kappa.dist(distrib.6raters), gwet.ac1.dist(distrib.6raters)
        counts = counted_codes(codes_of(SIX), np.arange(5.0))
        assert tuple(fleiss_kappa(counts, np.eye(5))) == pytest.approx((0.4139265, 0.08119291), abs=5e-8)
        assert tuple(gwet_coefficient(counts, np.eye(5))) == pytest.approx((0.4448007, 0.08418757), abs=5e-8)

    def test_intervals_as_printed_by_irrcac(self):
        result = coder_agreement(pd.DataFrame(FOUR))
        assert row(result, "Fleiss' kappa")[["ci_low", "ci_high"]].tolist() == pytest.approx([0.42438, 1], abs=5e-6)
        assert row(result, "Gwet's AC1")[["ci_low", "ci_high"]].tolist() == pytest.approx([0.46081, 1], abs=5e-6)

    @given(seed=st.integers(0, 10_000), order=st.permutations(range(4)))
    def test_the_order_of_coders_units_and_words_is_irrelevant(self, seed, order):
        codes = pd.DataFrame(np.random.default_rng(seed).choice(list("abc"), (20, 4)))
        renamed = codes.iloc[::-1, list(order)].replace({"a": "z", "b": "y", "c": "x"})
        one, other = (coder_agreement(c, resamples=10).frame for c in (codes, renamed))
        assert one["value"].to_numpy() == pytest.approx(other["value"].to_numpy(), abs=1e-12)
        assert one["se"].iloc[:-1].to_numpy() == pytest.approx(other["se"].iloc[:-1].to_numpy(), abs=1e-12, nan_ok=True)


class TestTheTable:
    def test_which_coefficients(self):
        def names(**options):
            return coder_agreement(pd.DataFrame(FOUR[:, :2]), resamples=5, **options).frame

        assert names()["coefficient"].tolist() == [
            "Percent agreement", "Cohen's kappa", "Fleiss' kappa", "Gwet's AC1", "Krippendorff's alpha",
        ]  # fmt: skip
        assert names(scale="ordinal")["weights"].tolist() == [
            "", "", "", "", "linear", "linear", "quadratic", "quadratic", "ordinal",
        ]  # fmt: skip
        assert "Cohen's kappa" not in coder_agreement(pd.DataFrame(FOUR), resamples=5).frame["coefficient"].tolist()

    def test_the_interval_of_alpha_repeats_with_its_seed(self):
        first, again, other = (
            row(coder_agreement(pd.DataFrame(FOUR), seed=s), "Krippendorff's alpha", "nominal") for s in (1, 1, 2)
        )
        assert first["ci_low"] == again["ci_low"]
        assert first["se"] != other["se"]
        assert first["ci_low"] < first["value"] < first["ci_high"]

    def test_the_interval_of_alpha_covers(self):
        # Two coders, three themes, agreement through a common truth; the true alpha from a very large sample.
        rng = np.random.default_rng(5)

        def sample(units):
            truth = rng.integers(0, 3, units)
            return np.stack([np.where(rng.random(units) < 0.8, truth, rng.integers(0, 3, units)) for _ in range(2)], 1)

        true = krippendorff_alpha(counted_codes(sample(200_000).astype(float), np.arange(3.0)), "nominal")
        hits = 0
        for seed in range(200):
            found = coder_agreement(pd.DataFrame(sample(80)), resamples=300, seed=seed).frame.iloc[-1]
            hits += found["ci_low"] <= true <= found["ci_high"]
        assert 180 <= hits <= 199  # 95 % of 200 is 190, give or take three standard errors

    def test_one_category_that_rules_is_explained(self):
        codes = pd.DataFrame({"ann": ["x"] * 46 + ["y"] * 4, "bob": ["x"] * 43 + ["y"] * 3 + ["x"] * 4})
        text = coder_agreement(codes).text
        assert "Coders give the same code in 86% of all pairs." in text
        assert "Agreement is high and kappa low (−0.08) because one category takes 93% of all codes" in text
        assert "Gwet's AC1 is 0.84. Say both." in text

    def test_words_and_picture(self):
        result = coder_agreement(pd.DataFrame(FOUR), scale="ordinal", name="comments", synthetic=True)
        assert result.text.startswith(
            "Coders give the same code in 82% of all pairs. Krippendorff's alpha (ordinal) is 0.815, 95 % interval "
        )
        assert "reliable (Krippendorff 2004); the interval reaches down to 'too low to rely on'." in result.text
        assert result.origin.startswith(
            "Synthetic data. n = 11 units that at least two of 4 coders coded, 1 coded by fewer left out. Codes: comm"
        )
        assert {v.source for v in result.verdicts} == {"landis1977", "krippendorff2004"}
        assert "Gwet's AC2, quadratic 0.91 (0.69 to 1.00)" in result.alt
        assert result.picture().png.startswith(b"\x89PNG")

    def test_everybody_says_the_same_and_there_is_no_coefficient(self):
        result = coder_agreement(pd.DataFrame({"a": ["x"] * 5, "b": ["x"] * 5}))
        assert result.frame["value"].isna().tolist() == [False, True, True, True, True]
        assert "There is no coefficient: all codes are the same" in result.text
        assert "nan" not in f"{result}{result._repr_html_()}{result.alt}{result.verdicts}"
        assert result.picture().png

    def test_ordered_words(self):
        words = ["low", "middle", "high"]
        numbers = np.random.default_rng(1).integers(0, 3, (30, 3))
        by_words = coder_agreement(pd.DataFrame(np.array(words)[numbers]), scale="ordinal", categories=words)
        by_numbers = coder_agreement(pd.DataFrame(numbers), scale="ordinal")
        pd.testing.assert_frame_equal(by_words.frame, by_numbers.frame)


class TestRefusals:
    @pytest.mark.parametrize(
        ("codes", "options", "words"),
        [
            ({"a": [1, 2]}, {}, r"Agreement needs two coders; 'codes' has 1 column\."),
            ({"a": [1, None], "b": [None, 2]}, {}, "no unit was coded by two coders"),
            ({"a": ["x", "y"], "b": ["x", "z"]}, {"categories": ["x", "y"]}, r"1 code not among the categories: 'z'\."),
            ({"a": ["x", "y"], "b": ["x", "y"]}, {"scale": "interval"}, "takes numbers; 'codes' holds words"),
            ({"a": ["x", "y"], "b": ["x", "y"]}, {"scale": "ordinal"}, "holds words; say their order: categories="),
            (
                {"a": [1, 2], "b": [1, 2]},
                {"scale": "ordered"},
                r"scale='ordered' is not known\. Known: nominal, ordinal",
            ),
            (
                {"a": [1, 2], "b": [1, 2]},
                {"confidence": 95},
                r"confidence=95 must lie between 0 and 1, such as 0\.95\.",
            ),
        ],
    )
    def test_in_words(self, codes, options, words):
        with pytest.raises((cx.AnalysisError, cx.OptionError), match=words):
            coder_agreement(pd.DataFrame(codes), **options)
