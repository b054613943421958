"""Content validity against R's binomial functions (calls: tests/reference/scripts/content_and_agreement.R)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import cxkit as cx
from cxkit.validation.content.experts import OTHER, ExpertRatings, read_expert_ratings
from cxkit.validation.content.indices import content_validity_index, content_validity_ratio, critical_cvr
from cxkit.validation.content.item_sort import substantive_validity
from tests.conftest import tiny_instrument

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = {"essential": "essential", "relevance": "relevance", "assignment": "sort"}
ANALYSES = {
    "essential": content_validity_ratio,
    "relevance": content_validity_index,
    "assignment": substantive_validity,
}


def example(kind):
    return read_expert_ratings(
        EXAMPLES / f"expert_{FILES[kind]}_synthetic.csv", kind=kind, items="culture8", synthetic=True
    )


def judged(kind, rows, experts=None):
    """Judgements on the items of a small instrument: a row an item."""
    instrument = tiny_instrument(dimensions=2, items=3)
    frame = pd.DataFrame(
        rows, index=list(instrument.items)[: len(rows)], dtype=object if kind == "assignment" else float
    )
    frame.columns = experts or [f"e{i}" for i in range(1, frame.shape[1] + 1)]
    return ExpertRatings(name="mine", kind=kind, instrument=instrument, judgements=frame)


class TestRatio:
    @pytest.mark.parametrize(
        ("experts", "critical"),
        [(5, 1), (6, 1), (7, 1), (8, 0.75), (9, 7 / 9), (10, 0.8), (15, 0.6), (20, 0.5), (40, 0.3)],
    )
    def test_critical_values_of_ayre_and_scally(self, experts, critical):
        assert critical_cvr(experts) == pytest.approx(critical, abs=1e-15)

    def test_not_the_table_of_1975(self):
        # Lawshe's table has .99 for 5 to 7 experts, .78 for 9 and .62 for 10: the last two are out of order.
        assert [critical_cvr(n) for n in (9, 10)] == sorted([critical_cvr(n) for n in (9, 10)])
        assert critical_cvr(10) != pytest.approx(0.62)

    def test_critical_values_equal_r(self, reference):
        # R: k <- qbinom(.95, n, .5) + 1; (2 * k - n) / n
        wanted = reference("content_and_agreement")["critical_cvr"]
        found = [critical_cvr(n) for n in wanted["experts"]]
        assert found == pytest.approx(wanted["critical"], abs=1e-15)

    @given(n=st.integers(5, 200))
    def test_the_critical_value_is_the_first_that_is_rare(self, n):
        needed = round((critical_cvr(n) * n + n) / 2)
        assert stats.binom.sf(needed - 1, n, 0.5) <= 0.05 < stats.binom.sf(needed - 2, n, 0.5)

    def test_items_equal_r(self, reference):
        # R: binom.test(essential, experts, .5, alternative = "greater")$p.value
        wanted, frame = reference("content_and_agreement")["cvr"], content_validity_ratio(example("essential")).frame
        assert frame["item"].tolist() == wanted["item"]
        assert frame["essential"].tolist() == wanted["essential"]
        assert frame["experts"].tolist() == wanted["experts"]
        assert frame["cvr"].to_numpy() == pytest.approx(wanted["cvr"], abs=1e-15)
        assert frame["p_value"].to_numpy() == pytest.approx(wanted["p"], abs=1e-14)

    def test_p_and_critical_value_say_the_same(self):
        frame = content_validity_ratio(example("essential")).frame
        assert ((frame["p_value"] <= 0.05) == (frame["cvr"] >= frame["critical_cvr"])).all()

    def test_words(self):
        result = content_validity_ratio(example("essential"))
        assert result.text == (
            "34 of 40 items are called essential by more experts than chance explains; not so CI3, MI4, PV3, EM4, XC1 "
            "and 1 more. The mean ratio is 0.82."
        )
        assert result.note.startswith("Critical CVR: exact binomial, one-sided, 0.05 an item")
        assert (
            "Synthetic data. n = 9 experts. Judgements: expert_essential_synthetic (synthetic), answers " in result.note
        )
        assert [v.verdict for v in list(result.verdicts)[1:3]] == ["essential beyond chance", "not told from chance"]
        assert result.verdicts.items[0].measure == "CVR, critical 0.78"
        assert {v.source for v in result.verdicts} == {"ayre2014"}
        assert "EM4 −0.33" in result.alt

    def test_four_experts_can_show_nothing(self):
        result = content_validity_ratio(judged("essential", [[1, 1, 1, 1], [0, 1, 1, 1]]))
        assert np.isnan(critical_cvr(4))
        assert result.frame["critical_cvr"].isna().all()
        assert result.verdicts.items[0].verdict == "too few experts to tell from chance"
        assert "fewer than five experts judged an item, even unanimity can be chance" in result.text
        assert "nan" not in str(result)

    def test_an_item_that_nobody_judged_is_empty_not_wrong(self):
        result = content_validity_ratio(judged("essential", [[1] * 5, [np.nan] * 5]))
        assert result.frame["cvr"].tolist() == pytest.approx([1, np.nan], nan_ok=True)
        assert result.text.startswith("1 of 1 item is called essential")
        assert len(result.verdicts) == 1
        assert "nan" not in str(result)


class TestIndex:
    def test_items_and_scale_equal_r(self, reference):
        # R: dbinom(relevant, experts, .5); prop.test(relevant, experts, correct = FALSE)$conf.int
        wanted, result = reference("content_and_agreement")["cvi"], content_validity_index(example("relevance"))
        for column, key in {
            "relevant": "relevant", "i_cvi": "i_cvi", "p_chance": "chance", "kappa": "kappa",
            "ci_low": "low", "ci_high": "high",
        }.items():  # fmt: skip
            assert result.frame[column].to_numpy() == pytest.approx(wanted[key], abs=1e-14), column
        everything = result.scales.iloc[-1]
        assert everything[["s_cvi_ave", "s_cvi_ua"]].tolist() == pytest.approx([wanted["ave"], wanted["ua"]], abs=1e-15)

    @pytest.mark.parametrize(
        ("experts", "relevant", "i_cvi", "chance", "kappa", "words"),
        [
            # As printed in published panels that used this kappa: table 10 of doi 10.1186/s12913-017-2469-8 (nine and
            # ten experts) and table 4 of doi 10.1186/s13104-016-2249-2 (seven).
            (10, 10, 1.00, 0.001, 1.00, "excellent"),
            (10, 9, 0.90, 0.010, 0.90, "excellent"),
            (10, 8, 0.80, 0.044, 0.79, "excellent"),
            (10, 7, 0.70, 0.117, 0.66, "good"),
            (9, 8, 0.89, 0.018, 0.89, "excellent"),
            (9, 7, 0.78, 0.070, 0.76, "excellent"),
            (9, 6, 0.67, 0.164, 0.60, "good"),
            (7, 7, 1.00, 0.008, 1.00, "excellent"),
            (7, 6, 0.86, 0.055, 0.85, "excellent"),
        ],
    )
    def test_modified_kappa_of_published_panels(self, experts, relevant, i_cvi, chance, kappa, words):
        ratings = judged("relevance", [[4] * relevant + [2] * (experts - relevant)])
        row = content_validity_index(ratings).frame.iloc[0]
        assert row["i_cvi"] == pytest.approx(i_cvi, abs=0.005)
        assert row["p_chance"] == pytest.approx(chance, abs=0.0005)
        assert row["kappa"] == pytest.approx(kappa, abs=0.005)
        verdicts = {v.measure: v.verdict for v in content_validity_index(ratings).verdicts}
        assert verdicts["modified kappa"] == words

    def test_up_to_five_experts_must_be_unanimous_and_seven_of_nine_will_do(self):
        def verdict(experts, relevant):
            rows = [[3] * relevant + [1] * (experts - relevant)]
            return content_validity_index(judged("relevance", rows)).verdicts.items[0]

        assert (verdict(5, 4).verdict, verdict(5, 5).verdict) == ("revise or drop", "relevant")
        assert (verdict(9, 7).verdict, verdict(6, 4).verdict) == ("relevant", "revise or drop")
        assert verdict(5, 5).measure == "I-CVI, up to five experts"

    def test_ratings_are_counted_not_averaged(self):
        # The mean rating of both is 3; what counts is how many say 3 or 4.
        split, agreed = content_validity_index(judged("relevance", [[4, 4, 2, 2], [3, 3, 3, 3]])).frame["i_cvi"]
        assert (split, agreed) == (0.5, 1.0)

    def test_scales_by_dimension(self):
        scales = content_validity_index(example("relevance")).scales
        assert scales["title"].tolist()[-1] == "All items"
        assert scales["items"].tolist() == [5] * 8 + [40]
        assert scales["s_cvi_ave"].iloc[:8].mean() == pytest.approx(scales["s_cvi_ave"].iloc[8])

    def test_words(self):
        result = content_validity_index(example("relevance"))
        assert result.text == (
            "S-CVI/Ave is 0.91 (enough from 0.90, Polit & Beck 2006); 62% of the items are called relevant by "
            "everybody (S-CVI/UA 0.62). Item by item, 4 of 40 items fall short of the I-CVI that their number of "
            "experts asks for (PV3, EM4, XC1, SA3)."
        )


class TestSort:
    def test_items_equal_r(self, reference):
        # R: binom.test(hits, experts, .5, alternative = "greater")$p.value
        wanted, frame = reference("content_and_agreement")["sort"], substantive_validity(example("assignment")).frame
        for column, key in {"p_sa": "p_sa", "c_sv": "c_sv", "p_value": "p"}.items():
            assert frame[column].to_numpy() == pytest.approx(wanted[key], abs=1e-14), column

    def test_by_hand(self):
        # Eight of ten to d1, two to d2: p_sa .8, c_sv (8 - 2) / 10, P(X >= 8) = 56 / 1024. Four of ten: d2 wins.
        rows = [["d1"] * 8 + ["d2"] * 2, ["d1"] * 4 + ["d2"] * 5 + [OTHER]]
        frame = substantive_validity(judged("assignment", rows)).frame
        assert frame["p_sa"].tolist() == pytest.approx([0.8, 0.4])
        assert frame["c_sv"].tolist() == pytest.approx([0.6, -0.1])
        assert frame["p_value"].iloc[0] == pytest.approx(56 / 1024)
        assert frame["taken_for"].tolist() == ["Dimension 2", "Dimension 2"]

    def test_with_two_dimensions_c_sv_is_lawshes_ratio(self):
        rng = np.random.default_rng(3)
        hits = rng.random((3, 12)) < 0.8
        sort = substantive_validity(judged("assignment", np.where(hits, "d1", "d2"))).frame
        ratio = content_validity_ratio(judged("essential", hits)).frame
        assert sort["c_sv"].to_numpy() == pytest.approx(ratio["cvr"].to_numpy())
        assert sort["p_value"].to_numpy() == pytest.approx(ratio["p_value"].to_numpy())

    def test_words(self):
        result = substantive_validity(example("assignment"))
        assert result.text == (
            "34 of 40 items are put into the intended dimension by significantly more than half of the experts; not so "
            "CI3, MI4, PV3, EM4, XC1 and 1 more. The lowest c_sv is that of EM4 (p_sa 0.33, c_sv −0.33, mostly as "
            "'Cross-functional collaboration')."
        )
        assert "Colquitt" not in result.note

    def test_one_dimension_leaves_no_choice(self):
        ratings = replace(judged("assignment", [["d1", "d1"]]), instrument=tiny_instrument(dimensions=1))
        with pytest.raises(cx.AnalysisError, match=r"needs two dimensions to choose from; 'tiny' has 1\."):
            substantive_validity(ratings)


@pytest.mark.parametrize("kind", ANALYSES)
class TestEachAnalysis:
    def test_it_refuses_other_judgements(self, kind):
        other = next(name for name in ANALYSES if name != kind)
        with pytest.raises(cx.AnalysisError, match=rf"takes judgements of the kind '{kind}' .*; .* holds '{other}'"):
            ANALYSES[kind](example(other))

    def test_it_refuses_one_expert_and_none(self, kind):
        ratings = example(kind)
        for few, said in [
            (ratings.judgements.iloc[:, :1], "1 expert judged"),
            (ratings.judgements.mask(ratings.judgements.notna()), "0 experts"),
        ]:
            with pytest.raises(cx.AnalysisError, match=rf"needs two experts at the very least; in .* {said}"):
                ANALYSES[kind](replace(ratings, judgements=few))

    def test_the_order_of_experts_and_items_is_irrelevant(self, kind):
        ratings = example(kind)
        straight = ANALYSES[kind](ratings).frame.set_index("item")
        turned = ANALYSES[kind](replace(ratings, judgements=ratings.judgements.iloc[::-1, ::-1])).frame.set_index(
            "item"
        )
        pd.testing.assert_frame_equal(turned.loc[straight.index], straight)

    def test_it_can_be_shown(self, kind):
        result = ANALYSES[kind](example(kind))
        assert result.picture().png.startswith(b"\x89PNG")
        assert "nan" not in f"{result}{result._repr_html_()}{result.text}{result.alt}{result.verdicts}"
        assert "synthetic data" in [text.get_text() for text in result.plot().texts]

    def test_arguments_stay_as_they_are(self, kind):
        ratings = example(kind)
        before = ratings.judgements.copy()
        ANALYSES[kind](ratings)
        pd.testing.assert_frame_equal(ratings.judgements, before)


@pytest.mark.parametrize("alpha", [0, 1, 5])
def test_alpha_must_be_a_probability(alpha):
    with pytest.raises(cx.OptionError, match=rf"alpha={alpha} must lie between 0 and 1, such as 0\.05\."):
        content_validity_ratio(example("essential"), alpha=alpha)
