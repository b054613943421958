"""Does a page show what its notebook gives now? What reaches the page is compared, by whatever way it came there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nbformat import from_dict

from cxkit.running.pages.report import report_html
from cxkit.running.provenance.changes import Change, Moved
from cxkit.running.provenance.declared import declared_in
from cxkit.running.provenance.passed_over import Identifiers, Names, read_text
from cxkit.running.provenance.pictures import picture_changes
from cxkit.running.provenance.texts import distance, rounded_distance, text_changes, value_distance

if TYPE_CHECKING:
    from cxkit.running.plan import Run

_PICTURE = re.compile(r"data:image/([a-z+]+);base64,([A-Za-z0-9+/=]*+)")
_PLACE = "the page of executed.ipynb"
_Declared = tuple[Mapping[str, Any], Mapping[str, Any]]


def page_changes(run: Run, recorded: Mapping[str, Any]) -> Iterator[Change]:
    """What the page of a recorded executed notebook says otherwise than the page of what came out now.

    Both are made here, with all of their long texts: where these are cut goes by how many digits a number has.

    Parameters
    ----------
    run : Run
        The run of now.
    recorded : mapping
        The executed notebook of the crate.
    """
    from cxkit.running.run import find_session

    executed = from_dict(dict(recorded))
    then, since = find_session(executed) or {}, run.session or {}
    if "versions" in then and "versions" in since:  # compared by name, since a file does not keep their order
        then = {**then, "versions": since["versions"]}
    before = report_html(replace(run, executed=executed, session=then or None), shortens=False)
    now = report_html(run, shortens=False)
    if before == now:
        return
    pictures, now_pictures = _PICTURE.findall(before), _PICTURE.findall(now)
    if len(pictures) != len(now_pictures):
        yield Change(_PLACE, f"{_PLACE} shows {len(pictures)} pictures, and that of now {len(now_pictures)}", "words")
        return
    found: list[Change | Moved] = [
        *_of_texts(
            "text/html", _PICTURE.sub("", before), _PICTURE.sub("", now), _declared(recorded, run.executed or {})
        )
    ]
    for one, other in zip(pictures, now_pictures, strict=True):
        if one != other:
            found += _of_pictures(one, other)
    for difference in found:
        if isinstance(difference, Change):
            yield difference
            return  # one is enough: the others follow from the outputs


def _declared(recorded: Mapping[str, Any], executed: Mapping[str, Any]) -> list[_Declared]:
    """What the notebook declared then and now, by name; what stands in one of them alone lends nothing a tolerance."""
    then = {(one["kind"], one["name"]): one for one in declared_in(recorded)}
    pairs = list[_Declared]()
    for one in declared_in(executed):
        key = (one["kind"], one["name"])
        if key in then:
            pairs.append((then[key], one))
    return pairs


def _of_texts(kind: str, before: str, now: str, declared: Sequence[_Declared]) -> Iterator[Change]:
    then, since = Names(), Names()
    texts = read_text(before, kind, "output", then), read_text(now, kind, "output", since)
    told = [one for one in text_changes(_PLACE, *texts, partial(_far, declared=declared)) if isinstance(one, Change)]
    yield from told
    if not told and not Identifiers().go_together(then, since):
        yield Change(_PLACE, f"{_PLACE} has identifiers that stood for something else", "words")


def _far(before: str, now: str, *, declared: Sequence[_Declared]) -> float | None:
    """How far two numbers lie apart: by last bits, by rounding a declared one, or as their author lets them."""
    exact = distance(before, now)
    for then, since in declared if exact is None else ():
        if since["kind"] == "value":
            exact = value_distance(before, now, then, since)
        else:
            exact = rounded_distance(before, now, since)
        if exact is not None:
            return exact
    return exact


def _of_pictures(before: tuple[str, str], now: tuple[str, str]) -> Iterator[Change | Moved]:
    if before[0] != now[0]:
        yield Change(_PLACE, f"{_PLACE} shows a picture of another type", "words")
    elif before[0] == "svg+xml":
        try:
            one, other = (base64.b64decode(held).decode("utf-8") for _, held in (before, now))
        except ValueError:
            yield Change(_PLACE, f"{_PLACE} shows another picture", "words")
        else:
            yield from _of_texts("image/svg+xml", one, other, ())
    else:
        yield from picture_changes(_PLACE, before[1], now[1])
