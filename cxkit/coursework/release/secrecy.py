"""Checks that nothing of the solution is in what students get."""

from __future__ import annotations

from pathlib import Path

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.source import read_source, solutions, student_notebook
from cxkit.coursework.release.folders import notebook_bytes
from cxkit.coursework.release.leaks import leaks_in, leaks_in_bytes, planted
from cxkit.coursework.release.proof import Check
from cxkit.running.notebooks.tidy import as_text


def secrecy_checks(assignment: Assignment, built: Path) -> list[Check]:
    """Look for the author's canary in a release, and for planted ones in a notebook made from a planted source.

    Parameters
    ----------
    assignment : Assignment
    built : Path
        The release's folder.
    """
    return [*_own_canary(assignment, built), _planted_canaries(assignment)]


def _own_canary(assignment: Assignment, built: Path) -> list[Check]:
    canary = assignment.canary
    if not canary:
        return []
    there = any(canary in piece.text for piece in solutions(read_source(assignment.source)))
    found = leaks_in(built, [canary])
    reason = ""
    if found:
        reason = f"{'; '.join(found[:5])}. Take it out of what students see."
    elif not there:
        reason = f"no solution holds '{canary}', so the search means nothing. Write it into a solution as a comment."
    files = sum(path.is_file() for path in built.rglob("*"))
    return [
        Check(
            what=f"the canary of the solution, in {files} files",
            wanted="nowhere",
            found=f"{len(found)} places" if found else "nowhere",
            holds=there and not found,
            reason=reason,
        )
    ]


def _planted_canaries(assignment: Assignment) -> Check:
    """A release made from a source full of canaries must hold none, and be the same release."""
    source, canaries = planted(read_source(assignment.source))
    made = as_text(student_notebook(assignment, source)).encode()
    found = leaks_in_bytes(made, canaries, "the notebook")
    same = made == notebook_bytes(assignment)
    return Check(
        what=f"{len(canaries)} canaries planted in solutions, outputs, metadata, attachments",
        wanted="nowhere",
        found=f"{len(found)} places" if found else "nowhere" if same else "the notebook differs",
        holds=same and not found,
        reason=""
        if same and not found
        else f"{'; '.join(found[:5]) or 'the release depends on them'}. This is a fault of cxkit: please report it.",
    )
