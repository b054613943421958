r"""Styles of a notebook's html, reduced to what can only change the look of the notebook's own output.

A CSS parser (tinycss2) reads them, so that escapes such as ``u\72l(`` mean what a browser takes them for; only known
properties with known functions are written out again. Nothing that loads, covers or hides passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import tinycss2

# Colour, text, boxes, tables and the strokes of svg. Left out: position, content, display and visibility of whole
# sheets, behaviour: with these an output could cover or hide other parts of the report.
_SHEET = """background background-color background-image border border-bottom border-bottom-color
border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width border-collapse
border-color border-left border-left-color border-left-style border-left-width border-radius border-right
border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color
border-top-left-radius border-top-right-radius border-top-style border-top-width border-width caption-side color
empty-cells fill fill-opacity fill-rule font font-family font-size font-stretch font-style font-variant
font-variant-numeric font-weight height hyphens letter-spacing line-height list-style-type margin margin-bottom
margin-left margin-right margin-top max-height max-width min-height min-width opacity overflow overflow-x overflow-y
overflow-wrap padding padding-bottom padding-left padding-right padding-top quotes shape-rendering stop-color
stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit
stroke-opacity stroke-width table-layout text-align text-anchor text-decoration text-indent text-transform transform
vertical-align white-space width word-break word-spacing clip-path clip-rule dominant-baseline alignment-baseline
marker-start marker-mid marker-end"""
_LAYOUT = """align-items clear column-gap display flex flex-direction flex-wrap float gap grid-template-columns
justify-content row-gap"""
_CALLED = """rgb rgba hsl hsla calc min max clamp translate translatex translatey scale scalex scaley rotate skewx
skewy matrix linear-gradient radial-gradient repeat minmax"""
_PROPERTIES = frozenset(_SHEET.split())
# On an element of its own an output may also say how it is laid out.
_INLINE = _PROPERTIES | frozenset(_LAYOUT.split())
_FUNCTIONS = frozenset(_CALLED.split())


def safe_declarations(text: str) -> str:
    """The declarations of a style attribute that may stand in a report."""
    return _unless_too_deep(lambda: _declarations(tinycss2.parse_blocks_contents(text), _INLINE))


def safe_stylesheet(text: str) -> str:
    """The rules of a style element that may stand in a report; every at-rule goes."""
    rules = []
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            rules.append(_unless_too_deep(partial(_rule, rule)))
    return "\n".join(filter(None, rules))


def _rule(rule: Any) -> str:
    selector = tinycss2.serialize(rule.prelude).strip()
    kept = _declarations(tinycss2.parse_blocks_contents(rule.content), _PROPERTIES)
    # "<" has no meaning in a selector; in the text of a style element it could end it.
    return f"{selector}{{{kept}}}" if kept and "<" not in selector and "<" not in kept else ""


def is_safe_value(text: str) -> bool:
    """Whether the value of an svg attribute such as ``fill`` calls known functions only and loads nothing."""
    safe = _unless_too_deep(lambda: "yes" if _is_safe(tinycss2.parse_component_value_list(text)) else "")
    return safe == "yes"


def _unless_too_deep(read: Callable[[], str]) -> str:
    """What `read` gives; nothing for brackets within one another without end, which are nobody's style."""
    try:
        return read()
    except RecursionError:
        return ""


def _declarations(found: Iterable[Any], properties: frozenset[str]) -> str:
    kept = []
    for declaration in found:
        if declaration.type == "declaration" and declaration.lower_name in properties and _is_safe(declaration.value):
            important = " !important" if declaration.important else ""
            kept.append(f"{declaration.lower_name}:{tinycss2.serialize(declaration.value).strip()}{important}")
    return ";".join(kept)


def _is_safe(tokens: Iterable[Any]) -> bool:
    return all(map(_is_safe_token, tokens))


def _is_safe_token(token: Any) -> bool:
    if token.type == "error":
        return False
    if token.type == "url":
        return str(token.value).startswith("#")  # a gradient or clip path of the same picture
    if token.type == "function":
        if token.lower_name == "url":  # with quotation marks the parser sees a function
            return all(one.type in {"whitespace", "string"} and _is_fragment(one) for one in token.arguments)
        return token.lower_name in _FUNCTIONS and _is_safe(token.arguments)
    inner = getattr(token, "content", None)
    return _is_safe(inner) if isinstance(inner, list) else True


def _is_fragment(token: Any) -> bool:
    return token.type == "whitespace" or str(token.value).startswith("#")
