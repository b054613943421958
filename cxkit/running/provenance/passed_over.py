"""What each run writes anew and means nothing to a reader: it is passed over where it is what it seems, and only there.

Addresses in memory stand within the name of an object, the clock of a bar of progress in a line of tqdm that no report
shows, identifiers in attributes, selectors of style sheets and scripts. The same signs in a text that somebody reads
are compared. An identifier stands for one of now in all of the notebook, else what points to it points elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any

from cxkit.running.pages.html_tokens import Attributes, tell_tokens

# As Python names an object: <module.Class object at 0x7f3c12345670>, <function <lambda> at 0x7f3c12345670>,
# <weakref at 0x7f3c12345670; to 'A' at 0x7f3c12345671>
_AT = re.compile(r" at 0x([0-9a-fA-F]{6,16})(?=[>,;)\s]|&gt;|$)", re.ASCII)
_WORD = re.compile(r"(?:[\w.<>-]|&[lg]t;){1,200}", re.ASCII)
_MOST_WORDS, _LONGEST_NAME = 7, 1_500
# As numpy names generators, and the object of a weak reference
_OTHER_NAMES = re.compile(r"(?:\b(?:Generator|RandomState)\([A-Za-z0-9]{1,40}\)|; to '[\w.]{1,200}')\Z", re.ASCII)
# tqdm/std.py, format_meter: "desc:  60%|######    | 3/5 [00:00<00:03, 12.5it/s, loss=2]", or "3it [00:00, 12.5it/s]"
_TIME = r"(?:\d+ days?, )?(?:\d+:)?\d\d:\d\d"
_CLOCK = rf"\[{_TIME}(?:(?:<|&lt;)(?:{_TIME}|\?))?, *[\d.?]+[kMGTPE]?[^\s,/\]]*/[^\s,\]]+"
_COUNT = r"\d[\d.]*[kMGTPE]?"
_BAR = re.compile(
    rf"((?:[^|]*: ?)?(?: *\d+%\|[^|]*\| *{_COUNT}/{_COUNT} |{_COUNT}[^\s\[/]* )){_CLOCK}((?:, [^\]]*)?)\]\s*"
)
_WIDGETS_BAR = re.compile(rf"( *{_COUNT}/{_COUNT}[^\s\[]* ){_CLOCK}((?:, [^\]]*)?)\]\s*")
_LONGEST_BAR = 1_000
# The file that ipykernel names a cell's code by, at the begin of a warning
_CELLS_FILE = re.compile(r"^(?:[^\n]*[/\\])?ipykernel_\d+[/\\](?=\d+\.py:\d+: )", re.MULTILINE)

_RANDOM = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}\b"  # UUID, version 4
    r"|(?<=\bT_)[0-9a-f]{5}(?=[_\s\"'{,.:]|$)"  # tables of pandas' Styler: the first 5 digits of a UUID
    r"|(?<=\bsk-container-id-)\d+"  # estimators of scikit-learn
)
# Of matplotlib's backend_svg.py, _make_id: what is drawn (hatch, marker, path, picture, one path of a collection), and
# ten digits of a hash with a random salt
_RANDOM_OR_DRAWN = re.compile(rf"{_RANDOM.pattern}|\b(?:[hmp]|image|Im_image|C[0-9a-f]+_[0-9a-f]+_)[0-9a-f]{{10}}\b")
_NAMING = frozenset({"id", "class", "for", "headers", "aria-labelledby", "aria-describedby", "aria-controls"})
_LINKS = frozenset({"href", "xlink:href"})
# Presentation attributes of SVG 2 that take url(#...), and style
_DRAWING = frozenset({"style", "fill", "stroke", "clip-path", "mask", "filter", "marker", "marker-start", "marker-mid",
                      "marker-end"})  # fmt: skip
_MARK = "\0"  # before what stands for a name; no html shows it, and in texts it is replaced
_SELECTOR = re.compile(r"[#.][A-Za-z][\w-]*")
_URL = re.compile(r"(?<=url\(#)[^()]++(?=\))")
# A tag with its attributes, as both XML and html read it
_TAG = re.compile(r"""<([A-Za-z][\w:.-]*+)(?:\s++[\w:.-]++(?:\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))?+)*+\s*+/?>""")
# A whole attribute at a time: what looks like one within the quotes of another is a text
_ATTRIBUTE = re.compile(r"""(?<=\s)([\w:.-]++)(\s*+=\s*+)("[^"]*+"|'[^']*+')""")
# Keys of data under which an identifier stands: id, model_id, modelId, ID; and, in one word, those of Bokeh and Plotly
_KEY_OF_ID = re.compile(r"(?:(?:.*[^A-Za-z])?[iI][dD]|.*[a-z]I[dD]|(?i:docid|elementid|uid|uuid|guid))")
_DUBLIN_CORE = re.compile(r"""xmlns:dc\s*+=\s*+["']([^"']*+)""")
_HOUR = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]+")  # dc:date, as matplotlib writes it


