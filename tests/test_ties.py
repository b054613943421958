"""What is ordered or chosen by size is so alike on every machine: the last bits of a computation decide nothing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxkit import ties

ROOT = Path(__file__).parents[1]
WINGS = ("gaps", "benchmarking", "validation", "results", "sem")
# By counts, which are exact, or within one machine's run only
EXACT = {
    'frame["n"].idxmax()', "frame['n'].idxmax()", 'sort_values("n"', 'sort_values("flagged"', 'sort_values("missing"',
    'sort_values("order"', 'sort_values(["band", "answer"])',
}  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_the_last_bits_move_nothing(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(-4, 5, 12) / 7 * 10.0 ** rng.integers(-3, 4)
    noise = values * (1 + rng.uniform(-4e-16, 4e-16, 12)) + rng.uniform(-1e-16, 1e-16, 12) * np.abs(values).max()
    for by_size in (False, True):
        one, other = (
            ties.largest_first(pd.DataFrame({"v": each, "row": range(12)}), "v", by_size=by_size)["row"].tolist()
            for each in (values, noise)
        )
        assert one == other
    labels = list("abcdefghijkl")
    for choose in (ties.largest, ties.smallest):
        assert choose(pd.Series(values, labels)) == choose(pd.Series(noise, labels))


def test_order_as_of_pandas_where_there_are_no_ties():
    frame = pd.DataFrame({"v": [0.3, np.nan, -2.0, 1.5, 0.1]}, index=list("abcde"))
    usual = frame.sort_values("v", ascending=False)
    pd.testing.assert_frame_equal(ties.largest_first(frame, "v"), usual)
    assert ties.largest_first(frame, "v", by_size=True).index.tolist() == ["c", "d", "a", "e", "b"]
    assert (ties.largest(frame["v"]), ties.smallest(frame["v"])) == ("d", "c")


@pytest.mark.parametrize("values", [[0.0, 0.0], [1e300, 1e299], [1e-300, 2e-300], [np.inf, 1.0], [np.nan, 1.0]])
def test_values_of_any_size_can_be_rounded(values):
    np.testing.assert_allclose(ties.rounded(values), values, rtol=1e-8)


def test_no_analysis_orders_by_unrounded_numbers():
    """Every `idxmax` and `sort_values` of the study wing is by a count, or in ties.py."""
    found = []
    for path in (path for wing in WINGS for path in (ROOT / "cxkit" / wing).rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"\.idx(max|min)\(|\.sort_values\(", line) and not any(one in line for one in EXACT):
                found.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    assert found == []
