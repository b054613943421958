"""What a parameters cell sets, told without running it: values where they are literal, code where they are computed."""

from __future__ import annotations

import ast
import io
import math
import operator
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cxkit.errors import NotebookError

Kind = Literal["bool", "int", "float", "str", "list", "dict", "any"]

# bool before int: every bool is an int to Python, but not to a reader.
_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "str"),
    (list, "list"),
    (dict, "dict"),
)
# A stranger's cell is read as well. Python's parser takes some hundred bytes of memory for a character.
_LONGEST_CELL = 200_000
# 9**9**9 would take longer than anybody waits; a number of so many bits is still written by Python's own limit.
_MOST_BITS = 4096
# The code of these cell magics is Python, and what it sets is there afterwards.
_PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}
_MAGIC_LINE = re.compile(r"^(?P<indent>\s*)(?:(?P<set>[\w., \t]+=)\s*[%!]|[%!?]|[\w.%]+\?{1,2}\s*$).*$")
_TYPE_COMMENT = re.compile(r"^type:\s*(\S+)\s*(.*)$")
_KIND_OF_TYPE: Mapping[str, Kind] = {
    "bool": "bool", "int": "int", "float": "float", "str": "str", "Path": "str", "list": "list", "List": "list",
    "Sequence": "list", "Iterable": "list", "tuple": "list", "Tuple": "list", "dict": "dict", "Dict": "dict",
    "Mapping": "dict", "Optional": "any", "Union": "any", "Any": "any", "Literal": "any",
}  # fmt: skip
_KIND_OF_CALL: Mapping[str, Kind] = {
    "bool": "bool", "int": "int", "float": "float", "str": "str", "Path": "str", "list": "list", "sorted": "list",
    "dict": "dict", "isoformat": "str", "strftime": "str", "getcwd": "str", "join": "str",
}  # fmt: skip
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Code(str):
    """The Python text of a default that the notebook computes; unlike a text it shows itself without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


NOT_SET = Code("(no default)")


class NotLiteral(ValueError):
    """An expression whose value only the running notebook knows."""


@dataclass(frozen=True)
class Default:
    """A name that the cell sets: its literal value or `Code`, what a value must be, and the comment behind it."""

    name: str
    value: Any
    kind: Kind
    help: str


def read_defaults(source: str, where: str) -> tuple[Default, ...]:
    """Which names does this cell set, and to what?

    Parameters
    ----------
    source : str
        The cell; magics of IPython may be among its lines.
    where : str
        How an error names the cell.

    Returns
    -------
    tuple of Default
        In the order in which they are set first. Where a name is set twice the last line counts, as it does when the
        cell runs.

    Raises
    ------
    NotebookError
        If the cell is not Python.
    """
    tree = _parse(source, where)
    comments = _trailing_comments(source)
    found: dict[str, Default] = {}
    for statement in tree.body:
        comment = comments.get(statement.end_lineno or 0, "")
        for one in _set_by(statement, comment):
            found[one.name] = one
        for name in _changed_in(statement) & found.keys():
            if isinstance(found[name].value, list | dict):
                found[name] = replace(found[name], value=_set_in(statement))
    return tuple(found.values())


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a cell whose lines of IPython's own (magics, shell commands, questions) are passed over.

    Raises
    ------
    SyntaxError
        If the rest is not Python either, or is too long or too deep to be read.
    """
    if len(source) > _LONGEST_CELL:
        raise SyntaxError(f"the cell has more than {_LONGEST_CELL:,} characters", ("", 1, 1, ""))
    first = next((line.strip() for line in source.splitlines() if line.strip()), "")
    if first.startswith("%%") and first[2:].split(" ")[0] not in _PYTHON_MAGICS:
        return ast.Module(body=[], type_ignores=[])
    lines = source.split("\n")
    while True:
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            place = _magic_at_or_before(lines, error.lineno or 0)
            if place is None:
                raise
            lines[place] = _without_magic(lines[place])
        except (ValueError, MemoryError, RecursionError) as error:
            raise SyntaxError(str(error) or "it is nested too deeply", ("", 1, 1, "")) from None


