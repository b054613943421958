"""A notebook's file keeps the plain text of everything that it shows: nothing of single people may be in it."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.results.result import Result
from cxkit.running.notebooks.notebook import find_notebook
from cxkit.running.run import run_notebook
from tests.conftest import tiny_survey

HOLDS_TABLES = re.compile("DataFrame|Series")


def dataclasses_of_the_study_wing() -> Iterator[type]:
    for package in ("survey", "results", "validation", "benchmarking", "gaps", "sem"):
        home = importlib.import_module(f"cxkit.{package}")
        for found in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                if inspect.isclass(value) and is_dataclass(value) and value.__module__ == module.__name__:
                    yield value


def prints_its_fields(cls: type) -> bool:
    """Whether `dataclass` wrote the repr: it guards it against endless recursion, and nobody else does."""
    return hasattr(cls.__repr__, "__wrapped__")


def test_no_dataclass_with_tables_prints_them():
    """The repr that `dataclass` makes holds first and last rows of every table: ids, levels, what is hidden."""
    loud = [
        cls.__qualname__
        for cls in dataclasses_of_the_study_wing()
        if not cls.__name__.startswith("_") and prints_its_fields(cls)
        if issubclass(cls, Result) or any(HOLDS_TABLES.search(str(field.type)) for field in fields(cls))
    ]
    assert loud == []


def firm(n: int = 60) -> cx.Survey:
    rng = np.random.default_rng(11)
    trait = rng.normal(size=(n, 1))
    answers = np.clip(np.round(3 + trait + rng.normal(size=(n, 6))), 1, 5)
    return tiny_survey(
        answers,
        id=[f"person-{place:03d}" for place in range(n)],
        level=["Executives"] * 6 + ["Staff"] * (n - 6),
        function=["Secretariat"] * 3 + ["Legal"] * 4 + ["Sales"] * 12 + ["Service"] * 16 + ["Shops"] * (n - 35),
        organisation=["Firm"] * n,
    )


def test_the_repr_of_a_survey_names_it_and_nobody_in_it():
    survey = firm()
    assert repr(survey) == f"<Survey 'tiny': 60 respondents, 'Tiny', answers {survey.hash}>"


@pytest.mark.parametrize(
    "analysis",
    [
        cx.screen_respondents,
        cx.cronbach_alpha,
        cx.item_analysis,
        cx.dimension_scores,
        lambda s: cx.group_profile(s, by="function"),
        lambda s: cx.group_reliability(s, by="function"),
        lambda s: cx.within_group_agreement(s, by="function"),
        lambda s: cx.level_gap(s, leaders=["Executives"]),
    ],
)
def test_the_repr_of_a_result_is_what_is_printed(analysis):
    result = analysis(firm())
    assert repr(result) == str(result)
    assert "person-" not in repr(result)


def test_what_holds_answers_tells_only_their_size():
    survey = firm()
    for thing in (
        sem.ordinal_moments(survey.given, list(survey.given)[:3], list(survey.given)[:3]),
        sem.Moments(cov=survey.given.cov(), n=60),
    ):
        assert not re.search(r"\d\.\d", repr(thing)), repr(thing)


def test_declared_numbers_of_the_screening_are_counts(monkeypatch):
    """Its `frame` has a row a respondent, and stood in the declared numbers of every report."""
    monkeypatch.setenv("CXKIT_DECLARE", "1")
    screening = cx.screen_respondents(firm())
    (declared,) = screening._repr_mimebundle_().values()
    assert list(declared["columns"]) == list(screening.shown)


@pytest.fixture(scope="module")
def crate(tmp_path_factory):
    """The files of a report by notebook 03 on a small firm, as texts by name."""
    folder = tmp_path_factory.mktemp("firm")
    survey = firm()
    pd.concat([survey.respondents, survey.given], axis=1).to_csv(folder / "answers.csv", index=False)
    instrument = """name = "tiny"
title = "Tiny"
licence = "CC0-1.0"
citation = "Nobody (2026)"
scale = {low = 1, high = 5}
"""
    for dimension, items in (("one", list(survey.given)[:3]), ("two", list(survey.given)[3:])):
        listed = ", ".join(f'{{key = "{key}", text = "Statement {key}"}}' for key in items)
        instrument += f'[[dimension]]\nkey = "{dimension}"\ntitle = "{dimension.title()}"\nitems = [{listed}]\n'
    (folder / "tiny.toml").write_text(instrument, encoding="utf-8")
    parameters = {
        "survey_path": str(folder / "answers.csv"),
        "instrument_path": str(folder / "tiny.toml"),
        "respondent": {role: role for role in survey.respondents},
        "organisation": "Firm",
        "leaders": ["Executives"],
        "unit": "function",
    }
    run_notebook(find_notebook("03"), parameters, output=folder / "a.html", progress=False)
    made = [path for path in folder.rglob("*") if path.suffix in {".html", ".json", ".ipynb"}]
    return {path.name: path.read_text(encoding="utf-8") for path in made}


def test_the_crate_of_a_report_names_no_respondent(crate):
    assert {"executed.ipynb", "declared.json"} <= set(crate)
    assert [name for name, text in crate.items() if "person-" in text] == []


def test_the_executed_notebook_holds_no_frame(crate):
    cells = json.loads(crate["executed.ipynb"])["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    plain = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    assert any(text.startswith("<Survey") for text in plain)
    assert not [text for text in plain if "frame=" in text or "groups=" in text]
