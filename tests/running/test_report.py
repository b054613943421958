"""What a reader of a report sees, from executed notebooks made by hand: no kernel runs here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxkit.running.pages import report
from cxkit.running.pages.page import LINES_SHOWN, cxkit_warnings, shorten
from cxkit.running.pages.report import index_html, report_html
from tests.running.building import code, executed_run, shown, stream, words

SESSION = {
    "data": [{"name": "culture8", "hash": "3fa9c1d2", "n": 1234, "synthetic": False}],
    "seed": 7,
    "summary": "Alpha from .71 to .88.",
    "versions": {"python": "3.11.7", "cxkit": "0.1.0", "numpy": "2.4.6"},
}
PIXEL = "iVBORw0KGgo="


def body_of(html: str) -> str:
    return html.split("</style>", 1)[1]


def main_of(html: str) -> str:
    """From the title to the provenance block."""
    return html.split("<main>", 1)[1].split('<section class="provenance"', 1)[0]


def test_structure_of_a_whole_report(tmp_path):
    run = executed_run(
        words("# Is it *reliable*?\n\nYes & no."),
        code("x = 1", "parameters"),
        code("import os\nfrom sys import path"),
        words("## First step\n\nText."),
        code("frame = 1"),
        code("frame", outputs=[shown(text__html="<table><tr><td>1</td></tr></table>", text__plain="1")]),
        words("## Second step"),
        code("if interactive:\n    slider()", outputs=[stream("never shown")]),
        code("slider()", "widget", outputs=[stream("never shown")]),
        code("plot()", outputs=[shown({"image/png": {"alt": 'a "line"'}}, image__png=PIXEL, text__plain="<Figure>")]),
        code("cx.session()", outputs=[shown(**{"application__vnd_dot_cxkit_dot_session_plus_json": SESSION})]),
        folder=tmp_path,
        session=SESSION,
    )
    body = body_of(report_html(run, badge="real"))
    assert re.sub(r"<span class=\"[\w ]+\">|</span>", "", main_of(body)) == (
        """
<header>
<h1>Is it reliable?</h1>
<p class="byline">Real data culture8, n = 1,234</p>
</header>
<nav class="contents narrow" aria-label="Contents">
<details><summary>Contents</summary>
<ul>
<li class="level-2"><a href="#first-step">First step</a></li>
<li class="level-2"><a href="#second-step">Second step</a></li>
<li class="level-2"><a href="#provenance-of-this-report">Where this report comes from</a></li>
</ul>
</details>
</nav>
<section class="prose">
<p>Yes &amp; no.</p>
</section>
<section class="prose">
<h2 id="first-step">First step<a class="anchor" href="#first-step" aria-label="Link to this section">#</a></h2>
<p>Text.</p>
</section>
<details class="code"><summary>Show the code</summary><pre><code>frame = 1

