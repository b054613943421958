"""Answers that are forged: each fools a check of a line or two, as graders have them, and earns nothing here.

The objects of a student's kernel are collected as they would be there, the texts of one as they come out of it. What
takes a kernel to show is in test_forging.py.
"""

from __future__ import annotations

import decimal
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from cxkit.coursework.marking.answers import read_answers
from cxkit.coursework.marking.collector import collect
from cxkit.coursework.marking.compare import compare
from tests.coursework.test_collected_by_strangers import LOADINGS, MODEL, of_all_kinds

RIGHT = 3.5
BY = pd.Series([1.0, 2.0], index=["a", "b"])
TABLE = pd.DataFrame({"F1": [0.8, 0.7, 0.0], "F2": [0.1, 0.0, 0.9]}, index=["a", "b", "c"])


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return of_all_kinds(tmp_path_factory.mktemp("forged"))


@pytest.fixture(scope="module")
def asked(assignment):
    return {answer.name: answer for question in assignment.questions for answer in question.answers}


# --- objects that lie -------------------------------------------------------------------------------------------------


class SaysItIsAFloat:
    __class__ = property(lambda self: float)  # type: ignore[assignment]
    __float__ = lambda self: 0.0  # noqa: E731
    __sub__ = __rsub__ = lambda self, other: 0.0


class RulesUfuncs:
    def __array_ufunc__(self, *_, **__):
        return np.True_


class RulesFunctions:
    def __array_function__(self, *_, **__):
        return True


class HasPriority(np.ndarray):
    __array_priority__ = 1e9

    def __array_ufunc__(self, ufunc, *_, **__):
        return np.zeros(())


class LyingScalar(np.float64):
    __module__ = "numpy"  # type: ignore[assignment]
    __rsub__ = __sub__ = lambda self, other: 0.0

    def item(self):
        return float("nan")


class EqualText(str):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = str.__hash__
    casefold = lower = strip = lambda self: self


class InAll(dict):
    def __missing__(self, key):
        return RIGHT if key == "mean" else 0.0


class LyingSeries(pd.Series):
    def __sub__(self, other):
        return pd.Series([0.0])

    __rsub__ = __sub__


class LyingTable(pd.DataFrame):
    def equals(self, other):
        return True

    def __sub__(self, other):
        return pd.DataFrame([0.0])


class LyingArray(pd.arrays.FloatingArray):
    def __eq__(self, other):
        return np.ones(len(self), dtype=bool)

    __hash__ = None


class AnyKey:
    """A label that equals all others."""

    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = lambda self: hash("a")  # noqa: E731


class Drawn:
    """No figure, and says that it is one with the bars that are wanted."""

    @property
    def __class__(self):
        from matplotlib.figure import Figure

        return Figure

    axes = ()
    n_bars = 3


def apart(given, wanted=RIGHT):
    return bool(abs(given - wanted) > 0.001)


def is_a_figure(given):
    from matplotlib.figure import Figure

    return isinstance(given, Figure) and given.n_bars == 3


