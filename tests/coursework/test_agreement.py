"""Kappa against R psych 2.2.9, its interval against the delta method, and formulas at their edges.

    library(psych)
    m <- matrix(c(20,5,1,0, 4,18,6,1, 1,5,15,4, 0,1,3,16), 4, 4, byrow=TRUE)
    cohen.kappa(m)$confid        # quadratic weights are psych's default
    cohen <- matrix(c(0.44,0.07,0.09,0.05,0.20,0.05,0.01,0.03,0.06), ncol=3, byrow=TRUE)
    cohen.kappa(cohen, n.obs=200)$confid

psych's interval of weighted kappa is not taken as the measure: its variance (0.004139963 for the second table) agrees
neither with the delta method (0.004416092) nor with 200,000 bootstrap samples (0.00441), which agree with each other.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.coursework.written.agreement import agreement, kappas
from cxkit.errors import MarkingError
from cxkit.statistics.normal import Z_95

FOUR = [[20, 5, 1, 0], [4, 18, 6, 1], [1, 5, 15, 4], [0, 1, 3, 16]]
COHEN = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]


def pairs_of(counts):
    pairs = [(float(a), float(b)) for a, row in enumerate(counts) for b, n in enumerate(row) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize(
    ("counts", "plain", "weighted"),
    [
        (FOUR, (0.46238740653, 0.584673097535, 0.706958788539), 0.814846710300),
        (COHEN, (0.391563702054, 0.491525423729, 0.591487145404), 0.454545454545),
    ],
)
def test_as_psych_has_it(counts, plain, weighted):
    found, near = kappas(*pairs_of(counts))
    assert (found.low, found.value, found.high) == pytest.approx(plain, abs=1e-10)
    assert near.value == pytest.approx(weighted, abs=1e-10)


@pytest.mark.parametrize("counts", [FOUR, COHEN])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_interval_is_that_of_the_delta_method(counts, weighted):
    table = np.array(counts, dtype=float)
    n, size = table.sum(), len(table)
    p = table / n
    apart = np.subtract.outer(np.arange(size), np.arange(size))
    w = 1 - apart**2 / (size - 1) ** 2 if weighted else (apart == 0).astype(float)

    def kappa(q):
        q = q / q.sum()
        chance = (w * np.outer(q.sum(axis=1), q.sum(axis=0))).sum()
        return ((w * q).sum() - chance) / (1 - chance)

    step = 1e-6
    slopes = np.zeros_like(p)
    for place in np.ndindex(p.shape):
        up, down = p.copy(), p.copy()
        up[place] += step
        down[place] -= step
        slopes[place] = (kappa(up) - kappa(down)) / (2 * step)
    variance = ((p * slopes**2).sum() - (p * slopes).sum() ** 2) / n
    found = kappas(*pairs_of(counts))[weighted]
    assert found.value == pytest.approx(kappa(p), abs=1e-12)
    assert ((found.high - found.value) / Z_95) ** 2 == pytest.approx(variance, rel=1e-6)


def test_edges():
    perfect, near = kappas([0, 1, 2], [0, 1, 2])
    assert (perfect.value, near.value, perfect.high) == (1, 1, 1)
    assert math.isnan(kappas([2, 2], [2, 2])[0].value)
    assert math.isnan(kappas([], [])[0].value)


def test_kappa_of_a_marker_who_gave_all_the_same_says_nothing():
    """The same points for 22 of 23 answers, and kappa 0.00 [0.00, 0.00]: the variance of Fleiss is exactly 0 there."""
    found = agreement("q", "claim", ("A", "B"), [2.0] * 23, [2.0] * 22 + [1.0])
    assert found.kappa_text == (
        "kappa says nothing, since A gave the same points to all: have answers of each level marked"
    )
    assert math.isnan(found.kappa.value)
    assert math.isnan(found.weighted.low)
    found = agreement("q", "claim", ("A", "B"), [2.0, 2, 1, 0], [2.0, 1, 1, 0])
    assert found.kappa_text.startswith("kappa 0.6")
    with pytest.raises(MarkingError):
        kappas([1], [1, 2])


def test_what_is_told_of_two_markers():
    found = agreement("q", "claim", ("A", "B"), [3, 2, 1, 0], [2, 2, 1, 0])
    assert (found.count, found.same, found.mean_difference) == (4, 0.75, 0.25)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_markers_and_the_scale_may_change_places(pairs):
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    for one, other in (
        *zip(kappas(first, second), kappas(second, first), strict=True),
        *zip(kappas(first, second), kappas([3 - a for a in first], [3 - b for b in second]), strict=True),
    ):
        assert one.value == pytest.approx(other.value, nan_ok=True)
        assert math.isnan(one.value) or one.low <= one.value <= 1
