"""How fast is a whole report, as a ratio against R packages that compute the same tables?

    python benchmarks/whole_report.py [--rscript Rscript] [--rounds 3] [--resamples 10]

Notebook 01 runs headless on those of the culture survey who answered every item (40 items, 8 dimensions), from the
start of the process to the finished page and crate: lavaan takes minutes for one model of the others.
`whole_report.R` computes the tables of that page with psych, lavaan, semTools, GPArotation and MASS, without figures,
sentences or page. Both take turns, each in a process of its own with one thread for linear algebra. R makes only so
many of the report's resamples (`--resamples`); the seconds of those parts are multiplied up to the report's number,
as their cost is proportional to it. Printed: seconds as median (lowest to highest) and the ratio of medians, without
R's resamples (ours are always made) and with the same number on both sides.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "01_validate_instrument.ipynb"
DATA = ROOT / "datasets" / "culture_synthetic" / "data.csv"
ITEMS_OF_A_DIMENSION = 5
RESAMPLES = {"omega, resamples": 1000, "parallel, resamples": 100, "discriminant, resamples": 1000}
GOAL_WITHOUT, GOAL_WITH = 15.0, 50.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rscript", default="Rscript")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=10, help="how many of its resamples R makes of each part")
    options = parser.parse_args()
    if shutil.which(options.rscript) is None:
        raise SystemExit(f"{options.rscript} is absent: no peer to compare with.")
    ours: list[float] = []
    parts: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "complete.csv"
        people = write_complete(data)
        for _ in range(options.rounds):
            ours.append(our_seconds(data))
            parts.append(seconds_of_parts(options.rscript, data, options.resamples))
    print(f"notebook 01, headless, {people:,} people, {options.rounds} rounds in turn")
    print(f"  cxkit run                            {spread(ours)} s")
    for name in parts[0]:
        times = f" (for {RESAMPLES[name]:,}, from {options.resamples})" if name in RESAMPLES else ""
        print(f"  R: {name:34s}{spread([one[name] for one in parts])} s{times}")
    without = [sum(value for name, value in one.items() if name not in RESAMPLES) for one in parts]
    tell("without R's resamples", without, ours, GOAL_WITHOUT)
    tell("with the same resamples", [sum(one.values()) for one in parts], ours, GOAL_WITH)


def write_complete(path: Path) -> int:
    """Those who answered every item, in a file; and how many they are."""
    answers = pd.read_csv(DATA)
    items = answers.columns[answers.columns.str.fullmatch(r"[A-Z]{2}\d")]
    complete = answers[answers[items].notna().all(axis=1)]
    complete.astype(dict.fromkeys(items, int)).to_csv(path, index=False)
    return len(complete)


def our_seconds(data: Path) -> float:
    """From the start of the process to the page and its crate."""
    told = ["-p", f"survey_path={data}", "-p", "instrument_path=culture8", "-o", str(data.with_name("report.html"))]
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cxkit", "run", str(NOTEBOOK), *told],
        check=True, env={**os.environ, **ONE_THREAD}, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - started


def seconds_of_parts(rscript: str, data: Path, resamples: int) -> dict[str, float]:
    """The parts of the R script, those with resamples multiplied up to the report's number."""
    script = Path(__file__).with_suffix(".R")
    command = [rscript, str(script), str(data), str(ITEMS_OF_A_DIMENSION), str(resamples)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD}, check=False)
    if done.returncode:
        raise SystemExit(f"The R script failed: {done.stderr[-2000:]}")
    found = {}
    for line in done.stdout.splitlines():
        name, seconds, made = line.strip().rsplit(" ", 2)
        found[name] = float(seconds) * RESAMPLES.get(name, 1) / int(made)
    return found


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):7.2f} ({min(values):.2f} to {max(values):.2f})"


def tell(what: str, theirs: list[float], ours: list[float], goal: float) -> None:
    ratio = statistics.median(theirs) / statistics.median(ours)
    low, high = min(theirs) / max(ours), max(theirs) / min(ours)
    word = "met" if ratio >= goal else "MISSED"
    print(f"{what}: R {spread(theirs)} s, {ratio:.1f} times ours ({low:.1f} to {high:.1f}); goal {goal:g}: {word}")


if __name__ == "__main__":
    main()
