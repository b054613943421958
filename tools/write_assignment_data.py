"""Write the data of the assignments, from the seeded generator; all of it is synthetic.

    python tools/write_assignment_data.py

A test makes the files anew and compares every byte.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cxkit.survey.simulate import simulate_culture

ASSIGNMENTS = Path(__file__).parents[1] / "assignments"
NOT_ANSWERED = 99
"""The code of `culture8` for an answer that was not given."""


def validate_instrument() -> dict[str, pd.DataFrame]:
    """1,400 people of one organisation; half of the missing answers stand as a code, as survey software writes them."""
    frame = simulate_culture(organisations=2, respondents=(1400, 1400), seed=20261152).frame
    frame = frame[frame["organisation"] == "Synthetic 01"].drop(columns=["industry", "unit", "ENPS"])
    items = frame.columns[4:]
    coded = frame[items].isna() & (np.random.default_rng(20261102).random((len(frame), len(items))) < 0.5)
    frame[items] = frame[items].mask(coded, NOT_ANSWERED)
    return {"survey.csv": frame}


def benchmark_organisation() -> dict[str, pd.DataFrame]:
    """Sixty organisations of very different sizes, the smallest too small to be reported.

    Some people answer only one or two statements of a discipline: too few for a score.
    """
    frame = simulate_culture(organisations=60, respondents=(20, 160), seed=20261111).frame
    _answer_in_part(frame, np.random.default_rng(20261112))
    return {"survey.csv": frame.drop(columns=["industry", "function", "unit"])}


def _answer_in_part(frame: pd.DataFrame, draws: np.random.Generator) -> None:
    """Let 6 % of the people answer only one or two statements of a discipline, others for each discipline."""
    items = frame.columns[6:46]
    for first in range(0, len(items), 5):
        chosen = draws.random(len(frame)) < 0.06
        kept = draws.random((len(frame), 5)).argsort(axis=1) >= 3 + (draws.random(len(frame)) < 0.5)[:, None]
        block = items[first : first + 5]
        frame[block] = frame[block].mask(~kept & chosen[:, None])


def organisational_gaps() -> dict[str, pd.DataFrame]:
    """900 people of one organisation, in units of about fifteen.

    Human resources has two executives and six managers, so that two of its cells are small for most students, and one
    may be empty. Some people answer too few statements of a discipline for a score.
    """
    frame = simulate_culture(organisations=2, respondents=(900, 900), seed=20261131).frame
    frame = frame[frame["organisation"] == "Synthetic 01"].copy()
    managers = frame.index[(frame["function"] == "Human resources") & (frame["level"] == "Managers")]
    frame.loc[managers[6:], "level"] = "Staff"
    _answer_in_part(frame, np.random.default_rng(20261132))
    return {"survey.csv": frame.drop(columns=["industry", "ENPS"])}


def culture_to_customers(seed: int = 20261121) -> dict[str, pd.DataFrame]:
    """Branches of a bank whose customers' experience follows from the culture, and retention from the experience.

    Overall culture and experience of a branch correlate .55; customers of a branch differ much more than branches do.
    Another `seed` gives another bank of the same kind.
    """
    made = simulate_culture(organisations=140, respondents=(14, 40), seed=seed)
    employees = made.frame.drop(columns=["industry", "function", "unit"]).rename(columns={"organisation": "branch"})
    culture = made.truth.tables["organisations"].groupby("organisation")["culture"].mean()
    z = ((culture - culture.mean()) / culture.std()).to_numpy()
    draws = np.random.default_rng(seed + 1)

    def normal(count: int) -> np.ndarray:
        return ndtri(draws.random(count))

    experience = 0.55 * z + np.sqrt(1 - 0.55**2) * normal(len(z))
    loyalty = 1.0 + 0.65 * experience + 0.05 * z + 0.3 * normal(len(z))
    branch = np.repeat(np.arange(len(z)), 20 + (draws.random(len(z)) * 41).astype(int))
    rating = np.clip(np.rint(7.0 + 0.9 * experience[branch] + 1.9 * normal(len(branch))), 0, 10).astype(int)
    stays = draws.random(len(branch)) < 1 / (1 + np.exp(-(loyalty[branch] + 0.15 * (rating - 7))))
    customers = pd.DataFrame(
        {
            "customer": [f"C{n:05}" for n in range(1, len(branch) + 1)],
            "branch": culture.index[branch],
            "rating": rating,
            "retained": np.where(stays, "yes", "no"),
        }
    )
    return {"survey.csv": employees, "customers.csv": customers}


TABLES = {
    "validate-instrument": validate_instrument,
    "benchmark-organisation": benchmark_organisation,
    "organisational-gaps": organisational_gaps,
    "culture-to-customers": culture_to_customers,
}


def files() -> dict[str, str]:
    """Every file by its path within `assignments/`, as csv text."""
    return {
        f"{assignment}/data/{name}": table.to_csv(index=False, lineterminator="\n")
        for assignment, make in TABLES.items()
        for name, table in make().items()
    }


def main() -> None:
    """Write them all."""
    for name, text in files().items():
        path = ASSIGNMENTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        print(f"wrote assignments/{name}")


if __name__ == "__main__":
    main()
