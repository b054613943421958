"""The path diagram: what is drawn, and the same in words."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from tests.sem.cases import bfi_complete
from tests.sem.fits import fitted


@pytest.mark.parametrize("name", ["hs_ml", "hs_second_order", "politicaldemocracy_free", "talor_parallel_mediation"])
def test_every_variable_and_estimate_is_drawn(name: str) -> None:
    fit = fitted(name)
    ax = fit.plot()
    drawn = [text.get_text() for text in ax.texts]
    for variable in (*fit.table.variables.observed, *fit.table.variables.latent):
        assert variable in drawn
    loadings = fit.estimates[fit.estimates["op"].isin(["=~", "~"])]
    for value in loadings["std_all"]:
        assert f"{value:.2f}".replace("0.", ".", 1) in drawn
    plt.close(ax.figure)


def test_no_two_nodes_share_a_place() -> None:
    ax = fitted("politicaldemocracy_free").plot()
    names = set(fitted("politicaldemocracy_free").models[0].names)
    places = [text.get_position() for text in ax.texts if text.get_text() in names]
    assert len(set(places)) == len(names)
    plt.close(ax.figure)


def test_draws_on_given_axes() -> None:
    figure, ax = plt.subplots()
    assert fitted("hs_ml").plot(ax, estimates="est") is ax
    plt.close(figure)


def test_in_words() -> None:
    assert fitted("hs_ml").alt.startswith(
        "Path diagram with standardised estimates: visual to x1 0.77; visual to x2 0.42"
    )
    assert "cond predicts pmi 0.18" in fitted("talor_simple_mediation").alt


def test_refusals() -> None:
    with pytest.raises(ModelError, match="does not know estimates='std'"):
        fitted("hs_ml").plot(estimates="std")
    with pytest.raises(ModelError, match="There is no group 'Pasteur'. The model has one group"):
        fitted("hs_ml").plot(group="Pasteur")
    with pytest.raises(ModelError, match="There is no group 'pasteur'. Did you mean 'Pasteur'"):
        fitted("hs_school_ml.configural").plot(group="pasteur")
    with pytest.raises(ModelError, match="group=1 does not exist: there is one group, 0"):
        fitted("hs_ml").plot(group=1)


def test_no_number_covers_another() -> None:
    """Six factors, fifteen covariances: each number stands on its own line, apart from all others."""
    sets = ["A1+A2+A3", "C1+C2+C3", "E1+E2+E3", "N1+N2+N3", "O1+O2+O3", "A4+A5+E4"]
    model = "\n".join(f"F{k} =~ {items}" for k, items in enumerate(sets))
    ax = sem.cfa(model, bfi_complete()).plot()
    numbers = [text for text in ax.texts if re.fullmatch(r"-?\d?\.\d\d", text.get_text())]
    assert len(numbers) == 18 + 15
    places = np.array([ax.transData.transform(text.get_position()) for text in numbers])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(places))
    # A number of 7.5 points is 10 pixels high at 100 dots per inch.
    assert apart.min() > 10 * ax.figure.dpi / 100
    plt.close(ax.figure)


def test_explained_variance_and_the_name_of_the_group() -> None:
    fit = fitted("mimic_groups")
    ax = fit.plot(group=1)
    assert ax.get_title() == fit.sample.labels[1]
    share = fit.r_squared[fit.sample.labels[1]]["visual"]
    assert f"R² = {share:.2f}".replace("0.", ".", 1) in [text.get_text() for text in ax.texts]
    plt.close(ax.figure)


def test_stars_are_asked_for() -> None:
    plain, marked = (fitted("hs_ml").plot(stars=stars) for stars in (False, True))
    assert not any("*" in text.get_text() for text in plain.texts)
    numbers = [text.get_text() for text in marked.texts if "*" in text.get_text()]
    assert ".42***" in numbers
    assert ".77" in [text.get_text() for text in marked.texts]  # fixed to 1, so without a test
    plt.close("all")


def test_predictors_stand_on_the_left_and_residual_arcs_outside() -> None:
    ax = fitted("politicaldemocracy_free").plot()
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert len({places[f"y{k}"][0] for k in range(1, 9)}) == 1
    plt.close("all")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 5)), columns=["y1", "y2", "y3", "x1", "x2"])
    ax = sem.sem("f =~ y1 + y2 + y3\nf ~ x1 + x2", frame).plot()
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert max(places["x1"][0], places["x2"][0]) < places["f"][0] < places["y1"][0]
    assert abs(places["x1"][1] - places["x2"][1]) > 1.5
    plt.close("all")


def test_factors_of_many_items_along_regressions_leave_room_for_their_arrows() -> None:
    """Six factors of five items: columns of factors were so narrow that ellipses hid arrows and arrowheads."""
    rng = np.random.default_rng(1)
    names = ["Leadership", "Service", "Empowerment", "Insight", "Alignment", "Foresight"]
    factors = rng.normal(size=(600, 6)) + rng.normal(size=(600, 1))
    items = {f"q{k}_{i}": factors[:, k] + rng.normal(size=600) for k in range(6) for i in range(5)}
    measured = [f"{name} =~ {' + '.join(f'q{k}_{i}' for i in range(5))}" for k, name in enumerate(names)]
    paths = "Insight ~ Leadership + Service\nAlignment ~ Insight\nForesight ~ Alignment + Empowerment"
    ax = sem.sem("\n".join([*measured, paths]), pd.DataFrame(items)).plot()
    ax.figure.canvas.draw()
    shown = [text for text in ax.texts if text.get_text() in names]
    boxes = {text.get_text(): text.get_bbox_patch().get_window_extent() for text in shown}
    centre = {name: np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2 for name, box in boxes.items()}
    for effect, causes in (("Insight", ["Leadership", "Service"]), ("Alignment", ["Insight"]),
                           ("Foresight", ["Alignment", "Empowerment"])):  # fmt: skip
        for cause in causes:
            line = [centre[cause] + t * (centre[effect] - centre[cause]) for t in np.linspace(0, 1, 200)]
            touched = {name for name, box in boxes.items() if any(box.contains(*point) for point in line)}
            assert touched == {cause, effect}
    arrows = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    ends = np.concatenate(
        [arrow.get_transform().transform(arrow.get_path().cleaned(curves=False).vertices[:-1]) for arrow in arrows]
    )
    inside = {name: box.expanded(0.75, 0.75) for name, box in boxes.items()}  # an ellipse leaves the corners free
    assert not [name for name, box in inside.items() if any(box.contains(*point) for point in ends)]
    plt.close("all")
