"""From what sem_exported.R wrote to the files that the tests read.

    python sem_trim.py OUT_0.6-14.json OUT_0.6-21.json OUT_0.7-2.json

- sem_users.json: estimates and fit of the models of tests/sem/user_cases.py in lavaan 0.6-14;
- sem_after.json: modification indices, residual correlations and scores of all models in lavaan 0.6-14;
- sem_versions.json: which values the two newer versions give otherwise. What is not listed is as in 0.6-14.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
# lavaan's optimiser stops at slightly different points in different versions; nearer than this is the same value.
SAME = 1e-4
FLOOR = 1e-3
ROUNDING = 1e-20


def read(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def write(name: str, meta: dict[str, Any], results: dict[str, Any]) -> None:
    text = json.dumps({"meta": meta, "results": results}, separators=(",", ":"))
    (HERE / name).write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


def rounded(value: Any, digits: int = 7) -> Any:
    if isinstance(value, list):
        return [rounded(one, digits) for one in value]
    return float(f"{float(value):.{digits}g}") if isinstance(value, (int, float, str)) else value


def usable(part: Any) -> bool:
    return part is not None and not (isinstance(part, dict) and "error" in part)


def after_fit(case: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    table = case.get("mi")
    if usable(table) and table.get("mi"):
        # Given predictors have no parameters here; lavaan lists theirs with an index that is rounding of 0.
        keep = [k for k, value in enumerate(table["mi"]) if isinstance(value, (int, float)) and value > ROUNDING]
        names = [f"{table['lhs'][k]} {table['op'][k]} {table['rhs'][k]}" for k in keep]
        groups = table.get("group", [1] * len(table["lhs"]))
        out["mi"] = {"row": names, "group": [groups[k] for k in keep]}
        out["mi"] |= {c.replace(".", "_"): [rounded(table[c][k]) for k in keep] for c in ("mi", "epc", "sepc.all")}
    if usable(case.get("residuals")):
        parts = case["residuals"]
        groups = parts if isinstance(parts, list) else list(parts.values())
        out["residuals"] = [{"names": g["names"], "values": rounded(g["values"], 6)} for g in groups]
    if usable(case.get("scores")):
        parts = case["scores"]
        groups = parts if isinstance(parts, list) else list(parts.values())
        listed = [{"names": _list(g["names"]), "values": [_list(row) for row in g["values"]]} for g in groups]
        if all(g["names"] for g in listed):
            out["scores"] = listed
    return out


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if isinstance(value, dict) else [value]


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What a newer version gives otherwise: an error, or measures and estimates by name."""
    if "error" in new or not new.get("converged", False):
        return {"error": new.get("error", "did not converge")}
    out: dict[str, Any] = {}
    moved = {}
    before, now = old["fit"], new["fit"]
    for name in before:
        if name in now and differs(before[name], now[name]):
            moved[name] = rounded(now[name])
    if moved:
        out["fit"] = moved
    for table in ("estimates", "standardized"):
        moved = moved_rows(old[table], new[table])
        if moved:
            out[table] = moved
    return out


def moved_rows(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    before, now = rows(old), rows(new)
    return {
        key: [rounded(part) for part in now[key]]
        for key in before
        if key in now and any(b is not None and differs(a, b) for a, b in zip(before[key], now[key], strict=True))
    }


def rows(table: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    groups = table.get("group", [1] * len(table["lhs"]))
    parts = zip(table["lhs"], table["op"], table["rhs"], groups, table["est"], table["se"], strict=True)
    return {f"{lhs} {op} {rhs} {group}": (est, se) for lhs, op, rhs, group, est, se in parts}


def differs(before: Any, now: Any) -> bool:
    if not isinstance(before, (int, float)) or not isinstance(now, (int, float)):
        return type(before) is not type(now)
    return abs(now - before) > SAME * max(abs(before), FLOOR)


def main() -> None:
    old, *newer = map(read, sys.argv[1:])
    results = old["results"]
    users = {
        name: {part: case[part] for part in ("fit", "estimates", "standardized")}
        for name, case in results.items()
        if name.startswith("user_") and "error" not in case
    }
    write("sem_users.json", old["meta"], users)
    write("sem_after.json", old["meta"], {name: after_fit(case) for name, case in results.items()})
    versions = {}
    for other in newer:
        shared = other["results"].keys() & results.keys()
        moved = {name: changes(results[name], other["results"][name]) for name in sorted(shared)}
        changed = {name: found for name, found in moved.items() if found}
        versions[other["meta"]["lavaan"]] = {"models": len(shared), "changes": changed}
    write("sem_versions.json", {"script": "sem_exported.R, sem_trim.py"}, versions)


if __name__ == "__main__":
    main()
