"""The Survey: reversing happens once, scores follow their rule, the hash is the answers', and nothing changes."""

from __future__ import annotations

import dataclasses
import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.errors import AnalysisError, InstrumentError, OptionError, SurveyError
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import (
    ROLES,
    About,
    Survey,
    describe_roles,
    natural_order,
    typed_role,
)


def instrument(low: float = 1, high: float = 7) -> Instrument:
    keys = ("L1", "L2", "L3", "L4")
    return instrument_from(
        {
            "name": "mini",
            "title": "Mini",
            "citation": "us",
            "licence": "CC0",
            "version": "1",
            "scale": {"low": low, "high": high},
            "dimension": [
                {"key": "loyalty", "title": "Loyalty",
                 "items": [{"key": k, "text": k, "reversed": k in ("L2", "L4")} for k in keys]},
                {"key": "speed", "title": "Speed", "items": [{"key": "S1", "text": "S1"}]},
            ],
        },
        where="mini.toml",
    )  # fmt: skip


GIVEN = pd.DataFrame(
    {
        "L1": [7, 1, np.nan, 4, np.nan],
        "L2": [1, 2, 3, np.nan, np.nan],
        "L3": [6, 1, 5, np.nan, np.nan],
        "L4": [2, 7, np.nan, np.nan, np.nan],
        "S1": [5, 3, 1, 2, np.nan],
    },
    index=pd.Index([2, 3, 4, 5, 9], name="row"),
)
PEOPLE = pd.DataFrame(
    {
        "level": typed_role(
            "level", pd.Series(["Staff", "Head", "Staff", "", "Head"]), order=["Staff", "Head", "Board"]
        ),
        "unit": typed_role("unit", pd.Series(["U10", "U9", "U9", "U1", None])),
        "wave": typed_role("wave", pd.Series([1, 1, 2, 2, 2])),
        "weight": typed_role("weight", pd.Series(["1", "0.5", "2", "1", "1"])),
    }
).set_index(GIVEN.index)


def survey(answers: pd.DataFrame = GIVEN, people: pd.DataFrame = PEOPLE, **about: object) -> Survey:
    return Survey(name="culture", instrument=instrument(), given=answers, respondents=people, about=About(**about))


class TestReversing:
    def test_by_hand(self):
        answers = survey().answers
        assert answers["L2"].tolist()[:3] == [7, 6, 5]
        assert answers["L4"].tolist()[:2] == [6, 1]
        pd.testing.assert_frame_equal(answers[["L1", "L3", "S1"]], GIVEN[["L1", "L3", "S1"]])
        assert answers["L2"].isna().tolist() == GIVEN["L2"].isna().tolist()

    @given(
        st.integers(-3, 3),
        st.integers(1, 10),
        st.lists(st.lists(st.integers(0, 10), min_size=5, max_size=5), min_size=1, max_size=6),
    )
    def test_reversing_twice_is_nothing_and_answers_stay_on_the_scale(self, low, span, rows):
        asked = instrument(low, low + span)
        first = pd.DataFrame(rows, columns=list(asked.items), dtype=float).clip(upper=span) + low
        once = Survey(name="s", instrument=asked, given=first, respondents=pd.DataFrame(index=first.index))
        twice = dataclasses.replace(once, given=once.answers)
        pd.testing.assert_frame_equal(twice.answers, first)
        assert once.answers.min(axis=None) >= low
        assert once.answers.max(axis=None) <= low + span

    def test_asking_again_does_not_reverse_again(self):
        one = survey()
        pd.testing.assert_frame_equal(one.answers, one.answers)
        pd.testing.assert_frame_equal(one.subset(level="Staff").answers, one.answers.loc[[2, 4]])

    def test_items_of_one_dimension(self):
        assert list(survey().items_of("loyalty")) == ["L1", "L2", "L3", "L4"]
        with pytest.raises(InstrumentError) as refused:
            survey().items_of("loyality")
        assert str(refused.value) == "Instrument 'mini' has no dimension 'loyality'. Did you mean 'loyalty'?"


