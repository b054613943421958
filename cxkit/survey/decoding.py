"""The bytes of a text file as text, whatever program wrote them.

One stray byte (a name pasted from another program) must not turn a whole UTF-8 file into another encoding: every
"Müller" would become "MÃ¼ller" and one department two. Such bytes are read as Windows Latin-1 one by one, and named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxkit.errors import SurveyError, counted
from cxkit.survey.other_formats import is_web_page, remedy_for
from cxkit.survey.wrong_encoding import eastern_readings, other_readings
from cxkit.without_contents import without_contents

LINE_END = re.compile(r"\r\n|\r|\n")
STRAYS_NAMED = 5
_STRAY = re.compile("[\udc80-\udcff]")  # how Python's "surrogateescape" holds bytes that are not UTF-8
_VALID = re.compile("[^\x00-\x7f\udc80-\udcff\ufeff]")
# Capital accents before a typographic quotation mark or dash are valid UTF-8 by chance; a file in Windows Latin-1 with
# a few of these is still one. A UTF-8 file has more valid letters than stray ones.
_CHANCE = 10


@dataclass(frozen=True, kw_only=True)
class StrayByte:
    """A byte that is not UTF-8 in a file that otherwise is: its line, its value, and the letter it was read as."""

    line: int
    byte: int
    letter: str


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The text of a file, which of its bytes were not in its encoding, and in which others it could have been read."""

    text: str
    strays: tuple[StrayByte, ...] = ()
    is_latin: bool = False
    readings: tuple[str, ...] = ()

    __repr__ = without_contents


def decode_file(path: Path, encoding: str | None) -> Decoded:
    """Decode a file as UTF-8 with or without mark, as UTF-16 with mark, else as Windows Latin-1.

    Parameters
    ----------
    path
        The file.
    encoding
        As the caller named it; found out where None.

    Raises
    ------
    SurveyError
        If it cannot be opened, is no text, or is not in the encoding that was named.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SurveyError(f"{path} cannot be opened: {error.strerror}.") from None
    if is_web_page(raw):
        raise SurveyError(f"{path.name} is not a table of text. {remedy_for(raw)}")
    if encoding is None and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        text = raw.decode(encoding or "utf-8")
        if "\x00" not in text:
            return Decoded(text=text.removeprefix("\ufeff"))
    except LookupError:
        raise SurveyError(f"'{encoding}' is not an encoding; 'utf-8' and 'cp1252' are the usual ones.") from None
    except UnicodeDecodeError as error:
        if encoding is not None:
            line = raw[: error.start].count(b"\n") + 1
            raise SurveyError(
                f"{path.name} is not {encoding}: byte 0x{raw[error.start]:02x} in line {line}. "
                "Leave encoding out, or save the file as UTF-8."
            ) from None
    if b"\x00" in raw:
        raise SurveyError(_of_zero_bytes(raw, path.name))
    _refuse_eastern(raw, path.name)
    return _decode_mixed(raw, path.name)


def _of_zero_bytes(raw: bytes, source: str) -> str:
    """What to say of a file with zero bytes: none is text, unless UTF-16 writes one beside each plain letter."""
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):  # behind each letter, or before it
        if raw[start::2].count(0) * 4 > len(raw):
            return f"{source} is UTF-16 without a mark at its beginning: say encoding='{name}'."
    remedy = remedy_for(raw) or "Save it as UTF-8, or say its encoding=... if it is UTF-16."
    return f"{source} is not a text file: it holds zero bytes. {remedy}"


def _refuse_eastern(raw: bytes, source: str) -> None:
    """Refuse what would be read as letters that nobody wrote."""
    readings = eastern_readings(raw)
    if readings:
        raise SurveyError(
            f"{source} is not UTF-8, but reads as text in another encoding: say encoding={' or '.join(readings)}. "
            "Or save it as UTF-8."
        )


def _decode_mixed(raw: bytes, source: str) -> Decoded:
    escaped = raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    n_strays, n_valid = len(_STRAY.findall(escaped)), len(_VALID.findall(escaped))
    if n_strays > _CHANCE * n_valid:
        return _decode_latin(raw, source)
    strays = []
    line, seen = 1, 0
    for match in _STRAY.finditer(escaped):
        line += len(LINE_END.findall(escaped, seen, match.start()))
        seen = match.start()
        byte = ord(match.group()) - 0xDC00
        strays.append(StrayByte(line=line, byte=byte, letter=_latin(byte)))
    text = _STRAY.sub(lambda match: _latin(ord(match.group()) - 0xDC00), escaped)
    return Decoded(text=text, strays=tuple(strays))


def _decode_latin(raw: bytes, source: str) -> Decoded:
    """Windows Latin-1; refused where a byte is no letter of it: two names could become one."""
    readings = tuple(other_readings(raw))
    try:
        return Decoded(text=raw.decode("cp1252"), is_latin=True, readings=readings)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        offered = ", ".join(readings) or "'mac_roman', 'cp850' and 'latin-1' are some"
        raise SurveyError(
            f"{source} is neither UTF-8 nor Windows Latin-1: byte 0x{raw[error.start]:02x} in line {line}. Save it as "
            f"UTF-8, or say its encoding=...: {offered}."
        ) from None


def _latin(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="replace")


def stray_note(name: str, strays: Sequence[StrayByte], rows: Sequence[int]) -> str:
    """The sentence that names the rows of stray bytes."""
    named = [
        f"row {row} (0x{stray.byte:02x}, read as '{stray.letter}')" for stray, row in zip(strays, rows, strict=True)
    ]
    shown = ", ".join(named[:STRAYS_NAMED]) + (", ..." if len(named) > STRAYS_NAMED else "")
    return f"{name} is UTF-8 but for {counted(len(strays), 'byte')}: {shown}. Correct them in the file."
