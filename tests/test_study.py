"""`cxkit start`: from a raw export to a report with a few lines typed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.cli import main
from cxkit.errors import NotebookError, SurveyError
from cxkit.running.notebooks.filled import fill_parameters, python_text
from cxkit.running.notebooks.notebook import find_notebook
from cxkit.running.notebooks.parameters import read_parameters
from cxkit.running.queue.runs import read_runs
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


def answers_file(tmp_path: Path, **columns: list[str]) -> Path:
    """120 people, two items of one thing, and columns that describe people."""
    draws = np.random.default_rng(3).normal(size=(120, 3))
    answers = np.clip(np.round(3 + draws[:, :1] + draws[:, 1:] / 2), 1, 5).astype(int)
    frame = pd.DataFrame(answers, columns=["Q1_1", "Q1_2"]).assign(**columns)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


PLACES = ["North", "South", "West"] * 40


def test_a_study_without_groups_has_no_report_on_groups_and_says_why(tmp_path, monkeypatch, capsys):
    """The kit's own notebook was taken in silence, and reported on synthetic data."""
    file = answers_file(tmp_path, **{"Where do you sit?": PLACES})
    study = start_study(tmp_path / "study", file)
    assert "03_organisational_gaps" not in study.notebooks
    because = "study.toml names no column for the level, function or unit of the respondents under [respondent]."
    assert f"03_organisational_gaps is not made: {because}" in study.not_made
    assert because in (study.folder / "README.md").read_text(encoding="utf-8")
    monkeypatch.chdir(study.folder)
    for command in (["run", "03_organisational_gaps", "-o", "gaps.html"], ["run", "03"], ["parameters", "03"]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert "03_organisational_gaps is not among the notebooks of this study (01_validate_instrument)" in said
        assert f"It has none because {because}" in said
        assert "`cxkit notebooks 03_organisational_gaps` makes one with this study's data." in said
    assert not Path("gaps.html").exists()
    with pytest.raises(NotebookError, match="not among the notebooks of this study"):
        find_notebook("03")
    with Path("study.toml").open("a", encoding="utf-8") as described:
        described.write('[respondent]\nunit = "Where do you sit?"\n')
    assert main(["run", "03"]) == 1
    assert "It has none because" not in capsys.readouterr().err
    assert main(["notebooks", "03"]) == 0
    values = {one.name: one.default for one in read_parameters(find_notebook("03"))}
    assert (values["survey_path"], values["instrument_path"]) == ("data/mine.csv", "study.toml")
    assert (values["organisation"], values["unit"], values["group"], values["leaders"]) == ("", "unit", "unit", [])


def test_a_list_of_runs_in_a_study_takes_no_other_data_in_silence(tmp_path):
    study = start_study(tmp_path / "study", answers_file(tmp_path))
    listed = study.folder / "runs.toml"
    listed.write_text('[[run]]\nnotebook = "03_organisational_gaps"\nname = "gaps"\n', encoding="utf-8")
    with pytest.raises(NotebookError, match="not among the notebooks of this study"):
        read_runs(listed)
    with listed.open("a", encoding="utf-8") as runs:
        runs.write('[run.parameters]\nsurvey_path = "culture_synthetic"\n')
    assert read_runs(listed)[0].notebook.name == "03_organisational_gaps.ipynb"


def test_other_folders_take_the_notebooks_of_the_kit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text("", encoding="utf-8")
    (tmp_path / "mine.ipynb").write_text("{}", encoding="utf-8")
    assert find_notebook("03").name == "03_organisational_gaps.ipynb"
    (tmp_path / "study.toml").unlink()
    (tmp_path / "mine.ipynb").rename(tmp_path / "01_validate_instrument.ipynb")
    assert find_notebook("03").name == "03_organisational_gaps.ipynb"


def test_a_study_without_levels_has_a_report_without_leaders(tmp_path, monkeypatch):
    study = start_study(tmp_path / "study", answers_file(tmp_path, unit=PLACES))
    monkeypatch.chdir(study.folder)
    assert {one.name: one.default for one in read_parameters("03_organisational_gaps.ipynb")}["leaders"] == []
    assert main(["run", "03", "-o", "gaps.html"]) == 0
    page = Path("gaps.html").read_text(encoding="utf-8")
    assert "Skipped: leaders = [] names no level, so that there are no leaders to compare with everyone else." in page
    assert "120 respondents" in page
    assert "Gap between leaders and everyone else" not in page


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("is_there", [False, True])
def test_one_that_is_killed_leaves_no_part_under_the_name(tmp_path, is_there):
    target = tmp_path / "study"
    if is_there:
        target.mkdir()
    file = answers_file(tmp_path)
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cxkit.study._readme", lambda *given: os.kill(os.getpid(), signal.SIGKILL))
            start_study(target, file)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert target.exists() == is_there
    assert not is_there or list(target.iterdir()) == []
    study = start_study(target, file)
    assert (study.folder / "README.md").is_file()
    assert study.described.path == target / "data" / "mine.csv"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "study"]


def test_the_current_folder_can_be_the_study(tmp_path, monkeypatch):
    file = answers_file(tmp_path)
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    assert main(["start", ".", "--from", str(file)]) == 0
    assert Path("README.md").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "study"]
