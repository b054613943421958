"""Modification indices and released equalities: lavaan's values, and what freeing the parameter really does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from cxkit import sem
from cxkit.sem.after.modification import _candidates
from cxkit.sem.fit import Fit
from cxkit.sem.language.table import Row
from cxkit.sem.search.discrepancy import Objective
from cxkit.sem.search.estimation import DONE, FULL, _newton
from cxkit.sem.search.model import GroupModel
from cxkit.sem.search.objectives import parts_for
from tests.sem.cases import _key, hs
from tests.sem.modification_cases import CASES, fitted, reference

# Below this an index is rounding: predictors that predict each other, latent means that nothing moves.
NOTHING = 1e-6
LIKELIHOOD = [
    "two_by_two", "two_by_two_fiml", "two_by_two_groups", "second_order", "bifactor", "democracy", "path",
    "regressions_latent", "groups_scalar", "constraints", "growth", "growth_plain", "latent_change", "ri_clpm",
]  # fmt: skip


@cache
def _indices(name: str) -> pd.DataFrame:
    return fitted(name).modification_indices()


def _by_key(fit: Fit, table: pd.DataFrame) -> dict[tuple[Any, ...], Any]:
    labels = list(fit.sample.labels)
    return {(*_key(row.op, row.lhs, row.rhs), labels.index(row.group) + 1): row for row in table.itertuples()}


def _lavaan(name: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    table = reference()["results"][name]["mi"]
    groups = table.get("group", [1] * len(table["lhs"]))
    rows = pd.DataFrame({**table, "group": groups}).to_dict("records")
    return {(*_key(row["op"], row["lhs"], row["rhs"]), row["group"]): row for row in rows}


def _no_parameter(fit: Fit, key: tuple[Any, ...]) -> bool:
    """Moments of given predictors, and the scales of theta: in lavaan's table, but nothing that a model can free."""
    op, lhs, rhs = sorted((key[0], key[2])), key[1], key[2]
    given = set(fit.table.variables.exogenous)
    follows = key[1] == "~*~" and fit.settings["parameterization"] == "theta"
    return follows or (key[1] in ("~~", "~1") and set(op) <= given and lhs != rhs)


@pytest.mark.parametrize("name", CASES)
def test_every_index_is_that_of_lavaan(name: str) -> None:
    """modindices(fit): mi, epc, sepc.lv and sepc.all of every candidate."""
    fit, mine = fitted(name), _by_key(fitted(name), _indices(name))
    assert fit.measures["chisq"] == pytest.approx(reference()["results"][name]["chisq"], rel=1e-6)
    for key, wanted in _lavaan(name).items():
        if key not in mine:
            assert wanted["mi"] < NOTHING or _no_parameter(fit, key), key
            continue
        row = mine[key]
        assert row.mi == pytest.approx(wanted["mi"], rel=1e-4, abs=NOTHING), key
        if wanted["mi"] < NOTHING:
            continue
        assert row.epc == pytest.approx(wanted["epc"], rel=1e-4), key
        # lavaan standardises the present value of a variance or scale and gives it the sign of the change.
        if not (row.op in ("~~", "~*~") and row.lhs == row.rhs):
            scaled = [np.nan if wanted[name] is None else wanted[name] for name in ("sepc.lv", "sepc.all")]
            assert [row.sepc_lv, row.sepc_all] == pytest.approx(scaled, rel=1e-4, nan_ok=True), key


def test_what_lavaan_leaves_out() -> None:
    """Loadings of indicators that are regressed, and residual covariances of outcomes, stand in the table too."""
    beyond = {name: set(_by_key(fitted(name), _indices(name))) - set(_lavaan(name)) for name in CASES}
    assert {key[:3] for key in beyond["two_by_two"]} == {("visual", "=~", "x5"), ("textual", "=~", "x2")}
    assert {key[:3] for key in beyond["path"]} == {
        ("pmi", "~~", "reaction"), ("import", "~~", "reaction"), ("import", "~~", "pmi"),
    }  # fmt: skip
    assert not any(beyond[name] for name in ("groups_scalar", "growth", "wlsmv_groups_strict", "ri_clpm"))


@pytest.mark.parametrize("name", [*CASES, "latent_change"])
def test_no_candidate_is_free_already(name: str) -> None:
    fit = fitted(name)
    for group, model in enumerate(fit.models):
        free = {model.place(row) for row in model.rows}
        candidates = [model.place(row) for row in _candidates(fit, group)]
        assert len(set(candidates)) == len(candidates)
        assert not free & set(candidates)


def _freed(fit: Fit, row: Row) -> tuple[Objective, np.ndarray]:
    """The objective with one candidate freed, and the restricted optimum in its parameters."""
    size, own = fit.table.n_parameters, fit.models[row.group]
    rows = [r for r in fit.table.rows if r.group != row.group or own.place(r) != own.place(row)]
    table = replace(
        fit.table,
        rows=(*rows, replace(row, fixed=None, parameter=size)),
        basis=np.block([[fit.table.basis, np.zeros((size, 1))], [np.zeros((1, fit.n_parameters)), np.ones((1, 1))]]),
        offset=np.append(fit.table.offset, 0.0),
    )
    models = [GroupModel(table, g, fit.settings["ordered"]) for g in range(table.groups)]
    parts = parts_for(models, fit.frame.spaces, fit.sample, fit.frame.estimator, dict(fit.settings))
    return Objective(parts), np.append(fit.solution.z, row.fixed or 0.0)


