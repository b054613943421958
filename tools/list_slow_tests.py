"""Writes tests/slow.txt: the tests that `make test FAST=1` leaves out.

    .venv/bin/python -m pytest -n auto --dist loadfile --junitxml=out/tests.xml tests
    .venv/bin/python tools/list_slow_tests.py out/tests.xml

A test function is slow if it takes more than SECONDS on average over its parameters, on the machine that measured.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "slow.txt"
SECONDS = 0.25


def slow_tests(report: Path) -> list[str]:
    """Names such as `tests.sem.test_bootstrap::test_resamples_without_estimates_end_soon`, in their order."""
    times: dict[str, list[float]] = defaultdict(list)
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        function = case.get("name", "").partition("[")[0]
        times[f"{case.get('classname')}::{function}"].append(float(case.get("time", 0)))
    return sorted(name for name, each in times.items() if sum(each) / len(each) > SECONDS)


def main() -> int:
    """Write the list."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    names = slow_tests(Path(sys.argv[1]))
    LIST.write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"{len(names)} slow tests in {LIST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
