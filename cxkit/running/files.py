"""Writing so that a reader never meets half a file, and knowing a file by its contents."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cxkit.errors import NotebookError

_CHUNK = 1 << 20


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write the file in one step: an older one stays whole until the new one is.

    Raises
    ------
    NotebookError
        If the folder cannot be made or written to, or the disk is full; the older file is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise NotebookError(f"{path} cannot be written: {error.strerror or error}.") from None
    return path


def _umask() -> int:
    """mkstemp makes private files; a report should be as readable as any other file of its owner."""
    current = os.umask(0o022)
    os.umask(current)
    return current


def sha256_of(*paths: Path) -> str:
    """The SHA-256 of the contents of these files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
