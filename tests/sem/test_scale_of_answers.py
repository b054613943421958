"""The unit of the answers changes no finding: measured in millionths or millions, everything is found, and the same."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import chndtr

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.fit import Fit
from cxkit.sem.indices.fit_measures import LONGEST_SERIES, noncentral_chi_square
from tests.sem import cases

ITEMS = [f"x{k}" for k in range(1, 10)]


@cache
def scaled(estimator: str, unit: float, group: str | None = None) -> Fit:
    data = cases.hs()
    return sem.cfa(cases.HS, data.assign(**data[ITEMS] * unit), estimator=estimator, group=group)


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize(
    ("estimator", "group"), [("ML", None), ("MLR", "school"), ("GLS", None), ("WLS", None), ("ULS", None)]
)
def test_modification_indices_keep_their_rows(estimator: str, group: str | None, unit: float) -> None:
    """R's modindices(cfa(model, d)) has 54 rows in either unit; from 1e5 on some were left out without a word."""
    keys = ["lhs", "op", "rhs", "group"]
    plain, other = (scaled(estimator, u, group).modification_indices().set_index(keys) for u in (1.0, unit))
    assert len(plain) == (108 if group else 54)
    other = other.loc[plain.index]
    factor = unit**4 if estimator == "ULS" else 1.0  # without weights the statistic has the unit of the answers
    assert other["mi"].to_numpy() / factor == pytest.approx(plain["mi"].to_numpy(), rel=1e-5, abs=1e-5)
    assert other["sepc_all"].to_numpy() == pytest.approx(plain["sepc_all"].to_numpy(), abs=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1e-4, 1e-2, 1e3, 1e6])
def test_unweighted_least_squares_end_at_the_optimum(unit: float) -> None:
    """R: fitMeasures(cfa(model, HolzingerSwineford1939, estimator = "ULS"), "chisq") gives 72.09822.

    In ten-thousandths the search stopped where it began (129.9), in hundred thousands it found no end.
    """
    fit, plain = scaled("ULS", unit), scaled("ULS", 1.0)
    assert fit.test.chisq / unit**4 == pytest.approx(72.09822, rel=1e-7)
    assert fit.standardized["est_std"].to_numpy() == pytest.approx(plain.standardized["est_std"].to_numpy(), abs=1e-6)
    assert fit.measures["rmsea.ci.lower"] <= fit.measures["rmsea"] <= fit.measures["rmsea.ci.upper"]


def test_the_interval_of_an_enormous_chi_square() -> None:
    """scipy's series has no value for it, and the fit ended in a ValueError of scipy."""
    assert np.isnan(chndtr(1e13, 24, 1e13))
    for away in (-3.0, -0.1, 0.0, 1.0, 3.0):
        for x in (1.001 * LONGEST_SERIES, 1e9):
            at = x + away * 2 * np.sqrt(x)
            assert noncentral_chi_square(x, 24, at) == pytest.approx(chndtr(x, 24, at), abs=1e-10)
    found = scaled("ULS", 1000.0).measures[["rmsea.ci.lower", "rmsea", "rmsea.ci.upper"]]
    assert found.is_monotonic_increasing


@pytest.mark.filterwarnings("ignore:Heywood case:cxkit.errors.CxkitWarning")
@pytest.mark.filterwarnings("ignore:The covariance matrix of the latent:cxkit.errors.CxkitWarning")
@pytest.mark.filterwarnings("ignore:'dem60' takes its scale:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize(
    ("column", "unit", "chisq"), [("y1", 1e3, 114.455), ("y1", 1e5, 114.504), ("x1", 1e-6, 40.17949)]
)
def test_a_model_with_equal_loadings_is_identified_in_any_unit(column: str, unit: float, chisq: float) -> None:
    """y1 in hundred-thousandths made it "not identified".

    R's fitMeasures(sem(model, d), "chisq") with d$y1 <- 1000 * d$y1 is 114.455, and 40.17949 in any unit of x1, which
    is in no equality; with 1e5 lavaan does not converge, and the value is where a factor of y1 without variance leads.
    """
    data = cases.democracy()
    fit = sem.sem(cases.DEMOCRACY_EQUAL, data.assign(**{column: data[column] * unit}))
    assert fit.test.chisq == pytest.approx(chisq, abs=2e-3)


@pytest.mark.parametrize(("column", "unit"), [("y1", 1e5), ("x1", 1e-6)])
def test_units_too_far_apart_are_the_advice(column: str, unit: float) -> None:
    data = cases.democracy()
    with pytest.raises(ModelError, match=rf"\('{column}'\).*: rescale the variables to similar sizes first"):
        sem.sem(cases.DEMOCRACY, data.assign(**{column: data[column] * unit}), estimator="ULS")


