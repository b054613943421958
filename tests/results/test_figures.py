"""Drawing: the same bytes every time, words beside every picture, and the user's settings as they were."""

from __future__ import annotations

import itertools
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import cxkit as cx
from cxkit.results import figures
from cxkit.results.figures import Picture
from tests.conftest import tiny_survey


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    plt.close("all")


def draw() -> figures.Axes:
    axes = figures.detached_axes((5, 3))
    heights = figures.rows(axes, ["Loyalty", "A name so long that it cannot stand on one single line", 3])
    figures.intervals(axes, heights, np.array([1.0, 2, np.nan]), np.array([0.5, 1, np.nan]), np.array([1.5, 3, np.nan]))
    figures.reference_line(axes, 1.2, "norm")
    figures.mark_synthetic(axes)
    return axes


class TestStyle:
    def test_settings_come_back(self):
        before = dict(mpl.rcParams)
        with figures.style():
            assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
            assert mpl.rcParams["axes.grid"] is True
        assert dict(mpl.rcParams) == before

    def test_settings_come_back_after_an_error(self):
        before = dict(mpl.rcParams)
        with pytest.raises(ZeroDivisionError), figures.style():
            _ = 1 / 0
        assert dict(mpl.rcParams) == before

    def test_the_users_settings_do_not_reach_into_our_pictures(self):
        with figures.style():
            ours = figures.png(draw())
        with mpl.rc_context({"font.size": 20, "axes.grid": False, "figure.facecolor": "black"}):
            assert mpl.rcParams["font.size"] == 20
            with figures.style():
                assert figures.png(draw()) == ours


class TestPng:
    def test_bytes_repeat_and_carry_neither_date_nor_program(self):
        with figures.style():
            first, second = figures.png(draw()), figures.png(draw())
        assert first == second
        assert b"Matplotlib" not in first
        assert b"tIME" not in first

    def test_nothing_is_left_open(self):
        plt.close("all")  # what other tests have drawn
        figures.png(draw())
        assert plt.get_fignums() == []
        figures.new_axes((3, 2))
        assert len(plt.get_fignums()) == 1

    def test_drawing_warns_of_nothing(self):
        with warnings.catch_warnings(), figures.style():
            warnings.simplefilter("error")
            figures.png(draw())


class TestPicture:
    PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8 + (1500).to_bytes(4, "big")

    def test_words_are_escaped(self):
        page = Picture(png=self.PNG, alt='a "b" <c>', caption="d & <e>")._repr_html_()
        assert 'alt="a &quot;b&quot; &lt;c&gt;"' in page
        assert "<figcaption>d &amp; &lt;e&gt;</figcaption>" in page

    def test_its_width_is_that_of_the_figure_on_a_screen(self):
        assert 'width="960"' in Picture(png=self.PNG, alt="a", caption="b")._repr_html_()
        axes = figures.detached_axes((7, 2))
        assert 'width="672"' in Picture(png=figures.png(axes), alt="a", caption="b")._repr_html_()

    def test_without_html_it_is_its_description(self):
        assert repr(Picture(png=b"", alt="Two bars.", caption="")) == "[Figure: Two bars.]"


class TestPieces:
    def test_rows_stand_from_top_to_bottom(self):
        axes = figures.detached_axes((5, 3))
        heights = figures.rows(axes, ["first", "second", "third"])
        assert heights.tolist() == [2, 1, 0]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second", "third"]
        low, high = axes.get_ylim()
        assert low < heights.min()
        assert high > heights.max()

    def test_long_labels_are_broken(self):
        (label,) = figures.wrapped(["Understanding what customers will want in five years"])
        assert max(map(len, label.split("\n"))) <= figures.LABEL_WIDTH

    def test_a_legend_covers_nothing_in_our_figures_and_stays_inside_in_others(self):
        ours = figures.detached_axes((5, 3))
        ours.plot([1], [1], label="a")
        figures.legend_below(ours)
        assert ours.get_legend() is None
        assert len(ours.get_figure().legends) == 1
        _, theirs = plt.subplots()
        theirs.plot([1], [1], label="a")
        figures.legend_below(theirs)
        assert theirs.get_legend() is not None

    def test_synthetic_is_written_into_the_picture(self):
        axes = figures.detached_axes((5, 3))
        figures.mark_synthetic(axes)
        assert [text.get_text() for text in axes.texts] == ["synthetic data"]


def simulated(colour: str, matrix: np.ndarray) -> np.ndarray:
    """How a colour looks to a dichromat: Machado, Oliveira & Fernandes (2009), severity 1, in linear light."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.clip(matrix @ linear, 0, 1)


# As published there for severity 1.0.
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


@pytest.mark.parametrize("matrix", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["all", "protanopia", "deuteranopia"])
def test_the_first_colours_differ_for_everyone(matrix):
    used = [figures.BLUE, figures.ORANGE, figures.RED, figures.SKY]
    for one, other in itertools.combinations(used, 2):
        assert np.linalg.norm(simulated(one, matrix) - simulated(other, matrix)) > 0.15, (one, other)


@pytest.mark.parametrize("title", ["Cost ($100%) vs salary ($)", "$#1 and $#2 service", r"a $\frac{1$ b", "US$ and A$"])
def test_dollar_signs_in_titles_are_dollar_signs(title):
    """Two of them begin and end a formula in matplotlib, which then ends in ValueError or loses them."""
    with figures.style():
        axes = figures.detached_axes((4, 2))
        figures.rows(axes, [title, "other"])
        axes.set_title(title)
        axes.figure.canvas.draw()
        assert not axes.title.get_parse_math()
        assert title in [label.get_text() for label in axes.get_yticklabels()]


def test_a_picture_is_laid_out_once(monkeypatch):
    """The layout measures every text; done again for each title, the legend and the file, it took most of the time."""
    import cxkit as cx

    counted = []
    execute = mpl.layout_engine.ConstrainedLayoutEngine.execute
    monkeypatch.setattr(
        mpl.layout_engine.ConstrainedLayoutEngine, "execute", lambda *given: counted.append(1) or execute(*given)
    )
    cx.answer_distribution(cx.load_survey("bfi")).picture()
    assert len(counted) <= 2  # once more where the legend needed fewer columns


def test_numbers_on_colours_can_be_read():
    """WCAG 2.1 asks for a contrast of 4.5 to 1; the better of black and white always has 4.58."""
    with figures.style():
        axes = figures.detached_axes((4, 4))
        values = np.linspace(-1, 1, 81).reshape(9, 9)
        figures.heat_map(axes, values, np.full((9, 9), "x"), limit=1.0)
    cells = axes.collections[0].get_facecolors()
    assert len(cells) == len(axes.texts) == 81
    for cell, text in zip(cells, axes.texts, strict=True):
        light, dark = sorted((luminance(cell), luminance(to_rgb(text.get_color()))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("analysis", [lambda s: cx.level_gap(s, leaders=["Boss"]), cx.group_profile])
def test_a_figure_without_a_gap_to_show_says_so(analysis):
    answers = np.full((30, 6), np.nan)
    answers[:3] = 3
    result = analysis(tiny_survey(answers, level=["Boss"] * 10 + ["Staff"] * 20, function=["A", "B"] * 15))
    assert result.frame["hidden"].all()
    axes = result.plot()
    assert axes.texts[0].get_text() == "Every gap is hidden."
    assert "hidden" in result.alt or "No gap can be shown" in result.alt
    assert not axes.axison
