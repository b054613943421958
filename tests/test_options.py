"""What a caller asks wrongly is refused by one check, before anything is computed; `attempt` does not hide it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.options import check_choice, check_names, check_options, check_positive
from cxkit.results.result import Result
from cxkit.validation.content.experts import ExpertRatings
from tests.conftest import tiny_instrument, tiny_survey

N = 120
ROLES = {
    "level": ["Boss", "Staff"] * (N // 2),
    "function": list("abcd") * (N // 4),
    "unit": list("uvwxyz") * (N // 6),
    "organisation": [str(i) for i in range(12)] * (N // 12),
    "id": [str(i // 2) for i in range(N)],
    "wave": [1, 2] * (N // 2),
}
STATED = cx.About(population="test", period="2026", selection="random draws")
ANSWERS = np.random.default_rng(1).integers(1, 6, (N, 6)).astype(float)
SURVEY = tiny_survey(ANSWERS, about=STATED, **ROLES)
OF_MANY = tiny_survey(ANSWERS, about=STATED, **{role: ROLES[role] for role in ROLES if role != "id"})
"""The same answers, each sheet of another person as far as anybody knows."""
UNANSWERED = tiny_survey(np.full_like(ANSWERS, np.nan), about=STATED, **ROLES)
JUDGED = pd.DataFrame([[4, 4, 3]] * 6, index=list(SURVEY.instrument.items), columns=list("xyz"))


def rated(kind: str) -> ExpertRatings:
    cells = {"relevance": JUDGED, "essential": (JUDGED > 3).astype(float), "assignment": JUDGED.map(lambda _: "d1")}
    return ExpertRatings(name="mine", kind=kind, instrument=tiny_instrument(), judgements=cells[kind])


@cache
def norm() -> object:
    return cx.build_norm(OF_MANY, leave_out="3")


@cache
def screened() -> object:
    return cx.screen_respondents(OF_MANY)


POSITIONAL: dict[str, Callable[[cx.Survey], list[object]]] = {
    "coder_agreement": lambda s: [s.given],
    "content_validity_index": lambda s: [rated("relevance")],
    "content_validity_ratio": lambda s: [rated("essential")],
    "substantive_validity": lambda s: [rated("assignment")],
    "exclusion_effect": lambda s: [OF_MANY, screened()],
    "percentile_benchmark": lambda s: [s, norm()],
    "rater_reliability": lambda s: [s.given],
}
"""What an analysis takes by place, where it is not a survey alone."""

NEEDED = {
    "criterion_validity": {"criterion": "d2_3"},
    "exploratory_factors": {"n_factors": 2},
    "level_gap": {"leaders": ["Boss"]},
    "percentile_benchmark": {"seed": 1},
}
"""Options without a default."""

SHARE = [95, 0, 1, -0.5, float("nan"), "0.95", True, None]
WHOLE = [0, -5, 1.5, 10.0, "100", True]
WRONG: dict[str, list[object]] = {
    "confidence": SHARE,
    "quantile": SHARE,
    "alpha": [5, 0, 1, -0.05, "0.05", None],
    "answered": [50, 0, -1, 1.5, "half", None],
    "share": [1, -0.1, 33, "third"],
    "draws": [*WHOLE, 1],
    "resamples": [*WHOLE, 1],
    "bootstraps": [-5, 1, 1.5, 10.0, "100", True],
    "simulations": WHOLE,
    "permutations": [*WHOLE, 98],
    "most_splits": WHOLE,
    "repeats": WHOLE,
    "folds": [*WHOLE, 1],
    "flags": WHOLE,
    "n_factors": [-1, 1.5, 2.0, "2", True],
    "minimum": [0, 1, 4, -5, 30.5, "30", None],
    "seed": [-1, 1.5, "1", None],
    "tolerance": [0, -1e-5, "small", float("inf")],
    "synonym_r": [-0.6, 1, 60],
    "antonym_r": [0.6, -1, 0],
    "cutoffs": [{"evenodd": 0.3}, {"irv": float("nan")}, {"irv": "3"}],
    "order": [["d1_1"], ["d9_1"]],
    "seconds": [[1.0, 2.0], pd.Series([1.0], index=["elsewhere"])],
    "dimensions": ["d9", ["d1", "d9"], [], 5],
    "waves": [["9"], "9", []],
    "leaders": [["Bos"], "Bos", [], 5],
    "models": [["bi-factor"], "bi-factor", []],
    "ordered": [["d9_1"], "d9_1", 5],
    "marker": ["d9", ["d1_1", "d9_1"]],
    "estimator": ["MLRR", 5],
    "null": ["unifrom", 0, -1, float("nan")],
    "by": ["levle", 5],
    "leave_out": ["99"],
    "groups": [["Bos"], "Bos", "levle"],
    "criterion": ["d9_1", 5],
    "invariance": ["scalar"],
    "targets": ["nosuch", 5],
    "raters": ["nosuch", 5],
    "scores": ["nosuch", 5],
    "override": ["because"],
}
"""What no option of that name may be. A `Literal` is also given a word that it does not hold, a truth value a text."""

ANY_VALUE = {"name", "consent", "about", "categories"}
"""Options in the caller's own words, which are wrong at most beside the answers."""

BY_LITERAL = {
    "missing", "interval", "method", "rotation", "correlation", "random_data", "coefficient", "model", "scale", "rare",
    "up_to", "adjust", "effect", "criterion",
}  # fmt: skip