@pytest.mark.filterwarnings("ignore:The covariance matrix of the latent:cxkit.errors.CxkitWarning")
def test_factors_of_small_answers_have_variance() -> None:
    """Their variances of 1e-12 passed for none."""
    assert "Without variance" not in scaled("ML", 1e-6).note
    fit = sem.cfa("f =~ x1 + x2 + x3\nf ~~ 0*f\ng =~ x4 + x5 + x6", cases.hs())
    assert "Without variance: 'f'" in fit.note


@pytest.mark.parametrize("unit", [1e-6, 1e-4, 1.0, 1e4])
def test_a_negative_variance_is_found_in_any_unit(unit: float) -> None:
    """A limit of -1e-9 called a variance of -.225 proper where the answers were in millionths.

    Loadings follow from three correlations: .7 * .7 / .4 = 1.225 is the communality of a, beyond 1.
    """
    correlations = np.array([[1.0, 0.7, 0.7], [0.7, 1.0, 0.4], [0.7, 0.4, 1.0]])
    covariances = pd.DataFrame(correlations * unit**2, index=list("abc"), columns=list("abc"))
    with pytest.warns(CxkitWarning, match="Heywood case: the variance of 'a' is estimated at"):
        fit = sem.cfa("f =~ a + b + c", sem.Moments(cov=covariances, n=200))
    assert not fit.is_proper


@pytest.mark.filterwarnings("ignore:Heywood case:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_solution_that_is_proper_is_so_in_any_unit(unit: float) -> None:
    assert scaled("ML", unit).is_proper
    fit = sem.cfa("f =~ x1 + x2 + x3\nx1 ~~ 0*x1", cases.hs().assign(**cases.hs()[ITEMS] * unit))
    assert fit.is_proper  # a variance of 0 is admissible


VARIANCES = "visual =~ x1 + x2 + x3\nx1 ~~ e1*x1\nx2 ~~ e2*x2\nx3 ~~ e3*x3\n"


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize(
    ("model", "chisq"),
    [
        (VARIANCES + "e2 < {0}", 0.40496),
        (VARIANCES + "{0}*e2 < {0}*e3", 6.88747),
        (VARIANCES + "e2 == e3\ne1 == {0}", 9.40676),
        ("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nvisual ~~ c*textual\nc < 0", 59.94217),
    ],
)
def test_constraints_hold_in_any_unit(model: str, chisq: float, unit: float) -> None:
    """In millionths a bound that was broken passed for kept; coefficients of 1e-12 were none, of 1000 not identified.

    R: fitMeasures(cfa(model, HolzingerSwineford1939), "chisq"), for the bounds with `==` in place of `<`, {0} being 1.
    """
    data = cases.hs()
    fit = sem.cfa(model.format(repr(unit**2)), data.assign(**data[ITEMS] * unit))
    assert fit.test.chisq == pytest.approx(chisq, abs=2e-5)


@pytest.mark.parametrize("factor", ["1e-12", "1", "1e12"])
def test_what_a_constraint_is_called_does_not_depend_on_its_unit(factor: str) -> None:
    data = cases.hs()
    with pytest.raises(ModelError, match="is not linear"):
        sem.cfa(f"{VARIANCES}{factor}*e2*e3 == {factor}*e1", data)
    with pytest.raises(ModelError, match="restricts nothing"):
        sem.cfa(f"{VARIANCES}{factor}*e2 - {factor}*e2 == 0", data)
    with pytest.raises(ModelError, match="contradict each other"):
        sem.cfa(f"{VARIANCES}e1 == {factor}\ne1 == 2*{factor}", data)
    with pytest.raises(ModelError, match="can never hold"):
        sem.cfa(f"visual =~ x1 + x2 + x3\nx1 ~~ e1*x1\nx1 ~~ {factor}*x1\ne1 == 2*{factor}", data)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_scores_beside_ordered_answers_in_any_unit(unit: float) -> None:
    """A factor of continuous items in millionths counted as one without variance beside a factor of ordered ones."""
    data = cases.hs()
    cut = {name: pd.qcut(data[name], 3, labels=False) for name in ("x1", "x2", "x3")}
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    plain, other = (
        sem.cfa(model, data.assign(**data[ITEMS] * u).assign(**cut), ordered=list(cut)).scores() for u in (1.0, unit)
    )
    assert other["visual"].to_numpy() == pytest.approx(plain["visual"].to_numpy(), abs=1e-6)
    assert other["textual"].to_numpy() / unit == pytest.approx(plain["textual"].to_numpy(), abs=1e-6)
