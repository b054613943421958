"""How fast is cxkit.validation, as ratios against R's psych and the Python peers in one run?

    python benchmarks/validation.py [--rscript Rscript] [--peers PYTHON] [--rounds 5] [--full] [--only large]

Every round runs each job once on either side, one straight after the other, so that a change of the machine's speed
meets both alike; printed are seconds as median (lowest to highest), and the median of the rounds' ratios with their
range. psych is timed inside R, after loading and a first run, and spreads its resamples over two processes as it does
by default; cxkit uses one process and one BLAS thread. psych's bootstrap of omega is timed with 100 resamples and the
time multiplied by ten (its cost is proportional), unless --full is given. Both sides get the same complete answers of
the bfi survey. Peers are Python libraries in an environment of their own (--peers /path/to/its/python with pingouin and
factor_analyzer in it) or, without it, in this one. Whatever is not installed is said to be absent.

Last, a million respondents to 40 items, in a process of its own: seconds, and the peak of its memory.
"""

# ruff: noqa: E402 - threads are set before numpy is loaded
from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import cxkit as cx
from cxkit.errors import CxkitWarning
from cxkit.sem import polychoric
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey
from cxkit.validation.factors.parallel import parallel_analyses
from cxkit.validation.factors.random_correlations import RandomData
from cxkit.validation.reliability.omega import omega
from cxkit.validation.reliability.raters import rater_reliability

GOALS = {"parallel": 20, "parallel_all": 20, "alpha": 30, "omega": 50, "polychoric": 40}
NAMES = {
    "parallel": "parallel analysis, 25 items, 100 draws",
    "parallel_all": "the same, all four kinds (psych's default)",
    "alpha": "alpha, 25 items, 1,000 bootstraps",
    "omega": "omega, 5 items, 1,000 bootstraps",
    "polychoric": "polychoric correlations, 25 items",
    "alpha_interval": "alpha with its interval, 25 items",
    "raters": "six intraclass correlations, 200 x 5",
    "adequacy": "KMO and Bartlett, 25 items",
    "factors": "5 minres factors, oblimin",
}
MEMORY_GB, MINUTE = 4.0, 60.0

R_SERVER = """suppressMessages(library(psych)); d <- read.csv('{data}'); agree <- d[, 1:5]
quiet <- function(x) {{ sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(x))) }}
jobs <- list(
  parallel = function(n) fa.parallel(d, fm = 'minres', fa = 'fa', sim = FALSE, n.iter = n, plot = FALSE, quant = .95),
  parallel_all = function(n) fa.parallel(d, fm = 'minres', fa = 'both', n.iter = n, plot = FALSE, quant = .95),
  alpha = function(n) alpha(d, n.iter = n, check.keys = FALSE),
  omega = function(n) omega(agree, nfactors = 1, n.iter = n, plot = FALSE),
  polychoric = function(n) polychoric(d))
input <- file('stdin', 'r'); cat('ready\\n')
while (length(line <- readLines(input, 1)) && nzchar(line)) {{ a <- strsplit(line, ' ')[[1]]
  cat(system.time(quiet(jobs[[a[1]]](as.integer(a[2]))))[['elapsed']], '\\n'); flush(stdout()) }}
"""
R_SIZES = {"parallel": 100, "parallel_all": 100, "alpha": 1000, "omega": 1000, "polychoric": 1}

PEER_SERVER = """
import sys, time, warnings; warnings.simplefilter('ignore')
import numpy as np, pandas as pd
d = pd.read_csv(sys.argv[1]); jobs = {}
try:
    import pingouin as pg
    jobs['alpha_interval'] = lambda: pg.cronbach_alpha(d)
    long = d.iloc[:200, :5].reset_index().melt(id_vars='index')
    jobs['raters'] = lambda: pg.intraclass_corr(long, targets='index', raters='variable', ratings='value')
except ImportError as error:
    print('# pingouin is absent:', error)
try:
    import factor_analyzer as fa
    jobs['adequacy'] = lambda: (fa.calculate_kmo(d), fa.calculate_bartlett_sphericity(d))
    jobs['factors'] = lambda: fa.FactorAnalyzer(n_factors=5, rotation='oblimin', method='minres').fit(d)
except ImportError as error:
    print('# factor_analyzer is absent:', error)
for name in list(jobs):
    try:
        jobs[name]()
    except Exception as error:
        print('#', name, 'fails in the peer:', type(error).__name__, str(error)[:90]); del jobs[name]
print('ready', *jobs, flush=True)
for line in sys.stdin:
    name = line.split()[0]; a = time.perf_counter(); jobs[name](); print(time.perf_counter() - a, flush=True)
"""


