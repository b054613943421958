"""Does a page show what its notebook gives? It is made again from the recorded notebook, and held against the file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbformat import from_dict

from cxkit.errors import NotebookError, fault_of, reason_of
from cxkit.files import read_regular
from cxkit.running.notebooks.notebook import LARGEST
from cxkit.running.pages.html_tokens import Attributes, tell_tokens
from cxkit.running.pages.pdf import BROWSERS, find_printer, imprint_of, write_pdf
from cxkit.running.pages.report import BADGES, cxkit_version, is_synthetic, report_html, report_title
from cxkit.running.provenance.changes import first_difference
from cxkit.running.provenance.passed_over import read_text
from cxkit.running.temporary import own_folder

if TYPE_CHECKING:
    from cxkit.running.plan import Run

_BADGE = re.compile(r'<p class="byline"><span class="badge (real|synthetic)">')
_OPEN_CODE = '<details class="code" open>'
_SHOWN = 60
# What says or does something that no word, picture or link of the page does. Other releases set a page otherwise, and
# none puts these in.
_TELLING_TAGS = frozenset({
    "base", "bdo", "button", "del", "embed", "form", "iframe", "input", "ins", "meter", "noscript", "object", "option",
    "progress", "script", "select", "sub", "sup", "template", "textarea",
})  # fmt: skip
_TELLING_ATTRIBUTES = frozenset({
    "action", "alt", "dir", "formaction", "hidden", "href", "http-equiv", "label", "placeholder", "src", "srcdoc",
    "start", "value",
})  # fmt: skip
_VERSIONED = "WeasyPrint "  # a printer whose name tells its version


_OTHER_LOOKS = (
    "how its page looks, which other code than this made: its words and numbers are the same, and what styles show, "
    "hide or write beside them can differ (--keep FOLDER keeps the page as it is made here)"
)


@dataclass(frozen=True)
class Files:
    """A report and the PDF beside it, read once: what is compared later is what was there at the begin.

    Attributes
    ----------
    path : Path
    content, printed : bytes or None
        None where there is no such file.
    """

    path: Path
    content: bytes | None
    printed: bytes | None

    @classmethod
    def read(cls, path: Path) -> Files:
        """Read both.

        Raises
        ------
        NotebookError
            If one is there and cannot be read.
        """
        pdf = path.with_suffix(".pdf")
        return cls(path, _content_of(path), _content_of(pdf) if pdf != path else None)

    @property
    def sha256(self) -> str:
        """The hash of the report."""
        return hashlib.sha256(self.content or b"").hexdigest()

    @property
    def imprint(self) -> tuple[str, str] | None:
        """Who printed the PDF, and of which html, by its own last line."""
        return imprint_of(self.printed or b"")


def _content_of(path: Path) -> bytes | None:
    try:
        return read_regular(path, LARGEST) if path.is_file() else None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {reason_of(error)}") from None


@dataclass(frozen=True)
class Checked:
    """What came of comparing a page, its print, or what a crate says of itself in other words.

    Attributes
    ----------
    change : str
        Where it is not what its notebook gives; empty if nothing says so.
    not_compared : tuple of str
        What of it was not compared.
    kind : {"page", "words", "file"}
        Whether it is no page of this notebook, says something else than other code makes of it, or is another file.
    """

    change: str = ""
    not_compared: tuple[str, ...] = ()
    kind: Literal["page", "words", "file"] = "page"


@dataclass(frozen=True)
class Presentation:
    """What whoever ran a notebook may choose of its page, as the page itself shows it."""

    title: str
    badge: str | None
    show_code: bool

    @classmethod
    def of(cls, html: str) -> Presentation:
        """As a page shows it."""
        title, header = (_between(html, f"<{tag}>", f"</{tag}>") for tag in ("title", "header"))
        badge = _BADGE.search(header)
        return cls(unescape(title), badge[1] if badge else None, _OPEN_CODE in html)


def _between(text: str, begin: str, end: str) -> str:
    """What stands between the first `begin` and the `end` after it; empty if there is none."""
    inside, found, _ = text.partition(begin)[2].partition(end)
    return inside if found else ""


def check_page(report: Files, run: Run, recorded: Mapping[str, Any], cxkit_then: str, *, same_code: bool) -> Checked:
    """Hold a report's page against what cxkit makes of the recorded executed notebook.

    Parameters
    ----------
    report : Files
        The page.
    run : Run
        The run of now, under the notebook's own name and folder: its parameters and its hash stand in the page.
    recorded : mapping
        The executed notebook of the crate.
    cxkit_then : str
        The version of cxkit that the page names.
    same_code : bool
        Whether cxkit and the libraries are those of then: then the page must agree byte for byte, else the words and
        pictures that a reader sees.
    """
    html, name = (report.content or b"").decode("utf-8", "replace"), report.path.name
    chosen = Presentation.of(html)
    try:
        told, made = _made_again(run, recorded, chosen)
    except Exception as error:  # a crate may hold anything for a notebook
        return Checked(f"{name} cannot be made again from executed.ipynb: {fault_of(error)}")
    given = tuple(_given(told, chosen))
    if made == html:
        return Checked(not_compared=given)
    if same_code:
        return Checked(f"{name} is not the page that cxkit makes of executed.ipynb{_first(html, made)}")
    seen = [*_seen(html.replace(f"cxkit {cxkit_then}<", f"cxkit {cxkit_version()}<"))]
    if seen != [*_seen(made)]:
        other = f"the page does not show what this cxkit shows of executed.ipynb{_first(html, made)}"
        return Checked(other, kind="words")
    return Checked(not_compared=(*given, _OTHER_LOOKS))


def check_print(report: Files) -> Checked:
    """Print a page again, where the printer of its PDF is here. The last line of a PDF alone proves nothing."""
    printed, imprint = report.path.with_suffix(".pdf").name, report.imprint
    if imprint is None or imprint[1] != report.sha256:
        return Checked()  # told as a changed file
    try:
        again = _printed_again(report, imprint[0])
    except (NotebookError, ValueError) as error:
        return Checked(not_compared=(f"the pages of {printed} ({str(error).splitlines()[0]})",))
    if again == report.printed:
        return Checked()
    if not imprint[0].startswith(_VERSIONED):
        return Checked(not_compared=(f"the pages of {printed} ({imprint[0]} prints them otherwise now)",))
    told = (
        f"{printed} is not what {imprint[0]} prints of {report.path.name} here: it was changed, or other fonts drew it"
    )
    return Checked(told)


def _printed_again(report: Files, by: str) -> bytes:
    if not by.startswith((_VERSIONED, *BROWSERS)):
        raise NotebookError(f"{by} printed them")
    printer = find_printer()
    if printer.name != by:
        raise NotebookError(f"{by} printed them, and here prints {printer.name}")
    assert report.content is not None
    with own_folder() as folder:
        return write_pdf(report.content.decode("utf-8"), folder / "again.pdf", printer).read_bytes()


def _made_again(run: Run, recorded: Mapping[str, Any], chosen: Presentation) -> tuple[Run, str]:
    from cxkit.running.run import find_session

    executed = from_dict(dict(recorded))
    session = find_session(executed)
    if session == run.session:  # that of now: a notebook's file does not keep the order of the versions
        session = dict(run.session or {})
    told = replace(run, executed=executed, session=session)
    made = report_html(told, show_code=chosen.show_code, title=chosen.title or None, badge=chosen.badge)
    return told, made


def _given(told: Run, chosen: Presentation) -> Iterator[str]:
    """What of a page does not follow from the notebook, but was chosen for this page."""
    if chosen.title != report_title(told):
        yield f"the title '{chosen.title}', which was given with the run"
    if chosen.badge is not None and not is_synthetic(told.session or {}):
        yield f"the label '{BADGES[chosen.badge]}', which was given with the run"


def _first(html: str, made: str) -> str:
    start = first_difference(html, made)
    line, begin = html.count("\n", 0, start) + 1, max(html.rfind("\n", 0, start) + 1, start - _SHOWN // 3)
    was, is_ = html[begin : begin + _SHOWN], made[begin : begin + _SHOWN]
    return f", first in line {line}: '{was}' stands where that has '{is_}'"


def _seen(html: str) -> Iterator[tuple[str, str]]:
    """The words of a page as one text without white space, and its pictures, links, scripts, frames and fields."""
    parts = [*_parts(html)]
    yield "text", "".join(text for kind, text in parts if kind == "text")
    yield from (part for part in parts if part[0] != "text")


def _parts(html: str) -> Iterator[tuple[str, str]]:
    found = _Parts()
    tell_tokens(html, found)
    return ((kind, text if kind != "text" else "".join(_read(text).split())) for kind, text in found.parts)


def _read(text: str) -> str:
    return read_text(text, "text/plain", "output")


@dataclass
class _Parts:
    """What a reader sees of html, in its order."""

    parts: list[tuple[str, str]] = field(default_factory=list)
    _raw: bool = False

    def start(self, tag: str, attributes: Attributes) -> None:
        self._raw = tag in {"style", "script"}
        if tag in _TELLING_TAGS:
            self.parts.append(("tag", tag))
        self.parts += [(name, value) for name, value in attributes if name in _TELLING_ATTRIBUTES]

    def end(self, tag: str) -> None:
        self._raw = False

    def text(self, text: str) -> None:
        if not self._raw:
            self.parts.append(("text", text))