class TestScores:
    def test_the_mean_of_what_was_answered_if_half_was(self):
        scores = survey().scores()
        assert list(scores) == ["loyalty", "speed"]
        assert scores.index.equals(GIVEN.index)
        expected = [(7 + 7 + 6 + 6) / 4, (1 + 6 + 1 + 1) / 4, (5 + 5) / 2, np.nan, np.nan]
        np.testing.assert_array_equal(scores["loyalty"], expected)
        np.testing.assert_array_equal(scores["speed"], GIVEN["S1"])

    @pytest.mark.parametrize(("answered", "counted"), [(0.25, 4), (0.26, 3), (0.5, 3), (0.51, 2), (1, 2)])
    def test_the_rule_for_missing_answers(self, answered, counted):
        assert survey().scores(answered=answered)["loyalty"].notna().sum() == counted

    @pytest.mark.parametrize("answered", [0, -0.5, 1.01, 50, float("nan")])
    def test_a_share_that_is_none(self, answered):
        with pytest.raises(OptionError) as refused:
            survey().scores(answered=answered)
        assert str(refused.value) == f"answered={answered} must be a share above 0 and at most 1."


class TestRoles:
    def test_the_column_of_a_role(self):
        assert survey().role("unit").tolist()[:4] == ["U10", "U9", "U9", "U1"]

    def test_a_role_that_is_none_or_not_known(self):
        with pytest.raises(OptionError) as refused:
            survey().role("levels")
        assert str(refused.value) == "'levels' is not a respondent attribute. Did you mean 'level'?"
        with pytest.raises(AnalysisError) as refused:
            survey().role("function")
        assert str(refused.value) == (
            "The survey 'culture' does not say the function of its respondents (it knows: level, unit, wave, weight). "
            "Name the column when reading it (in a notebook, in its parameter respondent): "
            "respondent={'function': '<column>'}."
        )
        with pytest.raises(AnalysisError, match="it knows: none"):
            survey(people=pd.DataFrame(index=GIVEN.index)).role("unit")

    def test_types(self):
        people = survey().respondents
        assert people["level"].cat.ordered
        assert people["wave"].cat.ordered
        assert not people["unit"].cat.ordered
        assert people["unit"].cat.categories.tolist() == ["U1", "U9", "U10"]
        assert people["level"].cat.categories.tolist() == ["Staff", "Head", "Board"]
        assert people["level"].isna().tolist() == [False, False, False, True, False]
        assert people["weight"].dtype == "float64"
        ids = typed_role("id", pd.Series([" 7", "007", None, float("nan"), ""]))
        assert ids.dtype == object
        assert ids.tolist()[:2] == ["7", "007"]
        assert ids.isna().tolist() == [False, False, True, True, True]

    @pytest.mark.parametrize("value", ["0", "-1", "heavy", "", None, float("inf"), float("nan")])
    def test_a_weight_is_a_positive_number(self, value):
        with pytest.raises(SurveyError) as refused:
            typed_role("weight", pd.Series([1, value], index=[2, 3], dtype=object))
        found = "empty" if pd.isna(value) or value == "" else f"'{value}'"
        assert str(refused.value) == (
            f"A weight must be a positive number; 1 cell is not, the first in row 3: {found}."
        )


