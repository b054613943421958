"""Long names in figures: short keys beside the axes, the wording in a key below; nothing runs off the edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

LONGEST = 60
"""Letters of a name beside an axis; longer ones get a short form, and the key below says it in full."""
KEPT = 38
"""Letters kept of a name that is cut."""
BETWEEN = " – "
"""Stands between the two dimensions of a pair."""
NARROWEST = 16
"""Letters in a line of an axis title, at least."""


class ShortNames:
    """A short form for each long name, the same wherever it stands, and no two alike."""

    def __init__(self) -> None:
        self.short: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The name as it may stand beside an axis; of a pair, each part by itself."""
        parts = name.split(BETWEEN)
        return BETWEEN.join(self._part(part) for part in parts)

    def _part(self, name: str) -> str:
        if len(name) <= LONGEST:
            return name
        if name not in self.short:
            start = name[:KEPT].rsplit(" ", 1)[0] if " " in name[:KEPT] else name[:KEPT]
            self.short[name] = f"{start} … [{len(self.short) + 1}]"
        return self.short[name]

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """Every short form with the name that it stands for."""
        return tuple((short, name) for name, short in self.short.items())


def shorten(axes: Axes, width: int) -> tuple[tuple[str, str], ...]:
    """Shorten every long name in the figure and number those that stand twice; the short forms with their names."""
    names = ShortNames()
    for text in _names(axes):
        whole = " ".join(text.get_text().split())
        if len(whole) > LONGEST:
            text.set_text(fill(names.of(whole), width))
    for axis, place in ((axes.yaxis, axes.set_yticks), (axes.xaxis, axes.set_xticks)):
        if isinstance(axis.get_major_locator(), FixedLocator):  # names; the numbers of a scale stay as they are
            _shorten_ticks(names, axis.get_majorticklabels(), place, width)
    return names.key


def _names(axes: Axes) -> Iterator[Text]:
    """Texts that may hold a name: those within the axes, and the legend's."""
    yield from axes.texts
    figure = axes.get_figure(root=True)
    for legend in _legends(axes, figure):
        yield from legend.get_texts()


def _legends(axes: Axes, figure: Figure | None) -> list[Legend]:
    own = axes.get_legend()
    return [*([own] if own else []), *(figure.legends if figure else [])]


def _shorten_ticks(names: ShortNames, ticks: list[Text], place: Callable[..., object], width: int) -> None:
    """Tick labels with short names, each different."""
    words = [" ".join(tick.get_text().split()) for tick in ticks]
    if not any(words) or not (any(len(w) > LONGEST for w in words) or len(set(filter(None, words))) < len(words)):
        return
    seen: dict[str, int] = {}
    shown = []
    for word in words:
        short = names.of(word)
        seen[short] = seen.get(short, 0) + 1
        again = f" ({seen[short]})" if seen[short] > 1 and short else ""
        shown.append(fill(short + again, width))
    places = [tick.get_position()[1 if place.__name__ == "set_yticks" else 0] for tick in ticks]
    first = ticks[0]
    place(
        places, shown, fontsize=first.get_fontsize(), rotation=first.get_rotation(), ha=first.get_horizontalalignment()
    )


def fit(axes: Axes) -> None:
    """Break axis titles and lay out legends until everything lies within the figure."""
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    fitted = [_Title(figure, axes.xaxis.label, 0), _Title(figure, axes.yaxis.label, 1)]
    columns = 4
    while True:
        figure.draw_without_rendering()  # the costliest step: everything that is too wide is mended after each
        columns -= 1
        wide = [legend for legend in figure.legends if legend.get_window_extent().width > figure.bbox.width]
        changed = [title.break_further() for title in fitted]
        if columns and wide:
            for legend in wide:
                _replace(figure, legend, columns)
        elif not any(changed):
            return


def _replace(figure: Figure, legend: Legend, columns: int) -> None:
    """The legend in fewer columns; matplotlib lays none out anew, so it is replaced."""
    handles = [handle for handle in legend.legend_handles if handle is not None]
    words = [text.get_text() for text in legend.get_texts()]
    legend.remove()
    figure.legend(handles, words, loc="outside lower center", ncols=columns, frameon=False)


class _Title:
    """The title of an axis, broken into ever shorter lines until it lies within the figure."""

    def __init__(self, figure: Figure, label: Text, along: int) -> None:
        self.label, self.along = label, along
        self.room = figure.bbox.width if along == 0 else figure.bbox.height
        self.width = max(map(len, label.get_text().split("\n")))

    def break_further(self) -> bool:
        """Shorten the lines where the title runs off the figure as drawn last; whether it was changed."""
        box = self.label.get_window_extent()
        start, end = (box.x0, box.x1) if self.along == 0 else (box.y0, box.y1)
        if not self.label.get_text() or (start >= 0 and end <= self.room) or self.width <= NARROWEST:
            return False
        lines = self.label.get_text().split("\n")
        self.label.set_text("\n".join(fill(line, self.width) for line in lines))
        self.width -= 6
        return True
