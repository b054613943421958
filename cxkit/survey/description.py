"""Which keys the description of an instrument may have, and what may stand behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, TypeGuard

from cxkit.errors import Problems, nearest

KEYS = {
    "instrument": {
        "name", "title", "version", "language", "status", "citation", "licence", "source", "scale", "scales",
        "dimension", "single", "higher_order", "file", "respondent", "reading", "check",
    },
    "scale": {"low", "high", "labels", "codes", "missing_codes", "continuous"},
    "dimension": {"key", "title", "definition", "kind", "higher_is", "scale", "items"},
    "item": {"key", "text", "reversed", "column"},
    "single": {"key", "text", "scale", "measure", "column"},
    "higher_order": {"key", "title", "definition", "kind", "dimensions"},
    "role": {"column", "order", "labels"},
}  # fmt: skip
OPEN = "check"
"""May stand in every table: a question that is still open."""
REQUIRED = {
    "instrument": ("name", "title", "citation", "licence"),
    "scale": (),
    "dimension": ("key", "title", "items"),
    "item": ("key", "text"),
    "single": ("key", "text", "measure"),
    "higher_order": ("key", "title", "dimensions"),
    "role": ("column",),
}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_code(value: Any) -> bool:
    """A number, or words; a number in quotation marks is none of both."""
    if not _is_text(value):
        return _is_number(value)
    try:
        float(value.replace(",", "."))
    except ValueError:
        return bool(value.strip())
    return False


def _is_wording(value: Any) -> bool:
    """Words, or a list of some."""
    return _is_text(value) or (isinstance(value, list | tuple) and bool(value) and all(map(_is_text, value)))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(check, value))


_TEXT = ("text in quotation marks", _is_text)
_NUMBER = ("a number", _is_number)
_TRUTH = ("true or false", lambda value: isinstance(value, bool))
_FORMS: dict[tuple[str, str], tuple[str, Callable[[Any], bool]]] = {
    ("instrument", "version"): ('text, such as "1.0"', lambda value: _is_text(value) or _is_number(value)),
    ("instrument", "scale"): ("a table, written [scale]", _is_table),
    ("instrument", "scales"): (
        "tables, each written [scales.<name>]",
        lambda value: _is_table(value) and all(map(_is_table, value.values())),
    ),
    ("instrument", "dimension"): ("tables, each written [[dimension]]", _is_list_of(_is_table)),
    ("instrument", "single"): ("tables, each written [[single]]", _is_list_of(_is_table)),
    ("instrument", "higher_order"): ("tables, each written [[higher_order]]", _is_list_of(_is_table)),
    ("instrument", "respondent"): (
        'a table of columns, such as level = "Job level", written [respondent]',
        lambda value: _is_table(value) and all(_is_text(one) or _is_table(one) for one in value.values()),
    ),
    ("instrument", "reading"): ("a table of options of read_survey, written [reading]", _is_table),
    ("role", "order"): ('a list of names, such as ["Staff", "Head"]', _is_list_of(_is_text)),
    ("role", "labels"): (
        'a table of names, such as { 1 = "Staff", 2 = "Head" }',
        lambda value: _is_table(value) and all(map(_is_text, value.values())),
    ),
    ("scale", "low"): _NUMBER,
    ("scale", "high"): _NUMBER,
    ("scale", "labels"): (
        'a table of words, such as { 1 = "Never", 5 = ["Always", "At all times"] }',
        lambda value: _is_table(value) and all(map(_is_wording, value.values())),
    ),
    ("scale", "codes"): (
        "a table of what the file has to answers, such as { A1 = 1, A2 = 2 }",
        lambda value: _is_table(value) and all(map(_is_number, value.values())),
    ),
    ("scale", "missing_codes"): ('a list of numbers or words, such as [99, "Don\'t know"]', _is_list_of(_is_code)),
    ("scale", "continuous"): _TRUTH,
    ("dimension", "items"): ("a list of tables, each { key = ..., text = ... }", _is_list_of(_is_table)),
    ("item", "reversed"): _TRUTH,
    ("higher_order", "dimensions"): ('a list of keys, such as ["loyalty"]', _is_list_of(_is_text)),
}


def well_formed(table: Mapping[str, Any], kind: str, where: str, problems: Problems) -> dict[str, Any]:
    """The entries of a table that can be used; what is unknown, missing or of another form goes to `problems`."""
    good: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS[kind] and key != OPEN:
            problems.add(f"{where}: unknown key '{key}'.{nearest(key, sorted(KEYS[kind]))}")
            continue
        form, is_good = _FORMS.get((kind, key), _TEXT)
        if is_good(value):
            good[key] = value
        else:
            problems.add(f"{where}: '{key}' must be {form}; it is {_shown(value)}.")
    for key in REQUIRED[kind]:
        if not good.get(key, key in table):
            problems.add(f"{where}: '{key}' is missing.")
    return good


def is_complete(table: Mapping[str, Any], kind: str) -> bool:
    """Whether everything is there that must be."""
    return all(table.get(key) for key in REQUIRED[kind])


def _shown(value: Any) -> str:
    """What was found, as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
