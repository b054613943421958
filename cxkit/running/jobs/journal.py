"""What a long piece of work has finished, on disk: a line each, whole or not there, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from cxkit.errors import NotebookError, counted
from cxkit.files import sync_folder

_FORMAT = 1
_CHECK = 16  # hexadecimal digits of the checksum before each line


class Journal:
    """An append-only list of finished pieces of work, by key.

    Each line is written at once and forced to the disk before `record` returns, and carries a checksum: after a kill
    or a power cut the last line is whole or is dropped when the journal is opened again. One process writes at a time.

    Attributes
    ----------
    path : Path
        The file.
    finished : dict
        From key to what `record` was given, in the order of recording. The last word counts.
    """

    def __init__(self, path: Path, descriptor: int, finished: dict[str, Any], end: int) -> None:
        self.path, self.finished = path, finished
        self._descriptor, self._end = descriptor, end

    @classmethod
    def open(cls, path: str | Path, *, about: Mapping[str, Any], resume: bool = False) -> Journal:
        """Begin a journal, or go on with one that an interrupted process left.

        Parameters
        ----------
        path : str or Path
            The file; its folder is made.
        about : mapping
            What the work is, as JSON data. Going on with other work than was begun is refused.
        resume : bool
            Whether to go on where the file leaves off. Without it a file with finished work is refused, lest it be
            done twice or lost. With it a file that is not there is begun.

        Raises
        ------
        NotebookError
            If another process has it open; if it holds finished work and `resume` is false; if it belongs to a
            different batch; if a line before the last is damaged; if the file cannot be written.
        """
        path = Path(path)
        wanted = json.loads(json.dumps(dict(about), sort_keys=True))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise NotebookError(f"The journal {path} cannot be opened: {error.strerror or error}.") from None
        try:
            _lock(descriptor, path)
            lines, end = _read(descriptor, path)
            journal = cls(path, descriptor, {}, end)
            os.ftruncate(descriptor, end)
            if lines:
                _check_heading(lines[0], wanted, path)
                journal.finished = {line["key"]: line["data"] for line in lines[1:]}
                _check_resume(journal.finished, resume, path)
            else:
                journal._append({"journal": _FORMAT, "about": wanted})
                sync_folder(path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        return journal

    def record(self, key: str, data: Any) -> None:
        """One more piece of work is finished; on the disk when this returns.

        Raises
        ------
        NotebookError
            If the disk is full or the file cannot be written: the journal is as it was.
        """
        self._append({"key": key, "data": data})
        self.finished[key] = json.loads(json.dumps(data))

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        whole = _checksum(text) + b" " + text + b"\n"
        try:
            written = 0
            while written < len(whole):
                written += os.pwrite(self._descriptor, whole[written:], self._end + written)
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            raise NotebookError(
                f"The journal {self.path} cannot be written: {error.strerror or error}. What it held before is whole; "
                "mend that and resume."
            ) from None
        self._end += len(whole)

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_CHECK].encode()


def _lock(descriptor: int, path: Path) -> None:
    """Keep every other process out until this one closes the file or dies."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise NotebookError(
            f"{path} is being written by another process. Wait for it, or name another place."
        ) from None


def _read(descriptor: int, path: Path) -> tuple[list[dict[str, Any]], int]:
    """The whole lines, and where they end; a last line that was cut off is left out."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        content = file.read()
    lines: list[dict[str, Any]] = []
    end = 0
    while end < len(content):
        stop = content.find(b"\n", end)
        text = content[end : stop if stop >= 0 else len(content)]
        check, _, said = text.partition(b" ")
        if stop < 0 or check != _checksum(said):
            if stop < 0 or stop + 1 == len(content):
                break  # the last line was being written when the process ended
            raise NotebookError(
                f"{path}, line {len(lines) + 1} is damaged, and lines follow it: something other than cxkit has "
                "changed the file. Restore it from a copy, or begin anew elsewhere."
            )
        lines.append(json.loads(said))
        end = stop + 1
    return lines, end


def _check_heading(heading: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    if heading.get("journal") != _FORMAT:
        raise NotebookError(f"{path} is a journal of another version of cxkit. Finish it with that one.")
    about = heading.get("about")
    if about != wanted:
        known = about if isinstance(about, Mapping) else {}
        other = sorted(k for k in {*known, *wanted} if known.get(k) != wanted.get(k))
        raise NotebookError(
            f"{path} belongs to a different batch: {', '.join(other)} {'differs' if len(other) == 1 else 'differ'}. "
            "Name another place for the results, or remove the folder if it is no longer needed."
        )


def _check_resume(finished: Mapping[str, Any], resume: bool, path: Path) -> None:
    if finished and not resume:
        raise NotebookError(
            f"{path} holds {counted(len(finished), 'finished run')}. Go on from there with --resume, or name another "
            "place for the results."
        )
