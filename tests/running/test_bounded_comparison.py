"""Comparing what cells showed takes time and memory in proportion to what is there, whoever wrote it."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cxkit.running.pages import page, pdf
from cxkit.running.pages.prose import Prose
from cxkit.running.provenance import declared, passed_over, pictures, texts
from cxkit.running.provenance.changes import Change
from cxkit.running.provenance.outputs import Shown, output_changes
from cxkit.running.provenance.page_check import Presentation
from cxkit.running.provenance.passed_over import read_text
from cxkit.running.provenance.pictures import TooLarge, frames_of
from cxkit.running.provenance.verification import Finding, Verification
from cxkit.running.provenance.widget_states import state_of


def seconds(call, *arguments):
    begun = time.process_time()
    call(*arguments)
    return time.process_time() - begun


@pytest.mark.parametrize(
    "text",
    [
        "9" * 200_000 + "x",
        "." * 200_000 + "x",
        "1." * 100_000 + "x",
        "1e5" * 70_000 + "x",
        "-9" * 100_000,
        "1 " * 100_000,
    ],
)
def test_numbers_are_found_in_time_that_goes_with_the_length(text):
    """It takes .02 s; each sign looked at again from each before it, that is 20 thousand million steps."""
    assert seconds(texts._NUMBERS.findall, text) < 5


def test_the_same_numbers_are_found():
    text = "a 1.5, -2 and .5e-3; 7. 12abc 1.x 1e 1e+ x1 1.2.3 v1.2 1e5 1E+5 +3 (4) 5%"
    assert texts._NUMBERS.findall(text) == ["1.5", "-2", ".5e-3", "7.", "1e5", "1E+5", "+3", "4", "5"]


def test_a_widget_that_many_name_is_read_once():
    """Sixty widgets that each name the next twice doubled the work at each."""
    states = {f"w{n}": {"model_name": "Box", "state": {"children": [f"IPY_MODEL_w{n + 1}"] * 2}} for n in range(3_000)}
    told = state_of("w0", states)
    assert len(told) == 3_001
    assert told[0] == {"model": "Box", "state": {"children": ["IPY_MODEL_1", "IPY_MODEL_1"]}}
    assert told[-1] == "a widget"
    assert state_of("a", {"a": {"model_name": "M", "state": {"self": "IPY_MODEL_a", "n": 3}}}) == [
        {"model": "M", "state": {"self": "IPY_MODEL_0", "n": 3}}
    ]


def test_random_names_of_widgets_do_not_count_and_what_they_show_does():
    def drawn(one, two, value):
        states = {one: {"state": {"c": [f"IPY_MODEL_{two}"]}}, two: {"state": {"value": value}}}
        return state_of(one, states)

    assert drawn("a", "b", 1) == drawn("x", "y", 1)
    assert drawn("a", "b", 1) != drawn("a", "b", 2)


def gif(frames, size):
    content = io.BytesIO()
    first, *others = (Image.new("RGB", (size, size), (40 * n, 0, 0)) for n in range(frames))
    first.save(content, "GIF", save_all=True, append_images=others)
    return base64.b64encode(content.getvalue()).decode()


def test_a_picture_of_more_pixels_than_are_held_is_refused_before_it_is_decoded(monkeypatch):
    """A GIF of one megabyte took 54 s and 6 GB: all its frames count."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 30_000)
    picture, other = gif(4, 100), gif(5, 100)
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "convert", None)
        with pytest.raises(TooLarge, match="40,000 pixels are more than the 30,000"):
            frames_of(picture)
    before, now = ([[Shown("cell 1", "output", {"image/gif": one})]] for one in (picture, other))
    (change,) = output_changes(before, now)
    assert isinstance(change, Change)
    assert change.text.startswith("the picture in cell 1 is another file, and ")
    assert [frame.shape for frame in frames_of(gif(2, 100))] == [(100, 100, 4)] * 2


@pytest.mark.parametrize(("then", "now"), [("1e999", "2e999"), ("-1e400", "1e400"), ("1e400", "1.0")])
def test_numbers_beyond_every_float_are_compared_as_written(then, now):
    before, after = ([[Shown("cell 1", "stdout", {"text/plain": f"a = {one}\n"})]] for one in (then, now))
    found = list(output_changes(before, after))
    assert any(isinstance(one, Change) for one in found)


def table(order):
    return {"kind": "table", "name": "T", "tolerance": 1e-9, "columns": {"k": order, "x": [k / 3 for k in order]}}


def test_rows_in_another_order_are_found_once_each_and_the_first_are_named(monkeypatch):
    """4,000 rows from last to first took 148 s."""
    counted = []
    once = declared._are_equal
    monkeypatch.setattr(declared, "_are_equal", lambda *given: counted.append(1) or once(*given))
    order = list(range(600))
    (found,) = declared.differences(table(order), table(order[::-1]))
    assert found.degree == "order"
    assert found.text == "in the table 'T' rows 1, 2, 3, 4, 5 and 595 more stand in another order"
    assert len(counted) == 600
    nearly = table(order[::-1])
    nearly["columns"]["x"] = [x * (1 + 1e-13) for x in nearly["columns"]["x"]]
    assert [one.degree for one in declared.differences(table(order), nearly) if isinstance(one, Change)] == ["order"]
    nearly["columns"]["x"][7] += 1
    assert "order" not in {one.degree for one in declared.differences(table(order), nearly) if isinstance(one, Change)}


