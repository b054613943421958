"""How a run was ended is told once, in the student's numbering, and every task's reason follows from it."""

from __future__ import annotations

import json

import pytest

from cxkit.coursework.declarations import read_assignment
from cxkit.coursework.marking import running
from cxkit.coursework.marking.answers import Number
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.elsewhere import why_not_there
from cxkit.coursework.marking.reference import Reference
from cxkit.coursework.marking.submission import _causes, _marked
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.source import model_notebook
from cxkit.running.contained import Contained
from tests.coursework.small_assignment import write_assignment

MODEL = {"average": Number(1.0), "bigger": Number(1.0), "spread": Number(2.0)}
ENDINGS = ["cell_timeout", "total_timeout", "out_of_memory", "out_of_cpu", "out_of_space", "output_flood", "died"]


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return read_assignment(write_assignment(tmp_path_factory.mktemp("ending")))


@pytest.fixture
def trial(assignment, monkeypatch):
    """A run that was ended in the cell of the first task, which is cell 4 of the student's."""

    def made(ending, ended_in=4, parameters=None, cuts=None, answers="{}"):
        def pretend(notebook, *, after_cell, **_):
            last = len(notebook.cells) if ended_in is None else ended_in
            asked = [n for n, cell in enumerate(notebook.cells) if after_cell(n, cell) is not None]
            why = "" if ending in ("died", "completed") else "which was stopped"
            collected = [(n, answers) for n in asked if n < last]
            return Contained(
                notebook=notebook, ending=ending, ended_in=ended_in, why=why, cuts=cuts or {}, collected=collected
            )

        monkeypatch.setattr(running, "run_fairly", pretend)
        parameters = parameters or assignment.public
        left = running.run_for_answers(assignment, model_notebook(assignment), parameters, {})
        return Trial(parameters, left, Reference(MODEL, {}))

    return made


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_stands_first_and_in_each_task(assignment, trial, ending):
    one = trial(ending, cuts={4: "time"})
    (cause,) = _causes([one])
    assert "in cell 4 (`average = data['x'].mean() * factor`)" in cause
    assert cause.endswith("The cells below it did not run.")
    centre, spread = (_marked(assignment.question(key), [one]) for key in ("centre", "spread"))
    out_of_time = ending in ("cell_timeout", "total_timeout", "out_of_cpu")
    assert (centre.outcome, spread.outcome) == ("timed_out" if out_of_time else "stopped", "not_run")
    assert spread.feedback[0].startswith("This task did not run, because ")
    assert "in cell 4 (" in spread.feedback[0]
    assert not any("There is no variable" in check.reason for check in (*centre.answers, *spread.answers))


def test_an_ended_run_on_other_data_is_not_put_down_to_its_parameters(assignment, trial):
    public, other = trial("completed", None), trial("output_flood", parameters=assignment.parameter_sets[1])
    answer = assignment.question("spread").answers[0]
    given = [Number(2.0), None]
    verdicts = [compare(answer, one, Number(2.0)) for one in given]
    said = why_not_there(answer, given, verdicts, [public, other], [None, other.left.lost["spread"]])
    assert said == (
        "It is right for the data that you were given. On other data of the same form the run was ended in cell 4 "
        "(`average = data['x'].mean() * factor`), which was stopped, so that `spread` was not seen there."
    )
    assert any(cause.startswith("When your notebook was run on other data") for cause in _causes([public, other]))


@pytest.mark.parametrize("text", ["", json.dumps([])])
def test_answers_that_cannot_be_read_have_a_cause(assignment, trial, text):
    one = trial("completed", None, answers=text)
    assert one.left.causes[0].startswith("After cell 4 (")
    assert "could not be read" in _marked(assignment.question("spread"), [one]).answers[0].reason
