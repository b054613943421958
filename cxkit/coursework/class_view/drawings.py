"""Figures of the class view: svg without date or chance, each with its description in words."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxkit.coursework.class_view.items import ClassStatistics
from cxkit.coursework.class_view.rules import EASY, HARD, WEAK, signed
from cxkit.coursework.page.words import points_on_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, YELLOW, ORANGE, GREY = "#0072B2", "#E69F00", "#D55E00", "#5b626d"
"""Okabe and Ito's, which readers with any kind of colour vision can tell apart."""

_STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9.5, "axes.titlesize": 9.5, "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": "#E3E3E3", "grid.linewidth": 0.7, "axes.edgecolor": "#888888", "figure.facecolor": "white",
    "svg.hashsalt": "cxkit", "text.parse_math": False,
}  # fmt: skip
COLUMNS = 4
BINS = 20


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure as svg, what it shows in words (`alt`), and its caption."""

    svg: bytes
    alt: str
    caption: str

    @property
    def address(self) -> str:
        """As the source of an image element, which runs nothing that a picture may hold."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode()


def totals_drawing(statistics: ClassStatistics) -> Drawing:
    """How are the totals distributed?"""
    totals, out_of = np.array(statistics.totals), statistics.out_of
    low, middle, high = np.quantile(totals, [0.25, 0.5, 0.75])
    with _figure((7.4, 2.6)) as figure:
        axes = figure.subplots()
        edges = _edges(out_of)
        axes.hist(totals, bins=edges, color=BLUE, edgecolor="white", linewidth=0.6)
        for value, name in ((low, "a quarter below"), (middle, "half"), (high, "three quarters")):
            axes.axvline(value, color=ORANGE if name == "half" else GREY, linestyle="--", linewidth=1)
        axes.set(xlim=(0, edges[-1]), xlabel="Points", ylabel="Students")
        _whole_numbers(axes.yaxis)
        svg = _svg(figure)
    return Drawing(
        svg=svg,
        alt=f"Histogram of {len(totals)} totals from 0 to {points_on_page(out_of)} points: "
        f"median {points_on_page(middle)}, middle half from {points_on_page(low)} to {points_on_page(high)}.",
        caption=f"Totals of {len(totals)} students, before late penalties. Orange: the median; grey: the quartiles.",
    )


