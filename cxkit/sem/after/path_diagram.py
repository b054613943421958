"""A path diagram on matplotlib axes: factors as ellipses, items as boxes, arrows labelled with estimates."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from cxkit.errors import ModelError, nearest
from cxkit.sem.language.table import Row
from cxkit.sem.solved import Solved

if TYPE_CHECKING:
    from matplotlib.axes import Axes


INK, QUIET, LATENT, OBSERVED = "#1b1b1b", "#6b6b6b", "#dbe9f6", "#f4f1e8"
ONE_GROUP = " The model has one group: leave out group=."
Place = tuple[float, float]
Line = tuple[Place, Place, float]
LEVELS = (0.05, 0.01, 0.001)
"""Below how many of these a p lies is how many stars it has."""
HALF_LETTER = 2.7
"""Half the width of a letter of a name, in points."""
STEPS = 40
TALL = 18
"""From this many items on columns stand farther apart: arrows between them would be nearly vertical."""
SPOTS = np.arange(10, 31)
"""Where along a line, of its STEPS, the number may stand."""
WHITE: dict[str, Any] = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}


def path_diagram(
    fit: Solved, ax: Axes | None = None, *, group: int | str = 0, estimates: str = "std_all", stars: bool = False
) -> Axes:
    """Draw one group of a model.

    Layers from left to right: items of exogenous factors, factors by their place in the regressions, items of the
    other factors. Residual variances are left out; residual correlations are dashed.
    """
    if estimates not in ("std_all", "std_lv", "est"):
        raise ModelError(f"plot() does not know estimates='{estimates}'. Known: std_all, std_lv, est.")
    group = group_number(fit, group)
    if ax is None:
        import matplotlib.pyplot as plt

        height = max(3.0, 0.42 * len(fit.table.variables.observed))
        columns = len(set(_depths(fit).values()))
        _, ax = plt.subplots(figsize=(max(8.5, 5.5 + 1.5 * columns), height), layout="constrained")
    places = _layout(fit)
    values = _values(fit, group, estimates)
    marks = _stars(fit, group) if stars else {}
    _frame(ax, places)
    arcs = [(row, value) for row, value in values if row.op == "~~" and row.lhs != row.rhs and abs(value) > 0]
    for row, _ in arcs:
        _make_room(ax, *_bend(places, row))  # before anything is drawn: the numbers are placed on the page
    wide = {place: HALF_LETTER * len(name) for name, place in places.items()}
    lines = [(row, value, _line(places, row)) for row, value in values if row.op in ("=~", "~")]
    lines += [(row, value, _bend(places, row)) for row, value in arcs]
    for row, value, line in lines:
        _draw_line(ax, row, value, line, wide, latent=row.lhs in fit.table.variables.latent)
    told = [_number(value) + marks.get((row.lhs, row.op, row.rhs), "") for row, value, _ in lines]
    _place_labels(ax, [(text, line) for text, (_, _, line) in zip(told, lines, strict=True)], list(places.values()))
    for name, place in places.items():
        _node(ax, name, place, name in fit.table.variables.latent)
    _explained(ax, fit, group, places)
    if len(fit.models) > 1:
        ax.set_title(str(fit.sample.labels[group]), fontsize=10, color=INK)
    return ax


def _number(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def _stars(fit: Solved, group: int) -> dict[tuple[str, str, str], str]:
    """* p < .05, ** p < .01, *** p < .001 of the unstandardised estimates; nothing where a parameter is fixed."""
    rows = fit.row_table.rows
    p = fit.estimates["p"].to_numpy()[: len(rows)]
    pairs = [(row, value) for row, value in zip(rows, p, strict=True) if row.group == group]
    return {(row.lhs, row.op, row.rhs): "*" * sum(bool(value < cut) for cut in LEVELS) for row, value in pairs}


def _explained(ax: Axes, fit: Solved, group: int, places: dict[str, Place]) -> None:
    """The explained share of variance under every variable that is regressed or part of a higher factor."""
    shares = fit.r_squared
    own = list(shares.values())[group] if isinstance(shares, dict) else shares
    rows = fit.table.group_rows(group)
    latent = set(fit.table.variables.latent)
    names = {r.lhs for r in rows if r.op == "~"} | {r.rhs for r in rows if r.op == "=~" and r.rhs in latent}
    for name in sorted(names & set(own.index)):
        text = f"R² = {own[name]:.2f}".replace("0.", ".", 1)
        ax.annotate(text, places[name], xytext=(0, -13), textcoords="offset points", ha="center", va="top",
                    fontsize=6.5, color=INK, zorder=5, bbox=WHITE)  # fmt: skip


def group_number(fit: Solved, group: int | str) -> int:
    """The place of a group given by its name, or by its number from 0 on."""
    labels = fit.sample.labels
    if isinstance(group, str):
        if group in labels and len(labels) > 1:
            return labels.index(group)
        raise ModelError(f"There is no group '{group}'.{nearest(group, labels) if len(labels) > 1 else ONE_GROUP}")
    if not isinstance(group, Integral) or not 0 <= group < len(labels):
        many = f"the model has {len(labels)} groups, counted from 0" if len(labels) > 1 else "there is one group, 0"
        raise ModelError(f"group={group!r} does not exist: {many}. Names do as well.")
    return int(group)


def describe(fit: Solved, group: int = 0) -> str:
    """The diagram in words, for readers who cannot see it."""
    parts = []
    for row, value in _values(fit, group, "std_all"):
        if row.op == "=~":
            parts.append(f"{row.lhs} to {row.rhs} {value:.2f}")
        elif row.op == "~":
            parts.append(f"{row.rhs} predicts {row.lhs} {value:.2f}")
        elif row.op == "~~" and row.lhs != row.rhs and abs(value) > 0:
            parts.append(f"{row.lhs} with {row.rhs} {value:.2f}")
    return "Path diagram with standardised estimates: " + "; ".join(parts) + "."


def _values(fit: Solved, group: int, estimates: str) -> list[tuple[Row, float]]:
    rows = fit.row_table.rows
    column = fit.estimates[estimates].to_numpy()[: len(rows)]
    return [(row, float(v)) for row, v in zip(rows, column, strict=True) if row.group == group]


def _layout(fit: Solved) -> dict[str, Place]:
    """A column for every step along the regressions, items on the outer sides."""
    rows = fit.table.group_rows(0)
    latent = list(fit.table.variables.latent)
    depth = _depths(fit)
    items = {f: [r.rhs for r in rows if r.op == "=~" and r.lhs == f] for f in latent}
    deepest = max(depth.values(), default=0)
    owner: dict[str, str] = {}
    for factor in latent:
        for item in items[factor]:
            owner.setdefault(item, factor)
    # Items whose residuals go together stand in one column, so that their arcs stay outside.
    turn = 1 if _residuals_cross(fit, owner, depth) else _turn(depth, items, latent)
    step = 1.0 if len(owner) < TALL else 2.0
    left = 1.6 + deepest if len(owner) < TALL else 2.4
    places: dict[str, Place] = {}
    cursor = {-1: 0.0, 1: 0.0}
    for factor in sorted(latent, key=lambda f: depth[f]):
        own = [i for i in items[factor] if owner[i] == factor and i not in latent]
        side = -1 if depth[factor] < turn else 1
        for item in own:
            places[item] = (-left if side < 0 else step * deepest + 2.0, -cursor[side])
            cursor[side] += 1.0
        middle = float(np.mean([places[i][1] for i in own])) if own else -cursor[side]
        places[factor] = (step * depth[factor], middle)
        cursor[side] += 0.5
    _centre(places)
    _place_rest(fit, places, depth, items)
    return places


def _turn(depth: dict[str, int], items: dict[str, list[str]], latent: list[str]) -> int:
    """From which step of the regressions on items stand on the right: where both sides are most alike in height."""
    tall = {step: sum(len(items[f]) + 0.5 for f in latent if depth[f] == step) for step in set(depth.values())}
    whole = sum(tall.values())
    return min(range(1, max(depth.values(), default=0) + 2),
               key=lambda turn: abs(whole - 2 * sum(tall.get(k, 0.0) for k in range(turn))))  # fmt: skip


def _centre(places: dict[str, Place]) -> None:
    """The two sides side by side, where one is shorter: factors go with their items."""
    left, right = ([name for name in places if (places[name][0] <= 0) is side] for side in (True, False))
    if not (left and right):
        return
    middle = [np.mean([min(ys), max(ys)]) for ys in ([places[n][1] for n in side] for side in (left, right))]
    for name in left:
        places[name] = (places[name][0], places[name][1] + float(middle[1] - middle[0]))


def _residuals_cross(fit: Solved, owner: dict[str, str], depth: dict[str, int]) -> bool:
    """Whether a residual covariance joins items of two factors that are both explained by others."""
    pairs = [(owner[r.lhs], owner[r.rhs]) for r in fit.table.group_rows(0)
             if r.op == "~~" and r.lhs != r.rhs and r.lhs in owner and r.rhs in owner]  # fmt: skip
    return any(a != b and depth[a] > 0 and depth[b] > 0 for a, b in pairs)


def _place_rest(fit: Solved, places: dict[str, Place], depth: dict[str, int], items: dict[str, list[str]]) -> None:
    """Higher-order factors beside those they explain; observed variables of the regressions by depth."""
    latent = set(fit.table.variables.latent)
    for factor, own in items.items():
        lower = [i for i in own if i in latent]
        if lower:
            places[factor] = (places[lower[0]][0] + 1.6, float(np.mean([places[i][1] for i in lower])))
    rest = [name for name in fit.table.variables.observed if name not in places]
    first = [name for name in rest if depth.get(name, 0) == 0]
    if places and len(rest) == len(first) and all(x > 0 for x, _ in places.values()):
        # Nothing stands on the left: predictors do, far enough apart for the arcs between them.
        heights = [y for _, y in places.values()]
        top = (min(heights) + max(heights)) / 2 + 0.9 * (len(first) - 1)
        places |= {name: (-0.6, top - 1.8 * k) for k, name in enumerate(first)}
        return
    bottom = min((y for _, y in places.values()), default=1.0)
    count: dict[int, int] = {}
    for name in rest:
        k = count.get(depth.get(name, 0), 0)
        count[depth.get(name, 0)] = k + 1
        places[name] = (float(depth.get(name, 0)) * 1.2, bottom - 1.2 - 1.4 * k - 0.5 * (depth.get(name, 0) % 2))


def _depths(fit: Solved) -> dict[str, int]:
    """How many regressions lead to each variable."""
    regressions = [(r.rhs, r.lhs) for r in fit.table.group_rows(0) if r.op == "~"]
    depth = dict.fromkeys([*fit.table.variables.latent, *fit.table.variables.observed], 0)
    for _ in depth:
        for cause, effect in regressions:
            if depth[effect] <= depth[cause] and depth[cause] + 1 < len(depth):
                depth[effect] = depth[cause] + 1
    return depth


def _node(ax: Axes, name: str, place: Place, latent: bool) -> None:
    shape, fill = ("ellipse,pad=0.35", LATENT) if latent else ("square,pad=0.45", OBSERVED)
    box = {"boxstyle": shape, "facecolor": fill, "edgecolor": INK, "linewidth": 0.9}
    ax.text(*place, name, ha="center", va="center", fontsize=9, color=INK, zorder=4, bbox=box)


def _line(places: dict[str, Place], row: Row) -> Line:
    start, end = (row.lhs, row.rhs) if row.op == "=~" else (row.rhs, row.lhs)
    return places[start], places[end], 0.0


def _draw_line(ax: Axes, row: Row, value: float, line: Line, wide: dict[Place, float], latent: bool) -> None:
    if row.op == "~~":
        # What is measured or given is solid; residuals that go together are dashed.
        style = {"linewidth": 0.8, "color": QUIET, "linestyle": "-" if latent or row.exogenous else "--"}
        _connect(ax, line, "<|-|>", wide, style)
    else:
        _connect(ax, line, "-|>", wide, {"linewidth": 0.6 + 1.8 * min(abs(value), 1.0), "color": INK})


def _place_labels(ax: Axes, lines: list[tuple[str, Line]], nodes: list[Place]) -> None:
    """A number on each line, at the place farthest from nodes, other lines and the numbers set before."""
    curves = [_on_page(ax, line) for _, line in lines]
    taken = [np.asarray(ax.transData.transform(node)) for node in nodes]
    for k, (text, _) in enumerate(lines):
        spots = curves[k][SPOTS]
        others = np.concatenate([*(curve for j, curve in enumerate(curves) if j != k), np.full((1, 2), 1e6)])
        away = _distances(spots, others).min(axis=1)
        free = _distances(spots, np.array(taken)).min(axis=1)
        # Lines may pass near a number; other numbers and nodes may not. The middle decides between equals.
        best = int(np.argmax(np.minimum(free, 40.0) + np.minimum(away, 12.0) - np.abs(SPOTS - STEPS / 2) * 0.3))
        taken.append(spots[best])
        x, y = ax.transData.inverted().transform(spots[best])
        ax.text(x, y, text, ha="center", va="center", fontsize=7.5, color=INK,
                zorder=3, bbox=WHITE)  # fmt: skip


def _on_page(ax: Axes, line: Line) -> np.ndarray:
    """Points along a line in pixels: a parabola whose control point lies `bend` chords beside the middle."""
    a, b = (np.asarray(ax.transData.transform(end)) for end in line[:2])
    control = (a + b) / 2 + line[2] * np.array([b[1] - a[1], a[0] - b[0]])
    t = np.linspace(0, 1, STEPS + 1)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b)


def _distances(spots: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(*(spots[:, None] - others[None]).transpose(2, 0, 1)))


def _bend(places: dict[str, Place], row: Row) -> tuple[Place, Place, float]:
    """Both ends of an arc, from top to bottom, and how far it is bent."""
    a, b = sorted((places[row.lhs], places[row.rhs]), key=lambda place: -place[1])
    # Items bend outwards; factors bend away from their items.
    outwards = 1.0 if a[0] >= 0 and b[0] >= 0 else -1.0
    side = outwards if abs(a[0] - b[0]) < 1 else 0.3
    between = sum(min(a[1], b[1]) < y < max(a[1], b[1]) and abs(x - a[0]) < 1 for x, y in places.values())
    # Round those in between, whose ellipses would hide the number.
    # In the outermost column there is nothing beyond, and a flatter arc is enough.
    columns = [x for x, _ in places.values()]
    outermost = a[0] == b[0] and a[0] in (min(columns), max(columns))
    steep = min(between, 1) * (1.0 if between == 1 else 0.6) if outermost else 0.5 * min(between, 4)
    return a, b, -0.3 * side * (1 + steep)


def _make_room(ax: Axes, a: Place, b: Place, bend: float) -> None:
    """Widen the axes where an arc would leave them at a side."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    width, height = ax.get_figure().get_size_inches()  # type: ignore[union-attr]
    page_height = abs(a[1] - b[1]) / (top - bottom) * height  # of the chord, in inches
    bulge = (0.5 * abs(bend) * page_height / width) * (right - left) + 0.3
    if bend < 0:
        ax.set_xlim(left, max(right, max(a[0], b[0]) + bulge))
    else:
        ax.set_xlim(min(left, min(a[0], b[0]) - bulge), right)


def _connect(ax: Axes, line: Line, style: str, wide: dict[Place, float], look: dict[str, Any]) -> None:
    a, b, bend = line
    curve = _on_page(ax, line)
    gaps = {"shrinkA": _gap(curve[3] - curve[0], wide[a]), "shrinkB": _gap(curve[-4] - curve[-1], wide[b])}
    ax.annotate("", xy=b, xytext=a, zorder=2, arrowprops={
        "arrowstyle": style, "connectionstyle": f"arc3,rad={bend}", **gaps, **look})  # fmt: skip


def _gap(direction: np.ndarray, half_name: float) -> float:
    """How far from its centre, in points, a node ends in one direction: an ellipse round its name."""
    x, y = direction / np.hypot(*direction)
    return float(1 / np.hypot(x / (half_name + 14), y / 15) + 4)


def _frame(ax: Axes, places: dict[str, Place]) -> None:
    xs, ys = zip(*places.values(), strict=True)
    ax.set_xlim(min(xs) - 0.8, max(xs) + 0.8)
    ax.set_ylim(min(ys) - 0.8, max(ys) + 0.8)
    ax.set_axis_off()
