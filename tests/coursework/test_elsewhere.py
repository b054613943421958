"""Right on the student's data and not elsewhere: said by what differs, and nobody who computed is told of typing."""

from __future__ import annotations

import pytest

from cxkit.coursework.assignment.data import Answer, ParameterSet, Tolerance
from cxkit.coursework.marking.answers import Number, Series, Text
from cxkit.coursework.marking.compare import compare
from cxkit.coursework.marking.elsewhere import why_not_there
from cxkit.coursework.marking.reference import Reference
from cxkit.coursework.marking.running import Left
from cxkit.coursework.marking.trial import Trial

SETS = (
    ParameterSet(id="public", values={"seed": 1, "group": "level"}),
    ParameterSet(id="a", values={"seed": 2, "group": "level"}, data_seed=11),
    ParameterSet(id="b", values={"seed": 3, "group": "unit"}, data_seed=12),
)
ALPHA = Answer(name="alpha", type="number", points=1, tolerance=Tolerance(absolute=0.001))
EACH = Answer(name="each", type="series", points=1, tolerance=Tolerance(absolute=0.001))
CLOSEST = Answer(name="closest", type="text", points=1)


def said(answer, given, right):
    trials = [
        Trial(one, Left({}, {}), Reference({answer.name: value}, {})) for one, value in zip(SETS, right, strict=True)
    ]
    verdicts = [compare(answer, mine, value) for mine, value in zip(given, right, strict=True)]
    assert verdicts[0].is_right
    return why_not_there(answer, given, verdicts, trials)


def series(*values):
    return Series(("x", "y", "z"), values)


HERE = "It is right for the data that you were given, and not when your notebook runs on other data of the same form"
WITH = "with another"
METHOD = "Your method gives the same as the model answer here and not there"


@pytest.mark.parametrize(
    ("answer", "given", "right", "wanted"),
    [
        (
            ALPHA, (Number(0.8), Number(0.71), Number(0.62)), (Number(0.8), Number(0.7), Number(0.6)),
            f"{HERE} {WITH} `seed` and `group`. {METHOD}.",
        ),
        (  # only where the group is another one, so that the seed is not what matters
            ALPHA, (Number(0.8), Number(0.7), Number(0.62)), (Number(0.8), Number(0.7), Number(0.6)),
            f"{HERE} {WITH} `group`. {METHOD}.",
        ),
        (
            EACH, (series(1.0, 2.0, 3.0), series(1.0, 2.0, 4.5), series(2.0, 2.5, 3.5)),
            (series(1.0, 2.0, 3.0), series(1.0, 2.0, 4.0), series(2.0, 2.0, 3.0)),
            f"{HERE} {WITH} `seed` and `group`. {METHOD}: "
            "2 of 3 values differ.",
        ),
        (
            CLOSEST, (Text("a+b"),) * 3, (Text("a+b"), Text("a+b"), Text("c+d")),
            f"{HERE} {WITH} `group`. It is the same on every run, and something else is right there: let it "
            "follow from the data.",
        ),
        (
            ALPHA, (Number(0.8),) * 3, (Number(0.8), Number(0.7), Number(0.6)),
            f"{HERE} {WITH} `seed` and `group`. It does not change there. Compute it from the parameters: a result, "
            "a file's name or a setting that stands in your code stays what it is.",
        ),
        (
            ALPHA, (Number(0.8), None, Number(0.6)), (Number(0.8), Number(0.7), Number(0.6)),
            f"{HERE} {WITH} `seed`. There it left no `alpha`: something fails or is skipped with those.",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_said(answer, given, right, wanted):
    assert said(answer, given, right) == wanted


def test_nothing_of_the_other_data_is_told():
    given = (series(1.0, 2.0, 3.0), Series(("held-out", "y", "z"), (7.123, 2.0, 3.0)), series(1.0, 2.0, 3.0))
    text = said(EACH, given, (series(1.0, 2.0, 3.0),) * 3)
    assert "held-out" not in text
    assert "7.1" not in text
