"""Factor scores: lavaan's values, and every score beside the respondent to whom it belongs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from tests.sem import cases
from tests.sem.fits import fitted

ORDERED_ITEMS = {"ordered": ["x4", "x7", "x8"]}
TWO = "textual =~ x4+x5+x6\nspeed =~ x7+x8+x9"


def shuffled(data: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """The same respondents in another order under labels of text, some of them twice, with answers missing."""
    out = data.sample(frac=1.0, random_state=seed)
    out.index = pd.Index([f"person {k // 2 if k < 20 else k}" for k in range(len(out))], name="who")
    out["x8"] = out["x8"].where(np.arange(len(out)) % 7 != 3)
    out["x5"] = out["x5"].where(np.arange(len(out)) % 5 != 1)
    return out


def answers(options: dict[str, Any]) -> pd.DataFrame:
    """Those respondents; items that are to be ordered have three categories."""
    data = shuffled(cases.hs())
    cut = {name: pd.qcut(data[name], 3, labels=False) for name in options.get("ordered", ())}
    return data.assign(**cut)


@pytest.mark.filterwarnings("ignore:estimator=.DWLS. without ordered items")  # meant here
@pytest.mark.parametrize("group", [None, "school"])
@pytest.mark.parametrize(
    "options",
    [
        *({"estimator": name} for name in ("ML", "MLR", "MLM", "GLS", "ULS", "WLS", "DWLS")),
        {"missing": "fiml"},
        {"missing": "fiml", "estimator": "MLR", "weights": "w"},
        {"cluster": "cl"},
        ORDERED_ITEMS,
        ORDERED_ITEMS | {"parameterization": "theta", "estimator": "ULSMV"},
    ],
)
def test_scores_stand_beside_their_respondents(options: dict[str, Any], group: str | None) -> None:
    """The scores of each respondent alone are those that the whole sample has under that respondent's row label."""
    data = answers(options)
    fit = sem.cfa(TWO, data, group=group, **options)
    scores = fit.scores()
    answered = data[[f"x{i}" for i in range(4, 10)]].notna()
    used = answered.any(axis=1) if options.get("missing") == "fiml" else answered.all(axis=1)
    assert len(scores) == fit.n
    assert scores.index.equals(data.index[used])
    if group:
        assert (scores["group"].to_numpy() == data.loc[used.to_numpy(), group].to_numpy()).all()
    # Whoever answers higher on the items of a factor scores higher on it: so no row can have been exchanged.
    rows = data[used.to_numpy()]
    for factor, items in (("textual", ["x4", "x5", "x6"]), ("speed", ["x7", "x8", "x9"])):
        within = [True] * len(rows) if group is None else rows[group].to_numpy() == "Pasteur"
        total = rows[items].rank().mean(axis=1).to_numpy()
        assert np.corrcoef(total[within], scores[factor].to_numpy()[within])[0, 1] > 0.85


def test_scores_fit_into_the_data_frame() -> None:
    """`data.assign(**scores)` after respondents were filtered out and dropped for missing answers."""
    data = shuffled(cases.hs()).reset_index(drop=True)
    data = data[data["sex"] == 1]
    fit = sem.cfa(TWO, data, group="school")
    joined = data.assign(**fit.scores())
    assert joined["speed"].notna().sum() == fit.n < len(data)
    assert (joined.loc[joined["speed"].notna(), "group"] == joined.loc[joined["speed"].notna(), "school"]).all()


def test_the_same_answers_under_other_labels() -> None:
    """Samples with missing answers are kept for the next model; the labels of their rows are not."""
    data = shuffled(cases.hs())
    first = sem.cfa(TWO, data, missing="fiml").scores()
    second = sem.cfa(TWO, data.reset_index(drop=True), missing="fiml").scores()
    assert second.index.equals(pd.RangeIndex(len(data)))
    assert np.array_equal(first.to_numpy(), second.to_numpy())


def reference_scores() -> dict[str, Any]:
    path = cases.ROOT / "tests" / "reference" / "sem_scores.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "method"), [(n, m) for n, by in reference_scores().items() for m in by])
def test_agrees_with_lavaan(name: str, method: str) -> None:
    """lavPredict(fit, method = ), by scripts/sem_scores.R, which names the rows of the data they belong to."""
    wanted = reference_scores()[name][method]
    data = cases.CASES[name].data()
    mine = fitted(name).scores(method).loc[data.index[np.array(wanted["row"]) - 1], np.atleast_1d(wanted["factors"])]
    assert np.abs(mine.to_numpy() - np.array(wanted["values"])).max() < 1e-4


