"""Improper solutions: every question has a value, an empty cell with its reason, or a CxkitError; no search hangs."""

from __future__ import annotations

import re
import time
import warnings
from contextlib import suppress
from itertools import chain
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitError, CxkitWarning, ModelError
from cxkit.sem.indices.fit_measures import _interval, cfi
from cxkit.sem.sample.singular import inverse
from cxkit.sem.search import searching
from cxkit.sem.search.discrepancy import FullInformation, MaximumLikelihood, Objective
from cxkit.sem.search.estimation import minimise
from tests.sem.random_models import questions, shown
from tests.sem.test_sweep import untold

ITEMS = [f"x{k}" for k in range(1, 7)]
MODELS = {
    "two factors": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6",
    "bifactor": "all =~ x1 + x2 + x3 + x4 + x5 + x6\nf =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nall ~~ 0*f + 0*g\nf ~~ 0*g",
    "saturated": "f =~ x1 + x2 + x3",
    "no variance": "f =~ x1 + x2 + x3\nf ~~ 0*f\nh =~ x4 + x5 + x6",
    "singular latents": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nf ~~ 1*f\ng ~~ 1*g\nf ~~ 1*g",
    "pairs": "f =~ x1 + x2\ng =~ x3 + x4\nh =~ x5 + x6",
    "higher order": "f =~ x1 + x2\ng =~ x3 + x4\nh =~ x5 + x6\ns =~ f + g + h",
    "negative residual": "f =~ x1 + x2 + x3\nx1 ~~ -0.05*x1\nf ~ x4",
}
WAYS: dict[str, dict[str, Any]] = {
    "ML": {},
    "MLR": {"estimator": "MLR"},
    "MLM": {"estimator": "MLM"},
    "ULS": {"estimator": "ULS"},
    "FIML": {"missing": "fiml"},
    "FIML, robust": {"missing": "fiml", "estimator": "MLR"},
    "groups": {"group": "group", "estimator": "MLR"},
    "WLSMV": {"ordered": ITEMS},
    "ULSMV": {"ordered": ITEMS, "estimator": "ULSMV"},
}
# Every model under every estimator once, the samples in turn.
SWEPT = [(model, way, k) for k, (model, way) in enumerate((m, w) for m in MODELS for w in WAYS)]


def sample(kind: int, options: dict[str, Any]) -> pd.DataFrame:
    """Answers that make solutions improper: a dominant item, no common factor, hardly any spread, few respondents."""
    rng = np.random.default_rng(kind)
    n = (60, 80, 60, 9, 100)[kind]
    noise = rng.normal(size=(n, 6))
    common = rng.normal(size=(n, 1))
    answers = {
        0: common * [1.0, 0.3, 0.25, 0.3, 0.9, 0.2] + noise * [0.05, 1.0, 1.0, 1.0, 0.6, 1.0],
        1: noise,
        2: noise * 0.01 + np.eye(n, 6) * 3,
        3: 0.7 * common + noise,
        4: 0.8 * rng.normal(size=(n, 2)).repeat(3, axis=1) + 0.7 * noise,
    }[kind]
    if "ordered" in options:
        answers = np.clip(np.round(answers / answers.std(axis=0) + 2), 1, 3)
    frame = pd.DataFrame(answers, columns=ITEMS)
    if "missing" in options:
        frame = frame.mask(rng.random(frame.shape) < 0.1)
    return frame.assign(group=np.where(np.arange(n) % 2, "odd", "even"))


