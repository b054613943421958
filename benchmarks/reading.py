"""How long does it take to read a survey's file, as ratios against pandas and pyreadstat alone in one run?

    python benchmarks/reading.py [--rounds 5] [--large]

Every round reads each file once on either side, one straight after the other; printed are seconds as median (lowest to
highest) and the median of the rounds' ratios with their range. pandas reads the cells as they stand (`read_csv`,
`read_excel`); cxkit also looks for rows that were lost, joined or doubled, leaves out who is no respondent, turns words
into numbers and checks every answer against its scale. pyreadstat, which cxkit reads .sav with, is absent where it is
not installed. `--large` adds a million rows by 40 items, each side in a process of its own, with its peak of memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import pandas as pd

from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.reading import read_survey

ITEMS = 40
LARGE = 1_000_000
ROLES = {"id": "id", "unit": "unit"}


def instrument() -> Instrument:
    """Eight dimensions of five items, answered from 1 to 5."""
    dimensions = []
    for number in range(8):
        items = [{"key": f"i{k}", "text": f"Item {k}"} for k in range(5 * number + 1, 5 * number + 6)]
        dimensions.append({"key": f"d{number}", "title": f"D{number}", "items": items})
    about = {"name": "m", "title": "M", "citation": "made up", "licence": "CC0"}
    return instrument_from({**about, "scale": {"low": 1, "high": 5}, "dimension": dimensions}, where="benchmark")


def answers(n: int) -> pd.DataFrame:
    """Made-up answers of n people, 2 % of them missing."""
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, (n, ITEMS)).astype(float)
    values[rng.random((n, ITEMS)) < 0.02] = np.nan
    table = pd.DataFrame(values, columns=[f"i{k}" for k in range(1, ITEMS + 1)]).astype("Int64")
    table.insert(0, "unit", [f"U{k % 50}" for k in range(n)])
    table.insert(0, "id", [f"R{k}" for k in range(n)])
    return table


def files(folder: Path) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """What is read, and how the peer reads it."""
    found: dict[str, tuple[Path, Callable[[Path], object]]] = {}
    for n in (1_000, 100_000):
        path = folder / f"{n}.csv"
        answers(n).to_csv(path, index=False)
        found[f"csv, {n:,} rows (pandas)"] = path, lambda path: pd.read_csv(path, dtype=str)
    path = folder / "1000.xlsx"
    answers(1_000).to_excel(path, index=False)
    found["xlsx, 1,000 rows (pandas)"] = path, lambda path: pd.read_excel(path, dtype=str)
    try:
        import pyreadstat
    except ImportError:
        print("pyreadstat is absent: no .sav")
        return found
    path = folder / "10000.sav"
    pyreadstat.write_sav(answers(10_000).astype({f"i{k}": float for k in range(1, ITEMS + 1)}), str(path))
    found["sav, 10,000 rows (pyreadstat)"] = path, lambda path: pyreadstat.read_sav(str(path))
    return found


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def spread(values: list[float]) -> str:
    return f"{np.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def compare(rounds: int) -> None:
    asked = instrument()
    with tempfile.TemporaryDirectory() as folder:
        for name, (path, peer) in files(Path(folder)).items():
            own, other = list[float](), list[float]()
            for _ in range(rounds):
                own.append(seconds(lambda path=path: read_survey(path, asked, ROLES)))
                other.append(seconds(lambda path=path, peer=peer: peer(path)))
            ratios = [a / b for a, b in zip(own, other, strict=True)]
            print(f"{name}: cxkit {spread(own)} s, alone {spread(other)} s, ratio {spread(ratios)}")


def large() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        answers(LARGE).to_csv(path, index=False)
        for side in ("cxkit", "pandas"):
            subprocess.run([sys.executable, __file__, "--read", side, str(path)], check=True)


def read_alone(side: str, path: Path) -> None:
    work = {"cxkit": lambda: read_survey(path, instrument(), ROLES), "pandas": lambda: pd.read_csv(path, dtype=str)}
    took = seconds(work[side])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"csv, {LARGE:,} rows: {side} {took:.1f} s, {peak:.1f} GB at the most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="a million rows as well")
    parser.add_argument("--read", nargs=2, metavar=("SIDE", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        read_alone(chosen.read[0], Path(chosen.read[1]))
        return
    compare(chosen.rounds)
    if chosen.large:
        large()


if __name__ == "__main__":
    main()
