"""How a kernel sends what its notebook prints: every text can be sent, and what waits to be sent is bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipykernel.iostream import OutStream
    from jupyter_client.session import Session

PIECE = 1 << 17
"""Characters. What is printed without end fills the kernel's memory otherwise, faster than it is sent: whether the cell
or one below then fails for want of memory is a matter of chance. zmq keeps 1,000 messages for a slow reader, so that
pieces of this size can take no more than 128 MB there."""


def send_every_text(session: Session) -> None:
    """Have half a character (one of the two surrogates of an emoji that was cut in two) sent as an escape.

    jupyter_client writes UTF-8 and loses the message, an error's among them, or sends bytes that are none.
    """
    session.pack = pack


def pack(message: Any) -> bytes:
    """A message as JSON."""
    from jupyter_client.session import json_clean, json_default

    options: dict[str, Any] = {"default": json_default, "allow_nan": False}
    try:
        text = json.dumps(message, ensure_ascii=False, **options)
    except (TypeError, ValueError):  # as jupyter_client does with what is no JSON
        message = json_clean(message)
        text = json.dumps(message, ensure_ascii=False, **options)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(message, **options).encode("ascii")


def print_no_faster_than_is_sent() -> None:
    """Have whoever prints wait while more than a piece is not sent yet, and send long texts in pieces."""
    from ipykernel.iostream import OutStream

    write = OutStream.write

    def write_in_pieces(stream: OutStream, string: str) -> int | None:
        if not isinstance(string, str):
            return write(stream, string)  # which says what is wrong with it
        for start in range(0, max(len(string), 1), PIECE):
            write(stream, string[start : start + PIECE])
            if _waiting(stream) > PIECE:
                stream.flush()
        return len(string)

    OutStream.write = write_in_pieces  # type: ignore[method-assign,assignment]


def _waiting(stream: OutStream) -> int:
    with stream._buffer_lock:
        return sum(buffer.tell() for buffer in stream._buffers.values())