def analyses() -> Iterator[tuple[str, Callable[..., Result]]]:
    """Every public function that returns a result, apart from those that put results together."""
    for name in cx.__all__:
        function = getattr(cx, name)
        if inspect.isfunction(function) and _options_of(function):
            returned = annotation_of(function, "return")
            if inspect.isclass(returned) and issubclass(returned, Result):
                yield name, function


def annotation_of(function: Callable[..., object], name: str) -> object:
    """The annotation as an object: of what is needed alone, as others may be known to type checkers only."""
    return eval(function.__annotations__[name], function.__globals__)


def _options_of(function: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def wrong_values(function: Callable[..., object], option: str) -> list[object]:
    annotation = annotation_of(function, option)
    kinds = [annotation, *get_args(annotation)]
    may_be_none = annotation is None or type(None) in kinds
    wrong = [value for value in WRONG.get(option, []) if value is not None or not may_be_none]
    if annotation is bool:
        wrong += ["no", 1, None]
    if option in BY_LITERAL and any(get_origin(kind) is Literal or kind is str for kind in kinds):
        wrong += ["misspelt", 5]
    if option == "n_factors" and type(None) not in kinds:
        wrong.append(None)
    return wrong


CASES = [
    pytest.param(name, function, option, value, id=f"{name}-{option}={value!r:.30}")
    for name, function in analyses()
    for option in _options_of(function)
    for value in wrong_values(function, option)
]


def test_every_option_of_every_analysis_is_walked_over():
    open_options = {
        f"{name}({option}=)"
        for name, function in analyses()
        for option in _options_of(function)
        if option not in ANY_VALUE and not wrong_values(function, option)
    }
    assert not open_options
    assert len({name for name, _ in analyses()}) >= 35


@pytest.mark.parametrize(("name", "function", "option", "value"), CASES)
def test_a_wrong_option_is_raised_whatever_the_answers(name, function, option, value):
    """Also of a survey that nobody answered: what is wrong with the question is said before what the answers lack."""
    for survey in (SURVEY, UNANSWERED):
        given = POSITIONAL.get(name, lambda s: [s])(survey)
        options: dict[str, Any] = {**NEEDED.get(name, {}), option: value}
        with pytest.raises(cx.OptionError) as refused:
            cx.attempt(function, *given, **options)
        assert len(str(refused.value)) > 20


def test_attempt_says_what_the_answers_do_not_allow_and_raises_a_misspelt_option():
    assert not cx.attempt(cx.cronbach_alpha, UNANSWERED)
    with pytest.raises(TypeError, match="confidnce"):
        cx.attempt(cx.cronbach_alpha, SURVEY, confidnce=0.9)
    with pytest.raises(cx.OptionError, match="missing='pairwize' is not known. Did you mean 'pairwise'"):
        cx.attempt(cx.cronbach_alpha, SURVEY, missing="pairwize")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"confidence": 95}, "confidence=95 must lie between 0 and 1, such as 0.95. For 95 %, write 0.95."),
        ({"confidence": 97.5}, "confidence=97.5 must lie between 0 and 1, such as 0.95. For 97.5 %, write 0.975."),
        ({"confidence": np.float64(2)}, "confidence=2.0 must lie between 0 and 1, such as 0.95. For 2 %, write 0.02."),
        ({"confidence": 950}, "confidence=950 must lie between 0 and 1, such as 0.95."),
        ({"confidence": "0.95"}, "confidence='0.95' must lie between 0 and 1, such as 0.95."),
        ({"alpha": 5}, "alpha=5 must lie between 0 and 1, such as 0.05. For 5 %, write 0.05."),
        ({"answered": 50}, "answered=50 must be a number above 0 and at most 1, such as 0.50. For 50 %, write 0.5."),
        ({"answered": 100}, "answered=100 must be a number above 0 and at most 1, such as 0.50. For 100 %, write 1."),
        ({"share": 1}, "share=1 must be a number from 0 and below 1, such as 0.33."),
        ({"draws": 0}, "draws=0 must be a whole number, at least 2; 1000 or more give a steady interval."),
        (
            {"bootstraps": 100.0},
            "bootstraps=100.0 must be a whole number, at least 2; 1000 or more give a steady interval. Write 100.",
        ),
        (
            {"minimum": 1},
            "minimum=1 must be a whole number, at least 5; numbers of fewer people would give their answers away.",
        ),
        ({"seed": None}, "seed=None must be a whole number, at least 0; the same seed gives the same numbers again."),
        ({"ordinal": "no"}, "ordinal='no' must be True or False."),
    ],
)
def test_words(options, words):
    with pytest.raises(cx.OptionError) as refused:
        check_options(**options)
    assert str(refused.value) == words


def test_right_values_pass_whatever_type_of_number_they_are():
    check_options(confidence=np.float32(0.9), draws=np.int64(20), seed=np.uint8(0), answered=1, ordinal=np.bool_(True))
    check_positive("null", np.float64(1.34), example=1.34)
    check_choice("missing", "pairwise", Literal["complete", "pairwise"])
    assert check_names("dimensions", "d1", ["d1", "d2"], of="No dimension") == ["d1"]
    assert check_names("dimensions", ["d2", "d1", "d2"], ["d1", "d2"], of="No dimension") == ["d2", "d1"]
    assert check_names("dimensions", pd.Index(["d2"]), ["d1", "d2"], of="No dimension") == ["d2"]
