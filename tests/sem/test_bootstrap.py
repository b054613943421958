"""The bootstrap: its distribution against lavaan's, its seed, its stack against refits one by one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.after.bootstrap import _one_by_one, _resamples, _stacked
from cxkit.sem.search.discrepancy import Objective
from tests.sem import cases
from tests.sem.fits import fitted
from tests.sem.random_models import random_model


def test_stack_equals_refits_one_by_one() -> None:
    for name in ("talor_parallel_mediation", "hs_ml", "hs_school_ml.scalar"):
        fit = fitted(name)
        draws = _resamples(fit, 12, 3)
        (together, good), (apart, also) = _stacked(fit, draws, False), _one_by_one(fit, draws, False, 1)
        both = good & also
        assert both.sum() >= 11
        assert np.abs(together - apart)[both].max() < 1e-4


def test_intervals_resemble_those_of_lavaan(reference: Callable[[str], Any]) -> None:
    """sem(se = "bootstrap", bootstrap = 1000), percentile; random numbers differ, so only to a fifth of the width."""
    wanted = reference("sem_results")["bootstrap"]
    got = fitted("talor_parallel_mediation").bootstrap(4000, seed=11)
    rows = got.frame[got.frame["op"] == ":="]
    first = len(wanted["lhs"]) - len(rows)
    for k, row in enumerate(rows.itertuples(), start=first):
        width = wanted["ci.upper"][k] - wanted["ci.lower"][k]
        assert abs(row.ci_low - wanted["ci.lower"][k]) < width / 5
        assert abs(row.ci_high - wanted["ci.upper"][k]) < width / 5
    assert got.text == "95% percentile intervals from 4000 bootstrap resamples, seed 11."


def test_seed_decides() -> None:
    fit = fitted("talor_simple_mediation")
    one, same, other = (fit.bootstrap(50, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.replicates, same.replicates)
    assert not np.array_equal(one.replicates, other.replicates)


def test_workers_know_defined_parameters() -> None:
    """Indirect effects with incomplete answers are refitted one by one, in other processes."""
    data = cases.hs()
    data.loc[::7, "x1"] = np.nan
    fit = sem.sem("v =~ x1 + a*x2 + b*x3\nd := a - 2*b", data, missing="fiml")
    one, two = fit.bootstrap(6, workers=1), fit.bootstrap(6, workers=2)
    assert one.frame.equals(two.frame)


def test_workers_do_not_change_the_result() -> None:
    fit = fitted("hs_missing_fiml")
    one, two = fit.bootstrap(6, workers=1), fit.bootstrap(6, workers=2)
    assert np.array_equal(one.replicates, two.replicates)


def test_bca_moves_towards_the_skew() -> None:
    """The indirect effect is skewed to the right, so bias correction and acceleration move its interval up."""
    fit = fitted("talor_parallel_mediation")
    plain, bca = (fit.bootstrap(2000, seed=5, ci=ci).frame.set_index("lhs").loc["ab1"] for ci in ("percentile", "bca"))
    assert bca["ci_low"] > plain["ci_low"]
    assert bca["se"] == plain["se"]


def test_ordered_answers_are_resampled() -> None:
    got = fitted("bfi_agree_wlsmv").bootstrap(4, workers=1)
    assert got.n == 4
    assert got.frame["se"].max() > 0


def test_refusals() -> None:
    fit = fitted("hs_ml")
    with pytest.raises(ModelError, match="does not know ci='bc'"):
        fit.bootstrap(10, ci="bc")
    with pytest.raises(ModelError, match=r"level=95 must lie between 0 and 1"):
        fit.bootstrap(10, level=95)
    for draws in (-5, 0, 1, 10.0, True, "10"):
        with pytest.raises(ModelError, match=r"n=.* must be a whole number of at least 2"):
            fit.bootstrap(draws)
    with pytest.raises(ModelError, match=r"seed=-1 must be a whole number"):
        fit.bootstrap(10, seed=-1)
    with pytest.raises(ModelError, match=r"workers=0 must be a whole number"):
        fit.bootstrap(10, workers=0)
    with pytest.raises(ModelError, match="needs the answers"):
        fitted("wheaton_cov_n932").bootstrap(10)
    with pytest.raises(ModelError, match="clustered or weighted"):
        fitted("weights_mlr").bootstrap(10)


def test_resamples_without_estimates_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 resamples of this small survey most have no estimates; searching for them took over half a minute."""
    model = random_model(3065)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        idle = ("means", "residual_covariances")  # of which it has none
        kinds = tuple(kind for kind in model.options["equal"] if kind not in idle)
        fit = sem.sem(model.text, model.data, **{**model.options, "equal": kinds})
    asked: list[int] = []
    plain = Objective.states
    monkeypatch.setattr(Objective, "states", lambda self, z: (asked.append(1), plain(self, z))[1])
    found = fit.bootstrap(20, workers=1)
    assert found.n + found.n_failed == 20
    assert found.n_failed > 0
    assert f"({found.n_failed} did not converge)" in found.text
    assert len(asked) < 20 * 500


@pytest.mark.filterwarnings("ignore:.*combinations of answers:cxkit.errors.CxkitWarning")
def test_a_resample_that_lost_a_category_counts_as_failed() -> None:
    """One person gave the lowest answer to A1; a resample without it ended in an IndexError.

    By DWLS, which needs no inverse of the thresholds' and correlations' covariances: of 81 statistics of 109 people,
    as the test had it, that is of no matrix that two processors agree on.
    """
    data = cases.bfi()[["A1", "A2", "A3", "A4"]].dropna().head(300)
    data["A1"] = np.where(np.arange(len(data)) == 7, 1, np.clip(data["A1"], 2, 4))
    fit = sem.cfa("A =~ A2 + A3 + A4 + A1", data, ordered=True, estimator="DWLS")
    assert 0 < fit.bootstrap(6, workers=1).n_failed < 6


@pytest.mark.parametrize("seed", [242, 15790])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_resample_that_lost_all_variance_counts_as_failed(seed: int) -> None:
    """It ended in a division by 0, by least squares of ordered answers as by maximum likelihood of small groups."""
    model = random_model(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        fit = sem.sem(model.text, model.data, **model.options)
    with suppress(ModelError):
        assert fit.bootstrap(3, workers=1).n_failed > 0
