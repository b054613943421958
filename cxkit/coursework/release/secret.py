"""The course's secret: from it and a student's id follows which rows that student gets."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from cxkit.errors import AssignmentError

FILE_NAME = ".course-secret"


def course_secret(folder: Path) -> tuple[str, bool]:
    """The secret kept in this folder, made now if there is none.

    Parameters
    ----------
    folder : Path
        The one that holds the course's assignments.

    Returns
    -------
    (str, bool)
        The secret, and whether it is new.

    Raises
    ------
    AssignmentError
        If it cannot be read or written, or is too short to be one.
    """
    path = folder / FILE_NAME
    try:
        if not path.exists():
            return _new(path), True
        secret = path.read_text(encoding="ascii").strip()
    except FileExistsError:  # another release made it between two of our steps
        return course_secret(folder)[0], False
    except (OSError, UnicodeDecodeError) as error:
        raise AssignmentError(f"The course's secret {path} cannot be read or written: {error}.") from None
    if len(secret) < 16:
        raise AssignmentError(
            f"{path} holds {len(secret)} signs: too few for a secret. Restore it from your backup. If nothing was "
            "released yet, delete it, and a new one is made."
        )
    return secret, False


def _new(path: Path) -> str:
    secret = secrets.token_hex(16)
    # Linked into place when complete, so that no reader finds it half written, and two releases make one secret.
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    return secret
