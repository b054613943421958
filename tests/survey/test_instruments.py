"""The instruments that are shipped, the page that explains them, and what an instrument must at least ask."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cxkit.errors import InstrumentError
from cxkit.survey.description import KEYS
from cxkit.survey.instrument import Instrument
from cxkit.survey.instrument_file import instrument_from, read_instrument

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "datasets" / "instruments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
ABOUT = {"name": "mine", "title": "Mine", "citation": "us", "licence": "CC-BY-4.0"}
EIGHT = {
    "customer_insight": ("CI", "Customer insight"),
    "customer_foresight": ("CF", "Customer foresight"),
    "competitor_insight": ("MI", "Competitor insight"),
    "competitor_foresight": ("MF", "Competitor foresight"),
    "peripheral_vision": ("PV", "Peripheral vision"),
    "empowerment": ("EM", "Empowerment"),
    "collaboration": ("XC", "Cross-functional collaboration"),
    "strategic_alignment": ("SA", "Strategic alignment"),
}


def shipped(name: str) -> Instrument:
    return read_instrument(FOLDER / f"{name}.toml")


def reversed_items(instrument: Instrument) -> set[str]:
    return {key for key, item in instrument.items.items() if item.reversed}


def test_the_instruments_are_those_of_the_data_and_three_of_our_own():
    assert NAMES == [
        "bfi", "bhr2000", "culture8", "customer_audit16", "customersat", "hs1939", "insteval", "lq2002",
        "single_items", "univbct",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_instrument_says_who_wrote_it_and_under_which_terms(name):
    instrument = shipped(name)
    assert instrument.name == name
    assert all([instrument.version, instrument.status, instrument.source, instrument.citation, instrument.licence])
    texts = [item.text for item in instrument.items.values()]
    assert len(set(texts)) == len(texts)


class TestCulture8:
    def test_eight_disciplines_of_five_items(self):
        instrument = shipped("culture8")
        assert {d.key: (d.item_keys[0][:2], d.title) for d in instrument.dimensions} == EIGHT
        for dimension in instrument.dimensions:
            prefix = EIGHT[dimension.key][0]
            assert dimension.item_keys == [f"{prefix}{number}" for number in range(1, 6)]
            assert dimension.definition
            assert dimension.kind == "reflective"

    def test_seven_labelled_answers(self):
        for dimension in shipped("culture8").dimensions:
            assert (dimension.scale.low, dimension.scale.high) == (1, 7)
            assert sorted(dimension.scale.labels) == [1, 2, 3, 4, 5, 6, 7]
            assert dimension.scale.missing_codes == (99,)

    def test_any_three_neighbouring_disciplines_hold_two_reversed_items(self):
        counts = [sum(item.reversed for item in d.items) for d in shipped("culture8").dimensions]
        assert [sum(counts[start : start + 3]) for start in range(6)] == [2] * 6
        assert sum(counts) == 6

    def test_one_idea_an_item(self):
        # A rough guard: "and" or "or" in an item nearly always joins two questions.
        for item in shipped("culture8").items.values():
            assert not re.search(r"\b(and|or)\b|;", item.text), item.text
            assert item.text[-1] in ".?"
            assert len(item.text.split()) <= 20

    def test_it_says_that_it_is_a_demonstration(self):
        instrument = shipped("culture8")
        assert instrument.status == "demonstration instrument, not validated on a real population"
        assert instrument.licence == "CC-BY-4.0"
        assert "demonstration instrument, not validated on a real population" in str(instrument)

    def test_customer_culture_stands_above_all_eight(self):
        (culture,) = shipped("culture8").higher_order
        assert culture.key == "customer_culture"
        assert list(culture.dimensions) == list(EIGHT)

    def test_one_single_item(self):
        (enps,) = shipped("culture8").singles
        assert (enps.key, enps.measure, enps.scale.low, enps.scale.high) == ("ENPS", "enps", 0, 10)


def test_single_items_have_the_scales_that_their_counting_needs():
    instrument = shipped("single_items")
    scales = {item.measure: (item.key, item.scale.low, item.scale.high) for item in instrument.singles}
    assert scales == {"nps": ("NPS", 0, 10), "enps": ("ENPS", 0, 10), "csat": ("CSAT", 1, 5), "ces": ("CES", 1, 7)}
    assert "trademarks of others" in instrument.source
    assert str(instrument).startswith("Single items: recommendation, satisfaction, effort: 4 single items.")


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("bfi", {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}),  # R: psychTools::bfi.keys, the items with a minus
        ("customersat", set()),
        ("hs1939", set()),
        ("insteval", set()),
        ("lq2002", set()),
        ("bhr2000", set()),
        ("univbct", set()),
    ],
)
def test_reversed_items_of_published_instruments(name, items):
    assert reversed_items(shipped(name)) == items


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("bfi", [5, 5, 5, 5, 5]),
        ("customersat", [1, 3, 6]),
        ("hs1939", [3, 3, 3]),
        ("insteval", [1]),
        ("lq2002", [11, 3, 5]),
        ("bhr2000", [11]),
        ("univbct", [1, 1, 1]),
    ],
)
def test_sizes_of_the_dimensions_of_published_instruments(name, sizes):
    assert [len(dimension.items) for dimension in shipped(name).dimensions] == sizes


class TestWhatAnInstrumentMustAsk:
    def test_single_items_are_enough(self):
        single = {"key": "CSAT", "text": "How satisfied are you?", "measure": "csat"}
        instrument = instrument_from({**ABOUT, "single": [single]}, where="mine.toml")
        assert instrument.dimensions == ()
        assert list(instrument.items) == ["CSAT"]

    def test_nothing_at_all_is_refused(self):
        with pytest.raises(InstrumentError) as refused:
            instrument_from(ABOUT, where="mine.toml")
        assert str(refused.value) == (
            "mine.toml: 1 problem found.\n"
            "  the top level: neither [[dimension]] nor [[single]]; an instrument asks something."
        )


class TestThePageAboutInstruments:
    page = (ROOT / "docs" / "instrument.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)

    def test_its_examples_can_be_read(self):
        minimal, full = (instrument_from(tomllib.loads(text), where="instrument.md") for text in self.examples)
        assert reversed_items(minimal) == {"Q2"}
        assert [d.kind for d in full.dimensions] == ["reflective", "formative", "reflective"]
        assert not full.dimension("waiting").scale.is_bounded

    def test_the_long_example_uses_every_key(self):
        described = tomllib.loads(self.examples[1])
        used = {
            "instrument": set(described),
            "scale": set(described["scale"]) | {key for scale in described["scales"].values() for key in scale},
            "dimension": {key for table in described["dimension"] for key in table},
            "item": {key for table in described["dimension"] for item in table["items"] for key in item},
            "single": {key for table in described["single"] for key in table},
            "higher_order": {key for table in described["higher_order"] for key in table},
            "role": set(described["respondent"]["level"]),
        }
        assert used == KEYS