class TestSubset:
    def test_by_role_and_mask(self):
        whole = survey()
        heads = whole.subset(level="Head")
        assert heads.given.index.tolist() == [3, 9]
        assert heads.name == "culture, level Head"
        assert heads.respondents["level"].cat.categories.tolist() == ["Head"]
        both = whole.subset(level=["Staff", "Head"], wave=2)
        assert both.given.index.tolist() == [4, 9]
        assert both.name == "culture, level Staff or Head, wave 2"
        fast = whole.subset(whole.scores()["speed"] > 2)
        assert fast.given.index.tolist() == [2, 3]
        assert fast.name == "culture"
        assert whole.subset(whole.given["S1"] > 2, level="Head").given.index.tolist() == [3]

    def test_a_set_of_values_is_named_the_same_every_time(self):
        assert survey().subset(unit={"U10", "U9", "U1"}).name == "culture, unit U1 or U9 or U10"
        assert describe_roles({"unit": {"B", "A"}, "wave": 1}) == "unit A or B, wave 1"

    def test_an_unknown_truth_value_is_not_true(self):
        mask = pd.Series([True, None, None, None, False], index=GIVEN.index, dtype="boolean")
        assert survey().subset(mask).given.index.tolist() == [2]
        assert survey().subset(mask.astype(object)).given.index.tolist() == [2]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"level": "Heads"}, "No level 'Heads' in 'culture'. Did you mean 'Head'?"),
            ({"level": "Board"}, "No level 'Board' in 'culture'. Known: Head, Staff."),
            ({"level": "Head", "unit": "U10"}, "Nobody is left of 'culture' with level Head, unit U10."),
            ({"unit": []}, "Nobody is left of 'culture' with unit none."),
            ({"mask": GIVEN["S1"] > 9}, "Nobody is left of 'culture' with the mask."),
            ({"mask": GIVEN["S1"] > 4, "wave": 2}, "Nobody is left of 'culture' with wave 2 and the mask."),
            (
                {"mask": pd.Series([True] * 5)},
                "The mask must be a Series with the 5 row numbers of 'culture'.",
            ),
            ({"mask": np.ones(5, bool)}, "The mask must be a Series with the 5 row numbers of 'culture'."),
            (
                {"mask": GIVEN["S1"]},
                "The mask must hold truth values, such as survey.scores()['loyalty'] > 4.",
            ),
            (
                {"team": "U1"},
                "'team' is not a respondent attribute. Known: id, level, function, unit, organisation, wave, weight.",
            ),
        ],
    )  # fmt: skip
    def test_errors(self, options, message):
        with pytest.raises((AnalysisError, OptionError)) as refused:
            survey().subset(**options)
        assert str(refused.value) == message


class TestHash:
    def test_golden(self):
        assert survey().hash == "0378fa4e23df"
        assert str(survey().stamp) == "culture, answers 0378fa4e23df"

    def test_types_of_columns_do_not_matter(self):
        whole = GIVEN.fillna(4)
        floats = survey(whole).hash
        for dtype in ("int64", "int8", "float32", "Int64", "Float64"):
            assert survey(whole.astype(dtype)).hash == floats
        with_gaps = survey(GIVEN.astype("Int64")).hash
        assert with_gaps == survey().hash

    def test_the_order_in_memory_does_not_matter(self):
        for order in ("C", "F"):
            again = pd.DataFrame(np.array(GIVEN, order=order), columns=list(GIVEN), index=GIVEN.index)
            assert survey(again).hash == survey().hash
        assert survey(GIVEN.astype(">f8")).hash == survey().hash

    def test_zero_has_no_sign_and_no_answer_only_one_form(self):
        zero = GIVEN.replace(1, 0.0)
        assert survey(zero.replace(0.0, -0.0)).hash == survey(zero).hash
        bits = GIVEN.to_numpy(copy=True)
        bits[np.isnan(bits)] = np.uint64(0xFFF8000000000001).view(np.float64)
        assert survey(pd.DataFrame(bits, columns=list(GIVEN), index=GIVEN.index)).hash == survey().hash

    def test_any_one_other_answer_changes_it(self):
        seen = {survey().hash}
        for row, column in itertools.product(range(len(GIVEN)), range(GIVEN.shape[1])):
            other = GIVEN.copy()
            other.iloc[row, column] = 7 if other.iloc[row, column] != 7 else np.nan
            seen.add(survey(other).hash)
        assert len(seen) == GIVEN.size + 1

    def test_attributes_columns_and_instrument_change_it(self):
        asked = dataclasses.replace(instrument(), version="2")
        others = [
            survey(people=PEOPLE.drop(columns="unit")),
            survey(people=PEOPLE.assign(unit=PEOPLE["unit"].to_numpy()[::-1])),
            survey(people=PEOPLE.assign(weight=1.0)),
            survey(GIVEN[["L1", "L2", "L3", "S1", "L4"]]),
            dataclasses.replace(survey(), instrument=asked),
            survey().subset(level=["Staff", "Head"]),
        ]
        assert len({survey().hash, *(other.hash for other in others)}) == len(others) + 1

    def test_the_name_does_not(self):
        assert dataclasses.replace(survey(), name="other", notes=("x",)).hash == survey().hash


