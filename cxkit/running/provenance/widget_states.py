"""The state of a widget with those of the widgets within it, without their random names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REFERENCE = "IPY_MODEL_"


def state_of(root: str, states: Mapping[str, Any]) -> list[Any]:
    """List the state of a widget and of each widget that it reaches, once, in the order in which they are named.

    Parameters
    ----------
    root : str
        The random name of the widget.
    states : mapping
        All states of the notebook, by name.

    Returns
    -------
    list
        A state for each widget; where one names another stands the place of that in this list.
    """
    places, waiting, told = {root: 0}, [root], list[Any]()
    for name in waiting:  # grows while it is gone through
        one = states.get(name)
        if not isinstance(one, Mapping):
            told.append("a widget")
            continue
        held = one.get("buffers", [])
        buffers = [{key: part.get(key) for key in ("path", "data")} for part in held if isinstance(part, Mapping)]
        own = {"model": one.get("model_name"), "state": _with_places(one.get("state", {}), places, waiting)}
        told.append({**own, **({"buffers": buffers} if buffers else {})})
    return told


def _with_places(value: Any, places: dict[str, int], waiting: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _with_places(part, places, waiting) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_places(part, places, waiting) for part in value]
    if not isinstance(value, str) or not value.startswith(_REFERENCE):
        return value
    name = value.removeprefix(_REFERENCE)
    if name not in places:
        places[name] = len(waiting)
        waiting.append(name)
    return f"{_REFERENCE}{places[name]}"
