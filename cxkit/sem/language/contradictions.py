"""Lines of a model that contradict or repeat one another, found before any data are looked at.

Whatever the language accepts changes the model: a second value or label for the same parameter, which lavaan drops
without a word, is refused here, and so is a term that stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import isnan

from cxkit.errors import ModelError
from cxkit.sem.language.formulas import evaluation_order
from cxkit.sem.language.statements import Equation, Statement

THRESHOLD = re.compile(r"t[1-9]\d*")


def check_statements(statements: Sequence[Statement]) -> None:
    """Refuse terms that contradict another, repeat another, or relate what cannot be related."""
    seen: dict[tuple[str, str, str], list[Statement]] = {}
    for statement in statements:
        _check_sides(statement)
        key = (statement.lhs, statement.op, statement.rhs)
        if statement.op == "~~" and (statement.rhs, "~~", statement.lhs) in seen:
            key = (statement.rhs, "~~", statement.lhs)
        for earlier in seen.setdefault(key, []):
            _check_pair(earlier, statement)
        seen[key].append(statement)
    _check_circles(statements)


def _check_sides(statement: Statement) -> None:
    lhs, op, rhs = statement.lhs, statement.op, statement.rhs
    where = f"Model, line {statement.line}: '{written(statement)}'"
    if op in ("=~", "~") and lhs == rhs:
        raise ModelError(f"{where} lets a variable depend on itself. Remove it, or name the other variable.")
    if op == "~*~" and lhs != rhs:
        raise ModelError(f"{where} joins two variables; a scale belongs to one: write '{lhs} ~*~ {lhs}'.")
    if op == "|" and not THRESHOLD.fullmatch(rhs):
        raise ModelError(f"{where}: thresholds are named t1, t2, ...; write '{lhs} | t1'.")
    modifiers = statement.modifiers
    if modifiers.equal and any(modifiers.label):
        raise ModelError(f"{where} has a label as well as equal(). Give both parameters that label instead.")


def written(statement: Statement) -> str:
    """The relation as it stands in a model: `f =~ x1`, `x1 ~ 1`."""
    return f"{statement.lhs} ~ 1" if statement.op == "~1" else f"{statement.lhs} {statement.op} {statement.rhs}"


def _check_pair(first: Statement, second: Statement) -> None:
    where = f"Model, line {second.line}: '{written(second)}'"
    mirrored = first.lhs != second.lhs and first.line == second.line  # 'x1 + x2 ~~ x1 + x2' names the pair twice
    if not second.modifiers and not mirrored:
        place = "the same line" if first.line == second.line else f"line {first.line}"
        raise ModelError(f"{where} stands in {place} already. Remove one of the two, or name the variable you meant.")
    pairs = (
        ("value", first.modifiers.fixed, second.modifiers.fixed),
        ("starting value", first.modifiers.start, second.modifiers.start),
        ("label", first.modifiers.label, second.modifiers.label),
    )
    for what, earlier, later in pairs:
        if earlier and later and not _alike(earlier, later):
            raise ModelError(
                f"{where} has a second {what}, {_listed(later)} after {_listed(earlier)} in line {first.line}. "
                "Keep one of them; a parameter that shall equal another takes the other's label, or a line 'a == b'."
            )


def _alike(first: Sequence[object], second: Sequence[object]) -> bool:
    return len(first) == len(second) and all(
        a == b or (isinstance(a, float) and isinstance(b, float) and isnan(a) and isnan(b))
        for a, b in zip(first, second, strict=True)
    )


def _listed(values: Sequence[object]) -> str:
    words = ["NA" if isinstance(value, float) and isnan(value) else _short(value) for value in values]
    return words[0] if len(words) == 1 else f"c({', '.join(words)})"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value or "")


def _check_circles(statements: Iterable[Statement]) -> None:
    """A factor may measure factors, but none may measure itself through others."""
    measured: dict[str, list[str]] = {s.lhs: [] for s in statements if s.op == "=~"}
    lines = {s.lhs: s.line for s in statements if s.op == "=~"}
    for statement in statements:
        if statement.op == "=~" and statement.rhs in measured:
            measured[statement.lhs].append(statement.rhs)
    _walk(measured, lines)


def _walk(measured: dict[str, list[str]], lines: dict[str, int]) -> None:
    for start, direct in measured.items():
        reached, pending = set(), list(direct)
        while pending:
            name = pending.pop()
            if name == start:
                raise ModelError(
                    f"Model, line {lines[start]}: '{start}' is measured by a factor that '{start}' itself measures, so "
                    "neither has a scale. Let one of them be the higher-order factor, or use '~' for an effect."
                )
            if name not in reached:
                reached.add(name)
                pending += measured[name]


def check_equations(equations: Sequence[Equation]) -> None:
    """Refuse a definition that is made twice, or that needs itself."""
    defined: dict[str, Equation] = {}
    for equation in equations:
        if equation.op != ":=":
            continue
        name = equation.lhs.text
        if name in defined:
            raise ModelError(
                f"Model, line {equation.line}: '{name}' is defined a second time (first in line {defined[name].line}). "
                "Give one of them another name."
            )
        defined[name] = equation
    evaluation_order(
        {name: equation.rhs.names for name, equation in defined.items()},
        {name: equation.line for name, equation in defined.items()},
    )
