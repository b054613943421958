"""The distribution of the answers against psych::response.frequencies; call in tests/reference/scripts/screening.R."""

import numpy as np
import pytest

import cxkit as cx
from cxkit.results import figures
from cxkit.survey.waves import one_wave
from cxkit.validation.items import distribution
from cxkit.validation.items.distribution import answer_distribution
from tests.validation.building import factor_answers, survey_of


def test_shares_equal_psych(reference, shipped):
    # R: response.frequencies(x, max = 10)
    wanted = reference("screening")["frequencies"]
    frame = answer_distribution(shipped("bfi")).frame
    found = frame.pivot(index="item", columns="answer", values="share").loc[wanted["item"]]
    assert found.to_numpy() == pytest.approx(np.array(wanted["share"]), abs=1e-14)


@pytest.mark.parametrize("name", ["bfi", "lq2002", "customersat", "culture_synthetic", "hs1939", "univbct"])
def test_every_answer_is_counted_once(shipped, name):
    survey = one_wave(shipped(name))
    frame = answer_distribution(survey).frame
    for key, rows in frame.groupby("item"):
        assert rows["n"].eq(survey.given[key].notna().sum()).all()
        left = rows["n"].iloc[0] - rows["count"].sum()
        assert rows["share"].sum() == pytest.approx(rows["count"].sum() / rows["n"].iloc[0])
        if rows["count"].isna().any():  # together they are five or more
            assert left >= 5, key
        else:
            assert left == 0, key


def test_answers_are_shown_as_they_were_given():
    answers = np.repeat([[1.0, 5.0], [2.0, 5.0], [5.0, 1.0]], 5, axis=0)
    scale = {"low": 1, "high": 5, "labels": {"1": "never", "5": "always"}}
    result = answer_distribution(survey_of(answers, reversed_items=["q2"], scale=scale))
    by_item = {key: rows.set_index("answer")["count"].tolist() for key, rows in result.frame.groupby("item")}
    assert by_item == {"q1": [5, 5, 0, 0, 5], "q2": [5, 0, 0, 0, 10]}
    assert result.frame["label"].head(5).fillna("").tolist() == ["never", "", "", "", "always"]
    assert result.note.startswith("Reversed items are shown as they were ticked, not turned round.")
    assert result.table["Item"].tolist() == ["q1", "q2 (reversed, as ticked)"]
    assert (
        result.text
        == "Most answers above the middle of the scale: q2 (reversed, as ticked) (67%); most below: q1 (67%)."
    )


def test_an_item_of_few_answers_is_hidden():
    answers = np.random.default_rng(1).integers(1, 6, (30, 3)).astype(float)
    answers[4:, 1] = np.nan
    result = answer_distribution(survey_of(answers, scale={"low": 1, "high": 5}))
    few = result.frame[result.frame["item"] == "q2"]
    assert few["hidden"].all()
    assert few[["count", "share", "n"]].isna().all(axis=None)
    assert result.table.iloc[1].tolist() == ["All", "q2", *["hidden"] * 6]
    assert "q2: hidden" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")


def test_answers_without_a_scale_are_counted_in_bands(shipped):
    survey = shipped("hs1939")
    frame = answer_distribution(survey, dimensions=["visual"]).frame
    x1 = survey.given["x1"]
    z = (x1 - x1.mean()) / x1.std()
    wanted = [(z < -2).sum(), ((z >= -2) & (z < -1)).sum(), ((z >= -1) & (z < 0)).sum(), ((z >= 0) & (z < 1)).sum()]
    assert frame.loc[frame["item"] == "x1", "count"].tolist()[:4] == wanted
    assert frame["heading"].unique()[0] == "< −2 SD"
    constant = answer_distribution(survey_of(np.full((8, 2), 4.2))).frame
    assert constant["share"].tolist() == [0, 0, 0, 1, 0, 0] * 2


def legend_of(result):
    axes = result.plot()
    return [text.get_text() for legend in axes.figure.legends for text in legend.get_texts()]


def test_the_legend_holds_the_labels_of_the_scale(shipped):
    legend = legend_of(answer_distribution(shipped("culture_synthetic")))
    assert legend[0] == "1 Strongly disagree"
    assert legend[-1] == "7 Strongly agree"
    assert len(legend) == 7
    assert legend_of(answer_distribution(shipped("lq2002"))) == [
        "lowest answer",
        "middle of the scale",
        "highest answer",
    ]


def test_bars_lie_around_the_middle_of_the_scale():
    answers = np.repeat([[1.0], [3.0], [3.0], [5.0]], 5, axis=0)
    axes = answer_distribution(survey_of(answers, scale={"low": 1, "high": 5})).plot()
    bars = np.array([(bar.get_x(), bar.get_width()) for bar in axes.patches if bar.get_width() > 0])
    assert bars == pytest.approx(np.array([(-0.5, 0.25), (-0.25, 0.5), (0.25, 0.25)]))
    assert [text.get_text() for text in axes.texts if text.get_text().startswith("n =")] == ["n = 20"]


def test_numbers_on_the_bars_can_be_read():
    # WCAG 2: black on luminance above .179 and white below it have a contrast of at least 4.5.
    for place in np.linspace(0, 1, 41):
        colour = distribution.DIVERGING(place)
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
        ink = 0.0 if figures.ink_on(colour) == "black" else 1.0
        light, dark = max(luminance, ink), min(luminance, ink)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_neighbouring_colours_differ_in_lightness_or_side():
    """On either side of the middle, each of seven answers is lighter or darker than the one before."""
    luminance = [
        float(np.dot([0.2126, 0.7152, 0.0722], np.array(distribution.DIVERGING(p)[:3]) ** 2.2))
        for p in np.arange(7) / 6
    ]
    assert np.diff(luminance[:3]).min() > 0.1
    assert np.diff(luminance[4:]).max() < -0.1


def test_words_and_picture(shipped):
    result = answer_distribution(shipped("bfi"), dimensions=["openness", "agreeableness"])
    assert result.text == (
        "Most answers above the middle of the scale: A2 (88%); most below: O5 (reversed, as ticked) (78%)."
    )
    assert result.alt.startswith(
        "Diverging stacked bars of the answers to each item, around the middle of the scale. O1: 12% below, 88% above;"
    )
    assert list(result.table.columns) == ["Dimension", "Item", "n", "1", "2", "3", "4", "5", "6"]
    labels = [label.get_text() for label in result.plot().get_yticklabels()]
    assert labels[:2] == ["O1", "O2 (reversed, as ticked)"]
    assert result.picture().png.startswith(b"\x89PNG")


def test_what_is_refused():
    with pytest.raises(cx.AnalysisError, match="Nobody answered an item of these dimensions of 'small'"):
        answer_distribution(survey_of(np.full((9, 3), np.nan)))
    with pytest.raises(cx.OptionError, match="names nothing; leave the option out to take all"):
        answer_distribution(survey_of(factor_answers(1)), dimensions=[])
    with pytest.raises(cx.OptionError, match=r"no dimension 'al'\. Did you mean 'all'\?"):
        answer_distribution(survey_of(factor_answers(1)), dimensions=["al"])