def _rows(name: str) -> list[tuple[Row, Any]]:
    """Each candidate with its row of the table; moments of given predictors are no part of the fall of chi-square."""
    fit, mine = fitted(name), _by_key(fitted(name), _indices(name))
    given = set(fit.table.variables.exogenous)
    rows = [row for g in range(len(fit.models)) for row in _candidates(fit, g) if row.lhs not in given]
    pairs = [(row, mine.get((*_key(row.op, row.lhs, row.rhs), row.group + 1))) for row in rows]
    return [pair for pair in pairs if pair[1] is not None]


@pytest.mark.parametrize("name", LIKELIHOOD)
def test_the_index_foretells_the_fall_of_chi_square(name: str) -> None:
    """Every candidate is freed. The slope is exact; the fall is that of a parabola, good near the optimum."""
    fit, index, fall = fitted(name), [], []
    for row, told in _rows(name):
        objective, start = _freed(fit, row)
        states = objective.states(start)
        assert states is not None
        # At the restricted optimum only the freed parameter has a slope: minus mi / (n epc).
        assert objective.gradient(states)[-1] == pytest.approx(-told.mi / told.epc / fit.n, rel=1e-4, abs=1e-9), row
        solution = _newton(objective, start, (), DONE, FULL)
        if solution is not None:
            index.append(told.mi)
            fall.append(fit.measures["chisq"] - 2 * fit.n * solution.value)
    assert len(fall) >= 0.8 * len(_rows(name))
    told, found = np.array(index), np.array(fall)
    ratio = found[told > 1] / told[told > 1]
    # chi-square is no parabola: of 800 candidates four leave .7 to 1.5, and bifactor models are flat.
    assert ratio.min(initial=1.0) > 0.7
    assert ratio.max(initial=1.0) < 2.5
    assert not len(ratio) or 0.9 < np.median(ratio) < 1.25
    assert found[told <= 1].max(initial=0.0) < 3.84
    assert len(told) < 15 or spearmanr(told, found).statistic > 0.94


@pytest.mark.parametrize("name", [name for name in CASES if "release" in reference()["results"][name]])
def test_every_released_equality_is_that_of_lavaan(name: str) -> None:
    """lavTestScore(fit)$uni, for labels, groups and `==`."""
    wanted = reference()["results"][name]["release"]["X2"]
    assert sorted(fitted(name).score_tests()["mi"]) == pytest.approx(sorted(wanted), rel=1e-4, abs=NOTHING)


def test_an_equality_of_the_model_is_named_and_released() -> None:
    table = fitted("constraints").score_tests()
    assert list(table["lhs"] + " " + table["op"] + " " + table["rhs"]) == ["a == 2*b", "c-d == 0.1"]
    model = CASES["constraints"].model
    for row in table.itertuples():
        line = {"a": "a == 2*b", "c-d": "c - d == 0.1"}[row.lhs]
        without = sem.sem(model.replace(line, ""), hs())
        values = without.estimates.drop_duplicates("label").set_index("label")["est"]
        gap = {"a": values["a"] - 2 * values["b"], "c-d": values["c"] - values["d"] - 0.1}[row.lhs]
        # One step of a parabola goes in the right direction and about as far.
        assert 0.5 < row.epc / gap < 2
        fall = fitted("constraints").measures["chisq"] - without.measures["chisq"]
        assert 0.7 < fall / row.mi < 1.5


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("name", ["gls", "uls", "wls", "mlr", "wlsmv", "two_by_two_fiml", "wishart"])
def test_the_expected_change_has_the_sign_of_the_change(name: str) -> None:
    """Outside ML too: the largest three candidates go where the search takes them once they are freed.

    One that would close a loop with a regression of the model is passed over: GLS finds no end there.
    """
    fit, case = fitted(name), CASES[name]
    given = fit.table.variables.exogenous
    regressions = fit.estimates[fit.estimates["op"] == "~"]
    there = set(zip(regressions["rhs"], regressions["lhs"], strict=True))
    table = _indices(name)[lambda t: ~t["lhs"].isin(given) & (t["op"] != "~1")]
    cells = zip(table["lhs"], table["op"], table["rhs"], strict=True)
    closes = np.array([op == "~" and (lhs, rhs) in there for lhs, op, rhs in cells])
    table = table[~closes].head(3)
    for row in table.itertuples():
        freed = replace(case, model=f"{case.model}\n{row.lhs} {row.op} NA*{row.rhs}").fit().estimates
        same = (freed["lhs"] == row.lhs) & (freed["op"] == row.op) & (freed["rhs"] == row.rhs)
        assert np.sign(row.epc) == np.sign(freed.loc[same, "est"].iloc[0])


def test_examples_that_went_wrong() -> None:
    """A candidate that shares a place with a free parameter spoiled the whole table."""
    table = _indices("mimic")
    assert table["mi"].to_numpy() == pytest.approx([2.590814, 2.590814], abs=1e-6)
    assert list(table["lhs"] + table["op"] + table["rhs"]) in (["x1~~x2", "x2~~x3"], ["x2~~x3", "x1~~x2"])
    top = _indices("two_by_two").iloc[0]
    assert (top["lhs"], top["op"], top["rhs"]) == ("textual", "=~", "x1")
    assert top["mi"] == pytest.approx(13.1349, abs=1e-4)


def test_a_saturated_model_has_an_empty_table() -> None:
    fit = sem.sem("x1 ~ x2\nx3 ~ x1 + x2", hs())
    table = fit.modification_indices()
    assert list(table.columns) == ["lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all"]
    assert not (table["mi"] > NOTHING).any()
    assert list(fit.score_tests().columns) == ["lhs", "op", "rhs", "group", "mi", "df", "p", "epc"]