@pytest.mark.parametrize(("model", "way", "k"), SWEPT, ids=[f"{m}, {w}" for m, w, _ in SWEPT])
def test_a_value_a_reason_or_a_refusal(model: str, way: str, k: int) -> None:
    options = {name: value for name, value in WAYS[way].items() if name != "ordered"}
    columns = set(re.findall(r"x\d", MODELS[model]))
    if "ordered" in WAYS[way]:
        options["ordered"] = sorted(columns - ({"x4"} if model == "negative residual" else set()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", CxkitWarning)
        with suppress(CxkitError):
            fit = sem.sem(MODELS[model], sample(k % 5, WAYS[way]), **options)
            for name, ask in questions(fit).items():
                if name.startswith(("bootstrap(", "plot")):  # refits resamples; test_sweep asks for it
                    continue
                with suppress(CxkitError):
                    value = ask()
                    shown(value)
                    # Bartlett scores are empty for who answered no item of a factor, as a warning says.
                    assert name == "scores(bartlett)" or not untold(fit, name, value), name
            assert "nan" not in fit.text
    plt.close("all")


def test_a_correction_that_is_not_positive_leaves_the_scaled_test_empty_with_a_reason() -> None:
    """As lavaan 0.6-14, whose scaling factor is then NA; it was a negative chi-square."""
    fit = sem.sem(MODELS["two factors"], sample(4, {}), estimator="MLR")
    object.__setattr__(fit.frame, "cross_products", 10 * fit.frame.cross_products)
    assert np.isnan(fit.measures["chisq.scaled"])
    assert np.isnan(fit.measures["cfi.robust"])
    assert "the correction of the test is not positive" in fit.note
    assert "cannot be scaled" in fit.text


def test_a_singular_matrix_has_no_inverse_and_no_error() -> None:
    assert np.isnan(inverse(np.ones((2, 2)))).all()
    assert np.allclose(inverse(np.diag([2.0, 4.0])), np.diag([0.5, 0.25]))


def test_a_negative_or_unknown_chi_square_stops_no_interval() -> None:
    assert _interval(-3.0, 4, 100, 1, 1.0, "")["rmsea.ci.lower"] == 0
    assert np.isnan(_interval(float("nan"), 4, 100, 1, 1.0, "")["rmsea.ci.lower"])
    assert np.isnan(cfi(float("nan"), 4, 50.0, 6))
    assert np.isnan(cfi(10.0, 4, 50.0, 6, c=float("nan")))


def ring(seed: int, missing: float) -> tuple[str, pd.DataFrame]:
    """A ring of regressions between five factors of ten unrelated items each."""
    rng = np.random.default_rng(seed)
    names = [[f"i{f}_{k}" for k in range(10)] for f in range(5)]
    frame = pd.DataFrame(rng.normal(size=(300, 50)), columns=list(chain(*names)))
    text = "\n".join(f"f{f} =~ {' + '.join(own)}\nf{(f + 1) % 5} ~ f{f}" for f, own in enumerate(names))
    return text, frame.mask(rng.random(frame.shape) < missing) if missing else frame


def test_a_search_without_end_is_given_up() -> None:
    text, frame = ring(1, 0.0)  # it searched for minutes
    begin = time.process_time()
    with pytest.raises(ModelError, match="did not converge"):
        sem.sem(text, frame)
    assert time.process_time() - begin < 15  # 3 s on a quiet machine


def test_a_search_without_end_of_incomplete_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 85 steps of Newton's method estimates still grow; 133 evaluations were followed by three more searches."""
    searched: list[Objective] = []

    def counted(objective: Objective, *args: Any, **options: Any) -> Any:
        searched.append(objective)
        return minimise(objective, *args, **options)

    monkeypatch.setattr(searching, "minimise", counted)
    with pytest.raises(ModelError, match="did not converge"):
        sem.sem(*ring(2, 0.03), missing="fiml")
    assert [type(objective.parts[0]) for objective in searched] == [MaximumLikelihood, FullInformation]
    assert searched[-1].evaluations < 100


def test_no_explained_share_beside_a_negative_residual_variance() -> None:
    """lavInspect(fit, "rsquare") is NA there; it was above 1."""
    cor = [[1.0, 0.9, 0.8], [0.9, 1.0, 0.6], [0.8, 0.6, 1.0]]
    with pytest.warns(CxkitWarning, match="'x1' is estimated at -0.199, so that its R-squared is left empty"):
        fit = sem.cfa("f =~ x1 + x2 + x3", sem.Moments(n=200, cov=cor, names=["x1", "x2", "x3"]))
    assert np.isnan(fit.r_squared["x1"])
    assert (fit.r_squared[["x2", "x3"]] < 1).all()
