"""Builds what students get in a folder of its own, and puts it into its place in one step."""

from __future__ import annotations

import glob
import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.data_variants import variant_bytes
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.release.instructions import instructions, notebook_name
from cxkit.errors import AssignmentError
from cxkit.running.notebooks.tidy import as_text

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a zip, so that the same release has the same bytes."""


def files_for(assignment: Assignment, seed: int | None, deadline: datetime | None) -> dict[str, bytes]:
    """Everything that one student gets, by relative path."""
    return {
        notebook_name(assignment): notebook_bytes(assignment),
        "INSTRUCTIONS.md": instructions(assignment, deadline).encode(),
        **{name: path.read_bytes() for name, path in assignment.extras.items()},
        **{file.relative: variant_bytes(file, seed) for file in assignment.files},
    }


def notebook_bytes(assignment: Assignment) -> bytes:
    """The students' notebook as its file."""
    return as_text(student_notebook(assignment)).encode()


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """A zip of these files in a folder; the same files give the same bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name])
    return whole.getvalue()


def write_folders(
    target: Path,
    assignment: Assignment,
    seeds: Mapping[str, int | None] | None,
    deadline: datetime | None = None,
    on_student: Callable[[], object] | None = None,
) -> None:
    """Write a folder and a zip for every student, or one for all.

    Parameters
    ----------
    target : Path
        An empty folder.
    assignment : Assignment
    seeds : mapping, optional
        From student to the seed of the own data, or None for the common data; without it one folder is for all.
    deadline : datetime, optional
    on_student : callable, optional
        Called after each student, for a progress bar.
    """
    if seeds is None:
        files = files_for(assignment, None, deadline)
        _write(target, files | {f"{assignment.id}.zip": zipped(files, assignment.id)})
        return
    shared = files_for(assignment, None, deadline)
    varied = [file for file in assignment.files if file.vary == "rows"]
    for student, seed in seeds.items():
        files = shared | {file.relative: variant_bytes(file, seed) for file in varied}
        _write(target / student, files)
        _write(target, {f"{student}.zip": zipped(files, assignment.id)})
        if on_student is not None:
            on_student()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@contextmanager
def new_folder(target: Path, *, replace: bool) -> Iterator[Path]:
    """A folder to build in, which takes its place as `target` when all went well, and else is gone.

    Raises
    ------
    AssignmentError
        If the target holds other files and `replace` is not set, or the disk refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_left(target)
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise AssignmentError(f"{target} cannot be written: {error.strerror or error}.") from None
    held = _held(part)
    try:
        yield part
        _put(part, target, replace=replace)
    except OSError as error:
        raise AssignmentError(f"{target} cannot be written: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _let_go(held)


def _clear_left(target: Path) -> None:
    """Remove what a release that was killed has left beside the target: the data of every student is in it.

    An earlier release that was moved aside, and whose place is empty, is put back. What a release that still goes on
    holds stays.
    """
    for left in sorted(target.parent.glob(f".{glob.escape(target.name)}.*")):
        if not left.is_dir() or left.is_symlink() or left.suffix not in {".part", ".old"}:
            continue
        held = _held(left)
        if held is None:
            continue
        if left.suffix == ".old" and not target.exists():
            left.rename(target)
        else:
            shutil.rmtree(left, ignore_errors=True)
        _let_go(held)


def _held(folder: Path) -> int | None:
    """A lock on a folder, which goes with its process; None if another has it, or where the system has none."""
    if sys.platform == "win32":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _let_go(held: int | None) -> None:
    if held is not None:
        os.close(held)


def _put(part: Path, target: Path, *, replace: bool) -> None:
    if target.exists():
        changed = _changed(part, target)
        if changed and not replace:
            raise AssignmentError(
                f"{target} holds an earlier release, and {len(changed)} of its files would change or go, such as "
                f"{changed[0]}. With --replace it gives way to the new one; with another -o both stay."
            )
    _sync(part)
    part.chmod(0o755)
    if not target.exists():
        part.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    old.rmdir()
    held = _held(target)
    try:
        target.rename(old)
        try:
            part.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        _let_go(held)


def _changed(part: Path, target: Path) -> list[str]:
    """Files of an earlier release that the new one has not, or has otherwise. New students change nothing."""
    if not target.is_dir():
        return [target.name]
    changed = []
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target)
        if path.is_file() and not ((part / name).is_file() and (part / name).read_bytes() == path.read_bytes()):
            changed.append(name.as_posix())
    return changed


def _sync(folder: Path) -> None:
    """All of it on the disk, before it takes the place of anything."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
