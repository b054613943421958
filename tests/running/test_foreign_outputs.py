"""Outputs that are not cxkit's own objects: each planted change is told, and nothing where nothing changed."""

from __future__ import annotations

import base64
import io
import sys
import zlib
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from cxkit.cli import main
from cxkit.running.provenance.changes import Change, Moved
from cxkit.running.provenance.declared import declared_in
from cxkit.running.provenance.outputs import output_changes, shown_in
from cxkit.running.provenance.pictures import frames_of, looks_of
from cxkit.running.provenance.verify import verify_report
from cxkit.running.run import run_notebook
from tests.running.building import code, notebook_of

HEAD = """
import sys, warnings
import ipywidgets as widgets, matplotlib.pyplot as plt, numpy as np, pandas as pd, seaborn as sns
from IPython.display import HTML, JSON, Latex, Markdown, Image, SVG, display
from pathlib import Path
PLANTED = Path('planted.txt').read_text().splitlines()
def pick(name, usual, other): return other if name in PLANTED else usual
"""
SVG_FIGURE = """
import io
import sys
buffer = io.BytesIO()
figure, axes = plt.subplots(); axes.plot([1, pick('svg', 2, 2.1)], clip_on=True)
figure.savefig(buffer, format='svg'); plt.close(figure); display(SVG(buffer.getvalue().decode()))
"""
# What a cell shows, with `pick` where the change is planted
CELLS = {
    "print": "print('the mean is', pick('print', 'high', 'low'))",
    "number": "print(pick('number', 0.25, 0.26))",
    "late digit": "print(pick('late digit', 1 / 3, 1 / 3 + 1e-7))",
    "count": "print('n =', pick('count', 240, 241))",
    "stderr": "print(pick('stderr', 'fine', 'bad'), file=sys.stderr)",
    "warning": "warnings.warn(pick('warning', 'small cells', 'no cells'))",
    "frame": "pd.DataFrame({'unit': ['a', 'b'], 'mean': [1.5, pick('frame', 2.5, 2.6)]})",
    "long frame": "pd.DataFrame({'x': np.arange(100.0)}) + pick('long frame', 0, 1)",
    "styler": "pd.DataFrame({'x': [pick('styler', 1.0, 1.1)]}).style.highlight_max()",
    "series": "pd.Series([1, pick('series', 2, 3)])",
    "array": "np.array([1.5, pick('array', 2.5, 2.25)])",
    "dict": "{'a': [1, {'b': pick('dict', 2, 4)}]}",
    "plot": "plt.plot([1, 2, pick('plot', 3, 3.2)]); plt.show()",
    "colour": "plt.bar(['a'], [1], color=pick('colour', '#0072B2', '#0072C2')); plt.show()",
    "seaborn": "sns.boxplot(pd.DataFrame({'v': [1, 2, 3, pick('seaborn', 4, 5)]})); plt.show()",
    "axes": "plt.subplots()[1].set_title(pick('axes', 'One', 'Two'))",
    "svg": SVG_FIGURE,
    "html": "HTML('<b>' + pick('html', 'agree', 'disagree') + '</b>')",
    "markdown": "Markdown('We find ' + pick('markdown', 'a', 'no') + ' difference.')",
    "latex": "Latex('$r = ' + pick('latex', '.30', '.31') + '$')",
    "json": "JSON({'x': [1, pick('json', 2.5, 2.6)]})",
    "own form": "display({'application/vnd.own.v1+json': {'y': pick('own form', [1, 2], [1, 3])}}, raw=True)",
    "slider": "widgets.IntSlider(value=pick('slider', 3, 4))",
    "nested widget": "widgets.HBox([widgets.Label(pick('nested widget', 'left', 'right'))])",
    "error": "raise ValueError(pick('error', 'too few', 'too many'))",
    "image": "Image(data=open('a.png', 'rb').read() if pick('image', True, False) else open('b.png', 'rb').read())",
    "object": "class Thing:\n    def __init__(self, a): self.a = a\n[Thing(1), pick('object', 1, 2)]",
    "gone": "pick('gone', 1, None)",
    "more": "display('one'); pick('more', None, 'two')",
    "other form": "pick('other form', 'bold', HTML('bold'))",
    "progress": "for k in range(3): print(k, end='\\r')\nprint(pick('progress', 'done', 'stopped'))",
}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The folder with a report of a notebook that shows all of it."""
    folder = tmp_path_factory.mktemp("foreign")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, colour in (("a.png", "red"), ("b.png", "blue")):
            Image.new("RGB", (8, 8), colour).save(name)
        cells = [code(source, *(["raises-exception"] if name == "error" else [])) for name, source in CELLS.items()]
        Path("planted.txt").write_text("")
        nbformat.write(notebook_of(HEAD, *cells), "lesson.ipynb")
        run_notebook("lesson.ipynb", output="report.html", progress=False)
    return folder


@pytest.fixture
def _there(foreign, monkeypatch):
    monkeypatch.chdir(foreign)


@pytest.mark.usefixtures("_there")
def test_nothing_is_told_where_nothing_changed():
    found = verify_report("report.html")
    assert found.text.splitlines() == [
        f"report.html comes out the same; {found.compared} tables, pictures, values and other outputs compared."
    ]
    assert found.compared >= len(CELLS)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")
@pytest.mark.usefixtures("_there")
def test_an_open_report_comes_out_the_same_contained_but_for_what_is_not_recorded_there():
    """Nobody records the states of widgets of a contained run: each was called changed."""
    found = verify_report("report.html", contained=True)
    assert found.verdict.startswith("comes out the same"), found.text
    assert "widgets, whose state nobody records of a contained run" in found.not_compared
    Path("planted.txt").write_text("table")
    try:
        assert not verify_report("report.html", contained=True).holds
    finally:
        Path("planted.txt").write_text("")


@pytest.mark.usefixtures("_there")
def test_every_planted_change_is_told_and_nothing_else():
    Path("planted.txt").write_text("\n".join(CELLS))
    try:
        found = verify_report("report.html")
    finally:
        Path("planted.txt").write_text("")
    assert [(one.kind, one.name) for one in found.findings if not one.name.startswith("cell ")] == [
        ("input", "planted.txt")
    ]
    told = {one.name: one.kind for one in found.findings if one.kind != "input"}
    cells = {f"cell {number}": name for number, name in enumerate(CELLS, 2)}
    assert {cells[name] for name in told} == set(CELLS)
    pictures = {cells[name] for name, kind in told.items() if kind == "picture"}
    assert pictures == {"plot", "colour", "seaborn", "axes", "image"}
    numbers = {cells[name] for name, kind in told.items() if kind == "number"}
    assert numbers >= {"number", "late digit", "count", "frame", "array"}
    assert "why: what else is otherwise (input" in found.text


def test_a_notebook_of_random_numbers_never_passes(write_notebook, capsys):
    # With as many digits and signs each time: else the spaces between them differ, and more than numbers moved
    drawn = "print(*(f'{drawn:.6f}' for drawn in np.random.default_rng().uniform(1, 2, size=3)))"
    write_notebook("import numpy as np", drawn)
    run_notebook("lesson.ipynb", output="random.html", progress=False)
    assert main(["verify", "random.html"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("random.html does NOT come out the same: numbers moved; 1 tables")
    assert "random numbers without a seed" in said


def cell(**output):
    return {"cells": [{"cell_type": "code", "outputs": [output]}], "metadata": {}}


def printed(text):
    return cell(output_type="stream", name="stdout", text=text)


def compared(before, now):
    return list(output_changes(shown_in(before), shown_in(now)))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("<Axes at 0x7f3c12345670>", "<Axes at 0x7f0000000670>"),
        ("0.30000000000000004", "0.30000000000000010"),
        ("a   0.1\nb   0.30000000000000004", "a   0.1\nb   0.30000000000000010"),
        ("srmr 1.5e-16", "srmr 2.2e-16"),
        ("-1.1102230246251565e-16", "0.0"),
        ("1.5e-16", "-1.5e-16"),
        ("-0.00", "0.00"),
        ("     a    b\n---------\nx  0.30000000000000004  y\nz  0.1  y", "   a    b\n-------\nx  0.3  y\nz  0.1  y"),
        ("0.2500000001", "0.2500000002"),
        ("---------\nx  0.30000000000000004\n---------", "-------\nx  0.3\n---------"),
        (["a", "b"], "ab"),
    ],
)
def test_what_is_no_change(before, now):
    assert not [one for one in compared(printed(before), printed(now)) if isinstance(one, Change)]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("100%|####| 5/5 [00:00<00:00, 5309.4it/s]", "100%|####| 5/5 [00:01<00:00, 3.5it/s]"),
        (
            "\r  0%|  | 0/5 [00:00<?, ?it/s]\r100%|##| 5/5 [00:00<00:00, 9it/s]\n",
            "\r100%|##| 5/5 [00:09<00:00, 1.5s/it]\n",
        ),
        ("fit: 3it [00:00, 2.5it/s, loss=0.5]", "fit: 3it [00:01, 2.25it/s, loss=0.5]"),
        ("/tmp/ipykernel_12/34.py:1: UserWarning: few", "/var/x y/ipykernel_9/34.py:1: UserWarning: few"),
    ],
)
def test_a_bar_of_progress_and_the_file_of_a_cell_are_passed_over_on_standard_error_alone(before, now):
    told, shown = ((cell(output_type="stream", name="stderr", text=text)) for text in (before, now))
    assert compared(told, shown) == []
    assert compared(printed(before), printed(now))


@pytest.mark.parametrize(
    ("before", "now", "degree"),
    [
        ("0.25", "0.26", "number"),
        ("0.2500000", "0.2500001", "number"),
        ("3", "4", "number"),
        ("7", "007", "number"),
        (f"1{'0' * 6000}", f"2{'0' * 6000}", "number"),
        ("1e-3", "2e-3", "number"),
        ("p < .001", "p < .01", "number"),
        ("yes", "no", "words"),
        ("a b", "a  b", "words"),
        ("version 3.12.1", "version 3.12.2", "words"),
        ("x", "", "words"),
        ("x ", "x", "words"),
        ("é", "e\u0301", "words"),
        ("a\nend", "a\n", "words"),
        ("0xdeadbeef", "0xfeedbeef", "words"),
        ("id 1b4e28ba-2fa1-41d2-883f-0016d3cca427", "id 6fa459ea-ee8a-4ca4-894e-db77e160355e", "words"),
        ("1e-13", "5e-13", "number"),
        ("1.1", "1.10", "number"),
        ("1e5", "100000", "number"),
        ("1e5", "1E+05", "number"),
        ("+1.5", "1.5", "number"),
        ("7.5", "07.5", "number"),
        ("0.30", "0.3000000000001", "number"),
        ("0.0", "-0.00", "number"),
        ("     a\n0  0.1", "     a\n0  0.25", "number"),
        ("A ----- |  *\n\n0.30000000000000004", "A --- |    *\n\n0.3000000000000001", "words"),
        ("A ----- 0.30000000000000004", "A ---- 0.3000000000000001", "words"),
        ("A  *\n0.30000000000000004", "A    *\n0.3000000000000001", "words"),
    ],
)
def test_what_is_a_change(before, now, degree):
    (found,) = compared(printed(before), printed(now))
    assert found.degree == degree
    is_, was = found.text.removeprefix("cell 1 shows ").split(" where it showed ")
    assert is_ != was
    assert is_.isascii() or "é" not in before  # signs that look alike are written out


def test_how_far_a_number_moved_by_rounding_is_kept():
    (moved,) = compared(printed("0.30000000000000004 of 5"), printed("0.3 of 5"))
    assert isinstance(moved, Moved)
    assert moved.by == pytest.approx(5.5e-17, abs=1e-18)


NAMES = "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "6fa459ea-ee8a-4ca4-894e-db77e160355e"


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/vnd.own.v1+json"])
@pytest.mark.parametrize(
    "attribute",
    [
        'title="the {}"',
        "aria-label='url(#{})'",
        "alt=\"see id='{}' \"",
        "title=\"read href='#{}' \"",
        "data-x='url(#{})'",
    ],
)
def test_a_random_name_within_the_text_of_an_attribute_is_a_text(kind, attribute):
    one, other = (
        cell(output_type="display_data", data={kind: f"<p {attribute.format(name)}>yes</p>"}) for name in NAMES
    )
    assert [found.degree for found in compared(one, other)] == ["words"]


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/vnd.own.v1+json"])
@pytest.mark.parametrize(
    "attribute", ["id = '{}'", 'class="a T_{0:.5}_row"', "style='fill: url(#{})'", 'mask="url(#{})"', "href='#{}'"]
)
def test_where_a_random_name_is_an_identifier_it_is_passed_over(kind, attribute):
    one, other = (
        cell(output_type="display_data", data={kind: f"<p x {attribute.format(name)}>yes</p>"}) for name in NAMES
    )
    assert compared(one, other) == []


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("id", True), ("model_id", True), ("modelId", True), ("uuid", True), ("paid", False), ("grid", False)],
)
def test_keys_of_data_tell_what_is_an_identifier(key, is_one):
    one, other = (cell(output_type="display_data", data={"application/json": {key: name}}) for name in NAMES)
    assert (compared(one, other) == []) == is_one


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/vnd.own.v1+json"])
def test_an_identifier_that_is_new_in_each_run_is_no_change_and_a_text_is(kind):
    def page(name, said="yes"):
        return cell(output_type="display_data", data={kind: f'<div id="{name}"><a href="#{name}">{said}</a></div>'})

    names = "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "6fa459ea-ee8a-4ca4-894e-db77e160355e"
    assert compared(*map(page, names)) == []
    (found,) = compared(page(names[0]), page(names[1], "no"))
    assert found.degree == "words"
    assert compared(page("a", names[0]), page("a", names[1]))


def test_the_bytes_of_a_widget_count():
    def picture(data):
        held = {"state": {"a": {"model_name": "Image", "state": {}, "buffers": [{"path": ["value"], "data": data}]}}}
        one = cell(output_type="display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "a"}})
        return {**one, "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": held}}}

    assert compared(picture("QUJD"), picture("QUJD")) == []
    assert [one.degree for one in compared(picture("QUJD"), picture("QUJE"))] == ["words"]


def encoded(kind, *pixels, **options):
    """A picture file with these frames."""
    buffer, frames = io.BytesIO(), [Image.fromarray(one) for one in pixels]
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(buffer, kind, **more, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def with_chunk(kind, held):
    """A PNG with one more chunk, which says something of its pixels, after its header of 33 bytes."""
    whole = base64.b64decode(encoded("png", np.full((4, 4), 90, np.uint8)))
    chunk = len(held).to_bytes(4) + kind + held + zlib.crc32(kind + held).to_bytes(4)
    return base64.b64encode(whole[:33] + chunk + whole[33:]).decode()


@pytest.mark.parametrize("kind", [b"gAMA", b"cHRM", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"tRNS", b"pHYs", b"neWc"])
def test_what_a_file_says_of_how_its_pixels_are_seen_counts(kind):
    none, one, other = (
        encoded("png", np.full((4, 4), 90, np.uint8)),
        *(with_chunk(kind, b"\0" * 8 + x) for x in (b"1", b"2")),
    )
    assert compared(shown_picture("png", one), shown_picture("png", one)) == []
    for then, now in ((one, other), (none, one), (one, none)):
        assert [found.degree for found in compared(shown_picture("png", then), shown_picture("png", now))]
    told = with_chunk(b"tEXt", b"Software\0a"), with_chunk(b"tEXt", b"Software\0b")
    assert compared(*(shown_picture("png", data) for data in told)) == []


def test_colours_and_times_of_other_pictures_count():
    flat = np.full((4, 4, 3), 90, np.uint8)
    one, other = (shown_picture("jpeg", encoded("jpeg", flat, icc_profile=held)) for held in (b"a" * 200, b"b" * 200))
    assert [found.degree for found in compared(one, other)] == ["picture"]
    one, other = (shown_picture("gif", encoded("gif", flat, 2 * flat, duration=held)) for held in (100, 900))
    assert [found.degree for found in compared(one, other)] == ["picture"]


EPS = base64.b64encode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n").decode()


def with_sign(sign):
    """The picture, which some readers find in what is no base64, and others do not."""
    whole = encoded("png", np.zeros((2, 2), np.uint8))
    return f"{whole[:40]}{sign}{whole[40:]}"


def test_no_program_is_called_for_a_picture(monkeypatch):
    """A format that browsers do not show may be handed to another program, as EPS to Ghostscript."""
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)
    tiff = encoded("tiff", np.zeros((2, 2), np.uint8))
    for data in (EPS, tiff):
        with pytest.raises(UnidentifiedImageError):
            frames_of(data)
        with pytest.raises(UnidentifiedImageError):
            looks_of(data)


def shown_picture(kind, data, **metadata):
    return cell(output_type="display_data", data={f"image/{kind}": data}, metadata=metadata)


def test_pixels_count_of_more_than_8_bits_and_of_every_frame():
    flat = np.full((4, 4), 3000, np.uint16)
    dark, light = encoded("png", flat), encoded("png", flat + 1)
    assert [one.degree for one in compared(shown_picture("png", dark), shown_picture("png", light))] == ["picture"]
    assert compared(shown_picture("png", dark), shown_picture("png", encoded("png", flat, compress_level=1))) == []
    first, second, third = (np.full((4, 4), value, np.uint8) for value in (10, 50, 250))
    one, other = (shown_picture("gif", encoded("gif", first, last)) for last in (second, third))
    assert [found.degree for found in compared(one, other)] == ["picture"]
    alone = shown_picture("gif", encoded("gif", first))
    assert "in 2 frames" in compared(alone, one)[0].text


def test_what_only_looks_like_a_declaration_is_compared_as_it_is_shown():
    """Anybody can show something under the type of declared values."""
    kind = "application/vnd.cxkit.declared+json"
    table = {"kind": "table", "name": "T"}
    uneven = {**table, "columns": {"a": [1], "b": []}}
    for told in (3, {}, {**table, "columns": 3}, {**table, "tolerance": "x"}, uneven, {**table, "kind": "other"}):
        one, other = (cell(output_type="display_data", data={kind: told, "text/plain": said}) for said in ("yes", "no"))
        assert declared_in(one) == []
        assert [found.degree for found in compared(one, other)] == ["words"]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "QUJD",
        "!",
        EPS,
        with_sign("="),
        with_sign("?"),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode(),
    ],
)
def test_a_picture_that_nobody_can_read_is_another_file(data):
    whole = encoded("png", np.zeros((2, 2), np.uint8))
    (found,) = compared(shown_picture("png", whole), shown_picture("png", data))
    assert found.text == "the picture in cell 1 is another file"


def test_how_large_a_picture_is_shown_counts():
    data = encoded("png", np.zeros((2, 2), np.uint8))
    one, other = (shown_picture("png", data, **{"image/png": {"width": width}}) for width in (50, 900))
    assert [found.degree for found in compared(one, other)] == ["number"]


def test_bytes_that_nobody_can_read_are_not_quoted():
    one, other = (cell(output_type="display_data", data={"application/pdf": data}) for data in ("QUJD", "QUJE"))
    assert [found.text for found in compared(one, other)] == ["cell 1 shows another file of the type application/pdf"]


def test_the_same_widget_under_another_random_name_is_no_change():
    def widget(name):
        held = {"state": {name: {"model_name": "Slider", "state": {"value": 3}}}}
        one = cell(output_type="display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": name}})
        return {**one, "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": held}}}

    assert compared(widget("a1"), widget("b2")) == []


def test_what_stands_beside_a_widget_counts():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "Slider(value=3)"}
    one, other = (cell(output_type="display_data", data={**view, "text/html": said}) for said in ("yes", "no"))
    assert [found.degree for found in compared(one, other)] == ["words"]
    assert compared(one, cell(output_type="display_data", data=view))
