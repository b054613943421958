"""The commands and the Python that README.md and docs/*.md show, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from cxkit.cli import main

PROGRAMS = r"\.venv/bin/[\w-]+|cxkit|python3?|pip|make|conda|git|Rscript|uv|ruff|pytest|jupyter"
INLINE = re.compile(rf"(?<!`)`((?:{PROGRAMS}) [^`]+)`(?!`)")
COMMAND_LINE = re.compile(rf"^\s*(?:\$ )?(?:{PROGRAMS}) ", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\s*\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^## .*$", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """A line of a block ("block"), a command within a sentence ("inline") or a block of Python, and where it stands."""

    document: str
    section: str
    kind: str
    text: str


def shown_in(path: Path, root: Path) -> Iterator[Shown]:
    """Everything in a document that a reader could run."""
    text = path.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(FENCE.findall(text)), f"{path.name}: a block that is not read here"
    found = [(block.start(), kind, one) for block in FENCE.finditer(text) for kind, one in _of_block(*block.groups())]
    prose = FENCE.sub(lambda block: " " * len(block.group()), text)
    found += [(span.start(), "inline", " ".join(span[1].split())) for span in INLINE.finditer(prose)]
    headings = [(heading.start(), heading.group()) for heading in HEADING.finditer(text)]
    for place, kind, one in sorted(found, key=lambda entry: entry[0]):
        section = next((title for start, title in reversed(headings) if start < place), "")
        yield Shown(path.relative_to(root).as_posix(), section, kind, one)


def _of_block(language: str, body: str) -> list[tuple[str, str]]:
    """A block without a language holds commands, one a line; toml, json and text hold none."""
    if language == "python":
        return [("python", body)]
    if language not in {"", "sh", "bash", "shell"}:
        assert not COMMAND_LINE.search(body), f"a command in a block of {language}, where nobody runs it"
        return []
    lines = body.replace("\\\n", " ").splitlines()
    return [("block", one) for line in lines if (one := re.sub(r"(^|\s+)#\s.*$", "", line).strip())]


def is_mention(command: str) -> bool:
    """Whether `cxkit mark`, without what the command needs, only names a command that there is."""
    words = command.split()
    if words[0] != "cxkit" or not all(re.fullmatch("[a-z-]+", word) for word in words):
        return False
    return _status([*words[1:], "--help"]) == 0 and _status([*words[1:], "--no-such-option"], "required") == 2


def _status(words: list[str], wanted: str = "") -> int:
    """How the command line takes these words; 0 also where it complains of something else than what is wanted."""
    said = StringIO()
    with redirect_stdout(StringIO()), redirect_stderr(said):
        try:
            return main(words)
        except SystemExit as stop:
            return int(stop.code or 0) if wanted in said.getvalue() else 0
