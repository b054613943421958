"""How a run was ended is told once, in the student's numbering, and every task's reason follows from it."""

from __future__ import annotations

import json

import pytest

from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import model_notebook
from cxkit.coursework.marking import running
from cxkit.coursework.marking.answers import Number, Text
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.elsewhere import why_not_there
from cxkit.coursework.marking.question import mark_question
from cxkit.coursework.marking.reference import Reference
from cxkit.coursework.marking.submission import _absent_notes, _causes
from cxkit.coursework.marking.trial import Trial
from cxkit.running.isolation.endings import Contained
from tests.coursework.small_assignment import write_assignment

MODEL = {"average": Number(1.0), "bigger": Number(1.0), "spread": Number(2.0)}
ENDINGS = ["cell_timeout", "total_timeout", "out_of_memory", "out_of_cpu", "out_of_space", "output_flood", "died"]


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return read_assignment(write_assignment(tmp_path_factory.mktemp("ending")))


@pytest.fixture
def trial(assignment, monkeypatch):
    """A run that was ended in the cell of the first task, which is cell 4 of the student's."""

    def made(ending, ended_in=4, parameters=None, cuts=None, answers="{}", without=None):
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
        notebook = model_notebook(assignment)
        notebook.cells = [cell for cell in notebook.cells if without is None or without not in cell.source]
        left = running.run_for_answers(assignment, notebook, parameters, {})
        return Trial(parameters, left, Reference(MODEL, {}))

    return made


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_stands_first_and_in_each_task(assignment, trial, ending):
    one = trial(ending, cuts={4: "time"})
    (cause,) = _causes([one])
    assert "in cell 4 (`average = data['x'].mean() * factor`)" in cause
    assert cause.endswith("The cells below it did not run.")
    centre, spread = (mark_question(assignment.question(key), [one]) for key in ("centre", "spread"))
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
    assert _absent_notes(one.left) == []  # the cells are there
    assert "could not be read" in mark_question(assignment.question("spread"), [one]).answers[0].reason


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ("output", "Its cell printed too much and was cut (a cell may print and show 4 MB)."),
        ("time", "Its cell took too long and was stopped (a cell may take 20 seconds)."),
    ],
)
def test_what_was_cut_says_how_much_is_allowed(trial, cut, said):
    assert trial("completed", None, cuts={4: cut}).left.troubles["centre"] == said
    assert any(said.startswith(begin) for begin in running.TROUBLES)


@pytest.mark.parametrize(("ending", "ended_in", "also"), [("completed", None, ""), ("died", 4, "the kernel died in")])
def test_a_task_whose_cell_is_not_in_the_notebook_is_said_as_that(assignment, trial, ending, ended_in, also):
    one = trial(ending, ended_in, without="spread_of")
    mark = mark_question(assignment.question("spread"), [one])
    assert mark.feedback[0].startswith("No code cell of this task was found in your notebook")
    assert (also in mark.feedback[0], mark.outcome) == (True, "missing")
    assert mark.answers[0].reason.startswith("`spread` was not seen, since no code cell of this task was found")
    assert _absent_notes(one.left) == ["No code cell of these tasks was found in the notebook: 'spread'."]
    assert _absent_notes(trial(ending, ended_in).left) == []


def test_the_reason_of_an_answer_is_the_one_that_its_points_follow(assignment):
    question, near = assignment.question("centre"), {"average": Number(1.05), "bigger": Text("x")}
    model = {"average": Number(1.0), "bigger": Text("x")}
    left = running.Left(at_question={"centre": near}, at_end=near)
    close = mark_question(question, [Trial(assignment.public, left, Reference(model, {}))])
    assert (close.points, close.answers[0].reason) == (2.5, "Close: do not round.")
    named = mark_question(question, [Trial(assignment.public, left, Reference(model, {"centre/median": near}))])
    assert (named.points, named.mistakes) == (1, ("median",))
    assert [check.reason for check in named.answers] == ["This follows from the mistake that is named above.", ""]
    far = Trial(assignment.held_out[0], left, Reference({**model, "average": Number(7.0)}, {}))
    worse = mark_question(question, [Trial(assignment.public, left, Reference(model, {})), far]).answers[0]
    assert worse.reason.startswith("It is close for the data that you were given, and not when your notebook runs on")


def test_a_flood_is_told_of_the_cell_that_left_it_running(assignment, trial):
    one = trial("completed", None, cuts={4: "left_running"})
    (cause,) = _causes([one])
    assert cause.startswith("The first cell that failed is cell 4 of the notebook (")
    assert cause.endswith("it left something running that went on printing in the cells after it.")
    centre, spread = (mark_question(assignment.question(key), [one]) for key in ("centre", "spread"))
    assert centre.outcome == "stopped"
    assert not any("print" in sentence for sentence in spread.feedback)
