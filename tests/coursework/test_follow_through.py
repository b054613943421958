"""A failed task costs its own points: what builds on it is marked once more with the right values."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxkit.coursework.assignment.data import Answer, Assignment, ParameterSet, Question
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.marking import follow_through as follow_through_module
from cxkit.coursework.marking.answers import Number, Series, Table, Text, read_answers
from cxkit.coursework.marking.collector import collect
from cxkit.coursework.marking.follow_through import without_messages
from cxkit.coursework.marking.reference import Reference, References, answers_as_data
from cxkit.coursework.marking.restored import restored
from cxkit.coursework.marking.running import Left
from cxkit.coursework.marking.submission import mark_notebook
from cxkit.coursework.marking.trial import Trial
from cxkit.coursework.marks.data import AnswerCheck, QuestionMark
from tests.coursework.small_assignment import TOML, cells, write_assignment

RIGHT = "average = data['x'].mean() * factor\nbigger = 'x' if data['x'].sum() > data['y'].sum() else 'y'"
BUILDS = "spread = data['x'].std() * factor + average"


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    made = cells()
    made[4].source = made[4].source.replace("* factor", "* factor + average")
    folder = tmp_path_factory.mktemp("follow")
    written = write_assignment(folder, toml=TOML.replace('after = ["centre"]\n', ""), cells=made)
    return References(read_assignment(written), folder / "cache")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """The same, where the spread counts only after the centre."""
    made = cells()
    made[4].source = made[4].source.replace("* factor", "* factor + average")
    folder = tmp_path_factory.mktemp("guarded")
    return References(read_assignment(write_assignment(folder, cells=made)), folder / "cache")


def marks_of(references, centre, spread):
    notebook = student_notebook(references.assignment)
    for cell in notebook.cells:
        question = cell.metadata.get("cxkit", {}).get("question")
        if cell.cell_type == "code" and question in ("centre", "spread"):
            cell.source = centre if question == "centre" else spread
    marks = mark_notebook(references, notebook)
    return marks.questions[0], marks.questions[1], marks.notes


@pytest.mark.parametrize(
    ("centre", "points"), [(RIGHT.replace("mean()", "median()"), 1), ("average = None  # YOUR CODE", 0)]
)
def test_what_builds_on_a_failed_task_earns_its_points(references, centre, points):
    first, second, notes = marks_of(references, centre, BUILDS)
    assert (first.points, second.points, second.outcome) == (points, 2, "right")
    assert second.feedback[0].startswith(
        "This task builds on 'Where is the centre?', where your notebook's own values are not right."
    )
    (check,) = second.answers
    assert check.reason == "It is right once the values that it builds on are."
    model = references.of(references.assignment.public, None).model["spread"].value
    assert check.given != f"{model:.6g}"  # what the model's values give is not told
    assert notes[-1] == "'spread' was marked with the model's values of 'centre', which failed."


def test_a_task_that_is_wrong_itself_stays_wrong(references):
    first, second, _ = marks_of(references, "average = 1", "spread = average * 2")
    assert (first.points, second.points) == (0, 0)


@pytest.mark.parametrize("left", ["nothing", "a text"])
def test_a_task_without_a_code_cell_costs_its_own_points_only(references, left):
    notebook = student_notebook(references.assignment)
    cells_of = {
        cell.metadata.get("cxkit", {}).get("question"): cell for cell in notebook.cells if cell.cell_type == "code"
    }
    cells_of["spread"].source = BUILDS
    if left == "nothing":
        notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("cxkit", {}).get("question") != "centre"]
    else:
        cells_of["centre"].update(cell_type="raw", source="average = 1")
        del cells_of["centre"]["outputs"], cells_of["centre"]["execution_count"]
    marks = mark_notebook(references, notebook)
    assert [one.points for one in marks.questions[:2]] == [0, 2]


OUTCOMES = ("right", "wrong", "missing", "crashed", "partly")


@pytest.mark.parametrize("before", OUTCOMES)
@pytest.mark.parametrize("after", OUTCOMES)
def test_no_word_of_the_second_try_reaches_the_page(before, after):
    """What was made of the model's values may quote them: as a value, a type's name, a label, an error."""
    first = AnswerCheck(name="a", outcome=before, given="12", asked="a number", reason="Too low.")
    second = AnswerCheck(name="a", outcome=after, given="SECRET", asked="SECRET", reason="it is of type SECRET")
    marks = [QuestionMark(question="q", points=n, out_of=2, outcome="partly", answers=(one,))
             for n, one in enumerate((first, second))]  # fmt: skip
    question = Question(id="p", title="P", kind="computed", points=1)
    joined = follow_through_module._joined(*marks, [question])
    if after in ("right", "partly"):
        assert joined.answers[0].outcome == after
    else:  # how it came to nothing can be made to tell the values as well
        assert joined.answers[0].outcome == ("wrong" if before in ("right", "partly") else before)
    assert "SECRET" not in repr(joined)


def test_what_counts_only_after_a_failed_task_earns_its_points_by_the_right_values(guarded):
    """Tasks stand alone: whoever gets the first one wrong pays for it once."""
    wrong = RIGHT.replace("mean()", "median()")
    first, second, notes = marks_of(guarded, wrong, BUILDS)
    assert (first.points, second.points, second.outcome) == (1, 2, "right")
    assert second.feedback[0].startswith(
        "This task builds on 'Where is the centre?', where your notebook's own values are not right."
    )
    assert notes[-1] == "'spread' was marked with the model's values of 'centre', which failed."
    # What makes no use of the failed task may be a guess: it counts only after it, as declared
    _, second, _ = marks_of(guarded, wrong, BUILDS.replace("+ average", "+ data['x'].mean() * factor"))
    assert second.points == 0
    assert second.feedback[0] == "It counts only together with 'Where is the centre?', which is not right yet."


def test_a_guarded_task_that_a_constant_passes_gets_no_second_try():
    number = Answer(name="n", type="number", points=1)
    question = Question(id="q", title="Q", points=1, kind="computed", answers=(number,), after=("p",))

    def trials(*values):
        one = ParameterSet(id="public", values={})
        return [Trial(one, Left({}, {}), Reference({"n": Number(value)}, {})) for value in values]

    assert follow_through_module._a_constant_passes(question, trials(8.0, 8.0, 8.0))
    assert not follow_through_module._a_constant_passes(question, trials(8.0, 8.0, 7.0))
    assert not follow_through_module._a_constant_passes(replace(question, after=()), trials(8.0, 8.0, 8.0))


def test_nothing_is_run_again_for_tasks_that_build_on_nothing(references, monkeypatch):
    def never(*arguments):
        raise AssertionError("nothing should run again")

    monkeypatch.setattr("cxkit.coursework.marking.follow_through.with_values", never)
    first, second, _ = marks_of(references, "average = 1", "spread = 3")
    assert (first.points, second.points) == (0, 0)
    _, second, _ = marks_of(references, "average = 1", "spread = None  # average: YOUR CODE")
    assert second.outcome == "missing"


def test_an_error_of_the_second_try_tells_no_value_of_the_model():
    told = {"a": "Its cell ended with ValueError: 3.14159.", "b": "Its cell took too long and was stopped."}
    assert without_messages(told) == {"a": "Its cell ended with an error.", "b": told["b"]}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Number(2.5), np.float64(2.5)), (Number(3), 3), (Number(None), np.float64("nan")), (Text("yes"), "yes"),
        (Series(None, (1.0, 2.0)), np.array([1.0, 2.0])),
        (Series(("a", "b"), (1.0, None)), pd.Series([1.0, None], index=["a", "b"])),
        (Series(("0", "1"), (1.0, 2.0)), pd.Series([1.0, 2.0])),
        (Table(("0", "2"), ("x", "y"), ((1.0, 2.0), ("a", "b"))), pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]},
                                                                                index=[0, 2])),
    ],
)  # fmt: skip
def test_answers_come_back_as_the_variables_they_were(value, wanted):
    made = restored(json.dumps(answers_as_data({"it": value})["it"]))
    assert type(made) is type(wanted)
    if isinstance(wanted, pd.DataFrame | pd.Series):
        assert made.equals(wanted)
        assert made.index.tolist() == wanted.index.tolist()
    else:
        np.testing.assert_equal(made, wanted)


def through(value, kind, like=None):
    """A variable of the model as a later task finds it: out of the model's kernel and into the student's."""
    number = Answer(name="it", type=kind, points=1)
    question = Question(id="q", title="Q", points=1, kind="computed", answers=(number,))
    public = ParameterSet(id="public", values={})
    assignment = Assignment(id="a", title="A", points=1, folder=None, source=None, public=public, held_out=(),
                            questions=(question,))  # fmt: skip
    read = read_answers(collect({"it": value}, [["it", kind]]), assignment)
    return restored(json.dumps(answers_as_data(read)["it"]), like)


PEOPLE = pd.DataFrame({"dept": list("aabb"), "year": [1, 2, 1, 2], "score": [1.5, 2.0, 3.0, np.nan], "n": [1, 2, 3, 4]})


@pytest.mark.parametrize(
    "table",
    [
        PEOPLE, PEOPLE.groupby("dept")["score"].agg(mean="mean", n="size"), PEOPLE.set_index(["dept", "year"]),
        PEOPLE.groupby(["dept", "year"]).agg({"score": ["mean", "std"], "n": ["sum"]}),
        PEOPLE.pivot_table(index="dept", columns="year", values="score"), PEOPLE.set_index(PEOPLE["year"] / 2),
        PEOPLE.set_index(PEOPLE["year"].astype(str)), PEOPLE.set_index(PEOPLE["year"] > 1), PEOPLE.T,
        PEOPLE.set_axis(["a", "b", 3, "4"]), PEOPLE.set_axis(["a / b", "c", "d", "e"]), PEOPLE.iloc[:0],
        PEOPLE.set_axis(["x", "x", "y", "z"], axis=1), PEOPLE.set_index("score"),
        PEOPLE.set_index(pd.MultiIndex.from_tuples([("a / b", 1), ("a", 2), ("b", 1), ("b", 2)], names=[None, "k"])),
    ],
)  # fmt: skip
def test_a_table_comes_back_with_its_names_and_labels(table):
    """After groupby, `reset_index().set_index("dept")` failed in the second try alone: 0 of 5 for right code."""
    made = through(table, "table")
    pd.testing.assert_frame_equal(made, table, check_dtype=table is PEOPLE, check_index_type=False)
    assert [type(label) for label in made.index] == [type(label) for label in table.index]
    assert [type(label) for label in made.columns] == [type(label) for label in table.columns]


@pytest.mark.parametrize(
    "series",
    [
        PEOPLE.groupby("dept")["score"].mean(), PEOPLE["n"], PEOPLE["score"], PEOPLE["score"].rename(None),
        PEOPLE.groupby(["dept", "year"])["score"].mean(), PEOPLE["dept"], PEOPLE.set_index("score")["n"],
    ],
)  # fmt: skip
def test_a_series_comes_back_with_its_name(series):
    pd.testing.assert_series_equal(through(series, "series"), series, check_index_type=False)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("series", [1, 2.5, "a", None]), ("series", (1, 2)), ("series", {"a": 1, "b": 2.5}), ("series", {1: 2, 3: 4}),
        ("series", {(1, "a"): 2.5}), ("number", 3), ("text", "yes"), ("choice", "no"),
    ],
)  # fmt: skip
def test_plain_python_comes_back_as_it_was(kind, value):
    made = through(value, kind)
    assert type(made) is type(value)
    assert made == value
    assert list(made) == list(value) if kind == "series" else True


def test_numbers_come_back_with_what_later_tasks_do_with_them():
    """`range(n)` and `mean.round(2)` failed in the second try: 3 came back as 3.0, and others without methods."""
    assert list(range(through(np.int64(3), "number"))) == [0, 1, 2]
    assert through(PEOPLE["score"].mean(), "number").round(1) == 2.2
    np.testing.assert_array_equal(through([1.5, np.nan], "series"), [1.5, np.nan])
    assert through(np.array([1.5, np.nan]), "series").dtype == float


def test_values_come_back_as_the_type_that_the_student_had():
    assert type(through(np.float64(2.5), "number", like=1.5)) is float
    labelled = pd.Series({"a": 1.0, "b": 2.5}, name="mean")
    assert through(labelled, "series", like=[0]) == [1.0, 2.5]
    assert through(labelled, "series", like={}) == {"a": 1.0, "b": 2.5}
    assert through([1.0, 2.5], "series", like={}) == {0: 1.0, 1: 2.5}
    pd.testing.assert_series_equal(through([1.0, 2.5], "series", like=labelled), pd.Series([1.0, 2.5]))
    pd.testing.assert_series_equal(through({"a": 1.0, "b": 2.5}, "series", like=labelled), labelled.rename(None))
    np.testing.assert_array_equal(through(labelled, "series", like=np.zeros(1)), [1.0, 2.5])
