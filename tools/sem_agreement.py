"""Write the agreement tables of docs/sem.md from what the tests measure: `python tools/sem_agreement.py`.

Every model of tests/sem/cases.py is fitted and held against lavaan's values; the largest deviation per quantity and
group of models goes between two markers of the page, and what two newer versions give otherwise between two others.
`--check` only says whether the page is up to date.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cxkit.errors import CxkitWarning  # noqa: E402
from cxkit.sem.fit import Fit  # noqa: E402
from tests.sem.after_fit import KINDS as KINDS_AFTER  # noqa: E402
from tests.sem.after_fit import after, deviations_after  # noqa: E402
from tests.sem.cases import CASES, deviations, expected  # noqa: E402
from tests.sem.test_agreement import OTHER_AFTER, compared_measures  # noqa: E402
from tests.sem.versions import differences, versions  # noqa: E402

PAGE = ROOT / "docs" / "sem.md"
START, END = "<!-- agreement: written by tools/sem_agreement.py -->", "<!-- end of agreement -->"
NEWER, NEWER_END = "<!-- versions: written by tools/sem_agreement.py -->", "<!-- end of versions -->"
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
    "modification indices": "modification indices (relative above 1)",
    "residual correlations": "residual correlations (absolute)",
    "factor scores": "factor scores (absolute; relative above 1)",
}
FAMILIES = {
    "complete answers, one group": lambda o: not (o.get("missing") or o.get("ordered") or o.get("group")),
    "missing answers (FIML)": lambda o: o.get("missing") == "fiml",
    "several groups": lambda o: o.get("group") and not o.get("ordered") and not o.get("missing"),
    "ordered answers": lambda o: bool(o.get("ordered")),
}


def fits() -> dict[str, Fit]:
    """Every model, fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return {name: case.fit() for name, case in CASES.items()}


def table(fitted: Mapping[str, Fit]) -> str:
    """The agreement table in Markdown: one row per quantity, one column per family of models."""
    worst: dict[tuple[str, str], tuple[float, str]] = {}
    counts = dict.fromkeys(FAMILIES, 0)
    for name, fit in fitted.items():
        family = next(label for label, belongs in FAMILIES.items() if belongs(CASES[name].options))
        counts[family] += 1
        for kind, distance in _measured(name, fit).items():
            if distance > worst.get((kind, family), (-1.0, ""))[0]:
                worst[kind, family] = (distance, name)
    head = "| largest deviation | " + " | ".join(f"{family} ({counts[family]} models)" for family in FAMILIES) + " |"
    lines = [head, "|---" * (1 + len(FAMILIES)) + "|"]
    for kind, words in KINDS.items():
        cells = [worst.get((kind, family)) for family in FAMILIES]
        shown = [f"{_rounded(cell[0])} `{cell[1]}`" if cell else "-" for cell in cells]
        lines.append(f"| {words} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _measured(name: str, fit: Fit) -> dict[str, float]:
    reference = expected(name)
    found = dict(deviations(fit, {**reference, "fit": compared_measures(name, reference)}).largest)
    later = deviations_after(fit, after().get(name, {}))
    kinds = (kind for kind in KINDS_AFTER if kind in later and kind not in OTHER_AFTER.get(name, ()))
    return found | {kind: later[kind][0] for kind in kinds}


def newer(fitted: Mapping[str, Fit]) -> str:
    """What lavaan's newer versions give otherwise than cxkit, by reason: in how many models, and which values."""
    listed = list(versions())
    models: dict[tuple[str, str], set[str]] = {}
    values: dict[str, set[str]] = {}
    for name, fit in fitted.items():
        for one in differences(name, CASES[name], fit):
            models.setdefault((one.reason, one.version), set()).add(name)
            values.setdefault(one.reason, set()).add(one.what)
    heads = [f"{version} ({versions()[version]['models']} of them)" for version in listed]
    lines = [
        "| where cxkit and lavaan differ | " + " | ".join(heads) + " | values | such as |",
        "|---" * (3 + len(heads)) + "|",
    ]
    for reason in sorted(values):
        cells = [str(len(models.get((reason, version), ()))) for version in listed]
        example = min(set().union(*(models.get((reason, version), set()) for version in listed)))
        lines.append(f"| {reason} | " + " | ".join(cells) + f" | {_some(values[reason])} | `{example}` |")
    return "\n".join(lines)


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:4])
    return shown + (", ..." if len(names) > 4 else "")


def _rounded(distance: float) -> str:
    """One digit, upwards in case of doubt; what is below 1e-9 is rounding and differs between machines."""
    return "< 1e-9" if distance < 1e-9 else f"{distance:.0e}".replace("e-0", "e-")


def _replaced(page: str, start: str, end: str, text: str) -> str:
    before, rest = page.split(start)
    return f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> int:
    """Rewrite the page, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    page = PAGE.read_text(encoding="utf-8")
    fitted = fits()
    fresh = _replaced(page, START, END, table(fitted))
    fresh = _replaced(fresh, NEWER, NEWER_END, newer(fitted))
    if parser.parse_args().check:
        return int(fresh != page)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
