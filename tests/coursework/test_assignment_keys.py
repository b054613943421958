"""The keys of the kit's assignments: right in whichever right way; mistakes earn what is declared.

They are tried on the data of a few; `benchmarks/assignment_keys.py` does it with as many students as wanted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxkit.survey.derivable import derivable_few
from tests.coursework.in_process import Class, code_of, key, left_by
from tests.coursework.other_answers import OTHER

LEVELS = ("Staff", "Managers", "Executives")
SEEDS = (1001,)
"""The data of a student; the common data are tried by `cxkit release --check`."""


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Class]:
    """The assignments, each with its references."""
    return {name: Class(name, tmp_path_factory.mktemp(name)) for name in OTHER}


@pytest.mark.parametrize("name", OTHER)
def test_the_model_answer_earns_everything(classes: dict[str, Class], name: str) -> None:
    course = classes[name]
    for seed in SEEDS:
        for question, mark in course.mark_model(seed).items():
            if course.question(question).kind == "computed":
                assert mark.points == mark.out_of, (seed, mark)


@pytest.mark.parametrize(
    ("name", "question", "label"), [(name, q, label) for name in OTHER for q in OTHER[name] for label in OTHER[name][q]]
)
def test_an_answer_that_is_not_the_model_s_earns_what_it_deserves(
    classes: dict[str, Class], name: str, question: str, label: str
) -> None:
    course, (code, points) = classes[name], OTHER[name][question][label]
    for seed in SEEDS:
        mark = course.mark_code(course.question(question), code, seed)
        assert mark.points == points, (seed, mark)


@pytest.mark.parametrize("name", OTHER)
def test_a_foreseen_mistake_earns_what_is_declared(classes: dict[str, Class], name: str) -> None:
    course = classes[name]
    for question in course.assignment.questions:
        for mistake in question.mistakes:
            for seed in SEEDS:
                mark = course.mark_mistake(question, mistake, seed)
                assert (mark.points, mark.mistakes) == (mistake.points, (mistake.id,)), (seed, mark)


def test_an_interval_of_retention_counts_branches(classes: dict[str, Class]) -> None:
    """Cochran's variance of a ratio is the sandwich variance of an intercept, with clusters and k / (k - 1).

    Counting customers, intervals held the share in 72 of 100 banks (`benchmarks/assignment_claims.py`).
    """
    left = classes["culture-to-customers"].values(None)
    customers, units = left["customers"], left["units"]
    low = units.index[units["culture"] <= units["culture"].quantile(0.25)]
    own = customers[customers["branch"].isin(low)]
    kept = (own["retained"] == "yes").astype(float)
    sums, k = (kept - kept.mean()).groupby(own["branch"]).sum(), len(low)
    error = np.sqrt(k / (k - 1) * (sums**2).sum()) / len(own)
    interval = left["retained_interval"].loc["bottom"]
    assert left["retained"]["bottom"] == pytest.approx(kept.mean())
    assert (interval["high"] - interval["low"]) / 2 == pytest.approx(stats.t.ppf(0.975, k - 1) * error)
    assert error > 1.5 * np.sqrt(kept.mean() * (1 - kept.mean()) / len(own))


def test_cells_that_are_hidden_cannot_be_worked_out() -> None:
    """Functions as a whole and the cells that are shown, as linear equations: no few people follow from them."""
    draws, leaks = np.random.default_rng(20261134), 0
    model, before = key("organisational-gaps", "cells"), code_of("organisational-gaps", "empty-is-hidden")
    for _ in range(15):
        given = _random_levels(draws)
        cells = left_by(model, given)["cells"]
        assert _derivable(given, cells) == 0, cells
        leaks += _derivable(given, left_by(before, given)["cells"]) > 0
    assert leaks > 2  # what was the model answer before: two hidden cells of four people, or one beside an empty one


def _random_levels(draws: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Five functions of three levels, whose cells hold 0 to 9 people; some without a score."""
    sizes = draws.integers(0, 10, (5, 3)) * (draws.random((5, 3)) < 0.8)
    sizes[:, 0] += 5  # a function as a whole may be shown
    cells = [(f"F{f}", level) for f in range(5) for level, n in zip(LEVELS, sizes[f], strict=True) for _ in range(n)]
    people = pd.DataFrame(cells, columns=["function", "level"])
    score = pd.Series(draws.normal(4, 1, len(people))).where(draws.random(len(people)) > 0.1)
    return {"people": people, "scores": pd.DataFrame({"empowerment": score})}


def _derivable(given: dict[str, pd.DataFrame], shown: pd.DataFrame) -> int:
    """How many sets of one to four people follow from the functions with five or more and the cells that are shown."""
    own = given["people"][given["scores"]["empowerment"].notna()]
    sizes = own.groupby(["function", "level"]).size()
    held = [[cell[0] == function for cell in sizes.index] for function in sizes.index.unique(0)]
    held += [[cell == one for cell in sizes.index] for one in sizes.index if pd.notna(shown.loc[one[0], one[1]])]
    groups = np.array(held)
    known = groups @ sizes.to_numpy() >= 5
    return len(derivable_few(groups[known].astype(float), sizes.to_numpy(), minimum=5))
