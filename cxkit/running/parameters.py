"""What a notebook's parameters cell lets a caller set, and whether what the caller sets fits."""

from __future__ import annotations

import ast
import io
import json
import numbers
import tokenize
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cxkit.allowed import hint, is_allowed, wanted
from cxkit.errors import NotebookError, Problems, nearest
from cxkit.running.notebook import parameters_cell, read_notebook

Kind = Literal["bool", "int", "float", "str", "list", "dict", "any"]

# How a refused value is explained: what a person would have to write.
_WANTED: dict[str, str] = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "list": 'a list such as ["a", "b"]',
    "dict": 'a dict such as {"a": 1}',
    "any": "plain data: text, number, true, false, None, list or dict",
}
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
# bool before int: every bool is an int to Python, but not to a reader.
_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "str"),
    (list, "list"),
    (dict, "dict"),
)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One name that a notebook lets its caller set.

    Attributes
    ----------
    name : str
        The variable of the parameters cell.
    default : object
        Its literal default; a plain Python value.
    kind : {"bool", "int", "float", "str", "list", "dict", "any"}
        What a value must be; "any" where the default is None.
    help : str
        The comment that trails the line, without its ``#``; empty where there is none.
    allowed : tuple
        What it may be, where the next cell says so by ``cx.check_notebook``: values, pairs of ends of whole
        numbers, and ``[...]`` for a list with something in it; empty where anything of the kind goes.
    """

    name: str
    default: Any
    kind: Kind
    help: str = ""
    allowed: tuple[Any, ...] = ()


def read_parameters(notebook: str | Path | Mapping[str, Any], *, where: str | None = None) -> tuple[Parameter, ...]:
    """What may a caller set in this notebook, and what does it mean?

    The cell tagged ``parameters`` is parsed, never executed.

    Parameters
    ----------
    notebook : str, Path or dict
        A notebook file or what `read_notebook` returned.
    where : str, optional
        How error messages name the notebook.

    Returns
    -------
    tuple of Parameter
        In the order of the cell.

    Raises
    ------
    NotebookError
        If there is no parameters cell, or it holds anything but names set to literal values; all problems at once.
    """
    if not isinstance(notebook, Mapping):
        where = where or str(notebook)
        notebook = read_notebook(notebook)
    where = where or "The notebook"
    index = parameters_cell(notebook)
    if index is None:
        raise NotebookError(
            f"{where} has no parameters cell: no cell is tagged 'parameters'. "
            "Tag the cell that sets its options (JupyterLab: property inspector, Cell Tags)."
        )
    parameters = _parse_cell(notebook["cells"][index]["source"], f"{where}, parameters cell")
    allowed = _allowed_values(notebook["cells"][index + 1 :])
    return tuple(replace(one, allowed=tuple(allowed.get(one.name, ()))) for one in parameters)


def _allowed_values(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the parameters may be: the literal options of ``check_notebook`` in the first code cell that follows."""
    source = next((cell["source"] for cell in cells if cell.get("cell_type") == "code"), "")
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic of IPython
        return {}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_check(node.func)]
    return {option.arg: ast.literal_eval(option.value) for call in calls for option in call.keywords if option.arg}


