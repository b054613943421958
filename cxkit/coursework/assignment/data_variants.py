"""Random rows of a data file: the same for the same seed, whatever the machine, and byte for byte as in the file."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from pathlib import Path

from cxkit.coursework.assignment.data import DataFile
from cxkit.errors import AssignmentError
from cxkit.files import write_atomically

COMMON = "common"
_BITS = 63


def write_variant(file: DataFile, seed: int | None, to: Path) -> Path:
    """Write the part of a data file that belongs to a seed.

    Parameters
    ----------
    file : DataFile
    seed : int or None
        None: the part that the whole class has in common.
    to : Path
        The file to write, in one step.

    Returns
    -------
    Path
        `to`.

    Raises
    ------
    AssignmentError
        If the data file cannot be read, or has too few rows.
    """
    return write_atomically(to, variant_bytes(file, seed))


def variant_bytes(file: DataFile, seed: int | None) -> bytes:
    """The same as bytes: the header and `file.rows` rows in the file's order, or all of a file that does not vary."""
    if file.vary == "no":
        return _read(file.path)
    header, rows = _records(file.path)
    if file.rows is None or file.rows > len(rows):
        raise AssignmentError(f"{file.path.name} has {len(rows):,} rows; {file.rows} cannot be drawn from them.")
    name = COMMON if seed is None else str(seed)
    # Ranks of hashes rather than a generator of random numbers: no library's next version can change the draw.
    by_rank = sorted(range(len(rows)), key=lambda number: hashlib.sha256(f"{name}\n{number}".encode()).digest())
    return header + b"".join(rows[number] for number in sorted(by_rank[: file.rows]))


def rows_in(path: Path) -> int:
    """How many rows stand below the header of a csv file."""
    return len(_records(path)[1])


def student_seed(secret: str, assignment: str, student: str) -> int:
    """The seed of a student's own data: nobody can tell it, or another's, without the course's secret.

    Parameters
    ----------
    secret : str
        Of the course, never given out.
    assignment, student : str
        Ids. Another assignment gives the student other rows.
    """
    text = f"{assignment}\n{student}".encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _BITS)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AssignmentError(f"{path} cannot be read: {error.strerror}.") from None


def _records(path: Path) -> tuple[bytes, tuple[bytes, ...]]:
    """The header and the rows of a csv file, each with the end of its line."""
    try:
        state = path.stat()
    except OSError as error:
        raise AssignmentError(f"{path} cannot be read: {error.strerror}.") from None
    return _records_of(path, state.st_mtime_ns, state.st_size)  # a class of 300 draws from the same file


@lru_cache(maxsize=16)
def _records_of(path: Path, _changed: int, _size: int) -> tuple[bytes, tuple[bytes, ...]]:
    text = _read(path)
    if b"\0" in text:
        raise AssignmentError(f"{path.name} is no csv file in UTF-8: rows cannot be drawn from it. Save it as csv.")
    records: list[bytes] = []
    part = b""
    for line in text.splitlines(keepends=True):
        part += line
        if part.count(b'"') % 2 == 0:  # a cell in quotation marks may hold the end of a line
            records.append(part)
            part = b""
    if part:
        raise AssignmentError(f"{path.name}: a quotation mark is opened and never closed. Repair the file.")
    records = [record for record in records if record.strip()]
    if len(records) < 2:
        raise AssignmentError(f"{path.name} has no rows below its header.")
    if not records[-1].endswith((b"\n", b"\r")):
        records[-1] += b"\r\n" if records[0].endswith(b"\r\n") else b"\n"
    return records[0], tuple(records[1:])
