"""Notebook 01 on surveys that break one analysis or another: it goes on, and says in words what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import cxkit as cx
from cxkit.running.run import run_notebook
from cxkit.survey.simulate import simulate_culture

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "01_validate_instrument.ipynb"
FEW_ITEMS = """name = "few"
title = "Few statements"
version = "1"
language = "en"
licence = "CC0-1.0"
citation = "Nobody (2026)"
source = "made for a test"
[scale]
low = 1
high = 7
[[dimension]]
key = "one"
title = "One"
definition = "Whatever it is."
items = [{items}]
"""


@pytest.fixture(scope="module")
def answers():
    frame = simulate_culture(organisations=2, respondents=(250, 250), seed=5).frame
    return frame.drop(columns=["organisation", "industry", "unit", "ENPS"])


def items_of(frame):
    return [column for column in frame.columns if column in cx.load_instrument("culture8").items]


def few_rows(n):
    return lambda frame: frame.head(n)


def constant_item(frame):
    return frame.assign(CI1=4)


def item_never_answered(frame):
    return frame.assign(CI1=np.nan)


def nothing_answered(frame):
    return frame.assign(**dict.fromkeys(items_of(frame), np.nan))


def group_of_three(frame):
    return frame.assign(level=np.where(np.arange(len(frame)) < 3, "Executives", "Staff"))


def report_on(frame, folder, instrument="culture8", groups="level"):
    """The words of the report, without code and tags."""
    frame.to_csv(folder / "answers.csv", index=False)
    parameters = {
        "survey_path": str(folder / "answers.csv"),
        "instrument_path": instrument,
        "respondent": {"id": "respondent", "level": "level"},
        "groups": groups,
    }
    run = run_notebook(NOTEBOOK, parameters, output=folder / "report.html", progress=False)
    page = run.output.read_text(encoding="utf-8")
    page = re.sub(r"(?s)<(style|details)\b.*?</\1>", " ", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (few_rows(4), "numbers of fewer than 5 would give their answers away"),
        (few_rows(12), "it takes more people than items"),
        (constant_item, "gave the same answer to CI1"),
        (item_never_answered, "Nobody answered CI1 of 'Customer insight', which is left out of alpha"),
        (nothing_answered, "Nobody answered an item of these dimensions"),
        (group_of_three, "'Executives' has fewer than 5; every group needs 30"),
    ],
)
def test_the_report_says_what_cannot_be_computed(answers, tmp_path, change, words):
    said = report_on(change(answers), tmp_path)
    assert words in said
    assert "What may you conclude?" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("count", "words"), [(1, "alpha needs 2 items, and it has 1"), (2, "omega needs 3 items, and it has 2")]
)
def test_instruments_of_one_and_two_items(answers, tmp_path, count, words):
    items = ", ".join(f'{{ key = "{key}", text = "Statement {key}." }}' for key in items_of(answers)[:count])
    (tmp_path / "few.toml").write_text(FEW_ITEMS.format(items=items), encoding="utf-8")
    assert words in report_on(answers, tmp_path, str(tmp_path / "few.toml"), groups="")
