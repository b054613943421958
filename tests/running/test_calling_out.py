"""A report loads nothing: whatever a stranger's notebook writes into it, no request leaves the browser."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cxkit.running.pages.markup import clean_html
from cxkit.running.pages.pdf import BROWSERS
from cxkit.running.pages.report import index_html, report_html
from tests.running.building import code, executed_run, shown, words

TEMPLATES = Path(__file__).parents[2] / "cxkit"

# Each loads {at}/<name> where nothing forbids it.
HOSTILE = [
    r'<div style="background:u\72l({at}/escaped)">a</div>',
    r'<div style="background:\75 rl({at}/escaped2)">a</div>',
    "<div style=\"background-image:image-set('{at}/set' 1x)\">a</div>",
    '<div style="background:-webkit-image-set(url({at}/webkit) 1x)">a</div>',
    "<div style=\"background:url('{at}/quoted')\">a</div>",
    '<div style="background:/**/url({at}/comment)">a</div>',
    '<ul style="list-style:url({at}/list)"><li>a</li></ul>',
    '<b style="cursor:url({at}/cursor),auto;border-image:url({at}/border) 1">a</b>',
    r"<style>@\69mport '{at}/import';</style>",
    "<style>@import url({at}/import2);</style>",
    r"<style>p {{ background: u\52L( '{at}/rule' ) }}</style><p>a</p>",
    "<style>@font-face {{ font-family: f; src: url({at}/font) }} body {{ font-family: f }}</style>",
    "<style>@media all {{ body {{ background: url({at}/media) }} }}</style>",
    "<style>b::after {{ content: url({at}/content) }}</style><b>a</b>",
    "<svg><style>rect {{ fill: url({at}/svg#a) }}</style><rect width='9' height='9'/></svg>",
    "<svg><style><![CDATA[</style><img src={at}/cdata>]]></style></svg>",
    '<svg><image href="{at}/image" width="9" height="9"/><use href="{at}/use#a"/></svg>',
    '<svg><rect width="9" height="9" fill="url({at}/fill#a)" filter="url({at}/filter#a)"/></svg>',
    '<svg><rect width="9" height="9" mask="url({at}/mask#a)" style="fill:u\\72l({at}/fill2#a)"/></svg>',
    '<svg><foreignObject><img src="{at}/foreign"></foreignObject></svg>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src={at}/mutation&gt;">',
    '<img src="{at}/img"><img srcset="{at}/srcset 1x"><picture><source srcset="{at}/source"><img></picture>',
    '<video src="{at}/video" poster="{at}/poster"></video><audio src="{at}/audio" autoplay></audio>',
    '<object data="{at}/object"></object><embed src="{at}/embed"><iframe src="{at}/iframe"></iframe>',
    '<link rel="stylesheet" href="{at}/link"><link rel="prefetch" href="{at}/prefetch">',
    '<meta http-equiv="refresh" content="0; url={at}/refresh"><base href="{at}/">',
    '<script src="{at}/script"></script><script>fetch("{at}/fetch")</script>',
    "<img src=x onerror=\"fetch('{at}/onerror')\"><svg onload=\"fetch('{at}/onload')\"></svg>",
    '<body background="{at}/body"><table background="{at}/table"><tr><td background="{at}/td">a</table>',
    '<form action="{at}/form"><input type="image" src="{at}/input"></form>',
]


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, its address, and the paths that it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def open_in_browser(html: str, folder: Path, seconds: int = 1) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("neither Chromium nor Chrome is installed")
    page = folder / "page.html"
    page.write_text(html, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               "--disable-component-update", "--no-first-run", f"--virtual-time-budget={1000 * seconds}",
               f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture
def calls(tmp_path):
    """The requests that opening a page causes, given how to make the page out of an address."""

    def count(make) -> set[str]:
        with listening() as (address, asked):
            open_in_browser(make(address), tmp_path)
            return set(asked) - {"/favicon.ico"}

    return count


def hostile(address: str) -> list[str]:
    return [html.format(at=address) for html in HOSTILE]


def test_the_pages_call_out_if_nothing_forbids_it(calls):
    """Else the next two tests would show nothing."""
    found = calls(lambda at: "<!DOCTYPE html>" + "\n".join(hostile(at)[:-6]))
    assert {"/escaped", "/set", "/import", "/rule", "/fill2", "/img"} <= found


def test_cleaned_html_calls_nowhere_even_without_a_policy(calls):
    assert calls(lambda at: "<!DOCTYPE html>" + "\n".join(map(clean_html, hostile(at)))) == set()


def test_a_report_of_a_hostile_notebook_calls_nowhere(calls, tmp_path):
    def report(address: str) -> str:
        cells = [code("x", outputs=[shown(text__html=html), shown(text__markdown=html)]) for html in hostile(address)]
        prose = [words(html) for html in hostile(address)]
        return report_html(executed_run(*cells, *prose, folder=tmp_path))

    assert calls(report) == set()


def test_the_policy_calls_a_halt_even_without_the_cleaning(calls, tmp_path):
    """Two walls: each holds alone."""

    def report(address: str) -> str:
        page = report_html(executed_run(words("a"), folder=tmp_path))
        # A refresh of the whole page is a step of the reader's browser that no policy of a page knows.
        return page.replace("</main>", "\n".join(html for html in hostile(address) if "refresh" not in html))

    assert calls(report) == set()


def test_every_page_has_the_same_policy(tmp_path):
    policy = (
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">"
    )
    templates = sorted(path for path in TEMPLATES.rglob("*.html.j2") if "<head>" in path.read_text(encoding="utf-8"))
    assert len(templates) >= 3
    for template in templates:
        assert policy in template.read_text(encoding="utf-8"), template.name
    assert policy in report_html(executed_run(words("a"), folder=tmp_path))
    assert policy in index_html("t", [])
