"""Everything that a fit to published moments can be asked: a value, or a ModelError in words."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from tests.sem.cases import hs
from tests.sem.random_models import questions, shown

MODEL = "v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6"
ITEMS = [f"x{k}" for k in range(1, 7)]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("estimator", ["ML", "GLS", "ULS"])
def test_a_value_or_words(estimator: str, means: bool, groups: int) -> None:
    """It was an AssertionError where a distribution-free quantity was asked of moments."""
    data = hs()[ITEMS]
    moments = sem.Moments(n=301, cov=data.cov(), mean=data.mean() if means else None)
    fit = sem.cfa(MODEL, moments if groups == 1 else [moments] * groups, estimator=estimator)
    refused = {}
    for name, ask in questions(fit).items():
        try:
            shown(ask())
        except ModelError as refusal:
            refused[name] = str(refusal)
    plt.close("all")
    for name, words in refused.items():
        needs_answers = name.startswith(("scores", "bootstrap", "residuals(standardized)"))
        assert needs_answers == bool(re.search("need(s)? the answers", words)), (name, words)
    assert ("residuals(standardized)" in refused) == (estimator == "ULS")


@pytest.mark.parametrize("estimator", ["MLR", "MLM", "MLMV", "WLS", "DWLS", "ULSMV"])
def test_robust_estimators_are_refused_at_once(estimator: str) -> None:
    with pytest.raises(ModelError, match="anything robust needs the answers"):
        sem.cfa(MODEL, sem.Moments(n=301, cov=hs()[ITEMS].cov()), estimator=estimator)