def questions_drawing(statistics: ClassStatistics, titles: Mapping[str, str]) -> Drawing:
    """How are the points of each question distributed?"""
    items = statistics.items
    rows = -(-len(items) // COLUMNS)
    with _figure((7.4, 0.35 + 1.55 * rows)) as figure:
        grid = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
        for number, (axes, item) in enumerate(zip(grid.flat, items, strict=False), 1):
            edges = _edges(item.out_of, 10)
            axes.hist(np.clip(item.points, 0, item.out_of), bins=edges, color=BLUE, edgecolor="white")
            axes.axvline(item.mean, color=ORANGE, linewidth=1.2)
            axes.set_title(_short(f"{number} {titles.get(item.question, item.question)}"))
            axes.set(xlim=(0, edges[-1]), xticks=[0, item.out_of])
            axes.set_xticklabels(["0", points_on_page(item.out_of)])
            _whole_numbers(axes.yaxis)
        for axes in grid.flat[len(items) :]:
            axes.set_axis_off()
        figure.supylabel("Students", fontsize=9.5)
        svg = _svg(figure)
    means = "; ".join(
        f"{titles.get(i.question, i.question)} {points_on_page(i.mean)} of {points_on_page(i.out_of)}" for i in items
    )
    return Drawing(
        svg=svg,
        alt=f"Small histograms of the points of each question. Means: {means}.",
        caption="Points of each question. Orange: the mean.",
    )


def quality_drawing(statistics: ClassStatistics, titles: Mapping[str, str]) -> Drawing | None:
    """Which questions are hard, and which tell students apart? None where no correlation can be computed."""
    items = [(n, item) for n, item in enumerate(statistics.items, 1) if item.discrimination is not None]
    if not items:
        return None
    with _figure((7.4, 3.2)) as figure:
        axes = figure.subplots()
        axes.axhspan(-1, WEAK, color=YELLOW, alpha=0.13, linewidth=0)
        axes.axvline(HARD, color=GREY, linestyle="--", linewidth=1)
        axes.axvline(EASY, color=GREY, linestyle="--", linewidth=1)
        for _, item in items:
            if item.interval:
                axes.vlines(item.difficulty, *item.interval, color=BLUE, alpha=0.35, linewidth=2)
        values = [(item.difficulty, float(item.discrimination or 0.0)) for _, item in items]
        axes.plot(*zip(*values, strict=True), linestyle="none", marker="o", color=BLUE, markersize=6)
        for (number, _), place in zip(items, values, strict=True):
            axes.annotate(str(number), place, xytext=(6, 4), textcoords="offset points", fontsize=9.5)
        lowest = min(-0.2, *(item.interval[0] if item.interval else 0.0 for _, item in items)) - 0.05
        axes.set(
            xlim=(0, 1), ylim=(lowest, 1), xlabel="Mean share of points (hard to easy)",
            ylabel="Correlation with\nthe other questions",
        )  # fmt: skip
        svg = _svg(figure)
    listed = "; ".join(
        f"{n} {titles.get(item.question, item.question)}: {item.difficulty:.2f}, {signed(item.discrimination or 0.0)}"
        for n, item in items
    )
    return Drawing(
        svg=svg,
        alt=f"Questions by mean share of points and by correlation with the other questions. {listed}.",
        caption="Each question by its number in the table, with the 95 % interval of its correlation. Coloured ground: "
        f"below {WEAK:.2f}. Dashed: hard below {HARD:.2f}, easy above {EASY:.2f}.",
    )


def expected_drawing(similarities: np.ndarray, marked: tuple[float, ...], listed_from: float) -> Drawing:
    """How alike are any two submissions of this class, and where do the listed pairs stand among them?"""
    with _figure((7.4, 2.2)) as figure:
        axes = figure.subplots()
        axes.hist(similarities, bins=[n / 50 for n in range(51)], color=BLUE, edgecolor="white", linewidth=0.4)
        axes.set_yscale("symlog", linthresh=1)
        axes.plot(marked, [0.5] * len(marked), linestyle="none", marker="v", color=ORANGE, markersize=7)
        axes.axvline(listed_from, color=GREY, linestyle="--", linewidth=1)
        axes.set(xlim=(0, 1), xlabel="Similarity of two submissions", ylabel="Pairs (log)")
        svg = _svg(figure)
    middle, high = np.quantile(similarities, [0.5, 0.95])
    return Drawing(
        svg=svg,
        alt=f"Histogram of the similarities of all {len(similarities):,} pairs: median {middle:.2f}, 95 % below "
        f"{high:.2f}; {len(marked)} pairs are listed, from {min(marked, default=0.0):.2f} "
        f"to {max(marked, default=0.0):.2f}.",
        caption="All pairs of the class; the height is logarithmic, so that single pairs can be seen. Orange "
        f"triangles: the pairs listed below. Dashed: {listed_from:.2f}, from which a pair is listed.",
    )


def _edges(out_of: float, most: int = BINS) -> list[float]:
    """Bins around whole or half points where there are few of them."""
    for step in (0.5, 1.0, 2.0, 5.0, 10.0):
        if out_of / step <= most:
            return [float(edge) for edge in np.arange(0, out_of + step, step)]
    return [float(edge) for edge in np.linspace(0, out_of, most + 1)]


def _short(title: str) -> str:
    return title if len(title) <= 22 else title[:21].rstrip() + "…"


def _whole_numbers(axis: object) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=4, integer=True))  # type: ignore[attr-defined]


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[Figure]:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(rb"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*", b"", buffer.getvalue(), flags=re.DOTALL)
