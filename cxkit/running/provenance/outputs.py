"""What the cells of a notebook showed, output by output, and how two executions differ.

Results of cxkit leave their unrounded numbers and are compared by those (declared.py); here, what they make of them:
the same words, and numbers that agree but for rounding. Everything else that a cell prints, shows or raises is compared
as a reader would see it: text by its words and numbers, pictures by their pixels, widgets by their state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from cxkit import mime
from cxkit.running.notebooks.notebook import joined
from cxkit.running.pages.page import HTML_SHOWN
from cxkit.running.provenance.changes import Change, Moved
from cxkit.running.provenance.declared import Numbering, declared_by, differences, in_file_order, key_of
from cxkit.running.provenance.passed_over import Identifiers, Names, read_data, read_text
from cxkit.running.provenance.pictures import picture_changes
from cxkit.running.provenance.texts import cut, declared_text_changes, distance, text_changes
from cxkit.running.provenance.widget_states import state_of

_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_PRINTED = ("text/plain", "text/html")  # what a result of cxkit makes of its table
_OWN_HTML = ('<div class="cx-', '<figure class="cx-')
# The plainest form is told first: the others of one output say the same in other marks
_ORDER = ("text/plain", "text/markdown", "text/latex", "text/html")

_BYTES = ("application/pdf", "audio/", "video/")  # media types that nobody can read an excerpt of
_WITH_NAMES = ("html", "svg", "javascript", "json")  # parts of media types that can hold identifiers


@dataclass(frozen=True)
class Shown:
    """What one cell showed in one place.

    Attributes
    ----------
    place : str
        The cell, as a reader finds it.
    kind : str
        "stdout", "stderr", "output", "session" or "error".
    bundle : dict
        Contents by media type.
    declared : dict or None
        What it declares.
    key : tuple of str or None
        By what that is found again: its kind, and a name that nothing else has.
    """

    place: str
    kind: str
    bundle: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Any] | None = None
    key: tuple[str, str] | None = None


def shown_in(executed: Mapping[str, Any]) -> list[list[Shown]]:
    """What each cell showed, in its order; a list a cell."""
    states, numbering = _widget_states(executed), Numbering()
    found = []
    for number, cell in enumerate(executed["cells"], 1):
        outputs = cell.get("outputs", []) if cell.get("cell_type") == "code" else []
        found.append(list(_shown_by(outputs, f"cell {number}", states, numbering)))
    return found


def compared_in(shown: Sequence[Sequence[Shown]]) -> int:
    """How many outputs there are to compare beside those that declare something."""
    return sum(one.declared is None and one.kind != "session" for cell in shown for one in cell)


def output_changes(before: Sequence[Sequence[Shown]], now: Sequence[Sequence[Shown]]) -> Iterator[Change | Moved]:
    """What each cell shows otherwise than before, or in another place, in the order of the notebook.

    A declared table that is gone from all of it, or new, is not told here: `declared.changes` does.
    """
    identifiers = Identifiers()
    keys, now_keys = ({one.key for cell in shown for one in cell} for shown in (before, now))
    for was, is_ in zip_longest(before, now, fillvalue=()):
        stayed, found = ([one for one in cell if one.key in keys & now_keys | {None}] for cell in (was, is_))
        for one, other in zip_longest(stayed, found):
            if other is None:
                assert one is not None
                yield Change(one.place, f"{one.place} no longer shows {_quoted(one)}", "words")
            elif one is None:
                yield Change(other.place, f"{other.place} shows what it did not show before: {_quoted(other)}", "words")
            else:
                yield from _difference(one, other, identifiers)


def _shown_by(
    outputs: Sequence[Mapping[str, Any]], place: str, states: Mapping[str, Any], numbering: Numbering
) -> Iterator[Shown]:
    """The outputs of one cell. Streams come in pieces whose ends are chance: what stands between two outputs is one."""
    streams: dict[str, str] = {}
    for output in outputs:
        if output.get("output_type") == "stream":
            name = str(output.get("name"))
            streams[name] = streams.get(name, "") + joined(output.get("text"))
        else:
            yield from _printed(streams, place)
            streams = {}
            yield from _shown_as(output, place, states, numbering)
    yield from _printed(streams, place)


def _printed(streams: Mapping[str, str], place: str) -> Iterator[Shown]:
    """Which of two streams comes first is chance as well."""
    for name, text in sorted(streams.items()):
        yield Shown(place, name, {"text/plain": text})


def _shown_as(
    output: Mapping[str, Any], place: str, states: Mapping[str, Any], numbering: Numbering
) -> Iterator[Shown]:
    if output.get("output_type") == "error":
        yield Shown(place, "error", {"text/plain": f"{output.get('ename')}: {output.get('evalue')}"})
    elif output.get("output_type") in {"display_data", "execute_result"}:
        bundle = _bundle(output.get("data", {}), states)
        if held := output.get("metadata"):  # width of a picture, what stands for it where it cannot be seen
            bundle["metadata"] = held
        declared = declared_by(output)
        if declared is not None:
            del bundle[mime.DECLARED]
            yield Shown(place, "output", bundle, in_file_order(declared), key_of(numbering.numbered(declared)))
        else:
            is_session = isinstance(bundle.get(mime.SESSION), Mapping)
            yield Shown(place, "session" if is_session else "output", bundle)


def _bundle(data: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """The contents of one output; of a widget its state, and not the line that stands for it where it cannot live."""
    if mime.WIDGET_VIEW not in data:
        return dict(data)
    model = str(data[mime.WIDGET_VIEW].get("model_id"))
    own = {kind: held for kind, held in data.items() if kind != "text/plain"}
    return {**own, mime.WIDGET_VIEW: state_of(model, states)}


def _widget_states(executed: Mapping[str, Any]) -> Mapping[str, Any]:
    held = executed.get("metadata", {}).get("widgets", {})
    states = held.get(mime.WIDGET_STATE, {}).get("state", {})
    return states if isinstance(states, Mapping) else {}


# --- two outputs ------------------------------------------------------------------------------------------------------


def _difference(before: Shown, now: Shown, identifiers: Identifiers) -> Iterator[Change | Moved]:
    """The first difference of two outputs, in the plainest form that shows it; or how far numbers moved by rounding."""
    if before.kind != now.kind or before.key != now.key:
        yield Change(before.place, f"{before.place} shows {_quoted(now)} instead of {_quoted(before)}", "words")
        return
    kinds = sorted((before.bundle.keys() | now.bundle.keys()) - _told_elsewhere(before, now), key=_plainness)
    moved: list[Moved] = []
    for kind in kinds:
        for found in _of_kind(kind, before, now, identifiers):
            if isinstance(found, Change):
                yield found
                return
            moved.append(found)
    if now.declared is None:  # else its numbers were counted with those that it declares
        yield from moved[:1]


def _told_elsewhere(before: Shown, now: Shown) -> set[str]:
    """The forms of an output that only show what is told by other findings."""
    if before.declared is not None and now.declared is not None:
        moved = any(isinstance(one, Change) for one in differences(before.declared, now.declared))
        return set(_PRINTED) if moved else _behind_html(before, now)
    if now.kind == "session" and _versions_in(before) != _versions_in(now):
        return set(_PRINTED)
    return set()


def _behind_html(before: Shown, now: Shown) -> set[str]:
    """The plain text that no page shows, since cxkit's own html of the same table stands in its place."""
    pages = [joined(shown.bundle.get("text/html", "")) for shown in (before, now)]
    are_ours = all(page.startswith(_OWN_HTML) and len(page) <= HTML_SHOWN for page in pages)
    return {"text/plain"} if are_ours else set()


