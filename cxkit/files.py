"""Writing so that a reader never meets half a file, and knowing a file by its contents."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from cxkit.errors import CxkitError, NotebookError

_CHUNK = 1 << 20
# As a path keeps it: `s3://bucket` becomes `s3:/bucket`. A drive of Windows has one letter.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\]")


def refuse_address(path: str | Path, error: type[CxkitError] = NotebookError) -> None:
    """Refuse what names no file of this machine, such as `s3://bucket/report.html`.

    Raises
    ------
    error
        If it begins like an address: taken for a path it would be a folder named `s3:`.
    """
    if _ADDRESS.match(str(path)):
        raise error(
            f"'{path}' is an address, and cxkit reads and writes files of this machine only. Name a file or folder "
            "here, and copy it with the tool of that store."
        )


def write_atomically(path: Path, content: str | bytes, *, error: type[CxkitError] = NotebookError) -> Path:
    """Write the file in one step: an older one stays whole until the new one is.

    Raises
    ------
    error
        If the folder cannot be made or written to, or the disk is full; the older file is untouched.
    """
    refuse_address(path, error)
    data = content.encode("utf-8") if isinstance(content, str) else content
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as failed:
        if part is not None:
            with suppress(OSError):
                part.unlink()
        raise error(f"'{path}' cannot be written: {failed.strerror or failed}.") from None
    return path


def sync_folder(folder: Path) -> None:
    """Make a file's new name survive a power cut, where the system has a way to."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    """The process umask, which mkstemp ignores: it makes private files, and a report is not private."""
    current = os.umask(0o022)
    os.umask(current)
    return current


def hashes_in(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file beneath a folder but compiled ones, by its path from there, in the order of paths."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in found}


def sha256_of(*paths: Path) -> str:
    """The SHA-256 of the contents of these files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
