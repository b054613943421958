"""The numbers that an executed notebook stands by, and how two such sets differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MIME_TYPE = "application/vnd.cxkit.declared+json"
_SHOWN = 5


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was declared.

    Attributes
    ----------
    name : str
        The table, picture or value.
    text : str
        What moved, from where to where, and by how much.
    """

    name: str
    text: str


def declared_in(executed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything declared in a notebook's outputs, in order; equal names are told apart by a number."""
    found: list[dict[str, Any]] = []
    counts: dict[tuple[str, str], int] = {}
    for cell in executed["cells"]:
        for output in cell.get("outputs", []):
            one = output.get("data", {}).get(MIME_TYPE)
            if not isinstance(one, Mapping) or not {"kind", "name"} <= one.keys():
                continue
            key = (str(one["kind"]), str(one["name"]))
            counts[key] = counts.get(key, 0) + 1
            name = key[1] if counts[key] == 1 else f"{key[1]} ({counts[key]})"
            found.append({**one, "name": name})
    return found


def changes(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[Change]:
    """What moved between two sets of declared values, each beyond its declared tolerance."""
    later = {_key(one): one for one in now}
    found: list[Change] = []
    for one in before:
        other = later.pop(_key(one), None)
        if other is None:
            found.append(Change(one["name"], f"the {one['kind']} '{one['name']}' is no longer there"))
        else:
            found += [Change(one["name"], text) for text in _differences(one, other)]
    found += [Change(one["name"], f"the {one['kind']} '{one['name']}' was not there before") for one in later.values()]
    return found


def _key(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one["kind"]), str(one["name"])


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    name = before["name"]
    if before["kind"] == "picture":
        if before.get("sha256") != now.get("sha256"):
            yield f"the picture '{name}' looks different"
        return
    tolerance = float(before.get("tolerance", 0.0))
    if before["kind"] == "value":
        if moved := _moved(before.get("value"), now.get("value"), tolerance):
            yield f"the value '{name}' moved {moved}"
        return
    yield from _table_differences(name, before.get("columns", {}), now.get("columns", {}), tolerance)


def _table_differences(
    name: str, before: Mapping[str, Sequence[Any]], now: Mapping[str, Sequence[Any]], tolerance: float
) -> Iterator[str]:
    if list(before) != list(now):
        yield f"the table '{name}' has other columns: {', '.join(sorted(set(before) ^ set(now))) or 'in another order'}"
        return
    lengths = {len(column) for column in before.values()}, {len(column) for column in now.values()}
    if lengths[0] != lengths[1]:
        yield f"the table '{name}' has {max(lengths[1], default=0)} rows instead of {max(lengths[0], default=0)}"
        return
    moved = []
    for column, values in before.items():
        for row, (old, new) in enumerate(zip(values, now[column], strict=True)):
            if text := _moved(old, new, tolerance):
                moved.append(f"{_row_name(before, row)}, {column}, moved {text}")
    for text in moved[:_SHOWN]:
        yield f"in the table '{name}' {text}"
    if len(moved) > _SHOWN:
        yield f"in the table '{name}' {len(moved) - _SHOWN} more cells moved"


def _row_name(columns: Mapping[str, Sequence[Any]], row: int) -> str:
    """A row by the first of its cells that is a text."""
    for values in columns.values():
        if isinstance(values[row], str):
            return f"row {row + 1} ({values[row][:40]})"
    return f"row {row + 1}"


def _moved(before: Any, now: Any, tolerance: float) -> str:
    """From where to where; empty if within tolerance."""
    if _is_number(before) and _is_number(now):
        if abs(now - before) <= tolerance * max(abs(before), abs(now)):
            return ""
        return f"from {before!r} to {now!r}, by {now - before:.3g}"
    return "" if before == now and type(before) is type(now) else f"from {before!r} to {now!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
