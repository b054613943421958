"""Is this a notebook, and of which assignment? Read as data; nothing in it is run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cxkit.running.untrusted import Unbounded, read_json

MOST_CELLS = 2_000
"""Of a notebook that is marked."""


class NotANotebook(Exception):
    """Why these bytes are no notebook."""


def assignment_of(data: bytes) -> str:
    """The assignment that the notebook says it is of; empty if it does not say.

    Raises
    ------
    NotANotebook
        If it cannot be read as one.
    """
    try:
        book: Any = read_json(data)
    except UnicodeDecodeError:
        raise NotANotebook("it is not text") from None
    except Unbounded as error:
        raise NotANotebook(str(error)) from None
    except ValueError as error:
        if (line := getattr(error, "lineno", None)) is None:  # well formed, but for Python's limit of digits
            raise NotANotebook("it holds a number of more digits than can be read") from None
        raise NotANotebook(f"it is damaged or no notebook (line {line})") from None
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        old = isinstance(book, dict) and isinstance(book.get("worksheets"), list)
        raise NotANotebook("it is a notebook of a format before 4" if old else "it has no cells")
    if len(book["cells"]) > MOST_CELLS:
        raise NotANotebook(f"it has more than {MOST_CELLS:,} cells")
    if not all(_is_cell(cell) for cell in book["cells"]):
        raise NotANotebook("one of its cells is none")
    metadata = book.get("metadata")
    own = metadata.get("cxkit") if isinstance(metadata, dict) else None
    told = own.get("assignment") if isinstance(own, dict) else None
    return told if isinstance(told, str) else ""


def _is_cell(cell: Any) -> bool:
    source = cell.get("source") if isinstance(cell, dict) else None
    text = isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source))
    return text and cell.get("cell_type") in {"code", "markdown", "raw"}


_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(\S*)")


def timestamp_of(data: bytes) -> datetime | None:
    """When nbgrader's `timestamp.txt` says that something was handed in: `2026-03-01 10:15:30.123 UTC`.

    The zone may be a name, an offset, or missing, which nbgrader reads as UTC. None if it is not a time.
    """
    found = _TIMESTAMP.fullmatch(data[:200].decode("utf-8", "replace").strip())
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None
    if (zone := re.fullmatch(r"([+-])(\d\d):?(\d\d)", found[3])) is not None:
        away = timedelta(hours=int(zone[2]), minutes=int(zone[3])) * (1 if zone[1] == "+" else -1)
        return time.replace(tzinfo=UTC) - away
    if found[3] in {"", "Z", "UTC", "GMT"}:
        return time.replace(tzinfo=UTC)
    try:
        return time.replace(tzinfo=ZoneInfo(found[3])).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
