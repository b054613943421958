"""The export of every survey system is read as it comes: the questions in it tell which column answers which item."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import cxkit as cx
from cxkit.errors import InstrumentError, OptionError, SurveyError
from cxkit.survey.instrument_file import instrument_from
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


pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")


@pytest.mark.parametrize("file", AS_IT_COMES)
def test_an_export_is_read_by_its_questions(file):
    kind, left_out = AS_IT_COMES[file]
    survey = read(EXPORTS / file, instrument(WORDS))
    assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
    assert [entry.text.partition(" left out")[0] for entry in survey.ledger.left_out] == left_out
    assert read_table(EXPORTS / file, known=[]).kind == kind
    assert any(note.startswith("8 items found by the question: i1 in '") for note in survey.notes)


def test_a_file_of_spss_says_what_its_numbers_stand_for():
    survey = read(EXPORTS / "spss.sav", instrument(), {"level": "Your role"})
    assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
    assert "1 value that the file declares as missing set aside (v8: 1)." in survey.notes
    assert sorted(survey.respondents["level"].unique()) == ["Manager", "Staff"]
    assert survey.ledger.text == "spss.sav has 60 rows: 60 respondents."


def test_what_spss_and_stata_declare_as_missing_is_empty(tmp_path):
    frame = pd.DataFrame({"i1": [1.0, 2, 97, 98.5, 99, np.nan], "who": ["a", "b", "c", "d", "x", "e"]})
    pyreadstat.write_sav(
        frame, str(tmp_path / "a.sav"), missing_ranges={"i1": [{"lo": 97, "hi": 99}], "who": ["x"]},
        variable_value_labels={"i1": {1: "Never", 97: "Refused"}},
    )  # fmt: skip
    one = asking([{"key": "i1", "text": "How?"}])
    survey = read(tmp_path / "a.sav", one, {"id": "who"})
    assert survey.given["i1"].fillna(0).tolist() == [1, 2, 0, 0, 0]  # the fifth has neither a name nor an answer
    assert survey.ledger.empty == 1
    pyreadstat.write_dta(
        pd.DataFrame({"i1": [1, 2, "a"]}), str(tmp_path / "a.dta"), missing_user_values={"i1": ["a"]},
        column_labels=["How?"],
    )  # fmt: skip
    asked = asking([{"key": "fast", "text": "How?"}])
    assert read(tmp_path / "a.dta", asked).given["fast"].tolist() == [1, 2]
    (tmp_path / "b.sav").write_bytes(b"nothing of the kind")
    with pytest.raises(SurveyError, match=r"b.sav cannot be read as a file of SPSS"):
        read(tmp_path / "b.sav", one)


def test_a_sheet_of_libreoffice(tmp_path):
    TRUTH.to_excel(tmp_path / "a.xlsx", index=False)
    as_ods(TRUTH, tmp_path / "a.ods")
    survey = read(tmp_path / "a.ods", instrument())
    assert np.array_equal(survey.given.to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
    with pytest.raises(SurveyError, match="a.ods has no sheet 'Sheet 9'"):
        read(tmp_path / "a.ods", instrument(), sheet="Sheet 9")


def as_ods(frame: pd.DataFrame, path: Path) -> None:
    """The smallest sheet that LibreOffice opens."""
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    body = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    names = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Answers">{body}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        'manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)


def ods_cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    if np.isnan(value):
        return "<table:table-cell/>"
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


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


def test_the_instrument_says_how_its_file_is_read_unless_the_caller_does(tmp_path):
    described = {
        **ABOUT, "scale": {"low": 1, "high": 5, "check": "Is 5 the best?"}, "check": "Whose is it?",
        "respondent": {"level": {"column": "Job", "order": ["Staff", "Head"], "check": "In this order?"}, "unit": "T"},
        "reading": {"missing_codes": [9], "decimal": ","},
        "dimension": [{"key": "d", "title": "D", "items": [{"key": "i1", "text": "How?", "check": "Reversed?"}]}],
    }  # fmt: skip
    asked = instrument_from(described, where="m.toml")
    path = write(tmp_path, "i1;Job;T;W\n1;Head;a;0,5\n9;Staff;b;1,5\n3;Staff;b;1\n")
    survey = read(path, asked)
    assert survey.given["i1"].fillna(0).tolist() == [1, 0, 3]
    aside = 'Set aside for a code or words for "no answer": 1 cell (i1 1).'
    assert survey.ledger.text == f"a.csv has 4 rows: 1 header row, 3 respondents. {aside}"
    assert f"\n{survey.ledger.text}\n" in survey.text  # every report and cxkit check show it
    assert list(survey.respondents["level"].cat.categories) == ["Staff", "Head"]
    assert "4 questions of the instrument are still open: the first: Whose is it?" in survey.notes
    assert list(asked.open_questions)[1:] == [
        "[scale]: Is 5 the best?", "item i1: Reversed?", "[respondent] level: In this order?",
    ]  # fmt: skip
    assert list(read(path, asked, {"weight": "W"}, missing_codes=[9, 99]).respondents) == ["weight"]
    with pytest.raises(InstrumentError, match=r"\[reading\]: there is no option 'decimals'. Did you mean 'decimal'"):
        instrument_from({**described, "reading": {"decimals": ","}}, where="m.toml")
    with pytest.raises(InstrumentError, match=r"\[respondent\] level: 'order' must be a list of names"):
        instrument_from({**described, "respondent": {"level": {"column": "Job", "order": "a"}}}, where="m.toml")
    with pytest.raises(OptionError, match="header_row='2' does not fit"):
        read(path, instrument_from({**described, "reading": {"header_row": "2"}}, where="m.toml"))
