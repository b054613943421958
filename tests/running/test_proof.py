"""What counts as the same: everything that a reader sees, by what comes out now; what a crate says is but a claim."""

from __future__ import annotations

import base64
import io
import json
import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cxkit as cx
from cxkit import mime
from cxkit.errors import AnalysisError
from cxkit.running.provenance.changes import Change
from cxkit.running.provenance.comparison import Outcome, compare_outcomes
from cxkit.running.provenance.declared import changes, declared_in, is_usable
from cxkit.running.provenance.outputs import output_changes, shown_in
from tests.running.building import code, notebook_of, shown, stream, words


def declared(plain, html=None, **told):
    """An output that declares something and shows these words for it."""
    output = shown(text__plain=plain, **({} if html is None else {"text__html": html}))
    output["data"][mime.DECLARED] = told
    return output


def value(number, said=None, tolerance=1e-9, name="gap"):
    said = f"{name}: {number}" if said is None else said
    return declared(said, kind="value", name=name, tolerance=tolerance, absolute=1e-12, value=number)


def table(name, number, said=None, tolerance=1e-9):
    said = f"{number:.2f}" if said is None else said
    told = {"kind": "table", "name": name, "tolerance": tolerance, "absolute": 1e-9, "columns": {"mean": [number]}}
    return declared(said, f"<table><td>{said}</td></table>", **told)


def of(*cells):
    """An executed notebook; a list is a code cell with these outputs."""
    return notebook_of(*(code("x", outputs=cell) if isinstance(cell, list) else cell for cell in cells))


def compared(before, now, told=None):
    """What is found where `before` stands in a crate, with `told` as its declared.json, and `now` comes out."""
    recorded = Outcome(declared_in(before) if told is None else told, before)
    return compare_outcomes(Path("a.html"), recorded, Outcome.in_notebook(now))


def kinds(before, now, told=None):
    return [one.kind for one in compared(before, now, told).findings]


def test_how_far_a_number_may_move_is_what_the_new_run_says():
    now = of([value(0.25)])
    for tolerance in (1e9, 0.5):
        found = compared(of([value(0.95, tolerance=tolerance)]), now)
        assert {one.text for one in found.findings} >= {
            f"the tolerance of the value 'gap' was {tolerance} and is 1e-09",
            "the value 'gap' moved from 0.95 to 0.25, by -0.7",
        }
    moved = table("T", 9.0, tolerance=math.inf)
    assert kinds(of([moved]), of([table("T", 1.0)]))
    assert kinds(now, of([value(0.25, tolerance=0.1)])) == ["words"]
    assert kinds(of([value(0.25, tolerance=0.1)]), of([value(0.26, tolerance=0.1)])) == []


def test_what_moved_as_far_as_its_author_lets_it_is_told_with_the_tolerance():
    before, now = (
        of([value(0.25, tolerance=0.1), table("T", 1.0)]),
        of([value(0.26, tolerance=0.1), table("T", 1.0 + 1e-10)]),
    )
    found = compared(before, now)
    assert found.holds
    assert "1 of them equal to rounding (by 1e-10 at most)" in found.text
    told = "1 moved within the notebook's own tolerance: 'gap' by 0.01 (tolerance 0.1, absolute 1e-12)"
    assert told in found.text
    assert found.as_data()["tolerated"] == told
    cells = {"kind": "table", "name": "T", "tolerance": 1e-9, "absolute": 1e-9}
    one, other = ([{**cells, "columns": {"a": [1 + far, 2 + near]}}] for far, near in ((0, 0), (5e-10, 1e-12)))
    found = compared(of([declared("x", **one[0])]), of([declared("x", **other[0])]))
    assert found.furthest == pytest.approx(5e-10, rel=0.01)  # of all cells, and not of the last


@pytest.mark.parametrize("tolerance", [math.nan, math.inf, -1, "1", None, 10**400])
def test_a_tolerance_that_is_no_number_declares_nothing(tolerance):
    assert not is_usable({"kind": "value", "name": "gap", "value": -7, "tolerance": tolerance})
    assert not is_usable({"kind": "value", "name": "gap", "value": -7, "absolute": tolerance})


@pytest.mark.parametrize("tolerance", [math.inf, math.nan, -1])
def test_nobody_can_declare_that_anything_will_do(tolerance):
    with pytest.raises(AnalysisError, match="it must be a number from 0"):
        cx.declare("gap", 1.0, tolerance=tolerance)
    with pytest.raises(AnalysisError, match="it must be a number from 0"):
        cx.declare("gap", 1.0, absolute=tolerance)