def gls(fit: sem.Fit, items: list[str], given: list[str]) -> pd.DataFrame:
    """(Lambda' Theta^-1 Lambda)^-1 Lambda' Theta^-1 (y - E y | x) + E eta | x, from the tables of estimates alone."""
    est, data, latent = fit.estimates, cases.hs(), list(fit.table.variables.latent)

    def block(op: str, rows: list[str], columns: list[str]) -> np.ndarray:
        found = est[est["op"] == op]
        pairs = (
            zip(found["rhs"], found["lhs"], strict=True) if op == "=~" else zip(found["lhs"], found["rhs"], strict=True)
        )
        values = dict(zip(pairs, found["est"], strict=True))
        return np.array([[values.get((r, c), values.get((c, r), 0.0) if op == "~~" else 0.0) for c in columns]
                         for r in rows])  # fmt: skip

    loadings, theta = block("=~", items, latent), block("~~", items, items)
    among, effects, direct = block("~", latent, latent), block("~", latent, given), block("~", items, given)
    x = data[given].to_numpy()
    eta = x @ effects.T @ np.linalg.inv(np.eye(len(latent)) - among).T
    expected = eta @ loadings.T + x @ direct.T
    gaps = data[items].to_numpy() - expected
    weights = np.linalg.solve(loadings.T @ np.linalg.solve(theta, loadings), loadings.T @ np.linalg.inv(theta))
    return pd.DataFrame(eta + (gaps - gaps.mean(0)) @ weights.T, columns=latent)


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        cases.MIMIC,
        cases.MIMIC + "\nx2 ~ ageyr\nx5 ~ sex",
        cases.MIMIC + "\nx1 ~~ x4\nx3 ~~ x5\nx6 ~ ageyr",
        cases.HS + "\nspeed ~ sex\nx4 ~~ x7",
    ],
)
def test_bartlett_scores_are_given_the_predictors(model: str, means: bool) -> None:
    """Observed predictors are no indicators: the textbook's formula, from the estimates that anyone can see."""
    fit = sem.sem(model, cases.hs(), meanstructure=means)
    items = [name for name in fit.table.variables.observed if name not in fit.table.variables.exogenous]
    wanted = gls(fit, items, list(fit.table.variables.exogenous))
    assert np.abs(fit.scores("bartlett") - wanted).to_numpy().max() < 1e-8


@pytest.mark.parametrize(
    ("model", "missing", "wanted"),
    [
        ("f =~ x1 + x2 + x3\nx4 ~~ x1 + x2", "listwise", (-0.88623, 0.09539, -0.21438)),
        ("f =~ x1 + x2 + x3\nx4 ~~ x1 + x5\nx5 ~~ x6", "listwise", (-0.81728, -0.02775, -0.35693)),
        ("f =~ x1 + x2 + x3\nx4 ~ ageyr\nx4 ~~ x1", "listwise", (-0.93136, 0.01734, -0.26391)),
        ("f =~ x1 + x2 + x3\nx4 ~~ x1 + x2", "fiml", (-0.88280, -0.11002, -0.44207)),
    ],
)
def test_bartlett_scores_use_what_covaries_with_an_item(model: str, missing: str, wanted: tuple[float, ...]) -> None:
    """A variable outside all factors tells of an item's error: the first three people's scores in R.

    lavPredict(sem(model, HolzingerSwineford1939, meanstructure = TRUE), method = "Bartlett"); with gaps d$x4[2] <- NA,
    d$x1[3] <- NA, missing = "fiml". Without x4 the first score came out as -.986.
    """
    data = cases.hs()
    if missing == "fiml":
        data.loc[1, "x4"] = data.loc[2, "x1"] = np.nan
    found = sem.sem(model, data, meanstructure=True, missing=missing).scores("bartlett")
    assert found["f"].head(3).to_numpy() == pytest.approx(wanted, abs=5e-5)


def test_a_predictor_that_covaries_with_an_item_tells_of_its_error() -> None:
    """The textbook's formula given the predictor; without it the first score came out as -.695."""
    data = cases.hs()
    fit = sem.sem("f =~ x1 + x2 + x3\nf ~ x5\nx5 ~~ x1", data, meanstructure=True)
    est = fit.estimates.set_index(["lhs", "op", "rhs"])["est"]
    items = ["x1", "x2", "x3"]
    loadings = np.array([est["f", "=~", item] for item in items])
    errors = np.diag([est[item, "~~", item] for item in items])
    shared = np.array([est["x5", "~~", "x1"], 0.0, 0.0])
    variance = est["x5", "~~", "x5"]
    known = np.outer(data["x5"] - data["x5"].mean(), shared / variance)
    gaps = data[items].to_numpy() - np.array([est[item, "~1", ""] for item in items]) - known
    weight = np.linalg.solve(errors - np.outer(shared, shared) / variance, loadings)
    wanted = gaps @ weight / (loadings @ weight)
    assert fit.scores("bartlett")["f"].to_numpy() == pytest.approx(wanted, abs=1e-8)
    assert wanted[0] == pytest.approx(-0.78839, abs=1e-5)


def test_bartlett_scores_where_an_item_has_no_error() -> None:
    """The limit: what is measured without error is itself."""
    scores = fitted("single_indicator").scores("bartlett")
    assert np.allclose(scores["age"] - scores["age"].mean(), cases.hs()["ageyr"] - cases.hs()["ageyr"].mean())


