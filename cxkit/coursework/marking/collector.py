"""What a notebook has left, as bounded plain data; runs in the student's kernel, so it is the student's word.

Nothing in here is secret, and nothing that is expected enters the kernel. Values are taken by their exact types, so
that an object that lies about itself is refused and not asked. Only the standard library is imported; numpy, pandas and
matplotlib are used where the student has loaded them.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

MOST_CELLS = 50_000
LONGEST_TEXT = 10_000
MOST_CHARACTERS = 2_000_000
_MOST_COLUMNS = 2_000


OPEN = "it is None"
"""Why a variable that holds nothing is no answer."""


class _Refused(Exception):
    """A value that is not taken, with the reason for the student."""


def collect(namespace: Mapping[str, Any], asked: Sequence[Sequence[str]]) -> str:
    """The named values as JSON.

    Parameters
    ----------
    namespace : mapping
        The notebook's variables.
    asked : sequence of (name, type)
        Type as in assignment.toml.

    Returns
    -------
    str
        From name to `{"kind": ...}`; a name that is not there is left out.
    """
    told: dict[str, Any] = {}
    room = MOST_CHARACTERS
    for name, kind in asked:
        if name not in namespace:
            continue
        try:
            taken = _collected(namespace[name], kind)
            said = json.dumps(taken, allow_nan=False)
            if len(said) > room and taken.pop("form", None):  # which is only for restoring it
                said = json.dumps(taken, allow_nan=False)
        except _Refused as refusal:
            said = json.dumps({"kind": "refused", "reason": str(refusal)})
        except Exception as error:
            said = json.dumps({"kind": "refused", "reason": f"taking its values ends with {_said(error)}"})
        if len(said) > room:
            said = json.dumps({"kind": "refused", "reason": "it is too large"})
        room -= len(said)
        told[name] = json.loads(said)
    return json.dumps(told)


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())[:100]
    return f"{type(error).__name__}: {text}" if text else f"{type(error).__name__}, without a message"


def _collected(value: Any, kind: str) -> dict[str, Any]:
    if value is None:
        raise _Refused(OPEN)  # as it was released: nobody has worked on it
    return _COLLECTORS[kind](value)


def _scalar(value: Any) -> Any:
    """A number, a text, a truth value, or None for what is missing."""
    kind = type(value)
    if kind in (int, str, bool) or value is None:
        return _bounded(value)
    if kind is float:
        return None if math.isnan(value) else _finite(value)
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and kind.__module__ == "numpy" and issubclass(kind, numpy.generic):
        return _scalar(value.item()) if type(value.item()) in (int, float, str, bool) else _unknown(value)
    if pandas is not None and (value is pandas.NA or value is pandas.NaT):
        return None
    return _unknown(value)


def _bounded(value: Any) -> Any:
    if type(value) is str and len(value) > LONGEST_TEXT:
        raise _Refused(f"it is a text of {len(value):,} characters")
    if type(value) is int and abs(value) > 10**300:
        raise _Refused("it is a number too large to be an answer")
    return value


def _finite(value: float) -> float:
    if math.isinf(value):
        raise _Refused("it is infinite")
    return value


def _unknown(value: Any) -> Any:
    raise _Refused(f"it is of type {type(value).__name__}")


def _number(value: Any) -> dict[str, Any]:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and type(value) is numpy.ndarray and value.size == 1:
        value = value.reshape(-1)[0]
    elif pandas is not None and type(value) in (pandas.Series, pandas.Index) and len(value) == 1:
        value = value.to_numpy()[0]
    plain = _scalar(value)
    if type(plain) is bool:
        raise _Refused("it is a truth value (True or False); a number is wanted")
    if type(plain) is str:
        raise _Refused("it is a text; a number is wanted")
    return {"kind": "number", "value": plain}


def _text(value: Any) -> dict[str, Any]:
    plain = _scalar(value)
    if type(plain) is bool:
        plain = "yes" if plain else "no"
    if type(plain) in (int, float):
        plain = repr(plain)
    return {"kind": "text", "value": plain}


def _series(value: Any) -> dict[str, Any]:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and type(value) is pandas.DataFrame:
        _fits(len(value), value.shape[1])
        if value.shape[1] != 1:
            raise _Refused(f"it is a table of {value.shape[1]} columns; a series is wanted")
        value = value.iloc[:, 0]
    if pandas is not None and type(value) is pandas.Series:
        _fits(len(value), 1)
        values = [_scalar(v) for v in value.tolist()]
        form = {"as": "series", "name": _plain_name(value.name), "rows": _axis(value.index)}
        return {"kind": "series", "index": _labels(value.index), "values": values, "form": json.dumps(form)}
    if type(value) is dict:
        _fits(len(value), 1)
        values = [_scalar(v) for v in value.values()]
        form = {"as": "dict", "rows": _labels_form(list(value))}
        return {"kind": "series", "index": [_label(k) for k in value], "values": values, "form": json.dumps(form)}
    if numpy is not None and type(value) is numpy.ndarray and value.ndim == 1:
        _fits(len(value), 1)
        return {"kind": "series", "index": None, "values": [_scalar(v) for v in value.tolist()]}
    if type(value) in (list, tuple):
        _fits(len(value), 1)
        form = {"as": type(value).__name__}
        return {"kind": "series", "index": None, "values": [_scalar(v) for v in value], "form": json.dumps(form)}
    raise _Refused(f"it is of type {type(value).__name__}; a series is wanted")


def _table(value: Any) -> dict[str, Any]:
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.DataFrame:
        raise _Refused(f"it is of type {type(value).__name__}; a table (DataFrame) is wanted")
    _fits(len(value), value.shape[1])
    columns, cells, unread = [], [], []
    for place, name in enumerate(_labels(value.columns)):
        try:
            cells.append([_scalar(one) for one in value.iloc[:, place].tolist()])
            columns.append(name)
        except _Refused as refusal:  # a column that nobody looks at harms nobody
            unread.append(["column", name, str(refusal)])
    try:
        rows, told = _labels(value.index), _axis(value.index)
    except _Refused as refusal:
        rows, told = [str(place) for place in range(len(value))], {}
        unread.append(["index", "", str(refusal)])
    form = json.dumps({"rows": told, "columns": _axis(value.columns)})
    return {"kind": "table", "index": rows, "columns": columns, "cells": cells, "form": form, "unread": unread}


def _fits(rows: int, columns: int) -> None:
    if rows * max(columns, 1) > MOST_CELLS or columns > _MOST_COLUMNS:
        raise _Refused(f"it has {rows:,} rows and {columns:,} columns, which is too large for an answer")


def _labels(index: Any) -> list[str]:
    return [_label(one) for one in index.tolist()]


def _label(value: Any) -> str:
    if type(value) is tuple:
        return " / ".join(_label(part) for part in value)
    plain = _scalar(value)
    if type(plain) is float and plain == int(plain):
        plain = int(plain)
    return str(plain)


def _axis(index: Any) -> dict[str, Any]:
    """What a text of a label does not tell: the names of an index, and what its labels are."""
    return {"names": [_plain_name(name) for name in index.names], **_labels_form(index.tolist())}


def _plain_name(name: Any) -> Any:
    return name if type(name) in (str, int) else None


def _labels_form(labels: list[Any]) -> dict[str, Any]:
    """The type of labels, which come as texts; the labels themselves where they are of several types or levels."""
    if any(type(label) is tuple for label in labels):
        return {"tuples": [[_scalar(part) for part in label] if type(label) is tuple else label for label in labels]}
    plain = [_scalar(label) for label in labels]
    types = {type(label) for label in plain}
    if len(types) == 1 and None not in plain:
        return {"type": types.pop().__name__}
    return {"labels": plain}


def _figure(value: Any) -> dict[str, Any]:
    """What can be seen of a matplotlib figure: kinds of marks and their numbers, labels."""
    if "matplotlib" not in sys.modules:
        raise _Refused(f"it is of type {type(value).__name__}; a figure is wanted")
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(value, Axes):
        axes = [value]
    elif isinstance(value, Figure):
        axes = list(value.axes)
    elif isinstance(getattr(value, "figure", None), Figure):  # seaborn's grids
        axes = list(value.figure.axes)
    else:
        raise _Refused(f"it is of type {type(value).__name__}; a figure is wanted")
    if not axes:
        return {"kind": "figure", "facts": {"n_axes": 0}}
    first = axes[0]
    bars, lines = len(first.patches), len(first.lines)
    points = 0
    for one in first.collections:
        points += len(list(one.get_offsets())) if hasattr(one, "get_offsets") else 0  # type: ignore[arg-type]
    kind = "bar" if bars else "scatter" if points else "line" if lines else "image" if first.images else "empty"
    facts = {
        "n_axes": len(axes),
        "title": first.get_title(),
        "xlabel": first.get_xlabel(),
        "ylabel": first.get_ylabel(),
        "kind": kind,
        "orientation": _orientation(first),
        "n_bars": bars,
        "n_lines": lines,
        "n_points": points,
        "legend": first.get_legend() is not None,
    }
    return {"kind": "figure", "facts": {name: _scalar(fact) for name, fact in facts.items()}}


def _orientation(axes: Any) -> str:
    """Which way the bars of these axes stand; empty without bars, or where they stand both ways."""
    ways = {getattr(one, "orientation", None) for one in axes.containers}
    ways &= {"vertical", "horizontal"}
    return str(ways.pop()) if len(ways) == 1 else ""


_COLLECTORS = {
    "number": _number,
    "text": _text,
    "choice": _text,
    "series": _series,
    "table": _table,
    "figure": _figure,
}