class TestNothingChanges:
    def test_fields_are_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            survey().name = "other"

    def test_nor_do_frames_of_the_caller_reach_into_it(self):
        answers, people = GIVEN.copy(), PEOPLE.copy()
        one = survey(answers, people)
        answers.loc[2, "L1"] = 1
        people["weight"] = 9.0
        pd.testing.assert_frame_equal(one.given, GIVEN)
        pd.testing.assert_frame_equal(one.respondents, PEOPLE)

    def test_what_it_hands_out_can_be_changed_without_harm(self):
        one = survey()
        for frame in (one.answers, one.scores(), one.items_of("loyalty")):
            frame.iloc[0, 0] = -1
        assert one.answers.iloc[0, 0] == 7
        pd.testing.assert_frame_equal(one.given, GIVEN)

    def test_analysing_it_changes_nothing(self):
        mask = pd.Series(True, index=GIVEN.index)
        one = survey()
        one.subset(mask, level="Head").scores()
        _ = one.hash, one.text, one.stamp
        pd.testing.assert_frame_equal(one.given, GIVEN)
        pd.testing.assert_frame_equal(one.respondents, PEOPLE)
        assert mask.all()


class TestWhatItSays:
    def test_text(self):
        assert str(survey()) == (
            "culture: 5 respondents, 5 items of 'Mini', 60.0% of all answers given.\n"
            "level: 3 (Staff, Head, Board), fewer than 5 not stated\n"
            "unit: 3 (U1, U9, U10), fewer than 5 not stated\n"
            "wave: 2 (1, 2)\n"
            "weight: 0.5 to 2"
        )

    def test_synthetic_answers_say_so(self):
        made = survey(synthetic=True)
        assert "The answers are synthetic." in made.text
        assert made.stamp.synthetic
        assert made.stamp.has_weights
        assert str(made.stamp) == f"culture (synthetic), answers {made.hash}"

    def test_many_names_are_shortened(self):
        units = typed_role("unit", pd.Series([f"U{i}" for i in range(20)]))
        many = pd.DataFrame({column: np.ones(20) for column in GIVEN})
        assert "unit: 20 (U0, U1, U2, ..., U19)" in survey(many, pd.DataFrame({"unit": units})).text

    def test_nobody(self):
        none = survey(GIVEN.iloc[:0], pd.DataFrame(index=GIVEN.index[:0]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert none.text == "culture: 0 respondents, 5 items of 'Mini', 0.0% of all answers given."
            assert len(none) == none.n == 0
            assert none.scores().shape == (0, 2)


class TestNaturalOrder:
    @pytest.mark.parametrize(
        "names",
        [
            ["Unit 1", "Unit 9", "Unit 10"],
            ["1", "2", "10", "A"],
            ["A2b1", "A2b10", "A10b1"],
            ["", "1", "²", "½"],  # digits to Python, but no whole numbers
            ["٣", "10"],  # an Arabic three
        ],
    )
    def test_numbers_count_as_numbers(self, names):
        backwards = list(reversed(names))
        assert sorted(backwards, key=natural_order) == names

    @given(st.lists(st.text(max_size=6), max_size=8))
    def test_any_names_can_be_sorted(self, names):
        in_order = sorted(names, key=natural_order)
        assert sorted(in_order) == sorted(names)


def test_the_roles_are_documented():
    from cxkit.survey.reading import read_survey

    assert all(role in read_survey.__doc__ for role in ROLES)
