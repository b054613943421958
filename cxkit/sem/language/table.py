"""From what a model says to the table of its parameters: lavaan's defaults, groups, equality, partial release.

One `Row` is one parameter of one group. Rows that carry the same label are one parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isnan
from typing import Any, TypeVar

import numpy as np

from cxkit.errors import ModelError, nearest
from cxkit.sem.language.constraints import (
    expand_definitions,
    fixed_in_bounds,
    linear,
    null_space,
    refuse_constants,
    refuse_idle,
)
from cxkit.sem.language.default_rows import default_rows
from cxkit.sem.language.row_checks import check_rows, one_value_per_label, share_values
from cxkit.sem.language.rows import EQUALITIES, Options, Row
from cxkit.sem.language.statements import Equation, Modifiers, Statement, Syntax
from cxkit.sem.language.syntax import parse_model
from cxkit.sem.language.variables import Variables, variables_in

T = TypeVar("T")


@dataclass
class Derived:
    """What follows from a table alone and is worth keeping: filled by whoever needs it first.

    Attributes
    ----------
    models, space
        Its `GroupModel`s and its `MomentSpace`.
    baseline_models
        Those of the baseline model, by whether it has means and ordered items.
    names
        Labels of groups, and the columns that name the rows of a table of estimates.
    """

    models: list[Any] | None = None
    space: Any = None
    baseline_models: dict[tuple[bool, bool], list[Any]] = field(default_factory=dict)
    names: tuple[tuple[str, ...], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """The parameters of a model; `parameters = basis @ z + offset` obeys every linear equality for any z.

    Tables are shared by fits of the same model and never changed, but for `derived`.
    """

    rows: tuple[Row, ...]
    variables: Variables
    groups: int
    n_parameters: int
    basis: np.ndarray
    offset: np.ndarray
    inequalities: tuple[tuple[np.ndarray, float, str], ...]
    # a @ parameters == b for every `==` of the model, with its two sides as written.
    equalities: tuple[tuple[np.ndarray, float, tuple[str, str]], ...] = ()
    definitions: tuple[Equation, ...]
    labels: Mapping[str, int]
    fixed_in_bounds: tuple[str, ...] = ()
    derived: Derived = field(default_factory=Derived, init=False, repr=False, compare=False)

    def group_rows(self, group: int) -> list[Row]:
        return [row for row in self.rows if row.group == group]


@lru_cache(maxsize=32)
def build_table(model: str, groups: int, options: Options) -> Table:
    """The full parameter table of `model` for so many groups; the latest are remembered."""
    syntax = parse_model(model)
    equal = _equalities(options.equal)
    variables = variables_in(model, options.fixed_x)
    rows = [row for g in range(groups) for row in _group_rows(syntax, variables, g, groups, options, equal)]
    _check_equalities(options, equal, groups)
    if groups > 1 and equal:
        released = _released(options, rows, variables, groups, equal)
        _hold_equal(rows, variables, equal, released)
    _refuse_idle_options(syntax, variables, rows, options)
    labels = _number(rows)
    return _constrain(tuple(rows), variables, groups, syntax, labels)


def _check_equalities(options: Options, equal: frozenset[str], groups: int) -> None:
    """equal= and free= must have groups to compare and something to hold or release."""
    if (options.equal or options.free) and groups == 1:
        raise ModelError(
            "equal= and free= compare groups, and there is only one: give group= as well, a column with several "
            "groups, or label the parameters in the model."
        )
    if options.free and not equal:
        raise ModelError("free= exempts parameters from equal=, which is empty. Give equal=, or leave out free=.")
    if "thresholds" in equal and not options.ordered:
        raise ModelError("equal='thresholds' needs ordered items: name them in ordered=, or hold 'intercepts' equal.")


def _refuse_idle_options(syntax: Syntax, variables: Variables, rows: Sequence[Row], options: Options) -> None:
    """std_lv=True, orthogonal=True and parameterization= must have something to act on."""
    if options.std_lv and not variables.latent:
        raise ModelError("std_lv=True changes nothing: the model has no latent variable. Leave it out.")
    if options.parameterization == "theta" and not options.ordered:
        raise ModelError(
            "parameterization='theta' changes nothing: no item is ordered. Leave it out, or name ordered items in "
            "ordered=."
        )
    latent = set(variables.latent)
    written = {(s.lhs, s.rhs) for s in syntax.statements if s.op == "~~"}
    apart = [
        row for row in rows if row.op == "~~" and row.lhs != row.rhs and row.fixed == 0 and not row.exogenous
        and ({row.lhs, row.rhs} <= latent or {row.lhs, row.rhs} <= set(variables.outcomes))
        and not {(row.lhs, row.rhs), (row.rhs, row.lhs)} & written
    ]  # fmt: skip
    if options.orthogonal and not apart:
        raise ModelError(
            "orthogonal=True changes nothing: the model has no covariance of latent variables that it does not write "
            "itself. Leave it out."
        )


def _equalities(equal: Sequence[str]) -> frozenset[str]:
    names = [equal] if isinstance(equal, str) else list(equal)
    wanted = [name.replace(".", "_") for name in names if name]
    for name in wanted:
        if name not in EQUALITIES:
            raise ModelError(f"equal= does not know '{name}'.{nearest(name, EQUALITIES)}")
    return frozenset(wanted)


def _group_rows(
    syntax: Syntax, variables: Variables, group: int, groups: int, options: Options, equal: frozenset[str]
) -> list[Row]:
    rows: dict[tuple[str, str, str], Row] = {}
    markers: set[str] = set()
    for statement in syntax.statements:
        key = (statement.lhs, statement.op, statement.rhs)
        mirror = (statement.rhs, "~~", statement.lhs)
        row = rows.get(key) or (rows.get(mirror) if statement.op == "~~" else None)
        if row is None:
            row = rows[key] = Row(*key, group, user=True)
            if statement.op == "=~" and not options.std_lv and statement.lhs not in markers:
                markers.add(statement.lhs)
                row.fixed = 1.0
        _apply(row, statement, groups)
    for row in default_rows(variables, group, options, equal):
        mirror = (row.rhs, row.op, row.lhs)
        if row.key not in rows and not (row.op == "~~" and mirror in rows):
            rows[row.key] = row
    check_rows(syntax.statements, rows, options, variables.observed)
    share_values(syntax.statements, rows, groups)
    return list(rows.values())


def _entry(values: list[T], group: int, groups: int, statement: Statement) -> T | None:
    if len(values) <= 1:
        return values[0] if values else None
    if len(values) != groups:
        raise ModelError(
            f"Model, line {statement.line}: c() holds {len(values)} entries for "
            f"'{statement.lhs} {statement.op} {statement.rhs}', but there {_are(groups)}. Give one entry per group."
        )
    return values[group]


def _are(groups: int) -> str:
    return "is 1 group" if groups == 1 else f"are {groups} groups"


def _apply(row: Row, statement: Statement, groups: int) -> None:
    modifiers: Modifiers = statement.modifiers
    fixed = _entry(modifiers.fixed, row.group, groups, statement)
    if fixed is not None:
        row.fixed = None if isnan(fixed) else fixed
    start = _entry(modifiers.start, row.group, groups, statement)
    if start is not None:
        row.start = start
    label = _entry(modifiers.label, row.group, groups, statement)
    if label:
        row.label = label


def _kind(row: Row, variables: Variables) -> str:
    latent = set(variables.latent)
    if row.op in ("=~", "~", "|"):
        return {"=~": "loadings", "~": "regressions", "|": "thresholds"}[row.op]
    if row.op == "~1":
        return "means" if row.lhs in latent else "intercepts"
    if row.op == "~~":
        if row.lhs == row.rhs:
            return "lv_variances" if row.lhs in latent else "residuals"
        return "lv_covariances" if {row.lhs, row.rhs} <= latent else "residual_covariances"
    return ""


def _released(
    options: Options, rows: list[Row], variables: Variables, groups: int, equal: frozenset[str]
) -> set[tuple[str, str, str]]:
    """The parameters that `free=` exempts from equality, each of which must exist and be more than a constant."""
    known = {row.key for row in rows}
    released = set()
    for text in options.free:
        for statement in parse_model(text).statements:
            if statement.modifiers:
                raise ModelError(f"free= names '{text}'. Name the parameter alone; '*' belongs into the model.")
            key = (statement.lhs, statement.op, statement.rhs)
            if statement.op == "~~" and key not in known:
                key = (statement.rhs, "~~", statement.lhs)
            if key not in known:
                names = [f"{a} {b} {c}".replace("~1 ", "~ 1") for a, b, c in known]
                raise ModelError(f"free= names '{text}', which is not a parameter of this model.{nearest(text, names)}")
            _refuse_constant(text, key, options, rows, groups)
            kind = _kind(Row(*key, 0), variables)
            if kind not in equal:
                raise ModelError(
                    f"free= names '{text}', but equal= does not hold {kind.replace('_', ' ') or 'scales'} equal, so "
                    f"there is nothing to release. equal= is {', '.join(sorted(equal))}."
                )
            released.add(key)
    return released


def _refuse_constant(text: str, key: tuple[str, str, str], options: Options, rows: list[Row], groups: int) -> None:
    """What is fixed in every later group is a constant by definition, not equal by estimation: nothing to release."""
    later = [row.fixed for row in rows if row.group and row.key == key]
    if None in later:
        return
    name, op, other = key
    free = ", ".join(["NA"] * (groups - 1))
    if name in options.ordered and (op == "~1" or name == other):
        # Under delta the residual variance follows from the scale, which is what can be freed.
        scaled = op != "~1" and options.parameterization == "delta"
        operator = "~*~" if scaled else "~~"
        instead = f"{name} ~ c(0, {free})*1" if op == "~1" else f"{name} {operator} c(1, {free})*{name}"
        remedy = f"Write '{instead}' in the model to free it in every group but the first."
    elif op == "=~" and not options.std_lv:
        remedy = f"It gives '{name}' its unit. With std_lv=True it is estimated, and can be released."
    else:
        remedy = "Leave it out of free=, or take the constant out of the model."
    raise ModelError(
        f"free= names '{text}', which is fixed at {later[0]:g} and not held equal, so releasing it changes "
        f"nothing. {remedy}"
    )


def _hold_equal(
    rows: list[Row], variables: Variables, equal: frozenset[str], released: set[tuple[str, str, str]]
) -> None:
    first = {row.key: row for row in rows if row.group == 0}
    for row in rows:
        if row.group == 0 or row.fixed is not None or row.key in released or _kind(row, variables) not in equal:
            continue
        twin = first.get(row.key)
        if twin is None or twin.fixed is not None:
            continue
        if not twin.label:
            twin.label = f"{twin.lhs}{twin.op}{twin.rhs}"
        if not row.label:
            row.label = twin.label


def _number(rows: list[Row]) -> dict[str, int]:
    """Give every free row its parameter; one label is one parameter, and a fixed namesake fixes all."""
    fixed = one_value_per_label(rows)
    labels: dict[str, int] = {}
    count = 0
    for row in rows:
        if row.label in fixed and row.fixed is None:
            row.fixed = fixed[row.label]
        if row.fixed is not None:
            continue
        if row.label and row.label in labels:
            row.parameter = labels[row.label]
            continue
        row.parameter = count
        if row.label:
            labels[row.label] = count
        count += 1
    return labels


def _constrain(
    rows: tuple[Row, ...], variables: Variables, groups: int, syntax: Syntax, labels: dict[str, int]
) -> Table:
    size = 1 + max((row.parameter for row in rows), default=-1)
    fixed = {row.label: float(row.fixed) for row in rows if row.label and row.fixed is not None}
    definitions = tuple(e for e in syntax.equations if e.op == ":=")
    _check_names(syntax.equations, {*labels, *fixed}, {e.lhs.text for e in definitions})
    refuse_constants(definitions, fixed, rows, syntax.statements)
    restrictions = [expand_definitions(e, definitions) for e in syntax.equations if e.op != ":="]
    equalities = []
    told: list[tuple[np.ndarray, float, tuple[str, str]]] = []
    inequalities = []
    for restriction in restrictions:
        refuse_idle(restriction, labels, fixed)
        written = restriction.equation
        a, b = linear(restriction, labels, fixed, size)
        if written.op == "==":
            equalities.append((a, b))
            if np.any(a):
                told.append((a, b, (written.lhs.text, written.rhs.text)))
        else:
            sign = 1 if written.op == ">" else -1
            inequalities.append((sign * a, sign * b, f"{written.lhs.text} {written.op} {written.rhs.text}"))
    basis, offset = null_space(equalities, size)
    return Table(
        rows=rows,
        variables=variables,
        groups=groups,
        n_parameters=size,
        basis=basis,
        offset=offset,
        equalities=tuple(told),
        inequalities=tuple(inequalities),
        definitions=definitions,
        labels=labels,
        fixed_in_bounds=fixed_in_bounds(restrictions, fixed),
    )


def _check_names(equations: Sequence[Equation], labels: set[str], defined: set[str]) -> None:
    """Every name in a formula must be a label or a definition, and never both."""
    known = labels | defined
    for equation in equations:
        if equation.op == ":=" and equation.lhs.text in labels:
            raise ModelError(
                f"Model, line {equation.line}: '{equation.lhs.text}' is defined here and labels a parameter as well. "
                "Give the definition a name of its own; to hold parameters equal write '=='."
            )
        names = (*(() if equation.op == ":=" else equation.lhs.names), *equation.rhs.names)
        for name in names:
            if name not in known:
                raise ModelError(
                    f"Model, line {equation.line}: no parameter is labelled '{name}'.{nearest(name, known)}"
                )
