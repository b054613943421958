"""Which files lie in a folder or a zip that strangers filled, without writing or trusting any of it.

Nothing is extracted: a zip's entries are read into memory, and how much is counted while reading. What the zip says of
its sizes is not believed.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from cxkit.errors import MarkingError
from cxkit.running.untrusted import printable

LARGEST_NOTEBOOK = 20_000_000
"""Bytes. A notebook beyond that is outputs, or meant to hold up the class."""
LARGEST_INNER_ZIP = 50_000_000
MOST_ENTRIES, MOST_INNER_ENTRIES = 50_000, 2_000
MOST_BYTES, MOST_INNER_BYTES = 8_000_000_000, 200_000_000
"""Read from one zip in all; the inner figures hold for a zip within a zip, which a student made."""
DEEPEST = 12
LONGEST_NAME = 400
MOST_NAMED = 10
"""Names in one sentence."""
CLUTTER = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini", ".git", "__pycache__"}

_CHUNK = 1 << 16
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENTRY_MARK = b"PK\x01\x02"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)
_OPEN_FLAGS = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


_IN_PARTS = "Unpack it, and collect in parts, each a folder with some of the students: what was collected before stays."


class FileRefused(Exception):
    """Why a file is not read; caught by whoever reads it, and told with the file's name.

    `remedy` is what to do where it is the whole download.
    """

    def __init__(self, why: str, remedy: str = "Download it again.") -> None:
        super().__init__(why)
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file that was handed in.

    Attributes
    ----------
    name : str
        Its path with `/`, relative to what was collected; within a zip, the zip's name comes first.
    read : callable
        Takes the most bytes that it may have and returns its bytes; raises `FileRefused`.
    refusal : str
        Why it must not be read; empty where it may.
    """

    name: str
    read: Callable[[int], bytes]
    refusal: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders, then the file's name."""
        return tuple(self.name.split("/"))

    @property
    def suffix(self) -> str:
        """The end of the name from the last dot, in small letters."""
        return PurePosixPath(self.name).suffix.lower()


def shown(name: str) -> str:
    """A stranger's name as it may be printed: signs that turn, hide or move text are written out, long ones cut."""
    text = printable(name)
    return text if len(text) <= 160 else f"{text[:80]}...{text[-60:]}"


