"""How much faster are cxkit's polychoric correlations than R's, on the same data in the same run?

    python benchmarks/polychoric.py [--repeats 15]

25 items of six categories, 2,436 complete respondents. R is timed inside R, without its start-up and reading of data;
its runs and ours take turns in blocks, so that both meet the same machine. A ratio is R's median over ours; the spread
is that of ratios of single runs (10 % to 90 %). Without Rscript, or without the package, only our own times appear.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# One thread on both sides: Debian's R computes with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from cxkit.sem.ordinal.moments import ordinal_moments, polychoric

DATA = Path(__file__).parents[1] / "datasets/bfi/data.csv"
ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
BLOCKS = 3

TIMER = """
seconds <- function(f) sapply(seq_len(REPEATS), function(i) {
  sink(tempfile()); on.exit(sink());
  t0 <- Sys.time(); suppressMessages(suppressWarnings(f())); as.numeric(difftime(Sys.time(), t0, units = "secs")) })
d <- na.omit(read.csv("DATA")[, c(ITEMS)])
"""
RIVALS = {
    "lavaan::lavCor": ("lavaan", "seconds(function() lavaan::lavCor(d, ordered = names(d)))"),
    "psych::polychoric": ("psych", "seconds(function() psych::polychoric(d, global = FALSE, correct = 0))"),
    "lavaan with gamma": (
        "lavaan",
        "seconds(function() lavaan::cfa(paste('f =~', paste(names(d), collapse = '+')), d, ordered = names(d), "
        "do.fit = FALSE))",
    ),
}


def ours() -> dict[str, Callable[[], object]]:
    """What stands against each rival."""
    data = pd.read_csv(DATA)[ITEMS].dropna()
    columns = {name: data[name].to_numpy(dtype=float) for name in ITEMS}
    return {
        "lavaan::lavCor": lambda: polychoric(data),
        "psych::polychoric": lambda: polychoric(data, thresholds="pair"),
        "lavaan with gamma": lambda: ordinal_moments(columns, ITEMS, ITEMS),
    }


def seconds(task: Callable[[], object], repeats: int) -> list[float]:
    """Time of each of some runs, after one to warm up."""
    task()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return times


def seconds_in_r(rscript: str, package: str, call: str, repeats: int) -> list[float] | None:
    """Time of each of some runs inside R, or None if R lacks the package."""
    items = ", ".join(f"'{name}'" for name in ITEMS)
    timer = TIMER.replace("REPEATS", str(repeats)).replace("DATA", DATA.as_posix()).replace("ITEMS", items)
    code = f"if (!requireNamespace('{package}', quietly = TRUE)) quit(status = 3)\n{timer}\n"
    code += f"cat('[', paste(format({call}, digits = 8), collapse = ','), ']')"
    done = subprocess.run([rscript, "-e", code], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def line(name: str, mine: list[float], theirs: list[float] | None) -> str:
    """One row of the table."""
    own = f"{name:20s} cxkit {1e3 * np.median(mine):7.1f} ms"
    if theirs is None:
        return f"{own}   R: package not installed, no comparison"
    ratios = np.divide.outer(theirs, mine)
    low, high = np.quantile(ratios, [0.1, 0.9])
    median = np.median(theirs) / np.median(mine)
    return f"{own}   R {1e3 * np.median(theirs):7.0f} ms   ratio {median:5.0f} ({low:.0f} to {high:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="runs of each (R gets a fifth of them)")
    repeats = parser.parse_args().repeats
    rscript = shutil.which("Rscript")
    if rscript is None:
        print("Rscript is not on the path: our own times only, no comparison.")
    for name, task in ours().items():
        package, call = RIVALS[name]
        mine: list[float] = []
        theirs: list[float] | None = [] if rscript else None
        for _ in range(BLOCKS):
            mine += seconds(task, max(1, repeats // BLOCKS))
            found = seconds_in_r(rscript, package, call, max(1, repeats // (5 * BLOCKS))) if rscript else None
            theirs = None if theirs is None or found is None else theirs + found
        print(line(name, mine, theirs) if rscript else line(name, mine, None).split("   R:")[0])


if __name__ == "__main__":
    main()
