"""Item means beside score means: together they tell what somebody answered who alone left an item out."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.running.notebooks.notebook import find_notebook
from cxkit.survey.privacy import MINIMUM_CELL
from cxkit.survey.shared_suppression import GROUPING_ROLES, shown_groups
from tests.conftest import tiny_survey
from tests.survey.attacks import few_by_items_and_scores

OWN = {"01": {}, "02": {"organisation": ""}, "03": {"organisation": "", "leaders": ["Boss"], "unit": "function"}}
"""Parameters of every notebook that suit the file of a firm."""
INSTRUMENT = """name = "tiny"
title = "Tiny"
licence = "CC0-1.0"
citation = "Nobody (2026)"
scale = {low = 1, high = 5}
"""


def firm(holes: dict[int, list[int]], n: int = 60, seed: int = 3) -> cx.Survey:
    """Two dimensions of three items; `holes` names the items that single respondents left out."""
    rng = np.random.default_rng(seed)
    answers = np.clip(np.round(3 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 6))), 1, 5)
    for person, items in holes.items():
        answers[person, items] = np.nan
    return tiny_survey(answers, level=["Boss"] * 15 + ["Staff"] * (n - 15), function=np.arange(n) % 3)


def written(survey: cx.Survey, folder: Path) -> dict[str, object]:
    """The survey as files, and the parameters by which a notebook reads them."""
    pd.concat([survey.respondents, survey.given], axis=1).to_csv(folder / "answers.csv", index=False)
    text = INSTRUMENT
    for dimension in survey.dimensions:
        items = ", ".join(f'{{key = "{key}", text = "{key}"}}' for key in dimension.item_keys)
        text += f'[[dimension]]\nkey = "{dimension.key}"\ntitle = "{dimension.title}"\nitems = [{items}]\n'
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    return {
        "survey_path": str(folder / "answers.csv"),
        "instrument_path": str(folder / "tiny.toml"),
        "respondent": {role: role for role in survey.respondents},
    }


def survey_of_report(notebook: str, parameters: dict[str, object]) -> cx.Survey:
    """What the notebook analyses, by its own first cells."""
    code = [cell for cell in nbformat.read(find_notebook(notebook), as_version=4).cells if cell.cell_type == "code"]
    names: dict[str, object] = {}
    exec(code[0].source, names)
    names |= parameters
    reads = next(place for place, cell in enumerate(code) if "load_survey" in cell.source)
    for cell in code[1 : reads + 1]:
        exec(cell.source, names)
    return names["everyone"] if "everyone" in names else names["survey"]


def sum_of_scores(notebook: str, survey: cx.Survey, dimension: str) -> float:
    """What a report says of everybody's scores."""
    if notebook == "01":  # as in its table of what leaving respondents out would change, without the screening
        row = cx.score_distribution(survey).frame.set_index("dimension").loc[dimension]
        return row["n"] * row["mean"]
    if notebook == "02":
        row = cx.dimension_scores(survey).frame.set_index("dimension").loc[dimension]
        return row["n"] * row["score"]
    row = cx.level_gap(survey, leaders=["Boss"]).frame.set_index("dimension").loc[dimension]
    return row["n_leaders"] * row["mean_leaders"] + row["n_others"] * row["mean_others"]


@pytest.mark.parametrize(("notebook", "person"), [("01", 7), ("02", 20), ("03", 40)])
def test_who_alone_left_an_item_out_cannot_be_solved_for(notebook, person, tmp_path):
    """Scores' sum minus the items' sum divided by k is the score of the only incomplete one, times 1/k."""
    survey = firm({person: [1]})
    parameters = written(survey, tmp_path)
    items = cx.item_analysis(survey_of_report("01", parameters)).frame
    items = items[items["dimension"] == "d1"]
    scores = sum_of_scores(notebook, survey_of_report(notebook, parameters | OWN[notebook]), "d1")
    solved = 3 * (scores - (items["n"] * items["mean"]).sum() / 3)
    assert solved != pytest.approx(survey.scores()["d1"][person])
    assert solved == pytest.approx(0, abs=1e-9)  # nothing but what everybody is told twice


def known_groups(survey: cx.Survey, dimension: str) -> np.ndarray:
    """The groups whose scores the tables show, a row each."""
    shown = shown_groups(survey, survey.scores()[dimension].notna())
    rows = [shown.kept]
    for role in (role for role in GROUPING_ROLES if role in survey.respondents):
        labels = survey.role(role).astype("object")
        names = [name for name in labels.dropna().unique() if name not in shown.hidden[role]]
        rows += [shown.kept & (labels == name).to_numpy() for name in names]
    return np.array(rows)