def test_what_is_shown_beside_something_declared_is_compared():
    assert kinds(of([value(0.25, "gap: 0.95")]), of([value(0.25)])) == ["number"]
    assert kinds(of([value(0.25, "gap is 0.25")]), of([value(0.25)])) == ["words"]
    assert kinds(of([table("T", 1.0, "9.99")]), of([table("T", 1.0)])) == ["number"]
    empty = {"kind": "table", "name": "T", "columns": {}}
    assert kinds(of([declared("0.3", **empty)]), of([declared("0.4", **empty)])) == ["number"]
    picture = {"kind": "picture", "name": "P", "sha256": "0"}
    assert kinds(of([declared("x", "<p>a", **picture)]), of([declared("x", "<p>b", **picture)])) == ["words"]
    one, other = value(0.25), value(0.25)
    one["data"]["text/markdown"], other["data"]["text/markdown"] = "**high**", "**low**"
    assert kinds(of([one]), of([other])) == ["words"]
    del other["data"]["text/markdown"]
    assert kinds(of([one]), of([other])) == ["words"]


def test_a_printed_number_may_be_rounded_to_the_other_side_only_where_the_unrounded_one_lies_there():
    below, above = 0.125 - 1e-12, 0.125 + 1e-12
    assert kinds(of([table("T", below, "0.12")]), of([table("T", above, "0.13")])) == []
    assert kinds(of([table("T", below, "12.5 %")]), of([table("T", above, "12.6 %")])) == ["number"]
    assert kinds(of([table("T", -0.125, "−0.12")]), of([table("T", -0.125, "−0.13")])) == []
    assert kinds(of([table("T", 0.1249, "0.12")]), of([table("T", 0.1249, "0.13")])) == ["number"]
    assert kinds(of([table("T", 0.125, "0.12")]), of([table("T", 0.125, "0.14")])) == ["number"]
    assert kinds(of([value(0.2512345, tolerance=0.01)]), of([value(0.2523456, tolerance=0.01)])) == []
    name = "item 4.5"
    forged = value(0.25, "item 4.6: 0.25", tolerance=0.5, name=name)
    assert kinds(of([forged]), of([value(0.25, tolerance=0.5, name=name)])) == ["number"]


def test_what_is_kept_apart_must_be_what_the_outputs_declare():
    now = of([value(0.25), table("T", 1.0)])
    told = declared_in(now)
    assert kinds(now, now, told) == []
    found = compared(now, now, [{**told[0], "value": 0.25 + 1e-11}, told[1]])
    assert [one.name for one in found.findings] == ["declared.json"]
    assert compared(now, now, told[:1]).findings
    assert compared(of([value(0.95), table("T", 1.0)]), now, told).findings


def test_outputs_stay_in_their_cells_and_in_their_order():
    now = of([table("Trust", 1.0)], [table("Speed", 2.0)])
    before = of([table("Speed", 2.0)], [table("Trust", 1.0)])
    assert "cell 1 shows the table 'Trust' instead of the table 'Speed'" in compared(before, now).text
    said = [stream("Managers\n"), table("A", 1.0), stream("Staff\n"), table("B", 2.0)]
    other = [stream("Staff\n"), table("A", 1.0), stream("Managers\n"), table("B", 2.0)]
    assert set(kinds(of(other), of(said))) == {"words"}
    pieces = [stream("Mana"), stream("gers\n"), *said[1:]]
    assert kinds(of(pieces), of(said)) == []
    together = [stream("a\n", "stderr"), stream("b\n"), stream("c\n", "stderr")]
    assert kinds(of(together), of([stream("b\n"), stream("a\nc\n", "stderr")])) == []


def test_a_table_that_is_gone_is_told_once():
    found = compared(of([table("A", 1.0), table("B", 2.0)]), of([table("B", 2.0)]))
    assert [one.text for one in found.findings] == ["the table 'A' is no longer there"]


