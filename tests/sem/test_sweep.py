"""Every public method of a fit, on the models of the tests: a value or a CxkitError, nothing empty without a reason."""

from __future__ import annotations

import copy
import pickle
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxkit.errors import CxkitError, CxkitWarning
from cxkit.sem.fit import Fit
from tests.sem.cases import CASES
from tests.sem.fits import fitted
from tests.sem.random_models import questions, shown

# Models of 25 items take minutes and differ from their smaller kin in size alone; of the others every second one.
LARGE = ("bfi25", "bfi5", "education", "bfi_AN_gender")
SWEPT = [name for name in CASES if not name.startswith(LARGE)][::2]
# Empty by definition, as the docstrings say: standardised residuals of what is fitted exactly, and what is taken as
# given; a test without degrees of freedom; alpha and HTMT of a single item.
DEFINED = ("residuals(standardized)", "implied()", "compare(", "reliability()", "modification_indices()", "bootstrap(")
SLOW = ("bootstrap(bca)",)


def empty_cells(value: Any) -> Iterator[str]:
    """Names of the columns or entries in which a number is missing."""
    if isinstance(value, dict):
        for part in value.values():
            yield from empty_cells(part)
    elif isinstance(value, pd.DataFrame):
        numbers = value.select_dtypes("number")
        yield from (str(name) for name in numbers.columns[numbers.isna().any()])
    elif isinstance(value, pd.Series) and value.dtype.kind == "f":
        yield from map(str, value.index[value.isna()])
    elif isinstance(value, float | np.floating) and np.isnan(value):
        yield "value"


def untold(fit: Fit, name: str, value: Any) -> set[str]:
    """What is empty without a reason."""
    empty = set(empty_cells(value))
    if name in ("estimates", "standardized"):
        fixed = value["se"].to_numpy() == 0
        for column in ("z", "p"):
            if column in empty and not np.isnan(value[column].to_numpy()[~fixed]).any():
                empty.discard(column)
    if name == "measures":
        empty -= {word.rstrip(".") for word in re.findall(r"[\w.]+", fit.note)}
    # A negative variance has no root, and a definition may have no value: the note says so.
    if "is estimated at -" in fit.note or "left empty" in fit.note:
        return set() if name != "measures" else empty
    return set() if name.startswith(DEFINED) else empty


def told_by(said: list[warnings.WarningMessage]) -> set[str]:
    """Latent variables of which a warning says that some respondents have no score."""
    texts = [str(one.message) for one in said if "scores are missing (NaN)" in str(one.message)]
    return set(re.findall(r"'(\w+)' \(", " ".join(texts)))


def test_enough_models_are_swept() -> None:
    assert len(SWEPT) >= 60


@pytest.mark.parametrize("name", SWEPT)
def test_a_fit_goes_to_another_process_and_comes_back(name: str) -> None:
    """The bootstrap sends fits to workers; code objects and local functions cannot be sent."""
    fit = fitted(name)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(fit)).estimates, fit.estimates)
    pd.testing.assert_frame_equal(copy.deepcopy(fit).estimates, fit.estimates)


@pytest.mark.parametrize("name", SWEPT)
def test_a_value_or_a_refusal(name: str) -> None:
    fit = fitted(name)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", CxkitWarning)
        for question, ask in questions(fit).items():
            if question.startswith(SLOW):
                continue
            with suppress(CxkitError):
                value = ask()
                shown(value)
                assert not untold(fit, question, value) - told_by(said), question
    plt.close("all")


@pytest.mark.parametrize("name", ["talor_simple_mediation", "bfi_agree_wlsmv", "mimic_wlsmv", "hs_uls"])
def test_the_note_says_why_a_measure_has_no_value(name: str) -> None:
    reasons = {
        "talor_simple_mediation": "No value for pvalue, rmsea.pvalue, .*: the model has 0 degrees of freedom",
        "bfi_agree_wlsmv": "No value for srmr_mplus, srmr_mplus_nomean: defined for continuous answers only",
        "mimic_wlsmv": "the correction of ordered items is not defined given predictors",
        "hs_uls": "No value for pvalue, baseline.pvalue: without weights the statistic has no chi-square distribution",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)

        assert re.search(reasons[name], fitted(name).note)
