"""Do the keys of the kit's assignments hold what their tasks say? By simulation, with the keys' own code.

    python benchmarks/assignment_claims.py [--banks 300] [--surveys 300]

Retention (`culture-to-customers`): in how many of 100 banks of the same kind the 95 % intervals of the two quarters
hold the share of all such quarters, by the model answer (which counts branches) and by the foreseen mistake that counts
customers; and how far other intervals that count branches lie from the model's, beside the tolerance.

Recommendation (`benchmark-organisation`): exact coverage of the adjusted interval and of Wald's, with few people.

Gaps (`organisational-gaps`): in how many of 100 surveys whose people are permuted among the functions Holm's method
names one; in how many with leaders drawn by lot one or more of the eight intervals miss 0, and one or more of the eight
readings are wrong (half of the disciplines without a gap, half with just the smallest that matters): at most 5 are
promised.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtri, stdtr

sys.path.insert(0, str(Path(__file__).parents[1]))

from cxkit.coursework.assignment.data_variants import variant_bytes
from cxkit.coursework.assignment.reading import read_assignment
from cxkit.survey.simulate import simulate_culture
from tests.coursework.in_process import ASSIGNMENTS, code_of, key, left_by
from tests.coursework.other_answers import OTHER
from tools.write_assignment_data import culture_to_customers

DISCIPLINE = "customer_insight"


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
    codes = {"model": key(name, "retention"), "customers as units": code_of(name, "customers-as-units"), **others}
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


# --- recommendation ---------------------------------------------------------------------------------------------------


def recommendation() -> None:
    """Exact coverage of the intervals of the employee net promoter score, for shares of the data and for others."""
    name = "benchmark-organisation"
    codes = {"adjusted (model)": key(name, "recommendation"), "Wald": code_of(name, "wald")}
    answers = pd.read_csv(ASSIGNMENTS / name / "data" / "survey.csv")["ENPS"].dropna()
    own = ((answers >= 9).mean(), (answers <= 6).mean())
    for p, d in (own, (0.2, 0.5), (0.6, 0.1), (0.1, 0.8)):
        for people in (11, 16, 22, 28):
            rates = dict.fromkeys(codes, 0.0)
            for promoters in range(people + 1):
                for detractors in range(people + 1 - promoters):
                    counts = (promoters, people - promoters - detractors, detractors)
                    chance = stats.multinomial.pmf(counts, people, (p, 1 - p - d, d))
                    raw = pd.DataFrame({"organisation": "one", "ENPS": np.repeat([10.0, 8.0, 0.0], counts)})
                    for label, code in codes.items():
                        interval = left_by(code, {"raw": raw, "organisation": "one"})["enps_interval"]
                        rates[label] += chance * (interval["low"] <= 100 * (p - d) <= interval["high"])
            said = ", ".join(f"{label} {100 * rate:.1f}" for label, rate in rates.items())
            print(f"eNPS, {people} people, shares {p:.2f} and {d:.2f}: held in so many of 100: {said}", flush=True)


# --- gaps -------------------------------------------------------------------------------------------------------------


def surveys(count: int) -> Iterator[dict[str, Any]]:
    """What the tasks find, for surveys in which functions and leaders are drawn by lot; ten of each student's data."""
    assignment = read_assignment(ASSIGNMENTS / "organisational-gaps")
    effect = assignment.public.values["smallest_effect"]
    survey = simulate_culture(organisations=2, respondents=(5, 5), seed=1).survey
    items = {dimension: list(survey.items_of(dimension)) for dimension in survey.instrument.dimension_keys}
    turned = [item.key for item in survey.instrument.items.values() if item.reversed]
    draws = np.random.default_rng(20261133)
    for number in range(count):
        if number % 10 == 0:
            table = pd.read_csv(io.BytesIO(variant_bytes(assignment.files[0], 1001 + number // 10)))
            table[turned] = 8 - table[turned]
            answered = {key: table[own].notna().sum(axis=1) >= 3 for key, own in items.items()}
            scores = pd.DataFrame({key: table[own].mean(axis=1).where(answered[key]) for key, own in items.items()})
        people = table[["function", "level"]].iloc[draws.permutation(len(table))].reset_index(drop=True)
        people["leader"] = people["level"] != "Staff"
        given = {"people": people, "scores": scores, "dimension_items": items, "smallest_effect": effect}
        yield {**given, "stats": FAST}


def gaps(count: int) -> None:
    """How often the corrected tests, the intervals and the readings find something in nothing."""
    name = "organisational-gaps"
    codes = {question: key(name, question) for question in ("functions", "gaps", "equivalence")}
    alone = {question: code_of(name, code) for question, code in ALONE.items()}
    errors = {"together": [0, 0, 0], "each alone": [0, 0, 0]}
    for given in surveys(count):
        half = list(given["dimension_items"])[::2]
        shifted = given["scores"].copy()
        shifted.loc[given["people"]["leader"], half] += given["smallest_effect"]
        for label, chosen in (("together", codes), ("each alone", alone)):
            found = left_by(chosen["functions"], given)["p_holm"]
            table = left_by(chosen["gaps"], given)["gaps"]
            reading = left_by(chosen["equivalence"], {**given, "scores": shifted})["reading"]
            same = reading.index.isin(half)
            false = (reading[same] == "no gap that matters").any() or (reading[~same] == "gap").any()
            misses = (table["low"] > 0) | (table["high"] < 0)
            for place, wrong in enumerate(((found < 0.05).any().any(), misses.any(), false)):
                errors[label][place] += bool(wrong)
    for label, wrong in errors.items():
        said = ", ".join(f"{what} {100 * n / count:.1f}" for what, n in zip(WHAT, wrong, strict=True))
        print(f"gaps, {count} surveys without any difference; wrong in so many of 100, {label}: {said}", flush=True)


def _welch(a: pd.Series, b: pd.Series, *, equal_var: bool, alternative: str = "two-sided") -> SimpleNamespace:
    """`scipy.stats.ttest_ind` of Welch's test in a fiftieth of the time, most of which is spent on what it accepts."""
    assert not equal_var
    x, y = a.to_numpy(), b.to_numpy()
    u, v = x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)
    t, df = (x.mean() - y.mean()) / sqrt(u + v), (u + v) ** 2 / (u**2 / (len(x) - 1) + v**2 / (len(y) - 1))
    tail = stdtr(df, t)
    return SimpleNamespace(pvalue={"two-sided": 2 * stdtr(df, -abs(t)), "greater": 1 - tail, "less": tail}[alternative])


FAST = SimpleNamespace(ttest_ind=_welch, norm=SimpleNamespace(ppf=ndtri))
ALONE = {"functions": "not-corrected", "gaps": "each-interval-alone", "equivalence": "each-reading-alone"}
"""By question, the foreseen mistake that treats each of the tests as if it was the only one."""
WHAT = ("functions", "intervals", "readings")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--banks", type=int, default=300)
    options.add_argument("--surveys", type=int, default=300)
    given = options.parse_args()
    if given.banks:
        retention(given.banks)
    recommendation()
    if given.surveys:
        gaps(given.surveys)
    return 0


if __name__ == "__main__":
    sys.exit(main())