def test_prose_and_code_of_the_executed_notebook_are_those_that_ran():
    now = notebook_of(words("# Alpha"), code("alpha = 0.4", "parameters"), code("alpha", outputs=[stream("0.4")]))
    for place, part, said in (
        (0, "source", "# Beta"), (1, "source", "alpha = 0.9"), (1, "metadata", {}), (0, "attachments", {"a.png": {}}),
        (0, "cell_type", "raw"),
    ):  # fmt: skip
        before = deepcopy(now)
        before.cells[place][part] = said
        assert kinds(before, now) == ["words"]
    for part, told in (
        ("metadata", {"tags": ["parameters"], "jupyter": {"outputs_hidden": True}}),
        ("metadata", {"tags": ["parameters", "hide-output"]}),
        ("metadata", {"tags": ["parameters"], "collapsed": True}),
        ("execution_count", 99), ("note", "alpha = 0.9"),
    ):  # fmt: skip
        before = deepcopy(now)
        before.cells[1][part] = told
        assert kinds(before, now) == ["words"]
    for name, told in (("title", "Alpha is .95"), ("kernelspec", {"name": "r"}), ("authors", [{"name": "Gauss"}])):
        before = deepcopy(now)
        before.metadata[name] = told
        assert f"executed.ipynb has other metadata than the notebook: {name}" in compared(before, now).text
    same = deepcopy(now)
    same.cells[1].id, same.metadata.language_info = "other", {"version": "3.13"}
    assert kinds(same, now) == []
    more = deepcopy(now)
    more.cells.append(words("Conclusion: alpha = 0.99"))
    assert "they differ from cell 4 on" in compared(more, now).text
    other = deepcopy(now)
    other.metadata.cxkit = {"language": "de"}
    assert kinds(other, now) == ["words"]
    many = notebook_of(*(words(str(k)) for k in range(9)))
    assert len(kinds(notebook_of(*(words("x") for _ in range(9))), many)) == 6


def session(**told):
    output = shown(text__plain="n = 2,800")
    output["data"][mime.SESSION] = {"data": [{"name": "bfi", "n": 2800}], "versions": {"numpy": "2.0"}, **told}
    return output


def test_what_the_notebook_says_of_its_data_and_versions():
    now = of([session()])
    assert compared(now, now).compared == 0
    assert kinds(of([session(data=[{"name": "bfi", "n": 28000}])]), now) == ["number"]
    assert kinds(of([session(seed=7)]), now) == ["words"]
    found = compared(of([session(versions={"numpy": "1.0"})]), now)
    assert [(one.kind, one.text) for one in found.findings] == [("version", "numpy was 1.0 and is 2.0")]


def test_names_that_are_numbered_never_meet():
    outputs = [value(number, name=name) for name, number in (("x (2)", 1.5), ("x", 2.5), ("x", 3.5), ("x (2)", 4.5))]
    told = declared_in(of(outputs))
    assert [one["name"] for one in told] == ["x (2)", "x", "x (3)", "x (2) (2)"]
    assert changes(told, told) == []
    assert kinds(of(outputs), of(outputs)) == []


def only_changes(before, now):
    found = output_changes(shown_in(of([before])), shown_in(of([now])))
    return [one for one in found if isinstance(one, Change)]


def html(text):
    return shown(text__html=text)


def svg(text):
    return shown(image__svg_plus_xml=text)


def own(text):
    return shown(**{"application__vnd_dot_own_plus_json": {"title": text}})


IDENTIFIER = "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "6fa459ea-ee8a-4ca4-894e-db77e160355e"


