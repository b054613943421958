"""How fast is cxkit.sem, as ratios against lavaan (and semopy) in one run?

    python benchmarks/sem.py [--rscript Rscript] [--semopy PYTHON] [--plot docs/sem_cost.png] [--repeats 7]

lavaan is timed inside R, by repeated calls after a first one, so that starting R and loading packages cost nothing;
cxkit likewise inside this process. Both get one BLAS thread (the bootstrap refits of cxkit use one process too). Each
job covers fit, standard errors, standardised estimates and all fit measures. Printed: minimum, median and maximum
seconds of either side, the ratio of the medians with the range it could have (slowest of one against fastest of the
other), and the goal. A peer that is not there is said to be absent. semopy needs an environment of its own
(`--semopy /path/to/its/python`).
"""

# ruff: noqa: E402 - threads are set before numpy is loaded
from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cxkit import sem
from cxkit.errors import CxkitWarning
from cxkit.sem.sample.answers import SAMPLES
from cxkit.sem.sample.saturated_moments import RECENT
from tests.sem import cases

SHORTEST = 0.4
GOALS = {"cfa_ml": 20, "wlsmv_bfi25": 15, "fiml": 20, "ladder": 20, "bootstrap": 100, "polychoric25": 5}
R_JOBS = {
    "cfa_ml": "all(cfa(HS, hs))",
    "fiml": "all(cfa(HS, hm, missing='fiml'))",
    "ladder": "do.call(lavTestLRT, lapply(list('', 'loadings', c('loadings','intercepts')), function(g) "
    "all(cfa(HS, hs, group='school', group.equal=g))))",
    "wlsmv_bfi25": "all(cfa(B5, bfi, ordered=names(bfi)))",
    "polychoric25": "lavCor(bfi, ordered=names(bfi))",
    "bootstrap": "sem(MED, tal, se='bootstrap', bootstrap=1000)",
}
R_HEAD = """suppressMessages(library(lavaan)); d <- '{folder}'; rd <- function(n) read.csv(file.path(d, n))
hs <- rd('hs.csv'); hm <- rd('hm.csv'); bfi <- rd('bfi.csv'); tal <- rd('tal.csv')
HS <- '{hs}'; B5 <- '{b5}'; MED <- '{med}'
all <- function(f) {{ fitMeasures(f); parameterEstimates(f, standardized=TRUE); f }}
time <- function(label, job, n) {{ job(); t <- sapply(seq_len(n), function(i) system.time(job())[['elapsed']])
 cat('RESULT', label, t, '\\n') }}
"""


def full(model: str, data: Any, **options: Any) -> Any:
    fit = sem.cfa(model, data, **options)
    return fit, fit.estimates, fit.measures


def first_fit(model: str, data: pd.DataFrame) -> Any:
    """A fit of incomplete answers that no earlier one has prepared."""
    SAMPLES.clear()
    RECENT.clear()
    return full(model, data, missing="fiml")


def ladder(data: pd.DataFrame) -> Any:
    steps = ((), ("loadings",), ("loadings", "intercepts"))
    fits = [full(cases.HS, data, group="school", equal=equal)[0] for equal in steps]
    return [a.compare(b) for a, b in pairwise(fits)]


def jobs() -> dict[str, Callable[[], Any]]:
    hs, holes, bfi, media = cases.hs(), cases.hs_holes(), cases.bfi_complete(), cases.media()
    columns = bfi
    return {
        "cfa_ml": lambda: full(cases.HS, hs),
        "fiml": lambda: first_fit(cases.HS, holes),
        "ladder": lambda: ladder(hs),
        "wlsmv_bfi25": lambda: full(cases.B5, bfi, ordered=True),
        "polychoric25": lambda: sem.polychoric(columns),
        "bootstrap": lambda: sem.sem(cases.MEDIATION, media).bootstrap(1000),
    }