def _is_check(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "check_notebook"


def _parse_cell(source: str, where: str) -> tuple[Parameter, ...]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise NotebookError(f"{where}: line {error.lineno} is not Python: {error.msg}.") from None
    help_of_line = _trailing_comments(source)
    problems = Problems(where)
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        parameter = _parse_statement(statement, help_of_line, problems)
        if parameter is None:
            continue
        if parameter.name in found:
            problems.add(f"line {statement.lineno}: '{parameter.name}' is set twice")
        found[parameter.name] = parameter
    if problems:
        problems.raise_as(NotebookError)
    return tuple(found.values())


def _parse_statement(statement: ast.stmt, help_of_line: Mapping[int, str], problems: Problems) -> Parameter | None:
    target, value = _assigned(statement)
    if target is None or value is None:
        if not _is_docstring(statement):
            problems.add(f"line {statement.lineno}: only 'name = value' belongs into this cell")
        return None
    try:
        default = ast.literal_eval(value)
        kind = kind_of(default)
    except ValueError:
        problems.add(f"line {statement.lineno}: the default of '{target}' must be {_WANTED['any']}")
        return None
    return Parameter(name=target, default=default, kind=kind, help=help_of_line.get(statement.end_lineno or 0, ""))


def _assigned(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    return None, None


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def kind_of(default: object) -> Kind:
    """What values must be so that they fit this default."""
    if default is None:
        return "any"
    for kind_type, kind in _KINDS:
        if isinstance(default, kind_type):
            return kind
    raise ValueError(default)


def _trailing_comments(source: str) -> dict[int, str]:
    """Line number -> the comment that ends it, for lines that hold code as well."""
    comments: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
            comments[token.start[0]] = token.string.lstrip("#").strip()
    return comments


def parse_parameters(
    texts: Iterable[str], parameters: Sequence[Parameter], *, where: str = "Parameters"
) -> dict[str, Any]:
    """Which values do these ``name=value`` texts set?

    A value takes the type of the notebook's default. Text stays as it is written; lists and dicts are written as
    Python or JSON; where the default is None anything goes: a literal if it reads as one, else text.

    Parameters
    ----------
    texts : iterable of str
        For example ``["data=my.csv", "seed=7"]``.
    parameters : sequence of Parameter
        What the notebook knows, from `read_parameters`.
    where : str
        How an error names what was parsed.

    Returns
    -------
    dict
        Name -> value, in the order given.

    Raises
    ------
    NotebookError
        Every problem at once: unknown name, value of the wrong type, a name given twice, no equals sign.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = Problems(where)
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            problems.add(f"'{text}' has no '=': write name=value")
        elif name not in known:
            problems.add(_unknown(name, known))
        elif name in values:
            problems.add(f"'{name}' is given twice")
        else:
            before = len(problems.findings)
            values[name] = _read_value(value, known[name], problems)
            if len(problems.findings) == before:
                _check_allowed(values[name], known[name], problems)
    if problems:
        problems.raise_as(NotebookError)
    return values


def check_parameters(
    values: Mapping[str, Any], parameters: Sequence[Parameter], *, where: str = "Parameters"
) -> dict[str, Any]:
    """Do these Python values fit the notebook's parameters?

    Whole numbers pass where a number is wanted, paths where text is, tuples where a list is, and numpy's numbers for
    Python's; everything else must have the type of the default.

    Parameters
    ----------
    values : mapping
        Name -> value.
    parameters : sequence of Parameter
        What the notebook knows, from `read_parameters`.
    where : str
        How an error names what was checked.

    Returns
    -------
    dict
        The values as plain Python data.

    Raises
    ------
    NotebookError
        Every problem at once: unknown name, value of the wrong type.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = Problems(where)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            problems.add(_unknown(str(name), known))
            continue
        try:
            checked[name] = _fit(_plain(value), known[name].kind)
        except ValueError:
            problems.add(_misfit(value, known[name]))
            continue
        _check_allowed(checked[name], known[name], problems)
    if problems:
        problems.raise_as(NotebookError)
    return checked


def _check_allowed(value: object, parameter: Parameter, problems: Problems) -> None:
    """Refuse a value of the right type that the notebook does not know."""
    if parameter.allowed and not is_allowed(value, parameter.allowed):
        problems.add(
            f"{parameter.name} = {value!r} does not fit: {wanted(parameter.allowed)} (default {parameter.default!r})."
            f"{hint(value, parameter.allowed)}"
        )


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"there is no parameter '{name}'.{nearest(name, known)}"


def _misfit(value: object, parameter: Parameter) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return (
        f"{parameter.name} = {shown} does not fit: {_WANTED[parameter.kind]} is wanted (default {parameter.default!r})"
    )


def _read_value(text: str, parameter: Parameter, problems: Problems) -> Any:
    if parameter.kind == "str":
        return text
    try:
        if parameter.kind == "bool":
            return _YES_NO[text.strip().lower()]
        return _fit(_literal(text), parameter.kind)
    except (ValueError, KeyError):
        if parameter.kind == "any":
            return text
        problems.add(_misfit(text, parameter))
        return None


def _literal(text: str) -> Any:
    """Python or JSON: ``['a', True]`` and ``["a", true]`` are both what people write."""
    try:
        return _plain(ast.literal_eval(text.strip()))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return _plain(json.loads(text))


def _plain(value: Any) -> Any:
    """The value as text, number, bool, None, list or dict; ValueError if it is anything else."""
    if value is None or isinstance(value, (bool, str)):
        return value
    for like, plain in _PLAIN_TYPES:
        if isinstance(value, like):
            return plain(value)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(element) for key, element in value.items()}
    raise ValueError(value)


def _plain_list(values: Iterable[Any]) -> list[Any]:
    return [_plain(value) for value in values]


# numpy registers its numbers as Integral and Real.
_PLAIN_TYPES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Path, str),
    (numbers.Integral, int),
    (numbers.Real, float),
    (list, _plain_list),
    (tuple, _plain_list),
)


def _fit(value: Any, kind: Kind) -> Any:
    if kind == "any":
        return value
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if value is None or kind_of(value) != kind:
        raise ValueError(value)
    return value