DRAWN = '<svg xmlns:dc="{0}">{1}<metadata><dc:date>{{}}</dc:date></metadata></svg>'
DUBLIN, XHTML = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/1999/xhtml"
FOREIGN = "<foreignObject></foreignObject>"
HOURS = ("2026-01-01T10:00:00.1", "2026-01-02T10:00:00.2")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (stream("alpha = 0.31\rnext"), stream("alpha = 0.72\rnext")),  # the page shows both lines
        (stream("[00:00<alpha = 0.31]"), stream("[00:00<alpha = 0.72]")),
        (stream("[00:00<alpha = 0.31]", "stderr"), stream("[00:00<alpha = 0.72]", "stderr")),
        (stream("alpha = 0.31\rnext", "stderr"), stream("alpha = 0.72\rnext", "stderr")),
        (stream("alpha=0.31,ipykernel_1/"), stream("alpha=0.72,ipykernel_1/")),
        (stream("alpha=0.31,ipykernel_1/", "stderr"), stream("alpha=0.72,ipykernel_1/", "stderr")),
        (stream("alpha at 0x31"), stream("alpha at 0x72")),
        (stream("alpha at 0x7f3c12345670"), stream("alpha at 0x7f3c12345671")),
        (html("<p>effect T_3fa21 and"), html("<p>effect T_11111 and")),
        (html("<p>sk-container-id-17"), html("<p>sk-container-id-31")),
        (html(f"<p>'{IDENTIFIER[0]}'"), html(f"<p>'{IDENTIFIER[1]}'")),
        (html('<img id="a" alt="T_3fa21 ">'), html('<img id="a" alt="T_11111 ">')),
        (svg('<svg><text>id="0.31"</text></svg>'), svg('<svg><text>id="0.72"</text></svg>')),
        (svg("<svg><text>url(#0.31)</text></svg>"), svg("<svg><text>url(#0.72)</text></svg>")),
        (svg("<svg><dc:date>0.31</dc:date></svg>"), svg("<svg><dc:date>0.72</dc:date></svg>")),
        (svg(DRAWN.format(XHTML, "").format(HOURS[0])), svg(DRAWN.format(XHTML, "").format(HOURS[1]))),
        (svg(DRAWN.format(DUBLIN, FOREIGN).format(HOURS[0])), svg(DRAWN.format(DUBLIN, FOREIGN).format(HOURS[1]))),
        (svg("<svg><path d='M1'/></svg>"), svg("<svg><PATH d='M1'/></svg>")),
        (svg("<svg><text><![CDATA[yes]]></text></svg>"), svg("<svg><text><![CDATA[no]]></text></svg>")),
        (svg('<!DOCTYPE svg [<!ENTITY n "1">]><svg>&n;</svg>'), svg('<!DOCTYPE svg [<!ENTITY n "2">]><svg>&n;</svg>')),
        (svg("<svg><!--><text>yes</text><!-- --></svg>"), svg("<svg><!-- --></svg>")),
        (own("mean<median by 3 points"), own("mean<median by 4 points")),
        (own("12/20 [10:30, 2.5points/s]"), own("12/20 [11:30, 9.5points/s]")),
        (own(IDENTIFIER[0]), own(IDENTIFIER[1])),
        (svg('<svg><a id="m1"/></svg>'), svg('<svg><a id="m2"/></svg>')),
        (html("<style>a:after {content: 'T_3fa21'}</style>"), html("<style>a:after {content: 'T_11111'}</style>")),
        (
            html('<b id="T_aaaaa"></b><b id="T_bbbbb" class="T_aaaaa">'),
            html('<b id="T_aaaaa"></b><b id="T_aaaaa" class="T_bbbbb">'),
        ),
        (html('<b id="\0name0"></b>'), html('<b id="T_aaaaa"></b>')),
        (html('<b id="T_name0"></b>'), html('<b id="T_aaaaa"></b>')),
        (svg("<svg><style>a {fill: #123456}</style></svg>"), svg("<svg><style>a {fill: #654321}</style></svg>")),
    ],
)
def test_what_only_looks_as_if_each_run_wrote_it_anew(before, now):
    assert len(only_changes(before, now)) == 1


@pytest.mark.parametrize(
    ("show", "text", "names"),
    [
        (stream, "<function f at 0x{}>", ("7f3c12345670", "7f0000000670")),
        (stream, "Generator(PCG64) at 0x{}", ("7F3C12345670", "7F0000000670")),
        (stream, "<weakref at 0x{0}; to 'A' at 0x{0}>", ("7f3c12345670", "7f0000000670")),
        (stream, "<built-in method random of Random object at 0x{}>", ("7f3c12345670", "7f0000000670")),
        (stream, "<bound method T.f of <a.T object at 0x{}>>", ("7f3c12345670", "7f0000000670")),
        (html, "<td>&lt;a.T object at 0x{}&gt;", ("7f3c12345670", "7f0000000670")),
        (html, '<style>#T_{0}_row0 {{color: red}}</style><table id="T_{0}">', ("3fa21", "aaaaa")),
        (html, '<div id="sk-container-id-{}" class="a">', ("1", "2")),
        (html, "<script>show('{}')</script>", IDENTIFIER),
        (svg, '<svg><a id="{0}"/><use xlink:href="#{0}"/></svg>', ("m0123456789", "mabcdef0123")),
        (svg, '<svg><a id="C0_1a_{0}"/></svg>', ("0123456789", "abcdef0123")),
        (svg, '<svg><g clip-path="url(#{})"/></svg>', ("p0123456789", "pabcdef0123")),
        (svg, DRAWN.format(DUBLIN, ""), HOURS),
    ],
)
def test_what_each_run_writes_anew_is_passed_over(show, text, names):
    assert only_changes(*(show(text.format(name)) for name in names)) == []


