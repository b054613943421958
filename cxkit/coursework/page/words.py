"""How marks and strangers' texts are written on a page."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup, escape

from cxkit.coursework.marks.data import Outcome
from cxkit.coursework.marks.points import points_text

OUTCOME_WORDS: dict[Outcome, str] = {
    "right": "Right",
    "partly": "Partly right",
    "wrong": "Not right",
    "missing": "No answer",
    "crashed": "Stopped with an error",
    "timed_out": "Ran out of time",
    "stopped": "Was stopped",
    "not_run": "Did not run",
    "refused": "Not marked",
    "awaiting": "Waits for a marker",
    "undecided": "Not decided yet",
}
WRITTEN_WORDS: dict[Outcome, str] = OUTCOME_WORDS | {
    "right": "Full marks",
    "partly": "Part of the marks",
    "wrong": "No marks",
}
"""Of what a person has judged: a view is not right or wrong."""

SHORT_WORDS: dict[Outcome, str] = {
    "right": "right", "partly": "partly", "wrong": "not right", "missing": "no answer", "crashed": "crashed",
    "timed_out": "out of time", "stopped": "stopped", "not_run": "not run", "refused": "not marked",
    "awaiting": "waiting", "undecided": "undecided",
}  # fmt: skip
"""For counts in a table."""

OUTCOME_SIGNS: dict[Outcome, str] = {
    "right": "✓", "partly": "◐", "wrong": "✗", "missing": "–", "crashed": "!", "timed_out": "!", "stopped": "!",
    "not_run": "–", "refused": "!", "awaiting": "…", "undecided": "…",
}  # fmt: skip
"""Beside the word and the colour: a page printed in grey must say the same."""

LONGEST = 600
_PICTURE = re.compile(r"data:image/[\w.+-]{1,40}(?:;[\w=.+-]{1,40}){0,4},[A-Za-z0-9+/=_%-]*")
_ROOM_FOR_NOTE = 100
_TURNS_TEXT = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")


def points_on_page(points: float) -> str:
    """Points as everywhere (`points_text`), with a true minus sign."""
    return points_text(points).replace("-", "−")


def share_text(share: float) -> str:
    """A share in per cent, whole numbers."""
    return f"{share * 100:.0f} %"


def plain_text(text: str, longest: int = LONGEST) -> str:
    """A stranger's text that shows what it holds: signs that turn or hide text are written out, and it ends somewhere.

    Parameters
    ----------
    text : str
    longest : int
        Characters kept; how many more there were is said.

    Returns
    -------
    str
        Not escaped: that is the template's part.
    """
    kept = text[:longest].replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(char if _harmless(char) else f"\\u{ord(char):04x}" for char in kept)
    return shown + (f" [... and {len(text) - longest:,} more characters]" if len(text) > longest else "")


def without_pictures(text: str) -> str:
    """A text whose pasted pictures, which an editor writes out in it as base64, are taken out; each leaves a note."""
    return _PICTURE.sub(lambda found: f"[a picture of {len(found[0]):,} characters stands here in the notebook]", text)


def cut_text(text: str, longest: int) -> str:
    """At most so many characters; a text that is cut says so, and how much is missing.

    Pictures are taken out first: one that is pasted above the words must not push them out.
    """
    text = without_pictures(text)
    if len(text) <= longest:
        return text
    kept = text[: longest - _ROOM_FOR_NOTE]
    return f"{kept}\n[cut: {len(text) - len(kept):,} characters more; they stand in the notebook]"


def with_code(text: str) -> Markup:
    """A sentence in which `names` stand between backticks, as html: everything escaped, the names set as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if n % 2 else escape(piece) for n, piece in enumerate(pieces)
    )


def _harmless(char: str) -> bool:
    if char in "\n\t":
        return True
    return not (_TURNS_TEXT.match(char) or unicodedata.category(char) in {"Cc", "Cs"})
