"""What a notebook's parameters cell lets a caller set, and whether what the caller sets fits."""

from __future__ import annotations

import ast
import json
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxkit.allowed import hint, is_allowed, wanted
from cxkit.errors import NotebookError, Problems, nearest
from cxkit.running.notebooks.defaults import Kind, kind_of, parse_cell, read_defaults
from cxkit.running.notebooks.notebook import parameters_cell, read_notebook

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


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One name that a notebook lets its caller set.

    Attributes
    ----------
    name : str
        The variable of the parameters cell.
    default : object
        A plain Python value where it is literal; the text of its code, a `Code`, where the notebook computes it.
    kind : {"bool", "int", "float", "str", "list", "dict", "any"}
        What a value must be, by its type hint or else its default; "any" where neither says.
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
        If there is no parameters cell, or it is not Python.
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
    defaults = read_defaults(notebook["cells"][index]["source"], f"{where}, parameters cell")
    allowed = _allowed_values(notebook["cells"][index + 1 :])
    return tuple(
        Parameter(name=one.name, default=one.value, kind=one.kind, help=one.help, allowed=allowed.get(one.name, ()))
        for one in defaults
    )


def _allowed_values(cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What the parameters may be: the literal options of ``check_notebook`` in the first code cell that follows."""
    source = next((cell["source"] for cell in cells if cell.get("cell_type") == "code"), "")
    try:
        tree = parse_cell(source)
    except SyntaxError:  # the notebook itself will say so
        return {}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_check(node.func)]
    allowed = {}
    for option in (option for call in calls for option in call.keywords if option.arg):
        values = _literal_list(option.value)
        if values:
            allowed[str(option.arg)] = values
    return allowed


def _literal_list(node: ast.expr) -> tuple[Any, ...]:
    """The elements of a literal list; none of what is computed, which is checked when the notebook runs."""
    try:
        values = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return ()
    is_usable = isinstance(values, list | tuple) and all(len(one) == 2 for one in values if isinstance(one, tuple))
    return tuple(values) if is_usable else ()


def _is_check(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "check_notebook"


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
            checked[name] = _fit(_plain(value), known[name])
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
    if parameter.default is None and text.strip() == "None":
        return None
    if parameter.kind == "str":
        return text
    try:
        if parameter.kind == "bool":
            return _YES_NO[text.strip().lower()]
        return _fit(_literal(text), parameter)
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


def _fit(value: Any, parameter: Parameter) -> Any:
    kind = parameter.kind
    if kind == "any" or (value is None and parameter.default is None):
        return value
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if value is None or kind_of(value) != kind:
        raise ValueError(value)
    return value
