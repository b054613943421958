"""The real surveys of R's values: read once, as they are never changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

import cxkit as cx
from cxkit.survey.survey import Survey


@pytest.fixture(scope="session")
def shipped() -> Callable[[str], Survey]:
    """`shipped("bfi")`: a survey that comes with the kit."""
    return cache(cx.load_survey)
