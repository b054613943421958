"""Which answers do an instructor's tests ask for? Read from their text; nothing is run.

`assert abs(x - 3) < .1` asks for a number `x`, right within .1. What it should be is not taken over: the model solution
gives it, for every set of parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

NUMBERS, TEXT, CHOICE, SERIES = "number", "text", "choice", "series"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One answer that a test asks for.

    Attributes
    ----------
    expression : str
        Mostly a variable; else Python that uses some, such as the call of a function that students write.
    type : str
        Of answers in assignment.toml.
    absolute, relative : float
        Tolerance.
    options : tuple of str
        Of a choice.
    line : str
        The test.
    """

    expression: str
    type: str
    absolute: float = 0.0
    relative: float = 0.0
    options: tuple[str, ...] = ()
    line: str = ""

    @property
    def is_variable(self) -> bool:
        """Whether the expression is a name."""
        return self.expression.isidentifier()


@dataclass(frozen=True, kw_only=True)
class Tests:
    """What the tests of a cell ask for, and the lines that could not be read."""

    asked: tuple[Asked, ...] = ()
    unread: tuple[str, ...] = field(default=())


def read_tests(code: str) -> Tests:
    """What do these tests ask for?"""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return Tests(unread=(f"not Python, line {error.lineno}: {error.msg}",))
    found: dict[str, Asked] = {}
    unread: list[str] = []
    for statement, test in _tests(tree):
        line = " ".join(ast.unparse(statement).split())
        asked = [replace(one, line=line) for one in _asked(test)]
        if not asked:
            unread.append(line)
        for one in asked:
            found[one.expression] = _narrower(found.get(one.expression), one)
    return Tests(asked=tuple(found.values()), unread=tuple(unread))


def _narrower(before: Asked | None, now: Asked) -> Asked:
    """Two tests of the same variable: the stricter counts."""
    if before is None or before.type != now.type:
        return before or now
    kept = now if (now.absolute, now.relative) < (before.absolute, before.relative) else before
    return replace(kept, options=before.options or now.options)


