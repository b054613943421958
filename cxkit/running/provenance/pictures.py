"""The pixels of pictures in a notebook, as far as they can be held."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from typing import Any

from cxkit.running.notebooks.notebook import joined
from cxkit.running.provenance.changes import Change

MOST_PIXELS = 60_000_000
"""Over all frames of one picture: 240 MB of memory. A file of one megabyte can hold a hundred times as many."""

# What browsers show. Of others, some are handed to programs that this machine happens to have, as EPS to Ghostscript.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112  # of Exif
# PNG, third edition, 5.6: what the pixels show already, and what no viewer shows. All other chunks count: gAMA, cHRM,
# iCCP, sRGB, cICP, mDCV, cLLI and tRNS change colours, acTL and fcTL what is seen when, pHYs and eXIf size and turn.
_UNSEEN = frozenset({b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"hIST", b"sPLT",
                     b"sBIT"})  # fmt: skip


class TooLarge(ValueError):
    """A picture with more pixels than are compared."""


def frames_of(picture: Any) -> list[Any]:
    """The pixels of each frame: height by width by colours; one number a pixel where a colour has more than 8 bits.

    Parameters
    ----------
    picture : str or list of str
        The file in base64.

    Raises
    ------
    TooLarge
        If it has more than `MOST_PIXELS`, before any is decoded.
    """
    import numpy as np
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(_content_of(picture)), formats=_FORMATS) as image:
        width, height = image.size
        pixels = width * height * int(getattr(image, "n_frames", 1))
        if pixels > MOST_PIXELS:
            raise TooLarge(f"{pixels:,} pixels are more than the {MOST_PIXELS:,} that are compared")
        deep = image.mode.startswith(("I", "F"))
        return [np.asarray(frame if deep else frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


def looks_of(picture: Any) -> list[tuple[str, Any]]:
    """What a file says beside its pixels of how they are seen: colours, transparency, time."""
    from PIL import Image, ImageSequence

    content = _content_of(picture)
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        turned = ("orientation", _orientation(image.info.get("exif")))
        if content.startswith(_PNG):
            return [turned, *((k.decode("latin-1"), held) for k, held in _chunks(content) if k not in _UNSEEN)]
        times = [frame.info.get("duration") for frame in ImageSequence.Iterator(image)]
        return [turned, ("duration", times), *((name, image.info.get(name)) for name in ("icc_profile", "loop"))]


def _orientation(exif: bytes | None) -> int:
    """How a browser turns the picture: by its Exif data alone, and not by what XMP or a comment says."""
    from PIL import Image

    held = Image.Exif()
    if exif:
        held.load(exif)
    return int(held.get(_ORIENTATION, 1))


def picture_changes(place: str, before: Any, now: Any) -> Iterator[Change]:
    """Two files may hold one picture: what counts is the pixels of every frame, and how it is turned."""
    import numpy as np

    try:
        one, other = frames_of(before), frames_of(now)
        is_seen_so = looks_of(before) == looks_of(now)
    except TooLarge as error:
        yield Change(place, f"the picture in {place} is another file, and {error}", "words")
        return
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
    if not is_seen_so:
        told = (
            f"the picture in {place} has the same pixels, and its file sets other colours, transparency, size or time"
        )
        yield Change(place, told, "picture")


def _size(frames: Sequence[Any]) -> str:
    height, width = frames[0].shape[:2]
    many = f" in {len(frames)} frames" if len(frames) > 1 else ""
    return f"{width} by {height} pixels large{many}"


def _content_of(picture: Any) -> bytes:
    """A file from its base64, which holds nothing else: what another reader passes over would be another picture."""
    return base64.b64decode("".join(joined(picture).split("\n")), validate=True)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG: four bytes with the length of the data, four with the kind, the data, four to check it."""
    place = len(_PNG)
    while place < len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : end]
        place = end + 4
