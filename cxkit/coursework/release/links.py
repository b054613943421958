"""Does all that the students' notebook shows, links to and imports come with the release?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from cxkit.coursework.assignment.data import Assignment
from cxkit.coursework.assignment.source import student_notebook
from cxkit.coursework.release.instructions import notebook_name
from cxkit.coursework.release.proof import Check
from cxkit.running.kernels.modules import imported_names, module_files

_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINKS = re.compile(
    r"\]\(\s*(?:<([^>\n]+)>|([^)\s]+))|^\s*\[[^\]\n]+\]:\s*<?([^>\s]+)|\b(?:src|href)\s*=\s*[\"']([^\"']+)",
    re.IGNORECASE | re.MULTILINE,
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)  # another site, an attachment, a place on the page


def link_checks(assignment: Assignment) -> list[Check]:
    """Whether links, pictures and imports of the students' notebook lead to files that students get.

    Returns
    -------
    list of Check
        One; none where nothing leads to a file.
    """
    given = {notebook_name(assignment), "INSTRUCTIONS.md", *assignment.extras}
    given |= {file.relative for file in assignment.files}
    wanted = dict(_wanted(assignment))
    dead = {name: cell for name, cell in wanted.items() if name not in given}
    if not wanted:
        return []
    said = "; ".join(f"cell {cell}: {name}" for name, cell in dead.items())
    return [
        Check(
            what="links, pictures and imports lead to files of the release",
            wanted="all",
            found=f"{len(wanted) - len(dead)} of {len(wanted)}",
            holds=not dead,
            reason=f"not in the release: {said}. Name them in [release] files, or take them out." if dead else "",
        )
    ]


def _wanted(assignment: Assignment) -> Iterator[tuple[str, int]]:
    """Files that the notebook needs beside it, each with a cell that does."""
    for number, cell in enumerate(student_notebook(assignment)["cells"], 1):
        names = _imports(assignment, cell) if cell["cell_type"] == "code" else _links(cell)
        yield from ((name, number) for name in names)


def _imports(assignment: Assignment, cell: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(imported_names(cell["source"])):
        for path in module_files(assignment.source.parent, name):
            yield path.relative_to(assignment.source.parent).as_posix()


def _links(cell: Mapping[str, Any]) -> Iterator[str]:
    for found in _LINKS.finditer(_CODE.sub("", cell["source"])):
        target = next(filter(None, found.groups()))
        if not _ELSEWHERE.match(target):
            yield PurePosixPath(unquote(target.partition("#")[0].partition("?")[0])).as_posix()
