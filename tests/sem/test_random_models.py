"""A minute of the fuzz that `benchmarks/fuzz_models.py` runs for as long as one likes."""

from __future__ import annotations

from time import process_time

import pytest

from tests.sem.random_models import attempt, random_model

BLOCKS, EACH, BUDGET = 6, 14, 11.0
FIRST = 20_000


@pytest.mark.parametrize("block", range(BLOCKS))
def test_only_values_and_refusals_come_out(block: int) -> None:
    """Seeded; a block ends after its share of a minute's computing time, and must have got somewhere by then."""
    begin, fitted = process_time(), 0
    for k in range(EACH):
        model = random_model(FIRST + block * EACH + k)
        outcome = attempt(model)
        assert not outcome.failures, (model.seed, model.text, model.options)
        fitted += outcome.fitted
        if process_time() - begin > BUDGET:
            break
    assert fitted > 0


def test_a_seed_is_one_model() -> None:
    first, again, other = (random_model(seed) for seed in (7, 7, 8))
    assert (first.text, first.options) == (again.text, again.options)
    assert first.data.equals(again.data)
    assert first.text != other.text