@dataclass
class Names:
    """Random names of one output, each by its place in the order of their appearance."""

    seen: dict[str, str] = field(default_factory=dict)

    def __call__(self, match: re.Match[str]) -> str:
        return self.seen.setdefault(match[0], f"{_MARK}name{len(self.seen)}")

    def whole(self, text: str) -> str:
        """The text; what stands for it where all of it is one random name."""
        match = _RANDOM.fullmatch(text)
        return text.replace(_MARK, "\N{REPLACEMENT CHARACTER}") if match is None else self(match)


class Identifiers:
    """Which random name of now stands for which of then, in all of a notebook."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._then: dict[str, str] = {}

    def go_together(self, then: Names, now: Names) -> bool:
        """Whether each name of two outputs that are otherwise alike stands for one name only, here and before."""
        pairs = zip(then.seen, now.seen, strict=True)
        return all(self._now.setdefault(a, b) == b and self._then.setdefault(b, a) == a for a, b in pairs)


def read_text(text: str, kind: str, stream: str, names: Names | None = None) -> str:
    """A text of the media type `kind` without what each run writes anew; `stream` is where a cell wrote it.

    Names that are random are put in order of their appearance, and told to `names`.
    """
    names, text = Names() if names is None else names, text.replace(_MARK, "\N{REPLACEMENT CHARACTER}")
    if "svg" in kind:
        return _without_addresses(_as_it_stands(text, names, _RANDOM_OR_DRAWN))
    if kind == "text/html":
        markup = _Markup(names)
        tell_tokens(text, markup)
        return _without_addresses("".join(markup.parts))
    text = _without_addresses(text)
    if stream == "stderr":
        text = _CELLS_FILE.sub("", "\n".join(map(_without_progress, text.split("\n"))))
    if stream == "stdout":  # a page shows a return of the carriage as the end of a line
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _RANDOM.sub(names, text) if "javascript" in kind else text


def _without_addresses(text: str) -> str:
    """The text without the addresses of objects; each is looked at once, whatever stands before it."""
    parts, last = list[str](), 0
    for found in _AT.finditer(text):
        if _names_an_object(text[max(0, found.start() - _LONGEST_NAME) : found.start()]):
            parts.append(text[last : found.start(1)])
            last = found.end(1)
    return "".join([*parts, text[last:]])


def _names_an_object(before: str) -> bool:
    """Whether what ends here is the name of an object: words after a < that is not closed."""
    if _OTHER_NAMES.search(before[-250:]):
        return True
    for word in reversed(before.rsplit(" ", _MOST_WORDS)[-_MOST_WORDS:]):
        opening = max(word.rfind("<"), word.rfind("&lt;"))
        if opening >= 0:
            return _WORD.fullmatch(word, opening) is not None
        if not _WORD.fullmatch(word):
            return False
    return False


def read_data(content: Any, names: Names | None = None) -> Any:
    """Data of a media type of JSON, or the state of a widget, in the same way; each of its texts by itself."""
    return _read_part(content, Names() if names is None else names)


def _read_part(content: Any, names: Names, key: str = "") -> Any:
    """One part, under this key; what is no identifier by its key, and no mark-up, is a text that somebody reads."""
    if isinstance(content, Mapping):
        of, told = "", {}
        if content.get("model") == "HTMLModel" or key == "state of HTMLModel":
            of = " of HTMLModel"
        for name, part in content.items():
            told[names.whole(str(name))] = _read_part(part, names, f"{name}{of}")
        return told
    if isinstance(content, list):
        return [_read_part(part, names, key) for part in content]
    if not isinstance(content, str):
        return content
    if key == "value of HTMLModel" and len(content) < _LONGEST_BAR:
        # tqdm.notebook writes each space as wide as a digit
        bar = _WIDGETS_BAR.fullmatch(content.replace("\N{FIGURE SPACE}", " "))
        if bar is not None:
            return "[".join(content[slice(*bar.span(part))] for part in (1, 2)) + "]"
    if _KEY_OF_ID.fullmatch(key):
        return names.whole(content)
    return _without_addresses(_as_it_stands(content.replace(_MARK, "\N{REPLACEMENT CHARACTER}"), names, _RANDOM))


def _is_unseen_date(text: str) -> bool:
    """Whether dc:date is that of Dublin Core in the metadata of a drawing, which no browser shows."""
    return _DUBLIN_CORE.findall(text) == ["http://purl.org/dc/elements/1.1/"] and "foreignobject" not in text.casefold()


def _as_it_stands(text: str, names: Names, shape: re.Pattern[str]) -> str:
    """A text with the random names in its tags, style sheets and scripts by their order, and all else as it is.

    Comments, CDATA and declarations are text: readers of XML and of html take them otherwise.
    """

    def named(found: re.Match[str]) -> str:
        return shape.sub(names, found[0])

    def attribute(found: re.Match[str]) -> str:
        value = found[3]
        return (
            f"{found[1]}{found[2]}{value[0]}{_with_names(found[1], value[1:-1], partial(shape.sub, names))}{value[0]}"
        )

    parts, at = list[str](), 0
    while (begin := text.find("<", at)) >= 0:
        parts.append(text[at:begin])
        tag = _TAG.match(text, begin)
        if tag is None:
            at = _after_no_tag(text, begin)
            parts.append(text[begin:at])
            continue
        parts.append(_ATTRIBUTE.sub(attribute, tag[0]))
        at = tag.end()
        if tag[1] in {"script", "style", "dc:date"} and not tag[0].endswith("/>"):
            end = _end_of("</", text, at)
            held, at = text[at:end], end
            if tag[1] == "script":
                held = shape.sub(names, held)
            elif tag[1] == "style":
                held = _SELECTOR.sub(named, _URL.sub(named, held))
            elif _is_unseen_date(text):
                held = _HOUR.sub("", held)
            parts.append(held)
    return "".join([*parts, text[at:]])


def _with_names(attribute: str, value: str, named: Callable[[str], str]) -> str:
    """The value of an attribute with its random names by their order, where they stand as identifiers.

    What a reader or a screen reader is told by a title, a label or the like is a text.
    """
    if attribute in _NAMING or (attribute in _LINKS and value.startswith("#")):
        return named(value)
    return _URL.sub(lambda found: named(found[0]), value) if attribute in _DRAWING else value


def _after_no_tag(text: str, begin: int) -> int:
    """Where a comment, CDATA or another `<` that begins no tag ends."""
    for sign, last in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
        if text.startswith(sign, begin):
            return min(_end_of(last, text, begin + len(sign)) + len(last), len(text))
    return begin + 1


def _end_of(sign: str, text: str, at: int) -> int:
    """Where a sign stands next; the end of the text if it does nowhere."""
    found = text.find(sign, at)
    if found < 0:
        return len(text)
    return found


def _without_progress(line: str) -> str:
    """A line of standard error without the states of a bar that others were written over, and without its clock."""
    *before, last = line.split("\r")
    kept = [piece for piece in before if piece.strip() and not _is_bar(piece)]
    if _is_bar(last):
        last = _BAR.sub(r"\1[\2]", last)
    return "\n".join([*kept, last])


def _is_bar(piece: str) -> bool:
    return len(piece) < _LONGEST_BAR and _BAR.fullmatch(piece) is not None


class _Markup:
    """Writes html down again, with random names in the attributes, selectors and scripts by their order."""

    def __init__(self, names: Names) -> None:
        self.parts: list[str] = []
        self._names = names
        self._within = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        self._within = tag
        read = ((name, _with_names(name, value, self._named)) for name, value in attributes)
        told = "".join(f' {name}="{escape(value)}"' for name, value in read)
        self.parts.append(f"<{tag}{told}>")

    def end(self, tag: str) -> None:
        self._within = ""
        self.parts.append(f"</{tag}>")

    def text(self, text: str) -> None:
        if self._within == "script":
            self.parts.append(self._named(text))
        elif self._within == "style":
            self.parts.append(_SELECTOR.sub(self._within_match, _URL.sub(self._within_match, text)))
        else:
            self.parts.append(escape(text, quote=False))

    def _named(self, text: str) -> str:
        return _RANDOM.sub(self._names, text)

    def _within_match(self, found: re.Match[str]) -> str:
        return self._named(found[0])