def test_an_identifier_stands_for_one_of_now_in_all_of_the_notebook():
    """Else the style of one table reaches for another."""

    def tables(*names):
        shown_by = ['<b id="T_{}">x</b>', "<style>#T_{} {{color: red}}</style>", '<i id="T_{}">y</i>']
        return shown_in(of(*([html(text.format(name))] for text, name in zip(shown_by, names, strict=True))))

    then = tables("aaaaa", "aaaaa", "bbbbb")
    assert list(output_changes(then, tables("ccccc", "ccccc", "ddddd"))) == []
    for now in (("ccccc", "ddddd", "ddddd"), ("aaaaa", "bbbbb", "bbbbb"), ("ccccc", "ccccc", "ccccc")):
        (found,) = output_changes(then, tables(*now))
        assert "has identifiers that stood for something else" in found.text


@pytest.mark.parametrize(
    ("output", "is_told"),
    [
        (html("<script>draw()</script>"), True),
        (html('<p onclick="x()">'), True),
        (html("<style>p:after {content: '0.99'}</style>"), True),
        (html("<style>p:after {c\\6fntent: '0.99'}</style>"), True),
        (html("<style>p {background: url(https://example.org/a.png)}</style>"), True),
        (html("<style>[id^=T_a] {display: none}</style>"), True),
        (html('<img src="https://example.org/a.png">'), True),
        (html('<p style="content: attr(id)">'), True),
        (svg('<svg><image xlink:href="a.png"/></svg>'), True),
        (shown(application__javascript="draw()"), True),
        (shown(text__markdown="a <script>draw()</script>"), True),
        (shown(application__json={"a": ["<script>"]}), True),
        (html("<style>#T_aaaaa {color: red; justify-content: left}</style><p style='width: 1px'>content"), False),
        (html('<a href="https://example.org">x</a><img src="data:image/png;base64,QUJD">'), False),
        (svg('<svg><use xlink:href="#m1"/><g clip-path="url(#p1)" style="fill: url(#p2)"/></svg>'), False),
        (stream("<script>"), False),
        (shown(text__plain="<script>"), False),
        (table("T", 1.0), False),
    ],
)
def test_what_more_an_output_draws_than_its_text_tells_is_said(output, is_told):
    found = compared(of([output]), of([output]))
    words = (
        "what 1 output draws by scripts, by style sheets that write or choose, or from elsewhere, beyond the text "
        "of it (cell 1)"
    )
    assert found.not_compared == ((words,) if is_told else ())
    assert found.holds
    assert (f"Not compared: {words}." in found.text) is is_told


def test_the_clock_of_a_bar_that_is_a_widget():
    def bar(text):
        states = {"a": {"model_name": "HTMLModel", "state": {"value": text}}}
        one = of([shown(**{"application__vnd_dot_jupyter_dot_widget-view_plus_json": {"model_id": "a"}})])
        one.metadata.widgets = {mime.WIDGET_STATE: {"state": states}}
        return shown_in(one)

    assert not list(output_changes(bar(" 5/5 [00:00&lt;00:00, 9.5it/s]"), bar(" 5/5 [00:01&lt;00:00, 3.25it/s]")))
    assert list(output_changes(bar(" 5/5 [00:00&lt;00:00, 9.5it/s]"), bar(" 4/5 [00:00&lt;00:00, 9.5it/s]")))
    assert list(output_changes(bar("alpha [00:00&lt;0.31]"), bar("alpha [00:00&lt;0.72]")))


def test_how_a_browser_turns_a_picture_counts():
    def picture(orientation):
        buffer, exif = io.BytesIO(), Image.Exif()
        exif[274] = orientation
        Image.fromarray(np.arange(8, dtype=np.uint8).reshape(2, 4) * 30).save(buffer, "JPEG", exif=exif)
        return shown(image__jpeg=base64.b64encode(buffer.getvalue()).decode())

    assert only_changes(picture(1), picture(1)) == []
    assert [one.degree for one in only_changes(picture(1), picture(3))] == ["picture"]
    assert [one.degree for one in only_changes(picture(1), picture(6))] == ["picture"]


