"""Processors whose code this one runs: variables that make OpenBLAS take it."""

from __future__ import annotations

import re
from pathlib import Path

# What each needs, as Linux names it
NEEDED = {
    "Prescott": set(),
    "Nehalem": {"sse4_2"},
    "Sandybridge": {"avx"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"},
}


def flags() -> set[str]:
    told = Path("/proc/cpuinfo")
    found = re.search(r"^flags\s*:\s*(.*)$", told.read_text(), re.MULTILINE) if told.is_file() else None
    return set(found.group(1).split()) if found else set()


PROCESSORS = [{"OPENBLAS_CORETYPE": name} for name, needed in NEEDED.items() if needed <= flags()]
