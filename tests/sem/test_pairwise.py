"""Ordered items with missing answers by pairs (`missing="pairwise"`): R's values, identities, coverage, refusals.

R values: tests/reference/scripts/sem_pairwise.R (lavaan 0.6-14, semTools 0.5-6).
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.after.reliability import reliability
from cxkit.sem.fit import Fit
from cxkit.sem.ordinal.moments import ordinal_moments

ROOT = Path(__file__).parents[2]
R: dict[str, Any] = json.loads((ROOT / "tests/reference/sem_pairwise.json").read_text(encoding="utf-8"))
BFI = pd.read_csv(ROOT / "datasets/bfi/data.csv").assign(age=lambda d: d["age"] / 100)
AGREE = [f"A{k}" for k in range(1, 6)]
NEURO = [f"N{k}" for k in range(1, 6)]
MIXED = ["age", "A1", "A3", "gender", "education", "N1"]
ONE = "A =~ A1+A2+A3+A4+A5"


def holed(data: pd.DataFrame) -> pd.DataFrame:
    """The holes of the R script: 3 i + 7 j divisible by 11, and one person without any answer."""
    values = data.to_numpy(dtype=float).copy()
    i, j = np.indices(values.shape) + 1
    values[(3 * i + 7 * j) % 11 == 0] = np.nan
    values[4] = np.nan
    return pd.DataFrame(values, columns=data.columns)


@cache
def case(key: str) -> Fit:
    small = BFI.head(600)
    if key == "groups":
        data = holed(BFI.head(1400)[AGREE]).assign(gender=BFI["gender"])
        return sem.cfa(ONE, data, ordered=AGREE, missing="pairwise", std_lv=True, group="gender")
    if key == "factors":
        model = f"{ONE}\nN =~ N1+N2+N3+N4+N5"
        return sem.cfa(model, BFI, ordered=True, missing="pairwise", std_lv=True)
    if key == "mixed":
        ordered = ["A1", "A3", "gender", "N1"]
        return sem.cfa(
            f"f =~ {' + '.join(MIXED)}", holed(small[MIXED]), ordered=ordered, missing="pairwise", std_lv=True
        )
    answers = small[AGREE] if key == "agree" else (small[AGREE] > 3).astype(float).where(small[AGREE].notna())
    return sem.cfa(ONE, holed(answers), ordered=True, missing="pairwise", std_lv=True)


@pytest.mark.filterwarnings("ignore::cxkit.CxkitWarning")
@pytest.mark.parametrize("key", ["agree", "binary", "mixed", "groups", "factors"])
def test_moments_and_their_covariance_are_lavaans(key: str) -> None:
    # R: lavInspect(cfa(..., ordered =, missing = "pairwise"), "wls.obs") and "gamma". lavaan's optimiser stops once its
    # steps are around 1e-8.
    fit, wanted = case(key), R[key]
    assert fit.n == wanted["n"]
    for g, data in enumerate(fit.sample.groups):
        assert_allclose(data.ordinal.statistics, wanted["obs"][g], atol=2e-7)
        if "gamma" in wanted:
            assert_allclose(data.ordinal.gamma, np.array(wanted["gamma"][g]), rtol=1e-5, atol=2e-6)


@pytest.mark.filterwarnings("ignore::cxkit.CxkitWarning")
@pytest.mark.parametrize("key", ["agree", "binary", "mixed", "groups", "factors"])
def test_estimates_errors_and_tests_are_lavaans(key: str) -> None:
    # R: parameterEstimates(fit), fitMeasures(fit), compRelSEM(fit)
    fit, wanted = case(key), R[key]
    for name, value in wanted["measures"].items():
        assert fit.measures[name] == pytest.approx(value, rel=1e-4, abs=2e-5), name
    ours = {(row.lhs, row.op, row.rhs, row.group): row for row in fit.estimates.itertuples()}
    labels = fit.sample.labels if key == "groups" else ("",)
    rows = list(zip(wanted["lhs"], wanted["op"], wanted["rhs"], wanted["est"], wanted["se"], strict=True))
    size = len(rows) // len(labels)
    seen = 0
    for k, (lhs, op, rhs, est, se) in enumerate(rows):
        row = ours.get((lhs, op, rhs, labels[k // size]))
        if row is None or op in ("~*~", "~1"):
            continue
        seen += 1
        assert row.est == pytest.approx(est, abs=2e-5), (lhs, op, rhs)
        if se:
            assert row.se == pytest.approx(se, rel=2e-4), (lhs, op, rhs)
    assert seen > 15
    if key in ("agree", "factors"):
        omega = reliability(fit).frame.set_index("factor")["omega"]
        assert omega.to_dict() == pytest.approx(wanted["omega"], abs=1e-5)


def test_without_holes_it_is_listwise_to_the_digit() -> None:
    data = (BFI[AGREE].dropna().head(500) + 1) // 2  # three categories: every combination occurs
    one, other = (sem.cfa(ONE, data, ordered=True, missing=how) for how in ("pairwise", "listwise"))
    pd.testing.assert_series_equal(one.measures, other.measures, rtol=0, atol=0)
    pd.testing.assert_frame_equal(one.estimates, other.estimates, rtol=0, atol=0)


def test_whoever_gave_only_one_answer_counts_for_its_thresholds_alone() -> None:
    """Half the sample answers A1 only: its threshold is that of all, correlations are those of the other half."""
    data = BFI[AGREE].dropna().head(800).reset_index(drop=True)
    data.loc[400:, AGREE[1:]] = np.nan
    columns = {name: column.to_numpy(dtype=float) for name, column in data.items()}
    found = ordinal_moments(columns, AGREE, AGREE, pairwise=True)
    shares = data["A1"].value_counts(normalize=True).sort_index().cumsum().to_numpy()[:-1]
    assert_allclose(ndtr(found.thresholds["A1"]), shares, atol=1e-12)
    half = ordinal_moments({k: v[:400] for k, v in columns.items()}, AGREE, AGREE)
    assert found.n == 800
    assert_allclose(found.corr[1:, 1:], half.corr[1:, 1:], atol=1e-9)
    # n times a covariance: what rests on half of 800 has twice the gamma of 400 among 400.
    assert found.gamma is not None
    assert half.gamma is not None
    later = slice(len(found.th) + 4, None)  # correlations without A1
    assert_allclose(found.gamma[later, later], 2 * half.gamma[later, later], rtol=1e-8, atol=1e-8)


def test_standard_errors_are_the_spread_of_estimates() -> None:
    """150 samples of 4 items with 15 % missing: mean standard error over the SD of the loadings lies near 1."""
    rng = np.random.default_rng(5)
    loadings, errors = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        for _ in range(150):
            latent = 0.7 * rng.standard_normal((300, 1)) + np.sqrt(0.51) * rng.standard_normal((300, 4))
            answers = np.digitize(latent, [-0.8, 0.1, 0.9]).astype(float)
            answers[rng.random(answers.shape) < 0.15] = np.nan
            data = pd.DataFrame(answers, columns=["a", "b", "c", "d"])
            rows = sem.cfa("f =~ a+b+c+d", data, ordered=True, missing="pairwise", std_lv=True).estimates
            own = rows[rows["op"] == "=~"]
            loadings.append(own["est"].to_numpy())
            errors.append(own["se"].to_numpy())
    assert np.mean(loadings, axis=0) == pytest.approx(np.full(4, 0.7), abs=0.015)
    # 150 samples leave a standard error of 6 % on each SD; over four loadings about 3 to 4 %.
    assert np.mean(errors) / np.std(loadings, axis=0, ddof=1).mean() == pytest.approx(1, abs=0.1)


@pytest.mark.filterwarnings("ignore::cxkit.CxkitWarning")
def test_everything_that_a_fit_can_be_asked() -> None:
    fit = case("agree")
    scores = fit.scores()
    assert len(scores) == fit.n
    assert scores.notna().all(axis=None)
    assert fit.modification_indices()["mi"].notna().all()
    assert np.isfinite(fit.residuals("cor").cov.to_numpy(dtype=float)).all()
    resampled = fit.bootstrap(3, seed=1)
    assert np.isfinite(resampled.replicates).all()
    assert resampled.n_failed == 0


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (ONE, {}, "missing='pairwise' is for ordered items"),
        (
            f"{ONE}\nA ~ age",
            {"ordered": AGREE},
            "not there where ordered items are modelled given predictors such as 'age'",
        ),
        (ONE, {"ordered": True, "estimator": "ML"}, "Ordered answers need weighted least squares"),
    ],
)
def test_what_it_does_not_cover_is_refused(model: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        sem.sem(model, BFI, missing="pairwise", **options)


def test_items_that_nobody_answered_together_are_named() -> None:
    data = BFI[AGREE].dropna().head(200).astype(float).reset_index(drop=True)
    data.loc[:99, "A1"] = np.nan
    data.loc[100:, "A2"] = np.nan
    with pytest.raises(ModelError, match="'A1' and 'A2'"):
        sem.cfa(ONE, data, ordered=True, missing="pairwise")
