"""Letters that a wrong encoding turned into others: by a program before this one, or here, where a file does not say.

Nothing is repaired in silence: what was meant is a guess. But two names of one group are two groups, and letters that
were lost can make one group of two.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

from cxkit.errors import counted
from cxkit.survey.privacy import MINIMUM_CELL

LOST = "\ufffd"
"""What programs write for a letter that they could not read."""
NAMES_SHOWN = 3
WORDS_LOOKED_AT = 20_000
# As what programs open UTF-8 that they take for the encoding of their system.
_OPENED_AS = ("cp1252", "mac_roman", "cp850")
# What a file may be in that is neither UTF-8 nor Windows Latin-1: Windows in other parts of the world, old Mac and DOS.
_OTHERS = ("cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman", "cp850")
# What files of East Asia are in: the codec that reads all of it, the one of the letters in daily use, and the first
# bytes of these letters there (GB 2312 level 1, Big5 level 1, KS X 1001 Hangul, JIS X 0208 kana and level 1).
_EASTERN = {
    "gb18030": ("gb2312", [(0xA1, 0xA3), (0xB0, 0xD7)]),
    "big5": ("big5", [(0xA1, 0xC6)]),
    "cp949": ("euc_kr", [(0xA1, 0xA3), (0xB0, 0xC8)]),
    "cp932": ("shift_jis", [(0x81, 0x83), (0x88, 0x97)]),
    "euc_jp": ("euc_jp", [(0xA1, 0xA1), (0xA3, 0xA5), (0xB0, 0xCF)]),
}
_IN_DAILY_USE = 0.9
_LEAST_LETTERS = 4
_BYTES_LOOKED_AT = 1 << 20
_LONGEST_SHOWN = 12
_EASTERN_WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_TYPOGRAPHIC = "‚„…‹›‘’“”•–—«»\xa0"  # at the same bytes in all of Windows' encodings
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")


def unmangled(name: str) -> str:
    """The name that was written, where UTF-8 was read in another encoding ("GrÃ¶ÃŸe"); else the name itself."""
    if name.isascii():
        return name
    for codec in _OPENED_AS:
        try:
            meant = b"".join(_byte_of(sign, codec) for sign in name).decode("utf-8")
        except UnicodeError:
            continue
        if any(map(str.isalpha, meant)) and len(meant) < len(name):
            return meant
    return name


def _byte_of(sign: str, codec: str) -> bytes:
    """The byte that the codec reads as this sign; bytes without a sign are read as control signs (C1)."""
    return bytes([ord(sign)]) if "\x80" <= sign <= "\x9f" else sign.encode(codec)


def mangled_notes(role: str, cells: Iterable[str]) -> list[str]:
    """What to say of names in a column of respondents that were read or written in a wrong encoding.

    Parameters
    ----------
    role
        The attribute that the column holds.
    cells
        Its cells, as they stand in the file.
    """
    names = [name for name in dict.fromkeys(cells) if not name.isascii()]
    meant = {name: unmangled(name) for name in names if unmangled(name) != name}
    lost = [name for name in names if LOST in name]
    is_group = role not in ("id", "weight")  # nobody's name belongs in a report
    notes = []
    if meant:
        pairs = [f"'{name}' (meant: '{written}')" for name, written in meant.items()]
        twice = [f"'{name}'" for name in sorted(set(meant.values()) & set(names))]
        apart = f", apart from {_listed(twice)}" if twice and is_group else ""
        shown = f": {_listed(pairs)}" if is_group else ""
        notes.append(
            f"The {role} has {counted(len(meant), 'name')} in a wrong encoding{shown}. They count as they "
            f"stand{apart}. Export the file again as UTF-8; if you named an encoding, leave it out."
        )
    if lost:
        shown = ": " + _listed([f"'{name}'" for name in lost]) if is_group else ""
        notes.append(
            f"The {role} has {counted(len(lost), 'name')} with lost letters (U+FFFD){shown}. Names that differed in "
            "these letters alone are one now. Export the file again."
        )
    return notes


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def other_readings(raw: bytes) -> list[str]:
    """Encodings in which every word of a file has the letters of one script, with a word that each reads otherwise.

    Windows Latin-1 gives nearly every byte a sign, so that it never fails; it is only the likeliest. The word is one
    that occurs as often as a group must be large, so that it is nobody's name.
    """
    counts = Counter(match.group() for match in islice(_WORD.finditer(raw), WORDS_LOOKED_AT))
    found = []
    for codec in _OTHERS:
        read = dict(zip(counts, _decoded(counts, codec), strict=False))
        changed = [word for word, other in read.items() if other != word.decode("cp1252", errors="replace")]
        if len(read) == len(counts) and changed:
            shown = next((f" ('{read[word]}')" for word in changed if counts[word] >= MINIMUM_CELL), "")
            found.append(f"'{codec}'{shown}")
    return found


def eastern_readings(raw: bytes) -> list[str]:
    """Encodings of East Asia in which nearly all letters of a file are such as people write every day.

    Read by chance, as text of Europe in one of them, most are rare. The word that is shown occurs as often as a group
    must be large, so that it is nobody's name.
    """
    start = raw[:_BYTES_LOOKED_AT]
    if len(raw) > len(start):
        start = start[: start.rfind(b"\n") + 1]  # within a letter nothing could be read
    found = []
    for codec, (charset, ranges) in _EASTERN.items():
        try:
            text = start.decode(codec)
        except UnicodeDecodeError:
            continue
        letters = Counter(sign for sign in text if not sign.isascii())
        usual = sum(count for sign, count in letters.items() if _is_in_daily_use(sign, charset, ranges))
        if len(letters) < _LEAST_LETTERS or usual < _IN_DAILY_USE * letters.total():
            continue
        words = Counter(_EASTERN_WORD.findall(text))
        shown = next((f" ('{word[:_LONGEST_SHOWN]}')" for word in words if words[word] >= MINIMUM_CELL), "")
        found.append(f"'{codec}'{shown}")
    return found


def _is_in_daily_use(sign: str, charset: str, ranges: Sequence[tuple[int, int]]) -> bool:
    try:
        written = sign.encode(charset)
    except UnicodeEncodeError:
        return False
    return len(written) == 2 and any(low <= written[0] <= high for low, high in ranges)


def _decoded(words: Iterable[bytes], codec: str) -> Iterator[str]:
    """The words up to the first that has no sense in this encoding."""
    for word in words:
        try:
            read = word.decode(codec)
        except UnicodeError:
            return
        plain = word.decode("cp1252", errors="replace")
        letters = [sign for sign, usual in zip(read, plain, strict=True) if sign != usual or sign not in _TYPOGRAPHIC]
        if not _is_plausible("".join(letters)):
            return
        yield read


def _is_plausible(word: str) -> bool:
    """Whether a word has letters of one script, and none with an accent is a capital after a small letter ("JosÈ")."""
    if word and (len({_script(sign) for sign in word}) != 1 or not _script(word[0])):
        return False
    return not any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(word))


def _script(letter: str) -> str:
    """The script of a letter, such as "LATIN"; nothing for other signs."""
    script = unicodedata.name(letter, "").partition(" ")[0]
    return script if script in ("LATIN", "CYRILLIC", "GREEK") else ""