def timed(job: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each call after a first one; a job of milliseconds is repeated for longer, or chance decides."""
    job()
    out: list[float] = []
    while len(out) < repeats or sum(out) < SHORTEST:
        start = time.perf_counter()
        job()
        out.append(time.perf_counter() - start)
    return out


def lavaan(rscript: str, repeats: int) -> dict[str, list[float]]:
    """Seconds of each job inside one R process; the bootstrap once, since it takes half a minute."""
    if shutil.which(rscript) is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        tables = {"hs": cases.hs(), "hm": cases.hs_holes(), "bfi": cases.bfi_complete(), "tal": cases.media()}
        for name, table in tables.items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)
        head = R_HEAD.format(folder=folder, hs=cases.HS, b5=cases.B5, med=cases.MEDIATION)
        counts = {"bootstrap": 1, "wlsmv_bfi25": min(repeats, 3)}
        lines = [
            f"time('{k}', function() {v}, {counts.get(k, repeats)})" for k, v in R_JOBS.items() if k != "bootstrap"
        ]
        # No warm-up run for the bootstrap: it would double half a minute to save milliseconds.
        lines.append(
            f"cat('RESULT bootstrap', system.time(suppressWarnings({R_JOBS['bootstrap']}))[['elapsed']], '\\n')"
        )
        script = Path(folder) / "time.R"
        script.write_text(head + "\n".join(lines), encoding="utf-8")
        done = subprocess.run([rscript, str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        print("R failed:", done.stderr.strip()[-400:])
    return _results(done.stdout)


SEMOPY = """
import sys, time, warnings; warnings.simplefilter('ignore')
import pandas as pd, semopy
hs = pd.read_csv(sys.argv[1]); model = sys.argv[2]; n = int(sys.argv[3])
def job():
    m = semopy.Model(model); m.fit(hs); m.inspect(); semopy.calc_stats(m)
job(); t = []
for _ in range(n):
    a = time.perf_counter(); job(); t.append(time.perf_counter() - a)
print('RESULT cfa_ml', *t)
"""


def semopy(python: str | None, repeats: int) -> dict[str, list[float]]:
    """Seconds of the complete-data CFA in semopy's own environment; its other estimators are not comparable."""
    if not python or shutil.which(python) is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hs.csv"
        cases.hs().to_csv(path, index=False)
        command = [python, "-c", SEMOPY, str(path), cases.HS, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return _results(done.stdout)


def _results(text: str) -> dict[str, list[float]]:
    lines = [line.split() for line in text.splitlines() if line.startswith("RESULT")]
    return {parts[1]: [float(value) for value in parts[2:]] for parts in lines}


def spread(values: Sequence[float]) -> str:
    return f"{min(values):.4f} / {np.median(values):.4f} / {max(values):.4f}"


def compare(mine: dict[str, list[float]], theirs: dict[str, list[float]], name: str) -> None:
    print(f"\nagainst {name}: seconds min / median / max")
    for job, values in mine.items():
        if job not in theirs:
            continue
        other = theirs[job]
        ratio, low, high = np.median(other) / np.median(values), min(other) / max(values), max(other) / min(values)
        goal = f"goal {GOALS[job]}x" if name == "lavaan" else ""
        print(
            f"  {job:14s} cxkit {spread(values)}   {name} {spread(other)}   "
            f"{ratio:7.1f}x [{low:.1f}, {high:.1f}] {goal}"
        )


def costs(path: str) -> None:
    """Seconds of one fit against respondents (answers, and moments given) and against items, as a plot."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows, items = [1000, 10_000, 100_000, 1_000_000], [10, 20, 40, 60, 80, 100]
    answers, moments = [], []
    for n in rows:
        data, model = simulate(n, 12)
        answers.append(np.median(timed(lambda d=data, m=model: full(m, d), 3)))
        given = sem.Moments(cov=data.cov(), n=n)
        moments.append(np.median(timed(lambda d=given, m=model: full(m, d), 5)))
    wide = []
    for p in items:
        data, model = simulate(1000, p)
        wide.append(np.median(timed(lambda d=data, m=model: full(m, d), 3)))
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    axes[0].loglog(rows, answers, "o-", color="#0072B2", label="from answers")
    axes[0].loglog(rows, moments, "s--", color="#D55E00", label="moments given")
    axes[0].set(xlabel="respondents", ylabel="seconds", title="12 items")
    axes[0].legend()
    axes[1].plot(items, wide, "o-", color="#0072B2")
    axes[1].set(xlabel="items", ylabel="seconds", title="1,000 respondents")
    figure.savefig(path, dpi=110)
    print("\nseconds against n, from answers:", dict(zip(rows, np.round(answers, 4).tolist(), strict=True)))
    print("seconds against n, moments given:", dict(zip(rows, np.round(moments, 4).tolist(), strict=True)))
    print("seconds against items, n = 1000:", dict(zip(items, np.round(wide, 4).tolist(), strict=True)))


def simulate(n: int, p: int) -> tuple[pd.DataFrame, str]:
    """P items of two correlated factors, and their model."""
    rng = np.random.default_rng(p)
    factors = rng.normal(size=(n, 2)) @ np.array([[1.0, 0.4], [0.0, 0.9]])
    values = np.repeat(factors, p // 2, axis=1) * 0.7 + rng.normal(size=(n, p)) * 0.7
    names = [f"i{k}" for k in range(p)]
    halves = " + ".join(names[: p // 2]), " + ".join(names[p // 2 :])
    return pd.DataFrame(values, columns=names), f"f =~ {halves[0]}\ng =~ {halves[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rscript", default="Rscript")
    parser.add_argument("--semopy", default=None, help="python of an environment with semopy")
    parser.add_argument("--plot", default=None)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", default=None, help="write all seconds here")
    options = parser.parse_args()
    warnings.simplefilter("ignore", CxkitWarning)
    mine = {name: timed(job, options.repeats) for name, job in jobs().items()}
    peers = {"lavaan": lavaan(options.rscript, options.repeats), "semopy": semopy(options.semopy, options.repeats)}
    for name, theirs in peers.items():
        if theirs:
            compare(mine, theirs, name)
        else:
            print(f"\n{name} is absent here, so there is no ratio against it.")
    if not any(peers.values()):
        for name, values in mine.items():
            print(f"  {name:14s} cxkit {spread(values)}")
    if options.plot:
        costs(options.plot)
    if options.json:
        Path(options.json).write_text(json.dumps({"cxkit": mine, **peers}), encoding="utf-8")


if __name__ == "__main__":
    main()
