"""A search ends at the optimum: a free parameter never makes the fit worse, whatever it began with."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from tests.sem import cases

# The people of these files leave negative variances, of which a warning tells.
pytestmark = pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
ROOT = Path(__file__).parents[2]
CURVES = """
i =~ 1*jsat1 + 1*jsat2 + 1*jsat3
s =~ 0*jsat1 + 1*jsat2 + 2*jsat3
ic =~ 1*commit1 + 1*commit2 + 1*commit3
sc =~ 0*commit1 + 1*commit2 + 2*commit3
"""
FURTHER = [f"{factor} =~ {item}{wave}" for (factor, item), wave in product(
    [("i", "commit"), ("s", "commit"), ("ic", "jsat"), ("sc", "jsat")], (1, 2, 3)
)]  # fmt: skip


@pytest.fixture(scope="module")
def soldiers() -> pd.DataFrame:
    """Job satisfaction and commitment of 495 people in three waves (multilevel::univbct; Bliese & Ployhart, 2002)."""
    long = pd.read_csv(ROOT / "datasets" / "univbct" / "data.csv")
    wide = long.pivot(index="SUBNUM", columns="TIME", values=["JSAT", "COMMIT", "READY"])
    return wide.set_axis([f"{name.lower()}{wave + 1}" for name, wave in wide.columns], axis=1)


# lavaan 0.6-14: growth(paste0(CURVES, further), wide, missing = "ml")
@pytest.mark.parametrize(
    ("further", "chisq", "logl"),
    [
        ("", 105.364831, -3044.219557),
        ("sc =~ jsat3", 105.014466, -3044.044375),
        ("s =~ commit3", 103.362835, -3043.218559),
        ("ic =~ jsat2", 104.487984, -3043.781134),
    ],
)
def test_curves_end_where_lavaans_do(soldiers, further, chisq, logl):
    fit = sem.growth(CURVES + further, soldiers, missing="fiml")
    assert fit.measures["chisq"] == pytest.approx(chisq, abs=1e-5)
    assert fit.measures["logl"] == pytest.approx(logl, abs=1e-5)


@pytest.mark.parametrize("missing", ["fiml", "listwise"])
def test_no_further_loading_makes_the_fit_worse(soldiers, missing):
    least = sem.growth(CURVES, soldiers, missing=missing).measures["chisq"]
    worse = {
        further: fit.measures["chisq"]
        for further in FURTHER
        if (fit := sem.growth(CURVES + further, soldiers, missing=missing)).measures["chisq"] > least + 1e-6
    }
    assert not worse


# lavaan 0.6-14: growth(model, wide, missing = missing) with the loadings 0, NA, 2. With 0, 1, NA it ends with a
# negative variance for FIML of jsat (8.098807) and ready (22.156203), where every other pair of fixed loadings gives
# these.
@pytest.mark.parametrize(
    ("item", "missing", "chisq"),
    [
        ("jsat", "listwise", 7.057642),
        ("jsat", "fiml", 12.323853),
        ("ready", "listwise", 2.671691),
        ("ready", "fiml", 4.394003),
    ],
)
@pytest.mark.parametrize("basis", [(0, 1, "NA"), (0, "NA", 1), ("NA", 0, 1), (0, "NA", 2), (-1, 0, "NA"), ("NA", 1, 0)])
def test_an_open_course_ends_the_same_whichever_two_loadings_are_fixed(soldiers, item, missing, chisq, basis):
    course = " + ".join(f"{loading}*{item}{wave}" for wave, loading in enumerate(basis, 1))
    level = " + ".join(f"1*{item}{wave}" for wave in (1, 2, 3))
    equal = "\n".join(f"{item}{wave} ~~ e*{item}{wave}" for wave in (1, 2, 3))
    fit = sem.growth(f"i =~ {level}\ns =~ {course}\n{equal}", soldiers, missing=missing)
    assert fit.measures["chisq"] == pytest.approx(chisq, abs=1e-4)
    assert (fit.estimates.query("op == '~~' and lhs == rhs").est > 0).all()


def test_an_end_that_fits_better_with_a_negative_variance_is_told(soldiers):
    course = "i =~ 1*jsat1 + 1*jsat2 + 1*jsat3\ns =~ 0*jsat1 + 1*jsat2 + NA*jsat3"
    equal = "\n".join(f"jsat{wave} ~~ e*jsat{wave}" for wave in (1, 2, 3))
    fit = sem.growth(f"{course}\n{equal}", soldiers, missing="fiml")
    assert any("two ends" in warning for warning in fit.warnings)
    there = sem.growth(f"{course} + start(-0.4)*jsat3\n{equal}", soldiers, missing="fiml")
    assert there.measures["chisq"] == pytest.approx(8.098807, abs=1e-4)  # lavaan's with 0, 1, NA
    assert any("Heywood" in warning for warning in there.warnings)


@pytest.mark.parametrize("weak", [True, False])
def test_a_marker_that_hardly_measures_its_factor_is_named(weak):
    chance = np.random.default_rng(7)
    factor = chance.normal(size=400)
    items = {f"x{k}": factor * 0.8 + chance.normal(size=400) * 0.6 for k in (2, 3, 4)}
    items["x1"] = factor * (0.02 if weak else 0.3) + chance.normal(size=400)
    data = pd.DataFrame(items)
    marked = sem.cfa("f =~ x1 + x2 + x3 + x4", data)
    assert any("takes its scale from 'x1'" in warning for warning in marked.warnings) == weak
    for other in (sem.cfa("f =~ x2 + x1 + x3 + x4", data), sem.cfa("f =~ x1 + x2 + x3 + x4", data, std_lv=True)):
        assert not other.warnings
        assert other.measures["chisq"] == pytest.approx(marked.measures["chisq"], abs=1e-5)


@pytest.mark.parametrize("std_lv", [False, True])
def test_few_people_and_a_marker_near_zero(std_lv):
    """lavaan 0.6-14: cfa(model, hs1939_forty, missing = "ml", std.lv = FALSE and TRUE)."""
    forty = pd.read_csv(
        ROOT / "tests/sem/data/hs1939_forty.csv"
    )  # 40 of lavaan::HolzingerSwineford1939, 8 % of the answers blank
    model = "v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\ns =~ x7 + x8 + x9"
    fit = sem.cfa(model, forty, missing="fiml", std_lv=std_lv)
    assert fit.measures["logl"] == pytest.approx(-441.718278, abs=1e-5)
    assert fit.measures["chisq"] == pytest.approx(33.067148, abs=1e-5)


@pytest.mark.filterwarnings("ignore:Heywood case:cxkit.errors.CxkitWarning")
@pytest.mark.filterwarnings("ignore:The covariance matrix of the latent:cxkit.errors.CxkitWarning")
@pytest.mark.filterwarnings("ignore:'.*' takes its scale:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize(
    ("rows", "chisq"),
    [
        ("38 44 45 47 54 55 83 94 123 135 152 185 224 241 269 276 278 279 293 298", 27.68511),
        ("8 14 28 50 64 123 132 144 160 165 179 224 229 239 289", 35.98366),
        ("0 1 2 3 4 5 6 7 8 9 10 11", 75.01665),
    ],
)
def test_improper_ends_of_few_answers_are_the_best_that_are_known(rows: str, chisq: float) -> None:
    """R: fitMeasures(cfa(model, HolzingerSwineford1939[rows + 1, ]), "chisq"); they were 28.81, 41.70 and none."""
    data = cases.hs().iloc[[int(row) for row in rows.split()]]
    assert sem.cfa(cases.HS, data).test.chisq == pytest.approx(chisq, abs=2e-5)
