"""Is a text that only the solution holds anywhere in what students get?

Looked for as it stands and as files hide it: escaped in JSON, in UTF-16, in base64, in a zip, in a file's name.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from cxkit.coursework.assignment.regions import split

DEEPEST = 4
"""Zips within zips that are looked into."""


def leaks_in(folder: Path, canaries: Iterable[str]) -> list[str]:
    """Where each canary was found, in words; empty if nowhere."""
    wanted = [canary for canary in canaries if canary]
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found += [f"'{canary}' in the name {name}" for canary in wanted if canary in path.name]
        if path.is_file():
            found += leaks_in_bytes(path.read_bytes(), wanted, name)
    return found


def leaks_in_bytes(data: bytes, canaries: Iterable[str], name: str, depth: int = 0) -> list[str]:
    """The same for the contents of one file."""
    wanted = list(canaries)
    texts = "\n".join(_texts_of_json(data))
    found = [
        f"'{canary}' in {name}" for canary in wanted if canary in texts or any(form in data for form in _forms(canary))
    ]
    if zipfile.is_zipfile(io.BytesIO(data)) and depth < DEEPEST:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                inner = f"{name}, {entry.filename}"
                found += [f"'{canary}' in the name {inner}" for canary in wanted if canary in entry.filename]
                found += leaks_in_bytes(archive.read(entry), wanted, inner, depth + 1)
    return found


def _forms(canary: str) -> Iterator[bytes]:
    """The text as bytes of the usual encodings, and the inside of its base64 at each of the three offsets."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield canary.encode(encoding)
    raw = canary.encode()
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        # The first and last signs depend on the neighbours as well.
        inside = coded[-(-offset * 8 // 6) : -1]
        if len(inside) >= 8:
            yield inside


def _texts_of_json(data: bytes) -> Iterator[str]:
    """Every text in a JSON file, keys as well; lists of lines joined, as notebooks split them."""
    try:
        waiting: list[Any] = [json.loads(data)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            if value and all(isinstance(one, str) for one in value):
                yield "".join(value)
            else:
                waiting += value
        elif isinstance(value, dict):
            yield from value.keys()
            waiting += value.values()


def planted(notebook: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The source with a canary wherever a solution could leak from, and all the canaries.

    In every region, and in the outputs, metadata and attachments of every cell.
    """
    made = deepcopy(dict(notebook))
    canaries: list[str] = []

    def canary(where: str) -> str:
        canaries.append(f"PLANTED-CANARY-{len(canaries)}-{where}")
        return canaries[-1]

    for cell in made["cells"]:
        kind = cell["cell_type"]
        cell["metadata"]["note"] = canary("metadata")
        own = cell["metadata"].get("cxkit")
        if isinstance(own, dict):
            own["note"] = canary("metadata")
        if kind == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": canary("output")}]
        if kind not in ("code", "markdown"):
            continue
        if kind == "markdown":
            unseen = base64.b64encode(canary("attachment").encode()).decode()
            cell["attachments"] = {**cell.get("attachments", {}), "planted.png": {"image/png": unseen}}
        cell["source"] = _with_canaries(cell["source"], kind, canary)
    made["metadata"] = {**made.get("metadata", {}), "note": canary("metadata")}
    return made, canaries


def _with_canaries(source: str, kind: Any, canary: Any) -> str:
    lines: list[str] = []
    for piece in split(source, kind, lambda _: None):
        if not piece.is_solution:
            lines += piece.lines
            continue
        begin, end = ("# BEGIN SOLUTION", "# END SOLUTION") if kind == "code" else (
            "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->")  # fmt: skip
        hint = f"{piece.indent}# {canary('solution')}" if kind == "code" else canary("solution")
        lines += [piece.indent + begin, *piece.lines, hint, piece.indent + end]
    return "\n".join(lines)
