"""From a file as it comes to a draft that reads it: what the draft cannot know stands in it as a question."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.cli import main
from cxkit.errors import SurveyError
from cxkit.survey.datasets import dataset_path
from cxkit.survey.drafting.toml_text import entry
from cxkit.survey.drafting.word_scales import ordered
from cxkit.survey.drafting.wordings import ROWS
from cxkit.survey.readers.limesurvey import code_of
from tests.survey.test_rows import EXPORTS, TRUTH, read, write

FILES = sorted(path.name for path in EXPORTS.iterdir() if path.suffix in (".csv", ".xlsx", ".sav"))


pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")


@pytest.mark.parametrize("file", FILES)
def test_the_draft_reads_its_file_and_finds_both_dimensions(file, tmp_path):
    described = cx.describe_file(EXPORTS / file)
    asked = cx.read_instrument(described.write(tmp_path / "study.toml"))
    survey = read(EXPORTS / file, asked)
    assert [len(dimension.items) for dimension in asked.dimensions] == [4, 4]
    keys = [key for dimension in asked.dimensions for key in dimension.item_keys]
    assert np.array_equal(survey.given[keys].to_numpy(), TRUTH.to_numpy(dtype=float), equal_nan=True)
    assert [item.reversed for item in asked.items.values()][:8] == [False, False, True, *[False] * 5]
    alphas = cx.cronbach_alpha(read(EXPORTS / file, asked, {})).frame["alpha"]  # without weights
    for alpha, columns in zip(alphas, (["i1", "i2", "i3", "i4"], ["i5", "i6", "i7", "i8"]), strict=True):
        assert alpha == pytest.approx(alpha_of(TRUTH[columns]), abs=1e-12)
    assert (tmp_path / asked.file).resolve() == (EXPORTS / file).resolve()


def alpha_of(answers: pd.DataFrame) -> float:
    """By Cronbach's (1951) formula, over covariances of all who answered both items."""
    answers = answers.assign(**{name: 6 - answers[name] for name in answers if name == "i3"})
    covariances = answers.cov().to_numpy()
    items = len(covariances)
    return items / (items - 1) * (1 - np.trace(covariances) / covariances.sum())


def test_what_is_guessed_is_asked_and_check_lists_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_bytes((EXPORTS / "google_forms_grid.csv").read_bytes())
    assert main(["describe", "mine.csv", "-o", "study.toml"]) == 0
    out = capsys.readouterr().out
    assert "mine.csv: an export of Google Forms." in out
    assert "Part 1: How much do you agree?: 4 items on the scale 1-5; probably reversed: part_1_3." in out
    assert "cxkit check mine.csv --instrument study.toml" in out
    assert main(["check", "mine.csv", "--instrument", "study.toml"]) == 0
    out = capsys.readouterr().out
    assert "level: 2 (Staff, Manager)" in out
    assert "Open: item part_1_3: Its answers run against the others: is it worded against them?" in out
    assert out.count("Open: ") == 5
    assert main(["describe", "mine.csv", "-o", "study.toml"]) == 1
    assert "study.toml exists already" in capsys.readouterr().err
    assert main(["describe", "mine.csv", "--read", "decimal=,"]) == 1
    assert "only kind, delimiter, encoding, sheet, header_row are taken here" in capsys.readouterr().err


def test_answers_that_nobody_gave_belong_to_the_scale_all_the_same(tmp_path):
    answers = ["Disagree", "Agree", "Neutral", "Don't know"] * 8
    rows = "\n".join(f"{one},{other}" for one, other in zip(answers, reversed(answers), strict=True))
    described = cx.describe_file(write(tmp_path, f"How? [Fast],How? [Kind]\n{rows}\n"))
    scale = described.instrument.dimensions[0].scale
    assert (scale.low, scale.high, scale.missing_codes) == (1, 5, ("Don't know",))
    assert list(scale.labels.values()) == ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
    assert (
        "[scale]: Nobody chose 'Strongly disagree' or 'Strongly agree': were they offered? They are counted in, as "
        "such scales have them, so that 'Disagree' is 2; if not offered, 'Disagree' is 1."
    ) in " ".join(described.instrument.open_questions)


def test_codes_and_scales_of_numbers(tmp_path):
    numbers = [1, 2, 3, 4, 5, 6, 7, -99] * 4
    frame = pd.DataFrame({"Q1_1": numbers, "Q1_2": numbers[::-1], "Q2_1": [0, 10, 5, 9] * 8, "Q2_2": [9, 8, 3, 0] * 8})
    asked = cx.describe_file(write(tmp_path, frame.to_csv(index=False))).instrument
    scales = [(dimension.scale.low, dimension.scale.high) for dimension in asked.dimensions]
    assert scales == [(1, 7), (0, 10)]
    assert [dimension.scale.missing_codes for dimension in asked.dimensions] == [(-99,), ()]


@pytest.mark.parametrize("form", ["AO{:02}", "A{}", "A{:02}", "AO{}"])
@pytest.mark.parametrize("met_first", [1, 10])
def test_codes_of_limesurvey_are_drafted_as_they_are_written(tmp_path, form, met_first):
    """They began as the first that was met: AO01 made AO010 of the tenth answer, AO10 made AO1 of the first."""
    numbers = [met_first, *range(1, 11)] * 6
    codes = [form.format(number) for number in numbers]
    rows = "".join(f"{place},2026-03-01,3,en,7,{code},{code}\n" for place, code in enumerate(codes))
    asked = cx.describe_file(
        write(tmp_path, f"id,submitdate,lastpage,startlanguage,seed,G1[a],G1[b]\n{rows}")
    ).instrument
    assert list(asked.dimensions[0].scale.codes) == [form.format(number) for number in range(1, 11)]
    assert read(tmp_path / "a.csv", asked).given.iloc[:, 0].tolist() == numbers


def test_codes_of_limesurvey_where_only_the_higher_were_given():
    assert code_of(1, ["AO10", "AO11"]) == "AO01"
    assert code_of(1, ["A10", "A11"]) == "A1"


def test_a_public_questionnaire_comes_out_as_its_authors_keyed_it():
    """psych's bfi: 25 items from 1 to 6; its own keys turn A1, C4, C5, E1, E2, O2 and O5 round."""
    asked = cx.describe_file(dataset_path("bfi")).instrument
    traits = [dimension for dimension in asked.dimensions if len(dimension.items) == 5]
    assert [dimension.key for dimension in traits] == list("aceno")
    assert {str(dimension.scale) for dimension in traits} == {"1-6"}
    turned = {item.key for dimension in traits for item in dimension.items if item.reversed}
    assert turned == {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}
    assert "[scale]: Could people answer from 1 to 6, and no further?" in asked.open_questions


def test_a_file_without_questions_on_a_scale_is_refused_with_what_is_in_it(tmp_path):
    with pytest.raises(SurveyError, match="no two columns with answers on one scale.*'note' .free text"):
        cx.describe_file(write(tmp_path, "note,other\nhello there,x\nall fine,y\n"))


@pytest.mark.parametrize("row", ROWS)
def test_usual_words_stand_in_their_order(row):
    words = [one.split("|")[0] for one in row]
    found = ordered(words[::-1])
    assert found is not None
    assert [word.casefold() for word in found.labels.values()] == words
    assert found.is_whole


@given(st.text(), st.one_of(st.text(), st.integers(-9, 99), st.booleans(), st.lists(st.text())))
def test_whatever_stands_in_a_file_is_written_as_toml(name, value):
    if any("\ud800" <= sign <= "\udfff" for sign in repr((name, value))):
        return
    assert tomllib.loads(entry(name, value)) == {name: value}
