"""What was computed once is not computed again, whether it was a result or a refusal."""

from __future__ import annotations

import copyreg
import traceback

import numpy as np
import pytest

from cxkit.errors import CxkitError, ModelError
from cxkit.kept import Kept
from cxkit.validation.structure import fit
from cxkit.validation.structure.confirmatory import confirm_structure
from tests.conftest import tiny_survey


def copied_whole(error):
    """As tblib, which distributed brings, has exceptions copied: with the traceback and the cause."""
    return copied, (type(error), error.args, error.__traceback__, error.__cause__)


def copied(kind, args, trace, cause):
    error = kind(*args).with_traceback(trace)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("whole", [False, True])
def test_a_refusal_is_kept_as_a_result_is_and_another_error_is_not(monkeypatch, whole):
    if whole:
        monkeypatch.setitem(copyreg.dispatch_table, ModelError, copied_whole)
    calls = []

    def fails():
        calls.append(1)
        raise (ModelError if len(calls) < 2 else OSError)("no end") from ValueError("singular")

    kept: Kept[str, int] = Kept(2, refusals=(ModelError,))
    with pytest.raises(ModelError) as first:
        kept.get("a", fails)
    with pytest.raises(ModelError) as second:
        kept.get("a", fails)
    assert len(calls) == 1
    assert (type(second.value), second.value.args) == (type(first.value), first.value.args)
    assert second.value is not first.value
    # The frames of the search would hold the answers for as long as the refusal is kept.
    assert second.value.__cause__ is None
    assert "fails" not in [frame.name for frame in traceback.extract_tb(second.value.__traceback__)]
    for count in (2, 3):
        with pytest.raises(OSError, match="no end"):
            kept.get("b", fails)
        assert len(calls) == count
    assert [kept.get(key, lambda: 1) for key in "bc"] == [1, 1]
    assert len(kept) == 2  # the refusal has made room


def test_a_model_that_does_not_converge_is_searched_once(monkeypatch):
    searches = []

    def search(*arguments, **options):
        searches.append(options)
        raise ModelError("The model did not converge.")

    monkeypatch.setattr("cxkit.sem.cfa", search)
    survey = tiny_survey(np.random.default_rng(3).integers(1, 6, (60, 6)))
    for _ in range(2):
        with pytest.raises(CxkitError, match="did not converge"):
            confirm_structure(survey)
    assert len(searches) == len(fit.FITS) == 1