@pytest.mark.parametrize(
    ("read", "piece"),
    [
        (Presentation.of, "<title>"),
        (Presentation.of, "<header>"),
        (lambda text: Prose(Path()).html(text), "$$a\n"),
        (page._OBJECT_NAME.match, "  "),
        (pdf._with_plain_formulas, "<math "),
        (lambda text: read_text(text, "image/svg+xml", "output"), "<a b=' "),
        (lambda text: read_text(text, "image/svg+xml", "output"), "<!--"),
        (lambda text: read_text(text, "image/svg+xml", "output"), "<style>"),
        (lambda text: read_text(f"<p style='{text}'>", "text/html", "output"), "url(#"),
    ],
)
def test_a_text_of_a_stranger_is_read_in_time_that_goes_with_its_length(read, piece):
    one, four = (min(seconds(read, piece * times + "x") for _ in range(3)) for times in (1_000, 4_000))
    assert four < 7 * one + 0.02


def test_what_stands_between_dollars_is_found_as_before():
    html = Prose(Path()).html("$$a^2$$\n\ntext $$b$$ of a line\n\n$$\nc\n$$")
    assert html.count('display="block"') == 2


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<A object at 0x7f3c12345670> <A object at 0x7f3c12345671>", "<A object at 0x> <A object at 0x>"),
        (
            "(<A object at 0x7f3c12345670>, Generator(PCG64) at 0x7F3C12345670)",
            "(<A object at 0x>, Generator(PCG64) at 0x)",
        ),
        ("&lt;function &lt;lambda&gt; at 0x7f3c12345670&gt;", "&lt;function &lt;lambda&gt; at 0x&gt;"),
        ("<weakref at 0x7f3c12345670; to 'A' at 0x7f3c12345671>", "<weakref at 0x; to 'A' at 0x>"),
        ("they meet at 0x7f3c12345670", "they meet at 0x7f3c12345670"),
        ("p <0.05, as seen at 0x7f3c12345670", "p <0.05, as seen at 0x7f3c12345670"),
    ],
)
def test_addresses_are_left_out_of_the_names_of_objects_alone(text, left):
    assert read_text(text, "text/plain", "stdout") == left


def test_each_place_that_may_be_an_address_is_looked_at_once(monkeypatch):
    """A megabyte of "<" took 105 seconds: every one began a name, and its end was sought anew."""
    looked: list[int] = []
    inner = passed_over._names_an_object
    monkeypatch.setattr(passed_over, "_names_an_object", lambda before: (looked.append(len(before)), inner(before))[1])
    read_text(("<" * 199 + " ") * 500 + "<A at 0x12345678>", "text/plain", "stdout")
    assert looked == [1_500]


def test_a_flood_of_findings_is_cut_on_the_terminal_alone():
    found = Verification(
        report=Path("r.html"), compared=1, remarks=("x" * 100_000,),
        findings=tuple(Finding("input", str(k), f"{k} is missing") for k in range(19_000)),
    )  # fmt: skip
    assert len(found.text) < 20_000
    assert "... and 18,800 more (--json lists them)" in found.text
    assert len(found.as_data()["findings"]) == 19_000


VALUE = {"kind": "value", "name": "gap", "value": 0.31, "tolerance": 0.5}


@pytest.mark.parametrize(
    ("before", "now", "then", "same"),
    [
        ("gap: 0.31", "gap: 0.31", 0.31, True),
        ("gap: 0.40", "gap: 0.31", 0.4, True),  # moved, as its author lets it
        ("gap: 0.4", "gap: 0.3", 0.4001, True),
        ("gap: 0.46", "gap: 0.31", 0.31, False),  # printed otherwise than declared
        ("gap: 0.31, p = 0.04", "gap: 0.31, p = 0.06", 0.31, False),  # another number beside it
        ("gap: 4.6e-01", "gap: 3.1e-01", 0.31, False),
    ],
)
def test_a_tolerance_is_that_of_the_declared_value_alone(before, now, then, same):
    """A page could say 0.46 for a value of 0.31 that may move by half of its size, and nothing was told."""
    found = [*texts.declared_text_changes("cell 1", before, now, VALUE | {"value": then}, VALUE)]
    assert [one for one in found if isinstance(one, Change)] != same


@pytest.mark.parametrize("ending", ["PNG", "JPEG"])
def test_a_picture_is_not_turned_by_what_no_browser_reads(ending):
    """A mirrored one passed for the first, since a comment of its file said that it was to be mirrored."""
    square = Image.new("RGB", (8, 8), "white")
    square.putpixel((0, 0), (255, 0, 0))
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>2</tiff:Orientation></x:xmpmeta>'
    plain, mirrored = io.BytesIO(), io.BytesIO()
    square.save(plain, ending)
    turned = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if ending == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        turned.save(mirrored, ending, pnginfo=info)
    else:
        turned.save(mirrored, ending, xmp=xmp)
    one, other = (base64.b64encode(file.getvalue()).decode() for file in (plain, mirrored))
    assert [*pictures.picture_changes("cell 1", one, other)]
    assert not [*pictures.picture_changes("cell 1", one, one)]
