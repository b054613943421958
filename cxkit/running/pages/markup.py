"""Html from a notebook's outputs and prose, made safe and self-contained for a report.

Pictures are taken into the page and tables get a box of their own to scroll in; then a sanitiser (nh3) that reads html
as browsers do lets only known elements and attributes through: nothing that runs, nothing that loads from elsewhere, no
unbalanced tag that could swallow the rest of the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from cxkit.running.pages.html_tokens import Attributes, tell_tokens
from cxkit.running.pages.styles import is_safe_value, safe_declarations, safe_stylesheet

_TEXT = """a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup data dd del details dfn
div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p pre q rp rt ruby s samp
section small span strong style sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"""
_MATHML = """math mi mn mo mtext mspace mrow mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd
mstyle mpadded mphantom merror ms mmultiscripts mprescripts none semantics"""
_SVG = """svg g path rect circle ellipse line polyline polygon text tspan title desc defs clippath lineargradient
radialgradient stop marker pattern use symbol"""
_ALLOWED = frozenset(_TEXT.split()) | frozenset(_MATHML.split()) | frozenset(_SVG.split())
# A browser repeats open elements of the second kind in every paragraph that is begun within them, so that depth times
# length is what it must build: 2 MB of `<b><p>` would be a page of some gigabytes. No notebook's output lies deeper.
_DEEPEST, _DEEPEST_FORMAT = 100, 12
_FORMATS = frozenset({"a", "b", "code", "em", "i", "s", "small", "strong", "tt", "u"})
# More columns than this do not fit on a printed page in the ordinary size.
MANY_COLUMNS = 9
VERY_MANY_COLUMNS = 15
_VOID = frozenset({"br", "col", "hr", "img", "wbr"})
# Their contents are no text for a reader; they go together with them.
_SWALLOWED = frozenset({"script", "iframe", "object", "noscript", "template", "textarea", "select", "button", "head"})
_SIMPLE = """abbr accent alt class colspan datetime dir display height href id lang open role rowspan scope
headers span start stretchy style tabindex title value width"""
_ATTRIBUTES = frozenset(_SIMPLE.split())
_SVG_NAMES = """clip-path clip-rule cx cy d dominant-baseline dx dy fill fill-opacity fill-rule font-family font-size
font-style font-weight fx fy gradientTransform gradientUnits id letter-spacing marker-end marker-mid marker-start
markerHeight markerWidth markerUnits clipPathUnits patternUnits patternTransform offset opacity orient points
preserveAspectRatio r refX refY rx ry shape-rendering spreadMethod stop-color stop-opacity stroke stroke-dasharray
stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor transform
vector-effect version viewBox x x1 x2 y y1 y2"""
_SVG_ATTRIBUTES = frozenset(_SVG_NAMES.split())
# Names of tags and attributes come in lower case, but svg minds it.
_SVG_CASE = {
    "viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio", "clippath": "clipPath",
    "lineargradient": "linearGradient", "radialgradient": "radialGradient", "gradientunits": "gradientUnits",
    "gradienttransform": "gradientTransform", "spreadmethod": "spreadMethod", "markerunits": "markerUnits",
    "patterntransform": "patternTransform", "refx": "refX", "refy": "refY", "markerwidth": "markerWidth",
    "markerheight": "markerHeight", "clippathunits": "clipPathUnits", "patternunits": "patternUnits",
}  # fmt: skip
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_SAFE_LINK = re.compile(r"(?:https?:|mailto:|#)", re.IGNORECASE)


def clean_html(html: str, embed: Callable[[str], str | None] = lambda source: None) -> str:
    """Which part of this html may stand in a report?

    Parameters
    ----------
    html : str
        As a notebook gave it.
    embed : callable
        Turns the source of a picture that is not yet in the page into a ``data:`` address, or None: then its
        alternative text stands in its place.

    Returns
    -------
    str
        Balanced html without scripts, event handlers, forms, frames or anything loaded from elsewhere.
    """
    composer = _Composer(embed)
    tell_tokens(html, composer)
    return _sanitised(composer.result())


def _sanitised(html: str) -> str:
    """The html as a browser will read it, with known elements and attributes only."""
    import nh3  # only reports need it

    clean = nh3.clean(
        html,
        tags=set(_ALLOWED | set(_SVG_CASE.values())),
        clean_content_tags=set(_SWALLOWED),
        attributes={
            "*": set(_ATTRIBUTES | _SVG_ATTRIBUTES | {"href", "xlink:href", "lang"}),
            "img": {"src"},
        },
        generic_attribute_prefixes={"aria-"},
        attribute_filter=_safe_value,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
        strip_comments=True,
    )
    return clean.replace("&nbsp;", "\u00a0")  # formulas are read as XML by the printer, which knows no &nbsp;


def _safe_value(element: str, name: str, value: str) -> str | None:
    """What an attribute may say; None takes it away."""
    if name == "style":
        return safe_declarations(value) or None
    if name == "src":
        return value if _PICTURE.match(value) else None
    if name in {"href", "xlink:href"}:
        # Elements of a picture may only refer to others in it.
        allowed = _SAFE_LINK.match(value) if element == "a" else value.startswith("#")
        return value if allowed else None
    if name in _SVG_ATTRIBUTES and any(sign in value for sign in "(\\"):
        return value if is_safe_value(value) else None
    return value


@dataclass
class _Table:
    """A table that is being read: where its box stands among the parts, and how wide it is so far."""

    box: int
    columns: int = 0
    widest: int = 0


class _Composer:
    """Lays html out for a report; what may stand there is judged by the sanitiser afterwards."""

    def __init__(self, embed: Callable[[str], str | None]) -> None:
        self.embed = embed
        self.parts: list[str] = []
        self.open: list[str] = []
        self.count_open: Counter[str] = Counter()
        self.passed_over: Counter[str] = Counter()
        self.swallowing = ""
        self.swallowed = 0
        self.tables: list[_Table] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        if self.swallowing or tag in _SWALLOWED:
            self._swallow(tag)
            return
        if tag not in _ALLOWED:
            return
        if tag == "img":
            self.parts.append(self._picture(dict(attributes)))
            return
        if self._is_too_deep(tag):
            self.passed_over[tag] += 1
            return
        if tag == "table":
            self._open_table()
        if tag in {"td", "th"} and self.tables:
            self._count_column(dict(attributes))
        in_svg = tag == "svg" or self.count_open["svg"] > 0
        kept = "".join(_attribute(name, value, in_svg) for name, value in attributes if _keeps(name, value, in_svg))
        self.parts.append(f"<{_SVG_CASE.get(tag, tag) if in_svg else tag}{kept}>")
        if tag not in _VOID:
            self.open.append(tag)
            self.count_open[tag] += 1

    def end(self, tag: str) -> None:
        if self.swallowing:
            self._release(tag)
        elif self.passed_over[tag]:
            self.passed_over[tag] -= 1
        elif self.count_open[tag]:
            while self._close() != tag:
                pass

    def text(self, text: str) -> None:
        if self.swallowing:
            return
        if self.open and self.open[-1] == "style":
            self.parts.append(safe_stylesheet(text))
        else:
            self.parts.append(escape(text, quote=False))

    def result(self) -> str:
        while self.open:
            self._close()
        return "".join(self.parts)

    def _is_too_deep(self, tag: str) -> bool:
        """Whether an element's own tags are left out, and its contents stay."""
        if tag in _VOID:
            return False
        formats = sum(self.count_open[name] for name in _FORMATS)
        return len(self.open) >= _DEEPEST or (tag in _FORMATS and formats >= _DEEPEST_FORMAT)

    def _close(self) -> str:
        """End the innermost element that is open; its name."""
        in_svg = self.count_open["svg"] > 0
        tag = self.open.pop()
        self.count_open[tag] -= 1
        self.parts.append(f"</{_SVG_CASE.get(tag, tag) if in_svg else tag}>")
        if tag == "table":
            self.parts.append("</div>")
            table = self.tables.pop()
            columns = max(table.widest, table.columns)
            if columns > MANY_COLUMNS:
                very = " very-many-columns" if columns > VERY_MANY_COLUMNS else ""
                self.parts[table.box] = f'<div class="scroll many-columns{very}" tabindex="0">'
        if tag == "tr" and self.tables:
            table = self.tables[-1]
            table.widest, table.columns = max(table.widest, table.columns), 0
        return tag

    def _open_table(self) -> None:
        self.tables.append(_Table(box=len(self.parts)))
        self.parts.append('<div class="scroll" tabindex="0">')

    def _count_column(self, attributes: Mapping[str, str]) -> None:
        span = attributes.get("colspan") or "1"
        # Beyond 1,000 a browser takes no colspan
        self.tables[-1].columns += int(span) if span.isdecimal() and len(span) < 4 else 1

    def _swallow(self, tag: str) -> None:
        if not self.swallowing:
            self.swallowing, self.swallowed = tag, 1
        elif tag == self.swallowing:
            self.swallowed += 1

    def _release(self, tag: str) -> None:
        if tag == self.swallowing:
            self.swallowed -= 1
            if self.swallowed == 0:
                self.swallowing = ""

    def _picture(self, attributes: Mapping[str, str]) -> str:
        source, alt = attributes.get("src") or "", attributes.get("alt") or ""
        address = source if _PICTURE.match(source) else self.embed(source)
        if address is None or not _PICTURE.match(address):
            missing = f"picture not in this file: {alt or source}"
            return f'<span class="missing">[{escape(missing, quote=False)}]</span>'
        size = "".join(
            _attribute(name, attributes.get(name) or "")
            for name in ("width", "height", "class", "style")
            if attributes.get(name)
        )
        return f'<img src="{escape(address)}" alt="{escape(alt)}"{size}>'


def _keeps(name: str, value: str, in_svg: bool) -> bool:
    value = value.strip()
    if name.startswith("on") or name == "srcdoc":
        return False
    if name in {"href", "xlink:href"}:
        return bool(_SAFE_LINK.match(value)) and not (in_svg and not value.startswith("#"))
    if name == "src":
        return False
    if in_svg and re.fullmatch(r"[a-z][\w:-]*", name):
        return True
    return name in _ATTRIBUTES or name.startswith("aria-")


def _attribute(name: str, value: str, in_svg: bool = False) -> str:
    return f' {_SVG_CASE.get(name, name) if in_svg else name}="{escape(value)}"'
