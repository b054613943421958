"""Linear constraints between parameters: read off their formulae, and solved once and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cxkit.errors import ModelError
from cxkit.sem.syntax import Equation


def null_space(equalities: Sequence[tuple[np.ndarray, float]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """`basis` and `offset` such that A @ (basis @ z + offset) == b for every z."""
    if not equalities:
        return np.eye(size), np.zeros(size)
    left = np.array([a for a, _ in equalities])
    right = np.array([b for _, b in equalities])
    u, s, vt = np.linalg.svd(left)
    rank = int(np.sum(s > s[0] * 1e-10)) if s.size else 0
    offset = vt[:rank].T @ ((u.T @ right)[:rank] / s[:rank])
    if np.max(np.abs(left @ offset - right)) > 1e-8:
        raise ModelError("The equality constraints contradict each other. Remove one of them.")
    return vt[rank:].T, offset


def linear(
    equation: Equation, labels: Mapping[str, int], fixed: Mapping[str, float], size: int
) -> tuple[np.ndarray, float]:
    """`left - right` as a @ parameters - b; refuses what is not linear."""
    names = tuple(dict.fromkeys((*equation.lhs.names, *equation.rhs.names)))

    def gap(at: Mapping[str, float]) -> float:
        values = {name: fixed.get(name, at[name]) for name in names}
        return float(np.real(equation.lhs(values) - equation.rhs(values)))

    try:
        constant = gap(dict.fromkeys(names, 0.0))
        slopes = {n: gap({m: float(m == n) for m in names}) - constant for n in names if n in labels}
        probe = {n: 0.37 + 0.71 * i for i, n in enumerate(names)}
        straight = abs(gap(probe) - constant - sum(s * probe[n] for n, s in slopes.items())) < 1e-9
    except (ZeroDivisionError, FloatingPointError, KeyError):
        straight = False
    if not straight:
        raise ModelError(
            f"Model, line {equation.line}: '{equation.lhs.text} {equation.op} {equation.rhs.text}' is not linear in "
            "the labelled parameters. Only linear constraints such as a == b or a == 2*b are covered."
        )
    vector = np.zeros(size)
    for name, slope in slopes.items():
        vector[labels[name]] += slope
    return vector, -constant
