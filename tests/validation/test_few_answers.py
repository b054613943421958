"""An item that few answered leaves no verdict on fit anywhere: the sentence names the item instead."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

import cxkit as cx
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.structure.comparison import compare_structures
from cxkit.validation.structure.confirmatory import confirm_structure
from cxkit.validation.validity.common_method import common_method
from cxkit.validation.validity.convergent import convergent_validity
from cxkit.validation.validity.discriminant import discriminant_validity
from tests.validation.building import factor_answers, survey_of

BLOCKS = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6", "q7", "q8"]}
NAMED = "'q8' was answered by 16 of 300 respondents"


@cache
def survey(answered: int = 16) -> cx.Survey:
    answers = factor_answers(5, n=300, items=8, factors=2)
    answers[:, [0, 1, 4, 5]] += np.random.default_rng(5).standard_normal((300, 1))
    answers = np.clip(np.round(answers + 3), 1, 5)
    answers[answered:, 7] = np.nan
    return survey_of(answers, BLOCKS, scale={"low": 1, "high": 5})


def asked(analysis, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        return analysis(survey(), **options)


def test_structure_is_not_judged():
    found = asked(confirm_structure, ordered=False)
    assert found.indices[["cfi", "tli", "rmsea", "rmsea_low", "rmsea_high"]].isna().all()
    assert found.fit.measures["chisq.scaled"] > 0
    assert "The fit is not judged: robust CFI, TLI and RMSEA have no value: " in found.text
    assert NAMED in found.text
    assert "nan" not in found.text
    assert "indices are good" not in found.text
    assert len(found.verdicts) == 0


def test_structures_are_not_ranked():
    found = asked(compare_structures, models=["first-order", "one-factor"], ordered=False)
    assert set(found.frame["verdict"]) == {"not judged"}
    assert found.frame[["cfi", "tli", "rmsea"]].isna().all(axis=None)
    assert found.text.startswith("The models are not ranked by their fit: robust CFI, TLI and RMSEA have no value")
    assert NAMED in found.text
    assert NAMED in found.note
    assert "not fitted" not in found.alt
    assert len(found.verdicts) == 0


def test_method_models_have_no_indices():
    found = asked(common_method)
    fitted = found.frame[found.frame["chi_square"].notna()]
    assert len(fitted)
    assert fitted["cfi"].isna().all()
    assert NAMED in found.note


@pytest.mark.parametrize("analysis", [convergent_validity, discriminant_validity])
def test_validity_waits_for_the_fit(analysis):
    options = {"bootstraps": 0} if analysis is discriminant_validity else {}
    found = asked(analysis, ordered=False, **options)
    assert "is not judged (robust CFI, TLI and RMSEA have no value" in found.text
    assert NAMED in found.text
    assert "fits poorly" not in found.text
    assert not [v for v in found.verdicts if "fits poorly" in v.verdict]


def test_invariance_judges_no_level():
    frame = survey(34)
    frame.respondents["unit"] = ["north", "south"] * 150
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        found = measurement_invariance(frame, by="unit", dimensions=["b"], ordinal=False)
    assert found.frame["verdict"].tolist()[0] == "cannot be judged"
    assert found.evidence.levels == {"b": "none"}
    assert "the model of B cannot be judged" in found.text
    assert "'q8' was answered by 17 of 150 respondents" in found.note
    assert "nan" not in found.text