def _magic_at_or_before(lines: Sequence[str], number: int) -> int | None:
    """The line that the parser stumbled over, or the last one above it that is a magic: `!echo (` opens a bracket.

    Lines are looked at only where the parser stumbles, so that a text over several lines keeps its percent signs.
    """
    places = range(min(number, len(lines)) - 1, -1, -1)
    return next((place for place in places if _MAGIC_LINE.match(lines[place])), None)


def _without_magic(line: str) -> str:
    match = _MAGIC_LINE.match(line)
    assert match is not None
    return f"{match['indent']}{match['set'] + ' ...' if match['set'] else 'pass'}"


def _parse(source: str, where: str) -> ast.Module:
    try:
        return parse_cell(source)
    except SyntaxError as error:
        raise NotebookError(f"{where}: line {error.lineno or 1} is not Python: {error.msg}.") from None


def _trailing_comments(source: str) -> dict[int, str]:
    """Line number -> the comment that ends it, for lines that hold code as well."""
    comments: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
                comments[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):  # a magic; the lines before it are told
        pass
    return comments


def _set_by(statement: ast.stmt, comment: str) -> Iterator[Default]:
    """What one statement sets."""
    typed = _TYPE_COMMENT.match(comment)
    annotation, said = (typed[1], typed[2].lstrip("#").strip()) if typed else ("", comment)
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield _default(statement.target.id, statement.value, ast.unparse(statement.annotation), said)
    elif isinstance(statement, ast.Assign):
        for name, value, is_whole in _pairs(statement.targets, statement.value):
            yield _default(name, value, annotation, said) if is_whole else Default(name, _as_code(value), "any", said)
    elif not isinstance(statement, _NESTED):
        for name in _stored_in(statement):
            yield Default(name, _set_in(statement), "any", said)


def _set_in(statement: ast.stmt) -> Code:
    return Code(f"(set in line {statement.lineno})")