frame</code></pre></details>
<div class="output">
<div class="scroll" tabindex="0"><table><tbody><tr><td>1</td></tr></tbody></table></div>
</div>
<section class="prose">
<h2 id="second-step">Second step<a class="anchor" href="#second-step" aria-label="Link to this section">#</a></h2>
</section>
<details class="code"><summary>Show the code</summary><pre><code>plot()</code></pre></details>
<figure class="output"><img src="data:image/png;base64,iVBORw0KGgo=" alt="a &quot;line&quot;"></figure>
"""
    )
    provenance = re.sub(r"<[^>]+>", "", body.split('<section class="provenance"')[1].split(">", 1)[1])
    assert [line for line in provenance.splitlines() if line] == [
        "Where this report comes from",
        "Notebooklesson.ipynb sha256 000000000000",
        "Dataculture8, n = 1,234 hash 3fa9c1d2",
        "Seed7",
        f"Made with{re.search('cxkit [0-9.]+', provenance).group()}",  # whatever version is being tested
        "Versionspython 3.11.7, numpy 2.4.6",
        "Parameters",
        "NameValueSet by",
        "x1default",
        "name&lt;a&amp;b&gt;this run",
        "▸ Show the code that sets up this report".removeprefix("▸ ") + "x = 1",
        "import os",
        "from sys import path",
        "cx.session()",
    ]


def test_report_needs_nothing_from_elsewhere(tmp_path):
    run = executed_run(
        words("# T\n\n$x$ ![a](https://example.org/a.png) <script src='https://example.org/a.js'></script>"),
        code("a", outputs=[shown(text__html="<script>1</script><link rel='stylesheet' href='https://x'><p>ok</p>")]),
        code(
            "b", outputs=[shown(image__svg_plus_xml="<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")]
        ),
        folder=tmp_path,
    )
    html = report_html(run)
    assert "<script" not in html
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", html)
    assert "url(" not in html
    assert "@import" not in html
    assert '<img src="data:image/svg+xml;base64,' in html


def test_equal_runs_give_equal_bytes(tmp_path):
    def run():
        return executed_run(
            words("# T\n\n## A\n\n## A"), code("x", outputs=[shown(text__plain="<o at 0x7f>")]), folder=tmp_path
        )

    assert report_html(run()) == report_html(run())


def test_title_falls_back_to_the_name_of_the_notebook(tmp_path):
    assert "<title>lesson</title>" in report_html(executed_run("1", folder=tmp_path))
    assert "<title>Given &lt;1&gt;</title>" in report_html(executed_run("1", folder=tmp_path), title="Given <1>")


def test_synthetic_data_is_labelled_whatever_the_caller_says(tmp_path):
    session = SESSION | {"data": [{"name": "made", "n": 10, "synthetic": True}]}
    html = report_html(executed_run("1", folder=tmp_path, session=session), badge="real")
    assert '<span class="badge synthetic">Synthetic data</span>' in html
    assert "Real data" not in html


def test_code_can_be_shown(tmp_path):
    run = executed_run(code("1 < 2", outputs=[stream("True")]), folder=tmp_path)
    assert '<details class="code"><summary>' in report_html(run)
    assert '<details class="code" open><summary>' in report_html(run, show_code=True)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (
            "/home/a b/items.py:12: CxkitWarning: Item L3 is negative.\n  warnings.warn(text)\n",
            ["Item L3 is negative."],
        ),
        (
            "/tmp/ipykernel_1/2.py:1: CxkitWarning: First line\nsecond line\n  warn(text)\n"
            "/x.py:3: FutureWarning: noise\n  y\n/x.py:4: CxkitWarning: Third.\n  z\n",
            ["First line\nsecond line", "Third."],
        ),
        ("/x.py:4: CxkitWarning: Twice.\n  z\n/x.py:5: CxkitWarning: Twice.\n  z\n", ["Twice."]),
        ("INFO: loading\n100%|####| 3/3\n/x.py:1: UserWarning: CxkitWarning\n", []),
    ],
)
def test_only_cxkits_warnings_reach_the_reader(text, notes):
    assert cxkit_warnings(text) == notes


def test_one_note_of_several_cells_stands_once(tmp_path):
    said = [f"/x.py:{line}: CxkitWarning: {text}\n  w()\n" for line, text in ((1, "n < 10"), (2, "n < 10"), (3, "odd"))]
    cells = [code(f"f({i})", outputs=[stream(text, "stderr"), stream(f"out {i}")]) for i, text in enumerate(said)]
    main = main_of(report_html(executed_run(*cells, folder=tmp_path)))
    assert [main.count(note) for note in ("n &lt; 10", "odd</aside>", "out 0", "out 1")] == [1, 1, 1, 1]


def test_warnings_become_notes_and_logs_vanish(tmp_path):
    outputs = [stream("log noise\n/x.py:1: CxkitWarning: n < 10\n  w()\n", "stderr"), stream("said")]
    main = main_of(report_html(executed_run(code("f()", outputs=outputs), folder=tmp_path)))
    assert '<aside class="note" role="note"><strong>Note</strong> n &lt; 10</aside>' in main
    assert "log noise" not in main
    assert ">said</pre>" in main


def test_five_megabytes_of_text_stay_readable(tmp_path):
    text = "".join(f"line {i} " + "x" * 40 + "\n" for i in range(100_000))
    html = report_html(executed_run(code("f()", outputs=[stream(text)]), folder=tmp_path))
    assert len(text) > 5_000_000
    assert len(html) < 40_000
    assert "line 0 " in html
    assert "line 99999 " in html
    assert re.search(r"5,\d{3},\d{3} of 5,\d{3},\d{3} characters of this output are left out here\.", html)


@pytest.mark.parametrize("text", ["short", "x\n" * (LINES_SHOWN - 1), "y" * 9000])
def test_texts_that_fit_are_whole(text):
    assert shorten(text) == (text, "")


@pytest.mark.parametrize("text", ["x\n" * 200, "y" * 9001, "z" * 100_000 + "\nend"])
def test_shortened_texts_count_what_is_left_out(text):
    kept, sentence = shorten(text)
    start, end = kept.split("\n[...]\n")
    assert text.startswith(start)
    assert text.rstrip("\n").endswith(end.rstrip("\n"))
    assert sentence.startswith(f"{len(text) - len(start) - len(end):,} of {len(text):,} characters")


def test_stream_pieces_are_joined(tmp_path):
    outputs = [stream("a"), stream("b\n"), stream("c")]
    assert ">ab\nc</pre>" in report_html(executed_run(code("f()", outputs=outputs), folder=tmp_path))


def test_names_of_plotting_objects_are_not_shown(tmp_path):
    outputs = [shown(text__plain="<Axes: xlabel='x'>"), shown(image__png=PIXEL)]
    main = main_of(report_html(executed_run(code("f()", outputs=outputs), folder=tmp_path)))
    assert "Axes" not in main
    assert 'alt="Figure 1, without a description"' in main


def test_addresses_of_objects_are_not_shown(tmp_path):
    outputs = [shown(text__plain="<function f at 0x7f3a>")]
    assert "&lt;function f&gt;" in report_html(executed_run(code("f", outputs=outputs), folder=tmp_path))


def test_html_figures_keep_their_description_and_caption(tmp_path):
    picture = f'<img src="data:image/png;base64,{PIXEL}" alt="two &amp; three">'
    html = f"<figure>{picture}<figcaption>n = 3</figcaption></figure>"
    assert html in report_html(executed_run(code("f", outputs=[shown(text__html=html)]), folder=tmp_path))


def test_errors_shown_on_purpose_have_no_traceback(tmp_path):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no <way>", "traceback": ["File 1", "File 2"]}
    main = main_of(report_html(executed_run(code("f()", "raises-exception", outputs=[error]), folder=tmp_path)))
    assert '<pre class="output error">ValueError: no &lt;way&gt;</pre>' in main
    assert "File 1" not in main


def test_language_of_the_page(tmp_path):
    run = executed_run("1", folder=tmp_path)
    run.executed.metadata["cxkit"] = {"language": "de"}
    assert '<html lang="de">' in report_html(run)
    assert '<html lang="en">' in report_html(executed_run("1", folder=tmp_path))


def test_index_lists_reports_and_failures():
    common = {"summary": "", "failure": None, "badge": None, "facts": ["a.ipynb"]}
    entries = [
        common | {"title": "One & two", "link": "a.html", "badge": "synthetic", "summary": "Alpha is <.7."},
        common | {"title": "Three", "link": "b.html", "failure": "b.ipynb: code cell 2 failed"},
    ]
    body = body_of(index_html("Reports", entries))
    assert '<a href="a.html">One &amp; two</a>' in body
    assert "<p>Alpha is &lt;.7.</p>" in body
    assert "Synthetic data" in body
    assert "2 reports, 1 failed" in body
    assert 'href="b.html"' not in body
    assert "b.ipynb: code cell 2 failed" in body


def test_addresses_and_long_words_break_before_a_narrow_screen_scrolls():
    """The rule holds wherever words stand; a browser at 320 pixels had 351 of them for a long DOI."""
    style = (Path(report.__file__).parent / "template" / "report.css").read_text(encoding="utf-8")
    rule = next(line for line in style.splitlines() if line.startswith("p, ul, ol, dl, blockquote"))
    assert "overflow-wrap: anywhere" in rule


def test_every_heading_of_the_parameters_has_a_name_and_surveys_are_told_apart(tmp_path):
    data = [{"name": name, "hash": "0" * 12, "n": 5} for name in ("ours", "norm")]
    page = report_html(executed_run(folder=tmp_path, session={"data": data}))
    assert not re.search(r"<th[^>]*>\s*</th>", page)
    terms = re.findall(r"<dt>(.*?)</dt>", page)
    assert len(terms) == len(set(terms))
    assert {"Data 1", "Data 2"} <= set(terms)
