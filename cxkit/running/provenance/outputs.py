"""What the cells of a notebook showed, output by output, and how two executions differ.

Results of cxkit leave their unrounded numbers and are compared by those (declared.py). Everything else that a cell
prints, shows or raises is compared here, as a reader would see it: text by its words and numbers, pictures by their
pixels, widgets by their state.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from unicodedata import normalize

from cxkit import mime
from cxkit.running.notebooks.notebook import joined
from cxkit.running.provenance.changes import Allowed, Change, Moved, first_difference
from cxkit.running.provenance.declared import declared_by

_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_SHOWN = 60
# The plainest form is told first: the others of one output say the same in other marks
_ORDER = ("text/plain", "text/markdown", "text/latex", "text/html")

# What names an object anew in each run and means nothing to a reader: addresses in memory, the clock of a bar of
# progress, identifiers of a page
_ADDRESS = re.compile(r"(?<=\bat )0x[0-9a-fA-F]+\b")
_CLOCK = re.compile(r"\[\d+(?::\d\d)+<[^\]\n]*\]")  # as tqdm writes it: [00:01<00:03, 12.5it/s]
_PROCESS = re.compile(r"[^\s'\"]*ipykernel_\d+[/\\]")  # where a warning says that a cell's code lies
_IDENTIFIERS = re.compile(
    # UUIDs of version 4 within a name or a reference, and not as a text
    r"(?<=[\"'#_-])[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}\b"
    r"|(?<=T_)[0-9a-f]{5}(?=[_\s\"'{,])"  # tables of pandas' Styler
    r"|(?<=sk-container-id-)\d+"  # estimators of scikit-learn
)
_SVG_NAMES = re.compile(r"(?<=id=\")[^\"]+(?=\")|(?<=href=\"#)[^\"]+(?=\")|(?<=url\(#)[^)]+(?=\))")
_SVG_DATE = re.compile(r"<dc:date>[^<]*</dc:date>")
_NUMBERS = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]*\w)")
_WITH_NAMES = ("html", "svg", "javascript", "json")  # media types in which an identifier is no text
_BYTES = ("application/pdf", "audio/", "video/")  # media types that nobody can read an excerpt of
_SPACES = re.compile(r"[ \t]+|-{3,}")


@dataclass(frozen=True)
class Shown:
    """What one cell showed in one place.

    Attributes
    ----------
    place : str
        The cell, as a reader finds it.
    kind : str
        "stdout", "stderr", "output" or "error".
    bundle : dict
        Contents by media type.
    """

    place: str
    kind: str
    bundle: Mapping[str, Any] = field(default_factory=dict)


def shown_in(executed: Mapping[str, Any]) -> list[list[Shown]]:
    """What each cell showed, without what is compared by its declared numbers; a list a cell."""
    states = _widget_states(executed)
    found = []
    for number, cell in enumerate(executed["cells"], 1):
        outputs = cell.get("outputs", []) if cell.get("cell_type") == "code" else []
        found.append(list(_shown_by(outputs, f"cell {number}", states)))
    return found


def compared_in(shown: Sequence[Sequence[Shown]]) -> int:
    """How many outputs there are to compare."""
    return sum(len(cell) for cell in shown)


def output_changes(before: Sequence[Sequence[Shown]], now: Sequence[Sequence[Shown]]) -> Iterator[Change | Moved]:
    """What each cell shows otherwise than before, in the order of the notebook."""
    for was, is_ in zip_longest(before, now, fillvalue=()):
        for one, other in zip_longest(was, is_):
            if other is None:
                assert one is not None
                yield Change(one.place, f"{one.place} no longer shows {_quoted(one)}", "words")
            elif one is None:
                yield Change(other.place, f"{other.place} shows what it did not show before: {_quoted(other)}", "words")
            else:
                yield from _difference(one, other)


def _shown_by(outputs: Sequence[Mapping[str, Any]], place: str, states: Mapping[str, Any]) -> Iterator[Shown]:
    """The outputs of one cell. Streams come in pieces whose ends are chance: each is one text."""
    streams: dict[str, list[str]] = {}
    for output in outputs:
        if output.get("output_type") == "stream":
            streams.setdefault(str(output.get("name")), []).append(joined(output.get("text")))
    for name, pieces in sorted(streams.items()):
        yield Shown(place, name, {"text/plain": _as_printed("".join(pieces))})
    for output in outputs:
        if output.get("output_type") == "error":
            told = f"{output.get('ename')}: {output.get('evalue')}"
            yield Shown(place, "error", {"text/plain": told})
        elif output.get("output_type") in {"display_data", "execute_result"}:
            data = output.get("data", {})
            if declared_by(output) is None and mime.SESSION not in data:
                held = output.get("metadata")  # width of a picture, what stands for it where it cannot be seen
                yield Shown(place, "output", {**_bundle(data, states), **({"metadata": held} if held else {})})


def _as_printed(text: str) -> str:
    """What stands there at the end: a bar of progress that wrote over its line counts by its last state."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _bundle(data: Mapping[str, Any], states: Mapping[str, Any]) -> dict[str, Any]:
    """The contents of one output; of a widget its state, and not the line that stands for it where it cannot live."""
    if mime.WIDGET_VIEW not in data:
        return dict(data)
    model = str(data[mime.WIDGET_VIEW].get("model_id"))
    return {mime.WIDGET_VIEW: _state_of(model, states, set())}


