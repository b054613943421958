"""Figures of an instrument with long, similar names: nothing runs off, nothing is covered, no two labels are alike."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator

import cxkit as cx
from cxkit.results import figures
from cxkit.results.labels import LONGEST, ShortNames
from cxkit.survey.instrument_file import instrument_from
from tests.conftest import tiny_survey
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N
from tests.validation.building import factor_answers

SAME_START = "The degree to which everybody in our organisation feels that customers and their wishes "
TITLES = (
    f"{SAME_START}are understood before decisions are taken",
    f"{SAME_START}are remembered after the sale is made",
)
VARIANTS = (
    "formative_profile", "formative_index", "bootstrapped alpha", "number_of_factors", "confirm_structure, bifactor",
    "measurement_invariance, together", "little_mcar", "bifactor", "score_distribution",
    "measurement_invariance, incomplete", "differential_item_functioning, many groups", "report_standards", "misfit",
    "polychoric parallel analysis", "measurement_invariance, ordered", "confirm_structure, ordered", "coder_agreement",
)  # fmt: skip
FIGURES = {name: analysis for name, analysis in ANALYSES.items() if name not in VARIANTS}
# A bifactor model of six items has no proper solution here; its figure is the same with other models.
FIGURES["compare_structures"] = lambda s: cx.compare_structures(s, models=["first-order", "one-factor"])


def hostile() -> cx.Survey:
    """Two dimensions whose titles differ at the end only, items of 150 letters, groups with long names, some gaps."""
    answers = np.clip(np.round(factor_answers(3, n=N, items=6, factors=2) + 3), 1, 5)
    answers[:12, 4:] = np.nan  # they stopped before the end
    roles = {role: [f"{SAME_START[:60]} in group {value}" for value in values] for role, values in ROLES.items()}
    roles["organisation"] = ROLES["organisation"]
    roles["level"] = ROLES["level"]
    survey = tiny_survey(answers, about=STATED, **roles)
    wording = f"{SAME_START}and that everybody acts on it whenever there is an opportunity, number "
    described = {
        "name": "hostile", "title": "Hostile", "citation": "made in a test", "licence": "CC0-1.0",
        "scale": {"low": 1, "high": 5, "labels": {"1": f"{SAME_START} not at all", "5": f"{SAME_START} completely"}},
        "dimension": [
            {"key": f"d{d}", "title": title,
             "items": [{"key": f"d{d}_{i}", "text": f"{wording}{d}.{i}"} for i in (1, 2, 3)]}
            for d, title in enumerate(TITLES, start=1)
        ],
    }  # fmt: skip
    return replace(survey, instrument=instrument_from(described, where="test"))


def measured(result) -> list[str]:
    """What is wrong with the figure as it is printed: texts off the figure, covered data, labels that stand twice."""
    with figures.style():
        axes = figures.detached_axes(result.figure_size)
        result._draw_whole(axes)
        figures.finish(axes, result._item_wording)
    figure = axes.get_figure(root=True)
    figure.draw_without_rendering()
    faults = [f"off the figure: {t.get_text()!r}" for t in _texts(figure, axes) if _is_off(figure, t)]
    named = [axis for axis in (axes.yaxis, axes.xaxis) if isinstance(axis.get_major_locator(), FixedLocator)]
    for axis in named:
        words = [t.get_text() for t in axis.get_majorticklabels() if t.get_text()]
        faults += [f"twice: {word!r}" for word in set(words) if words.count(word) > 1]
    for legend in [*figure.legends, *([axes.get_legend()] if axes.get_legend() else [])]:
        if legend.get_window_extent().overlaps(axes.get_window_extent()):
            faults.append("legend over the data")
        if legend.get_window_extent().width > figure.bbox.width:
            faults.append("legend wider than the figure")
    return faults


def _texts(figure, axes) -> list[Text]:
    inside = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    low, high = sorted(axes.get_ylim())
    left, right = sorted(axes.get_xlim())
    unseen = {
        *(t for t in axes.get_yticklabels() if not low <= t.get_position()[1] <= high),
        *(t for t in axes.get_xticklabels() if not left <= t.get_position()[0] <= right),
    }
    return [t for t in inside if t not in unseen]


def _is_off(figure, text: Text) -> bool:
    box = Text.get_window_extent(text) if isinstance(text, Annotation) else text.get_window_extent()
    edge = figure.bbox
    return box.x0 < -1 or box.y0 < -1 or box.x1 > edge.x1 + 1 or box.y1 > edge.y1 + 1


@pytest.fixture(scope="module")
def survey():
    return hostile()


@pytest.mark.parametrize("analysis", FIGURES)
def test_long_names_stay_within_the_figure(analysis, survey):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        try:
            result = FIGURES[analysis](survey)
        except cx.AnalysisError:
            return  # what so few answers do not allow has no figure
    assert not measured(result)


def test_short_names_differ_and_the_key_says_them_in_full(survey):
    picture = cx.cronbach_alpha(survey).picture()
    shorts = [short for short, _ in picture.key]
    assert [name for _, name in picture.key] == list(TITLES)
    assert len(set(shorts)) == 2
    html = picture._repr_html_()
    assert "Key to the figure: <b>The degree to which everybody in our … [1]</b> The degree" in html
    assert all(title in html for title in TITLES)


def test_the_key_holds_the_item_wording_of_the_items_that_are_drawn(survey):
    picture = cx.item_analysis(survey).picture()
    keys = dict(picture.key)
    assert set(keys) >= {f"d{d}_{i}" for d in (1, 2) for i in (1, 2, 3)}
    assert keys["d1_2"].endswith("number 1.2")


def test_names_within_pairs_are_shortened_one_by_one():
    names = ShortNames()
    pair = names.of(" – ".join(TITLES))
    assert pair == f"{names.of(TITLES[0])} – {names.of(TITLES[1])}"
    assert names.of("Short") == "Short"
    assert all(len(short) <= LONGEST for short, _ in names.key)


def test_a_key_is_escaped():
    picture = figures.Picture(png=b"\x89PNG" + bytes(20), alt="", caption="A. B", key=(("<i>", "<img src=x>"),))
    assert "<img src=x>" not in picture._repr_html_()
    assert "&lt;img src=x&gt;" in picture._repr_html_()


def test_break_offs_are_seen_though_no_two_are_alike():
    # Thirty people stop at ten different places: each pattern belongs to three of them, and none is listed.
    answers = np.clip(np.round(factor_answers(1, n=100, items=14, factors=1) + 3), 1, 5)
    for person in range(30):
        answers[person, 2 + person % 10 :] = np.nan
    keys = [f"d1_{i}" for i in range(1, 15)]
    from tests.validation.building import survey_of

    found = cx.missing_pattern(survey_of(pd.DataFrame(answers, columns=keys), scale={"low": 1, "high": 5}))
    assert found.n_stopped == 30
    assert found.stopped.tolist() == pytest.approx([0, 0, 0, *np.arange(6, 31, 3) / 30, 1.0, 1.0], abs=1e-12)
    axes = found.plot()
    assert "stopped:  30 (30%)" in [t.get_text() for t in axes.get_yticklabels()]
    assert "those who stopped" in axes.get_xlabel()


def test_a_key_has_one_stop_at_its_end_and_none_before_a_semicolon():
    key = (("P1", "We listen."), ("P2", "And so on..."), ("P3", "We ask for everything."))
    shown = figures.Picture(png=b"\x89PNG" + bytes(20), alt="", caption="A", key=key)._repr_html_()
    assert "<b>P1</b> We listen; <b>P2</b> And so on...; <b>P3</b> We ask for everything.</p>" in shown