def exposed(survey: cx.Survey) -> list[tuple[int, ...]]:
    """Whom the unrounded tables of items and of scores expose together, over all dimensions."""
    out = []
    for dimension in survey.dimensions:
        given = survey.items_of(dimension.key).notna().to_numpy()
        scored = survey.scores()[dimension.key].notna().to_numpy()
        out += few_by_items_and_scores(given, scored, known_groups(survey, dimension.key))
    return out


@pytest.mark.parametrize(
    "holes",
    [
        {7: [1]},
        {7: [1], 20: [1]},
        {7: [1], 20: [2], 33: [0]},
        {7: [0, 1]},  # too few answers for a score: only in the means of items
        {7: [0, 1], 20: [2]},
        {7: [1], 8: [4], 9: [3, 5]},
    ],
)
def test_reports_on_few_incomplete_answers_expose_nobody(holes, tmp_path):
    parameters = written(firm(holes), tmp_path)
    assert exposed(firm(holes))  # the attack works on the answers as they are
    for notebook, own in OWN.items():
        assert not exposed(survey_of_report(notebook, parameters | own))


def test_five_incomplete_are_enough_and_stay():
    survey = firm({person: [1] for person in range(20, 20 + MINIMUM_CELL)})
    assert not exposed(survey)
    assert cx.protect_incomplete(survey) is survey


def test_an_item_that_a_group_was_not_asked_hides_nobody():
    """The bosses were not asked the second item: scores by level cancel them, and leave one of the staff."""
    survey = firm({**{person: [1] for person in range(15)}, 40: [2]})
    assert exposed(survey)
    safe = cx.protect_incomplete(survey)
    assert not exposed(safe)
    assert safe.withheld.to_numpy().sum() == 2  # one person's two other answers to the dimension


def random_firm(rng: np.random.Generator) -> cx.Survey:
    """Few left items out, or many; perhaps a group was not asked one of them."""
    n = int(rng.integers(25, 60))
    answers = rng.integers(1, 6, (n, 6)).astype(float)
    level, function = rng.choice(["Boss", "Staff"], n, p=[0.3, 0.7]), rng.integers(0, 3, n)
    answers[rng.random((n, 6)) < rng.choice([0.004, 0.02, 0.1])] = np.nan
    if rng.random() < 0.4:
        answers[level == "Boss", rng.integers(0, 3)] = np.nan
    return tiny_survey(answers, level=level, function=function)


def test_random_surveys_expose_nobody_and_keep_nearly_everybody():
    rng = np.random.default_rng(20260105)
    before = lost = 0
    for _ in range(15):
        survey = random_firm(rng)
        safe = cx.protect_incomplete(survey)
        assert exposed(safe) == []
        before += bool(exposed(survey))
        lost += 0 if safe.withheld is None else int(safe.withheld.to_numpy().sum())
    assert before > 6
    assert lost < 3 * before * (MINIMUM_CELL - 1)


def test_what_is_left_out_is_said_and_counts_as_answered():
    safe = cx.protect_incomplete(firm({7: [1]}))
    assert safe.given.loc[7, ["d1_1", "d1_2", "d1_3"]].isna().all()
    assert safe.given.loc[7, "d2_1"] == firm({7: [1]}).given.loc[7, "d2_1"]
    assert "Fewer than 5 respondents answered only some of the items of Dimension 1." in safe.text
    missing = cx.missing_pattern(safe)
    assert missing.items.set_index("item")["n"].to_dict() == {**dict.fromkeys(safe.given, 60), "d1_2": 59}
    assert "left out." not in missing.note
    for result in (cx.item_analysis(safe), cx.group_profile(safe, by="level")):
        assert "Answers of fewer than 5 to only some items of a dimension are left out." in result.note
    assert "to protect them" in str(cx.methods_paragraph(safe, missing))
    others = safe.subset(function="0")
    assert others.withheld.shape == others.given.shape
    assert "are left out." not in cx.item_analysis(others).note  # respondent 7 is of function 1


def test_nobody_answered_or_nobody_has_a_score():
    nobody = firm({person: [0, 1, 2] for person in range(60)})
    assert cx.protect_incomplete(nobody) is nobody
    few = firm({person: [0, 1] for person in range(60)})
    assert cx.protect_incomplete(few) is few
