"""Linear constraints between parameters: read off their formulae, and solved once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from scipy.sparse.csgraph import connected_components

from cxkit.errors import ModelError
from cxkit.sem.language.formulas import evaluation_order
from cxkit.sem.language.rows import Row, loadings_by_factor
from cxkit.sem.language.statements import Equation, Statement

# Below this share of what it is the sum of, a number is what rounding left. No limit here has a unit: coefficients and
# parameters may be in millionths or millions.
ROUNDING = 1e-9
CONTRADICT = "The equality constraints contradict each other. Remove one of them."


def null_space(equalities: Sequence[tuple[np.ndarray, float]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """`basis` and `offset` such that A @ (basis @ z + offset) == b for every z.

    Parameters that no equality joins stay apart: a z that mixed a loading with a variance would have no unit, and the
    search would suffer from the distance between them.
    """
    if not equalities:
        return np.eye(size), np.zeros(size)
    offset, columns = np.zeros(size), [np.zeros((size, 0))]
    left = np.array([a for a, _ in equalities]).reshape(-1, size)
    lengths = np.linalg.norm(left, axis=1)
    lengths[lengths == 0] = 1.0
    right = np.array([b for _, b in equalities]) / lengths
    left /= lengths[:, np.newaxis]
    for own in _joined(left):
        rows = (left[:, own] != 0).any(axis=1)
        basis, offset[own] = _block_null_space(left[np.ix_(rows, own)], right[rows])
        columns.append(np.zeros((size, basis.shape[1])))
        columns[-1][own] = basis
    if np.any(right[~left.any(axis=1)] != 0):
        raise ModelError(CONTRADICT)
    return np.hstack(columns), offset


def _joined(left: np.ndarray) -> list[np.ndarray]:
    """Positions of parameters that equalities join, the parameters in none of them each alone."""
    together = np.abs(left).T @ np.abs(left) > 0
    _, block = connected_components(together, directed=False)
    order = np.argsort(block, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(block[order])) + 1)


def _block_null_space(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(left):
        return np.eye(left.shape[1]), np.zeros(left.shape[1])
    u, s, vt = np.linalg.svd(left)
    rank = int(np.sum(s > s[0] * 1e-10))
    offset = vt[:rank].T @ ((u.T @ right)[:rank] / s[:rank])
    if np.max(np.abs(left @ offset - right)) > 1e-8 * float(np.max(np.abs(right))):
        raise ModelError(CONTRADICT)
    return vt[rank:].T, offset


def of_free(a: np.ndarray, b: float, basis: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, float]:
    """What `a @ parameters == b` asks of z, where parameters = basis @ z + offset; rounding asks nothing."""
    row, right = a @ basis, b - a @ offset
    row[np.abs(row) < ROUNDING * np.abs(a) @ np.abs(basis)] = 0.0
    return row, 0.0 if abs(right) < ROUNDING * (abs(b) + np.abs(a) @ np.abs(offset)) else float(right)


@dataclass(frozen=True)
class Restriction:
    """A constraint and the definitions that it speaks of, in the order in which they are worked out."""

    equation: Equation
    definitions: tuple[Equation, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.equation.lhs.text} {self.equation.op} {self.equation.rhs.text}"

    def sides(self, values: Mapping[str, float]) -> tuple[float, float]:
        """Left side and right side at values of the labels."""
        scope = dict(values)
        for definition in self.definitions:
            scope[definition.lhs.text] = definition.rhs(scope)
        with np.errstate(all="ignore"):
            return float(np.real(self.equation.lhs(scope))), float(np.real(self.equation.rhs(scope)))

    def gap(self, values: Mapping[str, float]) -> float:
        """Left side minus right side at values of the labels."""
        left, right = self.sides(values)
        with np.errstate(all="ignore"):
            return left - right


def in_order(definitions: Sequence[Equation]) -> list[int]:
    """Positions of the definitions, each after those that it uses."""
    position = {equation.lhs.text: k for k, equation in enumerate(definitions)}
    lines = {equation.lhs.text: equation.line for equation in definitions}
    order = evaluation_order({equation.lhs.text: equation.rhs.names for equation in definitions}, lines)
    return [position[name] for name in order]


def expand_definitions(equation: Equation, definitions: Sequence[Equation]) -> Restriction:
    """The constraint with every definition that it needs, and the labels behind them."""
    by_name = {definition.lhs.text: definition for definition in definitions}
    needed: list[str] = []
    pending = [*equation.lhs.names, *equation.rhs.names]
    while pending:
        name = pending.pop(0)
        if name not in needed:
            needed.append(name)
            pending += by_name[name].rhs.names if name in by_name else ()
    used = [definitions[k] for k in in_order(definitions) if definitions[k].lhs.text in needed]
    return Restriction(equation, tuple(used), tuple(name for name in needed if name not in by_name))


def refuse_idle(restriction: Restriction, labels: Mapping[str, int], fixed: Mapping[str, float]) -> None:
    """A constraint without a free parameter restricts nothing, or cannot be kept."""
    if any(name in labels for name in restriction.names):
        return
    left, right = restriction.sides({name: fixed[name] for name in restriction.names})
    same = abs(left - right) <= ROUNDING * max(abs(left), abs(right))
    kept = {"==": same, ">": left >= right, "<": left <= right}[restriction.equation.op]
    found = "always holds" if kept else "can never hold"
    raise ModelError(
        f"Model, line {restriction.equation.line}: '{restriction.text}' {found}, for no free parameter stands in it. "
        "Remove it, or free one of its parameters."
    )


def refuse_constants(
    definitions: Sequence[Equation], fixed: Mapping[str, float], rows: Sequence[Row], statements: Sequence[Statement]
) -> None:
    """A definition that computes from a fixed parameter would give a constant for an estimate; lavaan stops as well."""
    for definition in definitions:
        for name in definition.rhs.names:
            if name in fixed:
                raise ModelError(
                    f"Model, line {definition.line}: '{definition.lhs.text} := {definition.rhs.text}' computes from "
                    f"'{name}', which is not estimated: {_why_fixed(name, fixed[name], rows, statements)}"
                )


def _why_fixed(label: str, value: float, rows: Sequence[Row], statements: Sequence[Statement]) -> str:
    """Which parameter of this label is fixed, by whom, and how it is freed."""
    labelled = [row for row in rows if row.label == label]
    written = {(s.lhs, s.op, s.rhs) for s in statements if _has_value(s)}
    markers = [loadings[0].key for loadings in loadings_by_factor(rows).values()]
    row = next((row for row in labelled if row.key in written), None)
    marker = next((row for row in labelled if row.key in markers), None)
    if row is None and marker is not None:
        factor, item = marker.lhs, marker.rhs
        return (
            f"the loading of '{item}' is fixed at {value:g}, as the marker that gives '{factor}' its unit. To estimate "
            f"it, put NA* before the label (NA*{item} + {label}*{item}) and fix the variance ({factor} ~~ 1*{factor}), "
            "or use std_lv=True."
        )
    row = row or labelled[0]
    name = f"{row.lhs} ~ 1" if row.op == "~1" else f"{row.lhs} {row.op} {row.rhs}"
    return (
        f"'{name}' is fixed at {value:g}. Write the number into the formula, or NA in place of the number to estimate "
        "it."
    )


def _has_value(statement: Statement) -> bool:
    """Whether a number stands before the parameter; NA, which frees it, is none."""
    return any(value is not None and not isnan(value) for value in statement.modifiers.fixed)


def fixed_in_bounds(restrictions: Sequence[Restriction], fixed: Mapping[str, float]) -> tuple[str, ...]:
    """Bounds that name a fixed parameter beside free ones, with its value: lavaan warns of them."""
    bounds = [restriction for restriction in restrictions if restriction.equation.op != "=="]
    return tuple(
        f"'{bound.text}' names '{name}', which is fixed at {fixed[name]:g}"
        for bound in bounds
        for name in bound.names
        if name in fixed
    )


def linear(
    restriction: Restriction, labels: Mapping[str, int], fixed: Mapping[str, float], size: int
) -> tuple[np.ndarray, float]:
    """`left - right` as a @ parameters - b; refuses what is not linear, and what cancels out."""
    names, where = restriction.names, f"Model, line {restriction.equation.line}: '{restriction.text}'"

    def gap(at: Mapping[str, float]) -> float:
        return restriction.gap({name: fixed.get(name, at[name]) for name in names})

    constant = gap(dict.fromkeys(names, 0.0))
    slopes = {n: gap({m: float(m == n) for m in names}) - constant for n in names if n in labels}
    probe = {n: 0.37 + 0.71 * i for i, n in enumerate(names)}
    there = gap(probe)
    rest = there - constant - sum(slope * probe[n] for n, slope in slopes.items())
    # NaN and infinity, which a division or a logarithm gives at one of these points, are not below any bound.
    if not abs(rest) <= ROUNDING * max(abs(there), abs(constant), *map(abs, slopes.values())):
        raise ModelError(
            f"{where} is not linear in the labelled parameters. Only linear constraints such as a == b or a == 2*b "
            "are covered."
        )
    vector = np.zeros(size)
    for name, slope in slopes.items():
        vector[labels[name]] += slope
    if np.all(np.abs(vector) <= ROUNDING * max(map(abs, slopes.values()))):
        raise ModelError(f"{where} restricts nothing: its parameters cancel out. Remove it.")
    return vector, -constant
