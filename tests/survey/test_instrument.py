"""Every error that describing an instrument can end in, by its words, and the small questions an instrument answers."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cxkit.errors import InstrumentError
from cxkit.survey.instrument import AnswerScale, fold_name, fold_words
from cxkit.survey.instrument_file import instrument_from, read_instrument

GOOD: dict[str, Any] = {
    "name": "mini",
    "title": "Mini",
    "citation": "us",
    "licence": "CC0",
    "scale": {"low": 1, "high": 5, "labels": {"1": "Never", "5": "Always"}, "missing_codes": [9]},
    "scales": {"any": {}, "ten": {"low": 0, "high": 10}},
    "dimension": [
        {"key": "loyalty", "title": "Loyalty", "items": [{"key": "L1", "text": "a"}, {"key": "L2", "text": "b"}]},
        {"key": "speed", "title": "Speed", "items": [{"key": "S1", "text": "c"}]},
    ],
    "single": [{"key": "NPS", "text": "d", "measure": "nps", "scale": "ten"}],
    "higher_order": [{"key": "all", "title": "All", "dimensions": ["loyalty", "speed"]}],
}


def refusal(described: dict[str, Any]) -> str:
    with pytest.raises(InstrumentError) as refused:
        instrument_from(described, where="mini.toml")
    return str(refused.value)


def changed(*path: str | int, to: object = None) -> dict[str, Any]:
    """The good description with one entry changed, or taken out where `to` is None."""
    described = copy.deepcopy(GOOD)
    at: Any = described
    for step in path[:-1]:
        at = at[step]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return described


class TestTheFile:
    def message(self, path: Path) -> str:
        with pytest.raises(InstrumentError) as refused:
            read_instrument(path)
        return str(refused.value).replace(f"{path.parent}/", "")

    def test_missing_with_the_nearest_name(self, tmp_path):
        (tmp_path / "culture8.toml").write_text("")
        assert self.message(tmp_path / "culture.toml") == (
            "There is no instrument file culture.toml. Did you mean 'culture8.toml'?"
        )

    def test_a_folder_and_no_folder(self, tmp_path):
        (tmp_path / "x").mkdir()
        assert self.message(tmp_path / "x") == "There is no instrument file x."
        assert self.message(tmp_path / "no" / "x.toml") == "There is no instrument file x.toml."

    def test_the_name_of_a_shipped_one(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InstrumentError, match=r"read by its name: load_instrument\('culture8'\)"):
            read_instrument("culture8")

    def test_no_toml(self, tmp_path):
        path = tmp_path / "a.toml"
        path.write_text("name = mini\n")
        assert self.message(path) == "a.toml is not valid TOML: Invalid value (at line 1, column 8)."

    def test_no_utf_8(self, tmp_path):
        path = tmp_path / "a.toml"
        path.write_bytes('title = "Qualité"'.encode("latin-1"))
        assert self.message(path) == "a.toml is not UTF-8 text (byte 16); save it as UTF-8."

    def test_not_allowed(self, tmp_path, monkeypatch):
        def refuse(*_: object, **__: object) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_text", refuse)
        assert self.message(tmp_path / "a.toml") == "a.toml cannot be opened: Permission denied."

    def test_its_name_stands_before_its_problems(self, tmp_path):
        path = tmp_path / "a.toml"
        path.write_text("name = 'mini'\n")
        assert self.message(path) == (
            "a.toml: 4 problems found.\n"
            "  the top level: 'title' is missing.\n"
            "  the top level: 'citation' is missing.\n"
            "  the top level: 'licence' is missing.\n"
            "  the top level: neither [[dimension]] nor [[single]]; an instrument asks something."
        )


@pytest.mark.parametrize(
    ("described", "finding"),
    [
        (changed("licence"), "the top level: 'licence' is missing."),
        (changed("name", to=""), "the top level: 'name' is missing."),
        (changed("licens", to="CC0"), "the top level: unknown key 'licens'. Did you mean 'licence'?"),
        (changed("name", to=3), "the top level: 'name' must be text in quotation marks; it is 3."),
        (changed("version", to=["1"]), "the top level: 'version' must be text, such as \"1.0\"; it is ['1']."),
        (changed("scale", to="likert"), "the top level: 'scale' must be a table, written [scale]; it is 'likert'."),
        (
            changed("scales", to={"ten": 10}) | {"single": []},
            "the top level: 'scales' must be tables, each written [scales.<name>]; it is {'ten': 10}.",
        ),
        (changed("scale", "low"), "[scale]: high without low; give both ends or none."),
        (changed("scale", "high"), "[scale]: low without high; give both ends or none."),
        (changed("scale", to={"low": 5, "high": 5}), "[scale]: low (5) must be below high (5)."),
        (changed("scale", "low", to="1"), "[scale]: 'low' must be a number; it is '1'."),
        (changed("scale", "high", to=float("nan")), "[scale]: 'high' must be a number; it is nan."),
        (changed("scale", "low", to=True), "[scale]: 'low' must be a number; it is true."),
        (
            changed("scale", "low", to=0.5),
            "[scale]: the ends 0.5 and 5 are not whole numbers; say continuous = true.",
        ),
        (changed("scale", "continuous", to="yes"), "[scale]: 'continuous' must be true or false; it is 'yes'."),
        (changed("scale", "points", to=5), "[scale]: unknown key 'points'. Known: codes, continuous, high, labels, "
         "low, "
                                           "missing_codes."),
        (changed("scale", "missing_codes", to=[9, 3]), "[scale]: missing code 3 lies on the scale 1-5."),
        (changed("scale", "missing_codes", to=[1, 3]), "[scale]: missing codes 1, 3 lie on the scale 1-5."),
        (
            changed("scale", "missing_codes", to=99),
            "[scale]: 'missing_codes' must be a list of numbers or words, such as [99, \"Don't know\"]; it is 99.",
        ),
        (
            changed("scale", "labels", "often", to="Often"),
            "[scale]: the label 'Often' belongs to 'often', which is not a number.",
        ),
        (changed("scale", "labels", "6", to="Often"), "[scale]: the label 'Often' belongs to 6, off the scale 1-5."),
        (changed("scale", "labels", "2", to="never."), "[scale]: the answers 1 and 2 have the same label."),
        (
            changed("scale", "labels", to=["Never", "Always"]),
            "[scale]: 'labels' must be a table of words, such as { 1 = \"Never\", 5 = [\"Always\", \"At all times\"] }"
            "; "
            "it is ['Never', 'Always'].",
        ),
        (changed("scales", "ten", "low", to=11), "[scales.ten]: low (11) must be below high (10)."),
        (changed("dimension", 0, "title"), "dimension loyalty: 'title' is missing."),
        (changed("dimension", 0, "items", to=[]), "dimension loyalty: 'items' is missing."),
        (
            changed("dimension", 0, "items", to=["L1"]),
            "dimension loyalty: 'items' must be a list of tables, each { key = ..., text = ... }; it is ['L1'].",
        ),
        (changed("dimension", 0, "scale", to="tenn"), "dimension loyalty: there is no [scales.tenn]. Did you mean "
                                                      "'ten'?"),
        (
            changed("dimension", 0, "kind", to="mixed"),
            "dimension loyalty: kind is 'mixed'; it must be 'reflective' or 'formative'.",
        ),
        (
            changed("dimension", 1, "key", to="Loyalty") | {"higher_order": []},
            "dimension Loyalty: the key 'Loyalty' is already used by dimension loyalty.",
        ),
        (changed("dimension", 0, "items", 0, "text"), "dimension loyalty, item L1: 'text' is missing."),
        (changed("dimension", 0, "items", 1, "key"), "dimension loyalty, item 2: 'key' is missing."),
        (
            changed("dimension", 0, "items", 1, "key", to=2),
            "dimension loyalty, item 2: 'key' must be text in quotation marks; it is 2.",
        ),
        (
            changed("dimension", 0, "items", 1, "key", to="l 1"),
            "dimension loyalty, item l 1: the key 'l 1' is already used by dimension loyalty, item L1.",
        ),
        (
            changed("dimension", 0, "items", 1, "reverse", to=True),
            "dimension loyalty, item L2: unknown key 'reverse'. Did you mean 'reversed'?",
        ),
        (
            changed("dimension", 0, "items", 1, "reversed", to="yes"),
            "dimension loyalty, item L2: 'reversed' must be true or false; it is 'yes'.",
        ),
        (changed("single", 0, "measure"), "single item NPS: 'measure' is missing."),
        (changed("single", 0, "measure", to="NPS"), "single item NPS: unknown measure 'NPS'. Did you mean 'nps'?"),
        (
            changed("single", 0, "key", to="L1"),
            "single item L1: the key 'L1' is already used by dimension loyalty, item L1.",
        ),
        (changed("single", to={"key": "NPS"}), "the top level: 'single' must be tables, each written [[single]]; "
                                               "it is {'key': 'NPS'}."),
        (
            changed("higher_order", 0, "dimensions", to=["loyalty", "sped"]),
            "higher-order construct all: there is no dimension 'sped'. Did you mean 'speed'?",
        ),
        (
            changed("higher_order", 0, "dimensions", to="loyalty"),
            "higher-order construct all: 'dimensions' must be a list of keys, such as [\"loyalty\"]; "
            "it is 'loyalty'.",
        ),
        (
            changed("higher_order", 0, "kind", to="second"),
            "higher-order construct all: kind is 'second'; it must be 'reflective' or 'formative'.",
        ),
    ],
)  # fmt: skip
def test_one_problem(described, finding):
    assert refusal(described) == f"mini.toml: 1 problem found.\n  {finding}"


def test_a_reversed_item_needs_both_ends():
    described = changed("dimension", 1, "scale", to="any")
    described["dimension"][1]["items"][0]["reversed"] = True
    assert refusal(described) == (
        "mini.toml: 1 problem found.\n  dimension speed, item S1: a reversed item needs a scale with low and high."
    )


def test_a_dimension_written_as_one_table():
    described = changed("dimension", to={"key": "loyalty"})
    del described["higher_order"]
    assert refusal(described) == (
        "mini.toml: 1 problem found.\n"
        "  the top level: 'dimension' must be tables, each written [[dimension]]; it is {'key': 'loyalty'}."
    )


def test_long_entries_are_cut():
    assert refusal(changed("title", to=["x" * 99])).endswith(f"it is ['{'x' * 55}....")


def test_all_problems_at_once():
    described = changed("dimension", 0, "items", 1, "key", to="L1")
    described["scale"]["high"] = 0
    described["single"][0]["measure"] = "npss"
    del described["title"]
    assert refusal(described) == (
        "mini.toml: 6 problems found.\n"
        "  the top level: 'title' is missing.\n"
        "  [scale]: low (1) must be below high (0).\n"
        "  [scale]: the label 'Never' belongs to 1, off the scale 1-0.\n"
        "  [scale]: the label 'Always' belongs to 5, off the scale 1-0.\n"
        "  dimension loyalty, item L1: the key 'L1' is already used by dimension loyalty, item L1.\n"
        "  single item NPS: unknown measure 'npss'. Did you mean 'nps'?"
    )


class TestWhatItAnswers:
    mini = instrument_from(GOOD, where="mini.toml")

    def test_items_in_order(self):
        assert list(self.mini.items) == ["L1", "L2", "S1", "NPS"]
        assert self.mini.dimension_keys == ["loyalty", "speed"]
        assert self.mini.dimension("speed").item_keys == ["S1"]
        assert self.mini.dimension("speed").scale.labels == {1: "Never", 5: "Always"}
        assert self.mini.items["NPS"].scale.high == 10

    def test_nothing_can_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            self.mini.name = "other"
        with pytest.raises(TypeError):
            self.mini.items["X"] = self.mini.items["L1"]
        with pytest.raises(TypeError):
            self.mini.items["L1"].scale.labels[2] = "x"

    def test_the_description_is_not_changed(self):
        described = copy.deepcopy(GOOD)
        instrument_from(described, where="mini.toml")
        assert described == GOOD

    def test_in_words(self):
        assert str(self.mini) == "Mini: 2 dimensions, 3 items, 1 single item. Licence: CC0."
        pilot = dataclasses.replace(self.mini, status="pilot", singles=())
        assert str(pilot) == "Mini: 2 dimensions, 3 items. Status: pilot. Licence: CC0."

    def test_a_version_may_be_a_number(self):
        assert instrument_from(changed("version", to=1.2), where="mini.toml").version == "1.2"

    @pytest.mark.parametrize(
        ("scale", "words", "points", "bounded"),
        [
            (AnswerScale(low=1, high=7), "1-7", 7, True),
            (AnswerScale(low=0, high=10), "0-10", 11, True),
            (AnswerScale(low=-2, high=2), "-2-2", 5, True),
            (AnswerScale(low=1, high=5, continuous=True), "1-5 (continuous)", None, True),
            (AnswerScale(continuous=True), "any number", None, False),
        ],
    )
    def test_scales(self, scale, words, points, bounded):
        assert (str(scale), scale.points, scale.is_bounded) == (words, points, bounded)


def test_names_and_words_are_folded():
    assert fold_name(" Q 1\n") == fold_name("q1") == "q1"
    assert fold_words("6 - Agree!") == fold_words("6 (AGREE)") == "6agree"
    assert fold_words("++") == "++"


def test_a_mark_at_the_beginning_of_the_file_is_read_over(tmp_path):
    """Windows Notepad writes one."""
    path = tmp_path / "m.toml"
    text = """name = "m"\ntitle = "M"\ncitation = "us"\nlicence = "CC0"\n[scale]\nlow = 1\nhigh = 5
[[dimension]]\nkey = "d"\ntitle = "D"\nitems = [{ key = "i1", text = "One" }, { key = "i2", text = "Two" }]\n"""
    path.write_text(text, encoding="utf-8-sig")
    assert list(read_instrument(path).items) == ["i1", "i2"]
