"""Whether an executed notebook is still the one that was run: its prose and code, and what it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from cxkit.running.notebooks.notebook import joined, tags
from cxkit.running.provenance.changes import Change, first_difference
from cxkit.running.provenance.declared import differences, in_file_order, key_of

_LISTED, _SHOWN = 5, 60
_A_DIGIT = 1e-15  # of the 17 that tell two numbers apart (IEEE 754, binary64)


def written_changes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """What stands otherwise in a recorded executed notebook than in the one that came out now; its outputs apart.

    Compared is all of each cell but its random name, and what the notebook says of itself. The cell that sets the
    parameters is one of them.
    """
    kinds = [[cell.get("cell_type") for cell in notebook["cells"]] for notebook in (recorded, now)]
    if names := _different(*map(_of_notebook, (recorded, now))):
        yield Change("executed.ipynb", f"executed.ipynb has other metadata than the notebook: {names}", "words")
    if kinds[0] != kinds[1]:
        counts = f"{len(kinds[0])} cells of these kinds, and the notebook {len(kinds[1])}"
        at = next(place for place, (a, b) in enumerate(zip_longest(*kinds), 1) if a != b)
        told = f"executed.ipynb has {counts}: they differ from cell {at} on"
        yield Change(f"cell {at}", told, "words")
        return
    pairs = zip(recorded["cells"], now["cells"], strict=True)
    found = (_difference(f"cell {number}", one, other) for number, (one, other) in enumerate(pairs, 1))
    told_of = [one for one in found if one is not None]
    yield from told_of[:_LISTED]
    if left := told_of[_LISTED:]:
        yield Change("executed.ipynb", f"{len(left)} more cells of executed.ipynb are not the notebook's", "words")


def undeclared(declared: Sequence[Mapping[str, Any]], in_outputs: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    """Where declared.json does not hold what the outputs of executed.ipynb declare."""
    for one, other in zip_longest(declared, in_outputs):
        if one is None or other is None or not _is_the_same(one, other):
            first = one or other
            assert first is not None
            named = f"first the {first['kind']} '{first['name']}'"
            yield Change("declared.json", f"declared.json and executed.ipynb do not declare the same: {named}", "words")
            return


def _is_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two files declare one thing; some tools write the numbers of a notebook with a digit less."""
    written = [{**in_file_order(told), "tolerance": _A_DIGIT, "absolute": 0.0} for told in (one, other)]
    return key_of(one) == key_of(other) and not any(isinstance(found, Change) for found in differences(*written))


def _of_notebook(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """What a notebook says of itself; widgets are compared where they are shown, and the language is the kernel's."""
    told = notebook.get("metadata", {}).items()
    return {name: one for name, one in told if name not in {"widgets", "language_info"}}


def _of_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell without source and outputs, which are compared apart; each of its metadata by its name."""
    told = {name: one for name, one in cell.items() if name not in {"id", "source", "outputs", "metadata"}}
    held = {name: one for name, one in cell.get("metadata", {}).items() if name != "tags"}
    return {**told, **held, "tags": tags(cell)}


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The names under which two tables hold something else; empty if there is none."""
    names = (str(name) for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return ", ".join(sorted(names)[:_LISTED])


def _difference(place: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Change | None:
    one, other = joined(recorded.get("source", "")), joined(now.get("source", ""))
    if one != other:
        start = max(0, first_difference(one, other) - _SHOWN // 3)
        was, is_ = (ascii(text[start : start + _SHOWN])[1:-1] for text in (one, other))
        return Change(place, f"{place} of executed.ipynb reads '{was}' where the notebook has '{is_}'", "words")
    if names := _different(_of_cell(recorded), _of_cell(now)):
        return Change(place, f"{place} of executed.ipynb is not as in the notebook: {names}", "words")
    return None
