"""How objects that hold answers show themselves: what they are, never what is in them. No layer of its own.

A notebook keeps the `repr` of everything it shows in its file, beside the table that people see.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

LONGEST_NAME = 100
"""Longer texts may be a whole file, and are told by their length."""


def without_contents(self: Any) -> str:
    """The name of a dataclass and of its fields: short facts as they are, tables and collections by their size alone.

    Assigned as `__repr__`, in place of the one that `dataclass` makes, which prints rows of respondents.

    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Answers:
    ...     name: str
    ...     numbers: np.ndarray
    ...     __repr__ = without_contents
    >>> Answers("Firm", np.ones((3, 2)))
    <Answers name='Firm', numbers: 3 x 2>
    """
    shown = (_field(item.name, getattr(self, item.name)) for item in fields(self))
    return f"<{type(self).__name__} {', '.join(shown)}>"


def _field(name: str, value: Any) -> str:
    """`name='Firm'` of a fact; `given: 300 x 12` of what may hold answers."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) <= LONGEST_NAME):
        return f"{name}={value!r}"
    shape = getattr(value, "shape", None)
    if shape:
        return f"{name}: {' x '.join(f'{side:,}' for side in shape)}"
    if isinstance(value, Collection):
        return f"{name}: {len(value):,}"
    if isinstance(value, int | float):
        return f"{name}={value!r}"
    return f"{name}: {type(value).__name__}"
