"""Which reports lie in a folder, and whether its index lists them as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbformat import from_dict

from cxkit.errors import NotebookError
from cxkit.files import read_regular
from cxkit.running.notebooks.notebook import LARGEST
from cxkit.running.pages.report import data_facts, index_html, is_synthetic
from cxkit.running.provenance.crate import crate_of
from cxkit.running.provenance.page_check import Presentation
from cxkit.running.provenance.reading import MANIFEST, read_executed, read_manifest

INDEX = "index.html"
_LINK = re.compile(r'<h2><a href="([^"]*)">')
_TITLE = "Reports"


def pages_in(folder: Path) -> list[Path]:
    """Every crate of a folder, and every page that has none: nothing tells what it was made of.

    The index that `cxkit report` writes is left out if it lists these reports and says nothing else of them. Folders
    within the folder are not looked at.

    Raises
    ------
    NotebookError
        If the folder holds no crate.
    """
    crates = sorted(one for one in folder.glob("*.crate") if (one / MANIFEST).exists())
    if not crates:
        raise NotebookError(f"{folder} holds no report with a crate beside it.")
    alone = [page for page in sorted(folder.glob("*.html")) if crate_of(page) not in crates]
    return [*crates, *(page for page in alone if page.name != INDEX or not is_index(page, crates))]


def is_index(page: Path, crates: Sequence[Path]) -> bool:
    """Whether a page is what cxkit writes as the list of these reports, byte for byte."""
    try:
        html = read_regular(page, LARGEST).decode("utf-8")
        own = {f"{crate.stem}.html": crate for crate in crates}
        links = _LINK.findall(html)
        if len(links) > len(own):
            return False  # one that lists a report again would have it read as often
        entries = [_entry(own[link]) for link in links]
    except (KeyError, OSError, ValueError, NotebookError):
        return False
    return html == index_html(_TITLE, entries)


def _entry(crate: Path) -> dict[str, Any]:
    """What an index says of a report: from the report itself, and from what its notebook says of its data."""
    from cxkit.running.run import find_session

    report = crate.with_suffix(".html")
    shown = Presentation.of(read_regular(report, LARGEST).decode("utf-8"))
    session: Mapping[str, Any] = find_session(from_dict(read_executed(crate))) or {}
    return {
        "title": shown.title,
        "link": report.name,
        "badge": "synthetic" if is_synthetic(session) else shown.badge,
        "facts": [read_manifest(crate).notebook.name, *(fact.value for fact in data_facts(session))],
        "summary": str(session.get("summary") or ""),
        "failure": None,
    }
