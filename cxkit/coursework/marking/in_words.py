"""Answers, and what was asked, as a person reads them."""

from __future__ import annotations

from typing import Any

from cxkit.coursework.assignment.data import ANSWER_KINDS, Answer
from cxkit.coursework.marking.answers import Number, Refused, Series, Table, Text, Value

_SHOWN = 120


def shown(value: Value | None) -> str:
    """An answer as a person reads it, in one short line."""
    if value is None:
        return ""
    if isinstance(value, Number):
        return "NaN" if value.value is None else f"{value.value:.6g}"
    if isinstance(value, Text):
        return value.value[:_SHOWN]
    if isinstance(value, Refused):
        return ""
    return _shown_larger(value)


def _shown_larger(value: Value) -> str:
    if isinstance(value, Series):
        labels = value.labels or tuple(str(k) for k in range(len(value.values)))
        parts = [f"{label}: {_cell(cell)}" for label, cell in zip(labels[:4], value.values[:4], strict=True)]
        more = f", ... ({len(labels)} values)" if len(labels) > 4 else ""
        while len(parts) > 1 and len(", ".join(parts)) + len(more) > _SHOWN:
            more = f", ... ({len(labels)} values)"
            parts.pop()
        return ", ".join(parts)[:_SHOWN] + more
    if isinstance(value, Table):
        return f"{len(value.rows)} rows, {len(value.columns)} columns: {', '.join(value.columns)}"[:_SHOWN]
    return "a figure"


def _cell(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def asked(answer: Answer) -> str:
    """What kind of thing was wanted, and how exactly."""
    close = answer.tolerance.absolute
    if answer.type == "choice":
        return " or ".join(f'"{option}"' for option in answer.options)
    return ANSWER_KINDS[answer.type] + (f", to within {_plain(close)}" if close and answer.type != "text" else "")


def _plain(tolerance: float) -> str:
    """Without an exponent: 0.00006, not 6e-05."""
    return f"{tolerance:.12f}".rstrip("0").rstrip(".") or f"{tolerance:g}"
