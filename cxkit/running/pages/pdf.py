"""A report on paper: the same html, set on numbered pages, byte for byte the same each time.

WeasyPrint prints where it is installed (the package weasyprint), else an installed Chromium or Chrome. Both
are kept off the network. The same printer on the same html gives the same bytes; two printers break pages differently.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cxkit.errors import NotebookError, install_command
from cxkit.files import write_atomically
from cxkit.running.temporary import own_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_FORMULAS = Path(__file__).parent / "template" / "formulas.css"
_BROWSER_SECONDS = 180
_IMPRINT = re.compile(r"% printed by (?P<printer>.+) from html (?P<html>[0-9a-f]{64}), pages (?P<pages>[0-9a-f]{64})")
_FORMULA, _END_OF_FORMULA = re.compile(r"<math\b"), "</math>"
# Chromium writes the hour of printing into every file. One and the same hour stands there instead.
_DATE = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}")
_NO_DATE = rb"/\1 (D:20000101000000"
# It also numbers the elements of the page, and on a busy machine sometimes leaves a number out.
_ELEMENT = re.compile(rb"\(node(\d{8})\)")


@dataclass(frozen=True, kw_only=True)
class Printer:
    """What turns html into PDF on this machine.

    Attributes
    ----------
    name : str
        As its makers call it.
    pdf : callable
        Takes a page of html, returns the bytes of a PDF.
    """

    name: str
    pdf: Callable[[str], bytes]


def write_pdf(html: str, path: str | Path, printer: Printer | None = None) -> Path:
    """Write a report as PDF.

    Parameters
    ----------
    html : str
        The report, as `report_html` returned it or as it stands in its file.
    path : str or Path
        Where to; an older file is replaced in one step.
    printer : Printer, optional
        What prints; by default what `find_printer` finds.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    NotebookError
        If nothing here can print, printing fails, or the file cannot be written.
    """
    printer = printer or find_printer()
    pages = printer.pdf(html).rstrip(b"\n") + b"\n"
    imprint = f"% printed by {printer.name} from html {_sha256(html.encode())}, pages {_sha256(pages)}\n"
    return write_atomically(Path(path), pages + imprint.encode())


def print_beside(report: Path) -> Path:
    """Print a report that is a file already, as .pdf beside it; one that this printer made from it is kept.

    Raises
    ------
    NotebookError
        As `write_pdf`.
    """
    printer, target = find_printer(), report.with_suffix(".pdf")
    html = report.read_bytes()
    if target.is_file() and read_imprint(target) == (printer.name, _sha256(html)):
        return target
    return write_pdf(html.decode("utf-8"), target, printer)


def read_imprint(path: Path) -> tuple[str, str] | None:
    """Who printed a file, and the SHA-256 of the html that it was printed from; None if it was changed since."""
    return imprint_of(path.read_bytes())


def imprint_of(content: bytes) -> tuple[str, str] | None:
    """The same of a file's content."""
    pages, _, imprint = content.rstrip(b"\n").rpartition(b"\n")
    found = _IMPRINT.fullmatch(imprint.decode("utf-8", "replace"))
    if found is None or found["pages"] != _sha256(pages + b"\n"):
        return None
    return found["printer"], found["html"]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def find_printer() -> Printer:
    """What prints PDF here?

    Raises
    ------
    NotebookError
        If there is neither WeasyPrint nor a Chromium; says how to get one.
    """
    trouble = ""
    try:
        import weasyprint
    except ImportError:
        trouble = "WeasyPrint is not installed"
    except OSError as error:  # it is, but a library that it calls is not
        trouble = f"WeasyPrint does not start ({str(error).splitlines()[0]})"
    else:
        return Printer(name=f"WeasyPrint {weasyprint.__version__}", pdf=_by_weasyprint)
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is not None:
        return Printer(name=Path(browser).name, pdf=lambda html: _by_browser(browser, html))
    raise NotebookError(
        f"Nothing here can print a PDF: {trouble}, and there is no Chromium or Chrome on the path. "
        "Reports as .html need neither. "
        f"Install one of them; WeasyPrint: {install_command('weasyprint')}"
    )


def _by_weasyprint(html: str) -> bytes:
    import weasyprint
    from weasyprint.urls import URLFetcher

    page = weasyprint.HTML(string=_with_plain_formulas(html), url_fetcher=URLFetcher(allowed_protocols={"data"}))
    # Without an identifier or a date of its own the file depends on nothing but the page and the fonts.
    with _at_no_time():
        pdf: Any = page.write_pdf(pdf_tags=True)
    return bytes(pdf)


@contextmanager
def _at_no_time() -> Iterator[None]:
    """Let fontTools, which cuts fonts where HarfBuzz cannot, write no time of day into them."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _with_plain_formulas(html: str) -> str:
    """MathML in the order of the page, for a printer that draws formulas by style alone."""
    style = f"<style>{_FORMULAS.read_text(encoding='utf-8')}</style>\n</head>"  # last, to override the report's own
    # By its end: from each begin without one a search would go to the end of the page
    *pieces, rest = html.replace("</head>", style, 1).split(_END_OF_FORMULA)
    return "".join([*(_with_plain_end(f"{piece}{_END_OF_FORMULA}") for piece in pieces), rest])


def _with_plain_end(piece: str) -> str:
    """A piece of a page that ends with a formula, as far as that has a begin in it."""
    begin = _FORMULA.search(piece)
    return piece if begin is None else piece[: begin.start()] + _plain_formula(piece[begin.start() :])


def _plain_formula(formula: str) -> str:
    try:
        root = ElementTree.fromstring(formula)
    except ElementTree.ParseError:  # a notebook's own, and not ours to mend
        return formula
    for element in list(root.iter()):
        children = list(element)
        if element.tag in {"mover", "munderover", "mroot"} and len(children) > 1:  # what stands above comes first
            element[:] = [children[-1], *children[:-1]]
        elif element.tag == "mi" and len(element.text or "") > 1:
            element.set("class", "word")
        elif element.tag == "mspace":
            element.set("style", f"width: {element.get('width', '0')}")
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _by_browser(browser: str, html: str) -> bytes:
    with own_folder("pdf-") as folder:
        page, target = folder / "report.html", folder / "report.pdf"
        page.write_text(html, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # a report holds all it needs
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={target}",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # for root Chromium has none, and would not start
        try:
            done = subprocess.run(
                [*command, page.as_uri()], capture_output=True, text=True, timeout=_BROWSER_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotebookError(f"{browser} did not print the report: {error}.") from None
        if not target.is_file():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise NotebookError(f"{browser} did not print the report (exit {done.returncode}): {last}")
        return without_chance(target.read_bytes())


def without_chance(pdf: bytes) -> bytes:
    """Chromium's file without what differs from print to print; of the same length, so that its index still holds."""
    numbers = {number: place for place, number in enumerate(sorted(set(_ELEMENT.findall(pdf))), 1)}
    pdf = _ELEMENT.sub(lambda found: b"(node%08d)" % numbers[found[1]], pdf)
    return _DATE.sub(_NO_DATE, pdf)
