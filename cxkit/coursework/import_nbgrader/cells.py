"""What nbgrader's metadata say of a cell, in schema versions 0 to 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["plain", "solution", "tests", "manual", "task"]
"""`solution`: marked by tests that follow; `manual`: marked by a person; `task`: a text that asks for work."""

NEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A cell as nbgrader sees it.

    Attributes
    ----------
    number : int
        In the notebook, from 1.
    role : str
        See `Role`.
    cell_type : str
        Markdown, code or raw.
    source : str
        Its text.
    grade_id : str
        Empty where there is none.
    points : float
        0 where it is not graded.
    version : int
        Of nbgrader's schema; 0 for cells from before there was one.
    """

    number: int
    role: Role
    cell_type: str
    source: str
    grade_id: str = ""
    points: float = 0.0
    version: int = 0


def marked(cell: Mapping[str, Any], number: int) -> Marked:
    """Read the metadata of one cell; a cell without any is `plain`."""
    own = cell["metadata"].get("nbgrader")
    meta: Mapping[str, Any] = own if isinstance(own, Mapping) else {}
    return Marked(
        number=number,
        role=_role(meta, cell["cell_type"]),
        cell_type=cell["cell_type"],
        source=cell["source"],
        grade_id=str(meta.get("grade_id", "")),
        points=_points(meta.get("points")) if meta.get("grade") or meta.get("task") else 0.0,
        version=meta["schema_version"] if isinstance(meta.get("schema_version"), int) else 0,
    )


def _role(meta: Mapping[str, Any], cell_type: str) -> Role:
    if meta.get("task"):
        return "task"
    if meta.get("solution"):
        return "manual" if meta.get("grade") else "solution"
    if meta.get("grade"):
        return "tests" if cell_type == "code" else "task"
    return "plain"


def _points(value: Any) -> float:
    """Old versions kept what was typed into the field, also nothing."""
    try:
        points = float(value)
    except (TypeError, ValueError):
        return 0.0
    return points if 0 < points < float("inf") else 0.0