def some_of(names: Iterable[str]) -> str:
    """The first names in their order, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - MOST_NAMED
    return ", ".join(ordered[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def list_files(path: str | Path) -> list[Item]:
    """Every file in a folder or a zip, in the order of the names; those that must not be read say why.

    Parameters
    ----------
    path : str or Path
        Zips in a folder, and one level of zips within a zip, are looked into.

    Raises
    ------
    MarkingError
        If there is nothing at the path, or the zip cannot be opened.
    """
    path = Path(path)
    if path.is_dir():
        outer = _folder_items(path)
    elif path.is_file():
        try:
            archive = _opened(path)
        except FileRefused as error:
            raise MarkingError(f"{path} is not a zip that can be collected: {error}. {error.remedy}") from None
        outer = _entries(archive, lambda: archive, MOST_BYTES)
    else:
        raise MarkingError(f"There is no folder and no zip {path}.")
    found = (item for one in outer for item in _with_inner(one))
    return sorted((item for item in found if not CLUTTER & set(item.parts)), key=lambda item: item.name)


def _refused(name: str, why: str) -> Item:
    def read(_: int) -> bytes:
        raise FileRefused(why)

    return Item(name=name, read=read, refusal=why)


# Folders


def _folder_items(root: Path) -> Iterator[Item]:
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        for entry in os.scandir(folder):
            name = prefix + entry.name
            if entry.name in CLUTTER:
                continue
            if entry.is_symlink():
                yield _refused(name, "a link, not a file")
            elif entry.is_dir(follow_symlinks=False):
                if name.count("/") >= DEEPEST:
                    yield _refused(name, f"a folder more than {DEEPEST} folders deep")
                else:
                    waiting.append((Path(entry.path), f"{name}/"))
            elif not entry.is_file(follow_symlinks=False):
                yield _refused(name, "a device or pipe, not a file")
            else:
                yield Item(name=name, read=_reader_of(Path(entry.path)))


def _reader_of(path: Path) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        # Looked at through the open file, so that nobody can put a link in its place in between.
        try:
            descriptor = os.open(path, _OPEN_FLAGS)
        except OSError as error:
            raise FileRefused(f"cannot be opened ({error.strerror})") from None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileRefused("a device or pipe, not a file")
            data = file.read(most + 1)
        if len(data) > most:
            raise FileRefused(_too_large(most))
        return data

    return read


def _too_large(most: int) -> str:
    return f"larger than {most / 1e6:,.0f} MB"


# Zips


class _Budget:
    """How much may still be read from a zip."""

    def __init__(self, most: int) -> None:
        self.most, self.left = most, most

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise FileRefused(f"the zip unpacks to more than {self.most / 1e6:,.0f} MB")


def _check_entries(stream: IO[bytes], most: int) -> None:
    """Count entries before they are parsed: a list of millions would fill the memory."""
    count, tail = 0, b""
    while chunk := stream.read(1 << 20):
        block = tail + chunk
        count += block.count(_ENTRY_MARK)
        tail = block[-(len(_ENTRY_MARK) - 1) :]
        if count > most:
            raise FileRefused(f"it lists more than {most:,} files", _IN_PARTS)


def _opened(source: Path | bytes) -> zipfile.ZipFile:
    entries = MOST_ENTRIES if isinstance(source, Path) else MOST_INNER_ENTRIES
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as stream:
        _check_entries(stream, entries)
    try:
        return zipfile.ZipFile(source if isinstance(source, Path) else io.BytesIO(source))
    except _DAMAGED as error:
        raise FileRefused(f"not a zip, or damaged ({error})") from None


def _entries(archive: zipfile.ZipFile, open_archive: Callable[[], zipfile.ZipFile], most: int) -> Iterator[Item]:
    """The files in a zip, with names relative to it."""
    budget = _Budget(most)
    entries = [one for one in archive.infolist() if not (one.is_dir() or CLUTTER & set(one.filename.split("/")))]
    names = Counter(_judged(one)[0] for one in entries)
    for info in entries:
        name, why = _judged(info)
        if not why and names[name] > 1:  # to take the first would be to choose for the student
            why = "its name occurs more than once in the zip, so nobody can tell which file counts"
        yield _refused(name, why) if why else Item(name=name, read=_entry_reader(open_archive, info, budget))


def _judged(info: zipfile.ZipInfo) -> tuple[str, str]:
    """The name to show for an entry, and why it must not be read."""
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        why = "an absolute path"
    elif ".." in parts:
        why = "a path that leads out of the zip"
    elif "\0" in name or "" in parts or "." in parts or len(name) > LONGEST_NAME or len(parts) > DEEPEST:
        why = "an unusable name"
    elif stat.S_ISLNK(kind):
        why = "a link, not a file"
    elif kind and not stat.S_ISREG(kind):
        why = "a device or pipe, not a file"
    elif info.flag_bits & 0x1:
        why = "encrypted"
    elif info.compress_type not in _METHODS:
        why = "packed in a way that zips of these systems do not use"
    else:
        return name, ""
    return "/".join(part for part in parts if part not in {"", ".", ".."}).replace("\0", "\\0") or "(no name)", why


def _entry_reader(
    open_archive: Callable[[], zipfile.ZipFile], info: zipfile.ZipInfo, budget: _Budget
) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        if info.file_size > most:
            raise FileRefused(_too_large(most))
        pieces: list[bytes] = []
        length = 0
        try:
            with open_archive().open(info) as file:
                while piece := file.read(_CHUNK):
                    budget.take(len(piece))
                    length += len(piece)
                    if length > most:
                        raise FileRefused(_too_large(most))
                    pieces.append(piece)
        except _DAMAGED as error:
            raise FileRefused(f"damaged in the zip ({error})") from None
        return b"".join(pieces)

    return read


def _with_inner(item: Item) -> Iterator[Item]:
    """The files in an item that is a zip; any other item as it is."""
    if item.refusal or item.suffix != ".zip":
        yield item
        return

    def reopened() -> zipfile.ZipFile:
        # Read anew for each file, so that no more than one of a class's zips is in memory.
        return _opened(item.read(LARGEST_INNER_ZIP))

    try:
        with reopened() as archive:
            inner = list(_entries(archive, reopened, MOST_INNER_BYTES))
    except FileRefused as error:
        yield _refused(item.name, str(error))
    else:
        yield from (replace(one, name=f"{item.name}/{one.name}") for one in inner)
