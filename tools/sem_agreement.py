"""Write the agreement table of docs/sem.md from what the tests measure: `python tools/sem_agreement.py`.

Every model of tests/sem/cases.py is fitted and held against lavaan's values; the largest deviation per quantity and
group of models goes between the two markers of the page. `--check` only says whether the page is up to date.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cxkit.errors import CxkitWarning  # noqa: E402
from tests.sem.cases import CASES, deviations, expected  # noqa: E402

PAGE = ROOT / "docs" / "sem.md"
START, END = "<!-- agreement: written by tools/sem_agreement.py -->", "<!-- end of agreement -->"
KINDS = {
    "estimates": "estimates (absolute; relative above 1)",
    "se": "standard errors",
    "standardised": "standardised estimates (absolute)",
    "standardised se": "their standard errors",
    "chi-square": "chi-square, df, p",
    "CFI": "CFI",
    "TLI": "TLI",
    "RMSEA, interval, p": "RMSEA, its interval and p values",
    "srmr": "SRMR",
    "logl": "log-likelihood",
    "other measures": "all other measures",
    "scaled and robust": "scaled and robust measures",
}
FAMILIES = {
    "complete answers, one group": lambda o: not (o.get("missing") or o.get("ordered") or o.get("group")),
    "missing answers (FIML)": lambda o: o.get("missing") == "fiml",
    "several groups": lambda o: o.get("group") and not o.get("ordered") and not o.get("missing"),
    "ordered answers": lambda o: bool(o.get("ordered")),
}


def table() -> str:
    """The agreement table in Markdown: one row per quantity, one column per family of models."""
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    counts = dict.fromkeys(FAMILIES, 0)
    for name, case in CASES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CxkitWarning)
            found = deviations(case.fit(), expected(name))
        family = next(label for label, fits in FAMILIES.items() if fits(case.options))
        counts[family] += 1
        for kind, distance in found.largest.items():
            if distance > worst.get((kind, family), (-1.0, ""))[0]:
                worst[kind, family] = (distance, name)
    head = "| largest deviation | " + " | ".join(f"{family} ({counts[family]} models)" for family in FAMILIES) + " |"
    lines = [head, "|---" * (1 + len(FAMILIES)) + "|"]
    for kind, words in KINDS.items():
        cells = [worst.get((kind, family)) for family in FAMILIES]
        shown = [f"{_rounded(cell[0])} `{cell[1]}`" if cell else "-" for cell in cells]
        lines.append(f"| {words} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _rounded(distance: float) -> str:
    """One digit, upwards in case of doubt; what is below 1e-9 is rounding and differs between machines."""
    return "< 1e-9" if distance < 1e-9 else f"{distance:.0e}".replace("e-0", "e-")


def main() -> int:
    """Rewrite the page, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    _, after = rest.split(END)
    fresh = f"{before}{START}\n{table()}\n{END}{after}"
    if parser.parse_args().check:
        return int(fresh != page)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
