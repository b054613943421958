"""What must hold for any data: invariance to order and units, identities, recovery of the truth."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxkit import sem
from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit
from cxkit.sem.sample.patterns import find_patterns
from tests.sem import cases
from tests.sem.fits import fitted

SEEDS = st.integers(0, 10_000)
QUIET = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LOADINGS = np.array([0.8, 0.7, 0.6, 0.75, 0.65, 0.7])
PHI = 0.4


def simulated(seed: int, n: int = 400) -> pd.DataFrame:
    """Two factors with three items each, correlated .4."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 2)) @ np.linalg.cholesky([[1, PHI], [PHI, 1]]).T
    errors = rng.normal(size=(n, 6)) * np.sqrt(1 - LOADINGS**2)
    return pd.DataFrame(np.repeat(factors, 3, axis=1) * LOADINGS + errors, columns=[f"i{k}" for k in range(6)])


MODEL = "f =~ i0 + i1 + i2\ng =~ i3 + i4 + i5"


def fit(data: pd.DataFrame, model: str = MODEL, **options: object) -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return sem.cfa(model, data, **options)


@given(SEEDS, st.sampled_from(["ML", "MLR", "MLM", "GLS", "ULS"]))
@QUIET
def test_order_of_rows_and_columns(seed: int, estimator: str) -> None:
    data = simulated(seed)
    shuffled = data.sample(frac=1, random_state=seed)[list(data.columns[::-1])]
    mine, other = (fit(d, estimator=estimator).measures for d in (data, shuffled))
    assert other.to_numpy() == pytest.approx(mine.to_numpy(), rel=1e-6, abs=1e-7, nan_ok=True)


@given(SEEDS)
@QUIET
def test_order_of_items(seed: int) -> None:
    data = simulated(seed)
    other = fit(data, "g =~ i5 + i3 + i4\nf =~ i2 + i0 + i1")
    assert other.test.chisq == pytest.approx(fit(data).test.chisq, rel=1e-7, abs=1e-7)


@given(SEEDS, st.sampled_from(["ML", "MLR", "GLS"]), st.booleans())
@QUIET
def test_units(seed: int, estimator: str, holes: bool) -> None:
    data = simulated(seed)
    options: dict[str, object] = {"estimator": estimator}
    if holes and estimator != "GLS":
        data = data.mask(np.random.default_rng(seed).random(data.shape) < 0.05)
        options["missing"] = "fiml"
    scale = np.array([1, 10, 0.1, 3, 100, 0.5])
    mine, other = fit(data, **options), fit(data * scale + 7, **options)
    for name in ("chisq", "df", "cfi", "rmsea"):
        assert other.measures[name] == pytest.approx(mine.measures[name], rel=1e-6, abs=1e-6)
    assert other.estimates["std_all"].to_numpy()[:6] == pytest.approx(
        mine.estimates["std_all"].to_numpy()[:6], rel=1e-5
    )


@given(SEEDS, st.sampled_from(["ML", "MLR", "MLM", "ULS"]))
@QUIET
def test_marker_and_std_lv_are_one_fit(seed: int, estimator: str) -> None:
    data = simulated(seed)
    mine, other = fit(data, estimator=estimator), fit(data, estimator=estimator, std_lv=True)
    assert other.test.chisq == pytest.approx(mine.test.chisq, rel=1e-6, abs=1e-8)
    key = ["lhs", "op", "rhs"]
    both = mine.estimates.merge(other.estimates, on=key)
    assert both["std_all_x"].to_numpy() == pytest.approx(both["std_all_y"].to_numpy(), abs=1e-6)


@given(SEEDS)
@QUIET
def test_ordered_marker_and_std_lv_are_one_fit(seed: int) -> None:
    data = simulated(seed).apply(lambda c: np.digitize(c, [-1, 0, 1]))
    mine, other = (fit(data, ordered=True, std_lv=std_lv) for std_lv in (False, True))
    theta = fit(data, ordered=True, parameterization="theta")
    assert other.test.scaled == pytest.approx(mine.test.scaled, rel=1e-6)
    assert theta.test.scaled == pytest.approx(mine.test.scaled, rel=1e-6)


