"""cxkit against lavaan 0.6-21 and 0.7-2: where these give other values than 0.6-14, which of them cxkit gives, and why.

tests/reference/sem_versions.json lists what the newer versions give otherwise; all else is as in 0.6-14.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cxkit.sem.fit import Fit
from tests.sem.cases import ABSOLUTE_FLOOR, Case, Deviations, deviations

# Versions were compared to 1e-4 (scripts/sem_trim.py): their optimisers stop at slightly different points.
TOLERANCE = 2e-4


@dataclass(frozen=True)
class Difference:
    """A value that a newer version gives otherwise than cxkit, with the reason (empty: none is known)."""

    version: str
    case: str
    what: str
    reason: str


@cache
def versions() -> Mapping[str, Any]:
    """For each version how many models it was given, and what it gives otherwise than 0.6-14."""
    path = Path(__file__).parent.parent / "reference" / "sem_versions.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"]  # type: ignore[no-any-return]


def differences(name: str, case: Case, fit: Fit) -> Iterator[Difference]:
    """Every value of this model that cxkit and a newer version give differently."""
    for version, listed in versions().items():
        changes = listed["changes"].get(name, {})
        if "error" in changes:
            yield Difference(version, name, "fit", _reason(case, "fit"))
            continue
        for what in _unlike(fit, changes):
            yield Difference(version, name, what, _reason(case, what))


def _unlike(fit: Fit, changes: Mapping[str, Any]) -> Iterator[str]:
    for measure, value in changes.get("fit", {}).items():
        ours = fit.measures.get(measure, np.nan)
        if value is None or value == "NA":
            if np.isfinite(ours):
                yield measure
        elif not abs(ours - value) <= TOLERANCE * max(abs(value), ABSOLUTE_FLOOR):
            yield measure
    for table, kinds in (("estimates", ("estimates", "se")), ("standardized", ("standardised", "standardised se"))):
        found = Deviations()
        _rows_unlike(fit, changes.get(table, {}), found, standardised=table == "standardized")
        yield from (kind for kind in kinds if found.largest.get(kind, 0.0) > TOLERANCE)


def _rows_unlike(fit: Fit, rows: Mapping[str, Any], found: Deviations, *, standardised: bool) -> None:
    if not rows:
        return
    split = [key.rsplit(" ", 1) for key in rows]
    parts = [name.split(" ", 2) for name, _ in split]
    table = {
        "lhs": [part[0] for part in parts],
        "op": [part[1] for part in parts],
        "rhs": [part[2] if len(part) > 2 else "" for part in parts],
        "group": [int(group) if group.isdigit() else 0 for _, group in split],
        "est": [value[0] for value in rows.values()],
        "se": [value[1] for value in rows.values()],
    }
    part = "standardized" if standardised else "estimates"
    measured = deviations(fit, {"estimates": _empty(), part: table, "fit": {}})
    found.largest |= measured.largest


def _empty() -> dict[str, list[Any]]:
    return {name: [] for name in ("lhs", "op", "rhs", "group", "est", "se")}


def _ordered(case: Case) -> bool:
    return bool(case.options.get("ordered"))


def _residual_size(what: str) -> bool:
    return what.startswith(("rmr", "srmr", "crmr"))


REASONS: Mapping[str, Callable[[Case, str], bool]] = {
    "WLSMV and DWLS without ordered items: stop in 0.7 unless `ordered=FALSE` is given": (
        lambda case, what: what == "fit" and not _ordered(case)
    ),
    "ULS and DWLS of continuous items: tested by Browne's residual statistic, with robust errors": (
        lambda case, what: case.options.get("estimator") in ("ULS", "DWLS") and not _ordered(case)
    ),
    "GFI: redefined in 0.7; the older index, as here, is its `gfi_lisrel`": lambda case, what: what == "gfi",
    "plain p values beside a mean and variance adjusted test: no longer given": (
        lambda case, what: what in ("pvalue", "baseline.pvalue") and _adjusted(case)
    ),
    "SRMR family of ordered items with predictors: other residuals": (
        lambda case, what: _ordered(case) and _residual_size(what)
    ),
    "SRMR family of incomplete answers: other saturated moments": (
        lambda case, what: case.options.get("missing") == "fiml" and _residual_size(what)
    ),
    "robust measures: given under other conditions, with other corrections": (
        lambda case, what: what.endswith(".robust")
    ),
    "critical n of a saturated model: not defined here": lambda case, what: what in ("cn_01", "cn_05"),
    "sampling weights: scaled within each group in 0.7": (
        lambda case, what: "weights" in case.options and "group" in case.options
    ),
    "sampling weights in units (`cluster=`): another robust correction": (
        lambda case, what: "weights" in case.options and "cluster" in case.options
    ),
    "marker item: 0.7 chooses another one where the first item's loading is near 0": (
        lambda case, what: what in ("estimates", "se", "standardised", "standardised se") and _ordered(case)
    ),
}
"""Why a newer version may give another value; the first one that applies is told."""


def _adjusted(case: Case) -> bool:
    return _ordered(case) or case.options.get("estimator") in ("WLSM", "WLSMV", "ULSM", "ULSMV")


def _reason(case: Case, what: str) -> str:
    return next((reason for reason, applies in REASONS.items() if applies(case, what)), "")
