"""Html of notebooks is made harmless, balanced and self-contained."""

from __future__ import annotations

import base64

import pytest

from cxkit.running.pages.markup import clean_html
from cxkit.running.pages.prose import Prose

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ('<b onclick="x()">a</b>', "<b>a</b>"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href=" JaVaScript:x()">a</a>', "<a>a</a>"),
        ('<a href="https://doi.org/1">a</a>', '<a href="https://doi.org/1">a</a>'),
        ("<iframe src='https://x'>in</iframe>after", "after"),
        ("<link rel=stylesheet href='https://x'>a", "a"),
        ("<form action='https://x'>a<input value=1></form>", "a"),
        ('<b style="background:url(https://x/y.png);color:red">a</b>', '<b style="color:red">a</b>'),
        ("<style>@import 'https://x'; .a{color:red}</style>", "<style>.a{color:red}</style>"),
        ("1 < 2 & 3 &amp; &lt;b&gt;", "1 &lt; 2 &amp; 3 &amp; &lt;b&gt;"),
        ("a</div></main>b", "ab"),
        ("<div><b>a", "<div><b>a</b></div>"),
        (
            '<svg viewBox="0 0 1 1" onload="x()"><path d="M0"/></svg>',
            '<svg viewBox="0 0 1 1"><path d="M0"></path></svg>',
        ),
        ("<svg><script>x</script><style>*{}</style></svg>", "<svg><style></style></svg>"),
        (f'<img src="{PIXEL}" alt="a &quot;b&quot;" onerror="x()">', f'<img src="{PIXEL}" alt="a &quot;b&quot;">'),
        ("<script>a<b>c</script>d", "d"),
    ],
)
def test_cleaning(dirty, clean):
    assert clean_html(dirty) == clean


def test_cleaning_twice_changes_nothing():
    html = clean_html('<div>a<table><tr><td>1<td>2</table><p>x &lt; y<svg viewBox="0 0 1 1"></svg></div>')
    unboxed = html.replace('<div class="scroll" tabindex="0">', "").replace("</table></div>", "</table>")
    assert clean_html(unboxed) == html


def test_pictures_from_elsewhere_leave_their_description():
    assert clean_html('<img src="https://x/y.png" alt="a <map>">') == (
        '<span class="missing">[picture not in this file: a &lt;map&gt;]</span>'
    )


def test_tables_get_a_box_to_scroll_in_and_wide_ones_are_marked_for_print():
    assert clean_html("<table><tr><td>1</td></tr></table>") == (
        '<div class="scroll" tabindex="0"><table><tbody><tr><td>1</td></tr></tbody></table></div>'
    )
    wide = "<table><tr>" + "<td>1</td>" * 10 + "</tr></table>"
    assert clean_html(wide).startswith('<div class="scroll many-columns" tabindex="0">')
    assert clean_html('<table><tr><th colspan="10">1</th></tr></table>').startswith('<div class="scroll many-columns"')
    assert clean_html(wide.replace("<td>1</td>", "<td>1</td><td>2</td>")).startswith(
        '<div class="scroll many-columns very-many-columns" tabindex="0">'
    )
    tall = "<table>" + "<tr><td>1</td></tr>" * 30 + "</table>"
    assert clean_html(tall).startswith('<div class="scroll" ')


@pytest.mark.parametrize("address", ["javascript:x()", "data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_links_of_prose_lead_to_pages_only(tmp_path, address):
    assert Prose(tmp_path).html(f"[a]({address})") == "<p><a>a</a></p>\n"


def test_pictures_of_the_own_folder_come_along_but_no_other_files(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"picture")
    (folder / "a.txt").write_bytes(b"text")
    (tmp_path / "secret.png").write_bytes(b"secret")
    html = Prose(folder).html(
        "![one](a.png) ![two](../secret.png) ![three](a.txt) ![four](attachment:b.png)",
        {"b.png": {"image/png": "QUJD"}},
    )
    assert f'<img src="data:image/png;base64,{base64.b64encode(b"picture").decode()}" alt="one">' in html
    assert "[picture not in this file: two]" in html
    assert "[picture not in this file: three]" in html
    assert '<img src="data:image/png;base64,QUJD" alt="four">' in html
    assert base64.b64encode(b"secret").decode() not in html
