"""Cut-offs are data: each names a source that exists, its bands rise and cover every value, and its words are known."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.errors import AnalysisError
from cxkit.results import thresholds
from cxkit.results.references import reference
from cxkit.results.thresholds import LOWEST, Cutoff, Verdict, Verdicts, judge

CUTOFFS = {name: value for name, value in vars(thresholds).items() if isinstance(value, Cutoff)}


@pytest.mark.parametrize("cutoff", CUTOFFS.values(), ids=CUTOFFS)
class TestEveryCutoff:
    def test_its_source_exists(self, cutoff):
        assert reference(cutoff.source).full

    def test_its_bands_rise_from_minus_infinity(self, cutoff):
        starts = [start for start, _ in cutoff.bands]
        assert starts[0] == LOWEST == -math.inf
        assert all(low < high for low, high in pairwise(starts))
        assert all(math.isfinite(start) for start in starts[1:])

    def test_its_words_differ(self, cutoff):
        words = [words for _, words in cutoff.bands]
        assert len(set(words)) == len(words) > 1

    def test_a_band_holds_its_start_and_not_the_next(self, cutoff):
        for (_, below), (start, words) in pairwise(cutoff.bands):
            assert cutoff.verdict(start) == words
            assert cutoff.verdict(np.nextafter(start, -np.inf)) == below
            assert cutoff.bound(start) == start
        assert cutoff.verdict(math.inf) == cutoff.bands[-1][1]
        assert cutoff.verdict(-math.inf) == cutoff.bands[0][1]

    def test_nothing_is_said_of_nothing(self, cutoff):
        assert cutoff.verdict(math.nan) == "cannot be judged"
        assert math.isnan(cutoff.bound(math.nan))

    def test_its_name_ends_in_its_author(self, cutoff):
        name = next(name for name, value in CUTOFFS.items() if value is cutoff)
        assert name.split("_")[-1].casefold() == cutoff.source.rstrip("0123456789")


# The conventions as published; the source of each stands in references.toml.
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ALPHA_NUNNALLY", {0.69: "too low for research", 0.70: "enough for early research",
                            0.80: "enough for comparing groups", 0.90: "enough for decisions on individuals"}),
        ("ITEM_REST_NUNNALLY", {-0.01: "works against the dimension", 0.29: "hardly belongs", 0.30: "belongs"}),
        ("FLOOR_CEILING_TERWEE", {0.15: "no floor or ceiling", 0.151: "floor or ceiling effect"}),
        ("KMO_KAISER", {0.49: "unacceptable", 0.50: "miserable", 0.60: "mediocre", 0.70: "middling",
                        0.80: "meritorious", 0.90: "marvellous"}),
        ("LOADING_HOWARD", {0.39: "loads on no factor", 0.40: "loads"}),
        ("ICC1_LEBRETON", {0.0: "no group effect", 0.01: "small", 0.10: "medium", 0.25: "large"}),
        ("ICC2_LEBRETON", {0.69: "group means not reliable enough", 0.70: "group means reliable"}),
        ("RWG_LEBRETON", {0.30: "lack of agreement", 0.31: "weak agreement", 0.51: "moderate agreement",
                          0.71: "strong agreement", 0.91: "very strong agreement"}),
        ("CFI_BENTLER", {0.899: "can usually be improved substantially", 0.90: "acceptable"}),
        ("SRMR_HU", {0.079: "good", 0.08: "not good"}),
        ("DIF_JODOIN", {0.034: "negligible", 0.035: "moderate", 0.069: "moderate", 0.07: "large"}),
        ("GAP_COHEN", {0.19: "below small", 0.20: "small", 0.50: "medium", 0.80: "large"}),
    ],
)  # fmt: skip
def test_the_published_bands(name, values):
    assert {value: CUTOFFS[name].verdict(value) for value in values} == values


@given(st.floats(allow_nan=False))
def test_every_number_has_a_verdict_whose_band_starts_at_or_below_it(value):
    for cutoff in CUTOFFS.values():
        assert (cutoff.bound(value), cutoff.verdict(value)) in cutoff.bands
        assert cutoff.bound(value) <= value


class TestVerdicts:
    def test_one_for_each_value(self):
        verdicts = judge(thresholds.KMO_KAISER, ["all", "L1"], np.array([0.85, np.nan]))
        first = next(iter(verdicts))
        assert first == Verdict(subject="all", measure="KMO", value=0.85, verdict="meritorious", source="kaiser1974")
        assert [v.verdict for v in verdicts] == ["meritorious", "cannot be judged"]
        assert verdicts.sources == ("kaiser1974",)
        assert len(verdicts) == 2
        assert type(first.value) is float

    def test_as_many_subjects_as_values(self):
        with pytest.raises(ValueError, match="shorter"):
            judge(thresholds.KMO_KAISER, ["a", "b"], [0.5])

    def test_printed_with_the_source(self):
        verdicts = judge(thresholds.KMO_KAISER, ["<all>"], [0.85])
        assert str(verdicts) == (
            "Subject  Measure  Value  Verdict      Source\n"
            "-------------------------------------------------\n"
            "<all>    KMO       0.85  meritorious  Kaiser 1974"
        )
        assert "&lt;all&gt;" in verdicts._repr_html_()
        assert "Cut-offs are conventions, not tests." in verdicts._repr_html_()

    def test_a_printed_value_lies_on_its_own_side_of_the_cutoff(self):
        verdicts = judge(thresholds.ALPHA_NUNNALLY, ["a", "b", "c"], [0.7996, 0.8004, 0.5])
        assert verdicts.table["Value"].tolist() == ["0.7996", "0.80", "0.50"]
        assert [v.digits for v in judge(thresholds.RMSEA_BROWNE, ["a", "b"], [0.0803, 0.0797])] == [4, 2]

    @pytest.mark.parametrize("name", [n for n, c in vars(thresholds).items() if isinstance(c, Cutoff)])
    def test_a_value_in_a_sentence_does_too(self, name):
        cutoff = getattr(thresholds, name)
        bounds = [start for start, _ in cutoff.bands[1:]]
        for bound in bounds:
            for off in (-0.004, -0.0004, -0.00004, 0.0, 0.00004, 0.0004, 0.004):
                if off == 0 and round(bound, 6) != bound:
                    continue  # "up to .06" starts its next band at the number after .06, which no digits show
                for least in (2, 3):
                    shown = cutoff.shown(bound + off, least)
                    assert cutoff.verdict(float(shown.replace("−", "-"))) == cutoff.verdict(bound + off), shown
        assert cutoff.shown(math.nan) == "nan"

    def test_none(self):
        assert Verdicts().frame.shape == (0, 5)
        assert str(Verdicts()) == "No cut-off applies to this result."
        assert Verdicts()._repr_html_() == '<p class="cx-text">No cut-off applies to this result.</p>'
        assert Verdicts().sources == ()


def test_a_source_that_does_not_exist_is_not_printed():
    made_up = Cutoff(measure="x", source="nobody1900", bands=((LOWEST, "a"), (1.0, "b")))
    with pytest.raises(AnalysisError, match="There is no reference 'nobody1900'"):
        _ = judge(made_up, ["a"], [1.0]).table
