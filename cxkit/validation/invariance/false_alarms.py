"""How often differences are found where there are none: rates simulated by benchmarks/invariance_rates.py."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from math import log
from pathlib import Path
from typing import Any

LARGEST = 400
"""Beyond groups of this size, rates simulated for 300 say too little."""
SIMULATED = "MLR"


@cache
def rates() -> tuple[Mapping[str, Any], ...]:
    """The simulated rates: a mapping a kind of answers and size of group."""
    written = (Path(__file__).parent / "false_alarms.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(written)["rate"])


def false_alarms(sizes: Sequence[int]) -> str:
    """What was found in simulated groups of about this size that answer alike, as a sentence."""
    if not sizes or min(sizes) > LARGEST:
        return ""
    known = [one for one in rates() if not one["ordinal"]]
    near = min(known, key=lambda one: abs(log(one["n"] / min(sizes))))
    return (
        f"In simulated groups of {near['n']} that answer alike, CFI alone finds a difference in "
        f"{near['cfi_dimension']:.0%} of dimensions and {near['cfi_report_8']:.0%} of reports of 8 dimensions, this "
        f"rule in {near['report_8']:.0%} of reports ({near['surveys']} surveys; docs/invariance.md)."
    )
