"""The numbers that an executed notebook stands by, and how two such sets differ."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from cxkit import mime
from cxkit.errors import first_of
from cxkit.running.provenance.changes import Allowed, Change, Moved, gravest, is_number

_SHOWN = 5
_ROUNDING = 1e-6  # the widest that cxkit itself allows, where a search stops early
_TOLERANCES = {"tolerance": "tolerance", "absolute": "absolute tolerance"}


def declared_in(executed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything declared in a notebook's outputs, in order; equal names are told apart by a number."""
    numbering = Numbering()
    outputs = (output for cell in executed["cells"] for output in cell.get("outputs", []))
    declared = (declared_by(output) for output in outputs)
    return [numbering.numbered(one) for one in declared if one is not None]


class Numbering:
    """Tells what bears the same name apart by a number, and never by a name that another bears."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()
        self._counts: dict[tuple[str, str], int] = {}

    def numbered(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """The same under a name of its own."""
        key = kind, name = key_of(one)
        number, own = self._counts.get(key, 1), name
        while (kind, own) in self._taken:
            number += 1
            own = f"{name} ({number})"
        self._taken.add((kind, own))
        self._counts[key] = number
        return {**one, "name": own}


def declared_by(output: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What one output declares; None where that is nothing that could be compared."""
    one = output.get("data", {}).get(mime.DECLARED)
    return one if is_usable(one) else None


def in_file_order(one: Mapping[str, Any]) -> dict[str, Any]:
    """The same with its columns as a notebook's file keeps them: by their names."""
    columns = one.get("columns")
    return {**one, "columns": dict(sorted(columns.items()))} if isinstance(columns, Mapping) else dict(one)


def is_usable(one: Any) -> bool:
    """Whether something is a table, picture or value as results leave it; a notebook or crate may hold anything."""
    if not isinstance(one, Mapping) or one.get("kind") not in {"table", "picture", "value"}:
        return False
    tolerances = [one.get(name, 0.0) for name in _TOLERANCES]
    columns = one.get("columns", {})
    if (
        not isinstance(one.get("name"), str)
        or not all(map(_is_allowance, tolerances))
        or not isinstance(columns, Mapping)
    ):
        return False
    return all(isinstance(column, list) for column in columns.values()) and len(set(map(len, columns.values()))) < 2


def _is_allowance(value: Any) -> bool:
    return is_number(value) and 0 <= value <= sys.float_info.max


def changes(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[Change | Moved]:
    """What moved between two sets of declared values: beyond the tolerance of each, or within it."""
    later = {key_of(one): one for one in now}
    found: list[Change | Moved] = []
    for one in before:
        other = later.pop(key_of(one), None)
        if other is None:
            found.append(Change(one["name"], f"the {one['kind']} '{one['name']}' is no longer there", "words"))
        else:
            found += differences(one, other)
    for one in later.values():
        found.append(Change(one["name"], f"the {one['kind']} '{one['name']}' was not there before", "words"))
    return found


def key_of(one: Mapping[str, Any]) -> tuple[str, str]:
    """What something declared is found again by: its kind and its name."""
    return str(one["kind"]), str(one["name"])


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change | Moved]:
    """What moved in one thing declared. How far it may is what was declared now: then is but a claim."""
    name = now["name"]
    for which, word in _TOLERANCES.items():
        if which in before and before[which] != now.get(which):
            told = f"{before[which]!r} and is {now.get(which)!r}"
            yield Change(name, f"the {word} of the {now['kind']} '{name}' was {told}", "words")
    if before["kind"] == "picture":
        if before.get("sha256") != now.get("sha256"):
            yield Change(name, f"the picture '{name}' looks different", "picture")
    elif before["kind"] == "value":
        head = f"the value '{name}' moved"
        yield from _of_cells(before.get("value"), now.get("value"), allowed_by(now), name, head)
    else:
        yield from _of_tables(name, before.get("columns", {}), now.get("columns", {}), allowed_by(now))


def allowed_by(one: Mapping[str, Any]) -> Allowed:
    """How far a table or value says that it may move."""
    return Allowed(float(one.get("tolerance", 0.0)), float(one.get("absolute", Allowed.absolute)))


