"""The keys of validate-instrument: right by every accepted method, and the truth that the data were made with.

Run in this process and without the tasks that did not change their keys; `cxkit release --check` runs everything.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cxkit.coursework.assignment.data_variants import write_variant
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import model_notebook, questions_of
from cxkit.coursework.marking.answers import read_answers
from cxkit.coursework.marking.collector import collect
from cxkit.coursework.marking.question import mark_question
from cxkit.coursework.marking.reference import Reference
from cxkit.coursework.marking.running import Left, injected
from cxkit.coursework.marking.trial import Trial
from tools import write_assignment_notes as notes

ASSIGNMENT = read_assignment(Path(__file__).parents[2] / "assignments" / "validate-instrument")
PUBLIC = ASSIGNMENT.public.id
STUDENTS = (1000, 1)  # parallel analysis of complete cases finds 7 factors for the first and 8 for the second

DECIDE = '\ntotal_is_justified = "yes" if omega_general >= wanted_omega else "no"\n'
OWN_MODEL = """
general = "g =~ " + " + ".join(item for its in dimension_items.values() for item in its)
groups = "\\n".join(f"{key} =~ {' + '.join(its)}" for key, its in dimension_items.items())
fit = sem.cfa(f"{general}\\n{groups}", survey.answers, std_lv=True, orthogonal=True, missing="fiml")
loadings = fit.estimates[fit.estimates["op"] == "=~"].groupby("lhs")["est"].sum() ** 2
residual = fit.estimates[(fit.estimates["op"] == "~~") & fit.estimates["lhs"].isin(survey.answers.columns)]
omega_general = loadings["g"] / (loadings.sum() + residual["est"].sum())
"""
OWN_RANDOM_DATA = """
rng = np.random.default_rng(1)
def eigenvalues_of(matrix):
    return np.sort(np.linalg.eigvalsh(matrix))[::-1]
x = survey.answers
random = [eigenvalues_of({drawn}) for _ in range(100)]
difference = eigenvalues_of(x.corr()) - np.quantile(random, 0.95, axis=0)
n_factors = int(np.logical_and.accumulate(difference > 0).sum())
excess = pd.Series(difference[:9], index=range(1, 10))
"""
ACCEPTED = [
    ("total", OWN_MODEL + DECIDE, 2),
    ("total", OWN_MODEL + "omega_general *= 100" + DECIDE.replace("wanted_omega", "100 * wanted_omega"), 2),
    ("number-of-factors", OWN_RANDOM_DATA.format(drawn="np.corrcoef(rng.standard_normal(x.shape).T)"), 4),
    (
        "number-of-factors",
        OWN_RANDOM_DATA.format(drawn="x.apply(lambda column: rng.permutation(column.to_numpy())).corr()"), 4,
    ),
    ("number-of-factors", "n_factors = 8\nexcess = None", 0),
    ("total", 'omega_general = 0.83\ntotal_is_justified = "yes"', 0),
    ("total", OWN_MODEL + 'total_is_justified = "yes" if omega_general >= 0.75 else "no"', 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("validate-instrument")


@pytest.fixture(scope="module")
def names_of(folder):
    """The variables before a task, by parameter set and seed of the data: what the released cells leave."""

    @cache
    def made(parameters, seed):
        place = folder / f"{parameters}-{seed}"
        write_variant(ASSIGNMENT.files[0], seed, place / ASSIGNMENT.files[0].relative)
        values = next(one for one in ASSIGNMENT.parameter_sets if one.id == parameters)
        notebook, _ = injected(ASSIGNMENT, model_notebook(ASSIGNMENT), values)
        names: dict[str, Any] = {}
        here = Path.cwd()
        os.chdir(place)
        try:
            for cell in notebook.cells:
                if cell.cell_type == "code" and not questions_of(cell):
                    exec(cell.source, names)
        finally:
            os.chdir(here)
        return names

    return made


@pytest.fixture(scope="module")
def answers_to(names_of):
    """What code leaves of a question's answers."""

    @cache
    def made(question, code, parameters, seed):
        names = dict(names_of(parameters, seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
        asked = [[answer.name, answer.type] for answer in ASSIGNMENT.question(question).answers]
        return dict(read_answers(collect(names, asked), ASSIGNMENT))

    return made


@cache
def model_code(question):
    cells = model_notebook(ASSIGNMENT).cells
    return next(cell.source for cell in cells if cell.cell_type == "code" and question in questions_of(cell))


@pytest.fixture(scope="module")
def marked(answers_to):
    """The mark of code in place of the model's, on a student's data and on the held-out sets."""

    def made(question, code, seed):
        asked = ASSIGNMENT.question(question)
        trials = []
        for parameters in ASSIGNMENT.parameter_sets:
            public = parameters.id == PUBLIC
            data = (parameters.id, seed if public else parameters.data_seed)
            left = answers_to(question, code, *data)
            mistakes = {
                f"{question}/{one.id}": answers_to(question, one.code, *data) for one in asked.mistakes if not public
            }
            reference = Reference(answers_to(question, model_code(question), *data), mistakes)
            trials.append(Trial(parameters, Left({question: left}, left), reference))
        return mark_question(asked, trials)

    return made


@pytest.mark.parametrize("question", ["total", "eigenvalues", "number-of-factors"])
def test_the_model_and_each_foreseen_mistake_earn_what_is_declared(marked, question):
    asked = ASSIGNMENT.question(question)
    assert marked(question, model_code(question), STUDENTS[0]).points == asked.points
    for mistake in asked.mistakes:
        mark = marked(question, mistake.code, STUDENTS[0])
        assert (mark.points, mark.mistakes) == (mistake.points, (mistake.id,))


@pytest.mark.parametrize(("question", "code", "points"), ACCEPTED)
def test_other_ways_to_the_answer(marked, question, code, points):
    assert marked(question, code, STUDENTS[0]).points == points


@pytest.mark.parametrize("seed", STUDENTS)
def test_the_keys_are_what_the_data_were_made_with(answers_to, seed):
    total = answers_to("total", model_code("total"), PUBLIC, seed)
    assert total["omega_general"].value == pytest.approx(0.83, abs=0.03)  # of the careful people of the generator
    assert total["total_is_justified"].value == "yes"
    assert answers_to("number-of-factors", model_code("number-of-factors"), PUBLIC, seed)["n_factors"].value == 8


def test_no_task_waits_for_another():
    assert not any(question.after for question in ASSIGNMENT.questions)


def test_the_notes_have_the_points_of_every_mistake_and_the_figures_of_the_code():
    text = (ASSIGNMENT.folder / "notes.md").read_text(encoding="utf-8")
    assert notes.mistakes_table(ASSIGNMENT) in text
    _, _, rest = text.partition(notes.BEGIN)
    written = rest.partition(notes.END)[0]
    figures = notes.validate_instrument(STUDENTS[1])  # one of those of the notes
    low, high = (float(number) for number in written.split("the bifactor model gives ")[1].split(",")[0].split(" to "))
    assert low - 0.005 <= figures.bifactor <= high + 0.005
    assert f"reaches .75 for {len(notes.STUDENTS)} of them" in written
    assert f"finds 8 factors for {len(notes.STUDENTS)} of {len(notes.STUDENTS)}" in written
