"""How results are drawn: one style, colours that everyone can tell apart, and a description with every picture."""

from __future__ import annotations

import base64
import hashlib
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from textwrap import fill
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from cxkit import mime
from cxkit.results import declared, labels
from cxkit.survey.wording import without_stop

BLUE, ORANGE, GREEN, RED, SKY, PURPLE, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#6E6E6E",
)  # fmt: skip
"""Okabe and Ito's colours, which readers with any kind of colour vision can tell apart."""

DPI = 150
LABEL_WIDTH = 28

_STYLE = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same picture on every machine
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "axes.edgecolor": "#888888",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "cxkit",
    "text.parse_math": False,  # a title with two dollar signs is no formula
}


@contextmanager
def style() -> Iterator[None]:
    """The kit's way of drawing, for the time of one figure; the user's own settings come back afterwards.

    It rests on matplotlib's defaults and not on a user's settings file: the same picture on every machine.
    """
    with mpl.style.context(["default", _STYLE]):
        yield


def new_axes(size: tuple[float, float]) -> Axes:
    """Axes in a new pyplot figure, which a notebook shows by itself."""
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=size, layout="constrained")
    return axes


def detached_axes(size: tuple[float, float]) -> Axes:
    """Axes in a figure that no notebook shows by itself."""
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def png(axes: Axes) -> bytes:
    """The figure of these axes, laid out by `finish`, as a png file without date or program name: its bytes repeat."""
    buffer = io.BytesIO()
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.set_layout_engine("none")  # saving would lay it out once more, which costs more than drawing it
    # `savefig` goes through the whole drawing once before it draws; dpi and colours are the figure's own here.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn figure with its caption, in words what it shows (`alt`), and its short names with what they stand for."""

    png: bytes
    alt: str
    caption: str
    key: tuple[tuple[str, str], ...] = ()

    def _repr_html_(self) -> str:
        width = int.from_bytes(self.png[16:20], "big") * 96 // DPI
        source = base64.b64encode(self.png).decode()
        return (
            f'<figure class="cx-figure"><img alt="{html.escape(self.alt, quote=True)}" width="{width}" '
            f'style="max-width:100%;height:auto" src="data:image/png;base64,{source}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>{self._key_below()}"
        )

    def _key_below(self) -> str:
        """The wording behind the short names in the picture."""
        if not self.key:
            return ""
        each = "; ".join(f"<b>{html.escape(short)}</b> {html.escape(without_stop(name))}" for short, name in self.key)
        return f'<p class="cx-text">Key to the figure: {each}.</p>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """The picture's hash for the report's maker; IPython adds the picture."""
        if not declared.is_asked():
            return {}
        name = self.caption.partition(". ")[0]
        return {mime.DECLARED: declared.declared_picture(name, hashlib.sha256(self.png).hexdigest())}

    def __repr__(self) -> str:
        return f"[Figure: {self.alt}]"


def mark_synthetic(axes: Axes) -> None:
    """Write "synthetic data" into the picture: it may be copied without its caption."""
    axes.text(
        1.005, 0.5, "synthetic data", transform=axes.transAxes, rotation=270, ha="left", va="center",
        fontsize=8, color=RED, style="italic",
    )  # fmt: skip


def finish(axes: Axes, wording: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Shorten long names, fit axis titles and legend, and return the key: short names and items with their wording.

    `wording` is that of the items by key; those that the figure names are part of the key.
    """
    shortened = labels.shorten(axes, LABEL_WIDTH)
    labels.fit(axes)
    ticks = [*axes.get_yticklabels(), *axes.get_xticklabels()]
    shown = {word.rstrip(":") for tick in ticks for word in tick.get_text().split()}
    return (*shortened, *((key, text) for key, text in wording.items() if key in shown))


def wrapped(labels: Sequence[object]) -> list[str]:
    """Labels broken into lines that fit beside an axis."""
    return [fill(str(label), LABEL_WIDTH) for label in labels]


def rows(axes: Axes, labels: Sequence[object]) -> np.ndarray:
    """Set out labelled rows from top to bottom and return their heights."""
    heights = np.arange(len(labels))[::-1].astype(float)
    axes.set_yticks(heights, wrapped(labels))
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    return heights


def grouped_heights(groups: Sequence[str]) -> np.ndarray:
    """Heights of rows from top to bottom, with one row of space above each group."""
    heights: list[float] = []
    for _, members in groupby(groups):
        start = heights[-1] - 1.0 if heights else 0.0
        heights += [start - 1.0 - i for i, _ in enumerate(members)]
    return np.asarray(heights) - min(heights)


def intervals(
    axes: Axes,
    heights: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    colour: str = BLUE,
    marker: str = "o",
    label: str | None = None,
) -> None:
    """Points with their intervals, one a row; rows without a number stay empty."""
    axes.hlines(heights, low, high, color=colour, linewidth=2.2, alpha=0.75)
    axes.plot(values, heights, linestyle="none", marker=marker, color=colour, markersize=6.5, label=label)


def heat_map(
    axes: Axes,
    values: np.ndarray,
    texts: np.ndarray,
    *,
    limit: float,
    colours: Sequence[str] = (ORANGE, "#FFFFFF", BLUE),
) -> None:
    """Numbers as colours around zero, each with its text: colour alone tells nobody the value."""
    import seaborn as sns  # takes a second to import; few figures need it

    palette = LinearSegmentedColormap.from_list("cxkit", list(colours))
    sns.heatmap(
        values, ax=axes, annot=texts, fmt="", cmap=palette, vmin=-limit, vmax=limit, cbar=False, linewidths=0.5,
        annot_kws={"fontsize": 8.5},
    )  # fmt: skip
    for text, value in zip(axes.texts, values.ravel(), strict=True):
        text.set_color(ink_on(palette((value + limit) / (2 * limit))))  # seaborn's own choice is pale on pale blue
        text.set_in_layout(False)  # it lies within its cell
    axes.tick_params(length=0)
    axes.grid(visible=False)


def ink_on(colour: ColorType) -> str:
    """Black or white, whichever has more contrast on this colour: at least 4.58 to 1, whatever the colour.

    Relative luminance and contrast of the Web Content Accessibility Guidelines 2.1; the two contrasts are equal at a
    luminance of .179.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"


def say_instead(axes: Axes, text: str) -> None:
    """A short sentence where there is nothing to draw: empty axes look like a mistake."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, fontsize=10).set_in_layout(False)


def text_within(axes: Axes, place: tuple[float, float], text: str, *, ha: str = "center", **look: Any) -> None:
    """A text that lies within the axes for certain: the layout of the figure, which measures each, leaves it out."""
    axes.text(*place, text, ha=ha, va="center", **look).set_in_layout(False)


def reference_line(axes: Axes, value: float, label: str, *, to_the_left: bool = False) -> None:
    """A dashed vertical line, named at its upper end, to its right or, near the right edge, to its left."""
    axes.axvline(value, color=GREY, linewidth=1, linestyle="--")
    axes.annotate(
        label, (value, 1.0), xycoords=("data", "axes fraction"), xytext=(-3 if to_the_left else 3, 3),
        textcoords="offset points", fontsize=8, color=GREY, va="bottom", ha="right" if to_the_left else "left",
    )  # fmt: skip


def legend_below(axes: Axes) -> None:
    """The legend below everything else, where it covers nothing; within the axes of a figure that is not ours."""
    figure = axes.get_figure(root=True)
    if figure is not None and figure.get_constrained_layout():
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    else:
        axes.legend(frameon=False)
