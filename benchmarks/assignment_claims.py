"""Do the keys of the kit's assignments hold what their tasks say? By simulation, with the keys' own code.

    python benchmarks/assignment_claims.py [--banks 300]

Retention (`culture-to-customers`): in how many of 100 banks of the same kind the 95 % intervals of the two quarters
hold the share of all such quarters, by the model answer (which counts branches) and by the foreseen mistake that counts
customers; and how far other intervals that count branches lie from the model's, beside the tolerance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from cxkit.coursework.declarations import read_assignment
from cxkit.coursework.regions import split
from cxkit.coursework.source import questions_of, read_source
from cxkit.survey.simulate import simulate_culture
from tests.coursework.other_answers import OTHER
from tools.write_assignment_data import culture_to_customers

ASSIGNMENTS = Path(__file__).parents[1] / "assignments"
DISCIPLINE = "customer_insight"


def key(assignment: str, question: str) -> str:
    """The code of the model answer of a question."""
    cells = read_source(read_assignment(ASSIGNMENTS / assignment).source)["cells"]
    own = [cell for cell in cells if cell["cell_type"] == "code" and question in questions_of(cell)]
    pieces = [piece for cell in own for piece in split(cell["source"], "code", lambda _: None)]
    return "\n".join(piece.text for piece in pieces if piece.is_solution)


def mistake(assignment: str, name: str) -> str:
    """The code of a foreseen mistake."""
    return (ASSIGNMENTS / assignment / "mistakes" / f"{name}.py").read_text(encoding="utf-8")


def left_by(code: str, given: dict[str, Any]) -> dict[str, Any]:
    """The variables after code that finds `given` there."""
    names = {"np": np, "pd": pd, "stats": stats, **given}
    exec(code, names)
    return names


# --- retention --------------------------------------------------------------------------------------------------------


def banks(count: int) -> Iterator[dict[str, Any]]:
    """What the task finds, for banks of the same kind with as many employees and customers as a student gets."""
    survey = simulate_culture(organisations=2, respondents=(5, 5), seed=1).survey
    items = [survey.instrument.items[item] for item in survey.items_of(DISCIPLINE)]
    rows = {file.relative: file.rows for file in read_assignment(ASSIGNMENTS / "culture-to-customers").files}
    for number in range(count):
        tables = culture_to_customers(seed=31_000_000 + 10 * number)
        draws = np.random.default_rng(number)
        part = {
            name: table.iloc[np.sort(draws.choice(len(table), rows[f"data/{name}"], replace=False))]
            for name, table in tables.items()
        }
        answers = part["survey.csv"][[item.key for item in items]].astype("float64")
        for item in items:
            if item.reversed:
                answers[item.key] = 8 - answers[item.key]
        scores = answers.mean(axis=1).where(answers.notna().sum(axis=1) >= 3)
        of_employees = scores.groupby(part["survey.csv"]["branch"])
        customers = part["customers.csv"].assign(kept=part["customers.csv"]["retained"] == "yes")
        by_branch = customers.groupby("branch")
        enough = by_branch.size().reindex(of_employees.size().index, fill_value=0) >= 10
        names = of_employees.size().index[(of_employees.count() >= 5) & enough]
        units = pd.DataFrame({"culture": of_employees.mean()[names], "retention": by_branch["kept"].mean()[names]})
        yield {"units": units.round(9), "by_branch": by_branch, "customers": customers, "seed": number}


def retention(count: int) -> None:
    """Coverage of the intervals, and how often others than the model's are within the tolerance."""
    name = "culture-to-customers"
    others = {label: code for label, (code, _) in OTHER[name]["retention"].items()}
    codes = {"model": key(name, "retention"), "customers as units": mistake(name, "customers-as-units"), **others}
    answers = read_assignment(ASSIGNMENTS / name).question("retention").answers
    tolerance = next(answer.tolerance.absolute for answer in answers if answer.name == "retained_interval")
    found: dict[str, list[pd.DataFrame]] = {label: [] for label in codes}
    shares = []
    for given in banks(count):
        for label, code in codes.items():
            left = left_by(code, given)
            found[label].append(left["retained_interval"].loc[["top", "bottom"], ["low", "high"]])
            if label == "model":
                shares.append(left["retained"])
    # The mean over banks stands for the share of all such quarters; its own error is a tenth of a bank's or less
    truth = pd.DataFrame(shares).mean()
    print(f"retention, {count} banks: true shares {truth['top']:.3f} and {truth['bottom']:.3f}")
    for label, tables in found.items():
        holds = [(table["low"] <= truth) & (truth <= table["high"]) for table in tables]
        rate = pd.DataFrame(holds).mean()
        error = sqrt(0.05 * 0.95 / count)
        apart = [abs(table - model).max().max() for table, model in zip(tables, found["model"], strict=True)]
        within = np.mean(np.array(apart) <= tolerance)
        print(
            f"  {label:<48} holds it in {100 * rate['top']:.0f} and {100 * rate['bottom']:.0f} of 100 "
            f"(± {100 * error:.0f}); within {tolerance} of the model's in {100 * within:.1f} of 100, "
            f"at most {max(apart):.4f} off",
            flush=True,
        )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--banks", type=int, default=300)
    given = options.parse_args()
    retention(given.banks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
