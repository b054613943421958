"""What of an executed notebook belongs before a reader's eyes, in which order: the page as plain data.

Words, figures and tables in the notebook's order; code folded away; parameters and imports at the end; warnings of
cxkit as notes; logs, widgets and object names nowhere.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import mistune
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from cxkit import mime
from cxkit.running.notebooks.notebook import joined, tags
from cxkit.running.pages.formulas import formula_html
from cxkit.running.pages.markup import clean_html
from cxkit.running.pages.prose import Heading, Prose

TEXT_SHOWN = 8_000
TEXT_END_SHOWN = 1_000
LINES_SHOWN = 120
HTML_SHOWN = 2_000_000

# The lexer looks to the end of the empty lines from each of them: of thousands it sees five
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){5,}")
_LONGEST_IMPORTS = 20_000  # characters: the tree of a text takes hundreds of times its memory
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CXKIT_WARNING = re.compile(r"^\S.*?:\d+: CxkitWarning: (?P<message>.*(?:\n(?!\S.*?:\d+: \w+Warning: |  ).*)*)", re.M)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# What a plotting call returns and Jupyter then echoes: names of objects, nothing for a reader.
_OBJECT_NAME = re.compile(r"^\s*+[\[(]?+\s*+(?:array\()?+[\[(]*+(?:<[\w.]++.*>|Text\(.*\))", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One thing on the page.

    Attributes
    ----------
    kind : {"prose", "code", "html", "figure", "text", "note", "error", "widget"}
        How it is set.
    html : str
        For prose, code, html and figure: safe html. For the others: plain text, escaped by the template.
    omitted : str
        A sentence on what was left out, if anything was.
    """

    kind: str
    html: str
    omitted: str = ""


@dataclass(eq=False)
class Page:
    """An executed notebook, ordered for reading."""

    title: str = ""
    headings: list[Heading] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    setup_code: list[str] = field(default_factory=list)
    figures: int = 0
    notes: set[str] = field(default_factory=set)
    """Warnings that are told: one that several cells give stands where it came first."""
    shortens: bool = True
    """Whether of a long text only its begin and end are shown."""


def compose_page(executed: Mapping[str, Any], prose: Prose, *, shortens: bool = True) -> Page:
    """Which blocks make up the report of this notebook?

    Parameters
    ----------
    executed : mapping
        The notebook with its outputs.
    prose : Prose
        Renders the markdown cells; gathers title and headings.
    shortens : bool
        Whether of a long text only its begin and end are shown.

    Returns
    -------
    Page
    """
    page = Page(shortens=shortens)
    waiting: list[str] = []  # code of cells that showed nothing joins that of the next cell that does
    for cell in executed["cells"]:
        if is_widget_cell(cell):
            continue
        if cell["cell_type"] == "markdown":
            _flush(page, waiting)
            html = prose.html(joined(cell["source"]), cell.get("attachments"))
            if html.strip():
                page.blocks.append(Block(kind="prose", html=html))
        elif cell["cell_type"] == "code":
            _add_code_cell(page, cell, waiting)
    _flush(page, waiting)
    page.title, page.headings = prose.title, prose.headings
    return page


def _add_code_cell(page: Page, cell: Mapping[str, Any], waiting: list[str]) -> None:
    shown = list(_output_blocks(cell, page))
    source = joined(cell["source"]).strip("\n")
    if _is_setup(cell):
        page.setup_code.append(source)
    elif source.strip():
        waiting.append(source)
    if shown:
        _flush(page, waiting)
        page.blocks.extend(shown)


def _flush(page: Page, waiting: list[str]) -> None:
    if waiting:
        page.blocks.append(Block(kind="code", html=highlighted("\n\n".join(waiting))))
        waiting.clear()


def is_widget_cell(cell: Mapping[str, Any]) -> bool:
    """Whether the cell is for a live reader only; its static twin follows in the notebook."""
    return "widget" in tags(cell) or joined(cell["source"]).lstrip().startswith("if interactive:")


def _is_setup(cell: Mapping[str, Any]) -> bool:
    """Parameters, imports and the closing session cell: for the appendix, not for the flow of the text."""
    if {"parameters", "injected-parameters", "imports", "setup"} & set(tags(cell)):
        return True
    if any(mime.SESSION in output.get("data", {}) for output in cell.get("outputs", [])):
        return True
    source = joined(cell["source"])
    if len(source) > _LONGEST_IMPORTS:
        return False
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # zero bytes, brackets without end
        return False
    return bool(body) and all(isinstance(statement, (ast.Import, ast.ImportFrom)) for statement in body)


