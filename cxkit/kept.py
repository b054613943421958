"""What was computed once and will be asked for again: under its key, of one type, and never more than a few. No layer.

Fits of incomplete answers and the moments that they rest on take seconds; an instrument's analyses ask for the same
ones again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The latest `most` results by key; the oldest makes room."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._results: dict[K, V] = {}

    def get(self, key: K, compute: Callable[[], V]) -> V:
        """The result under this key, computed where there is none; an exception leaves nothing behind."""
        if key not in self._results:
            found = compute()
            while len(self._results) >= self.most:
                self._results.pop(next(iter(self._results)), None)
            self._results[key] = found
            return found
        return self._results[key]

    def clear(self) -> None:
        """Forget everything, as a benchmark does."""
        self._results.clear()

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<Kept: {len(self)} of at most {self.most}>"


def fingerprint(words: Sequence[object], columns: Sequence[np.ndarray | None]) -> bytes:
    """What tells one set of answers from another: words that say how they are read, and every number that enters."""
    digest = blake2b(repr(words).encode())
    for column in columns:
        shape = "none" if column is None else repr((column.shape, column.dtype.str))
        digest.update(shape.encode())
        if column is not None:
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.digest()
