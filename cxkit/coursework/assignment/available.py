"""What a student's notebook can use: packages and columns, for the instructions and for whoever used something else."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from importlib.util import find_spec
from io import StringIO
from itertools import pairwise

from cxkit.coursework.assignment.data import Assignment, DataFile
from cxkit.errors import closest

PACKAGES = ("cxkit", "numpy", "pandas", "scipy", "matplotlib", "seaborn", "sklearn", "factor_analyzer", "openpyxl")
"""By the names under which they are imported: what people compute and draw with. All of them come with cxkit."""

OFTEN_MISSED = ("statsmodels", "pingouin", "semopy", "lifelines", "pymc")
"""Packages for such tasks that do not come with cxkit, of which the instructions say so where they are not there."""

_NUMBERED = re.compile(r"(.*?)(\d+)")
_MISSING_MODULE = re.compile(r"No module named '([A-Za-z_][A-Za-z0-9_.]{0,59})'")
_MISSING_KEY = re.compile(r"'(.{1,60})'")


def packages() -> tuple[str, ...]:
    """Those of `PACKAGES` that are installed here, where notebooks are marked."""
    return tuple(name for name in PACKAGES if find_spec(name) is not None)


def packages_sentence() -> str:
    """Which packages there are, and which people look for in vain."""
    absent = [f"`{name}`" for name in OFTEN_MISSED if find_spec(name) is None]
    others = f" Other packages are not installed, {', '.join(absent)} among them." if absent else ""
    return f"Where your notebook is marked it can import Python's own modules and {_listed()}.{others}"


def _listed() -> str:
    return ", ".join(f"`{name}`" for name in packages())


def columns_of(file: DataFile) -> tuple[str, ...]:
    """The columns of a csv file, from its first line; none for other files and for one that cannot be read."""
    if file.path.suffix.lower() != ".csv":
        return ()
    try:
        with file.path.open(encoding="utf-8-sig", newline="") as lines:
            header = lines.readline()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(next(csv.reader(StringIO(header)), []))


def columns_sentence(file: DataFile) -> str:
    """Which columns a file has, runs such as CI1 to CI5 in short; empty if they are not known."""
    columns = columns_of(file)
    return f"The columns of `{file.relative}`: {', '.join(in_short(columns))}." if columns else ""


def in_short(names: Sequence[str]) -> list[str]:
    """Names in their order, three or more that count on from one another as "`A1` to `A3`"."""
    runs: list[list[str]] = [[name] for name in names[:1]]
    for before, name in pairwise(names):
        if _counts_on(before, name):
            runs[-1].append(name)
        else:
            runs.append([name])
    said = []
    for run in runs:
        said += [f"`{run[0]}` to `{run[-1]}`"] if len(run) > 2 else [f"`{name}`" for name in run]
    return said


def _counts_on(before: str, name: str) -> bool:
    """Whether a name is the one before with the next number."""
    first, second = _NUMBERED.fullmatch(before), _NUMBERED.fullmatch(name)
    return bool(first and second) and first[1] == second[1] and int(second[2]) == int(first[2]) + 1  # type: ignore[index]


def hint(assignment: Assignment, error: str, message: str) -> str:
    """What there is instead, where an error says that a package or a column is not there; else nothing.

    Parameters
    ----------
    assignment : Assignment
    error, message : str
        The name of the error and what it said, as the student's notebook left them.
    """
    if error == "ModuleNotFoundError" and (found := _MISSING_MODULE.search(message)):
        name = found[1].partition(".")[0]
        if name not in PACKAGES:
            return (
                f" There is no `{name}` where notebooks are marked. Beside Python's own modules there are {_listed()}. "
                f"If `{name}.py` is a file of your own: only the notebook is read, so put its code into a cell of it."
            )
    if error == "KeyError" and (found := _MISSING_KEY.fullmatch(message.strip())):
        return _hint_of_columns(assignment, found[1])
    return ""


def _hint_of_columns(assignment: Assignment, name: str) -> str:
    """For a key that is no column of any file: what the columns are, if it can be a column that was meant."""
    known = {column for file in assignment.files for column in columns_of(file)}
    if not known or name in known:
        return ""
    said = " ".join(filter(None, map(columns_sentence, assignment.files)))
    return f" If a column was meant:{closest(name, known)} {said}"
