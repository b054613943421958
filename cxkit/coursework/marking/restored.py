"""An answer that went out as plain data, as the variable that a notebook goes on with; runs in the student's kernel."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_WHOLE = re.compile(r"0|-?[1-9]\d{0,15}")
_TYPES: Mapping[str, Callable[[str], Any]] = {
    "int": int, "float": float, "str": str, "bool": lambda text: text == "True",
}  # fmt: skip
_KINDS = {"list": "list", "tuple": "tuple", "dict": "dict", "ndarray": "array", "Series": "series"}


def restored(text: str, like: Any = None) -> Any:
    """A number, a text, a list, tuple, dict or array of values, a Series, or a DataFrame.

    Numbers and values come as the type that `like` has, which is what the student's own code left; else as the model's.
    """
    told = json.loads(text)
    if told["kind"] == "number":
        return _number(told["value"], like)
    if told["kind"] == "text":
        return told["value"]
    form = json.loads(told.get("form") or "{}")
    if told["kind"] == "table":
        import pandas as pd

        columns = dict(enumerate(map(_as_pandas, told["cells"])))
        made = pd.DataFrame(columns, index=_axis(told["rows"], form.get("rows", {})))
        made.columns = _axis(told["columns"], form.get("columns", {}))
        return made
    return _series(told, form, like)


def _number(value: Any, like: Any) -> Any:
    """A whole number can count, as in `range`; others have numpy's methods unless the student's own had not."""
    import numpy as np

    if isinstance(value, int):
        return value
    kind = float if type(like) in (int, float) else np.float64
    return kind("nan" if value is None else value)


def _series(told: Mapping[str, Any], form: Mapping[str, Any], like: Any) -> Any:
    values, texts = _with_missing(told["values"]), told["labels"]
    kind = _KINDS.get(type(like).__name__) or form.get("as") or ("array" if texts is None else "series")
    if kind == "list":
        return values
    if kind == "tuple":
        return tuple(values)
    if texts is None:
        texts, form = range(len(values)), {"labels": range(len(values))}
    if kind == "dict":
        return dict(zip(_labels(texts, form.get("rows", form)), values, strict=True))
    if kind == "array":
        import numpy as np

        return np.array(values)
    import pandas as pd

    return pd.Series(_as_pandas(told["values"]), index=_axis(texts, form.get("rows", form)), name=form.get("name"))


def _with_missing(values: Sequence[Any]) -> list[Any]:
    """Among numbers what is missing is NaN, and not None."""
    is_numeric = all(value is None or type(value) in (int, float) for value in values)
    return [float("nan") if value is None and is_numeric else value for value in values]


def _as_pandas(values: Sequence[Any]) -> list[Any]:
    """What is missing is NaN among texts as well, as pandas reads them from a file."""
    return [float("nan") if value is None else value for value in values]


def _axis(texts: Sequence[str], form: Mapping[str, Any]) -> Any:
    """An index with its names."""
    import pandas as pd

    names = form.get("names", [None])
    labels = _labels(texts, form)
    if "tuples" in form and len(names) > 1:
        return pd.MultiIndex.from_tuples(labels, names=names)
    return pd.Index(labels, name=names[0], tupleize_cols=False)


def _labels(texts: Sequence[str], form: Mapping[str, Any]) -> list[Any]:
    """Labels came as texts; where nothing says what they were and all of them are whole numbers, they were numbers."""
    if "tuples" in form:
        return [tuple(label) if isinstance(label, list) else label for label in form["tuples"]]
    if "labels" in form:
        return list(form["labels"])
    if "type" in form:
        return [_TYPES[form["type"]](text) for text in texts]
    return [int(text) for text in texts] if all(_WHOLE.fullmatch(text) for text in texts) else list(texts)