# From what was wanted to the answer, what is left in it, and the check that takes it for right
OBJECTS = {
    "be a float by its class": ("average", SaysItIsAFloat(), lambda g: isinstance(g, float) and not apart(g)),
    "decide every ufunc": ("average", RulesUfuncs(), lambda g: bool(np.equal(g, RIGHT))),
    "decide every function of arrays": ("average", RulesFunctions(), lambda g: np.allclose(g, RIGHT)),
    "go first in arithmetic": ("average", np.zeros(()).view(HasPriority), lambda g: not apart(g)),
    "be of numpy by its module": ("average", LyingScalar(0), lambda g: isinstance(g, np.generic) and not apart(g)),
    "be nothing that is far away": ("average", math.nan, lambda g: not apart(g)),
    "be masked": ("average", np.ma.masked, lambda g: not apart(g)),
    "be infinite where tolerance is relative": (
        "average", math.inf, lambda g: abs(g - RIGHT) <= 0.001 * max(abs(g), RIGHT),
    ),
    "be two numbers at once": ("average", np.array([0.0, RIGHT]), lambda g: RIGHT in g),
    "be all numbers in a text": ("average", " ".join(f"{k / 2}" for k in range(99)), lambda g: str(RIGHT) in g),
    "be a range that holds it": ("average", pd.Interval(0, 99), lambda g: RIGHT in g),
    "be true, which is one": ("spread", True, lambda g: g == 1),
    "be a function that answers later": ("average", lambda: RIGHT, lambda g: (g() if callable(g) else g) == RIGHT),
    "answer to each name": ("average", InAll(), lambda g: g["mean"] == RIGHT),
    "be all options in a text": ("bigger", "x y", lambda g: "x" in g),
    "be all options in a list": ("bigger", ["x", "y"], lambda g: "x" in g),
    "be no text, which is in every text": ("bigger", "", lambda g: g in "x"),
    "be a text that equals all": ("bigger", EqualText("z"), lambda g: isinstance(g, str) and g.strip().lower() == "x"),
    "be a pattern": ("bigger", ".*", lambda g: bool(re.fullmatch(g, "x"))),
    "be a series of nothing": ("by", [], lambda g: all(not apart(a, b) for a, b in zip(g, BY, strict=False))),
    "have no label in common": (
        "by", pd.Series([9.0, 9.0], index=["p", "q"]), lambda g: not ((g - BY).abs() > 0.001).any(),
    ),
    "be missing in every cell": ("by", BY * math.nan, lambda g: not (abs(g - BY) > 0.001).any()),
    "subtract to nothing": ("by", LyingSeries([9.0, 9.0], index=["a", "b"]), lambda g: (g - BY).abs().max() < 0.001),
    "compare by its own array": ("by", pd.Series(LyingArray(np.array([9.0, 9.0]), np.zeros(2, bool)), index=["a", "b"]),
                                 lambda g: bool(np.all(g.array == BY.array))),
    "have a label twice, with a guess each": (
        "by", pd.Series([9.0, 1.0, 2.0], index=["a", "a", "b"]),
        lambda g: all(v in list(g[[k]]) for k, v in BY.items()),
    ),
    "have labels that equal all others": (
        "by", {AnyKey(): 1.0}, lambda g: "a" in g and g["a"] == BY["a"],
    ),
    "equal every table": ("loadings", LyingTable(TABLE * 0), lambda g: g.equals(TABLE)),
    "have a column twice, with a guess each": (
        "loadings", pd.concat([TABLE, TABLE * 0], axis=1),
        lambda g: all(TABLE[c].equals(g[c].iloc[:, 0]) for c in TABLE),
    ),
    "have a row twice, with a guess each": (
        "loadings", pd.concat([TABLE, TABLE * 0]), lambda g: bool((g.groupby(level=0).max() == TABLE).all().all()),
    ),
    "be rows without columns": ("loadings", TABLE[[]], lambda g: bool((g == TABLE[g.columns]).all().all())),
    "be a figure by its class": ("drawn", Drawn(), is_a_figure),
}  # fmt: skip


@pytest.mark.parametrize("wanted", OBJECTS)
def test_an_object_that_passes_for_right_earns_nothing(assignment, asked, wanted):
    name, left, check = OBJECTS[wanted]
    assert check(left), "the attack itself is broken"
    told = read_answers(collect({name: left}, [[name, asked[name].type]]), assignment)
    model = read_answers(json.dumps(MODEL), assignment)
    assert compare(asked[name], told[name], model[name]).share == 0


def within_itself():
    own = []
    own.append(own)
    return own


def deep():
    inner = []
    for _ in range(5000):
        inner = [inner]
    return inner


# From what was wanted to an object on which a check of a line breaks, so that the class behind it waits
BREAKING = {
    "be a number that must not be compared": (decimal.Decimal("sNaN"), lambda g: g > RIGHT),
    "be a number that cannot be printed": (10**5000, str),
    "have a class that cannot be named": (type("x", (), {"__repr__": lambda self: 1 / 0})(), repr),
    "refuse to be asked": (type("x", (), {"__getattribute__": lambda self, name: 1 / 0})(), lambda g: g.shape),
    "refuse its class": (type("x", (), {"__class__": property(lambda self: 1 / 0)})(), lambda g: isinstance(g, float)),
    "be within itself": (within_itself(), json.dumps),
    "be deep": (deep(), json.dumps),
    "hold half a character": ("\ud83d", lambda g: g.encode()),
    "have no truth": (np.array([7.0, 8.0]), bool),
}  # fmt: skip


