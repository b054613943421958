"""Numbers of a reversed item are those of the item turned round: its wording never stands beside them unmarked."""

import html
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt

import cxkit as cx
from cxkit.results.conclusion import conclude
from cxkit.results.result import Result
from tests.conftest import tiny_survey
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N
from tests.test_hostile_names import AGAIN

WORDING = "We do not ask what customers want"
"""Of every reversed item, with its key behind."""


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(8)
    trait = (0.7 * rng.normal(size=(N, 1)) + 0.7 * rng.normal(size=(N, 2))).repeat(3, axis=1)
    answers = np.clip(np.round(3 + 0.8 * trait + 0.7 * rng.normal(size=(N, 6))), 1, 5)
    answers[:, [2, 5]] = 6 - answers[:, [2, 5]]
    made = tiny_survey(answers, about=STATED, **ROLES)
    dimensions = tuple(
        replace(d, items=(*d.items[:2], replace(d.items[2], reversed=True, text=f"{WORDING} ({d.key}).")))
        for d in made.instrument.dimensions
    )
    return replace(made, instrument=replace(made.instrument, dimensions=dimensions))


def told(result) -> str:
    """Sentences, tables, notes, keys of figures and the conclusion, in one line."""
    parts = [str(result), result.text, result.alt, result.note, str(result.verdicts), conclude(result)._repr_html_()]
    parts += [" ".join(column) for _, column in result.table.astype(str).items()]
    misfit = getattr(result, "misfit", None)
    if isinstance(misfit, Result):
        parts.append(told(misfit))
    if "text" in result.frame and type(result).draw is not Result.draw:
        parts += [f"{key}: {text}" for key, text in result.picture().key]
    return html.unescape(" ".join(" ".join(parts).split()))


@pytest.mark.parametrize("analysis", sorted(ANALYSES.keys() - AGAIN))
def test_the_wording_of_a_reversed_item_is_marked(analysis, survey):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        result = cx.attempt(ANALYSES[analysis], survey)
    assert isinstance(result, Result)
    after = re.findall(re.escape(WORDING) + r" \(\w+\)\.?['’]?(.{0,12})", told(result))
    assert all(words.lstrip().startswith("(reversed") for words in after), after
    plt.close("all")


def test_misfit_quotes_the_item_turned_round(survey):
    misfit = cx.confirm_structure(survey).misfit
    quoting = misfit.frame[misfit.frame["what"].str.contains(WORDING)]["what"]
    assert len(quoting)
    assert quoting.str.contains(r"\)' \(reversed\)").all()
    assert "Items marked (reversed) are turned round." in misfit.note


def test_as_ticked_and_turned_round_have_different_marks(survey):
    ticked = cx.answer_distribution(survey).picture().key
    turned = cx.item_analysis(survey).picture().key
    assert next(text for _, text in ticked if WORDING in text).endswith("(reversed, as ticked)")
    assert next(text for _, text in turned if WORDING in text).endswith("(reversed)")