def _tests(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.expr]]:
    """Every assert, and every call of a function whose name begins with assert."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield node, node.test
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and "assert" in _name_of(node.value.func):
            yield node, node.value


def _asked(test: ast.expr) -> list[Asked]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [one for value in test.values for one in _asked(value)]
    if isinstance(test, ast.Call):
        return _one(_from_call(test))
    if isinstance(test, ast.Compare):
        if len(test.ops) == 2:  # 2.9 < x < 3.1
            return _one(_from_interval(test))
        if len(test.ops) == 1:
            return _one(_from_comparison(test.left, test.ops[0], test.comparators[0]))
    return []


def _one(asked: Asked | None) -> list[Asked]:
    return [] if asked is None else [asked]


def _from_comparison(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Asked | None:
    if isinstance(sign, (ast.Gt, ast.GtE)):
        left, right = right, left
        sign = ast.Lt()
    if isinstance(sign, (ast.Lt, ast.LtE)):
        return _from_distance(left, right)
    if isinstance(sign, ast.Eq):
        return _from_equality(left, right) or _from_equality(right, left)
    if isinstance(sign, ast.In):
        options = _constant(right)
        if isinstance(options, (list, tuple, set)) and all(isinstance(one, str) for one in options) and _is_asked(left):
            return Asked(expression=ast.unparse(left), type=CHOICE, options=tuple(options))
    return None


def _from_distance(left: ast.expr, right: ast.expr) -> Asked | None:
    """`abs(x - 3) < .1`, with `np.abs`, `math.fabs` and the operands in either order."""
    limit = _number(right)
    if limit is None or not isinstance(left, ast.Call) or _name_of(left.func) not in ("abs", "fabs", "absolute"):
        return None
    if len(left.args) != 1 or not isinstance(left.args[0], ast.BinOp) or not isinstance(left.args[0].op, ast.Sub):
        return None
    one, other = left.args[0].left, left.args[0].right
    if _number(other) is None:
        one, other = other, one
    if _number(other) is None or not _is_asked(one):
        return None
    return Asked(expression=ast.unparse(one), type=NUMBERS, absolute=limit)


def _from_interval(test: ast.Compare) -> Asked | None:
    low, high = _number(test.left), _number(test.comparators[1])
    if low is None or high is None or not all(isinstance(sign, (ast.Lt, ast.LtE)) for sign in test.ops):
        return None
    middle = test.comparators[0]
    if not _is_asked(middle) or not high > low:
        return None
    return Asked(expression=ast.unparse(middle), type=NUMBERS, absolute=(high - low) / 2)


def _from_equality(asked: ast.expr, wanted: ast.expr) -> Asked | None:
    value = _constant(wanted)
    if value is None or isinstance(value, bool):
        return None
    if (
        isinstance(asked, ast.Call)
        and _name_of(asked.func) == "round"
        and asked.args
        and isinstance(value, (int, float))
    ):
        digits = _number(asked.args[1]) if len(asked.args) > 1 else 0
        if digits is not None and _is_asked(asked.args[0]):
            return Asked(expression=ast.unparse(asked.args[0]), type=NUMBERS, absolute=0.5 * 10**-digits)
    if not _is_asked(asked):
        return None
    return _of_value(asked, value)


def _of_value(asked: ast.expr, value: Any, absolute: float = 0.0, relative: float = 0.0) -> Asked | None:
    expression = ast.unparse(asked)
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return Asked(expression=expression, type=NUMBERS, absolute=absolute, relative=relative)
    if isinstance(value, str):
        return Asked(expression=expression, type=TEXT)
    if _is_series(value):
        return Asked(expression=expression, type=SERIES, absolute=absolute, relative=relative)
    return None


def _is_series(value: Any) -> bool:
    """Whether cxkit collects such a value as a series: a flat list, or a dict by texts."""
    if isinstance(value, dict):
        return bool(value) and all(isinstance(key, str) for key in value) and _is_series(list(value.values()))
    flat = isinstance(value, (list, tuple)) and len(value) > 0
    return flat and all(isinstance(one, (int, float, str)) and not isinstance(one, bool) for one in value)


# Name of a function -> its tolerances from its arguments after the first two; its own defaults where none are given.
_Tolerances = Callable[[dict[str, float], list[float]], tuple[float, float]]


def _isclose(given: dict[str, float], more: list[float]) -> tuple[float, float]:
    return given.get("abs_tol", given.get("atol", 0.0)), given.get("rel_tol", given.get("rtol", 1e-9))


def _np_close(given: dict[str, float], more: list[float]) -> tuple[float, float]:
    relative = given.get("rtol", more[0] if more else 1e-5)
    return given.get("atol", more[1] if len(more) > 1 else 1e-8), relative


def _assert_allclose(given: dict[str, float], more: list[float]) -> tuple[float, float]:
    relative = given.get("rtol", more[0] if more else 1e-7)
    return given.get("atol", more[1] if len(more) > 1 else 0.0), relative


def _almost(default: int) -> _Tolerances:
    def tolerances(given: dict[str, float], more: list[float]) -> tuple[float, float]:
        if "delta" in given:
            return given["delta"], 0.0
        digits = given.get("decimal", given.get("places", more[0] if more else default))
        return 0.5 * 10**-digits, 0.0

    return tolerances


def _exact(given: dict[str, float], more: list[float]) -> tuple[float, float]:
    return 0.0, 0.0


_CALLS: dict[str, _Tolerances] = {
    "math.isclose": _isclose,
    "isclose": _isclose,
    "np.isclose": _np_close,
    "allclose": _np_close,
    "assert_allclose": _assert_allclose,
    "assert_almost_equal": _almost(7),
    "assertAlmostEqual": _almost(7),
    "assert_approx_equal": _exact,
    "assert_equal": _exact,
    "assertEqual": _exact,
    "assert_array_equal": _exact,
    "array_equal": _exact,
}


def _from_call(call: ast.Call) -> Asked | None:
    name, whole = _name_of(call.func), ast.unparse(call.func)
    tolerances = _CALLS.get(whole.replace("numpy.", "np.")) or _CALLS.get(name)
    if tolerances is None or len(call.args) < 2:
        return None
    given = {word.arg: n for word in call.keywords if word.arg and (n := _number(word.value)) is not None}
    absolute, relative = tolerances(given, [n for arg in call.args[2:] if (n := _number(arg)) is not None])
    for asked, wanted in (call.args[:2], call.args[1::-1]):
        value = _constant(wanted)
        if value is not None and _is_asked(asked):
            return _of_value(asked, value, absolute, relative)
    return None


def _is_asked(node: ast.expr) -> bool:
    """Whether this holds a variable of the student: a name, or an expression with one in it."""
    return any(isinstance(part, ast.Name) for part in ast.walk(node)) and not isinstance(node, ast.Constant)


def _constant(node: ast.expr) -> Any:
    """The value of a literal; None for anything else."""
    if isinstance(node, ast.Call) and _name_of(node.func) == "array" and len(node.args) == 1:
        node = node.args[0]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return _number(node)


def _number(node: ast.expr) -> float | None:
    """A number, also written as `1/3` or `10**-3`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, (int, float)) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _number(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Mult, ast.Pow)):
        one, other = _number(node.left), _number(node.right)
        if one is None or other is None or (isinstance(node.op, ast.Pow) and abs(other) > 64):
            return None
        try:
            value = {ast.Div: lambda: one / other, ast.Mult: lambda: one * other, ast.Pow: lambda: one**other}[
                type(node.op)
            ]()
        except (ArithmeticError, ValueError):
            return None
        return value if isinstance(value, (int, float)) else None
    return None


def _name_of(function: ast.expr) -> str:
    """The last part of a function's name."""
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
