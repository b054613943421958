"""How often does a report on invariance find a difference where there is none?

    python benchmarks/invariance_rates.py [--surveys 40] [--sizes 60 180 300] [--ordinal] [--tables]

Simulates surveys of eight dimensions (4 and 5 items in turn, loadings of .55 to .75, five points, factors that
correlate .36) in which two groups of the given size answer alike, and runs `measurement_invariance` on each, without
letting anything go. Counted is how often CFI falls by Chen's (2007) cut-off at each level, at any level of a dimension,
and in any of 4 and 8 dimensions; and how often the rule of the kit finds a difference in a report of 4 or 8 of them.

Takes about three seconds of computing a survey. Writes the rates to cxkit/validation/invariance/false_alarms.toml,
from which the note below a result quotes, and the table of docs/invariance.md; `--tables` writes the table alone.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from cxkit.errors import CxkitWarning
from cxkit.statistics.multiplicity import FAMILY_ERROR, holm
from cxkit.validation.invariance.judging import chosen_cutoffs
from tests.validation.building import survey_of

RATES = Path(__file__).parents[1] / "cxkit/validation/invariance/false_alarms.toml"
DOCS = Path(__file__).parents[1] / "docs/invariance.md"
START, END = "<!-- rates: written by benchmarks/invariance_rates.py -->", "<!-- end of rates -->"
DIMENSIONS = 8
FACTOR_R = 0.36
SEED = 20260101


def alike(number: int, n: int) -> tuple[cx.Survey, pd.Series]:
    """One survey in which two groups of n answer alike."""
    rng = np.random.default_rng([SEED, n, number])
    shared = np.sqrt(FACTOR_R) * rng.standard_normal((2 * n, 1))
    factors = shared + np.sqrt(1 - FACTOR_R) * rng.standard_normal((2 * n, DIMENSIONS))
    blocks: dict[str, list[str]] = {}
    answers = []
    for dimension in range(DIMENSIONS):
        loadings = np.linspace(0.55, 0.75, 4 + dimension % 2)
        own = rng.standard_normal((2 * n, len(loadings))) * np.sqrt(1 - loadings**2)
        values = factors[:, [dimension]] * loadings + own + np.linspace(-0.4, 0.4, len(loadings))
        first = sum(map(len, blocks.values()))
        blocks[f"d{dimension}"] = [f"q{first + i + 1}" for i in range(len(loadings))]
        answers.append(np.digitize(values, [-1.5, -0.5, 0.5, 1.5]) + 1.0)
    survey = survey_of(np.concatenate(answers, axis=1), blocks)
    return survey, pd.Series(np.repeat(["one", "two"], n), index=survey.given.index, name="half")


def ladders(n: int, surveys: int, *, ordinal: bool) -> pd.DataFrame:
    """A row a tested level: survey, unit, level, fall (of CFI), p."""
    parts = []
    for number in range(surveys):
        survey, half = alike(number, n)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CxkitWarning)
            frame = cx.measurement_invariance(survey, by=half, ordinal=ordinal, rare="join", share=0, minimum=n).frame
        tested = frame[frame["level"] != "configural"]
        parts.append(tested[["unit", "level", "d_cfi", "d_p"]].assign(survey=number))
    return pd.concat(parts, ignore_index=True)


def rates(n: int, surveys: int, *, ordinal: bool) -> dict[str, object]:
    """How often something is found where nothing is."""
    rows = ladders(n, surveys, ordinal=ordinal)
    limit = chosen_cutoffs([n, n]).cfi.bands[-1][0]
    rows["falls"] = -rows["d_cfi"] >= limit
    found: dict[str, object] = {"ordinal": ordinal, "n": n, "surveys": surveys, "cfi_limit": limit}
    for level, falls in rows.groupby("level", sort=False)["falls"]:
        found[f"cfi_{level}"] = float(falls.mean())
    found["cfi_dimension"] = float(rows.groupby(["survey", "unit"])["falls"].any().mean())
    for count in (4, DIMENSIONS):
        some = rows[rows["unit"].isin([f"d{i}" for i in range(count)])]
        found[f"cfi_report_{count}"] = float(some.groupby("survey")["falls"].any().mean())
        found[f"report_{count}"] = float(np.mean([_found(one, ordinal) for _, one in some.groupby("survey")]))
    return found


def _found(rows: pd.DataFrame, ordinal: bool) -> bool:
    """Whether the rule of the kit finds a difference in one report."""
    significant = holm(rows["d_p"].to_numpy()) < FAMILY_ERROR
    return bool((significant & (ordinal | rows["falls"].to_numpy())).any())


def stored() -> list[dict[str, object]]:
    return tomllib.loads(RATES.read_text(encoding="utf-8"))["rate"] if RATES.exists() else []


def store(found: dict[str, object]) -> None:
    """Put these rates into the file, in place of older ones of the same kind."""
    others = [one for one in stored() if (one["ordinal"], one["n"]) != (found["ordinal"], found["n"])]
    every = sorted([*others, found], key=lambda one: (bool(one["ordinal"]), int(str(one["n"]))))
    lines = ["# Written by benchmarks/invariance_rates.py: how often differences are found where there are none."]
    for one in every:
        lines += ["", "[[rate]]", *(f"{key} = {str(value).lower()}" for key, value in one.items())]
    RATES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def table() -> str:
    """The rates as they stand in docs/invariance.md."""
    columns = [
        "answers", "a group", "surveys", "CFI: metric", "scalar", "strict", "any level of a dimension",
        "any of 4 dimensions, of 8", "the rule above: any of 4 dimensions, of 8",
    ]  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for one in stored():
        kind = "ordered" if one["ordinal"] else "continuous"
        cfi = [f"{one[f'cfi_{name}']:.0%}" for name in ("metric", "scalar", "strict", "dimension")]
        reports = [f"{one[f'{rule}_4']:.0%}, {one[f'{rule}_8']:.0%}" for rule in ("cfi_report", "report")]
        lines.append(f"| {' | '.join([kind, str(one['n']), str(one['surveys']), *cfi, *reports])} |")
    return "\n".join(lines)


def write_table() -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, after = text.index(START) + len(START), text.index(END)
    DOCS.write_text(f"{text[:before]}\n{table()}\n{text[after:]}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--surveys", type=int, default=40)
    options.add_argument("--sizes", type=int, nargs="+", default=[60, 180, 300])
    options.add_argument("--ordinal", action="store_true")
    options.add_argument("--tables", action="store_true", help="write the table of the docs from the stored rates")
    given = options.parse_args()
    for n in [] if given.tables else given.sizes:
        found = rates(n, given.surveys, ordinal=given.ordinal)
        store(found)
        print(found, flush=True)
    write_table()


if __name__ == "__main__":
    main()