@pytest.mark.parametrize("name", cases.CASES)
def test_degrees_of_freedom_count(name: str) -> None:
    """Moments less parameters, counted here from the model alone."""
    got = fitted(name)
    p, x = len(got.table.variables.observed), len(got.table.variables.exogenous)
    means = got.settings["meanstructure"]
    moments = len(got.models) * (p * (p + 1) // 2 - x * (x + 1) // 2 + (p - x if means else 0))
    if got.settings["ordered"]:
        cuts = [len(group.ordinal.th) for group in got.sample.groups]
        y, numeric = p - x, p - x - len(got.settings["ordered"])
        moments = sum(cuts) + len(cuts) * (numeric + y * x + y * (y - 1) // 2)
    assert got.measures["df"] == moments - got.measures["npar"]


@given(SEEDS, st.sampled_from(["ML", "MLR", "GLS", "ULS"]))
@QUIET
def test_saturated_model_fits_perfectly(seed: int, estimator: str) -> None:
    got = fit(simulated(seed), "f =~ i0 + i1 + i2", estimator=estimator)
    assert (got.df, got.test.chisq) == (0, 0.0)
    assert np.abs(got.residuals().cov.to_numpy()).max() < 1e-6


def test_truth_is_recovered() -> None:
    """Over 60 samples the mean estimate lies within 4 standard errors of the truth, and intervals hold it."""
    fits = [fit(simulated(seed, 500), std_lv=True) for seed in range(60)]
    wanted = np.append(LOADINGS, PHI)
    pick = [*range(6), len(fits[0].estimates) - 1]
    values = np.array([f.estimates["est"].to_numpy()[pick] for f in fits])
    errors = np.array([f.estimates["se"].to_numpy()[pick] for f in fits])
    assert np.all(np.abs(values.mean(0) - wanted) < 4 * errors.mean(0) / np.sqrt(60))
    inside = np.abs(values - wanted) < 1.96 * errors
    assert 0.9 < inside.mean() < 0.99
    chisq = np.array([f.test.chisq for f in fits])
    assert abs(chisq.mean() - 8) < 4 * 4 / np.sqrt(60)


def test_truth_is_recovered_from_holes_and_categories() -> None:
    data = simulated(3, 4000)
    holes = data.mask(np.random.default_rng(1).random(data.shape) < 0.15)
    cut = data.apply(lambda c: np.digitize(c, [-1, 0.5]))
    for got in (fit(holes, missing="fiml", std_lv=True), fit(cut, ordered=True, std_lv=True)):
        estimates = got.estimates.query("op == '=~'")
        assert np.all(np.abs(estimates["std_all"].to_numpy() - LOADINGS) < 0.06)


def test_weights_repeat_respondents() -> None:
    """Whole-number weights give the estimates of a sample in which respondents stand so often."""
    data = simulated(5, 300)
    times = np.arange(300) % 3 + 1
    repeated = fit(data.loc[data.index.repeat(times)], estimator="MLR")
    weighted = fit(data.assign(w=times), estimator="MLR", weights="w")
    assert weighted.estimates["est"].to_numpy() == pytest.approx(repeated.estimates["est"].to_numpy(), abs=1e-7)


def test_clusters_of_one_are_no_clusters() -> None:
    data = simulated(6, 300)
    alone = fit(data.assign(unit=range(300)), cluster="unit")
    plain = fit(data, estimator="MLR", meanstructure=True)
    ratio = (alone.estimates["se"] / plain.estimates["se"]).dropna()
    assert ratio.to_numpy() == pytest.approx(np.full(len(ratio), np.sqrt(300 / 299)), rel=1e-9)


def test_defined_parameters_by_hand() -> None:
    """The delta method for a product: se^2 = b^2 var(a) + a^2 var(b) + 2ab cov(a, b)."""
    got = fitted("talor_simple_mediation")
    values = got.estimates.set_index("label")["est"]
    a, b = values["a"], values["b"]
    cov = got.vcov.loc[["pmi~cond", "reaction~pmi"], ["pmi~cond", "reaction~pmi"]].to_numpy()
    slope = np.array([b, a])
    row = got.estimates[got.estimates["label"] == "ab"].iloc[0]
    assert row["est"] == pytest.approx(a * b)
    assert row["se"] == pytest.approx(np.sqrt(slope @ cov @ slope))


def test_fits_of_one_model_leave_each_other_alone() -> None:
    """What a model has in common with itself is kept between fits; nothing of one sample may reach the next."""
    data = cases.hs()
    half = data.iloc[::2]
    first = [sem.sem(cases.MIMIC, part).estimates for part in (data, half)]
    first[0].loc[0, "lhs"] = "written over"
    again = [sem.sem(cases.MIMIC, part).estimates for part in (data, half)]
    assert again[0].loc[0, "lhs"] == "visual"
    for old, new in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(old.drop(columns="lhs"), new.drop(columns="lhs"), check_exact=True)


def test_a_bound_that_binds_in_one_sample_does_not_bind_the_next() -> None:
    model = "visual =~ x1 + x2 + x3\nx1 ~~ v*x1\nv > 0.5"
    data = cases.hs()
    free = sem.sem(model, data)
    held = sem.sem(model, data.assign(x1=data["x1"] * 0.75))
    assert (held.n_parameters, free.n_parameters) == (5, 6)
    assert sem.sem(model, data).test.chisq == free.test.chisq


@pytest.mark.parametrize("more", [0, 60])
def test_patterns_are_the_distinct_rows_in_order(more: int) -> None:
    """However many items there are; more than fit a whole number are sorted otherwise, and alike."""
    rng = np.random.default_rng(5)
    values = np.hstack(
        [np.where(rng.random((200, 10)) < 0.15, np.nan, rng.normal(size=(200, 10))), np.ones((200, more))]
    )
    found = find_patterns(values)
    seen = ~np.isnan(values)
    np.testing.assert_array_equal(found.seen, np.unique(seen, axis=0))
    for kind, rows in zip(found.seen, found.rows, strict=True):
        np.testing.assert_array_equal(rows, np.flatnonzero((seen == kind).all(axis=1)))