def test_the_order_in_which_a_file_keeps_columns_is_none():
    one = of([declared("x", kind="table", name="T", columns={"b": [1.0], "a": [2.0]})])
    kept = json.loads(json.dumps(one, sort_keys=True))
    assert compared(kept, one, declared_in(one)).findings == ()


def table_of(text, html, **columns):
    """An output that prints a table of these unrounded numbers."""
    return [declared(text, html, kind="table", name="t", tolerance=1e-9, absolute=1e-9, columns=columns)]


def changes_of_tables(before, now):
    return [one for one in output_changes(shown_in(of(before)), shown_in(of(now))) if isinstance(one, Change)]


@pytest.mark.parametrize("exact", [240, 240.5, 240.4999999999])
def test_a_printed_count_is_never_rounded_into_another(exact):
    """Also not where the unrounded number lies between the two: nobody can see that a whole number was rounded."""
    one, other = (table_of(f"n {n}", f"<td>{n}</td>", n=[exact], mean=[0.125]) for n in (240, 241))
    (found,) = changes_of_tables(one, other)
    assert found.degree == "number"
    one, other = (table_of("n", f"<td>{n} of 500, 48 %</td>", n=[exact]) for n in (240, 241))
    assert [found.degree for found in changes_of_tables(one, other)] == ["number"]
    one, other = (table_of("n", f"<td>{share} %</td>", share=[0.485]) for share in (48, 49))
    assert [found.degree for found in changes_of_tables(one, other)] == ["number"]


def test_a_printed_number_with_decimals_is_rounded_to_the_other_side_only_where_the_exact_one_lies_there():
    for exact, is_told in ((0.125, False), (0.126, True)):
        one, other = (table_of(f"mean {mean}", f"<td>{mean}</td>", mean=[exact]) for mean in ("0.12", "0.13"))
        assert bool(changes_of_tables(one, other)) == is_told
    one, other = (table_of("n", f"<td>{n}</td>", n=[240.5]) for n in ("240.", "241."))
    assert changes_of_tables(one, other)


@pytest.mark.parametrize("form", ["{}", "n = {}", "{} people", "-{}", "+{}", "({})", "{},"])
def test_whole_numbers_in_any_text_are_exact(form):
    one, other = (html(f"<p>{form.format(n)}</p>") for n in (10**15, 10**15 + 1))
    assert changes_of_tables([one], [other])


@pytest.mark.parametrize(
    ("text", "is_bar"),
    [
        ("100%|####| 5/5 [00:0{0}&lt;00:00, {0}.5it/s]", False),
        ("<b>5/5 [00:0{0}&lt;00:00, {0}.5it/s]</b>", False),
        (" 5/5 [00:0{0}&lt;00:00, {0}.5it/s]", True),
        (" 5/5 [00:0{0}&lt;00:00, {0}.5it/s, loss=0.5]", True),
        ("\u20073/3\u2007[00:0{0}&lt;00:00,\u2007{0}47.95it/s,\u2007loss=0.5]", True),
        ("\u2007{0}/3\u2007[00:01&lt;00:00,\u2007347.95it/s]", False),
        ("\u20073/3\u2007[00:01&lt;00:00,\u2007347.95it/s,\u2007loss={0}]", False),
        (" 5/5 [00:01&lt;00:00, 9.5it/s, loss=0.{0}]", False),
        (" {0}/5 [00:01&lt;00:00, 9.5it/s]", False),
        ("alpha 5/5 [00:0{0}&lt;00:00, {0}.5it/s]", False),
        (" 5/5 [00:0{0}&lt;00:00, {0}.5it/s] alpha = .9{0}", False),
        (" 5/5 [00:0{0}&lt;00:00, {0}.5it/s" + " " * 1000 + "]", False),
    ],
)
def test_the_clock_of_a_bar_is_passed_over_in_a_widget_of_html_alone(text, is_bar):
    def bar(number, model="HTMLModel"):
        states = {"a": {"model_name": model, "state": {"value": text.format(number)}}}
        view = shown(**{"application__vnd_dot_jupyter_dot_widget-view_plus_json": {"model_id": "a"}})
        notebook = of([view])
        notebook["metadata"] = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": states}}}
        return shown_in(notebook)

    assert (not list(output_changes(bar(1), bar(2)))) == is_bar
    assert list(output_changes(bar(1, "LabelModel"), bar(2, "LabelModel")))
    assert changes_of_tables([html(text.format(1))], [html(text.format(2))]), "in html a page shows it"