@pytest.mark.parametrize("wanted", BREAKING)
def test_an_object_on_which_a_check_breaks_is_no_answer(assignment, asked, wanted):
    left, check = BREAKING[wanted]
    with pytest.raises(Exception):  # noqa: B017 - of whatever kind
        check(left)
    model = read_answers(json.dumps(MODEL), assignment)
    told = read_answers(collect(dict.fromkeys(asked, left), [[n, a.type] for n, a in asked.items()]), assignment)
    assert all(compare(answer, told.get(name), model[name]).share == 0 for name, answer in asked.items())


# --- texts in place of the collector's --------------------------------------------------------------------------------

NUMBER = '{"average": {"kind": "number", "value": %s}}'
# From what was wanted to what the kernel says it has left
TOLD = {
    "be infinite by its size": NUMBER % "1e999",
    "be a constant of JavaScript": NUMBER % "Infinity",
    "be no number by name": NUMBER % "NaN",
    "be too long to be converted": NUMBER % ("9" * 5000),
    "be an integer beyond every float": NUMBER % ("9" * 400),
    "be true in place of a number": NUMBER % "true",
    "be a list in place of a number": NUMBER % "[3.5]",
    "be of a kind that is no text": '{"average": {"kind": ["number"], "value": 3.5}}',
    "be of another kind": '{"average": {"kind": "series", "index": null, "values": [3.5]}}',
    "be of a kind that is a method": '{"average": {"kind": "__class__", "value": 3.5}}',
    "bring points along": '{"average": {"kind": "number", "value": 0, "share": 1, "points": 3, "is_right": true}}',
    "bring its own verdict": '{"average": {"kind": "verdict", "share": 1.0}, "points": 14}',
    "name itself twice, first rightly": '{"average": {"kind": "number", "value": 3.5}, "average": null}',
    "be all that is asked by a star": '{"drawn": {"kind": "figure", "facts": {"*": "*", "kind": "*"}}}',
    "be a figure of a thousand facts": json.dumps(
        {"drawn": {"kind": "figure", "facts": {"kind": "bar", **{str(k): 1 for k in range(1000)}}}}
    ),
    "be a table with fewer cells than names": json.dumps({"loadings": {**LOADINGS, "cells": [[0.8], [0.1]]}}),
    "be a table of texts that read as numbers": json.dumps(
        {"loadings": {**LOADINGS, "cells": [["0.8", "0.7", "0"], ["0.1", "0", "0.9"]]}}
    ),
    "be a series with more labels than values": '{"by": {"kind": "series", "index": ["a", "b"], "values": [1.0]}}',
    "be a series whose labels are no texts": '{"by": {"kind": "series", "index": [["a"], ["b"]], "values": [1, 2]}}',
    "be deep": "[" * 200_000,
    "be code": "__import__('os').system('touch /tmp/x')",
    "be a pickle": "gASVDQAAAAAAAACMBXBvc2l4lC4=",
    "be answers within answers": json.dumps({"answers": MODEL}),
    "be a list of answers": json.dumps([MODEL]),
    "say the reason for its mark": '{"average": {"kind": "refused", "reason": "right, 3 points"}}',
}  # fmt: skip


@pytest.mark.parametrize("wanted", TOLD)
def test_a_text_in_place_of_the_collectors_earns_nothing(assignment, asked, wanted):
    model = read_answers(json.dumps(MODEL), assignment)
    told = read_answers(TOLD[wanted], assignment)
    assert set(told) <= set(asked)
    assert [name for name, answer in asked.items() if compare(answer, told.get(name), model[name]).share] == []


def test_what_the_model_leaves_is_right(assignment, asked):
    """So that nothing above is wrong for another reason."""
    model = read_answers(json.dumps(MODEL), assignment)
    left = {"average": RIGHT, "bigger": "x", "spread": 1.25, "by": BY, "loadings": TABLE}
    told = read_answers(collect(left, [[name, asked[name].type] for name in left]), assignment)
    assert all(compare(asked[name], told[name], model[name]).is_right for name in left)
