"""What was computed once and will be asked for again: under its key, of one type, and never more than a few. No layer.

Fits of incomplete answers and the moments that they rest on take seconds; an instrument's analyses ask for the same
ones again and again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The latest `most` results by key; the oldest makes room.

    Errors of the kinds `refusals` are results too: they take as long to find, and longer where a search gives up.
    """

    def __init__(self, most: int, refusals: tuple[type[Exception], ...] = ()) -> None:
        self.most, self.refusals = most, refusals
        self._results: dict[K, V | _Refused] = {}

    def get(self, key: K, compute: Callable[[], V]) -> V:
        """The result under this key, computed where there is none; any other exception leaves nothing behind."""
        if key not in self._results:
            try:
                found = compute()
            except self.refusals as error:
                self._keep(key, _Refused(error))
                raise
            self._keep(key, found)
            return found
        kept = self._results[key]
        if isinstance(kept, _Refused):
            raise kept.again()
        return kept

    def _keep(self, key: K, found: V | _Refused) -> None:
        while len(self._results) >= self.most:
            self._results.pop(next(iter(self._results)), None)
        self._results[key] = found

    def clear(self) -> None:
        """Forget everything, as a benchmark does."""
        self._results.clear()

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<Kept: {len(self)} of at most {self.most}>"


class _Refused:
    """An error without its traceback, whose frames would hold all that was computed until then."""

    def __init__(self, error: Exception) -> None:
        self._error = _bare(error)

    def again(self) -> Exception:
        """A copy to raise: each raise adds to the traceback of what it raises."""
        return _bare(self._error)


def _bare(error: Exception) -> Exception:
    """A copy without frames and causes; libraries of clusters teach `copy` to take them along (tblib)."""
    bare = copy.copy(error).with_traceback(None)
    bare.__cause__ = bare.__context__ = None
    return bare


def fingerprint(words: Sequence[object], columns: Sequence[np.ndarray | None]) -> bytes:
    """What tells one set of answers from another: words that say how they are read, and every number that enters."""
    digest = blake2b(repr(words).encode())
    for column in columns:
        shape = "none" if column is None else repr((column.shape, column.dtype.str))
        digest.update(shape.encode())
        if column is not None:
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.digest()
