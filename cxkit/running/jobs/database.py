"""One SQLite file that several processes may write: whole after every kill, and nothing half recorded."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from cxkit.errors import MarkingError

_WAIT_SECONDS = 60.0


class Database(ABC):
    """A file with a rollback journal and every commit forced to the disk.

    After a kill or a power cut it holds what was committed, whole. Processes wait for one another, and so do threads:
    JupyterLab carries out what is clicked in another thread than the cell that opened the file.
    """

    what: ClassVar[str]
    """What the file is, in messages."""
    untouched: ClassVar[str]
    """What to say when nothing of a change was kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._one_at_a_time = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise MarkingError(f"The {self.what} {path} cannot be opened: {error}.") from None
        try:
            self.connection.execute("PRAGMA synchronous = EXTRA")
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise MarkingError(f"{path} is not a {self.what}, or is damaged: {error}.") from None
        except MarkingError:
            self.connection.close()
            raise

    @abstractmethod
    def _prepare(self) -> None:
        """Make the tables of a new file, and refuse one that is something else."""

    def close(self) -> None:
        """Close the file; all is on the disk already."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing, one at a time: what is done within is kept at the end, or not at all."""
        with self._one_at_a_time:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise MarkingError(f"{self.path} cannot be written: {error}.") from None
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException as error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise MarkingError(f"{self.path} cannot be written: {error}. {self.untouched}") from None
                raise