def _widget_states(executed: Mapping[str, Any]) -> Mapping[str, Any]:
    held = executed.get("metadata", {}).get("widgets", {})
    states = held.get(mime.WIDGET_STATE, {}).get("state", {})
    return states if isinstance(states, Mapping) else {}


def _state_of(model: str, states: Mapping[str, Any], within: set[str]) -> Any:
    """The state of a widget with those of the widgets within it in place of their random names."""
    if model in within or model not in states:
        return "a widget"
    one = states[model]
    buffers = [{key: part.get(key) for key in ("path", "data")} for part in one.get("buffers", [])]
    state = _resolved(one.get("state", {}), states, within | {model})
    return {"model": one.get("model_name"), **state, **({"buffers": buffers} if buffers else {})}


def _resolved(value: Any, states: Mapping[str, Any], within: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _resolved(part, states, within) for key, part in value.items()}
    if isinstance(value, list):
        return [_resolved(part, states, within) for part in value]
    if isinstance(value, str) and value.startswith("IPY_MODEL_"):
        return _state_of(value.removeprefix("IPY_MODEL_"), states, within)
    return value


# --- two outputs ------------------------------------------------------------------------------------------------------


def _difference(before: Shown, now: Shown) -> Iterator[Change | Moved]:
    """The first difference of two outputs, in the plainest form that shows it; or how far numbers moved by rounding."""
    if before.kind != now.kind:
        yield Change(before.place, f"{before.place} shows {_quoted(now)} instead of {_quoted(before)}", "words")
        return
    kinds = sorted(before.bundle.keys() | now.bundle.keys(), key=_plainness)
    moved: list[Moved] = []
    for kind in kinds:
        for found in _of_kind(kind, before, now):
            if isinstance(found, Change):
                yield found
                return
            moved.append(found)
    yield from moved[:1]


def _plainness(kind: str) -> tuple[int, str]:
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), kind


def _of_kind(kind: str, before: Shown, now: Shown) -> Iterator[Change | Moved]:
    if (kind in before.bundle) != (kind in now.bundle):
        yield Change(before.place, f"{before.place} shows its output in other forms than before ({kind})", "words")
        return
    one, other = before.bundle[kind], now.bundle[kind]
    if one == other:
        return
    if kind in _PICTURES:
        yield from _of_pictures(before.place, one, other)
    elif kind.startswith(_BYTES):
        yield Change(before.place, f"{before.place} shows another file of the type {kind}", "words")
    elif isinstance(one, (str, list)) and isinstance(other, (str, list)) and "json" not in kind:
        yield from _of_texts(before.place, kind, joined(one), joined(other))
    else:
        yield from _of_texts(before.place, kind, _as_json(one), _as_json(other))


def _of_texts(place: str, kind: str, before: str, now: str) -> Iterator[Change | Moved]:
    one, other = _without_names(before, kind), _without_names(now, kind)
    if one == other:
        return
    words, numbers = _apart(one)
    other_words, other_numbers = _apart(other)
    if words != other_words or numbers == other_numbers:
        was, is_ = _first_difference(one, other)
        yield Change(place, f"{place} shows '{is_}' where it showed '{was}'", "words")
        return
    pairs = zip(_NUMBERS.finditer(one), _NUMBERS.finditer(other), strict=True)
    moved = [(a, b, _distance(a[0], b[0])) for a, b in pairs if a[0] != b[0]]
    beyond = next(((a, b) for a, b, by in moved if by is None), None)
    if beyond is None:
        yield Moved(place, max(by for _, _, by in moved if by is not None))
        return
    was, is_ = (_line_up_to(text, match) for text, match in zip((one, other), beyond, strict=True))
    yield Change(place, f"{place} shows '{is_}' where it showed '{was}'", "number")


