"""`cxkit start`: from a raw export to a report with a few lines typed."""

from __future__ import annotations

import pytest

import cxkit as cx
from cxkit.cli import main
from cxkit.errors import SurveyError
from cxkit.running.notebooks.filled import fill_parameters, python_text
from cxkit.running.notebooks.parameters import read_parameters
from cxkit.study import start_study
from tests.survey.test_describe import FILES
from tests.survey.test_rows import EXPORTS

pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")


@pytest.mark.parametrize("file", FILES)
def test_a_study_reads_its_own_file(file, tmp_path, monkeypatch):
    study = start_study(tmp_path / "study", EXPORTS / file)
    monkeypatch.chdir(study.folder)
    for notebook in study.notebooks:
        values = {one.name: one.default for one in read_parameters(f"{notebook}.ipynb")}
        survey = cx.load_survey(
            values["survey_path"], instrument=values["instrument_path"], respondent=values["respondent"] or None
        )
        assert survey.n == 60
        assert survey.instrument.file == f"data/{file}"
    assert f"cxkit check data/{file} --instrument study.toml" in (study.folder / "README.md").read_text("utf-8")


def test_a_report_is_two_commands_away(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["start", "mine", "--from", str(EXPORTS / "google_forms_grid.csv")]) == 0
    assert "cxkit run 03_organisational_gaps -o 03_organisational_gaps.html" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "mine")
    assert main(["run", "03", "-o", "gaps.html"]) == 0
    page = (tmp_path / "mine" / "gaps.html").read_text(encoding="utf-8")
    assert "5 questions of the instrument are still open" in page
    assert "60 respondents" in page


def test_nothing_is_left_behind_where_it_fails(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "bad.csv").write_text("note,other\nhello,x\nthere,y\n", encoding="utf-8")
    with pytest.raises(SurveyError, match="nothing to draft an instrument from"):
        start_study(tmp_path / "mine", tmp_path / "bad.csv")
    assert list((tmp_path / "mine").iterdir()) == []
    with pytest.raises(SurveyError, match="There is no file"):
        start_study(tmp_path / "other", tmp_path / "none.csv")
    assert not (tmp_path / "other").exists()
    (tmp_path / "mine" / "kept.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SurveyError, match="holds something already"):
        start_study(tmp_path / "mine", EXPORTS / "truth.csv")
    assert (tmp_path / "mine" / "kept.txt").read_text(encoding="utf-8") == "mine"


def test_only_values_change_in_a_parameters_cell():
    source = 'a = "x"  # ä comment\nb = [\n    1,\n]\nc = {}  # as it is\n'
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    filled = fill_parameters({"cells": [cell]}, {"a": 'it\'s "so"', "b": ["ü", 2], "d": 1})
    assert "".join(filled["cells"][0]["source"]) == (
        'a = \'it\\\'s "so"\'  # ä comment\nb = ["ü", 2]\nc = {}  # as it is\n'
    )
    assert python_text("plain") == '"plain"'
