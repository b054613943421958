"""Models that estimate nothing, in all groups or in one: they are tested, and every question has an answer."""

from __future__ import annotations

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from cxkit.sem.after.residuals import MomentTables
from tests.sem import cases

FIXED = "x1 ~ 0.5*x2\nx1 ~~ 1*x1"


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "GLS", "ULS"])
def test_a_model_without_free_parameters(estimator: str) -> None:
    """It ended in an IndexError, and lavaan gives no test of it.

    In R, with S <- cov(d[c("x1", "x2")]) * 300 / 301 and Sigma as the model says, 301 * (log(det(Sigma)) - log(det(S))
    + sum(diag(S %*% solve(Sigma))) - 2) is 24.90139; with r <- d$x1 - d$x2 / 2, sum(dnorm(r - mean(r), log = TRUE)) is
    -471.715393.
    """
    fit = sem.sem(FIXED, cases.hs(), estimator=estimator, fixed_x=True)
    assert (fit.n_parameters, fit.df) == (0, 2)
    if "logl" in fit.measures:
        assert fit.test.chisq == pytest.approx(24.90139, abs=1e-5)
        assert fit.measures["logl"] == pytest.approx(-471.715393, abs=1e-6)
    assert "nan" not in fit.text
    assert (fit.estimates["se"] == 0).all()
    assert (fit.standardized["se"] == 0).all()
    assert fit.vcov.shape == (0, 0)
    assert fit.score_tests().empty
    assert fit.modification_indices()["mi"].notna().all()
    for kind in ("raw", "cor", "standardized"):
        tables = fit.residuals(kind)
        assert isinstance(tables, MomentTables)
        assert tables.cov.notna().to_numpy().all()
    for refused in (fit.scores, fit.reliability):
        with pytest.raises(ModelError):
            refused()
    assert "x1" in str(fit)
    assert fit.alt


def test_a_group_without_free_parameters() -> None:
    """The other group is as it is alone, and chi-squares add up."""
    data = cases.hs()
    one, two = (data[data["school"] == school] for school in ("Pasteur", "Grant-White"))
    both = sem.sem("x1 ~ c(NA, 0.5)*x2\nx1 ~~ c(NA, 1)*x1\nx1 ~ c(NA, 5)*1", data, group="school")
    apart = [sem.sem("x1 ~ x2\nx1 ~ 1", one), sem.sem(f"{FIXED}\nx1 ~ 5*1", two)]
    assert both.test.chisq == pytest.approx(sum(fit.test.chisq for fit in apart), rel=1e-8)
    found = both.estimates.query("group == 'Pasteur' and se > 0")["est"]
    assert sorted(found) == pytest.approx(sorted(apart[0].estimates.query("se > 0")["est"]), rel=1e-6)
    assert np.isfinite(both.standardized["est_std"].to_numpy()).all()
