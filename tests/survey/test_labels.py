"""A cell has one reading: every label is read as its own answer, and labels that could be another are refused."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxkit.errors import InstrumentError, Problems, SurveyError
from cxkit.survey.answers import NOT_ANSWERED, CellReader
from cxkit.survey.codes import codes_by_item
from cxkit.survey.instrument import AnswerScale, Dimension, Instrument, Item
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.labels import find_collisions, fold_label, loose_wordings, plain_words
from cxkit.survey.reading import read_survey

ABOUT = {"name": "m", "title": "M", "citation": "us", "licence": "CC0"}
ITEMS = [{"key": "a", "text": "?"}, {"key": "b", "text": "?"}]


def instrument(labels: dict[str, str], low: int = 1, high: int = 5, **more: object) -> Instrument:
    scale = {"low": low, "high": high, "labels": labels, **more}
    dimension = [{"key": "d", "title": "D", "items": ITEMS}]
    return instrument_from({**ABOUT, "scale": scale, "dimension": dimension}, where="m.toml")


def read(tmp_path, asked: Instrument, *cells: str, **options: object) -> list[float]:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f'"{cell}",1\n' for cell in cells), encoding="utf-8")
    return read_survey(path, asked, **options).given["a"].tolist()


PERCENT = {"1": "100%", "2": "75%", "3": "50%", "4": "25%", "5": "0%"}
TIMES = {"1": "50+ times", "2": "21-50 times", "3": "6-20 times", "4": "1-5 times", "5": "0 times"}


class TestLabelsThatResembleEachOther:
    @pytest.mark.parametrize("labels", [PERCENT, TIMES], ids=["percent", "times"])
    def test_each_is_read_as_its_own_answer(self, tmp_path, labels):
        assert read(tmp_path, instrument(labels), *labels.values()) == [1, 2, 3, 4, 5]

    def test_a_label_that_is_the_number_of_another_answer_is_refused(self):
        with pytest.raises(InstrumentError) as refused:
            instrument({"1": "0", "2": "1", "3": "2", "4": "3 or more"}, 1, 4)
        assert str(refused.value).splitlines()[1] == (
            "  [scale]: the cell '1' could be the label '1' of 2 or the number 1. Which of them the file means, nobody "
            "could tell: choose other words, or number the scale as its labels say (low = 0 where the labels are 0, 1, "
            "2, ...)."
        )

    def test_numbered_as_the_labels_say(self, tmp_path):
        asked = instrument({"3": "3 or more"}, 0, 3)
        assert read(tmp_path, asked, "0", "1", "2", "3 or more", "3") == [0, 1, 2, 3, 3]

    @pytest.mark.parametrize(
        ("labels", "ends", "both"),
        [
            ({"1": "+2", "5": "-2"}, (1, 5), ("the label '+2' of 1", "the number 2")),
            ({"1": "2 times", "2": "times"}, (1, 5), ("the label '2 times' of 1", "2 with its label 'times'")),
            ({"1": "(2)", "2": "x"}, (1, 5), ("the label '(2)' of 1", "the number 2")),
            ({"1": "2,0"}, (1, 5), ("the label '2,0' of 1", "the number 2")),
            ({"0": "True", "1": "False"}, (0, 1), ("the label 'True' of 0", "the word TRUE for 1")),
        ],
        ids=["signs", "number with a label", "brackets", "decimal comma", "true"],
    )
    def test_both_readings_are_named(self, labels, ends, both):
        with pytest.raises(InstrumentError) as refused:
            instrument(labels, *ends)
        assert " or ".join(both) in str(refused.value)

    def test_a_label_that_is_a_code_for_no_answer(self, tmp_path):
        with pytest.raises(InstrumentError, match="the label '9' of 1 or the code 9 for \"no answer\""):
            instrument({"1": "9"}, missing_codes=[9])
        with pytest.raises(SurveyError, match="the label '9' of 1 or the code 9"):
            read(tmp_path, instrument({"1": "9"}), "9", missing_codes=[9])

    def test_two_labels_for_one_answer(self):
        with pytest.raises(InstrumentError, match="the answer 1 has two labels, 'Never' and 'Not once'"):
            instrument({"1": "Never", "1.0": "Not once"})

    def test_an_instrument_made_in_python_is_asked_as_well(self, tmp_path):
        scale = AnswerScale(low=1, high=3, labels={1: "3", 3: "1"})
        items = tuple(Item(key=key, text="?", scale=scale) for key in "ab")
        made = Instrument(**ABOUT, dimensions=(Dimension(key="d", title="D", items=items),))
        with pytest.raises(SurveyError, match=r"'3' could be the label '3' of 1 or the number 3.*\(Items: a, b\.\)"):
            read(tmp_path, made, "2")

    def test_a_decimal_comma_does_not_change_a_label(self, tmp_path):
        hours = instrument({"1": "0,5", "2": "7,5"}, 1, 2)
        assert read(tmp_path, hours, "0,5", "7,5", "2", decimal=",") == [1, 2, 2]


WORDS = st.sampled_from(["50", "5", "0", "1", "2", "%", "+", "times", "-", "or more", "Agree", "agree", "(", ")", "3.5",
                         "none", "n/a", "=", ",", "2,5", "é", "e\u0301", "  ", "true"])  # fmt: skip
LABELS = st.dictionaries(
    st.integers(0, 5), st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=6
)


@given(LABELS, st.sampled_from([(), (9.0,), (50.0,)]))
@settings(max_examples=400, deadline=None)
def test_in_every_instrument_that_is_accepted_each_cell_has_one_reading(labels, codes):
    if len({fold_label(label) for label in labels.values()}) < len(labels):
        return  # refused: two answers with the same label
    if find_collisions(labels, 0, 5, codes):
        return
    reader = CellReader("a", AnswerScale(low=0, high=5, labels=labels), codes, False)
    for value, label in labels.items():
        if label.strip():
            assert reader.meaning(label) == (value, True)
            assert reader.meaning(f"{value} {label}")[0] == value
            assert reader.meaning(label.upper())[0] == value
    printed = set(map(plain_words, labels.values()))
    for number in range(6):
        assert reader.meaning(str(number))[0] == number
    for word in NOT_ANSWERED - printed - {""}:
        value, is_label = reader.meaning(word)
        assert np.isnan(value)
        assert not is_label


class TestCodesForNoAnswer:
    NPS = instrument_from(
        {
            **ABOUT,
            "scale": {"low": 1, "high": 5},
            "scales": {"ten": {"low": 0, "high": 10}, "any": {"continuous": True}},
            "dimension": [{"key": "d", "title": "D", "items": ITEMS}],
            "single": [
                {"key": "NPS", "text": "?", "measure": "nps", "scale": "ten"},
                {"key": "T", "text": "?", "measure": "ces", "scale": "any"},
            ],
        },
        where="m.toml",
    )

    def read(self, tmp_path, content: str, **options: object):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        return read_survey(tmp_path / "a.csv", self.NPS, **options).given

    def test_a_code_that_lies_on_another_scale_is_refused_there(self, tmp_path):
        with pytest.raises(SurveyError) as refused:
            self.read(tmp_path, "a,b,NPS\n9,1,9\n", missing_codes=[9])
        assert str(refused.value) == (
            "a.csv: 1 problem found.\n"
            "  missing_codes: 9 is an answer on the scale 0-10 of NPS; as a code it would wipe valid answers.\n"
            "    -> name the items where it means \"no answer\", such as missing_codes={'d': [9]}."
        )

    @pytest.mark.parametrize("name", ["d", "a"])
    def test_codes_of_a_dimension_or_an_item_stay_there(self, tmp_path, name):
        given = self.read(tmp_path, "a,b,NPS\n9,1,9\n5,4,10\n", missing_codes={name: [9]})
        assert given["NPS"].tolist() == [9, 10]
        assert given["a"].isna().tolist() == [True, False]

    def test_where_any_number_is_an_answer(self, tmp_path):
        with pytest.raises(SurveyError, match="99 is an answer on the scale any number of T"):
            self.read(tmp_path, "a,b,T\n1,1,99\n", missing_codes=[99])
        assert self.read(tmp_path, "a,b,T\n99,1,99\n", missing_codes={"a": [99]})["T"].tolist() == [99]

    def test_names_and_forms_that_are_wrong(self):
        problems = Problems("a.csv")
        assert codes_by_item({"e": [9], "b": 99}, self.NPS, ["a", "b"], problems) == {"a": (), "b": ()}
        assert problems.findings == [
            "missing_codes: 'e' is neither an item nor a dimension. Known: d, a, b, NPS, T.",
            "missing_codes['b']=99 must be a list of numbers or words, such as [99, \"Don't know\"].",
        ]

    def test_the_advice_asks_first_whether_the_scale_is_right(self, tmp_path):
        """1-10 declared, 0-10 answered: calling 0 a code would have turned the strongest detractors into nobody."""
        with pytest.raises(SurveyError) as refused:
            self.read(tmp_path, "a,b,NPS\n9,1,9\n")
        assert str(refused.value).splitlines()[-1] == (
            "    -> was 1-5 the scale that people saw? If they could choose 9, correct low and high in the instrument; "
            "if 9 means \"no answer\", say missing_codes={'a': [9]}; otherwise correct the answers in the file."
        )

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ("6,55,11", "{'a': [6], 'b': [55], 'NPS': [11]}"),
            ("6,6,11", "{'d': [6], 'NPS': [11]}"),
            ("9,7,1", "{'a': [9], 'b': [7]}"),
        ],
    )
    def test_the_advice_is_taken_as_it_stands(self, tmp_path, cells, said):
        """Every item gets the codes that were found in it: another's may be an answer on its scale."""
        content = f"a,b,NPS\n{cells}\n5,4,6\n"
        with pytest.raises(SurveyError) as refused:
            self.read(tmp_path, content)
        assert f"say missing_codes={said};" in str(refused.value)
        assert self.read(tmp_path, content, missing_codes=ast.literal_eval(said)).iloc[1].tolist() == [5, 4, 6]

    def test_what_could_be_chosen_is_asked_by_scale(self, tmp_path):
        with pytest.raises(SurveyError) as refused:
            self.read(tmp_path, "a,b,NPS\n6,55,11\n")
        assert (
            "were 1-5 and 0-10 the scales that people saw? If they could choose 6 or 55 on the scale 1-5, or 11 on the "
            "scale 0-10, correct low and high in the instrument;"
        ) in str(refused.value)


def test_labels_with_their_number_behind():
    """LimeSurvey exports "Agree [4]"."""
    wordings = loose_wordings({4: "Agree", 5: "Strongly agree"}, 1, 5)
    assert [wordings.get(fold_label(cell)) for cell in ("Agree [4]", "agree (4)", "Agree [5]")] == [4, 4, None]
    assert find_collisions({1: "Group 2", 2: "Group"}, 1, 5)
    assert not find_collisions({1: "100%", 2: "50%"}, 1, 5)