def _line_up_to(text: str, number: re.Match[str]) -> str:
    """The line of a number from its begin to the number, or the end of that."""
    begin = max(text.rfind("\n", 0, number.start()) + 1, min(number.start(), number.end() - _SHOWN))
    return _cut(text[begin : number.end()])


def _distance(before: str, now: str) -> float | None:
    """How far two unlike numbers of a text lie apart, within what is allowed; whole ones are exact, as written."""
    if set(before + now) & set(".eE"):
        return Allowed().distance(float(before), float(now))
    return None


def _without_names(text: str, kind: str) -> str:
    """The text without what each run writes anew, and with random names put in order of their appearance."""
    seen: dict[str, str] = {}

    def by_order(match: re.Match[str]) -> str:
        return seen.setdefault(match.group(0), f"name{len(seen)}")

    text = _PROCESS.sub("", _CLOCK.sub("[]", _ADDRESS.sub("0x", text)))
    if any(word in kind for word in _WITH_NAMES):
        text = _IDENTIFIERS.sub(by_order, text)
    return _SVG_NAMES.sub(by_order, _SVG_DATE.sub("", text)) if "svg" in kind else text


def _apart(text: str) -> tuple[list[str], list[str]]:
    """The words between the numbers, and the numbers; without spaces and rules, which go with the length of numbers."""
    return [_SPACES.sub("", part) for part in _NUMBERS.split(text)], _NUMBERS.findall(text)


def _first_difference(before: str, now: str) -> tuple[str, str]:
    """What stands on either side where two texts first differ, with signs that nobody sees written out."""
    start = first_difference(before, now)
    begin = max(before.rfind("\n", 0, start) + 1, start - _SHOWN // 2)
    was, is_ = _cut(before[begin:]), _cut(now[begin:])
    if was and is_ and normalize("NFC", was) != normalize("NFC", is_):
        return was, is_
    begin = max(0, start - _SHOWN // 2)
    whole = (ascii(text[begin : start + _SHOWN // 2])[1:-1] for text in (before, now))
    return next(whole), next(whole)


def _cut(text: str) -> str:
    line = text.split("\n", 1)[0].strip()
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def _of_pictures(place: str, before: Any, now: Any) -> Iterator[Change]:
    """Two files may hold one picture: what counts is the pixels, of every frame."""
    import numpy as np

    try:
        one, other = _frames(before), _frames(now)
    except Exception:  # whatever a damaged file, or one that is a trap, makes of the reader of pictures
        yield Change(place, f"the picture in {place} is another file", "words")
        return
    if [frame.shape for frame in one] != [frame.shape for frame in other]:
        yield Change(place, f"the picture in {place} is {_size(other)}, and was {_size(one)}", "picture")
        return
    for a, b in zip(one, other, strict=True):
        rows = np.flatnonzero((a != b).reshape(len(a), -1).any(axis=1))
        if len(rows):
            yield Change(
                place, f"the picture in {place} looks different, first {rows[0]} pixels below its top", "picture"
            )
            return


def _frames(picture: Any) -> list[Any]:
    """The pixels of each frame: height by width by colours; one number a pixel where a colour has more than 8 bits."""
    import numpy as np
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(base64.b64decode(joined(picture)))) as image:
        deep = image.mode.startswith(("I", "F"))
        return [np.asarray(frame if deep else frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


def _size(frames: Sequence[Any]) -> str:
    height, width = frames[0].shape[:2]
    many = f" in {len(frames)} frames" if len(frames) > 1 else ""
    return f"{width} by {height} pixels large{many}"


def _as_json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _quoted(shown: Shown) -> str:
    if shown.kind == "error":
        return f"the error '{_cut(shown.bundle['text/plain'])}'"
    plain = shown.bundle.get("text/plain")
    return f"'{_cut(joined(plain))}'" if plain is not None else f"an output ({', '.join(sorted(shown.bundle))})"
