"""Formulas over labels, such as `a*b + c`: compiled once, evaluated in numpy's arithmetic, never in Python's.

Python's integers grow without bound (`9^9^9` would not end) and its division raises; numpy's floats overflow to
infinity at once. Constant parts are worked out when the model is read: what can never be a number is refused there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from cxkit.errors import ModelError

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "log2", "log10")
}
# np.abs of a complex step would lose the derivative; this keeps it.
FUNCTIONS["abs"] = lambda value: np.where(np.real(value) < 0, -1, 1) * value
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}


class FormulaError(Exception):
    """A formula that is not one; the reader of models adds the place to the reason."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula over labels, such as `a*b + c`; calling it with values by label evaluates it (complex values too)."""

    text: str
    names: tuple[str, ...]
    source: str

    def __call__(self, values: Mapping[str, Any]) -> Any:
        scope = {f"_{i}": np.asarray(values[name]) for i, name in enumerate(self.names)}
        with np.errstate(all="ignore"):
            return eval(_code(self.source), {"__builtins__": {}, **FUNCTIONS}, scope)


@lru_cache(maxsize=1000)
def _code(source: str) -> CodeType:
    """Compiled once, and outside the expression: code can neither be copied nor sent to another process."""
    return compile(source, "<formula>", "eval")


def compile_formula(text: str, parts: Sequence[str], names: Sequence[str]) -> Expression:
    """An expression from Python source in `parts`, where `_0`, `_1`, ... stand for `names`; else a FormulaError."""
    try:
        folded = _fold(ast.parse(" ".join(parts), mode="eval").body)
        source = ast.unparse(ast.fix_missing_locations(ast.Expression(folded)))
        _code(source)
    except (SyntaxError, ValueError) as error:
        raise FormulaError(f"a formula of labels and numbers, not '{text[:60]}'") from error
    except (RecursionError, MemoryError) as error:
        raise FormulaError("a shorter formula: split it into several definitions (:=)") from error
    return Expression(text.replace(" ", ""), tuple(names), source)


def _fold(node: ast.expr) -> ast.expr:
    """The same formula with its constant parts worked out; only arithmetic and one-argument functions pass."""
    if isinstance(node, ast.Name):
        return node
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return _constant(node.value, node)
    function, children = _take_apart(node)
    folded = [_fold(child) for child in children]
    values = [child.value for child in folded if isinstance(child, ast.Constant)]
    if len(values) == len(folded):
        with np.errstate(all="ignore"):
            return _constant(function(*map(np.float64, values)), node)  # type: ignore[arg-type]
    if isinstance(node, ast.BinOp):
        return ast.BinOp(folded[0], node.op, folded[1])
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, folded[0])
    assert isinstance(node, ast.Call)
    return ast.Call(node.func, folded, [])


def _take_apart(node: ast.expr) -> tuple[Callable[..., Any], list[ast.expr]]:
    """The operation of a node and what it is applied to."""
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)], [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)], [node.operand]
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
    if named and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return FUNCTIONS[node.func.id], [node.args[0]]  # type: ignore[attr-defined]
    raise SyntaxError(ast.dump(node))


def _constant(value: float, node: ast.expr) -> ast.Constant:
    if not np.isfinite(value):
        what = "not a number" if np.isnan(value) else "infinite or beyond the largest number there is (1.8e308)"
        raise FormulaError(f"a formula whose constants can be worked out: '{_shown(node)}' is {what}")
    return ast.Constant(float(value))


def _shown(node: ast.expr) -> str:
    return ast.unparse(node).replace(" ** ", "^").replace(".0", "")[:60]


def evaluation_order(formulas: Mapping[str, Sequence[str]], lines: Mapping[str, int]) -> list[str]:
    """The definitions, each after those it uses, whatever the order in which they are written; circles are refused."""
    order: list[str] = []
    for start in formulas:
        if start in order:
            continue
        path, pending = [start], [iter(formulas[start])]
        while path:
            following = next((name for name in pending[-1] if name in formulas and name not in order), None)
            if following is None:
                order.append(path.pop())
                pending.pop()
            elif following in path:
                circle = " -> ".join([*path[path.index(following) :], following])
                raise ModelError(
                    f"Model, line {lines[following]}: the definitions go round in a circle ({circle}), so none of them "
                    "has a value. Define one of them by labels of parameters."
                )
            else:
                path.append(following)
                pending.append(iter(formulas[following]))
    return order
