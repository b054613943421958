"""Every model against lavaan 0.6-14: estimates 1e-5, standard errors and fit 1e-4, scaled and robust 1e-3."""

from __future__ import annotations

import re

import pytest

from tests.sem.cases import CASES, ROOT, deviations, expected, optima, references
from tests.sem.fits import fitted

MEASURES = 1e-4
SCALED = 1e-3
LIMITS = {
    "estimates": 1e-5,
    "se": 1e-4,
    "standardised": 1e-5,
    "standardised se": 1e-4,
    "scaled and robust": SCALED,
}
SLOPE = 1e-13


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_lavaan(name: str) -> None:
    found = deviations(fitted(name), expected(name))
    assert not found.missing
    for kind, distance in found.largest.items():
        assert distance <= LIMITS.get(kind, MEASURES), f"{kind} of {found.place[kind]}: {distance:.1e}"


@pytest.mark.parametrize("name", optima())
def test_where_lavaan_stops_short_the_optimum_is_its_own(name: str) -> None:
    """Its gradient is zero there, its chi-square no larger than where it stopped, and ours is the same point."""
    optimum = optima()[name]
    assert optimum["slope"] < SLOPE
    assert optimum["chisq"] <= references()[name]["fit"]["chisq"] * (1 + 1e-9)
    # Polychoric correlations are themselves found by iteration, so chi-squares of ordered answers agree to 1e-7.
    slack = 1e-7 if CASES[name].options.get("ordered") else 1e-9
    assert fitted(name).test.chisq == pytest.approx(optimum["chisq"], rel=slack)


def test_page_shows_every_model() -> None:
    """docs/sem.md holds the table that tools/sem_agreement.py writes, of as many models as are tested here."""
    page = (ROOT / "docs" / "sem.md").read_text(encoding="utf-8")
    assert sum(int(count) for count in re.findall(r"\((\d+) models\)", page)) == len(CASES)
