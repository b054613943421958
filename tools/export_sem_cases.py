"""Write the models of tests/sem/cases.py for R: `python tools/export_sem_cases.py FOLDER`.

tests/reference/scripts/sem_exported.R reads the folder, so that the same models, data and options go to any version of
lavaan without being typed twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cxkit import sem  # noqa: E402
from tests.sem.cases import CASES, Case  # noqa: E402


def export(folder: Path) -> None:
    """One csv a data set, and cases.json with model, data and options of every case."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = {name: _exported(case, folder) for name, case in CASES.items()}
    (folder / "cases.json").write_text(json.dumps(cases, indent=1), encoding="utf-8")


def _exported(case: Case, folder: Path) -> dict[str, Any]:
    source = case.data.__name__
    data = case.data()
    out: dict[str, Any] = {"model": case.model, "data": source, "options": dict(case.options)}
    if isinstance(data, (sem.Moments, list)):
        out["moments"] = [_moments(part) for part in (data if isinstance(data, list) else [data])]
    elif not (folder / f"{source}.csv").exists():
        data.to_csv(folder / f"{source}.csv", index=False)
    return out


def _moments(moments: sem.Moments) -> dict[str, Any]:
    table = moments.cov if moments.cov is not None else moments.cor
    mean = None if moments.mean is None else list(moments.mean)
    sd = None if moments.sd is None else list(moments.sd)
    kind = "cov" if moments.cov is not None else "cor"
    return {"kind": kind, "names": list(table), "values": table.to_numpy().tolist(), "mean": mean, "sd": sd,
            "n": moments.n}  # fmt: skip


if __name__ == "__main__":
    export(Path(sys.argv[1]))
