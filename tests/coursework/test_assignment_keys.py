"""The keys of the kit's assignments: right in whichever right way; mistakes earn what is declared.

They are tried on the data of a few; `benchmarks/assignment_keys.py` does it with as many students as wanted.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.coursework.in_process import Class
from tests.coursework.other_answers import OTHER

SEEDS = (None, 1001)
"""The common data, and those of a student."""


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
