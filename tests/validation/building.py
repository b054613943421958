"""Small surveys with any number of items, made in the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey


def survey_of(
    answers: pd.DataFrame | np.ndarray,
    dimensions: Mapping[str, Sequence[str]] | None = None,
    *,
    reversed_items: Sequence[str] = (),
    formative: Sequence[str] = (),
    scale: Mapping[str, object] | None = None,
) -> Survey:
    """A survey of these answers; dimension key to item keys, one dimension "all" with every item where not given."""
    if isinstance(answers, pd.DataFrame):
        frame = answers
    else:
        frame = pd.DataFrame(answers, columns=[f"q{i}" for i in range(1, answers.shape[1] + 1)])
    dimensions = dimensions or {"all": list(frame.columns)}
    instrument = instrument_from(
        {
            "name": "small",
            "title": "Small",
            "citation": "made in a test",
            "licence": "CC0-1.0",
            "scale": dict(scale or {}),
            "dimension": [
                {
                    "key": key,
                    "title": key.capitalize(),
                    "kind": "formative" if key in formative else "reflective",
                    "items": [{"key": i, "text": f"Text of {i}", "reversed": i in reversed_items} for i in items],
                }
                for key, items in dimensions.items()
            ],
        },
        where="test",
    )
    listed = [item for items in dimensions.values() for item in items]
    given = frame[listed].astype(float).reset_index(drop=True)
    return Survey(name="small", instrument=instrument, given=given, respondents=pd.DataFrame(index=given.index))


def factor_answers(seed: int, *, n: int = 120, items: int = 6, factors: int = 1) -> np.ndarray:
    """Answers of n respondents to items that share one or several factors, as continuous numbers."""
    rng = np.random.default_rng(seed)
    common = np.repeat(rng.standard_normal((n, factors)), items // factors, axis=1)
    return common + rng.standard_normal((n, items)) * rng.uniform(0.6, 1.4, size=items)


def with_gaps(answers: np.ndarray, seed: int, share: float = 0.1) -> np.ndarray:
    """The same answers, some of them not given."""
    holed = answers.copy()
    holed[np.random.default_rng(seed).random(answers.shape) < share] = np.nan
    return holed


class Case(NamedTuple):
    """A data set of R's values in validation_factors.json, and how the same answers are reached here."""

    key: str
    name: str
    dimensions: list[str] | None = None
    missing: str = "complete"

    @property
    def options(self) -> dict[str, object]:
        """For any analysis of this folder."""
        return {"dimensions": self.dimensions, "missing": self.missing}


CASES = [
    Case("bfi25_listwise", "bfi"),
    Case("bfi25_pairwise", "bfi", missing="pairwise"),
    Case("hs9", "hs1939"),
    Case("customersat", "customersat"),
    Case("lq2002_lead", "lq2002", ["leadership"]),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
