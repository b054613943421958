"""Residuals of every estimator: lavaan's values, and nothing left where a model leaves nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.sem.after.residuals import MomentTables
from cxkit.sem.fit import Fit
from tests.sem import cases
from tests.sem.fits import fitted

KINDS = {"cor.bollen": "cor", "standardized": "standardized"}
# lavaan stops short of the optimum by up to 1e-6 of an estimate, which small errors of residuals blow up.
LIMITS = {"cor": 1e-5, "standardized": 5e-4}


def reference() -> dict[str, Any]:
    path = cases.ROOT / "tests" / "reference" / "sem_measures.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"]  # type: ignore[no-any-return]


def by_group(fit: Fit, kind: str) -> list[MomentTables]:
    tables = fit.residuals(kind)
    return list(tables.values()) if isinstance(tables, dict) else [tables]


def lower(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    """The lower triangle with the diagonal, column by column."""
    columns, rows = np.triu_indices(len(names))
    return np.asarray(table.loc[names, names].to_numpy()[rows, columns])


@pytest.mark.parametrize("name", reference()["residuals"])
def test_agrees_with_lavaan(name: str) -> None:
    """residuals(fit, type = "cor.bollen") and residuals(fit, type = "standardized"), by scripts/sem_measures.R."""
    for theirs, kind in KINDS.items():
        for mine, wanted in zip(
            by_group(fitted(name), kind), reference()["residuals"][name].get(theirs, []), strict=False
        ):
            parts = {"cov": lower(mine.cov, wanted["cov"]["names"])}
            if "th" in wanted:
                assert mine.thresholds is not None
                parts["th"] = mine.thresholds[wanted["th"]["names"]].to_numpy()
            elif "mean" in wanted:
                assert mine.mean is not None
                parts["mean"] = mine.mean[wanted["mean"]["names"]].to_numpy()
            for part, values in parts.items():
                assert np.abs(values - np.array(wanted[part]["values"])).max() < LIMITS[kind], (kind, part)


@pytest.mark.parametrize("name", [n for n, found in reference()["residuals"].items() if "by_hand" in found])
def test_standardised_residuals_that_lavaan_does_not_give(name: str) -> None:
    """Browne (1984) by hand from lavaan's own derivatives, weights and Gamma."""
    wanted, mine = np.array(reference()["residuals"][name]["by_hand"]), fitted(name).residuals("standardized")
    assert isinstance(mine, MomentTables)
    ordered = fitted(name).settings["ordered"]
    names = list(mine.cov.index)
    columns, rows = np.triu_indices(len(names), 1 if ordered else 0)
    values = mine.cov.to_numpy()[rows, columns]
    if ordered:
        variances = [mine.cov.loc[n, n] for n in names if n not in ordered]
        assert mine.thresholds is not None
        values = np.concatenate([mine.thresholds.to_numpy(), variances, values])
    # Where a moment is reproduced exactly, neither residual nor error is more than rounding, and ours is 0.
    known = values != 0.0
    assert known[-len(names) * (len(names) - 1) // 2 :].sum() >= len(names) * (len(names) - 1) // 2 - len(names)
    assert np.abs(values - wanted)[known].max() < LIMITS["standardized"]


PAIRS = "x1 ~~ x4 + x7\nx4 ~~ x7"
PATHS = "x1 ~ ageyr\nx4 ~ ageyr\nx7 ~ ageyr\n" + PAIRS


@pytest.mark.filterwarnings("ignore:estimator=.* without ordered items")  # meant so here; told in test_language
@pytest.mark.parametrize("group", [None, "school"])
@pytest.mark.parametrize("model", [PAIRS, PATHS])
@pytest.mark.parametrize(
    "options",
    [
        *({"estimator": name} for name in ("ML", "MLR", "MLM", "MLMV", "GLS", "ULS", "ULSMV", "WLS", "DWLS", "WLSM")),
        *({"estimator": name, "meanstructure": True} for name in ("ML", "GLS", "ULS", "WLS")),
        {"likelihood": "wishart"},
        {"missing": "fiml"},
        {"missing": "fiml", "estimator": "MLR"},
        {"weights": "w"},
        {"cluster": "cl"},
        *({"ordered": ["x4", "x7"], "estimator": name} for name in ("WLSMV", "ULSMV", "WLS")),
        {"ordered": ["x4", "x7"], "parameterization": "theta"},
        {"ordered": ["x1", "x4", "x7"]},
    ],
    ids=str,
)
def test_nothing_is_left_of_a_saturated_model(options: dict[str, Any], model: str, group: str | None) -> None:
    data = cases.hs() if "missing" not in options else cases.hs_holes()
    data = data.assign(**{name: pd.qcut(data[name], 3, labels=False) for name in options.get("ordered", ())})
    data = data[data["ageyr"].notna()]
    fit = sem.sem(model, data, group=group, **options)
    assert fit.df == 0
    for kind in ("raw", "cor", "standardized"):
        for tables in by_group(fit, kind):
            parts = [tables.cov, tables.mean, tables.thresholds, tables.slopes]
            left = [np.abs(part.to_numpy()) for part in parts if part is not None]
            assert max(values.max() for values in left) < 1e-4


@pytest.mark.parametrize(
    ("options", "wanted", "scaled"),
    [
        ({"estimator": "MLR"}, (2.44563, -3.45286, 4.02951), (81.92122, 880.08172)),
        ({"estimator": "MLR", "missing": "fiml"}, (2.77505, -2.85564, 6.29979), (74.24938, 756.98398)),
        ({"missing": "fiml"}, (3.08562, -3.06493, 5.29039), ()),
    ],
    ids=str,
)
def test_expected_information_reaches_tests_and_residuals(
    options: dict[str, str], wanted: tuple[float, ...], scaled: tuple[float, ...]
) -> None:
    """It is that of the saturated model as well. In R, of HolzingerSwineford1939 and of data/hs1939_missing.csv:

    f <- cfa(model, d, information = "expected", ...); residuals(f, "standardized")$cov["x1", c("x4", "x7", "x9")];
    fitMeasures(f, c("chisq.scaled", "baseline.chisq.scaled")).
    """
    data = cases.hs_holes() if "missing" in options else cases.hs()
    fit = sem.cfa(cases.HS, data, information="expected", **options)
    found = by_group(fit, "standardized")[0].cov.loc["x1", ["x4", "x7", "x9"]].to_numpy()
    assert found == pytest.approx(wanted, abs=5e-4)
    if scaled:
        assert fit.measures[["chisq.scaled", "baseline.chisq.scaled"]].to_numpy() == pytest.approx(scaled, rel=5e-6)


def unequal_weights(data: pd.DataFrame) -> pd.DataFrame:
    """Weights that average 3 in one school and 1 in the other."""
    own = np.where(data["school"] == "Pasteur", 3.0, 1.0)
    return data.assign(w=own * (3 + np.arange(1, len(data) + 1) % 5) / 5)


@pytest.mark.parametrize("options", [{}, {"cluster": "cl"}, {"missing": "fiml"}], ids=str)
def test_weights_that_differ_between_groups(options: dict[str, str]) -> None:
    """A group of a model without equalities has the residuals of that group alone, whatever its share of the weights.

    Values of x1 with x4 to x7 in R: d <- HolzingerSwineford1939; d$w <- ifelse(d$school == "Pasteur", 3, 1) * (3 +
    seq_len(nrow(d)) %% 5) / 5; residuals(cfa(model, d, group = "school", sampling.weights = "w", estimator = "MLR"),
    "standardized").
    """
    data = unequal_weights(cases.hs_holes() if options.get("missing") else cases.hs())
    together = sem.cfa(cases.HS, data, group="school", weights="w", estimator="MLR", **options)
    wanted = [(1.18584, -1.87892, 0.96542, -2.23995), (0.35275, 0.34529, 0.49635, -2.46535)]
    pairs = zip(data["school"].unique(), by_group(together, "standardized"), wanted, strict=True)
    for school, found, theirs in pairs:
        own = data[data["school"] == school]
        alone = sem.cfa(cases.HS, own, weights="w", estimator="MLR", meanstructure=True, **options)
        assert found.cov.to_numpy() == pytest.approx(by_group(alone, "standardized")[0].cov.to_numpy(), abs=2e-3)
        if not options:
            assert found.cov.loc["x1", ["x4", "x5", "x6", "x7"]].to_numpy() == pytest.approx(theirs, abs=5e-4)


def test_residual_correlations_of_mixed_items_are_correlations() -> None:
    """They do not depend on the unit of a continuous item, and means are in its standard deviations."""
    model, ordered = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nx3 ~ 3*1", ["x1", "x2", "x4"]
    data = cases.hs_cut()
    fits = [
        sem.cfa(model.replace("3*1", f"{3 * unit}*1"), data.assign(x3=data["x3"] * unit), ordered=ordered)
        for unit in (1, 10)
    ]
    first, second = (fit.residuals("cor") for fit in fits)
    assert isinstance(first, MomentTables)
    assert isinstance(second, MomentTables)
    assert np.abs(first.cov - second.cov).to_numpy().max() < 1e-5
    assert first.thresholds is not None
    assert second.thresholds is not None
    assert first.thresholds["x3~1"] == pytest.approx(-(data["x3"].mean() - 3) / data["x3"].std(ddof=0), abs=1e-6)
    assert second.thresholds["x3~1"] == pytest.approx(first.thresholds["x3~1"], abs=1e-6)


def test_slopes_on_predictors_are_among_the_moments() -> None:
    implied, left = fitted("mimic_wlsmv").implied(), fitted("mimic_wlsmv").residuals()
    assert list(implied.cov.index) == [f"A{i}" for i in range(1, 6)]
    assert list(implied.slopes.columns) == list(left.slopes.columns) == ["age", "gender"]
    moments = fitted("mimic_wlsmv").sample.groups[0].ordinal
    assert np.abs((implied.slopes + left.slopes).to_numpy() - moments.slopes).max() < 1e-10
