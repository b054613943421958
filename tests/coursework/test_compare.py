"""What counts as the same answer, and what does not."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from cxkit.coursework.assignment.data import Answer, Assignment, ParameterSet, Partial, Question, Tolerance
from cxkit.coursework.assignment.format import FACTS
from cxkit.coursework.marking.answers import Number, Refused, Series, Table, Text, read_answers
from cxkit.coursework.marking.collector import collect
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.in_words import shown


def assignment_of(*answers):
    question = Question(id="q", title="Q", points=1, kind="computed", answers=answers)
    public = ParameterSet(id="public", values={})
    return Assignment(id="a", title="A", points=1, folder=None, source=None, public=public, held_out=(),
                      questions=(question,))  # fmt: skip


def share(given, wanted, kind="number", **options):
    """What a Python object earns beside another one: through the collector and the reader, as in a run."""
    return verdict_on(given, wanted, kind, **options).share


def verdict_on(given, wanted, kind, **options):
    answer = Answer(name="x", type=kind, points=1, **options)
    read = [read_answers(collect({"x": value}, [["x", kind]]), assignment_of(answer)) for value in (given, wanted)]
    return compare(answer, read[0].get("x"), read[1]["x"])


CLOSE = Tolerance(absolute=0.01)


@pytest.mark.parametrize(
    ("given", "earned"),
    [
        (0.5, 1), (0.509, 1), (0.52, 0), (np.float32(0.5), 1), (np.float64(0.5), 1), (np.array(0.5), 1),
        (np.array([0.5]), 1), (pd.Series([0.5]), 1), (50, 1), (50.9, 1), (52, 0), (0.005, 0), (None, 0), (np.nan, 0),
        (float("inf"), 0), ("0.5", 0), (True, 0), ([0.5], 0), (1 / 2 + 0j, 0), (10**400, 0), (pd.NA, 0),
    ],
)  # fmt: skip
def test_numbers_with_a_tolerance_in_both_units(given, earned):
    assert share(given, 0.5, tolerance=CLOSE, units=("proportion", "percent")) == earned


def test_percent_only_where_it_is_declared():
    assert share(50, 0.5, tolerance=CLOSE) == 0


def test_without_a_tolerance_only_the_last_bits_may_differ():
    assert share(0.1 + 0.2, 0.3) == 1
    assert share(0.3000001, 0.3) == 0
    assert share(3, 3.0) == 1
    assert share(0, 0) == 1


def test_partial_credit_by_the_narrowest_that_holds():
    partial = (Partial(tolerance=Tolerance(absolute=0.1), share=0.5, feedback="Close."),
               Partial(tolerance=Tolerance(absolute=1), share=0.25, feedback="Not so close."))  # fmt: skip
    options = {"tolerance": CLOSE, "partial": partial}
    assert [share(g, 0.5, **options) for g in (0.5, 0.55, 1.2, 3)] == [1, 0.5, 0.25, 0]


class Liar(float):
    """Says that it equals everything, and calls itself a float."""

    def __eq__(self, other):
        return True

    def __float__(self):
        return 0.5

    __hash__ = float.__hash__


@pytest.mark.parametrize("given", [Liar(3), Liar(0.5), type("Half", (), {"__float__": lambda self: 0.5})()])
def test_objects_that_lie_about_themselves_are_refused(given):
    assert share(given, 0.5, tolerance=CLOSE) == 0


@pytest.mark.parametrize(("given", "earned"), [("Yes", 1), (" yes ", 1), ("YES", 1), ("ｙｅｓ", 1), ("no", 0), ("y", 0),
                                               (True, 1), (False, 0), (1, 0), (None, 0)])  # fmt: skip
def test_choices(given, earned):
    assert share(given, "yes", kind="choice", options=("yes", "no")) == earned


def test_texts_with_alternatives():
    assert share("Cronbach's  Alpha", "alpha", kind="text", accept=("cronbach's alpha",)) == 1


WANTED = pd.Series({"a": 1.0, "b": 2.0, "c": np.nan})


@pytest.mark.parametrize(
    ("given", "earned"),
    [
        (WANTED, 1), (WANTED[::-1], 1), (WANTED.to_frame(), 1), (dict(WANTED), 1), (WANTED.rename("other"), 1),
        ([1, 2, None], 1), (np.array([1.0, 2.0, np.nan]), 1), (WANTED.fillna(0), 0), (WANTED.drop("a"), 0),
        (pd.concat([WANTED, pd.Series({"d": 1.0})]), 0), (WANTED.add(1), 0), (pd.Series([1, 2, np.nan]), 0),
        (pd.concat([WANTED, WANTED]), 0), (WANTED * 100, 0), ([1, 2], 0), (1.0, 0), ("abc", 0),
    ],
)  # fmt: skip
def test_series(given, earned):
    assert share(given, WANTED, kind="series", tolerance=CLOSE) == earned


def test_series_that_only_count_begin_with_0_or_1():
    counted = pd.Series([3.0, 2.0], index=[1, 2])
    assert share(pd.Series([3.0, 2.0]), counted, kind="series") == 1
    assert share(pd.Series([2.0, 3.0]), counted, kind="series") == 0
    assert share(counted.set_axis([1.0, 2.0]), counted, kind="series") == 1


TABLE = pd.DataFrame({"mean": [1.0, 2.0], "n": [10, 20]}, index=["x", "y"])


@pytest.mark.parametrize(
    ("given", "earned"),
    [
        (TABLE, 1), (TABLE[["n", "mean"]], 1), (TABLE.loc[["y", "x"]], 1), (TABLE.assign(extra="?"), 1),
        (TABLE.drop(columns="n"), 0), (TABLE.drop(index="x"), 0), (TABLE + 1, 0), (TABLE.T, 0), (TABLE.to_numpy(), 0),
        (TABLE.reset_index(drop=True), 0), (pd.concat([TABLE, TABLE]), 0), (TABLE.astype(str), 0),
        (pd.concat([TABLE, TABLE.set_axis(["z", "w"])]), 0),
    ],
)  # fmt: skip
def test_tables(given, earned):
    assert share(given, TABLE, kind="table", tolerance=CLOSE) == earned


def test_tables_by_key_columns():
    long = TABLE.rename_axis("item").reset_index()
    assert share(long[::-1], long, kind="table", key=("item",)) == 1
    assert share(long.assign(item=["x", "x"]), long, kind="table", key=("item",)) == 0


def test_tables_whose_rows_have_no_order():
    rows = pd.DataFrame({"a": [3, 1, 2], "b": ["z", "x", "y"]})
    assert share(rows[::-1].reset_index(drop=True), rows, kind="table", any_order=True) == 1
    assert share(rows.assign(b=list("xyz")), rows, kind="table", any_order=True) == 0


TOTALS = pd.DataFrame({"branch": ["a", "b", "c"], "total": [3.5, 1.5, 2.5]})
UNREAD = {
    "a time": TOTALS.assign(first=pd.Timestamp("2026-01-01")),
    "infinite": TOTALS.assign(growth=[1.0, np.inf, 2.0]),
    "intervals": TOTALS.assign(band=pd.cut(TOTALS["total"], 3)),
    "lists": TOTALS.assign(each=[[1], [2], [3]]),
    "an index of times": TOTALS.set_index(pd.date_range("2026", periods=3)),
}


@pytest.mark.parametrize("given", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize(
    "options", [{}, {"any_order": True}, {"key": ("branch",)}], ids=["counted", "any order", "key"]
)
def test_a_column_or_an_index_that_nobody_looks_at_harms_nobody(given, options):
    columns = {"columns": ("branch", "total")}
    assert share(given, TOTALS, "table", **options, **columns) == share(given, TOTALS, "table", **options) == 1.0
    wrong = given.assign(total=[3.5, 1.5, 9.0])
    assert share(wrong, TOTALS, "table", **options, **columns) < 1.0


def test_what_counts_and_cannot_be_read_is_named():
    times = pd.date_range("2026", periods=3)
    verdict = verdict_on(TOTALS.assign(total=[np.inf, 1.5, 2.5]), TOTALS, "table")
    assert (verdict.share, verdict.reason) == (0.0, "Of `x`, the column 'total' cannot be read: it is infinite.")
    verdict = verdict_on(TOTALS.set_index(times), TOTALS.set_index("branch"), "table")
    assert (verdict.share, verdict.reason) == (0.0, "Of `x`, the index cannot be read: it is of type Timestamp.")
    assert (
        "holds texts where numbers are wanted, at '0, total'" in verdict_on(TOTALS.astype(str), TOTALS, "table").reason
    )


def test_a_row_too_many_is_wrong_unless_it_is_declared_to_harm_nobody():
    """Who kept every department had the points of "keep those above the limit"."""
    long = TABLE.rename_axis("item").reset_index()
    more = {
        "index": pd.concat([TABLE, TABLE.set_axis(["z", "w"])]),
        "key": pd.concat([long, long.assign(item=["z", "w"])]),
    }
    for by, wanted in (("index", TABLE), ("key", long)):
        key = ("item",) if by == "key" else ()
        assert share(more[by], wanted, kind="table", key=key) == 0
        assert share(more[by], wanted, kind="table", key=key, further_rows=True) == 1
        assert share(wanted, more[by], kind="table", key=key, further_rows=True) == 0
    answer = Answer(name="x", type="table", points=1)
    given, wanted = (Table(rows, ("n",), (tuple(map(float, range(len(rows)))),)) for rows in (("a", "b"), ("a",)))
    assert compare(answer, given, wanted).reason == "`x` has the row 'b', which nobody asked for."


PAIRS = [(0.051, 59.0), (0.052, 55.0), (0.07, 57.0)]
HALF = (Partial(tolerance=Tolerance(absolute=0.05), share=0.5, feedback="Close."),)


@pytest.mark.parametrize(
    ("given", "earned"),
    [
        ([(0.05, 59.0), (0.05, 55.0), (0.07, 57.0)], 1),  # sorted, the first two change places
        ([(0.07, 57.0), (0.05, 59.0), (0.05, 55.0)], 1),
        ([(0.05, 59.0), (0.05, 59.0), (0.07, 57.0)], 0),  # one row for two
        ([(0.05, 59.0), (0.05, 55.0), (0.05, 57.0)], 0.5),
        ([(0.05, 59.0), (0.05, 55.0), (0.2, 57.0)], 0),
        ([(0.05, 59.0), (0.05, 55.0), (np.nan, 57.0)], 0),
    ],
)
def test_rows_in_any_order_are_paired_within_the_tolerance(given, earned):
    """Each cell within its tolerance, and 0 of 5 points: rows that rounding makes equal were sorted by the next."""
    wanted = pd.DataFrame(PAIRS, columns=["a", "b"])
    options = {"tolerance": Tolerance(absolute=0.005), "partial": HALF, "any_order": True}
    table = pd.DataFrame(given, columns=["a", "b"])
    assert share(table, wanted, kind="table", **options) == earned
    named = {"columns": ("a", "b"), "sign_free": ("a",), **options}
    assert share(table.assign(a=-table["a"]), wanted, kind="table", **named) == earned
    assert share(table.assign(c="text"), wanted.assign(c=" Text"), kind="table", **options) == earned
    in_percent = table.assign(a=table["a"] * 100, b=table["b"] * 100)
    assert share(in_percent, wanted, kind="table", units=("proportion", "percent"), **options) == earned


def test_values_without_labels_in_any_order():
    """`any_order` of a series was read and did nothing."""
    options = {"kind": "series", "tolerance": Tolerance(absolute=0.005), "partial": HALF}
    assert share([3, 1.001, 2], [1, 2, 3], any_order=True, **options) == 1
    assert share(pd.Series([3, 1.04, 2]), pd.Series([1, 2, 3.0]), any_order=True, **options) == 0.5
    assert share([3, 1, 2], [1, 2, 3], **options) == 0
    assert share([3, 1, 1], [1, 2, 3], any_order=True, **options) == 0
    assert share([3, 1, None, "a"], [1, None, "A", 3], any_order=True, **options) == 1
    assert share(WANTED[::-1].set_axis(list("abc")), WANTED, any_order=True, **options) == 0


def test_labels_that_only_count_tell_nothing_where_any_order_will_do():
    """Of `nlargest(3)` beside a model with `reset_index(drop=True)` the labels were compared, and no value counted."""
    spends = pd.Series([3.0, 9.0, 7.0, 8.0, 1.0], index=[10, 11, 12, 13, 14])
    model = spends.sort_values().tail(3).reset_index(drop=True)
    options = {"kind": "series", "tolerance": CLOSE, "any_order": True}
    for given in (spends.nlargest(3), dict(spends.nlargest(3)), spends.nlargest(3).set_axis(list("aab")), [7, 8, 9]):
        assert share(given, model, **options) == 1
    assert share(spends.nlargest(3), model.set_axis([1, 2, 3]), **options) == 1
    assert share(spends.nlargest(4), model, **options) == share(spends.nsmallest(3), model, **options) == 0
    assert share(spends.nlargest(3), model, kind="series", tolerance=CLOSE) == 0
    assert share(spends.nlargest(3).set_axis([0, 1, 2]), spends.nlargest(3), **options) == 0


def test_a_long_table_in_any_order_is_paired_in_no_time():
    numbers = np.arange(2_000) / 3
    wanted = pd.DataFrame({"a": numbers, "b": numbers[::-1]})
    given = wanted.sample(frac=1, random_state=1).round(2).reset_index(drop=True)
    assert share(given, wanted, kind="table", tolerance=Tolerance(absolute=0.005), any_order=True) == 1


LOADINGS = pd.DataFrame([[0.8, 0.1], [0.7, 0.0], [0.1, 0.9], [-0.1, 0.6]], columns=["F1", "F2"], index=list("abcd"))


@pytest.mark.parametrize(
    ("given", "earned"),
    [
        (-LOADINGS, 1), (LOADINGS * [1, -1], 1), (LOADINGS.iloc[:, ::-1].set_axis(["F1", "F2"], axis=1), 1),
        (-LOADINGS.iloc[:, ::-1].set_axis(["F1", "F2"], axis=1), 1), (LOADINGS.abs(), 0), (LOADINGS * 0.9, 0),
        (LOADINGS.assign(F2=LOADINGS["F1"]), 0),
    ],
)  # fmt: skip
def test_factors_have_neither_order_nor_sign(given, earned):
    options = {"tolerance": Tolerance(absolute=0.001), "factor_columns": ("F1", "F2")}
    assert share(given, LOADINGS, kind="table", **options) == earned


def test_signs_that_are_free_one_column_at_a_time():
    options = {"kind": "table", "tolerance": Tolerance(absolute=0.001), "sign_free": ("F2",)}
    assert share(LOADINGS * [1, -1], LOADINGS, **options) == 1
    assert share(LOADINGS * [-1, 1], LOADINGS, **options) == 0


def test_figures_by_what_can_be_seen():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.bar(["a", "b", "c"], [1, 2, 3])
    axes.set(xlabel="Discipline", title="Means by discipline")
    facts = {"kind": "bar", "n_bars": 3, "title": "means", "xlabel": "*"}
    assert share(figure, figure, kind="figure", facts=facts) == 1
    assert share(axes, figure, kind="figure", facts=facts) == 1
    assert share(figure, figure, kind="figure", facts={**facts, "ylabel": "*"}) == 0
    assert share(figure, figure, kind="figure", facts={"n_bars": 4}) == 0
    assert share("a figure", figure, kind="figure", facts=facts) == 0
    reason = verdict_on(figure, figure, "figure", facts={"n_bars": 4}).reason
    assert reason == "Of the first axes of the figure `x`, 'n_bars' differs from the requested value."
    reason = verdict_on(figure, figure, "figure", facts={"n_bars": 4, "ylabel": "*", "n_axes": 2}).reason
    assert reason == (
        "Of the first axes of the figure `x`, 'n_bars', 'ylabel' and 'n_axes' (of the whole figure) differ from the "
        "requested values."
    )
    assert share(figure, figure, kind="figure", facts={**facts, "orientation": "vertical"}) == 1
    assert share(figure, figure, kind="figure", facts={"orientation": "horizontal"}) == 0
    lying = Figure()
    lying.subplots().barh(["a", "b"], [1, 2])
    assert share(lying, figure, kind="figure", facts={"kind": "bar", "orientation": "horizontal"}) == 1
    assert share(lying, figure, kind="figure", facts={"kind": "bar", "orientation": "vertical"}) == 0
    assert share(Figure(), figure, kind="figure", facts={"orientation": "*"}) == 0


def test_every_fact_that_is_collected_can_be_asked_for_and_no_other():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots()
    assert set(json.loads(collect({"x": figure}, [["x", "figure"]]))["x"]["facts"]) == set(FACTS.keys)


def test_answers_that_are_too_large_are_refused_before_they_are_taken():
    huge = pd.DataFrame(np.zeros((1_000_000, 5)))
    told = json.loads(collect({"x": huge, "y": "y" * 20_000, "z": [0] * 60_000}, [["x", "table"], ["y", "text"],
                                                                                ["z", "series"]]))  # fmt: skip
    assert {value["kind"] for value in told.values()} == {"refused"}
    assert told["x"]["reason"] == "it has 1,000,000 rows and 5 columns, which is too large for an answer"


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", '{"x": NaN}', '{"x": {"kind": "number", "value": 1e999}}',
        '{"x": {"kind": "number", "value": "0.5"}}', '{"x": {"kind": "number", "value": true}}',
        '{"x": {"kind": "number"}}', '{"x": {"kind": "__class__"}}', '{"x": [1]}', "[" * 100_000,
        '{"x": {"kind": "series", "index": ["a"], "values": [1, 2]}}',
        '{"x": {"kind": "table", "index": ["a"], "columns": ["b"], "cells": [[1, 2]]}}',
        '{"x": {"kind": "series", "index": null, "values": [[1]]}}', '{"x": {"kind": "refused", "reason": 3}}',
        '{"y": {"kind": "number", "value": 1}}', "x" * 3_000_000,
    ],
)  # fmt: skip
def test_whatever_a_stranger_sends_is_no_answer_and_no_error(text):
    answer = Answer(name="x", type="number", points=1)
    read = read_answers(text, assignment_of(answer)).get("x")
    assert read is None or isinstance(read, Refused)
    assert compare(answer, read, Number(0.5)).share == 0


def test_kinds_that_do_not_fit_are_told():
    answer = Answer(name="x", type="number", points=1)
    for given in (Text("a"), Series(None, (1.0,)), Table(("a",), ("b",), ((1.0,),))):
        assert compare(answer, given, Number(1.0)).reason == "`x` is not a number."


def test_places_that_are_not_right_are_named_and_a_long_answer_is_shown_by_its_beginning():
    answer = Answer(name="means", type="series", points=1)
    labels = tuple(f"a_rather_long_name_{n}" for n in range(9))
    wanted = Series(labels, tuple(float(n) for n in range(9)))
    given = Series(labels, (5.0, 6.0, *wanted.values[2:]))
    reason = compare(answer, given, wanted).reason
    assert reason.endswith(" are not right: 'a_rather_long_name_0', 'a_rather_long_name_1'.")
    assert shown(given).endswith(", ... (9 values)")
    assert len(shown(given)) <= 120
    assert shown(Series(("a", "b"), (1.0, 2.5))) == "a: 1, b: 2.5"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", Number),
        ("series", lambda one: Series(("a", "b"), (one, 2.0))),
        ("table", lambda one: Table(("a",), ("x", "y"), ((one,), (2.0,)))),
    ],
)
def test_a_reason_tells_a_side_and_never_the_distance(kind, value):
    answer = Answer(name="x", type=kind, points=1)
    reasons = {compare(answer, value(23.6), value(right)).reason for right in (24.0, 47.2, 1e6)}
    assert len(reasons) == 1, "the right value can be computed from what is said"
    assert not re.search(r"\d\.\d|23|24", reasons.pop())


CODED = pd.Series([31.0, 36.0, 28.0], index=pd.Index([1, 2, 3], name="job"))
KEYED = {"kind": "table", "key": ("job",)}
KEYS = {"kind": "table", "key": ("item",)}


@pytest.mark.parametrize(
    ("form", "options"),
    [
        (pd.Series, {"kind": "series"}), (pd.Series, {"kind": "series", "any_order": True}),
        (dict, {"kind": "series"}), (dict, {"kind": "series", "any_order": True}),
        (pd.DataFrame, {"kind": "table"}), (lambda one: one.reset_index(name="age"), KEYED),
        (lambda one: one.reset_index(name="age"), {"kind": "table", "any_order": True}),
    ],
)  # fmt: skip
def test_codes_of_groups_are_labels_though_they_look_like_counting(form, options):
    """A series by group codes that was turned round, and one with labels from 0, had all points."""
    assert share(form(CODED[::-1]), form(CODED), **options) == 1
    turned = pd.Series(CODED.to_numpy()[::-1], index=CODED.index)
    for wrong in (turned, CODED.set_axis(CODED.index - 1), CODED.set_axis(CODED.index + 1)):
        assert share(form(wrong), form(CODED), **options) == 0


def test_an_index_of_codes_that_cannot_be_read_is_named():
    times = pd.DataFrame(CODED).set_axis(pd.date_range("2026", periods=3))
    assert "the index cannot be read" in verdict_on(times, pd.DataFrame(CODED), "table").reason


def test_names_that_stand_twice_are_refused_and_the_last_does_not_count():
    """With wrong columns first and right ones of the same names behind them, a table had all points."""
    right = TABLE.rename_axis("item").reset_index()
    for given in (pd.concat([right + right, right[["mean"]]], axis=1), pd.concat([right, right[["mean"]]], axis=1)):
        verdict = verdict_on(given, right, "table", key=("item",))
        assert (verdict.share, verdict.reason) == (0.0, "`x` has the column 'mean' more than once.")
    spaced = right.assign(**{"mean ": 7.0})[["mean ", "item", "mean", "n"]]
    assert "'mean' more than once" in verdict_on(spaced, right, "table", key=("item",)).reason
    assert "'item' more than once" in verdict_on(pd.concat([right, right[["item"]]], axis=1), right, **KEYS).reason
    assert share(pd.concat([right, right[["n"]]], axis=1), right, **KEYS, columns=("mean",)) == 1  # nobody asks for it
    labels = pd.Series([7.0, 1.0, 2.0], index=["a ", "a", "b"])
    assert verdict_on(labels, pd.Series([1.0, 2.0], index=["a", "b"]), "series").reason.endswith("more than once.")
