"""The export of every survey system is read as it comes: the questions in it tell which column answers which item."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import cxkit as cx
from cxkit.errors import CxkitWarning, InstrumentError, SurveyError
from cxkit.survey.instrument import instrument_from
from cxkit.survey.readers.kinds import KINDS, system_of
from cxkit.survey.tables import read_table
from tests.survey.test_rows import ABOUT, EXPORTS, LIME, TEXTS, TRUTH, WORDS, instrument, read, write

AS_IT_COMES = {
    "qualtrics_values.csv": ("qualtrics", ["2 preview or test answers", "1 unfinished response"]),
    "qualtrics_labels.csv": ("qualtrics", ["2 preview or test answers", "1 unfinished response"]),
    "surveymonkey.csv": ("surveymonkey", []),
    "limesurvey_code_and_text.csv": ("limesurvey", ["1 unfinished response"]),
    "google_forms_grid.csv": ("google_forms", []),
    "google_forms_linear_scale.csv": ("google_forms", []),
    "microsoft_forms.xlsx": ("microsoft_forms", []),
}


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        yield


@pytest.mark.parametrize("file", AS_IT_COMES)
def test_an_export_is_read_by_its_questions(file):
    kind, left_out = AS_IT_COMES[file]
    survey = read(EXPORTS / file, instrument(WORDS))
    assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
    assert [entry.text.partition(" left out")[0] for entry in survey.ledger.left_out] == left_out
    assert read_table(EXPORTS / file, known=[]).kind == kind
    assert any(note.startswith("8 items found by the question: i1 in '") for note in survey.notes)


BY_COLUMN = [{"key": key, "text": text, "column": column}
             for (column, key), text in zip(LIME.items(), TEXTS, strict=True)]  # fmt: skip


def asking(items: list[dict[str, str]], **scale: object) -> cx.Instrument:
    dimension = {"key": "d", "title": "D", "items": items}
    return instrument_from({**ABOUT, "scale": {"low": 1, "high": 5, **scale}, "dimension": [dimension]}, where="m.toml")


def test_codes_of_limesurvey_are_numbers_unless_the_instrument_says_what_they_are():
    def given(**scale):
        return read(EXPORTS / "limesurvey_codes.csv", asking(BY_COLUMN, **scale)).given.to_numpy()

    truth = TRUTH.to_numpy(dtype=float)
    assert np.array_equal(given(), truth, equal_nan=True)
    turned = {f"A{number}": 6 - number for number in range(1, 6)}
    assert np.array_equal(given(codes=turned), 6 - truth, equal_nan=True)
    assert np.array_equal(given(labels={str(6 - n): f"A{n}" for n in range(1, 6)}), 6 - truth, equal_nan=True)
    with pytest.raises(SurveyError, match="480|answers? in words that are no label"):
        given(low=0, high=4)


def test_codes_stand_for_answers_and_other_numbers_are_refused(tmp_path):
    one = asking([{"key": "i1", "text": "How?"}], codes={"21": 1, "22.0": 2, "x": 5}, missing_codes=[29])
    assert read(write(tmp_path, "i1\n21\n22\n21.0\nX\n29\n"), one).given["i1"].tolist()[:4] == [1, 2, 1, 5]
    with pytest.raises(
        SurveyError, match=r"1 number among none of the codes for answers of 'm'\.\n    row 2, item i1: 3"
    ):
        read(write(tmp_path, "i1\n3\n21\n"), one)


def test_one_answer_has_several_wordings(tmp_path):
    one = asking([{"key": "i1", "text": "How?"}], labels={"1": ["No", "Nope"], "5": "Yes"})
    assert read(write(tmp_path, "i1\nno\nnope\nYes\n"), one).given["i1"].tolist() == [1, 1, 5]
    with pytest.raises(InstrumentError, match="the answers 1 and 5 have the same label"):
        asking([{"key": "i1", "text": "How?"}], labels={"1": ["No", "Nope"], "5": ["Yes", "nope"]})


def test_a_question_that_two_columns_ask_is_refused_unless_the_instrument_names_one(tmp_path):
    path = write(tmp_path, "How fast?,Before [How fast?],other\n1,2,3\n")
    with pytest.raises(SurveyError, match=r"Item i1 could be the columns 'How fast\?' and 'Before \[How fast\?\]'"):
        read(path, asking([{"key": "i1", "text": "How fast"}]))
    named = asking([{"key": "i1", "text": "How fast", "column": "before [how fast?]"}])
    assert read(path, named).given["i1"].tolist() == [2]
    with pytest.raises(SurveyError, match="The column 'other' would answer the items i1 and other"):
        read(path, asking([{"key": "i1", "text": "A", "column": "other"}, {"key": "other", "text": "B"}]))


def test_a_kind_that_there_is_not_names_the_nearest(tmp_path):
    with pytest.raises(SurveyError, match="kind='qualtric' is no kind of file. Did you mean 'qualtrics'"):
        read(write(tmp_path, "i1\n1\n"), kind="qualtric")
    assert [system_of([["a", "b"]], kind).key for kind in KINDS] == list(KINDS)
