"""A path diagram on matplotlib axes: factors as ellipses, items as boxes, arrows labelled with estimates."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from cxkit.errors import ModelError, nearest
from cxkit.sem.table import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cxkit.sem.fit import Fit

INK, QUIET, LATENT, OBSERVED = "#1b1b1b", "#6b6b6b", "#dbe9f6", "#f4f1e8"
ONE_GROUP = " The model has one group: leave out group=."
Place = tuple[float, float]


def path_diagram(fit: Fit, ax: Axes | None = None, *, group: int | str = 0, estimates: str = "std_all") -> Axes:
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
        _, ax = plt.subplots(figsize=(8.5, height), layout="constrained")
    places = _layout(fit)
    values = _values(fit, group, estimates)
    _frame(ax, places)
    arcs = [(row, value) for row, value in values if row.op == "~~" and row.lhs != row.rhs and abs(value) > 0]
    for row, _ in arcs:
        _make_room(ax, *_bend(places, row))  # before anything is drawn: the numbers are placed on the page
    for row, value in values:
        if row.op in ("=~", "~"):
            _arrow(ax, places, row, value)
    for row, value in arcs:
        _arc(ax, places, row, value, latent=row.lhs in fit.table.variables.latent)
    for name, place in places.items():
        _node(ax, name, place, name in fit.table.variables.latent)
    return ax


def group_number(fit: Fit, group: int | str) -> int:
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


def describe(fit: Fit, group: int = 0) -> str:
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


def _values(fit: Fit, group: int, estimates: str) -> list[tuple[Row, float]]:
    rows = fit.row_table.rows
    column = fit.estimates[estimates].to_numpy()[: len(rows)]
    return [(row, float(v)) for row, v in zip(rows, column, strict=True) if row.group == group]


def _layout(fit: Fit) -> dict[str, Place]:
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
    places: dict[str, Place] = {}
    cursor = {-1: 0.0, 1: 0.0}
    for factor in sorted(latent, key=lambda f: depth[f]):
        own = [i for i in items[factor] if owner[i] == factor and i not in latent]
        side = -1 if depth[factor] < max(1, (deepest + 1) / 2) else 1
        for item in own:
            places[item] = (side * (1.6 + deepest) if side < 0 else deepest + 1.6, -cursor[side])
            cursor[side] += 1.0
        middle = float(np.mean([places[i][1] for i in own])) if own else -cursor[side]
        places[factor] = (float(depth[factor]), middle)
        cursor[side] += 0.5
    _place_rest(fit, places, depth, items)
    return places


def _place_rest(fit: Fit, places: dict[str, Place], depth: dict[str, int], items: dict[str, list[str]]) -> None:
    """Higher-order factors beside those they explain; observed variables of the regressions by depth."""
    latent = set(fit.table.variables.latent)
    for factor, own in items.items():
        lower = [i for i in own if i in latent]
        if lower:
            places[factor] = (places[lower[0]][0] + 1.6, float(np.mean([places[i][1] for i in lower])))
    bottom = min((y for _, y in places.values()), default=1.0)
    rest = [name for name in fit.table.variables.observed if name not in places]
    count: dict[int, int] = {}
    for name in rest:
        k = count.get(depth.get(name, 0), 0)
        count[depth.get(name, 0)] = k + 1
        places[name] = (float(depth.get(name, 0)) * 1.2, bottom - 1.2 - 1.4 * k - 0.5 * (depth.get(name, 0) % 2))


def _depths(fit: Fit) -> dict[str, int]:
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


def _arrow(ax: Axes, places: dict[str, Place], row: Row, value: float) -> None:
    start, end = (row.lhs, row.rhs) if row.op == "=~" else (row.rhs, row.lhs)
    width = 0.6 + 1.8 * min(abs(value), 1.0)
    _connect(ax, places[start], places[end], "-|>", 0.0, {"linewidth": width, "color": INK})
    _label(ax, places[start], places[end], value, 0.5, 0.0)


def _arc(ax: Axes, places: dict[str, Place], row: Row, value: float, latent: bool) -> None:
    a, b, bend = _bend(places, row)
    style = {"linewidth": 0.8, "color": QUIET, "linestyle": "-" if latent else "--"}
    _connect(ax, a, b, "<|-|>", bend, style)
    _label(ax, a, b, value, 0.5, bend)


def _bend(places: dict[str, Place], row: Row) -> tuple[Place, Place, float]:
    """Both ends of an arc, from top to bottom, and how far it is bent."""
    a, b = sorted((places[row.lhs], places[row.rhs]), key=lambda place: -place[1])
    # Items bend outwards; factors bend away from their items.
    outwards = 1.0 if a[0] >= 0 and b[0] >= 0 else -1.0
    side = outwards if abs(a[0] - b[0]) < 1 else 0.3
    between = sum(min(a[1], b[1]) < y < max(a[1], b[1]) and abs(x - a[0]) < 1 for x, y in places.values())
    # Round those in between, whose ellipses would hide the number.
    return a, b, -0.3 * side * (1 + 0.5 * min(between, 4))


def _make_room(ax: Axes, a: Place, b: Place, bend: float) -> None:
    """Widen the axes to the right where an arc would leave them."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    width, height = ax.get_figure().get_size_inches()  # type: ignore[union-attr]
    page_height = abs(a[1] - b[1]) / (top - bottom) * height  # of the chord, in inches
    reach = max(a[0], b[0]) + (0.5 * abs(bend) * page_height / width) * (right - left) + 0.3
    if bend < 0 and reach > right:
        ax.set_xlim(left, reach)


def _connect(ax: Axes, a: Place, b: Place, style: str, bend: float, line: dict[str, Any]) -> None:
    ax.annotate("", xy=b, xytext=a, zorder=2, arrowprops={
        "arrowstyle": style, "connectionstyle": f"arc3,rad={bend}", "shrinkA": 20, "shrinkB": 20, **line})  # fmt: skip


def _label(ax: Axes, a: Place, b: Place, value: float, at: float, bend: float) -> None:
    # Arcs are bent on the page, not in data units; the top of one lies half its bend away from the chord.
    (ax1, ay1), (bx1, by1) = ax.transData.transform([a, b])
    page = ax1 + at * (bx1 - ax1) + 0.5 * bend * (by1 - ay1), ay1 + at * (by1 - ay1) - 0.5 * bend * (bx1 - ax1)
    x, y = ax.transData.inverted().transform(page)
    ax.text(x, y, f"{value:.2f}".replace("0.", ".", 1), ha="center", va="center", fontsize=7.5, color=INK, zorder=3,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85})  # fmt: skip


def _frame(ax: Axes, places: dict[str, Place]) -> None:
    xs, ys = zip(*places.values(), strict=True)
    ax.set_xlim(min(xs) - 0.8, max(xs) + 0.8)
    ax.set_ylim(min(ys) - 0.8, max(ys) + 0.8)
    ax.set_axis_off()
