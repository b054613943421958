"""The pixels of pictures in a notebook, as far as they can be held."""

from __future__ import annotations

import base64
import io
from typing import Any

from cxkit.running.notebooks.notebook import joined

MOST_PIXELS = 60_000_000
"""Over all frames of one picture: 240 MB of memory. A file of one megabyte can hold a hundred times as many."""


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
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(io.BytesIO(base64.b64decode(joined(picture)))) as image:
        width, height = image.size
        pixels = width * height * int(getattr(image, "n_frames", 1))
        if pixels > MOST_PIXELS:
            raise TooLarge(f"{pixels:,} pixels are more than the {MOST_PIXELS:,} that are compared")
        deep = image.mode.startswith(("I", "F"))
        turned = [ImageOps.exif_transpose(frame) for frame in ImageSequence.Iterator(image)]  # as browsers turn it
        return [np.asarray(frame if deep else frame.convert("RGBA")) for frame in turned]