def _output_blocks(cell: Mapping[str, Any], page: Page) -> Iterator[Block]:
    outputs = cell.get("outputs", [])
    has_picture = any(kind.startswith("image/") for output in outputs for kind in output.get("data", {}))
    for output in _joined_streams(outputs):
        kind = output["output_type"]
        if kind == "stream" and output["name"] == "stderr":
            new = [note for note in cxkit_warnings(output["text"]) if note not in page.notes]
            page.notes.update(new)
            yield from (Block(kind="note", html=note) for note in new)
        elif kind == "stream":
            yield _text_block(output["text"], page.shortens)
        elif kind == "error":
            yield Block(kind="error", html=f"{output['ename']}: {_ANSI.sub('', output['evalue'])}")
        else:
            block = _data_block(output, page, has_picture)
            if block is not None:
                yield block


def _joined_streams(outputs: list[Any]) -> Iterator[dict[str, Any]]:
    """Outputs with stretches of one stream joined: how a long print was cut into messages is chance."""
    current: dict[str, Any] | None = None
    for output in outputs:
        if output["output_type"] != "stream":
            if current is not None:
                yield current
            current = None
            yield dict(output)
        elif current is not None and current["name"] == output["name"]:
            current["text"] += joined(output["text"])
        else:
            if current is not None:
                yield current
            current = {"output_type": "stream", "name": output["name"], "text": joined(output["text"])}
    if current is not None:
        yield current


def cxkit_warnings(text: str) -> list[str]:
    """The messages of CxkitWarnings in what a cell wrote to standard error, each once."""
    found = [match.group("message").strip() for match in _CXKIT_WARNING.finditer(_ANSI.sub("", text))]
    return list(dict.fromkeys(found))


def _data_block(output: Mapping[str, Any], page: Page, has_picture: bool) -> Block | None:
    data = output.get("data", {})
    if mime.SESSION in data:
        return None
    if mime.WIDGET_VIEW in data:
        return Block(kind="widget", html="An interactive element stands here in the notebook.")
    picture = next((kind for kind in _PICTURES if kind in data), None)
    if picture is not None and not _html_of(data):
        page.figures += 1
        return _figure(output, picture, page.figures)
    if html := _html_of(data) or _html_of_markdown_or_latex(data):
        return Block(kind="html", html=html)
    text = joined(data.get("text/plain", ""))
    if not text or (has_picture and _OBJECT_NAME.match(text)):
        return None
    return _text_block(_ADDRESS.sub("", text), page.shortens)


def _html_of(data: Mapping[str, Any]) -> str:
    html = joined(data.get("text/html", ""))
    return clean_html(html) if len(html) <= HTML_SHOWN else ""


def _html_of_markdown_or_latex(data: Mapping[str, Any]) -> str:
    if "text/markdown" in data:
        return clean_html(str(mistune.html(joined(data["text/markdown"]))))
    if "text/latex" in data:
        return formula_html(joined(data["text/latex"]).strip().strip("$"), display=True)
    return ""


def _figure(output: Mapping[str, Any], kind: str, number: int) -> Block:
    metadata = output.get("metadata", {})
    own = metadata.get(kind, {}) if isinstance(metadata.get(kind), Mapping) else {}
    alt = str(own.get("alt") or metadata.get("alt") or f"Figure {number}, without a description")
    content = joined(output["data"][kind])
    if kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    size = "".join(f' {side}="{int(own[side])}"' for side in ("width", "height") if _is_size(own.get(side)))
    address = f"data:{kind};base64,{re.sub(r'[^A-Za-z0-9+/=]', '', content)}"
    return Block(kind="figure", html=f'<img src="{address}" alt="{escape(alt)}"{size}>')


def _is_size(value: object) -> bool:
    return isinstance(value, (int, float)) and value > 0


def _text_block(text: str, shortens: bool) -> Block:
    text = _ANSI.sub("", text).rstrip()
    shown, omitted = shorten(text) if shortens else (text, "")
    return Block(kind="text", html=shown, omitted=omitted)


def shorten(text: str) -> tuple[str, str]:
    """The beginning and end of a long text, and a sentence on what was left out between them."""
    lines = text.splitlines()
    if len(text) <= TEXT_SHOWN + TEXT_END_SHOWN and len(lines) <= LINES_SHOWN:
        return text, ""
    start = "\n".join(lines[: LINES_SHOWN - 20])[:TEXT_SHOWN]
    end = "\n".join(lines[-15:])[-TEXT_END_SHOWN:] if len(lines) > LINES_SHOWN else text[-TEXT_END_SHOWN:]
    left_out = len(text) - len(start) - len(end)
    sentence = (
        f"{left_out:,} of {len(text):,} characters of this output are left out here. "
        "Write the run as .ipynb to have them all."
    )
    return f"{start}\n[...]\n{end}", sentence


def highlighted(source: str) -> str:
    """Python with its words marked up for the style sheet."""
    source = _EMPTY_LINES.sub("\n" * 5, source)
    return str(highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))).rstrip("\n")
