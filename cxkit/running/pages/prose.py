"""The words of a notebook: its markdown cells as html, with headings to link to and formulas drawn."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any

import mistune

from cxkit.running.pages.formulas import formula_html
from cxkit.running.pages.markup import clean_html

_PICTURE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
_TAGS = re.compile(r"<[^>]+>")
# "It costs $5 to $7" is money: a formula neither starts nor ends with a blank, nor is its end followed by a digit.
_INLINE_FORMULA = r"(?<![\\$])\$(?!\s|\$)(?P<inline_tex>(?:\\.|[^$`\\\n])+?)(?<!\s)\$(?![\d$])"
# It ends with the next two dollars: one that looked further would go from each to the end of the text
_BLOCK_FORMULA = r"^ {0,3}\$\$(?P<block_tex>(?:[^$]|\$(?!\$))++)\$\$[ \t]*+$"


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A line of the contents list."""

    level: int
    text: str
    anchor: str


@dataclass(eq=False)
class Prose:
    """Renders one notebook's markdown cells in turn and gathers their headings.

    The first heading of level one becomes the title of the page and is left out of the text.
    """

    folder: Path
    title: str = ""
    headings: list[Heading] = field(default_factory=list)
    _anchors: dict[str, int] = field(default_factory=dict)

    def html(self, source: str, attachments: Mapping[str, Any] | None = None) -> str:
        """One markdown cell as safe html."""
        markdown = mistune.create_markdown(
            renderer=_Renderer(self), plugins=["table", "strikethrough", "footnotes", "def_list"]
        )
        _understand_formulas(markdown)
        rendered = str(markdown(source))
        return clean_html(rendered, lambda address: self._embedded(address, attachments or {}))

    def heading(self, html: str, level: int) -> str:
        """A heading with an anchor, noted for the contents list; nothing for the title."""
        text = unescape(_TAGS.sub("", html)).strip()
        if level == 1 and not self.title:
            self.title = text
            return ""
        anchor = self.anchor(text)
        self.headings.append(Heading(level=max(level, 2), text=text, anchor=anchor))
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f'<h{max(level, 2)} id="{anchor}">{html}{link}</h{max(level, 2)}>\n'

    def anchor(self, text: str) -> str:
        """A name for a place on the page, unlike any other so far, and the same at every rendering."""
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "section"
        count = self._anchors[slug] = self._anchors.get(slug, 0) + 1
        return slug if count == 1 else f"{slug}-{count}"

    def _embedded(self, address: str, attachments: Mapping[str, Any]) -> str | None:
        if address.startswith("attachment:"):
            bundle = attachments.get(address.removeprefix("attachment:"), {})
            return next((f"data:{kind};base64,{data}" for kind, data in bundle.items()), None)
        path = (self.folder / address).resolve()
        kind = _PICTURE_TYPES.get(path.suffix.lower())
        # Only pictures from the notebook's own folder: a report must not carry away other files.
        if kind is None or not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            return None
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


class _Renderer(mistune.HTMLRenderer):
    def __init__(self, prose: Prose) -> None:
        # Html and addresses pass as they are: clean_html judges them, and knows attachments.
        super().__init__(escape=False, allow_harmful_protocols=True)
        self._prose = prose

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return self._prose.heading(text, level)

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code, quote=False)}</code></pre>\n"

    def inline_formula(self, text: str) -> str:
        return formula_html(text)

    def block_formula(self, text: str) -> str:
        return formula_html(text, display=True) + "\n"


def _understand_formulas(markdown: mistune.Markdown) -> None:
    def inline(parser: Any, found: re.Match[str], state: Any) -> int:
        state.append_token({"type": "inline_formula", "raw": found.group("inline_tex")})
        return found.end()

    def block(parser: Any, found: re.Match[str], state: Any) -> int:
        state.append_token({"type": "block_formula", "raw": found.group("block_tex")})
        return found.end() + 1

    markdown.inline.register("inline_formula", _INLINE_FORMULA, inline, before="link")
    markdown.block.register("block_formula", _BLOCK_FORMULA, block, before="list")