def allowed_by_authors(declared: Iterable[Mapping[str, Any]]) -> dict[str, Allowed]:
    """What may move further than rounding moves it, by its name."""
    found = {str(one["name"]): allowed_by(one) for one in declared}
    return {name: one for name, one in found.items() if max(one.relative, one.absolute) > _ROUNDING}


def _of_tables(
    name: str, before: Mapping[str, Sequence[Any]], now: Mapping[str, Sequence[Any]], allowed: Allowed
) -> Iterator[Change | Moved]:
    if list(before) != list(now):
        other = ", ".join(sorted(set(before) ^ set(now))) or "in another order"
        yield Change(name, f"the table '{name}' has other columns: {other}", "words")
        before = {column: values for column, values in before.items() if column in now}
    rows, new_rows = ([*zip(*(columns[name] for name in before), strict=True)] for columns in (before, now))
    if len(rows) != len(new_rows):
        yield Change(name, f"the table '{name}' has {len(new_rows)} rows instead of {len(rows)}", "words")
        return
    found = [[*_of_rows(name, before, row, new, allowed)] for row, new in zip(enumerate(rows), new_rows, strict=True)]
    for one in chain.from_iterable(found):
        if isinstance(one, Moved):
            yield one
    beyond = {place: changes for place, each in enumerate(found) if (changes := _changes_in(each))}
    if _are_the_same_rows([rows[k] for k in beyond], [new_rows[k] for k in beyond], allowed):
        places = first_of([str(place + 1) for place in beyond], _SHOWN)
        yield Change(name, f"in the table '{name}' rows {places} stand in another order", "order")
    else:
        yield from _first_of(name, [*chain.from_iterable(beyond.values())])


def _changes_in(found: Iterable[Change | Moved]) -> list[Change]:
    return [one for one in found if isinstance(one, Change)]


def _first_of(name: str, changes: Sequence[Change]) -> Iterator[Change]:
    """The first cells of a table that moved, and how many more did."""
    yield from changes[:_SHOWN]
    if left := changes[_SHOWN:]:
        yield Change(name, f"in the table '{name}' {len(left)} more cells moved", gravest(left))


def _of_rows(
    name: str, columns: Iterable[str], row: tuple[int, tuple[Any, ...]], now: tuple[Any, ...], allowed: Allowed
) -> Iterator[Change | Moved]:
    number, before = row
    text = next((cell[:40] for cell in before if isinstance(cell, str)), "")
    place = f"row {number + 1}" + (f" ({text})" if text else "")
    for column, one, other in zip(columns, before, now, strict=True):
        yield from _of_cells(one, other, allowed, name, f"in the table '{name}' {place}, {column}, moved")


def _are_the_same_rows(before: list[tuple[Any, ...]], now: list[tuple[Any, ...]], allowed: Allowed) -> bool:
    """Whether the same rows stand here, in whatever order: each beside its own once both are sorted.

    Words and counts go before numbers, which go by their first digits: rounding changes the others.
    """
    pairs = zip(sorted(before, key=_order_of_row), sorted(now, key=_order_of_row), strict=True)
    return bool(before) and all(_are_equal(one, other, allowed) for one, other in pairs)


def _order_of_row(row: tuple[Any, ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    cells = [cell for cell in row if not isinstance(cell, float)]
    return tuple(map(repr, cells)), tuple(float(f"{cell:.6g}") for cell in row if isinstance(cell, float))


def _are_equal(before: tuple[Any, ...], now: tuple[Any, ...], allowed: Allowed) -> bool:
    cells = zip(before, now, strict=True)
    return not any(isinstance(one, Change) for a, b in cells for one in _of_cells(a, b, allowed, "", ""))


def _of_cells(before: Any, now: Any, allowed: Allowed, name: str, head: str) -> Iterator[Change | Moved]:
    if is_number(before) and is_number(now):
        by = allowed.distance(before, now)
        if by is None:
            yield Change(name, f"{head} from {before!r} to {now!r}, by {now - before:.3g}")
        elif by:
            yield Moved(name, by)
    elif before != now or type(before) is not type(now):
        yield Change(name, f"{head} from {before!r} to {now!r}", "words")
