"""Names that are html: whatever a survey calls its groups, items and dimensions, every page shows it as text."""

from __future__ import annotations

import warnings
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.results.conclusion import conclude
from cxkit.results.files import _html_page
from tests.conftest import tiny_survey
from tests.test_degenerate_surveys import ANALYSES, ROLES, STATED, N

LIVE = '<img src=x onerror="alert(1)">'
BREAKING = '"></td></table><script>alert(2)</script>'
# Already escaped: whoever unescapes after escaping makes it live.
ESCAPED = "&lt;img src=x onerror=alert(3)&gt;"
# Other options of an analysis that is here once already show their names in the same way.
AGAIN = {
    "bootstrapped alpha", "bifactor", "polychoric parallel analysis", "confirm_structure, ordered",
    "confirm_structure, bifactor", "measurement_invariance, ordered", "measurement_invariance, incomplete",
    "measurement_invariance, together", "differential_item_functioning, many groups", "ordinal_reliability",
    "number_of_factors", "hierarchical_omega", "omega",
}  # fmt: skip


class _Tags(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_text_only(html: str) -> str:
    page = _Tags()
    page.feed(html)
    page.close()
    assert not page.found & {"script", "onerror"}, html[:2000]
    return page.text


@pytest.fixture(scope="module")
def survey() -> cx.Survey:
    rng = np.random.default_rng(5)
    trait = (0.7 * rng.normal(size=(N, 1)) + 0.7 * rng.normal(size=(N, 2))).repeat(3, axis=1)
    answers = np.clip(np.round(3 + 0.8 * trait + 0.7 * rng.normal(size=(N, 6))), 1, 5)
    names = {"a": LIVE, "b": BREAKING, "c": ESCAPED, "u": LIVE, "v": BREAKING, "w": ESCAPED, "Staff": LIVE}
    roles = {role: [names.get(one, one) for one in values] for role, values in ROLES.items()}
    made = tiny_survey(answers, about=STATED, **roles)
    first, second = made.instrument.dimensions
    items = tuple(replace(item, text=name) for item, name in zip(first.items, (LIVE, BREAKING, ESCAPED), strict=True))
    dimensions = (replace(first, title=LIVE, definition=BREAKING, items=items), replace(second, title=ESCAPED))
    return replace(made, name=BREAKING, instrument=replace(made.instrument, title=LIVE, dimensions=dimensions))


@pytest.mark.parametrize("analysis", sorted(ANALYSES.keys() - AGAIN))
def test_every_result(analysis, survey):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        result = cx.attempt(ANALYSES[analysis], survey)
    assert_text_only(result._repr_html_())
    assert_text_only(conclude(result)._repr_html_())
    if hasattr(result, "frame"):
        assert_text_only(_html_page(result._written))
        assert_text_only(result.verdicts._repr_html_())


def test_surveys_and_tables(survey):
    assert LIVE in assert_text_only(survey._repr_html_())
    text = assert_text_only(cx.group_profile(survey)._repr_html_())
    assert ESCAPED in text or BREAKING in text  # as it was written, neither live nor escaped once more


def test_every_object_of_sem():
    rng = np.random.default_rng(6)
    common = rng.normal(size=(300, 1))
    frame = pd.DataFrame(common + rng.normal(size=(300, 3)), columns=["x1", "x2", "x3"])
    frame["g"] = np.array([LIVE, BREAKING, ESCAPED])[np.arange(300) % 3]
    fit = sem.cfa("f =~ x1 + x2 + x3", frame, group="g")
    tight = sem.cfa("f =~ x1 + x2 + x3", frame, group="g", equal="loadings")
    shown = [fit, fit.reliability(), fit.bootstrap(10), tight.compare(fit)]
    texts = [assert_text_only(one._repr_html_()) for one in shown]
    assert all(name in texts[1] for name in (LIVE, BREAKING, ESCAPED))
