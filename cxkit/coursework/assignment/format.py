"""What may stand in assignment.toml: every table and key, what it must be, and what it means.

The reader checks against these tables, and the page for authors is written from them, so that neither can lag behind.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a value must be: said in words, and tested."""

    words: str
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, (str, bool)) or _is_number(value)


def is_variable(value: Any) -> bool:
    """Whether this can name a variable of Python."""
    return isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value)


_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.IGNORECASE)

ID = Kind(
    words="an id of letters, digits, - and _, beginning with a letter or digit",
    fits=lambda value: isinstance(value, str) and _ID.fullmatch(value) is not None,
)
TEXT = Kind(words="a text", fits=_is_text)
TEXTS = Kind(words="a list of texts", fits=lambda v: isinstance(v, list) and all(map(_is_text, v)))
VARIABLE = Kind(words="the name of a variable", fits=is_variable)
POSITIVE = Kind(words="a number above 0", fits=lambda v: _is_number(v) and v > 0)
AMOUNT = Kind(words="a number, 0 or above", fits=lambda v: _is_number(v) and v >= 0)
WHOLE = Kind(words="a whole number above 0", fits=lambda v: _is_number(v) and isinstance(v, int) and v > 0)
SEED = Kind(words="a whole number, 0 or above", fits=lambda v: _is_number(v) and isinstance(v, int) and v >= 0)
SHARE = Kind(words="a share from 0 to 1", fits=lambda v: _is_number(v) and 0 <= v <= 1)
PART = Kind(words="a share above 0 and below 1", fits=lambda v: _is_number(v) and 0 < v < 1)
YES_NO = Kind(words="true or false", fits=lambda v: isinstance(v, bool))
VALUES = Kind(words="a table of numbers, texts, true or false, or lists of these", fits=lambda v: isinstance(v, dict))
PLAIN = Kind(words="a number, a text, true or false, or a list of these", fits=_is_plain)


def one_of(*words: str) -> Kind:
    """One of a few words."""
    listed = ", ".join(f'"{word}"' for word in words)
    return Kind(words=f"one of {listed}", fits=lambda v: isinstance(v, str) and v in words)


def some_of(*words: str) -> Kind:
    """A list of some of a few words."""
    listed = ", ".join(f'"{word}"' for word in words)
    return Kind(words=f"a list of {listed}", fits=lambda v: isinstance(v, list) and all(one in words for one in v))


def or_any(kind: Kind) -> Kind:
    """The same, or `"*"`."""
    return Kind(words=f'{kind.words}, or "*" for any', fits=lambda v: v == "*" or kind.fits(v))


