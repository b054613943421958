"""Numbers that a report stands by: unrounded, by name, with how far they may move when the report is made again."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxkit import mime
from cxkit.errors import AnalysisError

"""Under this type the report's maker reads declared values from the notebook's output."""

TOLERANCE = 1e-9
"""How far a number may move, relative to its size, unless it says otherwise: the last bits, and no more."""

ABSOLUTE = 1e-9
"""How far a number of a table may move at all: on the scale of answers, shares and correlations nothing smaller counts,
and what is 0 but for the last bits has no size to be relative to."""

_ASKED_BY = "CXKIT_DECLARE"


def is_asked() -> bool:
    """Whether somebody collects declared values; notebooks that people work in are not filled with them."""
    return os.environ.get(_ASKED_BY) == "1"


def declared_table(name: str, frame: pd.DataFrame, absolute: float = ABSOLUTE) -> dict[str, Any]:
    """A table as plain data. What is hidden in it is missing here as well."""
    columns = {str(column): [plain(value) for value in frame[column]] for column in frame.columns}
    return {"kind": "table", "name": name, "tolerance": TOLERANCE, "absolute": absolute, "columns": columns}


def declared_picture(name: str, sha256: str) -> dict[str, Any]:
    """A picture, by the hash of its file."""
    return {"kind": "picture", "name": name, "sha256": sha256}


def plain(value: Any) -> Any:
    """A cell as JSON holds it: numbers in full, None for what is missing, everything else as text."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return None if math.isnan(number) else number if math.isfinite(number) else str(number)
    return str(value)


@dataclass(frozen=True)
class Declared:
    """A value that `declare` was given; shows itself in one line."""

    name: str
    value: Any
    tolerance: float
    absolute: float

    def __repr__(self) -> str:
        return f"{self.name}: {self.value}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if is_asked():
            bundle[mime.DECLARED] = {
                "kind": "value", "name": self.name, "tolerance": self.tolerance, "absolute": self.absolute,
                "value": plain(self.value),
            }  # fmt: skip
        return bundle


def declare(name: str, value: float | str, *, tolerance: float = TOLERANCE, absolute: float = 1e-12) -> Declared:
    """Stand by a number of your own: `cxkit verify` computes it again and says if it moved.

    Results of cxkit that a notebook shows are declared without this.

    Parameters
    ----------
    name : str
        What it is called when it moves.
    value : number or str
    tolerance : float
        How far it may move, relative to its size.
    absolute : float
        How far it may move whatever its size: a number that is 0 but for the last bits of a computation is told
        neither by chance nor by the processor.

    Returns
    -------
    Declared
        Make it the last line of a cell.

    Raises
    ------
    AnalysisError
        If the value is neither number nor text, or a tolerance negative or infinite.
    """
    if not isinstance(value, (int, float, str, np.integer, np.floating)):
        raise AnalysisError(f"'{name}' is a {type(value).__name__}; numbers and texts can be declared.")
    for word, most in (("tolerance", tolerance), ("absolute tolerance", absolute)):
        if not 0 <= most < math.inf:
            raise AnalysisError(f"The {word} of '{name}' is {most}; it must be a number from 0.")
    return Declared(name, value, tolerance, absolute)
