"""Writing so that a reader never meets half a file, and knowing a file by its contents."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

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


def open_regular(path: str | Path, *, most_bytes: int | None = None, follow_links: bool = True) -> BinaryIO:
    """Open a regular file for reading, and never wait for a pipe or read from a device without end.

    Parameters
    ----------
    path : str or Path
    most_bytes : int, optional
        A larger file is refused.
    follow_links : bool
        Whether the file itself may be a link.

    Raises
    ------
    OSError
        If it cannot be opened, is no regular file, or is too large.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    if not follow_links and Path(path).is_symlink():
        raise OSError(errno.ELOOP, "it is a link, and no file", str(path))
    descriptor = os.open(path, flags | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0)))
    held = os.fstat(descriptor)
    if refused := _refusal(held, most_bytes):
        os.close(descriptor)
        raise OSError(*refused, str(path))
    return os.fdopen(descriptor, "rb")


def _refusal(held: os.stat_result, most_bytes: int | None) -> tuple[int, str] | None:
    """The number and words of the error where an open file is none to be read."""
    if not stat.S_ISREG(held.st_mode):
        return errno.EINVAL, "it is no regular file"
    if most_bytes is not None and held.st_size > most_bytes:
        return errno.EFBIG, f"it is larger than {most_bytes >> 20} MB"
    return None


def read_regular(path: str | Path, most_bytes: int, *, follow_links: bool = True) -> bytes:
    """Read a regular file of at most so many bytes; errors as of `open_regular`."""
    with open_regular(path, most_bytes=most_bytes, follow_links=follow_links) as file:
        content = bytearray()
        while chunk := file.read(_CHUNK):  # not all at once: that would take memory for as many bytes as are allowed
            content += chunk
            if len(content) > most_bytes:  # files of the system itself say that they are empty, and are not
                raise OSError(errno.EFBIG, f"it is larger than {most_bytes >> 20} MB", str(path))
    return bytes(content)


def hashes_in(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file beneath a folder but compiled ones, by its path from there, in the order of paths."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in found}


def sha256_of(*paths: Path, most_bytes: int | None = None) -> str:
    """The SHA-256 of the contents of these files, one after the other; each must be a regular file.

    One with more bytes than `most_bytes` is refused with an OSError before it is read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with open_regular(path, most_bytes=most_bytes) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
