"""Names of columns that a model can write, and what to say of those that it cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cxkit.errors import ModelError
from cxkit.sem.language.statements import Syntax

if TYPE_CHECKING:
    import pandas as pd

# As in `tokens.py`: a letter, then letters, digits, '_' and '.'.
WRITABLE = re.compile(r"[^\W\d][\w.]*|\.[^\W\d][\w.]*")
MOST_SHOWN = 5


def clean_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Which names can a model use for these columns? The same table with every column named so.

    Spaces, hyphens and other signs become `_`, a name that begins with a digit gets an `x` in front, and names that
    would then be alike are numbered. Names that a model can write already stay as they are.

    Parameters
    ----------
    frame
        Answers, one column per item. Missing values and all others are left alone.

    Returns
    -------
    DataFrame
        A copy. `dict(zip(frame.columns, clean_names(frame).columns))` tells which name became which.

    Raises
    ------
    ModelError
        If it is no DataFrame.

    Notes
    -----
    The same purpose as R's `make.names(names(data), unique = TRUE)`; the names differ.
    """
    if not hasattr(frame, "columns") or not hasattr(frame, "set_axis"):
        raise ModelError(f"clean_names() renames the columns of a DataFrame; this is a {type(frame).__name__}.")
    names = [_joined(column) for column in frame.columns]
    taken = {name for name in names if WRITABLE.fullmatch(name)}
    out: list[str] = []
    for name in names:
        first = name if WRITABLE.fullmatch(name) else _writable(name)
        clean, k = first, 2
        # A name that was writable all along is kept for the column that had it.
        while clean in out or (clean in taken and clean != name):
            clean, k = f"{first}_{k}", k + 1
        out.append(clean)
    return frame.set_axis(out, axis=1)


def _joined(column: object) -> str:
    return "_".join(map(str, column)) if isinstance(column, tuple) else str(column)


def _writable(name: str) -> str:
    clean = re.sub(r"[^\w.]+", "_", name).strip("_")
    return clean if WRITABLE.fullmatch(clean) else f"x{clean}"


def unwritable(columns: Sequence[object], model: str) -> str:
    """A sentence about the columns that stand in the model but cannot be written in it; empty if there are none."""
    text = " ".join(model.split())
    names = [str(column) for column in columns]
    # A bare number is more likely a fixed value than the name of a column.
    odd = [name for name in names if name and not WRITABLE.fullmatch(name) and re.search(r"[^\W\d]", name)]
    found = [name for name in odd if " ".join(name.split()) in text]
    if not found:
        return ""
    shown = ", ".join(f"'{name}' to '{_writable(name)}'" for name in found[:MOST_SHOWN])
    more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return (
        f" A model cannot write names with spaces, hyphens or a digit in front: rename {shown}{more}, or use "
        "sem.clean_names(data), which renames all such columns."
    )


def ambiguous_names(
    syntax: Syntax, latent: Sequence[str], observed: Sequence[str], columns: Sequence[object]
) -> list[str]:
    """Warnings about labels and latent variables that bear the name of a column or of a variable."""
    known = {str(column) for column in columns} | set(latent) | set(observed)
    out = []
    seen: set[str] = set()
    for statement in syntax.statements:
        for label in statement.modifiers.label:
            if label and label in known and label not in seen:
                seen.add(label)
                what = f"{label}*{statement.rhs or '1'}"
                out.append(
                    f"Model, line {statement.line}: in '{what}' the name '{label}' is read as a label of the "
                    f"parameter, although there is a variable '{label}'. An interaction needs a product column of its "
                    "own; if a label is meant, give it another name."
                )
    shadowed = [name for name in latent if name in set(map(str, columns))]
    if shadowed:
        out.append(
            f"'{shadowed[0]}' is a latent variable of the model, so the column of that name is not used. Rename one of "
            "them if the column was meant."
        )
    return out


def columns_of(data: Any) -> list[object]:
    """Column names of a table; none for published moments."""
    columns = getattr(data, "columns", None)
    return [] if columns is None else list(columns)
