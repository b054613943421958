"""The notebooks of a class, read to be compared: nothing in them is run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cxkit.running.untrusted import read_json

LARGEST = 20_000_000
"""Bytes. A notebook beyond that is outputs, or meant to hold up the class."""


def read_notebooks(folder: str | Path, students: Iterable[str]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """What did each student hand in?

    Parameters
    ----------
    folder : str or Path
        With `STUDENT.ipynb`, or a folder `STUDENT` with one notebook in it.
    students : iterable of str
        Ids.

    Returns
    -------
    dict, dict
        Notebooks as plain data by student; and for those that could not be read, why.
    """
    found: dict[str, dict[str, Any]] = {}
    unread: dict[str, str] = {}
    for student in students:
        files = [file for file in _files(Path(folder), student) if not file.is_symlink()]
        if len(files) != 1:
            unread[student] = "no notebook" if not files else f"{len(files)} notebooks"
            continue
        try:
            if files[0].stat().st_size > LARGEST:
                unread[student] = "too large"
                continue
            data = read_json(files[0].read_bytes())
        except (OSError, ValueError):
            unread[student] = "not a notebook"
            continue
        if isinstance(data, dict) and isinstance(data.get("cells"), list):
            found[student] = data
        else:
            unread[student] = "not a notebook"
    return found, unread


def _files(folder: Path, student: str) -> list[Path]:
    single, own = folder / f"{student}.ipynb", folder / student
    if single.is_file():
        return [single]
    return sorted(own.glob("*.ipynb")) if own.is_dir() and not own.is_symlink() else []