_NEEDED = object()


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key: what it must be, what it means, and what holds if it is not there."""

    kind: Kind
    meaning: str
    default: Any = _NEEDED
    types: tuple[str, ...] = ()
    """Of an answer: the types that know this key; empty for all."""

    @property
    def is_needed(self) -> bool:
        """Whether it must be there."""
        return self.default is _NEEDED


@dataclass(frozen=True, kw_only=True)
class Form:
    """One table of the file: how it is headed, its keys, and the names of the tables within it."""

    heading: str
    keys: Mapping[str, Key]
    tables: Mapping[str, Form] = field(default_factory=dict)


def needed(kind: Kind, meaning: str) -> Key:
    """A key that must be there."""
    return Key(kind=kind, meaning=meaning)


def optional(kind: Kind, default: Any, meaning: str, *types: str) -> Key:
    """A key that may be left out."""
    return Key(kind=kind, default=default, meaning=meaning, types=types)


_NUMBERS = ("number", "series", "table", "figure")

LIMITS = Form(
    heading="[limits]",
    keys={
        "cell_seconds": optional(POSITIVE, 60.0, "Time of one cell"),
        "total_seconds": optional(POSITIVE, 300.0, "Time of one run of the notebook"),
        "cpu_seconds": optional(WHOLE, 600, "Processor time of one run"),
        "memory_mb": optional(WHOLE, 1536, "Memory of one run beyond the kernel's own"),
        "work_mb": optional(WHOLE, 128, "Files that a run may write, together"),
        "output_mb": optional(WHOLE, 4, "What one cell may print and show"),
    },
)

LATE = Form(
    heading="[late]",
    keys={
        "grace_minutes": optional(AMOUNT, 0.0, "Minutes after the deadline that cost nothing"),
        "per_day": optional(SHARE, 0.0, "Share of the points earned that each day begun costs"),
        "at_most": optional(SHARE, 1.0, "Largest share that lateness costs"),
    },
)

FILE = Form(
    heading="[files.PARAMETER]",
    keys={
        "file": needed(TEXT, "The file's path in the folder; PARAMETER holds it in the notebook"),
        "vary": optional(one_of("no", "rows"), "no", "Whether students and parameter sets get different rows"),
        "rows": optional(WHOLE, None, 'With `vary = "rows"`: how many rows each gets, drawn without replacement'),
    },
)

HELD_OUT = Form(
    heading="[[held_out]]",
    keys={
        "id": needed(ID, "A name for the set"),
        "data_seed": optional(SEED, None, "Which rows of the varied files"),
        "parameters": optional(VALUES, {}, "Values in place of the public ones"),
    },
)

PARTIAL = Form(
    heading="partial",
    keys={
        "absolute": optional(AMOUNT, 0.0, "As of the answer, and wider"),
        "relative": optional(AMOUNT, 0.0, "As of the answer, and wider"),
        "share": needed(PART, "Share of the answer's points"),
        "feedback": needed(TEXT, "What the student is told"),
    },
)

_COUNT = or_any(Kind(words="a whole number, 0 or above", fits=SEED.fits))
_PART_OF_TEXT = or_any(Kind(words="a text that must stand in it", fits=_is_text))

FACTS = Form(
    heading="facts",
    keys={
        "title": optional(_PART_OF_TEXT, None, "The title of the first axes"),
        "xlabel": optional(_PART_OF_TEXT, None, "The label of their x axis"),
        "ylabel": optional(_PART_OF_TEXT, None, "The label of their y axis"),
        "kind": optional(or_any(one_of("bar", "scatter", "line", "image", "empty")), None,
                         "What they show; bars are told before points, these before lines"),
        "orientation": optional(or_any(one_of("vertical", "horizontal")), None,
                                "Which way bars stand: `bar` or `barh`; without it either is right"),
        "n_bars": optional(_COUNT, None, "How many bars, and other patches"),
        "n_lines": optional(_COUNT, None, "How many lines"),
        "n_points": optional(_COUNT, None, "How many points of scatter plots"),
        "n_axes": optional(_COUNT, None, "How many axes the figure has"),
        "legend": optional(or_any(YES_NO), None, "Whether they have a legend"),
    },
)  # fmt: skip

ANSWER = Form(
    heading="[[questions.answers]]",
    keys={
        "name": needed(VARIABLE, "The variable that the notebook leaves behind"),
        "type": needed(one_of("number", "text", "choice", "table", "series", "figure"), "What it holds"),
        "points": needed(POSITIVE, "The answers' points sum to the question's"),
        "absolute": optional(AMOUNT, 0.0, "How far a number may be off", *_NUMBERS),
        "relative": optional(AMOUNT, 0.0, "The same as a share of the right number; the wider counts", *_NUMBERS),
        "units": optional(some_of("proportion", "percent"), [], "Units that are accepted", "number", "series", "table"),
        "options": optional(TEXTS, [], "What a choice chooses from", "choice"),
        "accept": optional(TEXTS, [], "Texts that are right as well", "text"),
        "key": optional(TEXTS, [], "Columns that tell rows apart; without it the index does", "table"),
        "columns": optional(TEXTS, [], "Columns that count; without it all of the model's", "table"),
        "further_rows": optional(YES_NO, False, "Rows that the model has not are allowed; else they make the table "
                                 "wrong", "table"),
        "any_order": optional(YES_NO, False, "Rows may stand in any order", "table", "series"),
        "sign_free": optional(TEXTS, [], "Columns that may be multiplied by -1, as factors may", "table"),
        "factor_columns": optional(
            TEXTS, [], "Columns of loadings: factors in any order and with any sign are right", "table"
        ),
        "facts": optional(VALUES, {}, "What must be so in the figure: see `facts`", "figure"),
        "few_values": optional(
            YES_NO,
            False,
            "Few numbers are possible, so it counts only if another answer of the question does",
            "number",
        ),
    },
    tables={"partial": PARTIAL},
)  # fmt: skip
"""`facts` is a key, since it stands in one line; what may stand in it is `FACTS`."""

MISTAKE = Form(
    heading="[[questions.mistakes]]",
    keys={
        "id": needed(ID, "A name; the code that makes the mistake stands in `mistakes/ID.py`"),
        "points": needed(AMOUNT, "What who makes it earns on this question"),
        "feedback": needed(TEXT, "What who makes it is told"),
    },
)

CRITERION = Form(
    heading="[[questions.rubric.criteria]]",
    keys={
        "id": needed(ID, "A name"),
        "points": needed(POSITIVE, "The criteria's points sum to the question's"),
        "text": needed(TEXT, "What is looked for"),
        "levels": optional(TEXTS, [], "What an answer of each level looks like, the weakest first"),
    },
)

RUBRIC = Form(heading="[questions.rubric]", keys={}, tables={"criteria": CRITERION})

QUESTION = Form(
    heading="[[questions]]",
    keys={
        "id": needed(ID, "A name; the question's cells carry it in their metadata"),
        "title": needed(TEXT, "What people call it"),
        "points": needed(POSITIVE, "The questions' points sum to the assignment's"),
        "kind": optional(one_of("computed", "written"), "computed", "Compared with the model, or read by a person"),
        "after": optional(TEXTS, [], "Questions that must be right, or this one earns nothing: for answers with few "
                          "possible values, which can be guessed"),
        "read": optional(TEXT, "", "Where to read about it"),
    },
    tables={"answers": ANSWER, "mistakes": MISTAKE, "rubric": RUBRIC},
)  # fmt: skip

RELEASE = Form(
    heading="[release]",
    keys={
        "files": optional(TEXTS, [], "Further files that students get and that notebooks find when they are marked: "
                          "modules, pictures, tables to read"),
    },
)  # fmt: skip

ASSIGNMENT = Form(
    heading="top of the file",
    keys={
        "id": needed(ID, "The folder's name"),
        "title": needed(TEXT, "What people call it"),
        "points": needed(POSITIVE, "For all of it"),
        "weight": optional(AMOUNT, 1.0, "In the course"),
        "expected_hours": optional(POSITIVE, None, "Hours of work, told to the students"),
        "source": optional(TEXT, "source.ipynb", "The notebook with the solutions in it"),
        "canary": optional(TEXT, "", "A text that stands in the solution and may appear nowhere in a release; else the "
                           "text of a comment `# CANARY: ...` in a solution"),
        "parameters": optional(VALUES, {}, "Further parameters of the notebook and their public values"),
    },
    tables={
        "limits": LIMITS, "late": LATE, "files": FILE, "release": RELEASE, "held_out": HELD_OUT, "questions": QUESTION,
    },
)  # fmt: skip

FORMS = (ASSIGNMENT, LIMITS, LATE, FILE, RELEASE, HELD_OUT, QUESTION, ANSWER, FACTS, PARTIAL, MISTAKE, CRITERION)
"""In the order in which an author meets them."""


def format_page() -> str:
    """Every table as Markdown, for the page for authors."""
    return "\n\n".join(f"### `{form.heading}`\n\n{_format_table(form)}" for form in FORMS) + "\n"


def _format_table(form: Form) -> str:
    lines = ["| key | must be | if left out | meaning |", "|---|---|---|---|"]
    for name, key in form.keys.items():
        only = f" ({', '.join(key.types)} only)" if key.types else ""
        lines.append(f"| `{name}` | {key.kind.words} | {_default_words(key)} | {key.meaning}{only} |")
    return "\n".join(lines)


def _default_words(key: Key) -> str:
    if key.is_needed:
        return "refused"
    if isinstance(key.default, bool):
        return "`false`"
    if key.default in (None, "", [], {}):
        return "none"
    return f"`{key.default:g}`" if isinstance(key.default, (int, float)) else f'`"{key.default}"`'
