"""The data that are shipped: as they are at their source, described by their cards, found by name."""

from __future__ import annotations

import csv
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxkit.cli import main
from cxkit.errors import InstrumentError, SurveyError
from cxkit.survey import shipped_instruments as module
from cxkit.survey.datasets import (
    DatasetCard,
    copy_dataset,
    dataset_card,
    dataset_names,
    dataset_path,
    load_survey,
)
from cxkit.survey.shipped_instruments import instrument_names, instrument_path, load_instrument
from cxkit.survey.survey import About

ROOT = Path(__file__).parents[2]
NAMES = ["bfi", "bhr2000", "culture_synthetic", "customersat", "hs1939", "insteval", "lq2002", "univbct"]


def raw(name: str) -> list[dict[str, str]]:
    """The rows as they stand in the file, so that no reader comes between."""
    with dataset_path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_names():
    assert dataset_names() == NAMES
    own = {"culture8", "customer_audit16", "single_items"}
    assert set(instrument_names()) == own | {dataset_card(name).instrument for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
class TestEveryDataset:
    def test_the_file_is_as_it_is_at_its_source(self, name):
        # The sums stand in the card with the R call that gives them: tests/reference/scripts/dataset_sums.R
        card, rows = dataset_card(name), raw(name)
        assert len(rows) == card.n
        assert len(rows[0]) == card.checks["columns"]
        assert card.checks["sums"]
        for column, total in card.checks["sums"].items():
            assert sum(float(row[column]) for row in rows if row[column]) == pytest.approx(total, rel=1e-12)

    def test_it_is_plain_utf8_text_of_moderate_size(self, name):
        content = dataset_path(name).read_bytes()
        assert len(content) < 2_000_000
        assert b"\r" not in content
        assert b'"' not in content
        assert content.decode("utf-8").isascii()

    def test_it_can_be_loaded_with_every_answer_on_its_scale(self, name):
        survey = load_survey(name)
        assert survey.n == dataset_card(name).n
        assert survey.name == name
        assert list(survey.given.columns) == list(survey.instrument.items)
        for key, item in survey.instrument.items.items():
            answers = survey.given[key].dropna()
            if item.scale.is_bounded:
                # Every answer of the scale occurs at both ends: the scale is neither too long nor too short.
                assert (answers.min(), answers.max()) == (item.scale.low, item.scale.high)

    def test_the_roles_of_its_card_are_there(self, name):
        card, survey = dataset_card(name), load_survey(name)
        assert list(survey.respondents.columns) == list(card.respondent)

    def test_the_card_says_what_a_norm_must_know(self, name):
        card = dataset_card(name)
        for told in (card.title, card.origin, card.obtained_from, card.licence, card.population, card.period):
            assert told
        assert card.selection
        assert len(card.quirks) >= 3
        assert load_survey(name).about == About(
            synthetic=card.synthetic,
            population=card.population,
            period=card.period,
            selection=card.selection,
            origin=card.origin,
            licence=card.licence,
        )

    def test_its_licence_is_listed(self, name):
        assert f"`{name}/" in (ROOT / "datasets" / "LICENCES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "culture_synthetic"])
def test_published_data_are_real_and_say_from_which_package(name):
    card = dataset_card(name)
    assert not card.synthetic
    assert re.match(r"R package \w+ [\d.-]+, help page \w+$", card.obtained_from)
    assert "GPL-2.0-or-later" in card.licence


def test_synthetic_data_say_so_wherever_they_show():
    card, survey = dataset_card("culture_synthetic"), load_survey("culture_synthetic")
    assert card.synthetic
    for shown in (card.title, card.origin, card.population, str(card), card._repr_html_(), str(survey)):
        assert "ynthetic" in shown
    assert all(name.startswith("Synthetic ") for name in survey.role("organisation").cat.categories)


class TestWhatTheCardsSay:
    """Figures quoted in the cards' sentences, counted again."""

    def test_bfi(self):
        given = load_survey("bfi").given
        assert len(given.dropna()) == 2436
        frame = pd.read_csv(dataset_path("bfi"))
        assert (frame["education"].isna().sum(), frame["age"].min(), frame["age"].max()) == (223, 3, 86)

    def test_customersat(self):
        assert pd.read_csv(dataset_path("customersat")).duplicated().sum() == 127

    @pytest.mark.parametrize(
        ("name", "organisations", "fewest", "most"),
        [("lq2002", 49, 10, 99), ("bhr2000", 99, 8, 188), ("culture_synthetic", 48, 4, 144)],
    )
    def test_organisations(self, name, organisations, fewest, most):
        sizes = load_survey(name).role("organisation").value_counts()
        assert (len(sizes), sizes.min(), sizes.max()) == (organisations, fewest, most)

    def test_insteval(self):
        frame = pd.read_csv(dataset_path("insteval"))
        assert frame[["s", "d", "dept"]].nunique().tolist() == [2972, 1128, 14]
        assert frame.groupby("d")["dept"].nunique().max() == 1

    def test_hs1939_lacks_one_grade(self):
        assert load_survey("hs1939").role("level").isna().sum() == 1

    def test_univbct(self):
        survey = load_survey("univbct")
        first = survey.subset(wave="0")
        assert (survey.n, first.n) == (1485, 495)
        assert survey.role("level").isna().sum() == 75
        counts = first.role("level").value_counts()
        assert list(first.role("level").cat.categories) == ["Junior enlisted", "Sergeants", "Officers"]
        assert counts.to_dict() == {"Junior enlisted": 252, "Sergeants": 166, "Officers": 52}
        officers = first.respondents[first.role("level") == "Officers"]["organisation"].value_counts()
        assert sorted(officers)[-2:] == [9, 18]
        assert (officers == 0).sum() == 6
        units = first.role("unit").value_counts()
        assert (len(units), (units < 5).sum()) == (43, 14)
        assert first.respondents.groupby("unit", observed=True)["organisation"].nunique().max() == 1


class TestScoresAgreeWithTheSource:
    def test_lq2002(self):
        # R: colMeans(lq2002[, c("LEAD", "TSIG", "HOSTILE")]), the scale scores that the source computed itself
        means = load_survey("lq2002").scores().mean()
        assert means.to_numpy() == pytest.approx([3.000712314116552, 3.133039503758570, 0.947012732615083], abs=1e-9)

    def test_bfi(self):
        # R: sc <- psych::scoreItems(psychTools::bfi.keys, psychTools::bfi, impute = "none", min = 1, max = 6)
        #    colMeans(sc$scores[complete.cases(psychTools::bfi[, 1:25]), ])
        survey = load_survey("bfi")
        complete = survey.given.notna().all(axis=1)
        means = survey.scores()[complete].mean()
        expected = [4.64408866995074, 4.26839080459770, 4.13021346469622, 3.17192118226601, 4.60689655172414]
        assert means.to_numpy() == pytest.approx(expected, abs=1e-12)


class TestCards:
    card = DatasetCard(
        name="small",
        title="Small & <odd>",
        instrument="culture8",
        synthetic=True,
        origin="nowhere",
        obtained_from="nobody",
        licence="CC0",
        population="nobody",
        period="never",
        selection="none",
        quirks=("It is small.", "Its title has <brackets>."),
        n=1234,
        respondent={"id": "ID", "level": {"column": "LEV", "order": ["A", "B"]}},
    )

    def test_as_text(self):
        assert str(self.card) == (
            "Small & <odd>\n"
            "\n"
            "Name           small\n"
            "Answers        synthetic: nobody was asked\n"
            "Instrument     culture8\n"
            "n              1,234 rows\n"
            "Origin         nowhere\n"
            "Obtained from  nobody\n"
            "Licence        CC0\n"
            "Population     nobody\n"
            "Period         never\n"
            "Selection      none\n"
            "Respondents    id = ID, level = LEV\n"
            "\n"
            "What to know before using it:\n"
            "- It is small.\n"
            "- Its title has <brackets>."
        )

    def test_as_html_nothing_is_taken_for_markup(self):
        shown = self.card._repr_html_()
        assert "<caption>Small &amp; &lt;odd&gt;</caption>" in shown
        assert "<li>Its title has &lt;brackets&gt;.</li>" in shown
        assert shown == self.card._repr_html_()


class TestFindingThings:
    def test_a_misspelt_data_set(self):
        with pytest.raises(SurveyError) as refused:
            load_survey("culture_sintetic")
        assert str(refused.value) == (
            "cxkit ships no data set 'culture_sintetic'. Did you mean 'culture_synthetic'? "
            "For a file of your own, give its path with its ending (mine.csv)."
        )

    @pytest.mark.parametrize("find", [dataset_card, dataset_path])
    def test_a_misspelt_card(self, find):
        with pytest.raises(SurveyError, match=r"cxkit ships no data set 'lq2020'\. Did you mean 'lq2002'\?"):
            find("lq2020")

    @pytest.mark.parametrize("find", [instrument_path, load_instrument])
    def test_a_misspelt_instrument(self, find):
        with pytest.raises(InstrumentError, match=r"cxkit ships no instrument 'culture9'\. Did you mean 'culture8'\?"):
            find("culture9")

    @pytest.mark.parametrize("name", ["mine.csv", "folder/mine", Path("mine")])
    def test_a_path_that_does_not_exist(self, name):
        with pytest.raises(SurveyError, match=r"There is no file .*mine"):
            load_survey(name)

    def test_an_instrument_file_that_does_not_exist(self):
        with pytest.raises(InstrumentError, match=r"There is no instrument file mine\.toml"):
            load_instrument("mine.toml")


class TestYourOwnFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return Path(shutil.copy(dataset_path("lq2002"), tmp_path / "mine.csv"))

    @pytest.mark.parametrize("instrument", ["lq2002", instrument_path("lq2002"), load_instrument("lq2002")])
    def test_with_an_instrument_by_name_path_or_as_it_is(self, file, instrument):
        survey = load_survey(file, instrument=instrument, respondent={"unit": "COMPID"})
        shipped = load_survey("lq2002")
        pd.testing.assert_frame_equal(survey.given, shipped.given)
        assert list(survey.respondents.columns) == ["unit"]
        assert survey.about == About()

    def test_read_options_are_passed_on(self, file):
        survey = load_survey(str(file), instrument="lq2002", name="our own", about=About(population="us"))
        assert (survey.name, survey.about.population) == ("our own", "us")

    def test_without_an_instrument(self, file):
        with pytest.raises(
            SurveyError, match=r"mine\.csv holds answers; say to which questions: instrument='culture8'"
        ):
            load_survey(file)


def test_what_a_shipped_data_set_brings_along_can_be_replaced():
    survey = load_survey("lq2002", instrument="lq2002", respondent={"unit": "COMPID"}, name="companies")
    assert list(survey.respondents.columns) == ["unit"]
    assert survey.name == "companies"


def test_the_command_line_lists_them_and_copies_one_out_to_be_read_as_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["datasets"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == NAMES
    assert main(["datasets", "lq2002", "-o", "new/mine.csv"]) == 0
    copied, how = capsys.readouterr().out.splitlines()
    assert copied == "new/mine.csv"
    assert Path(copied).read_bytes() == dataset_path("lq2002").read_bytes()
    assert how == "cxkit check new/mine.csv --instrument lq2002 -r id=SUB -r organisation=COMPID"
    assert main(how.split()[1:]) == 0
    assert main(["datasets", "lq2002"]) == 0
    assert Path("lq2002.csv").is_file()
    assert main(["datasets", "lq2002"]) == 1
    assert main(["datasets", "lq2020"]) == 1
    assert capsys.readouterr().err == (
        "cxkit: lq2002.csv exists already; name another file with -o.\n"
        "cxkit: cxkit ships no data set 'lq2020'. Did you mean 'lq2002'?\n"
    )
    assert copy_dataset("hs1939", "folder") == Path("folder/hs1939.csv")


def test_data_that_are_not_installed(monkeypatch, tmp_path):
    module.kit_folder.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(module, "datasets_folder", lambda: tmp_path / "a")
        with pytest.raises(SurveyError, match=r"The data of cxkit are not installed: .* Reinstall cxkit\."):
            dataset_names()
    module.kit_folder.cache_clear()
    assert dataset_names() == NAMES


def test_the_page_about_the_data_is_up_to_date():
    # If this fails: python tools/write_dataset_pages.py
    page = runpy.run_path(str(ROOT / "tools" / "write_dataset_pages.py"))["page"]()
    assert (ROOT / "datasets" / "README.md").read_text(encoding="utf-8") == page


def test_nothing_but_numbers_is_summed():
    assert np.isfinite([t for name in NAMES for t in dataset_card(name).checks["sums"].values()]).all()