class Rival:
    """Another program that runs jobs when told their names, and says how long each took."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.offers: list[str] | None = None
        for line in self._output():
            if line.startswith("#"):
                print(line.removeprefix("#").strip())
            if line.startswith("ready"):
                self.offers = line.split()[1:]
                break

    def _output(self) -> Sequence[str]:
        return iter(self.process.stdout.readline, "")  # type: ignore[union-attr, return-value]

    def seconds(self, job: str) -> float:
        self.process.stdin.write(job + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return float(self.process.stdout.readline())  # type: ignore[union-attr]

    def close(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()


def complete_bfi() -> Survey:
    survey = cx.load_survey("bfi")
    items = [key for dimension in survey.dimensions for key in dimension.item_keys]
    return survey.subset(survey.given[items].notna().all(axis=1))


def in_one_dimension(survey: Survey) -> Survey:
    """The same answers with all items in one dimension: alpha over 25 items is a task for clocks, not for reports."""
    keys = [key for dimension in survey.dimensions for key in dimension.item_keys]
    instrument = instrument_from(
        {
            "name": "one", "title": "One", "citation": "benchmark", "licence": "CC0-1.0",
            "scale": {"low": 1, "high": 6},
            "dimension": [{"key": "all", "title": "All", "items": [{"key": key, "text": key} for key in keys]}],
        },
        where="benchmark",
    )  # fmt: skip
    return replace(survey, instrument=instrument, given=survey.answers[keys])


def our_jobs(survey: Survey) -> dict[str, Callable[[], object]]:
    one = in_one_dimension(survey)
    answers = one.answers
    ratings = answers.iloc[:200, :5]
    return {
        "parallel": lambda: cx.parallel_analysis(one),
        "parallel_all": lambda: four_kinds(one),
        "alpha": lambda: cx.cronbach_alpha(one, interval="bootstrap"),
        "omega": lambda: omega(survey, dimensions=["agreeableness"]),
        "polychoric": lambda: polychoric(answers),
        "alpha_interval": lambda: cx.cronbach_alpha(one),
        "raters": lambda: rater_reliability(ratings),
        "adequacy": lambda: cx.sampling_adequacy(one),
        "factors": lambda: cx.exploratory_factors(one, n_factors=5),
    }


def four_kinds(survey: Survey) -> list[object]:
    """Eigenvalues of factors and components against resampled and normal random data."""
    kinds: list[RandomData] = ["resampled", "normal"]
    return [
        parallel_analyses(
            survey, methods=["factor", "components"], dimensions=None, missing="complete", correlation="pearson",
            random_data=kind, simulations=100, quantile=0.95, seed=1,
        )
        for kind in kinds
    ]  # fmt: skip


def timed(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def paired(jobs: Mapping[str, Callable[[], object]], theirs: Callable[[str], float], rounds: int) -> None:
    """Run the jobs in pairs, and print a line each."""
    for job in jobs.values():
        job()  # once, so that everything is loaded
    for name, job in jobs.items():
        pairs = [(theirs(name), timed(job)) for _ in range(rounds)]
        other, own = (np.array(side) for side in zip(*pairs, strict=True))
        goal = f"   goal {GOALS[name]}" if name in GOALS else ""
        print(f"{NAMES[name]:43s} {spread(own, 4):>30s} {spread(other, 3):>28s} {spread(other / own, 1):>26s}{goal}")


def spread(values: np.ndarray, digits: int) -> str:
    low, middle, high = (f"{v:,.{digits}f}" for v in (values.min(), np.median(values), values.max()))
    return f"{middle} ({low} to {high})"


def heading(rival: str) -> None:
    print(f"\n{'':43s} {'cxkit, seconds':>30s} {rival + ', seconds':>28s} {'times as fast':>26s}")


def against_psych(jobs: Mapping[str, Callable[[], object]], data: Path, options: argparse.Namespace) -> None:
    if shutil.which(options.rscript) is None:
        print("\nRscript is absent here, so there is no ratio against psych.")
        return
    script = data.with_name("server.R")
    script.write_text(R_SERVER.format(data=data.as_posix()), encoding="utf-8")
    rival = Rival([options.rscript, str(script)])
    if rival.offers is None:
        print("\npsych is absent from this R, so there is no ratio against it.")
        return
    sizes = R_SIZES if options.full else {**R_SIZES, "omega": 100}

    def theirs(name: str) -> float:
        return rival.seconds(f"{name} {sizes[name]}") * (R_SIZES[name] / sizes[name])

    heading("psych")
    for name in GOALS:
        rival.seconds(f"{name} {min(2, sizes[name])}")  # a first run, which loads what it needs
    paired({name: jobs[name] for name in GOALS}, theirs, options.rounds)
    rival.close()


def against_peers(jobs: Mapping[str, Callable[[], object]], data: Path, options: argparse.Namespace) -> None:
    print()
    script = data.with_name("server.py")
    script.write_text(PEER_SERVER, encoding="utf-8")
    rival = Rival([options.peers, str(script), str(data)])
    if not rival.offers:
        print("No Python peer can be compared here.")
        return
    heading("pingouin, factor_analyzer")
    paired({name: jobs[name] for name in rival.offers}, rival.seconds, 4 * options.rounds)
    rival.close()


def million() -> Survey:
    """A million respondents, 8 dimensions of 5 items, answers from 1 to 7; made in pieces to leave memory alone."""
    rng = np.random.default_rng(1)
    n, dimensions, items = 1_000_000, 8, 5
    values = np.empty((n, dimensions * items))
    for start in range(0, n, 50_000):
        rows = slice(start, start + 50_000)
        general = rng.standard_normal((50_000, 1))
        factors = 0.6 * general + 0.8 * rng.standard_normal((50_000, dimensions))
        noise = rng.standard_normal((50_000, dimensions * items))
        values[rows] = np.clip(np.round(4 + 0.9 * np.repeat(factors, items, axis=1) + 0.9 * noise), 1, 7)
    given = pd.DataFrame(values, columns=[f"q{j}" for j in range(dimensions * items)], copy=False)
    instrument = instrument_from(
        {
            "name": "large", "title": "Large", "citation": "benchmark", "licence": "CC0-1.0",
            "scale": {"low": 1, "high": 7},
            "dimension": [
                {
                    "key": f"d{d}", "title": f"D{d}",
                    "items": [{"key": f"q{d * items + i}", "text": "?"} for i in range(items)],
                }
                for d in range(dimensions)
            ],
        },
        where="benchmark",
    )  # fmt: skip
    return Survey(name="large", instrument=instrument, given=given, respondents=pd.DataFrame(index=given.index))


def large() -> None:
    """Item analysis, alpha and factors of a million respondents; to be run in a process of its own."""
    survey = million()
    print(f"\n1,000,000 respondents x 40 items (answers alone: {survey.given.to_numpy().nbytes / 1e9:.2f} GB)")
    jobs: dict[str, Callable[[], object]] = {
        "item analysis": lambda: cx.item_analysis(survey),
        "alpha": lambda: cx.cronbach_alpha(survey),
        "8 factors": lambda: cx.exploratory_factors(survey, n_factors=8),
        "omega without bootstrap": lambda: omega(survey, bootstraps=0),
    }
    times = {name: timed(job) for name, job in jobs.items()}
    for name, seconds in times.items():
        print(f"  {name:26s} {seconds:6.1f} s")
    total = sum(times[name] for name in ("item analysis", "alpha", "8 factors"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts in kB
    word = "met" if total < MINUTE and peak < MEMORY_GB else "MISSED"
    print(f"  the first three: {total:.1f} s; peak memory of the process {peak:.2f} GB")
    print(f"  goal: {MINUTE:.0f} s and {MEMORY_GB:.0f} GB: {word}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rscript", default="Rscript")
    parser.add_argument("--peers", default=sys.executable, help="python of an environment with pingouin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full", action="store_true", help="1,000 bootstraps of omega in psych too")
    parser.add_argument("--only", choices=["psych", "peers", "large"], default=None)
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", CxkitWarning)
    if options.in_this_process:
        large()
        return
    jobs = our_jobs(complete_bfi())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "bfi.csv"
        in_one_dimension(complete_bfi()).answers.to_csv(data, index=False)
        if options.only in (None, "psych"):
            against_psych(jobs, data, options)
        if options.only in (None, "peers"):
            against_peers(jobs, data, options)
    if options.only in (None, "large"):
        sys.stdout.flush()
        subprocess.run([sys.executable, __file__, "--in-this-process"], check=True)


if __name__ == "__main__":
    main()