def _changed_in(statement: ast.stmt) -> set[str]:
    """Names of lists and dicts that a statement may change: `items.append(1)`, `options["a"] = 1`."""
    changed = set()
    for node in ast.walk(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                changed.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                changed.add(name)
    return changed


def _default(name: str, value: ast.expr | None, annotation: str, comment: str) -> Default:
    if value is None:
        return Default(name, NOT_SET, _kind_of_annotation(annotation) or "any", comment)
    try:
        literal = evaluate(value)
    except (NotLiteral, RecursionError):
        return Default(name, _as_code(value), _kind_of_annotation(annotation) or _kind_of_code(value), comment)
    return Default(name, literal, _kind_of_annotation(annotation) or kind_of(literal), comment)


def _pairs(targets: Sequence[ast.expr], value: ast.expr) -> Iterator[tuple[str, ast.expr, bool]]:
    """Each name with its value, or that of which it gets a part: `a, b = 1, 2` sets two, and so does `a = b = 1`."""
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value, True
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            if len(parts) == len(target.elts) and not any(
                isinstance(one, ast.Starred) for one in [*target.elts, *parts]
            ):
                for one, part in zip(target.elts, parts, strict=True):
                    yield from _pairs([one], part)
            else:
                yield from ((name, value, False) for name in _stored_in(target))


def _stored_in(node: ast.AST) -> list[str]:
    """Names that are set anywhere in a statement, functions and comprehensions within it left out."""
    names, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            names.append(one.id)
        inner = [child for child in ast.iter_child_nodes(one) if not isinstance(child, (*_NESTED, *_COMPREHENSIONS))]
        waiting += reversed(inner)
    return list(dict.fromkeys(names))


def _as_code(value: ast.expr) -> Code:
    try:
        return Code(ast.unparse(value))
    except RecursionError:
        return Code("(computed)")


# --- values ---------------------------------------------------------------------------------------------------------


def evaluate(node: ast.expr) -> Any:
    """The value of an expression that needs nothing but itself, as plain data.

    Arithmetic of numbers and sums of texts are carried out, tuples become lists, and `Path("a")` is the text "a".

    Raises
    ------
    NotLiteral
        If it is anything else, or its value is not plain data.
    RecursionError
        If it is nested too deeply.
    """
    found: Any
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            found = _checked(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            found = [evaluate(part) for part in parts]
        case ast.Dict(keys=keys, values=values):
            found = {_key(key): evaluate(value) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            found = _signed(sign, _number(evaluate(operand)))
        case ast.BinOp(left=left, op=sign, right=right):
            found = _combined(type(sign), evaluate(left), evaluate(right))
        case ast.JoinedStr(values=parts):
            found = "".join(_text(evaluate(part)) for part in parts)
        case ast.Call(func=function, args=[argument], keywords=[]) if _last_name(function) == "Path":
            found = _text(evaluate(argument))
        case _:
            raise NotLiteral(type(node).__name__)
    return found


def _signed(sign: ast.unaryop, number: int | float) -> int | float:
    return -number if isinstance(sign, ast.USub) else number


def _combined(sign: type[ast.operator], left: Any, right: Any) -> Any:
    if sign is ast.Add and isinstance(left, str) and isinstance(right, str):
        return left + right
    operation = _OPERATIONS.get(sign)
    if operation is None:
        raise NotLiteral(sign)
    try:
        return _checked(operation(_number(left), _number(right)))
    except ArithmeticError as error:  # the notebook itself will say so
        raise NotLiteral(error) from None


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > _MOST_BITS:
        raise NotLiteral(exponent)
    return base**exponent


def _shifted(number: Any, by: Any) -> Any:
    if not (isinstance(number, int) and isinstance(by, int)) or not 0 <= by <= _MOST_BITS:
        raise NotLiteral(by)
    return number << by


_OPERATIONS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: _power, ast.LShift: _shifted,
}  # fmt: skip


def _checked(value: Any) -> Any:
    """The value, if it can be written as JSON: no infinity, no number of thousands of digits, no complex one."""
    is_too_long = isinstance(value, int) and value.bit_length() > _MOST_BITS
    if is_too_long or isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise NotLiteral("no plain number")
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotLiteral(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotLiteral(value)
    return value


def _key(node: ast.expr | None) -> str:
    if node is None:  # {**other}
        raise NotLiteral(node)
    return _text(evaluate(node))


# --- kinds ----------------------------------------------------------------------------------------------------------


def kind_of(default: object) -> Kind:
    """What values must be so that they fit this default."""
    if default is None:
        return "any"
    for kind_type, kind in _KINDS:
        if isinstance(default, kind_type):
            return kind
    raise ValueError(default)


def _kind_of_code(node: ast.expr) -> Kind:
    """What computed values certainly are; "any" where the code does not show it."""
    kind: Kind = "any"
    match node:
        case ast.JoinedStr():
            kind = "str"
        case ast.List() | ast.ListComp() | ast.Tuple():
            kind = "list"
        case ast.Dict() | ast.DictComp():
            kind = "dict"
        case ast.Call(func=ast.Name() | ast.Attribute() as function):
            kind = _KIND_OF_CALL.get(_last_name(function), "any")
        case ast.UnaryOp(op=ast.Not()):
            kind = "bool"
    return kind


def _kind_of_annotation(annotation: str) -> Kind | None:
    """What a type hint asks for; None if there is none, or one that says nothing of plain data."""
    try:
        node = ast.parse(annotation.strip("\"'"), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if isinstance(node, ast.BinOp):  # int | None
        return "any"
    return _KIND_OF_TYPE.get(_last_name(node.value if isinstance(node, ast.Subscript) else node))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