RI_CLPM = """rx =~ 1*x1 + 1*x2 + 1*x3
ry =~ 1*x4 + 1*x5 + 1*x6
w1 =~ x1\nw2 =~ x2\nw3 =~ x3\nv1 =~ x4\nv2 =~ x5\nv3 =~ x6
w2 ~ w1 + v1\nw3 ~ w2 + v2\nv2 ~ w1 + v1\nv3 ~ w2 + v2
w1 ~~ v1\nw2 ~~ v2\nw3 ~~ v3
x1 ~~ 0*x1\nx2 ~~ 0*x2\nx3 ~~ 0*x3\nx4 ~~ 0*x4\nx5 ~~ 0*x5\nx6 ~~ 0*x6
rx ~~ 0*w1 + 0*v1\nry ~~ 0*w1 + 0*v1"""


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_bartlett_scores_that_do_not_exist_are_refused() -> None:
    """A factor of factors; as many factors as items; neither becomes rounding noise."""
    with pytest.raises(ModelError, match="Bartlett scores of 'G' do not exist.*Use method='regression'"):
        fitted("hs_second_order").scores("bartlett")
    waves = sem.sem(RI_CLPM, cases.hs())
    with pytest.raises(ModelError, match="Bartlett scores of 'rx', 'ry', 'w1'.* do not exist"):
        waves.scores("bartlett")
    assert np.isfinite(waves.scores().to_numpy()).all()


def test_bartlett_scores_of_whoever_answered_no_item_of_a_factor() -> None:
    data = cases.hs()
    data.loc[[4, 9], ["x4", "x5", "x6"]] = np.nan
    fit = sem.cfa(TWO, data, missing="fiml")
    with pytest.warns(CxkitWarning, match=r"none of its items answered.*'textual' \(2\)"):
        scores = fit.scores("bartlett")
    assert list(scores.index[scores["textual"].isna()]) == [4, 9]
    assert scores["speed"].notna().all()
    assert fit.scores().notna().all(axis=None)


def test_regression_scores_are_shrunken_bartlett_scores() -> None:
    """Regression scores are Bartlett scores shrunk by Psi Lambda' Sigma^-1 Lambda."""
    fit = fitted("hs_ml")
    model = fit.models[0]
    full = model.full_moments(model.values(fit.solution.z))[0]
    a, s, _ = model.matrices(model.values(fit.solution.z))
    lam, theta, psi = a[:9, 9:], s[:9, :9], full[9:, 9:]
    bartlett, regression = fit.scores("bartlett").to_numpy(), fit.scores("regression").to_numpy()
    shrink = psi @ lam.T @ np.linalg.inv(lam @ psi @ lam.T + theta) @ lam
    assert np.abs(bartlett @ shrink.T - regression).max() < 1e-10


def test_modes_of_ordered_answers_are_modes() -> None:
    """No step in any direction raises the posterior density, here written out once more and for one respondent."""
    fit = fitted("bfi_agree_gender.thr_loadings")
    data = cases.bfi_an()
    scores, est = fit.scores("EBM"), fit.estimates
    for row in (0, 7, 100):
        person, mode = data.iloc[row], scores["A"].iloc[row]
        mine = est[est["group"] == scores["group"].iloc[row]].set_index(["lhs", "op", "rhs"])["est"]

        def density(eta: float, person: pd.Series = person, mine: pd.Series = mine) -> float:
            total = -0.5 * (eta - mine["A", "~1", ""]) ** 2 / mine["A", "~~", "A"]
            for item in [f"A{i}" for i in range(1, 6)]:
                cuts = np.array([-np.inf, *(mine[item, "|", f"t{k}"] for k in range(1, 6)), np.inf])
                level = int(person[item])
                at = cuts[[level - 1, level]] - mine[item, "~1", ""] - mine["A", "=~", item] * eta
                total += np.log(np.diff(norm.cdf(at / np.sqrt(mine[item, "~~", item])))[0])
            return float(total)

        best = minimize_scalar(lambda eta: -density(eta), bounds=(-6, 6), method="bounded", options={"xatol": 1e-9})
        assert mode == pytest.approx(best.x, abs=1e-6)


def test_modes_do_not_depend_on_the_parameterisation() -> None:
    """Both are the same model; only the unit of a factor differs. (lavaan 0.6-14 mixes the units of "theta".)"""
    scores = [fitted(name).scores() for name in ("mimic_wlsmv", "mimic_theta")]
    units = [scores[1][name] @ scores[0][name] / (scores[0][name] @ scores[0][name]) for name in scores[0]]
    assert np.abs(scores[0] * units - scores[1]).to_numpy().max() < 1e-4


def test_words_of_lavpredict_and_what_is_refused() -> None:
    fit = fitted("hs_ml")
    assert fit.scores("EBM").equals(fit.scores("regression"))
    assert fit.scores("ML").equals(fit.scores("bartlett"))
    with pytest.raises(ModelError, match="does not know method='mean'. Known: regression, ebm, bartlett, ml"):
        fit.scores("mean")
    with pytest.raises(ModelError, match="has no latent variables"):
        fitted("regression_path").scores()
    with pytest.raises(ModelError, match="scores need the answers"):
        fitted("wheaton_cov_n932").scores()
    with pytest.raises(ModelError, match="infinite for whoever gave only the lowest"):
        fitted("bfi_agree_wlsmv").scores("bartlett")
