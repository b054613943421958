"""Fits that several test files look at, made once."""

from __future__ import annotations

import warnings
from functools import cache

from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit
from tests.sem.cases import CASES


@cache
def fitted(name: str) -> Fit:
    """The fit of a case; what it warns of is tested where warnings are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return CASES[name].fit()
