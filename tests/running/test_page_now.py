"""What reaches a page is held against what comes out now, by whatever way it came there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from cxkit import mime
from cxkit.running.provenance.outputs import output_changes, shown_in
from cxkit.running.provenance.page_now import page_changes
from tests.running.building import code, executed_run, shown, stream

WARNED = "/tmp/ipykernel_1/34.py:1: CxkitWarning: 3 people answered twice.\n  warnings.warn(...)\n"
DRAWN = "m0123456789", "mabcdef0123"
SVG = '<svg><g id="{}"><text>{}</text></g></svg>'


def told(before, now):
    """What is said where the first output stands in a crate and the second comes out."""
    run, other = (executed_run(code("x", outputs=[one]), folder=Path()) for one in (now, before))
    return [one.text for one in page_changes(run, other.executed)]


def value(number, tolerance):
    output = shown(text__plain=f"gap: {number}")
    output["data"][mime.DECLARED] = {"kind": "value", "name": "gap", "tolerance": tolerance, "value": number}
    return output


@pytest.mark.parametrize(
    "forged",
    [
        f"x:1: CxkitWarning: all answered once {WARNED}",
        f"/tmp/ipykernel_1/34.py:1: CxkitWarning: all 500 answered: 0%|| 0/0 [00:00, 1it/s]\r{WARNED}",
    ],
)
def test_a_note_that_is_passed_over_elsewhere_is_told(forged):
    before, now = (
        executed_run(code("x", outputs=[stream(text, "stderr")]), folder=Path()) for text in (forged, WARNED)
    )
    assert list(output_changes(shown_in(before.executed), shown_in(now.executed))) == []
    (text,) = told(stream(forged, "stderr"), stream(WARNED, "stderr"))
    assert "all" in text


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (stream("0.30000000000000004 " * 900), stream("0.3 " * 900)),  # the page cuts it at another place
        (value(0.25, 0.1), value(0.26, 0.1)),
        (shown(text__html='<p id="T_aaaaa">'), shown(text__html='<p id="T_bbbbb">')),
        tuple(shown(image__svg_plus_xml=SVG.format(name, "a")) for name in DRAWN),
    ],
)
def test_what_may_be_otherwise_is_so_on_the_page_too(before, now):
    assert told(before, now) == []


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (stream("0.25"), stream("0.26")),
        (value(0.25, 0.1), value(0.5, 0.1)),
        (value(0.25, 0.001), value(0.26, 0.001)),
        (shown(image__svg_plus_xml=SVG.format("a", "yes")), shown(image__svg_plus_xml=SVG.format("a", "no"))),
        (shown(image__png=base64.b64encode(b"a").decode()), shown(image__png=base64.b64encode(b"b").decode())),
        (shown(image__png=base64.b64encode(b"a").decode()), stream("a")),
    ],
)
def test_what_says_something_else_is_told(before, now):
    assert len(told(before, now)) == 1
