"""Temporary folders that do not outlive their process for long: what a killed one left goes when the next one starts.

A process that is killed clears nothing away. So each folder holds a file that its owner keeps locked; the system
takes the lock from whoever ends, in whatever way, and a folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

PREFIX = "cxkit-"
OWNER = ".owner"


class OwnFolder:
    """A new folder among the temporary files, locked for as long as this process has it.

    Parameters
    ----------
    kind : str
        Stands in its name: a few letters, since sockets within have short paths.
    """

    def __init__(self, kind: str = "") -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX + kind))
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Remove it and all that is in it."""
        remove_tree(self.path)
        if self._lock is not None:
            with suppress(OSError):
                os.close(self._lock)
            self._lock = None


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it, however deep a stranger's run has dug; what cannot be removed stays."""
    with suppress(RecursionError):  # `shutil.rmtree` goes down by calling itself
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir() or sys.platform == "win32":
        return
    with suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty_by_lifting(top)
        finally:
            os.close(top)
        folder.rmdir()


def _empty_by_lifting(top: int) -> None:
    """Empty an open folder without going down: folders within one of its folders are moved up into it first."""
    for number in count():
        with os.scandir(top) as found:
            one = next(found, None)
        if one is None:
            return
        if not one.is_dir(follow_symlinks=False):
            os.unlink(one.name, dir_fd=top)
            continue
        os.chmod(one.name, 0o700, dir_fd=top)
        lower = os.open(one.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
        try:
            _lift(lower, top, f"cxkit-lifted-{number}-")
        finally:
            os.close(lower)
        os.rmdir(one.name, dir_fd=top)


def _lift(lower: int, top: int, prefix: str) -> None:
    with os.scandir(lower) as found:
        entries = list(found)
    for number, one in enumerate(entries):
        if one.is_dir(follow_symlinks=False):
            os.chmod(one.name, 0o700, dir_fd=lower)
            os.rename(one.name, f"{prefix}{number}", src_dir_fd=lower, dst_dir_fd=top)
        else:
            os.unlink(one.name, dir_fd=lower)


@contextmanager
def own_folder(kind: str = "") -> Iterator[Path]:
    """A temporary folder for a `with` statement; see `OwnFolder`."""
    folder = OwnFolder(kind)
    try:
        yield folder.path
    finally:
        folder.remove()


def _locked(folder: Path) -> int | None:
    """Lock the folder's file before it has its name: without that name the folder is left alone."""
    if sys.platform == "win32":  # what was left stays there, as of any program
        return None
    import fcntl

    part = folder / f"{OWNER}.part"
    lock = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    part.rename(folder / OWNER)
    return lock


def clear_left() -> int:
    """Remove this user's folders whose processes have ended without doing so; how many there were."""
    if sys.platform == "win32":
        return 0
    with os.scandir(tempfile.gettempdir()) as found:
        folders = [Path(one.path) for one in found if one.name.startswith(PREFIX)]
    return sum(map(_cleared, folders))


def _cleared(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl

    with suppress(OSError):
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            return False
        lock = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(folder)
            return True
        finally:
            os.close(lock)
    return False
