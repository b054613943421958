"""How many attentive respondents does the screening flag? Fresh honest surveys of several kinds, their truth known.

    .venv/bin/python benchmarks/false_flags.py [surveys of each kind]

Prints for each kind the rate of each flag, of any flag, of two flags or more, and how many careless respondents of two
manners (10 % of one more survey) have two flags or more. The answers come from a factor model of their own, not from
the distribution that calibrates the cut-offs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey
from cxkit.validation.screening.respondents import screen_respondents


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of survey of attentive people."""

    name: str
    n: int = 300
    dimensions: int = 5
    items: int = 4  # of each dimension
    points: int = 5
    spread: float = 0.6  # SD of the items' means, in SDs of an answer
    loading: float = 0.7
    factor_r: float = 0.4
    missing: float = 0.0
    reversed_share: float = 0.0
    lift: float = 0.0  # how far answers lie above the middle of the scale, in SDs


KINDS = (
    Kind(name="20 items, means differ"),
    Kind(name="20 items, flat means", spread=0.05),
    Kind(name="40 items of 7, flat, 10 % missing", dimensions=8, items=5, points=7, spread=0.1, missing=0.10),
    Kind(name="6 items, one dimension", dimensions=1, items=6, spread=0.3),
    Kind(name="40 items, reversed third, n = 1000", n=1000, dimensions=8, items=5, reversed_share=0.34),
    Kind(name="12 items, n = 60", n=60, dimensions=4, items=3),
    Kind(name="24 items, ceiling, strong factors", dimensions=6, spread=0.2, loading=0.85, factor_r=0.7, lift=1.2),
    Kind(name="40 items, n = 120, 10 % missing", n=120, dimensions=8, items=5, missing=0.10),
)


def honest_survey(
    kind: Kind, seed: int, *, careless: str = "", careless_share: float = 0.1
) -> tuple[Survey, np.ndarray]:
    """A survey of this kind, and who in it is careless (nobody, unless a manner is named)."""
    rng = np.random.default_rng(seed)
    items = kind.dimensions * kind.items
    shared = np.sqrt(kind.factor_r) * rng.standard_normal((kind.n, 1))
    factors = shared + np.sqrt(1 - kind.factor_r) * rng.standard_normal((kind.n, kind.dimensions))
    loadings = kind.loading + rng.uniform(-0.1, 0.1, items)
    latent = np.repeat(factors, kind.items, axis=1) * loadings
    latent += np.sqrt(1 - loadings**2) * rng.standard_normal((kind.n, items))
    is_reversed = np.arange(items) % kind.items < round(kind.reversed_share * kind.items)
    latent = np.where(is_reversed, -latent, latent) + kind.spread * rng.standard_normal(items) + kind.lift
    middle = (kind.points + 1) / 2
    answers = np.clip(np.round(middle + latent * kind.points / 5), 1, kind.points)
    who = rng.random(kind.n) < (careless_share if careless else 0.0)
    if careless == "one answer":
        answers[who] = rng.integers(1, kind.points + 1, (int(who.sum()), 1))
    elif careless == "at random":
        answers[who] = rng.integers(1, kind.points + 1, (int(who.sum()), items))
    answers[rng.random(answers.shape) < kind.missing] = np.nan
    return _survey(kind, answers, is_reversed), who


def _survey(kind: Kind, answers: np.ndarray, is_reversed: np.ndarray) -> Survey:
    described = []
    for d in range(kind.dimensions):
        numbers = range(d * kind.items, (d + 1) * kind.items)
        items = [{"key": f"q{i}", "text": f"Item {i}", "reversed": bool(is_reversed[i])} for i in numbers]
        described.append({"key": f"d{d}", "title": f"Dimension {d}", "items": items})
    about = {"name": "honest", "title": kind.name, "citation": "simulated", "licence": "CC0-1.0"}
    scale = {"low": 1, "high": kind.points}
    instrument = instrument_from({**about, "scale": scale, "dimension": described}, where="simulation")
    given = pd.DataFrame(answers, columns=list(instrument.items))
    return Survey(name=kind.name, instrument=instrument, given=given, respondents=pd.DataFrame(index=given.index))


def flag_rates(kind: Kind, surveys: int, first_seed: int = 1) -> pd.Series:
    """The share of attentive respondents with each flag, any flag, and two or more."""
    rows = []
    for seed in range(first_seed, first_seed + surveys):
        result = screen_respondents(honest_survey(kind, seed)[0])
        shares = dict(zip(result.summary["index"], result.summary["share"], strict=True))
        counts = result.frame["flag_count"]
        rows.append({**shares, "any": (counts >= 1).mean(), "two": (counts >= 2).mean(), "copies": result.copies > 0})
    return pd.DataFrame(rows).fillna(0.0).mean()


def found(kind: Kind, manner: str, seed: int) -> float:
    """The share of careless respondents with two flags or more."""
    survey, who = honest_survey(kind, seed, careless=manner)
    counts = screen_respondents(survey).frame["flag_count"].to_numpy()
    return float((counts[who] >= 2).mean())


def main() -> None:
    surveys = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    for kind in KINDS:
        rates = flag_rates(kind, surveys)
        print(f"\n{kind.name}")
        print("  " + ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items()))
        caught = ", ".join(f"{manner} {found(kind, manner, 1):.0%}" for manner in ("one answer", "at random"))
        print(f"  two flags or more among the careless: {caught}")


if __name__ == "__main__":
    main()
