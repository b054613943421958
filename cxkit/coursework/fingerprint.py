"""Has the assignment changed? Everything in its folder that marks depend on, in one hash."""

from __future__ import annotations

import hashlib

from cxkit.coursework.assignment import Assignment


def fingerprint(assignment: Assignment) -> str:
    """The SHA-256 of description, source, mistakes, data and further files."""
    paths = [assignment.folder / "assignment.toml", assignment.source, *(file.path for file in assignment.files)]
    paths += [path for _, path in sorted(assignment.extras.items())]
    paths += sorted((assignment.folder / "mistakes").glob("*.py"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(assignment.folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