def session_versions(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The libraries of which the notebook itself named another version: name, and what to say of it."""
    then, since = (_versions_named(executed) for executed in (before, now))
    for name in sorted(then.keys() | since.keys()):
        if then.get(name) != since.get(name):
            yield name, f"{name} was {then.get(name, 'not named')} and is {since.get(name, 'not named')}"


def _versions_named(executed: Mapping[str, Any]) -> dict[str, str]:
    found = [shown for cell in shown_in(executed) for shown in cell if shown.kind == "session"]
    named = [_versions_in(shown).items() for shown in found]
    return {str(name): str(version) for items in named for name, version in items}


def _versions_in(shown: Shown) -> dict[str, Any]:
    """The versions that an output of the session names."""
    told = shown.bundle[mime.SESSION].get("versions")
    return dict(told) if isinstance(told, Mapping) else {}


def _plainness(kind: str) -> tuple[int, str]:
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), kind


def _of_kind(kind: str, before: Shown, now: Shown, identifiers: Identifiers) -> Iterator[Change | Moved]:
    if (kind in before.bundle) != (kind in now.bundle):
        yield Change(before.place, f"{before.place} shows its output in other forms than before ({kind})", "words")
        return
    one, other = before.bundle[kind], now.bundle[kind]
    if one == other and not any(part in kind for part in _WITH_NAMES):
        return
    if kind == mime.SESSION and now.kind == "session":
        one, other = {**one, "versions": ""}, {**other, "versions": ""}
    if kind in _PICTURES:
        yield from picture_changes(before.place, one, other)
    elif kind.startswith(_BYTES):
        yield Change(before.place, f"{before.place} shows another file of the type {kind}", "words")
    else:
        yield from _of_readable(kind, before, one, other, now, identifiers)


def _of_readable(
    kind: str, shown: Shown, one: Any, other: Any, now: Shown, identifiers: Identifiers
) -> Iterator[Change | Moved]:
    then, since, place = Names(), Names(), shown.place
    if isinstance(one, (str, list)) and isinstance(other, (str, list)) and "json" not in kind:
        before, after = read_text(joined(one), kind, now.kind, then), read_text(joined(other), kind, now.kind, since)
    else:
        before, after = _as_json(read_data(one, then)), _as_json(read_data(other, since))
    if shown.declared is not None and now.declared is not None and kind in _PRINTED:
        found = list(declared_text_changes(place, before, after, shown.declared, now.declared))
    else:
        found = list(text_changes(place, before, after, distance))
    yield from found
    if not any(isinstance(told, Change) for told in found) and not identifiers.go_together(then, since):
        yield Change(place, f"{place} has identifiers that stood for something else", "words")


def _as_json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _quoted(shown: Shown) -> str:
    if shown.key is not None:
        return f"the {shown.key[0]} '{cut(shown.key[1])}'"
    if shown.kind == "error":
        return f"the error '{cut(shown.bundle['text/plain'])}'"
    plain = shown.bundle.get("text/plain")
    return f"'{cut(joined(plain))}'" if plain is not None else f"an output ({', '.join(sorted(shown.bundle))})"
